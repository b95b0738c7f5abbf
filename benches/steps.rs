//! What a step costs: the product's scheduler and its whole runner beside raw `tokio::spawn`, on the same graphs in the same
//! process; the journal's cost; how close a run of waiting steps comes to its bound; memory.
//!
//! ```text
//! cargo bench -p scope-runtime --bench steps -- overhead [--sizes 1000,10000] [--shapes chain,fan,layered] [--rounds 5]
//! cargo bench -p scope-runtime --bench steps -- journal
//! cargo bench -p scope-runtime --bench steps -- makespan
//! cargo bench -p scope-runtime --bench steps -- memory
//! cargo bench -p scope-runtime --bench steps -- once run layered 10000      (for callgrind)
//! ```
//!
//! In each round every variant is run once, one after the other, so that a busy machine is so for all of them; what is
//! printed is the median of the rounds, and the ratio of medians. The site answers at once: what is measured is ours.

#![allow(clippy::print_stdout, missing_docs, reason = "a measurement prints what it measured")]

#[path = "steps/graphs.rs"]
mod graphs;
#[path = "steps/peers.rs"]
mod peers;
#[path = "steps/sites.rs"]
mod sites;

use std::collections::BTreeMap;
use std::time::Instant;

use scope_plan::plan::Plan;
use scope_runtime::report::Verdict;
use scope_runtime::runner::{RunOptions, SiteSet, block_on, run};
use scope_runtime::state::{Holder, StateStore};

use graphs::{Graph, changing, plan_of};
use sites::{At, Sites};

const SHAPES: [&str; 3] = ["chain", "fan", "layered"];

fn main() {
    // `cargo bench` adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let command = words.first().map_or("overhead", String::as_str);
    let option = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1).cloned()
    };
    let numbers =
        |text: String| text.split(',').map(|n| n.parse().expect("a number")).collect::<Vec<usize>>();
    let sizes = option("--sizes").map(numbers);
    let shapes = option("--shapes").unwrap_or_else(|| SHAPES.join(","));
    let shapes: Vec<&str> = shapes.split(',').collect();
    let rounds = option("--rounds").map_or(5, |n| n.parse().expect("a number"));
    match command {
        "overhead" => overhead(&shapes, &sizes.unwrap_or(vec![1_000, 10_000, 100_000, 1_000_000]), rounds),
        "journal" => journal(&shapes, &sizes.unwrap_or(vec![1_000, 10_000]), rounds),
        "makespan" => makespan(&sizes.unwrap_or(vec![1_000, 10_000]), rounds),
        "memory" => memory(&shapes, &sizes.unwrap_or(vec![10_000, 100_000])),
        "once" => once(&words[1], &words[2], words[3].parse().expect("a number")),
        other => println!("`{other}` is none of overhead, journal, makespan, memory, once"),
    }
}

/// One timed piece of work.
type Work<'w> = (&'static str, Box<dyn FnMut() + 'w>);

/// Rounds of all of them in turn; for each the median, in microseconds a step.
fn medians(works: &mut [Work<'_>], n: usize, rounds: usize) -> Vec<f64> {
    let mut times: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        for (index, (_, work)) in works.iter_mut().enumerate() {
            let start = Instant::now();
            work();
            times.entry(index).or_default().push(start.elapsed().as_secs_f64() * 1e6 / n as f64);
        }
    }
    times.into_values().map(median).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn overhead(shapes: &[&str], sizes: &[usize], rounds: usize) {
    println!("µs a step, median of {rounds} rounds; × is against the spawned graph of the same round\n");
    println!(
        "| shape | steps | tokio: spawned graph | tokio: spawn and join | scheduler | with tasks | runner | with tasks × | runner × |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for shape in shapes {
        for n in sizes {
            let graph = Graph::new(shape, *n);
            let plan = plan_of(&graph, 1_000_000);
            let sites = Sites::new(At::Once);
            let mut works: Vec<Work<'_>> = vec![
                ("spawned", Box::new(|| peers::spawned(&graph))),
                ("joined", Box::new(|| peers::joined(*n))),
                ("scheduler", Box::new(|| peers::scheduled(&plan))),
                ("looped", Box::new(|| peers::looped(&plan))),
                ("runner", Box::new(|| runs(&plan, &sites, &mut StateStore::in_memory()))),
            ];
            let times = medians(&mut works, *n, rounds);
            let cells: Vec<String> = times.iter().map(|time| format!("{time:.2}")).collect();
            let (looped, runner) = (times[3] / times[0], times[4] / times[0]);
            println!("| {shape} | {n} | {} | {looped:.2} | {runner:.2} |", cells.join(" | "));
        }
    }
}

/// One run, as the product does it; the clock is the real one.
fn runs(plan: &Plan, sites: &dyn SiteSet, state: &mut StateStore) {
    let options = RunOptions { concurrency: 1_000_000, ..RunOptions::default() };
    let mut n_events = 0_usize;
    let report = block_on(false, run(plan, sites, state, &options, &mut |_| n_events += 1));
    assert_eq!(report.verdict, Verdict::Done);
    assert!(n_events > 2 * plan.steps.len());
}

fn journal(shapes: &[&str], sizes: &[usize], rounds: usize) {
    println!(
        "µs a step, median of {rounds} rounds: the runner with its state in memory, and with a journal in"
    );
    println!(
        "the folder for temporary files (`TMPDIR`: one in memory shows what it costs without the disk)\n"
    );
    println!("| shape | steps | each step | in memory | with a journal | the journal costs |");
    println!("|---|---|---|---|---|---|");
    let folder = std::env::temp_dir().join(format!("scope-bench-{}", std::process::id()));
    for shape in shapes {
        for n in sizes {
            let graph = Graph::new(shape, *n);
            let sites = Sites::new(At::Once);
            let plans = [("reads", plan_of(&graph, 1_000_000)), ("makes one", changing(&graph, 1_000_000))];
            for (what, plan) in plans {
                let kept = || {
                    // Of what was made once, another run would have nothing to do.
                    let _ = std::fs::remove_dir_all(&folder);
                    let holder = Holder::current("bench", 0);
                    let mut state = StateStore::open(&folder, &holder).expect("a folder");
                    runs(&plan, &sites, &mut state);
                };
                let mut works: Vec<Work<'_>> = vec![
                    ("memory", Box::new(|| runs(&plan, &sites, &mut StateStore::in_memory()))),
                    ("journal", Box::new(kept)),
                ];
                let times = medians(&mut works, *n, rounds);
                let costs = times[1] - times[0];
                println!("| {shape} | {n} | {what} | {:.2} | {:.2} | {costs:.2} |", times[0], times[1]);
            }
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

fn makespan(sizes: &[usize], rounds: usize) {
    println!(
        "steps that wait 20 ms, layered, ten sites of four at once; the bound is of what was observed: the longest chain,"
    );
    println!("or what the busiest site did, divided by four\n");
    println!("| steps | makespan, s | bound, s | makespan / bound | mean wait, ms |");
    println!("|---|---|---|---|---|");
    for n in sizes {
        let graph = Graph::new("layered", *n);
        let plan = plan_of(&graph, 4);
        let mut all = Vec::new();
        for _ in 0..rounds {
            let sites = Sites::new(At::Later);
            let start = Instant::now();
            runs(&plan, &sites, &mut StateStore::in_memory());
            let took = start.elapsed().as_secs_f64();
            let waits = sites.waits();
            let bound = graph.bound(&waits, graphs::N_SITES, 4);
            let mean = waits.iter().sum::<f64>() / waits.len() as f64;
            all.push((took / bound, took, bound, mean * 1e3));
        }
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (ratio, took, bound, mean) = all[all.len() / 2];
        println!("| {n} | {took:.3} | {bound:.3} | {ratio:.3} | {mean:.2} |");
    }
}

fn memory(shapes: &[&str], sizes: &[usize]) {
    println!("bytes a step: the plan, and what a run of it adds at its highest\n");
    println!("| shape | steps | plan | scheduler | runner |");
    println!("|---|---|---|---|---|");
    let this = std::env::current_exe().expect("this program");
    for shape in shapes {
        for n in sizes {
            let cell = |what: &str| {
                let output =
                    std::process::Command::new(&this).args(["once", what, shape, &n.to_string()]).output();
                let said = String::from_utf8(output.expect("this program runs").stdout).expect("text");
                let numbers: Vec<f64> =
                    said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
                (numbers[0] / *n as f64, numbers[1] / *n as f64)
            };
            let (plan, scheduler) = cell("scheduler");
            let (_, runner) = cell("run");
            println!("| {shape} | {n} | {plan:.0} | {scheduler:.0} | {runner:.0} |");
        }
    }
}

/// One piece of work, for who counts instructions or memory: says the bytes of the plan and of the work.
fn once(what: &str, shape: &str, n: usize) {
    let empty = resident("VmRSS:");
    let graph = Graph::new(shape, n);
    let plan = plan_of(&graph, 1_000_000);
    let before = resident("VmRSS:");
    match what {
        "plan" => {}
        "spawned" => peers::spawned(&graph),
        "scheduler" => peers::scheduled(&plan),
        "looped" => peers::looped(&plan),
        "run" => runs(&plan, &Sites::new(At::Once), &mut StateStore::in_memory()),
        other => println!("`{other}` is none of plan, spawned, scheduler, looped, run"),
    }
    println!("{} {}", before - empty, resident("VmHWM:") - before);
}

/// Of this process, in bytes; zero where the system does not say.
fn resident(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|each| each.starts_with(line)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}
