//! What a look saw of something that is recorded, and who changed it since: the program, somebody outside, or both.
//!
//! Last set `m1.tiny`, at the site `m1.small`, in the program `m1.tiny` → `flavor`: by the site. What is kept of what was set:
//! no secret, no content, a reference as its identity, nothing that is long.

use scope_plan::driver::Type;
use scope_plan::recorded::How;
use serde_json::{Map, Value};

use super::compare::{Difference, is_kept};
use super::failure::Bad;
use super::inputs::{Given, inner};
use super::mark;
use super::parts;
use super::record::{Record, identity_text};
use super::subject::Subject;
use crate::events::{self, Failure, Follows, Outcome};
use crate::redact::hide_in_value;
use crate::report::{ChangedBy, CopyOf, Marked, Seen};
use crate::shell;
use crate::state::{Resource, digest_of_value};

/// The longest value that is kept, as JSON.
const LONGEST: usize = 16 << 10;

impl Subject<'_> {
    /// What a program sets, as it is kept to be compared with later.
    pub(super) fn kept(&self, values: &Map<String, Value>) -> Map<String, Value> {
        let attributes = self.resource_type.attributes.iter().filter(|attribute| is_kept(attribute));
        let kept = attributes.filter_map(|attribute| {
            let mut value = self.plain(inner(&attribute.ty), values.get(&attribute.name)?);
            hide_in_value(&*self.shared.options.redact, &mut value);
            let is_short = value.as_str().map_or_else(|| value.to_string().len(), str::len) <= LONGEST;
            is_short.then(|| (attribute.name.clone(), value))
        });
        kept.collect()
    }

    /// A value whose references are identities: the rest of their records changes by itself.
    pub(super) fn plain(&self, ty: &Type, value: &Value) -> Value {
        match (ty, value) {
            (Type::Reference(referred), Value::Object(fields)) => {
                let identity = self.shared.resource_type(referred).map(|(_, ty)| ty.identity.as_str());
                let told = [identity, Some("id"), Some("name")].into_iter().flatten();
                let text = told.filter_map(|name| fields.get(name)).find_map(identity_text);
                text.map_or_else(|| value.clone(), Value::String)
            }
            (Type::List(item) | Type::Keyed { item, .. }, Value::Array(items)) => {
                items.iter().map(|value| self.plain(inner(item), value)).collect()
            }
            (Type::Map(of), Value::Object(fields)) => {
                let plain = |(key, value): (&String, &Value)| (key.clone(), self.plain(inner(of), value));
                Value::Object(fields.iter().map(plain).collect())
            }
            (Type::Record(declared), Value::Object(fields)) => {
                let plain = |(key, value): (&String, &Value)| {
                    let ty = declared.iter().find(|(name, _)| name == key).map_or(&Type::Any, |(_, ty)| ty);
                    (key.clone(), self.plain(inner(ty), value))
                };
                Value::Object(fields.iter().map(plain).collect())
            }
            (_, value) => value.clone(),
        }
    }

    /// Takes note that something recorded is not there any more.
    pub(super) fn saw_nothing(&self) {
        self.saw(Seen { is_gone: true, ..Seen::default() });
    }

    /// Whether its site is elsewhere than when what is recorded of it was seen: what is not found there is perhaps where it was.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.shared.is_elsewhere(self.site_id, &self.driver.name)
    }

    /// Of something recorded that was not found.
    ///
    /// # Errors
    /// `E0895`: it is perhaps where its site was.
    pub(super) fn is_gone(&self) -> Result<(), Bad> {
        if !self.is_elsewhere() {
            return Ok(());
        }
        let (name, site) = self.place();
        let message =
            format!("`{name}` is not at `{site}`, which is at another address than when it was seen there");
        let former = self.shared.former_address(self.site_id, &self.driver.name);
        let former = if former.is_empty() { String::new() } else { format!(" ({})", former.join(", ")) };
        let failure = Failure::new("E0895", Outcome::Invalid, message)
            .with_help(format!("put the address back that `{site}` had{former}: another place is another site, with a name of its own"))
            .with_help(format!(
                "if `{site}` is the same and moved, and `{name}` did not move with it: `scope state forget {0} {1}`, or of all that it had: `scope state forget --all-at {1}`",
                shell::word(&name),
                shell::word(&site)
            ));
        Err(Bad::new(failure))
    }

    /// Takes note of how something recorded is there; `given` is what the program sets of it, if it still names it;
    /// `seconds` are others with the same mark.
    pub(super) fn saw_there(
        &self,
        recorded: &Resource,
        record: &Record,
        given: Option<&Given>,
        seconds: &[Record],
    ) {
        let differences = match given {
            Some(given) => {
                let unseen = self.unseen_changes(given, record);
                let unseen = unseen.into_iter().map(|found| self.told_unseen(given, found));
                let found = self.differences(&given.values, record).into_iter();
                found.map(|found| self.told(recorded, given, found)).chain(unseen).collect()
            }
            None => {
                let last = self.differences(&recorded.set, record).into_iter();
                last.map(|found| {
                    let not_taken_in = not_taken_in(recorded, &found);
                    let by = if not_taken_in.is_some() { ChangedBy::NotTaken } else { ChangedBy::Site };
                    let last = Some(self.short(&found.attribute, found.wanted.clone()));
                    events::Difference { last, not_taken_in, ..self.difference(found, by) }
                })
                .collect()
            }
        };
        let marked = self.marked(recorded, record);
        let values = self.kept(&self.unmarked(record));
        let seconds = self.identities(seconds);
        self.saw(Seen { marked, differences, values, seconds, ..Seen::default() });
    }

    /// Takes note that of something that is not recorded others bear its mark, too.
    pub(super) fn saw_seconds(&self, seconds: &[Record]) {
        if !seconds.is_empty() {
            self.saw(Seen { seconds: self.identities(seconds), ..Seen::default() });
        }
    }

    fn identities(&self, records: &[Record]) -> Vec<String> {
        records.iter().filter_map(|record| record.identity(self.resource_type)).collect()
    }

    /// Takes note of how a recorded copy is there, beside its origin.
    pub(super) fn saw_copy(&self, recorded: &Resource, record: &Record, copy: CopyOf, seconds: &[Record]) {
        let (marked, seconds) = (self.marked(recorded, record), self.identities(seconds));
        self.saw(Seen { marked, copy: Some(copy), seconds, ..Seen::default() });
    }

    fn saw(&self, seen: Seen) {
        if let Some(step) = self.step {
            self.shared.saw(step.id, seen);
        }
    }

    /// A difference, and who changed it since the last run.
    pub(super) fn told(&self, recorded: &Resource, given: &Given, found: Difference) -> events::Difference {
        let name = &found.attribute;
        let now = self.kept(given.public());
        let last = recorded.set.get(name);
        let is_same = |last: &Value, now: &Value| match self.resource_type.attribute(name) {
            Some(attribute) => attribute.compared(last) == attribute.compared(now),
            None => last == now,
        };
        let not_taken_in = not_taken_in(recorded, &found);
        let by = match (last, now.get(name)) {
            (Some(last), Some(now)) => {
                match (!is_same(last, now), !self.has_as_wanted(name, last, &found.found)) {
                    (false, _) if not_taken_in.is_some() => ChangedBy::NotTaken,
                    (true, true) if not_taken_in.is_none() => ChangedBy::Both,
                    (true, _) => ChangedBy::Program,
                    (false, _) => ChangedBy::Site,
                }
            }
            // It was not set before: what the site has there was its own.
            (None, Some(_)) if !recorded.set.is_empty() => ChangedBy::Program,
            // It is taken off, as it was set.
            (Some(_), None) if found.wanted.is_null() => ChangedBy::Program,
            _ if recorded.inputs.as_ref().is_some_and(|last| given.is_as_digested(last)) => ChangedBy::Site,
            _ => ChangedBy::Unknown,
        };
        let last = last.cloned().map(|last| self.short(name, last));
        let not_taken_in = not_taken_in.filter(|_| by == ChangedBy::NotTaken);
        events::Difference { last, not_taken_in, ..self.difference(found, by) }
    }

    /// A difference of the program alone: the site does not tell. A secret is where it comes from, a content how long.
    pub(super) fn told_unseen(&self, given: &Given, found: Difference) -> events::Difference {
        let name = &found.attribute;
        let content = given.contents.get(name).map(|content| content.placeholder()["size"].clone());
        let wanted = content.or_else(|| given.public().get(name).cloned()).unwrap_or_default();
        let last = (!found.found.is_null()).then(|| self.short(name, found.found.clone()));
        events::Difference { last, ..self.difference(Difference { wanted, ..found }, ChangedBy::Program) }
    }

    /// A difference of what is of something that is made anew.
    pub(super) fn told_following(
        &self,
        recorded: &Resource,
        found: Difference,
        follows: Follows,
    ) -> events::Difference {
        let last = recorded.set.get(&found.attribute).cloned();
        let last = last.map(|last| self.short(&found.attribute, last));
        events::Difference { last, follows: Some(follows), ..self.difference(found, ChangedBy::Program) }
    }

    fn difference(&self, found: Difference, by: ChangedBy) -> events::Difference {
        events::Difference {
            found: self.short(&found.attribute, found.found),
            is_untold: found.is_untold,
            wanted: self.short(&found.attribute, found.wanted),
            attribute: found.attribute,
            last: None,
            by,
            not_taken_in: None,
            follows: None,
            parts: found.parts,
            is_immutable: found.is_immutable,
        }
    }

    /// The value of an attribute, each reference in it by its name.
    pub(super) fn short(&self, attribute: &str, value: Value) -> Value {
        match self.resource_type.attribute(attribute) {
            Some(attribute) => parts::short(inner(&attribute.ty), value),
            None => value,
        }
    }

    /// Whose mark it bears; what was taken over has none of ours to lose.
    fn marked(&self, recorded: &Resource, record: &Record) -> Marked {
        let place = self.resource_type.mark.as_ref().filter(|_| recorded.how != How::Adopted);
        let Some(place) = place else { return Marked::Unknown };
        match self.mark_of_others(record) {
            Some(mark) => Marked::Others { mark },
            // Perhaps under the name that it had before.
            None if mark::any_on(place, record).is_some() => Marked::Ours,
            None if place.path.first().is_some_and(|root| record.attributes.contains_key(root)) => {
                Marked::Lost
            }
            // This answer does not tell.
            None => Marked::Unknown,
        }
    }
}

/// The run after which the site told this very value instead of what was set.
fn not_taken_in(recorded: &Resource, found: &Difference) -> Option<u64> {
    let not_taken = recorded.not_taken.get(&found.attribute)?;
    (not_taken.told == digest_of_value(&found.found)).then_some(not_taken.run)
}
