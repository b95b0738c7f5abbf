//! R1, for people: for each service that a request uses, where it answers and why there.
//!
//! `{ image: paris }` on a server → compute at nantes (the entry site), image at paris (named), network at nantes.

use crate::context::Context;
use crate::hir::{Location, Placing, ResourceType, ServicePlace};
use crate::scope::RequestScope;

impl Context<'_> {
    /// The request's own service first, then those that it uses, in the driver's order.
    pub(super) fn completion(
        &self,
        ty: &ResourceType,
        scope: Option<&RequestScope>,
        location: &Location,
    ) -> Vec<ServicePlace> {
        let Some(driver) = self.drivers.get(&ty.driver) else { return Vec::new() };
        let uses =
            driver.services.get(&ty.service).map(|service| service.uses.as_slice()).unwrap_or_default();
        let name_of = |site| self.site_name(site);
        let own = std::iter::once(&ty.service).chain(uses.iter().filter(|service| **service != ty.service));
        own.map(|service| {
            let named = scope.and_then(|scope| scope.named(service));
            let whole = scope.and_then(|scope| scope.whole.as_ref());
            let authenticates = driver.services.get(service).is_some_and(|service| service.authenticates);
            let (place, why) = match (named, whole) {
                (Some(named), _) if *service != ty.service => (named.text(&name_of), Placing::Named),
                (Some(_), _) => (location.text(&name_of), Placing::Named),
                (None, Some(_)) if *service == ty.service => (location.text(&name_of), Placing::Whole),
                (None, Some(_)) => ("here".to_string(), Placing::Whole),
                (None, None) if *service == ty.service => (location.text(&name_of), Placing::Entry),
                (None, None) if authenticates => ("here".to_string(), Placing::Authenticates),
                (None, None) => match self.entry.get() {
                    Some(entry) => (name_of(entry), Placing::Entry),
                    None => ("here".to_string(), Placing::Entry),
                },
            };
            ServicePlace { service: service.clone(), place, why }
        })
        .collect()
    }
}
