//! Events as lines of a step's log, for `scope logs`.
//!
//! `StepRetrying(vm, 1, "no answer")` → `again  no answer (try 1, next in 0.5 s)`. Progress is not kept: it is for who
//! watches.

use std::collections::BTreeMap;

use scope_plan::plan::{Action, Plan, StepId};

use crate::events::{Effect, Failure, RunEvent, RunEventKind, SkipReason};
use crate::runner::LeftAlone;
use crate::state::Told;

/// The line of an event in a run of which these sites are held; nothing for what is about no step, or is not kept.
pub(crate) fn told(plan: &Plan, held: &BTreeMap<String, LeftAlone>, event: &RunEvent) -> Option<Told> {
    // A gate is no work: what it holds back is counted itself. Nor is it one to gather what others made, or to choose.
    let failed = |step: StepId| match plan.step(step).action {
        Action::Gate { .. } => "closed",
        _ => "failed",
    };
    let (step, word, words) = match &event.kind {
        RunEventKind::StepStarted { step, attempt } => (Some(*step), "started", format!("try {attempt}")),
        RunEventKind::StepRetrying { step, attempt, after_ms, words } => {
            let next = format!("(try {attempt}, next in {:.1} s)", *after_ms as f64 / 1000.0);
            (Some(*step), "again", format!("{words} {next}"))
        }
        RunEventKind::StepParked { step, words, .. } => (Some(*step), "parked", words.clone()),
        RunEventKind::StepDone { step, effect, detail, .. } => {
            let detail = detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            (Some(*step), done_word(effect), format!("{}{detail}", effect_words(effect)))
        }
        RunEventKind::StepFailed { step, failure, .. } => {
            (Some(*step), failed(*step), failure_words(failure))
        }
        RunEventKind::StepSkipped { step, because } => {
            let site = &plan.site(plan.step(*step).site).name;
            let held = held.get(site).map(|held| held.why.as_str());
            (Some(*step), "skipped", skip_words(plan, held, *because)?)
        }
        RunEventKind::UndoDone { step, words } => (*step, "undone", words.clone()),
        RunEventKind::UndoOwed { step, words } => (*step, "owed", words.clone()),
        RunEventKind::OutputFailed { output, failure } => {
            let told = line(plan, event.at_ms, None, "failed", failure_words(failure));
            return Some(Told { name: output.clone(), ..told });
        }
        RunEventKind::RunStarted { .. }
        | RunEventKind::StepProgress { .. }
        | RunEventKind::ChoiceTried { .. }
        | RunEventKind::ChoiceMade { .. }
        | RunEventKind::RunEnded { .. } => return None,
    };
    Some(line(plan, event.at_ms, step, word, words))
}

/// The line of a step that only alternatives have that were given up.
pub(crate) fn given_up(plan: &Plan, at_ms: u64, step: StepId) -> Told {
    line(plan, at_ms, Some(step), "left", "its alternative was given up".to_owned())
}

fn line(plan: &Plan, at_ms: u64, step: Option<StepId>, word: &str, words: String) -> Told {
    let step = step.map(|step| plan.step(step));
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Told {
        at_ms,
        key: text(step.map(|step| step.key.as_str())),
        name: text(step.map(|step| step.name.as_str())),
        site: text(step.map(|step| plan.site(step.site).name.as_str())),
        word: word.to_owned(),
        words,
    }
}

fn done_word(effect: &Effect) -> &'static str {
    match effect {
        Effect::Opened => "opened",
        Effect::Gathered => "gathered",
        Effect::Chosen { .. } => "chosen",
        _ => "done",
    }
}

pub(crate) fn effect_words(effect: &Effect) -> String {
    match effect {
        Effect::Created => "created".to_owned(),
        Effect::Adopted => "adopted".to_owned(),
        Effect::Updated { attributes } => format!("updated {}", attributes.join(", ")),
        Effect::Replaced => "replaced".to_owned(),
        Effect::Unchanged => "unchanged".to_owned(),
        Effect::Found => "found".to_owned(),
        Effect::Borrowed { from, .. } => format!("borrowed from {from}"),
        Effect::Called => "called".to_owned(),
        // What it printed may be long, and is not repeated.
        Effect::Printed { .. } => "printed".to_owned(),
        Effect::Deleted => "deleted".to_owned(),
        Effect::Released => "released".to_owned(),
        Effect::Protected => "guarded".to_owned(),
        Effect::LetGo => "let go".to_owned(),
        Effect::Chosen { label, .. } => format!("chosen {label}"),
        Effect::Gathered => "gathered".to_owned(),
        Effect::Opened => "the next wave begins".to_owned(),
        Effect::Planned { .. } => "planned".to_owned(),
    }
}

fn failure_words(failure: &Failure) -> String {
    let mut words = format!("{}: {}", failure.code, failure.message);
    if let Some(request) = &failure.request {
        words += &format!("; {request}");
    }
    if let Some(status) = failure.status {
        words += &format!(" answered {status}");
    }
    if let Some(site_words) = &failure.site_words {
        words += &format!(": {site_words}");
    }
    words
}

fn skip_words(plan: &Plan, held: Option<&str>, because: SkipReason) -> Option<String> {
    let name = |step: StepId| &plan.step(step).name;
    match because {
        // Nothing happened, and nothing should have.
        SkipReason::NotChosen => None,
        SkipReason::Dependency { step, .. } => Some(format!("needs {}", name(step))),
        SkipReason::Unreachable => {
            Some(format!("its site is {}, and the rest goes on without it", held.unwrap_or("not reachable")))
        }
        SkipReason::LeftOut => Some("its site is left alone, and the run is as wished without it".to_owned()),
        SkipReason::Interrupted => Some("interrupted".to_owned()),
    }
}
