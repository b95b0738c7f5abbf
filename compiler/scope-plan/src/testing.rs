//! Small plans for tests, written in a few lines, over a made-up application: a library with books and loans.
//!
//! Ready-made: [`one_ensure`], [`both`] (`&`), [`otherwise`] (`|`), [`borrowed`] (a reference looked up at another site and
//! brought here), [`plan_from`] (any numbers, for property tests), [`shelf`] (the driver). Your own:
//!
//! ```
//! use scope_plan::expr::Expr;
//! use scope_plan::testing::Builder;
//!
//! let mut plan = Builder::new();
//! let (here, there) = (plan.site("nantes"), plan.site("paris"));
//! let original = plan.lookup(there, "loan.book", "shelf.book", "Emma");
//! let copy = plan.bring(here, "loan.book", "shelf.book", &[original]);
//! let reader = Expr::text("ana");
//! plan.ensure(here, "loan", "shelf.loan", vec![("book", Expr::step(copy, &[])), ("reader", reader)]);
//! let plan = plan.finish();
//! assert_eq!(plan.edges.len(), 2);
//! ```

mod driver;
mod plans;
mod random;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;

pub use driver::{shelf, shelf_with_login};
pub use plans::{borrowed, both, one_ensure, otherwise};
pub use random::plan_from;

use crate::driver::{Driver, Repeat};
use crate::expr::Expr;
use crate::plan::{
    Action, Arm, Borrow, Choice, ChoiceId, Edge, EdgeReason, Guard, Link, OnUnknown, OnUnreachable, Origin,
    Output, Plan, Program, Purpose, Quorum, Retry, Rollout, RolloutId, Site, SiteId, Step, StepId, Undo,
    VERSION, Wave,
};

/// Puts a plan together; ids, edges, arms' members and keys follow by themselves.
#[derive(Clone, Debug)]
pub struct Builder {
    plan: Plan,
    guards: Vec<Guard>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// An empty plan with the driver [`shelf`].
    pub fn new() -> Self {
        Self::with_driver(shelf())
    }

    /// An empty plan with another driver.
    pub fn with_driver(driver: Driver) -> Self {
        let program = Program {
            file: "test.scope".into(),
            entry: None,
            files: BTreeMap::new(),
            params: IndexMap::new(),
            units: BTreeMap::new(),
        };
        Self {
            plan: Plan {
                version: VERSION,
                program,
                sites: Vec::new(),
                links: Vec::new(),
                drivers: vec![driver],
                steps: Vec::new(),
                edges: Vec::new(),
                choices: Vec::new(),
                crosses: Vec::new(),
                dropped: Vec::new(),
                rollouts: Vec::new(),
                renames: Vec::new(),
                former_names: Default::default(),
                unwanted: Vec::new(),
                outputs: Vec::new(),
            },
            guards: Vec::new(),
        }
    }

    /// A site whose `url` is `http://NAME.example`. The first one is the entry site.
    pub fn site(&mut self, name: &str) -> SiteId {
        let id = SiteId(self.plan.sites.len() as u32);
        self.plan.program.entry.get_or_insert(id);
        let driver = self.plan.drivers[0].name.clone();
        let url = Expr::text(format!("http://{name}.example"));
        self.plan.sites.push(Site {
            name: name.into(),
            settings: [(driver, [("url".to_owned(), url)].into_iter().collect())].into_iter().collect(),
            labels: IndexMap::new(),
            concurrency: 8,
            simulated: Vec::new(),
            capacity: IndexMap::new(),
            lacks: IndexMap::new(),
            origin: self.origin(),
        });
        id
    }

    /// A link: round trip in milliseconds, bandwidth in bits per second.
    pub fn link(&mut self, from: SiteId, to: SiteId, rtt_ms: u64, bandwidth_bps: Option<u64>) {
        self.plan.links.push(Link { from, to, rtt_us: Some(rtt_ms * 1000), bandwidth_bps, loss_permille: 0 });
    }

    /// What a simulated site holds at the start.
    pub fn simulated(&mut self, site: SiteId, resource_type: &str, attributes: &[(&str, Value)]) {
        self.plan.sites[site.index()].simulated.push(crate::plan::SimulatedResource {
            resource_type: resource_type.into(),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        });
    }

    /// Look one up by its name, for another step.
    pub fn lookup(&mut self, site: SiteId, name: &str, resource_type: &str, text: &str) -> StepId {
        let action = Action::Lookup {
            resource_type: resource_type.into(),
            text: Some(Expr::text(text)),
            filter: Vec::new(),
            purpose: Purpose::Reference,
        };
        self.step(site, name, action)
    }

    /// Have one.
    pub fn ensure(
        &mut self,
        site: SiteId,
        name: &str,
        resource_type: &str,
        attributes: Vec<(&str, Expr)>,
    ) -> StepId {
        let attributes = attributes.into_iter().map(|(name, expr)| (name.to_owned(), expr)).collect();
        self.step(
            site,
            name,
            Action::Ensure {
                resource_type: resource_type.into(),
                attributes,
                adopt: false,
                replace: None,
                keep: false,
                when_cut: None,
                keep_in: Vec::new(),
            },
        )
    }

    /// Have a copy here; one source is enough.
    pub fn bring(&mut self, site: SiteId, name: &str, resource_type: &str, sources: &[StepId]) -> StepId {
        let action = Action::Bring {
            resource_type: resource_type.into(),
            sources: sources.to_vec(),
            every_source: false,
            borrow: Borrow::Copy,
        };
        self.step(site, name, action)
    }

    /// One explicit operation, once.
    pub fn call(
        &mut self,
        site: SiteId,
        name: &str,
        resource_type: &str,
        operation: &str,
        inputs: Vec<(&str, Expr)>,
    ) -> StepId {
        let action = Action::Call {
            resource_type: resource_type.into(),
            operation: operation.into(),
            inputs: inputs.into_iter().map(|(name, expr)| (name.to_owned(), expr)).collect(),
            once: true,
            prints: false,
        };
        self.step(site, name, action)
    }

    /// Remove one.
    pub fn delete(&mut self, site: SiteId, name: &str, resource_type: &str, identity: &str) -> StepId {
        self.step(
            site,
            name,
            Action::Delete {
                resource_type: resource_type.into(),
                identity: Expr::text(identity),
                unless: Vec::new(),
                keep: false,
                is_elsewhere: false,
            },
        )
    }

    /// The results of a `&`, at their own sites.
    pub fn gather(&mut self, site: SiteId, name: &str, parts: &[StepId]) -> StepId {
        let parts = parts.iter().map(|part| (self.plan.steps[part.index()].site, *part)).collect();
        self.step(site, name, Action::Gather { parts, quorum: None })
    }

    /// The same where so many parts, each a copy, are enough.
    pub fn quorum(&mut self, site: SiteId, name: &str, parts: &[StepId], need: u32) -> StepId {
        let copies = parts.iter().map(|part| vec![*part]).collect();
        let parts = parts.iter().map(|part| (self.plan.steps[part.index()].site, *part)).collect();
        self.step(site, name, Action::Gather { parts, quorum: Some(Quorum { need, copies }) })
    }

    /// Waves of steps, each after the one before; the gates between them.
    pub fn rollout(
        &mut self,
        key: &str,
        waves: &[&[StepId]],
        (stop_after, soak_ms): (u32, u64),
    ) -> Vec<StepId> {
        let rollout = RolloutId(self.plan.rollouts.len() as u32);
        let wave = |(index, steps): (usize, &&[StepId])| Wave {
            number: index as u32 + 1,
            steps: steps.to_vec(),
            at_once: Vec::new(),
        };
        let listed = waves.iter().enumerate().map(wave).collect();
        let origin = self.origin();
        self.plan.rollouts.push(Rollout { key: key.into(), soak_ms, stop_after, waves: listed, origin });
        let mut gates = Vec::new();
        for (index, pair) in waves.windows(2).enumerate() {
            let site = self.plan.steps[pair[0][0].index()].site;
            let action = Action::Gate { rollout, wave: index as u32, steps: pair[0].to_vec() };
            let gate = self.step(site, key, action);
            let edges = pair[1].iter().map(|to| Edge { from: gate, to: *to, reason: EdgeReason::Wave });
            self.plan.edges.extend(edges);
            gates.push(gate);
        }
        gates
    }

    /// A `|` with so many arms, within the arms that are open.
    pub fn choice(&mut self, key: &str, labels: &[&str]) -> ChoiceId {
        let id = ChoiceId(self.plan.choices.len() as u32);
        self.plan.choices.push(Choice {
            id,
            key: key.into(),
            label: format!("`{key}`"),
            when: self.guards.last().copied().into_iter().collect(),
            arms: labels
                .iter()
                .map(|label| Arm { label: (*label).into(), members: Vec::new(), choices: Vec::new() })
                .collect(),
            recorded: None,
            origin: self.origin(),
        });
        id
    }

    /// What `build` makes stands in that arm: created things are undone, an unreachable site makes it unavailable.
    pub fn arm<T>(&mut self, choice: ChoiceId, arm: u32, build: impl FnOnce(&mut Self) -> T) -> T {
        self.guards.push(Guard { choice, arm });
        let built = build(self);
        self.guards.pop();
        built
    }

    /// The result of the chosen arm.
    pub fn choose(&mut self, site: SiteId, name: &str, choice: ChoiceId, results: &[StepId]) -> StepId {
        self.step(site, name, Action::Choose { choice, results: results.to_vec() })
    }

    /// `to` after `from`.
    pub fn after(&mut self, from: StepId, to: StepId) {
        self.plan.edges.push(Edge { from, to, reason: EdgeReason::After });
    }

    /// A named result.
    pub fn output(&mut self, name: &str, value: Expr) {
        self.plan.outputs.push(Output { name: name.into(), value, origin: None });
    }

    /// Any action, with the defaults of the language for where it stands.
    pub fn step(&mut self, site: SiteId, name: &str, action: Action) -> StepId {
        let id = StepId(self.plan.steps.len() as u32);
        let is_in_arm = !self.guards.is_empty();
        let is_creating = matches!(action, Action::Ensure { .. });
        let repeat = match &action {
            Action::Ensure { .. } | Action::Bring { .. } => Repeat::Mark,
            Action::Call { .. } => Repeat::None,
            _ => Repeat::Always,
        };
        let key = format!("{}/{name}/{}#{}", self.plan.sites[site.index()].name, action.verb(), id.0);
        self.plan.steps.push(Step {
            id,
            name: name.into(),
            site,
            action,
            when: self.guards.last().copied().into_iter().collect(),
            on_unreachable: OnUnreachable::Fail,
            undo: if is_in_arm && is_creating { Undo::DeleteCreated } else { Undo::Keep },
            retry: Retry { times: 3, backoff_ms: 500 },
            timeout_ms: 30_000,
            ready_within_ms: None,
            repeat,
            on_unknown: OnUnknown::Ask,
            key,
            priority: 0,
            origin: self.origin(),
        });
        id
    }

    /// The step, to change what the defaults do not fit.
    pub fn step_mut(&mut self, step: StepId) -> &mut Step {
        &mut self.plan.steps[step.index()]
    }

    /// The plan, with edges and members.
    pub fn finish(mut self) -> Plan {
        for step in &self.plan.steps {
            for guard in &step.when {
                self.plan.choices[guard.choice.index()].arms[guard.arm as usize].members.push(step.id);
            }
        }
        for index in 0..self.plan.choices.len() {
            for guard in self.plan.choices[index].when.clone() {
                let inner = self.plan.choices[index].id;
                self.plan.choices[guard.choice.index()].arms[guard.arm as usize].choices.push(inner);
            }
        }
        self.plan.connect();
        self.plan
    }

    /// A line for each step, so that texts can be told apart.
    fn origin(&self) -> Origin {
        let line = (self.plan.steps.len() + 1) as u32;
        Origin {
            file: "test.scope".into(),
            start: line * 10,
            end: line * 10 + 5,
            line,
            column: 1,
            scope: None,
        }
    }
}
