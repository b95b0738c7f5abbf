//! `scope lint` and `scope fix`: levels from `scope.toml`, every lint has a name and a page, formats are valid by their
//! schemas, fixes are applied only where nothing breaks, and the order of items says nothing.

use std::collections::BTreeSet;

use scope_compiler::{Options, lint};
use scope_diagnostics::{Severity, codes};
use serde_json::Value;

use crate::support::{binary, root, schemas, world::Memory};

const SITES: &str = "import openstack\nentry nantes\n\
    site nantes { openstack: { cloud: \"nantes\" }, labels: { room: \"one\" } }\n\
    site paris { openstack: { cloud: \"paris\" }, labels: { room: \"one\" } }\n";

fn linted(world: &Memory) -> Vec<(String, Severity)> {
    let options = Options { lint: true, ..Options::default() };
    let compilation = scope_compiler::compile(world, "main.scope", &options);
    assert_eq!(compilation.plan.is_some(), !compilation.has_errors());
    compilation.diagnostics.iter().map(|report| (report.code.to_string(), report.severity)).collect()
}

fn found(codes: &[(&str, Severity)]) -> Vec<(String, Severity)> {
    codes.iter().map(|(code, severity)| (code.to_string(), *severity)).collect()
}

#[test]
fn every_lint_has_a_name_and_every_warning_is_a_lint() {
    let names: BTreeSet<&str> = lint::ALL.iter().map(|lint| lint.name).collect();
    assert_eq!(names.len(), lint::ALL.len(), "no name twice");
    let lints: BTreeSet<&str> = lint::ALL.iter().map(|lint| lint.code.as_str()).collect();
    let warnings: BTreeSet<&str> =
        codes::all().map(|code| code.as_str()).filter(|code| code.starts_with('W')).collect();
    assert_eq!(lints, warnings);
    assert!(lints.len() >= 25);
}

#[test]
fn levels_come_from_the_configuration() {
    let program = format!(
        "{SITES}let spare = 1\nresource base: openstack.image {{ name: \"b\" }} scope {{ image: nantes & paris }}\n"
    );
    let world = Memory::default().with("main.scope", &program);
    assert_eq!(linted(&world), found(&[("W0326", Severity::Warning)]));
    let with = |text: &str| linted(&world.clone().with("scope.toml", text));
    assert_eq!(with("[lints]\nunused_let = \"deny\"\n"), found(&[("W0326", Severity::Error)]));
    assert_eq!(with("[lints]\nW0326 = \"allow\"\n"), []);
    let domains = "[lints]\nunused_let = \"allow\"\nfailure_domains = [\"room\"]\n";
    assert_eq!(with(domains), found(&[("W0320", Severity::Warning)]));
    assert_eq!(
        with("[lints]\nunsued_let = \"allow\"\n"),
        found(&[("W0326", Severity::Warning), ("W0342", Severity::Warning)])
    );
    for wrong in [
        "[lints]\nunused_let = \"forbid\"\n",
        "[lint]\n",
        "lints = 1\n",
        "[lints\n",
        "[lints]\nlarge_file = \"x\"\n",
    ] {
        let reports = with(wrong);
        assert!(reports.contains(&("E0850".to_string(), Severity::Error)), "{wrong}: {reports:?}");
    }
}

#[test]
fn a_large_file_over_a_link_of_unknown_bandwidth() {
    let program = format!(
        "{SITES}link nantes -- paris {{ rtt: 1ms }}\n\
         resource base: openstack.image {{ name: \"b\", disk_format: \"raw\", data: file(\"b.raw\") }} scope {{ image: nantes & paris }}\n"
    );
    let world = Memory::default().with("main.scope", &program).with("b.raw", &"x".repeat(2048));
    assert_eq!(linted(&world), []);
    let configured = world.clone().with("scope.toml", "[lints]\nlarge_file = 2048\n");
    assert_eq!(linted(&configured), found(&[("W0336", Severity::Warning)]));
    let fast = program.replace("rtt: 1ms", "rtt: 1ms, bandwidth: 1Gbps");
    assert_eq!(linted(&configured.with("main.scope", &fast)), []);
}

/// An app uses a volume, which is made from a disk: each can be brought from another site.
const CLUSTER: &str = r#"
driver cluster {
    versions: "1".."2"
    site { url: string }
    service storage {
        address: site.url
        probe GET "/" { 200 -> done("1") }
        answers { 400..599 -> unavailable(text) }
        type disk {
            name: string  identity immutable
            share by copy(keep: [name])
            operation read GET "/disks/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/disks/${name}" { body: { name: name }, 200 | 201 -> done(body) }
            operation delete DELETE "/disks/${name}" { 204 | 404 -> gone }
        }
    }
    service volumes {
        uses:    [storage]
        address: site.url
        answers { 400..599 -> unavailable(text) }
        type volume {
            name: string  identity immutable
            from: disk?  immutable requires shared(copy)
            share by copy(keep: [name])
            operation read GET "/volumes/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/volumes/${name}" { body: { name: name }, 200 | 201 -> done(body) }
            operation delete DELETE "/volumes/${name}" { 204 | 404 -> gone }
        }
    }
    service apps {
        uses:    [volumes]
        address: site.url
        answers { 400..599 -> unavailable(text) }
        type app {
            name:   string  identity immutable
            volume: volume?  immutable requires shared(copy)
            operation read GET "/apps/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/apps/${name}" { body: { name: name }, 200 | 201 -> done(body) }
            operation delete DELETE "/apps/${name}" { 204 | 404 -> gone }
        }
    }
}
entry nantes
site nantes { cluster: { url: "https://nantes.example" } }
site paris { cluster: { url: "https://paris.example" } }
site lille { cluster: { url: "https://lille.example" } }
link nantes -- paris { rtt: 1ms }
link paris -- lille { rtt: 1ms }
resource base: cluster.disk { name: "base" } scope { storage: lille }
resource data: cluster.volume { name: "data", from: base } scope { volumes: paris, storage: lille }
resource shop: cluster.app { name: "shop", volume: data } scope { apps: nantes, volumes: paris }
"#;

#[test]
fn a_chain_of_shared_references() {
    let shown = |text: &str| {
        let world = Memory::default().with("main.scope", text);
        let options = Options { lint: true, ..Options::default() };
        let compilation = scope_compiler::compile(&world, "main.scope", &options);
        scope_diagnostics::render::short(&compilation.diagnostics, &compilation.sources)
    };
    let chained = shown(CLUSTER);
    assert!(chained.contains("W0321") && chained.lines().count() == 1, "{chained}");
    assert!(chained.contains("`shop` at nantes hangs on lille through `data`"), "{chained}");
    assert_eq!(
        shown(
            &CLUSTER
                .replace("storage: lille", "storage: paris")
                .replace("link paris -- lille { rtt: 1ms }", "output b = lille.name")
        ),
        ""
    );
}

#[test]
fn reports_are_valid_by_the_schemas_of_their_formats() {
    let folder = binary::folder("lint-formats");
    let program = format!(
        "{SITES}let spare = 1\nresource é: openstack.image {{ name: \"b\", flavour: 1 }} scope {{ image: nantes || pariz }}\n"
    );
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    let sarif = schemas::sarif();
    let json = schemas::validator(scope_diagnostics::render::JSON_SCHEMA);
    for (format, validator, broken) in [("sarif", &sarif, "\"ruleId\""), ("json", &json, "\"message\"")] {
        for args in
            [vec!["lint", "main.scope", "--format", format], vec!["check", "main.scope", "--format", format]]
        {
            let ran = binary::scope(&folder, &args, &[]);
            assert_eq!(ran.code, 3, "{}", ran.all());
            let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}\n{}", ran.stdout);
            let mutated: Value =
                serde_json::from_str(&ran.stdout.replacen(broken, "\"other\"", 1)).expect("JSON");
            assert!(!validator.is_valid(&mutated), "{format}: a misspelt field is refused");
        }
    }
    let ran = binary::scope(&folder, &["lint", "main.scope", "--format", "sarif"], &[]);
    let log: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let run = &log["runs"][0];
    for result in run["results"].as_array().expect("results") {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("a number") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "main.scope");
    }
    let clean = binary::scope(&root(), &["lint", "examples", "--simulate", "--format", "sarif"], &[]);
    assert_eq!(clean.code, 0, "{}", clean.all());
    let log: Value = serde_json::from_str(&clean.stdout).expect("JSON");
    assert!(sarif.is_valid(&log));
}

#[test]
fn fixes_are_applied_where_nothing_breaks() {
    let folder = binary::folder("fix");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("writable");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("UTF-8");
    write("sites.scope", SITES);
    let program = "import \"./sites.scope\"\nimport http\nimport openstack\nlet spare = 1\n\
        resource base: openstack.image { nmae: \"b\" } scope {\"image\": \"paris\"}\n\
        resource other: openstack.image { name: \"o\" } scope { nantes || pariz }\n";
    write("main.scope", program);
    let diff = binary::scope(&folder, &["fix", "--diff", "main.scope"], &[]);
    assert_eq!(diff.code, 0, "{}", diff.all());
    assert!(
        diff.stdout.contains("-let spare = 1") && diff.stdout.contains("scope { nantes | paris }"),
        "{}",
        diff.all()
    );
    assert_eq!(read("main.scope"), program, "nothing is written");
    let ran = binary::scope(&folder, &["fix", "main.scope"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(
        read("main.scope"),
        "import \"./sites.scope\"\nimport openstack\n\
         resource base: openstack.image { name: \"b\" } scope {\"image\": paris}\n\
         resource other: openstack.image { name: \"o\" } scope { nantes | paris }\n"
    );
    assert_eq!(read("sites.scope"), SITES);
    assert_eq!(binary::scope(&folder, &["lint", "main.scope"], &[]).code, 0);
    let again = binary::scope(&folder, &["fix", "main.scope"], &[]);
    assert_eq!(again.stdout, "nothing to fix\n", "{}", again.all());
}

#[test]
fn what_is_needed_is_never_deleted() {
    let program = format!(
        "{SITES}let label = \"b\"\nresource base: openstack.image {{ name: label }} scope {{ paris }}\n"
    );
    let world = Memory::default().with("main.scope", &program);
    let fixed = scope_compiler::fix(&world, "main.scope", &Options { lint: true, ..Options::default() });
    assert!(fixed.texts.is_empty() && fixed.applied.is_empty(), "{fixed:?}");
}

/// Wherever a program is shown: reports in each format, changes, pages. What is written into files stays as it is.
#[test]
fn a_known_credential_is_shown_nowhere() {
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let program = format!(
        "/// With {token}.\nlet spare = \"{token}\"\nparam port: int = \"{token}\"\nparam key: string   = \"{token}\"\n\
         let {{ x: \"{token}\" }}\n"
    );
    let folder = binary::folder("known-credential");
    std::fs::write(folder.join("wrong.scope"), &program).expect("a file");
    let right = format!("/// With {token}.\nparam key: string   = \"{token}\"\noutput key = key\n");
    std::fs::write(folder.join("right.scope"), &right).expect("a file");
    let mut shown = String::new();
    for format in ["rich", "short", "json", "sarif"] {
        for command in ["check", "lint"] {
            let ran = binary::scope(&folder, &[command, "wrong.scope", "--format", format], &[]);
            assert!(ran.all().contains("••••"), "{format}: {}", ran.all().replace(&token, "TOKEN"));
            shown += &ran.all();
        }
    }
    let diff = binary::scope(&folder, &["fmt", "--diff", "right.scope"], &[]).all();
    assert!(diff.contains("+param key: string = \"••••"), "{}", diff.replace(&token, "TOKEN"));
    shown += &diff;
    shown += &binary::scope(&folder, &["doc", "right.scope", "--out", "pages"], &[]).all();
    for page in std::fs::read_dir(folder.join("pages")).expect("pages") {
        shown += &std::fs::read_to_string(page.expect("a page").path()).expect("text");
    }
    assert!(!shown.contains(&token), "{}", shown.replace(&token, "TOKEN"));
    binary::scope(&folder, &["fmt", "right.scope"], &[]);
    let written = std::fs::read_to_string(folder.join("right.scope")).expect("text");
    assert_eq!(written, right.replace("   =", " ="), "what is written is what was there");
}
