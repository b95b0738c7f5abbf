//! The programs that mistakes are made in: the examples and every program of the reference that has nothing to report.

use scope_compiler::{Compilation, Options};

use crate::properties::examples;
use crate::support::{reference, world::Memory};

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

    /// A number of its text: the mistakes that are tried in it stay the same whatever is written before it or elsewhere.
    pub fn number(&self) -> usize {
        self.text().bytes().fold(7, |number, byte| (number * 31 + usize::from(byte)) % 10_007)
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

/// The programs of the reference, each text once.
pub(crate) fn of_the_reference() -> Vec<Program> {
    let of = |program: reference::Program| {
        let (page, section) = program.title.split_once(' ').unwrap_or_default();
        // Without its line: what is written above a program says nothing of it.
        let page = page.split(':').next().unwrap_or_default();
        let title = format!("{page} {}", section.rsplit(" / ").next().unwrap_or_default());
        Program { title, world: program.world, entry: program.entry }
    };
    let mut programs: Vec<Program> = reference::programs().into_iter().map(of).collect();
    programs.dedup_by(|later, earlier| later.text() == earlier.text());
    programs
}
