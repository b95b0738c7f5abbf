//! What a test expects: `expect base at paris after 30s`, `expect x.value at each == 30`, `expect verdict pending`,
//! `expect error E0901 of base`, `expect run.created == 3`, `expect output where == …`, `expect snapshot`.

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, BinaryOp, Expr, ExprKind};

use super::Progress;
use super::reader::Reader;
use super::weather::dotted;
use crate::context::Context;
use crate::eval::{Frame, describe};
use crate::hir::{Claim, ClaimSubject, Deferred, ResourceId, SiteId, TestCondition, TestSide, Type, Value};
use crate::modules::Modules;
use crate::names::Definition;

/// How a run can end.
const VERDICTS: [&str; 5] = ["done", "unchanged", "pending", "failed", "interrupted"];

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
struct Comparison<'e> {
    left: &'e Expr,
    /// The operator and the right side; without, the left is a truth.
    right: Option<(BinaryOp, &'e Expr)>,
}

impl Context<'_> {
    /// The claim, and when it is looked at.
    pub(super) fn claim(
        &self,
        reader: &mut Reader<'_, '_, '_>,
        progress: &mut Progress,
    ) -> Option<(Claim, Option<i64>)> {
        let Some(first) = reader.value() else {
            reader.wrong("`expect` says what", "nothing is expected");
            return None;
        };
        let is_word = |word: &str| {
            matches!(first.kind.as_ref(), ExprKind::Name(name) if name == word)
                && self.names.get(Modules::ROOT, word).is_none()
        };
        let has_more = reader.peek().is_some();
        let claim = if is_word("verdict") {
            self.needs_run(progress, first.span);
            self.verdict(reader, first.span)?
        } else if is_word("error") {
            self.needs_run(progress, first.span);
            self.expected_error(reader, first.span)?
        } else if is_word("snapshot") {
            progress.n_snapshots += 1;
            self.expected_snapshot(reader, progress)?
        } else if is_word("output") && has_more {
            self.needs_run(progress, first.span);
            self.expected_output(reader)?
        } else if is_word("no") && has_more {
            let subject = reader.value().expect("peeked at before");
            self.presence(reader, subject, true)?
        } else {
            if runs(first) && self.names.get(Modules::ROOT, "run").is_none() {
                self.needs_run(progress, first.span);
            }
            self.presence_or_truth(reader, first)?
        };
        let after = reader.moment("after")?;
        Some((claim, after))
    }

    fn needs_run(&self, progress: &Progress, span: Span) {
        if !progress.has_run {
            self.report(
                Diagnostic::new(codes::E0856, span, "nothing has been run yet")
                    .label("this is about the last run")
                    .help("put `run` before it"),
            );
        }
    }

    /// `expect verdict pending`
    fn verdict(&self, reader: &mut Reader<'_, '_, '_>, span: Span) -> Option<Claim> {
        let value = reader.value();
        let word = value.and_then(word_of);
        if let Some(word) = word.as_deref().filter(|word| VERDICTS.contains(word)) {
            return Some(Claim::Verdict(word.to_string()));
        }
        let span = value.map_or(span, |value| value.span);
        let found = word.as_deref().unwrap_or_default();
        let report = Diagnostic::new(codes::E0853, span, format!("a run ends {}", VERDICTS.join(", ")))
            .label("none of them");
        self.report(match similar::nearest(found, VERDICTS) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None => report.help("write `expect verdict done`"),
        });
        None
    }

    /// `expect error E0901 of base at paris`
    fn expected_error(&self, reader: &mut Reader<'_, '_, '_>, span: Span) -> Option<Claim> {
        let value = reader.value();
        let found = value.and_then(word_of).unwrap_or_default();
        let Some(code) = codes::find(&found) else {
            let span = value.map_or(span, |value| value.span);
            let report = Diagnostic::new(codes::E0853, span, format!("no error has the code `{found}`"))
                .label("not a code");
            self.report(match codes::nearest(&found) {
                Some(nearest) => report
                    .help(format!("did you mean `{nearest}` ({})?", nearest.title()))
                    .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest.as_str())]),
                None => report.help("`scope explain` lists them"),
            });
            return None;
        };
        let of = match reader.link("of") {
            Some(of) => Some(self.test_resource(of)?.0),
            None => None,
        };
        let sites = match reader.link("at") {
            Some(at) => self.test_sites(at)?,
            None => Vec::new(),
        };
        Some(Claim::Error { code: code.as_str().to_string(), of, sites })
    }

    /// `expect snapshot`, `expect snapshot "after the cut"`
    fn expected_snapshot(&self, reader: &mut Reader<'_, '_, '_>, progress: &Progress) -> Option<Claim> {
        let Some(expr) = reader.value() else {
            return Some(Claim::Snapshot(progress.n_snapshots.to_string()));
        };
        match self.eval(expr, &Frame::program()) {
            Value::Text(name) => Some(Claim::Snapshot(name)),
            Value::Error => None,
            other => {
                self.mismatch("the snapshot's name, a text", &other, expr.span);
                None
            }
        }
    }

    /// `expect output where == ["nantes"]`
    fn expected_output(&self, reader: &mut Reader<'_, '_, '_>) -> Option<Claim> {
        let expr = reader.value()?;
        let comparison = taken_apart(expr);
        let Some(name) = word_of(comparison.left) else {
            reader.wrong_at(comparison.left.span, "an output is named", "not a name");
            return None;
        };
        let name = &name;
        let items = self.modules.get(Modules::ROOT).tree.items.iter();
        let outputs: Vec<&str> = items
            .filter_map(|item| match &item.kind {
                ast::ItemKind::Output(output) => Some(output.name.text.as_str()),
                _ => None,
            })
            .collect();
        if !outputs.contains(&name.as_str()) {
            let report = Diagnostic::new(
                codes::E0853,
                comparison.left.span,
                format!("the program has no output `{name}`"),
            )
            .label("not an output");
            self.report(match similar::nearest(name, outputs.iter().copied()) {
                Some(nearest) => report
                    .help(format!("did you mean `{nearest}`?"))
                    .fix(format!("write `{nearest}`"), vec![Edit::new(comparison.left.span, nearest)]),
                None if outputs.is_empty() => report.help(format!("declare it: `output {name} = …`")),
                None => report.help(format!("it has {}", outputs.join(", "))),
            });
            return None;
        }
        let right = match comparison.right {
            None => None,
            Some((op, right)) => Some((self.operator_name(op, expr.span)?, self.known_side(right)?)),
        };
        let condition = TestCondition {
            site: None,
            text: self.as_written(expr.span),
            left: TestSide::Output(name.clone()),
            right,
        };
        Some(Claim::Truth(vec![condition]))
    }

    fn presence_or_truth(&self, reader: &mut Reader<'_, '_, '_>, first: &Expr) -> Option<Claim> {
        if let Some(next) = reader.peek()
            && let (Some(path), ExprKind::Text(_)) = (dotted(first), next.kind.as_ref())
        {
            let next = reader.value().expect("peeked at before");
            let ty = self.resource_type(&path, Modules::ROOT)?.name.clone();
            return self.presence_of_called(reader, ty, next, false);
        }
        let comparison = taken_apart(first);
        if comparison.right.is_none() && self.is_thing(first) {
            let at = reader.link("at");
            // `expect x.value at each == 30`: the comparison stands behind the sites.
            return match at.map(taken_apart) {
                Some(Comparison { left: sites, right: Some(right) }) => {
                    self.truth(first, Some(right), Some(sites), reader)
                }
                at => self.presence_at(first, at.map(|at| at.left), false),
            };
        }
        match reader.link("at").map(taken_apart) {
            None => self.truth(comparison.left, comparison.right, None, reader),
            Some(Comparison { left: sites, right: None }) => {
                self.truth(comparison.left, comparison.right, Some(sites), reader)
            }
            Some(Comparison { left: sites, right: Some(right) }) if comparison.right.is_none() => {
                self.truth(comparison.left, Some(right), Some(sites), reader)
            }
            Some(Comparison { left, .. }) => {
                reader.wrong_at(left.span, "one comparison at a time", "a second one");
                None
            }
        }
    }

    /// Whether an expression is a resource or a group, and no value of one.
    fn is_thing(&self, expr: &Expr) -> bool {
        let value = self.quietly(|| self.eval(expr, &Frame::program()));
        match value {
            Some(Value::Resource(_) | Value::Group(_)) => true,
            Some(value) => self.family_members(&value).is_some(),
            None => false,
        }
    }

    /// The members of a family (`agent` of `agent["lille"]`), or of a family of groups.
    fn family_members(&self, value: &Value) -> Option<Vec<ResourceId>> {
        let Value::Record(fields) = value else { return None };
        let members = fields.values().map(|slot| match &slot.value {
            Value::Resource(id) => Some(vec![*id]),
            Value::Group(group) => Some(self.members(*group)),
            _ => None,
        });
        let members: Vec<Vec<ResourceId>> = members.collect::<Option<_>>()?;
        (!members.is_empty()).then(|| members.concat())
    }

    fn presence(&self, reader: &mut Reader<'_, '_, '_>, subject: &Expr, is_negated: bool) -> Option<Claim> {
        if let Some(next) = reader.peek()
            && let (Some(path), ExprKind::Text(_)) = (dotted(subject), next.kind.as_ref())
        {
            let next = reader.value().expect("peeked at before");
            let ty = self.resource_type(&path, Modules::ROOT)?.name.clone();
            return self.presence_of_called(reader, ty, next, is_negated);
        }
        let at = reader.link("at");
        self.presence_at(subject, at, is_negated)
    }

    fn presence_at(&self, subject: &Expr, at: Option<&Expr>, is_negated: bool) -> Option<Claim> {
        let ids: Vec<ResourceId> = match self.eval(subject, &Frame::program()) {
            Value::Resource(id) => vec![id],
            Value::Group(group) => self.members(group),
            Value::Error => return None,
            other if self.family_members(&other).is_some() => self.family_members(&other).unwrap_or_default(),
            other => {
                self.report(
                    Diagnostic::new(
                        codes::E0853,
                        subject.span,
                        format!("expected a resource or a comparison, found {}", describe(&other)),
                    )
                    .label("not a resource of the program")
                    .help("`expect base at paris`, `expect base.status == \"active\"`"),
                );
                return None;
            }
        };
        let own: Vec<SiteId> = ids.iter().flat_map(|id| self.sites_of_resource(*id)).collect();
        let sites = match at {
            Some(at) => self.test_sites_in(at, &self.frame_with_each(&own, at.span))?,
            None => Vec::new(),
        };
        if let Some(stranger) =
            sites.iter().find(|site| !own.contains(site)).filter(|_| !is_negated && !own.is_empty())
        {
            let name = self.as_written(subject.span);
            self.report(
                Diagnostic::new(
                    codes::E0854,
                    at.map_or(subject.span, |at| at.span),
                    format!("`{name}` is never at {}", self.site_name(*stranger)),
                )
                .label("the program does not put it there")
                .help(format!(
                    "it is at {}; that it is not there is written `expect no {name} at {}`",
                    self.site_names(&unique(&own)),
                    self.site_name(*stranger)
                )),
            );
            return None;
        }
        let subjects = ids.into_iter().map(ClaimSubject::Resource).collect();
        Some(Claim::Presence { subjects, sites, is_negated })
    }

    fn presence_of_called(
        &self,
        reader: &mut Reader<'_, '_, '_>,
        ty: String,
        name: &Expr,
        is_negated: bool,
    ) -> Option<Claim> {
        let Value::Text(text) = self.eval(name, &Frame::program()) else { return None };
        let Some(at) = reader.link("at") else {
            reader.wrong("where it is expected must be said", "no `at`");
            return None;
        };
        let sites = self.test_sites(at)?;
        Some(Claim::Presence { subjects: vec![ClaimSubject::Called { ty, text }], sites, is_negated })
    }

    /// A truth, at each of the sites if some are named.
    fn truth(
        &self,
        left: &Expr,
        right: Option<(BinaryOp, &Expr)>,
        at: Option<&Expr>,
        reader: &mut Reader<'_, '_, '_>,
    ) -> Option<Claim> {
        let text = match right {
            None => self.as_written(left.span),
            Some((op, right)) => {
                format!("{} {} {}", self.as_written(left.span), symbol(op), self.as_written(right.span))
            }
        };
        if let Some(fact) = self.run_fact(left) {
            let fact = fact?;
            let (op, right) = match right {
                Some((op, right)) => (op, right),
                None => {
                    reader.wrong_at(left.span, "a number is compared", "not a truth");
                    return None;
                }
            };
            let value = self.known_side(right)?;
            let ty = if fact == "took" { Type::Duration } else { Type::Int };
            let value =
                if op == BinaryOp::In { value } else { self.check_value(value, &ty, right.span, &fact) };
            if value == Value::Error {
                return None;
            }
            let right = Some((self.operator_name(op, left.span)?, value));
            return Some(Claim::Truth(vec![TestCondition {
                site: None,
                text,
                left: TestSide::Run(fact),
                right,
            }]));
        }
        let own =
            self.resources_in(left).into_iter().flat_map(|id| self.sites_of_resource(id)).collect::<Vec<_>>();
        let sites: Vec<Option<SiteId>> = match at {
            None => vec![None],
            Some(at) => {
                let sites = self.test_sites_in(at, &self.frame_with_each(&own, at.span))?;
                if let Some(stranger) = sites.iter().find(|site| !own.is_empty() && !own.contains(site)) {
                    self.report(
                        Diagnostic::new(
                            codes::E0854,
                            at.span,
                            format!(
                                "`{}` is never at {}",
                                self.as_written(left.span),
                                self.site_name(*stranger)
                            ),
                        )
                        .label("the program does not put it there")
                        .help(format!("it is at {}", self.site_names(&unique(&own)))),
                    );
                    return None;
                }
                unique(&sites).into_iter().map(Some).collect()
            }
        };
        let mut conditions = Vec::new();
        for site in sites {
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
                None => {
                    if let Value::Bool(_) | Value::Deferred(_) = left_value {
                        None
                    } else {
                        self.mismatch("a resource or a truth", &left_value, left.span);
                        return None;
                    }
                }
                Some((op, expr)) => {
                    let name = self.operator_name(op, left.span.to(expr.span))?;
                    let value = self.eval(expr, &frame);
                    let value = self.compared_value(
                        &left_value,
                        value,
                        op,
                        expr,
                        &self.as_written(left.span),
                        site.is_some(),
                    )?;
                    Some((name, pin(value)))
                }
            };
            let left = TestSide::Value(pin(left_value));
            conditions.push(TestCondition { site, text: text.clone(), left, right });
        }
        Some(Claim::Truth(conditions))
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
        if right == Value::Error {
            return None;
        }
        let Value::Deferred(deferred) = left else { return Some(right) };
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
                let ty = match ty.required() {
                    Type::InRange(inner, ..) | Type::Matching(inner, _) => inner.required().clone(),
                    other => other.clone(),
                };
                self.check_value(right, &ty, expr.span, what)
            }
            _ => right,
        };
        (checked != Value::Error).then_some(checked)
    }

    /// A value that is known before anything runs.
    fn known_side(&self, expr: &Expr) -> Option<Value> {
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

    fn operator_name(&self, op: BinaryOp, span: Span) -> Option<&'static str> {
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
                    Diagnostic::new(codes::E0853, span, format!("`{}` is no comparison", symbol(op)))
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
    fn frame_with_each(&self, sites: &[SiteId], span: Span) -> Frame {
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

fn unique(sites: &[SiteId]) -> Vec<SiteId> {
    let mut seen = Vec::new();
    for site in sites {
        if !seen.contains(site) {
            seen.push(*site);
        }
    }
    seen
}

/// Whether an expression begins with the word `run`.
fn runs(expr: &Expr) -> bool {
    match expr.kind.as_ref() {
        ExprKind::Name(name) => name == "run",
        ExprKind::Field { base, .. } => runs(base),
        ExprKind::Binary { left, .. } => runs(left),
        _ => false,
    }
}

/// A bare word, or a text.
fn word_of(expr: &Expr) -> Option<String> {
    match expr.kind.as_ref() {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Text(text) => text.literal(),
        _ => None,
    }
}

fn taken_apart(expr: &Expr) -> Comparison<'_> {
    match expr.kind.as_ref() {
        ExprKind::Binary { op, left, right } if is_comparison(*op) => {
            Comparison { left, right: Some((*op, right)) }
        }
        _ => Comparison { left: expr, right: None },
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
            | BinaryOp::In
            | BinaryOp::NotIn
            | BinaryOp::Matching
    )
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::In => "in",
        BinaryOp::NotIn => "not in",
        BinaryOp::Matching => "matching",
        _ => "this operator",
    }
}
