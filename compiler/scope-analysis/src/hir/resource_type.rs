//! A type of resource, elaborated from its driver: attributes, references, how it is shared and divided, what it can do.

use indexmap::IndexMap;
use scope_diagnostics::Span;
use scope_syntax::ast;

use super::{Command, Life, MergeRule, Operation, Type};

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
    /// `unique by [zone, name]`: no two at a site have these attribute paths alike. Empty: several may.
    pub unique: Vec<Vec<String>>,
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
    /// `canonical(expr)`: its canonical form, with the value under the attribute's own name. Two values are equal whose
    /// canonical forms are.
    pub canonical: Option<ast::Expr>,
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
    /// A hole: already reported.
    Error,
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
