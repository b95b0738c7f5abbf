//! Amounts as sites write them: `cpu: "500m"`, `memory: "1Gi"`.
//!
//! Comes in: a text where a `quantity` is wanted. Goes out: the text, or a report with what was meant: `"1 GB"` → `"1G"`.

use scope_diagnostics::{Diagnostic, Edit, Span, codes};

use crate::context::Context;
use crate::hir::Value;

/// A number, and a prefix or an exponent behind it.
const QUANTITY: &str = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$";

/// How prefixes are written by mistake, and what is meant; what is longer goes before what it ends with.
const MEANT: &[(&str, &str)] = &[
    ("kib", "Ki"),
    ("mib", "Mi"),
    ("gib", "Gi"),
    ("tib", "Ti"),
    ("kb", "k"),
    ("mb", "M"),
    ("gb", "G"),
    ("tb", "T"),
    ("ki", "Ki"),
    ("mi", "Mi"),
    ("gi", "Gi"),
    ("ti", "Ti"),
    ("k", "k"),
    ("g", "G"),
    ("t", "T"),
    ("b", ""),
];

impl Context<'_> {
    /// An amount as it is written, or a hole with a report.
    pub(super) fn check_quantity(&self, text: String, span: Span, what: &str) -> Value {
        let is_one =
            |text: &str| self.options.matches.is_none_or(|matches| matches(text, QUANTITY) != Some(false));
        if is_one(&text) {
            return Value::Text(text);
        }
        let report = Diagnostic::new(
            codes::E0201,
            span,
            format!("expected `{what}` to be an amount such as \"500m\" or \"1Gi\", found \"{text}\""),
        )
        .label("not an amount")
        .note("a number with one of `n u m k M G T P E`, `Ki Mi Gi Ti Pi Ei` or an exponent behind it, without a blank");
        self.report(match meant(&text).filter(|meant| is_one(meant)) {
            Some(meant) => report
                .help(format!("write \"{meant}\""))
                .fix(format!("write \"{meant}\""), vec![Edit::new(span, format!("\"{meant}\""))]),
            None => report.help("for example \"0.5\", \"500m\" or \"64Mi\""),
        });
        Value::Error
    }
}

/// What was meant: without blanks and the `B` of bytes, the prefix as it is written.
fn meant(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().replace(',', ".");
    let end = plain.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(plain.len());
    let (number, prefix) = plain.split_at(end);
    let lower = prefix.to_ascii_lowercase();
    let known = MEANT.iter().find(|(wrong, _)| *wrong == lower).map_or(prefix, |(_, meant)| meant);
    let meant = format!("{number}{known}");
    (meant != text).then_some(meant)
}
