//! One simulated site, as the runner sees it: a request travels, is carried out, and its answer travels back; content
//! takes the time that the link's bandwidth gives.
//!
//! `operate(create shelf.book)` at a site with a round trip of 12 ms → sent at 0, carried out at 6 ms, answered at 12 ms.

use std::cell::RefCell;
use std::rc::Rc;

use scope_plan::driver::{Driver, ResourceType};
use tracing::Instrument;

use super::call::{Call, Outcome};
use super::clock::Moment;
use super::content::{Content, Intake, file_content};
use super::mutants::{self, Mutant};
use super::world::{Slot, World};
use crate::site::{
    Answer, Content as SentContent, LocalFuture, OperationCall, ServiceProbe, Site, SiteError, SiteErrorKind,
};

type Progress = Rc<dyn Fn(u64, Option<u64>)>;

/// A site of a simulation.
pub(super) struct SimulatedSite {
    pub(super) world: Rc<RefCell<World>>,
    /// Its position.
    pub(super) site: usize,
    /// The plan's drivers, for probes.
    pub(super) drivers: Rc<Vec<Driver>>,
}

impl Site for SimulatedSite {
    /// `simulate: { shelf: { book: [{ title: "Dune" }] } }`
    fn declared_by(&self, resource_type: &ResourceType, name: Option<&str>) -> Option<String> {
        let attribute = resource_type.name_attribute.as_ref().unwrap_or(&resource_type.identity);
        let content =
            name.map_or("…".to_owned(), |name| format!("{attribute}: {}", serde_json::json!(name)));
        let within = |held: String, part: &str| format!("{{ {part}: {held} }}");
        let held = resource_type.name.rsplit('.').fold(format!("[{{ {content} }}]"), within);
        Some(format!("simulate: {held}"))
    }

    fn operate<'a>(&'a self, call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
        Box::pin(async move {
            let OperationCall {
                driver,
                resource_type,
                operation,
                inputs,
                changes,
                mark,
                idempotency_key,
                content,
                progress,
                // Nothing that it makes is a secret to anyone.
                keep_in: _,
            } = call;
            let key = idempotency_key.to_string();
            let model = self.world.borrow_mut().model(driver, resource_type);
            let (operation, mentioned) = model.operation(operation);
            let step = self.world.borrow().step_name(&key);
            let mut call = Call {
                model,
                step,
                operation,
                mentioned,
                inputs: inputs.clone(),
                changes: changes.cloned(),
                mark,
                key,
                content: None,
            };
            let words = call.words();
            let span = tracing::debug_span!("request", request = words);
            let outcome = async {
                self.reach(&words).await?;
                if let Some(content) = content {
                    let filling = Filling::begin(self, &call);
                    call.content = Some(self.take_in(content, progress.as_ref()).await?);
                    drop(filling);
                }
                self.request(call, &words).await
            };
            Ok(self.answer(outcome.instrument(span).await?))
        })
    }

    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
        Box::pin(async move {
            let words = "probe";
            let mut probes = Vec::new();
            for driver in self.drivers.iter() {
                if !self.world.borrow().has_service(self.site, &driver.name) {
                    continue;
                }
                for service in &driver.services {
                    let sent = self.now();
                    self.reach(words).await?;
                    self.travel(sent.saturating_add(self.half_trip())).await;
                    let arrived = self.now();
                    let site = self.name();
                    if self.world.borrow().weather.frozen_until(self.site, arrived).is_some() {
                        let patience = self.world.borrow().options.answer_timeout_us;
                        self.travel(sent.saturating_add(patience)).await;
                        return Err(lost(words, "no answer came"));
                    }
                    self.travel(arrived.saturating_add(self.half_trip())).await;
                    let version = match &driver.versions {
                        Some((_, newest)) => format!("{newest} (simulated)"),
                        None => "simulated".to_string(),
                    };
                    probes.push(ServiceProbe {
                        driver: driver.name.clone(),
                        service: service.name.clone(),
                        address: Some(format!("simulated://{site}/{}", service.name)),
                        version: Some(version),
                        rtt_us: self.now().saturating_sub(sent),
                        error: None,
                        is_absent: false,
                    });
                }
            }
            Ok(probes)
        })
    }
}

impl SimulatedSite {
    fn now(&self) -> Moment {
        self.world.borrow().clock.now()
    }

    fn name(&self) -> String {
        self.world.borrow().sites[self.site].name.clone()
    }

    /// Half of a round trip, slowness included.
    fn half_trip(&self) -> u64 {
        let world = self.world.borrow();
        (world.sites[self.site].rtt_us + world.weather.slowness(self.site, world.clock.now())) / 2
    }

    async fn travel(&self, moment: Moment) {
        let clock = self.world.borrow().clock.clone();
        clock.sleep_until(moment).await;
    }

    /// Waits for a moment, or until a fault begins or ends before its time.
    async fn wait_until(&self, moment: Moment) {
        let weather = std::sync::Arc::clone(&self.world.borrow().weather);
        weather.wait_until(moment).await;
    }

    /// A connection to the site.
    ///
    /// # Errors
    /// [`SiteErrorKind::Unreachable`] when it stays cut for as long as a connection is tried.
    async fn reach(&self, words: &str) -> Result<(), SiteError> {
        let deadline = self.now().saturating_add(self.world.borrow().options.connect_timeout_us);
        loop {
            let now = self.now();
            let cut = self.world.borrow().weather.cut_until(self.site, now);
            let Some(until) = cut else { return Ok(()) };
            if now >= deadline {
                return Err(SiteError {
                    kind: SiteErrorKind::Unreachable,
                    words: "connecting timed out".into(),
                    request: Some(words.to_string()),
                    status: None,
                });
            }
            self.wait_until(until.min(deadline)).await;
        }
    }

    /// Sends the request and waits for its answer.
    async fn request(&self, call: Call, words: &str) -> Result<Outcome, SiteError> {
        let sent = self.now();
        let half_trip = self.half_trip();
        let deadline = sent.saturating_add(self.world.borrow().options.answer_timeout_us);
        let slot = self.world.borrow_mut().send(self.site, call, sent.saturating_add(half_trip), deadline);
        let silent = || lost(words, "no answer came");
        let (outcome, at) = loop {
            let now = self.now();
            self.world.borrow_mut().settle(self.site, now);
            let state = slot.borrow().clone();
            let next = match state {
                Slot::Answered { outcome, at, is_answer_lost: false } => break (outcome, at),
                Slot::Answered { at, .. } => {
                    self.travel(at.saturating_add(half_trip)).await;
                    return Err(lost(words, "the connection broke before the answer"));
                }
                Slot::Waiting(next) => next,
                Slot::Dropped => deadline,
            };
            if now >= deadline {
                return Err(silent());
            }
            self.wait_until(next.min(deadline)).await;
        };
        let arrives = at.saturating_add(half_trip);
        self.travel(arrives).await;
        // A cut that begins when the answer arrives does not keep it.
        let mut passes = arrives.saturating_sub(1);
        loop {
            let cut = self.world.borrow().weather.cut_until(self.site, passes);
            let Some(until) = cut.filter(|_| !mutants::is(Mutant::CutPassesAnswers)) else { return outcome };
            if self.now() >= deadline {
                return Err(silent());
            }
            self.wait_until(until.min(deadline)).await;
            passes = self.now();
        }
    }

    /// Takes in content as fast as the link lets it through.
    async fn take_in(&self, content: SentContent, progress: Option<&Progress>) -> Result<Content, SiteError> {
        let (road, cap) = {
            let world = self.world.borrow();
            (world.road(self.site), world.options.content_cap)
        };
        let mut due = self.now();
        let content = match content {
            SentContent::File(file) => {
                let files = self.world.borrow().options.files.clone();
                let content = file_content(&file, files.as_ref(), cap)?;
                let piece = (content.length / 32).max(64 << 10);
                let mut sent = 0;
                while sent < content.length {
                    road.open().await?;
                    let size = piece.min(content.length - sent);
                    due = due.max(self.now()).saturating_add(road.duration(size));
                    self.travel(due).await;
                    sent += size;
                    if let Some(progress) = progress {
                        progress(sent, Some(content.length));
                    }
                }
                content
            }
            SentContent::Stream(mut stream) => {
                let mut intake = Intake::new(cap);
                while let Some(chunk) = stream.chunks.next().await {
                    let chunk = chunk?;
                    road.open().await?;
                    // The chunk before this one has been on this link while this one was on its own.
                    self.travel(due).await;
                    due = due.max(self.now()).saturating_add(road.duration(chunk.len() as u64));
                    intake.take(&chunk);
                    if let Some(progress) = progress {
                        progress(intake.length(), stream.length);
                    }
                }
                self.travel(due).await;
                intake.finish()
            }
        };
        let known = self.world.borrow().replays.get(&content.sha256).cloned();
        Ok(match known {
            Some(sha256) => Content::known(sha256, content.length),
            None => content,
        })
    }

    fn answer(&self, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Found(record) => Answer::Found(record),
            Outcome::List(records) => Answer::List(records),
            Outcome::Done(record) => Answer::Done(record),
            Outcome::Exists(record) => Answer::Exists(record),
            Outcome::Gone => Answer::Gone,
            Outcome::Content(content) => Answer::Content(content.stream(self.world.borrow().road(self.site))),
        }
    }
}

/// A site knows that content is coming from its first byte on: a restart in between leaves the resource half filled. Over
/// when it is dropped, however the upload ended.
struct Filling<'s> {
    at: &'s SimulatedSite,
    /// Type and identity.
    what: Option<(String, String)>,
}

impl<'s> Filling<'s> {
    fn begin(at: &'s SimulatedSite, call: &Call) -> Self {
        let now = at.now();
        Self { at, what: at.world.borrow_mut().begin_filling(at.site, call, now) }
    }
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        if let Some((resource_type, identity)) = &self.what {
            self.at.world.borrow_mut().end_filling(self.at.site, resource_type, identity);
        }
    }
}

fn lost(request: &str, words: &str) -> SiteError {
    SiteError {
        kind: SiteErrorKind::Lost,
        words: words.to_string(),
        request: Some(request.to_string()),
        status: None,
    }
}
