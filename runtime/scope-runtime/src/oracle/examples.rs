//! The programs of `examples/`, compiled; each that makes something.

use std::path::{Path, PathBuf};

use scope_compiler::{FileDigest, Options, ReadError};
use scope_plan::plan::Plan;

use crate::state::StateStore;

/// The folder, and the standard library.
struct Examples {
    folder: PathBuf,
}

impl scope_compiler::World for Examples {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match path.strip_prefix("std:") {
            Some(module) => {
                scope_stdlib::module(module).map(|text| text.as_bytes().to_vec()).ok_or(ReadError::NotFound)
            }
            None => std::fs::read(self.folder.join(path)).map_err(|_| ReadError::NotFound),
        }
    }

    fn digest(&self, path: &str) -> Result<FileDigest, ReadError> {
        let bytes = self.read(path)?;
        Ok(FileDigest { size: bytes.len() as u64, sha256: scope_plan::digest::sha256_hex(&bytes) })
    }

    fn library(&self) -> Vec<String> {
        scope_stdlib::modules().map(str::to_string).collect()
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}

/// Name and optimised plan of each example.
pub(super) fn plans() -> Vec<(String, Plan)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let entries = std::fs::read_dir(&folder).expect("the examples are there");
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".scope")).collect();
    names.sort();
    let world = Examples { folder };
    let options = Options { simulate: true, ..Options::default() };
    let plans = names.into_iter().filter_map(|name| {
        let plan = scope_compiler::compile(&world, &name, &options).plan?;
        (!plan.steps.is_empty()).then_some((name, plan))
    });
    let plans: Vec<(String, Plan)> = plans.collect();
    assert!(plans.len() > 5, "examples compile");
    plans
}

/// The plan as compiling it again with what is recorded would make it.
pub(super) fn with_recorded(plan: &Plan, state: &StateStore) -> Plan {
    let mut plan = plan.clone();
    recall(&mut plan, state);
    plan
}

/// The same, in place.
pub(super) fn recall(plan: &mut Plan, state: &StateStore) {
    let recorded = state.recorded();
    for choice in &mut plan.choices {
        choice.recorded = recorded.choices.get(&choice.key).copied();
    }
}
