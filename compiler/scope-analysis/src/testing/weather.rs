//! What goes wrong in a test: `cut`, `freeze`, `restart`, `slow`, `lose`, `delay`, `duplicate`, `break`, `deny`,
//! `unavailable`, `limit`, `ready`.
//!
//! `lose create of base at paris` → the first answer to a `create` of the step `base` at paris is lost.

use scope_diagnostics::{Diagnostic, Edit, codes, similar};
use scope_syntax::ast::{self, Expr, ExprKind};

use super::reader::{Reader, is_duration};
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{ResourceId, SiteId, Value, Weather, WeatherKind, WeatherStart, WeatherTarget};
use crate::modules::Modules;
use crate::names::Definition;

/// Kinds of operations, which every type has or may have.
const KINDS: [&str; 8] = ["find", "read", "create", "upload", "download", "update", "delete", "action"];

impl Context<'_> {
    pub(super) fn weather(&self, reader: &mut Reader<'_, '_, '_>) -> Option<Weather> {
        match reader.word() {
            "cut" | "freeze" | "restart" | "slow" => self.site_weather(reader),
            _ => self.request_weather(reader),
        }
    }

    /// What happens to a whole site: the sites are the value.
    fn site_weather(&self, reader: &mut Reader<'_, '_, '_>) -> Option<Weather> {
        let word = reader.word();
        let Some(first) = reader.value() else {
            reader.wrong(&format!("`{word}` names a site"), "no site");
            return None;
        };
        let sites = self.test_sites(first)?;
        let kind = match word {
            "freeze" => WeatherKind::Freeze,
            "restart" => WeatherKind::Restart,
            "slow" => {
                let Some(by) = reader.link("by") else {
                    reader.wrong("`slow` says by how much", "no `by`");
                    return None;
                };
                WeatherKind::Slow(self.test_duration(by)?)
            }
            _ => match reader.value() {
                None => WeatherKind::Cut(None),
                Some(second) => self.cut_link(reader, &sites, second)?,
            },
        };
        let (_, at) = reader.places()?;
        let (start, until) = self.weather_time(reader, at)?;
        Some(Weather { kind, sites, what: WeatherTarget::default(), start, until })
    }

    /// `cut a -- b`; the formatter writes the dashes where they are left out.
    fn cut_link(
        &self,
        reader: &mut Reader<'_, '_, '_>,
        from: &[SiteId],
        second: &Expr,
    ) -> Option<WeatherKind> {
        let to = self.test_sites(second)?;
        match (from, to.as_slice()) {
            ([from], [to]) if from != to => Some(WeatherKind::Cut(Some(*to))),
            _ => {
                reader.wrong_at(second.span, "a link has two ends, each one site", "not one other site");
                None
            }
        }
    }

    /// What happens to requests: what they are, then `at` which sites.
    fn request_weather(&self, reader: &mut Reader<'_, '_, '_>) -> Option<Weather> {
        let word = reader.word();
        let mut is_every = false;
        let mut what = WeatherTarget::default();
        let mut sites: Option<Vec<SiteId>> = None;
        let mut loss = None;
        let every = reader.link("every");
        if let Some(expr) = every.or_else(|| reader.value()) {
            is_every = every.is_some();
            if let Value::Percent(percent) = self.number_of(expr) {
                loss = Some(percent);
            } else if let Some(named) =
                self.sites_named(expr).filter(|_| matches!(word, "deny" | "unavailable"))
            {
                sites = Some(named);
            } else {
                what = self.requests_meant(expr)?;
            }
        }
        if let Some(of) = reader.link("of") {
            let (name, ty) = self.test_resource(of)?;
            what.of = Some(name);
            what.ty = Some(ty);
        }
        let (at_sites, at_moment) = reader.places()?;
        if let Some(expr) = at_sites {
            sites = Some(self.test_sites(expr)?);
        }
        let kind = match (word, loss) {
            ("lose", Some(percent)) => WeatherKind::Loss((percent * 10.0).round().clamp(0.0, 1000.0) as u32),
            ("lose", None) => WeatherKind::Lose(is_every),
            ("duplicate", None) => WeatherKind::Duplicate(is_every),
            ("break", None) => WeatherKind::Break(is_every),
            ("deny", None) => WeatherKind::Deny,
            ("unavailable", None) => WeatherKind::Unavailable,
            ("delay", None) => match reader.link("by") {
                Some(by) => WeatherKind::Delay(self.test_duration(by)?, is_every),
                None => {
                    reader.wrong("`delay` says by how much", "no `by`");
                    return None;
                }
            },
            ("limit", None) => match reader.link("to").map(|to| (to, self.eval(to, &Frame::program()))) {
                Some((_, Value::Int(count))) if count >= 0 => WeatherKind::Limit(count.unsigned_abs()),
                Some((_, Value::Error)) => return None,
                Some((to, other)) => {
                    self.mismatch("how many there is room for", &other, to.span);
                    return None;
                }
                None => {
                    reader.wrong("`limit` says how many there is room for", "no `to`");
                    return None;
                }
            },
            ("ready", None) => match reader.moment("after")? {
                Some(after) => WeatherKind::Ready(after),
                None => {
                    reader.wrong("`ready` says after how long", "no `after`");
                    return None;
                }
            },
            _ => {
                reader.wrong(&format!("`{word}` takes no percentage"), "only `lose` is by chance");
                return None;
            }
        };
        let is_about_a_type =
            matches!(kind, WeatherKind::Limit(_) | WeatherKind::Ready(_) | WeatherKind::Break(_));
        if is_about_a_type && what.ty.is_none() {
            reader.wrong(&format!("`{word}` names a type or a resource"), "of what?");
            return None;
        }
        let counts_requests = matches!(
            kind,
            WeatherKind::Lose(_)
                | WeatherKind::Delay(..)
                | WeatherKind::Duplicate(_)
                | WeatherKind::Break(_)
                | WeatherKind::Ready(_)
        );
        if counts_requests {
            // These have no time: what is left over is reported by whoever finishes the statement.
            let start = WeatherStart::Now;
            if at_moment.is_some() {
                reader.wrong(&format!("`{word}` counts requests, and takes no time"), "takes no time");
                return None;
            }
            return Some(Weather { kind, sites: sites.unwrap_or_default(), what, start, until: None });
        }
        let (start, until) = self.weather_time(reader, at_moment)?;
        Some(Weather { kind, sites: sites.unwrap_or_default(), what, start, until })
    }

    /// `at 1s`, `after 5`, `after create of base`, `until 30s`.
    fn weather_time(
        &self,
        reader: &mut Reader<'_, '_, '_>,
        at: Option<i64>,
    ) -> Option<(WeatherStart, Option<i64>)> {
        let mut start = at.map_or(WeatherStart::Now, WeatherStart::At);
        if let Some(after) = reader.link("after") {
            start = match reader.link("of") {
                Some(of) => {
                    let (name, _) = self.test_resource(of)?;
                    WeatherStart::AfterStep(Some(self.operation_word(after)?), name)
                }
                None if is_duration(self, after) => match self.number_of(after) {
                    Value::Int(count) if count > 0 => WeatherStart::AfterRequests(count.unsigned_abs()),
                    _ => WeatherStart::At(self.test_duration(after)?),
                },
                None => WeatherStart::AfterStep(None, self.test_resource(after)?.0),
            };
        }
        let until = reader.moment("until")?;
        if let (WeatherStart::At(from), Some(until)) = (&start, until)
            && until <= *from
        {
            reader.wrong("the end comes before the start", "both are counted from the beginning of the test");
            return None;
        }
        Some((start, until))
    }

    /// A number as it is; nothing else is evaluated.
    fn number_of(&self, expr: &Expr) -> Value {
        if matches!(expr.kind.as_ref(), ExprKind::Number(_)) {
            self.eval(expr, &Frame::program())
        } else {
            Value::Null
        }
    }

    /// Sites, where the expression names some; nothing is reported.
    fn sites_named(&self, expr: &Expr) -> Option<Vec<SiteId>> {
        self.quietly(|| self.test_sites(expr)).flatten()
    }

    /// `create`: a kind of operation, or an operation of some type.
    fn operation_word(&self, expr: &Expr) -> Option<String> {
        let known = || {
            let types = self.drivers.values().flat_map(|driver| driver.types.values());
            let own = types.flat_map(|ty| ty.operations.keys().map(String::as_str));
            KINDS.into_iter().chain(own)
        };
        if let ExprKind::Name(name) = expr.kind.as_ref() {
            if known().any(|word| word == name) {
                return Some(name.clone());
            }
            let report = Diagnostic::new(codes::E0853, expr.span, format!("no operation is called `{name}`"))
                .label("not an operation");
            self.report(match similar::nearest(name, known()) {
                Some(nearest) => report
                    .help(format!("did you mean `{nearest}`?"))
                    .fix(format!("write `{nearest}`"), vec![Edit::new(expr.span, nearest)]),
                None => report.help(format!("it is one of {}", KINDS.join(", "))),
            });
            return None;
        }
        self.report(
            Diagnostic::new(codes::E0853, expr.span, "expected an operation")
                .label("not an operation")
                .help(format!("it is one of {}", KINDS.join(", "))),
        );
        None
    }

    /// `create`, `openstack.image`, `openstack.image.create`, `base`.
    fn requests_meant(&self, expr: &Expr) -> Option<WeatherTarget> {
        if let Some(path) = dotted(expr) {
            let is_driver = matches!(
                self.names.get(Modules::ROOT, &path.names[0].text).map(|named| &named.definition),
                Some(Definition::Driver(_))
            );
            if is_driver {
                let mut short = path.clone();
                let last = short.names.pop();
                let operation = last.filter(|_| short.names.len() > 1);
                if let Some(operation) = operation
                    && let Some(ty) = self.quietly(|| self.resource_type(&short, Modules::ROOT)).flatten()
                    && (ty.operations.contains_key(&operation.text)
                        || KINDS.contains(&operation.text.as_str()))
                {
                    let (ty, operation) = (Some(ty.name.clone()), Some(operation.text));
                    return Some(WeatherTarget { ty, operation, of: None });
                }
                let ty = self.resource_type(&path, Modules::ROOT)?;
                return Some(WeatherTarget { ty: Some(ty.name.clone()), ..WeatherTarget::default() });
            }
            let is_declared = self.names.get(Modules::ROOT, &path.names[0].text).is_some();
            if path.names.len() == 1 && !is_declared {
                let operation = Some(self.operation_word(expr)?);
                return Some(WeatherTarget { operation, ..WeatherTarget::default() });
            }
        }
        let (of, ty) = self.test_resource(expr)?;
        Some(WeatherTarget { ty: Some(ty), operation: None, of: Some(of) })
    }

    /// The global name and the type of a resource of the program.
    pub(super) fn test_resource(&self, expr: &Expr) -> Option<(String, String)> {
        match self.eval(expr, &Frame::program()) {
            Value::Resource(id) => self.head_summary(id).map(|head| (head.name, head.ty)),
            Value::Error => None,
            other => {
                self.mismatch("a resource of the program", &other, expr.span);
                None
            }
        }
    }

    /// The sites at which the program puts a resource.
    pub(crate) fn sites_of_resource(&self, id: ResourceId) -> Vec<SiteId> {
        self.head_summary(id).map(|head| head.location.sites()).unwrap_or_default()
    }
}

/// `openstack.image` as a path; `None` for anything else.
pub(super) fn dotted(expr: &Expr) -> Option<ast::Path> {
    match expr.kind.as_ref() {
        ExprKind::Name(name) => {
            let name = ast::Ident { text: name.clone(), span: expr.span };
            Some(ast::Path { names: vec![name], span: expr.span })
        }
        ExprKind::Field { base, name, optional: false } => {
            let mut path = dotted(base)?;
            path.names.push(name.clone());
            path.span = expr.span;
            Some(path)
        }
        _ => None,
    }
}
