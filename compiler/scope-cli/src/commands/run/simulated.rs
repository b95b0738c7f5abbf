//! A run against simulated sites: no network, no secrets, no state.

use std::rc::Rc;

use scope_diagnostics::{SourceMap, codes};
use scope_plan::plan::Plan;
use scope_runtime::redact::NoSecrets;
use scope_runtime::report::Report;
use scope_runtime::runner::{self, Interrupt, RunOptions};
use scope_runtime::simulator::{Fault, SimulationOptions, Simulator};
use scope_runtime::state::StateStore;

use super::super::{WRONG, again};
use super::once::{left_out, run_options, told};
use crate::args::{Events, How};
use crate::output::{Output, say_error};
use crate::show::{progress::Shower, report::Next};

/// Runs against simulated sites.
pub fn simulate(plan: &Plan, sources: &SourceMap, how: &How, next: &str, output: Output) -> u8 {
    let faults = match how.fault.iter().map(|fault| fault.parse()).collect::<Result<Vec<Fault>, _>>() {
        Ok(faults) => faults,
        Err(error) => {
            say_error(codes::E0980, &error.to_string());
            return WRONG;
        }
    };
    if let Err(code) = again::is_something(plan, &how.again) {
        return code;
    }
    let options = SimulationOptions {
        seed: how.seed,
        faults,
        files: Some(Rc::new(DiskFiles)),
        ..SimulationOptions::default()
    };
    let mut shower = Shower::new(plan, how.telling.events, output, how.telling.verbose);
    output.shows(plan, true);
    let mut state = StateStore::in_memory();
    let left_out = left_out(plan, &how.about);
    let run_options = RunOptions {
        again: again::of(plan, &how.again, None),
        at: None,
        // No record of it is kept: only events tell it.
        digest: (how.telling.events == Events::Json).then(|| runner::digest_of_plan(plan)),
        left_out,
        ..run_options(how.seed, 0, Rc::new(NoSecrets), Interrupt::new())
    };
    let report: Result<Report, u8> = runner::block_on(true, async {
        let simulator = Simulator::new(plan, options).map_err(|error| {
            say_error(codes::E0980, &error.to_string());
            WRONG
        })?;
        Ok(runner::run(plan, &simulator, &mut state, &run_options, &mut |event| shower.show(event)).await)
    });
    match report {
        Ok(report) => {
            let next = Next { again: next.to_string(), answer: None };
            told(plan, &report, sources, how, &next, true, output);
            report.exit_code()
        }
        Err(code) => code,
    }
}

/// The content of `file(…)` for simulated uploads.
pub struct DiskFiles;

impl scope_runtime::simulator::Files for DiskFiles {
    fn open(&self, file: &scope_plan::expr::FileRef) -> std::io::Result<Box<dyn std::io::Read>> {
        Ok(Box::new(std::fs::File::open(&file.path)?))
    }
}
