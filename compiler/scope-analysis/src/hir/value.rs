//! Values: what evaluating an expression at compile time gives, known or waiting for the run.

use indexmap::IndexMap;
use scope_diagnostics::Span;

use super::{GroupId, ResourceId, SiteId, Type};

/// A value. Known ones are plain; what only the run will know is [`Value::Deferred`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A hole: already reported.
    Error,
    /// `null`
    Null,
    /// `true`
    Bool(bool),
    /// `1`
    Int(i64),
    /// `1.5`
    Float(f64),
    /// `"x"`
    Text(String),
    /// In nanoseconds.
    Duration(i64),
    /// In bytes.
    Size(u64),
    /// In bits per second.
    Rate(u64),
    /// `25%` is 25.0.
    Percent(f64),
    /// A list.
    List(Vec<Slot>),
    /// A record or map, in order.
    Record(IndexMap<String, Slot>),
    /// A site.
    Site(SiteId),
    /// A location with operators, or a set of sites.
    Location(Location),
    /// A declared resource (`image: base`).
    Resource(ResourceId),
    /// A use of a module (`lab`).
    Group(GroupId),
    /// A scope (`let edge = scope { … }`), by its place among those that the analysis has met.
    Scope(usize),
    /// A file beside the program.
    File {
        /// The path as the runner opens it.
        path: String,
        /// Its length.
        size: u64,
        /// Its digest, hexadecimal.
        sha256: String,
    },
    /// A secret, by its source.
    Secret(SecretSource),
    /// Known when running.
    Deferred(Box<Deferred>),
    /// The `n`-th reference of the instance it stands in: made by the checks from a text or resource.
    Reference(usize),
}

/// A value in a list or record, with where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// The value.
    pub value: Value,
    /// The key's place (for a list element, the element's).
    pub key: Span,
    /// The value's place.
    pub span: Span,
}

/// A computation left for the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Deferred {
    /// An attribute of a resource: `base.id`, `base.id[paris]` (`site` given), below it `path`.
    Output {
        /// Whose.
        resource: ResourceId,
        /// At which site; `None`: where the user of the value is, else the chosen one.
        site: Option<SiteId>,
        /// The attribute and fields below it; empty: the whole record.
        path: Vec<String>,
    },
    /// Parts of a text.
    Concat(Vec<Value>),
    /// A function of the standard set, by name (as in the plan), on values of which one is deferred.
    Call(&'static str, Vec<Value>),
    /// An operator, by its name in the plan.
    Binary(&'static str, Value, Value),
    /// A prefix operator.
    Unary(&'static str, Value),
    /// A field of a deferred record.
    Field(Value, String),
    /// An element.
    Index(Value, Value),
    /// `if` with a deferred condition.
    If(Value, Value, Value),
    /// By site, of those of these sites at which it is: which alternative of a group is taken turns out in the run.
    BySite(Vec<SiteCopy>),
    /// A value that a type bounds: the run holds it to that.
    Bounded(Box<Bounded>),
    /// A secret that a site made: an attribute of a resource, out of where the program keeps it (`keep_in`).
    Kept(Value),
    /// Any value of a type: what a name stands for where what is written is only read through. It stays in the analysis.
    Supposed(Type),
}

/// A value known only in the run, where a type refuses some values of its kind: `port: int in 1..65535`.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded {
    /// The value.
    pub value: Value,
    /// What it has to be of.
    pub ty: Type,
    /// What takes it: `port`.
    pub what: String,
    /// A secret is in it.
    pub is_secret: bool,
    /// Where it is written.
    pub span: Span,
    /// What declares the rule, and where, if that is elsewhere.
    pub rule: Option<(String, Span)>,
}

impl Bounded {
    /// The same of another value.
    pub fn with(self, value: Value) -> Value {
        Value::Deferred(Box::new(Deferred::Bounded(Box::new(Bounded { value, ..self }))))
    }
}

impl Value {
    /// The value itself, whatever it is held to.
    pub fn unbounded(&self) -> &Value {
        match self {
            Value::Deferred(deferred) => match &**deferred {
                Deferred::Bounded(bounded) => bounded.value.unbounded(),
                _ => self,
            },
            _ => self,
        }
    }
}

impl Deferred {
    /// The values that it is computed from.
    pub fn parts(&self) -> Vec<&Value> {
        match self {
            Deferred::Output { .. } | Deferred::Supposed(_) => Vec::new(),
            Deferred::Concat(parts) | Deferred::Call(_, parts) => parts.iter().collect(),
            Deferred::Binary(_, a, b) | Deferred::Index(a, b) => vec![a, b],
            Deferred::Unary(_, a) | Deferred::Field(a, _) | Deferred::Kept(a) => vec![a],
            Deferred::Bounded(bounded) => vec![&bounded.value],
            Deferred::If(a, b, c) => vec![a, b, c],
            Deferred::BySite(copies) => {
                copies.iter().flat_map(|copy| [&copy.is_there, &copy.value]).collect()
            }
        }
    }
}

/// What there is at a site, if it is there.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteCopy {
    /// Where.
    pub site: SiteId,
    /// Whether it is there.
    pub is_there: Value,
    /// What it is there.
    pub value: Value,
}

impl SiteCopy {
    /// The value at one site; nothing where it is not there.
    pub fn or_null(&self) -> Value {
        Value::Deferred(Box::new(Deferred::If(self.is_there.clone(), self.value.clone(), Value::Null)))
    }
}

/// Where a secret comes from; in a program, `secret("X")`, `secret(file: "…")`, `secret(command: […])`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file.
    File(String),
    /// A command's output.
    Command(Vec<String>),
    /// A value of a client's configuration file.
    Config {
        /// The file.
        file: String,
        /// The keys.
        keys: Vec<String>,
    },
}

/// A location: sites and operators over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// What it is.
    pub kind: LocationKind,
    /// Where it was written.
    pub span: Span,
}

/// The kinds of locations of this release.
#[derive(Clone, Debug, PartialEq)]
pub enum LocationKind {
    /// A hole: already reported.
    Error,
    /// `here`: where the enclosing request is.
    Here,
    /// A site.
    Site(SiteId),
    /// `a & b`
    And(Vec<Location>),
    /// `a | b`
    Or(Vec<Location>),
    /// `a % b`
    Cross {
        /// The parts of the one resource.
        parts: Vec<Location>,
        /// The part that holds its identity.
        prime: usize,
    },
    /// `around(a, 50ms)` (R7), until a request with its driver says which of these have the service.
    Around {
        /// Within the radius, nearest first, the middle itself in front; empty: around `here`.
        sites: Vec<SiteId>,
        /// The greatest round trip, in nanoseconds.
        radius: i64,
    },
}

impl Location {
    /// Whether a part of it is a hole.
    pub fn is_wrong(&self) -> bool {
        match &self.kind {
            LocationKind::Error => true,
            LocationKind::And(parts) | LocationKind::Or(parts) | LocationKind::Cross { parts, .. } => {
                parts.iter().any(Location::is_wrong)
            }
            LocationKind::Here | LocationKind::Site(_) | LocationKind::Around { .. } => false,
        }
    }

    /// Whether a part of it is a choice: `a | b`, or one of it in a `&` or a `%`.
    pub fn has_alternatives(&self) -> bool {
        match &self.kind {
            LocationKind::Or(_) => true,
            LocationKind::And(parts) | LocationKind::Cross { parts, .. } => {
                parts.iter().any(Location::has_alternatives)
            }
            _ => false,
        }
    }

    /// Whether a part of it is one resource over several sites: `a % b`.
    pub fn is_divided(&self) -> bool {
        match &self.kind {
            LocationKind::Cross { .. } => true,
            LocationKind::And(parts) | LocationKind::Or(parts) => parts.iter().any(Location::is_divided),
            _ => false,
        }
    }

    /// Every site in it, in order of appearance, each once.
    pub fn sites(&self) -> Vec<SiteId> {
        let mut sites = Vec::new();
        self.collect(&mut sites);
        sites
    }

    fn collect(&self, sites: &mut Vec<SiteId>) {
        match &self.kind {
            LocationKind::Site(site) if !sites.contains(site) => sites.push(*site),
            LocationKind::And(parts) | LocationKind::Or(parts) | LocationKind::Cross { parts, .. } => {
                parts.iter().for_each(|part| part.collect(sites));
            }
            LocationKind::Around { sites: near, .. } => {
                near.iter().for_each(|site| {
                    if !sites.contains(site) {
                        sites.push(*site);
                    }
                });
            }
            LocationKind::Site(_) | LocationKind::Here | LocationKind::Error => {}
        }
    }
}
