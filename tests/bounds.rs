//! Programs that would grow without end are stopped with a report, soon: long chains of names, values that double, and names by
//! the thousand that nothing declares. And secrets that are parameters.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::support::binary::{folder, scope};

/// The report of `scope check`, which ends by itself and in time.
fn checked(name: &str, program: &str, args: &[&str]) -> String {
    let folder = folder(name);
    std::fs::write(folder.join("main.scope"), program).expect("written");
    let started = Instant::now();
    let args: Vec<&str> =
        ["check", "main.scope", "--format", "short"].into_iter().chain(args.iter().copied()).collect();
    let ran = scope(&folder, &args, &[]);
    assert!(started.elapsed() < Duration::from_secs(120), "{name} took {:?}", started.elapsed());
    assert!(ran.code == 3 || ran.code == 0, "{name}: {}", ran.all());
    ran.all()
}

/// `count` lines, each made of its number and the next one.
fn lines(count: usize, line: impl Fn(usize, usize) -> String, last: &str) -> String {
    let mut text = String::new();
    for n in 0..count {
        writeln!(text, "{}", line(n, n + 1)).expect("a String takes any text");
    }
    text + last + "\n"
}

#[test]
fn long_chains_of_names_end_in_a_report() {
    let lets = lines(1500, |n, next| format!("let v{n} = [v{next}]"), "let v1500 = 1");
    let fns = lines(
        1000,
        |n, next| format!("fn f{n}(x: int): int = f{next}(x) + 1"),
        "fn f1000(x: int): int = x\nlet y = f0(1)",
    );
    let types = lines(3000, |n, next| format!("type T{n} = T{next}"), "type T3000 = int\nparam x: T0 = 1");
    let unused = lines(3000, |n, next| format!("type T{next} = T{n}?"), "type T0 = int");
    let programs = [("lets", lets), ("functions", fns), ("types", types), ("unused-types", unused)];
    for (name, program) in programs {
        let said = checked(&format!("chain-{name}"), &program, &[]);
        assert!(said.contains("error[E0351]: over 128 names lead from one to the next"), "{name}: {said}");
    }
    // Each declared after what it uses, they are no chain.
    let text: Vec<String> = (1..1500).map(|n| format!("let v{n} = v{} + 1", n - 1)).collect();
    let said = checked("no-chain", &format!("let v0 = 1\n{}\n", text.join("\n")), &[]);
    assert!(said.starts_with("exit 0"), "{said}");
}

#[test]
fn values_that_double_end_in_a_report() {
    let records = lines(40, |n, next| format!("let r{next} = {{ a: r{n}, b: r{n} }}"), "let r0 = { a: 1 }");
    let texts = lines(60, |n, next| format!("let s{next} = s{n} ++ s{n}"), "let s0 = \"abcdefgh\"");
    let lists = lines(60, |n, next| format!("let l{next} = [...l{n}, ...l{n}]"), "let l0 = [1]");
    let calls = lines(
        60,
        |n, next| format!("fn f{next}(x: string): string = f{n}(x) ++ f{n}(x)"),
        "fn f0(x: string): string = x\nlet y = f60(\"a\")",
    );
    for (name, program) in [("records", records), ("texts", texts), ("lists", lists), ("calls", calls)] {
        let said = checked(&format!("double-{name}"), &program, &[]);
        assert!(said.contains("error[E0505]: the program takes too many steps to expand"), "{name}: {said}");
    }
}

#[test]
fn thousands_of_unknown_names_are_told_soon() {
    let names: Vec<String> = (0..3000).map(|n| format!("let v{n} = unknown{}x", n * 7919 % 3000)).collect();
    let said = checked("unknown", &names.join("\n"), &[]);
    assert!(said.contains("nothing is called `unknown0x`"), "{said}");
}

#[test]
fn a_secret_parameter_is_told_where_the_secret_is() {
    let program = "param pw: secret<string>\n";
    for given in ["pw=env:PW", "pw=file:pw.txt", "pw=command:pass show db", "pw=secret(\"PW\")"] {
        let said = checked("secret-parameter", program, &["--set", given]);
        assert!(said.starts_with("exit 0"), "{given}: {said}");
    }
    let said = checked("secret-parameter", program, &["--set", "pw=hunter2"]);
    assert!(said.contains("error[E0350]") && !said.contains("hunter2"), "{said}");
    let said = checked("secret-parameter", program, &[]);
    assert!(said.contains("E0111"), "{said}");
}
