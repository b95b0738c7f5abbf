//! What a simulated site holds: by type a table of records, found by identity and by name.
//!
//! A record changes by itself when its time comes (it becomes ready): that is a [`Transition`], carried out when the
//! record is next looked at.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use scope_plan::driver::{Attribute, Driver, Operation, OperationKind, ResourceType, Type};
use scope_plan::eval::value::canonical;
use scope_plan::expr::Expr;
use serde_json::{Map, Value};

use super::clock::Moment;
use super::content::Content;
use super::evaluate::{Mentioned, Names, mentioned};
use super::solve;
use super::types::{identity_text, inner};

/// A type of the drivers, and what the simulator asks of it often.
pub(super) struct Model {
    /// The driver's name.
    pub(super) driver: String,
    /// The type.
    pub(super) resource_type: ResourceType,
    /// What the driver's services say about answers, for operations that say nothing themselves.
    pub(super) service_answers: Vec<scope_plan::driver::Answer>,
    /// Its operations by name, each with the names that it mentions.
    operations: BTreeMap<String, (Rc<Operation>, Rc<Mentioned>)>,
}

impl Model {
    pub(super) fn new(driver: &Driver, resource_type: &ResourceType) -> Rc<Model> {
        let service = driver.services.iter().find(|service| service.name == resource_type.service);
        Rc::new(Model {
            driver: driver.name.clone(),
            resource_type: resource_type.clone(),
            service_answers: service.map(|service| service.answers.clone()).unwrap_or_default(),
            operations: resource_type
                .operations
                .iter()
                .map(|own| (own.name.clone(), taken_in(own)))
                .collect(),
        })
    }

    /// The operation as the driver has it, and the names that it mentions.
    pub(super) fn operation(&self, operation: &Operation) -> (Rc<Operation>, Rc<Mentioned>) {
        self.operations.get(&operation.name).cloned().unwrap_or_else(|| taken_in(operation))
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.resource_type.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The attributes that are content.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Attribute> {
        self.resource_type.attributes.iter().filter(|attribute| *inner(&attribute.ty) == Type::Bytes)
    }

    /// `create by set` makes `set` a creation, whatever it is called.
    pub(super) fn kind(&self, operation: &Operation) -> OperationKind {
        if self.resource_type.create.as_ref() == Some(&operation.name) {
            OperationKind::Create
        } else {
            operation.kind
        }
    }

    /// The identity of a record of this type.
    pub(super) fn identity(&self, attributes: &Map<String, Value>) -> Option<String> {
        attributes.get(&self.resource_type.identity).and_then(identity_text)
    }

    /// The name of a record of this type.
    pub(super) fn name(&self, attributes: &Map<String, Value>) -> Option<String> {
        attributes.get(self.resource_type.name_attribute.as_ref()?).and_then(identity_text)
    }

    /// What no two records of this type have alike; `None` where several may, or nothing of it is set.
    fn unique_key(&self, attributes: &Map<String, Value>) -> Option<String> {
        let unique = &self.resource_type.unique;
        let of = |path: &Vec<String>| {
            let (name, fields) = path.split_first()?;
            let value = attributes.get(name)?;
            let known = self.resource_type.attribute(name);
            let value = known.map_or(Cow::Borrowed(value), |known| known.compared(value));
            fields.iter().try_fold(&*value, |value, field| value.get(field)).cloned()
        };
        let values: Vec<Value> = unique.iter().map(|path| of(path).unwrap_or_default()).collect();
        let is_set = values.iter().any(|value| !value.is_null());
        is_set.then(|| values.iter().map(|value| canonical(value) + "\n").collect())
    }

    /// How a reference to a record is kept: its identity and its name.
    pub(super) fn reference(&self, attributes: &Map<String, Value>) -> Value {
        let mut reference = Map::new();
        for name in [Some(&self.resource_type.identity), self.resource_type.name_attribute.as_ref()]
            .into_iter()
            .flatten()
        {
            if let Some(value) = attributes.get(name) {
                reference.insert(name.clone(), value.clone());
            }
        }
        Value::Object(reference)
    }
}

fn taken_in(operation: &Operation) -> (Rc<Operation>, Rc<Mentioned>) {
    (Rc::new(operation.clone()), Rc::new(mentioned(operation)))
}

/// One resource.
pub(super) struct Record {
    pub(super) attributes: Map<String, Value>,
    /// Attribute → content.
    pub(super) contents: BTreeMap<String, Content>,
    /// Our mark, as it was given.
    pub(super) mark: Option<String>,
    /// Waits for its content before it becomes ready.
    pub(super) is_awaiting_content: bool,
    pub(super) transitions: Vec<Transition>,
    /// Uploads of its content that are under way.
    pub(super) n_filling: u32,
    /// Left half made by a restart: it changes no more.
    pub(super) is_stuck: bool,
}

/// A change that comes by itself.
pub(super) struct Transition {
    pub(super) at: Moment,
    /// Set first.
    pub(super) sets: Vec<(String, Value)>,
    /// Then made to hold.
    pub(super) condition: Option<Expr>,
}

impl Record {
    pub(super) fn new(attributes: Map<String, Value>) -> Record {
        Record {
            attributes,
            contents: BTreeMap::new(),
            mark: None,
            is_awaiting_content: false,
            transitions: Vec::new(),
            n_filling: 0,
            is_stuck: false,
        }
    }

    /// The site goes down while this is filled or on its way to being ready: it stays as the driver says that a restart leaves one.
    /// What the driver says nothing about goes on by itself.
    fn restart(&mut self, model: &Model, given: &Map<String, Value>) {
        let Some(stuck) = &model.resource_type.stuck else { return };
        let is_under_way = self.n_filling > 0 || !self.transitions.is_empty();
        if !is_under_way || self.is_ready(model, given) {
            return;
        }
        if let Some(left) = solve::reached(stuck, &self.attributes, given, &model.resource_type) {
            self.attributes = left;
            self.transitions.clear();
            self.is_stuck = true;
        }
    }

    /// Carries out what has come due, in the order of time.
    fn settle(&mut self, at: Moment, model: &Model, given: &Map<String, Value>) {
        if self.transitions.iter().all(|transition| transition.at > at) {
            return;
        }
        self.transitions.sort_by_key(|transition| transition.at);
        let later = self.transitions.iter().position(|transition| transition.at > at);
        let rest = self.transitions.split_off(later.unwrap_or(self.transitions.len()));
        for transition in std::mem::replace(&mut self.transitions, rest) {
            for (name, value) in transition.sets {
                self.attributes.insert(name, value);
            }
            if let Some(condition) = transition.condition
                && let Some(reached) =
                    solve::reached(&condition, &self.attributes, given, &model.resource_type)
            {
                self.attributes = reached;
            }
        }
    }

    /// Does the type's readiness hold?
    pub(super) fn is_ready(&self, model: &Model, given: &Map<String, Value>) -> bool {
        let names = Names { given, attributes: &self.attributes };
        model.resource_type.ready.as_ref().is_none_or(|ready| names.holds(&ready.condition))
    }
}

/// The records of one type at one site.
#[derive(Default)]
pub(super) struct Table {
    records: BTreeMap<String, Record>,
    names: BTreeMap<String, BTreeSet<String>>,
    /// What is unique of a record → its identity.
    unique: BTreeMap<String, String>,
    /// Idempotency key → identity of what it made.
    keys: BTreeMap<String, String>,
    /// How many were ever made.
    pub(super) made: u64,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn has(&self, identity: &str) -> bool {
        self.records.contains_key(identity)
    }

    /// Identities of the records of that name, in order.
    pub(super) fn named(&self, name: &str) -> Vec<String> {
        self.names.get(name).map(|identities| identities.iter().cloned().collect()).unwrap_or_default()
    }

    /// The identity of the record that has alike what is unique of the type.
    pub(super) fn alike(&self, attributes: &Map<String, Value>, model: &Model) -> Option<String> {
        self.unique.get(&model.unique_key(attributes)?).cloned()
    }

    /// The identity that a step with this key made, while it lives.
    pub(super) fn made_by(&self, key: &str) -> Option<&String> {
        self.keys.get(key).filter(|identity| self.has(identity))
    }

    /// Every identity, in order.
    pub(super) fn identities(&self) -> Vec<String> {
        self.records.keys().cloned().collect()
    }

    /// The record as it was last looked at.
    pub(super) fn record(&self, identity: &str) -> Option<&Record> {
        self.records.get(identity)
    }

    /// The record as it stands at that moment.
    pub(super) fn get(
        &mut self,
        identity: &str,
        at: Moment,
        model: &Model,
        given: &Map<String, Value>,
    ) -> Option<&mut Record> {
        let record = self.records.get_mut(identity)?;
        record.settle(at, model, given);
        Some(record)
    }

    /// The record as it stood when it was looked at last.
    pub(super) fn record_mut(&mut self, identity: &str) -> Option<&mut Record> {
        self.records.get_mut(identity)
    }

    /// The site goes down at that moment.
    pub(super) fn restart(&mut self, at: Moment, model: &Model, given: &Map<String, Value>) {
        for record in self.records.values_mut() {
            record.settle(at, model, given);
            record.restart(model, given);
        }
    }

    /// Puts a record in, in the place of one of the same identity. Gives the identity, `None` if it has none.
    pub(super) fn put(&mut self, record: Record, key: Option<&str>, model: &Model) -> Option<String> {
        let identity = model.identity(&record.attributes)?;
        self.remove(&identity, model);
        if let Some(name) = model.name(&record.attributes) {
            self.names.entry(name).or_default().insert(identity.clone());
        }
        if let Some(unique) = model.unique_key(&record.attributes) {
            self.unique.insert(unique, identity.clone());
        }
        if let Some(key) = key {
            self.keys.insert(key.to_string(), identity.clone());
        }
        self.records.insert(identity.clone(), record);
        Some(identity)
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, identity: &str, model: &Model) -> Option<Record> {
        let record = self.records.remove(identity)?;
        if let Some(name) = model.name(&record.attributes)
            && let Some(identities) = self.names.get_mut(&name)
        {
            identities.remove(identity);
        }
        self.is_unique_no_more(identity, model.unique_key(&record.attributes));
        Some(record)
    }

    fn is_unique_no_more(&mut self, identity: &str, unique: Option<String>) {
        if let Some(unique) =
            unique.filter(|unique| self.unique.get(unique).is_some_and(|has| has == identity))
        {
            self.unique.remove(&unique);
        }
    }

    /// Sets attributes of a record, names kept in order. Nothing if it is not there.
    pub(super) fn set(&mut self, identity: &str, attributes: Map<String, Value>, model: &Model) {
        let Some(record) = self.records.get_mut(identity) else { return };
        let old = model.name(&record.attributes);
        let old_unique = model.unique_key(&record.attributes);
        record.attributes.extend(attributes);
        let new = model.name(&record.attributes);
        let new_unique = model.unique_key(&record.attributes);
        if old_unique != new_unique {
            self.is_unique_no_more(identity, old_unique);
            if let Some(unique) = new_unique {
                self.unique.insert(unique, identity.to_string());
            }
        }
        if old != new {
            if let Some(identities) = old.and_then(|old| self.names.get_mut(&old)) {
                identities.remove(identity);
            }
            if let Some(new) = new {
                self.names.entry(new).or_default().insert(identity.to_string());
            }
        }
    }
}
