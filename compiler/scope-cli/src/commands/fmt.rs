//! `scope fmt`: programs written in the one style of the language.
//!
//! Comes in: files, folders, or `-`. Goes out: the files, each replaced as a whole and only where something changes;
//! with `--check` the names of those that would be, with `--diff` the changes. A file that cannot be read as a program
//! is reported and left alone, and the others are formatted all the same.

use std::io::{Read, Write};

use scope_compiler::Formatted;
use scope_diagnostics::{Diagnostic, SourceMap, codes};

use serde_json::{Value, json};

use super::{DIFFERENT, FAILED, OK, WRONG};
use crate::args::Fmt;
use crate::files;
use crate::output::{Output, document, line, say_error};

/// What standard input is called in reports.
const STDIN: &str = "stdin";

pub fn run(command: &Fmt, output: Output) -> u8 {
    let mut work = Work {
        command,
        sources: SourceMap::new(),
        reports: Vec::new(),
        changed: 0,
        told: Vec::new(),
        code: OK,
    };
    if command.files.iter().any(|file| file == "-") {
        if command.files.len() > 1 {
            say_error(codes::E0980, "`-` stands alone: stdin is one program");
            return WRONG;
        }
        work.stdin();
    } else {
        match files::programs(&command.files) {
            Ok(paths) if paths.is_empty() => {
                say_error(codes::E0980, &format!("no `.scope` file below {}", quoted(&command.files)));
                return WRONG;
            }
            Ok(paths) => paths.iter().for_each(|path| work.file(path)),
            Err(message) => {
                say_error(codes::E0980, &message);
                return WRONG;
            }
        }
    }
    if !work.reports.is_empty() {
        output.diagnostics(&work.reports, &work.sources);
    }
    document::tell("scope-fmt/1", json!({ "changed": work.changed, "files": work.told }));
    match work.code {
        OK if work.changed > 0 && (command.check || command.diff) => DIFFERENT,
        code => code,
    }
}

struct Work<'a> {
    command: &'a Fmt,
    sources: SourceMap,
    reports: Vec<Diagnostic>,
    changed: usize,
    /// For programs: what changes, and how.
    told: Vec<Value>,
    /// The worst so far.
    code: u8,
}

impl Work<'_> {
    fn stdin(&mut self) {
        let mut bytes = Vec::new();
        if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
            return self.fail(FAILED, &format!("stdin cannot be read: {}", files::words(&error)));
        }
        let Some(text) = self.formatted(STDIN, &bytes) else { return };
        let is_changed = text.as_bytes() != bytes;
        self.changed += usize::from(is_changed);
        if document::is_wanted() {
            self.told.push(json!({ "path": null, "written": false, "text": text }));
        } else if self.command.check || self.command.diff {
            if is_changed {
                self.say(STDIN, &bytes, &text);
            }
        } else if std::io::stdout().lock().write_all(text.as_bytes()).is_err() {
            // A closed pipe ends a filter quietly.
            std::process::exit(0);
        }
    }

    fn file(&mut self, path: &str) {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                return self.fail(WRONG, &format!("`{path}` cannot be read: {}", files::words(&error)));
            }
        };
        let Some(text) = self.formatted(path, &bytes) else { return };
        if text.as_bytes() == bytes {
            return;
        }
        self.changed += 1;
        let mut is_written = false;
        if self.command.check || self.command.diff {
            self.say(path, &bytes, &text);
        } else {
            match files::replace(path, text.as_bytes()) {
                Ok(()) => {
                    line(&format!("formatted {path}"));
                    is_written = true;
                }
                Err(error) => {
                    self.fail(FAILED, &format!("`{path}` cannot be written: {}", files::words(&error)));
                }
            }
        }
        let patch = files::difference(path, &String::from_utf8_lossy(&bytes), &text);
        self.told.push(json!({ "path": path, "written": is_written, "patch": patch }));
    }

    /// The text in the one style. What would not be read back as itself is never written over a file.
    fn formatted(&mut self, path: &str, bytes: &[u8]) -> Option<String> {
        match scope_compiler::format_file(path, bytes, &mut self.sources) {
            Formatted::Text(text) if scope_compiler::format(&text).as_ref() == Some(&text) => Some(text),
            Formatted::Text(_) => {
                let message =
                    format!("`{path}` is not formatted: the result would not be stable; please report it");
                self.fail(FAILED, &message);
                None
            }
            Formatted::Unreadable(reports) => {
                self.reports.extend(reports);
                self.code = self.code.max(WRONG);
                None
            }
        }
    }

    /// `--check` names, `--diff` shows.
    fn say(&self, path: &str, old: &[u8], new: &str) {
        if self.command.diff {
            let old = String::from_utf8_lossy(old);
            line(files::difference(path, &old, new).trim_end());
        } else {
            line(path);
        }
    }

    fn fail(&mut self, code: u8, message: &str) {
        say_error(codes::E0981, message);
        self.code = self.code.max(code);
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
