//! References: what they name, where that is looked for (R8), and whether it can be used from where it is (R9).

use std::collections::{HashMap, HashSet};

use scope_diagnostics::{Diagnostic, Span, codes};

use crate::context::Context;
use crate::hir::{
    Attribute, Borrow, Deferred, Location, LocationKind, Reference, ReferenceTarget, Relation, ResourceId,
    ResourceType, Share, SiteId, Slot, Type, Value,
};
use crate::request::{HeadSummary, keeps_alternatives};
use crate::scope::RequestScope;

/// The request in which a reference stands.
pub(crate) struct Referring<'a> {
    pub ty: &'a ResourceType,
    pub name: &'a str,
    pub scope: Option<&'a RequestScope>,
    /// Everywhere the request may end.
    pub location: &'a Location,
    /// The group whose alternatives it shares.
    pub group: Option<&'a str>,
    /// Where this instance is.
    pub here: SiteId,
    /// An `existing`, a find or a read: its references only filter.
    pub only_reads: bool,
}

impl Context<'_> {
    /// Replaces what stands for a reference in a checked value by [`Value::Reference`], collecting them.
    pub fn take_references(
        &self,
        slot: &mut Slot,
        ty: &Type,
        attribute: &Attribute,
        referring: &Referring<'_>,
        references: &mut Vec<Reference>,
    ) {
        match (ty, &mut slot.value) {
            (Type::Optional(inner) | Type::By(inner, _), _) => {
                self.take_references(slot, &inner.clone(), attribute, referring, references);
            }
            (Type::Named(named), _) => {
                self.take_references(slot, named.meaning(), attribute, referring, references);
            }
            (Type::List(inner), Value::List(slots)) => {
                if matches!(inner.required(), Type::Reference(_)) {
                    without_other_copies(slots);
                }
                for element in slots {
                    self.take_references(element, inner, attribute, referring, references);
                }
            }
            (Type::Map(inner), Value::Record(fields)) => {
                for field in fields.values_mut() {
                    self.take_references(field, inner, attribute, referring, references);
                }
            }
            (Type::Record(declared), Value::Record(fields)) => {
                for (name, inner) in fields {
                    let Some(field) = Type::field(declared, name) else { continue };
                    if let Type::NameOf(target) = field.ty.required() {
                        let attribute = Attribute { name: name.clone(), ..attribute.clone() };
                        self.take_name(inner, target, &attribute, referring, references);
                    } else {
                        self.take_references(inner, &field.ty, attribute, referring, references);
                    }
                }
            }
            (Type::Reference(target), _) => {
                let value = std::mem::replace(&mut slot.value, Value::Error);
                if let Some(reference) = self.reference(value, target, attribute, referring, slot.span) {
                    slot.value = Value::Reference(references.len());
                    references.push(reference);
                }
            }
            _ => {}
        }
    }

    /// The name of a resource of the program, where one is named; a text stays: what it names is at the site already.
    fn take_name(
        &self,
        slot: &mut Slot,
        target: &str,
        attribute: &Attribute,
        referring: &Referring<'_>,
        references: &mut Vec<Reference>,
    ) {
        if !matches!(slot.value, Value::Resource(_)) {
            return;
        }
        let value = std::mem::replace(&mut slot.value, Value::Error);
        let Some(ty) = self.driver_type(target) else { return };
        let name = ty.name_attribute.as_ref().unwrap_or(&ty.identity).clone();
        if let Some(reference) = self.reference(value, target, attribute, referring, slot.span) {
            let record = Value::Reference(references.len());
            slot.value = Value::Deferred(Box::new(Deferred::Field(record, name)));
            references.push(reference);
        }
    }

    fn reference(
        &self,
        value: Value,
        target: &str,
        attribute: &Attribute,
        referring: &Referring<'_>,
        span: Span,
    ) -> Option<Reference> {
        let target_type = self.driver_type(target)?;
        let declared = attribute.reference.as_ref().and_then(|rule| rule.shared.as_ref());
        let share = declared.unwrap_or(&target_type.share).clone();
        let resource = match value.unbounded() {
            Value::Error | Value::Null => return None,
            Value::Resource(resource) => Some((*resource, None)),
            // `image: base.id` means `image: base`; `base.id[paris]` the copy of there.
            Value::Deferred(deferred) => match deferred.as_ref() {
                Deferred::Output { resource, site, path } if *path == [target_type.identity.clone()] => {
                    Some((*resource, site.filter(|site| *site != referring.here)))
                }
                _ => None,
            },
            _ => None,
        };
        let (target_value, location) = match resource {
            Some((resource, copy)) => {
                let location = self.resource_location((resource, copy), target, &share, referring, span)?;
                (ReferenceTarget::Resource(resource), location)
            }
            None => {
                let location = self.service_location(
                    referring.ty,
                    &target_type.service,
                    referring.scope,
                    referring.here,
                    span,
                );
                (ReferenceTarget::Text(value), location.simplified())
            }
        };
        if matches!(location.kind, LocationKind::Error) {
            return None;
        }
        let reference = Reference {
            attribute: attribute.name.clone(),
            ty: target.to_string(),
            target: target_value,
            location,
            share,
            borrow: Borrow::Copy,
            is_guarded: attribute.reference.as_ref().is_some_and(|rule| rule.is_guarded()),
            span,
        };
        self.check_shareable(&reference, attribute, referring).then_some(reference)
    }

    /// Where a resource of the program is, for one that refers to it, or to its copy at one site; a clause of the scope only
    /// narrows it.
    fn resource_location(
        &self,
        (resource, copy): (ResourceId, Option<SiteId>),
        target: &str,
        share: &Share,
        referring: &Referring<'_>,
        span: Span,
    ) -> Option<Location> {
        let head = self.head_summary(resource)?;
        if head.ty != target {
            self.report(
                Diagnostic::new(
                    codes::E0206,
                    span,
                    format!("expected a reference to `{target}`, found `{}`, a `{}`", head.name, head.ty),
                )
                .label(format!("this is a `{}`", head.ty))
                .secondary(head.span, "declared here")
                .help(format!("name a `{target}`")),
            );
            return None;
        }
        let service = &self.driver_type(target)?.service;
        let clause = referring
            .scope
            .and_then(|scope| scope.named(service))
            .map(|at| self.placed(at, Some(referring.here), &referring.ty.driver));
        let allowed = clause.as_ref().map(Location::sites);
        let keep = |site: SiteId| {
            copy.is_none_or(|copy| copy == site)
                && allowed.as_ref().is_none_or(|allowed| allowed.contains(&site))
        };
        let Some(location) = head.location.narrowed(&keep).map(|location| location.simplified()) else {
            if clause.as_ref().is_some_and(Location::is_wrong) {
                // Where it looks was reported.
                return None;
            }
            let place = clause.map_or(span, |clause| clause.span);
            self.report(
                Diagnostic::new(
                    codes::E0302,
                    place,
                    format!(
                        "`{}` is at {}, and the scope looks for it elsewhere",
                        head.name,
                        self.site_names(&copy.map_or_else(|| head.location.sites(), |copy| vec![copy]))
                    ),
                )
                .label("it is not here")
                .secondary(head.span, "declared here")
                .help("leave the service out of the scope: it is found where it is"),
            );
            return None;
        };
        // Certainly at this very site: used from there. Two of a group take the same alternative.
        let is_with_it = referring.group.is_some()
            && referring.group == head.group.as_deref()
            && referring.location.span == head.location.span
            && location.sites().contains(&referring.here);
        if is_with_it || keep(referring.here) && is_certain(&head.location, referring.here) {
            return Some(Location { kind: LocationKind::Site(referring.here), span });
        }
        // Of several that are left, a copy is brought of the one that is there.
        let is_one = *share == Share::InPlace || matches!(location.kind, LocationKind::Site(_));
        if is_one && !keeps_alternatives(&head.location, &keep) {
            if let Some(copy) = copy {
                self.report(self.one_alternative_only(&[copy], span, &head, referring));
                return None;
            }
            if let Some(clause) = clause {
                self.report(self.one_alternative_only(&clause.sites(), clause.span, &head, referring));
                return None;
            }
        }
        Some(location)
    }

    /// A clause that looks for something only where some of its alternatives would be, or a copy that is named by its site:
    /// elsewhere it would be missing.
    fn one_alternative_only(
        &self,
        wanted: &[SiteId],
        span: Span,
        head: &HeadSummary,
        referring: &Referring<'_>,
    ) -> Diagnostic {
        let elsewhere: Vec<SiteId> =
            head.location.sites().into_iter().filter(|site| !wanted.contains(site)).collect();
        let elsewhere = self.site_names(&elsewhere);
        Diagnostic::new(
            codes::E0338,
            span,
            format!(
                "`{}` may end at {elsewhere}, and `{}` looks for it only at {}",
                head.name,
                referring.name,
                self.site_names(wanted)
            ),
        )
        .label(format!("not at {elsewhere}"))
        .secondary(head.span, "declared here, with alternatives")
        .note("which of them is taken turns out only when running")
        .help("leave the site out: it is used where it ends")
    }

    /// R9: what is not at the instance's site must be shareable.
    fn check_shareable(
        &self,
        reference: &Reference,
        attribute: &Attribute,
        referring: &Referring<'_>,
    ) -> bool {
        if referring.only_reads {
            return true;
        }
        if matches!(reference.location.kind, LocationKind::Site(site) if site == referring.here) {
            return true;
        }
        // Its own place is wrong, which was reported: `here` only stands in for it.
        if matches!(referring.location.kind, LocationKind::Error) {
            return true;
        }
        if attribute.reference.as_ref().is_some_and(|rule| rule.relation == Relation::Composed) {
            self.report(self.part_elsewhere(reference, attribute, referring));
            return false;
        }
        if reference.share == Share::InPlace
            && let Some(copies) = copies(&reference.location)
        {
            self.report(self.several_places(reference, copies, attribute, referring));
            return false;
        }
        if let Some(parts) = self.divided_alternative(reference) {
            self.report(self.several_places(reference, &parts, attribute, referring));
            return false;
        }
        let Share::None { because } = &reference.share else { return true };
        if self.is_reported_at_scope(reference, referring) {
            return false;
        }
        let target = self.target_words(reference);
        let here = self.site_name(referring.here);
        let places = self.site_names(&reference.location.sites());
        let has_alternatives = referring.location.has_alternatives() || reference.location.has_alternatives();
        let report = if has_alternatives && reference.location.sites().contains(&referring.here) {
            Diagnostic::new(
                codes::E0310,
                reference.span,
                format!(
                    "`{}` may end at {here} while its `{}` {target} ends elsewhere",
                    referring.name, attribute.name
                ),
            )
            .label(format!("may end at any of {places}"))
            .secondary(attribute.span, "declared here")
            .note(because.clone())
            .help(format!("have it at each of them: write {} with `&`", target))
        } else if has_alternatives {
            Diagnostic::new(
                codes::E0310,
                reference.span,
                format!(
                    "`{}` may end at {here}, but its `{}` {target} is only at {places}",
                    referring.name, attribute.name
                ),
            )
            .label("not there")
            .secondary(attribute.span, "declared here")
            .note(because.clone())
            .help(format!(
                "have one at {here} too and name it per site, or leave {here} out of the alternatives"
            ))
        } else {
            let report = Diagnostic::new(
                codes::E0302,
                reference.span,
                format!("{target} is at {places} and cannot be used at {here}"),
            )
            .label(format!("`{}` needs it at {here}", referring.name))
            .secondary(attribute.span, "declared here")
            .note(because.clone());
            match self.not_in_its_scope(reference) {
                Some((service, scope)) => report
                    .secondary(scope, format!("names no `{service}`, so {target} is at the entry site"))
                    .help(format!("add `{service}: {here}` there")),
                None => report.help(self.own_copy(reference, referring, &here)),
            }
        };
        self.report(report);
        false
    }

    /// The service of what is referred to, where that is at the entry site as its scope does not name it; and that scope.
    fn not_in_its_scope(&self, reference: &Reference) -> Option<(String, Span)> {
        let ReferenceTarget::Resource(target) = &reference.target else { return None };
        let head = self.head(*target)?;
        let (scope, ty) = (head.scope.as_ref()?, self.driver_type(&head.ty)?);
        let is_named = scope.whole.is_some() || scope.named(&ty.service).is_some();
        let written = scope.written?;
        (!is_named).then(|| (ty.service.clone(), written))
    }

    /// What would work where the copy of another site is named: the one of the same site, if there is one.
    fn own_copy(&self, reference: &Reference, referring: &Referring<'_>, here: &str) -> String {
        let has_own = match &reference.target {
            ReferenceTarget::Resource(resource) => {
                self.sites_of_resource(*resource).contains(&referring.here)
            }
            ReferenceTarget::Text(_) => false,
        };
        match has_own {
            true => format!("there is a copy at {here}: leave the other site out, and that one is meant"),
            false => self.help_to_share(reference, referring, here),
        }
    }

    /// What is referred to, as a message names it.
    pub(super) fn target_words(&self, reference: &Reference) -> String {
        match &reference.target {
            ReferenceTarget::Resource(resource) => {
                self.head_summary(*resource).map_or_else(String::new, |head| format!("`{}`", head.name))
            }
            ReferenceTarget::Text(Value::Text(text)) => format!("\"{text}\""),
            ReferenceTarget::Text(_) => format!("its `{}`", reference.attribute),
        }
    }

    /// What is used in place wherever it ends, and is divided over several sites in one of its alternatives. Of what is always
    /// divided, or looked for at one site, it is clear which part is meant.
    fn divided_alternative(&self, reference: &Reference) -> Option<Location> {
        let ReferenceTarget::Resource(target) = &reference.target else { return None };
        let is_open =
            reference.share == Share::InPlace && !matches!(reference.location.kind, LocationKind::Site(_));
        let head = self.head_summary(*target).filter(|_| is_open)?;
        divided(&head.location).cloned()
    }

    /// R9: the parts of a resource are where it is, at each of its sites.
    fn part_elsewhere(
        &self,
        reference: &Reference,
        attribute: &Attribute,
        referring: &Referring<'_>,
    ) -> Diagnostic {
        let (part, here) = (self.target_words(reference), self.site_name(referring.here));
        let places = self.site_names(&reference.location.sites());
        let whole = referring.location.text(&|site| self.site_name(site));
        let report = Diagnostic::new(
            codes::E0312,
            reference.span,
            format!("`{}` is composed of {part}, which is at {places} and not at {here}", referring.name),
        )
        .label(format!("a part of `{}` at {here}", referring.name))
        .secondary(attribute.span, "declared here")
        .note("a part is where its whole is, at each of its sites");
        match &reference.target {
            ReferenceTarget::Resource(_) => {
                report.help(format!("have {part} at the same sites: `scope {{ {whole} }}`"))
            }
            ReferenceTarget::Text(_) => report.help(format!("name one that is at {here}")),
        }
    }

    /// R9: what is used from where it is, is used from one place.
    fn several_places(
        &self,
        reference: &Reference,
        copies: &Location,
        attribute: &Attribute,
        referring: &Referring<'_>,
    ) -> Diagnostic {
        let places = self.site_names(&copies.sites());
        let help = match reference.location.kind {
            LocationKind::And(_) => "name one site for it in the scope, or alternatives with `|`",
            _ => "have it at one site in each alternative",
        };
        Diagnostic::new(
            codes::E0313,
            reference.span,
            format!(
                "{} of `{}` is used in place, and is at {places}",
                self.target_words(reference),
                referring.name
            ),
        )
        .label("which of them?")
        .secondary(attribute.span, "declared here")
        .note("what is used in place is not copied: one of them is given, and guarded where it is")
        .help(help)
    }

    /// What would work for a look-up that R1 sends to the entry site because the scope does not name its service: the
    /// whole request at the place where it is.
    fn help_to_share(&self, reference: &Reference, referring: &Referring<'_>, here: &str) -> String {
        let is_text = matches!(reference.target, ReferenceTarget::Text(_));
        let is_unnamed = self.driver_type(&reference.ty).is_some_and(|target| {
            referring
                .scope
                .is_some_and(|scope| scope.whole.is_none() && scope.named(&target.service).is_none())
        });
        if is_text && is_unnamed {
            format!(
                "services that a scope does not name are at the entry site; for all of them at {here}, write `scope {{ {here} }}`"
            )
        } else {
            format!("use one that is at {here}, or make it there too")
        }
    }

    /// Whether the scope itself was reported already: it names the target's service at a site where the request is not,
    /// and nothing of that service can be shared.
    fn is_reported_at_scope(&self, reference: &Reference, referring: &Referring<'_>) -> bool {
        let Some(service) = self.driver_type(&reference.ty).map(|target| &target.service) else {
            return false;
        };
        let Some(clause) = referring.scope.and_then(|scope| scope.named(service)) else { return false };
        let places = referring.location.sites();
        clause.sites().iter().any(|site| !places.contains(site))
            && referring
                .ty
                .attributes
                .values()
                .filter_map(|attribute| attribute.reference.as_ref())
                .filter_map(|rule| Some((rule, self.driver_type(&rule.target)?)))
                .filter(|(_, target)| target.service == *service)
                .all(|(rule, target)| {
                    matches!(rule.shared.as_ref().unwrap_or(&target.share), Share::None { .. })
                })
    }
}

/// Whether a location surely includes a site: not only as one of several alternatives.
fn is_certain(location: &Location, site: SiteId) -> bool {
    match &location.kind {
        LocationKind::Site(other) => *other == site,
        LocationKind::And(parts) | LocationKind::Cross { parts, .. } => {
            parts.iter().any(|part| is_certain(part, site))
        }
        LocationKind::Or(parts) => parts.iter().all(|part| is_certain(part, site)),
        LocationKind::Here | LocationKind::Around { .. } | LocationKind::Error => false,
    }
}

/// The first `&` in a location: what is there several times at once.
fn copies(location: &Location) -> Option<&Location> {
    match &location.kind {
        LocationKind::And(_) => Some(location),
        LocationKind::Or(parts) | LocationKind::Cross { parts, .. } => parts.iter().find_map(copies),
        _ => None,
    }
}

/// The first `%` that is an alternative.
fn divided(location: &Location) -> Option<&Location> {
    let LocationKind::Or(parts) = &location.kind else { return None };
    parts.iter().find_map(|part| match part.kind {
        LocationKind::Cross { .. } => Some(part),
        _ => divided(part),
    })
}

/// Copies of one resource are one where it is referred to (R8), the nearest: `values(group.id)` refers to `group` once.
fn without_other_copies(slots: &mut Vec<Slot>) {
    let copy_of = |value: &Value| match value.unbounded() {
        Value::Deferred(deferred) => match deferred.as_ref() {
            Deferred::Output { resource, site: Some(site), .. } => Some((*resource, *site)),
            _ => None,
        },
        _ => None,
    };
    let mut sites: HashMap<ResourceId, Vec<SiteId>> = HashMap::new();
    for (resource, site) in slots.iter().filter_map(|slot| copy_of(&slot.value)) {
        let of = sites.entry(resource).or_default();
        if !of.contains(&site) {
            of.push(site);
        }
    }
    sites.retain(|_, sites| sites.len() > 1);
    let mut seen: HashSet<ResourceId> = HashSet::new();
    slots.retain_mut(|slot| {
        let Some((resource, site)) = copy_of(&slot.value) else { return true };
        let Some(sites) = sites.get(&resource) else { return true };
        if seen.insert(resource) {
            // Of all of them, none is meant by its site.
            if let Value::Deferred(deferred) = &mut slot.value
                && let Deferred::Output { site, .. } = deferred.as_mut()
            {
                *site = None;
            }
            return true;
        }
        !sites.contains(&site)
    });
}
