//! `scope state rebuild FILE`: a lost state made anew from the marks at the sites. Changes nothing there.
//!
//! 1. Everything of the program is looked for: whose marks do its resources bear? One deployment is it; of several, one is
//!    named.
//! 2. What bears that deployment's marks is recorded, alternative by alternative; what cannot be asked is unknown,
//!    and recorded as perhaps made; what must not be repeated, as perhaps done.

use std::collections::{BTreeMap, BTreeSet};

use scope_diagnostics::codes;
use scope_plan::driver::Repeat;
use scope_plan::plan::{Action, Arm, Plan, Step, StepId};
use scope_plan::recorded::How;
use scope_plan::renaming;
use scope_runtime::events::{Effect, Failure, SkipReason};
use scope_runtime::report::{Report, StepStatus};
use scope_runtime::runner::Known;
use scope_runtime::shell;
use scope_runtime::state::{Holder, Sent, State, StateStore};
use serde::Serialize;
use serde_json::json;

use super::survey::{NotAsked, seek};
use super::{DIFFERENT, OK, WRONG, answers, asked, now_ms, place};
use crate::args::Rebuild;
use crate::output::{Output, document, line, note, say_error, say_help};
use crate::show::{plural, said, short_name, short_type};

pub fn run(command: &Rebuild, output: Output) -> u8 {
    match rebuilt(command, output) {
        Ok(code) | Err(code) => code,
    }
}

fn rebuilt(command: &Rebuild, output: Output) -> Result<u8, u8> {
    let file = &command.program.file;
    if command.program.simulate {
        say_error(codes::E0980, "a simulation leaves no state behind");
        return Err(WRONG);
    }
    let kept = place::of_program(file, command.kept.state.as_deref())?;
    let holder = Holder::current(&format!("scope state rebuild {file}"), now_ms());
    let mut store = StateStore::open_at(&kept, &holder).map_err(|error| place::refused(&error))?;
    let before = store.state().clone();
    let compilation = super::compile(&command.program, Default::default(), output)?;
    let plan = super::plan_of(&compilation);
    // One that was rebuilt, and not run yet, is completed. What has no room for a mark says nothing of whose the rest is.
    let has_mark = |ty: &str| plan.resource_type(ty).is_none_or(|(_, ty)| ty.mark.is_some());
    let mut known = before.resources.values().flat_map(|sites| sites.values());
    let is_ours = known.any(|known| known.how != How::Adopted && has_mark(&known.resource_type));
    let is_another =
        command.deployment.as_ref().is_some_and(|deployment| is_ours && *deployment != before.deployment);
    if before.last_run > 0 || is_another {
        say_error(
            codes::E0933,
            &format!(
                "there is a state already: {}, run {}, deployment {}",
                plural(before.resources.len(), "resource"),
                before.last_run,
                before.deployment
            ),
        );
        say_help(&format!("to rebuild it all the same, move `{}` away first", kept.text()));
        return Err(WRONG);
    }
    let started = asked::of_program(&command.program, plan);
    let state = command.kept.state.as_deref();
    let sites = compilation.program.sites.iter().map(|site| site.name.as_str()).collect();
    let say = |command: &str| said::with_what_was_said(command, &started, state);
    let hints = Hints { file, state, sites, say: &say };
    let answers = answers::by_key(&command.answer, asked_about(plan)).map_err(|message| {
        say_error(codes::E0922, &message);
        WRONG
    })?;
    let search = |state: &State| {
        by_alternatives(plan, state, &answers, |plan, state, answers| {
            seek(plan, state, answers, &compilation.sources, output).map_err(|not| match not {
                NotAsked::Refused(code) => code,
                NotAsked::Secrets(why) => {
                    note(&format!("no site was asked: {}", why.join("; ")));
                    WRONG
                }
            })
        })
    };
    let deployment = match &command.deployment {
        Some(deployment) => deployment.clone(),
        None if is_ours => before.deployment.clone(),
        // Nobody's: whatever bears a mark is somebody else's then, and is told.
        None => {
            let (rounds, nothing) = search(&State { deployment: String::new(), ..before.clone() })?;
            match one_of(&deployments(plan, &rounds)) {
                Ok(deployment) => deployment,
                Err(Whose::Nobodys) => {
                    let rows = rows(&hints, plan, &rounds, &nothing);
                    // What is asked about needs no mark, and is not to be sent unasked.
                    let mut state = State { calls: nothing.calls, sent: nothing.sent, ..before };
                    state.sent.retain(|_, sent| sent.asks);
                    store.replace(of_no_run(state)).map_err(|error| place::refused(&error))?;
                    return Ok(nobodys(&hints, &rows, &former_sites(&hints, plan, &rounds, "")));
                }
                Err(Whose::Several(ids)) => return Err(of_several(&ids)),
            }
        }
    };
    let (rounds, state) = search(&State { deployment, ..before })?;
    let former = former_sites(&hints, plan, &rounds, &state.deployment);
    let mut rows = rows(&hints, plan, &rounds, &state);
    let state = of_no_run(with_choices(plan, state, &rows));
    tell_alternatives(plan, &state, &mut rows);
    store.replace(state.clone()).map_err(|error| place::refused(&error))?;
    print(&hints, &state, &rows);
    tell_former(&hints, &former);
    let is_open = rows.iter().any(|row| matches!(row.what, What::Unknown | What::Asked));
    Ok(if is_open || !former.is_empty() { DIFFERENT } else { OK })
}

/// What to type next, with what was said of the program.
struct Hints<'h> {
    file: &'h str,
    /// Where its state is, if that was said.
    state: Option<&'h str>,
    /// The names of its sites.
    sites: BTreeSet<&'h str>,
    say: &'h dyn Fn(&str) -> String,
}

impl Hints<'_> {
    /// `scope import lab.scope lane paris ID --set pg=3`
    /// Of what has no room for a mark only that makes it the program's again, to be deleted with it.
    fn import(&self, name: &str, site: &str, id: &str, has_mark: bool) -> String {
        let ours = if has_mark { "" } else { " --ours" };
        let words = [self.file, name, site, id].map(shell::word).join(" ");
        (self.say)(&format!("scope import {words}")) + ours
    }

    /// The same of a command about the program alone, such as `scope plan`.
    fn command(&self, command: &str) -> String {
        (self.say)(&format!("{command} {}", shell::word(self.file)))
    }
}

/// No run recorded it.
fn of_no_run(mut state: State) -> State {
    state.resources.values_mut().flat_map(|sites| sites.values_mut()).for_each(|resource| resource.run = 0);
    state.calls.values_mut().for_each(|call| call.run = 0);
    state.sent.values_mut().for_each(|sent| sent.run = 0);
    state
}

/// The operations of which only a person may know whether they were done.
fn asked_about(plan: &Plan) -> impl Iterator<Item = answers::Step<'_>> + Clone {
    let is_asked = |step: &&Step| match step.action {
        Action::Call { once, .. } => once && matches!(step.repeat, Repeat::None | Repeat::Mark),
        Action::Ensure { .. } => step.repeat == Repeat::None,
        _ => false,
    };
    let steps = plan.steps.iter().filter(is_asked);
    steps.map(|step| (step.key.as_str(), step.name.as_str(), plan.site(step.site).name.as_str()))
}

/// Looks for all of it, every alternative of each `|` once; what was found in one round is known in the next.
fn by_alternatives(
    plan: &Plan,
    state: &State,
    answers: &BTreeMap<String, Known>,
    seek: impl Fn(&Plan, &State, &BTreeMap<String, Known>) -> Result<(Report, State), u8>,
) -> Result<(Vec<Report>, State), u8> {
    let n_rounds = plan.choices.iter().map(|choice| choice.arms.len()).max().unwrap_or(1);
    let mut known = state.clone();
    let mut rounds = Vec::new();
    for round in 0..n_rounds {
        let mut plan = plan.clone();
        for choice in &mut plan.choices {
            choice.recorded = Some(round.min(choice.arms.len() - 1) as u32);
        }
        let (report, found) = seek(&plan, &known, answers)?;
        known.resources = found.resources;
        known.calls = found.calls;
        known.sent = found.sent;
        rounds.push(report);
    }
    Ok((rounds, known))
}

/// A mark that was found on what is like something of this program.
struct Mark<'m> {
    deployment: &'m str,
    name: &'m str,
    site: &'m str,
}

impl Mark<'_> {
    /// Those on what was found instead of what a step names.
    fn all(failure: &Failure) -> impl Iterator<Item = Mark<'_>> {
        failure.candidates.iter().filter_map(|candidate| {
            let (deployment, place) = candidate.mark.as_deref()?.strip_prefix("scope:")?.split_once('/')?;
            let (name, site) = place.rsplit_once('@')?;
            Some(Mark { deployment, name, site })
        })
    }

    /// Whether it is that of a step, by its name or one that it had.
    fn is_of(&self, plan: &Plan, step: &Step, site: &str) -> bool {
        let former = plan.former_names.get(&step.name).map_or(&[][..], Vec::as_slice);
        let is_it = |name: &str| name == step.name || former.iter().any(|former| former.is(name));
        self.site == site && is_it(self.name)
    }

    /// The same of the site's former name, which may be the key of a family.
    fn is_of_former_site(&self, hints: &Hints<'_>, plan: &Plan, step: &Step) -> bool {
        let key = |site: &str| format!("[\"{site}\"]");
        let name = self.name.replace(&key(self.site), &key(&plan.site(step.site).name));
        !hints.sites.contains(self.site) && Mark { name: &name, ..*self }.is_of(plan, step, self.site)
    }
}

/// Each step that found something else, and what.
fn refusals<'r>(plan: &'r Plan, rounds: &'r [Report]) -> impl Iterator<Item = (&'r Step, &'r Failure)> {
    let ends = rounds.iter().flat_map(|report| plan.steps.iter().zip(&report.steps));
    ends.filter_map(|(step, ended)| match &ended.status {
        StepStatus::Failed { failure } => Some((step, &**failure)),
        _ => None,
    })
}

/// The deployments whose marks were found on what this program names, and on how many resources.
fn deployments(plan: &Plan, rounds: &[Report]) -> BTreeMap<String, usize> {
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (step, failure) in refusals(plan, rounds) {
        let site = plan.site(step.site).name.as_str();
        for mark in Mark::all(failure).filter(|mark| mark.is_of(plan, step, site)) {
            found.entry(mark.deployment.to_owned()).or_default().insert(&step.key);
        }
    }
    found.into_iter().map(|(id, keys)| (id, keys.len())).collect()
}

/// Names of sites that the program does not have, in marks of a deployment (or of any) on what is at its sites; and the names of those.
fn former_sites(
    hints: &Hints<'_>,
    plan: &Plan,
    rounds: &[Report],
    deployment: &str,
) -> BTreeSet<(String, String)> {
    let of_step = |(step, failure)| Some((former_site(hints, plan, step, failure, deployment)?, step.site));
    let found = refusals(plan, rounds).filter_map(of_step);
    found.map(|(former, site)| (former.to_owned(), plan.site(site).name.clone())).collect()
}

/// What the site of a step was called when what is there was made, as its mark tells.
fn former_site<'f>(
    hints: &Hints<'_>,
    plan: &Plan,
    step: &Step,
    failure: &'f Failure,
    deployment: &str,
) -> Option<&'f str> {
    let mut marks = Mark::all(failure).filter(|mark| deployment.is_empty() || mark.deployment == deployment);
    marks.find(|mark| mark.is_of_former_site(hints, plan, step)).map(|mark| mark.site)
}

/// What works where a site got another name before the state was lost: its marks have the former one.
fn tell_former(hints: &Hints<'_>, former: &BTreeSet<(String, String)>) {
    let state = hints.state.map(|state| format!(" --state {}", shell::word(state))).unwrap_or_default();
    for (former, now) in former {
        line(&format!(
            "if `{now}` is what was `{former}`: call it `{former}` once more, {}, call it `{now}` again, and `scope state rename-site {} {} --program {}{state}`",
            hints.command("scope state rebuild"),
            shell::word(former),
            shell::word(now),
            shell::word(hints.file),
        ));
    }
}

/// Why it is not known whose state is meant.
enum Whose {
    /// Nothing bears a mark.
    Nobodys,
    /// Of several deployments.
    Several(Vec<String>),
}

fn one_of(deployments: &BTreeMap<String, usize>) -> Result<String, Whose> {
    let mut ids = deployments.keys();
    match (ids.next(), ids.next()) {
        (Some(one), None) => Ok(one.clone()),
        (None, _) => Err(Whose::Nobodys),
        _ => Err(Whose::Several(
            deployments.iter().map(|(id, count)| format!("{id} ({})", plural(*count, "resource"))).collect(),
        )),
    }
}

/// No mark was seen: there is nothing to rebuild only where all could be asked.
fn nobodys(hints: &Hints<'_>, rows: &[Row], former: &BTreeSet<(String, String)>) -> u8 {
    document::tell(
        "scope-rebuild/1",
        json!({ "program": hints.file, "deployment": null, "resources": rows }),
    );
    let unknown: Vec<&Row> =
        rows.iter().filter(|row| matches!(row.what, What::Unknown | What::Asked)).collect();
    let is_unknown = unknown.iter().any(|row| row.what == What::Unknown);
    // What bears no mark is perhaps what the rest is made from.
    let is_told = is_unknown || !former.is_empty();
    let unmarked: Vec<&Row> = rows.iter().filter(|row| is_told && row.what == What::Unmarked).collect();
    lines(&[unmarked.as_slice(), &unknown].concat());
    if !former.is_empty() {
        line("nothing bears a mark with names of this program and its sites: nothing is rebuilt");
        tell_former(hints, former);
        return DIFFERENT;
    }
    line(match (unknown.is_empty(), is_unknown) {
        (true, _) => "nothing bears a mark with a name of this program: nothing to rebuild",
        (false, true) if !unmarked.is_empty() => {
            "nothing that could be asked bears a mark with a name of this program; the rest is unknown: import what is this program's, and rebuild again"
        }
        (false, true) => {
            "nothing that could be asked bears a mark with a name of this program; the rest is unknown: rebuild again when it answers"
        }
        (false, false) => {
            "nothing bears a mark with a name of this program: what is asked waits for its answer"
        }
    });
    line(&format!("what has no room for a mark: {}", hints.import("NAME", "SITE", "ID", false)));
    if unknown.is_empty() { OK } else { DIFFERENT }
}

fn of_several(ids: &[String]) -> u8 {
    say_error(
        codes::E0935,
        &format!("several deployments left marks with names of this program: {}", ids.join(", ")),
    );
    say_help("say which one with `--deployment ID`");
    WRONG
}

/// The choices, as what was found shows them: the alternative of which most is there; where nothing is, the first one that
/// may be there.
fn with_choices(plan: &Plan, mut state: State, rows: &[Row]) -> State {
    for choice in &plan.choices {
        let count = |arm: &Arm, what: What| {
            rows.iter().filter(|row| row.what == what && arm.members.contains(&row.step)).count()
        };
        let counts = choice.arms.iter().map(|arm| {
            let n_found = count(arm, What::Found);
            (n_found, n_found == 0 && count(arm, What::Unknown) > 0)
        });
        let best = counts.enumerate().max_by_key(|(arm, count)| (*count, std::cmp::Reverse(*arm)));
        if let Some((arm, _)) = best.filter(|(_, count)| *count > (0, false)) {
            state.choices.insert(choice.key.clone(), arm as u32);
            let sites = plan.sites_of_arm(choice.id, arm as u32).into_iter().map(str::to_owned).collect();
            state.chosen_sites.insert(choice.key.clone(), sites);
        }
    }
    state
}

/// What is only of alternatives that are not the recorded one is not made by the next run.
fn tell_alternatives(plan: &Plan, state: &State, rows: &mut [Row]) {
    for row in rows.iter_mut().filter(|row| row.what == What::Missing) {
        let is_left = plan.choices.iter().any(|choice| {
            let Some(recorded) = state.choices.get(&choice.key) else { return false };
            let is_in = |(_, arm): &(usize, &Arm)| arm.members.contains(&row.step);
            let mut arms = choice.arms.iter().enumerate().filter(is_in).peekable();
            arms.peek().is_some() && arms.all(|(arm, _)| arm as u32 != *recorded)
        });
        if is_left {
            row.why = "not there, where another alternative is recorded".to_string();
        }
    }
}

/// One thing that was looked for.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(skip)]
    step: StepId,
    site: String,
    kind: String,
    name: String,
    what: What,
    why: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// It bears the mark, and is recorded.
    Found,
    /// It is not there, or not with the mark: the next run makes it.
    Missing,
    /// It is there without the mark.
    Unmarked,
    /// Whether it was done, only a person knows.
    Asked,
    /// Its site could not be asked.
    Unknown,
}

fn rows(hints: &Hints<'_>, plan: &Plan, rounds: &[Report], state: &State) -> Vec<Row> {
    let mut rows = Vec::new();
    for step in &plan.steps {
        let site = &plan.site(step.site).name;
        let ends = rounds.iter().map(|report| &report.step(step.id).status);
        let failure = ends.clone().find_map(|status| match status {
            StepStatus::Failed { failure } => Some(failure),
            _ => None,
        });
        let parked = ends.clone().find_map(|status| match status {
            StepStatus::Parked { words } => Some(words.clone()),
            _ => None,
        });
        let is_done = ends.clone().any(|status| matches!(status, StepStatus::Done { .. }));
        let recorded = match step.action {
            Action::Bring { .. } => state.called(&step.name, site),
            _ => state.resource(&step.name, site),
        };
        let asked = state.sent.get(&step.key).filter(|sent| sent.asks);
        let (what, why) = match (&step.action, recorded, failure) {
            (Action::Ensure { .. } | Action::Call { .. }, None, _) if asked.is_some() => {
                (What::Asked, asked.map(how_to_answer).unwrap_or_default())
            }
            (Action::Ensure { .. } | Action::Bring { .. }, Some(resource), _) => {
                let seen = rounds.iter().filter_map(|report| report.step(step.id).seen.as_ref());
                let seconds: BTreeSet<&str> =
                    seen.flat_map(|seen| &seen.seconds).map(String::as_str).collect();
                let how = match resource.how {
                    How::Adopted => "adopted",
                    _ if has_mark(plan, step) => "bears the mark",
                    _ => "this program's, as it was imported",
                };
                let mut why = format!("{how}, id {}", resource.identity);
                for second in seconds {
                    why += &format!("; a second one bears it ({second}): the next run deletes it");
                }
                (What::Found, why)
            }
            (Action::Ensure { .. } | Action::Call { .. }, _, Some(failure)) if is_unmarked(failure) => {
                (What::Unmarked, unmarked(hints, plan, step, &state.deployment, failure))
            }
            (Action::Ensure { .. } | Action::Call { .. }, _, Some(failure)) => {
                let said = failure.site_words.iter().map(|words| format!(": {words}"));
                (What::Unknown, failure.message.clone() + &said.collect::<String>())
            }
            (Action::Ensure { .. } | Action::Call { .. }, _, None) if parked.is_some() => {
                (What::Unknown, parked.unwrap_or_default())
            }
            (Action::Ensure { .. }, None, None) if is_done => {
                (What::Missing, "not there: the next run makes it".into())
            }
            (Action::Ensure { .. }, None, None) => (What::Unknown, not_asked(plan, rounds, step.id)),
            // Ours or not, it is used; without room for a mark nobody can tell.
            (Action::Bring { sources, .. }, None, _)
                if is_found(&ends.clone().collect::<Vec<_>>()) && is_elsewhere(plan, step, sources) =>
            {
                (What::Unmarked, unmarked_copy(hints, plan, step, rounds))
            }
            _ => continue,
        };
        rows.push(Row {
            step: step.id,
            site: site.clone(),
            kind: step.action.resource_type().map_or("", short_type).to_string(),
            name: step.name.clone(),
            what,
            why,
        });
    }
    rows
}

fn is_found(ends: &[&StepStatus]) -> bool {
    ends.iter().any(|status| matches!(status, StepStatus::Done { effect: Effect::Found, .. }))
}

/// Whether what is brought is of other sites only.
fn is_elsewhere(plan: &Plan, step: &Step, sources: &[StepId]) -> bool {
    sources.iter().all(|source| plan.step(*source).site != step.site)
}

/// Why nothing was asked of it: what it is made from is not known.
fn not_asked(plan: &Plan, rounds: &[Report], step: StepId) -> String {
    let mut root = step;
    let needed = |step: StepId| {
        rounds.iter().find_map(|report| match report.step(step).status {
            StepStatus::Skipped { because: SkipReason::Dependency { step, .. } } => Some(step),
            _ => None,
        })
    };
    while let Some(next) = needed(root) {
        root = next;
    }
    let is_there = rounds.iter().any(
        |report| matches!(&report.step(root).status, StepStatus::Failed { failure } if is_unmarked(failure)),
    );
    let (name, site) = (&plan.step(root).name, &plan.site(plan.step(root).site).name);
    match is_there {
        true => format!("not asked: `{name}` at {site}, which it is made from, is to be imported first"),
        false => "what it is made from could not be asked".into(),
    }
}

/// Whether what a step makes has room for a mark.
fn has_mark(plan: &Plan, step: &Step) -> bool {
    plan.resource_type_of(step).is_none_or(|(_, ty)| ty.mark.is_some())
}

/// Whether something is there, and bears no mark of ours.
fn is_unmarked(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "E0907" | "E0901")
}

/// Whose it is nobody can tell but the one who asks, who may say so.
fn unmarked(hints: &Hints<'_>, plan: &Plan, step: &Step, deployment: &str, failure: &Failure) -> String {
    let site = plan.site(step.site).name.as_str();
    if let Some(former) = former_site(hints, plan, step, failure, deployment) {
        return format!("there with a mark of the site `{former}`, which the program does not have");
    }
    let import = |id: &str| hints.import(&step.name, site, id, has_mark(plan, step));
    let former = failure.candidates.iter().find_map(|one| {
        let text = one.mark.as_deref()?.strip_prefix("scope:")?.strip_prefix(deployment)?;
        Some((text.strip_prefix('/')?.strip_suffix(site)?.strip_suffix('@')?, &one.identity))
    });
    if let Some((former, id)) = former.filter(|_| !deployment.is_empty()) {
        return format!(
            "there with the mark of `{former}`; if it is this one by another name: {}; if not: {}",
            renaming::said(former, &step.name, plan.steps.iter().map(|step| step.name.as_str())),
            import(id)
        );
    }
    match failure.candidates.as_slice() {
        [one] => format!("there without a mark; if it is this program's: {}", import(&one.identity)),
        several => {
            let ids: Vec<&str> = several.iter().map(|one| one.identity.as_str()).collect();
            format!(
                "there without a mark: {}; the one that is this program's: {}",
                ids.join(", "),
                import("ID")
            )
        }
    }
}

/// A copy that bears no mark is used, whosever it is.
fn unmarked_copy(hints: &Hints<'_>, plan: &Plan, step: &Step, rounds: &[Report]) -> String {
    let identity = plan.resource_type_of(step).map(|(_, ty)| ty.identity.as_str());
    let outputs = rounds.iter().map(|report| &report.step(step.id).output);
    let known =
        identity.and_then(|identity| outputs.filter_map(|output| output.get(identity)?.as_str()).next());
    format!(
        "a copy without a mark: it is used, and stays there when it is not needed any more; if it is this program's: {}",
        hints.import(&step.name, &plan.site(step.site).name, known.unwrap_or("ID"), false)
    )
}

fn how_to_answer(sent: &Sent) -> String {
    let Sent { operation, name, site, .. } = sent;
    let place = shell::word(&sent.place());
    format!(
        "`{operation}` of `{name}` at `{site}` must not be repeated, and whether it was done nobody recorded: \
         `--answer {place}=done`, or `=failed` to have the next run do it"
    )
}

fn print(hints: &Hints<'_>, state: &State, rows: &[Row]) {
    document::tell(
        "scope-rebuild/1",
        json!({ "program": hints.file, "deployment": state.deployment, "resources": rows }),
    );
    lines(&rows.iter().collect::<Vec<_>>());
    let count = |what: What| rows.iter().filter(|row| row.what == what).count();
    line(&format!(
        "rebuilt: {} found, {} not there, {} without the mark, {} unknown, {} to be asked      deployment {}",
        count(What::Found),
        count(What::Missing),
        count(What::Unmarked),
        count(What::Unknown),
        count(What::Asked),
        state.deployment
    ));
    let again = || hints.command("scope state rebuild");
    let is_any = |what: What| rows.iter().any(|row| row.what == what);
    line(&match (is_any(What::Unknown), is_any(What::Unmarked)) {
        (true, true) => format!(
            "next: import what is this program's and bears no mark, then {} once more; what did not answer is unknown until it does",
            again()
        ),
        (true, false) => format!("next: {} once more when what is unknown answers", again()),
        (false, _) => format!("next: {}", hints.command("scope plan")),
    });
}

fn lines(rows: &[&Row]) {
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (sites, kinds) = (width(|row| &row.site), width(|row| &row.kind));
    let names = width(|row| short_name(&row.name));
    for row in rows {
        let sign = match row.what {
            What::Found => "=",
            What::Missing => "+",
            What::Unmarked => "x",
            What::Asked | What::Unknown => "?",
        };
        let (site, kind, name) = (&row.site, &row.kind, short_name(&row.name));
        line(&format!("  {sign} {site:<sites$}  {kind:<kinds$}  {name:<names$}  {}", row.why));
    }
}
