//! `scope sites`: reaches every site and prints what answers.

use std::rc::Rc;
use std::time::Duration;

use scope_diagnostics::codes;
use scope_plan::plan::{Plan, SiteId};
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::runner::{self, SiteSet};
use scope_runtime::simulator::{SimulationOptions, Simulator};
use scope_runtime::site::{ServiceProbe, SiteError, SiteErrorKind};

use super::{FAILED, OK, WRONG};
use crate::args::{Sites, SitesAction};
use crate::output::{Output, document, line, say_error};
use crate::show;
use crate::world::Disk;

/// How long `scope sites` waits for one; each request has its own, shorter time.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one site said.
pub struct Probed {
    /// Its name.
    pub site: String,
    /// Its services, or why it could not be entered.
    pub result: Result<Vec<ServiceProbe>, SiteError>,
}

pub fn run(command: &Sites, output: Output) -> u8 {
    if let Some(SitesAction::Import(import)) = &command.action {
        return super::sites_import::run(import);
    }
    let options = match super::given(&command.given) {
        Ok(options) => scope_compiler::Options { simulate: command.simulate, ..options },
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    let compilation = scope_compiler::compile_sites(&Disk, &command.file, &options);
    if !output.compiled(&compilation) {
        return WRONG;
    }
    let plan = super::plan_of(&compilation);
    let wanted: Vec<usize> = (0..plan.sites.len())
        .filter(|index| command.check.as_ref().is_none_or(|name| plan.sites[*index].name == *name))
        .collect();
    if let (Some(name), true) = (&command.check, wanted.is_empty()) {
        say_error(codes::E0101, &format!("no site is called `{name}`"));
        return WRONG;
    }
    let probed = if command.simulate {
        runner::block_on(true, async {
            let simulator = Simulator::new(plan, SimulationOptions::default()).map_err(|error| {
                say_error(codes::E0980, &error.to_string());
                WRONG
            })?;
            Ok(probe(plan, &wanted, &simulator, PATIENCE).await)
        })
    } else {
        let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(super::run::config_value)));
        let sites = RealSites::new(plan, secrets, real::Options::at("."));
        runner::block_on(false, async { Ok(probe(plan, &wanted, &sites, PATIENCE).await) })
    };
    match probed {
        Ok(probed) => {
            let failed = probed.iter().filter(|probed| !show::sites::answers(probed)).count();
            document::tell("scope-sites/1", show::sites::json_twin(&probed));
            line(show::sites::table(&probed, command.verbose).trim_end());
            if failed == 0 { OK } else { FAILED }
        }
        Err(code) => code,
    }
}

/// Asks those sites of a plan that are wanted, by name, each for at most so long.
pub fn probe_plan(plan: &Plan, is_wanted: &dyn Fn(&str) -> bool, patience: Duration) -> Vec<Probed> {
    let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(super::run::config_value)));
    let sites = RealSites::new(plan, secrets, real::Options::at("."));
    let wanted: Vec<usize> =
        (0..plan.sites.len()).filter(|index| is_wanted(&plan.sites[*index].name)).collect();
    runner::block_on(false, probe(plan, &wanted, &sites, patience))
}

/// Asks one site, for at most so long.
pub async fn probe_one(name: &str, site: &dyn scope_runtime::site::Site, patience: Duration) -> Probed {
    let silence = || SiteError {
        kind: SiteErrorKind::Lost,
        words: format!("no answer within {} s", patience.as_secs()),
        request: None,
        status: None,
    };
    let result = tokio::time::timeout(patience, site.probe()).await.unwrap_or_else(|_| Err(silence()));
    Probed { site: name.to_string(), result }
}

/// What a site's answers come to.
#[derive(Default)]
pub struct Heard {
    /// The fastest round trip in microseconds.
    pub rtt_us: Option<u64>,
    /// Why it does not answer.
    pub why: Option<String>,
    /// What is missing here, so that it was not asked.
    pub missing: Option<String>,
}

/// Whether a site answers. One whose every service is silent does not.
pub fn heard(probed: &Probed) -> Heard {
    match &probed.result {
        Err(error) if error.kind == SiteErrorKind::Configuration => {
            Heard { missing: Some(error.words.clone()), ..Heard::default() }
        }
        Err(error) => Heard { why: Some(error.words.clone()), ..Heard::default() },
        Ok(services) => {
            let rtt_us =
                services.iter().filter(|service| service.error.is_none()).map(|service| service.rtt_us).min();
            let error = services.iter().find_map(|service| service.error.clone());
            Heard { rtt_us, why: error.filter(|_| rtt_us.is_none()), missing: None }
        }
    }
}

/// Asks all of them at once.
async fn probe(plan: &Plan, wanted: &[usize], sites: &dyn SiteSet, patience: Duration) -> Vec<Probed> {
    let asked: Vec<_> = wanted.iter().map(|index| (*index, sites.site(SiteId(*index as u32)))).collect();
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let tasks: Vec<_> = asked
                .into_iter()
                .map(|(index, site)| {
                    let name = plan.sites[index].name.clone();
                    tokio::task::spawn_local(async move { probe_one(&name, &*site, patience).await })
                })
                .collect();
            let mut probed = Vec::new();
            for task in tasks {
                probed.push(task.await.expect("a probe does not panic"));
            }
            probed
        })
        .await
}
