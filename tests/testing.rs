//! `scope test`: the examples' tests hold under many seeds; what it writes for CI; snapshots; that it repeats itself.

use serde_json::Value;

use crate::support::{binary, root, schemas};

const PROGRAM: &str = r#"import openstack
site nantes { openstack: { cloud: "nantes" } }
site paris  { openstack: { cloud: "paris" } }
entry nantes
resource base: openstack.image { name: "base" } scope { image: nantes & paris }

test "holds & holds" {
    cut paris until 1min
    run
    expect verdict pending
    expect base at each after 2min
}

test "does <not> hold" {
    cut paris
    run
    expect base at paris
}
"#;

fn place(name: &str, program: &str) -> std::path::PathBuf {
    let folder = binary::folder(&format!("testing-{name}"));
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    folder
}

#[test]
fn the_tests_of_the_examples_hold_under_many_seeds() {
    let ran = binary::scope(&root(), &["test", "examples", "--seeds", "25"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.lines().filter(|line| line.starts_with("ok  ")).count() >= 6, "{}", ran.all());
}

#[test]
fn results_are_written_for_ci() {
    let folder = place("ci", PROGRAM);
    let ran = binary::scope(&folder, &["test", "main.scope", "--junit", "out.xml", "--format", "json"], &[]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(
        (&document["format"], &document["passed"], &document["failed"]),
        (&"scope-tests/1".into(), &1.into(), &1.into())
    );
    let miss = &document["tests"][1]["misses"][0];
    assert_eq!(
        (&miss["code"], &miss["file"], &miss["line"]),
        (&"E0860".into(), &"main.scope".into(), &17.into())
    );
    let xml = std::fs::read_to_string(folder.join("out.xml")).expect("written");
    for part in [
        "<testsuites name=\"scope test\" tests=\"2\" failures=\"1\"",
        "name=\"holds &amp; holds\"",
        "name=\"does &lt;not&gt; hold\"",
        "<failure type=\"E0860\" message=\"`base` is not at paris\">main.scope:17:5 (seed 0)",
    ] {
        assert!(xml.contains(part), "no {part} in {xml}");
    }
    // Every element that is opened is closed.
    for name in ["testsuites", "testsuite", "testcase", "failure"] {
        let opened = xml.matches(&format!("<{name} ")).count();
        let alone =
            xml.lines().filter(|line| line.contains(&format!("<{name} ")) && line.ends_with("/>")).count();
        assert_eq!(opened - alone, xml.matches(&format!("</{name}>")).count(), "{name} in {xml}");
    }
}

#[test]
fn results_are_one_sarif_log_for_all_programs() {
    let folder = place("sarif", PROGRAM);
    std::fs::write(folder.join("wrong.scope"), PROGRAM.replace("cut paris until", "cut pariss until"))
        .expect("writable");
    let ran = binary::scope(&folder, &["test", "main.scope", "wrong.scope", "--format", "sarif"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    let log: Value = serde_json::from_str(&ran.stdout).expect("one document");
    let validator = schemas::sarif();
    let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", ran.stdout);
    let told = |index: usize| {
        let result = &log["runs"][0]["results"][index];
        let place = &result["locations"][0]["physicalLocation"];
        (
            result["ruleId"].clone(),
            place["artifactLocation"]["uri"].clone(),
            place["region"]["startLine"].clone(),
        )
    };
    assert_eq!(told(0), ("E0860".into(), "main.scope".into(), 17.into()));
    assert_eq!(told(1), ("E0101".into(), "wrong.scope".into(), 8.into()));
    let good =
        binary::scope(&folder, &["test", "main.scope", "--filter", "holds &", "--format", "sarif"], &[]);
    let log: Value = serde_json::from_str(&good.stdout).expect("one document");
    assert!(good.code == 0 && validator.is_valid(&log) && log["runs"][0]["results"] == serde_json::json!([]));
}

#[test]
fn tests_are_listed_and_chosen() {
    let folder = place("chosen", PROGRAM);
    let list = binary::scope(&folder, &["test", "--list"], &[]);
    assert_eq!((list.code, list.stdout.lines().count()), (0, 2), "{}", list.all());
    assert!(list.stdout.starts_with("main.scope:7: holds & holds\n"), "{}", list.all());
    let one = binary::scope(&folder, &["test", "--filter", "holds & holds"], &[]);
    assert_eq!(one.code, 0, "{}", one.all());
    let none = binary::scope(&folder, &["test", "--filter", "nothing"], &[]);
    assert!(none.code == 3 && none.stderr.contains("E0864"), "{}", none.all());
    let wrong = place("wrong", &PROGRAM.replace("cut paris until", "cut pariss until"));
    let ran = binary::scope(&wrong, &["test", "--junit", "out.xml"], &[]);
    assert!(ran.code == 3 && ran.stderr.contains("did you mean `paris`?"), "{}", ran.all());
    // For CI a program whose tests could not be played is no suite without failures.
    let xml = std::fs::read_to_string(wrong.join("out.xml")).expect("written");
    for part in [
        "<testsuites name=\"scope test\" tests=\"1\" failures=\"0\" errors=\"1\"",
        "<testsuite name=\"main.scope\" tests=\"1\" failures=\"0\" errors=\"1\"",
        "<testcase classname=\"main.scope\" name=\"the program compiles\" file=\"main.scope\"",
        "<error type=\"E0101\" message=\"",
        "\">main.scope:",
    ] {
        assert!(xml.contains(part), "no {part} in {xml}");
    }
    // Nothing was kept, asked or written.
    assert!(!folder.join(".scope").exists());
}

#[test]
fn snapshots_are_kept_compared_and_dropped() {
    let program = PROGRAM.split("test \"does").next().expect("the first").replace(
        "    expect base at each after 2min\n",
        "    expect snapshot \"cut\"\n    expect base at each after 2min\n    expect snapshot\n",
    );
    let folder = place("snapshots", &program);
    let missing = binary::scope(&folder, &["test"], &[]);
    assert!(missing.code == 1 && missing.stderr.contains("no snapshot `cut` is kept"), "{}", missing.all());
    assert_eq!(binary::scope(&folder, &["test", "--update"], &[]).code, 0);
    let kept = std::fs::read_to_string(folder.join("main.snap")).expect("written");
    assert!(kept.contains("== holds & holds / cut\nrun: pending, 1 created, 1 parked\nnantes\n"), "{kept}");
    assert!(kept.contains("id: <image base>") && !kept.contains("2026-"), "{kept}");
    // Whatever the seed made up, it is the same.
    let seeds = binary::scope(&folder, &["test", "--seeds", "20"], &[]);
    assert_eq!(seeds.code, 0, "{}", seeds.all());
    let other = program.replace("name: \"base\" }", "name: \"base\", min_disk: 5 }");
    std::fs::write(folder.join("main.scope"), &other).expect("writable");
    let differs = binary::scope(&folder, &["test"], &[]);
    assert!(differs.code == 1 && differs.stderr.contains("min_disk: 5"), "{}", differs.all());
    assert_eq!(binary::scope(&folder, &["test", "--update"], &[]).code, 0);
    assert_eq!(binary::scope(&folder, &["test"], &[]).code, 0);
    // A snapshot that no test takes any more goes.
    std::fs::write(folder.join("main.scope"), other.replace("    expect snapshot\n", "")).expect("writable");
    assert_eq!(binary::scope(&folder, &["test", "--update"], &[]).code, 0);
    let kept = std::fs::read_to_string(folder.join("main.snap")).expect("written");
    assert_eq!(kept.matches("== ").count(), 1, "{kept}");
}

#[test]
fn a_failing_seed_is_named_and_plays_the_same_again() {
    // Of many seeds, some lose the one request that is not repeated often enough.
    let program = PROGRAM.split("test \"").next().expect("the program").to_string()
        + "test \"lossy\" {\n    lose 45%\n    run\n    expect base at each\n    expect verdict done\n}\n";
    let folder = place("seeds", &program);
    let many = binary::scope(&folder, &["test", "--seeds", "200"], &[]);
    assert_eq!(many.code, 1, "{}", many.all());
    let seed = many.stdout.split("seed ").nth(1).and_then(|rest| rest.lines().next()).expect("named").trim();
    let one = binary::scope(&folder, &["test", "--seed", seed], &[]);
    let two = binary::scope(&folder, &["test", "--seed", seed], &[]);
    assert!(one.code == 1 && one.all() == two.all(), "{}\n{}", one.all(), two.all());
    assert!(many.stderr.contains(&format!("--seed {seed}")), "{}", many.all());
}
