//! What bounds a type, as far as it goes beyond a kind.
//!
//! Comes in: an [`hir::Type`]. Goes out: the [`Bound`] that the run holds values to: `int in 1..100` → a whole number, and a range in
//! what the plan counts. Of a declared type that holds itself, what stands within itself again is not looked into.

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
    Reading { around: Vec::new(), left: MOST_RULES }.of(ty)
}

struct Reading {
    /// The declared types that are being read.
    around: Vec<*const NamedType>,
    /// So many rules more.
    left: usize,
}

impl Reading {
    fn of(&mut self, ty: &Type) -> Option<Bound> {
        match ty {
            Type::Optional(inner) | Type::Secret(inner) | Type::By(inner, _) => self.of(inner),
            Type::List(inner) | Type::Map(inner) => Some(Bound::Each(Box::new(self.of(inner)?))),
            Type::Record(fields) => {
                let bounds =
                    fields.iter().filter_map(|field| Some((field.name.clone(), self.of(&field.ty)?)));
                let bounds: Vec<(String, Bound)> = bounds.collect();
                (!bounds.is_empty()).then_some(Bound::Fields(bounds))
            }
            Type::Named(named) => {
                let this = Arc::as_ptr(named);
                if self.left == 0 || self.around.contains(&this) {
                    return None;
                }
                self.around.push(this);
                let bound = self.of(named.meaning());
                self.around.pop();
                bound
            }
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
