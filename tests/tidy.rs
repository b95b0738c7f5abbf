//! The invariants of the house, checked from the text and from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::root;

/// Which of our crates each crate may use (besides in tests).
const ARROWS: [(&str, &[&str]); 12] = [
    ("scope-diagnostics", &[]),
    ("scope-plan", &[]),
    ("scope-stdlib", &[]),
    ("scope-syntax", &["scope-diagnostics"]),
    ("scope-analysis", &["scope-diagnostics", "scope-syntax"]),
    ("scope-schema", &["scope-analysis", "scope-diagnostics", "scope-syntax"]),
    ("scope-compiler", &["scope-analysis", "scope-diagnostics", "scope-plan", "scope-syntax"]),
    ("scope-runtime", &["scope-plan"]),
    ("scope-web", &["scope-plan", "scope-runtime"]),
    ("scope-targets", &["scope-plan"]),
    ("scope-lsp", &["scope-compiler", "scope-diagnostics", "scope-stdlib"]),
    (
        "scope-cli",
        &[
            "scope-compiler",
            "scope-diagnostics",
            "scope-lsp",
            "scope-plan",
            "scope-runtime",
            "scope-schema",
            "scope-stdlib",
            "scope-targets",
            "scope-web",
        ],
    ),
];

/// External packages that any crate may use.
const FREE: [&str; 6] = ["serde", "serde_json", "thiserror", "tracing", "indexmap", "regex"];

/// External packages that several named crates may use, with the reason in house.md or beside it.
const SHARED: [(&str, &[&str]); 3] = [
    // The async runtime: whoever drives it.
    ("tokio", &["scope-cli", "scope-lsp", "scope-runtime", "scope-web"]),
    // Streams, of content and of events.
    ("futures-util", &["scope-runtime", "scope-web"]),
    // Digests of what a plan was made from, and of content on its way.
    ("sha2", &["scope-plan", "scope-runtime"]),
];

/// Names of applications: they stand in drivers, never in the code.
const APPLICATIONS: [&str; 8] =
    ["openstack", "keystone", "glance", "neutron", "kubernetes", "kubectl", "cinder", "placement service"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo is there");
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// Crate → the packages it uses outside of tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().expect("a name").to_string();
            let used = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().expect("a name").to_string())
                .collect();
            (name, used)
        })
        .collect()
}

#[test]
fn crates_depend_in_one_direction() {
    let all = dependencies();
    let names: BTreeSet<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ARROWS.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(),
        "every crate has its arrows"
    );
    for (name, allowed) in ARROWS {
        for used in all[name].iter().filter(|used| names.contains(used.as_str())) {
            assert!(allowed.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

#[test]
fn each_external_package_is_seen_by_one_crate() {
    let all = dependencies();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, used) in &all {
        for package in used.iter().filter(|package| !all.contains_key(*package)) {
            users.entry(package).or_default().push(name);
        }
    }
    for (package, users) in users {
        if FREE.contains(&package) || users.len() == 1 {
            continue;
        }
        let shared =
            SHARED.iter().find(|(name, _)| *name == package).map(|(_, crates)| *crates).unwrap_or(&[]);
        for user in &users {
            assert!(shared.contains(user), "`{package}` is used by {users:?}: one crate should see it");
        }
    }
}

/// Every Rust file of ours.
fn rust_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | ".git") {
                    walk(&path, files);
                }
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    for folder in ["compiler", "runtime", "stdlib", "targets", "editors", "tests"] {
        walk(&root().join(folder), &mut files);
    }
    files.sort();
    files
}

#[test]
fn every_rust_file_opens_with_what_it_is() {
    for path in rust_files() {
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        assert!(text.starts_with("//!"), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn no_application_is_named_in_the_code() {
    let root = root();
    for path in rust_files() {
        let relative = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
        let is_free = relative.starts_with("stdlib/")
            || relative.starts_with("tests/")
            || relative.contains("/tests/")
            || relative.contains("/tests.rs")
            || relative.contains("_tests.rs")
            || relative.starts_with("runtime/scope-runtime/src/real/")
            // How a state is kept there: a transport, too.
            || relative == "runtime/scope-runtime/src/state/shared/cluster.rs";
        if is_free {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        // Tests inside a file may speak of applications; documentation may give them as examples.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default().to_lowercase();
            for application in APPLICATIONS {
                assert!(
                    !line.contains(application),
                    "{relative}:{}: `{application}` is named in the code",
                    index + 1
                );
            }
        }
    }
}

#[test]
fn pure_crates_ban_files_clock_and_network() {
    for folder in [
        "compiler/scope-diagnostics",
        "compiler/scope-syntax",
        "compiler/scope-analysis",
        "compiler/scope-plan",
        "compiler/scope-schema",
        "compiler/scope-compiler",
        "targets/scope-targets",
    ] {
        let text = std::fs::read_to_string(root().join(folder).join("clippy.toml"));
        let text = text.unwrap_or_else(|_| panic!("{folder} has a clippy.toml"));
        for banned in ["std::fs::read", "std::time::Instant::now", "std::net::TcpStream"] {
            assert!(text.contains(banned), "{folder}/clippy.toml bans {banned}");
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    for path in rust_files() {
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        for word in ["todo!(", "unimplemented!(", "#[ignore"] {
            let is_this_file = path.ends_with("tests/tidy.rs");
            assert!(is_this_file || !text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn every_code_is_reported_somewhere() {
    let root = root();
    let mut reported = String::new();
    for path in rust_files() {
        let relative = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
        let is_test = relative.contains("/tests/")
            || relative.starts_with("tests/")
            || relative.ends_with("tests.rs")
            || relative.starts_with("compiler/scope-diagnostics/");
        if is_test {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        // A comment reports nothing.
        for line in code.lines() {
            reported.push_str(line.split("//").next().unwrap_or_default());
            reported.push('\n');
        }
    }
    let is_reported = |code: &str| {
        let written = [format!("codes::{code}"), format!("\"{code}\""), format!("[{code}]")];
        written.iter().any(|written| reported.contains(written))
    };
    assert!(!is_reported("E9999"), "the check can fail");
    let pages =
        std::fs::read_dir(root.join("compiler/scope-diagnostics/codes")).expect("the pages are there");
    let mut silent: Vec<String> = pages
        .filter_map(|page| Some(page.expect("readable").path().file_stem()?.to_string_lossy().into_owned()))
        .filter(|code| !is_reported(code))
        .collect();
    silent.sort();
    assert!(silent.is_empty(), "these have a page and are never reported: {silent:?}");
}

#[test]
fn every_part_is_under_the_one_licence() {
    let text = std::fs::read_to_string(root().join("LICENSE")).expect("the licence is there");
    for part in ["Apache License", "Version 2.0, January 2004", "END OF TERMS AND CONDITIONS"] {
        assert!(text.contains(part), "LICENSE has no {part:?}");
    }
    for package in metadata()["packages"].as_array().expect("packages") {
        if package["source"].is_null() {
            assert_eq!(package["license"], "Apache-2.0", "{}", package["name"]);
        }
    }
    for manifest in ["editors/vscode/package.json", "editors/textmate/package.json"] {
        let text = std::fs::read_to_string(root().join(manifest)).expect(manifest);
        let manifest_value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(manifest_value["license"], "Apache-2.0", "{manifest}");
    }
}
