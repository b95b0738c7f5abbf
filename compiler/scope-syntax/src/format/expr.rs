//! Expressions, with parentheses only where the tree needs them.

use super::{
    Formatter,
    align::Mark,
    body::leftmost,
    doc::{Doc, concat, group, line, mark, nest, soft_line, text},
    pieces::{Separation, one_below_the_other},
    text::is_word,
};
use crate::{
    ast::*,
    parse::operators::{Infix, power, prefix_power, right_power, symbol},
};
use scope_diagnostics::Span;

/// How tightly what is not an operator holds together.
const ATOM: u8 = 100;

impl Formatter<'_> {
    /// An expression where any may stand.
    pub(super) fn expr(&mut self, value: &Expr) -> Doc {
        match value.kind.as_ref() {
            ExprKind::Error => text(self.source.get(value.span.range()).unwrap_or_default()),
            ExprKind::Null => text("null"),
            ExprKind::Bool(value) => text(value.to_string()),
            ExprKind::Number(number) => text(&*number.text),
            ExprKind::Text(value) => self.text(value),
            ExprKind::Name(name) => text(&**name),
            ExprKind::Record(entries) => self.record(entries, value.span),
            ExprKind::List(elements) => self.list(elements, value.span),
            ExprKind::ListFor { generator, value: result } => {
                let mut write = |out: &mut Self| out.expr(result);
                self.comprehension(("[", "]"), generator, (value.span, result.span), &mut write)
            }
            ExprKind::MapFor { generator, key, value: result } => {
                let mut write = |out: &mut Self| concat([out.expr(key), text(": "), out.expr(result)]);
                self.comprehension(("{", "}"), generator, (value.span, key.span.to(result.span)), &mut write)
            }
            ExprKind::Field { base, name, optional } => {
                let dot = if *optional { "?." } else { "." };
                let name = if is_word(&name.text) { name.text.clone() } else { format!("\"{}\"", name.text) };
                concat([self.base(base), text(dot), text(name)])
            }
            ExprKind::Index { base, index } => {
                concat([self.base(base), text("["), self.expr(index), text("]")])
            }
            ExprKind::Call { .. } if let Some(duration) = queued_for(value) => {
                concat([text("queue for "), self.base_or_number(duration)])
            }
            ExprKind::Call { callee, args } => {
                let after = callee.span.end;
                let callee = self.base(callee);
                concat([callee, self.arguments(args, (after, value.span.end))])
            }
            ExprKind::Unary { op, operand } => {
                let parenthesise = match op {
                    UnaryOp::Negate => tightness(operand) <= prefix_power(*op),
                    UnaryOp::Not => tightness(operand) < prefix_power(*op),
                };
                let sign = if *op == UnaryOp::Not { "not " } else { "-" };
                concat([text(sign), self.operand(operand, parenthesise || is_where(operand))])
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right),
            ExprKind::Chain { op, operands } => self.chain(*op, operands),
            ExprKind::If { branches, otherwise } => self.conditional(branches, otherwise),
            ExprKind::Scope(scope) => concat([text("scope "), self.scope(scope)]),
        }
    }

    /// An expression, in parentheses if need be.
    pub(super) fn operand(&mut self, value: &Expr, parenthesise: bool) -> Doc {
        let inner = self.expr(value);
        if parenthesise { concat([text("("), nest(inner), text(")")]) } else { inner }
    }

    /// What `.`, `(` or `[` follows.
    fn base(&mut self, value: &Expr) -> Doc {
        let parenthesise = tightness(value) < ATOM || matches!(value.kind.as_ref(), ExprKind::Number(_));
        self.operand(value, parenthesise)
    }

    /// What follows `queue for`.
    fn base_or_number(&mut self, value: &Expr) -> Doc {
        let is_plain = matches!(leftmost(value).kind.as_ref(), ExprKind::Number(_) | ExprKind::Name(_));
        self.operand(value, !is_plain || tightness(value) < ATOM)
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Doc {
        let infix = Infix::Binary(op);
        let own = power(infix);
        let stops_where = matches!(op, BinaryOp::Where | BinaryOp::Except);
        let groups_left = matches!(
            op,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Subtract | BinaryOp::Where | BinaryOp::Except
        );
        let left_parentheses =
            tightness(left) < own || tightness(left) == own && !groups_left || is_where(left) && !stops_where;
        let right_parentheses = match op {
            BinaryOp::Where => tightness(right) <= right_power(infix) || holds_where(right),
            BinaryOp::Default => tightness(right) < own || is_where(right),
            _ => tightness(right) <= own || is_where(right),
        };
        let is_tight = op == BinaryOp::Range && tightness(left) == ATOM && tightness(right) == ATOM;
        let ends_with_bracket = !left_parentheses
            && tightness(right) == ATOM
            && match left.kind.as_ref() {
                ExprKind::Call { args, .. } => matches!(args.as_slice(), [only] if is_bracketed(&only.value)),
                _ => is_bracketed(left),
            };
        if op == BinaryOp::Default && !ends_with_bracket {
            return self.defaults(left, right);
        }
        if !is_tight && op != BinaryOp::NotIn && op != BinaryOp::Default {
            let sides = [(left, left_parentheses), (right, right_parentheses)];
            let commented = self.commented(2, &|index| sides[index].0.span, &mut |out, index| {
                let sign = if index == 0 { String::new() } else { format!("{} ", symbol(infix)) };
                concat([text(sign), out.operand(sides[index].0, sides[index].1)])
            });
            if let Some(commented) = commented {
                return commented;
            }
        }
        let left = self.operand(left, left_parentheses);
        let right = self.operand(right, right_parentheses);
        match op {
            BinaryOp::Range if is_tight => concat([left, text(".."), right]),
            // A line must not start with `not`.
            BinaryOp::NotIn => concat([left, text(" not in "), right]),
            // `]) ?? x` goes on behind the bracket.
            BinaryOp::Default => concat([left, text(" ?? "), right]),
            _ => group(concat([left, nest(concat([line(), text(format!("{} ", symbol(infix))), right]))])),
        }
    }

    /// `a ?? b ?? c`: it groups to the right, and all stand at one level.
    fn defaults(&mut self, left: &Expr, right: &Expr) -> Doc {
        let own = power(Infix::Binary(BinaryOp::Default));
        let mut operands = vec![left];
        let mut rest = Some(right);
        while let Some(value) = rest {
            let (this, next) = match value.kind.as_ref() {
                ExprKind::Binary { op: BinaryOp::Default, left, right } => (left, Some(right)),
                _ => (value, None),
            };
            operands.push(this);
            rest = next;
        }
        let write = |out: &mut Self, index: usize| {
            let value = operands[index];
            out.operand(value, tightness(value) <= own || is_where(value))
        };
        self.joined_by("??", operands.len(), &|index| operands[index].span, &write)
    }

    /// Operands of one level, under each other where they do not fit, or have comments between them.
    fn joined_by(
        &mut self,
        sign: &str,
        count: usize,
        span: &dyn Fn(usize) -> Span,
        write: &dyn Fn(&mut Self, usize) -> Doc,
    ) -> Doc {
        let commented = self.commented(count, span, &mut |out, index| {
            let sign = if index == 0 { String::new() } else { format!("{sign} ") };
            concat([text(sign), write(out, index)])
        });
        if let Some(commented) = commented {
            return commented;
        }
        let first = write(self, 0);
        let rest: Vec<Doc> =
            (1..count).map(|index| concat([line(), text(format!("{sign} ")), write(self, index)])).collect();
        group(concat([first, nest(concat(rest))]))
    }

    fn chain(&mut self, op: ChainOp, operands: &[Expr]) -> Doc {
        let infix = Infix::Chain(op);
        let own = power(infix);
        let write = |out: &mut Self, index: usize| {
            let operand = &operands[index];
            let is_same = matches!(operand.kind.as_ref(), ExprKind::Chain { op: inner, .. } if *inner == op);
            let parenthesise = match index {
                0 => tightness(operand) < own || is_same || is_where(operand),
                _ => tightness(operand) <= own || is_where(operand),
            };
            // Right without them, but read more surely with them.
            let is_mixed = op == ChainOp::LogicalOr
                && matches!(operand.kind.as_ref(), ExprKind::Chain { op: ChainOp::LogicalAnd, .. });
            out.operand(operand, parenthesise || is_mixed)
        };
        self.joined_by(symbol(infix), operands.len(), &|index| operands[index].span, &write)
    }

    fn conditional(&mut self, branches: &[(Expr, Expr)], otherwise: &Expr) -> Doc {
        let has_inner = branches
            .iter()
            .any(|(condition, value)| self.has_comment_between(condition.span.end, value.span.start));
        if has_inner {
            return self.conditional_in_parts(branches, otherwise);
        }
        let mut write = |out: &mut Self, index: usize| match branches.get(index) {
            Some((condition, value)) => {
                let condition = out.if_part(index, condition);
                group(concat([condition, line(), text("then "), out.operand(value, is_if(value))]))
            }
            None => concat([text("else "), out.operand(otherwise, is_if(otherwise))]),
        };
        let place = |index: usize| {
            branches.get(index).map_or(otherwise.span, |(condition, value)| condition.span.to(value.span))
        };
        if let Some(commented) = self.commented(branches.len() + 1, &place, &mut write) {
            return commented;
        }
        let first = write(self, 0);
        let rest: Vec<Doc> = (1..=branches.len()).map(|index| concat([line(), write(self, index)])).collect();
        group(nest(concat([first, concat(rest)])))
    }

    /// The same with `then` on a line of its own, behind the comment of its condition.
    fn conditional_in_parts(&mut self, branches: &[(Expr, Expr)], otherwise: &Expr) -> Doc {
        let parts: Vec<&Expr> =
            branches.iter().flat_map(|(condition, value)| [condition, value]).chain([otherwise]).collect();
        let mut write = |out: &mut Self, index: usize| {
            let part = parts[index];
            if index + 1 == parts.len() {
                return concat([text("else "), out.operand(part, is_if(part))]);
            }
            if index.is_multiple_of(2) {
                return out.if_part(index / 2, part);
            }
            concat([text("then "), out.operand(part, is_if(part))])
        };
        let commented = self.commented(parts.len(), &|index| parts[index].span, &mut write);
        commented.unwrap_or_else(|| concat((0..parts.len()).map(|index| write(self, index))))
    }

    /// `if condition`, `else if condition`
    fn if_part(&mut self, index: usize, condition: &Expr) -> Doc {
        let word = if index == 0 { "if " } else { "else if " };
        concat([text(word), self.operand(condition, is_if(condition))])
    }

    fn record(&mut self, entries: &[RecordEntry], span: scope_diagnostics::Span) -> Doc {
        // A record alone in a record opens and closes with it, where it was written so.
        if let [RecordEntry::Field { key, value }] = entries
            && matches!(value.kind.as_ref(), ExprKind::Record(inner) if !inner.is_empty())
            && !self.is_broken_in_source('{', Some(key.span.start))
            && !self.holds_comment((span.start + 1, value.span.start))
            && !self.holds_comment((value.span.end, span.end))
        {
            let key = self.text(key);
            return concat([text("{ "), key, text(": "), self.expr(value), text(" }")]);
        }
        let place = |index: usize| match &entries[index] {
            RecordEntry::Field { key, value } => key.span.to(value.span),
            RecordEntry::Spread(value) => value.span,
            RecordEntry::Error { span, .. } => *span,
        };
        self.bracketed(
            ("{", "}"),
            Separation::Lines,
            (span.start + 1, span.end),
            entries.len(),
            &place,
            &mut |out, index| match &entries[index] {
                RecordEntry::Field { key, value } => {
                    concat([out.text(key), text(": "), mark(Mark::Value), out.expr(value)])
                }
                RecordEntry::Spread(value) => concat([text("..."), out.expr(value)]),
                RecordEntry::Error { span, .. } => text(out.source.get(span.range()).unwrap_or_default()),
            },
        )
    }

    fn list(&mut self, elements: &[Element], span: scope_diagnostics::Span) -> Doc {
        let value = |index: usize| match &elements[index] {
            Element::Value(value) | Element::Spread(value) => value,
        };
        let range = (span.start + 1, span.end);
        // A record alone in a list opens and closes with it.
        if let [Element::Value(only)] = elements
            && matches!(only.kind.as_ref(), ExprKind::Record(_))
            && !self.holds_comment((range.0, only.span.start))
        {
            return concat([text("["), self.expr(only), text("]")]);
        }
        let place = |index: usize| value(index).span;
        self.bracketed(("[", "]"), Separation::Commas, range, elements.len(), &place, &mut |out, index| {
            let spread = if matches!(elements[index], Element::Spread(_)) { "..." } else { "" };
            concat([text(spread), out.expr(value(index))])
        })
    }

    /// `(a, name: b)`
    pub(super) fn arguments(&mut self, args: &[Argument], range: (u32, u32)) -> Doc {
        let place = |index: usize| {
            let argument = &args[index];
            argument.name.as_ref().map_or(argument.value.span, |name| name.span.to(argument.value.span))
        };
        let write = |out: &mut Self, argument: &Argument| match &argument.name {
            Some(name) => concat([text(key(&name.text)), text(": "), out.expr(&argument.value)]),
            None => out.expr(&argument.value),
        };
        if let [only] = args
            && (is_bracketed(&only.value) || matches!(only.value.kind.as_ref(), ExprKind::Call { .. }))
            && !self.holds_comment((range.0, only.value.span.start))
        {
            return concat([text("("), write(self, only), text(")")]);
        }
        self.bracketed(("(", ")"), Separation::Commas, range, args.len(), &place, &mut |out, index| {
            write(out, &args[index])
        })
    }

    /// `{ key: location }`
    pub(super) fn scope(&mut self, scope: &Scope) -> Doc {
        let entries = &scope.entries;
        let place = |index: usize| entries[index].span;
        let range = (scope.span.start + 1, scope.span.end);
        self.bracketed(("{", "}"), Separation::Lines, range, entries.len(), &place, &mut |out, index| {
            let entry = &entries[index];
            let Some(name) = &entry.key else {
                return out.operand(&entry.location, super::body::continues_line(&entry.location));
            };
            if let Some((around, radius)) = around(entry) {
                return concat([text("around: "), out.expr(around), text(", "), out.expr(radius)]);
            }
            concat([text(key(&name.text)), text(": "), out.expr(&entry.location)])
        })
    }

    /// `for a, b in source if condition`
    pub(super) fn generator(&mut self, generator: &Generator) -> Doc {
        let head = self.source_of(generator);
        let condition = generator.condition.as_ref();
        let condition = condition.map(|condition| concat([text(" "), self.condition(condition)]));
        concat([head, nest(concat(condition))])
    }

    /// `for a, b in source`
    fn source_of(&mut self, generator: &Generator) -> Doc {
        let second = generator.second.as_ref().map(|second| format!(", {}", second.text)).unwrap_or_default();
        let head = format!("for {}{second} in ", generator.name.text);
        concat([text(head), self.operand(&generator.source, is_if(&generator.source))])
    }

    /// `if condition`
    fn condition(&mut self, condition: &Expr) -> Doc {
        concat([text("if "), self.operand(condition, is_if(condition))])
    }

    /// Between brackets of its own; if that is too long, `=>` starts a line: after it `key: value` would look like an entry.
    fn comprehension(
        &mut self,
        (open, close): (&'static str, &'static str),
        generator: &Generator,
        (whole, value): (Span, Span),
        write_value: &mut dyn FnMut(&mut Self) -> Doc,
    ) -> Doc {
        let is_map = open == "{";
        let edge = if is_map { line() } else { soft_line() };
        let mut head = generator.name.span.to(generator.source.span);
        // Between braces a line that begins with `if` would be an entry: it stays on that of its source.
        let mut condition = generator.condition.as_ref();
        if is_map && let Some(condition) = condition.take() {
            head = head.to(condition.span);
        }
        let spans: Vec<Span> = [head].into_iter().chain(condition.map(|it| it.span)).chain([value]).collect();
        let mut write = |out: &mut Self, index: usize| match condition {
            _ if index == 0 && is_map => out.generator(generator),
            _ if index == 0 => out.source_of(generator),
            Some(condition) if index == 1 => out.condition(condition),
            _ => concat([text("=> "), write_value(out)]),
        };
        let inner = if self.begins_with_comment_in((whole.start, whole.end)) {
            let range = (whole.start + 1, whole.end);
            one_below_the_other(self.pieces(range, spans.len(), &|index| spans[index], &mut write))
        } else {
            let parts: Vec<Doc> = (1..spans.len()).map(|_| line()).collect();
            let head = write(self, 0);
            let rest = parts.into_iter().zip(1..).map(|(gap, index)| concat([gap, write(self, index)]));
            group(concat([head, nest(concat(rest))]))
        };
        group(concat([text(open), nest(concat([edge.clone(), inner])), edge, text(close)]))
    }
}

/// What opens and closes with the brackets around it.
fn is_bracketed(value: &Expr) -> bool {
    matches!(
        value.kind.as_ref(),
        ExprKind::Record(_) | ExprKind::List(_) | ExprKind::ListFor { .. } | ExprKind::MapFor { .. }
    )
}

/// A key as it is written.
pub(super) fn key(key: &str) -> String {
    if is_word(key) {
        return key.to_owned();
    }
    let mut out = String::from("\"");
    crate::escape::escape_into(&mut out, key);
    out.push('"');
    out
}

/// The duration of `queue for 2h`.
fn queued_for(value: &Expr) -> Option<&Expr> {
    let ExprKind::Call { callee, args } = value.kind.as_ref() else { return None };
    let [Argument { name: Some(name), value }] = args.as_slice() else { return None };
    let is_queue = matches!(callee.kind.as_ref(), ExprKind::Name(name) if name == "queue");
    (is_queue && name.text == "for").then_some(value)
}

/// How tightly an expression holds together.
fn tightness(value: &Expr) -> u8 {
    match value.kind.as_ref() {
        ExprKind::Unary { op, .. } => prefix_power(*op),
        ExprKind::Binary { op, .. } => power(Infix::Binary(*op)),
        ExprKind::Chain { op, .. } => power(Infix::Chain(*op)),
        ExprKind::If { .. } => 0,
        ExprKind::Call { .. } if queued_for(value).is_some() => 0,
        _ => ATOM,
    }
}

fn is_if(value: &Expr) -> bool {
    matches!(value.kind.as_ref(), ExprKind::If { .. })
}

/// Its condition would take what follows.
fn is_where(value: &Expr) -> bool {
    matches!(value.kind.as_ref(), ExprKind::Binary { op: BinaryOp::Where, .. })
}

/// Whether a `where` or `except` among its operators would end the condition it stands in.
fn holds_where(value: &Expr) -> bool {
    match value.kind.as_ref() {
        ExprKind::Binary { op: BinaryOp::Where | BinaryOp::Except, .. } => true,
        ExprKind::Binary { left, right, .. } => holds_where(left) || holds_where(right),
        ExprKind::Chain { operands, .. } => operands.iter().any(holds_where),
        ExprKind::Unary { operand, .. } => holds_where(operand),
        _ => false,
    }
}

/// The two values of `around: A, 50ms`.
fn around(entry: &ScopeEntry) -> Option<(&Expr, &Expr)> {
    let ExprKind::Call { callee, args } = entry.location.kind.as_ref() else { return None };
    let is_around = |name: &str| name == "around";
    let named = entry.key.as_ref().is_some_and(|key| is_around(&key.text));
    let called = matches!(callee.kind.as_ref(), ExprKind::Name(name) if is_around(name));
    let [Argument { name: None, value: site }, Argument { name: None, value: radius }] = args.as_slice()
    else {
        return None;
    };
    let is_plain = !matches!(site.kind.as_ref(), ExprKind::Call { .. });
    (named && called && is_plain && crate::parse::is_duration(radius)).then_some((site, radius))
}
