//! What a simulated site holds: `simulate: { openstack: { flavor: [{ name: "m1.tiny" }] } }`, checked against its types; and
//! for how many it has room: `capacity: { openstack: { server: 2 } }`. Types of a driver's parts stand below the part's name.

use std::collections::BTreeSet;

use scope_diagnostics::{Diagnostic, Span, codes};

use crate::check::holds_secret;
use crate::context::Context;
use crate::hir::{Driver, ResourceType, Site, Slot, Type, Value};

impl Context<'_> {
    pub(super) fn simulated(&self, site: &mut Site, slot: Slot) {
        for (ty, resources) in self.by_type(slot, "a record: driver, type, list of resources") {
            let Value::List(list) = resources.value else {
                self.mismatch("a list of resources", &resources.value, resources.span);
                continue;
            };
            for resource in list {
                let Value::Record(attributes) = resource.value else {
                    self.mismatch("a record of attributes", &resource.value, resource.span);
                    continue;
                };
                for (name, attribute) in &attributes {
                    self.held_attribute(ty, name, attribute);
                }
                site.simulated.push((ty.name.clone(), attributes));
            }
        }
    }

    pub(super) fn capacity(&self, site: &mut Site, slot: Slot) {
        for (ty, count) in self.by_type(slot, "a record: driver, type, how many") {
            match count.value {
                Value::Int(number) if number >= 0 => {
                    site.capacity.insert(ty.name.clone(), number.unsigned_abs());
                }
                other => self.mismatch("how many there is room for", &other, count.span),
            }
        }
    }

    /// What a record says of types: `{ openstack: { server: … } }` → the type, and what is said.
    fn by_type(&self, slot: Slot, expected: &str) -> Vec<(&ResourceType, Slot)> {
        let Value::Record(drivers) = slot.value else {
            self.mismatch(expected, &slot.value, slot.span);
            return Vec::new();
        };
        let mut said = Vec::new();
        for (driver_name, types) in drivers {
            let Some(driver) = self.drivers.get(&driver_name) else {
                self.report(self.unknown_site_key(&driver_name, types.key));
                continue;
            };
            self.types_below(driver, &driver_name, types, &mut said);
        }
        said
    }

    /// What a record says of a driver's types, and of those in its parts: `{ server: …, placement: { trait: … } }`.
    fn types_below<'d>(
        &self,
        driver: &'d Driver,
        above: &str,
        slot: Slot,
        said: &mut Vec<(&'d ResourceType, Slot)>,
    ) {
        let Value::Record(names) = slot.value else {
            self.mismatch("a record of types", &slot.value, slot.span);
            return;
        };
        let mut below: BTreeSet<&str> = BTreeSet::new();
        for name in driver.types.keys() {
            let rest = name.strip_prefix(above).and_then(|rest| rest.strip_prefix('.'));
            below.extend(rest.and_then(|rest| rest.split('.').next()));
        }
        for (short, slot) in names {
            let name = format!("{above}.{short}");
            match driver.types.get(&name) {
                Some(ty) => said.push((ty, slot)),
                None if below.contains(short.as_str()) => self.types_below(driver, &name, slot, said),
                None => self.no_type(driver, above, &short, slot.key, &below),
            }
        }
    }

    /// There is no such type here; a part of the driver may have it.
    fn no_type(&self, driver: &Driver, above: &str, short: &str, key: Span, below: &BTreeSet<&str>) {
        let elsewhere = driver.types.values().find(|ty| ty.short_name == short);
        let path = elsewhere.and_then(|ty| ty.name.strip_prefix(&format!("{}.", driver.name)));
        let Some(path) = path else {
            return self.no_field(short, key, &format!("driver `{above}`"), below.iter().copied());
        };
        let mut written = "…".to_owned();
        for word in path.rsplit('.') {
            written =
                if written == "…" { format!("{word}: …") } else { format!("{word}: {{ {written} }}") };
        }
        self.report(
            Diagnostic::new(codes::E0212, key, format!("driver `{above}` has no `{short}`"))
                .label("not there")
                .help(format!("a part of `{}` has it: `{written}`", driver.name)),
        );
    }

    fn held_attribute(&self, ty: &ResourceType, name: &str, attribute: &Slot) {
        match ty.attributes.get(name) {
            Some(declared) if !matches!(declared.ty.required(), Type::Reference(_)) => {
                self.check_value(attribute.value.clone(), &declared.ty, attribute.span, name);
            }
            Some(_) => {}
            None => {
                let names = ty.attributes.keys().map(String::as_str);
                self.no_field(name, attribute.key, &format!("`{}`", ty.name), names);
            }
        }
        if holds_secret(&attribute.value) {
            let reason = "a simulated site reads no secret";
            self.check_secret_flow(&attribute.value, name, reason, attribute.span, None);
        }
    }
}
