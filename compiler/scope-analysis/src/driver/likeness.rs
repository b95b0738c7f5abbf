//! `like`: a type that has what another has.
//!
//! Comes in: a driver, in which a type may be abstract and others are like it. Goes out: the same without either: what the
//! abstract type says stands in each, with its words filled in, except what the type says itself.
//!
//! ```text
//! type object abstract { operation read GET "/${plural}/${name}" { … } }
//! type Pod { like object { plural: "pods" } }
//!   → type Pod { operation read GET "/${"pods"}/${name}" { … } }
//! ```

use std::borrow::Cow;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, codes, similar};
use scope_syntax::ast::{self, Element, Expr, ExprKind, LineKind, RecordEntry, Text, TextPart, TypeKind};

use super::{Part, phrases::malformed, read};

/// An abstract type.
pub(super) struct Pattern<'a> {
    /// The service that it stands in.
    pub service: String,
    pub name: String,
    body: &'a [ast::Line],
}

const WRITTEN: &str = "type NAME abstract { … }";

/// Whether a `type` phrase is an abstract type.
pub(super) fn is_abstract(phrase: &ast::Phrase) -> bool {
    phrase.word.text == "type"
        && matches!(phrase.values.as_slice(), [_, word] if read::name(word) == Some("abstract"))
}

/// The abstract types of a driver and its parts.
pub(super) fn patterns<'a>(parts: &[Part<'a>]) -> Vec<Pattern<'a>> {
    let services = parts.iter().flat_map(|part| &part.driver.body).filter_map(|line| match &line.kind {
        LineKind::Phrase(phrase) if phrase.word.text == "service" => Some(phrase),
        _ => None,
    });
    services
        .flat_map(|service| {
            let name = service.values.first().and_then(read::word).unwrap_or_default();
            service.body.iter().flatten().filter_map(move |line| match &line.kind {
                LineKind::Phrase(phrase) if is_abstract(phrase) => Some(Pattern {
                    service: name.clone(),
                    name: read::name(&phrase.values[0])?.to_owned(),
                    body: phrase.body.as_deref().unwrap_or_default(),
                }),
                _ => None,
            })
        })
        .collect()
}

/// A driver's lines with every `like PATTERN { … }` carried out and the abstract types left out.
pub(super) fn carried_out<'a>(
    driver: &'a ast::Driver,
    patterns: &[Pattern<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Cow<'a, [ast::Line]> {
    if !uses_likeness(&driver.body) {
        return Cow::Borrowed(&driver.body);
    }
    let mut body = driver.body.clone();
    for line in &mut body {
        let LineKind::Phrase(service) = &mut line.kind else { continue };
        if service.word.text != "service" {
            continue;
        }
        let Some(lines) = &mut service.body else { continue };
        lines.retain(|line| !matches!(&line.kind, LineKind::Phrase(phrase) if is_abstract(phrase)));
        for line in lines {
            if let LineKind::Phrase(ty) = &mut line.kind
                && ty.word.text == "type"
                && let Some(body) = &mut ty.body
            {
                one_type(body, patterns, diagnostics);
            }
        }
    }
    Cow::Owned(body)
}

fn uses_likeness(body: &[ast::Line]) -> bool {
    let phrases = |lines: &[ast::Line], test: &dyn Fn(&ast::Phrase) -> bool| {
        lines.iter().any(|line| matches!(&line.kind, LineKind::Phrase(phrase) if test(phrase)))
    };
    phrases(body, &|service| {
        phrases(service.body.as_deref().unwrap_or_default(), &|ty| {
            is_abstract(ty)
                || phrases(ty.body.as_deref().unwrap_or_default(), &|line| line.word.text == "like")
        })
    })
}

/// Puts what a pattern says in front of what the type says itself. A `like` without a pattern of that name is left: it
/// may name a declared record.
fn one_type(body: &mut Vec<ast::Line>, patterns: &[Pattern<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let likes: Vec<usize> = (0..body.len())
        .filter(|index| matches!(&body[*index].kind, LineKind::Phrase(phrase) if phrase.word.text == "like"))
        .collect();
    let mut taken: Vec<ast::Line> = Vec::new();
    let mut carried: Vec<usize> = Vec::new();
    for index in likes {
        let LineKind::Phrase(like) = &body[index].kind else { continue };
        let [value] = like.values.as_slice() else {
            diagnostics.push(malformed(
                like.span,
                "`like` names what the type is like",
                "like PATTERN { word: \"…\" }",
            ));
            carried.push(index);
            continue;
        };
        let pattern = patterns.iter().find(|pattern| read::name(value) == Some(&pattern.name));
        let Some(pattern) = pattern else {
            if like.body.is_some() {
                carried.push(index);
                diagnostics.push(unknown_pattern(value, patterns));
            }
            continue;
        };
        carried.push(index);
        let words = words_of(like, diagnostics);
        let own = |line: &ast::Line| body.iter().any(|own| is_said(own, line));
        for line in pattern.body.iter().filter(|line| !own(line)) {
            let mut line = line.clone();
            fill_line(&mut line, &words);
            taken.push(line);
        }
    }
    for index in carried.into_iter().rev() {
        body.remove(index);
    }
    taken.append(body);
    *body = taken;
}

fn unknown_pattern(value: &Expr, patterns: &[Pattern<'_>]) -> Diagnostic {
    let name = read::name(value).unwrap_or_default();
    let report = Diagnostic::new(codes::E0411, value.span, format!("there is no abstract type `{name}`"))
        .label("unknown");
    match similar::nearest(name, patterns.iter().map(|pattern| pattern.name.as_str())) {
        Some(near) => report.help(format!("did you mean `{near}`?")),
        None => report.help(format!("one is declared as `{WRITTEN}`, in a service of the driver")),
    }
}

/// The words that a `like` fills in, each a known value.
fn words_of(like: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> IndexMap<String, Expr> {
    let mut words = IndexMap::new();
    for line in like.body.iter().flatten() {
        match &line.kind {
            LineKind::Entry { key, value } => {
                words.insert(key.text.clone(), value.clone());
            }
            LineKind::Error => {}
            _ => diagnostics.push(malformed(
                line.span,
                "`like` fills in words",
                "like PATTERN { word: \"…\" }",
            )),
        }
    }
    words
}

/// Whether a type says itself what this line of its pattern says.
fn is_said(own: &ast::Line, line: &ast::Line) -> bool {
    match (&own.kind, &line.kind) {
        (LineKind::Attribute(own), LineKind::Attribute(line)) => own.name.text == line.name.text,
        (LineKind::Cli { name: own, .. }, LineKind::Cli { name: line, .. }) => own.text == line.text,
        (LineKind::Phrase(own), LineKind::Phrase(line)) if own.word.text == line.word.text => {
            match own.word.text.as_str() {
                "operation" | "flags" => {
                    own.values.first().and_then(read::name) == line.values.first().and_then(read::name)
                }
                "answers" | "like" => false,
                _ => true,
            }
        }
        _ => false,
    }
}

type Words = IndexMap<String, Expr>;

fn fill_line(line: &mut ast::Line, words: &Words) {
    match &mut line.kind {
        LineKind::Attribute(attribute) => {
            fill_type(&mut attribute.ty, words);
            attribute.default.iter_mut().for_each(|default| fill(default, words));
            for modifier in &mut attribute.modifiers {
                modifier.args.iter_mut().for_each(|argument| fill(&mut argument.value, words));
            }
        }
        LineKind::Entry { value, .. } => fill(value, words),
        LineKind::Rule(rule) => {
            fill(&mut rule.pattern, words);
            rule.condition.iter_mut().chain(&mut rule.then).for_each(|expr| fill(expr, words));
            fill(&mut rule.result, words);
        }
        LineKind::Phrase(phrase) => {
            phrase.links.iter_mut().for_each(|link| fill(&mut link.value, words));
            phrase.body.iter_mut().flatten().for_each(|line| fill_line(line, words));
        }
        LineKind::Cli { native, .. } | LineKind::Native(native) => {
            native.words.iter_mut().for_each(|word| fill_text(word, words));
        }
        LineKind::Error => {}
    }
}

/// A type that is a word is the one text that the word stands for: `kind: kind` → `kind: "Pod"`.
fn fill_type(ty: &mut ast::TypeExpr, words: &Words) {
    match &mut *ty.kind {
        TypeKind::Named { path, args } => {
            args.iter_mut().for_each(|argument| fill_type(argument, words));
            if let [name] = path.names.as_slice()
                && let Some(text) = words.get(&name.text).and_then(read::text)
            {
                *ty.kind = TypeKind::Literal(text);
            }
        }
        TypeKind::Optional(inner)
        | TypeKind::In(inner, _)
        | TypeKind::Matching(inner, _)
        | TypeKind::By(inner, _) => fill_type(inner, words),
        TypeKind::Union(members) => members.iter_mut().for_each(|member| fill_type(member, words)),
        TypeKind::Record(fields) => fields.iter_mut().for_each(|field| fill_type(&mut field.ty, words)),
        TypeKind::Error | TypeKind::Literal(_) => {}
    }
}

fn fill_text(text: &mut Text, words: &Words) {
    for part in &mut text.parts {
        if let TextPart::Interpolation(expr) = part {
            fill(expr, words);
        }
    }
}

fn fill_generator(generator: &mut ast::Generator, words: &Words) {
    fill(&mut generator.source, words);
    generator.condition.iter_mut().for_each(|condition| fill(condition, words));
}

/// Puts the words in the place of their names.
fn fill(expr: &mut Expr, words: &Words) {
    match &mut *expr.kind {
        ExprKind::Name(name) => {
            if let Some(value) = words.get(name) {
                expr.kind.clone_from(&value.kind);
            }
        }
        ExprKind::Error | ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Scope(_) => {}
        ExprKind::Text(text) => fill_text(text, words),
        ExprKind::Field { base, .. } => fill(base, words),
        ExprKind::Index { base, index } => {
            fill(base, words);
            fill(index, words);
        }
        ExprKind::Record(entries) => {
            for entry in entries {
                match entry {
                    RecordEntry::Field { key, value } => {
                        fill_text(key, words);
                        fill(value, words);
                    }
                    RecordEntry::Spread(base) => fill(base, words),
                    RecordEntry::Error { .. } => {}
                }
            }
        }
        ExprKind::List(elements) => {
            for element in elements {
                let (Element::Value(value) | Element::Spread(value)) = element;
                fill(value, words);
            }
        }
        ExprKind::ListFor { generator, value } => {
            fill_generator(generator, words);
            fill(value, words);
        }
        ExprKind::MapFor { generator, key, value } => {
            fill_generator(generator, words);
            fill(key, words);
            fill(value, words);
        }
        // A function's name is no word.
        ExprKind::Call { args, .. } => args.iter_mut().for_each(|argument| fill(&mut argument.value, words)),
        ExprKind::Unary { operand, .. } => fill(operand, words),
        ExprKind::Binary { left, right, .. } => {
            fill(left, words);
            fill(right, words);
        }
        ExprKind::Chain { operands, .. } => operands.iter_mut().for_each(|operand| fill(operand, words)),
        ExprKind::If { branches, otherwise } => {
            for (condition, value) in branches {
                fill(condition, words);
                fill(value, words);
            }
            fill(otherwise, words);
        }
    }
}
