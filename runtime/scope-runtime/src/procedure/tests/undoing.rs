//! Alternatives: what an abandoned one created is deleted, or owed and paid later.

use scope_plan::expr::Expr;
use scope_plan::plan::Plan;
use scope_plan::testing::otherwise;

use super::fake::{Reply, book, done, found, list, lost, not_found, play, unreachable};
use crate::events::{Effect, RunEventKind};
use crate::report::{UndoStatus, Verdict};
use crate::site::SiteErrorKind;
use crate::state::StateStore;

/// `paris | nantes`, one attempt each.
fn plan() -> Plan {
    let mut plan = otherwise();
    for step in &mut plan.steps {
        step.retry.times = 1;
    }
    plan
}

const AT_PARIS: &str = "scope:simulated/emma@paris";
const AT_NANTES: &str = "scope:simulated/emma@nantes";

fn at_nantes() -> Vec<super::fake::Line> {
    vec![
        ("nantes", "find", list([])),
        ("nantes", "create", done(book("n1", "Emma", "open", Some(AT_NANTES)))),
    ]
}

#[test]
fn broken_at_the_first_it_is_deleted_there_and_made_at_the_second() {
    let mut script = vec![
        ("paris", "find", list([])),
        ("paris", "create", done(book("p1", "Emma", "binding", Some(AT_PARIS)))),
        ("paris", "read", found(book("p1", "Emma", "torn", Some(AT_PARIS)))),
        ("paris", "delete", Reply::Gone),
        ("paris", "read", not_found()),
    ];
    script.extend(at_nantes());
    let played = play(&plan(), StateStore::in_memory(), script);
    assert_eq!(played.report.verdict, Verdict::Done);
    assert_eq!(played.report.steps[0].undo, UndoStatus::Done);
    assert_eq!(*played.effect(1), Effect::Created);
    assert_eq!(played.state.state().choices["emma"], 1);
    assert!(played.state.state().resource("emma", "paris").is_none());
    assert_eq!(played.report.step(scope_plan::plan::StepId(2)).output["id"], "n1");
    // The choice is kept: the next run does not ask Paris.
    let mut next = plan();
    next.choices[0].recorded = Some(1);
    let again = play(
        &next,
        played.state,
        vec![("nantes", "read", found(book("n1", "Emma", "open", Some(AT_NANTES))))],
    );
    assert_eq!(again.report.verdict, Verdict::NothingToDo);
}

#[test]
fn an_undo_that_is_owed_is_paid_by_the_next_run() {
    let mut script = vec![
        ("paris", "find", list([])),
        ("paris", "create", lost()),
        ("paris", "find", unreachable()),
        ("paris", "find", unreachable()),
        // The undo asks once more.
        ("paris", "find", unreachable()),
    ];
    script.extend(at_nantes());
    let played = play(&plan(), StateStore::in_memory(), script);
    assert_eq!(played.report.verdict, Verdict::Done);
    assert_eq!(played.report.steps[0].undo, UndoStatus::Owed);
    assert_eq!(played.report.owed.len(), 1);
    assert!(played.report.owed[0].contains("`paris`"), "{:?}", played.report.owed);
    assert!(played.events.iter().any(|event| matches!(event.kind, RunEventKind::UndoOwed { .. })));
    let mut next = plan();
    next.choices[0].recorded = Some(1);
    let paid = play(
        &next,
        played.state,
        vec![
            ("nantes", "read", found(book("n1", "Emma", "open", Some(AT_NANTES)))),
            (
                "paris",
                "find",
                list([book("p0", "Emma", "open", None), book("p1", "Emma", "open", Some(AT_PARIS))]),
            ),
            ("paris", "delete", Reply::Gone),
            ("paris", "read", not_found()),
        ],
    );
    assert!(paid.state.state().owed.is_empty());
    assert_eq!(paid.report.verdict, Verdict::Done);
}

#[test]
fn what_was_there_before_is_not_deleted() {
    // Ours from an earlier run, and now broken... by its reader: not this evaluation's to take back.
    let mut state = crate::state::State::new("simulated".into());
    state.apply(&crate::state::Record::Resource {
        name: "emma".into(),
        site: "paris".into(),
        resource: crate::state::Resource {
            resource_type: "shelf.book".into(),
            identity: "p1".into(),
            how: scope_plan::recorded::How::Created,
            is_complete: true,
            inputs: None,
            run: 1,
            from: None,
            formerly: Vec::new(),
        },
    });
    let mut script = vec![("paris", "read", unreachable())];
    script.extend(at_nantes());
    let played = play(&plan(), StateStore::of(state), script);
    assert_eq!(played.report.steps[0].undo, UndoStatus::None);
    assert!(played.state.state().resource("emma", "paris").is_some());
}

#[test]
fn no_room_anywhere_is_said_once_for_the_whole() {
    let full = || Reply::Error(SiteErrorKind::Refused, "the shelf is full");
    let script = vec![
        ("paris", "find", list([])),
        ("paris", "create", full()),
        ("nantes", "find", list([])),
        ("nantes", "create", full()),
    ];
    let played = play(&plan(), StateStore::in_memory(), script);
    assert_eq!(played.report.verdict, Verdict::Failed);
    let whole = played.failure(2);
    assert_eq!(whole.code, "E0912");
    let words = whole.site_words.as_deref().unwrap_or_default();
    assert!(
        words.contains("paris: ") && words.contains("nantes: ") && words.contains("the shelf is full"),
        "{words}"
    );
}

#[test]
fn denied_does_not_go_on() {
    let script = vec![("paris", "find", Reply::Error(SiteErrorKind::Denied, "no card"))];
    let played = play(&plan(), StateStore::in_memory(), script);
    assert_eq!(played.failure(0).code, "E0905");
    assert_eq!(played.report.verdict, Verdict::Failed);
    assert!(matches!(
        played.report.steps[1].status,
        crate::report::StepStatus::Skipped { because: crate::events::SkipReason::NotChosen }
    ));
}

#[test]
fn an_attribute_without_value_fails_before_anything_is_sent() {
    let mut plan = plan();
    if let scope_plan::plan::Action::Ensure { attributes, .. } = &mut plan.steps[0].action {
        attributes[0].1 = Expr::Unary(scope_plan::expr::UnaryOp::Negate, Box::new(Expr::text("x")));
    }
    let played = play(&plan, StateStore::in_memory(), vec![]);
    assert_eq!(played.failure(0).code, "E0905");
}
