//! The meaning of scopes, by plain recursion: R4 (`&`), R5 (`|`), R6 (`%`), R8 (references, copies that are brought), R11
//! (`after`, waves), quorums, what a cut does, and undoing.
//!
//! Written from the rules; of the scheduler, the plan and the lowering nothing is used. In come a program and [`Places`],
//! which answer single requests; out comes what must be seen of a run. `nantes & paris | lille`, paris refuses → nantes is
//! undone, lille is asked.

use std::collections::BTreeMap;

use super::program::{CALL, Loc, OnDisconnect, Program, Resource};

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

    /// Has a copy of the resource there, brought from where it is; what is silent counts as one that waits.
    fn bring(&mut self, leaf: Leaf) -> End;

    /// Takes back what this run made there; false where it is owed.
    fn undo(&mut self, leaf: Leaf) -> bool;

    /// Has the operation done that must be done at most once.
    fn call(&mut self, site: usize) -> End;

    /// The alternative that an earlier run chose at this place of the resource's location.
    fn chosen(&self, resource: usize, place: &[usize]) -> Option<usize>;

    /// An alternative holds.
    fn choose(&mut self, resource: usize, place: &[usize], arm: usize);
}

/// What must come of a run.
pub(super) fn run(program: &Program, places: &mut dyn Places) -> Seen {
    let (leaves, has_made, copies) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut run = Run { program, places, leaves, has_made, copies };
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut verdict = Outcome::Done;
    for (number, resource) in program.resources.iter().enumerate() {
        let before = resource.after.iter().map(|other| outcomes[*other]).max();
        let blocked = before.filter(|outcome| *outcome > Outcome::Done);
        let ended = run.resource(number, resource, blocked);
        outcomes.push(ended.outcome);
        verdict = verdict.max(ended.whole);
    }
    if let Some((resource, site)) = program.called() {
        let end = match outcomes[resource] {
            Outcome::Done => run.places.call(site),
            blocked => End::Blocked(blocked),
        };
        run.leaves.insert((CALL, site), (end, Undo::None));
        verdict = verdict.max(end.outcome());
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
    Seen { verdict, leaves: run.leaves }
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
    program: &'r Program,
    places: &'r mut dyn Places,
    leaves: BTreeMap<Leaf, (End, Undo)>,
    has_made: BTreeMap<Leaf, bool>,
    /// What was brought where: one copy for all who need it there.
    copies: BTreeMap<Leaf, End>,
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
    /// Of the outermost `&`, while it has not come.
    quorum: Option<usize>,
    standings: BTreeMap<usize, Standing>,
    /// For each site, whether each of its occurrences still holds it.
    holds: BTreeMap<usize, Vec<bool>>,
}

/// An occurrence of a site: the site and its number.
type Occurrence = (usize, usize);

/// How a location ended.
struct Ended {
    /// For what stands around it and comes after it.
    outcome: Outcome,
    /// For the run: with a quorum the location may be done, and not all of it.
    whole: Outcome,
    /// Something is there: not all of it was left out.
    is_there: bool,
    occurrences: Vec<Occurrence>,
}

impl Ended {
    fn new(outcome: Outcome, is_there: bool, occurrences: Vec<Occurrence>) -> Self {
        Self { outcome, whole: outcome, is_there, occurrences }
    }

    /// The worst of several counts (R4).
    fn all(parts: Vec<Ended>) -> Self {
        Self {
            outcome: parts.iter().map(|part| part.outcome).max().unwrap_or(Outcome::Done),
            whole: parts.iter().map(|part| part.whole).max().unwrap_or(Outcome::Done),
            is_there: parts.iter().any(|part| part.is_there),
            occurrences: parts.into_iter().flat_map(|part| part.occurrences).collect(),
        }
    }
}

impl Run<'_> {
    fn resource(&mut self, number: usize, resource: &Resource, blocked: Option<Outcome>) -> Ended {
        let loc = kept(resource);
        let mut standings = BTreeMap::new();
        stand(&loc, Standing::default(), &mut standings);
        for site in loc.sites() {
            self.leaves.insert((number, site), (End::Untried, Undo::None));
        }
        let mut evaluation = Evaluation {
            resource: number,
            on_disconnect: resource.on_disconnect,
            quorum: resource.quorum,
            standings,
            holds: BTreeMap::new(),
        };
        let ended = match &resource.rollout {
            Some(rollout) => self.waves(&resource.waves(), rollout.stop_after, &mut evaluation, blocked),
            None => self.location(&loc, &mut evaluation, &mut Vec::new(), blocked),
        };
        // A site named twice is one request, undone only when every occurrence is given up.
        for (site, holds) in &evaluation.holds {
            if holds.iter().all(|holds| !holds) {
                self.undo((number, *site));
            }
        }
        ended
    }

    fn location(
        &mut self,
        loc: &Loc,
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Ended {
        match loc {
            Loc::Site(site) => {
                let leaf = (evaluation.resource, *site);
                let outcome = self.request(leaf, evaluation, blocked);
                let is_there = matches!(self.leaves[&leaf].0, End::Done { .. });
                Ended::new(outcome, is_there, vec![evaluation.occurrence(*site, true)])
            }
            Loc::And(parts) => match evaluation.quorum.take() {
                Some(need) => {
                    let ended = self.quorum(need, &loc.copies(), evaluation, place, blocked);
                    evaluation.quorum = Some(need);
                    ended
                }
                None => Ended::all(self.parts(parts.iter().enumerate(), evaluation, place, blocked)),
            },
            Loc::Or(arms) => self.otherwise(arms, evaluation, place, blocked),
            Loc::Cross(parts, prime) => {
                let numbered = parts.iter().enumerate();
                let (first, others): (Vec<_>, Vec<_>) = numbered.partition(|(index, _)| index == prime);
                let mut all = self.parts(first.into_iter(), evaluation, place, blocked);
                let blocked = Some(all[0].outcome).filter(|outcome| *outcome > Outcome::Done);
                all.extend(self.parts(others.into_iter(), evaluation, place, blocked));
                Ended::all(all)
            }
        }
    }

    fn parts<'l>(
        &mut self,
        parts: impl Iterator<Item = (usize, &'l Loc)>,
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Vec<Ended> {
        let mut all = Vec::new();
        for (index, part) in parts {
            place.push(index);
            all.push(self.location(part, evaluation, place, blocked));
            place.pop();
        }
        all
    }

    /// One wave after the other, while fewer sites than are borne have failed; one of which all that there is waits proves
    /// nothing, and those after it wait, too.
    fn waves(
        &mut self,
        waves: &[Vec<usize>],
        stop_after: usize,
        evaluation: &mut Evaluation,
        blocked: Option<Outcome>,
    ) -> Ended {
        let mut all = Vec::new();
        let mut n_failed = 0;
        let mut held = None;
        for wave in waves {
            let blocked = blocked.max(held);
            let sites = wave
                .iter()
                .map(|site| self.location(&Loc::Site(*site), evaluation, &mut Vec::new(), blocked));
            let sites: Vec<Ended> = sites.collect();
            let is_any = |is: &dyn Fn(Outcome) -> bool| sites.iter().any(|site| is(site.outcome));
            n_failed += sites.iter().filter(|site| site.outcome > Outcome::Pending).count();
            held = match n_failed >= stop_after {
                true => Some(Outcome::Unavailable),
                false if is_any(&|end| end == Outcome::Pending) && !is_any(&|end| end == Outcome::Done) => {
                    Some(Outcome::Pending)
                }
                false => held,
            };
            all.extend(sites);
        }
        Ended::all(all)
    }

    /// So many copies are enough: with them it is done, and the others are kept for later. With too few that are done or
    /// may still be, it is unavailable; *unknown* and *invalid* are no matter of counting.
    fn quorum(
        &mut self,
        need: usize,
        parts: &[&Loc],
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Ended {
        // What an alternative before asked for has ended, and keeps its end.
        let is_asked = |run: &Self, site| run.leaves[&(evaluation.resource, site)].0 != End::Untried;
        let fresh = parts.iter().filter_map(|copy| match copy {
            Loc::Site(site) if !is_asked(self, *site) => Some((evaluation.resource, *site)),
            _ => None,
        });
        let fresh: Vec<Leaf> = fresh.collect();
        let copies = self.parts(parts.iter().copied().enumerate(), evaluation, place, blocked);
        let count = |is: &dyn Fn(&Ended) -> bool| copies.iter().filter(|copy| is(copy)).count();
        let n_done = count(&|copy| copy.outcome == Outcome::Done && copy.is_there);
        let n_waiting = count(&|copy| copy.outcome == Outcome::Pending);
        let worst = copies.iter().map(|copy| copy.outcome).max().unwrap_or(Outcome::Done);
        let is_missed = n_done + n_waiting < need;
        let outcome = match worst {
            _ if n_done >= need => Outcome::Done,
            Outcome::Unknown | Outcome::Invalid => worst,
            _ if is_missed => Outcome::Unavailable,
            _ => Outcome::Pending,
        };
        let kept = |outcome| if outcome == Outcome::Unavailable { Outcome::Pending } else { outcome };
        let whole = copies.iter().map(|copy| kept(copy.whole)).max().unwrap_or(Outcome::Done);
        for leaf in fresh.into_iter().filter(|_| !is_missed) {
            let (end, undo) = self.leaves[&leaf];
            if end == End::Failed(Outcome::Unavailable) {
                self.leaves.insert(leaf, (End::Waits, undo));
            }
        }
        let all = Ended::all(copies);
        Ended { outcome, whole: whole.max(outcome), ..all }
    }

    /// From the left, what was chosen before first; only *unavailable* goes on.
    fn otherwise(
        &mut self,
        arms: &[Loc],
        evaluation: &mut Evaluation,
        place: &mut Vec<usize>,
        blocked: Option<Outcome>,
    ) -> Ended {
        let chosen = self.places.chosen(evaluation.resource, place).filter(|arm| *arm < arms.len());
        let others = (0..arms.len()).filter(|arm| Some(*arm) != chosen);
        let order: Vec<usize> = chosen.into_iter().chain(others).collect();
        for (turn, arm) in order.iter().copied().enumerate() {
            place.push(arm);
            let ended = self.location(&arms[arm], evaluation, place, blocked);
            place.pop();
            let is_last = turn + 1 == arms.len();
            if ended.outcome == Outcome::Unavailable && !is_last {
                evaluation.give_up(&ended.occurrences);
                continue;
            }
            if ended.outcome <= Outcome::Pending {
                self.places.choose(evaluation.resource, place, arm);
            }
            for untried in &order[turn + 1..] {
                evaluation.pass_over(&arms[*untried]);
            }
            return ended;
        }
        Ended::new(Outcome::Unavailable, false, Vec::new())
    }

    fn request(&mut self, leaf: Leaf, evaluation: &Evaluation, blocked: Option<Outcome>) -> Outcome {
        let (known, _) = self.leaves[&leaf];
        if known != End::Untried {
            return known.outcome();
        }
        let blocked = blocked.max(self.lacks(leaf, evaluation.on_cut(leaf.1)));
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

    /// What is wrong with what it refers to, where it is needed (R8): in place, or a copy of one that is there. Where that is
    /// left out or cannot be reached, it is as if its own site were cut.
    fn lacks(&mut self, (resource, site): Leaf, on_cut: OnCut) -> Option<Outcome> {
        let about = self.program.resources[resource].about?;
        let sites = kept(&self.program.resources[about]).sites();
        let ends: Vec<End> = sites.iter().map(|origin| self.leaves[&(about, *origin)].0).collect();
        let is_done = |end: &End| matches!(end, End::Done { .. });
        let end = match ends.as_slice() {
            _ if sites.contains(&site) => self.leaves[&(about, site)].0,
            [one] if !is_done(one) => *one,
            all if !all.iter().any(is_done) => End::Failed(Outcome::Unavailable),
            _ => match self.copies.get(&(about, site)) {
                Some(known) => *known,
                None => {
                    let brought = match self.places.bring((about, site)) {
                        End::Waits => End::LeftOut,
                        other => other,
                    };
                    self.copies.insert((about, site), brought);
                    brought
                }
            },
        };
        let as_if_cut = match on_cut {
            OnCut::Queue => Outcome::Pending,
            OnCut::Skip => Outcome::Done,
            OnCut::Fail => Outcome::Unavailable,
        };
        match end {
            End::Done { .. } => None,
            End::LeftOut | End::Blocked(Outcome::Done) => Some(as_if_cut),
            other => Some(other.outcome()),
        }
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
