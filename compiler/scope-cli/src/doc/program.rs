//! The first page: what a program says of itself, its sites, what it asks for and where, and its drivers.

use scope_compiler::Compilation;

use super::{driver, html};

pub fn page(compilation: &Compilation, entry: &str) -> String {
    let program = &compilation.program;
    let mut out = format!("<h1>{}</h1>\n", html::code(entry));
    if let Some(file) = compilation.sources.iter().find(|file| file.path() == entry) {
        out.push_str(&html::docs(&super::head_docs(file.text())));
    }
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
        let rows: Vec<Vec<String>> = program.params.keys().map(|name| vec![html::code(name)]).collect();
        out.push_str(&html::table(&["name"], &rows));
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
                        html::code(&format!("{name}: {}", compilation.sources.snippet(slot.span)))
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
        let rows: Vec<Vec<String>> =
            program.outputs.iter().map(|output| vec![html::code(&output.name)]).collect();
        out.push_str(&html::table(&["name"], &rows));
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
