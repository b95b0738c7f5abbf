//! What a run would change, by site, with the reason down to the attribute.
//!
//! `~ server  vm   flavor "m1.tiny" -> "m1.small"`; what could not be asked is `?`, never `=`.

use std::collections::BTreeMap;
use std::fmt::Write;

use scope_plan::driver::Type;
use scope_plan::plan::{Action, Plan, Step};
use scope_runtime::events::{Change, Difference, Effect, Follows, Outcome, SkipReason};
use scope_runtime::report::{ChangedBy, Report, StepStatus};
use scope_runtime::runner::LeftAlone;
use scope_runtime::state::{Resource, State};
use serde::Serialize;
use serde_json::Value;

use super::by_site::Line;
use super::plan::why_gone;
use super::{bytes, debts, needed_name, plural, short_name, short_type};
use crate::commands::now_ms;

/// What becomes of one resource at one site.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The site.
    pub site: String,
    /// `server`
    pub kind: String,
    /// Its global name.
    pub name: String,
    /// What.
    pub what: What,
    /// Why, for people.
    pub why: String,
    /// What differs, of an update.
    pub differences: Vec<Difference>,
    /// Somebody else changed or deleted it.
    pub is_outside: bool,
    /// The program's line.
    pub line: u32,
    /// The step's key.
    pub key: String,
}

impl Row {
    /// For people.
    pub fn line(&self) -> Line {
        Line {
            sign: self.what.sign(),
            kind: self.kind.clone(),
            name: short_name(&self.name).to_string(),
            why: self.why.clone(),
        }
    }
}

/// What a run would do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Make it.
    Create,
    /// Take it over.
    Adopt,
    /// Change it in place.
    Update,
    /// Delete it, and make it again.
    Replace,
    /// Make it here, delete it elsewhere.
    Move,
    /// Finish what was interrupted.
    Finish,
    /// Copy it from another site.
    Borrow,
    /// Do an operation.
    Call,
    /// Remove it.
    Delete,
    /// Not remove it: others rely upon it.
    Refused,
    /// Guard it from deletion.
    Guard,
    /// Take the guard off.
    LetGo,
    /// Forget it.
    Forget,
    /// Delete what an earlier run left, or set back what it changed.
    Owed,
    /// Nothing: it is as the program says.
    Unchanged,
    /// Nothing: it is only read.
    Read,
    /// The site cannot be asked.
    Unknown,
    /// It waits for a wave before its own, of which nothing can be done.
    HeldBack,
    /// The run is not about it: nothing is asked.
    LeftOut,
    /// No site was asked: the state has it.
    Recorded,
    /// No site was asked: it is only read.
    #[serde(rename = "read")]
    ToRead,
    /// A run would fail there.
    Fails,
}

impl What {
    /// `+`, `~`: unknown is never `=`.
    pub fn sign(self) -> &'static str {
        match self {
            What::Create | What::Borrow | What::Adopt => "+",
            What::Update | What::Finish | What::Guard | What::LetGo => "~",
            What::Replace => "-+",
            What::Move => ">",
            What::Call => "!",
            What::Delete | What::Forget | What::Owed | What::Refused => "-",
            What::Unchanged | What::Read => "=",
            What::Unknown | What::Recorded | What::ToRead => "?",
            What::LeftOut | What::HeldBack => ".",
            What::Fails => "x",
        }
    }

    /// Whether a run would change something.
    pub fn is_change(self) -> bool {
        !matches!(
            self,
            What::Unchanged
                | What::Read
                | What::Unknown
                | What::HeldBack
                | What::LeftOut
                | What::Recorded
                | What::ToRead
                | What::Refused
                | What::Fails
        )
    }
}

/// The rows of a survey, in the plan's order.
pub fn rows(plan: &Plan, survey: &Report, state: &State) -> Vec<Row> {
    let now_ms = now_ms();
    let held = super::past::held(state, now_ms);
    let mut rows: Vec<Row> = plan
        .steps
        .iter()
        .zip(&survey.steps)
        .filter(|(step, _)| super::plan::touches_site(step))
        .filter_map(|(step, ended)| {
            let row = row(plan, step, &ended.status, &held)?;
            if is_silent(&ended.status) && state.has_waited_enough(step, now_ms) && !ended.is_abandoned {
                let why = format!("{}; it has waited as long as it may", row.why);
                return Some(Row { what: What::Fails, why, ..row });
            }
            if !ended.is_abandoned {
                return Some(row);
            }
            // Of what is given up it is told where it could not be asked: with an answer it may be the one that is taken.
            let why = format!("{}; {} instead", row.why, super::plan::taken_instead(plan, survey, step)?);
            (row.what == What::Unknown && is_silent(&ended.status)).then_some(Row { why, ..row })
        })
        .collect();
    // Deleted here and made there: it moves.
    let leaving: Vec<(String, String)> = rows
        .iter()
        .filter(|row| row.what == What::Delete)
        .map(|row| (row.name.clone(), row.site.clone()))
        .collect();
    for (name, from) in leaving {
        let is_arriving = |row: &&mut Row| row.name == name && row.what == What::Create;
        let Some(to) = rows.iter_mut().find(is_arriving).map(|row| {
            row.what = What::Move;
            row.why = format!("from {from}; made anew, its data does not move");
            row.site.clone()
        }) else {
            continue;
        };
        let gone =
            rows.iter_mut().find(|row| row.name == name && row.site == from && row.what == What::Delete);
        if let Some(gone) = gone {
            gone.why = format!("moves to {to}");
        }
    }
    for row in rows.iter_mut().filter(|row| row.what == What::Unknown) {
        if let Some(Resource { run, .. }) = state.called(&row.name, &row.site) {
            let _ = write!(row.why, "; recorded by run {run}");
        }
    }
    super::held::hold_back(plan, survey, &mut rows);
    let given_up = survey.steps.iter().filter(|ended| ended.is_abandoned);
    let given_up = given_up.map(|ended| plan.step(ended.step).key.as_str()).collect();
    rows.extend(debts::rows(plan, state, &given_up));
    rows
}

/// Tells what a run that is under way has begun as its work, and not as what was left by one that was interrupted.
pub fn as_under_way(rows: &mut [Row], run: u64, state: &State) {
    for row in rows {
        let is_to_be_done = row.what.is_change() || row.what == What::Fails;
        if row.what == What::Finish || is_to_be_done && state.sent.contains_key(&row.key) {
            (row.what, row.why) = (What::Unknown, format!("run {run} is at it"));
        }
    }
}

fn row(plan: &Plan, step: &Step, status: &StepStatus, held: &BTreeMap<String, LeftAlone>) -> Option<Row> {
    let mut differences = Vec::new();
    let mut is_outside = false;
    let (what, why) = match status {
        StepStatus::Done { effect } => match effect {
            Effect::Planned { change } => match change {
                Change::Create { is_gone: true } => {
                    is_outside = true;
                    (What::Create, "was deleted outside".to_string())
                }
                Change::Create { is_gone: false } => (What::Create, super::plan::details(plan, step)),
                Change::Adopt => (What::Adopt, "is there, and is adopted".into()),
                Change::Update { differences: found, is_outside: outside } => {
                    differences.clone_from(found);
                    is_outside = *outside;
                    let why = match found.is_empty() {
                        true => "the program changed".into(),
                        false => difference_words(plan, step, found),
                    };
                    let is_conflict = found.iter().any(|difference| difference.by == ChangedBy::Both);
                    let who = match (*outside, is_conflict) {
                        (true, _) => "   changed outside",
                        (false, true) => "   changed outside, too",
                        (false, false) => "",
                    };
                    (What::Update, why + who + &not_taken_words(plan, step, found))
                }
                Change::Replace { why, is_whole: false } => (What::Replace, format!("broken: {why}")),
                Change::Replace { why, is_whole: true } => (What::Replace, why.replace('`', "")),
                Change::TakeBack { identity } => {
                    (What::Update, format!("{identity}, whose place it took, takes its place again"))
                }
                Change::Borrow { from } => (
                    What::Borrow,
                    format!("borrowed from {from}   {}", super::plan::needed_by(plan, step.id)),
                ),
                Change::Finish => (What::Finish, "an interrupted run began it".into()),
                Change::Call => (What::Call, super::plan::details(plan, step)),
                Change::Delete => (What::Delete, super::plan::details(plan, step)),
                Change::Refuse { users } => (
                    What::Refused,
                    format!(
                        "still relied upon by {}: refused; scope why {}",
                        users.join(", ").replace('`', ""),
                        step.name
                    ),
                ),
                Change::Protect { .. } => {
                    (super::plan::of_guard(&step.action), super::plan::details(plan, step))
                }
                Change::LetGo => (What::LetGo, "is let go: nothing here relies upon it any more".into()),
                Change::Release => (
                    What::Forget,
                    format!("{}; left at the site, as it was said (`keep`)", why_gone(&step.action)),
                ),
                Change::Leave => (
                    What::Forget,
                    format!(
                        "{}; left at the site: it bears the mark of another deployment",
                        why_gone(&step.action)
                    ),
                ),
                Change::Forget => (
                    What::Forget,
                    format!("{}; adopted before, so it stays at the site", why_gone(&step.action)),
                ),
            },
            // It is called otherwise by now, or is taken again: its row is that one's.
            Effect::Unchanged if matches!(step.action, Action::Delete { .. }) => return None,
            // The guard is as it should be.
            Effect::Found if matches!(step.action, Action::Protect { .. }) => return None,
            Effect::Found => {
                (What::Read, format!("read only, never changed   {}", super::plan::needed_by(plan, step.id)))
            }
            _ => (What::Unchanged, String::new()),
        },
        StepStatus::Parked { words } => (What::Unknown, words.clone()),
        StepStatus::Failed { failure } => {
            let words = failure.site_words.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
            // What nobody knows waits for an answer: how to give it is a part of what is said.
            let help = failure.help.iter().filter(|_| failure.outcome == Outcome::Unknown);
            let help: String = help.map(|help| format!("; {help}")).collect();
            match is_silent(status) {
                true => (What::Unknown, format!("{}{words}", failure.message)),
                false => (What::Fails, format!("{}: {}{words}{help}", failure.code, failure.message)),
            }
        }
        StepStatus::Skipped { because } => match because {
            SkipReason::NotChosen => return None,
            SkipReason::LeftOut => match held.get(&plan.site(step.site).name) {
                Some(held) => (What::Unknown, format!("its site is left alone: {}", held.why)),
                None => (What::LeftOut, "left out of this run".into()),
            },
            SkipReason::Dependency { step: on, outcome: Outcome::LeftOut } => {
                let needed = plan.step(*on);
                let (name, site) = (needed_name(step, needed), &plan.site(needed.site).name);
                match super::plan::touches_site(needed) {
                    true => (What::LeftOut, format!("needs {name} at {site}, which is left out")),
                    false => (What::LeftOut, format!("needs {name}, which is left out")),
                }
            }
            SkipReason::Dependency { step: on, .. } => {
                (What::Unknown, format!("needs {}", needed_name(step, plan.step(*on))))
            }
            SkipReason::Unreachable => match held.get(&plan.site(step.site).name) {
                Some(held) => (What::Unknown, format!("its site is {}; it is skipped then", held.why)),
                None => (What::Unknown, "its site cannot be reached; it is skipped then".into()),
            },
            SkipReason::Interrupted => (What::Unknown, "interrupted".into()),
        },
    };
    // What is to become of it is known though its site says nothing.
    let why = match (&step.action, what) {
        (Action::Delete { .. }, What::Unknown) => format!("{}: {why}", super::plan::details(plan, step)),
        _ => why,
    };
    Some(Row {
        site: plan.site(step.site).name.clone(),
        kind: step.action.resource_type().map_or("", short_type).to_string(),
        name: step.name.clone(),
        what,
        why: why.trim_end().to_string(),
        differences,
        is_outside,
        line: if matches!(step.action, Action::Delete { .. }) { 0 } else { step.origin.line },
        key: step.key.clone(),
    })
}

/// Whether its site gave no answer.
pub fn is_silent(status: &StepStatus) -> bool {
    matches!(status, StepStatus::Failed { failure }
        if matches!(failure.code.as_str(), "E0701" | "E0702" | "E0909"))
}

fn difference_words(plan: &Plan, step: &Step, differences: &[Difference]) -> String {
    let of = |name: &str| plan.resource_type_of(step).and_then(|(_, of)| of.attribute(name));
    let words = differences.iter().map(|difference| {
        let attribute = of(&difference.attribute);
        let is_content = attribute.is_some_and(|attribute| is_content(&attribute.ty));
        let text = |value: &Value| match value.as_u64() {
            Some(size) if is_content => format!("{} of content", bytes(size)),
            _ => attribute.and_then(|attribute| attribute.quantity(value)).unwrap_or_else(|| short(value)),
        };
        by_part(difference, &|at| format!("{} {} -> {}", at.path, at.found_as(&text), at.wanted_as(&text)))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What the site did not take when a run set it: nobody changed that.
fn not_taken_words(plan: &Plan, step: &Step, differences: &[Difference]) -> String {
    let not_taken: Vec<&Difference> =
        differences.iter().filter(|difference| difference.not_taken_in.is_some()).collect();
    let Some(run) = not_taken.iter().filter_map(|difference| difference.not_taken_in).max() else {
        return String::new();
    };
    let what = match not_taken.len() == differences.len() {
        true => "it".to_owned(),
        false => not_taken.iter().map(|one| format!("`{}`", one.attribute)).collect::<Vec<_>>().join(", "),
    };
    format!("   {} did not take {what} in run {run}", plan.site(step.site).name)
}

/// An attribute, or a part of one, that differs.
pub struct Differing<'d> {
    /// `body.limit`
    pub path: String,
    /// As the site has it.
    pub found: &'d Value,
    /// As the program says.
    pub wanted: &'d Value,
    /// As the program set it last.
    pub last: Option<&'d Value>,
    /// What the site has nobody knows.
    is_untold: bool,
    /// What it is of, where that is yet to be made.
    follows: Option<&'d Follows>,
}

impl Differing<'_> {
    /// What the site has, in words.
    pub fn found_as(&self, text: &dyn Fn(&Value) -> String) -> String {
        if self.is_untold { "(not known)".to_owned() } else { text(self.found) }
    }

    /// What the program says, in words.
    pub fn wanted_as(&self, text: &dyn Fn(&Value) -> String) -> String {
        match self.follows {
            Some(Follows { name, is_certain, is_new }) => match (is_certain, is_new) {
                (true, true) => format!("(of {name}, which is yet to be made)"),
                (true, false) => format!("(of {name}, which is made anew)"),
                (false, true) => format!("(perhaps: it is known only when {name} is made)"),
                (false, false) => format!("(perhaps: it is known only when {name} is made anew)"),
            },
            None => text(self.wanted),
        }
    }
}

fn is_content(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) => is_content(inner),
        ty => *ty == Type::Bytes,
    }
}

/// An attribute's difference in a line: where it has parts, the first of those that differ.
pub fn by_part(difference: &Difference, words: &dyn Fn(&Differing) -> String) -> String {
    const SHOWN: usize = 3;
    let Difference { attribute, found, is_untold, wanted, last, parts, follows, .. } = difference;
    if parts.is_empty() {
        return words(&Differing {
            path: attribute.clone(),
            found,
            wanted,
            last: last.as_ref(),
            is_untold: *is_untold,
            follows: follows.as_ref(),
        });
    }
    let shown = parts.iter().take(SHOWN).map(|part| {
        let path = format!("{attribute}{}", part.path);
        let last = part.last.as_ref();
        let (found, wanted) = (&part.found, &part.wanted);
        words(&Differing { path, found, wanted, last, is_untold: false, follows: None })
    });
    let mut words = shown.collect::<Vec<_>>().join(", ");
    if parts.len() > SHOWN {
        let _ = write!(words, ", and {} more of `{attribute}`", parts.len() - SHOWN);
    }
    words
}

/// A value in a line: long ones cut.
pub fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 {
        return text;
    }
    format!("{}…", text.chars().take(37).collect::<String>())
}

/// The sites of a plan that a survey asks, and whether they answer.
pub fn answering(plan: &Plan, rows: &[Row]) -> Vec<(String, bool)> {
    let mut answers: BTreeMap<&str, bool> = BTreeMap::new();
    // For debts no site is asked, nor for what is left out.
    for row in rows.iter().filter(|row| !matches!(row.what, What::Owed | What::LeftOut)) {
        *answers.entry(&row.site).or_default() |= row.what != What::Unknown;
    }
    let asked = plan.sites.iter().filter_map(|site| Some((site.name.clone(), *answers.get(&*site.name)?)));
    asked.collect()
}

/// How many rows are so.
pub fn count(rows: &[Row], whats: &[What]) -> usize {
    rows.iter().filter(|row| whats.contains(&row.what)).count()
}

/// What becomes of guards, and how they are counted.
pub const GUARDS: [(What, &str); 2] = [(What::Guard, "to set"), (What::LetGo, "to take off")];

/// The rows by site. `all` tells every site by itself.
pub fn by_site(plan: &Plan, rows: &[Row], all: bool) -> String {
    let mut there: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for row in rows {
        there.entry(&row.site).or_default().push(row.line());
    }
    super::by_site::by_site(plan, all, |site| there.remove(plan.site(site).name.as_str()).unwrap_or_default())
}

/// The counts in one line.
pub fn summary(rows: &[Row]) -> String {
    let mut parts = vec![
        format!("{} to create", count(rows, &[What::Create, What::Borrow])),
        format!("{} to change", count(rows, &[What::Update, What::Replace, What::Finish])),
        format!("{} to delete", count(rows, &[What::Delete])),
        format!("{} unknown", count(rows, &[What::Unknown])),
    ];
    let moved = count(rows, &[What::Move]);
    if moved > 0 {
        parts.insert(2, format!("{moved} to move"));
    }
    let adopted = count(rows, &[What::Adopt]);
    if adopted > 0 {
        parts.insert(1, format!("{adopted} to adopt"));
    }
    let left = count(rows, &[What::Forget]);
    if left > 0 {
        parts.insert(parts.len() - 1, format!("{left} to leave"));
    }
    for (what, word) in GUARDS {
        let guards = count(rows, &[what]);
        if guards > 0 {
            parts.insert(parts.len() - 1, format!("{} {word}", plural(guards, "guard")));
        }
    }
    let owed = count(rows, &[What::Owed]);
    if owed > 0 {
        parts.insert(parts.len() - 1, format!("{owed} owed"));
    }
    let refused = count(rows, &[What::Refused]);
    if refused > 0 {
        parts.insert(parts.len() - 1, format!("{refused} refused"));
    }
    let called = count(rows, &[What::Call]);
    if called > 0 {
        parts.insert(parts.len() - 1, format!("{called} to call"));
    }
    let held_back = count(rows, &[What::HeldBack]);
    if held_back > 0 {
        parts.push(format!("{held_back} held back"));
    }
    let left_out = count(rows, &[What::LeftOut]);
    if left_out > 0 {
        parts.push(format!("{left_out} left out"));
    }
    let fails = count(rows, &[What::Fails]);
    if fails > 0 {
        parts.push(format!("{fails} would fail"));
    }
    parts.join(", ")
}
