//! Types, as written in programs and drivers.

use std::fmt;

use serde::Serialize;

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
    /// `secret<t>`
    Secret(Box<Type>),
    /// `int in 1..100`, both ends included.
    InRange(Box<Type>, f64, f64),
    /// `string matching r"…"`
    Matching(Box<Type>, String),
    /// A hole: already reported, fits everything.
    Error,
}

/// A field of a record type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// May be left out: optional type or a default.
    pub is_optional: bool,
}

impl Type {
    /// The type without `?`.
    pub fn required(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner.required(),
            other => other,
        }
    }

    /// Whether `null` fits.
    pub fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_) | Type::Any | Type::Error)
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
            Type::Cidr => f.write_str("cidr"),
            Type::Ip => f.write_str("ip"),
            Type::Site => f.write_str("site"),
            Type::Location => f.write_str("loc"),
            Type::SiteSet => f.write_str("set<site>"),
            Type::Enum(values) => {
                let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
                f.write_str(&quoted.join(" | "))
            }
            Type::List(inner) => write!(f, "list<{inner}>"),
            Type::Map(inner) => write!(f, "map<{inner}>"),
            Type::Record(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
                write!(f, "{{ {} }}", fields.join(", "))
            }
            Type::Optional(inner) => write!(f, "{inner}?"),
            Type::Reference(name) => f.write_str(name),
            Type::Secret(inner) => write!(f, "secret<{inner}>"),
            Type::InRange(inner, low, high) => write!(f, "{inner} in {low}..{high}"),
            Type::Matching(inner, pattern) => write!(f, "{inner} matching r\"{pattern}\""),
            Type::Error => f.write_str("?"),
        }
    }
}
