//! Random location expressions, random answers in random order: the scheduler ends as the oracle says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scope_plan::plan::{Action, Arm, Choice, Edge, EdgeReason, Guard, Plan, SiteId, Undo};

use super::super::*;
use super::oracle::{Answer, Loc, evaluate};
use super::plans::{empty_plan, origin, site, step};

const N_LEAVES: usize = 6;

fn loc() -> impl Strategy<Value = Loc> {
    let leaf = (0..N_LEAVES).prop_map(Loc::Leaf);
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Loc::And),
            prop::collection::vec(inner, 2..4).prop_map(Loc::Or),
        ]
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    let outcome = prop_oneof![
        6 => Just(Outcome::Done),
        6 => Just(Outcome::Unavailable),
        1 => Just(Outcome::Unknown),
        1 => Just(Outcome::Invalid),
    ];
    (outcome, any::<bool>()).prop_map(|(outcome, creates)| Answer { outcome, creates })
}

/// Each leaf becomes two steps: a look-up that finds, and what needs it, which answers.
fn plan_of(loc: &Loc) -> Plan {
    let mut plan = empty_plan();
    plan.sites = (0..N_LEAVES).map(|leaf| site(&format!("s{leaf}"), 1)).collect();
    for leaf in 0..N_LEAVES as u32 {
        plan.steps.push(step(StepId(2 * leaf), "find", SiteId(leaf)));
        plan.steps.push(step(StepId(2 * leaf + 1), "ensure", SiteId(leaf)));
        plan.edges.push(Edge { from: StepId(2 * leaf), to: StepId(2 * leaf + 1), reason: EdgeReason::Data });
    }
    let mut guards: Vec<BTreeSet<Option<Guard>>> = vec![BTreeSet::new(); N_LEAVES];
    lower(loc, None, &mut plan, &mut guards);
    for (leaf, guards) in guards.into_iter().enumerate() {
        // A leaf that stands nowhere is never wanted.
        let never = Guard { choice: ChoiceId(plan.choices.len() as u32), arm: 1 };
        let when: Vec<Guard> = match guards.iter().next() {
            None => vec![never],
            Some(None) => Vec::new(),
            Some(Some(_)) => guards.into_iter().flatten().collect(),
        };
        if !when.is_empty() {
            plan.steps[2 * leaf + 1].undo = Undo::DeleteCreated;
        }
        plan.steps[2 * leaf].when = when.clone();
        plan.steps[2 * leaf + 1].when = when;
    }
    let nothing = || Arm { label: String::new(), members: Vec::new(), choices: Vec::new() };
    plan.choices.push(Choice {
        id: ChoiceId(plan.choices.len() as u32),
        key: "never".into(),
        label: "`never`".into(),
        when: Vec::new(),
        arms: vec![nothing(), nothing()],
        recorded: None,
        origin: origin(),
    });
    plan
}

fn lower(loc: &Loc, within: Option<Guard>, plan: &mut Plan, guards: &mut Vec<BTreeSet<Option<Guard>>>) {
    match loc {
        Loc::Leaf(leaf) => {
            guards[*leaf].insert(within);
            if let Some(Guard { choice, arm }) = within {
                plan.choices[choice.index()].arms[arm as usize].members.push(StepId(2 * *leaf as u32 + 1));
            }
        }
        Loc::And(parts) => parts.iter().for_each(|part| lower(part, within, plan, guards)),
        Loc::Or(arms) => {
            let choice = ChoiceId(plan.choices.len() as u32);
            if let Some(outer) = within {
                plan.choices[outer.choice.index()].arms[outer.arm as usize].choices.push(choice);
            }
            plan.choices.push(Choice {
                id: choice,
                key: format!("c{}", choice.0),
                label: format!("`c{}`", choice.0),
                when: within.into_iter().collect(),
                arms: arms
                    .iter()
                    .map(|_| Arm { label: String::new(), members: Vec::new(), choices: Vec::new() })
                    .collect(),
                recorded: None,
                origin: origin(),
            });
            for (arm, inside) in arms.iter().enumerate() {
                lower(inside, Some(Guard { choice, arm: arm as u32 }), plan, guards);
            }
        }
    }
}

/// What was seen of a run.
#[derive(Debug, Default)]
struct Seen {
    verdict: Option<Verdict>,
    tried: BTreeSet<usize>,
    undone: BTreeSet<usize>,
    /// Created and not (yet) taken back.
    there: BTreeSet<usize>,
}

/// Plays a plan; of all that is under way, `picks` say what ends next.
fn play(plan: &Plan, answers: &[Answer], picks: &[usize]) -> Result<Seen, TestCaseError> {
    let mut schedule = Schedule::new(plan, ScheduleOptions::default());
    let mut seen = Seen::default();
    let mut under_way = vec![Event::Started];
    let mut picks = picks.iter().cycle();
    let mut n_events = 0;
    while !under_way.is_empty() {
        let pick = picks.next().copied().unwrap_or(0) % under_way.len();
        let event = under_way.swap_remove(pick);
        if let Event::UndoDone { step } = event {
            let leaf = step.index() / 2;
            prop_assert!(seen.there.remove(&leaf), "undone twice, or never there");
            seen.undone.insert(leaf);
        }
        n_events += 1;
        prop_assert!(n_events < 1_000, "it does not end");
        for command in schedule.on(event) {
            prop_assert!(seen.verdict.is_none(), "a command after the end");
            match command {
                Command::Start { step, attempt } => {
                    let leaf = step.index() / 2;
                    let answer = answers[leaf];
                    let is_find = step.index() % 2 == 0;
                    if !is_find {
                        seen.tried.insert(leaf);
                    }
                    let touched =
                        if answer.creates && !is_find { Touched::Created } else { Touched::Nothing };
                    if touched == Touched::Created {
                        seen.there.insert(leaf);
                    }
                    under_way.push(match (answer.outcome, is_find) {
                        (Outcome::Done, _) | (_, true) => Event::Succeeded { step, attempt, touched },
                        (outcome, false) => Event::Failed {
                            step,
                            attempt,
                            outcome,
                            is_cut_off: false,
                            is_held: false,
                            is_overdue: false,
                            is_retryable: false,
                            touched,
                        },
                    });
                }
                Command::Undo { step } => under_way.push(Event::UndoDone { step }),
                Command::Finish { verdict } => seen.verdict = Some(verdict),
                Command::TryArm { choice, arm } => {
                    // What an arm to the left created, and only it wanted, is gone by now.
                    let left = (0..arm).map(|arm| Guard { choice, arm });
                    let stays = |leaf: &usize| {
                        let when = &plan.steps[2 * leaf + 1].when;
                        left.clone().any(|guard| *when == [guard])
                    };
                    prop_assert!(
                        !seen.there.iter().any(stays),
                        "{choice:?} arm {arm} came too early: {seen:?}"
                    );
                }
                Command::RecordChoice { .. } | Command::Settled { .. } | Command::SetTimer { .. } => {}
            }
        }
    }
    prop_assert!(seen.verdict.is_some(), "it stopped without an end");
    Ok(seen)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn it_ends_as_the_oracle_says(
        loc in loc(),
        answers in prop::collection::vec(answer(), N_LEAVES),
        picks in prop::collection::vec(0..97_usize, 1..40),
    ) {
        let plan = plan_of(&loc);
        let seen = play(&plan, &answers, &picks)?;
        let (outcome, expected) = evaluate(&loc, &answers);
        let verdict = if outcome == Outcome::Done { Verdict::Done } else { Verdict::Failed };
        prop_assert_eq!(seen.verdict, Some(verdict));
        prop_assert_eq!(&seen.tried, &expected.tried);
        prop_assert_eq!(&seen.undone, &expected.undone);
        let there: BTreeSet<usize> =
            expected.tried.iter().filter(|leaf| answers[**leaf].creates && !expected.undone.contains(leaf)).copied().collect();
        prop_assert_eq!(&seen.there, &there);
    }

    /// Any graph, any answers, any order of events (stale ones among them): each step is started only after what it needs,
    /// never above a site's limit, and the run ends.
    #[test]
    fn any_graph_ends(
        n_steps in 1..30_u32,
        edges in prop::collection::vec((0..30_u32, 0..30_u32, any::<bool>()), 0..60),
        kinds in prop::collection::vec((0..3_u32, 0..4_u8, 1..4_u32), 30),
        answers in prop::collection::vec(0..7_u8, 1..60),
        picks in prop::collection::vec(0..97_usize, 1..40),
        interrupt_at in prop::option::of(0..40_usize),
    ) {
        let mut plan = empty_plan();
        plan.sites = (1..4).map(|limit| site(&format!("s{limit}"), limit)).collect();
        for id in 0..n_steps {
            let (at, on_cut, tries) = kinds[id as usize];
            let mut step = step(StepId(id), "x", SiteId(at));
            step.retry.times = tries;
            step.on_unreachable = match on_cut {
                0 => scope_plan::plan::OnUnreachable::Queue { for_ms: None },
                1 => scope_plan::plan::OnUnreachable::Skip,
                _ => scope_plan::plan::OnUnreachable::Fail,
            };
            plan.steps.push(step);
        }
        for (a, b, is_settled) in edges {
            let (from, to) = (a.min(b) % n_steps, a.max(b) % n_steps);
            if from < to {
                let reason = if is_settled { EdgeReason::Settled } else { EdgeReason::Data };
                plan.edges.push(Edge { from: StepId(from), to: StepId(to), reason });
            }
        }
        let last = n_steps - 1;
        if n_steps > 3 {
            let parts = plan.edges.iter().filter(|edge| edge.to.0 == last).map(|edge| (SiteId(0), edge.from)).collect();
            plan.steps[last as usize].action = Action::Gather { parts, quorum: None };
        }
        let mut schedule = Schedule::new(&plan, ScheduleOptions::default());
        let mut under_way = vec![Event::Started];
        let mut running: BTreeMap<SiteId, u32> = BTreeMap::new();
        let (mut picks, mut answers) = (picks.iter().cycle(), answers.iter().cycle());
        let mut n_events = 0;
        let mut verdict = None;
        while !under_way.is_empty() || (verdict.is_none() && interrupt_at.is_some_and(|at| at >= n_events)) {
            let event = if interrupt_at == Some(n_events) {
                Event::Interrupted
            } else if under_way.is_empty() {
                break;
            } else {
                let pick = picks.next().copied().unwrap_or(0) % under_way.len();
                under_way.swap_remove(pick)
            };
            n_events += 1;
            prop_assert!(n_events < 2_000, "it does not end");
            if let Event::Succeeded { step, .. } | Event::Failed { step, .. } | Event::Stopped { step, .. } = &event {
                *running.entry(plan.steps[step.index()].site).or_default() -= 1;
            }
            let again = event.clone();
            let mut commands = schedule.on(event);
            if !matches!(again, Event::Started | Event::Interrupted | Event::SiteUp { .. } | Event::SiteDown { .. }) {
                let stale = schedule.on(again);
                prop_assert!(stale.is_empty(), "an event twice changes something: {stale:?}");
            }
            commands.reverse();
            while let Some(command) = commands.pop() {
                match command {
                    Command::Start { step, attempt } => {
                        for edge in plan.edges.iter().filter(|edge| edge.to == step) {
                            let state = schedule.state(edge.from);
                            let is_ready = match edge.reason {
                                EdgeReason::Settled => state.outcome().is_some() || state == StepState::Ready
                                    || matches!(state, StepState::Running { .. } | StepState::Retrying { .. }),
                                _ => state == StepState::Done,
                            };
                            prop_assert!(is_ready, "started too early");
                        }
                        let site = plan.steps[step.index()].site;
                        let n_running = running.entry(site).or_default();
                        *n_running += 1;
                        prop_assert!(*n_running <= plan.sites[site.index()].concurrency);
                        let fail = |outcome, is_cut_off, is_retryable| Event::Failed {
                            step, attempt, outcome, is_cut_off, is_held: false, is_overdue: false, is_retryable, touched: Touched::Nothing,
                        };
                        under_way.push(match answers.next().copied().unwrap_or(0) {
                            0 => fail(Outcome::Unavailable, true, true),
                            1 => fail(Outcome::Unavailable, false, true),
                            2 => fail(Outcome::Invalid, false, false),
                            3 => fail(Outcome::Unknown, true, false),
                            _ => Event::Succeeded { step, attempt, touched: Touched::Nothing },
                        });
                    }
                    Command::SetTimer { step, attempt, .. } => under_way.push(Event::TimerFired { step, attempt }),
                    Command::Finish { verdict: how } => verdict = Some(how),
                    _ => {}
                }
            }
        }
        prop_assert!(verdict.is_some(), "it stopped without an end");
        let states: Vec<StepState> = (0..n_steps).map(|id| schedule.state(StepId(id))).collect();
        prop_assert!(states.iter().all(|state| state.outcome().is_some()), "{states:?}");
    }
}
