//! One request as a site gets it, and what the site makes of it.
//!
//! `create shelf.book { "title": "Emma" }` → `Outcome::Done({ "id": "3f0c…", … })`

use std::rc::Rc;

use scope_plan::driver::{Operation, OperationKind};
use serde_json::{Map, Value};

use super::content::Content;
use super::evaluate::Mentioned;
use super::store::Model;
use super::weather::Asked;
use crate::site::{SiteError, SiteErrorKind};

/// A request.
pub(super) struct Call {
    pub(super) model: Rc<Model>,
    pub(super) operation: Rc<Operation>,
    pub(super) mentioned: Rc<Mentioned>,
    pub(super) inputs: Map<String, Value>,
    pub(super) changes: Option<Map<String, Value>>,
    pub(super) mark: Option<String>,
    pub(super) key: String,
    /// The name of the step that makes it.
    pub(super) step: Option<String>,
    pub(super) content: Option<Content>,
}

impl Call {
    pub(super) fn asked(&self, site: usize) -> Asked<'_> {
        Asked {
            site,
            step: self.step.as_deref(),
            resource_type: &self.model.resource_type.name,
            operation: &self.operation.name,
            kind: kind_word(self.model.kind(&self.operation)),
        }
    }

    /// `create shelf.book`: the request in an error.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.operation.name, self.model.resource_type.name)
    }

    pub(super) fn error(&self, kind: SiteErrorKind, words: String) -> SiteError {
        SiteError { kind, words, request: Some(self.words()), status: None }
    }

    pub(super) fn invalid(&self, words: String) -> SiteError {
        self.error(SiteErrorKind::Invalid, words)
    }
}

/// What a site answers, content not yet on its way.
#[derive(Clone)]
pub(super) enum Outcome {
    Found(Value),
    List(Vec<Value>),
    Done(Option<Value>),
    Exists(Option<Value>),
    Gone,
    Content(Content),
}

fn kind_word(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Find => "find",
        OperationKind::Read => "read",
        OperationKind::Create => "create",
        OperationKind::Upload => "upload",
        OperationKind::Download => "download",
        OperationKind::Update => "update",
        OperationKind::Delete => "delete",
        OperationKind::Action => "action",
    }
}

/// For the log.
pub(super) fn outcome_word(outcome: &Result<Outcome, SiteError>) -> &'static str {
    match outcome {
        Ok(Outcome::Found(_)) => "found",
        Ok(Outcome::List(_)) => "list",
        Ok(Outcome::Done(_)) => "done",
        Ok(Outcome::Exists(_)) => "exists",
        Ok(Outcome::Gone) => "gone",
        Ok(Outcome::Content(_)) => "content",
        Err(error) => match error.kind {
            SiteErrorKind::NotFound(_) => "not_found",
            SiteErrorKind::Refused => "refused",
            SiteErrorKind::Unavailable => "unavailable",
            SiteErrorKind::Denied => "denied",
            SiteErrorKind::Invalid => "invalid",
            SiteErrorKind::Busy => "busy",
            SiteErrorKind::NoService => "no_service",
            SiteErrorKind::Unreachable
            | SiteErrorKind::Held
            | SiteErrorKind::Untrusted
            | SiteErrorKind::Lost
            | SiteErrorKind::Malformed
            | SiteErrorKind::Configuration
            | SiteErrorKind::FileChanged(_) => "error",
        },
    }
}
