//! `name: "base-${here.name}"` under `&`: the copies are not found by one name, and a reference by name fails at one.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};
use crate::hir::{LocationKind, Value};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        if !matches!(resource.location.kind, LocationKind::And(_)) {
            continue;
        }
        let Some((driver, _)) = resource.ty.split_once('.') else { continue };
        let ty = input.program.drivers.get(driver).and_then(|driver| driver.types.get(&resource.ty));
        let Some(name) = ty.and_then(|ty| ty.name_attribute.as_deref()) else { continue };
        let mut names = resource.instances.iter().filter_map(|(site, instance)| {
            let slot = instance.attributes.get(name)?;
            match &slot.value {
                Value::Text(text) => Some((*site, text, slot.span)),
                _ => None,
            }
        });
        let Some((first_site, first, span)) = names.next() else { continue };
        if let Some((site, other, _)) = names.find(|(_, text, _)| *text != first) {
            reports.push_of(
                &resource.name,
                Diagnostic::new(
                    codes::W0339,
                    span,
                    format!("the copies of `{}` have different names", resource.name),
                )
                .label(format!(
                    "`{first}` at {}, `{other}` at {}",
                    input.site(first_site).name,
                    input.site(site).name
                ))
                .note("a reference by name looks for one name, wherever it looks")
                .help("give all copies one name, or write one resource a site"),
            );
        }
    }
}
