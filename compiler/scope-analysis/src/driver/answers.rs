//! Answer rules: what a status means.
//!
//! Comes in: `403 | 409 if text matching r"[Qq]uota" -> refused(text)`. Goes out: codes, condition, meaning and its
//! argument; E0403 where the left side is no status or the right side no meaning.

use scope_diagnostics::{Diagnostic, Edit, codes, similar};
use scope_syntax::ast::{self, BinaryOp, ChainOp, ExprKind, LineKind, NumberValue};

use super::{
    names::Names,
    phrases::{self, Block},
};
use crate::hir::{Answer, Meaning, Type};

/// The words for meanings, with the fewest and most arguments.
const MEANINGS: &[(&str, Meaning, usize, usize)] = &[
    ("found", Meaning::Found, 1, 1),
    ("list", Meaning::List, 1, 1),
    ("done", Meaning::Done, 0, 1),
    ("exists", Meaning::Exists, 0, 1),
    ("gone", Meaning::Gone, 0, 0),
    ("content", Meaning::Content, 0, 0),
    ("not_found", Meaning::NotFound, 0, 1),
    ("refused", Meaning::Refused, 0, 1),
    ("unavailable", Meaning::Unavailable, 0, 1),
    ("unreachable", Meaning::Unreachable, 0, 1),
    ("lost", Meaning::Lost, 0, 1),
    ("denied", Meaning::Denied, 0, 1),
    ("invalid", Meaning::Invalid, 0, 1),
    ("reauthenticate", Meaning::Reauthenticate, 0, 0),
    ("busy", Meaning::Busy, 0, 1),
];

/// The last status of an answer over HTTP; those of commands are below.
const LAST_STATUS: u16 = 599;

/// The names that are there while an answer over HTTP is read.
pub(super) fn http_words() -> [(&'static str, Type); 4] {
    [
        ("status", Type::Int),
        ("body", Type::Any),
        ("text", Type::String),
        ("header", Type::Map(Box::new(Type::String))),
    ]
}

/// The names that are there while a command's answer is read.
pub(super) fn exec_words() -> [(&'static str, Type); 3] {
    [("code", Type::Int), ("out", Type::String), ("err", Type::String)]
}

/// Whether it says that what was asked for happened.
pub(super) fn is_success(meaning: Meaning) -> bool {
    matches!(
        meaning,
        Meaning::Found | Meaning::List | Meaning::Done | Meaning::Exists | Meaning::Gone | Meaning::Content
    )
}

/// The rules of an `answers { … }` block.
pub(super) fn block(body: &[ast::Line], names: &Names<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for line in body {
        if phrases::is_allowed(Block::Answers, line, diagnostics)
            && let LineKind::Rule(written) = &line.kind
        {
            answers.extend(rule(written, line.span, names, diagnostics));
        }
    }
    check_reached(&answers, diagnostics);
    answers
}

/// Reports the rules whose every status is taken by the rules above them: the first that holds is meant.
pub(super) fn check_reached(answers: &[Answer], diagnostics: &mut Vec<Diagnostic>) {
    // By which rule each status is taken.
    let mut taken: Vec<Option<&Answer>> = vec![None; usize::from(LAST_STATUS) + 1];
    for answer in answers {
        let of_answer = || {
            let all = [(0, LAST_STATUS)];
            let ranges = if answer.codes.is_empty() { all.to_vec() } else { answer.codes.clone() };
            ranges.into_iter().flat_map(|(low, high)| usize::from(low)..=usize::from(high.min(LAST_STATUS)))
        };
        let above: Option<Vec<&Answer>> = of_answer().map(|status| taken[status]).collect();
        if let Some(first) = above.as_ref().and_then(|above| above.first()) {
            diagnostics.push(
                Diagnostic::new(
                    codes::E0403,
                    answer.span,
                    "this rule is never reached: the first that holds is meant",
                )
                .label("every status of it is taken above")
                .secondary(first.span, "here")
                .help("take one of the two out, or put the narrower one first"),
            );
        }
        if answer.condition.is_none() {
            for status in of_answer() {
                taken[status].get_or_insert(answer);
            }
        }
    }
}

/// One rule. `names` are those of the answer's place, the answer's own words included.
pub(super) fn rule(
    written: &ast::Rule,
    span: scope_diagnostics::Span,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Answer> {
    if let Some(then) = &written.then {
        diagnostics.push(
            Diagnostic::new(codes::E0403, then.span, "an answer has no `then`")
                .help("it is written `STATUS if CONDITION -> OUTCOME`"),
        );
    }
    let mut codes_of_rule = Vec::new();
    if !statuses(&written.pattern, &mut codes_of_rule, diagnostics) {
        return None;
    }
    if let Some(condition) = &written.condition {
        names.check(condition, diagnostics);
    }
    let (meaning, argument) = outcome(&written.result, diagnostics)?;
    if let Some(argument) = &argument {
        names.check(argument, diagnostics);
    }
    Some(Answer { codes: codes_of_rule, condition: written.condition.clone(), meaning, argument, span })
}

/// Collects the statuses of a pattern; false if it holds something else, which is reported.
fn statuses(pattern: &ast::Expr, into: &mut Vec<(u16, u16)>, diagnostics: &mut Vec<Diagnostic>) -> bool {
    match &*pattern.kind {
        ExprKind::Error => return false,
        ExprKind::Name(word) if word == "any" => return true,
        ExprKind::Chain { op: ChainOp::Or, operands } => {
            // Every operand is read, so that one run reports all that are wrong.
            let good: Vec<bool> =
                operands.iter().map(|operand| statuses(operand, into, diagnostics)).collect();
            return good.into_iter().all(|good| good);
        }
        ExprKind::Binary { op: BinaryOp::Range, left, right } => {
            if let (Some(low), Some(high)) = (status(left), status(right))
                && low <= high
            {
                into.push((low, high));
                return true;
            }
        }
        _ => {
            if let Some(status) = status(pattern) {
                into.push((status, status));
                return true;
            }
        }
    }
    diagnostics.push(
        Diagnostic::new(codes::E0403, pattern.span, "expected a status such as `200`, `500..599`, or `any`")
            .label("not a status"),
    );
    false
}

fn status(expr: &ast::Expr) -> Option<u16> {
    match &*expr.kind {
        ExprKind::Number(ast::Number { value: NumberValue::Int(value), .. }) => {
            u16::try_from(*value).ok().filter(|status| *status <= LAST_STATUS)
        }
        _ => None,
    }
}

fn outcome(result: &ast::Expr, diagnostics: &mut Vec<Diagnostic>) -> Option<(Meaning, Option<ast::Expr>)> {
    let (word, word_span, args): (_, _, &[ast::Argument]) = match &*result.kind {
        ExprKind::Error => return None,
        ExprKind::Name(word) => (word, result.span, &[]),
        ExprKind::Call { callee, args } => match &*callee.kind {
            ExprKind::Name(word) => (word, callee.span, args),
            _ => return unreadable(result, diagnostics),
        },
        _ => return unreadable(result, diagnostics),
    };
    let Some((_, meaning, fewest, most)) = MEANINGS.iter().find(|(known, ..)| known == word) else {
        let report = Diagnostic::new(codes::E0403, word_span, format!("`{word}` is no outcome of an answer"))
            .label("not an outcome")
            .note(outcomes());
        diagnostics.push(match similar::nearest(word, MEANINGS.iter().map(|(known, ..)| *known)) {
            Some(near) => report
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), vec![Edit::new(word_span, near)]),
            None => report,
        });
        return None;
    };
    if !(*fewest..=*most).contains(&args.len()) {
        let written = match (fewest, most) {
            (0, 0) => word.clone(),
            (0, _) => format!("{word}` or `{word}(VALUE)"),
            _ => format!("{word}(VALUE)"),
        };
        diagnostics.push(
            Diagnostic::new(codes::E0403, result.span, format!("`{word}` with {} values", args.len()))
                .help(format!("it is written `{written}`")),
        );
        return None;
    }
    Some((*meaning, args.first().map(|argument| argument.value.clone())))
}

fn unreadable(result: &ast::Expr, diagnostics: &mut Vec<Diagnostic>) -> Option<(Meaning, Option<ast::Expr>)> {
    diagnostics.push(
        Diagnostic::new(codes::E0403, result.span, "expected an outcome such as `done(body)`")
            .help(outcomes()),
    );
    None
}

fn outcomes() -> String {
    let words: Vec<String> = MEANINGS.iter().map(|(word, ..)| format!("`{word}`")).collect();
    format!("outcomes are {}", words.join(", "))
}
