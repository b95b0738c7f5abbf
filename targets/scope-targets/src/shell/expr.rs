//! Expressions as awk: in comes an [`Expr`] and what its names mean, out an awk expression that gives a value's handle
//! (see `templates/shell/awk/values.awk`), with the helper functions it needs.
//!
//! `first(body.images).id` → `field(first(field(answer_body(), "images")), "id")`. What needs statements (records,
//! lists, comprehensions, `??`) becomes a helper function; the names of an enclosing comprehension are its parameters.

mod bounded;
mod calls;
mod path;
mod secret;

use scope_plan::expr::{BinaryOp, Expr, MAXIMUM_DEPTH, SecretSource, UnaryOp};
use serde_json::Value;

use super::{pattern, quote};
use crate::TargetError;

pub use secret::Secret;

/// What the names of an expression mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// None but those of comprehensions: a step's inputs and the outputs.
    Steps,
    /// `site` and `session`.
    Site,
    /// Those, attributes, inputs, `changes`, `mark`, `paths`.
    Request,
    /// `status`, `body`, `text`, `header` first, then as a request.
    HttpAnswer,
    /// `code`, `out`, `err` first, then as a request.
    ExecAnswer,
    /// The attributes first (readiness: `status` is the resource's), `body` the record as answered.
    Resource,
    /// `body` is the parameter `h`: how an attribute is read from a record.
    Record,
}

/// Whether a field that turns out `null` is left out of its record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Kept,
    LeftOut,
}

/// Collects the helper functions and the secrets of all expressions of one script.
#[derive(Default)]
pub struct Expressions {
    functions: Vec<String>,
    secrets: std::collections::BTreeSet<Secret>,
    files: std::collections::BTreeMap<String, (String, u64)>,
    n_names: usize,
    /// The functions of the recursive bounds that are being written.
    recursive: std::collections::BTreeMap<usize, String>,
}

#[derive(Clone)]
struct Context<'c> {
    names: Names,
    nulls: Nulls,
    /// Name → awk variable, innermost last.
    bound: Vec<(&'c str, String)>,
    /// How deep the awk expression being written is.
    nesting: usize,
}

/// The most brackets in one awk expression: the tables of old parsers are small.
const MOST_NESTING: usize = 10;

impl Expressions {
    /// The awk expression of a value.
    pub fn value(&mut self, expr: &Expr, names: Names) -> Result<String, TargetError> {
        self.checked(expr)?;
        self.handle(expr, &Context { names, nulls: Nulls::Kept, bound: Vec::new(), nesting: 0 })
    }

    /// The same for a request's body: fields that turn out `null` are left out.
    pub fn body(&mut self, expr: &Expr, names: Names) -> Result<String, TargetError> {
        self.checked(expr)?;
        self.handle(expr, &Context { names, nulls: Nulls::LeftOut, bound: Vec::new(), nesting: 0 })
    }

    /// The same as a truth (1 or 0).
    pub fn truth(&mut self, expr: &Expr, names: Names) -> Result<String, TargetError> {
        self.checked(expr)?;
        self.condition(expr, &Context { names, nulls: Nulls::Kept, bound: Vec::new(), nesting: 0 })
    }

    /// Awk statements that append an address's path to the variable `p`: what is filled in is encoded.
    pub fn path(&mut self, expr: &Expr, names: Names) -> Result<Vec<String>, TargetError> {
        self.checked(expr)?;
        let mut lines = Vec::new();
        let context = Context { names, nulls: Nulls::Kept, bound: Vec::new(), nesting: 0 };
        self.path_part(expr, &context, 0, &mut lines)?;
        Ok(lines)
    }

    /// The helper functions written so far, taken.
    pub fn take_functions(&mut self) -> Vec<String> {
        std::mem::take(&mut self.functions)
    }

    /// The secrets met, in order.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter()
    }

    /// The files met: path → digest and size.
    pub fn files(&self) -> &std::collections::BTreeMap<String, (String, u64)> {
        &self.files
    }

    /// Notes a file that is sent as it is.
    pub fn note_file(&mut self, file: &scope_plan::expr::FileRef) {
        self.files.insert(file.path.clone(), (file.sha256.clone(), file.size));
    }

    fn checked(&self, expr: &Expr) -> Result<(), TargetError> {
        if expr.depth() > MAXIMUM_DEPTH { Err(refused(expr, "it is nested too deep")) } else { Ok(()) }
    }

    fn next(&mut self) -> usize {
        self.n_names += 1;
        self.n_names
    }

    fn handle(&mut self, expr: &Expr, outer: &Context<'_>) -> Result<String, TargetError> {
        if outer.nesting >= MOST_NESTING && !matches!(expr, Expr::Value(_) | Expr::Name(_)) {
            return self.apart(expr, outer);
        }
        let context = &Context { nesting: outer.nesting + 1, ..outer.clone() };
        Ok(match expr {
            Expr::Value(value) => constant(value),
            Expr::Name(name) => self.name(expr, name, context)?,
            Expr::Step { step, path } => {
                path.iter().fold(format!("kept(\"SCOPE_OUTPUT_{}\")", step.0), |base, field| {
                    format!("field({base}, {})", quote::awk(field))
                })
            }
            Expr::Secret(source) => self.secret(source),
            Expr::File(file) => {
                self.note_file(file);
                format!("file_text({})", quote::awk(&file.path))
            }
            Expr::Concat(parts) => format!("str({})", self.texts(parts, context)?),
            Expr::Record(fields) => self.record(fields, context)?,
            Expr::List(items) => self.list(items, context)?,
            Expr::Field(base, field) => {
                format!("field({}, {})", self.handle(base, context)?, quote::awk(field))
            }
            Expr::Index(base, index) => {
                format!("at({}, {})", self.handle(base, context)?, self.handle(index, context)?)
            }
            Expr::Call(builtin, arguments) => self.call(expr, *builtin, arguments, context)?,
            Expr::Unary(UnaryOp::Negate, operand) => format!("negated({})", self.handle(operand, context)?),
            Expr::Unary(UnaryOp::Not, _) => format!("bool({})", self.condition(expr, context)?),
            Expr::Binary(op, left, right) => self.binary(expr, *op, left, right, context)?,
            Expr::If(condition, then, otherwise) => format!(
                "({} ? {} : {})",
                self.condition(condition, context)?,
                self.handle(then, context)?,
                self.handle(otherwise, context)?
            ),
            Expr::ListFor(generator, value) => self.list_for(generator, value, context)?,
            Expr::MapFor(generator, key, value) => self.map_for(generator, key, value, context)?,
            Expr::Bounded(bounded) => {
                let value = self.handle(&bounded.value, context)?;
                format!("{}({value})", self.holder(bounded).map_err(|why| refused(expr, &why))?)
            }
        })
    }

    /// A truth, without the detour over a value where there is a shorter way.
    fn condition(&mut self, expr: &Expr, outer: &Context<'_>) -> Result<String, TargetError> {
        if outer.nesting >= MOST_NESTING {
            return Ok(format!("truth({})", self.handle(expr, outer)?));
        }
        let context = &Context { nesting: outer.nesting + 1, ..outer.clone() };
        Ok(match expr {
            Expr::Value(Value::Bool(truth)) => i32::from(*truth).to_string(),
            Expr::Unary(UnaryOp::Not, operand) => format!("!{}", self.condition(operand, context)?),
            Expr::Binary(op, left, right) => match op {
                BinaryOp::And => {
                    format!("({} && {})", self.condition(left, context)?, self.condition(right, context)?)
                }
                BinaryOp::Or => {
                    format!("({} || {})", self.condition(left, context)?, self.condition(right, context)?)
                }
                BinaryOp::Equal => self.two("equal", left, right, context)?,
                BinaryOp::NotEqual => format!("!{}", self.two("equal", left, right, context)?),
                BinaryOp::Less => format!("({} < 0)", self.two("order", left, right, context)?),
                BinaryOp::LessEqual => format!("({} <= 0)", self.two("order", left, right, context)?),
                BinaryOp::Greater => format!("({} > 0)", self.two("order", left, right, context)?),
                BinaryOp::GreaterEqual => format!("({} >= 0)", self.two("order", left, right, context)?),
                BinaryOp::In => self.two("is_in", left, right, context)?,
                BinaryOp::Matching => {
                    let pattern =
                        pattern::search(constant_pattern(expr, right)?).map_err(|why| refused(expr, &why))?;
                    format!("matching({}, {})", self.handle(left, context)?, quote::awk(&pattern))
                }
                _ => format!("truth({})", self.handle(expr, context)?),
            },
            _ => format!("truth({})", self.handle(expr, context)?),
        })
    }

    fn two(
        &mut self,
        function: &str,
        left: &Expr,
        right: &Expr,
        context: &Context<'_>,
    ) -> Result<String, TargetError> {
        Ok(format!("{function}({}, {})", self.handle(left, context)?, self.handle(right, context)?))
    }

    fn binary(
        &mut self,
        expr: &Expr,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        context: &Context<'_>,
    ) -> Result<String, TargetError> {
        Ok(match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => format!(
                "arithmetic({}, \"{}\", {})",
                self.handle(left, context)?,
                op.symbol(),
                self.handle(right, context)?
            ),
            BinaryOp::Concat => self.two("joined", left, right, context)?,
            BinaryOp::Default => {
                let inner = inside(context);
                let (left, right) = (self.handle(left, &inner)?, self.handle(right, &inner)?);
                self.helper(
                    context,
                    "left",
                    &[format!("left = {left}"), format!("return is_null(left) ? {right} : left")],
                )
            }
            _ => format!("bool({})", self.condition(expr, context)?),
        })
    }

    fn name(&mut self, expr: &Expr, name: &str, context: &Context<'_>) -> Result<String, TargetError> {
        if let Some((_, variable)) = context.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return Ok(variable.clone());
        }
        let of_request = || match name {
            "changes" => "kept(\"SCOPE_CHANGES\")".to_owned(),
            "mark" => "owner_mark()".to_owned(),
            "paths" => "paths()".to_owned(),
            _ => format!("given({})", quote::awk(name)),
        };
        Ok(match (context.names, name) {
            (Names::Steps, _) => {
                return Err(refused(expr, "nothing is called so where a step's inputs are made"));
            }
            (Names::Record, "body") => "h".to_owned(),
            (_, "site") => "kept(\"SCOPE_SITE\")".to_owned(),
            (_, "session") => "kept(\"SCOPE_SESSION\")".to_owned(),
            (Names::Site, _) => return Err(refused(expr, "only `site` and `session` are known there")),
            (Names::HttpAnswer, "status") => "num(ANSWER_STATUS)".to_owned(),
            (Names::HttpAnswer, "body") => "kept(\"SCOPE_BODY\")".to_owned(),
            (Names::HttpAnswer, "text") => "answer_text()".to_owned(),
            (Names::HttpAnswer, "header") => "answer_headers()".to_owned(),
            (Names::ExecAnswer, "code") => "num(ANSWER_STATUS)".to_owned(),
            (Names::ExecAnswer, "out") => "answer_text()".to_owned(),
            (Names::ExecAnswer, "err") => "answer_errors()".to_owned(),
            (Names::Resource, "body") => "kept(\"SCOPE_KNOWN\")".to_owned(),
            (Names::Resource, _) => format!("seen({})", quote::awk(name)),
            (Names::Record, _) => format!("field(h, {})", quote::awk(name)),
            (Names::Request | Names::HttpAnswer | Names::ExecAnswer, _) => of_request(),
        })
    }

    fn secret(&mut self, source: &SecretSource) -> String {
        let secret = Secret::new(source);
        let awk = secret.awk.clone();
        self.secrets.insert(secret);
        awk
    }

    /// Texts one after the other, as one awk text.
    fn texts(&mut self, parts: &[Expr], context: &Context<'_>) -> Result<String, TargetError> {
        let mut pieces = Vec::new();
        for part in parts {
            pieces.push(match part {
                Expr::Value(Value::String(text)) => quote::awk(text),
                other => self.text(other, context)?,
            });
        }
        if pieces.is_empty() { Ok("\"\"".to_owned()) } else { Ok(pieces.join(" ")) }
    }

    fn text(&mut self, expr: &Expr, context: &Context<'_>) -> Result<String, TargetError> {
        Ok(format!("text_of({})", self.handle(expr, context)?))
    }

    fn record(&mut self, fields: &[(String, Expr)], context: &Context<'_>) -> Result<String, TargetError> {
        if fields.is_empty() {
            return Ok("record()".to_owned());
        }
        let inner = inside(context);
        let mut lines = vec!["out = record()".to_owned()];
        for (key, value) in fields {
            // A `null` that is written is meant.
            let is_written = matches!(value, Expr::Value(_));
            let put = if context.nulls == Nulls::LeftOut && !is_written { "put_unless_null" } else { "put" };
            lines.push(format!("{put}(out, {}, {})", quote::awk(key), self.handle(value, &inner)?));
        }
        lines.push("return out".to_owned());
        Ok(self.helper(context, "out", &lines))
    }

    fn list(&mut self, items: &[Expr], context: &Context<'_>) -> Result<String, TargetError> {
        if items.is_empty() {
            return Ok("list()".to_owned());
        }
        if let [item] = items {
            return Ok(format!("add(list(), {})", self.handle(item, context)?));
        }
        let inner = inside(context);
        let mut lines = vec!["out = list()".to_owned()];
        for item in items {
            lines.push(format!("add(out, {})", self.handle(item, &inner)?));
        }
        lines.push("return out".to_owned());
        Ok(self.helper(context, "out", &lines))
    }

    /// A function of its own, so that no awk expression gets deep.
    fn apart(&mut self, expr: &Expr, context: &Context<'_>) -> Result<String, TargetError> {
        let value = self.handle(expr, &inside(context))?;
        Ok(self.helper(context, "", &[format!("return {value}")]))
    }

    fn helper(&mut self, context: &Context<'_>, locals: &str, lines: &[String]) -> String {
        let name = format!("value_{}", self.next());
        let bound: Vec<String> = context.bound.iter().map(|(_, variable)| variable.clone()).collect();
        let mut parameters = bound;
        if context.names == Names::Record {
            parameters.insert(0, "h".to_owned());
        }
        let call = format!("{name}({})", parameters.join(", "));
        self.functions.push(function(&name, &parameters, locals, lines));
        call
    }
}

/// A context for the body of a helper: its own awk expression begins.
fn inside<'c>(context: &Context<'c>) -> Context<'c> {
    Context { nesting: 0, ..context.clone() }
}

/// An awk function.
pub fn function(name: &str, parameters: &[String], locals: &str, lines: &[String]) -> String {
    let mut list = parameters.join(", ");
    if !locals.is_empty() {
        list.push_str("   ");
        list.push_str(locals);
        if parameters.is_empty() {
            list = format!("  {}", list.trim_start());
        } else {
            list = list.replacen("   ", ",   ", 1);
        }
    }
    let body: Vec<String> = lines.iter().map(|line| format!("    {line}\n")).collect();
    format!("function {name}({list}) {{\n{}}}", body.concat())
}

fn constant(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Number(number) => format!("num(\"{number}\")"),
        Value::String(text) => format!("str({})", quote::awk(text)),
        Value::Array(items) if items.is_empty() => "list()".to_owned(),
        Value::Object(fields) if fields.is_empty() => "record()".to_owned(),
        other => format!("constant({})", quote::awk(&other.to_string())),
    }
}

fn constant_pattern<'e>(whole: &Expr, pattern: &'e Expr) -> Result<&'e str, TargetError> {
    match pattern {
        Expr::Value(Value::String(text)) => Ok(text),
        _ => Err(refused(whole, "its regular expression is not constant")),
    }
}

fn refused(expr: &Expr, why: &str) -> TargetError {
    TargetError::Expression { target: "shell", expression: expr.to_string(), why: why.to_owned() }
}
