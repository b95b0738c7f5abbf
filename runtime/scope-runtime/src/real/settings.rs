//! A site's settings for one driver, evaluated once: what the program writes, the driver's defaults, `name`, `labels`.
//!
//! In: `nantes { openstack: { auth_url: "…", password: secret("P") } }`. Out: the record `site` of every expression. Secret
//! settings are known to the mask from here on.

use std::path::Path;

use scope_plan::driver::Driver;
use scope_plan::eval::eval;
use scope_plan::expr::Expr;
use scope_plan::plan;
use serde_json::{Map, Value};

use super::environment::{Asked, SiteEnvironment};
use super::failure::{self, configuration};
use super::secrets::Secrets;
use crate::site::SiteError;

/// Settings that no driver declares: how any site is connected to.
const TLS: &str = "tls";

/// The record `site` for this driver.
///
/// # Errors
/// [`crate::site::SiteErrorKind::Configuration`]: what is missing, all of it.
pub(super) fn evaluated(
    site: &plan::Site,
    driver: &Driver,
    secrets: &dyn Secrets,
    base: &Path,
) -> Result<Value, SiteError> {
    let empty = indexmap::IndexMap::new();
    let written = site.settings.get(&driver.name).unwrap_or(&empty);
    let mut record = Map::new();
    record.insert("name".to_owned(), Value::from(site.name.as_str()));
    record.insert("labels".to_owned(), Value::Object(site.labels.clone().into_iter().collect()));
    let mut record = Value::Object(record);
    let mut missing = Vec::new();
    for (name, value) in written {
        missing.extend(
            value.secrets_used().into_iter().filter_map(|source| Some(secrets.resolve(source).err()?.why)),
        );
        if missing.is_empty() {
            insert(&mut record, site, driver, name, value, secrets, base)?;
        }
    }
    if !missing.is_empty() {
        return Err(configuration(missing.join("; ")));
    }
    for setting in driver.settings.iter().filter(|setting| !written.contains_key(&setting.name)) {
        match &setting.default {
            Some(default) => insert(&mut record, site, driver, &setting.name, default, secrets, base)?,
            None => set(&mut record, &setting.name, Value::Null),
        }
    }
    for setting in driver.settings.iter().filter(|setting| setting.is_secret) {
        failure::learn(&secrets.mask(), &record[&setting.name]);
    }
    Ok(record)
}

/// What the site says about TLS: its own `tls` settings, then the driver's, which win.
pub(super) fn tls(
    site: &plan::Site,
    driver_settings: &Value,
    secrets: &dyn Secrets,
    base: &Path,
) -> Result<Map<String, Value>, SiteError> {
    let mut merged = Map::new();
    let none = Value::Null;
    for (name, value) in site.settings.get(TLS).into_iter().flatten() {
        let value =
            environment(&none, secrets, base, |environment| eval(value, environment)).map_err(|error| {
                failure::evaluation(&error, &format!("setting `{TLS}.{name}` of site `{}`", site.name))
            })?;
        merged.insert(name.clone(), value);
    }
    if let Some(Value::Object(of_driver)) = driver_settings.get(TLS) {
        // What is not set there leaves the site's.
        merged.extend(of_driver.clone().into_iter().filter(|(_, value)| !value.is_null()));
    }
    Ok(merged)
}

fn insert(
    record: &mut Value,
    site: &plan::Site,
    driver: &Driver,
    name: &str,
    value: &Expr,
    secrets: &dyn Secrets,
    base: &Path,
) -> Result<(), SiteError> {
    let value =
        environment(record, secrets, base, |environment| eval(value, environment)).map_err(|error| {
            failure::evaluation(&error, &format!("setting `{}.{name}` of site `{}`", driver.name, site.name))
        })?;
    set(record, name, value);
    Ok(())
}

fn set(record: &mut Value, name: &str, value: Value) {
    record.as_object_mut().expect("it is made as a record").insert(name.to_owned(), value);
}

fn environment<T>(
    site: &Value,
    secrets: &dyn Secrets,
    base: &Path,
    with: impl FnOnce(&SiteEnvironment<'_>) -> T,
) -> T {
    with(&SiteEnvironment {
        site,
        session: &Value::Null,
        asked: Asked::default(),
        answered: None,
        secrets,
        base,
    })
}
