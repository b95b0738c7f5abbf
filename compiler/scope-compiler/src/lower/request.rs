//! One requested item to its steps, site by site.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use scope_analysis::hir::{
    self, Location, LocationKind, OnDelete, OnDisconnect, OperationKind, Resource, ResourceKind,
};
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_plan::driver::Repeat;
use scope_plan::expr::Expr;
use scope_plan::plan::{
    Action, Cross, Dropped, Edge, EdgeReason, KeptSecret, OnUnknown, Purpose, Replace, Retry, StepId,
};
use scope_plan::recorded::RecordedResource;

use super::choice::{At, Names, Position};
use super::places;
use super::{Lowering, NewStep, RETRY, TIMEOUT_MS};

/// A transfer of unknown size may take so long, besides readiness.
const TRANSFER_MS: u64 = 600_000;

/// Content is given so long for each byte: a slow uplink of 1 MiB/s.
const BYTES_PER_MS: u64 = 1024 * 1024 / 1000;

impl<'a> Lowering<'a> {
    pub(super) fn resource(&mut self, resource: &Resource) {
        let location = self.kept_location(resource);
        self.drop_others(resource);
        let place = match (self.program.entry, location.sites().first()) {
            (Some(entry), _) => self.site(entry),
            (None, Some(first)) => self.site(*first),
            (None, None) => return,
        };
        let name = resource.name.clone();
        let label = format!("`{name}`");
        let names = Names { step: &name, label: &label };
        self.group = resource.group.clone();
        self.quorum = resource.with.quorum.map(|quorum| quorum.need);
        self.is_local_only = resource.with.on_disconnect == Some(OnDisconnect::LocalOnly);
        let at = At { name: names, key: &name, place, position: Position::TOP };
        let lowered = self.location(&location, &at, &mut |lowering, site, position| {
            // What is looked up for it has alternatives of its own.
            let group = lowering.group.take();
            let quorum = lowering.quorum.take();
            let is_local_only = std::mem::take(&mut lowering.is_local_only);
            lowering.guard = position.guard;
            let step = lowering.instance(resource, site, position);
            lowering.guard = None;
            lowering.group = group;
            lowering.quorum = quorum;
            lowering.is_local_only = is_local_only;
            step
        });
        self.group = None;
        self.quorum = None;
        self.is_local_only = false;
        self.done.insert(resource.id, lowered);
        self.shares(resource);
    }

    /// Which part of a `%` has how much, and had by an earlier run, kept in the plan.
    fn shares(&mut self, resource: &Resource) {
        let hir::Cross::By(division) = &self.driver_type(&resource.ty).cross else { return };
        let (divided, link) = (division.divided.clone(), division.link.clone());
        let crosses = resource.location.crosses();
        let is_of_it = |cross: &Cross| self.plan.steps[cross.prime.index()].name == resource.name;
        let found: Vec<usize> =
            (0..self.plan.crosses.len()).filter(|index| is_of_it(&self.plan.crosses[*index])).collect();
        for (index, written) in found.into_iter().zip(crosses) {
            let LocationKind::Cross { parts, prime } = &written.kind else { continue };
            let is_linked = |link: &String| {
                let set = self.recorded_part(resource, &parts[*prime], |known| known.set.get(link));
                set.is_some_and(|set| !set.is_null())
            };
            self.plan.crosses[index].unlinked = link.clone().filter(is_linked);
            let mut is_divided_anew = false;
            for (place, part) in parts.iter().enumerate() {
                let Some(site) = part.sites().first().copied() else { continue };
                let (mut shares, mut before) = (IndexMap::new(), BTreeMap::new());
                for name in &divided {
                    let path: Vec<&str> = name.split('.').collect();
                    let root = resource.instances[&site].attributes.get(path[0]);
                    let share = root.and_then(|slot| {
                        self.value(&slot.value, Some(site), &[]).known_at(&path[1..]).cloned()
                    });
                    let Some(share) = share else { continue };
                    let known = self.recorded_part(resource, part, |known| known.shares.get(name));
                    if let Some(known) = known.filter(|known| **known != share) {
                        before.insert(name.clone(), known.clone());
                    }
                    shares.insert(name.clone(), share);
                }
                let sites = part.sites();
                let mut weights = resource.with.weights.iter();
                let weight = weights.find(|(of, ..)| sites.contains(of)).map_or(1, |(_, weight, _)| *weight);
                is_divided_anew |= !before.is_empty();
                let part = &mut self.plan.crosses[index].parts[place];
                (part.weight, part.shares, part.before) = (weight, shares, before);
            }
            let driver_type = self.driver_type(&resource.ty);
            let why = why_not_divided_anew(driver_type, &divided);
            if let Some(why) = why.filter(|_| is_divided_anew) {
                self.refused.push(not_divided_anew(resource, written.span, &why));
            }
        }
    }

    /// What an earlier run gave to a part, at whichever of its sites.
    fn recorded_part<T>(
        &self,
        resource: &Resource,
        part: &Location,
        of: impl Fn(&'a RecordedResource) -> Option<T>,
    ) -> Option<T> {
        let sites: Vec<&str> =
            part.sites().iter().map(|site| self.program.sites[site.0 as usize].name.as_str()).collect();
        let mut known = self.recorded.resources.iter();
        known.find_map(|known| {
            let is_it = known.name == resource.name && sites.contains(&known.site.as_str());
            if is_it { of(known) } else { None }
        })
    }

    /// R9: where the driver says how, a part of a `%` names the prime.
    fn link_to_prime(
        &self,
        resource: &Resource,
        site: hir::SiteId,
        driver_type: &hir::ResourceType,
    ) -> Option<(String, Expr)> {
        let hir::Cross::By(hir::Division { link: Some(link), .. }) = &driver_type.cross else { return None };
        let prime = resource.location.crosses().into_iter().find_map(|cross| match &cross.kind {
            LocationKind::Cross { parts, prime } if cross.sites().contains(&site) => {
                parts[*prime].at_site(None)
            }
            _ => None,
        })?;
        let step = *self.instances.get(&(resource.id, prime)).filter(|_| prime != site)?;
        let is_reference = driver_type
            .attributes
            .get(link)
            .is_some_and(|link| matches!(link.ty.required(), hir::Type::Reference(_)));
        let path = if is_reference { Vec::new() } else { vec![driver_type.identity.clone()] };
        Some((link.clone(), Expr::Step { step, path }))
    }

    /// `local_only` keeps the entry site; the others are dropped. Of a `%` the prime is there, and stays the part it is.
    fn kept_location(&self, resource: &Resource) -> Location {
        match (&resource.with.on_disconnect, self.program.entry) {
            (Some(OnDisconnect::LocalOnly), Some(entry)) => kept_at(&resource.location, entry),
            _ => resource.location.clone(),
        }
    }

    /// What is not made where the program would have it is named in the plan.
    fn drop_others(&mut self, resource: &Resource) {
        if resource.with.on_disconnect != Some(OnDisconnect::LocalOnly) {
            return;
        }
        let sites = resource.location.sites().into_iter().filter(|site| Some(*site) != self.program.entry);
        let sites: Vec<String> = sites.map(|site| self.program.sites[site.0 as usize].name.clone()).collect();
        if !sites.is_empty() {
            self.plan.dropped.push(Dropped { key: resource.name.clone(), sites });
        }
    }

    fn instance(&mut self, resource: &Resource, site: hir::SiteId, position: Position) -> StepId {
        if let Some(step) = self.instances.get(&(resource.id, site)).copied() {
            self.stands_also(resource, step, position);
            return step;
        }
        let before = self.made_so_far();
        let driver_type = self.driver_type(&resource.ty).clone();
        let instance = &resource.instances[&site];
        let references: Vec<Expr> = instance
            .references
            .iter()
            .enumerate()
            .map(|(index, reference)| {
                let step = self.reference(resource, site, reference, index, position);
                Expr::Step { step, path: Vec::new() }
            })
            .collect();
        let attributes: Vec<(String, Expr)> = instance
            .attributes
            .iter()
            .map(|(name, slot)| (name.clone(), self.value(&slot.value, Some(site), &references)))
            .collect();
        let content: u64 = instance
            .attributes
            .values()
            .map(|slot| match slot.value {
                hir::Value::File { size, .. } => size / BYTES_PER_MS.max(1),
                _ => 0,
            })
            .sum();
        let site_name = self.program.sites[site.0 as usize].name.clone();
        let mut attributes = attributes;
        attributes.extend(self.link_to_prime(resource, site, &driver_type));
        // However it is called, it is the same thing.
        let subject = subject(resource, &driver_type, &attributes).map(|text| {
            match self.declared(&resource.ty, site, &text) {
                Some(step) => Expr::Step { step, path: vec![driver_type.identity.clone()] },
                None => text,
            }
        });
        let attributes = self.identified(resource, site, attributes, &driver_type, position);
        let (verb, action) = self.action(resource, attributes, &driver_type);
        let site_id = self.site(site);
        let origin = self.origin(resource.span, resource.scope.as_deref());
        let with = &resource.with;
        let ready_within_ms = with.ready_within.map(milliseconds);
        let ready_ms =
            ready_within_ms.or(driver_type.ready.as_ref().map(|ready| ready.within_ms)).unwrap_or(0);
        let n_edges = self.plan.edges.len();
        let step = self.step(NewStep {
            name: resource.name.clone(),
            site: site_id,
            guard: position.guard,
            retry: Retry {
                times: with.retry_times.unwrap_or(RETRY.times),
                backoff_ms: with.retry_backoff.map_or(RETRY.backoff_ms, milliseconds),
            },
            timeout_ms: with.timeout.map_or(TIMEOUT_MS + ready_ms + content, milliseconds),
            ready_within_ms,
            repeat: repeat(&resource.kind, &driver_type),
            on_unknown: on_unknown(with.on_unknown),
            key: format!("{site_name}/{}/{verb}", resource.name),
            ..NewStep::new(site_id, action, origin)
        });
        for from in std::mem::take(&mut self.passable) {
            self.plan.edges.push(Edge { from, to: step, reason: EdgeReason::Guard });
        }
        self.stands(resource, step, position, before);
        if let Some(subject) = subject {
            self.in_order(resource, site, &subject, step);
        }
        for earlier in &with.after {
            let other = &self.program.resources[earlier.0 as usize];
            let is_same_group = resource.group.is_some() && resource.group == other.group;
            // Within a group each copy waits for the one beside it; the whole is decided only when all of it is done.
            let beside = self.instances.get(&(*earlier, site)).filter(|_| is_same_group).copied();
            let ends = match (beside, self.done.get(earlier)) {
                (Some(step), _) => vec![step],
                (None, Some(lowered)) => lowered.ends.clone(),
                (None, None) => Vec::new(),
            };
            for from in ends {
                let edge = Edge { from, to: step, reason: EdgeReason::After };
                // No edge leads to a step that is not there yet.
                if from != step && !self.plan.edges[n_edges..].contains(&edge) {
                    self.plan.edges.push(edge);
                }
            }
        }
        self.instances.insert((resource.id, site), step);
        step
    }

    /// An operation on a resource that is there, named as people name it (`server.stop { name: "vm" }`): by its identity,
    /// taken from the resource of the program that is so called there, else looked up.
    fn identified(
        &mut self,
        resource: &Resource,
        site: hir::SiteId,
        mut attributes: Vec<(String, Expr)>,
        driver_type: &hir::ResourceType,
        position: Position,
    ) -> Vec<(String, Expr)> {
        let (ResourceKind::Call { operation } | ResourceKind::Print { operation }) = &resource.kind else {
            return attributes;
        };
        let identity = &driver_type.identity;
        let kind = driver_type.operations.get(operation).map(|operation| operation.kind);
        let needs_none = matches!(kind, None | Some(OperationKind::Find | OperationKind::Create));
        let by_name = driver_type.name_attribute.as_ref().filter(|name| *name != identity);
        let named = by_name.and_then(|by| attributes.iter().position(|(name, _)| name == by));
        let (false, Some(named)) = (needs_none || attributes.iter().any(|(name, _)| name == identity), named)
        else {
            return attributes;
        };
        let (_, text) = attributes.remove(named);
        let step = match self.declared(&resource.ty, site, &text) {
            Some(step) => step,
            None => self.look_up_named(resource, site, text, position),
        };
        attributes.insert(0, (identity.clone(), Expr::Step { step, path: vec![identity.clone()] }));
        attributes
    }

    fn look_up_named(
        &mut self,
        resource: &Resource,
        site: hir::SiteId,
        text: Expr,
        position: Position,
    ) -> StepId {
        let site_name = self.program.sites[site.0 as usize].name.clone();
        let site_id = self.site(site);
        let origin = self.origin(resource.span, resource.scope.as_deref());
        let arm = position.guard.map_or(String::new(), |guard| format!("#{}.{}", guard.choice.0, guard.arm));
        let short = resource.ty.rsplit_once('.').map_or(resource.ty.as_str(), |(_, short)| short);
        let name = match &text {
            Expr::Value(serde_json::Value::String(text)) => format!("{short}:{text}"),
            _ => format!("{}.{short}", resource.name),
        };
        let called = text.clone();
        let lookup = Action::Lookup {
            resource_type: resource.ty.clone(),
            text: Some(text),
            filter: Vec::new(),
            purpose: Purpose::Existing,
        };
        let step = self.step(NewStep {
            name,
            guard: position.guard,
            key: format!("{site_name}/{}{arm}/lookup", resource.name),
            ..NewStep::new(site_id, lookup, origin)
        });
        self.after_declared(&resource.ty, site, &called, step);
        step
    }

    fn action(
        &self,
        resource: &Resource,
        mut attributes: Vec<(String, Expr)>,
        driver_type: &hir::ResourceType,
    ) -> (&'static str, Action) {
        let resource_type = resource.ty.clone();
        match &resource.kind {
            ResourceKind::Managed => (
                "ensure",
                Action::Ensure {
                    resource_type,
                    attributes,
                    adopt: resource.with.adopt,
                    keep: resource.with.on_delete == Some(OnDelete::Keep),
                    when_cut: places::said_of_a_cut(resource.with.on_disconnect.as_ref()),
                    keep_in: resource
                        .with
                        .keep_in
                        .iter()
                        .map(|kept| KeptSecret {
                            attribute: kept.attribute.clone(),
                            file: kept.file.clone(),
                            origin: self.origin(kept.place, None),
                        })
                        .collect(),
                    replace: match resource.with.replace {
                        Some(hir::Replace::Anew) => Some(Replace::Anew),
                        Some(hir::Replace::Never) => Some(Replace::Never),
                        // Where it is stays what it is.
                        Some(hir::Replace::Move) | None => None,
                    },
                },
            ),
            ResourceKind::Existing => {
                let by = [Some(&driver_type.identity), driver_type.name_attribute.as_ref()];
                let named = attributes.iter().position(|(name, _)| by.contains(&Some(name)));
                let text = named.map(|index| attributes.remove(index).1);
                (
                    "lookup",
                    Action::Lookup { resource_type, text, filter: attributes, purpose: Purpose::Existing },
                )
            }
            ResourceKind::Call { operation } => (
                "call",
                Action::Call {
                    resource_type,
                    operation: operation.clone(),
                    inputs: attributes,
                    once: true,
                    prints: false,
                },
            ),
            ResourceKind::Print { operation } => (
                "print",
                Action::Call {
                    resource_type,
                    operation: operation.clone(),
                    inputs: attributes,
                    once: false,
                    prints: true,
                },
            ),
        }
    }

    pub(super) fn driver_type(&self, name: &str) -> &hir::ResourceType {
        let driver = name.split_once('.').map_or(name, |(driver, _)| driver);
        &self.program.drivers[driver].types[name]
    }

    /// The time a step that moves content of a type may take.
    pub(super) fn transfer_ms(&self, resource_type: &str) -> u64 {
        let ready = self.driver_type(resource_type).ready.as_ref().map_or(0, |ready| ready.within_ms);
        TIMEOUT_MS + ready + TRANSFER_MS
    }
}

fn kept_at(location: &Location, entry: hir::SiteId) -> Location {
    match &location.kind {
        LocationKind::And(parts) | LocationKind::Or(parts) => {
            let holder = parts.iter().find(|part| part.sites().contains(&entry));
            holder.map_or_else(|| location.clone(), |part| kept_at(part, entry))
        }
        LocationKind::Cross { .. } => location.clone(),
        _ => Location { kind: LocationKind::Site(entry), span: location.span },
    }
}

/// What an action is about, as it is written: the identity, else the name.
fn subject(
    resource: &Resource,
    driver_type: &hir::ResourceType,
    attributes: &[(String, Expr)],
) -> Option<Expr> {
    let (ResourceKind::Call { operation } | ResourceKind::Print { operation }) = &resource.kind else {
        return None;
    };
    let kind = driver_type.operations.get(operation).map(|operation| operation.kind);
    if matches!(kind, None | Some(OperationKind::Find | OperationKind::Create)) {
        return None;
    }
    let by = [Some(&driver_type.identity), driver_type.name_attribute.as_ref()];
    let mut named = by.into_iter().flatten();
    named.find_map(|by| attributes.iter().find(|(name, _)| name == by)).map(|(_, expr)| expr.clone())
}

fn repeat(kind: &ResourceKind, driver_type: &hir::ResourceType) -> Repeat {
    let operation = match kind {
        ResourceKind::Managed => driver_type.create.as_deref().unwrap_or("create"),
        ResourceKind::Call { operation } => operation,
        ResourceKind::Existing | ResourceKind::Print { .. } => return Repeat::Always,
    };
    driver_type.operations.get(operation).map_or(Repeat::None, |operation| lower_repeat(&operation.repeat))
}

fn on_unknown(written: Option<hir::OnUnknown>) -> OnUnknown {
    match written {
        None | Some(hir::OnUnknown::Ask) => OnUnknown::Ask,
        Some(hir::OnUnknown::Fail) => OnUnknown::Fail,
        Some(hir::OnUnknown::Retry) => OnUnknown::Retry,
    }
}

/// The plan's form of what makes a repeat safe.
pub(super) fn lower_repeat(repeat: &hir::Repeat) -> Repeat {
    match repeat {
        hir::Repeat::Always => Repeat::Always,
        hir::Repeat::Id => Repeat::Id,
        hir::Repeat::Key(header) => Repeat::Key(header.clone()),
        hir::Repeat::Name => Repeat::Name,
        hir::Repeat::Mark => Repeat::Mark,
        hir::Repeat::None => Repeat::None,
    }
}

pub(super) fn milliseconds(nanoseconds: i64) -> u64 {
    u64::try_from(nanoseconds / 1_000_000).unwrap_or(0).max(1)
}

/// Why the shares of parts that are there cannot be changed; nothing where they can.
fn why_not_divided_anew(ty: &hir::ResourceType, divided: &[String]) -> Option<String> {
    let is_immutable = |path: &&String| {
        let root = path.split('.').next().unwrap_or_default();
        ty.attributes.get(root).is_some_and(|attribute| attribute.is_immutable)
    };
    if let Some(path) = divided.iter().find(is_immutable) {
        return Some(format!("`{path}` is `immutable`"));
    }
    let has_update = ty.operations.values().any(|operation| operation.kind == OperationKind::Update);
    (!has_update).then(|| format!("the driver has no operation that changes one of `{}`", ty.name))
}

/// What would be left is half of it: parts with the shares of before, beside others that came or went.
fn not_divided_anew(resource: &Resource, location: Span, why: &str) -> Diagnostic {
    let message =
        format!("`{}` would be divided anew, and the shares of its parts cannot be changed", resource.name);
    Diagnostic::new(codes::E0891, location, message)
        .label("the parts, which had other shares")
        .note(why)
        .help("put the parts, the whole and the weights back as they were, or declare it under another name once this one is deleted")
}
