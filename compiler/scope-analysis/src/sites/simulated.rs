//! What a simulated site holds: `simulate: { openstack: { flavor: [{ name: "m1.tiny" }] } }`, checked against its types; and
//! for how many it has room: `capacity: { openstack: { server: 2 } }`.

use crate::check::holds_secret;
use crate::context::Context;
use crate::hir::{ResourceType, Site, Slot, Type, Value};

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
            let Value::Record(types_record) = types.value else {
                self.mismatch("a record of types", &types.value, types.span);
                continue;
            };
            for (short, slot) in types_record {
                match driver.types.get(&format!("{driver_name}.{short}")) {
                    Some(ty) => said.push((ty, slot)),
                    None => {
                        let names = driver.types.values().map(|ty| ty.short_name.as_str());
                        self.no_field(&short, slot.key, &format!("driver `{driver_name}`"), names);
                    }
                }
            }
        }
        said
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
