//! Types, as written in programs and drivers.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use scope_diagnostics::Span;
use serde::{Serialize, Serializer};

use super::amount_text;

/// A type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Type {
    /// Anything (a driver's edge only).
    Any,
    /// `string`
    String,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `bool`
    Bool,
    /// `bytes`: a file's content.
    Bytes,
    /// `duration`
    Duration,
    /// `size`
    Size,
    /// `rate`
    Rate,
    /// `percent`
    Percent,
    /// `quantity`: an amount as sites write it, `500m` or `1Gi`; a number, a size.
    Quantity,
    /// `cidr`
    Cidr,
    /// `ip`
    Ip,
    /// `site`
    Site,
    /// `loc`
    Location,
    /// `set<site>`
    SiteSet,
    /// `"a" | "b"`
    Enum(Vec<String>),
    /// `list<t>`
    List(Box<Type>),
    /// `map<t>`
    Map(Box<Type>),
    /// `{ a: int, b: string? }`
    Record(Vec<Field>),
    /// `t?`
    Optional(Box<Type>),
    /// `openstack.image`: a reference to a resource of that type, by its full name.
    Reference(String),
    /// The name of a resource of that type: a text, or one of the program, whose name is then sent.
    NameOf(String),
    /// `secret<t>`
    Secret(Box<Type>),
    /// `int in 1..100`, `size in 1GiB..64GiB`, both ends included, in what values of the type count (nanoseconds, bytes, …).
    InRange(Box<Type>, f64, f64),
    /// `string matching r"…"`
    Matching(Box<Type>, String),
    /// What a list holds whose items are told apart by these fields, or as a whole, if none are named: `list<t> by name`,
    /// `set<t>`. What a site adds to such a list is no difference.
    By(Box<Type>, Vec<String>),
    /// `int | string`: one of several; what the value is tells which.
    OneOf(Vec<Type>),
    /// A declared type, by its name: it may hold itself, and is read once however often it is used.
    Named(Arc<NamedType>),
    /// A hole: already reported, fits everything.
    Error,
}

/// A declared type: `type Pod = { … }`.
pub struct NamedType {
    /// `Pod`
    pub name: String,
    /// Where that name is declared.
    pub declared: Span,
    meaning: OnceLock<Type>,
}

impl NamedType {
    /// One whose meaning is still to be found.
    pub fn new(name: impl Into<String>, declared: Span) -> Arc<NamedType> {
        Arc::new(NamedType { name: name.into(), declared, meaning: OnceLock::new() })
    }

    /// What it stands for. A hole while that is being found: no type that is whole leads there.
    pub fn meaning(&self) -> &Type {
        self.meaning.get().unwrap_or(&Type::Error)
    }

    /// Keeps what it stands for, once.
    pub fn mean(&self, meaning: Type) {
        // Set a second time only by a mistake of ours; the first stands.
        let _ = self.meaning.set(meaning);
    }
}

/// By name: what it stands for may hold itself.
impl fmt::Debug for NamedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamedType({})", self.name)
    }
}

/// Two are the same if they were declared by the same item, of which there is one value.
impl PartialEq for NamedType {
    fn eq(&self, other: &NamedType) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Serialize for NamedType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

/// What a value may be of. See [`Type::alternatives`].
#[derive(Debug)]
pub struct Alternatives<'t> {
    /// None of them is one of several.
    pub types: Vec<&'t Type>,
    /// Whether `null` fits.
    pub with_null: bool,
}

/// Whole numbers further from 0 are not exact in every reader of JSON: a range of numbers that ends here has no end.
pub const FURTHEST: f64 = 9_007_199_254_740_991.0;

/// The name of a record's field that stands for every field without a type of its own.
pub const OPEN: &str = "...";

/// A field of a record type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// May be left out: optional type or a default.
    pub is_optional: bool,
    /// What it is where it is left out: written out, without a name that would have to be looked up.
    #[serde(skip)]
    pub default: Option<scope_syntax::ast::Expr>,
    /// What is written above it.
    #[serde(skip)]
    pub docs: Vec<String>,
    /// Where its name is declared; nowhere for what a driver gives without naming it.
    #[serde(skip)]
    pub span: Span,
}

impl Type {
    /// The type without `?`, a declared one by what it stands for.
    pub fn required(&self) -> &Type {
        match self {
            Type::Optional(inner) | Type::By(inner, _) => inner.required(),
            Type::Named(named) => named.meaning().required(),
            other => other,
        }
    }

    /// Whether `null` fits.
    pub fn is_optional(&self) -> bool {
        match self {
            Type::Optional(_) | Type::Any | Type::Error => true,
            Type::Named(named) => named.meaning().is_optional(),
            _ => false,
        }
    }

    /// Whether a secret stands anywhere in a value of this type.
    pub fn holds_secret(&self) -> bool {
        let mut seen: HashSet<*const NamedType> = HashSet::new();
        let mut open = vec![self];
        while let Some(ty) = open.pop() {
            match ty {
                Type::Secret(_) => return true,
                Type::Named(named) if seen.insert(Arc::as_ptr(named)) => open.push(named.meaning()),
                Type::Record(fields) => open.extend(fields.iter().map(|field| &field.ty)),
                Type::OneOf(branches) => open.extend(branches),
                Type::Optional(inner)
                | Type::List(inner)
                | Type::Map(inner)
                | Type::By(inner, _)
                | Type::InRange(inner, ..)
                | Type::Matching(inner, _) => open.push(inner),
                _ => {}
            }
        }
        false
    }

    /// What a value of this type is one of, through the names of declared types, each once: many ways may lead to one name. A
    /// type that is not one of several is the only one.
    pub fn alternatives(&self) -> Alternatives<'_> {
        let mut found = Alternatives { types: Vec::new(), with_null: false };
        let mut seen: HashSet<*const NamedType> = HashSet::new();
        let mut open = vec![self];
        while let Some(ty) = open.pop() {
            if let Type::Named(named) = ty
                && !seen.insert(Arc::as_ptr(named))
            {
                continue;
            }
            found.with_null |= ty.is_optional();
            match ty.required() {
                Type::OneOf(branches) => open.extend(branches.iter().rev()),
                _ => found.types.push(ty),
            }
        }
        found
    }

    /// The field of a record type, by its name: a declared one, else what stands for all others.
    pub fn field<'t>(fields: &'t [Field], name: &str) -> Option<&'t Field> {
        fields
            .iter()
            .find(|field| field.name == name)
            .or_else(|| fields.iter().find(|field| field.name == OPEN))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("any"),
            Type::String => f.write_str("string"),
            Type::Int => f.write_str("int"),
            Type::Float => f.write_str("float"),
            Type::Bool => f.write_str("bool"),
            Type::Bytes => f.write_str("bytes"),
            Type::Duration => f.write_str("duration"),
            Type::Size => f.write_str("size"),
            Type::Rate => f.write_str("rate"),
            Type::Percent => f.write_str("percent"),
            Type::Quantity => f.write_str("quantity"),
            Type::Cidr => f.write_str("cidr"),
            Type::Ip => f.write_str("ip"),
            Type::Site => f.write_str("site"),
            Type::Location => f.write_str("loc"),
            Type::SiteSet => f.write_str("set<site>"),
            Type::Enum(values) => {
                let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
                f.write_str(&quoted.join(" | "))
            }
            Type::List(inner) => match &**inner {
                Type::By(item, keys) if keys.is_empty() => write!(f, "set<{item}>"),
                Type::By(item, keys) => match keys.as_slice() {
                    [key] => write!(f, "list<{item}> by {key}"),
                    keys => write!(f, "list<{item}> by [{}]", keys.join(", ")),
                },
                inner => write!(f, "list<{inner}>"),
            },
            Type::Map(inner) => write!(f, "map<{inner}>"),
            Type::Record(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
                write!(f, "{{ {} }}", fields.join(", "))
            }
            Type::Optional(inner) => write!(f, "{inner}?"),
            Type::Reference(name) => f.write_str(name),
            Type::NameOf(name) => write!(f, "string | {name}"),
            Type::Secret(inner) => write!(f, "secret<{inner}>"),
            Type::InRange(inner, low, high) => {
                let bound = |amount| amount_text(inner, amount);
                write!(f, "{inner} in {}..{}", bound(*low), bound(*high))
            }
            Type::Matching(inner, pattern) => write!(f, "{inner} matching r\"{pattern}\""),
            Type::OneOf(branches) => {
                let branches: Vec<String> = branches.iter().map(Type::to_string).collect();
                f.write_str(&branches.join(" | "))
            }
            Type::By(inner, _) => write!(f, "{inner}"),
            Type::Named(named) => f.write_str(&named.name),
            Type::Error => f.write_str("?"),
        }
    }
}
