//! The real world of the compiler: files, the standard library, environment variables.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use scope_compiler::{Compilation, FileDigest, Options, Over, ReadError, World};
use scope_runtime::events::{Failure, Outcome};
use scope_runtime::state::Place;

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
            return Err(ReadError::TooLarge);
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

    fn beside(&self, path: &str) -> Vec<String> {
        let folder = path.rfind('/').map_or("", |slash| &path[..=slash]);
        let Ok(entries) = fs::read_dir(if folder.is_empty() { "." } else { folder }) else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.iter().map(|name| format!("{folder}{name}")).collect()
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

/// Where a program's state is kept: where `--state` says, else where `scope.toml` says, else in `.scope/NAME` beside it.
///
/// # Errors
/// The failure to report: the place is none, or `scope.toml` is wrong about it.
pub fn state_place(program: &str, given: Option<&str>) -> Result<Place, Failure> {
    let wrong = |words: String| Failure::new("E0947", Outcome::Invalid, words);
    let said = match given {
        Some(given) => Some(given.to_string()),
        None => scope_compiler::state_place(&Disk, program).map_err(wrong)?,
    };
    let path = Path::new(program);
    match said {
        Some(said) => Place::of(&said, Some(path)).map_err(|error| error.failure()),
        None => Ok(Place::beside(path)),
    }
}

/// A driver of the standard library, compiled through a program that imports only it; no client's file is read.
pub fn imported(driver: &str) -> Compilation {
    const FILE: &str = "import.scope";
    let texts = BTreeMap::from([(FILE.to_string(), format!("import {driver}\n"))]);
    let options = Options { simulate: true, ..Options::default() };
    scope_compiler::compile(&Over { world: &Disk, texts: &texts }, FILE, &options)
}
