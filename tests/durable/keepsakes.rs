//! Secrets that a site makes, and tells once: kept where the program says, given on from there, written nowhere else; lost
//! answers are told, and none is made up.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::desk::{Desks, When, ends, scope};

/// A key is a card whose secret follows from its identity, a lock a note whose text is a secret.
const DRIVER: &str = r#"
driver locks {
    site { url: string }
    service locks {
        address: site.url
        answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }
        type key {
            id: string identity computed
            title: string
            remark: string = ""
            secret: string secret computed read("made-${body.id}")
            named by title
            mark in remark
            operation find GET "/cards" { query: { title: title }, 200 -> list(body) }
            operation read GET "/cards/${id}" { 200 -> found(body), 404 -> not_found }
            operation create POST "/cards" { body: { title: title, remark: remark }, repeat by mark, 201 -> done(body) }
            operation delete DELETE "/cards/${id}" { 204 | 404 -> gone }
        }
        type lock {
            name: string identity
            text: string secret write_only
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/notes/${name}" { body: { name: name, text: text }, repeat by name, 200 | 201 -> done }
            operation update PUT "/notes/${name}" { body: { name: name, text: text }, 200 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
        }
    }
}
"#;

fn program(desks: &Desks) -> String {
    format!(
        "{DRIVER}site nantes {{ locks: {{ url: \"{}\" }} }}\nentry nantes\n\
         resource key: locks.key {{ title: \"key\" }} with {{ keep_in: {{ secret: secret(file: \"kept/key\") }} }}\n\
         resource lock: locks.lock {{ name: \"lock\", text: \"with ${{key.secret}}\" }}\n",
        desks.nantes.url
    )
}

fn place(desks: &Desks, name: &str) -> std::path::PathBuf {
    let folder = desks.place(&format!("keepsakes-{name}"), "");
    std::fs::write(folder.join("main.scope"), program(desks)).expect("writable");
    folder
}

/// What is kept is what the site has of the key and of the lock.
fn agrees(desks: &Desks, folder: &Path) {
    let kept = std::fs::read_to_string(folder.join("kept/key")).expect("it is kept");
    let mut cards = Vec::new();
    desks.nantes.change(|_, held| cards.extend(held.keys().cloned()));
    assert_eq!(cards, [kept.strip_prefix("made-").expect("a secret of the site")]);
    assert_eq!(desks.nantes.held()["notes"]["lock"], format!("with {kept}"));
}

/// Whether a text is in a file below a folder, that of what is kept left out.
fn is_written(folder: &Path, text: &str) -> bool {
    let entries = std::fs::read_dir(folder).expect("there").map(|entry| entry.expect("readable").path());
    entries.filter(|path| !path.ends_with("kept")).any(|path| match path.is_dir() {
        true => is_written(&path, text),
        false => String::from_utf8_lossy(&std::fs::read(&path).expect("readable")).contains(text),
    })
}

#[test]
fn what_a_site_makes_is_kept_for_its_owner_and_given_on() {
    let desks = Desks::start();
    let folder = place(&desks, "once");
    let said = [
        scope(&folder, &["plan", "main.scope", "--out", "plan.json"]),
        scope(&folder, &["run", "main.scope", "--events", "json"]),
        scope(&folder, &["run", "main.scope"]),
        scope(&folder, &["plan", "main.scope"]),
        scope(&folder, &["logs", "lock"]),
    ];
    for ran in &said {
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert!(!ran.all().contains("made-c"), "{}", ran.all());
    }
    assert!(said[2].all().contains("nothing to do"), "{}", said[2].all());
    agrees(&desks, &folder);
    let mode = std::fs::metadata(folder.join("kept/key")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!is_written(&folder, "made-c"));

    std::fs::remove_file(folder.join("kept/key")).expect("there");
    for command in ["plan", "run"] {
        let ran = scope(&folder, &[command, "main.scope"]);
        assert!(ran.all().contains("E0898"), "{}", ran.all());
    }
    // What was given the one before is given the new one.
    ends(&folder, &["destroy", "main.scope", "--only", "key", "--yes"], 0);
    ends(&folder, &["run", "main.scope"], 0);
    agrees(&desks, &folder);
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.all().contains("nothing to do"), "{}", ran.all());

    // What is kept is not written over: not by the next one, and not by another program.
    let ran = ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    assert!(ran.all().contains("its secret stays in `kept/key`"), "{}", ran.all());
    let planned = scope(&folder, &["plan", "main.scope"]);
    assert!(planned.all().contains("E0899"), "{}", planned.all());
    let kept = std::fs::read_to_string(folder.join("kept/key")).expect("there");
    let ran = ends(&folder, &["run", "main.scope"], 1);
    assert!(ran.all().contains("E0899"), "{}", ran.all());
    assert_eq!(std::fs::read_to_string(folder.join("kept/key")).expect("there"), kept);
    assert_eq!(desks.nantes.held()["cards"], serde_json::json!([]));
}

#[test]
fn a_secret_that_was_made_and_not_heard_is_told() {
    let (mut n_told, mut n_whole) = (0, 0);
    for lost in 1..7 {
        let desks = Desks::start();
        let folder = place(&desks, &format!("lost-{lost}"));
        desks.around(move |when, number| when != When::After || number != lost);
        let ran = scope(&folder, &["run", "main.scope"]);
        desks.undisturbed();
        match ran.code {
            0 => n_whole += 1,
            _ => {
                assert!(ran.all().contains("E0898"), "{lost}: {}", ran.all());
                n_told += 1;
                ends(&folder, &["destroy", "main.scope", "--yes"], 0);
                ends(&folder, &["run", "main.scope"], 0);
            }
        }
        agrees(&desks, &folder);
    }
    assert!(n_told >= 1 && n_whole >= 2, "{n_told} told, {n_whole} whole");
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_made() {
    let desks = Desks::start();
    let folder = place(&desks, "blocked");
    std::fs::write(folder.join("kept"), "no folder").expect("writable");
    let ran = scope(&folder, &["run", "main.scope"]);
    assert!(
        ran.code != 0 && ran.all().contains("error[E0882]: file `kept/key` cannot be written"),
        "{}",
        ran.all()
    );
    assert!(ran.all().contains("── where `secret` of `key` is to be kept"), "{}", ran.all());
    assert!(!ran.all().contains("scope sites"), "{}", ran.all());
    assert_eq!(desks.nantes.n_changes(), 0);
}

#[test]
fn killed_before_it_was_kept_the_plan_says_so_and_what_it_says_works() {
    let mut n_told = 0;
    for number in 1.. {
        let desks = Desks::start();
        let folder = place(&desks, &format!("killed-{number}"));
        if !super::killing::killed(&desks, &folder, When::After, number) {
            break;
        }
        let mut is_made = false;
        desks.nantes.change(|_, cards| is_made = !cards.is_empty());
        let is_kept = std::fs::read(folder.join("kept/key")).is_ok_and(|kept| !kept.is_empty());
        let planned = scope(&folder, &["plan", "main.scope"]);
        assert_eq!(planned.all().contains("E0898"), is_made && !is_kept, "{number}: {}", planned.all());
        if is_made && !is_kept {
            n_told += 1;
            ends(&folder, &["destroy", "main.scope", "--only", "key", "--yes"], 0);
        }
        ends(&folder, &["run", "main.scope"], 0);
        agrees(&desks, &folder);
    }
    assert!(n_told >= 1, "{n_told} told");
}

#[test]
fn what_is_adopted_without_its_secret_is_refused_until_somebody_has_it() {
    let desks = Desks::start();
    let folder = place(&desks, "adopted");
    let adopting = program(&desks).replace("with { keep_in", "with { adopt: true, keep_in");
    std::fs::write(folder.join("main.scope"), adopting).expect("writable");
    let card = serde_json::json!({ "id": "c99", "title": "key", "remark": "" });
    desks.nantes.change(|_, cards| drop(cards.insert("c99".to_owned(), card)));
    for command in ["run", "plan", "run"] {
        let ran = scope(&folder, &[command, "main.scope"]);
        assert!(ran.all().contains("E0898"), "{}", ran.all());
        assert!(command == "plan" || ran.all().contains("take `adopt` out"), "{}", ran.all());
    }
    let status = scope(&folder, &["status"]);
    assert!(!status.all().contains("adopted"), "{}", status.all());
    std::fs::create_dir_all(folder.join("kept")).expect("writable");
    std::fs::write(folder.join("kept/key"), "made-c99").expect("writable");
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.all().contains("adopted"), "{}", ran.all());
    agrees(&desks, &folder);
}

#[test]
fn a_secret_that_cannot_be_changed_is_told_without_what_is_not_known_of_it() {
    let desks = Desks::start();
    let folder = place(&desks, "fixed");
    let driver = DRIVER.replace("text: string secret write_only", "text: string secret write_only immutable");
    let write = |file: &str| {
        let site = format!("site nantes {{ locks: {{ url: \"{}\" }} }}\nentry nantes\n", desks.nantes.url);
        let lock =
            format!("resource lock: locks.lock {{ name: \"lock\", text: secret(file: \"{file}\") }}\n");
        std::fs::write(folder.join("main.scope"), format!("{driver}{site}{lock}")).expect("writable");
        std::fs::write(folder.join(file), format!("word-{file}")).expect("writable");
    };
    write("one");
    ends(&folder, &["run", "main.scope"], 0);
    write("two");
    let ran = ends(&folder, &["run", "main.scope"], 1);
    let words = "error[E0905]: `text` of `lock` at `nantes` is said otherwise than it was set, and cannot be changed in place";
    assert!(ran.all().contains(words) && !ran.all().contains("null"), "{}", ran.all());
}
