//! The precedence table, and the tree of a flat run of operands and operators.
//!
//! Comes in: `a & b & c | - d`, as a list. Goes out: `(| (& a b c) (- d))`. The tree is built with two stacks, so a run
//! of any length is read in one pass and without recursion; how deep it gets is counted.

use super::{
    deep::{Deep, node},
    fault::Fault,
};
use crate::ast::{BinaryOp, ChainOp, Expr, ExprKind, UnaryOp};
use scope_diagnostics::{Diagnostic, Edit, Span, codes};

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Infix {
    Binary(BinaryOp),
    Chain(ChainOp),
}

/// How an operator groups with its equals.
#[derive(Clone, Copy, PartialEq)]
enum Grouping {
    Left,
    Right,
    None,
}

/// How tightly a prefix operator binds; more is tighter.
pub(crate) fn prefix_power(op: UnaryOp) -> u8 {
    match op {
        UnaryOp::Negate => 14,
        UnaryOp::Not => 4,
    }
}

/// How tightly an operator binds; more is tighter.
pub(crate) fn power(op: Infix) -> u8 {
    match op {
        Infix::Binary(BinaryOp::Multiply | BinaryOp::Divide) => 13,
        Infix::Binary(BinaryOp::Subtract) | Infix::Chain(ChainOp::Add | ChainOp::Concat) => 12,
        Infix::Binary(BinaryOp::Range) => 11,
        Infix::Chain(ChainOp::Cross) => 10,
        Infix::Chain(ChainOp::And) => 9,
        Infix::Chain(ChainOp::Or) => 8,
        Infix::Binary(BinaryOp::Default) => 7,
        Infix::Binary(BinaryOp::Where | BinaryOp::Except) => 6,
        Infix::Binary(_) => COMPARISON,
        Infix::Chain(ChainOp::LogicalAnd) => 3,
        Infix::Chain(ChainOp::LogicalOr) => 2,
    }
}

/// How tightly an operator holds its right operand: the condition of `where` goes as far as it can, up to another
/// `where` or `except`.
pub(crate) fn right_power(op: Infix) -> u8 {
    if op == Infix::Binary(BinaryOp::Where) { 1 } else { power(op) }
}

/// The power of comparisons, which do not chain.
const COMPARISON: u8 = 5;

fn grouping(op: Infix) -> Grouping {
    match op {
        Infix::Binary(BinaryOp::Range) => Grouping::None,
        Infix::Binary(BinaryOp::Default) => Grouping::Right,
        _ if power(op) == COMPARISON => Grouping::None,
        _ => Grouping::Left,
    }
}

/// An operand with the prefix operators before it, first one first.
pub(crate) struct Operand {
    pub prefixes: Vec<(UnaryOp, Span)>,
    pub value: Deep<Expr>,
}

enum Pending {
    Prefix(UnaryOp, Span),
    Infix(Infix, Span),
}

impl Pending {
    /// How tightly it holds what is on its right.
    fn power(&self) -> u8 {
        match self {
            Pending::Prefix(op, _) => prefix_power(*op),
            Pending::Infix(op, _) => right_power(*op),
        }
    }
}

struct Value {
    expr: Deep<Expr>,
    /// An open chain takes further operands of its operator; a parenthesised one does not.
    open_chain: Option<ChainOp>,
}

/// Builds the tree. Non-associative operators in a row are reported.
pub(crate) fn build(
    first: Operand,
    rest: Vec<(Infix, Span, Operand)>,
    at: usize,
    emit: &mut dyn FnMut(Fault),
) -> Deep<Expr> {
    if rest.is_empty() && first.prefixes.is_empty() {
        return first.value;
    }
    let mut builder = Builder { values: vec![], pending: vec![], conditions: 0 };
    let mut after_number = is_number(&first.value.value);
    builder.operand(first);
    for (op, span, operand) in rest {
        let is_number = is_number(&operand.value.value);
        if op == Infix::Chain(ChainOp::Cross) && after_number && is_number {
            emit(Fault::report(at, no_modulo(span)));
        }
        after_number = is_number;
        builder.infix(op, span, at, emit);
        builder.operand(operand);
    }
    while !builder.pending.is_empty() {
        builder.reduce();
    }
    builder.values.pop().expect("a run has an operand").expr
}

/// A number, with any signs and parentheses: `12`, `-(12)`.
fn is_number(mut value: &Expr) -> bool {
    while let ExprKind::Unary { op: UnaryOp::Negate, operand } = value.kind.as_ref() {
        value = operand;
    }
    matches!(value.kind.as_ref(), ExprKind::Number(_))
}

/// The report of `7 % 2`.
fn no_modulo(span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0015, span, "there is no modulo operator")
        .label("crosses sites, not numbers")
        .help("write `mod(a, b)`")
}

struct Builder {
    values: Vec<Value>,
    pending: Vec<Pending>,
    /// How many `where` are pending.
    conditions: usize,
}

impl Builder {
    fn operand(&mut self, operand: Operand) {
        self.pending.extend(operand.prefixes.into_iter().map(|(op, span)| Pending::Prefix(op, span)));
        self.values.push(Value { expr: operand.value, open_chain: None });
    }

    fn infix(&mut self, op: Infix, span: Span, at: usize, emit: &mut dyn FnMut(Fault)) {
        if matches!(op, Infix::Binary(BinaryOp::Where | BinaryOp::Except)) {
            let outside = self.conditions.saturating_sub(1);
            while self.conditions > outside {
                self.reduce();
            }
        }
        while let Some(top) = self.pending.last() {
            let (top_power, new_power) = (top.power(), power(op));
            let same = match top {
                Pending::Infix(top_op, top_span) if top_power == new_power => Some((*top_op, *top_span)),
                _ => None,
            };
            if let Some((top_op, top_span)) = same {
                match grouping(op) {
                    Grouping::Right => break,
                    Grouping::None => {
                        emit(Fault::report(at, not_associative(top_op, top_span, op, span)));
                        self.reduce();
                        continue;
                    }
                    Grouping::Left => {}
                }
            }
            if top_power < new_power {
                break;
            }
            self.reduce();
        }
        self.conditions += usize::from(op == Infix::Binary(BinaryOp::Where));
        self.pending.push(Pending::Infix(op, span));
    }

    /// Applies the last operator.
    fn reduce(&mut self) {
        let right = self.values.pop().expect("an operator is followed by an operand");
        match self.pending.pop().expect("only called while an operator waits") {
            Pending::Prefix(op, span) => {
                let span = span.to(right.expr.value.span);
                let depth = right.expr.depth;
                let expr = node(ExprKind::Unary { op, operand: right.expr.value }, span, depth);
                self.values.push(Value { expr, open_chain: None });
            }
            Pending::Infix(op, _) => {
                self.conditions -= usize::from(op == Infix::Binary(BinaryOp::Where));
                let left = self.values.pop().expect("an operator follows an operand");
                self.values.push(join(left, op, right));
            }
        }
    }
}

fn not_associative(first: Infix, first_span: Span, second: Infix, span: Span) -> Diagnostic {
    if let Infix::Binary(BinaryOp::Range) = first {
        return Diagnostic::new(codes::E0001, span, "a range has two ends")
            .label("a third")
            .secondary(first_span, "the range");
    }
    let (first, second) = (symbol(first), symbol(second));
    let report = Diagnostic::new(codes::E0014, span, "comparisons do not chain")
        .label("compares the result of a comparison")
        .secondary(first_span, "compares first");
    report.help(format!("write `a {first} b and b {second} c`"))
}

fn join(left: Value, op: Infix, right: Value) -> Value {
    let span = left.expr.value.span.to(right.expr.value.span);
    match op {
        Infix::Binary(op) => {
            let depth = left.expr.depth.max(right.expr.depth);
            let kind = ExprKind::Binary { op, left: left.expr.value, right: right.expr.value };
            Value { expr: node(kind, span, depth), open_chain: None }
        }
        Infix::Chain(op) => {
            if left.open_chain == Some(op) {
                let Deep { mut value, depth } = left.expr;
                if let ExprKind::Chain { operands, .. } = value.kind.as_mut() {
                    let depth = depth.max(right.expr.depth + 1);
                    operands.push(right.expr.value);
                    value.span = span;
                    if depth > crate::MAX_DEPTH {
                        return Value { expr: node(ExprKind::Error, span, depth), open_chain: None };
                    }
                    return Value { expr: Deep::new(value, depth), open_chain: Some(op) };
                }
                // Already too deep: it stays an error.
                return Value { expr: Deep::new(value, depth), open_chain: None };
            }
            let depth = left.expr.depth.max(right.expr.depth);
            let kind = ExprKind::Chain { op, operands: vec![left.expr.value, right.expr.value] };
            Value { expr: node(kind, span, depth), open_chain: Some(op) }
        }
    }
}

/// How an operator is written.
pub(crate) fn symbol(op: Infix) -> &'static str {
    match op {
        Infix::Binary(op) => op.symbol(),
        Infix::Chain(op) => match op {
            ChainOp::Add => "+",
            ChainOp::Concat => "++",
            ChainOp::Cross => "%",
            ChainOp::And => "&",
            ChainOp::Or => "|",
            ChainOp::LogicalAnd => "and",
            ChainOp::LogicalOr => "or",
        },
    }
}

/// The report of `&&` and `!`, which are read as `and` and `not`.
pub(crate) fn boolean_word(span: Span, symbol: &str, word: &str) -> Diagnostic {
    let report = Diagnostic::new(codes::E0012, span, format!("expected `{word}`, found `{symbol}`"))
        .label("booleans are words")
        .help(format!("write `{word}`"));
    let report = match symbol {
        "&&" => report.help("in a scope `A & B` is at both places"),
        _ => report,
    };
    report.fix(format!("write `{word}`"), vec![Edit::new(span, if symbol == "!" { "not " } else { word })])
}

/// The report of `&&` between places, which is read as `&`.
pub(crate) fn doubled_and(span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0012, span, "expected `&`, found `&&`")
        .label("places are joined by one `&`")
        .help("write `A & B` for both places; `and` joins what is true or false")
        .fix("write `&`", vec![Edit::new(span, "&")])
}
