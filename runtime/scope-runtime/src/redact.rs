//! Keeps secrets out of everything that leaves the runner: events, reports, journal and state.
//!
//! In comes a text or a value, out goes the same without what is secret: `"bad password hunter22"` → `"bad password ***"`.

use std::borrow::Cow;

use serde_json::Value;

use crate::events::{Change, Difference, Effect, Failure, Progress, RunEvent, RunEventKind};

/// Knows the secrets that were resolved so far.
pub trait Redact {
    /// `text` with every known secret hidden.
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str>;
}

/// Knows no secrets: for simulations, which resolve none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

impl Redact for NoSecrets {
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

/// Hides secrets in every text of `value`, keys included.
pub fn hide_in_value(redact: &dyn Redact, value: &mut Value) {
    // Most values have no parts, and need no list of them.
    let mut open = Vec::new();
    let mut next = Some(value);
    while let Some(value) = next {
        match value {
            Value::String(text) => hide_in_text(redact, text),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => {
                if fields.keys().any(|key| redact.hide(key) != *key) {
                    *fields = std::mem::take(fields)
                        .into_iter()
                        .map(|(key, field)| (redact.hide(&key).into_owned(), field))
                        .collect();
                }
                open.extend(fields.values_mut());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        next = open.pop();
    }
}

/// Hides secrets in `text`.
pub fn hide_in_text(redact: &dyn Redact, text: &mut String) {
    if let Cow::Owned(hidden) = redact.hide(text) {
        *text = hidden;
    }
}

/// Hides secrets in a failure.
pub fn hide_in_failure(redact: &dyn Redact, failure: &mut Failure) {
    hide_in_text(redact, &mut failure.message);
    failure.site_words.iter_mut().for_each(|words| hide_in_text(redact, words));
    failure.request.iter_mut().for_each(|request| hide_in_text(redact, request));
    failure.help.iter_mut().for_each(|help| hide_in_text(redact, help));
    failure.places.iter_mut().for_each(|place| hide_in_text(redact, &mut place.label));
    for candidate in &mut failure.candidates {
        hide_in_text(redact, &mut candidate.identity);
        candidate.details.values_mut().for_each(|value| hide_in_value(redact, value));
    }
}

/// Hides secrets in what a step did, or would do.
pub fn hide_in_effect(redact: &dyn Redact, effect: &mut Effect) {
    match effect {
        Effect::Printed { value } => hide_in_value(redact, value),
        Effect::Planned { change: Change::Update { differences, .. } } => {
            hide_in_differences(redact, differences);
        }
        Effect::Planned { change: Change::Replace { why, .. } } => hide_in_text(redact, why),
        _ => {}
    }
}

/// Hides secrets in what differs.
pub fn hide_in_differences(redact: &dyn Redact, differences: &mut [Difference]) {
    for difference in differences {
        hide_in_value(redact, &mut difference.found);
        hide_in_value(redact, &mut difference.wanted);
        difference.last.iter_mut().for_each(|last| hide_in_value(redact, last));
        for part in &mut difference.parts {
            hide_in_value(redact, &mut part.found);
            hide_in_value(redact, &mut part.wanted);
            part.last.iter_mut().for_each(|last| hide_in_value(redact, last));
        }
    }
}

/// Hides secrets in an event.
pub fn hide_in_event(redact: &dyn Redact, event: &mut RunEvent) {
    match &mut event.kind {
        RunEventKind::StepProgress { progress: Progress::Status(words), .. }
        | RunEventKind::StepRetrying { words, .. }
        | RunEventKind::StepParked { words, .. }
        | RunEventKind::UndoDone { words, .. }
        | RunEventKind::UndoOwed { words, .. } => hide_in_text(redact, words),
        RunEventKind::StepDone { effect, detail, identity, .. } => {
            hide_in_effect(redact, effect);
            detail.iter_mut().chain(identity).for_each(|text| hide_in_text(redact, text));
        }
        RunEventKind::StepFailed { failure, .. } | RunEventKind::OutputFailed { failure, .. } => {
            hide_in_failure(redact, failure);
        }
        RunEventKind::RunStarted { .. }
        | RunEventKind::StepStarted { .. }
        | RunEventKind::StepProgress { progress: Progress::Bytes { .. }, .. }
        | RunEventKind::StepSkipped { .. }
        | RunEventKind::ChoiceTried { .. }
        | RunEventKind::ChoiceMade { .. }
        | RunEventKind::RunEnded { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Hunter;

    impl Redact for Hunter {
        fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
            text.replace("hunter22", "***").into()
        }
    }

    #[test]
    fn a_value_is_masked_everywhere() {
        let mut value = json!({ "a": ["x hunter22", { "hunter22": 1 }], "b": 2 });
        hide_in_value(&Hunter, &mut value);
        assert_eq!(value, json!({ "a": ["x ***", { "***": 1 }], "b": 2 }));
    }

    #[test]
    fn a_failure_is_masked() {
        let mut failure = Failure::new("E0703", crate::events::Outcome::Invalid, "no hunter22");
        failure.site_words = Some("hunter22?".into());
        hide_in_failure(&Hunter, &mut failure);
        assert!(!serde_json::to_string(&failure).expect("plain data").contains("hunter22"));
    }
}
