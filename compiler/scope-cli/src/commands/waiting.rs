//! Waiting until a site answers again: heartbeats, never all at once, rarer the longer a site is silent.
//!
//! `CloudTwo` is silent → asked after 1 s, 2 s, 4 s … 60 s, each a little off so that forty runners do not ask together;
//! it answers → the run goes on, and sites that are still silent are not tried by it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::rc::Rc;
use std::time::{Duration, Instant};

use scope_plan::plan::{Plan, SiteId};
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::runner::{self, SiteSet};
use scope_runtime::state::State;

use super::sites::{heard, probe_one};
use crate::output::note;
use crate::show;

/// The first pause between two heartbeats, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A site that says nothing for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long is still waited, and how often each site was asked in vain.
pub struct Patience {
    until: Instant,
    hearts: BTreeMap<String, Heart>,
}

/// One site's heartbeat: a circuit that is open until it answers.
struct Heart {
    pause: Duration,
    next: Instant,
    why: String,
}

/// How the waiting ended.
pub enum Waited {
    /// A site answers; these are still silent, and why.
    Answers(BTreeMap<String, String>),
    /// No site did in the time given.
    TimeIsOver,
    /// The user does not want to wait any more.
    Interrupted,
}

impl Patience {
    /// For so long.
    pub fn new(time: Duration) -> Self {
        Self { until: Instant::now() + time, hearts: BTreeMap::new() }
    }

    /// Waits until one of the sites that something is parked for, or owed at, answers.
    pub fn wait(&mut self, plan: &Plan, state: &State) -> Waited {
        let is_wanted = |name: &str| {
            state.parked.values().any(|parked| parked.site == name)
                || state.owed.iter().any(|owed| owed.site == name)
        };
        let wanted: Vec<(usize, &str)> = plan
            .sites
            .iter()
            .enumerate()
            .map(|(index, site)| (index, site.name.as_str()))
            .filter(|(_, name)| is_wanted(name))
            .collect();
        let now = Instant::now();
        for (_, name) in &wanted {
            self.hearts.entry((*name).to_string()).or_insert_with(|| Heart {
                pause: FIRST_PAUSE,
                next: now + jittered(FIRST_PAUSE),
                why: "it did not answer".into(),
            });
        }
        self.hearts.retain(|name, _| wanted.iter().any(|(_, wanted)| wanted == name));
        let names: Vec<&str> = wanted.iter().map(|(_, name)| *name).collect();
        note(&format!("waiting for {} (Ctrl-C leaves it resumable)", names.join(", ")));
        let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(super::run::config_value)));
        let sites = RealSites::new(plan, secrets, real::Options::at("."));
        runner::block_on(false, async {
            tokio::select! {
                biased;
                _ = stopped() => Waited::Interrupted,
                waited = self.heartbeats(&wanted, &sites, plan) => waited,
            }
        })
    }

    /// One site after the other, whichever is due first: a slow one holds up no other for longer than one answer.
    async fn heartbeats(&mut self, wanted: &[(usize, &str)], sites: &dyn SiteSet, plan: &Plan) -> Waited {
        loop {
            let due = wanted.iter().min_by_key(|(_, name)| self.hearts[*name].next);
            let Some((index, name)) = due.copied() else { return Waited::TimeIsOver };
            let next = self.hearts[name].next;
            if next >= self.until {
                tokio::time::sleep_until(self.until.into()).await;
                return Waited::TimeIsOver;
            }
            tokio::time::sleep_until(next.into()).await;
            let probed = probe_one(name, &*sites.site(SiteId(index as u32)), PATIENCE).await;
            let site = &plan.sites[index].name;
            match heard(&probed) {
                (Some(rtt_us), _) => {
                    note(&format!("{site} answers again ({:.0} ms)", rtt_us as f64 / 1000.0));
                    self.hearts.remove(name);
                    let silent = self.hearts.iter().map(|(name, heart)| (name.clone(), heart.why.clone()));
                    return Waited::Answers(silent.collect());
                }
                (None, why) => {
                    let heart = self.hearts.get_mut(name).expect("every site that is waited for has one");
                    heart.why = why.unwrap_or_else(|| "it did not answer".into());
                    heart.next = Instant::now() + jittered(heart.pause);
                    heart.pause = (heart.pause * 2).min(LONGEST_PAUSE);
                    let pause = show::seconds(
                        heart.next.saturating_duration_since(Instant::now()).as_millis() as u64,
                    );
                    note(&format!("{site} does not answer: {} (asked again in {pause})", heart.why));
                }
            }
        }
    }
}

/// The pause, up to a quarter shorter or longer.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 1_001;
    pause.mul_f64(0.75 + random as f64 / 2_000.0)
}

/// Resolves when the user, or the machine going down, asks the process to end; false where that cannot be heard.
pub async fn stopped() -> bool {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        return tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.is_ok(),
            terminated = terminated.recv() => terminated.is_some(),
        };
    }
    tokio::signal::ctrl_c().await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_spread_within_a_quarter() {
        let pauses: Vec<Duration> = (0..200).map(|_| jittered(Duration::from_secs(8))).collect();
        assert!(pauses.iter().all(|pause| (6.0..=10.0).contains(&pause.as_secs_f64())));
        assert!(pauses.iter().collect::<std::collections::BTreeSet<_>>().len() > 20);
    }
}
