//! Which secrets a plan needs, for what, and which of them are missing or cannot be sent: all in one list, before anything is
//! sent.
//!
//! In: a plan and the [`Secrets`]. Out: `CLOUDTWO_PASSWORD` → needed by site `CloudTwo`, setting `openstack.password`.

use std::collections::BTreeMap;

use reqwest::header::HeaderValue;
use scope_plan::driver::{Driver, Request, ResourceType};
use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{Action, Plan, SiteId, StepId};

use super::secrets::{Secret, SecretError, Secrets, described};

/// What needs a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretUse {
    /// A site's setting: `openstack`, `password`.
    Setting {
        /// The site.
        site: SiteId,
        /// The driver.
        driver: String,
        /// The setting.
        setting: String,
    },
    /// A step's attribute or input.
    Step {
        /// The step.
        step: StepId,
        /// The attribute.
        attribute: String,
    },
    /// An output of the program.
    Output(String),
}

/// A secret that is not to be had, or that is and cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSecret {
    /// Why.
    pub error: SecretError,
    /// What needs it; of one that cannot be sent, what would send it.
    pub needed_by: Vec<SecretUse>,
    /// It is there, but what is in it cannot stand where it is sent.
    pub is_unfit: bool,
}

/// Every secret of the plan with what needs it, in the order of the sources; not what only sites need that are left out.
pub fn secret_uses(
    plan: &Plan,
    is_left_out: &dyn Fn(&str) -> bool,
) -> BTreeMap<SecretSource, Vec<SecretUse>> {
    let mut uses = BTreeMap::new();
    for (position, site) in (0_u32..).zip(&plan.sites).filter(|(_, site)| !is_left_out(&site.name)) {
        for (driver, settings) in &site.settings {
            for (setting, value) in settings {
                add(&mut uses, value, || SecretUse::Setting {
                    site: SiteId(position),
                    driver: driver.clone(),
                    setting: setting.clone(),
                });
            }
        }
    }
    for step in plan.steps.iter().filter(|step| !is_left_out(&plan.site(step.site).name)) {
        for (attribute, value) in step_values(&step.action) {
            add(&mut uses, value, || SecretUse::Step { step: step.id, attribute: attribute.to_owned() });
        }
    }
    for output in &plan.outputs {
        add(&mut uses, &output.value, || SecretUse::Output(output.name.clone()));
    }
    uses
}

/// Resolves every secret of the plan but those of sites that are left out; gives those that cannot be, and those that cannot
/// be sent, all of them.
pub fn check_all(
    plan: &Plan,
    secrets: &dyn Secrets,
    is_left_out: &dyn Fn(&str) -> bool,
) -> Vec<MissingSecret> {
    secret_uses(plan, is_left_out)
        .into_iter()
        .filter_map(|(source, needed_by)| match secrets.resolve(&source) {
            Err(error) => Some(MissingSecret { error, needed_by, is_unfit: false }),
            Ok(secret) => unfit(plan, source, &secret, needed_by),
        })
        .collect()
}

/// A secret that would be part of a header and has something in it that no header can have: a site would not even be asked.
fn unfit(
    plan: &Plan,
    source: SecretSource,
    secret: &Secret,
    needed_by: Vec<SecretUse>,
) -> Option<MissingSecret> {
    if HeaderValue::from_bytes(secret.expose().as_bytes()).is_ok() {
        return None;
    }
    let needed_by: Vec<SecretUse> = needed_by.into_iter().filter(|used| is_in_header(plan, used)).collect();
    if needed_by.is_empty() {
        return None;
    }
    let what = if secret.expose().contains(['\n', '\r']) { "a line break" } else { "a control character" };
    let why = format!("{} has {what} in it, which a header cannot have", described(&source));
    Some(MissingSecret { error: SecretError { of: source, why }, needed_by, is_unfit: true })
}

/// Whether what has the secret stands in a header as it is: not encoded by a function, which takes any text.
fn is_in_header(plan: &Plan, used: &SecretUse) -> bool {
    let of_services = |driver: &Driver, is_it: &dyn Fn(&Expr) -> bool| {
        let headers = driver.services.iter().flat_map(|service| &service.headers);
        headers.into_iter().any(|(_, value)| stands_in(value, is_it))
    };
    let of_operations = |resource_type: &ResourceType, is_it: &dyn Fn(&Expr) -> bool| {
        resource_type.operations.iter().any(|operation| match &operation.request {
            Request::Http { headers, .. } => headers.iter().any(|(_, value)| stands_in(value, is_it)),
            Request::Exec { .. } => false,
        })
    };
    match used {
        SecretUse::Setting { driver, setting, .. } => {
            let is_it = |expr: &Expr| {
                matches!(expr, Expr::Field(base, field)
                    if field == setting && matches!(&**base, Expr::Name(name) if name == "site"))
            };
            plan.driver(driver).is_some_and(|driver| {
                of_services(driver, &is_it)
                    || driver.types.iter().any(|resource_type| of_operations(resource_type, &is_it))
            })
        }
        SecretUse::Step { step, attribute } => {
            let is_it = |expr: &Expr| matches!(expr, Expr::Name(name) if name == attribute);
            plan.resource_type_of(plan.step(*step))
                .is_some_and(|(_, resource_type)| of_operations(resource_type, &is_it))
        }
        SecretUse::Output(_) => false,
    }
}

fn stands_in(value: &Expr, is_it: &dyn Fn(&Expr) -> bool) -> bool {
    is_it(value)
        || match value {
            Expr::Concat(parts) => parts.iter().any(|part| stands_in(part, is_it)),
            Expr::If(_, then, otherwise) => stands_in(then, is_it) || stands_in(otherwise, is_it),
            Expr::Binary(_, left, right) => stands_in(left, is_it) || stands_in(right, is_it),
            _ => false,
        }
}

fn add(uses: &mut BTreeMap<SecretSource, Vec<SecretUse>>, value: &Expr, by: impl Fn() -> SecretUse) {
    let is_there_before = |source: &&SecretSource| !matches!(source, SecretSource::Kept { .. });
    for source in value.secrets_used().into_iter().filter(is_there_before) {
        uses.entry(source.clone()).or_default().push(by());
    }
}

fn step_values(action: &Action) -> Vec<(&str, &Expr)> {
    match action {
        Action::Lookup { text, filter, .. } => {
            let mut values = named(filter);
            values.extend(text.iter().map(|text| ("name", text)));
            values
        }
        Action::Ensure { attributes, .. } => named(attributes),
        Action::Call { inputs, .. } => named(inputs),
        Action::Delete { identity, .. } => vec![("identity", identity)],
        Action::Protect { of, .. } => vec![("of", of)],
        Action::Bring { .. } | Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => {
            Vec::new()
        }
    }
}

fn named(pairs: &[(String, Expr)]) -> Vec<(&str, &Expr)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value)).collect()
}
