//! A driver's expression as a plan's: the driver's own functions written out, units as plain numbers.
//!
//! Comes in: a checked [`ast::Expr`]. Goes out: an [`Expr`]; total for an elaborated driver without errors (what is left
//! over from an error is `null`). `endpoint(session.catalog, "image")` with `fn endpoint(c: any, t: string) =
//! first([for e in c if e.type == t => e.url])` → `first([for e in session.catalog if e.type == "image" => e.url])`.

use indexmap::IndexMap;
use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator, UnaryOp};
use scope_syntax::ast::{self, ChainOp, Element, ExprKind, NumberValue, RecordEntry, TextPart};
use scope_syntax::units::{self, Dimension};
use serde_json::Value;

/// How deep functions may be written out in each other.
const MAXIMUM_CALLS: usize = 64;

/// Translates the expressions of one driver.
pub(super) struct Translation<'d> {
    functions: &'d IndexMap<String, ast::Function>,
}

/// What the names of a place stand for: parameters by what was given for them, names of comprehensions by themselves.
#[derive(Clone, Default)]
struct Locals {
    bound: Vec<(String, Expr)>,
    calls: usize,
}

impl<'d> Translation<'d> {
    /// For a driver with these functions.
    pub(super) fn new(functions: &'d IndexMap<String, ast::Function>) -> Translation<'d> {
        Translation { functions }
    }

    /// One expression.
    pub(super) fn expr(&self, expr: &ast::Expr) -> Expr {
        self.lower(expr, &Locals::default())
    }

    /// Named expressions, in order.
    pub(super) fn entries(&self, entries: &[(String, ast::Expr)]) -> Vec<(String, Expr)> {
        entries.iter().map(|(name, expr)| (name.clone(), self.expr(expr))).collect()
    }

    fn lower(&self, expr: &ast::Expr, locals: &Locals) -> Expr {
        match &*expr.kind {
            ExprKind::Error | ExprKind::Null | ExprKind::Scope(_) => Expr::Value(Value::Null),
            ExprKind::Bool(value) => Expr::Value(Value::Bool(*value)),
            ExprKind::Number(number) => Expr::Value(number_value(&number.value)),
            ExprKind::Text(text) => self.text(text, locals),
            ExprKind::Name(name) => {
                let local = locals.bound.iter().rev().find(|(local, _)| local == name);
                local.map_or_else(|| Expr::Name(name.clone()), |(_, expr)| expr.clone())
            }
            ExprKind::Record(entries) => self.record(entries, locals),
            ExprKind::List(elements) => self.list(elements, locals),
            ExprKind::ListFor { generator, value } => {
                let (generator, locals) = self.generator(generator, locals);
                Expr::ListFor(Box::new(generator), Box::new(self.lower(value, &locals)))
            }
            ExprKind::MapFor { generator, key, value } => {
                let (generator, locals) = self.generator(generator, locals);
                let (key, value) = (self.lower(key, &locals), self.lower(value, &locals));
                Expr::MapFor(Box::new(generator), Box::new(key), Box::new(value))
            }
            ExprKind::Field { base, name, .. } => {
                Expr::Field(Box::new(self.lower(base, locals)), name.text.clone())
            }
            ExprKind::Index { base, index } => {
                Expr::Index(Box::new(self.lower(base, locals)), Box::new(self.lower(index, locals)))
            }
            ExprKind::Call { callee, args } => self.call(callee, args, locals),
            ExprKind::Unary { op, operand } => {
                let op = match op {
                    ast::UnaryOp::Negate => UnaryOp::Negate,
                    ast::UnaryOp::Not => UnaryOp::Not,
                };
                match (op, self.lower(operand, locals)) {
                    (UnaryOp::Negate, Expr::Value(value)) => negated(value),
                    (op, operand) => Expr::Unary(op, Box::new(operand)),
                }
            }
            ExprKind::Binary { op, left, right } => {
                self.binary(*op, self.lower(left, locals), self.lower(right, locals))
            }
            ExprKind::Chain { op, operands } => self.chain(*op, operands, locals),
            ExprKind::If { branches, otherwise } => {
                branches.iter().rev().fold(self.lower(otherwise, locals), |otherwise, (condition, value)| {
                    let (condition, value) = (self.lower(condition, locals), self.lower(value, locals));
                    Expr::If(Box::new(condition), Box::new(value), Box::new(otherwise))
                })
            }
        }
    }

    fn text(&self, text: &ast::Text, locals: &Locals) -> Expr {
        if let Some(text) = text.literal() {
            return Expr::Value(Value::String(text));
        }
        let parts = text.parts.iter().map(|part| match part {
            TextPart::Chars(chars) => Expr::Value(Value::String(chars.clone())),
            TextPart::Interpolation(expr) => self.lower(expr, locals),
        });
        Expr::Concat(parts.collect())
    }

    /// A record; a spread one begins a deep merge, a computed key a record of one entry.
    fn record(&self, entries: &[RecordEntry], locals: &Locals) -> Expr {
        let mut whole: Option<Expr> = None;
        let mut fields: Vec<(String, Expr)> = Vec::new();
        let mut add = |part: Expr, fields: &mut Vec<(String, Expr)>| {
            let before = std::mem::take(fields);
            for part in [Expr::Record(before), part] {
                if part != Expr::Record(Vec::new()) {
                    whole = Some(match whole.take() {
                        Some(whole) => Expr::Call(Builtin::Merge, vec![whole, part]),
                        None => part,
                    });
                }
            }
        };
        for entry in entries {
            match entry {
                RecordEntry::Field { key, value } => match key.literal() {
                    Some(key) => {
                        let value = self.lower(value, locals);
                        match fields.iter_mut().find(|(name, _)| *name == key) {
                            Some((_, first)) => *first = value,
                            None => fields.push((key, value)),
                        }
                    }
                    None => {
                        let one = Generator {
                            name: "entry".to_owned(),
                            second: None,
                            source: Expr::List(vec![Expr::Value(Value::Null)]),
                            condition: None,
                        };
                        let (key, value) = (self.text(key, locals), self.lower(value, locals));
                        add(Expr::MapFor(Box::new(one), Box::new(key), Box::new(value)), &mut fields);
                    }
                },
                RecordEntry::Spread(base) => add(self.lower(base, locals), &mut fields),
                RecordEntry::Error { .. } => {}
            }
        }
        add(Expr::Record(Vec::new()), &mut fields);
        whole.unwrap_or(Expr::Record(Vec::new()))
    }

    fn list(&self, elements: &[Element], locals: &Locals) -> Expr {
        if elements.iter().all(|element| matches!(element, Element::Value(_))) {
            return Expr::List(self.elements(elements, locals));
        }
        let parts = elements
            .chunk_by(|left, right| matches!(left, Element::Value(_)) && matches!(right, Element::Value(_)));
        let parts = parts.map(|part| match part {
            [Element::Spread(list)] => self.lower(list, locals),
            values => Expr::List(self.elements(values, locals)),
        });
        Expr::Call(Builtin::ConcatLists, parts.collect())
    }

    fn elements(&self, elements: &[Element], locals: &Locals) -> Vec<Expr> {
        elements
            .iter()
            .map(|element| {
                let (Element::Value(value) | Element::Spread(value)) = element;
                self.lower(value, locals)
            })
            .collect()
    }

    /// The iteration, and what its names stand for in what follows.
    fn generator(&self, written: &ast::Generator, locals: &Locals) -> (Generator, Locals) {
        let source = self.lower(&written.source, locals);
        let mut inner = locals.clone();
        let name = inner.bind(&written.name.text);
        let second = written.second.as_ref().map(|second| inner.bind(&second.text));
        let condition = written.condition.as_ref().map(|condition| self.lower(condition, &inner));
        (Generator { name, second, source, condition }, inner)
    }

    fn call(&self, callee: &ast::Expr, args: &[ast::Argument], locals: &Locals) -> Expr {
        let ExprKind::Name(name) = &*callee.kind else { return Expr::Value(Value::Null) };
        if let Some(function) = self.functions.get(name) {
            return self.written_out(function, args, locals);
        }
        let Some(builtin) = builtin(name) else { return Expr::Value(Value::Null) };
        Expr::Call(builtin, args.iter().map(|argument| self.lower(&argument.value, locals)).collect())
    }

    /// A function's body with the arguments in the place of its parameters.
    fn written_out(&self, function: &ast::Function, args: &[ast::Argument], locals: &Locals) -> Expr {
        if locals.calls >= MAXIMUM_CALLS {
            return Expr::Value(Value::Null);
        }
        let mut positional = args.iter().filter(|argument| argument.name.is_none());
        let bound = function.params.iter().map(|param| {
            let named = args
                .iter()
                .find(|argument| argument.name.as_ref().is_some_and(|name| name.text == param.name.text));
            let value = match (named.or_else(|| positional.next()), &param.default) {
                (Some(argument), _) => self.lower(&argument.value, locals),
                (None, Some(default)) => self.lower(default, &Locals::default()),
                (None, None) => Expr::Value(Value::Null),
            };
            (param.name.text.clone(), value)
        });
        let inner = Locals { bound: bound.collect(), calls: locals.calls + 1 };
        self.lower(&function.body, &inner)
    }

    fn binary(&self, op: ast::BinaryOp, left: Expr, right: Expr) -> Expr {
        let op = match op {
            ast::BinaryOp::Multiply => BinaryOp::Multiply,
            ast::BinaryOp::Divide => BinaryOp::Divide,
            ast::BinaryOp::Subtract => BinaryOp::Subtract,
            ast::BinaryOp::Default => BinaryOp::Default,
            ast::BinaryOp::Equal => BinaryOp::Equal,
            ast::BinaryOp::NotEqual => BinaryOp::NotEqual,
            ast::BinaryOp::Less => BinaryOp::Less,
            ast::BinaryOp::LessEqual => BinaryOp::LessEqual,
            ast::BinaryOp::Greater => BinaryOp::Greater,
            ast::BinaryOp::GreaterEqual => BinaryOp::GreaterEqual,
            ast::BinaryOp::In => BinaryOp::In,
            ast::BinaryOp::Matching => BinaryOp::Matching,
            ast::BinaryOp::NotIn => {
                let is_in = Expr::Binary(BinaryOp::In, Box::new(left), Box::new(right));
                return Expr::Unary(UnaryOp::Not, Box::new(is_in));
            }
            // Refused by elaboration.
            ast::BinaryOp::Range | ast::BinaryOp::Within | ast::BinaryOp::Where | ast::BinaryOp::Except => {
                return Expr::Value(Value::Null);
            }
        };
        Expr::Binary(op, Box::new(left), Box::new(right))
    }

    fn chain(&self, op: ChainOp, operands: &[ast::Expr], locals: &Locals) -> Expr {
        let op = match op {
            ChainOp::Add => BinaryOp::Add,
            ChainOp::Concat => BinaryOp::Concat,
            ChainOp::LogicalAnd => BinaryOp::And,
            ChainOp::LogicalOr => BinaryOp::Or,
            // Refused by elaboration.
            ChainOp::Cross | ChainOp::And | ChainOp::Or => return Expr::Value(Value::Null),
        };
        let mut operands = operands.iter().map(|operand| self.lower(operand, locals));
        let Some(first) = operands.next() else { return Expr::Value(Value::Null) };
        operands.fold(first, |left, right| Expr::Binary(op, Box::new(left), Box::new(right)))
    }
}

impl Locals {
    /// Adds a comprehension's name, under another one if what a parameter stands for uses it: `f(x)` with
    /// `fn f(y: any) = [for x in y => x]` must not read the `x` of the caller as its own.
    fn bind(&mut self, name: &str) -> String {
        let mut fresh = name.to_owned();
        let mut count = 1;
        while self.bound.iter().any(|(local, expr)| local != name && uses(expr, &fresh)) {
            count += 1;
            fresh = format!("{name}_{count}");
        }
        self.bound.push((name.to_owned(), Expr::Name(fresh.clone())));
        fresh
    }
}

/// Whether `name` occurs in the expression, bound or not.
fn uses(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Value(_) | Expr::Step { .. } | Expr::Secret(_) | Expr::File(_) => false,
        Expr::Name(other) => other == name,
        Expr::Concat(parts) | Expr::List(parts) | Expr::Call(_, parts) => {
            parts.iter().any(|part| uses(part, name))
        }
        Expr::Record(fields) => fields.iter().any(|(_, value)| uses(value, name)),
        Expr::Field(base, _) | Expr::Unary(_, base) => uses(base, name),
        Expr::Bounded(bounded) => uses(&bounded.value, name),
        Expr::Index(left, right) | Expr::Binary(_, left, right) => uses(left, name) || uses(right, name),
        Expr::If(condition, value, otherwise) => {
            uses(condition, name) || uses(value, name) || uses(otherwise, name)
        }
        Expr::ListFor(generator, value) => of_generator(generator, name) || uses(value, name),
        Expr::MapFor(generator, key, value) => {
            of_generator(generator, name) || uses(key, name) || uses(value, name)
        }
    }
}

fn of_generator(generator: &Generator, name: &str) -> bool {
    uses(&generator.source, name)
        || generator.condition.as_ref().is_some_and(|condition| uses(condition, name))
}

/// Times in seconds, as those of programs; sizes in bytes, rates in bits a second, percentages as written.
fn number_value(value: &NumberValue) -> Value {
    match value {
        NumberValue::Int(value) => Value::from(*value),
        NumberValue::Float(value) => Value::from(*value),
        NumberValue::Quantity(count, unit) => {
            let (dimension, factor) = units::find(unit).unwrap_or((Dimension::Size, 1.0));
            let plain = match dimension {
                Dimension::Duration | Dimension::Size | Dimension::Rate => count * factor,
                Dimension::Percent => *count,
            };
            if plain.fract() == 0.0 && plain.abs() < 9e15 {
                Value::from(plain as i64)
            } else {
                Value::from(plain)
            }
        }
    }
}

fn negated(value: Value) -> Expr {
    match (value.as_i64().and_then(i64::checked_neg), value.as_f64()) {
        (Some(integer), _) => Expr::Value(Value::from(integer)),
        (None, Some(float)) => Expr::Value(Value::from(-float)),
        (None, None) => Expr::Unary(UnaryOp::Negate, Box::new(Expr::Value(value))),
    }
}

fn builtin(name: &str) -> Option<Builtin> {
    Some(match name {
        "json" => Builtin::Json,
        "to_json" => Builtin::ToJson,
        "first" => Builtin::First,
        "length" => Builtin::Length,
        "lower" => Builtin::Lower,
        "upper" => Builtin::Upper,
        "trim" => Builtin::Trim,
        "join" => Builtin::Join,
        "split" => Builtin::Split,
        "keys" => Builtin::Keys,
        "values" => Builtin::Values,
        "has" => Builtin::Has,
        "text" => Builtin::Text,
        "int" => Builtin::Int,
        "base64" => Builtin::Base64,
        "url" => Builtin::Url,
        "merge" => Builtin::Merge,
        "without" => Builtin::Without,
        "concat" => Builtin::ConcatLists,
        "distinct" => Builtin::Distinct,
        "sort" => Builtin::Sort,
        "range" => Builtin::Range,
        "sum" => Builtin::Sum,
        "min" => Builtin::Min,
        "max" => Builtin::Max,
        "div" => Builtin::Div,
        "mod" => Builtin::Mod,
        "replace" => Builtin::Replace,
        "capture" => Builtin::Capture,
        _ => return None,
    })
}
