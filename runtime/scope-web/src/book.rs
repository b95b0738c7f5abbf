//! What was told so far, for every reader from its beginning, and the latest progress of what is under way.
//!
//! Events that stay are kept as the lines they are; of progress only the newest of each step, so that a long transfer
//! costs nothing and a slow reader gets fewer, newer ones.
//!
//! `reader.news()` → `[Plan("{…}"), Event { index: 0, line: "{…}" }, …]`, and nothing while there is none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use scope_runtime::events::{RunEvent, RunEventKind};
use tokio::sync::watch;

/// A reader gets so much at once.
const AT_ONCE: usize = 512;

/// Written by the run, read by every stream.
pub(crate) struct Book {
    pages: Mutex<Pages>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Pages {
    /// The run that is shown, from 1; 0 before the first.
    run: u64,
    plan: Arc<str>,
    lines: Vec<Arc<str>>,
    /// Step → when it was noted, and the line.
    progress: BTreeMap<u32, (u64, Arc<str>)>,
    n_progress: u64,
    /// When `run_started` came.
    started: Option<Instant>,
    is_over: bool,
    is_closed: bool,
}

/// One thing a reader is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Another run, to be shown from its beginning: the plan's view.
    Plan { run: u64, view: Arc<str> },
    /// Milliseconds since the run began, for a clock that goes on between events.
    Clock(u128),
    /// An event that stays.
    Event { run: u64, index: usize, line: Arc<str> },
    /// An event that a newer one replaces.
    Progress(Arc<str>),
}

/// How far one reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) run: u64,
    pub(crate) next: usize,
    pub(crate) progress: u64,
}

impl Default for Book {
    fn default() -> Self {
        Self { pages: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        // What is in it stays readable, whatever became of a reader's thread.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.pages().run > 0
    }

    pub(crate) fn begin(&self, view: &str) {
        let mut pages = self.pages();
        *pages = Pages { run: pages.run + 1, plan: view.into(), ..Pages::default() };
        drop(pages);
        self.changed.send_replace(());
    }

    pub(crate) fn event(&self, event: &RunEvent) {
        let line: Arc<str> = event.to_json_line().into();
        let mut pages = self.pages();
        match &event.kind {
            RunEventKind::StepProgress { step, .. } => {
                pages.n_progress += 1;
                let number = pages.n_progress;
                pages.progress.insert(step.0, (number, line));
            }
            kind => {
                match kind {
                    RunEventKind::RunStarted { .. } => pages.started = Some(Instant::now()),
                    RunEventKind::RunEnded { .. } => pages.is_over = true,
                    _ => {}
                }
                if let Some(step) = kind.ended_step() {
                    pages.progress.remove(&step.0);
                }
                pages.lines.push(line);
            }
        }
        drop(pages);
        self.changed.send_replace(());
    }

    /// Nothing more will be told.
    pub(crate) fn close(&self) {
        self.pages().is_closed = true;
        self.changed.send_replace(());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.pages().is_closed
    }

    /// Resolves with the next change after this is called.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// What is new for a reader at this place, which goes on.
    pub(crate) fn news(&self, place: &mut Place) -> Vec<News> {
        let pages = self.pages();
        let mut news = Vec::new();
        if pages.run == 0 {
            return news;
        }
        if place.run != pages.run || place.next > pages.lines.len() {
            *place = Place { run: pages.run, ..Place::default() };
            news.push(News::Plan { run: pages.run, view: Arc::clone(&pages.plan) });
        }
        if place.next == 0
            && let Some(started) = pages.started.filter(|_| !pages.is_over)
        {
            news.push(News::Clock(started.elapsed().as_millis()));
        }
        let lines = pages.lines.iter().enumerate().skip(place.next).take(AT_ONCE);
        for (index, line) in lines {
            news.push(News::Event { run: pages.run, index, line: Arc::clone(line) });
            place.next = index + 1;
        }
        if place.next == pages.lines.len() {
            let fresh = pages.progress.values().filter(|(number, _)| *number > place.progress);
            news.extend(fresh.map(|(_, line)| News::Progress(Arc::clone(line))));
            place.progress = pages.n_progress;
        }
        news
    }
}
