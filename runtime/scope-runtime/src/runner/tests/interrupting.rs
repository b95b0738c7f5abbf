//! Interrupted by the user: nothing new is started, the state is sound, the next run goes on.

use scope_plan::testing::both;

use super::stage::{library, play, play_with, simulator};
use crate::events::SkipReason;
use crate::report::{StepStatus, Verdict};
use crate::runner::{Interrupt, RunOptions, block_on, run};
use crate::state::StateStore;

/// Interrupts when the n-th event comes, so often.
fn interrupted_at(
    n: usize,
    level: u8,
) -> Option<(crate::report::Report, crate::simulator::Simulator, StateStore)> {
    let plan = library();
    let simulator = simulator(&plan, &[]);
    let mut state = StateStore::in_memory();
    let interrupt = Interrupt::new();
    let options = RunOptions { interrupt: interrupt.clone(), ..RunOptions::default() };
    let mut n_events = 0;
    let report = block_on(
        true,
        run(&plan, &simulator, &mut state, &options, &mut |_| {
            n_events += 1;
            if n_events == n {
                (0..level).for_each(|_| interrupt.interrupt());
            }
        }),
    );
    (n_events >= n).then_some((report, simulator, state))
}

#[test]
fn wherever_it_is_interrupted_the_next_run_ends_the_same() {
    for level in [1, 2] {
        let (mut n_interrupted, mut n_done) = (0, 0);
        for n in 1.. {
            let Some((report, simulator, mut state)) = interrupted_at(n, level) else { break };
            let is_done = report.steps.iter().all(|step| {
                use StepStatus::{Done, Skipped};
                matches!(step.status, Done { .. } | Skipped { because: SkipReason::NotChosen })
            });
            assert!(!is_done || report.verdict != Verdict::Interrupted, "{n} at {level}: all was done");
            n_done += usize::from(is_done);
            if report.verdict == Verdict::Interrupted {
                assert_eq!(report.exit_code(), 130);
                n_interrupted += 1;
            }
            let mut plan = library();
            plan.choices[0].recorded = state.recorded().choices.get("mansfield").copied();
            let (next, _) = play(&plan, &simulator, &mut state);
            assert!(matches!(next.verdict, Verdict::Done | Verdict::NothingToDo), "{n}: {:#?}", next.steps);
            for (site, n_books) in [("nantes", 2), ("paris", 1), ("lille", 2)] {
                assert_eq!(simulator.count(site, "shelf.book"), n_books, "{site} after {n} at level {level}");
            }
            assert_eq!(simulator.count("nantes", "shelf.loan"), 1);
        }
        assert!(n_interrupted > 10, "{n_interrupted}");
        assert!(n_done > 0, "the last of it was done when it was interrupted");
    }
}

#[test]
fn before_anything_is_started_nothing_is() {
    let plan = both();
    let simulator = simulator(&plan, &[]);
    let interrupt = Interrupt::new();
    interrupt.interrupt();
    let options = RunOptions { interrupt, ..RunOptions::default() };
    let (report, _) = play_with(&plan, &simulator, &mut StateStore::in_memory(), &options);
    assert_eq!(report.verdict, Verdict::Interrupted);
    assert_eq!(simulator.count("nantes", "shelf.book"), 0);
}
