//! What a run was asked, as its state keeps it, and that run once more.
//!
//! `scope run lab.scope --set pg=3 --except milan` ⇄ `Started { program: "lab.scope", set: ["pg=3"], except: ["milan"], … }`.
//! No secret is kept: of a parameter that is one where it is, as it was given (`env:PW`), of an address to post to its host, of
//! a command nothing.

use std::collections::BTreeMap;

use scope_compiler::hir::{self, SiteId, Value};
use scope_diagnostics::codes;
use scope_plan::plan::{Action, Plan};
use scope_plan::recorded::Recorded;
use scope_runtime::state::{Run as PastRun, Started, Wish};

use super::hooks::{self, LEFT_OUT};
use super::place;
use crate::args::{About, Given, How, Kept, MAX_DELETE, Program, Resume, Run, Telling};
use crate::output::{note, say_error, say_help};
use crate::show::said;

/// What is asked of a program.
pub fn of_program(program: &Program, plan: &Plan) -> Started {
    Started {
        wish: program.wish,
        program: program.file.clone(),
        set: program.given.set.clone(),
        params: program.given.params.clone(),
        at: program.given.at.clone(),
        only: program.only.clone(),
        policies: program.policies.clone(),
        sequence: program.sequence.clone(),
        words: if sets_secret(plan) { Vec::new() } else { program.words.clone() },
        ..Started::default()
    }
}

/// The same, and how it is done.
pub fn of_run(command: &Run, plan: &Plan) -> Started {
    let how = &command.how;
    Started {
        reconsider: how.reconsider,
        again: how.again.clone(),
        site: how.about.site.clone(),
        except: how.about.except.clone(),
        yes: how.yes,
        max_delete: (how.max_delete != MAX_DELETE).then_some(how.max_delete),
        on: how.telling.on.iter().map(hooks::text).collect(),
        ..of_program(&command.program, plan)
    }
}

/// Whether two runs were asked for the same of the same program, wholly or in part: by the same words, or by others that mean
/// the same in the program as it is now (`--set text=one`, where `one` is what it is without).
pub fn is_same(one: &Started, other: &Started) -> bool {
    let of_program = |started: &Started| {
        let program = std::fs::canonicalize(&started.program)
            .map_or_else(|_| started.program.clone(), |path| path.to_string_lossy().into_owned());
        (started.wish, program, started.sequence.clone())
    };
    let words = |started: &Started| (started.set.clone(), started.params.clone(), started.at.clone());
    let is_meant = || meaning(one).is_some_and(|meant| Some(meant) == meaning(other));
    of_program(one) == of_program(other) && (words(one) == words(other) || is_meant())
}

/// What the words of a command come to in its program.
#[derive(PartialEq)]
struct Meaning {
    /// Of parameters that are not secret.
    values: Vec<(String, Value)>,
    /// Of the others, where they are: what is given last holds.
    places: BTreeMap<String, String>,
    entry: Option<SiteId>,
}

/// Nothing where the program cannot be read, or says something else than what was asked then.
fn meaning(started: &Started) -> Option<Meaning> {
    let program = Program {
        file: started.program.clone(),
        given: Given { set: started.set.clone(), params: started.params.clone(), at: started.at.clone() },
        sequence: started.sequence.clone(),
        wish: started.wish,
        ..Program::default()
    };
    let compilation = super::compiled(&program, Recorded::default(), None).ok()?;
    if compilation.has_errors() {
        return None;
    }
    let given = started.set.iter().filter_map(|set| set.split_once('='));
    let secret = given.filter(|(name, _)| !compilation.program.params.contains_key(name.trim()));
    let places = secret.map(|(name, place)| (name.trim().to_owned(), place.to_owned())).collect();
    let hir::Program { params, entry, .. } = compilation.program;
    Some(Meaning { values: params.into_iter().collect(), places, entry })
}

/// Whether a secret attribute is set: one command has it among its words.
fn sets_secret(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| {
        let (Action::Ensure { attributes: set, .. } | Action::Call { inputs: set, .. }) = &step.action else {
            return false;
        };
        let types = plan.drivers.iter().flat_map(|driver| &driver.types);
        let of_type = types.filter(|ty| Some(ty.name.as_str()) == step.action.resource_type());
        let mut secret = of_type.flat_map(|ty| &ty.attributes).filter(|attribute| attribute.is_secret);
        secret.any(|attribute| set.iter().any(|(name, _)| *name == attribute.name))
    })
}

/// A run as it was asked, and what is said anew; `Err` says why it cannot be, and what helps.
pub fn once_more(
    past: &PastRun,
    command: &Resume,
    file: String,
    state: Option<String>,
    is_as_wished: bool,
) -> Result<Run, (String, String)> {
    let started = &past.started;
    let at = place::words(&file, command.place.state.as_deref());
    let given = |name: &str| command.set.iter().any(|set| set.split('=').next() == Some(name));
    if let Some(name) = started.secret.iter().find(|name| !given(name)) {
        let message = format!("run {} was given `{name}`, which is secret and was not recorded", past.run);
        return Err((message, format!("give it again: `scope resume {}{at} --set {name}=…`", past.run)));
    }
    if started.wish == Wish::Command && started.words.is_empty() {
        let why = "was one command of `scope exec` that sets something secret, and was not recorded";
        return Err((format!("run {} {why}", past.run), "give the command again".into()));
    }
    let mut set = started.set.clone();
    set.extend(command.set.iter().cloned());
    let is_left_anew = !command.site.is_empty() || !command.except.is_empty();
    let (site, except) = match is_left_anew {
        true => (command.site.clone(), command.except.clone()),
        false => (started.site.clone(), started.except.clone()),
    };
    let how = How {
        fault: Vec::new(),
        seed: 0,
        reconsider: started.reconsider && !is_as_wished,
        again: started.again.clone(),
        yes: command.yes || started.yes,
        max_delete: command.max_delete.or(started.max_delete).unwrap_or(MAX_DELETE),
        wait: command.wait,
        about: About { site, except },
        telling: telling(started, command),
        kept: Kept { state },
    };
    let program = Program {
        file,
        given: Given { set, params: started.params.clone(), at: started.at.clone() },
        only: started.only.clone(),
        simulate: false,
        policies: started.policies.clone(),
        sequence: started.sequence.clone(),
        wish: started.wish,
        words: started.words.clone(),
        ..Program::default()
    };
    Ok(Run { program, how, detaching: command.detaching })
}

/// Who was told of it is told again; what is said anew stands in place of it.
fn telling(started: &Started, command: &Resume) -> Telling {
    if !command.telling.on.is_empty() {
        return command.telling.clone();
    }
    let (left_out, kept): (Vec<&String>, Vec<&String>) =
        started.on.iter().partition(|on| on.ends_with(LEFT_OUT));
    for on in left_out {
        note(&format!("not told this time: `--on {on}`; an address is not recorded, give it again"));
    }
    // What was read once is read again, unless another version wrote it.
    let on = kept.into_iter().filter_map(|on| hooks::parse(on).ok()).collect();
    Telling { on, ..command.telling.clone() }
}

/// A run goes on with what is newest: whether this one may, after those that came later; else what to do is said.
pub fn is_newest(runs: &[PastRun], past: &PastRun, state: Option<&str>) -> bool {
    let first = |run: &PastRun| run.started.first.unwrap_or(run.run);
    let is_another =
        |run: &&PastRun| run.run > past.run && first(run) != first(past) && run.started.wish != Wish::Command;
    let Some(later) = runs.iter().rev().find(is_another) else { return true };
    if past.started.wish == Wish::Command {
        return true;
    }
    say_error(
        codes::E0885,
        &format!("run {} came after run {}: what that did would be set back", later.run, past.run),
    );
    say_help(&format!(
        "`scope resume {}` goes on with the last one; what run {} was asked: `{}`",
        runs.last().map_or(later.run, |run| run.run),
        past.run,
        said::command(&past.started, state)
    ));
    false
}
