//! `password: "hunter2"`: whoever reads the program has it, and so has everyone who reads its history.

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::ast::{Expr, ExprKind, ItemKind, RecordEntry};

use super::{Input, reports::Reports, walk};

/// Words that, alone or as the last part of a name, say that a value is secret.
const SECRET: [&str; 6] = ["password", "passwd", "secret", "token", "api_key", "private_key"];

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for module in input.own_modules() {
        for item in &module.tree.items {
            match &item.kind {
                ItemKind::Let(item) => {
                    named(&item.name.text, &item.value, reports);
                    below(&item.value, reports);
                }
                ItemKind::Param(param) => {
                    if let Some(default) = &param.default {
                        named(&param.name.text, default, reports);
                    }
                }
                // What a simulated site holds is no secret.
                ItemKind::Site(site) => match site.body.kind.as_ref() {
                    ExprKind::Record(entries) => entries.iter().for_each(|entry| match entry {
                        RecordEntry::Field { key, value } if key.literal().as_deref() != Some("simulate") => {
                            below(value, reports);
                        }
                        _ => {}
                    }),
                    _ => below(&site.body, reports),
                },
                ItemKind::Thing(thing) => thing.body.iter().for_each(|body| below(body, reports)),
                _ => {}
            }
        }
    }
}

/// Every entry of every record.
fn below(value: &Expr, reports: &mut Reports) {
    walk::expressions(value, &mut |inner| {
        let ExprKind::Record(entries) = inner.kind.as_ref() else { return };
        for entry in entries {
            if let RecordEntry::Field { key, value } = entry
                && let Some(name) = key.literal()
            {
                named(&name, value, reports);
            }
        }
    });
}

fn named(name: &str, value: &Expr, reports: &mut Reports) {
    let lower = name.to_lowercase();
    let is_secret = SECRET.iter().any(|word| lower == *word || lower.ends_with(&format!("_{word}")));
    let ExprKind::Text(text) = value.kind.as_ref() else { return };
    if is_secret && text.literal().is_some_and(|text| !text.is_empty()) {
        reports.push(report(name, value.span));
    }
}

fn report(name: &str, span: Span) -> Diagnostic {
    let variable = name.to_uppercase();
    Diagnostic::new(codes::W0324, span, format!("`{name}` is written into the program"))
        .label("readable by everyone who reads this file, now or in its history")
        .help(format!("write `secret(\"{variable}\")` and give it in the environment"))
        .fix(
            format!("take it from the environment variable `{variable}`"),
            vec![Edit::new(span, format!("secret(\"{variable}\")"))],
        )
}
