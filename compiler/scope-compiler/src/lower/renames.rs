//! What the state calls otherwise than the program does now, as `moved_from` says.
//!
//! `web` with `moved_from: "vm"` → what is recorded as `vm` is `web` from now on. `vms for s in [lima, quito]` with `moved_from: "vm"`, where `vm` was
//! at both: what is at lima is `vms["lima"]`, what is at quito `vms["quito"]`; of two elements at lima it would be either, and is neither.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use scope_analysis::FormerName;
use scope_analysis::element_of;
use scope_analysis::hir::{Program, Resource, ResourceId, ResourceKind};
use scope_plan::plan::{FormerPath, Rename};
use scope_plan::recorded::{How, Recorded, borrowed_name, borrowed_parts, is_choice_of, rename_choices};

/// What is renamed, and what may have been several.
#[derive(Default)]
pub(super) struct Renames {
    /// In order of the program; groups that chose an alternative last.
    pub(super) renames: Vec<Rename>,
    /// What is recorded and may be each of several by now, or one of what is elsewhere.
    pub(super) unclear: Vec<Unclear>,
}

/// What is recorded at a site, and may be what says that it was it.
pub(super) struct Unclear {
    /// The old name.
    pub(super) old: String,
    /// The name of its site.
    pub(super) site: String,
    /// What may have been it.
    pub(super) may_be: Vec<ResourceId>,
    /// Whether that is there.
    pub(super) is_there: bool,
}

/// What resources were called, as the program says, where the state has what it has.
pub(super) fn former(program: &Program, recorded: &Recorded) -> Vec<FormerName> {
    let declared = declared(program);
    let gone =
        recorded.resources.iter().map(|known| known.name.as_str()).filter(|name| !declared.contains(name));
    let gone: BTreeSet<&str> = gone.collect();
    scope_analysis::former_names(&program.resources, |path| {
        let below = gone.range::<str, _>((Bound::Included(path), Bound::Unbounded));
        let mut below = below.map_while(|name| name.strip_prefix(path));
        below.any(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// What is renamed of what is recorded.
pub(super) fn renames(program: &Program, recorded: &Recorded) -> Renames {
    let former = former(program, recorded);
    let keys = keys_of_sites(program, recorded);
    if former.is_empty() {
        return Renames { renames: keys, ..Renames::default() };
    }
    let mut known = Known::new();
    for it in &recorded.resources {
        known.entry(&it.name).or_default().insert(&it.site, &it.resource_type);
    }
    let has_chosen = |name: &str| recorded.choices.keys().any(|key| is_choice_of(key, name));
    let declared = declared(program);
    let mut groups = BTreeSet::new();
    let mut renames = Vec::new();
    let mut by_site = BySite::new(program, &known, &declared, &former);
    for former in &former {
        let resource = &program.resources[former.id.0 as usize];
        let is_gone = |name: &str| known.contains_key(name) && !declared.contains(name);
        let or = former
            .or
            .as_deref()
            .filter(|or| former.is_only && !known.contains_key(former.name.as_str()) && is_gone(or));
        let is_claimed_once = former.or.is_none() || former.is_only;
        let only_element = || match by_site.elements(former, resource).as_slice() {
            [one] if is_claimed_once && !known.contains_key(former.name.as_str()) => Some(*one),
            _ => None,
        };
        let old = or.or_else(only_element).unwrap_or(&former.name);
        if let Some(group) = resource.group.as_ref().filter(|group| !has_chosen(group)) {
            // What a group was called it says itself, or it follows from what something in it was called.
            let by_part =
                resource.name.strip_prefix(group.as_str()).and_then(|inside| old.strip_suffix(inside));
            let by_itself = resource.moved_from().flat_map(|moved| moved.former(group));
            let was = by_part.map(str::to_owned).into_iter().chain(by_itself).find(|was| has_chosen(was));
            groups.extend(was.map(|from| Rename { from, to: group.clone(), at: None }));
        }
        if known.contains_key(resource.name.as_str()) || !known.contains_key(old) {
            by_site.add(former, resource);
        } else {
            renames.push(Rename { from: old.to_owned(), to: resource.name.clone(), at: None });
        }
    }
    let (at_sites, unclear) = by_site.parted();
    renames.extend(at_sites);
    renames.extend(groups);
    renames.extend(keys);
    renames.extend(copies(recorded, &renames));
    Renames { renames, unclear }
}

/// What has the former name of a site for its key, and has its new one now: `per["cairo"]` → `per["giza"]`. Calls are recorded, too, and groups by what
/// they chose; whether they are, the run knows.
fn keys_of_sites(program: &Program, recorded: &Recorded) -> Vec<Rename> {
    if recorded.former_sites.is_empty() {
        return Vec::new();
    }
    let declared = declared(program);
    let known: BTreeSet<&str> = recorded.resources.iter().map(|known| known.name.as_str()).collect();
    let groups = program.resources.iter().filter_map(|resource| resource.group.as_deref());
    let names: BTreeSet<&str> = declared.iter().copied().chain(groups).collect();
    let mut renames = Vec::new();
    for (site, former) in &recorded.former_sites {
        let key = format!("[\"{site}\"]");
        for name in names.iter().filter(|name| name.contains(&key) && !known.contains(*name)) {
            let was = former.iter().rev().map(|former| name.replace(&key, &format!("[\"{former}\"]")));
            let mut was: Vec<String> = was.filter(|was| !names.contains(was.as_str())).collect();
            // What is recorded first, and else what it was called last.
            was.sort_by_key(|was| !known.contains(was.as_str()));
            if let Some(from) = was.into_iter().next() {
                renames.push(Rename { from, to: (*name).to_owned(), at: None });
            }
        }
    }
    renames
}

/// The copies of what is renamed: each is called as what it was made of.
fn copies(recorded: &Recorded, renames: &[Rename]) -> Vec<Rename> {
    let mut of: BTreeMap<&str, Vec<&Rename>> = BTreeMap::new();
    for rename in renames {
        of.entry(&rename.from).or_default().push(rename);
    }
    let borrowed = recorded.resources.iter().filter(|known| known.how == How::Borrowed);
    let names: BTreeSet<&str> = borrowed.map(|known| known.name.as_str()).collect();
    let copies = names.into_iter().filter_map(|from| {
        let (name, origin) = borrowed_parts(from)?;
        let rename = of.get(name)?.iter().find(|rename| rename.is_at(origin))?;
        Some(Rename { from: from.to_owned(), to: borrowed_name(&rename.to, origin), at: None })
    });
    copies.collect()
}

/// One thing at several sites that is a family over them now, or the other way round, or a family by other keys: told apart by the sites.
struct BySite<'a> {
    program: &'a Program,
    known: &'a Known<'a>,
    declared: &'a BTreeSet<&'a str>,
    /// The families, and the old paths that they say, of which an element is found by its key: their keys are the same, and one that is
    /// not among them is another element.
    by_key: BTreeSet<(&'a str, &'a str)>,
    /// What is recorded and said to be something else now, by its path, and by what follows a key where that is a family's.
    claims: BTreeMap<(&'a str, Option<&'a str>), Claims<'a>>,
}

/// Name, site, type.
type Known<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// What is recorded, and what says that it was that.
#[derive(Default)]
struct Claims<'a> {
    olds: Vec<&'a str>,
    by: Vec<ResourceId>,
}

impl<'a> BySite<'a> {
    fn new(
        program: &'a Program,
        known: &'a Known<'a>,
        declared: &'a BTreeSet<&'a str>,
        former: &'a [FormerName],
    ) -> Self {
        let by_key = former.iter().filter_map(|former| {
            let resource = &program.resources[former.id.0 as usize];
            let is_found =
                [&resource.name, &former.name].iter().any(|name| known.contains_key(name.as_str()));
            former.family().filter(|_| is_found)
        });
        BySite { program, known, declared, by_key: by_key.collect(), claims: BTreeMap::new() }
    }

    fn as_element(&self, former: &'a FormerName, resource: &'a Resource) -> Option<(&'a str, &'a str)> {
        let is_by_key = former.family().is_some_and(|family| self.by_key.contains(&family));
        former.as_element(resource).filter(|_| !is_by_key)
    }

    /// The recorded elements of a family that this says it was one of, as far as the program has them no more.
    fn elements(&self, former: &'a FormerName, resource: &'a Resource) -> Vec<&'a str> {
        let Some((path, inside)) = self.as_element(former, resource) else { return Vec::new() };
        let begin = format!("{path}[");
        let below = self.known.range::<str, _>((Bound::Included(begin.as_str()), Bound::Unbounded));
        let below = below.map(|(name, _)| *name).take_while(|name| name.starts_with(&begin));
        let is_element = |name: &&str| {
            let element = name.strip_suffix(inside).and_then(element_of);
            element.is_some_and(|(family, _)| family == path) && !self.declared.contains(name)
        };
        below.filter(is_element).collect()
    }

    fn add(&mut self, former: &'a FormerName, resource: &'a Resource) {
        if let Some((path, inside)) = self.as_element(former, resource) {
            let key = (path, Some(inside));
            if !self.claims.contains_key(&key) {
                let olds = self.elements(former, resource);
                self.claims.insert(key, Claims { olds, by: Vec::new() });
            }
            self.claims.entry(key).or_default().by.push(former.id);
        }
        let or = former.or.as_deref().and_then(|or| self.known.get_key_value(or));
        if let Some((or, _)) = or.filter(|(or, _)| !self.declared.contains(*or)) {
            let claims = self.claims.entry((*or, None)).or_default();
            claims.olds = vec![*or];
            claims.by.push(former.id);
        }
    }

    /// What is one thing now, and what may be several.
    fn parted(self) -> (Vec<Rename>, Vec<Unclear>) {
        let resource = |id: ResourceId| &self.program.resources[id.0 as usize];
        let may_be_at = |id: ResourceId, site: &str, ty: &str| {
            let own = self.known.get(resource(id).name.as_str());
            resource(id).ty == ty && !own.is_some_and(|own| own.contains_key(site))
        };
        // What is where the old one is.
        let mut here: BTreeMap<(&str, &str), Vec<ResourceId>> = BTreeMap::new();
        // Of several old ones at a site, too, each may be what is there.
        let mut n_olds: BTreeMap<(ResourceId, &str), usize> = BTreeMap::new();
        for Claims { olds, by } in self.claims.values() {
            let mut at: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
            for old in olds {
                for (site, ty) in &self.known[old] {
                    at.entry(site).or_default().push((old, ty));
                }
            }
            for id in by {
                let sites =
                    resource(*id).instances.keys().map(|site| &self.program.sites[site.0 as usize].name);
                for (site, olds) in sites.filter_map(|site| at.get_key_value(site.as_str())) {
                    for (old, _) in olds.iter().filter(|(_, ty)| may_be_at(*id, site, ty)) {
                        here.entry((old, site)).or_default().push(*id);
                        *n_olds.entry((*id, site)).or_default() += 1;
                    }
                }
            }
        }
        let (mut renames, mut unclear) = (Vec::new(), Vec::new());
        let mut moved = BTreeSet::new();
        for ((old, site), may_be) in &here {
            match may_be.as_slice() {
                [one] if n_olds[&(*one, *site)] == 1 => {
                    moved.insert(*one);
                    let to = resource(*one).name.clone();
                    renames.push(Rename { from: (*old).to_owned(), to, at: Some((*site).to_owned()) });
                }
                _ => unclear.push(Unclear {
                    old: (*old).to_owned(),
                    site: (*site).to_owned(),
                    may_be: may_be.clone(),
                    is_there: true,
                }),
            }
        }
        // Where some were told apart by their sites, what is at none of these is no longer wanted there.
        for Claims { olds, by } in
            self.claims.values().filter(|claims| claims.by.iter().all(|id| !moved.contains(id)))
        {
            let places =
                olds.iter().flat_map(|old| self.known[old].iter().map(move |(site, ty)| (*old, *site, *ty)));
            for (old, site, ty) in places.filter(|(old, site, _)| !here.contains_key(&(*old, *site))) {
                let may_be: Vec<ResourceId> =
                    by.iter().copied().filter(|id| may_be_at(*id, site, ty)).collect();
                if !may_be.is_empty() {
                    unclear.push(Unclear {
                        old: old.to_owned(),
                        site: site.to_owned(),
                        may_be,
                        is_there: false,
                    });
                }
            }
        }
        (renames, unclear)
    }
}

fn declared(program: &Program) -> BTreeSet<&str> {
    program.resources.iter().map(|resource| resource.name.as_str()).collect()
}

/// Every name, and what its resource may have been called before, where only it can have been so called.
pub(super) fn former_names(program: &Program, recorded: &Recorded) -> BTreeMap<String, Vec<FormerPath>> {
    let former = former(program, recorded);
    if former.is_empty() {
        return BTreeMap::new();
    }
    let declared = declared(program);
    let former: Vec<FormerName> = former
        .into_iter()
        .filter(|former| program.resources[former.id.0 as usize].kind == ResourceKind::Managed)
        .collect();
    let mut n_at: BTreeMap<(String, u32), usize> = BTreeMap::new();
    let places = |former: &FormerName| {
        let sites: Vec<u32> =
            program.resources[former.id.0 as usize].instances.keys().map(|site| site.0).collect();
        let or = former.or.clone();
        or.into_iter().flat_map(move |or| sites.clone().into_iter().map(move |site| (or.clone(), site)))
    };
    for place in former.iter().flat_map(places) {
        *n_at.entry(place).or_default() += 1;
    }
    let mut n_others: BTreeMap<&str, usize> = BTreeMap::new();
    former
        .iter()
        .flat_map(|former| &former.others)
        .for_each(|other| *n_others.entry(other).or_default() += 1);
    let mut names: BTreeMap<String, Vec<FormerPath>> = BTreeMap::new();
    for former in &former {
        let or = former.or.as_ref().filter(|_| places(former).all(|place| n_at[&place] == 1));
        let was = [Some(&former.name), or]
            .into_iter()
            .flatten()
            .chain(former.others.iter().filter(|other| n_others[other.as_str()] == 1));
        let was = was.filter(|name| !declared.contains(name.as_str()));
        let resource = &program.resources[former.id.0 as usize];
        let was = was.map(|name| FormerPath { path: name.clone(), after_key: None });
        let is_claimed_once = former.is_only || former.family().is_none();
        let element = former.as_element(resource).filter(|_| is_claimed_once);
        let element = element
            .map(|(path, inside)| FormerPath { path: path.to_owned(), after_key: Some(inside.to_owned()) });
        names.entry(resource.name.clone()).or_default().extend(was.chain(element));
    }
    names
}

/// The state as it is after the renames.
pub(super) fn renamed(recorded: &Recorded, renames: &[Rename]) -> Recorded {
    let mut recorded = recorded.clone();
    let mut new: BTreeMap<&str, Vec<&Rename>> = BTreeMap::new();
    for rename in renames {
        new.entry(&rename.from).or_default().push(rename);
    }
    let rename = |name: &mut String, site: &str| {
        let renames = new.get(name.as_str()).into_iter().flatten();
        if let Some(rename) = renames.copied().find(|rename| rename.is_at(site)) {
            name.clone_from(&rename.to);
        }
    };
    for resource in &mut recorded.resources {
        rename(&mut resource.name, &resource.site);
        resource.needs.iter_mut().for_each(|(name, site)| rename(name, site));
    }
    recorded.guards.iter_mut().for_each(|guard| rename(&mut guard.name, &guard.site));
    for Rename { from, to, .. } in renames.iter().filter(|rename| rename.at.is_none()) {
        rename_choices(&mut recorded.choices, from, to);
        rename_choices(&mut recorded.chosen_sites, from, to);
    }
    recorded
}
