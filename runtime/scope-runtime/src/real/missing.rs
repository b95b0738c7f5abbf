//! Which secrets a plan needs, for what, and which of them are missing: all in one list, before anything is sent.
//!
//! In: a plan and the [`Secrets`]. Out: `CLOUDTWO_PASSWORD` → needed by site `CloudTwo`, setting `openstack.password`.

use std::collections::BTreeMap;

use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{Action, Plan, SiteId, StepId};

use super::secrets::{SecretError, Secrets};

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

/// A secret that is not to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSecret {
    /// Why.
    pub error: SecretError,
    /// What needs it.
    pub needed_by: Vec<SecretUse>,
}

/// Every secret of the plan with what needs it, in the order of the sources.
pub fn secret_uses(plan: &Plan) -> BTreeMap<SecretSource, Vec<SecretUse>> {
    let mut uses = BTreeMap::new();
    for (position, site) in (0_u32..).zip(&plan.sites) {
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
    for step in &plan.steps {
        for (attribute, value) in step_values(&step.action) {
            add(&mut uses, value, || SecretUse::Step { step: step.id, attribute: attribute.to_owned() });
        }
    }
    for output in &plan.outputs {
        add(&mut uses, &output.value, || SecretUse::Output(output.name.clone()));
    }
    uses
}

/// Resolves every secret of the plan; gives those that cannot be, all of them.
pub fn check_all(plan: &Plan, secrets: &dyn Secrets) -> Vec<MissingSecret> {
    secret_uses(plan)
        .into_iter()
        .filter_map(|(source, needed_by)| {
            Some(MissingSecret { error: secrets.resolve(&source).err()?, needed_by })
        })
        .collect()
}

fn add(uses: &mut BTreeMap<SecretSource, Vec<SecretUse>>, value: &Expr, by: impl Fn() -> SecretUse) {
    for source in value.secrets_used() {
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
