//! Finding things in a plan by name or id.
//!
//! `plan.resource_type("shelf.book")` → the driver `shelf` and its type.

use std::collections::BTreeSet;

use crate::driver::{Attribute, Driver, Operation, OperationKind, ResourceType, Service, Setting};
use crate::plan::{Action, Choice, ChoiceId, Plan, Site, SiteId, Step, StepId};

impl Plan {
    /// The step. The id must be of this plan.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.index()]
    }

    /// The site. The id must be of this plan.
    pub fn site(&self, id: SiteId) -> &Site {
        &self.sites[id.index()]
    }

    /// The choice. The id must be of this plan.
    pub fn choice(&self, id: ChoiceId) -> &Choice {
        &self.choices[id.index()]
    }

    /// The names of the sites at which an arm makes something; of one that only looks, those where it does.
    pub fn sites_of_arm(&self, choice: ChoiceId, arm: u32) -> BTreeSet<&str> {
        let mut open = vec![(choice, arm)];
        let mut members = Vec::new();
        while let Some((choice, arm)) = open.pop() {
            let arm = &self.choice(choice).arms[arm as usize];
            members.extend(arm.members.iter().map(|step| self.step(*step)));
            for inner in &arm.choices {
                open.extend((0..self.choice(*inner).arms.len() as u32).map(|arm| (*inner, arm)));
            }
        }
        let is_made = |step: &&Step| matches!(step.action, Action::Ensure { .. });
        let is_looked_for = |step: &&Step| matches!(step.action, Action::Lookup { .. });
        let name = |step: &Step| self.site(step.site).name.as_str();
        let made: BTreeSet<&str> = members.iter().copied().filter(is_made).map(name).collect();
        match made.is_empty() {
            true => members.iter().copied().filter(is_looked_for).map(name).collect(),
            false => made,
        }
    }

    /// A driver by its name.
    pub fn driver(&self, name: &str) -> Option<&Driver> {
        self.drivers.iter().find(|driver| driver.name == name)
    }

    /// A resource type by its full name, with its driver.
    pub fn resource_type(&self, name: &str) -> Option<(&Driver, &ResourceType)> {
        self.drivers.iter().find_map(|driver| Some((driver, driver.resource_type(name)?)))
    }

    /// Where what a step's output describes is: a step's own site, but of a `choose`, whose site is where the result is
    /// used, that of all its results; `None` where that is open before the run, and for a `gather` or a `gate`.
    pub fn location(&self, step: StepId) -> Option<SiteId> {
        let mut found = None;
        let mut seen = BTreeSet::new();
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            if !seen.insert(step) {
                continue;
            }
            let site = match &self.step(step).action {
                Action::Choose { results, .. } => {
                    open.extend(results);
                    continue;
                }
                Action::Gather { .. } | Action::Gate { .. } => return None,
                _ => self.step(step).site,
            };
            if *found.get_or_insert(site) != site {
                return None;
            }
        }
        found
    }

    /// The type that a step is about; `choose` and `gather` have none.
    pub fn resource_type_of(&self, step: &Step) -> Option<(&Driver, &ResourceType)> {
        self.resource_type(step.action.resource_type()?)
    }
}

impl Driver {
    /// A type by its full name.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.types.iter().find(|resource_type| resource_type.name == name)
    }

    /// A service by its name (not an alias).
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// A setting by its name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

impl ResourceType {
    /// An attribute by its name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// An operation by its name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// The first operation of that kind; one that is a part of another only where there is no other.
    pub fn operation_of(&self, kind: OperationKind) -> Option<&Operation> {
        let mut of_kind = self.operations.iter().filter(|operation| operation.kind == kind);
        of_kind.clone().find(|operation| operation.after.is_none()).or_else(|| of_kind.next())
    }

    /// Whether one read tells only a part of one of them: another operation is a part of it.
    pub fn is_read_in_parts(&self) -> bool {
        let read = self.operation_of(OperationKind::Read);
        read.is_some_and(|read| self.operations_after(&read.name).next().is_some())
    }

    /// The operation that creates one.
    pub fn create_operation(&self) -> Option<&Operation> {
        self.operation(self.create.as_deref()?)
    }

    /// The operations that are a part of `operation`, in order: `upload` after `create`.
    pub fn operations_after<'t>(&'t self, operation: &'t str) -> impl Iterator<Item = &'t Operation> {
        self.operations.iter().filter(move |later| later.after.as_deref() == Some(operation))
    }
}
