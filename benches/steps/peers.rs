//! What the runner is measured against: tasks that spawn what they made ready, tasks that are spawned and joined; and the
//! product's scheduler alone, told that every step ended well.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::stream::{FuturesUnordered, StreamExt};
use scope_plan::plan::{Plan, StepId};
use scope_runtime::report::Verdict;
use scope_runtime::schedule::{Command, Event, Schedule, ScheduleOptions, Touched};
use tokio::sync::Notify;

use crate::graphs::Graph;

struct Shared {
    after: Vec<Vec<u32>>,
    n_before: Vec<AtomicU32>,
    n_left: AtomicU32,
    is_over: Notify,
}

/// The graph without any scheduler: a finished task spawns what it made ready. On one thread, where it is fastest.
pub fn spawned(graph: &Graph) {
    let shared = Arc::new(Shared {
        after: graph.after.clone(),
        n_before: graph.before.iter().map(|before| AtomicU32::new(before.len() as u32)).collect(),
        n_left: AtomicU32::new(graph.before.len() as u32),
        is_over: Notify::new(),
    });
    one_thread().block_on(async {
        for (step, before) in graph.before.iter().enumerate() {
            if before.is_empty() {
                spawn(&shared, step);
            }
        }
        shared.is_over.notified().await;
    });
}

fn spawn(shared: &Arc<Shared>, step: usize) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        for next in &shared.after[step] {
            if shared.n_before[*next as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
                spawn(&shared, *next as usize);
            }
        }
        if shared.n_left.fetch_sub(1, Ordering::AcqRel) == 1 {
            shared.is_over.notify_one();
        }
    });
}

/// So many tasks without any order.
pub fn joined(n: usize) {
    one_thread().block_on(async {
        let tasks: Vec<_> = (0..n).map(|task| tokio::spawn(async move { task })).collect();
        for task in tasks {
            task.await.expect("it cannot fail");
        }
    });
}

fn one_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// One attempt, as the runner holds it.
type Task = Pin<Box<dyn Future<Output = (StepId, u32)>>>;

/// The scheduler and the tasks it starts, as the runner drives them, each task with nothing to do.
pub fn looped(plan: &Plan) {
    one_thread().block_on(async {
        let mut schedule =
            Schedule::new(plan, ScheduleOptions { concurrency: 1_000_000, ..ScheduleOptions::default() });
        let mut events = VecDeque::from([Event::Started]);
        let mut tasks = FuturesUnordered::<Task>::new();
        while !schedule.is_finished() {
            while let Some(event) = events.pop_front() {
                for command in schedule.on(event) {
                    if let Command::Start { step, attempt } = command {
                        tasks.push(Box::pin(async move { (step, attempt) }));
                    }
                }
            }
            if let Some((step, attempt)) = tasks.next().await {
                events.push_back(Event::Succeeded { step, attempt, touched: Touched::Nothing });
            }
        }
    });
}

/// The scheduler, from its making to its verdict.
pub fn scheduled(plan: &Plan) {
    let mut schedule =
        Schedule::new(plan, ScheduleOptions { concurrency: 1_000_000, ..ScheduleOptions::default() });
    let mut events = VecDeque::from([Event::Started]);
    while let Some(event) = events.pop_front() {
        for command in schedule.on(event) {
            match command {
                Command::Start { step, attempt } => {
                    events.push_back(Event::Succeeded { step, attempt, touched: Touched::Nothing });
                }
                Command::Finish { verdict } => assert_eq!(verdict, Verdict::Done),
                _ => {}
            }
        }
    }
    assert!(schedule.is_finished());
}
