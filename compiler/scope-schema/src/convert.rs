//! A schema as a type.
//!
//! Comes in: the documents, and one place after another that is wanted as a named type. Goes out: [`Ty`]s. What a `$ref`
//! leads to becomes a named type of its own, so that types may hold themselves; everything else is written where it
//! stands. `{ type: [string, "null"] }` → `string?`, `{ type: array, items: { $ref: "#/$defs/Pod" } }` → `list<Pod>`.
//!
//! Schemas come from elsewhere: the work, the depth and the number of types are bounded.

use std::collections::{HashMap, VecDeque};

use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, Span, codes};

use crate::layers::{Layer, Layers};
use crate::pointer::{Document, Place};
use crate::types::{Ty, TypeId};
use crate::unsaid::Unsaid;

/// So many schemas are looked at, in all.
const MOST_SCHEMAS: usize = 300_000;

/// So many types are named.
const MOST_TYPES: usize = 20_000;

/// So deep are records written within records; the parser's own bound is further away.
const DEEPEST: usize = 48;

/// A named type.
pub(crate) struct Named<'d> {
    /// What it can be called by, the last word first choice: `io k8s api core v1 Pod`.
    pub words: Vec<String>,
    pub place: Place,
    pub at: &'d Slot,
    /// Once it is converted.
    pub ty: Ty,
    pub docs: String,
}

/// The documents being imported.
pub(crate) struct Importer<'d> {
    pub documents: &'d [Document],
    pub types: Vec<Named<'d>>,
    pub diagnostics: Vec<Diagnostic>,
    /// What no type says.
    pub unsaid: Unsaid,
    /// Names of types whose values are amounts.
    quantities: &'d [String],
    known: HashMap<Place, TypeId>,
    waiting: VecDeque<TypeId>,
    n_schemas: usize,
    is_full: bool,
}

impl<'d> Importer<'d> {
    pub fn new(documents: &'d [Document], quantities: &'d [String]) -> Importer<'d> {
        Importer {
            documents,
            types: Vec::new(),
            diagnostics: Vec::new(),
            unsaid: Unsaid::default(),
            quantities,
            known: HashMap::new(),
            waiting: VecDeque::new(),
            n_schemas: 0,
            is_full: false,
        }
    }

    /// The named type of a place; converted by [`Importer::finish_types`].
    pub fn named(&mut self, place: Place, at: &'d Slot, words: Vec<String>) -> Ty {
        if let Some(known) = self.known.get(&place) {
            return Ty::Named(*known);
        }
        if self.types.len() >= MOST_TYPES {
            self.too_large(at.span, format!("more than {MOST_TYPES} types"));
            return Ty::Any;
        }
        let id = TypeId(self.types.len());
        let docs = description(at);
        self.types.push(Named { words, place: place.clone(), at, ty: Ty::Any, docs });
        self.known.insert(place, id);
        self.waiting.push_back(id);
        Ty::Named(id)
    }

    /// Converts what was named, and what that names, until nothing is left.
    pub fn finish_types(&mut self) {
        while let Some(id) = self.waiting.pop_front() {
            let named = &self.types[id.0];
            let (at, document) = (named.at, named.place.document);
            if self.quantities.iter().any(|name| is_called(named, name)) {
                self.types[id.0].ty = Ty::Plain("quantity");
                continue;
            }
            // Whether a field may be `null` is said where the field is.
            let ty = not_null(self.ty(at, document, 0));
            self.types[id.0].ty = ty;
        }
        self.cut_circles();
    }

    /// A name of amounts that no type has is a mistake.
    pub fn check_quantities(&mut self) {
        for name in self.quantities {
            if self.types.iter().any(|named| is_called(named, name)) {
                continue;
            }
            let Some(document) = self.documents.first() else { return };
            let names = self.types.iter().filter_map(|named| named.words.last()).map(String::as_str);
            let near = scope_diagnostics::similar::nearest(name, names);
            let report = Diagnostic::new(
                codes::E0406,
                document.root.span,
                format!("no type that is imported is called `{}`", crate::layers::shortened(name)),
            )
            .label("not in here, or not used by what is imported");
            self.diagnostics.push(match near {
                Some(near) => report.help(format!("did you mean `--quantity {near}`?")),
                None => report.help("`--quantity` names a schema: its last word, or its name in full"),
            });
        }
    }

    /// What a schema says, as a type.
    pub fn ty(&mut self, at: &'d Slot, document: usize, depth: usize) -> Ty {
        if !self.may_go_on(at.span) {
            return Ty::Any;
        }
        let schema = match &at.value {
            Value::Record(schema) => schema,
            Value::Bool(_) => return Ty::Any,
            _ => {
                self.wrong(at.span, "a schema is a record of keywords");
                return Ty::Any;
            }
        };
        if depth > DEEPEST {
            self.too_large(at.span, format!("schemas more than {DEEPEST} deep"));
            return Ty::Any;
        }
        if let Some(reference) = schema.get("$ref") {
            let is_alone = !schema.keys().any(|key| is_structure(key));
            let Some((place, target)) = self.follow(reference, document) else { return Ty::Any };
            if is_alone {
                self.unsaid.note(&Layers(vec![Layer { schema, span: at.span, document }]));
                let words = words_of(&place, self.documents);
                let named = self.named(place, target, words);
                return if is_nullable(schema) { named.optional() } else { named };
            }
            let mut layers = self.layers(Layer { schema, span: at.span, document });
            let mut open = Vec::new();
            self.add_referred(schema, document, &mut open, &mut layers);
            return self.layered(&layers, depth);
        }
        // `allOf` with one member that says everything is that member: it keeps its name.
        if let Some(Value::List(members)) = schema.get("allOf").map(|slot| &slot.value)
            && let [only] = members.as_slice()
            && !schema.keys().any(|key| key != "allOf" && is_structure(key))
        {
            self.unsaid.note(&Layers(vec![Layer { schema, span: at.span, document }]));
            let ty = self.ty(only, document, depth + 1);
            return if is_nullable(schema) { ty.optional() } else { ty };
        }
        let layers = self.layers(Layer { schema, span: at.span, document });
        self.layered(&layers, depth)
    }

    /// The same of several schemas that hold together.
    pub fn layered(&mut self, layers: &Layers<'d>, depth: usize) -> Ty {
        if layers.0.is_empty() {
            return Ty::Any;
        }
        self.unsaid.note(layers);
        let is_nullable = layers.0.iter().any(|layer| is_nullable(layer.schema));
        let ty = self.not_null(layers, depth);
        if is_nullable { ty.optional() } else { ty }
    }

    fn not_null(&mut self, layers: &Layers<'d>, depth: usize) -> Ty {
        if crate::scalar::is_quantity(layers) {
            return Ty::Plain("quantity");
        }
        if layers.vendor_flag("-int-or-string") || layers.text("format") == Some("int-or-string") {
            // Patterns and lengths are of the text, bounds of the number.
            return Ty::OneOf(vec![crate::scalar::integer(layers), self.string(layers)]);
        }
        if let Some(listed) = self.listed(layers) {
            for keyword in ["oneOf", "anyOf"] {
                layers.each(keyword).for_each(|slot| self.unsaid.add(keyword, slot.span));
            }
            return listed;
        }
        match self.alternatives(layers, depth) {
            Some(ty) => ty,
            None => self.of_words(layers, depth),
        }
    }

    /// What its `type` says, bounds and all, whatever alternatives there are.
    pub fn of_words(&mut self, layers: &Layers<'d>, depth: usize) -> Ty {
        let mut words = self.type_words(layers);
        // A number that may also be written as text: to say the number is enough.
        let is_number = |word: &&str| matches!(*word, "integer" | "number");
        let is_digits = |pattern: &str| pattern.starts_with("^[0-9]+") || pattern == "^[0-9]*$";
        if layers.text("pattern").is_some_and(is_digits) && words.iter().any(is_number) {
            words.retain(|word| *word != "string");
        }
        let mut branches: Vec<Ty> = words
            .iter()
            .filter(|word| **word != "null")
            .map(|word| self.one_type(word, layers, depth))
            .collect();
        let has_null = words.len() > branches.len();
        let ty = match branches.len() {
            0 => Ty::Any,
            1 => branches.remove(0),
            _ => crate::alternatives::one_of(branches),
        };
        if has_null { ty.optional() } else { ty }
    }

    /// The words of `type`, or what the other keywords say it is.
    fn type_words(&mut self, layers: &Layers<'d>) -> Vec<&'d str> {
        if let Some(slot) = layers.get("type") {
            return match &slot.value {
                Value::Text(word) => vec![word.as_str()],
                Value::List(words) => words.iter().filter_map(crate::layers::text).collect(),
                _ => {
                    self.wrong(slot.span, "`type` is a word or a list of words");
                    Vec::new()
                }
            };
        }
        let has = |keywords: &[&str]| keywords.iter().any(|keyword| layers.has(keyword));
        if has(&["properties", "additionalProperties", "patternProperties"]) {
            vec!["object"]
        } else if has(&["items", "prefixItems", "minItems", "maxItems"]) {
            vec!["array"]
        } else if has(&["pattern", "minLength", "maxLength"]) {
            vec!["string"]
        } else {
            Vec::new()
        }
    }

    fn one_type(&mut self, word: &str, layers: &Layers<'d>, depth: usize) -> Ty {
        match word {
            "string" => self.string(layers),
            "integer" => crate::scalar::integer(layers),
            "number" => crate::scalar::number(layers),
            "boolean" => Ty::Plain("bool"),
            "array" => self.array(layers, depth),
            "object" => self.object(layers, depth),
            // Of OpenAPI 2.0: content.
            "file" => Ty::Plain("bytes"),
            other => {
                let span = layers.get("type").map_or(layers.span(), |slot| slot.span);
                let words = ["string", "integer", "number", "boolean", "array", "object", "null"];
                let report = Diagnostic::new(
                    codes::E0407,
                    span,
                    format!("`{}` is no type of a schema", crate::layers::shortened(other)),
                )
                .label("not a type");
                self.diagnostics.push(match scope_diagnostics::similar::nearest(other, words) {
                    Some(near) => report.help(format!("did you mean `{near}`?")),
                    None => report.help(format!("it is one of {}", words.join(", "))),
                });
                Ty::Any
            }
        }
    }

    /// The document of the layer that a keyword is from.
    pub fn document_of(&self, layers: &Layers<'d>, keyword: &str) -> usize {
        let layer = layers.0.iter().find(|layer| layer.schema.contains_key(keyword));
        layer.map_or(0, |layer| layer.document)
    }

    /// Counts one more schema; false, with a report the first time, where it is one too many.
    pub fn may_go_on(&mut self, span: Span) -> bool {
        self.n_schemas += 1;
        if self.n_schemas > MOST_SCHEMAS {
            self.too_large(
                span,
                format!("more than {MOST_SCHEMAS} schemas, those of `allOf` counted wherever they are used"),
            );
            return false;
        }
        true
    }

    fn too_large(&mut self, span: Span, what: String) {
        if self.is_full {
            return;
        }
        self.is_full = true;
        self.diagnostics.push(
            Diagnostic::new(codes::E0408, span, format!("this is too much: {what}"))
                .label("here it ends")
                .help("name what you need of it: `--only NAME`"),
        );
    }

    pub fn wrong(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(codes::E0407, span, message).label("cannot be read"));
    }

    /// Types that are each other and nothing else: `A` is `B`, `B` is `A`.
    fn cut_circles(&mut self) {
        let n_types = self.types.len();
        let mut done = vec![false; n_types];
        for start in 0..n_types {
            let mut path: Vec<usize> = Vec::new();
            let mut next = Some(start);
            while let Some(index) = next.filter(|index| !done[*index]) {
                if path.contains(&index) {
                    let span = self.types[index].at.span;
                    self.diagnostics.push(
                        Diagnostic::new(codes::E0407, span, "this schema is itself and nothing else")
                            .label("a circle of references"),
                    );
                    self.types[index].ty = Ty::Any;
                    break;
                }
                path.push(index);
                next = alias(&self.types[index].ty);
            }
            path.iter().for_each(|index| done[*index] = true);
        }
        // One of several that is the type itself says nothing more.
        for index in 0..n_types {
            if let Ty::OneOf(branches) = &mut self.types[index].ty {
                branches.retain(|branch| alias(branch) != Some(index));
            }
        }
    }
}

/// Whether a type has this name: the last word of its own, or all of them.
fn is_called(named: &Named<'_>, name: &str) -> bool {
    named.words.last().is_some_and(|last| last == name)
        || named.place.keys.last().is_some_and(|key| key == name)
}

/// What a type is another name of.
fn alias(ty: &Ty) -> Option<usize> {
    match ty {
        Ty::Named(id) => Some(id.0),
        Ty::Optional(inner) => alias(inner),
        _ => None,
    }
}

/// An element that is `null` is one that is left out.
pub(crate) fn not_null(ty: Ty) -> Ty {
    match ty {
        Ty::Optional(inner) => *inner,
        other => other,
    }
}

/// Whether a keyword says what a value is made of; others describe it.
fn is_structure(keyword: &str) -> bool {
    matches!(
        keyword,
        "type"
            | "properties"
            | "additionalProperties"
            | "patternProperties"
            | "items"
            | "allOf"
            | "oneOf"
            | "anyOf"
            | "enum"
            | "const"
            | "required"
            // What a value must be besides.
            | "pattern"
            | "minLength"
            | "maxLength"
            | "minimum"
            | "maximum"
            | "exclusiveMinimum"
            | "exclusiveMaximum"
    )
}

pub(crate) fn is_nullable(schema: &crate::layers::Schema) -> bool {
    schema.get("nullable").is_some_and(|slot| slot.value == Value::Bool(true))
}

/// The words a place is called by: its file's name, then its keys.
pub(crate) fn words_of(place: &Place, documents: &[Document]) -> Vec<String> {
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.split('.').next().unwrap_or(name).to_owned()
    };
    let mut words = vec![stem(&documents[place.document].path)];
    for key in &place.keys {
        if !matches!(key.as_str(), "$defs" | "definitions" | "components" | "schemas" | "properties") {
            words.extend(key.split(['.', '/']).map(str::to_owned));
        }
    }
    words
}

/// What a schema says about itself.
pub(crate) fn description(at: &Slot) -> String {
    let Value::Record(schema) = &at.value else { return String::new() };
    schema.get("description").and_then(crate::layers::text).unwrap_or_default().to_owned()
}
