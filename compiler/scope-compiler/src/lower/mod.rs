//! Lowering: a program without errors to a plan. It cannot fail: everything that could was checked before.
//!
//! `resource vm … scope { compute: a, image: b }` → look up the image at b, bring it to a, ensure `vm` at a. Steps are
//! made naively here, one look-up for each use; the passes merge and prune.

mod bounds;
mod choice;
mod declared;
pub(crate) mod driver;
mod driver_expr;
mod group;
mod let_go;
pub(crate) mod only;
mod places;
mod reference;
mod removed;
mod renamed;
mod renames;
mod request;
mod rollout;
pub(crate) mod scenario;
mod sites;
mod succeeding;
mod types;
mod value;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use scope_analysis::hir::{self, Program, ReferenceTarget, ResourceId};
use scope_diagnostics::{Diagnostic, SourceMap, Span};
use scope_plan::plan::{
    Action, Borrow, Choice, ChoiceId, Guard, OnUnknown, OnUnreachable, Origin, Output, Plan,
    Program as Source, Retry, SiteId, Step, StepId, Undo, VERSION,
};
use scope_plan::recorded::{How, Recorded, borrowed_parts};

use choice::{Alternative, Lowered};
use declared::{Acted, Declared};
use only::Only;
use places::Places;
use renames::Renames;

/// The default of a request's time-out, without readiness.
const TIMEOUT_MS: u64 = 30_000;

/// Attempts, and the pause before the second.
const RETRY: Retry = Retry { times: 3, backoff_ms: 500 };

/// Lowers a program. `files` are the program's files, for the plan's record of what it was made from; `only` names the
/// resources that are meant, all without one. What cannot be done to what is recorded, and waves that contradict what their
/// steps need, come out as reports; the plan is not to be used then.
pub(crate) fn lower(
    program: &Program,
    entry: &str,
    files: &[String],
    sources: &SourceMap,
    recorded: &Recorded,
    only: &[String],
) -> (Plan, Vec<Diagnostic>) {
    let all: Vec<ResourceId> = program.resources.iter().map(|resource| resource.id).collect();
    lower_from(program, &all, entry, files, sources, recorded, only)
}

/// Lowers these requests of a program and what they need.
pub(crate) fn lower_from(
    program: &Program,
    roots: &[ResourceId],
    entry: &str,
    files: &[String],
    sources: &SourceMap,
    recorded: &Recorded,
    only: &[String],
) -> (Plan, Vec<Diagnostic>) {
    let Renames { renames, unclear } = renames::renames(program, recorded);
    let recorded = &renames::renamed(recorded, &renames);
    let declared = Declared::of(program);
    let only = Only::of(program, &declared, only);
    let mut lowering = Lowering {
        program,
        sources,
        recorded,
        plan: Plan {
            version: VERSION,
            program: Source {
                file: entry.to_string(),
                entry: None,
                files: file_digests(files, sources),
                params: value::params(program),
                units: value::units(program),
            },
            sites: Vec::new(),
            links: Vec::new(),
            drivers: Vec::new(),
            steps: Vec::new(),
            edges: Vec::new(),
            choices: Vec::new(),
            crosses: Vec::new(),
            dropped: Vec::new(),
            rollouts: Vec::new(),
            renames,
            former_names: renames::former_names(program, recorded),
            unwanted: Vec::new(),
            outputs: Vec::new(),
        },
        sites_by_name: (0..)
            .zip(&program.sites)
            .map(|(number, site)| (site.name.as_str(), hir::SiteId(number)))
            .collect(),
        resources_by_name: program
            .resources
            .iter()
            .map(|resource| (resource.name.as_str(), resource))
            .collect(),
        sites: BTreeMap::new(),
        placed: Vec::new(),
        types: BTreeSet::new(),
        done: BTreeMap::new(),
        instances: BTreeMap::new(),
        places: BTreeMap::new(),
        gathers: BTreeMap::new(),
        brought: BTreeMap::new(),
        group: None,
        guard: None,
        passable: Vec::new(),
        group_choices: BTreeMap::new(),
        declared,
        only,
        acted: BTreeMap::new(),
        quorum: None,
        is_local_only: false,
        refused: Vec::new(),
    };
    lowering.plan.program.entry = program.entry.map(|site| lowering.site(site));
    for id in in_dependency_order(program, roots, &lowering.declared) {
        if !lowering.only.has(id) {
            continue;
        }
        lowering.resource(&program.resources[id.0 as usize]);
    }
    lowering.rollouts();
    lowering.removed(&unclear);
    lowering.moved_from_nothing(&unclear);
    lowering.renamed_sites();
    lowering.outputs();
    lowering.left_open();
    let refused = std::mem::take(&mut lowering.refused);
    (lowering.finish(), refused)
}

/// The program as if it named no resource: all that is recorded is deleted. What was adopted stays, and stays known.
pub(crate) fn lower_nothing(
    program: &Program,
    entry: &str,
    files: &[String],
    sources: &SourceMap,
    recorded: &Recorded,
    only: &[String],
) -> (Plan, Vec<Diagnostic>) {
    let bare =
        Program { resources: Vec::new(), sequences: Vec::new(), outputs: Vec::new(), ..program.clone() };
    let mut recorded = recorded.clone();
    let forgotten = recorded.adopted_users();
    recorded.resources.retain(|known| {
        known.how != How::Adopted || forgotten.contains(&(known.name.clone(), known.site.clone()))
    });
    let (mut plan, refused) = lower(&bare, entry, files, sources, &recorded, only);
    // What the program names is told of at its line there.
    let declared: BTreeMap<&str, Span> =
        program.resources.iter().map(|resource| (resource.name.as_str(), resource.span)).collect();
    for step in &mut plan.steps {
        let name = borrowed_parts(&step.name).map_or(step.name.as_str(), |(name, _)| name);
        if let Some(span) = declared.get(name) {
            step.origin = origin(sources, *span, None);
        }
    }
    (plan, refused)
}

/// A plan without steps that has every site and driver: what `scope sites` asks with.
pub(crate) fn lower_sites(program: &Program, entry: &str, files: &[String], sources: &SourceMap) -> Plan {
    let bare = Program { resources: Vec::new(), outputs: Vec::new(), ..program.clone() };
    let mut lowering_program = bare;
    lowering_program.entry = program.entry;
    let recorded = Recorded::default();
    let (mut plan, _) = lower(&lowering_program, entry, files, sources, &recorded, &[]);
    let ids: Vec<hir::SiteId> = (0..program.sites.len()).map(|index| hir::SiteId(index as u32)).collect();
    plan.sites = ids.iter().map(|id| sites::site(program, *id, sources)).collect();
    plan.program.entry = program.entry.map(|site| SiteId(site.0));
    plan.drivers =
        program.drivers.values().map(|driver| driver::lower_driver(driver, &BTreeSet::new())).collect();
    plan
}

/// What tests are played on: every site and link of the program, holding what is declared, and no step; of the drivers what
/// the program and its tests speak of.
pub(crate) fn lower_world(program: &Program, entry: &str, files: &[String], sources: &SourceMap) -> Plan {
    let mut plan = lower_sites(program, entry, files, sources);
    let all = 0..u32::try_from(program.sites.len()).expect("bounded by the program");
    let ids: BTreeMap<hir::SiteId, SiteId> = all.map(|index| (hir::SiteId(index), SiteId(index))).collect();
    sites::put_existing(program, &ids, &mut plan.sites);
    plan.links = sites::links(program, &ids);
    let drivers = program.drivers.values();
    let used = scenario::types_used(program);
    plan.drivers = drivers.map(|driver| driver::lower_driver(driver, &used)).collect();
    plan
}

/// The digest of each text read.
fn file_digests(files: &[String], sources: &SourceMap) -> BTreeMap<String, String> {
    files
        .iter()
        .filter_map(|path| {
            let id = sources.file_id(path)?;
            Some((path.clone(), scope_plan::digest::sha256_hex(sources.get(id).text().as_bytes())))
        })
        .collect()
}

pub(crate) struct Lowering<'a> {
    program: &'a Program,
    sources: &'a SourceMap,
    recorded: &'a Recorded,
    plan: Plan,
    /// Sites of the program, by name.
    sites_by_name: BTreeMap<&'a str, hir::SiteId>,
    resources_by_name: BTreeMap<&'a str, &'a hir::Resource>,
    /// Sites of the program that the plan has, in the order met.
    sites: BTreeMap<hir::SiteId, SiteId>,
    /// The same, by the plan's id.
    placed: Vec<hir::SiteId>,
    /// Resource types used, by full name.
    types: BTreeSet<String>,
    done: BTreeMap<ResourceId, Lowered>,
    instances: BTreeMap<(ResourceId, hir::SiteId), StepId>,
    /// Where the steps of instances stand, and what was made for each.
    places: BTreeMap<StepId, Places>,
    gathers: BTreeMap<ResourceId, StepId>,
    /// Site, sources, whether each of them must have it, whether it may be copied → the transfer.
    brought: BTreeMap<(hir::SiteId, Vec<StepId>, bool, bool), StepId>,
    /// The group whose alternatives the location at hand shares.
    group: Option<String>,
    /// The arm in which the request at hand stands.
    guard: Option<Guard>,
    /// The guards on alternatives that the request at hand waits for.
    passable: Vec<StepId>,
    /// The choices of groups, by what wrote them: everything in a group takes the same alternative.
    group_choices: BTreeMap<(String, Option<Guard>, Span), ChoiceId>,
    declared: Declared<'a>,
    only: Only<'a>,
    /// Type, site and thing → the actions on it so far.
    acted: BTreeMap<(String, hir::SiteId, String), Acted>,
    /// How many copies of the location at hand are enough.
    quorum: Option<u32>,
    /// Of the parts of a `%` at hand only the prime is made, which is at the entry site.
    is_local_only: bool,
    /// What cannot be planned.
    refused: Vec<Diagnostic>,
}

impl<'a> Lowering<'a> {
    /// The plan's id of a site, which is taken into the plan when first met.
    fn site(&mut self, site: hir::SiteId) -> SiteId {
        let next = SiteId(u32::try_from(self.placed.len()).expect("bounded by the program"));
        *self.sites.entry(site).or_insert_with(|| {
            self.placed.push(site);
            next
        })
    }

    /// The name of a site of the plan.
    fn name_of(&self, site: SiteId) -> &'a str {
        &self.program.sites[self.placed[site.index()].0 as usize].name
    }

    fn origin(&self, span: Span, scope: Option<&str>) -> Origin {
        origin(self.sources, span, scope)
    }

    /// Adds a step; its edges follow from its action.
    fn step(&mut self, new: NewStep) -> StepId {
        let id = StepId(u32::try_from(self.plan.steps.len()).expect("bounded by the program"));
        if let Some(resource_type) = new.action.resource_type() {
            self.types.insert(resource_type.to_string());
        }
        if let Some(Guard { choice, arm }) = new.guard {
            self.plan.choices[choice.index()].arms[arm as usize].members.push(id);
        }
        let step = Step {
            id,
            name: new.name,
            site: new.site,
            action: new.action,
            when: new.guard.into_iter().collect(),
            on_unreachable: new.on_unreachable,
            undo: new.undo,
            retry: new.retry,
            timeout_ms: new.timeout_ms,
            ready_within_ms: new.ready_within_ms,
            repeat: new.repeat,
            on_unknown: new.on_unknown,
            key: new.key,
            priority: 0,
            origin: new.origin,
        };
        self.plan.edges.extend(step.incoming_edges());
        self.plan.steps.push(step);
        id
    }

    fn outputs(&mut self) {
        for output in &self.program.outputs {
            let mut used = Vec::new();
            scope_analysis::outputs_used(&output.value, &mut used);
            if used.iter().any(|id| !self.only.has(*id)) {
                continue;
            }
            let value = self.value(&output.value, None, &[]);
            let origin = Some(self.origin(output.span, None));
            self.plan.outputs.push(Output { name: output.name.clone(), value, origin });
        }
    }

    fn finish(mut self) -> Plan {
        let mut used: Vec<(hir::SiteId, SiteId)> = self.sites.iter().map(|(from, to)| (*from, *to)).collect();
        used.sort_by_key(|(_, plan_id)| *plan_id);
        self.plan.sites =
            used.iter().map(|(site, _)| sites::site(self.program, *site, self.sources)).collect();
        sites::put_existing(self.program, &self.sites, &mut self.plan.sites);
        self.plan.links = sites::links(self.program, &self.sites);
        places::outer_choices_first(&mut self.plan);
        places::references_follow_their_users(&mut self.plan);
        self.keep_copies();
        for driver in self.program.drivers.values() {
            let prefix = format!("{}.", driver.name);
            let types: BTreeSet<String> =
                self.types.iter().filter(|name| name.starts_with(&prefix)).cloned().collect();
            let is_used = !types.is_empty();
            if is_used {
                self.plan.drivers.push(driver::lower_driver(driver, &types));
            }
        }
        self.plan
    }

    /// A copy is one thing for all who need it: it stays if one of them says so.
    fn keep_copies(&mut self) {
        let copy = |step: &Step| match &step.action {
            Action::Bring { resource_type, borrow, .. } => {
                Some(((step.site, step.name.clone(), resource_type.clone()), *borrow))
            }
            _ => None,
        };
        let copies = self.plan.steps.iter().filter_map(copy);
        let kept: BTreeSet<_> =
            copies.filter(|(_, borrow)| *borrow == Borrow::Keep).map(|(copy, _)| copy).collect();
        for step in &mut self.plan.steps {
            let is_kept = copy(step).is_some_and(|(copy, _)| kept.contains(&copy));
            if let (true, Action::Bring { borrow: borrow @ Borrow::Copy, .. }) = (is_kept, &mut step.action) {
                *borrow = Borrow::Keep;
            }
        }
    }

    fn new_choice(
        &mut self,
        key: String,
        label: String,
        guard: Option<Guard>,
        alternatives: Vec<Alternative>,
        origin: Origin,
    ) -> ChoiceId {
        let id = ChoiceId(u32::try_from(self.plan.choices.len()).expect("bounded by the program"));
        let (labels, sites): (Vec<_>, Vec<_>) =
            alternatives.into_iter().map(|alternative| (alternative.label, alternative.sites)).unzip();
        let recorded = self.recorded.chosen(&key, &sites).filter(|_| !self.recorded.reconsider);
        let arms = labels
            .into_iter()
            .map(|label| scope_plan::plan::Arm { label, members: Vec::new(), choices: Vec::new() })
            .collect();
        let when = guard.into_iter().collect();
        self.plan.choices.push(Choice { id, key, label, when, arms, recorded, origin });
        if let Some(Guard { choice, arm }) = guard {
            self.plan.choices[choice.index()].arms[arm as usize].choices.push(id);
        }
        id
    }
}

/// What a new step needs to be told.
pub(crate) struct NewStep {
    pub name: String,
    pub site: SiteId,
    pub action: Action,
    pub guard: Option<Guard>,
    pub on_unreachable: OnUnreachable,
    pub undo: Undo,
    pub retry: Retry,
    pub timeout_ms: u64,
    pub ready_within_ms: Option<u64>,
    pub repeat: scope_plan::driver::Repeat,
    pub on_unknown: OnUnknown,
    pub key: String,
    pub origin: Origin,
}

impl NewStep {
    fn new(site: SiteId, action: Action, origin: Origin) -> NewStep {
        NewStep {
            name: String::new(),
            site,
            action,
            guard: None,
            on_unreachable: OnUnreachable::Fail,
            undo: Undo::Keep,
            retry: RETRY,
            timeout_ms: TIMEOUT_MS,
            ready_within_ms: None,
            repeat: scope_plan::driver::Repeat::Always,
            on_unknown: OnUnknown::Ask,
            key: String::new(),
            origin,
        }
    }
}

/// A place in the program as a plan keeps it.
pub(crate) fn origin(sources: &SourceMap, span: Span, scope: Option<&str>) -> Origin {
    let scope = scope.map(str::to_string);
    if span.is_dummy() {
        return Origin { file: String::new(), start: 0, end: 0, line: 1, column: 1, scope };
    }
    let position = sources.line_column(span);
    Origin {
        file: sources.get(span.file).path().to_string(),
        start: span.start,
        end: span.end,
        line: position.line,
        column: position.column,
        scope,
    }
}

/// The roots and what they need, each after what it needs; else in order of appearance.
fn in_dependency_order(program: &Program, roots: &[ResourceId], declared: &Declared<'_>) -> Vec<ResourceId> {
    let mut order = Vec::with_capacity(program.resources.len());
    let mut seen = vec![false; program.resources.len()];
    for start in roots.iter().map(|root| &program.resources[root.0 as usize]) {
        let mut path = vec![(start.id, needed(program, declared, start), 0_usize)];
        if std::mem::replace(&mut seen[start.id.0 as usize], true) {
            continue;
        }
        while let Some((id, needs, next)) = path.last_mut() {
            match needs.get(*next).copied() {
                Some(target) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[target.0 as usize], true) {
                        let resource = &program.resources[target.0 as usize];
                        path.push((target, needed(program, declared, resource), 0));
                    }
                }
                None => {
                    order.push(*id);
                    path.pop();
                }
            }
        }
    }
    order
}

fn needed(program: &Program, declared: &Declared<'_>, resource: &hir::Resource) -> Vec<ResourceId> {
    let mut ids = resource.with.after.clone();
    declared.called_in(program, resource, &mut ids);
    for instance in resource.instances.values() {
        for reference in &instance.references {
            match &reference.target {
                ReferenceTarget::Resource(target) => ids.push(*target),
                ReferenceTarget::Text(value) => scope_analysis::outputs_used(value, &mut ids),
            }
        }
        for slot in instance.attributes.values() {
            scope_analysis::outputs_used(&slot.value, &mut ids);
        }
    }
    ids.sort();
    ids.dedup();
    ids
}
