//! `scope exec NAME`: a sequence against a real site, which here is this machine: what is done is done once, a run that
//! failed is resumed, `--again` repeats.
#![cfg(unix)]

use crate::support::binary;

const PROGRAM: &str = r#"import exec
site here_and_now { exec: {} }
entry here_and_now
sequence note {
    call one: exec.command.create { argv: ["sh", "-c", "echo one >> log"] } scope { here_and_now }
    call two: exec.command.create { argv: ["sh", "-c", "echo two >> log; test -f go"] } scope { here_and_now }
    call three: exec.command.create { argv: ["sh", "-c", "echo three >> log"] } scope { here_and_now }
}
"#;

#[test]
fn line_by_line_once_and_again() {
    let folder = binary::folder("sequences");
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("writable");
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default().replace('\n', " ");
    let exec = |words: &[&str]| {
        let mut all = vec!["exec", "note", "--program", "main.scope"];
        all.extend(words);
        binary::scope(&folder, &all, &[])
    };

    // A run of the program does nothing of it.
    assert_eq!(binary::scope(&folder, &["run", "main.scope"], &[]).code, 0);
    assert_eq!(log(), "");

    // The second line fails: the third is left out.
    let failed = exec(&[]);
    assert_eq!((failed.code, log().as_str()), (1, "one two "), "{}", failed.all());
    assert!(failed.stdout.contains("then scope exec note --program main.scope"), "{}", failed.all());

    // Resumed, it goes on where it was, and is the sequence still.
    std::fs::write(folder.join("go"), "").expect("writable");
    let resumed = binary::scope(&folder, &["resume"], &[]);
    assert_eq!((resumed.code, log().as_str()), (0, "one two two three "), "{}", resumed.all());

    let second = exec(&[]);
    assert_eq!((second.code, log().as_str()), (0, "one two two three "), "{}", second.all());
    assert!(second.stdout.contains("--again"), "it says how to do it once more: {}", second.all());

    assert_eq!(exec(&["--again", "note"]).code, 0);
    assert_eq!(log(), "one two two three one two three ");
    assert_eq!(exec(&["--again", "note.two"]).code, 0);
    assert_eq!(log(), "one two two three one two three two ");
}

#[test]
fn without_a_name_they_are_listed() {
    let folder = binary::folder("sequences-listed");
    let program = PROGRAM.replace("sequence note", "/// Notes three words.\nsequence note");
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    let listed = binary::scope(&folder, &["exec", "--program", "main.scope"], &[]);
    assert_eq!(listed.code, 0, "{}", listed.all());
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert_eq!(lines[0], "note   Notes three words.");
    assert!(lines[1].starts_with("  call one: exec.command.create { argv:"), "{}", listed.stdout);
    assert_eq!(lines.len(), 6, "{}", listed.stdout);
    let json = binary::scope(&folder, &["exec", "--program", "main.scope", "--format", "json"], &[]);
    assert!(json.stdout.starts_with("{\"format\":\"scope-sequences/1\""), "{}", json.all());
    assert!(
        json.stdout.contains("\"docs\":\"Notes three words.\",\"steps\":[\"call one:"),
        "{}",
        json.stdout
    );
    // There is none, and nothing is to be done.
    std::fs::write(folder.join("main.scope"), "import exec\nsite a { exec: {} }\nentry a\n")
        .expect("writable");
    let none = binary::scope(&folder, &["exec", "--program", "main.scope"], &[]);
    assert!(none.code == 3 && none.stderr.contains("has no sequence"), "{}", none.all());
}
