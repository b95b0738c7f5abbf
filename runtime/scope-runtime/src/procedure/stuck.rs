//! What a restart of the application left half made: ours, not ready, and in a state that it should have left long ago.
//!
//! A server that an earlier run began 12 minutes ago and that is still `BUILD`, with `stuck when status == "BUILD"` and
//! `ready … within 10min`: nobody works at it any more. One that was begun 4 minutes ago is waited for, for 6 more.

use std::time::Duration;

use scope_plan::recorded::How;

use super::failure::{Bad, duration_words};
use super::inputs::Given;
use super::readiness::state_of;
use super::record::{Names, Record};
use super::subject::{Memory, Subject};
use crate::schedule::Touched;
use crate::state::Resource;

/// Why what is ours will never be ready, if that is so. What may be stuck is waited for as long as it could still move on:
/// that time is none of this attempt's, for an earlier run began it. `record` is as it was seen last.
///
/// # Errors
/// The site's silence.
pub(super) async fn hopeless(
    subject: &Subject<'_>,
    record: &mut Record,
    given: &Given,
    memory: &Memory,
) -> Result<Option<String>, Bad> {
    let begun_ms = subject.begun_ms();
    subject.keep_begun(begun_ms)?;
    let every = subject.resource_type.ready.as_ref().map_or(1_000, |ready| ready.every_ms.max(1));
    loop {
        if let Some(words) = subject.broken(record, given) {
            return Ok(Some(words));
        }
        // What this run made or fills is waited for where that is done.
        let is_of_this_run = memory.has_sent() || memory.touched() == Touched::Created;
        if is_of_this_run || !subject.may_be_stuck(record, given) {
            return Ok(None);
        }
        let Some(left) = subject.patience(begun_ms) else { return Ok(Some(words(subject, record))) };
        subject.report(|| {
            format!("was begun by an earlier run: may still become ready ({})", state_of(subject, record))
        });
        let pause = left.min(Duration::from_millis(every));
        subject.pause(pause).await.map_err(|trouble| subject.failed(trouble))?;
        subject.has_waited(pause);
        let Some(identity) = record.identity(subject.resource_type) else { return Ok(None) };
        match subject.read(&identity, &given.values).await.map_err(|trouble| subject.failed(trouble))? {
            Some(seen) => *record = seen,
            None => return Ok(Some("it disappeared while it was waited for".to_owned())),
        }
    }
}

/// The same as far as it is known at this moment.
pub(super) fn hopeless_now(subject: &Subject<'_>, record: &Record, given: &Given) -> Option<String> {
    let is_stuck = || subject.may_be_stuck(record, given) && subject.patience(subject.begun_ms()).is_none();
    subject.broken(record, given).or_else(|| is_stuck().then(|| words(subject, record)))
}

fn words(subject: &Subject<'_>, record: &Record) -> String {
    let within = duration_words(subject.ready_within_ms(None));
    format!("{}, not ready after {within}", state_of(subject, record))
}

impl Subject<'_> {
    /// Whether it is in a state that a restart may leave, and was never seen ready: what becomes so later is being changed.
    fn may_be_stuck(&self, record: &Record, given: &Given) -> bool {
        let Some(stuck) = &self.resource_type.stuck else { return false };
        let was_ready = self.recorded().is_some_and(|resource| resource.is_complete);
        !was_ready
            && self.can_be_read()
            && Names::of(self, record, given).holds(stuck)
            && !self.is_ready(record, given)
    }

    /// Whether the next run would make it again if it stays as it is.
    pub(super) fn is_made_again(&self, record: &Record, given: &Given) -> bool {
        let is_ours = self.recorded().is_some_and(|resource| resource.how != How::Adopted);
        is_ours && self.may_be_stuck(record, given)
    }

    /// How long it may still take; nothing when that is over.
    fn patience(&self, begun_ms: u64) -> Option<Duration> {
        let elapsed_ms = self.shared.now_ms().saturating_sub(begun_ms);
        let left_ms = self.ready_within_ms(None).checked_sub(elapsed_ms)?;
        (left_ms > 0).then(|| Duration::from_millis(left_ms))
    }

    /// When what is not complete was begun: as recorded, when its creation was sent, or now if neither is known.
    pub(super) fn begun_ms(&self) -> u64 {
        let sent_ms = || self.shared.ledger.with(|state| state.sent.get(self.key).map(|sent| sent.at_ms));
        let recorded_ms = self.recorded().and_then(|resource| resource.begun_ms);
        recorded_ms.or_else(sent_ms).unwrap_or_else(|| self.shared.now_ms())
    }

    /// Records it where an older version did not.
    fn keep_begun(&self, begun_ms: u64) -> Result<(), Bad> {
        let Some(resource) = self.recorded() else { return Ok(()) };
        if resource.is_complete || resource.begun_ms.is_some() || self.resource_type.stuck.is_none() {
            return Ok(());
        }
        let (name, site) = self.place();
        let resource = Resource { begun_ms: Some(begun_ms), ..resource };
        self.shared.ledger.append(crate::state::Record::Resource { name, site, resource })?;
        Ok(())
    }
}
