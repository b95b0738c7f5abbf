//! What a restart left half made: made again once its time is over, waited for before, and only if it is ours.

use scope_plan::expr::Expr;
use scope_plan::plan::Plan;
use scope_plan::recorded::How;

use super::ensuring::{self, recorded};
use super::fake::{OURS, book, done, found, not_found, ok, play_with};
use crate::events::{Change, Effect};
use crate::runner::RunOptions;
use crate::state::{Record, StateStore};

/// `ready when status == "open" within 10s every 5s`, `stuck when status == "binding"`.
fn emma() -> Plan {
    let mut plan = ensuring::plan(vec![("title", Expr::text("Emma"))]);
    let book = plan.drivers.iter_mut().flat_map(|driver| &mut driver.types);
    let book = book.into_iter().find(|ty| ty.name == "shelf.book").expect("a library has books");
    book.ready.as_mut().expect("a book is bound first").every_ms = 5_000;
    let binding = Expr::Binary(
        scope_plan::expr::BinaryOp::Equal,
        Box::new(Expr::name("status")),
        Box::new(Expr::text("binding")),
    );
    book.stuck = Some(binding);
    plan
}

/// Begun at that moment by an earlier run, and not ended.
fn begun(at_ms: Option<u64>, how: How) -> StateStore {
    let mut store = recorded("b1", how, false);
    let mut resource = store.state().resource("emma", "nantes").expect("it is recorded").clone();
    resource.begun_ms = at_ms;
    let (name, site) = ("emma".to_owned(), "nantes".to_owned());
    store.append(Record::Resource { name, site, resource }).expect("in memory");
    store
}

fn at(started_at_ms: u64) -> RunOptions {
    RunOptions { started_at_ms, ..RunOptions::default() }
}

fn binding() -> super::fake::Line {
    ("nantes", "read", found(book("b1", "Emma", "binding", Some(OURS))))
}

fn made_again() -> Vec<super::fake::Line> {
    vec![
        ("nantes", "delete", ok()),
        ("nantes", "read", not_found()),
        ("nantes", "create", done(book("b2", "Emma", "open", Some(OURS)))),
    ]
}

#[test]
fn what_is_stuck_is_made_again() {
    let script = [vec![binding()], made_again()].concat();
    let played = play_with(&emma(), begun(Some(0), How::Created), script, &at(60_000));
    assert_eq!(*played.effect(0), Effect::Replaced);
    let resource = played.state.state().resource("emma", "nantes").expect("recorded");
    assert_eq!((resource.identity.as_str(), resource.is_complete, resource.begun_ms), ("b2", true, None));
}

#[test]
fn what_may_still_move_on_is_waited_for() {
    let script =
        vec![binding(), binding(), ("nantes", "read", found(book("b1", "Emma", "open", Some(OURS))))];
    // Four seconds ago, within ten: looked at after five more, and at the end.
    let played = play_with(&emma(), begun(Some(56_000), How::Created), script, &at(60_000));
    assert_eq!(*played.effect(0), Effect::Created);
    assert_eq!(played.report.millis / 1000, 6);
}

#[test]
fn when_that_is_over_it_is_made_again_with_all_its_time() {
    let script = [vec![binding(), binding(), binding()], made_again()].concat();
    let played = play_with(&emma(), begun(Some(56_000), How::Created), script, &at(60_000));
    assert_eq!(*played.effect(0), Effect::Replaced);
}

#[test]
fn where_it_is_not_known_when_it_was_begun_its_time_begins_now() {
    let script = [vec![binding(), binding(), binding()], made_again()].concat();
    let played = play_with(&emma(), begun(None, How::Created), script, &at(60_000));
    assert_eq!(*played.effect(0), Effect::Replaced);
    assert_eq!(played.report.millis / 1000, 10);
}

#[test]
fn a_plan_says_so() {
    let options = RunOptions { survey: true, ..at(60_000) };
    let played = play_with(&emma(), begun(Some(0), How::Created), vec![binding()], &options);
    let why = "status binding, not ready after 10 s".to_owned();
    assert_eq!(*played.effect(0), Effect::Planned { change: Change::Replace { why, is_whole: false } });
    let played = play_with(&emma(), begun(Some(59_000), How::Created), vec![binding()], &options);
    assert_eq!(*played.effect(0), Effect::Planned { change: Change::Finish });
}

#[test]
fn what_is_not_ours_is_left() {
    let played = play_with(&emma(), begun(Some(0), How::Adopted), vec![binding(), binding()], &at(60_000));
    let failure = played.failure(0);
    assert_eq!(failure.code, "E0909");
    assert_eq!(failure.help, ["`with { ready_within: 20s }`"]);
}
