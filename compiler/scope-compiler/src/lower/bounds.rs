//! What bounds a type, as far as it goes beyond a kind.
//!
//! Comes in: an [`hir::Type`]. Goes out: the [`Bound`] that the run holds values to: `int in 1..100` → a whole number, and a range in
//! what the plan counts. Of a declared type that holds itself, what stands within itself again is held to the same.

use std::sync::Arc;

use scope_analysis::hir::{NamedType, Type};
use scope_analysis::{expected, open_ends};
use scope_plan::bound::{Bound, Test};

use super::driver::unit_of;

/// Durations count nanoseconds in a program and seconds in a plan.
const PER_SECOND: f64 = 1e9;

/// A type of more rules than this is one of an imported schema: what is beyond them is left to the site.
const MOST_RULES: usize = 1000;

/// What bounds a type; nothing where every value of its kind is one.
pub(super) fn bound(ty: &Type) -> Option<Bound> {
    let mut reading = Reading { around: Vec::new(), depth: 0, n_named: 0, left: MOST_RULES };
    reading.of(ty).filter(|_| reading.left < MOST_RULES)
}

struct Reading {
    /// The declared types that are being read.
    around: Vec<Around>,
    /// So many lists, maps and records are being read.
    depth: usize,
    /// So many declared types were read.
    n_named: usize,
    /// So many rules more.
    left: usize,
}

/// A declared type that is being read.
struct Around {
    ty: *const NamedType,
    id: usize,
    /// How deep it stands.
    depth: usize,
    /// It stands within itself again.
    is_again: bool,
}

impl Reading {
    fn of(&mut self, ty: &Type) -> Option<Bound> {
        match ty {
            Type::Optional(inner) | Type::Secret(inner) | Type::By(inner, _) => self.of(inner),
            Type::List(inner) | Type::Map(inner) => {
                self.depth += 1;
                let each = self.of(inner);
                self.depth -= 1;
                Some(Bound::Each(Box::new(each?)))
            }
            Type::Record(fields) => {
                self.depth += 1;
                let bounds =
                    fields.iter().filter_map(|field| Some((field.name.clone(), self.of(&field.ty)?)));
                let bounds: Vec<(String, Bound)> = bounds.collect();
                self.depth -= 1;
                (!bounds.is_empty()).then_some(Bound::Fields(bounds))
            }
            Type::Named(named) => self.of_named(named),
            Type::OneOf(_) => {
                let branches = ty.alternatives().types.into_iter();
                let branches: Vec<(Bound, bool)> =
                    branches.map(|branch| self.of_branch(branch)).collect::<Option<_>>()?;
                let is_bounded = branches.iter().any(|(_, is_bounded)| *is_bounded);
                let of = branches.into_iter().map(|(bound, _)| bound).collect();
                is_bounded.then(|| Bound::Any { of, expected: expected(ty) })
            }
            Type::InRange(inner, low, high) => {
                let range = self.rule(range(inner, *low, *high), ty);
                match **inner {
                    Type::Int => Some(Bound::All(vec![self.rule(Test::Whole, inner), range])),
                    _ => Some(range),
                }
            }
            Type::Matching(inner, pattern) => {
                let inner = self.of(inner);
                let matching = self.rule(Test::Matching(pattern.clone()), ty);
                Some(match inner {
                    Some(Bound::All(mut bounds)) => {
                        bounds.push(matching);
                        Bound::All(bounds)
                    }
                    Some(bound) => Bound::All(vec![bound, matching]),
                    None => matching,
                })
            }
            Type::Enum(words) => Some(self.rule(Test::Word(words.clone()), ty)),
            Type::Ip => Some(self.rule(Test::Address, ty)),
            Type::Cidr => Some(self.rule(Test::Network, ty)),
            Type::Quantity => Some(self.rule(Test::Amount, ty)),
            _ => None,
        }
    }

    fn of_named(&mut self, named: &Arc<NamedType>) -> Option<Bound> {
        if self.left == 0 {
            return None;
        }
        let (ty, depth) = (Arc::as_ptr(named), self.depth);
        if let Some(outer) = self.around.iter_mut().find(|around| around.ty == ty) {
            // Of a part of the value: what is itself again and nothing else bounds nothing.
            let is_part = outer.depth < depth;
            outer.is_again |= is_part;
            return is_part.then_some(Bound::Again(outer.id));
        }
        let id = self.n_named;
        self.n_named += 1;
        self.around.push(Around { ty, id, depth, is_again: false });
        let bound = self.of(named.meaning());
        let is_again = self.around.pop().is_some_and(|around| around.is_again);
        let bound = bound?;
        Some(if is_again { Bound::Recursive { id, of: Box::new(bound) } } else { bound })
    }

    /// What tells whether a value is of one of several types, and whether that is more than its kind. Nothing where every
    /// value may be.
    fn of_branch(&mut self, ty: &Type) -> Option<(Bound, bool)> {
        let kind = match ty.required() {
            Type::Int => Test::Whole,
            Type::Float | Type::Size | Type::Rate | Type::Percent | Type::Duration => Test::Number,
            Type::Bool => Test::Truth,
            Type::String => Test::Text,
            Type::List(_) | Type::SiteSet => Test::List,
            Type::Map(_) | Type::Record(_) => Test::Record,
            // These tell the kind themselves.
            Type::InRange(..)
            | Type::Matching(..)
            | Type::Enum(_)
            | Type::Ip
            | Type::Cidr
            | Type::Quantity => return Some((self.of(ty)?, true)),
            _ => return None,
        };
        let kind = self.rule(kind, ty);
        Some(match self.of(ty) {
            Some(bound) => (Bound::All(vec![kind, bound]), true),
            None => (kind, false),
        })
    }

    fn rule(&mut self, test: Test, ty: &Type) -> Bound {
        self.left = self.left.saturating_sub(1);
        Bound::Rule { test, expected: expected(ty) }
    }
}

/// A range in what the plan counts.
fn range(ty: &Type, low: f64, high: f64) -> Test {
    let (is_open_below, is_open_above) = open_ends(ty, low, high);
    let counted = |amount: f64| if *ty == Type::Duration { amount / PER_SECOND } else { amount };
    Test::Range {
        low: (!is_open_below).then(|| counted(low)),
        high: (!is_open_above).then(|| counted(high)),
        unit: unit_of(ty),
    }
}
