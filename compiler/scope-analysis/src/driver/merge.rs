//! The merge matrix of a type, as written.
//!
//! Comes in: `merge { create then update -> keep-order }`. Goes out: rules of two operations and a relation. Whether
//! they are lawful is a check of its own (`laws`).

use scope_diagnostics::{Diagnostic, Edit, codes, similar};
use scope_syntax::ast::{self, LineKind};

use super::{
    commands::known_operation,
    phrases::{self, Block, malformed},
    read,
};
use crate::hir::{MergeRelation, MergeRule, ResourceType};

const RELATIONS: &[(&str, MergeRelation)] = &[
    ("take-one", MergeRelation::TakeOne),
    ("any-order", MergeRelation::AnyOrder),
    ("keep-order", MergeRelation::KeepOrder),
    ("reverse-order", MergeRelation::ReverseOrder),
];

/// The rules of `merge { … }`; every operation of the type is known by now.
pub(super) fn merge(
    body: &[ast::Line],
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<MergeRule> {
    let mut matrix: Vec<MergeRule> = Vec::new();
    for line in body {
        if !phrases::is_allowed(Block::Merge, line, diagnostics) {
            continue;
        }
        let LineKind::Rule(rule) = &line.kind else { continue };
        let second = rule.then.as_ref().and_then(read::name);
        let (Some(first), Some(second), Some(relation)) =
            (read::name(&rule.pattern), second, read::name(&rule.result))
        else {
            let message = "a merge rule has two operations and a relation";
            diagnostics.push(malformed(line.span, message, "create then update -> keep-order"));
            continue;
        };
        for (name, written) in [(first, Some(&rule.pattern)), (second, rule.then.as_ref())] {
            if let Some(written) = written {
                known_operation(name, written.span, ty, diagnostics);
            }
        }
        let Some((_, relation)) = RELATIONS.iter().find(|(word, _)| *word == relation) else {
            diagnostics.push(unknown_relation(relation, rule.result.span));
            continue;
        };
        if matrix.iter().any(|rule| rule.first == first && rule.second == second) {
            let message = format!("`{first} then {second}` is written twice");
            diagnostics.push(Diagnostic::new(codes::E0103, line.span, message));
            continue;
        }
        matrix.push(MergeRule {
            first: first.to_owned(),
            second: second.to_owned(),
            relation: *relation,
            span: line.span,
        });
    }
    matrix
}

fn unknown_relation(word: &str, span: scope_diagnostics::Span) -> Diagnostic {
    let report = Diagnostic::new(codes::E0401, span, format!("`{word}` is no relation of two operations"));
    match similar::nearest(word, RELATIONS.iter().map(|(word, _)| *word)) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(span, near)]),
        None => report.help("relations are `take-one`, `any-order`, `keep-order`, `reverse-order`"),
    }
}
