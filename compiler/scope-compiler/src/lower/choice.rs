//! Locations to steps: `&` to steps side by side, `|` to a choice with an arm for each alternative, `%` to the prime and
//! the parts that wait for it.

use std::collections::{BTreeMap, BTreeSet};

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

/// One alternative of a `|`, before it is lowered.
pub(crate) struct Alternative {
    /// As it is written.
    pub label: String,
    /// The names of its sites.
    pub sites: BTreeSet<String>,
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

/// Of what, and where, a location is lowered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'n> {
    pub name: Names<'n>,
    /// Of its steps and choices: `vm`, `vm.image`; a part is `vm.1`.
    pub key: &'n str,
    /// Where the result is used.
    pub place: SiteId,
    pub position: Position,
}

/// Makes the step of one site.
pub(crate) type Leaf<'f, 'p> = dyn FnMut(&mut Lowering<'p>, hir::SiteId, Position) -> StepId + 'f;

/// Lowers one alternative.
pub(crate) type Arm<'f, 'p> = dyn FnMut(&mut Lowering<'p>, &Location, &At<'_>) -> Lowered + 'f;

impl<'p> Lowering<'p> {
    /// Lowers a location, making each site's step with `leaf`.
    pub(super) fn location(&mut self, location: &Location, at: &At<'_>, leaf: &mut Leaf<'_, 'p>) -> Lowered {
        match &location.kind {
            LocationKind::Site(site) => {
                let step = leaf(self, *site, at.position);
                self.single(step)
            }
            LocationKind::And(_) if self.quorum.is_some() && !at.position.is_copy => {
                self.quorum(location, at, leaf)
            }
            LocationKind::And(parts) => self.and(location, parts, at, leaf),
            LocationKind::Or(arms) => {
                self.or(location, arms, at, &mut |lowering, arm, at| lowering.location(arm, at, leaf))
            }
            LocationKind::Cross { parts, prime } => self.cross(location, (parts, *prime), at, leaf),
            LocationKind::Here | LocationKind::Around { .. } | LocationKind::Error => {
                unreachable!("analysis replaces `here` and radii and stops at errors")
            }
        }
    }

    /// What is one step.
    pub(super) fn single(&self, step: StepId) -> Lowered {
        let site = self.plan.steps[step.index()].site;
        Lowered { result: step, ends: vec![step], leaves: vec![(site, step)], is_single: true }
    }

    /// A part of the whole, counted from 0.
    fn part(
        &mut self,
        part: &Location,
        index: usize,
        at: &At<'_>,
        position: Position,
        leaf: &mut Leaf<'_, 'p>,
    ) -> Lowered {
        self.location(part, &At { key: &key_of_part(at.key, index), position, ..*at }, leaf)
    }

    /// `a & b` (R4): side by side, and a `gather` where there is more than one result.
    fn and(
        &mut self,
        location: &Location,
        parts: &[Location],
        at: &At<'_>,
        leaf: &mut Leaf<'_, 'p>,
    ) -> Lowered {
        let position = Position { is_copy: true, ..at.position };
        let parts: Vec<Lowered> = parts
            .iter()
            .enumerate()
            .map(|(index, part)| self.part(part, index, at, position, leaf))
            .collect();
        let leaves = leaves_of(&parts);
        let ends = parts.iter().flat_map(|part| part.ends.clone()).collect();
        if let [(_, only)] = leaves.as_slice() {
            // Where it stands only in alternatives, it is these that give a result here.
            let is_plain = parts.iter().any(|part| part.result == *only);
            let result = if is_plain { *only } else { parts[0].result };
            return Lowered { result, ends, leaves, is_single: true };
        }
        let result = self.gather(at, leaves.clone(), location);
        Lowered { result, ends, leaves, is_single: false }
    }

    /// `a | b` (R5): a choice, and a `choose` with the result of the arm that was taken.
    pub(super) fn or(
        &mut self,
        location: &Location,
        arms: &[Location],
        at: &At<'_>,
        lower: &mut Arm<'_, 'p>,
    ) -> Lowered {
        let At { name, key, place, position } = *at;
        let name_of = |site: hir::SiteId| self.program.sites[site.0 as usize].name.clone();
        let texts: Vec<String> = arms.iter().map(|arm| arm.text(&name_of)).collect();
        let origin = self.origin(location.span, None);
        let guard = position.guard;
        let alternatives = arms.iter().zip(&texts).map(|(arm, text)| Alternative {
            label: text.clone(),
            sites: arm.sites().into_iter().map(name_of).collect(),
        });
        let choice = self.choice_at(location.span, key, &name, guard, alternatives.collect(), origin.clone());
        let mut lowered = Vec::with_capacity(arms.len());
        for (index, (arm, text)) in arms.iter().zip(&texts).enumerate() {
            let is_last = index + 1 == arms.len();
            let position = Position {
                guard: Some(Guard { choice, arm: index as u32 }),
                is_left: position.is_left || !is_last,
                is_copy: position.is_copy && is_last,
            };
            // A choice inside is named by what it is between.
            let label = format!("`{text}` of {}", name.label);
            let key = key_of_part(key, index);
            let at = At { name: Names { label: &label, ..name }, key: &key, place, position };
            lowered.push(lower(self, arm, &at));
        }
        let is_single = lowered.iter().all(|arm| arm.is_single);
        let leaves = leaves_of(&lowered);
        let results = lowered.iter().map(|arm| arm.result).collect();
        let result = self.step(NewStep {
            name: name.step.to_string(),
            key: format!("{key}/choose"),
            guard,
            ..NewStep::new(place, Action::Choose { choice, results }, origin)
        });
        Lowered { result, ends: vec![result], leaves, is_single }
    }

    /// `a & b & c` of which some are enough: the copies as ever, counted by their `gather`.
    fn quorum(&mut self, location: &Location, at: &At<'_>, leaf: &mut Leaf<'_, 'p>) -> Lowered {
        let Some(need) = self.quorum.take() else {
            unreachable!("asked for where there is one");
        };
        let copy = Position { is_copy: true, ..at.position };
        let lowered: Vec<Lowered> = flattened(location)
            .into_iter()
            .enumerate()
            .map(|(index, part)| self.part(part, index, at, copy, leaf))
            .collect();
        self.quorum = Some(need);
        let leaves = leaves_of(&lowered);
        let copies = lowered.into_iter().map(|copy| copy.ends).collect();
        let origin = self.origin(location.span, None);
        let result = self.step(NewStep {
            name: at.name.step.to_string(),
            key: format!("{}/gather", at.key),
            guard: at.position.guard,
            ..NewStep::new(
                at.place,
                Action::Gather { parts: leaves.clone(), quorum: Some(Quorum { need, copies }) },
                origin,
            )
        });
        Lowered { result, ends: vec![result], leaves, is_single: false }
    }

    /// `a % b` (R6): the prime first, then the other parts side by side; they wait where their site is cut, the prime does
    /// not.
    fn cross(
        &mut self,
        location: &Location,
        (parts, prime): (&[Location], usize),
        at: &At<'_>,
        leaf: &mut Leaf<'_, 'p>,
    ) -> Lowered {
        let of_prime = Position { is_copy: false, ..at.position };
        let first = self.part(&parts[prime], prime, at, of_prime, leaf);
        let mut lowered: Vec<(usize, Lowered)> = vec![(prime, first)];
        let is_made = |index: &usize| *index != prime && !self.is_local_only;
        let others: Vec<usize> = (0..parts.len()).filter(is_made).collect();
        for (index, part) in others.into_iter().map(|index| (index, &parts[index])) {
            let position = Position { is_copy: true, ..at.position };
            lowered.push((index, self.part(part, index, at, position, leaf)));
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
                weight: 1,
                shares: IndexMap::new(),
                before: BTreeMap::new(),
            })
            .collect();
        let key = at.key.to_string();
        self.plan.crosses.push(Cross { key, prime: prime_step, parts, unlinked: None });
        let result = self.gather(at, leaves.clone(), location);
        Lowered { result, ends, leaves, is_single: false }
    }

    /// The results of several sites as one value.
    pub(super) fn gather(
        &mut self,
        at: &At<'_>,
        parts: Vec<(SiteId, StepId)>,
        location: &Location,
    ) -> StepId {
        let origin = self.origin(location.span, None);
        self.step(NewStep {
            name: at.key.to_string(),
            key: format!("{}/gather", at.key),
            guard: at.position.guard,
            ..NewStep::new(at.place, Action::Gather { parts, quorum: None }, origin)
        })
    }
}

/// The key of a part of the whole, counted from 0: `vm` → `vm.1`.
pub(super) fn key_of_part(key: &str, index: usize) -> String {
    format!("{key}.{}", index + 1)
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
