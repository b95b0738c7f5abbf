//! `scope why RESOURCE [SITE]`: why a resource is at a site, or is not. Asks no site: the program, the state and the last
//! run's log say it.

use scope_compiler::Compilation;
use scope_diagnostics::{codes, similar};
use scope_runtime::state::{Record, State, StateStore, Told};
use serde_json::json;

use super::{OK, WRONG, now_ms, place};
use crate::args::{Program, Why};
use crate::output::{Output, document, line, say_error, say_help};
use crate::show::short_name;
use crate::show::why::{self, Asked, Known};

pub fn run(command: &Why, output: Output) -> u8 {
    match explained(command, output) {
        Ok(()) => OK,
        Err(code) => code,
    }
}

/// So many members are named.
const MOST_NAMED: usize = 8;

fn explained(command: &Why, output: Output) -> Result<(), u8> {
    let (file, state, told) = known(command)?;
    let program = Program {
        file: file.clone(),
        given: command.given.clone(),
        simulate: command.simulate,
        ..Program::default()
    };
    let compilation =
        super::compile(&program, place::recorded(&state, &file, command.place.state.as_deref()), output)?;
    let plan = super::plan_of(&compilation);
    let all = names(&compilation, &state);
    let group = group(&compilation, &command.resource);
    let name = match all.iter().find(|name| is_called(name, &command.resource)) {
        None if group.is_empty() => return Err(unknown(&compilation, &file, &command.resource, &all)),
        name => name,
    };
    let sites = &compilation.program.sites;
    if let Some(site) = &command.site
        && !sites.iter().any(|known| known.name == *site)
    {
        say_error(codes::E0101, &format!("no site is called `{site}`"));
        match similar::nearest(site, sites.iter().map(|site| site.name.as_str())) {
            Some(near) => say_help(&format!("did you mean `{near}`?")),
            None => say_help(&format!(
                "the sites are {}",
                sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>().join(", ")
            )),
        }
        return Err(WRONG);
    }
    let known = Known { compilation: &compilation, plan, state: &state, told: &told, now_ms: now_ms() };
    let site = command.site.as_deref();
    let why = match name {
        Some(name) => why::explain(&known, &Asked { name, site }),
        None => why::explain_group(&known, &command.resource, &group, site),
    };
    let mut twin = serde_json::to_value(&why).expect("text keys only");
    twin["program"] = json!(file);
    document::tell("scope-why/1", twin);
    line(why::text(&why).trim_end());
    Ok(())
}

/// Nothing that has reasons of its own is called so.
fn unknown(compilation: &Compilation, file: &str, asked: &str, all: &[String]) -> u8 {
    let members = members(all, asked);
    if let Some(first) = members.first() {
        let n_members = members.len();
        say_error(codes::E0932, &format!("`{asked}` is a family: each of its elements has its own reasons"));
        let others = if n_members > 1 { ", or of another one: " } else { "" };
        let others = format!("{others}{}", members[1..n_members.min(MOST_NAMED)].join(", "));
        say_help(&format!("ask of one: `scope why {}`{others}", scope_runtime::shell::word(first)));
        return WRONG;
    }
    let mut absent = compilation.program.absent.iter();
    if let Some(absent) = absent.find(|absent| is_called(&absent.name, asked)) {
        say_error(codes::E0932, &format!("`{asked}` is not there: its `when` is false"));
        say_help(&format!("its `when` is at {}", compilation.sources.location(absent.condition)));
        return WRONG;
    }
    say_error(codes::E0932, &format!("`{file}` has no resource `{asked}`, and none is recorded"));
    let candidates: Vec<&str> = all.iter().map(|name| short_name(name)).collect();
    match similar::nearest(asked, candidates.iter().copied()) {
        Some(near) => say_help(&format!("did you mean `{near}`?")),
        None => say_help(&format!("it has {}", candidates.join(", "))),
    }
    WRONG
}

/// The program, its state (an empty one where it never ran), and what the last run told.
fn known(command: &Why) -> Result<(String, State, Vec<Told>), u8> {
    if let (Some(file), true) = (&command.place.program, command.simulate) {
        return Ok((file.clone(), State::new(String::new()), Vec::new()));
    }
    let found = place::find(&command.place)?;
    let state = place::peek(&found.place)?;
    let recorded = || state.runs.last().map(|run| run.started.program.clone());
    let Some(file) = found.program.clone().or_else(recorded) else {
        say_error(codes::E0922, "which program is meant does not follow from the state");
        say_help("`--program FILE`");
        return Err(WRONG);
    };
    let records = state.runs.last().map(|run| StateStore::records_of(found.place.logs(), run));
    let records = records.transpose().map_err(|error| place::refused(&error))?.unwrap_or_default();
    let told = records.into_iter().filter_map(|record| match record {
        Record::Told { told } => Some(told),
        _ => None,
    });
    Ok((file, state, told.collect()))
}

/// Everything that may be asked about: what the program declares, what its plan looks up or brings, what is recorded.
fn names(compilation: &Compilation, state: &State) -> Vec<String> {
    let declared = compilation.program.resources.iter().map(|resource| resource.name.clone());
    let planned = super::plan_of(compilation).steps.iter().map(|step| step.name.clone());
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for name in declared.chain(planned).chain(state.resources.keys().cloned()) {
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

/// The resources that a group declares: `lab.net`, `lab.vm`.
fn group<'c>(compilation: &'c Compilation, asked: &str) -> Vec<&'c str> {
    let is_member = |name: &&str| name.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.'));
    let names = compilation.program.resources.iter().map(|resource| resource.name.as_str());
    names.filter(is_member).collect()
}

/// What a family is made of: `agent["nantes"]`, `lab["a"].net`.
fn members<'n>(all: &'n [String], asked: &str) -> Vec<&'n str> {
    let is_member = |name: &&String| {
        name.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('['))
    };
    // Results of several are told of by what they are results of.
    let is_result = |name: &&String| name.ends_with(".all");
    all.iter().filter(is_member).filter(|name| !is_result(name)).map(String::as_str).collect()
}

fn is_called(name: &str, asked: &str) -> bool {
    name == asked || short_name(name) == asked
}
