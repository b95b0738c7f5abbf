//! Files as commands take them: every `.scope` file below a folder, a file replaced as a whole or not at all, and what
//! a change is, line by line.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use scope_diagnostics::credentials;

/// Folders that are not looked into: what is built and what is hidden.
const LEFT_OUT: [&str; 2] = ["target", "node_modules"];

/// The `.scope` files that these arguments name, in order, each once; folders are walked, by name. A file that is named
/// itself may be called anything.
pub fn programs(arguments: &[String]) -> Result<Vec<String>, String> {
    let mut found: Vec<String> = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        let metadata =
            fs::metadata(path).map_err(|error| format!("`{argument}` cannot be read: {}", words(&error)))?;
        if !metadata.is_dir() {
            found.push(argument.clone());
            continue;
        }
        let mut below = Vec::new();
        walk(path, &mut below)
            .map_err(|error| format!("`{argument}` cannot be listed: {}", words(&error)))?;
        below.sort();
        found.extend(below.iter().map(|path| path.to_string_lossy().into_owned()));
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

/// Depth is that of the folders; links to folders are not followed, so it ends.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !name.starts_with('.') && !LEFT_OUT.contains(&name.as_str()) {
                walk(&path, found)?;
            }
        } else if name.ends_with(".scope") && path.is_file() {
            // `./a.scope` is what a person calls `a.scope`.
            found.push(path.strip_prefix(".").map_or(path.clone(), Path::to_path_buf));
        }
    }
    Ok(())
}

/// Puts `contents` where `path` is: a reader sees the old bytes or the new ones, never a part. Permissions stay, and a
/// link keeps pointing where it does.
pub fn replace(path: &str, contents: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path)?;
    let permissions = fs::metadata(&target)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.set_permissions(permissions)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&beside, &target)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

/// What turns `old` into `new`, as `diff -u` prints it, without credentials that are known by their form; empty if they are alike.
pub fn difference(path: &str, old: &str, new: &str) -> String {
    let mut diff = similar::TextDiff::configure();
    let diff = diff.algorithm(similar::Algorithm::Myers).diff_lines(old, new);
    let shown = diff.unified_diff().header(path, path).context_radius(3).to_string();
    credentials::masked(&shown).into_owned()
}

/// What went wrong, in a few lower-case words.
pub fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "it is not permitted".into(),
        _ => error.to_string(),
    }
}
