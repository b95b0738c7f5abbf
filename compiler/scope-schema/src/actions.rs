//! What a description says besides making, reading, changing and deleting: actions on one thing, and where the next page of a list
//! is.
//!
//! `POST /lamps/{id}/blink` → the action `blink`, with what is sent as its inputs. A list that answers `next` → `next: body.next`; one
//! that answers `next_page_token` and takes `page_token` → the same path with that parameter.

use std::collections::BTreeSet;

use scope_analysis::hir::{Slot, Value};

use crate::convert::{Importer, description};
use crate::described::{Described, codes_of, has_parameter, is_word, properties};
use crate::layers::{Schema, text};
use crate::types::Field;

/// Something that is done to one thing.
pub(crate) struct Action {
    /// `blink`
    pub name: String,
    pub docs: String,
    /// `/lamps/${id}/blink`
    pub path: String,
    /// What is sent.
    pub inputs: Vec<Field>,
    /// The statuses that mean success.
    pub codes: Vec<u16>,
}

/// Names that mean what the operation does.
const MEANT: [&str; 9] = ["find", "list", "read", "show", "create", "upload", "download", "update", "delete"];

/// Fields of a list that hold the address of the next page.
const ADDRESSES: [&str; 5] = ["next", "next_url", "next_link", "nextLink", "next_page"];

/// Fields that hold what the next page is asked for with, and the parameters that take it.
const TOKENS: [(&str, &[&str]); 4] = [
    ("next_page_token", &["page_token"]),
    ("nextPageToken", &["pageToken"]),
    ("next_cursor", &["cursor"]),
    ("nextCursor", &["cursor"]),
];

impl<'d> Importer<'d> {
    /// What is done by a `POST` to a word behind the path of one thing, where nothing can be read: that would be a part of it.
    pub(crate) fn actions(
        &mut self,
        paths: &'d Schema,
        item: &str,
        at_item: &str,
        document: usize,
        taken: &mut BTreeSet<(&'d str, &'static str)>,
    ) -> Vec<Action> {
        let mut actions: Vec<Action> = Vec::new();
        for (path, slot) in paths {
            let word = path.strip_prefix(item).and_then(|rest| rest.strip_prefix('/'));
            let Some(name) = word.map(|word| word.replace('-', "_")).filter(|name| is_word(name)) else {
                continue;
            };
            let Value::Record(of_path) = &slot.value else { continue };
            let Some(Value::Record(fields)) = of_path.get("post").map(|slot| &slot.value) else { continue };
            if of_path.contains_key("get") || MEANT.contains(&name.as_str()) {
                continue;
            }
            let post = Described { fields };
            let docs = fields.get("summary").and_then(text).map_or_else(|| description(slot), str::to_owned);
            let inputs = self.sent(&post, document).into_iter().filter(|field| is_word(&field.name));
            actions.push(Action {
                path: format!("{at_item}/{}", word.unwrap_or_default()),
                name,
                docs,
                inputs: inputs.collect(),
                codes: codes_of(&post, 200),
            });
            taken.insert((path, "post"));
        }
        actions
    }

    /// Where the next page of a list is, as an expression over its answer; nothing where all is on one page.
    pub(crate) fn next_page(&mut self, of: &Described<'d>, path: &str, document: usize) -> Option<String> {
        let (schema, document) = self.answer(of, document)?;
        let layers = self.all_layers(schema, document)?;
        let told = properties(&layers);
        let has = |field: &str| told.iter().any(|(name, ..)| *name == field);
        if let Some(address) = ADDRESSES.into_iter().find(|field| has(field)) {
            return Some(format!("body.{address}"));
        }
        let token = TOKENS.into_iter().filter(|(field, _)| has(field)).find_map(|(field, parameters)| {
            let parameter = parameters.iter().find(|name| has_parameter(of.fields, name))?;
            let next = format!("\"{path}?{parameter}=${{url(body.{field})}}\"");
            Some(format!("if (body.{field} ?? \"\") == \"\" then null else {next}"))
        });
        let links: Vec<(&'d Slot, usize)> = told
            .iter()
            .filter(|(name, ..)| matches!(name.as_str(), "links" | "_links"))
            .map(|(_, slot, document)| (*slot, *document))
            .collect();
        token.or_else(|| {
            links.into_iter().find_map(|(slot, document)| {
                let (links, _) = self.resolved(slot, document)?;
                let Value::Record(fields) = &links.get("properties")?.value else { return None };
                fields.contains_key("next").then(|| "body.links.next".to_owned())
            })
        })
    }
}
