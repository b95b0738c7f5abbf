//! A cut in short sentences: in comes how each step ends under it, out goes what is otherwise than without.
//!
//! `emma` waits at a site that is cut → "`emma` waits".

use std::collections::{BTreeMap, BTreeSet};

use indexmap::{IndexMap, IndexSet};

use super::arms::choices_come_to;
use super::{Cut, Cuts, Outcome, is_of_interest};
use crate::plan::{Plan, Step};
use crate::text::duration;

/// What is made and deleted again, in a sentence.
const UNDONE: &str = "is undone";

/// More sites than these are counted, not named.
const MOST_SITES: usize = 3;

impl Cuts<'_> {
    /// What is different under the cut, in short sentences: what waits, is left out and fails, and which arm is taken instead.
    /// Empty where nothing is.
    pub fn summary(&self, cut: &Cut) -> Vec<String> {
        let plan = self.plan;
        let is_come_to = choices_come_to(plan, &cut.arms);
        let is_held = choices_held(plan, cut);
        let mut sentences = Vec::new();
        // How each name ends, and where.
        let mut ends: IndexMap<(&str, String), IndexSet<&str>> = IndexMap::new();
        let mut n_ends: BTreeMap<&str, usize> = BTreeMap::new();
        for choice in &plan.choices {
            let arms = (self.usual.arms[choice.id.index()], cut.arms[choice.id.index()]);
            if let (Some(usual), Some(held)) = arms
                && usual != held
                && is_come_to[choice.id.index()]
            {
                sentences
                    .push(format!("{} is taken from {}", choice.label, choice.arms[held as usize].label));
            }
        }
        for step in cut.reached.iter().map(|step| plan.step(*step)) {
            let outcome = cut.outcomes[step.id.index()];
            // Failing in an arm is what the others are for.
            let is_mended = outcome == Outcome::Fails
                && !step.when.is_empty()
                && step.when.iter().all(|guard| is_held[guard.choice.index()]);
            if !is_of_interest(step) || is_mended {
                continue;
            }
            let end = match outcome {
                Outcome::Done | Outcome::NotTried => continue,
                Outcome::Waits => match cut.at_most_ms.get(&step.id) {
                    Some(time) => format!("waits up to {}, then fails", duration(*time)),
                    None => "waits".to_owned(),
                },
                Outcome::LeftOut => "is left out".to_owned(),
                Outcome::HeldBack => "is held back".to_owned(),
                Outcome::Fails => format!("fails{}", because(plan, cut, step)),
                Outcome::Undone => UNDONE.to_owned(),
            };
            let sites = ends.entry((&step.name, end)).or_default();
            *n_ends.entry(&step.name).or_default() += usize::from(sites.is_empty());
            sites.insert(plan.site(step.site).name.as_str());
        }
        // What ends otherwise at another site says where: what is undone is made at another one.
        let sentence = |((name, end), sites): (&(&str, String), &IndexSet<&str>)| {
            let sites: Vec<&str> = sites.iter().copied().collect();
            match sites.len() {
                _ if n_ends[name] == 1 && end != UNDONE => format!("`{name}` {end}"),
                1..=MOST_SITES => format!("`{name}` at {} {end}", sites.join(", ")),
                n_sites => format!("`{name}` at {n_sites} sites {end}"),
            }
        };
        sentences.extend(ends.iter().map(sentence));
        sentences
    }
}

/// Whether each choice, or every one around it, has an arm that holds.
fn choices_held(plan: &Plan, cut: &Cut) -> Vec<bool> {
    let mut is_held = vec![false; plan.choices.len()];
    for choice in &plan.choices {
        let around = &choice.when;
        is_held[choice.id.index()] = cut.arms[choice.id.index()].is_some()
            || !around.is_empty() && around.iter().all(|guard| is_held[guard.choice.index()]);
    }
    is_held
}

/// ` (needs `vm.image`, only at paris)`: the first thing on the way back that is at the cut site.
fn because(plan: &Plan, cut: &Cut, step: &Step) -> String {
    let mut step = step;
    let mut seen = BTreeSet::new();
    let named = step.name.clone();
    while step.site != cut.site && seen.insert(step.id) {
        let needs = step.steps_used().into_iter().chain(step.action.sources());
        let mut bad = needs.filter(|need| {
            matches!(cut.outcomes[need.index()], Outcome::Fails | Outcome::LeftOut | Outcome::Waits)
        });
        match bad.next() {
            Some(need) => step = plan.step(need),
            None => return String::new(),
        }
    }
    if step.name == named {
        return String::new();
    }
    format!(" (needs `{}`, which is at {})", step.name, plan.site(cut.site).name)
}
