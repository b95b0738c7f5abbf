//! A resource type: its attributes first, then, when every type of the driver is known, all that uses them.
//!
//! Comes in: `type image { id: string computed identity … ready when … operation … }`. Goes out: a [`ResourceType`].
//! [`attributes_of`] is the first reading, [`complete`] the second.

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
};
use crate::hir::{
    Answer, Attribute, Cross, Division, Life, Operation, OperationKind, Relation, Repeat, ResourceType,
    Share, Type,
};

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
        operations: IndexMap::new(),
        create: None,
        merge: Vec::new(),
        commands: Vec::new(),
        life: life(phrase, diagnostics),
        span: name.span,
    })
}

/// `since "1.9" until "1.15"`, `until "1.15"`
fn life(ty: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> Life {
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
            if let Some(cross) = cross(phrase, ty, diagnostics) {
                ty.cross = cross;
            }
        }
        "stateful" => ty.stateful = stateful(phrase, diagnostics),
        "merge" => ty.merge = merge::merge(phrase.body.as_deref().unwrap_or_default(), ty, diagnostics),
        _ => {}
    }
}

/// `stateful because "what is on a disk stays there"`
fn stateful(phrase: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
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
    diagnostics.push(
        Diagnostic::new(codes::E0321, phrase.span, format!("no guard can be kept here: {why}"))
            .label("left and taken off while the resource lives")
            .secondary(attribute.span, "declared here")
            .help("keep it in an attribute that `update` changes, or leave `guard` out: then it holds for one state only"),
    );
    None
}

fn known_attribute(name: &str, path: Span, ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) -> bool {
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

/// `broken when status == "ERROR" because body.fault.message`
fn broken(
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
fn stuck(phrase: &ast::Phrase, names: &Names<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<ast::Expr> {
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
fn stuck_until_when(ty: &ResourceType, phrase: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) {
    if ty.stuck.is_some() && ty.ready.is_none() {
        diagnostics.push(malformed(
            phrase.span,
            format!("`{}` has no `ready`, so nothing says for how long it may be so", ty.short_name),
            "ready when CONDITION within 10min every 1s",
        ));
    }
}

/// `share by copy(keep: [id, name], same: checksum)`, `share by place`, `share by none because "…"`
fn share(phrase: &ast::Phrase, ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) -> Option<Share> {
    const WRITTEN: &str = "share by copy(keep: [ATTRIBUTE], same: ATTRIBUTE)`, `share by place` or `share by none because \"…\"";
    let link = |word: &str| phrase.links.iter().find(|link| link.word.text == word).map(|link| &link.value);
    let by = link("by");
    if by.and_then(read::name) == Some("none")
        && let Some(because) = link("because").and_then(read::text)
    {
        return Some(Share::None { because });
    }
    if by.and_then(read::name) == Some("place") && phrase.links.len() == 1 {
        return Some(Share::InPlace);
    }
    if let Some(by) = by
        && let ExprKind::Call { callee, args } = &*by.kind
        && read::name(callee) == Some("copy")
    {
        let argument = |name: &str| {
            let named =
                |argument: &&ast::Argument| argument.name.as_ref().is_some_and(|key| key.text == name);
            args.iter().find(named).map(|argument| &argument.value)
        };
        let written = argument("keep")?;
        let keep =
            read::list(written, |element| read::name(element).map(|name| (name.to_owned(), element.span)));
        let keep = read::expect(keep, written, "a list of attributes", diagnostics)?;
        let same =
            argument("same").and_then(|same| read::name(same).map(|name| (name.to_owned(), same.span)));
        for (name, span) in keep.iter().chain(&same) {
            known_attribute(name, *span, ty, diagnostics);
        }
        return Some(Share::Copy {
            keep: keep.into_iter().map(|(name, _)| name).collect(),
            same: same.map(|(name, _)| name),
        });
    }
    diagnostics.push(malformed(
        phrase.span,
        "`share` says how the resource is used at another site",
        WRITTEN,
    ));
    None
}

/// `cross by sum(value, link: origin)`, `cross by parts`, `cross by parts(link: origin)`, `cross by none because "…"`
fn cross(phrase: &ast::Phrase, ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) -> Option<Cross> {
    const WRITTEN: &str = "cross by sum(ATTRIBUTE, link: ATTRIBUTE)`, `cross by parts(link: ATTRIBUTE)` or `cross by none because \"…\"";
    let link = |word: &str| phrase.links.iter().find(|link| link.word.text == word).map(|link| &link.value);
    let by = link("by");
    if by.and_then(read::name) == Some("none")
        && let Some(because) = link("because").and_then(read::text)
    {
        return Some(Cross::None { because });
    }
    if let Some(by) = by.filter(|by| read::name(by) == Some("parts")) {
        return has_parts(ty, by.span, diagnostics)
            .then_some(Cross::By(Division { divided: Vec::new(), link: None }));
    }
    let Some(ExprKind::Call { callee, args }) = by.map(|by| &*by.kind) else {
        diagnostics.push(malformed(phrase.span, "`cross` says how the resource is divided", WRITTEN));
        return None;
    };
    let is_by_parts = read::name(callee) == Some("parts");
    if !is_by_parts && read::name(callee) != Some("sum") {
        diagnostics.push(malformed(callee.span, "parts are divided and read by `sum`", WRITTEN));
        return None;
    }
    if is_by_parts && !has_parts(ty, callee.span, diagnostics) {
        return None;
    }
    let mut division = Division { divided: Vec::new(), link: None };
    for argument in args {
        let key = argument.name.as_ref().map(|name| name.text.as_str());
        let path = read::expect(read::path(&argument.value), &argument.value, "an attribute", diagnostics)?;
        if !known_attribute(&path[0], argument.value.span, ty, diagnostics) {
            return None;
        }
        let name = path.join(".");
        let attribute = &ty.attributes[&path[0]];
        let is_number = matches!(below(&attribute.ty, &path[1..]).map(number), Some(Type::Int | Type::Size));
        match key {
            None if is_by_parts => {
                let said = "`parts` divides no number: what the resource is composed of is divided";
                diagnostics.push(malformed(argument.value.span, said, WRITTEN));
                return None;
            }
            None if is_number && attribute.is_settable => division.divided.push(name),
            None => {
                let said = format!("`{name}` cannot be divided: it is no number that a program sets");
                diagnostics.push(
                    malformed(argument.value.span, said, WRITTEN).secondary(attribute.span, "declared here"),
                );
                return None;
            }
            Some("link") if attribute.is_settable && path.len() == 1 => division.link = Some(name),
            Some("link") => {
                let said = format!("`{name}` cannot name the prime: it is given by the site");
                diagnostics.push(
                    malformed(argument.value.span, said, WRITTEN).secondary(attribute.span, "declared here"),
                );
                return None;
            }
            Some(other) => {
                let said = format!("a division has no `{other}`");
                diagnostics.push(malformed(argument.value.span, said, WRITTEN));
                return None;
            }
        }
    }
    if division.divided.is_empty() && !is_by_parts {
        diagnostics.push(malformed(phrase.span, "`cross by sum()` divides nothing", WRITTEN));
        return None;
    }
    Some(Cross::By(division))
}

/// A type that is divided through its parts is composed of some.
fn has_parts(ty: &ResourceType, span: Span, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let is_part = |attribute: &Attribute| {
        attribute.reference.as_ref().is_some_and(|rule| rule.relation == Relation::Composed)
    };
    if ty.attributes.values().any(is_part) {
        return true;
    }
    diagnostics.push(
        Diagnostic::new(codes::E0320, span, format!("`{}` is composed of nothing", ty.short_name))
            .label("divided through its parts")
            .help("mark the attributes that name its parts: `pods: list<pod> composed`"),
    );
    false
}

/// The type of a field at any depth.
fn below<'t>(ty: &'t Type, path: &[String]) -> Option<&'t Type> {
    let Some((field, rest)) = path.split_first() else { return Some(ty) };
    match ty.required() {
        Type::Record(fields) => below(&Type::field(fields, field)?.ty, rest),
        _ => None,
    }
}

/// The type without `?` and range.
fn number(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) | Type::InRange(inner, ..) => number(inner),
        Type::Named(named) => number(named.meaning()),
        other => other,
    }
}
