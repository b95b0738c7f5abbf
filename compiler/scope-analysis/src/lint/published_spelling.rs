//! Spellings that are read and not written any more: `||` and `;` for `|`, a command without `$`, a quoted site.

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::ast::{ChainOp, Expr, ExprKind, ItemKind, NativeItem};

use super::{Input, reports::Reports, walk};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for module in input.own_modules() {
        for item in &module.tree.items {
            if let ItemKind::Native(item) = &item.kind
                && item.native.bare
            {
                bare(item, reports);
            }
        }
        for scope in input.scopes(module) {
            for entry in &scope.entries {
                walk::expressions(&entry.location, &mut |value| match value.kind.as_ref() {
                    ExprKind::Chain { op: ChainOp::Or, operands } => operators(input, operands, reports),
                    ExprKind::Text(text) => {
                        if let Some(name) = text.literal() {
                            quoted(input, &name, value.span, reports);
                        }
                    }
                    _ => {}
                });
            }
        }
    }
}

fn bare(item: &NativeItem, reports: &mut Reports) {
    // The assignment form is put right by the formatter, which has the whole of it.
    let span = item.native.words.first().map_or(item.native.span, |word| word.span);
    let report = Diagnostic::new(codes::W0337, span, "a command without `$`")
        .label("looks like an item of the language");
    reports.push(match &item.name {
        Some(_) => report.help("`scope fmt` writes it as `let NAME: TYPE = $ …`"),
        None => report
            .help("write `$` before it")
            .fix("write `$` before it", vec![Edit::new(Span::new(span.file, span.start, span.start), "$ ")]),
    });
}

/// What stands between the operands, where it is not `|`.
fn operators(input: &Input<'_>, operands: &[Expr], reports: &mut Reports) {
    for pair in operands.windows(2) {
        let gap = Span::new(pair[0].span.file, pair[0].span.end, pair[1].span.start);
        let text = input.sources.snippet(gap);
        for written in ["||", ";"] {
            if let Some(at) = text.find(written) {
                let start = gap.start + at as u32;
                let span = Span::new(gap.file, start, start + written.len() as u32);
                reports.push(
                    Diagnostic::new(codes::W0337, span, format!("`{written}` is written `|`"))
                        .label("otherwise")
                        .help("write `|`")
                        .fix("write `|`", vec![Edit::new(span, "|")]),
                );
                break;
            }
        }
    }
}

/// `"CloudTwo"`, where the word `CloudTwo` is the same site.
fn quoted(input: &Input<'_>, name: &str, span: Span, reports: &mut Reports) {
    let is_text = input.sources.snippet(span).starts_with('"');
    let site = input.program.sites.iter().find(|site| site.name == name);
    let is_word = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
        && name.starts_with(|letter: char| letter.is_alphabetic())
        && ![
            "here", "local", "sites", "if", "then", "else", "for", "in", "and", "or", "not", "true", "false",
            "null",
        ]
        .contains(&name);
    let Some(site) = site.filter(|_| is_word && is_text) else { return };
    // The word must mean that site and nothing else, wherever it is used in this program.
    let means_it = input.uses.iter().all(|usage| {
        usage.definition == site.span
            || input.sources.snippet(usage.span) != name
            || usage.span == usage.definition
    });
    let is_declared_so = input.sources.snippet(site.span).contains(name);
    let is_shadowed =
        input.own_modules().flat_map(|module| &module.tree.items).any(|item| match &item.kind {
            ItemKind::Let(item) => item.name.text == name,
            ItemKind::Param(param) => param.name.text == name,
            ItemKind::Function(function) => function.name.text == name,
            ItemKind::Thing(thing) => thing.name.text == name,
            ItemKind::Native(item) => item.name.as_ref().is_some_and(|bound| bound.text == name),
            _ => false,
        });
    if means_it && is_declared_so && !is_shadowed {
        reports.push(
            Diagnostic::new(codes::W0337, span, format!("a site is named without quotes: `{name}`"))
                .label("quoted")
                .help(format!("write `{name}`"))
                .fix(format!("write `{name}`"), vec![Edit::new(span, name)]),
        );
    }
}
