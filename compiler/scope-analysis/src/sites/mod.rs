//! Sites and links: `site nantes { openstack: { cloud: "nantes" }, labels: { … } }` to settings by driver.
//!
//! A driver may say how a client's own configuration file maps to its settings (`clouds.yaml`): when the site sets the
//! selector, the file is read and what it says fills the settings that the site does not set. A secret one is never
//! read: its place in the file is what goes into the plan.

mod config;
mod family;
mod links;
mod simulated;
mod tls;
mod unknown;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ItemKind};

use crate::check::written_at;
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{self, Driver, Site, Slot, Value};
use crate::modules::NameKind;
use crate::names::DeclaredSite;

/// Requests at once at a site that says nothing.
const CONCURRENCY: u32 = 8;

impl Context<'_> {
    /// Evaluates the declared sites; they are all named before, so that `sites` and links may use any.
    pub fn evaluate_sites(&self, declared: &[DeclaredSite]) {
        for declared in declared {
            let ItemKind::Site(site) = &self.item(declared.module, declared.item).kind else { continue };
            self.sites.borrow_mut().push(Site {
                name: declared.name.clone(),
                settings: IndexMap::new(),
                tls: IndexMap::new(),
                labels: IndexMap::new(),
                concurrency: CONCURRENCY,
                simulated: Vec::new(),
                capacity: IndexMap::new(),
                lacks: IndexMap::new(),
                span: site.name.span,
            });
        }
        for (index, declared) in declared.iter().enumerate() {
            let ItemKind::Site(site) = &self.item(declared.module, declared.item).kind else { continue };
            self.declaring.set(Some(site.name.span));
            let evaluated = self.site(site, &declared.frame);
            self.declaring.set(None);
            let mut sites = self.sites.borrow_mut();
            let name = std::mem::take(&mut sites[index].name);
            sites[index] = Site { name, ..evaluated };
        }
    }

    fn site(&self, site: &ast::Site, frame: &Frame) -> Site {
        let mut evaluated = Site {
            name: String::new(),
            settings: IndexMap::new(),
            tls: IndexMap::new(),
            labels: IndexMap::new(),
            concurrency: CONCURRENCY,
            simulated: Vec::new(),
            capacity: IndexMap::new(),
            lacks: IndexMap::new(),
            span: site.name.span,
        };
        let Value::Record(fields) = self.eval(&site.body, frame) else { return evaluated };
        for (key, slot) in fields {
            match key.as_str() {
                "labels" => match slot.value {
                    Value::Record(labels) => {
                        for (name, label) in &labels {
                            let reason = "labels stand in plans and messages";
                            self.check_secret_flow(
                                &label.value,
                                &format!("label {name}"),
                                reason,
                                label.span,
                                written_at(&site.body, label.span).map(|expr| (expr, frame)),
                            );
                        }
                        evaluated.labels = labels;
                    }
                    other => self.mismatch("a record of labels", &other, slot.span),
                },
                "concurrency" => match slot.value {
                    Value::Int(count @ 1..=1024) => evaluated.concurrency = count as u32,
                    other => self.mismatch("a whole number from 1 to 1024", &other, slot.span),
                },
                "tls" => evaluated.tls = self.tls(slot),
                "simulate" => self.simulated(&mut evaluated, slot),
                "capacity" => self.capacity(&mut evaluated, slot),
                driver_name => match self.drivers.get(driver_name) {
                    Some(driver) => {
                        let settings = self.settings(driver, slot, (&site.body, frame));
                        evaluated.settings.insert(driver_name.to_string(), settings);
                    }
                    None => {
                        self.report(self.unknown_site_key(driver_name, slot.key));
                        // The one that is meant is there: what needs it is not told as well.
                        let meant = similar::nearest(driver_name, self.drivers.keys().map(String::as_str));
                        if let Some(meant) = meant {
                            evaluated.settings.entry(meant.to_owned()).or_default();
                        }
                    }
                },
            }
        }
        evaluated
    }

    fn unknown_site_key(&self, key: &str, span: Span) -> Diagnostic {
        let report = Diagnostic::new(codes::E0216, span, format!("a site has no `{key}`"))
            .label("no imported driver has this name");
        let known = self.drivers.keys().map(String::as_str).chain([
            "labels",
            "tls",
            "concurrency",
            "simulate",
            "capacity",
        ]);
        match similar::nearest(key, known) {
            // Said of an entry of `simulate` or `capacity`.
            Some(nearest) if nearest == key => report.help(format!("`{key}` is an entry of the site itself")),
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None if self.is_in_library(key) => self.not_imported(key, span),
            None => report.help(format!("import the driver in this program: `import {key}`")),
        }
    }

    fn settings(
        &self,
        driver: &Driver,
        slot: Slot,
        (body, frame): (&ast::Expr, &Frame),
    ) -> IndexMap<String, Slot> {
        let module = frame.module;
        let Value::Record(given) = slot.value else {
            self.mismatch(&format!("a record of settings of `{}`", driver.name), &slot.value, slot.span);
            return IndexMap::new();
        };
        let mut settings = IndexMap::new();
        let mut selected = Vec::new();
        let mut unknown: Vec<String> = Vec::new();
        for (name, inner) in given {
            if let Some(config) = driver.configs.iter().find(|config| config.selector == name) {
                settings.insert(name.clone(), inner.clone());
                if let Value::Text(entry) = &inner.value {
                    selected.push((config, entry.clone(), inner.clone()));
                }
            } else if let Some(setting) = driver.settings.get(&name) {
                self.record_use(
                    NameKind::Attribute,
                    inner.key,
                    setting.span,
                    crate::hover::with_docs(format!("setting `{name}`: `{}`", setting.ty), &setting.docs),
                );
                let value = self.setting_value(setting, inner.value, inner.span, (body, frame));
                settings.insert(name, Slot { value, ..inner });
            } else {
                let known = driver
                    .settings
                    .keys()
                    .map(String::as_str)
                    .chain(driver.configs.iter().map(|config| config.selector.as_str()));
                let mut report = Diagnostic::new(
                    codes::E0216,
                    inner.key,
                    format!("`{}` has no setting `{name}`", driver.name),
                )
                .label("not a setting");
                report = match similar::nearest(&name, known.clone()) {
                    Some(nearest) => report
                        .help(format!("did you mean `{nearest}`?"))
                        .fix(format!("write `{nearest}`"), vec![Edit::new(inner.key, nearest)]),
                    None => report.help(format!("it has {}", known.collect::<Vec<_>>().join(", "))),
                };
                self.report(report);
                unknown.push(name);
            }
        }
        if self.options.simulate {
            return settings;
        }
        // What the site sets itself comes first; the file fills the rest.
        let mut is_whole = true;
        for (config, entry, slot) in selected {
            is_whole &= self.config_entry(driver, config, &entry, &slot, module, &mut settings);
        }
        if !is_whole {
            return settings; // What the file would have set is not known to be missing.
        }
        let missing: Vec<&hir::Setting> = driver
            .settings
            .values()
            .filter(|setting| setting.default.is_none() && !setting.ty.is_optional())
            .filter(|setting| !settings.contains_key(&setting.name))
            .collect();
        for setting in &missing {
            // One that is misspelt is reported where it stands; as many that are not known may be meant by these.
            let is_misspelt = similar::nearest(&setting.name, unknown.iter().map(String::as_str)).is_some();
            if missing.len() > unknown.len() && !is_misspelt {
                let mut report = Diagnostic::new(
                    codes::E0216,
                    slot.span,
                    format!("`{}` needs the setting `{}`", driver.name, setting.name),
                )
                .label("not set here")
                .secondary(setting.span, "declared here");
                report = match driver.configs.first() {
                    Some(config) => report.help(format!(
                        "set it, or `{}: \"…\"` to take it from {}",
                        config.selector,
                        config.search.first().map_or("a configuration file", String::as_str)
                    )),
                    None => report.help(format!("add `{}: …`, of type {}", setting.name, setting.ty)),
                };
                self.report(report);
            }
        }
        settings
    }

    fn setting_value(
        &self,
        setting: &hir::Setting,
        value: Value,
        span: Span,
        (body, frame): (&ast::Expr, &Frame),
    ) -> Value {
        if setting.is_secret && matches!(value, Value::Text(_)) {
            self.report(
                Diagnostic::new(
                    codes::E0601,
                    span,
                    format!("`{}` is secret and stands in the program's text", setting.name),
                )
                .label("anyone who reads the file has it")
                .help(format!("write `secret(\"{}\")` and set that variable", setting.name.to_uppercase())),
            );
            return Value::Error;
        }
        if !setting.is_secret {
            let reason = "the driver does not keep it from plans and messages";
            let written = written_at(body, span).map(|expr| (expr, frame));
            self.check_secret_flow(&value, &setting.name, reason, span, written);
        }
        let declared = (setting.name.as_str(), setting.span);
        self.check_declared(value, &setting.ty, span, &setting.name, declared)
    }
}
