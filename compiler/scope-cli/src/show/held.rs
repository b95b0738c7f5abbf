//! What a run would not begin, since a wave before it waits for its sites or fails.
//!
//! `base` at lille first, lille does not answer → `.  image  base  waits for the wave at lille: ...` at nantes and at paris.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{Action, EdgeReason, OnUnreachable, Plan, RolloutId, SiteId, StepId};
use scope_runtime::events::{Outcome, SkipReason};
use scope_runtime::report::{Report, StepStatus};

use super::difference::{Row, What, is_silent};

/// Marks the rows of what is behind a wave that does not come to its end: as a run goes, as far as the sites say.
pub fn hold_back(plan: &Plan, survey: &Report, rows: &mut [Row]) {
    let closed = closed(plan, survey);
    if closed.is_empty() {
        return;
    }
    let held = behind(plan, closed);
    let by_key: BTreeMap<&str, StepId> =
        held.keys().map(|step| (plan.step(*step).key.as_str(), *step)).collect();
    for row in rows.iter_mut().filter(|row| row.what.is_change()) {
        let Some(step) = by_key.get(row.key.as_str()) else { continue };
        let separator = if row.why.is_empty() { "" } else { ": " };
        row.why = format!("waits for the wave at {}{separator}{}", held[step], row.why);
        row.what = What::HeldBack;
    }
}

/// The gates that a run would not come through, and the sites that these wait for. All later ones of the rollout are among them.
fn closed(plan: &Plan, survey: &Report) -> BTreeMap<StepId, String> {
    let mut gates: BTreeMap<(RolloutId, u32), (StepId, &[StepId])> = BTreeMap::new();
    for step in &plan.steps {
        if let Action::Gate { rollout, wave, steps } = &step.action {
            gates.insert((*rollout, *wave), (step.id, steps));
        }
    }
    let mut closed = BTreeMap::new();
    let mut failed: BTreeMap<RolloutId, usize> = BTreeMap::new();
    let mut stopped: BTreeMap<RolloutId, String> = BTreeMap::new();
    for ((rollout, _), (gate, steps)) in gates {
        if let Some(sites) = stopped.get(&rollout) {
            closed.insert(gate, sites.clone());
            continue;
        }
        let ends = || steps.iter().map(|step| (plan.step(*step).site, end(plan, survey, *step)));
        let bad: BTreeSet<SiteId> =
            ends().filter(|(_, end)| *end == End::Fails).map(|(site, _)| site).collect();
        let waits: BTreeSet<SiteId> =
            ends().filter(|(_, end)| *end == End::Waits).map(|(site, _)| site).collect();
        let n_failed = failed.entry(rollout).or_default();
        *n_failed += bad.len();
        // Where some of a wave is done, the rest does not wait for what is cut off.
        let sites = match *n_failed >= plan.rollouts[rollout.index()].stop_after as usize {
            true => bad,
            false if ends().all(|(_, end)| end != End::Well) => waits,
            false => continue,
        };
        if sites.is_empty() {
            continue;
        }
        let names: Vec<&str> = sites.iter().map(|site| plan.site(*site).name.as_str()).collect();
        let names = scope_plan::fleet::listed(&names);
        closed.insert(gate, names.clone());
        stopped.insert(rollout, names);
    }
    closed
}

/// All that comes after closed gates, with the sites that these wait for.
fn behind(plan: &Plan, closed: BTreeMap<StepId, String>) -> BTreeMap<StepId, String> {
    let mut after: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    // What only waits until another one has ended may have enough without it.
    for edge in plan.edges.iter().filter(|edge| edge.reason != EdgeReason::Settled) {
        after.entry(edge.from).or_default().push(edge.to);
    }
    let mut held = closed.clone();
    let mut open: Vec<(StepId, String)> = closed.into_iter().collect();
    while let Some((step, sites)) = open.pop() {
        for next in after.get(&step).into_iter().flatten() {
            if !held.contains_key(next) {
                held.insert(*next, sites.clone());
                open.push((*next, sites.clone()));
            }
        }
    }
    held
}

/// How a step of a wave would end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    Waits,
    Fails,
    /// Nobody waits for it: it is not tried, or left out.
    NotTried,
}

fn end(plan: &Plan, survey: &Report, step: StepId) -> End {
    let ended = &survey.steps[step.index()];
    if ended.is_abandoned {
        return End::NotTried;
    }
    let may_wait = matches!(plan.step(step).on_unreachable, OnUnreachable::Queue { .. });
    match &ended.status {
        StepStatus::Done { .. } => End::Well,
        StepStatus::Parked { .. } => End::Waits,
        StepStatus::Failed { .. } if is_silent(&ended.status) && may_wait => End::Waits,
        StepStatus::Failed { .. } => End::Fails,
        StepStatus::Skipped { because: SkipReason::Dependency { outcome, .. } } => match outcome {
            Outcome::Pending => End::Waits,
            Outcome::Unavailable | Outcome::Unknown | Outcome::Invalid => End::Fails,
            Outcome::Done | Outcome::LeftOut => End::NotTried,
        },
        StepStatus::Skipped { .. } => End::NotTried,
    }
}
