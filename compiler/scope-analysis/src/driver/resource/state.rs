//! What a type says of the state of one: `stateful because …`, `broken when …`, `stuck when …`, `since … until …`.

use scope_diagnostics::Diagnostic;
use scope_syntax::ast::{self, LineKind};

use super::super::{names::Names, phrases::malformed, read};
use crate::hir::{Life, ResourceType, Type};

/// `since "1.9" until "1.15"`, `until "1.15"`
pub(super) fn life(ty: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> Life {
    const WRITTEN: &str = "since \"1.9\" until \"1.15\"";
    let mut life = Life::default();
    for line in ty.body.iter().flatten() {
        let LineKind::Phrase(phrase) = &line.kind else { continue };
        let version = |value: &ast::Expr| read::text(value).filter(|text| !text.trim().is_empty());
        match (phrase.word.text.as_str(), phrase.values.as_slice(), phrase.links.as_slice()) {
            ("since", [since], []) => life.since = version(since),
            ("until", [until], []) => life.until = version(until),
            ("since", [since], [link]) if link.word.text == "until" => {
                life = Life { since: version(since), until: version(&link.value) };
            }
            ("since" | "until", ..) => {
                diagnostics.push(malformed(phrase.span, "`since` and `until` name a version", WRITTEN));
            }
            _ => {}
        }
    }
    life
}

/// `stateful because "what is on a disk stays there"`
pub(super) fn stateful(phrase: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let because = match (phrase.values.as_slice(), phrase.links.as_slice()) {
        ([], [only]) if only.word.text == "because" => read::text(&only.value),
        _ => None,
    };
    if because.is_none() {
        diagnostics.push(malformed(
            phrase.span,
            "`stateful` says what is lost when one is made anew",
            "stateful because \"what is on its disk stays at its site\"",
        ));
    }
    because
}

/// `broken when status == "ERROR" because body.fault.message`
pub(super) fn broken(
    phrase: &ast::Phrase,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(ast::Expr, Option<ast::Expr>)> {
    let link = |word: &str| phrase.links.iter().find(|link| link.word.text == word).map(|link| &link.value);
    let Some(condition) = link("when") else {
        diagnostics.push(malformed(
            phrase.span,
            "`broken` needs a condition",
            "broken when CONDITION because MESSAGE",
        ));
        return None;
    };
    names.check(condition, diagnostics);
    let because = link("because");
    if let Some(because) = because {
        names.with([("body", Type::Any)]).check(because, diagnostics);
    }
    Some((condition.clone(), because.cloned()))
}

/// `stuck when status == "BUILD"`
pub(super) fn stuck(
    phrase: &ast::Phrase,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ast::Expr> {
    match phrase.links.as_slice() {
        [link] if link.word.text == "when" && phrase.values.is_empty() => {
            names.check(&link.value, diagnostics);
            Some(link.value.clone())
        }
        _ => {
            diagnostics.push(malformed(phrase.span, "`stuck` needs a condition", "stuck when CONDITION"));
            None
        }
    }
}

/// How long one may be in that state is what its readiness says.
pub(super) fn stuck_until_when(ty: &ResourceType, phrase: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) {
    if ty.stuck.is_some() && ty.ready.is_none() {
        diagnostics.push(malformed(
            phrase.span,
            format!("`{}` has no `ready`, so nothing says for how long it may be so", ty.short_name),
            "ready when CONDITION within 10min every 1s",
        ));
    }
}
