//! What a procedure is about: a resource of a type at a site, with a time limit; and the one way to ask the site.
//!
//! `subject.ask(create, …)` → the site's answer, or [`Trouble`]: silence when the time is over, *stopped* when the user
//! interrupts. While the site says *busy*, it is asked again.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use scope_plan::driver::{Driver, Operation, OperationKind, ResourceType};
use scope_plan::expr::FileRef;
use scope_plan::plan::{KeptSecret, SiteId, Step};
use scope_plan::recorded::borrowed_name;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::call::is_reading;
use super::failure::{Bad, Trouble, duration_literal, duration_words};
use crate::events::{Failure, Outcome, Progress as ProgressEvent};
use crate::runner::Shared;
use crate::schedule::Touched;
use crate::site::{
    Answer, Content, ContentStream, LocalFuture, OperationCall, Progress, Site, SiteError, SiteErrorKind,
};
use crate::state::Changed;

/// How long what is done after the steps may take, a debt of an earlier run or a guard that is settled.
const LATER_MS: u64 = 30_000;
/// The first pause while a site is busy, and the longest.
const BUSY_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_BUSY_PAUSE: Duration = Duration::from_secs(5);
/// How long a request under way is awaited once the user interrupts.
const GRACE: Duration = Duration::from_secs(10);
/// How long a site may be asked what became of a lost request, though the time is over.
const AFTERMATH: Duration = Duration::from_secs(10);

/// What all attempts of one step have in common.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    first_start: Cell<Option<Instant>>,
    touched: Cell<Touched>,
    is_cut_off: Cell<bool>,
    /// A request of it was sent, or tried to be, and not answered.
    was_silent: Cell<bool>,
    sent_at: Cell<Option<Instant>>,
    is_repeated: Cell<bool>,
    is_doubtful: Cell<bool>,
    has_removed: Cell<bool>,
    has_clear_places: Cell<bool>,
    waited: Cell<Duration>,
    is_parked: Cell<bool>,
    is_given_up: Cell<bool>,
    /// From its first attempt to its end, once it has ended.
    took: Cell<Option<Duration>>,
    /// The identity of what was changed, and how.
    changed: RefCell<(String, Vec<Change>)>,
}

/// An attribute that a step changed of something that was there before.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) attribute: String,
    pub(super) before: Value,
    pub(super) set: Value,
}

/// What is recorded of a change, as far as it can be set back.
pub(super) fn changes_of(changed: &Changed) -> impl Iterator<Item = Change> + '_ {
    changed.attributes.iter().filter_map(|known| {
        let (before, set) = known.values.clone()?;
        Some(Change { attribute: known.attribute.clone(), before, set })
    })
}

impl Memory {
    /// An attempt begins: when the first one did.
    pub(crate) fn starts(&self, now: Instant) -> Instant {
        let start = self.first_start.get().unwrap_or(now);
        self.first_start.set(Some(start));
        start
    }

    /// When the first attempt began.
    pub(crate) fn first_start(&self) -> Instant {
        self.first_start.get().unwrap_or_else(|| self.starts(Instant::now()))
    }

    /// How long ago that was; nothing if there was none.
    pub(crate) fn elapsed(&self) -> Duration {
        self.first_start.get().map_or(Duration::ZERO, |start| start.elapsed())
    }

    /// It has ended, at least for now: how long it took.
    pub(crate) fn ends(&self, now: Instant) -> Duration {
        let took = self.first_start.get().map_or(Duration::ZERO, |start| now - start);
        self.took.set(Some(took));
        took
    }

    /// How long it took; so far, if it has not ended.
    pub(crate) fn took(&self) -> Duration {
        self.took.get().unwrap_or_else(|| self.elapsed())
    }

    /// Whether there was an attempt.
    pub(crate) fn has_begun(&self) -> bool {
        self.first_start.get().is_some()
    }

    /// Takes note that nobody wants it any more.
    pub(crate) fn gives_up(&self) {
        self.is_given_up.set(true);
    }

    /// Whether nobody wants it any more: its alternative was left, or it is taken back.
    pub(crate) fn is_given_up(&self) -> bool {
        self.is_given_up.get()
    }

    /// What is left at the site.
    pub(crate) fn touched(&self) -> Touched {
        self.touched.get()
    }

    /// Takes note of what is left at the site.
    pub(super) fn touch(&self, touched: Touched) {
        self.touched.set(touched);
    }

    /// Takes note of what is about to be changed; what was noted first is what there was.
    pub(super) fn change(&self, identity: &str, changes: impl IntoIterator<Item = Change>) {
        self.touch(self.touched().max(Touched::Changed));
        let (known_identity, changed) = &mut *self.changed.borrow_mut();
        identity.clone_into(known_identity);
        for change in changes {
            match changed.iter_mut().find(|known| known.attribute == change.attribute) {
                Some(known) => known.set = change.set,
                None => changed.push(change),
            }
        }
    }

    /// Takes note that nothing of what was noted was changed.
    pub(super) fn changes_nothing(&self) {
        self.touch(Touched::Nothing);
        *self.changed.borrow_mut() = Default::default();
    }

    /// What was changed: its identity, and how.
    pub(super) fn changed(&self) -> (String, Vec<Change>) {
        self.changed.borrow().clone()
    }

    /// Takes note of what a run that did not come to its end had changed.
    pub(super) fn remember(&self, changed: &Changed) {
        if self.touched() == Touched::Nothing {
            self.change(&changed.identity, changes_of(changed));
        }
    }

    /// Takes note that what must not be repeated is sent once more, because a person or the program says so.
    pub(super) fn repeats(&self) {
        self.is_repeated.set(true);
    }

    /// Whether it may have been done twice.
    pub(super) fn is_repeated(&self) -> bool {
        self.is_repeated.get()
    }

    /// Takes note that its creation is sent once more though it may be repeated: there may be two in the end.
    pub(super) fn doubts(&self) {
        self.is_doubtful.set(true);
    }

    /// Whether there may be two.
    pub(super) fn is_doubtful(&self) -> bool {
        self.is_doubtful.get()
    }

    /// Takes note that it waits for its site.
    pub(crate) fn parks(&self) {
        self.is_parked.set(true);
    }

    /// An attempt begins: of what was parked its time begins anew.
    fn begins(&self) {
        if self.is_parked.take() {
            self.waited.set(self.elapsed());
        }
    }

    /// Takes note that something was (perhaps) deleted at the site, also where the step then failed or was left out.
    pub(super) fn removes(&self) {
        self.has_removed.set(true);
    }

    /// Takes note, in a survey, that the run will have the places for what is kept of the site's secrets.
    pub(super) fn clears_places(&self) {
        self.has_clear_places.set(true);
    }

    /// Whether it will.
    pub(super) fn has_clear_places(&self) -> bool {
        self.has_clear_places.get()
    }

    /// Whether its site is not as it was: what the run is judged by, whatever became of the step in the end.
    pub(crate) fn has_changed_its_site(&self) -> bool {
        self.touched() != Touched::Nothing || self.has_removed.get()
    }

    /// Takes note of time that does not count.
    fn waits(&self, waited: Duration) {
        self.waited.set(self.waited.get() + waited);
    }

    /// How much of its time does not count: it was parked, or an earlier run's request was waited for.
    pub(crate) fn waited(&self) -> Duration {
        self.waited.get()
    }

    /// Takes note that a creation or a call left.
    pub(super) fn sends(&self) {
        self.sent_at.set(Some(Instant::now()));
    }

    /// Whether an attempt sent one.
    pub(super) fn has_sent(&self) -> bool {
        self.sent_at.get().is_some()
    }

    /// How long ago the last one left.
    pub(super) fn since_sent(&self) -> Option<Duration> {
        self.sent_at.get().map(|sent_at| sent_at.elapsed())
    }

    /// Takes note whether the site answered the last attempt.
    pub(crate) fn set_cut_off(&self, is_cut_off: bool) {
        self.is_cut_off.set(is_cut_off);
    }

    /// Whether the site was silent in the last attempt.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.is_cut_off.get()
    }
}

/// A resource at a site, and how long it may take.
#[derive(Clone)]
pub(crate) struct Subject<'s> {
    pub(crate) shared: &'s Shared<'s>,
    pub(crate) driver: &'s Driver,
    pub(crate) resource_type: &'s ResourceType,
    pub(crate) site_id: SiteId,
    pub(crate) site: Rc<dyn Site>,
    /// The global name.
    pub(crate) name: &'s str,
    /// A copy: the site of its origin.
    pub(crate) from: Option<&'s str>,
    /// The step's key.
    pub(crate) key: &'s str,
    /// Its step, for progress.
    pub(crate) step: Option<&'s Step>,
    pub(crate) deadline: Cell<Instant>,
    pub(crate) time_out_ms: u64,
    /// It asks though others were not answered: what became of a request that was sent has to be known.
    pub(crate) insists: bool,
}

/// What goes with a request.
pub(crate) struct Asked<'a> {
    pub(crate) inputs: &'a Map<String, Value>,
    pub(crate) changes: Option<&'a Map<String, Value>>,
    pub(crate) mark: Option<String>,
    pub(crate) content: Option<Content>,
    pub(crate) reports_progress: bool,
}

impl<'a> Asked<'a> {
    /// Only inputs.
    pub(super) fn with(inputs: &'a Map<String, Value>) -> Self {
        Self { inputs, changes: None, mark: None, content: None, reports_progress: false }
    }
}

impl<'s> Subject<'s> {
    /// The subject of a step; its time began with the first attempt, or with the first one after it was parked.
    pub(crate) fn of_step(shared: &'s Shared<'s>, step: &'s Step) -> Result<Self, Bad> {
        shared.memory(step.id).begins();
        let start = shared.memory(step.id).first_start();
        let waited = shared.memory(step.id).waited();
        let deadline = Cell::new(start + Duration::from_millis(step.timeout_ms) + waited);
        let of = |name: &str| shared.resource_type(name);
        let Some((driver, resource_type)) = step.action.resource_type().and_then(of) else {
            let message = format!("the plan does not have the type of `{}`", step.name);
            return Err(Bad::new(Failure::new("E0801", Outcome::Invalid, message)));
        };
        Ok(Self {
            shared,
            driver,
            resource_type,
            site_id: step.site,
            site: shared.sites.site(step.site),
            name: &step.name,
            from: None,
            key: &step.key,
            step: Some(step),
            deadline,
            time_out_ms: step.timeout_ms,
            insists: false,
        })
    }

    /// What is done with a resource after the steps: it has a time of its own. `None` where the plan does not have its type.
    pub(super) fn later(
        shared: &'s Shared<'s>,
        resource_type: &str,
        site: SiteId,
        name: &'s str,
        key: &'s str,
    ) -> Option<Self> {
        let (driver, resource_type) = shared.resource_type(resource_type)?;
        Some(Self {
            shared,
            driver,
            resource_type,
            site_id: site,
            site: shared.sites.site(site),
            name,
            from: None,
            key,
            step: None,
            deadline: Cell::new(Instant::now() + Duration::from_millis(LATER_MS)),
            time_out_ms: LATER_MS,
            insists: false,
        })
    }

    /// The same resource at another site.
    pub(super) fn at(&self, site: SiteId) -> Self {
        Self { site_id: site, site: self.shared.sites.site(site), ..self.clone() }
    }

    /// The same as a copy of what is at another site.
    pub(super) fn copied_from(&self, site: SiteId) -> Self {
        Self { from: Some(&self.shared.plan.site(site).name), ..self.clone() }
    }

    /// The name that it is recorded with.
    pub(super) fn recorded_name(&self) -> Cow<'s, str> {
        self.from.map_or(Cow::Borrowed(self.name), |from| borrowed_name(self.name, from).into())
    }

    /// The same with so much more time from now on, at least, and asking whatever was not answered before.
    pub(super) fn in_aftermath(&self) -> Self {
        let deadline = self.deadline.get().max(Instant::now() + AFTERMATH);
        Self { deadline: Cell::new(deadline), insists: true, ..self.clone() }
    }

    /// The site's name.
    pub(super) fn site_name(&self) -> &'s str {
        &self.shared.plan.site(self.site_id).name
    }

    /// Time that an earlier run's request took is none of this one's.
    pub(super) fn has_waited(&self, waited: Duration) {
        self.deadline.set(self.deadline.get() + waited);
        if let Some(step) = self.step {
            self.shared.memory(step.id).waits(waited);
        }
    }

    /// Whether the time is over.
    pub(super) fn is_out_of_time(&self) -> bool {
        Instant::now() >= self.deadline.get()
    }

    /// The time limit for people: `30 s`.
    pub(super) fn time_out(&self) -> String {
        duration_words(self.time_out_ms)
    }

    /// Twice the time limit, as a program writes it.
    pub(super) fn double_time_out(&self) -> String {
        duration_literal(self.time_out_ms.saturating_mul(2))
    }

    /// Tells what the step is doing.
    pub(super) fn report(&self, status: impl FnOnce() -> String) {
        if let Some(step) = self.step {
            self.shared.progress(step.id, ProgressEvent::Status(status()));
        }
    }

    /// The secrets that an operation makes, where it is the creation, and where they are kept.
    fn kept_of(&self, operation: &Operation) -> &'s [KeptSecret] {
        let is_creation = operation.kind == OperationKind::Create;
        self.step.filter(|_| is_creation).map_or(&[], |step| step.action.keep_in())
    }

    /// Asks the site for one operation.
    ///
    /// # Errors
    /// The site's bad answer or silence; [`Trouble::Stopped`].
    pub(super) async fn ask(&self, operation: &Operation, asked: Asked<'_>) -> Result<Answer, Trouble> {
        let Asked { inputs, changes, mark, content, reports_progress } = asked;
        let mut content = content;
        let mut pause = BUSY_PAUSE;
        let key = self.idempotency_key(operation);
        loop {
            let (now, later) = match content {
                None => (None, None),
                Some(Content::File(file)) => (Some(Content::File(file.clone())), Some(Content::File(file))),
                Some(Content::Stream(stream)) => (Some(Content::Stream(stream)), None),
            };
            let is_repeatable = now.is_none() || later.is_some();
            content = later;
            let call = OperationCall {
                driver: self.driver,
                resource_type: self.resource_type,
                operation,
                inputs,
                changes,
                mark: mark.clone(),
                idempotency_key: &key,
                progress: self.byte_progress(reports_progress && now.is_some()),
                content: now,
                keep_in: self.kept_of(operation),
            };
            if !is_reading(operation) && self.shared.ledger.assure().await.is_err() {
                return Err(Trouble::Stopped);
            }
            let service = self.resource_type.service.as_str();
            let circuits = &self.shared.circuits;
            let memory = self.step.map(|step| self.shared.memory(step.id));
            // One that was not answered before tries as often as it may.
            let insists = self.insists || memory.is_some_and(|memory| memory.was_silent.get());
            if !insists && let Some(words) = circuits.refuses(self.site_id, service) {
                let kind = SiteErrorKind::Unreachable;
                return Err(Trouble::Site(SiteError { kind, words, request: None, status: None }));
            }
            let asked_at = Instant::now();
            let answer = self.awaited(self.site.operate(call)).await;
            match &answer {
                Err(Trouble::Stopped) => {}
                Err(trouble) if trouble.is_silence() => {
                    if let Some(memory) = memory {
                        memory.was_silent.set(true);
                    }
                    circuits.silent(self.site_id, service, asked_at.elapsed());
                }
                _ => circuits.heard(self.site_id, service),
            }
            if matches!(answer, Err(Trouble::Site(_))) && self.shared.ledger.assure().await.is_err() {
                return Err(Trouble::Stopped);
            }
            let is_busy = matches!(&answer, Err(Trouble::Site(error)) if error.kind == SiteErrorKind::Busy);
            if !is_busy || !is_repeatable || Instant::now() + pause >= self.deadline.get() {
                return answer;
            }
            self.report(|| "waits: the site is busy with it".to_owned());
            // Boxed, as others that are seldom waited for: a request under way does not take their room.
            Box::pin(self.pause(pause)).await?;
            pause = (pause * 2).min(LONGEST_BUSY_PAUSE);
        }
    }

    /// The answer, unless the time is over or the user loses patience before.
    async fn awaited(
        &self,
        mut answer: LocalFuture<'_, Result<Answer, SiteError>>,
    ) -> Result<Answer, Trouble> {
        match (&mut answer).now_or_never() {
            Some(answer) => answer.map_err(Trouble::Site),
            // Only what is not answered at once needs a clock, and the room for one.
            None => Box::pin(self.awaited_in_time(answer)).await,
        }
    }

    async fn awaited_in_time(
        &self,
        answer: LocalFuture<'_, Result<Answer, SiteError>>,
    ) -> Result<Answer, Trouble> {
        let interrupt = &self.shared.options.interrupt;
        let grace_over = async {
            interrupt.reached(1).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            biased;
            answer = tokio::time::timeout_at(self.deadline.get(), answer) => match answer {
                Ok(answer) => answer.map_err(Trouble::Site),
                Err(_) => Err(Trouble::Site(SiteError {
                    kind: SiteErrorKind::Lost,
                    words: format!("no answer within {}", self.time_out()),
                    request: None,
                    status: None,
                })),
            },
            () = grace_over => Err(Trouble::Stopped),
        }
    }

    /// Waits, unless the user interrupts.
    ///
    /// # Errors
    /// [`Trouble::Stopped`].
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), Trouble> {
        tokio::select! {
            biased;
            () = self.shared.options.interrupt.reached(1) => Err(Trouble::Stopped),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// The same for every attempt, in this run and in one that finishes it: a request that is still on its way keeps the
    /// number of the run that sent it.
    fn idempotency_key<'k>(&'k self, operation: &'k Operation) -> IdempotencyKey<'k> {
        let sent = self.shared.ledger.with(|state| state.sent.get(self.key).map(|sent| sent.run));
        IdempotencyKey {
            deployment: &self.shared.deployment,
            run: sent.unwrap_or(self.shared.run),
            step: self.key,
            operation: &operation.name,
        }
    }

    fn byte_progress(&self, is_wanted: bool) -> Option<Progress> {
        let step = self.step.filter(|_| is_wanted)?.id;
        let board = self.shared.board.clone();
        Some(Rc::new(move |done, total| board.post(step, ProgressEvent::Bytes { done, total })))
    }

    /// The operation that reads one.
    pub(super) fn read_operation(&self) -> Option<&'s Operation> {
        self.resource_type.operation_of(OperationKind::Read)
    }

    /// The operation that finds some.
    pub(super) fn find_operation(&self) -> Option<&'s Operation> {
        self.resource_type.operation_of(OperationKind::Find)
    }
}

/// `4f1c…/12/paris/base/create`.
struct IdempotencyKey<'k> {
    deployment: &'k str,
    run: u64,
    step: &'k str,
    operation: &'k str,
}

impl fmt::Display for IdempotencyKey<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}/{}", self.deployment, self.run, self.step, self.operation)
    }
}

/// Content that a file of the program gives.
pub(super) fn file_content(file: &FileRef) -> Content {
    Content::File(file.clone())
}

/// Content that is a text of the program.
pub(super) fn text_content(text: &str) -> Content {
    let bytes = text.as_bytes().to_vec();
    Content::Stream(ContentStream {
        length: Some(bytes.len() as u64),
        chunks: Box::new(OneChunk(Some(bytes))),
    })
}

struct OneChunk(Option<Vec<u8>>);

impl crate::site::ChunkSource for OneChunk {
    fn next(&mut self) -> crate::site::NextChunk<'_> {
        let chunk = self.0.take();
        Box::pin(async move { chunk.map(Ok) })
    }
}
