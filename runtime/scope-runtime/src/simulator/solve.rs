//! What must a resource look like for a condition of its driver to hold?
//!
//! A real site works until a server is ACTIVE; a simulated one asks the condition itself:
//! `status == "shelved" and pages > 0` over `{ "status": "ordered", "pages": 0 }` → `{ "status": "shelved", "pages": 1 }`.
//! Only what the site gives may change. The condition is taken apart ([`Solver::aim`]); where that does not lead to a
//! resource for which it holds, the words and numbers that stand in it are tried out.

mod aim;
mod place;

use scope_plan::driver::{Attribute, ResourceType, Type};
use scope_plan::expr::Expr;
use serde_json::{Map, Value, json};

use super::evaluate::Names;
use super::types::inner;
use place::{Place, Solver};

/// At most so many combinations are tried out.
const MAXIMUM_TRIES: usize = 4096;

/// The resource, changed so that the condition holds; `None` if no way was found.
pub(super) fn reached(
    condition: &Expr,
    attributes: &Map<String, Value>,
    given: &Map<String, Value>,
    resource_type: &ResourceType,
) -> Option<Map<String, Value>> {
    let holds = |attributes: &Map<String, Value>| Names { given, attributes }.holds(condition);
    if holds(attributes) {
        return Some(attributes.clone());
    }
    // First only what the site alone gives; then also what the program may set but did not have to.
    for may_change in [is_given_by_site, is_no_identity] {
        let solver = || Solver {
            attributes: attributes.clone(),
            given,
            resource_type,
            is_answer: false,
            may_change,
            places: Vec::new(),
        };
        let mut aiming = solver();
        if aiming.aim(condition, true) && holds(&aiming.attributes) {
            return Some(aiming.attributes);
        }
        if let Some(found) = solver().tried_out(condition) {
            return Some(found);
        }
    }
    None
}

/// The answer, changed so that reading it gives the value (or a part of it, for a reference); `None` if no way was
/// found. The caller checks what is read.
pub(super) fn readable(
    read: &Expr,
    value: &Value,
    answer: &Map<String, Value>,
    resource_type: &ResourceType,
) -> Option<Map<String, Value>> {
    let given = Map::new();
    let mut solver = Solver {
        attributes: answer.clone(),
        given: &given,
        resource_type,
        is_answer: true,
        may_change: |_| true,
        places: Vec::new(),
    };
    solver.set(read, value.clone()).then_some(solver.attributes)
}

/// The resource as it is before the condition holds, for which `broken` does not hold either: its enums at their first
/// other word, the rest `null` or nothing.
pub(super) fn before(
    condition: &Expr,
    broken: Option<&Expr>,
    attributes: &Map<String, Value>,
    given: &Map<String, Value>,
    resource_type: &ResourceType,
) -> Map<String, Value> {
    let Some(after) = reached(condition, attributes, given, resource_type) else { return attributes.clone() };
    let is_before = |attributes: &Map<String, Value>| {
        let names = Names { given, attributes };
        !names.holds(condition) && !broken.is_some_and(|broken| names.holds(broken))
    };
    if is_before(attributes) {
        return attributes.clone();
    }
    for attribute in &resource_type.attributes {
        let is_asked = condition.names_used().contains(attribute.name.as_str());
        if !is_asked || !is_no_identity(attribute) {
            continue;
        }
        let target = after.get(&attribute.name);
        let mut candidates: Vec<Value> = match inner(&attribute.ty) {
            Type::Enum(words) => words.iter().cloned().map(Value::String).collect(),
            Type::String => vec![json!("pending")],
            Type::Bool => vec![json!(false), json!(true)],
            Type::Int | Type::Float | Type::Quantity | Type::NumberOrText => vec![json!(0), json!(-1)],
            Type::List(_) | Type::Sequence(_) | Type::Keyed { .. } => vec![json!([])],
            Type::Map(_) | Type::Record(_) => vec![json!({})],
            Type::Any | Type::Named(_) | Type::Bytes | Type::Reference(_) | Type::Optional(_) => Vec::new(),
        };
        if matches!(attribute.ty, Type::Optional(_) | Type::Any) {
            candidates.push(Value::Null);
        }
        for candidate in candidates.into_iter().filter(|candidate| Some(candidate) != target) {
            let mut changed = attributes.clone();
            changed.insert(attribute.name.clone(), candidate);
            if is_before(&changed) {
                return changed;
            }
        }
    }
    attributes.clone()
}

fn is_given_by_site(attribute: &Attribute) -> bool {
    attribute.is_computed && !attribute.is_settable
}

fn is_no_identity(attribute: &Attribute) -> bool {
    attribute.is_computed || !attribute.is_immutable
}

impl Solver<'_> {
    /// Tries out, for the attributes in the condition, their enum's words and the constants that stand in it.
    fn tried_out(mut self, condition: &Expr) -> Option<Map<String, Value>> {
        let mut constants = vec![json!(true), json!(false), json!(1), json!(0)];
        let mut places: Vec<Place> = Vec::new();
        condition.visit(&mut |part| match part {
            Expr::Value(value) if !constants.contains(value) => constants.push(value.clone()),
            Expr::Name(_) | Expr::Field(..) => {
                if let Some(place) = self.place(part).filter(|place| !place.is_empty()) {
                    // `visit` comes from the outside in, so the longest path of each is met first.
                    if !places.iter().any(|known| known.starts_with(&place)) {
                        places.push(place);
                    }
                }
            }
            _ => {}
        });
        let options: Vec<(Place, Vec<Value>)> = places
            .into_iter()
            .map(|place| {
                let words = self.words_at(&place);
                (place, if words.is_empty() { constants.clone() } else { words })
            })
            .collect();
        let original = self.attributes.clone();
        let combinations =
            options.iter().map(|(_, values)| values.len()).fold(1_usize, usize::saturating_mul);
        for number in 0..combinations.min(MAXIMUM_TRIES) {
            self.attributes.clone_from(&original);
            let mut rest = number;
            let is_written = options.iter().all(|(place, values)| {
                let value = values[rest % values.len()].clone();
                rest /= values.len();
                self.at(place) == Some(&value) || self.write(place, value)
            });
            if is_written && (Names { given: self.given, attributes: &self.attributes }).holds(condition) {
                return Some(self.attributes);
            }
        }
        None
    }
}
