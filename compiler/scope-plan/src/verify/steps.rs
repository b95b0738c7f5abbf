//! Steps, sites and outputs: what a step sets is what its type has, times are positive, names are unique, secrets go
//! only where the driver says secret.
//!
//! `ensure shelf.book { titel: … }` → `attribute-exists`.

use std::collections::BTreeSet;

use super::{Report, Rule, named, twice, widened};
use crate::driver::{OperationKind, Share};
use crate::expr::Expr;
use crate::plan::{Action, EdgeReason, OnUnreachable, Plan, Step, StepId};

pub(super) const RULES: &[Rule] = &[
    Rule { name: "type-exists", demands: "a step's resource type is in the plan", check: type_exists },
    Rule {
        name: "operation-exists",
        demands: "the operations a step needs are in the plan",
        check: operation_exists,
    },
    Rule {
        name: "attribute-exists",
        demands: "what a step gives is an attribute or input",
        check: attribute_exists,
    },
    Rule { name: "attribute-settable", demands: "an ensure sets only what may be set", check: settable },
    Rule { name: "attribute-twice", demands: "an attribute is given once", check: given_once },
    Rule { name: "attribute-required", demands: "an ensure sets what must be set", check: required },
    Rule {
        name: "bring-type",
        demands: "a bring is of a type that is copied, from that very type",
        check: bring_type,
    },
    Rule {
        name: "protect-guarded",
        demands: "a guard is left on a type that keeps one, for somebody",
        check: protect_guarded,
    },
    Rule {
        name: "protect-among",
        demands: "a guard on one of several alternatives is on one of them, for those who wait for it",
        check: protect_among,
    },
    Rule {
        name: "sources-given",
        demands: "bring, choose, gather and gate have sources, a bring each once",
        check: sources_given,
    },
    Rule { name: "gather-sites", demands: "a part is gathered under its own site", check: gather_sites },
    Rule { name: "names-closed", demands: "inputs, settings and outputs use no free names", check: closed },
    Rule {
        name: "secret-attribute",
        demands: "a secret goes only to a secret attribute",
        check: secret_attribute,
    },
    Rule { name: "secret-setting", demands: "a secret goes only to a secret setting", check: secret_setting },
    Rule { name: "step-key", demands: "step keys are given and unique", check: keys },
    Rule { name: "step-times", demands: "time-outs are positive, readiness within them", check: times },
    Rule { name: "step-retry", demands: "there is at least one attempt", check: retry },
    Rule { name: "step-priority", demands: "a step is as urgent as what waits for it", check: priority },
    Rule { name: "step-origin", demands: "a step's origin is a place", check: origin },
    Rule {
        name: "output-resolves",
        demands: "outputs have unique names and steps that are always done",
        check: outputs,
    },
    Rule { name: "site-name", demands: "site names are unique", check: site_names },
    Rule { name: "site-concurrency", demands: "a site takes at least one request", check: concurrency },
    Rule { name: "link-ends", demands: "a link joins two sites", check: link_ends },
];

fn type_exists(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        if let Some(name) = step.action.resource_type()
            && plan.resource_type(name).is_none()
        {
            report.step(step.id, format!("no driver of the plan has a type `{name}`"));
        }
    }
}

/// The steps with a type, and the type.
fn typed(plan: &Plan) -> impl Iterator<Item = (&Step, &crate::driver::ResourceType)> {
    plan.steps.iter().filter_map(|step| Some((step, plan.resource_type_of(step)?.1)))
}

fn operation_exists(plan: &Plan, report: &mut Report) {
    for (step, resource_type) in typed(plan) {
        let has = |kind| resource_type.operation_of(kind).is_some();
        let missing = match &step.action {
            Action::Lookup { .. } if !has(OperationKind::Find) && !has(OperationKind::Read) => "find or read",
            Action::Ensure { .. } | Action::Bring { .. } if resource_type.create_operation().is_none() => {
                "create"
            }
            Action::Delete { .. } if !has(OperationKind::Delete) => "delete",
            Action::Protect { .. } if !has(OperationKind::Read) => "read",
            Action::Protect { .. } if !has(OperationKind::Update) => "update",
            Action::Call { operation, .. } if resource_type.operation(operation).is_none() => operation,
            _ => continue,
        };
        report.step(step.id, format!("`{}` has no operation `{missing}`", resource_type.name));
    }
}

fn attribute_exists(plan: &Plan, report: &mut Report) {
    for (step, resource_type) in typed(plan) {
        let given = match &step.action {
            Action::Ensure { attributes: given, .. }
            | Action::Call { inputs: given, .. }
            | Action::Lookup { filter: given, .. } => given,
            _ => continue,
        };
        let is_input = |name: &str| match &step.action {
            Action::Call { operation, .. } => resource_type
                .operation(operation)
                .is_some_and(|operation| operation.inputs.iter().any(|(input, _)| input == name)),
            _ => false,
        };
        for (name, _) in
            given.iter().filter(|(name, _)| resource_type.attribute(name).is_none() && !is_input(name))
        {
            report.step(step.id, format!("`{}` has no attribute `{name}`", resource_type.name));
        }
    }
}

fn settable(plan: &Plan, report: &mut Report) {
    for (step, resource_type) in typed(plan) {
        if let Action::Ensure { attributes, .. } = &step.action {
            for (name, _) in attributes {
                if resource_type.attribute(name).is_some_and(|attribute| !attribute.is_settable) {
                    report.step(step.id, format!("sets `{name}`, which only the site gives"));
                }
            }
        }
    }
}

fn given_once(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let names = match &step.action {
            Action::Ensure { attributes: given, .. }
            | Action::Call { inputs: given, .. }
            | Action::Lookup { filter: given, .. } => given.iter().map(|(name, _)| name),
            _ => continue,
        };
        if let Some(name) = twice(names) {
            report.step(step.id, format!("gives `{name}` twice"));
        }
    }
}

fn required(plan: &Plan, report: &mut Report) {
    for (step, resource_type) in typed(plan) {
        if let Action::Ensure { attributes, .. } = &step.action {
            let is_known = |name: &str| {
                plan.sites.get(step.site.index()).is_none_or(|site| site.knows(&resource_type.name, name))
            };
            let required = resource_type.attributes.iter().filter(|attribute| {
                attribute.is_required && attribute.default.is_none() && is_known(&attribute.name)
            });
            for attribute in required {
                if !attributes.iter().any(|(name, _)| *name == attribute.name) {
                    report.step(step.id, format!("does not set `{}`, which must be set", attribute.name));
                }
            }
        }
    }
}

fn bring_type(plan: &Plan, report: &mut Report) {
    for (step, resource_type) in typed(plan) {
        let Action::Bring { sources, .. } = &step.action else { continue };
        if !matches!(resource_type.share, Share::Copy { .. }) {
            report.step(step.id, format!("`{}` is not copied between sites", resource_type.name));
        }
        for source in sources {
            let is_other = match &plan.step(*source).action {
                Action::Gather { .. } | Action::Gate { .. } | Action::Delete { .. } => true,
                action => action.resource_type().is_some_and(|other| other != resource_type.name),
            };
            if is_other {
                report.step(step.id, format!("{} gives no `{}`", named(plan, *source), resource_type.name));
            }
        }
    }
}

fn protect_guarded(plan: &Plan, report: &mut Report) {
    for (step, resource_type) in typed(plan) {
        let Action::Protect { of, users, .. } = &step.action else { continue };
        if resource_type.guard.is_none() {
            report.step(step.id, format!("`{}` keeps no guard", resource_type.name));
        }
        if users.is_empty() && !matches!(of, Expr::Value(_)) {
            report.step(step.id, "lets go of something that it does not name by its identity");
        }
        if twice(users).is_some() {
            report.step(step.id, "names a user twice");
        }
    }
}

fn protect_among(plan: &Plan, report: &mut Report) {
    let mut is_waited_for = vec![false; plan.steps.len()];
    for edge in &plan.edges {
        match (&edge.reason, &plan.step(edge.from).action) {
            (EdgeReason::Guard, Action::Protect { among: Some(_), .. }) => {
                is_waited_for[edge.from.index()] = true;
            }
            (EdgeReason::Guard, _) => {
                let from = named(plan, edge.from);
                report.step(edge.to, format!("waits for {from} as for a guard that may be passed over"));
            }
            _ => {}
        }
    }
    for step in &plan.steps {
        let Action::Protect { of, among: Some(whole), .. } = &step.action else { continue };
        let is_one_of_them = match of {
            Expr::Step { step: of, path } if path.is_empty() => ends_in(plan, *whole, *of),
            _ => false,
        };
        if !is_one_of_them {
            let whole = named(plan, *whole);
            report.step(step.id, format!("guards what is none of the alternatives of {whole}"));
        }
        if !is_waited_for[step.id.index()] {
            report.step(step.id, "guards an alternative, and nothing waits for it");
        }
    }
}

/// Whether a step gives, or is a part of, what a choice or a gathering may end with.
fn ends_in(plan: &Plan, whole: StepId, part: StepId) -> bool {
    let mut open = vec![whole];
    let mut seen = BTreeSet::new();
    while let Some(step) = open.pop() {
        if let Action::Choose { .. } | Action::Gather { .. } = plan.step(step).action {
            let sources = plan.step(step).action.sources();
            if sources.contains(&part) {
                return true;
            }
            open.extend(sources.into_iter().filter(|source| seen.insert(*source)));
        }
    }
    false
}

fn sources_given(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let sources = step.action.sources();
        let has_sources = matches!(
            step.action,
            Action::Bring { .. } | Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. }
        );
        if has_sources && sources.is_empty() {
            report.step(step.id, "has no source");
        }
        // The same step may be the result of two arms, or a part under two sites, where what was equal was merged.
        if matches!(step.action, Action::Bring { .. })
            && let Some(source) = twice(&sources)
        {
            report.step(step.id, format!("takes {} twice", named(plan, *source)));
        }
    }
}

fn gather_sites(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let Action::Gather { parts, .. } = &step.action else { continue };
        for (site, part) in parts {
            // A choose gives what is at another site, and is at this one itself.
            let is_chosen = matches!(plan.step(*part).action, Action::Choose { .. });
            if !is_chosen && plan.step(*part).site != *site {
                let part = named(plan, *part);
                report.step(
                    step.id,
                    format!("{part} is not at {}, under which it is gathered", plan.site(*site).name),
                );
            }
        }
        if let Some(site) = twice(parts.iter().map(|(site, _)| *site)) {
            report.step(step.id, format!("gathers two parts under {}", plan.site(site).name));
        }
    }
}

fn closed(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        for (input, expr) in step.action.inputs() {
            for name in expr.names_used() {
                report.step(step.id, format!("`{input}` uses the name `{name}`, which nothing gives"));
            }
        }
    }
    for output in &plan.outputs {
        for name in output.value.names_used() {
            report.plan(format!("output `{}` uses the name `{name}`, which nothing gives", output.name));
        }
    }
    for site in &plan.sites {
        for (setting, expr) in site.settings.values().flatten() {
            if !expr.names_used().is_empty() || !expr.steps_used().is_empty() {
                report.plan(format!("setting `{setting}` of {} is no constant", site.name));
            }
        }
    }
}

fn secret_attribute(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        for (input, expr) in step.action.inputs() {
            if expr.secrets_used().is_empty() {
                continue;
            }
            let is_secret = plan
                .resource_type_of(step)
                .and_then(|(_, resource_type)| resource_type.attribute(input))
                .is_some_and(|attribute| attribute.is_secret);
            if !is_secret {
                report.step(step.id, format!("`{input}` takes a secret and is not declared secret"));
            }
        }
    }
    for output in plan.outputs.iter().filter(|output| !output.value.secrets_used().is_empty()) {
        report.plan(format!("output `{}` would print a secret", output.name));
    }
}

fn secret_setting(plan: &Plan, report: &mut Report) {
    for site in &plan.sites {
        for (driver, settings) in &site.settings {
            for (name, expr) in settings.iter().filter(|(_, expr)| !expr.secrets_used().is_empty()) {
                let setting = plan.driver(driver).and_then(|driver| driver.setting(name));
                // A driver that no step uses is not in the plan, and nothing is sent to it.
                let is_public =
                    plan.driver(driver).is_some() && setting.is_none_or(|setting| !setting.is_secret);
                if is_public {
                    report.plan(format!("setting `{name}` of {} takes a secret: {expr}", site.name));
                }
            }
        }
    }
}

fn keys(plan: &Plan, report: &mut Report) {
    for step in plan.steps.iter().filter(|step| step.key.is_empty()) {
        report.step(step.id, "has no key");
    }
    if let Some(key) = twice(plan.steps.iter().map(|step| &step.key).filter(|key| !key.is_empty())) {
        report.plan(format!("two steps have the key `{key}`"));
    }
}

fn times(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        if step.timeout_ms == 0 {
            report.step(step.id, "has no time");
        } else if step.ready_within_ms.is_some_and(|within| within == 0 || within > step.timeout_ms) {
            report.step(step.id, "has no time, or more than the whole, for readiness");
        }
        if step.on_unreachable == (OnUnreachable::Queue { for_ms: Some(0) }) {
            report.step(step.id, "is queued for no time");
        }
    }
}

fn retry(plan: &Plan, report: &mut Report) {
    for step in plan.steps.iter().filter(|step| step.retry.times == 0) {
        report.step(step.id, "is never tried");
    }
}

fn priority(plan: &Plan, report: &mut Report) {
    for edge in &plan.edges {
        let (first, then) = (plan.step(edge.from), plan.step(edge.to));
        if first.priority < then.priority {
            report
                .step(first.id, format!("is less urgent than {}, which waits for it", named(plan, then.id)));
        }
    }
}

fn origin(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let origin = &step.origin;
        if origin.file.is_empty() || origin.line == 0 || origin.column == 0 || origin.start > origin.end {
            report.step(step.id, "comes from no place");
        }
    }
}

fn outputs(plan: &Plan, report: &mut Report) {
    for output in &plan.outputs {
        let is_in_an_arm = |step: &StepId| !widened(plan, &plan.step(*step).when).is_empty();
        for step in output.value.steps_used().into_iter().filter(is_in_an_arm) {
            report.plan(format!(
                "output `{}` takes {}, which is done only in an arm",
                output.name,
                named(plan, step)
            ));
        }
    }
    if let Some(name) = twice(plan.outputs.iter().map(|output| &output.name)) {
        report.plan(format!("two outputs are called `{name}`"));
    }
}

fn site_names(plan: &Plan, report: &mut Report) {
    if let Some(name) = twice(plan.sites.iter().map(|site| &site.name)) {
        report.plan(format!("two sites are called `{name}`"));
    }
}

fn concurrency(plan: &Plan, report: &mut Report) {
    for site in plan.sites.iter().filter(|site| site.concurrency == 0) {
        report.plan(format!("{} takes no request at all", site.name));
    }
}

fn link_ends(plan: &Plan, report: &mut Report) {
    for link in plan.links.iter().filter(|link| link.from == link.to) {
        report.plan(format!("{} is linked to itself", plan.site(link.from).name));
    }
}
