//! A program as the reference knows it, and its text.
//!
//! Site 0 is the entry. Resource number 3 is `r3`, of a type and a service of its own, so that what happens to one request
//! happens to no other. `Or([Site(0), And([Site(1), Site(2)])])` → `scope { s3: here | (paris & lille) }`.

mod kinds;
mod text;

use std::collections::BTreeSet;

use super::rules::kept;

pub(super) use kinds::Kind;

/// The sites' names, by number.
pub(super) const SITES: [&str; 4] = ["nantes", "paris", "lille", "rennes"];

/// The number of a site.
pub(super) fn site_number(name: &str) -> usize {
    SITES.iter().position(|site| *site == name).expect("one of the sites")
}

/// A program.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) n_sites: usize,
    /// How many requests a site takes at once.
    pub(super) concurrency: usize,
    /// All resources are of one service, `s0`, so that what is heard from one is heard of all.
    pub(super) has_one_service: bool,
    pub(super) resources: Vec<Resource>,
    /// `call c0: toy.coin0.spin { id: r0.id }` of coins at one site each: an operation that must not be repeated.
    pub(super) calls: Vec<usize>,
    /// Resources that are one group, `g`, made at one location together: the items of a module, in order.
    pub(super) group: Vec<usize>,
    /// Resources that are called otherwise than they were, `n3` with `moved_from: "r3"`.
    pub(super) renamed: BTreeSet<usize>,
    /// Resources that the program had once, and has no more.
    pub(super) gone: BTreeSet<usize>,
}

/// What stands for the call of a coin where resources are numbered: this and the coin's number.
pub(super) const CALL: usize = 100;

/// One `resource` item.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) loc: Loc,
    /// `with { after: … }`: earlier resources.
    pub(super) after: Vec<usize>,
    /// `with { on_disconnect: … }`
    pub(super) on_disconnect: Option<OnDisconnect>,
    /// `with { on_failure: undo }`
    pub(super) is_undone: bool,
    /// What a tally counts, divided by a `%`.
    pub(super) total: u32,
    /// `with { weights: … }`, for the parts in order.
    pub(super) weights: Option<Vec<u32>>,
    /// `with { quorum: … }`
    pub(super) quorum: Option<usize>,
    /// `with { rollout: … }`, of copies at plain sites.
    pub(super) rollout: Option<Rollout>,
    /// The seal that a slip refers to, the pier that a boat relies upon, the tally that another one reads.
    pub(super) about: Option<usize>,
}

/// Waves, in which also what is new is made.
#[derive(Clone, Debug)]
pub(super) struct Rollout {
    /// The first wave.
    pub(super) first: Vec<usize>,
    /// So many sites at a time after it.
    pub(super) then: usize,
    pub(super) stop_after: usize,
}

/// A location.
#[derive(Clone, Debug)]
pub(super) enum Loc {
    Site(usize),
    And(Vec<Loc>),
    Or(Vec<Loc>),
    /// The parts, and which of them is the prime.
    Cross(Vec<Loc>, usize),
}

/// `on_disconnect`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDisconnect {
    Queue,
    Skip,
    Fail,
    LocalOnly,
}

impl Loc {
    /// The sites in it, each once.
    pub(super) fn sites(&self) -> BTreeSet<usize> {
        match self {
            Loc::Site(site) => BTreeSet::from([*site]),
            Loc::And(parts) | Loc::Or(parts) | Loc::Cross(parts, _) => {
                parts.iter().flat_map(Loc::sites).collect()
            }
        }
    }

    /// Whether there is a `|` in it.
    pub(super) fn has_choice(&self) -> bool {
        match self {
            Loc::Site(_) => false,
            Loc::Or(_) => true,
            Loc::And(parts) | Loc::Cross(parts, _) => parts.iter().any(Loc::has_choice),
        }
    }

    /// Whether a site stands in an alternative of it.
    pub(super) fn is_alternative(&self, site: usize) -> bool {
        match self {
            Loc::Site(_) => false,
            Loc::Or(arms) => arms.iter().any(|arm| arm.sites().contains(&site)),
            Loc::And(parts) | Loc::Cross(parts, _) => parts.iter().any(|part| part.is_alternative(site)),
        }
    }

    /// Whether it is at a site, whichever alternatives are taken.
    pub(super) fn is_surely_at(&self, site: usize) -> bool {
        match self {
            Loc::Site(other) => *other == site,
            Loc::And(parts) | Loc::Cross(parts, _) => parts.iter().any(|part| part.is_surely_at(site)),
            Loc::Or(arms) => arms.iter().all(|arm| arm.is_surely_at(site)),
        }
    }

    /// The `%` in it; the generator makes at most one.
    pub(super) fn cross(&self) -> Option<(&[Loc], usize)> {
        match self {
            Loc::Cross(parts, prime) => Some((parts, *prime)),
            Loc::Or(arms) | Loc::And(arms) => arms.iter().find_map(Loc::cross),
            Loc::Site(_) => None,
        }
    }

    /// The copies of an `&`, those of one inside it too; of anything else it is one.
    pub(super) fn copies(&self) -> Vec<&Loc> {
        match self {
            Loc::And(parts) => parts.iter().flat_map(Loc::copies).collect(),
            _ => vec![self],
        }
    }

    /// How many copies each outermost `&` has.
    pub(super) fn counts(&self) -> Vec<usize> {
        match self {
            Loc::And(_) => vec![self.copies().len()],
            Loc::Or(arms) => arms.iter().flat_map(Loc::counts).collect(),
            Loc::Site(_) | Loc::Cross(..) => Vec::new(),
        }
    }
}

impl Program {
    /// The type of a resource: `toy.card3`.
    pub(super) fn resource_type(&self, resource: usize) -> String {
        format!("toy.{}{resource}", self.resources[resource].kind.name())
    }

    /// What a resource is called: `r3`, or `n3` if it has a new name.
    pub(super) fn name(&self, resource: usize) -> String {
        if self.renamed.contains(&resource) { format!("n{resource}") } else { format!("r{resource}") }
    }

    /// The coins that are called, each with its site.
    pub(super) fn called(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.calls
            .iter()
            .filter_map(|coin| Some((*coin, self.resources[*coin].loc.sites().into_iter().next()?)))
    }

    /// What a resource at a site relies upon: the one at this very site, or the only one (R9). The parts of a whole name its
    /// prime, which alone relies upon it.
    pub(super) fn relied(&self, (resource, site): (usize, usize)) -> Option<(usize, usize)> {
        let what = self.resources.get(resource)?;
        let about = what.about.filter(|_| what.kind.relies() && !what.followers().contains(&site))?;
        let sites = kept(&self.resources[about]).sites();
        let there = if sites.contains(&site) { site } else { *sites.first()? };
        Some((about, there))
    }

    /// Whether a resource that refers to another one takes it wherever one of its alternatives ends: those of a group, which
    /// take the same one, have it beside them, and so has what is only where each alternative is.
    pub(super) fn has_alternatives_for(&self, about: usize, user: usize) -> bool {
        let place = kept(&self.resources[about]);
        let is_with_it = self.group.contains(&about) && self.group.contains(&user);
        let is_beside = || self.resources[user].loc.sites().into_iter().all(|site| place.is_surely_at(site));
        place.has_choice() && !is_with_it && !is_beside()
    }

    /// What a resource may rely upon, of what is there: one thing, or one of its alternatives.
    pub(super) fn may_rely(
        &self,
        user: (usize, usize),
        held: &BTreeSet<(usize, usize)>,
    ) -> BTreeSet<(usize, usize)> {
        let Some((about, site)) = self.relied(user) else { return BTreeSet::new() };
        if !self.has_alternatives_for(about, user.0) {
            return BTreeSet::from([(about, site)]);
        }
        let sites = kept(&self.resources[about]).sites().into_iter();
        sites.map(|site| (about, site)).filter(|leaf| held.contains(leaf)).collect()
    }

    /// What is made together, in order: a resource by itself, or all of the group.
    pub(super) fn units(&self) -> Vec<Vec<usize>> {
        let starts = |number: &usize| !self.group.contains(number) || self.group.first() == Some(number);
        let unit = |number| if self.group.contains(&number) { self.group.clone() } else { vec![number] };
        let is_here = |number: &usize| !self.gone.contains(number);
        (0..self.resources.len()).filter(is_here).filter(starts).map(unit).collect()
    }
}

impl Resource {
    /// Of which nothing more is said.
    pub(super) fn plain(kind: Kind, loc: Loc, after: Vec<usize>) -> Self {
        Self {
            kind,
            loc,
            after,
            on_disconnect: None,
            is_undone: false,
            total: 0,
            weights: None,
            quorum: None,
            rollout: None,
            about: None,
        }
    }

    /// The waves of a rollout: the first one, then so many of the other sites at a time, in the order of the scope.
    pub(super) fn waves(&self) -> Vec<Vec<usize>> {
        let (Some(rollout), Loc::And(parts)) = (&self.rollout, &self.loc) else { return Vec::new() };
        let sites = parts.iter().flat_map(Loc::sites);
        let others: Vec<usize> = sites.filter(|site| !rollout.first.contains(site)).collect();
        let first = std::iter::once(rollout.first.clone());
        first.chain(others.chunks(rollout.then).map(<[usize]>::to_vec)).collect()
    }

    /// The site of the part of a `%` that holds its identity.
    pub(super) fn prime(&self) -> Option<usize> {
        let (parts, prime) = self.loc.cross()?;
        parts[prime].sites().first().copied()
    }

    /// The sites of the parts of a `%` that only name its prime.
    pub(super) fn followers(&self) -> BTreeSet<usize> {
        let parts = self
            .loc
            .cross()
            .map(|(parts, prime)| parts.iter().enumerate().filter(move |(number, _)| *number != prime));
        parts.into_iter().flatten().flat_map(|(_, part)| part.sites()).collect()
    }
}
