//! What each kind of operation does to the store: find, read, upload, download, update, delete, any other.
//!
//! `stop` with `sets status: "SHUTOFF"` on a server that is `ACTIVE` → `SHUTOFF`, a second later.

use std::collections::BTreeSet;
use std::rc::Rc;

use scope_plan::driver::{Answer, Meaning, OperationKind};
use scope_plan::eval::value::equal;
use serde_json::{Map, Value};

use super::answer::{answers_with_record, good_meaning};
use super::call::{Call, Outcome};
use super::clock::Moment;
use super::evaluate::Names;
use super::store::{Model, Record, Table};
use super::types::{check, identity_text};
use super::weather::Denial;
use super::world::World;
use crate::site::{SiteError, SiteErrorKind};

impl World {
    /// Carries out a request at its site, at that moment.
    ///
    /// # Errors
    /// What the site says instead: not allowed, not found, invalid, refused, busy.
    pub(super) fn perform(
        &mut self,
        site: usize,
        call: &Call,
        at: Moment,
        is_broken: bool,
    ) -> Result<Outcome, SiteError> {
        if !self.has_service(site, &call.model.driver) {
            let words = format!("`{}` has no `{}`", self.sites[site].name, call.model.driver);
            return Err(call.error(SiteErrorKind::NoService, words));
        }
        match self.weather.denial(call.asked(site), at) {
            Some(Denial::Denied) => {
                return Err(call.error(SiteErrorKind::Denied, "not allowed".into()));
            }
            Some(Denial::Unavailable) => {
                return Err(call.error(SiteErrorKind::Unavailable, "not at the moment".into()));
            }
            None => {}
        }
        match call.model.kind(&call.operation) {
            OperationKind::Find => Ok(self.find(site, call, at)),
            OperationKind::Read => self.read(site, call, at),
            OperationKind::Create => self.create(site, call, at, is_broken),
            OperationKind::Upload => self.upload(site, call, at),
            OperationKind::Download => self.download(site, call, at),
            OperationKind::Update => self.update(site, call, at),
            OperationKind::Delete => Ok(self.delete(site, call, at)),
            OperationKind::Action => self.act(site, call, at),
        }
    }

    /// The table of a type at a site.
    pub(super) fn table(&mut self, site: usize, model: &Model) -> &mut Table {
        self.sites[site].tables.entry(model.resource_type.name.clone()).or_default()
    }

    /// What the site gets to see of the inputs: a request consists of the names that the driver writes into it, and
    /// inputs that are no attributes have defaults.
    pub(super) fn inputs_seen(&self, call: &Call) -> Map<String, Value> {
        self.inputs_named(call, &call.mentioned.in_request)
    }

    fn inputs_named(&self, call: &Call, names: &BTreeSet<String>) -> Map<String, Value> {
        let mut seen = Map::new();
        for (name, default) in &call.operation.inputs {
            let value = default.as_ref().and_then(|default| {
                (Names { given: &call.inputs, attributes: &Map::new() }).value(default).ok()
            });
            seen.insert(name.clone(), value.unwrap_or(Value::Null));
        }
        for (name, value) in &call.inputs {
            let is_input = call.operation.inputs.iter().any(|(input, _)| input == name);
            if !value.is_null() && (is_input || names.contains(name)) {
                seen.insert(name.clone(), value.clone());
            }
        }
        seen
    }

    /// Identities of the records that match what the request tells of them, in order.
    fn matching(&mut self, site: usize, call: &Call, at: Moment) -> Vec<String> {
        let model = Rc::clone(&call.model);
        let names = self.sites[site].given_to(&model.driver);
        let mut wanted = Map::new();
        let told = self.inputs_named(call, &call.mentioned.anywhere);
        for (name, value) in told.into_iter().filter(|(_, value)| !value.is_null()) {
            let Some(attribute) = model.attribute(&name) else { continue };
            match self.resolved(site, call, &name, &attribute.ty, &value) {
                Ok(value) => wanted.insert(name, value),
                // What refers to something that is not here is not here.
                Err(_) => return Vec::new(),
            };
        }
        let table = self.table(site, &model);
        let candidates = if let Some(identity) = model.identity(&wanted) {
            vec![identity]
        } else if let Some(name) = model.name(&wanted) {
            table.named(&name)
        } else {
            table.identities()
        };
        candidates
            .into_iter()
            .filter(|identity| {
                table.get(identity, at, &model, &names).is_some_and(|record| {
                    wanted.iter().all(|(name, value)| {
                        record.attributes.get(name).is_some_and(|own| has_all_of(own, value))
                    })
                })
            })
            .collect()
    }

    fn find(&mut self, site: usize, call: &Call, at: Moment) -> Outcome {
        let found = self.matching(site, call, at);
        Outcome::List(found.iter().filter_map(|identity| self.answer(site, call, identity, at)).collect())
    }

    fn read(&mut self, site: usize, call: &Call, at: Moment) -> Result<Outcome, SiteError> {
        let identity = self.one(site, call, at)?;
        self.answer(site, call, &identity, at).map(Outcome::Found).ok_or_else(|| self.not_found(site, call))
    }

    fn upload(&mut self, site: usize, call: &Call, at: Moment) -> Result<Outcome, SiteError> {
        let model = Rc::clone(&call.model);
        let identity = self.one(site, call, at)?;
        let Some(content) = call.content.clone() else {
            return Err(call.invalid(format!("`{}` wants content", call.words())));
        };
        let Some(attribute) = content_attribute(call) else {
            return Err(call.invalid(format!("`{}` has no content attribute", model.resource_type.name)));
        };
        let Some(mut record) = self.take(site, call, &identity, at) else {
            return Err(self.not_found(site, call));
        };
        if record.is_stuck {
            // It believes that somebody else is filling it.
            self.put_back(site, call, record);
            return Ok(Outcome::Done(None));
        }
        self.keep_content(&model, &mut record, &attribute, content);
        let mut seen = Map::clone(&self.sites[site].given_to(&model.driver));
        seen.extend(self.inputs_seen(call));
        self.with_content(site, call, &mut record, &seen, at);
        let answer = answers_with_record(call).then(|| model.answer(&record));
        self.put_back(site, call, record);
        Ok(Outcome::Done(answer))
    }

    /// Content begins to come for a record that is there: its type and identity.
    pub(super) fn begin_filling(&mut self, site: usize, call: &Call, at: Moment) -> Option<(String, String)> {
        if call.model.kind(&call.operation) != OperationKind::Upload {
            return None;
        }
        let model = Rc::clone(&call.model);
        let identity = self.one(site, call, at).ok()?;
        self.table(site, &model).record_mut(&identity)?.n_filling += 1;
        Some((model.resource_type.name.clone(), identity))
    }

    /// All of the content has come, or no more will.
    pub(super) fn end_filling(&mut self, site: usize, resource_type: &str, identity: &str) {
        // What went down before this did so while it was being filled.
        self.restart(site, self.clock.now());
        let table = self.sites[site].tables.get_mut(resource_type);
        if let Some(record) = table.and_then(|table| table.record_mut(identity)) {
            record.n_filling = record.n_filling.saturating_sub(1);
        }
    }

    fn download(&mut self, site: usize, call: &Call, at: Moment) -> Result<Outcome, SiteError> {
        let model = Rc::clone(&call.model);
        let names = self.sites[site].given_to(&model.driver);
        let identity = self.one(site, call, at)?;
        let attribute = content_attribute(call).unwrap_or_default();
        let record = self.table(site, &model).get(&identity, at, &model, &names);
        match record.and_then(|record| record.contents.get(&attribute).cloned()) {
            Some(content) => Ok(Outcome::Content(content)),
            None => Err(call.error(
                SiteErrorKind::NotFound(None),
                format!("`{}` {identity} has no content yet", model.resource_type.name),
            )),
        }
    }

    fn update(&mut self, site: usize, call: &Call, at: Moment) -> Result<Outcome, SiteError> {
        let model = Rc::clone(&call.model);
        let type_name = &model.resource_type.name;
        let identity = self.one(site, call, at)?;
        let names = self.sites[site].given_to(&model.driver);
        let changes = match &call.changes {
            Some(changes) => changes.clone(),
            None => {
                let mut seen = self.inputs_seen(call);
                seen.retain(|name, _| {
                    *name != model.resource_type.identity && model.attribute(name).is_some()
                });
                seen
            }
        };
        let Some(old) = self
            .table(site, &model)
            .get(&identity, at, &model, &names)
            .map(|record| record.attributes.clone())
        else {
            return Err(self.not_found(site, call));
        };
        let mut new = Map::new();
        for (name, value) in &changes {
            let Some(attribute) = model.attribute(name) else {
                return Err(call.invalid(format!("`{type_name}` has no attribute `{name}`")));
            };
            if !attribute.is_secret {
                check(&attribute.ty, value, name)
                    .map_err(|words| call.invalid(format!("`{type_name}`: {words}")))?;
            }
            let value = self.resolved(site, call, name, &attribute.ty, value)?;
            let is_same = old.get(name).is_some_and(|old| equal(old, &value));
            if attribute.is_computed && !attribute.is_settable && !is_same {
                return Err(call.invalid(format!("`{name}` of `{type_name}` is given by the site")));
            }
            if attribute.is_immutable && !is_same {
                return Err(
                    call.invalid(format!("`{name}` of `{type_name}` cannot be changed once it is created"))
                );
            }
            new.insert(name.clone(), value);
        }
        self.table(site, &model).set(&identity, new, &model);
        let mut seen = Map::clone(&names);
        seen.extend(self.inputs_seen(call));
        seen.insert("changes".into(), Value::Object(changes));
        self.after_change(site, call, &identity, &seen, at);
        Ok(Outcome::Done(self.answer(site, call, &identity, at)))
    }

    fn delete(&mut self, site: usize, call: &Call, at: Moment) -> Outcome {
        let model = Rc::clone(&call.model);
        if let Ok(identity) = self.one(site, call, at) {
            self.table(site, &model).remove(&identity, &model);
        }
        Outcome::Gone
    }

    fn act(&mut self, site: usize, call: &Call, at: Moment) -> Result<Outcome, SiteError> {
        let model = Rc::clone(&call.model);
        let seen = self.inputs_seen(call);
        let is_about_a_record = call.mentioned.in_request.iter().any(|name| {
            *name == model.resource_type.identity || Some(name) == model.resource_type.name_attribute.as_ref()
        });
        match good_meaning(call) {
            Some(Meaning::List(_)) if !is_about_a_record => return Ok(self.find(site, call, at)),
            Some(Meaning::Gone) => return Ok(self.delete(site, call, at)),
            Some(Meaning::Content) => return self.download(site, call, at),
            _ if !is_about_a_record => return Ok(Outcome::Done(None)),
            _ => {}
        }
        let identity = self.one(site, call, at)?;
        let mut names = Map::clone(&self.sites[site].given_to(&model.driver));
        let record = self.table(site, &model).get(&identity, at, &model, &names);
        let is_in_transition =
            record.is_some_and(|record| !record.is_ready(&model, &names) && !record.transitions.is_empty());
        if is_in_transition && may_be_busy(call) {
            let words = format!("`{}` {identity} is in transition", model.resource_type.name);
            return Err(call.error(SiteErrorKind::Busy, words));
        }
        names.extend(seen);
        self.after_change(site, call, &identity, &names, at);
        let answer = self.answer(site, call, &identity, at);
        Ok(match good_meaning(call) {
            Some(Meaning::Found(_)) => answer.map_or(Outcome::Done(None), Outcome::Found),
            Some(Meaning::List(_)) => Outcome::List(Vec::new()),
            _ => Outcome::Done(answer.filter(|_| answers_with_record(call))),
        })
    }

    /// The identity of the one record that the call is about.
    fn one(&mut self, site: usize, call: &Call, at: Moment) -> Result<String, SiteError> {
        let model = Rc::clone(&call.model);
        let given = match call.inputs.get(&model.resource_type.identity) {
            Some(Value::Object(record)) => model.identity(record),
            Some(value) => identity_text(value),
            None => None,
        };
        if let Some(identity) = given {
            return if self.table(site, &model).has(&identity) {
                Ok(identity)
            } else {
                Err(self.not_found(site, call))
            };
        }
        let tells_something = self
            .inputs_named(call, &call.mentioned.anywhere)
            .iter()
            .any(|(name, value)| model.attribute(name).is_some() && !value.is_null());
        if !tells_something {
            return Err(call.invalid(format!(
                "`{}` wants `{}`: which one is meant?",
                call.words(),
                model.resource_type.identity
            )));
        }
        let mut found = self.matching(site, call, at);
        match found.len() {
            0 => Err(self.not_found(site, call)),
            1 => Ok(found.remove(0)),
            several => Err(call.invalid(format!("{several} of `{}` match", model.resource_type.name))),
        }
    }

    fn not_found(&self, site: usize, call: &Call) -> SiteError {
        let model = &call.model;
        let asked = [Some(&model.resource_type.identity), model.resource_type.name_attribute.as_ref()];
        let asked =
            asked.into_iter().flatten().find_map(|name| call.inputs.get(name)).and_then(identity_text);
        let words = format!(
            "no `{}` {}at `{}`",
            model.resource_type.name,
            asked.map(|asked| format!("`{asked}` ")).unwrap_or_default(),
            self.sites[site].name
        );
        call.error(SiteErrorKind::NotFound(None), words)
    }

    fn answer(&mut self, site: usize, call: &Call, identity: &str, at: Moment) -> Option<Value> {
        let model = Rc::clone(&call.model);
        let names = self.sites[site].given_to(&model.driver);
        self.table(site, &model).get(identity, at, &model, &names).map(|record| model.answer(record))
    }

    /// Takes a record out of its table, as it stands at that moment, to change it together with the rest.
    pub(super) fn take(&mut self, site: usize, call: &Call, identity: &str, at: Moment) -> Option<Record> {
        let model = Rc::clone(&call.model);
        let names = self.sites[site].given_to(&model.driver);
        self.table(site, &model).get(identity, at, &model, &names)?;
        self.table(site, &model).remove(identity, &model)
    }

    pub(super) fn put_back(&mut self, site: usize, call: &Call, record: Record) {
        let model = Rc::clone(&call.model);
        self.table(site, &model).put(record, None, &model);
    }
}

/// The attribute that the operation sends or gives as content: one that its request names, else the first.
pub(super) fn content_attribute(call: &Call) -> Option<String> {
    let named = call.model.contents().find(|attribute| call.mentioned.in_request.contains(&attribute.name));
    named.or_else(|| call.model.contents().next()).map(|attribute| attribute.name.clone())
}

/// Has what was found all that was asked for? A record may have more fields, a list more items.
fn has_all_of(own: &Value, wanted: &Value) -> bool {
    match (wanted, own) {
        (Value::Object(wanted), Value::Object(own)) => {
            wanted.iter().all(|(key, value)| own.get(key).is_some_and(|own| has_all_of(own, value)))
        }
        (Value::Array(wanted), Value::Array(own)) => wanted.iter().all(|item| own.contains(item)),
        (wanted, own) => equal(wanted, own),
    }
}

fn may_be_busy(call: &Call) -> bool {
    let is_busy = |answer: &Answer| matches!(answer.meaning, Meaning::Busy(_));
    call.operation.answers.iter().chain(&call.model.service_answers).any(is_busy)
}
