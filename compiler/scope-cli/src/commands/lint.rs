//! `scope lint`: what a check reports, and what is allowed and probably not meant.
//!
//! Comes in: programs or folders. Goes out: their reports in one document, each once, however many programs import the
//! file it is in. How much a lint weighs is said in `scope.toml` beside the program; what is denied there is an error.

use std::collections::BTreeSet;

use scope_compiler::{Compilation, Extent, Options, lint};
use scope_diagnostics::{Diagnostic, codes};

use serde_json::json;

use super::{OK, WRONG};
use crate::args::{Format, Lint};
use crate::files;
use crate::output::{Gathered, Output, document, line, say_error};
use crate::world::Disk;

pub fn run(command: &Lint, output: Output) -> u8 {
    if command.list {
        let listed: Vec<_> = lint::ALL
            .iter()
            .map(|rule| json!({ "code": rule.code, "name": rule.name, "title": rule.code.title() }))
            .collect();
        document::tell("scope-lints/1", json!({ "lints": listed }));
        for rule in lint::ALL {
            line(&format!("{}  {:<26} {}", rule.code, rule.name, rule.code.title()));
        }
        return OK;
    }
    let paths = match files::programs(&command.files) {
        Ok(paths) => paths,
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    if paths.is_empty() {
        say_error(codes::E0980, "there is no `.scope` file there");
        return WRONG;
    }
    let given = match super::given(&command.given) {
        Ok(given) => given,
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    let options = options(given, command.simulate, &command.policies);
    let mut all = Gathered::default();
    for (_, compilation) in compiled(&command.files, &paths, &options) {
        all.add(&compilation.diagnostics, &compilation.sources);
    }
    let reports = all.reports;
    output.diagnostics(&reports, &all.sources);
    if output.format == Format::Rich && reports.is_empty() {
        line(&format!("{} program{}: nothing to say", paths.len(), if paths.len() == 1 { "" } else { "s" }));
    }
    if reports.iter().any(Diagnostic::is_error) { WRONG } else { OK }
}

/// To compile with all lints what is given.
pub fn options(given: Options, simulate: bool, policies: &[String]) -> Options {
    Options { lint: true, simulate, policies: policies.to_vec(), extent: Extent::Module, ..given }
}

/// Every program among these files. A file that was found in a folder and that another one imports is a part of that program,
/// and none by itself.
pub fn compiled(named: &[String], paths: &[String], options: &Options) -> Vec<(String, Compilation)> {
    let mut compiled: Vec<(String, Compilation)> =
        paths.iter().map(|path| (path.clone(), scope_compiler::compile(&Disk, path, options))).collect();
    let imported: BTreeSet<String> = compiled
        .iter()
        .flat_map(|(path, compilation)| {
            compilation.sources.iter().map(|file| file.path().to_string()).filter(move |other| other != path)
        })
        .collect();
    compiled.retain(|(path, _)| named.contains(path) || !imported.contains(path));
    compiled
}
