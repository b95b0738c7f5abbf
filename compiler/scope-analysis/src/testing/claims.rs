//! What a test expects: `expect base at paris after 30s`, `expect x.value at each == 30`, `expect verdict pending`,
//! `expect error E0901 of base`, `expect output where == …`, `expect snapshot`. What is compared is [`super::truth`]'s.

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::as_name;
use scope_syntax::ast::{self, Expr, ExprKind};

use super::Progress;
use super::reader::Reader;
use super::truth::{Comparison, taken_apart, unique};
use super::weather::dotted;
use crate::context::Context;
use crate::eval::{Frame, describe};
use crate::hir::{Claim, ClaimSubject, ResourceId, SiteId, TestCondition, TestSide, Value};
use crate::modules::Modules;

/// How a run can end.
const VERDICTS: [&str; 5] = ["done", "unchanged", "pending", "failed", "interrupted"];

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
            self.report(
                Diagnostic::new(codes::E0852, comparison.left.span, "an output is named, and compared whole")
                    .label("not a name")
                    .help("`expect output where == \"paris\"`, `expect output totals == { paris: 2, nantes: 1 }`"),
            );
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
                at => self.presence_at(first, at.map(|at| at.left), false, reader.has_given),
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

    /// The report for what is expected of an optional item that is not there.
    pub(super) fn expected_absent(&self, value: &Value, span: Span) -> Option<Diagnostic> {
        let report = self.named_absent(codes::E0853, value, span)?;
        Some(report.help("expect it behind a run that has it: `run { PARAMETER: … }`"))
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
        self.presence_at(subject, at, is_negated, reader.has_given)
    }

    fn presence_at(
        &self,
        subject: &Expr,
        at: Option<&Expr>,
        is_negated: bool,
        may_be_elsewhere: bool,
    ) -> Option<Claim> {
        let ids: Vec<ResourceId> = match self.eval(subject, &Frame::program()) {
            Value::Resource(id) => vec![id],
            Value::Group(group) => self.members(group),
            Value::Error => return None,
            other if self.family_members(&other).is_some() => self.family_members(&other).unwrap_or_default(),
            other => {
                self.report(self.expected_absent(&other, subject.span).unwrap_or_else(|| {
                    Diagnostic::new(
                        codes::E0853,
                        subject.span,
                        format!("expected a resource or a comparison, found {}", describe(&other)),
                    )
                    .label("not a resource of the program")
                    .help("`expect base at paris`, `expect base.status == \"active\"`")
                }));
                return None;
            }
        };
        let own: Vec<SiteId> = ids.iter().flat_map(|id| self.sites_of_resource(*id)).collect();
        // A resource without a place is reported where it is.
        if own.is_empty() && !ids.is_empty() {
            return None;
        }
        let sites = match at {
            Some(at) => self.test_sites_in(at, &self.frame_with_each(&own, at.span))?,
            None => Vec::new(),
        };
        let is_checked = !is_negated && !own.is_empty() && !may_be_elsewhere;
        if let Some(stranger) = sites.iter().find(|site| is_checked && !own.contains(site)) {
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
                    as_name(&self.site_name(*stranger))
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
}

/// Whether an expression begins with the word `run`.
pub(super) fn runs(expr: &Expr) -> bool {
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
