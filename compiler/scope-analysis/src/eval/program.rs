//! The program as data: `resources` is a list of a record for each request, so that a `require` or an output can speak of
//! all of them.
//!
//! `[for r in resources if r.type.driver == openstack => r.name]` → `["vm", "base"]`.

use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Expr, ExprKind};

use super::Frame;
use crate::check::UniqueKeys;
use crate::context::Context;
use crate::hir::{Instance, ReferenceTarget, Resource, ResourceId, ResourceKind, SiteId, Slot, Value};
use crate::modules::NameKind;
use crate::names::Definition;

impl Context<'_> {
    /// Keeps what is requested, once all of it is known.
    pub fn set_whole(&self, resources: Rc<Vec<Resource>>) {
        // Set a second time only by a mistake of ours; the first stands.
        let _ = self.whole.set(resources);
    }

    /// `resources`, once everything is expanded. Each record has the place of its resource, so that a rule that does not
    /// hold can point at it.
    pub(super) fn all_resources(&self, span: Span) -> Value {
        if !self.is_expanded.get() {
            self.report(
                Diagnostic::new(codes::E0112, span, "`resources` is known only when all of them are")
                    .label("used while they are being made")
                    .help("use it in a `require`, an `output`, or what those use"),
            );
            return Value::Error;
        }
        if let Some(known) = self.all_resources.get() {
            return known.clone();
        }
        let count = self.n_own.get();
        let hole = || Slot { value: Value::Error, key: span, span };
        let record = |index| self.resource_record(ResourceId(index as u32)).unwrap_or_else(hole);
        let records = (0..count).map(record);
        let all = Value::List(records.collect());
        if self.whole.get().is_some() {
            let _ = self.all_resources.set(all.clone());
        }
        all
    }

    /// What is known of a request; nothing where it is in error.
    fn resource_record(&self, id: ResourceId) -> Option<Slot> {
        let head = self.head(id)?;
        let ty = self.driver_type(&head.ty)?;
        let span = head.span;
        let text = |text: &str| Value::Text(text.to_string());
        let slot = |value| Slot { value, key: span, span };
        let record = |fields: Vec<(&str, Value)>| {
            let fields = fields.into_iter().map(|(key, value)| (key.to_string(), slot(value)));
            Value::Record(fields.collect::<IndexMap<_, _>>())
        };
        let kind = match head.kind {
            ResourceKind::Managed => "resource",
            ResourceKind::Existing => "existing",
            ResourceKind::Call { .. } => "call",
            ResourceKind::Print { .. } => "print",
        };
        let type_record = record(vec![
            ("name", text(&ty.short_name)),
            ("driver", text(&ty.driver)),
            ("service", text(&ty.service)),
        ]);
        let sites = match head.location.is_wrong() {
            true => Value::Error,
            false => self.site_list(head.location.sites().into_iter(), span),
        };
        let mut fields = vec![
            ("name", text(&head.name)),
            ("kind", text(kind)),
            ("type", type_record),
            ("sites", sites),
            ("group", head.group.as_deref().map_or(Value::Null, text)),
        ];
        let known = self.whole.get().and_then(|all| all.get(id.0 as usize)); // Of a program without errors.
        if let Some(resource) = known.filter(|resource| resource.name == head.name) {
            let at = |site: SiteId, instance: &Instance| {
                let known = instance.attributes.iter();
                let by = Some((instance, site));
                let known = known.filter_map(|(name, slot)| Some((name.clone(), self.written(slot, by)?)));
                slot(Value::Record(known.collect()))
            };
            let by_site = resource.instances.iter();
            let by_site = by_site.map(|(site, instance)| (self.site_name(*site), at(*site, instance)));
            let by_site: IndexMap<String, Slot> = by_site.collect();
            let first = by_site.values().next().map_or(Value::Null, |first| first.value.clone());
            fields.push(("scope", resource.scope.as_deref().map_or(Value::Null, text)));
            fields.push(("attributes", first));
            let with = resource.with.said.iter();
            let with = with.filter_map(|(key, slot)| Some((key.clone(), self.written(slot, None)?)));
            fields.push(("with", Value::Record(with.collect())));
            fields.push(("by_site", Value::Record(by_site)));
        }
        Some(slot(record(fields)))
    }

    /// What is known of an attribute without running, set by an instance at its site, or of a key of `with`; a reference is the
    /// name of what it refers to. Secrets are left out.
    fn written(&self, slot: &Slot, by: Option<(&Instance, SiteId)>) -> Option<Slot> {
        let written = |slots: &Slot| self.written(slots, by);
        let value = match &slot.value {
            Value::Secret(_) => return None,
            Value::Deferred(_) => {
                let ((by, site), resources) = (by?, self.whole.get()?);
                UniqueKeys { resources, drivers: &self.drivers, canonical: None }.known(
                    &slot.value,
                    by,
                    site,
                )?
            }
            Value::Reference(index) => match &by?.0.references.get(*index)?.target {
                ReferenceTarget::Resource(id) => Value::Text(self.head(*id)?.name.clone()),
                ReferenceTarget::Text(text) => return written(&Slot { value: text.clone(), ..*slot }),
            },
            Value::Resource(id) => Value::Text(self.head(*id)?.name.clone()),
            Value::Group(id) => Value::Text(self.group(*id).name.clone()),
            Value::File { path, .. } => Value::Text(path.clone()),
            Value::List(slots) => Value::List(slots.iter().filter_map(written).collect()),
            Value::Record(fields) => {
                let known = fields.iter().filter_map(|(key, slot)| Some((key.clone(), written(slot)?)));
                Value::Record(known.collect())
            }
            other => other.clone(),
        };
        Some(Slot { value, ..*slot })
    }

    /// An operand of a comparison: there a driver's name stands for itself (`r.type.driver == openstack`).
    pub(super) fn compared(&self, expr: &Expr, frame: &Frame) -> Value {
        if let ExprKind::Name(name) = expr.kind.as_ref()
            && frame.locals.iter().all(|(local, _)| local != name)
            && let Some(named) = self.names.get(frame.module, name)
            && let Definition::Driver(driver) = &named.definition
        {
            self.record_use(NameKind::Driver, expr.span, named.span, format!("driver `{driver}`"));
            return Value::Text(driver.clone());
        }
        // One that is imported under another name, or by a part of it: `import kubernetes.apps.v1 as apps`.
        if let ExprKind::Name(name) = expr.kind.as_ref()
            && self.drivers.contains_key(name)
            && !self.names.sites.contains_key(name)
            && self.names.get(frame.module, name).is_none()
            && frame.locals.iter().all(|(local, _)| local != name)
        {
            return Value::Text(name.clone());
        }
        self.eval(expr, frame)
    }
}
