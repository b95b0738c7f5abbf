//! A site as the runner sees it: something that performs one operation of a driver and answers.
//!
//! Two kinds of sites implement [`Site`]: real ones (`real/`: HTTP and commands, through the driver's requests and
//! answers) and simulated ones (`simulator/`: from the driver's types alone). Everything above (look-ups, ensuring,
//! bringing, undoing, waiting for readiness, retrying) is written once, over this trait.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use scope_plan::driver::{Driver, Operation, ResourceType};
use scope_plan::expr::FileRef;
use scope_plan::plan::KeptSecret;
use serde_json::{Map, Value};

/// A future that stays on the runner's thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Told how many bytes are done, of how many.
pub type Progress = Rc<dyn Fn(u64, Option<u64>)>;

/// The next chunk of a content, on its way.
pub type NextChunk<'a> = Pin<Box<dyn Future<Output = Option<Result<Vec<u8>, SiteError>>> + Send + 'a>>;

/// One operation to perform, everything evaluated.
pub struct OperationCall<'a> {
    /// The driver.
    pub driver: &'a Driver,
    /// The type.
    pub resource_type: &'a ResourceType,
    /// The operation of that type.
    pub operation: &'a Operation,
    /// Attribute or input name → value; a reference's value is the referenced record; bytes attributes are absent.
    pub inputs: &'a Map<String, Value>,
    /// For `update`: what is to change.
    pub changes: Option<&'a Map<String, Value>>,
    /// The owner mark, for creations.
    pub mark: Option<String>,
    /// The same for every attempt of the same step; written out only for who sends it.
    pub idempotency_key: &'a dyn fmt::Display,
    /// For `upload` (and creations by commands with files): the content.
    pub content: Option<Content>,
    /// Of a creation: the attributes whose secrets the site makes, and the files in which they are kept before it is answered here.
    pub keep_in: &'a [KeptSecret],
    /// Told about bytes sent or received: done so far, of how many.
    pub progress: Option<Progress>,
}

/// Content on its way, never held in memory.
pub enum Content {
    /// A file beside the program.
    File(FileRef),
    /// A stream from another site.
    Stream(ContentStream),
}

/// A stream of bytes from a site.
pub struct ContentStream {
    /// Its length, where the site said it.
    pub length: Option<u64>,
    /// Its chunks; an error ends it.
    pub chunks: Box<dyn ChunkSource>,
}

/// Gives the chunks of a [`ContentStream`], one after the other. `Send`, because an HTTP body wants it.
pub trait ChunkSource: Send {
    /// The next chunk; `None` at the end.
    fn next(&mut self) -> NextChunk<'_>;
}

/// A good answer.
pub enum Answer {
    /// The resource.
    Found(Value),
    /// Resources; empty when there are none.
    List(Vec<Value>),
    /// Done, with the resource or a result if the site gave one.
    Done(Option<Value>),
    /// One of this identity is there already.
    Exists(Option<Value>),
    /// Not there any more.
    Gone,
    /// The content.
    Content(ContentStream),
}

/// A bad answer, or none. `words` are the site's own, bounded in length, secrets masked.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[error("{words}")]
pub struct SiteError {
    /// What it means.
    pub kind: SiteErrorKind,
    /// The site's words, or ours where it did not answer.
    pub words: String,
    /// `GET /v2/images/x` or the command's name: what was asked.
    pub request: Option<String>,
    /// The status code or exit status.
    pub status: Option<u16>,
}

/// What a bad answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteErrorKind {
    /// Not there: the resource, or the reference attribute named.
    NotFound(Option<String>),
    /// Quota or capacity.
    Refused,
    /// The service says it cannot answer now.
    Unavailable,
    /// Nothing was sent: refused connection, no route, name not resolved, connect time-out.
    Unreachable,
    /// Nothing was sent: this run leaves the site alone, as it was told to.
    Held,
    /// Nothing was done: the site's certificate is not valid for us, or ours not for it. Trying again changes nothing.
    Untrusted,
    /// Sent, but no answer came: the effect is not known.
    Lost,
    /// Not allowed, credentials refused.
    Denied,
    /// Malformed request.
    Invalid,
    /// In transition: try again a little later.
    Busy,
    /// The answer broke its bounds or its form (too large, not JSON, wrong type, redirected elsewhere).
    Malformed,
    /// The site has no such service.
    NoService,
    /// A secret, file or setting needed here is missing: our side.
    Configuration,
    /// The file of the program named is not the one that the plan was made with: our side.
    FileChanged(String),
}

/// What a site answers to `scope sites`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ServiceProbe {
    /// The driver.
    pub driver: String,
    /// The service.
    pub service: String,
    /// Its address, as far as known.
    pub address: Option<String>,
    /// The version text it gave.
    pub version: Option<String>,
    /// The measured round trip in microseconds.
    pub rtt_us: u64,
    /// Why it does not answer.
    pub error: Option<String>,
    /// It does not answer since the site has no such service, which is no failure of the site.
    pub is_absent: bool,
}

/// One site.
pub trait Site {
    /// Performs one operation once: no retries here (but one new login on `reauthenticate`).
    fn operate<'a>(&'a self, call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>>;

    /// Whether a record of a list is of the type that the driver declares: asked of those that are used, since somebody else's
    /// may be anything. `inputs` are what the list was asked for with.
    ///
    /// # Errors
    /// [`SiteErrorKind::Malformed`].
    fn fits(
        &self,
        _driver: &Driver,
        _resource_type: &ResourceType,
        _record: &Value,
        _inputs: &Map<String, Value>,
    ) -> Result<(), SiteError> {
        Ok(())
    }

    /// Where one that is not there is declared, at a site that has what is declared and nothing else.
    fn declared_by(&self, _resource_type: &ResourceType, _name: Option<&str>) -> Option<String> {
        None
    }

    /// Logs in and asks each service for its version.
    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>>;
}
