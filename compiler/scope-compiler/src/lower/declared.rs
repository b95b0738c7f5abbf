//! What a program calls by name and declares itself, and what it does to one thing one after the other.
//!
//! ```text
//! $ openstack server stop vm                      resource vm: openstack.server { name: "vm", … }
//! $ openstack server create b --image base    and resource base: openstack.image { name: "base", … } of the same site
//! ```
//! → data edges from the ensures of `vm` and `base`, wherever these stand in the text; no look-up that could run before
//! they exist. Two actions on `vm` run in the program's order.

use std::collections::BTreeMap;

use scope_analysis::hir::{self, Program, Resource, ResourceId, ResourceKind, Value};
use scope_plan::expr::Expr;
use scope_plan::plan::{Edge, EdgeReason, StepId};

use super::Lowering;

/// The resources that the program makes, by type and what they are called.
#[derive(Debug, Default)]
pub(super) struct Declared<'p> {
    by_name: BTreeMap<(&'p str, &'p str), Vec<ResourceId>>,
}

/// The attributes by which people call something.
fn called_by<'p>(program: &'p Program, ty: &str) -> Vec<&'p str> {
    let driver = ty.split_once('.').map_or(ty, |(driver, _)| driver);
    let resource_type = program.drivers.get(driver).and_then(|driver| driver.types.get(ty));
    resource_type.map_or_else(Vec::new, |resource_type| {
        let name = resource_type.name_attribute.as_deref();
        name.into_iter().chain([resource_type.identity.as_str()]).collect()
    })
}

impl<'p> Declared<'p> {
    pub(super) fn of(program: &'p Program) -> Self {
        let mut by_name: BTreeMap<(&str, &str), Vec<ResourceId>> = BTreeMap::new();
        for resource in program.resources.iter().filter(|resource| resource.kind == ResourceKind::Managed) {
            let attributes = called_by(program, &resource.ty);
            for instance in resource.instances.values() {
                for slot in attributes.iter().filter_map(|name| instance.attributes.get(*name)) {
                    let Value::Text(text) = &slot.value else { continue };
                    let known = by_name.entry((&resource.ty, text)).or_default();
                    if known.last() != Some(&resource.id) {
                        known.push(resource.id);
                    }
                }
            }
        }
        Self { by_name }
    }

    /// The resource of this type that is so called at this site; two of them are nobody's.
    pub(super) fn at(
        &self,
        program: &Program,
        ty: &str,
        text: &str,
        site: hir::SiteId,
    ) -> Option<ResourceId> {
        let attributes = called_by(program, ty);
        let is_called = |id: &&ResourceId| {
            let instance = program.resources[id.0 as usize].instances.get(&site);
            instance.is_some_and(|instance| {
                let mut slots = attributes.iter().filter_map(|name| instance.attributes.get(*name));
                slots.any(|slot| matches!(&slot.value, Value::Text(known) if known == text))
            })
        };
        let mut here = self.by_name.get(&(ty, text))?.iter().filter(is_called);
        here.next().copied().filter(|_| here.next().is_none())
    }

    /// The resources of the program that a request calls by name: they come before it.
    pub(super) fn called_in(&self, program: &Program, resource: &Resource, ids: &mut Vec<ResourceId>) {
        let is_action = matches!(resource.kind, ResourceKind::Call { .. } | ResourceKind::Print { .. });
        for (site, instance) in &resource.instances {
            for reference in &instance.references {
                let hir::ReferenceTarget::Text(Value::Text(text)) = &reference.target else { continue };
                let sites = reference.location.sites();
                ids.extend(sites.iter().filter_map(|at| self.at(program, &reference.ty, text, *at)));
            }
            for name in called_by(program, &resource.ty).into_iter().filter(|_| is_action) {
                if let Some(Value::Text(text)) = instance.attributes.get(name).map(|slot| &slot.value) {
                    ids.extend(self.at(program, &resource.ty, text, *site));
                }
            }
        }
        ids.retain(|id| *id != resource.id);
    }
}

/// The actions on one thing so far.
#[derive(Debug, Default)]
pub(super) struct Acted {
    last_change: Option<StepId>,
    reads_since: Vec<StepId>,
}

impl Lowering<'_> {
    /// The step that makes what the program calls so at this site, if it is always made; else what is called so has to be
    /// looked up.
    pub(super) fn declared(&self, ty: &str, site: hir::SiteId, text: &Expr) -> Option<StepId> {
        let Expr::Value(serde_json::Value::String(text)) = text else { return None };
        let id = self.declared.at(self.program, ty, text, site)?;
        let step = self.instances.get(&(id, site)).copied()?;
        self.plan.steps[step.index()].when.is_empty().then_some(step)
    }

    /// A look-up of what the program makes in one of several places comes after that is decided.
    pub(super) fn after_declared(&mut self, ty: &str, site: hir::SiteId, text: &Expr, lookup: StepId) {
        let Expr::Value(serde_json::Value::String(text)) = text else { return };
        let Some(id) = self.declared.at(self.program, ty, text, site) else { return };
        let ends = self.done.get(&id).map(|lowered| lowered.ends.clone()).unwrap_or_default();
        for from in ends {
            if self.plan.steps[from.index()].when.is_empty() {
                self.plan.edges.push(Edge { from, to: lookup, reason: EdgeReason::After });
            }
        }
    }

    /// Actions on the same thing at the same site come one after the other, as written; reads only wait for changes.
    pub(super) fn in_order(&mut self, resource: &Resource, site: hir::SiteId, subject: &Expr, step: StepId) {
        let reads = matches!(resource.kind, ResourceKind::Print { .. });
        let key = (resource.ty.clone(), site, subject.to_string());
        let acted = self.acted.entry(key).or_default();
        let mut before: Vec<StepId> = acted.last_change.into_iter().collect();
        if reads {
            acted.reads_since.push(step);
        } else {
            before.append(&mut acted.reads_since);
            acted.last_change = Some(step);
        }
        for from in before {
            let (first, then) = (&self.plan.steps[from.index()], &self.plan.steps[step.index()]);
            // What stands in an alternative may not be done at all, and holds up only its neighbours there.
            let edge = Edge { from, to: step, reason: EdgeReason::After };
            let is_there = first.when.is_empty() || first.when == then.when;
            if from != step && is_there && !then_waits(&self.plan.edges, &edge) {
                self.plan.edges.push(edge);
            }
        }
    }
}

/// Whether the last edges, those of the step itself, have this one.
fn then_waits(edges: &[Edge], edge: &Edge) -> bool {
    edges.iter().rev().take_while(|known| known.to == edge.to).any(|known| known == edge)
}
