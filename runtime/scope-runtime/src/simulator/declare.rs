//! What the simulated sites hold at the beginning: exactly what the program declares.
//!
//! `simulate: { "shelf.book": [{ title: "Dune" }] }` of Paris → a book at Paris, complete and ready, with content if
//! books have any. References may lead to anything declared at the same site, in any order.

use std::rc::Rc;

use scope_plan::driver::Type;
use scope_plan::plan::SimulatedResource;
use serde_json::{Map, Value};

use super::content::Content;
use super::create::proves_equality;
use super::invent;
use super::solve;
use super::store::{Model, Record};
use super::types::{check, identity_text, inner, map_references};
use super::world::World;

/// The length of content that nobody has said anything about.
const USUAL_LENGTH: u64 = 1 << 20;

impl World {
    /// Puts the declared resources in their tables; gives what is wrong with them, in words.
    pub(super) fn declare(&mut self, site: usize, resources: &[SimulatedResource]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut with_references = Vec::new();
        for (position, resource) in resources.iter().enumerate() {
            // Nothing in the plan can ask for a type that it does not use.
            let Some(model) = self.models.get(&resource.resource_type).cloned() else { continue };
            let place = format!("`{}` of `{}`", resource.resource_type, self.sites[site].name);
            match self.declare_one(site, &model, resource, position) {
                Ok(identity) => with_references.push((model, identity, resource)),
                Err(words) => problems.push(format!("simulated {place}: {words}")),
            }
        }
        for (model, identity, resource) in with_references {
            let place = format!("`{}` of `{}`", resource.resource_type, self.sites[site].name);
            if let Err(words) = self.connect(site, &model, &identity, resource) {
                problems.push(format!("simulated {place}: {words}"));
            }
        }
        problems
    }

    fn declare_one(
        &mut self,
        site: usize,
        model: &Rc<Model>,
        resource: &SimulatedResource,
        position: usize,
    ) -> Result<String, String> {
        let mut given = Map::new();
        for (name, value) in resource.attributes.iter().filter(|(_, value)| !value.is_null()) {
            let attribute = model.attribute(name).ok_or_else(|| format!("there is no attribute `{name}`"))?;
            check(&attribute.ty, value, name)?;
            if *inner(&attribute.ty) != Type::Bytes && !has_reference(&attribute.ty) {
                given.insert(name.clone(), value.clone());
            }
        }
        let declared = given.clone();
        let subject = model.identity(&given).or_else(|| model.name(&given)).unwrap_or_default();
        let at = self.clock.now();
        for attribute in &model.resource_type.attributes {
            // A person declares what matters; the rest is as plausible as what a site gives.
            let is_missing = attribute.is_required && attribute.default.is_none() && !attribute.is_computed;
            if is_missing && !given.contains_key(&attribute.name) && !has_reference(&attribute.ty) {
                let made_up = invent::Occasion {
                    seed: self.options.seed,
                    site: &self.sites[site].name,
                    resource_type: &model.resource_type.name,
                    subject: &format!("declared {position} {subject}"),
                    at,
                }
                .value(&attribute.ty, &attribute.name);
                if !made_up.is_null() {
                    given.insert(attribute.name.clone(), made_up);
                }
            }
        }
        let ordinal = self.table(site, model).made;
        self.fill_in(site, model, &mut given, &format!("declared {position} {subject}"), ordinal, at);
        let mut record = Record::new(given);
        for name in model.contents().map(|attribute| attribute.name.clone()).collect::<Vec<_>>() {
            let content = self.declared_content(site, model, &record, &name, resource);
            for (attribute, value) in &declared {
                if proves_equality(model, attribute) || invent::is_checksum(attribute) {
                    let key = (model.resource_type.name.clone(), attribute.clone(), content.sha256.clone());
                    self.declared_sums.insert(key, value.clone());
                }
            }
            self.keep_content(model, &mut record, &name, content);
        }
        let names = self.sites[site].given_to(&model.driver);
        if let Some(ready) = &model.resource_type.ready
            && let Some(reached) =
                solve::reached(&ready.condition, &record.attributes, &names, &model.resource_type)
        {
            record.attributes = reached;
        }
        // What is declared stands, ready or not.
        record.attributes.extend(declared);
        let identity = model.identity(&record.attributes).ok_or("its identity must be a text or a number")?;
        let table = self.table(site, model);
        if table.has(&identity) {
            return Err(format!("`{}` {identity} is declared twice", model.resource_type.identity));
        }
        table.made += 1;
        table.put(record, None, model);
        Ok(identity)
    }

    fn declared_content(
        &mut self,
        site: usize,
        model: &Model,
        record: &Record,
        name: &str,
        resource: &SimulatedResource,
    ) -> Content {
        match resource.attributes.get(name) {
            Some(Value::String(text)) => return Content::of_bytes(text.clone().into_bytes()),
            Some(Value::Object(file)) => {
                if let (Some(sha256), Some(size)) =
                    (file.get("sha256").and_then(Value::as_str), file.get("size").and_then(Value::as_u64))
                {
                    return Content::known(sha256.to_string(), size);
                }
            }
            _ => {}
        }
        let declared_length = resource
            .attributes
            .iter()
            .find(|(attribute, _)| invent::is_length(attribute))
            .and_then(|(_, value)| value.as_u64());
        // The same name at two sites is the same content, unless an identity or a checksum says otherwise.
        let identity = resource.attributes.get(&model.resource_type.identity).and_then(identity_text);
        let sum = resource
            .attributes
            .iter()
            .find(|(attribute, _)| invent::is_checksum(attribute))
            .map(|(_, value)| value.to_string());
        let subject = sum.or(identity).or_else(|| model.name(&record.attributes));
        let fallback = self.sites[site].name.clone();
        Content::made_up(
            &[
                "content",
                &self.options.seed.to_string(),
                &model.resource_type.name,
                name,
                subject.as_deref().unwrap_or(&fallback),
            ],
            declared_length.unwrap_or(USUAL_LENGTH),
        )
    }

    /// The references of a declared resource, now that all are there.
    fn connect(
        &mut self,
        site: usize,
        model: &Rc<Model>,
        identity: &str,
        resource: &SimulatedResource,
    ) -> Result<(), String> {
        let mut attributes = Map::new();
        for (name, value) in resource.attributes.iter().filter(|(_, value)| !value.is_null()) {
            let Some(attribute) = model.attribute(name).filter(|attribute| has_reference(&attribute.ty))
            else {
                continue;
            };
            let resolved = map_references(&attribute.ty, value, &mut |target, reference| {
                self.reference(site, target, reference).ok_or_else(|| {
                    format!("`{name}` leads to no `{target}` that is declared there: {reference}")
                })
            })?;
            attributes.insert(name.clone(), resolved);
        }
        self.table(site, model).set(identity, attributes, model);
        Ok(())
    }
}

fn has_reference(ty: &Type) -> bool {
    match ty {
        Type::Reference(_) => true,
        Type::Optional(inner)
        | Type::List(inner)
        | Type::Sequence(inner)
        | Type::Keyed { item: inner, .. }
        | Type::Map(inner) => has_reference(inner),
        Type::Record(fields) => fields.iter().any(|(_, ty)| has_reference(ty)),
        Type::Any
        | Type::Named(_)
        | Type::String
        | Type::Int
        | Type::Float
        | Type::Quantity
        | Type::NumberOrText
        | Type::Bool
        | Type::Bytes
        | Type::Enum(_) => false,
    }
}
