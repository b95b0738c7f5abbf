//! An operation of a type: what it does, how it is asked for, what answers mean, what makes a repeat safe.
//!
//! Comes in: `operation create POST "/v2/images" { body: …, repeat by id, 201 -> done(body) }`. Goes out: an
//! [`Operation`]; its kind is told by its name (`find`, `read`, `create`, …) or by `kind: …`.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::{self, LineKind};

use super::{
    answers, defaults,
    names::Names,
    phrases::{self, Block, malformed},
    read, request, types,
};
use crate::hir::{Answer, Operation, OperationKind, Readiness, Repeat, Request, Type};

const KINDS: &[(&str, OperationKind)] = &[
    ("find", OperationKind::Find),
    ("list", OperationKind::Find),
    ("read", OperationKind::Read),
    ("show", OperationKind::Read),
    ("create", OperationKind::Create),
    ("upload", OperationKind::Upload),
    ("download", OperationKind::Download),
    ("update", OperationKind::Update),
    ("delete", OperationKind::Delete),
    ("action", OperationKind::Action),
];

/// Reads an operation. `names` holds the type's attributes, `site` and `session`; `created_by` is the operation of
/// `create by …`; `of_type` are answers that hold for every operation of the type.
pub(super) fn operation(
    phrase: &ast::Phrase,
    docs: &[String],
    names: &Names<'_>,
    created_by: Option<&str>,
    of_type: &[Answer],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Operation> {
    let Some(name) = phrase.values.first().and_then(read::name) else {
        let written = "operation NAME GET \"/path\" { … }";
        diagnostics.push(malformed(phrase.word.span, "an operation has a name", written));
        return None;
    };
    let body = phrase.body.as_deref().unwrap_or_default();
    let by_name = KINDS.iter().find(|(word, _)| *word == name).map(|(_, kind)| *kind);
    let mut kind = match created_by == Some(name) {
        true => OperationKind::Create,
        false => by_name.unwrap_or(OperationKind::Action),
    };
    for line in body {
        if let LineKind::Entry { key, value } = &line.kind
            && key.text == "kind"
        {
            let written = read::word(value).and_then(|word| KINDS.iter().find(|(known, _)| *known == word));
            let known: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
            let expected = format!("one of {}", known.join(", "));
            kind = read::expect(written, value, &expected, diagnostics).map_or(kind, |(_, kind)| *kind);
        }
    }
    let inputs = inputs(body, names, diagnostics);
    let mut names = names.with([("mark", Type::String)]);
    for (name, (ty, _)) in &inputs {
        names.hide(name, ty.clone());
    }
    // What changes is known to an update, and to what runs as a part of one.
    if kind == OperationKind::Update || phrase.links.iter().any(|link| link.word.text == "after") {
        names.hide("changes", Type::Map(Box::new(Type::Any)));
    }
    let (after, when) = links(phrase, &names, diagnostics);
    let request = request::read(phrase, &names, diagnostics);
    // The words of an answer hide attributes of the same name.
    let of_answers = match request::is_command(phrase) {
        true => names.with(answers::exec_words()),
        false => names.with(answers::http_words()),
    };
    let mut operation = Operation {
        name: name.to_owned(),
        kind,
        repeat: natural_repeat(kind, phrase),
        is_repeat_said: false,
        request: request?,
        inputs,
        after,
        when,
        answers: Vec::new(),
        settles_ms: 0,
        ready: None,
        sets: Vec::new(),
        next_page: None,
        docs: docs.to_vec(),
        span: phrase.values[0].span,
    };
    let n_reports = diagnostics.len();
    for line in body {
        if phrases::is_allowed(Block::Operation, line, diagnostics) {
            body_line(line, &mut operation, &names, &of_answers, diagnostics);
        }
    }
    answers::check_reached(&operation.answers, diagnostics);
    let is_read = diagnostics.len() == n_reports;
    if is_read && !operation.answers.iter().any(|answer| answers::is_success(answer.meaning)) {
        diagnostics.push(
            Diagnostic::new(
                codes::E0403,
                operation.span,
                format!("the operation `{name}` has no answer that says it worked"),
            )
            .help("add one: `200 -> done(body)`"),
        );
    }
    operation.answers.extend(of_type.iter().cloned());
    Some(operation)
}

/// What makes a repeat safe where the driver does not say: reading, PUT and DELETE are safe by nature.
fn natural_repeat(kind: OperationKind, phrase: &ast::Phrase) -> Repeat {
    let by_method = request::method(phrase)
        .is_some_and(|link| matches!(link.word.text.as_str(), "GET" | "HEAD" | "PUT" | "DELETE"));
    let by_kind = matches!(
        kind,
        OperationKind::Find | OperationKind::Read | OperationKind::Download | OperationKind::Delete
    );
    if by_method || by_kind { Repeat::Always } else { Repeat::None }
}

/// `after OPERATION` and `when CONDITION`.
fn links(
    phrase: &ast::Phrase,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Option<String>, Option<ast::Expr>) {
    let (mut after, mut when) = (None, None);
    for link in &phrase.links {
        match link.word.text.as_str() {
            "after" => {
                let first = read::expect(read::name(&link.value), &link.value, "an operation", diagnostics);
                after = first.map(str::to_owned);
            }
            "when" => {
                names.check(&link.value, diagnostics);
                when = Some(link.value.clone());
            }
            word if request::METHODS.contains(&word) => {}
            word => diagnostics.push(malformed(
                link.word.span,
                format!("an operation has no `{word}`"),
                "operation NAME POST \"/path\" after OPERATION when CONDITION { … }",
            )),
        }
    }
    (after, when)
}

fn body_line(
    line: &ast::Line,
    operation: &mut Operation,
    names: &Names<'_>,
    of_answers: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match &line.kind {
        LineKind::Rule(rule) => {
            operation.answers.extend(answers::rule(rule, line.span, of_answers, diagnostics));
        }
        LineKind::Entry { key, value } => match key.text.as_str() {
            "sets" => {
                let fields = read::expect(read::fields(value), value, "a record of attributes", diagnostics);
                for (attribute, value) in fields.unwrap_or_default() {
                    names.check(&value, diagnostics);
                    operation.sets.push((attribute, value));
                }
            }
            "next" => {
                of_answers.check(value, diagnostics);
                operation.next_page = Some(value.clone());
            }
            _ => {}
        },
        LineKind::Phrase(phrase) => match phrase.word.text.as_str() {
            "repeat" => {
                operation.repeat = repeat(phrase, diagnostics).unwrap_or(Repeat::None);
                operation.is_repeat_said = true;
            }
            "settles" => match phrase.links.as_slice() {
                [link] if link.word.text == "within" => {
                    let within = read::milliseconds(&link.value);
                    let within = read::expect(within, &link.value, "a time such as `60s`", diagnostics);
                    operation.settles_ms = within.unwrap_or_default();
                }
                _ => {
                    diagnostics.push(malformed(phrase.span, "`settles` says how long", "settles within 60s"))
                }
            },
            "ready" => operation.ready = ready(phrase, names, diagnostics),
            _ => {}
        },
        _ => {}
    }
}

/// `repeat by id`, `repeat by key("Idempotency-Key")`
fn repeat(phrase: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> Option<Repeat> {
    let value = phrase.links.iter().find(|link| link.word.text == "by").map(|link| &link.value);
    let repeat = value.and_then(|value| match &*value.kind {
        ast::ExprKind::Name(word) => match word.as_str() {
            "id" => Some(Repeat::Id),
            "name" => Some(Repeat::Name),
            "mark" => Some(Repeat::Mark),
            "always" => Some(Repeat::Always),
            "none" => Some(Repeat::None),
            _ => None,
        },
        ast::ExprKind::Call { callee, args } if read::name(callee) == Some("key") => match args.as_slice() {
            [header] => read::text(&header.value).map(Repeat::Key),
            _ => None,
        },
        _ => None,
    });
    if repeat.is_none() {
        diagnostics.push(malformed(
            phrase.span,
            "`repeat` says what makes a repeat safe",
            "repeat by id`, `by name`, `by mark`, `by key(\"Header\")`, `by always` or `by none",
        ));
    }
    repeat
}

/// `ready when status == "active" within 10min every 1s`
pub(super) fn ready(
    phrase: &ast::Phrase,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Readiness> {
    const WRITTEN: &str = "ready when CONDITION within 10min every 1s";
    let mut condition = None;
    let mut within_ms = 5 * 60 * 1000;
    let mut every_ms = 1000;
    for link in &phrase.links {
        match link.word.text.as_str() {
            "when" => {
                names.check(&link.value, diagnostics);
                condition = Some(link.value.clone());
            }
            word @ ("within" | "every") => {
                let time = read::milliseconds(&link.value).filter(|time| *time > 0);
                let time = read::expect(time, &link.value, "a time such as `10min`", diagnostics)?;
                if word == "within" { within_ms = time } else { every_ms = time }
            }
            word => diagnostics.push(malformed(link.word.span, format!("`ready` has no `{word}`"), WRITTEN)),
        }
    }
    if condition.is_none() {
        diagnostics.push(malformed(phrase.span, "`ready` needs a condition", WRITTEN));
    }
    Some(Readiness { condition: condition?, within_ms, every_ms })
}

/// `input { by: int = 1 }` and `input: { by: 1 }`.
fn inputs(
    body: &[ast::Line],
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> IndexMap<String, (Type, Option<ast::Expr>)> {
    let mut inputs = IndexMap::new();
    for line in body {
        match &line.kind {
            LineKind::Entry { key, value } if key.text == "input" => {
                let fields = read::expect(read::fields(value), value, "a record of inputs", diagnostics);
                for (name, default) in fields.unwrap_or_default() {
                    names.check(&default, diagnostics);
                    inputs.insert(name, (defaults::type_of_default(&default), Some(default)));
                }
            }
            LineKind::Phrase(phrase) if phrase.word.text == "input" => {
                for line in phrase.body.iter().flatten() {
                    if !phrases::is_allowed(Block::Input, line, diagnostics) {
                        continue;
                    }
                    let LineKind::Attribute(written) = &line.kind else { continue };
                    let mut resolve = |path: &ast::Path| Err(types::unknown_type(path, []));
                    let ty = types::type_of(&written.ty, &mut resolve, diagnostics);
                    if let Some(default) = &written.default {
                        names.check(default, diagnostics);
                    }
                    inputs.insert(written.name.text.clone(), (ty, written.default.clone()));
                }
            }
            _ => {}
        }
    }
    inputs
}

/// Whether the request sends something.
pub(super) fn has_content(operation: &Operation) -> bool {
    match &operation.request {
        Request::Http { body, .. } => body.is_some(),
        Request::Exec { stdin, files, .. } => stdin.is_some() || !files.is_empty(),
    }
}
