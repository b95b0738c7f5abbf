//! What kind of document a file is, and which of its schemas are wanted.
//!
//! | document | told by | gives |
//! |---|---|---|
//! | OpenAPI 3.0, 3.1, and 2.0 | `openapi`, `swagger` | a type for each named schema |
//! | resource definition (CRD), or a list of them | `kind` | for each version a resource, with types for its parts |
//! | JSON Schema | anything else with keywords of a schema | a type for itself and for each of its `$defs` |

use scope_analysis::data;
use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, SourceMap, Span, codes, similar};

use crate::convert::{Importer, description, words_of};
use crate::layers::{Schema, shortened, text};
use crate::paths::Api;
use crate::pointer::{Document, Place};
use crate::types::Field;
use crate::wanted::Wanted;
use crate::{Options, Source};

/// The documents of all files.
pub(crate) struct Documents {
    pub documents: Vec<Document>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the files; one that is not YAML or JSON is reported and left out.
pub(crate) fn read(files: &[Source], sources: &mut SourceMap) -> Documents {
    let mut out = Documents { documents: Vec::new(), diagnostics: Vec::new() };
    for source in files {
        let file = sources.add(source.path.as_str(), source.text.as_str());
        let mut reports = Vec::new();
        match data::each_document(&source.text, file, &mut |report| reports.push(report)) {
            Ok(slots) => {
                let examples = examples(&slots, !reports.is_empty());
                let is_shown = |span: Span| examples.iter().any(|example| example.contains(span));
                out.diagnostics.extend(reports.into_iter().filter(|report| !is_shown(report.primary.span)));
                out.documents
                    .extend(slots.into_iter().map(|root| Document { path: source.path.clone(), root }));
            }
            Err(error) => {
                let span = Span::at(file, error.offset.unwrap_or(0));
                out.diagnostics.push(if error.is_too_much {
                    Diagnostic::new(codes::E0408, span, format!("this is too much: {}", error.words))
                        .label("here it ends")
                        .help("give a file with less in it: the schemas that are needed, and those they refer to")
                } else {
                    Diagnostic::new(codes::E0405, span, format!("`{}` is no JSON or YAML", source.path))
                        .label(error.words)
                        .help(error.help.unwrap_or("give a file with OpenAPI, JSON Schema or resource definitions"))
                });
            }
        }
    }
    out
}

/// Where the values stand that only show what others look like: no type is made of them, however they are read.
fn examples(slots: &[Slot], is_wanted: bool) -> Vec<Span> {
    let mut found = Vec::new();
    // A field may have any name: below these, keys are names of what is described.
    const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "schemas"];
    let mut waiting: Vec<(&Slot, bool)> =
        slots.iter().filter(|_| is_wanted).map(|slot| (slot, false)).collect();
    while let Some((slot, is_of_names)) = waiting.pop() {
        match &slot.value {
            Value::List(slots) => waiting.extend(slots.iter().map(|slot| (slot, false))),
            Value::Record(fields) => {
                for (key, slot) in fields {
                    match key.as_str() {
                        "example" | "examples" if !is_of_names => found.push(slot.key.to(slot.span)),
                        key => waiting.push((slot, !is_of_names && NAMED.contains(&key))),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// A resource that a definition declares, in one version.
pub(crate) struct Resource {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub is_namespaced: bool,
    pub docs: String,
    /// Its parts, without those that every resource has.
    pub fields: Vec<Field>,
}

/// What every resource has, so that its pattern says it.
const COMMON: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// What becomes more than types.
pub(crate) struct Found {
    /// Of resource definitions.
    pub resources: Vec<Resource>,
    /// Of the paths of a description, where a driver is asked for.
    pub api: Option<Api>,
}

/// Names every type that is wanted; gives the resources.
pub(crate) fn find<'d>(importer: &mut Importer<'d>, options: &Options) -> Found {
    let mut search = Search {
        options,
        resources: Vec::new(),
        api: None,
        offered: Vec::new(),
        found: vec![false; options.only.len()],
    };
    for document in 0..importer.documents.len() {
        let root = &importer.documents[document].root;
        search.document(importer, document, root, Vec::new());
    }
    for (name, found) in options.only.iter().zip(&search.found) {
        if *found {
            continue;
        }
        let report =
            Diagnostic::new(codes::E0405, Span::DUMMY, format!("no schema is called `{}`", shortened(name)));
        let offered = search.offered.iter().map(|words| words.last().map_or("", String::as_str));
        importer.diagnostics.push(match similar::nearest(name, offered) {
            Some(near) => report.help(format!("did you mean `{near}`?")),
            None => report.help("schemas are named as the files name them, or by the last word of that name"),
        });
    }
    Found { resources: search.resources, api: search.api }
}

struct Search<'o> {
    options: &'o Options,
    resources: Vec<Resource>,
    api: Option<Api>,
    /// The words of what could have been asked for, for messages.
    offered: Vec<Vec<String>>,
    /// Which of `only` were there.
    found: Vec<bool>,
}

impl Search<'_> {
    fn document<'d>(
        &mut self,
        importer: &mut Importer<'d>,
        document: usize,
        root: &'d Slot,
        keys: Vec<String>,
    ) {
        let Value::Record(fields) = &root.value else {
            return importer.diagnostics.push(unknown(root.span));
        };
        if fields.contains_key("openapi") || fields.contains_key("swagger") {
            return self.open_api(importer, document, root, fields);
        }
        let kind = fields.get("kind").and_then(text);
        if kind == Some("CustomResourceDefinition") {
            return self.definition(importer, document, fields, keys);
        }
        if let (Some(kind), Some(Value::List(items))) = (kind, fields.get("items").map(|slot| &slot.value))
            && kind.ends_with("List")
        {
            for (index, item) in items.iter().enumerate() {
                let keys = [keys.clone(), vec!["items".to_owned(), index.to_string()]].concat();
                self.document(importer, document, item, keys);
            }
            return;
        }
        self.json_schema(importer, document, root, fields);
    }

    /// `components.schemas`, or `definitions` of 2.0.
    fn open_api<'d>(
        &mut self,
        importer: &mut Importer<'d>,
        document: usize,
        root: &'d Slot,
        fields: &'d Schema,
    ) {
        if self.options.driver.is_some() {
            // The first that has any: one driver is made.
            self.api = self.api.take().or_else(|| importer.api(document, root, fields));
            if self.options.only.is_empty() {
                return;
            }
        }
        let paths: [&[&str]; 2] = [&["components", "schemas"], &["definitions"]];
        let mut is_empty = true;
        for path in paths {
            let schemas = path.iter().try_fold(root, |slot, key| match &slot.value {
                Value::Record(fields) => fields.get(*key),
                _ => None,
            });
            let Some(Value::Record(schemas)) = schemas.map(|slot| &slot.value) else { continue };
            is_empty &= schemas.is_empty();
            let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
            self.each(importer, document, &path, schemas);
        }
        if is_empty {
            let span =
                fields.get("openapi").or_else(|| fields.get("swagger")).map_or(root.span, |slot| slot.key);
            importer.diagnostics.push(
                Diagnostic::new(codes::E0405, span, "this description names no schema")
                    .label("has no `components.schemas`")
                    .help("types are made of named schemas"),
            );
        }
    }

    fn each<'d>(
        &mut self,
        importer: &mut Importer<'d>,
        document: usize,
        path: &[String],
        schemas: &'d Schema,
    ) {
        for (name, slot) in schemas {
            let place = Place { document, keys: [path, std::slice::from_ref(name)].concat() };
            let words = words_of(&place, importer.documents);
            if self.is_wanted(name, &words) {
                importer.named(place.clone(), slot, words.clone());
            }
            self.parts_of(importer, name, &words, &place, slot);
        }
    }

    fn json_schema<'d>(
        &mut self,
        importer: &mut Importer<'d>,
        document: usize,
        root: &'d Slot,
        fields: &'d Schema,
    ) {
        let mut is_schema = false;
        let keywords = [
            "type",
            "properties",
            "$ref",
            "enum",
            "const",
            "allOf",
            "oneOf",
            "anyOf",
            "items",
            "additionalProperties",
        ];
        if keywords.iter().any(|keyword| fields.contains_key(*keyword)) {
            is_schema = true;
            let place = Place { document, keys: Vec::new() };
            let mut words = words_of(&place, importer.documents);
            if let Some(title) = fields.get("title").and_then(text) {
                words.push(title.to_owned());
            }
            let name = words.last().cloned().unwrap_or_default();
            if self.is_wanted(&name, &words) {
                importer.named(place, root, words);
            }
        }
        for key in ["$defs", "definitions"] {
            let Some(Value::Record(schemas)) = fields.get(key).map(|slot| &slot.value) else { continue };
            is_schema = true;
            self.each(importer, document, &[key.to_owned()], schemas);
        }
        if !is_schema {
            importer.diagnostics.push(unknown(root.span));
        }
    }

    /// Each version of a resource definition, the older form with one version too.
    fn definition<'d>(
        &mut self,
        importer: &mut Importer<'d>,
        document: usize,
        fields: &'d Schema,
        keys: Vec<String>,
    ) {
        let Some(Value::Record(spec)) = fields.get("spec").map(|slot| &slot.value) else {
            let span = fields.get("kind").map_or(Span::DUMMY, |slot| slot.span);
            return importer.wrong(span, "a resource definition has a `spec`");
        };
        let names = match spec.get("names").map(|slot| &slot.value) {
            Some(Value::Record(names)) => names,
            _ => {
                let span = fields.get("spec").map_or(Span::DUMMY, |slot| slot.key);
                return importer.wrong(span, "a resource definition says its `names`");
            }
        };
        let (Some(group), Some(kind), Some(plural)) = (
            spec.get("group").and_then(text),
            names.get("kind").and_then(text),
            names.get("plural").and_then(text),
        ) else {
            let span = spec.get("names").map_or(Span::DUMMY, |slot| slot.key);
            return importer
                .wrong(span, "a resource definition says its `group`, and of its names `kind` and `plural`");
        };
        for (name, what) in [(group, "group"), (plural, "plural")] {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
            if name.is_empty() || name.len() > 253 || !name.chars().all(is_plain) {
                let span = spec.get("group").map_or(Span::DUMMY, |slot| slot.span);
                return importer.wrong(span, format!("`{}` is no {what} of a resource", shortened(name)));
            }
        }
        if !kind.starts_with(|c: char| c.is_ascii_uppercase())
            || !kind.chars().all(|c| c.is_ascii_alphanumeric())
        {
            let span = names.get("kind").map_or(Span::DUMMY, |slot| slot.span);
            return importer.wrong(span, format!("`{}` is no kind of a resource", shortened(kind)));
        }
        let is_namespaced = spec.get("scope").and_then(text) != Some("Cluster");
        let shared = schema_below(spec.get("validation"));
        let mut versions: Vec<(&str, Option<&'d Slot>, Vec<String>)> = Vec::new();
        let spec_keys = [keys, vec!["spec".to_owned()]].concat();
        if let Some(Value::List(listed)) = spec.get("versions").map(|slot| &slot.value) {
            for (index, version) in listed.iter().enumerate() {
                let Value::Record(version) = &version.value else { continue };
                if version.get("served").is_some_and(|slot| slot.value == Value::Bool(false)) {
                    continue;
                }
                let below = ["versions", &index.to_string(), "schema", "openAPIV3Schema"].map(str::to_owned);
                let own = schema_below(version.get("schema"));
                let keys = [spec_keys.clone(), below.to_vec()].concat();
                versions.extend(version.get("name").and_then(text).map(|name| (name, own.or(shared), keys)));
            }
        } else if let Some(version) = spec.get("version").and_then(text) {
            let below = ["validation", "openAPIV3Schema"].map(str::to_owned);
            versions.push((version, shared, [spec_keys, below.to_vec()].concat()));
        }
        for (version, schema, keys) in versions {
            let is_word = |c: char| c.is_ascii_alphanumeric();
            if version.is_empty() || version.len() > 63 || !version.chars().all(is_word) {
                importer.wrong(
                    schema.map_or(Span::DUMMY, |slot| slot.span),
                    format!("`{}` is no version", shortened(version)),
                );
                continue;
            }
            let words = vec![group.to_owned(), version.to_owned(), kind.to_owned()];
            if !self.is_wanted(kind, &words) {
                continue;
            }
            let resource = Resource {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: kind.to_owned(),
                plural: plural.to_owned(),
                is_namespaced,
                docs: schema.map(description).unwrap_or_default(),
                fields: schema.map(|slot| parts(importer, slot, document, &keys, &words)).unwrap_or_default(),
            };
            if self.options.extend.is_none()
                && let Some(slot) = schema
            {
                importer.named(Place { document, keys }, slot, words);
            }
            self.resources.push(resource);
        }
    }

    /// The parts of a schema that are asked for by their path in it, and a schema that is asked for under another name.
    fn parts_of<'d>(
        &mut self,
        importer: &mut Importer<'d>,
        name: &str,
        words: &[String],
        place: &Place,
        slot: &'d Slot,
    ) {
        for index in 0..self.options.only.len() {
            let wanted = Wanted::of(&self.options.only[index]);
            let Some(path) = wanted.below(name, words.last()) else { continue };
            if wanted.alias.is_none() && path.is_empty() {
                continue;
            }
            self.found[index] = true;
            let Some((place, slot, path)) = importer.part(place.clone(), slot, &path) else { continue };
            let words = match wanted.alias {
                Some(alias) => vec![alias.to_owned()],
                None => words.iter().cloned().chain(path).collect(),
            };
            importer.named(place, slot, words);
        }
    }

    /// Whether a schema is asked for, by its name or the last word of it.
    fn is_wanted(&mut self, name: &str, words: &[String]) -> bool {
        self.offered.push(words.to_vec());
        if self.options.only.is_empty() {
            return true;
        }
        let mut is_wanted = false;
        for (index, only) in self.options.only.iter().enumerate() {
            if only == name || words.last() == Some(only) {
                self.found[index] = true;
                is_wanted = true;
            }
        }
        is_wanted
    }
}

/// `schema.openAPIV3Schema`
fn schema_below(slot: Option<&Slot>) -> Option<&Slot> {
    match &slot?.value {
        Value::Record(fields) => fields.get("openAPIV3Schema"),
        _ => None,
    }
}

/// The parts of a resource; one with fields of its own gets a named type, `CertificateSpec`.
fn parts<'d>(
    importer: &mut Importer<'d>,
    slot: &'d Slot,
    document: usize,
    keys: &[String],
    words: &[String],
) -> Vec<Field> {
    let Value::Record(schema) = &slot.value else { return Vec::new() };
    let Some(Value::Record(properties)) = schema.get("properties").map(|slot| &slot.value) else {
        return Vec::new();
    };
    let required = match schema.get("required").map(|slot| &slot.value) {
        Some(Value::List(names)) => names.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    let mut fields = Vec::new();
    for (name, part) in properties {
        if COMMON.contains(&name.as_str()) {
            continue;
        }
        let has_fields = matches!(&part.value, Value::Record(schema) if schema.contains_key("properties"));
        let ty = if has_fields {
            let capital =
                name.chars().next().map(|c| c.to_uppercase().chain(name.chars().skip(1)).collect::<String>());
            let mut words = words.to_vec();
            if let Some(last) = words.last_mut() {
                last.push_str(&capital.unwrap_or_default());
            }
            let keys = [keys, &["properties".to_owned(), name.clone()]].concat();
            importer.named(Place { document, keys }, part, words)
        } else {
            importer.ty(part, document, 0)
        };
        let is_required = required.contains(&name.as_str());
        fields.push(Field {
            name: name.clone(),
            ty: if is_required { ty } else { ty.optional() },
            docs: description(part),
            default: crate::object::default_of(part),
            // The site's own account of the resource.
            is_read_only: name == "status",
            is_write_only: false,
            is_password: false,
            span: part.key,
        });
    }
    fields
}

fn unknown(span: Span) -> Diagnostic {
    Diagnostic::new(codes::E0405, span, "this is no schema")
        .label("neither OpenAPI, nor JSON Schema, nor a resource definition")
        .help("an OpenAPI document has `openapi`, a resource definition `kind: CustomResourceDefinition`, a JSON Schema `type` or `$defs`")
}
