//! Making a resource: what the caller gave is checked, what is missing is filled in, and the record is put in its
//! table.
//!
//! `create { "title": "Dune" }` of `shelf.book` → `{ "id": "3f0c…", "title": "Dune", "pages": 1, "status": "ordered" }`,
//! which becomes `"shelved"` a second later, because that is when the driver says that a book is ready.

use std::collections::BTreeSet;
use std::rc::Rc;

use scope_plan::driver::{Operation, OperationKind, Repeat, Request, Share, Type};
use scope_plan::eval::value::canonical;
use scope_plan::expr::Expr;
use serde_json::{Map, Value, json};

use super::answer::{answers_with_record, existing};
use super::call::{Call, Outcome};
use super::clock::Moment;
use super::content::Content;
use super::effect::content_attribute;
use super::evaluate::Names;
use super::invent::{self, Occasion, digest, hex};
use super::mutants::{self, Mutant};
use super::ready::take_over_echo;
use super::store::{Model, Record};
use super::types::{check, identity_text, inner, map_references};
use super::world::World;
use crate::site::{SiteError, SiteErrorKind};

impl World {
    /// Creates what the call asks for.
    ///
    /// # Errors
    /// *Invalid*, *not found* with the reference attribute, *refused* for capacity.
    pub(super) fn create(
        &mut self,
        site: usize,
        call: &Call,
        at: Moment,
        is_broken: bool,
    ) -> Result<Outcome, SiteError> {
        let model = Rc::clone(&call.model);
        let mut given = self.checked_inputs(site, call)?;
        for attribute in &model.resource_type.attributes {
            if self.lacks(site, &model, &attribute.name) {
                continue;
            }
            let is_given = given.contains_key(&attribute.name) || *inner(&attribute.ty) == Type::Bytes;
            if attribute.is_required && attribute.default.is_none() && !is_given && !attribute.is_computed {
                return Err(call
                    .invalid(format!("`{}` of `{}` is missing", attribute.name, model.resource_type.name)));
            }
        }
        if let Some(existing) = self.already_there(site, call, &given) {
            return self.answer_of_existing(site, call, &existing, given, at);
        }
        let declared = self.sites[site].capacity.get(&model.resource_type.name).copied();
        let declared = declared.filter(|_| !mutants::is(Mutant::DeclaredRoomForgotten));
        let capacity = [declared, self.weather.capacity(call.asked(site), at)].into_iter().flatten().min();
        if let Some(capacity) = capacity
            && self.table(site, &model).len() as u64 >= capacity
        {
            return Err(call.error(
                SiteErrorKind::Refused,
                format!("there is room for {capacity} of `{}`", model.resource_type.name),
            ));
        }
        let names = self.sites[site].given_to(&model.driver);
        let made = self.table(site, &model).made;
        self.fill_in(site, &model, &mut given, &format!("{} {}", call.key, made), made, at);
        let mut record = Record::new(given);
        if let Some(content) = &call.content
            && let Some(attribute) = content_attribute(call)
        {
            self.keep_content(&model, &mut record, &attribute, content.clone());
        }
        record.is_awaiting_content = call.content.is_none()
            && self.is_content_expected(call)
            && model.resource_type.operations.iter().any(|operation| operation.kind == OperationKind::Upload);
        if record.is_awaiting_content {
            // Conditions such as `data == null` are to know that there will be content.
            for attribute in model.contents() {
                record.attributes.insert(attribute.name.clone(), json!({ "expected": true }));
            }
        }
        if let Some(mark) = &call.mark {
            apply_mark(&model, &mut record, mark);
        }
        let mut seen = Map::clone(&names);
        seen.extend(self.inputs_seen(call));
        take_over_echo(call, &seen, &mut record.attributes, true);
        self.begin(site, call, &mut record, &seen, at, is_broken);
        let answer = answers_with_record(call).then(|| model.answer(&record));
        let table = self.table(site, &model);
        table.made += 1;
        if table.put(record, Some(&call.key), &model).is_none() {
            return Err(call.invalid(format!(
                "`{}` of `{}` must be a text or a number",
                model.resource_type.identity, model.resource_type.name
            )));
        }
        Ok(Outcome::Done(answer))
    }

    /// The inputs of a creation or the changes of an update: known, of their types, references to be found here.
    pub(super) fn checked_inputs(
        &mut self,
        site: usize,
        call: &Call,
    ) -> Result<Map<String, Value>, SiteError> {
        let model = Rc::clone(&call.model);
        let type_name = &model.resource_type.name;
        let mut result = Map::new();
        for (name, value) in call.inputs.iter().filter(|(_, value)| !value.is_null()) {
            let Some(attribute) = model.attribute(name) else {
                if call.operation.inputs.iter().any(|(input, _)| input == name) {
                    continue;
                }
                return Err(call.invalid(format!("`{type_name}` has no attribute `{name}`")));
            };
            if attribute.is_computed && !attribute.is_settable {
                return Err(call.invalid(format!("`{name}` of `{type_name}` is given by the site")));
            }
            if !attribute.is_secret {
                check(&attribute.ty, value, name)
                    .map_err(|words| call.invalid(format!("`{type_name}`: {words}")))?;
            }
            if *inner(&attribute.ty) != Type::Bytes {
                result.insert(name.clone(), self.resolved(site, call, name, &attribute.ty, value)?);
            }
        }
        Ok(result)
    }

    /// The value with each reference in it replaced by what is kept of the resource it leads to.
    pub(super) fn resolved(
        &mut self,
        site: usize,
        call: &Call,
        name: &str,
        ty: &Type,
        value: &Value,
    ) -> Result<Value, SiteError> {
        // What is used in place may be at any site.
        let is_in_place = call.model.attribute(name).is_some_and(|attribute| attribute.is_in_place);
        let others = (0..self.sites.len()).filter(|other| is_in_place && *other != site);
        let places: Vec<usize> = std::iter::once(site).chain(others).collect();
        map_references(ty, value, &mut |target, reference| {
            let found = places.iter().find_map(|place| self.reference(*place, target, reference));
            found.ok_or_else(|| {
                let shown = reference.get("name").or_else(|| reference.get("id")).unwrap_or(reference);
                call.error(
                    SiteErrorKind::NotFound(Some(name.to_string())),
                    format!("`{name}`: no `{target}` {shown} at `{}`", self.sites[site].name),
                )
            })
        })
    }

    /// What is kept of the resource at this site that a text or a record leads to; `None` if there is none. Types that
    /// the plan does not use hold nothing, and what refers to them is taken as it is.
    pub(super) fn reference(&mut self, site: usize, target: &str, reference: &Value) -> Option<Value> {
        let Some(model) = self.models.get(target).cloned() else { return Some(reference.clone()) };
        let now = self.clock.now();
        let names = self.sites[site].given_to(&model.driver);
        let identity = match reference {
            Value::Object(record) => model.identity(record).or_else(|| model.name(record)),
            other => identity_text(other),
        }?;
        let table = self.table(site, &model);
        let identity = if table.has(&identity) {
            identity
        } else {
            match table.named(&identity).as_slice() {
                [one] => one.clone(),
                _ => return None,
            }
        };
        table.get(&identity, now, &model, &names).map(|record| model.reference(&record.attributes))
    }

    /// The identity of what is there already and keeps the call from making another one.
    fn already_there(&mut self, site: usize, call: &Call, given: &Map<String, Value>) -> Option<String> {
        let model = Rc::clone(&call.model);
        let table = self.table(site, &model);
        if let Repeat::Key(_) = call.operation.repeat
            && let Some(identity) = table.made_by(&call.key)
        {
            return Some(identity.clone());
        }
        if let Some(identity) = model.identity(given).filter(|identity| table.has(identity)) {
            return Some(identity);
        }
        match call.operation.repeat {
            Repeat::Name => model.name(given).and_then(|name| table.named(&name).into_iter().next()),
            Repeat::Always => return self.looked_up_alike(site, &model, given),
            _ => None,
        }
        .or_else(|| {
            let alike = self.table(site, &model).alike(given, &model);
            alike.filter(|_| !mutants::is(Mutant::UniqueTwice))
        })
    }

    /// The identity of what a look-up for the new one would find: where a creation may be repeated at will, what is looked
    /// up by the same words is the same thing, whatever its identity is made of.
    fn looked_up_alike(&mut self, site: usize, model: &Model, given: &Map<String, Value>) -> Option<String> {
        let find = model.resource_type.operations.iter().find(|own| own.kind == OperationKind::Find)?;
        let names = self.sites[site].given_to(&model.driver);
        let wanted = looked_up_by(find, model, &names, given)?;
        let table = self.table(site, model);
        table.identities().into_iter().find(|identity| {
            let record = table.record(identity);
            record.and_then(|record| looked_up_by(find, model, &names, &record.attributes)).as_ref()
                == Some(&wanted)
        })
    }

    fn answer_of_existing(
        &mut self,
        site: usize,
        call: &Call,
        identity: &str,
        given: Map<String, Value>,
        at: Moment,
    ) -> Result<Outcome, SiteError> {
        let model = Rc::clone(&call.model);
        let names = self.sites[site].given_to(&model.driver);
        let is_replaced = call.operation.repeat == Repeat::Always;
        let is_same_request = matches!(call.operation.repeat, Repeat::Key(_))
            && self.table(site, &model).made_by(&call.key).is_some_and(|made| made == identity);
        if is_replaced {
            self.table(site, &model).set(identity, given, &model);
        }
        let record = self.table(site, &model).get(identity, at, &model, &names);
        Ok(if is_replaced || is_same_request {
            let record = record.filter(|_| answers_with_record(call));
            Outcome::Done(record.map(|record| model.answer(record)))
        } else {
            Outcome::Exists(existing(call, record.as_deref()))
        })
    }

    /// Whether the site's version does not know an attribute.
    fn lacks(&self, site: usize, model: &Model, attribute: &str) -> bool {
        let lacks = self.sites[site].lacks.get(&model.resource_type.name);
        lacks.is_some_and(|lacks| lacks.iter().any(|name| name == attribute))
    }

    /// Gives a record all it lacks, in the driver's order: defaults, and what a site makes up. Given and declared
    /// values stay. `subject` tells this record from all others of the type at the site.
    pub(super) fn fill_in(
        &self,
        site: usize,
        model: &Model,
        attributes: &mut Map<String, Value>,
        subject: &str,
        ordinal: u64,
        at: Moment,
    ) {
        let names = self.sites[site].given_to(&model.driver);
        let resource_type = &model.resource_type;
        let given = std::mem::take(attributes);
        let mut occasion = Occasion {
            seed: self.options.seed,
            site: &self.sites[site].name,
            resource_type: &resource_type.name,
            subject,
            at,
        };
        let identity = match given.get(&resource_type.identity).filter(|value| !value.is_null()) {
            Some(value) => value.clone(),
            None => match resource_type.name_attribute.as_ref().and_then(|name| given.get(name)) {
                Some(name) if resource_type.name_attribute.as_ref() == Some(&resource_type.identity) => {
                    name.clone()
                }
                _ => {
                    let ty = model
                        .attribute(&resource_type.identity)
                        .map_or(&Type::String, |identity| &identity.ty);
                    occasion.identity(ty, ordinal)
                }
            },
        };
        let identity_words = identity_text(&identity).unwrap_or_default();
        occasion.subject = &identity_words;
        for attribute in &resource_type.attributes {
            let name = &attribute.name;
            let value = if *inner(&attribute.ty) == Type::Bytes || self.lacks(site, model, name) {
                Value::Null
            } else if *name == resource_type.identity {
                identity.clone()
            } else if let Some(value) = given.get(name) {
                value.clone()
            } else if let Some(default) = &attribute.default {
                (Names { given: &names, attributes: &given }).value(default).unwrap_or(Value::Null)
            } else if attribute.is_computed {
                occasion.value(&attribute.ty, name)
            } else {
                Value::Null
            };
            attributes.insert(name.clone(), value);
        }
        let has_content = model.contents().next().is_some();
        for attribute in resource_type.attributes.iter().filter(|attribute| attribute.is_computed) {
            if given.contains_key(&attribute.name) {
                continue;
            }
            let is_sum = proves_equality(model, &attribute.name) || invent::is_checksum(&attribute.name);
            if has_content && (is_sum || invent::is_length(&attribute.name)) {
                // Known with the content.
                attributes.insert(attribute.name.clone(), Value::Null);
            } else if proves_equality(model, &attribute.name) && *inner(&attribute.ty) == Type::String {
                let sum = sum_of_attributes(model, attributes);
                attributes.insert(attribute.name.clone(), Value::String(sum));
            }
        }
    }

    /// Keeps content with a record, and tells the record what it proves: checksum and length.
    pub(super) fn keep_content(&mut self, model: &Model, record: &mut Record, name: &str, content: Content) {
        for attribute in model.resource_type.attributes.iter().filter(|attribute| attribute.is_computed) {
            let is_sum = proves_equality(model, &attribute.name) || invent::is_checksum(&attribute.name);
            let value = match inner(&attribute.ty) {
                Type::String if is_sum => {
                    let key =
                        (model.resource_type.name.clone(), attribute.name.clone(), content.sha256.clone());
                    let declared = self.declared_sums.get(&key).cloned();
                    declared
                        .unwrap_or_else(|| Value::String(invent::checksum(&attribute.name, &content.sha256)))
                }
                Type::Int if invent::is_length(&attribute.name) => Value::from(content.length),
                _ => continue,
            };
            record.attributes.insert(attribute.name.clone(), value);
        }
        if let Some(replayed) = content.replayed_sha256() {
            self.replays.insert(replayed, content.sha256.clone());
        }
        let told = json!({ "sha256": content.sha256, "size": content.length });
        record.attributes.insert(name.to_string(), told);
        record.contents.insert(name.to_string(), content);
    }
}

/// What a look-up for a record is made of; `None` where it is not made of what the record says.
fn looked_up_by(
    find: &Operation,
    model: &Model,
    given: &Map<String, Value>,
    attributes: &Map<String, Value>,
) -> Option<Vec<Value>> {
    let parts: Vec<&Expr> = match &find.request {
        Request::Http { path, query, .. } => {
            std::iter::once(path).chain(query.iter().map(|(_, value)| value)).collect()
        }
        Request::Exec { argv, .. } => argv.iter().collect(),
    };
    let used: BTreeSet<&str> = parts.iter().flat_map(|part| part.names_used()).collect();
    let is_told = |name: &&str| model.attribute(name).is_some();
    if !used.iter().any(is_told) || !used.iter().all(|name| is_told(name) || *name == "site") {
        return None;
    }
    let names = Names { given, attributes };
    parts.into_iter().map(|part| names.value(part).ok()).collect()
}

/// Is it the attribute by which copies of the type are compared?
pub(super) fn proves_equality(model: &Model, name: &str) -> bool {
    matches!(&model.resource_type.share, Share::Copy { same: Some(same), .. } if same == name)
}

/// A digest of what is copied of a resource, so that two copies have the same one wherever they are.
fn sum_of_attributes(model: &Model, attributes: &Map<String, Value>) -> String {
    let Share::Copy { keep, .. } = &model.resource_type.share else { return String::new() };
    let kept: Map<String, Value> = keep
        .iter()
        .filter_map(|name| attributes.get(name).map(|value| (name.clone(), value.clone())))
        .collect();
    hex(&digest(&["attributes", &canonical(&Value::Object(kept))])[..16])
}

/// Writes our mark where the driver keeps it: into a record, onto a list, or behind a text in brackets.
fn apply_mark(model: &Model, record: &mut Record, mark: &str) {
    record.mark = Some(mark.to_string());
    let Some(path) = model.resource_type.mark.as_ref().map(|mark| mark.path.as_slice()) else { return };
    let Some((root, inner_path)) = path.split_first() else { return };
    let mut slot = record.attributes.entry(root.clone()).or_insert(Value::Null);
    for field in inner_path {
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Value::Object(fields) = slot else { return };
        slot = fields.entry(field.clone()).or_insert(Value::Null);
    }
    let is_there = |value: &Value| value.as_str().is_some_and(|text| text.contains(mark));
    match slot {
        Value::Array(items) if !items.iter().any(is_there) => items.push(Value::from(mark)),
        Value::Array(_) => {}
        Value::String(text) if text.contains(mark) => {}
        Value::String(text) if !text.is_empty() => *text = format!("{text} [{mark}]"),
        other => *other = Value::from(mark),
    }
}
