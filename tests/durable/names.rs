//! Another name: it is written in the owner mark, and nothing else is touched; what may be any of several is not deleted.

use serde_json::json;

use super::desk::{self, Desks, When, ends};
use super::moves::rewrite;

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

/// One program after the other, in one folder.
pub(super) struct Programs {
    pub(super) folder: std::path::PathBuf,
    pub(super) base: String,
}

impl Programs {
    pub(super) fn place(desks: &Desks, name: &str) -> Programs {
        let folder = desks.place(name, "");
        let base = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
        Programs { folder, base }
    }

    pub(super) fn say(&self, program: &str) {
        std::fs::write(self.folder.join("main.scope"), format!("{}{program}", self.base)).expect("writable");
    }

    pub(super) fn run(&self, program: &str, code: i32) -> String {
        self.say(program);
        ends(&self.folder, &["run", "main.scope"], code).all()
    }

    pub(super) fn plan(&self, program: &str, code: i32) -> String {
        self.say(program);
        ends(&self.folder, &["plan", "main.scope"], code).all()
    }
}

pub(super) fn words(text: &str) -> String {
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
