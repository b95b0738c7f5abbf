//! What is decided once, though it is asked at several sites: what there is of a group (`when`, `for`), and how a request is
//! carried out (`with`).
//!
//! `when here.labels.tier == "edge"` in a module at paris → as the label of paris says; in one at `nantes & paris`, where the
//! two differ, an error that says so.

use scope_diagnostics::{Diagnostic, Span, codes};

use crate::context::Context;
use crate::eval::Frame;
use crate::group::Scoped;
use crate::hir::{GroupId, Location, LocationKind, SiteId};

impl Context<'_> {
    /// What decides what there is of a group, where the group is (R2): evaluated at each of its places, at which it has to be
    /// the same. `None` where it is in error.
    pub(crate) fn decided<T>(
        &self,
        written: Span,
        frame: &Frame,
        at: impl Fn(&Frame) -> Option<T>,
        is_same: impl Fn(&T, &T) -> bool,
    ) -> Option<T> {
        let places = match frame.here {
            None if !self.is_supposing() => frame.group.map_or_else(Vec::new, |group| self.places(group)),
            _ => Vec::new(), // It is known for which one it is asked, or supposed for any.
        };
        let Some((first, others)) = places.split_first() else { return at(frame) };
        let there = |site: SiteId| at(&Frame { here: Some(site), ..frame.clone() });
        let decided = there(*first)?;
        for other in others {
            if !is_same(&decided, &there(*other)?) {
                let group = frame.group.map(|group| self.group(group));
                let (name, declared) =
                    group.map_or((String::new(), written), |group| (group.name.clone(), group.span));
                let what = self.sources.borrow().snippet(written).to_string();
                let report = self
                    .differs(&what, written, [*first, *other])
                    .secondary(declared, format!("`{name}` is at several sites"))
                    .note("what there is of a group is decided once, and is the same at each of its places")
                    .help(format!(
                        "write one group for each site: `resource {name} for s in … scope {{ s }}`"
                    ));
                self.report(report);
                return None;
            }
        }
        Some(decided)
    }

    /// The beginning of a report for what is not the same at two sites.
    pub(crate) fn differs(&self, what: &str, span: Span, sites: [SiteId; 2]) -> Diagnostic {
        let [one, other] = sites.map(|site| self.site_name(site));
        Diagnostic::new(codes::E0366, span, format!("`{what}` is decided once, and differs by site"))
            .label(format!("not the same at {one} and at {other}"))
    }

    /// Everywhere that the scopes around a group's items say; nowhere of the program itself, and where it is not known.
    pub(crate) fn places(&self, id: GroupId) -> Vec<SiteId> {
        if id == GroupId::PROGRAM {
            return Vec::new();
        }
        self.known_places(id).unwrap_or_default()
    }

    /// Whether `here` in a group is nowhere, because a scope around it is in error.
    pub(crate) fn is_misplaced(&self, id: GroupId) -> bool {
        id != GroupId::PROGRAM && self.known_places(id).is_none()
    }

    fn known_places(&self, id: GroupId) -> Option<Vec<SiteId>> {
        let group = self.group(id);
        if let Some(known) = group.places.get() {
            return known.clone();
        }
        let places = self.places_in_scopes(&group.scopes);
        // Asked for a second time on the way, it is the same.
        let _ = group.places.set(places.clone());
        places
    }

    fn places_in_scopes(&self, scopes: &[Scoped]) -> Option<Vec<SiteId>> {
        let entry = self.entry.get();
        let Some((outer, inner)) = scopes.split_first() else { return Some(entry.into_iter().collect()) };
        let mut places: Vec<SiteId> = Vec::new();
        for location in self.named_locations(outer)? {
            let here = entry.filter(|_| location.has_here());
            for site in here.into_iter().chain(location.sites()) {
                if !places.contains(&site) {
                    places.push(site);
                }
            }
        }
        // A scope inside only narrows: all of the group, where it names no service. `here` in it is what is around it.
        for scoped in inner {
            let locations = self.named_locations(scoped)?;
            let is_of_all = scoped.scope.entries.iter().all(|entry| entry.key.is_none());
            if is_of_all && !locations.iter().any(Location::has_here) {
                let narrowed: Vec<SiteId> = locations.iter().flat_map(Location::sites).collect();
                places.retain(|site| narrowed.contains(site));
            }
        }
        Some(places)
    }

    /// The locations in a scope, of whatever service; `None` where one is in error.
    fn named_locations(&self, scoped: &Scoped) -> Option<Vec<Location>> {
        let is_prime = |key: &scope_syntax::ast::Ident| key.text == "prime";
        let entries = scoped.scope.entries.iter().filter(|entry| !entry.key.as_ref().is_some_and(is_prime));
        entries
            .map(|entry| {
                let location = self.eval_location(&entry.location, &scoped.frame)?;
                (!matches!(location.kind, LocationKind::Error)).then_some(location)
            })
            .collect()
    }

    /// Whether two elements of a family are the same: each of their names has the same value.
    pub(crate) fn is_same_element(&self, left: &Frame, right: &Frame) -> bool {
        let mut both = left.locals.iter().zip(&right.locals);
        left.locals.len() == right.locals.len()
            && both.all(|((_, left), (_, right))| self.is_same(left, right))
    }
}
