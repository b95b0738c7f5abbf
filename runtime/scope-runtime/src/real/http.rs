//! One HTTP exchange: a request out, its answer's head back, everything bounded, and every failure told apart.
//!
//! *Unreachable*: nothing was sent (no route, refused, name not known). *Untrusted*: a certificate is not accepted. *Lost*: it was sent, at least in part, and no
//! whole answer came: its effect is not known. *Malformed*: an answer that is none. Only reads are sent again by
//! themselves, once, when a kept connection turned out to be closed; only reads follow redirects, to the same origin.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::{Map, Value};

use super::client::Clients;
use super::environment::Answered;
use super::failure::{error, malformed};
use super::fenced::fenced;
use super::pump::{Activity, Pump, Reader};
use super::request::{Body, HttpRequest};
use crate::site::{Progress, SiteError, SiteErrorKind};
use crate::state::FenceClosed;

const MOST_REDIRECTS: usize = 3;
/// More than this in all headers together is no sane answer.
const LONGEST_HEADERS: usize = 256 * 1024;

/// The bounds of an exchange.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// For a connection.
    pub connect: Duration,
    /// From the last byte sent to the answer's head, and between two parts of the answer.
    pub answer: Duration,
    /// The longest answer kept in memory, in bytes.
    pub longest_answer: usize,
}

/// Sends the request; gives the answer's head, the body unread. A redirect for whose status `is_answer` holds is an
/// answer like any other.
///
/// # Errors
/// See above. The words are not masked yet.
pub(super) async fn exchange(
    clients: &Clients,
    request: HttpRequest,
    bounds: Bounds,
    base: &Path,
    progress: Option<Progress>,
    is_answer: &dyn Fn(u16) -> bool,
) -> Result<Response, SiteError> {
    let HttpRequest { method, url: first_url, headers, body, label, needs_fresh_connection } = request;
    let client = if needs_fresh_connection { &clients.fresh } else { &clients.pooled };
    let labelled = |mut error: SiteError| {
        error.request.get_or_insert_with(|| label.clone());
        error
    };
    let build = |url: &Url, is_empty: bool| {
        let request = client.request(method.clone(), url.clone()).headers(headers.clone());
        // Some servers refuse a request that does not say that its body is empty.
        let says_so = is_empty && matches!(method, Method::POST | Method::PUT | Method::PATCH);
        if says_so { request.header(CONTENT_LENGTH, 0) } else { request }
    };
    let closed = |closed: FenceClosed| labelled(not_sent(closed));
    let activity = Activity::new();
    let bytes = match body {
        Body::None => None,
        Body::Bytes(bytes) => Some(Bytes::from(bytes)),
        Body::Content(content) => {
            let reader = Reader::open(content, base).await.map_err(labelled)?;
            let is_empty = reader.length() == Some(0);
            let (pump, body) = Pump::new(reader, progress, activity.clone(), clients.fence.clone());
            let request = build(&first_url, is_empty).body(reqwest::Body::wrap(body));
            clients.fence.pass().await.map_err(closed)?;
            let outcome = send(client, request, Some(pump), &activity, bounds).await;
            return checked_head(outcome.map_err(|failed| labelled(failed.error))?).map_err(labelled);
        }
    };
    let is_read = matches!(method, Method::GET | Method::HEAD);
    let mut url = first_url.clone();
    let mut may_reconnect = is_read;
    let mut n_redirects = 0;
    loop {
        let mut request = build(&url, bytes.is_none());
        match &bytes {
            Some(bytes) => request = request.body(fenced(bytes.clone(), &clients.fence)),
            // What changes nothing may be asked at any time.
            None if !is_read && clients.fence.is_shared() => {
                request = request.body(fenced(Bytes::new(), &clients.fence));
            }
            None => {}
        }
        clients.fence.pass().await.map_err(closed)?;
        let response = match send(client, request, None, &Activity::new(), bounds).await {
            Ok(response) => response,
            Err(failed) if failed.was_closed && may_reconnect => {
                may_reconnect = false;
                continue;
            }
            Err(failed) => return Err(labelled(failed.error)),
        };
        let status = response.status();
        let is_followed = is_read && is_redirect(status) && !is_answer(status.as_u16());
        if !is_followed {
            return checked_head(response).map_err(labelled);
        }
        n_redirects += 1;
        url = redirected(&response, &url, n_redirects).map_err(labelled)?;
    }
}

/// The whole answer, bounded.
///
/// # Errors
/// [`SiteErrorKind::Lost`] if it breaks off, [`SiteErrorKind::Malformed`] if it is too long or says to be JSON and is not.
pub(super) async fn whole_answer(mut response: Response, bounds: Bounds) -> Result<Answered, SiteError> {
    let status = response.status();
    let of_status = |mut error: SiteError| {
        error.status = Some(status.as_u16());
        error
    };
    let too_long =
        || of_status(malformed(format!("the answer is longer than {} bytes", bounds.longest_answer)));
    if response.content_length().is_some_and(|length| length > bounds.longest_answer as u64) {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(bounds.answer, response.chunk()).await.map_err(|_| {
            of_status(error(
                SiteErrorKind::Lost,
                format!("the answer stopped for {}", seconds(bounds.answer)),
            ))
        })?;
        match chunk {
            Ok(None) => break,
            Ok(Some(chunk)) if bytes.len() + chunk.len() > bounds.longest_answer => return Err(too_long()),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(broken) => {
                let words =
                    format!("the answer broke off after {} bytes: {}", bytes.len(), root_cause(&broken));
                return Err(of_status(error(SiteErrorKind::Lost, words)));
            }
        }
    }
    let says_json = response
        .headers()
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|content_type| content_type.to_str().ok())
        .is_some_and(|content_type| content_type.to_ascii_lowercase().contains("json"));
    let body = match parsed(&bytes) {
        Ok(value) => value,
        // Of an error, the words count: proxies answer with pages of their own.
        Err(broken) if says_json && status.is_success() => {
            return Err(of_status(malformed(format!("the answer is not JSON: {broken}"))));
        }
        Err(_) => Value::Null,
    };
    let header = header_record(&response);
    Ok(Answered::Http { status: status.as_u16(), header, bytes, body })
}

/// What is known of an answer before its body is read.
pub(super) fn head(response: &Response) -> Answered {
    Answered::Http {
        status: response.status().as_u16(),
        header: header_record(response),
        bytes: Vec::new(),
        body: Value::Null,
    }
}

/// `5 s`, `0.2 s`
pub(super) fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f32())
}

/// The innermost cause, which is the one that says something: `connection refused`. Never an address with its query.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if cause.source().is_none() && cause.is::<reqwest::Error>() {
        return "no further words".to_owned();
    }
    match cause.downcast_ref::<std::io::Error>() {
        Some(io) => super::secrets::reason(io),
        None => cause.to_string(),
    }
}

struct Failed {
    error: SiteError,
    /// A kept connection was closed by the other side before any answer.
    was_closed: bool,
}

async fn send(
    client: &Client,
    request: reqwest::RequestBuilder,
    pump: Option<Pump>,
    activity: &Activity,
    bounds: Bounds,
) -> Result<Response, Failed> {
    let request = request.build().map_err(|broken| Failed {
        error: error(
            SiteErrorKind::Configuration,
            format!("the request cannot be made: {}", root_cause(&broken)),
        ),
        was_closed: false,
    })?;
    let host = request.url().host_str().unwrap_or_default().to_owned();
    let is_pumped = pump.is_some();
    let source_failure = async {
        if let Some(pump) = pump
            && let Err(failure) = pump.run().await
        {
            return failure;
        }
        std::future::pending().await
    };
    let patience = bounds.connect + bounds.answer;
    let silence = async {
        loop {
            let deadline = activity.last() + patience;
            if deadline <= tokio::time::Instant::now() {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    };
    tokio::select! {
        biased;
        failure = source_failure => {
            let words = format!("the content could not be read to its end: {}", failure.words);
            Err(Failed { error: SiteError { words, request: None, status: None, ..failure }, was_closed: false })
        }
        sent = client.execute(request) => sent.map_err(|broken| failed(&broken, &host, bounds)),
        () = silence => {
            let what = if is_pumped { "the site takes no more of the content and gives no answer" } else { "no answer" };
            let words = format!("{what} within {}", seconds(bounds.answer));
            Err(Failed { error: error(SiteErrorKind::Lost, words), was_closed: false })
        }
    }
}

fn failed(broken: &reqwest::Error, host: &str, bounds: Bounds) -> Failed {
    let cause = root_cause(broken);
    let hyper = cause_of::<hyper::Error>(broken);
    if let Some(closed) = cause_of::<FenceClosed>(broken) {
        return Failed { error: not_sent(*closed), was_closed: false };
    }
    let (kind, words) = if broken.is_builder() {
        (SiteErrorKind::Configuration, format!("the request cannot be made: {cause}"))
    } else if is_distrust(&cause) {
        (SiteErrorKind::Untrusted, format!("no connection: {cause}"))
    } else if broken.is_connect() {
        let words = if broken.is_timeout() {
            format!("no connection within {}", seconds(bounds.connect))
        } else if broken.is_dns() {
            format!("the name `{host}` is not known: {cause}")
        } else {
            format!("no connection: {cause}")
        };
        (SiteErrorKind::Unreachable, words)
    } else if hyper.is_some_and(hyper::Error::is_parse) {
        (SiteErrorKind::Malformed, format!("the answer is not HTTP: {cause}"))
    } else {
        (SiteErrorKind::Lost, format!("the connection broke before an answer: {cause}"))
    };
    let was_closed = kind == SiteErrorKind::Lost && !broken.is_timeout();
    Failed { error: error(kind, words), was_closed }
}

/// Whether one side does not accept what the other one shows. A client's certificate is refused in the handshake or, with
/// TLS 1.3, as the answer to the first request.
fn is_distrust(cause: &str) -> bool {
    let cause = cause.to_lowercase();
    let alerts = ["handshakefailure", "unknownca", "accessdenied", "certificate"];
    cause.contains("peer certificate")
        || cause.contains("fatal alert") && alerts.iter().any(|alert| cause.contains(alert))
}

fn not_sent(closed: FenceClosed) -> SiteError {
    error(SiteErrorKind::Unreachable, closed.to_string())
}

/// Something among the causes.
fn cause_of<C: std::error::Error + 'static>(broken: &reqwest::Error) -> Option<&C> {
    let mut source = broken.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<C>() {
            return Some(error);
        }
        source = error.source();
    }
    None
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn redirected(response: &Response, from: &Url, n_redirects: usize) -> Result<Url, SiteError> {
    let of_status =
        |words: String| SiteError { status: Some(response.status().as_u16()), ..malformed(words) };
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let Some(location) = location else {
        return Err(of_status("redirected to nowhere".to_owned()));
    };
    let to =
        from.join(location).map_err(|_| of_status("redirected to an address that is none".to_owned()))?;
    if to.origin() != from.origin() {
        return Err(of_status(format!("redirected elsewhere: to {}", to.origin().ascii_serialization())));
    }
    if n_redirects > MOST_REDIRECTS {
        return Err(of_status(format!("redirected more than {MOST_REDIRECTS} times")));
    }
    Ok(to)
}

fn checked_head(response: Response) -> Result<Response, SiteError> {
    let length: usize =
        response.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if length > LONGEST_HEADERS {
        return Err(malformed(format!("the answer's headers are longer than {LONGEST_HEADERS} bytes")));
    }
    Ok(response)
}

/// Headers of one name are joined, as HTTP has it.
fn header_record(response: &Response) -> Map<String, Value> {
    let mut record = Map::new();
    for name in response.headers().keys() {
        let values: Vec<_> = response
            .headers()
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        record.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
    }
    record
}

/// serde_json bounds the depth (128).
fn parsed(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes)
}
