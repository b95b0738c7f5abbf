//! A step's expressions made values: with other steps' outputs, secrets and files.
//!
//! In: `image: #3, user_data: file("a.sh"), data: file("base.raw")`. Out: values by name; content that is streamed (`data`)
//! stays a file. What is not set is not there.

use std::collections::BTreeMap;
use std::rc::Rc;

use scope_plan::digest::sha256_hex;
use scope_plan::driver::{ResourceType, Type};
use scope_plan::eval::{Environment, EvalError, eval};
use scope_plan::expr::{Expr, FileRef, SecretSource};
use scope_plan::plan::StepId;
use serde_json::{Map, Value, json};

use super::bounds::out_of_bounds;
use super::failure::{Bad, Trouble};
use super::subject::{Subject, file_content, text_content};
use crate::events::{Failure, Outcome};
use crate::runner::Shared;
use crate::site::Content;
use crate::state::digest_of_value;

/// What a program sets of a resource, or gives to an operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    /// By name; neither `null` nor content.
    pub(crate) values: Map<String, Value>,
    /// Content attributes.
    pub(crate) contents: BTreeMap<String, GivenContent>,
    /// The same values with secrets replaced by where they come from.
    public: Public,
}

/// What of given values may be written down.
#[derive(Clone, Debug)]
enum Public {
    /// All: none has a secret in it.
    AsGiven,
    /// These.
    Only(Map<String, Value>),
}

impl Default for Public {
    fn default() -> Self {
        Public::Only(Map::new())
    }
}

/// Content that a program gives.
#[derive(Clone, Debug)]
pub(crate) enum GivenContent {
    /// A file beside it.
    File(FileRef),
    /// A text in it.
    Text {
        /// To be sent.
        text: String,
        /// Of the text, with secrets replaced by where they come from: as a file's, where there are none.
        sha256: String,
    },
}

impl GivenContent {
    /// Some, of which it matters only that it is there.
    pub(super) fn empty() -> Self {
        GivenContent::Text { text: String::new(), sha256: sha256_hex(b"") }
    }

    /// To be sent.
    pub(super) fn content(&self) -> Content {
        match self {
            GivenContent::File(file) => file_content(file),
            GivenContent::Text { text, .. } => text_content(text),
        }
    }

    /// What stands for it in conditions such as `data != null`.
    pub(super) fn placeholder(&self) -> Value {
        match self {
            GivenContent::File(file) => json!({ "path": file.path, "size": file.size }),
            GivenContent::Text { text, .. } => json!({ "size": text.len() }),
        }
    }

    /// A digest in which no secret is: the same for the same content, whether a file has it or the program itself.
    pub(super) fn digest(&self) -> &str {
        match self {
            GivenContent::File(file) => &file.sha256,
            GivenContent::Text { sha256, .. } => sha256,
        }
    }

    /// What earlier versions took for it.
    pub(super) fn digested_before(&self) -> &str {
        match self {
            GivenContent::File(file) => &file.sha256,
            GivenContent::Text { text, .. } => text,
        }
    }
}

impl Given {
    /// The values, with secrets replaced by where they come from.
    pub(super) fn public(&self) -> &Map<String, Value> {
        match &self.public {
            Public::AsGiven => &self.values,
            Public::Only(values) => values,
        }
    }

    /// Values in which secrets are replaced by where they come from already.
    pub(crate) fn shown(resource_type: &ResourceType, values: Map<String, Value>) -> Self {
        let mut given = Given { public: Public::AsGiven, ..Given::default() };
        for (name, value) in values {
            if !is_content(resource_type, &name) {
                given.values.extend((!value.is_null()).then_some((name, value)));
            } else if let Some(text) = text(value) {
                let sha256 = sha256_hex(text.as_bytes());
                given.contents.insert(name, GivenContent::Text { text, sha256 });
            }
        }
        given
    }

    /// Values of which only some are written down.
    pub(super) fn with_public(values: Map<String, Value>, public: Map<String, Value>) -> Self {
        Given { values, public: Public::Only(public), ..Given::default() }
    }

    /// Whether there is a secret in a value.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.public().get(name) != self.values.get(name)
    }

    /// The same with other values for a request, of which nothing is written down.
    pub(super) fn with_values(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Self {
        let public = Public::Only(self.public().clone());
        let mut other = Self { public, ..self.clone() };
        change(&mut other.values);
        other
    }

    /// A digest in which no secret is: it changes when the program's values change.
    pub(crate) fn digest(&self) -> String {
        self.digest_with(GivenContent::digest)
    }

    /// Whether a digest is that of these values; earlier versions took a text itself where its digest is taken now.
    pub(crate) fn is_as_digested(&self, known: &str) -> bool {
        let is_as_before = || known == self.digest_with(GivenContent::digested_before);
        known == self.digest() || (!self.contents.is_empty() && is_as_before())
    }

    fn digest_with(&self, content: fn(&GivenContent) -> &str) -> String {
        let mut all = self.public().clone();
        let contents = self.contents.iter();
        all.extend(contents.map(|(name, given)| (name.clone(), Value::from(content(given)))));
        digest_of_value(&Value::Object(all))
    }
}

/// Evaluates named expressions of a step.
///
/// # Errors
/// A secret or file that is not to be had, a value of the wrong type.
pub(crate) async fn evaluate(subject: &Subject<'_>, exprs: &[(String, Expr)]) -> Result<Given, Bad> {
    // A file that is content is streamed, never read as a value.
    let is_streamed =
        |name: &str, expr: &Expr| matches!(expr, Expr::File(_)) && is_content(subject.resource_type, name);
    let read = exprs.iter().filter(|(name, expr)| !is_streamed(name, expr)).map(|(_, expr)| expr);
    let environment = StepEnvironment::new(subject, read).await?;
    let public = PublicEnvironment(&environment);
    let has_secret = !environment.secrets.is_empty();
    let mut values = Map::new();
    let mut contents = BTreeMap::new();
    let mut shown = Map::new();
    for (name, expr) in exprs {
        if is_content(subject.resource_type, name) {
            let content = match expr {
                Expr::File(file) => Some(GivenContent::File(file.clone())),
                expr => match text(value(subject, name, expr, &environment)?) {
                    None => None,
                    Some(content) => {
                        let shown = text(value(subject, name, expr, &public)?).unwrap_or_default();
                        Some(GivenContent::Text { text: content, sha256: sha256_hex(shown.as_bytes()) })
                    }
                },
            };
            contents.extend(content.map(|content| (name.clone(), content)));
            continue;
        }
        let value_ = value(subject, name, expr, &environment)?;
        if !value_.is_null() {
            if has_secret {
                let is_public = expr.secrets_used().is_empty();
                let value = if is_public { value_.clone() } else { value(subject, name, expr, &public)? };
                shown.insert(name.clone(), value);
            }
            values.insert(name.clone(), value_);
        }
    }
    let public = if has_secret { Public::Only(shown) } else { Public::AsGiven };
    Ok(Given { values, contents, public })
}

/// A value as content.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Evaluates one expression of a step.
pub(super) async fn evaluate_one(subject: &Subject<'_>, name: &str, expr: &Expr) -> Result<Value, Bad> {
    let environment = StepEnvironment::new(subject, std::iter::once(expr)).await?;
    value(subject, name, expr, &environment)
}

/// The value of a program's output.
///
/// # Errors
/// Why it has none.
pub(crate) fn output_value(shared: &Shared<'_>, name: &str, expr: &Expr) -> Result<Value, Failure> {
    let steps = expr.steps_used().into_iter();
    let outputs = steps.filter_map(|step| Some((step, shared.output(step)?))).collect();
    let what = format!("output `{name}`");
    eval(expr, &OutputEnvironment { outputs: &outputs }).map_err(|error| without(shared, &what, expr, error))
}

/// The failure of what has no value.
fn without(shared: &Shared<'_>, what: &str, expr: &Expr, error: EvalError) -> Failure {
    match error {
        EvalError::OutOfBounds(outside) => out_of_bounds(shared, *outside),
        error => {
            let why = words_of(shared, expr, &error);
            Failure::new("E0905", Outcome::Invalid, format!("{what} has no value: {why}"))
        }
    }
}

/// Why an expression has no value, as a program says it: a step is what it makes, `#1.name` → `base.name`.
fn words_of(shared: &Shared<'_>, expr: &Expr, error: &EvalError) -> String {
    let mut words = error.to_string();
    // `#12` before `#1`, which it begins with.
    for step in expr.steps_used().into_iter().rev() {
        words = words.replace(&format!("#{}", step.0), &shared.plan.step(step).name);
    }
    words
}

/// Whether an attribute is content, which is streamed.
pub(super) fn is_content(resource_type: &ResourceType, name: &str) -> bool {
    resource_type.attribute(name).is_some_and(|attribute| *inner(&attribute.ty) == Type::Bytes)
}

/// A type without `?`.
pub(super) fn inner(ty: &Type) -> &Type {
    match ty {
        Type::Optional(ty) => inner(ty),
        ty => ty,
    }
}

fn value(
    subject: &Subject<'_>,
    name: &str,
    expr: &Expr,
    environment: &dyn Environment,
) -> Result<Value, Bad> {
    eval(expr, environment).map_err(|error| {
        let what = format!("`{name}` of `{}`", subject.name);
        Bad::new(without(subject.shared, &what, expr, error))
    })
}

/// What a step's expressions may ask for, fetched before.
struct StepEnvironment {
    outputs: BTreeMap<StepId, Rc<Value>>,
    secrets: BTreeMap<SecretSource, String>,
    has_secrets: bool,
    files: BTreeMap<String, Vec<u8>>,
    /// Of secrets that a site makes, by their file: which thing it made them for.
    made_for: BTreeMap<String, String>,
}

impl StepEnvironment {
    async fn new<'e>(subject: &Subject<'_>, exprs: impl Iterator<Item = &'e Expr>) -> Result<Self, Bad> {
        let sites = subject.shared.sites;
        let mut environment = Self {
            outputs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            has_secrets: sites.has_secrets(),
            files: BTreeMap::new(),
            made_for: BTreeMap::new(),
        };
        // One walk for all that is asked for: most inputs are constants, and ask for nothing.
        let mut asked = Vec::new();
        for expr in exprs {
            expr.visit(&mut |part| {
                if matches!(part, Expr::Step { .. } | Expr::Secret(_) | Expr::File(_)) {
                    asked.push(part);
                }
            });
        }
        for part in asked {
            match part {
                Expr::Step { step, .. } => environment.knows(subject.shared, *step),
                Expr::Secret(source) if !environment.secrets.contains_key(source) => {
                    if let SecretSource::Kept { step, file } = source {
                        environment.knows(subject.shared, *step);
                        let made_for = subject.shared.identity_of_step(*step);
                        environment.made_for.extend(made_for.map(|identity| (file.clone(), identity)));
                    }
                    let secret =
                        sites.secret(source).await.map_err(|error| subject.failed(Trouble::Site(error)))?;
                    environment.secrets.insert(source.clone(), secret);
                }
                Expr::File(file) if !environment.files.contains_key(&file.path) => {
                    let bytes = sites.file(file).map_err(|error| subject.failed(Trouble::Site(error)))?;
                    environment.files.insert(file.path.clone(), bytes);
                }
                _ => {}
            }
        }
        Ok(environment)
    }

    /// Takes note of a step's output.
    fn knows(&mut self, shared: &Shared<'_>, step: StepId) {
        self.outputs.extend(shared.output(step).map(|output| (step, output)));
    }
}

/// Inputs use no free names; the plan's verification sees to it.
impl Environment for StepEnvironment {
    fn step(&self, step: StepId) -> Option<&Value> {
        self.outputs.get(&step).map(|value| &**value)
    }

    fn secret(&self, source: &SecretSource) -> Option<String> {
        self.secrets.get(source).cloned()
    }

    fn has_secrets(&self) -> bool {
        self.has_secrets
    }

    fn file_bytes(&self, file: &FileRef) -> Option<Vec<u8>> {
        self.files.get(&file.path).cloned()
    }
}

/// The same, but a secret is where it comes from.
struct PublicEnvironment<'e>(&'e StepEnvironment);

impl Environment for PublicEnvironment<'_> {
    fn step(&self, step: StepId) -> Option<&Value> {
        self.0.step(step)
    }

    fn secret(&self, source: &SecretSource) -> Option<String> {
        let made_for = match source {
            SecretSource::Kept { file, .. } => self.0.made_for.get(file),
            _ => None,
        };
        Some(match made_for {
            Some(identity) => format!("{source} of {identity}"),
            None => source.to_string(),
        })
    }

    fn has_secrets(&self) -> bool {
        false
    }

    fn file_bytes(&self, file: &FileRef) -> Option<Vec<u8>> {
        self.0.file_bytes(file)
    }
}

struct OutputEnvironment<'e> {
    outputs: &'e BTreeMap<StepId, Rc<Value>>,
}

impl Environment for OutputEnvironment<'_> {
    fn step(&self, step: StepId) -> Option<&Value> {
        self.outputs.get(&step).map(|value| &**value)
    }
}
