//! What the program sets against what the site has: the differences that an update would mend.
//!
//! Of an attribute with a canonical form that is compared: `AA:BB` is `aa:bb` with `canonical(lower(mac))`.
//! What the program does not set is left; what the site does not tell is unknown (`unseen` has what the program set).
//! `{name: "a", tags: ["x", "y"]}` against `{name: "b", tags: ["y", "x"], size: 3}` → `name`: "b" → "a".

use scope_plan::amount;
use scope_plan::driver::{Attribute, Relation, Type};
use scope_plan::eval::value::equal;
use scope_plan::plan::{Action, Step};
use serde_json::{Map, Value};

use super::inputs::inner;
use super::record::{Record, identity_text, mentions};
use super::subject::Subject;
use super::survey::is_foreknown;
use crate::events::Part;

/// An attribute that is not as the program says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// Its name.
    pub(super) attribute: String,
    /// As the site has it.
    pub(super) found: Value,
    /// What it is there nobody knows.
    pub(super) is_untold: bool,
    /// As the program says.
    pub(super) wanted: Value,
    /// Where in it, if it has parts.
    pub(super) parts: Vec<Part>,
    /// Can only be had by making the resource anew.
    pub(super) is_immutable: bool,
}

impl Subject<'_> {
    /// The differences, in the driver's order.
    pub(super) fn differences(&self, wanted: &Map<String, Value>, record: &Record) -> Vec<Difference> {
        self.differences_of(wanted, record, &|_| true)
    }

    /// The same of some of the attributes.
    pub(super) fn differences_of(
        &self,
        wanted: &Map<String, Value>,
        record: &Record,
        is_asked: &dyn Fn(&Attribute) -> bool,
    ) -> Vec<Difference> {
        let found = self.unmarked(record);
        let recorded = self.recorded();
        let last_set = recorded.as_ref().map(|recorded| &recorded.set);
        let mut differences = Vec::new();
        let comparable = self.resource_type.attributes.iter().filter(|attribute| is_comparable(attribute));
        for attribute in comparable.clone().filter(|attribute| is_asked(attribute)) {
            let (Some(wanted), Some(found)) = (wanted.get(&attribute.name), found.get(&attribute.name))
            else {
                continue;
            };
            let last = last_set.and_then(|last| last.get(&attribute.name)).unwrap_or(&Value::Null);
            let ty = inner(&attribute.ty);
            if attribute.is_immutable && self.refers_to_nothing(ty, found) {
                // What it was made from is not told any more; nobody can have changed it.
                continue;
            }
            let [said, told, last] = [wanted, found, last].map(|value| attribute.compared(value));
            let is_as_made = || attribute.is_immutable && self.is_of_former_copy(ty, &said, &told);
            if !self.is_still_as_wanted(ty, &said, &told, &last) && !is_as_made() {
                differences.push(Difference {
                    parts: self.differing_parts(ty, &said, &told, &last),
                    attribute: attribute.name.clone(),
                    found: found.clone(),
                    is_untold: false,
                    wanted: wanted.clone(),
                    is_immutable: attribute.is_immutable || attribute.name == self.resource_type.identity,
                });
            }
        }
        let taken_off = comparable.filter(|attribute| {
            is_asked(attribute)
                && !wanted.contains_key(&attribute.name)
                && (self.is_former_link(attribute) || self.lets_go(attribute))
        });
        differences.extend(taken_off.filter_map(|attribute| self.as_set_last(attribute, &found, last_set?)));
        differences
    }

    /// Whether it is what names the prime, of one that is the prime now.
    fn is_former_link(&self, attribute: &Attribute) -> bool {
        self.step.and_then(|step| self.shared.unlinked(step.id)).is_some_and(|link| link == attribute.name)
    }

    /// Whether the program says `null` of what it relies upon. What it does not name is left as it is, and relied upon as before.
    fn lets_go(&self, attribute: &Attribute) -> bool {
        let Some(Step { action: Action::Ensure { attributes, .. }, .. }) = self.step else { return false };
        let said = || attributes.iter().find(|(name, _)| *name == attribute.name);
        attribute.relation.is_some_and(Relation::is_guarded)
            && said().is_some_and(|(_, value)| is_foreknown(self, value))
    }

    /// What is not wanted any more, and is there as it was set.
    fn as_set_last(
        &self,
        attribute: &Attribute,
        found: &Map<String, Value>,
        last: &Map<String, Value>,
    ) -> Option<Difference> {
        let found = found.get(&attribute.name).filter(|found| !found.is_null())?;
        let is_as_set = last
            .get(&attribute.name)
            .is_some_and(|last| self.is_as_wanted(inner(&attribute.ty), last, found));
        (is_as_set || self.is_relied_upon_still(attribute, found)).then(|| Difference {
            parts: Vec::new(),
            attribute: attribute.name.clone(),
            found: found.clone(),
            is_untold: false,
            wanted: Value::Null,
            is_immutable: attribute.is_immutable,
        })
    }

    /// Whether it still refers to what is recorded as relied upon: it was set, and left out of the program since.
    fn is_relied_upon_still(&self, attribute: &Attribute, found: &Value) -> bool {
        let Some(referred) = attribute.ty.referred().filter(|_| self.lets_go(attribute)) else {
            return false;
        };
        self.recorded().is_some_and(|recorded| {
            let mut relied = recorded.relies.iter().filter(|relied| relied.resource_type == referred);
            relied.any(|relied| mentions(found, &relied.identity))
        })
    }

    /// Whether the site has a value of an attribute as the program wants it, as far as the site tells.
    pub(super) fn has_as_wanted(&self, attribute: &str, wanted: &Value, found: &Value) -> bool {
        match self.resource_type.attribute(attribute) {
            Some(known) => {
                self.is_as_wanted(inner(&known.ty), &known.compared(wanted), &known.compared(found))
            }
            None => self.is_as_wanted(&Type::Any, wanted, found),
        }
    }

    /// The same of any value.
    pub(super) fn is_as_wanted(&self, ty: &Type, wanted: &Value, found: &Value) -> bool {
        self.is_still_as_wanted(ty, wanted, found, &Value::Null)
    }

    /// The same, knowing what was set `last`: what a site adds to a list whose items have keys is its own, but what the
    /// program set there and does not set any more is to go.
    pub(super) fn is_still_as_wanted(&self, ty: &Type, wanted: &Value, found: &Value, last: &Value) -> bool {
        match (ty, wanted, found) {
            (Type::Named(name), wanted, found) => {
                let ty = self.driver.declared.get(name).map_or(&Type::Any, inner);
                self.is_still_as_wanted(ty, wanted, found, last)
            }
            (Type::Reference(referred), wanted, found) => self.is_same_reference(referred, wanted, found),
            (Type::Quantity, wanted, found) => equal(wanted, found) || amount::is_as_much(wanted, found),
            (Type::NumberOrText, wanted, found) => equal(wanted, found) || is_same_text(wanted, found),
            (Type::Keyed { item, by }, Value::Array(wanted), Value::Array(found)) => {
                let last = last.as_array().map_or(&[][..], Vec::as_slice);
                self.has_items(inner(item), by, wanted, found, last)
            }
            (Type::Sequence(item), Value::Array(wanted), Value::Array(found)) => {
                wanted.len() == found.len()
                    && wanted.iter().zip(found).enumerate().all(|(index, (wanted, found))| {
                        self.is_still_as_wanted(inner(item), wanted, found, &last[index])
                    })
            }
            (Type::List(item), Value::Array(wanted), Value::Array(found)) => {
                // Applications give lists back in an order of their own.
                wanted.len() == found.len()
                    && is_matching(wanted, found, &|w, f| self.is_as_wanted(inner(item), w, f))
            }
            (Type::Map(value), Value::Object(wanted), Value::Object(found)) => {
                wanted.iter().all(|(key, wanted)| {
                    let last = &last[key.as_str()];
                    found
                        .get(key)
                        .is_some_and(|found| self.is_still_as_wanted(inner(value), wanted, found, last))
                })
            }
            (Type::Record(fields), Value::Object(wanted), Value::Object(found)) => {
                wanted.iter().all(|(key, wanted)| {
                    let ty =
                        fields.iter().find(|(name, _)| name == key).map_or(&Type::Any, |(_, ty)| inner(ty));
                    let last = &last[key.as_str()];
                    wanted.is_null()
                        || found
                            .get(key)
                            .is_some_and(|found| self.is_still_as_wanted(ty, wanted, found, last))
                })
            }
            (_, Value::Object(wanted), Value::Object(found)) => wanted.iter().all(|(key, wanted)| {
                wanted.is_null()
                    || found.get(key).is_some_and(|found| self.is_as_wanted(&Type::Any, wanted, found))
            }),
            (_, Value::Array(wanted), Value::Array(found)) => {
                let pairs = wanted.iter().zip(found);
                wanted.len() == found.len()
                    && pairs.into_iter().all(|(w, f)| self.is_as_wanted(&Type::Any, w, f))
            }
            (_, wanted, found) => equal(wanted, found),
        }
    }

    /// Whether a list has these items, told apart by some of their fields. The order counts where the program changes it.
    fn has_items(&self, ty: &Type, by: &[String], wanted: &[Value], found: &[Value], last: &[Value]) -> bool {
        let is_one = |one: &Value, other: &Value| match by {
            [] => self.is_as_wanted(ty, one, other),
            // A field that is left out is filled in by the site.
            by => by.iter().all(|key| one[key].is_null() || equal(&one[key], &other[key])),
        };
        let position = |item: &Value| last.iter().position(|last| is_one(item, last));
        let has_all = wanted.iter().all(|wanted| {
            let last = position(wanted).map_or(&Value::Null, |at| &last[at]);
            let is_it = |found: &&Value| is_one(wanted, found);
            found.iter().filter(is_it).any(|found| self.is_still_as_wanted(ty, wanted, found, last))
        });
        let is_to_go = |last: &Value| {
            !wanted.iter().any(|wanted| is_one(wanted, last)) && found.iter().any(|found| is_one(last, found))
        };
        let is_in_order = by.is_empty() || wanted.iter().filter_map(position).is_sorted();
        has_all && is_in_order && !last.iter().any(is_to_go)
    }

    /// Records and identities of the same resource are the same reference.
    fn is_same_reference(&self, referred: &str, wanted: &Value, found: &Value) -> bool {
        match (self.referred_identity(referred, wanted), self.referred_identity(referred, found)) {
            (Some(wanted), Some(found)) => wanted == found,
            (Some(_), None) => !self.is_no_reference(referred, found),
            // What is wanted is not known yet.
            (None, _) => true,
        }
    }

    /// Whether it was made from a copy that was lost, and borrowed again: it needs no other.
    fn is_of_former_copy(&self, ty: &Type, wanted: &Value, found: &Value) -> bool {
        match (ty, wanted, found) {
            (Type::List(item), Value::Array(wanted), Value::Array(found)) => {
                let is_same = |w: &Value, f: &Value| {
                    self.is_as_wanted(inner(item), w, f) || self.is_of_former_copy(inner(item), w, f)
                };
                wanted.len() == found.len() && is_matching(wanted, found, &is_same)
            }
            (Type::Reference(referred), wanted, found) => {
                let identity = |value| self.referred_identity(referred, value);
                let identities = identity(wanted).zip(identity(found));
                identities.is_some_and(|(wanted, found)| {
                    let site = self.site_name();
                    self.shared.ledger.with(|state| state.replaces(site, referred, &wanted, &found))
                })
            }
            _ => false,
        }
    }

    fn referred_identity(&self, referred: &str, value: &Value) -> Option<String> {
        match value {
            Value::Object(_) => {
                self.referring_fields(referred).find_map(|name| value.get(name)).and_then(identity_text)
            }
            other => identity_text(other),
        }
    }

    /// The fields by which a record may tell which one it is of a type, the surest first.
    fn referring_fields(&self, referred: &str) -> impl Iterator<Item = &str> {
        let identity = self.shared.resource_type(referred).map(|(_, ty)| ty.identity.as_str());
        identity.into_iter().chain(["id", "name"])
    }

    /// Whether the site tells that it refers to nothing; a record that has none of the fields does not tell.
    fn is_no_reference(&self, referred: &str, found: &Value) -> bool {
        match found {
            Value::Object(_) => self.referring_fields(referred).any(|name| found.get(name).is_some()),
            other => other.is_null() || other.as_str().is_some_and(str::is_empty),
        }
    }

    fn refers_to_nothing(&self, ty: &Type, found: &Value) -> bool {
        let Type::Reference(referred) = ty else { return false };
        self.referred_identity(referred, found).is_none() && self.is_no_reference(referred, found)
    }
}

/// Whether the program's value of it can be held against the site's.
pub(super) fn is_comparable(attribute: &Attribute) -> bool {
    is_kept(attribute) && !attribute.is_write_only
}

/// Whether the program's value of it may be written down.
pub(super) fn is_kept(attribute: &Attribute) -> bool {
    attribute.is_settable && !attribute.is_secret && *inner(&attribute.ty) != Type::Bytes
}

/// `80` and `"80"`.
fn is_same_text(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == *text
        }
        _ => false,
    }
}

/// Whether each of the one can be paired with one of the other. Both are as long.
fn is_matching(wanted: &[Value], found: &[Value], is_pair: &dyn Fn(&Value, &Value) -> bool) -> bool {
    // Nearly always they are in the same order.
    if wanted.iter().zip(found).all(|(wanted, found)| is_pair(wanted, found)) {
        return true;
    }
    let mut is_taken = vec![false; found.len()];
    wanted.iter().all(|wanted| {
        let partner =
            (0..found.len()).find(|position| !is_taken[*position] && is_pair(wanted, &found[*position]));
        partner.map(|position| is_taken[position] = true).is_some()
    })
}
