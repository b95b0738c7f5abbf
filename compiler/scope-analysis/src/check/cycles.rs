//! Resources that need each other in a circle cannot be made.

use std::collections::BTreeMap;

use scope_diagnostics::{Diagnostic, codes};

use crate::context::Context;
use crate::hir::{Deferred, ReferenceTarget, Resource, ResourceId, Value};

/// Reports each circle once, where it is entered in the order of the names. Then with each group that falls back as one taken as a whole: what
/// is outside of it waits until all of it has its place, so nothing in it may wait for that.
pub(crate) fn check_cycles(context: &Context<'_>, resources: &[Resource]) {
    // Where a circle is entered must not depend on the order in which they are declared.
    let mut resources: Vec<&Resource> = resources.iter().collect();
    resources.sort_by(|left, right| left.name.cmp(&right.name));
    let resources = &resources[..];
    // Where a request was in error there is a gap in the ids.
    let positions: BTreeMap<ResourceId, usize> =
        resources.iter().enumerate().map(|(index, resource)| (resource.id, index)).collect();
    let needs: Vec<Vec<usize>> = resources.iter().map(|resource| needed(resource, &positions)).collect();
    let circles = circles(&needs);
    for circle in &circles {
        report(context, resources, circle);
    }
    if circles.is_empty() {
        check_groups(context, resources, &needs);
    }
}

fn check_groups(context: &Context<'_>, resources: &[&Resource], needs: &[Vec<usize>]) {
    let mut first_of: BTreeMap<&str, usize> = BTreeMap::new();
    let whole: Vec<usize> = resources
        .iter()
        .enumerate()
        .map(|(index, resource)| match &resource.group {
            Some(group) if resource.location.has_alternatives() => *first_of.entry(group).or_insert(index),
            _ => index,
        })
        .collect();
    if first_of.is_empty() {
        return;
    }
    let mut joined: Vec<Vec<usize>> = vec![Vec::new(); resources.len()];
    for (index, needs) in needs.iter().enumerate() {
        let targets = needs.iter().map(|target| whole[*target]).filter(|target| *target != whole[index]);
        joined[whole[index]].extend(targets);
    }
    for circle in circles(&joined) {
        let Some(group) = circle.iter().find_map(|index| {
            resources[*index].group.as_deref().filter(|group| first_of.get(group) == Some(index))
        }) else {
            continue;
        };
        let outside: Vec<usize> =
            circle.iter().copied().filter(|index| first_of.get(group) != Some(index)).collect();
        let Some(first) = outside.first() else { continue };
        let name = &resources[*first].name;
        context.report(
            Diagnostic::new(
                codes::E0112,
                resources[*first].span,
                format!("`{name}` needs `{group}`, and is needed by something in it"),
            )
            .label("waits for the group, which waits for it")
            .secondary(resources[first_of[group]].location.span, "the group falls back as one")
            .help(format!("move `{name}` into the module, so that it has its place with it")),
        );
    }
}

/// The circles of a graph. Iterative, as a chain of resources may be as long as the file.
fn circles(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    // 0 not seen, 1 on the path, 2 done.
    let mut state = vec![0_u8; needs.len()];
    for start in 0..needs.len() {
        if state[start] != 0 {
            continue;
        }
        let mut path = vec![(start, 0_usize)];
        state[start] = 1;
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            match needs[node].get(*next) {
                Some(&target) => {
                    *next += 1;
                    match state[target] {
                        0 => {
                            state[target] = 1;
                            path.push((target, 0));
                        }
                        1 => {
                            let first = path.iter().position(|(node, _)| *node == target).unwrap_or(0);
                            found.push(path[first..].iter().map(|(node, _)| *node).collect());
                        }
                        _ => {}
                    }
                }
                None => {
                    state[node] = 2;
                    path.pop();
                }
            }
        }
    }
    found
}

fn report(context: &Context<'_>, resources: &[&Resource], circle: &[usize]) {
    let first = &resources[circle[0]];
    let names: Vec<String> =
        circle.iter().chain(&circle[..1]).map(|node| format!("`{}`", resources[*node].name)).collect();
    let mut report = Diagnostic::new(codes::E0112, first.span, format!("`{}` needs itself", first.name))
        .label("needed by what it needs");
    for node in &circle[1..] {
        report = report.secondary(resources[*node].span, "on the way");
    }
    context.report(report.note(names.join(" → ")).help("break the circle: take one reference out"));
}

fn needed(resource: &Resource, positions: &BTreeMap<ResourceId, usize>) -> Vec<usize> {
    let mut ids: Vec<ResourceId> = resource.with.after.clone();
    for instance in resource.instances.values() {
        for reference in &instance.references {
            match &reference.target {
                ReferenceTarget::Resource(target) => ids.push(*target),
                ReferenceTarget::Text(value) => outputs(value, &mut ids),
            }
        }
        instance.attributes.values().for_each(|slot| outputs(&slot.value, &mut ids));
    }
    let mut needed: Vec<usize> = ids.into_iter().filter_map(|id| positions.get(&id).copied()).collect();
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// The resources whose outputs a value needs.
pub fn outputs(value: &Value, ids: &mut Vec<ResourceId>) {
    match value {
        Value::Resource(id) => ids.push(*id),
        Value::List(slots) => slots.iter().for_each(|slot| outputs(&slot.value, ids)),
        Value::Record(fields) => fields.values().for_each(|slot| outputs(&slot.value, ids)),
        Value::Deferred(deferred) => match deferred.as_ref() {
            Deferred::Output { resource, .. } => ids.push(*resource),
            computed => computed.parts().into_iter().for_each(|part| outputs(part, ids)),
        },
        _ => {}
    }
}
