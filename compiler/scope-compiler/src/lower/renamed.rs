//! What has another name by now, and nothing says so.
//!
//! `old: http.resource { path: "/x" }` is recorded, and the program has `new: http.resource { path: "/x" }` there → E0319: one would be
//! made and the other deleted, in whatever order, and they are one thing. `moved_from: "old"` says that it is the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use scope_analysis::hir::{self, Resource, ResourceKind};
use scope_analysis::{UniqueKeys, element_of};
use scope_diagnostics::{Diagnostic, Severity, Span, codes, similar};
use scope_plan::fleet::listed;
use scope_plan::recorded::{How, RecordedResource};
use scope_plan::renaming::{self, Word};

use super::removed::Places;
use super::renames::{Unclear, former};
use super::{Lowering, sites};

/// So many of one place are told.
const MOST: usize = 3;

/// What is recorded, and what the program has for it now.
struct Same<'a> {
    known: &'a RecordedResource,
    resource: &'a Resource,
}

type Names<'a> = BTreeSet<&'a str>;

/// The family that several are elements of.
fn family_of<'a>(names: &Names<'a>) -> Option<&'a str> {
    let families: Option<BTreeSet<&str>> =
        names.iter().map(|name| element_of(name).map(|(family, _)| family)).collect();
    let families = families.filter(|families| names.len() > 1 && families.len() == 1)?;
    families.into_iter().next()
}

/// Where that is, and how to say so.
#[derive(Default)]
struct Renamed<'a> {
    sites: BTreeSet<&'a str>,
    words: Vec<Word>,
}

impl<'a> Lowering<'a> {
    /// Refuses to delete under one name what is made under another one, and what may be any of several by now.
    pub(super) fn renamed_unsaid(&mut self, deletions: &Places<'_>, unclear: &[Unclear]) {
        let same = self.same_things(deletions);
        self.moved_from_either(deletions, unclear, &same);
        let is_told: BTreeSet<(&str, &str)> =
            unclear.iter().map(|it| (it.old.as_str(), it.site.as_str())).collect();
        // Of a family, and of a module that is used several times, one word may be wanting for many.
        let mut renamed: BTreeMap<Span, BTreeMap<(&str, &str), Renamed<'_>>> = BTreeMap::new();
        let (mut olds, mut news): (BTreeMap<&str, Names<'_>>, BTreeMap<&str, Names<'_>>) = Default::default();
        for Same { known, resource } in &same {
            olds.entry(&resource.name).or_default().insert(&known.name);
            news.entry(&known.name).or_default().insert(&resource.name);
        }
        for Same { known, resource } in same {
            if !is_told.contains(&(known.name.as_str(), known.site.as_str())) {
                let paths = without_common_end(&known.name, &resource.name);
                let renamed = renamed.entry(resource.span).or_default().entry(paths).or_default();
                renamed.sites.insert(&known.site);
                // A family that is none any more, or the other way round, is one word for all of its elements.
                let (old, new) = (known.name.as_str(), resource.name.as_str());
                let (old, new) = (family_of(&olds[new]).unwrap_or(old), family_of(&news[old]).unwrap_or(new));
                renamed.words = renaming::words(old, new, self.names());
            }
        }
        for (span, all) in renamed {
            let is_what_was = |((old, new), renamed): (&(&str, &str), &Renamed<'_>)| {
                let sites: Vec<&str> = renamed.sites.iter().copied().collect();
                format!("`{new}` is what was made as `{old}` at {}", listed(&sites))
            };
            let mut told = all.iter().map(is_what_was);
            let message = told.next().expect("each place has one");
            let old = all.keys().next().expect("each place has one").0;
            let report = Diagnostic::new(codes::E0319, span, message)
                .label(format!("`{old}` is no longer in the program"));
            let report = told.by_ref().take(MOST - 1).fold(report, |report, message| report.note(message));
            let report = match told.count() {
                0 => report,
                n_more => report.note(format!("and {n_more} more")),
            };
            let help = renaming::told(all.into_values().take(MOST).flat_map(|renamed| renamed.words));
            self.refused.push(
                report.note("one would be made and the other deleted, and they are one thing there").help(
                    format!(
                        "if it is the same by another name, write {help}; if not, have it made once the other is gone"
                    ),
                ),
            );
        }
    }

    /// What is recorded by a name that the program has no more, and made by another one: it is one thing at its site.
    fn same_things(&self, deletions: &Places<'_>) -> Vec<Same<'a>> {
        let (program, recorded) = (self.program, self.recorded);
        let is_gone = |known: &&RecordedResource| {
            !known.stays()
                // A copy is its origin's, and goes with the need for it.
                && known.how != How::Borrowed
                && !self.resources_by_name.contains_key(known.name.as_str())
                && deletions.contains_key(&(known.name.as_str(), known.site.as_str()))
        };
        let keys = UniqueKeys {
            resources: &program.resources,
            drivers: &program.drivers,
            canonical: Some(super::driver::canonical_form),
        };
        let mut gone: HashMap<(&str, &str, String), &RecordedResource> = HashMap::new();
        for known in recorded.resources.iter().filter(is_gone) {
            let key = keys.of_set(self.driver_type(&known.resource_type), &known.set);
            gone.extend(key.map(|key| ((known.resource_type.as_str(), known.site.as_str(), key), known)));
        }
        if gone.is_empty() {
            return Vec::new();
        }
        let mut same = Vec::new();
        for resource in program.resources.iter().filter(|resource| resource.kind == ResourceKind::Managed) {
            let ty = self.driver_type(&resource.ty);
            for id in resource.instances.keys() {
                let key = keys.of_instance(ty, resource, *id).map(|(key, _)| key);
                let site = program.sites[id.0 as usize].name.as_str();
                let known = key.and_then(|key| gone.get(&(resource.ty.as_str(), site, key)));
                same.extend(known.map(|known| Same { known, resource }));
            }
        }
        same
    }

    /// What the program has names for.
    fn names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.program.resources.iter().map(|resource| resource.name.as_str())
    }

    /// Refuses to delete what may be any of several by now, or one of which the program does not tell where it is.
    fn moved_from_either(&mut self, deletions: &Places<'_>, unclear: &[Unclear], same: &[Same<'_>]) {
        if unclear.is_empty() {
            return;
        }
        let program = self.program;
        let recorded = self.recorded.resources.iter();
        let ours = recorded.filter(|known| known.how == How::Created && !known.stays());
        let ours = ours.map(|known| (known.name.as_str(), known.site.as_str()));
        let deleted: BTreeSet<(&str, &str)> = ours.filter(|place| deletions.contains_key(place)).collect();
        let mut said: BTreeMap<Span, Vec<&Unclear>> = BTreeMap::new();
        for it in unclear {
            let place = (it.old.as_str(), it.site.as_str());
            let spans =
                it.may_be.iter().filter_map(|id| program.resources[id.0 as usize].with.moved_from.as_ref());
            if let Some(first) = spans.min_by_key(|moved| moved.span).filter(|_| deleted.contains(&place)) {
                said.entry(first.span).or_default().push(it);
            }
        }
        for (span, all) in said {
            let names: BTreeSet<&str> = all
                .iter()
                .flat_map(|it| &it.may_be)
                .map(|id| program.resources[id.0 as usize].name.as_str())
                .collect();
            let (old, site, new) = (&all[0].old, &all[0].site, *names.first().expect("it may be something"));
            // By what is unique of it, it is one of them, as far as that can be told.
            let is_one = |same: &&Same<'_>| {
                let is_old = |it: &&Unclear| (&it.old, &it.site) == (&same.known.name, &same.known.site);
                all.iter().any(is_old) && names.contains(same.resource.name.as_str())
            };
            let by_key = same.iter().find(is_one);
            let by_key = by_key.map(|same| (same.known.name.as_str(), same.resource.name.as_str()));
            let (names, several) = (quoted(names.into_iter()), all[0].may_be.len() > 1);
            let olds = quoted(all.iter().map(|it| it.old.as_str()).collect::<BTreeSet<&str>>().into_iter());
            let (message, label) = match (all[0].is_there, several) {
                (true, true) => {
                    (format!("`{old}` at {site} may be any of {names} by now"), "each of them says it")
                }
                (true, false) => {
                    (format!("any of {olds} at {site} may be {names} by now"), "one name for all of them")
                }
                (false, true) => {
                    (format!("which of {names} was `{old}` at {site} is not said"), "none of them is there")
                }
                (false, false) => {
                    (format!("which of {olds} is {names} by now is not said"), "none of them is at its sites")
                }
            };
            let (old, new) = by_key.unwrap_or((old, new));
            self.refused.push(
                Diagnostic::new(codes::E0894, span, message)
                    .label(label)
                    .note("as it is, what there was would be deleted, and all made anew")
                    .help(format!("say which one it is: {}", renaming::said(old, new, self.names())))
                    .help("leave `moved_from` out if it is none of them, and is to be deleted"),
            );
        }
    }

    /// Warns of a `moved_from` by which nothing comes to its new name: nothing is recorded under either.
    pub(super) fn moved_from_nothing(&mut self, unclear: &[Unclear]) {
        let (program, recorded) = (self.program, self.recorded);
        if recorded.resources.is_empty() {
            return;
        }
        let known: BTreeSet<&str> = recorded.resources.iter().map(|known| known.name.as_str()).collect();
        let is_unclear: BTreeSet<hir::ResourceId> =
            unclear.iter().flat_map(|it| it.may_be.iter().copied()).collect();
        // Of a family, and of a group, one word may be for many.
        let mut written: BTreeMap<Span, (String, bool)> = BTreeMap::new();
        for former in former(program, recorded) {
            let resource = &program.resources[former.id.0 as usize];
            let Some(moved) = &resource.with.moved_from else { continue };
            let names = [Some(&resource.name), Some(&former.name), former.or.as_ref()];
            let is_known = names.into_iter().flatten().any(|name| known.contains(name.as_str()))
                || is_unclear.contains(&former.id);
            written.entry(moved.span).or_insert((former.name, false)).1 |= is_known;
        }
        for (span, (name, _)) in written.into_iter().filter(|(_, (_, is_known))| !is_known) {
            let message = format!("nothing is recorded as `{name}`, so nothing is moved");
            let report = Diagnostic::new(codes::E0893, span, message).label("not the name of anything there");
            let is_gone = |name: &&str| !self.resources_by_name.contains_key(name);
            let report = Diagnostic { severity: Severity::Warning, ..report };
            let gone = || known.iter().copied().filter(is_gone);
            // A family has no name of its own there: its elements have.
            let is_element = |known: &&str| element_of(known).is_some_and(|(family, _)| family == name);
            self.refused.push(match similar::nearest(&name, gone()).or_else(|| gone().find(is_element)) {
                Some(near) => report.help(format!("did you mean `{near}`? that is recorded, and no longer in the program")),
                None => report.help("leave `moved_from` out where it is new; `scope status` and `scope plan` tell what is recorded"),
            });
        }
    }

    /// Refuses a site by another name: all that is recorded at it would be made a second time, beside what is there.
    pub(super) fn renamed_sites(&mut self) {
        let (program, recorded) = (self.program, self.recorded);
        let mut at: BTreeMap<&str, Vec<&RecordedResource>> = BTreeMap::new();
        for known in &recorded.resources {
            at.entry(&known.site).or_default().push(known);
        }
        let gone = |site: &str| !self.sites_by_name.contains_key(site);
        let gone: Vec<(&str, &Vec<&RecordedResource>)> =
            at.iter().map(|(site, known)| (*site, known)).filter(|(site, _)| gone(site)).collect();
        if gone.is_empty() {
            return;
        }
        let new = (0..).map(hir::SiteId).zip(&program.sites);
        for (id, site) in new.filter(|(_, site)| !at.contains_key(site.name.as_str())) {
            let addresses = sites::site(program, id, self.sources).addresses();
            let is_it = |(old, known): &&(&str, &Vec<&RecordedResource>)| {
                let Some(before) = recorded.sites.get(*old) else { return false };
                let drivers = known.iter().filter_map(|known| known.resource_type.split('.').next());
                drivers.collect::<BTreeSet<&str>>().into_iter().any(|driver| {
                    let (before, now) = (before.get(driver), addresses.get(driver));
                    before.zip(now).is_some_and(|(before, now)| now.is(before))
                })
            };
            let Some((old, known)) = gone.iter().find(is_it) else { continue };
            let (name, told) = (&site.name, &recorded.told);
            let things = match known.len() {
                1 => "one resource is".to_owned(),
                several => format!("{several} resources are"),
            };
            self.refused.push(
                Diagnostic::new(codes::E0892, site.span, format!("`{name}` is at the address that `{old}` had"))
                    .label(format!("{things} recorded at `{old}`, which is no longer in the program"))
                    .note("that would be made once more there, and what is there now would be out of reach")
                    .help(format!("if it is the same by another name: `scope state rename-site {old} {name}{told}`; or call it `{old}` again"))
                    .help(format!(
                        "if it is another one, have what `{old}` has deleted first, or let it go: `scope state forget NAME {old}{told}`"
                    )),
            );
        }
    }
}

/// `` `a`, `b` ``
fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    listed(&quoted.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Two paths without the elements and names inside a group in which both end: `old["a"]`, `new["a"]` → `old`, `new`.
fn without_common_end<'p>(old: &'p str, new: &'p str) -> (&'p str, &'p str) {
    let mut paths = (old, new);
    for (place, _) in old.match_indices(['[', '.']) {
        let end = &old[place..];
        if let Some(new) = new.strip_suffix(end).filter(|new| !new.is_empty()) {
            paths = (&old[..place], new);
            break;
        }
    }
    paths
}
