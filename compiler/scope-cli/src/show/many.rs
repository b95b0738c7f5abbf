//! A run of many steps in a log file: how far it is, at most twenty times, and at the end what was done, by site. Sites at
//! which the same was done stand together.
//!
//! ```text
//!   so far  375/1500 steps, 71/300 sites, 310.2/s, about 4 s left
//!
//! edge000, edge001 … edge299 (300 sites)
//!   created  resource  agent[…]
//! ```

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::plan::{Plan, SiteId, StepId};
use scope_runtime::events::RunEvent;

use super::by_site::{Line, by_site};
use super::meter::Meter;
use super::plan::touches_site;
use super::{short_name, short_type};

/// More steps than a person reads one by one.
const MANY: usize = 100;
/// At most so often it is said how far a run is.
const TIMES: usize = 20;
/// And not more often than this.
const NOT_WITHIN_MS: u64 = 1_000;

/// What is kept of the run until it is told.
pub struct Many<'a> {
    plan: &'a Plan,
    meter: Meter,
    n_said: usize,
    said_ms: u64,
    /// The word for what became of a step.
    words: BTreeMap<StepId, &'static str>,
    /// Sites with a parked step, of which the reason was told.
    parked: BTreeSet<SiteId>,
}

impl<'a> Many<'a> {
    /// For a plan; nothing if its steps can be told one by one.
    pub fn of(plan: &'a Plan) -> Option<Many<'a>> {
        let n_steps = plan.steps.iter().filter(|step| touches_site(step)).count();
        (n_steps > MANY).then(|| Many {
            plan,
            meter: Meter::new(plan),
            n_said: 0,
            said_ms: 0,
            words: BTreeMap::new(),
            parked: BTreeSet::new(),
        })
    }

    /// Takes note of an event; gives a line when another part of the steps has ended.
    pub fn take(&mut self, event: &RunEvent) -> Option<String> {
        self.meter.take(event);
        let (n_ended, n_steps) = self.meter.n_ended();
        let part = n_ended * TIMES / n_steps.max(1);
        // The last of them is the end, which is told by itself.
        if part <= self.n_said || part == TIMES || event.at_ms < self.said_ms + NOT_WITHIN_MS {
            return None;
        }
        (self.n_said, self.said_ms) = (part, event.at_ms);
        Some(format!("  so far  {}", self.meter.summary(event.at_ms)))
    }

    /// What became of a step.
    pub fn keep(&mut self, step: StepId, word: &'static str) {
        self.words.insert(step, word);
    }

    /// What a step did is taken back, which is told by itself.
    pub fn forget(&mut self, step: StepId) {
        self.words.remove(&step);
    }

    /// The same for one that waits for its site; true the first time at this site.
    pub fn park(&mut self, step: StepId) -> bool {
        self.keep(step, "parked");
        self.parked.insert(self.plan.step(step).site)
    }

    /// What was done, by site; empty if nothing was.
    pub fn told(&self) -> String {
        let mut lines: BTreeMap<SiteId, Vec<Line>> = BTreeMap::new();
        for (step, word) in &self.words {
            let step = self.plan.step(*step);
            lines.entry(step.site).or_default().push(Line {
                sign: word,
                kind: step.action.resource_type().map_or("", short_type).to_owned(),
                name: short_name(&step.name).to_owned(),
                why: String::new(),
            });
        }
        by_site(self.plan, false, |site| lines.remove(&site).unwrap_or_default())
    }
}
