//! The loaded files of a program: what the façade's loader gives to analysis.

use scope_diagnostics::{FileId, SourceMap, Span};
use scope_syntax::ast;

/// A position in [`Modules::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// Every file of a program, the entry file first.
#[derive(Clone, Debug, Default)]
pub struct Modules {
    /// The files.
    pub modules: Vec<Module>,
    /// Those of them that are policies: rules from outside, which the program does not import.
    pub policies: Vec<ModuleId>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its path, as [`crate::world::World`] reads it.
    pub path: String,
    /// Its text.
    pub file: FileId,
    /// Its tree.
    pub tree: ast::Module,
    /// For each `import` item, in order: the module it means; `None` where it could not be read (reported).
    pub imports: Vec<Option<ModuleId>>,
}

impl Module {
    /// Whether it comes with Scope-Lang.
    pub fn is_library(&self) -> bool {
        self.path.starts_with("std:")
    }
}

impl Modules {
    /// The module of an id.
    pub fn get(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The files that people of this program write: not the standard library, nor what the next import writes over.
    pub fn own<'m>(&'m self, sources: &'m SourceMap) -> impl Iterator<Item = &'m Module> {
        let is_generated = |module: &Module| {
            let text = sources.try_get(module.file).map_or("", |file| file.text());
            text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.contains("Do not edit"))
        };
        self.modules.iter().filter(move |module| !module.is_library() && !is_generated(module))
    }

    /// The entry file's id.
    pub const ROOT: ModuleId = ModuleId(0);
}

/// What kind of thing a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameKind {
    /// A site.
    Site,
    /// A driver.
    Driver,
    /// A service of a driver.
    Service,
    /// A file under its name.
    Module,
    /// A type, of the program or of a driver.
    Type,
    /// An attribute of a resource, a setting of a site, an output of a group.
    Attribute,
    /// An operation of a type.
    Operation,
    /// A parameter.
    Parameter,
    /// A `let`, or what else has a value.
    Value,
    /// A resource.
    Resource,
    /// A function or an operator.
    Function,
}

/// A place where a name is declared or used, for editors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// Where the name stands.
    pub span: Span,
    /// Where it is declared.
    pub definition: Span,
    /// What kind of thing it names.
    pub kind: NameKind,
    /// What it is, as Markdown.
    pub hover: String,
}
