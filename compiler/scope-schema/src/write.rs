//! Types as text, in the one style of the language.
//!
//! Comes in: converted types with their names, and the resources of definitions. Goes out: a module: what it is and how to
//! make it again, the types by name, and for each group and version of resources a part of the driver.

use std::collections::BTreeMap;
use std::fmt::Write;

use scope_diagnostics::FileId;

use crate::convert::Importer;
use crate::names::Names;
use crate::roots::{Found, Resource};
use crate::types::{Field, OPEN, Ty};
use crate::{Extension, Options};

/// A documentation line is broken before this column.
const WIDTH: usize = 100;

/// So much of a description is kept: its first paragraph, to the end of a sentence.
const LONGEST_DOCS: usize = 400;

/// How a module of types begins.
pub(crate) const TYPES: &str =
    "//! Types made of published schemas. Do not edit: the next import replaces this file.\n//!\n";

/// The module.
pub(crate) fn module(importer: &Importer<'_>, found: &Found, names: &Names, options: &Options) -> String {
    let resources = &found.resources;
    let mut text = String::from(match &found.api {
        None => TYPES,
        Some(_) => "//! A driver drafted from a description: read it, and add what that does not say.\n//!\n",
    });
    let _ = writeln!(text, "//! `{}`", options.command.replace(['\n', '\r', '`'], " "));
    if let Some(words) = importer.unsaid.words() {
        let _ = writeln!(text, "//!\n//! Not said by these types, and left to the site to check: {words}.");
    }
    if let Some(extension) = options.extend.as_ref().filter(|_| !resources.is_empty()) {
        let _ = writeln!(text, "\nimport {}", extension.import);
    }
    let mut ordered: Vec<usize> = (0..importer.types.len()).collect();
    ordered.sort_by(|a, b| names.names[*a].cmp(&names.names[*b]));
    let writer = Writer { names };
    for index in ordered {
        let named = &importer.types[index];
        text.push('\n');
        docs(&mut text, "", &named.docs);
        let _ = write!(text, "type {} = ", names.names[index]);
        writer.ty(&mut text, &named.ty, 0);
        text.push('\n');
    }
    if let Some(extension) = &options.extend {
        writer.driver_parts(&mut text, resources, extension);
    }
    if let (Some(name), Some(api)) = (&options.driver, &found.api) {
        writer.draft(&mut text, name, api);
    }
    formatted(text)
}

/// In the formatter's style. What we write can be read: if not, it stays as it is and the next check says so.
fn formatted(text: String) -> String {
    let parsed = scope_syntax::parse(FileId(0), &text);
    if parsed.diagnostics.is_empty() { scope_syntax::format(&parsed.module, &text) } else { text }
}

pub(crate) struct Writer<'n> {
    names: &'n Names,
}

impl Writer<'_> {
    pub fn ty(&self, text: &mut String, ty: &Ty, depth: usize) {
        match ty {
            Ty::Any => text.push_str("any"),
            Ty::Plain(name) => text.push_str(name),
            Ty::Matching(patterns) => {
                text.push_str("string");
                for pattern in patterns {
                    text.push_str(" matching ");
                    text.push_str(&raw(pattern));
                }
            }
            Ty::Int(None) => text.push_str("int"),
            Ty::Int(Some((low, high))) => {
                let _ = write!(text, "int in {low}..{high}");
            }
            Ty::Float(None) => text.push_str("float"),
            Ty::Float(Some((low, high))) => {
                let _ = write!(text, "float in {low}..{high}");
            }
            Ty::Enum(values) => {
                let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                text.push_str(&quoted.join(" | "));
            }
            Ty::List(inner) => self.within(text, "list<", inner, ">", depth),
            Ty::Keyed(inner, keys) => match keys.as_slice() {
                [] => self.within(text, "set<", inner, ">", depth),
                [key] => self.within(text, "list<", inner, &format!("> by {key}"), depth),
                keys => self.within(text, "list<", inner, &format!("> by [{}]", keys.join(", ")), depth),
            },
            Ty::Map(inner) => self.within(text, "map<", inner, ">", depth),
            Ty::Record(fields) => {
                text.push_str("{\n");
                for field in fields {
                    self.field(text, field, depth + 1);
                }
                indent(text, depth);
                text.push('}');
            }
            Ty::Named(id) => text.push_str(self.names.of(*id)),
            Ty::Optional(inner) => match &**inner {
                // `?` is of the last word: what has several is optional as one of its alternatives, or in full.
                Ty::Enum(values) => {
                    let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                    text.push_str(&quoted.join(" | "));
                    text.push('?');
                }
                Ty::OneOf(branches) => {
                    self.branches(text, branches, depth);
                    text.push('?');
                }
                inner => {
                    self.ty(text, inner, depth);
                    text.push('?');
                }
            },
            Ty::OneOf(branches) => self.branches(text, branches, depth),
        }
    }

    /// One of several; those with a refinement go last but for `?`, which any of them may carry.
    fn branches(&self, text: &mut String, branches: &[Ty], depth: usize) {
        for (index, branch) in branches.iter().enumerate() {
            if index > 0 {
                text.push_str(" | ");
            }
            self.ty(text, branch, depth);
        }
    }

    fn within(&self, text: &mut String, open: &str, inner: &Ty, close: &str, depth: usize) {
        text.push_str(open);
        self.ty(text, inner, depth);
        text.push_str(close);
    }

    fn field(&self, text: &mut String, field: &Field, depth: usize) {
        let mut margin = String::new();
        indent(&mut margin, depth);
        field_docs(text, &margin, field);
        let _ = write!(text, "{margin}{}: ", key(&field.name));
        self.ty(text, &field.ty, depth);
        text.push('\n');
    }

    /// For each group and version: `driver base.group.version { service … { type Kind { like pattern { … } … } } }`
    fn driver_parts(&self, text: &mut String, resources: &[Resource], extension: &Extension) {
        let mut parts: BTreeMap<(&str, &str), Vec<&Resource>> = BTreeMap::new();
        for resource in resources {
            parts.entry((&resource.group, &resource.version)).or_default().push(resource);
        }
        let names = part_names(parts.keys().map(|(group, _)| *group), &extension.parts);
        for ((group, version), mut resources) in parts {
            resources.sort_by(|a, b| a.kind.cmp(&b.kind));
            let _ = write!(
                text,
                "\n/// `{group}/{version}`\ndriver {}.{}.{version} {{\nservice {} {{\n",
                extension.driver, names[group], extension.service
            );
            for resource in resources {
                // Below the margin, where a `type` is an item of the module.
                let mut lines = String::new();
                self.resource(&mut lines, resource, extension);
                for line in lines.lines() {
                    let _ = writeln!(text, "        {line}");
                }
            }
            text.push_str("}\n}\n");
        }
    }

    fn resource(&self, text: &mut String, resource: &Resource, extension: &Extension) {
        text.push('\n');
        docs(text, "", &resource.docs);
        let api = match resource.group.as_str() {
            "" => resource.version.clone(),
            group => format!("{group}/{}", resource.version),
        };
        let settable = resource.fields.iter().filter(|field| !field.is_read_only && !field.is_write_only);
        let content: Vec<String> = settable.map(|field| format!("{0}: {0}", key(&field.name))).collect();
        let _ = write!(
            text,
            "type {} {{\nlike {} {{\napi: {}, group: {}, version: {}, kind: {}, plural: {}, namespaced: {}\ncontent: {{ {} }}\n}}\n",
            resource.kind,
            extension.pattern,
            quoted(&api),
            quoted(&resource.group),
            quoted(&resource.version),
            quoted(&resource.kind),
            quoted(&resource.plural),
            resource.is_namespaced,
            content.join(", ")
        );
        for field in &resource.fields {
            field_docs(text, "", field);
            let _ = write!(text, "{}: ", key(&field.name));
            self.ty(text, &field.ty, 0);
            text.push_str(if field.is_read_only { " computed\n" } else { "\n" });
        }
        text.push_str("}\n");
    }
}

/// The part of each group's name that people say, and as much more of it as tells it apart from what the driver has and from
/// the others: `cert-manager.io` → `cert-manager`; `net.example.com` beside `net.example.org` → `net_example_org`.
fn part_names<'g>(
    groups: impl Iterator<Item = &'g str>,
    known: &[(String, String)],
) -> BTreeMap<&'g str, String> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for group in groups {
        if names.contains_key(group) {
            continue;
        }
        let is_own = |text: &str| text.contains(&format!("group: {}", quoted(group)));
        let is_taken = |name: &String| {
            names.values().any(|other| other == name)
                || known.iter().any(|(known, text)| known == name && !is_own(text))
        };
        let labels: Vec<&str> = group.split('.').collect();
        let all = part_name(&labels);
        let free = (1..=labels.len()).map(|n| part_name(&labels[..n])).find(|name| !is_taken(name));
        names.insert(group, free.unwrap_or(all));
    }
    names
}

fn part_name(labels: &[&str]) -> String {
    let name = labels.iter().map(|label| label.trim_matches('-')).collect::<Vec<_>>().join("_");
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name,
        false => format!("g{name}"),
    }
}

fn indent(text: &mut String, depth: usize) {
    for _ in 0..depth {
        text.push_str("    ");
    }
}

/// A field's name: a word as it is, anything else in quotes.
pub(crate) fn key(name: &str) -> String {
    let mut characters = name.chars();
    let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let is_word = starts && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') && name != OPEN;
    if is_word { name.to_owned() } else { quoted(name) }
}

/// A text in quotes.
pub(crate) fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' => out.push_str("\\$"),
            '\n' => out.push_str("\\n"),
            other if other.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", other as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A raw text, with as many marks as it needs.
fn raw(value: &str) -> String {
    let mut marks = String::new();
    while value.contains(&format!("\"{marks}")) {
        marks.push('#');
    }
    format!("r{marks}\"{value}\"{marks}")
}

/// What a field is, and what the site takes where it is left out.
pub(crate) fn field_docs(text: &mut String, margin: &str, field: &Field) {
    docs(text, margin, &field.docs);
    if let Some(default) = &field.default {
        let _ = writeln!(text, "{margin}/// Default: `{default}`");
    }
}

/// `///` lines of a description.
pub(crate) fn docs(text: &mut String, margin: &str, description: &str) {
    let paragraph = first_paragraph(description);
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && line.chars().count() + word.chars().count() + 1 > WIDTH {
            let _ = writeln!(text, "{margin}/// {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "{margin}/// {line}");
    }
}

/// Up to the first blank line, and not longer than is read: to the end of a sentence, if one ends before.
fn first_paragraph(description: &str) -> String {
    let trimmed = description.trim_start();
    let end = trimmed.find("\n\n").unwrap_or(trimmed.len());
    let clean: String = trimmed[..end]
        .chars()
        .map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c })
        .take(LONGEST_DOCS * 4)
        .collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((cut, _)) = clean.char_indices().nth(LONGEST_DOCS) else { return clean };
    let head = &clean[..cut];
    match head.rfind(". ") {
        Some(stop) => head[..=stop].to_owned(),
        None => format!("{}…", head.rsplit_once(' ').map_or(head, |(head, _)| head)),
    }
}

/// Characters that show nothing, or turn the direction of what follows.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
