//! Entering every site before anything else is sent, so that a wrong password at one of forty is known before the other
//! thirty-nine have begun.
//!
//! In: a plan. Out: the sites that refuse who we say we are. One that does not answer is none of them: what then is to be
//! done, the program says. The sessions are kept and serve the steps.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Url;
use scope_plan::driver::Driver;
use scope_plan::plan::{Plan, SiteId};
use serde_json::Value;

use super::environment::Asked;
use super::failure::masked;
use super::request::base_address;
use super::{RealSite, RealSites, is_used_at};
use crate::site::{SiteError, SiteErrorKind};

/// How long a site is waited for; the steps have their own time.
const PATIENCE: Duration = Duration::from_secs(5);

/// A site that refuses to be entered.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Which.
    pub site: SiteId,
    /// Of which driver the settings are.
    pub driver: String,
    /// What it said.
    pub error: SiteError,
}

/// Which sites may be entered.
#[derive(Clone, Debug, Default)]
pub struct Entered {
    /// Those that refuse, in the plan's order.
    pub refusals: Vec<Refusal>,
    /// How many accept.
    pub n_accepted: usize,
}

impl RealSites {
    /// Logs in at every site where the plan has something to do, but for those that are left alone; where there is nothing to
    /// log in to, that connections can be set up is all that is known beforehand.
    pub async fn enter(&self, plan: &Plan, is_left_alone: impl Fn(&str) -> bool) -> Entered {
        let sites = (0_u32..).zip(&self.sites);
        let sites = sites.filter(|(position, _)| !is_left_alone(&plan.site(SiteId(*position)).name));
        let logins = sites.flat_map(|(position, site)| {
            let used = site.drivers.iter().filter(move |driver| is_used_at(plan, SiteId(position), driver));
            used.map(move |driver| async move {
                let entered = match driver.login {
                    Some(_) => log_in(site, driver).await,
                    None => Some(site.can_connect(driver)),
                };
                (SiteId(position), driver, entered)
            })
        });
        let mut entered = Entered::default();
        for (site, driver, result) in join_all(logins).await {
            match result {
                Some(Err(error)) if is_refusal(&error.kind) => {
                    entered.refusals.push(Refusal { site, driver: driver.name.clone(), error });
                }
                Some(Ok(())) => entered.n_accepted += usize::from(driver.login.is_some()),
                _ => {}
            }
        }
        entered
    }
}

impl RealSite {
    /// Whether connections to it can be set up: what `tls` names is there, and can be used.
    fn can_connect(&self, driver: &Driver) -> Result<(), SiteError> {
        let connect = || {
            let at_site = self.at_site(driver)?;
            let environment = self.environment(&at_site, &Value::Null, Asked::default());
            let addresses =
                driver.services.iter().filter_map(|service| base_address(service, &environment).ok());
            // What an address says wrongly is told where a request needs it.
            for url in addresses.filter_map(|address| Url::parse(&address).ok()) {
                self.shared.clients.clients(&at_site.tls, &url)?;
            }
            Ok(())
        };
        connect().map_err(|error| masked(error, &self.shared.mask))
    }
}

/// `None` where no answer came in time.
async fn log_in(site: &RealSite, driver: &Driver) -> Option<Result<(), SiteError>> {
    let entered = tokio::time::timeout(PATIENCE, site.entered(driver)).await.ok()?;
    Some(entered.map(|_| ()).map_err(|error| masked(error, &site.shared.mask)))
}

fn is_refusal(kind: &SiteErrorKind) -> bool {
    matches!(kind, SiteErrorKind::Denied | SiteErrorKind::Invalid | SiteErrorKind::Configuration)
}
