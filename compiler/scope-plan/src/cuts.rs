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
use crate::plan::{Action, EdgeReason, Plan, SiteId, Step, StepId};

mod arms;
mod beside;
mod ending;
mod left_out;
mod limits;
mod order;
mod quorum;
mod told;
mod undone;

use arms::{choices_come_to, is_tried};
use order::Order;

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
    /// Explicit operations that are done, and not done again.
    done: BTreeSet<StepId>,
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
    /// Of a plan of which nothing is done yet.
    pub fn new(plan: &'p Plan) -> Self {
        Self::after(plan, BTreeSet::new())
    }

    /// Of a plan of which these explicit operations are done: they ask their sites for nothing more.
    pub fn after(plan: &'p Plan, done: BTreeSet<StepId>) -> Self {
        let steps = plan.steps.len();
        let inner = crate::inner::of_gathers(plan);
        let Order { after, nodes: order, rank } = Order::of(plan, &inner);
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
            done,
            before: Neighbours::before(plan, |edge| edge.reason != EdgeReason::Settled),
            after,
            gathers: quorum::gathers(plan),
            beside: beside::of_steps(plan),
            inner,
            taken_back: undone::taken_back(plan),
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

    /// Of which plan.
    pub fn plan(&self) -> &'p Plan {
        self.plan
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
}

/// Of a guard on one of several alternatives, that one, and the step that says which one was taken.
fn alternative(step: &Step) -> Option<(StepId, StepId)> {
    match &step.action {
        Action::Protect { of: Expr::Step { step: of, .. }, among: Some(among), .. } => Some((*of, *among)),
        _ => None,
    }
}

/// What a person named: not the look-ups and transfers made for it.
pub(crate) fn is_of_interest(step: &Step) -> bool {
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
