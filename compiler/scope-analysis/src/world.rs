//! The one window of the compiler to the outside: files, their digests, environment variables.
//!
//! The command line gives the real one, tests an in-memory one, the language server one with unsaved text over the
//! files. Nothing else in the pure crates reads anything.

/// A failure to read, in the operating system's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// There is no such file.
    NotFound,
    /// It has more than [`MOST_MIB`] MiB.
    TooLarge,
    /// Anything else: permission, a folder.
    Other(String),
}

/// Larger files are not read.
pub const MOST_MIB: usize = 64;

/// Size and SHA-256 of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// In bytes.
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
}

/// What compiling may ask for.
pub trait World {
    /// The content of a file. Paths are as given on the command line, or relative to the file that names them, joined
    /// with `/`; those of the standard library start with `std:` (`std:openstack`).
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// Size and digest of a file that is not a program: it may be gigabytes, so it is not read into memory.
    fn digest(&self, path: &str) -> Result<FileDigest, ReadError>;

    /// The modules of the standard library, for messages.
    fn library(&self) -> Vec<String>;

    /// The files in the folder of a file, itself too, as [`World::read`] takes them, sorted: for messages that name the one
    /// somebody forgot to import, or meant. None where there are no folders.
    fn beside(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }

    /// An environment variable; only the `env` function and `~` in paths ask.
    fn env(&self, name: &str) -> Option<String>;
}
