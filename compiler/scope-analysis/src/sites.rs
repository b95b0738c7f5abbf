//! Sites and links: `site nantes { openstack: { cloud: "nantes" }, labels: { … } }` to settings by driver.
//!
//! A driver may say how a client's own configuration file maps to its settings (`clouds.yaml`): when the site sets the
//! selector, the file is read and what it says fills the settings that the site does not set. A secret one is never
//! read: its place in the file is what goes into the plan.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ItemKind};

use crate::check::holds_secret;
use crate::context::Context;
use crate::data;
use crate::eval::Frame;
use crate::eval::functions::join_path;
use crate::hir::{self, ConfigFile, Driver, Link, SecretSource, Site, Slot, Type, Value};
use crate::modules::ModuleId;

/// Requests at once at a site that says nothing.
const CONCURRENCY: u32 = 8;

impl Context<'_> {
    /// Evaluates the declared sites; they are all named before, so that `sites` and links may use any.
    pub fn evaluate_sites(&self, declared: &[(ModuleId, usize)]) {
        for (module, item) in declared {
            let ItemKind::Site(site) = &self.item(*module, *item).kind else { continue };
            self.sites.borrow_mut().push(Site {
                name: site.name.literal().unwrap_or_default(),
                settings: IndexMap::new(),
                labels: IndexMap::new(),
                concurrency: CONCURRENCY,
                simulated: Vec::new(),
                span: site.name.span,
            });
        }
        for (index, (module, item)) in declared.iter().enumerate() {
            let ItemKind::Site(site) = &self.item(*module, *item).kind else { continue };
            let evaluated = self.site(site, *module);
            let mut sites = self.sites.borrow_mut();
            let name = std::mem::take(&mut sites[index].name);
            sites[index] = Site { name, ..evaluated };
        }
    }

    /// Reports sites that this release does not expand.
    pub fn check_site_families(&self) {
        for module in &self.modules.modules {
            for item in &module.tree.items {
                if let ItemKind::Site(site) = &item.kind
                    && (site.family.is_some() || site.name.literal().is_none())
                {
                    self.unavailable(site.name.span, "a family of sites");
                }
            }
        }
    }

    fn site(&self, site: &ast::Site, module: ModuleId) -> Site {
        let mut evaluated = Site {
            name: String::new(),
            settings: IndexMap::new(),
            labels: IndexMap::new(),
            concurrency: CONCURRENCY,
            simulated: Vec::new(),
            span: site.name.span,
        };
        let Value::Record(fields) = self.eval(&site.body, &Frame::new(module)) else { return evaluated };
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
                                None,
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
                "simulate" => self.simulated(&mut evaluated, slot),
                driver_name => match self.drivers.get(driver_name) {
                    Some(driver) => {
                        let settings = self.settings(driver, slot, module);
                        evaluated.settings.insert(driver_name.to_string(), settings);
                    }
                    None => self.report(self.unknown_site_key(driver_name, slot.key)),
                },
            }
        }
        evaluated
    }

    fn unknown_site_key(&self, key: &str, span: Span) -> Diagnostic {
        let report = Diagnostic::new(codes::E0216, span, format!("a site has no `{key}`"))
            .label("no imported driver has this name");
        let known = self.drivers.keys().map(String::as_str).chain(["labels", "concurrency", "simulate"]);
        match similar::nearest(key, known) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None => report.help(format!("import the driver in this program: `import {key}`")),
        }
    }

    fn settings(&self, driver: &Driver, slot: Slot, module: ModuleId) -> IndexMap<String, Slot> {
        let Value::Record(given) = slot.value else {
            self.mismatch(&format!("a record of settings of `{}`", driver.name), &slot.value, slot.span);
            return IndexMap::new();
        };
        let mut settings = IndexMap::new();
        let mut selected = Vec::new();
        for (name, inner) in given {
            if let Some(config) = driver.configs.iter().find(|config| config.selector == name) {
                settings.insert(name.clone(), inner.clone());
                if let Value::Text(entry) = &inner.value {
                    selected.push((config, entry.clone(), inner.clone()));
                }
            } else if let Some(setting) = driver.settings.get(&name) {
                self.record_use(
                    inner.key,
                    setting.span,
                    crate::items::with_docs(format!("setting `{name}`: `{}`", setting.ty), &setting.docs),
                );
                let value = self.setting_value(setting, inner.value, inner.span);
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
        for setting in driver.settings.values() {
            let is_needed = setting.default.is_none() && !setting.ty.is_optional();
            if is_needed && !settings.contains_key(&setting.name) {
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

    fn setting_value(&self, setting: &hir::Setting, value: Value, span: Span) -> Value {
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
            self.check_secret_flow(&value, &setting.name, reason, span, None);
        }
        self.check_value(value, &setting.ty, span, &setting.name)
    }

    /// Fills settings from an entry of a client's configuration file; false where it could not be read (reported).
    fn config_entry(
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
                let mut report = Diagnostic::new(
                    codes::E0216,
                    selector.span,
                    format!("`{path}` has no `{}`", keys[..=depth].join(".")),
                )
                .label("looked up there");
                if let Some(fields) = node.as_object() {
                    report = match similar::nearest(key, fields.keys().map(String::as_str)) {
                        Some(nearest) => report.help(format!("did you mean `{nearest}`?")),
                        None => report.help(format!(
                            "it has {}",
                            fields.keys().take(8).cloned().collect::<Vec<_>>().join(", ")
                        )),
                    };
                }
                self.report(report);
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

    fn simulated(&self, site: &mut Site, slot: Slot) {
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

    /// Evaluates the links.
    pub fn evaluate_links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        for (index, module) in self.modules.modules.iter().enumerate() {
            let frame = Frame::new(ModuleId(index as u32));
            for item in &module.tree.items {
                let ItemKind::Link(link) = &item.kind else { continue };
                let ends = [self.one_site(&link.from, &frame), self.one_site(&link.to, &frame)];
                let body = self.eval(&link.body, &frame);
                let [Some(from), Some(to)] = ends else { continue };
                let mut evaluated = Link { from, to, rtt: None, bandwidth: None, span: item.span };
                let Value::Record(fields) = body else { continue };
                for (key, slot) in fields {
                    match (key.as_str(), slot.value) {
                        (_, Value::Error) => {}
                        ("rtt", Value::Duration(rtt)) if rtt >= 0 => evaluated.rtt = Some(rtt),
                        ("bandwidth", Value::Rate(rate)) if rate > 0 => evaluated.bandwidth = Some(rate),
                        ("rtt", other) => self.mismatch("a duration such as `12ms`", &other, slot.span),
                        ("bandwidth", other) => self.mismatch("a rate such as `1Gbps`", &other, slot.span),
                        _ => self.no_field(&key, slot.key, "a link", ["rtt", "bandwidth"].into_iter()),
                    }
                }
                links.push(evaluated);
            }
        }
        links
    }

    fn one_site(&self, expr: &ast::Expr, frame: &Frame) -> Option<hir::SiteId> {
        let location = self.eval_location(expr, frame)?;
        match location.kind {
            hir::LocationKind::Site(site) => Some(site),
            _ => {
                self.report(
                    Diagnostic::new(codes::E0108, expr.span, "a link joins two sites")
                        .label("expected one site")
                        .help("name one site at each end"),
                );
                None
            }
        }
    }
}
