//! A plan by site, as an operator reads it: what is made, borrowed, read and called, and what happens if a site is cut.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;

use scope_plan::cuts::{self, Cuts};
use scope_plan::driver::Attribute;
use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{Action, Cross, OnUnreachable, Plan, SiteId, Step, StepId};
use scope_plan::recorded::{How, RecordedGuard};
use scope_plan::{estimate, fleet};
use scope_runtime::report::Report;
use scope_runtime::state::State;

use super::by_site::{Line, by_site};
use super::difference::{self, Row, What};
use super::past::ago;
use super::{bytes, debts, plural, seconds, short_name, short_type};
use crate::commands::now_ms;

/// So many sentences are said of one cut.
const MOST_SENTENCES: usize = 8;

/// What a survey came to.
pub struct Survey<'s> {
    /// What becomes of each resource.
    pub rows: &'s [Row],
    /// A run would fail, even where nothing is to be done.
    pub fails: bool,
}

/// The print-out of a survey: what differs, by site. `all` tells every site by itself.
/// `again` is the command that does it.
pub fn surveyed(
    plan: &Plan,
    file: &str,
    next: &str,
    state: &State,
    &Survey { rows, fails }: &Survey<'_>,
    now_ms: u64,
    (left_out, all): (&BTreeSet<SiteId>, bool),
) -> String {
    let known = match state.runs.last() {
        Some(run) => {
            format!("state of run {} ({}, {})", run.run, run.by, ago(now_ms.saturating_sub(run.started_ms)))
        }
        None => known_without_run(Some(state)),
    };
    let sites = difference::answering(plan, rows);
    let n_answer = sites.iter().filter(|(_, answers)| *answers).count();
    let mut text = heading(plan, file, &known, &format!("sites {n_answer} of {} answer", sites.len()));
    text += &difference::by_site(plan, rows, all);
    text += &scope_plan::text::waves(plan);
    text += &divided(plan, Some(state));
    text += &scope_plan::text::dropped(plan);
    let waited = as_waited(plan, Some(state), now_ms);
    text += &footing(&cuts(&waited, Some(state)), &difference::summary(rows), left_out, all);
    let has = |what: What| rows.iter().any(|row| row.what == what);
    let _ = match rows.iter().any(|row| row.what.is_change()) {
        true => writeln!(text, "run it:  {next}"),
        false if fails => writeln!(text, "nothing else to do: mend what would fail"),
        false if has(What::Refused) => writeln!(text, "nothing to do but what is refused"),
        false if has(What::Unknown) => {
            writeln!(text, "nothing to do where sites answer; what is unknown is not known to be so")
        }
        false => writeln!(text, "nothing to do"),
    };
    text
}

/// The plan as it is by now: what has waited for its site as long as it may does not wait any more.
pub fn as_waited<'p>(plan: &'p Plan, state: Option<&State>, now_ms: u64) -> Cow<'p, Plan> {
    let is_over = |step: &Step| state.is_some_and(|state| state.has_waited_enough(step, now_ms));
    let mut plan = Cow::Borrowed(plan);
    for step in 0..plan.steps.len() {
        if is_over(&plan.steps[step]) {
            plan.to_mut().steps[step].on_unreachable = OnUnreachable::Fail;
        }
    }
    plan
}

/// How its steps end where a site is cut: what the state knows to be done needs its site no more.
pub fn cuts<'p>(plan: &'p Plan, state: Option<&State>) -> Cuts<'p> {
    Cuts::after(plan, state.map(|state| state.calls_done(plan)).unwrap_or_default())
}

/// How what is over several sites is divided the first time, and what is divided otherwise than before.
fn divided(plan: &Plan, state: Option<&State>) -> String {
    let is_first = |cross: &Cross| {
        let prime = plan.step(cross.prime);
        let recorded = state.and_then(|state| state.resource(&prime.name, &plan.site(prime.site).name));
        recorded.is_none_or(|known| known.shares.is_empty())
            && cross.parts.iter().any(|part| !part.shares.is_empty())
            && cross.parts.iter().all(|part| part.before.is_empty())
    };
    scope_plan::text::divided(plan, is_first) + &scope_plan::text::divided_anew(plan)
}

/// What was rebuilt or imported is known before the first run.
fn known_without_run(state: Option<&State>) -> String {
    match state.is_some_and(|state| !state.resources.is_empty() || !state.sent.is_empty()) {
        true => "state rebuilt or imported, no run yet".into(),
        false => "no state yet".into(),
    }
}

/// The whole print-out, of a plan for which no site was asked. `all` tells every site by itself.
pub fn plan(
    plan: &Plan,
    file: &str,
    again: &str,
    state: Option<&State>,
    (left_out, all): (&BTreeSet<SiteId>, bool),
) -> String {
    let known = match state {
        Some(state) if state.last_run > 0 => format!("state of run {}", state.last_run),
        _ => known_without_run(state),
    };
    let mut text = heading(plan, file, &known, &plural(plan.sites.len(), "site"));
    let mut lines: BTreeMap<SiteId, Vec<Line>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| touches_site(step)) {
        lines.entry(step.site).or_default().push(step_line(plan, step, state));
    }
    let debts = debts_of(plan, state);
    for debt in &debts {
        let site = plan.sites.iter().position(|site| site.name == debt.site);
        let Some(site) = site.map(|index| SiteId(index as u32)) else { continue };
        lines.entry(site).or_default().push(debt.line());
    }
    text += &by_site(plan, all, |site| lines.remove(&site).unwrap_or_default());
    text += &scope_plan::text::waves(plan);
    text += &divided(plan, state);
    text += &scope_plan::text::dropped(plan);
    // Of the alternatives of a `|`, the one that is made if nothing goes wrong is counted.
    let usual = cuts::cut(plan, SiteId(u32::MAX));
    let is_expected = |step: &Step| usual.outcomes[step.id.index()] != cuts::Outcome::NotTried;
    // A guard that is there is no resource that is there.
    let is_counted =
        |step: &Step, what: What| what != What::Recorded || !matches!(step.action, Action::Protect { .. });
    let count = |what: What| {
        let counted = |step: &&Step| {
            is_expected(step) && is_counted(step, what) && what_of(plan, step, state) == Some(what)
        };
        plan.steps.iter().filter(counted).count()
    };
    // What there is none of is not counted; creations and deletions are said all the same.
    let counts: Vec<String> = [
        (What::Create, "to create"),
        (What::Recorded, "recorded, not asked"),
        (What::Borrow, "to borrow"),
        (What::ToRead, "to read"),
        (What::Call, "to call"),
        (What::Delete, "to delete"),
        (What::Forget, "to leave"),
    ]
    .into_iter()
    .map(|(what, word)| (count(what), what, word))
    .filter(|(n, what, _)| *n > 0 || matches!(*what, What::Create | What::Delete))
    .map(|(n, _, word)| format!("{n} {word}"))
    .chain(difference::GUARDS.iter().filter_map(|(what, word)| {
        let guards = count(*what);
        (guards > 0).then(|| format!("{} {word}", plural(guards, "guard")))
    }))
    .chain((!debts.is_empty()).then(|| format!("{} owed", debts.len())))
    .collect();
    let waited = as_waited(plan, state, now_ms());
    text += &footing(&cuts(&waited, state), &counts.join(", "), left_out, all);
    let _ = writeln!(text, "run it:  {again}          try it: --simulate");
    text
}

fn heading(plan: &Plan, file: &str, known: &str, sites: &str) -> String {
    let entry = plan.program.entry.map_or("-", |site| plan.sites[site.index()].name.as_str());
    format!("{file}  entry {entry}   {known}   {sites}\n")
}

/// The counts, what it takes, which secret goes where, and what happens if a site is cut.
fn footing(cuts: &Cuts<'_>, counts: &str, left_out: &BTreeSet<SiteId>, all: bool) -> String {
    let plan = cuts.plan();
    let steps = plan.steps.iter().filter(|step| touches_site(step)).count();
    let mut text = format!(
        "\n{counts}      {}, {} at once, {}\n",
        plural(steps, "step"),
        widest(plan),
        expected_time(plan)
    );
    let secrets = secrets(plan);
    if !secrets.is_empty() {
        let _ = writeln!(text, "secrets: {}", secrets.join(", "));
    }
    for held in scope_plan::guarding::held_by_state(plan) {
        let _ = writeln!(text, "the guard holds for this state only: {held}");
    }
    for line in if_cut(cuts, left_out, all) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Steps done by the scheduler alone are not shown.
pub fn touches_site(step: &Step) -> bool {
    !matches!(step.action, Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. })
}

/// The alternative that is taken in place of the one that a step is of: `lille`.
pub fn taken_instead<'p>(plan: &'p Plan, survey: &Report, step: &Step) -> Option<&'p str> {
    step.when.iter().find_map(|guard| {
        let arm = survey.choices.get(&guard.choice).filter(|arm| **arm != guard.arm)?;
        Some(plan.choice(guard.choice).arms[*arm as usize].label.as_str())
    })
}

/// What becomes of a step's resource as far as that is known without a look; of what no site sees, nothing.
fn what_of(plan: &Plan, step: &Step, state: Option<&State>) -> Option<What> {
    Some(match &step.action {
        Action::Ensure { .. } => {
            let site = &plan.site(step.site).name;
            let is_known = state.is_some_and(|state| state.called(&step.name, site).is_some());
            if is_known { What::Recorded } else { What::Create }
        }
        Action::Bring { .. } => What::Borrow,
        Action::Lookup { .. } | Action::Call { prints: true, .. } => What::ToRead,
        Action::Call { .. } => What::Call,
        Action::Delete { .. } if stays(plan, step, state) => What::Forget,
        Action::Delete { .. } => What::Delete,
        Action::Protect { users, .. } => {
            let site = &plan.site(step.site).name;
            let is_it = |guard: &RecordedGuard| guard.name == step.name && guard.site == *site;
            let is_recorded = state.is_some_and(|state| state.guards.iter().any(is_it));
            // Whether it still stands there, and for whom, is not known.
            if is_recorded && !users.is_empty() { What::Recorded } else { of_guard(&step.action) }
        }
        Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => return None,
    })
}

/// A guard is set for those that rely upon something, and taken off where nobody does.
pub fn of_guard(protection: &Action) -> What {
    match protection {
        Action::Protect { users, .. } if users.is_empty() => What::LetGo,
        _ => What::Guard,
    }
}

/// Whether what the program no longer has is left at its site: it was said so (`keep`), or it was there before.
fn stays(plan: &Plan, step: &Step, state: Option<&State>) -> bool {
    matches!(step.action, Action::Delete { keep: true, .. }) || is_adopted(plan, step, state)
}

fn is_adopted(plan: &Plan, step: &Step, state: Option<&State>) -> bool {
    let site = &plan.site(step.site).name;
    let known = state.and_then(|state| state.called(&step.name, site));
    known.is_some_and(|known| known.how == How::Adopted)
}

/// The same for programs: what is there is not known, as no site was asked.
pub fn rows(plan: &Plan, state: Option<&State>) -> Vec<Row> {
    let row = |step: &Step| {
        Some(Row {
            site: plan.site(step.site).name.clone(),
            kind: step.action.resource_type().map_or("", short_type).to_string(),
            name: step.name.clone(),
            what: what_of(plan, step, state)?,
            why: step_line(plan, step, state).why.trim_end().to_string(),
            differences: Vec::new(),
            is_outside: false,
            line: if matches!(step.action, Action::Delete { .. }) { 0 } else { step.origin.line },
            key: step.key.clone(),
        })
    };
    plan.steps.iter().filter_map(row).chain(debts_of(plan, state)).collect()
}

/// What is owed, as far as that is known without a look: what is usually taken is wanted.
fn debts_of(plan: &Plan, state: Option<&State>) -> Vec<Row> {
    let Some(state) = state else { return Vec::new() };
    let usual = cuts::cut(plan, SiteId(u32::MAX));
    let not_tried =
        plan.steps.iter().filter(|step| usual.outcomes[step.id.index()] == cuts::Outcome::NotTried);
    debts::rows(plan, state, &not_tried.map(|step| step.key.as_str()).collect())
}

fn step_line(plan: &Plan, step: &Step, state: Option<&State>) -> Line {
    let mut why = match &step.action {
        Action::Delete { .. } if is_adopted(plan, step, state) => {
            format!("{}; adopted before, so it stays at the site", why_gone(&step.action))
        }
        _ => details(plan, step),
    };
    // Of a family, each member has a choice of its own, and all are called alike.
    let mut told = HashSet::new();
    let arms: Vec<String> = step
        .when
        .iter()
        .map(|guard| plan.choices[guard.choice.index()].arms[guard.arm as usize].label.as_str())
        .filter(|label| told.insert(*label))
        .map(|label| format!("if `{label}` is tried"))
        .collect();
    if !arms.is_empty() {
        let _ = write!(why, "   ({})", arms.join(", or "));
    }
    Line {
        sign: what_of(plan, step, state).map_or(" ", What::sign),
        kind: step.action.resource_type().map_or("", short_type).to_string(),
        name: short_name(&step.name).to_string(),
        why,
    }
}

pub fn details(plan: &Plan, step: &Step) -> String {
    match &step.action {
        Action::Ensure { attributes, .. } => attributes
            .iter()
            .filter(|(name, _)| name != "name")
            .filter_map(|(name, value)| {
                let of = plan.resource_type_of(step).and_then(|(_, of)| of.attribute(name));
                Some(format!("{name} {}", value_text(plan, of, value)?))
            })
            .take(4)
            .collect::<Vec<_>>()
            .join(", "),
        Action::Bring { sources, .. } => {
            let sites: Vec<&str> = sources
                .iter()
                .map(|source| plan.sites[plan.steps[source.index()].site.index()].name.as_str())
                .collect();
            format!("borrowed from {}      {}", sites.join(" or "), needed_by(plan, step.id))
        }
        Action::Lookup { .. } => {
            format!("read only      {}", needed_by(plan, step.id)).trim_end().to_string()
        }
        Action::Call { operation, prints, .. } => {
            if *prints {
                format!("{operation}, printed")
            } else {
                operation.clone()
            }
        }
        Action::Delete { keep: true, .. } => {
            format!("{}; left at the site, and forgotten", why_gone(&step.action))
        }
        Action::Delete { unless, .. } => why_deleted(plan, &step.action, unless),
        Action::Protect { users, .. } if users.is_empty() => {
            "is let go by what no longer relies upon it".into()
        }
        Action::Protect { users, .. } => {
            let users: Vec<String> =
                users.iter().map(|(name, site)| format!("{} at {site}", short_name(name))).collect();
            format!("guarded from deletion for {}", users.join(", "))
        }
        Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => String::new(),
    }
}

/// Why something is deleted, unless it is made there after all: nobody asks for it, or its alternative was left.
fn why_deleted(plan: &Plan, deletion: &Action, unless: &[StepId]) -> String {
    let guards = unless.iter().flat_map(|step| &plan.step(*step).when);
    let chosen = guards.filter_map(|guard| {
        let choice = plan.choice(guard.choice);
        let arm = choice.recorded.filter(|arm| *arm != guard.arm)?;
        choice.arms.get(arm as usize)
    });
    match chosen.map(|arm| &arm.label).next() {
        Some(label) => format!("`{label}` was chosen instead"),
        None => why_gone(deletion).into(),
    }
}

/// Why nothing of the program is where something is deleted.
pub fn why_gone(deletion: &Action) -> &'static str {
    match deletion {
        Action::Delete { is_elsewhere: true, .. } => "the program has it elsewhere",
        _ => "no longer in the program",
    }
}

/// A text of several lines as it stands in one.
fn in_a_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() {
            true => line.extend(letter.escape_default()),
            false => line.push(letter),
        }
    }
    line
}

/// A value of an attribute, where it is short.
fn value_text(plan: &Plan, of: Option<&Attribute>, value: &Expr) -> Option<String> {
    if let (Some(attribute), Expr::Value(known)) = (of, value)
        && let Some(quantity) = attribute.quantity(known)
    {
        return Some(quantity);
    }
    Some(match value {
        Expr::Value(serde_json::Value::String(text)) if text.len() <= 40 => in_a_line(text),
        Expr::Value(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => value.to_string(),
        Expr::File(file) => format!("{} from {}", bytes(file.size), file.path),
        Expr::Step { step, path } if path.is_empty() => {
            short_name(&plan.steps[step.index()].name).to_string()
        }
        Expr::Secret(_) => "(secret)".into(),
        _ => return None,
    })
}

pub fn needed_by(plan: &Plan, step: StepId) -> String {
    let mut of = step;
    let user = loop {
        let user = plan.edges.iter().find(|edge| edge.from == of).map(|edge| &plan.steps[edge.to.index()]);
        match user {
            // It is looked up for whom it is guarded.
            Some(guard) if matches!(guard.action, Action::Protect { .. }) => of = guard.id,
            _ => break user,
        }
    };
    match user {
        Some(user) => format!("for {} (line {})", short_name(&user.name), user.origin.line),
        None => String::new(),
    }
}

/// The greatest number of steps at one depth: how many may be under way at once.
fn widest(plan: &Plan) -> usize {
    let depth = scope_plan::graph::levels(plan, |_| true);
    let mut at_depth: BTreeMap<u32, usize> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| touches_site(step)) {
        *at_depth.entry(depth[step.id.index()]).or_default() += 1;
    }
    at_depth.values().copied().max().unwrap_or(0)
}

fn expected_time(plan: &Plan) -> String {
    let longest = estimate::plan_ms(plan);
    if longest == 0 { String::new() } else { format!("about {}", seconds(longest)) }
}

/// Which secret goes to which sites, by name only.
fn secrets(plan: &Plan) -> Vec<String> {
    let mut found: BTreeMap<String, BTreeSet<SiteId>> = BTreeMap::new();
    let mut note = |source: &SecretSource, site: SiteId| {
        found.entry(secret_name(source)).or_default().insert(site);
    };
    for (index, site) in plan.sites.iter().enumerate() {
        for setting in site.settings.values().flat_map(|settings| settings.values()) {
            setting.secrets_used().into_iter().for_each(|source| note(source, SiteId(index as u32)));
        }
    }
    for step in &plan.steps {
        for (_, input) in step.action.inputs() {
            input.secrets_used().into_iter().for_each(|source| note(source, step.site));
        }
    }
    let told = found.into_iter().map(|(secret, sites)| {
        let sites: Vec<&str> = sites.into_iter().map(|site| plan.site(site).name.as_str()).collect();
        format!("{secret} -> {}", fleet::listed(&sites))
    });
    told.collect()
}

/// A secret's source as people name it.
pub fn secret_name(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => name.clone(),
        SecretSource::File(path) | SecretSource::Kept { file: path, .. } => path.clone(),
        SecretSource::Command(words) => format!("`{}`", words.first().map_or("", String::as_str)),
        SecretSource::Config { file, keys } => format!("{file} ({})", keys.join(".")),
    }
}

/// In one line: the first few, and how many more there are; `scope plan --cuts` tells each.
fn first_of(mut sentences: Vec<String>, all: bool) -> String {
    let n_more = sentences.len().saturating_sub(MOST_SENTENCES);
    // Naming one more takes no more room than to say that there is one.
    if n_more > 1 && !all {
        sentences.truncate(MOST_SENTENCES);
        sentences.push(format!("and {n_more} more (`--cuts`)"));
    }
    sentences.join("; ")
}

/// What waits and what fails when one site cannot be reached that the run does not leave out.
fn if_cut(cuts: &Cuts<'_>, left_out: &BTreeSet<SiteId>, all: bool) -> Vec<String> {
    let mut told = Vec::new();
    let plan = cuts.plan();
    let not_asked = cuts::left_out(plan, left_out);
    for (index, site) in plan.sites.iter().enumerate() {
        let id = SiteId(index as u32);
        if left_out.contains(&id) {
            continue;
        }
        let mut cut = cuts.cut(id);
        cut.reached.retain(|step| !not_asked.contains(step));
        let summary = cuts.summary(&cut);
        if !summary.is_empty() {
            told.push((site.name.as_str(), vec![vec![first_of(summary, all)]]));
        }
    }
    let line = |sites: &str, what: &str| format!("if cut:  {sites}: {what}");
    if all {
        return told.iter().map(|(site, rows)| line(site, &rows[0][0])).collect();
    }
    let groups = fleet::fold(told);
    let told = groups.iter().map(|group| {
        let one = if group.sites.len() > 1 { "one of " } else { "" };
        line(&format!("{one}{}", fleet::listed(&group.sites)), &group.rows[0][0])
    });
    told.collect()
}
