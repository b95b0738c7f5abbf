//! Waves over real sites: what is recorded is changed, moved and deleted one wave after the other, the runner killed while it
//! soaks, the first site failing.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::desk::{self, Desks, When, ends};

/// A note at both sites, changed at paris first.
fn program(text: &str, soak: &str) -> String {
    format!(
        "resource welcome: desk.note {{ name: \"welcome\", text: \"{text}\" }} scope {{ nantes & paris }}\n    \
         with {{ rollout: {{ first: paris, soak: {soak} }}, on_disconnect: fail, timeout: 5s }}\n"
    )
}

/// Another program in the same folder.
fn rewrite(desks: &Desks, folder: &Path, program: &str) {
    let other =
        desks.place(&format!("{}-next", folder.file_name().expect("a name").to_string_lossy()), program);
    std::fs::copy(other.join("main.scope"), folder.join("main.scope")).expect("writable");
}

fn texts(desks: &Desks) -> [String; 2] {
    let text = |desk: &desk::Desk| desk.held()["notes"]["welcome"].as_str().unwrap_or("-").to_owned();
    [text(&desks.nantes), text(&desks.paris)]
}

#[test]
fn what_is_new_is_made_at_once_and_what_changes_goes_in_waves() {
    let desks = Desks::start();
    let folder = desks.place("waves", &program("one", "1s"));
    let begun = Instant::now();
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(texts(&desks), ["one", "one"]);
    let at_once = begun.elapsed();
    rewrite(&desks, &folder, &program("two", "1s"));
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(
        plan.contains("welcome: paris; then nantes   1 s between, none after a site that fails"),
        "{plan}"
    );
    let begun = Instant::now();
    let ran = ends(&folder, &["run", "main.scope"], 0);
    assert!(begun.elapsed() >= Duration::from_secs(1), "it soaked, {at_once:?} without");
    assert!(ran.all().contains("2 changed"), "{}", ran.all());
    assert_eq!(texts(&desks), ["two", "two"]);
    // Nothing to change, nothing to watch.
    rewrite(&desks, &folder, &program("two", "1h"));
    let again = ends(&folder, &["run", "main.scope"], 0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.all());
}

#[test]
fn the_first_site_that_fails_holds_the_rest_back() {
    let desks = Desks::start();
    let folder = desks.place("waves-held", &program("one", "0s"));
    ends(&folder, &["run", "main.scope"], 0);
    rewrite(&desks, &folder, &program("two", "0s"));
    desks.paris.set_down(true);
    let failed = ends(&folder, &["run", "main.scope"], 1);
    let all = failed.all();
    assert!(all.contains("E0924") && all.contains("held"), "{all}");
    assert!(all.contains("2 errors"), "{all}");
    assert!(all.contains("1 failed, 1 rollout stopped, 1 held back"), "{all}");
    assert_eq!(texts(&desks), ["one", "one"], "nothing was changed");
    desks.paris.set_down(false);
    ends(&folder, &["resume"], 0);
    assert_eq!(texts(&desks), ["two", "two"]);
}

#[test]
fn a_plan_tells_what_is_held_back() {
    let desks = Desks::start();
    // It may wait for its site.
    let program = |text: &str| program(text, "0s").replace("on_disconnect: fail, ", "");
    let folder = desks.place("waves-told", &program("one"));
    ends(&folder, &["run", "main.scope"], 0);
    rewrite(&desks, &folder, &program("two"));
    desks.paris.set_down(true);
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    let words: String = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        r#". note welcome waits for the wave at paris: text "one" -> "two""#,
        "0 to create, 0 to change, 0 to delete, 1 unknown, 1 held back",
    ] {
        assert!(words.contains(told), "`{told}` is not in\n{plan}");
    }
    ends(&folder, &["plan", "main.scope", "--check"], 2);
    let ran = ends(&folder, &["run", "main.scope"], 4);
    assert!(ran.all().contains("nothing changed, 1 held back, 1 parked (waits for paris)"), "{}", ran.all());
    for command in ["status", "history"] {
        let told = ends(&folder, &[command], 0);
        assert!(told.stdout.contains("1 parked, 1 held back"), "{}", told.all());
    }
    // With its wave it is begun.
    desks.paris.set_down(false);
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains("2 to change") && !plan.contains("held back"), "{plan}");
    ends(&folder, &["resume"], 0);
    assert_eq!(texts(&desks), ["two", "two"]);
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    let history = ends(&folder, &["history"], 0);
    assert!(history.stdout.contains("destroy: 2 deleted"), "{}", history.all());
}

/// The sites themselves tell how long it was between the waves. Where this machine stood still until a soak was over, nothing is
/// known of a run that is killed within one, and a longer one is tried.
#[test]
fn a_run_killed_while_it_soaks_waits_for_what_is_left() {
    for soak_s in [5, 15, 45, 135] {
        let desks = Desks::start();
        let folder = desks.place(&format!("waves-killed-{soak_s}"), &program("one", "0s"));
        ends(&folder, &["run", "main.scope"], 0);
        rewrite(&desks, &folder, &program("two", &format!("{soak_s}s")));
        let mut run = desk::start(&folder, &["run", "main.scope"]);
        while texts(&desks)[1] != "two" {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(1500));
        run.kill().expect("it can be killed");
        run.wait().expect("it is ours");
        desks.all_has_arrived();
        let is_killed_within = texts(&desks) == ["one", "two"];
        let resumed = is_killed_within.then(|| ends(&folder, &["resume"], 0));
        assert_eq!(texts(&desks), ["two", "two"]);
        let between = desks.nantes.changed_at().duration_since(desks.paris.changed_at());
        // Wall clocks tell whole milliseconds, and are set.
        assert!(between >= Duration::from_millis(soak_s * 1000 - 50), "only {between:?} of {soak_s} s");
        let Some(resumed) = resumed else { continue };
        assert!(resumed.all().contains("1 changed"), "{}", resumed.all());
        println!("the second wave came {between:?} after the first, killed in between");
        return;
    }
    panic!("this machine stands still for minutes");
}

#[test]
fn a_run_killed_around_any_request_of_a_rollout_ends_the_same() {
    let mut n_killed = 0;
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = desks.place(&format!("waves-{moment:?}-{number}"), &program("one", "0s"));
            ends(&folder, &["run", "main.scope"], 0);
            rewrite(&desks, &folder, &program("two", "300ms"));
            if !super::killing::killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            let texts_then = texts(&desks);
            assert!(texts_then != ["two", "one"], "{moment:?} {number}: {texts_then:?}");
            let resumed = desk::scope(&folder, &["resume"]);
            assert_eq!(resumed.code, 0, "{moment:?} {number}: {}", resumed.all());
            assert_eq!(texts(&desks), ["two", "two"], "{moment:?} {number}");
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    println!("killed {n_killed} times; the same end state each time");
    assert!(n_killed >= 8, "{n_killed}");
}

#[test]
fn what_is_removed_and_destroyed_goes_in_the_recorded_waves() {
    for destroys in [false, true] {
        let desks = Desks::start();
        let folder = desks.place(&format!("waves-gone-{destroys}"), &program("one", "1s"));
        ends(&folder, &["run", "main.scope"], 0);
        let begun = Instant::now();
        if destroys {
            ends(&folder, &["destroy", "main.scope", "--yes"], 0);
        } else {
            rewrite(&desks, &folder, "");
            let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
            assert!(plan.contains("welcome: paris; then nantes"), "{plan}");
            ends(&folder, &["run", "main.scope", "--yes"], 0);
        }
        assert!(begun.elapsed() >= Duration::from_secs(1), "it soaked");
        assert_eq!(texts(&desks), ["-", "-"]);
    }
}

#[test]
fn a_failed_deletion_holds_the_other_sites_back() {
    let desks = Desks::start();
    let folder = desks.place("waves-stay", &program("one", "0s"));
    ends(&folder, &["run", "main.scope"], 0);
    desks.paris.set_down(true);
    let failed = ends(&folder, &["destroy", "main.scope", "--yes"], 1);
    assert!(failed.all().contains("E0924"), "{}", failed.all());
    assert_eq!(texts(&desks), ["one", "one"]);
    desks.paris.set_down(false);
    ends(&folder, &["destroy", "main.scope", "--yes"], 0);
    assert_eq!(desks.held()["nantes"]["notes"], json!({}));
}
