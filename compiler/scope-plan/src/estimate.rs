//! How long things will take, from what is declared: links, files, readiness. For priorities and for people; nothing
//! is decided by it that changes what is done.
//!
//! 21 MiB over 100 Mbps → 1762 ms.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::driver::{Readiness, ResourceType};
use crate::eval::{Environment, eval};
use crate::expr::Expr;
use crate::plan::{Action, Guard, Link, Plan, SiteId, Step, StepId};

/// A round trip where no link is declared, in microseconds.
const UNDECLARED_RTT_US: u64 = 20_000;
/// Where no bandwidth is declared, in bits per second.
const UNDECLARED_BANDWIDTH_BPS: u64 = 1_000_000_000;
/// Of content whose size is not known, in bytes.
const UNKNOWN_SIZE: u64 = 64 << 20;

/// A verb's own cost: a site's time for one request of its kind, in milliseconds, and how many round trips it takes.
const LOOKUP: (u64, u64) = (200, 1);
const ENSURE: (u64, u64) = (3_000, 3);
const BRING: (u64, u64) = (2_000, 4);
const CALL: (u64, u64) = (1_000, 1);
const DELETE: (u64, u64) = (1_000, 2);
const PROTECT: (u64, u64) = (200, 2);
/// Until what was made is ready, where the type waits for it, in milliseconds.
const READINESS_MS: u64 = 5_000;

/// The declared links of a plan, by their ends.
pub struct Links<'p> {
    links: BTreeMap<(SiteId, SiteId), &'p Link>,
}

impl<'p> Links<'p> {
    /// Of a plan; where two sites are linked twice, the first link counts.
    pub fn new(plan: &'p Plan) -> Self {
        let mut links = BTreeMap::new();
        for link in &plan.links {
            links.entry(ends(link.from, link.to)).or_insert(link);
        }
        Self { links }
    }

    /// The link between two sites, in either direction.
    pub fn between(&self, one: SiteId, other: SiteId) -> Option<&'p Link> {
        self.links.get(&ends(one, other)).copied()
    }

    /// The declared round trip in microseconds; 0 within a site.
    pub fn rtt_us(&self, one: SiteId, other: SiteId) -> Option<u64> {
        if one == other { Some(0) } else { self.between(one, other)?.rtt_us }
    }

    /// The declared bandwidth in bits per second.
    pub fn bandwidth_bps(&self, one: SiteId, other: SiteId) -> Option<u64> {
        self.between(one, other)?.bandwidth_bps
    }
}

fn ends(one: SiteId, other: SiteId) -> (SiteId, SiteId) {
    (one.min(other), one.max(other))
}

/// How long so many bytes take, in milliseconds, rounded up.
pub fn transfer_ms(bytes: u64, bandwidth_bps: u64) -> u64 {
    let bits = u128::from(bytes) * 8 * 1000;
    u64::try_from(bits.div_ceil(u128::from(bandwidth_bps.max(1)))).unwrap_or(u64::MAX)
}

/// The bytes of content that a step sends, where they are known: the files of an `ensure`, and what a `bring` copies of it.
pub fn content_size(plan: &Plan, step: &Step) -> Option<u64> {
    match &step.action {
        Action::Ensure { attributes, .. } => {
            let files = attributes.iter().flat_map(|(_, expr)| expr.files_used());
            let size = files.fold(0_u64, |size, file| size.saturating_add(file.size));
            (size > 0).then_some(size)
        }
        // The first step back that is no bring: brings of brings are not made, so one level is enough.
        Action::Bring { sources, .. } => {
            let sources = sources.iter().map(|source| plan.step(*source));
            sources
                .filter(|source| !matches!(source.action, Action::Bring { .. }))
                .find_map(|source| content_size(plan, source))
        }
        _ => None,
    }
}

/// About how long a step takes, in milliseconds, when nothing goes wrong.
pub fn step_ms(plan: &Plan, links: &Links, step: &Step) -> u64 {
    let (own, trips) = match &step.action {
        Action::Lookup { .. } => LOOKUP,
        Action::Ensure { .. } => ENSURE,
        Action::Bring { .. } => BRING,
        Action::Call { .. } => CALL,
        Action::Delete { .. } => DELETE,
        Action::Protect { .. } => PROTECT,
        Action::Choose { .. } | Action::Gather { .. } => return 0,
        Action::Gate { rollout, .. } => return plan.rollouts[rollout.index()].soak_ms,
    };
    let entry = plan.program.entry.unwrap_or(step.site);
    let rtt_us = links.rtt_us(entry, step.site).unwrap_or(UNDECLARED_RTT_US);
    let waits =
        plan.resource_type_of(step).is_some_and(|(_, resource_type)| is_waited_for(resource_type, step));
    let readiness = if waits { READINESS_MS } else { 0 };
    let total = own.saturating_add(readiness).saturating_add(rtt_us.saturating_mul(trips) / 1000);
    total.saturating_add(content_ms(plan, links, step, entry))
}

fn is_waited_for(resource_type: &ResourceType, step: &Step) -> bool {
    match &step.action {
        Action::Ensure { attributes, .. } => match &resource_type.ready {
            Some(ready) => !is_ready_at_once(ready, resource_type, attributes),
            None => false,
        },
        Action::Bring { .. } => resource_type.ready.is_some(),
        Action::Call { operation, .. } => {
            resource_type.operation(operation).is_some_and(|operation| operation.ready.is_some())
        }
        _ => false,
    }
}

/// Whether what the program wrote makes it ready whatever the site says: `ready == null or phase == ready.equals`, and no
/// `ready` is written.
fn is_ready_at_once(ready: &Readiness, resource_type: &ResourceType, attributes: &[(String, Expr)]) -> bool {
    let written = Written { resource_type, attributes };
    matches!(eval(&ready.condition, &written), Ok(Value::Bool(true)))
}

/// What is known of a resource before anything is sent.
struct Written<'p> {
    resource_type: &'p ResourceType,
    attributes: &'p [(String, Expr)],
}

impl Environment for Written<'_> {
    fn name(&self, name: &str) -> Option<Value> {
        let declared = self.resource_type.attributes.iter().find(|attribute| attribute.name == name)?;
        let written = self.attributes.iter().find(|(own, _)| own == name).map(|(_, expr)| expr);
        match written.or(declared.default.as_ref()) {
            Some(Expr::Value(value)) => Some(value.clone()),
            Some(_) => None,
            None => (!declared.is_computed).then_some(Value::Null),
        }
    }
}

/// How long its content takes over the link: from the entry site, or from the nearest source.
fn content_ms(plan: &Plan, links: &Links, step: &Step, entry: SiteId) -> u64 {
    let (origin, size) = match &step.action {
        Action::Ensure { .. } => (entry, content_size(plan, step)),
        Action::Bring { sources, .. } => {
            let origin = sources.first().and_then(|source: &StepId| plan.location(*source)).unwrap_or(entry);
            (origin, Some(content_size(plan, step).unwrap_or(UNKNOWN_SIZE)))
        }
        _ => return 0,
    };
    if origin == step.site {
        return 0;
    }
    let bandwidth = links.bandwidth_bps(origin, step.site).unwrap_or(UNDECLARED_BANDWIDTH_BPS);
    size.map_or(0, |size| transfer_ms(size, bandwidth))
}

/// About how long the whole plan takes if as much as may be runs at once, in milliseconds: the longest chain. Of a choice
/// only the recorded or first arm is counted on; the others are for when it fails.
pub fn plan_ms(plan: &Plan) -> u64 {
    let links = Links::new(plan);
    let before = crate::graph::Neighbours::before(plan, |_| true);
    let mut is_counted_on = vec![true; plan.choices.len()];
    let is_taken = |guards: &[Guard], is_counted_on: &[bool]| {
        guards.is_empty()
            || guards.iter().any(|guard| {
                let arm = plan.choice(guard.choice).recorded.unwrap_or(0);
                is_counted_on[guard.choice.index()] && guard.arm == arm
            })
    };
    for choice in &plan.choices {
        is_counted_on[choice.id.index()] = is_taken(&choice.when, &is_counted_on);
    }
    let mut ends = vec![0_u64; plan.steps.len()];
    for step in crate::graph::order(plan) {
        let start = before.of(step).iter().map(|earlier| ends[earlier.index()]).max().unwrap_or(0);
        let step = plan.step(step);
        let cost = if is_taken(&step.when, &is_counted_on) { step_ms(plan, &links, step) } else { 0 };
        ends[step.id.index()] = start.saturating_add(cost);
    }
    ends.into_iter().max().unwrap_or(0)
}
