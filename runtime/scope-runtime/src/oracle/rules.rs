//! The meaning of scopes, by plain recursion: R4 (`&`), R5 (`|`), R6 (`%`), R11 (`after`), what a cut does, and undoing.
//!
//! Written from the rules; of the scheduler, the plan and the lowering nothing is used. In come a program and [`Places`],
//! which answer single requests; out comes what must be seen of a run. `nantes & paris | lille`, paris refuses → nantes is
//! undone, lille is asked.

use std::collections::BTreeMap;

use super::program::{Loc, OnDisconnect, Program, Resource};

/// A resource at a site.
pub(super) type Leaf = (usize, usize);

/// How a request ends, mildest first: of several the worst counts (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Done,
    Pending,
    Unavailable,
    Unknown,
    Invalid,
}

/// What becomes of a request whose site cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnCut {
    Queue,
    Skip,
    Fail,
}

/// How one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) end: End,
    /// It made something, or may have.
    pub(super) has_made: bool,
}

/// The end of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was not asked for.
    Untried,
    /// What it comes after did not end well.
    Blocked(Outcome),
    /// It is there, made by this run or not.
    Done { is_new: bool },
    /// Its site cannot be reached, and the program goes on without it.
    LeftOut,
    /// It waits for its site.
    Waits,
    /// It failed.
    Failed(Outcome),
}

/// What became of what it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undo {
    /// Nothing is to be undone.
    None,
    /// It is gone again.
    Done,
    /// It is there, perhaps, and will be deleted when its site is back.
    Owed,
}

/// What must be seen of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) verdict: Outcome,
    pub(super) leaves: BTreeMap<Leaf, (End, Undo)>,
}

/// What answers requests, keeps what was made, and remembers.
pub(super) trait Places {
    /// Has the resource at the site, if it may be.
    fn request(&mut self, leaf: Leaf, on_cut: OnCut) -> Answer;

    /// Takes back what this run made there; false where it is owed.
    fn undo(&mut self, leaf: Leaf) -> bool;

    /// The alternative that an earlier run chose at this place of the resource's location.
    fn chosen(&self, resource: usize, place: &[usize]) -> Option<usize>;

    /// An alternative holds.
    fn choose(&mut self, resource: usize, place: &[usize], arm: usize);
}

/// What must come of a run.
pub(super) fn run(program: &Program, places: &mut dyn Places) -> Seen {
    let mut run = Run { places, leaves: BTreeMap::new(), has_made: BTreeMap::new() };
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (number, resource) in program.resources.iter().enumerate() {
        let before = resource.after.iter().map(|other| outcomes[*other]).max();
        let blocked = before.filter(|outcome| *outcome > Outcome::Done);
        outcomes.push(run.resource(number, resource, blocked));
    }
    // `on_failure: undo`: only when all has ended is it known that it failed.
    for (number, resource) in program.resources.iter().enumerate() {
        let has_failed = matches!(outcomes[number], Outcome::Unavailable | Outcome::Invalid);
        if resource.is_undone && has_failed {
            for site in kept(resource).sites() {
                run.undo((number, site));
            }
        }
    }
    Seen { verdict: outcomes.into_iter().max().unwrap_or(Outcome::Done), leaves: run.leaves }
}

impl End {
    /// What it counts as.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            End::Untried | End::LeftOut | End::Done { .. } => Outcome::Done,
            End::Waits => Outcome::Pending,
            End::Blocked(outcome) | End::Failed(outcome) => outcome,
        }
    }
}

struct Run<'r> {
    places: &'r mut dyn Places,
    leaves: BTreeMap<Leaf, (End, Undo)>,
    has_made: BTreeMap<Leaf, bool>,
}

/// Where a site stands in a location, for all its occurrences.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    is_left: bool,
    is_copy: bool,
}

/// One evaluation of a location.
struct Evaluation {
    resource: usize,
    on_disconnect: Option<OnDisconnect>,
    standings: BTreeMap<usize, Standing>,
    /// For each site, whether each of its occurrences still holds it.
    holds: BTreeMap<usize, Vec<bool>>,
}

/// An occurrence of a site: the site and its number.
type Occurrence = (usize, usize);

impl Run<'_> {
    fn resource(&mut self, number: usize, resource: &Resource, blocked: Option<Outcome>) -> Outcome {
        let loc = kept(resource);
        let mut standings = BTreeMap::new();
        stand(&loc, Standing::default(), &mut standings);
        for site in loc.sites() {
            self.leaves.insert((number, site), (End::Untried, Undo::None));
        }
        let mut evaluation = Evaluation {
            resource: number,
            on_disconnect: resource.on_disconnect,
            standings,
            holds: BTreeMap::new(),
        };
        let (outcome, _) = self.location(&loc, &mut evaluation, &mut Vec::new(), blocked);
        // A site named twice is one request, undone only when every occurrence is given up.
        for (site, holds) in &evaluation.holds {
            if holds.iter().all(|holds| !holds) {
                self.undo((number, *site));
            }
        }
        outcome
    }

    fn location(
        &mut self,
        loc: &Loc,
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> (Outcome, Vec<Occurrence>) {
        match loc {
            Loc::Site(site) => {
                let outcome = self.request((evaluation.resource, *site), evaluation, blocked);
                (outcome, vec![evaluation.occurrence(*site, true)])
            }
            Loc::And(parts) => {
                let mut worst = Outcome::Done;
                let mut occurrences = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    place.push(index);
                    let (outcome, inside) = self.location(part, evaluation, place, blocked);
                    place.pop();
                    worst = worst.max(outcome);
                    occurrences.extend(inside);
                }
                (worst, occurrences)
            }
            Loc::Or(arms) => self.otherwise(arms, evaluation, place, blocked),
            Loc::Cross(parts, prime) => {
                place.push(*prime);
                let (mut worst, mut occurrences) = self.location(&parts[*prime], evaluation, place, blocked);
                place.pop();
                let blocked = Some(worst).filter(|outcome| *outcome > Outcome::Done);
                for (index, part) in parts.iter().enumerate().filter(|(index, _)| index != prime) {
                    place.push(index);
                    let (outcome, inside) = self.location(part, evaluation, place, blocked);
                    place.pop();
                    worst = worst.max(outcome);
                    occurrences.extend(inside);
                }
                (worst, occurrences)
            }
        }
    }

    /// From the left, what was chosen before first; only *unavailable* goes on.
    fn otherwise(
        &mut self,
        arms: &[Loc],
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> (Outcome, Vec<Occurrence>) {
        let chosen = self.places.chosen(evaluation.resource, place).filter(|arm| *arm < arms.len());
        let others = (0..arms.len()).filter(|arm| Some(*arm) != chosen);
        let order: Vec<usize> = chosen.into_iter().chain(others).collect();
        let mut occurrences = Vec::new();
        for (turn, arm) in order.iter().copied().enumerate() {
            place.push(arm);
            let (outcome, inside) = self.location(&arms[arm], evaluation, place, blocked);
            place.pop();
            let is_last = turn + 1 == arms.len();
            if outcome == Outcome::Unavailable && !is_last {
                evaluation.give_up(&inside);
                continue;
            }
            if outcome <= Outcome::Pending {
                self.places.choose(evaluation.resource, place, arm);
            }
            for untried in &order[turn + 1..] {
                evaluation.pass_over(&arms[*untried]);
            }
            occurrences.extend(inside);
            return (outcome, occurrences);
        }
        (Outcome::Unavailable, occurrences)
    }

    fn request(&mut self, leaf: Leaf, evaluation: &Evaluation, blocked: Option<Outcome>) -> Outcome {
        let (known, _) = self.leaves[&leaf];
        if known != End::Untried {
            return known.outcome();
        }
        let end = match blocked {
            Some(outcome) => End::Blocked(outcome),
            None => {
                let answer = self.places.request(leaf, evaluation.on_cut(leaf.1));
                self.has_made.insert(leaf, answer.has_made);
                answer.end
            }
        };
        self.leaves.insert(leaf, (end, Undo::None));
        end.outcome()
    }

    fn undo(&mut self, leaf: Leaf) {
        let has_made = self.has_made.get(&leaf).copied().unwrap_or(false);
        let (end, undo) = self.leaves[&leaf];
        if has_made && undo == Undo::None {
            let undo = if self.places.undo(leaf) { Undo::Done } else { Undo::Owed };
            self.leaves.insert(leaf, (end, undo));
        }
    }
}

impl Evaluation {
    fn occurrence(&mut self, site: usize, holds: bool) -> Occurrence {
        let all = self.holds.entry(site).or_default();
        all.push(holds);
        (site, all.len() - 1)
    }

    fn give_up(&mut self, occurrences: &[Occurrence]) {
        for (site, number) in occurrences {
            self.holds.get_mut(site).expect("it was counted")[*number] = false;
        }
    }

    /// An alternative that is not tried holds nothing.
    fn pass_over(&mut self, loc: &Loc) {
        match loc {
            Loc::Site(site) => {
                self.occurrence(*site, false);
            }
            Loc::And(parts) | Loc::Or(parts) | Loc::Cross(parts, _) => {
                parts.iter().for_each(|part| self.pass_over(part));
            }
        }
    }

    /// What the program says; else what is asked for left of a `|` fails, and copies wait.
    fn on_cut(&self, site: usize) -> OnCut {
        let standing = self.standings[&site];
        match self.on_disconnect {
            Some(OnDisconnect::Skip) => OnCut::Skip,
            _ if standing.is_left => OnCut::Fail,
            Some(OnDisconnect::Queue) => OnCut::Queue,
            Some(OnDisconnect::Fail | OnDisconnect::LocalOnly) => OnCut::Fail,
            None if standing.is_copy => OnCut::Queue,
            None => OnCut::Fail,
        }
    }
}

/// `local_only`: the entry site does it, the others are dropped.
fn kept(resource: &Resource) -> Loc {
    match resource.on_disconnect {
        Some(OnDisconnect::LocalOnly) => Loc::Site(0),
        _ => resource.loc.clone(),
    }
}

fn stand(loc: &Loc, standing: Standing, standings: &mut BTreeMap<usize, Standing>) {
    match loc {
        Loc::Site(site) => {
            let all = standings.entry(*site).or_default();
            all.is_left |= standing.is_left;
            all.is_copy |= standing.is_copy;
        }
        Loc::And(parts) => {
            for part in parts {
                stand(part, Standing { is_copy: true, ..standing }, standings);
            }
        }
        Loc::Or(arms) => {
            for (index, arm) in arms.iter().enumerate() {
                let is_left = standing.is_left || index + 1 < arms.len();
                stand(arm, Standing { is_left, ..standing }, standings);
            }
        }
        Loc::Cross(parts, prime) => {
            for (index, part) in parts.iter().enumerate() {
                stand(part, Standing { is_copy: index != *prime, ..standing }, standings);
            }
        }
    }
}

/// Each part of a `%` and its share: the floor, and what is left to the largest remainders, ties to the left (R6).
pub(super) fn shares(resource: &Resource) -> BTreeMap<usize, u32> {
    let Some((parts, _)) = resource.loc.cross() else {
        return kept(resource).sites().into_iter().map(|site| (site, resource.total)).collect();
    };
    let weights = resource.weights.clone().unwrap_or_else(|| vec![1; parts.len()]);
    let all: u32 = weights.iter().sum();
    let mut shares: Vec<u32> = weights.iter().map(|weight| resource.total * weight / all).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(resource.total * weights[*index] % all));
    let left = resource.total - shares.iter().sum::<u32>();
    for index in order.into_iter().take(left as usize) {
        shares[index] += 1;
    }
    let mut by_site: BTreeMap<usize, u32> =
        resource.loc.sites().into_iter().map(|site| (site, resource.total)).collect();
    for (part, share) in parts.iter().zip(shares) {
        by_site.extend(part.sites().into_iter().map(|site| (site, share)));
    }
    by_site
}
