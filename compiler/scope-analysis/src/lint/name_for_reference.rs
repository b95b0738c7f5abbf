//! `network: "backend"` beside `resource net: … { name: "backend" }`: it is looked for by its name, maybe before it is made.
//!
//! In a record too: `configMapRef: { name: "settings" }`, where the driver says what such a field names.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, Edit, Span, codes};

use super::{Input, reports::Reports};
use crate::hir::{
    Instance, ReferenceTarget, Resource, ResourceId, ResourceKind, ResourceType, SiteId, Slot, Type, Value,
};

/// A text that names something.
struct Named<'p> {
    /// The attribute or field it stands in.
    attribute: &'p str,
    text: &'p str,
    span: Span,
    meant: &'p Resource,
}

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        for (site, instance) in &resource.instances {
            let in_references = instance.references.iter().filter_map(|reference| {
                let ReferenceTarget::Text(Value::Text(text)) = &reference.target else { return None };
                let sites = reference.location.sites();
                let is_there = |site| sites.contains(&site);
                let meant = called(input, text, &reference.ty, is_there, None)?;
                Some(Named { attribute: &reference.attribute, text, span: reference.span, meant })
            });
            let ty = resource_type(input, &resource.ty);
            let mut in_fields = Vec::new();
            for attribute in ty.iter().flat_map(|ty| ty.attributes.values()) {
                if let Some(slot) = instance.attributes.get(&attribute.name) {
                    names_in(slot, &attribute.ty, &mut in_fields);
                }
            }
            let in_fields = in_fields.into_iter().filter_map(|(attribute, text, target, span)| {
                let meant = called(input, text, target, |other| other == *site, Some((instance, attribute)))?;
                Some(Named { attribute, text, span, meant })
            });
            for named in in_references.chain(in_fields) {
                // What is written in a native command waits for what it names.
                let waits = waits_for(input, resource.id, named.meant.id)
                    || waits_for(input, named.meant.id, resource.id);
                if is_text(input, &named) && !waits {
                    reports.push_of(&resource.name, report(&named));
                }
            }
        }
    }
}

fn report(named: &Named<'_>) -> Diagnostic {
    let (attribute, name, meant) = (named.attribute, &named.meant.name, named.meant);
    let report = Diagnostic::new(
        codes::W0346,
        named.span,
        format!("`{attribute}` names what `{name}` makes, and does not wait for it"),
    )
    .label("looked for by its name")
    .secondary(meant.span, format!("`{name}` has this name"));
    // What stands in another module, or is one of several, has a longer address there.
    let is_plain = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    match is_plain && meant.span.file == named.span.file {
        true => report
            .help(format!("write `{name}`: it is made before"))
            .fix(format!("write `{name}`"), vec![Edit::new(named.span, name.clone())]),
        false => report.help(format!("refer to `{name}`, or say `with {{ after: … }}`")),
    }
}

/// The texts in a value that stand where the driver takes a name: field, text, type named, place.
fn names_in<'p>(slot: &'p Slot, ty: &'p Type, out: &mut Vec<(&'p str, &'p str, &'p str, Span)>) {
    match (ty, &slot.value) {
        (Type::Optional(inner) | Type::By(inner, _), _) => names_in(slot, inner, out),
        (Type::Named(named), _) => names_in(slot, named.meaning(), out),
        (Type::List(inner), Value::List(slots)) => {
            slots.iter().for_each(|slot| names_in(slot, inner, out));
        }
        (Type::Map(inner), Value::Record(fields)) => {
            fields.values().for_each(|slot| names_in(slot, inner, out));
        }
        (Type::Record(declared), Value::Record(fields)) => {
            for (name, slot) in fields {
                let Some(field) = Type::field(declared, name) else { continue };
                match (field.ty.required(), &slot.value) {
                    (Type::NameOf(target), Value::Text(text)) => out.push((name, text, target, slot.span)),
                    _ => names_in(slot, &field.ty, out),
                }
            }
        }
        _ => {}
    }
}

fn resource_type<'p>(input: &Input<'p>, name: &str) -> Option<&'p ResourceType> {
    let (driver, _) = name.split_once('.')?;
    input.program.drivers.get(driver)?.types.get(name)
}

/// The resource of the program that has this name at a site where it is looked for; `beside` is what is named from within, and in
/// which field: its namespace it then has, or whatever else its name is unique in, unless that itself is what is named.
fn called<'p>(
    input: &Input<'p>,
    text: &str,
    ty: &str,
    is_there: impl Fn(SiteId) -> bool,
    beside: Option<(&Instance, &str)>,
) -> Option<&'p Resource> {
    let target = resource_type(input, ty)?;
    let name = target.name_attribute.as_deref()?;
    let own_path = [name.to_owned()];
    let paths = || target.unique.iter().map(Vec::as_slice);
    let name_path = match target.attributes.get(name).is_some_and(|attribute| attribute.is_settable) {
        true => &own_path[..],
        false => paths().find(|path| path.last().is_some_and(|last| last == name))?,
    };
    input.program.resources.iter().find(|resource| {
        let is_called = |(site, instance): (&SiteId, &Instance)| {
            let is_beside = beside.is_none_or(|(beside, field)| {
                let is_other =
                    |path: &&[String]| *path != name_path && path.last().is_none_or(|last| last != field);
                let mut others = paths().filter(is_other);
                others.all(|path| text_at(instance, path) == text_at(beside, path))
            });
            is_there(*site) && text_at(instance, name_path) == Some(text) && is_beside
        };
        resource.ty == ty
            && resource.kind == ResourceKind::Managed
            && resource.instances.iter().any(is_called)
    })
}

/// The text at a path of an instance's attributes.
fn text_at<'i>(instance: &'i Instance, path: &[String]) -> Option<&'i str> {
    match instance.value_at(path)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
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

/// Whether it stands there as a text: not what a variable or a native command says.
fn is_text(input: &Input<'_>, named: &Named<'_>) -> bool {
    let file = input.sources.try_get(named.span.file);
    let written = file.and_then(|file| file.text().get(named.span.range()));
    written.and_then(|written| written.strip_prefix('"')?.strip_suffix('"')) == Some(named.text)
}
