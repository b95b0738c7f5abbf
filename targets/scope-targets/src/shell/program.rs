//! The awk program of a script: one function for each request, answer, condition and set of inputs of the plan.
//!
//! In comes the plan's driver data, out come functions such as `request_3` (writes the request of operation 3 for curl)
//! and `answer_3` (says what an answer means), and the table by which the shell calls them.

mod request;
mod tables;

use scope_plan::driver::{
    Answer, Attribute, Driver, Operation, Readiness, Request, ResourceType, Service, Type,
};
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Plan, Site, Step};

use super::expr::{Expressions, Names, function};
use super::quote;
use crate::TargetError;

/// The functions, in the making.
#[derive(Default)]
pub struct Program {
    /// Writes expressions.
    pub expressions: Expressions,
    functions: Vec<String>,
    /// What the shell may call: name → call, in order.
    entries: Vec<(String, String)>,
}

/// What an operation is asked with and about.
pub struct Asked<'a> {
    /// The driver.
    pub driver: &'a Driver,
    /// The service that answers.
    pub service: &'a Service,
    /// The type, where it is about one.
    pub resource_type: Option<&'a ResourceType>,
    /// The operation, unless it is a login.
    pub operation: Option<&'a Operation>,
    /// The request.
    pub request: &'a Request,
    /// What its answers mean, before those of the service.
    pub answers: &'a [Answer],
}

impl Program {
    /// All functions, helpers first, then the dispatcher.
    pub fn finish(mut self) -> (Vec<String>, Expressions) {
        let mut all = self.expressions.take_functions();
        all.append(&mut self.functions);
        let lines: Vec<String> = self
            .entries
            .iter()
            .map(|(name, call)| format!("if (f == {}) return {call}", quote::awk(name)))
            .chain([r#"fail("configuration", "there is no function " f)"#.to_owned()])
            .collect();
        all.push(function("generated", &["f".to_owned()], "", &lines));
        (all, self.expressions)
    }

    fn add(&mut self, name: &str, parameters: &[&str], locals: &str, lines: &[String]) {
        let mut all = self.expressions.take_functions();
        let parameters: Vec<String> = parameters.iter().map(|&name| name.to_owned()).collect();
        all.push(function(name, &parameters, locals, lines));
        self.functions.append(&mut all);
    }

    fn entry(&mut self, name: &str, locals: &str, lines: &[String]) {
        self.add(name, &[], locals, lines);
        self.entries.push((name.to_owned(), format!("{name}()")));
    }

    /// `site_S_D`: the record `site` of a driver at a site.
    pub fn site(
        &mut self,
        site: &Site,
        number: usize,
        driver: &Driver,
        driver_number: usize,
    ) -> Result<(), TargetError> {
        let mut lines = vec![
            "WHERE = ".to_owned() + &quote::awk(&format!("settings of {}", site.name)),
            "EVALUATION = \"configuration\"; out = record()".to_owned(),
            format!("put(out, \"name\", str({}))", quote::awk(&site.name)),
        ];
        let labels = Expr::Value(site.labels.clone().into_iter().collect());
        lines.push(format!("put(out, \"labels\", {})", self.expressions.value(&labels, Names::Site)?));
        lines.push("KEPT[\"SCOPE_SITE\"] = out".to_owned());
        let empty = indexmap::IndexMap::new();
        let written = site.settings.get(&driver.name).unwrap_or(&empty);
        for (name, value) in written {
            lines.push(format!(
                "put(out, {}, {})",
                quote::awk(name),
                self.expressions.value(value, Names::Site)?
            ));
        }
        for setting in driver.settings.iter().filter(|setting| !written.contains_key(&setting.name)) {
            let value = match &setting.default {
                Some(default) => self.expressions.value(default, Names::Site)?,
                None => "NULL".to_owned(),
            };
            lines.push(format!("put(out, {}, {value})", quote::awk(&setting.name)));
        }
        if let Some(tls) = site.settings.get("tls") {
            lines.push("tls = record()".to_owned());
            for (name, value) in tls {
                lines.push(format!(
                    "put(tls, {}, {})",
                    quote::awk(name),
                    self.expressions.value(value, Names::Site)?
                ));
            }
            lines.push("put(out, \"tls\", merged(tls, field(out, \"tls\")))".to_owned());
        }
        lines.push("return means(\"ok\", out)".to_owned());
        self.entry(&format!("site_{number}_{driver_number}"), "out, tls", &lines);
        Ok(())
    }

    /// `request_N`, `answer_N` and, for lists in pages, `page_N`.
    pub fn operation(&mut self, asked: &Asked<'_>, number: usize) -> Result<(), TargetError> {
        self.defaults(asked, number)?;
        match asked.request {
            Request::Http { .. } => self.http_request(asked, number)?,
            Request::Exec { .. } => self.command(asked, number)?,
        }
        self.answer(asked, number)?;
        if let Some(next) = asked.operation.and_then(|operation| operation.next_page.as_ref()) {
            let next = self.expressions.value(next, answer_names(asked))?;
            let lines = [
                "softly()".to_owned(),
                format!("next_ = hardly({next})"),
                "return T[next_] == \"s\" ? V[next_] : \"\"".to_owned(),
            ];
            self.entry(&format!("page_{number}"), "next_", &lines);
        }
        Ok(())
    }

    /// `normal_T` and the tables that say which attributes are compared.
    pub fn resource_type(
        &mut self,
        plan: &Plan,
        resource_type: &ResourceType,
        number: usize,
    ) -> Result<(), TargetError> {
        let mut lines = vec!["out = copied(h)".to_owned()];
        for attribute in &resource_type.attributes {
            if let Some(read) = &attribute.read {
                let value = self.expressions.value(read, Names::Record)?;
                // What reading gives nothing for may not be told by this answer.
                lines.push(format!("softly(); put(out, {}, hardly({value}))", quote::awk(&attribute.name)));
            }
        }
        lines.push("return out".to_owned());
        self.add(&format!("normal_{number}"), &["h"], "out", &lines);
        let mut lines = Vec::new();
        for attribute in &resource_type.attributes {
            let name = quote::awk(&attribute.name);
            if is_comparable(attribute) {
                let is_fixed = attribute.is_immutable || attribute.name == resource_type.identity;
                let how = if is_fixed { "immutable" } else { "mutable" };
                lines.push(format!("COMPARED[{name}] = \"{how}\""));
            }
            if attribute.read.is_some() {
                lines.push(format!("READ_BY[{name}] = 1"));
            }
            match inner(&attribute.ty) {
                Type::List(_) => lines.push(format!("LISTS[{name}] = 1")),
                Type::Map(_) => lines.push(format!("MAPS[{name}] = 1")),
                _ => {}
            }
            if let Some(identity) = referenced_identity(plan, attribute) {
                lines.push(format!("REFERENCES[{name}] = {}", quote::awk(&identity)));
            }
        }
        lines.push("return 1".to_owned());
        self.add(&format!("describe_{number}"), &[], "", &lines);
        let told = resource_type
            .attributes
            .iter()
            .filter(|attribute| !attribute.is_secret && !is_bytes(&attribute.ty));
        let names: Vec<&str> = told.map(|attribute| attribute.name.as_str()).collect();
        self.add(
            &format!("outputs_{number}"),
            &[],
            "",
            &[format!("return {}", quote::awk(&names.join("\n")))],
        );
        if let Some(ready) = &resource_type.ready {
            self.condition(&format!("ready_type_{number}"), &ready.condition)?;
        }
        if let Some(broken) = &resource_type.broken {
            let truth = self.expressions.truth(&broken.condition, Names::Resource)?;
            let message = match &broken.message {
                Some(message) => self.expressions.value(message, Names::Resource)?,
                None => "NULL".to_owned(),
            };
            let lines = [
                "softly(); is_so = held(".to_owned() + &truth + ")",
                "if (!is_so) return \"no\"".to_owned(),
                format!("softly(); words_ = hardly({message})"),
                "write_to(\"SCOPE_WORDS\", plain(T[words_] == \"s\" ? V[words_] : T[words_] == \"z\" ? text_or(field(kept(\"SCOPE_KNOWN\"), \"status\"), \"it says no more\") : json(words_)))".to_owned(),
                "return \"yes\"".to_owned(),
            ];
            self.entry(&format!("broken_type_{number}"), "is_so, words_", &lines);
        }
        Ok(())
    }

    /// `ready_operation_N`: the readiness of an operation of its own.
    pub fn operation_ready(&mut self, ready: &Readiness, number: usize) -> Result<(), TargetError> {
        self.condition(&format!("ready_operation_{number}"), &ready.condition)
    }

    /// `when_N`: whether an operation that follows another is done.
    pub fn operation_when(&mut self, when: Option<&Expr>, number: usize) -> Result<(), TargetError> {
        let truth = match when {
            Some(when) => self.expressions.truth(when, Names::Request)?,
            None => "1".to_owned(),
        };
        let lines = ["softly()".to_owned(), format!("return held({truth}) ? \"yes\" : \"no\"")];
        self.entry(&format!("when_{number}"), "", &lines);
        Ok(())
    }

    fn condition(&mut self, name: &str, condition: &Expr) -> Result<(), TargetError> {
        let truth = self.expressions.truth(condition, Names::Resource)?;
        self.entry(name, "", &["softly()".to_owned(), format!("return held({truth}) ? \"yes\" : \"no\"")]);
        Ok(())
    }

    /// `inputs_N` (and `content_N`): what a step asks with. Gives the path of the content, where it is a file.
    pub fn step(&mut self, step: &Step, resource_type: Option<&ResourceType>) -> Result<Inputs, TargetError> {
        let number = step.id.0;
        let mut inputs = Inputs::default();
        let mut lines =
            vec![format!("WHERE = {}", quote::awk(&format!("`{}`", step.name))), "set = record()".to_owned()];
        match &step.action {
            Action::Ensure { attributes, .. } | Action::Call { inputs: attributes, .. } => {
                let mut content = None;
                for (name, value) in attributes {
                    let attribute =
                        resource_type.and_then(|ty| ty.attributes.iter().find(|known| known.name == *name));
                    if attribute.is_some_and(|attribute| is_bytes(&attribute.ty)) {
                        content = Some(name.clone());
                        self.content(value, number, &mut inputs)?;
                    } else {
                        let value = self.expressions.value(value, Names::Steps)?;
                        lines.push(format!("put_unless_null(set, {}, {value})", quote::awk(name)));
                    }
                }
                lines.push("write_to(\"SCOPE_SET\", json(set))".to_owned());
                lines.push("all = copied(set); KEPT[\"SCOPE_INPUTS\"] = all".to_owned());
                for attribute in resource_type.map_or(&[][..], |ty| &ty.attributes) {
                    let is_set = attributes.iter().any(|(name, _)| *name == attribute.name);
                    if let (Some(default), false, true) = (&attribute.default, is_set, attribute.is_settable)
                    {
                        let value = self.expressions.value(default, Names::Request)?;
                        lines.push(format!("put_unless_null(all, {}, {value})", quote::awk(&attribute.name)));
                    }
                }
                if let Some(content) = content {
                    lines.push(format!("put(all, {}, str(\"content\"))", quote::awk(&content)));
                }
                lines.push("write_to(\"SCOPE_INPUTS\", json(all))".to_owned());
            }
            Action::Lookup { text, filter, .. } => {
                if let Some(text) = text {
                    let by = resource_type
                        .map_or("id", |ty| ty.name_attribute.as_deref().unwrap_or(&ty.identity))
                        .to_owned();
                    let value = self.expressions.value(text, Names::Steps)?;
                    lines.push(format!("put(set, {}, {value})", quote::awk(&by)));
                }
                lines.push("all = record()".to_owned());
                for (name, value) in filter {
                    let value = self.expressions.value(value, Names::Steps)?;
                    lines.push(format!("put(all, {}, {value})", quote::awk(name)));
                }
                lines.push("write_to(\"SCOPE_FILTER\", json(all))".to_owned());
                lines.push("write_to(\"SCOPE_INPUTS\", json(over(all, set)))".to_owned());
            }
            Action::Delete { identity, .. } => {
                let by = resource_type.map_or("id", |ty| ty.identity.as_str());
                let value = self.expressions.value(identity, Names::Steps)?;
                lines.push(format!("put(set, {}, str(text_of({value})))", quote::awk(by)));
                lines.push("write_to(\"SCOPE_INPUTS\", json(set))".to_owned());
            }
            // Refused before.
            Action::Gate { .. } => {}
            Action::Gather { parts, .. } => {
                return self.gather(parts, number).map(|()| inputs);
            }
            Action::Protect { .. } => return Err(super::view::no_guard(&step.name)),
            Action::Bring { .. } | Action::Choose { .. } => return Ok(inputs),
        }
        lines.push("return \"ok\"".to_owned());
        self.entry(&format!("inputs_{number}"), "set, all", &lines);
        Ok(inputs)
    }

    fn content(&mut self, value: &Expr, number: u32, inputs: &mut Inputs) -> Result<(), TargetError> {
        if let Expr::File(file) = value {
            self.expressions.note_file(file);
            inputs.content_file = Some(file.path.clone());
            return Ok(());
        }
        let value = self.expressions.value(value, Names::Steps)?;
        let lines = [format!("write_to(\"SCOPE_VALUE\", text_of({value}))"), "return \"ok\"".to_owned()];
        self.entry(&format!("content_{number}"), "", &lines);
        inputs.is_content_made = true;
        Ok(())
    }

    fn gather(
        &mut self,
        parts: &[(scope_plan::plan::SiteId, scope_plan::plan::StepId)],
        number: u32,
    ) -> Result<(), TargetError> {
        let mut lines = vec!["out = record()".to_owned()];
        for (site, step) in parts {
            let variable = format!("\"SCOPE_OUTPUT_{}\"", step.0);
            lines.push(format!(
                "if (ENVIRON[{variable}] != \"\") put(out, site_name_{}(), kept({variable}))",
                site.0
            ));
        }
        lines.push("return means(\"ok\", out)".to_owned());
        self.entry(&format!("gather_{number}"), "out", &lines);
        Ok(())
    }

    /// `site_name_S`.
    pub fn site_name(&mut self, site: &Site, number: usize) {
        self.add(&format!("site_name_{number}"), &[], "", &[format!("return {}", quote::awk(&site.name))]);
    }

    /// `output_N`: an output of the program; not known where a step that it needs did not end well.
    pub fn output(&mut self, value: &Expr, number: usize) -> Result<(), TargetError> {
        let mut lines = vec!["WHERE = \"the output\"".to_owned()];
        for step in value.steps_used() {
            lines.push(format!("if (ENVIRON[\"SCOPE_OUTPUT_{}\"] == \"\") return \"unknown\"", step.0));
        }
        lines.push(format!("return means(\"ok\", {})", self.expressions.value(value, Names::Steps)?));
        self.entry(&format!("output_{number}"), "", &lines);
        Ok(())
    }
}

/// What else a step needs.
#[derive(Default)]
pub struct Inputs {
    /// Its content is this file, as the plan names it.
    pub content_file: Option<String>,
    /// Its content is made by `content_N`.
    pub is_content_made: bool,
}

/// Whether a type is bytes.
pub fn is_bytes(ty: &Type) -> bool {
    match ty {
        Type::Bytes => true,
        Type::Optional(inner) => is_bytes(inner),
        _ => false,
    }
}

/// A type, optional or not.
fn inner(ty: &Type) -> &Type {
    match ty {
        Type::Optional(ty) => inner(ty),
        ty => ty,
    }
}

/// Whether the program's value of it can be held against the site's.
pub fn is_comparable(attribute: &Attribute) -> bool {
    attribute.is_settable && !attribute.is_write_only && !attribute.is_secret && !is_bytes(&attribute.ty)
}

/// Whether a body stands for the content of a bytes attribute.
fn is_content(expr: &Expr, resource_type: Option<&ResourceType>) -> bool {
    let Expr::Name(name) = expr else { return false };
    resource_type.is_some_and(|ty| {
        ty.attributes.iter().any(|attribute| attribute.name == *name && is_bytes(&attribute.ty))
    })
}

fn answer_names(asked: &Asked<'_>) -> Names {
    match asked.request {
        Request::Http { .. } => Names::HttpAnswer,
        Request::Exec { .. } => Names::ExecAnswer,
    }
}

fn title(asked: &Asked<'_>) -> String {
    match (asked.resource_type, asked.operation) {
        (Some(resource_type), Some(operation)) => format!("{} of {}", operation.name, resource_type.name),
        _ => format!("login of {}", asked.driver.name),
    }
}

/// The identity attribute of the type that an attribute refers to.
fn referenced_identity(plan: &Plan, attribute: &Attribute) -> Option<String> {
    referenced_type(plan, &attribute.ty)
}

fn referenced_type(plan: &Plan, ty: &Type) -> Option<String> {
    let name = match ty {
        Type::Reference(name) => name,
        Type::Optional(inner) | Type::List(inner) => return referenced_type(plan, inner),
        _ => return None,
    };
    let target = plan.drivers.iter().flat_map(|driver| &driver.types).find(|ty| ty.name == *name);
    Some(target.map_or_else(|| "id".to_owned(), |ty| ty.identity.clone()))
}
