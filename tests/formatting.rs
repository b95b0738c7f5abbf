//! `scope fmt`: every example and every file of the standard library is formatted; what it does to files; and formatting
//! changes no report and no plan, over every program of the reference, of the pages of codes and of the examples.

use std::collections::BTreeSet;

use scope_compiler::{Compilation, Options};
use scope_diagnostics::codes;

use crate::support::markdown::sections;
use crate::support::{binary, root, world::Memory};

#[test]
fn examples_and_the_standard_library_are_formatted() {
    let check = binary::scope(&root(), &["fmt", "--check", "examples", "stdlib"], &[]);
    assert_eq!((check.code, check.stdout.as_str()), (0, ""), "run `scope fmt` on these:\n{}", check.all());
}

const UGLY: &str = "// kept\nlet a=1\nlet bc = {x:a // here\n}\n";
const PRETTY: &str = "// kept\nlet a = 1\nlet bc = {\n    x: a // here\n}\n";

#[test]
fn a_file_is_replaced_only_where_something_changes() {
    let folder = binary::folder("fmt-files");
    std::fs::create_dir_all(folder.join("below/.hidden")).expect("writable");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("writable");
    write("ugly.scope", UGLY);
    write("below/ugly.scope", UGLY);
    write("below/.hidden/ugly.scope", UGLY);
    write("below/pretty.scope", PRETTY);
    write("below/notes.txt", UGLY);

    let check = binary::scope(&folder, &["fmt", "--check", "."], &[]);
    assert_eq!((check.code, check.stdout.as_str()), (2, "below/ugly.scope\nugly.scope\n"), "{}", check.all());
    let diff = binary::scope(&folder, &["fmt", "--diff", "ugly.scope"], &[]);
    assert_eq!(diff.code, 2, "{}", diff.all());
    for line in ["--- ugly.scope", "-let a=1", "+let a = 1", "+    x: a // here", " // kept"] {
        assert!(diff.stdout.lines().any(|shown| shown == line), "{line}: {}", diff.all());
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("UTF-8");
    assert_eq!(read("ugly.scope"), UGLY, "neither wrote");

    let ran = binary::scope(&folder, &["fmt", "ugly.scope", "below", "ugly.scope"], &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "formatted ugly.scope\nformatted below/ugly.scope\n"));
    assert_eq!((read("ugly.scope").as_str(), read("below/ugly.scope").as_str()), (PRETTY, PRETTY));
    assert_eq!(read("below/.hidden/ugly.scope"), UGLY);
    assert_eq!(binary::scope(&folder, &["fmt", "--check", "."], &[]).code, 0);
    let left: Vec<_> = std::fs::read_dir(&folder).expect("readable").collect();
    assert_eq!(left.len(), 3, "nothing is left beside the files: {left:?}");
}

#[test]
fn what_cannot_be_read_is_reported_and_left_alone() {
    let folder = binary::folder("fmt-unreadable");
    std::fs::write(folder.join("a.scope"), "let a = (\n").expect("writable");
    std::fs::write(folder.join("b.scope"), UGLY).expect("writable");
    let ran = binary::scope(&folder, &["fmt", ".", "--format", "short"], &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, "formatted b.scope\n"));
    assert!(ran.stderr.starts_with("a.scope:1:9: error[E0002]"), "{}", ran.all());
    assert_eq!(std::fs::read_to_string(folder.join("a.scope")).expect("UTF-8"), "let a = (\n");
    let none = binary::scope(&folder, &["fmt", "c.scope"], &[]);
    assert_eq!(none.code, 3);
    assert_eq!(none.stderr, "error[E0980]: `c.scope` cannot be read: there is no such file\n");
}

#[test]
fn stdin_goes_to_stdout() {
    let ran = binary::scope_reading(&root(), &["fmt", "-"], UGLY);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, PRETTY));
    assert_eq!(binary::scope_reading(&root(), &["fmt", "--check", "-"], PRETTY).code, 0);
    assert_eq!(binary::scope_reading(&root(), &["fmt", "--check", "-"], UGLY).code, 2);
    assert_eq!(binary::scope_reading(&root(), &["fmt", "-"], "let a = (").code, 3);
}

#[cfg(unix)]
#[test]
fn a_link_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = binary::folder("fmt-links");
    let file = folder.join("real.scope");
    std::fs::write(&file, UGLY).expect("writable");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("ours");
    symlink("real.scope", folder.join("link.scope")).expect("links are there");
    assert_eq!(binary::scope(&folder, &["fmt", "link.scope"], &[]).code, 0);
    assert!(folder.join("link.scope").symlink_metadata().expect("there").is_symlink());
    assert_eq!(std::fs::read_to_string(&file).expect("UTF-8"), PRETTY);
    assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o640);
}

/// Every program there is, with the files beside it: its name and its world.
fn programs() -> Vec<(String, String, Memory)> {
    let mut programs = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/spec")).expect("readable") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        let all = sections(&text);
        let shared = all.first().map(|title| title.fences.clone()).unwrap_or_default();
        for section in &all {
            let mut world = Memory::default();
            let mut main = None;
            for fence in shared
                .iter()
                .chain(&section.fences)
                .filter(|fence| matches!(fence.info.as_str(), "scope" | "data"))
            {
                let name = fence.path.clone().unwrap_or_else(|| "main.scope".into());
                if fence.info == "scope" && (fence.path.is_none() || main.is_none()) {
                    main = Some(name.clone());
                }
                world = world.with(&name, &fence.text);
            }
            programs.extend(main.map(|main| (format!("{}:{}", path.display(), section.line), main, world)));
        }
    }
    for code in codes::all() {
        let page = code.page();
        for example in page.failing.iter().chain(&page.fixed) {
            let mut world = Memory::default();
            for file in &example.files {
                world = world.with(&file.path, &file.text);
            }
            programs.push((code.to_string(), example.files[0].path.clone(), world));
        }
    }
    programs
}

fn compiled(world: &Memory, entry: &str) -> (Vec<String>, Option<BTreeSet<String>>) {
    let options = Options { simulate: true, ..Options::default() };
    let Compilation { diagnostics, plan, .. } = scope_compiler::compile(world, entry, &options);
    let mut reports: Vec<String> =
        diagnostics.iter().map(|report| format!("{} {}", report.code, report.message)).collect();
    reports.sort();
    let effects = plan.map(|plan| {
        let shown = |step: &scope_plan::plan::Step| {
            format!("{} {} at {}", step.key, step.action.verb(), plan.sites[step.site.index()].name)
        };
        plan.steps.iter().map(shown).collect()
    });
    (reports, effects)
}

#[test]
fn formatting_changes_no_report_and_no_plan() {
    let programs = programs();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let count: usize = std::thread::scope(|scope| {
        let parts = programs.chunks(programs.len().div_ceil(threads));
        let parts: Vec<_> =
            parts.map(|part| scope.spawn(|| part.iter().map(formatted_alike).sum::<usize>())).collect();
        parts.into_iter().map(|part| part.join().expect("said above")).sum()
    });
    println!("{count} texts formatted");
    assert!(count > 300, "the reference has programs");
}

/// How many texts of a program were formatted.
fn formatted_alike((name, entry, world): &(String, String, Memory)) -> usize {
    let mut formatted = world.clone();
    let mut count = 0;
    for (path, bytes) in &world.files {
        let text = String::from_utf8_lossy(bytes);
        let once = path.ends_with(".scope").then(|| scope_compiler::format(&text)).flatten();
        let Some(once) = once else { continue };
        assert_eq!(scope_compiler::format(&once).as_ref(), Some(&once), "{name}: {path} is formatted twice");
        count += 1;
        formatted = formatted.with(path, &once);
    }
    let (before, after) = (compiled(world, entry), compiled(&formatted, entry));
    assert_eq!(before, after, "{name}\n{}", String::from_utf8_lossy(&formatted.files[entry]));
    count
}
