//! What is not as it was left, three ways: what the program says, what the last run recorded, what the sites say.
//!
//! `~ server  vm   flavor "m1.tiny" -> "m1.small"   changed outside`. What somebody did at a site is drift; what the program
//! changed since the last run is shown below it, and is none; both at once, and not to the same, is a conflict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use scope_plan::plan::{Action, Plan, Step};
use scope_plan::recorded::How;
use scope_runtime::events::{Change, Difference, Effect, SkipReason};
use scope_runtime::report::{ChangedBy, CopyOf, Marked, Report, Seen, StepReport, StepStatus};
use scope_runtime::shell;
use scope_runtime::state::{Resource, State};
use serde::Serialize;
use serde_json::{Map, Value};

use super::by_site::Line;
use super::difference::{Differing, by_part, short};
use super::past::ago;
use super::{short_name, short_type};
use crate::commands::reach::Lost;

/// One thing that is not as it was left.
#[derive(Debug, Serialize)]
pub struct Drifted {
    /// The site.
    pub site: String,
    /// `server`
    pub kind: String,
    /// Its global name.
    pub name: String,
    /// What.
    pub what: What,
    /// Who did it.
    pub by: ChangedBy,
    /// For people.
    pub why: String,
    /// Attribute by attribute: as last set, as the site says, as the program says.
    pub differences: Vec<Difference>,
    /// How it came to be there; nothing where it is not recorded.
    pub how: Option<How>,
    /// The last run that saw it as the program said, and when that was, in milliseconds since 1970.
    pub last_seen_run: Option<u64>,
    pub last_seen_ms: Option<u64>,
    /// The program's line; 0 where it has none any more.
    pub line: u32,
    /// What the site says, as the state would keep it.
    #[serde(skip)]
    pub values: Map<String, Value>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Attributes are others.
    Changed,
    /// It is not there any more.
    Gone,
    /// It is there, and broken.
    Broken,
    /// Our mark was taken off.
    Unmarked,
    /// It bears somebody else's mark.
    Taken,
    /// Others bear the same mark.
    Doubled,
    /// A copy whose origin is another one now.
    Stale,
    /// A copy that is not as its origin is, and not because that changed.
    Unlike,
    /// An interrupted run began it.
    Unfinished,
    /// The program has it, and no run made it.
    Added,
    /// The program does not have it any more.
    Removed,
    /// It could not be looked at.
    Unknown,
}

impl Drifted {
    /// Whether it is drift: not what only the program did, nor what a run left so.
    pub fn is_drift(&self) -> bool {
        !matches!(self.by, ChangedBy::Program | ChangedBy::NotTaken)
    }

    fn sign(&self) -> &'static str {
        match self.what {
            What::Unknown => "?",
            _ if self.by == ChangedBy::Both => "!",
            What::Taken => "!",
            What::Gone | What::Removed => "-",
            What::Added => "+",
            What::Changed
            | What::Broken
            | What::Unmarked
            | What::Doubled
            | What::Stale
            | What::Unlike
            | What::Unfinished => "~",
        }
    }
}

/// Whatever is not as it was left, in the plan's order; then what no step is about, since the program cannot reach it.
pub fn drifted(plan: &Plan, survey: &Report, state: &State, lost: &[Lost], now_ms: u64) -> Vec<Drifted> {
    let steps = plan.steps.iter().zip(&survey.steps);
    let steps = steps.filter(|(step, ended)| super::plan::touches_site(step) && !ended.is_abandoned);
    let steps = steps.flat_map(|(step, ended)| of_step(&Looked { plan, step, survey, ended, state, now_ms }));
    steps.chain(lost.iter().filter_map(|lost| out_of_reach(lost, state, now_ms))).collect()
}

/// What is recorded where nobody can ask: unknown. What may only be there is no drift yet.
fn out_of_reach(lost: &Lost, state: &State, now_ms: u64) -> Option<Drifted> {
    let recorded = state.resource(&lost.name, &lost.site)?;
    let (last_seen_run, last_seen_ms) = last_seen(recorded, state);
    Some(Drifted {
        site: lost.site.clone(),
        kind: short_type(&lost.resource_type).to_string(),
        name: lost.name.clone(),
        what: What::Unknown,
        by: ChangedBy::Unknown,
        why: format!("unknown: {}{}", lost.why(), seen_words(last_seen_run, last_seen_ms, now_ms)),
        differences: Vec::new(),
        how: Some(recorded.how),
        last_seen_run,
        last_seen_ms,
        line: 0,
        values: Map::new(),
    })
}

/// The last run that saw it as it was to be, and when that was.
fn last_seen(recorded: &Resource, state: &State) -> (Option<u64>, Option<u64>) {
    let run = recorded.seen.or(recorded.is_complete.then_some(recorded.run)).filter(|run| *run > 0);
    let known = run.and_then(|number| state.runs.iter().find(|run| run.run == number));
    (run, known.map(|run| run.started_ms + run.millis.unwrap_or(0)))
}

fn seen_words(run: Option<u64>, at_ms: Option<u64>, now_ms: u64) -> String {
    match (run, at_ms) {
        (Some(run), Some(ms)) => format!("; last seen equal {} (run {run})", ago(now_ms.saturating_sub(ms))),
        (Some(run), None) => format!("; last seen equal by run {run}"),
        (None, _) => "; never seen complete".to_owned(),
    }
}

/// A step's resource, as it was looked at.
struct Looked<'a> {
    plan: &'a Plan,
    step: &'a Step,
    survey: &'a Report,
    ended: &'a StepReport,
    state: &'a State,
    now_ms: u64,
}

fn of_step(looked: &Looked<'_>) -> Vec<Drifted> {
    let Looked { step, ended, .. } = *looked;
    if !matches!(step.action, Action::Ensure { .. } | Action::Bring { .. } | Action::Delete { .. })
        || matches!(ended.status, StepStatus::Skipped { because: SkipReason::NotChosen })
    {
        return Vec::new();
    }
    let Some(recorded) = looked.recorded() else {
        let doubled = ended.seen.iter().flat_map(|seen| &seen.seconds);
        let doubled =
            doubled.map(|second| looked.bare(What::Doubled, ChangedBy::Site, doubled_words(second)));
        return looked.added().into_iter().chain(doubled).collect();
    };
    let is_removed = matches!(step.action, Action::Delete { .. });
    let Some(seen) = &ended.seen else {
        return match &ended.status {
            // What can be asked about nothing is as it was recorded, unless the program is another one.
            StepStatus::Done { .. } if is_removed => vec![looked.removed(recorded, &Seen::default())],
            StepStatus::Done { effect: Effect::Planned { .. } } => vec![looked.changed_unseen(recorded)],
            StepStatus::Done { .. } => Vec::new(),
            _ => vec![looked.unknown(recorded)],
        };
    };
    if is_removed {
        return vec![looked.removed(recorded, seen)];
    }
    if seen.is_gone {
        let was = if recorded.how == How::Adopted { " (it was adopted)" } else { "" };
        return vec![looked.row(recorded, What::Gone, ChangedBy::Site, format!("deleted outside{was}"))];
    }
    let mut rows = looked.ownership(recorded, seen);
    rows.extend(looked.changes(recorded, seen));
    match &ended.status {
        StepStatus::Done { effect: Effect::Planned { change: Change::Replace { why, is_whole: false } } } => {
            rows.push(looked.row(recorded, What::Broken, ChangedBy::Site, format!("broken: {why}")));
        }
        StepStatus::Done { effect: Effect::Planned { change: Change::Finish } } => {
            let why = "an interrupted run began it; scope resume".to_string();
            rows.push(looked.row(recorded, What::Unfinished, ChangedBy::Program, why));
        }
        _ => {}
    }
    rows
}

fn doubled_words(second: &str) -> String {
    format!("a second one bears its mark ({second}): its creation arrived twice; a run deletes it")
}

impl Looked<'_> {
    fn site(&self) -> &str {
        &self.plan.site(self.step.site).name
    }

    fn recorded(&self) -> Option<&Resource> {
        self.state.called(&self.step.name, self.site())
    }

    fn row(&self, recorded: &Resource, what: What, by: ChangedBy, why: String) -> Drifted {
        let (last_seen_run, last_seen_ms) = last_seen(recorded, self.state);
        Drifted {
            how: Some(recorded.how),
            last_seen_run,
            last_seen_ms,
            values: self.ended.seen.as_ref().map(|seen| seen.values.clone()).unwrap_or_default(),
            ..self.bare(what, by, why)
        }
    }

    fn bare(&self, what: What, by: ChangedBy, why: String) -> Drifted {
        Drifted {
            site: self.site().to_string(),
            kind: self.step.action.resource_type().map_or("", short_type).to_string(),
            name: self.step.name.clone(),
            what,
            by,
            why,
            differences: Vec::new(),
            how: None,
            last_seen_run: None,
            last_seen_ms: None,
            line: if matches!(self.step.action, Action::Delete { .. }) { 0 } else { self.step.origin.line },
            values: Map::new(),
        }
    }

    /// What could not be looked at, and when it was seen last.
    fn unknown(&self, recorded: &Resource) -> Drifted {
        let words = match &self.ended.status {
            StepStatus::Parked { words } => words.clone(),
            StepStatus::Failed { failure } => {
                let words = failure.site_words.as_ref().map(|words| format!(": {words}"));
                format!("{}{}", failure.message, words.unwrap_or_default())
            }
            StepStatus::Skipped { because: SkipReason::Dependency { step, .. } } => {
                let needed = self.plan.step(*step);
                let (name, site) = (short_name(&needed.name), &self.plan.site(needed.site).name);
                match &self.step.action {
                    Action::Bring { .. } => {
                        format!("whether it is older than its origin: {site} was not seen")
                    }
                    _ => format!("needs {name} at {site}"),
                }
            }
            StepStatus::Skipped { because: SkipReason::LeftOut } => "its site is left alone".into(),
            StepStatus::Skipped { because: SkipReason::Interrupted } => "interrupted".into(),
            StepStatus::Skipped { .. } | StepStatus::Done { .. } => match self.survey.held.get(self.site()) {
                Some(held) => format!("its site is {held}"),
                None => "its site cannot be reached".into(),
            },
        };
        let mut row = self.row(recorded, What::Unknown, ChangedBy::Unknown, format!("unknown: {words}"));
        row.why += &seen_words(row.last_seen_run, row.last_seen_ms, self.now_ms);
        row
    }

    /// Of a type that cannot be read, only the program can be compared.
    fn changed_unseen(&self, recorded: &Resource) -> Drifted {
        let why = "changed in the program; how it is at the site cannot be read".to_string();
        self.row(recorded, What::Changed, ChangedBy::Program, why)
    }

    /// What the program has and no run recorded.
    fn added(&self) -> Option<Drifted> {
        let why = match &self.ended.status {
            StepStatus::Done { effect: Effect::Planned { change } } if change.is_making() => {
                "not made yet".to_string()
            }
            StepStatus::Done { effect: Effect::Planned { change: Change::Adopt } } => {
                "is there, and not adopted yet".to_string()
            }
            StepStatus::Failed { failure } if failure.code == "E0907" => {
                format!("not made yet: {}", failure.message)
            }
            _ => return None,
        };
        let is_needed = !matches!(self.step.action, Action::Bring { .. } | Action::Delete { .. });
        is_needed.then(|| self.bare(What::Added, ChangedBy::Program, why))
    }

    /// What the program no longer has; somebody may have changed it all the same.
    fn removed(&self, recorded: &Resource, seen: &Seen) -> Drifted {
        let stays = recorded.how == How::Adopted || recorded.keep;
        let end = if stays { "stays at the site" } else { "a run deletes it" };
        let gone = super::plan::why_gone(&self.step.action);
        let (by, why) = match (&seen.is_gone, seen.differences.as_slice()) {
            (true, _) => (ChangedBy::Program, format!("{gone}, and deleted outside")),
            (false, []) => (ChangedBy::Program, format!("{gone}: {end}")),
            (false, found) => {
                let words: Vec<String> = found.iter().map(|one| by_part(one, &from_last)).collect();
                let words = words.join(", ");
                (ChangedBy::Both, format!("{words} outside, and {gone}: {end}   conflict"))
            }
        };
        Drifted { differences: seen.differences.clone(), ..self.row(recorded, What::Removed, by, why) }
    }

    /// Whose it is now, and whether a copy still has its origin's content.
    fn ownership(&self, recorded: &Resource, seen: &Seen) -> Vec<Drifted> {
        let mut rows = Vec::new();
        match &seen.marked {
            Marked::Lost => {
                let why = "our owner mark was taken off outside; only the state knows that it is ours";
                rows.push(self.row(recorded, What::Unmarked, ChangedBy::Site, why.into()));
            }
            Marked::Others { mark } => {
                let why = format!("bears the mark of another deployment: {mark}");
                rows.push(self.row(recorded, What::Taken, ChangedBy::Site, why));
            }
            Marked::Ours | Marked::Unknown => {}
        }
        for second in &seen.seconds {
            rows.push(self.row(recorded, What::Doubled, ChangedBy::Site, doubled_words(second)));
        }
        let is_unlike = |copy: &&CopyOf| copy.is_same == Some(false) || !copy.differing.is_empty();
        if let Some(copy) = seen.copy.as_ref().filter(is_unlike) {
            let what = if copy.by == ChangedBy::Program { What::Stale } else { What::Unlike };
            rows.push(self.row(recorded, what, ChangedBy::Site, unlike_words(copy)));
        }
        rows
    }

    /// What differs, one row for each who changed it.
    fn changes(&self, recorded: &Resource, seen: &Seen) -> Vec<Drifted> {
        let mut rows = Vec::new();
        let each =
            [ChangedBy::Both, ChangedBy::Site, ChangedBy::Unknown, ChangedBy::Program, ChangedBy::NotTaken];
        for by in each {
            let found: Vec<Difference> =
                seen.differences.iter().filter(|difference| difference.by == by).cloned().collect();
            if found.is_empty() {
                continue;
            }
            let words: Vec<String> = found.iter().map(|difference| words(difference, by)).collect();
            let who = match by {
                ChangedBy::Site => "changed outside".to_string(),
                ChangedBy::Both => "conflict".to_string(),
                ChangedBy::Program => "changed in the program".to_string(),
                ChangedBy::Unknown => "who changed it is not recorded".to_string(),
                ChangedBy::NotTaken => {
                    let run = found.iter().filter_map(|one| one.not_taken_in).max().unwrap_or_default();
                    format!("{} did not take it in run {run}", self.plan.site(self.step.site).name)
                }
            };
            let adopted = if recorded.how == How::Adopted { ", adopted" } else { "" };
            let fixed = match found.iter().any(|difference| difference.is_immutable) {
                true => "; cannot be changed in place",
                false => "",
            };
            let why = format!("{}   {who}{adopted}{fixed}", words.join(", "));
            rows.push(Drifted { differences: found, ..self.row(recorded, What::Changed, by, why) });
        }
        rows
    }
}

/// In what a copy is not as its origin, and which of them changed, where that is known.
fn unlike_words(copy: &CopyOf) -> String {
    let CopyOf { from, is_same, differing, by } = copy;
    let is_content = *is_same == Some(false);
    let differing = differing.join(", ");
    let part = if is_content { "content" } else { &differing };
    match by {
        ChangedBy::Program if is_content => format!("borrowed; its origin at {from} has other content now"),
        ChangedBy::Program => format!("borrowed; its origin at {from} has another {part}"),
        ChangedBy::Site => {
            format!("borrowed; changed outside: its {part} is not as at its origin at {from}")
        }
        ChangedBy::Both | ChangedBy::Unknown | ChangedBy::NotTaken => {
            format!("borrowed; its {part} is not as at its origin at {from}")
        }
    }
}

/// `flavor "m1.tiny" -> "m1.small"`; of a conflict, all three.
fn words(difference: &Difference, by: ChangedBy) -> String {
    by_part(difference, &|at| {
        let (path, found, wanted) = (&at.path, at.found_as(&short), at.wanted_as(&short));
        match by {
            ChangedBy::Site => from_last(at),
            ChangedBy::Program | ChangedBy::NotTaken => format!("{path} {found} -> {wanted}"),
            // Perhaps each changed another part.
            ChangedBy::Both => match at.last.unwrap_or(&Value::Null) {
                last if last == at.wanted => format!("{path} {wanted} -> {found} outside"),
                last if last == at.found => format!("{path} {found} -> {wanted} in the program"),
                last => format!("{path} {} -> {found} outside, {wanted} in the program", short(last)),
            },
            ChangedBy::Unknown => format!("{path} {found} at the site, {wanted} in the program"),
        }
    })
}

fn from_last(at: &Differing) -> String {
    format!("{} {} -> {}", at.path, short(at.last.unwrap_or(at.wanted)), short(at.found))
}

/// The print-out; `again` is the command that repairs. `all` tells every site by itself.
pub fn report(
    plan: &Plan,
    file: &str,
    again: &str,
    state: &State,
    rows: &[Drifted],
    now_ms: u64,
    all: bool,
) -> String {
    let Some(run) = state.runs.last() else {
        return format!(
            "no run of {file} is recorded, so nothing can have drifted      plan: scope plan {file}\n"
        );
    };
    let begun = ago(now_ms.saturating_sub(run.started_ms));
    let mut text = format!("{file}   since run {} ({}, {begun})\n", run.run, run.by);
    let (drift, own): (Vec<&Drifted>, Vec<&Drifted>) = rows.iter().partition(|row| row.is_drift());
    text += &by_site(plan, &drift, all);
    if drift.is_empty() {
        let recorded = plan.steps.iter().filter_map(|step| {
            let site = &plan.site(step.site).name;
            state.called_as(&step.name, site).map(|(name, _)| (name, site))
        });
        let n_recorded = recorded.collect::<BTreeSet<_>>().len();
        let _ = writeln!(text, "\nno drift: {n_recorded} of {n_recorded} as they were left");
    }
    if !own.is_empty() {
        let _ = writeln!(text, "\nthe program itself since run {} (no drift; scope plan {file}):", run.run);
        text += by_site(plan, &own, all).trim_start_matches('\n');
    }
    if !drift.is_empty() {
        let is_mended = |row: &&&Drifted| matches!(row.what, What::Changed | What::Gone | What::Broken);
        let repair = match drift.iter().any(|row| is_mended(&row)) {
            true => format!("      repair: {again}"),
            false => String::new(),
        };
        let _ = writeln!(text, "\n{}{repair}", summary(&drift));
        let can_be_accepted =
            |row: &&&Drifted| !matches!(row.what, What::Unknown | What::Stale | What::Unlike);
        if let Some(example) = drift.iter().find(can_be_accepted) {
            let attribute = match example.differences.as_slice() {
                [one] if example.what == What::Changed => format!(".{}", one.attribute),
                _ => String::new(),
            };
            let (name, site) = (&example.name, &example.site);
            let what = shell::word(&format!("{name}{attribute}"));
            let _ = writeln!(text, "accept: scope drift {file} --accept {what} {}", shell::word(site));
        }
    }
    text
}

fn by_site(plan: &Plan, rows: &[&Drifted], all: bool) -> String {
    let mut there: BTreeMap<&str, Vec<Line>> = std::collections::BTreeMap::new();
    for row in rows {
        there.entry(&row.site).or_default().push(Line {
            sign: row.sign(),
            kind: row.kind.clone(),
            name: short_name(&row.name).to_string(),
            why: row.why.clone(),
        });
    }
    let mut text = super::by_site::by_site(plan, all, |site| {
        there.remove(plan.site(site).name.as_str()).unwrap_or_default()
    });
    for (site, lines) in there {
        let _ = writeln!(text, "\n{site}");
        for Line { sign, kind, name, why } in lines {
            let _ = writeln!(text, "  {sign} {kind}  {name}  {why}");
        }
    }
    text
}

/// `1 changed, 1 gone, 1 unknown`.
fn summary(drift: &[&Drifted]) -> String {
    let count = |is: &dyn Fn(&Drifted) -> bool| drift.iter().filter(|row| is(row)).count();
    let of = |what: What| count(&|row| row.what == what && row.by != ChangedBy::Both);
    let always = [(of(What::Changed), "changed"), (of(What::Gone), "gone")];
    let some = [
        (count(&|row| row.by == ChangedBy::Both), "in conflict"),
        (of(What::Broken), "broken"),
        (of(What::Unmarked), "without our mark"),
        (of(What::Taken), "with another's mark"),
        (of(What::Doubled), "there twice"),
        (of(What::Stale), "older than the origin"),
        (of(What::Unlike), "not as at the origin"),
    ];
    let mut parts: Vec<String> = always.iter().map(|(n, word)| format!("{n} {word}")).collect();
    parts.extend(some.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
    parts.push(format!("{} unknown", of(What::Unknown)));
    parts.join(", ")
}
