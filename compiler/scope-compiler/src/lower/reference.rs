//! References to steps: where the thing is looked up, and how it gets to where it is used (R8).
//!
//! `image: "debian-12"` at nantes with `image: paris` → look up at paris, bring to nantes. With `paris | lille` → a
//! choice with an arm for each; with `paris & lille` → both looked up, the nearest reachable copy brought. What is relied
//! upon is guarded on the way, where its driver keeps a guard (R9): look up → protect → what refers to it. What is used
//! wherever it ends has a guard for each of its alternatives: that of the one that was taken is left.

use scope_analysis::hir::{self, Location, LocationKind, Reference, ReferenceTarget, Resource, Share, Value};
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Borrow, Purpose, StepId};

use super::choice::{At, Lowered, Names, Position, key_of_part};
use super::{Lowering, NewStep};

impl Lowering<'_> {
    /// The step whose output is the referenced resource's record at `here`.
    pub(super) fn reference(
        &mut self,
        resource: &Resource,
        here: hir::SiteId,
        reference: &Reference,
        index: usize,
        position: Position,
    ) -> StepId {
        let here_name = &self.program.sites[here.0 as usize].name;
        let first = resource.instances[&here]
            .references
            .iter()
            .position(|other| other.attribute == reference.attribute)
            .unwrap_or(index);
        let number = if index == first { String::new() } else { format!(".{}", index - first + 1) };
        // A place of its own for each use; what turns out to be the same look-up is merged by a pass.
        let path = format!("{}@{here_name}.{}{number}", resource.name, reference.attribute);
        let is_owned = resource.kind == hir::ResourceKind::Managed;
        let user = (reference.is_guarded && is_owned)
            .then(|| User { name: resource.name.clone(), site: here_name.clone() });
        match &reference.target {
            ReferenceTarget::Resource(target) => {
                self.resource_reference(*target, here, reference, &path, user.as_ref(), position)
            }
            ReferenceTarget::Text(value) => {
                let references = Vec::new();
                let text = self.value(value, Some(here), &references);
                let name = match value {
                    Value::Text(text) => format!("{}:{text}", short(&reference.ty)),
                    _ => format!("{}.{}", resource.name, reference.attribute),
                };
                let label = format!("`{}` of `{}` at {here_name}", reference.attribute, resource.name);
                let scope = resource.scope.as_deref();
                let lookup = LookUp { here, reference, path, name, label, text, scope, user };
                let name = Names { step: &lookup.name, label: &lookup.label };
                let at = At { name, key: &lookup.path, place: self.site(here), position };
                self.look_up(&reference.location, &lookup, &at)
            }
        }
    }

    fn resource_reference(
        &mut self,
        target: hir::ResourceId,
        here: hir::SiteId,
        reference: &Reference,
        path: &str,
        user: Option<&User>,
        position: Position,
    ) -> StepId {
        if let LocationKind::Site(site) = reference.location.kind
            && (site == here || reference.share == Share::InPlace)
            && let Some(step) = self.instances.get(&(target, site)).copied()
        {
            return self.protected(step, reference, path, user, position);
        }
        // The prime holds the identity of the whole (R6).
        if reference.share == Share::InPlace
            && let LocationKind::Cross { parts, prime } =
                &self.program.resources[target.0 as usize].location.kind
            && let LocationKind::Site(site) = parts[*prime].kind
            && let Some(step) = self.instances.get(&(target, site)).copied()
        {
            return self.protected(step, reference, path, user, position);
        }
        if reference.share == Share::InPlace
            && let Some(lowered) = self.done.get(&target).cloned()
        {
            // Wherever it ends: an alternative of its own, decided with it.
            self.protected_wherever(&lowered, reference, path, user, position);
            return lowered.result;
        }
        let sites = reference.location.sites();
        let sources: Vec<StepId> =
            sites.iter().filter_map(|site| self.instances.get(&(target, *site)).copied()).collect();
        let name = self.program.resources[target.0 as usize].name.clone();
        let every_source = matches!(reference.location.kind, LocationKind::And(_));
        // One step for an origin and a site, for all who need it there: two at once would each make a copy.
        let is_copied = reference.borrow != hir::Borrow::Never;
        let of = (here, sources.clone(), every_source, is_copied);
        if let Some(known) = self.brought.get(&of).copied() {
            self.is_also_done_in(known, position.guard);
            if let (hir::Borrow::Keep, Action::Bring { borrow, .. }) =
                (reference.borrow, &mut self.plan.steps[known.index()].action)
            {
                *borrow = Borrow::Keep;
            }
            return known;
        }
        let key = format!("{path}/bring");
        let step = self.bring(here, reference, &key, &name, sources, every_source, position);
        self.brought.insert(of, step);
        step
    }

    /// The step that has it at the user's site, or in place. In an arm, and in none, a site is asked at most once: analysis
    /// leaves out what a location says twice.
    fn look_up(&mut self, location: &Location, lookup: &LookUp<'_>, at: &At<'_>) -> StepId {
        let position = at.position;
        match &location.kind {
            LocationKind::Site(site) => {
                let found = self.look_up_at(*site, lookup, position);
                if *site == lookup.here || lookup.reference.share == Share::InPlace {
                    let user = lookup.user.as_ref();
                    return self.protected(found, lookup.reference, &lookup.path, user, position);
                }
                let key = format!("{}/bring@{}", lookup.path, self.program.sites[site.0 as usize].name);
                self.bring(lookup.here, lookup.reference, &key, &lookup.name, vec![found], false, position)
            }
            LocationKind::And(parts) => {
                let sources = parts
                    .iter()
                    .enumerate()
                    .map(|(index, part)| match part.kind {
                        LocationKind::Site(site) => self.look_up_at(site, lookup, position),
                        _ => self.look_up(part, lookup, &At { key: &key_of_part(at.key, index), ..*at }),
                    })
                    .collect();
                let key = format!("{}/bring", lookup.path);
                self.bring(lookup.here, lookup.reference, &key, &lookup.name, sources, true, position)
            }
            LocationKind::Or(arms) => {
                let lowered = self.or(location, arms, at, &mut |lowering, arm, at| {
                    let step = lowering.look_up(arm, lookup, at);
                    lowering.single(step)
                });
                lowered.result
            }
            LocationKind::Here
            | LocationKind::Cross { .. }
            | LocationKind::Around { .. }
            | LocationKind::Error => {
                unreachable!("analysis replaces `here` and radii, refuses `%` here and stops at errors")
            }
        }
    }

    fn look_up_at(&mut self, site: hir::SiteId, lookup: &LookUp<'_>, position: Position) -> StepId {
        if let Some(step) = self.declared(&lookup.reference.ty, site, &lookup.text) {
            return step;
        }
        let site_name = self.program.sites[site.0 as usize].name.clone();
        let site_id = self.site(site);
        let origin = self.origin(lookup.reference.span, lookup.scope);
        let arm = position.guard.map_or(String::new(), |guard| format!("#{}.{}", guard.choice.0, guard.arm));
        let step = self.step(NewStep {
            name: lookup.name.clone(),
            guard: position.guard,
            key: format!("{site_name}/{}{arm}/lookup", lookup.path),
            ..NewStep::new(
                site_id,
                Action::Lookup {
                    resource_type: lookup.reference.ty.clone(),
                    text: Some(lookup.text.clone()),
                    filter: Vec::new(),
                    purpose: Purpose::Reference,
                },
                origin,
            )
        });
        self.after_declared(&lookup.reference.ty, site, &lookup.text, step);
        step
    }

    /// The resource once it is guarded for its user; itself where its type keeps no guard, or nobody relies upon it.
    fn protected(
        &mut self,
        of: StepId,
        reference: &Reference,
        path: &str,
        user: Option<&User>,
        position: Position,
    ) -> StepId {
        match user.filter(|_| self.keeps_guard(reference)) {
            Some(user) => self.guard_on(of, None, reference, path, user, position),
            None => of,
        }
    }

    /// What was taken of several alternatives, guarded for its user: each has a guard of its own, at its own site, and the
    /// user waits for those that are not passed over.
    fn protected_wherever(
        &mut self,
        lowered: &Lowered,
        reference: &Reference,
        path: &str,
        user: Option<&User>,
        position: Position,
    ) {
        let Some(user) = user.filter(|_| self.keeps_guard(reference)) else { return };
        for (_, of) in &lowered.leaves {
            let guard = self.guard_on(*of, Some(lowered.result), reference, path, user, position);
            self.passable.push(guard);
        }
    }

    fn keeps_guard(&self, reference: &Reference) -> bool {
        super::driver::keeps_guard(self.driver_type(&reference.ty))
    }

    /// The guard on one thing at its own site. Whether it waits, and is undone, follows from its user once that stands.
    fn guard_on(
        &mut self,
        of: StepId,
        among: Option<StepId>,
        reference: &Reference,
        path: &str,
        user: &User,
        position: Position,
    ) -> StepId {
        let step = &self.plan.steps[of.index()];
        let (name, site) = (step.name.clone(), step.site);
        let site_name = self.name_of(site);
        let arm = position.guard.map_or(String::new(), |guard| format!("#{}.{}", guard.choice.0, guard.arm));
        let key = format!("{site_name}/{path}{arm}/protect");
        let origin = self.origin(reference.span, None);
        self.step(NewStep {
            name,
            guard: position.guard,
            key,
            ..NewStep::new(
                site,
                Action::Protect {
                    resource_type: reference.ty.clone(),
                    of: Expr::Step { step: of, path: Vec::new() },
                    users: vec![(user.name.clone(), user.site.clone())],
                    among,
                },
                origin,
            )
        })
    }

    #[allow(clippy::too_many_arguments)] // All of it is one step's description.
    fn bring(
        &mut self,
        here: hir::SiteId,
        reference: &Reference,
        key: &str,
        name: &str,
        sources: Vec<StepId>,
        every_source: bool,
        position: Position,
    ) -> StepId {
        let here_name = self.program.sites[here.0 as usize].name.clone();
        let site_id = self.site(here);
        let origin = self.origin(reference.span, None);
        let arm = position.guard.map_or(String::new(), |guard| format!("#{}.{}", guard.choice.0, guard.arm));
        let timeout_ms = self.transfer_ms(&reference.ty);
        let repeat = self
            .driver_type(&reference.ty)
            .operations
            .get("create")
            .map_or(scope_plan::driver::Repeat::Mark, |create| super::request::lower_repeat(&create.repeat));
        self.step(NewStep {
            name: name.to_string(),
            guard: position.guard,
            timeout_ms,
            repeat,
            key: format!("{here_name}/{key}{arm}"),
            ..NewStep::new(
                site_id,
                Action::Bring {
                    resource_type: reference.ty.clone(),
                    sources,
                    every_source,
                    borrow: match reference.borrow {
                        hir::Borrow::Copy => Borrow::Copy,
                        hir::Borrow::Keep => Borrow::Keep,
                        hir::Borrow::Never => Borrow::Never,
                    },
                },
                origin,
            )
        })
    }
}

/// A look-up by name or identity.
struct LookUp<'a> {
    here: hir::SiteId,
    reference: &'a Reference,
    /// `vm@nantes.image`
    path: String,
    /// `image:debian-12`
    name: String,
    /// In a sentence: `` `image` of `vm` at nantes ``.
    label: String,
    text: Expr,
    scope: Option<&'a str>,
    user: Option<User>,
}

/// Who relies upon what is referred to.
struct User {
    name: String,
    /// Its site's name.
    site: String,
}

fn short(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, short)| short)
}
