//! What a test expects, looked at: nothing if it holds, else a [`Miss`] that says what is there instead.

use scope_plan::eval::{Bindings, eval, value::equal};
use scope_plan::expr::{BinaryOp, Expr};
use scope_plan::plan::Origin;
use scope_plan::scenario::{Claim, Condition, Reading, Subject};
use serde_json::{Map, Value};

use super::looks::{Look, described};
use super::stage::{Last, Stage};
use super::{Miss, Snapshot};
use crate::report::{OutputValue, Report, StepStatus, Verdict};

impl Stage<'_> {
    /// The miss of a claim, if it does not hold.
    pub(super) fn claim(&self, origin: &Origin, claim: &Claim) -> Option<Miss> {
        let miss = match claim {
            Claim::Presence { subject, sites, is_negated } => self.presence(subject, sites, *is_negated),
            Claim::Truth { conditions } => conditions.iter().find_map(|condition| self.truth(condition)),
            Claim::Verdict(wanted) => {
                self.is_spoken_of.set(true);
                self.verdict(wanted)
            }
            Claim::Error { code, of, sites } => {
                self.is_spoken_of.set(true);
                self.error(code, of.as_deref(), sites)
            }
            Claim::Snapshot { name } => {
                let text = self.snapshot();
                let origin = origin.clone();
                self.snapshots.borrow_mut().push(Snapshot { name: name.clone(), text, origin });
                None
            }
        };
        miss.map(|said| Miss {
            origin: origin.clone(),
            code: "E0860",
            message: said.message,
            label: said.label,
            notes: said.notes,
            help: said.help,
            at_us: self.simulator.now(),
        })
    }

    fn presence(&self, subject: &Subject, sites: &[String], is_negated: bool) -> Option<Said> {
        let name = &subject.name;
        if sites.is_empty() && subject.is_single && !is_negated {
            let is_there = |site: &String| matches!(self.look(subject, site), Look::There(_));
            let places = self.places(subject);
            if places.iter().any(is_there) {
                return None;
            }
            let mut said = Said::new(format!("`{name}` is at none of {}", places.join(", ")), "nowhere");
            said.notes(self.events(name, None));
            return Some(said);
        }
        let sites = if sites.is_empty() { &subject.sites } else { sites };
        sites.iter().find_map(|site| {
            let look = self.look(subject, site);
            let mut said = match (&look, is_negated) {
                (Look::There(_), false) | (Look::Absent(_), true) => return None,
                (Look::There(held), true) | (Look::Unready(held), true) => {
                    let mut said = Said::new(format!("`{name}` is at {site}"), format!("it is at {site}"));
                    said.note(format!("found: {}", described(held)));
                    said
                }
                (Look::Several(held), _) => {
                    let message = format!("`{name}` is at {site} {} times", held.len());
                    let mut said = Said::new(message, "made more than once");
                    held.iter().for_each(|held| said.note(format!("found: {}", described(held))));
                    said
                }
                (Look::Unready(held), false) => {
                    let mut said = Said::new(format!("`{name}` at {site} is not ready"), "not ready");
                    said.note(format!("found: {}", described(held)));
                    said
                }
                (Look::Absent(others), false) => {
                    let mut said = Said::new(format!("`{name}` is not at {site}"), format!("not at {site}"));
                    for held in others {
                        said.note(format!("of that name, and not the program's: {}", described(held)));
                    }
                    said
                }
            };
            said.notes(self.events(name, Some(site)));
            Some(said)
        })
    }

    fn truth(&self, condition: &Condition) -> Option<Said> {
        let mut bindings = Bindings::new();
        let mut missing = Vec::new();
        for (index, reading) in condition.readings.iter().enumerate() {
            let (value, why) = self.read(reading);
            missing.extend(why);
            bindings = bindings.with(format!("r{index}"), value);
        }
        let place = condition.site.as_ref().map(|site| format!(" at {site}")).unwrap_or_default();
        let left = eval(&condition.left, &bindings).map(|left| named(left, condition, &bindings));
        let whole = match &condition.right {
            None => left.clone(),
            Some((op, right)) => left.clone().and_then(|left| {
                let right = Box::new(right.clone());
                eval(&Expr::Binary(*op, Box::new(Expr::Value(left)), right), &bindings)
            }),
        };
        if matches!(whole, Ok(Value::Bool(true))) {
            return None;
        }
        let message = format!("`{}` does not hold{place}", condition.text);
        let mut said = match (&left, &condition.right) {
            (Ok(found), Some((op, right))) => {
                let wanted =
                    eval(right, &bindings).map_or_else(|error| error.to_string(), |value| shown(&value));
                let mut said = Said::new(message, format!("found {}", shown(found)));
                said.note(format!("expected {}{wanted}, found {}", operator(*op), shown(found)));
                said.notes.extend(difference(found, right, &bindings));
                said
            }
            _ => {
                let mut said = Said::new(message, "false");
                if let Err(error) = &whole {
                    said.label = "cannot be told".into();
                    said.note(error.to_string());
                }
                said
            }
        };
        said.notes.extend(missing);
        if let Some(subject) = condition.readings.iter().find_map(subject_of) {
            said.notes(self.events(&subject.name, condition.site.as_deref()));
        }
        Some(said)
    }

    /// A value, `null` where there is none and why.
    fn read(&self, reading: &Reading) -> (Value, Option<String>) {
        match reading {
            Reading::Attribute { subject, site: Some(site), path } => self.attribute(subject, site, path),
            Reading::Attribute { subject, site: None, path } => {
                let places = self.places(subject);
                let there = places.iter().map(|site| (site, self.look(subject, site)));
                let there = there.filter(|(_, look)| !matches!(look, Look::Absent(_)));
                let sites: Vec<&String> = there.map(|(site, _)| site).collect();
                match sites.as_slice() {
                    [site] if subject.is_single => self.attribute(subject, site, path),
                    [] => (Value::Null, Some(format!("`{}` is nowhere", subject.name))),
                    sites => {
                        let value = |site: &&String| ((*site).clone(), self.attribute(subject, site, path).0);
                        (Value::Object(sites.iter().map(value).collect::<Map<_, _>>()), None)
                    }
                }
            }
            Reading::Run(fact) => {
                if matches!(fact.as_str(), "failed" | "owed") {
                    self.is_spoken_of.set(true);
                }
                match &*self.last.borrow() {
                    Some(Last::Ended { report, .. }) => (run_fact(report, fact), None),
                    Some(Last::Refused(_)) => (Value::Null, Some("the last run did not begin".into())),
                    None => (Value::Null, Some("there was no run yet".into())),
                }
            }
            Reading::Output(name) => match &*self.last.borrow() {
                Some(Last::Ended { report, .. }) => match report.outputs.get(name) {
                    Some(OutputValue::Value(value)) => (value.clone(), None),
                    Some(OutputValue::Missing(why)) => (Value::Null, Some(format!("output `{name}`: {why}"))),
                    Some(OutputValue::Failed(failure)) => (Value::Null, Some(failure.message.clone())),
                    None => (Value::Null, Some(format!("the last run gave no output `{name}`"))),
                },
                _ => (Value::Null, Some("there was no run yet".into())),
            },
        }
    }

    fn attribute(&self, subject: &Subject, site: &str, path: &[String]) -> (Value, Option<String>) {
        let held = match self.look(subject, site) {
            Look::There(held) | Look::Unready(held) => held,
            Look::Several(mut held) => Box::new(held.remove(0)),
            Look::Absent(_) => return (Value::Null, Some(format!("`{}` is not at {site}", subject.name))),
        };
        let whole = Value::Object(held.attributes);
        let found = path.iter().try_fold(&whole, |value, field| value.get(field));
        (found.cloned().unwrap_or(Value::Null), None)
    }

    fn verdict(&self, wanted: &str) -> Option<Said> {
        let last = self.last.borrow();
        let (found, notes) = match &*last {
            None => ("no run".to_owned(), Vec::new()),
            Some(Last::Refused(reports)) => {
                let said = reports.iter().map(|(code, message)| format!("{code}: {message}"));
                ("failed".to_owned(), said.collect())
            }
            Some(Last::Ended { plan, report }) => {
                let mut notes = Vec::new();
                for step in report.steps.iter().filter(|step| !step.is_abandoned) {
                    let (step_name, site) = {
                        let step = plan.step(step.step);
                        (&step.name, &plan.site(step.site).name)
                    };
                    match &step.status {
                        StepStatus::Failed { failure } => {
                            notes.push(format!(
                                "failed  {step_name} at {site}: {}: {}",
                                failure.code, failure.message
                            ));
                        }
                        StepStatus::Parked { words } => {
                            notes.push(format!("parked  {step_name} at {site}: {words}"));
                        }
                        StepStatus::Done { effect } if effect.is_change() => {
                            let words = crate::runner::told::effect_words(effect);
                            notes.push(format!("done    {step_name} at {site}: {words}"));
                        }
                        StepStatus::Done { .. } | StepStatus::Skipped { .. } => {}
                    }
                }
                (verdict_word(report.verdict).to_owned(), notes)
            }
        };
        // A run that found nothing to do is done, too.
        if found == wanted || (wanted == "done" && found == "unchanged") {
            return None;
        }
        let mut said = Said::new(format!("the run ended {found}, not {wanted}"), format!("it is {found}"));
        said.notes(notes);
        Some(said)
    }

    fn error(&self, code: &str, of: Option<&str>, sites: &[String]) -> Option<Said> {
        let mut others = Vec::new();
        match &*self.last.borrow() {
            None => {}
            Some(Last::Refused(reports)) => {
                if of.is_none() && reports.iter().any(|(found, _)| found == code) {
                    return None;
                }
                others.extend(reports.iter().map(|(code, message)| format!("{code}: {message}")));
            }
            Some(Last::Ended { plan, report }) => {
                for step in &report.steps {
                    let StepStatus::Failed { failure } = &step.status else { continue };
                    let (name, site) = {
                        let step = plan.step(step.step);
                        (&step.name, &plan.site(step.site).name)
                    };
                    let is_of = of.is_none_or(|of| of == name);
                    if failure.code == code && is_of && (sites.is_empty() || sites.contains(site)) {
                        return None;
                    }
                    others.push(format!("{}: `{name}` at {site}: {}", failure.code, failure.message));
                }
                if let Some(failure) = &report.stopped {
                    if failure.code == code && of.is_none() {
                        return None;
                    }
                    others.push(format!("{}: {}", failure.code, failure.message));
                }
            }
        }
        let of = of.map(|of| format!(" of `{of}`")).unwrap_or_default();
        let mut said = Said::new(format!("the last run has no error {code}{of}"), "not met");
        if others.is_empty() {
            said.note("no step failed".into());
        }
        others.into_iter().for_each(|other| said.note(format!("met: {other}")));
        Some(said)
    }
}

/// What is said of a claim that does not hold.
struct Said {
    message: String,
    label: String,
    notes: Vec<String>,
    help: Vec<String>,
}

impl Said {
    fn new(message: impl Into<String>, label: impl Into<String>) -> Said {
        Said { message: message.into(), label: label.into(), notes: Vec::new(), help: Vec::new() }
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn notes(&mut self, notes: Vec<String>) {
        self.notes.extend(notes);
    }
}

fn subject_of(reading: &Reading) -> Option<&Subject> {
    match reading {
        Reading::Attribute { subject, .. } => Some(subject),
        Reading::Run(_) | Reading::Output(_) => None,
    }
}

/// How a run ended, in the language's word.
pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "done",
        Verdict::NothingToDo => "unchanged",
        Verdict::Pending => "pending",
        Verdict::Failed => "failed",
        Verdict::Interrupted => "interrupted",
    }
}

fn run_fact(report: &Report, fact: &str) -> Value {
    let counts = &report.counts;
    let count = match fact {
        "created" => counts.created,
        "changed" => counts.updated,
        "adopted" => counts.adopted,
        "deleted" => counts.deleted,
        "borrowed" => counts.borrowed,
        "called" => counts.called,
        "unchanged" => counts.unchanged,
        "parked" => counts.parked,
        "failed" => counts.failed,
        "skipped" => counts.skipped,
        "owed" => report.owed.len(),
        // In seconds, as durations are.
        "took" => return Value::from(report.millis as f64 / 1000.0),
        _ => return Value::Null,
    };
    Value::from(count)
}

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "",
        BinaryOp::NotEqual => "not ",
        BinaryOp::Less => "less than ",
        BinaryOp::LessEqual => "at most ",
        BinaryOp::Greater => "more than ",
        BinaryOp::GreaterEqual => "at least ",
        BinaryOp::In => "one of ",
        BinaryOp::Matching => "to match ",
        _ => "with ",
    }
}

/// A reference that is compared with a text: its name or identity, whichever the text is.
fn named(left: Value, condition: &Condition, bindings: &Bindings) -> Value {
    let (Value::Object(fields), Some((_, right))) = (&left, &condition.right) else { return left };
    match eval(right, bindings) {
        Ok(Value::String(text)) if fields.values().any(|value| *value == text) => Value::String(text),
        _ => left,
    }
}

/// Where two records differ, a line a field; nothing for other values.
fn difference(found: &Value, right: &Expr, bindings: &Bindings) -> Vec<String> {
    let (Value::Object(found), Ok(Value::Object(wanted))) = (found, eval(right, bindings)) else {
        return Vec::new();
    };
    let mut keys: Vec<&String> = found.keys().chain(wanted.keys()).collect();
    keys.sort();
    keys.dedup();
    let null = Value::Null;
    let differing = keys.into_iter().filter_map(|key| {
        let (found, wanted) = (found.get(key).unwrap_or(&null), wanted.get(key).unwrap_or(&null));
        (!equal(found, wanted)).then(|| format!("  {key}: {}, expected {}", shown(found), shown(wanted)))
    });
    differing.collect()
}

/// A value as the language writes it, bounded.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 200;
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
