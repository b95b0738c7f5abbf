//! How an operation, a login or a probe is asked for: over HTTP or by a command.
//!
//! Comes in: the phrase (`operation create POST "/v2/images" { headers: …, body: … }` or a body with a `$` line). Goes
//! out: a [`Request`], every expression in it checked. `$ kubectl apply -f ${file(manifest)}` → the words, and a
//! temporary file `manifest` whose path is `paths.manifest`.

use scope_diagnostics::{Diagnostic, Span};
use scope_syntax::ast::{self, ExprKind, LineKind, TextPart, TextStyle};

use super::{names::Names, phrases::malformed, read};
use crate::hir::{Request, Type};

/// The HTTP methods, as link words.
pub(super) const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

const WRITTEN: &str = "operation NAME GET \"/path\" { STATUS -> OUTCOME }` or `operation NAME { $ COMMAND";

/// The parts of a request as they are collected from the lines of a body.
#[derive(Default)]
struct Parts {
    method: Option<ast::Expr>,
    path: Option<ast::Expr>,
    query: Vec<(String, ast::Expr)>,
    headers: Vec<(String, ast::Expr)>,
    body: Option<ast::Expr>,
    argv: Option<Vec<ast::Expr>>,
    env: Vec<(String, ast::Expr)>,
    files: Vec<(String, ast::Expr)>,
    stdin: Option<ast::Expr>,
}

/// The method a phrase names with its link word, in capitals.
pub(super) fn method(phrase: &ast::Phrase) -> Option<&ast::PhraseLink> {
    phrase.links.iter().find(|link| METHODS.contains(&link.word.text.as_str()))
}

/// Whether a phrase is asked for by a command.
pub(super) fn is_command(phrase: &ast::Phrase) -> bool {
    phrase.body.iter().flatten().any(|line| match &line.kind {
        LineKind::Native(_) => true,
        LineKind::Entry { key, .. } => key.text == "argv",
        _ => false,
    })
}

/// Reads the request of a phrase. `names` are those of a request at this place.
pub(super) fn read(
    phrase: &ast::Phrase,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Request> {
    let mut parts = Parts::default();
    if let Some(link) = method(phrase) {
        parts.method = Some(constant(&link.word.text, link.word.span));
        parts.path = Some(link.value.clone());
    }
    for line in phrase.body.iter().flatten() {
        match &line.kind {
            LineKind::Entry { key, value } => entry(&key.text, value, &mut parts, diagnostics),
            LineKind::Native(native) => {
                if parts.argv.is_some() {
                    diagnostics.push(malformed(line.span, "a second command", WRITTEN));
                }
                parts.argv = Some(words(native, &mut parts.files, names, diagnostics));
            }
            _ => {}
        }
    }
    check(&parts, names, diagnostics);
    match (parts.method, parts.path, parts.argv) {
        (Some(method), Some(path), None) => {
            Some(Request::Http { method, path, query: parts.query, headers: parts.headers, body: parts.body })
        }
        (None, None, Some(argv)) => {
            Some(Request::Exec { argv, env: parts.env, files: parts.files, stdin: parts.stdin })
        }
        (None, None, None) => {
            let what = phrase.word.text.as_str();
            diagnostics.push(malformed(
                phrase.word.span,
                format!("the {what} does not say how it is asked for"),
                WRITTEN,
            ));
            None
        }
        (None, Some(_), _) | (Some(_), None, _) => {
            diagnostics.push(malformed(
                phrase.word.span,
                "a request over HTTP has a method and a path",
                WRITTEN,
            ));
            None
        }
        (Some(_), Some(_), Some(_)) => {
            diagnostics.push(malformed(
                phrase.word.span,
                "a request is either over HTTP or a command",
                WRITTEN,
            ));
            None
        }
    }
}

fn entry(key: &str, value: &ast::Expr, parts: &mut Parts, diagnostics: &mut Vec<Diagnostic>) {
    let mut fields = || read::expect(read::fields(value), value, "a record", diagnostics).unwrap_or_default();
    match key {
        "query" => parts.query = fields(),
        "headers" => parts.headers = fields(),
        "env" => parts.env = fields(),
        "files" => parts.files.extend(fields()),
        "method" => parts.method = Some(value.clone()),
        "path" => parts.path = Some(value.clone()),
        "body" => parts.body = Some(value.clone()),
        "argv" => parts.argv = Some(vec![value.clone()]),
        "stdin" => parts.stdin = Some(value.clone()),
        _ => {}
    }
}

fn check(parts: &Parts, names: &Names<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let paths = names.with([("paths", Type::Map(Box::new(Type::String)))]);
    let plain = parts.method.iter().chain(&parts.path).chain(&parts.body).chain(&parts.stdin);
    let listed = parts.query.iter().chain(&parts.headers).chain(&parts.files).map(|(_, value)| value);
    plain.chain(listed).for_each(|expr| names.check(expr, diagnostics));
    let with_paths = parts.argv.iter().flatten().chain(parts.env.iter().map(|(_, value)| value));
    with_paths.for_each(|expr| paths.check(expr, diagnostics));
}

/// The words of a command. A word that is one hole is that hole's value, so that a list is spliced.
fn words(
    native: &ast::Native,
    files: &mut Vec<(String, ast::Expr)>,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<ast::Expr> {
    native
        .words
        .iter()
        .map(|word| {
            let mut word = word.clone();
            for part in &mut word.parts {
                if let TextPart::Interpolation(hole) = part {
                    file_path(hole, files, names, diagnostics);
                }
            }
            match word.parts.as_slice() {
                [TextPart::Interpolation(hole)] => hole.clone(),
                _ => ast::Expr { span: word.span, kind: Box::new(ExprKind::Text(word)) },
            }
        })
        .collect()
}

/// Replaces `file(content)` by the path of a temporary file with that content.
fn file_path(
    hole: &mut ast::Expr,
    files: &mut Vec<(String, ast::Expr)>,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let ExprKind::Call { callee, args } = &*hole.kind else { return };
    if read::name(callee) != Some("file") {
        return;
    }
    let [content] = args.as_slice() else {
        names.with_files().check(hole, diagnostics);
        *hole.kind = ExprKind::Error;
        return;
    };
    let wanted = read::path(&content.value).map_or_else(|| "file".to_owned(), |names| names.join("_"));
    let mut name = wanted.clone();
    let mut count = 1;
    while files.iter().any(|(taken, _)| *taken == name) {
        count += 1;
        name = format!("{wanted}_{count}");
    }
    files.push((name.clone(), content.value.clone()));
    let span = hole.span;
    let base = ast::Expr { kind: Box::new(ExprKind::Name("paths".to_owned())), span };
    let name = ast::Ident { text: name, span };
    *hole.kind = ExprKind::Field { base, name, optional: false };
}

/// A constant text.
pub(super) fn constant(text: &str, span: Span) -> ast::Expr {
    let parts = vec![TextPart::Chars(text.to_owned())];
    let text = ast::Text { parts, style: TextStyle::Quoted, span };
    ast::Expr { kind: Box::new(ExprKind::Text(text)), span }
}
