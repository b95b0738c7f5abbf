//! Rollouts to waves, gates between them, and the edges that make a wave wait.
//!
//! `agent` at six sites with `first: lille, then: 3` → ensure at lille → gate → three sites → gate → two sites. What is new
//! at its site waits for no wave, unless the program says `create: true`.

use std::collections::{BTreeMap, BTreeSet};

use scope_analysis::hir::{self, ResourceKind};
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_plan::graph;
use scope_plan::plan::{Action, Edge, EdgeReason, Origin, Rollout, RolloutId, SiteId, StepId, Wave};

use super::request::milliseconds;
use super::{Lowering, NewStep};

/// A step of a rollout, before it is in a wave.
struct Member {
    step: StepId,
    /// From 1.
    wave: u32,
    /// It is made at once.
    is_new: bool,
}

impl Lowering<'_> {
    /// Every rollout of the program, in order of appearance.
    pub(super) fn rollouts(&mut self) {
        let program = self.program;
        let mut rolled: indexmap::IndexMap<&str, Vec<&hir::Resource>> = indexmap::IndexMap::new();
        for resource in &program.resources {
            if let Some(rollout) =
                resource.with.rollout.as_ref().filter(|_| resource.kind == ResourceKind::Managed)
            {
                rolled.entry(&rollout.owner).or_default().push(resource);
            }
        }
        if rolled.is_empty() {
            return;
        }
        let recorded: BTreeSet<(&str, &str)> =
            self.recorded.resources.iter().map(|known| (known.name.as_str(), known.site.as_str())).collect();
        let mut whole: Vec<(Span, Vec<(u32, StepId)>)> = Vec::new();
        for (owner, resources) in rolled {
            let Some(rollout) = &resources[0].with.rollout else { continue };
            let mut sites: Vec<hir::SiteId> = Vec::new();
            let mut seen: BTreeSet<hir::SiteId> = BTreeSet::new();
            for resource in &resources {
                sites.extend(resource.location.sites().into_iter().filter(|site| seen.insert(*site)));
            }
            let waves = rollout.waves(&sites);
            let numbered =
                (1..).zip(&waves).flat_map(|(number, wave)| wave.iter().map(move |site| (*site, number)));
            let wave_of: BTreeMap<hir::SiteId, u32> = numbered.collect();
            let mut members = Vec::new();
            for resource in &resources {
                for site in resource.location.sites() {
                    let Some(step) = self.instances.get(&(resource.id, site)).copied() else { continue };
                    let name = program.sites[site.0 as usize].name.as_str();
                    let is_there = recorded.contains(&(resource.name.as_str(), name));
                    let is_new = !(is_there || resource.with.adopt || rollout.creates);
                    members.push(Member { step, wave: wave_of[&site], is_new });
                }
            }
            if members.is_empty() {
                continue;
            }
            whole.push((rollout.span, members.iter().map(|member| (member.wave, member.step)).collect()));
            let place = self.place_of(&members);
            let origin = self.origin(rollout.span, resources[0].scope.as_deref());
            let limits = (milliseconds_or_none(rollout.soak), rollout.stop_after);
            self.waves(owner, limits, place, origin, members);
        }
        self.check_order(&whole);
    }

    /// Where a gate is: at the entry site, else where the first step is.
    fn place_of(&self, members: &[Member]) -> Option<SiteId> {
        self.plan.program.entry.or_else(|| Some(self.plan.steps[members.first()?.step.index()].site))
    }

    /// A rollout with its gates and edges.
    fn waves(
        &mut self,
        key: &str,
        (soak_ms, stop_after): (u64, u32),
        place: Option<SiteId>,
        origin: Origin,
        members: Vec<Member>,
    ) {
        let Some(place) = place else { return };
        let mut by_wave: BTreeMap<u32, Wave> = BTreeMap::new();
        for Member { step, wave, is_new } in members {
            let wave =
                by_wave.entry(wave).or_insert(Wave { number: wave, steps: Vec::new(), at_once: Vec::new() });
            if is_new { wave.at_once.push(step) } else { wave.steps.push(step) }
        }
        let waves: Vec<Wave> = by_wave.into_values().collect();
        let id = RolloutId(self.plan.rollouts.len() as u32);
        let mut before: Option<StepId> = None;
        let last = waves.iter().rposition(|wave| !wave.steps.is_empty());
        for (index, wave) in waves.iter().enumerate().filter(|(_, wave)| !wave.steps.is_empty()) {
            if let Some(gate) = before {
                let edges =
                    wave.steps.iter().map(|to| Edge { from: gate, to: *to, reason: EdgeReason::Wave });
                self.plan.edges.extend(edges);
            }
            if Some(index) != last {
                before = Some(self.step(NewStep {
                    name: format!("{key}, wave {}", wave.number),
                    key: format!("{key}/wave-{}/gate", wave.number),
                    ..NewStep::new(
                        place,
                        Action::Gate { rollout: id, wave: index as u32, steps: wave.steps.clone() },
                        origin.clone(),
                    )
                }));
            }
        }
        self.plan.rollouts.push(Rollout { key: key.to_string(), soak_ms, stop_after, waves, origin });
    }

    /// Waves that contradict what their steps need: looked for as if nothing were new, so that the answer is the same
    /// whatever is recorded.
    fn check_order(&mut self, whole: &[(Span, Vec<(u32, StepId)>)]) {
        let mut plan = self.plan.clone();
        let hub = |plan: &mut scope_plan::plan::Plan| {
            // Stands between two waves, so that a wave of a thousand steps makes a thousand edges and not a million.
            let id = StepId(plan.steps.len() as u32);
            let step = scope_plan::plan::Step { id, ..plan.steps[0].clone() };
            plan.steps.push(step);
            id
        };
        let mut owner: BTreeMap<StepId, usize> = BTreeMap::new();
        for (index, (_, members)) in whole.iter().enumerate() {
            let mut waves: BTreeMap<u32, Vec<StepId>> = BTreeMap::new();
            for (wave, step) in members {
                waves.entry(*wave).or_default().push(*step);
                owner.insert(*step, index);
            }
            let waves: Vec<Vec<StepId>> = waves.into_values().collect();
            for pair in waves.windows(2) {
                let between = hub(&mut plan);
                let edge = |from, to| Edge { from, to, reason: EdgeReason::Wave };
                plan.edges.extend(pair[0].iter().map(|from| edge(*from, between)));
                plan.edges.extend(pair[1].iter().map(|to| edge(between, *to)));
            }
        }
        let Some(circle) = graph::circle(&plan) else { return };
        let mut on_it = circle.iter().filter(|step| owner.contains_key(step));
        let Some(first) = on_it.next() else { return };
        let span = whole[owner[first]].0;
        let named = |step: &StepId| {
            let step = &self.plan.steps[step.index()];
            format!("`{}` at {}", step.name, self.name_of(step.site))
        };
        let names: Vec<String> = on_it.take(3).map(named).collect();
        self.refused.push(
            Diagnostic::new(codes::E0316, span, format!("in these waves {} waits for itself", named(first)))
                .label("contradicts what it needs")
                .note(format!("it needs what goes in a later wave: {}", names.join(", ")))
                .help("let what is needed go first, or in the same wave"),
        );
    }

    /// Deletions go in the waves that the state knows.
    pub(super) fn removed_in_waves(&mut self, deletions: &BTreeMap<(&str, &str), StepId>) {
        let mut rolled: BTreeMap<&str, (u64, u32, Vec<Member>)> = BTreeMap::new();
        for resource in &self.recorded.resources {
            let place = (resource.name.as_str(), resource.site.as_str());
            if let (Some(wave), Some(step)) = (&resource.rollout, deletions.get(&place)) {
                let known =
                    rolled.entry(&wave.key).or_insert((wave.soak_ms, wave.stop_after.max(1), Vec::new()));
                known.2.push(Member { step: *step, wave: wave.wave, is_new: false });
            }
        }
        for (key, (soak_ms, stop_after, members)) in rolled {
            let n_steps = self.plan.steps.len();
            let n_edges = self.plan.edges.len();
            let place = self.place_of(&members);
            let origin = self.plan.steps[members[0].step.index()].origin.clone();
            let is_known = self.plan.rollouts.iter().any(|known| known.key == key);
            let key = if is_known { format!("{key} (removed)") } else { key.to_string() };
            self.waves(&key, (soak_ms, stop_after), place, origin, members);
            // Records of several runs may contradict each other: what uses the other goes first, whatever the wave.
            if graph::circle(&self.plan).is_some() {
                self.plan.steps.truncate(n_steps);
                self.plan.edges.truncate(n_edges);
                self.plan.rollouts.pop();
            }
        }
    }
}

/// Nanoseconds; 0 stays 0.
fn milliseconds_or_none(nanoseconds: i64) -> u64 {
    if nanoseconds == 0 { 0 } else { milliseconds(nanoseconds) }
}
