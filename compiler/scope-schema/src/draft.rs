//! A description's resources as the draft of a driver.
//!
//! Comes in: an [`Api`]. Goes out: text: `driver house { … service house { … type lamp { … operation create POST "/lamps" … } } }`. It can
//! be read, checked and run; what a description does not say (what makes a repeat safe, when one is ready, where a mark is
//! kept) is for a person to add, and named where it is missing.

use std::fmt::Write;

use crate::actions::Action;
use crate::nested::Below;
use crate::paths::{Api, Attribute, Operation, Thing, Token, Verb};
use crate::types::{Field, Ty};
use crate::write::{Writer, docs, field_docs, key, quoted};

impl Writer<'_> {
    /// The whole driver.
    pub fn draft(&self, text: &mut String, name: &str, api: &Api) {
        if api.things.iter().any(|thing| thing.below.is_some()) {
            text.push_str(PARTS_OF_IDENTITY);
        }
        text.push('\n');
        docs(text, "", &format!("{}, from its description: a draft.", api.title.trim_end_matches('.')));
        if !api.left_out.is_empty() {
            text.push_str("///\n");
            docs(text, "", &format!("Left out: {}.", api.left_out.join(", ")));
        }
        let version = quoted(&api.version);
        let _ = writeln!(text, "driver {name} {{\nversions: {version}..{version}\nsite {{");
        let like = api.server.as_ref().map_or_else(String::new, |server| format!(", as {server}"));
        docs(text, "", &format!("The address below which all paths are{like}"));
        text.push_str("url: string\n");
        if api.token.is_some() {
            text.push_str("/// Sent with every request.\ntoken: secret<string>?\n");
        }
        let _ = writeln!(text, "}}\nservice {name} {{\naddress: capture(site.url, r\"^(.*?)/*$\")");
        match &api.token {
            Some(Token::Bearer) => text.push_str(
                "headers: { Authorization: if site.token == null then null else \"Bearer ${site.token}\" }\n",
            ),
            Some(Token::Header(header)) => {
                let _ = writeln!(text, "headers: {{ {}: site.token }}", key(header));
            }
            None => {}
        }
        text.push_str(ANSWERS);
        for thing in &api.things {
            let mut lines = String::new();
            self.thing(&mut lines, thing);
            // Below the margin, where a `type` is an item of the module.
            lines.lines().for_each(|line| {
                let _ = writeln!(text, "        {line}");
            });
        }
        text.push_str("}\n}\n");
    }

    fn thing(&self, text: &mut String, thing: &Thing) {
        text.push('\n');
        docs(text, "", &thing.docs);
        let _ = writeln!(text, "type {} {{", thing.name);
        let is_updated = thing.operations.iter().any(|operation| operation.verb == Verb::Update);
        let is_put = |operation: &Operation| operation.verb == Verb::Create && operation.method == "PUT";
        let is_changeable = is_updated || thing.operations.iter().any(is_put);
        for attribute in &thing.attributes {
            self.attribute(text, attribute, thing, is_updated, is_changeable);
        }
        if let Some(Below { parent, parent_identity, .. }) = &thing.below {
            let _ = writeln!(
                text,
                "/// What it is below.\n{parent}: {parent} immutable relies read({{ {parent_identity}: outer_id(body.id) }})"
            );
        }
        if let Some(name) = &thing.named_by {
            let _ = writeln!(text, "named by {name}");
        }
        text.push('\n');
        for operation in &thing.operations {
            operation_text(text, operation, thing);
        }
        for action in &thing.actions {
            self.action(text, action, thing);
        }
        let done: Vec<&str> =
            thing.operations.iter().filter_map(|operation| changing(operation.verb)).collect();
        text.push_str("merge {\n");
        for (at, first) in done.iter().enumerate() {
            for second in &done[at..] {
                let _ = writeln!(text, "{first} then {second} -> {}", relation(first, second));
            }
        }
        text.push_str("}\n}\n");
    }

    fn action(&self, text: &mut String, action: &Action, thing: &Thing) {
        docs(text, "", &action.docs);
        let _ = writeln!(text, "operation {} POST \"{}\" {{", action.name, action.path);
        let is_attribute =
            |field: &&Field| thing.attributes.iter().any(|attribute| attribute.field.name == field.name);
        let own: Vec<&Field> = action.inputs.iter().filter(|field| !is_attribute(field)).collect();
        if !own.is_empty() {
            text.push_str("input {\n");
            for field in own {
                field_docs(text, "", field);
                let _ = write!(text, "{}: ", field.name);
                self.ty(text, &field.ty, 0);
                text.push('\n');
            }
            text.push_str("}\n");
        }
        if !action.inputs.is_empty() {
            let names: Vec<&str> = action.inputs.iter().map(|field| field.name.as_str()).collect();
            let fields: Vec<String> = names.iter().map(|name| format!("{name}: {name}")).collect();
            let _ = writeln!(text, "body: {{ {} }}", fields.join(", "));
        }
        let codes: Vec<String> = action.codes.iter().map(u16::to_string).collect();
        let _ = writeln!(text, "{} -> done\n}}", codes.join(" | "));
    }

    fn attribute(
        &self,
        text: &mut String,
        attribute: &Attribute,
        thing: &Thing,
        is_updated: bool,
        is_changeable: bool,
    ) {
        let field = &attribute.field;
        field_docs(text, "", field);
        let _ = write!(text, "{}: ", field.name);
        let is_identity = field.name == thing.identity;
        // A password is given by where it is, and never written down; one that the site makes is not shown either.
        let is_secret = field.is_password && !is_identity;
        let ty = if is_identity { crate::convert::not_null(field.ty.clone()) } else { field.ty.clone() };
        let ty = if attribute.is_sent || is_identity { ty } else { ty.optional() };
        match is_secret {
            true if matches!(ty, Ty::Optional(_)) => text.push_str("secret<string>?"),
            true => text.push_str("secret<string>"),
            false => self.ty(text, &ty, 0),
        }
        let is_fixed = !is_changeable || is_updated && !attribute.is_changed;
        let words = [
            (" computed", !attribute.is_sent),
            (" identity", is_identity),
            (" immutable", attribute.is_sent && (is_identity || is_fixed)),
            (" write_only", attribute.is_sent && !attribute.is_read && !is_identity),
        ];
        words.iter().filter(|(_, holds)| *holds).for_each(|(word, _)| text.push_str(word));
        if attribute.sent_as != field.name && attribute.is_read {
            let _ = write!(text, " read(body[{}])", quoted(&attribute.sent_as));
        }
        text.push('\n');
    }
}

/// What is below something else is known by both.
const PARTS_OF_IDENTITY: &str = "
/// What is asked for below something else is known by both: `outer/inner`.
fn outer_id(id: any) = capture(id, r\"^([^/]+)/\")
fn inner_id(id: any) = capture(id, r\"([^/]+)$\")
";

/// What statuses mean everywhere, where an operation does not say otherwise.
const ANSWERS: &str = "
answers {
    401 | 403 -> denied(text)
    404 | 410 -> not_found
    409 | 423 | 425 | 429 -> busy(text)
    402 | 507 -> refused(text)
    400..499 -> invalid(text)
    500..599 -> unavailable(text)
}
";

fn operation_text(text: &mut String, operation: &Operation, thing: &Thing) {
    let name = match operation.verb {
        Verb::Find => "find",
        Verb::Read => "read",
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Delete => "delete",
    };
    let is_chosen =
        thing.attributes.iter().any(|attribute| attribute.field.name == thing.identity && attribute.is_sent);
    let is_post = operation.method == "POST";
    if operation.verb == Verb::Create && is_post && !is_chosen {
        text.push_str(
            "// What makes a repeat safe is not described: `repeat by name`, if no two can have one name.\n",
        );
    }
    let _ = writeln!(text, "operation {name} {} \"{}\" {{", operation.method, operation.path);
    if let Some(filter) = &operation.filter {
        let _ = writeln!(text, "query: {{ {filter}: {filter} }}");
    }
    if let Some(next) = &operation.next {
        let _ = writeln!(text, "next: {next}");
    }
    if let Some(media_type) = &operation.media_type {
        let _ = writeln!(text, "headers: {{ \"Content-Type\": {} }}", quoted(media_type));
    }
    let is_renamed = operation.body.iter().any(|(sent_as, name)| sent_as != name);
    // What changed is told by the attributes' names; where one is called otherwise, all of it is sent.
    if operation.method == "PATCH" && !is_renamed {
        text.push_str("body: changes\n");
    } else if !operation.body.is_empty() {
        let fields: Vec<String> =
            operation.body.iter().map(|(sent_as, name)| format!("{}: {name}", key(sent_as))).collect();
        let _ = writeln!(text, "body: {{ {} }}", fields.join(", "));
    }
    if operation.method == "PATCH" {
        text.push_str("repeat by always\n");
    }
    if operation.verb == Verb::Create && is_post && is_chosen {
        text.push_str("repeat by id\n");
    }
    let codes: Vec<String> = operation.codes.iter().map(u16::to_string).collect();
    let codes = codes.join(" | ");
    if let Some(below) = &thing.below
        && answered_below(text, operation, below, &codes)
    {
        text.push_str("}\n");
        return;
    }
    let _ = match operation.verb {
        Verb::Find => match &operation.list {
            Some(field) => writeln!(text, "{codes} -> list(body.{field})"),
            None => writeln!(text, "{codes} -> list(body)"),
        },
        Verb::Read if thing.is_told_by_path => {
            let identity = &thing.identity;
            writeln!(text, "{codes} -> found(merge(body, {{ {identity}: {identity} }}))\n404 -> not_found")
        }
        Verb::Read => writeln!(text, "{codes} -> found(body)\n404 -> not_found"),
        Verb::Create if operation.tells => writeln!(text, "{codes} -> done(body)"),
        Verb::Create | Verb::Update => writeln!(text, "{codes} -> done"),
        Verb::Delete => writeln!(text, "{codes} | 404 -> gone"),
    };
    if operation.verb == Verb::Create && is_post && (is_chosen || operation.says_exists) {
        text.push_str("409 -> exists\n");
    }
    text.push_str("}\n");
}

/// What an operation answers of something below another thing, which tells its own part of the identity only.
fn answered_below(text: &mut String, operation: &Operation, below: &Below, codes: &str) -> bool {
    let Below { parent, parent_identity, own } = below;
    let both = |inner: &str| format!("{{ id: \"${{{parent}.{parent_identity}}}/${{{inner}}}\" }}");
    let list = operation.list.as_ref().map_or("body".to_owned(), |field| format!("body.{field}"));
    let _ = match operation.verb {
        Verb::Find => {
            let entry = both(&format!("entry.{own}"));
            writeln!(text, "{codes} -> list([for entry in {list} => merge(entry, {entry})])\n404 -> list([])")
        }
        Verb::Read => writeln!(text, "{codes} -> found(merge(body, {{ id: id }}))\n404 -> not_found"),
        Verb::Create if operation.tells => {
            writeln!(text, "{codes} -> done(merge(body, {}))", both(&format!("body.{own}")))
        }
        Verb::Create if operation.method == "PUT" => writeln!(text, "{codes} -> done({})", both(own)),
        Verb::Create | Verb::Update | Verb::Delete => return false,
    };
    true
}

fn changing(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Create => Some("create"),
        Verb::Update => Some("update"),
        Verb::Delete => Some("delete"),
        Verb::Find | Verb::Read => None,
    }
}

/// What becomes of two that were accepted while sites were cut off: setting the same again is one, all else keeps its order.
fn relation(first: &str, second: &str) -> &'static str {
    match (first, second) {
        ("delete", "delete") => "any-order",
        (first, second) if first == second => "take-one",
        _ => "keep-order",
    }
}
