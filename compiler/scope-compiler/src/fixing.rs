//! Fixing: the edits of reports, applied to the texts they are in.
//!
//! Comes in: a program. Goes out: the texts that change. A fix is applied as a whole or not at all: not if one of its
//! edits overlaps one that was applied before, not in the standard library or in what is no `.scope` file. Texts that
//! could no longer be read, or a program with an error that it did not have, throw the fixes away: then they are tried
//! one by one.
//!
//! `scope { image: "CloudTwo" }` → `scope { image: CloudTwo }`

use std::collections::{BTreeMap, BTreeSet};

use scope_diagnostics::{Diagnostic, FileId, Fix, SourceMap};

use crate::{Compilation, Options, Over, World, compile};

/// What fixing a program gives.
#[derive(Debug, Default)]
pub struct Fixed {
    /// Path → new text.
    pub texts: BTreeMap<String, String>,
    /// What was done: path, line and title of each fix, in order.
    pub applied: Vec<(String, u32, String)>,
    /// How many fixes were left out: they overlap others, or what they gave would not compile.
    pub left_out: usize,
}

/// At most this many times is a program fixed again because fixes overlapped: a bound, not a target.
const ROUNDS: usize = 8;

/// Applies what is safe, again until nothing changes. Nothing is written.
pub fn fix(world: &dyn World, entry: &str, options: &Options) -> Fixed {
    let mut fixed = Fixed::default();
    for _ in 0..ROUNDS {
        let over = Over { world, texts: &fixed.texts };
        let compilation = compile(&over, entry, options);
        let (accepted, left_out) = round(&over, entry, options, &compilation);
        fixed.left_out = left_out;
        if accepted.is_empty() {
            break;
        }
        let texts = applied(&compilation.sources, &accepted);
        for fix in &accepted {
            let span = fix.edits[0].span;
            let path = compilation.sources.get(span.file).path().to_string();
            fixed.applied.push((path, compilation.sources.line_column(span).line, fix.title.clone()));
        }
        fixed.texts.extend(texts);
    }
    fixed
}

/// The fixes of one compilation that are safe together, and how many are not.
fn round<'c>(
    world: &Over<'_>,
    entry: &str,
    options: &Options,
    compilation: &'c Compilation,
) -> (Vec<&'c Fix>, usize) {
    let candidates: Vec<&Fix> =
        compilation.diagnostics.iter().filter_map(|report| report.fix.as_ref()).collect();
    let accepted = safe(world, entry, options, compilation, &candidates, &|_, _| true);
    let left_out = candidates.len() - accepted.len();
    (accepted, left_out)
}

/// Of these changes to a program those that are safe together, and give a program that `is_wanted`: all that can be, from the
/// first on.
pub(crate) fn safe<'c>(
    world: &dyn World,
    entry: &str,
    options: &Options,
    compilation: &Compilation,
    candidates: &[&'c Fix],
    is_wanted: &dyn Fn(&[&Fix], &Compilation) -> bool,
) -> Vec<&'c Fix> {
    let chosen = without_overlaps(&compilation.sources, candidates);
    let before = errors(compilation);
    let is_safe = |fixes: &[&Fix]| {
        let texts = applied(&compilation.sources, fixes);
        let after = compile(&Over { world, texts: &texts }, entry, options);
        errors(&after).iter().all(|(error, count)| before.get(error).is_some_and(|had| had >= count))
            && is_wanted(fixes, &after)
    };
    if chosen.is_empty() || is_safe(&chosen) {
        return chosen;
    }
    let mut accepted: Vec<&Fix> = Vec::new();
    for fix in chosen {
        accepted.push(fix);
        if !is_safe(&accepted) {
            accepted.pop();
        }
    }
    accepted
}

/// A file that a person wrote in the language.
pub(crate) fn is_of_program(path: &str) -> bool {
    path.ends_with(".scope") && !path.starts_with("std:")
}

/// Errors by code and message, with how many there are: places move. One that was not told, as it may have followed from
/// another, was there.
fn errors(compilation: &Compilation) -> BTreeMap<(&'static str, &str), usize> {
    let mut errors = BTreeMap::new();
    let all = compilation.diagnostics.iter().chain(&compilation.left_out);
    for report in all.filter(|report| Diagnostic::is_error(report)) {
        *errors.entry((report.code.as_str(), report.message.as_str())).or_insert(0) += 1;
    }
    errors
}

/// The fixes whose edits lie in files of the program and touch no edit of one before. The same edit twice is one.
fn without_overlaps<'c>(sources: &SourceMap, fixes: &[&'c Fix]) -> Vec<&'c Fix> {
    let mut taken: BTreeMap<FileId, BTreeSet<(u32, u32)>> = BTreeMap::new();
    let mut chosen = Vec::new();
    for fix in fixes {
        let is_ours = !fix.edits.is_empty()
            && fix
                .edits
                .iter()
                .all(|edit| sources.try_get(edit.span.file).is_some_and(|file| is_of_program(file.path())));
        let overlaps = fix.edits.iter().any(|edit| {
            let (start, end) = (edit.span.start, edit.span.end);
            let Some(taken) = taken.get(&edit.span.file) else { return false };
            let before = taken.range(..(end, u32::MAX)).next_back();
            before.is_some_and(|(from, to)| {
                *to > start || (*from, *to) == (start, end) || *from == end && end > start
            })
        });
        if is_ours && !overlaps {
            for edit in &fix.edits {
                taken.entry(edit.span.file).or_default().insert((edit.span.start, edit.span.end));
            }
            chosen.push(*fix);
        }
    }
    chosen
}

/// The texts with these edits.
pub(crate) fn applied(sources: &SourceMap, fixes: &[&Fix]) -> BTreeMap<String, String> {
    let mut edits: BTreeMap<FileId, Vec<(u32, u32, &str)>> = BTreeMap::new();
    for edit in fixes.iter().flat_map(|fix| &fix.edits) {
        edits.entry(edit.span.file).or_default().push((edit.span.start, edit.span.end, &edit.replacement));
    }
    edits
        .into_iter()
        .map(|(file, mut edits)| {
            edits.sort();
            let file = sources.get(file);
            let mut text = String::new();
            let mut copied = 0;
            for (start, end, replacement) in edits {
                text.push_str(&file.text()[copied..start as usize]);
                text.push_str(replacement);
                copied = end as usize;
            }
            text.push_str(&file.text()[copied..]);
            (file.path().to_string(), text)
        })
        .collect()
}
