//! What has another name by now, and nothing says so.
//!
//! `old: http.resource { path: "/x" }` is recorded, and the program has `new: http.resource { path: "/x" }` there → E0319: one would be
//! made and the other deleted, in whatever order, and they are one thing. `moved_from: "old"` says that it is the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scope_analysis::hir::{Resource, ResourceKind};
use scope_analysis::{UniqueKeys, key_of_set};
use scope_diagnostics::{Diagnostic, codes};
use scope_plan::fleet::listed;
use scope_plan::recorded::RecordedResource;

use super::Lowering;
use super::removed::Places;

impl<'a> Lowering<'a> {
    /// Refuses to delete under one name what is made under another one.
    pub(super) fn renamed_unsaid(&mut self, deletions: &Places<'_>) {
        let (program, recorded) = (self.program, self.recorded);
        let is_gone = |known: &&RecordedResource| {
            !known.stays()
                && !self.resources_by_name.contains_key(known.name.as_str())
                && deletions.contains_key(&(known.name.as_str(), known.site.as_str()))
        };
        let mut gone: HashMap<(&str, &str, String), &RecordedResource> = HashMap::new();
        for known in recorded.resources.iter().filter(is_gone) {
            let key = key_of_set(&self.driver_type(&known.resource_type).unique, &known.set);
            gone.extend(key.map(|key| ((known.resource_type.as_str(), known.site.as_str(), key), known)));
        }
        if gone.is_empty() {
            return;
        }
        let keys = UniqueKeys { resources: &program.resources, drivers: &program.drivers };
        // Old path and new path, without what both end in → the resource, and the sites.
        let mut renamed: BTreeMap<(&str, &str), (&'a Resource, BTreeSet<&str>)> = BTreeMap::new();
        for resource in program.resources.iter().filter(|resource| resource.kind == ResourceKind::Managed) {
            let unique = &self.driver_type(&resource.ty).unique;
            for id in resource.instances.keys() {
                let key = keys.of_instance(unique, resource, *id).map(|(key, _)| key);
                let site = program.sites[id.0 as usize].name.as_str();
                let known = key.and_then(|key| gone.get(&(resource.ty.as_str(), site, key)));
                if let Some(known) = known {
                    let paths = without_common_end(&known.name, &resource.name);
                    renamed.entry(paths).or_insert((resource, BTreeSet::new())).1.insert(site);
                }
            }
        }
        for ((old, new), (resource, sites)) in renamed {
            let sites: Vec<&str> = sites.into_iter().collect();
            let message = format!("`{new}` is what was made as `{old}` at {}", listed(&sites));
            self.refused.push(
                Diagnostic::new(codes::E0319, resource.span, message)
                    .label(format!("`{old}` is no longer in the program"))
                    .note("one would be made and the other deleted, and they are one thing there")
                    .help(format!(
                        "if it is the same by another name, write `with {{ moved_from: \"{}\" }}`; if not, have it made once the other is gone",
                        old.replace('"', "\\\"")
                    )),
            );
        }
    }
}

/// Two paths without the elements and names inside a group in which both end: `old["a"]`, `new["a"]` → `old`, `new`.
fn without_common_end<'p>(old: &'p str, new: &'p str) -> (&'p str, &'p str) {
    let mut paths = (old, new);
    for (place, _) in old.match_indices(['[', '.']) {
        let end = &old[place..];
        if let Some(new) = new.strip_suffix(end).filter(|new| !new.is_empty()) {
            paths = (&old[..place], new);
            break;
        }
    }
    paths
}
