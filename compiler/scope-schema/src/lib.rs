//! Published schemas to types of the language: text in, text out.
//!
//! Comes in: OpenAPI 3.0 and 3.1 (or the older 2.0), JSON Schema, and resource definitions (CRDs), as JSON or YAML, any
//! number of files that refer to each other. Goes out: a module of `type`s, formatted, the same for the same input; what a
//! schema says that no type can say is left out and counted, what is wrong in it is reported at its place.
//!
//! `{"title": "Lamp", "properties": {"colour": {"enum": ["red", "blue"]}}}` →
//!
//! ```scope
//! type Lamp = {
//!     colour: ("red" | "blue")?
//! }
//! ```
//!
//! Read in this order: what kind of document it is (`roots`), where a `$ref` leads (`pointer`), a schema as a type
//! (`convert`, over the layers that `allOf` puts on top of each other, `layers`), short names (`names`), text (`write`).

mod actions;
mod alternatives;
mod convert;
mod described;
mod draft;
mod exchanged;
mod identity;
mod layers;
mod lists;
mod names;
mod nested;
mod object;
mod paths;
mod pointer;
mod roots;
mod scalar;
mod types;
mod unsaid;
mod wanted;
mod write;

use scope_diagnostics::{Diagnostic, Diagnostics, SourceMap};

use convert::Importer;

/// A file of schemas.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path, for reports and for `$ref`s of the other files.
    pub path: String,
    /// Its content: JSON or YAML, perhaps several documents.
    pub text: String,
}

/// What is asked for besides the files.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these types and what they use; all, if empty.
    pub only: Vec<String>,
    /// Types whose values are amounts, compared by how much they are, where no pattern tells.
    pub quantities: Vec<String>,
    /// The command that does the same again, for the first line of what is written.
    pub command: String,
    /// The name of a driver to draft from the paths of a description.
    pub driver: Option<String>,
    /// The driver that resource definitions become types of.
    pub extend: Option<Extension>,
}

/// Where the resources of a driver get their operations from.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The driver.
    pub driver: String,
    /// How the module that declares it is imported: `name`, or `"./file.scope"` in quotes.
    pub import: String,
    /// The service that answers for them.
    pub service: String,
    /// The abstract type whose operations they have.
    pub pattern: String,
    /// The parts that the driver has already, each with its text: their names are taken, but for the same group.
    pub parts: Vec<(String, String)>,
}

/// What importing gives.
#[derive(Debug)]
pub struct Imported {
    /// The module's text.
    pub text: String,
    /// How many types it declares.
    pub n_types: usize,
    /// What the schemas say besides, and how often, of which no type is: `` 3 `multipleOf` ``.
    pub unsaid: Option<String>,
    /// The files, for showing reports.
    pub sources: SourceMap,
    /// Reports, sorted.
    pub diagnostics: Vec<Diagnostic>,
}

/// Whether a text is a module of types that an import made, and the next one may replace.
pub fn is_types(text: &str) -> bool {
    text.starts_with(write::TYPES)
}

/// Imports the schemas of some files.
pub fn import(files: &[Source], options: &Options) -> Imported {
    let mut sources = SourceMap::new();
    let documents = roots::read(files, &mut sources);
    let mut importer = Importer::new(&documents.documents, &options.quantities);
    importer.diagnostics.extend(documents.diagnostics);
    let roots = roots::find(&mut importer, options);
    importer.finish_types();
    importer.check_quantities();
    let attributes = roots.api.iter().flat_map(|api| &api.things).flat_map(|thing| &thing.attributes);
    let types = importer.types.iter().map(|named| &named.ty);
    types
        .chain(attributes.map(|attribute| &attribute.field.ty))
        .for_each(|ty| importer.unsaid.note_passwords(ty));
    let named = names::assign(&importer);
    let text = write::module(&importer, &roots, &named, options);
    let n_types = named.n_written;
    let mut diagnostics = Diagnostics::new();
    diagnostics.extend(importer.diagnostics);
    let unsaid = importer.unsaid.words();
    Imported { text, n_types, unsaid, diagnostics: diagnostics.finish(&sources), sources }
}
