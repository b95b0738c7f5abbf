//! A written type to its meaning: `list<string>?` → `Optional(List(String))`.
//!
//! Comes in: a type's syntax and a function that knows what names of other types mean. Goes out: a [`Type`], and
//! diagnostics; a part that is wrong is [`Type::Error`]. Parameters, functions and drivers all read types here.
//! `"raw" | "qcow2"` → `Enum(["raw", "qcow2"])`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{self, TypeKind};

use super::{defaults, ranges::in_range};
use crate::hir::{Field, NamedType, Type};
use crate::modules::ModuleId;

/// The types that every program knows, without those that take arguments.
pub const BUILT_IN: &[&str] = &[
    "any", "string", "int", "float", "bool", "bytes", "duration", "size", "rate", "percent", "quantity",
    "cidr", "ip", "site", "loc", "list", "map", "set", "secret",
];

/// Which fields of a record hold the name of a resource, and of which type.
type FieldNames = Vec<(String, String)>;

/// The types that are declared, and what they mean, each read once.
///
/// A record is kept by its name, so that it may hold itself; what is only another name of something plain stands for it.
/// `type Port = int in 1..65535` → `int in 1..65535`, `type Pod = { … }` → `Pod`.
#[derive(Default)]
pub struct Declared {
    known: RefCell<BTreeMap<(ModuleId, usize), Arc<NamedType>>>,
    waiting: RefCell<VecDeque<(ModuleId, usize)>>,
    is_reading: Cell<bool>,
    names: RefCell<HashMap<(ModuleId, usize), FieldNames>>,
    /// How many names lead to one, of those that were read before it.
    before: RefCell<HashMap<*const NamedType, usize>>,
}

impl Declared {
    /// A field of a declared record holds names of resources of a type, as a driver says of it (`named in …`).
    pub fn hold_name(&self, module: ModuleId, item: usize, field: &str, target: &str) {
        let mut names = self.names.borrow_mut();
        names.entry((module, item)).or_default().push((field.to_owned(), target.to_owned()));
    }

    /// What an item means, with what drivers say of its fields.
    pub fn with_names(&self, module: ModuleId, item: usize, meaning: Type) -> Type {
        let names = self.names.borrow();
        let (Some(names), Type::Record(mut fields)) = (names.get(&(module, item)), meaning.clone()) else {
            return meaning;
        };
        for (name, target) in names {
            for field in fields.iter_mut().filter(|field| field.name == *name) {
                let of_name = Type::NameOf(target.clone());
                field.ty = match field.ty {
                    Type::Optional(_) => Type::Optional(Box::new(of_name)),
                    _ => of_name,
                };
            }
        }
        Type::Record(fields)
    }

    /// The type of an item, and whether it is still to be read. Whoever asks first reads it, and what it names in turn:
    /// [`Declared::next`] until there is nothing, so that however long the chain of names is, nothing is nested.
    pub fn get(&self, module: ModuleId, item: usize, name: &ast::Ident) -> Arc<NamedType> {
        let mut known = self.known.borrow_mut();
        let named = known.entry((module, item)).or_insert_with(|| {
            self.waiting.borrow_mut().push_back((module, item));
            NamedType::new(name.text.as_str(), name.span)
        });
        Arc::clone(named)
    }

    /// Whether the names that lead to a type and on from what it means are more than `most`.
    pub fn is_too_long(&self, named: &Arc<NamedType>, meaning: &Type, most: usize) -> bool {
        let mut before = self.before.borrow_mut();
        let so_far = before.get(&Arc::as_ptr(named)).copied().unwrap_or(0);
        for next in named_within(meaning) {
            let to_next = before.entry(Arc::as_ptr(next)).or_default();
            *to_next = (*to_next).max(so_far + 1);
        }
        let mut behind = 0;
        let mut open: Vec<&Arc<NamedType>> = named_within(meaning);
        while let Some(next) = open.pop() {
            behind += 1;
            if so_far + behind > most {
                return true;
            }
            open = named_within(next.meaning());
        }
        false
    }

    /// The next that is to be read; nothing while somebody else is at it.
    pub fn next(&self) -> Option<(ModuleId, usize, Arc<NamedType>)> {
        let (module, item) = self.waiting.borrow_mut().pop_front()?;
        let named = self.known.borrow().get(&(module, item)).cloned()?;
        Some((module, item, named))
    }

    /// Runs `read` unless it is running already.
    pub fn once(&self, read: impl FnOnce()) {
        if !self.is_reading.replace(true) {
            read();
            self.is_reading.set(false);
        }
    }
}

/// Keeps what a declared type means, unless it is itself and nothing else. Told at the one of the circle whose name comes first in
/// the alphabet, whichever was read last.
pub fn mean(named: &Arc<NamedType>, meaning: Type, diagnostics: &mut Vec<Diagnostic>) {
    let Some(mut circle) = way_back(&meaning, named, &mut HashSet::new()) else { return named.mean(meaning) };
    let least = (0..circle.len()).min_by_key(|index| &circle[*index].name).unwrap_or(0);
    circle.rotate_left(least);
    let Some(first) = circle.first() else { return };
    let report =
        Diagnostic::new(codes::E0112, first.declared, format!("`{}` is itself and nothing else", first.name))
            .label("a type that has no values")
            .help("a type may hold itself in a field, a list or a map");
    let way: Vec<String> = circle.iter().chain([first]).map(|named| format!("`{}`", named.name)).collect();
    diagnostics.push(match way.len() {
        2 => report,
        _ => report.note(way.join(" → ")),
    });
    named.mean(Type::Error);
}

/// Whether a type is written without a name that has to be looked up, and holds nothing.
pub fn is_plain(written: &ast::TypeExpr) -> bool {
    match &*written.kind {
        TypeKind::Error | TypeKind::Literal(_) => true,
        TypeKind::Optional(inner)
        | TypeKind::In(inner, _)
        | TypeKind::Matching(inner, _)
        | TypeKind::By(inner, _) => is_plain(inner),
        TypeKind::Union(members) => members.iter().all(is_plain),
        TypeKind::Named { path, args } => {
            args.is_empty()
                && matches!(path.names.as_slice(), [name] if BUILT_IN.contains(&name.text.as_str()))
        }
        TypeKind::Record(_) => false,
    }
}

/// The types that lead from what a type stands for to that type again, with nothing in between, it the last. What was `seen` does
/// not lead there: many ways may lead to one type.
fn way_back<'t>(
    meaning: &'t Type,
    named: &'t Arc<NamedType>,
    seen: &mut HashSet<*const NamedType>,
) -> Option<Vec<&'t Arc<NamedType>>> {
    match meaning {
        Type::Named(other) if Arc::ptr_eq(other, named) => Some(vec![other]),
        Type::Named(other) if !seen.insert(Arc::as_ptr(other)) => None,
        Type::Named(other) => {
            let mut way = way_back(other.meaning(), named, seen)?;
            way.insert(0, other);
            Some(way)
        }
        Type::OneOf(branches) => branches.iter().find_map(|branch| way_back(branch, named, seen)),
        other => way_back(within(other)?, named, seen),
    }
}

/// What a type is of which it says no more than a bound.
fn within(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Optional(inner)
        | Type::InRange(inner, ..)
        | Type::Matching(inner, _)
        | Type::By(inner, _)
        | Type::Secret(inner) => Some(inner),
        _ => None,
    }
}

/// The declared types that a type leads to with nothing in between, one inside of the other.
fn named_within(ty: &Type) -> Vec<&Arc<NamedType>> {
    match ty {
        Type::Named(named) => vec![named],
        Type::OneOf(branches) => branches.iter().flat_map(named_within).collect(),
        other => within(other).map(named_within).unwrap_or_default(),
    }
}

/// What a written type means. `resolve` is asked for every name that is not built in, and says itself what is wrong
/// with one that it does not know; see [`unknown_type`].
pub fn type_of(
    written: &ast::TypeExpr,
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Type {
    match &*written.kind {
        TypeKind::Error => Type::Error,
        TypeKind::Literal(value) => Type::Enum(vec![value.clone()]),
        TypeKind::Optional(inner) => match type_of(inner, resolve, diagnostics) {
            Type::Optional(inner) => Type::Optional(inner),
            inner => Type::Optional(Box::new(inner)),
        },
        TypeKind::Union(members) => union(members, resolve, diagnostics),
        TypeKind::Record(fields) => Type::Record(
            fields
                .iter()
                .map(|field| {
                    let ty = type_of(&field.ty, resolve, diagnostics);
                    let is_optional = field.default.is_some() || matches!(ty, Type::Optional(_));
                    let (name, span) = (field.name.text.clone(), field.name.span);
                    diagnostics.extend(field.modifiers.iter().map(modifier_of_field));
                    let default = defaults::of_field(&name, &ty, field.default.as_ref(), diagnostics);
                    Field { name, ty, is_optional, default, docs: field.docs.clone(), span }
                })
                .collect(),
        ),
        TypeKind::In(inner, range) => in_range(type_of(inner, resolve, diagnostics), range, diagnostics),
        TypeKind::Matching(inner, pattern) => {
            let inner = type_of(inner, resolve, diagnostics);
            match (pattern.literal(), &inner) {
                (Some(pattern), Type::String | Type::Matching(..)) => {
                    Type::Matching(Box::new(inner), pattern)
                }
                (_, Type::Error) => Type::Error,
                (None, _) => {
                    diagnostics.push(Diagnostic::new(
                        codes::E0201,
                        pattern.span,
                        "expected a plain text, a pattern has no `${}`",
                    ));
                    inner
                }
                (Some(_), _) => {
                    diagnostics.push(Diagnostic::new(
                        codes::E0201,
                        pattern.span,
                        format!("a pattern is for `string`, not `{inner}`"),
                    ));
                    inner
                }
            }
        }
        TypeKind::By(inner, keys) => match type_of(inner, resolve, diagnostics) {
            Type::List(item) => {
                let keys = keys.iter().map(|key| key.text.clone()).collect();
                Type::List(Box::new(Type::By(item, keys)))
            }
            Type::Error => Type::Error,
            other => {
                diagnostics.push(
                    Diagnostic::new(
                        codes::E0207,
                        written.span,
                        format!("the items of a list are told apart by a field, not `{other}`"),
                    )
                    .label("is no list")
                    .help("`list<t> by name`: two items with one `name` are the same"),
                );
                other
            }
        },
        TypeKind::Named { path, args } => named(path, args, written.span, resolve, diagnostics),
    }
}

/// The report for a word behind a field's type: they are of attributes, which are sent and read as a whole.
fn modifier_of_field(modifier: &ast::Modifier) -> Diagnostic {
    let word = &modifier.word.text;
    let report =
        Diagnostic::new(codes::E0401, modifier.word.span, format!("a field of a record has no `{word}`"))
            .label("not known here");
    match word.as_str() {
        "secret" => report.help("a field that is secret has a type that says so: `secret<string>`"),
        _ => report
            .help("behind a field's type may stand a default; such a word is of an attribute as a whole"),
    }
}

/// The report for a name that is no type, with the nearest of `known`.
pub fn unknown_type<'a>(path: &ast::Path, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let name = path_text(path);
    let report =
        Diagnostic::new(codes::E0207, path.span, format!("no type is called `{name}`")).label("not a type");
    let fix = |report: Diagnostic, near: &str| {
        report.fix(format!("write `{near}`"), vec![scope_diagnostics::Edit::new(path.span, near)])
    };
    if let Some(here) = elsewhere(&name) {
        return fix(report.help(format!("here it is called `{here}`")), here);
    }
    match similar::nearest(&name, known.into_iter().chain(BUILT_IN.iter().copied())) {
        Some(near) => fix(report.help(format!("did you mean `{near}`?")), near),
        None => report,
    }
}

/// What another language calls so.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "str" | "String" | "Str" | "text" | "Text" | "char" => "string",
        "integer" | "Integer" | "Int" | "i32" | "i64" | "u32" | "u64" | "long" | "uint" => "int",
        "boolean" | "Boolean" | "Bool" => "bool",
        "number" | "double" | "f64" | "f32" | "real" | "Float" => "float",
        "array" | "Array" | "vec" | "Vec" | "List" | "tuple" => "list",
        "dict" | "Dict" | "object" | "hash" | "Map" => "map",
        "password" | "sensitive" => "secret",
        "timedelta" | "interval" => "duration",
        "bytesize" | "memory" => "size",
        "ipv4" | "ipv6" | "inet" => "ip",
        _ => return None,
    })
}

/// `a.b.c`
pub fn path_text(path: &ast::Path) -> String {
    path.names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
}

fn named(
    path: &ast::Path,
    args: &[ast::TypeExpr],
    span: Span,
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Type {
    let name = match path.names.as_slice() {
        [name] => name.text.as_str(),
        _ => "",
    };
    let arity = usize::from(matches!(name, "list" | "map" | "secret" | "set"));
    let plain = match name {
        "any" => Some(Type::Any),
        "string" => Some(Type::String),
        "int" => Some(Type::Int),
        "float" => Some(Type::Float),
        "bool" => Some(Type::Bool),
        "bytes" => Some(Type::Bytes),
        "duration" => Some(Type::Duration),
        "size" => Some(Type::Size),
        "rate" => Some(Type::Rate),
        "percent" => Some(Type::Percent),
        "quantity" => Some(Type::Quantity),
        "cidr" => Some(Type::Cidr),
        "ip" => Some(Type::Ip),
        "site" => Some(Type::Site),
        "loc" => Some(Type::Location),
        _ => None,
    };
    if args.len() != arity {
        let expected = match arity {
            0 => format!("`{}` takes no type in `<…>`", path_text(path)),
            _ => format!("`{name}` takes one type: `{name}<string>`"),
        };
        diagnostics.push(Diagnostic::new(codes::E0207, span, expected));
        return plain.unwrap_or(Type::Error);
    }
    if let Some(plain) = plain {
        return plain;
    }
    let Some(argument) = args.first() else {
        return resolve(path).unwrap_or_else(|diagnostic| {
            diagnostics.push(diagnostic);
            Type::Error
        });
    };
    let inner = type_of(argument, resolve, diagnostics);
    match name {
        "list" => Type::List(Box::new(inner)),
        "map" => Type::Map(Box::new(inner)),
        "secret" => Type::Secret(Box::new(inner)),
        _ => match inner {
            Type::Site => Type::SiteSet,
            Type::Error => Type::Error,
            item => Type::List(Box::new(Type::By(Box::new(item), Vec::new()))),
        },
    }
}

/// Texts alone are an enumeration, other types alternatives; one optional member makes the whole optional.
fn union(
    members: &[ast::TypeExpr],
    resolve: &mut dyn FnMut(&ast::Path) -> Result<Type, Diagnostic>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Type {
    let mut values: Vec<String> = Vec::new();
    let mut branches: Vec<Type> = Vec::new();
    let mut is_optional = false;
    for member in members {
        let mut literal = &member.kind;
        if let TypeKind::Optional(inner) = &**literal {
            is_optional = true;
            literal = &inner.kind;
        }
        match &**literal {
            TypeKind::Literal(value) if values.contains(value) => diagnostics.push(Diagnostic::new(
                codes::E0103,
                member.span,
                format!("the value `\"{value}\"` is listed twice"),
            )),
            TypeKind::Literal(value) => values.push(value.clone()),
            TypeKind::Error => return Type::Error,
            _ => match type_of(member, resolve, diagnostics) {
                Type::Error => return Type::Error,
                Type::Optional(inner) => branches.push(*inner),
                branch => branches.push(branch),
            },
        }
    }
    if !values.is_empty() {
        branches.insert(0, Type::Enum(values));
    }
    let ty = match branches.len() {
        1 => branches.remove(0),
        _ => Type::OneOf(branches),
    };
    if is_optional { Type::Optional(Box::new(ty)) } else { ty }
}
