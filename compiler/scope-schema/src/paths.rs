//! The paths of a description as resources: what is made in a collection, and read, changed and deleted by its identity.
//!
//! Comes in: an OpenAPI document. Goes out: an [`Api`]. `POST /lamps`, `GET /lamps`, `GET /lamps/{id}`, `DELETE /lamps/{id}` → the
//! thing `lamp` with four operations; its attributes are those of what is sent and what is answered. Every other path is left out,
//! and named, so that whoever reads the draft knows.

use std::collections::{BTreeMap, BTreeSet};

use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, Span, codes};

use crate::actions::Action;
use crate::convert::{Importer, description};
use crate::described::{
    Described, codes_of, has_parameter, item_of, media_type, required_headers, says_exists, server, singular,
    token, within,
};
use crate::identity::{Identity, IdentityIn};
use crate::layers::{Schema, text};
use crate::nested::{Below, nested_item_of};
use crate::types::Field;

/// What of a description becomes a driver.
pub(crate) struct Api {
    pub title: String,
    pub version: String,
    /// The address of its first server, for the reader.
    pub server: Option<String>,
    /// Where a token goes: `Authorization` as a bearer's, or a header of its own.
    pub token: Option<Token>,
    pub things: Vec<Thing>,
    /// `POST /login`
    pub left_out: Vec<String>,
}

pub(crate) enum Token {
    Bearer,
    Header(String),
}

/// A type of resource.
pub(crate) struct Thing {
    /// `lamp`
    pub name: String,
    pub docs: String,
    pub identity: String,
    /// The attribute that people call it by, if it is not `name`.
    pub named_by: Option<String>,
    pub attributes: Vec<Attribute>,
    pub operations: Vec<Operation>,
    pub actions: Vec<Action>,
    /// What it is asked for below.
    pub below: Option<Below>,
    /// Its identity stands in its path only: no answer tells it.
    pub is_told_by_path: bool,
}

pub(crate) struct Attribute {
    /// Called as an expression can name it.
    pub field: Field,
    /// How it is called where it is sent and answered.
    pub sent_as: String,
    /// It is sent when one is made.
    pub is_sent: bool,
    /// It is answered when one is read.
    pub is_read: bool,
    /// It is sent when one is changed.
    pub is_changed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Find,
    Read,
    Create,
    Update,
    Delete,
}

pub(crate) struct Operation {
    pub verb: Verb,
    /// `POST`
    pub method: &'static str,
    /// `/lamps/${id}`
    pub path: String,
    /// What is sent: how it is called there, and the attribute's name. Nothing is sent where there are none.
    pub body: Vec<(String, String)>,
    /// What it is sent as, where that is not `application/json`.
    pub media_type: Option<String>,
    /// It is answered 409 where there is one already.
    pub says_exists: bool,
    /// The statuses that mean success.
    pub codes: Vec<u16>,
    /// Of a list: the field that holds it, if it is not the whole answer.
    pub list: Option<String>,
    /// Of a list: the parameter that filters by name.
    pub filter: Option<String>,
    /// Of a list: where the next page is, as an expression over the answer.
    pub next: Option<String>,
    /// The answer has the resource.
    pub tells: bool,
}

const METHODS: [(&str, &str); 5] =
    [("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];

impl<'d> Importer<'d> {
    /// The resources of a description; a report where there are none.
    pub fn api(&mut self, document: usize, root: &'d Slot, fields: &'d Schema) -> Option<Api> {
        let Some(Value::Record(paths)) = fields.get("paths").map(|slot| &slot.value) else {
            self.no_resource(root.span);
            return None;
        };
        let mut api = Api {
            title: within(fields, &["info", "title"]).and_then(text).unwrap_or("A service").to_owned(),
            version: within(fields, &["info", "version"]).and_then(text).unwrap_or("1").to_owned(),
            server: server(fields),
            token: token(fields),
            things: Vec::new(),
            left_out: Vec::new(),
        };
        let mut taken: BTreeSet<(&str, &str)> = BTreeSet::new();
        // By the path of one of them.
        let mut made: BTreeMap<&str, usize> = BTreeMap::new();
        for (path, slot) in paths {
            let Some((collection, parameter)) = item_of(path) else { continue };
            if let Some(thing) = self.thing(paths, slot, path, collection, parameter, document, &mut taken)
                && !api.things.iter().any(|known| known.name == thing.name)
            {
                made.insert(path, api.things.len());
                api.things.push(thing);
            }
        }
        for (path, slot) in paths {
            let Some((above, collection, parameter)) = nested_item_of(path) else { continue };
            let Some(parent) = made.get(above).map(|at| &api.things[*at]) else { continue };
            let mut taken_here = taken.clone();
            if let Some(thing) =
                self.thing(paths, slot, path, collection, parameter, document, &mut taken_here)
                && !api.things.iter().any(|known| known.name == thing.name)
                && let Some(thing) = thing.put_below(parent, above)
            {
                taken = taken_here;
                api.things.push(thing);
            }
        }
        for (path, slot) in paths {
            let Value::Record(of_path) = &slot.value else { continue };
            for (key, method) in METHODS {
                let Some(of_method) = of_path.get(key) else { continue };
                if taken.contains(&(path.as_str(), key)) {
                    self.tell_headers(of_path, of_method, &format!("{method} {path}"));
                } else {
                    api.left_out.push(format!("{method} {path}"));
                }
            }
        }
        if api.things.is_empty() {
            let span = fields.get("paths").map_or(root.span, |slot| slot.key);
            self.no_resource(span);
            return None;
        }
        Some(api)
    }

    fn no_resource(&mut self, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(codes::E0418, span, "no path of this description is a resource")
                .label("nothing that can be made and read here")
                .help("a resource is read by `GET /things/{id}`, and made by `POST /things` or by `PUT /things/{id}`"),
        );
    }

    #[allow(clippy::too_many_arguments)] // All of it is where one resource stands in the description.
    fn thing(
        &mut self,
        paths: &'d Schema,
        slot: &'d Slot,
        path: &'d str,
        collection: &'d str,
        parameter: &str,
        document: usize,
        taken: &mut BTreeSet<(&'d str, &'static str)>,
    ) -> Option<Thing> {
        let Value::Record(of_item) = &slot.value else { return None };
        let of_collection = match paths.get_key_value(collection).map(|(key, slot)| (key, &slot.value)) {
            Some((_, Value::Record(fields))) => Some(fields),
            _ => None,
        };
        let described = |of: Option<&'d Schema>, key: &str| match of?.get(key).map(|slot| &slot.value) {
            Some(Value::Record(fields)) => Some(Described { fields }),
            _ => None,
        };
        let read = described(Some(of_item), "get")?;
        let post = described(of_collection, "post");
        let put = described(Some(of_item), "put");
        let patch = described(Some(of_item), "patch");
        let answered = self.answered(&read, document);
        let created_by = post.as_ref().or(put.as_ref())?;
        let sent = self.sent(created_by, document);
        let changed_by = patch.as_ref().or(put.as_ref().filter(|_| post.is_some()));
        let changed = changed_by.map(|by| self.sent(by, document)).unwrap_or_default();

        let mut attributes = self.attributes(slot, collection, [answered, sent, changed]);
        let told = IdentityIn { path, parameter, of_item, read: read.fields, document };
        // Who makes one chooses its address, and so what tells it from others.
        let is_chosen = post.is_none() && !collection.contains('{');
        let Identity { name: identity, is_told_by_path } =
            self.identity(&told, slot, is_chosen, &mut attributes)?;
        // In the path of what is made by `PUT`: the program chooses it. Where what is sent has it too, it is sent in both.
        let is_in_body = attributes[&identity].is_sent;
        if post.is_none()
            && let Some(attribute) = attributes.get_mut(&identity)
        {
            attribute.is_sent = true;
        }
        let at_item = path.replace(&format!("{{{parameter}}}"), &format!("${{{identity}}}"));
        let named_by =
            ["name", "title"].into_iter().find(|name| attributes.contains_key(*name) && *name != identity);
        let body = |is_in: fn(&Attribute) -> bool| -> Vec<(String, String)> {
            attributes
                .values()
                .filter(|attribute| is_in(attribute))
                .map(|attribute| (attribute.sent_as.clone(), attribute.field.name.clone()))
                .collect()
        };
        let mut operations = Vec::new();
        // What is below something else is found among what is there, whoever chose its name: the two together are its identity.
        let is_looked_for = !attributes[&identity].is_sent || collection.contains('{');
        if let (Some(find), true) = (described(of_collection, "get"), is_looked_for)
            && let Some(list) = self.list(&find, document)
        {
            let filter = named_by.filter(|name| has_parameter(find.fields, name)).map(str::to_owned);
            let codes = codes_of(&find, 200);
            let next = self.next_page(&find, collection, document);
            operations.push(Operation {
                verb: Verb::Find,
                method: "GET",
                path: collection.to_owned(),
                body: Vec::new(),
                media_type: None,
                says_exists: false,
                codes,
                list,
                filter,
                next,
                tells: true,
            });
            taken.insert((collection, "get"));
        }
        let of_made = post.as_ref().map(|post| self.answered(post, document)).unwrap_or_default();
        let tells = of_made.iter().any(|field| field.name == identity);
        let mut add = |verb, method, path: &str, body, of: &Described<'d>, usual, tells| {
            let codes = codes_of(of, usual);
            let path = path.to_owned();
            let request = of.fields.get("requestBody").and_then(|slot| self.resolved(slot, document));
            operations.push(Operation {
                verb,
                method,
                path,
                body,
                media_type: request.and_then(|(request, _)| media_type(request)),
                says_exists: verb == Verb::Create && method == "POST" && says_exists(of),
                codes,
                list: None,
                filter: None,
                next: None,
                tells,
            });
        };
        add(Verb::Read, "GET", &at_item, Vec::new(), &read, 200, true);
        taken.insert((path, "get"));
        let of_created = |attribute: &Attribute| attribute.is_sent;
        match (&post, &put) {
            (Some(post), _) => {
                add(Verb::Create, "POST", collection, body(of_created), post, 201, tells);
                taken.insert((collection, "post"));
            }
            (None, Some(put)) => {
                let mut sent = body(of_created);
                sent.retain(|(_, name)| *name != identity || is_in_body);
                add(Verb::Create, "PUT", &at_item, sent, put, 200, false);
                taken.insert((path, "put"));
            }
            (None, None) => return None,
        }
        let of_changed = |attribute: &Attribute| attribute.is_changed;
        if let Some(patch) = &patch {
            add(Verb::Update, "PATCH", &at_item, body(of_changed), patch, 200, false);
            taken.insert((path, "patch"));
        } else if let (Some(put), Some(_)) = (&put, &post) {
            add(Verb::Update, "PUT", &at_item, body(of_changed), put, 200, false);
            taken.insert((path, "put"));
        }
        if let Some(delete) = described(Some(of_item), "delete") {
            add(Verb::Delete, "DELETE", &at_item, Vec::new(), &delete, 204, false);
            taken.insert((path, "delete"));
        }
        let actions = self.actions(paths, path, &at_item, document, taken);
        Some(Thing {
            name: singular(collection),
            docs: within(read.fields, &["summary"])
                .and_then(text)
                .map_or_else(|| description(slot), str::to_owned),
            named_by: named_by.filter(|name| *name != "name").map(str::to_owned),
            identity,
            attributes: attributes.into_values().collect(),
            operations,
            actions,
            below: None,
            is_told_by_path,
        })
    }

    /// A header that has to be sent says something that no attribute does: it is left out, and that is told.
    fn tell_headers(&mut self, of_path: &'d Schema, of_method: &'d Slot, written: &str) {
        let Value::Record(fields) = &of_method.value else { return };
        for header in required_headers(of_path).into_iter().chain(required_headers(fields)) {
            self.diagnostics.push(
                Diagnostic::new(codes::E0418, of_method.key, format!("`{written}` has to be sent with the header `{header}`"))
                    .severity(scope_diagnostics::Severity::Warning)
                    .label("left out: what stands in it is not described as part of a resource")
                    .help(format!("add it to the operation, or for all to the service: `headers: {{ \"{header}\": site.… }}`, with a setting of the site")),
            );
        }
    }
}
