//! A site that answers from a script, and a run over such sites.
//!
//! `play(plan, state, [("nantes", "find", list([])), …])` → the report; a request that the script does not expect fails the
//! test, and so does a script that is not used up. Once all steps have ended, a look for a second one of what was made needs no
//! line: there is none.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::{Plan, SiteId};
use serde_json::{Map, Value, json};

use crate::events::{Effect, Failure, RunEvent, RunEventKind};
use crate::report::{Report, StepStatus};
use crate::runner::{RunOptions, SiteSet, block_on, run};
use crate::site::{
    Answer, ChunkSource, Content, ContentStream, LocalFuture, NextChunk, OperationCall, ServiceProbe, Site,
    SiteError, SiteErrorKind,
};
use crate::state::StateStore;

/// What the script answers.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Found(Value),
    List(Vec<Value>),
    Done(Option<Value>),
    Exists(Option<Value>),
    Gone,
    /// Chunks of content.
    Content(Vec<&'static str>),
    Error(SiteErrorKind, &'static str),
    /// No answer at all, ever.
    Silence,
}

pub(super) fn found(record: Value) -> Reply {
    Reply::Found(record)
}

pub(super) fn list<const N: usize>(records: [Value; N]) -> Reply {
    Reply::List(records.into())
}

pub(super) fn done(record: Value) -> Reply {
    Reply::Done(Some(record))
}

pub(super) fn ok() -> Reply {
    Reply::Done(None)
}

pub(super) fn not_found() -> Reply {
    Reply::Error(SiteErrorKind::NotFound(None), "not here")
}

pub(super) fn lost() -> Reply {
    Reply::Error(SiteErrorKind::Lost, "the connection broke")
}

pub(super) fn unreachable() -> Reply {
    Reply::Error(SiteErrorKind::Unreachable, "connection refused")
}

/// One request that is expected: site, operation, answer.
pub(super) type Line = (&'static str, &'static str, Reply);

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) operation: String,
    pub(super) inputs: Map<String, Value>,
    pub(super) changes: Option<Map<String, Value>>,
    pub(super) mark: Option<String>,
    pub(super) key: String,
    pub(super) content: Option<String>,
}

/// What a played run left.
pub(super) struct Played {
    pub(super) report: Report,
    pub(super) state: StateStore,
    pub(super) requests: Vec<Request>,
    pub(super) events: Vec<RunEvent>,
}

impl Played {
    /// The effect of a step that must have ended well.
    pub(super) fn effect(&self, step: usize) -> &Effect {
        match &self.report.steps[step].status {
            StepStatus::Done { effect } => effect,
            other => panic!("step {step} is {other:?}"),
        }
    }

    /// The failure of a step that must have failed.
    pub(super) fn failure(&self, step: usize) -> &Failure {
        match &self.report.steps[step].status {
            StepStatus::Failed { failure } => failure,
            other => panic!("step {step} is {other:?}"),
        }
    }

    /// The first request of that operation.
    pub(super) fn request(&self, operation: &str) -> &Request {
        self.requests.iter().find(|request| request.operation == operation).expect("it was asked for")
    }
}

/// Runs a plan from a script, on a virtual clock.
pub(super) fn play(plan: &Plan, state: StateStore, script: Vec<Line>) -> Played {
    play_with(plan, state, script, &RunOptions::default())
}

pub(super) fn play_with(plan: &Plan, state: StateStore, script: Vec<Line>, options: &RunOptions) -> Played {
    let stage = Rc::new(Stage {
        script: RefCell::new(script.into()),
        requests: RefCell::default(),
        n_open: Cell::new(plan.steps.len()),
    });
    let sites =
        FakeSites { names: plan.sites.iter().map(|site| site.name.clone()).collect(), stage: stage.clone() };
    let mut state = state;
    let mut events = Vec::new();
    let mut see = |event: &RunEvent| {
        let ended = matches!(
            event.kind,
            RunEventKind::StepDone { .. }
                | RunEventKind::StepFailed { .. }
                | RunEventKind::StepParked { .. }
                | RunEventKind::StepSkipped { .. }
        );
        stage.n_open.set(stage.n_open.get().saturating_sub(usize::from(ended)));
        events.push(event.clone());
    };
    let report = block_on(true, run(plan, &sites, &mut state, options, &mut see));
    let left = stage.script.borrow();
    assert!(left.is_empty(), "never asked for: {left:?}");
    Played { report, state, requests: stage.requests.borrow().clone(), events }
}

/// The script and what was asked so far.
#[derive(Debug)]
struct Stage {
    script: RefCell<VecDeque<Line>>,
    requests: RefCell<Vec<Request>>,
    /// Steps that have not ended.
    n_open: Cell<usize>,
}

struct FakeSites {
    names: Vec<String>,
    stage: Rc<Stage>,
}

impl SiteSet for FakeSites {
    fn site(&self, site: SiteId) -> Rc<dyn Site> {
        Rc::new(FakeSite { name: self.names[site.index()].clone(), stage: self.stage.clone() })
    }

    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        let content = format!("content of {source}");
        Box::pin(async move { Ok(content) })
    }

    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError> {
        Ok(format!("bytes of {}", file.path).into_bytes())
    }
}

struct FakeSite {
    name: String,
    stage: Rc<Stage>,
}

impl Site for FakeSite {
    fn operate<'a>(&'a self, call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
        Box::pin(async move {
            let operation = call.operation.name.clone();
            let next = self.stage.script.borrow_mut().pop_front();
            if next.is_none() && operation == "find" && self.stage.n_open.get() == 0 {
                return Ok(Answer::List(Vec::new()));
            }
            let Some((site, expected, reply)) = next else {
                panic!("`{operation}` at {} was not expected: {:?}", self.name, call.inputs);
            };
            assert_eq!((site, expected), (self.name.as_str(), operation.as_str()), "with {:?}", call.inputs);
            // A request takes a moment.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            let content = match call.content {
                None => None,
                Some(Content::File(file)) => Some(format!("file {}", file.path)),
                Some(Content::Stream(stream)) => Some(drained(stream).await?),
            };
            self.stage.requests.borrow_mut().push(Request {
                operation,
                inputs: call.inputs.clone(),
                changes: call.changes.cloned(),
                mark: call.mark,
                key: call.idempotency_key.to_string(),
                content,
            });
            reply.answer(expected).await
        })
    }

    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

async fn drained(stream: ContentStream) -> Result<String, SiteError> {
    let mut chunks = stream.chunks;
    let mut text = String::new();
    while let Some(chunk) = chunks.next().await {
        text.push_str(&String::from_utf8_lossy(&chunk?));
    }
    Ok(text)
}

impl Reply {
    async fn answer(self, operation: &str) -> Result<Answer, SiteError> {
        match self {
            Reply::Found(record) => Ok(Answer::Found(record)),
            Reply::List(records) => Ok(Answer::List(records)),
            Reply::Done(record) => Ok(Answer::Done(record)),
            Reply::Exists(record) => Ok(Answer::Exists(record)),
            Reply::Gone => Ok(Answer::Gone),
            Reply::Content(chunks) => {
                let length = chunks.iter().map(|chunk| chunk.len() as u64).sum();
                Ok(Answer::Content(ContentStream {
                    length: Some(length),
                    chunks: Box::new(Chunks(chunks.into())),
                }))
            }
            Reply::Error(kind, words) => Err(SiteError {
                kind,
                words: words.to_owned(),
                request: Some(operation.to_owned()),
                status: None,
            }),
            Reply::Silence => std::future::pending().await,
        }
    }
}

struct Chunks(VecDeque<&'static str>);

impl ChunkSource for Chunks {
    fn next(&mut self) -> NextChunk<'_> {
        let chunk = self.0.pop_front();
        Box::pin(async move {
            match chunk {
                Some("!") => Some(Err(SiteError {
                    kind: SiteErrorKind::Lost,
                    words: "the stream broke".to_owned(),
                    request: None,
                    status: None,
                })),
                chunk => chunk.map(|chunk| Ok(chunk.as_bytes().to_vec())),
            }
        })
    }
}

/// A book as the site answers it.
pub(super) fn book(id: &str, title: &str, status: &str, mark: Option<&str>) -> Value {
    let mut book = json!({ "id": id, "title": title, "pages": 300, "status": status, "checksum": null });
    if let Some(mark) = mark {
        book["notes"] = json!({ "scope_mark": mark });
    }
    book
}

/// The mark of `emma` at Nantes.
pub(super) const OURS: &str = "scope:simulated/emma@nantes";
