//! Texts that are inside the binary, as files an editor can open: the standard library and the codes' pages.
//!
//! `std:openstack` → `~/.cache/scope/0.1.0/std/openstack.scope`, written when it is first asked for. Where nothing can be
//! written, there is no such file, and the editor gets no link.

use std::collections::BTreeMap;
use std::path::PathBuf;

use scope_diagnostics::codes::Code;

/// The folder, and what was written to it by this server.
#[derive(Debug)]
pub struct Library {
    folder: Option<PathBuf>,
    written: BTreeMap<String, Option<String>>,
}

impl Library {
    /// In the user's cache folder.
    pub fn of_user() -> Library {
        let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
        let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
        let folder = cache.filter(|cache| cache.is_absolute());
        Library::at(folder.map(|cache| cache.join("scope").join(env!("CARGO_PKG_VERSION"))))
    }

    /// In this folder.
    pub fn at(folder: Option<PathBuf>) -> Library {
        Library { folder, written: BTreeMap::new() }
    }

    /// The path of a module of the standard library.
    pub fn module(&mut self, name: &str) -> Option<String> {
        let text = scope_stdlib::module(name)?;
        self.file(&format!("std/{}.scope", name.replace('.', "/")), text)
    }

    /// The path of a code's page.
    pub fn page(&mut self, code: Code) -> Option<String> {
        self.file(&format!("codes/{code}.md"), code.markdown())
    }

    fn file(&mut self, name: &str, text: &str) -> Option<String> {
        if let Some(known) = self.written.get(name) {
            return known.clone();
        }
        let path = self.folder.as_ref().map(|folder| folder.join(name));
        let path = path.filter(|path| write(path, text).is_some());
        let path = path.and_then(|path| path.to_str().map(str::to_owned));
        self.written.insert(name.to_owned(), path.clone());
        path
    }
}

fn write(path: &std::path::Path, text: &str) -> Option<()> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Some(());
    }
    std::fs::create_dir_all(path.parent()?).ok()?;
    // Put in place as a whole: another server may be reading it.
    let new = path.with_extension(format!("new-{}", std::process::id()));
    std::fs::write(&new, text).ok()?;
    std::fs::rename(&new, path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scope_diagnostics::codes;

    #[test]
    fn what_is_inside_can_be_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut library = Library::at(Some(folder.path().join("cache")));
        let name = scope_stdlib::modules().next().expect("there is one");
        let path = library.module(name).expect("it is written");
        assert_eq!(std::fs::read_to_string(path).ok().as_deref(), scope_stdlib::module(name));
        let page = library.page(codes::E0203).expect("it is written");
        assert!(std::fs::read_to_string(page).expect("it is there").contains("E0203"));
        assert_eq!(library.module("no.such"), None);
        assert_eq!(Library::at(None).page(codes::E0203), None);
        assert_eq!(Library::at(Some("/proc/none".into())).page(codes::E0203), None);
    }
}
