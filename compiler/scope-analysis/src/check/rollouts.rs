//! Rollouts: whether there are waves to be made, and of what; and what was renamed.
//!
//! `rollout: { first: lille }` at one site → E0317; `first: rennes` where it is not → E0316.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};

use crate::context::Context;
use crate::hir::{MovedFrom, Resource, ResourceId, ResourceKind, Rollout, SiteId};

/// Checks every rollout once, over all that it rolls out.
pub(crate) fn check_rollouts(context: &Context<'_>, resources: &[Resource]) {
    let mut rolled: IndexMap<&str, Vec<(&Resource, &Rollout)>> = IndexMap::new();
    for resource in resources {
        if let Some(rollout) = &resource.with.rollout {
            rolled.entry(&rollout.owner).or_default().push((resource, rollout));
        }
    }
    for (owner, rolled) in rolled {
        let made: Vec<(&Resource, &Rollout)> =
            rolled.iter().copied().filter(|(resource, _)| resource.kind == ResourceKind::Managed).collect();
        let (_, rollout) = rolled[0];
        if made.is_empty() {
            context.report(
                Diagnostic::new(
                    codes::E0317,
                    rollout.span,
                    format!("`{owner}` is not made, so nothing is rolled out"),
                )
                .label("waves of nothing")
                .secondary(rolled[0].0.span, "read, or done once")
                .help("leave `rollout` out: it is for a `resource`"),
            );
            continue;
        }
        check_rollout(context, owner, rollout, &made);
    }
    check_moves(context, resources);
}

fn check_rollout(context: &Context<'_>, owner: &str, rollout: &Rollout, made: &[(&Resource, &Rollout)]) {
    if let Some((other, _)) = made.iter().find(|(_, other)| !other.says_as(rollout)) {
        context.report(
            Diagnostic::new(
                codes::E0316,
                rollout.span,
                format!("the waves of `{owner}` are not the same for all of it"),
            )
            .label("depends on the element")
            .secondary(other.span, format!("other waves for `{}`", other.name))
            .help("name the sites of the first wave themselves: one rollout is over all elements"),
        );
        return;
    }
    if let Some((choosing, _)) = made.iter().find(|(resource, _)| resource.location.has_alternatives()) {
        context.report(
            Diagnostic::new(
                codes::E0317,
                rollout.span,
                format!("the sites of `{}` are known only in the run", choosing.name),
            )
            .label("waves need sites that are all taken")
            .secondary(choosing.location.span, "one of these is chosen")
            .help("`&` makes it at each of them; leave `rollout` out where one is chosen"),
        );
        return;
    }
    let mut sites: Vec<SiteId> = Vec::new();
    for (resource, _) in made {
        let new: Vec<SiteId> =
            resource.location.sites().into_iter().filter(|site| !sites.contains(site)).collect();
        sites.extend(new);
    }
    if sites.len() < 2 {
        context.report(
            Diagnostic::new(codes::E0317, rollout.span, format!("`{owner}` is at one site"))
                .label("a rollout goes from site to site")
                .secondary(made[0].0.location.span, "the only place")
                .help("leave `rollout` out, or widen the scope: `each(edge)`, `a & b`, a family over sites"),
        );
        return;
    }
    check_waves(context, owner, rollout, &sites);
}

fn check_waves(context: &Context<'_>, owner: &str, rollout: &Rollout, sites: &[SiteId]) {
    let first_span = rollout.first_span.unwrap_or(rollout.span);
    let is_elsewhere = |site: &&SiteId| !sites.contains(site);
    if let Some(elsewhere) = rollout.first.iter().find(is_elsewhere) {
        context.report(
            Diagnostic::new(
                codes::E0316,
                first_span,
                format!("`{owner}` is not at {}, which goes first", context.site_name(*elsewhere)),
            )
            .label("not one of its sites")
            .help(format!("it is at {}", context.site_names(sites))),
        );
        return;
    }
    let waves = rollout.waves(sites);
    if waves.len() < 2 {
        let message = format!("all {} sites of `{owner}` are in one wave", sites.len());
        context.report(
            Diagnostic::new(codes::E0316, rollout.first_span.unwrap_or(rollout.span), message)
                .label("nothing is left for another one")
                .help(format!(
                    "let one go first: `first: {}`; or some at a time: `then: 1`",
                    context.site_name(sites[0])
                )),
        );
        return;
    }
    if rollout.stop_after as usize > sites.len() {
        let message = format!("`{owner}` is at {} sites: {} cannot fail", sites.len(), rollout.stop_after);
        context.report(
            Diagnostic::new(codes::E0316, rollout.stop_span.unwrap_or(rollout.span), message)
                .label("never stops")
                .help("`stop_after: 1` stops at the first failure"),
        );
    }
}

/// Nothing can have been two things, or be something that is still there.
fn check_moves(context: &Context<'_>, resources: &[Resource]) {
    let mut former = former_names(resources, |_| false);
    if former.is_empty() {
        return;
    }
    let declared: BTreeMap<&str, &Resource> =
        resources.iter().map(|resource| (resource.name.as_str(), resource)).collect();
    // Of two it is said of the second one by name, whichever stands first.
    former.sort_by_key(|former| &resources[former.id.0 as usize].name);
    let mut claimed: BTreeMap<&str, &Resource> = BTreeMap::new();
    for FormerName { id, name: old, .. } in &former {
        let resource = &resources[id.0 as usize];
        let Some(moved) = &resource.with.moved_from else { continue };
        if let Some(still) = declared.get(old.as_str()).filter(|still| still.id != *id) {
            context.report(
                Diagnostic::new(
                    codes::E0319,
                    moved.span,
                    format!("`{old}` is still in the program, so `{}` was not it", resource.name),
                )
                .label("moved from here")
                .secondary(still.span, format!("`{old}` is declared"))
                .help("take the old one out, or leave `moved_from` out"),
            );
        } else if let Some(other) = claimed.insert(old, resource) {
            context.report(
                Diagnostic::new(
                    codes::E0319,
                    moved.span,
                    format!("`{}` and `{}` were both `{old}`", other.name, resource.name),
                )
                .label("only one can have been it")
                .secondary(other.span, "the other one")
                .help(match element_of(&resource.name) {
                    Some((_, key)) if old.ends_with(']') => {
                        format!("where only one was it: {}", of_one(key, old))
                    }
                    _ => "name each one's own path; one name for a whole family is the family's".to_owned(),
                }),
            );
        }
    }
}

/// A family's path, and the key of the element that a path ends in: `vm["a"]` → `vm`, `"a"`.
pub fn element_of(path: &str) -> Option<(&str, &str)> {
    // Within a key a quote is never bare.
    let (family, _) = path.strip_suffix(']')?.rsplit_once("[\"")?;
    Some((family, &path[family.len() + 1..path.len() - 1]))
}

/// How one element of a family says what it was, `name` being what the family's `for` calls it.
pub fn of_one(key: &str, old: &str) -> String {
    let old = old.replace('"', "\\\"");
    format!(
        "`with (if name == {key} then {{ moved_from: \"{old}\" }} else {{ }})`, `name` as its `for` calls it"
    )
}

/// What a resource was recorded as, as far as the program tells.
pub struct FormerName {
    /// What is called otherwise now.
    pub id: ResourceId,
    /// `server["a"]`
    pub name: String,
    /// What it was where `name` was never recorded: of a family, one path can be that of what was no family.
    pub or: Option<String>,
    /// Whether no other element can have been `or`, wherever that is.
    pub is_only: bool,
    /// What else it may have been, where that is seen by its mark.
    pub others: Vec<String>,
    /// The path as it is meant: the group's in which it is written, or the program's.
    path: String,
    /// What says so: an item, and the element of it.
    item: String,
    element: String,
}

impl FormerName {
    /// What it was as an element of a family: its path there is its own with the old one, and a key after that. Told by what stands before the key,
    /// and what stands after it. A path that ends in a key is that of no family.
    pub fn as_element<'r>(&'r self, resource: &'r Resource) -> Option<(&'r str, &'r str)> {
        let inside = || resource.name.strip_prefix(&self.element).unwrap_or_default();
        (!self.path.ends_with(']')).then(|| (self.path.as_str(), inside()))
    }

    /// The family that it is an element of now, and the old path that it says.
    pub fn family(&self) -> Option<(&str, &str)> {
        (self.element != self.item).then_some((self.item.as_str(), self.path.as_str()))
    }
}

/// What resources were recorded as, of those that say `moved_from`. A name that a whole family or group shares is the
/// family's or the group's; where each element has a name of its own, or one of several has one, it is the element's. So is
/// a path that ends in a key: an item has none.
///
/// `vm["a"]` with `moved_from: "server"` at the family → `server["a"]`, with `moved_from: "vm[\"b\"]"` → `vm["b"]`; `lab.net` of a
/// group `lab` that was `test` → `test.net`. In a module a path is one of the same use of it; where nothing is recorded (`is_recorded`) below that one, it is one of what
/// that use was called, as it says, or one of the program.
pub fn former_names(resources: &[Resource], is_recorded: impl Fn(&str) -> bool) -> Vec<FormerName> {
    let mut said: BTreeMap<&str, Said<'_>> = BTreeMap::new();
    for moved in resources.iter().flat_map(Resource::moved_from) {
        let said = said.entry(&moved.item).or_default();
        said.paths.insert(&moved.path);
        said.elements.insert(&moved.element);
    }
    if said.is_empty() {
        return Vec::new();
    }
    for resource in resources {
        let by: Vec<&MovedFrom> = resource.moved_from().collect();
        for (key, _) in resource.name.match_indices('[') {
            let item = &resource.name[..key];
            if let Some(said) = said.get_mut(item).filter(|_| by.iter().all(|moved| moved.item != item)) {
                said.has_silent = true;
            }
        }
    }
    let former = |resource: &Resource| {
        let by: Vec<&MovedFrom> = resource.moved_from().collect();
        let own = *by.first()?;
        let mut paths = own.paths_within();
        paths.push(own.path.clone());
        let own_path = paths.into_iter().find(|path| is_recorded(path)).map(|path| (own, path));
        // A word that was left where it is, and has done its work: what is around it goes for the name that the part has now.
        let around = || {
            by[1..].iter().find_map(|moved| {
                let is_it = |path: &String| {
                    let below = |at: &str| resource.name.strip_prefix(at).unwrap_or_default();
                    [&moved.item, &moved.element]
                        .iter()
                        .any(|at| is_recorded(&format!("{path}{}", below(at))))
                };
                moved.paths_within().into_iter().find(is_it).map(|path| (*moved, path))
            })
        };
        let (moved, path) = own_path.or_else(around).unwrap_or_else(|| (own, own.path_within().into_owned()));
        let was = |now: &str| {
            let below = resource.name.strip_prefix(now).unwrap_or_default();
            format!("{path}{below}")
        };
        let said = &said[moved.item.as_str()];
        let is_family = moved.element != moved.item;
        let is_each =
            said.paths.len() > 1 || moved.path.ends_with(']') || said.elements.len() == 1 && said.has_silent;
        let (name, or) = match is_each {
            true => (was(&moved.element), None),
            false => (was(&moved.item), is_family.then(|| was(&moved.element))),
        };
        Some(FormerName {
            id: resource.id,
            name,
            or,
            is_only: !is_each && said.elements.len() == 1 && is_family,
            others: match by.len() {
                1 => Vec::new(),
                _ => by.iter().flat_map(|moved| moved.former(&resource.name)).collect(),
            },
            path,
            item: moved.item.clone(),
            element: moved.element.clone(),
        })
    };
    resources.iter().filter_map(former).collect()
}

/// What the elements of one family, or the parts of one group, say that they were.
#[derive(Default)]
struct Said<'a> {
    paths: BTreeSet<&'a str>,
    elements: BTreeSet<&'a str>,
    /// Whether another element says nothing.
    has_silent: bool,
}
