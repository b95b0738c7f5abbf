//! What a run does and a script does not: said in the script, and when it is made.
//!
//! A plan in which `port` relies on `net`, whose type keeps a guard → "guards: on `net` at nantes, for `port` …".

use std::collections::BTreeSet;

use scope_plan::driver::{Attribute, Driver, OperationKind, ResourceType, Type};
use scope_plan::plan::{Action, Plan};

/// A sentence for each. `unguarded` is what of the plan would be guarded: `net at nantes, for port at nantes`.
pub(super) fn left_out(plan: &Plan, unguarded: &[String]) -> Vec<String> {
    let mut all: Vec<String> = unguarded
        .iter()
        .map(|one| format!("no guard is left on {one}; those of others are not looked for before deleting"))
        .collect();
    let mut named = BTreeSet::new();
    for step in &plan.steps {
        let Some((driver, resource_type)) = plan.resource_type_of(step) else { continue };
        let makes = matches!(step.action, Action::Ensure { .. } | Action::Bring { .. });
        if !makes || !named.insert(&resource_type.name) {
            continue;
        }
        if resource_type.stuck.is_some() {
            all.push(format!(
                "a `{}` that a restart of its site left half made is waited for, not made again",
                resource_type.name
            ));
        }
        let written = forms(resource_type);
        if !written.is_empty() {
            all.push(format!(
                "{} of `{}` is compared as it is written, not by its canonical form",
                written.join(", "),
                resource_type.name
            ));
        }
        let compared = amounts(driver, resource_type);
        if !compared.is_empty() {
            all.push(format!(
                "amounts in {} of `{}` are compared as they are written: `1` and `1000m` are a difference",
                compared.join(", "),
                resource_type.name
            ));
        }
    }
    all
}

/// The attributes that hold amounts and are compared with what the site has.
fn amounts(driver: &Driver, resource_type: &ResourceType) -> Vec<String> {
    compared(resource_type, &|attribute| holds_amounts(&attribute.ty, driver, &mut BTreeSet::new()))
}

/// Those that have a canonical form.
fn forms(resource_type: &ResourceType) -> Vec<String> {
    compared(resource_type, &|attribute| attribute.canonical.is_some())
}

fn compared(resource_type: &ResourceType, is_it: &dyn Fn(&Attribute) -> bool) -> Vec<String> {
    if !resource_type.operations.iter().any(|operation| operation.kind == OperationKind::Read) {
        return Vec::new();
    }
    let compared =
        resource_type.attributes.iter().filter(|attribute| super::program::is_comparable(attribute));
    compared.filter(|attribute| is_it(attribute)).map(|attribute| format!("`{}`", attribute.name)).collect()
}

/// Whether a value of the type may hold what is compared by how much it is; `seen` are the declared types on the way.
fn holds_amounts<'d>(ty: &'d Type, driver: &'d Driver, seen: &mut BTreeSet<&'d str>) -> bool {
    match ty {
        Type::Quantity | Type::NumberOrText => true,
        Type::Keyed { .. } => true,
        Type::Optional(inner) | Type::List(inner) | Type::Sequence(inner) | Type::Map(inner) => {
            holds_amounts(inner, driver, seen)
        }
        Type::Record(fields) => fields.iter().any(|(_, ty)| holds_amounts(ty, driver, seen)),
        Type::Named(name) => {
            seen.insert(name) && driver.declared.get(name).is_some_and(|ty| holds_amounts(ty, driver, seen))
        }
        _ => false,
    }
}
