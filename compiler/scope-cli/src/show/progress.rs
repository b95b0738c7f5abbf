//! Live progress: a bar for each site on a terminal, a plain line for each step elsewhere, JSON lines where asked.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use scope_plan::plan::{Plan, Step, StepId};
use scope_runtime::events::{Effect, Progress, RunEvent, RunEventKind};

use super::plan::touches_site;
use super::{bytes, seconds, short_name, short_type};
use crate::args::Events;
use crate::output::{Output, line, note};

/// Shows a run's events.
pub struct Shower<'a> {
    plan: &'a Plan,
    form: Form,
    is_verbose: bool,
}

enum Form {
    /// JSON lines.
    Json,
    /// A line for each step that ends.
    Plain,
    /// A bar for each site.
    Live { bars: Vec<ProgressBar>, _all: MultiProgress },
}

impl<'a> Shower<'a> {
    /// For a plan; the form follows from the arguments and the terminal.
    pub fn new(plan: &'a Plan, events: Events, output: Output, is_verbose: bool) -> Shower<'a> {
        let form = match events {
            Events::Json => Form::Json,
            Events::Text if output.is_live => live(plan),
            Events::Text => Form::Plain,
        };
        Shower { plan, form, is_verbose }
    }

    /// Shows one event.
    pub fn show(&mut self, event: &RunEvent) {
        if let Form::Json = self.form {
            line(&event.to_json_line());
            return;
        }
        match &event.kind {
            RunEventKind::StepStarted { step, .. } => self.status(*step, ""),
            RunEventKind::StepProgress { step, progress } => match progress {
                Progress::Bytes { done, total } => {
                    let text = match total {
                        Some(total) => format!("{} of {}", bytes(*done), bytes(*total)),
                        None => bytes(*done),
                    };
                    self.status(*step, &text);
                }
                Progress::Status(text) => self.status(*step, text),
            },
            RunEventKind::StepRetrying { step, attempt, after_ms, words } => {
                self.say(*step, "again", &format!("{words} (try {attempt}, next in {})", seconds(*after_ms)));
            }
            RunEventKind::StepDone { step, effect, millis, detail } => {
                self.done(*step, effect, *millis, detail.as_deref());
            }
            RunEventKind::StepParked { step, words } => {
                self.say(*step, "parked", words);
                self.advance(*step);
            }
            RunEventKind::StepFailed { step, failure, .. } => {
                // Left of a `|` it may be given up for the next alternative: the report says whether it mattered.
                let word = if self.has_alternative(*step) { "tried" } else { "failed" };
                self.say(*step, word, &format!("{}: {}", failure.code, failure.message));
                self.advance(*step);
            }
            RunEventKind::StepSkipped { step, .. } => self.advance(*step),
            RunEventKind::ChoiceMade { choice, label, arm } => {
                if *arm > 0 {
                    let what = self.plan.choices[choice.index()].label.replace('`', "");
                    self.print(&format!("  chosen  {what}: {label}"));
                }
            }
            RunEventKind::UndoDone { step, words } => self.undo(*step, "undone", words),
            RunEventKind::UndoOwed { step, words } => self.undo(*step, "owed", words),
            RunEventKind::ChoiceTried { .. } | RunEventKind::RunStarted { .. } => {}
            RunEventKind::RunEnded { .. } => self.finish(),
        }
    }

    /// Whether another alternative comes after every one that the step is in.
    fn has_alternative(&self, step: StepId) -> bool {
        let when = &self.step(step).when;
        !when.is_empty()
            && when.iter().all(|guard| (guard.arm as usize + 1) < self.plan.choice(guard.choice).arms.len())
    }

    fn step(&self, step: StepId) -> &'a Step {
        &self.plan.steps[step.index()]
    }

    fn done(&mut self, id: StepId, effect: &Effect, millis: u64, detail: Option<&str>) {
        let step = self.step(id);
        if !touches_site(step) {
            return;
        }
        self.advance(id);
        let word = effect_word(effect);
        if matches!(effect, Effect::Found | Effect::Unchanged) && !self.is_verbose {
            return;
        }
        if let Effect::Printed { .. } = effect {
            return;
        }
        let detail = detail.map(|detail| format!("   {detail}")).unwrap_or_default();
        self.say(id, "done", &format!("{word:<9} {:>7}{detail}", seconds(millis)));
    }

    fn say(&self, id: StepId, word: &str, text: &str) {
        self.print(&step_line(self.plan, self.step(id), word, text));
    }

    /// An undo, of a step of this run or of one before.
    fn undo(&self, id: Option<StepId>, word: &str, words: &str) {
        match id {
            Some(id) => self.say(id, word, words),
            None => self.print(&format!("  {word:<7} {words}")),
        }
    }

    fn print(&self, text: &str) {
        match &self.form {
            Form::Live { _all, .. } => {
                let _ = _all.println(text);
            }
            Form::Plain => note(text),
            Form::Json => {}
        }
    }

    fn status(&self, id: StepId, text: &str) {
        let Form::Live { bars, .. } = &self.form else { return };
        let step = self.step(id);
        if !touches_site(step) {
            return;
        }
        let kind = step.action.resource_type().map_or("", short_type);
        bars[step.site.index()].set_message(format!("{kind} {} {text}", short_name(&step.name)));
    }

    fn advance(&self, id: StepId) {
        let Form::Live { bars, .. } = &self.form else { return };
        let step = self.step(id);
        if touches_site(step) {
            let bar = &bars[step.site.index()];
            bar.inc(1);
            if bar.position() == bar.length().unwrap_or(0) {
                bar.set_message("done");
            }
        }
    }

    fn finish(&self) {
        let Form::Live { bars, .. } = &self.form else { return };
        for bar in bars {
            bar.finish_and_clear();
        }
    }
}

fn live(plan: &Plan) -> Form {
    let all = MultiProgress::new();
    let width = plan.sites.iter().map(|site| site.name.chars().count()).max().unwrap_or(0);
    let style = ProgressStyle::with_template("{prefix} [{bar:10}] {pos}/{len}  {msg}")
        .expect("the template is constant")
        .progress_chars("##-");
    let bars = plan
        .sites
        .iter()
        .enumerate()
        .map(|(index, site)| {
            let count =
                plan.steps.iter().filter(|step| step.site.index() == index && touches_site(step)).count();
            let bar = all.add(ProgressBar::new(count as u64)).with_style(style.clone());
            bar.set_prefix(format!("{:<width$}", site.name));
            bar.tick();
            bar
        })
        .collect();
    Form::Live { bars, _all: all }
}

/// `  done  CloudOne  image   base   created …`
pub fn step_line(plan: &Plan, step: &Step, word: &str, text: &str) -> String {
    let width = plan.sites.iter().map(|site| site.name.chars().count()).max().unwrap_or(0);
    let kind = step.action.resource_type().map_or("", short_type);
    let site = &plan.sites[step.site.index()].name;
    format!("  {word:<7} {site:<width$}  {kind:<10} {:<16} {text}", short_name(&step.name))
        .trim_end()
        .to_string()
}

/// The word for what a step did.
pub fn effect_word(effect: &Effect) -> &'static str {
    match effect {
        Effect::Created => "created",
        Effect::Adopted => "adopted",
        Effect::Updated { .. } => "updated",
        Effect::Replaced => "replaced",
        Effect::Unchanged => "unchanged",
        Effect::Found => "found",
        Effect::Borrowed { .. } => "borrowed",
        Effect::Called => "called",
        Effect::Printed { .. } => "printed",
        Effect::Deleted => "deleted",
        Effect::Chosen { .. } => "chosen",
        Effect::Gathered => "gathered",
        Effect::Planned { .. } => "planned",
    }
}
