//! A run that was seen, held against the rules: given how each request ended, the rest must be as they say.
//!
//! The ends are taken from the report, so that faults may fall at any time; which requests were made, what was undone, what
//! the whole came to is the rules' word. Paris timed out, and lille was asked → right; lille was not asked → wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::program::{CALL, Loc, Program};
use super::rules::{self, Answer, End, Leaf, OnCut, Outcome, Places, Seen, Undo};

/// What is wrong with the first run of a deployment; `held` is what its sites have after it,
/// `guarding` how what each relies upon was guarded for it.
pub(super) fn wrong(
    program: &Program,
    seen: &Seen,
    held: &BTreeSet<Leaf>,
    guarding: &BTreeMap<Leaf, End>,
) -> Vec<String> {
    let mut trace = Trace { program, seen, held, guarding, wrong: Vec::new() };
    let wanted = rules::run(program, &mut trace);
    let mut wrong = trace.wrong;
    for (leaf, wanted) in &wanted.leaves {
        let found = seen.leaves.get(leaf);
        if found != Some(wanted) {
            wrong.push(format!("{leaf:?}: {found:?}, not {wanted:?}"));
        }
    }
    if wanted.verdict != seen.verdict {
        wrong.push(format!("verdict {:?}, not {:?}", seen.verdict, wanted.verdict));
    }
    wrong
}

struct Trace<'t> {
    program: &'t Program,
    seen: &'t Seen,
    held: &'t BTreeSet<Leaf>,
    guarding: &'t BTreeMap<Leaf, End>,
    wrong: Vec<String>,
}

impl Trace<'_> {
    fn has_quorum(&self, (resource, _): Leaf) -> bool {
        self.program.resources[resource].quorum.is_some()
    }
}

impl Places for Trace<'_> {
    fn is_left_out(&self, _site: usize) -> bool {
        false
    }

    fn request(&mut self, leaf: Leaf, on_cut: OnCut) -> Answer {
        let (end, undo) = self.seen.leaves.get(&leaf).copied().unwrap_or((End::Untried, Undo::None));
        // A copy that others may make up for waits, too, whatever became of it.
        let is_spare = end == End::Waits && on_cut != OnCut::Queue && self.has_quorum(leaf);
        let end = if is_spare { End::Failed(Outcome::Unavailable) } else { end };
        let is_possible = match end {
            End::Untried | End::NotAsked | End::Blocked(_) => false,
            End::Waits => on_cut == OnCut::Queue,
            End::LeftOut => on_cut == OnCut::Skip,
            End::Done { .. } | End::Failed(_) => true,
        };
        if !is_possible {
            self.wrong.push(format!("{leaf:?} is wanted, {on_cut:?} where it is cut, and ended {end:?}"));
        }
        let is_left = matches!(end, End::Failed(_) | End::Waits | End::LeftOut) && self.held.contains(&leaf);
        Answer { end, has_made: end == End::Done { is_new: true } || undo != Undo::None || is_left }
    }

    /// Of what is brought the report says nothing in the words of the rules: no such program is played here.
    fn bring(&mut self, _leaf: Leaf) -> End {
        End::Untried
    }

    fn undo(&mut self, leaf: Leaf) -> bool {
        self.seen.leaves.get(&leaf).is_none_or(|(_, undo)| *undo != Undo::Owed)
    }

    fn abandon(&mut self, _leaf: Leaf) {}

    fn call(&mut self, coin: usize, site: usize) -> End {
        self.seen.leaves.get(&(CALL + coin, site)).map_or(End::Untried, |(end, _)| *end)
    }

    fn guarded_for(&self, _relied: Leaf, user: Leaf) -> End {
        self.guarding.get(&user).copied().unwrap_or(End::Untried)
    }

    fn may_be_there(&self, leaf: Leaf) -> bool {
        self.held.contains(&leaf)
    }

    /// Of guards in time it is told that they stand as long as they must, and no longer.
    fn guard(&mut self, _relied: Leaf, _users: BTreeSet<Leaf>) {}

    fn chosen(&self, _resource: usize, _place: &[usize], _arms: &[Loc]) -> Option<usize> {
        None
    }

    fn choose(&mut self, _resource: usize, _place: &[usize], _arm: usize, _of: &Loc) {}

    /// It is the first run: nothing was there before.
    fn is_planned_anew(&self) -> bool {
        false
    }

    fn recorded(&self) -> BTreeMap<Leaf, BTreeSet<Leaf>> {
        BTreeMap::new()
    }

    fn record(&mut self, _leaf: Leaf, _needs: BTreeSet<Leaf>) {}

    fn delete(&mut self, _leaf: Leaf, _on_cut: OnCut) -> End {
        End::Untried
    }
}
