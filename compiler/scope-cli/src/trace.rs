//! `--log LEVEL` and `SCOPE_LOG`: what the product does inside, as spans and events, on stderr or in a file.
//!
//! `run{number=7 program=main.scope}:step{name=vm site=nantes}:attempt{number=1}: created millis=1200`. Only our own crates
//! speak: a library below them may print the headers of a request, and with them secrets.

#[cfg(feature = "otel")]
mod otel;

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::args::Log;
use crate::output::note;

/// All of our crates begin so.
const OURS: &str = "scope";
const VARIABLE: &str = "SCOPE_LOG";

/// What listens, as long as it lives.
#[derive(Default)]
pub struct Listening {
    /// Lines go to stderr, where nothing else may be redrawn then.
    pub is_on_stderr: bool,
    /// Sends what it still has when it is dropped.
    #[cfg(feature = "otel")]
    _sent: Option<otel::Sending>,
}

/// Listens as the arguments and the environment say. `Err` has said what is wrong.
pub fn listen(log: &Log, is_colored: bool) -> Result<Listening, ()> {
    let from_environment = std::env::var(VARIABLE).ok().filter(|level| !level.is_empty());
    let (word, source) = match (&log.log, &from_environment) {
        (Some(word), _) => (Some(word), "--log"),
        (None, Some(word)) => (Some(word), VARIABLE),
        (None, None) => (None, VARIABLE),
    };
    let level = match word.map(|word| level(word)) {
        Some(None) => {
            let word = word.map_or("", String::as_str);
            note(&format!("error[E0961]: `{source}` is `{word}`, which is no level"));
            note("help: one of `error`, `warn`, `info`, `debug`, `trace`");
            return Err(());
        }
        Some(Some(level)) => Some(level),
        None => log.log_file.as_ref().map(|_| Level::INFO),
    };
    let mut listening = Listening::default();
    let mut layers = Vec::new();
    #[cfg(feature = "otel")]
    if let Some((layer, sending)) = otel::layer()? {
        layers.push(layer.with_filter(Targets::new().with_target(OURS, Level::DEBUG)).boxed());
        listening._sent = Some(sending);
    }
    if let Some(level) = level {
        layers.push(spoken(log, level, is_colored)?);
        listening.is_on_stderr = log.log_file.is_none();
    }
    if !layers.is_empty() {
        tracing_subscriber::registry().with(layers).init();
    }
    Ok(listening)
}

/// Lines, one a span that ends and one an event.
fn spoken(log: &Log, level: Level, is_colored: bool) -> Result<Box<dyn Layer<Registry> + Send + Sync>, ()> {
    let spoken = tracing_subscriber::fmt::layer().with_target(false).with_span_events(FmtSpan::CLOSE);
    let filter = Targets::new().with_target(OURS, level);
    Ok(match &log.log_file {
        None => spoken.with_ansi(is_colored).with_writer(std::io::stderr).with_filter(filter).boxed(),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.map_err(|error| {
                note(&format!("error[E0962]: the log `{path}` cannot be written: {error}"));
            })?;
            spoken.with_ansi(false).with_writer(Mutex::new(file)).with_filter(filter).boxed()
        }
    })
}

fn level(word: &str) -> Option<Level> {
    ["error", "warn", "info", "debug", "trace"].contains(&word).then(|| word.parse().ok()).flatten()
}
