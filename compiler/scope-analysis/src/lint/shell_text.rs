//! `"/alarms/$s.name"`: in a text `$` and a name stand for themselves; `${s.name}` is the value.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::ast::{Expr, ExprKind, Generator, Item, ItemKind, Text, TextStyle};

use super::{Input, reports::Reports, walk};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for module in input.own_modules() {
        let items = &module.tree.items;
        let declared: BTreeSet<&str> = items.iter().filter_map(name).collect();
        for item in items {
            // What a family is over, and `here`, are mostly asked for a field of theirs.
            let mut names = BTreeSet::from(["here"]);
            if let ItemKind::Thing(thing) = &item.kind {
                thing.family.iter().for_each(|family| add(family, &mut names));
            }
            let values = values(item);
            for value in &values {
                walk::expressions(value, &mut |inner| match inner.kind.as_ref() {
                    ExprKind::ListFor { generator, .. } | ExprKind::MapFor { generator, .. } => {
                        add(generator, &mut names);
                    }
                    _ => {}
                });
            }
            for value in values {
                walk::expressions(value, &mut |inner| {
                    if let ExprKind::Text(text) = inner.kind.as_ref() {
                        one(input, text, &declared, &names, reports);
                    }
                });
            }
        }
    }
}

fn name(item: &Item) -> Option<&str> {
    match &item.kind {
        ItemKind::Let(item) => Some(&item.name.text),
        ItemKind::Param(param) => Some(&param.name.text),
        ItemKind::Thing(thing) => Some(&thing.name.text),
        _ => None,
    }
}

fn add<'a>(generator: &'a Generator, names: &mut BTreeSet<&'a str>) {
    names.insert(&generator.name.text);
    names.extend(generator.second.iter().map(|second| second.text.as_str()));
}

fn values(item: &Item) -> Vec<&Expr> {
    match &item.kind {
        ItemKind::Let(item) => vec![&item.value],
        ItemKind::Param(param) => param.default.iter().collect(),
        ItemKind::Site(site) => vec![&site.body],
        ItemKind::Thing(thing) => thing.body.iter().collect(),
        _ => Vec::new(),
    }
}

/// The first `$name` of a text whose name is one of the program's.
fn one(
    input: &Input<'_>,
    text: &Text,
    declared: &BTreeSet<&str>,
    names: &BTreeSet<&str>,
    reports: &mut Reports,
) {
    if !matches!(text.style, TextStyle::Quoted | TextStyle::Block) {
        return;
    }
    let written = input.sources.snippet(text.span);
    for (at, _) in written.match_indices('$').filter(|(at, _)| !written[..*at].ends_with('\\')) {
        let path = path(&written[at + 1..]);
        let first = path.split('.').next().unwrap_or_default();
        let path = if names.contains(first) { path } else { first };
        if !names.contains(first) && !declared.contains(first) {
            continue;
        }
        let start = text.span.start + at as u32;
        let span = Span::new(text.span.file, start, start + 1 + path.len() as u32);
        let right = format!("${{{path}}}");
        reports.push(
            Diagnostic::new(codes::W0345, span, format!("`${path}` stands for itself in a text"))
                .label(format!("`{first}` is a name of this program"))
                .help(format!("its value is `{right}`; `\\${path}` says that it is meant so"))
                .fix(format!("write `{right}`"), vec![Edit::new(span, right.clone())]),
        );
        return;
    }
}

/// `s.name` of `s.name.raw/x`: a word, and one behind a dot.
fn path(text: &str) -> &str {
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let first = word(text);
    match text[first..].strip_prefix('.').map(word) {
        Some(second) if first > 0 && second > 0 => &text[..first + 1 + second],
        _ => &text[..first],
    }
}
