//! Waiting until a resource may be used, or until it is clear that it never will be.
//!
//! `BUILD`, `BUILD`, `ACTIVE` with `ready when status == "ACTIVE" every 1s` → three reads, two pauses.

use std::time::Duration;

use scope_plan::driver::Readiness;
use serde_json::Value;
use tokio::time::Instant;

use super::failure::{Bad, duration_literal, duration_words};
use super::inputs::Given;
use super::record::{Names, Record};
use super::subject::Subject;
use crate::events::{Failure, Outcome};

/// How many reads one after the other may stay without a good answer.
pub(super) const MOST_SILENCES: u32 = 3;
/// How many reads may not see yet what was just made.
const MOST_UNSEEN: u32 = 5;

impl Subject<'_> {
    /// Whether the resource may be used.
    pub(super) fn is_ready(&self, record: &Record, given: &Given) -> bool {
        let ready = self.resource_type.ready.as_ref();
        ready.is_none_or(|ready| Names::of(self, record, given).holds(&ready.condition))
    }

    /// Why it never will be, in the site's words, if that is so.
    pub(super) fn broken(&self, record: &Record, given: &Given) -> Option<String> {
        let broken = self.resource_type.broken.as_ref()?;
        let names = Names::of(self, record, given);
        if !names.holds(&broken.condition) {
            return None;
        }
        let words = broken.message.as_ref().and_then(|message| names.text(message));
        Some(words.unwrap_or_else(|| format!("it is {}", state_of(self, record))))
    }

    /// Waits until the resource is ready: as `readiness` has it, or its type.
    ///
    /// # Errors
    /// `E0908` when it is broken, `E0909` when it takes too long, the site's silence.
    pub(super) async fn until_ready(
        &self,
        record: Record,
        given: &Given,
        readiness: Option<&Readiness>,
    ) -> Result<Record, Bad> {
        let readiness = readiness.or(self.resource_type.ready.as_ref());
        let mut record = record;
        let Some(identity) = record.identity(self.resource_type) else { return Ok(record) };
        let within_ms = self.ready_within_ms(readiness);
        let deadline = self.deadline.get().min(Instant::now() + Duration::from_millis(within_ms));
        let every = Duration::from_millis(readiness.map_or(1_000, |ready| ready.every_ms.max(1)));
        let (mut n_silences, mut n_unseen) = (0, 0);
        loop {
            if let Some(words) = self.broken(&record, given) {
                return Err(self.is_broken(words));
            }
            let is_ready =
                readiness.is_none_or(|ready| Names::of(self, &record, given).holds(&ready.condition));
            if is_ready || !self.can_be_read() {
                return Ok(record);
            }
            if Instant::now() + every > deadline {
                return Err(self.is_not_ready(within_ms, &record, given));
            }
            self.report(|| format!("waits until ready ({})", state_of(self, &record)));
            self.pause(every).await.map_err(|trouble| self.failed(trouble))?;
            match self.read(&identity, &given.values).await {
                Ok(Some(seen)) => (record, n_silences, n_unseen) = (seen, 0, 0),
                Ok(None) => {
                    n_unseen += 1;
                    if n_unseen >= MOST_UNSEEN {
                        return Err(self.is_broken("it disappeared while it was waited for".to_owned()));
                    }
                }
                Err(trouble) if trouble.may_pass() => {
                    n_silences += 1;
                    if n_silences >= MOST_SILENCES {
                        return Err(self.failed(trouble));
                    }
                }
                Err(trouble) => return Err(self.failed(trouble)),
            }
        }
    }

    /// How long it may take until it is ready: as the program says, else as `readiness` or its type has it.
    pub(super) fn ready_within_ms(&self, readiness: Option<&Readiness>) -> u64 {
        let own_limit = self.step.and_then(|step| step.ready_within_ms);
        let readiness = readiness.or(self.resource_type.ready.as_ref());
        own_limit.or(readiness.map(|ready| ready.within_ms)).unwrap_or(0)
    }

    fn is_broken(&self, words: String) -> Bad {
        let message = format!("`{}` is broken at `{}`", self.name, self.site_name());
        Bad::new(Failure {
            site_words: Some(words),
            ..Failure::new("E0908", Outcome::Unavailable, message)
                .with_help("the next run replaces it; or name an alternative with `|`")
        })
    }

    fn is_not_ready(&self, within_ms: u64, record: &Record, given: &Given) -> Bad {
        let limit_ms = within_ms.min(self.time_out_ms);
        let message = format!(
            "`{}` was not ready at `{}` within {} ({})",
            self.name,
            self.site_name(),
            duration_words(limit_ms),
            state_of(self, record)
        );
        let longer = format!("`with {{ ready_within: {} }}`", duration_literal(limit_ms.saturating_mul(2)));
        let help = match self.is_made_again(record, given) {
            true => format!("{longer}; as it is, the next run deletes it and makes it again"),
            false => longer,
        };
        Bad::new(Failure::new("E0909", Outcome::Unavailable, message).with_help(help))
    }
}

/// The attributes that readiness is about: `status BUILD`.
pub(super) fn state_of(subject: &Subject<'_>, record: &Record) -> String {
    let conditions = [
        subject.resource_type.ready.as_ref().map(|ready| &ready.condition),
        subject.resource_type.broken.as_ref().map(|broken| &broken.condition),
    ];
    let names = conditions.into_iter().flatten().flat_map(|condition| condition.names_used());
    let mut states: Vec<String> = Vec::new();
    for name in names {
        let state = match record.attribute(name) {
            Some(Value::String(text)) => format!("{name} {text}"),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => format!("{name} {value}"),
            _ => continue,
        };
        if !states.contains(&state) {
            states.push(state);
        }
    }
    if states.is_empty() { "state unknown".to_owned() } else { states.join(", ") }
}
