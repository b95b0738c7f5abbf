//! What happens to the requests for one resource at one site, as the program's resources see it.
//!
//! Each is about one service at one site, and none depends on the clock or on what else is going on: so what must come of a
//! program can be said without saying in which order its requests are made. A [`Cut`] is about all of a site: what it means
//! for each request is known when it is seen how far that one had come ([`Fates::with_cut`]).

use std::collections::{BTreeMap, BTreeSet};

/// What happens to a create, and to what is asked before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing goes wrong.
    Fine,
    /// The service cannot be reached.
    Cut,
    /// The service refuses the credentials.
    Denied,
    /// There is no room.
    Refused,
    /// The service says that it cannot answer now, each time.
    Down,
    /// What is made never becomes ready.
    Broken,
    /// It is made, the answer is lost; the site can be asked.
    AnswerLost,
    /// The request is lost on its way, once.
    RequestLost,
    /// It is made, the answer is lost, and the service cannot be reached any more.
    AnswerLostThenCut,
    /// The request is lost on its way, and the service cannot be reached any more.
    RequestLostThenCut,
    /// It is made, but only after the answer is lost.
    Late,
    /// The network delivers the create twice: two are made, one is answered.
    DeliveredTwice,
    /// It is made, that is answered, and the service cannot be reached any more.
    CutAfterCreate,
    /// All of it is done, and then the service cannot be reached any more.
    CutWhenDone,
    /// The first request does not reach the service.
    Blinks,
    /// The first create is answered with "not now".
    Flickers,
}

/// From the answer to this create on, its whole site is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) resource: usize,
    pub(super) site: usize,
}

/// What happens in one run; what is not named is fine.
#[derive(Clone, Debug, Default)]
pub(super) struct Fates {
    pub(super) by_leaf: BTreeMap<(usize, usize), Fate>,
    pub(super) cut: Option<Cut>,
    /// Sites that an operator has the run leave out.
    pub(super) left_out: BTreeSet<usize>,
    /// Those for whom nothing could be written any more on what they rely upon, as it turned out.
    pub(super) unguarded: BTreeSet<(usize, usize)>,
}

/// How far the requests for one resource at one site had come when the site was cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// It was made, and not undone.
    pub(super) is_made: bool,
    /// Something was asked for after the cut, in vain, that was needed to have it.
    pub(super) is_refused: bool,
}

impl Fate {
    /// What is there once all is over cannot be asked any more.
    pub(super) fn falls_silent(self) -> bool {
        matches!(
            self,
            Fate::Cut
                | Fate::AnswerLostThenCut
                | Fate::RequestLostThenCut
                | Fate::CutAfterCreate
                | Fate::CutWhenDone
        )
    }
}

impl Fates {
    /// The same without the cut: each request at its site met with what the cut made of it.
    pub(super) fn with_cut(&self, progress: &BTreeMap<(usize, usize), Progress>) -> Fates {
        let mut by_leaf = self.by_leaf.clone();
        let cut = self.cut.map(|cut| cut.site);
        for (leaf, progress) in progress.iter().filter(|((_, site), _)| Some(*site) == cut) {
            by_leaf.insert(
                *leaf,
                match (progress.is_made, progress.is_refused) {
                    (true, true) => Fate::CutAfterCreate,
                    (true, false) => Fate::CutWhenDone,
                    (false, true) => Fate::Cut,
                    (false, false) => continue,
                },
            );
        }
        Fates { by_leaf, cut: None, ..self.clone() }
    }

    pub(super) fn of(&self, leaf: (usize, usize)) -> Fate {
        self.by_leaf.get(&leaf).copied().unwrap_or(Fate::Fine)
    }
}
