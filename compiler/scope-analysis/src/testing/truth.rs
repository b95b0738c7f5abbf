//! The truths that a test expects: what is read, compared with what, at which sites.
//!
//! `expect x.value at each == 30` → the readings `x.value` at every site of `x`, each equal to 30.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{BinaryOp, Expr, ExprKind};

use super::claims::runs;
use super::reader::Reader;
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{Claim, Deferred, ResourceId, SiteId, TestCondition, TestSide, Type, Value};
use crate::modules::Modules;
use crate::names::Definition;

/// What can be asked of the last run.
const FACTS: [&str; 12] = [
    "created",
    "changed",
    "adopted",
    "deleted",
    "borrowed",
    "called",
    "unchanged",
    "parked",
    "failed",
    "skipped",
    "owed",
    "took",
];

/// A comparison taken apart.
pub(super) struct Comparison<'e> {
    pub(super) left: &'e Expr,
    /// The operator and the right side; without, the left is a truth.
    pub(super) right: Option<(BinaryOp, &'e Expr)>,
}

impl Context<'_> {
    /// A truth, at each of the sites if some are named.
    pub(super) fn truth(
        &self,
        left: &Expr,
        right: Option<(BinaryOp, &Expr)>,
        at: Option<&Expr>,
        reader: &mut Reader<'_, '_, '_>,
    ) -> Option<Claim> {
        let text = match right {
            None => self.as_written(left.span),
            Some((op, right)) => {
                format!("{} {} {}", self.as_written(left.span), op.symbol(), self.as_written(right.span))
            }
        };
        if let Some(fact) = self.run_fact(left) {
            return self.truth_of_run(&fact?, left, right, text, reader);
        }
        let resources = self.resources_in(left);
        let own: Vec<SiteId> = resources.iter().flat_map(|id| self.sites_of_resource(*id)).collect();
        // A resource without a place is reported where it is.
        if own.is_empty() && !resources.is_empty() {
            return None;
        }
        // So is what is claimed of a name that means nothing, at each of its sites.
        if own.is_empty() && at.is_some() && self.eval(left, &Frame::program()) == Value::Error {
            return None;
        }
        let sites = match at {
            None => vec![None],
            Some(at) => self.claimed_sites(left, at, &own, reader.has_given)?.into_iter().map(Some).collect(),
        };
        let conditions = sites.into_iter().map(|site| self.truth_at(site, left, right, &text));
        Some(Claim::Truth(conditions.collect::<Option<_>>()?))
    }

    /// What is claimed of the last run.
    fn truth_of_run(
        &self,
        fact: &str,
        left: &Expr,
        right: Option<(BinaryOp, &Expr)>,
        text: String,
        reader: &mut Reader<'_, '_, '_>,
    ) -> Option<Claim> {
        let Some((op, right)) = right else {
            reader.wrong_at(left.span, "a number is compared", "not a truth");
            return None;
        };
        let mut value = self.known_side(right)?;
        if op != BinaryOp::In {
            let ty = if fact == "took" { Type::Duration } else { Type::Int };
            value = self.check_value(value, &ty, right.span, fact);
        }
        if value == Value::Error {
            return None;
        }
        let right = Some((self.operator_name(op, left.span)?, value));
        let left = TestSide::Run(fact.to_owned());
        Some(Claim::Truth(vec![TestCondition { site: None, text, left, right }]))
    }

    /// The sites that a claim names, each once: some of those where what it is about is put.
    fn claimed_sites(
        &self,
        left: &Expr,
        at: &Expr,
        own: &[SiteId],
        may_be_elsewhere: bool,
    ) -> Option<Vec<SiteId>> {
        let sites = self.test_sites_in(at, &self.frame_with_each(own, at.span))?;
        let is_checked = !own.is_empty() && !may_be_elsewhere;
        let Some(stranger) = sites.iter().find(|site| is_checked && !own.contains(site)) else {
            return Some(unique(&sites));
        };
        let (what, stranger) = (self.as_written(left.span), self.site_name(*stranger));
        self.report(
            Diagnostic::new(codes::E0854, at.span, format!("`{what}` is never at {stranger}"))
                .label("the program does not put it there")
                .help(format!("it is at {}", self.site_names(&unique(own)))),
        );
        None
    }

    /// What is claimed at one site, or wherever it is.
    fn truth_at(
        &self,
        site: Option<SiteId>,
        left: &Expr,
        right: Option<(BinaryOp, &Expr)>,
        text: &str,
    ) -> Option<TestCondition> {
        let frame = Frame { here: site, ..Frame::program() };
        let pin = |value: Value| match site {
            Some(site) => self.pinned(value, site),
            None => value,
        };
        let left_value = self.eval(left, &frame);
        if left_value == Value::Error {
            return None;
        }
        let right = match right {
            None if matches!(left_value, Value::Bool(_) | Value::Deferred(_)) => None,
            None => {
                match self.expected_absent(&left_value, left.span) {
                    Some(report) => self.report(report),
                    None => self.mismatch("a resource or a truth", &left_value, left.span),
                }
                return None;
            }
            Some((op, expr)) => {
                let name = self.operator_name(op, left.span.to(expr.span))?;
                let (value, what) = (self.eval(expr, &frame), self.as_written(left.span));
                let sides = ((left, &left_value), (expr, &value));
                if value == Value::Error
                    || op != BinaryOp::Matching && !self.can_be_compared(op, sides.0, sides.1, &frame)
                {
                    return None;
                }
                let value = self.compared_value(&left_value, value, op, expr, &what, site.is_some())?;
                Some((name, pin(value)))
            }
        };
        Some(TestCondition { site, text: text.to_owned(), left: TestSide::Value(pin(left_value)), right })
    }

    /// The right side of a comparison, checked against the type of the left.
    fn compared_value(
        &self,
        left: &Value,
        right: Value,
        op: BinaryOp,
        expr: &Expr,
        what: &str,
        is_at_site: bool,
    ) -> Option<Value> {
        let Value::Deferred(deferred) = left.unbounded() else { return Some(right) };
        let Some(ty) = self.deferred_type(deferred) else { return Some(right) };
        // Where it is at several sites, and none is named, it is a record by site.
        let is_by_site = match deferred.as_ref() {
            Deferred::Output { resource, site: None, .. } if !is_at_site => {
                self.sites_of_resource(*resource).len() > 1 && matches!(right, Value::Record(_))
            }
            _ => false,
        };
        if right == Value::Null || is_by_site || matches!(ty.required(), Type::Reference(_)) {
            return Some(right);
        }
        let checked = match op {
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual => {
                // A range is for what may be written, not for what may be compared with.
                let mut ty = ty.required();
                while let Type::InRange(inner, ..) | Type::Matching(inner, _) = ty {
                    ty = inner.required();
                }
                self.check_value(right, ty, expr.span, what)
            }
            _ => right,
        };
        (checked != Value::Error).then_some(checked)
    }

    /// A value that is known before anything runs.
    pub(super) fn known_side(&self, expr: &Expr) -> Option<Value> {
        let value = self.eval(expr, &Frame::program());
        match value {
            Value::Error => None,
            Value::Deferred(_) | Value::Resource(_) => {
                self.report(
                    Diagnostic::new(codes::E0855, expr.span, "this is known only when the program runs")
                        .label("not known before")
                        .help("compare with a value of its own"),
                );
                None
            }
            value => Some(value),
        }
    }

    pub(super) fn operator_name(&self, op: BinaryOp, span: Span) -> Option<&'static str> {
        let name = match op {
            BinaryOp::Equal => "equal",
            BinaryOp::NotEqual => "not_equal",
            BinaryOp::Less => "less",
            BinaryOp::LessEqual => "less_equal",
            BinaryOp::Greater => "greater",
            BinaryOp::GreaterEqual => "greater_equal",
            BinaryOp::In => "in",
            BinaryOp::Matching => "matching",
            _ => {
                self.report(
                    Diagnostic::new(codes::E0853, span, format!("`{}` is no comparison", op.symbol()))
                        .label("cannot be expected")
                        .help("compare with ==, !=, <, <=, >, >=, in or matching"),
                );
                return None;
            }
        };
        Some(name)
    }

    /// `run.created`: `None` where it is none, `Some(None)` where it is misspelt (reported).
    #[allow(clippy::option_option, reason = "no fact at all and a wrong one are told apart by the outer one")]
    fn run_fact(&self, expr: &Expr) -> Option<Option<String>> {
        let ExprKind::Field { base, name, .. } = expr.kind.as_ref() else { return None };
        if !runs(base) || self.names.get(Modules::ROOT, "run").is_some() {
            return None;
        }
        if FACTS.contains(&name.text.as_str()) {
            return Some(Some(name.text.clone()));
        }
        self.no_field(&name.text, name.span, "`run`", FACTS.into_iter());
        Some(None)
    }

    /// The resources of the program whose values an expression reads.
    fn resources_in(&self, expr: &Expr) -> Vec<ResourceId> {
        let mut ids = Vec::new();
        if let Some(value) = self.quietly(|| self.eval(expr, &Frame::program())) {
            crate::check::outputs(&value, &mut ids);
        }
        ids.sort();
        ids.dedup();
        ids
    }

    /// The program's names, and `each`: every site of what is claimed.
    pub(super) fn frame_with_each(&self, sites: &[SiteId], span: Span) -> Frame {
        let mut frame = Frame::program();
        if self
            .names
            .get(Modules::ROOT, "each")
            .is_none_or(|named| !matches!(named.definition, Definition::Site(_)))
        {
            frame.locals.push(("each".into(), self.site_list(unique(sites).into_iter(), span)));
        }
        frame
    }
}

pub(super) fn unique(sites: &[SiteId]) -> Vec<SiteId> {
    let mut seen = Vec::new();
    for site in sites {
        if !seen.contains(site) {
            seen.push(*site);
        }
    }
    seen
}

pub(super) fn taken_apart(expr: &Expr) -> Comparison<'_> {
    match expr.kind.as_ref() {
        ExprKind::Binary { op, left, right } if op.is_comparison() && *op != BinaryOp::Within => {
            Comparison { left, right: Some((*op, right)) }
        }
        _ => Comparison { left: expr, right: None },
    }
}
