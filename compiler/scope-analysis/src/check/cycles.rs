//! Resources that need each other in a circle cannot be made.

use std::collections::{BTreeMap, BTreeSet};

use scope_diagnostics::{Diagnostic, Span, codes};

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
    let needs: Vec<BTreeMap<usize, Span>> =
        resources.iter().map(|resource| needed(resource, &positions)).collect();
    let circles = circles(&needs.iter().map(|needs| needs.keys().copied().collect()).collect::<Vec<_>>());
    // A circle through a family is found for each of its elements, over the same references.
    let mut told: BTreeSet<BTreeSet<Span>> = BTreeSet::new();
    for circle in &circles {
        let way = Way::over(circle, &needs);
        if told.insert(way.references.iter().map(|(_, span, _)| *span).collect()) {
            context.report(way.report(resources));
        }
    }
    if circles.is_empty() {
        check_groups(context, resources, &needs);
    }
}

fn check_groups(context: &Context<'_>, resources: &[&Resource], needs: &[BTreeMap<usize, Span>]) {
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
        let targets = needs.keys().map(|target| whole[*target]).filter(|target| *target != whole[index]);
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

/// A circle: which resource refers to which, and where that is written.
struct Way {
    references: Vec<(usize, Span, usize)>,
}

impl Way {
    fn over(circle: &[usize], needs: &[BTreeMap<usize, Span>]) -> Way {
        let next = circle.iter().skip(1).chain(&circle[..1]);
        let references = circle.iter().zip(next).map(|(from, to)| (*from, needs[*from][to], *to));
        Way { references: references.collect() }
    }

    /// Any of its references may be the one to be taken out, so each is shown.
    fn report(&self, resources: &[&Resource]) -> Diagnostic {
        let name = |index: usize| format!("`{}`", resources[index].name);
        let label = |from, to| format!("{} needs {}", name(from), name(to));
        let (first, place, second) = self.references[0];
        let mut report = Diagnostic::new(codes::E0112, place, format!("{} needs itself", name(first)))
            .label(label(first, second));
        for (from, span, to) in &self.references[1..] {
            report = report.secondary(*span, label(*from, *to));
        }
        let names = self.references.iter().map(|(from, ..)| *from).chain([first]).map(name);
        let names: Vec<String> = names.collect();
        report.note(names.join(" → ")).help("break the circle: take one of these references out")
    }
}

/// What a resource needs, and where that is written first.
fn needed(resource: &Resource, positions: &BTreeMap<ResourceId, usize>) -> BTreeMap<usize, Span> {
    let after = resource.with.said.get("after").map_or(resource.span, |slot| slot.span);
    let mut found: Vec<(ResourceId, Span)> = resource.with.after.iter().map(|id| (*id, after)).collect();
    for instance in resource.instances.values() {
        for reference in &instance.references {
            match &reference.target {
                ReferenceTarget::Resource(target) => found.push((*target, reference.span)),
                ReferenceTarget::Text(value) => outputs_at(value, reference.span, &mut found),
            }
        }
        instance.attributes.values().for_each(|slot| outputs_at(&slot.value, slot.span, &mut found));
    }
    let mut needed = BTreeMap::new();
    for (id, span) in found {
        if let Some(position) = positions.get(&id) {
            needed.entry(*position).or_insert(span);
        }
    }
    needed
}

/// The resources whose outputs a value needs, each with the innermost place that needs it.
fn outputs_at(value: &Value, span: Span, found: &mut Vec<(ResourceId, Span)>) {
    match value {
        Value::List(slots) => slots.iter().for_each(|slot| outputs_at(&slot.value, slot.span, found)),
        Value::Record(fields) => {
            fields.values().for_each(|slot| outputs_at(&slot.value, slot.span, found));
        }
        other => {
            let mut ids = Vec::new();
            outputs(other, &mut ids);
            found.extend(ids.into_iter().map(|id| (id, span)));
        }
    }
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
