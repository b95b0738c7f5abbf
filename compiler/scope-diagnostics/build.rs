//! Makes one `Code` constant for every page in `codes/`, so that adding a page is adding a code.
//!
//! Comes in: `codes/E0203.md`, whose first line is `# E0203: unknown attribute`. Goes out, in `$OUT_DIR/codes.rs`:
//! `pub const E0203: Code = Code("E0203");` and a row of `PAGES`, sorted by code. A page with a malformed name or
//! first line stops the build and says which one.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a build script reads the pages; the crate itself touches no file"
)]

use std::{env, fmt::Write as _, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=codes");
    println!("cargo::rerun-if-changed=build.rs");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
    let mut pages: Vec<(String, String)> = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join("codes")).expect("the folder codes/ is part of the crate")
    {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let code = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        assert!(is_code(&code), "codes/{code}.md: a page is named like its code: E or W and four digits");
        let text = fs::read_to_string(&path).expect("a page is UTF-8");
        let title = text.lines().next().and_then(|line| line.strip_prefix(&format!("# {code}: ")));
        let title = title.unwrap_or_else(|| panic!("codes/{code}.md: the first line is `# {code}: title`"));
        pages.push((code, title.trim().to_owned()));
    }
    pages.sort();

    let mut source = String::new();
    for (code, title) in &pages {
        let title = title.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = writeln!(source, "#[doc = \"{title}\"]\npub const {code}: Code = Code::of_page(\"{code}\");");
    }
    let _ = writeln!(source, "static PAGES: &[(Code, &str)] = &[");
    for (code, _) in &pages {
        let path = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/codes/{code}.md\")");
        let _ = writeln!(source, "    ({code}, include_str!({path})),");
    }
    let _ = writeln!(source, "];");
    let out = env::var("OUT_DIR").expect("cargo sets it for build scripts");
    fs::write(Path::new(&out).join("codes.rs"), source).expect("the output folder can be written");
}

fn is_code(name: &str) -> bool {
    name.len() == 5 && name.starts_with(['E', 'W']) && name[1..].bytes().all(|byte| byte.is_ascii_digit())
}
