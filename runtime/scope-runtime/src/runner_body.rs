//! placeholder while the loop is written
use crate::events::RunEvent;
use crate::report::{Report, Verdict};
use crate::runner::{RunOptions, SiteSet};
use crate::state::StateStore;
use scope_plan::plan::Plan;
pub(crate) async fn run(
    _plan: &Plan,
    _sites: &dyn SiteSet,
    _state: &mut StateStore,
    _options: &RunOptions,
    _observe: &mut dyn FnMut(&RunEvent),
) -> Report {
    Report {
        run: 0,
        verdict: Verdict::NothingToDo,
        steps: Vec::new(),
        choices: Default::default(),
        outputs: Default::default(),
        counts: Default::default(),
        by_site: Default::default(),
        owed: Vec::new(),
        stopped: None,
        millis: 0,
    }
}
