//! A state that was lost: that it is, is said; what is asked and what is not known when it is made anew stays so until it is
//! answered or found.

use std::path::Path;

use serde_json::json;

use super::desk::{Desks, ends};
use crate::support::binary::Ran;

const FIRST: &str = "resource first: desk.card { title: \"first\" } scope { nantes }\n";
const RUNG: &str = "resource door: desk.bell { name: \"door\" } scope { nantes } with { adopt: true }\n\
    call once: desk.bell.ring { name: \"door\" } scope { nantes } with { after: door }\n";
const EITHER: &str = "resource fb: desk.card { title: \"fb\" } scope { paris | nantes }\n";
const REBUILD: [&str; 3] = ["state", "rebuild", "main.scope"];

fn has(ran: &Ran, words: &str) {
    let text = ran.all().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(words), "`{words}`: {}", ran.all());
}

fn loses_state(folder: &Path) {
    std::fs::remove_dir_all(folder.join(".scope")).expect("it is there");
}

fn rung(desks: &Desks) -> serde_json::Value {
    desks.nantes.held()["bells"]["door"].clone()
}

#[test]
fn what_is_asked_about_is_not_sent_before_it_is_answered() {
    // Also where nothing bears a mark.
    for program in [format!("{FIRST}{RUNG}"), RUNG.to_owned()] {
        let desks = Desks::start();
        let folder = desks.place("rebuild-asked", &program);
        ends(&folder, &["run", "main.scope"], 0);
        loses_state(&folder);
        has(
            &ends(&folder, &REBUILD, 2),
            "`--answer once@nantes=done`, or `=failed` to have the next run do it",
        );
        has(
            &ends(&folder, &["status", "--offline"], 0),
            "open: whether `ring` of once at nantes was done is not known",
        );
        let plan = ends(&folder, &["plan", "main.scope"], 0);
        has(&plan, "x bell once E0906");
        has(&plan, "state rebuilt or imported, no run yet");
        has(&ends(&folder, &["run", "main.scope"], 1), "--answer once@nantes=done");
        assert_eq!(rung(&desks), json!(1), "it was not rung again");
        ends(&folder, &["resume", "--answer", "once@nantes=done"], 0);
        has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
        // Answered at once, or when it is rebuilt once more.
        loses_state(&folder);
        ends(&folder, &REBUILD, 2);
        let no_such = ends(&folder, &[&REBUILD[..], &["--answer", "one=done"]].concat(), 3);
        has(&no_such, "no request of `one` has an unknown end: `once@nantes`");
        ends(&folder, &[&REBUILD[..], &["--answer", "once=done"]].concat(), 0);
        ends(&folder, &["run", "main.scope"], 0);
        assert_eq!(rung(&desks), json!(1), "it was done");
        loses_state(&folder);
        ends(&folder, &REBUILD, 2);
        ends(&folder, &[&REBUILD[..], &["--answer", "once=failed"]].concat(), 0);
        ends(&folder, &["run", "main.scope"], 0);
        assert_eq!(rung(&desks), json!(2), "it was not done, and is done now");
    }
}

#[test]
fn what_a_call_comes_after_need_not_be_found_for_it_to_be_asked_about() {
    // What it needs bears no mark, and is imported.
    let desks = Desks::start();
    let unmarked = "resource door: desk.bell { name: \"door\" } scope { nantes }\n\
        call once: desk.bell.ring { name: door.name } scope { nantes }\n";
    let folder = desks.place("rebuild-unmarked", unmarked);
    ends(&folder, &["run", "main.scope"], 0);
    for answer in ["later", "done"] {
        loses_state(&folder);
        let rebuilt = match answer {
            "later" => ends(&folder, &REBUILD, 2),
            _ => ends(&folder, &[&REBUILD[..], &["--answer", "once=done"]].concat(), 0),
        };
        assert_eq!(answer == "later", rebuilt.all().contains("`--answer once@nantes=done`"));
        ends(&folder, &["import", "main.scope", "door", "nantes", "door"], 0);
        if answer == "later" {
            has(&ends(&folder, &["run", "main.scope"], 1), "E0906");
            ends(&folder, &["resume", "--answer", "once@nantes=done"], 0);
        }
        has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
        assert_eq!(rung(&desks), json!(1), "it was not rung again");
    }
    // It was done with what it is given now, and with nothing else.
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    std::fs::write(folder.join("main.scope"), program.replace("door.name }", "\"${door.name}\" }"))
        .expect("writable");
    has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");

    // What it comes after is at a site that does not answer.
    let after = "resource other: desk.card { title: \"other\" } scope { paris }\n\
        resource door: desk.bell { name: \"door\" } scope { nantes } with { adopt: true }\n\
        call once: desk.bell.ring { name: door.name } scope { nantes } with { after: other }\n";
    let desks = Desks::start();
    let folder = desks.place("rebuild-after", &format!("{FIRST}{after}"));
    ends(&folder, &["run", "main.scope"], 0);
    loses_state(&folder);
    desks.paris.set_down(true);
    has(&ends(&folder, &REBUILD, 2), "1 unknown, 1 to be asked");
    desks.paris.set_down(false);
    let found = ends(&folder, &["run", "main.scope"], 1);
    has(&found, "E0906");
    // What is found again was not made by this run.
    has(&found, "failed: 3 unchanged, 1 failed");
    assert_eq!(rung(&desks), json!(1), "it was not rung again");
}

#[test]
fn what_could_not_be_asked_is_found_later_or_owed() {
    let desks = Desks::start();
    let folder = desks.place("rebuild-partly", &format!("{FIRST}{EITHER}"));
    ends(&folder, &["run", "main.scope"], 0);
    let cards = || (desks.nantes.held()["cards"].clone(), desks.paris.held()["cards"].clone());
    assert_eq!(cards(), (json!(["first"]), json!(["fb"])));
    loses_state(&folder);
    desks.paris.set_down(true);
    let partly = ends(&folder, &REBUILD, 2);
    has(&partly, "? paris card fb");
    has(&partly, "+ nantes card fb not there, where another alternative is recorded");
    // It is completed when the site answers.
    desks.paris.set_down(false);
    has(&ends(&folder, &REBUILD, 0), "= paris card fb bears the mark");
    has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
    has(&ends(&folder, &REBUILD, 3), "E0933");
    // A run before that takes the other alternative, and owes what it could not see.
    loses_state(&folder);
    desks.paris.set_down(true);
    ends(&folder, &REBUILD, 2);
    has(&ends(&folder, &["run", "main.scope"], 0), "card `fb` is perhaps left at `paris`");
    assert_eq!(cards(), (json!(["fb", "first"]), json!(["fb"])));
    desks.paris.set_down(false);
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(cards(), (json!(["fb", "first"]), json!([])));
    has(&ends(&folder, &["status", "--offline"], 0), "nothing is open");
}

#[test]
fn what_was_never_there_is_made_where_it_was_chosen() {
    let desks = Desks::start();
    let folder = desks.place("rebuild-absent", FIRST);
    ends(&folder, &["run", "main.scope"], 0);
    loses_state(&folder);
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    std::fs::write(folder.join("main.scope"), program + EITHER).expect("writable");
    desks.paris.set_down(true);
    ends(&folder, &REBUILD, 2);
    desks.paris.set_down(false);
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.paris.held()["cards"], json!(["fb"]));
    has(&ends(&folder, &["status", "--offline"], 0), "nothing is open");
}

#[test]
fn a_lost_file_is_no_new_state() {
    let desks = Desks::start();
    let folder = desks.place("rebuild-file", FIRST);
    ends(&folder, &["run", "main.scope"], 0);
    let n_requests = desks.nantes.n_requests();
    std::fs::remove_file(folder.join(".scope/main/state.json")).expect("it is there");
    for command in ["run", "plan", "destroy"] {
        let refused = ends(&folder, &[command, "main.scope"], 1);
        has(&refused, "error[E0920]: the state is lost: .scope/main/state.json is not there");
        has(&refused, "move it away and `scope state rebuild FILE`");
    }
    has(&ends(&folder, &["status"], 1), "E0920");
    assert_eq!(desks.nantes.n_requests(), n_requests, "nothing was asked");
    std::fs::rename(folder.join(".scope/main"), folder.join("away")).expect("it is there");
    ends(&folder, &REBUILD, 0);
    has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
    // Where the whole folder went unnoticed, what was made says it.
    loses_state(&folder);
    has(&ends(&folder, &["run", "main.scope"], 1), "if the state of that was lost");
    assert_eq!(desks.nantes.held()["cards"], json!(["first"]));
}

#[test]
fn what_bears_no_mark_is_imported_before_what_is_made_from_it_is_looked_for() {
    const PINS: &str = r#"
driver pins {
    site { url: string }
    service pins {
        address: site.url
        answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }
        type note {
            name: string identity immutable
            text: string
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/notes/${name}" { body: { name: name, text: text }, repeat by name, 200 | 201 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
            create by write
        }
        type card {
            id: string identity computed
            title: string
            on: note
            remark: string = ""
            named by title
            mark in remark
            operation find GET "/cards" { query: { title: title }, 200 -> list(body) }
            operation read GET "/cards/${id}" { 200 -> found(body), 404 -> not_found }
            operation create POST "/cards" { body: { title: title, on: on.name, remark: remark }, repeat by mark, 201 -> done(body) }
            operation update PUT "/cards/${id}" { body: { title: title, on: on.name, remark: remark }, 200 -> done }
            operation delete DELETE "/cards/${id}" { 204 | 404 -> gone }
        }
    }
}
"#;
    let desks = Desks::start();
    let folder = crate::support::binary::folder("rebuild-pins");
    let text = format!(
        "{PINS}site nantes {{ pins: {{ url: \"{}\" }} }}\nentry nantes\nparam who: string = \"bob\"\n\
         resource wall: pins.note {{ name: \"wall\", text: who }} scope {{ nantes }}\n\
         resource pin: pins.card {{ title: \"pin\", on: wall }} scope {{ nantes }}\n",
        desks.nantes.url
    );
    std::fs::write(folder.join("main.scope"), text).expect("writable");
    let set = ["--set", "who=ana"];
    ends(&folder, &[&["run", "main.scope"][..], &set].concat(), 0);
    loses_state(&folder);
    let rebuilt = ends(&folder, &[&REBUILD[..], &set].concat(), 2);
    has(&rebuilt, "scope import main.scope wall nantes wall --set who=ana");
    has(&rebuilt, "not asked: `wall` at nantes, which it is made from, is to be imported first");
    has(&rebuilt, "import what is this program's, and rebuild again");
    let imported = ends(&folder, &["import", "main.scope", "wall", "nantes", "wall", "--set", "who=ana"], 0);
    has(&imported, "next: scope plan main.scope --set who=ana");
    has(&ends(&folder, &[&REBUILD[..], &set].concat(), 0), "next: scope plan main.scope --set who=ana");
    has(&ends(&folder, &[&["run", "main.scope"][..], &set].concat(), 0), "nothing to do");
    // Adopted, it stays; imported as ours it goes with the program, also where that was said before anything else was found.
    loses_state(&folder);
    has(&rebuilt, "wall nantes wall --set who=ana --ours");
    let ours = ["import", "main.scope", "wall", "nantes", "wall", "--ours"];
    has(&ends(&folder, &[&ours[..], &set].concat(), 0), "ours: note wall at nantes is wall");
    has(&ends(&folder, &[&REBUILD[..], &set].concat(), 0), "this program's, as it was imported, id wall");
    has(&ends(&folder, &[&["run", "main.scope"][..], &set].concat(), 0), "nothing to do");
    let card = ["import", "main.scope", "other:pins.card", "nantes", "c9", "--ours"];
    desks.nantes.change(|_notes, cards| {
        drop(cards.insert("c9".into(), json!({ "id": "c9", "title": "other", "on": "wall", "remark": "" })));
    });
    let refused = ends(&folder, &[&card[..], &set].concat(), 3);
    has(&refused, "E0936");
    has(&refused, "c9 at nantes has room for an owner mark, and bears none");
    ends(&folder, &[&["destroy", "main.scope", "--yes"][..], &set].concat(), 0);
    assert_eq!(desks.nantes.held(), json!({ "notes": {}, "cards": ["other"], "bells": {} }));
}

/// A program that called its resources otherwise than it does now, and lost its state.
#[test]
fn what_is_called_otherwise_by_now_is_found_by_the_mark_of_its_former_name() {
    let card = |name: &str, with: &str| {
        format!("resource {name}: desk.card {{ title: \"first\" }} scope {{ nantes & paris }} {with}\n")
    };
    let desks = Desks::start();
    let folder = desks.place("rebuild-renamed", &card("old", ""));
    ends(&folder, &["run", "main.scope"], 0);
    let before = desks.held();
    let driver = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    let says = |program: &str| {
        std::fs::write(folder.join("main.scope"), driver.replace(&card("old", ""), program))
            .expect("writable");
    };

    // Said: it is recorded, and the next run writes its mark anew.
    loses_state(&folder);
    says(&card("new", "with { moved_from: \"old\" }"));
    let rebuilt = ends(&folder, &REBUILD, 0);
    has(&rebuilt, "= nantes card new bears the mark");
    has(&rebuilt, "rebuilt: 2 found, 0 not there");
    has(&ends(&folder, &["plan", "main.scope"], 0), "owner mark");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.held(), before, "none was made");
    desks.nantes.change(|_, cards| {
        let marks: Vec<_> = cards.values().map(|card| card["remark"].to_string()).collect();
        assert!(marks.len() == 1 && marks[0].contains("/new@nantes"), "{marks:?}");
    });
    has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");

    // The state was lost, and is not rebuilt but in the part: a run finds it as well.
    says(&card("newer", "with { moved_from: \"new\" }"));
    loses_state(&folder);
    desks.paris.set_down(true);
    ends(&folder, &REBUILD, 2);
    desks.paris.set_down(false);
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.held(), before, "none was made");

    // Not said: it is told, and nothing is made beside it.
    loses_state(&folder);
    let other = "resource other: desk.card { title: \"other\" } scope { paris }\n";
    says(&format!("{}{other}", card("newer", "")));
    ends(&folder, &REBUILD, 0);
    ends(&folder, &["run", "main.scope"], 0);
    loses_state(&folder);
    says(&format!("{}{other}", card("newest", "")));
    let told = ends(&folder, &REBUILD, 0);
    has(&told, "x nantes card newest there with the mark of `newer`");
    has(&told, "`with { moved_from: \"newer\" }`");
    let refused = ends(&folder, &["run", "main.scope"], 1);
    has(&refused, "E0907");
    has(&refused, "with the owner mark of `newer`, and nothing is called so any more");
    assert_eq!(desks.nantes.held(), before["nantes"], "none was made");
}

/// Which elements a family had, only the state told; their marks tell it at each site.
#[test]
fn what_was_an_element_of_a_family_is_found_by_its_mark_where_it_is_the_only_one() {
    let family = "resource each for s in [nantes, paris]: desk.card { title: \"first\" } scope { s }\n";
    let desks = Desks::start();
    let folder = desks.place("rebuild-family", family);
    ends(&folder, &["run", "main.scope"], 0);
    let before = desks.held();
    let driver = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    let says = |program: &str| {
        std::fs::write(folder.join("main.scope"), driver.replace(family, program)).expect("writable");
    };
    for (name, keys, was) in
        [("one", "", "each"), ("other", " for n in [\"k\"]", "one"), ("more", " for n in [\"l\"]", "other")]
    {
        says(&format!(
            "resource {name}{keys}: desk.card {{ title: \"first\" }} scope {{ nantes & paris }} with {{ moved_from: \"{was}\" }}\n"
        ));
        loses_state(&folder);
        has(&ends(&folder, &REBUILD, 0), "rebuilt: 2 found, 0 not there");
        ends(&folder, &["run", "main.scope"], 0);
        assert_eq!(desks.held(), before, "none was made");
        has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
    }

    // Of two at one site neither is it, and neither is deleted as a second one.
    says("resource two for n in [\"a\", \"b\"]: desk.card { title: \"first\" } scope { nantes }\n");
    ends(&folder, &["run", "main.scope"], 0);
    let before = desks.held();
    assert_eq!(before["nantes"]["cards"], json!(["first", "first"]));
    loses_state(&folder);
    says("resource only: desk.card { title: \"first\" } scope { nantes } with { moved_from: \"two\" }\n");
    has(&ends(&folder, &REBUILD, 0), "x nantes card only there with the mark of `two[");
    has(&ends(&folder, &["run", "main.scope"], 1), "with the owner mark of `two[");
    assert_eq!(desks.held(), before);
}

#[test]
fn a_copy_without_a_mark_is_claimed_and_goes_with_its_last_user() {
    let desks = Desks::start();
    let copied = "resource plan: desk.note { name: \"plan\", text: \"left, then right\" } scope { paris }\n";
    let user = "resource door: desk.bell { name: \"door\", about: plan } scope { nantes }\n";
    let folder = desks.place("rebuild-copy", &format!("{FIRST}{copied}{user}"));
    let run = || ends(&folder, &["run", "main.scope"], 0);
    run();
    loses_state(&folder);
    // What it is a copy of bears no mark either.
    ends(&folder, &REBUILD, 2);
    ends(&folder, &["import", "main.scope", "plan", "paris", "plan", "--ours"], 0);
    let import = ["import", "main.scope", "plan", "nantes", "plan"];
    let told = ends(&folder, &REBUILD, 0);
    has(&told, &format!("if it is this program's: scope {} --ours", import.join(" ")));
    has(&ends(&folder, &import, 3), "`plan` at nantes is a copy of the one at paris");
    has(
        &ends(&folder, &[&import[..], &["--ours"]].concat(), 0),
        "ours: note plan from paris at nantes is plan",
    );
    has(&ends(&folder, &REBUILD, 0), "= nantes note plan this program's, as it was imported, id plan");
    ends(&folder, &["import", "main.scope", "door", "nantes", "door", "--ours"], 0);
    has(&run(), "nothing to do");

    // As it is recorded, it goes when nothing needs it any more.
    let program = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    std::fs::write(folder.join("main.scope"), program.replace(user, "")).expect("writable");
    has(&run(), "2 deleted");
    assert_eq!(desks.nantes.held()["notes"], json!({}));
    assert_eq!(desks.paris.held()["notes"], json!({ "plan": "left, then right" }));
}

/// A host tells which net it is in, and a lamp the host that it was made from; none of them has room for a mark.
const TOWN: &str = r#"
driver town {
    site { url: string }
    service town {
        address: site.url
        type net {
            name: string identity
            text: string = ""
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/notes/${name}" { body: { name: name, text: text }, repeat by name, 200 | 201 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
        }
        type host {
            name: string identity
            net: net  relies read({ name: body.text })
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/notes/${name}" { body: { name: name, text: net.name }, repeat by name, 200 | 201 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
        }
        type lamp {
            name: string identity
            host: host  requires read({ name: body.text })
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/notes/${name}" { body: { name: name, text: host.name }, repeat by name, 200 | 201 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
        }
    }
}
"#;

#[test]
fn what_is_imported_as_ours_is_destroyed_users_first() {
    for order in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
        let desks = Desks::start();
        let folder = desks.place("import-order", "");
        let program = format!(
            "{TOWN}site nantes {{ town: {{ url: \"{}\" }}, concurrency: 1 }}\nentry nantes\n\
             resource a: town.net {{ name: \"a\" }}\nresource b: town.host {{ name: \"b\", net: a }}\n\
             resource c: town.lamp {{ name: \"c\", host: b }}\n",
            desks.nantes.url
        );
        std::fs::write(folder.join("main.scope"), program).expect("writable");
        ends(&folder, &["run", "main.scope"], 0);
        loses_state(&folder);
        for name in order {
            ends(&folder, &["import", "main.scope", name, "nantes", name, "--ours"], 0);
        }
        let destroyed = ends(&folder, &["destroy", "main.scope", "--yes"], 0).all();
        let at = |words: &str| destroyed.find(words).unwrap_or_else(|| panic!("`{words}`: {destroyed}"));
        let lines = ["done    nantes  lamp", "done    nantes  host", "done    nantes  net"].map(at);
        assert!(lines.is_sorted(), "{order:?}: {destroyed}");
        assert_eq!(desks.nantes.held()["notes"], json!({}));
    }
}

/// The marks have the site's former name; what they are on is at the address that the program has.
#[test]
fn what_bears_the_former_name_of_its_site_is_told_and_found_under_that() {
    let desks = Desks::start();
    let program = "resource first: desk.card { title: \"first\" } scope { nantes }\n\
        resource each for s in [nantes]: desk.card { title: \"each\" } scope { s }\n";
    let away = "resource away: desk.card { title: \"away\" } scope { paris }\n";
    let folder = desks.place("rebuild-renamed-site", program);
    ends(&folder, &["run", "main.scope"], 0);
    let before = desks.held();
    let written = std::fs::read_to_string(folder.join("main.scope")).expect("it was written");
    let says = |text: &str, site: &str| {
        std::fs::write(folder.join("main.scope"), text.replace("nantes", site)).expect("writable");
    };
    says(&written, "naoned");
    loses_state(&folder);
    let told = ends(&folder, &REBUILD, 2);
    has(&told, "x naoned card first there with a mark of the site `nantes`, which the program does not have");
    has(&told, "x naoned card each[\"naoned\"] there with a mark of the site `nantes`");
    has(&told, "nothing is rebuilt if `naoned` is what was `nantes`: call it `nantes` once more");
    let rename = "scope state rename-site nantes naoned --program main.scope";
    has(&told, rename);
    assert!(
        !told.all().contains("without a mark") && !told.all().contains("nothing to rebuild"),
        "{}",
        told.all()
    );

    // As it says.
    says(&written, "nantes");
    has(&ends(&folder, &REBUILD, 0), "rebuilt: 2 found, 0 not there");
    says(&written, "naoned");
    ends(&folder, &rename.split(' ').skip(1).collect::<Vec<_>>(), 0);
    has(&ends(&folder, &["run", "main.scope"], 0), "2 changed");
    has(&ends(&folder, &["run", "main.scope"], 0), "nothing to do");
    assert_eq!(desks.held(), before);

    // What is at other sites is found, and that once more completes it.
    let both = format!("{written}{away}");
    says(&both, "naoned");
    ends(&folder, &["run", "main.scope"], 0);
    loses_state(&folder);
    says(&both, "gwened");
    let told = ends(&folder, &REBUILD, 2);
    has(&told, "= paris card away bears the mark");
    has(&told, "rebuilt: 1 found, 0 not there, 2 without the mark");
    has(&told, "if `gwened` is what was `naoned`");
    says(&both, "naoned");
    has(&ends(&folder, &REBUILD, 0), "rebuilt: 3 found, 0 not there, 0 without the mark");
}
