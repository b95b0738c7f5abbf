//! The compiler's world in an editor: unsaved texts over files, files over nothing.
//!
//! `read("sites.scope")` → the open text of `/w/sites.scope` if there is one, else the file.

use std::io::{ErrorKind, Read};

use scope_compiler::{FileDigest, ReadError, World};

use crate::documents::Documents;
use crate::paths;

/// Larger files are refused before they are read.
const LARGEST: u64 = 64 << 20;

/// What the compiler sees.
pub struct Overlay<'a> {
    /// The workspace: where relative names start.
    pub root: &'a str,
    /// What is open.
    pub documents: &'a Documents,
}

impl World for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if let Some(module) = path.strip_prefix("std:") {
            return scope_stdlib::module(module)
                .map(|text| text.as_bytes().to_vec())
                .ok_or(ReadError::NotFound);
        }
        // A text without a file is known by its address.
        if let Some(document) = self.documents.get(path) {
            return Ok(document.text.clone().into_bytes());
        }
        let path = paths::absolute(self.root, path);
        if let Some(document) = self.documents.get(&path) {
            return Ok(document.text.clone().into_bytes());
        }
        let metadata = std::fs::metadata(&path).map_err(|error| read_error(&error))?;
        if !metadata.is_file() {
            // Reading a pipe or a device would never end.
            return Err(ReadError::Other("it is not a regular file".to_owned()));
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(&path).map_err(|error| read_error(&error))?;
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| read_error(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(ReadError::TooLarge);
        }
        Ok(bytes)
    }

    /// An editor makes no plan that is run: the size is told, the content (perhaps gigabytes, at every key press) not read.
    fn digest(&self, path: &str) -> Result<FileDigest, ReadError> {
        let metadata =
            std::fs::metadata(paths::absolute(self.root, path)).map_err(|error| read_error(&error))?;
        if metadata.is_dir() {
            return Err(ReadError::Other("it is a folder".to_owned()));
        }
        Ok(FileDigest { size: metadata.len(), sha256: "0".repeat(64) })
    }

    fn library(&self) -> Vec<String> {
        scope_stdlib::modules().map(str::to_owned).collect()
    }

    fn beside(&self, path: &str) -> Vec<String> {
        let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
        let Ok(entries) = std::fs::read_dir(paths::absolute(self.root, folder)) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.iter().map(|name| format!("{folder}{name}")).collect()
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

fn read_error(error: &std::io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::NotFound => ReadError::NotFound,
        _ => ReadError::Other(error.to_string()),
    }
}
