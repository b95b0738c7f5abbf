//! How much each lint weighs: from `scope.toml`, and from `// allow NAME "reason"` in the program.
//!
//! Comes in: levels, the trees with their comments, reports. Goes out: the reports that stay, with their severity, and
//! reports on what allows nothing.
//!
//! ```text
//! // allow one_failure_domain "the second room is being built"    before an item: for the whole of it
//! let spare = 1 // allow unused_let "for the tests"               behind something: for its line
//! ```

use std::collections::BTreeMap;

use scope_diagnostics::{Code, Diagnostic, Edit, Severity, SourceMap, Span, codes, similar};
use scope_syntax::ast::Comment;

use super::{ALL, Lint, find};
use crate::modules::{Module, Modules};

/// What becomes of a lint's reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// They are left out.
    Allow,
    /// They are warnings.
    Warn,
    /// They are errors.
    Deny,
}

impl Level {
    /// The level of this name.
    pub fn parse(name: &str) -> Option<Level> {
        match name {
            "allow" => Some(Level::Allow),
            "warn" => Some(Level::Warn),
            "deny" => Some(Level::Deny),
            _ => None,
        }
    }
}

/// The configuration of lints.
#[derive(Clone, Debug)]
pub struct Levels {
    /// What is said of a lint; `warn` where nothing is.
    pub levels: BTreeMap<Code, Level>,
    /// Labels of sites that say what fails together, the closest first.
    pub failure_domains: Vec<String>,
    /// From how many bytes on a file is large.
    pub large_file: u64,
}

impl Default for Levels {
    fn default() -> Levels {
        let labels = ["failure_domain", "rack", "datacenter", "zone"];
        Levels {
            levels: BTreeMap::new(),
            failure_domains: labels.map(str::to_string).to_vec(),
            large_file: 64 * 1024 * 1024,
        }
    }
}

impl Levels {
    /// What becomes of reports with this code.
    pub fn of(&self, code: Code) -> Level {
        self.levels.get(&code).copied().unwrap_or(Level::Warn)
    }
}

/// The reports that stay, with the severity of their level. `is_linted` says that every rule was applied, so that an
/// `allow` which allows nothing is one too many.
pub fn apply(
    levels: &Levels,
    modules: &Modules,
    sources: &SourceMap,
    reports: Vec<Diagnostic>,
    is_linted: bool,
) -> Vec<Diagnostic> {
    let mut allows = Vec::new();
    let mut found = Vec::new();
    for module in modules.own(sources) {
        for comment in &module.tree.comments {
            if let Some(allow) = read(module, sources, comment, is_linted, &mut found) {
                allows.push(allow);
            }
        }
    }
    let mut kept: Vec<Diagnostic> = Vec::new();
    for report in reports {
        let mut is_allowed = false;
        if report.severity == Severity::Warning {
            for allow in allows.iter_mut().filter(|allow| allow.covers(&report)) {
                allow.is_used = true;
                is_allowed = true;
            }
        }
        if !is_allowed {
            kept.push(report);
        }
    }
    if is_linted {
        found.extend(allows.iter().filter(|allow| !allow.is_used).map(|allow| {
            Diagnostic::new(
                codes::W0341,
                allow.span,
                format!("`{}` has nothing to allow here", allow.lint.name),
            )
            .label("no longer needed")
            .help("delete it")
            .fix("delete it", vec![Edit::new(allow.deleted, "")])
        }));
    }
    kept.extend(found);
    kept.retain_mut(|report| {
        if report.severity != Severity::Warning || !ALL.iter().any(|lint| lint.code == report.code) {
            return true;
        }
        match levels.of(report.code) {
            Level::Allow => return false,
            Level::Warn => {}
            Level::Deny => {
                report.severity = Severity::Error;
                report.notes.push("denied in `scope.toml`".into());
            }
        }
        true
    });
    kept
}

/// The report on a name that no lint has.
pub fn unknown(name: &str, span: Span) -> Diagnostic {
    let report =
        Diagnostic::new(codes::W0342, span, format!("no lint is called `{name}`")).label("not a lint");
    match similar::nearest(name, ALL.iter().map(|lint| lint.name)) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(span, near)]),
        None => report.help("`scope lint --list` names them all"),
    }
}

/// An `allow` in the program.
struct Allow {
    lint: Lint,
    /// The comment.
    span: Span,
    /// What goes when the comment goes.
    deleted: Span,
    /// What it is said of.
    range: Span,
    is_used: bool,
}

impl Allow {
    fn covers(&self, report: &Diagnostic) -> bool {
        let at = report.primary.span;
        report.code == self.lint.code
            && at.file == self.range.file
            && (self.range.start..self.range.end).contains(&at.start)
    }
}

/// A comment, if it is an `allow`.
fn read(
    module: &Module,
    sources: &SourceMap,
    comment: &Comment,
    is_linted: bool,
    found: &mut Vec<Diagnostic>,
) -> Option<Allow> {
    let rest = comment.text.trim_start().strip_prefix("allow ")?.trim_start();
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let reason = after.trim();
    let has_reason = reason.len() > 2 && reason.starts_with('"') && reason.ends_with('"');
    // Words that only begin so are a remark.
    if !has_reason && (find(name).is_none() || !reason.is_empty() && !reason.starts_with('"')) {
        return None;
    }
    let text = sources.snippet(comment.span);
    let at = comment.span.start + text.find(name).unwrap_or(0) as u32;
    let name_span = Span::new(comment.span.file, at, at + name.len() as u32);
    let Some(lint) = find(name) else {
        if is_linted {
            found.push(unknown(name, name_span));
        }
        return None;
    };
    if !has_reason {
        if is_linted {
            found.push(
                Diagnostic::new(codes::W0343, comment.span, format!("why is `{name}` allowed here?"))
                    .label("gives no reason, and allows nothing")
                    .help(format!("write `// allow {name} \"the reason\"`")),
            );
        }
        return None;
    }
    let (range, deleted) = ranges(module, sources, comment);
    Some(Allow { lint, span: comment.span, deleted, range, is_used: false })
}

/// What a comment is said of, and what goes with it: the item below it, the line below it, or its own line.
fn ranges(module: &Module, sources: &SourceMap, comment: &Comment) -> (Span, Span) {
    let file = sources.get(comment.span.file);
    let text = file.text();
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let (start, end) = (comment.span.start as usize, comment.span.end as usize);
    let span = |from: usize, to: usize| Span::new(comment.span.file, from as u32, to as u32);
    if !comment.own_line {
        let before = text[..start].trim_end_matches([' ', '\t']).len();
        return (span(line_start(start), start), span(before, end));
    }
    let deleted = span(line_start(start), line_end(end));
    let inside = module
        .tree
        .items
        .iter()
        .any(|item| item.span.start < comment.span.start && comment.span.end <= item.span.end);
    let next = module.tree.items.iter().find(|item| item.span.start >= comment.span.end);
    if let Some(item) = next.filter(|_| !inside) {
        return (item.span, deleted);
    }
    // The next line that is no comment.
    let mut from = line_end(end);
    while from < text.len() && text[from..line_end(from)].trim_start().starts_with("//") {
        from = line_end(from);
    }
    (span(from, line_end(from.min(text.len()))), deleted)
}
