//! Sites as the rules see them: what each holds, and what happens to a request under a [`Fate`].
//!
//! No time, no transport: `AnswerLostThenCut` of a note → it is there, and the program sees *unavailable* (or waits, where
//! it may); of a coin, whose request must not be repeated → *unknown*.

use std::collections::{BTreeMap, BTreeSet};

use super::fate::{Fate, Fates};
use super::program::{CALL, Kind, Loc, Program};
use super::rules::{Answer, End, Leaf, OnCut, Outcome, Places};

/// What the sites hold and what is remembered from run to run.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// What is there, and whether it is broken.
    pub(super) there: BTreeMap<Leaf, There>,
    /// Undos that wait for their site; what each will find, if it can be told whose it is.
    pub(super) owed: BTreeMap<Leaf, bool>,
    /// What was sent and not answered since.
    unheard: BTreeSet<Leaf>,
    /// Which alternative was chosen where, and its sites.
    chosen: BTreeMap<(usize, Vec<usize>), (usize, BTreeSet<usize>)>,
    /// What each came after when it was made.
    needs: BTreeMap<Leaf, BTreeSet<Leaf>>,
    /// How each call ended, once it was sent; and which were done.
    called: BTreeMap<Leaf, End>,
    pub(super) n_called: usize,
    /// Plans are made after each run.
    is_planned_anew: bool,
    /// Who relies upon what, as is written on it.
    pub(super) guards: BTreeMap<Leaf, BTreeSet<Leaf>>,
}

impl World {
    /// Nothing is there, and each run is of a plan that is made before it.
    pub(super) fn planned_anew() -> Self {
        Self { is_planned_anew: true, ..Self::default() }
    }

    /// Whether others that rely upon it are there, or may be.
    fn is_relied_upon(&self, program: &Program, leaf: Leaf) -> bool {
        let all = self.there.keys().chain(self.owed.keys()).chain(&self.unheard);
        let mut users = all.filter(|user| {
            let about = program.resources.get(user.0).and_then(|user| user.about);
            about.is_some_and(|about| !program.has_alternatives_for(about, user.0))
        });
        users.any(|user| program.relied(*user) == Some(leaf))
    }
}

/// A resource at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct There {
    is_broken: bool,
    /// The run that made it learnt that it did.
    is_known: bool,
    /// And saw all of it done.
    is_whole: bool,
}

/// The sites during one run.
pub(super) struct Run<'r> {
    program: &'r Program,
    fates: &'r Fates,
    world: &'r mut World,
}

impl<'r> Run<'r> {
    pub(super) fn new(program: &'r Program, fates: &'r Fates, world: &'r mut World) -> Self {
        Self { program, fates, world }
    }

    /// At the end earlier debts are paid, where the site answers and the thing can be told from another's.
    pub(super) fn pay(program: &Program, world: &mut World) {
        // What others rely upon goes after them.
        let open: Vec<(Leaf, bool)> = world.owed.iter().rev().map(|(leaf, told)| (*leaf, *told)).collect();
        for (leaf, can_be_told) in open {
            if world.is_relied_upon(program, leaf) {
                continue;
            }
            if can_be_told {
                world.there.remove(&leaf);
            }
            if !world.there.contains_key(&leaf) {
                world.owed.remove(&leaf);
                world.unheard.remove(&leaf);
                world.guards.values_mut().for_each(|users| {
                    users.remove(&leaf);
                });
            }
        }
    }

    /// What is wanted again is not owed any more.
    fn make(&mut self, leaf: Leaf, there: There) {
        if there.is_whole {
            self.world.owed.remove(&leaf);
        }
        if there.is_known {
            self.world.unheard.remove(&leaf);
        }
        self.world.there.insert(leaf, there);
    }

    /// Whether it was sent by an earlier run, in an alternative, and nothing was heard of it since, nor may it be repeated.
    fn is_open(&self, leaf: Leaf) -> bool {
        let resource = &self.program.resources[leaf.0];
        self.world.unheard.contains(&leaf)
            && !resource.kind.is_repeatable()
            && resource.loc.is_alternative(leaf.1)
    }

    /// Sent, no answer, and the site cannot be asked.
    fn unheard(&mut self, leaf: Leaf, on_cut: OnCut) -> Answer {
        self.world.unheard.insert(leaf);
        let kind = self.program.resources[leaf.0].kind;
        let end = if kind.is_repeatable() { on_cut.end() } else { End::Failed(Outcome::Unknown) };
        Answer { end, has_made: true }
    }
}

impl Places for Run<'_> {
    fn is_left_out(&self, site: usize) -> bool {
        self.fates.left_out.contains(&site)
    }

    fn request(&mut self, leaf: Leaf, on_cut: OnCut) -> Answer {
        let kind = self.program.resources[leaf.0].kind;
        let nothing = |end| Answer { end, has_made: false };
        let fate = self.fates.of(leaf);
        match fate {
            // It may be there, and no second one would be known for ours: no other alternative gets its turn.
            Fate::Cut if on_cut == OnCut::Fail && self.is_open(leaf) => {
                return nothing(End::Failed(Outcome::Unknown));
            }
            Fate::Cut => return nothing(on_cut.end()),
            Fate::Denied => return nothing(End::Failed(Outcome::Invalid)),
            _ => {}
        }
        let there = self.world.there.get(&leaf).copied();
        match there {
            Some(There { is_broken: false, is_whole: true, .. }) => {
                return nothing(End::Done { is_new: false });
            }
            // Found by its mark, its name, or because the request is remembered: this run finishes what that one began.
            Some(There { is_broken: false, is_whole: false, .. }) => {
                self.make(leaf, There { is_broken: false, is_known: true, is_whole: true });
                return Answer { end: End::Done { is_new: true }, has_made: true };
            }
            // Ours and broken: made anew.
            Some(There { is_broken: true, .. }) | None => {}
        }
        let well = There { is_broken: false, is_known: true, is_whole: true };
        match fate {
            Fate::Refused | Fate::Down => nothing(End::Failed(Outcome::Unavailable)),
            Fate::Broken => {
                self.make(leaf, There { is_broken: true, ..well });
                Answer { end: End::Failed(Outcome::Unavailable), has_made: true }
            }
            // It is looked for before anything else: it was not done. Whether it may be sent again is the driver's word.
            Fate::RequestLost if !kind.is_repeatable() => nothing(End::Failed(Outcome::Unknown)),
            Fate::AnswerLostThenCut => {
                self.make(leaf, There { is_known: false, is_whole: false, ..well });
                self.unheard(leaf, on_cut)
            }
            Fate::RequestLostThenCut => self.unheard(leaf, on_cut),
            Fate::CutAfterCreate => self.answered(leaf, on_cut),
            Fate::Fine
            | Fate::AnswerLost
            | Fate::RequestLost
            | Fate::Late
            // One of them is left: the run looks for the other one.
            | Fate::DeliveredTwice
            | Fate::Blinks
            | Fate::Flickers
            | Fate::CutWhenDone => {
                self.make(leaf, well);
                Answer { end: End::Done { is_new: true }, has_made: true }
            }
            Fate::Cut | Fate::Denied => unreachable!("answered above"),
        }
    }

    fn bring(&mut self, leaf: Leaf) -> End {
        self.request(leaf, OnCut::Queue).end
    }

    fn undo(&mut self, leaf: Leaf) -> bool {
        if self.fates.of(leaf).falls_silent() || self.world.is_relied_upon(self.program, leaf) {
            // Known by its identity, or by our mark.
            let kind = self.program.resources[leaf.0].kind;
            let is_known = self.world.there.get(&leaf).is_some_and(|there| there.is_known);
            self.world.owed.insert(leaf, is_known || kind == Kind::Card);
            if let Some(there) = self.world.there.get_mut(&leaf) {
                (there.is_known, there.is_whole) = (false, false);
            }
            return false;
        }
        self.world.there.remove(&leaf);
        self.world.unheard.remove(&leaf);
        true
    }

    fn abandon(&mut self, leaf: Leaf) {
        let kind = self.program.resources[leaf.0].kind;
        if self.world.unheard.contains(&leaf) {
            self.world.owed.entry(leaf).or_insert(kind == Kind::Card);
        }
    }

    /// Known to be done, or sent and nothing heard: either way it is not sent again.
    fn call(&mut self, coin: usize, site: usize) -> End {
        let leaf = (CALL + coin, site);
        match self.world.called.get(&leaf) {
            Some(End::Done { .. }) => return End::Done { is_new: false },
            Some(unknown) => return *unknown,
            None => {}
        }
        let (end, n_called) = match self.fates.of(leaf) {
            Fate::Cut => return End::Failed(Outcome::Unavailable),
            Fate::Denied => return End::Failed(Outcome::Invalid),
            Fate::AnswerLost | Fate::AnswerLostThenCut => (End::Failed(Outcome::Unknown), 1),
            Fate::RequestLost => (End::Failed(Outcome::Unknown), 0),
            _ => (End::Done { is_new: true }, 1),
        };
        self.world.called.insert(leaf, end);
        self.world.n_called += n_called;
        end
    }

    fn guarded_for(&self, relied: Leaf, user: Leaf) -> End {
        let is_silent = self.fates.of(relied).falls_silent() && self.fates.unguarded.contains(&user);
        if is_silent { End::LeftOut } else { End::Done { is_new: false } }
    }

    fn may_be_there(&self, leaf: Leaf) -> bool {
        self.world.owed.contains_key(&leaf) || self.world.there.contains_key(&leaf)
    }

    fn guard(&mut self, relied: Leaf, users: BTreeSet<Leaf>) {
        self.world.guards.insert(relied, users);
    }

    fn chosen(&self, resource: usize, place: &[usize], arms: &[Loc]) -> Option<usize> {
        let (number, sites) = self.world.chosen.get(&(resource, place.to_vec()))?;
        let alike = |arm: &usize| {
            let here = arms[*arm].sites();
            (here == *sites, here.intersection(sites).count(), arm == number, std::cmp::Reverse(*arm))
        };
        let arm = (0..arms.len()).max_by_key(alike)?;
        (!arms[arm].sites().is_disjoint(sites)).then_some(arm)
    }

    fn choose(&mut self, resource: usize, place: &[usize], arm: usize, of: &Loc) {
        self.world.chosen.insert((resource, place.to_vec()), (arm, of.sites()));
    }

    fn is_planned_anew(&self) -> bool {
        self.world.is_planned_anew
    }

    fn recorded(&self) -> BTreeMap<Leaf, BTreeSet<Leaf>> {
        let known = self.world.there.iter().filter(|(_, there)| there.is_known);
        known.map(|(leaf, _)| (*leaf, self.world.needs.get(leaf).cloned().unwrap_or_default())).collect()
    }

    fn record(&mut self, leaf: Leaf, needs: BTreeSet<Leaf>) {
        self.world.needs.insert(leaf, needs);
    }

    fn delete(&mut self, leaf: Leaf, on_cut: OnCut) -> End {
        match self.fates.of(leaf) {
            Fate::Cut => return on_cut.end(),
            Fate::Denied => return End::Failed(Outcome::Invalid),
            _ => {}
        }
        self.world.there.remove(&leaf);
        self.world.needs.remove(&leaf);
        End::Done { is_new: true }
    }
}

impl Run<'_> {
    /// The create was answered, and nothing after it is. A card is ready only later, and a note's answer tells nothing of
    /// it; of the others the answer is all there is to know.
    fn answered(&mut self, leaf: Leaf, on_cut: OnCut) -> Answer {
        let is_whole = !matches!(self.program.resources[leaf.0].kind, Kind::Note | Kind::Card);
        self.make(leaf, There { is_broken: false, is_known: true, is_whole });
        let end = if is_whole { End::Done { is_new: true } } else { on_cut.end() };
        Answer { end, has_made: true }
    }
}
