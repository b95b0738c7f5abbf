//! The language reference that runs: `tests/spec/*.md`.
//!
//! A heading is a test. Its fences:
//!
//! | fence | meaning |
//! |---|---|
//! | `scope` | a program; a line `` `sites.scope`: `` before it names the file, else it is `main.scope` |
//! | `data` | a file that the program names (always with its name before it) |
//! | `diagnostics` | what `scope check` prints, in full |
//! | `formatted` | what `scope fmt` makes of the program |
//! | `lint` | what `scope lint` prints |
//! | `fixed` | the program as `scope fix` leaves it |
//! | `plan`, `plan cuts`, `plan sites` | what `scope plan --steps --simulate` prints, `--cuts`, or by site; with `sequence=NAME` of a sequence |
//! | `run …` | what `scope run --simulate` prints; words behind `run` are faults (`cut=paris@1s..30s`) or flags |
//! | `exec …` | the same of `scope exec --simulate -- …` |
//! | `sequence NAME …` | the same of `scope exec NAME --simulate` |
//! | `test …` | what `scope test` prints; words behind `test` are flags |
//!
//! A fence with a file's name below a document's title is in every test of the document. Beside each program is a
//! `clouds.yaml` (`tests/support/clouds.yaml`); an empty `data` fence of that name takes it away.
//!
//! `// error: [E0203] "part of the text"` stands on the line that it is about (`// warning:` alike). A report without an
//! assertion fails, and an assertion without a report; a `diagnostics` fence asserts all of them at once.
//! `SCOPE_UPDATE=1` rewrites the fences that print; `SCOPE_SPEC=word` takes only the documents whose name has the word.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use scope_compiler::{Compilation, Extent, Options};
use scope_diagnostics::{Diagnostic, Severity};

use crate::support::markdown::{Fence, Section, sections};
use crate::support::{binary, root, world::Memory};

/// The fences that hold what a command prints.
const PRINTED: [&str; 9] =
    ["diagnostics", "formatted", "lint", "fixed", "plan", "run", "exec", "sequence", "test"];

#[test]
fn the_reference_holds() {
    let mut documents = documents();
    if let Ok(word) = std::env::var("SCOPE_SPEC") {
        documents.retain(|path| path.to_string_lossy().contains(&word));
    }
    assert!(!documents.is_empty(), "the reference has documents");
    let next = AtomicUsize::new(0);
    let checked = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(path) = documents.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check_document(path);
                    checked.lock().expect("no document panics").insert(path, found);
                }
            });
        }
    });
    let checked = checked.into_inner().expect("no document panics");
    println!("{} sections of the reference", checked.values().map(|(count, _)| count).sum::<usize>());
    let failures: String = checked.into_values().map(|(_, failures)| failures).collect();
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn the_index_names_every_document_by_its_title() {
    let index = std::fs::read_to_string(root().join("tests/spec/README.md")).expect("the index is there");
    let listed: Vec<&str> = index.lines().filter(|line| line.starts_with("- ")).collect();
    let documents = documents();
    let expected: Vec<String> = documents
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("UTF-8");
            let title = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a title");
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("- {} [{title}]({name})", &name[..2])
        })
        .collect();
    assert_eq!(listed, expected);
}

/// All but the index, in their order.
fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> = std::fs::read_dir(root().join("tests/spec"))
        .expect("the reference is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| !path.ends_with("README.md"))
        .collect();
    documents.sort();
    documents
}

/// How many sections it has, and what does not hold.
fn check_document(path: &Path) -> (usize, String) {
    let update = std::env::var("SCOPE_UPDATE").is_ok_and(|value| value == "1");
    let text = std::fs::read_to_string(path).expect("UTF-8");
    let mut updated = text.clone();
    let mut failures = String::new();
    let mut count = 0;
    // From the end, so that earlier line numbers stay true while fences are rewritten.
    let all = sections(&text);
    let shared: Vec<Fence> = all.first().map(|title| title.fences.clone()).unwrap_or_default();
    for section in all.iter().rev().filter(|section| is_test(section)) {
        count += 1;
        for failure in check(path, section, &shared, update.then_some(&mut updated)) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let _ = writeln!(failures, "── {name}:{} {}\n{failure}", section.line, section.name);
        }
    }
    if update && updated != text {
        std::fs::write(path, updated).expect("writable");
    }
    (count, failures)
}

fn is_test(section: &Section) -> bool {
    section.fences.iter().any(|fence| fence.info == "scope")
}

fn check(path: &Path, section: &Section, shared: &[Fence], mut update: Option<&mut String>) -> Vec<String> {
    let mut world = Memory::default();
    if let Some(name) = written_twice(section) {
        let why = "what is printed below the first would be printed of the second";
        return vec![format!(
            "two files of this section are called `{name}`: give the second a heading; {why}"
        )];
    }
    let shared = shared.iter().filter(|fence| fence.path.is_some());
    for fence in shared.chain(&section.fences).filter(|fence| is_file(fence)) {
        let name = file_name(fence);
        world.files.insert(name, fence.text.clone().into_bytes());
    }
    if world.files.get("clouds.yaml").is_some_and(Vec::is_empty) {
        world.files.remove("clouds.yaml");
    }
    let entry = if world.files.contains_key("main.scope") {
        "main.scope".to_string()
    } else {
        let first = section.fences.iter().find(|fence| fence.info == "scope");
        first.and_then(|fence| fence.path.clone()).expect("a fence that names no file is main.scope")
    };
    // As `scope check` does.
    let options = Options { extent: Extent::Module, ..Options::default() };
    let compilation = scope_compiler::compile(&world, &entry, &options);
    let mut failures = Vec::new();
    let prints_reports = |fence: &Fence| matches!(fence.info.as_str(), "diagnostics" | "lint" | "fixed");
    if !section.fences.iter().any(prints_reports) {
        failures.extend(check_assertions(section, &compilation));
    }
    let folder = std::cell::OnceCell::new();
    for fence in section.fences.iter().rev() {
        let words = words(&fence.info);
        let mut words = words.iter().map(String::as_str);
        let Some(kind) = words.next().filter(|kind| PRINTED.contains(kind)) else {
            continue;
        };
        let folder = folder.get_or_init(|| written(path, section, &world));
        let words: Vec<&str> = words.collect();
        let printed = without_std_lines(&print(kind, &words, &entry, folder));
        if printed != fence.text {
            match &mut update {
                Some(document) => rewrite(document, fence, &printed),
                None => failures.push(format!("`{}` gave\n{printed}expected\n{}", fence.info, fence.text)),
            }
        }
    }
    failures
}

fn is_file(fence: &Fence) -> bool {
    matches!(fence.info.as_str(), "scope" | "data")
}

fn file_name(fence: &Fence) -> String {
    fence.path.clone().unwrap_or_else(|| "main.scope".into())
}

/// A name that two files of a section have.
fn written_twice(section: &Section) -> Option<String> {
    let mut names = std::collections::BTreeSet::new();
    section
        .fences
        .iter()
        .filter(|fence| is_file(fence))
        .map(file_name)
        .find(|name| !names.insert(name.clone()))
}

/// The section's files in a folder of their own, for the binary.
fn written(path: &Path, section: &Section, world: &Memory) -> std::path::PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = binary::folder(&format!("spec-{stem}-{}", section.line));
    if !world.files.contains_key("clouds.yaml") {
        std::fs::remove_file(folder.join("clouds.yaml")).expect("every folder has one");
    }
    for (name, bytes) in &world.files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().expect("inside the folder")).expect("writable");
        std::fs::write(file, bytes).expect("writable");
    }
    folder
}

fn print(kind: &str, words: &[&str], entry: &str, folder: &Path) -> String {
    let mut args: Vec<&str> = Vec::new();
    match kind {
        "formatted" => {
            let text = std::fs::read_to_string(folder.join(entry)).expect("written before");
            return binary::scope_reading(folder, &["fmt", "-"], &text).stdout;
        }
        "diagnostics" => args.extend(["check", entry]),
        "test" => {
            args.extend(["test", entry]);
            args.extend(words);
        }
        "lint" => args.extend(["lint", entry]),
        "fixed" => {
            let path = folder.join(entry);
            let before = std::fs::read(&path).expect("written before");
            let ran = binary::scope(folder, &["fix", entry], &[]);
            assert_eq!(ran.code, 0, "{}", ran.all());
            let fixed = std::fs::read_to_string(&path).expect("UTF-8");
            std::fs::write(&path, before).expect("writable");
            return fixed;
        }
        "plan" => {
            let shown = match words {
                words if words.contains(&"cuts") => "--cuts",
                words if words.contains(&"sites") => "--offline",
                _ => "--steps",
            };
            args.extend(["plan", shown, "--simulate", entry]);
            let sequence = words.iter().find_map(|word| word.strip_prefix("sequence="));
            args.extend(sequence.into_iter().flat_map(|name| ["--sequence", name]));
        }
        "run" => {
            args.extend(["run", entry, "--simulate"]);
            args.extend(flags_and_faults(words));
        }
        "sequence" => {
            let (name, words) = words.split_first().expect("`sequence` names one");
            args.extend(["exec", name, "--simulate", "--program", entry]);
            args.extend(flags_and_faults(words));
        }
        _ => {
            args.extend(["exec", "--simulate", "--program", entry, "--"]);
            args.extend(words);
        }
    }
    let ran = binary::scope(folder, &args, &[]);
    format!("{}{}", ran.stderr, ran.stdout)
}

/// Without line numbers of the standard library: they move with every edit of it.
fn without_std_lines(printed: &str) -> String {
    let mut is_std = false;
    let mut text = String::with_capacity(printed.len());
    for line in printed.split_inclusive('\n') {
        match line
            .split_once("─[ ")
            .and_then(|(before, place)| Some((before, place.trim_end().strip_suffix(" ]")?)))
        {
            Some((before, place)) => {
                is_std = place.starts_with("std:");
                match is_std {
                    true => {
                        let module: Vec<&str> = place.split(':').take(2).collect();
                        let _ = writeln!(text, "{before}─[ {} ]", module.join(":"));
                    }
                    false => text.push_str(line),
                }
                continue;
            }
            None if line.contains("─╯") && line.trim_end().ends_with('╯') && line.starts_with('─') => {
                is_std = false
            }
            None => {}
        }
        match line.split_once('│').filter(|_| is_std) {
            Some((number, rest)) => {
                let margin: String =
                    number.chars().map(|letter| if letter.is_ascii_digit() { ' ' } else { letter }).collect();
                text.push_str(&format!("{margin}│{rest}"));
            }
            None => text.push_str(line),
        }
    }
    text
}

/// A word without a dash is a fault.
fn flags_and_faults<'w>(words: &[&'w str]) -> Vec<&'w str> {
    words
        .iter()
        .flat_map(|word| if word.starts_with('-') { vec![*word] } else { vec!["--fault", word] })
        .collect()
}

/// The words of a fence's first line; what stands between two `'` is one word.
fn words(info: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_quoted = false;
    let mut is_open = false;
    for letter in info.chars() {
        match letter {
            '\'' => {
                is_quoted = !is_quoted;
                if !is_open {
                    words.push(String::new());
                }
                is_open = true;
            }
            letter if letter.is_whitespace() && !is_quoted => is_open = false,
            letter => {
                if !is_open {
                    words.push(String::new());
                }
                is_open = true;
                words.last_mut().expect("a word is open").push(letter);
            }
        }
    }
    words
}

fn rewrite(document: &mut String, fence: &Fence, printed: &str) {
    let lines: Vec<&str> = document.lines().collect();
    let start = fence.line - 1;
    let length = fence.text.lines().count();
    let mut rewritten: Vec<&str> = lines[..start].to_vec();
    rewritten.extend(printed.lines());
    rewritten.extend(&lines[start + length..]);
    *document = rewritten.join("\n") + "\n";
}

/// `// error: [E0203] "text"` against what was reported.
fn check_assertions(section: &Section, compilation: &Compilation) -> Vec<String> {
    let mut failures = Vec::new();
    let mut expected: Vec<(String, usize, Severity, String, String)> = Vec::new();
    for fence in section.fences.iter().filter(|fence| fence.info == "scope") {
        let file = file_name(fence);
        for (index, line) in fence.text.lines().enumerate() {
            expected.extend(
                assertions(line)
                    .into_iter()
                    .map(|(severity, code, text)| (file.clone(), index + 1, severity, code, text)),
            );
        }
    }
    let mut left: Vec<&Diagnostic> = compilation.diagnostics.iter().collect();
    for (file, line, severity, code, text) in expected {
        let found = left.iter().position(|report| {
            let place = compilation.sources.line_column(report.primary.span);
            !report.primary.span.is_dummy()
                && compilation.sources.get(report.primary.span.file).path() == file
                && place.line as usize == line
                && report.severity == severity
                && report.code.as_str() == code
                && shown(report).contains(&text)
        });
        match found {
            Some(index) => {
                left.remove(index);
            }
            None => failures.push(format!("{file}:{line}: no {severity}[{code}] with \"{text}\"")),
        }
    }
    for report in left {
        let place = compilation.sources.location(report.primary.span);
        failures.push(format!(
            "{place}: not expected: {}[{}] {}",
            report.severity,
            report.code,
            shown(report)
        ));
    }
    failures
}

/// A report's texts, joined.
fn shown(report: &Diagnostic) -> String {
    let mut text = format!("{} | {}", report.message, report.primary.text);
    for part in
        report.notes.iter().chain(&report.help).chain(report.secondary.iter().map(|label| &label.text))
    {
        let _ = write!(text, " | {part}");
    }
    text
}

/// Every assertion in a line; several stand one after the other.
fn assertions(line: &str) -> Vec<(Severity, String, String)> {
    let mut found = Vec::new();
    for (word, severity) in [("// error: [", Severity::Error), ("// warning: [", Severity::Warning)] {
        let mut rest = line;
        while let Some(start) = rest.find(word) {
            rest = &rest[start + word.len()..];
            let Some((code, after)) = rest.split_once(']') else { break };
            let text = after.trim_start().strip_prefix('"').and_then(|text| text.split_once('"'));
            let text = text.map_or("", |(text, _)| text);
            found.push((severity, code.to_string(), text.to_string()));
            rest = after;
        }
    }
    found
}
