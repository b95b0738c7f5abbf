//! The body of a request, evaluated once for each site: attributes checked, defaults left to the driver, references
//! taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{Expr, ExprKind};

use super::replaced::replaced_lists;
use super::{Body, Head, Patch};
use crate::check::{Referring, Whole, holds_secret, leave_out};
use crate::context::Context;
use crate::eval::{Frame, merge_slot};
use crate::group::Carrying;
use crate::hir::{
    Attribute, GroupId, Instance, OnDisconnect, Operation, Resource, ResourceKind, ResourceType, SiteId,
    Slot, Type, Value, With,
};
use crate::modules::NameKind;
use crate::with::{Written, WrittenAt};

impl<'a> Context<'a> {
    pub(super) fn resource(&self, head: &Head<'a>) -> Option<Resource> {
        let ty = self.driver_type(&head.ty)?;
        let with = self.carried_out(head);
        self.check_disconnect(head, with.on_disconnect.as_ref());
        self.check_quorum(head, &with);
        let mut instances = IndexMap::new();
        let sites = head.location.sites();
        for site in &sites {
            instances.insert(*site, self.instance(head, ty, *site));
        }
        if sites.is_empty() {
            // No place is known: the body is checked all the same, at any site, so that one run shows every mistake.
            let any = self.entry.get().or((!self.sites.borrow().is_empty()).then_some(SiteId(0)));
            if let Some(site) = any {
                self.instance(head, ty, site);
            }
            return None;
        }
        let whole = Whole { name: &head.name, ty, kind: &head.kind, span: head.span };
        self.divide(&whole, &head.location, &with, &mut instances);
        self.borrowed(head, &with, &mut instances);
        let name_of = |site: SiteId| self.site_name(site);
        Some(Resource {
            id: head.id,
            name: head.name.clone(),
            kind: head.kind.clone(),
            ty: head.ty.clone(),
            span: head.span,
            location: head.location.clone(),
            scope: head.scope.as_ref().map(|scope| scope.text(&name_of)),
            services: self.completion(ty, head.scope.as_ref(), &head.location),
            instances,
            with,
            group: head.group.clone(),
            docs: head.docs.clone(),
        })
    }

    /// How it is carried out: the `with` clauses of its groups and its own, the inner one winning.
    fn carried_out(&self, head: &Head<'a>) -> With {
        let mut written = WrittenAt::new();
        let sites = if head.with.is_empty() { Vec::new() } else { head.location.sites() };
        let is_copied = sites.len() > 1;
        let mut at = |here: Option<SiteId>| {
            let mut record: IndexMap<String, Slot> = IndexMap::new();
            for clause in &head.with {
                let frame = Frame { here, ..clause.frame.clone() };
                for (key, slot) in self.with_record(&[clause.expr], &frame) {
                    let Carrying { item, element, within, .. } = clause.clone();
                    // At several sites it is the same clause once more.
                    let around = match (record.get(&key), written.remove(&key)) {
                        (Some(_), Some(before)) if before.element == element => before.around,
                        (Some(said), Some(before)) => Some((said.clone(), Box::new(before))),
                        _ => None,
                    };
                    written.insert(key.clone(), Written { item, element, within, is_copied, around });
                    merge_slot(&mut record, key, slot);
                }
            }
            record
        };
        let Some((first, others)) = sites.split_first() else {
            let record = at(self.entry.get());
            return self.check_with(record, &head.name, &written);
        };
        let mut record = at(Some(*first));
        for other in others {
            for (key, slot) in at(Some(*other)) {
                if record.get(&key).is_some_and(|known| self.is_same(&known.value, &slot.value)) {
                    continue;
                }
                let report = self
                    .differs(&key, slot.span, [*first, *other])
                    .secondary(head.location.span, format!("where `{}` is", head.name))
                    .help("give it one value for all of them, or write a resource for each site (`for s in … scope { s }`)");
                self.report(report);
                record.shift_remove(&key);
            }
        }
        self.check_with(record, &head.name, &written)
    }

    fn instance(&self, head: &Head<'a>, ty: &ResourceType, site: SiteId) -> Instance {
        let frame = Frame { here: Some(site), ..head.frame.clone() };
        let mut written = match &head.body {
            Body::Empty => IndexMap::new(),
            Body::Native(filled) => self.native_attributes(filled, &frame),
            Body::Expr(expr) => match self.eval(expr, &frame) {
                Value::Record(fields) => fields,
                Value::Error => return Instance::default(),
                other => {
                    self.mismatch("a record of attributes", &other, expr.span);
                    return Instance::default();
                }
            },
        };
        let mut replaced = Vec::new();
        for patch in &head.patches {
            let sites = self.patched_sites(patch, &frame);
            if self.sites_of(&sites).is_some_and(|sites| sites.contains(&site))
                && let Value::Record(fields) = self.eval(patch.patch, &frame)
            {
                replaced.extend(replaced_lists(&written, &fields, ty));
                for (key, slot) in fields {
                    merge_slot(&mut written, key, slot);
                }
            }
        }
        if let Some(report) = self.is_of_another_type(head, ty, &written) {
            self.report(report);
            return Instance::default();
        }
        Instance { replaced, ..self.checked_instance(head, ty, site, written) }
    }

    fn checked_instance(
        &self,
        head: &Head<'a>,
        ty: &ResourceType,
        site: SiteId,
        written: IndexMap<String, Slot>,
    ) -> Instance {
        let operation = match &head.kind {
            ResourceKind::Call { operation } | ResourceKind::Print { operation } => {
                ty.operations.get(operation)
            }
            ResourceKind::Managed | ResourceKind::Existing => None,
        };
        let frame = Frame { here: Some(site), ..head.frame.clone() };
        let referring = Referring {
            ty,
            name: &head.name,
            scope: head.scope.as_ref(),
            location: &head.location,
            group: head.group.as_deref(),
            here: site,
            only_reads: matches!(head.kind, ResourceKind::Existing | ResourceKind::Print { .. }),
        };
        let mut instance = Instance::default();
        let mut unknown: Vec<(String, Diagnostic)> = Vec::new();
        for (name, mut slot) in written {
            if let Some((input_type, _)) = operation.and_then(|operation| operation.inputs.get(&name)) {
                slot.value = self.check_value(slot.value, input_type, slot.span, &name);
                leave_out(&mut slot.value, input_type);
                instance.attributes.insert(name, slot);
                continue;
            }
            let is_managed = head.kind == ResourceKind::Managed;
            let Some(attribute) = self.settable(ty, operation, is_managed, &name, &slot, &mut unknown) else {
                continue;
            };
            if !self.check_attribute_version(attribute, ty, site, slot.key) {
                continue;
            }
            if !attribute.is_secret && holds_secret(&slot.value) {
                let reason = format!("anyone who can see the `{}` can read it", ty.short_name);
                let giver = self.secret_giver(head, &name, &frame);
                let span = giver.map_or(slot.span, |giver| giver.span);
                let written = giver.map(|giver| (giver, &frame));
                self.check_secret_flow(&slot.value, &name, &reason, span, written);
                // Given, if wrongly: it is not also missing.
                instance.attributes.insert(name, Slot { value: Value::Error, ..slot });
                continue;
            }
            if attribute.is_secret
                && matches!(slot.value, Value::Text(_))
                && head.kind == ResourceKind::Managed
            {
                self.report(
                    Diagnostic::new(
                        codes::E0601,
                        slot.span,
                        format!("`{name}` is secret and stands in the program's text"),
                    )
                    .label("anyone who reads the file has it")
                    .help(format!("write `secret(\"{}\")` and set that variable", name.to_uppercase())),
                );
                // Given, if wrongly: it is not also missing.
                instance.attributes.insert(name, Slot { value: Value::Error, ..slot });
                continue;
            }
            slot.value = self.check_attribute(ty, attribute, slot.value, slot.span);
            leave_out(&mut slot.value, &attribute.ty);
            let declared = attribute.ty.clone();
            self.take_references(&mut slot, &declared, attribute, &referring, &mut instance.references);
            instance.attributes.insert(name, slot);
        }
        if head.kind == ResourceKind::Managed {
            self.check_required((&head.name, head.span), Some(site), ty, &instance.attributes, &mut unknown);
        }
        unknown.into_iter().for_each(|(_, report)| self.report(report));
        instance
    }

    /// The expression that gives a secret to an attribute: in the body, in the words of a command, or in a patch.
    fn secret_giver<'h>(&self, head: &'h Head<'a>, name: &str, frame: &Frame) -> Option<&'h Expr> {
        let (body, filled) = match &head.body {
            Body::Expr(expr) => (Some(*expr), None),
            Body::Native(filled) => (None, filled.iter().find(|filled| filled.name == name)),
            Body::Empty => (None, None),
        };
        let gives = |record: &&Expr| match self.quietly(|| self.eval(record, frame)) {
            Some(Value::Record(fields)) => fields.get(name).is_some_and(|slot| holds_secret(&slot.value)),
            _ => false,
        };
        let records = body.into_iter().chain(head.patches.iter().map(|patch| patch.patch));
        filled
            .map(|filled| &filled.value)
            .or_else(|| records.into_iter().find(gives).map(|record| value_expr(record, name)))
    }

    /// The attribute that is written; reported where it is not to be set, and kept among what is not known where there is none.
    pub(super) fn settable<'t>(
        &self,
        ty: &'t ResourceType,
        operation: Option<&Operation>,
        is_managed: bool,
        name: &str,
        slot: &Slot,
        unknown: &mut Vec<(String, Diagnostic)>,
    ) -> Option<&'t Attribute> {
        let Some(attribute) = ty.attributes.get(name) else {
            let report = unknown_attribute(ty, operation, name, slot.key);
            unknown.push((name.to_owned(), self.with_one_for(ty, &slot.value, report)));
            return None;
        };
        let hover = super::head::attribute_hover(attribute);
        self.record_use(NameKind::Attribute, slot.key, attribute.span, hover);
        if attribute.is_settable || !is_managed {
            return Some(attribute);
        }
        self.report(
            Diagnostic::new(codes::E0208, slot.key, format!("`{name}` is given by the site"))
                .label("cannot be set")
                .secondary(attribute.span, "declared `computed` here")
                .help("leave it out, and read it as an output"),
        );
        None
    }

    /// What is missing; as many as stand there under names that are not known may be meant by these, and are a note of theirs.
    pub(super) fn check_required(
        &self,
        (name, span): (&str, Span),
        site: Option<SiteId>,
        ty: &ResourceType,
        given: &IndexMap<String, Slot>,
        unknown: &mut [(String, Diagnostic)],
    ) {
        let missing: Vec<&Attribute> = ty
            .attributes
            .values()
            .filter(|attribute| attribute.is_required && !given.contains_key(&attribute.name))
            .filter(|attribute| !site.is_some_and(|site| self.lacks(site, ty, &attribute.name)))
            .collect();
        if missing.len() <= unknown.len() {
            let is_meant =
                |name: &str| unknown.iter().any(|(written, _)| similar::nearest(written, [name]).is_some());
            let left = missing.iter().map(|attribute| attribute.name.as_str());
            let left: Vec<String> =
                left.filter(|name| !is_meant(name)).map(|name| format!("`{name}`")).collect();
            if let Some((_, report)) = unknown.first_mut().filter(|_| !left.is_empty()) {
                report.notes.push(format!("`{name}` needs {}", left.join(", ")));
            }
            return;
        }
        let Some(first) = missing.first() else { return };
        let names: Vec<String> = missing.iter().map(|attribute| format!("`{}`", attribute.name)).collect();
        let mut report = Diagnostic::new(codes::E0204, span, format!("`{name}` needs {}", names.join(", ")))
            .label(format!("a `{}` without {}", ty.name, if missing.len() == 1 { "it" } else { "them" }));
        for attribute in &missing {
            report = report.secondary(attribute.span, format!("`{}` is required", attribute.name));
        }
        self.report(report.help(format!("add `{}: …`, of type `{}`", first.name, first.ty)));
    }

    fn check_disconnect(&self, head: &Head<'_>, on_disconnect: Option<&OnDisconnect>) {
        match on_disconnect {
            Some(OnDisconnect::Queue(_)) if head.location.has_alternatives() => self.report(
                Diagnostic::new(
                    codes::E0306,
                    head.with.last().map_or(head.span, |clause| clause.expr.span),
                    "`queue` cannot be asked for left of a `|`",
                )
                .label("waiting here would never let the alternative be tried")
                .secondary(head.location.span, "the alternatives")
                .help("leave it out: what is left of `|` fails, and the next one is tried"),
            ),
            Some(OnDisconnect::LocalOnly) => {
                let entry = self.entry.get();
                if head.location.is_wrong() {
                    // Where it is was reported.
                } else if entry.is_none_or(|entry| !head.location.sites().contains(&entry)) {
                    self.report(
                        Diagnostic::new(
                            codes::E0309,
                            head.location.span,
                            format!(
                                "`local_only` keeps `{}` at the entry site, which is none of these",
                                head.name
                            ),
                        )
                        .label("does not hold the entry site")
                        .help("add the entry site, or choose `queue`, `skip` or `fail`"),
                    );
                } else if let Some(entry) = entry {
                    self.check_local_part(head, entry);
                }
            }
            _ => {}
        }
    }

    /// The sites that a patch is for, as a value. A name that nothing declares and is near a site's was meant as
    /// that.
    pub(crate) fn patched_sites(&self, patch: &Patch<'_>, frame: &Frame) -> Value {
        match (patch.sites.kind.as_ref(), self.quietly(|| self.eval(patch.sites, frame))) {
            (_, Some(sites)) => sites,
            (ExprKind::Name(name), None)
                if similar::nearest(name, self.names.sites.keys().map(String::as_str)).is_some() =>
            {
                self.report_undeclared(self.unknown_site(name, patch.sites.span));
                Value::Error
            }
            (_, None) => self.eval(patch.sites, frame),
        }
    }

    /// A patch at a site where nothing is that it belongs to (of a family or a module that is used often: none of them)
    /// changes nothing.
    pub(super) fn check_patches(&self, heads: &[Option<Rc<Head<'a>>>]) {
        let mut uses: BTreeMap<Span, Vec<Patched<'a>>> = BTreeMap::new();
        let of_heads = heads.iter().flatten().flat_map(|head| {
            head.patches.iter().map(|patch| Patched {
                patch: *patch,
                name: head.name.clone(),
                frame: head.frame.clone(),
                places: head.location.sites(),
                placed: head.location.span,
            })
        });
        for patched in of_heads.chain(self.patched_groups()) {
            uses.entry(patched.patch.sites.span).or_default().push(patched);
        }
        for uses in uses.values() {
            let places: BTreeSet<SiteId> = uses.iter().flat_map(|patched| patched.places.clone()).collect();
            // Where one is not known, it may be anywhere.
            if uses.iter().any(|patched| patched.places.is_empty()) {
                continue;
            }
            for Patched { patch, name, frame, placed, .. } in uses {
                let value = self.patched_sites(patch, frame);
                let Some(patched) = self.sites_of(&value) else {
                    self.mismatch("sites", &value, patch.sites.span);
                    break;
                };
                let Some(outside) = patched.iter().find(|site| !places.contains(site)) else { continue };
                let name = match uses.len() {
                    1 => name.as_str(),
                    _ => name.split('[').next().unwrap_or_default(),
                };
                self.report(
                    Diagnostic::new(
                        codes::E0209,
                        patch.sites.span,
                        format!("`{name}` is never at {}", self.site_name(*outside)),
                    )
                    .label("this patch changes nothing there")
                    .secondary(*placed, "where it is")
                    .help("name a site of its scope"),
                );
                break;
            }
        }
    }
}

/// What a patch is of.
struct Patched<'a> {
    patch: Patch<'a>,
    name: String,
    frame: Frame,
    /// Everywhere it is; nowhere where that is not known.
    places: Vec<SiteId>,
    /// Where that is written.
    placed: Span,
}

impl<'a> Context<'a> {
    /// The patches of groups, each with the group it is of.
    fn patched_groups(&self) -> Vec<Patched<'a>> {
        let count = self.groups.borrow().len();
        let groups = (0..count).map(|index| GroupId(index as u32));
        groups
            .flat_map(|id| {
                let group = self.group(id);
                let placed = group.scopes.last().map_or(group.span, |scoped| scoped.scope.span);
                let places = if group.patches.is_empty() { Vec::new() } else { self.group_sites(id) };
                let patched = group.patches.iter().map(|patch| Patched {
                    patch: *patch,
                    name: group.name.clone(),
                    frame: group.frame.clone(),
                    places: places.clone(),
                    placed,
                });
                patched.collect::<Vec<_>>()
            })
            .collect()
    }
}

/// The expression written for a field, where the body is a record; else the body.
pub(crate) fn value_expr<'e>(body: &'e scope_syntax::ast::Expr, name: &str) -> &'e scope_syntax::ast::Expr {
    use scope_syntax::ast::RecordEntry;
    let ExprKind::Record(entries) = body.kind.as_ref() else { return body };
    entries
        .iter()
        .find_map(|entry| match entry {
            RecordEntry::Field { key, value } if key.literal().as_deref() == Some(name) => Some(value),
            _ => None,
        })
        .unwrap_or(body)
}

impl Context<'_> {
    /// Checks the value of an attribute. Where it does not fit as a whole: which attribute it would fit, or in what an amount is
    /// counted here.
    pub(super) fn check_attribute(
        &self,
        ty: &ResourceType,
        attribute: &Attribute,
        value: Value,
        span: Span,
    ) -> Value {
        let is_resource = self.referred_type(&value).is_some();
        let declared = (attribute.name.as_str(), attribute.span);
        let is_amount =
            matches!(value, Value::Size(_) | Value::Duration(_) | Value::Rate(_) | Value::Percent(_));
        if !is_resource && !is_amount {
            return self.check_declared(value, &attribute.ty, span, &attribute.name, declared);
        }
        let given = value.clone();
        let (value, reports) =
            self.overheard(|| self.check_declared(value, &attribute.ty, span, &attribute.name, declared));
        for report in reports {
            let is_whole = report.is_error() && report.primary.span == span;
            self.report(if is_whole && is_resource {
                self.with_one_for(ty, &given, report)
            } else if is_whole && let [docs, ..] = attribute.docs.as_slice() {
                report.note(format!("`{}`: {docs}", attribute.name))
            } else {
                report
            });
        }
        value
    }

    /// Where a resource is given to an attribute that is not there: which attributes take one of its type.
    fn with_one_for(&self, ty: &ResourceType, value: &Value, report: Diagnostic) -> Diagnostic {
        let Some(given) = self.referred_type(value) else { return report };
        let takes = |attribute: &&crate::hir::Attribute| {
            attribute.is_settable && referred(&attribute.ty) == Some(given.as_str())
        };
        let names: Vec<String> =
            ty.attributes.values().filter(takes).map(|attribute| format!("`{}`", attribute.name)).collect();
        match names.as_slice() {
            [] => report,
            [only] => report.help(format!("{only} takes one of type `{given}`")),
            several => report.help(format!("{} take one of type `{given}`", several.join(" and "))),
        }
    }

    /// The type of the resource that a value, or the first of a list, is.
    fn referred_type(&self, value: &Value) -> Option<String> {
        match value {
            Value::Resource(id) => Some(self.head_summary(*id)?.ty),
            Value::List(slots) => self.referred_type(&slots.first()?.value),
            _ => None,
        }
    }
}

/// The type of resource that an attribute takes one or several of.
fn referred(ty: &Type) -> Option<&str> {
    match ty {
        Type::Reference(name) => Some(name),
        Type::Optional(ty) | Type::List(ty) | Type::By(ty, _) => referred(ty),
        _ => None,
    }
}

fn unknown_attribute(
    ty: &ResourceType,
    operation: Option<&crate::hir::Operation>,
    name: &str,
    span: Span,
) -> Diagnostic {
    let report = Diagnostic::new(codes::E0203, span, format!("`{}` has no attribute `{name}`", ty.name))
        .label("not an attribute")
        .secondary(ty.span, "declared here");
    let inputs = operation.into_iter().flat_map(|operation| operation.inputs.keys());
    let names = ty.attributes.keys().chain(inputs).map(String::as_str);
    if name == "scope" {
        return report.help("`scope` is no part of the record: write it behind, `} scope { … }`");
    }
    if crate::with::is_key(name) {
        return report
            .help(format!("`{name}` says how it is carried out: write it behind, `with {{ {name}: … }}`"));
    }
    match similar::nearest(name, names.clone()) {
        Some(nearest) => report
            .help(format!("did you mean `{nearest}`?"))
            .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
        None => {
            let settable: Vec<&str> = ty
                .attributes
                .values()
                .filter(|attribute| attribute.is_settable)
                .map(|attribute| attribute.name.as_str())
                .take(12)
                .collect();
            report.help(format!("it has {}", settable.join(", ")))
        }
    }
}
