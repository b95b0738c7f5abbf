//! A world of files in memory, over the real standard library.

use std::collections::BTreeMap;

use scope_compiler::{FileDigest, ReadError, World};

/// The client configuration that every test finds beside its program.
pub const CLOUDS: &str = include_str!("clouds.yaml");

/// Files by path.
#[derive(Clone, Debug)]
pub struct Memory {
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Default for Memory {
    /// Only `clouds.yaml`.
    fn default() -> Memory {
        Memory { files: BTreeMap::new() }.with("clouds.yaml", CLOUDS)
    }
}

impl Memory {
    pub fn with(mut self, path: &str, text: &str) -> Memory {
        self.files.insert(path.into(), text.as_bytes().to_vec());
        self
    }
}

impl World for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if let Some(module) = path.strip_prefix("std:") {
            return scope_stdlib::module(module)
                .map(|text| text.as_bytes().to_vec())
                .ok_or(ReadError::NotFound);
        }
        self.files.get(path).cloned().ok_or(ReadError::NotFound)
    }

    fn digest(&self, path: &str) -> Result<FileDigest, ReadError> {
        let bytes = self.files.get(path).ok_or(ReadError::NotFound)?;
        Ok(FileDigest { size: bytes.len() as u64, sha256: scope_plan::digest::sha256_hex(bytes) })
    }

    fn library(&self) -> Vec<String> {
        scope_stdlib::modules().map(str::to_string).collect()
    }

    fn beside(&self, path: &str) -> Vec<String> {
        let folder =
            |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
        let here = folder(path);
        let beside = self.files.keys().filter(|other| folder(other) == here);
        beside.cloned().collect()
    }

    fn env(&self, _name: &str) -> Option<String> {
        None
    }
}
