//! The resource that a copy is made of: where it is, what a copy keeps of it, whether there is anything to copy.
//!
//! The image `debian-12` of `paris`, for `nantes` → `{ id, name, disk_format, … }` to create the copy with, `checksum` to
//! compare, and the identities that copies of it had at `nantes` before.

use scope_plan::driver::{Attribute, Type};
use scope_plan::plan::StepId;
use serde_json::{Map, Value};

use super::compare::is_kept;
use super::failure::Bad;
use super::inputs::{Given, GivenContent, is_content};
use super::record::{Record, identity_text};
use super::subject::Subject;
use crate::events::{Change, Effect, Failure, Outcome};
use crate::state::Resource;

/// The resource that is copied.
pub(super) struct Origin<'s> {
    pub(super) subject: Subject<'s>,
    pub(super) record: Map<String, Value>,
    /// The step that gives it.
    source: StepId,
    /// The attributes that a copy has too.
    pub(super) keep: &'s [String],
    /// The attribute that proves equality.
    pub(super) same: Option<&'s str>,
    /// What a copy of it is recorded with.
    pub(super) lineage: Lineage,
}

impl<'s> Origin<'s> {
    pub(super) fn of(
        subject: &Subject<'s>,
        source: StepId,
        record: Value,
        keep: &'s [String],
        same: Option<&'s str>,
    ) -> Self {
        let record = if let Value::Object(fields) = record { fields } else { Map::new() };
        let origin = subject.at(subject.shared.plan.step(source).site);
        let from = Some(origin.site_name().to_owned());
        let mut origin = Self { subject: origin, record, source, keep, same, lineage: Lineage::default() };
        let mut lineage = Lineage { from, of: origin.identity(), formerly: Vec::new() };
        if keep.contains(&subject.resource_type.identity) {
            lineage.formerly.extend(origin.identity());
        }
        if let Some(before) = subject.recorded().filter(|before| !origin.is_another_than(before)) {
            lineage.formerly.extend(before.formerly);
            lineage.formerly.push(before.identity);
        }
        origin.lineage = lineage;
        origin
    }

    pub(super) fn identity(&self) -> Option<String> {
        self.record.get(&self.subject.resource_type.identity).and_then(identity_text)
    }

    /// Whether this is another one than what a copy was made of; of a copy that does not know what it was made of, whether it became
    /// another one in this very run.
    pub(super) fn is_another_than(&self, copy: &Resource) -> bool {
        match (&copy.of, self.identity()) {
            (Some(before), Some(now)) => *before != now,
            _ => self.subject.shared.end(self.source, |end| matches!(end.effect, Some(Effect::Replaced))),
        }
    }

    /// In a survey: whether it becomes another one in the run.
    pub(super) fn is_made_anew(&self) -> bool {
        let is_anew = |change: &Change| matches!(change, Change::Replace { .. });
        self.subject.shared.is_yet_to_be_made(self.source, &is_anew)
    }

    /// The record with all that a copy needs: what a look-up gave may be less.
    pub(super) async fn complete(mut self) -> Result<Self, Bad> {
        let resource_type = self.subject.resource_type;
        let is_told = |name: &str| {
            let is_optional = |attribute: &Attribute| matches!(attribute.ty, Type::Optional(_));
            self.record.contains_key(name)
                || is_content(resource_type, name)
                || (Some(name) != self.same && resource_type.attribute(name).is_some_and(is_optional))
        };
        let is_whole = self.keep.iter().map(String::as_str).chain(self.same).all(is_told);
        if let (false, Some(identity)) = (is_whole, self.identity()) {
            let seen = self
                .subject
                .read(&identity, &Map::new())
                .await
                .map_err(|trouble| self.subject.failed(trouble))?;
            if let Some(seen) = seen {
                self.record = seen.attributes;
            }
        }
        Ok(self)
    }

    /// What the copy is made from, and of that what may be recorded: no secret, though the origin's site tells it.
    pub(super) fn kept(&self) -> Given {
        let mut values = Map::new();
        for name in self.keep {
            if let Some(value) = self.record.get(name).filter(|value| !value.is_null()) {
                values.insert(name.clone(), value.clone());
            }
        }
        let mut public = values.clone();
        public.retain(|name, _| self.subject.resource_type.attribute(name).is_some_and(is_kept));
        Given::with_public(values, public)
    }

    /// Whether a copy has an attribute as its origin has it also when that changes: what tells it from others and what never
    /// changes was given when it was made, content is compared by what proves it, and whose marks are on either is its own.
    pub(super) fn is_followed(&self, name: &str) -> bool {
        let resource_type = self.subject.resource_type;
        let marks = [&resource_type.mark, &resource_type.guard];
        let mut places = marks.into_iter().flatten().filter_map(|place| place.path.first());
        self.keep.iter().any(|kept| kept == name)
            && name != resource_type.identity
            && !is_content(resource_type, name)
            && resource_type.attribute(name).is_some_and(|attribute| !attribute.is_immutable)
            && !places.any(|place| place == name)
    }

    pub(super) fn proof(&self) -> Option<&Value> {
        self.record.get(self.same?).filter(|value| !value.is_null())
    }

    /// The same with its content, as conditions such as `data == null` are asked: where a type may be ready without any, a
    /// copy that waits for it is not.
    pub(super) fn filled(&self) -> Given {
        let mut given = self.kept();
        let contents = self.keep.iter().filter(|name| is_content(self.subject.resource_type, name));
        given.contents = contents.map(|name| (name.clone(), GivenContent::empty())).collect();
        given
    }

    /// Fails where its content is not there (yet): an empty copy is of no use, and would be taken for a whole one.
    pub(super) fn has_content(&self) -> Result<(), Bad> {
        let resource_type = self.subject.resource_type;
        let filled = self.filled();
        let Some(ready) = resource_type.ready.as_ref().filter(|_| !filled.contents.is_empty()) else {
            return Ok(());
        };
        let state: Vec<&str> = ready
            .condition
            .names_used()
            .into_iter()
            .filter(|name| resource_type.attribute(name).is_some() && !filled.contents.contains_key(*name))
            .collect();
        let record = Record::known(self.record.clone());
        let is_told = state.iter().all(|name| record.attribute(name).is_some());
        let mut with_content = Given::default();
        with_content.contents = filled.contents;
        if !is_told || self.subject.is_ready(&record, &with_content) {
            return Ok(());
        }
        let told: Vec<String> = state
            .iter()
            .filter_map(|name| Some(format!("{name} {}", record.attribute(name).and_then(identity_text)?)))
            .collect();
        let message = format!(
            "`{}` has no data at `{}` that could be copied ({})",
            self.subject.name,
            self.subject.site_name(),
            told.join(", ")
        );
        let help = format!("give it its content at `{}`, and run again", self.subject.site_name());
        Err(Bad::new(Failure::new("E0902", Outcome::Unavailable, message).with_help(help)))
    }
}

/// Where a copy comes from, and under which identities it was here before: what was made with one of those needs no other.
#[derive(Clone, Debug, Default)]
pub(super) struct Lineage {
    from: Option<String>,
    /// The identity of its origin there.
    of: Option<String>,
    formerly: Vec<String>,
}

impl Lineage {
    /// Takes it down in what is recorded.
    pub(super) fn write(&self, resource: &mut Resource) {
        resource.from.clone_from(&self.from);
        resource.of.clone_from(&self.of);
        for identity in self.formerly.iter().filter(|identity| **identity != resource.identity) {
            if !resource.formerly.contains(identity) {
                resource.formerly.push(identity.clone());
            }
        }
    }
}
