//! A type on its way from a schema to text.

use scope_diagnostics::Span;

/// A position in the importer's list of named types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TypeId(pub usize);

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ty {
    /// `any`
    Any,
    /// A built-in type without parameters: `string`, `bool`, `ip`.
    Plain(&'static str),
    /// `string matching r"…" matching r"…"`
    Matching(Vec<String>),
    /// `int in 1..100`
    Int(Option<(i64, i64)>),
    /// `float in 0..1`
    Float(Option<(f64, f64)>),
    /// `"a" | "b"`
    Enum(Vec<String>),
    /// `list<t>`
    List(Box<Ty>),
    /// `list<t> by name`, or `set<t>`, if no field is named.
    Keyed(Box<Ty>, Vec<String>),
    /// `map<t>`
    Map(Box<Ty>),
    /// `{ a: int }`
    Record(Vec<Field>),
    /// A named type.
    Named(TypeId),
    /// `t?`
    Optional(Box<Ty>),
    /// `int | string`: one of several that are told apart by what the value is.
    OneOf(Vec<Ty>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// Its name; [`OPEN`] stands for every field that is not named.
    pub name: String,
    pub ty: Ty,
    /// What the schema says about it.
    pub docs: String,
    /// What the site takes where nothing is said: told, not sent, as a default that is sent is a choice.
    pub default: Option<String>,
    /// Only given by the site (`readOnly`).
    pub is_read_only: bool,
    /// Only sent to the site (`writeOnly`).
    pub is_write_only: bool,
    /// A password (`format: password`): as an attribute of a driver it is a secret.
    pub is_password: bool,
    /// Where its name stands in the schema.
    pub span: Span,
}

impl Field {
    /// One of which nothing more is said.
    pub fn of(name: &str, ty: Ty) -> Field {
        Field {
            name: name.to_owned(),
            ty,
            docs: String::new(),
            default: None,
            is_read_only: false,
            is_write_only: false,
            is_password: false,
            span: Span::DUMMY,
        }
    }
}

/// The name of the field that stands for all others.
pub(crate) const OPEN: &str = "...";

impl Ty {
    /// The type, or `null`.
    pub fn optional(self) -> Ty {
        match self {
            Ty::Optional(_) | Ty::Any => self,
            other => Ty::Optional(Box::new(other)),
        }
    }
}
