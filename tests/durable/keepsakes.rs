//! Secrets that a site makes, and tells once: kept where the program says, given on from there, written nowhere else; lost
//! answers are told, and none is made up.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;

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

/// A key of its own for each of both sites, with a file that is the same: the one at nantes never becomes ready.
fn either(desks: &Desks, name: &str, wait: &str) -> std::path::PathBuf {
    let folder = desks.place(&format!("keepsakes-{name}"), "");
    let driver = DRIVER.replace(
        "named by title\n",
        "named by title\n            ready when title == \"key-paris\" every 20ms\n",
    );
    let driver = driver.replace("made-${body.id}", "made-${body.title}");
    let program = format!(
        "{driver}site nantes {{ locks: {{ url: \"{}\" }} }}\nsite paris {{ locks: {{ url: \"{}\" }} }}\nentry nantes\n\
         resource key: locks.key {{ title: \"key-${{here.name}}\" }} scope {{ nantes | paris }} with {{ ready_within: {wait}, \
         keep_in: {{ secret: secret(file: \"kept/key\") }} }}\n\
         resource lock: locks.lock {{ name: \"lock\", text: \"with ${{key.secret}}\" }} scope {{ paris }}\n",
        desks.nantes.url, desks.paris.url
    );
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    folder
}

/// What is kept is what paris has of its key and of the lock, and nothing is left at nantes.
fn agrees_at_paris(desks: &Desks, folder: &Path) {
    let kept = std::fs::read_to_string(folder.join("kept/key")).expect("it is kept");
    assert_eq!(kept, "made-key-paris");
    assert_eq!(desks.paris.held()["cards"], serde_json::json!(["key-paris"]));
    assert_eq!(desks.paris.held()["notes"]["lock"], format!("with {kept}"));
    assert_eq!(desks.nantes.held()["cards"], serde_json::json!([]));
}

#[test]
fn what_an_alternative_kept_goes_when_it_is_taken_back() {
    let desks = Desks::start();
    let folder = either(&desks, "taken-back", "200ms");
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(!ran.all().contains("E0899"), "{}", ran.all());
    agrees_at_paris(&desks, &folder);
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.all().contains("nothing to do"), "{}", ran.all());
}

#[test]
fn a_site_that_does_not_answer_the_undo_loses_no_secret_of_the_next_one() {
    let desks = Desks::start();
    let folder = either(&desks, "owed", "2s");
    let silence = desks.nantes.silence();
    // It is looked for, and then made.
    desks.around(move |when, number| {
        silence.fetch_or((when, number) == (When::After, 2), Ordering::SeqCst);
        true
    });
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.all().contains("is left at `nantes`"), "{}", ran.all());
    desks.undisturbed();
    desks.nantes.set_down(false);
    // What is left there goes, and what is kept is not its secret any more.
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(ran.all().contains("is deleted"), "{}", ran.all());
    agrees_at_paris(&desks, &folder);
}

#[test]
fn killed_while_an_alternative_is_taken_back_the_next_one_has_its_place() {
    for number in 1.. {
        let desks = Desks::start();
        let folder = either(&desks, &format!("undone-{number}"), "100ms");
        let is_killed = super::killing::killed(&desks, &folder, When::After, number);
        // The next one is made by then.
        if desks.paris.held()["cards"] != serde_json::json!([]) {
            assert!(is_killed && number > 6, "{number}");
            break;
        }
        let planned = scope(&folder, &["plan", "main.scope"]);
        let ran = scope(&folder, &["run", "main.scope"]);
        let both = planned.all() + &ran.all();
        assert!(!both.contains("E0899"), "{number}: {both}");
        if ran.all().contains("E0898") {
            ends(&folder, &["destroy", "main.scope", "--only", "key", "--yes"], 0);
            ends(&folder, &["run", "main.scope"], 0);
        }
        agrees_at_paris(&desks, &folder);
    }
}

#[test]
fn a_folder_where_a_secret_is_to_be_kept_is_told_at_the_one_whose_it_is() {
    let desks = Desks::start();
    let folder = place(&desks, "folder");
    let told = |command: &str, words: [&str; 2]| {
        let ran = scope(&folder, &[command, "main.scope"]);
        let is_told = words.iter().all(|words| command == "plan" || ran.all().contains(words));
        assert!(is_told && ran.all().contains(words[0]) && !ran.all().contains("E0899"), "{}", ran.all());
    };
    std::fs::create_dir_all(folder.join("kept/key")).expect("writable");
    let words =
        ["E0882: file `kept/key` cannot be written: it is a folder", "where `secret` of `key` is to be kept"];
    told("plan", words);
    told("run", words);
    std::fs::remove_dir_all(folder.join("kept")).expect("writable");
    std::fs::write(folder.join("kept"), "no folder").expect("writable");
    told("plan", ["E0882: file `kept/key` cannot be written: a file stands where its folder would be", ""]);
    assert_eq!(desks.nantes.n_changes(), 0);

    std::fs::remove_file(folder.join("kept")).expect("writable");
    ends(&folder, &["run", "main.scope"], 0);
    std::fs::remove_file(folder.join("kept/key")).expect("writable");
    std::fs::create_dir_all(folder.join("kept/key")).expect("writable");
    let words = ["E0898: `key` is at nantes", "help: move away what stands there; then write it there"];
    told("plan", words);
    told("run", words);
    std::fs::remove_dir(folder.join("kept/key")).expect("writable");
    ends(&folder, &["destroy", "main.scope", "--only", "key", "--yes"], 0);
    ends(&folder, &["run", "main.scope"], 0);
    agrees(&desks, &folder);
}
