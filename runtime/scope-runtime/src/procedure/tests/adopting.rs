//! Adopting what is there already; what its site does not take, or tells otherwise.

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Plan};
use scope_plan::recorded::How;
use serde_json::json;

use super::ensuring::{emma, identity, plan};
use super::fake::{OURS, Played, book, done, found, list, play, play_with};
use crate::events::{Change, Effect};
use crate::report::ChangedBy;
use crate::runner::RunOptions;
use crate::state::StateStore;

fn adopting() -> Plan {
    adopted(emma())
}

fn adopted(mut plan: Plan) -> Plan {
    if let Action::Ensure { adopt, .. } = &mut plan.steps[0].action {
        *adopt = true;
    }
    plan
}

#[test]
fn adopted_where_the_program_says_so_and_set_back() {
    let mut there = book("b7", "Emma", "open", None);
    there["pages"] = json!(12);
    there["notes"] = json!({ "shelf": "3" });
    let mut after = there.clone();
    after["pages"] = json!(300);
    let played = play(
        &adopting(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([there])),
            ("nantes", "update", done(after.clone())),
            ("nantes", "read", found(after)),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Updated { attributes: vec!["pages".into()] });
    assert_eq!(
        played.request("update").changes,
        Some(serde_json::Map::from_iter([("pages".into(), json!(300))]))
    );
    assert_eq!(identity(&played).expect("recorded").how, How::Adopted);
}

/// Not every site tells at once what was set; one that never does would be changed anew by every run.
#[test]
fn what_a_site_does_not_take_is_said() {
    let mut there = book("b7", "Emma", "open", None);
    there["pages"] = json!(12);
    let mut after = there.clone();
    after["pages"] = json!(300);
    let script = |n_late: usize| {
        let mut script =
            vec![("nantes", "find", list([there.clone()])), ("nantes", "update", done(there.clone()))];
        script.extend((0..n_late).map(|_| ("nantes", "read", found(there.clone()))));
        script
    };
    let mut late = script(3);
    late.push(("nantes", "read", found(after)));
    let played = play(&adopting(), StateStore::in_memory(), late);
    assert_eq!(*played.effect(0), Effect::Updated { attributes: vec!["pages".into()] });
    let played = play(&adopting(), StateStore::in_memory(), script(11));
    let failure = played.failure(0);
    assert_eq!(failure.code, "E0905");
    assert!(
        failure.message.contains("`pages` of `emma` at `nantes` was set to `300`"),
        "{}",
        failure.message
    );
    assert!(failure.message.ends_with("goes on to tell `12`"), "{}", failure.message);
    assert!(failure.help[0].contains("write it in the program as the site tells it"), "{:?}", failure.help);
    // Later looks say so, as long as the site tells just that.
    let options = RunOptions { survey: true, ..RunOptions::default() };
    let by = |played: &Played| match played.effect(0) {
        Effect::Planned { change: Change::Update { differences, is_outside } } => {
            (differences[0].by, differences[0].not_taken_in, *is_outside)
        }
        other => panic!("{other:?}"),
    };
    let looked =
        play_with(&adopting(), played.state, vec![("nantes", "read", found(there.clone()))], &options);
    assert_eq!(by(&looked), (ChangedBy::NotTaken, Some(1), false));
    let mut outside = there.clone();
    outside["pages"] = json!(13);
    let looked = play_with(&adopting(), looked.state, vec![("nantes", "read", found(outside))], &options);
    assert_eq!(by(&looked), (ChangedBy::Site, None, true));
    // Once it took it after all, another change to that is somebody's.
    let mut taken = there.clone();
    taken["pages"] = json!(300);
    let seen = play(&adopting(), looked.state, vec![("nantes", "read", found(taken))]);
    assert_eq!(*seen.effect(0), Effect::Unchanged);
    let looked = play_with(&adopting(), seen.state, vec![("nantes", "read", found(there))], &options);
    assert_eq!(by(&looked), (ChangedBy::Site, None, true));
}

#[test]
fn what_a_site_makes_otherwise_nobody_changed() {
    let mut made = book("b1", "Emma", "open", Some(OURS));
    made["pages"] = json!(12);
    let script = vec![("nantes", "find", list([])), ("nantes", "create", done(made.clone()))];
    let played = play(&emma(), StateStore::in_memory(), script);
    assert_eq!(*played.effect(0), Effect::Created);
    let options = RunOptions { survey: true, ..RunOptions::default() };
    let looked = play_with(&emma(), played.state, vec![("nantes", "find", list([made]))], &options);
    let Effect::Planned { change: Change::Update { differences, .. } } = looked.effect(0) else {
        panic!("{:?}", looked.effect(0))
    };
    assert_eq!((differences[0].by, differences[0].not_taken_in), (ChangedBy::NotTaken, Some(1)));
}

/// Of a record, the part; of a long text, from shortly before.
#[test]
fn where_what_is_not_taken_differs_is_said() {
    let blurb = |end: &str| format!("{} {end}", "a novel in three volumes by the author of Pride ".repeat(3));
    let mut there = book("b7", "Emma", "open", None);
    there["notes"] = json!({ "shelf": "3", "blurb": blurb("and Prejudice") });
    let notes = Expr::Value(json!({ "shelf": "3", "blurb": blurb("&c.") }));
    let emma = adopted(plan(vec![("title", Expr::text("Emma")), ("notes", notes)]));
    let mut script =
        vec![("nantes", "find", list([there.clone()])), ("nantes", "update", done(there.clone()))];
    script.extend((0..11).map(|_| ("nantes", "read", found(there.clone()))));
    let played = play(&emma, StateStore::in_memory(), script);
    let message = &played.failure(0).message;
    assert!(message.starts_with("`notes.blurb` of `emma` at `nantes` was set to `…"), "{message}");
    assert!(message.contains(" &c.`") && message.ends_with(" and Prejudice`"), "{message}");
}

/// Nobody knows what it was given before; once it is set, that is known.
#[test]
fn what_the_site_of_an_adopted_one_does_not_tell_is_set_once() {
    let mut there = book("b7", "Emma", "open", None);
    there.as_object_mut().expect("a record").remove("pages");
    let played = play(
        &adopting(),
        StateStore::in_memory(),
        vec![
            ("nantes", "find", list([there.clone()])),
            ("nantes", "update", done(there.clone())),
            ("nantes", "read", found(there.clone())),
        ],
    );
    assert_eq!(*played.effect(0), Effect::Updated { attributes: vec!["pages".into()] });
    let changes = serde_json::Map::from_iter([("pages".into(), json!(300))]);
    assert_eq!(played.request("update").changes, Some(changes));
    let again = play(&adopting(), played.state, vec![("nantes", "read", found(there))]);
    assert_eq!(*again.effect(0), Effect::Unchanged);
}

#[test]
fn of_several_none_is_adopted() {
    let played = play(
        &adopting(),
        StateStore::in_memory(),
        vec![("nantes", "find", list([book("b7", "Emma", "open", None), book("b8", "Emma", "open", None)]))],
    );
    assert_eq!(played.failure(0).code, "E0901");
}
