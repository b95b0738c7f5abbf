//! Sites made from the drivers' types alone: stateful, typed, in process, in virtual time.
//!
//! In comes a [`Plan`], out come [`Site`]s that the runner cannot tell from real ones. Nothing here knows an
//! application: what a `create` wants, how long it takes until a resource is ready, what a second one of the same name
//! is answered, all follows from the driver's data. A site holds what the program declares for it and what was created
//! since; no secret is resolved, nothing is read but the files of the program, nothing leaves the process.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let plan: scope_plan::plan::Plan = serde_json::from_str("{}")?;
//! use scope_runtime::simulator::{SimulationOptions, Simulator, virtual_runtime};
//!
//! let options = SimulationOptions { faults: vec!["cut=paris@1s..30s".parse()?], ..Default::default() };
//! let simulator = Simulator::new(&plan, options)?;
//! virtual_runtime()?.block_on(async {
//!     let site = simulator.site(scope_plan::plan::SiteId(0));
//!     let probes = site.probe().await;
//! });
//! println!("{}", simulator.snapshot());
//! # Ok(())
//! # }
//! ```
//!
//! The same plan, seed and order of requests give the same bytes. Files: [`fault`] what may go wrong and `weather` what
//! does at a moment, `outside` what others do, `site` a request's way, `world` what is on its way, `effect` and `create` what it does, `store`
//! where it is kept, `solve` and `invent` what a site would answer.

mod answer;
mod call;
mod clock;
mod content;
mod create;
mod declare;
mod effect;
mod evaluate;
mod invent;
pub(crate) mod mutants;
mod outside;
mod query;
mod ready;
mod site;
mod solve;
mod store;
mod types;
mod weather;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use scope_plan::driver::{Driver, OperationKind};
use scope_plan::plan::{Plan, SiteId};

pub use clock::{Moment, SECOND, virtual_runtime};
pub use content::Files;
pub use outside::Held;
pub use scope_plan::fault::{self, Fault, FaultError};

use crate::site::Site;
use site::SimulatedSite;
use store::Model;
use world::World;

/// How a simulation goes. Times are virtual, in microseconds.
#[derive(Clone)]
pub struct SimulationOptions {
    /// Made-up values depend on it; nothing else does.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How long a resource takes until it is ready, where no fault `ready=…` says otherwise; at most half of what the
    /// driver waits for it.
    pub ready_after_us: u64,
    /// The round trip at the entry site itself.
    pub own_rtt_us: u64,
    /// The round trip to a site to which no link is declared.
    pub undeclared_rtt_us: u64,
    /// The bandwidth of a link that declares none, in bits per second.
    pub bits_per_second: u64,
    /// How long a connection to a site that is cut is tried.
    pub connect_timeout_us: u64,
    /// How long an answer is waited for.
    pub answer_timeout_us: u64,
    /// Content up to so many bytes is kept; of more only digest and length.
    pub content_cap: u64,
    /// Gives the files of the program; without, what the plan knows of them is used.
    pub files: Option<Rc<dyn Files>>,
}

impl Default for SimulationOptions {
    fn default() -> Self {
        SimulationOptions {
            seed: 0,
            faults: Vec::new(),
            ready_after_us: SECOND,
            own_rtt_us: 1_000,
            undeclared_rtt_us: 20_000,
            bits_per_second: 1_000_000_000,
            connect_timeout_us: 5 * SECOND,
            answer_timeout_us: 30 * SECOND,
            content_cap: 1 << 20,
            files: None,
        }
    }
}

/// Why a simulation cannot begin: what is wrong with the faults and with what is declared, a sentence each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub struct SimulationError {
    /// The sentences.
    pub problems: Vec<String>,
}

/// A request that a site carried out, or refused to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LoggedCall {
    /// When, in virtual microseconds.
    pub at_us: Moment,
    /// The site's name.
    pub site: String,
    /// `shelf.book`
    pub resource_type: String,
    /// `create`
    pub operation: String,
    /// What kind of operation it is.
    pub kind: OperationKind,
    /// The idempotency key it came with.
    pub key: String,
    /// The identity of the resource, where the request or its answer tells it.
    pub subject: Option<String>,
    /// `found list done exists gone content` or the kind of the error.
    pub outcome: &'static str,
}

/// What the drivers of a plan say of their types, taken in once for any number of simulations.
#[derive(Clone)]
pub(crate) struct Types {
    models: BTreeMap<String, Rc<Model>>,
    drivers: Rc<Vec<Driver>>,
}

impl Types {
    pub(crate) fn new(plan: &Plan) -> Types {
        let models = plan
            .drivers
            .iter()
            .flat_map(|driver| driver.types.iter().map(move |ty| (ty.name.clone(), Model::new(driver, ty))))
            .collect();
        Types { models, drivers: Rc::new(plan.drivers.clone()) }
    }
}

/// All that a run does goes from the site that it is entered at to one other: between two others passes nothing.
fn cuts_off_nothing(plan: &Plan, fault: &Fault) -> Option<String> {
    let (Fault::Cut { site, other: Some(other), .. }, Some(entry)) = (fault, plan.program.entry) else {
        return None;
    };
    let entry = &plan.site(entry).name;
    (site != entry && other != entry).then(|| {
        format!("`{fault}` cuts off nothing: all goes through `{entry}`, the site that the run enters")
    })
}

/// Simulated sites, and what can be asked of them from outside.
#[derive(Clone)]
pub struct Simulator {
    world: Rc<RefCell<World>>,
    drivers: Rc<Vec<Driver>>,
}

impl Simulator {
    /// The sites of a plan, holding what is declared for them. Time begins with the first request.
    ///
    /// # Errors
    /// When a fault names a site, type or operation that the plan has not, or a declared resource is not of its type.
    pub fn new(plan: &Plan, options: SimulationOptions) -> Result<Simulator, SimulationError> {
        Simulator::with_types(plan, &Types::new(plan), options)
    }

    /// The same, with what was taken in of the drivers before.
    pub(crate) fn with_types(
        plan: &Plan,
        types: &Types,
        mut options: SimulationOptions,
    ) -> Result<Simulator, SimulationError> {
        let faults = std::mem::take(&mut options.faults);
        let idle: Vec<String> = faults.iter().filter_map(|fault| cuts_off_nothing(plan, fault)).collect();
        let mut world = World::new(plan, types.models.clone(), options);
        let added = faults.into_iter().map(|fault| world.weather.add(fault));
        let mut problems: Vec<String> =
            added.filter_map(|result| result.err().map(|error| error.to_string())).collect();
        if problems.is_empty() {
            problems = idle;
        }
        for (position, site) in plan.sites.iter().enumerate() {
            problems.extend(world.declare(position, &site.simulated));
        }
        if !problems.is_empty() {
            return Err(SimulationError { problems });
        }
        Ok(Simulator { world: Rc::new(RefCell::new(world)), drivers: Rc::clone(&types.drivers) })
    }

    /// One of the sites.
    pub fn site(&self, site: SiteId) -> Rc<dyn Site> {
        Rc::new(SimulatedSite {
            world: Rc::clone(&self.world),
            site: site.index(),
            drivers: Rc::clone(&self.drivers),
        })
    }

    /// One more thing that goes wrong; its times count from the beginning of the simulation.
    ///
    /// # Errors
    /// When the plan has no such site, type or operation.
    pub fn inject(&self, fault: Fault) -> Result<(), FaultError> {
        self.world.borrow().weather.add(fault)
    }

    /// The same; however it begins, it is over at that moment.
    ///
    /// # Errors
    /// As [`Simulator::inject`].
    pub fn inject_until(&self, fault: Fault, until: Moment) -> Result<(), FaultError> {
        self.world.borrow().weather.add_until(fault, until)
    }

    /// The site of that name.
    pub fn site_called(&self, name: &str) -> Option<Rc<dyn Site>> {
        let position = self.world.borrow().sites.iter().position(|site| site.name == name)?;
        Some(self.site(SiteId(u32::try_from(position).ok()?)))
    }

    /// Takes in what another plan says of its requests (which of them content follows, what their steps are called), and
    /// the site it is entered at: distances are measured from there.
    pub fn learn(&self, plan: &Plan) {
        self.world.borrow_mut().learn(plan);
    }

    /// Ends the faults that are in force at a site, or everywhere; what waited for that goes on.
    ///
    /// # Errors
    /// When the plan has no such site.
    pub fn heal(&self, site: Option<&str>) -> Result<(), FaultError> {
        let mut world = self.world.borrow_mut();
        // What went down meanwhile has gone down, though nobody has asked since.
        world.restart_all();
        world.weather.heal(site)?;
        world.try_held_again();
        Ok(())
    }

    /// Nothing goes wrong any more: also what has not come yet never will.
    #[cfg(test)]
    pub(crate) fn calm(&self) {
        self.world.borrow().weather.clear();
        self.world.borrow_mut().try_held_again();
    }

    /// The bytes of a file of the program; `None` where the simulation was given no files.
    pub fn read_file(&self, file: &scope_plan::expr::FileRef) -> Option<std::io::Result<Vec<u8>>> {
        let files = self.world.borrow().options.files.clone()?;
        let read = |mut reader: Box<dyn std::io::Read>| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        };
        Some(files.open(file).and_then(read))
    }

    /// How long the simulation has been going on, in virtual microseconds.
    pub fn now(&self) -> Moment {
        self.world.borrow().clock.now()
    }
}
