//! `--wait`: staying while sites are cut off, until the work that is parked for them can go on.
//!
//! `waiting for paris` → `paris answers again (12 ms)` → the work is planned anew and done; sites still silent are left alone.
//! How often a site is asked, and why not more often, is [`scope_runtime::heartbeat`]'s.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::rc::Rc;
use std::time::Duration;

use scope_plan::plan::{Plan, SiteId};
use scope_runtime::heartbeat::{Beat, Heartbeats, Waited as Heard};
use scope_runtime::hooks::Hooks;
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::runner;
use scope_runtime::state::State;

use crate::output::note;
use crate::show;

/// How long is still waited, and the hearts of the sites.
pub struct Patience {
    until: std::time::Instant,
    hearts: Heartbeats,
}

/// How the waiting ended.
pub enum Waited {
    /// A site answers; these are still silent, and why.
    Answers(std::collections::BTreeMap<String, String>),
    /// No site did in the time given.
    TimeIsOver,
    /// The user does not want to wait any more.
    Interrupted,
}

impl Patience {
    /// For so long.
    pub fn new(time: Duration) -> Self {
        // Any number will do, as long as two processes have different ones.
        let seed = RandomState::new().build_hasher().finish();
        Self { until: std::time::Instant::now() + time, hearts: Heartbeats::new(seed) }
    }

    /// Waits until one of the sites that something is parked for, or owed at, answers.
    pub fn wait(&mut self, plan: &Plan, state: &State, hooks: &mut Hooks) -> Waited {
        let is_wanted = |name: &str| {
            state.parked.values().any(|parked| parked.site == name)
                || state.owed.iter().any(|owed| owed.site == name)
                || state.looks.contains_key(name)
        };
        let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(super::run::config_value)));
        let sites = RealSites::new(plan, secrets, real::Options::at("."));
        let wanted = plan.sites.iter().enumerate().filter(|(_, site)| is_wanted(&site.name));
        let wanted: Vec<_> =
            wanted.map(|(index, site)| (site.name.clone(), sites.site(SiteId(index as u32)))).collect();
        let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            return Waited::TimeIsOver;
        }
        note(&format!("waiting for {} (Ctrl-C leaves it resumable)", names.join(", ")));
        let mut told = |beat: Beat| match beat {
            Beat::Answers { site, rtt_us } => {
                note(&format!("{site} answers again ({:.0} ms)", rtt_us as f64 / 1000.0));
                hooks.tell_of_site("site_answers", &site, None);
            }
            Beat::Silent { site, why, again_in } => {
                let pause = show::seconds(again_in.as_millis() as u64);
                note(&format!("{site} does not answer: {why} (asked again in {pause})"));
                hooks.tell_of_site("site_silent", &site, Some(&why));
            }
        };
        runner::block_on(false, async {
            tokio::select! {
                biased;
                _ = stopped() => Waited::Interrupted,
                heard = self.hearts.wait(&wanted, self.until.into(), &mut told) => match heard {
                    Heard::Answers(silent) => Waited::Answers(silent),
                    Heard::TimeIsOver => Waited::TimeIsOver,
                },
            }
        })
    }
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
