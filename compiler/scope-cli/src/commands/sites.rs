//! `scope sites`: reaches every site and prints what answers; `scope sites import clouds.yaml` writes declarations.

use std::fmt::Write;
use std::rc::Rc;
use std::time::Duration;

use scope_compiler::hir::ConfigFile;
use scope_compiler::{World, data};
use scope_plan::plan::{Plan, SiteId};
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{self, RealSites};
use scope_runtime::runner::{self, SiteSet};
use scope_runtime::simulator::{SimulationOptions, Simulator};
use scope_runtime::site::{ServiceProbe, SiteError};

use super::{FAILED, OK, WRONG};
use crate::args::{Sites, SitesAction};
use crate::output::{Output, line, note};
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
    if let Some(SitesAction::Import { config, driver, out }) = &command.action {
        return import(config, driver.as_deref(), out.as_deref());
    }
    let compilation = scope_compiler::compile_sites(&Disk, &command.file, command.simulate);
    if !output.compiled(&compilation) {
        return WRONG;
    }
    let plan = super::plan_of(&compilation);
    let wanted: Vec<usize> = (0..plan.sites.len())
        .filter(|index| command.check.as_ref().is_none_or(|name| plan.sites[*index].name == *name))
        .collect();
    if let (Some(name), true) = (&command.check, wanted.is_empty()) {
        note(&format!("error[E0101]: no site is called `{name}`"));
        return WRONG;
    }
    let probed = if command.simulate {
        runner::block_on(true, async {
            let simulator = Simulator::new(plan, SimulationOptions::default()).map_err(|error| {
                note(&format!("error: {error}"));
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
            line(show::sites::table(&probed).trim_end());
            if failed == 0 { OK } else { FAILED }
        }
        Err(code) => code,
    }
}

/// Asks the sites of a program, each for at most so long. Nothing where the program cannot be compiled any more.
pub fn probe_program(file: &str, patience: Duration) -> Vec<Probed> {
    let compilation = scope_compiler::compile_sites(&Disk, file, false);
    let Some(plan) = compilation.plan.as_ref().filter(|_| !compilation.has_errors()) else {
        return Vec::new();
    };
    let secrets = Rc::new(SecretStore::new(".").with_config_reader(Box::new(super::run::config_value)));
    let sites = RealSites::new(plan, secrets, real::Options::at("."));
    let wanted: Vec<usize> = (0..plan.sites.len()).collect();
    runner::block_on(false, probe(plan, &wanted, &sites, patience))
}

/// Asks one site, for at most so long.
pub async fn probe_one(name: &str, site: &dyn scope_runtime::site::Site, patience: Duration) -> Probed {
    let silence = || SiteError {
        kind: scope_runtime::site::SiteErrorKind::Lost,
        words: format!("no answer within {} s", patience.as_secs()),
        request: None,
        status: None,
    };
    let result = tokio::time::timeout(patience, site.probe()).await.unwrap_or_else(|_| Err(silence()));
    Probed { site: name.to_string(), result }
}

/// The fastest round trip in microseconds, or why it does not answer. A site whose every service is silent does not.
pub fn heard(probed: &Probed) -> (Option<u64>, Option<String>) {
    match &probed.result {
        Err(error) => (None, Some(error.words.clone())),
        Ok(services) => {
            let rtt_us =
                services.iter().filter(|service| service.error.is_none()).map(|service| service.rtt_us).min();
            let error = services.iter().find_map(|service| service.error.clone());
            (rtt_us, error.filter(|_| rtt_us.is_none()))
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

/// Prints a declaration for each entry of a client's configuration file; no secret is copied.
fn import(config: &str, driver: Option<&str>, out: Option<&str>) -> u8 {
    let bytes = match std::fs::read(config) {
        Ok(bytes) => bytes,
        Err(error) => {
            note(&format!("error[E0603]: `{config}` cannot be read: {error}"));
            return WRONG;
        }
    };
    let Ok(document) = data::parse(&bytes) else {
        note(&format!("error[E0603]: `{config}` is not valid YAML"));
        return WRONG;
    };
    let Some((driver, layout)) = reader_of(config, driver) else {
        match driver {
            Some(driver) => note(&format!("error: the driver `{driver}` reads no configuration file")),
            None => note(&format!(
                "error: no driver reads a file called like `{config}`\nhelp: name one with `--driver`"
            )),
        }
        return WRONG;
    };
    let hole = format!("${{{}}}", layout.selector);
    let above: Vec<&String> = layout.path.iter().take_while(|key| **key != hole).collect();
    let entries = above
        .iter()
        .try_fold(&document, |node, key| node.get(key.as_str()))
        .and_then(|node| node.as_object());
    let Some(entries) = entries else {
        let keys: Vec<&str> = above.iter().map(|key| key.as_str()).collect();
        note(&format!("error[E0603]: `{config}` has no `{}`", keys.join(".")));
        return WRONG;
    };
    let mut text = format!("//! Sites of {config}.\n\nimport {driver}\n");
    for name in entries.keys() {
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
            && name.starts_with(char::is_alphabetic)
            && !name.ends_with('-');
        let written = if is_plain { name.clone() } else { format!("{name:?}") };
        let _ = write!(text, "\nsite {written} {{\n    {driver}: {{ {}: {name:?} }}\n}}\n", layout.selector);
    }
    match out {
        Some(path) => super::write_file(path, text.as_bytes()).map_or_else(|code| code, |()| OK),
        None => {
            line(text.trim_end());
            OK
        }
    }
}

/// The driver that reads a configuration file, and how it is laid out: the driver named, else the one of the library
/// that looks for a file of this name.
fn reader_of(config: &str, driver: Option<&str>) -> Option<(String, ConfigFile)> {
    let name = std::path::Path::new(config).file_name()?.to_string_lossy().into_owned();
    let candidates = driver.map_or_else(|| Disk.library(), |driver| vec![driver.to_string()]);
    candidates.into_iter().find_map(|module| {
        // How the file is laid out is asked of the driver, through a program that imports only it.
        let world = Importing { driver: module };
        let options = scope_compiler::Options::default();
        let compilation = scope_compiler::compile(&world, Importing::FILE, &options);
        compilation.program.drivers.into_values().find_map(|declared| {
            let layout = declared.configs.into_iter().find(|layout| {
                driver.is_some()
                    || layout.search.iter().any(|path| path.rsplit('/').next() == Some(name.as_str()))
            })?;
            Some((declared.name, layout))
        })
    })
}

/// A world that holds one program: `import DRIVER`; the standard library is the real one.
struct Importing {
    driver: String,
}

impl Importing {
    const FILE: &str = "import.scope";
}

impl World for Importing {
    fn read(&self, path: &str) -> Result<Vec<u8>, scope_compiler::ReadError> {
        match path {
            Self::FILE => Ok(format!("import {}\n", self.driver).into_bytes()),
            other => Disk.read(other),
        }
    }

    fn digest(&self, path: &str) -> Result<scope_compiler::FileDigest, scope_compiler::ReadError> {
        Disk.digest(path)
    }

    fn library(&self) -> Vec<String> {
        Disk.library()
    }

    fn env(&self, name: &str) -> Option<String> {
        Disk.env(name)
    }
}
