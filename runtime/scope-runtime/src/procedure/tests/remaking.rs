//! Making anew what cannot be changed in place: the new one first, the old one owed until it is there.

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Plan, Replace};
use scope_plan::recorded::How;
use serde_json::{Value, json};

use super::ensuring::plan;
use super::fake::{OURS, Reply, book, done, found, list, lost, not_found, play};
use crate::events::Effect;
use crate::site::SiteErrorKind;
use crate::state::{Record, Resource, State, StateStore};

/// `language` is another one now, and immutable.
fn french(replace: Option<Replace>) -> Plan {
    let mut plan = plan(vec![("title", Expr::text("Emma")), ("language", Expr::text("fr"))]);
    if let Action::Ensure { replace: said, .. } = &mut plan.steps[0].action {
        *said = replace;
    }
    plan
}

fn in_language(id: &str, language: &str) -> Value {
    let mut book = book(id, "Emma", "open", Some(OURS));
    book["language"] = json!(language);
    book
}

/// Made as the program said then.
fn english() -> StateStore {
    let mut state = State::new("simulated".into());
    let set = json!({ "title": "Emma", "language": "en" }).as_object().expect("a record").clone();
    state.apply(&Record::Resource {
        name: "emma".into(),
        site: "nantes".into(),
        resource: Resource { run: 1, set, ..Resource::new("shelf.book", "b1", How::Created) },
    });
    StateStore::of(state)
}

#[test]
fn where_the_new_one_cannot_be_made_the_old_one_stays_and_is_owed() {
    let full = Reply::Error(SiteErrorKind::Refused, "the shelf is full");
    let mut script = vec![("nantes", "read", found(in_language("b1", "en")))];
    script.extend([("nantes", "create", full.clone())]);
    let plan = french(Some(Replace::Anew));
    let played = play(&plan, english(), script);
    assert_eq!(played.failure(0).code, "E0904");
    assert!(
        played.report.owed[0].contains("`emma` (b1) is replaced, and still at `nantes`"),
        "{:?}",
        played.report.owed
    );
    // Its own mark is on it, and it is not taken for the new one.
    let there = || list([in_language("b1", "en")]);
    let script = vec![
        ("nantes", "find", there()),
        ("nantes", "create", done(in_language("b2", "fr"))),
        ("nantes", "read", found(in_language("b1", "en"))),
        ("nantes", "delete", Reply::Gone),
        ("nantes", "read", not_found()),
    ];
    let again = play(&plan, played.state, script);
    assert_eq!(*again.effect(0), Effect::Replaced);
    let state = again.state.state();
    assert_eq!(state.resource("emma", "nantes").expect("recorded").identity, "b2");
    assert!(state.owed.is_empty() && again.report.owed.is_empty());
}

#[test]
fn a_lost_creation_is_not_taken_for_the_old_one() {
    let played = play(
        &french(Some(Replace::Anew)),
        english(),
        vec![
            ("nantes", "read", found(in_language("b1", "en"))),
            ("nantes", "create", lost()),
            ("nantes", "find", list([in_language("b1", "en")])),
            ("nantes", "find", list([in_language("b1", "en"), in_language("b2", "fr")])),
            ("nantes", "read", found(in_language("b1", "en"))),
            ("nantes", "delete", Reply::Gone),
            ("nantes", "read", not_found()),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Replaced);
    assert_eq!(played.state.state().resource("emma", "nantes").expect("recorded").identity, "b2");
}

#[test]
fn only_where_the_program_says_so() {
    for said in [None, Some(Replace::Never)] {
        let script = vec![("nantes", "read", found(in_language("b1", "en")))];
        let played = play(&french(said), english(), script);
        let failure = played.failure(0);
        assert_eq!(failure.code, "E0905");
        let says_how = failure.help.iter().any(|help| help.contains("`with { replace: anew }`"));
        assert_eq!(says_how, said.is_none(), "{:?}", failure.help);
    }
}

/// What a site makes of a value it would make of the next one, too.
#[test]
fn what_the_site_has_otherwise_by_itself_is_not_made_anew() {
    let mut state = english().state().clone();
    let set = json!({ "title": "Emma", "language": "fr" }).as_object().expect("a record").clone();
    let known = state.resource("emma", "nantes").expect("recorded").clone();
    let resource = Resource { set, ..known };
    state.apply(&Record::Resource { name: "emma".into(), site: "nantes".into(), resource });
    let script = vec![("nantes", "read", found(in_language("b1", "en")))];
    let played = play(&french(Some(Replace::Anew)), StateStore::of(state), script);
    assert_eq!(played.failure(0).code, "E0905");
}

#[test]
fn what_is_never_made_anew_is_not_where_it_is_broken() {
    let script = vec![("nantes", "read", found(book("b1", "Emma", "torn", Some(OURS))))];
    let played = play(&french(Some(Replace::Never)), english(), script);
    assert_eq!(played.failure(0).code, "E0908");
    assert!(played.failure(0).message.contains("is never made anew"));
}
