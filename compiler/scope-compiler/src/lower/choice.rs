//! Locations to steps: `&` to steps side by side, `|` to a choice with an arm for each alternative, `%` to the prime and
//! the parts that wait for it.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use scope_analysis::hir::{self, Location, LocationKind};
use scope_plan::plan::{Action, Cross, CrossPart, Edge, EdgeReason, Guard, Quorum, SiteId, StepId};

use super::{Lowering, NewStep};

/// What a location became.
#[derive(Clone, Debug)]
pub(crate) struct Lowered {
    /// The step whose output is the result where there is one result.
    pub result: StepId,
    /// The steps that `after` waits for.
    pub ends: Vec<StepId>,
    /// Every site's own step.
    pub leaves: Vec<(SiteId, StepId)>,
    /// At most one of the leaves will have a result.
    pub is_single: bool,
}

/// What people call the whole of a location.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'n> {
    /// As a step: `vm`, `image:debian-12`.
    pub step: &'n str,
    /// In a sentence: `` `vm` ``, `` `image` of `vm` at nantes ``.
    pub label: &'n str,
}

/// Where in a location something stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub guard: Option<Guard>,
    /// In an arm that is not the last: it fails rather than waits, and is undone.
    pub is_left: bool,
    /// An operand of a `&`.
    pub is_copy: bool,
}

impl Position {
    pub const TOP: Position = Position { guard: None, is_left: false, is_copy: false };
}

impl Lowering<'_> {
    /// Lowers a location, making each site's step with `leaf`.
    pub(super) fn location(
        &mut self,
        location: &Location,
        name: &Names<'_>,
        key: &str,
        place: SiteId,
        position: Position,
        leaf: &mut dyn FnMut(&mut Self, hir::SiteId, Position) -> StepId,
    ) -> Lowered {
        match &location.kind {
            LocationKind::Site(site) => {
                let step = leaf(self, *site, position);
                let site = self.plan.steps[step.index()].site;
                Lowered { result: step, ends: vec![step], leaves: vec![(site, step)], is_single: true }
            }
            LocationKind::And(_) if self.quorum.is_some() && !position.is_copy => {
                self.quorum(location, name, key, place, position, leaf)
            }
            LocationKind::And(parts) => {
                let position = Position { is_copy: true, ..position };
                let parts: Vec<Lowered> = parts
                    .iter()
                    .enumerate()
                    .map(|(index, part)| {
                        self.location(part, name, &format!("{key}.{}", index + 1), place, position, leaf)
                    })
                    .collect();
                let leaves = leaves_of(&parts);
                let ends = parts.iter().flat_map(|part| part.ends.clone()).collect();
                if let [(_, only)] = leaves.as_slice() {
                    // Where it stands only in alternatives, it is these that give a result here.
                    let is_plain = parts.iter().any(|part| part.result == *only);
                    let result = if is_plain { *only } else { parts[0].result };
                    return Lowered { result, ends, leaves, is_single: true };
                }
                let result = self.gather(key, place, leaves.clone(), position.guard, location);
                Lowered { result, ends, leaves, is_single: false }
            }
            LocationKind::Or(arms) => {
                let name_of = |site: hir::SiteId| self.program.sites[site.0 as usize].name.clone();
                let labels = arms.iter().map(|arm| arm.text(&name_of)).collect();
                let origin = self.origin(location.span, None);
                let choice = self.choice_at(location.span, key, name, position.guard, labels, origin.clone());
                let mut lowered = Vec::with_capacity(arms.len());
                for (index, arm) in arms.iter().enumerate() {
                    let is_last = index + 1 == arms.len();
                    let position = Position {
                        guard: Some(Guard { choice, arm: index as u32 }),
                        is_left: position.is_left || !is_last,
                        is_copy: position.is_copy && is_last,
                    };
                    let key = format!("{key}.{}", index + 1);
                    // A choice inside is named by what it is between.
                    let label = format!("`{}` of {}", arm.text(&name_of), name.label);
                    let name = &Names { label: &label, ..*name };
                    lowered.push(self.location(arm, name, &key, place, position, leaf));
                }
                let is_single = lowered.iter().all(|arm| arm.is_single);
                let leaves = leaves_of(&lowered);
                let results = lowered.iter().map(|arm| arm.result).collect();
                let result = self.step(NewStep {
                    name: name.step.to_string(),
                    key: format!("{key}/choose"),
                    guard: position.guard,
                    ..NewStep::new(place, Action::Choose { choice, results }, origin)
                });
                Lowered { result, ends: vec![result], leaves, is_single }
            }
            LocationKind::Cross { parts, prime } => {
                self.cross(location, (parts, *prime), name, key, place, position, leaf)
            }
            LocationKind::Here | LocationKind::Around { .. } | LocationKind::Error => {
                unreachable!("analysis replaces `here` and radii and stops at errors")
            }
        }
    }

    /// `a & b & c` of which some are enough: the copies as ever, counted by their `gather`.
    fn quorum(
        &mut self,
        location: &Location,
        name: &Names<'_>,
        key: &str,
        place: SiteId,
        position: Position,
        leaf: &mut dyn FnMut(&mut Self, hir::SiteId, Position) -> StepId,
    ) -> Lowered {
        let Some(need) = self.quorum.take() else {
            unreachable!("asked for where there is one");
        };
        let copy = Position { is_copy: true, ..position };
        let mut leaves: Vec<(SiteId, StepId)> = Vec::new();
        let mut copies: Vec<Vec<StepId>> = Vec::new();
        for (index, part) in flattened(location).into_iter().enumerate() {
            let lowered = self.location(part, name, &format!("{key}.{}", index + 1), place, copy, leaf);
            leaves
                .extend(lowered.leaves.into_iter().filter(|leaf| !leaves.contains(leaf)).collect::<Vec<_>>());
            copies.push(lowered.ends);
        }
        self.quorum = Some(need);
        let origin = self.origin(location.span, None);
        let result = self.step(NewStep {
            name: name.step.to_string(),
            key: format!("{key}/gather"),
            guard: position.guard,
            ..NewStep::new(
                place,
                Action::Gather { parts: leaves.clone(), quorum: Some(Quorum { need, copies }) },
                origin,
            )
        });
        Lowered { result, ends: vec![result], leaves, is_single: false }
    }

    /// `a % b` (R6): the prime first, then the other parts side by side; they wait where their site is cut, the prime does
    /// not.
    #[allow(clippy::too_many_arguments)] // As `location`, with the parts.
    fn cross(
        &mut self,
        location: &Location,
        (parts, prime): (&[Location], usize),
        name: &Names<'_>,
        key: &str,
        place: SiteId,
        position: Position,
        leaf: &mut dyn FnMut(&mut Self, hir::SiteId, Position) -> StepId,
    ) -> Lowered {
        let at = |index: usize| format!("{key}.{}", index + 1);
        let prime_position = Position { is_copy: false, ..position };
        let first = self.location(&parts[prime], name, &at(prime), place, prime_position, leaf);
        let mut lowered: Vec<(usize, Lowered)> = vec![(prime, first)];
        let is_made = |index: &usize| *index != prime && !self.is_local_only;
        let others: Vec<usize> = (0..parts.len()).filter(is_made).collect();
        for (index, part) in others.into_iter().map(|index| (index, &parts[index])) {
            let position = Position { is_copy: true, ..position };
            lowered.push((index, self.location(part, name, &at(index), place, position, leaf)));
        }
        let prime_step = lowered[0].1.result;
        for (_, to) in lowered[1..].iter().flat_map(|(_, part)| part.leaves.clone()) {
            let edge = Edge { from: prime_step, to, reason: EdgeReason::After };
            if !self.plan.edges.contains(&edge) {
                self.plan.edges.push(edge);
            }
        }
        let leaves: Vec<(SiteId, StepId)> =
            lowered.iter().flat_map(|(_, part)| part.leaves.clone()).collect();
        let ends = lowered.iter().flat_map(|(_, part)| part.ends.clone()).collect();
        let name_of = |site: hir::SiteId| self.program.sites[site.0 as usize].name.clone();
        let made = |index: usize| lowered.iter().find(|(made, _)| *made == index);
        let parts = parts
            .iter()
            .enumerate()
            .map(|(index, part)| CrossPart {
                label: part.text(&name_of),
                steps: made(index)
                    .map(|(_, part)| part.leaves.iter().map(|(_, step)| *step).collect())
                    .unwrap_or_default(),
                shares: IndexMap::new(),
                before: BTreeMap::new(),
            })
            .collect();
        self.plan.crosses.push(Cross { key: key.to_string(), prime: prime_step, parts });
        let result = self.gather(key, place, leaves.clone(), position.guard, location);
        Lowered { result, ends, leaves, is_single: false }
    }

    pub(super) fn gather(
        &mut self,
        key: &str,
        place: SiteId,
        parts: Vec<(SiteId, StepId)>,
        guard: Option<Guard>,
        location: &Location,
    ) -> StepId {
        let origin = self.origin(location.span, None);
        self.step(NewStep {
            name: key.to_string(),
            key: format!("{key}/gather"),
            guard,
            ..NewStep::new(place, Action::Gather { parts, quorum: None }, origin)
        })
    }
}

/// The copies of an `&`, those of one inside it too.
fn flattened(location: &Location) -> Vec<&Location> {
    match &location.kind {
        LocationKind::And(parts) => parts.iter().flat_map(flattened).collect(),
        _ => vec![location],
    }
}

/// Every site's own step, each once: a site may stand in several parts.
fn leaves_of(parts: &[Lowered]) -> Vec<(SiteId, StepId)> {
    let mut leaves: Vec<(SiteId, StepId)> = Vec::new();
    for leaf in parts.iter().flat_map(|part| &part.leaves) {
        if !leaves.contains(leaf) {
            leaves.push(*leaf);
        }
    }
    leaves
}
