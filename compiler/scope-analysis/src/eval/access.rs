//! Fields and elements: `base.id`, `here.labels.tier`, `xs[0]`, `base.id[paris]`.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Expr, ExprKind};

use super::Frame;
use super::output::Part;
use crate::check::below;
use crate::context::Context;
use crate::hir::{Bounded, Deferred, ResourceId, SiteCopy, SiteId, Slot, Value};

impl Context<'_> {
    pub(super) fn field(
        &self,
        base: Value,
        name: &ast::Ident,
        optional: bool,
        base_span: Span,
        frame: &Frame,
    ) -> Value {
        let base = match self.is_supposing() {
            true => match self.supposed_field(base, name, optional, base_span) {
                Ok(value) => return value,
                Err(base) => base,
            },
            false => base,
        };
        match base {
            Value::Error => Value::Error,
            Value::Null if optional => Value::Null,
            Value::Record(fields) => match fields.get(&name.text) {
                Some(slot) => slot.value.clone(),
                None if optional => Value::Null,
                None => {
                    self.no_field(&name.text, name.span, "this record", fields.keys().map(String::as_str));
                    Value::Error
                }
            },
            Value::Site(site) => self.site_field(site, name),
            Value::Resource(resource) => self.resource_field(resource, name),
            Value::Group(group) => self.group_field(group, name, frame),
            Value::Deferred(deferred) => match *deferred {
                Deferred::Output { resource, site, mut path } => {
                    match self.part_of_output(resource, site, &path, name, frame.here) {
                        Part::Field => path.push(name.text.clone()),
                        Part::At(site) => {
                            return Value::Deferred(Box::new(Deferred::Output {
                                resource,
                                site: Some(site),
                                path,
                            }));
                        }
                        Part::None => return Value::Error,
                    }
                    Value::Deferred(Box::new(Deferred::Output { resource, site, path }))
                }
                Deferred::Bounded(bounded) => {
                    let part = self.field(bounded.value.clone(), name, optional, base_span, frame);
                    bounded_part(*bounded, part, Some(&name.text))
                }
                Deferred::BySite(copies) => {
                    match copies.iter().find(|copy| self.site_name(copy.site) == name.text) {
                        Some(copy) => copy.or_null(),
                        None => {
                            let names: Vec<String> =
                                copies.iter().map(|copy| self.site_name(copy.site)).collect();
                            let owner = "this, which is at several sites,";
                            self.no_field(&name.text, name.span, owner, names.iter().map(String::as_str));
                            Value::Error
                        }
                    }
                }
                other => Value::Deferred(Box::new(Deferred::Field(
                    Value::Deferred(Box::new(other)),
                    name.text.clone(),
                ))),
            },
            other => {
                let expected = "a record, a site or a resource before the dot";
                let is_length = matches!(name.text.as_str(), "length" | "len" | "size" | "count");
                match &other {
                    Value::List(_) | Value::Text(_) if is_length => {
                        let list = self.sources.borrow().snippet(base_span).to_string();
                        self.mismatch_with(expected, &other, base_span, &format!("write `length({list})`"));
                    }
                    _ => self.mismatch(expected, &other, base_span),
                }
                Value::Error
            }
        }
    }

    pub fn no_field<'n>(
        &self,
        name: &str,
        span: Span,
        owner: &str,
        fields: impl Iterator<Item = &'n str> + Clone,
    ) {
        self.report(self.no_such_field(name, span, owner, fields));
    }

    /// The report for a field that is not there, with the nearest of those that are.
    pub fn no_such_field<'n>(
        &self,
        name: &str,
        span: Span,
        owner: &str,
        fields: impl Iterator<Item = &'n str> + Clone,
    ) -> Diagnostic {
        let report =
            Diagnostic::new(codes::E0212, span, format!("{owner} has no `{name}`")).label("not there");
        if let Some(nearest) = similar::nearest(name, fields.clone()) {
            return report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]);
        }
        let listed: Vec<&str> = fields.take(12).collect();
        match listed.is_empty() {
            true => report.help("it is empty: declare it first"),
            false => report.help(format!("it has {}", listed.join(", "))),
        }
    }

    /// The report for an attribute that one of the program's `resources`, as data, does not set.
    pub(super) fn not_set(
        &self,
        base: &Expr,
        name: &ast::Ident,
        fields: &IndexMap<String, Slot>,
        (declared, resource): (Span, String),
    ) -> Diagnostic {
        let read = self.sources.borrow().snippet(base.span).to_string();
        self.no_such_field(&name.text, name.span, "this record", fields.keys().map(String::as_str))
            .secondary(declared, format!("of `{resource}`"))
            .help(format!("where not every one has it: `{read}?.{}` is null for those without", name.text))
    }

    /// The help for a field of a text, where it is the name that a resource of the program, as data, has of what it refers to.
    pub(super) fn of_reference(&self, base: &Expr, found: &Value, frame: &Frame) -> Option<String> {
        let Value::Text(text) = found else { return None };
        self.subject_of(base, frame)?;
        let is_name = |index| self.head(ResourceId(index)).is_some_and(|head| head.name == *text);
        if !(0..self.n_own.get() as u32).any(is_name) {
            return None;
        }
        let read = self.sources.borrow().snippet(base.span).to_string();
        Some(format!(
            "a reference is the name of what it refers to, which is `first([for x in resources if x.name == {read} => x])`"
        ))
    }

    fn site_field(&self, site: SiteId, name: &ast::Ident) -> Value {
        let sites = self.sites.borrow();
        let declared = &sites[site.0 as usize];
        match name.text.as_str() {
            "name" => Value::Text(declared.name.clone()),
            "labels" => Value::Record(declared.labels.clone()),
            driver if declared.settings.contains_key(driver) => {
                Value::Record(declared.settings[driver].clone())
            }
            other => {
                let fields: Vec<String> = ["name".to_string(), "labels".to_string()]
                    .into_iter()
                    .chain(declared.settings.keys().cloned())
                    .collect();
                let owner = format!("site `{}`", declared.name);
                if declared.labels.contains_key(other) {
                    let label = format!("labels.{other}");
                    self.report(
                        Diagnostic::new(codes::E0212, name.span, format!("{owner} has no `{other}`"))
                            .label("it is one of its labels")
                            .help(format!("did you mean `{label}`?"))
                            .fix(format!("write `{label}`"), vec![Edit::new(name.span, label.clone())]),
                    );
                    return Value::Error;
                }
                drop(sites);
                self.no_field(other, name.span, &owner, fields.iter().map(String::as_str));
                Value::Error
            }
        }
    }

    /// The report for a label that a site has not: `s.labels["zone"]`, `sites where labels.zone == "west"`. Of what else is read,
    /// nothing.
    pub(super) fn no_label(
        &self,
        base: &Expr,
        labels: &Value,
        label: &str,
        span: Span,
        frame: &Frame,
    ) -> Option<Diagnostic> {
        let Value::Record(fields) = labels else { return None };
        if fields.contains_key(label) {
            return None;
        }
        let site = self.site_of_labels(base, frame)?;
        let sites = self.sites.borrow();
        let site = &sites[site.0 as usize];
        let report =
            Diagnostic::new(codes::E0212, span, format!("site `{}` has no label `{label}`", site.name))
                .label("not there")
                .secondary(site.span, "the site");
        Some(match similar::nearest(label, fields.keys().map(String::as_str)) {
            Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
            None => {
                let help = format!("declare it there, `labels: {{ {label}: … }}`, or leave the site out");
                // What the library reads, nobody changes.
                report.help(match self.modules.get(frame.module).is_library() {
                    true => help,
                    false => {
                        let read = self.sources.borrow().snippet(base.span).to_string();
                        format!("{help}: `\"{label}\" in {read}`")
                    }
                })
            }
        })
    }

    /// The site whose labels an expression reads: `s.labels`, or `labels` behind `where`.
    fn site_of_labels(&self, expr: &Expr, frame: &Frame) -> Option<SiteId> {
        let value = match expr.kind.as_ref() {
            ExprKind::Field { base, name, .. } if name.text == "labels" => {
                self.quietly(|| self.eval(base, frame))?
            }
            ExprKind::Name(name) if name == "labels" => {
                let at = frame.locals.iter().rposition(|(name, _)| name == "labels")?;
                let (name, site) = frame.locals.get(at + 1)?;
                (name == "site").then(|| site.clone())?
            }
            _ => return None,
        };
        match value {
            Value::Site(site) => Some(site),
            _ => None,
        }
    }

    pub(super) fn index(&self, base: Value, index: Value, base_span: Span, index_span: Span) -> Value {
        match (base, index) {
            (Value::Error, _) | (_, Value::Error) => Value::Error,
            (Value::List(slots), Value::Int(number)) => {
                match usize::try_from(number).ok().and_then(|number| slots.get(number)) {
                    Some(slot) => slot.value.clone(),
                    None => {
                        self.report(
                            Diagnostic::new(
                                codes::E0212,
                                index_span,
                                format!("the list has {} elements, no number {number}", slots.len()),
                            )
                            .label("outside of the list")
                            .help("elements are numbered from 0"),
                        );
                        Value::Error
                    }
                }
            }
            (Value::Record(fields), Value::Text(key)) => self.entry_of(&fields, &key, index_span),
            (Value::Record(fields), Value::Site(site)) => {
                self.entry_of(&fields, &self.site_name(site), index_span)
            }
            // A family over numbers is addressed by them.
            (Value::Record(fields), Value::Int(number)) => {
                self.entry_of(&fields, &number.to_string(), index_span)
            }
            (Value::Deferred(deferred), Value::Site(site))
                if self.is_never_at(&deferred, site, index_span) =>
            {
                Value::Error
            }
            (Value::Deferred(deferred), Value::Site(site)) => match *deferred {
                // `hits.value.of[paris]`: a share of a whole, which is read at none of its sites.
                Deferred::Output { resource, site: None, path }
                    if (1..path.len()).any(|end| self.is_divided(resource, &path[..end])) =>
                {
                    let whole = Value::Deferred(Box::new(Deferred::Output { resource, site: None, path }));
                    Value::Deferred(Box::new(Deferred::Index(whole, Value::Text(self.site_name(site)))))
                }
                Deferred::Output { resource, site: None, path } => {
                    Value::Deferred(Box::new(Deferred::Output { resource, site: Some(site), path }))
                }
                Deferred::BySite(copies) => {
                    let copy = copies.iter().find(|copy| copy.site == site);
                    copy.map_or(Value::Null, SiteCopy::or_null)
                }
                Deferred::Bounded(bounded) => {
                    let part = self.index(bounded.value.clone(), Value::Site(site), base_span, index_span);
                    bounded_part(*bounded, part, None)
                }
                other => self.pinned(Value::Deferred(Box::new(other)), site),
            },
            (base @ Value::Deferred(_), index @ (Value::Int(_) | Value::Text(_) | Value::Deferred(_)))
            | (base @ (Value::List(_) | Value::Record(_)), index @ Value::Deferred(_)) => {
                Value::Deferred(Box::new(Deferred::Index(base, index)))
            }
            (Value::List(_), other) => {
                self.mismatch("a whole number", &other, index_span);
                Value::Error
            }
            (Value::Record(_), other) => {
                self.mismatch("text", &other, index_span);
                Value::Error
            }
            (other @ Value::Resource(_), Value::Text(_) | Value::Site(_)) => {
                let name = self.sources.borrow().snippet(base_span).to_string();
                let key = self.sources.borrow().snippet(index_span).to_string();
                let help = format!(
                    "`{name}` is one resource: what it is at a site is `{name}.ATTRIBUTE[{key}]`; only a family has elements"
                );
                self.mismatch_with("a list or a record before the bracket", &other, base_span, &help);
                Value::Error
            }
            (other, _) => {
                self.mismatch("a list or a record before the bracket", &other, base_span);
                Value::Error
            }
        }
    }

    /// Whether a resource, or a group, of which a value is read is never at the site that is asked for, which is reported.
    fn is_never_at(&self, deferred: &Deferred, site: SiteId, span: Span) -> bool {
        let (what, sites, declared) = match deferred {
            Deferred::Output { resource, site: None, .. } => {
                let Some(head) = self.head_summary(*resource).filter(|head| !head.location.is_wrong()) else {
                    return false;
                };
                (format!("`{}`", head.name), head.location.sites(), Some(head.span))
            }
            Deferred::BySite(copies) => {
                ("it".to_owned(), copies.iter().map(|copy| copy.site).collect(), None)
            }
            Deferred::Bounded(bounded) => {
                let Value::Deferred(inner) = &bounded.value else { return false };
                return self.is_never_at(inner, site, span);
            }
            _ => return false,
        };
        if sites.contains(&site) {
            return false;
        }
        let (there, name) = (self.site_names(&sites), self.site_name(site));
        let words = format!("{what} is at {there}, and never at {name}");
        let report = Diagnostic::new(codes::E0212, span, words).label("not there");
        let report =
            declared.into_iter().fold(report, |report, span| report.secondary(span, "declared here"));
        self.report(match sites.as_slice() {
            [_] => report.help(format!("leave the site out, or have {what} at {name} too")),
            _ => report.help(format!("it has {there}")),
        });
        true
    }

    fn entry_of(&self, fields: &IndexMap<String, Slot>, key: &str, index_span: Span) -> Value {
        match fields.get(key) {
            Some(slot) => slot.value.clone(),
            None => {
                self.no_field(key, index_span, "this record", fields.keys().map(String::as_str));
                Value::Error
            }
        }
    }

    /// A value as it is at a site: outputs of resources that are there are those of there.
    pub fn pinned(&self, value: Value, site: SiteId) -> Value {
        let pin = |value: Value| self.pinned(value, site);
        match value {
            Value::List(slots) => {
                Value::List(slots.into_iter().map(|slot| Slot { value: pin(slot.value), ..slot }).collect())
            }
            Value::Record(fields) => Value::Record(
                fields
                    .into_iter()
                    .map(|(key, slot)| (key, Slot { value: pin(slot.value), ..slot }))
                    .collect(),
            ),
            Value::Deferred(deferred) => Value::Deferred(Box::new(match *deferred {
                Deferred::Output { resource, site: None, path } => {
                    let is_there =
                        self.head_summary(resource).is_some_and(|head| head.location.sites().contains(&site));
                    Deferred::Output { resource, site: is_there.then_some(site), path }
                }
                known @ (Deferred::Output { .. } | Deferred::Supposed(_)) => known,
                Deferred::Bounded(bounded) => {
                    let value = pin(bounded.value.clone());
                    return bounded.with(value);
                }
                Deferred::Concat(parts) => Deferred::Concat(parts.into_iter().map(pin).collect()),
                Deferred::Call(name, args) => Deferred::Call(name, args.into_iter().map(pin).collect()),
                Deferred::Binary(name, left, right) => Deferred::Binary(name, pin(left), pin(right)),
                Deferred::Unary(name, operand) => Deferred::Unary(name, pin(operand)),
                Deferred::Field(base, name) => Deferred::Field(pin(base), name),
                Deferred::Kept(of) => Deferred::Kept(pin(of)),
                Deferred::Index(base, index) => Deferred::Index(pin(base), pin(index)),
                Deferred::If(condition, value, otherwise) => {
                    Deferred::If(pin(condition), pin(value), pin(otherwise))
                }
                Deferred::BySite(copies) => match copies.iter().find(|copy| copy.site == site) {
                    Some(copy) => return copy.or_null(),
                    None => Deferred::BySite(copies),
                },
            })),
            other => other,
        }
    }
}

/// A part of what is held to a type: its copy at a site to the same, a field to that of the field.
fn bounded_part(bounded: Bounded, part: Value, field: Option<&str>) -> Value {
    let is_deferred = |value: &Value, is_it: fn(&Deferred) -> bool| matches!(value.unbounded(), Value::Deferred(deferred) if is_it(deferred));
    let is_whole = is_deferred(&bounded.value, |of| {
        matches!(of, Deferred::Output { site: None, .. } | Deferred::BySite(_))
    });
    let is_copy =
        is_deferred(&part, |of| matches!(of, Deferred::Output { site: Some(_), .. } | Deferred::If(..)));
    match (part, field) {
        (Value::Error, _) => Value::Error,
        (part, _) if is_whole && is_copy => bounded.with(part),
        (part, Some(field)) => match below(&bounded.ty, field) {
            Some(ty) => Bounded { ty, what: format!("{}.{field}", bounded.what), ..bounded }.with(part),
            None => part,
        },
        (part, None) => part,
    }
}
