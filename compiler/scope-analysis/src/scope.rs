//! A request's scope, completed once (R1): for each service of the application, where it answers.
//!
//! `{ image: paris }` on a server entered at nantes → compute at nantes, image at paris, every other service at nantes.
//! `{ paris }` → the request's own service at paris and every other one `here`, where the request is.

use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ExprKind};

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{Driver, GroupId, Location, LocationKind, SiteId, Value};
use crate::modules::NameKind;

/// A scope with its services' names resolved, not yet completed.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestScope {
    /// Where it is written.
    pub written: Option<Span>,
    /// `{ L }`: the whole request.
    pub whole: Option<Location>,
    /// Service → where, with the place of the key.
    pub services: IndexMap<String, (Location, Span)>,
    /// `prime: A`, with the place of the entry.
    pub prime: Option<(SiteId, Span)>,
    /// A part was in error: what it says is not known, so nothing more is said about it.
    pub has_holes: bool,
}

/// What people call places that are tried in an order, or used together.
const ORDER: [&str; 9] =
    ["first", "second", "third", "primary", "secondary", "main", "backup", "fallback", "failover"];

impl Context<'_> {
    /// A scope as a value: with the names of where it is written, so that it can be shared.
    pub fn scope_value(&self, scope: &ast::Scope, frame: &Frame) -> Value {
        let mut scopes = self.scopes.borrow_mut();
        scopes.push((Rc::new(scope.clone()), frame.clone()));
        Value::Scope(scopes.len() - 1)
    }

    /// The scope of a clause: `scope { … }`, or `scope` and an expression that gives one; `None` where it is in error.
    pub fn clause_scope(&self, written: &ast::Expr, frame: &Frame) -> Option<(Rc<ast::Scope>, Frame)> {
        if let ExprKind::Scope(scope) = written.kind.as_ref() {
            return Some((Rc::new(scope.clone()), frame.clone()));
        }
        match self.eval(written, frame) {
            Value::Scope(index) => Some(self.scopes.borrow()[index].clone()),
            Value::Error => None,
            Value::Site(_) => {
                // As it is written there: of a family it is another site each time.
                let place = self.sources.borrow().snippet(written.span).to_owned();
                self.report(
                    Diagnostic::new(codes::E0201, written.span, "expected a scope, found a site")
                        .label("a site by itself")
                        .help(format!("write `scope {{ {place} }}`"))
                        .fix("put it in braces", vec![Edit::new(written.span, format!("{{ {place} }}"))]),
                );
                None
            }
            other => {
                self.mismatch("a scope", &other, written.span);
                None
            }
        }
    }

    /// Reads a scope for a request of a driver.
    pub fn request_scope(
        &self,
        scope: &ast::Scope,
        driver: &Driver,
        type_name: &str,
        frame: &Frame,
    ) -> RequestScope {
        let mut resolved = RequestScope { written: Some(scope.span), ..RequestScope::default() };
        if scope.entries.is_empty() {
            self.report(
                Diagnostic::new(codes::W0311, scope.span, "an empty scope says nothing")
                    .label("everything stays at the entry site")
                    .help("name a service and a site, or leave the scope out"),
            );
        }
        let keyless: Vec<&ast::ScopeEntry> =
            scope.entries.iter().filter(|entry| entry.key.is_none()).collect();
        if keyless.len() > 1 {
            self.report(self.several_keyless(&keyless, scope));
            resolved.has_holes = true;
            return resolved;
        }
        for entry in &scope.entries {
            let Some(key) = &entry.key else {
                match self.eval_location(&entry.location, frame) {
                    Some(location) => resolved.whole = Some(location),
                    None => resolved.has_holes = true,
                }
                continue;
            };
            let Some(service) = self.service_named(driver, key) else {
                if key.text == "around" {
                    self.around_entry(entry, &mut resolved, frame);
                    continue;
                }
                if key.text == "prime" {
                    self.prime_entry(entry, &mut resolved, frame);
                    continue;
                }
                resolved.has_holes = true;
                let report = self.unknown_service(driver, type_name, key);
                // Behind a service that is misspelt stands a place, and is checked: one run, every mistake.
                if report.fix.is_some() {
                    self.eval_location(&entry.location, frame);
                }
                self.report(report);
                continue;
            };
            if let Some((_, first)) = resolved.services.get(&service) {
                self.report(
                    Diagnostic::new(codes::E0103, key.span, format!("service `{service}` is named twice"))
                        .label("again here")
                        .secondary(*first, "first here")
                        .help(format!("join the sites: `{service}: a & b`")),
                );
                continue;
            }
            match self.eval_location(&entry.location, frame) {
                Some(location) => {
                    resolved.services.insert(service, (location, key.span));
                }
                None => {
                    resolved.has_holes = true;
                    let hole = Location { kind: LocationKind::Error, span: entry.location.span };
                    resolved.services.insert(service, (hole, key.span));
                }
            }
        }
        self.place_prime(&mut resolved);
        self.check_trailing(scope, &resolved, driver, type_name);
        resolved
    }

    /// `{ image: nantes, paris }` for an image: the second is the place of every *other* service, which reads as a list of
    /// two places of the first.
    fn check_trailing(&self, scope: &ast::Scope, resolved: &RequestScope, driver: &Driver, type_name: &str) {
        let [.., named, last] = scope.entries.as_slice() else { return };
        let own = driver.types.get(type_name).map(|ty| ty.service.as_str());
        let is_own = named.key.as_ref().and_then(|key| self.service_named(driver, key)).as_deref() == own;
        if last.key.is_some() || named.key.is_none() || !is_own || resolved.has_holes {
            return;
        }
        let Some(key) = &named.key else { return };
        let text = |span: Span| self.sources.borrow().snippet(span).to_string();
        let (first, second) = (text(named.location.span), text(last.location.span));
        let joined = format!("{}: {first} & {second}", key.text);
        self.report(
            Diagnostic::new(
                codes::W0344,
                last.span,
                format!("`{second}` is the place of every service but `{}`", key.text),
            )
            .label(format!("nothing of `{}` is made here", key.text))
            .secondary(named.span, format!("`{}` is here only", key.text))
            .help(format!("for both write `{joined}`; if the other services are meant, write it first: `{{ {second}, {}: {first} }}`", key.text)),
        );
    }

    /// `prime: A`
    fn prime_entry(&self, entry: &ast::ScopeEntry, resolved: &mut RequestScope, frame: &Frame) {
        let is_program = frame.group.is_none_or(|group| group == GroupId::PROGRAM);
        let found = match self.eval_location(&entry.location, frame).map(|location| location.kind) {
            // In a module `here` is wherever the module is: at all the parts.
            Some(LocationKind::Here) if is_program => {
                Some(self.entry_location("`prime`", entry.location.span).kind)
            }
            found => found,
        };
        match found {
            Some(LocationKind::Site(site)) => resolved.prime = Some((site, entry.location.span)),
            None | Some(LocationKind::Error) => resolved.has_holes = true,
            Some(_) => {
                resolved.has_holes = true;
                self.report(
                    Diagnostic::new(codes::E0307, entry.location.span, "a cross has one prime")
                        .label("expected one site")
                        .help("name the site that holds the identity of the whole"),
                );
            }
        }
    }

    /// Makes the part at the prime's site the one that holds the identity of the whole.
    fn place_prime(&self, resolved: &mut RequestScope) {
        let Some((site, span)) = resolved.prime else { return };
        let here = self.entry.get();
        let services = resolved.services.values_mut().map(|(location, _)| location);
        let mut crosses: Vec<&mut Location> =
            resolved.whole.iter_mut().chain(services).flat_map(Location::crosses_mut).collect();
        if crosses.is_empty() {
            if !resolved.has_holes {
                self.report(
                    Diagnostic::new(codes::E0307, span, "`prime` goes with `%`, and nothing is divided here")
                        .label("the prime of what?")
                        .help("leave it out, or divide the resource: `a % b, prime: a`"),
                );
            }
            return;
        }
        let mut is_found = false;
        for cross in &mut crosses {
            let LocationKind::Cross { parts, prime } = &mut cross.kind else { continue };
            let is_here = |part: &Location| part.at_site(here) == Some(site);
            if let Some(position) = parts.iter().position(is_here) {
                *prime = position;
                is_found = true;
            }
        }
        if !is_found {
            let parts: Vec<SiteId> = crosses.iter().flat_map(|cross| cross.sites()).collect();
            self.report(
                Diagnostic::new(codes::E0307, span, format!("no part is at {}", self.site_name(site)))
                    .label("the prime is one of the parts, at this one site")
                    .secondary(crosses[0].span, "the parts")
                    .help(format!("name one of {}", self.site_names(&parts))),
            );
        }
    }

    /// `{ around: A, 50ms }`: the whole request at the nearest site that can.
    fn around_entry(&self, entry: &ast::ScopeEntry, resolved: &mut RequestScope, frame: &Frame) {
        if !matches!(entry.location.kind.as_ref(), ExprKind::Call { .. }) {
            resolved.has_holes = true;
            self.report(
                Diagnostic::new(codes::E0107, entry.span, "`around` needs the greatest round trip")
                    .label("how far around?")
                    .help("write `around: nantes, 50ms`"),
            );
            return;
        }
        let around = self.eval_location(&entry.location, frame);
        match (around, &resolved.whole) {
            (Some(_), Some(whole)) => {
                resolved.has_holes = true;
                self.report(
                    Diagnostic::new(codes::E0107, entry.span, "a scope without services holds one location")
                        .label("a second one")
                        .secondary(whole.span, "the first")
                        .help("join them: `a | around(b, 50ms)`"),
                );
            }
            (Some(location), None) => resolved.whole = Some(location),
            (None, _) => resolved.has_holes = true,
        }
    }

    /// The driver's own name of a service written by name or alias.
    fn service_named(&self, driver: &Driver, key: &ast::Ident) -> Option<String> {
        let service = driver.services.values().find(|service| service.name == key.text).or_else(|| {
            driver.services.values().find(|service| {
                service.name.eq_ignore_ascii_case(&key.text)
                    || service.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(&key.text))
            })
        })?;
        let hover = format!("service `{}` of `{}`", service.name, driver.name);
        self.record_use(NameKind::Service, key.span, service.span, hover);
        Some(service.name.clone())
    }

    fn unknown_service(&self, driver: &Driver, type_name: &str, key: &ast::Ident) -> Diagnostic {
        // Its own service first, then those that this one uses.
        let own = driver.types.get(type_name).and_then(|ty| driver.services.get(&ty.service));
        let names: Vec<&str> = match own {
            Some(own) => {
                std::iter::once(own.name.as_str()).chain(own.uses.iter().map(String::as_str)).collect()
            }
            None => driver.services.keys().map(String::as_str).collect(),
        };
        let aliases = driver.services.values().flat_map(|service| service.aliases.iter().map(String::as_str));
        let mut report =
            Diagnostic::new(codes::E0202, key.span, format!("`{type_name}` uses no service `{}`", key.text))
                .label("not a service")
                .note(format!("it uses {}", names.join(", ")));
        let nearest = similar::nearest(&key.text, names.iter().copied().chain(aliases)).map(str::to_string);
        report = match nearest {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(key.span, nearest)]),
            None if key.text == driver.name => report.help(format!(
                "`{}` is the driver: without a service, `{{ … }}` places the whole request",
                key.text
            )),
            None if ORDER.contains(&key.text.as_str()) => report.help(
                "for one after another write them with `|`: `scope { SITE | OTHER }`; for all of them with `&`",
            ),
            None => report.help("name one of these services"),
        };
        report
    }

    fn several_keyless(&self, keyless: &[&ast::ScopeEntry], scope: &ast::Scope) -> Diagnostic {
        let written: Vec<String> = keyless
            .iter()
            .map(|entry| match entry.location.kind.as_ref() {
                ExprKind::Name(name) => name.clone(),
                _ => self.sources.borrow().snippet(entry.location.span).to_string(),
            })
            .collect();
        Diagnostic::new(codes::E0107, scope.span, "a scope without services holds one location")
            .label(format!("{} locations", keyless.len()))
            .help(format!(
                "for {} of them write `{}`, for one of them `{}`",
                if keyless.len() == 2 { "both" } else { "all" },
                written.join(" & "),
                written.join(" | ")
            ))
            .fix(
                "the request at each of them",
                vec![Edit::new(
                    keyless[0].location.span.to(keyless[keyless.len() - 1].location.span),
                    written.join(" & "),
                )],
            )
    }

    /// Where the entry site is, when something depends on it: reported once at `span` if there is none.
    pub fn entry_location(&self, what: &str, span: Span) -> Location {
        match self.entry.get() {
            Some(site) => Location { kind: LocationKind::Site(site), span },
            None => {
                self.report_undeclared(self.no_entry(what, span));
                Location { kind: LocationKind::Error, span }
            }
        }
    }
}

impl RequestScope {
    /// Where a service is, if the scope says so itself.
    pub fn named(&self, service: &str) -> Option<&Location> {
        self.services.get(service).map(|(location, _)| location)
    }

    /// As written canonically: `{ compute: nantes, image: paris }`.
    pub fn text(&self, name: &dyn Fn(SiteId) -> String) -> String {
        let mut parts: Vec<String> = self.whole.iter().map(|location| location.text(name)).collect();
        parts.extend(
            self.services
                .iter()
                .map(|(service, (location, _))| format!("{service}: {}", location.text(name))),
        );
        if let Some((prime, _)) = self.prime {
            parts.push(format!("prime: {}", name(prime)));
        }
        if parts.is_empty() { "{}".into() } else { format!("{{ {} }}", parts.join(", ")) }
    }
}
