//! The driver's expressions over a simulated resource: names are its attributes, and what the call adds to them.
//!
//! `status == "lent"` over `{ "status": "lent" }` → `true`. A name that is nowhere is `null`, as an attribute that is
//! not set; secrets and files are never given.

use scope_plan::driver::{Meaning, Operation, Request};
use scope_plan::eval::{Environment, EvalError, eval};
use scope_plan::expr::Expr;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The names in force: first those of the call, then the attributes.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// `site`, inputs, `changes`.
    pub(super) given: &'a Map<String, Value>,
    /// The resource; also as `body`.
    pub(super) attributes: &'a Map<String, Value>,
}

impl Environment for Names<'_> {
    fn name(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.given.get(name).or_else(|| self.attributes.get(name)) {
            return Some(value.clone());
        }
        Some(if name == "body" { Value::Object(self.attributes.clone()) } else { Value::Null })
    }
}

impl Names<'_> {
    /// The value of an expression.
    pub(super) fn value(&self, expr: &Expr) -> Result<Value, EvalError> {
        eval(expr, self)
    }

    /// Does the condition hold? One that cannot be evaluated (a field of `null` compared) does not.
    pub(super) fn holds(&self, condition: &Expr) -> bool {
        self.value(condition).is_ok_and(|value| value == Value::Bool(true))
    }
}

/// The names that an operation mentions.
#[derive(Default)]
pub(super) struct Mentioned {
    /// In its request: what a site gets to see of the inputs.
    pub(super) in_request: BTreeSet<String>,
    /// In its request, or where its answers are read: what a list is chosen by.
    pub(super) anywhere: BTreeSet<String>,
}

/// The words of an answer, which are no attributes there.
const ANSWER_WORDS: [&str; 7] = ["body", "text", "header", "status", "code", "out", "err"];

pub(super) fn mentioned(operation: &Operation) -> Mentioned {
    let in_request = names_in(&operation.request);
    let mut anywhere = in_request.clone();
    for answer in &operation.answers {
        let told = match &answer.meaning {
            Meaning::Found(told) | Meaning::List(told) => Some(told),
            Meaning::Done(told) => told.as_ref(),
            _ => None,
        };
        for expr in told.into_iter().chain(&answer.condition) {
            let names = expr.names_used().into_iter().filter(|name| !ANSWER_WORDS.contains(name));
            anywhere.extend(names.map(str::to_owned));
        }
    }
    Mentioned { in_request, anywhere }
}

fn names_in(request: &Request) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match request {
        Request::Http { method, path, query, headers, body, .. } => {
            names.extend(method.names_used());
            names.extend(path.names_used());
            for (_, value) in query.iter().chain(headers) {
                names.extend(value.names_used());
            }
            if let Some(body) = body {
                names.extend(body.names_used());
            }
        }
        Request::Exec { argv, env, files, stdin, .. } => {
            for word in argv {
                names.extend(word.names_used());
            }
            for (_, value) in env.iter().chain(files) {
                names.extend(value.names_used());
            }
            if let Some(stdin) = stdin {
                names.extend(stdin.names_used());
            }
        }
    }
    names.into_iter().map(str::to_owned).collect()
}
