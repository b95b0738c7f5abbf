//! Finds the state that a command means: the one named, else the only one that is here.
//!
//! `examples/.scope/two-clouds/` is here → that one, and its program `examples/two-clouds.scope`.

use std::path::{Path, PathBuf};

use scope_diagnostics::{codes, similar};
use scope_plan::fleet::listed;
use scope_plan::recorded::Recorded;
use scope_runtime::events::Failure;
use scope_runtime::shell;
use scope_runtime::state::{self, Place, State, StateError, StateStore};

use super::{FAILED, LOCKED, WRONG};
use crate::args;
use crate::output::{say, say_error, say_help};
use crate::world;

/// A deployment.
pub struct Found {
    /// Where its state is.
    pub place: Place,
    /// Its program, where that follows from the place.
    pub program: Option<String>,
}

/// The deployment that is meant, whose state, if it was named, is there; `Err` is the exit code, and why is said.
pub fn find(place: &args::Place) -> Result<Found, u8> {
    let found = named(place)?;
    if let Some(given) = &place.state
        && !StateStore::is_at(&found.place).map_err(|error| refused(&error))?
    {
        say_error(codes::E0922, &format!("there is no state at `{}`", found.place.text()));
        let others = states_near(&found.place);
        let near = similar::nearest(given.trim_end_matches('/'), others.iter().map(String::as_str));
        match (near, others.as_slice()) {
            (Some(near), _) => say_help(&format!("did you mean `{near}`?")),
            (None, []) => say_help("the first `scope run FILE --state PLACE` makes one"),
            (None, others) => say_help(&format!("there is one at {}", others.join(", "))),
        }
        return Err(WRONG);
    }
    Ok(found)
}

/// The deployment that is meant, which may have no state yet.
fn named(place: &args::Place) -> Result<Found, u8> {
    if let Some(program) = &place.program {
        let found = of_program(program, place.state.as_deref())?;
        // A program that is gone may have left its state.
        let is_nowhere = matches!(&found, Place::Folder(folder) if !folder.join("state.json").is_file());
        if is_nowhere && !Path::new(program).is_file() {
            say_error(codes::E0922, &format!("there is no `{program}`, and no state of it"));
            say_help("without a program, the one that was run here is meant");
            return Err(WRONG);
        }
        return Ok(Found { place: found, program: Some(program.clone()) });
    }
    if let Some(state) = &place.state {
        if holds_many(state) {
            say_error(codes::E0922, &format!("`{state}` holds the states of many programs"));
            say_help(&format!("say which one is meant: `--program FILE --state {}`", shell::word(state)));
            return Err(WRONG);
        }
        let place = state::Place::of(state, None).map_err(|error| refused(&error))?;
        return Ok(Found { place, program: None });
    }
    let mut here = states();
    // Nothing was run from here yet, and perhaps by others at a place that is shared.
    let mut elsewhere = if here.is_empty() { kept_elsewhere() } else { Vec::new() };
    match here.len() {
        1 => {
            let place = here.remove(0);
            let program = program_of(&place);
            Ok(Found { place, program })
        }
        0 if elsewhere.len() == 1 => Ok(elsewhere.remove(0)),
        0 if !elsewhere.is_empty() => {
            let programs: Vec<String> = elsewhere.into_iter().filter_map(|found| found.program).collect();
            let named = programs.join(", ");
            say_error(
                codes::E0922,
                &format!("{} programs here have a shared state: {named}", programs.len()),
            );
            say_help(&format!("`--program {}`", shell::word(&programs[0])));
            Err(WRONG)
        }
        0 => {
            say_error(codes::E0922, "no program was run here: there is no `.scope` folder");
            say_help("`--program FILE` or `--state PLACE` says which deployment is meant");
            Err(WRONG)
        }
        several => {
            let programs: Vec<String> =
                here.iter().map(|place| program_of(place).unwrap_or_else(|| place.text())).collect();
            say_error(
                codes::E0922,
                &format!("{several} programs have a state here: {}", programs.join(", ")),
            );
            say_help(&format!("`--program {}`", programs[0]));
            Err(WRONG)
        }
    }
}

/// Whether a shared place has a document for each program: `s3://team/states/?region=eu-west-3`.
fn holds_many(state: &str) -> bool {
    state.contains("://") && state.split('?').next().is_some_and(|path| path.ends_with('/'))
}

/// The same where nothing was run yet: the program that is named, or the one program here that has the site.
pub fn find_with_site(place: &args::Place, site: &str) -> Result<Found, u8> {
    if place.program.is_some() {
        return named(place);
    }
    if place.state.is_some() || !states().is_empty() {
        return find(place);
    }
    let mut programs = programs_with(|known| known == site);
    match programs.len() {
        0 => {
            say_error(codes::E0922, &format!("no program was run here, and none here has a site `{site}`"));
            say_help("`--program FILE` or `--state PLACE` says which deployment is meant");
            Err(WRONG)
        }
        1 => {
            let program = programs.remove(0);
            let place = of_program(&program, None)?;
            Ok(Found { place, program: Some(program) })
        }
        several => {
            let named = programs.join(", ");
            say_error(codes::E0922, &format!("{several} programs here have a site `{site}`: {named}"));
            say_help(&format!("`--program {}`", programs[0]));
            Err(WRONG)
        }
    }
}

/// The programs here whose state is at a shared place.
fn kept_elsewhere() -> Vec<Found> {
    // What is not said for this folder is said for none of them.
    let is_shared = |file: &str| matches!(world::state_place(file, None), Ok(Place::Shared(_)));
    if !is_shared("program.scope") {
        return Vec::new();
    }
    let programs = programs_with(|_| true).into_iter();
    let found = programs.filter_map(|program| {
        let place = world::state_place(&program, None).ok()?;
        Some(Found { place, program: Some(program) })
    });
    let mut found: Vec<Found> = found.collect();
    // A place that is not for many is one state, whichever program is kept there.
    if found.len() > 1 && found.iter().all(|other| other.place.text() == found[0].place.text()) {
        found.truncate(1);
        found[0].program = None;
    }
    found
}

/// The files here that make something, and have such a site.
fn programs_with(is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(".").into_iter().flatten().flatten();
    let mut files: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    files.retain(|file| file.ends_with(".scope") && Path::new(file).is_file());
    files.sort();
    files.retain(|file| {
        let program = scope_compiler::compile_sites(
            &world::Disk,
            file,
            &scope_compiler::Options { simulate: true, ..Default::default() },
        )
        .program;
        let is_making = !program.resources.is_empty() || !program.sequences.is_empty();
        is_making && program.sites.iter().any(|known| is_meant(&known.name))
    });
    files
}

/// The state as it is now, without the lock; `Err` is the exit code.
pub fn peek(place: &Place) -> Result<State, u8> {
    StateStore::peek_at(place).map_err(|error| refused(&error))
}

/// Where a program's state is; `Err` is the exit code, and why is said.
pub fn of_program(program: &str, given: Option<&str>) -> Result<Place, u8> {
    world::state_place(program, given).map_err(|failure| {
        told(&failure);
        WRONG
    })
}

/// What a command is told of where a program's state is, behind a blank: nothing where it finds it by itself.
pub fn words(program: &str, given: Option<&str>) -> String {
    match given {
        // A place for many programs.
        Some(state) if state.ends_with('/') || holds_many(state) => {
            format!(" --program {} --state {}", shell::word(program), shell::word(state))
        }
        Some(state) => format!(" --state {}", shell::word(state)),
        None if states().len() > 1 => format!(" --program {}", shell::word(program)),
        None => String::new(),
    }
}

/// What is recorded, for a compiler that tells commands about it.
pub fn recorded(state: &State, program: &str, given: Option<&str>) -> Recorded {
    Recorded { told: words(program, given), ..state.recorded() }
}

/// Whether the program has such a site; `Err` is the exit code, and why is said. A program that cannot be read refuses nothing.
pub fn is_declared(site: &str, program: &str) -> Result<(), u8> {
    let Some(names) = sites_of(program).filter(|names| !names.iter().any(|name| name == site)) else {
        return Ok(());
    };
    say_error(codes::E0101, &format!("no site of {program} is called `{site}`"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match similar::nearest(site, names.iter().copied()) {
        Some(near) => say_help(&format!("did you mean `{near}`?")),
        None => say_help(&format!("it has {}", listed(&names))),
    }
    Err(WRONG)
}

/// The names of a program's sites, unless it cannot be read.
pub fn sites_of(program: &str) -> Option<Vec<String>> {
    let options = scope_compiler::Options { simulate: true, ..Default::default() };
    let compilation = scope_compiler::compile_sites(&world::Disk, program, &options);
    let names = compilation.program.sites.iter().map(|site| site.name.clone()).collect();
    (!compilation.has_errors()).then_some(names)
}

/// Says why a state cannot be used; the exit code.
pub fn refused(error: &StateError) -> u8 {
    told(&error.failure());
    match error {
        error if error.is_locked() => LOCKED,
        StateError::Address { .. } => WRONG,
        _ => FAILED,
    }
}

fn told(failure: &Failure) {
    say(&crate::show::failure::of_run(failure));
}

/// The states below the working folder and the folders in it, and those at shared places that were used from here.
fn states() -> Vec<Place> {
    let here = PathBuf::new();
    let mut parents: Vec<PathBuf> = folders(Path::new(".")).into_iter().collect();
    parents.retain(|folder| !folder.ends_with(".scope"));
    parents.push(here);
    let mut folders: Vec<PathBuf> = parents
        .iter()
        .flat_map(|parent| folders(&parent.join(".scope")))
        .map(|folder| folder.strip_prefix(".").map(Path::to_path_buf).unwrap_or(folder))
        .collect();
    folders.sort();
    let state_in = |folder: PathBuf| match folder.join("state.json").is_file() {
        true => Some(Place::Folder(folder)),
        false => Place::of_logs(&folder).or_else(|| has_runs(&folder).then_some(Place::Folder(folder))),
    };
    let states: Vec<Place> = folders.into_iter().filter_map(state_in).collect();
    let texts: Vec<String> = states.iter().map(Place::text).collect();
    // A program whose state was copied left the one before where it was.
    let is_left = |place: &Place| {
        let now = program_of(place).and_then(|program| world::state_place(&program, None).ok());
        now.is_some_and(|now| now.text() != place.text() && texts.contains(&now.text()))
    };
    states.into_iter().filter(|place| !is_left(place)).collect()
}

/// Other states that may be meant: those here, and in the folders beside this one and in it.
fn states_near(place: &Place) -> Vec<String> {
    let mut near: Vec<String> = states().iter().map(Place::text).collect();
    if let Place::Folder(folder) = place {
        let beside =
            folder.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
        let all = beside.into_iter().chain([folder.as_path()]).flat_map(folders);
        let all = all.map(|folder| folder.strip_prefix(".").map(Path::to_path_buf).unwrap_or(folder));
        near.extend(
            all.filter(|folder| folder.join("state.json").is_file())
                .map(|folder| Place::Folder(folder).text()),
        );
    }
    near.sort();
    near.dedup();
    near
}

/// Journals whose state is lost: whoever reads it says so.
fn has_runs(folder: &Path) -> bool {
    std::fs::read_dir(folder.join("runs")).is_ok_and(|mut runs| runs.next().is_some())
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// `examples/.scope/two-clouds` → `examples/two-clouds.scope`, if it is there. Of a shared one, the last run says it.
fn program_of(place: &Place) -> Option<String> {
    let Place::Folder(folder) = place else { return None };
    let parent = folder.parent()?.parent()?;
    let program = parent.join(format!("{}.scope", folder.file_name()?.to_string_lossy()));
    program.is_file().then(|| program.to_string_lossy().into_owned())
}
