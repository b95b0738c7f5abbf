//! What a plan needs to know of an application: of each driver only the types and operations its steps use.
//!
//! Made by lowering from the driver's Scope-Lang text; the runner, the simulator and the targets read it from here and
//! know no application. An operation's expressions are evaluated with these names:
//!
//! | name | value | where |
//! |---|---|---|
//! | an attribute's name | the step's input, else the resource's last known value, else `null` | requests; answers, unless it is one of their words below |
//! | `site` | the site's settings for this driver, defaults filled in, plus `name`, `labels` | everywhere |
//! | `session` | what the login answered | everywhere but the login |
//! | `changes` | attribute → new value, for `update` | requests |
//! | `mark` | the owner mark as text | requests |
//! | `paths` | the paths of the command's temporary files, by name | argument vectors |
//! | `status`, `body`, `text`, `header` | the answer: code, parsed JSON (`null` if none), text, headers in lower case | answers |
//! | `code`, `out`, `err` | the answer of a command: exit status and the two streams | answers |
//!
//! A reference attribute's value is the referenced resource's record (`image.id`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::eval::{Bindings, eval};
use crate::expr::Expr;
use crate::quantity::Unit;

/// The name of an entry (of headers, environment, files) whose value is a record: its fields stand in its place.
/// `headers: { ...headers, "Accept": "x" }` → `[("...", name headers), ("Accept", "x")]`; later entries win.
pub const SPREAD: &str = "...";

/// The part of one driver that a plan uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Driver {
    /// `openstack`
    pub name: String,
    /// The versions it is written for: `("2024.1", "2026.2")`, both included.
    pub versions: Option<(String, String)>,
    /// A site's settings.
    pub settings: Vec<Setting>,
    /// How a session is opened at a site; once per site, shared by all steps, again on [`Meaning::Reauthenticate`].
    pub login: Option<Login>,
    /// The services used, and those the probe of `scope sites` asks.
    pub services: Vec<Service>,
    /// The resource types used.
    pub types: Vec<ResourceType>,
    /// What [`Type::Named`] stands for, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub declared: BTreeMap<String, Type>,
}

/// One setting of a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Written nowhere.
    pub is_secret: bool,
    /// Used where the site does not set it.
    pub default: Option<Expr>,
}

/// The request that opens a session. Its `Done` answer carries the session record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Login {
    /// The service that answers it.
    pub service: String,
    /// The request; an HTTP path may be a whole address.
    pub request: Request,
    /// What its answers mean.
    pub answers: Vec<Answer>,
    /// The session's field that is the credential (masked in every text).
    pub secret_fields: Vec<String>,
}

/// A service of an application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// `image`
    pub name: String,
    /// `glance`
    pub aliases: Vec<String>,
    /// Its base address (HTTP); evaluated with `site` and `session`. `null` when the site has no such service.
    pub address: Option<Expr>,
    /// Headers of every request to it.
    pub headers: Vec<(String, Expr)>,
    /// What an answer means where the operation does not say otherwise.
    pub answers: Vec<Answer>,
    /// Asked by `scope sites`; its `Done`/`Found` answer is the version text.
    pub probe: Option<Probe>,
}

/// A request that changes nothing and tells the version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// The request.
    pub request: Request,
    /// What its answers mean.
    pub answers: Vec<Answer>,
}

/// A type of resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceType {
    /// `openstack.image`
    pub name: String,
    /// `image`: a service of the same driver.
    pub service: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// The attribute that identifies a resource at its site (`id`, or a name for named resources).
    pub identity: String,
    /// The attribute a person names it by (`name`), if it has one.
    pub name_attribute: Option<String>,
    /// Attribute paths that no two at a site have all alike; without any, names may be there twice, identities never.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique: Vec<Vec<String>>,
    /// Where the owner mark is kept.
    pub mark: Option<Mark>,
    /// Where those who rely upon it leave their guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Mark>,
    /// When it may be used.
    pub ready: Option<Readiness>,
    /// When it never will be, and the site's own words for why.
    pub broken: Option<Broken>,
    /// As a restart of the application leaves one that was being made: it does not move on by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Expr>,
    /// What is lost where one is made anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stateful: Option<String>,
    /// How a copy is taken to another site.
    pub share: Share,
    /// Its operations.
    pub operations: Vec<Operation>,
    /// The operation that creates one: `create` unless the driver says `create by …`.
    pub create: Option<String>,
}

/// An attribute of a resource type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Given by the site.
    pub is_computed: bool,
    /// May be set in a program (true also for a `computed settable` one).
    pub is_settable: bool,
    /// Cannot be changed after creation: a difference means replacing.
    pub is_immutable: bool,
    /// Sent but never answered: cannot be compared.
    pub is_write_only: bool,
    /// Never written.
    pub is_secret: bool,
    /// Must be set.
    pub is_required: bool,
    /// Used where the program sets nothing.
    pub default: Option<Expr>,
    /// The name under which the site's answer has it, when another (`flavorRef` → `flavor.id`); evaluated with the
    /// answer's record as `body`. `None`: the field of the attribute's own name.
    pub read: Option<Expr>,
    /// Its canonical form, with the value under the attribute's own name: two values are equal whose canonical forms are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<Expr>,
    /// Of a reference: what it means for what it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// Of a reference: it may be to a resource of another site, which is used from there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_in_place: bool,
    /// What its numbers count; `None`: nothing but themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

impl Attribute {
    /// The form in which a value of it is compared; where none is said, or none can be made of it, the value as it is.
    pub fn compared<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        let Some(canonical) = self.canonical.as_ref().filter(|_| !value.is_null()) else {
            return Cow::Borrowed(value);
        };
        let names = Bindings::new().with(self.name.as_str(), value.clone());
        match eval(canonical, &names) {
            Ok(Value::Null) | Err(_) => Cow::Borrowed(value),
            Ok(form) => Cow::Owned(form),
        }
    }

    /// A value of it as people read it: `1 TiB`, `6 h`; nothing where it has no unit.
    pub fn quantity(&self, value: &Value) -> Option<String> {
        self.unit?.of(value)
    }
}

/// What one resource is to another that refers to it (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Needed when it is made.
    Requires,
    /// Needed as long as it lives: guarded from deletion.
    Relies,
    /// Needed as long as it lives, and let go by the application itself where it is deleted: not guarded.
    LetsGo,
    /// A part of it: guarded from deletion, at the same site.
    Composed,
}

impl Relation {
    /// Whether what is referred to may not be deleted meanwhile.
    pub fn is_guarded(self) -> bool {
        matches!(self, Relation::Relies | Relation::Composed)
    }
}

/// A type, as far as the runner and the simulator need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Anything.
    Any,
    /// Text.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// Content, streamed.
    Bytes,
    /// One of these texts.
    Enum(Vec<String>),
    /// An amount: a number, or a text such as `500m` or `1Gi`. Two are equal that are as much ([`crate::amount`]).
    Quantity,
    /// A number or a text, where a number is the same as its text: `80` and `"80"`.
    NumberOrText,
    /// A list, which may come back in another order.
    List(Box<Type>),
    /// A list whose order counts.
    Sequence(Box<Type>),
    /// A list whose items are told apart by these fields, or as a whole, if none are named: what the site adds to it is no
    /// difference. A field that the program does not set tells nothing apart.
    Keyed {
        /// An item.
        item: Box<Type>,
        /// The fields.
        by: Vec<String>,
    },
    /// Text → value.
    Map(Box<Type>),
    /// A record with these fields.
    Record(Vec<(String, Type)>),
    /// A declared type, by its name in [`Driver::declared`]: it may hold itself. Only what tells how values are compared is
    /// kept of it; other fields are like [`Type::Any`].
    Named(String),
    /// A reference to a resource type, by its full name.
    Reference(String),
    /// May be `null`.
    Optional(Box<Type>),
}

/// Where the owner mark is kept on a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// The attribute's path: `["metadata", "scope_mark"]`. Read with [`Attribute::read`] of its first name. Where the
    /// program sets a text there itself, the mark is appended to it in brackets; finding the mark is a search.
    pub path: Vec<String>,
}

/// A condition over the resource's attributes, waited for after creating and updating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// True when ready.
    pub condition: Expr,
    /// In milliseconds.
    pub within_ms: u64,
    /// Between two looks, in milliseconds.
    pub every_ms: u64,
}

/// A condition over the resource's attributes that never mends by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Broken {
    /// True when broken.
    pub condition: Expr,
    /// The site's words for it, evaluated with the attributes and the answer's `body`.
    pub message: Option<Expr>,
}

/// How a resource of one site is used at another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// Created at the other site from these attributes; content is streamed; `same` must then be equal.
    Copy {
        /// The attributes copied, identity included where the application lets a caller choose it.
        keep: Vec<String>,
        /// The attribute that proves equality.
        same: Option<String>,
    },
    /// Used from where it is: what refers to it is given its record.
    InPlace,
    /// Not at all.
    None {
        /// Why.
        because: String,
    },
}

/// One operation of a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// `create`, `upload`, `stop`.
    pub name: String,
    /// What it does to the resource.
    pub kind: OperationKind,
    /// How it is asked for.
    pub request: Request,
    /// Names of inputs that are no attributes, with defaults.
    pub inputs: Vec<(String, Option<Expr>)>,
    /// Run as a part of this operation, after it (`upload … after create`).
    pub after: Option<String>,
    /// Only when this holds of the inputs.
    pub when: Option<Expr>,
    /// First match wins; then the service's.
    pub answers: Vec<Answer>,
    /// What makes a repeat safe.
    pub repeat: Repeat,
    /// How long a lost request may still take effect, in milliseconds.
    pub settles_ms: u64,
    /// The readiness to wait for afterwards, where it differs from the type's (`stop` → SHUTOFF).
    pub ready: Option<Readiness>,
    /// Attributes a simulated site changes on the stored resource: `stop` sets `status: "SHUTOFF"`.
    pub sets: Vec<(String, Expr)>,
    /// For lists in pages: the address of the next page from the answer, `null` at the end.
    pub next_page: Option<Expr>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// By name or by filter: answers `list`.
    Find,
    /// By identity: answers `found`.
    Read,
    /// Makes one.
    Create,
    /// Sends the content attribute.
    Upload,
    /// Gives the content attribute.
    Download,
    /// Changes attributes in place.
    Update,
    /// Removes it.
    Delete,
    /// Any other.
    Action,
}

impl OperationKind {
    /// Whether it changes nothing.
    pub fn is_reading(self) -> bool {
        matches!(self, OperationKind::Find | OperationKind::Read | OperationKind::Download)
    }
}

/// How an operation is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Over HTTP, at the service's address.
    Http {
        /// A text: `GET`. Nearly always a constant; an attribute where the program itself says how (`http.resource`).
        method: Expr,
        /// Appended to the service's address, or a whole address (`http://…`). Interpolated values are encoded.
        path: Expr,
        /// Added to the path as `?name=value&…`, encoded; `null` is left out, a list gives the name several times. An
        /// entry named [`SPREAD`] is a record of them.
        query: Vec<(String, Expr)>,
        /// More headers; one whose value is `null` is left out. An entry named [`SPREAD`] is a record of headers.
        headers: Vec<(String, Expr)>,
        /// JSON, or bytes when it evaluates to a file or a stream.
        body: Option<Expr>,
    },
    /// By a command; never through a shell.
    Exec {
        /// Program and arguments; a list value is spliced, `null` is left out.
        argv: Vec<Expr>,
        /// Environment variables, added to a minimal environment. An entry named [`SPREAD`] is a record of variables.
        env: Vec<(String, Expr)>,
        /// Temporary files: name → content. Their paths are the record `paths`, so that `${file(data)}` in `argv` is
        /// the field `data` of [`Expr::Name`] `paths`.
        /// An entry named [`SPREAD`] is a record of files.
        files: Vec<(String, Expr)>,
        /// Standard input.
        stdin: Option<Expr>,
    },
}

impl Request {
    /// What it carries, besides where it goes and how.
    pub fn payload(&self) -> Vec<&Expr> {
        match self {
            Request::Http { body, .. } => body.iter().collect(),
            Request::Exec { argv, env, files, stdin } => {
                let named = env.iter().chain(files).map(|(_, expr)| expr);
                argv.iter().chain(named).chain(stdin).collect()
            }
        }
    }
}

/// One rule of what an answer means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Status codes (HTTP) or exit statuses, both ends included; empty: any.
    pub codes: Vec<(u16, u16)>,
    /// And this holds.
    pub condition: Option<Expr>,
    /// What it means.
    pub meaning: Meaning,
}

/// What an answer means. R5 (otherwise) goes on after `not_found`, `refused`, `unavailable`, `unreachable`; stops at `denied`, `invalid`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// The resource's record.
    Found(Expr),
    /// Records of resources.
    List(Expr),
    /// Done; the resource's record or a result, if the answer has one.
    Done(Option<Expr>),
    /// One with this identity is there already.
    Exists(Option<Expr>),
    /// It is not there any more.
    Gone,
    /// The answer's body is the content.
    Content,
    /// Not there: the resource itself, or the named reference attribute.
    NotFound(Option<Expr>),
    /// Refused for capacity or quota, with the site's words.
    Refused(Option<Expr>),
    /// The service cannot answer now.
    Unavailable(Option<Expr>),
    /// What was asked says that it did not come through to the site: nothing was sent, the site is cut off.
    Unreachable(Option<Expr>),
    /// It came through, but no answer came back: whether it took effect is not known, the site is cut off.
    Lost(Option<Expr>),
    /// Not allowed.
    Denied(Option<Expr>),
    /// Malformed.
    Invalid(Option<Expr>),
    /// The session is over: log in again, once.
    Reauthenticate,
    /// Not possible at this moment (a resource in transition): tried again within the time-out.
    Busy(Option<Expr>),
}

/// What makes a repeat of an operation safe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Repeating has the same effect by nature (PUT, DELETE, GET).
    Always,
    /// The caller chooses the identity: a second create is answered `exists`.
    Id,
    /// A header carries the idempotency key.
    Key(String),
    /// The application refuses a second one of the same name.
    Name,
    /// The owner mark is looked up first.
    Mark,
    /// Not safe.
    None,
}
