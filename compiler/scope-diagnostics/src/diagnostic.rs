//! The one report of the whole system: what is wrong, where, why, and what to do.
//!
//! Comes in: a code, a place and a sentence, with what helps added by builder functions. Goes out: plain data that the
//! sink sorts and every renderer takes.
//!
//! ```
//! use scope_diagnostics::{Diagnostic, Edit, FileId, Severity, Span, codes};
//!
//! let span = Span::new(FileId(0), 31, 36);
//! let report = Diagnostic::new(codes::E0101, span, "no site is called `nante`")
//!     .label("not a site")
//!     .help("did you mean `nantes`?")
//!     .fix("write `nantes`", vec![Edit::new(span, "nantes")]);
//! assert_eq!(report.severity, Severity::Error);
//! ```

use crate::{Code, Span, credentials};
use serde::Serialize;
use std::borrow::Cow;

/// How much a report weighs. Ordered from light to heavy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something to know; changes no verdict.
    Note,
    /// Something that is probably not meant; the program is still compiled.
    Warning,
    /// Something that must be changed; nothing is compiled or sent.
    Error,
}

impl Severity {
    /// The word printed for it: `note`, `warning` or `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words; empty if underlining is enough.
    pub text: String,
}

/// A replacement of one range by a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What stands there afterwards; empty to delete.
    pub replacement: String,
}

impl Edit {
    /// Puts `replacement` where `span` is.
    #[must_use]
    pub fn new(span: Span, replacement: impl Into<String>) -> Edit {
        Edit { span, replacement: replacement.into() }
    }
}

/// Edits that together remove the reason of a report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fix {
    /// What it does, as an editor lists it: "write `nantes`".
    pub title: String,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Diagnostic {
    /// Its code, which has a page.
    pub code: Code,
    /// Its weight; that of the code unless set.
    pub severity: Severity,
    /// One lower-case sentence without a full stop, names in backticks.
    pub message: String,
    /// Where it is; the span may be [`Span::DUMMY`].
    pub primary: Label,
    /// Other places that take part, in any file.
    pub secondary: Vec<Label>,
    /// What explains it.
    pub notes: Vec<String>,
    /// What can be done; best one that can be applied as it stands.
    pub help: Vec<String>,
    /// The same as edits, where a machine can do it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// The same, with nothing in its words of a credential that is known by its form. What a fix writes stays what it is.
    #[must_use]
    pub fn without_credentials(mut self) -> Diagnostic {
        let labels = self.secondary.iter_mut().chain([&mut self.primary]).map(|label| &mut label.text);
        let title = self.fix.as_mut().map(|fix| &mut fix.title);
        let words =
            self.notes.iter_mut().chain(&mut self.help).chain([&mut self.message]).chain(labels).chain(title);
        for text in words {
            if let Cow::Owned(masked) = credentials::masked(text) {
                *text = masked;
            }
        }
        self
    }

    /// Its fix, unless what that writes holds a credential: such a one is applied, and not shown.
    pub(crate) fn fix_to_show(&self) -> Option<&Fix> {
        let is_plain =
            |fix: &&Fix| fix.edits.iter().all(|edit| credentials::find(&edit.replacement).is_empty());
        self.fix.as_ref().filter(is_plain)
    }

    /// A report with the code's own severity. Use [`Span::DUMMY`] where there is no place.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
            fix: None,
        }
    }

    /// Sets the words at the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// Adds another place. One without a place is kept as a note.
    #[must_use]
    pub fn secondary(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        if span.is_dummy() {
            return self.note(text);
        }
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds an explanation.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Adds something the user can do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }

    /// Sets the edits that remove the reason.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Diagnostic {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }

    /// Sets another weight than the code's own, as a lint's configuration does.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Diagnostic {
        self.severity = severity;
        self
    }

    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileId, codes};

    #[test]
    fn takes_its_severity_from_the_code_unless_set() {
        let error = Diagnostic::new(codes::E0203, Span::DUMMY, "m");
        let lint = Diagnostic::new(codes::W0311, Span::DUMMY, "m");
        assert_eq!((error.severity, lint.severity), (Severity::Error, Severity::Warning));
        assert!(lint.severity(Severity::Error).is_error());
    }

    #[test]
    fn a_secondary_label_without_a_place_becomes_a_note() {
        let report =
            Diagnostic::new(codes::E0203, Span::at(FileId(0), 0), "m").secondary(Span::DUMMY, "built in");
        assert_eq!((report.secondary.len(), report.notes), (0, vec!["built in".to_owned()]));
    }
}
