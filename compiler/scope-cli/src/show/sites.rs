//! What sites answered, a line a service; sites of which the same is to be said stand together.
//!
//! ```text
//! edge000, edge001 … edge039 (38 sites)
//!   openstack    image          2.17                        1.2-41.0 ms
//! edge007          does not answer: connecting timed out
//! 38 of 40 sites answer
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;

use scope_plan::fleet::{fold, listed};
use scope_runtime::site::ServiceProbe;
use serde_json::{Value, json};

use crate::commands::sites::Probed;

/// Whether a site and all services that it has answer.
pub fn answers(probed: &Probed) -> bool {
    probed.result.as_ref().is_ok_and(|services| {
        let is_whole = services.iter().all(|service| service.error.is_none() || service.is_absent);
        is_whole && (services.is_empty() || services.iter().any(|service| service.error.is_none()))
    })
}

/// The table. `all` tells every site by itself.
pub fn table(all_sites: &[Probed], all: bool) -> String {
    let by_name: BTreeMap<&str, &Probed> =
        all_sites.iter().map(|probed| (probed.site.as_str(), probed)).collect();
    let groups: Vec<Vec<&str>> = match all {
        true => all_sites.iter().map(|probed| vec![probed.site.as_str()]).collect(),
        false => {
            let told = all_sites.iter().map(|probed| (probed.site.as_str(), rows(probed)));
            fold(told.collect()).into_iter().map(|group| group.sites).collect()
        }
    };
    let mut text = String::new();
    for group in groups {
        let sites: Vec<&Probed> = group.iter().map(|name| by_name[name]).collect();
        match &sites[0].result {
            Err(error) => {
                let _ = writeln!(text, "{:<16} does not answer: {}", listed(&group), error.words);
            }
            Ok(services) => {
                let _ = writeln!(text, "{}", listed(&group));
                for (index, service) in services.iter().enumerate() {
                    let line = format!(
                        "  {:<12} {:<14} {:<24} {:>12}  {}",
                        service.driver,
                        service.service,
                        state(service),
                        round_trips(&sites, index),
                        service.address.as_deref().filter(|_| sites.len() == 1).unwrap_or("")
                    );
                    let _ = writeln!(text, "{}", line.trim_end());
                }
            }
        }
    }
    let good = all_sites.iter().filter(|probed| answers(probed)).count();
    let _ = writeln!(text, "{good} of {} sites answer", all_sites.len());
    text
}

/// What tells one site from another: neither addresses nor times.
fn rows(probed: &Probed) -> Vec<Vec<String>> {
    match &probed.result {
        Err(error) => vec![vec![error.words.clone()]],
        Ok(services) => services
            .iter()
            .map(|service| vec![service.driver.clone(), service.service.clone(), state(service)])
            .collect(),
    }
}

fn state(service: &ServiceProbe) -> String {
    match (&service.error, &service.version) {
        (Some(_), _) if service.is_absent => "not there".into(),
        (Some(error), _) => format!("does not answer: {error}"),
        (None, Some(version)) => version.clone(),
        (None, None) => "answers".into(),
    }
}

/// `9.1 ms`, of several sites `1.2-41.0 ms`.
fn round_trips(sites: &[&Probed], index: usize) -> String {
    let services = sites.iter().filter_map(|probed| probed.result.as_ref().ok()?.get(index));
    let times: Vec<u64> =
        services.filter(|service| !service.is_absent).map(|service| service.rtt_us).collect();
    if times.is_empty() {
        return String::new();
    }
    let ms = |time: Option<&u64>| time.map_or(0.0, |us| *us as f64 / 1000.0);
    let (least, most) = (ms(times.iter().min()), ms(times.iter().max()));
    if sites.len() == 1 { format!("{most:.1} ms") } else { format!("{least:.1}-{most:.1} ms") }
}

/// The same for machines.
pub fn json_twin(all_sites: &[Probed]) -> Value {
    let sites = all_sites.iter().map(|probed| {
        let (services, error) = match &probed.result {
            Ok(services) => (services.as_slice(), None),
            Err(error) => (&[][..], Some(&error.words)),
        };
        let services = services.iter().map(|service| {
            json!({
                "driver": service.driver,
                "service": service.service,
                "address": service.address,
                "version": service.version,
                "rtt_us": service.rtt_us,
                "error": service.error,
                "absent": service.is_absent,
            })
        });
        json!({
            "site": probed.site,
            "answers": answers(probed),
            "error": error,
            "services": services.collect::<Vec<_>>(),
        })
    });
    json!({ "sites": sites.collect::<Vec<_>>() })
}
