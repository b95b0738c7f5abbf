//! Properties of compiling, over every program of `examples/`: whatever is done to the tokens of a program, compiling it
//! never panics, and a program without errors has a plan that verifies.

use proptest::prelude::*;
use scope_compiler::{Compilation, Options};

use crate::support::{root, world::Memory};

/// The examples, as a world that holds all of them.
pub(crate) fn examples() -> (Memory, Vec<String>) {
    let mut world = Memory::default();
    let mut names = Vec::new();
    let folder = root().join("examples");
    for entry in std::fs::read_dir(&folder).expect("the examples are there") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        if name.ends_with(".scope") {
            world.files.insert(name.clone(), std::fs::read(&path).expect("readable"));
            names.push(name);
        }
    }
    let image = std::fs::read(folder.join("images/base.raw")).expect("the image is committed");
    world.files.insert("images/base.raw".into(), image);
    names.sort();
    (world, names)
}

fn compile(world: &Memory, entry: &str) -> Compilation {
    scope_compiler::compile(world, entry, &Options { simulate: true, ..Options::default() })
}

/// Words, signs and blanks, none of them lost.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let kind = |letter: char| match letter {
        letter if letter.is_alphanumeric() || letter == '_' => 0,
        letter if letter.is_whitespace() => 1,
        _ => 2,
    };
    let mut before = None;
    for (index, letter) in text.char_indices() {
        let now = kind(letter);
        if before.is_some_and(|before| before != now || now == 2) {
            tokens.push(&text[start..index]);
            start = index;
        }
        before = Some(now);
    }
    tokens.push(&text[start..]);
    tokens
}

/// One token deleted, doubled, misspelt, or exchanged with another one.
fn mutated(text: &str, edits: &[(u32, u8, u32)]) -> String {
    let mut tokens: Vec<String> = tokens(text).into_iter().map(str::to_string).collect();
    for (place, edit, other) in edits {
        let index = *place as usize % tokens.len();
        let other = *other as usize % tokens.len();
        match edit % 4 {
            0 => tokens[index].clear(),
            1 => tokens[index] = tokens[index].repeat(2),
            2 => {
                let mut letters: Vec<char> = tokens[index].chars().collect();
                if letters.len() > 1 {
                    let last = letters.len() - 1;
                    letters.swap(last, last - 1);
                }
                tokens[index] = letters.into_iter().collect();
            }
            _ => tokens.swap(index, other),
        }
    }
    tokens.concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_program_compiles_to_reports_or_a_plan(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec(any::<(u32, u8, u32)>(), 1..4),
    ) {
        let (mut world, names) = examples();
        let name = which.get(&names);
        let text = String::from_utf8(world.files[name].clone()).expect("UTF-8");
        world.files.insert(name.clone(), mutated(&text, &edits).into_bytes());
        let compilation = compile(&world, name);
        prop_assert_eq!(compilation.plan.is_some(), !compilation.has_errors());
        if let Some(plan) = &compilation.plan {
            prop_assert!(scope_plan::verify::verify(plan).is_empty());
        }
    }
}
