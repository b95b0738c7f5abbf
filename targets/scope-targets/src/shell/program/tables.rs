//! The tables by which the machinery finds what belongs to a type, and what is never shown.
//!
//! Two types → `normal(h)`: `if (type == 0) return normal_0(h)`, `if (type == 1) …`; a secret variable → hidden by `masked`.

use scope_plan::plan::Plan;

use super::Program;
use crate::shell::quote;

impl Program {
    /// `normal` and `describe` by the type's number, `masked` over all secrets, and the names that are never shown.
    pub fn tables(&mut self, plan: &Plan, n_types: usize) {
        let by_type = |function: &str, argument: &str| -> Vec<String> {
            (0..n_types)
                .map(|number| format!("if (type == {number}) return {function}_{number}({argument})"))
                .collect()
        };
        let mut lines = vec!["type = ENVIRON[\"SCOPE_TYPE\"]; if (type == \"\") return h".to_owned()];
        lines.extend(by_type("normal", "h"));
        lines.push("return h".to_owned());
        self.add("normal", &["h"], "type", &lines);
        self.add("describe", &["type"], "", &by_type("describe", ""));
        let mut lines = by_type("outputs", "");
        lines.push("return \"\"".to_owned());
        self.add("output_names", &["type"], "", &lines);
        let mut lines = Vec::new();
        let variables: Vec<String> =
            self.expressions.secrets().filter_map(|secret| secret.variable.clone()).collect();
        for variable in variables {
            lines.push(format!("text = hide(text, ENVIRON[{}])", quote::awk(&variable)));
        }
        let mut fields: Vec<&str> = Vec::new();
        for driver in &plan.drivers {
            fields
                .extend(driver.login.iter().flat_map(|login| login.secret_fields.iter().map(String::as_str)));
        }
        fields.sort_unstable();
        fields.dedup();
        for field in fields {
            lines.push(format!(
                "text = hide(text, text_or(field(kept(\"SCOPE_SESSION\"), {}), \"\"))",
                quote::awk(field)
            ));
        }
        let mut settings: Vec<&str> = Vec::new();
        for driver in &plan.drivers {
            settings.extend(
                driver
                    .settings
                    .iter()
                    .filter(|setting| setting.is_secret)
                    .map(|setting| setting.name.as_str()),
            );
        }
        settings.sort_unstable();
        settings.dedup();
        for setting in settings {
            lines.push(format!(
                "text = hide(text, text_or(field(kept(\"SCOPE_SITE\"), {}), \"\"))",
                quote::awk(setting)
            ));
        }
        lines.push("return text".to_owned());
        self.add("masked", &["text"], "", &lines);
        let mut secret_names: Vec<&str> = Vec::new();
        for ty in plan.drivers.iter().flat_map(|driver| &driver.types) {
            secret_names.extend(
                ty.attributes
                    .iter()
                    .filter(|attribute| attribute.is_secret)
                    .map(|attribute| attribute.name.as_str()),
            );
        }
        secret_names.sort_unstable();
        secret_names.dedup();
        let lines: Vec<String> = secret_names
            .iter()
            .map(|name| format!("SECRET_NAMES[{}] = 1", quote::awk(name)))
            .chain(["return 1".to_owned()])
            .collect();
        self.add("name_secrets", &[], "", &lines);
    }
}
