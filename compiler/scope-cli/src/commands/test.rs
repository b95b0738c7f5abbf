//! `scope test`: plays the `test` blocks of programs; no network, no secret, no state.
//!
//! Each file is compiled once; each test is played under each seed on sites of its own. What does not hold is shown as a
//! compile error is, at its line. Exit code 0: all hold; 1: one does not; 3: a program is wrong, or there is no such test.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use scope_compiler::{Compilation, Extent, Options};
use scope_diagnostics::{Diagnostic, codes};
use scope_plan::plan::Plan;
use scope_plan::recorded::Recorded;
use scope_plan::scenario::{RunAs, Scenario};
use scope_runtime::scenario::{Plans, PlayOptions, Played, play};

use serde_json::json;

use super::{FAILED, OK, WRONG, run::DiskFiles};
use crate::args::Test;
use crate::files;
use crate::output::{Output, document, line, say_error, say_help};
use crate::show::tests as show;
use crate::world::Disk;

mod snapshots;

/// One test of one file, played under every seed.
pub struct Result {
    /// Its file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub line: u32,
    /// The first seed under which something did not hold, and what; else the first seed.
    pub seed: u64,
    /// What came of it, under that seed.
    pub played: Played,
    /// How long all seeds took, in microseconds of ours.
    pub took_us: u64,
}

impl Result {
    /// Whether all held.
    pub fn is_passed(&self) -> bool {
        self.played.misses.is_empty()
    }
}

pub fn run(command: &Test, output: Output) -> u8 {
    let paths = match files::programs(&command.files) {
        Ok(paths) => paths,
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    let given = match super::given(&command.given) {
        Ok(given) => Options { simulate: true, ..given },
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    let began = Instant::now();
    let (mut results, mut listed) = (Vec::new(), Vec::new());
    let (mut wrong, mut n_tests) = (Vec::new(), 0_usize);
    for path in &paths {
        if !command.files.contains(path) && !may_have_tests(path) {
            continue;
        }
        let compilation = scope_compiler::compile(&Disk, path, &given);
        let Some((mut scenarios, world)) = compilation.tests() else {
            wrong.push(show::Wrong::of(path, &compilation));
            output.diagnostics(&compilation.diagnostics, &compilation.sources);
            continue;
        };
        let is_meant = |scenario: &Scenario| {
            let whole = format!("{path}: {}", scenario.name);
            command.filter.as_ref().is_none_or(|filter| whole.contains(filter.as_str()))
        };
        let is_whole_file = scenarios.iter().all(is_meant);
        scenarios.retain(is_meant);
        n_tests += scenarios.len();
        if command.list {
            for scenario in &scenarios {
                line(&show::listed(path, scenario));
                listed.push(json!({ "file": path, "line": scenario.origin.line, "name": scenario.name }));
            }
            continue;
        }
        let mut kept = match snapshots::Kept::read(path) {
            Ok(kept) => kept,
            Err(message) => {
                say_error(codes::E0863, &message);
                return WRONG;
            }
        };
        let plans =
            Recompiling { compilation: &compilation, path, given: &given, others: RefCell::default() };
        for scenario in &scenarios {
            let mut result = played(command, path, scenario, &world, &plans);
            kept.compare(&mut result, command.update);
            let reports = show::reports(&result, command.seeds, &compilation.sources);
            line(&show::row(&result, command.seeds));
            output.reports(&reports, &compilation.sources);
            results.push(result);
        }
        if command.update
            && let Err(message) = kept.write(is_whole_file)
        {
            say_error(codes::E0981, &message);
            return FAILED;
        }
    }
    if n_tests == 0 && wrong.is_empty() {
        match &command.filter {
            Some(filter) => say_error(codes::E0864, &format!("no test has `{filter}` in its name")),
            None => say_error(codes::E0864, &format!("there is no test in {}", command.files.join(", "))),
        }
        say_help("a test is written `test \"…\" { … }` in a program; `scope test --list` names them");
        return WRONG;
    }
    if command.list {
        document::tell("scope-test-list/1", json!({ "tests": listed }));
        return if wrong.is_empty() { OK } else { WRONG };
    }
    if let Some(path) = &command.junit
        && let Err(code) = super::write_file(path, show::junit(&results, &wrong).as_bytes())
    {
        return code;
    }
    document::tell("scope-tests/1", show::json(&results));
    let wall = output.is_live.then(|| began.elapsed());
    line(&show::summary(&results, command.seed, command.seeds, wrong.len(), wall));
    match (wrong.is_empty(), results.iter().all(Result::is_passed)) {
        (true, true) => OK,
        (true, false) => FAILED,
        (false, _) => WRONG,
    }
}

/// Whether a file below a folder is worth compiling: one without the word has no test.
fn may_have_tests(path: &str) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.lines().any(|line| line.starts_with("test ")))
}

/// Plays a test under each seed, up to the first under which something does not hold.
fn played(command: &Test, path: &str, scenario: &Scenario, world: &Plan, plans: &Recompiling<'_>) -> Result {
    let began = Instant::now();
    let one = |seed: u64| {
        let options = PlayOptions { seed, files: Some(Rc::new(DiskFiles)) };
        (seed, play(scenario, world, plans, &options))
    };
    let (mut seed, mut played) = one(command.seed);
    for next in 1..command.seeds {
        if !played.misses.is_empty() {
            break;
        }
        let (next_seed, next_played) = one(command.seed.wrapping_add(next));
        if !next_played.misses.is_empty() {
            (seed, played) = (next_seed, next_played);
        }
    }
    Result {
        file: path.to_string(),
        name: scenario.name.clone(),
        line: scenario.origin.line,
        seed,
        played,
        took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
    }
}

/// The plans of a test's runs: of the program as it is compiled, or compiled anew where the run says otherwise.
struct Recompiling<'c> {
    compilation: &'c Compilation,
    path: &'c str,
    given: &'c Options,
    /// By entry and parameters.
    others: RefCell<BTreeMap<String, Rc<Compilation>>>,
}

impl Plans for Recompiling<'_> {
    fn plan(&self, how: &RunAs, recorded: &Recorded) -> std::result::Result<Plan, Vec<(String, String)>> {
        if how.entry.is_none() && how.params.is_empty() {
            // What most first runs are.
            if let (Some(plan), false) = (&self.compilation.plan, how.is_destroying)
                && *recorded == Recorded::default()
            {
                return Ok(plan.clone());
            }
            return self.compilation.plan_after(recorded, how.is_destroying).map_err(|why| errors(&why));
        }
        let key = format!("{:?} {:?}", how.entry, how.params);
        let compile = || {
            // The last one given counts.
            let options = Options {
                entry: how.entry.clone().or_else(|| self.given.entry.clone()),
                params: self.given.params.iter().chain(&how.params).cloned().collect(),
                extent: Extent::Planned,
                ..self.given.clone()
            };
            Rc::new(scope_compiler::compile(&Disk, self.path, &options))
        };
        let other = Rc::clone(self.others.borrow_mut().entry(key).or_insert_with(compile));
        if other.has_errors() {
            return Err(errors(&other.diagnostics));
        }
        other.plan_after(recorded, how.is_destroying).map_err(|why| errors(&why))
    }
}

/// Codes and messages of what is an error.
fn errors(reports: &[Diagnostic]) -> Vec<(String, String)> {
    let errors = reports.iter().filter(|report| report.is_error());
    errors.map(|report| (report.code.to_string(), report.message.clone())).collect()
}
