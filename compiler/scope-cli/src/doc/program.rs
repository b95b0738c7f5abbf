//! The first page: what a program says of itself, its sites, what it asks for and where, its modules and its drivers.

use std::collections::{BTreeSet, HashMap};

use scope_compiler::Compilation;
use scope_compiler::hir::{self, Type, Value};
use scope_compiler::renaming::{Declared, DeclaredField, outline};
use scope_diagnostics::SourceFile;

use super::{driver, html};

/// What is declared to be named elsewhere: the title and the id of its table, its column, its word.
const NAMED: [(&str, &str, &str, &str); 3] = [
    ("Types", "types", "is", "type"),
    ("Functions", "functions", "takes, and gives", "fn"),
    ("Operators", "operators", "takes, and gives", "operator"),
];

pub fn page(compilation: &Compilation, entry: &str) -> String {
    let program = &compilation.program;
    let mut out = format!("<h1>{}</h1>\n", html::code(entry));
    let file = compilation.sources.iter().find(|file| file.path() == entry);
    out.push_str(&html::docs(&super::head_docs(file.map_or("", SourceFile::text))));
    let declared = |word: &str| file.map(|file| rows(compilation, file, word)).unwrap_or_default();
    let site = |id: scope_compiler::hir::SiteId| program.sites[id.0 as usize].name.as_str();
    if !program.resources.is_empty() {
        out.push_str("<h2 id=\"resources\">Resources</h2>\n");
        let rows: Vec<Vec<String>> = program
            .resources
            .iter()
            .map(|resource| {
                let sites: Vec<&str> = resource.instances.keys().map(|id| site(*id)).collect();
                vec![
                    html::code(&resource.name),
                    driver::link(&resource.ty),
                    resource.scope.as_deref().map(html::code).unwrap_or_default(),
                    html::escape(&sites.join(", ")),
                    resource.docs.iter().map(|line| html::text(line)).collect::<Vec<_>>().join("\n"),
                ]
            })
            .collect();
        out.push_str(&html::table(&["name", "type", "scope", "sites", ""], &rows));
    }
    out.push_str(&titled("Groups", "groups", &["name", "type", "sites", ""], &groups(compilation, file)));
    out.push_str(&titled("Parameters", "params", &["name", "type and default", ""], &declared("param")));
    if !program.sites.is_empty() {
        out.push_str("<h2 id=\"sites\">Sites</h2>\n");
        let rows: Vec<Vec<String>> = program
            .sites
            .iter()
            .enumerate()
            .map(|(index, site)| {
                let is_entry = program.entry.is_some_and(|entry| entry.0 as usize == index);
                let labels: Vec<String> = site
                    .labels
                    .iter()
                    .map(|(name, slot)| {
                        let written = compilation.sources.snippet(slot.span);
                        html::code(&format!("{name}: {}", known(&slot.value).as_deref().unwrap_or(written)))
                    })
                    .collect();
                let drivers: Vec<&str> = site.settings.keys().map(String::as_str).collect();
                vec![
                    html::code(&site.name),
                    html::escape(&drivers.join(", ")),
                    labels.join(" "),
                    if is_entry { "<span class=\"words\">entry</span>".into() } else { String::new() },
                ]
            })
            .collect();
        out.push_str(&html::table(&["site", "drivers", "labels", ""], &rows));
    }
    out.push_str(&titled("Links", "links", &["sites", "is", ""], &declared("link")));
    out.push_str(&titled("Outputs", "outputs", &["name", "value", ""], &declared("output")));
    for (title, id, column, word) in NAMED {
        out.push_str(&titled(title, id, &["name", column, ""], &declared(word)));
    }
    if !program.sequences.is_empty() {
        out.push_str("<h2 id=\"sequences\">Sequences</h2>\n");
        let rows: Vec<Vec<String>> = program
            .sequences
            .iter()
            .map(|sequence| {
                let own = format!("{}.", sequence.name);
                let steps: Vec<String> = sequence
                    .steps
                    .iter()
                    .map(|step| html::code(step.name.strip_prefix(&own).unwrap_or(&step.name)))
                    .collect();
                let docs: Vec<String> = sequence.docs.iter().map(|line| html::text(line)).collect();
                vec![html::code(&sequence.name), steps.join("<br>"), docs.join("\n")]
            })
            .collect();
        out.push_str(&html::table(&["name", "steps", ""], &rows));
    }
    for module in compilation.sources.iter().filter(|module| is_module(module, entry)) {
        out.push_str(&self::module(compilation, module));
    }
    if !program.drivers.is_empty() {
        out.push_str("<h2 id=\"drivers\">Drivers</h2>\n<ul>\n");
        for name in program.drivers.keys() {
            out.push_str(&format!(
                "<li><a href=\"{}\">{}</a></li>\n",
                super::driver_page(name),
                html::code(name)
            ));
        }
        out.push_str("</ul>\n");
    }
    html::page(entry, &out)
}

/// A plain value as a program writes it: what a site of a family has is the same text at each, and another value.
fn known(value: &Value) -> Option<String> {
    let amount = |ty: Type, amount: f64| Some(hir::amount_text(&ty, amount));
    match value {
        Value::Text(text) => Some(format!("{text:?}")),
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Duration(nanoseconds) => amount(Type::Duration, *nanoseconds as f64),
        Value::Size(bytes) => amount(Type::Size, *bytes as f64),
        Value::Rate(bits) => amount(Type::Rate, *bits as f64),
        Value::Percent(part) => amount(Type::Percent, *part),
        _ => None,
    }
}

/// A table under its title; nothing where it is empty.
fn titled(title: &str, id: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    match rows {
        [] => String::new(),
        rows => format!("<h2 id=\"{id}\">{title}</h2>\n{}", html::table(columns, rows)),
    }
}

/// The groups of a file: each is what its module declares, at the sites of its scope.
fn groups(compilation: &Compilation, file: Option<&SourceFile>) -> Vec<Vec<String>> {
    let Some(file) = file else { return Vec::new() };
    let program = &compilation.program;
    let mut members: HashMap<&str, Vec<&hir::Resource>> = HashMap::new();
    for resource in &program.resources {
        if let Some(group) = group_of(&resource.name) {
            members.entry(group).or_default().push(resource);
        }
    }
    let row = |declared: Declared| {
        let members = members.get(declared.name.as_str())?.iter();
        let sites: BTreeSet<hir::SiteId> =
            members.flat_map(|resource| resource.instances.keys().copied()).collect();
        let sites: Vec<&str> =
            sites.into_iter().map(|id| program.sites[id.0 as usize].name.as_str()).collect();
        let [name, written, docs] = cells(file, &declared);
        Some(vec![name, written, html::escape(&sites.join(", ")), docs])
    };
    let declared = outline(compilation, file.id()).into_iter();
    declared.filter(|declared| declared.word == "resource").filter_map(row).collect()
}

/// `lab.net` and `lab["a"].net` are of `lab`; `lab` and `lab["a"]` are of none.
fn group_of(resource: &str) -> Option<&str> {
    let end = resource.find(['.', '['])?;
    let (group, rest) = resource.split_at(end);
    (rest.starts_with('.') || rest.contains("].")).then_some(group)
}

/// Whether a file of the program is one that it imports.
fn is_module(file: &SourceFile, entry: &str) -> bool {
    file.path() != entry && file.path().ends_with(".scope") && !file.path().starts_with("std:")
}

/// What a module takes, makes, gives and declares for others; nothing where it only gives.
fn module(compilation: &Compilation, file: &SourceFile) -> String {
    let of = |word: &str| rows(compilation, file, word);
    if !of("driver").is_empty() {
        // On the driver's own page.
        return String::new();
    }
    let tables = [
        ("Parameters", ["name", "type and default", ""], of("param")),
        ("Resources", ["name", "type", ""], of("resource")),
        ("Links", ["sites", "is", ""], of("link")),
        ("Outputs", ["name", "value", ""], of("output")),
    ];
    let named = NAMED.map(|(title, _, column, word)| (title, ["name", column, ""], of(word)));
    let tables: Vec<_> = tables.into_iter().chain(named).filter(|(.., rows)| !rows.is_empty()).collect();
    if tables.iter().all(|(title, ..)| *title == "Outputs") {
        return String::new();
    }
    let mut out = format!(
        "<h2>Module {}</h2>\n{}",
        html::code(file.path()),
        html::docs(&super::head_docs(file.text()))
    );
    for (title, columns, rows) in tables {
        out.push_str(&format!("<h3>{title}</h3>\n{}", html::table(&columns, &rows)));
    }
    out
}

/// What a file declares by a word: each with its name, what is written behind it, and the documentation above it.
fn rows(compilation: &Compilation, file: &SourceFile, word: &str) -> Vec<Vec<String>> {
    let declared = outline(compilation, file.id()).into_iter().filter(|declared| declared.word == word);
    let rows = declared.flat_map(|declared| {
        let own = cells(file, &declared).into();
        std::iter::once(own).chain(fields(compilation, file, &declared))
    });
    rows.collect()
}

/// The fields of a record type that is written over several lines, below it.
fn fields(compilation: &Compilation, file: &SourceFile, declared: &Declared) -> Vec<Vec<String>> {
    let is_in_one_line = file.text().get(declared.item.range()).is_none_or(|text| !text.contains('\n'));
    if is_in_one_line {
        return Vec::new();
    }
    let written = |span| html::code(compilation.sources.snippet(span));
    let row = |field: &DeclaredField| {
        let ty = if field.is_record { "a record".to_string() } else { written(field.written) };
        let default = field.default.map(|value| format!(", default {}", written(value))).unwrap_or_default();
        let docs: Vec<String> = field.docs.iter().map(|line| html::text(line)).collect();
        vec![html::code(&format!("{}.{}", declared.name, field.path)), ty + &default, docs.join("\n")]
    };
    declared.fields.iter().map(row).collect()
}

fn cells(file: &SourceFile, declared: &Declared) -> [String; 3] {
    let text = file.text();
    let behind = text.get(declared.place.end as usize..declared.item.end as usize).unwrap_or_default();
    let written = behind.lines().next().unwrap_or_default();
    let written = written.split(" //").next().unwrap_or_default().trim_start_matches([':', '=', ' ']);
    let docs: Vec<String> =
        super::docs_above(file, declared.item).iter().map(|line| html::text(line)).collect();
    // What goes on in the next line is only begun here.
    let rest = match written.trim_end().chars().last() {
        Some('{') => " … }",
        Some('[') => " … ]",
        Some('(') => " … )",
        _ => "",
    };
    let written = match written.trim() {
        "" => String::new(),
        written => html::code(&format!("{written}{rest}")),
    };
    [html::code(&declared.name), written, docs.join("\n")]
}

#[cfg(test)]
mod tests {
    use super::group_of;

    #[test]
    fn members_are_of_the_group_they_are_named_after() {
        assert_eq!(group_of("lab.net"), Some("lab"));
        assert_eq!(group_of("lab[\"a\"].net[\"b\"]"), Some("lab"));
        assert_eq!(group_of("lab[\"a.b\"].net"), Some("lab"));
        assert_eq!(group_of("lab"), None);
        assert_eq!(group_of("lab[\"a.b\"]"), None);
    }
}
