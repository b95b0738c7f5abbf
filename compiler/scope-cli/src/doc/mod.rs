//! Documents of a program or a driver: HTML pages that need nothing else.
//!
//! Comes in: a compilation. Goes out: pages by file name: `index.html`, and one for each driver, linked with each other.
//! Everything that is shown comes from declarations and their `///` and `//!` lines; values of secrets are never there.

mod driver;
mod html;
mod program;

use std::collections::BTreeMap;

use scope_compiler::Compilation;
use scope_diagnostics::{SourceFile, Span};

/// The pages of a program (or of the driver that `entry` declares), by file name.
pub fn pages(compilation: &Compilation, entry: &str) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for driver in compilation.program.drivers.values() {
        pages.insert(driver_page(&driver.name), driver::page(driver, compilation));
    }
    pages.insert("index.html".to_string(), program::page(compilation, entry));
    pages
}

/// The file of a driver's page.
fn driver_page(name: &str) -> String {
    format!("driver-{name}.html")
}

/// The `///` lines above the line that a place is in.
fn docs_above(file: &SourceFile, place: Span) -> Vec<String> {
    let above = file.text().get(..place.start as usize).unwrap_or_default();
    // Down to the beginning of its own line.
    let above = above.rfind('\n').map_or("", |end| &above[..end]).lines().rev();
    let lines = above.map_while(|line| line.trim().strip_prefix("///"));
    let mut docs: Vec<String> = lines.map(|line| line.trim().to_string()).collect();
    docs.reverse();
    docs
}

/// The `//!` lines at the head of a text.
fn head_docs(text: &str) -> Vec<String> {
    text.lines()
        .map_while(|line| line.trim().strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_string())
        .collect()
}
