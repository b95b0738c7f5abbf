//! A hundred thousand steps: time grows with the plan, not with its square.

use std::time::{Duration, Instant};

use super::super::*;
use super::plans::{empty_plan, site, step};
use scope_plan::plan::{Arm as PlanArm, Choice, Edge, EdgeReason, Guard, SiteId, Undo};

const N_STEPS: u32 = 100_000;

fn edge(from: u32, to: u32) -> Edge {
    Edge { from: StepId(from), to: StepId(to), reason: EdgeReason::Data }
}

/// Answers every start with success (or what `answer` says) until the end; the number of events.
fn drive(plan: &Plan, mut answer: impl FnMut(StepId, u32) -> Event) -> (usize, Verdict) {
    let mut schedule = Schedule::new(plan, ScheduleOptions::default());
    let mut events = VecDeque::from([Event::Started]);
    let mut n_events = 0;
    while let Some(event) = events.pop_front() {
        n_events += 1;
        for command in schedule.on(event) {
            match command {
                Command::Start { step, attempt } => events.push_back(answer(step, attempt)),
                Command::SetTimer { step, attempt, .. } => {
                    events.push_back(Event::TimerFired { step, attempt })
                }
                Command::Undo { step } => events.push_back(Event::UndoDone { step }),
                Command::Finish { verdict } => return (n_events, verdict),
                _ => {}
            }
        }
    }
    panic!("the run did not end");
}

fn ok(step: StepId, attempt: u32) -> Event {
    Event::Succeeded { step, attempt, touched: Touched::Created }
}

fn measured(what: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let took = start.elapsed();
    // Ten times what it takes without optimisation on a busy machine, a hundredth of what a quadratic pass would.
    assert!(took < Duration::from_secs(20), "{what}: {took:?}");
}

#[test]
fn a_chain_and_a_fan() {
    let mut plan = empty_plan();
    plan.sites = (0..10).map(|number| site(&format!("s{number}"), 8)).collect();
    plan.steps = (0..N_STEPS).map(|id| step(StepId(id), "x", SiteId(id % 10))).collect();
    plan.edges = (1..N_STEPS).map(|id| edge(id - 1, id)).collect();
    measured("chain", || assert_eq!(drive(&plan, ok), (N_STEPS as usize + 1, Verdict::Done)));
    plan.edges = (1..N_STEPS).map(|id| edge(0, id)).collect();
    measured("fan", || assert_eq!(drive(&plan, ok), (N_STEPS as usize + 1, Verdict::Done)));
    measured("all skipped", || {
        let fails = |step, attempt| Event::Failed {
            step,
            attempt,
            outcome: Outcome::Invalid,
            is_cut_off: false,
            is_held: false,
            is_overdue: false,
            is_retryable: false,
            touched: Touched::Nothing,
        };
        assert_eq!(drive(&plan, fails), (2, Verdict::Failed));
    });
}

#[test]
fn one_arm_of_many_steps_undone() {
    let mut plan = empty_plan();
    plan.sites = vec![site("a", 8), site("b", 8)];
    plan.steps = (0..N_STEPS).map(|id| step(StepId(id), "x", SiteId(0))).collect();
    let last = N_STEPS - 1;
    for step in &mut plan.steps[..last as usize] {
        step.when = vec![Guard { choice: ChoiceId(0), arm: 0 }];
        step.undo = Undo::DeleteCreated;
    }
    plan.steps[last as usize].when = vec![Guard { choice: ChoiceId(0), arm: 1 }];
    plan.edges = (1..last).map(|id| edge(id - 1, id)).collect();
    let arm = |members: std::ops::Range<u32>| PlanArm {
        label: String::new(),
        members: members.map(StepId).collect(),
        choices: Vec::new(),
    };
    plan.choices = vec![Choice {
        id: ChoiceId(0),
        key: "x".into(),
        label: "`x`".into(),
        when: Vec::new(),
        arms: vec![arm(0..last), arm(last..N_STEPS)],
        recorded: None,
        origin: super::plans::origin(),
    }];
    measured("undo", || {
        let (n_events, verdict) = drive(&plan, |step, attempt| {
            if step.0 + 1 == last {
                Event::Failed {
                    step,
                    attempt,
                    outcome: Outcome::Unavailable,
                    is_cut_off: false,
                    is_held: false,
                    is_overdue: false,
                    is_retryable: false,
                    touched: Touched::Nothing,
                }
            } else {
                ok(step, attempt)
            }
        });
        assert_eq!(verdict, Verdict::Done);
        assert_eq!(n_events, 1 + N_STEPS as usize + (last as usize - 1));
    });
}

#[test]
fn choices_nested_deep() {
    // x0 | (x1 | (x2 | …)): every one fails but the last.
    let n_deep = 5_000;
    let mut plan = empty_plan();
    plan.sites = vec![site("a", 8)];
    for id in 0..n_deep {
        let mut step = step(StepId(id), "x", SiteId(0));
        let (choice, arm) = if id + 1 == n_deep { (id - 1, 1) } else { (id, 0) };
        step.when = vec![Guard { choice: ChoiceId(choice), arm }];
        plan.steps.push(step);
    }
    for id in 0..n_deep - 1 {
        let is_last = id + 2 == n_deep;
        let arm = |members, choices| PlanArm { label: String::new(), members, choices };
        plan.choices.push(Choice {
            id: ChoiceId(id),
            key: format!("x{id}"),
            label: format!("`x{id}`"),
            when: if id == 0 { Vec::new() } else { vec![Guard { choice: ChoiceId(id - 1), arm: 1 }] },
            arms: vec![
                arm(vec![StepId(id)], Vec::new()),
                if is_last {
                    arm(vec![StepId(id + 1)], Vec::new())
                } else {
                    arm(Vec::new(), vec![ChoiceId(id + 1)])
                },
            ],
            recorded: None,
            origin: super::plans::origin(),
        });
    }
    measured("nested", || {
        let (_, verdict) = drive(&plan, |step, attempt| {
            if step.0 + 1 == n_deep {
                return ok(step, attempt);
            }
            Event::Failed {
                step,
                attempt,
                outcome: Outcome::Unavailable,
                is_cut_off: true,
                is_held: false,
                is_overdue: false,
                is_retryable: false,
                touched: Touched::Nothing,
            }
        });
        assert_eq!(verdict, Verdict::Done);
    });
}
