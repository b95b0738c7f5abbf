//! Whether a request may be where its scope says: services present, identity at home, what cannot be shared at its place.

use scope_diagnostics::{Diagnostic, Span, codes};

use crate::context::Context;
use crate::hir::{Driver, Location, LocationKind, ResourceType, Share, SiteId};
use crate::scope::RequestScope;

impl Context<'_> {
    /// Checks a request's scope against its type and sites.
    pub fn check_place(
        &self,
        ty: &ResourceType,
        driver: &Driver,
        scope: Option<&RequestScope>,
        location: &Location,
        name: &str,
        span: Span,
    ) {
        self.check_site_services(driver, location, name, span);
        let Some(scope) = scope else { return };
        let places = location.sites();
        for (service, (written, key)) in &scope.services {
            if *service == ty.service {
                continue;
            }
            self.check_site_services(
                driver,
                &self.placed(written, self.entry.get(), &driver.name),
                name,
                *key,
            );
            if let Some(cross) = written.crosses().first() {
                self.report(
                    Diagnostic::new(
                        codes::E0304,
                        cross.span,
                        format!("what `{name}` uses is looked up, not divided"),
                    )
                    .label("a look-up has no parts")
                    .help("`a | b` uses the first that has it, `a & b` what both have"),
                );
                continue;
            }
            let elsewhere = |site: &SiteId| !places.contains(site);
            let Some(remote) = written.sites().into_iter().find(elsewhere) else { continue };
            if places.is_empty() || matches!(location.kind, LocationKind::Error) {
                continue;
            }
            self.check_remote_service(ty, driver, service, *key, written, remote, name);
        }
    }

    /// R1, R9: what it means that a service of the request is at another site.
    #[allow(clippy::too_many_arguments)] // One rule with all it looks at; a struct would only rename the arguments.
    fn check_remote_service(
        &self,
        ty: &ResourceType,
        driver: &Driver,
        service: &str,
        key: Span,
        written: &Location,
        remote: SiteId,
        name: &str,
    ) {
        let site = self.site_name(remote);
        let declared = &driver.services[service];
        if declared.authenticates {
            self.report(
                Diagnostic::new(
                    codes::E0303,
                    written.span,
                    format!("`{name}` would be authenticated at {site}, with identities its own site does not know"),
                )
                .label(format!("`{service}` at another site"))
                .secondary(declared.span, "the service that authenticates the others")
                .note("each site is entered with its own credentials; another site's need sites that federate, or a gateway that maps them")
                .help(format!("leave `{service}` out of the scope: it is where the request is")),
            );
            return;
        }
        let references: Vec<(&str, &Share)> = ty
            .attributes
            .values()
            .filter_map(|attribute| {
                let rule = attribute.reference.as_ref()?;
                let target = self.driver_type(&rule.target)?;
                (target.service == service)
                    .then(|| (attribute.name.as_str(), rule.shared.as_ref().unwrap_or(&target.share)))
            })
            .collect();
        if references.is_empty() {
            let is_used = self.uses(driver, &ty.service, service);
            let report = if is_used {
                Diagnostic::new(
                    codes::W0308,
                    key,
                    format!("`{name}` reaches `{service}` only through the application, at its own site"),
                )
                .label(format!("naming {site} here changes nothing"))
                .note(format!("`{}` has no attribute that refers to a resource of `{service}`", ty.name))
                .help("leave it out of the scope")
            } else {
                Diagnostic::new(codes::E0202, key, format!("`{}` uses no service `{service}`", ty.name))
                    .label("not used by this request")
                    .note(format!("`{}` uses {}", ty.service, driver.services[&ty.service].uses.join(", ")))
                    .help("leave it out of the scope")
            };
            self.report(report);
            return;
        }
        if references.iter().all(|(_, share)| matches!(share, Share::None { .. })) {
            let (attribute, share) = references[0];
            let Share::None { because } = share else { return };
            let rule_span = ty.attributes[attribute].span;
            self.report(
                Diagnostic::new(
                    codes::E0302,
                    written.span,
                    format!("`{attribute}` of `{name}` cannot be used from {site}"),
                )
                .label(format!("`{service}` at another site"))
                .secondary(rule_span, "the attribute that refers to it")
                .note(because.clone())
                .help(format!("leave `{service}` out: it is looked up where `{name}` is")),
            );
        }
    }

    /// Whether one service uses another, directly or through others.
    fn uses(&self, driver: &Driver, from: &str, to: &str) -> bool {
        let mut reached = vec![from];
        let mut next = 0;
        while let Some(service) = reached.get(next).copied() {
            next += 1;
            for used in driver.services.get(service).map(|service| service.uses.as_slice()).unwrap_or(&[]) {
                if used == to {
                    return true;
                }
                if !reached.contains(&used.as_str()) {
                    reached.push(used);
                }
            }
        }
        false
    }

    /// Every site of a location runs the application.
    fn check_site_services(&self, driver: &Driver, location: &Location, name: &str, span: Span) {
        let sites = self.sites.borrow();
        for site in location.sites() {
            let declared = &sites[site.0 as usize];
            if declared.settings.contains_key(&driver.name) {
                continue;
            }
            let with: Vec<&str> = sites
                .iter()
                .filter(|site| site.settings.contains_key(&driver.name))
                .map(|site| site.name.as_str())
                .take(8)
                .collect();
            let place = if location.span.is_dummy() { span } else { location.span };
            let mut report = Diagnostic::new(
                codes::E0301,
                place,
                format!("site `{}` has no `{}`, which `{name}` needs", declared.name, driver.name),
            )
            .label("asked here")
            .secondary(declared.span, format!("no `{}: {{ … }}` in this site", driver.name));
            report = if with.is_empty() {
                report.help(format!("add `{}: {{ … }}` to the site", driver.name))
            } else {
                report.help(format!("sites with `{}`: {}", driver.name, with.join(", ")))
            };
            self.report(report);
        }
    }
}
