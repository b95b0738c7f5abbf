//! The view of a plan that the template prints: facts as texts and numbers, nothing to be computed any more.
//!
//! `Ensure server vm at CloudOne` → `{ number: 2, name: "vm", verb: "ensure", site: 0, needs: "0 1", command: "ensure no" }`.
//! An absent value is an empty text, as the shell has it.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::driver::{Operation, OperationKind, Readiness, Repeat, Request, ResourceType, Share};
use scope_plan::expr::SecretSource;
use scope_plan::plan::{Action, EdgeReason, Guard, OnUnreachable, Plan, Step, StepId, Undo};
use serde::Serialize;

use super::program::{Asked, Program, is_bytes, is_comparable};
use crate::{Options, TargetError};

/// Everything the template needs.
#[derive(Serialize)]
pub struct View {
    /// The program's file.
    pub program: String,
    /// Its name without folder and ending.
    pub stem: String,
    /// `two-clouds.sh`
    pub file_name: String,
    deployment: String,
    secrets: Vec<SecretView>,
    files: Vec<FileView>,
    sites: Vec<SiteView>,
    drivers: Vec<DriverView>,
    types: Vec<TypeView>,
    operations: Vec<OperationView>,
    steps: Vec<StepView>,
    choices: Vec<ChoiceView>,
    outputs: Vec<String>,
    order: Vec<u32>,
    reversed: Vec<u32>,
    choice_order: Vec<u32>,
    groups: Vec<String>,
}

#[derive(Serialize)]
struct SecretView {
    variable: String,
    instead_of: Option<String>,
}

#[derive(Serialize)]
struct FileView {
    path: String,
    size: u64,
    sha256: String,
}

#[derive(Serialize)]
struct SiteView {
    number: usize,
    name: String,
}

#[derive(Serialize)]
struct DriverView {
    number: usize,
    name: String,
    login: String,
}

#[derive(Serialize)]
struct TypeView {
    number: usize,
    name: String,
    driver: usize,
    identity: String,
    name_attribute: String,
    mark_path: String,
    find: String,
    read: String,
    create: String,
    update: String,
    delete: String,
    download: String,
    afters: Vec<String>,
    ready: String,
    ready_seconds: u64,
    ready_every: u64,
    broken: String,
    is_deed: &'static str,
    is_copied: String,
    kept: String,
    content_name: String,
    same: String,
}

#[derive(Serialize)]
struct OperationView {
    number: usize,
    title: String,
    by: &'static str,
    repeat: &'static str,
    settles: u64,
    is_long: &'static str,
    has_pages: &'static str,
    ready: String,
    ready_seconds: u64,
    ready_every: u64,
}

#[derive(Serialize)]
struct StepView {
    number: u32,
    title: String,
    name: String,
    short: String,
    key: String,
    origin: String,
    verb: &'static str,
    site: u32,
    place: String,
    driver: String,
    #[serde(rename = "type")]
    ty: String,
    guards: String,
    needs: String,
    settled: String,
    patience: u64,
    tries: u32,
    backoff: u64,
    ready_within: String,
    on_unreachable: &'static str,
    undo: &'static str,
    content_file: String,
    content_text: &'static str,
    choice: String,
    results: String,
    parts: String,
    command: String,
}

#[derive(Serialize)]
struct ChoiceView {
    number: u32,
    title: String,
    key: String,
    guards: String,
    recorded: String,
    arms: Vec<ArmView>,
}

#[derive(Serialize)]
struct ArmView {
    label: String,
    steps: String,
    members: String,
    choices: String,
}

/// The view, and the awk functions that belong to it.
///
/// # Errors
/// What a shell cannot do.
pub fn view(plan: &Plan, options: &Options) -> Result<(View, Vec<String>), TargetError> {
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
    };
    Ok((view, functions))
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
            Share::None { .. } => ("", &[][..], String::new()),
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

    fn step(&mut self, step: &Step) -> Result<StepView, TargetError> {
        let plan = self.plan;
        let type_name = match &step.action {
            Action::Lookup { resource_type, .. }
            | Action::Ensure { resource_type, .. }
            | Action::Bring { resource_type, .. }
            | Action::Call { resource_type, .. }
            | Action::Delete { resource_type, .. } => Some(resource_type.as_str()),
            Action::Choose { .. } | Action::Gather { .. } => None,
        };
        let declared = match type_name {
            Some(name) => Some(self.declared_type(name)?),
            None => None,
        };
        let inputs = self.program.step(step, declared.map(|(_, resource_type)| resource_type))?;
        let site = plan.sites.get(step.site.index()).ok_or_else(|| {
            TargetError::Broken(format!("step `{}` names a site that is not there", step.name))
        })?;
        let short = type_name.map_or("", |name| name.rsplit('.').next().unwrap_or(name));
        let (verb, command) = self.command(step, declared)?;
        let (mut needs, mut settled) = (Vec::new(), Vec::new());
        for (from, reason) in &self.edges_to[step.id.index()] {
            let list = if *reason == EdgeReason::Settled { &mut settled } else { &mut needs };
            list.push(*from);
        }
        needs.dedup();
        settled.dedup();
        let mut view = StepView {
            number: step.id.0,
            title: format!(
                "step {}: {verb} {short} `{}` at {} ({}:{})",
                step.id.0, step.name, site.name, step.origin.file, step.origin.line
            ),
            name: step.name.clone(),
            short: short.to_owned(),
            key: step.key.clone(),
            origin: format!("{}:{}:{}", step.origin.file, step.origin.line, step.origin.column),
            verb,
            site: step.site.0,
            place: site.name.clone(),
            driver: declared.map_or_else(String::new, |(number, _)| self.types[number].driver.to_string()),
            ty: declared.map_or_else(String::new, |(number, _)| number.to_string()),
            guards: guards(&step.when),
            needs: ids(&needs),
            settled: ids(&settled),
            patience: step.timeout_ms.div_ceil(1000).max(1),
            tries: step.retry.times.max(1),
            backoff: step.retry.backoff_ms.div_ceil(1000),
            ready_within: step.ready_within_ms.map_or_else(String::new, |ms| ms.div_ceil(1000).to_string()),
            on_unreachable: match step.on_unreachable {
                OnUnreachable::Queue { .. } => "queue",
                OnUnreachable::Skip => "skip",
                OnUnreachable::Fail => "fail",
            },
            undo: yes(step.undo == Undo::DeleteCreated),
            content_file: inputs.content_file.unwrap_or_default(),
            content_text: yes(inputs.is_content_made),
            choice: String::new(),
            results: String::new(),
            parts: String::new(),
            command,
        };
        match &step.action {
            Action::Choose { choice, results } => {
                view.choice = choice.0.to_string();
                view.results = ids(results);
            }
            Action::Gather { parts } => {
                let parts: Vec<String> =
                    parts.iter().map(|(site, step)| format!("{}:{}", site.0, step.0)).collect();
                view.parts = parts.join(" ");
            }
            _ => {}
        }
        Ok(view)
    }

    fn command(
        &self,
        step: &Step,
        declared: Option<(usize, &ResourceType)>,
    ) -> Result<(&'static str, String), TargetError> {
        Ok(match &step.action {
            Action::Lookup { .. } => ("lookup", "look_up".to_owned()),
            Action::Ensure { adopt, .. } => ("ensure", format!("ensure {}", yes(*adopt))),
            Action::Bring { sources, every_source, .. } => {
                let sources = sources.iter().map(|source| {
                    let at = self.plan.steps.get(source.index()).map(|source| source.site.0);
                    at.map(|site| format!(" {}:{site}", source.0)).ok_or_else(|| {
                        TargetError::Broken(format!(
                            "step `{}` is brought from a step that is not there",
                            step.name
                        ))
                    })
                });
                ("bring", format!("bring {}{}", yes(*every_source), sources.collect::<Result<String, _>>()?))
            }
            Action::Call { operation, once, prints, .. } => {
                let place = declared.and_then(|(number, resource_type)| {
                    let place = resource_type.operations.iter().position(|known| known.name == *operation)?;
                    self.numbers.get(&(number, place)).copied()
                });
                let number = place.ok_or_else(|| {
                    TargetError::Broken(format!(
                        "step `{}` calls `{operation}`, which is not in the plan",
                        step.name
                    ))
                })?;
                ("call", format!("call {number} {} {}", yes(*once), yes(*prints)))
            }
            Action::Delete { .. } => ("delete", "delete_it".to_owned()),
            Action::Choose { .. } => ("choose", String::new()),
            Action::Gather { .. } => ("gather", String::new()),
        })
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
                Action::Lookup { .. } | Action::Choose { .. } | Action::Gather { .. } => {}
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

fn choices(plan: &Plan) -> Vec<ChoiceView> {
    let mut steps_of: BTreeMap<Guard, BTreeSet<StepId>> = BTreeMap::new();
    for step in &plan.steps {
        for guard in &step.when {
            steps_of.entry(*guard).or_default().insert(step.id);
        }
    }
    plan.choices
        .iter()
        .map(|choice| ChoiceView {
            number: choice.id.0,
            title: format!("`{}`, {}:{}", choice.key, choice.origin.file, choice.origin.line),
            key: choice.key.clone(),
            guards: guards(&choice.when),
            recorded: choice.recorded.map_or_else(String::new, |arm| arm.to_string()),
            arms: choice
                .arms
                .iter()
                .enumerate()
                .map(|(number, arm)| {
                    let guard = Guard { choice: choice.id, arm: number as u32 };
                    let mut steps = steps_of.get(&guard).cloned().unwrap_or_default();
                    steps.extend(arm.members.iter().copied());
                    let steps: Vec<StepId> = steps.into_iter().collect();
                    let inside: Vec<String> = arm.choices.iter().map(|inner| inner.0.to_string()).collect();
                    ArmView {
                        label: arm.label.clone(),
                        steps: ids(&steps),
                        members: ids(&arm.members),
                        choices: inside.join(" "),
                    }
                })
                .collect(),
        })
        .collect()
}

/// Steps outside of alternatives that the program wants undone together: those of one resource.
fn groups(plan: &Plan) -> Vec<String> {
    let mut groups: indexmap::IndexMap<&str, Vec<String>> = indexmap::IndexMap::new();
    for step in plan.steps.iter().filter(|step| step.undo == Undo::DeleteCreated && step.when.is_empty()) {
        groups.entry(step.name.as_str()).or_default().push(step.id.0.to_string());
    }
    groups.into_values().map(|steps| steps.join(",")).collect()
}

/// Every step after those it waits for; of those that may come next, the one on the longest way first.
fn order(plan: &Plan) -> Result<Vec<u32>, TargetError> {
    let mut n_waits = vec![0_usize; plan.steps.len()];
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
    for edge in &plan.edges {
        let (Some(list), true) = (after.get_mut(edge.from.index()), edge.to.index() < plan.steps.len())
        else {
            return Err(TargetError::Broken("an edge leads to no step".to_owned()));
        };
        list.push(edge.to.index());
        n_waits[edge.to.index()] += 1;
    }
    let rank = |step: usize| (plan.steps[step].priority, std::cmp::Reverse(step));
    let mut ready: std::collections::BinaryHeap<_> =
        (0..plan.steps.len()).filter(|step| n_waits[*step] == 0).map(|step| (rank(step), step)).collect();
    let mut order = Vec::new();
    while let Some((_, step)) = ready.pop() {
        order.push(plan.steps[step].id.0);
        for next in std::mem::take(&mut after[step]) {
            n_waits[next] -= 1;
            if n_waits[next] == 0 {
                ready.push((rank(next), next));
            }
        }
    }
    if order.len() < plan.steps.len() {
        return Err(TargetError::Broken("its steps wait for each other in a circle".to_owned()));
    }
    Ok(order)
}

fn guards(guards: &[Guard]) -> String {
    let guards: Vec<String> =
        guards.iter().map(|guard| format!("{}:{}", guard.choice.0, guard.arm)).collect();
    guards.join(" ")
}

fn ids(steps: &[StepId]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| step.0.to_string()).collect();
    steps.join(" ")
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}
