//! Where a state lives, and how a file in it is replaced so that a crash leaves the old or the new one.
//!
//! `examples/two-clouds.scope` → `examples/.scope/two-clouds/`

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder of the state that belongs to a program's file: `.scope/<stem>/` beside it.
pub fn state_folder(program: &Path) -> PathBuf {
    let stem = program.file_stem().map_or_else(|| OsString::from("program"), OsString::from);
    program.parent().unwrap_or(Path::new("")).join(".scope").join(stem)
}

/// Writes `bytes` as `folder/name`: a temporary file, made durable, takes its place, and the folder is made durable.
pub(super) fn replace_file(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{name}.new"));
    let mut file = private_file(OpenOptions::new().write(true).create(true).truncate(true), &temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if written.is_err() {
        // On a full disk, what was written of it is room that others lack.
        let _ = std::fs::remove_file(&temporary);
    }
    written?;
    std::fs::rename(&temporary, folder.join(name))?;
    sync_folder(folder)
}

/// Makes the names in a folder durable. Only Unix can open a folder for that; elsewhere renames are ordered.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Opens a file that only its owner may read.
pub(super) fn private_file(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_belongs_to_one_program() {
        assert_eq!(
            state_folder(Path::new("examples/two-clouds.scope")),
            Path::new("examples/.scope/two-clouds")
        );
        assert_eq!(state_folder(Path::new("web.scope")), Path::new(".scope/web"));
    }
}
