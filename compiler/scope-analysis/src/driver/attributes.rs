//! The attributes of a resource type.
//!
//! Comes in: `image: image? requires shared(copy)`, `id: string computed identity`. Goes out: [`Attribute`]s, and which
//! of them is the identity; an unknown modifier is E0401 with the nearest word.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, codes, similar};
use scope_syntax::ast;

use super::{defaults, names::Names, phrases::malformed, read, settings::declared_twice, types, walk};
use crate::hir::{Attribute, Life, OPEN, ReferenceRule, Relation, Share, Type};

/// The words that may follow an attribute's type.
const MODIFIERS: &[&str] = &[
    "identity",
    "immutable",
    "computed",
    "settable",
    "write_only",
    "secret",
    "read",
    "canonical",
    "requires",
    "relies",
    "composed",
    "shared",
    "on_delete",
    "since",
    "until",
];

/// Adds one attribute. `resolve` knows the driver's types; the expressions in it are checked by [`check`], when every
/// type of the driver is known.
pub(super) fn attribute(
    written: &ast::Attribute,
    docs: &[String],
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    into: &mut IndexMap<String, Attribute>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let (ty, is_secret) = without_secret(types::type_of(&written.ty, resolve, diagnostics));
    let mut attribute = Attribute {
        name: written.name.text.clone(),
        is_computed: false,
        is_settable: true,
        is_identity: false,
        is_immutable: false,
        is_write_only: false,
        is_secret,
        is_required: false,
        default: written.default.clone().map(|default| defaults::filled(default, &ty)),
        read: None,
        canonical: None,
        reference: None,
        life: Life::default(),
        docs: docs.to_vec(),
        span: written.name.span,
        ty,
    };
    modifiers(&written.modifiers, &mut attribute, diagnostics);
    attribute.is_required =
        attribute.default.is_none() && !attribute.is_computed && !matches!(attribute.ty, Type::Optional(_));
    if let Some(first) = into.get(&attribute.name) {
        diagnostics.push(declared_twice("attribute", &attribute.name, attribute.span, first.span));
        return;
    }
    into.insert(attribute.name.clone(), attribute);
}

/// `like types.Server`: every field of a declared record is an attribute, except those that the type declares itself.
pub(super) fn like_record(
    like: &ast::Phrase,
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    into: &mut IndexMap<String, Attribute>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(value) = like.values.first() else { return };
    let Some(names) = read::expect(read::path(value), value, "the name of a declared record", diagnostics)
    else {
        return;
    };
    let names = names.into_iter().map(|text| ast::Ident { text, span: value.span }).collect();
    let found = resolve(&ast::Path { names, span: value.span });
    let Some(Type::Record(fields)) = found.as_ref().ok().map(Type::required) else {
        // One that is misspelt is known.
        let meant = found.err().and_then(|report| report.fix);
        let report = Diagnostic::new(
            codes::E0411,
            value.span,
            "this is neither an abstract type nor a declared record",
        )
        .label("nothing to be like");
        diagnostics.push(match meant {
            Some(fix) => report.help(format!("did you mean `{}`?", fix.edits[0].replacement)).fix(fix.title, fix.edits),
            None => report.help("`type NAME abstract { … }` in a service of the driver, or `type Name = { … }` in a module that this one imports"),
        });
        return;
    };
    for field in fields.iter().filter(|field| field.name != OPEN) {
        let (ty, is_secret) = without_secret(field.ty.clone());
        let attribute = Attribute {
            name: field.name.clone(),
            is_computed: false,
            is_settable: true,
            is_identity: false,
            is_immutable: false,
            is_write_only: false,
            is_secret,
            is_required: !field.is_optional,
            default: field.default.clone(),
            read: None,
            canonical: None,
            reference: None,
            life: Life::default(),
            docs: field.docs.clone(),
            span: value.span,
            ty,
        };
        into.entry(field.name.clone()).or_insert(attribute);
    }
}

/// The type that a reference attribute refers to: itself, or the element of a list of them.
pub(super) fn target(ty: &Type) -> Option<&str> {
    match ty.required() {
        Type::Reference(target) => Some(target),
        Type::List(inner) => target(inner),
        _ => None,
    }
}

/// Checks the expressions of attributes: defaults see `site`, `read(…)` sees the site's record as `body`, `canonical(…)` nothing but
/// the value, under the attribute's own name.
pub(super) fn check(
    attributes: &IndexMap<String, Attribute>,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let of_answers = names.with([("body", Type::Any)]);
    for attribute in attributes.values() {
        if let Some(default) = &attribute.default {
            names.check(default, diagnostics);
            diagnostics.extend(defaults::misfit(&attribute.name, &attribute.ty, default));
        }
        if let Some(read) = &attribute.read {
            of_answers.check(read, diagnostics);
        }
        if let Some(canonical) = &attribute.canonical {
            check_canonical(attribute, canonical, names, diagnostics);
        }
    }
}

/// `canonical(lower(mac))`: a function of the value, of its own type, of what can be compared.
fn check_canonical(
    attribute: &Attribute,
    canonical: &ast::Expr,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut names = names.without_words();
    names.hide(&attribute.name, attribute.ty.required().clone());
    let what = ast::Ident { text: attribute.name.clone(), span: attribute.span };
    let n_reports = diagnostics.len();
    names.check_as(canonical, attribute.ty.required(), &what, diagnostics);
    if diagnostics.len() > n_reports {
        return;
    }
    let why = if attribute.reference.is_some() {
        "a reference is compared by what it refers to"
    } else if attribute.is_secret {
        "what is secret is compared as it is"
    } else if *attribute.ty.required() == Type::Bytes {
        "content is compared as it is"
    } else if !attribute.is_settable {
        "no program sets it, so it is compared with nothing"
    } else if !uses(canonical, &attribute.name) {
        diagnostics.push(
            Diagnostic::new(
                codes::E0401,
                canonical.span,
                format!("this is the same for every `{}`: all values would be equal", attribute.name),
            )
            .label("does not use it")
            .help(format!("`canonical(lower({}))`: a function of the value", attribute.name)),
        );
        return;
    } else {
        return;
    };
    diagnostics.push(
        Diagnostic::new(codes::E0401, canonical.span, format!("`{}` has no canonical form", attribute.name))
            .label(why)
            .secondary(attribute.span, "declared here")
            .help("leave `canonical(…)` out"),
    );
}

fn uses(expr: &ast::Expr, name: &str) -> bool {
    let mut is_used = false;
    walk::each(expr, &mut |part| {
        is_used |= matches!(&*part.kind, ast::ExprKind::Name(known) if known == name);
    });
    is_used
}

/// A type whose values are kept as secrets without saying so, and whether they are: where a secret stands in a part of it, the
/// whole is kept as one.
pub(super) fn without_secret(ty: Type) -> (Type, bool) {
    match ty {
        Type::Secret(inner) => (*inner, true),
        Type::Optional(inner) => match *inner {
            Type::Secret(inner) => (Type::Optional(inner), true),
            inner => {
                let is_secret = inner.holds_secret();
                (Type::Optional(Box::new(inner)), is_secret)
            }
        },
        ty => {
            let is_secret = ty.holds_secret();
            (ty, is_secret)
        }
    }
}

fn modifiers(written: &[ast::Modifier], attribute: &mut Attribute, diagnostics: &mut Vec<Diagnostic>) {
    let mut is_settable = false;
    let mut relation = None;
    let mut shared = None;
    let mut lets_go = None;
    let mut has_unknown = false;
    for modifier in written {
        let word = modifier.word.text.as_str();
        match word {
            "identity" => attribute.is_identity = true,
            "immutable" => attribute.is_immutable = true,
            "computed" => attribute.is_computed = true,
            "settable" => is_settable = true,
            "write_only" => attribute.is_write_only = true,
            "secret" => attribute.is_secret = true,
            "requires" => relation = Some((Relation::Requires, modifier.word.span)),
            "relies" => relation = Some((Relation::Relies, modifier.word.span)),
            "composed" => relation = Some((Relation::Composed, modifier.word.span)),
            "read" => match modifier.args.as_slice() {
                [argument] => attribute.read = Some(argument.value.clone()),
                _ => diagnostics.push(malformed(
                    modifier.word.span,
                    "`read` needs the place of the value in the site's record",
                    "read(body.some.field)",
                )),
            },
            "canonical" => match modifier.args.as_slice() {
                [argument] => attribute.canonical = Some(argument.value.clone()),
                _ => diagnostics.push(malformed(
                    modifier.word.span,
                    "`canonical` needs the form in which two values are compared",
                    &format!("canonical(lower({}))", attribute.name),
                )),
            },
            "on_delete" => match modifier.args.as_slice() {
                [argument] if read::name(&argument.value) == Some("let_go") => {
                    lets_go = Some(modifier.word.span);
                }
                [argument] if read::name(&argument.value) == Some("refuse") => {}
                _ => diagnostics.push(malformed(
                    modifier.word.span,
                    "`on_delete` says what becomes of the reference where its target is deleted",
                    "on_delete(refuse)` or `on_delete(let_go)",
                )),
            },
            "since" | "until" => match modifier.args.as_slice() {
                [argument] if read::text(&argument.value).is_some_and(|text| !text.trim().is_empty()) => {
                    let version = read::text(&argument.value);
                    if word == "since" {
                        attribute.life.since = version;
                    } else {
                        attribute.life.until = version;
                    }
                }
                _ => diagnostics.push(malformed(
                    modifier.word.span,
                    format!("`{word}` names a version"),
                    "since(\"1.9\")",
                )),
            },
            "shared" => shared = share(modifier, diagnostics).map(|share| (share, modifier.word.span)),
            // Behind one that is none may stand the words of something else: a line that was read with this one.
            _ if !has_unknown => {
                has_unknown = true;
                diagnostics.push(unknown(modifier));
            }
            _ => {}
        }
        if !modifier.args.is_empty()
            && !matches!(word, "read" | "canonical" | "shared" | "on_delete" | "since" | "until")
            && MODIFIERS.contains(&word)
        {
            diagnostics.push(malformed(modifier.word.span, format!("`{word}` takes no arguments"), word));
        }
    }
    attribute.is_settable = is_settable || !attribute.is_computed;
    match target(&attribute.ty) {
        Some(target) => {
            attribute.reference = Some(ReferenceRule {
                target: target.to_owned(),
                relation: relation.map_or(Relation::Requires, |(relation, _)| relation),
                shared: shared.map(|(share, _)| share),
                lets_go: lets_go.is_some(),
            });
            if let Some(span) = lets_go.filter(|_| relation.is_none_or(|(is, _)| is != Relation::Relies)) {
                diagnostics.push(malformed(
                    span,
                    "only what is relied upon is kept from being deleted",
                    "relies on_delete(let_go)",
                ));
            }
        }
        None if attribute.ty == Type::Error => {}
        None => {
            let spans = [relation.map(|(_, span)| span), shared.map(|(_, span)| span), lets_go];
            for span in spans.into_iter().flatten() {
                diagnostics.push(
                    Diagnostic::new(codes::E0401, span, format!("`{}` refers to nothing", attribute.name))
                        .label("only for references")
                        .note(format!(
                            "its type is `{}`, a reference has the type of a resource",
                            attribute.ty
                        )),
                );
            }
        }
    }
}

/// `shared(copy)`, `shared(in_place)`, `shared(none, because: "…")`
fn share(modifier: &ast::Modifier, diagnostics: &mut Vec<Diagnostic>) -> Option<Share> {
    let how = modifier.args.first().and_then(|argument| read::name(&argument.value));
    let because = modifier
        .args
        .iter()
        .find(|argument| argument.name.as_ref().is_some_and(|name| name.text == "because"))
        .and_then(|argument| read::text(&argument.value));
    match (how, because) {
        (Some("copy"), None) => Some(Share::Copy { keep: Vec::new(), same: None }),
        (Some("in_place"), None) => Some(Share::InPlace),
        (Some("none"), Some(because)) => Some(Share::None { because }),
        _ => {
            diagnostics.push(malformed(
                modifier.word.span,
                "`shared` says how the resource gets to another site",
                "shared(copy)`, `shared(in_place)` or `shared(none, because: \"…\")",
            ));
            None
        }
    }
}

fn unknown(modifier: &ast::Modifier) -> Diagnostic {
    let word = &modifier.word.text;
    let report = Diagnostic::new(codes::E0401, modifier.word.span, format!("an attribute has no `{word}`"))
        .label("not known here");
    let all: Vec<String> = MODIFIERS.iter().map(|word| format!("`{word}`")).collect();
    let list = format!("an attribute's type is followed by {}", all.join(", "));
    match similar::nearest(word, MODIFIERS.iter().copied()) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(modifier.word.span, near)])
            .note(list),
        None => report.help(list),
    }
}
