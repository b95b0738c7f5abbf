//! What R4 and R5 say, by plain recursion over a location expression: the reference that the scheduler is held against.
//!
//! It shares nothing with the scheduler but the outcomes. Leaves are resources at a site; the same leaf may stand in
//! several places (`A & (A | B)`), and is then one step.

use std::collections::{BTreeMap, BTreeSet};

use crate::events::Outcome;

/// A location expression.
#[derive(Clone, Debug)]
pub(super) enum Loc {
    /// A resource at a site, by number.
    Leaf(usize),
    /// `a & b & …`
    And(Vec<Loc>),
    /// `a | b | …`
    Or(Vec<Loc>),
}

/// How a leaf ends, and whether it leaves something new at its site.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) creates: bool,
}

/// What must come out.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Leaves that are done or tried.
    pub(super) tried: BTreeSet<usize>,
    /// Leaves whose creation is taken back.
    pub(super) undone: BTreeSet<usize>,
}

/// Evaluates `loc`, where the leaves answer so; the outcome, and what happened.
pub(super) fn evaluate(loc: &Loc, answers: &[Answer]) -> (Outcome, Expected) {
    let mut run = Run { answers, expected: Expected::default(), places: BTreeMap::new(), next_place: 0 };
    let (outcome, _) = run.eval(loc);
    for (leaf, places) in &run.places {
        // One step: undone only when every place that stands for it was given up.
        if run.expected.tried.contains(leaf)
            && answers[*leaf].creates
            && places.values().all(|place| *place == Place::GivenUp)
        {
            run.expected.undone.insert(*leaf);
        }
    }
    (outcome, run.expected)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Held,
    GivenUp,
}

struct Run<'a> {
    answers: &'a [Answer],
    expected: Expected,
    /// Leaf → each place where it stands.
    places: BTreeMap<usize, BTreeMap<usize, Place>>,
    next_place: usize,
}

impl Run<'_> {
    /// The outcome and the places in it.
    fn eval(&mut self, loc: &Loc) -> (Outcome, Vec<(usize, usize)>) {
        match loc {
            Loc::Leaf(leaf) => {
                self.expected.tried.insert(*leaf);
                let place = self.place(*leaf, Place::Held);
                (self.answers[*leaf].outcome, vec![place])
            }
            Loc::And(parts) => {
                let mut worst = Outcome::Done;
                let mut places = Vec::new();
                for part in parts {
                    let (outcome, inside) = self.eval(part);
                    worst = worst.max(outcome);
                    places.extend(inside);
                }
                (worst, places)
            }
            Loc::Or(arms) => {
                let mut places = Vec::new();
                for (number, arm) in arms.iter().enumerate() {
                    let (outcome, inside) = self.eval(arm);
                    let is_last = number + 1 == arms.len();
                    if outcome != Outcome::Unavailable || is_last {
                        places.extend(inside);
                        for untried in &arms[number + 1..] {
                            self.never(untried);
                        }
                        return (outcome, places);
                    }
                    for (leaf, place) in inside {
                        self.places.entry(leaf).or_default().insert(place, Place::GivenUp);
                    }
                }
                (Outcome::Unavailable, places)
            }
        }
    }

    /// A part that is not tried: its places hold nothing.
    fn never(&mut self, loc: &Loc) {
        match loc {
            Loc::Leaf(leaf) => {
                self.place(*leaf, Place::GivenUp);
            }
            Loc::And(parts) | Loc::Or(parts) => parts.iter().for_each(|part| self.never(part)),
        }
    }

    fn place(&mut self, leaf: usize, state: Place) -> (usize, usize) {
        let place = self.next_place;
        self.next_place += 1;
        self.places.entry(leaf).or_default().insert(place, state);
        (leaf, place)
    }
}
