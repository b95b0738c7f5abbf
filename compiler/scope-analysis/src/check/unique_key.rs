//! What tells a resource from others of its type at its site, as a text: of two that are one thing it is the same.
//!
//! `metadata: { name: "cfg", namespace: ns }` → `"pos"`, `"cfg"`, where the program says that `ns` is called so. What only the run will
//! know is told by where it comes from: `ns.uid` twice is the same. What is recorded has such a key, too: under another name it
//! is the same thing.

use indexmap::IndexMap;
use scope_diagnostics::Span;
use serde_json::Value as Json;

use crate::context::Canonical;
use crate::driver::path_of;
use crate::hir::{
    Deferred, Driver, Instance, LocationKind, OperationKind, Reference, ReferenceTarget, Resource,
    ResourceId, ResourceKind, ResourceType, SiteId, Slot, Value,
};

/// From value to value so many references are followed: what goes in a circle is reported elsewhere.
const FOLLOWED: usize = 8;

/// The keys of a program's resources.
#[derive(Clone, Copy)]
pub struct UniqueKeys<'p> {
    /// All of them, each at its position.
    pub resources: &'p [Resource],
    /// What their types say of what is unique.
    pub drivers: &'p IndexMap<String, Driver>,
    /// How a value's canonical form is made; without it values are told by how they are written.
    pub canonical: Option<Canonical>,
}

/// A value, where it is used.
#[derive(Clone, Copy)]
struct Used<'p> {
    value: &'p Value,
    by: &'p Instance,
    site: SiteId,
    /// References followed on the way to it.
    followed: usize,
}

impl<'p> UniqueKeys<'p> {
    /// What tells a resource at a site from others of its type there, and where the last of it is written; `None` where
    /// something of it is not known, or several may be alike.
    pub fn of_instance(
        &self,
        ty: &ResourceType,
        resource: &'p Resource,
        site: SiteId,
    ) -> Option<(String, Span)> {
        let by = resource.instances.get(&site)?;
        let mut key = String::new();
        let mut place = None;
        for path in &ty.unique {
            let (attribute, fields) = path.split_first()?;
            let mut slot = by.attributes.get(attribute);
            let whole = slot.map(|slot| Used { value: &slot.value, by, site, followed: 0 });
            let form = self.form(ty, attribute, || self.plain(whole?));
            for field in fields {
                slot = match slot.map(|slot| &slot.value) {
                    Some(Value::Record(fields)) => fields.get(field),
                    None | Some(Value::Null) => None,
                    Some(_) => return None,
                };
            }
            match slot {
                Some(slot) => {
                    match form {
                        Some(form) => write_plain(below(&form, fields), &mut key)?,
                        None => {
                            self.write(Used { value: &slot.value, by, site, followed: 0 }, &mut key)?;
                        }
                    }
                    place = Some(slot.span);
                }
                // What stands last is the name: unsaid, its site chooses one. The rest says where that is meant.
                None if ty.unique.last() == Some(path) => return None,
                None => key.push('-'),
            }
            key.push('\n');
        }
        place.map(|place| (key, place))
    }

    /// The same key of what was set of a resource.
    pub fn of_set(&self, ty: &ResourceType, set: &serde_json::Map<String, Json>) -> Option<String> {
        let mut key = String::new();
        let mut is_said = false;
        for path in &ty.unique {
            let (attribute, fields) = path.split_first()?;
            let value = set.get(attribute);
            let form = self.form(ty, attribute, || value.cloned());
            let value = form.as_ref().or(value).and_then(|value| below(value, fields));
            is_said |= value.is_some();
            write_plain(value, &mut key)?;
            key.push('\n');
        }
        is_said.then_some(key)
    }

    /// What a resource gives at a path at a site, in canonical form, where the program says it and it has no parts.
    pub fn said_at(
        &self,
        ty: &ResourceType,
        resource: &'p Resource,
        site: SiteId,
        path: &[String],
    ) -> Option<Json> {
        let by = resource.instances.get(&site)?;
        let (attribute, fields) = path.split_first()?;
        let whole = || {
            let slot = by.attributes.get(attribute)?;
            self.plain(Used { value: &slot.value, by, site, followed: 0 })
        };
        if let Some(form) = self.form(ty, attribute, whole) {
            return below(&form, fields).filter(|value| has_no_parts(value)).cloned();
        }
        let said = self.plain(Used { value: by.value_at(path)?, by, site, followed: 0 })?;
        has_no_parts(&said).then_some(said)
    }

    /// The same of what was set of a resource.
    pub fn set_at(
        &self,
        ty: &ResourceType,
        set: &serde_json::Map<String, Json>,
        path: &[String],
    ) -> Option<Json> {
        let (attribute, fields) = path.split_first()?;
        let value = set.get(attribute);
        let form = self.form(ty, attribute, || value.cloned());
        below(form.as_ref().or(value)?, fields).filter(|value| has_no_parts(value)).cloned()
    }

    /// The canonical form of an attribute's value, where it has one.
    fn form(&self, ty: &ResourceType, attribute: &str, value: impl FnOnce() -> Option<Json>) -> Option<Json> {
        let attribute = ty.attributes.get(attribute).filter(|attribute| attribute.canonical.is_some())?;
        let canonical = self.canonical?;
        canonical(self.drivers.get(&ty.driver)?, attribute, &value()?)
    }

    /// A plain value that the program says, though it is taken from another resource; `None` where only the run knows it.
    pub(crate) fn known(&self, value: &'p Value, by: &'p Instance, site: SiteId) -> Option<Value> {
        let used = self.resolved(Used { value, by, site, followed: 0 })?;
        match used.value {
            Value::Bool(_) | Value::Int(_) | Value::Text(_) => Some(used.value.clone()),
            _ => self.known_text(used).map(Value::Text),
        }
    }

    /// The same of any value without references in it, as JSON.
    fn plain(&self, used: Used<'p>) -> Option<Json> {
        let used = self.resolved(used)?;
        let part = |slot: &'p Slot| self.plain(Used { value: &slot.value, ..used });
        Some(match used.value.unbounded() {
            Value::Null => Json::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::List(slots) => Json::Array(slots.iter().map(part).collect::<Option<_>>()?),
            Value::Record(fields) => {
                let fields = fields.iter().map(|(key, slot)| Some((key.clone(), part(slot)?)));
                Json::Object(fields.collect::<Option<_>>()?)
            }
            _ => self.known_text(used)?.into(),
        })
    }

    /// A value as text, two alike only for equal ones.
    fn write(&self, used: Used<'p>, out: &mut String) -> Option<()> {
        let used = self.resolved(used)?;
        match used.value {
            Value::Null => out.push('-'),
            Value::Bool(value) => out.push_str(&value.to_string()),
            Value::Int(number) => out.push_str(&number.to_string()),
            Value::Text(text) => out.push_str(&format!("{text:?}")),
            Value::Resource(id) => out.push_str(&format!("#{}", id.0)),
            Value::Reference(index) => match &used.by.references.get(*index)?.target {
                ReferenceTarget::Resource(id) => out.push_str(&format!("#{}", id.0)),
                ReferenceTarget::Text(value) => self.write(Used { value, ..used }, out)?,
            },
            Value::Deferred(deferred) => self.write_deferred(deferred, used, out)?,
            _ => return None,
        }
        Some(())
    }

    /// What the run computes: by what it is computed from.
    fn write_deferred(&self, deferred: &'p Deferred, used: Used<'p>, out: &mut String) -> Option<()> {
        let word = match deferred {
            Deferred::Output { resource, site, path } => {
                let site = site.unwrap_or(used.site);
                out.push_str(&format!("#{}@{}.{}", resource.0, site.0, path.join(".")));
                return Some(());
            }
            // What it is held to does not tell two apart.
            Deferred::Bounded(bounded) => return self.write(Used { value: &bounded.value, ..used }, out),
            Deferred::Concat(parts) => {
                let texts: Option<String> =
                    parts.iter().map(|value| self.known_text(Used { value, ..used })).collect();
                if let Some(text) = texts {
                    out.push_str(&format!("{text:?}"));
                    return Some(());
                }
                "text"
            }
            Deferred::Field(_, name) => {
                out.push('.');
                name
            }
            Deferred::Call(name, _) | Deferred::Binary(name, ..) | Deferred::Unary(name, _) => name,
            Deferred::Index(..) => "[]",
            Deferred::If(..) => "if",
            Deferred::Kept(_) | Deferred::BySite(_) | Deferred::Supposed(_) => return None,
        };
        out.push_str(word);
        out.push('(');
        for value in deferred.parts() {
            self.write(Used { value, ..used }, out)?;
            out.push(',');
        }
        out.push(')');
        Some(())
    }

    /// A part of a text as it stands in it, where the program says it.
    fn known_text(&self, used: Used<'p>) -> Option<String> {
        let used = self.resolved(used)?;
        match used.value.unbounded() {
            Value::Text(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            Value::Deferred(deferred) => match deferred.as_ref() {
                Deferred::Concat(parts) => {
                    parts.iter().map(|value| self.known_text(Used { value, ..used })).collect()
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What the program says of a value that it takes from another resource; the value itself where it says nothing. `None`
    /// where references are followed in a circle.
    fn resolved(&self, mut used: Used<'p>) -> Option<Used<'p>> {
        while let Some(said) = self.said(used) {
            if said.followed > FOLLOWED {
                return None;
            }
            used = said;
        }
        Some(used)
    }

    fn said(&self, used: Used<'p>) -> Option<Used<'p>> {
        let Value::Deferred(deferred) = used.value else { return None };
        match deferred.as_ref() {
            Deferred::Output { resource, site, path } => {
                self.output(*resource, site.unwrap_or(used.site), path, used.followed)
            }
            Deferred::Field(Value::Reference(index), name) => {
                let Reference { target, location, .. } = used.by.references.get(*index)?;
                let (ReferenceTarget::Resource(id), LocationKind::Site(site)) = (target, &location.kind)
                else {
                    return None;
                };
                self.output(*id, *site, std::slice::from_ref(name), used.followed)
            }
            _ => None,
        }
    }

    /// What the program says that an attribute of a resource is at a site: set there, or told by the creation (`sets`).
    fn output(&self, id: ResourceId, site: SiteId, path: &[String], followed: usize) -> Option<Used<'p>> {
        let resource = self.resources.get(id.0 as usize)?;
        if !matches!(resource.kind, ResourceKind::Managed | ResourceKind::Existing) {
            return None;
        }
        let by = resource.instances.get(&site)?;
        let value = match path.split_first() {
            Some((name, below)) if !by.attributes.contains_key(name) => {
                let told = told_by_creation(self.driver_type(&resource.ty)?, name)?;
                by.value_at(&[told.as_slice(), below].concat())?
            }
            _ => by.value_at(path)?,
        };
        Some(Used { value, by, site, followed: followed + 1 })
    }

    fn driver_type(&self, name: &str) -> Option<&'p ResourceType> {
        let (driver, _) = name.split_once('.')?;
        self.drivers.get(driver)?.types.get(name)
    }
}

/// The attribute path from which a creation takes a computed attribute: `sets: { name: metadata.name }`.
fn told_by_creation(ty: &ResourceType, attribute: &str) -> Option<Vec<String>> {
    let mut operations = ty.operations.values();
    let create = match &ty.create {
        Some(name) => ty.operations.get(name),
        None => operations.find(|operation| operation.kind == OperationKind::Create),
    }?;
    let (_, value) = create.sets.iter().find(|(name, _)| name == attribute)?;
    path_of(value)
}

/// What stands in a plain value below these fields.
fn below<'v>(value: &'v Json, fields: &[String]) -> Option<&'v Json> {
    fields.iter().try_fold(value, |value, field| value.get(field))
}

/// Whether it is a text, a whole number or a truth: two of these are alike only where they are equal.
fn has_no_parts(value: &Json) -> bool {
    value.is_string() || value.is_boolean() || value.is_i64() || value.is_u64()
}

/// A plain value as text, two alike only for equal ones; `None` for what has parts.
fn write_plain(value: Option<&Json>, out: &mut String) -> Option<()> {
    match value {
        None | Some(Json::Null) => out.push('-'),
        Some(Json::Bool(value)) => out.push_str(&value.to_string()),
        Some(Json::Number(number)) => out.push_str(&number.to_string()),
        Some(Json::String(text)) => out.push_str(&format!("{text:?}")),
        Some(Json::Array(_) | Json::Object(_)) => return None,
    }
    Some(())
}
