//! One sequence of a program, as `scope exec NAME` runs it: its steps, and what they name.
//!
//! What the program declares is not made or changed by it: such a resource is looked up, by the identity that an earlier
//! run recorded, else by its name. In a simulation, where no earlier run was, it is made first.

use std::collections::BTreeSet;

use scope_analysis::hir::{Program, ReferenceTarget, Resource, ResourceId, ResourceKind, Slot, Value};
use scope_analysis::outputs_used;
use scope_diagnostics::{Diagnostic, SourceMap, Span, codes, similar};
use scope_plan::recorded::Recorded;

/// What is lowered for a sequence.
#[derive(Debug)]
pub(crate) struct Sequenced {
    /// The program, in which what is not made is looked up.
    pub program: Program,
    /// The steps.
    pub roots: Vec<ResourceId>,
    /// Only what was chosen: nothing is deleted because a sequence does not name it.
    pub recorded: Recorded,
}

/// The sequence of this name, ready to be lowered; else why there is none.
pub(crate) fn prepared(
    program: &Program,
    name: &str,
    recorded: &Recorded,
    simulate: bool,
    sources: &mut SourceMap,
) -> Result<Sequenced, Vec<Diagnostic>> {
    let Some(sequence) = program.sequences.iter().find(|sequence| sequence.name == name) else {
        return Err(vec![unknown(program, name, sources)]);
    };
    let mut program = program.clone();
    let mut reports = Vec::new();
    if !simulate {
        for id in named_in(&sequence.steps, program.resources.len()) {
            let resource = &mut program.resources[id.0 as usize];
            if resource.kind == ResourceKind::Managed {
                let names: Vec<String> = program.sites.iter().map(|site| site.name.clone()).collect();
                let ty = resource.ty.split_once('.').and_then(|(driver, _)| {
                    program.drivers.get(driver).and_then(|driver| driver.types.get(&resource.ty))
                });
                let Some(ty) = ty else { continue };
                let by = [Some(ty.identity.as_str()), ty.name_attribute.as_deref()];
                if !looked_up(resource, &ty.identity, &by, &names, recorded) {
                    reports.push(cannot_be_found(resource, sequence.span));
                }
            }
        }
    }
    if !reports.is_empty() {
        return Err(reports);
    }
    let roots = sequence.steps.iter().map(|step| step.id).collect();
    program.resources.extend(all_steps(&program));
    program.outputs.clear();
    let recorded = Recorded {
        choices: recorded.choices.clone(),
        chosen_sites: recorded.chosen_sites.clone(),
        ..Recorded::default()
    };
    Ok(Sequenced { program, roots, recorded })
}

/// The steps of all sequences: ids are positions.
fn all_steps(program: &Program) -> Vec<Resource> {
    let mut steps: Vec<Resource> =
        program.sequences.iter().flat_map(|sequence| sequence.steps.iter().cloned()).collect();
    steps.sort_by_key(|step| step.id);
    steps
}

/// The resources of the program that steps name.
fn named_in(steps: &[Resource], n_own: usize) -> BTreeSet<ResourceId> {
    let mut ids: Vec<ResourceId> = Vec::new();
    for step in steps {
        ids.extend(&step.with.after);
        for instance in step.instances.values() {
            for reference in &instance.references {
                match &reference.target {
                    ReferenceTarget::Resource(id) => ids.push(*id),
                    ReferenceTarget::Text(value) => outputs_used(value, &mut ids),
                }
            }
            instance.attributes.values().for_each(|slot| outputs_used(&slot.value, &mut ids));
        }
    }
    ids.into_iter().filter(|id| (id.0 as usize) < n_own).collect()
}

/// Makes of a resource a look-up of it at each of its sites; false where nothing tells it from others.
fn looked_up(
    resource: &mut Resource,
    identity: &str,
    by: &[Option<&str>],
    sites: &[String],
    recorded: &Recorded,
) -> bool {
    resource.kind = ResourceKind::Existing;
    resource.with.after.clear();
    for (site, instance) in &mut resource.instances {
        let site = &sites[site.0 as usize];
        let known =
            recorded.resources.iter().find(|known| known.name == resource.name && known.site == *site);
        if let Some(known) = known {
            let span = resource.span;
            let value = Value::Text(known.identity.clone());
            instance.attributes.clear();
            instance.attributes.insert(identity.to_string(), Slot { value, key: span, span });
        } else {
            instance.attributes.retain(|name, slot| {
                by.contains(&Some(name.as_str())) && !matches!(slot.value, Value::Reference(_))
            });
            if instance.attributes.is_empty() {
                return false;
            }
        }
        instance.references.clear();
    }
    true
}

fn cannot_be_found(resource: &Resource, sequence: Span) -> Diagnostic {
    Diagnostic::new(
        codes::E0508,
        resource.span,
        format!("`{}` is not known yet, and has no name by which it could be found", resource.name),
    )
    .label("made by a run of the program")
    .secondary(sequence, "used in this sequence")
    .help("run the program first: `scope run` records where it is")
}

fn unknown(program: &Program, name: &str, sources: &mut SourceMap) -> Diagnostic {
    let file = sources.add("--sequence", name);
    let span = Span::new(file, 0, u32::try_from(name.len()).unwrap_or(u32::MAX));
    let report = Diagnostic::new(codes::E0115, span, format!("the program has no sequence `{name}`"))
        .label("asked for here");
    let names = program.sequences.iter().map(|sequence| sequence.name.as_str());
    match similar::nearest(name, names.clone()) {
        Some(nearest) => {
            let declared = program.sequences.iter().find(|sequence| sequence.name == nearest);
            let report = report.help(format!("did you mean `{nearest}`?"));
            match declared {
                Some(declared) => report.secondary(declared.span, "declared here"),
                None => report,
            }
        }
        None if program.sequences.is_empty() => report
            .help(format!("declare it: `sequence {name} {{ $ … }}`; a command itself stands behind `--`")),
        None => report.help(format!("it has {}", names.collect::<Vec<_>>().join(", "))),
    }
}
