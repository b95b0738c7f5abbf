//! Explicit operations: once per inputs, never twice where that is not safe; and deletions.

use scope_plan::driver::Repeat;
use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{Action, Output, Plan, StepId};
use scope_plan::recorded::How;
use scope_plan::testing::Builder;
use serde_json::{Value, json};

use super::ensuring::recorded;
use super::fake::{OURS, Reply, book, done, found, list, lost, not_found, ok, play, play_with, unreachable};
use crate::events::{Effect, Outcome};
use crate::report::Verdict;
use crate::runner::RunOptions;
use crate::state::StateStore;

fn closing(by: &str, repeat: Repeat) -> Plan {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    plan.call(
        nantes,
        "close_emma",
        "shelf.book",
        "close",
        vec![("id", Expr::text("b1")), ("by", Expr::text(by))],
    );
    let mut plan = plan.finish();
    for operation in &mut plan.drivers[0].types[0].operations {
        if operation.name == "close" {
            operation.repeat = repeat.clone();
        }
    }
    plan
}

#[test]
fn once_per_inputs_and_waited_for() {
    let script = || {
        vec![
            ("nantes", "close", ok()),
            ("nantes", "read", found(book("b1", "Emma", "open", None))),
            ("nantes", "read", found(book("b1", "Emma", "closed", None))),
        ]
    };
    let played = play(&closing("ana", Repeat::Always), StateStore::in_memory(), script());
    assert_eq!(*played.effect(0), Effect::Called);
    let again = play(&closing("ana", Repeat::Always), played.state, vec![]);
    assert_eq!(*again.effect(0), Effect::Unchanged);
    assert_eq!(again.report.verdict, Verdict::NothingToDo);
    let other = play(&closing("eve", Repeat::Always), again.state, script());
    assert_eq!(*other.effect(0), Effect::Called);
    let options = RunOptions { again: [("close_emma".to_owned(), None)].into(), ..RunOptions::default() };
    let once_more = play_with(&closing("eve", Repeat::Always), other.state, script(), &options);
    assert_eq!(*once_more.effect(0), Effect::Called);
}

/// What is not read may be anything.
#[test]
fn what_is_read_of_what_a_call_answers_is_of_its_type() {
    let unread = closing("ana", Repeat::None);
    let mut read = unread.clone();
    let value = Expr::Step { step: StepId(0), path: vec!["pages".into()] };
    read.outputs.push(Output { name: "pages".into(), value, origin: None });
    let answers = |pages: Value| {
        let mut closed = book("b1", "Emma", "closed", None);
        closed["pages"] = pages;
        vec![("nantes", "close", done(closed)), ("nantes", "read", found(book("b1", "Emma", "closed", None)))]
    };
    let played = play(&read, StateStore::in_memory(), answers(json!("many")));
    let failure = played.failure(0);
    assert_eq!(failure.code, "E0704");
    let words = "`pages` must be a whole number, found a text: \"many\"";
    assert_eq!(failure.site_words.as_deref(), Some(words));
    // It was done all the same, and is not done again.
    let again = play(&read, played.state, vec![]);
    assert_eq!(again.failure(0).code, "E0704");
    assert_eq!(*play(&unread, again.state, vec![]).effect(0), Effect::Unchanged);
    let lacking = play(&read, StateStore::in_memory(), answers(Value::Null));
    let words = "`pages` is not there, and the program reads it";
    assert_eq!(lacking.failure(0).site_words.as_deref(), Some(words));
    let whole = play(&read, StateStore::in_memory(), answers(json!(300)));
    assert_eq!(*whole.effect(0), Effect::Called);
    let played = play(&unread, StateStore::in_memory(), answers(json!("many")));
    assert_eq!(*played.effect(0), Effect::Called);
}

#[test]
fn no_record_has_nothing_of_what_is_read() {
    let unread = closing("ana", Repeat::None);
    let mut read = unread.clone();
    let value = Expr::Step { step: StepId(0), path: vec!["pages".into()] };
    read.outputs.push(Output { name: "pages".into(), value, origin: None });
    let script =
        || vec![("nantes", "close", ok()), ("nantes", "read", found(book("b1", "Emma", "closed", None)))];
    let played = play(&read, StateStore::in_memory(), script());
    let failure = played.failure(0);
    assert_eq!(failure.code, "E0704");
    let words = "no record is answered, and the program reads `pages` of it";
    assert_eq!(failure.site_words.as_deref(), Some(words));
    // It was done all the same, and is not done again.
    let again = play(&read, played.state, vec![]);
    assert_eq!(again.failure(0).code, "E0704");
    assert_eq!(*play(&unread, StateStore::in_memory(), script()).effect(0), Effect::Called);
}

/// The driver of the tests keeps the mark in the notes.
#[test]
fn an_update_leaves_the_owner_mark() {
    let updating = |attribute: &'static str, value: serde_json::Value| {
        let mut plan = Builder::new();
        let nantes = plan.site("nantes");
        let inputs = vec![("id", Expr::text("b1")), (attribute, Expr::Value(value))];
        plan.call(nantes, "note", "shelf.book", "update", inputs);
        plan.finish()
    };
    // It looks whose the book is.
    let reads = |mark: Option<&str>| ("nantes", "read", found(book("b1", "Emma", "open", mark)));
    let played = play(
        &updating("notes", json!({ "shelf": "B" })),
        StateStore::in_memory(),
        vec![reads(Some(OURS)), ("nantes", "update", ok())],
    );
    let changes = played.request("update").changes.as_ref().expect("it changes something");
    assert_eq!(changes["notes"], json!({ "shelf": "B", "scope_mark": OURS }));
    // What has no mark gets none.
    let unmarked = play(
        &updating("notes", json!({ "shelf": "B" })),
        StateStore::in_memory(),
        vec![reads(None), ("nantes", "update", ok())],
    );
    let changes = unmarked.request("update").changes.as_ref().expect("it changes something");
    assert_eq!(changes["notes"], json!({ "shelf": "B" }));
    play(
        &updating("pages", json!(3)),
        StateStore::in_memory(),
        vec![reads(None), ("nantes", "update", ok())],
    );
    let theirs = Some("scope:other/emma@nantes");
    let refused = play(&updating("pages", json!(3)), StateStore::in_memory(), vec![reads(theirs)]);
    assert_eq!((refused.failure(0).code.as_str(), refused.failure(0).outcome), ("E0868", Outcome::Invalid));
}

#[test]
fn a_deletion_by_hand_leaves_what_is_anothers() {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    plan.call(nantes, "emma", "shelf.book", "delete", vec![("id", Expr::text("b1"))]);
    let reads = |mark: &str| ("nantes", "read", found(book("b1", "Emma", "open", Some(mark))));
    let plan = plan.finish();
    let played = play(&plan, StateStore::in_memory(), vec![reads("scope:other/emma@nantes")]);
    assert_eq!(played.failure(0).code, "E0868");
    let own = vec![reads(OURS), ("nantes", "delete", Reply::Gone)];
    assert_eq!(*play(&plan, StateStore::in_memory(), own).effect(0), Effect::Called);
}

#[test]
fn a_lost_one_that_cannot_be_repeated_is_asked_about() {
    let played =
        play(&closing("ana", Repeat::None), StateStore::in_memory(), vec![("nantes", "close", lost())]);
    assert_eq!((played.failure(0).code.as_str(), played.failure(0).outcome), ("E0906", Outcome::Unknown));
    assert_eq!(played.report.steps[0].attempts, 1);
    // Nor by the next run.
    let next = play(&closing("ana", Repeat::None), played.state, vec![]);
    assert_eq!(next.failure(0).code, "E0906");
    assert!(next.failure(0).help[0].contains("--answer close_emma@nantes=done"));
}

#[test]
fn a_lost_one_that_can_be_repeated_is() {
    let played = play(
        &closing("ana", Repeat::Always),
        StateStore::in_memory(),
        vec![
            ("nantes", "close", lost()),
            ("nantes", "close", ok()),
            ("nantes", "read", found(book("b1", "Emma", "closed", None))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Called);
    assert_eq!(played.report.steps[0].attempts, 2);
}

#[test]
fn one_that_reads_prints_each_time() {
    let mut plan = closing("ana", Repeat::Always);
    let Action::Call { operation, inputs, once, prints, .. } = &mut plan.steps[0].action else {
        panic!("a call")
    };
    (*operation, *once, *prints) = ("find".into(), false, true);
    *inputs = vec![("title".into(), Expr::text("Emma"))];
    for _ in 0..2 {
        let script = vec![("nantes", "find", list([book("b1", "Emma", "open", None)]))];
        let played = play(&plan, StateStore::in_memory(), script);
        let Effect::Printed { value } = played.effect(0) else { panic!("{:?}", played.effect(0)) };
        assert_eq!(value[0]["title"], "Emma");
    }
}

#[test]
fn no_secret_is_recorded() {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    let secret = Expr::Secret(SecretSource::Env("CODE".into()));
    plan.ensure(nantes, "emma", "shelf.book", vec![("title", Expr::text("Emma")), ("code", secret)]);
    let played = play(
        &plan.finish(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            (
                "nantes",
                "create",
                Reply::Done(Some(json!({ "id": "b1", "title": "Emma", "status": "open", "code": "hush" }))),
            ),
        ],
    );
    assert_eq!(played.request("create").inputs["code"], "content of secret(\"CODE\")");
    let written = format!(
        "{} {} {}",
        serde_json::to_string(played.state.state()).expect("plain data"),
        serde_json::to_string(&played.report).expect("plain data"),
        played.events.iter().map(crate::events::RunEvent::to_json_line).collect::<String>(),
    );
    assert!(!written.contains("hush") && !written.contains("content of"), "{written}");
}

fn deleting() -> Plan {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    plan.delete(nantes, "emma", "shelf.book", "b1");
    plan.finish()
}

#[test]
fn deleted_until_it_is_gone() {
    let played = play(
        &deleting(),
        recorded("b1", How::Created, true),
        vec![
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
            ("nantes", "delete", Reply::Gone),
            ("nantes", "read", found(book("b1", "Emma", "open", None))),
            ("nantes", "read", not_found()),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Deleted);
    assert!(played.state.state().resources.is_empty());
}

#[test]
fn gone_already_is_as_well() {
    let played = play(
        &deleting(),
        recorded("b1", How::Created, true),
        vec![("nantes", "read", not_found()), ("nantes", "delete", not_found())],
    );
    assert_eq!(*played.effect(0), Effect::Deleted);
    let unmarked = || found(book("b1", "Emma", "open", None));
    let lost_ = play(
        &deleting(),
        recorded("b1", How::Created, true),
        vec![("nantes", "read", unmarked()), ("nantes", "delete", lost()), ("nantes", "read", not_found())],
    );
    assert_eq!(*lost_.effect(0), Effect::Deleted);
}

#[test]
fn accepted_is_not_gone() {
    let there = || found(book("b1", "Emma", "open", Some(OURS)));
    let silent_once = play(
        &deleting(),
        recorded("b1", How::Created, true),
        vec![
            ("nantes", "read", there()),
            ("nantes", "delete", Reply::Gone),
            ("nantes", "read", unreachable()),
            ("nantes", "read", not_found()),
        ],
    );
    assert_eq!(*silent_once.effect(0), Effect::Deleted);
    let mut once = deleting();
    once.steps[0].retry.times = 1;
    let mut script = vec![("nantes", "read", there()), ("nantes", "delete", Reply::Gone)];
    script.extend((0..3).map(|_| ("nantes", "read", unreachable())));
    let silent = play(&once, recorded("b1", How::Created, true), script);
    assert_eq!(silent.failure(0).outcome, Outcome::Unavailable);
    assert!(!silent.state.state().resources.is_empty(), "the next run deletes it");
}

#[test]
fn what_another_deployment_took_over_is_only_forgotten() {
    let theirs = found(book("b1", "Emma", "open", Some("scope:another/emma@nantes")));
    let played = play(&deleting(), recorded("b1", How::Created, true), vec![("nantes", "read", theirs)]);
    assert_eq!(*played.effect(0), Effect::Released);
    assert!(played.state.state().resources.is_empty());
}

#[test]
fn what_was_adopted_is_only_forgotten() {
    let played = play(&deleting(), recorded("b1", How::Adopted, true), vec![]);
    assert_eq!(*played.effect(0), Effect::Released);
    assert!(played.state.state().resources.is_empty());
}
