//! What `--only` asks for: a schema, a part of one, under a name of one's own.
//!
//! `ServersCreate` → the schema; `ServersCreate.server.name` → what its field `server` says of its field `name`;
//! `ServerName=ServersCreate.server.name` → the same, called `ServerName`. `[]` is what a list holds.

use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, codes, similar};

use crate::convert::Importer;
use crate::layers::{Layer, shortened};
use crate::pointer::Place;

/// One thing that is asked for.
pub(crate) struct Wanted<'o> {
    /// What it is to be called.
    pub alias: Option<&'o str>,
    /// The schema's name, and the path in it.
    path: &'o str,
}

impl<'o> Wanted<'o> {
    /// Of a value of `--only`.
    pub fn of(only: &'o str) -> Self {
        match only.split_once('=') {
            Some((alias, path)) => Wanted { alias: Some(alias), path },
            None => Wanted { alias: None, path: only },
        }
    }

    /// Where in the schema of this name it is; nothing, if it is in none of that name. Names of schemas hold dots
    /// themselves, so the whole name goes before.
    pub fn below(&self, name: &str, last: Option<&String>) -> Option<Vec<String>> {
        let rest = [Some(name), last.map(String::as_str)]
            .into_iter()
            .flatten()
            .filter_map(|name| self.path.strip_prefix(name))
            .find(|rest| rest.is_empty() || rest.starts_with('.'))?;
        Some(rest.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }
}

/// A place, what stands there, and the path that led there.
type Part<'d> = (Place, &'d Slot, Vec<String>);

impl<'d> Importer<'d> {
    /// What stands at a path of fields below a schema, references and `allOf` followed; reported if there is nothing.
    pub fn part(&mut self, place: Place, slot: &'d Slot, path: &[String]) -> Option<Part<'d>> {
        let (mut place, mut slot) = (place, slot);
        for (index, key) in path.iter().enumerate() {
            let Value::Record(schema) = &slot.value else { return self.no_part(slot, path, index, &[]) };
            let mut layers = self.layers(Layer { schema, span: slot.span, document: place.document });
            self.add_referred(schema, place.document, &mut Vec::new(), &mut layers);
            let keywords: &[&str] = if key == "[]" { &["items"] } else { &["properties", key] };
            let found = layers.0.iter().find_map(|layer| {
                let mut found = layer.schema.get(keywords[0])?;
                for keyword in &keywords[1..] {
                    let Value::Record(fields) = &found.value else { return None };
                    found = fields.get(*keyword)?;
                }
                Some((layer.document, found))
            });
            let Some((document, found)) = found else {
                let fields =
                    layers.0.iter().filter_map(|layer| match &layer.schema.get("properties")?.value {
                        Value::Record(fields) => Some(fields.keys().map(String::as_str)),
                        _ => None,
                    });
                let offered: Vec<&str> = fields.flatten().collect();
                return self.no_part(slot, path, index, &offered);
            };
            // Named by the path that was asked for, wherever a reference on it has led.
            place.document = document;
            place.keys.extend(keywords.iter().map(|keyword| (*keyword).to_owned()));
            slot = found;
        }
        Some((place, slot, path.iter().filter(|key| *key != "[]").cloned().collect()))
    }

    fn no_part<T>(&mut self, slot: &Slot, path: &[String], index: usize, offered: &[&str]) -> Option<T> {
        let key = &path[index];
        let message = format!("this schema has no part `{}`", shortened(key));
        let report = Diagnostic::new(codes::E0405, slot.span, message).label("asked for by `--only`");
        self.diagnostics.push(match similar::nearest(key, offered.iter().copied()) {
            Some(near) => report.help(format!("did you mean `{near}`?")),
            None => report.help("a part is named by the fields that lead to it, `[]` for what a list holds"),
        });
        None
    }
}
