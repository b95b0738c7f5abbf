//! A deployment's past for people: its runs, a step's log, where its sites are.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use scope_plan::fleet::{FEW, listed as listed_names};
use scope_plan::recorded::{How, Recorded, RecordedResource};
use scope_runtime::events::Awaited;
use scope_runtime::report::Verdict;
use scope_runtime::runner::LeftAlone;
use scope_runtime::shell;
use scope_runtime::state::{Hold, Holder, Parked, Run, Sent, Started, State, Told, Wish, utc};
use serde::Serialize;

use super::report::{awaited_words, ended_well, listed, without_value_words};
use super::{said, seconds, short_name};

/// One site of a deployment.
#[derive(Debug, Default, Serialize)]
pub struct SiteLine {
    /// Its name.
    pub site: String,
    /// The round trip in microseconds, where it answers; `None` where it does not or was not asked.
    pub rtt_us: Option<u64>,
    /// Why it does not answer.
    pub why: Option<String>,
    /// What is missing here, so that it cannot be asked: a secret, a file.
    pub missing: Option<String>,
    /// What it waits for since then, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Steps of the last run that ended well.
    pub done: usize,
    /// Steps that wait for it.
    pub parked: usize,
    /// Steps of the last run that failed.
    pub failed: usize,
    /// Deletions still to be done.
    pub owed: usize,
    /// The hold on it.
    pub held: Option<Hold>,
}

impl SiteLine {
    /// It answers, and nothing waits, failed or is held there.
    fn is_quiet(&self) -> bool {
        self.rtt_us.is_some()
            && self.parked == 0
            && self.failed == 0
            && self.owed == 0
            && self.held.is_none()
            && self.since_ms.is_none()
    }

    /// Whether it answers, in a word.
    fn known(&self) -> &'static str {
        match (self.rtt_us, &self.why) {
            (Some(_), _) => "answers",
            (None, Some(_)) => "UNREACHABLE",
            (None, None) => "not asked",
        }
    }

    fn held_words(&self, now_ms: u64) -> String {
        self.held.as_ref().map_or_else(|| "-".into(), |hold| hold_words(hold, now_ms))
    }

    /// What is told of it, but for times and for how many steps went well.
    fn likeness(&self, now_ms: u64) -> impl Eq + std::hash::Hash {
        let waits = self.since_ms.is_some();
        (self.known(), waits, [self.parked, self.failed, self.owed], self.held_words(now_ms))
    }
}

/// Where the sites are, a line each; those of which the same is to be said have one together, with the numbers of all of
/// them. What needs a look comes first where any are told so. `all` tells every site by itself.
fn table(sites: &[SiteLine], now_ms: u64, all: bool) -> String {
    let mut groups: Vec<Vec<&SiteLine>> = Vec::new();
    let mut group_of = HashMap::new();
    for site in sites {
        let group = *group_of.entry(site.likeness(now_ms)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(site);
    }
    let is_folded = |group: &[&SiteLine]| group.len() >= FEW;
    if !all && groups.iter().any(|group| is_folded(group)) {
        let parts = |group: Vec<_>| if is_folded(&group) { vec![group] } else { one_by_one(group) };
        groups = groups.into_iter().flat_map(parts).collect();
        groups.sort_by_key(|group| group[0].is_quiet());
    } else {
        groups = one_by_one(sites.iter().collect());
    }
    let named =
        |group: &[&SiteLine]| listed_names(&group.iter().map(|site| site.site.as_str()).collect::<Vec<_>>());
    let width = groups.iter().map(|group| named(group).chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!(
        "{:<width$}  {:<16} {:<12} {:>6} {:>7} {:>7} {:>5}  held\n",
        "site", "state", "since", "done", "parked", "failed", "owed"
    );
    for group in &groups {
        let slowest = group.iter().filter_map(|site| site.rtt_us).max().map(|rtt| rtt as f64 / 1000.0);
        let known = match (slowest, group.len()) {
            (None, _) => group[0].known().to_owned(),
            (Some(rtt), 1) => format!("answers {rtt:.0} ms"),
            (Some(rtt), _) => format!("answer <= {rtt:.0} ms"),
        };
        let since = group.iter().filter_map(|site| site.since_ms).min();
        let since = since.map_or_else(|| "-".into(), |since| ago(now_ms.saturating_sub(since)));
        let sum = |of: fn(&SiteLine) -> usize| group.iter().map(|site| of(site)).sum::<usize>();
        let _ = writeln!(
            text,
            "{:<width$}  {known:<16} {since:<12} {:>6} {:>7} {:>7} {:>5}  {}",
            named(group),
            sum(|site| site.done),
            sum(|site| site.parked),
            sum(|site| site.failed),
            sum(|site| site.owed),
            group[0].held_words(now_ms)
        );
    }
    text
}

/// What is missing for sites to be asked, and which these are.
fn unasked(sites: &[SiteLine]) -> BTreeMap<&str, Vec<&str>> {
    let mut unasked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in sites {
        if let Some(missing) = &line.missing {
            unasked.entry(missing).or_default().push(&line.site);
        }
    }
    unasked
}

fn one_by_one(sites: Vec<&SiteLine>) -> Vec<Vec<&SiteLine>> {
    sites.into_iter().map(|site| vec![site]).collect()
}

/// `4 min ago`.
pub fn ago(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// How a run ended, in one word.
pub fn verdict_word(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "stopped",
        Some(Verdict::Done) => "ok",
        Some(Verdict::NothingToDo) => "nothing to do",
        Some(Verdict::Pending) => "pending",
        Some(Verdict::Failed) => "failed",
        Some(Verdict::Interrupted) => "interrupted",
    }
}

/// `3 created, 1 parked, 1 output without a value`.
fn counted(run: &Run) -> String {
    let (counts, n_failed) = (&run.counts, run.without_value.len());
    let open = [
        (counts.parked, "parked"),
        (counts.failed, "failed"),
        (counts.held_back, "held back"),
        (counts.waiting, "waiting"),
        // Something went wrong before; of what an older version recorded, it is not known why.
        (counts.skipped.saturating_sub(counts.held_back + counts.waiting), "not done"),
        (counts.left_out, "left out"),
        (n_failed, without_value_words(n_failed)),
    ];
    listed(&[&ended_well(counts)[..], &open].concat())
}

/// A line a run, the newest first.
pub fn history(state: &State, now_ms: u64) -> String {
    let mut text = format!(
        "{:<5} {:<23}  {:<12} {:<10} {:>9}  {:<14} what\n",
        "run", "started", "", "by", "took", "end"
    );
    for run in state.runs.iter().rev() {
        let took = run.millis.map_or_else(|| "-".to_string(), seconds);
        let ended = if run.verdict.is_some() { counted(run) } else { "it did not come to its end".into() };
        let what = if run.started.wish == Wish::Nothing { format!("destroy: {ended}") } else { ended };
        let _ = writeln!(
            text,
            "{:<5} {:<23}  {:<12} {:<10} {took:>9}  {:<14} {what}",
            run.run,
            utc(run.started_ms),
            ago(now_ms.saturating_sub(run.started_ms)),
            run.by,
            verdict_word(run.verdict),
        );
    }
    if state.runs.is_empty() {
        text = "no run yet".into();
    }
    text
}

/// A line an event of a step.
pub fn logs(run: &Run, lines: &[&Told]) -> String {
    let mut text = format!("run {}   started {} by {}\n", run.run, utc(run.started_ms), run.by);
    let site_width = lines.iter().map(|told| told.site.chars().count()).max().unwrap_or(0);
    let name_width = lines.iter().map(|told| short_name(&told.name).chars().count()).max().unwrap_or(0);
    for told in lines {
        let at = format!("+{}", seconds(told.at_ms));
        let (site, name, word) = (&told.site, short_name(&told.name), &told.word);
        let line = format!("  {at:>10}  {site:<site_width$}  {name:<name_width$}  {word:<8} {}", told.words);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if lines.is_empty() {
        text += "  (nothing is recorded of its steps)\n";
    }
    text
}

/// A process that goes on with a deployment's work.
#[derive(Debug)]
pub struct Lives {
    /// Who.
    pub holder: Holder,
    /// The same, for people.
    pub words: String,
    /// It waits for sites, and a run is not under way.
    pub waits: bool,
    /// `scope attach` follows it.
    pub is_detached: bool,
}

/// Who goes on with what is open.
#[derive(Debug)]
pub struct Next {
    /// A process does.
    pub lives: Option<Lives>,
    /// Why the last run stopped, where its end could not be recorded.
    pub stopped: Option<String>,
    /// What a command is told of where the state is, behind a blank.
    pub at: String,
    /// Where the state is, if that was said.
    pub state: Option<String>,
    /// What is recorded where the program cannot reach it any more.
    pub left: String,
}

/// Where a deployment is. `all` tells every site by itself.
pub fn status(
    program: &str,
    state: &State,
    sites: &[SiteLine],
    next: &Next,
    now_ms: u64,
    all: bool,
) -> String {
    let Some(run) = state.runs.last() else {
        let open = state.sent.values().map(|sent| format!("\nopen: {}", open_words(sent, now_ms)));
        return format!("{program}   no run yet{}", open.collect::<String>());
    };
    let since = ago(now_ms.saturating_sub(run.started_ms + run.millis.unwrap_or(0)));
    let end = match run.verdict {
        None if next.lives.is_some() => "under way".to_string(),
        None if next.stopped.is_some() => "stopped before its end".to_string(),
        None => "stopped before its end: its process died".to_string(),
        Some(verdict) => format!("{} ({})", verdict_word(Some(verdict)), counted(run)),
    };
    let mut text = format!("run {}   {program}   {since} by {}   {end}\n", run.run, run.by);
    text += &table(sites, now_ms, all);
    for (words, sites) in unasked(sites) {
        let _ = writeln!(text, "not asked: {}: {words}", listed_names(&sites));
    }
    for why in next.stopped.iter().filter(|_| run.verdict.is_none()) {
        let _ = writeln!(text, "stopped: {why}");
    }
    for words in run.without_value.values() {
        let _ = writeln!(text, "failed: {words}");
    }
    for sent in state.sent.values() {
        let _ = writeln!(text, "open: {}", open_words(sent, now_ms));
    }
    for owed in &state.owed {
        let _ = writeln!(text, "owed: {}", owed.words);
    }
    for words in state.looks.values() {
        let _ = writeln!(text, "owed: {words}");
    }
    for words in &run.stays {
        let _ = writeln!(text, "left: {words}");
    }
    if !next.left.is_empty() {
        let _ = writeln!(text, "{}", next.left);
    }
    let at = &next.at;
    let logs = format!("why and when: scope logs --run {}{at}", run.run);
    if let Some(Lives { holder, words, waits, is_detached }) = &next.lives {
        let does = if *waits { "waits" } else { "runs" };
        let _ = writeln!(text, "{does}: {words}");
        let stop = match holder.is_here() {
            true => format!("stop it: kill {}", holder.pid),
            false => format!("stop it: kill {}, at {}", holder.pid, holder.host),
        };
        let follow = if *is_detached { format!("scope attach{at}") } else { "it goes on by itself".into() };
        let _ = writeln!(text, "next: {follow}            {stop}            {logs}");
        return text;
    }
    match to_resume(state) {
        None if !next.left.is_empty() => {}
        None if !run.stays.is_empty() => {
            let at = next.state.as_ref().map(|state| format!(" --state {}", shell::word(state)));
            let plan = format!("scope plan {}{}", shell::word(program), at.unwrap_or_default());
            let _ = writeln!(text, "next: {plan}            {logs}");
        }
        None => text += "nothing is open\n",
        Some(run) => {
            let next = match said::answering(state, run.run, at) {
                Some(answer) => format!("look at the site, then {answer}"),
                None if is_of_others(run) => {
                    let all = Started {
                        site: Vec::new(),
                        except: Vec::new(),
                        again: Vec::new(),
                        ..run.started.clone()
                    };
                    said::command(&all, next.state.as_deref())
                }
                None if run.verdict == Some(Verdict::Failed) => {
                    let again = said::going_on(&run.started, next.state.as_deref(), run.run, at);
                    format!("mend the cause, then {again}")
                }
                None => format!("scope resume {}{at}{}", run.run, when_released(state, now_ms)),
            };
            let _ = writeln!(text, "next: {next}            {logs}");
        }
    }
    text
}

fn open_words(sent: &Sent, now_ms: u64) -> String {
    let what = format!("`{}` of {} at {}", sent.operation, sent.name, sent.site);
    match sent.run {
        0 => format!("whether {what} was done is not known: the state was rebuilt"),
        _ => {
            format!("{what} was sent {}; its end is not known", ago(now_ms.saturating_sub(sent.at_ms)))
        }
    }
}

/// Whether what is open is of sites that this run left alone as it was asked to: it is done as far as it goes, and would leave
/// them alone once more.
fn is_of_others(run: &Run) -> bool {
    let is_about_some = !run.started.site.is_empty() || !run.started.except.is_empty();
    is_as_wished(run) && is_about_some
}

/// Whether a run has nothing to go on with.
pub fn is_as_wished(run: &Run) -> bool {
    matches!(run.verdict, Some(Verdict::Done | Verdict::NothingToDo))
}

/// The run to go on with: the last one; where that was one command and ended well, what is open is of a run before it.
pub fn to_resume(state: &State) -> Option<&Run> {
    let last = state.runs.last()?;
    if !is_as_wished(last) {
        // One that was stopped may have deleted all of it before.
        let is_destroyed = last.started.wish == Wish::Nothing && is_destroyed(&state.recorded());
        return (!is_destroyed || state.is_open()).then_some(last);
    }
    let of_program = state.runs.iter().rev().find(|run| run.started.wish != Wish::Command);
    match of_program {
        Some(run) if !is_as_wished(run) => Some(run),
        _ => state.is_open().then(|| of_program.unwrap_or(last)),
    }
}

/// Whether nothing is recorded any more that `scope destroy` would delete, or that may be there.
pub fn is_destroyed(recorded: &Recorded) -> bool {
    recorded.open.is_empty()
        && recorded.adopted_users().is_empty()
        && recorded.resources.iter().all(|known| why_it_stays(recorded, known).is_some())
}

/// Why `scope destroy` leaves what is recorded where it is; `None`: it deletes it.
pub fn why_it_stays(recorded: &Recorded, known: &RecordedResource) -> Option<&'static str> {
    match known.how {
        How::Adopted => Some("adopted, so not ours to delete"),
        _ if recorded.apart.contains(&(known.name.clone(), known.site.clone())) => {
            Some("made by one command of `scope exec`, so not the program's")
        }
        How::Created | How::Borrowed => None,
    }
}

/// When it is of use to go on, where what waits waits for the end of a hold.
fn when_released(state: &State, now_ms: u64) -> String {
    let hold = |site: &String| state.holds.get(site).filter(|hold| hold.is_in_force(now_ms));
    let awaits = |parked: &Parked| {
        let awaits = hold(&parked.site).map(|hold| Awaited::Release { until_ms: hold.until_ms });
        (parked.site.clone(), awaits.unwrap_or_default())
    };
    let awaited: BTreeMap<String, Awaited> = state.waiting().map(awaits).collect();
    match awaited.values().any(|awaits| *awaits != Awaited::Answer) {
        true => format!(", {}", awaited_words(&awaited)),
        false => String::new(),
    }
}

/// The sites that are held, as a run leaves them alone.
pub fn held(state: &State, now_ms: u64) -> BTreeMap<String, LeftAlone> {
    let in_force = state.holds.iter().filter(|(_, hold)| hold.is_in_force(now_ms));
    let alone = |hold: &Hold| LeftAlone {
        why: format!("held {}", hold_words(hold, now_ms)),
        awaits: Awaited::Release { until_ms: hold.until_ms },
    };
    in_force.map(|(site, hold)| (site.clone(), alone(hold))).collect()
}

/// `by ana, 2 h more: rack move`.
pub fn hold_words(hold: &Hold, now_ms: u64) -> String {
    let left = hold.until_ms.map_or_else(
        || "until released".to_string(),
        |until| format!("until {} ({} more)", utc(until), seconds(until.saturating_sub(now_ms))),
    );
    let reason = if hold.reason.is_empty() { String::new() } else { format!(": {}", hold.reason) };
    format!("by {}, {left}{reason}", hold.by)
}

/// How each step of a run ended: site → (done, failed).
pub fn ends<'t>(lines: impl Iterator<Item = &'t Told>) -> BTreeMap<String, (usize, usize)> {
    let mut last: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for told in lines.filter(|told| !told.key.is_empty()) {
        last.insert((&told.site, &told.key), &told.word);
    }
    let mut ends: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for ((site, _), word) in last {
        let end = ends.entry(site.to_string()).or_default();
        match word {
            "done" => end.0 += 1,
            "failed" => end.1 += 1,
            _ => {}
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_step_counts() {
        let told = |key: &str, word: &str| Told {
            at_ms: 0,
            key: key.into(),
            name: "vm".into(),
            site: "paris".into(),
            word: word.into(),
            words: String::new(),
        };
        let lines = [told("a", "started"), told("a", "parked"), told("a", "done"), told("b", "failed")];
        assert_eq!(ends(lines.iter())["paris"], (1, 1));
    }

    #[test]
    fn a_time_ago_is_short() {
        assert_eq!(ago(59_999), "59 s ago");
        assert_eq!(ago(7_200_000), "2 h ago");
        assert_eq!(ago(400_000_000), "4 days ago");
    }
}
