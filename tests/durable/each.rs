//! Each program of `examples/` as a real process over real HTTP and real commands: killed after its records, its journal cut
//! after the last sync, resumed; it ends as the undisturbed run did, nothing twice.
//!
//! A run is killed with `kill -9` once its journal holds so many records: around a request, where the process waits for the
//! stand-in, or between two of them. `SCOPE_KILLS=40` kills after so many records of each; else after a few, spread evenly.
//! `SCOPE_KILLED=counter` leaves out the examples whose name has not the word. A
//! journal is cut only behind what a site or a command has seen: where a command was under way at the kill, nothing is left to cut.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::desk::{When, records, say_synced};
use super::town::{Then, Town, steady};
use crate::support::binary::{self, Ran};
use crate::support::root;

/// Kills of each example, where nothing else is said.
const N_KILLS: usize = 6;
/// Examples that are run at once.
const N_AT_ONCE: usize = 3;

/// An example at its own sites.
struct Stage {
    town: Town,
    folder: PathBuf,
    /// `two-clouds`
    stem: String,
}

/// A process that is killed when its journal is long enough.
struct Doomed {
    process: Mutex<Option<Child>>,
    journal: PathBuf,
    n_records: usize,
    then: Then,
    /// How long the journal was after the last request that was carried out: from there on nobody has seen what it says.
    unseen_from: Mutex<usize>,
    /// How many records it had at its death.
    died_at: Mutex<Option<usize>>,
}

#[derive(Default)]
struct Counted {
    n_kills: usize,
    n_cuts: usize,
    /// After how many records processes died.
    moments: BTreeSet<usize>,
}

impl Stage {
    fn new(file: &str, label: &str) -> Stage {
        let town = Town::start();
        let stem = file.trim_end_matches(".scope").to_string();
        let folder = binary::folder(&format!("each-{stem}-{label}"));
        copy(&root().join("examples"), &folder, &town.url);
        let clouds = std::fs::read_to_string(folder.join("clouds.yaml")).expect("it is there");
        std::fs::write(folder.join("clouds.yaml"), at_town(&clouds, &town.url)).expect("writable");
        crate::drivers::stand_in(&folder);
        let ssh = folder.join("bin/ssh");
        std::fs::copy(root().join("tests/durable/ssh.sh"), &ssh).expect("copied");
        crate::drivers::executable(&ssh);
        let stage = Stage { town, folder, stem };
        ["kubectl", "ssh"].iter().for_each(|program| stage.tells_what_it_saw(program));
        stage
    }

    /// Puts a word before a command: how long the journal was when it had done its work is kept, for from then on the world has
    /// seen what the journal says.
    fn tells_what_it_saw(&self, program: &str) {
        let (folder, journal) = (self.folder.display(), self.journal());
        let seen = self.folder.join("seen");
        std::fs::create_dir_all(&seen).expect("writable");
        let script = format!(
            "#!/bin/sh\n'{folder}/bin/{program}' \"$@\"\ncode=$?\nwc -c <'{}' >>'{}/lengths' 2>/dev/null\nexit $code\n",
            journal.display(),
            seen.display()
        );
        std::fs::write(seen.join(program), script).expect("writable");
        crate::drivers::executable(&seen.join(program));
    }

    /// The same, with what the example declares for its sites.
    fn with_declared(file: &str, label: &str, plan: &Value) -> Stage {
        let stage = Stage::new(file, label);
        for site in plan["sites"].as_array().into_iter().flatten() {
            for declared in site["simulated"].as_array().into_iter().flatten() {
                let ty = declared["resource_type"].as_str().expect("a type");
                stage.town.put(&place(&site["name"]), ty, &declared["attributes"]);
            }
        }
        stage
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary::path());
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args(args)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", format!("{0}/seen:{0}/bin:{path}", self.folder.display()))
            .env("HOME", &self.folder)
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for site in ["CloudOne", "CloudTwo"] {
            let keystone = format!("{}/{}/identity/v3", self.town.url, site.to_lowercase());
            command.env(format!("{}_URL", site.to_uppercase()), keystone);
        }
        for secret in ["CLOUDONE_PASSWORD", "CLOUDTWO_PASSWORD", "ANA_PASSWORD", "CACHE_TOKEN"] {
            command.env(secret, "not-a-real-one");
        }
        for site in ["NANTES", "PARIS", "LILLE"] {
            command.env(format!("{site}_TOKEN"), "not-a-real-one");
        }
        command
    }

    fn scope(&self, args: &[&str]) -> Ran {
        let output =
            self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("it starts");
        Ran {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    fn program(&self) -> String {
        format!("{}.scope", self.stem)
    }

    fn journal(&self) -> PathBuf {
        self.folder.join(format!(".scope/{}/runs/00000001.journal", self.stem))
    }

    /// What services and commands have made: the end state.
    fn held(&self) -> Vec<String> {
        let mut held = self.town.held();
        for made_by_commands in ["bin/clusters", "bin/zones"] {
            files(&self.folder.join(made_by_commands), &mut |path, text| {
                let path = path.strip_prefix(&self.folder).unwrap_or(path).display().to_string();
                if !path.ends_with("asked.log") {
                    held.push(steady(&format!("{path} {text}")));
                }
            });
        }
        held.sort();
        held
    }

    /// Runs it and kills it there; `None` if it ended before.
    fn killed(&self, n_records: usize, then: Then) -> Option<Arc<Doomed>> {
        let doomed = Arc::new(Doomed {
            process: Mutex::default(),
            journal: self.journal(),
            n_records,
            then,
            unseen_from: Mutex::new(0),
            died_at: Mutex::default(),
        });
        let mut starting = doomed.process.lock().expect("never poisoned");
        let told = doomed.clone();
        self.town.around(move |when| told.look(when));
        *starting = Some(self.command(&["run", &self.program()]).spawn().expect("the binary starts"));
        drop(starting);
        while !doomed.is_over() {
            std::thread::sleep(Duration::from_micros(300));
            self.town.between_requests(|| doomed.look(When::Before));
        }
        self.town.undisturbed();
        let is_dead = doomed.died_at.lock().expect("never poisoned").is_some();
        is_dead.then_some(doomed)
    }
}

impl Doomed {
    /// Kills it if its time has come.
    fn look(&self, when: When) -> Then {
        let bytes = std::fs::read(&self.journal).unwrap_or_default();
        let n_records = records(&bytes).len();
        if when == When::After {
            *self.unseen_from.lock().expect("never poisoned") = bytes.len();
        }
        if n_records < self.n_records {
            return Then::GoesOn;
        }
        let mut died_at = self.died_at.lock().expect("never poisoned");
        let mut process = self.process.lock().expect("never poisoned");
        let child = process.as_mut().expect("it was started");
        if died_at.is_none() && child.try_wait().expect("it is ours").is_none() {
            child.kill().expect("it can be killed");
            child.wait().expect("it is ours");
            *died_at = Some(n_records);
        }
        self.then
    }

    fn is_over(&self) -> bool {
        let mut process = self.process.lock().expect("never poisoned");
        process.as_mut().expect("it was started").try_wait().expect("it is ours").is_some()
    }

    /// Cuts off a part of what was written since the last request or command: the disk may have lost it with the machine.
    fn cut(&self, folder: &Path, part: usize) -> bool {
        // A command that was begun comes to its end.
        while is_anyone_in(folder) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let bytes = std::fs::read(&self.journal).expect("a journal");
        let lengths = std::fs::read_to_string(folder.join("seen/lengths")).unwrap_or_default();
        let by_commands = lengths.lines().filter_map(|line| line.trim().parse().ok()).max();
        let seen =
            by_commands.max(Some(*self.unseen_from.lock().expect("never poisoned"))).unwrap_or_default();
        let from = seen.max(self.written_through());
        if seen == 0 || from >= bytes.len() {
            return false;
        }
        let length = from + (bytes.len() - from) * (part % 4) / 4;
        std::fs::write(&self.journal, &bytes[..length]).expect("writable");
        say_synced(&self.journal, from);
        true
    }
}

impl Doomed {
    /// How much of the journal the state was written from: that had been synced before.
    fn written_through(&self) -> usize {
        let state = self.journal.ancestors().nth(2).expect("a state's folder").join("state.json");
        let state: Value = std::fs::read(state)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        match state["through"]["run"].as_u64() {
            Some(1) => state["through"]["bytes"].as_u64().unwrap_or_default() as usize,
            _ => 0,
        }
    }
}

/// Copies a folder of examples. Addresses that nobody has lead to the town, and nothing waits for ten minutes.
fn copy(from: &Path, to: &Path, url: &str) {
    std::fs::create_dir_all(to).expect("writable");
    for entry in std::fs::read_dir(from).expect("it is there") {
        let path = entry.expect("readable").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target, url);
            continue;
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => std::fs::write(&target, at_town(&text, url).replace("soak: 10min", "soak: 20ms")),
            Err(_) => std::fs::copy(&path, &target).map(drop),
        }
        .expect("writable");
    }
}

/// `https://notes.nantes.example` → `http://127.0.0.1:PORT/notes.nantes`, `https://keystone.nantes.example/v3` →
/// `http://127.0.0.1:PORT/nantes/identity/v3`
fn at_town(text: &str, url: &str) -> String {
    let mut parts = text.split("https://");
    let mut result = parts.next().unwrap_or_default().to_string();
    for part in parts {
        match part.split_once(".example") {
            Some((host, rest)) => match host.strip_prefix("keystone.") {
                Some(site) => result.push_str(&format!("{url}/{site}/identity{rest}")),
                None => result.push_str(&format!("{url}/{host}{rest}")),
            },
            None => result.push_str(&format!("https://{part}")),
        }
    }
    result
}

/// Where a site is in the town.
fn place(name: &Value) -> String {
    name.as_str().expect("a name").to_lowercase()
}

/// Whether a process works in a folder.
fn is_anyone_in(folder: &Path) -> bool {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut places = processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
    places.any(|place| place == folder)
}

fn files(folder: &Path, then: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => files(&path, then),
            false => then(&path, &std::fs::read_to_string(&path).unwrap_or_default()),
        }
    }
}

/// Those that are asked for.
fn programs(word: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join("examples")).expect("they are there");
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with(".scope") && name.contains(word)).collect();
    names.sort();
    names
}

/// Kills one example everywhere; `None` if it does nothing.
fn killed_everywhere(file: &str, n_kills: usize) -> Option<Counted> {
    let build = binary::scope(&root(), &["build", &format!("examples/{file}"), "--simulate"], &[]);
    let plan: Value = serde_json::from_str(&build.stdout).expect("a plan");
    if plan["steps"].as_array().is_none_or(Vec::is_empty) {
        return None;
    }
    let whole = Stage::with_declared(file, "whole", &plan);
    let before = whole.held();
    let ran = whole.scope(&["run", file]);
    assert_eq!(ran.code, 0, "{file}: {}", ran.all());
    let wished = whole.held();
    assert_ne!(wished, before, "{file} makes something");
    let n_records = records(&std::fs::read(whole.journal()).expect("a journal")).len();
    let mut counted = Counted::default();
    let n_kills = n_kills.min(n_records);
    for number in 0..n_kills {
        let after = 1 + number * (n_records - 1) / (n_kills - 1).max(1);
        let is_cut = number % 2 == 1;
        let then = if is_cut || number % 4 == 0 { Then::AllLost } else { Then::Lost };
        let stage = Stage::with_declared(file, &format!("at-{after}"), &plan);
        let Some(doomed) = stage.killed(after, then) else { continue };
        let died_at = doomed.died_at.lock().expect("never poisoned").unwrap_or_default();
        let is_cut = is_cut && doomed.cut(&stage.folder, number / 2);
        counted.n_kills += 1;
        counted.n_cuts += usize::from(is_cut);
        counted.moments.insert(died_at);
        let what = format!("{file}, killed after {died_at} of {n_records} records, cut: {is_cut}");
        let resumed = stage.scope(&["resume"]);
        assert_eq!(resumed.code, 0, "{what}: {}", resumed.all());
        assert_eq!(stage.held(), wished, "{what}: {}", resumed.all());
        if number % 2 == 1 {
            let again = stage.scope(&["run", file]);
            assert!(again.code == 0 && again.all().contains("nothing to do"), "{what}: {}", again.all());
            assert_eq!(stage.held(), wished, "{what}, and run again");
        }
        let _ = std::fs::remove_dir_all(&stage.folder);
    }
    Some(counted)
}

#[test]
fn each_example_killed_after_its_records_ends_the_same() {
    let n_kills = std::env::var("SCOPE_KILLS").ok().map_or(N_KILLS, |text| text.parse().expect("a number"));
    let word = std::env::var("SCOPE_KILLED").unwrap_or_default();
    let waiting = Mutex::new(programs(&word));
    let counted = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..N_AT_ONCE {
            threads.spawn(|| {
                loop {
                    let Some(file) = waiting.lock().expect("never poisoned").pop() else { return };
                    if let Some(one) = killed_everywhere(&file, n_kills) {
                        counted.lock().expect("never poisoned").push((file, one));
                    }
                }
            });
        }
    });
    let mut counted = counted.into_inner().expect("never poisoned");
    counted.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (file, Counted { n_kills, n_cuts, moments }) in &counted {
        println!("{file}: killed {n_kills} times, at {} moments, {n_cuts} journals cut", moments.len());
        assert!(
            *n_kills >= 4 && moments.len() >= 3,
            "{file}: killed {n_kills} times, after {moments:?} records"
        );
    }
    let n_kills: usize = counted.iter().map(|(_, one)| one.n_kills).sum();
    println!("{} examples, killed {n_kills} times: the same end state each time", counted.len());
    let n_wanted = if word.is_empty() { 14 } else { 1 };
    assert!(counted.len() >= n_wanted, "each example that makes something: {}", counted.len());
}
