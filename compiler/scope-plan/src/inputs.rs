//! What a step takes in: its expressions, the steps whose output it needs, and the edges that follow from them.
//!
//! `ensure vm { image: #1.id }` → one [`EdgeReason::Data`] edge from step 1; `choose [#1, #2]` → a
//! [`EdgeReason::Settled`] edge from each. `after` and relations do not follow from a step: they are given.

use std::collections::BTreeSet;

use crate::expr::Expr;
use crate::plan::{Action, Borrow, Edge, EdgeReason, KeptSecret, OnUnreachable, Plan, Step, StepId};

impl Action {
    /// The expressions in it, with the name each has there: an attribute's, `text`, `identity`.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &Expr)> {
        let none: &[(String, Expr)] = &[];
        let (alone, list) = match self {
            Action::Lookup { text, filter, .. } => (text.as_ref().map(|text| ("text", text)), &**filter),
            Action::Ensure { attributes: inputs, .. } | Action::Call { inputs, .. } => (None, &**inputs),
            Action::Delete { identity, .. } => (Some(("identity", identity)), none),
            Action::Protect { of, .. } => (Some(("of", of)), none),
            Action::Bring { .. } | Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => {
                (None, none)
            }
        };
        alone.into_iter().chain(named(list))
    }

    /// The same, to be changed in place.
    pub fn inputs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Action::Lookup { text, filter, .. } => {
                text.iter_mut().chain(filter.iter_mut().map(|(_, expr)| expr)).collect()
            }
            Action::Ensure { attributes: inputs, .. } | Action::Call { inputs, .. } => {
                inputs.iter_mut().map(|(_, expr)| expr).collect()
            }
            Action::Delete { identity, .. } => vec![identity],
            Action::Protect { of, .. } => vec![of],
            Action::Bring { .. } | Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => {
                Vec::new()
            }
        }
    }

    /// The steps whose whole output it takes as it is: a bring's originals, a choice's results, the parts of a `&`,
    /// the steps that a gate waits for, the one that keeps what a deletion would remove, the alternatives of what is guarded.
    pub fn sources(&self) -> Vec<StepId> {
        match self {
            Action::Bring { sources, .. }
            | Action::Choose { results: sources, .. }
            | Action::Gate { steps: sources, .. }
            | Action::Delete { unless: sources, .. } => sources.clone(),
            Action::Gather { parts, quorum } => {
                let mut sources: Vec<StepId> = parts.iter().map(|(_, step)| *step).collect();
                let copies = quorum.iter().flat_map(|quorum| quorum.copies.iter().flatten());
                let others: Vec<StepId> = copies.filter(|step| !sources.contains(step)).copied().collect();
                sources.extend(others);
                sources
            }
            Action::Protect { among, .. } => among.iter().copied().collect(),
            Action::Lookup { .. } | Action::Ensure { .. } | Action::Call { .. } => Vec::new(),
        }
    }

    /// The same, to be changed in place.
    pub fn sources_mut(&mut self) -> Vec<&mut StepId> {
        match self {
            Action::Bring { sources, .. }
            | Action::Choose { results: sources, .. }
            | Action::Gate { steps: sources, .. }
            | Action::Delete { unless: sources, .. } => sources.iter_mut().collect(),
            Action::Gather { parts, quorum } => {
                let copies = quorum.iter_mut().flat_map(|quorum| quorum.copies.iter_mut().flatten());
                parts.iter_mut().map(|(_, step)| step).chain(copies).collect()
            }
            Action::Protect { among, .. } => among.iter_mut().collect(),
            Action::Lookup { .. } | Action::Ensure { .. } | Action::Call { .. } => Vec::new(),
        }
    }

    /// The resource type it is about; `choose`, `gather` and `gate` have none.
    pub fn resource_type(&self) -> Option<&str> {
        match self {
            Action::Lookup { resource_type, .. }
            | Action::Ensure { resource_type, .. }
            | Action::Bring { resource_type, .. }
            | Action::Call { resource_type, .. }
            | Action::Delete { resource_type, .. }
            | Action::Protect { resource_type, .. } => Some(resource_type),
            Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => None,
        }
    }

    /// The verb: `ensure`, `look up`; a call's is its operation.
    pub fn verb(&self) -> &str {
        match self {
            Action::Lookup { .. } => "look up",
            Action::Ensure { .. } => "ensure",
            Action::Bring { .. } => "bring",
            Action::Call { operation, .. } => operation,
            Action::Delete { keep: true, .. } => "release",
            Action::Delete { .. } => "delete",
            Action::Protect { users, .. } if users.is_empty() => "let go",
            Action::Protect { .. } => "protect",
            Action::Choose { .. } => "choose",
            Action::Gather { .. } => "gather",
            Action::Gate { .. } => "gate",
        }
    }

    /// Whether what it makes stays at its site when the program no longer has it.
    pub fn stays(&self) -> bool {
        matches!(self, Action::Ensure { keep: true, .. } | Action::Bring { borrow: Borrow::Keep, .. })
    }

    /// The secrets that its site makes, and where they are kept.
    pub fn keep_in(&self) -> &[KeptSecret] {
        match self {
            Action::Ensure { keep_in, .. } => keep_in,
            _ => &[],
        }
    }

    /// What the program says of the deletion of what it makes where the site cannot be reached.
    pub fn when_cut(&self) -> Option<&OnUnreachable> {
        match self {
            Action::Ensure { when_cut, .. } => when_cut.as_ref(),
            _ => None,
        }
    }

    /// Whether it takes something away that others may still need: it is begun only when those that come before it are gone
    /// or have let go, and not where one of them is left out.
    pub fn goes_after_users(&self) -> bool {
        match self {
            Action::Delete { .. } => true,
            Action::Protect { users, .. } => users.is_empty(),
            _ => false,
        }
    }
}

impl Step {
    /// The steps whose output stands in its expressions, each once.
    pub fn steps_used(&self) -> BTreeSet<StepId> {
        self.action.inputs().flat_map(|(_, expr)| expr.steps_used()).collect()
    }

    /// The edges that follow from what it takes in, each once, in order. A bring of one source needs it well, as data;
    /// of several, it waits until all have settled.
    pub fn incoming_edges(&self) -> BTreeSet<Edge> {
        let sources: BTreeSet<StepId> = self.action.sources().into_iter().collect();
        let reason = match self.action {
            Action::Bring { .. } if sources.len() == 1 => EdgeReason::Data,
            _ => EdgeReason::Settled,
        };
        let data =
            self.steps_used().into_iter().map(|from| Edge { from, to: self.id, reason: EdgeReason::Data });
        let settled = sources.into_iter().map(|from| Edge { from, to: self.id, reason: reason.clone() });
        data.chain(settled).collect()
    }
}

impl Plan {
    /// Makes the edges that follow from the steps anew, keeps those that were given (`after`, relations) and puts all in
    /// order, each once.
    pub fn connect(&mut self) {
        let given = self.edges.iter().filter(|edge| is_given(&edge.reason)).cloned();
        let edges: BTreeSet<Edge> = self.steps.iter().flat_map(Step::incoming_edges).chain(given).collect();
        self.edges = edges.into_iter().collect();
    }
}

/// Whether an edge of this reason is the program's or the driver's word, and not seen from the step.
pub fn is_given(reason: &EdgeReason) -> bool {
    match reason {
        EdgeReason::After
        | EdgeReason::Relation
        | EdgeReason::Wave
        | EdgeReason::Move
        | EdgeReason::Guard => true,
        EdgeReason::Data | EdgeReason::Settled => false,
    }
}

fn named(entries: &[(String, Expr)]) -> impl Iterator<Item = (&str, &Expr)> {
    entries.iter().map(|(name, expr)| (name.as_str(), expr))
}
