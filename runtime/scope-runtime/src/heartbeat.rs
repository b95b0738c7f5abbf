//! Waiting for sites that are cut off: each is asked now and then, for days if need be, until one answers.
//!
//! In come the sites that something is parked for, or owed at; out come [`Beat`]s while it goes on, and [`Waited`].
//! `paris` is silent at 1 s, 3 s, 7 s, answers at 15 s in 12 ms → `Answers`, and everyone else stays silent.
//!
//! A site's heart is a circuit: *open* while it does not answer, asked again after a pause that doubles up to a minute;
//! *half open* when it answers, and one run tries it; if that run parks its work again, the circuit opens with the next
//! longer pause instead of the first, so that a site that comes and goes is not stormed. Pauses are spread by a quarter,
//! so that many runs that lost one site together do not come back together. All sites are asked independently: a slow
//! one holds up no other, and at most [`AT_ONCE`] are asked at one moment, those that waited longest first.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use crate::runner::Jitter;
use crate::site::{Site, SiteError};

/// The first pause between two questions, and the longest.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// See [`FIRST_PAUSE`].
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A site that says nothing for so long does not answer.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// At most so many sites are asked at one moment.
pub const AT_ONCE: usize = 16;
/// When one answers, others that are being asked have so long to answer too: one run then does the work of all.
const GATHER: Duration = Duration::from_millis(250);

/// The sites' hearts; kept from one wait to the next.
pub struct Heartbeats {
    hearts: BTreeMap<String, Heart>,
    jitter: Jitter,
}

/// One site's circuit.
#[derive(Debug)]
struct Heart {
    pause: Duration,
    next: Instant,
    why: String,
    /// When it answered last; the circuit is half open until it is waited for again.
    answered: Option<Instant>,
}

/// What is told while it is waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beat {
    /// A site answers again.
    Answers {
        /// By name.
        site: String,
        /// Its round trip, in microseconds.
        rtt_us: u64,
    },
    /// A site does not.
    Silent {
        /// By name.
        site: String,
        /// Why.
        why: String,
        /// When it is asked again.
        again_in: Duration,
    },
}

/// How the waiting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// A site answers; these are still silent, and why.
    Answers(BTreeMap<String, String>),
    /// None did in the time given.
    TimeIsOver,
}

/// A question under way.
type Asked<'s> = LocalBoxFuture<'s, (String, Result<u64, String>)>;

impl Heartbeats {
    /// No site is waited for yet. The same seed, the same pauses.
    pub fn new(seed: u64) -> Self {
        Self { hearts: BTreeMap::new(), jitter: Jitter::new(seed) }
    }

    /// Waits until one of these sites answers, at most until that moment.
    pub async fn wait(
        &mut self,
        wanted: &[(String, Rc<dyn Site>)],
        until: Instant,
        told: &mut dyn FnMut(Beat),
    ) -> Waited {
        self.open(wanted.iter().map(|(name, _)| name.as_str()));
        let mut asked: FuturesUnordered<Asked<'_>> = FuturesUnordered::new();
        let mut under_way: Vec<String> = Vec::new();
        // Until when answers are gathered, once there is one.
        let mut ends = until;
        let mut has_answer = false;
        loop {
            let due = self.due(wanted, &under_way);
            let now = Instant::now();
            if let Some((next, index)) = due
                && next <= now
                && under_way.len() < AT_ONCE
                && !has_answer
            {
                let (name, site) = &wanted[index];
                under_way.push(name.clone());
                let (name, site) = (name.clone(), Rc::clone(site));
                asked.push(Box::pin(async move { (name, ask(&*site).await) }));
                continue;
            }
            if now >= ends || (has_answer && under_way.is_empty()) {
                break;
            }
            let is_full = under_way.len() >= AT_ONCE || has_answer;
            let wake = due.filter(|_| !is_full).map_or(ends, |(next, _)| next.min(ends));
            tokio::select! {
                biased;
                Some((name, result)) = asked.next(), if !under_way.is_empty() => {
                    under_way.retain(|open| *open != name);
                    let answers = result.is_ok();
                    told(self.heard(&name, result));
                    if answers && !has_answer {
                        has_answer = true;
                        ends = (Instant::now() + GATHER).min(until);
                    }
                }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
        if !has_answer {
            return Waited::TimeIsOver;
        }
        let is_wanted = |name: &String| wanted.iter().any(|(wanted, _)| wanted == name);
        let silent = self.hearts.iter().filter(|(name, heart)| heart.answered.is_none() && is_wanted(name));
        Waited::Answers(silent.map(|(name, heart)| (name.clone(), heart.why.clone())).collect())
    }

    /// What a site said when it was asked last, as far as it was.
    pub fn why(&self, site: &str) -> String {
        self.hearts.get(site).map_or_else(not_asked, |heart| heart.why.clone())
    }

    /// Asks these sites once, now: those that do not answer, and why.
    pub async fn silent(&mut self, wanted: &[(String, Rc<dyn Site>)]) -> BTreeMap<String, String> {
        self.open(wanted.iter().map(|(name, _)| name.as_str()));
        let asked = wanted.iter().map(|(name, site)| async move { (name, ask(&**site).await) });
        let said = futures_util::future::join_all(asked).await;
        let mut silent = BTreeMap::new();
        for (name, result) in said {
            if let Beat::Silent { site, why, .. } = self.heard(name, result) {
                silent.insert(site, why);
            }
        }
        silent
    }

    /// The circuits of these sites are open; of others nothing is waited for.
    fn open<'n>(&mut self, wanted: impl Iterator<Item = &'n str>) {
        let now = Instant::now();
        for name in wanted {
            let pause = match self.hearts.get(name) {
                // Still waited for.
                Some(heart) if heart.answered.is_none() => continue,
                // It answered, was tried, and is silent again: longer.
                Some(Heart { answered: Some(answered), pause, .. })
                    if now.saturating_duration_since(*answered) < LONGEST_PAUSE =>
                {
                    (*pause * 2).min(LONGEST_PAUSE)
                }
                _ => FIRST_PAUSE,
            };
            let next = now + self.spread(pause);
            let why = not_asked();
            self.hearts.insert(name.to_owned(), Heart { pause, next, why, answered: None });
        }
    }

    /// Which of the wanted sites is asked next, and when; those under way are not asked twice.
    fn due(&self, wanted: &[(String, Rc<dyn Site>)], under_way: &[String]) -> Option<(Instant, usize)> {
        let open = wanted.iter().enumerate().filter(|(_, (name, _))| !under_way.contains(name));
        open.filter(|(_, (name, _))| self.hearts[name].answered.is_none())
            .map(|(index, (name, _))| (self.hearts[name].next, index))
            .min()
    }

    /// Takes note of what a site said.
    fn heard(&mut self, name: &str, result: Result<u64, String>) -> Beat {
        let now = Instant::now();
        let pause = self.hearts[name].pause;
        let again_in = self.spread(pause);
        let heart = self.hearts.get_mut(name).expect("every site that is asked has a heart");
        match result {
            Ok(rtt_us) => {
                heart.answered = Some(now);
                Beat::Answers { site: name.to_owned(), rtt_us }
            }
            Err(why) => {
                heart.next = now + again_in;
                heart.pause = (heart.pause * 2).min(LONGEST_PAUSE);
                heart.why.clone_from(&why);
                Beat::Silent { site: name.to_owned(), why, again_in }
            }
        }
    }

    /// The pause, up to a quarter shorter or longer.
    fn spread(&self, pause: Duration) -> Duration {
        let milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.jitter.spread(milliseconds))
    }
}

/// Why a site is waited for that was not asked yet: the run before was not answered.
fn not_asked() -> String {
    "it did not answer".to_owned()
}

/// The fastest round trip of a site's services, or why it does not answer. A site whose every service is silent does not.
async fn ask(site: &dyn Site) -> Result<u64, String> {
    let services = match tokio::time::timeout(PATIENCE, site.probe()).await {
        Err(_) => return Err(format!("no answer within {} s", PATIENCE.as_secs())),
        Ok(Err(SiteError { words, .. })) => return Err(words),
        Ok(Ok(services)) => services,
    };
    let answering = services.iter().filter(|service| service.error.is_none());
    answering.map(|service| service.rtt_us).min().ok_or_else(|| {
        let said = services.into_iter().find_map(|service| service.error);
        said.unwrap_or_else(|| "it did not answer".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::runner::block_on;
    use crate::site::{Answer, LocalFuture, OperationCall, ServiceProbe, SiteErrorKind};

    /// A site that answers between moments, and writes down when it was asked.
    struct Blinking {
        up: Vec<(u64, u64)>,
        asked_ms: RefCell<Vec<u64>>,
        start: Instant,
        takes: Duration,
    }

    impl Blinking {
        fn new(up: &[(u64, u64)], takes: Duration) -> Rc<Self> {
            let (up, start) = (up.to_vec(), Instant::now());
            Rc::new(Self { up, asked_ms: RefCell::default(), start, takes })
        }
    }

    impl Site for Blinking {
        fn operate<'a>(&'a self, _call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
            unreachable!("a heartbeat only probes")
        }

        fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
            Box::pin(async {
                let now = self.start.elapsed().as_millis() as u64;
                self.asked_ms.borrow_mut().push(now);
                tokio::time::sleep(self.takes).await;
                if !self.up.iter().any(|(from, until)| (*from..*until).contains(&now)) {
                    let kind = SiteErrorKind::Unreachable;
                    return Err(SiteError { kind, words: "no route".into(), request: None, status: None });
                }
                let probe = ServiceProbe {
                    driver: "shelf".into(),
                    service: "books".into(),
                    address: None,
                    version: None,
                    rtt_us: 9_000,
                    error: None,
                    is_absent: false,
                };
                Ok(vec![probe])
            })
        }
    }

    fn wanted(sites: &[(&str, &Rc<Blinking>)]) -> Vec<(String, Rc<dyn Site>)> {
        let site = |(name, site): &(&str, &Rc<Blinking>)| {
            let site: Rc<dyn Site> = Rc::clone(site) as Rc<dyn Site>;
            ((*name).to_owned(), site)
        };
        sites.iter().map(site).collect()
    }

    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn a_site_that_is_cut_for_three_days_is_found_within_two_minutes_of_its_return() {
        block_on(true, async {
            let back_ms = 3 * DAY_MS;
            let paris = Blinking::new(&[(back_ms, u64::MAX)], Duration::from_millis(20));
            let mut hearts = Heartbeats::new(7);
            let until = Instant::now() + Duration::from_secs(7 * 86_400);
            let mut beats = Vec::new();
            let waited =
                hearts.wait(&wanted(&[("paris", &paris)]), until, &mut |beat| beats.push(beat)).await;
            assert_eq!(waited, Waited::Answers(BTreeMap::new()));
            let asked = paris.asked_ms.borrow();
            let found = *asked.last().expect("asked");
            assert!((back_ms..back_ms + 80_000).contains(&found), "found {} ms later", found - back_ms);
            // Once a minute or so, not more: three days are 4,320 minutes.
            assert!((3_400..6_000).contains(&asked.len()), "asked {} times", asked.len());
            assert_eq!(beats.last(), Some(&Beat::Answers { site: "paris".into(), rtt_us: 9_000 }));
        });
    }

    #[test]
    fn pauses_double_to_a_minute_and_are_spread_within_a_quarter() {
        block_on(true, async {
            let mut firsts = std::collections::BTreeSet::new();
            for seed in 0..40 {
                let paris = Blinking::new(&[], Duration::ZERO);
                let mut hearts = Heartbeats::new(seed);
                let until = Instant::now() + Duration::from_secs(600);
                let waited = hearts.wait(&wanted(&[("paris", &paris)]), until, &mut |_| {}).await;
                assert_eq!(waited, Waited::TimeIsOver);
                let asked = paris.asked_ms.borrow();
                firsts.insert(asked[0]);
                let mut expected = 1_000.0;
                for pair in std::iter::once(0).chain(asked.iter().copied()).collect::<Vec<_>>().windows(2) {
                    let pause = (pair[1] - pair[0]) as f64;
                    assert!((expected * 0.74..=expected * 1.26).contains(&pause), "{pause} for {expected}");
                    // The first question follows the first pause; then it doubles.
                    expected = if pair[0] == 0 { expected } else { (expected * 2.0).min(60_000.0) };
                }
            }
            assert!(firsts.len() > 20, "forty runs do not come back together: {firsts:?}");
        });
    }

    #[test]
    fn a_slow_site_holds_up_no_other() {
        block_on(true, async {
            let slow = Blinking::new(&[], Duration::from_secs(3_600));
            let quick = Blinking::new(&[(4_000, u64::MAX)], Duration::from_millis(5));
            let mut hearts = Heartbeats::new(1);
            let sites = wanted(&[("slow", &slow), ("quick", &quick)]);
            let waited = hearts.wait(&sites, Instant::now() + Duration::from_secs(60), &mut |_| {}).await;
            assert!(matches!(&waited, Waited::Answers(silent) if silent.contains_key("slow")), "{waited:?}");
            assert!(quick.start.elapsed() < Duration::from_secs(9), "{:?}", quick.start.elapsed());
        });
    }

    #[test]
    fn a_site_that_comes_and_goes_is_asked_less_and_less() {
        block_on(true, async {
            let flapping = Blinking::new(&[(0, u64::MAX)], Duration::from_millis(1));
            let mut hearts = Heartbeats::new(5);
            let sites = wanted(&[("flapping", &flapping)]);
            for _ in 0..8 {
                // It answers, is tried, and parks its work again at once.
                let waited =
                    hearts.wait(&sites, Instant::now() + Duration::from_secs(600), &mut |_| {}).await;
                assert_eq!(waited, Waited::Answers(BTreeMap::new()));
            }
            let asked = flapping.asked_ms.borrow();
            let (first, last) = (asked[1] - asked[0], asked[7] - asked[6]);
            assert!(last > 10 * first, "the circuit opens for longer each time: {asked:?}");
        });
    }

    #[test]
    fn many_sites_are_asked_a_few_at_a_time() {
        block_on(true, async {
            let sites: Vec<_> = (0..200).map(|_| Blinking::new(&[], Duration::from_secs(4))).collect();
            let names: Vec<String> = (0..200).map(|index| format!("s{index}")).collect();
            let all: Vec<(&str, &Rc<Blinking>)> = names.iter().map(String::as_str).zip(&sites).collect();
            let mut hearts = Heartbeats::new(9);
            hearts.wait(&wanted(&all), Instant::now() + Duration::from_secs(600), &mut |_| {}).await;
            let mut asked: Vec<u64> = sites
                .iter()
                .flat_map(|site| site.asked_ms.borrow().iter().copied().collect::<Vec<_>>())
                .collect();
            asked.sort_unstable();
            let most = asked
                .iter()
                .enumerate()
                .map(|(index, at)| asked[index..].iter().take_while(|later| **later < at + 4_000).count());
            assert!(most.max().unwrap_or(0) <= AT_ONCE);
            // Fair: nobody is asked much less than another.
            let counts: Vec<usize> = sites.iter().map(|site| site.asked_ms.borrow().len()).collect();
            let (least, greatest) = (counts.iter().min(), counts.iter().max());
            assert!(greatest.copied().unwrap_or(0) <= least.copied().unwrap_or(0) + 2, "{counts:?}");
        });
    }
}
