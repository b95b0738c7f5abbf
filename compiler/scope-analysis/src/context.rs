//! What every part of the analysis shares: the modules, the names, the drivers, and where reports and uses go.
//!
//! Reports and uses are collected behind a `RefCell`, so that evaluating is `&self` and may be done lazily and
//! memoised: a `let` is evaluated once however often it is used.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Diagnostics, Label, SourceMap, Span};
use scope_syntax::ast;

use crate::bounds::Bounds;
use crate::circles::Sought;
use crate::driver::types::Declared as DeclaredTypes;
use crate::eval::Frame;
use crate::group::{Given, Group};
use crate::hir::{self, GroupId, ResourceId, SiteId, Value};
use crate::modules::{ModuleId, Modules, NameKind, Use};
use crate::names::Names;
use crate::request::{Declared, Head, Requested, Steps};
use crate::world::World;

/// `(text, pattern)`: whether the pattern is found.
pub type Matches = fn(&str, &str) -> Option<bool>;

/// The canonical form of a value of a driver's attribute; `None` where none can be made of it.
pub type Canonical = fn(&hir::Driver, &hir::Attribute, &serde_json::Value) -> Option<serde_json::Value>;

/// A setting with every address in it as it is compared.
pub type Meant = fn(&serde_json::Value) -> serde_json::Value;

/// Options of an analysis: what the command line adds to the program.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--set name=value`, in order; the value as typed.
    pub params: Vec<(String, String)>,
    /// `--params FILE`, in order: data files whose fields are parameters. `--set` goes before them.
    pub param_files: Vec<String>,
    /// Whether a pattern is found in a text; `None` where it is no pattern. Patterns are matched by the plan's evaluator,
    /// which this crate does not see.
    pub matches: Option<Matches>,
    /// How a value is told from others, where its attribute says a canonical form: computed by the plan's evaluator, too.
    pub canonical: Option<Canonical>,
    /// What the settings of a site mean, so that two ways to write one address are told to be one; without it no sites are.
    pub meant: Option<Meant>,
    /// `--at SITE`.
    pub entry: Option<String>,
    /// `--simulate`: no client's configuration file is read, and no setting is missing.
    pub simulate: bool,
    /// What sites said of their versions when they were asked.
    pub reported: Reported,
    /// How much of the files is checked.
    pub extent: Extent,
}

/// How much of the files that are read is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// The program, and everything in its files.
    #[default]
    Program,
    /// The same without its tests: none of them forbids a run.
    Planned,
    /// The program; a file that only a program can use, which gives its parameters, is checked by itself.
    Module,
    /// What is asked for: a file beside a command gives its sites and drivers.
    Used,
}

/// Site → driver → version.
pub type Reported = BTreeMap<String, BTreeMap<String, String>>;

/// A value by where it is asked for: in which use of a module, of which item, at which site.
pub(crate) type ValueKey = (Option<GroupId>, ModuleId, usize, Option<SiteId>);

/// A request's head; `None` where it is in error.
pub(crate) type MadeHead<'a> = Option<Rc<Head<'a>>>;

/// The shared part of one analysis.
pub(crate) struct Context<'a> {
    pub modules: &'a Modules,
    pub world: &'a dyn World,
    pub sources: RefCell<&'a mut SourceMap>,
    pub options: &'a Options,
    pub names: Names,
    pub drivers: IndexMap<String, hir::Driver>,
    /// The declared types.
    pub types: DeclaredTypes,
    pub sites: RefCell<Vec<hir::Site>>,
    pub entry: Cell<Option<SiteId>>,
    /// The site that is being declared: what the sites have is not known yet.
    pub declaring: Cell<Option<Span>>,
    /// Memoised values of `let` and `param` items; `None` while one is being evaluated.
    pub values: RefCell<BTreeMap<ValueKey, Option<Value>>>,
    /// What is being found out, the outermost first, and where it is asked for.
    pub sought: RefCell<Vec<(Sought, Span)>>,
    /// Every use of a module; the program itself first.
    pub groups: RefCell<Vec<Rc<Group<'a>>>>,
    pub given: RefCell<Given>,
    /// Data files already read, by path.
    pub data_files: RefCell<BTreeMap<String, Value>>,
    /// What items stand for; `None` while one is being expanded.
    pub declared: RefCell<BTreeMap<(GroupId, usize), Option<Declared>>>,
    pub requested: RefCell<Vec<Requested>>,
    /// What is not there, as its `when` is false.
    pub absent: RefCell<Vec<hir::Absent>>,
    pub is_over_bound: Cell<bool>,
    /// Sites that say no version, and are asked for what not every version has.
    pub unversioned: RefCell<BTreeSet<SiteId>>,
    /// Where a secret is read that a site makes: of which resource, which attribute, and where that is declared.
    pub made_secrets: RefCell<BTreeMap<Span, (ResourceId, String, Span)>>,
    /// Every item is expanded: `resources` may be asked for.
    pub is_expanded: Cell<bool>,
    /// How many of those requested are the program's own; the rest are steps of its sequences.
    pub n_own: Cell<usize>,
    /// Its sequences, once everything is expanded.
    pub sequences: RefCell<Vec<Steps>>,
    /// The scopes that are values, each with what its names mean.
    pub scopes: RefCell<Vec<(Rc<ast::Scope>, Frame)>>,
    /// What is requested, once all of it is known: for rules over the whole program.
    pub whole: OnceCell<Rc<Vec<hir::Resource>>>,
    /// `resources`, once all of them are known.
    pub all_resources: OnceCell<Value>,
    /// Heads already made; `None` while one is being made.
    pub heads: RefCell<BTreeMap<ResourceId, Option<MadeHead<'a>>>>,
    links: OnceCell<Vec<hir::Link>>,
    /// Where the declared functions being evaluated are called, the outermost first.
    pub calls: RefCell<Vec<Span>>,
    /// The expressions that were evaluated, and what is wrong with them told.
    reached: RefCell<HashSet<Span>>,
    /// What is evaluated is only read through: names stand for any value of their type.
    is_supposing: Cell<bool>,
    /// What is reported is not told.
    is_quiet: Cell<bool>,
    diagnostics: RefCell<Diagnostics>,
    uses: RefCell<Vec<Use>>,
    pub bounds: Bounds,
}

impl<'a> Context<'a> {
    pub fn new(
        modules: &'a Modules,
        world: &'a dyn World,
        sources: &'a mut SourceMap,
        options: &'a Options,
    ) -> Context<'a> {
        Context {
            modules,
            world,
            sources: RefCell::new(sources),
            options,
            names: Names::default(),
            drivers: IndexMap::new(),
            types: DeclaredTypes::default(),
            sites: RefCell::new(Vec::new()),
            entry: Cell::new(None),
            declaring: Cell::new(None),
            values: RefCell::new(BTreeMap::new()),
            sought: RefCell::default(),
            groups: RefCell::new(Vec::new()),
            given: RefCell::new(Given::new()),
            data_files: RefCell::new(BTreeMap::new()),
            declared: RefCell::new(BTreeMap::new()),
            requested: RefCell::new(Vec::new()),
            absent: RefCell::default(),
            is_over_bound: Cell::new(false),
            unversioned: RefCell::default(),
            made_secrets: RefCell::default(),
            is_expanded: Cell::new(false),
            n_own: Cell::new(0),
            sequences: RefCell::new(Vec::new()),
            scopes: RefCell::new(Vec::new()),
            whole: OnceCell::new(),
            all_resources: OnceCell::new(),
            heads: RefCell::new(BTreeMap::new()),
            links: OnceCell::new(),
            calls: RefCell::new(Vec::new()),
            reached: RefCell::default(),
            is_supposing: Cell::new(false),
            is_quiet: Cell::new(false),
            diagnostics: RefCell::new(Diagnostics::new()),
            uses: RefCell::new(Vec::new()),
            bounds: Bounds::default(),
        }
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        let diagnostic = self.at_the_call(diagnostic);
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// Whether an error stands there already, around it, or within it.
    pub fn is_reported(&self, span: Span) -> bool {
        let reports = self.diagnostics.borrow();
        let mut places = reports.iter().filter(|report| report.is_error()).map(|report| report.primary.span);
        places.any(|place| place.contains(span) || span.contains(place))
    }

    pub fn report_all(&self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        diagnostics.into_iter().for_each(|diagnostic| self.report(diagnostic));
    }

    /// What goes wrong inside of the standard library is shown where the program called it.
    fn at_the_call(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let is_of_library = |span: &Span| {
            let mut modules = self.modules.modules.iter();
            modules.any(|module| module.file == span.file && module.is_library())
        };
        let calls = self.calls.borrow();
        if calls.is_empty() || !is_of_library(&diagnostic.primary.span) {
            return diagnostic;
        }
        let Some(call) = calls.iter().rev().find(|call| !is_of_library(call)) else { return diagnostic };
        let called = Label { span: *call, text: "asked for here".to_owned() };
        let inside = std::mem::replace(&mut diagnostic.primary, called);
        diagnostic.secondary.insert(0, inside);
        // Nobody mends the library for it.
        diagnostic.fix = None;
        diagnostic
    }

    pub fn record_use(&self, kind: NameKind, span: Span, definition: Span, hover: impl Into<String>) {
        self.uses.borrow_mut().push(Use { span, definition, kind, hover: hover.into() });
    }

    /// Evaluates without keeping what is reported; `None` if it was an error.
    pub fn quietly<T>(&self, evaluate: impl FnOnce() -> T) -> Option<T> {
        let kept = self.diagnostics.replace(Diagnostics::new());
        let was_quiet = self.is_quiet.replace(true);
        let value = evaluate();
        self.is_quiet.set(was_quiet);
        let said = self.diagnostics.replace(kept);
        (!said.has_errors()).then_some(value)
    }

    /// Evaluates, and gives what it reports instead of reporting it.
    pub fn overheard<T>(&self, evaluate: impl FnOnce() -> T) -> (T, Vec<Diagnostic>) {
        let kept = self.diagnostics.replace(Diagnostics::new());
        let value = evaluate();
        (value, self.diagnostics.replace(kept).into_vec())
    }

    /// Keeps that an expression is evaluated, unless that is without consequences.
    pub fn reach(&self, span: Span) {
        if !self.is_supposing.get() && !self.is_quiet.get() {
            self.reached.borrow_mut().insert(span);
        }
    }

    pub fn is_reached(&self, span: Span) -> bool {
        self.reached.borrow().contains(&span)
    }

    /// Whether what is evaluated is only read through.
    pub fn is_supposing(&self) -> bool {
        self.is_supposing.get()
    }

    /// Reads through something with any values of the names' types, and gives what is wrong with it whatever they are.
    pub fn supposing(&self, read: impl FnOnce()) -> Vec<Diagnostic> {
        self.is_supposing.set(true);
        let ((), reports) = self.overheard(read);
        self.is_supposing.set(false);
        reports
    }

    /// The declared links; none while they themselves are being evaluated.
    pub fn links(&self) -> &[hir::Link] {
        self.links.get().map_or(&[], Vec::as_slice)
    }

    /// Keeps the links, once.
    pub fn set_links(&self, links: Vec<hir::Link>) {
        // Set a second time only by a mistake of ours; the first stands.
        let _ = self.links.set(links);
    }

    pub fn item(&self, module: ModuleId, index: usize) -> &'a ast::Item {
        &self.modules.get(module).tree.items[index]
    }

    pub fn site_name(&self, site: SiteId) -> String {
        self.sites.borrow()[site.0 as usize].name.clone()
    }

    pub fn driver_type(&self, name: &str) -> Option<&hir::ResourceType> {
        let (driver, _) = name.split_once('.')?;
        self.drivers.get(driver)?.types.get(name)
    }

    /// What was collected: reports unsorted, uses sorted.
    pub fn into_collected(self) -> (Diagnostics, Vec<Use>, IndexMap<String, hir::Driver>, Vec<hir::Site>) {
        let mut uses = self.uses.into_inner();
        uses.sort();
        uses.dedup();
        (self.diagnostics.into_inner(), uses, self.drivers, self.sites.into_inner())
    }
}
