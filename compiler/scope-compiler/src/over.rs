//! A world with some texts in the place of its own: what a program would be with them.

use std::collections::BTreeMap;

use crate::{FileDigest, ReadError, World};

/// See above.
pub struct Over<'a> {
    /// Everything else.
    pub world: &'a dyn World,
    /// By path.
    pub texts: &'a BTreeMap<String, String>,
}

impl World for Over<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.texts.get(path) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => self.world.read(path),
        }
    }

    fn digest(&self, path: &str) -> Result<FileDigest, ReadError> {
        self.world.digest(path)
    }

    fn library(&self) -> Vec<String> {
        self.world.library()
    }

    fn beside(&self, path: &str) -> Vec<String> {
        self.world.beside(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        self.world.env(name)
    }
}
