//! Reports of a text that follow from one before: one mistake, one report.
//!
//! Comes in: the reports of a file, and where its items start. Goes out: those that say something of their own. A quote that is
//! missing swallows the brackets behind it, a brace that is missing leaves the lines of its block without an item and its
//! closing one without a partner:
//!
//! ```text
//! test "x"              expected `{`, found the end of the line      → told
//!     run               `run` starts no item                         → follows
//! }                     `}` closes nothing                           → follows
//! ```

use std::collections::BTreeSet;

use crate::MAX_DEPTH;
use scope_diagnostics::{Code, Diagnostic, Label, Span, codes};

/// Brackets that do not fit, and lines that stand in no block.
const STRUCTURE: [Code; 4] = [codes::E0002, codes::E0003, codes::E0010, codes::E0011];

/// Signs that start or close nothing.
const STRAY: [Code; 2] = [codes::E0003, codes::E0006];

/// What the fix is called of a word that stands for the `for` of a list: nothing behind it means what it seems to.
const WRITE_FOR: &str = "write `for`";

/// How a report begins where nothing but `=` could stand: an item has one.
const EXPECTED_ASSIGN: &str = "expected `=`";

/// How reports begin of a line that should open a block, and of an item of the language without its name.
const EXPECTED_BRACE: &str = "expected `{`, found the end of the line";
const EXPECTED_NAME: &str = "expected a name or a text, found `{`";

/// What the fix of a `:` is called that stands for `=`.
const WRITE_ASSIGN: &str = "write `=`";

/// See above; an item reaches up to the next one that starts a line.
pub(crate) fn told_once(
    mut reports: Vec<Diagnostic>,
    items: impl Iterator<Item = u32>,
    text: &str,
) -> Vec<Diagnostic> {
    if reports.len() < 2 {
        return reports;
    }
    let lines: Vec<u32> = text.match_indices('\n').map(|(end, _)| end as u32 + 1).collect();
    let starts: Vec<u32> = items.filter(|start| *start == 0 || lines.binary_search(start).is_ok()).collect();
    reports.sort_by_key(|report| (report.primary.span.start, report.primary.span.end));
    let mut told = Vec::with_capacity(reports.len());
    let mut of_item: Vec<Diagnostic> = Vec::new();
    let mut current = 0;
    for report in reports {
        let item = starts.partition_point(|start| *start <= report.primary.span.start);
        if item != current {
            told.append(&mut without_follow_ups(std::mem::take(&mut of_item), text, &lines));
            current = item;
        }
        of_item.push(report);
    }
    told.append(&mut without_follow_ups(of_item, text, &lines));
    told
}

/// Of the reports of one item, sorted, those that say something of their own.
fn without_follow_ups(mut reports: Vec<Diagnostic>, text: &str, lines: &[u32]) -> Vec<Diagnostic> {
    let is_quote = |report: &Diagnostic| report.code == codes::E0004;
    let quotes: BTreeSet<usize> = reports
        .iter()
        .filter(|report| is_quote(report))
        .map(|report| line(lines, report.primary.span))
        .collect();
    if !quotes.is_empty() {
        // What a text swallowed up to the end of its line may be a bracket that the rest of the item misses.
        let swallows = |report: &Diagnostic| {
            let rest = text.get(report.primary.span.start as usize..).unwrap_or_default();
            is_quote(report)
                && rest.lines().next().unwrap_or_default().contains(['(', ')', '[', ']', '{', '}'])
        };
        if let Some(first) = reports.iter().find(|report| swallows(report)).map(|report| report.primary.span)
        {
            reports.retain(|report| report.primary.span.start <= first.start || report.code != codes::E0001);
        }
        // Where a text of several lines begins or ends is not known: none of the lines around it means what it seems to.
        let is_block = |report: &Diagnostic| {
            let place = report.primary.span.start as usize;
            is_quote(report) && text.get(place..).is_some_and(|rest| rest.starts_with("\"\"\""))
        };
        if reports.iter().any(is_block) {
            reports.retain(|report| is_quote(report) || report.code == codes::E0007);
        }
        // Which of the quotes of a line lacks its partner is not known: all behind the first may be read wrongly.
        let mut told: BTreeSet<usize> = BTreeSet::new();
        reports.retain(|report| {
            let line = line(lines, report.primary.span);
            match is_quote(report) {
                true => told.insert(line),
                false => {
                    report.code == codes::E0007
                        || !quotes.contains(&line) && !STRUCTURE.contains(&report.code)
                }
            }
        });
        return reports;
    }
    let stray: BTreeSet<usize> = reports
        .iter()
        .filter(|report| STRAY.contains(&report.code))
        .map(|report| line(lines, report.primary.span))
        .collect();
    // Where a value is read as a type, none of its entries is one.
    let is_read_as_type = |report: &Diagnostic| {
        report.code == codes::E0001
            && report.fix.as_ref().is_some_and(|fix| fix.title == WRITE_ASSIGN)
            && text.get(report.primary.span.range()) == Some(":")
    };
    if reports.first().is_some_and(is_read_as_type) {
        let place = reports[0].primary.span;
        reports.retain(|report| report.primary.span == place || report.code != codes::E0001);
    }
    let mut told_stray: BTreeSet<(Code, usize)> = BTreeSet::new();
    let mut told: Vec<Diagnostic> = Vec::with_capacity(reports.len());
    for report in reports {
        let at = line(lines, report.primary.span);
        let is_structure = STRUCTURE.contains(&report.code);
        if report.code == codes::E0001 {
            // What a sign that starts nothing leaves on its line, or a bracket behind it, says the same in other words.
            let place = (report.primary.span.start as usize).min(text.len());
            let closes = text[place..].starts_with([')', ']', '}']);
            let is_again = report.message.starts_with(EXPECTED_ASSIGN)
                && told.iter().any(|before| before.code == codes::E0001);
            // `driver kv`, and below it `site { … }`: a part of the block that was not opened, and no site without a name.
            let is_in_unopened = report.message.starts_with(EXPECTED_NAME)
                && told.iter().any(|before| before.message.starts_with(EXPECTED_BRACE));
            if is_again
                || is_in_unopened
                || stray.contains(&at)
                || closes && stray.first().is_some_and(|line| *line < at)
            {
                continue;
            }
            // So does what is left of an entry; the one that knows what is meant says it best.
            let is_behind_for = |before: &Diagnostic| {
                before.fix.as_ref().is_some_and(|fix| fix.title == WRITE_FOR)
                    && line(lines, before.primary.span) == at
            };
            let before = told.last_mut().filter(|before| {
                is_behind_for(before) || is_of_one_entry(text, before.primary.span, report.primary.span)
            });
            match before {
                None => told.push(report),
                Some(before) => {
                    if before.code == codes::E0001 && before.fix.is_none() && report.fix.is_some() {
                        *before = report;
                    }
                }
            }
            continue;
        }
        let follows = if is_structure {
            if report.code == codes::E0002 {
                is_displaced(text, lines, &told, &report) || is_of_one_line(lines, &mut told, &report)
            } else {
                match told.iter().find(|first| STRUCTURE.contains(&first.code)) {
                    Some(first) => first.code == codes::E0003 || !is_of_other_brackets(text, &told, &report),
                    None => !told.is_empty(),
                }
            }
        } else {
            STRAY.contains(&report.code) && !told_stray.insert((report.code, at))
        };
        if !follows {
            told.push(report);
        }
    }
    told
}

/// Bytes between two places, above which it is not asked whether they are of one entry: a bound, not a rule.
const LONG_ENTRY: usize = 400;

/// Whether two places are in one line and no comma stands between them.
fn is_of_one_entry(text: &str, before: Span, after: Span) -> bool {
    let between = text.get(before.start as usize..(after.start as usize).min(text.len()));
    between.is_some_and(|between| between.len() <= LONG_ENTRY && !between.contains([',', '}', '\n']))
}

/// Whether the bracket that closes nothing is of another kind than those of which one is missing.
fn is_of_other_brackets(text: &str, told: &[Diagnostic], stray: &Diagnostic) -> bool {
    let sign = |span: Span| text.get(span.range()).unwrap_or_default();
    let closer = sign(stray.primary.span);
    let is_partner = |unclosed: &Diagnostic| {
        let before = unclosed.secondary.first().map_or("", |label| sign(label.span));
        let opener = sign(unclosed.primary.span);
        // Up to the end of the item nothing closed it: what closes nothing was meant to.
        !matches!(before, ")" | "]" | "}")
            || before == closer
            || matches!((opener, closer), ("(", ")") | ("[", "]") | ("{", "}"))
    };
    stray.code == codes::E0003
        && told.iter().take(MAX_DEPTH).all(|report| report.code == codes::E0002 && !is_partner(report))
}

/// Whether the partner of a bracket that is not closed stands before it on its line: `copy(text], keep: [name)`.
fn is_displaced(text: &str, lines: &[u32], told: &[Diagnostic], unclosed: &Diagnostic) -> bool {
    let sign = |span: Span| text.get(span.range()).unwrap_or_default();
    let closer = match sign(unclosed.primary.span) {
        "(" => ")",
        "[" => "]",
        _ => "}",
    };
    told.last().is_some_and(|before| {
        before.code == codes::E0003
            && sign(before.primary.span) == closer
            && line(lines, before.primary.span) == line(lines, unclosed.primary.span)
    })
}

/// Whether this bracket is not closed where another one of its line is not: what closes one was to close both. It is shown there.
fn is_of_one_line(lines: &[u32], told: &mut [Diagnostic], unclosed: &Diagnostic) -> bool {
    let before = |report: &Diagnostic| report.secondary.first().map(|label| label.span);
    let Some(first) = told.last_mut().filter(|first| {
        first.code == codes::E0002
            && before(first) == before(unclosed)
            && line(lines, first.primary.span) == line(lines, unclosed.primary.span)
    }) else {
        return false;
    };
    if first.secondary.len() <= MAX_DEPTH {
        first.secondary.push(Label { text: "nor is this".into(), ..unclosed.primary.clone() });
    }
    true
}

/// The line of a place, from 0.
fn line(lines: &[u32], span: Span) -> usize {
    lines.partition_point(|start| *start <= span.start)
}
