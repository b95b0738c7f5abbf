//! The page of a driver: a site's settings, and for each service its types with attributes, defaults and operations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scope_compiler::Compilation;
use scope_compiler::hir::{Attribute, Driver, Field, Life, NamedType, OPEN, ResourceType, Share, Type};
use scope_diagnostics::SourceMap;

use super::html;

pub fn page(driver: &Driver, compilation: &Compilation) -> String {
    let sources = &compilation.sources;
    let mut out =
        format!("<p><a href=\"index.html\">index</a></p>\n<h1>Driver {}</h1>\n", html::code(&driver.name));
    if let Some((from, to)) = &driver.versions {
        out.push_str(&format!("<p>For versions {} to {}.</p>\n", html::escape(from), html::escape(to)));
    }
    if let Some(file) = sources.try_get(driver.span.file) {
        out.push_str(&html::docs(&super::head_docs(file.text())));
    }
    out.push_str("<h2 id=\"contents\">Types</h2>\n");
    let rows: Vec<Vec<String>> = driver
        .types
        .values()
        .map(|ty| {
            vec![
                link(&ty.name),
                html::code(&ty.service),
                html::text(ty.docs.first().map_or("", String::as_str)),
            ]
        })
        .collect();
    out.push_str(&html::table(&["type", "service", ""], &rows));

    out.push_str("<h2 id=\"site\">Settings of a site</h2>\n");
    let rows: Vec<Vec<String>> = driver
        .settings
        .values()
        .map(|setting| {
            let default = setting.default.as_ref().map(|value| html::code(sources.snippet(value.span)));
            let words = if setting.is_secret { "secret" } else { "" };
            vec![
                html::code(&setting.name),
                html::code(&setting.ty.to_string()),
                default.unwrap_or_default(),
                documented(words, &setting.docs),
            ]
        })
        .collect();
    out.push_str(&html::table(&["setting", "type", "default", ""], &rows));
    for service in driver.services.values() {
        out.push_str(&format!(
            "<h2 id=\"{0}\">Service {1}</h2>\n",
            html::escape(&service.name),
            html::code(&service.name)
        ));
        if !service.aliases.is_empty() {
            out.push_str(&format!("<p>Also called {}.</p>\n", html::escape(&service.aliases.join(", "))));
        }
        out.push_str(&html::docs(&service.docs));
        for ty in driver.types.values().filter(|ty| ty.service == service.name) {
            out.push_str(&one(ty, driver, compilation));
        }
    }
    out.push_str(&records(driver, &compilation.sources));
    html::page(&format!("driver {}", driver.name), &out)
}

/// The declared types that attributes hold, each once, however deep: `spec: DeploymentSpec` → what is in one, `rules: list<Rule>`
/// → what a rule is one of. Of several of one name each says of which file it is.
fn records(driver: &Driver, sources: &SourceMap) -> String {
    let mut known: BTreeSet<*const NamedType> = BTreeSet::new();
    let mut declared: Vec<(&str, &str, &NamedType)> = Vec::new();
    let mut open: Vec<&Type> =
        driver.types.values().flat_map(|ty| ty.attributes.values()).map(|attribute| &attribute.ty).collect();
    while let Some(ty) = open.pop() {
        match ty {
            Type::Named(named) if known.insert(Arc::as_ptr(named)) => {
                let place = sources.try_get(named.declared.file);
                declared.push((&named.name, place.map_or("", |file| file.path()), named));
                open.push(named.meaning());
            }
            Type::Record(fields) => open.extend(fields.iter().map(|field| &field.ty)),
            Type::OneOf(branches) => open.extend(branches),
            Type::Optional(inner)
            | Type::List(inner)
            | Type::Map(inner)
            | Type::Secret(inner)
            | Type::By(inner, _) => open.push(inner),
            _ => {}
        }
    }
    declared.sort_by_key(|(name, place, _)| (*name, *place));
    let mut n_of: BTreeMap<&str, usize> = BTreeMap::new();
    declared.iter().for_each(|(name, ..)| *n_of.entry(name).or_default() += 1);
    let is_record = |named: &NamedType| matches!(named.meaning(), Type::Record(_));
    let (records, others): (Vec<_>, Vec<_>) =
        declared.into_iter().partition(|(_, _, named)| is_record(named));
    let mut out = String::new();
    for (title, id, types) in [("Records", "records", records), ("Other types", "others", others)] {
        if !types.is_empty() {
            out.push_str(&format!("<h2 id=\"{id}\">{title}</h2>\n"));
        }
        for (name, place, named) in types {
            let of = if n_of[name] > 1 { format!(" of {}", html::code(place)) } else { String::new() };
            out.push_str(&format!("<h3>{}{of}</h3>\n", html::code(name)));
            let docs =
                sources.try_get(named.declared.file).map(|file| super::docs_above(file, named.declared));
            out.push_str(&html::docs(&docs.unwrap_or_default()));
            out.push_str(&meaning(named.meaning(), sources));
        }
    }
    out
}

/// What a declared type stands for: the fields of a record, of one of several what each is.
fn meaning(ty: &Type, sources: &SourceMap) -> String {
    match ty {
        Type::Record(fields) => fields_of(fields, sources),
        Type::OneOf(branches) => {
            let mut out = "<p>One of:</p>\n".to_string();
            for branch in branches {
                match nameless(branch) {
                    Some(fields) => {
                        out.push_str(&format!("<p>{}:</p>\n", manner(branch)));
                        out.push_str(&fields_of(fields, sources));
                    }
                    None => out.push_str(&format!("<p>{}</p>\n", html::code(&branch.to_string()))),
                }
            }
            out
        }
        other => format!("<p>{}</p>\n", html::code(&other.to_string())),
    }
}

/// The fields of a record: type, default, and what is written above each.
pub fn fields_of(fields: &[Field], sources: &SourceMap) -> String {
    let mut rows = Vec::new();
    rows_of(fields, "", sources, &mut rows);
    html::table(&["field", "type", "default", ""], &rows)
}

/// The fields of a record that has no name, or of several of them.
fn nameless(ty: &Type) -> Option<&[Field]> {
    match ty {
        Type::Record(fields) => Some(fields),
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) | Type::By(inner, _) => nameless(inner),
        _ => None,
    }
}

fn manner(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => manner(inner),
        Type::List(_) | Type::By(..) => "a list of records".to_owned(),
        Type::Map(_) => "a map of records".to_owned(),
        _ => "a record".to_owned(),
    }
}

/// A row for each field; those of a record that has no name of its own stand below it, by their path.
fn rows_of(fields: &[Field], path: &str, sources: &SourceMap, rows: &mut Vec<Vec<String>>) {
    for field in fields {
        let name = if field.name == OPEN { "any other" } else { &field.name };
        let inner = nameless(&field.ty);
        let shown = match inner {
            Some(_) => manner(&field.ty),
            None => html::code(&field.ty.to_string()),
        };
        let words = if field.is_optional || field.name == OPEN { "" } else { "required" };
        let default = field.default.as_ref().map(|value| html::code(sources.snippet(value.span)));
        rows.push(vec![
            html::code(&format!("{path}{name}")),
            shown,
            default.unwrap_or_default(),
            documented(words, &field.docs),
        ]);
        if let Some(fields) = inner {
            rows_of(fields, &format!("{path}{name}."), sources, rows);
        }
    }
}

/// A type's name, with a link to where its driver's page has it.
pub fn link(name: &str) -> String {
    match name.split_once('.') {
        Some((driver, _)) => {
            format!(
                "<a href=\"{}#{}\">{}</a>",
                super::driver_page(driver),
                html::escape(name),
                html::code(name)
            )
        }
        None => html::code(name),
    }
}

fn one(ty: &ResourceType, driver: &Driver, compilation: &Compilation) -> String {
    let mut out = format!("<h3 id=\"{}\">{}</h3>\n", html::escape(&ty.name), html::code(&ty.name));
    out.push_str(&html::docs(&ty.docs));
    if let Some(words) = versions(&ty.life) {
        out.push_str(&format!("<p>Only {}.</p>\n", html::escape(&words)));
    }
    let rows: Vec<Vec<String>> = ty
        .attributes
        .values()
        .map(|attribute| {
            let default =
                attribute.default.as_ref().map(|value| html::code(compilation.sources.snippet(value.span)));
            let written = html::escape(&attribute.ty.to_string());
            let shown = match &attribute.reference {
                Some(rule) if driver.types.contains_key(&rule.target) => {
                    let anchor = format!("<a href=\"#{0}\">{0}</a>", html::escape(&rule.target));
                    format!("<code>{}</code>", written.replace(&rule.target, &anchor))
                }
                _ => format!("<code>{written}</code>"),
            };
            vec![
                html::code(&attribute.name),
                shown,
                default.unwrap_or_default(),
                documented(&words(attribute, compilation), &attribute.docs),
            ]
        })
        .collect();
    out.push_str(&html::table(&["attribute", "type", "default", ""], &rows));
    out.push_str(&match &ty.share {
        Share::Copy { keep, .. } => {
            format!("<p>Used at another site by a copy that keeps {}.</p>\n", html::escape(&keep.join(", ")))
        }
        Share::InPlace => "<p>Used from another site where it is.</p>\n".to_string(),
        Share::None { because } => format!("<p>Not used from another site: {}.</p>\n", html::text(because)),
    });
    let rows: Vec<Vec<String>> = ty
        .operations
        .values()
        .map(|operation| vec![html::code(&operation.name), documented("", &operation.docs)])
        .collect();
    if ty.operations.values().any(|operation| !operation.docs.is_empty()) {
        out.push_str(&html::table(&["operation", ""], &rows));
    } else if !rows.is_empty() {
        let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        out.push_str(&format!("<p>Operations: {}.</p>\n", names.join(", ")));
    }
    out.push_str(&example(ty));
    out
}

/// A resource with everything that it must have.
fn example(ty: &ResourceType) -> String {
    let required: Vec<String> = ty
        .attributes
        .values()
        .filter(|attribute| attribute.is_required)
        .map(|attribute| format!("{}: …", attribute.name))
        .collect();
    let body = if required.is_empty() { "{}".to_string() } else { format!("{{ {} }}", required.join(", ")) };
    let text = format!("resource example: {} {body} scope {{ {}: local }}", ty.name, ty.service);
    format!("<pre><code>{}</code></pre>\n", html::escape(&text))
}

fn words(attribute: &Attribute, compilation: &Compilation) -> String {
    let all = [
        (attribute.is_required, "required"),
        (attribute.is_identity, "identity"),
        (attribute.is_computed, "computed"),
        (attribute.is_computed && attribute.is_settable, "settable"),
        (attribute.is_immutable, "immutable"),
        (attribute.is_write_only, "write only"),
        (attribute.is_secret, "secret"),
    ];
    let words = all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word.to_owned());
    let canonical = attribute
        .canonical
        .as_ref()
        .map(|form| format!("compared as {}", html::code(compilation.sources.snippet(form.span))));
    let versions = versions(&attribute.life).map(|words| html::escape(&words));
    words.chain(canonical).chain(versions).collect::<Vec<_>>().join(", ")
}

/// In which versions of the application something is there: `since 1.9, until 1.15`; nothing where it always is.
fn versions(life: &Life) -> Option<String> {
    let since = life.since.as_ref().map(|version| format!("since {version}"));
    let until = life.until.as_ref().map(|version| format!("until {version}"));
    let words: Vec<String> = since.into_iter().chain(until).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn documented(words: &str, docs: &[String]) -> String {
    let docs = docs.iter().map(|line| html::text(line)).collect::<Vec<_>>().join("\n");
    match (words.is_empty(), docs.is_empty()) {
        (true, _) => docs,
        (false, true) => format!("<span class=\"words\">{words}</span>"),
        (false, false) => format!("{docs} <span class=\"words\">({words})</span>"),
    }
}
