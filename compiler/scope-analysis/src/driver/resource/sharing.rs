//! `share by …` of a type: how one is used at another site.

use scope_diagnostics::Diagnostic;
use scope_syntax::ast::{self, ExprKind};

use super::super::{phrases::malformed, read};
use super::known_attribute;
use crate::hir::{ResourceType, Share};

/// `share by copy(keep: [id, name], same: checksum)`, `share by place`, `share by none because "…"`
pub(super) fn share(
    phrase: &ast::Phrase,
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Share> {
    const WRITTEN: &str = "share by copy(keep: [ATTRIBUTE], same: ATTRIBUTE)`, `share by place` or `share by none because \"…\"";
    let link = |word: &str| phrase.links.iter().find(|link| link.word.text == word).map(|link| &link.value);
    let by = link("by");
    if by.and_then(read::name) == Some("none")
        && let Some(because) = link("because").and_then(read::text)
    {
        return Some(Share::None { because });
    }
    if by.and_then(read::name) == Some("place") && phrase.links.len() == 1 {
        return Some(Share::InPlace);
    }
    if let Some(by) = by
        && let ExprKind::Call { callee, args } = &*by.kind
        && read::name(callee) == Some("copy")
    {
        let argument = |name: &str| {
            let named =
                |argument: &&ast::Argument| argument.name.as_ref().is_some_and(|key| key.text == name);
            args.iter().find(named).map(|argument| &argument.value)
        };
        let written = argument("keep")?;
        let keep =
            read::list(written, |element| read::name(element).map(|name| (name.to_owned(), element.span)));
        let keep = read::expect(keep, written, "a list of attributes", diagnostics)?;
        let same =
            argument("same").and_then(|same| read::name(same).map(|name| (name.to_owned(), same.span)));
        for (name, span) in keep.iter().chain(&same) {
            known_attribute(name, *span, ty, diagnostics);
        }
        return Some(Share::Copy {
            keep: keep.into_iter().map(|(name, _)| name).collect(),
            same: same.map(|(name, _)| name),
        });
    }
    diagnostics.push(malformed(
        phrase.span,
        "`share` says how the resource is used at another site",
        WRITTEN,
    ));
    None
}
