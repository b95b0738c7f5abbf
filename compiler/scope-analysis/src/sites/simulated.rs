//! What a simulated site holds: `simulate: { openstack: { flavor: [{ name: "m1.tiny" }] } }`, checked against its types.

use crate::check::holds_secret;
use crate::context::Context;
use crate::hir::{Site, Slot, Type, Value};

impl Context<'_> {
    pub(super) fn simulated(&self, site: &mut Site, slot: Slot) {
        let Value::Record(drivers) = slot.value else {
            self.mismatch("a record: driver, type, list of resources", &slot.value, slot.span);
            return;
        };
        for (driver_name, types) in drivers {
            let Some(driver) = self.drivers.get(&driver_name) else {
                self.report(self.unknown_site_key(&driver_name, types.key));
                continue;
            };
            let Value::Record(types_record) = types.value else {
                self.mismatch("a record of types", &types.value, types.span);
                continue;
            };
            for (short, resources) in types_record {
                let full = format!("{driver_name}.{short}");
                let Some(ty) = driver.types.get(&full) else {
                    let names: Vec<&str> = driver.types.values().map(|ty| ty.short_name.as_str()).collect();
                    self.no_field(
                        &short,
                        resources.key,
                        &format!("driver `{driver_name}`"),
                        names.into_iter(),
                    );
                    continue;
                };
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
                        match ty.attributes.get(name) {
                            Some(declared) if !matches!(declared.ty.required(), Type::Reference(_)) => {
                                self.check_value(attribute.value.clone(), &declared.ty, attribute.span, name);
                            }
                            Some(_) => {}
                            None => {
                                let names: Vec<&str> = ty.attributes.keys().map(String::as_str).collect();
                                let owner = format!("`{full}`");
                                self.no_field(name, attribute.key, &owner, names.into_iter());
                            }
                        }
                        if holds_secret(&attribute.value) {
                            let reason = "a simulated site reads no secret";
                            self.check_secret_flow(&attribute.value, name, reason, attribute.span, None);
                        }
                    }
                    site.simulated.push((full.clone(), attributes));
                }
            }
        }
    }
}
