//! A resource type: its attributes first, then, when every type of the driver is known, all that uses them.
//!
//! Comes in: `type image { id: string computed identity … ready when … operation … }`. Goes out: a [`ResourceType`].
//! [`attributes_of`] is the first reading, [`complete`] the second.

mod division;
mod sharing;
mod state;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ExprKind, LineKind};

use super::{
    answers, attributes, commands, laws, merge,
    names::Names,
    operation,
    phrases::{self, Block, malformed},
    promises, read,
    settings::declared_twice,
    unique,
};
use crate::hir::{Answer, Cross, Operation, OperationKind, Repeat, Request, ResourceType, Share, Type};
use division::cross;
use sharing::share;
use state::{broken, life, stateful, stuck, stuck_until_when};

/// The type with its attributes, all else still empty.
pub(super) fn attributes_of(
    phrase: &ast::Phrase,
    docs: &[String],
    part: &str,
    driver: &str,
    service: &str,
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ResourceType> {
    let name = phrase.values.first()?;
    let short_name = read::name(name)?.to_owned();
    let mut attributes = IndexMap::new();
    for line in phrase.body.iter().flatten() {
        if let LineKind::Attribute(written) = &line.kind {
            attributes::attribute(written, &line.docs, resolve, &mut attributes, diagnostics);
        }
    }
    for line in phrase.body.iter().flatten() {
        if let LineKind::Phrase(like) = &line.kind
            && like.word.text == "like"
        {
            attributes::like_record(like, resolve, &mut attributes, diagnostics);
        }
    }
    let marked: Vec<_> = attributes.values().filter(|attribute| attribute.is_identity).collect();
    let identity = match marked.as_slice() {
        [one] => one.name.clone(),
        [] => {
            diagnostics.push(
                Diagnostic::new(codes::E0401, name.span, format!("the type `{short_name}` has no identity"))
                    .help("mark the attribute that tells one from another: `id: string computed identity`"),
            );
            String::new()
        }
        [first, second, ..] => {
            diagnostics.push(
                Diagnostic::new(
                    codes::E0401,
                    second.span,
                    format!("the type `{short_name}` has two identities"),
                )
                .secondary(first.span, "the first"),
            );
            first.name.clone()
        }
    };
    let is_chosen = attributes.get(&identity).is_some_and(|identity| identity.is_settable);
    let unique = if is_chosen { vec![vec![identity.clone()]] } else { Vec::new() };
    Some(ResourceType {
        name: format!("{part}.{short_name}"),
        name_attribute: attributes.contains_key("name").then(|| "name".to_owned()),
        short_name,
        driver: driver.to_owned(),
        service: service.to_owned(),
        docs: docs.to_vec(),
        attributes,
        identity,
        mark: None,
        guard: None,
        ready: None,
        broken: None,
        stuck: None,
        share: Share::None {
            because: "the driver does not say how it could be used at another site".to_owned(),
        },
        cross: Cross::None { because: "the driver does not say how it could be divided".to_owned() },
        stateful: None,
        unique,
        operations: IndexMap::new(),
        create: None,
        merge: Vec::new(),
        commands: Vec::new(),
        life: life(phrase, diagnostics),
        span: name.span,
    })
}

/// Reads the rest of a type's body. `names` holds `site` and `session`.
pub(super) fn complete(
    ty: &mut ResourceType,
    body: &[ast::Line],
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    attributes::check(&ty.attributes, names, diagnostics);
    let mut names = names.clone();
    for attribute in ty.attributes.values() {
        names.add(&attribute.name, attribute.ty.clone());
    }
    let phrases: Vec<(&ast::Phrase, &[String])> = body
        .iter()
        .filter(|line| phrases::is_allowed(Block::Type, line, diagnostics))
        .filter_map(|line| match &line.kind {
            LineKind::Phrase(phrase) => Some((phrase, line.docs.as_slice())),
            _ => None,
        })
        .collect();
    let of = |word: &'static str| phrases.iter().filter(move |(phrase, _)| phrase.word.text == word);
    said_once(&phrases, diagnostics);
    for (phrase, _) in of("create") {
        ty.create = created_by(phrase, diagnostics);
    }
    let answer_names = names.with(answers::http_words()).with(answers::exec_words());
    let mut of_type: Vec<Answer> = Vec::new();
    for (phrase, _) in of("answers") {
        of_type.extend(answers::block(
            phrase.body.as_deref().unwrap_or_default(),
            &answer_names,
            diagnostics,
        ));
    }
    let mut is_whole = true;
    for (phrase, docs) in of("operation") {
        let created_by = ty.create.as_deref();
        let Some(operation) = operation::operation(phrase, docs, &names, created_by, &of_type, diagnostics)
        else {
            is_whole = false;
            continue;
        };
        if let Some(first) = ty.operations.get(&operation.name) {
            diagnostics.push(declared_twice("operation", &operation.name, operation.span, first.span));
            continue;
        }
        ty.operations.insert(operation.name.clone(), operation);
    }
    for (phrase, _) in &phrases {
        one_phrase(phrase, ty, &names, diagnostics);
    }
    for (phrase, _) in of("stuck") {
        stuck_until_when(ty, phrase, diagnostics);
    }
    created_and_updated(ty, &phrases, diagnostics);
    // What updates one may be what creates one.
    for (phrase, _) in of("guard") {
        ty.guard = guard(phrase, ty, diagnostics);
    }
    after_what(ty, diagnostics);
    laws::check(ty, diagnostics);
    ty.commands = commands::commands(body, ty, &names, diagnostics);
    // An unreadable operation may be the one that is missing.
    if is_whole && !body.iter().any(|line| matches!(line.kind, LineKind::Error)) {
        promises::check(ty, diagnostics);
    }
}

/// What a type says once: a second one would be another answer to the same question.
const ONCE: [&str; 8] = ["create", "cross", "guard", "mark", "merge", "ready", "share", "stateful"];

fn said_once(phrases: &[(&ast::Phrase, &[String])], diagnostics: &mut Vec<Diagnostic>) {
    for word in ONCE {
        let mut said = phrases.iter().map(|(phrase, _)| *phrase).filter(|phrase| phrase.word.text == word);
        let Some(first) = said.next() else { continue };
        diagnostics.extend(said.map(|again| {
            Diagnostic::new(codes::E0103, again.span, format!("a type says `{word}` once"))
                .label("again")
                .secondary(first.span, "first here")
                .help("keep the one that holds")
        }));
    }
}

fn one_phrase(
    phrase: &ast::Phrase,
    ty: &mut ResourceType,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    match phrase.word.text.as_str() {
        // `named in …` is about fields of declared types, and read before them.
        "named" if phrase.links.first().is_some_and(|link| link.word.text == "in") => {}
        "named" => {
            if let Some(path) = attribute_path(phrase, "by", "named by title", ty, diagnostics) {
                ty.name_attribute = path.first().cloned();
            }
        }
        "mark" => ty.mark = attribute_path(phrase, "in", "mark in metadata.scope_mark", ty, diagnostics),
        "ready" => ty.ready = operation::ready(phrase, names, diagnostics),
        "broken" => ty.broken = broken(phrase, names, diagnostics),
        "stuck" => ty.stuck = stuck(phrase, names, diagnostics),
        "share" => {
            if let Some(share) = share(phrase, ty, diagnostics) {
                ty.share = share;
            }
        }
        "cross" => {
            ty.cross = cross(phrase, ty, diagnostics).unwrap_or(Cross::Error);
        }
        "stateful" => ty.stateful = stateful(phrase, diagnostics),
        "unique" => {
            if let Some(paths) = unique::unique(phrase, ty, diagnostics) {
                ty.unique = paths;
            }
        }
        "merge" => ty.merge = merge::merge(phrase.body.as_deref().unwrap_or_default(), ty, diagnostics),
        _ => {}
    }
}

fn created_by(phrase: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let by = phrase.links.iter().find(|link| link.word.text == "by").and_then(|link| read::name(&link.value));
    if by.is_none() {
        diagnostics.push(malformed(
            phrase.span,
            "`create` names the operation that creates",
            "create by OPERATION",
        ));
    }
    by.map(str::to_owned)
}

/// Fills in `create`, and the update of a type whose creating operation may be repeated with other values.
fn created_and_updated(
    ty: &mut ResourceType,
    phrases: &[(&ast::Phrase, &[String])],
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some(create) = &ty.create {
        let written = phrases.iter().find(|(phrase, _)| phrase.word.text == "create");
        if let Some(link) = written.and_then(|(phrase, _)| phrase.links.first()) {
            commands::known_operation(create, link.value.span, ty, diagnostics);
        }
    } else {
        let create = ty.operations.values().find(|operation| operation.kind == OperationKind::Create);
        ty.create = create.map(|operation| operation.name.clone());
    }
    let has_update = ty.operations.values().any(|operation| operation.kind == OperationKind::Update);
    let Some(create) = ty.create.as_ref().and_then(|create| ty.operations.get(create)) else { return };
    if create.repeat == Repeat::Always && !has_update && create.name != "update" {
        let update = Operation { name: "update".to_owned(), kind: OperationKind::Update, ..create.clone() };
        ty.operations.entry("update".to_owned()).or_insert(update);
    }
}

/// Reports an `after` that names no operation of the type.
fn after_what(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    for operation in ty.operations.values() {
        if let Some(after) = &operation.after {
            commands::known_operation(after, operation.span, ty, diagnostics);
        }
    }
}

/// `named by title`, `mark in metadata.scope_mark`: a path that starts at an attribute.
fn attribute_path(
    phrase: &ast::Phrase,
    link: &str,
    written: &str,
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<String>> {
    let value = match phrase.links.as_slice() {
        [only] if only.word.text == link => &only.value,
        _ => {
            diagnostics.push(malformed(
                phrase.span,
                format!("`{}` names an attribute", phrase.word.text),
                written,
            ));
            return None;
        }
    };
    let path = read::expect(read::path(value), value, "an attribute", diagnostics)?;
    known_attribute(&path[0], value.span, ty, diagnostics).then_some(path)
}

/// `guard in description`: a text or a list of texts that can be read and changed.
fn guard(phrase: &ast::Phrase, ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<String>> {
    let path = attribute_path(phrase, "in", "guard in description", ty, diagnostics)?;
    let attribute = &ty.attributes[&path[0]];
    let lacks = |kind| !ty.operations.values().any(|operation| operation.kind == kind);
    let why = if attribute.is_immutable || !attribute.is_settable || attribute.is_write_only {
        format!("`{}` cannot be read and changed", attribute.name)
    } else if lacks(OperationKind::Read) {
        format!("`{}` has no operation that reads one", ty.short_name)
    } else if lacks(OperationKind::Update) {
        format!("`{}` has no operation that changes one", ty.short_name)
    } else {
        return Some(path);
    };
    let report = Diagnostic::new(codes::E0321, phrase.span, format!("no guard can be kept here: {why}"))
        .label("left and taken off while the resource lives")
        .secondary(attribute.span, "declared here");
    let report = match why_no_update(ty).filter(|_| lacks(OperationKind::Update)) {
        Some(why) => report.note(why),
        None => report,
    };
    diagnostics.push(report.help(
        "keep it in an attribute that `update` changes, or leave `guard` out: then it holds for one state only",
    ));
    None
}

/// Why the `PUT` that creates one changes none.
pub(super) fn why_no_update(ty: &ResourceType) -> Option<String> {
    let create = ty.create.as_ref().and_then(|create| ty.operations.get(create))?;
    let Request::Http { method, .. } = &create.request else { return None };
    let is_put = matches!(&*method.kind, ExprKind::Text(text) if text.literal().as_deref() == Some("PUT"));
    (is_put && create.repeat != Repeat::Always).then(|| {
        format!(
            "`{}` creates, and would update as well if it could be sent again as it is: `repeat by always`, which a `PUT` has \
             where nothing is said",
            create.name
        )
    })
}

pub(super) fn known_attribute(
    name: &str,
    path: Span,
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    if ty.attributes.contains_key(name) {
        return true;
    }
    let span = Span::new(path.file, path.start, path.start + name.len() as u32);
    let report = Diagnostic::new(codes::E0402, span, format!("`{}` has no attribute `{name}`", ty.name))
        .label("unknown");
    diagnostics.push(match similar::nearest(name, ty.attributes.keys().map(String::as_str)) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(span, near)]),
        None => report,
    });
    false
}
