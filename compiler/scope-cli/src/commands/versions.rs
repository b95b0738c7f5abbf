//! Versions that sites report: a program that asks for what not every version has, at sites that declare none, is checked
//! against what these sites say when they are asked.
//!
//! `resource web: apps.Deployment …`, there since 1.9; lille declares no version and reports 1.8 → E0706 before anything is
//! sent. A site that is silent, or that is to be left alone, is taken to have everything: its step says what is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use scope_compiler::{Compilation, Reported};
use scope_runtime::site::ServiceProbe;

use super::sites::{self, Probed};

/// How long a site has for saying its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the sites report whose version would be checked; nothing where nothing would be.
pub fn reported(compilation: &Compilation, is_left_alone: &dyn Fn(&str) -> bool) -> Reported {
    let asked = |name: &str| compilation.unversioned.iter().any(|site| site == name) && !is_left_alone(name);
    let Some(plan) = compilation.plan.as_ref().filter(|plan| plan.sites.iter().any(|site| asked(&site.name)))
    else {
        return Reported::new();
    };
    sites::probe_plan(plan, &asked, PATIENCE).into_iter().filter_map(versions).collect()
}

/// The version of each driver at a site. Services of one application that are not of one version say none of the whole.
fn versions(probed: Probed) -> Option<(String, BTreeMap<String, String>)> {
    let mut of_drivers: BTreeMap<String, Option<String>> = BTreeMap::new();
    for ServiceProbe { driver, version, .. } in probed.result.ok()? {
        let Some(version) = version else { continue };
        let known = of_drivers.entry(driver).or_insert_with(|| Some(version.clone()));
        if known.as_ref() != Some(&version) {
            *known = None;
        }
    }
    let versions = of_drivers.into_iter().filter_map(|(driver, version)| Some((driver, version?))).collect();
    Some((probed.site, versions))
}
