//! Looking up: exactly one, by name or identity.

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Plan};
use scope_plan::testing::Builder;
use serde_json::json;

use super::fake::{Reply, book, found, list, not_found, play};
use crate::events::{Effect, Outcome};
use crate::site::SiteErrorKind;
use crate::state::StateStore;

fn plan(text: &str) -> Plan {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    plan.lookup(nantes, "loan.book", "shelf.book", text);
    plan.finish()
}

#[test]
fn the_one_of_that_name() {
    let others = [book("b1", "Emma", "open", None), book("b2", "Emma II", "open", None)];
    let script =
        vec![("nantes", "find", list(others)), ("nantes", "read", found(book("b1", "Emma", "open", None)))];
    let mut whole = script.clone();
    whole.pop();
    // The list tells all that the driver says it tells.
    let played = play(&plan("Emma"), StateStore::in_memory(), whole);
    assert_eq!(*played.effect(0), Effect::Found);
    assert_eq!(played.report.steps[0].output["id"], "b1");
    assert_eq!(played.request("find").inputs["title"], "Emma");
}

#[test]
fn a_list_that_tells_little_is_followed_by_a_read() {
    let played = play(
        &plan("Emma"),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([json!({ "id": "b1", "title": "Emma" })])),
            ("nantes", "read", found(book("b1", "Emma", "open", None))),
        ],
    );
    assert_eq!(played.report.steps[0].output["status"], "open");
}

#[test]
fn several_of_a_name_are_listed() {
    let two = [book("b1", "Emma", "open", None), book("b2", "Emma", "open", Some("scope:x/y@z"))];
    let played = play(&plan("Emma"), StateStore::in_memory(), vec![("nantes", "find", list(two))]);
    let failure = played.failure(0);
    assert_eq!((failure.code.as_str(), failure.outcome), ("E0901", Outcome::Invalid));
    assert_eq!(failure.message, "2 books are called `Emma` at `nantes`");
    assert_eq!(failure.candidates.len(), 2);
    assert_eq!(failure.help, ["`existing book: shelf.book { id: \"b1\" }`, or another name"]);
}

#[test]
fn what_no_one_is_called_may_be_an_identity() {
    let script =
        vec![("nantes", "find", list([])), ("nantes", "read", found(book("b-1", "Emma", "open", None)))];
    let played = play(&plan("b-1"), StateStore::in_memory(), script);
    assert_eq!(played.report.steps[0].output["title"], "Emma");
    // What looks like one is read first.
    let id = "45da7b62-6f5c-4e5e-9c55-0d5d1a0a2b11";
    let played = play(
        &plan(id),
        StateStore::in_memory(),
        vec![("nantes", "read", found(book(id, "Emma", "open", None)))],
    );
    assert_eq!(played.report.steps[0].output["id"], id);
}

#[test]
fn none_is_unavailable() {
    for answer in [not_found(), Reply::Error(SiteErrorKind::Invalid, "that is no identity")] {
        let played = play(
            &plan("Emma"),
            StateStore::in_memory(),
            vec![("nantes", "find", list([])), ("nantes", "read", answer)],
        );
        let failure = played.failure(0);
        assert_eq!((failure.code.as_str(), failure.outcome), ("E0902", Outcome::Unavailable));
        assert_eq!(failure.message, "no book is called `Emma` at `nantes`");
    }
}

#[test]
fn attributes_narrow_it() {
    let mut plan = plan("Emma");
    let Action::Lookup { filter, .. } = &mut plan.steps[0].action else { panic!("a look-up") };
    filter.push(("language".into(), Expr::text("fr")));
    let mut french = book("b2", "Emma", "open", None);
    french["language"] = json!("fr");
    let mut english = book("b1", "Emma", "open", None);
    english["language"] = json!("en");
    let played = play(&plan, StateStore::in_memory(), vec![("nantes", "find", list([english, french]))]);
    assert_eq!(played.report.steps[0].output["id"], "b2");
}
