//! Which attributes tell one resource of a type from another at its site.
//!
//! `unique by [metadata.namespace, metadata.name]` → two paths; without it, the identity where the program chooses it.

use scope_diagnostics::Diagnostic;
use scope_syntax::ast;

use super::phrases::malformed;
use super::read;
use super::resource::known_attribute;
use crate::hir::ResourceType;

/// Reads the phrase of a type; `None` where it says nothing usable.
pub(super) fn unique(
    phrase: &ast::Phrase,
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<Vec<String>>> {
    let place = |written: &ast::Expr| Some((read::path(written)?, written.span));
    let paths = match (phrase.values.as_slice(), phrase.links.as_slice()) {
        ([], [only]) if only.word.text == "by" => {
            read::list(&only.value, place).or_else(|| place(&only.value).map(|place| vec![place]))
        }
        _ => None,
    };
    let Some(paths) = paths.filter(|paths| !paths.is_empty()) else {
        diagnostics.push(malformed(
            phrase.span,
            "`unique` names the attributes that no two resources of the type have alike",
            "unique by [zone, name]",
        ));
        return None;
    };
    let are_known = paths.iter().all(|(path, span)| known_attribute(&path[0], *span, ty, diagnostics));
    are_known.then(|| paths.into_iter().map(|(path, _)| path).collect())
}
