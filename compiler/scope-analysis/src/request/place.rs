//! Where a request is: its own scope, and around it those of the groups it is in.
//!
//! The outermost scope places the whole group; each one inside only narrows it, and says where other services are. So a
//! `|` of the group stays one choice for all of it.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast;

use crate::context::Context;
use crate::group::Scoped;
use crate::hir::{Driver, Location, LocationKind, OperationKind, ResourceKind, ResourceType, SiteId};
use crate::scope::RequestScope;

/// Where a request is, and what its scope says.
pub(super) struct Place {
    pub scope: Option<RequestScope>,
    pub location: Location,
    /// The group whose choices are its own.
    pub group: Option<String>,
}

impl Context<'_> {
    /// The place of a request under these scopes, the outermost first.
    pub(super) fn place(
        &self,
        ty: &ResourceType,
        driver: &Driver,
        scopes: &[Scoped],
        own: Option<&Scoped>,
        name: &str,
        span: Span,
    ) -> Place {
        let mut around = scopes.iter().map(|scoped| (scoped, true)).chain(own.map(|own| (own, false)));
        let Some((first, is_group)) = around.next() else {
            let location = self.location_of(ty, None, name, span);
            return Place { scope: None, location, group: None };
        };
        let group = is_group.then(|| first.group.clone());
        let mut scope = self.read_scope(first, is_group, ty, driver);
        let mut location = self.location_of(ty, Some(&scope), name, span);
        for (inner, is_group) in around {
            let read = self.read_scope(inner, is_group, ty, driver);
            scope.has_holes |= read.has_holes;
            if let Some(clause) = read.named(&ty.service).or(read.whole.as_ref()) {
                location = self.narrowed_to(location, clause, name, inner.scope.span);
            }
            let others = read.services.into_iter().filter(|(service, _)| *service != ty.service);
            let others: IndexMap<_, _> = others.collect();
            scope.services.extend(others);
        }
        Place { scope: Some(scope), location, group }
    }

    /// A scope as it concerns a type: what a group says of services that this one has nothing to do with is for others.
    fn read_scope(
        &self,
        scoped: &Scoped,
        is_group: bool,
        ty: &ResourceType,
        driver: &Driver,
    ) -> RequestScope {
        if !is_group {
            return self.request_scope(&scoped.scope, driver, &ty.name, &scoped.frame);
        }
        let concerns = |entry: &&ast::ScopeEntry| match &entry.key {
            None => true,
            Some(key) if matches!(key.text.as_str(), "prime" | "around") => true,
            Some(key) => self.concerns(ty, driver, &key.text),
        };
        let entries: Vec<ast::ScopeEntry> = scoped.scope.entries.iter().filter(concerns).cloned().collect();
        if entries.is_empty() && !scoped.scope.entries.is_empty() {
            return RequestScope { written: Some(scoped.scope.span), ..RequestScope::default() };
        }
        let scope = ast::Scope { entries, span: scoped.scope.span };
        self.request_scope(&scope, driver, &ty.name, &scoped.frame)
    }

    /// Whether a service is a type's own, or that of something it refers to; one that no driver has is reported by all.
    fn concerns(&self, ty: &ResourceType, driver: &Driver, written: &str) -> bool {
        let is_called = |service: &crate::hir::Service| {
            service.name.eq_ignore_ascii_case(written)
                || service.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(written))
        };
        let Some(service) = driver.services.values().find(|service| is_called(service)) else {
            let mut others = self.drivers.values().filter(|other| other.name != driver.name);
            return !others.any(|other| other.services.values().any(is_called));
        };
        service.name == ty.service
            || ty.attributes.values().filter_map(|attribute| attribute.reference.as_ref()).any(|rule| {
                self.driver_type(&rule.target).is_some_and(|target| target.service == service.name)
            })
    }

    /// Reports a deletion for which there is an alternative: what stands left of a `|` is taken back before the next one is
    /// tried, and nothing brings back what was deleted (R5).
    pub(super) fn check_deletion(
        &self,
        ty: &ResourceType,
        kind: &ResourceKind,
        location: &Location,
        span: Span,
    ) {
        let ResourceKind::Call { operation } = kind else { return };
        let is_deletion =
            ty.operations.get(operation).is_some_and(|operation| operation.kind == OperationKind::Delete);
        if !is_deletion || !location.has_alternatives() {
            return;
        }
        self.report(
            Diagnostic::new(codes::E0365, span, "a deletion has no alternative")
                .label("never undone, once it is done")
                .secondary(location.span, "one of these")
                .note("left of a `|`, what was done is undone before the next alternative is tried")
                .help("name the site at which it is to be deleted; for several of them write `&`"),
        );
    }

    /// A group's location narrowed by a clause of one of its items.
    fn narrowed_to(&self, location: Location, clause: &Location, name: &str, span: Span) -> Location {
        let hole = Location { kind: LocationKind::Error, span };
        if matches!(clause.kind, LocationKind::Error) || matches!(location.kind, LocationKind::Error) {
            return hole;
        }
        if clause.has_here() {
            return location; // `here` in a module is the module's place.
        }
        let (all, wanted) = (location.sites(), clause.sites());
        let outside: Vec<SiteId> = wanted.iter().copied().filter(|site| !all.contains(site)).collect();
        if !outside.is_empty() {
            self.report(
                Diagnostic::new(
                    codes::E0311,
                    clause.span,
                    format!("`{name}` is in a group, which is never at {}", self.site_names(&outside)),
                )
                .label("outside of the group's place")
                .secondary(location.span, "where the group is")
                .help("a scope inside a module only narrows: leave it out, or widen the group's scope"),
            );
            return hole;
        }
        let keep = |site: SiteId| wanted.contains(&site);
        match location.narrowed(&keep) {
            Some(narrowed) if keeps_alternatives(&location, &keep) => narrowed,
            _ => {
                self.report(
                    Diagnostic::new(
                        codes::E0311,
                        clause.span,
                        format!("`{name}` has no place in one of the group's alternatives"),
                    )
                    .label("leaves out a whole alternative")
                    .secondary(location.span, "the group falls back as one")
                    .help("name a site of each alternative, or write `here`"),
                );
                hole
            }
        }
    }
}

/// Whether each alternative keeps a site.
pub(crate) fn keeps_alternatives(location: &Location, keep: &dyn Fn(SiteId) -> bool) -> bool {
    match &location.kind {
        LocationKind::Or(arms) => {
            arms.iter().all(|arm| arm.narrowed(keep).is_some() && keeps_alternatives(arm, keep))
        }
        LocationKind::And(parts) => {
            parts.iter().all(|part| part.narrowed(keep).is_none() || keeps_alternatives(part, keep))
        }
        _ => true,
    }
}
