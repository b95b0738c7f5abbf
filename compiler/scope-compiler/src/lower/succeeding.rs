//! What is new, and perhaps what is deleted beside it: only the run knows.
//!
//! `old: net.rule { to: "b" }` is recorded, and the program has `new: net.rule { to: other.address }` there → `new` first, and after it delete
//! `old`. Where the run finds `old` in the place of `new` (E0907), it stays, and can still be said to be the same (`moved_from`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scope_analysis::UniqueKeys;
use scope_analysis::hir::{self, Resource, ResourceKind, ResourceType};
use scope_plan::plan::{Edge, EdgeReason, StepId};
use scope_plan::recorded::{How, RecordedResource};
use serde_json::Value;

use super::Lowering;
use super::removed::Places;

/// What tells two of a type apart, as far as it is known: of each such path its value.
type Known = BTreeMap<usize, Value>;

/// What is deleted of a type at a site.
#[derive(Default)]
struct Gone {
    all: Vec<(Known, StepId)>,
    /// By the paths that are known of something new: what has these values, and what is not known to have others.
    by_paths: HashMap<Vec<usize>, ByValue>,
}

#[derive(Default)]
struct ByValue {
    alike: HashMap<String, Vec<StepId>>,
    perhaps: Vec<(Known, StepId)>,
}

impl Lowering<'_> {
    /// Has what is deleted wait for what may be the same thing by another name, and is not known to be before the run.
    pub(super) fn successors_first(&mut self, deletions: &Places<'_>) {
        let (program, recorded) = (self.program, self.recorded);
        let keys = UniqueKeys {
            resources: &program.resources,
            drivers: &program.drivers,
            canonical: Some(super::driver::canonical_form),
        };
        let is_gone = |known: &&RecordedResource| {
            known.how != How::Borrowed && !self.resources_by_name.contains_key(known.name.as_str())
        };
        let mut gone: BTreeMap<(&str, &str), Gone> = BTreeMap::new();
        for known in recorded.resources.iter().filter(is_gone) {
            let Some(deletion) = deletions.get(&(known.name.as_str(), known.site.as_str())) else { continue };
            let ty = self.driver_type(&known.resource_type);
            let paths = telling(ty).into_iter().enumerate();
            let values = paths.filter_map(|(at, path)| Some((at, keys.set_at(ty, &known.set, &path)?)));
            let place = (known.resource_type.as_str(), known.site.as_str());
            gone.entry(place).or_default().all.push((values.collect(), *deletion));
        }
        gone.retain(|(ty, _), _| is_told_by_values(self.driver_type(ty)));
        if gone.is_empty() {
            return;
        }
        let there: BTreeSet<(&str, &str)> =
            recorded.resources.iter().map(|known| (known.name.as_str(), known.site.as_str())).collect();
        let mut edges = Vec::new();
        for resource in program.resources.iter().filter(|resource| resource.kind == ResourceKind::Managed) {
            for site in resource.instances.keys() {
                let name = program.sites[site.0 as usize].name.as_str();
                let Some(gone) = gone.get_mut(&(resource.ty.as_str(), name)) else { continue };
                if there.contains(&(resource.name.as_str(), name)) {
                    continue;
                }
                let ends = self.ends_at(resource, *site);
                if ends.is_empty() {
                    continue;
                }
                let ty = self.driver_type(&resource.ty);
                let paths = telling(ty).into_iter().enumerate();
                let values =
                    paths.filter_map(|(at, path)| Some((at, keys.said_at(ty, resource, *site, &path)?)));
                for deletion in gone.perhaps(&values.collect()) {
                    edges.extend(ends.iter().map(|end| Edge {
                        from: *end,
                        to: deletion,
                        reason: EdgeReason::Move,
                    }));
                }
            }
        }
        self.plan.edges.extend(edges);
    }

    /// The steps after which it is known whether it is at a site: where alternatives decide that, their end.
    fn ends_at(&self, resource: &Resource, site: hir::SiteId) -> BTreeSet<StepId> {
        match self.instances.get(&(resource.id, site)) {
            Some(step) if self.plan.steps[step.index()].when.is_empty() => BTreeSet::from([*step]),
            Some(_) => self.ends_of(resource.id),
            None => BTreeSet::new(),
        }
    }
}

impl Gone {
    /// The deletions of what may be what has these values.
    fn perhaps(&mut self, new: &Known) -> BTreeSet<StepId> {
        let paths: Vec<usize> = new.keys().copied().collect();
        let all = &self.all;
        let by_value = self.by_paths.entry(paths).or_insert_with_key(|paths| ByValue::of(all, paths));
        let alike = by_value.alike.get(&text(new.values())).into_iter().flatten().copied();
        let is_perhaps =
            |known: &Known| known.iter().all(|(at, value)| new.get(at).is_none_or(|new| new == value));
        let perhaps = by_value.perhaps.iter().filter(|(known, _)| is_perhaps(known)).map(|(_, step)| *step);
        alike.chain(perhaps).collect()
    }
}

impl ByValue {
    fn of(all: &[(Known, StepId)], paths: &[usize]) -> Self {
        let mut by_value = Self::default();
        for (known, step) in all {
            let values: Vec<&Value> = paths.iter().filter_map(|path| known.get(path)).collect();
            match values.len() == paths.len() {
                true => by_value.alike.entry(text(values.into_iter())).or_default().push(*step),
                false => by_value.perhaps.push((known.clone(), *step)),
            }
        }
        by_value
    }
}

/// Values as one text.
fn text<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

/// Whether the run may take another one for it by what it is given: no two are alike at a site, or it has neither a name nor room for a mark.
/// Where references tell, both may be of one thing that has room for one of them: the old one goes as soon as it can.
fn is_told_by_values(ty: &ResourceType) -> bool {
    let is_reference = |path: &Vec<String>| {
        let attribute = path.first().and_then(|name| ty.attributes.get(name));
        attribute.is_some_and(|attribute| attribute.reference.is_some())
    };
    match ty.unique.is_empty() {
        true => ty.mark.is_none(),
        false => !ty.unique.iter().any(is_reference),
    }
}

/// The paths of what tells one of a type from others.
fn telling(ty: &ResourceType) -> Vec<Vec<String>> {
    match ty.unique.is_empty() {
        true => ty.attributes.keys().map(|attribute| vec![attribute.clone()]).collect(),
        false => ty.unique.clone(),
    }
}
