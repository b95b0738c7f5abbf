//! The meaning of scopes, by plain recursion, a file for each family of rules: [`locations`] (R4, R5, R6), [`standing`] (what
//! a cut does), [`quorum`], [`waves`] (R11), [`references`] (R8, R9), [`shares`] (R6); here `after`, groups and undoing.
//!
//! Written from the rules; of the scheduler, the plan and the lowering nothing is used. In come a program and [`Places`],
//! which answer single requests; out comes what must be seen of a run. `nantes & paris | lille`, paris refuses → nantes is
//! undone, lille is asked.

mod locations;
mod quorum;
mod references;
mod removed;
mod shares;
mod standing;
mod waves;

use std::collections::{BTreeMap, BTreeSet};

use super::program::{CALL, Loc, Program};
use standing::Evaluation;

pub(super) use shares::shares;
pub(super) use standing::kept;

/// A resource at a site.
pub(super) type Leaf = (usize, usize);

/// How a request ends, mildest first: of several the worst counts (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Done,
    /// Nobody asked for it: an operator has its site left out.
    LeftOut,
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

impl OnCut {
    /// How it ends there.
    pub(super) fn end(self) -> End {
        match self {
            OnCut::Queue => End::Waits,
            OnCut::Skip => End::LeftOut,
            OnCut::Fail => End::Failed(Outcome::Unavailable),
        }
    }
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
    /// The run leaves its site out, as an operator wishes.
    NotAsked,
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
    /// Whether an operator has the run leave a site out.
    fn is_left_out(&self, site: usize) -> bool;

    /// Has the resource at the site, if it may be.
    fn request(&mut self, leaf: Leaf, on_cut: OnCut) -> Answer;

    /// Has a copy of the resource there, brought from where it is; what is silent counts as one that waits.
    fn bring(&mut self, leaf: Leaf) -> End;

    /// Takes back what this run made there; false where it is owed, also since others that rely upon it may be there.
    fn undo(&mut self, leaf: Leaf) -> bool;

    /// Nobody asks for it any more: what was perhaps made there, and not answered, is owed.
    fn abandon(&mut self, leaf: Leaf);

    /// Has the operation on a coin done that must be done at most once.
    fn call(&mut self, coin: usize, site: usize) -> End;

    /// How guarding what is relied upon for this user ends; its site may be silent by now, which is as if it were left out.
    fn guarded_for(&self, relied: Leaf, user: Leaf) -> End;

    /// Whether it is there, or is to be deleted and may still be.
    fn may_be_there(&self, leaf: Leaf) -> bool;

    /// The guard on what is relied upon stands for these users.
    fn guard(&mut self, relied: Leaf, users: BTreeSet<Leaf>);

    /// Which of these alternatives is the one that an earlier run chose at this place of the resource's location.
    fn chosen(&self, resource: usize, place: &[usize], arms: &[Loc]) -> Option<usize>;

    /// An alternative holds.
    fn choose(&mut self, resource: usize, place: &[usize], arm: usize, of: &Loc);

    /// Whether the run is of a plan that was made after the runs before it, and so deletes what they left.
    fn is_planned_anew(&self) -> bool;

    /// What earlier runs made, and what it came after then.
    fn recorded(&self) -> BTreeMap<Leaf, BTreeSet<Leaf>>;

    /// What it was made after, as of this run.
    fn record(&mut self, leaf: Leaf, needs: BTreeSet<Leaf>);

    /// Deletes what an earlier run made.
    fn delete(&mut self, leaf: Leaf, on_cut: OnCut) -> End;
}

/// What must come of a run.
pub(super) fn run(program: &Program, places: &mut dyn Places) -> Seen {
    let recorded = places.recorded();
    let mut run = Run {
        program,
        places,
        leaves: BTreeMap::new(),
        has_made: BTreeMap::new(),
        copies: BTreeMap::new(),
        whole: BTreeMap::new(),
        guarded: BTreeSet::new(),
        given_up: BTreeSet::new(),
        left: BTreeSet::new(),
    };
    let mut outcomes = vec![Outcome::Done; program.resources.len()];
    let mut by_itself: BTreeMap<usize, Outcome> = BTreeMap::new();
    let mut verdict = Outcome::Done;
    for unit in program.units() {
        let after = unit.iter().flat_map(|number| &program.resources[*number].after);
        let before = after.filter(|other| !unit.contains(other)).map(|other| outcomes[*other]).max();
        let blocked = before.filter(|outcome| *outcome > Outcome::Done);
        let ended = run.unit(&unit, blocked);
        unit.iter().for_each(|number| outcomes[*number] = ended.outcome);
        unit.iter().for_each(|number| {
            run.whole.insert(*number, ended.outcome);
        });
        verdict = verdict.max(ended.whole);
        by_itself.extend(ended.items);
    }
    for (coin, site) in program.called() {
        let end = match outcomes[coin] {
            _ if run.places.is_left_out(site) => End::NotAsked,
            Outcome::Done => run.places.call(coin, site),
            blocked => End::Blocked(blocked),
        };
        run.leaves.insert((CALL + coin, site), (end, Undo::None));
        verdict = verdict.max(end.outcome());
    }
    // `on_failure: undo`, of each item of a group by itself: only when all has ended is it known that it failed.
    for (number, resource) in program.resources.iter().enumerate().rev() {
        let outcome = by_itself.get(&number).copied().unwrap_or(Outcome::Done);
        let has_failed = matches!(outcome, Outcome::Unavailable | Outcome::Invalid);
        if resource.is_undone && has_failed {
            for site in kept(resource).sites() {
                run.undo((number, site));
            }
        }
    }
    run.abandon_copies();
    verdict = verdict.max(run.remove(&recorded));
    run.record();
    run.leave_guards();
    // It is of what was asked for.
    let verdict = if verdict == Outcome::LeftOut { Outcome::Done } else { verdict };
    Seen { verdict, leaves: run.leaves }
}

impl End {
    /// What it counts as.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            End::Untried | End::LeftOut | End::Done { .. } => Outcome::Done,
            End::NotAsked => Outcome::LeftOut,
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
    /// How each resource ended as a whole.
    whole: BTreeMap<usize, Outcome>,
    /// Those for whom what they rely upon was guarded.
    guarded: BTreeSet<Leaf>,
    /// What only alternatives asked for that were left.
    given_up: BTreeSet<Leaf>,
    /// What is of alternatives that an earlier run left for another one.
    left: BTreeSet<Leaf>,
}

/// How a location ended.
struct Ended {
    /// For what stands around it and comes after it.
    outcome: Outcome,
    /// For the run: with a quorum the location may be done, and not all of it.
    whole: Outcome,
    /// Something is there: not all of it was left out.
    is_there: bool,
    /// Of each resource of a group by itself.
    items: BTreeMap<usize, Outcome>,
    occurrences: Vec<standing::Occurrence>,
}

impl Ended {
    fn new(outcome: Outcome, is_there: bool, occurrences: Vec<standing::Occurrence>) -> Self {
        Self { outcome, whole: outcome, is_there, items: BTreeMap::new(), occurrences }
    }

    /// The worst of several counts (R4).
    fn all(parts: Vec<Ended>) -> Self {
        let mut items: BTreeMap<usize, Outcome> = BTreeMap::new();
        for (number, outcome) in parts.iter().flat_map(|part| &part.items) {
            let worst = items.entry(*number).or_insert(*outcome);
            *worst = (*worst).max(*outcome);
        }
        Self {
            items,
            outcome: parts.iter().map(|part| part.outcome).max().unwrap_or(Outcome::Done),
            whole: parts.iter().map(|part| part.whole).max().unwrap_or(Outcome::Done),
            is_there: parts.iter().any(|part| part.is_there),
            occurrences: parts.into_iter().flat_map(|part| part.occurrences).collect(),
        }
    }
}

impl Run<'_> {
    /// A resource, or the resources of a group: one evaluation of one location.
    fn unit(&mut self, members: &[usize], blocked: Option<Outcome>) -> Ended {
        let program = self.program;
        let resource = &program.resources[members[0]];
        let loc = kept(resource);
        let leaves = |site: usize| members.iter().map(move |number| (*number, site));
        for leaf in loc.sites().into_iter().flat_map(leaves) {
            self.leaves.insert(leaf, (End::Untried, Undo::None));
        }
        if self.places.is_planned_anew() {
            let mut sites = BTreeSet::new();
            self.left_alternatives(members[0], &loc, &mut Vec::new(), &mut sites);
            self.left.extend(sites.into_iter().flat_map(leaves));
        }
        let mut evaluation = Evaluation::new(members, resource, &loc);
        let ended = match &resource.rollout {
            Some(rollout) => self.waves(&resource.waves(), rollout.stop_after, &mut evaluation, blocked),
            None => self.location(&loc, &mut evaluation, &mut Vec::new(), blocked),
        };
        // A site named twice is one request, undone only when every occurrence is given up.
        let given_up: Vec<Leaf> = evaluation.given_up().into_iter().flat_map(leaves).collect();
        // In reverse: what others rely upon goes after them.
        for leaf in given_up.into_iter().rev() {
            self.given_up.insert(leaf);
            self.undo(leaf);
            // What waits, since others of its copies were enough, does so for nobody any more.
            if let (End::Waits, undo) = self.leaves[&leaf] {
                self.leaves.insert(leaf, (End::Untried, undo));
            }
            self.places.abandon(leaf);
        }
        ended
    }

    /// All of it at one site; what of a group comes after other members comes after what these are there.
    fn site(&mut self, site: usize, evaluation: &Evaluation, blocked: Option<Outcome>) -> Outcome {
        let program = self.program;
        let mut ends: Vec<Outcome> = Vec::new();
        for number in &evaluation.members {
            let after =
                program.resources[*number].after.iter().filter(|other| evaluation.members.contains(other));
            let before = after.map(|other| self.leaves[&(*other, site)].0.outcome()).max();
            let blocked = blocked.max(before.filter(|outcome| *outcome > Outcome::Done));
            ends.push(self.request((*number, site), evaluation, blocked));
        }
        ends.into_iter().max().unwrap_or(Outcome::Done)
    }

    fn request(&mut self, leaf: Leaf, evaluation: &Evaluation, blocked: Option<Outcome>) -> Outcome {
        let on_cut = evaluation.on_cut(leaf.1);
        let (known, _) = self.leaves[&leaf];
        if known != End::Untried {
            return known.outcome();
        }
        if self.places.is_left_out(leaf.1) {
            self.leaves.insert(leaf, (End::NotAsked, Undo::None));
            return Outcome::LeftOut;
        }
        let blocked = blocked.max(self.lacks(leaf, on_cut, evaluation.is_left(leaf.1)));
        let end = match blocked {
            Some(outcome) => End::Blocked(outcome),
            None => {
                let answer = self.places.request(leaf, on_cut);
                self.has_made.insert(leaf, answer.has_made);
                answer.end
            }
        };
        self.leaves.insert(leaf, (end, Undo::None));
        end.outcome()
    }

    /// What each was made after: all of it, wherever that is.
    fn record(&mut self) {
        let program = self.program;
        for ((resource, site), (end, _)) in &self.leaves {
            let Some(what) = program.resources.get(*resource).filter(|_| matches!(end, End::Done { .. }))
            else {
                continue;
            };
            let all = |other: &usize| {
                let other = *other;
                kept(&program.resources[other]).sites().into_iter().map(move |site| (other, site))
            };
            self.places.record((*resource, *site), what.after.iter().flat_map(all).collect());
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
