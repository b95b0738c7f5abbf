//! A program that is changed between a run that was killed and the next one: what was sent for what it no longer has, and
//! not answered, is looked for and deleted, though nobody asks for it any more.

use serde_json::json;

use super::desk::{Desks, When, ends};
use super::killing::killed;

const BEFORE: &str = r#"
resource welcome: desk.note { name: "welcome", text: "hello" } scope { nantes }
resource first: desk.card { title: "first" } scope { paris }
"#;
/// No card any more, and nothing at paris.
const AFTER: &str = r#"
resource welcome: desk.note { name: "welcome", text: "hello" } scope { nantes }
"#;

#[test]
fn killed_around_every_request_and_changed_nothing_of_what_left_is_there() {
    let (mut n_killed, mut n_told) = (0, 0);
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = desks.place(&format!("left-{moment:?}-{number}"), BEFORE);
            if !killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            let what = format!("{moment:?} request {number}");
            let was_made = desks.paris.held()["cards"] == json!(["first"]);
            let program = std::fs::read_to_string(folder.join("main.scope")).expect("it is there");
            std::fs::write(folder.join("main.scope"), program.replace(BEFORE, AFTER)).expect("writable");
            let ran = ends(&folder, &["run", "main.scope"], 0);
            assert_eq!(desks.paris.held()["cards"], json!([]), "{what}: {}", ran.all());
            assert_eq!(desks.nantes.held()["notes"], json!({ "welcome": "hello" }), "{what}");
            n_told += usize::from(was_made && ran.all().contains("undone"));
            let again = ends(&folder, &["run", "main.scope"], 0);
            assert!(again.stdout.contains("nothing to do"), "{what}: {}", again.all());
            let status = ends(&folder, &["status", "--offline"], 0).stdout;
            assert!(status.contains("nothing is open"), "{what}: {status}");
        }
    }
    println!("killed {n_killed} times; {n_told} times a creation without an answer was found and deleted");
    assert!(n_killed >= 8 && n_told >= 1, "killed {n_killed}, told {n_told}");
}

/// `destroy` looks for it, too, though nothing is recorded.
#[test]
fn destroy_deletes_what_was_never_answered() {
    let desks = Desks::start();
    let folder =
        desks.place("left-destroyed", "resource first: desk.card { title: \"first\" } scope { paris }\n");
    // A list, then the creation.
    assert!(killed(&desks, &folder, When::After, 2));
    assert_eq!(desks.paris.held()["cards"], json!(["first"]));
    let ran = ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    assert_eq!(desks.paris.held()["cards"], json!([]), "{}", ran.all());
    assert!(ran.all().contains("is deleted"), "{}", ran.all());
}
