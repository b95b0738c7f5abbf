//! The HTTP side: the files of the page, and one stream of events a reader. `GET` only, no external asset.
//!
//! `/TOKEN/` → the page; `/TOKEN/events` → `event: plan`, then `event: run` with the lines of `--events json`.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;

use crate::book::{Book, News, Place};
use crate::guard::{Guard, Refusal};

/// The page: name, type, text. All of it is ours, and nothing is loaded from elsewhere.
const FILES: [(&str, &str, &str); 11] = [
    ("", "text/html; charset=utf-8", include_str!("../page/index.html")),
    ("icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
    ("style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    ("main.js", SCRIPT, include_str!("../page/main.js")),
    ("dom.js", SCRIPT, include_str!("../page/dom.js")),
    ("words.js", SCRIPT, include_str!("../page/words.js")),
    ("model.js", SCRIPT, include_str!("../page/model.js")),
    ("sites.js", SCRIPT, include_str!("../page/sites.js")),
    ("graph.js", SCRIPT, include_str!("../page/graph.js")),
    ("timeline.js", SCRIPT, include_str!("../page/timeline.js")),
    ("steps.js", SCRIPT, include_str!("../page/steps.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Everything from the page itself, nothing inline, in no frame, and no form.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// More streams than this at once are refused.
const MOST_READERS: usize = 32;
/// A silent stream says so often that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// News is gathered for so long before it is sent.
const GATHER: Duration = Duration::from_millis(40);

struct Shared {
    guard: Guard,
    book: Arc<Book>,
    n_readers: AtomicUsize,
}

/// Serves on a thread of its own, until the book is closed.
pub(crate) fn start(
    listener: TcpListener,
    guard: Guard,
    book: Arc<Book>,
) -> io::Result<thread::JoinHandle<()>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("scope-web".into()).spawn(move || {
        runtime.block_on(async move {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            let mut changes = book.changes();
            let closed = Arc::clone(&book);
            let shared = Arc::new(Shared { guard, book, n_readers: AtomicUsize::new(0) });
            let app = Router::new()
                .route("/{token}/", get(page))
                .route("/{token}/events", get(events))
                .route("/{token}/{file}", get(file))
                .fallback(nothing)
                .with_state(shared);
            let served = axum::serve(listener, app).with_graceful_shutdown(async move {
                while !closed.is_closed() && changes.changed().await.is_ok() {}
            });
            // Its only end is the one asked for.
            let _ = served.await;
        });
    })
}

async fn page(shared: State<Arc<Shared>>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    file(shared, Path((token, String::new())), headers).await
}

async fn file(
    State(shared): State<Arc<Shared>>,
    Path((token, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = shared.guard.check(&headers, &token) {
        return refused(refusal);
    }
    match FILES.iter().find(|(file, _, _)| *file == name) {
        Some((_, kind, text)) => guarded((StatusCode::OK, [(header::CONTENT_TYPE, *kind)], *text)),
        None => refused((StatusCode::NOT_FOUND, "there is no such file\n")),
    }
}

async fn nothing(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    // Without a token there is nothing, not even a hint of what there could be.
    refused(shared.guard.check(&headers, "").expect_err("an empty token is none"))
}

async fn events(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = shared.guard.check(&headers, &token) {
        return refused(refusal);
    }
    let Some(reader) = Reader::new(&shared) else {
        return refused((StatusCode::SERVICE_UNAVAILABLE, "too many pages are open\n"));
    };
    let place = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(place_of);
    let changes = shared.book.changes();
    let start = Stream { reader, changes, place: place.unwrap_or_default(), is_first: true };
    let body = Body::from_stream(stream::unfold(start, |mut stream| async move {
        let text = stream.next().await?;
        Some((Ok::<_, Infallible>(text), stream))
    }));
    guarded((StatusCode::OK, [(header::CONTENT_TYPE, "text/event-stream")], body))
}

/// `2.17` → after event 17 of run 2.
fn place_of(id: &str) -> Option<Place> {
    let (run, index) = id.split_once('.')?;
    Some(Place { run: run.parse().ok()?, next: index.parse::<usize>().ok()?.checked_add(1)?, progress: 0 })
}

/// One of those who read, as long as it lives.
struct Reader(Arc<Shared>);

impl Reader {
    fn new(shared: &Arc<Shared>) -> Option<Self> {
        let is_free = |n: usize| (n < MOST_READERS).then_some(n + 1);
        shared.n_readers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_free).ok()?;
        Some(Self(Arc::clone(shared)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.n_readers.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Stream {
    reader: Reader,
    changes: tokio::sync::watch::Receiver<()>,
    place: Place,
    is_first: bool,
}

impl Stream {
    /// The next piece of the stream; nothing when all is told and the book closed.
    async fn next(&mut self) -> Option<String> {
        if std::mem::take(&mut self.is_first) {
            // Says at once that the stream is there, and how soon to come back.
            return Some("retry: 1000\n\n".to_owned());
        }
        let book = &self.reader.0.book;
        loop {
            self.changes.borrow_and_update();
            let is_closed = book.is_closed();
            let news = book.news(&mut self.place);
            if !news.is_empty() {
                return Some(news.iter().map(frame).collect());
            }
            if is_closed {
                return None;
            }
            match tokio::time::timeout(KEEP_ALIVE, self.changes.changed()).await {
                Ok(Ok(())) => tokio::time::sleep(GATHER).await,
                Ok(Err(_)) => return None,
                Err(_) => return Some(": still here\n\n".to_owned()),
            }
        }
    }
}

/// JSON of one line has no line end in it, so one `data` holds it.
fn frame(news: &News) -> String {
    match news {
        News::Plan { run, view } => format!("event: plan\ndata: {{\"run\":{run},\"plan\":{view}}}\n\n"),
        News::Clock(ms) => format!("event: clock\ndata: {ms}\n\n"),
        News::Event { run, index, line } => format!("id: {run}.{index}\nevent: run\ndata: {line}\n\n"),
        News::Progress(line) => format!("event: run\ndata: {line}\n\n"),
    }
}

fn refused((status, words): Refusal) -> Response {
    guarded((status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], words))
}

/// With the headers that keep it to itself.
fn guarded(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let headers: [(HeaderName, &'static str); 7] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
