//! The paths of a description as resources: what is made in a collection, and read, changed and deleted by its identity.
//!
//! Comes in: an OpenAPI document. Goes out: an [`Api`]. `POST /lamps`, `GET /lamps`, `GET /lamps/{id}`, `DELETE /lamps/{id}` → the
//! thing `lamp` with four operations; its attributes are those of what is sent and what is answered. Every other path is left out,
//! and named, so that whoever reads the draft knows.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, Span, codes};

use crate::actions::Action;
use crate::convert::{Importer, description};
use crate::described::{
    Described, codes_of, content, has_parameter, is_word, item_of, media_type, properties, required_headers,
    says_exists, server, singular, token, within,
};
use crate::layers::{Layer, Layers, Schema, text};
use crate::nested::{Below, nested_item_of};
use crate::types::{Field, Ty};

/// More hops from one reference to the next lead nowhere.
const MOST_HOPS: usize = 8;

/// So many names are listed in one report.
const MOST_NAMES: usize = 12;

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

        let named = names_of([&answered, &sent, &changed].into_iter().flatten());
        self.tell_nameless(slot, collection, [&answered, &sent, &changed].into_iter().flatten(), &named);
        let mut attributes: IndexMap<String, Attribute> = IndexMap::new();
        for (fields, mark) in [(answered, 0), (sent, 1), (changed, 2)] {
            for mut field in fields {
                let Some(name) = named.get(&field.name) else { continue };
                let sent_as = std::mem::replace(&mut field.name, name.clone());
                let is_written_only = field.is_write_only;
                let is_read_only = field.is_read_only;
                let attribute = attributes.entry(field.name.clone()).or_insert_with(|| Attribute {
                    field: field.clone(),
                    sent_as,
                    is_sent: false,
                    is_read: false,
                    is_changed: false,
                });
                match mark {
                    0 => attribute.is_read = !is_written_only,
                    _ if is_read_only => {}
                    1 => {
                        attribute.is_sent = true;
                        let docs = std::mem::take(&mut attribute.field.docs);
                        attribute.field = field;
                        if attribute.field.docs.is_empty() {
                            attribute.field.docs = docs;
                        }
                    }
                    _ => attribute.is_changed = true,
                }
            }
        }
        let mut identity = [parameter, "id", "uuid", "name"]
            .into_iter()
            .find(|name| attributes.contains_key(*name))
            .map(str::to_owned);
        // Who makes one chooses its address, and so what tells it from others.
        let is_told_by_path = identity.is_none() && post.is_none() && !collection.contains('{');
        if is_told_by_path && let Some(attribute) = self.of_path(of_item, &read, parameter, document) {
            identity = Some(attribute.field.name.clone());
            attributes.shift_insert(0, attribute.field.name.clone(), attribute);
        }
        let Some(identity) = identity else {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::E0418,
                    slot.key,
                    format!("what `{path}` answers does not hold `{parameter}`"),
                )
                .severity(scope_diagnostics::Severity::Warning)
                .label("left out: what tells one from another is not known")
                .help("the answer of its `get` has a field of the parameter's name, or `id`"),
            );
            return None;
        };
        if let Some(attribute) = attributes.get_mut(&identity) {
            let ty = self.as_in_path(&attribute.field.ty, [of_item, read.fields], parameter, document);
            attribute.field.ty = ty;
        }
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

    /// A parameter of a path as an attribute; nothing where no expression can name it.
    fn of_path(
        &mut self,
        of_item: &'d Schema,
        read: &Described<'d>,
        parameter: &str,
        document: usize,
    ) -> Option<Attribute> {
        let lists =
            [of_item, read.fields].into_iter().filter_map(|fields| match &fields.get("parameters")?.value {
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
    fn as_in_path(&mut self, ty: &Ty, of: [&'d Schema; 2], parameter: &str, document: usize) -> Ty {
        let Some((schema, document)) = self.path_parameter(of, parameter, document) else {
            return ty.clone();
        };
        if let Ty::Optional(inner) = ty {
            return self.as_in_path(inner, of, parameter, document).optional();
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
    fn path_parameter(
        &mut self,
        of: [&'d Schema; 2],
        name: &str,
        document: usize,
    ) -> Option<(&'d Slot, usize)> {
        let lists = of.into_iter().rev().filter_map(|fields| match &fields.get("parameters")?.value {
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

    /// Fields that have no name in a driver are left out, and that is told.
    fn tell_nameless<'f>(
        &mut self,
        of: &Slot,
        collection: &str,
        fields: impl Iterator<Item = &'f Field>,
        named: &BTreeMap<String, String>,
    ) {
        let nameless: BTreeSet<String> = fields
            .filter(|field| !named.contains_key(&field.name))
            .map(|field| format!("`{}`", crate::layers::shortened(&field.name)))
            .collect();
        if nameless.is_empty() {
            return;
        }
        let n_more = nameless.len().saturating_sub(MOST_NAMES);
        let mut names = nameless.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ");
        if n_more > 0 {
            names.push_str(&format!(" and {n_more} more"));
        }
        self.diagnostics.push(
            Diagnostic::new(
                codes::E0418,
                of.key,
                format!("of `{}`, left out: {names}", singular(collection)),
            )
            .severity(scope_diagnostics::Severity::Warning)
            .label("has fields that an expression cannot name")
            .help("add what you need by another name: `NAME: TYPE read(body[\"…\"])`, and in the body `\"…\": NAME`"),
        );
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

    /// The fields of what an operation is sent.
    pub(crate) fn sent(&mut self, of: &Described<'d>, document: usize) -> Vec<Field> {
        let body = of.fields.get("requestBody").and_then(|slot| self.resolved(slot, document));
        if let Some((body, document)) = body {
            return content(body).map(|schema| self.fields_of(schema, document)).unwrap_or_default();
        }
        // Of 2.0: a parameter.
        let Some(Value::List(parameters)) = of.fields.get("parameters").map(|slot| &slot.value) else {
            return Vec::new();
        };
        let in_body = parameters.iter().find_map(|slot| {
            let (parameter, document) = self.resolved(slot, document)?;
            let is_body = parameter.get("in").and_then(text) == Some("body");
            is_body.then(|| parameter.get("schema").map(|schema| (schema, document))).flatten()
        });
        in_body.map(|(schema, document)| self.fields_of(schema, document)).unwrap_or_default()
    }

    /// The fields of what an operation answers.
    fn answered(&mut self, of: &Described<'d>, document: usize) -> Vec<Field> {
        let schema = self.answer(of, document);
        schema.map(|(schema, document)| self.fields_of(schema, document)).unwrap_or_default()
    }

    /// The schema of the first answer that means success and has one.
    pub(crate) fn answer(&mut self, of: &Described<'d>, document: usize) -> Option<(&'d Slot, usize)> {
        let Some(Value::Record(responses)) = of.fields.get("responses").map(|slot| &slot.value) else {
            return None;
        };
        responses.iter().filter(|(code, _)| code.starts_with('2')).find_map(|(_, slot)| {
            let (response, document) = self.resolved(slot, document)?;
            Some((content(response).or_else(|| response.get("schema"))?, document))
        })
    }

    /// Where an answer has its list: `Some(None)` if it is one, `Some(field)` if one field of it is.
    fn list(&mut self, of: &Described<'d>, document: usize) -> Option<Option<String>> {
        let (schema, document) = self.answer(of, document)?;
        let layers = self.all_layers(schema, document)?;
        if layers.text("type") == Some("array") {
            return Some(None);
        }
        let mut lists = Vec::new();
        for (name, slot, document) in properties(&layers) {
            let resolved = self.resolved(slot, document);
            if resolved.is_some_and(|(schema, _)| schema.get("type").and_then(text) == Some("array")) {
                lists.push(name);
            }
        }
        match lists.as_slice() {
            [only] if is_word(only) => Some(Some((*only).clone())),
            _ => None,
        }
    }

    fn fields_of(&mut self, schema: &'d Slot, document: usize) -> Vec<Field> {
        let Some(layers) = self.all_layers(schema, document) else { return Vec::new() };
        if !layers.has("properties") {
            return Vec::new();
        }
        match self.object(&layers, 0) {
            Ty::Record(fields) => fields,
            _ => Vec::new(),
        }
    }

    pub(crate) fn all_layers(&mut self, slot: &'d Slot, document: usize) -> Option<Layers<'d>> {
        let Value::Record(schema) = &slot.value else { return None };
        let mut layers = self.layers(Layer { schema, span: slot.span, document });
        self.add_referred(schema, document, &mut Vec::new(), &mut layers);
        Some(layers)
    }

    /// A record, its `$ref` followed.
    pub(crate) fn resolved(&mut self, slot: &'d Slot, document: usize) -> Option<(&'d Schema, usize)> {
        let (mut slot, mut document) = (slot, document);
        for _ in 0..MOST_HOPS {
            let Value::Record(fields) = &slot.value else { return None };
            let Some(reference) = fields.get("$ref") else { return Some((fields, document)) };
            let (place, target) = self.follow(reference, document)?;
            (slot, document) = (target, place.document);
        }
        None
    }
}

/// What each field is called in a driver, by how it is called in the description: `for` and `x-y` are `for_` and `x_y` there, unless
/// another field is called so.
fn names_of<'f>(fields: impl Iterator<Item = &'f Field>) -> BTreeMap<String, String> {
    let described: BTreeSet<&str> = fields.map(|field| field.name.as_str()).collect();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeSet<String> =
        described.iter().filter(|name| is_word(name)).map(|name| (*name).to_owned()).collect();
    for name in described {
        if is_word(name) {
            names.insert(name.to_owned(), name.to_owned());
            continue;
        }
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let mut word: String =
            name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            word.insert(0, '_');
        }
        if !is_word(&word) {
            word.push('_');
        }
        if word.contains(|letter: char| letter.is_ascii_alphanumeric())
            && is_word(&word)
            && taken.insert(word.clone())
        {
            names.insert(name.to_owned(), word);
        }
    }
    names
}
