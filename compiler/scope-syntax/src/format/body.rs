//! Bodies: the lines of drivers, the statements of tests, the steps of sequences, and types.

use super::{
    Formatter,
    align::Mark,
    doc::{Doc, break_around, concat, group, hard_line, join, line, mark, nest, text},
    expr::key,
    pieces::Separation,
    text::is_word,
};
use crate::{ast::*, token::LINK_WORDS};

impl Formatter<'_> {
    /// `{ line … }`; `after` is where its head ends.
    pub(super) fn body(&mut self, lines: &[Line], range: (u32, u32)) -> Doc {
        let place = |index: usize| lines[index].span;
        self.bracketed(("{", "}"), Separation::Lines, range, lines.len(), &place, &mut |out, index| {
            out.line(&lines[index])
        })
    }

    /// `{ statement … }`
    pub(super) fn statements(&mut self, statements: &[Statement], range: (u32, u32)) -> Doc {
        let place = |index: usize| match &statements[index] {
            Statement::Native(native) => native.span,
            Statement::Phrase(phrase) => phrase.span,
            Statement::Error(span) => *span,
        };
        self.bracketed(("{", "}"), Separation::Lines, range, statements.len(), &place, &mut |out, index| {
            match &statements[index] {
                // A command ends with its line, not with a bracket.
                Statement::Native(native) => concat([out.native(native), break_around()]),
                Statement::Phrase(phrase) => out.phrase(phrase),
                Statement::Error(span) => text(out.source.get(span.range()).unwrap_or_default()),
            }
        })
    }

    /// `{ step … }` of a sequence.
    pub(super) fn steps(&mut self, steps: &[Item], range: (u32, u32)) -> Doc {
        let place = |index: usize| steps[index].span;
        self.bracketed(("{", "}"), Separation::Lines, range, steps.len(), &place, &mut |out, index| {
            let step = out.item(&steps[index]);
            // A command ends with its line, not with a bracket.
            match &steps[index].kind {
                ItemKind::Native(_) => concat([step, break_around()]),
                _ => step,
            }
        })
    }

    fn line(&mut self, value: &Line) -> Doc {
        let docs = self.docs(&value.docs);
        let doc = match &value.kind {
            LineKind::Attribute(attribute) => self.attribute(attribute),
            LineKind::Entry { key: name, value } => {
                concat([text(key(&name.text)), text(": "), mark(Mark::Value), self.expr(value)])
            }
            LineKind::Rule(rule) => self.rule(rule),
            LineKind::Phrase(phrase) => self.phrase(phrase),
            LineKind::Cli { name, native } => {
                let head = text(format!("cli {} ", name.text));
                concat([head, mark(Mark::Equals), text("= "), self.native(native), break_around()])
            }
            LineKind::Native(native) => concat([self.native(native), break_around()]),
            LineKind::Error => text(self.source.get(value.span.range()).unwrap_or_default()),
        };
        concat([docs, doc])
    }

    /// `///` lines above what they document.
    pub(super) fn docs(&mut self, docs: &[String]) -> Doc {
        let lines = docs.iter().map(|doc| {
            let separator = if doc.is_empty() { "" } else { " " };
            concat([text(format!("///{separator}{doc}")), hard_line()])
        });
        concat(lines)
    }

    fn rule(&mut self, rule: &Rule) -> Doc {
        let is_if = |value: &Expr| matches!(value.kind.as_ref(), ExprKind::If { .. });
        let parenthesise = is_if(&rule.pattern) || continues_line(&rule.pattern);
        let mut docs = vec![self.operand(&rule.pattern, parenthesise)];
        for (word, value) in [(" if ", &rule.condition), (" then ", &rule.then)] {
            if let Some(value) = value {
                docs.push(text(word));
                docs.push(self.operand(value, is_if(value)));
            }
        }
        docs.push(text(" "));
        docs.push(mark(Mark::Arrow));
        docs.push(text("-> "));
        docs.push(self.expr(&rule.result));
        concat(docs)
    }

    pub(super) fn phrase(&mut self, phrase: &Phrase) -> Doc {
        let mut docs = vec![text(&*phrase.word.text)];
        let has_dashes = phrase.word.text == "cut" || phrase.values.iter().skip(1).any(starts_like_suffix);
        for (index, value) in phrase.values.iter().enumerate() {
            docs.push(text(if index > 0 && has_dashes { " -- " } else { " " }));
            docs.push(self.phrase_value(value, true));
        }
        let mut links = vec![];
        let mut end = phrase.values.last().map_or(phrase.word.span.end, |value| value.span.end);
        for link in &phrase.links {
            let value = self.phrase_value(&link.value, false);
            links.push(concat([text(format!(" {} ", link.word.text)), value]));
            end = link.value.span.end;
        }
        docs.push(nest(concat(links)));
        if let Some(body) = &phrase.body {
            docs.push(text(" "));
            docs.push(self.body(body, (end, phrase.span.end)));
        }
        concat(docs)
    }

    /// A value directly in a phrase, where `within` joins, and which in the first place does not start with `{`.
    fn phrase_value(&mut self, value: &Expr, is_first: bool) -> Doc {
        let parenthesise = holds_within(value) || is_first && starts_like_no_value(value);
        self.operand(value, parenthesise)
    }

    /// `name: type = default modifier*`
    pub(super) fn attribute(&mut self, attribute: &Attribute) -> Doc {
        let mut docs =
            vec![text(key(&attribute.name.text)), text(": "), mark(Mark::Value), self.ty(&attribute.ty)];
        if let Some(default) = &attribute.default {
            docs.push(text(" = "));
            docs.push(self.expr(default));
        }
        for (index, modifier) in attribute.modifiers.iter().enumerate() {
            let before = if index == 0 { "  " } else { " " };
            docs.push(text(format!("{before}{}", modifier.word.text)));
            if !modifier.args.is_empty() {
                let end = modifier.args.last().map_or(modifier.word.span.end, |last| last.value.span.end);
                docs.push(self.arguments(&modifier.args, (modifier.word.span.end, end + 1)));
            }
        }
        concat(docs)
    }

    /// A type.
    pub(super) fn ty(&mut self, value: &TypeExpr) -> Doc {
        match value.kind.as_ref() {
            TypeKind::Error => text(self.source.get(value.span.range()).unwrap_or_default()),
            TypeKind::Named { path, args } => {
                let names: Vec<&str> = path.names.iter().map(|name| name.text.as_str()).collect();
                let name = text(names.join("."));
                if args.is_empty() {
                    return name;
                }
                let args: Vec<Doc> = args.iter().map(|arg| self.ty(arg)).collect();
                concat([name, text("<"), join(args, &text(", ")), text(">")])
            }
            TypeKind::Literal(literal) => {
                let mut out = String::from("\"");
                crate::escape::escape_into(&mut out, literal);
                text(out + "\"")
            }
            TypeKind::Union(types) => {
                let mut types = types.iter().map(|ty| self.ty(ty)).collect::<Vec<_>>().into_iter();
                let first = types.next();
                let rest = types.map(|ty| concat([line(), text("| "), ty]));
                group(concat(first.into_iter().chain([nest(concat(rest))])))
            }
            TypeKind::Optional(inner) => concat([self.ty(inner), text("?")]),
            TypeKind::Record(attributes) => {
                let place = |index: usize| attributes[index].name.span.to(attributes[index].ty.span);
                let range = (value.span.start + 1, value.span.end);
                self.bracketed(
                    ("{", "}"),
                    Separation::Lines,
                    range,
                    attributes.len(),
                    &place,
                    &mut |out, index| {
                        concat([out.docs(&attributes[index].docs), out.attribute(&attributes[index])])
                    },
                )
            }
            TypeKind::In(inner, range) => {
                let is_plain = match range.kind.as_ref() {
                    ExprKind::Binary { op, left, right } => {
                        *op == BinaryOp::Range && [left, right].into_iter().all(is_range_end)
                    }
                    _ => is_range_end(range),
                };
                concat([self.ty(inner), text(" in "), self.operand(range, !is_plain)])
            }
            TypeKind::Matching(inner, pattern) => {
                concat([self.ty(inner), text(" matching "), self.text(pattern)])
            }
            TypeKind::By(inner, keys) => {
                let names = keys.iter().map(|key| key.text.as_str()).collect::<Vec<_>>().join(", ");
                let names = if keys.len() == 1 { names } else { format!("[{names}]") };
                concat([self.ty(inner), text(" by "), text(names)])
            }
        }
    }
}

/// What may stand at an end of a type's range without parentheses.
fn is_range_end(value: &Expr) -> bool {
    match value.kind.as_ref() {
        ExprKind::Unary { .. } => true,
        ExprKind::Binary { .. } | ExprKind::Chain { .. } | ExprKind::If { .. } => false,
        _ => true,
    }
}

/// Whether, at the start of a line, it would be read as a part of the line before.
pub(super) fn continues_line(value: &Expr) -> bool {
    match leftmost(value).kind.as_ref() {
        ExprKind::Record(_) | ExprKind::MapFor { .. } => true,
        ExprKind::Unary { op, .. } => *op == UnaryOp::Negate,
        _ => false,
    }
}

/// Whether, behind another value, it would be read as a part of that.
fn starts_like_suffix(value: &Expr) -> bool {
    match leftmost(value).kind.as_ref() {
        ExprKind::Name(_) | ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Null => {
            holds_within(value)
        }
        _ => true,
    }
}

/// Whether, behind the word of a phrase, it would be read as a body, a link or a key.
fn starts_like_no_value(value: &Expr) -> bool {
    match leftmost(value).kind.as_ref() {
        ExprKind::Record(_) | ExprKind::MapFor { .. } | ExprKind::If { .. } => true,
        ExprKind::Name(name) => LINK_WORDS.contains(&name.as_str()) || !is_word(name),
        _ => false,
    }
}

/// The operand an expression starts with.
pub(super) fn leftmost(value: &Expr) -> &Expr {
    match value.kind.as_ref() {
        ExprKind::Binary { left, .. } => leftmost(left),
        ExprKind::Chain { operands, .. } => operands.first().map_or(value, leftmost),
        ExprKind::Field { base, .. } | ExprKind::Index { base, .. } => leftmost(base),
        ExprKind::Call { callee, .. } => leftmost(callee),
        _ => value,
    }
}

/// Whether `within` stands among its operators.
fn holds_within(value: &Expr) -> bool {
    match value.kind.as_ref() {
        ExprKind::Binary { op: BinaryOp::Within, .. } => true,
        ExprKind::Binary { left, right, .. } => holds_within(left) || holds_within(right),
        ExprKind::Chain { operands, .. } => operands.iter().any(holds_within),
        ExprKind::Unary { operand, .. } => holds_within(operand),
        ExprKind::If { .. } => true,
        _ => false,
    }
}
