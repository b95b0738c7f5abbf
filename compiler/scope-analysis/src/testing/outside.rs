//! What somebody else does in a test: commands of the application at a site, typed like those of a program.
//!
//! `at paris { $ openstack image delete base }` → the operation `delete` of `openstack.image`, about `base`, at paris.

use scope_diagnostics::{Diagnostic, codes};
use scope_syntax::ast::Native;

use crate::check::holds_secret;
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{OutsideDeed, SiteId, Slot, Type, Value};
use crate::native::match_native;

impl Context<'_> {
    /// The deeds of these commands at each of these sites, or at the entry.
    pub(super) fn deeds(
        &self,
        commands: &[&Native],
        sites: Option<&[SiteId]>,
        after: Option<i64>,
    ) -> Option<Vec<OutsideDeed>> {
        let sites = match sites {
            Some(sites) => sites.to_vec(),
            None => {
                let Some(entry) = self.entry.get() else {
                    let span = commands.first().map(|native| native.span)?;
                    self.report_undeclared(self.no_entry("this command", span));
                    return None;
                };
                vec![entry]
            }
        };
        let mut deeds = Vec::new();
        let mut is_well = true;
        for native in commands {
            for site in &sites {
                match self.deed(native, *site, after) {
                    Some(deed) => deeds.push(deed),
                    None => is_well = false,
                }
            }
        }
        is_well.then_some(deeds)
    }

    fn deed(&self, native: &Native, site: SiteId, after: Option<i64>) -> Option<OutsideDeed> {
        if let Some(scope) = &native.scope {
            self.report(
                Diagnostic::new(codes::E0852, scope.span, "somebody else's command has no scope")
                    .label("the application at the site knows none")
                    .help("say where it is done: `at paris { $ … }`"),
            );
            return None;
        }
        let found = match match_native(self.drivers.values(), native) {
            Ok(found) => found,
            Err(report) => {
                self.report(*report);
                return None;
            }
        };
        let ty = found.ty;
        let frame = Frame { here: Some(site), ..Frame::program() };
        let mut attributes = self.native_attributes(&found.filled, &frame);
        for (name, slot) in &mut attributes {
            let value = std::mem::replace(&mut slot.value, Value::Error);
            slot.value = self.deed_value(value, name, ty, found.operation, slot)?;
        }
        let is_create = ty.create.as_deref().unwrap_or("create") == found.operation.name;
        let mut subject = None;
        if !is_create {
            for by in [Some(&ty.identity), ty.name_attribute.as_ref()].into_iter().flatten() {
                if subject.is_none()
                    && let Some(slot) = attributes.get(by)
                    && let Some(text) = self.as_text(&slot.value)
                {
                    subject = Some(text);
                    attributes.shift_remove(by);
                }
            }
        }
        Some(OutsideDeed {
            site,
            words: self.as_written(native.span).trim_start_matches('$').trim().to_string(),
            after,
            ty: ty.name.clone(),
            operation: found.operation.name.clone(),
            is_create,
            subject,
            attributes,
        })
    }

    fn deed_value(
        &self,
        value: Value,
        name: &str,
        ty: &crate::hir::ResourceType,
        operation: &crate::hir::Operation,
        slot: &Slot,
    ) -> Option<Value> {
        if holds_secret(&value) {
            self.check_secret_flow(&value, name, "a test reads no secret", slot.span, None);
            return None;
        }
        if matches!(value, Value::Deferred(_) | Value::Resource(_)) {
            self.report(
                Diagnostic::new(
                    codes::E0855,
                    slot.span,
                    format!("`{name}` is known only when the program runs"),
                )
                .label("somebody else does not know it")
                .help("write the name or the text itself"),
            );
            return None;
        }
        let of_attribute = ty.attributes.get(name).map(|attribute| &attribute.ty);
        let wanted = of_attribute.or_else(|| operation.inputs.get(name).map(|(ty, _)| ty));
        let value = match wanted {
            Some(wanted) if !matches!(wanted.required(), Type::Reference(_)) => {
                self.check_value(value, wanted, slot.span, name)
            }
            _ => value,
        };
        (value != Value::Error).then_some(value)
    }
}
