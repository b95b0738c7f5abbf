//! What `--only` asks for: a schema, a part of one, under a name of one's own.
//!
//! `ServersCreate` → the schema; `ServersCreate.server.name` → what its field `server` says of its field `name`;
//! `ServerName=ServersCreate.server.name` → the same, called `ServerName`. `[]` is what a list holds.

use scope_analysis::hir::{Slot, Value};
use scope_diagnostics::{Diagnostic, codes, similar};

use crate::convert::Importer;
use crate::layers::{Layer, Layers, shortened};
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

/// Where a path ended: the schema that has no such part, the rest of the path, and what it does have.
struct Missing<'d, 'p> {
    slot: &'d Slot,
    rest: &'p [String],
    offered: Vec<&'d str>,
}

impl<'d> Importer<'d> {
    /// What stands at a path of fields below a schema, references and `allOf` followed; of `oneOf` and `anyOf` the last
    /// that has it, since a service's later versions stand behind its earlier ones. Reported if there is nothing.
    pub fn part(&mut self, place: Place, slot: &'d Slot, path: &[String]) -> Option<Part<'d>> {
        match self.walked(place, slot, path) {
            Ok((place, slot)) => {
                Some((place, slot, path.iter().filter(|key| *key != "[]").cloned().collect()))
            }
            Err(missing) => {
                let key = &missing.rest[0];
                let message = format!("this schema has no part `{}`", shortened(key));
                let report =
                    Diagnostic::new(codes::E0405, missing.slot.span, message).label("asked for by `--only`");
                self.diagnostics.push(match similar::nearest(key, missing.offered) {
                    Some(near) => report.help(format!("did you mean `{near}`?")),
                    None => report
                        .help("a part is named by the fields that lead to it, `[]` for what a list holds"),
                });
                None
            }
        }
    }

    fn walked<'p>(
        &mut self,
        mut place: Place,
        mut slot: &'d Slot,
        path: &'p [String],
    ) -> Result<(Place, &'d Slot), Missing<'d, 'p>> {
        for (index, key) in path.iter().enumerate() {
            let rest = &path[index..];
            let Value::Record(schema) = &slot.value else {
                return Err(Missing { slot, rest, offered: Vec::new() });
            };
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
                return self.walked_in_branches(&place, slot, &layers, rest);
            };
            // Named by the path that was asked for, wherever a reference on it has led.
            place.document = document;
            place.keys.extend(keywords.iter().map(|keyword| (*keyword).to_owned()));
            slot = found;
        }
        Ok((place, slot))
    }

    /// The rest of a path below the alternatives of a schema, the last first.
    fn walked_in_branches<'p>(
        &mut self,
        place: &Place,
        slot: &'d Slot,
        layers: &Layers<'d>,
        rest: &'p [String],
    ) -> Result<(Place, &'d Slot), Missing<'d, 'p>> {
        let mut missing = Missing { slot, rest, offered: fields(layers) };
        for (keyword, layer) in ["oneOf", "anyOf"]
            .into_iter()
            .flat_map(|keyword| layers.0.iter().map(move |layer| (keyword, layer)))
        {
            let Some(Value::List(branches)) = layer.schema.get(keyword).map(|slot| &slot.value) else {
                continue;
            };
            for (index, branch) in branches.iter().enumerate().rev() {
                let mut below = Place { document: layer.document, keys: place.keys.clone() };
                below.keys.extend([keyword.to_owned(), index.to_string()]);
                match self.walked(below, branch, rest) {
                    Ok(found) => return Ok(found),
                    // The one that has most of it says what is missing.
                    Err(other) if other.rest.len() < missing.rest.len() => missing = other,
                    Err(other) if other.rest.len() == missing.rest.len() => {
                        missing.offered.extend(other.offered)
                    }
                    Err(_) => {}
                }
            }
        }
        Err(missing)
    }
}

fn fields<'d>(layers: &Layers<'d>) -> Vec<&'d str> {
    let fields = layers.0.iter().filter_map(|layer| match &layer.schema.get("properties")?.value {
        Value::Record(fields) => Some(fields.keys().map(String::as_str)),
        _ => None,
    });
    fields.flatten().collect()
}
