//! The simulator tested: each thing that a simulated site could leave out ([`ALL`]) is left out, and a `test` in the
//! reference must find it.
//!
//! *Found* is: a claim does not hold that held, or another one. Without a mistake all hold, and a second play is the same.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use scope_compiler::{Compilation, Options};
use scope_plan::plan::Plan;
use scope_plan::recorded::Recorded;
use scope_plan::scenario::{RunAs, Scenario};

use super::play;
use crate::scenario::{Miss, Plans, PlayOptions, Played};
use crate::simulator::mutants::{ALL, with};
use markdown::{Section, sections};

#[path = "../../../../tests/support/markdown.rs"]
#[expect(dead_code, reason = "lines and names of sections are for the tests of the reference itself")]
mod markdown;

const DOCUMENT: &str = "spec/67-what-a-simulated-site-does.md";
const CLOUDS: &str = "support/clouds.yaml";

fn read(path: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    std::fs::read_to_string(tests.join(path)).expect("it is there")
}

/// A program of the document.
struct Program {
    files: Vec<(String, String)>,
    compilation: Compilation,
    scenarios: Vec<Scenario>,
    world: Plan,
    /// Plans of first runs, by how they are run.
    first: RefCell<BTreeMap<String, Plan>>,
}

impl Plans for Program {
    fn plan(&self, how: &RunAs, recorded: &Recorded) -> Result<Plan, Vec<(String, String)>> {
        // What each first run is, whatever is left out.
        let first = (*recorded == Recorded::default()).then(|| format!("{how:?}"));
        if let Some(plan) = first.as_ref().and_then(|key| self.first.borrow().get(key).cloned()) {
            return Ok(plan);
        }
        let plan = if how.entry.is_none() && how.params.is_empty() {
            self.compilation.plan_after(recorded, how.is_destroying)
        } else {
            let (entry, params) = (how.entry.clone(), how.params.clone());
            let options = Options { entry, params, ..Options::default() };
            play::compile_files(&self.files, options).plan_after(recorded, how.is_destroying)
        };
        if let (Some(key), Ok(plan)) = (first, &plan) {
            self.first.borrow_mut().insert(key, plan.clone());
        }
        plan.map_err(|reports| {
            reports.iter().map(|report| (report.code.to_string(), report.message.clone())).collect()
        })
    }
}

impl Program {
    fn new(shared: &Section, section: &Section) -> Vec<Self> {
        let programs = section.fences.iter().filter(|fence| fence.info == "scope" && fence.path.is_none());
        let beside = || {
            let fences =
                shared.fences.iter().filter_map(|fence| Some((fence.path.clone()?, fence.text.clone())));
            fences.chain([("clouds.yaml".to_owned(), read(CLOUDS))])
        };
        let compiled = programs.map(|program| {
            let main = ("main.scope".to_owned(), program.text.clone());
            let files: Vec<(String, String)> = beside().chain([main]).collect();
            let compilation = play::compile_files(&files, Options::default());
            let reports =
                compilation.diagnostics.iter().map(|report| format!("{} {}", report.code, report.message));
            let wrong = || reports.collect::<Vec<_>>().join("\n");
            let (scenarios, world) =
                compilation.tests().unwrap_or_else(|| panic!("{}:\n{}", section.name, wrong()));
            Self { files, compilation, scenarios, world, first: RefCell::default() }
        });
        compiled.collect()
    }

    fn play(&self, scenario: &Scenario) -> Result<Played, String> {
        let options = PlayOptions::default();
        let played =
            catch_unwind(AssertUnwindSafe(|| crate::scenario::play(scenario, &self.world, self, &options)));
        played.map_err(|_| "it panics, or never ends".to_owned())
    }
}

fn told(played: &Result<Played, String>) -> String {
    let told = |miss: &Miss| format!("{}: {}", miss.origin.line, miss.message);
    match played {
        Ok(played) => played.misses.iter().map(told).collect::<Vec<_>>().join("; "),
        Err(why) => why.clone(),
    }
}

#[test]
fn the_reference_sees_what_a_simulated_site_leaves_out() {
    let sections = sections(&read(DOCUMENT));
    let programs: Vec<Program> =
        sections.iter().flat_map(|section| Program::new(&sections[0], section)).collect();
    let tests = programs.iter().flat_map(|program| program.scenarios.iter().map(move |test| (program, test)));
    let tests: Vec<(&Program, &Scenario)> = tests.collect();
    for (program, test) in &tests {
        let played = program.play(test);
        assert_eq!(told(&played), "", "{}", test.name);
        assert_eq!(played, program.play(test), "{}: the same seed, the same play", test.name);
    }
    let found = |mutant| {
        let seen = tests.iter().find_map(|(program, test)| {
            let told = told(&with(mutant, || program.play(test)));
            (!told.is_empty()).then(|| format!("{}: {told}", test.name))
        });
        match &seen {
            Some(how) => println!("{mutant:?}: {how}"),
            None => println!("{mutant:?} is not found"),
        }
        seen.is_some()
    };
    let living: Vec<_> = ALL.iter().filter(|mutant| !found(**mutant)).collect();
    println!("{} of {} found, in {} tests", ALL.len() - living.len(), ALL.len(), tests.len());
    assert!(living.is_empty(), "not found: {living:?}");
}
