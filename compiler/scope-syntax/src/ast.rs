//! The syntax tree of one `.scope` file: what `parse` gives and `format` takes.
//!
//! Every node carries the span of its text. The tree keeps what was *written*; what it means (whether `compute` is a
//! service, whether `"A & B"` is a site) is decided by analysis. Where the text could not be read there is an
//! `Error` node in place, already reported. No path through the tree is deeper than [`crate::MAX_DEPTH`], so plain
//! recursion over it is safe.
//!
//! `resource vm: openstack.server { name: "x" } scope { compute: a & b }` is one [`Item`] holding a [`Thing`] whose
//! scope clause has one entry with the chain `& [a, b]`.

use scope_diagnostics::Span;
use serde::Serialize;

/// A file: its items in order. Comments that are not documentation are kept in a side table for the formatter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Module {
    /// `//!` lines at the head of the file, without the marker.
    pub docs: Vec<String>,
    /// The items, in order; unreadable ones are [`ItemKind::Error`].
    pub items: Vec<Item>,
    /// `//` comments, in order.
    pub comments: Vec<Comment>,
    /// The whole file.
    pub span: Span,
}

/// One plain comment, with its position.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comment {
    /// The text after `//`, trailing blanks removed.
    pub text: String,
    /// The place of the comment, marker included.
    pub span: Span,
    /// True when only blanks stand before it on its line.
    pub own_line: bool,
}

/// A written name with its place. A scope's site name may hold blanks (`New York`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ident {
    /// The name as written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `openstack.image` or `a.b.c`: at least one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Path {
    /// The names between the dots.
    pub names: Vec<Ident>,
    /// The whole path.
    pub span: Span,
}

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
    /// `scope { … }` (an [`ExprKind::Scope`]) or `scope name`.
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
    /// Native commands and phrases, one after the other.
    pub steps: Vec<Statement>,
}

/// `output x = expr`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Output {
    /// Its name.
    pub name: Ident,
    /// Its value.
    pub value: Expr,
}

/// `require condition else message`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Require {
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

/// A statement of a test or sequence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Statement {
    /// A native command.
    Native(Native),
    /// `word value link value … { body }`.
    Phrase(Phrase),
    /// Unreadable, reported.
    Error(Span),
}

/// `driver NAME { … }`: its lines are read uniformly; analysis knows which phrase may stand where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Driver {
    /// Its name.
    pub name: Ident,
    /// The lines of its body.
    pub body: Vec<Line>,
}

/// A line of a driver's block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// `///` lines above it.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: LineKind,
    /// Its place.
    pub span: Span,
}

/// The five shapes of a driver's line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum LineKind {
    /// `name: type = default modifier*`, directly in a `type`, `site` or `input` body.
    Attribute(Attribute),
    /// `key: expr`, in every other body.
    Entry {
        /// The key.
        key: Ident,
        /// The value.
        value: Expr,
    },
    /// `pattern if cond then b -> result`.
    Rule(Rule),
    /// `word value link value … { body }`.
    Phrase(Phrase),
    /// `cli NAME = $ …`.
    Cli {
        /// The operation it stands for.
        name: Ident,
        /// The command with attributes as holes.
        native: Native,
    },
    /// `$ …`: an operation done by a command.
    Native(Native),
    /// Unreadable, reported.
    Error,
}

/// An attribute of a resource type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attribute {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Its default.
    pub default: Option<Expr>,
    /// `immutable`, `shared(copy)`, … in order.
    pub modifiers: Vec<Modifier>,
}

/// A word after an attribute's type, with arguments if any.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Modifier {
    /// The word.
    pub word: Ident,
    /// The arguments in parentheses.
    pub args: Vec<Argument>,
}

/// `400 | 413 if cond -> invalid(text)`; `create then update -> keep-order`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// What is matched.
    pub pattern: Expr,
    /// `if cond`.
    pub condition: Option<Expr>,
    /// `then second`.
    pub then: Option<Expr>,
    /// What it means.
    pub result: Expr,
}

/// `operation create POST "/x" after y when z { … }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phrase {
    /// The first word.
    pub word: Ident,
    /// The value after it, if any (never starts with `{`). `cut a -- b` gives two values.
    pub values: Vec<Expr>,
    /// The link words with their values.
    pub links: Vec<PhraseLink>,
    /// The body in braces.
    pub body: Option<Vec<Line>>,
    /// The whole phrase.
    pub span: Span,
}

/// One link word of a [`Phrase`] and its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhraseLink {
    /// `at`, `until`, `when`, `GET`, …
    pub word: Ident,
    /// Its value.
    pub value: Expr,
}

/// A scope literal: `{ compute: nantes, image: paris }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scope {
    /// Its entries.
    pub entries: Vec<ScopeEntry>,
    /// Its place, braces included.
    pub span: Span,
}

/// One entry of a scope. `around: A, 50ms` is one entry whose key is `around` and whose location is the call
/// `around(A, 50ms)`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScopeEntry {
    /// The service (or `prime`, `around`); absent for "the whole request".
    pub key: Option<Ident>,
    /// The location. Names in it may hold blanks; `;` and `||` have become [`ChainOp::Or`].
    pub location: Expr,
    /// Its place.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expr {
    /// What it is.
    pub kind: Box<ExprKind>,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ExprKind {
    /// Unreadable, reported.
    Error,
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `12`, `1.5`, `50ms`, `25%`
    Number(Number),
    /// `"a ${b}"`, `r"…"`
    Text(Text),
    /// A name, `here` and `local` included. In a scope it may hold blanks.
    Name(String),
    /// `{ a: 1, ...base }`
    Record(Vec<RecordEntry>),
    /// `[1, ...xs]`
    List(Vec<Element>),
    /// `[for x in xs if c => e]`
    ListFor {
        /// The generator.
        generator: Generator,
        /// The element.
        value: Expr,
    },
    /// `{ for k, v in m if c => key: value }`
    MapFor {
        /// The generator.
        generator: Generator,
        /// The key.
        key: Expr,
        /// The value.
        value: Expr,
    },
    /// `base.name`, `base?.name`
    Field {
        /// The record.
        base: Expr,
        /// The field.
        name: Ident,
        /// `?.`
        optional: bool,
    },
    /// `base[index]`
    Index {
        /// What is indexed.
        base: Expr,
        /// The index.
        index: Expr,
    },
    /// `f(a, name: b)`
    Call {
        /// The function.
        callee: Expr,
        /// The arguments.
        args: Vec<Argument>,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Expr,
    },
    /// Operators of exactly two operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left.
        left: Expr,
        /// Right.
        right: Expr,
    },
    /// Associative operators: two or more operands, nested ones of the same operator flattened unless parenthesised.
    Chain {
        /// The operator.
        op: ChainOp,
        /// The operands.
        operands: Vec<Expr>,
    },
    /// `if a then b else if c then d else e`
    If {
        /// Condition and value, in order.
        branches: Vec<(Expr, Expr)>,
        /// The last value.
        otherwise: Expr,
    },
    /// `scope { … }` as a value.
    Scope(Scope),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum RecordEntry {
    /// `key: value`; a quoted key with `${}` is a text with several parts.
    Field {
        /// The key.
        key: Text,
        /// The value.
        value: Expr,
    },
    /// `...base`
    Spread(Expr),
    /// Unreadable, reported; the key, if readable, counts as set.
    Error {
        /// The key.
        key: Option<Ident>,
        /// The place.
        span: Span,
    },
}

/// An element of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Element {
    /// `x`
    Value(Expr),
    /// `...xs`
    Spread(Expr),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Argument {
    /// `name:`
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum BinaryOp {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `-`
    Subtract,
    /// `..`
    Range,
    /// `??`
    Default,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `matching`: the regular expression is searched for
    Matching,
    /// `within`
    Within,
    /// `where`
    Where,
    /// `except`
    Except,
}

/// Operators whose chains are kept flat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ChainOp {
    /// `+`
    Add,
    /// `++`
    Concat,
    /// `%`
    Cross,
    /// `&`
    And,
    /// `|`, `||`, and in scopes `;`
    Or,
    /// `and`
    LogicalAnd,
    /// `or`
    LogicalOr,
}

/// A number word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Number {
    /// As written.
    pub text: String,
    /// What it is.
    pub value: NumberValue,
}

/// The value of a number word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum NumberValue {
    /// `12`
    Int(i64),
    /// `1.5`, `1e-5`
    Float(f64),
    /// `50ms`, `2GiB`, `1Gbps`, `25%`: the number and the unit as written (`%` for a percentage). The parser accepts
    /// only the units of [`crate::units`].
    Quantity(f64, String),
}

/// A text: quoted, in a block, raw, or a native word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Text {
    /// Its parts in order; an empty text has none.
    pub parts: Vec<TextPart>,
    /// How it was written.
    pub style: TextStyle,
    /// Its place, quotes included.
    pub span: Span,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum TextPart {
    /// Characters, escapes resolved.
    Chars(String),
    /// `${expr}`
    Interpolation(Expr),
}

/// How a text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TextStyle {
    /// A bare word (a key, a name, a native word).
    Word,
    /// `"…"`
    Quoted,
    /// `'…'` (native words only)
    Single,
    /// `"""…"""`
    Block,
    /// `r"…"`, `r#"…"#`
    Raw,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TypeExpr {
    /// What it is.
    pub kind: Box<TypeKind>,
    /// Where.
    pub span: Span,
}

/// The kinds of types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum TypeKind {
    /// Unreadable, reported.
    Error,
    /// `string`, `network.port`, `list<t>`
    Named {
        /// The name.
        path: Path,
        /// `<…>`
        args: Vec<TypeExpr>,
    },
    /// `"raw"`: one value of an enum.
    Literal(String),
    /// `a | b`
    Union(Vec<TypeExpr>),
    /// `t?`
    Optional(TypeExpr),
    /// `{ name: type }`
    Record(Vec<Attribute>),
    /// `int in 1..100`
    In(TypeExpr, Expr),
    /// `string matching r"…"`
    Matching(TypeExpr, Text),
}

impl Text {
    /// The characters, when no part is an interpolation.
    pub fn literal(&self) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                TextPart::Chars(chars) => text.push_str(chars),
                TextPart::Interpolation(_) => return None,
            }
        }
        Some(text)
    }
}
