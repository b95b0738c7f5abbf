//! `scope doc`: HTML pages of a program or a driver.
//!
//! Comes in: a file, or the name of a driver of the standard library. Goes out: a folder of pages.

use std::path::Path;

use scope_compiler::{Options, World};
use scope_diagnostics::codes;

use serde_json::json;

use super::{FAILED, OK, WRONG, write_file};
use crate::args::Doc;
use crate::output::{Output, document, line, say_error};
use crate::world::Disk;

pub fn run(command: &Doc, output: Output) -> u8 {
    let library = format!("std:{}", command.of);
    let is_library = !Path::new(&command.of).exists() && Disk.read(&library).is_ok();
    let entry = if is_library { &library } else { &command.of };
    let options = Options { simulate: true, ..Options::default() };
    let compilation = scope_compiler::compile(&Disk, entry, &options);
    // A file of sites or a driver is documented too: only what cannot be understood is not.
    if !output.compiled(&compilation) {
        return WRONG;
    }
    if let Err(error) = std::fs::create_dir_all(&command.out) {
        say_error(codes::E0981, &format!("`{}` cannot be made: {error}", command.out));
        return FAILED;
    }
    let pages = crate::doc::pages(&compilation, entry);
    for (name, text) in &pages {
        let path = Path::new(&command.out).join(name);
        if let Err(code) = write_file(&path.to_string_lossy(), text.as_bytes()) {
            return code;
        }
    }
    let names: Vec<&String> = pages.keys().collect();
    document::tell("scope-doc/1", json!({ "folder": command.out, "pages": names }));
    line(&format!("{} pages: {}", pages.len(), Path::new(&command.out).join("index.html").display()));
    OK
}
