//! Answers that are lost: looked for, repeated only where that is safe, never guessed.

use scope_plan::driver::Repeat;
use scope_plan::expr::Expr;
use scope_plan::plan::{OnUnreachable, Plan};
use serde_json::json;

use super::ensuring::plan;
use super::fake::{OURS, Reply, book, done, found, list, lost, play, unreachable};
use crate::events::{Effect, Outcome};
use crate::report::{StepStatus, Verdict};
use crate::state::StateStore;

fn emma() -> Plan {
    plan(vec![("title", Expr::text("Emma"))])
}

fn with_repeat(repeat: Repeat) -> Plan {
    let mut plan = emma();
    for operation in &mut plan.drivers[0].types[0].operations {
        if operation.name == "create" {
            operation.repeat = repeat.clone();
        }
    }
    plan
}

#[test]
fn a_lost_creation_that_was_done_is_found_by_its_mark() {
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", lost()),
            ("nantes", "find", list([])),
            ("nantes", "find", list([book("b1", "Emma", "open", Some(OURS))])),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    assert_eq!(played.state.state().resource("emma", "nantes").expect("recorded").identity, "b1");
    assert!(played.state.state().sent.is_empty());
}

#[test]
fn one_that_was_not_done_is_repeated_after_its_time_with_the_same_key() {
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", lost()),
            // It could still take effect for two seconds.
            ("nantes", "find", list([])),
            ("nantes", "find", list([])),
            ("nantes", "find", list([])),
            // The second attempt looks again, too.
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    let keys: Vec<&str> = played
        .requests
        .iter()
        .filter(|request| request.operation == "create")
        .map(|request| request.key.as_str())
        .collect();
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn an_attempt_that_took_effect_after_all_is_no_stranger_to_the_next_one() {
    let mut unmarked = with_repeat(Repeat::Name);
    let shelf = &mut unmarked.drivers[0].types[0];
    shelf.mark = None;
    shelf.operations.iter_mut().for_each(|operation| operation.settles_ms = 0);
    let there = || book("b1", "Emma", "open", None);
    let played = play(
        &unmarked,
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", lost()),
            // It takes effect at once or never, says the driver; and then it takes effect between two requests.
            ("nantes", "find", list([])),
            ("nantes", "find", list([])),
            ("nantes", "create", Reply::Exists(Some(json!("b1")))),
            ("nantes", "read", found(there())),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    assert_eq!(played.state.state().resource("emma", "nantes").expect("recorded").identity, "b1");
}

#[test]
fn where_a_repeat_is_not_safe_it_is_unknown() {
    let played = play(
        &with_repeat(Repeat::None),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", lost()),
            ("nantes", "find", unreachable()),
            ("nantes", "find", unreachable()),
        ],
    );
    let failure = played.failure(0);
    assert_eq!((failure.code.as_str(), failure.outcome), ("E0906", Outcome::Unknown));
    assert_eq!(played.report.verdict, Verdict::Failed);
    // The next run asks first.
    assert_eq!(played.state.state().sent.len(), 1);
    let next = play(
        &with_repeat(Repeat::None),
        played.state,
        vec![("nantes", "find", list([book("b1", "Emma", "open", Some(OURS))]))],
    );
    assert_eq!(*next.effect(0), Effect::Created);
    assert!(next.state.state().sent.is_empty());
}

#[test]
fn a_site_that_cannot_be_asked_leaves_it_unavailable_or_parked() {
    let script = || {
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", lost()),
            ("nantes", "find", unreachable()),
            ("nantes", "find", unreachable()),
        ]
    };
    let mut once = emma();
    once.steps[0].retry.times = 1;
    let played = play(&once, StateStore::in_memory(), script());
    assert_eq!((played.failure(0).code.as_str(), played.failure(0).outcome), ("E0701", Outcome::Unavailable));
    once.steps[0].on_unreachable = OnUnreachable::Queue { for_ms: None };
    let played = play(&once, StateStore::in_memory(), script());
    assert!(matches!(played.report.steps[0].status, StepStatus::Parked { .. }));
    assert_eq!((played.report.verdict, played.report.exit_code()), (Verdict::Pending, 4));
    assert_eq!(played.state.state().parked.len(), 1);
    // The next run does it.
    let next =
        play(&once, played.state, vec![("nantes", "find", list([book("b1", "Emma", "open", Some(OURS))]))]);
    assert_eq!(next.report.verdict, Verdict::Done);
    assert!(next.state.state().parked.is_empty());
}

#[test]
fn a_frozen_site_does_not_hold_the_run_beyond_its_time() {
    let mut short = emma();
    short.steps[0].timeout_ms = 5_000;
    let played = play(&short, StateStore::in_memory(), vec![("nantes", "find", Reply::Silence)]);
    assert_eq!(played.failure(0).code, "E0909");
    assert!(played.report.millis < 6_000, "{}", played.report.millis);
    // After it took the create, it is asked once more, and not forever.
    let played = play(
        &short,
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", Reply::Silence),
            ("nantes", "find", Reply::Silence),
        ],
    );
    assert_eq!(played.failure(0).outcome, Outcome::Unavailable);
    assert!(played.report.millis < 20_000, "{}", played.report.millis);
}

#[test]
fn pauses_between_attempts_double() {
    let script = (0..3).map(|_| ("nantes", "find", unreachable())).collect();
    let played = play(&emma(), StateStore::in_memory(), script);
    assert_eq!(played.report.steps[0].attempts, 3);
    assert_eq!(played.failure(0).code, "E0701");
    // 0.5 s and 1 s, a quarter more or less.
    assert!((1_100..1_900).contains(&played.report.millis), "{}", played.report.millis);
}

#[test]
fn a_silent_moment_while_waiting_is_no_failure() {
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "read", unreachable()),
            ("nantes", "read", lost()),
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
}

#[test]
fn a_lost_update_is_looked_at() {
    let longer = plan(vec![("title", Expr::text("Emma")), ("pages", Expr::Value(json!(400)))]);
    let state = || super::ensuring::recorded("b1", scope_plan::recorded::How::Created, true);
    let mut after = book("b1", "Emma", "open", Some(OURS));
    after["pages"] = json!(400);
    let played = play(
        &longer,
        state(),
        vec![
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
            ("nantes", "update", lost()),
            ("nantes", "read", found(after.clone())),
            ("nantes", "read", found(after)),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Updated { attributes: vec!["pages".into()] });
}
