//! An operation of a type, elaborated from its driver: how it is performed, what each answer means, how it merges with
//! others, and the command line that stands for it.

use indexmap::IndexMap;
use scope_diagnostics::Span;
use scope_syntax::ast;

use super::{Readiness, Type};

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// What it does.
    pub kind: OperationKind,
    /// How it is asked for.
    pub request: Request,
    /// Inputs that are no attributes, with types and defaults.
    pub inputs: IndexMap<String, (Type, Option<ast::Expr>)>,
    /// `after create`
    pub after: Option<String>,
    /// `when data != null`
    pub when: Option<ast::Expr>,
    /// What answers mean.
    pub answers: Vec<Answer>,
    /// `repeat by …`
    pub repeat: Repeat,
    /// Whether the driver says it, or it is told from the method.
    pub is_repeat_said: bool,
    /// `settles within 60s`, in milliseconds.
    pub settles_ms: u64,
    /// `ready when …` of its own.
    pub ready: Option<Readiness>,
    /// `sets: { status: "SHUTOFF" }`
    pub sets: Vec<(String, ast::Expr)>,
    /// `next: body.next`
    pub next_page: Option<ast::Expr>,
    /// `///` text.
    pub docs: Vec<String>,
    /// Its name in the driver.
    pub span: Span,
}

/// What an operation does; told by its name (`find list read create upload download update delete`) or `kind: …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// By name or filter.
    Find,
    /// By identity.
    Read,
    /// Makes one.
    Create,
    /// Sends content.
    Upload,
    /// Gives content.
    Download,
    /// Changes in place.
    Update,
    /// Removes.
    Delete,
    /// Any other.
    Action,
}

/// How an operation is asked for.
#[derive(Clone, Debug)]
pub enum Request {
    /// Over HTTP.
    Http {
        /// A text: `"GET"`; an expression where an attribute says it.
        method: ast::Expr,
        /// The path.
        path: ast::Expr,
        /// Query parameters. Here and below, an entry named `...` is a record whose fields stand in its place.
        query: Vec<(String, ast::Expr)>,
        /// Headers.
        headers: Vec<(String, ast::Expr)>,
        /// The body.
        body: Option<ast::Expr>,
    },
    /// By a command.
    Exec {
        /// The words (`${…}` holes; a hole that is the whole word and a list is spliced).
        argv: Vec<ast::Expr>,
        /// Environment.
        env: Vec<(String, ast::Expr)>,
        /// Files.
        files: Vec<(String, ast::Expr)>,
        /// Standard input.
        stdin: Option<ast::Expr>,
    },
}

/// A rule of what an answer means.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status codes, both ends included; empty: any.
    pub codes: Vec<(u16, u16)>,
    /// And this holds.
    pub condition: Option<ast::Expr>,
    /// Its meaning.
    pub meaning: Meaning,
    /// Its argument.
    pub argument: Option<ast::Expr>,
    /// Its place.
    pub span: Span,
}

/// The words for what an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// `found(record)`
    Found,
    /// `list(records)`
    List,
    /// `done`, `done(record)`
    Done,
    /// `exists`
    Exists,
    /// `gone`
    Gone,
    /// `content`
    Content,
    /// `not_found`
    NotFound,
    /// `refused`
    Refused,
    /// `unavailable`
    Unavailable,
    /// `unreachable`
    Unreachable,
    /// `lost`
    Lost,
    /// `denied`
    Denied,
    /// `invalid`
    Invalid,
    /// `reauthenticate`
    Reauthenticate,
    /// `busy`
    Busy,
}

/// What makes a repeat safe.
#[derive(Clone, Debug, PartialEq)]
pub enum Repeat {
    /// By nature: GET, PUT, DELETE.
    Always,
    /// `id`
    Id,
    /// `key("Header")`
    Key(String),
    /// `name`
    Name,
    /// `mark`
    Mark,
    /// `none`
    None,
}

/// `create then update -> keep-order`
#[derive(Clone, Debug, PartialEq)]
pub struct MergeRule {
    /// The operation that is named first.
    pub first: String,
    /// The other.
    pub second: String,
    /// What becomes of them.
    pub relation: MergeRelation,
    /// Where it is written.
    pub span: Span,
}

/// The four relations of a merge matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeRelation {
    /// `take-one`
    TakeOne,
    /// `any-order`
    AnyOrder,
    /// `keep-order`
    KeepOrder,
    /// `reverse-order`
    ReverseOrder,
}

/// A native command line as a driver writes it: `cli create = $ openstack image create ${name} --file ${file(data)}`.
#[derive(Clone, Debug)]
pub struct Command {
    /// The operation it stands for.
    pub operation: String,
    /// Program and sub-command words: `["openstack", "image", "create"]`.
    pub words: Vec<String>,
    /// Positional holes, in order.
    pub positional: Vec<Hole>,
    /// Flags with a value: `--flavor` → hole; also `-f`.
    pub flags: IndexMap<String, Hole>,
    /// Flags without a value that set attributes: `--public` → `visibility: "public"`.
    pub constants: IndexMap<String, Vec<(String, ast::Expr)>>,
    /// Its place.
    pub span: Span,
}

/// A hole of a [`Command`].
#[derive(Clone, Debug)]
pub struct Hole {
    /// The attribute or input it fills, as a path: `["image"]`, `["metadata"]`.
    pub path: Vec<String>,
    /// `${file(data)}`: the word is the path of a file whose content fills it.
    pub is_file: bool,
    /// May be given several times (list), or as `key=value` (map): decided by the attribute's type.
    pub is_optional: bool,
    /// Its place.
    pub span: Span,
}
