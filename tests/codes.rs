//! Every page of `scope explain`: its failing example fails with that code, its fixed example does not.

use std::fmt::Write;

use scope_compiler::Options;
use scope_diagnostics::codes::{self, Example};

use crate::support::{binary, world::Memory};

#[test]
fn examples_of_the_pages_fail_and_pass_as_they_say() {
    let mut failures = String::new();
    let mut checked = 0;
    for code in codes::all() {
        let page = code.page();
        assert!(
            !page.failing.is_empty() || !page.messages.is_empty(),
            "{code} shows neither a failing example nor its message"
        );
        for example in &page.failing {
            checked += 1;
            let (reports, all) = reports(example, code.as_str());
            if !reports {
                let _ = writeln!(failures, "{code}: its failing example does not give it, but:\n{all}");
            }
        }
        for example in &page.fixed {
            checked += 1;
            let (reported, all) = reports(example, code.as_str());
            if reported || all.contains("error[") {
                let _ = writeln!(failures, "{code}: its fixed example gives:\n{all}");
            }
        }
    }
    println!("{checked} examples of {} pages", codes::all().len());
    assert!(failures.is_empty(), "\n{failures}");
}

/// Whether an example gives a code, and what it gives.
fn reports(example: &Example, code: &str) -> (bool, String) {
    let entry = &example.files[0].path;
    if example.run {
        let folder = binary::folder(&format!("page-{code}"));
        for file in &example.files {
            std::fs::write(folder.join(&file.path), &file.text).expect("writable");
        }
        let ran = binary::scope(&folder, &["run", entry, "--simulate"], &[]);
        return (ran.stderr.contains(&format!("[{code}]")), ran.all());
    }
    let mut world = Memory::default();
    for file in &example.files {
        world = world.with(&file.path, &file.text);
    }
    let options = Options { lint: code.starts_with('W'), ..Options::default() };
    let compilation = scope_compiler::compile(&world, entry, &options);
    let all = scope_diagnostics::render::short(&compilation.diagnostics, &compilation.sources);
    (compilation.diagnostics.iter().any(|report| report.code.as_str() == code), all)
}
