//! What may be written of a module that is a resource type: its parameters in a body, its outputs and resources behind a dot.
//!
//! `resource lab: tenant { |` → `cidr`, `name`; `lab.|` → `servers`, `net`

use scope_analysis::join_path;
use scope_diagnostics::FileId;
use scope_syntax::ast::{ImportSource, Item, ItemKind};

use super::{Candidate, CandidateKind, candidate};
use crate::Compilation;

/// The parameters of the module that a file calls so, without those that are set.
pub(super) fn parameters(
    compilation: &Compilation,
    file: FileId,
    alias: &str,
    set: &[String],
) -> Vec<Candidate> {
    let items = module(compilation, file, alias).unwrap_or_default();
    let parameters = items.iter().filter_map(|item| match &item.kind {
        ItemKind::Param(param) if !set.contains(&param.name.text) => {
            let needed = if param.default.is_none() { "parameter, required" } else { "parameter" };
            Some(candidate(&param.name.text, CandidateKind::Key, needed, &item.docs.join("\n")))
        }
        _ => None,
    });
    parameters.collect()
}

/// The outputs and resources of the group of this name.
pub(super) fn members(compilation: &Compilation, file: FileId, name: &str) -> Vec<Candidate> {
    let items = items(compilation, file);
    let alias = items.iter().find_map(|item| match &item.kind {
        ItemKind::Thing(thing) if thing.name.text == name => match thing.ty.names.as_slice() {
            [alias] => Some(alias.text.clone()),
            _ => None,
        },
        _ => None,
    });
    let of_module = alias.and_then(|alias| module(compilation, file, &alias)).unwrap_or_default();
    let members = of_module.iter().filter_map(|item| match &item.kind {
        ItemKind::Output(output) => Some((&output.name.text, "output", item)),
        ItemKind::Thing(thing) => Some((&thing.name.text, "resource", item)),
        _ => None,
    });
    members
        .map(|(name, what, item)| candidate(name, CandidateKind::Key, what, &item.docs.join("\n")))
        .collect()
}

/// The items of the file that another one imports under this name.
fn module(compilation: &Compilation, file: FileId, alias: &str) -> Option<Vec<Item>> {
    let path = items(compilation, file).into_iter().find_map(|item| match item.kind {
        ItemKind::Import(import) if import.alias.as_ref().is_some_and(|name| name.text == alias) => {
            match import.source {
                ImportSource::File(written) => Some(written.text),
                ImportSource::Library(_) => None,
            }
        }
        _ => None,
    })?;
    let path = join_path(compilation.sources.get(file).path(), &path);
    Some(items(compilation, compilation.sources.file_id(&path)?))
}

fn items(compilation: &Compilation, file: FileId) -> Vec<Item> {
    let text = compilation.sources.get(file).text();
    scope_syntax::parse(file, text).module.items
}
