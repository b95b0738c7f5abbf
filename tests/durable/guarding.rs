//! What is relied upon is not deleted: by the program that made it, by another one, by a state that was lost.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::desk::{Desk, Desks, ends};
use crate::support::binary::{self, Ran};

/// Cards that keep guards, and threads that hang on them, perhaps from another site.
const DRIVER: &str = r#"
driver knot {
    site { url: string }
    service board {
        address: site.url
        type card {
            id: string identity computed
            title: string
            remark: string = ""
            named by title
            mark in remark
            guard in remark
            share by place
            operation find GET "/cards" { query: { title: title }, 200 -> list(body) }
            operation read GET "/cards/${id}" { 200 -> found(body), 404 -> not_found }
            operation create POST "/cards" { body: { title: title, remark: remark }, repeat by mark, 201 -> done(body) }
            operation update PUT "/cards/${id}" { body: { title: title, remark: remark }, 200 -> done }
            operation delete DELETE "/cards/${id}" { 204 | 404 -> gone }
        }
    }
    service line {
        uses: [board]
        address: site.url
        type thread {
            name: string identity immutable
            text: string = ""
            card: card? relies read(if body.card == null then null else { id: body.card })
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/notes/${name}" {
                body: { name: name, text: text, card: card.id }
                repeat by always
                200 | 201 -> done
            }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
            create by write
        }
    }
}
"#;

fn place(desks: &Desks, name: &str, program: &str) -> PathBuf {
    let folder = binary::folder(&format!("guarding-{name}"));
    write(desks, &folder, program);
    folder
}

fn write(desks: &Desks, folder: &Path, program: &str) {
    let sites = format!(
        "site nantes {{ knot: {{ url: \"{}\" }} }}\nsite paris {{ knot: {{ url: \"{}\" }} }}\nentry nantes\n",
        desks.nantes.url, desks.paris.url
    );
    std::fs::write(folder.join("main.scope"), format!("{DRIVER}{sites}{program}")).expect("writable");
}

/// What stands on the one card at paris.
fn remark(desks: &Desks) -> String {
    remark_at(&desks.paris)
}

fn remark_at(desk: &Desk) -> String {
    let mut remark = String::new();
    desk.change(|_, cards| {
        let card = cards.values().next().expect("one card");
        remark = card["remark"].as_str().unwrap_or_default().to_string();
    });
    remark
}

fn has(ran: &Ran, words: &[&str]) {
    let text: String = ran.all().split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

const BOARD: &str =
    "resource board: knot.card { title: \"board\", remark: \"mine\" } scope { board: paris }\n";
const EXISTING: &str = "existing board: knot.card { title: \"board\" } scope { board: paris }\n";

fn thread(name: &str, card: &str) -> String {
    format!(
        "resource {name}: knot.thread {{ name: \"{name}\", card: {card} }} scope {{ line: nantes, board: paris }}\n"
    )
}

#[test]
fn two_who_name_it_differently_share_one_guard() {
    let desks = Desks::start();
    let owner = place(&desks, "shared-owner", BOARD);
    ends(&owner, &["run", "main.scope"], 0);
    // By its name and by its identity: two look-ups, and a guard of each.
    let users = format!("{}{}", thread("t", "\"board\""), thread("u", "\"c1\""));
    let user = place(&desks, "shared-user", &users);
    has(&ends(&user, &["run", "main.scope"], 0), &["2 created"]);
    assert!(remark(&desks).ends_with("/t@nantes,u@nantes]"), "{}", remark(&desks));
    has(&ends(&user, &["run", "main.scope"], 0), &["nothing to do"]);
    write(&desks, &user, &thread("u", "\"c1\""));
    ends(&user, &["run", "main.scope"], 0);
    assert!(remark(&desks).ends_with("/u@nantes]"), "{}", remark(&desks));
}

#[test]
fn what_is_no_longer_set_still_relies_upon_it() {
    let desks = Desks::start();
    let program = place(&desks, "unset", &format!("{BOARD}{}", thread("t", "board")));
    ends(&program, &["run", "main.scope"], 0);
    // The line and its use go together: at nantes the thread hangs on it as before.
    write(&desks, &program, "resource t: knot.thread { name: \"t\" } scope { line: nantes }\n");
    has(
        &ends(&program, &["plan", "main.scope"], 0),
        &["- card board still relied upon by t at nantes: refused"],
    );
    has(
        &ends(&program, &["run", "main.scope"], 1),
        &["error[E0930]", "still relied upon by `t` at nantes", "is left as it is"],
    );
    assert!(remark(&desks).ends_with("/t@nantes]"), "{}", remark(&desks));
    // With the thread it goes.
    write(&desks, &program, "");
    has(&ends(&program, &["run", "main.scope"], 0), &["2 deleted"]);
}

/// What is left out is left as it is; what is said to be nothing is taken off, and the plan says so.
#[test]
fn what_is_set_to_null_lets_go() {
    let desks = Desks::start();
    let with_update = DRIVER.replace(
        "            operation delete DELETE \"/notes",
        "            operation update PUT \"/notes/${name}\" { body: { name: name, text: text, card: card.id }, 200 -> done }\n            operation delete DELETE \"/notes",
    );
    assert_ne!(with_update, DRIVER);
    let write = |folder: &Path, program: &str| {
        write(&desks, folder, program);
        let file = folder.join("main.scope");
        let text = std::fs::read_to_string(&file).expect("it is there");
        std::fs::write(file, text.replace(DRIVER, &with_update)).expect("writable");
    };
    let program = binary::folder("guarding-null");
    write(&program, &format!("{BOARD}{}", thread("t", "board")));
    ends(&program, &["run", "main.scope"], 0);
    assert!(remark(&desks).ends_with("/t@nantes]"), "{}", remark(&desks));
    write(&program, &format!("{BOARD}{}", thread("t", "null")));
    has(
        &ends(&program, &["plan", "main.scope"], 0),
        &["~ thread t card \"c1\" -> null", "~ card board is let go", "1 to change"],
    );
    has(&ends(&program, &["run", "main.scope"], 0), &["1 changed, 1 guarded"]);
    let mut card = Value::Null;
    desks.nantes.change(|notes, _| card = notes["t"]["card"].clone());
    assert_eq!((card, remark(&desks).contains("scope-used")), (Value::Null, false));
    for command in ["plan", "run"] {
        has(&ends(&program, &[command, "main.scope"], 0), &["nothing to do"]);
    }

    // At once with what it hung on: it lets go first.
    write(&program, &format!("{BOARD}{}", thread("t", "board")));
    has(&ends(&program, &["run", "main.scope"], 0), &["1 changed"]);
    write(&program, &thread("t", "null"));
    has(&ends(&program, &["run", "main.scope"], 0), &["1 deleted", "1 changed"]);
    has(&ends(&program, &["run", "main.scope"], 0), &["nothing to do"]);
}

#[test]
fn another_program_that_relies_upon_it_is_seen() {
    let desks = Desks::start();
    let owner = place(&desks, "owner", BOARD);
    let user = place(&desks, "user", &format!("{EXISTING}{}{}", thread("t", "board"), thread("u", "board")));
    ends(&owner, &["run", "main.scope"], 0);
    has(&ends(&user, &["plan", "main.scope"], 0), &["2 to create", "1 guard to set"]);
    assert!(!remark(&desks).contains("scope-used"), "a plan changes nothing");
    has(
        &ends(&user, &["run", "main.scope"], 0),
        &["guarded", "for t at nantes, u at nantes", "2 created, 1 guarded"],
    );
    let guarded = remark(&desks);
    assert!(guarded.starts_with("mine [scope:") && guarded.contains(" [scope-used:"), "{guarded}");
    assert!(guarded.ends_with("/t@nantes,u@nantes]"), "{guarded}");
    // It disturbs nobody, and nobody disturbs it.
    has(&ends(&user, &["run", "main.scope"], 0), &["nothing to do"]);
    has(&ends(&owner, &["run", "main.scope"], 0), &["nothing to do: 1 of 1"]);
    has(&ends(&owner, &["drift", "main.scope"], 0), &["no drift"]);
    write(&desks, &owner, &BOARD.replace("mine", "ours"));
    has(&ends(&owner, &["run", "main.scope"], 0), &["1 changed"]);
    assert_eq!(remark(&desks), guarded.replace("mine", "ours"));
    // Neither leaving it out nor destroying deletes it.
    write(&desks, &owner, "");
    let plan = ends(&owner, &["plan", "main.scope"], 0);
    has(
        &plan,
        &[
            "- card board still relied upon by t at nantes, u at nantes (deployment",
            "refused; scope why board",
        ],
    );
    let refused = ends(&owner, &["run", "main.scope"], 1);
    has(
        &refused,
        &[
            "error[E0931]: card `board` at `paris` is still relied upon by `t` at nantes, `u` at nantes (deployment",
        ],
    );
    has(&ends(&owner, &["destroy", "main.scope", "--yes"], 1), &["E0931"]);
    assert_eq!(desks.paris.held()["cards"], json!(["board"]));
    // One user less: the guard names the other. The last one takes it along.
    write(&desks, &user, &format!("{EXISTING}{}", thread("u", "board")));
    has(&ends(&user, &["run", "main.scope"], 0), &["1 deleted, 1 guarded"]);
    assert!(remark(&desks).ends_with("/u@nantes]"), "{}", remark(&desks));
    write(&desks, &user, "");
    has(&ends(&user, &["plan", "main.scope"], 0), &["is let go", "1 to delete"]);
    has(&ends(&user, &["run", "main.scope"], 0), &["1 deleted, 1 guarded"]);
    assert!(!remark(&desks).contains("scope-used"), "{}", remark(&desks));
    ends(&owner, &["run", "main.scope"], 0);
    assert_eq!(desks.paris.held()["cards"], json!([]));
}

/// What stands on one of several cards at paris.
fn remark_of(desks: &Desks, title: &str) -> String {
    let mut remark = String::new();
    desks.paris.change(|_, cards| {
        let card = cards.values().find(|card| card["title"] == title).expect("the card");
        remark = card["remark"].as_str().unwrap_or_default().to_string();
    });
    remark
}

#[test]
fn one_whose_deletion_waits_is_guarded_for_until_it_is_done() {
    let desks = Desks::start();
    let owner = place(&desks, "waits-owner", BOARD);
    ends(&owner, &["run", "main.scope"], 0);
    let duo = |at: &str| {
        format!(
            "{EXISTING}resource duo: knot.thread {{ name: \"duo\", card: board }} scope {{ line: {at}, board: paris }}\n"
        )
    };
    let user = place(&desks, "waits-user", &duo("nantes & paris"));
    has(&ends(&user, &["run", "main.scope"], 0), &["2 created, 1 guarded"]);
    let both = remark(&desks);
    assert!(both.ends_with("/duo@nantes,duo@paris]"), "{both}");
    // The one at nantes is no longer wanted, and still there.
    write(&desks, &user, &duo("paris"));
    desks.nantes.set_down(true);
    has(&ends(&user, &["run", "main.scope"], 4), &["1 parked (waits for nantes), 1 waits"]);
    assert_eq!(remark(&desks), both);
    // Nor when the other one goes, too.
    write(&desks, &user, EXISTING);
    has(
        &ends(&user, &["run", "main.scope"], 4),
        &["1 deleted", "`board` at `paris` stays guarded for duo at nantes"],
    );
    assert!(remark(&desks).ends_with("/duo@nantes]"), "{}", remark(&desks));
    write(&desks, &owner, "");
    has(&ends(&owner, &["run", "main.scope"], 1), &["error[E0931]", "`duo` at nantes"]);
    // It is let go when it is gone.
    write(&desks, &user, &duo("paris"));
    has(&ends(&user, &["run", "main.scope"], 4), &["1 created"]);
    assert_eq!(remark(&desks), both);
    desks.nantes.set_down(false);
    has(
        &ends(&user, &["plan", "main.scope"], 0),
        &["~ card board is let go by what no longer relies upon it", "1 guard to take off"],
    );
    has(&ends(&user, &["run", "main.scope"], 0), &["for duo at paris", "1 deleted, 1 guarded"]);
    assert!(remark(&desks).ends_with("/duo@paris]"), "{}", remark(&desks));
    has(&ends(&user, &["run", "main.scope"], 0), &["nothing to do"]);
}

#[test]
fn one_whose_change_waits_is_guarded_for_until_it_is_done() {
    let desks = Desks::start();
    let other = "resource other: knot.card { title: \"other\" } scope { board: paris }\n";
    let near = "resource u: knot.thread { name: \"u\", card: board } scope { line: paris, board: paris }\n";
    let program = |card: &str| format!("{BOARD}{other}{}{near}", thread("t", card));
    let folder = place(&desks, "change-waits", &program("board"));
    ends(&folder, &["run", "main.scope"], 0);
    write(&desks, &folder, &program("other"));
    desks.nantes.set_down(true);
    let ran = ends(&folder, &["run", "main.scope"], 1);
    has(&ran, &["E0701", "1 failed", "skipped paris card board stays guarded for t at nantes"]);
    assert!(remark_of(&desks, "board").ends_with("/t@nantes,u@paris]"), "{}", remark_of(&desks, "board"));
    assert!(remark_of(&desks, "other").ends_with("/t@nantes]"), "{}", remark_of(&desks, "other"));
    desks.nantes.set_down(false);
    has(&ends(&folder, &["run", "main.scope"], 0), &["1 changed, 1 guarded"]);
    assert!(remark_of(&desks, "board").ends_with("/u@paris]"), "{}", remark_of(&desks, "board"));
    has(&ends(&folder, &["run", "main.scope"], 0), &["nothing to do"]);
}

#[test]
fn with_alternatives_the_one_that_was_taken_is_guarded() {
    let desks = Desks::start();
    let existing = "existing board: knot.card { title: \"board\" } scope { board: nantes | paris }\n";
    let thread = "resource t: knot.thread { name: \"t\", card: board } scope { line: paris }\n";
    let owner = place(&desks, "arms-owner", BOARD);
    let user = place(&desks, "arms-user", &format!("{existing}{thread}"));
    ends(&owner, &["run", "main.scope"], 0);
    // There is none at nantes: it is paris' that is used, and guarded.
    has(&ends(&user, &["run", "main.scope"], 0), &["for t at paris", "1 created, 1 guarded"]);
    assert!(remark(&desks).ends_with("/t@paris]"), "{}", remark(&desks));
    has(&ends(&user, &["run", "main.scope"], 0), &["nothing to do"]);
    write(&desks, &owner, "");
    has(
        &ends(&owner, &["plan", "main.scope"], 0),
        &["still relied upon by t at paris (deployment", "refused"],
    );
    has(&ends(&owner, &["run", "main.scope"], 1), &["error[E0931]: card `board` at `paris`"]);
    assert_eq!(desks.paris.held()["cards"], json!(["board"]));
    // The first alternative is there by now. Chosen again, it is guarded, and the other one is let go.
    let nearer = place(&desks, "arms-nearer", &BOARD.replace("board: paris", "board: nantes"));
    ends(&nearer, &["run", "main.scope"], 0);
    has(&ends(&user, &["run", "main.scope"], 0), &["nothing to do"]);
    has(&ends(&user, &["run", "main.scope", "--reconsider"], 0), &["guarded", "is let go"]);
    let nantes = remark_at(&desks.nantes);
    assert!(nantes.ends_with("/t@paris]"), "{nantes}");
    assert!(!remark(&desks).contains("scope-used"), "{}", remark(&desks));
    has(&ends(&owner, &["run", "main.scope"], 0), &["1 deleted"]);
    // It goes with its last user.
    has(&ends(&user, &["destroy", "main.scope", "--yes"], 0), &["1 deleted"]);
    let nantes = remark_at(&desks.nantes);
    assert!(!nantes.contains("scope-used"), "{nantes}");
    has(&ends(&nearer, &["destroy", "main.scope", "--yes"], 0), &["1 deleted"]);
}

#[test]
fn the_state_knows_its_own_users() {
    let desks = Desks::start();
    let other = "resource other: knot.card { title: \"other\" } scope { board: paris }\n";
    let folder = place(&desks, "own", &format!("{BOARD}{other}{}", thread("t", "\"board\"")));
    has(&ends(&folder, &["run", "main.scope"], 0), &["3 created, 1 guarded"]);
    // Its line is gone, and somebody still names it by its name at the site.
    write(&desks, &folder, &format!("{other}{}", thread("t", "\"board\"")));
    has(
        &ends(&folder, &["plan", "main.scope"], 0),
        &["- card board still relied upon by t at nantes: refused"],
    );
    has(&ends(&folder, &["run", "main.scope"], 1), &["error[E0930]", "`t` at nantes", "scope why t"]);
    assert_eq!(desks.paris.held()["cards"], json!(["board", "other"]));
    // Let go of in the same run, it may go.
    write(&desks, &folder, &format!("{other}{}", thread("t", "\"other\"")));
    has(&ends(&folder, &["plan", "main.scope"], 0), &["- card board no longer in the program"]);
    has(&ends(&folder, &["run", "main.scope"], 0), &["1 changed, 1 deleted"]);
    assert_eq!(desks.paris.held()["cards"], json!(["other"]));
    has(&ends(&folder, &["destroy", "main.scope", "--yes"], 0), &["2 deleted"]);
    assert_eq!(desks.paris.held()["cards"], json!([]));
}

#[test]
fn what_is_not_destroyed_is_told_at_its_line_in_the_program() {
    let desks = Desks::start();
    let folder = place(&desks, "line", BOARD);
    ends(&folder, &["run", "main.scope"], 0);
    let mut card = String::new();
    desks.paris.change(|_, cards| card.clone_from(cards.keys().next().expect("it was made")));
    let hanging = json!({ "name": "t", "text": "", "card": card });
    desks.nantes.change(|notes, _| drop(notes.insert("t".into(), hanging)));
    let adopted = thread("t", "board").trim_end().to_owned() + " with { adopt: true }\n";
    write(&desks, &folder, &format!("{BOARD}{adopted}"));
    has(&ends(&folder, &["run", "main.scope"], 0), &["1 adopted"]);
    let refused = ends(&folder, &["destroy", "main.scope", "--yes"], 1);
    has(&refused, &["error[E0930]", "resource board: knot.card"]);
    assert!(!refused.all().contains("site paris {"), "{}", refused.all());
}

#[test]
fn why_says_what_is_known() {
    let desks = Desks::start();
    let folder = place(&desks, "why", &format!("{BOARD}{}", thread("t", "board")));
    has(
        &ends(&folder, &["why", "t", "--program", "main.scope"], 0),
        &[
            "t knot.thread main.scope:",
            "{ line: nantes, board: paris }",
            "the scope says `line: nantes`; board at paris (named)",
        ],
    );
    ends(&folder, &["run", "main.scope"], 0);
    let why = ends(&folder, &["why", "board"], 0);
    has(
        &why,
        &[
            "nantes not here the scope puts it at paris",
            "recorded created, run 1",
            "relied upon by t at nantes",
            "needed by t at nantes (line",
            "last run run 1: done",
        ],
    );
    has(
        &ends(&folder, &["why", "t", "nantes"], 0),
        &["needs card board at paris, guarded there", "relies upon card board at paris"],
    );
    let twin = ends(&folder, &["--format", "json", "why", "board", "paris"], 0).stdout;
    let twin: Value = serde_json::from_str(&twin).expect("one JSON document");
    assert_eq!((&twin["format"], &twin["sites"][0]["is_recorded"]), (&json!("scope-why/1"), &json!(true)));
    has(&ends(&folder, &["why", "bord"], 3), &["E0932", "did you mean `board`?"]);
    has(&ends(&folder, &["why", "board", "pari"], 3), &["E0101", "did you mean `paris`?"]);
    let spare = thread("spare", "board").replace("resource spare:", "resource spare when false:");
    write(&desks, &folder, &format!("{BOARD}{}{spare}", thread("t", "board")));
    has(
        &ends(&folder, &["why", "spare"], 3),
        &["E0932", "`spare` is not there: its `when` is false", "help: its `when` is at main.scope:"],
    );
}

#[test]
fn a_lost_state_is_made_anew_from_the_marks() {
    let desks = Desks::start();
    let program = format!(
        "{BOARD}{}resource either: knot.card {{ title: \"either\" }} scope {{ board: nantes | paris }}\n",
        thread("t", "board")
    );
    let folder = place(&desks, "rebuild", &program);
    ends(&folder, &["run", "main.scope"], 0);
    let state = folder.join(".scope/main");
    let before: Value = read(&state);
    has(&ends(&folder, &["state", "rebuild", "main.scope"], 3), &["E0933", "there is a state already"]);
    // A site that is silent is unknown; a thread has no room for a mark.
    std::fs::remove_dir_all(folder.join(".scope")).expect("it is there");
    desks.nantes.set_down(true);
    let partly = ends(&folder, &["state", "rebuild", "main.scope"], 2);
    has(&partly, &["= paris card board bears the mark", "? nantes thread t", "1 found"]);
    has(&partly, &["next: scope state rebuild main.scope once more when what is unknown answers"]);
    desks.nantes.set_down(false);
    std::fs::remove_dir_all(folder.join(".scope")).expect("it is there");
    let rebuilt = ends(&folder, &["state", "rebuild", "main.scope"], 0);
    has(&rebuilt, &["= paris card board", "= nantes card either", "2 found", "next: scope plan main.scope"]);
    has(
        &rebuilt,
        &["x nantes thread t", "this program's: scope import main.scope t nantes t", "1 without the mark"],
    );
    has(
        &ends(&folder, &["import", "main.scope", "t", "nantes", "t"], 0),
        &["adopted: thread t at nantes is t"],
    );
    let after: Value = read(&state);
    assert_eq!(after["deployment"], before["deployment"]);
    for name in ["board", "either"] {
        let identity = |state: &Value| {
            let sites = state["resources"][name].as_object().expect("recorded").clone();
            sites.values().map(|at| at["identity"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(identity(&after), identity(&before), "{name}");
    }
    has(&ends(&folder, &["run", "main.scope"], 0), &["exit 0"]);
    assert_eq!(desks.paris.held()["cards"], json!(["board"]), "nothing was made twice");
    assert_eq!(desks.nantes.held()["cards"], json!(["either"]), "nothing was made twice");
    has(&ends(&folder, &["why", "board"], 0), &["created, outside of a run"]);
}

fn read(state: &Path) -> Value {
    let text = std::fs::read_to_string(state.join("state.json")).expect("a state");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn what_is_there_already_is_imported() {
    let desks = Desks::start();
    desks.paris.change(|_, cards| {
        let old = json!({ "id": "c70", "title": "old", "remark": "with \"quotes\" and ${dollars}" });
        let theirs =
            json!({ "id": "c71", "title": "theirs", "remark": "scope:0123456789abcdef/theirs@paris" });
        cards.insert("c70".into(), old);
        cards.insert("c71".into(), theirs);
    });
    let folder = place(&desks, "import", "");
    let printed = ends(&folder, &["import", "main.scope", "old:knot.card", "paris", "c70"], 0);
    has(
        &printed,
        &[
            "resource old: knot.card {",
            "remark: \"with \\\"quotes\\\" and \\${dollars}\"",
            "scope { paris }",
            "adopt: true",
        ],
    );
    ends(&folder, &["import", "main.scope", "old:knot.card", "paris", "c70", "--write"], 0);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("readable");
    assert!(program.contains("resource old: knot.card"), "{program}");
    has(&ends(&folder, &["plan", "main.scope"], 0), &["= card old", "0 to create, 0 to change"]);
    has(&ends(&folder, &["run", "main.scope"], 0), &["nothing to do: 1 of 1"]);
    has(&ends(&folder, &["why", "old", "paris"], 0), &["adopted, so never deleted"]);
    // What is not ours, not there, or named otherwise.
    let refused = ends(&folder, &["import", "main.scope", "theirs:knot.card", "paris", "c71"], 3);
    has(&refused, &["E0936", "another deployment (0123456789abcdef)"]);
    has(&ends(&folder, &["import", "main.scope", "nothing:knot.card", "paris", "c99"], 1), &["E0902"]);
    has(
        &ends(&folder, &["import", "main.scope", "new", "paris", "c70"], 3),
        &["E0936", "its type is not known", "write it: `new:TYPE`"],
    );
    has(
        &ends(&folder, &["import", "main.scope", "olt", "paris", "c70"], 3),
        &["the program declares no `olt`", "did you mean `old`? else write it: `olt:TYPE`"],
    );
    has(
        &ends(&folder, &["import", "main.scope", "old", "nantes", "c70"], 3),
        &["E0936", "does not put `old` at nantes"],
    );
    let as_another = ["import", "main.scope", "again:knot.card", "paris", "c70"];
    has(&ends(&folder, &as_another, 3), &["E0936", "`old` of this program already", "moved_from: \"old\""]);
    let as_no_name = ["import", "main.scope", "bad name:knot.card", "paris", "c70"];
    has(&ends(&folder, &as_no_name, 3), &["E0936", "no name that a program can declare"]);
    // What is made from a program is not written over it.
    let over = ["plan", "main.scope", "--offline", "--out", "main.scope"];
    has(&ends(&folder, &over, 3), &["E0981", "is not overwritten"]);
    // Never deleted, also when the program lets it go.
    write(&desks, &folder, "");
    ends(&folder, &["run", "main.scope", "--yes"], 0);
    assert_eq!(desks.paris.held()["cards"], json!(["old", "theirs"]));
}

#[test]
fn where_user_and_used_were_there_before_destroy_takes_the_guard_off() {
    let desks = Desks::start();
    desks.paris.change(|_, cards| {
        cards.insert("c7".into(), json!({ "id": "c7", "title": "board", "remark": "mine" }));
    });
    desks.nantes.change(|notes, _| {
        notes.insert("t".into(), json!({ "name": "t", "text": "", "card": "c7" }));
    });
    let adopted = "resource board: knot.card { title: \"board\" } scope { board: paris } with { adopt: true }\n\
        resource t: knot.thread { name: \"t\", card: board } scope { line: nantes, board: paris } with { adopt: true }\n";
    let program = place(&desks, "adopted", adopted);
    has(&ends(&program, &["run", "main.scope"], 0), &["2 adopted"]);
    assert!(remark(&desks).ends_with("/t@nantes]"), "{}", remark(&desks));
    let gone = ends(&program, &["destroy", "main.scope", "--yes"], 0);
    has(&gone, &["stays nantes t adopted", "let go"]);
    assert!(!gone.all().contains("as it was said"), "{}", gone.all());
    assert_eq!(remark(&desks), "mine");
    has(&ends(&program, &["destroy", "main.scope", "--yes"], 0), &["nothing to destroy"]);
}

#[test]
fn a_site_by_another_name_keeps_what_it_has_and_its_marks_and_guards_say_so() {
    let desks = Desks::start();
    let program = place(&desks, "renamed-site", &format!("{BOARD}{}", thread("t", "board")));
    ends(&program, &["run", "main.scope"], 0);
    let rename = |from: &str, to: &str| {
        let text = std::fs::read_to_string(program.join("main.scope")).expect("it is there");
        std::fs::write(program.join("main.scope"), text.replace(from, to)).expect("writable");
        has(
            &ends(&program, &["run", "main.scope"], 3),
            &[&format!("error[E0892]: `{to}` is at the address")],
        );
        has(&ends(&program, &["state", "rename-site", from, to], 0), &["1 resource"]);
    };
    rename("paris", "lutetia");
    has(
        &ends(&program, &["plan", "main.scope"], 0),
        &["\"board@paris\" -> \"board@lutetia\"", "0 to create"],
    );
    has(&ends(&program, &["run", "main.scope"], 0), &["1 changed"]);
    assert!(remark(&desks).contains("/board@lutetia]"), "{}", remark(&desks));
    rename("nantes", "naoned");
    ends(&program, &["run", "main.scope"], 0);
    assert!(remark(&desks).ends_with("/t@naoned]"), "{}", remark(&desks));
    has(&ends(&program, &["run", "main.scope"], 0), &["nothing to do"]);
    // By another name, and its address in other words.
    let text = std::fs::read_to_string(program.join("main.scope")).expect("it is there");
    let elsewhere = text.replace("naoned", "gwened").replace("http://127.0.0.1:", "HTTP://LocalHost.:");
    assert!(elsewhere.contains("HTTP://LocalHost.:"), "{elsewhere}");
    std::fs::write(program.join("main.scope"), elsewhere).expect("writable");
    has(
        &ends(&program, &["plan", "main.scope"], 3),
        &["error[E0892]: `gwened` is at the address that `naoned` had"],
    );
    std::fs::write(program.join("main.scope"), &text).expect("writable");
    // A name that the program does not have, and one of two that it has.
    let none = ends(&program, &["state", "rename-site", "naoned", "lutecia"], 3);
    has(&none, &["error[E0101]: no site of main.scope is called `lutecia`", "did you mean `lutetia`?"]);
    let empty = format!("{text}\nsite empty {{ knot: {{ url: \"http://empty.example\" }} }}\n");
    std::fs::write(program.join("main.scope"), empty).expect("writable");
    let both = ends(&program, &["state", "rename-site", "naoned", "empty"], 3);
    has(&both, &["error[E0892]: main.scope has both `naoned` and `empty`: they are two sites"]);
    std::fs::write(program.join("main.scope"), &text).expect("writable");
    // Two sites are not made one.
    has(
        &ends(&program, &["state", "rename-site", "lutetia", "naoned"], 3),
        &["recorded at `naoned` already"],
    );
    has(&ends(&program, &["destroy", "main.scope", "--yes"], 0), &["2 deleted"]);
    assert_eq!(desks.held()["paris"]["cards"], json!([]));
}

#[test]
fn a_plan_that_asks_nobody_tells_what_stays_and_which_guards_are_set() {
    let desks = Desks::start();
    let kept = "resource two: knot.card { title: \"two\" } scope { board: paris } with { on_delete: keep }\n";
    let there =
        "resource three: knot.card { title: \"three\" } scope { board: paris } with { adopt: true }\n";
    let first = format!("{BOARD}{}{kept}{there}", thread("t", "board"));
    desks.paris.change(|_, cards| {
        let card = json!({ "id": "c9", "title": "three", "remark": "" });
        drop(cards.insert("c9".to_owned(), card));
    });
    let folder = place(&desks, "offline", &first);
    let offline = ["plan", "main.scope", "--offline"];
    has(&ends(&folder, &offline, 0), &["4 to create, 0 to delete, 1 guard to set"]);
    ends(&folder, &["run", "main.scope"], 0);
    // Whether the guard stands there still is as little known as whether the rest does.
    has(
        &ends(&folder, &offline, 0),
        &["? card board guarded from deletion", "0 to create, 4 recorded, not asked, 0 to delete 5 steps"],
    );
    write(&desks, &folder, BOARD);
    let told = [
        "- card two no longer in the program; left at the site, and forgotten",
        "- card three no longer in the program; adopted before, so it stays at the site",
        "0 to create, 1 recorded, not asked, 1 to delete, 2 to leave, 1 guard to take off",
    ];
    has(&ends(&folder, &offline, 0), &told);
    let asked = "0 to create, 0 to change, 1 to delete, 2 to leave, 1 guard to take off, 0 unknown";
    has(&ends(&folder, &["plan", "main.scope"], 0), &[asked]);
}
