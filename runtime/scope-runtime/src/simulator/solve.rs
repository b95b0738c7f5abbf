//! What must a resource look like for a condition of its driver to hold?
//!
//! A real site works until a server is ACTIVE; a simulated one asks the condition itself:
//! `status == "shelved" and pages > 0` over `{ "status": "ordered", "pages": 0 }` → `{ "status": "shelved", "pages": 1 }`.
//! Only what the site gives may change. The condition is taken apart ([`Solver::aim`]); where that does not lead to a
//! resource for which it holds, the words and numbers that stand in it are tried out.

use scope_plan::driver::{ResourceType, Type};
use scope_plan::eval::eval;
use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator, UnaryOp};
use serde_json::{Map, Value, json};

use super::evaluate::Names;
use super::types::inner;

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
        let mut solver =
            Solver { attributes: attributes.clone(), given, resource_type, may_change, places: Vec::new() };
        if solver.aim(condition, true) && holds(&solver.attributes) {
            return Some(solver.attributes);
        }
        let solver =
            Solver { attributes: attributes.clone(), given, resource_type, may_change, places: Vec::new() };
        if let Some(found) = solver.tried_out(condition) {
            return Some(found);
        }
    }
    None
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
            Type::Int | Type::Float => vec![json!(0), json!(-1)],
            Type::List(_) => vec![json!([])],
            Type::Map(_) | Type::Record(_) => vec![json!({})],
            Type::Any | Type::Bytes | Type::Reference(_) | Type::Optional(_) => Vec::new(),
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

fn is_given_by_site(attribute: &scope_plan::driver::Attribute) -> bool {
    attribute.is_computed && !attribute.is_settable
}

fn is_no_identity(attribute: &scope_plan::driver::Attribute) -> bool {
    attribute.is_computed || !attribute.is_immutable
}

/// Where a value stands in a resource: `["status", "conditions", 0, "type"]`.
type Place = Vec<Segment>;

#[derive(Clone, Debug, PartialEq)]
enum Segment {
    Field(String),
    Index(usize),
}

struct Solver<'a> {
    attributes: Map<String, Value>,
    given: &'a Map<String, Value>,
    resource_type: &'a ResourceType,
    may_change: fn(&scope_plan::driver::Attribute) -> bool,
    /// The names of comprehensions in force, and the places they stand for.
    places: Vec<(String, Place)>,
}

impl Solver<'_> {
    /// Changes the resource so that the expression is `wanted`. `false`: it could not.
    fn aim(&mut self, expr: &Expr, wanted: bool) -> bool {
        match expr {
            Expr::Value(value) => *value == Value::Bool(wanted),
            Expr::Unary(UnaryOp::Not, operand) => self.aim(operand, !wanted),
            Expr::Binary(op, left, right) => self.aim_binary(*op, left, right, wanted),
            Expr::If(condition, then, otherwise) => self.either(
                |solver| solver.aim(condition, true) && solver.aim(then, wanted),
                |solver| solver.aim(condition, false) && solver.aim(otherwise, wanted),
            ),
            Expr::Call(Builtin::Has, arguments) => match arguments.as_slice() {
                [record, Expr::Value(Value::String(key))] if wanted => {
                    self.set(&Expr::Field(Box::new(record.clone()), key.clone()), json!(true))
                }
                _ => false,
            },
            other => self.value(other) == Some(Value::Bool(wanted)) || self.set(other, Value::Bool(wanted)),
        }
    }

    fn aim_binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, wanted: bool) -> bool {
        match (op, wanted) {
            (BinaryOp::And, true) | (BinaryOp::Or, false) => {
                self.aim(left, wanted) && self.aim(right, wanted)
            }
            (BinaryOp::And, false) | (BinaryOp::Or, true) => {
                self.either(|solver| solver.aim(left, wanted), |solver| solver.aim(right, wanted))
            }
            (BinaryOp::Default, wanted) => self.aim(left, wanted),
            (BinaryOp::Equal, true) | (BinaryOp::NotEqual, false) => self.make_equal(left, right),
            (BinaryOp::Equal, false) | (BinaryOp::NotEqual, true) => self.make_different(left, right),
            (BinaryOp::Greater, true) | (BinaryOp::LessEqual, false) => self.make_greater(left, right, 1),
            (BinaryOp::GreaterEqual, true) | (BinaryOp::Less, false) => self.make_greater(left, right, 0),
            (BinaryOp::Less, true) | (BinaryOp::GreaterEqual, false) => self.make_greater(right, left, 1),
            (BinaryOp::LessEqual, true) | (BinaryOp::Greater, false) => self.make_greater(right, left, 0),
            (BinaryOp::In, wanted) => self.make_member(left, right, wanted),
            (BinaryOp::Matching, true) => self.make_matching(left, right),
            _ => false,
        }
    }

    fn make_equal(&mut self, left: &Expr, right: &Expr) -> bool {
        let (left_value, right_value) = (self.value(left), self.value(right));
        if left_value.is_some() && left_value == right_value {
            return true;
        }
        self.either(
            |solver| right_value.clone().is_some_and(|value| solver.set(left, value)),
            |solver| left_value.clone().is_some_and(|value| solver.set(right, value)),
        )
    }

    fn make_different(&mut self, left: &Expr, right: &Expr) -> bool {
        let (left_value, right_value) = (self.value(left), self.value(right));
        if left_value.is_some() && right_value.is_some() && left_value != right_value {
            return true;
        }
        self.either(
            |solver| solver.set_to_other(left, &right_value.clone().into_iter().collect::<Vec<_>>()),
            |solver| solver.set_to_other(right, &left_value.clone().into_iter().collect::<Vec<_>>()),
        )
    }

    /// `left >= right + by`
    fn make_greater(&mut self, left: &Expr, right: &Expr, by: i64) -> bool {
        let (left_value, right_value) = (self.value(left), self.value(right));
        let number = |value: &Option<Value>| match value {
            Some(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        let (left_number, right_number) = (number(&left_value), number(&right_value));
        if let (Some(left), Some(right)) = (left_number, right_number)
            && left >= right + by as f64
        {
            return true;
        }
        self.either(
            |solver| right_number.is_some_and(|right| solver.set(left, whole(right + by as f64))),
            |solver| left_number.is_some_and(|left| solver.set(right, whole(left - by as f64))),
        )
    }

    fn make_member(&mut self, element: &Expr, whole: &Expr, wanted: bool) -> bool {
        let options: Vec<Value> = match self.value(whole) {
            Some(Value::Array(items)) => items,
            Some(Value::Object(fields)) => fields.keys().map(|key| json!(key)).collect(),
            Some(text @ Value::String(_)) => vec![text],
            _ => Vec::new(),
        };
        if !wanted {
            return self.set_to_other(element, &options);
        }
        if let Some(value) = self.value(element)
            && options.contains(&value)
        {
            return true;
        }
        if options.iter().any(|option| self.either(|solver| solver.set(element, option.clone()), |_| false)) {
            return true;
        }
        let (Some(value), Some(place)) = (self.value(element), self.place(whole)) else { return false };
        match self.at(&place) {
            None | Some(Value::Null | Value::Array(_)) => {
                let position = self.length_at(&place);
                self.write(&[place, vec![Segment::Index(position)]].concat(), value)
            }
            Some(Value::Object(_)) => value.as_str().is_some_and(|key| {
                self.write(&[place, vec![Segment::Field(key.into())]].concat(), json!(true))
            }),
            _ => self.write(&place, value),
        }
    }

    fn make_matching(&mut self, text: &Expr, pattern: &Expr) -> bool {
        let matching = Expr::Binary(BinaryOp::Matching, Box::new(text.clone()), Box::new(pattern.clone()));
        if self.value(&matching) == Some(Value::Bool(true)) {
            return true;
        }
        let Some(Value::String(pattern)) = self.value(pattern) else { return false };
        let literals =
            pattern.split('|').map(|part| part.trim_matches(|char| "^$()".contains(char)).replace('\\', ""));
        let words = self.place(text).map(|place| self.words_at(&place)).unwrap_or_default();
        words.into_iter().chain(literals.map(Value::String)).any(|candidate| {
            let saved = self.attributes.clone();
            let is_done = self.set(text, candidate) && self.value(&matching) == Some(Value::Bool(true));
            if !is_done {
                self.attributes = saved;
            }
            is_done
        })
    }

    /// Makes the expression give the value.
    fn set(&mut self, expr: &Expr, value: Value) -> bool {
        if let Some(place) = self.place(expr) {
            return self.write(&place, value);
        }
        match expr {
            Expr::Binary(BinaryOp::Default, left, _) => self.set(left, value),
            Expr::If(condition, then, otherwise) => self.either(
                |solver| solver.aim(condition, true) && solver.set(then, value.clone()),
                |solver| solver.aim(condition, false) && solver.set(otherwise, value.clone()),
            ),
            Expr::Call(Builtin::First, arguments) => match arguments.as_slice() {
                [list] => self.with_element(list, &mut |solver, element| solver.set(element, value.clone())),
                _ => false,
            },
            Expr::Field(base, field) => match &**base {
                Expr::Call(Builtin::First, arguments) if arguments.len() == 1 => {
                    self.with_element(&arguments[0], &mut |solver, element| {
                        solver.set(&Expr::Field(Box::new(element.clone()), field.clone()), value.clone())
                    })
                }
                _ => false,
            },
            Expr::Call(Builtin::Length, arguments) => match (arguments.as_slice(), value.as_u64()) {
                ([list], Some(wanted)) if wanted <= 64 => {
                    let length =
                        |solver: &Self| solver.value(expr).and_then(|value| value.as_u64()).unwrap_or(0);
                    while length(self) < wanted {
                        let before = length(self);
                        if !self.with_element(list, &mut |_, _| true) || length(self) <= before {
                            return false;
                        }
                    }
                    length(self) == wanted
                }
                _ => false,
            },
            Expr::Call(
                Builtin::Lower | Builtin::Upper | Builtin::Trim | Builtin::Text | Builtin::Int,
                arguments,
            ) => {
                let [operand] = arguments.as_slice() else { return false };
                let words = self.place(operand).map(|place| self.words_at(&place)).unwrap_or_default();
                let candidates = words.into_iter().chain([value.clone()]);
                candidates.into_iter().any(|candidate| {
                    let saved = self.attributes.clone();
                    let is_done = self.set(operand, candidate) && self.value(expr).as_ref() == Some(&value);
                    if !is_done {
                        self.attributes = saved;
                    }
                    is_done
                })
            }
            _ => false,
        }
    }

    /// Adds an element to a list (of a comprehension: one that its condition lets through), and hands over the
    /// expression that stands for it.
    fn with_element(&mut self, list: &Expr, then: &mut dyn FnMut(&mut Self, &Expr) -> bool) -> bool {
        let (source, generator): (&Expr, Option<(&Generator, &Expr)>) = match list {
            Expr::ListFor(generator, value) => (&generator.source, Some((generator, value))),
            other => (other, None),
        };
        let Some(mut place) = self.place(source) else { return false };
        let saved = self.attributes.clone();
        let position = self.length_at(&place);
        place.push(Segment::Index(position));
        if !self.write(&place, json!({})) {
            return false;
        }
        let is_done = match generator {
            None => {
                // A name that no program can write stands for the element.
                self.places.push(("[]".into(), place));
                let is_done = then(self, &Expr::Name("[]".into()));
                self.places.pop();
                is_done
            }
            Some((generator, value)) => {
                let name = generator.second.as_ref().unwrap_or(&generator.name);
                self.places.push((name.clone(), place));
                let is_let_through =
                    generator.condition.as_ref().is_none_or(|condition| self.aim(condition, true));
                let is_done = is_let_through && then(self, value);
                self.places.pop();
                is_done
            }
        };
        if !is_done {
            self.attributes = saved;
        }
        is_done
    }

    /// Gives the expression a value that is none of these.
    fn set_to_other(&mut self, expr: &Expr, taken: &[Value]) -> bool {
        if let Some(value) = self.value(expr)
            && !taken.contains(&value)
        {
            return true;
        }
        let words = self.place(expr).map(|place| self.words_at(&place)).unwrap_or_default();
        let number = taken.iter().filter_map(Value::as_i64).max().map(|greatest| json!(greatest + 1));
        let text = taken.iter().any(|value| value.is_null() || value.is_string()).then(|| json!("simulated"));
        let truth = taken.iter().find_map(Value::as_bool).map(|truth| json!(!truth));
        let candidates: Vec<Value> = if words.is_empty() {
            [truth, number, text, Some(Value::Null)].into_iter().flatten().collect()
        } else {
            words
        };
        candidates
            .into_iter()
            .filter(|candidate| !taken.contains(candidate))
            .any(|candidate| self.either(|solver| solver.set(expr, candidate.clone()), |_| false))
    }

    /// The first way; if it fails, everything as before and the second way.
    fn either(
        &mut self,
        first: impl FnOnce(&mut Self) -> bool,
        second: impl FnOnce(&mut Self) -> bool,
    ) -> bool {
        let saved = self.attributes.clone();
        if first(self) {
            return true;
        }
        self.attributes.clone_from(&saved);
        if second(self) {
            return true;
        }
        self.attributes = saved;
        false
    }

    fn place(&self, expr: &Expr) -> Option<Place> {
        match expr {
            Expr::Name(name) => {
                if let Some((_, place)) = self.places.iter().rev().find(|(bound, _)| bound == name) {
                    return Some(place.clone());
                }
                if name == "body" {
                    return Some(Vec::new());
                }
                (!self.given.contains_key(name)).then(|| vec![Segment::Field(name.clone())])
            }
            Expr::Field(base, field) => {
                let mut place = self.place(base)?;
                place.push(Segment::Field(field.clone()));
                Some(place)
            }
            Expr::Index(base, index) => {
                let mut place = self.place(base)?;
                place.push(match self.value(index)? {
                    Value::String(key) => Segment::Field(key),
                    Value::Number(number) => Segment::Index(
                        number
                            .as_u64()
                            .and_then(|index| usize::try_from(index).ok())
                            .filter(|index| *index < 64)?,
                    ),
                    _ => return None,
                });
                Some(place)
            }
            Expr::Binary(BinaryOp::Default, left, _) => self.place(left),
            _ => None,
        }
    }

    fn write(&mut self, place: &[Segment], value: Value) -> bool {
        let Some((Segment::Field(root), path)) = place.split_first() else { return false };
        let Some(attribute) = self.resource_type.attributes.iter().find(|attribute| attribute.name == *root)
        else {
            return false;
        };
        let names_it =
            *root == self.resource_type.identity || Some(root) == self.resource_type.name_attribute.as_ref();
        if names_it || !(self.may_change)(attribute) {
            return false;
        }
        let words = self.words_at(place);
        if !words.is_empty() && !words.contains(&value) {
            return false;
        }
        let mut slot = self.attributes.entry(root.clone()).or_insert(Value::Null);
        for segment in path {
            slot = match segment {
                Segment::Field(field) => {
                    if !slot.is_object() {
                        *slot = json!({});
                    }
                    let Value::Object(fields) = slot else { return false };
                    fields.entry(field.clone()).or_insert(Value::Null)
                }
                Segment::Index(index) => {
                    if !slot.is_array() {
                        *slot = json!([]);
                    }
                    let Value::Array(items) = slot else { return false };
                    while items.len() <= *index {
                        items.push(json!({}));
                    }
                    &mut items[*index]
                }
            };
        }
        *slot = value;
        true
    }

    fn at(&self, place: &[Segment]) -> Option<&Value> {
        let (Segment::Field(root), path) = place.split_first()? else { return None };
        path.iter().try_fold(self.attributes.get(root)?, |value, segment| match segment {
            Segment::Field(field) => value.get(field),
            Segment::Index(index) => value.get(index),
        })
    }

    fn length_at(&self, place: &[Segment]) -> usize {
        self.at(place).and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// The words of the enum that stands there, if it is one.
    fn words_at(&self, place: &[Segment]) -> Vec<Value> {
        let Some((Segment::Field(root), path)) = place.split_first() else { return Vec::new() };
        let attribute = self.resource_type.attributes.iter().find(|attribute| attribute.name == *root);
        let ty = attribute.and_then(|attribute| {
            path.iter().try_fold(&attribute.ty, |ty, segment| match (inner(ty), segment) {
                (Type::List(element), Segment::Index(_)) | (Type::Map(element), Segment::Field(_)) => {
                    Some(&**element)
                }
                (Type::Record(fields), Segment::Field(field)) => {
                    fields.iter().find(|(name, _)| name == field).map(|(_, ty)| ty)
                }
                _ => None,
            })
        });
        match ty.map(inner) {
            Some(Type::Enum(words)) => words.iter().cloned().map(Value::String).collect(),
            _ => Vec::new(),
        }
    }

    fn value(&self, expr: &Expr) -> Option<Value> {
        let mut given = self.given.clone();
        for (name, place) in &self.places {
            given.insert(name.clone(), self.at(place).cloned().unwrap_or(Value::Null));
        }
        eval(expr, &Names { given: &given, attributes: &self.attributes }).ok()
    }

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
        let combinations = options.iter().map(|(_, values)| values.len()).product::<usize>();
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

/// `3.0` → `3`, `3.5` → `3.5`.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}
