//! One seed after the other: a fixed number of them, the same on every machine; what fails is printed with its seed.
//!
//! ```console
//! $ cargo test -p scope-runtime oracle::seeds                                        # those of every run of the tests
//! $ SCOPE_SEEDS=0..20000 cargo test -p scope-runtime oracle::seeds -- --nocapture    # as many as that, however long it takes
//! $ SCOPE_SEEDS=4711 cargo test -p scope-runtime oracle::seeds -- --nocapture        # this one again, exactly, with its log
//! ```
//!
//! Tried once beyond these: against the rules, groups and rollouts up to 1,399; changed programs up to 399; copies of groups up to 1,399
//! before those in waves came after one another, and up to 699 since. In the weather groups and guards up to 2,999, before groups had
//! all that `with` may say of them and changes and deletions came late; programs, groups, guards and examples up to 299 since then.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Instant;

use scope_plan::plan::Plan;

use crate::events::RunEvent;
use crate::runner::told::told;
use crate::state::Told;

/// So many failures are printed; of more only the number.
const MOST_SHOWN: usize = 5;

/// What is explored.
pub(super) struct Exploration {
    /// As people call it: `generated programs`.
    pub(super) of: &'static str,
    /// Seeds where none are asked for: not so many as there is time for, or a faster machine would try what nobody has.
    pub(super) n_seeds: u64,
}

/// The seeds that are asked for by `SCOPE_SEEDS=0..20000` or `SCOPE_SEEDS=4711`.
static WANTED: LazyLock<Option<Range<u64>>> = LazyLock::new(|| {
    let text = std::env::var("SCOPE_SEEDS").ok()?;
    let number = |text: &str| text.trim().parse::<u64>().expect("SCOPE_SEEDS is `4711` or `0..20000`");
    Some(match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&text)..number(&text) + 1,
    })
});

/// Tells what happens in a run, if it is one of the only seed that is asked for.
pub(super) fn tell(plan: &Plan, event: &RunEvent) {
    if WANTED.as_ref().is_none_or(|seeds| seeds.end != seeds.start + 1) {
        return;
    }
    if let Some(Told { at_ms, key, word, words, .. }) = told(plan, &BTreeMap::new(), event) {
        println!("{:>9.3} s  {word:<8} {key}  {words}", at_ms as f64 / 1000.0);
    }
}

impl Exploration {
    /// Tries each seed; gives how many runs it took, or what is wrong.
    pub(super) fn each(self, mut does: impl FnMut(u64) -> Result<usize, String>) {
        let start = Instant::now();
        let wanted = WANTED.clone();
        let is_asked_for = wanted.is_some();
        let (mut n_seeds, mut n_runs) = (0_u64, 0);
        let mut wrong: Vec<String> = Vec::new();
        for seed in wanted.unwrap_or(0..self.n_seeds) {
            n_seeds += 1;
            match does(seed) {
                Ok(runs) => n_runs += runs,
                Err(why) => {
                    let why = format!("SCOPE_SEEDS={seed}: {why}\n");
                    if is_asked_for {
                        println!("{why}");
                    }
                    wrong.push(why);
                }
            }
            if is_asked_for && n_seeds.is_multiple_of(500) {
                let seconds = start.elapsed().as_secs_f64();
                println!(
                    "{n_seeds} seeds of {}, {n_runs} runs, {seconds:.1} s, {} wrong",
                    self.of,
                    wrong.len()
                );
            }
        }
        println!("{n_seeds} seeds of {}, {n_runs} runs, {:.1} s", self.of, start.elapsed().as_secs_f64());
        wrong.sort_by_key(String::len);
        let shown = &wrong[..wrong.len().min(MOST_SHOWN)];
        assert!(wrong.is_empty(), "{} of {n_seeds} seeds:\n{}", wrong.len(), shown.join("\n"));
        assert!(n_seeds > 0, "no seed was tried");
    }
}
