//! What a program reads when it is compiled: `file("x.raw")`, `yaml("x.yaml")`, `env("HOME")`, and `secret("PW")`, which is
//! only named.

use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{Argument, Expr, ExprKind};

use super::Frame;
use crate::context::Context;
use crate::data;
use crate::hir::{SecretSource, Value};
use crate::world::{MOST_MIB, ReadError};

/// What helps where a program names a file that is not there.
const RELATIVE: &str = "paths are relative to the file that names them";

impl Context<'_> {
    /// A path as written, relative to the file that writes it.
    pub fn path_from(&self, written: &str, module: crate::modules::ModuleId) -> String {
        match written.strip_prefix("~/").and_then(|rest| Some((self.world.env("HOME")?, rest))) {
            Some((home, rest)) => format!("{}/{rest}", home.trim_end_matches('/')),
            None => join_path(&self.modules.get(module).path, written),
        }
    }

    pub(super) fn file(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(written) = self.text_argument("file", args, span, frame) else { return Value::Error };
        let path = self.path_from(&written, frame.module);
        match self.world.digest(&path) {
            Ok(digest) => Value::File { path, size: digest.size, sha256: digest.sha256 },
            Err(error) => {
                self.report(self.cannot_read(&path, &error, span, RELATIVE));
                Value::Error
            }
        }
    }

    pub(super) fn env(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(name) = self.text_argument("env", args, span, frame) else { return Value::Error };
        match self.world.env(&name) {
            Some(value) => Value::Text(value),
            None => {
                self.report(
                    Diagnostic::new(codes::E0602, span, format!("environment variable `{name}` is not set"))
                        .label("read here, when compiling")
                        .help(format!("set it (`export {name}=…`), or use a `param` with a default")),
                );
                Value::Error
            }
        }
    }

    /// The value of `env("X")`, `null` where it is not set; `None` for any other expression.
    pub(super) fn optional_env(&self, expr: &Expr, frame: &Frame) -> Option<Value> {
        let ExprKind::Call { callee, args } = expr.kind.as_ref() else { return None };
        if !matches!(callee.kind.as_ref(), ExprKind::Name(name) if name == "env") {
            return None;
        }
        let name = self.text_argument("env", args, expr.span, frame)?;
        Some(self.world.env(&name).map_or(Value::Null, Value::Text))
    }

    pub(super) fn secret(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let [argument] = args else {
            self.report(
                Diagnostic::new(codes::E0210, span, "`secret` takes one argument")
                    .label(format!("{} given", args.len()))
                    .help("write `secret(\"VARIABLE\")`, `secret(file: \"…\")` or `secret(command: […])`"),
            );
            return Value::Error;
        };
        let value = self.eval(&argument.value, frame);
        let source = match (argument.name.as_ref().map(|name| name.text.as_str()), value) {
            (_, Value::Error) => return Value::Error,
            (None | Some("env"), Value::Text(name)) => SecretSource::Env(name),
            (Some("file"), Value::Text(path)) => SecretSource::File(self.path_from(&path, frame.module)),
            (Some("command"), Value::List(words)) => {
                let words: Option<Vec<String>> = words
                    .iter()
                    .map(|slot| match &slot.value {
                        Value::Text(word) => Some(word.clone()),
                        _ => None,
                    })
                    .collect();
                match words {
                    Some(words) if !words.is_empty() => SecretSource::Command(words),
                    _ => {
                        self.mismatch("a list of texts", &Value::List(Vec::new()), argument.value.span);
                        return Value::Error;
                    }
                }
            }
            (_, other) => {
                self.mismatch("the name of an environment variable", &other, argument.value.span);
                return Value::Error;
            }
        };
        Value::Secret(source)
    }

    pub(super) fn data_file(&self, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let Some(written) = self.text_argument("yaml", args, span, frame) else { return Value::Error };
        let path = self.path_from(&written, frame.module);
        if let Some(known) = self.data_files.borrow().get(&path) {
            return known.clone();
        }
        let value = self.read_data(&path, span, RELATIVE);
        self.data_files.borrow_mut().insert(path, value.clone());
        value
    }

    /// The data in a file; `relative` says what its path is relative to, for whoever named a file that is not there.
    pub(crate) fn read_data(&self, path: &str, span: Span, relative: &str) -> Value {
        let bytes = match self.world.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report(self.cannot_read(path, &error, span, relative));
                return Value::Error;
            }
        };
        let Ok(text) = String::from_utf8(bytes) else {
            self.report(
                Diagnostic::new(codes::E0603, span, format!("`{path}` cannot be read as data"))
                    .label("read here")
                    .note("it is not UTF-8")
                    .help("save it as UTF-8"),
            );
            return Value::Error;
        };
        let file = self.sources.borrow_mut().add(path, text.as_str());
        let is_json = path.ends_with(".json");
        match data::documents(&text, file, is_json, &mut |report| self.report(report)) {
            Ok(value) => value,
            Err(error) => {
                let message = format!("`{path}` cannot be read as data");
                let report = match error.offset {
                    Some(offset) => Diagnostic::new(codes::E0603, Span::at(file, offset), message)
                        .label("here")
                        .secondary(span, "read here"),
                    None => Diagnostic::new(codes::E0603, span, message).label("read here"),
                };
                let help = match error.is_too_much {
                    true => "split it into several files",
                    false => error.help.unwrap_or("it must be YAML or JSON"),
                };
                self.report(report.note(error.words).help(help));
                Value::Error
            }
        }
    }

    /// The report for a file that cannot be read.
    fn cannot_read(&self, path: &str, error: &ReadError, span: Span, relative: &str) -> Diagnostic {
        let report = |words: String| Diagnostic::new(codes::E0603, span, words).label("named here");
        match error {
            ReadError::NotFound => {
                let report = report(format!("there is no file `{path}`"));
                match meant_file(path, &self.world.beside(path)) {
                    Some(meant) => report.help(format!("did you mean `{meant}`?")),
                    None => report.help(relative),
                }
            }
            ReadError::TooLarge => {
                report(format!("`{path}` is larger than {MOST_MIB} MiB")).help("split it into several files")
            }
            ReadError::Other(words) => report(format!("`{path}` cannot be read"))
                .note(words.clone())
                .help("make it readable, or name another file"),
        }
    }
}

/// Of the files of a folder the one that was meant: with another ending, else with a name that is near.
fn meant_file<'f>(path: &str, files: &'f [String]) -> Option<&'f str> {
    let data = || files.iter().map(String::as_str).filter(|file| !file.ends_with(".scope"));
    let written = stem(path);
    let near = || {
        let meant = similar::nearest(written, data().map(stem))?;
        data().find(|file| stem(file) == meant)
    };
    data().find(|file| stem(file) == written).or_else(near)
}

/// The last part of a path, without its ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// `written`, relative to the folder of the file `from`; absolute paths and `~/` stay. `..` folds with what is before it.
pub fn join_path(from: &str, written: &str) -> String {
    if written.starts_with('/') || written.starts_with("~/") || written.starts_with("std:") {
        return written.to_string();
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = if folder.is_empty() { Vec::new() } else { folder.split('/').collect() };
    for part in written.split('/') {
        match part {
            "." | "" => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "" | ".")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if from.starts_with('/') && !joined.starts_with('/') { format!("/{joined}") } else { joined }
}

/// How a file writes the path of another to import it, the inverse of [`join_path`]: from `a/main.scope`, `a/b/c.scope` is
/// `./b/c.scope`. Nothing where only one of them says where it starts.
pub fn path_between(from: &str, to: &str) -> Option<String> {
    if from.starts_with('/') != to.starts_with('/') || to.starts_with("std:") {
        return None;
    }
    let folders: Vec<&str> = from.split('/').collect();
    let folders = &folders[..folders.len() - 1];
    let parts: Vec<&str> = to.split('/').collect();
    let n_shared =
        folders.iter().zip(&parts[..parts.len() - 1]).take_while(|(one, other)| one == other).count();
    if folders[n_shared..].contains(&"..") {
        return None;
    }
    let start = match folders.len() - n_shared {
        0 => "./".to_owned(),
        n_up => "../".repeat(n_up),
    };
    Some(format!("{start}{}", parts[n_shared..].join("/")))
}

#[cfg(test)]
mod tests {
    use super::{join_path, path_between};

    #[test]
    fn a_path_between_files_leads_back() {
        for (from, to, written) in [
            ("main.scope", "parts.scope", "./parts.scope"),
            ("a/main.scope", "a/b/c.scope", "./b/c.scope"),
            ("a/b/main.scope", "a/c.scope", "../c.scope"),
            ("/w/a/main.scope", "/w/c.scope", "../c.scope"),
        ] {
            assert_eq!(path_between(from, to).as_deref(), Some(written));
            assert_eq!(join_path(from, written), to);
        }
        assert_eq!(path_between("main.scope", "/w/c.scope"), None);
        assert_eq!(path_between("../main.scope", "c.scope"), None, "the name of this folder is not known");
    }

    #[test]
    fn paths_are_relative_to_the_file_that_writes_them() {
        assert_eq!(join_path("examples/a.scope", "images/x.raw"), "examples/images/x.raw");
        assert_eq!(join_path("examples/a.scope", "../x"), "x");
        assert_eq!(join_path("a.scope", "./sites.scope"), "sites.scope");
        assert_eq!(join_path("/p/a.scope", "../x"), "/x");
        assert_eq!(join_path("a.scope", "../x"), "../x");
        assert_eq!(join_path("a.scope", "/etc/x"), "/etc/x");
    }
}
