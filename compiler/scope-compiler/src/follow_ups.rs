//! Follow-up reports left out: what analysis says only because the text of an item, or a file, could not be read.
//!
//! Comes in: the reports of reading and those of analysing. Goes out: the second, without what may follow from the first.
//! An item of which a part could not be read is *broken*, and so is one that uses what such an item declares: of these,
//! only words that are plainly misspelt are reported. `param n: int 3` → the report for the missing `=`, and not also that
//! `n` has no value. A name that nothing declares but that stands in a broken item is declared there. Where an import could
//! not be read, names that nothing declares may have come from it: `import "./sitse.scope"` → the report for the import only.

use std::collections::{BTreeSet, HashMap};

use scope_analysis::{Module, Modules, NameKind, Use};
use scope_diagnostics::{Code, Diagnostic, FileId, SourceMap, Span, codes, similar};
use scope_syntax::ITEM_WORDS;
use scope_syntax::ast::{ImportSource, Item, ItemKind};

/// Reports of analysis that say of an item that it is none.
const NO_ITEM: [Code; 2] = [codes::E0010, codes::E0213];

/// Reports of brackets and quotes, and of lines that stand in no block: where an item ends is not known.
const STRUCTURE: [Code; 4] = [codes::E0002, codes::E0003, codes::E0004, codes::E0010];

/// Reports of sites that are not there; one of any file may be declared in the one that could not be read.
const NO_SITE: [Code; 2] = [codes::E0101, codes::E0105];

/// Reports of names that the same file does not know.
const NO_NAME: [Code; 5] = [codes::E0102, codes::E0207, codes::E0210, codes::E0216, codes::E0853];

/// Reports about what sites have, all of them together: one of which a part is lost may have it.
const OF_SITES: [Code; 7] =
    [codes::E0101, codes::E0105, codes::E0108, codes::E0201, codes::E0212, codes::E0216, codes::E0301];

/// Reports about what a driver has; one in which something is wrong may be meant to have it.
const OF_DRIVER: [Code; 7] =
    [codes::E0202, codes::E0203, codes::E0204, codes::E0207, codes::E0212, codes::E0216, codes::E0336];

/// Reports of a word of a driver that is wrong, and of what a type of it is like: what these would declare is not known.
const OPENS: [Code; 2] = [codes::E0401, codes::E0411];

/// Reports about what other lines of a driver declare; one that has a wrong word may be meant to.
const OF_LINES: [Code; 2] = [codes::E0402, codes::E0404];

/// What was read of a program.
pub(crate) struct Read<'a> {
    pub modules: &'a Modules,
    pub uses: &'a [Use],
    pub sources: &'a SourceMap,
}

/// The reports of analysis that say something of their own, and those that may follow from another one.
pub(crate) fn told_apart(
    syntax: &[Diagnostic],
    analysis: Vec<Diagnostic>,
    read: &Read<'_>,
) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let mut left_out = Vec::new();
    let kept = without_follow_ups(syntax, analysis, read, &mut left_out);
    (kept, left_out)
}

/// Keeps the reports that `follows` does not hold of; the others go to those left out.
fn part(
    reports: Vec<Diagnostic>,
    left_out: &mut Vec<Diagnostic>,
    follows: impl Fn(&Diagnostic) -> bool,
) -> Vec<Diagnostic> {
    let (follow_ups, kept): (Vec<_>, Vec<_>) = reports.into_iter().partition(|report| follows(report));
    left_out.extend(follow_ups);
    kept
}

fn without_follow_ups(
    syntax: &[Diagnostic],
    analysis: Vec<Diagnostic>,
    read: &Read<'_>,
    left_out: &mut Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let no_items = analysis.iter().filter(|report| NO_ITEM.contains(&report.code));
    let no_items = Spans::new(no_items.map(|report| report.primary.span).collect());
    let analysis = without_unread(analysis, &no_items, read, left_out);
    let analysis = without_driver(analysis, read, left_out);
    let analysis = without_library(analysis, read, left_out);
    let analysis = without_entry(analysis, read, left_out);
    let reported = Spans::new(
        syntax
            .iter()
            .filter(|report| report.is_error())
            .flat_map(|report| {
                std::iter::once(report.primary.span).chain(report.secondary.iter().map(|label| label.span))
            })
            .filter(|span| !span.is_dummy())
            .collect(),
    );
    if reported.spans.is_empty() && no_items.spans.is_empty() {
        return analysis;
    }
    let broken = Broken::new(syntax, &reported, &no_items, read);
    part(analysis, left_out, |report| reported.overlap(report.primary.span) || broken.explains(report))
}

/// The items of which a part could not be read, and those that use them.
struct Broken<'a> {
    sources: &'a SourceMap,
    /// File and line, from 0, of what could not be read.
    lines: BTreeSet<(FileId, usize)>,
    /// Where they stand.
    items: Spans,
    /// Where the former stand, and the words in them.
    of_words: Spans,
    words: BTreeSet<&'a str>,
    /// The words in those that are drivers.
    of_drivers: BTreeSet<&'a str>,
    /// Whether one of them is a site, or declares several.
    is_of_sites: bool,
    /// What is done step by step, with a step that could not be read.
    of_steps: Spans,
}

impl<'a> Broken<'a> {
    fn new(syntax: &[Diagnostic], reported: &Spans, no_items: &Spans, read: &Read<'a>) -> Broken<'a> {
        let mut items: Vec<&Item> =
            read.modules.modules.iter().flat_map(|module| &module.tree.items).collect();
        items.sort_by_key(|item| (item.span.file, item.span.start));
        let text_of = |place: Span| {
            let text = read.sources.get(place.file).text();
            text.get(place.start as usize..text.len().min(place.end as usize)).unwrap_or_default()
        };
        let brackets = syntax.iter().filter(|report| STRUCTURE.contains(&report.code));
        let brackets = Spans::new(brackets.map(|report| report.primary.span).collect());
        let is_of_steps = |item: &Item| matches!(item.kind, ItemKind::Test(_) | ItemKind::Sequence(_));
        let with_steps = items.iter().filter(|item| is_of_steps(item) && reported.overlap(item.span));
        let of_steps = Spans::new(with_steps.map(|item| item.span).collect());
        let is_none = |item: &Item| {
            matches!(item.kind, ItemKind::Native(_) | ItemKind::Error { .. }) && no_items.overlap(item.span)
        };
        let mut is_broken: Vec<bool> = (0..items.len())
            .map(|index| {
                let place = territory(&items, index);
                // Of what is done step by step only the step is lost.
                let cause = if is_of_steps(items[index]) { &brackets } else { reported };
                cause.overlap(place) || is_none(items[index])
            })
            .collect();
        // What is left of a block whose brace is missing belongs to the item before it.
        for index in (1..items.len()).rev() {
            is_broken[index - 1] |= is_broken[index] && is_left_over(items[index], read.sources);
        }
        let mut words = BTreeSet::new();
        let mut of_drivers = BTreeSet::new();
        let mut is_of_sites = false;
        let mut places: Vec<Span> = Vec::new();
        for (index, item) in items.iter().enumerate().filter(|(index, _)| is_broken[*index]) {
            let text = text_of(territory(&items, index));
            let first = text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
            is_of_sites |=
                matches!(similar::nearest(first, ITEM_WORDS.iter().copied()), Some("site" | "entry"))
                    || matches!(first, "site" | "entry");
            let all = text.split(|letter: char| !letter.is_alphanumeric() && !"_-".contains(letter));
            if first == "driver" {
                of_drivers.extend(all.clone());
            }
            words.extend(all);
            places.push(item.span);
        }
        let of_words = Spans::new(places);
        let position = |span: Span| {
            let after =
                items.partition_point(|item| (item.span.file, item.span.start) <= (span.file, span.start));
            let index = after.checked_sub(1)?;
            items[index].span.contains(span).then_some(index)
        };
        let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
        for used in read.uses.iter().filter(|used| used.kind != NameKind::Site) {
            if let (Some(user), Some(declared)) = (position(used.span), position(used.definition)) {
                users.entry(declared).or_default().push(user);
            }
        }
        let mut open: Vec<usize> = (0..items.len()).filter(|index| is_broken[*index]).collect();
        while let Some(declared) = open.pop() {
            for user in users.remove(&declared).unwrap_or_default() {
                if !std::mem::replace(&mut is_broken[user], true) {
                    open.push(user);
                }
            }
        }
        let broken = items.iter().zip(is_broken).filter(|(_, is_broken)| *is_broken);
        let items = Spans::new(broken.map(|(item, _)| item.span).collect());
        let unread = syntax.iter().filter(|report| report.is_error());
        let lines = unread.filter_map(|report| line(read.sources, report.primary.span)).collect();
        Broken { sources: read.sources, lines, items, of_words, words, of_drivers, is_of_sites, of_steps }
    }

    /// Whether a report may follow from what could not be read.
    fn explains(&self, report: &Diagnostic) -> bool {
        let span = report.primary.span;
        if span.is_dummy() {
            return false;
        }
        if NO_ITEM.contains(&report.code) {
            // A driver that could not be read may have the command.
            let command = report.message.split('`').nth(1).filter(|_| report.code == codes::E0213);
            return command.is_some_and(|command| self.of_drivers.contains(command));
        }
        // The step that could not be read may be the run.
        if report.code == codes::E0856 && self.of_steps.overlap(span) {
            return true;
        }
        let written = self.sources.try_get(span.file).and_then(|file| file.text().get(span.range()));
        let named = report.message.split('`').nth(1);
        let mut words = written.into_iter().chain(named).map(|word| word.trim_matches('"'));
        let is_declared =
            is_of_a_name(report) && !self.of_words.overlap(span) && words.any(|word| self.declares(word));
        let is_of_sites = self.is_of_sites && OF_SITES.contains(&report.code);
        let is_of_value = report.code == codes::E0101 || report.code == codes::E0102;
        // On a line that could not be read no word means what it seems to.
        let is_unread = line(self.sources, span).is_some_and(|line| self.lines.contains(&line));
        is_declared && is_of_value
            || is_unread && (self.items.overlap(span) || self.of_steps.overlap(span))
            || !is_misspelt(report) && (is_declared || is_of_sites || self.items.overlap(span))
    }
}

impl Broken<'_> {
    /// Whether a name may be declared there; one whose bracket is not there runs into the word behind it.
    fn declares(&self, name: &str) -> bool {
        let first = self.words.range(name..).next();
        !name.is_empty() && first.is_some_and(|word| word.starts_with(name))
    }
}

/// The line on which something starts, from 0.
fn line(sources: &SourceMap, span: Span) -> Option<(FileId, usize)> {
    Some((span.file, sources.try_get(span.file)?.line_index(span.start)))
}

/// The item at this place of those sorted, with what stands between it and the next one.
fn territory(items: &[&Item], index: usize) -> Span {
    let span = items[index].span;
    let next = items.get(index + 1).filter(|next| next.span.file == span.file);
    Span::new(span.file, span.start, next.map_or(u32::MAX, |next| next.span.start))
}

/// Whether an item is none and stands indented, as the entries of a block do.
fn is_left_over(item: &Item, sources: &SourceMap) -> bool {
    let before = &sources.get(item.span.file).text()[..item.span.start as usize];
    matches!(item.kind, ItemKind::Error { .. } | ItemKind::Native(_)) && before.ends_with([' ', '\t'])
}

/// Whether a report is about a name that is nowhere declared.
fn is_of_a_name(report: &Diagnostic) -> bool {
    let is_function = report.code == codes::E0402 && report.message.starts_with("no function");
    is_function || NO_NAME.contains(&report.code) || NO_SITE.contains(&report.code)
}

/// Whether the report knows which word is meant.
fn is_misspelt(report: &Diagnostic) -> bool {
    report.help.iter().any(|help| help.starts_with("did you mean"))
}

/// Without names that a file which could not be read may declare, and without those that are missing with all sites.
fn without_unread(
    analysis: Vec<Diagnostic>,
    no_items: &Spans,
    read: &Read<'_>,
    left_out: &mut Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let modules = &read.modules.modules;
    let has_sites = modules
        .iter()
        .any(|module| module.tree.items.iter().any(|item| matches!(item.kind, ItemKind::Site(_))));
    let is_without_sites = |file: FileId| {
        !has_sites
            && analysis.iter().any(|report| report.code == codes::E0101 && report.primary.span.file == file)
    };
    let is_open = |module: &&Module| {
        is_open(module)
            || imports_by_a_wrong_word(module, no_items, read.sources)
            || imports_without_the_word(module, read.sources)
    };
    let open: Vec<FileId> = modules.iter().filter(is_open).map(|module| module.file).collect();
    let are_sites_open = !open.is_empty();
    let without_sites: Vec<FileId> =
        modules.iter().map(|module| module.file).filter(|file| is_without_sites(*file)).collect();
    let is_of_unread = |report: &Diagnostic| {
        let file = report.primary.span.file;
        let is_of_a_site = NO_SITE.contains(&report.code);
        are_sites_open && is_of_a_site
            || NO_NAME.contains(&report.code) && (open.contains(&file) || without_sites.contains(&file))
            || without_sites.contains(&file) && report.code == codes::E0105
    };
    part(analysis, left_out, |report| !is_misspelt(report) && is_of_unread(report))
}

/// Whether an item whose word means nothing was to be an import: `impotr "./sites.scope"`.
fn imports_by_a_wrong_word(module: &Module, no_items: &Spans, sources: &SourceMap) -> bool {
    let items = module.tree.items.iter().filter(|item| no_items.overlap(item.span));
    let mut words = items.filter_map(|item| {
        let text = sources.get(item.span.file).text().get(item.span.range())?;
        text.split_whitespace().next()
    });
    words.any(|word| similar::nearest(word, ITEM_WORDS.iter().copied()) == Some("import"))
}

/// Whether an item is a text alone: `"./sites.scope"` without `import`.
fn imports_without_the_word(module: &Module, sources: &SourceMap) -> bool {
    module.tree.items.iter().any(|item| {
        let text = sources.get(item.span.file).text().get(item.span.range());
        matches!(item.kind, ItemKind::Error { .. }) && text.is_some_and(|text| text.starts_with('"'))
    })
}

/// Without what a driver lacks in which a word is misspelt, said again where it is used.
fn without_driver(
    analysis: Vec<Diagnostic>,
    read: &Read<'_>,
    left_out: &mut Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let items = read.modules.modules.iter().flat_map(|module| &module.tree.items);
    let drivers = items.filter(|item| matches!(item.kind, ItemKind::Driver(_)));
    let wrong: Vec<(Span, bool)> = drivers
        .filter_map(|driver| {
            let mut inside = analysis
                .iter()
                .filter(|report| report.is_error() && driver.span.contains(report.primary.span))
                .peekable();
            inside.peek()?;
            let has_wrong_word = |report: &Diagnostic| OPENS.contains(&report.code);
            Some((driver.span, inside.any(has_wrong_word)))
        })
        .collect();
    if wrong.is_empty() {
        return analysis;
    }
    // A line whose word is wrong may be the one that names it.
    let lacks_identity = |report: &Diagnostic| report.message.ends_with("has no identity");
    let has_other_wrong_word = |driver: Span| {
        analysis.iter().any(|report| {
            report.code == codes::E0401 && !lacks_identity(report) && driver.contains(report.primary.span)
        })
    };
    let follows = |report: &Diagnostic| {
        let span = report.primary.span;
        match wrong.iter().find(|(driver, _)| driver.contains(span)) {
            Some((driver, has_wrong_word)) if report.code == codes::E0401 => {
                *has_wrong_word && lacks_identity(report) && has_other_wrong_word(*driver)
            }
            Some((_, has_wrong_word)) => *has_wrong_word && OF_LINES.contains(&report.code),
            // The line that declares the command may be the wrong one.
            None if report.code == codes::E0213 => {
                let command = report.message.split('`').nth(1).unwrap_or_default();
                wrong
                    .iter()
                    .any(|(driver, _)| read.sources.snippet(*driver).contains(&format!("$ {command} ")))
            }
            None => OF_DRIVER.contains(&report.code),
        }
    };
    let (follow_ups, kept): (Vec<_>, Vec<_>) =
        analysis.iter().cloned().partition(|report| follows(report) && !is_misspelt(report));
    left_out.extend(follow_ups);
    kept
}

/// Without commands that nobody has, in a file that lacks a driver: it may have them.
fn without_library(
    analysis: Vec<Diagnostic>,
    read: &Read<'_>,
    left_out: &mut Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut lacking: BTreeSet<FileId> = BTreeSet::new();
    for module in read.modules.modules.iter() {
        let imports = module.tree.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Import(import) => Some(import),
            _ => None,
        });
        let is_unread = |(import, target): (&scope_syntax::ast::Import, &Option<_>)| {
            target.is_none() && matches!(import.source, ImportSource::Library(_))
        };
        if imports.zip(&module.imports).any(is_unread) {
            lacking.insert(module.file);
        }
    }
    let unknown = analysis.iter().filter(|report| report.message.starts_with("no driver is called"));
    lacking.extend(unknown.map(|report| report.primary.span.file));
    part(analysis, left_out, |report| {
        report.code == codes::E0213 && !is_misspelt(report) && lacking.contains(&report.primary.span.file)
    })
}

/// Without places that depend on an entry which is named wrongly.
fn without_entry(
    analysis: Vec<Diagnostic>,
    read: &Read<'_>,
    left_out: &mut Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut items = read.modules.modules.iter().flat_map(|module| &module.tree.items);
    let is_wrong = items.any(|item| {
        matches!(item.kind, ItemKind::Entry(_))
            && analysis.iter().any(|report| report.is_error() && item.span.contains(report.primary.span))
    });
    part(analysis, left_out, |report| is_wrong && report.code == codes::E0105)
}

/// Without what the lexer said of a line that was read as a command as its first word is misspelt, and without the lines that go
/// on with it: as a command it ended with its line.
pub(crate) fn without_commands(
    syntax: &mut Vec<Diagnostic>,
    analysis: &[Diagnostic],
    modules: &Modules,
    sources: &SourceMap,
) {
    if !syntax.iter().any(|report| matches!(report.code, codes::E0009 | codes::E0010)) {
        return;
    }
    let items = modules.modules.iter().flat_map(|module| &module.tree.items);
    let spans: Vec<Span> = items
        .filter(|item| {
            let no_command = analysis.iter().filter(|report| report.code == codes::E0213);
            matches!(item.kind, ItemKind::Native(_))
                && no_command
                    .clone()
                    .any(|report| is_misspelt(report) && item.span.contains(report.primary.span))
        })
        .map(|item| item.span)
        .collect();
    let mut goes_on: Vec<Span> = Vec::new();
    for module in &modules.modules {
        for pair in module.tree.items.windows(2) {
            let is_behind = spans.contains(&pair[0].span) || goes_on.last() == Some(&pair[0].span);
            if is_behind && is_left_over(&pair[1], sources) {
                goes_on.push(pair[1].span);
            }
        }
    }
    let is_in =
        |spans: &[Span], report: &Diagnostic| spans.iter().any(|span| span.contains(report.primary.span));
    syntax.retain(|report| match report.code {
        codes::E0009 => !is_in(&spans, report),
        codes::E0010 => !is_in(&goes_on, report),
        _ => true,
    });
}

/// Without modules that are not there, where the line that names them could not be read: `import import openstack`, or a path
/// whose quote is not closed.
pub(crate) fn without_imports(reports: &mut Vec<Diagnostic>, sources: &SourceMap) {
    let unread: Vec<(FileId, usize)> = reports
        .iter()
        .filter(|report| matches!(report.code, codes::E0001 | codes::E0004))
        .filter_map(|report| line(sources, report.primary.span))
        .collect();
    reports.retain(|report| {
        report.code != codes::E0104
            || line(sources, report.primary.span).is_none_or(|line| !unread.contains(&line))
    });
}

/// Whether a file may have names that are not known, as what it imports without naming them could not be read.
fn is_open(module: &Module) -> bool {
    let imports = module.tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(Some(import)),
        // The word of an import whose rest could not be read.
        ItemKind::Error { word: Some(word), .. } if word.text == "import" => Some(None),
        _ => None,
    });
    let mut targets = module.imports.iter();
    imports.into_iter().any(|import| match import {
        None => true,
        Some(import) => {
            let is_named = import.names.is_some() || import.alias.is_some();
            targets.next().is_some_and(Option::is_none)
                && (!is_named || matches!(import.source, ImportSource::Library(_)))
        }
    })
}

/// Spans, asked whether any of them shares a byte with another one.
struct Spans {
    /// Sorted by file and start.
    spans: Vec<Span>,
    /// Of each, the furthest end among it and those before it in its file.
    furthest: Vec<u32>,
}
impl Spans {
    fn new(mut spans: Vec<Span>) -> Spans {
        spans.sort_by_key(|span| (span.file, span.start));
        let mut furthest: Vec<u32> = Vec::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            let before = match index.checked_sub(1) {
                Some(before) if spans[before].file == span.file => furthest[before],
                _ => 0,
            };
            furthest.push(before.max(span.end));
        }
        Spans { spans, furthest }
    }

    fn overlap(&self, span: Span) -> bool {
        let end = self.spans.partition_point(|other| (other.file, other.start) < (span.file, span.end));
        end.checked_sub(1)
            .is_some_and(|last| self.spans[last].file == span.file && span.start < self.furthest[last])
    }
}

#[cfg(test)]
mod tests {
    use super::Spans;
    use scope_diagnostics::{SourceMap, Span};

    #[test]
    fn spans_that_only_touch_do_not_overlap() {
        let file = SourceMap::new().add("a.scope", "0123456789");
        let spans = Spans::new(vec![Span::new(file, 5, 7), Span::new(file, 0, 3)]);
        assert!(spans.overlap(Span::new(file, 2, 4)));
        assert!(!spans.overlap(Span::new(file, 3, 5)));
        assert!(spans.overlap(Span::new(file, 0, 9)));
        assert!(!spans.overlap(Span::new(file, 7, 9)));
    }
}
