//! Resources that need each other in a circle cannot be made.

use scope_diagnostics::{Diagnostic, codes};

use crate::context::Context;
use crate::hir::{Deferred, ReferenceTarget, Resource, ResourceId, Value};

/// Reports each circle once, at its first resource.
pub(crate) fn check_cycles(context: &Context<'_>, resources: &[Resource]) {
    let needs: Vec<Vec<usize>> = resources.iter().map(|resource| needed(resource, resources)).collect();
    // 0 not seen, 1 on the path, 2 done. Iterative, as a chain of resources may be as long as the file.
    let mut state = vec![0_u8; resources.len()];
    for start in 0..resources.len() {
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
                            report(
                                context,
                                resources,
                                &path[first..].iter().map(|(node, _)| *node).collect::<Vec<_>>(),
                            );
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
}

fn report(context: &Context<'_>, resources: &[Resource], circle: &[usize]) {
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

fn needed(resource: &Resource, resources: &[Resource]) -> Vec<usize> {
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
    ids.sort();
    ids.dedup();
    ids.into_iter().map(|id| id.0 as usize).filter(|index| *index < resources.len()).collect()
}

/// The resources whose outputs a value needs.
pub fn outputs(value: &Value, ids: &mut Vec<ResourceId>) {
    match value {
        Value::Resource(id) => ids.push(*id),
        Value::List(slots) => slots.iter().for_each(|slot| outputs(&slot.value, ids)),
        Value::Record(fields) => fields.values().for_each(|slot| outputs(&slot.value, ids)),
        Value::Deferred(deferred) => match deferred.as_ref() {
            Deferred::Output { resource, .. } => ids.push(*resource),
            Deferred::Concat(parts) | Deferred::Call(_, parts) => {
                parts.iter().for_each(|part| outputs(part, ids))
            }
            Deferred::Binary(_, a, b) | Deferred::Index(a, b) => {
                [a, b].into_iter().for_each(|part| outputs(part, ids))
            }
            Deferred::Unary(_, a) | Deferred::Field(a, _) => outputs(a, ids),
            Deferred::If(a, b, c) => [a, b, c].into_iter().for_each(|part| outputs(part, ids)),
        },
        _ => {}
    }
}
