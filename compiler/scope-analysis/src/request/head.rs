//! The head of a request: what type, what operation, where.

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Clause, Expr, ExprKind, ItemKind, RecordEntry, ThingKind};

use super::expand::path;
use super::{Body, Clauses, Patch, Requested};
use crate::context::Context;
use crate::eval::Frame;
use crate::group::{Carrying, Scoped};
use crate::hir::{Location, OperationKind, ResourceId, ResourceKind, ResourceType, Value};
use crate::modules::{ModuleId, NameKind};
use crate::scope::RequestScope;

/// A request whose place is known and whose body is not yet evaluated.
pub(crate) struct Head<'a> {
    pub id: ResourceId,
    pub name: String,
    pub kind: ResourceKind,
    /// `openstack.server`
    pub ty: String,
    pub body: Body<'a>,
    pub scope: Option<RequestScope>,
    pub location: Location,
    /// The `with` clauses, those of its groups first.
    pub with: Vec<Carrying<'a>>,
    pub patches: Vec<Patch<'a>>,
    /// The words that name it, for messages and for pointing at it when running.
    pub span: Span,
    /// Where its body is evaluated; `here` is added for each site.
    pub frame: Frame,
    /// The group whose alternatives it shares.
    pub group: Option<String>,
    pub docs: Vec<String>,
}

impl<'a> Context<'a> {
    pub(super) fn make_head(&self, id: ResourceId, requested: &Requested) -> Option<Head<'a>> {
        let item = self.requested_item(requested);
        match &item.kind {
            ItemKind::Thing(thing) => self.thing_head(id, item, thing, requested),
            ItemKind::Native(native) => self.native_head(id, item, native, requested),
            _ => None,
        }
    }

    /// Reports a resource of a type that nothing creates.
    fn check_made(&self, ty: &ResourceType, written: &ast::Path, name: &str) {
        if ty.operations.values().any(|operation| operation.kind == OperationKind::Create) {
            return;
        }
        let mut report =
            Diagnostic::new(codes::E0336, written.span, format!("nothing creates a `{}`", ty.name))
                .label(format!("`{name}` cannot be made"))
                .secondary(ty.span, "has no operation `create`");
        let operations = ty.operations.values().map(|operation| operation.name.as_str());
        if let Some(nearest) = similar::nearest("create", operations) {
            report =
                report.note(format!("its operation `{nearest}` is called by `call`, and by nothing else"));
        }
        self.report(report.help(format!(
            "what is there already is read by `existing {name}: {}`; for one that is made, add `operation create …` to the type",
            ty.name
        )));
    }

    fn thing_head(
        &self,
        id: ResourceId,
        item: &'a ast::Item,
        thing: &'a ast::Thing,
        requested: &Requested,
    ) -> Option<Head<'a>> {
        let frame = requested.frame.clone();
        let module = frame.module;
        let name = requested.name.clone();
        let (ty, kind) = match thing.kind {
            ThingKind::Resource => (self.resource_type(&thing.ty, module)?, ResourceKind::Managed),
            ThingKind::Existing => (self.resource_type(&thing.ty, module)?, ResourceKind::Existing),
            ThingKind::Call => {
                let (ty, operation) = self.called_operation(&thing.ty, module)?;
                (ty, ResourceKind::Call { operation })
            }
        };
        if kind == ResourceKind::Managed {
            self.check_made(ty, &thing.ty, &name);
        }
        let clauses = self.clauses(&thing.clauses, &frame)?;
        let body = match &thing.body {
            Some(expr) => Body::Expr(expr),
            None => Body::Empty,
        };
        let span = thing.name.span;
        self.record_use(
            NameKind::Resource,
            span,
            span,
            crate::hover::with_docs(format!("`{}`: `{}`", thing.name.text, ty.name), &item.docs),
        );
        let driver = &self.drivers[&ty.driver];
        let group = self.group(requested.group);
        let own = clauses.scope.map(|(scope, frame)| Scoped { scope, frame, group: String::new() });
        let place = self.place(ty, driver, &group.scopes, own.as_ref(), &name, span);
        self.check_place(ty, driver, place.scope.as_ref(), &place.location, &name, span);
        self.check_versions(ty, driver, &place.location, &name, span);
        self.check_cross(&place.location, ty, &kind, &name);
        self.check_deletion(ty, &kind, &place.location, span);
        // A scope in the body is reported as what it is.
        let is_inside = matches!(&body, Body::Expr(expr) if has_key(expr, "scope"));
        let is_placed = place.scope.is_some() || is_inside;
        if !is_placed && thing.kind == ThingKind::Resource && self.sites.borrow().len() > 1 {
            // All of a group lack the scope of the group: it is said once, there. So it is for the elements of a family.
            let (what, at) = match group.name.as_str() {
                "" => (thing.name.text.as_str(), span),
                group_name => (group_name, group.span),
            };
            self.report(
                Diagnostic::new(codes::W0313, at, format!("`{what}` has no scope"))
                    .label("made at the entry site only")
                    .note("the program has several sites")
                    .help("say where: `scope { … }`; `scope { local }` is the entry site"),
            );
        }
        let item_path = path(&group, &thing.name.text);
        let mut with = group.with.clone();
        with.extend(clauses.with.into_iter().map(|expr| Carrying {
            expr,
            frame: frame.clone(),
            item: item_path.clone(),
            element: name.clone(),
            within: group.name.clone(),
        }));
        Some(Head {
            id,
            name,
            kind,
            ty: ty.name.clone(),
            body,
            scope: place.scope,
            location: place.location,
            with,
            patches: clauses.patches,
            span,
            frame,
            group: place.group,
            docs: item.docs.clone(),
        })
    }

    /// `openstack.server.reboot`: a type and one of its operations.
    pub(super) fn called_operation(
        &self,
        path: &ast::Path,
        module: ModuleId,
    ) -> Option<(&ResourceType, String)> {
        let (operation, rest) = path.names.split_last()?;
        if rest.len() < 2 {
            self.report(
                Diagnostic::new(codes::E0207, path.span, "a `call` names a type and one of its operations")
                    .label("expected `driver.type.operation`")
                    .help("write the driver, the type and the operation, with dots between"),
            );
            return None;
        }
        let span = rest[0].span.to(rest[rest.len() - 1].span);
        let ty = self.resource_type(&ast::Path { names: rest.to_vec(), span }, module)?;
        if let Some(declared) = ty.operations.get(&operation.text) {
            self.record_use(
                NameKind::Operation,
                operation.span,
                declared.span,
                format!("operation `{}`", operation.text),
            );
            return Some((ty, operation.text.clone()));
        }
        let mut report = Diagnostic::new(
            codes::E0207,
            operation.span,
            format!("`{}` has no operation `{}`", ty.name, operation.text),
        )
        .label("no such operation")
        .secondary(ty.span, "the type is declared here");
        let names = ty.operations.keys().map(String::as_str);
        report = match similar::nearest(&operation.text, names.clone()) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(operation.span, nearest)]),
            None => report.help(format!("it has {}", names.collect::<Vec<_>>().join(", "))),
        };
        self.report(report);
        None
    }

    pub(super) fn clauses(&self, written: &'a [Clause], frame: &Frame) -> Option<Clauses<'a>> {
        let mut clauses = Clauses { scope: None, with: Vec::new(), patches: Vec::new() };
        let mut first: Option<Span> = None;
        for clause in written {
            match clause {
                Clause::Scope(expr) => {
                    if let Some(first) = first {
                        self.report(
                            Diagnostic::new(codes::E0103, expr.span, "a request has one scope")
                                .label("a second one")
                                .secondary(first, "the first")
                                .help("write all its services in one scope"),
                        );
                        continue;
                    }
                    first = Some(expr.span);
                    clauses.scope = Some(self.clause_scope(expr, frame)?);
                }
                Clause::With(expr) => clauses.with.push(expr),
                Clause::At { sites, patch } => clauses.patches.push(Patch { sites, patch }),
            }
        }
        Some(clauses)
    }

    /// Where the request's own service is (R1, R3).
    pub(super) fn location_of(
        &self,
        ty: &ResourceType,
        scope: Option<&RequestScope>,
        name: &str,
        span: Span,
    ) -> Location {
        let here = self.entry.get();
        let written = scope.and_then(|scope| scope.named(&ty.service).or(scope.whole.as_ref()));
        match written {
            Some(location) if location.has_here() && here.is_none() => {
                self.entry_location(&format!("`{name}`"), location.span)
            }
            Some(location) => self.placed(location, here, &ty.driver),
            None if scope.is_some_and(|scope| scope.has_holes) => {
                Location { kind: crate::hir::LocationKind::Error, span }
            }
            None => self.entry_location(&format!("`{name}`"), span),
        }
    }

    /// Where a service is for a request evaluated at `here` (R1, R2, R8).
    pub fn service_location(
        &self,
        ty: &ResourceType,
        service: &str,
        scope: Option<&RequestScope>,
        here: crate::hir::SiteId,
        span: Span,
    ) -> Location {
        let at_here = Location { kind: crate::hir::LocationKind::Site(here), span };
        if service == ty.service {
            return at_here;
        }
        let Some(scope) = scope else { return at_here };
        if let Some(location) = scope.named(service) {
            return self.placed(location, Some(here), &ty.driver);
        }
        if scope.whole.is_some() {
            return at_here;
        }
        self.entry_location("this look-up", span)
    }

    /// The type of a requested resource.
    pub fn requested_type(&self, resource: ResourceId) -> Option<String> {
        self.head_summary(resource).map(|head| head.ty)
    }

    /// `vm.id`, `vm.sites`.
    pub fn resource_field(&self, resource: ResourceId, name: &ast::Ident) -> Value {
        use crate::hir::{Deferred, LocationKind, Slot};
        let Some(head) = self.head_summary(resource) else { return Value::Error };
        if name.text == "sites" {
            let span = name.span;
            if matches!(head.location.kind, LocationKind::Error) {
                return Value::Error;
            }
            let slots = head
                .location
                .sites()
                .into_iter()
                .map(|site| Slot { value: Value::Site(site), key: span, span })
                .collect();
            return Value::List(slots);
        }
        let Some(ty) = self.driver_type(&head.ty) else { return Value::Error };
        if let Some(attribute) = ty.attributes.get(&name.text) {
            self.record_use(NameKind::Attribute, name.span, attribute.span, attribute_hover(attribute));
            let path = vec![name.text.clone()];
            let output = Value::Deferred(Box::new(Deferred::Output { resource, site: None, path }));
            if !attribute.is_secret {
                return output;
            }
            // What is given to the resource is where the program has it from.
            if attribute.is_settable {
                self.report(
                    Diagnostic::new(
                        codes::E0601,
                        name.span,
                        format!("`{}` is secret: it is kept nowhere", name.text),
                    )
                    .label("cannot be used elsewhere")
                    .secondary(attribute.span, "declared secret here")
                    .help("use what the resource is given: a `let` or a parameter that both name"),
                );
                return Value::Error;
            }
            self.made_secrets.borrow_mut().insert(name.span, (resource, name.text.clone(), attribute.span));
            return Value::Deferred(Box::new(Deferred::Kept(output)));
        }
        let names: Vec<&str> = ty.attributes.keys().map(String::as_str).chain(["sites"]).collect();
        self.no_field(&name.text, name.span, &format!("`{}` (`{}`)", head.name, head.ty), names.into_iter());
        Value::Error
    }
}

/// What an attribute's hover says.
pub(crate) fn attribute_hover(attribute: &crate::hir::Attribute) -> String {
    let mut words = vec![format!("`{}`: `{}`", attribute.name, attribute.ty)];
    for (holds, word) in [
        (attribute.is_computed, "computed"),
        (attribute.is_immutable, "immutable"),
        (attribute.is_secret, "secret"),
        (attribute.is_required, "required"),
    ] {
        if holds {
            words.push(word.into());
        }
    }
    if attribute.canonical.is_some() {
        words.push("compared by its canonical form".into());
    }
    crate::hover::with_docs(words.join(", "), &attribute.docs)
}

/// Whether a record has a literal key.
fn has_key(expr: &Expr, key: &str) -> bool {
    let ExprKind::Record(entries) = expr.kind.as_ref() else { return false };
    entries.iter().any(|entry| match entry {
        RecordEntry::Field { key: written, .. } => written.literal().is_some_and(|written| written == key),
        _ => false,
    })
}
