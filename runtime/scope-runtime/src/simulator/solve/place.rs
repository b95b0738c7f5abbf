//! A resource being changed: which part of it an expression stands for, and what may be written there.
//!
//! `status.conditions[0].type` → the place `status`, `conditions`, 0, `type`; an enum takes only its words.

use scope_plan::driver::{Attribute, ResourceType, Type};
use scope_plan::eval::eval;
use scope_plan::expr::{BinaryOp, Expr};
use serde_json::{Map, Value, json};

use crate::simulator::evaluate::Names;
use crate::simulator::types::inner;

/// Where a value stands in a resource: `["status", "conditions", 0, "type"]`.
pub(super) type Place = Vec<Segment>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Segment {
    Field(String),
    Index(usize),
}

pub(super) struct Solver<'a> {
    pub(super) attributes: Map<String, Value>,
    pub(super) given: &'a Map<String, Value>,
    pub(super) resource_type: &'a ResourceType,
    /// It is an answer that is changed, not a resource: anything may be written.
    pub(super) is_answer: bool,
    pub(super) may_change: fn(&Attribute) -> bool,
    /// The names of comprehensions in force, and the places they stand for.
    pub(super) places: Vec<(String, Place)>,
}

impl Solver<'_> {
    pub(super) fn place(&self, expr: &Expr) -> Option<Place> {
        match expr {
            Expr::Name(name) => {
                if let Some((_, place)) = self.places.iter().rev().find(|(bound, _)| bound == name) {
                    return Some(place.clone());
                }
                if name == "body" {
                    return Some(Vec::new());
                }
                (!self.is_answer && !self.given.contains_key(name))
                    .then(|| vec![Segment::Field(name.clone())])
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
            Expr::If(condition, then, otherwise) => match self.value(condition)? {
                Value::Bool(true) => self.place(then),
                Value::Bool(false) => self.place(otherwise),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn write(&mut self, place: &[Segment], value: Value) -> bool {
        let Some((Segment::Field(root), path)) = place.split_first() else { return false };
        if !self.is_answer && !self.may_write(root, place, &value) {
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

    fn may_write(&self, root: &str, place: &[Segment], value: &Value) -> bool {
        let Some(attribute) = self.resource_type.attributes.iter().find(|attribute| attribute.name == root)
        else {
            return false;
        };
        let names_it =
            root == self.resource_type.identity || Some(root) == self.resource_type.name_attribute.as_deref();
        if names_it || *inner(&attribute.ty) == Type::Bytes || !(self.may_change)(attribute) {
            return false;
        }
        let words = self.words_at(place);
        words.is_empty() || words.contains(value)
    }

    pub(super) fn at(&self, place: &[Segment]) -> Option<&Value> {
        let (Segment::Field(root), path) = place.split_first()? else { return None };
        path.iter().try_fold(self.attributes.get(root)?, |value, segment| match segment {
            Segment::Field(field) => value.get(field),
            Segment::Index(index) => value.get(index),
        })
    }

    pub(super) fn length_at(&self, place: &[Segment]) -> usize {
        self.at(place).and_then(Value::as_array).map_or(0, Vec::len)
    }

    /// The words of the enum that stands there, if it is one.
    pub(super) fn words_at(&self, place: &[Segment]) -> Vec<Value> {
        if self.is_answer {
            return Vec::new();
        }
        let Some((Segment::Field(root), path)) = place.split_first() else { return Vec::new() };
        let attribute = self.resource_type.attributes.iter().find(|attribute| attribute.name == *root);
        let ty = attribute.and_then(|attribute| {
            path.iter().try_fold(&attribute.ty, |ty, segment| match (inner(ty), segment) {
                (Type::List(element) | Type::Keyed { item: element, .. }, Segment::Index(_))
                | (Type::Map(element), Segment::Field(_)) => Some(&**element),
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

    pub(super) fn value(&self, expr: &Expr) -> Option<Value> {
        let mut given = self.given.clone();
        for (name, place) in &self.places {
            given.insert(name.clone(), self.at(place).cloned().unwrap_or(Value::Null));
        }
        eval(expr, &Names { given: &given, attributes: &self.attributes }).ok()
    }
}
