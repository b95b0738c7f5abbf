//! The first page: what a program says of itself, its sites, what it asks for and where, and its drivers.

use scope_compiler::Compilation;
use scope_compiler::hir::{self, Type, Value};

use super::{driver, html};

pub fn page(compilation: &Compilation, entry: &str) -> String {
    let program = &compilation.program;
    let mut out = format!("<h1>{}</h1>\n", html::code(entry));
    let text = compilation.sources.iter().find(|file| file.path() == entry).map_or("", |file| file.text());
    out.push_str(&html::docs(&super::head_docs(text)));
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
    if !program.params.is_empty() {
        out.push_str("<h2 id=\"params\">Parameters</h2>\n");
        let rows: Vec<Vec<String>> = program
            .params
            .keys()
            .map(|name| {
                let is_its = |line: &str| line.strip_prefix("param ").is_some_and(|rest| names(rest, name));
                let index = text.lines().position(is_its);
                row(name, "param", text, index)
            })
            .collect();
        out.push_str(&html::table(&["name", "type and default", ""], &rows));
    }
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
    if !program.outputs.is_empty() {
        out.push_str("<h2 id=\"outputs\">Outputs</h2>\n");
        let rows: Vec<Vec<String>> = program
            .outputs
            .iter()
            .map(|output| {
                let line = compilation.sources.line_column(output.span).line as usize;
                row(&output.name, "output", text, line.checked_sub(1))
            })
            .collect();
        out.push_str(&html::table(&["name", "value", ""], &rows));
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

/// Whether a declaration's words behind its first name this.
fn names(rest: &str, name: &str) -> bool {
    let after = rest.trim_start().strip_prefix(name);
    after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-'))
}

/// A declaration of one line: its name, what is written behind it, and the documentation above it.
fn row(name: &str, word: &str, text: &str, index: Option<usize>) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let line = index.and_then(|index| lines.get(index)).copied().unwrap_or_default();
    let written = line.strip_prefix(word).map_or("", str::trim_start).strip_prefix(name).unwrap_or_default();
    let written = written.split(" //").next().unwrap_or_default().trim_start_matches([':', '=', ' ']);
    let above = lines[..index.unwrap_or(0).min(lines.len())].iter().rev();
    let mut docs: Vec<String> =
        above.map_while(|line| line.strip_prefix("///")).map(|line| html::text(line.trim())).collect();
    docs.reverse();
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
    vec![html::code(name), written, docs.join("\n")]
}
