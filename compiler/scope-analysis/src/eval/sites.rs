//! Sets of sites: `sites where labels.tier == "edge"`, `edge except lille`, and values where a location is wanted.

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::ast::{Expr, ExprKind};

use super::{Frame, describe};
use crate::context::Context;
use crate::hir::{Location, LocationKind, SiteId, Value};

impl Context<'_> {
    /// A value where a location is wanted, and the expression that it is of, where that may be a field of data.
    pub fn as_location(&self, value: Value, span: Span, of: Option<(&Expr, &Frame)>) -> Option<Location> {
        match value {
            Value::Error => None,
            Value::Deferred(_) if self.is_supposing() => None,
            Value::Site(site) => Some(Location { kind: LocationKind::Site(site), span }),
            Value::Location(location) => Some(location),
            Value::List(list)
                if !list.is_empty() && list.iter().all(|slot| matches!(slot.value, Value::Site(_))) =>
            {
                let at = |place: u32, text: &str| Edit::new(Span::new(span.file, place, place), text);
                let is_written_out = self.sources.borrow().snippet(span).starts_with('[');
                if let [only] = list.as_slice()
                    && is_written_out
                {
                    self.report(
                        Diagnostic::new(codes::E0108, span, "expected a site, found a list of one")
                            .label("a list is no place")
                            .help("name the site itself, without `[` and `]`")
                            .fix(
                                "take the brackets away",
                                vec![
                                    Edit::new(Span::new(span.file, span.start, only.span.start), ""),
                                    Edit::new(Span::new(span.file, only.span.end, span.end), ""),
                                ],
                            ),
                    );
                    return None;
                }
                let message = match list.len() {
                    1 => "a list of one site is no place by itself".to_owned(),
                    count => format!("{count} sites are no place by themselves"),
                };
                self.report(
                    Diagnostic::new(codes::E0108, span, message)
                        .label("at each of them, or at one?")
                        .help("`each(…)` is all of them, as `&`; `any(…)` the first that can, as `|`")
                        .fix("at each of them", vec![at(span.start, "each("), at(span.end, ")")]),
                );
                None
            }
            other => {
                let report = Diagnostic::new(
                    codes::E0108,
                    span,
                    format!("expected a site, found {}", describe(&other)),
                )
                .label("not a location");
                let written = of.and_then(|(expr, frame)| self.written_in_data(expr, frame));
                let report = match (written, &other) {
                    (Some(written), Value::Text(name)) if !self.names.sites.contains_key(name) => {
                        report.secondary(written, "no site is called so")
                    }
                    (Some(written), _) => report.secondary(written, "written here"),
                    (None, _) => report,
                };
                let typed = match &other {
                    Value::Text(name) if written.is_some() || self.names.sites.contains_key(name) => {
                        self.field_of_data(span)
                    }
                    _ => None,
                };
                self.report(match typed {
                    Some(field) => report.help(format!(
                        "say `{field}: site` in the type of the `let` or `param` that has it: then a text that names a site is the site"
                    )),
                    None => report.help("name a site, or sites joined by `&` (each) and `|` (otherwise)"),
                });
                None
            }
        }
    }

    /// Where what a field of data holds is written in its file.
    fn written_in_data(&self, expr: &Expr, frame: &Frame) -> Option<Span> {
        let ExprKind::Field { base, name, .. } = expr.kind.as_ref() else { return None };
        let Value::Record(fields) = self.quietly(|| self.eval(base, frame))? else { return None };
        let field = fields.get(&name.text)?;
        self.is_in_data(field.span).then_some(field.span)
    }

    /// The last name of what is read at a place: `studio` of `c.studio`.
    fn field_of_data(&self, span: Span) -> Option<String> {
        let read = self.sources.borrow().snippet(span).to_string();
        let field = read.rsplit('.').next().unwrap_or(&read);
        let is_name = field.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && field.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'));
        is_name.then(|| field.to_owned())
    }

    /// The sites of a site, a location or a list of sites; `None` for anything else.
    pub(crate) fn sites_of(&self, value: &Value) -> Option<Vec<SiteId>> {
        match value {
            Value::Site(site) => Some(vec![*site]),
            Value::Location(location) => Some(location.sites()),
            Value::List(slots) => slots
                .iter()
                .map(|slot| match slot.value {
                    Value::Site(site) => Some(site),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    pub(super) fn all_sites(&self, span: Span) -> Value {
        if self.names.lacks_sites {
            return Value::Error;
        }
        let count = self.sites.borrow().len();
        self.site_list((0..count).map(|index| SiteId(index as u32)), span)
    }

    pub(crate) fn site_list(&self, sites: impl Iterator<Item = SiteId>, span: Span) -> Value {
        Value::List(
            sites.map(|site| crate::hir::Slot { value: Value::Site(site), key: span, span }).collect(),
        )
    }

    pub(super) fn filter_sites(&self, set: &Expr, condition: &Expr, frame: &Frame) -> Value {
        if let Some(site) = self.declaring.get() {
            self.report(
                Diagnostic::new(codes::E0337, site, "what this site has depends on what the sites have")
                    .label("is not known yet")
                    .secondary(set.span.to(condition.span), "looks at each site, this one too")
                    .help("write a text with quotes: `labels: { tier: \"edge\" }`, or name what is meant"),
            );
            return Value::Error;
        }
        let value = self.eval(set, frame);
        let Some(sites) = self.sites_of(&value) else {
            self.mismatch("sites before `where`", &value, set.span);
            return Value::Error;
        };
        let mut kept = Vec::new();
        for site in sites {
            let (name, labels) = {
                let sites = self.sites.borrow();
                let declared = &sites[site.0 as usize];
                (declared.name.clone(), declared.labels.clone())
            };
            let mut inner = frame.clone();
            inner.locals.push(("name".into(), Value::Text(name)));
            inner.locals.push(("labels".into(), Value::Record(labels)));
            inner.locals.push(("site".into(), Value::Site(site)));
            match self.eval(condition, &inner) {
                Value::Bool(true) => kept.push(site),
                Value::Bool(false) => {}
                Value::Error => return Value::Error,
                other => {
                    self.mismatch("true or false", &other, condition.span);
                    return Value::Error;
                }
            }
        }
        self.site_list(kept.into_iter(), set.span.to(condition.span))
    }

    pub(super) fn except(&self, left: Value, right: Value, left_expr: &Expr, right_expr: &Expr) -> Value {
        match (self.sites_of(&left), self.sites_of(&right)) {
            (Some(sites), Some(without)) => self.site_list(
                sites.into_iter().filter(|site| !without.contains(site)),
                left_expr.span.to(right_expr.span),
            ),
            (None, _) => {
                self.mismatch("sites before `except`", &left, left_expr.span);
                Value::Error
            }
            (_, None) => {
                self.mismatch("sites after `except`", &right, right_expr.span);
                Value::Error
            }
        }
    }
}
