//! The order of declarations says nothing: the items of every example, of every program of the reference that is about
//! mistakes and of every page of a code are shuffled, and the same reports come out, each at the same words, and the same
//! plan.
//!
//! What is told once of several places is compared as the set of them. What is declared twice is said of whichever comes second,
//! and an unclosed bracket reaches into what follows: programs about these are left out. Of
//! the reference every third program is taken, each once; `SCOPE_SEEDS=20` takes all of them and shuffles each in twenty ways.

use std::collections::BTreeSet;

use scope_compiler::{Compilation, Options};
use scope_diagnostics::{Span, codes};
use scope_syntax::ast::ItemKind;

use crate::properties::examples;
use crate::support::markdown::Fence;
use crate::support::{reference, world::Memory};

/// Reports that name one of several places by their order, or what stands behind an unclosed bracket.
const OF_AN_ORDER: [&str; 2] = ["E0002", "E0103"];

/// A text whose items stand in another order.
struct Shuffled {
    text: String,
    /// For each item in its new order: where it starts now, where it started, and its length.
    moved: Vec<(usize, usize, usize)>,
}

impl Shuffled {
    /// The place that a place in the new text had.
    fn before(&self, span: Span) -> Option<(usize, usize)> {
        let (start, end) = (span.start as usize, span.end as usize);
        let index = self.moved.partition_point(|(now, _, _)| *now <= start).checked_sub(1)?;
        let (now, before, length) = self.moved[index];
        (start - now <= length && end >= start).then(|| (before + start - now, before + end - now))
    }
}

/// The places of the items, each with the comments before it and the rest of its last line.
fn items(text: &str) -> Vec<(usize, usize)> {
    let file = scope_diagnostics::SourceMap::new().add("main.scope", text);
    let tree = scope_syntax::parse(file, text).module;
    let mut start = 0;
    let mut items = Vec::new();
    for item in &tree.items {
        // What an unreadable item ends with is not told from what the next one starts with.
        if matches!(item.kind, ItemKind::Error { .. }) {
            return Vec::new();
        }
        let from = (item.span.end as usize).max(start);
        let end = text[from..].find('\n').map_or(text.len(), |length| from + length);
        // Several items on a line stay together.
        if from < start || items.last().is_some_and(|(_, last)| (item.span.start as usize) < *last) {
            continue;
        }
        items.push((start, end));
        start = end;
    }
    items
}

fn shuffled(text: &str, seed: u64) -> Option<Shuffled> {
    // Of the same length, so that places stay: the head's documentation would stand in the middle.
    let text = text.replace("//!", "// ");
    let mut items = items(&text);
    if items.len() < 2 {
        return None;
    }
    // Fisher and Yates, with a small generator of our own: the same in every run.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(text.len() as u64) | 1;
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
    let mut shuffled = Shuffled { text: String::new(), moved: Vec::new() };
    for (start, end) in items {
        shuffled.moved.push((shuffled.text.len(), start, end - start));
        shuffled.text.push_str(&text[start..end]);
        shuffled.text.push('\n');
    }
    Some(shuffled)
}

/// Everything that is reported, with places in the text as it was before.
fn reports(compilation: &Compilation, entry: &str, shuffled: Option<&Shuffled>) -> BTreeSet<String> {
    let place = |span: Span| {
        if span.is_dummy() {
            return "nowhere".to_string();
        }
        let path = compilation.sources.get(span.file).path();
        let moved = match shuffled {
            Some(shuffled) if path == entry => shuffled.before(span),
            _ => Some((span.start as usize, span.end as usize)),
        };
        format!("{path} {moved:?}")
    };
    compilation
        .diagnostics
        .iter()
        .map(|report| {
            let mut said = format!(
                "{}[{}] {} at {}: {}",
                report.severity,
                report.code,
                report.message,
                place(report.primary.span),
                report.primary.text
            );
            for label in &report.secondary {
                said += &format!("\n  {} {}", place(label.span), label.text);
            }
            // What is told once of several places is about all of them alike: which one is the first is their order.
            if report.secondary.iter().any(|label| label.text == report.primary.text) {
                let labels = std::iter::once(&report.primary).chain(&report.secondary);
                let mut places: Vec<String> = labels.map(|label| place(label.span)).collect();
                places.sort();
                said = format!("[{}] {} at {}", report.code, report.message, places.join(", "));
            }
            for words in report.notes.iter().chain(&report.help) {
                said += &format!("\n  {}", without_place(words));
            }
            // All of them are made, in whatever order they are listed.
            let edits = report.fix.iter().flat_map(|fix| &fix.edits);
            let mut edits: Vec<String> =
                edits.map(|edit| format!("\n  {} -> {:?}", place(edit.span), edit.replacement)).collect();
            edits.sort();
            said += &edits.concat();
            said
        })
        .collect()
}

/// Words without a place at their end: `did you mean `nantes`? (main.scope:3:6)`.
fn without_place(words: &str) -> &str {
    let is_place = |inside: &str| {
        let mut parts = inside.rsplit(':');
        parts.next().is_some_and(|part| part.parse::<u32>().is_ok()) && parts.next().is_some()
    };
    match words.rsplit_once(" (") {
        Some((before, inside)) if inside.strip_suffix(')').is_some_and(is_place) => before,
        _ => words,
    }
}

/// What a plan does, without the numbers of its steps.
fn effects(compilation: &Compilation) -> Option<BTreeSet<String>> {
    let plan = compilation.plan.as_ref()?;
    let effect = |step: &scope_plan::plan::Step| {
        format!("{} {} at {}", step.key, step.action.verb(), plan.sites[step.site.index()].name)
    };
    Some(plan.steps.iter().map(effect).collect())
}

/// What one shuffling changes, in words.
fn difference(world: &Memory, entry: &str, options: &Options, seed: u64) -> Option<String> {
    let text = String::from_utf8(world.files[entry].clone()).ok()?;
    let shuffled = shuffled(&text, seed)?;
    let first = scope_compiler::compile(world, entry, options);
    if first.diagnostics.iter().any(|report| OF_AN_ORDER.contains(&report.code.as_str())) {
        return None;
    }
    let mut other = world.clone();
    other.files.insert(entry.into(), shuffled.text.clone().into_bytes());
    let second = scope_compiler::compile(&other, entry, options);
    let (before, after) = (reports(&first, entry, None), reports(&second, entry, Some(&shuffled)));
    let mut words = String::new();
    for gone in before.difference(&after) {
        words += &format!("\ngone: {gone}");
    }
    for new in after.difference(&before) {
        words += &format!("\nnew:  {new}");
    }
    if effects(&first) != effects(&second) {
        words += "\nthe plans differ";
    }
    (!words.is_empty()).then(|| format!("{words}\nin\n{}", shuffled.text))
}

fn asked_seeds() -> Option<u64> {
    std::env::var("SCOPE_SEEDS").ok().and_then(|text| text.parse().ok())
}

fn check(name: &str, programs: Vec<(String, Memory, String, Options)>) {
    let mut failures = String::new();
    let mut n_shuffled = 0;
    for (title, world, entry, options) in &programs {
        for seed in 0..asked_seeds().unwrap_or(1) {
            n_shuffled += 1;
            if let Some(words) = difference(world, entry, options, seed) {
                failures += &format!("── {title}, seed {seed}{words}\n");
            }
        }
    }
    println!("{n_shuffled} orders of {} {name}", programs.len());
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn of_the_examples() {
    let (world, names) = examples();
    let options = Options { simulate: true, ..Options::default() };
    let programs = names.into_iter().map(|name| (name.clone(), world.clone(), name, options.clone()));
    check("examples", programs.collect());
}

#[test]
fn of_the_pages_of_codes() {
    let failing = codes::all().flat_map(|code| code.page().failing.into_iter().map(move |page| (code, page)));
    let programs =
        failing.filter(|(_, example)| !example.run && example.files.len() == 1).map(|(code, example)| {
            let world = Memory::default().with("main.scope", &example.files[0].text);
            let options = Options { lint: code.as_str().starts_with('W'), ..Options::default() };
            (code.to_string(), world, "main.scope".to_string(), options)
        });
    check("pages", programs.collect());
}

#[test]
fn of_the_reference() {
    let is_of_mistakes = |fence: &Fence| match fence.info.as_str() {
        "diagnostics" | "lint" => true,
        "scope" => fence.text.contains("// error:") || fence.text.contains("// warning:"),
        _ => false,
    };
    let options = Options { lint: true, ..Options::default() };
    let programs: Vec<_> = reference::programs()
        .into_iter()
        .filter(|program| program.fences.iter().any(is_of_mistakes))
        .map(|program| (program.title, program.world, program.entry, options.clone()))
        .collect();
    let step = if asked_seeds().is_some() { 1 } else { 3 };
    check("programs of the reference", programs.into_iter().step_by(step).collect());
}
