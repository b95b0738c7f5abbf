//! The laws of a merge matrix: what makes merging without a hub end the same everywhere.
//!
//! Comes in: the rules of `merge { … }`. Goes out: the first law that they break, with the rules that show it.
//! `create then update -> keep-order`, `update then create -> keep-order` → "keep one way is reverse the other way".
//!
//! The laws: every pair is said; keep is reverse the other way round; take-one and any-order hold both ways; keep-order is
//! acyclic and transitive; two kinds of which one is taken are alike to every third; a kind that stands first in a
//! keep-order, or is taken from another, is taken from itself.

use scope_diagnostics::{Diagnostic, Span, codes};

use crate::hir::{MergeRelation, MergeRule, OperationKind, ResourceType};

use MergeRelation::{AnyOrder, KeepOrder, ReverseOrder, TakeOne};

/// A matrix, as far as it is said: `None` where neither way is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Names of the kinds of operations, in order of appearance.
    pub kinds: Vec<String>,
    relations: Vec<Option<MergeRelation>>,
}

/// A law that does not hold, by the kinds that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Nothing is said of this pair.
    Missing(usize, usize),
    /// What is said both ways does not fit together.
    TwoWays(usize, usize),
    /// A kind cannot be kept before itself.
    BeforeItself(usize),
    /// `a` before `b`, `b` before `c`, and `a` and `c` are something else.
    NotTransitive(usize, usize, usize),
    /// One of the first two is taken, but they are different to the third.
    Unlike(usize, usize, usize),
    /// The kind is first in a keep-order with, or taken from, the second, but not taken from itself.
    NotTakenFromItself(usize, usize),
}

/// The same relation, read the other way round.
pub fn reversed(relation: MergeRelation) -> MergeRelation {
    match relation {
        KeepOrder => ReverseOrder,
        ReverseOrder => KeepOrder,
        other => other,
    }
}

impl Matrix {
    /// A matrix in which nothing is said.
    pub fn new(kinds: Vec<String>) -> Matrix {
        let relations = vec![None; kinds.len() * kinds.len()];
        Matrix { kinds, relations }
    }

    /// What becomes of `first` and `second`: as said, or as said the other way round.
    pub fn get(&self, first: usize, second: usize) -> Option<MergeRelation> {
        let said = |first: usize, second: usize| self.relations[first * self.kinds.len() + second];
        said(first, second).or_else(|| said(second, first).map(reversed))
    }

    /// Says it.
    pub fn set(&mut self, first: usize, second: usize, relation: MergeRelation) {
        let n_kinds = self.kinds.len();
        self.relations[first * n_kinds + second] = Some(relation);
    }

    /// The first law that does not hold; pairs of which nothing is said break none but the last.
    pub fn broken(&self) -> Option<Broken> {
        let kinds = || 0..self.kinds.len();
        let pairs = || kinds().flat_map(move |first| kinds().map(move |second| (first, second)));
        let others = |a: usize, b: usize| kinds().filter(move |c| *c != a && *c != b);
        for (first, second) in pairs() {
            let both = (self.get(first, second), self.get(second, first));
            if let (Some(one), Some(other)) = both
                && other != reversed(one)
            {
                return Some(if first == second {
                    Broken::BeforeItself(first)
                } else {
                    Broken::TwoWays(first, second)
                });
            }
        }
        for (a, b) in pairs().filter(|(a, b)| self.get(*a, *b) == Some(KeepOrder)) {
            // A circle shows as the pair that closes it: of `a` before `b` before `a`, `a` before itself.
            let wrong = kinds().find(|c| {
                self.get(b, *c) == Some(KeepOrder)
                    && self.get(a, *c).is_some_and(|relation| relation != KeepOrder)
            });
            if let Some(c) = wrong {
                return Some(Broken::NotTransitive(a, b, c));
            }
        }
        for (a, b) in pairs().filter(|(a, b)| a < b && self.get(*a, *b) == Some(TakeOne)) {
            let differs = |c: &usize| matches!((self.get(a, *c), self.get(b, *c)), (Some(one), Some(other)) if one != other);
            if let Some(c) = others(a, b).find(differs) {
                return Some(Broken::Unlike(a, b, c));
            }
        }
        for (a, b) in pairs().filter(|(a, b)| a != b) {
            let must = matches!(self.get(a, b), Some(KeepOrder | TakeOne));
            if must && self.get(a, a).is_some_and(|relation| relation != TakeOne) {
                return Some(Broken::NotTakenFromItself(a, b));
            }
        }
        pairs().find(|(a, b)| a <= b && self.get(*a, *b).is_none()).map(|(a, b)| Broken::Missing(a, b))
    }
}

/// The matrix of a type: the kinds its rules name, and whatever creates, changes or deletes it.
pub fn matrix(ty: &ResourceType) -> Matrix {
    let mut kinds: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !kinds.iter().any(|known| known == name) {
            kinds.push(name.to_owned());
        }
    };
    for rule in &ty.merge {
        add(&rule.first);
        add(&rule.second);
    }
    for operation in ty.operations.values() {
        let changes =
            matches!(operation.kind, OperationKind::Create | OperationKind::Update | OperationKind::Delete);
        // An update that is the creation done again is no kind of its own.
        let is_creation = operation.kind == OperationKind::Update
            && ty
                .create
                .as_ref()
                .and_then(|create| ty.operations.get(create))
                .is_some_and(|create| create.span == operation.span);
        if changes && operation.after.is_none() && !is_creation {
            add(&operation.name);
        }
    }
    let mut matrix = Matrix::new(kinds);
    for rule in &ty.merge {
        let index = |name: &str| matrix.kinds.iter().position(|kind| kind == name).unwrap_or(0);
        let (first, second) = (index(&rule.first), index(&rule.second));
        matrix.set(first, second, rule.relation);
    }
    matrix
}

/// Reports the first law that a type's matrix breaks. Whether every pair is said is asked by [`incomplete`].
pub(super) fn check(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    if ty.merge.is_empty() {
        return;
    }
    let matrix = matrix(ty);
    match matrix.broken() {
        None | Some(Broken::Missing(..)) => {}
        Some(broken) => diagnostics.push(report(&matrix, &broken, ty)),
    }
}

/// The report for a pair of which nothing is said.
pub(super) fn incomplete(ty: &ResourceType) -> Option<Diagnostic> {
    let matrix = matrix(ty);
    let missing: Vec<String> = (0..matrix.kinds.len())
        .flat_map(|a| (a..matrix.kinds.len()).map(move |b| (a, b)))
        .filter(|(a, b)| matrix.get(*a, *b).is_none())
        .map(|(a, b)| format!("`{} then {}`", matrix.kinds[a], matrix.kinds[b]))
        .collect();
    let first = missing.first()?;
    let span = ty.merge.first().map_or(ty.span, |rule| rule.span);
    let message = match missing.len() {
        1 => format!("the merge matrix of `{}` does not say {first}", ty.name),
        more => format!("the merge matrix of `{}` does not say {first}, nor {} more", ty.name, more - 1),
    };
    let report = Diagnostic::new(codes::E0410, span, message)
        .label("what becomes of both, when two sites did them while they were cut off from each other?")
        .help(format!("add {} `-> take-one`, `any-order`, `keep-order` or `reverse-order`", first));
    Some(match missing.len() {
        1 => report,
        _ => report.note(format!("not said: {}", missing.join(", "))),
    })
}

fn report(matrix: &Matrix, broken: &Broken, ty: &ResourceType) -> Diagnostic {
    let name = |kind: usize| matrix.kinds[kind].as_str();
    let said = |a: usize, b: usize| {
        let word = matrix.get(a, b).map_or("not said", word);
        format!("`{} then {} -> {word}`", name(a), name(b))
    };
    let rule = |a: usize, b: usize| -> Option<&MergeRule> {
        let is_it = |rule: &&MergeRule| rule.first == name(a) && rule.second == name(b);
        ty.merge
            .iter()
            .find(is_it)
            .or_else(|| ty.merge.iter().find(|rule| rule.first == name(b) && rule.second == name(a)))
    };
    let span = |a: usize, b: usize| rule(a, b).map_or(ty.span, |rule| rule.span);
    let broken_at = |at: Span, message: String| Diagnostic::new(codes::E0409, at, message);
    match *broken {
        Broken::Missing(a, b) => broken_at(ty.span, format!("{} is not said", said(a, b))),
        Broken::BeforeItself(a) => broken_at(span(a, a), format!("`{}` cannot come before itself", name(a)))
            .label("each of two would come before the other")
            .note(format!("two sites that are cut off both do `{}`: each must come before the other's", name(a)))
            .help(format!("`{0} then {0} -> take-one` (the later stands) or `any-order` (both are done)", name(a))),
        Broken::TwoWays(a, b) => {
            let (one, other) = (ty.merge.iter().find(|rule| rule.first == name(a) && rule.second == name(b)), ty.merge.iter().find(|rule| rule.first == name(b) && rule.second == name(a)));
            let (at, also) = (other.map_or(ty.span, |rule| rule.span), one.map_or(ty.span, |rule| rule.span));
            let wanted = matrix.get(a, b).map_or(AnyOrder, reversed);
            broken_at(at, format!("{} contradicts {}", said(b, a), said(a, b)))
                .label("the same pair, the other way round")
                .secondary(also, "said here")
                .note("keep-order one way is reverse-order the other way; take-one and any-order hold both ways")
                .help(format!("leave it out, or write `{} then {} -> {}`", name(b), name(a), word(wanted)))
        }
        Broken::NotTransitive(a, b, c) => broken_at(
            span(a, c),
            format!("`{}` comes before `{}` and that before `{}`, but {}", name(a), name(b), name(c), said(a, c)),
        )
        .label("this is not the order that the others make")
        .secondary(span(a, b), format!("`{}` before `{}`", name(a), name(b)))
        .secondary(span(b, c), format!("`{}` before `{}`", name(b), name(c)))
        .note(format!(
            "three sites that are cut off do `{}`, `{}` and `{}`: who meets first decides the end",
            name(a),
            name(b),
            name(c)
        ))
        .help(if a == c {
            "turn one of the two round".to_owned()
        } else {
            format!("write `{} then {} -> keep-order`", name(a), name(c))
        }),
        Broken::Unlike(a, b, c) => broken_at(
            span(a, b),
            format!(
                "one of `{}` and `{}` is taken, but they are different to `{}`: {}, {}",
                name(a),
                name(b),
                name(c),
                said(a, c),
                said(b, c)
            ),
        )
        .label("only one of these stays")
        .secondary(span(a, c), format!("`{}` and `{}`", name(a), name(c)))
        .secondary(span(b, c), format!("`{}` and `{}`", name(b), name(c)))
        .note(format!("whether `{}` counts would hang on which of the two is taken, and on who meets first", name(c)))
        .help("give both the same relation to it"),
        Broken::NotTakenFromItself(a, b) => broken_at(
            span(a, a),
            format!("{} asks that of two `{}` one is taken, but {}", said(a, b), name(a), said(a, a)),
        )
        .label("two of these both stay")
        .secondary(span(a, b), "asks it")
        .note(format!(
            "after two `{0}` the `{1}` of one site has seen one of them, and not the other: its effect would be done \
             before or after the other's, as they meet",
            name(a),
            name(b)
        ))
        .help(format!("write `{0} then {0} -> take-one`", name(a))),
    }
}

fn word(relation: MergeRelation) -> &'static str {
    match relation {
        TakeOne => "take-one",
        AnyOrder => "any-order",
        KeepOrder => "keep-order",
        ReverseOrder => "reverse-order",
    }
}
