//! Properties of compiling, over every program of `examples/` and of the pages of codes.
//!
//! Diagnostics and plans do not depend on the order of declarations; whatever is done to the tokens of a program, compiling
//! it never panics, and a program without errors has a plan that verifies.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scope_compiler::{Compilation, Options};
use scope_diagnostics::codes;
use scope_syntax::ast::ItemKind;

use crate::support::{root, world::Memory};

/// The examples, as a world that holds all of them.
fn examples() -> (Memory, Vec<String>) {
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

/// The text of each item, with the comments before it.
fn items(text: &str) -> Vec<String> {
    let file = scope_diagnostics::SourceMap::new().add("main.scope", text);
    let tree = scope_syntax::parse(file, text).module;
    let mut start = 0;
    let mut items = Vec::new();
    for item in &tree.items {
        // What an unreadable item ends with is not told from what the next one starts with.
        if matches!(item.kind, ItemKind::Error { .. }) {
            return Vec::new();
        }
        // To the end of the line: a comment behind an item goes with it.
        let from = (item.span.end as usize).max(start);
        let end = text[from..].find('\n').map_or(text.len(), |length| from + length);
        items.push(text[start..end].replace("//!", "//"));
        start = end;
    }
    items
}

/// What was reported, as text, without places.
fn reports(compilation: &Compilation) -> Vec<String> {
    let mut reports: Vec<String> = compilation
        .diagnostics
        .iter()
        .map(|report| {
            let word = compilation.sources.snippet(report.primary.span);
            format!("{} {} at {word}", report.code, report.message)
        })
        .collect();
    reports.sort();
    reports
}

/// What a plan does, without the numbers of its steps.
fn effects(compilation: &Compilation) -> Option<BTreeSet<String>> {
    let plan = compilation.plan.as_ref()?;
    Some(
        plan.steps
            .iter()
            .map(|step| {
                format!("{} {} at {}", step.key, step.action.verb(), plan.sites[step.site.index()].name)
            })
            .collect(),
    )
}

fn shuffled(text: &str, keys: &[u32]) -> Option<String> {
    let items = items(text);
    if items.len() < 2 {
        return None;
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|index| keys[index % keys.len()].rotate_left(*index as u32));
    Some(order.iter().map(|index| items[*index].as_str()).collect::<Vec<_>>().join("\n"))
}

/// Programs with mistakes: the pages' failing examples of one file. What is declared twice, and where a circle is
/// entered, are said of whichever comes second.
fn mistakes() -> Vec<String> {
    codes::all()
        .filter(|code| !matches!(code.as_str(), "E0103" | "E0112"))
        .flat_map(|code| code.page().failing)
        .filter(|example| !example.run && example.files.len() == 1)
        .map(|example| example.files[0].text.clone())
        .collect()
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
    fn the_order_of_items_says_nothing(which in any::<prop::sample::Index>(), keys in prop::collection::vec(any::<u32>(), 16)) {
        let (mut world, names) = examples();
        let name = which.get(&names);
        let text = String::from_utf8(world.files[name].clone()).expect("UTF-8");
        if let Some(other) = shuffled(&text, &keys) {
            let first = compile(&world, name);
            world.files.insert(name.clone(), other.clone().into_bytes());
            let second = compile(&world, name);
            prop_assert_eq!(reports(&first), reports(&second), "{}", other);
            prop_assert_eq!(effects(&first), effects(&second), "{}", other);
        }
    }

    #[test]
    fn the_order_of_items_says_nothing_of_mistakes(which in any::<prop::sample::Index>(), keys in prop::collection::vec(any::<u32>(), 16)) {
        let programs = mistakes();
        let text = which.get(&programs);
        if let Some(other) = shuffled(text, &keys) {
            let first = compile(&Memory::default().with("main.scope", text), "main.scope");
            let second = compile(&Memory::default().with("main.scope", &other), "main.scope");
            prop_assert_eq!(reports(&first), reports(&second), "{}", other);
        }
    }

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
