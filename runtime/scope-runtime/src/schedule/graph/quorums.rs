//! The quorums of a plan as the scheduler reads them: which step is counted by which `gather`, as a part of which copy.
//!
//! `base` at `a & b & c` with a quorum of 2 → one `gather` that needs two of three copies, each of one step.

use std::collections::BTreeMap;

use scope_plan::plan::{Action, Plan, StepId};

use super::super::mutants::{self, Mutant};
use crate::rows::Rows;

/// The copies of a `&` of which some are enough.
#[derive(Debug)]
pub(super) struct Quorums {
    /// Of a step, the `gather` that counts it.
    pub(super) of_step: Vec<Option<StepId>>,
    /// Of a choice that is a copy's own, the `gather` that counts it.
    pub(super) of_choice: Vec<Option<StepId>>,
    /// Of a step, the copies that it is a part of.
    pub(super) copies_of: Rows<u32>,
    /// Of a copy, the `gather` that counts it, and its steps.
    pub(super) copies: Vec<(StepId, u32)>,
    /// Of a step, each `gather` that has it as a part: a site may stand in several alternatives.
    pub(super) gathers_of: Rows<StepId>,
    /// Of a `gather`, how many copies it needs and how many there are.
    pub(super) needs: BTreeMap<StepId, (u32, u32)>,
    /// Of a `gather`, the last steps of its copies.
    pub(super) ends: BTreeMap<StepId, Vec<StepId>>,
}

impl Quorums {
    pub(super) fn new(plan: &Plan) -> Self {
        let of_step = scope_plan::quorum::of_steps(plan);
        let of_choice = scope_plan::quorum::of_choices(plan, &of_step);
        let mut copies = Vec::new();
        let mut needs = BTreeMap::new();
        let mut ends = BTreeMap::new();
        let mut parts: Vec<(usize, u32)> = Vec::new();
        let mut gathers: Vec<(usize, StepId)> = Vec::new();
        for step in &plan.steps {
            let Action::Gather { quorum: Some(quorum), .. } = &step.action else { continue };
            needs.insert(step.id, (quorum.need, quorum.copies.len() as u32));
            ends.insert(step.id, quorum.copies.concat());
            gathers.extend(step.action.sources().into_iter().map(|part| (part.index(), step.id)));
            for copy in &quorum.copies {
                parts.extend(copy.iter().map(|part| (part.index(), copies.len() as u32)));
                copies.push((step.id, copy.len() as u32));
            }
        }
        let n_steps = plan.steps.len();
        let copies_of = Rows::new(n_steps, parts.into_iter());
        let gathers_of = Rows::new(n_steps, gathers.into_iter());
        Self { of_step, of_choice, copies_of, copies, gathers_of, needs, ends }
    }

    /// Whether a step has no say of its own beside these: it serves copies, or the `gather` that counts it is among them.
    pub(super) fn is_counted_among(&self, step: StepId, members: &[StepId]) -> bool {
        let gathers = self.gathers_of.row(step.index());
        self.of_step[step.index()].is_some()
            && (gathers.is_empty()
                || mutants::is(Mutant::QuorumCopyNeverFallsBack)
                || gathers.iter().any(|gather| members.contains(gather)))
    }
}
