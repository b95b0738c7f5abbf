//! A state that several machines share: each machine is a folder of its own with the same program.
//!
//! Killed around every request and gone on with from *another* machine; two at once; a place that loses answers, is down, or
//! cannot keep two writers apart. Frozen and taken over: `freezing`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::depot::{Depot, Vice};
use super::desk::{Desks, PROGRAM, When};
use crate::support::binary::{self, Ran};

/// A short lease, so that a dead machine is not waited for long.
const LEASE: (&str, &str) = ("SCOPE_STATE_LEASE", "1");

/// A machine: its folder, and where the state is.
pub struct Machine {
    pub folder: PathBuf,
    pub state: String,
}

impl Machine {
    pub fn new(desks: &Desks, name: &str, state: &str) -> Machine {
        Machine { folder: desks.place(name, PROGRAM), state: state.to_string() }
    }

    pub fn scope(&self, args: &[&str]) -> Ran {
        self.scope_with(args, &[])
    }

    fn scope_with(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let args: Vec<&str> = args.iter().copied().chain(["--state", &self.state]).collect();
        let env: Vec<(&str, &str)> = [LEASE].into_iter().chain(env.iter().copied()).collect();
        binary::scope(&self.folder, &args, &env)
    }

    pub fn ends(&self, args: &[&str], code: i32) -> Ran {
        let ran = self.scope(args);
        assert_eq!(ran.code, code, "scope {args:?}: {}", ran.all());
        ran
    }

    pub fn start(&self, args: &[&str], lease: &str) -> Child {
        Command::new(binary::path())
            .args(args)
            .args(["--state", &self.state])
            .current_dir(&self.folder)
            .env_clear()
            .env("HOME", &self.folder)
            .env("USER", "ana")
            .env("SCOPE_STATE_LEASE", lease)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(std::fs::File::create(self.folder.join("stderr")).expect("writable")))
            .spawn()
            .expect("the binary starts")
    }
}

/// Both hold what the program asks for, once.
pub fn wished(desks: &Desks) {
    let held = desks.held();
    assert_eq!(held["nantes"]["cards"], json!(["first", "second"]));
    assert_eq!(held["paris"]["cards"], json!(["either", "first", "second"]));
    assert_eq!(held["nantes"]["bells"], json!({ "door": 1 }));
}

#[test]
fn another_machine_tells_what_a_run_left_at_a_site() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let state = depot.url("states/");
    let one = Machine::new(&desks, "shared-left-one", &state);
    let two = Machine::new(&desks, "shared-left-two", &state);
    one.ends(&["run", "main.scope"], 0);
    desks.paris.set_down(true);
    one.ends(&["run", "main.scope"], 4);
    let asked = ["status", "--offline", "--program", "main.scope"];
    let stays = "`either` stays at paris, whose alternative was left";
    let status = two.ends(&asked, 0).stdout;
    assert!(status.contains(&format!("left: {stays}")), "{status}");
    let told = two.ends(&[&asked[..], &["--format", "json"]].concat(), 0).stdout;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert!(told["run"]["stays"][0].as_str().is_some_and(|words| words.starts_with(stays)), "{told}");
    // Deleted, it is told no more.
    desks.paris.set_down(false);
    one.ends(&["run", "main.scope"], 0);
    assert!(!two.ends(&asked, 0).stdout.contains("left:"));
}

#[test]
fn another_machine_goes_on_where_one_ended() {
    for kind in ["http", "secret"] {
        let (desks, depot) = (Desks::start(), Depot::start());
        let state = match kind {
            "http" => depot.url("states/"),
            _ => format!("kubernetes+http://127.0.0.1:{}/team/", depot.port),
        };
        let one = Machine::new(&desks, &format!("shared-{kind}-one"), &state);
        let two = Machine::new(&desks, &format!("shared-{kind}-two"), &state);
        one.ends(&["run", "main.scope"], 0);
        wished(&desks);
        let again = two.ends(&["run", "main.scope"], 0);
        assert!(again.stdout.contains("nothing to do"), "{}", again.all());
        // It is found again without being named; the logs are where a run ran.
        let status = binary::scope(
            &two.folder,
            &["status", "--offline", "--program", "main.scope", "--state", &state],
            &[],
        );
        assert_eq!(status.code, 0, "{}", status.all());
        let history = binary::scope(&one.folder, &["--format", "json", "history"], &[]);
        assert_eq!(history.stdout.matches("\"verdict\":").count(), 2, "{}", history.all());
        assert_eq!(one.scope(&["logs", "--run", "1", "--program", "main.scope"]).code, 0);
        let elsewhere = two.scope(&["logs", "--run", "1", "--program", "main.scope"]);
        assert!(elsewhere.stderr.contains("is on the machine that ran it"), "{}", elsewhere.all());
        two.ends(&["destroy", "main.scope", "--yes"], 0);
        assert_eq!(desks.held()["paris"]["cards"], json!([]));
        assert!(!one.folder.join(".scope/main").exists(), "no state of its own");
    }
}

#[test]
fn killed_around_every_request_another_machine_ends_the_same() {
    let (n_killed, n_asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    for moment in [When::Before, When::After] {
        let (next, is_over) = (AtomicUsize::new(1), AtomicBool::new(false));
        // Most of the time a lease is waited for: several at once.
        std::thread::scope(|threads| {
            for _ in 0..6 {
                threads.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        match killed_and_gone_on_with(moment, next.fetch_add(1, Ordering::SeqCst)) {
                            None => is_over.store(true, Ordering::SeqCst),
                            Some(was_asked) => {
                                n_killed.fetch_add(1, Ordering::SeqCst);
                                n_asked.fetch_add(usize::from(was_asked), Ordering::SeqCst);
                            }
                        }
                    }
                });
            }
        });
    }
    let (n_killed, n_asked) = (n_killed.into_inner(), n_asked.into_inner());
    println!(
        "killed {n_killed} times, asked {n_asked} times; another machine went on to the same end each time"
    );
    assert!(n_killed > 30 && n_asked >= 2, "killed {n_killed}, asked {n_asked}");
}

/// Kills a run at that moment and goes on with it on another machine; whether it asked. Nothing where the run ended before.
fn killed_and_gone_on_with(moment: When, number: usize) -> Option<bool> {
    let what = format!("{moment:?}-{number}");
    let (desks, depot) = (Desks::start(), Depot::start());
    let state = depot.url("web.json");
    let one = Machine::new(&desks, &format!("shared-killed-{what}"), &state);
    let two = Machine::new(&desks, &format!("shared-went-on-{what}"), &state);
    let process: Arc<Mutex<Option<Child>>> = Arc::default();
    let (victim, was_seen) = (process.clone(), Arc::new(AtomicBool::new(false)));
    let seen = was_seen.clone();
    let mut starting = process.lock().expect("never poisoned");
    desks.around(move |when, now| {
        let is_meant = (when, now) == (moment, number);
        if is_meant {
            let mut victim = victim.lock().expect("never poisoned");
            let child = victim.as_mut().expect("it was started");
            child.kill().expect("it can be killed");
            child.wait().expect("it is ours");
            seen.store(true, Ordering::SeqCst);
        }
        !is_meant
    });
    *starting = Some(one.start(&["run", "main.scope"], "1"));
    drop(starting);
    while process
        .lock()
        .expect("never poisoned")
        .as_mut()
        .expect("started")
        .try_wait()
        .expect("ours")
        .is_none()
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    desks.all_has_arrived();
    desks.undisturbed();
    if !was_seen.load(Ordering::SeqCst) {
        return None;
    }
    let resumed = after_the_lease(|| two.scope(&["resume", "--program", "main.scope"]));
    let (resumed, was_asked) = answered(resumed, &two, &desks);
    assert_eq!(resumed.code, 0, "{what}: {}", resumed.all());
    wished(&desks);
    for machine in [one, two] {
        let _ = std::fs::remove_dir_all(machine.folder);
    }
    Some(was_asked)
}

/// Goes on where it was asked whether the bell has rung; whether it was.
pub fn answered(ran: Ran, machine: &Machine, desks: &Desks) -> (Ran, bool) {
    if ran.code != 1 || !ran.stderr.contains("E0906") {
        return (ran, false);
    }
    let n_rings = desks.nantes.held()["bells"]["door"].as_u64().expect("a number");
    assert!(n_rings <= 1, "it rang {n_rings} times");
    let answer = if n_rings == 1 { "once=done" } else { "once=retry" };
    (machine.scope(&["resume", "--program", "main.scope", "--answer", answer]), true)
}

/// Until the lock that a dead run left has ended.
pub fn after_the_lease(attempt: impl Fn() -> Ran) -> Ran {
    let began = Instant::now();
    loop {
        let ran = attempt();
        if ran.code != 5 {
            return ran;
        }
        assert!(ran.stderr.contains("E0911") && ran.stderr.contains("locked by ana"), "{}", ran.all());
        assert!(began.elapsed() < Duration::from_secs(10), "the lock does not end: {}", ran.all());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn two_at_once_exclude_each_other() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let state = depot.url("web.json");
    let one = Machine::new(&desks, "shared-first", &state);
    let two = Arc::new(Machine::new(&desks, "shared-second", &state));
    let answers = Arc::new(Mutex::new(Vec::new()));
    let (seen, other) = (answers.clone(), two.clone());
    desks.around(move |_, number| {
        if number == 5 {
            let mut seen = seen.lock().expect("never poisoned");
            seen.push(other.scope(&["run", "main.scope"]));
            seen.push(other.scope(&["state", "unlock", "--program", "main.scope"]));
            seen.push(other.scope(&["state", "show", "--program", "main.scope"]));
        }
        true
    });
    one.ends(&["run", "main.scope"], 0);
    desks.undisturbed();
    let answers = answers.lock().expect("never poisoned");
    assert_eq!(answers[0].code, 5, "{}", answers[0].all());
    for words in ["E0911", "locked by tester", "process ", "since 20", "scope state unlock"] {
        assert!(answers[0].stderr.contains(words), "`{words}`: {}", answers[0].all());
    }
    assert_eq!(answers[1].code, 5, "{}", answers[1].all());
    assert!(answers[1].stderr.contains("E0948"), "{}", answers[1].all());
    assert!(answers[2].stdout.contains("lock        tester at "), "{}", answers[2].all());
    wished(&desks);
    let free = two.ends(&["state", "unlock", "--program", "main.scope"], 0);
    assert!(free.stdout.contains("nothing to unlock"), "{}", free.all());
}

#[test]
fn whoever_works_longer_than_a_lease_lasts_keeps_the_state() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let state = depot.url("web.json");
    let one = Machine::new(&desks, "shared-slow", &state);
    let two = Machine::new(&desks, "shared-impatient", &state);
    let (tried, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (answers, first) = (tried.clone(), seen.clone());
    desks.around(move |when, number| {
        // Three times as long as the lease lasts that was taken when the run began.
        if (when, number) == (When::Before, 5) && !first.swap(true, Ordering::SeqCst) {
            std::thread::sleep(Duration::from_secs(3));
            answers.lock().expect("never poisoned").push(two.scope(&["run", "main.scope"]));
        }
        true
    });
    one.ends(&["run", "main.scope"], 0);
    let tried = tried.lock().expect("never poisoned");
    assert_eq!(tried[0].code, 5, "{}", tried[0].all());
    assert!(tried[0].stderr.contains("locked by tester"), "{}", tried[0].all());
    wished(&desks);
}

#[test]
fn a_state_taken_by_force_is_lost_to_whoever_had_it() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let state = depot.url("web.json");
    let one = Machine::new(&desks, "shared-forced", &state);
    let two = Arc::new(Machine::new(&desks, "shared-forcing", &state));
    let (freed, other) = (Arc::new(Mutex::new(Vec::new())), two.clone());
    let told = freed.clone();
    desks.around(move |when, number| {
        if (when, number) == (When::Before, 5) {
            let unlock = ["state", "unlock", "--force", "--program", "main.scope"];
            told.lock().expect("never poisoned").push(other.scope(&unlock));
        }
        true
    });
    let stopped = one.ends(&["run", "main.scope"], 1);
    desks.undisturbed();
    let freed = freed.lock().expect("never poisoned");
    assert_eq!(freed[0].code, 0, "{}", freed[0].all());
    assert!(freed[0].stdout.contains("unlocked: tester at "), "{}", freed[0].all());
    assert!(stopped.stderr.contains("E0944"), "{}", stopped.all());
    desks.all_has_arrived();
    let (resumed, _) = answered(two.scope(&["resume", "--program", "main.scope"]), &two, &desks);
    assert_eq!(resumed.code, 0, "{}", resumed.all());
    wished(&desks);
}

#[test]
fn a_log_is_of_the_run_that_is_asked_about() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let state = depot.url("web.json");
    let one = Machine::new(&desks, "shared-log-one", &state);
    let two = Machine::new(&desks, "shared-log-two", &state);
    one.ends(&["run", "main.scope"], 0);
    // The state is made anew: what this machine has of run 1 is of another run.
    depot.put("web.json", &empty());
    two.ends(&["run", "main.scope", "--only", "door"], 1);
    let logs = one.ends(&["logs", "--run", "1", "--program", "main.scope"], 1);
    assert!(logs.stderr.contains("is on the machine that ran it"), "{}", logs.all());
    let own = two.ends(&["logs", "--run", "1", "--program", "main.scope"], 0);
    assert!(own.stdout.contains("door") && !own.stdout.contains("welcome"), "{}", own.all());
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_is_gone_has_nothing_any_more() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let machine = Machine::new(&desks, "shared-dead", &depot.url("web.json"));
    let process: Arc<Mutex<Option<Child>>> = Arc::default();
    let victim = process.clone();
    let mut starting = process.lock().expect("never poisoned");
    desks.around(move |when, number| {
        let is_meant = (when, number) == (When::Before, 5);
        if is_meant {
            let mut victim = victim.lock().expect("never poisoned");
            let child = victim.as_mut().expect("it was started");
            child.kill().expect("it can be killed");
            child.wait().expect("it is ours");
        }
        !is_meant
    });
    *starting = Some(machine.start(&["run", "main.scope"], "600"));
    drop(starting);
    while process
        .lock()
        .expect("never poisoned")
        .as_mut()
        .expect("started")
        .try_wait()
        .expect("ours")
        .is_none()
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    desks.undisturbed();
    desks.all_has_arrived();
    let refused = machine.ends(&["run", "main.scope"], 5);
    assert!(refused.stderr.contains("E0911") && refused.stderr.contains("is gone"), "{}", refused.all());
    let shown = machine.ends(&["state", "show", "--program", "main.scope"], 0);
    assert!(shown.stdout.contains(", which is gone: `scope state unlock` frees it"), "{}", shown.all());
    let status = machine.ends(&["status", "--offline", "--program", "main.scope"], 0);
    assert!(status.stdout.contains("stopped before its end: its process died"), "{}", status.all());
    let freed = machine.ends(&["state", "unlock", "--program", "main.scope"], 0);
    assert!(
        freed.stdout.contains("unlocked: ana at ") && freed.stdout.contains("is gone"),
        "{}",
        freed.all()
    );
    machine.ends(&["run", "main.scope"], 0);
    wished(&desks);
}

#[test]
fn answers_that_are_lost_do_no_harm() {
    let desks = Desks::start();
    let mut n_lost = 0;
    for number in 1..40 {
        let depot = Depot::start();
        let machine = Machine::new(&desks, "shared-lossy", &depot.url("web.json"));
        depot.set(Vice::SwallowsAnswer(number));
        machine.ends(&["run", "main.scope"], 0);
        let n_writes = depot.n_writes();
        machine.ends(&["destroy", "main.scope", "--yes"], 0);
        if n_writes < number {
            break;
        }
        n_lost += 1;
    }
    println!("{n_lost} writes whose answer was lost");
    assert!(n_lost > 5, "{n_lost}");
}

#[test]
fn a_place_that_goes_away_stops_the_run() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let machine = Machine::new(&desks, "shared-gone", &depot.url("web.json"));
    let place = depot.clone();
    desks.around(move |when, number| {
        if (when, number) == (When::Before, 6) {
            place.set(Vice::Down);
        }
        true
    });
    let stopped = machine.ends(&["run", "main.scope"], 1);
    assert!(stopped.stderr.contains("E0943") && stopped.stderr.contains("503"), "{}", stopped.all());
    assert!(stopped.stderr.contains(&format!("scope resume --state {}", machine.state)), "{}", stopped.all());
    assert!(stopped.stdout.contains(" not done in "), "{}", stopped.all());
    desks.undisturbed();
    depot.set(Vice::None);
    let status = machine.ends(&["status"], 0);
    assert!(status.stdout.contains("stopped before its end\n"), "{}", status.all());
    assert!(status.stdout.contains("stopped: E0943: the shared state cannot be read"), "{}", status.all());
    let resumed = after_the_lease_of(&machine);
    let (resumed, _) = answered(resumed, &machine, &desks);
    assert_eq!(resumed.code, 0, "{}", resumed.all());
    wished(&desks);
}

fn after_the_lease_of(machine: &Machine) -> Ran {
    let began = Instant::now();
    loop {
        let ran = machine.scope(&["resume", "--program", "main.scope"]);
        if ran.code != 5 || began.elapsed() > Duration::from_secs(10) {
            return ran;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn places_that_cannot_be_used_are_told_apart() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let machine = Machine::new(&desks, "shared-unfit", &depot.url("web.json"));
    let n_before = desks.nantes.n_requests();
    for (vice, code, words) in [
        (Vice::IgnoresConditions, "E0945", "whose condition does not hold"),
        (Vice::NoEtag, "E0945", "no ETag"),
        (Vice::WeakEtag, "E0945", "weak"),
        (Vice::SendsElsewhere, "E0943", "elsewhere"),
        (Vice::Endless, "E0943", "more than 64 MiB"),
        (Vice::Silent, "E0943", "cannot be read or written"),
    ] {
        depot.put("web.json", "");
        depot.put("web.json", &empty());
        depot.set(vice);
        let ran = machine.ends(&["run", "main.scope"], 1);
        assert!(ran.stderr.contains(code) && ran.stderr.contains(words), "{vice:?}: {}", ran.all());
    }
    depot.set(Vice::None);
    for (text, code) in [
        ("{\"version\": 2, ", "E0920"),
        ("[]", "E0920"),
        ("<html>sign in</html>", "E0920"),
        ("{\"version\": 99, \"written_by\": \"scope 7.1.0\"}", "E0946"),
    ] {
        depot.put("web.json", text);
        let ran = machine.ends(&["run", "main.scope"], 1);
        assert!(ran.stderr.contains(code), "{text}: {}", ran.all());
    }
    let newer = machine.ends(&["run", "main.scope"], 1);
    assert!(newer.stderr.contains("written by scope 7.1.0 (format 99)"), "{}", newer.all());
    assert_eq!(desks.nantes.n_requests(), n_before, "nothing was sent");
}

/// A state without anything in it.
fn empty() -> String {
    let state = json!({
        "version": 2, "written_by": "scope 0.1.0", "deployment": "9f2c", "serial": 0, "resources": {}, "calls": {},
        "choices": {}, "owed": [], "parked": {}, "sent": {}, "last_run": 0, "runs": [],
        "through": { "run": 0, "bytes": 0 },
    });
    state.to_string()
}

#[test]
fn credentials_come_from_the_environment_and_go_nowhere_else() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let machine = Machine::new(&desks, "shared-secret", &depot.url("web.json"));
    let secret = "planted-token-8c1f";
    depot.wants(secret);
    let refused = machine.ends(&["run", "main.scope"], 1);
    assert!(refused.stderr.contains("E0943") && refused.stderr.contains("401"), "{}", refused.all());
    let ran = machine.scope_with(&["run", "main.scope"], &[("SCOPE_STATE_TOKEN", secret)]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let bearers = depot.heads().iter().filter(|head| head.contains(secret)).count();
    assert!(bearers > 3, "{bearers}");
    assert!(!ran.all().contains(secret));
    assert!(!depot.document("web.json").to_string().contains(secret));
    no_file_has(&machine.folder, secret);
    // Without TLS it is sent to this very machine only; 192.0.2.1 is nobody's.
    let far = Machine { state: "http://192.0.2.1/web.json".into(), folder: machine.folder.clone() };
    let ran = far.scope_with(&["run", "main.scope"], &[("SCOPE_STATE_TOKEN", secret)]);
    assert!(ran.code == 1 && ran.stderr.contains("without TLS"), "{}", ran.all());
    let named =
        Machine { state: format!("https://ana:{secret}@host/web.json"), folder: machine.folder.clone() };
    let ran = named.ends(&["run", "main.scope"], 3);
    assert!(ran.stderr.contains("E0947") && !ran.stderr.contains(secret), "{}", ran.all());
}

fn no_file_has(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            no_file_has(&path, secret);
        } else {
            let bytes = std::fs::read(&path).expect("readable");
            assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{}", path.display());
        }
    }
}

#[test]
fn a_state_moves_from_a_folder_to_a_shared_place() {
    let (desks, depot) = (Desks::start(), Depot::start());
    let folder = desks.place("shared-moved", PROGRAM);
    let run = |args: &[&str], code: i32| {
        let ran = binary::scope(&folder, args, &[LEASE]);
        assert_eq!(ran.code, code, "scope {args:?}: {}", ran.all());
        ran
    };
    run(&["run", "main.scope"], 0);
    let to = depot.url("states/");
    run(&["state", "copy", "--program", "main.scope", "--to", &to], 0);
    std::fs::write(folder.join("scope.toml"), format!("[state]\nplace = \"{to}\"\n")).expect("writable");
    run(&["run", "main.scope"], 0);
    // The folder that it was copied from is no second program.
    run(&["status", "--offline"], 0);
    let same = run(&["state", "copy", "--program", "main.scope", "--to", &to], 3);
    let before = "scope state copy --state .scope/main --to";
    assert!(same.stderr.contains("E0949") && same.stderr.contains(before), "{}", same.all());
    std::fs::remove_dir_all(folder.join(".scope")).expect("there");
    std::fs::write(folder.join("scope.toml"), format!("[state]\nplace = \"{to}\"\n")).expect("writable");
    let again = run(&["run", "main.scope"], 0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.all());
    assert_eq!(depot.document("states/main.json")["lock"], json!(null), "given back");
    run(&["status", "--offline"], 0);
    // Where nothing was run from here, the place that is said for this folder is looked at.
    std::fs::remove_dir_all(folder.join(".scope")).expect("there");
    let status = run(&["status", "--offline"], 0);
    assert!(status.stdout.contains("main.scope"), "{}", status.all());
    run(&["state", "copy", "--program", "main.scope", "--to", ".scope/other"], 0);
    let occupied =
        run(&["state", "copy", "--program", "main.scope", "--state", ".scope/other", "--to", &to], 1);
    assert!(occupied.stderr.contains("E0949"), "{}", occupied.all());
    std::fs::write(folder.join("scope.toml"), "[state]\nplace = 7\n").expect("writable");
    let wrong = run(&["run", "main.scope"], 3);
    assert!(wrong.stderr.contains("E0947") && wrong.stderr.contains("`place` is a text"), "{}", wrong.all());
}
