//! Random faults in time: cuts, restarts, freezes, lost and late answers, full and broken sites, as texts of the simulator.
//!
//! Where and when is drawn from what the plan has: `cut="paris"@op3..+20s lose=create@"nantes"`.

use std::collections::BTreeSet;

use scope_plan::plan::{Action, Plan};

use super::random::Dice;

/// Up to three faults.
pub(super) fn faults(dice: &mut Dice<'_>, plan: &Plan) -> Vec<String> {
    let types: BTreeSet<&str> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Ensure { .. }))
        .filter_map(|step| step.action.resource_type())
        .collect();
    let types: Vec<&str> = types.into_iter().collect();
    (0..=dice.below(3)).map(|_| fault(dice, plan, &types)).collect()
}

fn fault(dice: &mut Dice<'_>, plan: &Plan, types: &[&str]) -> String {
    let site = format!("\"{}\"", plan.sites[dice.below(plan.sites.len())].name);
    let ty = types.get(dice.below(types.len())).copied().unwrap_or_default();
    match dice.below(17) {
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
        _ => format!("lose=find@{site}"),
    }
}

/// By how many milliseconds a create of a type may be late: no more than its driver says, where only that tells whose
/// effect it is.
fn most_late(plan: &Plan, ty: &str) -> usize {
    let Some((_, ty)) = plan.resource_type(ty) else { return 0 };
    let settles_ms = ty.create_operation().map_or(0, |create| create.settles_ms);
    if ty.mark.is_some() { 1_900 } else { settles_ms.min(1_900) as usize }
}
