//! Live progress: a line for each site on a terminal ([`super::meter`]); elsewhere a plain line for each step, or of very
//! many steps what they come to ([`super::many`]); JSON lines where asked; and the page, if there is one.

use scope_plan::plan::{Action, Plan, Step, StepId};
use scope_runtime::events::{Effect, Progress, RunEvent, RunEventKind};
use scope_web::Page;

use super::live::Live;
use super::many::Many;
use super::plan::touches_site;
use super::{seconds, short_name, short_type};
use crate::args::Events;
use crate::output::{Output, always, note};

/// Shows a run's events.
pub struct Shower<'a> {
    plan: &'a Plan,
    columns: Columns,
    form: Form<'a>,
    is_verbose: bool,
    page: Option<&'static Page>,
}

enum Form<'a> {
    /// JSON lines.
    Json,
    /// A line for each step that ends.
    Plain,
    /// How far it is, what is wrong, and at the end what was done.
    Many(Many<'a>),
    /// Lines that are drawn again and again.
    Live(Live),
}

impl<'a> Shower<'a> {
    /// For a plan; the form follows from the arguments and the terminal.
    pub fn new(plan: &'a Plan, events: Events, output: Output, is_verbose: bool) -> Shower<'a> {
        let form = match events {
            Events::Json => Form::Json,
            Events::Text if output.is_live => Form::Live(Live::new(plan)),
            Events::Text if is_verbose => Form::Plain,
            Events::Text => Many::of(plan).map_or(Form::Plain, Form::Many),
        };
        Shower { plan, columns: Columns::of(plan), form, is_verbose, page: output.page }
    }

    /// Shows one event.
    pub fn show(&mut self, event: &RunEvent) {
        if let Some(page) = self.page {
            page.event(event);
        }
        if let Form::Json = self.form {
            always(&event.to_json_line());
            return;
        }
        if let Form::Live(live) = &self.form {
            live.take(event);
        }
        self.tell(event);
        if let Form::Many(many) = &mut self.form {
            if let Some(line) = many.take(event) {
                note(&line);
            }
            let is_over = matches!(event.kind, RunEventKind::RunEnded { .. });
            let told = if is_over { many.told() } else { String::new() };
            if !told.is_empty() {
                note(told.trim_end());
            }
        }
    }

    /// What is said of an event by itself.
    fn tell(&mut self, event: &RunEvent) {
        match &event.kind {
            // A gate is at no site: what it waits for is said once.
            RunEventKind::StepProgress { step, progress: Progress::Status(text) }
                if matches!(self.step(*step).action, Action::Gate { .. }) =>
            {
                self.print(&format!("  soaks   {}   {text} until the next one", self.step(*step).name));
            }
            // Of many steps it is told what they come to in the end.
            RunEventKind::StepRetrying { .. } if matches!(self.form, Form::Many(_)) => {}
            RunEventKind::StepRetrying { step, attempt, after_ms, words } => {
                self.say(*step, "again", &format!("{words} (try {attempt}, next in {})", seconds(*after_ms)));
            }
            RunEventKind::StepDone { step, effect, millis, detail, identity } => {
                self.done(*step, effect, *millis, detail.as_deref(), identity.as_deref());
            }
            RunEventKind::StepParked { step, words, .. } => {
                let is_told = match &mut self.form {
                    Form::Many(many) => many.park(*step),
                    _ => true,
                };
                if is_told {
                    self.say(*step, "parked", words);
                }
            }
            RunEventKind::StepFailed { step, failure, .. } => {
                // Left of a `|` it may be given up for the next alternative: the report says whether it mattered.
                let word = if self.has_alternative(*step) { "tried" } else { "failed" };
                self.say(*step, word, &format!("{}: {}", failure.code, failure.message));
            }
            RunEventKind::ChoiceMade { choice, label, arm } => {
                if *arm > 0 {
                    let what = self.plan.choices[choice.index()].label.replace('`', "");
                    self.print(&format!("  chosen  {what}: {label}"));
                }
            }
            RunEventKind::UndoDone { step, words } => {
                if let (Form::Many(many), Some(step)) = (&mut self.form, step) {
                    many.forget(*step);
                }
                self.undo(*step, "undone", words);
            }
            // What is still owed at the end the report says, and what has no value.
            RunEventKind::UndoOwed { .. }
            | RunEventKind::OutputFailed { .. }
            | RunEventKind::RunStarted { .. }
            | RunEventKind::StepStarted { .. }
            | RunEventKind::StepProgress { .. }
            | RunEventKind::StepSkipped { .. }
            | RunEventKind::ChoiceTried { .. }
            | RunEventKind::RunEnded { .. } => {}
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

    fn done(
        &mut self,
        id: StepId,
        effect: &Effect,
        millis: u64,
        detail: Option<&str>,
        identity: Option<&str>,
    ) {
        let step = self.step(id);
        if !touches_site(step) {
            return;
        }
        let word = effect_word(effect);
        // A guard that could not be left is said every time; one on what this program made is no news.
        let is_guard = matches!(step.action, Action::Protect { .. });
        let is_quiet = match effect {
            Effect::Found | Effect::Unchanged => !(is_guard && detail.is_some()),
            Effect::Protected => self.is_of_this_program(step),
            _ => false,
        };
        if is_quiet && !self.is_verbose {
            return;
        }
        if let Effect::Printed { .. } = effect {
            return;
        }
        if let Form::Many(many) = &mut self.form {
            many.keep(id, word);
            return;
        }
        let identity = identity.filter(|_| self.is_verbose).map(|id| named_identity(self.plan, step, id));
        let details = detail.into_iter().chain(identity.as_deref());
        let details: String = details.map(|detail| format!("   {detail}")).collect();
        self.say(id, "done", &format!("{word:<9} {:>7}{details}", seconds(millis)));
    }

    /// Whether a guard is on a resource of the program itself.
    fn is_of_this_program(&self, guard: &Step) -> bool {
        let mut on = guard.steps_used().into_iter();
        on.any(|step| matches!(self.step(step).action, Action::Ensure { .. }))
    }

    fn say(&self, id: StepId, word: &str, text: &str) {
        self.print(&self.columns.line(self.plan, self.step(id), word, text));
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
            Form::Live(live) => live.say(text),
            Form::Plain | Form::Many(_) => note(text),
            Form::Json => {}
        }
    }
}

/// `id 45da7b62`: the identity by its attribute's name.
fn named_identity(plan: &Plan, step: &Step, identity: &str) -> String {
    let of = step.action.resource_type().and_then(|name| plan.resource_type(name));
    format!("{} {identity}", of.map_or("id", |(_, resource_type)| resource_type.identity.as_str()))
}

/// How wide the columns of a run's lines are: as wide as what stands in them, within bounds.
#[derive(Clone, Copy)]
pub struct Columns {
    site: usize,
    kind: usize,
    name: usize,
}

impl Columns {
    /// Of the steps of a plan that are told.
    pub fn of(plan: &Plan) -> Columns {
        let width = |text: &str| text.chars().count();
        let told = || plan.steps.iter().filter(|step| touches_site(step));
        let kinds = told().filter_map(|step| step.action.resource_type());
        Columns {
            site: plan.sites.iter().map(|site| width(&site.name)).max().unwrap_or(0),
            kind: kinds.map(|kind| width(short_type(kind))).max().unwrap_or(0).clamp(10, 24),
            name: told().map(|step| width(short_name(&step.name))).max().unwrap_or(0).clamp(16, 40),
        }
    }

    /// `  done  CloudOne  image   base   created …`
    pub fn line(self, plan: &Plan, step: &Step, word: &str, text: &str) -> String {
        let Columns { site: site_width, kind: kind_width, name: name_width } = self;
        let kind = step.action.resource_type().map_or("", short_type);
        let (site, name) = (&plan.sites[step.site.index()].name, short_name(&step.name));
        format!("  {word:<7} {site:<site_width$}  {kind:<kind_width$} {name:<name_width$} {text}")
            .trim_end()
            .to_string()
    }
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
        Effect::Released => "released",
        Effect::Protected => "guarded",
        Effect::LetGo => "let go",
        Effect::Chosen { .. } => "chosen",
        Effect::Gathered => "gathered",
        Effect::Opened => "opened",
        Effect::Planned { .. } => "planned",
    }
}
