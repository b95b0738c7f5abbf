//! Ensuring: created once, kept as it is, set back, replaced, adopted, refused.

use std::collections::BTreeMap;

use scope_plan::digest::sha256_hex;
use scope_plan::expr::{Expr, FileRef, SecretSource};
use scope_plan::plan::Plan;
use scope_plan::recorded::How;
use scope_plan::testing::Builder;
use serde_json::json;

use super::fake::{OURS, Played, Reply, book, done, found, list, lost, not_found, ok, play};
use crate::events::{Effect, Outcome};
use crate::report::Verdict;
use crate::site::SiteErrorKind;
use crate::state::{Record, Resource, Sent, State, StateStore, digest_of_value};

pub(super) fn plan(attributes: Vec<(&str, Expr)>) -> Plan {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    plan.ensure(nantes, "emma", "shelf.book", attributes);
    plan.finish()
}

pub(super) fn emma() -> Plan {
    plan(vec![("title", Expr::text("Emma")), ("pages", Expr::Value(json!(300)))])
}

pub(super) fn recorded(identity: &str, how: How, is_complete: bool) -> StateStore {
    let mut state = State::new("simulated".into());
    state.apply(&Record::Resource {
        name: "emma".into(),
        site: "nantes".into(),
        resource: Resource { is_complete, run: 1, ..Resource::new("shelf.book", identity, how) },
    });
    StateStore::of(state)
}

pub(super) fn identity(played: &Played) -> Option<&Resource> {
    played.state.state().resource("emma", "nantes")
}

#[test]
fn created_waited_for_and_recorded() {
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "read", found(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    assert_eq!(played.report.verdict, Verdict::Done);
    let create = played.request("create");
    assert_eq!(create.mark.as_deref(), Some(OURS));
    assert_eq!(create.inputs["notes"], json!({ "scope_mark": OURS }));
    assert_eq!(create.inputs["pages"], json!(300));
    let resource = identity(&played).expect("recorded");
    assert_eq!((resource.identity.as_str(), resource.how, resource.is_complete), ("b1", How::Created, true));
    assert!(played.state.state().sent.is_empty());
    assert_eq!(played.report.steps[0].output["id"], "b1");
}

#[test]
fn a_second_run_reads_and_does_nothing() {
    let script = || vec![("nantes", "read", found(book("b1", "Emma", "open", Some(OURS))))];
    let played = play(&emma(), recorded("b1", How::Created, true), script());
    assert_eq!(*played.effect(0), Effect::Unchanged);
    assert_eq!(played.report.verdict, Verdict::NothingToDo);
    assert_eq!(played.report.exit_code(), 0);
}

#[test]
fn defaults_fill_what_is_left_out_and_are_not_compared() {
    let short = plan(vec![("title", Expr::text("Emma"))]);
    let played = play(
        &short,
        StateStore::in_memory(),
        vec![("nantes", "find", list([])), ("nantes", "create", done(book("b1", "Emma", "open", None)))],
    );
    assert_eq!(played.request("create").inputs["pages"], json!(100));
    // The site says 300 pages: what the program does not set is left.
    let again =
        play(&short, played.state, vec![("nantes", "find", list([book("b1", "Emma", "open", None)]))]);
    assert_eq!(*again.effect(0), Effect::Unchanged);
}

#[test]
fn content_is_uploaded_after_creating() {
    let file = FileRef { path: "emma.txt".into(), sha256: "00".into(), size: 7 };
    let with_content = plan(vec![("title", Expr::text("Emma")), ("content", Expr::File(file))]);
    let played = play(
        &with_content,
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "upload", ok()),
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    let upload = played.request("upload");
    assert_eq!(upload.content.as_deref(), Some("file emma.txt"));
    assert_eq!(upload.inputs["id"], "b1");
    assert!(!upload.inputs.contains_key("content"));
}

#[test]
fn what_is_found_again_with_its_content_was_not_created() {
    let file = FileRef { path: "emma.txt".into(), sha256: "00".into(), size: 7 };
    let with_content = plan(vec![("title", Expr::text("Emma")), ("content", Expr::File(file))]);
    // The state was rebuilt while its site did not answer.
    let rebuilt = || {
        let mut state = StateStore::in_memory();
        let sent = Sent {
            name: "emma".into(),
            site: "nantes".into(),
            resource_type: "shelf.book".into(),
            operation: "create".into(),
            inputs: String::new(),
            called: Some("Emma".into()),
            relies: Vec::new(),
            run: 0,
            at_ms: 0,
            asks: false,
        };
        state.append(Record::Sent { key: with_content.steps[0].key.clone(), sent }).expect("in memory");
        state
    };
    let list_of = |status| ("nantes", "find", list([book("b1", "Emma", status, Some(OURS))]));
    let whole = play(&with_content, rebuilt(), vec![list_of("open")]);
    assert_eq!(*whole.effect(0), Effect::Unchanged);
    let read = found(book("b1", "Emma", "open", Some(OURS)));
    let half = play(
        &with_content,
        rebuilt(),
        vec![list_of("binding"), ("nantes", "upload", ok()), ("nantes", "read", read)],
    );
    assert_eq!(*half.effect(0), Effect::Created);
}

#[test]
fn content_is_the_same_in_a_file_and_in_the_program() {
    let file = FileRef { path: "emma.txt".into(), sha256: sha256_hex(b"Dear Emma"), size: 9 };
    let book_with = |content: Expr| plan(vec![("title", Expr::text("Emma")), ("content", content)]);
    let played = play(
        &book_with(Expr::File(file.clone())),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "upload", ok()),
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    let listed = list([book("b1", "Emma", "open", Some(OURS))]);
    let same = play(&book_with(Expr::text("Dear Emma")), played.state, vec![("nantes", "find", listed)]);
    assert_eq!(*same.effect(0), Effect::Unchanged);
    let known = identity(&same).expect("recorded").clone();
    assert_eq!(known.digests.as_ref().expect("kept")["content"], file.sha256);

    // As an earlier version digested a text.
    let digests = BTreeMap::from([("content".to_owned(), digest_of_value(&json!("Dear Emma")))]);
    let former = Resource { digests: Some(digests), ..known };
    let mut state = same.state;
    let seen = found(book("b1", "Emma", "open", Some(OURS)));
    let record = Record::Resource { name: "emma".into(), site: "nantes".into(), resource: former };
    state.append(record).expect("in memory");
    let again = play(&book_with(Expr::text("Dear Emma")), state, vec![("nantes", "read", seen)]);
    assert_eq!(*again.effect(0), Effect::Unchanged);
    let digests = identity(&again).and_then(|known| known.digests.clone());
    assert_eq!(digests.expect("kept")["content"], file.sha256);
}

#[test]
fn no_digest_is_kept_of_a_secret_in_a_content() {
    let secret = Expr::Secret(SecretSource::Env("CODE".into()));
    let played = play(
        &plan(vec![("title", Expr::text("Emma")), ("content", secret)]),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "upload", ok()),
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    let sent = played.request("upload").content.clone().expect("it was sent");
    let known = identity(&played).expect("recorded");
    let text = serde_json::to_string(&known).expect("text keys only");
    for digest in [sha256_hex(sent.as_bytes()), digest_of_value(&json!(sent))] {
        assert!(!text.contains(&digest), "{text}");
    }
    let public = json!({ "title": "Emma", "content": sha256_hex(b"secret(\"CODE\")") });
    assert_eq!(known.inputs, Some(digest_of_value(&public)));
}

#[test]
fn an_interrupted_creation_is_finished() {
    let file = FileRef { path: "emma.txt".into(), sha256: "00".into(), size: 7 };
    let with_content = plan(vec![("title", Expr::text("Emma")), ("content", Expr::File(file))]);
    let played = play(
        &with_content,
        recorded("b1", How::Created, false),
        vec![
            ("nantes", "read", found(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "upload", ok()),
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    assert!(identity(&played).expect("recorded").is_complete);
}

#[test]
fn ours_by_its_mark_though_the_state_is_lost() {
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![(
            "nantes",
            "find",
            list([book("b7", "Emma", "open", None), book("b1", "Emma", "open", Some(OURS))]),
        )],
    );
    assert_eq!(identity(&played).expect("recorded").identity, "b1");
    assert_eq!(identity(&played).expect("recorded").how, How::Created);
}

#[test]
fn the_same_name_without_our_mark_is_an_error_that_lists_it() {
    let other = "scope:other/emma@nantes";
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![(
            "nantes",
            "find",
            list([book("b7", "Emma", "open", Some(other)), book("b8", "Emma", "open", None)]),
        )],
    );
    let failure = played.failure(0);
    assert_eq!((failure.code.as_str(), failure.outcome), ("E0907", Outcome::Invalid));
    let found: Vec<_> =
        failure.candidates.iter().map(|one| (one.identity.as_str(), one.mark.as_deref())).collect();
    assert_eq!(found, [("b7", Some(other)), ("b8", None)]);
    assert_eq!(failure.candidates[0].details["status"], "open");
    assert!(failure.help[0].contains("adopt"));
    assert_eq!(played.report.exit_code(), 1);
    assert!(identity(&played).is_none());
}

#[test]
fn a_map_keeps_what_the_program_does_not_set_and_the_mark() {
    let with_notes =
        plan(vec![("title", Expr::text("Emma")), ("notes", Expr::Value(json!({ "shelf": "4" })))]);
    let mut there = book("b1", "Emma", "open", Some(OURS));
    there["notes"]["shelf"] = json!("3");
    there["notes"]["colour"] = json!("red");
    let mut after = there.clone();
    after["notes"]["shelf"] = json!("4");
    let played = play(
        &with_notes,
        recorded("b1", How::Created, true),
        vec![
            ("nantes", "read", found(there)),
            ("nantes", "update", done(after.clone())),
            ("nantes", "read", found(after)),
        ],
    );
    let changes = played.request("update").changes.clone().expect("an update");
    assert_eq!(changes["notes"], json!({ "shelf": "4", "colour": "red", "scope_mark": OURS }));
}

#[test]
fn what_cannot_be_changed_is_said() {
    let french = plan(vec![("title", Expr::text("Emma")), ("language", Expr::text("fr"))]);
    let mut there = book("b1", "Emma", "open", Some(OURS));
    there["language"] = json!("en");
    let played = play(&french, recorded("b1", How::Created, true), vec![("nantes", "read", found(there))]);
    let failure = played.failure(0);
    assert_eq!(failure.code, "E0905");
    assert!(
        failure.message.contains("`language`")
            && failure.message.contains("`en`")
            && failure.message.contains("`fr`")
    );
}

#[test]
fn ours_and_broken_is_replaced() {
    let played = play(
        &emma(),
        recorded("b1", How::Created, true),
        vec![
            ("nantes", "read", found(book("b1", "Emma", "torn", Some(OURS)))),
            ("nantes", "delete", Reply::Gone),
            ("nantes", "read", found(book("b1", "Emma", "torn", Some(OURS)))),
            ("nantes", "read", not_found()),
            ("nantes", "create", done(book("b2", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Replaced);
    assert_eq!(identity(&played).expect("recorded").identity, "b2");
}

#[test]
fn broken_while_it_is_waited_for() {
    let mut torn = book("b1", "Emma", "torn", Some(OURS));
    torn["notes"]["damage"] = json!("the cover came off");
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b1", "Emma", "binding", Some(OURS)))),
            ("nantes", "read", found(torn)),
        ],
    );
    let failure = played.failure(0);
    assert_eq!((failure.code.as_str(), failure.outcome), ("E0908", Outcome::Unavailable));
    assert_eq!(failure.site_words.as_deref(), Some("the cover came off"));
}

#[test]
fn never_ready_in_its_time() {
    let mut script = vec![
        ("nantes", "find", list([])),
        ("nantes", "create", done(book("b1", "Emma", "binding", Some(OURS)))),
    ];
    let mut short = emma();
    short.steps[0].ready_within_ms = Some(300);
    script.extend((0..2).map(|_| ("nantes", "read", found(book("b1", "Emma", "binding", Some(OURS))))));
    let played = play(&short, StateStore::in_memory(), script);
    let failure = played.failure(0);
    assert_eq!(failure.code, "E0909");
    assert!(
        failure.message.contains("status binding") && failure.message.contains("300 ms"),
        "{}",
        failure.message
    );
    assert!(!identity(&played).expect("recorded").is_complete);
}

#[test]
fn gone_since_it_was_recorded_is_made_again() {
    let played = play(
        &emma(),
        recorded("b1", How::Created, true),
        vec![
            ("nantes", "read", not_found()),
            ("nantes", "find", list([])),
            ("nantes", "create", done(book("b2", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    assert_eq!(identity(&played).expect("recorded").identity, "b2");
}

#[test]
fn of_doubles_with_our_mark_the_ready_one_is_taken() {
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            (
                "nantes",
                "find",
                list([book("b1", "Emma", "torn", Some(OURS)), book("b2", "Emma", "open", Some(OURS))]),
            ),
            ("nantes", "read", found(book("b1", "Emma", "torn", Some(OURS)))),
            ("nantes", "read", found(book("b2", "Emma", "open", Some(OURS)))),
            ("nantes", "delete", Reply::Gone),
            ("nantes", "read", not_found()),
        ],
    );
    assert_eq!(identity(&played).expect("recorded").identity, "b2");
    assert_eq!(
        *played.effect(0),
        Effect::Updated { attributes: vec!["a second one with its mark".to_owned()] }
    );
}

#[test]
fn what_a_list_shows_and_the_site_does_not_have_is_no_double() {
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            (
                "nantes",
                "find",
                list([book("b1", "Emma", "open", Some(OURS)), book("b2", "Emma", "open", Some(OURS))]),
            ),
            ("nantes", "read", not_found()),
            ("nantes", "read", found(book("b2", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(identity(&played).expect("recorded").identity, "b2");
    assert_eq!(*played.effect(0), Effect::Created);
    assert!(!identity(&played).expect("recorded").is_doubtful);
}

#[test]
fn an_answer_that_it_exists_is_looked_at() {
    let ours = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", Reply::Exists(Some(json!("b1")))),
            ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*ours.effect(0), Effect::Created);
    let others = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", Reply::Exists(Some(json!("b1")))),
            ("nantes", "read", found(book("b1", "Emma", "open", None))),
        ],
    );
    assert_eq!(others.failure(0).code, "E0907");
    assert!(others.state.state().sent.is_empty());
}

#[test]
fn what_the_site_says_decides_code_and_outcome() {
    use SiteErrorKind::{
        Busy, Configuration, Denied, FileChanged, Invalid, Malformed, NoService, NotFound, Refused,
        Unavailable,
    };
    let cases = [
        (Refused, "E0904", Outcome::Unavailable),
        (NotFound(Some("language".into())), "E0902", Outcome::Unavailable),
        (Denied, "E0905", Outcome::Invalid),
        (Invalid, "E0905", Outcome::Invalid),
        (NoService, "E0705", Outcome::Unavailable),
        (Configuration, "E0703", Outcome::Invalid),
        (FileChanged("base.raw".into()), "E0359", Outcome::Invalid),
    ];
    for (kind, code, outcome) in cases {
        let script =
            vec![("nantes", "find", list([])), ("nantes", "create", Reply::Error(kind.clone(), "words"))];
        let played = play(&emma(), StateStore::in_memory(), script);
        let failure = played.failure(0);
        assert_eq!((failure.code.as_str(), failure.outcome), (code, outcome), "{kind:?}");
        assert_eq!(failure.site_words.as_deref(), Some("words"));
        assert!(played.state.state().sent.is_empty(), "{kind:?}");
    }
    // Tried again, three times in all.
    let script = (0..3).map(|_| ("nantes", "find", Reply::Error(Unavailable, "words"))).collect();
    let played = play(&emma(), StateStore::in_memory(), script);
    assert_eq!(played.failure(0).code, "E0904");
    assert_eq!(played.report.steps[0].attempts, 3);
    // Asked again until it is not busy any more.
    let played = play(
        &emma(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([])),
            ("nantes", "create", Reply::Error(Busy, "words")),
            ("nantes", "create", Reply::Error(Busy, "words")),
            ("nantes", "create", done(book("b1", "Emma", "open", Some(OURS)))),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Created);
    let script = vec![("nantes", "find", Reply::Error(Malformed, "<html>"))];
    assert_eq!(play(&emma(), StateStore::in_memory(), script).failure(0).code, "E0704");
}

/// The answer of the creation does not tell it: what the site has there from the start nobody changed.
#[test]
fn what_a_creation_does_not_tell_is_read_once() {
    let mut made = book("b1", "Emma", "open", Some(OURS));
    made.as_object_mut().expect("a record").remove("pages");
    let mut told = book("b1", "Emma", "open", Some(OURS));
    told["pages"] = json!(200);
    let script =
        vec![("nantes", "find", list([])), ("nantes", "create", done(made)), ("nantes", "read", found(told))];
    let played = play(&emma(), StateStore::in_memory(), script);
    assert_eq!(*played.effect(0), Effect::Created);
    assert!(identity(&played).expect("recorded").not_taken.contains_key("pages"));
}

/// It is there, whatever the look at it comes to.
#[test]
fn a_look_that_is_not_answered_does_not_undo_a_creation() {
    let mut made = book("b1", "Emma", "open", Some(OURS));
    made.as_object_mut().expect("a record").remove("pages");
    let script =
        vec![("nantes", "find", list([])), ("nantes", "create", done(made)), ("nantes", "read", lost())];
    let played = play(&emma(), StateStore::in_memory(), script);
    assert_eq!(*played.effect(0), Effect::Created);
}
