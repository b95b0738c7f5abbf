//! `oneOf` and `anyOf`.
//!
//! Comes in: the layers of a schema that has them. Goes out: `int | string`, `t?` where one of them is `null`, or nothing
//! where its members say no type: `oneOf: [{ required: [a] }, { required: [b] }]` bounds what may be set together, which
//! no type says.

use std::collections::HashSet;

use scope_analysis::hir::{Slot, Value};

use crate::convert::{Importer, is_nullable};
use crate::layers::{Layer, Layers};
use crate::types::Ty;

/// More alternatives are `any`.
const MOST_BRANCHES: usize = 40;

/// Keywords that tell the type of a schema that does not name it.
const TELLING: [&str; 6] =
    ["properties", "additionalProperties", "patternProperties", "pattern", "minLength", "maxLength"];

/// Keywords beside alternatives that narrow each of them.
const NARROWING: [&str; 8] = [
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "items",
];

impl<'d> Importer<'d> {
    /// What the alternatives of these layers come to, if they say a type.
    pub fn alternatives(&mut self, layers: &Layers<'d>, depth: usize) -> Option<Ty> {
        let keyword = ["oneOf", "anyOf"].into_iter().find(|keyword| layers.has(keyword))?;
        let slot = layers.get(keyword)?;
        let Value::List(members) = &slot.value else {
            self.wrong(slot.span, format!("`{keyword}` holds a list of schemas"));
            return None;
        };
        let document = self.document_of(layers, keyword);
        let has_fields = layers.has("properties");
        let is_on_top = has_fields || NARROWING.iter().any(|keyword| layers.has(keyword));
        // A member that only says which fields are set says no type.
        let says_type = |member: &&Slot| match &member.value {
            Value::Record(schema) => {
                let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
                has(&["type", "$ref", "enum", "const", "items", "allOf", "oneOf", "anyOf"])
                    || !has_fields && has(&TELLING)
            }
            _ => false,
        };
        let typed: Vec<&Slot> = members.iter().filter(says_type).collect();
        // Beside one that may be of any type, what the others say bounds nothing.
        if typed.is_empty() || typed.len() != members.len() {
            // One that says nothing, or nothing but what may be said of any value, bounds nothing.
            if !members.iter().any(says_nothing) {
                self.unsaid.add(keyword, slot.span);
            }
            return None;
        }
        if typed.len() > MOST_BRANCHES {
            self.unsaid.add(keyword, slot.span);
            return Some(Ty::Any);
        }
        // One that is only `null` says that there may be nothing.
        let n_all = typed.len();
        let typed: Vec<&Slot> = typed.into_iter().filter(|member| !is_null(member)).collect();
        let has_null = typed.len() < n_all;
        let mut branches = Vec::new();
        for member in typed {
            if is_on_top {
                branches.extend(self.on_top(member, layers, document, depth));
            } else {
                branches.push(self.ty(member, document, depth + 1));
            }
        }
        let ty = one_of(branches);
        Some(if has_null { ty.optional() } else { ty })
    }

    /// An alternative together with the fields, and the bounds, that all of them have; nothing where no value is of both.
    fn on_top(&mut self, member: &'d Slot, layers: &Layers<'d>, document: usize, depth: usize) -> Option<Ty> {
        let Value::Record(schema) = &member.value else { return Some(Ty::Any) };
        let mut all = self.layers(Layer { schema, span: member.span, document });
        self.add_referred(schema, document, &mut Vec::new(), &mut all);
        let is_nested = all.has("oneOf") || all.has("anyOf");
        if is_nested {
            self.unsaid.add(if all.has("oneOf") { "oneOf" } else { "anyOf" }, all.span());
            return Some(self.of_words(layers, depth));
        }
        self.unsaid.note(&all);
        let is_nullable = all.0.iter().any(|layer| is_nullable(layer.schema));
        all.0.extend(layers.0.iter().copied());
        if self.values(&all).is_some_and(|values| values.is_empty()) {
            return None;
        }
        let ty = match self.listed(&all) {
            Some(listed) => listed,
            None if layers.has("properties") => self.object(&all, depth),
            None => self.of_words(&all, depth),
        };
        Some(if is_nullable { ty.optional() } else { ty })
    }
}

/// A schema that any value has: `{}`, `{ description: … }`.
fn says_nothing(member: &Slot) -> bool {
    match &member.value {
        Value::Record(schema) => {
            let describes =
                ["description", "title", "default", "example", "examples", "nullable", "deprecated"];
            schema.keys().all(|key| describes.contains(&key.as_str()))
        }
        Value::Bool(truth) => *truth,
        _ => false,
    }
}

/// `{ type: "null" }`
fn is_null(member: &Slot) -> bool {
    match &member.value {
        Value::Record(schema) => schema.get("type").and_then(crate::layers::text) == Some("null"),
        _ => false,
    }
}

/// One of several types, as simply as it can be said.
pub(crate) fn one_of(branches: Vec<Ty>) -> Ty {
    let mut is_optional = false;
    let mut flat: Vec<Ty> = Vec::new();
    let mut waiting: Vec<Ty> = branches.into_iter().rev().collect();
    while let Some(branch) = waiting.pop() {
        match branch {
            Ty::Optional(inner) => {
                is_optional = true;
                waiting.push(*inner);
            }
            Ty::OneOf(inner) => waiting.extend(inner.into_iter().rev()),
            Ty::Any => return Ty::Any,
            other if flat.contains(&other) => {}
            other => flat.push(other),
        }
    }
    let flat = texts_together(flat);
    let ty = match flat.len() {
        0 => Ty::Any,
        1 => flat.into_iter().next().unwrap_or(Ty::Any),
        n_branches if n_branches > MOST_BRANCHES => Ty::Any,
        _ => Ty::OneOf(flat),
    };
    if is_optional { ty.optional() } else { ty }
}

/// Enumerations become one; beside a plain text they, and patterns, say nothing; so do bounds beside numbers without.
fn texts_together(branches: Vec<Ty>) -> Vec<Ty> {
    let has_text = branches.contains(&Ty::Plain("string"));
    let (has_float, has_int) = (branches.contains(&Ty::Float(None)), branches.contains(&Ty::Int(None)));
    let is_covered = |branch: &Ty| match branch {
        Ty::Plain("ip" | "cidr") | Ty::Matching(_) | Ty::Enum(_) => has_text,
        Ty::Int(bounds) => has_float || (has_int && bounds.is_some()),
        Ty::Float(bounds) => has_float && bounds.is_some(),
        _ => false,
    };
    let mut out: Vec<Ty> = Vec::with_capacity(branches.len());
    let mut enum_at = None;
    let mut seen: HashSet<String> = HashSet::new();
    for branch in branches.into_iter().filter(|branch| !is_covered(branch)) {
        let Ty::Enum(mut values) = branch else {
            out.push(branch);
            continue;
        };
        values.retain(|value| seen.insert(value.clone()));
        match enum_at.and_then(|index: usize| out.get_mut(index)) {
            Some(Ty::Enum(known)) => known.extend(values),
            _ => {
                enum_at = Some(out.len());
                out.push(Ty::Enum(values));
            }
        }
    }
    out
}
