//! Walking over expressions: what they refer to, and the same expression with parts replaced.
//!
//! `"${image.id} at ${site.name}"` uses the names `image` and `site`; a comprehension's own names are not among them.

use std::collections::BTreeSet;

use super::{Expr, FileRef, SecretSource};
use crate::plan::StepId;

/// The greatest depth of an expression in a plan; deeper ones are refused by [`crate::verify`] and by [`crate::eval`].
pub const MAXIMUM_DEPTH: usize = 256;

impl Expr {
    /// A text constant.
    pub fn text(text: impl Into<String>) -> Expr {
        Expr::Value(serde_json::Value::String(text.into()))
    }

    /// What is known, without evaluating anything, of a field at any depth of a record; `&[]` is all of it.
    pub fn known_at(&self, path: &[&str]) -> Option<&serde_json::Value> {
        match (self, path.split_first()) {
            (Expr::Value(value), _) => path.iter().try_fold(value, |value, field| value.get(*field)),
            (Expr::Record(entries), Some((field, rest))) => {
                let (_, inner) = entries.iter().find(|(key, _)| key == field)?;
                inner.known_at(rest)
            }
            _ => None,
        }
    }

    /// A name of the environment.
    pub fn name(name: impl Into<String>) -> Expr {
        Expr::Name(name.into())
    }

    /// A part of a step's output: `&["id"]`; `&[]` is all of it.
    pub fn step(step: StepId, path: &[&str]) -> Expr {
        Expr::Step { step, path: path.iter().map(|field| (*field).to_owned()).collect() }
    }

    /// `self.field`
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Expr {
        Expr::Field(Box::new(self), field.into())
    }

    /// The direct parts, in the order of evaluation.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Value(_) | Expr::Name(_) | Expr::Step { .. } | Expr::Secret(_) | Expr::File(_) => {
                Vec::new()
            }
            Expr::Concat(parts) | Expr::List(parts) | Expr::Call(_, parts) => parts.iter().collect(),
            Expr::Record(fields) => fields.iter().map(|(_, value)| value).collect(),
            Expr::Field(base, _) | Expr::Unary(_, base) => vec![base],
            Expr::Bounded(bounded) => vec![&bounded.value],
            Expr::Index(left, right) | Expr::Binary(_, left, right) => vec![left, right],
            Expr::If(condition, then, otherwise) => vec![condition, then, otherwise],
            Expr::ListFor(generator, value) => {
                [&generator.source].into_iter().chain(&generator.condition).chain([&**value]).collect()
            }
            Expr::MapFor(generator, key, value) => [&generator.source]
                .into_iter()
                .chain(&generator.condition)
                .chain([&**key, &**value])
                .collect(),
        }
    }

    /// The direct parts, to be changed in place.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Expr::Value(_) | Expr::Name(_) | Expr::Step { .. } | Expr::Secret(_) | Expr::File(_) => {
                Vec::new()
            }
            Expr::Concat(parts) | Expr::List(parts) | Expr::Call(_, parts) => parts.iter_mut().collect(),
            Expr::Record(fields) => fields.iter_mut().map(|(_, value)| value).collect(),
            Expr::Field(base, _) | Expr::Unary(_, base) => vec![base],
            Expr::Bounded(bounded) => vec![&mut bounded.value],
            Expr::Index(left, right) | Expr::Binary(_, left, right) => vec![left, right],
            Expr::If(condition, then, otherwise) => vec![condition, then, otherwise],
            Expr::ListFor(generator, value) => [&mut generator.source]
                .into_iter()
                .chain(&mut generator.condition)
                .chain([&mut **value])
                .collect(),
            Expr::MapFor(generator, key, value) => [&mut generator.source]
                .into_iter()
                .chain(&mut generator.condition)
                .chain([&mut **key, &mut **value])
                .collect(),
        }
    }

    /// Calls `visitor` with the expression and every part of it, outermost first, left to right. Any depth.
    pub fn visit<'e>(&'e self, visitor: &mut dyn FnMut(&'e Expr)) {
        if self.is_leaf() {
            // Most are; and this is asked for every input of every step.
            return visitor(self);
        }
        let mut open = vec![self];
        while let Some(expr) = open.pop() {
            visitor(expr);
            open.extend(expr.children().into_iter().rev());
        }
    }

    /// Whether it has no parts.
    fn is_leaf(&self) -> bool {
        matches!(self, Expr::Value(_) | Expr::Name(_) | Expr::Step { .. } | Expr::Secret(_) | Expr::File(_))
    }

    /// Calls `change` with the expression and every part of it, outermost first; what `change` puts in place is walked
    /// in turn, so it must not grow forever.
    pub fn visit_mut(&mut self, change: &mut dyn FnMut(&mut Expr)) {
        let mut open = vec![self];
        while let Some(expr) = open.pop() {
            change(expr);
            open.extend(expr.children_mut().into_iter().rev());
        }
    }

    /// The same expression with every part replaced by what `change` makes of it, outermost first.
    #[must_use]
    pub fn map(&self, change: &mut dyn FnMut(&Expr) -> Option<Expr>) -> Expr {
        let mut copy = self.clone();
        copy.visit_mut(&mut |part| {
            if let Some(new) = change(part) {
                *part = new;
            }
        });
        copy
    }

    /// How deep it is: 1 for a constant.
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut open = vec![(self, 1)];
        while let Some((expr, depth)) = open.pop() {
            deepest = deepest.max(depth);
            open.extend(expr.children().into_iter().map(|child| (child, depth + 1)));
        }
        deepest
    }

    /// The steps whose output it needs, each once, smallest first.
    pub fn steps_used(&self) -> BTreeSet<StepId> {
        let mut steps = BTreeSet::new();
        self.visit(&mut |part| {
            if let Expr::Step { step, .. } | Expr::Secret(SecretSource::Kept { step, .. }) = part {
                steps.insert(*step);
            }
        });
        steps
    }

    /// The secrets it needs, each once.
    pub fn secrets_used(&self) -> BTreeSet<&SecretSource> {
        let mut secrets = BTreeSet::new();
        self.visit(&mut |part| {
            if let Expr::Secret(source) = part {
                secrets.insert(source);
            }
        });
        secrets
    }

    /// The files whose bytes it needs, in the order they stand.
    pub fn files_used(&self) -> Vec<&FileRef> {
        let mut files: Vec<&FileRef> = Vec::new();
        self.visit(&mut |part| {
            if let Expr::File(file) = part
                && !files.contains(&file)
            {
                files.push(file);
            }
        });
        files
    }

    /// The names of the environment that it needs, each once; a comprehension's own names are left out where they are
    /// in force.
    pub fn names_used(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.collect_names(&mut Vec::new(), &mut names, 0);
        names
    }

    fn collect_names<'e>(&'e self, bound: &mut Vec<&'e str>, names: &mut BTreeSet<&'e str>, depth: usize) {
        if depth > MAXIMUM_DEPTH {
            return;
        }
        match self {
            Expr::Name(name) if !bound.contains(&name.as_str()) => {
                names.insert(name);
            }
            Expr::ListFor(generator, _) | Expr::MapFor(generator, _, _) => {
                generator.source.collect_names(bound, names, depth + 1);
                let outer = bound.len();
                bound.push(&generator.name);
                bound.extend(generator.second.as_deref());
                // The first child is the source, which does not see the names.
                for child in self.children().into_iter().skip(1) {
                    child.collect_names(bound, names, depth + 1);
                }
                bound.truncate(outer);
            }
            other => {
                for child in other.children() {
                    child.collect_names(bound, names, depth + 1);
                }
            }
        }
    }
}
