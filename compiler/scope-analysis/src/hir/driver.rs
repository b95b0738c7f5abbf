//! A driver, elaborated from its text: every phrase read, every name in it resolved.
//!
//! Expressions stay syntax trees here: they are checked (names, functions) when elaborated and translated by lowering.

use indexmap::IndexMap;
use scope_diagnostics::Span;
use scope_syntax::ast;

use super::Type;

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

/// A resource type.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// `openstack.server`
    pub name: String,
    /// `server`
    pub short_name: String,
    /// The driver's name.
    pub driver: String,
    /// The service it belongs to.
    pub service: String,
    /// `///` text.
    pub docs: Vec<String>,
    /// Its attributes, by name.
    pub attributes: IndexMap<String, Attribute>,
    /// The attribute marked `identity` (a computed one, else a named one).
    pub identity: String,
    /// The attribute a person names it by: `name`, unless the driver says.
    pub name_attribute: Option<String>,
    /// Where the owner mark is kept, as an attribute path.
    pub mark: Option<Vec<String>>,
    /// Where those who rely upon it leave their guard, as an attribute path.
    pub guard: Option<Vec<String>>,
    /// `ready when … within … every …`
    pub ready: Option<Readiness>,
    /// `broken when … because …`
    pub broken: Option<(ast::Expr, Option<ast::Expr>)>,
    /// `stuck when …`: as a restart of the application leaves one that was being made.
    pub stuck: Option<ast::Expr>,
    /// `share by …`
    pub share: Share,
    /// `cross by …`
    pub cross: Cross,
    /// `stateful because "…"`: what is in one is lost when it is made anew.
    pub stateful: Option<String>,
    /// Its operations, by name.
    pub operations: IndexMap<String, Operation>,
    /// `create by set`
    pub create: Option<String>,
    /// The merge matrix as written.
    pub merge: Vec<MergeRule>,
    /// Native command lines that stand for operations.
    pub commands: Vec<Command>,
    /// `since "1.9" until "1.15"`
    pub life: Life,
    /// Its name in the driver.
    pub span: Span,
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type; a reference is [`Type::Reference`] (or a list of them).
    pub ty: Type,
    /// Given by the site.
    pub is_computed: bool,
    /// May be set (`computed settable` too).
    pub is_settable: bool,
    /// `identity`
    pub is_identity: bool,
    /// `immutable`
    pub is_immutable: bool,
    /// `write_only`
    pub is_write_only: bool,
    /// `secret`
    pub is_secret: bool,
    /// Neither optional, nor computed, nor with a default.
    pub is_required: bool,
    /// Its default.
    pub default: Option<ast::Expr>,
    /// `read(expr)`: where the site's answer has it, with the answer's record as `body`.
    pub read: Option<ast::Expr>,
    /// What a reference means.
    pub reference: Option<ReferenceRule>,
    /// `since("1.9")`, `until("1.15")`
    pub life: Life,
    /// `///` text.
    pub docs: Vec<String>,
    /// Its name in the driver.
    pub span: Span,
}

/// What a reference attribute means (R9) and whether its target may be at another site.
#[derive(Clone, Debug)]
pub struct ReferenceRule {
    /// `openstack.image`
    pub target: String,
    /// `requires`, `relies`, `composed`.
    pub relation: Relation,
    /// `shared(copy)`, `shared(in_place)`, `shared(none, because: "…")`; absent: what the target type's `share by` says.
    pub shared: Option<Share>,
    /// `on_delete(let_go)`: the application itself takes the reference away where the target is deleted.
    pub lets_go: bool,
}

impl ReferenceRule {
    /// Whether what is referred to may not be deleted meanwhile.
    pub fn is_guarded(&self) -> bool {
        self.relation != Relation::Requires && !self.lets_go
    }
}

/// The three relations of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// At creation.
    Requires,
    /// For life.
    Relies,
    /// Is composed of.
    Composed,
}

/// How a resource of one site is used at another.
#[derive(Clone, Debug, PartialEq)]
pub enum Share {
    /// `share by copy(keep: […], same: …)`
    Copy {
        /// Attributes kept.
        keep: Vec<String>,
        /// The attribute that proves equality.
        same: Option<String>,
    },
    /// `share by place`, `shared(in_place)`: what refers to it is given the record that its own site has.
    InPlace,
    /// `share by none because "…"`; also what a type that says nothing has.
    None {
        /// Why.
        because: String,
    },
}

/// How a type spans sites.
#[derive(Clone, Debug)]
pub enum Cross {
    /// `cross by none because "…"`, or nothing said.
    None {
        /// Why.
        because: String,
    },
    /// `cross by sum(value)`
    By(Division),
}

/// `cross by sum(value, link: origin)`, `cross by parts(link: origin)`: how one resource is divided over sites and read as
/// one (R6).
#[derive(Clone, Debug, PartialEq)]
pub struct Division {
    /// Attributes of which each part has a share, and whose sum over the parts is the whole's; a field of one by its
    /// path, `spec.replicas`. None of a type that is divided through what it is composed of.
    pub divided: Vec<String>,
    /// The attribute in which every other part names the prime.
    pub link: Option<String>,
}

/// `ready when condition within 10min every 1s`.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// True when ready.
    pub condition: ast::Expr,
    /// In milliseconds.
    pub within_ms: u64,
    /// In milliseconds.
    pub every_ms: u64,
}

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
