//! The README's console blocks, run: what is printed below a command is what it prints, and each command is one that there is.
//!
//! `` $ cargo run --release -- run FILE --simulate `` and `` $ scope run FILE --simulate `` are run by the built binary in the
//! project's folder; `SCOPE_UPDATE=1` rewrites what they print.

use crate::support::{binary, root};

#[test]
fn the_readme_prints_what_the_commands_print() {
    let path = root().join("README.md");
    let text = std::fs::read_to_string(&path).expect("the README is there");
    let mut rewritten: Vec<String> = Vec::new();
    let mut n_compared = 0;
    let mut lines = text.lines().peekable();
    let mut in_console = false;
    while let Some(line) = lines.next() {
        rewritten.push(line.to_string());
        if line.starts_with("```") {
            in_console = line == "```console";
            continue;
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| in_console) else { continue };
        let mut command = command.split(" #").next().unwrap_or_default().trim().to_string();
        while command.ends_with('\\') {
            let next = lines.next().expect("a continued command goes on");
            rewritten.push(next.to_string());
            command = format!("{}{}", command.trim_end_matches('\\'), next.trim());
        }
        let mut expected = Vec::new();
        while let Some(said) = lines.next_if(|next| !next.starts_with("$ ") && !next.starts_with("```")) {
            expected.push(said.to_string());
        }
        let words = command.strip_prefix("cargo run --release -- ").or(command.strip_prefix("scope "));
        let Some(words) = words else {
            assert!(expected.is_empty(), "`{command}` is not ours to run, and has an output");
            continue;
        };
        let words: Vec<&str> = words.split_whitespace().collect();
        let help = binary::scope(&root(), &[words[0], "--help"], &[]);
        assert_eq!(help.code, 0, "`{command}`: {}", help.all());
        for flag in words.iter().take_while(|word| **word != "--").filter(|word| word.starts_with("--")) {
            assert!(help.all().contains(*flag), "`{command}`: `scope {}` has no {flag}", words[0]);
        }
        if expected.is_empty() {
            continue;
        }
        let ran = binary::scope(&root(), &words, &[]);
        n_compared += 1;
        let printed = format!("{}{}", ran.stderr, ran.stdout);
        rewritten.extend(printed.lines().map(str::to_string));
        if std::env::var_os("SCOPE_UPDATE").is_none() {
            assert_eq!(expected.join("\n"), printed.trim_end(), "`{command}`");
        }
    }
    assert!(n_compared > 0, "the README shows what a command prints");
    if std::env::var_os("SCOPE_UPDATE").is_some() {
        std::fs::write(&path, rewritten.join("\n") + "\n").expect("writable");
    }
}
