//! The parts of a statement, each taken once; what is left over is reported.
//!
//! `cut paris at 1s until 30s` → value `paris`, links `at` and `until`.

use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{Expr, ExprKind, Line, Phrase};

use super::form;
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{SiteId, Value};

/// The parts of one statement that were not taken yet.
pub(super) struct Reader<'c, 'a, 's> {
    context: &'c Context<'a>,
    phrase: &'s Phrase,
    n_values: usize,
    taken: Vec<bool>,
    is_body_taken: bool,
    asked: Vec<&'static str>,
    is_reported: bool,
    /// With what a run of the test is given, resources may be where the program does not put them as it is.
    pub(super) has_given: bool,
}

impl<'c, 'a, 's> Reader<'c, 'a, 's> {
    pub(super) fn new(context: &'c Context<'a>, phrase: &'s Phrase, has_given: bool) -> Reader<'c, 'a, 's> {
        Reader {
            context,
            phrase,
            n_values: 0,
            taken: vec![false; phrase.links.len()],
            is_body_taken: false,
            asked: Vec::new(),
            is_reported: false,
            has_given,
        }
    }

    pub(super) fn word(&self) -> &'s str {
        &self.phrase.word.text
    }

    /// The next value.
    pub(super) fn value(&mut self) -> Option<&'s Expr> {
        let value = self.phrase.values.get(self.n_values)?;
        self.n_values += 1;
        Some(value)
    }

    /// The next value, left where it is.
    pub(super) fn peek(&self) -> Option<&'s Expr> {
        self.phrase.values.get(self.n_values)
    }

    /// The values behind a link word.
    pub(super) fn links(&mut self, word: &'static str) -> Vec<&'s Expr> {
        self.asked.push(word);
        let mut found = Vec::new();
        for (link, taken) in self.phrase.links.iter().zip(&mut self.taken) {
            if link.word.text == word && !*taken {
                *taken = true;
                found.push(&link.value);
            }
        }
        found
    }

    /// The value behind a link word; of several the first, the others are left over.
    pub(super) fn link(&mut self, word: &'static str) -> Option<&'s Expr> {
        self.asked.push(word);
        let index = self
            .phrase
            .links
            .iter()
            .zip(&self.taken)
            .position(|(link, taken)| link.word.text == word && !taken)?;
        self.taken[index] = true;
        Some(&self.phrase.links[index].value)
    }

    /// `until 30s`; `Err`-like `None` where it is no duration (reported), `Some(None)` where there is none.
    #[allow(clippy::option_option, reason = "left out and wrong are told apart by the outer one")]
    pub(super) fn moment(&mut self, word: &'static str) -> Option<Option<i64>> {
        match self.link(word) {
            None => Some(None),
            Some(expr) => self.context.test_duration(expr).map(Some),
        }
    }

    /// The values behind `at`, told apart: sites, and a moment.
    pub(super) fn places(&mut self) -> Option<(Option<&'s Expr>, Option<i64>)> {
        let (mut sites, mut moment) = (None, None);
        for expr in self.links("at") {
            if is_duration(self.context, expr) {
                moment = Some(self.context.test_duration(expr)?);
            } else {
                sites = Some(expr);
            }
        }
        Some((sites, moment))
    }

    pub(super) fn body(&mut self) -> Option<&'s [Line]> {
        self.is_body_taken = true;
        self.phrase.body.as_deref()
    }

    /// Something is missing or wrong in the statement.
    pub(super) fn wrong(&mut self, message: &str, label: &str) {
        self.wrong_at(self.phrase.word.span, message, label);
    }

    pub(super) fn wrong_at(&mut self, span: Span, message: &str, label: &str) {
        self.is_reported = true;
        self.context.report(
            Diagnostic::new(codes::E0852, span, message)
                .label(label)
                .help(format!("it is written `{}`", form(self.word()))),
        );
    }

    /// Reports what was not taken.
    pub(super) fn finish(self) {
        if self.is_reported {
            return;
        }
        let word = self.word();
        let help = format!("it is written `{}`", form(word));
        if let Some(extra) = self.phrase.values.get(self.n_values) {
            self.context.report(
                Diagnostic::new(codes::E0852, extra.span, format!("`{word}` takes nothing more here"))
                    .label("one too many")
                    .help(help),
            );
            return;
        }
        let mut left =
            self.phrase.links.iter().zip(&self.taken).filter(|(_, taken)| !**taken).map(|(link, _)| link);
        if let Some(link) = left.next() {
            let is_second = self.asked.contains(&link.word.text.as_str());
            let message = if is_second {
                format!("`{}` stands here twice", link.word.text)
            } else {
                format!("`{word}` takes no `{}`", link.word.text)
            };
            let mut report = Diagnostic::new(codes::E0852, link.word.span.to(link.value.span), message)
                .label("not expected");
            // Who writes `from 1s to 3s` has made one mistake.
            for other in left {
                report = report.secondary(other.word.span.to(other.value.span), "nor this");
            }
            if let Some(nearest) =
                similar::nearest(&link.word.text, self.asked.iter().copied()).filter(|_| !is_second)
            {
                report = report.help(format!("did you mean `{nearest}`?"));
            }
            self.context.report(report.help(help.clone()));
        }
        if self.phrase.body.is_some() && !self.is_body_taken {
            self.context.report(
                Diagnostic::new(codes::E0852, self.phrase.word.span, format!("`{word}` takes no block"))
                    .label("nothing stands in braces behind it")
                    .help(help),
            );
        }
    }
}

/// Whether an expression is a duration, found without reporting.
pub(super) fn is_duration(context: &Context<'_>, expr: &Expr) -> bool {
    if matches!(expr.kind.as_ref(), ExprKind::Number(_)) {
        return true;
    }
    let value = context.quietly(|| context.eval(expr, &Frame::program()));
    matches!(value, Some(Value::Duration(_)))
}

impl Context<'_> {
    /// A duration that is not negative.
    pub(super) fn test_duration(&self, expr: &Expr) -> Option<i64> {
        match self.eval(expr, &Frame::program()) {
            Value::Duration(duration) if duration >= 0 => Some(duration),
            Value::Error => None,
            Value::Int(number) => {
                let help = format!("write its unit: `{number}s`");
                self.mismatch_with("a duration such as `30s`", &Value::Int(number), expr.span, &help);
                None
            }
            other => {
                self.mismatch("a duration such as `30s`", &other, expr.span);
                None
            }
        }
    }

    /// The sites of an expression, in a test: a site, a location, a list of sites.
    pub(super) fn test_sites(&self, expr: &Expr) -> Option<Vec<SiteId>> {
        self.test_sites_in(expr, &Frame::program())
    }

    pub(super) fn test_sites_in(&self, expr: &Expr, frame: &Frame) -> Option<Vec<SiteId>> {
        let is_location = matches!(expr.kind.as_ref(), ExprKind::Text(_) | ExprKind::Chain { .. });
        if let ExprKind::Name(name) = expr.kind.as_ref() {
            let is_known = self.names.get(frame.module, name).is_some()
                || self.names.sites.contains_key(name)
                || matches!(name.as_str(), "here" | "local" | "sites")
                || frame.locals.iter().any(|(local, _)| local == name);
            if !is_known {
                self.report_undeclared(self.unknown_site(name, expr.span));
                return None;
            }
        }
        if is_location {
            return Some(self.eval_location(expr, frame)?.sites());
        }
        let value = self.eval(expr, frame);
        if value == Value::Error {
            return None;
        }
        let sites = self.sites_of(&value).filter(|sites| !sites.is_empty());
        if sites.is_none() {
            self.mismatch("a site, or several", &value, expr.span);
        }
        sites
    }
}
