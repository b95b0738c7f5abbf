//! The program as data: `resources` is a list of a record for each request, so that a `require` or an output can speak of
//! all of them.
//!
//! `[for r in resources if r.type.driver == openstack => r.name]` → `["vm", "base"]`.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Expr, ExprKind};

use super::Frame;
use crate::context::Context;
use crate::hir::{ResourceId, ResourceKind, Slot, Value};
use crate::names::Definition;

impl Context<'_> {
    /// `resources`, once everything is expanded.
    pub(super) fn all_resources(&self, span: Span) -> Value {
        if !self.is_expanded.get() {
            self.report(
                Diagnostic::new(codes::E0112, span, "`resources` is known only when all of them are")
                    .label("used while they are being made")
                    .help("use it in a `require`, an `output`, or what those use"),
            );
            return Value::Error;
        }
        let count = self.requested.borrow().len();
        let slot = |value| Slot { value, key: span, span };
        let records = (0..count).filter_map(|index| self.resource_record(ResourceId(index as u32), span));
        Value::List(records.map(slot).collect())
    }

    fn resource_record(&self, id: ResourceId, span: Span) -> Option<Value> {
        let head = self.head(id)?;
        let ty = self.driver_type(&head.ty)?;
        let text = |text: &str| Value::Text(text.to_string());
        let record = |fields: Vec<(&str, Value)>| {
            let slot = |value| Slot { value, key: span, span };
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
        Some(record(vec![
            ("name", text(&head.name)),
            ("kind", text(kind)),
            ("type", type_record),
            ("sites", self.site_list(head.location.sites().into_iter(), span)),
            ("group", head.group.as_deref().map_or(Value::Null, text)),
        ]))
    }

    /// An operand of a comparison: there a driver's name stands for itself (`r.type.driver == openstack`).
    pub(super) fn compared(&self, expr: &Expr, frame: &Frame) -> Value {
        if let ExprKind::Name(name) = expr.kind.as_ref()
            && frame.locals.iter().all(|(local, _)| local != name)
            && let Some(named) = self.names.get(frame.module, name)
            && let Definition::Driver(driver) = &named.definition
        {
            self.record_use(expr.span, named.span, format!("driver `{driver}`"));
            return Value::Text(driver.clone());
        }
        self.eval(expr, frame)
    }
}
