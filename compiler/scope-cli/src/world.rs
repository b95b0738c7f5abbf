//! The real world of the compiler: files, the standard library, environment variables.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use scope_compiler::{FileDigest, ReadError, World};

/// A program or data file larger than this is refused before it is read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Files on disk, paths relative to the working folder; `std:` paths from the standard library.
pub struct Disk;

impl World for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        if let Some(module) = path.strip_prefix("std:") {
            return match scope_stdlib::module(module) {
                Some(text) => Ok(text.as_bytes().to_vec()),
                None => Err(ReadError::NotFound),
            };
        }
        let metadata = fs::metadata(path).map_err(read_error)?;
        if metadata.is_dir() {
            return Err(ReadError::Other("it is a folder".into()));
        }
        if metadata.len() > MAX_BYTES {
            return Err(ReadError::Other("it is larger than 64 MiB".into()));
        }
        fs::read(path).map_err(read_error)
    }

    fn digest(&self, path: &str) -> Result<FileDigest, ReadError> {
        let mut file = fs::File::open(path).map_err(read_error)?;
        let mut digest = scope_plan::digest::Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        let mut size = 0;
        loop {
            let count = file.read(&mut buffer).map_err(read_error)?;
            if count == 0 {
                break;
            }
            digest.update(&buffer[..count]);
            size += count as u64;
        }
        Ok(FileDigest { size, sha256: digest.finish_hex() })
    }

    fn library(&self) -> Vec<String> {
        scope_stdlib::modules().map(str::to_string).collect()
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

fn read_error(error: std::io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::NotFound => ReadError::NotFound,
        _ => ReadError::Other(error.to_string()),
    }
}

/// `examples/two-clouds.scope` → `two-clouds`.
pub fn stem(path: &str) -> String {
    Path::new(path).file_stem().map_or_else(|| "program".into(), |stem| stem.to_string_lossy().into_owned())
}

/// The folder a program stands in.
pub fn folder(path: &str) -> &Path {
    match Path::new(path).parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Where a program's state is kept: `.scope/NAME` beside it, unless said otherwise.
pub fn state_folder(program: &str, given: Option<&str>) -> std::path::PathBuf {
    match given {
        Some(folder) => folder.into(),
        None => folder(program).join(".scope").join(stem(program)),
    }
}
