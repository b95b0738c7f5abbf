//! After a request whose end is not known: looking for what it may have made, as long as it may still take effect.
//!
//! A lost create that may take effect for 2 s: looked for at once, after 1 s, after 2 s; found → ours; not found → it was
//! not done, and only then may it be repeated.

use std::time::Duration;

use scope_plan::driver::{Operation, Repeat};
use scope_plan::plan::{Action, OnUnknown, OnUnreachable, Step};
use tokio::time::Instant;

use super::call::is_repeatable;
use super::failure::{Bad, Trouble};
use super::inputs::Given;
use super::record::Record;
use super::subject::{Memory, Subject};
use super::there::what_is_there;
use crate::events::{Failure, Outcome};
use crate::runner::{Known, Shared};
use crate::schedule::Touched;
use crate::shell;
use crate::site::{SiteError, SiteErrorKind};

/// Between two looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many looks one after the other may stay without an answer.
const MOST_SILENCES: u32 = 2;

/// What an earlier request of ours makes at this moment: one of a run that died, or of an attempt that could not ask. Its
/// time is waited out before anything is sent again.
pub(super) async fn arriving(
    subject: &Subject<'_>,
    operation: &Operation,
    given: &Given,
) -> Result<Option<Record>, Bad> {
    let shared = subject.shared;
    let Some(sent) = shared.ledger.with(|state| state.sent.get(subject.key).cloned()) else {
        return Ok(None);
    };
    let elapsed_ms = shared.now_ms().saturating_sub(sent.at_ms);
    let settled = Instant::now() + Duration::from_millis(operation.settles_ms.saturating_sub(elapsed_ms));
    if sent.operation != operation.name || !subject.can_be_read() {
        return Ok(None);
    }
    subject.report(|| "looks whether an earlier request still arrives".to_owned());
    while Instant::now() < settled {
        let pause = LOOK_EVERY.min(settled - Instant::now());
        subject.pause(pause).await.map_err(|trouble| subject.failed(trouble))?;
        subject.has_waited(pause);
        match look_again(subject, given).await {
            Ok(None) => {}
            Ok(Some(record)) => return Ok(Some(record)),
            Err(trouble) => return Err(subject.failed(trouble)),
        }
    }
    Ok(None)
}

/// A creation that must not be repeated, whose end is not known, of something that the site cannot tell about: a person
/// is asked. A record where the answer is that it was done; nothing where it may be sent.
pub(super) async fn asked(
    subject: &Subject<'_>,
    operation: &Operation,
    given: &Given,
) -> Result<Option<Record>, Bad> {
    let is_certain = operation.repeat != Repeat::None || subject.can_be_read() || !subject.was_sent();
    if is_certain {
        return Ok(None);
    }
    match subject.answer() {
        Some(Known::Done) => Ok(Some(Record::known(given.values.clone()))),
        Some(Known::Failed) => Err(subject.answered_failed(operation).await?),
        Some(Known::Retry) => {
            subject.settle()?;
            Ok(None)
        }
        None => Err(Bad::new(still_unknown(subject, operation))),
    }
}

/// What an earlier run did not learn, and nobody has answered yet.
pub(super) fn still_unknown(subject: &Subject<'_>, operation: &Operation) -> Failure {
    let message = format!(
        "it is unknown whether `{}` did `{}` of `{}` in an earlier run",
        subject.site_name(),
        operation.name,
        subject.name
    );
    Failure::new("E0906", Outcome::Unknown, message).with_help(subject.how_to_know())
}

/// The operation of a step that an earlier request of ours may have done, where nothing but a look at the site, or a person,
/// can tell, and no second one would be known for ours.
fn open_operation<'s>(subject: &Subject<'s>, step: &Step) -> Option<&'s Operation> {
    let sent = subject.shared.ledger.with(|state| Some(state.sent.get(subject.key)?.operation.clone()))?;
    let operation = subject.resource_type.operation(&sent)?;
    let is_open = match &step.action {
        Action::Call { once, .. } => *once && !is_repeatable(operation),
        Action::Ensure { .. } | Action::Bring { .. } => {
            operation.repeat == Repeat::None && subject.resource_type.mark.is_none()
        }
        _ => false,
    };
    (is_open && subject.answer().is_none()).then_some(operation)
}

/// Whether a step of an alternative may have been done by an earlier run: until that is known, no other alternative is taken.
pub(crate) fn is_open(shared: &Shared<'_>, step: &Step) -> bool {
    let is_sent = !step.when.is_empty() && shared.ledger.with(|state| state.sent.contains_key(&step.key));
    let resource_type = step.action.resource_type().filter(|_| is_sent);
    // The step's own time does not begin with this.
    let subject = resource_type
        .and_then(|resource_type| Subject::later(shared, resource_type, step.site, &step.name, &step.key));
    subject.is_some_and(|later| open_operation(&Subject { step: Some(step), ..later }, step).is_some())
}

/// A site that could not be asked leaves open what was sent to it: in an alternative that is unknown, and not unavailable. One
/// that waits for its site, or is left out with it, gives no other one its turn.
pub(super) fn unless_open(subject: &Subject<'_>, step: &Step, bad: Bad) -> Bad {
    let may_fall_through = bad.failure.outcome == Outcome::Unavailable
        && !bad.is_stopped
        && !step.when.is_empty()
        && (!bad.is_cut_off || step.on_unreachable == OnUnreachable::Fail);
    let open = may_fall_through.then(|| open_operation(subject, step)).flatten();
    let Some(operation) = open else { return bad };
    let Failure { message, site_words, request, status, .. } = *bad.failure;
    let why = site_words.map_or_else(|| message.clone(), |words| format!("{message}: {words}"));
    let failure = Failure { site_words: Some(why), request, status, ..still_unknown(subject, operation) };
    Bad { failure: failure.into(), ..bad }
}

impl Subject<'_> {
    /// What a person says became of its request.
    pub(super) fn answer(&self) -> Option<Known> {
        let told = self.shared.options.answers.get(self.key).copied();
        // The program may answer beforehand.
        told.or(match self.on_unknown() {
            OnUnknown::Ask => None,
            OnUnknown::Fail => Some(Known::Failed),
            OnUnknown::Retry => Some(Known::Retry),
        })
    }

    /// What the program says of operations that must not be repeated, and whose end is not known.
    pub(super) fn on_unknown(&self) -> OnUnknown {
        self.step.map(|step| step.on_unknown).unwrap_or_default()
    }

    /// Whether nothing but a person tells the end of this operation, should it stay unknown.
    pub(super) fn asks_a_person(&self, operation: &Operation) -> bool {
        let is_untold = match self.step.map(|step| &step.action) {
            Some(Action::Call { once, .. }) => *once && !is_repeatable(operation),
            _ => operation.repeat == Repeat::None && !self.can_be_read(),
        };
        is_untold && self.on_unknown() == OnUnknown::Ask
    }

    /// What then is to be done for its end to be known.
    pub(super) fn how_to_know(&self) -> String {
        let is_call = self.step.is_some_and(|step| matches!(step.action, Action::Call { .. }));
        match is_call || !self.can_be_read() {
            // Looking tells nothing of it.
            true => self.how_to_answer(),
            false => {
                "run again when the site answers: it is asked first, and nothing is sent twice".to_owned()
            }
        }
    }

    /// What a person does who is asked whether it was done.
    pub(super) fn how_to_answer(&self) -> String {
        let place = shell::word(&format!("{}@{}", self.recorded_name(), self.site_name()));
        match &self.shared.options.at {
            Some(at) => format!(
                "look at the site, then `scope resume{at} --answer {place}=done`, `=failed`, or `=retry` to send it once more"
            ),
            None => format!(
                "after a run one looks at the site and answers `--answer {place}=done`, `=failed` or `=retry`; a simulation leaves nothing to go on with: say beforehand what then is to be done, `with {{ on_unknown: retry }}` or `fail`"
            ),
        }
    }

    /// The answer was that it took no effect, and that this run shall not send it: what a `|` may pass over.
    pub(super) async fn answered_failed(&self, operation: &Operation) -> Result<Bad, Bad> {
        self.settle()?;
        self.shared.ledger.commit().await?;
        let message = format!(
            "`{}` of `{}` at `{}` was not done, as was said",
            operation.name,
            self.name,
            self.site_name()
        );
        Ok(Bad::new(Failure::new("E0906", Outcome::Unavailable, message).with_help("the next run does it")))
    }
}

/// What our request made, if the site can tell: by our mark; where there is no room for one, what was not there before.
pub(super) async fn look_again(subject: &Subject<'_>, given: &Given) -> Result<Option<Record>, Trouble> {
    let found = match what_is_there(subject, given).await {
        Ok(found) => found,
        Err(bad) if bad.is_stopped => return Err(Trouble::Stopped),
        Err(bad) => {
            return Err(Trouble::Site(SiteError {
                kind: if bad.is_cut_off { SiteErrorKind::Lost } else { SiteErrorKind::Unavailable },
                words: bad.failure.site_words.unwrap_or(bad.failure.message),
                request: bad.failure.request,
                status: bad.failure.status,
            }));
        }
    };
    let has_mark = subject.resource_type.mark.is_some();
    let ours = found.into_iter().filter(|record| !has_mark || subject.bears_our_mark(record));
    let ours: Vec<Record> = ours.collect();
    if let (2.., true, Some(step)) = (ours.len(), has_mark, subject.step) {
        subject.shared.memory(step.id).doubts();
    }
    Ok(ours.into_iter().next())
}

/// The request was sent and no good answer came: look, and wait as long as it may still take effect.
pub(super) async fn after_silence(
    subject: &Subject<'_>,
    operation: &Operation,
    given: &Given,
    memory: &Memory,
    trouble: Trouble,
) -> Result<Record, Bad> {
    subject.report(|| "the answer was lost: looks whether it was done".to_owned());
    let patient = subject.in_aftermath();
    let settled = Instant::now() + Duration::from_millis(operation.settles_ms);
    let mut n_silences = 0;
    while n_silences < MOST_SILENCES && subject.can_be_read() {
        match look_again(&patient, given).await {
            Ok(Some(record)) => return Ok(record),
            Ok(None) if Instant::now() >= settled => {
                // It is certain: it was not done, and will not be.
                memory.touch(Touched::Nothing);
                return Err(absent(subject, operation, trouble)?);
            }
            Ok(None) => n_silences = 0,
            Err(Trouble::Stopped) => return Err(Bad::stopped()),
            Err(_) => n_silences += 1,
        }
        if Instant::now() + LOOK_EVERY >= patient.deadline.get() {
            break;
        }
        patient.pause(LOOK_EVERY).await.map_err(|trouble| subject.failed(trouble))?;
    }
    // The site cannot be asked.
    if operation.repeat == Repeat::None {
        Err(subject.unknown(&operation.name, trouble))
    } else {
        Err(subject.failed(trouble))
    }
}

/// Nothing came of the request. Repeating it is another matter: only where the driver says that it is safe, or the
/// program that it is wanted.
fn absent(subject: &Subject<'_>, operation: &Operation, trouble: Trouble) -> Result<Bad, Bad> {
    if operation.repeat == Repeat::None && subject.on_unknown() != OnUnknown::Retry {
        return Ok(subject.unknown(&operation.name, trouble));
    }
    subject.settle()?;
    let bad = subject.failed(trouble);
    let is_malformed = bad.failure.code == "E0704";
    Ok(if is_malformed || subject.is_out_of_time() { bad } else { bad.retryable() })
}
