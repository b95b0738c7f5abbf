//! `scope driver check`, `scope driver import`: drivers looked at, and types made from published schemas.

mod drafted;

use scope_compiler::{Compilation, Options, hir};
use scope_diagnostics::{Diagnostic, Diagnostics, codes};
use scope_schema::{Extension, Source};

use serde::Serialize;
use serde_json::{Value, json};

use super::{FAILED, OK, WRONG};
use crate::args::{Driver, DriverAction, DriverImport};
use crate::output::{Output, document, line, note, say_error, say_help, verbatim};
use crate::world::{Disk, imported};

/// Larger schemas are not read.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// What reading schemas may use of the stack, in bytes: records are read one within another.
const STACK: usize = 512 * 1024 * 1024;

pub fn run(command: &Driver, output: Output) -> u8 {
    match &command.action {
        DriverAction::Check { of } => {
            let mut told = Vec::new();
            let code = of.iter().map(|of| check(of, &mut told, output)).max().unwrap_or(OK);
            document::tell("scope-drivers/1", json!({ "drivers": told }));
            code
        }
        DriverAction::Import(import) => self::import(import, output),
    }
}

/// The driver of a file, or of the standard library; nothing is evaluated but its text.
fn compiled(of: &str) -> Compilation {
    match of.ends_with(".scope") || of.contains('/') {
        true => scope_compiler::compile_sites(&Disk, of, &Options { simulate: true, ..Options::default() }),
        false => imported(of),
    }
}

fn check(of: &str, told: &mut Vec<Value>, output: Output) -> u8 {
    let mut compilation = compiled(of);
    // Drivers that the file only imports have been looked at where they are.
    let own = |driver: &&hir::Driver| {
        let is_here = |span: scope_diagnostics::Span| {
            let path = compilation.sources.get(span.file).path();
            path == of || path == format!("std:{of}")
        };
        is_here(driver.span) || driver.parts.iter().any(|(_, span)| is_here(*span))
    };
    let drivers: Vec<&hir::Driver> = compilation.program.drivers.values().filter(own).collect();
    let has_errors = compilation.has_errors();
    if drivers.is_empty() && !has_errors {
        say_error(codes::E0980, &format!("`{of}` declares no driver"));
        return WRONG;
    }
    let reports: Vec<Diagnostic> = match has_errors {
        true => Vec::new(),
        false => drivers.iter().flat_map(|driver| scope_compiler::review(driver)).collect(),
    };
    let counted: Vec<Counted> = drivers.iter().map(|driver| Counted::of(driver)).collect();
    let mut sink = Diagnostics::new();
    sink.extend(compilation.diagnostics.drain(..).chain(reports));
    compilation.diagnostics = sink.finish(&compilation.sources);
    if !output.compiled(&compilation) {
        return WRONG;
    }
    let is_clean = compilation.diagnostics.is_empty();
    for driver in counted {
        line(&driver.words(is_clean));
        told.push(serde_json::to_value(driver).expect("plain data"));
    }
    OK
}

/// A driver that is as it should be, in numbers.
#[derive(Serialize)]
struct Counted {
    name: String,
    services: usize,
    types: usize,
    operations: usize,
    merge_matrices: usize,
}

impl Counted {
    fn of(driver: &hir::Driver) -> Counted {
        Counted {
            name: driver.name.clone(),
            services: driver.services.len(),
            types: driver.types.len(),
            operations: driver.types.values().map(|ty| ty.operations.len()).sum(),
            merge_matrices: driver.types.values().filter(|ty| !ty.merge.is_empty()).count(),
        }
    }

    /// `counter: 1 service, 1 type, 4 operations, 1 merge matrix: as they should be`, where nothing was said against it.
    fn words(&self, is_clean: bool) -> String {
        let count = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
        format!(
            "{}: {}, {}, {}, {}: {}",
            self.name,
            count(self.services, "service", "services"),
            count(self.types, "type", "types"),
            count(self.operations, "operation", "operations"),
            count(self.merge_matrices, "merge matrix", "merge matrices"),
            if is_clean { "as they should be" } else { "no error, but warnings" },
        )
    }
}

fn import(command: &DriverImport, output: Output) -> u8 {
    if let Some(name) = command.driver.as_ref().filter(|name| !is_name(name)) {
        say_error(
            codes::E0980,
            &format!("`{name}` is no name for a driver: letters, digits and `_`, a letter first"),
        );
        return WRONG;
    }
    let mut files = Vec::new();
    for path in &command.files {
        match read(path) {
            Ok(text) => files.push(Source { path: path.clone(), text }),
            Err(words) => {
                say_error(codes::E0405, &format!("`{path}` cannot be read: {words}"));
                return WRONG;
            }
        }
    }
    let extend = match &command.extend {
        None => None,
        Some(driver) => match extension(driver, output) {
            Ok(extension) => Some(extension),
            Err(code) => return code,
        },
    };
    let options = scope_schema::Options {
        only: command.only.clone(),
        quantities: command.quantity.clone(),
        command: written(command),
        driver: command.driver.clone(),
        extend,
    };
    // However deep the records of a file are within each other, reading them is no deeper than this.
    let reading =
        std::thread::Builder::new().stack_size(STACK).spawn(move || scope_schema::import(&files, &options));
    let imported = match reading.map(std::thread::JoinHandle::join) {
        Ok(Ok(imported)) => imported,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => {
            say_error(codes::E0981, &format!("no thread to read with: {error}"));
            return FAILED;
        }
    };
    let has_errors = imported.diagnostics.iter().any(Diagnostic::is_error);
    output.diagnostics(&imported.diagnostics, &imported.sources);
    if has_errors {
        return WRONG;
    }
    // A draft is read and added to by a person; types are only ever made anew.
    let text = match command.driver {
        Some(_) => drafted::sealed(&imported.text),
        None => imported.text,
    };
    if let Some(path) = &command.out
        && let Err((wrong, help)) = may_be_replaced(path, command.driver.is_some())
    {
        say_error(codes::E0422, &wrong);
        say_help(help);
        return WRONG;
    }
    document::tell(
        "scope-driver-import/1",
        json!({
            "types": imported.n_types,
            "unsaid": imported.unsaid,
            "out": command.out,
            "text": command.out.is_none().then_some(&text),
        }),
    );
    match &command.out {
        None => verbatim(text.trim_end()),
        Some(path) => {
            if let Err(code) = super::write_file(path, text.as_bytes()) {
                return code;
            }
            note(&format!("{path}: {} types", imported.n_types));
            if let Some(words) = &imported.unsaid {
                note(&format!("no type says this, and only the site checks it: {words}"));
            }
        }
    }
    OK
}

/// Whether a file may be written over: there is none, or nobody wrote in it; else what is wrong, and what helps.
fn may_be_replaced(path: &str, is_draft: bool) -> Result<(), (String, &'static str)> {
    let Ok(there) = std::fs::read(path) else { return Ok(()) };
    let there = String::from_utf8_lossy(&there);
    match is_draft {
        true if !drafted::is_as_drafted(&there) => Err((
            format!("`{path}` is not as it was drafted, and would be written over"),
            "draft it beside that with another `--out`, and take over what is new; or delete the file, if nothing in it is to stay",
        )),
        false if !scope_schema::is_types(&there) => Err((
            format!("`{path}` holds no types that were made of schemas, and would be written over"),
            "write them into another file with `--out`; or delete this one, if nothing in it is to stay",
        )),
        _ => Ok(()),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn read(path: &str) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| crate::files::words(&error))?;
    if metadata.len() > MOST_BYTES {
        return Err(format!("it is larger than {} MiB", MOST_BYTES / 1024 / 1024));
    }
    let bytes = std::fs::read(path).map_err(|error| crate::files::words(&error))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}

/// The command that does the same again: the files by their names, as their folders are of this machine.
fn written(command: &DriverImport) -> String {
    let name = |path: &String| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut words = vec!["scope driver import".to_owned()];
    words.extend(command.files.iter().map(name));
    words.extend(command.only.iter().map(|only| format!("--only {only}")));
    words.extend(command.quantity.iter().map(|name| format!("--quantity {name}")));
    words.extend(command.driver.iter().map(|name| format!("--driver {name}")));
    words.extend(command.extend.iter().map(|extend| format!("--extend {}", name(extend))));
    words.extend(command.out.iter().map(|out| format!("--out {}", name(out))));
    words.join(" ")
}

/// The driver to extend: where it has an abstract type, resources are like that.
fn extension(driver: &str, output: Output) -> Result<Extension, u8> {
    let compilation = compiled(driver);
    if !output.compiled(&compilation) {
        return Err(WRONG);
    }
    let found =
        compilation.program.drivers.values().find_map(|driver| Some((driver, driver.patterns.first()?)));
    let Some((declared, (service, pattern))) = found else {
        say_error(
            codes::E0411,
            &format!(
                "`{driver}` has no abstract type that resources could be like\nhelp: `type NAME abstract {{ … }}` in a service of the driver"
            ),
        );
        return Err(FAILED);
    };
    let is_file = driver.ends_with(".scope") || driver.contains('/');
    let import = match is_file {
        true => format!(
            "{:?}",
            if driver.starts_with(['.', '/']) { driver.to_owned() } else { format!("./{driver}") }
        ),
        false => declared.name.clone(),
    };
    let below = format!("{}.", declared.name);
    let parts = scope_stdlib::modules().filter_map(|name| {
        let part = name.strip_prefix(&below)?.split('.').next()?;
        Some((part.to_owned(), scope_stdlib::module(name)?.to_owned()))
    });
    Ok(Extension {
        driver: declared.name.clone(),
        parts: if is_file { Vec::new() } else { parts.collect() },
        import,
        service: service.clone(),
        pattern: pattern.clone(),
    })
}
