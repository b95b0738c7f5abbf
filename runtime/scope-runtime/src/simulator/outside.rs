//! What somebody else does at a site, past the program: it does not travel, so a cut does not keep it.
//!
//! `request("paris", "shelf.book", "delete", Some("Dune"), {})` → the book is gone, as if a librarian had taken it.

use std::rc::Rc;

use scope_plan::driver::OperationKind;
use serde_json::{Map, Value};

use super::Simulator;
use super::call::Call;
use super::store::Model;

/// A resource that a site holds, seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What its site knows it by.
    pub identity: String,
    /// What people call it.
    pub name: Option<String>,
    /// The owner mark it bears.
    pub mark: Option<String>,
    /// It is as its driver calls ready.
    pub is_ready: bool,
    /// Its attributes; what the driver calls secret is masked.
    pub attributes: Map<String, Value>,
}

impl Simulator {
    /// Does what a person at the site does with the application's own tools.
    ///
    /// # Errors
    /// What the site says instead, or that there is no such site, type or operation.
    pub fn request(
        &self,
        site: &str,
        resource_type: &str,
        operation: &str,
        subject: Option<&str>,
        inputs: &Map<String, Value>,
    ) -> Result<(), String> {
        let mut world = self.world.borrow_mut();
        world.settle_all();
        let at = world.clock.now();
        let position = world
            .sites
            .iter()
            .position(|own| own.name == site)
            .ok_or_else(|| format!("no site is called `{site}`"))?;
        let no_type = || format!("no type is called `{resource_type}`");
        let model = world.models.get(resource_type).cloned().ok_or_else(no_type)?;
        let found = model.resource_type.operation(operation);
        let found = found.ok_or_else(|| format!("`{resource_type}` has no operation `{operation}`"))?;
        let (operation, mentioned) = model.operation(found);
        let mut inputs = inputs.clone();
        let mut changes = None;
        if let Some(subject) = subject {
            if operation.kind == OperationKind::Update {
                changes = Some(inputs.clone());
            }
            let held = held_called(&mut world, position, &model, subject);
            let identity = match held.as_slice() {
                [one] => one.identity.clone(),
                [] => return Err(format!("no `{resource_type}` is called `{subject}` at {site}")),
                several => {
                    return Err(format!(
                        "{} of `{resource_type}` are called `{subject}` at {site}",
                        several.len()
                    ));
                }
            };
            inputs.insert(model.resource_type.identity.clone(), Value::String(identity));
        }
        let call = Call {
            model,
            operation,
            mentioned,
            inputs,
            changes,
            mark: None,
            key: format!("outside/{at}"),
            step: None,
            content: None,
        };
        world.perform(position, &call, at, false).map(drop).map_err(|error| error.words)
    }

    /// Resources of a type at a site that have this name or identity; all of the type without one.
    pub fn held(&self, site: &str, resource_type: &str, called: Option<&str>) -> Vec<Held> {
        let mut world = self.world.borrow_mut();
        world.settle_all();
        let position = world.sites.iter().position(|own| own.name == site);
        let (Some(position), Some(model)) = (position, world.models.get(resource_type).cloned()) else {
            return Vec::new();
        };
        let mut held = all_held(&mut world, position, &model);
        if let Some(called) = called {
            held.retain(|held| held.identity == called || held.name.as_deref() == Some(called));
        }
        held
    }
}

fn held_called(world: &mut super::world::World, site: usize, model: &Rc<Model>, called: &str) -> Vec<Held> {
    let mut held = all_held(world, site, model);
    held.retain(|held| held.identity == called || held.name.as_deref() == Some(called));
    held
}

fn all_held(world: &mut super::world::World, site: usize, model: &Rc<Model>) -> Vec<Held> {
    let at = world.clock.now();
    let names = world.sites[site].given_to(&model.driver);
    let Some(table) = world.sites[site].tables.get_mut(&model.resource_type.name) else { return Vec::new() };
    let identities = table.identities();
    let held = identities.into_iter().filter_map(|identity| {
        let record = table.get(&identity, at, model, &names)?;
        Some(Held {
            name: model.name(&record.attributes),
            mark: record.mark.clone(),
            is_ready: record.is_ready(model, &names) && !record.is_awaiting_content,
            attributes: match super::query::written(model, record) {
                Value::Object(attributes) => attributes,
                _ => Map::new(),
            },
            identity,
        })
    });
    held.collect()
}
