//! The programs that mistakes are made in: the examples and every program of the reference that has nothing to report.

use scope_compiler::{Compilation, Options};

use crate::properties::examples;
use crate::support::markdown::sections;
use crate::support::{root, world::Memory};

/// A program that is right.
pub(crate) struct Program {
    pub title: String,
    pub world: Memory,
    /// The file that mistakes are made in, which is compiled.
    pub entry: String,
}

impl Program {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.world.files[&self.entry]).expect("programs are UTF-8")
    }

    /// What compiling it gives, as `scope check` does, with this text.
    pub fn compile(&self, text: &str) -> Compilation {
        let mut world = self.world.clone();
        world.files.insert(self.entry.clone(), text.as_bytes().to_vec());
        let options = Options { simulate: true, ..Options::default() };
        scope_compiler::compile(&world, &self.entry, &options)
    }
}

/// The examples.
pub(crate) fn of_the_examples() -> Vec<Program> {
    let (world, names) = examples();
    let program = |name: String| Program { title: name.clone(), world: world.clone(), entry: name };
    names.into_iter().map(program).collect()
}

/// The programs of the reference, without what its titles have in common.
pub(crate) fn of_the_reference() -> Vec<Program> {
    let mut programs = Vec::new();
    let folder = std::fs::read_dir(root().join("tests/spec")).expect("the reference is there");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    for path in paths {
        let document = std::fs::read_to_string(&path).expect("UTF-8");
        let all = sections(&document);
        let shared = all.first().map(|title| title.fences.clone()).unwrap_or_default();
        for section in &all {
            let mut world = Memory::default();
            let mut entry = None;
            for fence in shared.iter().filter(|fence| fence.path.is_some()).chain(&section.fences) {
                if matches!(fence.info.as_str(), "scope" | "data") {
                    let name = fence.path.clone().unwrap_or_else(|| "main.scope".into());
                    if fence.info == "scope" && (name == "main.scope" || entry.is_none()) {
                        entry = Some(name.clone());
                    }
                    world.files.insert(name, fence.text.clone().into_bytes());
                }
            }
            let Some(entry) = entry else { continue };
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            programs.push(Program { title: format!("{stem}:{}", section.line), world, entry });
        }
    }
    programs.dedup_by(|later, earlier| later.text() == earlier.text());
    programs
}
