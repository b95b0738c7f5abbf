//! Real sites: a driver's requests and answers over HTTP or by commands. No application is known here.
//!
//! In: a plan, the secrets, [`Options`]. Out: [`RealSites`], whose [`Site`]s perform one operation at a time: evaluate the
//! request (`request`, `command`), ask (`http`, `exec`), and say what the answer means (`answers`). Every error leaves with
//! its secrets masked.
//!
//! A site's settings `tls: { ca, client_cert, client_key, verify }`, or the same inside a driver's settings, say how it is
//! connected to, whatever the driver. The environment's proxies are used, except to reach this machine.
//!
//! ```no_run
//! # fn example(plan: &scope_plan::plan::Plan) {
//! use std::rc::Rc;
//! use scope_runtime::real::{Options, RealSites, check_all, secrets::SecretStore};
//!
//! let secrets = Rc::new(SecretStore::new("programs"));
//! let missing = check_all(plan, &*secrets, &|_| false);
//! let sites = RealSites::new(plan, secrets, Options::at("programs"));
//! # }
//! ```

pub mod mask;
mod missing;
pub mod secrets;

mod answers;
mod ask;
mod client;
mod clock;
mod command;
mod encode;
mod enter;
mod entries;
mod environment;
mod exec;
mod exec_stream;
mod failure;
mod fenced;
mod http;
mod operate;
mod post;
mod probe;
mod pump;
mod quoted;
mod request;
mod session;
mod set;
mod settings;
mod stream;
mod typed;
mod words;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use scope_plan::driver::{Driver, ResourceType};
use scope_plan::plan::{self, Plan, SiteId};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

pub(crate) use encode::{base64_decoded, base64_padded, percent_encode};
pub use enter::{Entered, Refusal};
pub(crate) use fenced::fenced;
pub(crate) use http::root_cause;
pub use missing::{MissingSecret, SecretUse, check_all, secret_uses};
pub use post::post;

use crate::site::{Answer, LocalFuture, OperationCall, ServiceProbe, Site, SiteError};
use crate::state::Fence;
use client::ClientPool;
use environment::{Asked, SiteEnvironment};
use failure::masked;
use mask::Mask;
use secrets::Secrets;
use session::SessionSlot;

/// How sites are reached.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program's folder: relative paths start here, commands run here.
    pub base: PathBuf,
    /// For a connection; beyond it the site is unreachable.
    pub connect_timeout: Duration,
    /// From the last byte sent to an answer, and between two parts of it; beyond it the answer is lost.
    pub answer_timeout: Duration,
    /// For a command to its end.
    pub command_timeout: Duration,
    /// The longest answer, in bytes; content has no bound.
    pub longest_answer: usize,
    /// The most pages of a list.
    pub most_pages: usize,
    /// The most items of a list.
    pub most_items: usize,
    /// What everything that is sent passes last.
    pub fence: Fence,
}

impl Options {
    /// The defaults, with this folder.
    pub fn at(base: impl Into<PathBuf>) -> Self {
        Self {
            base: base.into(),
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(30),
            command_timeout: Duration::from_secs(600),
            longest_answer: 16 << 20,
            most_pages: 1000,
            most_items: 100_000,
            fence: Fence::default(),
        }
    }
}

/// The real sites of a plan.
pub struct RealSites {
    sites: Vec<Rc<RealSite>>,
    secrets: Rc<dyn Secrets>,
    base: PathBuf,
}

impl RealSites {
    /// The sites of this plan. Nothing is resolved or sent yet.
    pub fn new(plan: &Plan, secrets: Rc<dyn Secrets>, options: Options) -> Self {
        let base = options.base.clone();
        let clients = ClientPool::new(&options.base, options.connect_timeout, options.fence.clone());
        let shared = Rc::new(Shared { mask: secrets.mask(), secrets: secrets.clone(), clients, options });
        let sites = (0_u32..).zip(&plan.sites).map(|(position, site)| {
            Rc::new(RealSite {
                permits: Semaphore::new(site.concurrency.max(1) as usize),
                drivers: drivers_at(plan, SiteId(position), site),
                site: site.clone(),
                at_site: RefCell::default(),
                shared: shared.clone(),
            })
        });
        Self { sites: sites.collect(), secrets, base }
    }

    /// One of the plan's sites.
    ///
    /// # Panics
    /// If the plan has no such site.
    pub fn site(&self, site: SiteId) -> Rc<dyn Site> {
        self.sites[site.index()].clone()
    }

    /// The secrets given.
    pub fn secrets(&self) -> Rc<dyn Secrets> {
        self.secrets.clone()
    }

    /// Knows every secret resolved and every session opened so far: for whatever else is printed.
    pub fn mask(&self) -> Mask {
        self.secrets.mask()
    }
}

/// What all sites share.
struct Shared {
    secrets: Rc<dyn Secrets>,
    mask: Mask,
    clients: ClientPool,
    options: Options,
}

/// One real site.
struct RealSite {
    site: plan::Site,
    /// Those that [`Site::probe`] asks.
    drivers: Vec<Driver>,
    /// Requests under way at once.
    permits: Semaphore,
    at_site: RefCell<BTreeMap<String, Rc<DriverAtSite>>>,
    shared: Rc<Shared>,
}

/// One driver at one site.
struct DriverAtSite {
    /// The record `site` of its expressions.
    settings: Value,
    tls: Map<String, Value>,
    session: SessionSlot,
}

impl RealSite {
    /// The driver's settings and session here, made when first needed.
    fn at_site(&self, driver: &Driver) -> Result<Rc<DriverAtSite>, SiteError> {
        if let Some(at_site) = self.at_site.borrow().get(&driver.name) {
            return Ok(at_site.clone());
        }
        let Shared { secrets, options, .. } = &*self.shared;
        let settings = settings::evaluated(&self.site, driver, &**secrets, &options.base)?;
        let tls = settings::tls(&self.site, &settings, &**secrets, &options.base)?;
        let at_site = Rc::new(DriverAtSite { settings, tls, session: SessionSlot::default() });
        self.at_site.borrow_mut().insert(driver.name.clone(), at_site.clone());
        Ok(at_site)
    }

    fn environment<'a>(
        &'a self,
        at_site: &'a DriverAtSite,
        session: &'a Value,
        asked: Asked<'a>,
    ) -> SiteEnvironment<'a> {
        let Shared { secrets, options, .. } = &*self.shared;
        SiteEnvironment {
            site: &at_site.settings,
            session,
            asked,
            answered: None,
            secrets: &**secrets,
            base: &options.base,
        }
    }
}

impl Site for RealSite {
    fn fits(
        &self,
        driver: &Driver,
        resource_type: &ResourceType,
        record: &Value,
        inputs: &Map<String, Value>,
    ) -> Result<(), SiteError> {
        let at_site = self.at_site(driver)?;
        let asked = Asked { resource_type: Some(resource_type), inputs: Some(inputs), ..Asked::default() };
        let environment = self.environment(&at_site, &Value::Null, asked);
        typed::fits(record, driver, resource_type, &environment, &self.shared.mask)
            .map_err(|error| masked(error, &self.shared.mask))
    }

    fn operate<'a>(&'a self, call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
        Box::pin(async move { self.perform(call).await.map_err(|error| masked(error, &self.shared.mask)) })
    }

    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
        Box::pin(self.probed())
    }
}

/// The drivers that a site has settings for, and those that steps use there.
fn drivers_at(plan: &Plan, id: SiteId, site: &plan::Site) -> Vec<Driver> {
    let is_there =
        |driver: &&Driver| site.settings.contains_key(&driver.name) || is_used_at(plan, id, driver);
    plan.drivers.iter().filter(is_there).cloned().collect()
}

/// Whether a step at this site is about a type of this driver.
fn is_used_at(plan: &Plan, site: SiteId, driver: &Driver) -> bool {
    let steps = plan.steps.iter().filter(|step| step.site == site);
    let mut types = steps.filter_map(|step| step.action.resource_type());
    types.any(|used| driver.types.iter().any(|ty| ty.name == used))
}
