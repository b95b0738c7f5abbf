//! What may stand in which block of a driver: the one table, and the report for what may not.
//!
//! Comes in: a block and a line of it. Goes out: nothing if the line is one of the block's, else E0401 with the nearest
//! word and the list of what is allowed. `tpye counter { … }` in a service → "did you mean `type`?".

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, LineKind};

/// A block of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// `driver NAME { … }`
    Driver,
    /// `driver NAME.PART { … }`
    Part,
    /// `site { … }`
    Site,
    /// `config "FILE" { … }`
    Config,
    /// `client NAME { … }`
    Client,
    /// `service NAME { … }`
    Service,
    /// `login POST "…" { … }`
    Login,
    /// `probe GET "…" { … }`
    Probe,
    /// `answers { … }`
    Answers,
    /// `type NAME { … }`
    Type,
    /// `operation NAME … { … }`
    Operation,
    /// `input { … }`
    Input,
    /// `merge { … }`
    Merge,
    /// `flags OPERATION { … }`
    Flags,
}

/// What a block takes.
struct Allowed {
    /// The block, as a message names it.
    name: &'static str,
    /// Words of `word: value` lines; `None` where any key may stand.
    entries: Option<&'static [&'static str]>,
    /// Words that open a phrase.
    phrases: &'static [&'static str],
    /// `name: type` lines.
    attributes: bool,
    /// `pattern -> result` lines, and what they look like.
    rules: Option<&'static str>,
    /// `cli NAME = $ …` lines.
    cli: bool,
    /// A `$ …` line.
    native: bool,
}

const NOTHING: Allowed = Allowed {
    name: "",
    entries: Some(&[]),
    phrases: &[],
    attributes: false,
    rules: None,
    cli: false,
    native: false,
};

const ANSWER: &str = "STATUS -> OUTCOME";

const fn allowed(block: Block) -> Allowed {
    match block {
        Block::Driver => Allowed {
            name: "a driver",
            entries: Some(&["versions"]),
            phrases: &["site", "config", "client", "service"],
            ..NOTHING
        },
        Block::Part => Allowed { name: "a part of a driver", phrases: &["service"], ..NOTHING },
        Block::Site => Allowed { name: "`site`", attributes: true, ..NOTHING },
        Block::Config => {
            Allowed { name: "`config`", entries: Some(&["search", "select", "path", "map"]), ..NOTHING }
        }
        Block::Client => Allowed { name: "`client`", entries: Some(&["ignore"]), ..NOTHING },
        Block::Service => Allowed {
            name: "a service",
            entries: Some(&["aliases", "uses", "authenticates", "address", "headers"]),
            phrases: &["type", "answers", "login", "probe"],
            ..NOTHING
        },
        Block::Login => Allowed {
            name: "`login`",
            entries: Some(&["query", "headers", "body", "secret"]),
            rules: Some(ANSWER),
            ..NOTHING
        },
        Block::Probe => Allowed {
            name: "`probe`",
            entries: Some(&["method", "path", "query", "headers", "body", "argv", "env", "files", "stdin"]),
            rules: Some(ANSWER),
            native: true,
            ..NOTHING
        },
        Block::Answers => Allowed { name: "`answers`", rules: Some(ANSWER), ..NOTHING },
        Block::Type => Allowed {
            name: "a type",
            phrases: &[
                "like",
                "since",
                "until",
                "operation",
                "create",
                "named",
                "unique",
                "mark",
                "guard",
                "ready",
                "broken",
                "stuck",
                "share",
                "cross",
                "stateful",
                "merge",
                "flags",
                "answers",
            ],
            attributes: true,
            cli: true,
            ..NOTHING
        },
        Block::Operation => Allowed {
            name: "an operation",
            entries: Some(&[
                "method", "path", "query", "headers", "body", "argv", "env", "files", "stdin", "input",
                "kind", "sets", "next",
            ]),
            phrases: &["input", "repeat", "settles", "ready"],
            rules: Some(ANSWER),
            native: true,
            ..NOTHING
        },
        Block::Input => Allowed { name: "`input`", attributes: true, ..NOTHING },
        Block::Merge => Allowed { name: "`merge`", rules: Some("FIRST then SECOND -> RELATION"), ..NOTHING },
        Block::Flags => Allowed { name: "`flags`", entries: None, ..NOTHING },
    }
}

/// Whether a line may stand in a block; if not, it is reported (an unreadable line was reported by the parser).
pub(super) fn is_allowed(block: Block, line: &ast::Line, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let here = allowed(block);
    let report = match &line.kind {
        LineKind::Error => return false,
        LineKind::Attribute(_) if here.attributes => return true,
        LineKind::Attribute(attribute) => unknown(&here, &attribute.name.text, attribute.name.span, ":"),
        LineKind::Entry { key, .. } => match here.entries {
            None => return true,
            Some(entries) if entries.contains(&key.text.as_str()) => return true,
            Some(_) => unknown(&here, &key.text, key.span, ":"),
        },
        LineKind::Phrase(phrase) if here.phrases.contains(&phrase.word.text.as_str()) => return true,
        LineKind::Phrase(phrase) => unknown(&here, &phrase.word.text, phrase.word.span, ""),
        LineKind::Rule(_) if here.rules.is_some() => return true,
        LineKind::Rule(_) => misplaced(&here, "a rule `… -> …`", line.span),
        LineKind::Cli { .. } if here.cli => return true,
        LineKind::Cli { .. } => misplaced(&here, "`cli`", line.span),
        LineKind::Native(_) if here.native => return true,
        LineKind::Native(_) => misplaced(&here, "a command", line.span),
    };
    diagnostics.push(report);
    false
}

fn unknown(here: &Allowed, word: &str, span: Span, colon: &str) -> Diagnostic {
    let words = || here.entries.unwrap_or_default().iter().chain(here.phrases).copied();
    let report = Diagnostic::new(codes::E0401, span, format!("{} has no `{word}{colon}`", here.name))
        .label("not known here");
    if words().any(|known| known == word) {
        // The right word in the wrong shape: `headers { … }` for `headers: { … }`.
        return if here.phrases.contains(&word) {
            report.help(format!("`{word}` is followed by no `:`"))
        } else {
            report.help(format!("write `{word}: …`"))
        };
    }
    match similar::nearest(word, words()) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(span, near)])
            .note(takes(here)),
        None => report.help(takes(here)),
    }
}

fn misplaced(here: &Allowed, what: &str, span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0401, span, format!("{} does not take {what}", here.name))
        .label("not here")
        .help(takes(here))
}

/// "a service takes `aliases:`, …, `type`"
fn takes(here: &Allowed) -> String {
    let mut parts: Vec<String> = Vec::new();
    if here.attributes {
        parts.push("`name: type`".to_owned());
    }
    parts.extend(here.entries.unwrap_or_default().iter().map(|word| format!("`{word}:`")));
    parts.extend(here.phrases.iter().map(|word| format!("`{word}`")));
    if let Some(rule) = here.rules {
        parts.push(format!("`{rule}`"));
    }
    if here.cli {
        parts.push("`cli`".to_owned());
    }
    if here.native {
        parts.push("`$ COMMAND`".to_owned());
    }
    format!("{} takes {}", here.name, parts.join(", "))
}

/// The report for a phrase that lacks a part or has one too many: how it is written.
pub(super) fn malformed(span: Span, message: impl Into<String>, written: &str) -> Diagnostic {
    Diagnostic::new(codes::E0401, span, message).help(format!("it is written `{written}`"))
}
