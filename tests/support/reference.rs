//! The programs of the reference (`tests/spec/`), one for each heading that has one, with the files beside it.

use super::markdown::{Fence, sections};
use super::root;
use super::world::Memory;

/// The program under one heading.
pub struct Program {
    /// `31-driver-parts:60 Parts`
    pub title: String,
    pub world: Memory,
    /// The file that is compiled.
    pub entry: String,
    /// Everything under the heading.
    pub fences: Vec<Fence>,
}

/// All of them, in the order of the documents.
pub fn programs() -> Vec<Program> {
    let folder = std::fs::read_dir(root().join("tests/spec")).expect("the reference is there");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    let mut programs = Vec::new();
    for path in paths {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let document = std::fs::read_to_string(&path).expect("UTF-8");
        let all = sections(&document);
        // What stands below the document's title is in every one of its programs.
        let shared = all.first().map(|title| title.fences.clone()).unwrap_or_default();
        for section in all {
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
            let title = format!("{stem}:{} {}", section.line, section.name);
            programs.extend(entry.map(|entry| Program { title, world, entry, fences: section.fences }));
        }
    }
    programs
}
