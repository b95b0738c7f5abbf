//! Moves: from paris to nantes the new one is made first; what has something in it moves only where the program says so; a
//! new name is written in the owner mark.

use std::path::Path;

use serde_json::json;

use super::desk::{self, Desks, When, ends};

fn note(site: &str) -> String {
    format!(
        "resource welcome: desk.note {{ name: \"welcome\", text: \"hello\" }} scope {{ {site} }}\n\
         resource reply: desk.note {{ name: \"reply\", text: \"to ${{welcome.name}}\" }} scope {{ nantes }}\n"
    )
}

fn rewrite(desks: &Desks, folder: &Path, program: &str) {
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
fn a_new_name_is_written_in_the_owner_mark_and_touches_nothing_else() {
    let desks = Desks::start();
    let old = "resource first: desk.card { title: \"first\" } scope { nantes & paris }\n\
               resource said for s in [nantes, paris]: desk.note { name: \"n\", text: first.title } scope { s }\n";
    let new = "resource card: desk.card { title: \"first\" } scope { nantes & paris } with { moved_from: \"first\" }\n\
               resource note_nantes: desk.note { name: \"n\", text: \"first\" } scope { nantes } with { moved_from: \"said[\\\"nantes\\\"]\" }\n\
               resource note_paris: desk.note { name: \"n\", text: \"first\" } scope { paris } with { moved_from: \"said[\\\"paris\\\"]\" }\n";
    let old = old.replace("text: first.title", "text: \"first\"");
    let folder = desks.place("renamed", &old);
    ends(&folder, &["run", "main.scope"], 0);
    let before = desks.held();
    rewrite(&desks, &folder, new);
    let plan = ends(&folder, &["plan", "main.scope", "--check"], 2).stdout;
    assert!(plan.contains("owner mark \"first@nantes\" -> \"card@nantes\""), "{plan}");
    assert!(plan.contains("0 to create, 2 to change, 0 to delete"), "{plan}");
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.stdout.contains("2 changed"), "{}", ran.all());
    assert_eq!(desks.held(), before);
    desks.paris.change(|_, cards| {
        let remark = cards.values().next().expect("one card")["remark"].to_string();
        assert!(remark.contains("/card@paris") && !remark.contains("first"), "{remark}");
    });
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
    // The name holds from then on, without `moved_from`.
    rewrite(&desks, &folder, &new.replace("with { moved_from: \"first\" }", ""));
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    assert_eq!(desks.held()["nantes"]["cards"], json!([]));
}

/// A note is what it is called at its site: under two names of the program it is one.
#[test]
fn what_has_another_name_by_now_is_not_deleted_under_the_old_one() {
    let desks = Desks::start();
    let note = |name: &str, with: &str| {
        format!(
            "resource {name} for s in [nantes, paris]: desk.note {{ name: \"n\", text: \"hello\" }} scope {{ s }} {with}\n"
        )
    };
    let folder = desks.place("renamed-unsaid", &note("old", ""));
    ends(&folder, &["run", "main.scope"], 0);
    let (held, before) = (desks.held(), desks.paris.n_requests());
    rewrite(&desks, &folder, &note("new", ""));
    for command in ["plan", "run"] {
        let refused = ends(&folder, &[command, "main.scope"], 3).all();
        let words: String = refused.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("E0319") && words.contains("`new` is what was made as `old` at"), "{refused}");
        assert!(words.contains("with { moved_from: \"old\" }"), "{refused}");
    }
    assert_eq!(desks.paris.n_requests(), before, "nothing was sent");
    ends(&folder, &["check", "main.scope"], 0);
    rewrite(&desks, &folder, &note("new", "with { moved_from: \"old\" }"));
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.held(), held);
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
}

/// Nothing says that it is the old one by a new name: the new one is made beside it, and the old one goes.
#[test]
fn without_a_word_of_the_old_name_it_is_another_card_of_the_same_title() {
    let desks = Desks::start();
    let card = |name: &str| format!("resource {name}: desk.card {{ title: \"first\" }} scope {{ nantes }}\n");
    let folder = desks.place("named-anew", &card("first"));
    ends(&folder, &["run", "main.scope"], 0);
    rewrite(&desks, &folder, &card("card"));
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains("1 to create, 0 to change, 1 to delete"), "{plan}");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.nantes.held()["cards"], json!(["first"]));
    desks.nantes.change(|_, cards| {
        let remark = cards.values().next().expect("one card")["remark"].to_string();
        assert!(remark.contains("/card@nantes"), "{remark}");
    });
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
}

#[test]
fn two_of_one_title_are_two_wherever_the_run_that_makes_them_is_killed() {
    let both = "resource a: desk.card { title: \"same\" } scope { nantes }\n\
                resource b: desk.card { title: \"same\" } scope { nantes }\n";
    let mut n_killed = 0;
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = desks.place(&format!("two-{moment:?}-{number}"), both);
            if !super::killing::killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            ends(&folder, &["resume"], 0);
            assert_eq!(desks.nantes.held()["cards"], json!(["same", "same"]), "{moment:?} {number}");
            assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    println!("killed {n_killed} times; always one of each in the end");
    assert!(n_killed >= 6, "{n_killed}");
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

/// One program after the other, in one folder.
struct Programs {
    folder: std::path::PathBuf,
    base: String,
}

impl Programs {
    fn place(desks: &Desks, name: &str) -> Programs {
        let folder = desks.place(name, "");
        let base = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
        Programs { folder, base }
    }

    fn say(&self, program: &str) {
        std::fs::write(self.folder.join("main.scope"), format!("{}{program}", self.base)).expect("writable");
    }

    fn run(&self, program: &str, code: i32) -> String {
        self.say(program);
        ends(&self.folder, &["run", "main.scope"], code).all()
    }

    fn plan(&self, program: &str, code: i32) -> String {
        self.say(program);
        ends(&self.folder, &["plan", "main.scope"], code).all()
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn copies_are_told_apart_by_their_sites_where_they_are_a_family_now_and_back() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-family");
    let card = "desk.card { title: \"first\" }";
    let copies = |with: &str| format!("resource one: {card} scope {{ nantes & paris }} {with}\n");
    let family =
        |with: &str| format!("resource each for s in [nantes, paris]: {card} scope {{ s }} {with}\n");
    let ids = || {
        let mut ids = Vec::new();
        for desk in [&desks.nantes, &desks.paris] {
            desk.change(|_, cards| ids.extend(cards.keys().cloned().chain([String::from("|")])));
        }
        ids
    };
    programs.run(&copies(""), 0);
    let before = (desks.held(), ids());
    let plan = words(&programs.plan(&family("with { moved_from: \"one\" }"), 0));
    assert!(
        plan.contains("owner mark") && plan.contains("2 to change") && plan.contains("0 to delete"),
        "{plan}"
    );
    assert!(!plan.contains("E0893"), "{plan}");
    programs.run(&family("with { moved_from: \"one\" }"), 0);
    assert_eq!((desks.held(), ids()), before, "as a family");
    assert!(programs.run(&family("with { moved_from: \"one\" }"), 0).contains("nothing to do"));
    programs.run(&copies("with { moved_from: \"each\" }"), 0);
    assert_eq!((desks.held(), ids()), before, "as one thing again");
    assert!(programs.run(&copies(""), 0).contains("nothing to do"));

    // One of the family is elsewhere: what is at the site of the other is that, and what is at neither is no longer wanted.
    let two = "resource each for s in [nantes]: desk.card { title: \"first\" } scope { s } with { moved_from: \"one\" }\n\
        resource more for n in [\"x\"]: desk.card { title: n } scope { paris }\n";
    let plan = words(&programs.plan(two, 0));
    assert!(plan.contains("1 to create") && plan.contains("1 to delete"), "{plan}");
}

#[test]
fn what_may_be_either_of_two_is_not_deleted() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-either");
    programs.run("resource one: desk.card { title: \"first\" } scope { nantes }\n", 0);
    let (before, n_changes) = (desks.held(), desks.nantes.n_changes());
    let family = |with: &str| {
        format!(
            "resource each for n in [\"a\", \"b\"]: desk.card {{ title: \"card ${{n}}\" }} scope {{ nantes }} {with}\n"
        )
    };
    for command in ["plan", "run"] {
        programs.say(&family("with { moved_from: \"one\" }"));
        let refused = words(&ends(&programs.folder, &[command, "main.scope"], 3).all());
        assert!(
            refused
                .contains("error[E0894]: `one` at nantes may be any of `each[\"a\"]`, `each[\"b\"]` by now"),
            "{refused}"
        );
        assert!(
            refused.contains("`with (if name == \"a\" then { moved_from: \"one\" } else { })`"),
            "{refused}"
        );
        assert!(!refused.contains("E0893"), "{refused}");
    }
    assert_eq!((desks.held(), desks.nantes.n_changes()), (before, n_changes), "nothing was sent");
    programs.run(&family("with (if n == \"a\" then { moved_from: \"one\" } else { })"), 0);
    assert_eq!(desks.nantes.held()["cards"], json!(["card a", "card b"]));

    // Back: of two at one site each may be it.
    let one =
        |with: &str| format!("resource only: desk.card {{ title: \"last\" }} scope {{ nantes }} {with}\n");
    let refused = words(&programs.plan(&one("with { moved_from: \"each\" }"), 3));
    assert!(
        refused.contains("any of `each[\"a\"]`, `each[\"b\"]` at nantes may be `only` by now"),
        "{refused}"
    );
    programs.run(&one("with { moved_from: \"each[\\\"b\\\"]\" }"), 0);
    assert_eq!(desks.nantes.held()["cards"], json!(["last"]));

    // None of what may be it is where it is.
    let elsewhere = "resource far for n in [\"a\", \"b\"]: desk.card { title: n } scope { paris } with { moved_from: \"only\" }\n";
    let refused = words(&programs.plan(elsewhere, 3));
    assert!(
        refused.contains("which of `far[\"a\"]`, `far[\"b\"]` was `only` at nantes is not said"),
        "{refused}"
    );
}

/// A note is its name there, so that it is told, too, which of them it is: one report, which names that one.
#[test]
fn what_may_be_either_and_is_one_by_its_name_is_told_once() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-either-named");
    programs.run("resource one: desk.note { name: \"b\", text: \"x\" } scope { nantes }\n", 0);
    let family = |with: &str| {
        format!(
            "resource each for n in [\"a\", \"b\"]: desk.note {{ name: n, text: \"x\" }} scope {{ nantes }} {with}\n"
        )
    };
    for command in ["plan", "run"] {
        programs.say(&family("with { moved_from: \"one\" }"));
        let refused = words(&ends(&programs.folder, &[command, "main.scope"], 3).all());
        assert!(refused.contains("error[E0894]") && !refused.contains("E0319"), "{refused}");
        assert!(refused.contains("(if name == \"b\" then { moved_from: \"one\" } else { })"), "{refused}");
    }
    let made = words(&programs.run(&family("with (if n == \"b\" then { moved_from: \"one\" } else { })"), 0));
    assert!(made.contains("1 created") && !made.contains("deleted"), "{made}");
}

#[test]
fn a_family_by_other_keys_is_what_is_at_its_sites() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-keys");
    let by_site = "resource each for s in [nantes, paris]: desk.card { title: \"first\" } scope { s }\n";
    let lone = "resource lone for n in [\"a\"]: desk.card { title: \"lone\" } scope { nantes }\n";
    programs.run(&format!("{by_site}{lone}"), 0);
    let ids = || {
        let mut ids = Vec::new();
        for desk in [&desks.nantes, &desks.paris] {
            desk.change(|_, cards| ids.extend(cards.keys().cloned().chain([String::from("|")])));
        }
        ids
    };
    let before = (desks.held(), ids());
    let copies = "resource copies for n in [\"g\"]: desk.card { title: \"first\" } scope { nantes & paris } with { moved_from: \"each\" }\n";
    let single = "resource single for n in [\"b\"]: desk.card { title: \"lone\" } scope { nantes } with { moved_from: \"lone\" }\n";
    for is_first in [true, false] {
        let plan = words(&programs.plan(&format!("{copies}{single}"), 0));
        assert!(plan.contains("0 to create") && plan.contains("0 to delete"), "{plan}");
        assert!(!plan.contains("E0893") && plan.contains("owner mark") == is_first, "{plan}");
        programs.run(&format!("{copies}{single}"), 0);
        assert_eq!((desks.held(), ids()), before);
    }

    // Back to one for each site; and one of two elements says that it was the only one of a family.
    let each = by_site.replace('\n', " with { moved_from: \"copies\" }\n");
    let two = "resource two for n in [\"p\", \"q\"]: desk.card { title: if n == \"p\" then \"lone\" else n } scope { nantes } \
        with (if n == \"p\" then { moved_from: \"single\" } else { })\n";
    let made = words(&programs.run(&format!("{each}{two}"), 0));
    assert!(made.contains("1 created") && !made.contains("deleted"), "{made}");
    let (held, n_changes) = (desks.held(), desks.nantes.n_changes());

    // A key that is the same is the same element, and the others are not.
    let same = "resource three for n in [\"p\", \"r\"]: desk.card { title: if n == \"p\" then \"lone\" else n } scope { nantes } \
        with { moved_from: \"two\" }\n";
    let plan = words(&programs.plan(&format!("{each}{same}"), 0));
    assert!(plan.contains("1 to create") && plan.contains("+ card three[\"r\"]"), "{plan}");
    assert!(plan.contains("1 to delete") && plan.contains("- card two[\"q\"]"), "{plan}");

    // None is the same, and they are all at one site; or none is where they are.
    let family = |keys: &str, site: &str| {
        format!(
            "resource other for n in [{keys}]: desk.card {{ title: n }} scope {{ {site} }} with {{ moved_from: \"two\" }}\n"
        )
    };
    for (program, message, help) in [
        (
            family("\"x\", \"y\"", "nantes"),
            "error[E0894]: `two[\"p\"]` at nantes may be any of `other[\"x\"]`, `other[\"y\"]` by now",
            "`with (if name == \"x\" then { moved_from: \"two[\\\"p\\\"]\" } else { })`",
        ),
        (
            family("\"x\"", "nantes"),
            "any of `two[\"p\"]`, `two[\"q\"]` at nantes may be `other[\"x\"]` by now",
            "`with { moved_from: \"two[\\\"p\\\"]\" }`",
        ),
        (
            family("\"x\", \"y\"", "paris"),
            "which of `other[\"x\"]`, `other[\"y\"]` was `two[\"p\"]` at nantes is not said",
            "`with (if name == \"x\" then",
        ),
    ] {
        for command in ["plan", "run"] {
            programs.say(&format!("{each}{program}"));
            let refused = words(&ends(&programs.folder, &[command, "main.scope"], 3).all());
            assert!(refused.contains(message) && refused.contains(help), "{refused}");
            assert!(!refused.contains("E0893"), "{refused}");
        }
    }
    assert_eq!((desks.held(), desks.nantes.n_changes()), (held, n_changes), "nothing was sent");
}

#[test]
fn a_part_of_a_module_that_is_used_twice_says_what_it_was_called_there() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-part");
    let uses = "import \"./pair.scope\" as pair\n\
        resource left: pair { title: \"left\" } scope { nantes }\n\
        resource right for n in [\"r\"]: pair { title: n } scope { paris }\n";
    // The driver stands in a file of its own, so that both can import it.
    let (driver, sites) = programs.base.split_once("site nantes").expect("it has sites");
    std::fs::write(programs.folder.join("desk.scope"), driver).expect("writable");
    let sites = format!("import \"./desk.scope\"\nsite nantes{sites}");
    let programs = Programs { folder: programs.folder.clone(), base: sites };
    let module = |part: &str| {
        std::fs::write(
            programs.folder.join("pair.scope"),
            format!("import \"./desk.scope\"\nparam title: string\nresource {part}\n"),
        )
        .expect("writable");
    };
    module("card: desk.card { title: title }");
    programs.run(uses, 0);
    let (before, n_made) = (desks.held(), desks.nantes.n_changes() + desks.paris.n_changes());
    module("sheet: desk.card { title: title } with { moved_from: \"card\" }");
    programs.run(uses, 0);
    assert_eq!(desks.held(), before);
    assert_eq!(desks.nantes.n_changes() + desks.paris.n_changes(), n_made + 2, "only the marks");
    assert!(programs.run(uses, 0).contains("nothing to do"));

    // A path of the program, in a module: what was declared there is in the module now.
    programs.run(&format!("{uses}resource lone: desk.card {{ title: \"lone\" }} scope {{ nantes }}\n"), 0);
    let before = desks.held();
    std::fs::write(
        programs.folder.join("alone.scope"),
        "import \"./desk.scope\"\nresource card: desk.card { title: \"lone\" } with { moved_from: \"lone\" }\n",
    )
    .expect("writable");
    programs
        .run(&format!("import \"./alone.scope\" as alone\n{uses}resource it: alone scope {{ nantes }}\n"), 0);
    assert_eq!(desks.held(), before);
}

/// What a group chose goes along, whatever of it and in it gets another name; a word that has done its work may stay.
#[test]
fn a_group_and_its_parts_get_other_names_at_once_and_stay_where_they_are() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-group");
    let (driver, sites) = programs.base.split_once("site nantes").expect("it has sites");
    std::fs::write(programs.folder.join("desk.scope"), driver).expect("writable");
    let sites = format!("import \"./desk.scope\"\nimport \"./room.scope\" as room\nsite nantes{sites}");
    let programs = Programs { folder: programs.folder.clone(), base: sites };
    let room = |part: &str| {
        let text = format!("import \"./desk.scope\"\nparam title: string\nresource {part}\n");
        std::fs::write(programs.folder.join("room.scope"), text).expect("writable");
    };
    let group = |name: &str, with: &str| {
        format!("resource {name}: room {{ title: \"a\" }} scope {{ paris | nantes }} {with}\n")
    };
    room("card: desk.card { title: title }");
    desks.paris.set_down(true);
    programs.run(&group("west for n in [\"k\"]", ""), 0);
    desks.paris.set_down(false);
    let before = desks.held();
    assert_eq!(before["nantes"]["cards"], json!(["a"]));
    let stays = |program: &str| {
        let plan = words(&programs.plan(program, 0));
        assert!(plan.contains("0 to create, 1 to change, 0 to delete"), "{plan}");
        assert!(!plan.contains("E0893"), "{plan}");
        programs.run(program, 0);
        assert_eq!(desks.held(), before);
        assert!(programs.run(program, 0).contains("nothing to do"));
    };
    room("sheet: desk.card { title: title } with { moved_from: \"card\" }");
    stays(&group("east for n in [\"k\"]", "with { moved_from: \"west\" }"));
    // The part has its name by now, and still says what it was.
    stays(&group("north for n in [\"k\"]", "with { moved_from: \"east\" }"));
    stays(&group("south", "with { moved_from: \"north[\\\"k\\\"]\" }"));
}

/// By the same name it was a family, and is at several sites now, or the other way round.
#[test]
fn a_family_is_none_any_more_by_the_same_name_and_back() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-same");
    let both = |head: &str, scope: &str, with: &str| {
        format!(
            "resource c{head}: desk.card {{ title: \"t\" }} scope {{ {scope} }} with {{ moved_from: \"c\" }}\n\
             resource n{head}: desk.note {{ name: \"n\", text: \"x\" }} scope {{ {scope} }} {with}\n"
        )
    };
    let family = |with: &str| both(" for s in [nantes, paris]", "s", with);
    let copies = |with: &str| both("", "nantes & paris", with);
    programs.run(&family(""), 0);
    let (before, n_changes) = (desks.held(), desks.nantes.n_changes());
    let with = "with { moved_from: \"n\" }";
    for (unsaid, said) in [(copies(""), copies(with)), (family(""), family(with))] {
        let refused = words(&programs.run(&unsaid, 3));
        assert!(refused.contains("E0319") && refused.contains(&format!("write `{with}`;")), "{refused}");
        let ran = words(&programs.run(&said, 0));
        assert!(ran.contains("2 changed, 2 unchanged"), "{ran}");
        assert_eq!(desks.held(), before);
        assert!(programs.run(&said, 0).contains("nothing to do"));
    }
    assert_eq!(desks.nantes.n_changes(), n_changes + 2, "only the marks");
    // One thing at one site cannot have been a family there.
    let lone = "resource c: desk.card { title: \"t\" } scope { nantes } with { moved_from: \"c\" }\n";
    assert!(words(&programs.plan(lone, 3)).contains("`c` is what it is called now"));
}

#[test]
fn what_stays_where_the_rest_got_another_name_loses_the_mark_of_the_former_one() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-kept");
    programs
        .run("resource a: desk.card { title: \"t\" } scope { nantes & paris } with { on_delete: keep }\n", 0);
    programs.run(
        "resource b: desk.card { title: \"t\" } scope { paris } with { moved_from: \"a\", on_delete: keep }\n",
        0,
    );
    let remark = |desk: &desk::Desk| {
        let mut remark = String::new();
        desk.change(|_, cards| remark = cards.values().next().expect("one card")["remark"].to_string());
        remark
    };
    assert_eq!(remark(&desks.nantes), "\"\"");
    assert!(remark(&desks.paris).contains("/b@paris"), "{}", remark(&desks.paris));
}

#[test]
fn keys_that_are_a_sites_name_go_along_when_it_gets_another_one() {
    let desks = Desks::start();
    let programs = Programs::place(&desks, "moved-site");
    let (driver, _) = programs.base.split_once("site nantes").expect("it has sites");
    let program = |site: &str| {
        format!(
            "site {site} {{ desk: {{ url: \"{}\" }} }}\nsite paris {{ desk: {{ url: \"{}\" }} }}\nentry paris\n\
             resource each for s in [{site}, paris]: desk.card {{ title: \"each\" }} scope {{ s }}\n\
             resource far for s in [{site}]: desk.card {{ title: \"far ${{s.name}}\" }} scope {{ paris }}\n\
             resource door: desk.bell {{ name: \"door\" }} scope {{ paris }}\n\
             resource word for n in [\"nantes\"]: desk.card {{ title: \"a word\" }} scope {{ paris }}\n\
             call rung for s in [{site}]: desk.bell.ring {{ name: door.name }} scope {{ paris }}\n",
            desks.nantes.url, desks.paris.url
        )
    };
    let programs = Programs { base: driver.to_owned(), ..programs };
    programs.run(&program("nantes"), 0);
    let mut cards = Vec::new();
    let mut ids = || {
        cards.clear();
        for desk in [&desks.nantes, &desks.paris] {
            desk.change(|_, on_it| cards.extend(on_it.keys().cloned()));
        }
        cards.clone()
    };
    let before = ids();
    assert_eq!(desks.paris.held()["bells"], json!({ "door": 1 }));
    programs.say(&program("brest"));
    ends(&programs.folder, &["state", "rename-site", "nantes", "brest", "--program", "main.scope"], 0);
    let plan = words(&ends(&programs.folder, &["plan", "main.scope"], 0).all());
    assert!(plan.contains("0 to create") && plan.contains("0 to delete"), "{plan}");
    programs.run(&program("brest"), 0);
    assert_eq!(ids(), before, "they are the same ones");
    assert_eq!(desks.paris.held()["bells"], json!({ "door": 1 }), "it was not rung again");
    let again = programs.run(&program("brest"), 0);
    assert!(again.contains("nothing to do"), "{again}");
    let plan = words(&ends(&programs.folder, &["plan", "main.scope"], 0).all());
    assert!(plan.contains("= card far[\"brest\"]") && plan.contains("= card word[\"nantes\"]"), "{plan}");
}

#[test]
fn what_is_not_at_the_new_address_of_its_site_is_not_made_anew() {
    let (desks, others, third) = (Desks::start(), Desks::start(), Desks::start());
    let programs = Programs::place(&desks, "moved-address");
    let gone = "resource gone: desk.card { title: \"gone\" } scope { paris }\n";
    let program = &format!("resource kept: desk.card {{ title: \"kept\" }} scope {{ paris }}\n{gone}");
    // The one that stays is the second one here, so that the first one that is made elsewhere is not called so.
    programs.run(gone, 0);
    programs.run(program, 0);
    let at = |desks: &Desks| {
        programs.base.replace(
            &programs.base[programs.base.find("site paris").expect("it is")..],
            &format!("site paris {{ desk: {{ url: \"{}\" }} }}\nentry nantes\n", desks.paris.url),
        )
    };
    let moved = Programs { folder: programs.folder.clone(), base: at(&others) };

    // An empty one: nothing is made, nothing is forgotten, however often.
    for _ in 0..2 {
        let plan = words(&moved.plan(program, 0));
        assert!(plan.contains("x card kept E0895") && !plan.contains("deleted outside"), "{plan}");
        let drift = words(&ends(&moved.folder, &["drift", "main.scope"], 2).all());
        assert!(!drift.contains("deleted outside") && drift.contains("another address"), "{drift}");
        let refused = words(&moved.run(program, 1));
        assert!(
            refused.contains(
                "`kept` is not at `paris`, which is at another address than when it was seen there"
            ),
            "{refused}"
        );
        assert!(refused.contains("`scope state forget kept paris`"), "{refused}");
        let former = format!("put the address back that `paris` had (url: \"{}\"):", desks.paris.url);
        assert!(refused.contains(&former), "{refused}");
        let deleted = words(&moved.run("", 1));
        assert!(deleted.contains("E0895"), "{deleted}");
    }
    assert_eq!((others.paris.held()["cards"].clone(), others.paris.n_changes()), (json!([]), 0));
    assert_eq!(desks.paris.held()["cards"], json!(["gone", "kept"]));

    // The same one, moved but for one thing: what is there is what it was, and the other is let go, and made.
    let mut taken = std::collections::BTreeMap::new();
    desks.paris.change(|_, cards| {
        taken.extend(
            cards
                .iter()
                .filter(|(_, card)| card["title"] == "kept")
                .map(|(id, card)| (id.clone(), card.clone())),
        )
    });
    others.paris.change(|_, cards| cards.extend(taken));
    let refused = words(&moved.run(program, 1));
    assert!(refused.contains("`gone` is not at `paris`") && !refused.contains("`kept` is not"), "{refused}");
    ends(&moved.folder, &["state", "forget", "gone", "paris", "--program", "main.scope"], 0);
    let made = words(&moved.run(program, 0));
    assert!(made.contains("1 created"), "{made}");
    // Where all of it was seen, that is its address: what is not there by now was deleted.
    others.paris.change(|_, cards| cards.retain(|_, card| card["title"] == "kept"));
    let plan = words(&moved.plan(program, 0));
    assert!(plan.contains("deleted outside"), "{plan}");
    let made = words(&moved.run(program, 0));
    assert!(made.contains("1 created"), "{made}");

    // Another one altogether, after a fire.
    let anew = Programs { folder: programs.folder.clone(), base: at(&third) };
    assert!(words(&anew.run(program, 1)).contains("`scope state forget --all-at paris`"));
    let mistaken = ends(&anew.folder, &["state", "forget", "--all-at", "pari", "--program", "main.scope"], 3);
    assert!(mistaken.all().contains("did you mean `paris`?"), "{}", mistaken.all());
    let forgotten =
        ends(&anew.folder, &["state", "forget", "--all-at", "paris", "--program", "main.scope"], 0);
    assert_eq!(forgotten.all().matches("forgotten: ").count(), 2, "{}", forgotten.all());
    assert!(words(&anew.run(program, 0)).contains("2 created"));
}
