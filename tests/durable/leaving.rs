//! A program that is changed between a run that was killed and the next one: what was sent for what it no longer has, and
//! not answered, is looked for and deleted, though nobody asks for it any more.

use std::path::Path;

use serde_json::json;

use super::desk::{Desks, When, ends};
use super::killing::killed;

const BEFORE: &str = r#"
resource welcome: desk.note { name: "welcome", text: "hello" } scope { nantes }
resource first: desk.card { title: "first" } scope { paris }
"#;
const CARD: &str = "resource first: desk.card { title: \"first\" } scope { paris }\n";
/// No card any more, and nothing at paris.
const AFTER: &str = r#"
resource welcome: desk.note { name: "welcome", text: "hello" } scope { nantes }
"#;

#[test]
fn killed_around_every_request_and_changed_nothing_of_what_left_is_there() {
    let mut n_killed = 0;
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = desks.place(&format!("left-{moment:?}-{number}"), BEFORE);
            if !killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            let what = format!("{moment:?} request {number}");
            let program = std::fs::read_to_string(folder.join("main.scope")).expect("it is there");
            std::fs::write(folder.join("main.scope"), program.replace(BEFORE, AFTER)).expect("writable");
            let ran = ends(&folder, &["run", "main.scope"], 0);
            assert_eq!(desks.paris.held()["cards"], json!([]), "{what}: {}", ran.all());
            assert_eq!(desks.nantes.held()["notes"], json!({ "welcome": "hello" }), "{what}");
            let again = ends(&folder, &["run", "main.scope"], 0);
            assert!(again.stdout.contains("nothing to do"), "{what}: {}", again.all());
            let status = ends(&folder, &["status", "--offline"], 0).stdout;
            assert!(status.contains("nothing is open"), "{what}: {status}");
        }
    }
    println!("killed {n_killed} times");
    assert!(n_killed >= 8, "killed {n_killed}");
}

/// A run of the card alone that is killed before it hears that it made it: a list, then the creation.
fn card_is_not_answered(desks: &Desks, folder: &Path) {
    assert!(killed(desks, folder, When::After, 2));
    assert_eq!(desks.paris.held()["cards"], json!(["first"]));
}

/// With one request after the other it is certain which one was not answered: that of the card.
#[test]
fn what_was_never_answered_is_found_and_told() {
    let desks = Desks::start();
    let folder = desks.place("left-told", CARD);
    card_is_not_answered(&desks, &folder);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("it is there");
    std::fs::write(folder.join("main.scope"), program.replace(CARD, AFTER)).expect("writable");
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.all().contains("undone"), "{}", ran.all());
    assert_eq!(desks.paris.held()["cards"], json!([]), "{}", ran.all());
}

/// `destroy` looks for it, too, though nothing is recorded.
#[test]
fn destroy_deletes_what_was_never_answered() {
    let desks = Desks::start();
    let folder = desks.place("left-destroyed", CARD);
    card_is_not_answered(&desks, &folder);
    let ran = ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    assert_eq!(desks.paris.held()["cards"], json!([]), "{}", ran.all());
    assert!(ran.all().contains("is deleted"), "{}", ran.all());
}
