//! A driver looked at as its reviewer would: what no program would tell before it runs.
//!
//! Comes in: an elaborated driver. Goes out: reports. Errors are what will fail at a site (an answer without a meaning, a
//! path with a hole that nothing fills, a matrix that leaves a pair open), warnings what will fail when something goes
//! wrong (a creation that cannot safely be repeated, and by nothing be recognised afterwards).
//!
//! `operation read GET "/x/${id}" { 200 -> found(body) }` in a service without `answers` → "says nothing of 100..199, 201..599".

use std::collections::HashSet;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Severity, codes};
use scope_syntax::ast::{Expr, ExprKind, TextPart};

use super::resource::why_no_update;
use super::{laws, walk};
use crate::hir::{
    Answer, Attribute, Driver, Meaning, Operation, OperationKind, Repeat, Request, ResourceType, Service,
    Type,
};

/// Everything that is to be said of a driver without errors.
pub fn review(driver: &Driver) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    if driver.versions.is_none() {
        warn(
            Diagnostic::new(
                codes::E0414,
                driver.span,
                format!("the driver `{}` does not say what versions it is for", driver.name),
            )
            .help("add `versions: \"1.0\"..\"2.4\"`, both included"),
            &mut diagnostics,
        );
    }
    for service in driver.services.values() {
        if service.probe.is_none() {
            warn(
                Diagnostic::new(
                    codes::E0414,
                    service.span,
                    format!("the service `{}` has no `probe`", service.name),
                )
                .label("`scope sites` cannot ask whether it answers, nor for its version")
                .help("add `probe GET \"/\" { 200 -> done(body.version) }`"),
                &mut diagnostics,
            );
        }
    }
    for service in driver.services.values() {
        silence(service, driver, &mut diagnostics);
    }
    let mut open: Gaps<'_> = IndexMap::new();
    for ty in driver.types.values() {
        one_type(ty, driver, &mut open, &mut diagnostics);
    }
    for ((service, statuses), operations) in open {
        // A run takes them by their hundred; what the application means may be something else.
        warn(gap(driver.services.get(service), &statuses, &operations), &mut diagnostics);
    }
    diagnostics
}

/// Service and statuses without a meaning → the operations that may get them.
type Gaps<'d> = IndexMap<(&'d str, String), Vec<(&'d Operation, &'d ResourceType)>>;

fn gap(service: Option<&Service>, statuses: &str, operations: &[(&Operation, &ResourceType)]) -> Diagnostic {
    let (first, ty) = operations[0];
    let also = match operations.len() {
        1 => String::new(),
        more => format!(", nor do {} more operations of its service", more - 1),
    };
    let report = Diagnostic::new(
        codes::E0414,
        first.span,
        format!("`{}` of `{}` does not say what these answers mean: {statuses}{also}", first.name, ty.name),
    )
    .label("its rules, those of the type and of the service together")
    .help(match first.request {
        Request::Http { .. } => {
            "add to the service: `answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }`"
        }
        Request::Exec { .. } => "add to the service: `answers { any -> invalid(err) }`",
    });
    match service {
        Some(service) => report.secondary(service.span, "the service"),
        None => report,
    }
}

/// A service asked by commands, whose words for a site that is cut off nobody knows: a command ends all the same.
fn silence(service: &Service, driver: &Driver, diagnostics: &mut Vec<Diagnostic>) {
    let is_cut = |answers: &[Answer]| {
        answers.iter().any(|answer| matches!(answer.meaning, Meaning::Unreachable | Meaning::Lost))
    };
    let types = driver.types.values().filter(|ty| ty.service == service.name);
    let mut asked = types
        .flat_map(|ty| ty.operations.values())
        .filter(|operation| matches!(operation.request, Request::Exec { .. }))
        .peekable();
    if asked.peek().is_none() || is_cut(&service.answers) || asked.any(|operation| is_cut(&operation.answers))
    {
        return;
    }
    warn(
        Diagnostic::new(
            codes::E0414,
            service.span,
            format!("no answer of `{}` says that its site cannot be reached", service.name),
        )
        .label("steps fail where a site is cut off, instead of waiting for it")
        .help("add to its `answers`: `any if err matching r\"refused|no route\" -> unreachable(err)`"),
        diagnostics,
    );
}

fn warn(report: Diagnostic, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.push(Diagnostic { severity: Severity::Warning, ..report });
}

fn one_type<'d>(
    ty: &'d ResourceType,
    driver: &Driver,
    open: &mut Gaps<'d>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let service = driver.services.get(&ty.service);
    for operation in ty.operations.values() {
        // An update that is the creation done again was looked at as such.
        let is_again =
            ty.operations.values().any(|other| other.name != operation.name && other.span == operation.span)
                && ty.create.as_deref() != Some(&operation.name);
        if is_again {
            continue;
        }
        answers(operation, ty, service, open, diagnostics);
        bound(operation, ty, diagnostics);
        repeats(operation, ty, diagnostics);
    }
    if ty.create.is_none() {
        return;
    }
    if ty.merge.is_empty() {
        warn(
            Diagnostic::new(codes::E0410, ty.span, format!("`{}` has no merge matrix", ty.name))
                .label("what two sites did to it while cut off from each other cannot be put together")
                .help("add `merge { create then create -> take-one … }`"),
            diagnostics,
        );
    } else {
        diagnostics.extend(laws::incomplete(ty));
    }
    readiness(ty, diagnostics);
    mark(ty, diagnostics);
    command_lines(ty, diagnostics);
    unsent(ty, diagnostics);
    unchanged(ty, diagnostics);
}

/// Attributes that a program may set otherwise later, of a type that no operation changes.
fn unchanged(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    if ty.operations.values().any(|operation| operation.kind == OperationKind::Update) {
        return;
    }
    let is_changed = |attribute: &&Attribute| {
        let is_identity = attribute.name == ty.identity;
        attribute.is_settable && !attribute.is_immutable && !is_identity
    };
    let changed: Vec<&Attribute> = ty.attributes.values().filter(is_changed).collect();
    let Some(first) = changed.first() else { return };
    let names: Vec<String> = changed.iter().map(|attribute| format!("`{}`", attribute.name)).collect();
    let report = Diagnostic::new(
        codes::E0414,
        first.span,
        format!("no operation of `{}` changes {}", ty.name, names.join(", ")),
    )
    .label("a program that sets another value later is refused (E0905)");
    let report = match why_no_update(ty) {
        Some(why) => report.note(why),
        None => report,
    };
    warn(
        report.help("add `operation update …`, or say that it stays as it was made: `immutable`"),
        diagnostics,
    );
}

/// Attributes that a program sets and no operation uses: what is written there has no effect, and differs at every look.
fn unsent(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    let mut named: HashSet<&str> = HashSet::new();
    for operation in ty.operations.values() {
        // What says how an answer is read is used as well.
        let mut parts: Vec<&Expr> = operation.when.iter().chain(&operation.next_page).collect();
        parts.extend(
            operation.answers.iter().flat_map(|answer| answer.condition.iter().chain(&answer.argument)),
        );
        let ready = operation.ready.iter().chain(&ty.ready);
        parts.extend(ready.map(|ready| &ready.condition));
        match &operation.request {
            Request::Http { method, path, query, headers, body } => {
                parts.extend(query.iter().chain(headers).map(|(_, value)| value));
                parts.extend([method, path]);
                parts.extend(body);
            }
            Request::Exec { argv, env, files, stdin } => {
                parts.extend(env.iter().chain(files).map(|(_, value)| value));
                parts.extend(argv);
                parts.extend(stdin);
            }
        }
        for part in parts {
            walk::each(part, &mut |expr| {
                if let ExprKind::Name(name) = &*expr.kind {
                    named.insert(name);
                }
            });
        }
    }
    // What changed is sent as it is, whatever it is.
    if named.contains("changes") {
        return;
    }
    // What can have but one value says nothing that the request does not say: `kind` of a manifest.
    let is_said = |ty: &Type| matches!(ty.required(), Type::Enum(values) if values.len() == 1);
    let is_unsent = |attribute: &&Attribute| {
        attribute.is_settable && !named.contains(attribute.name.as_str()) && !is_said(&attribute.ty)
    };
    for attribute in ty.attributes.values().filter(is_unsent) {
        let name = &attribute.name;
        warn(
            Diagnostic::new(
                codes::E0414,
                attribute.span,
                format!("no operation of `{}` sends `{name}`", ty.name),
            )
            .label("what a program sets here stays where it is")
            .help(format!("name it in a body, a query or a path, `body: {{ {name}: {name} }}`; what the site gives is `computed`")),
            diagnostics,
        );
    }
}

/// Statuses for which no rule holds without a condition.
fn answers<'d>(
    operation: &'d Operation,
    ty: &'d ResourceType,
    service: Option<&Service>,
    gaps: &mut Gaps<'d>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let of_service = service.map(|service| service.answers.as_slice()).unwrap_or_default();
    let rules: Vec<&Answer> = operation.answers.iter().chain(of_service).collect();
    let range = match operation.request {
        // Redirects are followed or refused by the transport, the first hundred is never an end.
        Request::Http { .. } => 200_u16..=599,
        Request::Exec { .. } => 0..=255,
    };
    let meaning = |status: u16| {
        let holds = |rule: &&&Answer| {
            rule.codes.is_empty() || rule.codes.iter().any(|(low, high)| (*low..=*high).contains(&status))
        };
        rules.iter().filter(holds).find(|rule| rule.condition.is_none()).map(|rule| rule.meaning)
    };
    let mut open: Vec<(u16, u16)> = Vec::new();
    for status in range {
        let is_redirect = matches!(operation.request, Request::Http { .. }) && (300..400).contains(&status);
        // Of what worked, only the statuses that the application gives.
        let is_success = matches!(operation.request, Request::Http { .. }) && (200..300).contains(&status);
        if is_redirect || is_success || meaning(status).is_some() {
            continue;
        }
        match open.last_mut() {
            Some((_, high)) if *high + 1 == status => *high = status,
            _ => open.push((status, status)),
        }
    }
    if !open.is_empty() {
        let listed: Vec<String> = open
            .iter()
            .map(|(low, high)| if low == high { low.to_string() } else { format!("{low}..{high}") })
            .collect();
        gaps.entry((&ty.service, listed.join(", "))).or_default().push((operation, ty));
    }
    let wanted: &[Meaning] = match operation.kind {
        OperationKind::Find => &[Meaning::List, Meaning::Found],
        OperationKind::Read => &[Meaning::Found],
        OperationKind::Delete => &[Meaning::Gone, Meaning::Done],
        OperationKind::Download => &[Meaning::Content],
        OperationKind::Create => &[Meaning::Done, Meaning::Found, Meaning::Exists],
        OperationKind::Upload | OperationKind::Update | OperationKind::Action => {
            &[Meaning::Done, Meaning::Found, Meaning::List]
        }
    };
    let has_wanted = operation.answers.iter().any(|rule| wanted.contains(&rule.meaning));
    if !has_wanted {
        diagnostics.push(
            Diagnostic::new(
                codes::E0414,
                operation.span,
                format!("no answer of `{}` says what it was asked for", operation.name),
            )
            .label(match operation.kind {
                OperationKind::Find => "a search answers `list(…)`",
                OperationKind::Read => "a look at one answers `found(…)`",
                OperationKind::Delete => "a deletion answers `gone`",
                OperationKind::Download => "a download answers `content`",
                _ => "what changes something answers `done`",
            }),
        );
    }
    let http = matches!(operation.request, Request::Http { .. });
    let absent = meaning(404);
    let is_understood =
        matches!(absent, Some(Meaning::NotFound | Meaning::Gone | Meaning::Found | Meaning::List));
    if http && operation.kind == OperationKind::Read && !is_understood && absent.is_some() {
        warn(
            Diagnostic::new(
                codes::E0414,
                operation.span,
                format!(
                    "`{}` of `{}` takes 404 for something else than `not_found`",
                    operation.name, ty.name
                ),
            )
            .label("one that is gone would never be made again"),
            diagnostics,
        );
    }
    if http
        && operation.kind == OperationKind::Delete
        && !matches!(absent, Some(Meaning::Gone | Meaning::NotFound))
        && absent.is_some()
    {
        warn(
            Diagnostic::new(
                codes::E0414,
                operation.span,
                format!("`{}` of `{}` takes 404 for something else than `gone`", operation.name, ty.name),
            )
            .label("deleting what is deleted would fail")
            .help("add `404 -> gone`"),
            diagnostics,
        );
    }
}

/// Holes of a path that may be empty: an attribute that need not be set, and is no identity.
fn bound(operation: &Operation, ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    let Request::Http { path, .. } = &operation.request else { return };
    let ExprKind::Text(text) = &*path.kind else { return };
    for part in &text.parts {
        let TextPart::Interpolation(hole) = part else { continue };
        // `${a ?? b}`, a call, a condition: the driver has thought of it.
        let ExprKind::Name(name) = &*hole.kind else { continue };
        if let Some((_, default)) = operation.inputs.get(name) {
            if default.is_none() && operation.kind != OperationKind::Action {
                diagnostics
                    .push(unbound(hole, format!("nothing gives the input `{name}` of `{}`", operation.name)));
            }
            continue;
        }
        let Some(attribute) = ty.attributes.get(name) else { continue };
        // What has been looked up knows its computed attributes; what is being made does not.
        let is_before = matches!(operation.kind, OperationKind::Create | OperationKind::Find)
            && operation.after.is_none();
        let is_known = match is_before {
            true => {
                attribute.is_required
                    || attribute.default.is_some()
                    || (attribute.is_identity && attribute.is_settable)
            }
            false => {
                attribute.is_required
                    || attribute.default.is_some()
                    || attribute.is_identity
                    || attribute.is_computed
            }
        };
        if !is_known {
            let message =
                format!("`{name}` may not be set when `{}` of `{}` needs it", operation.name, ty.name);
            diagnostics.push(unbound(hole, message).secondary(attribute.span, "need not be set"));
        }
    }
}

fn unbound(hole: &Expr, message: String) -> Diagnostic {
    Diagnostic::new(codes::E0414, hole.span, message)
        .label("would be an empty part of the path")
        .help("give it a default, or say what stands here without it: `${x ?? \"default\"}`")
}

/// A creation or action that is not safe to repeat, and does not say so.
fn repeats(operation: &Operation, ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    let changes = matches!(
        operation.kind,
        OperationKind::Create | OperationKind::Update | OperationKind::Action | OperationKind::Upload
    );
    if operation.is_repeat_said || !changes || operation.repeat != Repeat::None {
        return;
    }
    warn(
        Diagnostic::new(
            codes::E0415,
            operation.span,
            format!("`{}` of `{}` does not say what makes a repeat safe", operation.name, ty.name),
        )
        .label("taken as `repeat by none`: an answer that is lost is asked about, never repeated")
        .help("`repeat by id`, `by name`, `by mark`, `by key(\"Header\")`, `by always`, or `by none` if nothing does"),
        diagnostics,
    );
}

/// A readiness that no site can tell.
fn readiness(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    let Some(ready) = &ty.ready else { return };
    if ready.every_ms > ready.within_ms {
        diagnostics.push(
            Diagnostic::new(
                codes::E0414,
                ready.condition.span,
                format!(
                    "`{}` is looked at every {} ms, but waited for {} ms",
                    ty.name, ready.every_ms, ready.within_ms
                ),
            )
            .label("would be looked at once")
            .help("`every` is the shorter time"),
        );
    }
    let mut names: Vec<&str> = Vec::new();
    walk::each(&ready.condition, &mut |expr| {
        if let ExprKind::Name(name) = &*expr.kind {
            names.push(name);
        }
    });
    let told =
        names.iter().filter_map(|name| ty.attributes.get(*name)).any(|attribute| !attribute.is_write_only);
    if !told {
        diagnostics.push(
            Diagnostic::new(
                codes::E0414,
                ready.condition.span,
                format!("the readiness of `{}` looks at nothing that the site tells", ty.name),
            )
            .label("is always the same")
            .help("name an attribute that the site answers: `ready when status == \"ACTIVE\"`"),
        );
    }
}

/// How one that an interrupted run made is recognised.
fn mark(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(attribute) = ty.mark.as_ref().and_then(|path| ty.attributes.get(path.first()?)) {
        let why_not = if attribute.is_write_only {
            "the site does not answer it"
        } else if !attribute.is_settable {
            "it cannot be set"
        } else {
            return;
        };
        diagnostics.push(
            Diagnostic::new(
                codes::E0414,
                ty.span,
                format!("the owner mark of `{}` is kept in `{}`, but {why_not}", ty.name, attribute.name),
            )
            .secondary(attribute.span, "declared here"),
        );
        return;
    }
    let create = ty.create.as_ref().and_then(|create| ty.operations.get(create));
    let is_recognised = create.is_some_and(|create| create.repeat != Repeat::None)
        || ty.attributes.get(&ty.identity).is_some_and(|identity| identity.is_settable);
    if ty.mark.is_none() && !is_recognised && create.is_some_and(|create| !create.is_repeat_said) {
        warn(
            Diagnostic::new(
                codes::E0415,
                ty.span,
                format!("nothing tells a `{}` of ours from any other", ty.name),
            )
            .label("no `mark`, and the site chooses the identity")
            .help("say where an owner mark may be kept: `mark in metadata.scope_mark`"),
            diagnostics,
        );
    }
}

/// A native creation that cannot set what has to be set.
fn command_lines(ty: &ResourceType, diagnostics: &mut Vec<Diagnostic>) {
    let create = ty.create.as_deref();
    for command in ty.commands.iter().filter(|command| Some(command.operation.as_str()) == create) {
        let is_set = |name: &str| {
            let holes = command.positional.iter().chain(command.flags.values());
            let by_hole = holes.into_iter().any(|hole| hole.path.first().is_some_and(|first| first == name));
            let by_flag = command.constants.values().flatten().any(|(attribute, _)| attribute == name);
            by_hole || by_flag
        };
        for attribute in
            ty.attributes.values().filter(|attribute| attribute.is_required && !is_set(&attribute.name))
        {
            diagnostics.push(
                Diagnostic::new(
                    codes::E0414,
                    command.span,
                    format!(
                        "the command for `{}` of `{}` cannot set `{}`",
                        command.operation, ty.name, attribute.name
                    ),
                )
                .label("has no place for it")
                .secondary(attribute.span, "must be set")
                .help(format!(
                    "add `--{} ${{{}}}`",
                    attribute.name.replace('_', "-"),
                    attribute.name
                )),
            );
        }
    }
}
