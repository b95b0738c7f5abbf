//! Alternatives: what an abandoned one created is deleted, or owed and paid later.

use scope_plan::driver::Repeat;
use scope_plan::expr::Expr;
use scope_plan::plan::Plan;
use scope_plan::testing::{Builder, otherwise};
use serde_json::json;

use super::fake::{Played, Reply, book, done, found, list, lost, not_found, play, play_with, unreachable};
use crate::events::{Effect, Outcome, RunEventKind};
use crate::report::{UndoStatus, Verdict};
use crate::runner::RunOptions;
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
        // The undo looks whose it is.
        ("paris", "read", found(book("p1", "Emma", "torn", Some(AT_PARIS)))),
        ("paris", "delete", Reply::Gone),
        ("paris", "read", not_found()),
        // Its creation may have made two.
        ("paris", "find", list([])),
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
        vec![("nantes", "find", list([book("n1", "Emma", "open", Some(AT_NANTES))]))],
    );
    assert_eq!(again.report.verdict, Verdict::NothingToDo);
}

/// The creation was delivered twice, and the second one arrives when all is over.
#[test]
fn what_comes_after_an_undo_is_looked_for_by_the_next_run() {
    let mut script = vec![
        ("paris", "find", list([])),
        ("paris", "create", done(book("p1", "Emma", "binding", Some(AT_PARIS)))),
        ("paris", "read", found(book("p1", "Emma", "torn", Some(AT_PARIS)))),
        ("paris", "read", found(book("p1", "Emma", "torn", Some(AT_PARIS)))),
        ("paris", "delete", Reply::Gone),
        ("paris", "read", not_found()),
        ("paris", "find", list([])),
    ];
    script.extend(at_nantes());
    let played = play(&plan(), StateStore::in_memory(), script);
    assert!(played.report.owed.is_empty(), "{:?}", played.report.owed);
    let mut next = plan();
    next.choices[0].recorded = Some(1);
    let script = vec![
        // Its creation may have been delivered twice, too.
        ("nantes", "find", list([book("n1", "Emma", "open", Some(AT_NANTES))])),
        (
            "paris",
            "find",
            list([book("p7", "Emma", "open", Some(AT_PARIS)), book("p0", "Emma", "open", None)]),
        ),
        ("paris", "read", found(book("p7", "Emma", "open", Some(AT_PARIS)))),
        ("paris", "delete", Reply::Gone),
        ("paris", "read", not_found()),
    ];
    let again = play(&next, played.state, script);
    assert!(is_told(&again, "`emma` at `paris`: a second one with its mark (p7) is deleted"));
    assert_eq!(again.report.verdict, Verdict::Done);
    let script = vec![("nantes", "read", found(book("n1", "Emma", "open", Some(AT_NANTES))))];
    let third = play(&next, again.state, script);
    assert_eq!(third.report.verdict, Verdict::NothingToDo);
    assert!(third.state.state().undone.is_empty(), "none came in between");
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
            ("nantes", "find", list([book("n1", "Emma", "open", Some(AT_NANTES))])),
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

/// Nantes is the last alternative and does not answer the creation; the next run takes Paris.
fn lost_at_the_last() -> super::fake::Played {
    let full = Reply::Error(SiteErrorKind::Refused, "the shelf is full");
    let script = vec![
        ("paris", "find", list([])),
        ("paris", "create", full),
        ("nantes", "find", list([])),
        ("nantes", "create", lost()),
        ("nantes", "find", unreachable()),
        ("nantes", "find", unreachable()),
    ];
    let played = play(&plan(), StateStore::in_memory(), script);
    assert_eq!(played.report.verdict, Verdict::Failed);
    assert!(played.state.state().owed.is_empty(), "it is still wanted there");
    played
}

fn at_paris() -> Vec<super::fake::Line> {
    vec![("paris", "find", list([])), ("paris", "create", done(book("p1", "Emma", "open", Some(AT_PARIS))))]
}

#[test]
fn what_the_last_alternative_perhaps_made_is_looked_for_when_another_one_is_taken() {
    let mut script = at_paris();
    script.push(("nantes", "find", list([])));
    // It may still arrive for two seconds.
    script.push(("nantes", "find", list([book("n1", "Emma", "open", Some(AT_NANTES))])));
    script.push(("nantes", "delete", Reply::Gone));
    script.push(("nantes", "read", not_found()));
    let next = play(&plan(), lost_at_the_last().state, script);
    assert_eq!(next.report.verdict, Verdict::Done);
    let state = next.state.state();
    assert!(state.owed.is_empty() && state.sent.is_empty(), "{:?} {:?}", state.owed, state.sent);
    assert!(is_told(&next, "`emma` at `nantes` (n1) is deleted"));
}

#[test]
fn what_the_last_alternative_perhaps_made_is_owed_while_its_site_is_silent() {
    let mut script = at_paris();
    script.push(("nantes", "find", unreachable()));
    let next = play(&plan(), lost_at_the_last().state, script);
    assert_eq!(next.report.owed.len(), 1, "{:?}", next.report.owed);
    assert!(next.report.owed[0].contains("its creation was not answered"), "{:?}", next.report.owed);
    let mut chosen = plan();
    chosen.choices[0].recorded = Some(0);
    let looks = || ("nantes", "find", list([]));
    let script = vec![
        ("paris", "find", list([book("p1", "Emma", "open", Some(AT_PARIS))])),
        looks(),
        looks(),
        looks(),
    ];
    let paid = play(&chosen, next.state, script);
    assert!(paid.report.owed.is_empty(), "{:?}", paid.report.owed);
    assert!(paid.state.state().owed.is_empty() && paid.state.state().sent.is_empty());
}

/// Where names are identities, somebody may have made another one in its place by the time that the site answers again.
#[test]
fn what_bears_the_mark_of_others_by_now_is_left_though_it_was_owed() {
    let mut script = vec![
        ("paris", "find", list([])),
        ("paris", "create", done(book("p1", "Emma", "binding", Some(AT_PARIS)))),
        ("paris", "read", found(book("p1", "Emma", "torn", Some(AT_PARIS)))),
        // The undo looks, sends, and looks again.
        ("paris", "read", found(book("p1", "Emma", "torn", Some(AT_PARIS)))),
        ("paris", "delete", unreachable()),
        ("paris", "read", unreachable()),
    ];
    script.extend(at_nantes());
    let played = play(&plan(), StateStore::in_memory(), script);
    assert_eq!(played.report.steps[0].undo, UndoStatus::Owed);
    assert_eq!(played.state.state().owed[0].identity.as_deref(), Some("p1"));
    let mut next = plan();
    next.choices[0].recorded = Some(1);
    let paid = play(
        &next,
        played.state,
        vec![
            ("nantes", "find", list([book("n1", "Emma", "open", Some(AT_NANTES))])),
            ("paris", "read", found(book("p1", "Emma", "open", Some("scope:others/emma@paris")))),
            ("paris", "find", list([])),
        ],
    );
    assert!(paid.state.state().owed.is_empty());
    assert!(is_told(&paid, "(p1) is left: it bears another deployment's mark"));
}

#[test]
fn an_undo_leaves_what_bears_the_mark_of_others_by_now() {
    let mut script = vec![
        ("paris", "find", list([])),
        ("paris", "create", done(book("p1", "Emma", "binding", Some(AT_PARIS)))),
        ("paris", "read", found(book("p1", "Emma", "torn", Some(AT_PARIS)))),
        ("paris", "read", found(book("p1", "Emma", "torn", Some("scope:others/emma@paris")))),
        // Its creation may have made two.
        ("paris", "find", list([])),
    ];
    script.extend(at_nantes());
    let played = play(&plan(), StateStore::in_memory(), script);
    assert_eq!(played.report.steps[0].undo, UndoStatus::Done);
    assert!(is_told(&played, "(p1) is left: it bears another deployment's mark"));
    assert!(played.state.state().resource("emma", "paris").is_none());
}

#[test]
fn what_another_deployment_took_over_is_not_set_back() {
    let (plan, state) = changing();
    let mut taken = with_pages(400);
    taken["notes"] = json!({ "scope_mark": "scope:others/emma@paris" });
    let mut script = vec![
        ("paris", "read", found(with_pages(300))),
        ("paris", "update", done(with_pages(400))),
        ("paris", "read", found(with_pages(400))),
        ("paris", "find", list([])),
        ("paris", "create", Reply::Error(SiteErrorKind::Refused, "no more loans")),
        ("paris", "read", found(taken)),
    ];
    script.extend(at_nantes_with(400));
    let played = play(&plan, state, script);
    assert!(is_told(&played, "is left so"));
}

fn is_told(played: &super::fake::Played, part: &str) -> bool {
    let is_it =
        |kind: &RunEventKind| matches!(kind, RunEventKind::UndoDone { words, .. } if words.contains(part));
    played.events.iter().any(|event| is_it(&event.kind))
}

#[test]
fn what_was_there_before_is_not_deleted() {
    // Ours from an earlier run, and now broken... by its reader: not this evaluation's to take back.
    let mut state = crate::state::State::new("simulated".into());
    state.apply(&crate::state::Record::Resource {
        name: "emma".into(),
        site: "paris".into(),
        resource: crate::state::Resource {
            run: 1,
            ..crate::state::Resource::new("shelf.book", "p1", scope_plan::recorded::How::Created)
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

/// Emma is older than this run, which changes her pages at Paris; then the loan of her fails, and the arm is given up.
fn changing() -> (Plan, StateStore) {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    let choice = plan.choice("c", &["paris", "nantes"]);
    let pages = |pages: u32| vec![("title", Expr::text("Emma")), ("pages", Expr::Value(json!(pages)))];
    let loan = plan.arm(choice, 0, |plan| {
        let emma = plan.ensure(paris, "emma", "shelf.book", pages(400));
        plan.ensure(
            paris,
            "loan",
            "shelf.loan",
            vec![("book", Expr::step(emma, &[])), ("reader", Expr::text("ana"))],
        )
    });
    let other = plan.arm(choice, 1, |plan| plan.ensure(nantes, "emma", "shelf.book", pages(400)));
    plan.choose(nantes, "c", choice, &[loan, other]);
    let mut state = crate::state::State::new("simulated".into());
    state.apply(&crate::state::Record::Resource {
        name: "emma".into(),
        site: "paris".into(),
        resource: crate::state::Resource {
            run: 1,
            ..crate::state::Resource::new("shelf.book", "p1", scope_plan::recorded::How::Created)
        },
    });
    (plan.finish(), StateStore::of(state))
}

fn with_pages(pages: u32) -> serde_json::Value {
    let mut emma = book("p1", "Emma", "open", Some(AT_PARIS));
    emma["pages"] = json!(pages);
    emma
}

/// What the site has when the undo looks → the run, the undo's own requests last.
fn changed_and_given_up(seen: u32, then: Vec<super::fake::Line>) -> super::fake::Played {
    let (plan, state) = changing();
    let mut script = vec![
        ("paris", "read", found(with_pages(300))),
        ("paris", "update", done(with_pages(400))),
        ("paris", "read", found(with_pages(400))),
        ("paris", "find", list([])),
        ("paris", "create", Reply::Error(SiteErrorKind::Refused, "no more loans")),
        ("paris", "read", found(with_pages(seen))),
    ];
    script.extend(then);
    script.extend(at_nantes_with(400));
    play(&plan, state, script)
}

fn at_nantes_with(pages: u32) -> Vec<super::fake::Line> {
    let mut emma = book("n1", "Emma", "open", Some(AT_NANTES));
    emma["pages"] = json!(pages);
    vec![("nantes", "find", list([])), ("nantes", "create", done(emma))]
}

#[test]
fn what_was_changed_is_set_back() {
    let played = changed_and_given_up(400, vec![("paris", "update", done(with_pages(300)))]);
    assert_eq!(played.report.steps[0].undo, UndoStatus::Done);
    let updates: Vec<_> = played.requests.iter().filter(|request| request.operation == "update").collect();
    let pages = |update: usize| updates[update].changes.as_ref().and_then(|changes| changes.get("pages"));
    assert_eq!((pages(0), pages(1)), (Some(&json!(400)), Some(&json!(300))));
    assert!(played.state.state().resource("emma", "paris").is_some(), "it is ours as before");
}

#[test]
fn what_its_site_refused_to_change_is_not_taken_back() {
    let (plan, state) = changing();
    let refused = Reply::Error(SiteErrorKind::Refused, "no more pages");
    let mut script = vec![("paris", "read", found(with_pages(300))), ("paris", "update", refused)];
    script.extend(at_nantes_with(400));
    let played = play(&plan, state, script);
    assert_eq!(played.report.steps[0].undo, UndoStatus::None);
    let is_undone = |event: &&crate::events::RunEvent| matches!(event.kind, RunEventKind::UndoDone { .. });
    assert!(played.events.iter().find(is_undone).is_none(), "nothing was changed");
    assert!(played.state.state().changed.is_empty(), "nothing is to be set back");
}

#[test]
fn what_somebody_changed_since_is_left() {
    let played = changed_and_given_up(500, Vec::new());
    assert_eq!(played.report.steps[0].undo, UndoStatus::Done);
    let is_said = played.events.iter().any(
        |event| matches!(&event.kind, RunEventKind::UndoDone { words, .. } if words.contains("is left so")),
    );
    assert!(is_said);
}

#[test]
fn what_cannot_be_set_back_is_said() {
    let refused = Reply::Error(SiteErrorKind::Denied, "read only today");
    let played = changed_and_given_up(400, vec![("paris", "update", refused)]);
    assert_eq!(played.report.steps[0].undo, UndoStatus::Owed);
    assert!(played.report.owed[0].contains("is left with `pages` changed"), "{:?}", played.report.owed);
    assert!(played.state.state().resource("emma", "paris").is_some(), "never deleted");
}

/// A run that died between the change and its undo: the next one has only the state to know of it.
fn changing_recorded(run: u64) -> (Plan, StateStore) {
    let (plan, store) = changing();
    let mut state = store.state().clone();
    let key = plan.steps.iter().find(|step| step.name == "emma").expect("it is there").key.clone();
    let pages =
        crate::state::ChangedAttribute { attribute: "pages".into(), values: Some((json!(300), json!(400))) };
    let changed = crate::state::Changed {
        name: "emma".into(),
        site: "paris".into(),
        resource_type: "shelf.book".into(),
        identity: "p1".into(),
        run,
        attributes: vec![pages],
    };
    state.apply(&crate::state::Record::Changing { key, changed });
    (plan, StateStore::of(state))
}

#[test]
fn a_change_is_recorded_before_it_is_made_and_forgotten_when_it_is_set_back() {
    let played = changed_and_given_up(400, vec![("paris", "update", done(with_pages(300)))]);
    assert!(played.state.state().changed.is_empty());
    let refused = Reply::Error(SiteErrorKind::Denied, "read only today");
    let played = changed_and_given_up(400, vec![("paris", "update", refused)]);
    let changed = played.state.state().changed.values().next().expect("it is still to be set back");
    assert_eq!((changed.name.as_str(), changed.identity.as_str()), ("emma", "p1"));
    assert_eq!(changed.attributes[0].values, Some((json!(300), json!(400))));
}

#[test]
fn what_a_dead_run_changed_is_set_back_when_its_alternative_is_given_up() {
    let (plan, state) = changing_recorded(1);
    // It is as the program says already: this run changes nothing, and yet knows what there was.
    let mut script = vec![
        ("paris", "read", found(with_pages(400))),
        ("paris", "find", list([])),
        ("paris", "create", Reply::Error(SiteErrorKind::Refused, "no more loans")),
        ("paris", "read", found(with_pages(400))),
        ("paris", "update", done(with_pages(300))),
    ];
    script.extend(at_nantes_with(400));
    let played = play(&plan, state, script);
    let updates: Vec<_> = played.requests.iter().filter(|request| request.operation == "update").collect();
    assert_eq!(updates[0].changes.as_ref().expect("changes")["pages"], json!(300));
    assert!(played.state.state().changed.is_empty());
}

#[test]
fn what_a_dead_run_changed_is_set_back_though_its_alternative_is_not_tried_any_more() {
    let (mut plan, state) = changing_recorded(1);
    // The dead run had recorded its choice, and not set back what it gave up.
    plan.choices[0].recorded = Some(1);
    let mut script = at_nantes_with(400);
    script.push(("paris", "read", found(with_pages(400))));
    script.push(("paris", "update", done(with_pages(300))));
    let played = play(&plan, state, script);
    let last = played.requests.last().expect("requests");
    assert_eq!(
        (last.operation.as_str(), &last.changes.as_ref().expect("changes")["pages"]),
        ("update", &json!(300))
    );
    assert!(played.state.state().changed.is_empty());
    let is_said = played.events.iter().any(
        |event| matches!(&event.kind, RunEventKind::UndoDone { step: None, words } if words.contains("`pages` set back")),
    );
    assert!(is_said);
}

#[test]
fn a_change_that_stays_is_not_remembered() {
    let (plan, state) = changing();
    let loan = json!({ "id": "l1", "book": "p1", "reader": "ana" });
    let script = vec![
        ("paris", "read", found(with_pages(300))),
        ("paris", "update", done(with_pages(400))),
        ("paris", "read", found(with_pages(400))),
        ("paris", "find", list([])),
        ("paris", "create", done(loan)),
    ];
    let played = play(&plan, state, script);
    assert!(played.state.state().changed.is_empty(), "{:?}", played.state.state().changed);
}

/// The same, of what bears no mark and must not be made twice.
fn unmarked() -> Plan {
    made_once(plan())
}

fn made_once(mut plan: Plan) -> Plan {
    for step in &mut plan.steps {
        step.retry.times = 1;
    }
    let shelf = &mut plan.drivers[0].types[0];
    shelf.mark = None;
    for operation in shelf.operations.iter_mut().filter(|operation| operation.name == "create") {
        operation.repeat = Repeat::None;
    }
    plan
}

fn is_unknown(played: &Played, step: usize) {
    let failure = played.failure(step);
    assert_eq!((failure.code.as_str(), failure.outcome), ("E0906", Outcome::Unknown));
    assert_eq!(played.report.verdict, Verdict::Failed);
    assert!(played.report.owed.is_empty(), "{:?}", played.report.owed);
}

#[test]
fn what_may_have_been_made_once_is_not_made_elsewhere_until_its_site_is_asked() {
    let script = vec![
        ("paris", "find", list([])),
        ("paris", "create", lost()),
        ("paris", "find", unreachable()),
        ("paris", "find", unreachable()),
    ];
    let first = play(&unmarked(), StateStore::in_memory(), script);
    is_unknown(&first, 0);
    let silent = || vec![("paris", "find", unreachable())];
    // What would be done is not known either.
    let options = RunOptions { survey: true, ..RunOptions::default() };
    let surveyed = play_with(&unmarked(), first.state, silent(), &options);
    is_unknown(&surveyed, 0);
    let second = play(&unmarked(), surveyed.state, silent());
    is_unknown(&second, 0);
    let help = second.failure(0).help.concat();
    assert!(help.contains("run again when the site answers"), "{help}");
    // It answers: it was done.
    let there = || list([book("p1", "Emma", "open", None)]);
    let third = play(&unmarked(), second.state, vec![("paris", "find", there())]);
    assert_eq!(*third.effect(0), Effect::Created);
    assert_eq!(third.report.verdict, Verdict::Done);
}

#[test]
fn nor_where_what_it_needs_cannot_be_asked_for() {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    let choice = plan.choice("emma", &["paris", "nantes"]);
    let books = [(0, paris), (1, nantes)].map(|(arm, site)| {
        plan.arm(choice, arm, |plan| {
            let model = plan.lookup(site, "model", "shelf.book", "Model");
            plan.ensure(site, "emma", "shelf.book", vec![("title", Expr::step(model, &["title"]))])
        })
    });
    plan.choose(nantes, "emma", choice, &books);
    let plan = made_once(plan.finish());
    let model = || list([book("m1", "Model", "open", None)]);
    let script = vec![
        ("paris", "find", model()),
        ("paris", "find", list([])),
        ("paris", "create", lost()),
        ("paris", "find", unreachable()),
        ("paris", "find", unreachable()),
    ];
    let first = play(&plan, StateStore::in_memory(), script);
    is_unknown(&first, 1);
    let second = play(&plan, first.state, vec![("paris", "find", unreachable())]);
    assert_eq!(second.report.verdict, Verdict::Failed);
    assert_eq!(second.state.state().sent.len(), 1);
    assert!(second.report.owed.is_empty(), "{:?}", second.report.owed);
    // It answers, and has it.
    let there = || list([book("p1", "Model", "open", None)]);
    let third = play(&plan, second.state, vec![("paris", "find", there()), ("paris", "find", there())]);
    assert_eq!(*third.effect(1), Effect::Created);
}
