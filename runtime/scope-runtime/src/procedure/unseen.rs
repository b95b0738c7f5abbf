//! What the site does not tell, against what the program set last: a change that only we can know of.
//!
//! `files: { zone: "one" }` was set last, and the program says `files: { zone: "two" }` → `files`, though no answer has it.
//! Only what the request that changes it says is followed: how a site is asked (`headers`, a condition) is nothing of the
//! resource. Of what is long or content a digest is kept. Of what an earlier version recorded nothing is known; what is
//! taken over is set, as far as that can be done in place.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::driver::{Attribute, Type};
use scope_plan::expr::Expr;
use scope_plan::recorded::How;
use serde_json::Value;

use super::compare::{Difference, is_comparable};
use super::create::create_operation;
use super::failure::Bad;
use super::inputs::{Given, GivenContent, inner};
use super::record::Record;
use super::subject::{Change, Subject};
use super::update::update_operation;
use crate::redact::hide_in_value;
use crate::state::{Resource, digest_of_value};

impl Subject<'_> {
    /// Digests of what the program sets and is not kept as it is.
    pub(super) fn digests(&self, given: &Given) -> BTreeMap<String, String> {
        let kept = self.kept(given.public());
        let attributes = self.resource_type.attributes.iter().filter(|attribute| attribute.is_settable);
        let others = attributes.filter(|attribute| !kept.contains_key(&attribute.name));
        others
            .filter_map(|attribute| Some((attribute.name.clone(), self.digest(attribute, given)?)))
            .collect()
    }

    fn digest(&self, attribute: &Attribute, given: &Given) -> Option<String> {
        if let Some(content) = given.contents.get(&attribute.name) {
            return Some(content.digest().to_owned());
        }
        let value = attribute.compared(given.public().get(&attribute.name)?);
        let mut value = self.plain(inner(&attribute.ty), &value);
        hide_in_value(&*self.shared.options.redact, &mut value);
        Some(digest_of_value(&value))
    }

    /// Records that it has these contents now, whatever the run had that began with it.
    pub(super) fn keep_contents(&self, given: &Given) -> Result<(), Bad> {
        let Some(known) = self.recorded().filter(|_| !given.contents.is_empty()) else { return Ok(()) };
        let Some(mut digests) = known.digests.clone() else { return Ok(()) };
        digests.extend(self.digests(given).into_iter().filter(|(name, _)| given.contents.contains_key(name)));
        let now = Resource { digests: Some(digests), ..known.clone() };
        if now == known { Ok(()) } else { self.record(now) }
    }

    /// Records that these are again as they were before, which the site does not tell.
    pub(super) fn keep_what_was(&self, back: &[&Change]) -> Result<(), Bad> {
        let Some(mut known) = self.recorded().filter(|_| !back.is_empty()) else { return Ok(()) };
        known.set.extend(back.iter().map(|change| (change.attribute.clone(), change.before.clone())));
        self.record(known)
    }

    /// What the program says otherwise than it did, of what this record does not tell.
    pub(super) fn unseen_changes(&self, given: &Given, record: &Record) -> Vec<Difference> {
        match self.recorded() {
            // Nobody knows what it was given before: what can be set without making it anew is set.
            Some(recorded) if recorded.how == How::Adopted && recorded.digests.is_none() => {
                self.unseen_when_taken(given, record)
            }
            Some(recorded) if self.can_be_read() => self.unseen_since(&recorded, given, record),
            _ => Vec::new(),
        }
    }

    /// What the program says of something that it takes over, and this record does not tell.
    pub(super) fn unseen_when_taken(&self, given: &Given, record: &Record) -> Vec<Difference> {
        if !self.can_be_read() || update_operation(self).is_none() {
            return Vec::new();
        }
        let nothing = Resource { digests: Some(BTreeMap::new()), ..Resource::new("", "", How::Adopted) };
        let mut unseen = self.unseen_since(&nothing, given, record);
        unseen.retain(|difference| {
            !difference.is_immutable && !given.contents.contains_key(&difference.attribute)
        });
        unseen.iter_mut().for_each(|difference| difference.is_untold = true);
        unseen
    }

    /// Whether its secrets are to be sent once more, since what stands at the place of one may be another by now; a copy, whether it is
    /// to be made anew where its content is another.
    pub(super) fn is_wanted_again(&self, recorded: &Resource) -> bool {
        let again = self.shared.options.again.get(self.name);
        again.is_some_and(|since| recorded.run < since.unwrap_or(self.shared.run))
    }

    /// Whether what cannot be read is given otherwise than what it was made from, or is to be given a secret once more.
    pub(super) fn is_given_otherwise(&self, inputs: Option<&String>, given: &Given) -> bool {
        let is_sent_again = || {
            let is_again = self.recorded().is_some_and(|recorded| self.is_wanted_again(&recorded));
            is_again && given.values.keys().any(|name| given.is_secret(name))
        };
        let is_other = inputs.is_some_and(|inputs| !given.is_as_digested(inputs));
        !self.can_be_read() && (is_other || is_sent_again())
    }

    /// What the program says otherwise than was set of what is recorded so, of what this record does not tell.
    pub(super) fn unseen_since(
        &self,
        recorded: &Resource,
        given: &Given,
        record: &Record,
    ) -> Vec<Difference> {
        let Some(digests) = &recorded.digests else { return Vec::new() };
        let found = self.unmarked(record);
        let said = self.said();
        let kept = self.kept(given.public());
        let attributes = self.resource_type.attributes.iter().filter(|attribute| {
            let is_told = is_comparable(attribute) && found.contains_key(&attribute.name);
            attribute.is_settable && !is_told && said.has(attribute)
        });
        let is_wanted_again = self.is_wanted_again(recorded);
        let changed = attributes.filter_map(|attribute| {
            let name = &attribute.name;
            let is_immutable = attribute.is_immutable || *name == self.resource_type.identity;
            let is_same = match (kept.get(name), recorded.set.get(name)) {
                (Some(now), Some(last)) => {
                    self.has_as_wanted(name, now, last) && self.has_as_wanted(name, last, now)
                }
                (None, None) => {
                    let now = self.digest(attribute, given)?;
                    let before = given.contents.get(name).map(GivenContent::digested_before);
                    let before = before.map(|content| digest_of_value(&Value::from(content)));
                    digests.get(name).is_some_and(|last| *last == now || Some(last) == before.as_ref())
                }
                _ => false,
            };
            let parts = match (kept.get(name), recorded.set.get(name)) {
                (Some(now), Some(last)) if !is_same => {
                    let [now, last] = [now, last].map(|value| attribute.compared(value));
                    self.differing_parts(inner(&attribute.ty), &now, &last, &last)
                }
                _ => Vec::new(),
            };
            let is_sent_again = is_wanted_again && given.is_secret(name) && !is_immutable;
            (!is_same || is_sent_again).then(|| Difference {
                attribute: name.clone(),
                found: recorded.set.get(name).cloned().unwrap_or_default(),
                is_untold: !recorded.set.contains_key(name) && digests.contains_key(name),
                wanted: given.values.get(name).cloned().unwrap_or_default(),
                parts,
                is_immutable,
            })
        });
        changed.collect()
    }

    /// What the request that changes one in place says; where there is none, what the one that makes it says.
    fn said(&self) -> Said<'_> {
        let operation = update_operation(self).or_else(|| create_operation(self).ok());
        let Some(operation) = operation else { return Said::default() };
        let later = self.resource_type.operations_after(&operation.name);
        let payloads =
            std::iter::once(operation).chain(later).flat_map(|operation| operation.request.payload());
        let names: BTreeSet<&str> = payloads.flat_map(Expr::names_used).collect();
        Said { has_changes: names.contains("changes"), names }
    }
}

/// Names that a request says.
#[derive(Default)]
struct Said<'d> {
    names: BTreeSet<&'d str>,
    /// Whatever was changed.
    has_changes: bool,
}

impl Said<'_> {
    /// What cannot be changed matters in any case.
    fn has(&self, attribute: &Attribute) -> bool {
        attribute.is_immutable
            || self.names.contains(attribute.name.as_str())
            || (self.has_changes && *inner(&attribute.ty) != Type::Bytes)
    }
}
