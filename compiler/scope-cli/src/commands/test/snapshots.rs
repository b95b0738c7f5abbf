//! What `expect snapshot` compares with: one file beside the program, `two-clouds.snap`, a part for each snapshot.
//!
//! ```text
//! == Paris is cut off / 1
//! run: pending, 1 created, 1 parked
//! nantes
//!   image base
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scope_runtime::scenario::Miss;

use super::Result;
use crate::files;

/// What a part begins with.
const HEAD: &str = "== ";
/// The first lines of a file.
const TITLE: &str = "What `expect snapshot` compares with. Written by `scope test --update`.\n";

/// The snapshots of one program.
pub struct Kept {
    path: PathBuf,
    parts: BTreeMap<String, String>,
    /// Those that a test took.
    taken: Vec<String>,
    is_changed: bool,
}

impl Kept {
    /// The snapshots beside a program; none where there is no such file.
    pub fn read(program: &str) -> std::result::Result<Kept, String> {
        let path = Path::new(program).with_extension("snap");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(format!("`{}` cannot be read: {}", path.display(), files::words(&error)));
            }
        };
        let mut parts = BTreeMap::new();
        let mut open: Option<(String, String)> = None;
        for line in text.lines() {
            match line.strip_prefix(HEAD) {
                Some(name) => {
                    parts.extend(open.replace((name.to_string(), String::new())));
                }
                None => {
                    if let Some((_, part)) = &mut open {
                        part.push_str(line);
                        part.push('\n');
                    }
                }
            }
        }
        parts.extend(open);
        // A blank line stands between two parts.
        for part in parts.values_mut() {
            while part.ends_with("\n\n") {
                part.pop();
            }
        }
        Ok(Kept { path, parts, taken: Vec::new(), is_changed: false })
    }

    /// Compares what a test took with what is kept; a difference is a miss, unless it is kept from now on.
    pub fn compare(&mut self, result: &mut Result, is_updating: bool) {
        for snapshot in std::mem::take(&mut result.played.snapshots) {
            let key = format!("{} / {}", result.name.replace('\n', " "), snapshot.name.replace('\n', " "));
            self.taken.push(key.clone());
            let known = self.parts.get(&key);
            if known == Some(&snapshot.text) {
                continue;
            }
            if is_updating {
                self.parts.insert(key, snapshot.text);
                self.is_changed = true;
                continue;
            }
            let path = self.path.display().to_string();
            let (message, label, notes) = match known {
                None => (format!("no snapshot `{}` is kept", snapshot.name), "not kept yet", Vec::new()),
                Some(known) => {
                    let difference = files::difference(&path, known, &snapshot.text);
                    let notes = vec![difference.trim_end().to_string()];
                    (format!("this is not as the snapshot `{}`", snapshot.name), "differs", notes)
                }
            };
            result.played.misses.push(Miss {
                origin: snapshot.origin,
                code: "E0863",
                message,
                label: label.into(),
                notes,
                help: vec![format!("if it should be so: `scope test {} --update`", result.file)],
                at_us: 0,
            });
        }
    }

    /// Writes the file anew; where every test of it was played, without what none took.
    pub fn write(mut self, is_whole_file: bool) -> std::result::Result<(), String> {
        if is_whole_file {
            let before = self.parts.len();
            let taken = std::mem::take(&mut self.taken);
            self.parts.retain(|key, _| taken.contains(key));
            self.is_changed |= self.parts.len() != before;
        }
        if !self.is_changed {
            return Ok(());
        }
        let words = |error: &std::io::Error| format!("`{}`: {}", self.path.display(), files::words(error));
        if self.parts.is_empty() {
            return std::fs::remove_file(&self.path).map_err(|error| words(&error));
        }
        let parts = self.parts.iter().map(|(key, part)| format!("\n{HEAD}{key}\n{part}"));
        let text = format!("{TITLE}{}", parts.collect::<String>());
        std::fs::write(&self.path, text).map_err(|error| words(&error))
    }
}
