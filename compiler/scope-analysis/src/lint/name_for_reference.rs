//! `network: "backend"` beside `resource net: … { name: "backend" }`: it is looked for by its name, maybe before it is made.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, Edit, Span, codes};

use super::{Input, reports::Reports};
use crate::hir::{Reference, ReferenceTarget, Resource, ResourceId, ResourceKind, Value};

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        for instance in resource.instances.values() {
            for reference in &instance.references {
                let ReferenceTarget::Text(Value::Text(text)) = &reference.target else { continue };
                // Within a native command a name is all that can be written.
                if !is_text(input, reference.span) {
                    continue;
                }
                let Some(meant) = called(input, text, reference) else { continue };
                if waits_for(input, resource.id, meant.id) || waits_for(input, meant.id, resource.id) {
                    continue;
                }
                reports.push_of(&resource.name, report(reference, meant));
            }
        }
    }
}

fn report(reference: &Reference, meant: &Resource) -> Diagnostic {
    let (attribute, name) = (&reference.attribute, &meant.name);
    let report = Diagnostic::new(
        codes::W0346,
        reference.span,
        format!("`{attribute}` names what `{name}` makes, and does not wait for it"),
    )
    .label("looked for by its name")
    .secondary(meant.span, format!("`{name}` has this name"));
    // What stands in another module, or is one of several, has a longer address there.
    let is_plain = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    match is_plain && meant.span.file == reference.span.file {
        true => report
            .help(format!("write `{name}`: it is made before"))
            .fix(format!("write `{name}`"), vec![Edit::new(reference.span, name.clone())]),
        false => report.help(format!("refer to `{name}`, or say `with {{ after: … }}`")),
    }
}

/// The resource of the program that has this name where a reference looks for it.
fn called<'p>(input: &Input<'p>, text: &str, reference: &Reference) -> Option<&'p Resource> {
    let (driver, _) = reference.ty.split_once('.')?;
    let ty = input.program.drivers.get(driver)?.types.get(&reference.ty)?;
    let name = ty.name_attribute.as_deref()?;
    let sites = reference.location.sites();
    input.program.resources.iter().find(|resource| {
        let is_called = |(site, instance): (_, &crate::hir::Instance)| {
            let named = instance.attributes.get(name).map(|slot| &slot.value);
            sites.contains(site) && matches!(named, Some(Value::Text(own)) if own == text)
        };
        resource.ty == reference.ty
            && resource.kind == ResourceKind::Managed
            && resource.instances.iter().any(is_called)
    })
}

/// Whether one comes after another already, through what is between them too.
fn waits_for(input: &Input<'_>, resource: ResourceId, other: ResourceId) -> bool {
    let mut seen = BTreeSet::from([resource]);
    let mut open = vec![resource];
    while let Some(next) = open.pop() {
        if next == other {
            return true;
        }
        let resource = &input.program.resources[next.0 as usize];
        let references = resource.instances.values().flat_map(|instance| &instance.references);
        let needed = references.filter_map(|reference| match reference.target {
            ReferenceTarget::Resource(needed) => Some(needed),
            ReferenceTarget::Text(_) => None,
        });
        open.extend(needed.chain(resource.with.after.iter().copied()).filter(|needed| seen.insert(*needed)));
    }
    false
}

fn is_text(input: &Input<'_>, span: Span) -> bool {
    let written = input.sources.try_get(span.file).and_then(|file| file.text().get(span.range()));
    written.is_some_and(|written| written.starts_with('"') && written.ends_with('"'))
}
