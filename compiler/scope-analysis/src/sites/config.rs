//! Settings from a client's own configuration file: `cloud: "nantes"` reads the entry of `clouds.yaml`.
//!
//! A secret one is never read: its place in the file is what goes into the plan.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes, similar};

use crate::context::Context;
use crate::data;
use crate::eval::files::join_path;
use crate::hir::{ConfigFile, Driver, SecretSource, Slot, Type, Value};
use crate::modules::ModuleId;

impl Context<'_> {
    /// Fills settings from an entry of a client's configuration file; false where it could not be read (reported).
    pub(super) fn config_entry(
        &self,
        driver: &Driver,
        config: &ConfigFile,
        entry: &str,
        selector: &Slot,
        module: ModuleId,
        settings: &mut IndexMap<String, Slot>,
    ) -> bool {
        let Some((path, document)) = self.find_config(config, selector, module) else { return false };
        let hole = format!("${{{}}}", config.selector);
        let keys: Vec<String> = config.path.iter().map(|key| key.replace(&hole, entry)).collect();
        let mut node = &document;
        for (depth, key) in keys.iter().enumerate() {
            let Some(inner) = node.get(key) else {
                let message = format!("`{path}` has no `{}`", keys[..=depth].join("."));
                let report = Diagnostic::new(codes::E0216, selector.span, message).label("looked up there");
                let fields = node.as_object().filter(|fields| !fields.is_empty());
                self.report(match fields {
                    Some(fields) => match similar::nearest(key, fields.keys().map(String::as_str)) {
                        Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
                        None => report.help(format!(
                            "it has {}",
                            fields.keys().take(8).cloned().collect::<Vec<_>>().join(", ")
                        )),
                    },
                    None => report.help(format!(
                        "put `{}` into it, or write the settings here; `--simulate` needs neither",
                        keys.join(".")
                    )),
                });
                return false;
            };
            node = inner;
        }
        for (name, alternatives) in &config.map {
            if settings.contains_key(name) {
                continue;
            }
            let Some(setting) = driver.settings.get(name) else { continue };
            for below in alternatives {
                let found = below.iter().try_fold(node, |node, key| node.get(key));
                let Some(found) = found.filter(|found| !found.is_null()) else { continue };
                let value = if setting.is_secret {
                    let keys = keys.iter().chain(below).cloned().collect();
                    Value::Secret(SecretSource::Config { file: path.clone(), keys })
                } else {
                    let value = self.config_value(found, &setting.ty, selector.span);
                    self.check_value(value, &setting.ty, selector.span, name)
                };
                settings.insert(name.clone(), Slot { value, key: selector.key, span: selector.span });
                break;
            }
        }
        true
    }

    /// YAML is loose about texts: `region: 7` is the text "7" where a text is wanted.
    fn config_value(&self, found: &serde_json::Value, ty: &Type, span: Span) -> Value {
        match (found, ty.required()) {
            (serde_json::Value::Number(number), Type::String) => Value::Text(number.to_string()),
            (serde_json::Value::Bool(value), Type::String) => Value::Text(value.to_string()),
            _ => data::to_value(found, span),
        }
    }

    fn find_config(
        &self,
        config: &ConfigFile,
        selector: &Slot,
        module: ModuleId,
    ) -> Option<(String, serde_json::Value)> {
        let mut tried = Vec::new();
        for candidate in &config.search {
            let Some(expanded) = self.expanded(candidate) else { continue };
            let path = join_path(&self.modules.get(module).path, &expanded);
            let Ok(bytes) = self.world.read(&path) else {
                tried.push(if candidate.starts_with("~/") { candidate.clone() } else { path });
                continue;
            };
            match data::parse(&bytes) {
                Ok(document) => return Some((path, document)),
                Err(_) => {
                    // The reader's own words could hold a line of the file, and with it a password.
                    self.report(
                        Diagnostic::new(codes::E0603, selector.span, format!("`{path}` is not valid YAML"))
                            .label("read because of this setting")
                            .help("mend the file, or write the settings here"),
                    );
                    return None;
                }
            }
        }
        self.report(
            Diagnostic::new(codes::E0603, selector.span, "no configuration file was found")
                .label("its entry is named here")
                .note(format!("looked for {}", tried.join(", ")))
                .help("put the file there, or write the settings here; `--simulate` needs neither"),
        );
        None
    }

    /// `${VAR}` and `~/` replaced; `None` where the variable is not set.
    fn expanded(&self, path: &str) -> Option<String> {
        let mut expanded = path.to_string();
        if let Some(rest) = path.strip_prefix("~/") {
            expanded = format!("{}/{rest}", self.world.env("HOME")?);
        }
        while let Some(start) = expanded.find("${") {
            let end = start + expanded[start..].find('}')?;
            let value = self.world.env(&expanded[start + 2..end])?;
            expanded.replace_range(start..=end, &value);
        }
        Some(expanded)
    }
}
