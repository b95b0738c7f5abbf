//! `scope fix`: the fixes that reports carry, applied where that is safe.
//!
//! Comes in: programs or folders. Goes out: their files changed, each as a whole, and what was done; with `--diff` only
//! what would change. What was fixed for one program is there when the next one is looked at.

use std::collections::{BTreeMap, BTreeSet};

use scope_compiler::{Options, World};

use super::{FAILED, OK, WRONG};
use crate::args::Fix;
use crate::files;
use crate::output::{Output, line, note};
use crate::world::Disk;

pub fn run(command: &Fix, _: Output) -> u8 {
    let paths = match files::programs(&command.files) {
        Ok(paths) => paths,
        Err(message) => {
            note(&format!("error: {message}"));
            return WRONG;
        }
    };
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut applied = BTreeSet::new();
    let mut left_out = 0;
    for (path, _) in super::lint::compiled(&command.files, &paths, command.simulate, &[]) {
        let options = Options { lint: true, simulate: command.simulate, ..Options::default() };
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
                    note(&format!("error: `{path}` cannot be written: {}", files::words(&error)));
                    return FAILED;
                }
            }
        }
        applied.extend(fixed.applied);
    }
    for (path, text) in &texts {
        let old = Disk.read(path).unwrap_or_default();
        line(files::difference(path, &String::from_utf8_lossy(&old), text).trim_end());
    }
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
