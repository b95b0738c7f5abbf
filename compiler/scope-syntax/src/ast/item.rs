//! The items of a file: what may stand at the left margin. `resource vm: openstack.server { name: "x" }` is one [`Item`]
//! holding a [`Thing`].

use scope_diagnostics::Span;
use serde::Serialize;

use super::{Driver, Expr, Ident, Path, Phrase, Scope, Text, TypeExpr};

/// One declaration or command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// `///` lines above it, without the marker.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: ItemKind,
    /// From its first word to its last token (documentation not included).
    pub span: Span,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ItemKind {
    /// `import …`
    Import(Import),
    /// `entry nantes`
    Entry(Expr),
    /// `param x: int = 1`
    Param(Param),
    /// `let x: type = expr`
    Let(Let),
    /// `fn f(a: int): int = expr` and `operator f(…): loc = expr`
    Function(Function),
    /// `type t = …`
    Type(TypeAlias),
    /// `site nantes { … }`
    Site(Site),
    /// `link a -- b { … }`
    Link(Link),
    /// `resource`, `existing`, `call`
    Thing(Thing),
    /// `$ …` on its own, bound to a name, or the published bare forms
    Native(NativeItem),
    /// `sequence NAME { … }`
    Sequence(Sequence),
    /// `output x = expr`
    Output(Output),
    /// `require expr else "message"`
    Require(Require),
    /// `test "…" { … }`
    Test(Test),
    /// `driver NAME { … }`
    Driver(Driver),
    /// An item that could not be read; reported. The name, where one was readable, is declared all the same.
    Error {
        /// The item word, if it was one.
        word: Option<Ident>,
        /// The name being declared, if it was readable.
        name: Option<Ident>,
    },
}

/// `import openstack`, `import kubernetes.apps.v1 as apps`, `import "./sites.scope" { nantes, paris } as s`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Import {
    /// What is imported.
    pub source: ImportSource,
    /// The selected names; `None` imports the module as a whole (and, of a file, all its names).
    pub names: Option<Vec<Ident>>,
    /// `as alias`.
    pub alias: Option<Ident>,
}

impl Import {
    /// What a module of the standard library is called where it is imported: its alias, else the last name of its path that is
    /// no version, `apps` of `kubernetes.apps.v1`. Nothing of a file.
    pub fn library_name(&self) -> Option<&Ident> {
        let ImportSource::Library(path) = &self.source else { return None };
        let is_version = |name: &Ident| {
            let rest = name.text.strip_prefix('v').unwrap_or_default();
            rest.starts_with(|digit: char| digit.is_ascii_digit())
        };
        let named = path.names.iter().rev().find(|name| !is_version(name));
        self.alias.as_ref().or(named).or(path.names.last())
    }
}

/// A file beside the program, or a module of the standard library.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ImportSource {
    /// `"./sites.scope"`: the text and its span.
    File(Ident),
    /// `openstack`, `kubernetes.apps.v1`
    Library(Path),
}

/// `name: type = default`, of a parameter or a function.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// The declared type.
    pub ty: Option<TypeExpr>,
    /// The default.
    pub default: Option<Expr>,
}

/// `let name: type = value`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Let {
    /// Its name.
    pub name: Ident,
    /// The declared type.
    pub ty: Option<TypeExpr>,
    /// The value.
    pub value: Expr,
}

/// `fn` and `operator`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Function {
    /// Declared with the word `operator`.
    pub is_operator: bool,
    /// Its name.
    pub name: Ident,
    /// The parameters.
    pub params: Vec<Param>,
    /// The laws it states: `laws(commutative, idempotent)`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub laws: Vec<Ident>,
    /// The declared result type.
    pub result: Option<TypeExpr>,
    /// The body.
    pub body: Expr,
}

/// `type name = …`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeAlias {
    /// Its name.
    pub name: Ident,
    /// What it stands for.
    pub ty: TypeExpr,
}

/// `site nantes { … }`, `site "New York" as new_york { … }`, `site "${s.name}" for s in … { … }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Site {
    /// The name: a plain one is a text of one literal part.
    pub name: Text,
    /// `as alias`.
    pub alias: Option<Ident>,
    /// `for s in sites`.
    pub family: Option<Generator>,
    /// The settings: always a record (or an error node).
    pub body: Expr,
}

/// `link a -- b { rtt: 12ms }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Link {
    /// One end: a name or a text.
    pub from: Expr,
    /// The other end.
    pub to: Expr,
    /// The record of its properties.
    pub body: Expr,
}

/// Which of the three words declared a [`Thing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ThingKind {
    /// Owned: created, updated, deleted.
    Resource,
    /// Read, never owned.
    Existing,
    /// One explicit operation, done once per inputs.
    Call,
}

/// `resource vm for s in edge when c: openstack.server { … } scope { … } at x { … } with { … }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thing {
    /// `resource`, `existing` or `call`.
    pub kind: ThingKind,
    /// Its name.
    pub name: Ident,
    /// `for x in xs`.
    pub family: Option<Generator>,
    /// `when cond`.
    pub condition: Option<Expr>,
    /// The resource type (or, for `call`, type and operation: `openstack.server.reboot`; a module name for a group).
    pub ty: Path,
    /// The attributes: a record, `= expr`, or absent.
    pub body: Option<Expr>,
    /// `scope`, `at`, `with`, in the order written.
    pub clauses: Vec<Clause>,
}

/// A clause of a [`Thing`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Clause {
    /// `scope { … }` (an [`super::ExprKind::Scope`]) or `scope name`.
    Scope(Expr),
    /// `with { … }` or `with name`.
    With(Expr),
    /// `at SITES { patch }`.
    At {
        /// Which sites.
        sites: Expr,
        /// The record merged there.
        patch: Expr,
    },
}

/// `for a, b in source if condition`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Generator {
    /// The first name.
    pub name: Ident,
    /// The second name (`for k, v in m`).
    pub second: Option<Ident>,
    /// What is iterated.
    pub source: Expr,
    /// `if cond`.
    pub condition: Option<Expr>,
}

/// A native command as an item: `$ …`, `let a: server = $ …`, and the published bare forms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NativeItem {
    /// The name it is bound to.
    pub name: Option<Ident>,
    /// The type written with the name (`server a = …`, `let a: server = $ …`).
    pub ty: Option<Path>,
    /// The command.
    pub native: Native,
}

/// One native command line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Native {
    /// The words in order, scope flags left out.
    pub words: Vec<Text>,
    /// The scope behind `--scope`, `--os-scope` or `--oid-scope`; a second one is reported by the parser.
    pub scope: Option<Scope>,
    /// True when written without `$`, in column 0.
    pub bare: bool,
    /// The whole line, `$` included.
    pub span: Span,
}

/// `sequence NAME { … }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sequence {
    /// Its name.
    pub name: Ident,
    /// Native commands and calls, one after the other: [`ItemKind::Native`], [`ItemKind::Thing`], and
    /// [`ItemKind::Error`] for what is neither.
    pub steps: Vec<Item>,
}

/// `output x = expr`, `output x for s in edge = expr`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Output {
    /// Its name.
    pub name: Ident,
    /// `for x in xs`: a map by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Generator>,
    /// Its value.
    pub value: Expr,
}

/// `require condition else message`, `require for x in xs: condition else message`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Require {
    /// `for x in xs:`: it must hold for each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Generator>,
    /// What must hold.
    pub condition: Expr,
    /// The message when it does not.
    pub message: Option<Expr>,
}

/// `test "name" { … }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Test {
    /// Its name.
    pub name: Text,
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A statement of a test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Statement {
    /// A native command.
    Native(Native),
    /// `word value link value … { body }`.
    Phrase(Phrase),
    /// Unreadable, reported.
    Error(Span),
}
