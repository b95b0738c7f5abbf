//! The meaning of `&`, `|`, borrowing and cuts, end to end.

use scope_plan::plan::{OnUnreachable, StepId};
use scope_plan::testing::{borrowed, both, one_ensure, otherwise};
use serde_json::json;

use super::stage::{codes, library, once, play, simulator};
use crate::events::{Effect, RunEventKind};
use crate::report::{OutputValue, StepStatus, UndoStatus, Verdict};
use crate::state::StateStore;

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    for plan in [one_ensure(), both(), otherwise(), borrowed(), library()] {
        let (first, simulator, mut state) = once(&plan, &[]);
        assert_eq!(first.verdict, Verdict::Done, "{:?}", codes(&first));
        let before = simulator.snapshot();
        let mut plan = plan;
        for choice in &mut plan.choices {
            choice.recorded = state.recorded().choices.get(&choice.key).copied();
        }
        let (second, _) = play(&plan, &simulator, &mut state);
        assert_eq!(second.verdict, Verdict::NothingToDo, "{:#?}", second.steps);
        assert_eq!(simulator.snapshot(), before);
        assert_eq!(state.state().runs.len(), 2);
    }
}

#[test]
fn everything_at_once() {
    let (report, simulator, _) = once(&library(), &[]);
    assert_eq!(report.outputs["mansfield"], OutputValue::Value(json!("Mansfield Park")));
    for (site, title) in
        [("nantes", "Persuasion"), ("paris", "Persuasion"), ("nantes", "Emma"), ("lille", "Mansfield Park")]
    {
        assert!(simulator.record(site, "shelf.book", title).is_some(), "{title} at {site}");
    }
    let copy = simulator.record("nantes", "shelf.book", "Emma").expect("copied");
    assert_eq!(copy["id"], "b-emma");
    assert_eq!(simulator.count("nantes", "shelf.loan"), 1);
    assert_eq!(simulator.record("paris", "shelf.book", "Persuasion").expect("made")["status"], "closed");
    assert_eq!(simulator.count("paris", "shelf.book"), 1);
    let counts = report.counts;
    assert_eq!((counts.created, counts.borrowed, counts.called, counts.found), (4, 1, 1, 1));
    assert_eq!(report.by_site["lille"].created, 1);
}

#[test]
fn both_with_one_cut_off_is_pending_and_the_next_run_does_it() {
    let plan = both();
    let (report, simulator, mut state) = once(&plan, &["cut=paris@..10min"]);
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Pending, 4));
    assert!(matches!(report.steps[1].status, StepStatus::Parked { .. }));
    // What is there is the result.
    let OutputValue::Value(output) = &report.outputs["emma"] else { panic!("{:?}", report.outputs) };
    assert!(output.get("nantes").is_some() && output.get("paris").is_none());
    assert_eq!(state.state().parked.len(), 1);
    simulator.heal(None).expect("healed");
    let (next, _) = play(&plan, &simulator, &mut state);
    assert_eq!(next.verdict, Verdict::Done);
    assert_eq!(simulator.count("paris", "shelf.book"), 1);
    assert!(state.state().parked.is_empty());
}

#[test]
fn skip_leaves_out_and_fail_fails() {
    let mut plan = both();
    plan.steps[1].on_unreachable = OnUnreachable::Skip;
    let (report, _, _) = once(&plan, &["cut=paris"]);
    assert_eq!(report.verdict, Verdict::Done);
    plan.steps[1].on_unreachable = OnUnreachable::Fail;
    let (report, simulator, _) = once(&plan, &["cut=paris"]);
    assert_eq!((report.verdict, codes(&report)), (Verdict::Failed, vec!["E0701"]));
    assert_eq!(simulator.count("nantes", "shelf.book"), 1, "neither stops the other");
}

#[test]
fn a_short_cut_is_waited_out() {
    let (report, _, _) = once(&both(), &["cut=paris@..6s"]);
    assert_eq!(report.verdict, Verdict::Done);
    assert!(report.steps[1].attempts > 1);
}

#[test]
fn otherwise_goes_on_where_the_first_is_cut_off_full_or_broken() {
    for fault in
        ["cut=paris", "refuse=shelf.book@paris", "break=shelf.book@paris", "unavailable=create@paris"]
    {
        let (report, simulator, state) = once(&otherwise(), &[fault]);
        assert_eq!(report.verdict, Verdict::Done, "{fault}: {:?}", codes(&report));
        assert_eq!(simulator.count("nantes", "shelf.book"), 1, "{fault}");
        assert_eq!(simulator.count("paris", "shelf.book"), 0, "{fault}");
        assert_eq!(state.state().choices["emma"], 1);
        assert!(matches!(report.steps[2].status, StepStatus::Done { effect: Effect::Chosen { arm: 1, .. } }));
    }
}

#[test]
fn otherwise_stops_where_it_is_denied() {
    let (report, simulator, _) = once(&otherwise(), &["deny=paris"]);
    assert_eq!((report.verdict, codes(&report)), (Verdict::Failed, vec!["E0905"]));
    assert_eq!(simulator.count("nantes", "shelf.book"), 0);
}

#[test]
fn cut_off_in_the_middle_of_the_first_alternative_leaves_a_debt() {
    // The create is answered, then Paris falls silent.
    let plan = otherwise();
    let (report, simulator, mut state) = once(&plan, &["cut=paris@after:create:emma"]);
    assert_eq!(report.verdict, Verdict::Done, "{:?}", codes(&report));
    assert_eq!(report.steps[0].undo, UndoStatus::Owed);
    assert_eq!((simulator.count("paris", "shelf.book"), simulator.count("nantes", "shelf.book")), (1, 1));
    assert_eq!(report.owed.len(), 1);
    simulator.heal(None).expect("healed");
    let mut plan = plan;
    plan.choices[0].recorded = Some(1);
    let (next, _) = play(&plan, &simulator, &mut state);
    assert_eq!(next.verdict, Verdict::Done);
    assert_eq!(simulator.count("paris", "shelf.book"), 0, "the debt is paid");
    assert!(state.state().owed.is_empty());
    assert_eq!(play(&plan, &simulator, &mut state).0.verdict, Verdict::NothingToDo);
}

#[test]
fn a_reference_is_brought_from_the_second_where_the_first_has_it_not() {
    let mut plan = borrowed();
    plan.sites[1].simulated.clear();
    let (report, simulator, _) = once(&plan, &[]);
    assert_eq!(report.verdict, Verdict::Done, "{:?}", codes(&report));
    assert_eq!(simulator.record("nantes", "shelf.book", "Emma").expect("copied")["id"], "b-emma");
    plan.sites[2].simulated.clear();
    let (report, _, _) = once(&plan, &[]);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(codes(&report).contains(&"E0903"), "{:?}", codes(&report));
    assert!(matches!(report.outputs["loan"], OutputValue::Missing(_)));
}

#[test]
fn lost_late_and_doubled_answers_leave_one_of_each() {
    for fault in [
        "lose=create@*",
        "lose=create@*:1",
        "late=create@*:1s",
        "late=create@*:1900ms",
        "duplicate=create@nantes:*",
        "lose=upload@*",
        "lose=find@*",
        "lose=read@*",
        "lose=download@*",
        "duplicate=upload@*:*",
    ] {
        let (report, simulator, mut state) = once(&library(), &[fault]);
        assert_eq!(report.verdict, Verdict::Done, "{fault}: {:#?}", report.steps);
        let mut plan = library();
        plan.choices[0].recorded = Some(0);
        let (next, _) = play(&plan, &simulator, &mut state);
        assert!(matches!(next.verdict, Verdict::NothingToDo | Verdict::Done), "{fault}: {:?}", codes(&next));
        let marked = |site: &str, title: &str| {
            let books = simulator.records(site, "shelf.book");
            books.iter().filter(|book| book["title"] == title).count()
        };
        let n_persuasions = marked("nantes", "Persuasion");
        if !fault.starts_with("duplicate=create") {
            assert_eq!(
                (n_persuasions, marked("paris", "Persuasion"), marked("lille", "Mansfield Park")),
                (1, 1, 1),
                "{fault}"
            );
        }
        assert_eq!(marked("nantes", "Emma"), 1, "{fault}");
    }
}

#[test]
fn a_frozen_site_is_waited_for_no_longer_than_said() {
    let mut plan = both();
    plan.steps[1].timeout_ms = 20_000;
    let (report, _, _) = once(&plan, &["freeze=paris@..1h"]);
    assert_eq!(report.verdict, Verdict::Pending);
    assert!(report.millis < 60_000, "{}", report.millis);
}

/// So many books at one site.
fn shelf_of(n_books: u32, on_unreachable: OnUnreachable) -> scope_plan::plan::Plan {
    let mut plan = scope_plan::testing::Builder::new();
    let paris = plan.site("paris");
    for number in 0..n_books {
        let title = scope_plan::expr::Expr::text(format!("volume {number}"));
        plan.ensure(paris, &format!("book_{number}"), "shelf.book", vec![("title", title)]);
    }
    let mut plan = plan.finish();
    plan.steps.iter_mut().for_each(|step| step.on_unreachable = on_unreachable.clone());
    plan
}

#[test]
fn a_site_that_never_answers_costs_its_time_once_and_not_for_each_step() {
    for (on_unreachable, verdict) in
        [(OnUnreachable::Queue { for_ms: None }, Verdict::Pending), (OnUnreachable::Fail, Verdict::Failed)]
    {
        let plan = shelf_of(400, on_unreachable);
        let (report, simulator, _) = once(&plan, &["freeze=paris@..1h"]);
        assert_eq!(report.verdict, verdict);
        let allowed = 3 * plan.steps[0].timeout_ms;
        assert!(report.millis <= allowed, "{} ms, {allowed} allowed", report.millis);
        let words = format!("{:?}", report.steps[399].status);
        assert!(words.contains("`paris` is unreachable"), "the last one was not sent: {words}");
        assert_eq!(simulator.count("paris", "shelf.book"), 0);
    }
}

#[test]
fn what_was_not_sent_is_done_when_the_site_answers_the_one_that_was() {
    let plan = shelf_of(400, OnUnreachable::Queue { for_ms: None });
    let frozen_ms = plan.steps[0].timeout_ms + 5_000;
    let (report, simulator, _) = once(&plan, &[&format!("freeze=paris@..{frozen_ms}ms")]);
    assert_eq!(report.verdict, Verdict::Done, "{:?}", codes(&report));
    assert_eq!(simulator.count("paris", "shelf.book"), 400);
}

#[test]
fn progress_and_pauses_are_told() {
    let plan = library();
    let simulator = simulator(&plan, &["ready=shelf.book@nantes:5s"]);
    let (report, events) = play(&plan, &simulator, &mut StateStore::in_memory());
    assert_eq!(report.verdict, Verdict::Done);
    assert!(matches!(events[0].kind, RunEventKind::RunStarted { .. }));
    assert!(matches!(events[events.len() - 1].kind, RunEventKind::RunEnded { .. }));
    let waits = events
        .iter()
        .filter(|event| matches!(&event.kind, RunEventKind::StepProgress { step: StepId(0), .. }));
    assert!(waits.count() > 5);
    assert!(events.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
    for event in &events {
        let line = event.to_json_line();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<crate::events::RunEvent>(&line).expect("read back"), *event);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let plan = library();
        let simulator = simulator(&plan, &["cut=lille@..7s", "lose=create@paris"]);
        let (report, events) = play(&plan, &simulator, &mut StateStore::in_memory());
        (report, events, simulator.snapshot())
    };
    assert_eq!(run(), run());
}

#[test]
fn queued_for_a_time_only() {
    let mut plan = both();
    plan.steps[1].on_unreachable = OnUnreachable::Queue { for_ms: Some(60_000) };
    let (report, simulator, mut state) = once(&plan, &["cut=paris"]);
    assert_eq!(report.verdict, Verdict::Pending);
    let later = |started_at_ms| crate::runner::RunOptions { started_at_ms, ..Default::default() };
    let (report, _) = super::stage::play_with(&plan, &simulator, &mut state, &later(50_000));
    assert_eq!(report.verdict, Verdict::Pending, "since the first run, not since the last");
    let (report, _) = super::stage::play_with(&plan, &simulator, &mut state, &later(120_000));
    assert_eq!((report.verdict, codes(&report)), (Verdict::Failed, vec!["E0701"]));
}

#[test]
fn an_inner_choice_that_held_may_be_given_up_in_the_same_moment() {
    // (a | b) & c | d: the inner one holds last, when c has failed already.
    let mut plan = scope_plan::testing::Builder::new();
    let sites = ["nantes", "paris", "lille", "rennes"].map(|name| plan.site(name));
    let book = || vec![("title", scope_plan::expr::Expr::text("Emma"))];
    let outer = plan.choice("emma", &["(nantes | paris) & lille", "rennes"]);
    let left = plan.arm(outer, 0, |plan| {
        plan.ensure(sites[2], "emma", "shelf.book", book());
        let inner = plan.choice("emma.inner", &["nantes", "paris"]);
        let first = plan.arm(inner, 0, |plan| plan.ensure(sites[0], "emma", "shelf.book", book()));
        let second = plan.arm(inner, 1, |plan| plan.ensure(sites[1], "emma", "shelf.book", book()));
        plan.choose(sites[0], "emma.inner", inner, &[first, second])
    });
    let right = plan.arm(outer, 1, |plan| plan.ensure(sites[3], "emma", "shelf.book", book()));
    plan.choose(sites[0], "emma", outer, &[left, right]);
    let faults = ["refuse=shelf.book@lille", "ready=shelf.book@nantes:4s"];
    let (report, simulator, _) = once(&plan.finish(), &faults);
    assert_eq!(report.verdict, Verdict::Done, "{:?}", codes(&report));
    assert_eq!((simulator.count("nantes", "shelf.book"), simulator.count("rennes", "shelf.book")), (0, 1));
    assert_eq!(report.choices.len(), 1, "the inner one was not made in the end");
}
