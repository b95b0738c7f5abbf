//! `--wait`: staying while sites are cut off, until the work that is parked for them can go on.
//!
//! `waiting for paris` → `paris answers again (12 ms)` → the work is planned anew and done; sites still silent are left alone.
//! How often a site is asked, and why not more often, is [`scope_runtime::heartbeat`]'s. A site that is held is not asked: the
//! end of its hold is waited for; one that the command leaves out is not waited for. Meanwhile others may have the state.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::rc::Rc;
use std::time::{Duration, Instant};

use scope_plan::plan::{OnUnreachable, Plan, SiteId, Step};
use scope_runtime::heartbeat::{Beat, Heartbeats, Waited as Heard};
use scope_runtime::hooks::Hooks;
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::runner;
use scope_runtime::state::{
    Hold, Holder, Place, Run as PastRun, Started, State, StateError, StateStore, Wish,
};

use super::{asked, now_ms, place};
use crate::args::How;
use crate::output::note;
use crate::show::{self, said};

/// How often there is a look at what others did to the state: in a folder, and at a shared place.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_FAR_EVERY: Duration = Duration::from_secs(30);
/// How often it is tried to have the state again.
const TRY_EVERY: Duration = Duration::from_millis(200);

/// How long is still waited, and the hearts of the sites.
pub struct Patience {
    until: Instant,
    hearts: Heartbeats,
    /// Sites whose silence hooks were told of.
    silent: BTreeSet<String>,
}

/// How the waiting ended.
pub enum Waited {
    /// A site answers, something has waited long enough, or nothing waits any more; these are still silent, and why.
    Answers(BTreeMap<String, String>),
    /// No site did in the time given.
    TimeIsOver,
    /// A later run was asked for something else.
    Overtaken(Later),
    /// The user does not want to wait any more.
    Interrupted,
}

/// Whose sites are waited for.
pub struct Waits<'w> {
    /// The plan of the last run.
    pub plan: &'w Plan,
    /// Where the state is, which says what is parked and owed.
    pub place: &'w Place,
    /// Which sites are left out.
    pub how: &'w How,
    /// The number of that run, and what it was asked.
    pub run: u64,
    pub started: &'w Started,
    /// The last run after it that was found to be asked for the same.
    pub followed_by: Cell<u64>,
}

/// A run that was begun after the one that waits, and was asked for something else: what it says holds from then on.
#[derive(Clone, Debug, PartialEq)]
pub struct Later {
    run: u64,
    by: String,
    /// What to type now.
    next: String,
}

impl Later {
    /// The newest run of the program after this one, unless it was asked for the same: the program is read anew in each round,
    /// so the same words mean the same.
    pub fn of(state: &State, waits: &Waits<'_>) -> Option<Self> {
        let newest = Self::newest(state, waits.run)?;
        if waits.followed_by.get() == newest.run {
            return None;
        }
        if asked::is_same(&newest.started, waits.started) {
            waits.followed_by.set(newest.run);
            return None;
        }
        Some(Self::after(newest, waits.how.kept.state.as_deref()))
    }

    /// The same after one that is over.
    pub fn than(state: &State, run: u64, given: Option<&str>) -> Option<Self> {
        let past = state.runs.iter().find(|past| past.run == run)?;
        let newest = Self::newest(state, run)?;
        (!asked::is_same(&newest.started, &past.started)).then(|| Self::after(newest, given))
    }

    fn newest(state: &State, run: u64) -> Option<&PastRun> {
        let mut later = state.runs.iter().rev().take_while(|past| past.run > run);
        later.find(|past| past.started.wish != Wish::Command)
    }

    fn after(past: &PastRun, state: Option<&str>) -> Self {
        let place = place::words(&past.started.program, state);
        Self { run: past.run, by: past.by.clone(), next: said::completing(&past.started, state, &place) }
    }

    /// Says that nothing is waited for any more.
    pub fn tell(&self) {
        note(&format!("{}: what waited here is given up for what that one says", self.words()));
        note(&self.next());
    }

    /// Whether a line says it already.
    pub fn is_told_by(&self, line: &str) -> bool {
        line.starts_with(&self.words())
    }

    /// Says it of a run that is over, and was shown with what to type at its end.
    pub fn tell_after(&self) {
        note(&format!("{}: what that one says holds", self.words()));
        note(&self.next());
    }

    fn words(&self) -> String {
        let Later { run, by, .. } = self;
        format!("run {run}, which {by} began meanwhile, was asked for something else")
    }

    fn next(&self) -> String {
        format!("  next: {}", self.next)
    }
}

/// What is waited for: sites to be asked, and those that are held.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    asked: BTreeSet<String>,
    held: BTreeMap<String, Hold>,
    /// By site, when the first of what waits there has waited as long as it may (`queue for d`), in milliseconds since 1970.
    over_ms: BTreeMap<String, u64>,
}

impl Wanted {
    /// Of those sites that something is parked for, or owed at.
    fn of(state: &State, waits: &Waits<'_>, now_ms: u64) -> Self {
        let parked = state.waiting().map(|parked| &parked.site);
        let owed = state.owed.iter().map(|owed| &owed.site);
        let looks = state.looks.keys();
        let open: BTreeSet<&String> = parked.chain(owed).chain(looks).collect();
        let sites = waits.plan.sites.iter().map(|site| &site.name);
        let mut wanted = Wanted::default();
        for site in sites.filter(|site| open.contains(site) && !waits.how.about.leaves_out(site)) {
            match state.holds.get(site).filter(|hold| hold.is_in_force(now_ms)) {
                Some(hold) => drop(wanted.held.insert(site.clone(), hold.clone())),
                None => drop(wanted.asked.insert(site.clone())),
            }
        }
        wanted.over_ms = wanted.over_ms(state, waits);
        wanted
    }

    /// What was over when the last run began has been told by it.
    fn over_ms(&self, state: &State, waits: &Waits<'_>) -> BTreeMap<String, u64> {
        let began_ms = state.runs.last().map_or(0, |run| run.started_ms);
        let limit = |step: &Step| match step.on_unreachable {
            OnUnreachable::Queue { for_ms } => for_ms,
            _ => None,
        };
        let limits = waits.plan.steps.iter().filter_map(|step| {
            let parked = state.parked.get(&step.key).filter(|parked| !parked.is_over)?;
            self.asked.contains(&parked.site).then_some(())?;
            Some((&parked.site, parked.since_ms.saturating_add(limit(step)?)))
        });
        let mut first: BTreeMap<String, u64> = BTreeMap::new();
        for (site, over_ms) in limits.filter(|(_, over_ms)| *over_ms > began_ms) {
            first.entry(site.clone()).and_modify(|known| *known = over_ms.min(*known)).or_insert(over_ms);
        }
        first
    }

    fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.held.is_empty()
    }

    /// `paris, lille (held by ana, until released: rack move)`
    fn words(&self, now_ms: u64) -> String {
        let asked = self.asked.iter().cloned();
        let held = self
            .held
            .iter()
            .map(|(site, hold)| format!("{site} (held {})", show::past::hold_words(hold, now_ms)));
        asked.chain(held).collect::<Vec<_>>().join(", ")
    }
}

impl Patience {
    /// For so long.
    pub fn new(time: Duration) -> Self {
        // Any number will do, as long as two processes have different ones.
        let seed = RandomState::new().build_hasher().finish();
        Self { until: Instant::now() + time, hearts: Heartbeats::new(seed), silent: BTreeSet::new() }
    }

    /// Waits until one of the sites that something is parked for, or owed at, answers.
    pub fn wait(&mut self, waits: &Waits<'_>, holder: &Holder, hooks: &mut Hooks) -> Waited {
        let Waits { plan, place, .. } = *waits;
        let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(super::run::config_value)));
        let sites = RealSites::new(plan, secrets, real::Options::at("."));
        let Some(state) = look(place) else { return Waited::TimeIsOver };
        if let Some(later) = Later::of(&state, waits) {
            return Waited::Overtaken(later);
        }
        let mut wanted = Wanted::of(&state, waits, now_ms());
        if wanted.is_empty() {
            return Waited::TimeIsOver;
        }
        let _waiting = StateStore::wait_at(place, holder);
        runner::block_on(false, async {
            loop {
                note(&format!("waiting for {} (Ctrl-C leaves it resumable)", wanted.words(now_ms())));
                let asked =
                    plan.sites.iter().enumerate().filter(|(_, site)| wanted.asked.contains(&site.name));
                let asked: Vec<_> = asked
                    .map(|(index, site)| (site.name.clone(), sites.site(SiteId(index as u32))))
                    .collect();
                let mut told = |beat: Beat| tell(beat, &mut self.silent, hooks);
                let first_over_ms = wanted.over_ms.values().min().copied();
                let over = first_over_ms
                    .map(|over_ms| Instant::now() + Duration::from_millis(over_ms.saturating_sub(now_ms())));
                let until = over.map_or(self.until, |over| over.min(self.until));
                tokio::select! {
                    biased;
                    _ = stopped() => return Waited::Interrupted,
                    heard = self.hearts.wait(&asked, until.into(), &mut told) => match heard {
                        Heard::Answers(silent) => return Waited::Answers(silent),
                        // What has waited long enough fails, whoever else is waited for.
                        Heard::TimeIsOver if until < self.until => {
                            let passed_ms = now_ms().max(first_over_ms.unwrap_or(0));
                            let why = |site: &String| match wanted.over_ms.get(site) {
                                Some(over_ms) if *over_ms <= passed_ms => {
                                    "it did not answer in the time that it is waited for".to_owned()
                                }
                                _ => self.hearts.why(site),
                            };
                            return Waited::Answers(wanted.asked.iter().map(|site| (site.clone(), why(site))).collect());
                        }
                        Heard::TimeIsOver => {
                            let sites = wanted.words(now_ms());
                            note(&format!("the time is over: no more waiting for {sites}, the next run goes on"));
                            return Waited::TimeIsOver;
                        }
                    },
                    changed = change(&wanted, waits) => match changed {
                        Ok(changed) => wanted = changed,
                        Err(later) => return Waited::Overtaken(later),
                    },
                }
                // Another run did it.
                if wanted.is_empty() {
                    return Waited::Answers(BTreeMap::new());
                }
            }
        })
    }

    /// Has the state again, as soon as nobody else has it.
    pub fn open(&self, place: &Place, holder: &Holder) -> Result<StateStore, StateError> {
        loop {
            match StateStore::open_at(place, holder) {
                Err(error) if error.is_locked() && Instant::now() < self.until => {
                    std::thread::sleep(TRY_EVERY);
                }
                opened => return opened,
            }
        }
    }
}

/// Says it; hooks are told of each silence once, and of its end.
fn tell(beat: Beat, silent: &mut BTreeSet<String>, hooks: &mut Hooks) {
    match beat {
        Beat::Answers { site, rtt_us } => {
            note(&format!("{site} answers again ({:.0} ms)", rtt_us as f64 / 1000.0));
            silent.remove(&site);
            hooks.tell_of_site("site_answers", &site, None);
        }
        Beat::Silent { site, why, again_in } => {
            let pause = show::seconds(again_in.as_millis() as u64);
            note(&format!("{site} does not answer: {why} (asked again in {pause})"));
            if silent.insert(site.clone()) {
                hooks.tell_of_site("site_silent", &site, Some(&why));
            }
        }
    }
}

/// Resolves when something else is wanted: a hold was set, released, or is over; another run did what was parked, or was asked
/// for something else.
async fn change(wanted: &Wanted, waits: &Waits<'_>) -> Result<Wanted, Later> {
    let every = match waits.place {
        Place::Folder(_) => LOOK_EVERY,
        Place::Shared(_) => LOOK_FAR_EVERY,
    };
    loop {
        tokio::time::sleep(every).await;
        let at = waits.place.clone();
        // A look that fails says nothing; the next one may.
        let Ok(Some(state)) = tokio::task::spawn_blocking(move || look(&at)).await else { continue };
        if let Some(later) = Later::of(&state, waits) {
            return Err(later);
        }
        let now = Wanted::of(&state, waits, now_ms());
        if now != *wanted {
            return Ok(now);
        }
    }
}

fn look(place: &Place) -> Option<State> {
    StateStore::peek_at(place).ok()
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
