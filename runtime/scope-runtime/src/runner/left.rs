//! What an earlier run made at an alternative that this run left: its site did not answer, so it is there still.
//!
//! `vm` was made at nantes (`nantes | paris`), nantes is cut, `vm` is made at paris → "`vm` stays at nantes". It is told, and
//! the next plan deletes it, or says why it does not.

use scope_plan::plan::{Action, Step};
use scope_plan::recorded::How;

use super::Shared;
use super::turn::Ended;
use crate::events::RunEventKind;

/// Tells all of it.
pub(super) fn tell_what_stays(shared: &Shared<'_>, ended: &Ended, words: &mut Vec<String>) {
    for step in shared.plan.steps.iter().filter(|step| is_left(shared, ended, step)) {
        let site = &shared.plan.site(step.site).name;
        let is_there = shared.ledger.with(|state| {
            state
                .resource(&step.name, site)
                .is_some_and(|resource| resource.how == How::Created && resource.run < shared.run)
        });
        let mut steps = shared.index.steps(&step.name, site).iter();
        let is_deleted = steps.any(|step| matches!(shared.plan.step(*step).action, Action::Delete { .. }));
        if is_there && !is_deleted {
            let left = format!(
                "`{}` stays at {site}, whose alternative was left: the next plan says what becomes of it",
                step.name
            );
            words.push(left.clone());
            shared.emit(RunEventKind::UndoOwed { step: None, words: left });
        }
    }
}

/// Whether an alternative held until now, and another one does from this run on.
fn is_left(shared: &Shared<'_>, ended: &Ended, step: &Step) -> bool {
    matches!(step.action, Action::Ensure { .. })
        && step.when.iter().any(|guard| {
            shared.plan.choice(guard.choice).recorded == Some(guard.arm)
                && !ended.schedule.is_left_open(guard.choice)
                && ended.schedule.held(guard.choice).is_some_and(|arm| arm != guard.arm)
        })
}
