//! What happens to each step when a site cannot be reached for the whole run: the plan's table *step × cut site*.
//!
//! ```
//! use scope_plan::cuts::{self, Outcome};
//! use scope_plan::testing;
//!
//! let plan = testing::both();
//! let cut = cuts::cut(&plan, plan.steps[1].site);
//! assert_eq!(cut.outcomes, [Outcome::Done, Outcome::Waits, Outcome::Done]);
//! assert_eq!(cuts::summary(&plan, &cut), ["`emma` waits"]);
//! ```
//!
//! Everything else is taken to go well: nothing is found or refused but by reason of the cut.

use std::collections::{BTreeMap, BTreeSet};

use crate::expr::Expr;
use crate::graph::Neighbours;
use crate::inner::InnerGuards;
use crate::plan::{
    Action, ChoiceId, EdgeReason, Guard, OnUnreachable, Plan, Quorum, SiteId, Step, StepId, Undo,
};

mod left_out;
mod told;

pub use left_out::left_out;

/// How a step ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As without the cut.
    Done,
    /// Kept, and done when the site is back.
    Waits,
    /// Left out, as the program says.
    LeftOut,
    /// Not begun: too many of the waves before it failed.
    HeldBack,
    /// *Unavailable*.
    Fails,
    /// In an arm that is not tried, since an earlier one held.
    NotTried,
    /// Made and deleted again: its arm is given up, or its resource fails and takes back what it made.
    Undone,
}

/// A plan under one cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The site that cannot be reached.
    pub site: SiteId,
    /// By step.
    pub outcomes: Vec<Outcome>,
    /// By choice, the arm that holds; `None` where none does.
    pub arms: Vec<Option<u32>>,
    /// The steps that the cut comes to, by id: all others end as without it.
    pub reached: Vec<StepId>,
    /// Of what waits, how long it does at most, in milliseconds, where that has an end (`queue for d`): then it fails.
    pub at_most_ms: BTreeMap<StepId, u64>,
}

/// The plan with `site` cut. For several sites of a plan, [`Cuts`] finds out once what they have in common.
pub fn cut(plan: &Plan, site: SiteId) -> Cut {
    Cuts::new(plan).cut(site)
}

/// What is different under the cut, in short sentences: what waits, is left out and fails, and which arm is taken instead.
/// Empty where nothing is.
pub fn summary(plan: &Plan, cut: &Cut) -> Vec<String> {
    Cuts::new(plan).summary(cut)
}

/// How a plan goes without a cut, and in which order its ends follow from each other: from there a cut costs what it comes
/// to, however large the plan is.
pub struct Cuts<'p> {
    plan: &'p Plan,
    before: Neighbours,
    /// Steps, then choices: what follows from each.
    after: Vec<Vec<usize>>,
    /// Steps and choices in one order: a choice after its members and inner choices, a `choose` after its choice.
    order: Vec<usize>,
    /// The place of each in it.
    rank: Vec<usize>,
    by_site: Vec<Vec<usize>>,
    /// The gates of each rollout, in order.
    gates: Vec<Vec<StepId>>,
    /// The steps of arms.
    guarded: Vec<StepId>,
    /// The guards on alternatives.
    passable: Vec<StepId>,
    /// By step, the gather whose quorum it counts for.
    owner: Vec<Option<StepId>>,
    /// By choice, the gather whose quorum it counts for.
    choice_owner: Vec<Option<StepId>>,
    /// By step that stands in several alternatives, each gather whose quorum counts it.
    gathers: BTreeMap<StepId, Vec<StepId>>,
    /// By step left of a `|`, what it needs at its own site.
    beside: Neighbours,
    /// The parts of a gather that are there only in arms inside of it.
    inner: InnerGuards,
    /// The steps of each resource that takes back all it made when it fails.
    taken_back: BTreeMap<&'p str, Vec<StepId>>,
    usual: Ends,
}

/// How each step ends if it is tried, choices decided as soon as all their members are.
#[derive(Clone)]
struct Ends {
    outcomes: Vec<Outcome>,
    arms: Vec<Option<u32>>,
    choices: Vec<Outcome>,
    /// By gate, at how many sites the wave before it failed.
    failures: Vec<usize>,
}

impl<'p> Cuts<'p> {
    /// Of a plan.
    pub fn new(plan: &'p Plan) -> Self {
        let steps = plan.steps.len();
        let mut waits_for = vec![0_usize; steps + plan.choices.len()];
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
        let mut edge = |from: usize, to: usize| {
            after[from].push(to);
            waits_for[to] += 1;
        };
        for each in &plan.edges {
            edge(each.from.index(), each.to.index());
        }
        for choice in &plan.choices {
            for arm in &choice.arms {
                arm.members.iter().for_each(|member| edge(member.index(), steps + choice.id.index()));
                arm.choices.iter().for_each(|inner| edge(steps + inner.index(), steps + choice.id.index()));
            }
        }
        for step in &plan.steps {
            if let Action::Choose { choice, .. } = step.action {
                edge(steps + choice.index(), step.id.index());
            }
        }
        let inner = crate::inner::of_gathers(plan);
        for ((gather, _), guards) in &inner {
            for choice in choices_inside(plan, &plan.step(*gather).when, guards) {
                edge(steps + choice.index(), gather.index());
            }
        }
        let mut ready: Vec<usize> = (0..waits_for.len()).filter(|node| waits_for[*node] == 0).collect();
        let (mut order, mut rank) = (Vec::with_capacity(waits_for.len()), vec![usize::MAX; waits_for.len()]);
        while let Some(node) = ready.pop() {
            rank[node] = order.len();
            order.push(node);
            for next in &after[node] {
                waits_for[*next] -= 1;
                if waits_for[*next] == 0 {
                    ready.push(*next);
                }
            }
        }
        let mut by_site = vec![Vec::new(); plan.sites.len()];
        let mut gates: Vec<Vec<StepId>> = vec![Vec::new(); plan.rollouts.len()];
        for node in order.iter().copied().filter(|node| *node < steps) {
            let step = &plan.steps[node];
            by_site[step.site.index()].push(node);
            if let Action::Gate { rollout, .. } = &step.action {
                gates[rollout.index()].push(step.id);
            }
        }
        let owner = crate::quorum::of_steps(plan);
        let mut cuts = Self {
            plan,
            before: Neighbours::before(plan, |edge| edge.reason != EdgeReason::Settled),
            after,
            gathers: gathers(plan),
            beside: beside(plan),
            inner,
            taken_back: taken_back(plan),
            order,
            rank,
            by_site,
            gates,
            guarded: plan.steps.iter().filter(|step| !step.when.is_empty()).map(|step| step.id).collect(),
            passable: plan
                .steps
                .iter()
                .filter(|step| alternative(step).is_some())
                .map(|step| step.id)
                .collect(),
            choice_owner: crate::quorum::of_choices(plan, &owner),
            owner,
            usual: Ends {
                outcomes: vec![Outcome::Done; steps],
                arms: vec![None; plan.choices.len()],
                choices: vec![Outcome::Done; plan.choices.len()],
                failures: vec![0; steps],
            },
        };
        let mut usual = cuts.usual.clone();
        for node in &cuts.order {
            cuts.settle(None, &mut usual, *node);
        }
        cuts.usual = usual;
        cuts
    }

    /// The plan without a cut.
    pub fn usual(&self) -> Cut {
        self.come_to(SiteId(u32::MAX), self.usual.clone(), Vec::new())
    }

    /// The plan with `site` cut.
    pub fn cut(&self, site: SiteId) -> Cut {
        let Some(there) = self.by_site.get(site.index()) else { return self.usual() };
        let mut ends = self.usual.clone();
        let mut open: BTreeSet<usize> = there.iter().map(|node| self.rank[*node]).collect();
        let mut reached = Vec::new();
        while let Some(rank) = open.pop_first() {
            let node = self.order[rank];
            let failures = self.plan.steps.get(node).map(|_| ends.failures[node]);
            if self.settle(Some(site), &mut ends, node) {
                open.extend(
                    self.after[node].iter().map(|next| self.rank[*next]).filter(|rank| *rank != usize::MAX),
                );
            }
            if failures.is_some_and(|before| before != ends.failures[node]) {
                let Action::Gate { rollout, .. } = &self.plan.steps[node].action else { continue };
                let later = self.gates[rollout.index()].iter().map(|gate| self.rank[gate.index()]);
                open.extend(later.filter(|later| *later > rank));
            }
            if node < self.plan.steps.len() {
                reached.push(StepId(node as u32));
            }
        }
        reached.sort();
        self.come_to(site, ends, reached)
    }

    /// What ends with others, and what is not tried at all.
    fn come_to(&self, site: SiteId, ends: Ends, reached: Vec<StepId>) -> Cut {
        let is_passed_over: Vec<StepId> = self
            .passable
            .iter()
            .copied()
            .filter(|guard| self.is_passed_over(&ends, self.plan.step(*guard)))
            .collect();
        let Ends { mut outcomes, arms, .. } = ends;
        let mut in_order: Vec<&StepId> = reached.iter().collect();
        in_order.sort_by_key(|step| self.rank[step.index()]);
        for step in in_order {
            // With enough other copies done it is kept for later, unless what it needs is what it lacks.
            // In an alternative inside of it, it is not one copy among them.
            let is_enough = self.gathers_of(*step).any(|all| {
                let (when, of_all) = (&self.plan.step(*step).when, &self.plan.step(all).when);
                outcomes[all.index()] == Outcome::Done
                    && when.is_empty() == of_all.is_empty()
                    && of_all.iter().all(|guard| when.contains(guard))
            });
            let mut before = self.before.of(*step).iter().map(|needed| outcomes[needed.index()]);
            let has_all = before.all(|needed| matches!(needed, Outcome::Done | Outcome::Waits))
                && !self.waits_beside(Some(site), &outcomes, self.plan.step(*step));
            if is_enough && has_all && outcomes[step.index()] == Outcome::Fails {
                outcomes[step.index()] = Outcome::Waits;
            }
        }
        let is_come_to = choices_come_to(self.plan, &arms);
        for step in &self.guarded {
            if !is_tried(self.plan, &self.plan.step(*step).when, &arms, &is_come_to) {
                outcomes[step.index()] = Outcome::NotTried;
            }
        }
        for guard in is_passed_over {
            outcomes[guard.index()] = Outcome::NotTried;
        }
        let undone = self.undone(&arms, &mut outcomes, &reached);
        let mut reached = reached;
        reached.extend(undone);
        reached.sort();
        reached.dedup();
        let at_most_ms = self.at_most_ms(site, &outcomes, &arms, &reached);
        Cut { site, outcomes, arms, reached, at_most_ms }
    }

    /// What is made and deleted again: of the arms that are given up, and of resources that take back what they made. It
    /// stays where something that stays is built on it.
    fn undone(&self, arms: &[Option<u32>], outcomes: &mut [Outcome], reached: &[StepId]) -> Vec<StepId> {
        let is_kept = |step: StepId| is_kept(self.plan, &self.plan.step(step).when, &[], arms);
        let fails = |step: &StepId| {
            let counted_by = self.gathers_of(*step).find(|gather| is_kept(*gather)).unwrap_or(*step);
            is_kept(*step) && matches!(outcomes[counted_by.index()], Outcome::Fails | Outcome::HeldBack)
        };
        let failed: BTreeSet<&str> = reached
            .iter()
            .filter(|step| self.plan.step(**step).undo == Undo::DeleteWithResource && fails(step))
            .map(|step| self.plan.step(*step).name.as_str())
            .collect();
        let of_failed = failed.iter().flat_map(|name| &self.taken_back[name]).copied();
        let given_up = self.guarded.iter().copied().filter(|step| !is_kept(*step));
        let mut to_undo: Vec<StepId> = of_failed
            .chain(given_up)
            .filter(|step| {
                outcomes[step.index()] == Outcome::Done && is_made_to_be_undone(self.plan.step(*step))
            })
            .collect();
        to_undo.sort_by_key(|step| std::cmp::Reverse(self.rank[step.index()]));
        to_undo.dedup();
        to_undo.retain(|step| {
            let is_undone = !self.is_built_on(*step, outcomes);
            if is_undone {
                outcomes[step.index()] = Outcome::Undone;
            }
            is_undone
        });
        to_undo
    }

    /// Whether something is built on a step that is made and stays.
    fn is_built_on(&self, step: StepId, outcomes: &[Outcome]) -> bool {
        let users = self.after[step.index()].iter().filter_map(|user| self.plan.steps.get(*user));
        users.filter(|user| outcomes[user.id.index()] == Outcome::Done).any(|user| match &user.action {
            Action::Ensure { .. } => true,
            Action::Bring { .. } | Action::Protect { .. } => self.is_built_on(user.id, outcomes),
            _ => false,
        })
    }

    /// How long what waits does at most: as long as its own clause says, and as what it needs.
    fn at_most_ms(
        &self,
        site: SiteId,
        outcomes: &[Outcome],
        arms: &[Option<u32>],
        reached: &[StepId],
    ) -> BTreeMap<StepId, u64> {
        let mut at_most = BTreeMap::new();
        let mut waiting: Vec<&StepId> =
            reached.iter().filter(|step| outcomes[step.index()] == Outcome::Waits).collect();
        waiting.sort_by_key(|step| self.rank[step.index()]);
        for step in waiting {
            let limit = |of: &StepId| match outcomes[of.index()] {
                Outcome::Waits => at_most.get(of).copied().unwrap_or(u64::MAX),
                Outcome::Fails => 0,
                _ => u64::MAX,
            };
            let own = match self.plan.step(*step) {
                Step { action: Action::Choose { choice, .. }, .. } => arms[choice.index()].map(|arm| {
                    let members = &self.plan.choice(*choice).arms[arm as usize].members;
                    members.iter().map(limit).min().unwrap_or(u64::MAX)
                }),
                // Until the last of its parts fails.
                Step { action: Action::Gather { quorum: None, parts }, .. } => {
                    let waiting = parts.iter().filter(|(_, part)| outcomes[part.index()] == Outcome::Waits);
                    waiting.map(|(_, part)| limit(part)).max()
                }
                Step { action: Action::Gather { quorum: Some(quorum), .. }, .. } => {
                    out_of_reach(quorum, &limit)
                }
                Step { site: own, on_unreachable: OnUnreachable::Queue { for_ms }, .. } if *own == site => {
                    *for_ms
                }
                _ => None,
            };
            let own = own.filter(|own| *own != u64::MAX);
            let needed = self.before.of(*step).iter().filter_map(|needed| at_most.get(needed).copied());
            if let Some(shortest) = needed.chain(own).min() {
                at_most.insert(*step, shortest);
            }
        }
        at_most
    }

    /// Decides how a step or a choice ends; whether that is other than it was.
    fn settle(&self, site: Option<SiteId>, ends: &mut Ends, node: usize) -> bool {
        let Some(step) = self.plan.steps.get(node) else {
            let choice = node - self.plan.steps.len();
            let before = (ends.arms[choice], ends.choices[choice]);
            (ends.arms[choice], ends.choices[choice]) = self.decide(ends, ChoiceId(choice as u32));
            return before != (ends.arms[choice], ends.choices[choice]);
        };
        if let Action::Gate { steps, .. } = &step.action {
            ends.failures[node] = self.failures(ends, steps);
        }
        let outcome = self.step(site, ends, step);
        std::mem::replace(&mut ends.outcomes[node], outcome) != outcome
    }

    fn step(&self, site: Option<SiteId>, ends: &Ends, step: &Step) -> Outcome {
        let of = |step: &StepId| ends.outcomes[step.index()];
        let inputs = match &step.action {
            Action::Gate { rollout, steps, .. } => return self.gate(ends, rollout.index(), step, steps),
            Action::Gather { quorum: Some(quorum), .. } => return quorum_of(ends, quorum),
            Action::Gather { quorum: None, parts } => return self.gathered(ends, step, parts),
            Action::Choose { choice, results, .. } => {
                // An alternative that holds may be one whose site is left out: then there is no result.
                let result = ends.arms[choice.index()].map(|arm| of(&results[arm as usize]));
                let is_left_out = result == Some(Outcome::LeftOut);
                return if is_left_out { Outcome::LeftOut } else { ends.choices[choice.index()] };
            }
            // One source is enough; with a `&`, every one that can be reached.
            Action::Bring { sources, .. } => sources.iter().map(of).min().unwrap_or(Outcome::Done),
            // What is passed over holds nobody back.
            _ if self.is_passed_over(ends, step) => return Outcome::Done,
            _ => alternative(step).map_or(Outcome::Done, |(_, among)| of(&among)),
        };
        let before = || self.before.of(step.id).iter().map(of);
        let needs = before().filter(|outcome| *outcome != Outcome::LeftOut);
        let needs = needs.chain([inputs]).max().unwrap_or(Outcome::Done);
        // What needs something that is left out is as if its own site were cut; what only comes after it goes on.
        let is_left_out = inputs == Outcome::LeftOut
            || step.steps_used().iter().any(|used| of(used) == Outcome::LeftOut)
            // Nor may it wait with what waits at its own site.
            || self.waits_beside(site, &ends.outcomes, step)
            || step.action.goes_after_users() && before().any(|outcome| outcome == Outcome::LeftOut);
        let own = match step.on_unreachable {
            _ if Some(step.site) != site && !is_left_out => Outcome::Done,
            OnUnreachable::Queue { .. } => Outcome::Waits,
            OnUnreachable::Skip => Outcome::LeftOut,
            OnUnreachable::Fail => Outcome::Fails,
        };
        // It is not begun before what it needs is there: how its own site is comes after that.
        match needs {
            Outcome::Waits if self.waits_beside(site, &ends.outcomes, step) => own,
            Outcome::Done | Outcome::LeftOut => own,
            Outcome::Waits | Outcome::HeldBack => needs,
            Outcome::Fails | Outcome::NotTried | Outcome::Undone => Outcome::Fails,
        }
    }

    /// A part that waits or fails is left out of the result, as long as there is another one; and what a choice lacks, what is
    /// read of its arms lacks, too.
    fn gathered(&self, ends: &Ends, gather: &Step, parts: &[(SiteId, StepId)]) -> Outcome {
        let worst = |outcomes: &mut dyn Iterator<Item = Outcome>| {
            outcomes.filter(|outcome| *outcome != Outcome::LeftOut).max()
        };
        let before = self.before.of(gather.id).iter().map(|needed| ends.outcomes[needed.index()]);
        if let Some(lacks) = worst(&mut before.filter(|outcome| *outcome != Outcome::Done)) {
            return lacks;
        }
        let is_wanted = |part: &StepId| {
            let guards = self.inner.get(&(gather.id, *part));
            guards.is_none_or(|guards| is_kept(self.plan, guards, &gather.when, &ends.arms))
        };
        let parts = parts.iter().map(|(_, part)| *part).filter(is_wanted);
        let parts: Vec<Outcome> = parts.map(|part| ends.outcomes[part.index()]).collect();
        match parts.is_empty() || parts.contains(&Outcome::Done) {
            true => Outcome::Done,
            false => worst(&mut parts.into_iter()).unwrap_or(Outcome::LeftOut),
        }
    }

    /// Whether it is left of a `|`, at the site that is cut, and what it needs there waits.
    fn waits_beside(&self, site: Option<SiteId>, outcomes: &[Outcome], step: &Step) -> bool {
        let mut beside = self.beside.of(step.id).iter();
        Some(step.site) == site && beside.any(|needed| outcomes[needed.index()] == Outcome::Waits)
    }

    /// Whether it guards an alternative that is not what was taken.
    fn is_passed_over(&self, ends: &Ends, step: &Step) -> bool {
        alternative(step).is_some_and(|(of, among)| {
            // Where nothing was taken there is nothing to guard: it ends as what it needs.
            ends.outcomes[among.index()] == Outcome::Done
                && (ends.outcomes[of.index()] != Outcome::Done
                    || !is_taken(self.plan, &self.plan.step(of).when, &ends.arms))
        })
    }

    /// As the scheduler: too many failures hold the rest back, and a wave of which nothing is done proves nothing.
    fn gate(&self, ends: &Ends, rollout: usize, gate: &Step, steps: &[StepId]) -> Outcome {
        let is = |wanted: Outcome| steps.iter().any(|step| ends.outcomes[step.index()] == wanted);
        let waits = is(Outcome::Waits) && !is(Outcome::Done);
        let so_far = self.gates[rollout]
            .iter()
            .filter(|earlier| self.rank[earlier.index()] <= self.rank[gate.id.index()]);
        let failures: usize = so_far.map(|earlier| ends.failures[earlier.index()]).sum();
        match failures >= self.plan.rollouts[rollout].stop_after as usize {
            true => Outcome::HeldBack,
            false if waits => Outcome::Waits,
            false => Outcome::Done,
        }
    }

    /// At how many sites a wave failed.
    fn failures(&self, ends: &Ends, steps: &[StepId]) -> usize {
        let is_bad =
            |step: &&StepId| matches!(ends.outcomes[step.index()], Outcome::Fails | Outcome::HeldBack);
        let failed: BTreeSet<SiteId> =
            steps.iter().filter(is_bad).map(|step| self.plan.step(*step).site).collect();
        failed.len()
    }

    /// The gathers whose quorum counts a step.
    fn gathers_of(&self, step: StepId) -> impl Iterator<Item = StepId> {
        let several = self.gathers.get(&step).into_iter().flatten().copied();
        self.owner[step.index()].into_iter().chain(several)
    }

    /// The first arm that does not fail.
    fn decide(&self, ends: &Ends, choice: ChoiceId) -> (Option<u32>, Outcome) {
        let choice = self.plan.choice(choice);
        let first = choice.recorded.unwrap_or(0);
        let mut order: Vec<u32> = (0..choice.arms.len() as u32).collect();
        order.sort_by_key(|arm| rank(*arm, first));
        let end = |arm: &u32| {
            let here = Guard { choice: choice.id, arm: *arm };
            let arm = &choice.arms[*arm as usize];
            // What counts only with other copies counts by their quorum, where that is of this very arm.
            let is_here = |gather: &StepId| self.plan.step(*gather).when.contains(&here);
            let is_copy = |member: &&StepId| self.gathers_of(**member).any(|gather| is_here(&gather));
            let members = arm.members.iter().filter(|member| !is_copy(member));
            let members = members.map(|member| ends.outcomes[member.index()]);
            let is_inner_copy =
                |inner: &&ChoiceId| self.choice_owner[inner.index()].as_ref().is_some_and(is_here);
            let inner = arm.choices.iter().filter(|inner| !is_inner_copy(inner));
            let inner = inner.map(|inner| ends.choices[inner.index()]);
            members.chain(inner).filter(|outcome| *outcome != Outcome::LeftOut).max().unwrap_or(Outcome::Done)
        };
        let held = order.iter().map(|arm| (*arm, end(arm))).find(|(_, end)| *end != Outcome::Fails);
        (held.map(|(arm, _)| arm), held.map_or(Outcome::Fails, |(_, end)| end))
    }
}

/// The parts of each quorum, with the gathers that count them.
fn gathers(plan: &Plan) -> BTreeMap<StepId, Vec<StepId>> {
    let mut gathers: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for step in &plan.steps {
        if let Action::Gather { quorum: Some(_), .. } = &step.action {
            for part in step.action.sources() {
                gathers.entry(part).or_default().push(step.id);
            }
        }
    }
    gathers.retain(|_, gathers| gathers.len() > 1);
    gathers
}

/// By step left of a `|`, what it needs at its own site: waiting with that would never let the alternative be tried.
fn beside(plan: &Plan) -> Neighbours {
    let is_left = crate::left::of_steps(plan);
    Neighbours::before(plan, |edge| {
        let (needed, user) = (plan.step(edge.from), plan.step(edge.to));
        let is_used = matches!(edge.reason, EdgeReason::Data | EdgeReason::Guard);
        let is_beside = needed.site == user.site && is_at_site(needed) && is_of_interest(user);
        is_used && is_beside && is_left[user.id.index()]
    })
}

/// Enough copies are done, or can be when the site is back, or neither.
fn quorum_of(ends: &Ends, quorum: &Quorum) -> Outcome {
    let end = |copy: &Vec<StepId>| {
        copy.iter().map(|step| ends.outcomes[step.index()]).max().unwrap_or(Outcome::Done)
    };
    let ended: Vec<Outcome> = quorum.copies.iter().map(end).collect();
    let so_many = |best: Outcome| ended.iter().filter(|end| **end <= best).count() >= quorum.need as usize;
    match (so_many(Outcome::Done), so_many(Outcome::Waits)) {
        (true, _) => Outcome::Done,
        (false, true) => Outcome::Waits,
        (false, false) => Outcome::Fails,
    }
}

/// When so many copies have failed that the rest is not enough.
fn out_of_reach(quorum: &Quorum, limit: &dyn Fn(&StepId) -> u64) -> Option<u64> {
    let copies = quorum.copies.iter().map(|copy| copy.iter().map(limit).min().unwrap_or(u64::MAX));
    let mut limits: Vec<u64> = copies.collect();
    limits.sort_unstable();
    let n_spare = limits.len().checked_sub(quorum.need as usize)?;
    limits.get(n_spare).copied()
}

/// Whether each choice is come to; outer choices stand before inner ones.
fn choices_come_to(plan: &Plan, arms: &[Option<u32>]) -> Vec<bool> {
    let mut is_come_to = vec![false; plan.choices.len()];
    for choice in &plan.choices {
        is_come_to[choice.id.index()] = is_tried(plan, &choice.when, arms, &is_come_to);
    }
    is_come_to
}

/// Whether any of these arms is tried: all arms up to the one that holds are, all where none does.
fn is_tried(plan: &Plan, when: &[Guard], arms: &[Option<u32>], is_come_to: &[bool]) -> bool {
    when.is_empty()
        || when.iter().any(|guard| {
            let first = plan.choice(guard.choice).recorded.unwrap_or(0);
            let held = arms[guard.choice.index()];
            let is_before = held.is_none_or(|held| rank(guard.arm, first) <= rank(held, first));
            is_come_to[guard.choice.index()] && is_before
        })
}

/// Whether all arms hold that something with these guards stands in, along one way out.
fn is_taken(plan: &Plan, when: &[Guard], arms: &[Option<u32>]) -> bool {
    when.is_empty()
        || when.iter().any(|guard| {
            let choice = plan.choice(guard.choice);
            arms[guard.choice.index()] == Some(guard.arm) && is_taken(plan, &choice.when, arms)
        })
}

/// Whether something with these guards is of the arms that the choices end with, well or not: all others are given up. Of what
/// is around these arms nothing is asked.
fn is_kept(plan: &Plan, when: &[Guard], around: &[Guard], arms: &[Option<u32>]) -> bool {
    when.is_empty()
        || when.iter().any(|guard| {
            let choice = plan.choice(guard.choice);
            let first = choice.recorded.unwrap_or(0);
            let last = (0..choice.arms.len() as u32).max_by_key(|arm| rank(*arm, first));
            around.contains(guard)
                || arms[guard.choice.index()].or(last) == Some(guard.arm)
                    && is_kept(plan, &choice.when, around, arms)
        })
}

/// The choices of these guards and those around them, as far as they are inside of `around`.
fn choices_inside(plan: &Plan, around: &[Guard], guards: &[Guard]) -> BTreeSet<ChoiceId> {
    let mut choices = BTreeSet::new();
    let mut open: Vec<Guard> = guards.to_vec();
    while let Some(guard) = open.pop() {
        if !around.contains(&guard) && choices.insert(guard.choice) {
            open.extend(&plan.choice(guard.choice).when);
        }
    }
    choices
}

/// Whether something is made that is deleted when its arm is given up: a guard, which may be there for others, too, is not.
fn is_made_to_be_undone(step: &Step) -> bool {
    step.undo.is_wanted() && matches!(step.action, Action::Ensure { .. } | Action::Bring { .. })
}

/// The resources that take back all they made when they fail (`on_failure: undo`): their steps, by name.
fn taken_back(plan: &Plan) -> BTreeMap<&str, Vec<StepId>> {
    let mut taken_back: BTreeMap<&str, Vec<StepId>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.undo == Undo::DeleteWithResource) {
        taken_back.entry(&step.name).or_default().push(step.id);
    }
    taken_back
}

/// Of a guard on one of several alternatives, that one, and the step that says which one was taken.
fn alternative(step: &Step) -> Option<(StepId, StepId)> {
    match &step.action {
        Action::Protect { of: Expr::Step { step: of, .. }, among: Some(among), .. } => Some((*of, *among)),
        _ => None,
    }
}

/// The recorded arm is tried first.
fn rank(arm: u32, first: u32) -> u32 {
    if arm == first { 0 } else { arm + 1 }
}

/// What asks its site for something.
fn is_at_site(step: &Step) -> bool {
    !matches!(step.action, Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. })
}

/// What a person named: not the look-ups and transfers made for it.
fn is_of_interest(step: &Step) -> bool {
    match &step.action {
        Action::Ensure { .. } | Action::Call { .. } | Action::Delete { .. } => true,
        Action::Lookup { purpose, .. } => *purpose == crate::plan::Purpose::Existing,
        Action::Bring { .. }
        | Action::Protect { .. }
        | Action::Choose { .. }
        | Action::Gather { .. }
        | Action::Gate { .. } => false,
    }
}
