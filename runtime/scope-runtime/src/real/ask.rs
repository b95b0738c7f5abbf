//! One question to a site: a driver's request evaluated, sent or run, and its answer judged.
//!
//! In: a request with its rules and names. Out: a [`Reply`]: the verdict, what was answered, and what was asked.

use std::fmt;

use scope_plan::driver::{Repeat, Request, Service};
use tokio::sync::Semaphore;
use tracing::Instrument;
use tracing::field::Empty;

use super::answers::{Rules, Verdict, judged};
use super::command::{self, CommandParts};
use super::environment::{Answered, SiteEnvironment};
use super::exec::{self, ExecBounds};
use super::exec_stream::{self, Started};
use super::failure::{error, malformed};
use super::http::{self, Bounds};
use super::request::{self, HttpParts};
use super::stream;
use super::{DriverAtSite, Shared};
use crate::site::{Answer, Content, Progress, SiteError, SiteErrorKind};

/// A question.
pub(super) struct Question<'a> {
    pub service: &'a Service,
    pub request: &'a Request,
    pub rules: Rules<'a>,
    pub environment: SiteEnvironment<'a>,
    pub repeat: Option<(&'a Repeat, &'a dyn fmt::Display)>,
    pub progress: Option<Progress>,
    /// Another address in place of the request's own: a list's next page.
    pub page: Option<reqwest::Url>,
}

/// What came of it.
pub(super) struct Reply {
    pub verdict: Verdict,
    /// `None` where the answer is content, which is not read yet.
    pub answered: Option<Answered>,
    /// `GET /v2/images`
    pub label: String,
    /// Where it was asked.
    pub url: Option<reqwest::Url>,
}

/// Asks. At most as many questions as the site has permits are under way at once; content that streams holds none, else
/// two sites that copy from each other could wait for each other.
///
/// # Errors
/// No answer, or none that could be judged.
pub(super) async fn ask(
    shared: &Shared,
    at_site: &DriverAtSite,
    permits: &Semaphore,
    question: Question<'_>,
    content: &mut Option<Content>,
) -> Result<Reply, SiteError> {
    let _permit = permits.acquire().await.expect("it is never closed");
    let span = tracing::debug_span!("request", request = Empty, status = Empty);
    let asked = async {
        match question.request {
            Request::Http { .. } => ask_http(shared, at_site, question, content).await,
            Request::Exec { argv, env, files, stdin } => {
                let parts = CommandParts { argv, env, files, stdin: stdin.as_ref() };
                ask_command(shared, question, parts, content).await
            }
        }
    };
    let mut reply = asked.instrument(span.clone()).await?;
    let status = reply.answered.as_ref().map(Answered::code);
    span.record("status", status);
    if let Verdict::Bad(error) = &mut reply.verdict {
        error.request.get_or_insert_with(|| reply.label.clone());
        error.status = error.status.or(status);
    }
    Ok(reply)
}

async fn ask_http(
    shared: &Shared,
    at_site: &DriverAtSite,
    question: Question<'_>,
    content: &mut Option<Content>,
) -> Result<Reply, SiteError> {
    let Request::Http { method, path, query, headers, body } = question.request else {
        unreachable!("the caller has told requests apart");
    };
    let parts = HttpParts {
        service: question.service,
        method,
        path,
        query,
        headers,
        body: body.as_ref(),
        repeat: question.repeat,
    };
    let mut request = request::evaluated(&parts, &question.environment, content)?;
    if let Some(page) = question.page {
        request.label = request::label(&request.method, &page);
        request.url = page;
    }
    let (label, url) = (request.label.clone(), request.url.clone());
    let bounds = Bounds {
        connect: shared.options.connect_timeout,
        answer: shared.options.answer_timeout,
        longest_answer: shared.options.longest_answer,
    };
    let clients = shared.clients.clients(&at_site.tls, &url)?;
    let is_answer = |status| question.rules.name(status);
    let base = &shared.options.base;
    say(shared, &label);
    let response = http::exchange(&clients, request, bounds, base, question.progress, &is_answer).await?;
    tracing::debug!(status = response.status().as_u16(), "answered");
    if question.rules.may_be_content()
        && question.rules.head_is_content(question.environment, &http::head(&response))
    {
        let stream = stream::content(response, bounds, label.clone());
        let verdict = Verdict::Good(Answer::Content(stream));
        return Ok(Reply { verdict, answered: None, label, url: Some(url) });
    }
    let labelled = |error: SiteError| SiteError { request: Some(label.clone()), ..error };
    let answered = http::whole_answer(response, bounds).await.map_err(labelled)?;
    let verdict = judged(&question.rules, question.environment, &answered, &shared.mask);
    let (verdict, answered) = with_content(verdict, answered);
    Ok(Reply { verdict, answered, label, url: Some(url) })
}

async fn ask_command(
    shared: &Shared,
    question: Question<'_>,
    parts: CommandParts<'_>,
    content: &mut Option<Content>,
) -> Result<Reply, SiteError> {
    let command = command::evaluated(parts, question.environment, content, &shared.mask).await?;
    let label = command.label.clone();
    say(shared, &label);
    let bounds =
        ExecBounds { timeout: shared.options.command_timeout, longest_answer: shared.options.longest_answer };
    shared.options.fence.pass().await.map_err(|closed| SiteError {
        request: Some(label.clone()),
        ..error(SiteErrorKind::Unreachable, closed.to_string())
    })?;
    let answered = if question.rules.may_be_content() {
        match exec_stream::run(command, bounds, &shared.mask).await? {
            Started::Content(stream) => {
                let verdict = Verdict::Good(Answer::Content(stream));
                return Ok(Reply { verdict, answered: None, label, url: None });
            }
            Started::Ended(answered) => answered,
        }
    } else {
        exec::run(command, bounds, question.progress).await?
    };
    let verdict = judged(&question.rules, question.environment, &answered, &shared.mask);
    let (verdict, answered) = with_content(verdict, answered);
    Ok(Reply { verdict, answered, label, url: None })
}

/// Names the request in its span. A label may hold what the program's text does, so it is masked like all that is told.
fn say(shared: &Shared, label: &str) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        tracing::Span::current().record("request", &*shared.mask.hide(label));
        tracing::debug!("asked");
    }
}

/// Content that had to be read before it was known to be content.
fn with_content(verdict: Verdict, answered: Answered) -> (Verdict, Option<Answered>) {
    match (verdict, answered) {
        (Verdict::Content, Answered::Http { bytes, .. }) => {
            (Verdict::Good(Answer::Content(stream::of_bytes(bytes))), None)
        }
        (Verdict::Content, Answered::Exec { code: 0, out, .. }) => {
            (Verdict::Good(Answer::Content(stream::of_bytes(out.into_bytes()))), None)
        }
        (Verdict::Content, answered) => {
            (Verdict::Bad(malformed("a command that failed gives no content")), Some(answered))
        }
        (verdict, answered) => (verdict, Some(answered)),
    }
}
