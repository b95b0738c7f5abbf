//! Random faults in time: cuts of sites and links, restarts, freezes, requests and answers lost by chance, late and doubled
//! ones, full, slow and broken sites, as texts of the simulator.
//!
//! Where and when is drawn from what the plan has: `cut="paris"@op3..+20s lose=create@"nantes"`.

use std::collections::BTreeSet;

use scope_plan::driver::Repeat;
use scope_plan::plan::{Action, Link, Plan, SiteId, Step};

use super::random::{self, Dice};
use crate::simulator::{FaultError, SimulationOptions};

/// So few that all is done in the runs that a seed has.
const MOST_LOST_PERMILLE: usize = 60;
const LINKS: u64 = 0x9e37_79b9;

/// What goes wrong in time; what is lost by chance is drawn from the seed.
pub(super) struct Weather {
    pub(super) seed: u64,
    pub(super) faults: Vec<String>,
    /// Of a thousand requests over the link to each site that is not the entry, so many are lost, or their answers: in every run,
    /// for no healing mends a link.
    losses: Vec<u32>,
}

impl Weather {
    /// One to three faults, drawn for a plan.
    pub(super) fn drawn(seed: u64, plan: &Plan) -> Self {
        let numbers = random::numbers(!seed, 40);
        let dice = &mut Dice::new(&numbers);
        let faults = (0..=dice.below(3)).map(|_| fault(dice, plan)).collect();
        // Numbers of their own: with or without losses a seed has the same faults.
        let numbers = random::numbers(seed ^ LINKS, 1 + plan.sites.len());
        let dice = &mut Dice::new(&numbers);
        let losses = match dice.below(4) {
            0 => plan.sites.iter().map(|_| dice.below(MOST_LOST_PERMILLE) as u32).collect(),
            _ => Vec::new(),
        };
        Self { seed, faults, losses }
    }

    /// The plan with the links of this weather.
    pub(super) fn over(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        let from = plan.program.entry.unwrap_or(SiteId(0));
        let sites = (0_u32..).map(SiteId).zip(&self.losses).filter(|(to, _)| *to != from);
        let links = sites.map(|(to, loss)| Link {
            from,
            to,
            rtt_us: None,
            bandwidth_bps: None,
            loss_permille: *loss,
        });
        plan.links.extend(links);
        plan
    }

    /// These faults, as written.
    pub(super) fn of(faults: &[&str]) -> Self {
        Self { seed: 0, faults: faults.iter().map(|fault| (*fault).to_owned()).collect(), losses: Vec::new() }
    }

    /// Sites in this weather.
    ///
    /// # Errors
    /// A fault that cannot be read.
    pub(super) fn options(&self) -> Result<SimulationOptions, String> {
        let parsed: Result<Vec<_>, FaultError> = self.faults.iter().map(|fault| fault.parse()).collect();
        let faults = parsed.map_err(|error| error.to_string())?;
        Ok(SimulationOptions { seed: self.seed, faults, ..SimulationOptions::default() })
    }
}

fn fault(dice: &mut Dice<'_>, plan: &Plan) -> String {
    let made: Vec<&Step> =
        plan.steps.iter().filter(|step| matches!(step.action, Action::Ensure { .. })).collect();
    let types: BTreeSet<&str> = made.iter().filter_map(|step| step.action.resource_type()).collect();
    let types: Vec<&str> = types.into_iter().collect();
    let site = format!("\"{}\"", plan.sites[dice.below(plan.sites.len())].name);
    let ty = types.get(dice.below(types.len())).copied().unwrap_or_default();
    let until = |dice: &mut Dice<'_>| {
        let from = dice.below(8);
        format!("{from}s..{}s", from + 1 + dice.below(40))
    };
    match dice.below(27) {
        0 => format!("cut={site}@..{}s", 1 + dice.below(20)),
        1 => {
            let from = dice.below(8);
            format!("cut={site}@{from}s..{}s", from + 1 + dice.below(40))
        }
        2 | 3 => format!("cut={site}@op{}..+{}s", 1 + dice.below(9), 1 + dice.below(30)),
        4 => format!("cut={site}@op{}", 1 + dice.below(9)),
        5 => {
            let from = dice.below(4);
            format!("freeze={site}@{from}s..{}s", from + 1 + dice.below(50))
        }
        6 => format!("slow={site}:{}ms", 100 + dice.below(1400)),
        7 => format!("unavailable=create@{site}@..{}s", 1 + dice.below(8)),
        8 => format!("lose=create@{site}{}", ["", ":*", ":2"][dice.below(3)]),
        9 if most_late(plan, ty) > 0 => {
            format!("late={ty}.create@{site}:{}ms", 1 + dice.below(most_late(plan, ty)))
        }
        10 => format!("lose=delete@{site}:*"),
        11 if is_told_apart(plan, ty) && dice.below(2) == 0 => format!("duplicate={ty}.create@{site}:*"),
        11 => format!("duplicate=delete@{site}:*"),
        12 if !ty.is_empty() => format!("refuse={ty}@{site}"),
        13 if !ty.is_empty() => format!("deny={ty}@{site}"),
        // What does not say when it is broken is never replaced: it would not end.
        14 if plan.resource_type(ty).is_some_and(|(_, ty)| ty.broken.is_some()) => {
            format!("break={ty}@{site}")
        }
        15 => format!("restart={site}@op{}..+{}s", 1 + dice.below(9), 1 + dice.below(30)),
        16 => {
            let from = dice.below(8);
            format!("restart={site}@{from}s..{}s", from + 1 + dice.below(40))
        }
        17 => format!("loss={site}:{}%@{}", 5 + dice.below(40), until(dice)),
        18 => {
            let entry = plan.program.entry.map_or(&plan.sites[0], |entry| plan.site(entry));
            format!("cut=\"{}\"--{site}@{}", entry.name, until(dice))
        }
        // Tied to a step.
        19 | 20 if !made.is_empty() => {
            let step = made[dice.below(made.len())];
            let (kind, at) = (["cut", "freeze"][dice.below(2)], &plan.site(step.site).name);
            format!("{kind}=\"{at}\"@after:create:\"{}\"..+{}s", step.name, 1 + dice.below(30))
        }
        21 if !ty.is_empty() => format!("refuse={ty}@{site}:1@..{}s", 1 + dice.below(8)),
        22 if most_awaited(plan, ty) > 1 => {
            format!("ready={ty}@{site}:{}s", 1 + dice.below(most_awaited(plan, ty) - 1))
        }
        23 => format!("lose=update@{site}{}", ["", ":*", ":2"][dice.below(3)]),
        24 => format!("duplicate=update@{site}:*"),
        25 => format!("late=delete@{site}:{}ms", 1 + dice.below(1_900)),
        26 => format!("late=update@{site}:{}ms", 1 + dice.below(1_900)),
        _ => format!("lose=find@{site}"),
    }
}

/// For how many seconds it is waited until one of a type is ready; what takes longer is undone each time, where it is
/// undone.
fn most_awaited(plan: &Plan, ty: &str) -> usize {
    let ready = plan.resource_type(ty).and_then(|(_, ty)| ty.ready.as_ref());
    ready.map_or(0, |ready| (ready.within_ms / 1000).min(60) as usize)
}

/// Whether a second one of a type is refused, or told by its mark.
fn is_told_apart(plan: &Plan, ty: &str) -> bool {
    let Some((_, ty)) = plan.resource_type(ty) else { return false };
    let is_repeatable = ty.create_operation().is_some_and(|create| create.repeat != Repeat::None);
    is_repeatable || ty.mark.is_some()
}

/// By how many milliseconds a create of a type may be late: no more than its driver says, where only that tells whose
/// effect it is.
fn most_late(plan: &Plan, ty: &str) -> usize {
    let Some((_, ty)) = plan.resource_type(ty) else { return 0 };
    let settles_ms = ty.create_operation().map_or(0, |create| create.settles_ms);
    if ty.mark.is_some() { 1_900 } else { settles_ms.min(1_900) as usize }
}
