//! Locations: `nantes & (paris | "New York")` to sites and operators, with the mistakes people make in them.
//!
//! In a scope a run of names is one site's name, and a quoted text is a site, or where it holds operators, a location
//! read again from the text (`"CloudOne&CloudTwo"`). `around(nantes, 50ms)` is read from the declared links.

mod alternatives;

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::ast::{Argument, ChainOp, Expr, ExprKind};

use crate::context::Context;
use crate::eval::{Frame, number::duration_text};
use crate::hir::{Link, Location, LocationKind, SiteId, Value};
use crate::modules::NameKind;
use crate::names::Definition;

impl Context<'_> {
    /// The location an expression means; `None` where it means none (reported).
    pub fn eval_location(&self, expr: &Expr, frame: &Frame) -> Option<Location> {
        let span = expr.span;
        self.reach(span);
        match expr.kind.as_ref() {
            ExprKind::Error => None,
            ExprKind::Name(name) => self.named_location(name, span, frame),
            ExprKind::Text(text) => {
                let Some(literal) = text.literal() else {
                    let value = self.eval(expr, frame);
                    let Value::Text(name) = value else {
                        return self.as_location(value, span, None);
                    };
                    return self.site_by_name(&name, span);
                };
                if self.names.sites.contains_key(&literal) {
                    return self.site_by_name(&literal, span);
                }
                if literal.contains(['&', '|', '%', ';', '(']) {
                    // The offset of the text behind its opening quote.
                    let (inner, diagnostics) =
                        scope_syntax::parse_location(span.file, &literal, span.start + 1);
                    self.report_all(diagnostics);
                    return self.eval_location(&inner?, frame);
                }
                self.site_by_name(literal.trim(), span)
            }
            ExprKind::Chain { op: op @ (ChainOp::And | ChainOp::Or), operands } => {
                let parts: Vec<Option<Location>> =
                    operands.iter().map(|operand| self.eval_location(operand, frame)).collect();
                let parts: Option<Vec<Location>> = parts.into_iter().collect();
                let parts = parts?;
                let may_differ =
                    || operands.iter().any(|operand| alternatives::is_of_element(operand, frame));
                if *op == ChainOp::Or && !may_differ() {
                    self.check_alternatives(&parts, span);
                }
                let kind =
                    if *op == ChainOp::And { LocationKind::And(parts) } else { LocationKind::Or(parts) };
                Some(Location { kind, span })
            }
            ExprKind::Chain { op: ChainOp::Cross, operands } => {
                let parts: Vec<Option<Location>> =
                    operands.iter().map(|operand| self.eval_location(operand, frame)).collect();
                let parts: Option<Vec<Location>> = parts.into_iter().collect();
                Some(Location { kind: cross(parts?), span })
            }
            _ => {
                let value = self.eval(expr, frame);
                self.as_location(value, span, Some((expr, frame)))
            }
        }
    }

    fn named_location(&self, name: &str, span: Span, frame: &Frame) -> Option<Location> {
        let is_local = frame.locals.iter().any(|(local, _)| local == name);
        let is_declared = self.names.get(frame.module, name).is_some();
        if is_local || is_declared || matches!(name, "here" | "local" | "sites") {
            if let Some(named) = self.names.get(frame.module, name)
                && !is_local
                && !matches!(named.definition, Definition::Site(_) | Definition::Value(..) | Definition::Hole)
            {
                self.report(
                    Diagnostic::new(codes::E0108, span, format!("`{name}` is not a location"))
                        .label("expected a site")
                        .secondary(named.span, "declared here")
                        .help("name a site"),
                );
                return None;
            }
            let value = self.name_value(name, span, frame);
            return self.as_location(value, span, None);
        }
        if let Some((_, declared)) = self.names.sites.get(name) {
            self.record_use(NameKind::Site, span, *declared, format!("site `{name}`"));
            return self.site_by_name(name, span);
        }
        self.report_undeclared(self.unknown_location(name, span));
        None
    }

    /// A name in a scope that is no site: a missing `:` or operator, or a misspelling.
    fn unknown_location(&self, name: &str, span: Span) -> Diagnostic {
        let words: Vec<&str> = name.split(' ').collect();
        if words.len() > 1 {
            let first = words[0];
            let is_service = self.drivers.values().any(|driver| {
                driver.services.values().any(|service| {
                    service.name.eq_ignore_ascii_case(first)
                        || service.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(first))
                })
            });
            if is_service {
                let at = Span::new(span.file, span.start, span.start + first.len() as u32);
                return Diagnostic::new(codes::E0101, span, format!("no site is called `{name}`"))
                    .label(format!("`{first}` is a service"))
                    .help(format!("missing `:` after the service: `{first}: {}`", words[1..].join(" ")))
                    .fix("put `:` behind the service", vec![Edit::new(at.after(), ":")]);
            }
            if words.iter().all(|word| self.names.sites.contains_key(*word)) {
                return Diagnostic::new(codes::E0101, span, format!("no site is called `{name}`"))
                    .label("two sites without an operator between them")
                    .help(format!(
                        "for all of them write `{}`, for one of them `{}`",
                        words.join(" & "),
                        words.join(" | ")
                    ));
            }
        }
        self.unknown_site(name, span)
    }

    fn site_by_name(&self, name: &str, span: Span) -> Option<Location> {
        match self.names.sites.get(name) {
            Some((site, declared)) => {
                self.record_use(NameKind::Site, span, *declared, format!("site `{name}`"));
                Some(Location { kind: LocationKind::Site(*site), span })
            }
            None => {
                self.report_undeclared(self.unknown_site(name, span));
                None
            }
        }
    }
}

impl Context<'_> {
    /// The location of a request on a driver's type, evaluated at `here`: `here` is that site, and a radius holds the
    /// sites that have the driver (R7).
    pub fn placed(&self, location: &Location, here: Option<SiteId>, driver: &str) -> Location {
        let go = |parts: &[Location]| parts.iter().map(|part| self.placed(part, here, driver)).collect();
        let kind = match &location.kind {
            LocationKind::Here => here.map_or(LocationKind::Error, LocationKind::Site),
            LocationKind::And(parts) => LocationKind::And(go(parts)),
            LocationKind::Or(parts) => LocationKind::Or(go(parts)),
            LocationKind::Around { sites, radius } => match (sites.as_slice(), here) {
                ([], None) => LocationKind::Error,
                ([], Some(here)) => {
                    self.with_driver(&self.sites_around(here, *radius), driver, location.span)
                }
                (sites, _) => self.with_driver(sites, driver, location.span),
            },
            LocationKind::Cross { parts, prime } => LocationKind::Cross { parts: go(parts), prime: *prime },
            LocationKind::Site(_) | LocationKind::Error => location.kind.clone(),
        };
        Location { kind, span: location.span }
    }

    /// The sites that have a driver, as alternatives. Where none has it, the nearest stays, to be refused by its name.
    fn with_driver(&self, near: &[SiteId], driver: &str, span: Span) -> LocationKind {
        let sites = self.sites.borrow();
        let has_driver = |site: &&SiteId| sites[site.0 as usize].settings.contains_key(driver);
        let with: Vec<SiteId> = near.iter().filter(has_driver).copied().collect();
        match (with.as_slice(), near.first()) {
            ([], None) => LocationKind::Error,
            ([], Some(nearest)) => LocationKind::Site(*nearest),
            ([only], _) => LocationKind::Site(*only),
            (with, _) => LocationKind::Or(
                with.iter().map(|site| Location { kind: LocationKind::Site(*site), span }).collect(),
            ),
        }
    }

    /// The sites within a round trip of another, nearest first; the site itself is at 0, ties stay in the order of
    /// declaration, and a link that is not declared, or has no round trip, leads nowhere.
    pub fn sites_around(&self, center: SiteId, radius: i64) -> Vec<SiteId> {
        let links = self.links();
        let mut near: Vec<(i64, SiteId)> = Vec::new();
        for index in 0..self.sites.borrow().len() {
            let site = SiteId(index as u32);
            if let Some(rtt) = round_trip(links, center, site).filter(|rtt| *rtt <= radius) {
                near.push((rtt, site));
            }
        }
        near.sort_by_key(|(rtt, site)| (*rtt, *site != center));
        near.into_iter().map(|(_, site)| site).collect()
    }

    /// `around(A, d)`.
    pub fn around(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let [Argument { value: center, name: None }, Argument { value: radius, name: None }] = args else {
            self.report(
                Diagnostic::new(codes::E0210, span, "`around` takes a site and the greatest round trip")
                    .label(format!("{} given", args.len()))
                    .help("write `around(nantes, 50ms)`"),
            );
            return Value::Error;
        };
        let found = self.eval_location(center, frame);
        let radius = match self.eval(radius, frame) {
            Value::Error => return Value::Error,
            Value::Duration(radius) if radius >= 0 => radius,
            other => {
                let expected = "a duration such as `50ms`";
                match other {
                    Value::Int(_) | Value::Float(_) => {
                        self.mismatch_with(
                            expected,
                            &other,
                            radius.span,
                            "write the unit right behind the number",
                        );
                    }
                    other => self.mismatch(expected, &other, radius.span),
                }
                return Value::Error;
            }
        };
        let sites = match found.map(|found| found.kind) {
            None | Some(LocationKind::Error) => return Value::Error,
            Some(LocationKind::Here) => Vec::new(),
            Some(LocationKind::Site(site)) => self.sites_around(site, radius),
            Some(_) => {
                self.report(
                    Diagnostic::new(codes::E0108, center.span, "a radius has one site in its middle")
                        .label("expected one site")
                        .help("name one site; `|` joins the radius of one with that of another"),
                );
                return Value::Error;
            }
        };
        Value::Location(Location { kind: LocationKind::Around { sites, radius }, span })
    }
}

/// The parts of a `%`, the leftmost one the prime; a `%` among them is one with it.
pub(crate) fn cross(written: Vec<Location>) -> LocationKind {
    let mut parts = Vec::with_capacity(written.len());
    for part in written {
        match part.kind {
            LocationKind::Cross { parts: inner, .. } => parts.extend(inner),
            _ => parts.push(part),
        }
    }
    LocationKind::Cross { parts, prime: 0 }
}

/// The declared round trip between two sites, the shortest where several links are declared; 0 to the site itself.
pub(crate) fn round_trip(links: &[Link], from: SiteId, to: SiteId) -> Option<i64> {
    if from == to {
        return Some(0);
    }
    let joins = |link: &&Link| [(from, to), (to, from)].contains(&(link.from, link.to));
    links.iter().filter(joins).filter_map(|link| link.rtt).min()
}

impl Location {
    /// Whether `here` stands in it.
    pub fn has_here(&self) -> bool {
        match &self.kind {
            LocationKind::Here => true,
            LocationKind::And(parts) | LocationKind::Or(parts) | LocationKind::Cross { parts, .. } => {
                parts.iter().any(Location::has_here)
            }
            LocationKind::Around { sites, .. } => sites.is_empty(),
            LocationKind::Site(_) | LocationKind::Error => false,
        }
    }

    /// The site, where it is one; `here` is `here`.
    pub fn at_site(&self, here: Option<SiteId>) -> Option<SiteId> {
        match self.kind {
            LocationKind::Site(site) => Some(site),
            LocationKind::Here => here,
            _ => None,
        }
    }

    /// Every `%` in it, outermost first; none stands in another.
    pub fn crosses(&self) -> Vec<&Location> {
        match &self.kind {
            LocationKind::Cross { .. } => vec![self],
            LocationKind::And(parts) | LocationKind::Or(parts) => {
                parts.iter().flat_map(Location::crosses).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The alternatives of one resource that is divided in one of them at least: `a % b`, and `c` too of `(a % b) | c`, and
    /// `c & d` of `(a % b) | (c & d)`, which has the whole at each. Nothing of what is never divided, or of which a copy is.
    pub fn divided(&self) -> Option<Vec<&Location>> {
        let mut alternatives = Vec::new();
        let mut open = vec![self];
        while let Some(location) = open.pop() {
            match &location.kind {
                LocationKind::Or(arms) => open.extend(arms.iter().rev()),
                LocationKind::And(_) if !location.crosses().is_empty() => return None,
                LocationKind::Cross { .. }
                | LocationKind::Site(_)
                | LocationKind::And(_)
                | LocationKind::Around { .. } => alternatives.push(location),
                LocationKind::Here | LocationKind::Error => return None,
            }
        }
        let is_divided = |location: &&Location| matches!(location.kind, LocationKind::Cross { .. });
        alternatives.iter().any(is_divided).then_some(alternatives)
    }

    /// Every `%` in it, to be changed.
    pub fn crosses_mut(&mut self) -> Vec<&mut Location> {
        match self.kind {
            LocationKind::Cross { .. } => vec![self],
            LocationKind::And(ref mut parts) | LocationKind::Or(ref mut parts) => {
                parts.iter_mut().flat_map(Location::crosses_mut).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Every site as it is written, also one that is written twice.
    pub fn occurrences(&self) -> Vec<&Location> {
        match &self.kind {
            LocationKind::Site(_) => vec![self],
            LocationKind::And(parts) | LocationKind::Or(parts) | LocationKind::Cross { parts, .. } => {
                parts.iter().flat_map(Location::occurrences).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The first `&` in it.
    pub fn first_and(&self) -> Option<&Location> {
        match &self.kind {
            LocationKind::And(_) => Some(self),
            LocationKind::Or(parts) | LocationKind::Cross { parts, .. } => {
                parts.iter().find_map(Location::first_and)
            }
            _ => None,
        }
    }

    /// Where something is looked for, without what is said twice: `(a & b) & a` → `a & b`, `a | a` → `a`. What is made keeps
    /// all of its places, since each of them is given up by itself; what is looked up is the same in each.
    pub fn simplified(&self) -> Location {
        let (parts, is_and) = match &self.kind {
            LocationKind::And(parts) => (parts, true),
            LocationKind::Or(parts) => (parts, false),
            _ => return self.clone(),
        };
        let mut each: Vec<Location> = Vec::with_capacity(parts.len());
        for part in parts.iter().map(Location::simplified) {
            let inner = match part.kind {
                LocationKind::And(inner) if is_and => inner,
                _ => vec![part],
            };
            for part in inner {
                let known = form_of(&part);
                if known.is_none() || !each.iter().any(|other| form_of(other) == known) {
                    each.push(part);
                }
            }
        }
        let kind = match each.as_slice() {
            [only] => only.kind.clone(),
            _ if is_and => LocationKind::And(each),
            _ => LocationKind::Or(each),
        };
        Location { kind, span: self.span }
    }

    /// The location without the sites that `keep` refuses; `None` if nothing is left.
    pub fn narrowed(&self, keep: &dyn Fn(SiteId) -> bool) -> Option<Location> {
        let kind = match &self.kind {
            LocationKind::Site(site) => return keep(*site).then(|| self.clone()),
            LocationKind::And(parts) | LocationKind::Or(parts) => {
                let mut kept: Vec<Location> = parts.iter().filter_map(|part| part.narrowed(keep)).collect();
                match kept.len() {
                    0 => return None,
                    1 => return kept.pop(),
                    _ if matches!(self.kind, LocationKind::And(_)) => LocationKind::And(kept),
                    _ => LocationKind::Or(kept),
                }
            }
            LocationKind::Cross { parts, prime } => {
                // What refers to the whole takes any part that is there, the prime first.
                let prime_first = std::iter::once(&parts[*prime]).chain(
                    parts.iter().enumerate().filter(|(index, _)| index != prime).map(|(_, part)| part),
                );
                let mut kept: Vec<Location> = prime_first.filter_map(|part| part.narrowed(keep)).collect();
                match kept.len() {
                    0 => return None,
                    1 => return kept.pop(),
                    _ => LocationKind::Or(kept),
                }
            }
            other => other.clone(),
        };
        Some(Location { kind, span: self.span })
    }

    /// As a person writes it: `nantes & (paris | lille)`.
    pub fn text(&self, name: &dyn Fn(SiteId) -> String) -> String {
        fn go(location: &Location, name: &dyn Fn(SiteId) -> String, tight: bool) -> String {
            match &location.kind {
                LocationKind::Site(site) => {
                    let name = name(*site);
                    if name.contains(' ') { format!("\"{name}\"") } else { name }
                }
                LocationKind::Here => "here".into(),
                LocationKind::Error => "?".into(),
                LocationKind::Cross { parts, .. } => {
                    let parts: Vec<String> = parts.iter().map(|part| go(part, name, true)).collect();
                    parts.join(" % ")
                }
                LocationKind::Around { sites, radius } => {
                    let center = sites.first().map_or_else(|| "here".into(), |site| name(*site));
                    format!("around({center}, {})", duration_text(*radius))
                }
                LocationKind::And(parts) => {
                    let parts: Vec<String> = parts.iter().map(|part| go(part, name, true)).collect();
                    parts.join(" & ")
                }
                LocationKind::Or(parts) => {
                    let parts: Vec<String> = parts.iter().map(|part| go(part, name, false)).collect();
                    let text = parts.join(" | ");
                    if tight { format!("({text})") } else { text }
                }
            }
        }
        go(self, name, false)
    }
}

/// What a location says, however it is written: `a & b` and `b & a` are the same place, `a | b` and `b | a` are not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// Where the enclosing request is.
    Here,
    /// A site.
    Site(SiteId),
    /// Each of them.
    And(BTreeSet<Form>),
    /// The first that can.
    Or(Vec<Form>),
    /// One over all of them, and the part that holds its identity.
    Cross(BTreeSet<Form>, Box<Form>),
    /// The nearest within a radius.
    Around(Vec<SiteId>, i64),
}

/// The form of a site or a location; nothing for other values, and where a part is in error.
pub(crate) fn form(value: &Value) -> Option<Form> {
    match value {
        Value::Site(site) => Some(Form::Site(*site)),
        Value::Location(location) => form_of(location),
        _ => None,
    }
}

fn form_of(location: &Location) -> Option<Form> {
    Some(match &location.kind {
        LocationKind::Error => return None,
        LocationKind::Here => Form::Here,
        LocationKind::Site(site) => Form::Site(*site),
        LocationKind::And(parts) => {
            let mut each = BTreeSet::new();
            for part in parts {
                match form_of(part)? {
                    Form::And(inner) => each.extend(inner),
                    other => drop(each.insert(other)),
                }
            }
            if each.len() == 1 { each.pop_first()? } else { Form::And(each) }
        }
        LocationKind::Or(arms) => {
            let mut first = Vec::new();
            for arm in arms {
                match form_of(arm)? {
                    Form::Or(inner) => first.extend(inner),
                    other => first.push(other),
                }
            }
            if first.len() == 1 { first.pop()? } else { Form::Or(first) }
        }
        LocationKind::Cross { parts, prime } => {
            let parts: Option<Vec<Form>> = parts.iter().map(form_of).collect();
            let parts = parts?;
            let prime = parts.get(*prime)?.clone();
            Form::Cross(parts.into_iter().collect(), Box::new(prime))
        }
        LocationKind::Around { sites, radius } => Form::Around(sites.clone(), *radius),
    })
}

/// The sites of what is at each of its sites; nothing where it is at one of several.
pub(crate) fn all_of(place: &Value) -> Option<BTreeSet<SiteId>> {
    match place {
        Value::Site(site) => Some(BTreeSet::from([*site])),
        Value::Location(location) => each_of(location),
        _ => None,
    }
}

fn each_of(location: &Location) -> Option<BTreeSet<SiteId>> {
    match &location.kind {
        LocationKind::Site(site) => Some(BTreeSet::from([*site])),
        LocationKind::And(parts) | LocationKind::Cross { parts, .. } => {
            parts.iter().try_fold(BTreeSet::new(), |mut sites, part| {
                sites.extend(each_of(part)?);
                Some(sites)
            })
        }
        _ => None,
    }
}
