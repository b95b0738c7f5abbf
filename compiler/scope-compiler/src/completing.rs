//! What may stand at a place of a program, for an editor that asks while somebody types.
//!
//! Comes in: a compilation, however broken its text is, and a place. Goes out: words with what they are. The place is read
//! from the text before it, by brackets and words, so that a line which is not yet one does no harm:
//! `resource vm: openstack.server { fl` → `flavor`.

mod groups;

use scope_analysis::WITH_KEYS;
use scope_analysis::hir::{self, ResourceType, Type};
use scope_diagnostics::FileId;

use crate::Compilation;

/// A word that may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The word.
    pub label: String,
    /// What it is.
    pub kind: CandidateKind,
    /// Its type, or where it is from; may be empty.
    pub detail: String,
    /// As Markdown; may be empty.
    pub docs: String,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CandidateKind {
    /// An attribute, a key of `with`.
    Key,
    /// A resource.
    Resource,
    /// A site.
    Site,
    /// A service.
    Service,
    /// A resource type.
    Type,
    /// A text that an attribute may be.
    Text,
    /// A parameter, a `let`, a function of the program.
    Name,
    /// A function of the language.
    Function,
    /// A module of the library.
    Module,
    /// A word of the language.
    Word,
}

/// Where a place is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Where an item begins.
    Item,
    /// After the head or the body of an item.
    Clause,
    /// After `import`.
    Import,
    /// After `resource vm:`.
    Type,
    /// After `entry`, `at`.
    Site,
    /// In `scope { … }`: a key, or a location.
    Scope { is_value: bool },
    /// In `with { … }`: a key, or the value of one.
    With { key: Option<String> },
    /// In the body of a resource of this type: a key that is not among these, or the value of one.
    Body { ty: String, set: Vec<String>, key: Option<String> },
    /// Behind `name.`
    Member(String),
    /// Where any value may be.
    Value,
    /// Inside a text or a comment.
    Nowhere,
}

/// What may stand at a byte of a file.
pub fn complete(compilation: &Compilation, library: &[String], file: FileId, offset: u32) -> Vec<Candidate> {
    let Some(source) = compilation.sources.try_get(file) else { return Vec::new() };
    let before = source.text().get(..offset as usize).unwrap_or_default();
    let program = &compilation.program;
    let mut candidates = match place(before) {
        Place::Nowhere => Vec::new(),
        Place::Item => words(scope_syntax::ITEM_WORDS),
        Place::Clause => words(&["scope", "at", "with"]),
        Place::Import => library
            .iter()
            .map(|name| candidate(name, CandidateKind::Module, "standard library", ""))
            .collect(),
        Place::Type => types(program),
        Place::Site => sites(program),
        Place::Scope { is_value: false } => {
            let mut all = services(program);
            all.extend(sites(program));
            all.extend(words(&["prime", "around"]));
            all
        }
        Place::Scope { is_value: true } => {
            let mut all = sites(program);
            all.extend(words(&["here", "around"]));
            all.extend(names(compilation));
            all
        }
        Place::With { key: None } => {
            WITH_KEYS.iter().map(|key| candidate(key, CandidateKind::Key, "", "")).collect()
        }
        Place::With { key: Some(key) } => match key.as_str() {
            "on_disconnect" => words(&["queue", "skip", "fail", "local_only"]),
            "on_failure" => words(&["keep", "undo"]),
            "replace" => words(&["move", "anew", "never"]),
            "adopt" => words(&["true", "false"]),
            _ => values(compilation),
        },
        Place::Body { ty, set, key: None } => match resource_type(program, &ty) {
            Some(ty) => {
                let open = ty.attributes.values();
                let open = open.filter(|attribute| attribute.is_settable && !set.contains(&attribute.name));
                open.map(attribute).collect()
            }
            None => groups::parameters(compilation, file, &ty, &set),
        },
        Place::Body { ty, key: Some(key), .. } => {
            let attribute = resource_type(program, &ty).and_then(|ty| ty.attributes.get(&key));
            let mut all = attribute.map(|attribute| values_of(program, &attribute.ty)).unwrap_or_default();
            all.extend(values(compilation));
            all
        }
        Place::Member(name) => {
            let mut all = members(program, &name);
            all.extend(groups::members(compilation, file, &name));
            all
        }
        Place::Value => values(compilation),
    };
    let mut seen = std::collections::BTreeSet::new();
    candidates.retain(|candidate| seen.insert((candidate.label.clone(), candidate.kind)));
    candidates
}

fn candidate(label: &str, kind: CandidateKind, detail: &str, docs: &str) -> Candidate {
    Candidate { label: label.into(), kind, detail: detail.into(), docs: docs.into() }
}

fn words(words: &[&str]) -> Vec<Candidate> {
    words.iter().map(|word| candidate(word, CandidateKind::Word, "", "")).collect()
}

fn attribute(attribute: &hir::Attribute) -> Candidate {
    let needed = if attribute.is_required { ", required" } else { "" };
    let detail = format!("{}{needed}", attribute.ty);
    candidate(&attribute.name, CandidateKind::Key, &detail, &attribute.docs.join("\n"))
}

fn resource_type<'p>(program: &'p hir::Program, name: &str) -> Option<&'p ResourceType> {
    program.drivers.values().find_map(|driver| driver.types.get(name))
}

fn types(program: &hir::Program) -> Vec<Candidate> {
    let types = program.drivers.values().flat_map(|driver| driver.types.values());
    types.map(|ty| candidate(&ty.name, CandidateKind::Type, &ty.service, &ty.docs.join("\n"))).collect()
}

fn sites(program: &hir::Program) -> Vec<Candidate> {
    let is_word = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let sites = program.sites.iter().map(|site| {
        let label = if is_word(&site.name) { site.name.clone() } else { format!("{:?}", site.name) };
        let drivers: Vec<&str> = site.settings.keys().map(String::as_str).collect();
        candidate(&label, CandidateKind::Site, &drivers.join(", "), "")
    });
    sites.collect()
}

fn services(program: &hir::Program) -> Vec<Candidate> {
    let services = program.drivers.values().flat_map(|driver| {
        driver.services.keys().map(|name| candidate(name, CandidateKind::Service, &driver.name, ""))
    });
    services.collect()
}

/// What an attribute of a type may be: its words, or resources of the type referred to.
fn values_of(program: &hir::Program, ty: &Type) -> Vec<Candidate> {
    match ty.required() {
        Type::Enum(texts) => {
            texts.iter().map(|text| candidate(&format!("{text:?}"), CandidateKind::Text, "", "")).collect()
        }
        Type::Bool => words(&["true", "false"]),
        Type::List(inner) => values_of(program, inner),
        Type::Reference(target) | Type::NameOf(target) => program
            .resources
            .iter()
            .filter(|resource| resource.ty == *target)
            .map(|resource| candidate(&resource.name, CandidateKind::Resource, target, ""))
            .collect(),
        _ => Vec::new(),
    }
}

/// Every name that is declared in a file of the program, by what an editor shows of it.
fn names(compilation: &Compilation) -> Vec<Candidate> {
    let declared = compilation.uses.iter().filter(|found| found.span == found.definition);
    let names = declared.filter_map(|found| {
        let source = compilation.sources.try_get(found.span.file)?;
        let label = source.text().get(found.span.start as usize..found.span.end as usize)?;
        let is_name = label.starts_with(|c: char| c.is_alphabetic() || c == '_');
        (is_name && !source.path().starts_with("std:"))
            .then(|| candidate(label, CandidateKind::Name, "", &found.hover))
    });
    names.collect()
}

fn values(compilation: &Compilation) -> Vec<Candidate> {
    let of_program =
        compilation.program.resources.iter().filter(|resource| !resource.name.contains(['.', '[']));
    let mut all: Vec<Candidate> = of_program
        .map(|resource| {
            candidate(&resource.name, CandidateKind::Resource, &resource.ty, &resource.docs.join("\n"))
        })
        .collect();
    let resources: Vec<String> = all.iter().map(|found| found.label.clone()).collect();
    all.extend(names(compilation).into_iter().filter(|name| !resources.contains(&name.label)));
    all.extend(words(&["here", "if"]));
    let functions = scope_analysis::functions::of_programs();
    all.extend(
        functions.map(|function| {
            candidate(function.name, CandidateKind::Function, function.written, function.words)
        }),
    );
    all
}

/// The attributes of a resource, the labels of a site.
fn members(program: &hir::Program, name: &str) -> Vec<Candidate> {
    if let Some(resource) = program.resources.iter().find(|resource| resource.name == name) {
        let ty = resource_type(program, &resource.ty);
        return ty.into_iter().flat_map(|ty| ty.attributes.values()).map(attribute).collect();
    }
    let label = |(name, _): (&String, _)| candidate(name, CandidateKind::Key, "label", "");
    let labels = || program.sites.iter().flat_map(|site| site.labels.iter());
    match name.rsplit('.').next() {
        Some("labels") => labels().map(label).collect(),
        Some("here") => ["name", "labels"].map(|name| candidate(name, CandidateKind::Key, "", "")).into(),
        _ => Vec::new(),
    }
}

/// An open bracket, with the words before it and the keys that were set in it.
#[derive(Default)]
struct Open {
    head: Vec<String>,
    set: Vec<String>,
}

/// Where the end of this text is.
fn place(before: &str) -> Place {
    let mut open: Vec<Open> = Vec::new();
    // The words of the entry or item so far.
    let mut words: Vec<String> = Vec::new();
    let mut set: Vec<String> = Vec::new();
    let mut chars = before.char_indices().peekable();
    let mut is_line_start = true;
    while let Some((at, c)) = chars.next() {
        match c {
            '/' if before[at..].starts_with("//") => {
                let Some(end) = before[at..].find('\n') else { return Place::Nowhere };
                while chars.next_if(|(next, _)| *next < at + end).is_some() {}
            }
            '"' => {
                let mut is_closed = false;
                while let Some((_, c)) = chars.next() {
                    match c {
                        '\\' => drop(chars.next()),
                        '"' => {
                            is_closed = true;
                            break;
                        }
                        '\n' => break,
                        _ => {}
                    }
                }
                if !is_closed && chars.peek().is_none() {
                    return Place::Nowhere;
                }
                words.push("\"\"".into());
            }
            '{' | '(' | '[' => {
                open.push(Open { head: std::mem::take(&mut words), set: std::mem::take(&mut set) });
            }
            '}' | ')' | ']' => {
                let Open { head, set: before } = open.pop().unwrap_or_default();
                (words, set) = (head, before);
                words.push("}".into());
            }
            ',' if !open.is_empty() => words.clear(),
            '\n' => {
                is_line_start = true;
                // `key:` and its value on the next line are one entry.
                if !open.is_empty() && words.last().is_none_or(|word| word != ":") {
                    words.clear();
                }
                continue;
            }
            ':' => {
                if let ([key], false) = (words.as_slice(), open.is_empty()) {
                    set.push(key.clone());
                }
                words.push(":".into());
            }
            c if is_of_word(c) => {
                let mut end = at + c.len_utf8();
                while let Some((next, c)) = chars.next_if(|(_, c)| is_of_word(*c)) {
                    end = next + c.len_utf8();
                }
                let word = &before[at..end];
                if open.is_empty() && is_line_start && scope_syntax::ITEM_WORDS.contains(&word) {
                    words.clear();
                }
                words.push(word.into());
            }
            c if c.is_whitespace() => continue,
            _ => words.push(c.to_string()),
        }
        is_line_start = false;
    }
    // The word that is being typed stands for nothing yet.
    let is_typing = before.chars().next_back().is_some_and(is_of_word);
    let typed = if is_typing { words.pop().unwrap_or_default() } else { String::new() };
    let is_type = open.is_empty() && words.last().is_some_and(|word| word == ":");
    let is_import = words.first().is_some_and(|word| word == "import");
    if let Some((name, _)) = typed.rsplit_once('.').filter(|_| !is_type && !is_import) {
        return Place::Member(name.to_string());
    }
    match open.last() {
        None => at_margin(&words, before, &typed),
        Some(within) => inside(&within.head, &words, set),
    }
}

fn at_margin(words: &[String], before: &str, typed: &str) -> Place {
    let line = before[..before.len() - typed.len()].rsplit('\n').next().unwrap_or_default();
    let word = |at: usize| words.get(at).map(String::as_str);
    match (word(0), words.last().map(String::as_str)) {
        _ if line.trim().is_empty() && !line.starts_with([' ', '\t']) => Place::Item,
        (Some("import"), _) => Place::Import,
        (Some("entry"), _) => Place::Site,
        (Some("resource" | "existing" | "call"), Some(":")) => Place::Type,
        (Some("resource" | "existing" | "call"), Some("at")) => Place::Site,
        (Some("resource" | "existing" | "call"), _) => Place::Clause,
        _ => Place::Value,
    }
}

/// In a bracket that has these words before it.
fn inside(head: &[String], words: &[String], set: Vec<String>) -> Place {
    let is_value = words.iter().any(|word| word == ":");
    let key = || words.first().filter(|_| is_value).cloned();
    match head.last().map(String::as_str) {
        Some("scope") => Place::Scope { is_value },
        Some("with") => Place::With { key: key() },
        _ => match (head.first().map(String::as_str), head.iter().position(|word| word == ":")) {
            (Some("resource" | "existing"), Some(colon)) if !head[colon..].iter().any(|word| word == "}") => {
                let ty = head.get(colon + 1).cloned().unwrap_or_default();
                Place::Body { ty, set, key: key() }
            }
            _ => Place::Value,
        },
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::{Place, place};

    #[test]
    fn places_are_read_from_the_text_before_them() {
        let item = "import openstack\nresource vm: openstack.server {\n    name: \"vm\"\n";
        let body = |set: &[&str], key: Option<&str>| Place::Body {
            ty: "openstack.server".into(),
            set: set.iter().map(|key| (*key).to_string()).collect(),
            key: key.map(str::to_string),
        };
        for (text, wanted) in [
            (String::new(), Place::Item),
            ("res".into(), Place::Item),
            ("import open".into(), Place::Import),
            ("resource vm: ".into(), Place::Type),
            ("resource vm: openstack.se".into(), Place::Type),
            ("entry ".into(), Place::Site),
            (format!("{item}    fl"), body(&["name"], None)),
            (format!("{item}    flavor: "), body(&["name", "flavor"], Some("flavor"))),
            (format!("{item}    flavor: \"m1"), Place::Nowhere),
            (format!("{item}    // a"), Place::Nowhere),
            (format!("{item}    image: base."), Place::Member("base".into())),
            (format!("{item}}} "), Place::Clause),
            (format!("{item}}} scope {{ "), Place::Scope { is_value: false }),
            (format!("{item}}} scope {{ image: pa"), Place::Scope { is_value: true }),
            (format!("{item}}} scope {{ image: a, "), Place::Scope { is_value: false }),
            (format!("{item}}} with {{ ret"), Place::With { key: None }),
            (format!("{item}}} with {{ on_failure: "), Place::With { key: Some("on_failure".into()) }),
            (format!("{item}}} at "), Place::Site),
            (format!("{item}}}\nlet x = "), Place::Value),
        ] {
            assert_eq!(place(&text), wanted, "{text}");
        }
    }
}
