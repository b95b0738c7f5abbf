//! What `plan` tells against what the run then does, row by row, and that nothing is left to do afterwards: programs that are made up,
//! changed, and run over services, at which somebody else changes and deletes things, too.
//!
//! `SCOPE_SEEDS=0..400` tries so many; `SCOPE_SEEDS=17` that one, and prints each of its rounds.

mod dice;
mod program;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::dice::Dice;
use self::program::Program;
use super::desk;
use super::town::Town;
use crate::support::binary::{self, Ran};
use crate::support::root;

/// Seeds where none are asked for.
const SEEDS: Range<u64> = 0..32;
/// Changes of each program.
const N_ROUNDS: usize = 5;

/// Site, name, verb.
type Key = (String, String, String);

/// One deployment.
struct Stage {
    town: Town,
    folder: PathBuf,
    tells: bool,
}

/// How a round ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    /// The program itself is wrong: nothing was sent.
    Refused,
    Failed,
}

/// How rounds ended.
#[derive(Default)]
struct Counted {
    n_done: usize,
    n_refused: usize,
    n_failed: usize,
    n_rows: usize,
}

impl Stage {
    fn new(seed: u64, tells: bool) -> Stage {
        let folder = binary::folder(&format!("foretold-{seed}"));
        let driver = root().join("tests/durable/foretelling/radio.scope");
        std::fs::copy(driver, folder.join("radio.scope")).expect("copied");
        Stage { town: Town::start(), folder, tells }
    }

    fn write(&self, program: &Program) {
        std::fs::write(self.folder.join("main.scope"), program.text(&self.town.url)).expect("writable");
    }

    fn scope(&self, args: &[&str]) -> Ran {
        let ran = desk::scope(&self.folder, args);
        if self.tells {
            println!("$ scope {}\n{}", args.join(" "), ran.all());
        }
        ran
    }

    /// Plans and runs; and what is wrong.
    fn round(&self, counted: &mut Counted) -> (Ended, Vec<String>) {
        if self.tells {
            self.scope(&["plan", "main.scope"]);
        }
        let planned = self.scope(&["plan", "main.scope", "--format", "json"]);
        let run = self.scope(&["run", "main.scope", "--yes", "--events", "json"]);
        let Ok(plan) = serde_json::from_str::<Value>(&planned.stdout) else {
            panic!("no JSON: {}", planned.all());
        };
        let Some(rows) = plan["resources"].as_array() else {
            counted.n_refused += 1;
            let is_refused = planned.code == 3 && run.code == 3;
            let wrong = format!("refused by one alone: {}{}", planned.all(), run.all());
            return (Ended::Refused, if is_refused { Vec::new() } else { vec![wrong] });
        };
        let rows = rows.iter().map(|row| (key_of(row), row)).collect::<BTreeMap<_, _>>();
        let ends = ends(&run);
        counted.n_rows += ends.len();
        let is_foretold = rows.values().any(|row| fails(row));
        match (run.code, is_foretold) {
            (0, false) => {}
            // What fails may keep others from being done.
            (1, true) => {
                counted.n_failed += 1;
                let wrong = failing(&rows, &ends);
                return (Ended::Failed, wrong);
            }
            (code, true) => return (Ended::Failed, vec![format!("fails, by the plan; the run ends {code}")]),
            (code, false) => {
                return (
                    Ended::Failed,
                    vec![format!("nothing fails, by the plan; the run ends {code}: {}", run.stderr)],
                );
            }
        }
        counted.n_done += 1;
        let mut wrong = Vec::new();
        for (key, end) in &ends {
            let told = rows.get(key).map_or("nothing", |row| row["what"].as_str().unwrap_or_default());
            if !is_alike(told, end) {
                wrong.push(format!("{key:?}: `{told}`, by the plan; in the run: {end}"));
            }
            let Some(attributes) = end["attributes"].as_array().filter(|_| told == "update") else {
                continue;
            };
            let differences = rows[key]["differences"].as_array().into_iter().flatten();
            let mut differences: Vec<&str> =
                differences.filter_map(|difference| difference["attribute"].as_str()).collect();
            let mut attributes: Vec<&str> = attributes.iter().filter_map(Value::as_str).collect();
            for names in [&mut differences, &mut attributes] {
                names.sort_unstable();
                names.dedup();
            }
            // What takes its place again differs as a whole.
            let is_taken_back = attributes == ["id"];
            if differences != attributes && !is_taken_back {
                wrong.push(format!("{key:?}: {differences:?} by the plan; in the run: {attributes:?}"));
            }
        }
        let unsaid = rows.iter().filter(|(key, row)| !ends.contains_key(*key) && is_change(row));
        wrong.extend(unsaid.map(|(key, row)| format!("{key:?}: not in the run; by the plan: {row}")));
        let again = self.scope(&["plan", "main.scope", "--check"]);
        if again.code != 0 {
            wrong.push(format!("is left, when all is done: {}", again.all()));
        }
        (Ended::Done, wrong)
    }

    /// Somebody else changes or deletes something.
    fn meddle(&self, dice: &mut Dice) -> Option<String> {
        let mut told = None;
        self.town.change(|things| {
            let paths: Vec<String> = things.keys().cloned().collect();
            if paths.is_empty() {
                return;
            }
            let path = &paths[dice.below(paths.len())];
            if dice.below(3) == 0 {
                things.remove(path);
                told = Some(format!("somebody deletes {path}"));
                return;
            }
            let thing = things.get_mut(path).expect("it is there");
            let may_change = ["bitrate", "volume", "level", "quota", "words", "count", "subject"];
            let Some(attribute) = may_change.into_iter().find(|name| !thing[*name].is_null()) else { return };
            let number = 10 + dice.below(9);
            thing[attribute] = match thing[attribute].is_string() {
                true => json!(format!("{number} times")),
                false => json!(number),
            };
            told = Some(format!("somebody sets {attribute} of {path} to {number}"));
        });
        told
    }
}

fn key_of(row: &Value) -> Key {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_string();
    let verb = text("key").rsplit('/').next().unwrap_or_default().replace('_', " ");
    (text("site"), text("name"), verb)
}

/// What became of each step at a site: its effect, or `failed`.
fn ends(run: &Ran) -> BTreeMap<Key, Value> {
    let mut steps = Vec::new();
    let mut ends = BTreeMap::new();
    let events = run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for event in events {
        let step = || {
            let step: &Value = &steps[event["step"].as_u64().expect("a number") as usize];
            let text = |name: &str| step[name].as_str().unwrap_or_default().to_string();
            // What is to be kept is released by the step of its deletion.
            (text("site"), text("name"), text("verb").replace("release", "delete"))
        };
        match event["event"].as_str() {
            Some("run_started") => steps = event["steps"].as_array().cloned().unwrap_or_default(),
            Some("step_done") if !matches!(step().2.as_str(), "choose" | "gather") => {
                let mut end = event["effect"].clone();
                // What is there under another name is not deleted: the state forgets the one that was gone.
                let is_forgotten =
                    event["detail"].as_str().is_some_and(|detail| detail.starts_with("it is `"));
                if is_forgotten && end["kind"] == "released" {
                    end["kind"] = json!("deleted");
                }
                ends.insert(step(), end);
            }
            // Taking a guard off, and deleting what is relied upon until then, may have to wait for the end of the run.
            Some("undo_done") => {
                let words: Vec<&str> = event["words"].as_str().unwrap_or_default().split('`').collect();
                let [_, name, " at ", site, end] = words[..] else { continue };
                let key = |verb: &str| (site.to_string(), name.to_string(), verb.to_string());
                if end == " is let go" {
                    ends.insert(key("let go"), json!({ "kind": "let_go" }));
                } else if end.ends_with(" is deleted") && ends.contains_key(&key("delete")) {
                    ends.insert(key("delete"), json!({ "kind": "deleted" }));
                    // Its guard went with it.
                    if let Some(guard) = ends.get_mut(&key("let go")) {
                        *guard = json!({ "kind": "let_go" });
                    }
                }
            }
            Some("step_failed") => {
                ends.insert(step(), json!({ "kind": "failed", "code": event["failure"]["code"] }));
            }
            _ => {}
        }
    }
    ends
}

/// Whether the end of a step is what the plan told.
fn is_alike(told: &str, end: &Value) -> bool {
    let told_for: &[&str] = match end["kind"].as_str().unwrap_or_default() {
        "created" => &["create", "move", "finish"],
        "adopted" => &["adopt"],
        "updated" => &["update", "finish"],
        "replaced" => &["replace"],
        "unchanged" => &["unchanged", "nothing"],
        "found" => &["read", "nothing"],
        "borrowed" => &["borrow"],
        "called" => &["call"],
        "deleted" => &["delete", "owed"],
        "released" => &["forget"],
        "protected" => &["guard"],
        "let_go" => &["let_go"],
        _ => &[],
    };
    told_for.contains(&told)
}

fn is_change(row: &Value) -> bool {
    !matches!(row["what"].as_str(), Some("unchanged" | "read" | "refused"))
}

fn fails(row: &Value) -> bool {
    matches!(row["what"].as_str(), Some("fails" | "refused"))
}

/// Of a run that fails as it was foretold: what fails that was not to, and what does not.
fn failing(rows: &BTreeMap<Key, &Value>, ends: &BTreeMap<Key, Value>) -> Vec<String> {
    let fails = |key: &Key| rows.get(key).is_some_and(|row| fails(row));
    let failed = |key: &Key| ends.get(key).is_some_and(|end| end["kind"] == "failed");
    let unforeseen = ends.keys().filter(|key| failed(key) && !fails(key));
    let unforeseen = unforeseen.map(|key| format!("{key:?} fails, and not by the plan: {}", ends[key]));
    let succeeds = rows.keys().filter(|key| fails(key) && ends.contains_key(*key) && !failed(key));
    let succeeds =
        succeeds.map(|key| format!("{key:?} fails by the plan, and not in the run: {}", ends[key]));
    unforeseen.chain(succeeds).collect()
}

/// One program through its changes.
fn lives(seed: u64, tells: bool, counted: &mut Counted) -> Result<(), String> {
    let (stage, dice) = (Stage::new(seed, tells), &mut Dice::new(seed));
    let (mut program, mut told) = (Program::new(dice), vec!["first"]);
    let mut before = program.clone();
    for number in 0..=N_ROUNDS {
        let mut ended = Ended::Refused;
        // Where it fails, allowed to be made anew; and where it fails then, back to the one before.
        for program in [&program, &program.with_anew(), &before.with_anew()] {
            stage.write(program);
            let text = program.text(&stage.town.url);
            if stage.tells {
                println!("\n==== {number}: {told:?}\n{text}");
            }
            let (now, wrong) = stage.round(counted);
            ended = now;
            if !wrong.is_empty() {
                let shown = stage.scope(&["plan", "main.scope"]);
                let wrong = wrong.join("\n  ");
                return Err(format!(
                    "round {number}, {told:?}:\n  {wrong}\n{text}\nafterwards: {}",
                    shown.stdout
                ));
            }
            if ended == Ended::Done {
                before = program.clone();
            }
            if ended != Ended::Failed {
                break;
            }
        }
        if number == 0 && ended == Ended::Refused {
            return Ok(());
        }
        // What was left at its site on purpose would have to be adopted first.
        if ended == Ended::Failed && before.keeps_something() {
            return Ok(());
        }
        if ended == Ended::Failed {
            return Err(format!(
                "round {number}, {told:?}: it cannot go back to {}",
                before.text(&stage.town.url)
            ));
        }
        (program, told) = before.changed(dice);
        if dice.below(3) == 0
            && let Some(meddled) = stage.meddle(dice)
        {
            if stage.tells {
                println!("{meddled}");
            }
            told.push(if meddled.contains("deletes") { "deleted outside" } else { "changed outside" });
        }
    }
    destroyed(&stage, &before)
}

/// Destroyed, but for what is to be kept; where that relies upon something else, nothing is to be kept.
fn destroyed(stage: &Stage, program: &Program) -> Result<(), String> {
    stage.write(program);
    let mut ran = stage.scope(&["destroy", "main.scope", "--yes"]);
    if ran.stderr.contains("E0323") {
        stage.write(&program.with_nothing_kept());
        let kept = stage.scope(&["run", "main.scope", "--yes"]);
        ran = stage.scope(&["destroy", "main.scope", "--yes"]);
        ran.stderr.insert_str(0, &kept.all());
    }
    let _ = std::fs::remove_dir_all(Path::new(&stage.folder));
    if ran.code == 0 { Ok(()) } else { Err(format!("it cannot be destroyed: {}", ran.all())) }
}

#[test]
fn a_run_does_what_its_plan_tells() {
    let number = |text: &str| text.trim().parse::<u64>().expect("SCOPE_SEEDS is `4711` or `0..20000`");
    let asked = std::env::var("SCOPE_SEEDS").ok();
    let seeds = asked.as_deref().map_or(SEEDS, |text| match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(text)..number(text) + 1,
    });
    let tells = seeds.end == seeds.start + 1;
    let (mut counted, mut wrong) = (Counted::default(), Vec::new());
    for seed in seeds.clone() {
        if let Err(why) = lives(seed, tells, &mut counted) {
            wrong.push(format!("SCOPE_SEEDS={seed}: {why}"));
        }
    }
    let Counted { n_done, n_refused, n_failed, n_rows } = counted;
    println!(
        "{n_done} runs did what their plans told, in {n_rows} steps; {n_failed} failed so, {n_refused} were refused"
    );
    wrong.sort_by_key(String::len);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), seeds.end - seeds.start, wrong.join("\n\n"));
    assert!(asked.is_some() || n_done > 40, "{n_done} runs");
}
