//! Runs over a simulator, and what a test asks of them.

use scope_plan::expr::Expr;
use scope_plan::plan::Plan;
use scope_plan::testing::Builder;
use serde_json::json;

use crate::events::RunEvent;
use crate::report::{Report, StepStatus};
use crate::runner::{RunOptions, SiteSet, block_on, run};
use crate::simulator::{SimulationOptions, Simulator};
use crate::state::StateStore;

/// Simulated sites with these faults.
pub(super) fn simulator(plan: &Plan, faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|fault| fault.parse().expect("a fault")).collect();
    Simulator::new(plan, SimulationOptions { faults, ..SimulationOptions::default() }).expect("a simulation")
}

/// One run; the report and all events.
pub(super) fn play(plan: &Plan, sites: &dyn SiteSet, state: &mut StateStore) -> (Report, Vec<RunEvent>) {
    play_with(plan, sites, state, &RunOptions::default())
}

pub(super) fn play_with(
    plan: &Plan,
    sites: &dyn SiteSet,
    state: &mut StateStore,
    options: &RunOptions,
) -> (Report, Vec<RunEvent>) {
    let mut events = Vec::new();
    let report = block_on(true, run(plan, sites, state, options, &mut |event| events.push(event.clone())));
    (report, events)
}

/// One run with an empty state.
pub(super) fn once(plan: &Plan, faults: &[&str]) -> (Report, Simulator, StateStore) {
    let simulator = simulator(plan, faults);
    let mut state = StateStore::in_memory();
    let (report, _) = play(plan, &simulator, &mut state);
    (report, simulator, state)
}

/// The codes of all failures, in the plan's order.
pub(super) fn codes(report: &Report) -> Vec<&str> {
    let failures = report.steps.iter().filter_map(|step| match &step.status {
        StepStatus::Failed { failure } => Some(failure.code.as_str()),
        _ => None,
    });
    failures.collect()
}

/// Books at two sites, one of them with content, a loan of a borrowed one, and a call: a bit of everything.
pub(super) fn library() -> Plan {
    let mut plan = Builder::new();
    let (nantes, paris, lille) = (plan.site("nantes"), plan.site("paris"), plan.site("lille"));
    plan.link(nantes, paris, 12, Some(1_000_000_000));
    plan.link(nantes, lille, 30, Some(100_000_000));
    plan.simulated(
        lille,
        "shelf.book",
        &[("id", json!("b-emma")), ("title", json!("Emma")), ("status", json!("open"))],
    );
    let book = |title: &str| vec![("title", Expr::text(title)), ("content", Expr::text("It was a truth"))];
    let parts = [nantes, paris].map(|site| plan.ensure(site, "persuasion", "shelf.book", book("Persuasion")));
    plan.gather(nantes, "persuasion", &parts);
    let original = plan.lookup(lille, "loan.book", "shelf.book", "Emma");
    let copy = plan.bring(nantes, "loan.book", "shelf.book", &[original]);
    let loan = vec![("book", Expr::step(copy, &[])), ("reader", Expr::text("ana"))];
    plan.ensure(nantes, "loan", "shelf.loan", loan);
    plan.call(paris, "close", "shelf.book", "close", vec![("id", Expr::step(parts[1], &["id"]))]);
    let choice = plan.choice("mansfield", &["lille", "paris"]);
    let first =
        plan.arm(choice, 0, |plan| plan.ensure(lille, "mansfield", "shelf.book", book("Mansfield Park")));
    let second =
        plan.arm(choice, 1, |plan| plan.ensure(paris, "mansfield", "shelf.book", book("Mansfield Park")));
    let chosen = plan.choose(nantes, "mansfield", choice, &[first, second]);
    plan.output("mansfield", Expr::step(chosen, &["title"]));
    plan.finish()
}
