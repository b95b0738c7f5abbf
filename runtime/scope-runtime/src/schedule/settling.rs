//! From one step's end to the next one's beginning: who waits for it, and whether what waits is ready or will never be.
//!
//! `look-up: done` → `server` has all it needs → ready. `look-up: unavailable` → `server` is skipped, *unavailable* too.

use scope_plan::plan::{ChoiceId, StepId};

use super::graph::{Need, OnCut, Work as StepWork};
use super::mutants::{self, Mutant};
use super::{Blocked, Outcome, Schedule, SkipReason, StepState, Work};

impl Schedule {
    /// Is a waiting step ready, or is it clear that it will not be done?
    pub(super) fn check(&mut self, step: StepId) {
        let record = &self.steps[step.index()];
        let is_wanted = record.n_active > 0 || self.graph.guards(step).is_empty();
        let is_by_mistake = match self.graph.work(step) {
            StepWork::AtSite => mutants::is(Mutant::StartedTooEarly),
            StepWork::Gate(_) => mutants::is(Mutant::WaveBegunTooEarly),
            StepWork::Choose(_) | StepWork::Gather => false,
        };
        let is_left_out = self.is_left_out(step);
        let is_early = record.n_waits > 0 && !self.is_quorum_decided(step) && !is_by_mistake && !is_left_out;
        if record.state != StepState::Waiting || is_early || !is_wanted {
            return;
        }
        // Whatever it waits for: nothing of it is begun.
        if is_left_out {
            return self.transition(step, StepState::Skipped { because: SkipReason::LeftOut });
        }
        if let Some((blocked, by)) = record.blocked.filter(|_| !mutants::is(Mutant::BlockedIgnored)) {
            let because = match blocked {
                Blocked::NotChosen => SkipReason::NotChosen,
                // Its site was not asked whether it is done.
                Blocked::Outcome(Outcome::Unavailable) if record.is_open => {
                    SkipReason::Dependency { step: by, outcome: Outcome::Unknown }
                }
                Blocked::Outcome(outcome) => SkipReason::Dependency { step: by, outcome },
            };
            return self.transition(step, StepState::Skipped { because });
        }
        if self.graph.alternative(step).is_some_and(|of| !self.was_taken(of)) {
            return self.transition(step, StepState::Skipped { because: SkipReason::NotChosen });
        }
        if mutants::is(Mutant::LateCopyForgotten) && self.is_in_reached_quorum(step) {
            return self.transition(step, StepState::Skipped { because: SkipReason::NotChosen });
        }
        if let Some(because) = self.has_no_source(step) {
            return self.transition(step, StepState::Skipped { because });
        }
        match self.graph.work(step) {
            StepWork::AtSite if self.is_interrupted => {}
            StepWork::AtSite => self.make_ready(step),
            StepWork::Choose(choice) => self.resolve_choose(step, choice),
            StepWork::Gather => match self.graph.quorum(step) {
                Some(_) => self.resolve_quorum(step),
                None => self.resolve_gather(step),
            },
            StepWork::Gate(rollout) => self.resolve_gate(step, rollout),
        }
    }

    /// What is brought from sites that are all left out is left out, too.
    fn has_no_source(&self, step: StepId) -> Option<SkipReason> {
        if !matches!(self.graph.work(step), StepWork::AtSite) {
            return None;
        }
        let sources = self.graph.in_edges(step).iter().filter(|edge| edge.need == Need::Settled);
        let mut sources = sources.map(|edge| edge.step);
        let first = sources.next()?;
        let is_left_out = |source: StepId| self.state(source).outcome() == Some(Outcome::LeftOut);
        let none = is_left_out(first) && sources.all(is_left_out);
        none.then_some(SkipReason::Dependency { step: first, outcome: Outcome::LeftOut })
    }

    /// Whether an alternative is there for those who use what was chosen: decided by now.
    fn was_taken(&self, alternative: StepId) -> bool {
        self.is_live(alternative)
            && self.state(alternative) == StepState::Done
            && !mutants::is(Mutant::TakenArmUnguarded)
    }

    /// The arm that holds gives the result; no arm, no result.
    fn resolve_choose(&mut self, step: StepId, choice: ChoiceId) {
        let record = &self.choices[choice.index()];
        let state = match record.chosen() {
            None => match record.outcome() {
                // All alternatives together are what failed.
                None | Some(Outcome::Unavailable) => StepState::Failed { outcome: Outcome::Unavailable },
                // One of them stopped it.
                Some(outcome) => {
                    let step = record.worst_step().unwrap_or(step);
                    StepState::Skipped { because: SkipReason::Dependency { step, outcome } }
                }
            },
            Some(arm) => {
                let result = self.graph.result(step, arm);
                match self.state(result) {
                    StepState::Done => StepState::Done,
                    other => StepState::Skipped { because: inherited(result, other) },
                }
            }
        };
        self.transition(step, state);
    }

    /// The parts that are there; if there are none, what is worst about them.
    fn resolve_gather(&mut self, step: StepId) {
        // What an abandoned alternative made is no result of the whole.
        let is_wanted = |part: &StepId| match self.graph.inner_arms(step, *part) {
            Some(arms) => arms.iter().any(|arm| self.is_ended(*arm)),
            None => self.is_live(*part),
        };
        let parts = self.graph.parts(step).iter().copied().filter(is_wanted);
        let parts: Vec<StepId> = parts.collect();
        let is_any_done = parts.iter().any(|part| self.state(*part) == StepState::Done);
        let worst = parts.iter().map(|part| (*part, self.state(*part))).max_by_key(|(part, state)| {
            (*state != StepState::Done, state.outcome(), std::cmp::Reverse(*part))
        });
        let state = match worst {
            None if !self.graph.parts(step).is_empty() => {
                StepState::Skipped { because: SkipReason::NotChosen }
            }
            Some((part, state)) if !is_any_done => StepState::Skipped { because: inherited(part, state) },
            _ => StepState::Done,
        };
        self.transition(step, state);
    }

    /// A step settled: those that wait for it, and the arms that it is in, take note.
    pub(super) fn tell(&mut self, step: StepId) {
        let state = self.state(step);
        if matches!(state, StepState::Skipped { because: SkipReason::Interrupted }) {
            return;
        }
        let Some(outcome) = state.outcome() else { return };
        // A parked step may still be done: only at the end is it certain for those that need it.
        let record = &mut self.steps[step.index()];
        let is_certain = state != StepState::Parked || record.is_parked_for_good;
        let tells_settled = !std::mem::replace(&mut record.is_settle_told, true);
        let tells_end = is_certain && !record.is_end_told;
        record.is_end_told |= is_certain;
        let blocked = match state {
            StepState::Done => None,
            StepState::Skipped { because: SkipReason::NotChosen } => Some(Blocked::NotChosen),
            _ => Some(Blocked::Outcome(outcome)),
        };
        // A part of the alternative that holds may still wait for its site, or be left out, though there is a result: so is what
        // comes after it.
        let whole = match self.graph.work(step) {
            StepWork::Choose(choice) => self.choices[choice.index()].outcome(),
            StepWork::AtSite | StepWork::Gather | StepWork::Gate(_) => None,
        };
        let waits = whole.filter(|whole| matches!(whole, Outcome::Pending | Outcome::LeftOut));
        let waits = waits.map(Blocked::Outcome);
        // An alternative that holds may be one whose site was left out.
        let is_left_out = matches!(
            state,
            StepState::Skipped {
                because: SkipReason::Unreachable | SkipReason::Dependency { outcome: Outcome::Done, .. }
            }
        ) && !mutants::is(Mutant::LeftOutHoldsBack);
        let waits_here = state == StepState::Parked || self.steps[step.index()].waits_for_its_site;
        let may_not_wait =
            |user| self.graph.may_not_wait_for(step, user) && !mutants::is(Mutant::WaitsBesideLeft);
        for edge in self.graph.out_edges(step) {
            let (tells, blocked) = match edge.need {
                Need::Settled => (tells_settled, None),
                Need::Ended => (tells_end, None),
                Need::Order if is_left_out => (tells_end, None),
                Need::Guarded if blocked == Some(Blocked::NotChosen) => (tells_end, None),
                // What needs it is as if its own site were cut; and so it is where what is needed waits at that very site.
                Need::Done | Need::Guarded if is_left_out || waits_here && may_not_wait(edge.step) => {
                    let outcome = match self.graph.on_cut(edge.step) {
                        OnCut::Skip => Outcome::Done,
                        OnCut::Queue => Outcome::Pending,
                        OnCut::Fail => Outcome::Unavailable,
                    };
                    (tells_end, Some(Blocked::Outcome(outcome)))
                }
                Need::Order => (tells_end, blocked.or(waits)),
                Need::Done | Need::Guarded => (tells_end, blocked),
                Need::Decided => continue,
            };
            if tells {
                let waits_too = waits_here && self.graph.is_beside(step, edge.step);
                let waiting = &mut self.steps[edge.step.index()];
                waiting.waits_for_its_site |= waits_too && matches!(edge.need, Need::Done | Need::Guarded);
                waiting.n_waits -= 1;
                if let Some(blocked) = blocked {
                    let is_worse = waiting.blocked.is_none_or(|(known, by)| {
                        (blocked, std::cmp::Reverse(step)) > (known, std::cmp::Reverse(by))
                    });
                    if is_worse {
                        waiting.blocked = Some((blocked, step));
                    }
                }
                if waiting.n_waits == 0 {
                    self.work.push_back(Work::Check(edge.step));
                }
            }
        }
        if tells_end {
            self.tell_arms(step, outcome);
        }
        self.count_copies(step, state);
        if !self.is_live(step) {
            self.undo_late(step);
        }
    }
}

/// Why a step has no result whose result is that of another.
fn inherited(from: StepId, state: StepState) -> SkipReason {
    match state {
        StepState::Skipped { because: SkipReason::NotChosen } => SkipReason::NotChosen,
        other => {
            SkipReason::Dependency { step: from, outcome: other.outcome().unwrap_or(Outcome::Unavailable) }
        }
    }
}
