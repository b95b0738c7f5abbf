//! What a report offers as its fix is right: of every report with edits that a program of the reference, an example or a page of
//! a code gives, they are applied, and then the report is gone and the text no worse read than before.

use std::collections::BTreeMap;
use std::ops::Range;

use scope_compiler::{Compilation, Options};
use scope_diagnostics::{Diagnostic, Fix, codes};

use crate::single_mistakes::programs::{self, Program};
use crate::support::world::Memory;

/// The examples of the pages that are one file, failing and fixed.
fn of_the_pages() -> Vec<Program> {
    let examples = codes::all().flat_map(|code| {
        let page = code.page();
        page.failing.into_iter().chain(page.fixed).map(move |example| (code, example))
    });
    examples
        .filter(|(_, example)| !example.run)
        .map(|(code, example)| {
            let mut world = Memory::default();
            for file in &example.files {
                world = world.with(&file.path, &file.text);
            }
            Program { title: code.to_string(), world, entry: example.files[0].path.clone() }
        })
        .collect()
}

fn compile(program: &Program, world: &Memory) -> Compilation {
    scope_compiler::compile(world, &program.entry, &Options { lint: true, ..Options::default() })
}

/// How often a report of this code and these words is given, in all of its places.
fn times(compilation: &Compilation, report: &Diagnostic) -> usize {
    let same = |other: &&Diagnostic| other.code == report.code && other.message == report.message;
    compilation.diagnostics.iter().filter(same).map(|report| 1 + report.secondary.len()).sum()
}

/// Mistakes of the text itself.
fn unread(compilation: &Compilation) -> usize {
    compilation.diagnostics.iter().filter(|report| report.code.as_str().starts_with("E00")).count()
}

/// The files with the edits of a fix; `None` where one of them lies in a file that nobody wrote, as the standard library.
fn fixed(compilation: &Compilation, world: &Memory, fix: &Fix) -> Option<Memory> {
    let mut edits: BTreeMap<&str, Vec<(Range<usize>, &str)>> = BTreeMap::new();
    for edit in &fix.edits {
        let path = compilation.sources.try_get(edit.span.file)?.path();
        edits.entry(path).or_default().push((edit.span.range(), &edit.replacement));
    }
    let mut world = world.clone();
    for (path, mut edits) in edits {
        edits.sort_by_key(|(place, _)| std::cmp::Reverse((place.start, place.end)));
        let mut text = String::from_utf8(world.files.get(path)?.clone()).ok()?;
        for (place, replacement) in edits {
            text.replace_range(place, replacement);
        }
        world.files.insert(path.into(), text.into_bytes());
    }
    Some(world)
}

#[test]
fn remove_what_they_are_offered_for() {
    let mut programs = programs::of_the_examples();
    programs.extend(programs::of_the_reference());
    programs.extend(of_the_pages());
    let mut n_fixes = 0;
    let mut failures = Vec::new();
    for program in &programs {
        let compilation = compile(program, &program.world);
        for report in &compilation.diagnostics {
            let Some(fix) = &report.fix else { continue };
            let Some(world) = fixed(&compilation, &program.world, fix) else { continue };
            n_fixes += 1;
            let after = compile(program, &world);
            let is_there = times(&after, report) >= times(&compilation, report);
            if is_there || unread(&after) > unread(&compilation) {
                let said = |compilation: &Compilation| {
                    scope_diagnostics::render::short(&compilation.diagnostics, &compilation.sources)
                };
                failures.push(format!(
                    "── {}: [{}] {}: {}\nbefore:\n{}after:\n{}",
                    program.title,
                    report.code,
                    report.message,
                    fix.title,
                    said(&compilation),
                    said(&after)
                ));
            }
        }
    }
    println!("{n_fixes} fixes");
    assert!(n_fixes > 150, "only {n_fixes}");
    assert!(failures.is_empty(), "{} of {n_fixes} fixes:\n{}", failures.len(), failures.join("\n"));
}
