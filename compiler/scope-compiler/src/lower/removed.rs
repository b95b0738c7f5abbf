//! What the state has and the program has no more: deletions, moves.
//!
//! `vm` is recorded at paris and declared at lille → ensure `vm` at lille, and after it delete `vm` at paris: it moves. `web`
//! with `moved_from: "vm"` → what is recorded as `vm` is `web` from now on.

use std::collections::{BTreeMap, BTreeSet};

use scope_analysis::hir::{self, Replace};
use scope_diagnostics::{Diagnostic, Severity, codes};
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Edge, EdgeReason, Guard, OnUnreachable, SiteId, Step, StepId};
use scope_plan::recorded::{How, RecordedResource, borrowed_name, borrowed_parts};

use super::renames::Unclear;
use super::{Lowering, NewStep, places};

/// What the plan does at each site, by global name and the site's.
pub(super) type Places<'p> = BTreeMap<(&'p str, &'p str), StepId>;

impl<'a> Lowering<'a> {
    /// Deletions: what is recorded and the program does not name any more. What is not ours, or was said to stay, is only
    /// forgotten by them. What is `unclear` may be something else by now.
    pub(super) fn removed(&mut self, unclear: &[Unclear]) {
        let recorded = self.recorded;
        // What a sequence makes stays while the sequence does.
        let of_sequences = self.program.sequences.iter().flat_map(|sequence| &sequence.steps);
        let made = of_sequences.filter(|step| step.kind == hir::ResourceKind::Managed).flat_map(|step| {
            let sites = step.location.sites().into_iter();
            sites.map(|site| (step.name.clone(), self.program.sites[site.0 as usize].name.clone()))
        });
        let mut named: BTreeSet<(String, String)> = made.collect();
        let site_name = |site: SiteId| self.name_of(site).to_owned();
        // A result of several sites and a gate are called like a resource, and are none: where they are it need not be.
        let is_a_thing = |step: &&Step| {
            !matches!(step.action, Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. })
        };
        for step in self.plan.steps.iter().filter(is_a_thing) {
            let site = site_name(step.site);
            if let Action::Bring { sources, .. } = &step.action {
                // A copy from any of these is wanted.
                named.extend(sources.iter().map(|source| {
                    let origin = site_name(self.plan.steps[source.index()].site);
                    (borrowed_name(&step.name, &origin), site.clone())
                }));
            } else {
                named.insert((step.name.clone(), site));
            }
        }
        let mut deletions: Places<'a> = BTreeMap::new();
        for resource in &recorded.resources {
            if !named.contains(&(resource.name.clone(), resource.site.clone()))
                && !recorded.apart.contains(&(resource.name.clone(), resource.site.clone()))
                && self.only.may_delete(&resource.name)
                && let Some(step) = self.deletion(resource, Vec::new())
            {
                deletions.insert((&resource.name, &resource.site), step);
            }
        }
        self.left_behind(&mut deletions);
        self.stays_whole(&deletions);
        if !deletions.is_empty() {
            self.moves(&deletions);
            self.becomes_a_copy(&deletions);
            self.renamed_unsaid(&deletions, unclear);
            self.successors_first(&deletions);
            self.users_first(&deletions);
            self.removed_in_waves(&deletions);
        }
        self.let_go(&deletions);
    }

    /// What stays at its site keeps what it relies upon: that is not deleted from under it.
    fn stays_whole(&mut self, deletions: &Places<'a>) {
        let recorded = self.recorded;
        let stays = |resource: &&RecordedResource| resource.stays();
        let leaves = |resource: &&RecordedResource| {
            deletions.contains_key(&(resource.name.as_str(), resource.site.as_str()))
        };
        let leaving: Vec<&RecordedResource> = recorded.resources.iter().filter(leaves).collect();
        for user in leaving.iter().copied().filter(stays) {
            let is_relied_upon = |known: &RecordedResource| {
                user.relies.iter().any(|relied| {
                    (&relied.resource_type, &relied.site, &relied.identity)
                        == (&known.resource_type, &known.site, &known.identity)
                })
            };
            let Some(lost) = leaving.iter().find(|known| !known.stays() && is_relied_upon(known)) else {
                continue;
            };
            let declared = self.program.sites.iter().find(|site| site.name == lost.site);
            let Some(declared) = declared else { continue };
            self.refused.push(
                Diagnostic::new(
                    codes::E0323,
                    declared.span,
                    format!(
                        "`{}` stays at {}, and relies upon `{}`, which would be deleted",
                        user.name, user.site, lost.name
                    ),
                )
                .label(format!("`{}` is recorded here", lost.name))
                .note(match user.how {
                    How::Adopted => "neither is in the program any more; the one was adopted",
                    _ => "neither is in the program any more; the one was written with `on_delete: keep`",
                })
                .help(format!(
                    "put both back, have `{}` with `on_delete: keep` too, run, and take both out again",
                    lost.name
                )),
            );
        }
    }

    /// What earlier runs left open: the plan has its sites and types, and says what nobody asks for any more, be it sent or
    /// waiting: of a part of the program, of what that names. What a sequence left is asked for as long as there is the sequence.
    pub(super) fn left_open(&mut self) {
        let program = self.program;
        let of_sequences = program.sequences.iter().flat_map(|sequence| &sequence.steps);
        let of_sequences: BTreeSet<&str> = of_sequences.map(|step| step.name.as_str()).collect();
        let keys: BTreeSet<String> = self.plan.steps.iter().map(|step| step.key.clone()).collect();
        for open in &self.recorded.open {
            if !self.only.may_delete(&open.name) {
                continue;
            }
            let site = self.sites_by_name.get(open.site.as_str()).copied();
            let Some(site) = site.filter(|_| program.has_type(&open.resource_type)) else { continue };
            self.site(site);
            self.types.insert(open.resource_type.clone());
            if !keys.contains(&open.key) && !of_sequences.contains(open.name.as_str()) {
                self.plan.unwanted.push(open.key.clone());
            }
        }
        // Of one thing at one site only the newest intent waits.
        let parked = self.recorded.parked.iter().filter(|(_, name)| self.only.may_delete(name));
        let replaced =
            parked.filter(|(key, name)| !keys.contains(key) && !of_sequences.contains(name.as_str()));
        self.plan.unwanted.extend(replaced.map(|(key, _)| key.clone()));
    }

    /// Nothing where the program has the site or the type no more.
    fn deletion(&mut self, resource: &RecordedResource, unless: Vec<StepId>) -> Option<StepId> {
        let declared = *self.sites_by_name.get(resource.site.as_str())?;
        if !self.program.has_type(&resource.resource_type) {
            return None;
        }
        let origin = self.origin(self.program.sites[declared.0 as usize].span, None);
        let site = self.site(declared);
        let action = Action::Delete {
            resource_type: resource.resource_type.clone(),
            identity: Expr::Value(resource.identity.clone().into()),
            unless,
            keep: resource.stays(),
            is_elsewhere: self.resources_by_name.contains_key(resource.name.as_str()),
        };
        Some(self.step(NewStep {
            name: resource.name.clone(),
            key: format!("{}/{}/delete", resource.site, resource.name),
            on_unreachable: self.when_cut(resource),
            repeat: scope_plan::driver::Repeat::Always,
            ..NewStep::new(site, action, origin)
        }))
    }

    /// What becomes of a deletion whose site cannot be reached: what the program says of the resource, or said of it when it
    /// last had it; else it waits for its site.
    fn when_cut(&self, known: &RecordedResource) -> OnUnreachable {
        let said = match self.resources_by_name.get(known.name.as_str()) {
            Some(resource) => places::said_of_a_cut(resource.with.on_disconnect.as_ref()),
            None => known.when_cut.clone(),
        };
        said.unwrap_or(OnUnreachable::Queue { for_ms: None })
    }

    /// Whether what stands under these guards may not be wanted any more though it is there: where every `|` is chosen again,
    /// whatever is no first alternative; else what an earlier run left for another alternative, and could not undo.
    fn may_be_left(&self, when: &[Guard]) -> bool {
        when.iter().any(|guard| match self.plan.choices[guard.choice.index()].recorded {
            _ if self.recorded.reconsider => guard.arm > 0,
            recorded => recorded != Some(guard.arm),
        })
    }

    /// What is recorded at an alternative that is not taken this time.
    fn left_behind(&mut self, deletions: &mut Places<'a>) {
        let (program, recorded) = (self.program, self.recorded);
        let mut refused: BTreeSet<&str> = BTreeSet::new();
        for known in recorded.resources.iter().filter(|known| known.how == How::Created) {
            let Some(resource) = self.resources_by_name.get(known.name.as_str()).copied() else { continue };
            let Some(site) = self.sites_by_name.get(known.site.as_str()).copied() else { continue };
            let step = self.instances.get(&(resource.id, site)).copied();
            let may_be_left = |step: &StepId| self.may_be_left(&self.plan.steps[step.index()].when);
            let Some(step) = step.filter(may_be_left) else { continue };
            if !recorded.reconsider
                && let Some(report) = self.left_with_content(resource, known)
            {
                // A run that was stopped before its choice was recorded left it for no other one.
                let is_left_for_another = self.plan.steps[step.index()].when.iter().any(|guard| {
                    let recorded = self.plan.choices[guard.choice.index()].recorded;
                    recorded.is_some_and(|arm| arm != guard.arm)
                });
                if is_left_for_another {
                    self.refused.push(report);
                }
                continue;
            }
            let Some(deletion) = self.deletion(known, vec![step]) else { continue };
            for end in self.ends_of(resource.id) {
                self.plan.edges.push(Edge { from: end, to: deletion, reason: EdgeReason::Move });
            }
            let others = resource.location.sites().into_iter().filter(|other| *other != site);
            let others: Vec<&str> = others.map(|site| program.sites[site.0 as usize].name.as_str()).collect();
            if recorded.reconsider
                && let Some(report) = self.refusal(resource, &known.site, &others)
                && refused.insert(&known.name)
            {
                self.refused.push(report);
            }
            deletions.insert((&known.name, &known.site), deletion);
        }
        self.copies_left_behind(deletions);
    }

    /// What an earlier run left for another alternative and is not deleted, since something in it would be lost.
    fn left_with_content(&self, resource: &hir::Resource, known: &RecordedResource) -> Option<Diagnostic> {
        let driver_type = self.driver_type(&resource.ty);
        let because = match (resource.with.replace, &driver_type.stateful) {
            (Some(Replace::Move | Replace::Anew), _) | (None, None) => return None,
            (Some(Replace::Never), _) => "`with { replace: never }` stands at it".to_owned(),
            (None, Some(because)) => format!("`{}`: {because}", driver_type.name),
        };
        let others = self.recorded.resources.iter().filter(|other| other.name == known.name);
        let others: Vec<&str> =
            others.map(|other| other.site.as_str()).filter(|site| *site != known.site).collect();
        let (name, site) = (&known.name, &known.site);
        let message = match others.is_empty() {
            true => format!("`{name}` is at `{site}`, which was left for another alternative"),
            false => format!(
                "`{name}` is at `{}`, and at `{site}` too, which was left for it",
                others.join("`, `")
            ),
        };
        let told = &self.recorded.told;
        let help = format!(
            "to have it deleted at `{site}`, write `with {{ replace: move }}`; to leave it there, `scope state forget {name} {site}{told}`"
        );
        let report = Diagnostic::new(codes::E0319, resource.location.span, message)
            .label(format!("`{site}` is not the alternative that is taken"))
            .note(because)
            .help(help);
        Some(Diagnostic { severity: Severity::Warning, ..report })
    }

    /// A copy that is brought for alternatives only, and is there: it goes where none of them is taken.
    fn copies_left_behind(&mut self, deletions: &mut Places<'a>) {
        let recorded = self.recorded;
        let copies = recorded.resources.iter().filter(|known| known.how == How::Borrowed && !known.keep);
        let copies: Vec<&RecordedResource> = copies.collect();
        if copies.is_empty() {
            return;
        }
        // Name, site and origin → the steps that bring it.
        let mut brought: BTreeMap<(String, &str, &str), Vec<StepId>> = BTreeMap::new();
        for step in &self.plan.steps {
            let Action::Bring { sources, .. } = &step.action else { continue };
            let origins = sources.iter().map(|source| self.name_of(self.plan.steps[source.index()].site));
            for origin in origins.collect::<BTreeSet<&str>>() {
                let place = (step.name.clone(), self.name_of(step.site), origin);
                brought.entry(place).or_default().push(step.id);
            }
        }
        for known in copies {
            let Some((name, origin)) = borrowed_parts(&known.name) else { continue };
            let place = (name.to_owned(), known.site.as_str(), origin);
            let brings = brought.get(&place).cloned().unwrap_or_default();
            let when = |bring: &StepId| &self.plan.steps[bring.index()].when;
            let is_always = brings.iter().any(|bring| when(bring).is_empty());
            if is_always || !brings.iter().any(|bring| self.may_be_left(when(bring))) {
                continue;
            }
            if let Some(deletion) = self.deletion(known, brings) {
                deletions.insert((&known.name, &known.site), deletion);
            }
        }
    }

    /// What is deleted here and made elsewhere moves: it is deleted only when it is there, and where something in it would
    /// be lost, only if the program says so. What was adopted does not: it stays where it is.
    fn moves(&mut self, deletions: &Places<'_>) {
        let program = self.program;
        let known = self.recorded.resources.iter();
        let recorded: BTreeMap<(&str, &str), How> =
            known.map(|known| ((known.name.as_str(), known.site.as_str()), known.how)).collect();
        let mut refused: BTreeSet<&str> = BTreeSet::new();
        for ((name, from), deletion) in deletions {
            if recorded.get(&(*name, *from)) == Some(&How::Adopted) {
                continue;
            }
            let Some(resource) = self.resources_by_name.get(name).copied() else { continue };
            let site_name = |site: &hir::SiteId| program.sites[site.0 as usize].name.as_str();
            let arriving: Vec<&str> = resource
                .location
                .sites()
                .iter()
                .map(site_name)
                .filter(|site| !recorded.contains_key(&(*name, *site)))
                .collect();
            let is_chosen_again = matches!(&self.plan.steps[deletion.index()].action, Action::Delete { unless, .. } if !unless.is_empty());
            if arriving.is_empty() || is_chosen_again || resource.kind != hir::ResourceKind::Managed {
                continue;
            }
            for end in self.ends_of(resource.id) {
                self.plan.edges.push(Edge { from: end, to: *deletion, reason: EdgeReason::Move });
            }
            if let Some(report) = self.refusal(resource, from, &arriving)
                && refused.insert(name)
            {
                self.refused.push(report);
            }
        }
    }

    /// What is deleted here and brought here from elsewhere may be that very thing: whoever brings it looks first.
    fn becomes_a_copy(&mut self, deletions: &Places<'_>) {
        let brings = self.plan.steps.iter().filter(|step| matches!(step.action, Action::Bring { .. }));
        // One that may not be brought at all is not waited for.
        let brings = brings.filter(|step| step.when.is_empty());
        let edges = brings.filter_map(|step| {
            let to = *deletions.get(&(step.name.as_str(), self.name_of(step.site)))?;
            Some(Edge { from: step.id, to, reason: EdgeReason::Move })
        });
        let edges: Vec<Edge> = edges.collect();
        self.plan.edges.extend(edges);
    }

    /// The last steps of a resource, each once: a site may stand in its scope twice.
    pub(super) fn ends_of(&self, resource: hir::ResourceId) -> BTreeSet<StepId> {
        self.done.get(&resource).into_iter().flat_map(|lowered| &lowered.ends).copied().collect()
    }

    /// Why a resource may not be made anew elsewhere.
    fn refusal(&self, resource: &hir::Resource, from: &str, to: &[&str]) -> Option<Diagnostic> {
        let driver_type = self.driver_type(&resource.ty);
        let to = to.join(", ");
        let report = |message: String| {
            Diagnostic::new(codes::E0319, resource.location.span, message)
                .label(format!("at {from} until now"))
        };
        match (resource.with.replace, &driver_type.stateful) {
            (Some(Replace::Move | Replace::Anew), _) | (None, None) => None,
            (Some(Replace::Never), _) => Some(
                report(format!("`{}` would move from {from} to {to}, and is never replaced", resource.name))
                    .note("`with { replace: never }` stands at it")
                    .help(format!("leave it at {from}, or write `replace: move`")),
            ),
            (None, Some(because)) => Some(
                report(format!("`{}` would move from {from} to {to}, without what is in it", resource.name))
                    .note(format!("`{}`: {because}", driver_type.name))
                    .help(format!(
                        "leave it at {from}; if what is in it may be lost, write `with {{ replace: move }}`"
                    )),
            ),
        }
    }

    /// What was made from another one is deleted before it; one that is kept is changed before, so that it lets go.
    fn users_first(&mut self, deletions: &Places<'_>) {
        let is_ensure = |step: &&Step| matches!(step.action, Action::Ensure { .. });
        let kept: Places<'_> = self
            .plan
            .steps
            .iter()
            .filter(is_ensure)
            .map(|step| ((step.name.as_str(), self.name_of(step.site)), step.id))
            .collect();
        // What somebody relies upon is known by its identity, whatever it was called.
        let deleted: BTreeMap<(&str, &str, &str), StepId> = self
            .recorded
            .resources
            .iter()
            .filter_map(|resource| {
                let step = deletions.get(&(resource.name.as_str(), resource.site.as_str()))?;
                Some((
                    (resource.resource_type.as_str(), resource.site.as_str(), resource.identity.as_str()),
                    *step,
                ))
            })
            .collect();
        let mut edges: Vec<(StepId, StepId)> = Vec::new();
        for resource in &self.recorded.resources {
            let place = (resource.name.as_str(), resource.site.as_str());
            let Some(user) = deletions.get(&place).or_else(|| kept.get(&place)) else { continue };
            let needed = resource
                .needs
                .iter()
                .filter_map(|(name, site)| deletions.get(&(name.as_str(), site.as_str())));
            let relied = resource.relies.iter().filter_map(|relied| {
                deleted.get(&(relied.resource_type.as_str(), relied.site.as_str(), relied.identity.as_str()))
            });
            let all: BTreeSet<StepId> = needed.chain(relied).copied().collect();
            edges.extend(all.into_iter().filter(|needed| needed != user).map(|needed| (*user, needed)));
        }
        for (from, to) in without_circles(edges) {
            self.plan.edges.push(Edge { from, to, reason: EdgeReason::Relation });
        }
    }
}

/// Edges between steps that can be put in an order. Records of several runs may contradict each other; what is in a circle
/// is left to the sites, which refuse to delete what is used.
pub(super) fn without_circles(edges: Vec<(StepId, StepId)>) -> Vec<(StepId, StepId)> {
    let mut n_before: BTreeMap<StepId, usize> = BTreeMap::new();
    let mut after: BTreeMap<StepId, Vec<StepId>> = BTreeMap::new();
    for (from, to) in &edges {
        n_before.entry(*from).or_default();
        *n_before.entry(*to).or_default() += 1;
        after.entry(*from).or_default().push(*to);
    }
    let mut free: Vec<StepId> = n_before.iter().filter(|(_, n)| **n == 0).map(|(step, _)| *step).collect();
    let mut ordered: BTreeSet<StepId> = BTreeSet::new();
    while let Some(step) = free.pop() {
        ordered.insert(step);
        for next in after.get(&step).into_iter().flatten() {
            let left = n_before.get_mut(next).expect("counted above");
            *left -= 1;
            if *left == 0 {
                free.push(*next);
            }
        }
    }
    edges.into_iter().filter(|(from, to)| ordered.contains(from) && ordered.contains(to)).collect()
}
