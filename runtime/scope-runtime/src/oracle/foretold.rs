//! The table *step × cut site*, which a plan tells beforehand, against runs in which that site cannot be reached from their
//! start to their end: each step ends as the table says, and each choice takes the arm that it says.
//!
//! `base` at paris waits, says the table → parked in the run; `vm` is taken from lille → the step at lille is done.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use scope_plan::cuts::{Cuts, Outcome as Foretold};
use scope_plan::plan::{Action, Plan, SiteId};

use super::differential;
use super::explore::Exploration;
use super::fate::{Fate, Fates};
use super::play::{self, Deployment};
use super::program::{CALL, Loc, Program, Resource, site_number};
use super::random::{self, Dice};
use super::rules::kept;
use crate::events::{Outcome, SkipReason};
use crate::report::{StepReport, StepStatus, UndoStatus};

type Drawn = fn(&mut Dice<'_>) -> Program;

/// Compares the tables of what each seed draws with runs.
fn each(of: &'static str, n_seeds: u64, drawn: Drawn) {
    Exploration { of, n_seeds }.each(|seed| {
        let program = drawn(&mut Dice::new(&random::numbers(seed, 160)));
        let compared = catch_unwind(AssertUnwindSafe(|| compare(&program)));
        let compared = compared.unwrap_or_else(|_| Err("it panics, or never ends".to_owned()));
        compared
            .map_err(|different| format!("{different}{}", differential::shown(&program, &Fates::default())))
    });
}

/// How many runs agreed with the table; an error is what is different.
fn compare(program: &Program) -> Result<usize, String> {
    // Of a site that stands in several places, some with a quorum, the table does not know which one counts it.
    let is_ambiguous = |resource: &Resource| {
        let mut sites = Vec::new();
        named(&kept(resource), &mut sites);
        resource.quorum.is_some() && sites.iter().collect::<BTreeSet<_>>().len() < sites.len()
    };
    if program.resources.iter().any(is_ambiguous) {
        return Ok(0);
    }
    let plan = play::optimised(&play::lowered(program));
    let cuts = Cuts::new(&plan);
    for (number, site) in plan.sites.iter().enumerate() {
        let id = SiteId(number as u32);
        let table = cuts.cut(id);
        let (_, report, _, _) = Deployment::new(program, plan.clone()).run(&silent(program, &plan, id));
        let mut different = String::new();
        for (step, told) in report.steps.iter().zip(&table.outcomes) {
            let ended = ended(step);
            // No row of the table: a part that waits or fails is left out of the result.
            let is_result = matches!(
                plan.step(step.step).action,
                Action::Gather { quorum: None, .. } | Action::Choose { .. }
            );
            // What a wave holds back is skipped like what fails, and a failed wave's gate with it.
            let is_held_back = ended == Foretold::Fails && *told == Foretold::HeldBack;
            // A guard that is taken back may be there for others, too: nothing is told of it.
            let is_guard = matches!(plan.step(step.step).action, Action::Protect { .. });
            let is_taken_back = is_guard && ended == Foretold::Undone && *told == Foretold::Done;
            let is_alike = is_result || ended == *told || is_held_back || is_taken_back;
            if !is_alike {
                let key = &plan.step(step.step).key;
                different += &format!("  {key}: {ended:?}, and the table says {told:?}\n");
            }
        }
        for (choice, arm) in &report.choices {
            let (key, told) = (&plan.choice(*choice).key, table.arms[choice.index()]);
            if told != Some(*arm) {
                different += &format!("  {key}: alternative {arm}, and the table says {told:?}\n");
            }
        }
        if !different.is_empty() {
            return Err(format!("{} is cut:\n{different}", site.name));
        }
    }
    Ok(plan.sites.len())
}

/// The sites that a location names, each as often as it does.
fn named(loc: &Loc, sites: &mut Vec<usize>) {
    match loc {
        Loc::Site(site) => sites.push(*site),
        Loc::And(parts) | Loc::Or(parts) | Loc::Cross(parts, _) => {
            parts.iter().for_each(|part| named(part, sites));
        }
    }
}

/// Whatever is asked of the site is not answered.
fn silent(program: &Program, plan: &Plan, site: SiteId) -> Fates {
    let site = site_number(&plan.site(site).name);
    let resources = 0..program.resources.len();
    let leaves = resources.flat_map(|number| [(number, site), (CALL + number, site)]);
    Fates { by_leaf: leaves.map(|leaf| (leaf, Fate::Cut)).collect(), ..Fates::default() }
}

/// How a step ended, in the words of the table.
fn ended(step: &StepReport) -> Foretold {
    match &step.status {
        StepStatus::Done { .. } if step.undo != UndoStatus::None => Foretold::Undone,
        StepStatus::Done { .. } => Foretold::Done,
        StepStatus::Failed { .. } => Foretold::Fails,
        StepStatus::Parked { .. } => Foretold::Waits,
        StepStatus::Skipped { because: SkipReason::NotChosen } => Foretold::NotTried,
        StepStatus::Skipped {
            because: SkipReason::Unreachable | SkipReason::LeftOut | SkipReason::Interrupted,
        } => Foretold::LeftOut,
        StepStatus::Skipped { because: SkipReason::Dependency { outcome, .. } } => match outcome {
            Outcome::Done | Outcome::LeftOut => Foretold::LeftOut,
            Outcome::Pending => Foretold::Waits,
            Outcome::Unavailable | Outcome::Unknown | Outcome::Invalid => Foretold::Fails,
        },
    }
}

#[test]
fn programs_end_as_their_tables_say() {
    each("tables of programs", 300, random::program);
}

#[test]
fn references_end_as_their_tables_say() {
    each("tables of references", 200, random::referring);
}

#[test]
fn references_of_parts_end_as_their_tables_say() {
    each("tables of references of parts", 150, random::referring_parts);
}

#[test]
fn references_in_alternatives_end_as_their_tables_say() {
    each("tables of references in alternatives", 200, random::referring_beside);
}

#[test]
fn what_reads_a_whole_ends_as_its_table_says() {
    each("tables of what reads a whole", 300, random::reading);
}

#[test]
fn guards_end_as_their_tables_say() {
    each("tables of guards", 200, random::relying);
}

#[test]
fn waves_end_as_their_tables_say() {
    each("tables of waves", 200, random::waved);
}

#[test]
fn groups_end_as_their_tables_say() {
    each("tables of groups", 200, random::grouped);
}

#[test]
fn copies_of_groups_end_as_their_tables_say() {
    each("tables of copies of groups", 150, random::grouped_copies);
}
