//! `scope status`: where a deployment is, by site, and what to do next. Asks the sites whether they answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scope_compiler::hir;
use scope_runtime::state::{Holder, Place, Record, State, StateStore, Told};
use serde_json::json;

use super::detach::Detached;
use super::place::{self, Found};
use super::sites::{self, Probed};
use super::{OK, now_ms, reach};
use crate::args::{self, Status};
use crate::output::{document, line};
use crate::show;
use crate::show::past::{Lives, Next, SiteLine};
use crate::world::Disk;

/// A site that says nothing for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub fn run(command: &Status) -> u8 {
    let (found, state) = match place::find(&command.whose.place())
        .and_then(|found| place::peek(&found.place).map(|state| (found, state)))
    {
        Ok(both) => both,
        Err(code) => return code,
    };
    let records = state.runs.last().map(|run| StateStore::records_of(found.place.logs(), run));
    let told: Vec<Told> = match records.transpose() {
        Ok(records) => records.unwrap_or_default().into_iter().filter_map(told).collect(),
        Err(error) => return place::refused(&error),
    };
    let program = program(&found, &state);
    let compilation = scope_compiler::compile_sites(
        &Disk,
        &program,
        &scope_compiler::Options { simulate: false, ..Default::default() },
    );
    let sites = compilation.plan.as_ref().filter(|_| !compilation.has_errors());
    let probed = match sites.filter(|_| !command.offline) {
        Some(plan) => {
            let held = show::past::held(&state, now_ms());
            let used = used(&compilation.program);
            let is_wanted = |site: &str| used.contains(site) && !held.contains_key(site);
            sites::probe_plan(plan, &is_wanted, PATIENCE)
        }
        None => Vec::new(),
    };
    // What a program that does not compile can reach is not known.
    let lost = match sites {
        Some(_) => reach::of(&args::Program::default(), &compilation.program, &state.recorded()),
        None => Vec::new(),
    };
    let lines = lines(&state, &told, &probed);
    let lives = match lives(&found.place, &state) {
        Ok(lives) => lives,
        Err(code) => return code,
    };
    let stopped = StateStore::why_stopped(found.place.logs(), state.last_run);
    document::tell(
        "scope-status/1",
        json!({
            "program": program,
            "run": state.runs.last(),
            "sites": lines,
            "open": state.sent,
            "owed": state.owed,
            "left": lost,
            "parked": state.parked.iter().filter(|(_, parked)| !parked.is_over).collect::<BTreeMap<_, _>>(),
            "process": lives.as_ref().map(|lives| &lives.holder),
            "stopped": stopped,
            "waits": lives.as_ref().is_some_and(|lives| lives.waits),
        }),
    );
    let asked = command.whose.place();
    let at = place::words(asked.program.as_deref().unwrap_or(&program), asked.state.as_deref());
    let left = reach::words(&lost, &at);
    let next = Next { lives, stopped, at, state: asked.state.clone(), left };
    line(show::past::status(&program, &state, &lines, &next, now_ms(), command.verbose).trim_end());
    OK
}

/// The sites at which the program has something, or looks for it; of one that has nothing all that it declares.
fn used(program: &hir::Program) -> BTreeSet<&str> {
    let steps = program.sequences.iter().flat_map(|sequence| &sequence.steps);
    let sites = program.resources.iter().chain(steps).flat_map(|resource| {
        let references = resource.instances.values().flat_map(|instance| &instance.references);
        let places = [&resource.location].into_iter().chain(references.map(|reference| &reference.location));
        places.flat_map(|place| place.sites())
    });
    let used: BTreeSet<&str> = sites.map(|site| program.sites[site.0 as usize].name.as_str()).collect();
    match used.is_empty() {
        true => program.sites.iter().map(|site| site.name.as_str()).collect(),
        false => used,
    }
}

/// The process that goes on with the deployment's work: it has the state, or waits for sites.
pub(super) fn lives(place: &Place, state: &State) -> Result<Option<Lives>, u8> {
    let detached = Detached::of(place.logs());
    let is_detached = |holder: &Holder| {
        detached.is_alive() && detached.process().is_some_and(|process| process.process == holder.pid)
    };
    let of = |holder: Holder, waits: bool| Lives {
        is_detached: is_detached(&holder),
        words: super::state::words(&holder),
        holder,
        waits,
    };
    let holder = StateStore::holder(place).map_err(|error| place::refused(&error))?;
    // Its lease of a shared state may outlive a process.
    let holder = holder.filter(|holder| !holder.is_gone());
    // Of one that only holds a site, or copies the state, no run is under way.
    let is_under_way = state.runs.last().is_some_and(|run| run.verdict.is_none());
    Ok(match holder.filter(|_| is_under_way) {
        Some(holder) => Some(of(holder, false)),
        None => StateStore::waiter(place).map(|holder| of(holder, true)),
    })
}

fn told(record: Record) -> Option<Told> {
    match record {
        Record::Told { told } => Some(told),
        _ => None,
    }
}

fn program(found: &Found, state: &State) -> String {
    let recorded = || state.runs.last().map(|run| run.started.program.clone());
    found.program.clone().or_else(recorded).unwrap_or_else(|| found.place.text())
}

/// A line for each site that the program has, or that something is recorded of.
fn lines(state: &State, told: &[Told], probed: &[Probed]) -> Vec<SiteLine> {
    let ends = show::past::ends(told.iter());
    let recorded = state.resources.values().flat_map(|sites| sites.keys());
    let others = ends.keys().chain(state.waiting().map(|parked| &parked.site)).chain(state.holds.keys());
    let owed = state.owed.iter().map(|owed| &owed.site);
    let names = probed.iter().map(|probed| &probed.site).chain(recorded).chain(others).chain(owed);
    let mut lines: BTreeMap<&str, SiteLine> = names
        .map(|site| {
            let (done, failed) = ends.get(site).copied().unwrap_or_default();
            let held = state.holds.get(site).filter(|hold| hold.is_in_force(now_ms())).cloned();
            let line = SiteLine { site: site.clone(), done, failed, held, ..SiteLine::default() };
            (site.as_str(), line)
        })
        .collect();
    let unknown = "every site that something waits for has a line";
    for parked in state.waiting() {
        let line = lines.get_mut(parked.site.as_str()).expect(unknown);
        line.parked += 1;
        line.since_ms = Some(line.since_ms.map_or(parked.since_ms, |since| since.min(parked.since_ms)));
    }
    // It waited as long as it may, and its site has not answered since.
    for parked in state.parked.values().filter(|parked| parked.is_over) {
        if let Some(line) = lines.get_mut(parked.site.as_str()) {
            line.since_ms.get_or_insert(parked.since_ms);
        }
    }
    for owed in &state.owed {
        lines.get_mut(owed.site.as_str()).expect(unknown).owed += 1;
    }
    for probed in probed {
        let line = lines.get_mut(probed.site.as_str()).expect("every probed site has a line");
        let heard = sites::heard(probed);
        (line.rtt_us, line.why, line.missing) = (heard.rtt_us, heard.why, heard.missing);
    }
    lines.into_values().collect()
}
