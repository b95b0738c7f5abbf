//! `scope fix`: the fixes that reports carry, applied where that is safe.
//!
//! Comes in: programs or folders. Goes out: their files changed, each as a whole, and what was done; with `--diff` only
//! what would change. What was fixed for one program is there when the next one is looked at.

use std::collections::{BTreeMap, BTreeSet};

use scope_compiler::World;
use scope_diagnostics::codes;

use serde_json::json;

use super::{FAILED, OK, WRONG};
use crate::args::Fix;
use crate::files;
use crate::output::{Output, document, line, note, say_error};
use crate::world::Disk;

pub fn run(command: &Fix, _: Output) -> u8 {
    let paths = match files::programs(&command.files) {
        Ok(paths) => paths,
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut applied = BTreeSet::new();
    let mut left_out = 0;
    let given = match super::given(&command.given) {
        Ok(given) => given,
        Err(message) => {
            say_error(codes::E0980, &message);
            return WRONG;
        }
    };
    let options = super::lint::options(given, command.simulate, &[]);
    for (path, _) in super::lint::compiled(&command.files, &paths, &options) {
        let fixed = scope_compiler::fix(&Disk, &path, &options);
        left_out += fixed.left_out;
        if command.diff {
            // Nothing is written, so a file of two programs is shown once.
            for (path, text) in fixed.texts {
                texts.entry(path).or_insert(text);
            }
        } else {
            for (path, text) in &fixed.texts {
                if let Err(error) = files::replace(path, text.as_bytes()) {
                    say_error(codes::E0981, &format!("`{path}` cannot be written: {}", files::words(&error)));
                    return FAILED;
                }
            }
        }
        applied.extend(fixed.applied);
    }
    let differences = texts.iter().map(|(path, text)| {
        let old = Disk.read(path).unwrap_or_default();
        files::difference(path, &String::from_utf8_lossy(&old), text)
    });
    let patch: String = differences.collect();
    if !patch.is_empty() {
        line(patch.trim_end());
    }
    let told: Vec<_> = applied
        .iter()
        .map(|(path, number, title)| json!({ "path": path, "line": number, "title": title }))
        .collect();
    document::tell(
        "scope-fix/1",
        json!({ "written": !command.diff, "fixes": told, "left_out": left_out, "patch": patch }),
    );
    if !command.diff {
        for (path, number, title) in &applied {
            line(&format!("{path}:{number}: {title}"));
        }
        line(&match applied.len() {
            0 => "nothing to fix".to_string(),
            1 => "1 fix applied".to_string(),
            count => format!("{count} fixes applied"),
        });
    }
    if left_out > 0 {
        note(&format!(
            "{left_out} left out: they overlap others, or the program would not be right with them"
        ));
    }
    OK
}
