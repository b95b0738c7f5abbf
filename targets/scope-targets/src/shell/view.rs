//! The view of a plan that the template prints: facts as texts and numbers, nothing to be computed any more.
//!
//! `Ensure server vm at CloudOne` → `{ number: 2, name: "vm", verb: "ensure", site: 0, needs: "0 1", command: "ensure no" }`.
//! An absent value is an empty text, as the shell has it.

mod facts;
mod order;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::driver::{Operation, OperationKind, Readiness, Repeat, Request, ResourceType, Share};
use scope_plan::expr::SecretSource;
use scope_plan::plan::{Action, EdgeReason, KeptSecret, Plan, Rename, StepId};

use super::program::{Asked, Program, is_bytes, is_comparable};
use crate::{Options, TargetError};
use facts::{DriverView, FileView, OperationView, SecretView, SiteView, TypeView};
use order::{choices, groups, order};

pub use facts::View;
pub(super) use step::no_guard;

/// The view, and the awk functions that belong to it.
///
/// # Errors
/// What a shell cannot do.
pub fn view(plan: &Plan, left_out: &[String], options: &Options) -> Result<(View, Vec<String>), TargetError> {
    refuse_what_waits(plan)?;
    let order = order(plan)?;
    let mut edges_to = vec![Vec::new(); plan.steps.len()];
    for edge in &plan.edges {
        edges_to[edge.to.index()].push((edge.from, edge.reason.clone()));
    }
    edges_to.iter_mut().for_each(|edges| edges.sort());
    let mut builder = Builder {
        plan,
        program: Program::default(),
        operations: Vec::new(),
        types: Vec::new(),
        numbers: BTreeMap::new(),
        edges_to,
    };
    let drivers = builder.drivers()?;
    let sites = builder.sites()?;
    let steps = plan.steps.iter().map(|step| builder.step(step)).collect::<Result<Vec<_>, _>>()?;
    for (number, output) in plan.outputs.iter().enumerate() {
        builder.program.output(&output.value, number)?;
    }
    builder.program.tables(plan, builder.types.len());
    let Builder { program, operations, types, .. } = builder;
    let (functions, expressions) = program.finish();
    let file = plan.program.file.rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".scope").unwrap_or(file).to_owned();
    let mut reversed = order.clone();
    reversed.reverse();
    let view = View {
        program: plan.program.file.clone(),
        file_name: format!("{stem}.sh"),
        stem,
        deployment: options.deployment.clone().unwrap_or_default(),
        secrets: secrets(expressions.secrets()),
        files: expressions
            .files()
            .iter()
            .map(|(path, (sha256, size))| FileView {
                path: path.clone(),
                size: *size,
                sha256: sha256.clone(),
            })
            .collect(),
        sites,
        drivers,
        types,
        operations,
        steps,
        choices: choices(plan),
        outputs: plan.outputs.iter().map(|output| output.name.clone()).collect(),
        order,
        reversed,
        choice_order: plan.choices.iter().map(|choice| choice.id.0).collect(),
        groups: groups(plan),
        left_out: left_out.to_vec(),
    };
    Ok((view, functions))
}

/// A script does one step after the other, and what it cannot do it does not wait for.
fn refuse_what_waits(plan: &Plan) -> Result<(), TargetError> {
    let unsupported = |what: String, why: &str| {
        Err(TargetError::Unsupported { target: "shell", what, why: why.to_owned() })
    };
    for step in &plan.steps {
        match &step.action {
            Action::Gate { rollout, .. } => {
                let key = &plan.rollouts[rollout.index()].key;
                return unsupported(
                    format!("the rollout of `{key}`"),
                    "a script does not remember when a wave ended; what is new needs no waves",
                );
            }
            Action::Gather { quorum: Some(quorum), .. } => {
                return unsupported(
                    format!("the quorum of `{}`", step.name),
                    &format!(
                        "{} of {} copies are enough, and a script keeps nothing for later",
                        quorum.need,
                        quorum.copies.len()
                    ),
                );
            }
            _ => {}
        }
        if let Some(KeptSecret { attribute, .. }) = step.action.keep_in().first() {
            return unsupported(
                format!("`{attribute}` of `{}`, which is kept in a file", step.name),
                "a script that is interrupted would lose what the site tells once",
            );
        }
    }
    if let Some(Rename { from, to, .. }) = plan.renames.first() {
        return unsupported(format!("`{to}`, moved from `{from}`"), "a script has no state to rename it in");
    }
    Ok(())
}

struct Builder<'p> {
    plan: &'p Plan,
    program: Program,
    operations: Vec<OperationView>,
    types: Vec<TypeView>,
    /// Type and place of an operation in it → its number.
    numbers: BTreeMap<(usize, usize), usize>,
    /// For each step, what it waits for and why; sorted.
    edges_to: Vec<Vec<(StepId, EdgeReason)>>,
}

impl<'p> Builder<'p> {
    fn drivers(&mut self) -> Result<Vec<DriverView>, TargetError> {
        let plan = self.plan;
        let mut views = Vec::new();
        for (number, driver) in plan.drivers.iter().enumerate() {
            let mut login = String::new();
            if let Some(declared) = &driver.login {
                let asked = Asked {
                    driver,
                    service: service(driver, &declared.service)?,
                    resource_type: None,
                    operation: None,
                    request: &declared.request,
                    answers: &declared.answers,
                };
                login = self.operation(&asked)?.to_string();
            }
            for resource_type in &driver.types {
                self.resource_type(number, driver, resource_type)?;
            }
            views.push(DriverView { number, name: driver.name.clone(), login });
        }
        Ok(views)
    }

    fn sites(&mut self) -> Result<Vec<SiteView>, TargetError> {
        let mut views = Vec::new();
        for (number, site) in self.plan.sites.iter().enumerate() {
            self.program.site_name(site, number);
            for (driver_number, driver) in self.plan.drivers.iter().enumerate() {
                self.program.site(site, number, driver, driver_number)?;
            }
            views.push(SiteView { number, name: site.name.clone() });
        }
        Ok(views)
    }

    fn resource_type(
        &mut self,
        driver_number: usize,
        driver: &scope_plan::driver::Driver,
        resource_type: &ResourceType,
    ) -> Result<(), TargetError> {
        let number = self.types.len();
        let service = service(driver, &resource_type.service)?;
        let create_name = resource_type.create.as_deref().unwrap_or("create");
        let is_needed = self.needed(resource_type, create_name);
        let mut numbers = Vec::new();
        for (place, operation) in resource_type.operations.iter().enumerate() {
            if !is_needed[place] {
                numbers.push(None);
                continue;
            }
            let asked = Asked {
                driver,
                service,
                resource_type: Some(resource_type),
                operation: Some(operation),
                request: &operation.request,
                answers: &operation.answers,
            };
            let operation_number = self.operation(&asked)?;
            self.numbers.insert((number, place), operation_number);
            numbers.push(Some(operation_number));
        }
        let text_of = |place: Option<usize>| {
            place.and_then(|place| numbers[place]).map_or_else(String::new, |number| number.to_string())
        };
        let of_kind = |kind: OperationKind| {
            let is_it = |operation: &Operation| operation.kind == kind && operation.after.is_none();
            text_of(resource_type.operations.iter().position(is_it))
        };
        let create = resource_type.operations.iter().position(|operation| operation.name == create_name);
        let mut afters = Vec::new();
        for (operation, number) in resource_type.operations.iter().zip(&numbers) {
            if let (Some(number), true) = (number, operation.after.as_deref() == Some(create_name)) {
                self.program.operation_when(operation.when.as_ref(), *number)?;
                afters.push(number.to_string());
            }
        }
        self.program.resource_type(self.plan, resource_type, number)?;
        // Creating may have a readiness of its own.
        let own =
            create.and_then(|place| Some((numbers[place]?, resource_type.operations[place].ready.as_ref()?)));
        let (ready_seconds, ready_every) =
            readiness(own.map(|(_, ready)| ready).or(resource_type.ready.as_ref()));
        let ready = match own {
            Some((number, _)) => format!("ready_operation_{number}"),
            None if resource_type.ready.is_some() => format!("ready_type_{number}"),
            None => String::new(),
        };
        let (is_copied, kept, same) = match &resource_type.share {
            Share::Copy { keep, same } => ("yes", keep.as_slice(), same.clone().unwrap_or_default()),
            Share::InPlace | Share::None { .. } => ("", &[][..], String::new()),
        };
        let bytes_of = |name: &String| {
            resource_type
                .attributes
                .iter()
                .any(|attribute| attribute.name == *name && is_bytes(&attribute.ty))
        };
        let content_name = kept.iter().find(|name| bytes_of(name)).cloned().unwrap_or_default();
        let kept: Vec<String> = kept.iter().filter(|name| !bytes_of(name)).cloned().collect();
        self.types.push(TypeView {
            number,
            name: resource_type.name.clone(),
            driver: driver_number,
            identity: resource_type.identity.clone(),
            name_attribute: resource_type.name_attribute.clone().unwrap_or_default(),
            mark_path: resource_type.mark.as_ref().map(|mark| mark.path.join("\n")).unwrap_or_default(),
            find: of_kind(OperationKind::Find),
            read: of_kind(OperationKind::Read),
            create: text_of(create),
            update: match of_kind(OperationKind::Update) {
                // A creation that may be repeated at will (a `PUT`) does as well.
                none if none.is_empty() => {
                    text_of(create.filter(|place| resource_type.operations[*place].repeat == Repeat::Always))
                }
                update => update,
            },
            delete: of_kind(OperationKind::Delete),
            download: of_kind(OperationKind::Download),
            afters,
            ready,
            ready_seconds,
            ready_every,
            broken: if resource_type.broken.is_some() {
                format!("broken_type_{number}")
            } else {
                String::new()
            },
            // The site tells nothing that could be compared, and there is neither a name nor room for a mark: a command.
            is_deed: yes(resource_type.mark.is_none()
                && resource_type.name_attribute.is_none()
                && !resource_type.attributes.iter().any(is_comparable)),
            is_copied: is_copied.to_owned(),
            kept: kept.join("\n"),
            content_name,
            same,
        });
        Ok(())
    }

    fn operation(&mut self, asked: &Asked<'_>) -> Result<usize, TargetError> {
        let number = self.operations.len();
        self.program.operation(asked, number)?;
        let declared = asked.operation;
        let ready = declared.and_then(|operation| operation.ready.as_ref());
        if let Some(ready) = ready {
            self.program.operation_ready(ready, number)?;
        }
        let (ready_seconds, ready_every) = readiness(ready);
        let kind = declared.map(|operation| operation.kind);
        self.operations.push(OperationView {
            number,
            title: match (asked.resource_type, declared) {
                (Some(resource_type), Some(operation)) => {
                    format!("{}: {}", resource_type.name, operation.name)
                }
                _ => format!("{}: login", asked.driver.name),
            },
            by: match asked.request {
                Request::Http { .. } => "http",
                Request::Exec { .. } => "exec",
            },
            repeat: declared.map_or("always", repeat),
            settles: declared.map_or(0, |operation| operation.settles_ms.div_ceil(1000)),
            is_long: yes(matches!(kind, Some(OperationKind::Upload | OperationKind::Download))),
            has_pages: yes(declared.is_some_and(|operation| operation.next_page.is_some())),
            ready: if ready.is_some() { format!("ready_operation_{number}") } else { String::new() },
            ready_seconds,
            ready_every,
        });
        Ok(number)
    }

    /// Which operations of a type the steps may ask for: a script says nothing of the others.
    fn needed(&self, resource_type: &ResourceType, create_name: &str) -> Vec<bool> {
        use OperationKind::{Create, Delete, Download, Find, Read, Update};
        let steps =
            self.plan.steps.iter().filter(|step| step.action.resource_type() == Some(&resource_type.name));
        let mut kinds = BTreeSet::from([Find, Read]);
        let mut called: BTreeSet<&str> = BTreeSet::new();
        for step in steps {
            match &step.action {
                Action::Ensure { .. } => kinds.extend([Create, Update, Delete]),
                Action::Bring { .. } => kinds.extend([Create, Download, Delete]),
                Action::Delete { .. } => kinds.extend([Delete]),
                Action::Call { operation, .. } => called.extend([operation.as_str()]),
                Action::Lookup { .. }
                | Action::Protect { .. }
                | Action::Choose { .. }
                | Action::Gather { .. }
                | Action::Gate { .. } => {}
            }
        }
        let is_made = kinds.contains(&Create);
        let is_needed = |operation: &Operation| {
            let belongs_to_making =
                operation.name == create_name || operation.after.as_deref() == Some(create_name);
            kinds.contains(&operation.kind)
                || (is_made && belongs_to_making)
                || called.contains(operation.name.as_str())
        };
        resource_type.operations.iter().map(is_needed).collect()
    }

    /// A type and its number: types are numbered in the order of drivers.
    fn declared_type(&self, name: &str) -> Result<(usize, &'p ResourceType), TargetError> {
        let types = self.plan.drivers.iter().flat_map(|driver| &driver.types);
        types
            .enumerate()
            .find(|(_, resource_type)| resource_type.name == name)
            .ok_or_else(|| TargetError::Broken(format!("the type `{name}` is not in the plan")))
    }
}

fn service<'d>(
    driver: &'d scope_plan::driver::Driver,
    name: &str,
) -> Result<&'d scope_plan::driver::Service, TargetError> {
    driver
        .services
        .iter()
        .find(|service| service.name == name)
        .ok_or_else(|| TargetError::Broken(format!("driver `{}` has no service `{name}`", driver.name)))
}

fn readiness(ready: Option<&Readiness>) -> (u64, u64) {
    ready.map_or((0, 1), |ready| (ready.within_ms.div_ceil(1000), ready.every_ms.div_ceil(1000).max(1)))
}

fn repeat(operation: &Operation) -> &'static str {
    match operation.repeat {
        Repeat::Always => "always",
        Repeat::Id => "id",
        Repeat::Key(_) => "key",
        Repeat::Name => "name",
        Repeat::Mark => "mark",
        Repeat::None => "none",
    }
}

fn secrets<'s>(secrets: impl Iterator<Item = &'s super::expr::Secret>) -> Vec<SecretView> {
    let mut views: Vec<SecretView> = Vec::new();
    for secret in secrets {
        let Some(variable) = &secret.variable else { continue };
        if views.iter().any(|view| view.variable == *variable) {
            continue;
        }
        let instead_of = match &secret.source {
            SecretSource::Config { file, keys } => Some(format!("`{}` of {file}", keys.join("."))),
            _ => None,
        };
        views.push(SecretView { variable: variable.clone(), instead_of });
    }
    views
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}
