//! Where a state is: in a folder, or at a place that several machines share.
//!
//! `.scope/web` → a folder · `s3://team/scope/?region=eu-west-3` → the object `scope/web.json` · `https://host/states/` →
//! `states/web.json` there · `states/` → the folder `states/web`. What ends with `/` holds the states of many programs, each
//! under its own name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::shared::{Location, SharedPlace};
use super::state_folder;
use super::store::{FILE, StateError};

/// The file in a folder of logs that says where the state is.
pub(super) const NAME: &str = "place";

/// Where a state is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder of this machine, or one that looks like it.
    Folder(PathBuf),
    /// A place that is reached over the network, and the folder of this machine for the logs of its own runs.
    Shared(SharedPlace),
}

impl Place {
    /// The place that `text` names, for a program: an address if it has `://` in it, else a folder.
    ///
    /// # Errors
    /// [`StateError::Address`].
    pub fn of(text: &str, program: Option<&Path>) -> Result<Self, StateError> {
        let stem = program.and_then(Path::file_stem).map(OsString::from);
        if !text.contains("://") {
            let folder = PathBuf::from(text);
            // Where there is a state right in it, it was made when such a folder held that of one program.
            let holds_one = folder.join(FILE).exists();
            let own = stem.filter(|_| text.ends_with('/') && !holds_one);
            return Ok(Place::Folder(own.map_or(folder.clone(), |stem| folder.join(stem))));
        }
        let stem = stem.as_ref().map(|stem| stem.to_string_lossy());
        let (location, address) = Location::of(text, stem.as_deref())?;
        let mut digest = Digest::new();
        digest.update(address.as_bytes());
        let name = format!("shared-{}", &digest.to_hex()[..12]);
        let beside = program.and_then(Path::parent).unwrap_or(Path::new(""));
        let logs = beside.join(".scope").join(name);
        Ok(Place::Shared(SharedPlace { address, location, logs }))
    }

    /// The shared place that a folder has logs of, if it is such a folder.
    pub fn of_logs(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(NAME)).ok()?;
        let (location, address) = Location::of(text.trim(), None).ok()?;
        Some(Place::Shared(SharedPlace { address, location, logs: folder.to_owned() }))
    }

    /// The place where nothing else is said: a folder beside the program.
    pub fn beside(program: &Path) -> Self {
        Place::Folder(state_folder(program))
    }

    /// As it can be given to `--state` again.
    pub fn text(&self) -> String {
        match self {
            Place::Folder(folder) => folder.to_string_lossy().into_owned(),
            Place::Shared(place) => place.address.clone(),
        }
    }

    /// Where the journals of this machine's runs are.
    pub fn logs(&self) -> &Path {
        match self {
            Place::Folder(folder) => folder,
            Place::Shared(place) => &place.logs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(given: &str, program: &str) -> String {
        Place::of(given, Some(Path::new(program))).expect("a place").text()
    }

    #[test]
    fn what_ends_with_a_slash_holds_many() {
        assert_eq!(text("https://h/states/", "a/web.scope"), "https://h/states/web.json");
        assert_eq!(text("https://h/x.json", "a/web.scope"), "https://h/x.json");
        let object = "s3://team/scope/web.json?region=eu-west-3";
        assert_eq!(text("s3://team/scope/?region=eu-west-3", "web.scope"), object);
        assert_eq!(text("folder/of/mine", "web.scope"), "folder/of/mine");
        assert_eq!(text("folder/of/many/", "a/web.scope"), "folder/of/many/web");
        assert!(matches!(Place::of("https://h/states/", None), Err(StateError::Address { .. })));
    }

    #[test]
    fn its_logs_are_beside_the_program() {
        let place = Place::of("https://h/states/", Some(Path::new("a/web.scope"))).expect("a place");
        assert!(place.logs().starts_with("a/.scope"), "{}", place.logs().display());
        let other = Place::of("https://h/other/", Some(Path::new("a/web.scope"))).expect("a place");
        assert_ne!(place.logs(), other.logs());
    }

    #[test]
    fn addresses_that_are_none_say_why() {
        for (wrong, why) in [
            ("ftp://h/x", "there is no `ftp`"),
            ("https://ana:secret@h/x", "no name and no password"),
            ("s3:///key", "no bucket"),
            ("s3://bucket", "no key"),
            ("s3://bucket/key?color=red", "`color`"),
            ("https://", "no address"),
        ] {
            let error = Place::of(wrong, Some(Path::new("web.scope"))).expect_err(wrong).to_string();
            assert!(error.contains(why), "{wrong}: {error}");
            assert!(!error.contains("secret@"), "{error}");
        }
    }
}
