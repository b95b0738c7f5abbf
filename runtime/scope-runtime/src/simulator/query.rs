//! What tests and people ask of a simulation from outside: what the sites hold, what they were asked, and changes made
//! past the program.
//!
//! `simulator.record("paris", "shelf.book", "Dune")` → `{ "id": "3f0c…", "title": "Dune", … }`

use std::rc::Rc;

use scope_plan::plan::SimulatedResource;
use serde_json::{Map, Value, json};

use super::store::{Model, Record};
use super::types::{check, map_references};
use super::{LoggedCall, SimulationError, Simulator};

impl Simulator {
    /// The attribute by which a site identifies what is of a type, where the site makes it up, and the one that names it.
    pub(crate) fn identified_by(&self, resource_type: &str) -> (Option<String>, Option<String>) {
        let world = self.world.borrow();
        let Some(model) = world.models.get(resource_type) else { return (None, None) };
        let ty = &model.resource_type;
        let is_made_up = model.attribute(&ty.identity).is_some_and(|identity| identity.is_computed);
        (is_made_up.then(|| ty.identity.clone()), ty.name_attribute.clone())
    }

    /// All that the sites hold, the same bytes for the same state: site → type → records, by name and identity. What
    /// the driver calls secret is masked.
    pub fn snapshot(&self) -> Value {
        let mut world = self.world.borrow_mut();
        world.settle_all();
        let at = world.clock.now();
        let models = world.models.clone();
        let mut sites = Map::new();
        for site in &mut world.sites {
            let mut types = Map::new();
            for (resource_type, table) in &mut site.tables {
                let Some(model) = models.get(resource_type) else { continue };
                let names = site.given.get(&model.driver).cloned().unwrap_or_default();
                let mut records: Vec<(Option<String>, String, Value)> = Vec::new();
                for identity in table.identities() {
                    if let Some(record) = table.get(&identity, at, model, &names) {
                        records.push((model.name(&record.attributes), identity, written(model, record)));
                    }
                }
                records.sort_by(|left, right| (&left.0, &left.1).cmp(&(&right.0, &right.1)));
                if !records.is_empty() {
                    let records = records.into_iter().map(|(_, _, record)| record).collect();
                    types.insert(resource_type.clone(), Value::Array(records));
                }
            }
            sites.insert(site.name.clone(), Value::Object(types));
        }
        Value::Object(sites)
    }

    /// The records of a type at a site, by name and identity; none where there is no such site.
    pub fn records(&self, site: &str, resource_type: &str) -> Vec<Value> {
        let snapshot = self.snapshot();
        snapshot
            .get(site)
            .and_then(|types| types.get(resource_type))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    }

    /// The one record of that name or identity; `None` if there is none or several.
    pub fn record(&self, site: &str, resource_type: &str, name: &str) -> Option<Value> {
        let model = self.world.borrow().models.get(resource_type).cloned()?;
        let is_it = |record: &Map<String, Value>| {
            model.identity(record).as_deref() == Some(name) || model.name(record).as_deref() == Some(name)
        };
        let mut found: Vec<Value> = self
            .records(site, resource_type)
            .into_iter()
            .filter(|record| record.as_object().is_some_and(is_it))
            .collect();
        if found.len() == 1 { found.pop() } else { None }
    }

    /// How many of a type a site holds.
    pub fn count(&self, site: &str, resource_type: &str) -> usize {
        let mut world = self.world.borrow_mut();
        world.settle_all();
        let site = world.sites.iter().find(|own| own.name == site);
        site.and_then(|site| site.tables.get(resource_type)).map_or(0, super::store::Table::len)
    }

    /// Every request that a site carried out or refused, in the order of time at each site.
    pub fn calls(&self) -> Vec<LoggedCall> {
        let mut world = self.world.borrow_mut();
        world.settle_all();
        let mut calls = world.log.clone();
        calls.sort_by_key(|call| call.at_us);
        calls
    }

    /// Puts a resource at a site past the program, complete and ready.
    ///
    /// # Errors
    /// When there is no such site or the resource is not of its type.
    pub fn insert(&self, site: &str, resource: &SimulatedResource) -> Result<(), SimulationError> {
        let position = self.position(site)?;
        let problems = self.world.borrow_mut().declare(position, std::slice::from_ref(resource));
        if problems.is_empty() { Ok(()) } else { Err(SimulationError { problems }) }
    }

    /// Changes attributes of a resource past the program: drift.
    ///
    /// # Errors
    /// When it is not there, or a value is not of its type.
    pub fn change(
        &self,
        site: &str,
        resource_type: &str,
        name: &str,
        changes: &Map<String, Value>,
    ) -> Result<(), SimulationError> {
        let (position, model, identity) = self.find_one(site, resource_type, name)?;
        let mut world = self.world.borrow_mut();
        let mut new = Map::new();
        for (name, value) in changes {
            let attribute = model
                .attribute(name)
                .ok_or_else(|| problem(format!("`{resource_type}` has no attribute `{name}`")))?;
            check(&attribute.ty, value, name).map_err(problem)?;
            let value = map_references(&attribute.ty, value, &mut |target, reference| {
                world
                    .reference(position, target, reference)
                    .ok_or_else(|| problem(format!("`{name}` leads to no `{target}` at `{site}`")))
            })?;
            new.insert(name.clone(), value);
        }
        world.table(position, &model).set(&identity, new, &model);
        Ok(())
    }

    /// Takes a resource away past the program.
    ///
    /// # Errors
    /// When it is not there.
    pub fn remove(&self, site: &str, resource_type: &str, name: &str) -> Result<(), SimulationError> {
        let (position, model, identity) = self.find_one(site, resource_type, name)?;
        self.world.borrow_mut().table(position, &model).remove(&identity, &model);
        Ok(())
    }

    fn find_one(
        &self,
        site: &str,
        resource_type: &str,
        name: &str,
    ) -> Result<(usize, Rc<Model>, String), SimulationError> {
        let position = self.position(site)?;
        let missing = || problem(format!("no `{resource_type}` `{name}` at `{site}`"));
        let record = self.record(site, resource_type, name).ok_or_else(missing)?;
        let model = self.world.borrow().models.get(resource_type).cloned().ok_or_else(missing)?;
        let identity = record.as_object().and_then(|record| model.identity(record)).ok_or_else(missing)?;
        Ok((position, model, identity))
    }

    fn position(&self, site: &str) -> Result<usize, SimulationError> {
        let world = self.world.borrow();
        world
            .sites
            .iter()
            .position(|own| own.name == site)
            .ok_or_else(|| problem(format!("no site is called `{site}`")))
    }
}

fn problem(words: impl Into<String>) -> SimulationError {
    SimulationError { problems: vec![words.into()] }
}

/// A record for people and tests: attributes as they are kept, secrets masked, content by digest and length.
pub(super) fn written(model: &Model, record: &Record) -> Value {
    let mut result = Map::new();
    for (name, value) in &record.attributes {
        let is_awaited = model.contents().any(|attribute| attribute.name == *name);
        if is_awaited && !record.contents.contains_key(name) {
            continue;
        }
        let is_secret = model.attribute(name).is_some_and(|attribute| attribute.is_secret);
        let shown = if is_secret && !value.is_null() { json!("***") } else { value.clone() };
        result.insert(name.clone(), shown);
    }
    Value::Object(result)
}
