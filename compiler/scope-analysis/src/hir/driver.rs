//! A driver, elaborated from its text: every phrase read, every name in it resolved.
//!
//! Expressions stay syntax trees here: they are checked (names, functions) when elaborated and translated by lowering.

use indexmap::IndexMap;
use scope_diagnostics::Span;
use scope_syntax::ast;

use super::{Answer, Request, ResourceType, Type};

/// One application.
#[derive(Clone, Debug)]
pub struct Driver {
    /// `openstack`
    pub name: String,
    /// Its name in its declaration.
    pub span: Span,
    /// The versions it is written for, both included.
    pub versions: Option<(String, String)>,
    /// A site's settings, by name.
    pub settings: IndexMap<String, Setting>,
    /// Client configuration files that settings are read from.
    pub configs: Vec<ConfigFile>,
    /// How a session is opened.
    pub login: Option<Login>,
    /// Its services, by name.
    pub services: IndexMap<String, Service>,
    /// Its resource types, by full name (`openstack.server`).
    pub types: IndexMap<String, ResourceType>,
    /// `fn`s of the driver's file, inlined by lowering.
    pub functions: IndexMap<String, ast::Function>,
    /// Programs whose command lines the driver reads, by the first word.
    pub clients: IndexMap<String, Client>,
    /// Its parts that are loaded, by their whole names, and where each is declared.
    pub parts: Vec<(String, Span)>,
    /// Its abstract types: service and name.
    pub patterns: Vec<(String, String)>,
}

/// The versions of an application that have something, both ends included; open where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// `since "1.9"`
    pub since: Option<String>,
    /// `until "1.15"`
    pub until: Option<String>,
}

/// A native client: which of its flags say nothing about a resource.
#[derive(Clone, Debug)]
pub struct Client {
    /// The first word of its command lines: `openstack`.
    pub program: String,
    /// Flags left out, with how many words follow them: `--debug` 0, `--format` 1.
    pub ignored: IndexMap<String, usize>,
    /// Where declared.
    pub span: Span,
}

/// A site's setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// `secret<…>` or the word `secret`.
    pub is_secret: bool,
    /// Its default.
    pub default: Option<ast::Expr>,
    /// `///` text.
    pub docs: Vec<String>,
    /// Its name in the driver.
    pub span: Span,
}

/// A client's own configuration file, mapped to settings: `clouds.yaml`.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// The setting whose presence selects this file, and whose value names the entry (`cloud`).
    pub selector: String,
    /// Candidates in order: relative to the program's folder; `~/` is the home folder; `${VAR}` an environment variable.
    pub search: Vec<String>,
    /// The keys that lead to the entry: `["clouds", "${cloud}"]` (the selector in braces).
    pub path: Vec<String>,
    /// Setting → keys below the entry, alternatives in order: `auth_url` → `[["auth", "auth_url"]]`.
    pub map: IndexMap<String, Vec<Vec<String>>>,
    /// Where declared.
    pub span: Span,
}

/// The request that opens a session.
#[derive(Clone, Debug)]
pub struct Login {
    /// The service that answers it.
    pub service: String,
    /// The request.
    pub request: Request,
    /// What its answers mean; `done(record)` gives the session.
    pub answers: Vec<Answer>,
    /// The session's fields that are credentials.
    pub secret_fields: Vec<String>,
    /// Where declared.
    pub span: Span,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// `image`
    pub name: String,
    /// Other names, case-insensitive.
    pub aliases: Vec<String>,
    /// Services it uses at its own site.
    pub uses: Vec<String>,
    /// It authenticates the others (R1).
    pub authenticates: bool,
    /// Its base address.
    pub address: Option<ast::Expr>,
    /// Headers of every request.
    pub headers: Vec<(String, ast::Expr)>,
    /// What an answer means where an operation does not say otherwise.
    pub answers: Vec<Answer>,
    /// Tells the version.
    pub probe: Option<(Request, Vec<Answer>)>,
    /// `///` text.
    pub docs: Vec<String>,
    /// Its name in the driver.
    pub span: Span,
}
