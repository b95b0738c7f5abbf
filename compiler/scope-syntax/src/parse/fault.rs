//! What the combinators say when they fail: where, what was expected, and sometimes a finished report.
//!
//! Comes in: chumsky's failures. Goes out: a small value (a place and a set of labels) that costs nothing to merge;
//! `hints` makes the sentence.

use super::Tokens;
use crate::token::Token;
use chumsky::{
    DefaultExpected,
    error::{Error, LabelError},
    span::SimpleSpan,
    util::MaybeRef,
};
use scope_diagnostics::Diagnostic;

/// What may be expected, in the language's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Label {
    Expression,
    Operator,
    Separator,
    Colon,
    Assign,
    Name,
    Type,
    Text,
    Body,
    Then,
    Else,
    In,
    FatArrow,
    Arrow,
    DashDash,
    Key,
    Item,
    Clause,
    Link,
    Path,
    Scope,
    Closer,
    End,
    Command,
    Modifier,
    Step,
}

const LABELS: [(Label, &str); 26] = [
    (Label::Expression, "an expression"),
    (Label::Name, "a name"),
    (Label::Key, "a key"),
    (Label::Type, "a type"),
    (Label::Text, "a text"),
    (Label::Path, "a name or a text"),
    (Label::Item, "an item"),
    (Label::Step, "a command `$ …` or a `call`"),
    (Label::Command, "a native command"),
    (Label::Operator, "an operator"),
    (Label::Modifier, "a modifier"),
    (Label::Link, "a link word"),
    (Label::Colon, "`:`"),
    (Label::Assign, "`=`"),
    (Label::Then, "`then`"),
    (Label::Else, "`else`"),
    (Label::In, "`in`"),
    (Label::FatArrow, "`=>`"),
    (Label::Arrow, "`->`"),
    (Label::DashDash, "`--`"),
    (Label::Scope, "a scope `{ … }`"),
    (Label::Body, "`{`"),
    (Label::Clause, "`scope`, `at` or `with`"),
    (Label::Closer, "the closing bracket"),
    (Label::Separator, "`,` or a new line"),
    (Label::End, "the end of the line"),
];

/// A set of labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(u32);

impl Labels {
    pub fn of(label: Label) -> Labels {
        Labels(1 << label as u32)
    }

    pub fn has(self, label: Label) -> bool {
        self.0 & (1 << label as u32) != 0
    }

    /// The labels as words, in the order of the table.
    pub fn words(self) -> Vec<&'static str> {
        LABELS.iter().filter(|(label, _)| self.has(*label)).map(|(_, words)| *words).collect()
    }
}

/// One failure.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The index of the token that was found.
    pub at: usize,
    pub expected: Labels,
    /// A report that says it better.
    pub report: Option<Box<Diagnostic>>,
}

impl Fault {
    pub fn expected(at: usize, label: Label) -> Fault {
        Fault { at, expected: Labels::of(label), report: None }
    }

    pub fn report(at: usize, report: Diagnostic) -> Fault {
        Fault { at, expected: Labels::default(), report: Some(Box::new(report)) }
    }
}

impl<'t> LabelError<'t, Tokens<'t>, Label> for Fault {
    fn expected_found<E: IntoIterator<Item = Label>>(
        expected: E,
        _found: Option<MaybeRef<'t, Token<'t>>>,
        span: SimpleSpan<usize>,
    ) -> Self {
        let bits = expected.into_iter().fold(0, |bits, label| bits | Labels::of(label).0);
        Fault { at: span.start, expected: Labels(bits), report: None }
    }

    fn label_with(&mut self, label: Label) {
        if self.report.is_none() {
            self.expected = Labels::of(label);
        }
    }
}

impl<'t> LabelError<'t, Tokens<'t>, DefaultExpected<'t, Token<'t>>> for Fault {
    fn expected_found<E: IntoIterator<Item = DefaultExpected<'t, Token<'t>>>>(
        expected: E,
        _found: Option<MaybeRef<'t, Token<'t>>>,
        span: SimpleSpan<usize>,
    ) -> Self {
        let ends = expected.into_iter().any(|expected| matches!(expected, DefaultExpected::EndOfInput));
        let expected = if ends { Labels::of(Label::End) } else { Labels::default() };
        Fault { at: span.start, expected, report: None }
    }
}

impl<'t> Error<'t, Tokens<'t>> for Fault {
    fn merge(mut self, other: Self) -> Self {
        self.expected.0 |= other.expected.0;
        if self.report.is_none() {
            self.report = other.report;
        }
        self
    }
}
