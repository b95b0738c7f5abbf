//! Crosses (R6): the prime is a part and made first, parts share no site, and each sets its own share.
//!
//! A part that may be made before the prime → `cross-prime`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, Rule};
use crate::graph::Neighbours;
use crate::plan::{Action, Cross, EdgeReason, Plan, SiteId, StepId};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "cross-prime",
        demands: "the prime is a part, and every other part waits for it",
        check: prime_first,
    },
    Rule { name: "cross-sites", demands: "no site has two parts of one cross", check: one_part_a_site },
    Rule { name: "cross-shares", demands: "a part sets its share", check: shares },
];

fn prime_first(plan: &Plan, report: &mut Report) {
    if plan.crosses.is_empty() {
        return;
    }
    let after = Neighbours::after(plan, |edge| edge.reason != EdgeReason::Settled);
    for cross in &plan.crosses {
        if !cross.parts.iter().any(|part| part.steps.contains(&cross.prime)) {
            report.plan(format!("the prime of `{}` is none of its parts", cross.key));
            continue;
        }
        let later = reached(&after, cross.prime);
        for step in others(cross).filter(|step| !later.contains(step)) {
            report.step(step, format!("is a part of `{}` and does not wait for its prime", cross.key));
        }
    }
}

fn others(cross: &Cross) -> impl Iterator<Item = StepId> {
    let parts = cross.parts.iter().filter(|part| !part.steps.contains(&cross.prime));
    parts.flat_map(|part| part.steps.iter().copied())
}

fn reached(after: &Neighbours, from: StepId) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(step) = next.pop() {
        next.extend(after.of(step).iter().copied().filter(|step| found.insert(*step)));
    }
    found
}

fn one_part_a_site(plan: &Plan, report: &mut Report) {
    for cross in &plan.crosses {
        let mut taken: BTreeMap<SiteId, usize> = BTreeMap::new();
        for (position, part) in cross.parts.iter().enumerate() {
            for step in &part.steps {
                let site = plan.step(*step).site;
                if *taken.entry(site).or_insert(position) != position {
                    let site = &plan.site(site).name;
                    report.step(*step, format!("is a second part of `{}` at {site}", cross.key));
                }
            }
        }
    }
}

fn shares(plan: &Plan, report: &mut Report) {
    for cross in &plan.crosses {
        for part in &cross.parts {
            for step in &part.steps {
                let Action::Ensure { attributes, .. } = &plan.step(*step).action else {
                    if !part.shares.is_empty() {
                        report.step(*step, format!("has a share of `{}` and ensures nothing", cross.key));
                    }
                    continue;
                };
                for (name, share) in &part.shares {
                    // `spec.replicas` is a field of the attribute `spec`.
                    let path: Vec<&str> = name.split('.').collect();
                    let root = attributes.iter().find(|(set, _)| set == path[0]);
                    let set = root.and_then(|(_, value)| value.known_at(&path[1..]));
                    if set != Some(share) {
                        report.step(*step, format!("does not set its share {share} of `{name}`"));
                    }
                }
            }
        }
    }
}
