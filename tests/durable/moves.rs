//! Moves: from paris to nantes the new one is made first; what has something in it moves only where the program says so; what is chosen again moves, and the
//! plan shows it.

use std::path::Path;

use serde_json::json;

use super::desk::{self, Desks, When, ends};

fn note(site: &str) -> String {
    format!(
        "resource welcome: desk.note {{ name: \"welcome\", text: \"hello\" }} scope {{ {site} }}\n\
         resource reply: desk.note {{ name: \"reply\", text: \"to ${{welcome.name}}\" }} scope {{ nantes }}\n"
    )
}

pub(super) fn rewrite(desks: &Desks, folder: &Path, program: &str) {
    let other =
        desks.place(&format!("{}-next", folder.file_name().expect("a name").to_string_lossy()), program);
    std::fs::copy(other.join("main.scope"), folder.join("main.scope")).expect("writable");
}

#[test]
fn the_new_one_is_made_before_the_old_one_goes() {
    let desks = Desks::start();
    let folder = desks.place("move", &note("paris"));
    ends(&folder, &["run", "main.scope"], 0);
    rewrite(&desks, &folder, &note("nantes"));
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    let words: String = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("> note welcome from paris; made anew"), "{plan}");
    assert!(words.contains("- note welcome moves to nantes"), "{plan}");
    assert!(words.contains("1 to move"), "{plan}");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.nantes.held()["notes"], json!({ "welcome": "hello", "reply": "to welcome" }));
    assert_eq!(desks.paris.held()["notes"], json!({}));
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
}

#[test]
fn where_the_new_one_cannot_be_made_the_old_one_stays() {
    let desks = Desks::start();
    let folder = desks.place("move-cut", &note("nantes"));
    ends(&folder, &["run", "main.scope"], 0);
    rewrite(&desks, &folder, &note("paris"));
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope"], 1);
    assert_eq!(desks.nantes.held()["notes"]["welcome"], "hello", "it is still there");
    desks.paris.set_down(false);
    ends(&folder, &["resume"], 0);
    assert_eq!(desks.nantes.held()["notes"], json!({ "reply": "to welcome" }));
    assert_eq!(desks.paris.held()["notes"], json!({ "welcome": "hello" }));
}

#[test]
fn killed_around_any_request_of_a_move_there_is_always_one() {
    let mut n_killed = 0;
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = desks.place(&format!("move-{moment:?}-{number}"), &note("paris"));
            ends(&folder, &["run", "main.scope"], 0);
            rewrite(&desks, &folder, &note("nantes"));
            if !super::killing::killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            let held = desks.held();
            let is_any = ["nantes", "paris"].iter().any(|site| held[site]["notes"]["welcome"] == "hello");
            assert!(is_any, "{moment:?} {number}: {held}");
            let resumed = desk::scope(&folder, &["resume"]);
            assert_eq!(resumed.code, 0, "{moment:?} {number}: {}", resumed.all());
            assert_eq!(desks.nantes.held()["notes"]["welcome"], "hello");
            assert_eq!(desks.paris.held()["notes"], json!({}), "{moment:?} {number}");
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    println!("killed {n_killed} times; always one, and in the end only the new one");
    assert!(n_killed >= 8, "{n_killed}");
}

#[test]
fn what_has_something_in_it_moves_only_where_the_program_says_so() {
    let desks = Desks::start();
    let bell = |site: &str, with: &str| {
        format!("resource door: desk.bell {{ name: \"door\" }} scope {{ {site} }} {with}\n")
    };
    let folder = desks.place("move-stateful", &bell("paris", ""));
    ends(&folder, &["run", "main.scope"], 0);
    rewrite(&desks, &folder, &bell("nantes", ""));
    let before = desks.paris.n_requests();
    for command in ["plan", "run"] {
        let refused = ends(&folder, &[command, "main.scope"], 3);
        let all: String = refused.all().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains("E0319") && all.contains("how often it was rung"), "{all}");
        assert!(all.contains("with { replace: move }"), "{all}");
    }
    assert_eq!(desks.paris.n_requests(), before, "nothing was sent");
    ends(&folder, &["check", "main.scope"], 0);
    rewrite(&desks, &folder, &bell("nantes", "with { replace: move }"));
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.held()["nantes"]["bells"], json!({ "door": 0 }));
    assert_eq!(desks.held()["paris"]["bells"], json!({}));
    rewrite(&desks, &folder, &bell("paris", "with { replace: never }"));
    assert!(ends(&folder, &["run", "main.scope"], 3).all().contains("is never replaced"));
}

#[test]
fn choosing_again_moves_and_the_plan_shows_it() {
    let desks = Desks::start();
    let folder = desks.place(
        "reconsider",
        "resource note: desk.note { name: \"n\", text: \"hello\" } scope { paris | nantes }\n",
    );
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope"], 0);
    desks.paris.set_down(false);
    assert!(
        ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"),
        "it is kept while it holds"
    );
    let plan = ends(&folder, &["plan", "main.scope", "--reconsider"], 0).stdout;
    let words: String = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("> note note from nantes"), "{plan}");
    ends(&folder, &["run", "main.scope", "--reconsider"], 0);
    assert_eq!(desks.paris.held()["notes"], json!({ "n": "hello" }));
    assert_eq!(desks.nantes.held()["notes"], json!({}));
    // Chosen again to the same end: nothing moves.
    assert!(ends(&folder, &["run", "main.scope", "--reconsider"], 0).stdout.contains("nothing to do"));
    // The better place is gone in the middle of it: what is there stays.
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope"], 0);
    ends(&folder, &["run", "main.scope", "--reconsider"], 0);
    assert_eq!(desks.nantes.held()["notes"], json!({ "n": "hello" }));
}

#[test]
fn it_is_chosen_again_in_each_round_of_a_wait() {
    let desks = Desks::start();
    let program = "resource note: desk.note { name: \"n\", text: \"hello\" } scope { paris | nantes }\n\
        resource both: desk.note { name: \"both\", text: \"hello\" } scope { nantes & paris }\n";
    let folder = desks.place("reconsider-waiting", program);
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope"], 4);
    let mut waiting = desk::start(&folder, &["run", "main.scope", "--reconsider", "--wait", "2min"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(desks.nantes.held()["notes"], json!({ "both": "hello", "n": "hello" }));
    desks.paris.set_down(false);
    assert_eq!(waiting.wait().expect("it is ours").code(), Some(0));
    assert_eq!(desks.held()["nantes"]["notes"], json!({ "both": "hello" }));
    assert_eq!(desks.held()["paris"]["notes"], json!({ "both": "hello", "n": "hello" }));
}

#[test]
fn choosing_again_takes_the_copy_along() {
    let desks = Desks::start();
    let folder = desks.place(
        "reconsider-copy",
        "resource memo: desk.note { name: \"memo\", text: \"x\" } scope { paris }\n\
         resource door: desk.bell { name: \"door\", about: memo } scope { paris | nantes } with { replace: move }\n",
    );
    ends(&folder, &["run", "main.scope"], 0);
    // The bell is made at nantes, with a copy of the memo there.
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    std::fs::write(folder.join("main.scope"), program.replace("{ paris | nantes }", "{ nantes }"))
        .expect("writable");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.nantes.held()["notes"], json!({ "memo": "x" }));
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    ends(&folder, &["run", "main.scope", "--reconsider"], 0);
    assert_eq!(desks.paris.held()["bells"], json!({ "door": 0 }));
    assert_eq!(desks.nantes.held()["bells"], json!({}));
    assert_eq!(desks.nantes.held()["notes"], json!({}), "its last user moved");
    assert!(ends(&folder, &["run", "main.scope", "--reconsider"], 0).stdout.contains("nothing to do"));
}

#[test]
fn choosing_again_takes_the_copy_of_two_along() {
    let desks = Desks::start();
    let bells = "resource door: desk.bell { name: \"door\", about: memo } scope { paris | nantes } with { replace: move }\n\
         resource gate: desk.bell { name: \"gate\", about: memo } scope { paris | nantes } with { replace: move }\n";
    let memo = "resource memo: desk.note { name: \"memo\", text: \"x\" } scope { paris }\n";
    let folder = desks.place("reconsider-copies", &format!("{memo}{bells}"));
    ends(&folder, &["run", "main.scope"], 0);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("written before");
    std::fs::write(folder.join("main.scope"), program.replace("{ paris | nantes }", "{ nantes }"))
        .expect("writable");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.nantes.held()["notes"], json!({ "memo": "x" }));
    // One of them stays: so does its copy.
    let one = program.replacen("{ paris | nantes }", "{ nantes }", 1);
    std::fs::write(folder.join("main.scope"), one).expect("writable");
    ends(&folder, &["run", "main.scope", "--reconsider"], 0);
    assert_eq!(desks.nantes.held()["bells"], json!({ "door": 0 }));
    assert_eq!(desks.nantes.held()["notes"], json!({ "memo": "x" }), "the door needs it");
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    ends(&folder, &["run", "main.scope", "--reconsider"], 0);
    assert_eq!(desks.nantes.held(), json!({ "notes": {}, "cards": [], "bells": {} }), "both moved");
    assert!(ends(&folder, &["run", "main.scope", "--reconsider"], 0).stdout.contains("nothing to do"));
}
