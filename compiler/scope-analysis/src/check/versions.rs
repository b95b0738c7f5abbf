//! Versions: whether each site of a request has what it asks for.
//!
//! A site declares its version in its settings (`version: "1.8"`); a driver says from which version to which a type or an
//! attribute is there. `since "1.9"` and a site with 1.8 → "`apps.v1.Deployment` is not at lille". A site that says
//! nothing is taken to have everything, until it was asked: then what it reported counts.

use scope_diagnostics::{Diagnostic, Severity, Span, codes};

use crate::context::Context;
use crate::hir::{Attribute, Driver, Life, Location, ResourceType, SiteId, Value};
use crate::versions;

/// The setting in which a site says its version of an application.
const SETTING: &str = "version";

/// The version of an application at a site.
struct Version {
    text: String,
    /// Where the program says it; the site, where it was asked.
    at: Span,
    /// `has`, `reports`
    verb: &'static str,
}

impl Context<'_> {
    /// Checks the type of a request against the version of each of its sites.
    pub fn check_versions(
        &self,
        ty: &ResourceType,
        driver: &Driver,
        location: &Location,
        name: &str,
        span: Span,
    ) {
        let mut lacking: Vec<(SiteId, Version)> = Vec::new();
        let mut having: Vec<String> = Vec::new();
        for site in location.sites() {
            self.note_what_it_lacks(ty, driver, site);
            let Some(version) = self.site_version(site, &driver.name, &ty.life) else { continue };
            self.check_driver_versions(driver, site, &version);
            if is_alive(&ty.life, &version.text) {
                having.push(format!("{} ({})", self.site_name(site), version.text));
            } else {
                lacking.push((site, version));
            }
        }
        let Some((first, Version { text: version, verb, .. })) = lacking.first() else { return };
        let other = driver.types.values().find(|other| {
            let is_everywhere = lacking.iter().all(|(_, version)| is_alive(&other.life, &version.text));
            other.name != ty.name && other.short_name == ty.short_name && is_everywhere
        });
        let places: Vec<String> = lacking.iter().map(|(site, ..)| self.site_name(*site)).collect();
        let mut message = format!("`{}` is not at {}", ty.name, places.join(", "));
        if let Some(other) = other {
            message.push_str(&format!(", which only has `{}`", part_of(other, driver)));
        }
        let mut report = Diagnostic::new(codes::E0706, span, message).label(format!(
            "`{name}` needs version {}, {} {verb} {version}",
            range(&ty.life),
            self.site_name(*first)
        ));
        for (site, Version { text, at, verb }) in &lacking {
            report = report.secondary(*at, format!("{} {verb} {text}", self.site_name(*site)));
        }
        report = report.secondary(ty.span, format!("there {}", range_in_words(&ty.life)));
        if !having.is_empty() {
            report = report.note(format!("it is at {}", having.join(", ")));
        }
        self.report(match other {
            Some(other) => report.help(format!(
                "make it a `{}` there, or leave {} out of the scope",
                other.name,
                places.join(", ")
            )),
            None => report.help(format!("leave {} out of the scope, or upgrade", places.join(", "))),
        });
    }

    /// Remembers which attributes of a type a site does not know that are sent, or asked for, though nobody writes them.
    fn note_what_it_lacks(&self, ty: &ResourceType, driver: &Driver, site: SiteId) {
        let unasked = ty.attributes.values().filter(|attribute| {
            attribute.life != Life::default() && (attribute.default.is_some() || attribute.is_required)
        });
        let is_lacking = |attribute: &&Attribute| {
            let version = self.site_version(site, &driver.name, &attribute.life);
            version.is_some_and(|version| !is_alive(&attribute.life, &version.text))
        };
        let lacks: Vec<String> = unasked.filter(is_lacking).map(|attribute| attribute.name.clone()).collect();
        if let Some(declared) = self.sites.borrow_mut().get_mut(site.0 as usize).filter(|_| !lacks.is_empty())
        {
            declared.lacks.insert(ty.name.clone(), lacks);
        }
    }

    /// Whether a site's version does not know an attribute that must be set, or has a default.
    pub fn lacks(&self, site: SiteId, ty: &ResourceType, attribute: &str) -> bool {
        let sites = self.sites.borrow();
        let lacks = sites.get(site.0 as usize).and_then(|site| site.lacks.get(&ty.name));
        lacks.is_some_and(|lacks| lacks.iter().any(|name| name == attribute))
    }

    /// Checks an attribute that is set at a site; false where the site does not know it.
    pub fn check_attribute_version(
        &self,
        attribute: &Attribute,
        ty: &ResourceType,
        site: SiteId,
        span: Span,
    ) -> bool {
        if attribute.life == Life::default() {
            return true;
        }
        let Some(version) = self.site_version(site, &ty.driver, &attribute.life) else { return true };
        if is_alive(&attribute.life, &version.text) {
            return true;
        }
        let Version { text, at, verb } = version;
        let place = self.site_name(site);
        self.report(
            Diagnostic::new(
                codes::E0707,
                span,
                format!("`{}` of `{}` is not known at {place}", attribute.name, ty.name),
            )
            .label(format!("there {}", range_in_words(&attribute.life)))
            .secondary(at, format!("{place} {verb} {text}"))
            .secondary(attribute.span, "declared here")
            .help(format!("set it only where it is known: `at SITES {{ {}: … }}`", attribute.name)),
        );
        false
    }

    /// A site whose version the driver was not written for: probably right, never sure.
    fn check_driver_versions(&self, driver: &Driver, site: SiteId, version: &Version) {
        let Some((first, last)) = &driver.versions else { return };
        let life = Life { since: Some(first.clone()), until: Some(last.clone()) };
        let Version { text, at, verb } = version;
        if is_alive(&life, text) {
            return;
        }
        let report = Diagnostic::new(
            codes::E0708,
            *at,
            format!(
                "the driver `{}` is written for {first} to {last}, and {} {verb} {text}",
                driver.name,
                self.site_name(site)
            ),
        )
        .label("outside of what the driver was tried with")
        .secondary(driver.span, "says its versions")
        .help("what the site answers may mean something else: try it at one site first");
        self.report(Diagnostic { severity: Severity::Warning, ..report });
    }

    /// The version that a site declares, else the one that it reported. Neither, where that matters for what lives so
    /// long: it is remembered that it should be asked.
    fn site_version(&self, site: SiteId, driver: &str, life: &Life) -> Option<Version> {
        let sites = self.sites.borrow();
        let declared = sites.get(site.0 as usize)?;
        let slot = declared.settings.get(driver).and_then(|settings| settings.get(SETTING));
        if let Some(slot) = slot
            && let Value::Text(version) = &slot.value
        {
            return Some(Version { text: version.clone(), at: slot.span, verb: "has" });
        }
        let reported = self.options.reported.get(&declared.name).and_then(|drivers| drivers.get(driver));
        if let Some(version) = reported {
            return Some(Version { text: version.clone(), at: declared.span, verb: "reports" });
        }
        if *life != Life::default() {
            self.unversioned.borrow_mut().insert(site);
        }
        None
    }
}

/// Whether a version has something. `until "1.15"` holds for `1.15.3` too.
fn is_alive(life: &Life, version: &str) -> bool {
    use std::cmp::Ordering::{Greater, Less};
    let is_since = life.since.as_ref().is_none_or(|since| versions::compare(version, since) != Less);
    let is_until = life.until.as_ref().is_none_or(|until| {
        let is_below =
            version.trim_start_matches('v').starts_with(&format!("{}.", until.trim_start_matches('v')));
        is_below || versions::compare(version, until) != Greater
    });
    is_since && is_until
}

/// `1.9 or later`, `1.9 to 1.15`, `1.15 or earlier`
fn range(life: &Life) -> String {
    match (&life.since, &life.until) {
        (Some(since), Some(until)) => format!("{since} to {until}"),
        (Some(since), None) => format!("{since} or later"),
        (None, Some(until)) => format!("{until} or earlier"),
        (None, None) => "any".to_owned(),
    }
}

fn range_in_words(life: &Life) -> String {
    match (&life.since, &life.until) {
        (Some(since), Some(until)) => format!("from {since} to {until}"),
        (Some(since), None) => format!("since {since}"),
        (None, Some(until)) => format!("until {until}"),
        (None, None) => "always".to_owned(),
    }
}

/// What tells a type of a part from its like in another: `v1beta2`.
fn part_of(ty: &ResourceType, driver: &Driver) -> String {
    let part = ty.name.strip_prefix(&format!("{}.", driver.name)).unwrap_or(&ty.name);
    part.rsplit_once('.').map_or(part, |(part, _)| part).to_owned()
}
