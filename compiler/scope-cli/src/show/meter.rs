//! What a run's progress is at a moment, as lines: one a site, and one for all of them.
//!
//! In come events, out go, for 1.2 s into the last step of `CloudOne`:
//!
//! ```text
//! CloudOne  [########--]  4/5  server vm  waits until ready (BUILD)  1.2 s
//! CloudTwo  [#####-----]  1/2  image base  12 MiB of 21 MiB, 4.1 MiB/s, about 2 s left
//! 5/7 steps, 1.2/s, about 3 s left
//! ```
//!
//! Where there are more sites than lines, those that something is wrong at or under way come first, and the others are
//! one line: `38 sites: 36 done, 2 waiting`.

use std::collections::BTreeMap;

use scope_plan::estimate::{Links, step_ms};
use scope_plan::plan::{Plan, StepId};
use scope_runtime::events::{Progress, RunEvent, RunEventKind};

use super::plan::touches_site;
use super::{bytes, seconds, short_name, short_type};

/// A bar's width.
const CELLS: usize = 10;
/// Before so long nothing is said about what is left.
const FIRST_GUESS_MS: u64 = 1_000;

/// A run, as far as it has come.
pub struct Meter {
    sites: Vec<Site>,
    /// For each step its site; nothing for those that no site is asked for.
    steps: Vec<Option<Step>>,
    width: usize,
}

struct Step {
    site: usize,
    /// `server vm`
    label: String,
    estimate_ms: u64,
    is_ended: bool,
}

#[derive(Default)]
struct Site {
    name: String,
    all: Share,
    ended: Share,
    n_failed: usize,
    n_parked: usize,
    began_ms: Option<u64>,
    /// In the order of their ids, so that the line does not jump.
    under_way: BTreeMap<StepId, UnderWay>,
}

/// So many steps, and what they were estimated at.
#[derive(Clone, Copy, Default)]
struct Share {
    n: usize,
    estimate_ms: u64,
}

struct UnderWay {
    began_ms: u64,
    words: String,
    transfer: Option<Transfer>,
}

/// Content on its way.
#[derive(Clone, Copy)]
struct Transfer {
    at_ms: u64,
    done: u64,
    total: Option<u64>,
    /// Bytes a second, the newest counting most.
    rate: f64,
}

impl Meter {
    /// Before the first event.
    pub fn new(plan: &Plan) -> Meter {
        let links = Links::new(plan);
        let mut sites: Vec<Site> =
            plan.sites.iter().map(|site| Site { name: site.name.clone(), ..Site::default() }).collect();
        let steps = plan.steps.iter().map(|step| {
            let kind = step.action.resource_type().map_or("", short_type);
            touches_site(step).then(|| Step {
                site: step.site.index(),
                label: format!("{kind} {}", short_name(&step.name)).trim().to_owned(),
                estimate_ms: step_ms(plan, &links, step).max(1),
                is_ended: false,
            })
        });
        let steps: Vec<Option<Step>> = steps.collect();
        for step in steps.iter().flatten() {
            sites[step.site].all.add(step);
        }
        let width = sites.iter().map(|site| site.name.chars().count()).max().unwrap_or(0);
        Meter { sites, steps, width }
    }

    /// Takes note of an event.
    pub fn take(&mut self, event: &RunEvent) {
        match &event.kind {
            RunEventKind::StepStarted { step, .. } => self.start(*step, event.at_ms),
            RunEventKind::StepProgress { step, progress } => self.progress(*step, progress, event.at_ms),
            RunEventKind::StepRetrying { step, after_ms, .. } => {
                if let Some(under_way) = self.under_way(*step) {
                    under_way.words = format!("again in {}", seconds(*after_ms));
                    under_way.transfer = None;
                }
            }
            RunEventKind::StepParked { step, .. } => self.end(*step, |site| site.n_parked += 1),
            RunEventKind::StepFailed { step, .. } => self.end(*step, |site| site.n_failed += 1),
            RunEventKind::StepDone { step, .. } | RunEventKind::StepSkipped { step, .. } => {
                self.end(*step, |_| {});
            }
            RunEventKind::RunStarted { .. }
            | RunEventKind::ChoiceTried { .. }
            | RunEventKind::ChoiceMade { .. }
            | RunEventKind::UndoDone { .. }
            | RunEventKind::UndoOwed { .. }
            | RunEventKind::OutputFailed { .. }
            | RunEventKind::RunEnded { .. } => {}
        }
    }

    /// How many steps have ended, and how many there are.
    pub fn n_ended(&self) -> (usize, usize) {
        self.sites.iter().fold((0, 0), |(ended, all), site| (ended + site.ended.n, all + site.all.n))
    }

    fn start(&mut self, id: StepId, at_ms: u64) {
        let Some(step) = &mut self.steps[id.index()] else { return };
        let site = &mut self.sites[step.site];
        site.began_ms.get_or_insert(at_ms);
        if std::mem::take(&mut step.is_ended) {
            // It was parked, and its site is back.
            site.ended.remove(step);
            site.n_parked = site.n_parked.saturating_sub(1);
        }
        let under_way = site.under_way.entry(id);
        let under_way =
            under_way.or_insert(UnderWay { began_ms: at_ms, words: String::new(), transfer: None });
        under_way.words.clear();
    }

    fn progress(&mut self, id: StepId, progress: &Progress, at_ms: u64) {
        let Some(under_way) = self.under_way(id) else { return };
        match progress {
            Progress::Status(words) => {
                under_way.words.clone_from(words);
                under_way.transfer = None;
            }
            Progress::Bytes { done, total } => {
                let last = under_way.transfer.filter(|last| last.done <= *done);
                let began_ms = under_way.began_ms;
                let last = last.unwrap_or(Transfer { at_ms: began_ms, done: 0, total: None, rate: 0.0 });
                let since_ms = at_ms.saturating_sub(last.at_ms);
                let now = if since_ms == 0 {
                    last.rate
                } else {
                    (done - last.done) as f64 * 1000.0 / since_ms as f64
                };
                let rate = if last.rate > 0.0 { last.rate * 0.7 + now * 0.3 } else { now };
                under_way.transfer = Some(Transfer { at_ms, done: *done, total: *total, rate });
            }
        }
    }

    fn under_way(&mut self, id: StepId) -> Option<&mut UnderWay> {
        let site = self.steps[id.index()].as_ref()?.site;
        self.sites[site].under_way.get_mut(&id)
    }

    fn end(&mut self, id: StepId, how: impl FnOnce(&mut Site)) {
        let Some(step) = &mut self.steps[id.index()] else { return };
        let site = &mut self.sites[step.site];
        site.under_way.remove(&id);
        if !std::mem::replace(&mut step.is_ended, true) {
            site.ended.add(step);
            how(site);
        }
    }

    /// The progress now, in at most so many lines (at least two).
    pub fn lines(&self, now_ms: u64, most: usize) -> Vec<String> {
        let busy: Vec<usize> = (0..self.sites.len()).filter(|site| self.sites[*site].all.n > 0).collect();
        let n_shown = if busy.len() < most { busy.len() } else { most.saturating_sub(2) };
        let mut shown = busy.clone();
        shown.sort_by_key(|site| (self.sites[*site].urgency(), *site));
        let folded = shown.split_off(n_shown.min(shown.len()));
        shown.sort_unstable();
        let mut lines: Vec<String> = shown.into_iter().map(|site| self.line(site, now_ms)).collect();
        if !folded.is_empty() {
            lines.push(self.folded(&folded));
        }
        lines.push(self.total(now_ms).join(", "));
        lines
    }

    /// All sites in one line: `375/1500 steps, 71/300 sites, 4 parked, 310.2/s, about 4 s left`.
    pub fn summary(&self, now_ms: u64) -> String {
        let busy = || self.sites.iter().filter(|site| site.all.n > 0);
        let n_over = busy().filter(|site| site.ended.n == site.all.n).count();
        let n_failed: usize = busy().map(|site| site.n_failed).sum();
        let n_parked: usize = busy().map(|site| site.n_parked).sum();
        let mut words = format!("{n_over}/{} sites", busy().count());
        for (n, word) in [(n_failed, "failed"), (n_parked, "parked")] {
            if n > 0 {
                words += &format!(", {n} {word}");
            }
        }
        let mut parts = self.total(now_ms);
        parts.insert(1, words);
        parts.join(", ")
    }

    fn line(&self, site: usize, now_ms: u64) -> String {
        let (width, site) = (self.width, &self.sites[site]);
        let (n, of) = (site.ended.n, site.all.n);
        let n_cells = n * CELLS / of;
        let bar = format!("{}{}", "#".repeat(n_cells), "-".repeat(CELLS - n_cells));
        let words = match site.under_way.iter().next() {
            Some((id, under_way)) => self.now(*id, under_way, site, now_ms),
            None => site.word().to_owned(),
        };
        let trouble = site.trouble();
        format!("{:<width$}  [{bar}]  {:<7}  {words}{trouble}", site.name, format!("{n}/{of}"))
    }

    /// What a site is doing: its first step under way, and how many more.
    fn now(&self, id: StepId, under_way: &UnderWay, site: &Site, now_ms: u64) -> String {
        let label = self.steps[id.index()].as_ref().map_or("", |step| step.label.as_str());
        let mut words = label.to_owned();
        match &under_way.transfer {
            Some(transfer) => words += &format!("  {}", transfer.words()),
            None => {
                if !under_way.words.is_empty() {
                    words += &format!("  {}", under_way.words);
                }
                words += &format!("  {}", seconds(now_ms.saturating_sub(under_way.began_ms)));
            }
        }
        if site.under_way.len() > 1 {
            words += &format!("  and {} more", site.under_way.len() - 1);
        }
        if let Some(left_ms) = site.left_ms(now_ms).filter(|_| site.ended.n + 1 < site.all.n) {
            words += &format!("  about {} left", about(left_ms));
        }
        words
    }

    fn folded(&self, folded: &[usize]) -> String {
        let mut words: BTreeMap<&str, usize> = BTreeMap::new();
        for site in folded {
            *words.entry(self.sites[*site].word()).or_default() += 1;
        }
        let words: Vec<String> = words.into_iter().map(|(word, n)| format!("{n} {word}")).collect();
        format!("{} more sites: {}", folded.len(), words.join(", "))
    }

    /// `5/7 steps`, and where it can be told `1.2/s`, `about 3 s left`.
    fn total(&self, now_ms: u64) -> Vec<String> {
        let sum = |share: fn(&Site) -> Share| {
            self.sites.iter().map(share).fold(Share::default(), |sum, share| Share {
                n: sum.n + share.n,
                estimate_ms: sum.estimate_ms + share.estimate_ms,
            })
        };
        let (ended, all) = (sum(|site| site.ended), sum(|site| site.all));
        let began_ms = self.sites.iter().filter_map(|site| site.began_ms).min().unwrap_or(now_ms);
        let elapsed_ms = now_ms.saturating_sub(began_ms);
        let mut parts = vec![format!("{}/{} steps", ended.n, all.n)];
        if elapsed_ms >= FIRST_GUESS_MS && ended.n > 0 {
            parts.push(format!("{:.1}/s", ended.n as f64 * 1000.0 / elapsed_ms as f64));
        }
        if let Some(left_ms) = left_ms(elapsed_ms, ended, all) {
            parts.push(format!("about {} left", about(left_ms)));
        }
        parts
    }
}

impl Share {
    fn add(&mut self, step: &Step) {
        self.n += 1;
        self.estimate_ms += step.estimate_ms;
    }

    fn remove(&mut self, step: &Step) {
        self.n -= 1;
        self.estimate_ms -= step.estimate_ms;
    }
}

impl Site {
    /// What is shown first where there is no room for all.
    fn urgency(&self) -> u8 {
        match () {
            () if self.n_failed + self.n_parked > 0 => 0,
            () if !self.under_way.is_empty() => 1,
            () if self.ended.n < self.all.n => 2,
            () => 3,
        }
    }

    fn word(&self) -> &'static str {
        match () {
            () if !self.under_way.is_empty() => "under way",
            () if self.ended.n < self.all.n => "waiting",
            () if self.n_failed > 0 => "ended",
            () if self.n_parked > 0 => "parked",
            () => "done",
        }
    }

    fn trouble(&self) -> String {
        let parts = [(self.n_failed, "failed"), (self.n_parked, "parked")];
        let parts = parts.iter().filter(|(n, _)| *n > 0);
        parts.map(|(n, word)| format!("   {n} {word}")).collect()
    }

    fn left_ms(&self, now_ms: u64) -> Option<u64> {
        left_ms(now_ms.saturating_sub(self.began_ms?), self.ended, self.all)
    }
}

impl Transfer {
    fn words(&self) -> String {
        let mut words = match self.total {
            Some(total) => format!("{} of {}", bytes(self.done), bytes(total)),
            None => bytes(self.done),
        };
        if self.rate >= 1.0 {
            words += &format!(", {}/s", bytes(self.rate as u64));
            if let Some(left) = self.total.and_then(|total| total.checked_sub(self.done)) {
                words += &format!(", about {} left", about((left as f64 * 1000.0 / self.rate) as u64));
            }
        }
        words
    }
}

/// What is left, if the rest takes as much longer than estimated as what has ended did.
fn left_ms(elapsed_ms: u64, ended: Share, all: Share) -> Option<u64> {
    if elapsed_ms < FIRST_GUESS_MS || ended.estimate_ms == 0 || ended.n == all.n {
        return None;
    }
    let left = u128::from(elapsed_ms) * u128::from(all.estimate_ms - ended.estimate_ms);
    u64::try_from(left / u128::from(ended.estimate_ms)).ok()
}

/// No more digits than a guess deserves: `2 s`, `40 s`, `3 min`, `2.5 h`.
fn about(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{} s", (ms / 1000).max(1)),
        10_000..90_000 => format!("{} s", ms / 5_000 * 5),
        90_000..5_400_000 => format!("{} min", (ms + 30_000) / 60_000),
        _ => format!("{:.1} h", ms as f64 / 3_600_000.0),
    }
}

#[cfg(test)]
mod tests;
