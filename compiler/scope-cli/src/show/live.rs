//! The lines at the bottom of a terminal: what [`Meter`] says, drawn again with every event and, for the times in it, a few
//! times a second; lines that stay are printed above them.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use scope_plan::plan::Plan;
use scope_runtime::events::{RunEvent, RunEventKind};

use super::meter::Meter;

/// Drawn again at least so often.
const EVERY: Duration = Duration::from_millis(200);
/// And not more often: events may come by the thousand.
const NOT_WITHIN: Duration = Duration::from_millis(50);
/// The terminal's lines that are left to what was printed before.
const SPARED: usize = 4;

/// What is drawn; gone when dropped.
pub struct Live {
    drawing: Arc<Mutex<Drawing>>,
    ticker: Option<(mpsc::Sender<()>, thread::JoinHandle<()>)>,
}

struct Drawing {
    meter: Meter,
    all: MultiProgress,
    bars: Vec<ProgressBar>,
    /// Zero of the events' time.
    started: Instant,
    drawn: Option<Instant>,
    is_over: bool,
}

impl Live {
    /// Of a run of this plan, which has not begun.
    pub fn new(plan: &Plan) -> Live {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let meter = Meter::new(plan);
        let drawing =
            Drawing { meter, all, bars: Vec::new(), started: Instant::now(), drawn: None, is_over: false };
        let drawing = Arc::new(Mutex::new(drawing));
        let (stop, stopped) = mpsc::channel::<()>();
        let ticked = Arc::clone(&drawing);
        let ticker = thread::Builder::new().name("progress".into()).spawn(move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                locked(&ticked).draw();
            }
        });
        // Without it the times stand still between events.
        let ticker = ticker.ok().map(|ticker| (stop, ticker));
        Live { drawing, ticker }
    }

    /// Takes note of an event, and draws.
    pub fn take(&self, event: &RunEvent) {
        let mut drawing = locked(&self.drawing);
        match event.kind {
            RunEventKind::RunStarted { .. } => drawing.started = Instant::now(),
            RunEventKind::RunEnded { .. } => return drawing.end(),
            _ => {}
        }
        drawing.meter.take(event);
        drawing.draw();
    }

    /// Prints a line that stays.
    pub fn say(&self, text: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = locked(&self.drawing).all.println(text);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some((stop, ticker)) = self.ticker.take() {
            drop(stop);
            let _ = ticker.join();
        }
        locked(&self.drawing).end();
    }
}

impl Drawing {
    fn draw(&mut self) {
        if self.is_over {
            return;
        }
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < NOT_WITHIN) {
            return;
        }
        self.drawn = Some(Instant::now());
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let lines = self.meter.lines(now_ms, most_lines());
        while self.bars.len() < lines.len() {
            let style = ProgressStyle::with_template("{wide_msg}").expect("the template is constant");
            self.bars.push(self.all.add(ProgressBar::new_spinner().with_style(style)));
        }
        for bar in self.bars.drain(lines.len()..) {
            bar.finish_and_clear();
        }
        for (bar, line) in self.bars.iter().zip(lines) {
            if bar.message() != line {
                bar.set_message(line);
            }
        }
    }

    fn end(&mut self) {
        self.is_over = true;
        for bar in self.bars.drain(..) {
            bar.finish_and_clear();
        }
    }
}

fn locked(drawing: &Mutex<Drawing>) -> MutexGuard<'_, Drawing> {
    drawing.lock().unwrap_or_else(PoisonError::into_inner)
}

fn most_lines() -> usize {
    let (height, _) = Term::stderr().size();
    usize::from(height).saturating_sub(SPARED).max(3)
}
