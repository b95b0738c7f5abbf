//! `borrow`: whether what a resource needs of other sites may be copied to it.
//!
//! `{ compute: nantes, image: paris }` with `borrow: never` → E0322: the image is only at paris.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};

use crate::context::Context;
use crate::hir::{Borrow, Instance, Reference, Share, SiteId, With};
use crate::request::Head;

impl Context<'_> {
    /// Takes what `with` says of copies to the references. A reference that nothing but a copy can serve is an error where
    /// nothing is to be copied.
    pub fn borrowed(&self, head: &Head<'_>, with: &With, instances: &mut IndexMap<SiteId, Instance>) {
        let Some((borrow, span)) = with.borrow else { return };
        let mut reported: Vec<Span> = Vec::new();
        for (site, instance) in instances {
            let is_copied = |reference: &&mut Reference| matches!(reference.share, Share::Copy { .. });
            for reference in instance.references.iter_mut().filter(is_copied) {
                reference.borrow = borrow;
                let is_here = reference.location.sites().contains(site);
                if borrow == Borrow::Never && !is_here && !reported.contains(&reference.span) {
                    reported.push(reference.span);
                    self.report(self.only_by_copy(head, reference, *site, span));
                }
            }
        }
    }

    fn only_by_copy(&self, head: &Head<'_>, reference: &Reference, site: SiteId, borrow: Span) -> Diagnostic {
        let (target, here) = (self.target_words(reference), self.site_name(site));
        let places = self.site_names(&reference.location.sites());
        Diagnostic::new(
            codes::E0322,
            reference.span,
            format!("`{}` at {here} needs {target} of {places}, and nothing is to be copied", head.name),
        )
        .label(format!("looked for at {places} only"))
        .secondary(borrow, "`never` is written here")
        .help(format!("look for it at {here}, or let it be copied: `borrow: copy`"))
    }
}
