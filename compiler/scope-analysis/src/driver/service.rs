//! A service: its address, its answers, its login and its probe. Its types are read in [`super::resource`].
//!
//! Comes in: `service image { aliases: ["glance"], uses: [identity], address: …, answers { … } }`. Goes out: a
//! [`Service`], and the driver's [`Login`] if the service has one.

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ExprKind, LineKind};

use super::{
    answers,
    names::Names,
    phrases::{self, Block},
    read, request,
};
use crate::hir::{Answer, Field, Login, Request, Service, Type};

/// A service without its types. `names` holds `site` and `session`.
pub(super) fn service(
    name: &ast::Ident,
    docs: &[String],
    body: &[ast::Line],
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Service {
    let mut service = Service {
        name: name.text.clone(),
        aliases: Vec::new(),
        uses: Vec::new(),
        authenticates: false,
        address: None,
        headers: Vec::new(),
        answers: Vec::new(),
        probe: None,
        docs: docs.to_vec(),
        span: name.span,
    };
    for line in body {
        if !phrases::is_allowed(Block::Service, line, diagnostics) {
            continue;
        }
        match &line.kind {
            LineKind::Entry { key, value } => entry(&key.text, value, &mut service, names, diagnostics),
            LineKind::Phrase(phrase) => match phrase.word.text.as_str() {
                "answers" => {
                    let names = names.with(answers::http_words()).with(answers::exec_words());
                    let rules =
                        answers::block(phrase.body.as_deref().unwrap_or_default(), &names, diagnostics);
                    service.answers.extend(rules);
                }
                "probe" => service.probe = exchange(phrase, Block::Probe, names, diagnostics),
                _ => {}
            },
            _ => {}
        }
    }
    service
}

fn entry(
    key: &str,
    value: &ast::Expr,
    service: &mut Service,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match key {
        "aliases" => {
            let aliases = read::list(value, read::word);
            service.aliases =
                read::expect(aliases, value, "a list of names", diagnostics).unwrap_or_default();
        }
        "uses" => {
            let uses = read::list(value, read::word);
            service.uses = read::expect(uses, value, "a list of services", diagnostics).unwrap_or_default();
        }
        "authenticates" => match &*value.kind {
            ExprKind::Bool(authenticates) => service.authenticates = *authenticates,
            _ => {
                read::expect(None::<()>, value, "`true` or `false`", diagnostics);
            }
        },
        "address" => {
            names.check(value, diagnostics);
            service.address = Some(value.clone());
        }
        _ => {
            let headers =
                read::expect(read::fields(value), value, "a record", diagnostics).unwrap_or_default();
            headers.iter().for_each(|(_, value)| names.check(value, diagnostics));
            service.headers = headers;
        }
    }
}

/// Reports services in `uses` that the driver does not have.
pub(super) fn check_uses(body: &[ast::Line], known: &[&str], diagnostics: &mut Vec<Diagnostic>) {
    for line in body {
        let LineKind::Entry { key, value } = &line.kind else { continue };
        if key.text != "uses" {
            continue;
        }
        let ExprKind::List(elements) = &*value.kind else { continue };
        for element in elements {
            let (ast::Element::Value(used) | ast::Element::Spread(used)) = element;
            let Some(word) = read::word(used).filter(|word| !known.contains(&word.as_str())) else {
                continue;
            };
            let report =
                Diagnostic::new(codes::E0402, used.span, format!("the driver has no service `{word}`"));
            diagnostics.push(match similar::nearest(&word, known.iter().copied()) {
                Some(near) => report
                    .help(format!("did you mean `{near}`?"))
                    .fix(format!("write `{near}`"), vec![Edit::new(used.span, near)]),
                None => report,
            });
        }
    }
}

/// The login of a service's body, if it has one. `names` holds `site`.
pub(super) fn login(
    service: &str,
    phrase: &ast::Phrase,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Login> {
    let mut secret_fields = Vec::new();
    for line in phrase.body.iter().flatten() {
        if let LineKind::Entry { key, value } = &line.kind
            && key.text == "secret"
        {
            let fields = read::list(value, read::word);
            secret_fields = read::expect(fields, value, "a list of the session's fields", diagnostics)?;
        }
    }
    let (request, answers) = exchange(phrase, Block::Login, names, diagnostics)?;
    Some(Login { service: service.to_owned(), request, answers, secret_fields, span: phrase.span })
}

/// What `session` is: the fields of the record that the login's `done` gives.
pub(super) fn session_type(login: Option<&Login>) -> Type {
    let Some(login) = login else { return Type::Record(Vec::new()) };
    let mut fields: Vec<Field> = Vec::new();
    for argument in login.answers.iter().filter_map(|answer| answer.argument.as_ref()) {
        let ExprKind::Record(entries) = &*argument.kind else { return Type::Any };
        for entry in entries {
            match entry {
                ast::RecordEntry::Field { key, .. } => {
                    let name = key.literal().unwrap_or_default();
                    let span = Span::DUMMY;
                    fields.push(Field {
                        name,
                        ty: Type::Any,
                        is_optional: true,
                        default: None,
                        docs: Vec::new(),
                        span,
                    });
                }
                _ => return Type::Any,
            }
        }
    }
    Type::Record(fields)
}

/// A request with its answers.
fn exchange(
    phrase: &ast::Phrase,
    block: Block,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Request, Vec<Answer>)> {
    let answer_names = match request::is_command(phrase) {
        true => names.with(answers::exec_words()),
        false => names.with(answers::http_words()),
    };
    let mut rules = Vec::new();
    let n_reports = diagnostics.len();
    let body = phrase.body.as_deref().unwrap_or_default();
    for line in body {
        if phrases::is_allowed(block, line, diagnostics)
            && let LineKind::Rule(rule) = &line.kind
        {
            rules.extend(answers::rule(rule, line.span, &answer_names, diagnostics));
        }
    }
    let is_read = diagnostics.len() == n_reports;
    let request = request::read(phrase, names, diagnostics)?;
    answers::check_reached(&rules, diagnostics);
    if is_read && !rules.iter().any(|rule| answers::is_success(rule.meaning)) {
        diagnostics.push(Diagnostic::new(
            codes::E0403,
            phrase.word.span,
            format!("the {} has no answer that says it worked", phrase.word.text),
        ));
    }
    Some((request, rules))
}
