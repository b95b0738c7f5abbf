//! What tells one resource from another in a description: the field that its answers have of it, or the parameter of its path.
//!
//! `GET /lamps/{id}`, answered `{ "id": string }` → the attribute `id`, of the type that either says. `PUT /pools/{poolName}`, of which
//! no answer tells the name → `poolName`, which the program chooses.

use indexmap::IndexMap;
use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, codes};

use crate::convert::Importer;
use crate::exchanged::names_of;
use crate::layers::{Schema, text};
use crate::paths::Attribute;
use crate::types::{Field, Ty};

/// Where the identity of a resource stands.
pub(crate) struct IdentityIn<'d, 'p> {
    pub path: &'d str,
    /// `id` of `/lamps/{id}`
    pub parameter: &'p str,
    pub of_item: &'d Schema,
    /// The operation that reads one.
    pub read: &'d Schema,
    pub document: usize,
}

/// The attribute that tells it.
pub(crate) struct Identity {
    pub name: String,
    /// It stands in its path only: no answer tells it.
    pub is_told_by_path: bool,
}

impl<'d> Importer<'d> {
    /// The identity of what is described in a slot, with what its path says of it; where nothing tells one from another, that is
    /// reported. `is_chosen`: who makes one chooses its address.
    pub(crate) fn identity(
        &mut self,
        told: &IdentityIn<'d, '_>,
        slot: &Slot,
        is_chosen: bool,
        attributes: &mut IndexMap<String, Attribute>,
    ) -> Option<Identity> {
        let mut identity = [told.parameter, "id", "uuid", "name"]
            .into_iter()
            .find(|name| attributes.contains_key(*name))
            .map(str::to_owned);
        let is_told_by_path = identity.is_none() && is_chosen;
        if is_told_by_path && let Some(attribute) = self.of_path(told) {
            identity = Some(attribute.field.name.clone());
            attributes.shift_insert(0, attribute.field.name.clone(), attribute);
        }
        let Some(identity) = identity else {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::E0418,
                    slot.key,
                    format!("what `{}` answers does not hold `{}`", told.path, told.parameter),
                )
                .severity(scope_diagnostics::Severity::Warning)
                .label("left out: what tells one from another is not known")
                .help("the answer of its `get` has a field of the parameter's name, or `id`"),
            );
            return None;
        };
        if let Some(attribute) = attributes.get_mut(&identity) {
            let ty = self.as_in_path(&attribute.field.ty, told);
            attribute.field.ty = ty;
        }
        Some(Identity { name: identity, is_told_by_path })
    }

    /// A parameter of a path as an attribute; nothing where no expression can name it.
    fn of_path(&mut self, of: &IdentityIn<'d, '_>) -> Option<Attribute> {
        let &IdentityIn { of_item, read, parameter, document, .. } = of;
        let lists = [of_item, read].into_iter().filter_map(|fields| match &fields.get("parameters")?.value {
            Value::List(parameters) => Some(parameters),
            _ => None,
        });
        let described: Vec<(&'d Schema, usize)> =
            lists.flatten().filter_map(|slot| self.resolved(slot, document)).collect();
        let is_it = |fields: &Schema| {
            fields.get("in").and_then(text) == Some("path")
                && fields.get("name").and_then(text) == Some(parameter)
        };
        let found = described.into_iter().find(|(fields, _)| is_it(fields));
        let ty = found.and_then(|(fields, document)| Some(self.ty(fields.get("schema")?, document, 0)));
        let docs = found.and_then(|(fields, _)| fields.get("description").and_then(text));
        let field = Field {
            docs: docs.unwrap_or_default().to_owned(),
            ..Field::of(parameter, ty.unwrap_or(Ty::Plain("string")))
        };
        let name = names_of(std::iter::once(&field)).remove(parameter)?;
        let field = Field { name, ..field };
        Some(Attribute {
            field,
            sent_as: parameter.to_owned(),
            is_sent: false,
            is_read: false,
            is_changed: false,
        })
    }

    /// The type of an identity, with what its parameter of the path says of it; what cannot be said together is noted.
    fn as_in_path(&mut self, ty: &Ty, of: &IdentityIn<'d, '_>) -> Ty {
        let Some((schema, document)) = self.path_parameter(of) else {
            return ty.clone();
        };
        if let Ty::Optional(inner) = ty {
            return self.as_in_path(inner, of).optional();
        }
        let said = self.ty(schema, document, 1);
        match (ty, said) {
            (ty, said) if *ty == said => said,
            (Ty::Plain("string"), said @ (Ty::Matching(_) | Ty::Enum(_))) => said,
            (Ty::Int(None), said @ Ty::Int(_)) => said,
            (Ty::Matching(known), Ty::Matching(said)) => {
                let further = said.into_iter().filter(|pattern| !known.contains(pattern));
                Ty::Matching(known.iter().cloned().chain(further.collect::<Vec<_>>()).collect())
            }
            (ty, _) => {
                if let Value::Record(fields) = &schema.value {
                    let narrowing =
                        ["pattern", "minLength", "maxLength", "minimum", "maximum", "enum", "const"];
                    for (keyword, slot) in fields.iter().filter(|(key, _)| narrowing.contains(&key.as_str()))
                    {
                        self.unsaid.add(keyword, slot.span);
                    }
                }
                ty.clone()
            }
        }
    }

    /// The schema of a parameter of a path, said of one operation or of all of the path; of 2.0 it is the parameter itself.
    fn path_parameter(&mut self, of: &IdentityIn<'d, '_>) -> Option<(&'d Slot, usize)> {
        let &IdentityIn { of_item, read, parameter: name, document, .. } = of;
        let lists = [read, of_item].into_iter().filter_map(|fields| match &fields.get("parameters")?.value {
            Value::List(parameters) => Some(parameters),
            _ => None,
        });
        for slot in lists.flatten() {
            let Some((parameter, document)) = self.resolved(slot, document) else { continue };
            let is = |key: &str, word: &str| parameter.get(key).and_then(text) == Some(word);
            if is("in", "path") && is("name", name) {
                return Some((parameter.get("schema").unwrap_or(slot), document));
            }
        }
        None
    }
}
