//! How a site is connected to, whatever application is asked: `tls: { ca: "lille.pem", client_cert: "ops.pem",
//! client_key: secret("OPS_KEY") }` of a site. What a driver's own `tls` setting says goes before it.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, codes, similar};

use crate::context::Context;
use crate::hir::{Slot, Type, Value};

const SETTINGS: [&str; 4] = ["ca", "client_cert", "client_key", "verify"];

impl Context<'_> {
    /// The settings that are right; the others are reported.
    pub(super) fn tls(&self, slot: Slot) -> IndexMap<String, Slot> {
        let Value::Record(given) = slot.value else {
            self.mismatch("a record of settings of `tls`", &slot.value, slot.span);
            return IndexMap::new();
        };
        let mut settings = IndexMap::new();
        for (name, inner) in given {
            let ty = match name.as_str() {
                "ca" | "client_cert" | "client_key" => Type::String,
                "verify" => Type::Bool,
                _ => {
                    self.report(unknown(&name, &inner));
                    continue;
                }
            };
            if name != "client_key" {
                let reason = "of these settings only `client_key` is kept from plans and messages";
                self.check_secret_flow(&inner.value, &name, reason, inner.span, None);
            } else if matches!(&inner.value, Value::Text(text) if text.contains("-----BEGIN")) {
                self.report(
                    Diagnostic::new(codes::E0601, inner.span, "the private key stands in the program's text")
                        .label("anyone who reads the file has it")
                        .help("name its file, or write `secret(\"CLIENT_KEY\")` and set that variable"),
                );
            }
            let value = self.check_value(inner.value, &ty, inner.span, &name);
            settings.insert(name, Slot { value, ..inner });
        }
        settings
    }
}

fn unknown(name: &str, slot: &Slot) -> Diagnostic {
    let report = Diagnostic::new(codes::E0216, slot.key, format!("`tls` has no setting `{name}`"))
        .label("not a setting");
    match similar::nearest(name, SETTINGS) {
        Some(nearest) => report
            .help(format!("did you mean `{nearest}`?"))
            .fix(format!("write `{nearest}`"), vec![Edit::new(slot.key, nearest)]),
        None => report.help(format!("it has {}", SETTINGS.join(", "))),
    }
}
