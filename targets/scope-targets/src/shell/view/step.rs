//! One step as the shell has it: what it is about, what it waits for, and the verb with its arguments.

use scope_plan::driver::ResourceType;
use scope_plan::plan::{Action, Borrow, EdgeReason, OnUnknown, OnUnreachable, Step};

use super::facts::StepView;
use super::order::{guards, ids};
use super::{Builder, yes};
use crate::TargetError;

impl Builder<'_> {
    pub(super) fn step(&mut self, step: &Step) -> Result<StepView, TargetError> {
        let plan = self.plan;
        let type_name = match &step.action {
            Action::Lookup { resource_type, .. }
            | Action::Ensure { resource_type, .. }
            | Action::Bring { resource_type, .. }
            | Action::Call { resource_type, .. }
            | Action::Delete { resource_type, .. }
            | Action::Protect { resource_type, .. } => Some(resource_type.as_str()),
            Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => None,
        };
        let declared = match type_name {
            Some(name) => Some(self.declared_type(name)?),
            None => None,
        };
        let inputs = self.program.step(step, declared.map(|(_, resource_type)| resource_type))?;
        let site = plan.sites.get(step.site.index()).ok_or_else(|| {
            TargetError::Broken(format!("step `{}` names a site that is not there", step.name))
        })?;
        let short = type_name.map_or("", |name| name.rsplit('.').next().unwrap_or(name));
        let (verb, command) = self.command(step, declared)?;
        let command = match on_unknown(step.on_unknown) {
            Some(word) => format!("ON_UNKNOWN={word}; {command}; ON_UNKNOWN=ask"),
            None => command,
        };
        let (mut needs, mut settled) = (Vec::new(), Vec::new());
        for (from, reason) in &self.edges_to[step.id.index()] {
            let list = if *reason == EdgeReason::Settled { &mut settled } else { &mut needs };
            list.push(*from);
        }
        needs.dedup();
        settled.dedup();
        let mut view = StepView {
            number: step.id.0,
            title: format!(
                "step {}: {verb} {short} `{}` at {} ({}:{})",
                step.id.0, step.name, site.name, step.origin.file, step.origin.line
            ),
            name: step.name.clone(),
            short: short.to_owned(),
            key: step.key.clone(),
            origin: format!("{}:{}:{}", step.origin.file, step.origin.line, step.origin.column),
            verb,
            site: step.site.0,
            place: site.name.clone(),
            driver: declared.map_or_else(String::new, |(number, _)| self.types[number].driver.to_string()),
            ty: declared.map_or_else(String::new, |(number, _)| number.to_string()),
            guards: guards(&step.when),
            needs: ids(&needs),
            settled: ids(&settled),
            patience: step.timeout_ms.div_ceil(1000).max(1),
            tries: step.retry.times.max(1),
            backoff: step.retry.backoff_ms.div_ceil(1000),
            ready_within: step.ready_within_ms.map_or_else(String::new, |ms| ms.div_ceil(1000).to_string()),
            on_unreachable: match step.on_unreachable {
                OnUnreachable::Queue { .. } => "queue",
                OnUnreachable::Skip => "skip",
                OnUnreachable::Fail => "fail",
            },
            undo: yes(step.undo.is_wanted()),
            content_file: inputs.content_file.unwrap_or_default(),
            content_text: yes(inputs.is_content_made),
            choice: String::new(),
            results: String::new(),
            parts: String::new(),
            command,
        };
        match &step.action {
            Action::Choose { choice, results } => {
                view.choice = choice.0.to_string();
                view.results = ids(results);
            }
            Action::Gather { parts, .. } => {
                let parts: Vec<String> =
                    parts.iter().map(|(site, step)| format!("{}:{}", site.0, step.0)).collect();
                view.parts = parts.join(" ");
            }
            _ => {}
        }
        Ok(view)
    }

    pub(super) fn command(
        &self,
        step: &Step,
        declared: Option<(usize, &ResourceType)>,
    ) -> Result<(&'static str, String), TargetError> {
        Ok(match &step.action {
            Action::Lookup { .. } => ("lookup", "look_up".to_owned()),
            Action::Ensure { adopt, .. } => ("ensure", format!("ensure {}", yes(*adopt))),
            Action::Bring { sources, every_source, borrow, .. } => {
                let borrow = if *borrow == Borrow::Never { "never" } else { "copy" };
                let sources = sources.iter().map(|source| {
                    let at = self.plan.steps.get(source.index()).map(|source| source.site.0);
                    at.map(|site| format!(" {}:{site}", source.0)).ok_or_else(|| {
                        TargetError::Broken(format!(
                            "step `{}` is brought from a step that is not there",
                            step.name
                        ))
                    })
                });
                (
                    "bring",
                    format!(
                        "bring {} {borrow}{}",
                        yes(*every_source),
                        sources.collect::<Result<String, _>>()?
                    ),
                )
            }
            Action::Call { operation, once, prints, .. } => {
                let place = declared.and_then(|(number, resource_type)| {
                    let place = resource_type.operations.iter().position(|known| known.name == *operation)?;
                    self.numbers.get(&(number, place)).copied()
                });
                let number = place.ok_or_else(|| {
                    TargetError::Broken(format!(
                        "step `{}` calls `{operation}`, which is not in the plan",
                        step.name
                    ))
                })?;
                ("call", format!("call {number} {} {}", yes(*once), yes(*prints)))
            }
            Action::Delete { keep, .. } => ("delete", format!("delete_it {}", yes(*keep))),
            Action::Protect { .. } => return Err(no_guard(&step.name)),
            Action::Choose { .. } => ("choose", String::new()),
            Action::Gather { .. } | Action::Gate { .. } => ("gather", String::new()),
        })
    }
}

/// The word for what is not asked about.
fn on_unknown(on_unknown: OnUnknown) -> Option<&'static str> {
    match on_unknown {
        OnUnknown::Ask => None,
        OnUnknown::Fail => Some("fail"),
        OnUnknown::Retry => Some("retry"),
    }
}

/// Guards were taken out of the plan before.
pub(in crate::shell) fn no_guard(name: &str) -> TargetError {
    TargetError::Unsupported {
        target: "shell",
        what: format!("the guard on `{name}`"),
        why: "a script leaves none".to_owned(),
    }
}
