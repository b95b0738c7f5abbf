//! The names a driver's expressions are evaluated with, as the table in `scope_plan::driver` has them.
//!
//! In: a site's settings, its session, the call's inputs, and in answers the answer. Out: an `Environment`, in which
//! `id` is the call's input, `session.token` the session's field and, in an answer's rule, `body.images` what was answered.

use std::path::Path;

use scope_plan::driver::{Operation, ResourceType};
use scope_plan::eval::{Environment, eval};
use scope_plan::expr::{FileRef, SecretSource};
use serde_json::{Map, Value};

use super::secrets::{Secrets, path_from};

/// What an operation asks with.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    /// The type, where it is about one.
    pub resource_type: Option<&'a ResourceType>,
    /// The operation, likewise.
    pub operation: Option<&'a Operation>,
    /// Attributes and inputs.
    pub inputs: Option<&'a Map<String, Value>>,
    /// For updates.
    pub changes: Option<&'a Map<String, Value>>,
    /// For creations.
    pub mark: Option<&'a str>,
    /// Temporary files of a command: name → path.
    pub paths: Option<&'a Map<String, Value>>,
}

/// What was answered.
pub(super) enum Answered {
    /// Over HTTP.
    Http {
        /// The status code.
        status: u16,
        /// In lower case.
        header: Map<String, Value>,
        /// The answer as it came.
        bytes: Vec<u8>,
        /// Parsed; `null` if it is no JSON.
        body: Value,
    },
    /// By a command.
    Exec {
        /// The exit status.
        code: u16,
        /// Its standard output.
        out: String,
        /// Its standard error.
        err: String,
    },
}

impl Answered {
    /// Status code or exit status.
    pub(super) fn code(&self) -> u16 {
        match self {
            Answered::Http { status, .. } => *status,
            Answered::Exec { code, .. } => *code,
        }
    }

    fn name(&self, name: &str) -> Option<Value> {
        match (self, name) {
            (Answered::Http { status, .. }, "status") => Some(Value::from(*status)),
            (Answered::Http { header, .. }, "header") => Some(Value::Object(header.clone())),
            (Answered::Http { bytes, .. }, "text") => {
                Some(Value::String(String::from_utf8_lossy(bytes).into_owned()))
            }
            (Answered::Http { body, .. }, "body") => Some(body.clone()),
            (Answered::Exec { code, .. }, "code") => Some(Value::from(*code)),
            (Answered::Exec { out, .. }, "out") => Some(Value::String(out.clone())),
            (Answered::Exec { err, .. }, "err") => Some(Value::String(err.clone())),
            _ => None,
        }
    }
}

/// Everything an expression may ask for.
#[derive(Clone, Copy)]
pub(super) struct SiteEnvironment<'a> {
    /// The site's settings, `name` and `labels`.
    pub site: &'a Value,
    /// What the login answered; `null` before.
    pub session: &'a Value,
    /// The request.
    pub asked: Asked<'a>,
    /// The answer, in the rules about it.
    pub answered: Option<&'a Answered>,
    /// Resolves secrets.
    pub secrets: &'a dyn Secrets,
    /// Where relative paths start.
    pub base: &'a Path,
}

impl<'a> SiteEnvironment<'a> {
    /// The same with an answer.
    pub(super) fn with_answer(self, answered: &'a Answered) -> Self {
        Self { answered: Some(answered), ..self }
    }

    /// The same with temporary files.
    pub(super) fn with_paths(self, paths: &'a Map<String, Value>) -> Self {
        Self { asked: Asked { paths: Some(paths), ..self.asked }, ..self }
    }

    fn request_name(&self, name: &str) -> Option<Value> {
        let asked = &self.asked;
        if let Some(given) = asked.inputs.and_then(|inputs| inputs.get(name)) {
            return Some(given.clone());
        }
        match name {
            "changes" => {
                return Some(asked.changes.map_or(Value::Null, |changes| Value::Object(changes.clone())));
            }
            "mark" => return Some(asked.mark.map_or(Value::Null, Value::from)),
            "paths" => return Some(asked.paths.map_or(Value::Null, |paths| Value::Object(paths.clone()))),
            _ => {}
        }
        let inputs = asked.operation.map_or(&[][..], |operation| &operation.inputs);
        if let Some((_, default)) = inputs.iter().find(|(input, _)| input == name) {
            // A default may use attributes; one that asks for itself would not end, so inputs are not seen in it. Nor is
            // the answer: a default is the same in the request and in the rules about its answer.
            let without_inputs =
                SiteEnvironment { asked: Asked { operation: None, ..*asked }, answered: None, ..*self };
            return match default {
                Some(default) => eval(default, &without_inputs).ok(),
                None => Some(Value::Null),
            };
        }
        let attributes = asked.resource_type.map_or(&[][..], |resource_type| &resource_type.attributes);
        attributes.iter().any(|attribute| attribute.name == name).then_some(Value::Null)
    }
}

/// Inputs come evaluated: a driver's expressions know no steps.
impl Environment for SiteEnvironment<'_> {
    fn name(&self, name: &str) -> Option<Value> {
        match name {
            "site" => Some(self.site.clone()),
            "session" => Some(self.session.clone()),
            // In an answer's rules `status` is the answer's, though a resource may have an attribute of that name.
            _ => self.answered.and_then(|answered| answered.name(name)).or_else(|| self.request_name(name)),
        }
    }

    fn secret(&self, source: &SecretSource) -> Option<String> {
        self.secrets.resolve(source).ok().map(|secret| secret.expose().to_owned())
    }

    fn file_bytes(&self, file: &FileRef) -> Option<Vec<u8>> {
        std::fs::read(path_from(self.base, &file.path)).ok()
    }
}
