//! Finds the state that a command means: the one named, else the only one that is here.
//!
//! `examples/.scope/two-clouds/` is here → that one, and its program `examples/two-clouds.scope`.

use std::path::{Path, PathBuf};

use scope_runtime::state::{State, StateError, StateStore};

use super::{FAILED, LOCKED, WRONG};
use crate::args;
use crate::output::note;
use crate::world;

/// A deployment on this machine.
pub struct Found {
    /// The folder of its state.
    pub folder: PathBuf,
    /// Its program, where that follows from the folder.
    pub program: Option<String>,
}

/// The deployment that is meant; `Err` is the exit code, and why is said.
pub fn find(place: &args::Place) -> Result<Found, u8> {
    if let Some(state) = &place.state {
        return Ok(Found { folder: state.into(), program: place.program.clone() });
    }
    if let Some(program) = &place.program {
        let folder = world::state_folder(program, None);
        return Ok(Found { folder, program: Some(program.clone()) });
    }
    let mut here = states();
    match here.len() {
        1 => {
            let folder = here.remove(0);
            let program = program_of(&folder);
            Ok(Found { folder, program })
        }
        0 => {
            note("error[E0922]: no program was run here: there is no `.scope` folder");
            note("help: `--program FILE` or `--state FOLDER` says which deployment is meant");
            Err(WRONG)
        }
        several => {
            let programs: Vec<String> = here
                .iter()
                .map(|folder| program_of(folder).unwrap_or_else(|| folder.display().to_string()))
                .collect();
            note(&format!("error[E0922]: {several} programs have a state here: {}", programs.join(", ")));
            note(&format!("help: `--program {}`", programs[0]));
            Err(WRONG)
        }
    }
}

/// The state as it is now, without the lock; `Err` is the exit code.
pub fn peek(folder: &Path) -> Result<State, u8> {
    StateStore::peek(folder).map_err(|error| refused(&error))
}

/// Says why a state cannot be used; the exit code.
pub fn refused(error: &StateError) -> u8 {
    let failure = error.failure();
    note(&format!("error[{}]: {}", failure.code, failure.message));
    for help in &failure.help {
        note(&format!("help: {help}"));
    }
    if matches!(error, StateError::Locked { .. }) { LOCKED } else { FAILED }
}

/// The states below the working folder and the folders in it.
fn states() -> Vec<PathBuf> {
    let here = PathBuf::new();
    let mut parents: Vec<PathBuf> = folders(Path::new(".")).into_iter().collect();
    parents.retain(|folder| !folder.ends_with(".scope"));
    parents.push(here);
    let mut states: Vec<PathBuf> = parents
        .iter()
        .flat_map(|parent| folders(&parent.join(".scope")))
        .filter(|folder| folder.join("state.json").is_file())
        .map(|folder| folder.strip_prefix(".").map(Path::to_path_buf).unwrap_or(folder))
        .collect();
    states.sort();
    states
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// `examples/.scope/two-clouds` → `examples/two-clouds.scope`, if it is there.
fn program_of(folder: &Path) -> Option<String> {
    let parent = folder.parent()?.parent()?;
    let program = parent.join(format!("{}.scope", folder.file_name()?.to_string_lossy()));
    program.is_file().then(|| program.to_string_lossy().into_owned())
}
