//! Drivers: what their parts name is there, and their expressions use no step, file or secret.
//!
//! A type of a service that the driver does not have → `driver-service`.

use super::{Report, Rule, twice};
use crate::driver::{Answer, Driver, Meaning, Operation, Request, ResourceType, Share, Type};
use crate::expr::Expr;
use crate::plan::Plan;

pub(super) const RULES: &[Rule] = &[
    Rule { name: "driver-name", demands: "drivers, and types, have unique names", check: names },
    Rule { name: "driver-service", demands: "a type's and the login's service is there", check: services },
    Rule {
        name: "driver-attribute",
        demands: "identity, name, mark and copied attributes are there",
        check: attributes,
    },
    Rule {
        name: "driver-operation",
        demands: "create and what goes before an operation are there",
        check: operations,
    },
    Rule { name: "driver-declared", demands: "a type that is named is declared", check: declared },
    Rule { name: "driver-pure", demands: "a driver's expressions use no step, file or secret", check: pure },
];

fn names(plan: &Plan, report: &mut Report) {
    if let Some(name) = twice(plan.drivers.iter().map(|driver| &driver.name)) {
        report.plan(format!("two drivers are called `{name}`"));
    }
    let types = plan.drivers.iter().flat_map(|driver| &driver.types);
    if let Some(name) = twice(types.map(|resource_type| &resource_type.name)) {
        report.plan(format!("two types are called `{name}`"));
    }
}

fn services(plan: &Plan, report: &mut Report) {
    for driver in &plan.drivers {
        let of_types = driver.types.iter().map(|resource_type| &resource_type.service);
        let of_login = driver.login.iter().map(|login| &login.service);
        for service in of_types.chain(of_login).filter(|service| driver.service(service).is_none()) {
            report.plan(format!("driver `{}` has no service `{service}`", driver.name));
        }
    }
}

fn attributes(plan: &Plan, report: &mut Report) {
    for resource_type in plan.drivers.iter().flat_map(|driver| &driver.types) {
        let marks = resource_type.mark.iter().chain(&resource_type.guard);
        let mark = marks.map(|mark| mark.path.first().map_or("", String::as_str));
        let copied: Vec<&str> = match &resource_type.share {
            Share::Copy { keep, same } => keep.iter().chain(same).map(String::as_str).collect(),
            Share::InPlace | Share::None { .. } => Vec::new(),
        };
        let named = [resource_type.identity.as_str()]
            .into_iter()
            .chain(resource_type.name_attribute.as_deref())
            .chain(mark)
            .chain(copied);
        for name in named.filter(|name| resource_type.attribute(name).is_none()) {
            report.plan(format!("type `{}` has no attribute `{name}`", resource_type.name));
        }
    }
}

fn declared(plan: &Plan, report: &mut Report) {
    for driver in &plan.drivers {
        let attributes = driver.types.iter().flat_map(|resource_type| &resource_type.attributes);
        for ty in attributes.map(|attribute| &attribute.ty).chain(driver.declared.values()) {
            for name in ty.names().into_iter().filter(|name| !driver.declared.contains_key(*name)) {
                report.plan(format!("driver `{}` declares no `{name}`", driver.name));
            }
        }
    }
}

fn operations(plan: &Plan, report: &mut Report) {
    for resource_type in plan.drivers.iter().flat_map(|driver| &driver.types) {
        let before = resource_type.operations.iter().filter_map(|operation| operation.after.as_ref());
        for name in resource_type.create.iter().chain(before) {
            if resource_type.operation(name).is_none() {
                report.plan(format!("type `{}` has no operation `{name}`", resource_type.name));
            }
        }
    }
}

fn pure(plan: &Plan, report: &mut Report) {
    for driver in &plan.drivers {
        for expr in driver.expressions() {
            let mut is_pure = true;
            expr.visit(&mut |part| {
                is_pure &= !matches!(part, Expr::Step { .. } | Expr::Secret(_) | Expr::File(_));
            });
            if !is_pure {
                report.plan(format!("driver `{}` is not the same for every program: {expr}", driver.name));
            }
        }
    }
}

impl Driver {
    /// Every expression in it, in the order of its parts.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut all = Vec::new();
        all.extend(self.settings.iter().filter_map(|setting| setting.default.as_ref()));
        if let Some(login) = &self.login {
            of_request(&login.request, &mut all);
            of_answers(&login.answers, &mut all);
        }
        for service in &self.services {
            all.extend(&service.address);
            all.extend(service.headers.iter().map(|(_, expr)| expr));
            of_answers(&service.answers, &mut all);
            if let Some(probe) = &service.probe {
                of_request(&probe.request, &mut all);
                of_answers(&probe.answers, &mut all);
            }
        }
        for resource_type in &self.types {
            of_type(resource_type, &mut all);
        }
        all
    }
}

impl Type {
    /// The declared types that it names.
    fn names(&self) -> Vec<&str> {
        match self {
            Type::Named(name) => vec![name],
            Type::Optional(inner)
            | Type::List(inner)
            | Type::Sequence(inner)
            | Type::Keyed { item: inner, .. }
            | Type::Map(inner) => inner.names(),
            Type::Record(fields) => fields.iter().flat_map(|(_, ty)| ty.names()).collect(),
            _ => Vec::new(),
        }
    }
}

fn of_type<'d>(resource_type: &'d ResourceType, all: &mut Vec<&'d Expr>) {
    for attribute in &resource_type.attributes {
        all.extend(attribute.default.iter().chain(&attribute.read).chain(&attribute.canonical));
    }
    all.extend(resource_type.ready.iter().map(|ready| &ready.condition));
    if let Some(broken) = &resource_type.broken {
        all.extend([&broken.condition].into_iter().chain(&broken.message));
    }
    all.extend(&resource_type.stuck);
    for operation in &resource_type.operations {
        of_operation(operation, all);
    }
}

fn of_operation<'d>(operation: &'d Operation, all: &mut Vec<&'d Expr>) {
    of_request(&operation.request, all);
    all.extend(operation.inputs.iter().filter_map(|(_, default)| default.as_ref()));
    all.extend(&operation.when);
    of_answers(&operation.answers, all);
    all.extend(operation.ready.iter().map(|ready| &ready.condition));
    all.extend(operation.sets.iter().map(|(_, expr)| expr));
    all.extend(&operation.next_page);
}

fn of_request<'d>(request: &'d Request, all: &mut Vec<&'d Expr>) {
    match request {
        Request::Http { method, path, query, headers, body } => {
            all.extend([method, path]);
            all.extend(query.iter().chain(headers).map(|(_, expr)| expr));
            all.extend(body);
        }
        Request::Exec { argv, env, files, stdin } => {
            all.extend(argv);
            all.extend(env.iter().chain(files).map(|(_, expr)| expr));
            all.extend(stdin);
        }
    }
}

fn of_answers<'d>(answers: &'d [Answer], all: &mut Vec<&'d Expr>) {
    for answer in answers {
        all.extend(&answer.condition);
        match &answer.meaning {
            Meaning::Found(expr) | Meaning::List(expr) => all.push(expr),
            Meaning::Done(expr)
            | Meaning::Exists(expr)
            | Meaning::NotFound(expr)
            | Meaning::Refused(expr)
            | Meaning::Unavailable(expr)
            | Meaning::Unreachable(expr)
            | Meaning::Lost(expr)
            | Meaning::Denied(expr)
            | Meaning::Invalid(expr)
            | Meaning::Busy(expr) => all.extend(expr),
            Meaning::Gone | Meaning::Content | Meaning::Reauthenticate => {}
        }
    }
}
