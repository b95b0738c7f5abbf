//! `scope driver`: the drivers of the standard library as they should be, one that is not, and resource definitions that
//! become types of a driver; and a program over three clusters, by a stand-in for `kubectl`.

use crate::support::{binary, root};

#[test]
fn the_library_has_no_error() {
    for module in scope_stdlib::modules() {
        let text = scope_stdlib::module(module).expect("it is one of the modules");
        if !text.lines().any(|line| line.starts_with("driver ")) {
            continue;
        }
        let ran = binary::scope(&root(), &["driver", "check", module, "--format", "short"], &[]);
        assert_eq!(ran.code, 0, "{module}: {}", ran.all());
        let verdict =
            if ran.stderr.contains("warning[") { "no error, but warnings" } else { "as they should be" };
        assert!(ran.stdout.contains(verdict), "{module}: {}", ran.all());
        // Whether a repeat is safe is said of everything that a run may have to repeat in a cluster.
        assert!(!module.starts_with("kubernetes") || ran.stderr.is_empty(), "{module}: {}", ran.all());
    }
}

const GAPS: &str = r#"driver lamps {
    versions: "1".."2"
    site { url: string }
    service lamps {
        address: site.url
        probe GET "/" { 200 -> done(body.version) }
        answers { 404 -> not_found, 400..499 -> invalid(text), 500..502 -> unavailable(text) }
        type lamp {
            id:     string  computed identity
            name:   string
            room:   string?
            secret: string  write_only
            mark in secret
            ready when secret == "x" within 1s every 10s
            operation find   GET    "/lamps?name=${name}"  { 200 -> list(body) }
            operation read   GET    "/lamps/${id}"         { 200 -> done(body) }
            operation create POST   "/rooms/${room}/lamps" { body: { name: name, secret: secret }, 201 -> done(body) }
            operation delete DELETE "/lamps/${id}"         { 204 -> gone }
            merge { create then create -> take-one }
            cli create = $ lamp create ${name}
        }
    }
}
"#;

#[test]
fn what_no_program_would_tell_is_told() {
    let folder = binary::folder("driver-gaps");
    std::fs::write(folder.join("lamps.scope"), GAPS).expect("written");
    let ran = binary::scope(&folder, &["driver", "check", "lamps.scope", "--format", "short"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    for said in [
        "warning[E0414]: `find` of `lamps.lamp` does not say what these answers mean: 503..599, nor do 3 more",
        "error[E0414]: no answer of `read` says what it was asked for",
        "error[E0414]: `room` may not be set when `create` of `lamps.lamp` needs it",
        "warning[E0414]: `delete` of `lamps.lamp` takes 404 for something else than `gone`",
        "warning[E0415]: `create` of `lamps.lamp` does not say what makes a repeat safe",
        "error[E0410]: the merge matrix of `lamps.lamp` does not say `create then delete`, nor 1 more",
        "error[E0414]: `lamps.lamp` is looked at every 10000 ms, but waited for 1000 ms",
        "error[E0414]: the owner mark of `lamps.lamp` is kept in `secret`, but the site does not answer it",
        "error[E0414]: the command for `create` of `lamps.lamp` cannot set `secret`",
    ] {
        // What is looked at at one place is told one after the other, as it is mended.
        let is_said = ran.stderr.contains(said);
        let may_hide = said.contains("404") || said.contains("cannot set");
        assert!(is_said || may_hide, "{said}\n{}", ran.all());
    }
}

#[test]
fn a_resource_definition_becomes_a_type_of_the_driver() {
    let folder = binary::folder("driver-import");
    let definitions = root().join("compiler/scope-schema/tests/cases/certs.yaml");
    std::fs::copy(definitions, folder.join("certs.yaml")).expect("copied");
    let import = ["driver", "import", "certs.yaml", "--extend", "kubernetes", "--out", "certs.scope"];
    let ran = binary::scope(&folder, &import, &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let written = std::fs::read_to_string(folder.join("certs.scope")).expect("written");
    assert!(written.contains("driver kubernetes.cert.v1 {"), "{written}");
    let ran = binary::scope(&folder, &["driver", "check", "certs.scope"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    // What it adds to is used by that; and nobody is told to change what is made anew.
    let own = written.replace("Do not edit", "Once imported") + "\ntype Unused = any\n";
    std::fs::write(folder.join("own.scope"), own).expect("written");
    let ran = binary::scope(&folder, &["lint", "own.scope", "--format", "short"], &[]);
    assert!(!ran.all().contains("W0328") && ran.all().contains("W0347"), "{}", ran.all());
    // Nor is an `allow` one too many in what nobody is told of.
    let again = format!("{written}\n// allow any_type \"as published\"\ntype Unused = any\n");
    std::fs::write(folder.join("again.scope"), again).expect("written");
    let ran = binary::scope(&folder, &["lint", "again.scope", "--format", "short"], &[]);
    assert!(!ran.all().contains("warning"), "{}", ran.all());
    let program = r#"import kubernetes
import "./certs.scope" as certs
site nantes { kubernetes: { context: "nantes" } }
site paris { kubernetes: { context: "paris" } }
entry nantes
resource web: certs.v1.Certificate {
    metadata: { name: "web" }
    spec:     { secretName: "web-tls", issuer: { name: "ours", kind: "Any" } }
} scope { nantes & paris }
"#;
    std::fs::write(folder.join("main.scope"), program).expect("written");
    let ran = binary::scope(&folder, &["run", "main.scope", "--simulate"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("2 created"), "{}", ran.all());
    std::fs::write(folder.join("main.scope"), program.replace("secretName", "secertName")).expect("written");
    let ran = binary::scope(&folder, &["check", "main.scope", "--format", "short"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("`spec` has no `secertName`"), "{}", ran.all());
}

#[test]
fn what_cannot_be_imported_is_said_where_it_stands() {
    let folder = binary::folder("driver-import-wrong");
    let wrong = root().join("compiler/scope-schema/tests/cases/wrong.json");
    std::fs::copy(wrong, folder.join("wrong.json")).expect("copied");
    let ran = binary::scope(&folder, &["driver", "import", "wrong.json", "--format", "short"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stdout.is_empty(), "nothing half done is printed");
    assert!(
        ran.stderr.contains("wrong.json:3:20: error[E0407]: `strnig` is no type of a schema"),
        "{}",
        ran.all()
    );
    let ran = binary::scope(&folder, &["driver", "import", "none.json"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("error[E0405]: `none.json` cannot be read"), "{}", ran.all());
}

/// A folder with the example of three clusters, and a stand-in for `kubectl` first on the path.
fn clusters(name: &str) -> (std::path::PathBuf, String) {
    let folder = binary::folder(name);
    for file in ["web.scope", "web.yaml", "clusters.scope"] {
        std::fs::copy(root().join("examples").join(file), folder.join(file)).expect("copied");
    }
    let path = stand_in(&folder);
    (folder, path)
}

/// Puts a stand-in for `kubectl` into a folder; gives the path that has it first.
pub fn stand_in(folder: &std::path::Path) -> String {
    let program = folder.join("bin/kubectl");
    std::fs::create_dir_all(folder.join("bin")).expect("made");
    std::fs::copy(root().join("tests/kubectl.py"), &program).expect("copied");
    executable(&program);
    format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap_or_default())
}

/// Lets a file be run.
pub fn executable(program: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn three_clusters_by_kubectl() {
    let (folder, path) = clusters("kubectl");
    let scope = |args: &[&str]| binary::scope(&folder, args, &[("PATH", &path)]);
    let ran = scope(&["run", "web.scope"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stdout.contains(r#"replicas = {"sum":7,"of":{"nantes":3,"paris":2,"lille":2}"#),
        "{}",
        ran.all()
    );
    let sent = |context: &str, file: &str| {
        let path = folder.join("bin/clusters").join(context).join(file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let deployment = sent("edge-lille", "deployments.v1.apps@default@web.sent.json");
    assert_eq!(deployment["apiVersion"], "apps/v1");
    assert_eq!(deployment["spec"]["replicas"], 2, "its share");
    assert_eq!(deployment["spec"]["template"]["metadata"]["labels"]["size"], "small", "its patch");
    let mark = deployment["metadata"]["annotations"]["scope-lang-mark"].as_str().expect("a mark");
    assert!(mark.starts_with("scope:") && mark.ends_with("/web@lille"), "{mark}");
    assert!(deployment.get("status").is_none(), "what the cluster says is not sent");

    let ran = scope(&["run", "web.scope"]);
    assert!(ran.all().contains("nothing to do: 9 of 9 as the program says"), "{}", ran.all());

    // Somebody scales it; the next run sets it back, and says so before.
    let place = folder.join("bin/clusters/edge-paris/deployments.v1.apps@default@web.json");
    let changed =
        std::fs::read_to_string(&place).expect("there").replace("\"replicas\": 2", "\"replicas\": 5");
    std::fs::write(&place, changed).expect("written");
    let ran = scope(&["drift", "web.scope"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    let ran = scope(&["run", "web.scope"]);
    assert!(ran.stdout.contains("1 changed, 8 unchanged"), "{}", ran.all());

    // A cluster that does not answer: its part waits, the others are as they should be, and later all are.
    std::fs::write(folder.join("bin/clusters/edge-lille.down"), "").expect("written");
    let text =
        std::fs::read_to_string(folder.join("web.scope")).expect("there").replace("from the edge", "all");
    std::fs::write(folder.join("web.scope"), text).expect("written");
    let ran = scope(&["plan", "web.scope"]);
    assert!(ran.stdout.contains("3 unknown"), "{}", ran.all());
    let ran = scope(&["run", "web.scope"]);
    assert_eq!(ran.code, 4, "{}", ran.all());
    assert!(ran.all().contains("3 parked"), "{}", ran.all());
    assert!(ran.all().contains("did you specify the right host"), "in its own words: {}", ran.all());
    assert!(!ran.all().contains("memcache.go"), "without the client's log: {}", ran.all());
    let ran = scope(&["sites", "clusters.scope"]);
    assert!(ran.all().contains("was refused - did you specify"), "{}", ran.all());
    // Still down: it goes on waiting. Back: what waited is done, also where the answer to it is lost on its way.
    let ran = scope(&["resume"]);
    assert_eq!(ran.code, 4, "{}", ran.all());
    std::fs::rename(
        folder.join("bin/clusters/edge-lille.down"),
        folder.join("bin/clusters/edge-lille.breaks"),
    )
    .expect("renamed");
    let ran = scope(&["resume", "--wait", "1min"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(!folder.join("bin/clusters/edge-lille.breaks").exists(), "the answer was lost once");
    let ran = scope(&["run", "web.scope"]);
    assert!(ran.all().contains("nothing to do: 9 of 9 as the program says"), "{}", ran.all());

    let ran = scope(&["destroy", "web.scope", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let left: Vec<_> = std::fs::read_dir(folder.join("bin/clusters/edge-nantes"))
        .expect("there")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".sent.json"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Lille declares no version. Before anything is sent it is asked, and the program is checked against what it reports.
#[test]
fn a_cluster_reports_its_version() {
    let (folder, path) = clusters("reported-version");
    let scope = |args: &[&str]| binary::scope(&folder, args, &[("PATH", &path)]);
    let clusters = folder.join("bin/clusters");
    std::fs::create_dir_all(&clusters).expect("made");
    std::fs::write(clusters.join("edge-lille.version"), "v1.8.4").expect("written");
    let ran = scope(&["check", "web.scope"]);
    assert_eq!(ran.code, 0, "a check asks nobody: {}", ran.all());
    for command in ["plan", "run"] {
        let ran = scope(&[command, "web.scope"]);
        assert_eq!(ran.code, 3, "{}", ran.all());
        for said in [
            "error[E0706]: `kubernetes.apps.v1.Deployment` is not at lille",
            "`web` needs version 1.9 or later, lille reports v1.8.4",
            "it is at nantes (1.33), paris (1.31)",
        ] {
            assert!(ran.all().contains(said), "{said}: {}", ran.all());
        }
    }
    for cluster in ["edge-nantes", "edge-paris", "edge-lille"] {
        let held = std::fs::read_dir(clusters.join(cluster)).map_or(0, |entries| entries.count());
        assert_eq!(held, 0, "nothing was sent to {cluster}");
    }

    // Left alone, it is not asked; upgraded, it is no hindrance any more.
    let ran = scope(&["run", "web.scope", "--except", "lille"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    std::fs::write(clusters.join("edge-lille.version"), "v1.30.2+k3s1").expect("written");
    let ran = scope(&["run", "web.scope"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[test]
fn a_host_that_ssh_does_not_reach_is_waited_for() {
    use std::os::unix::fs::PermissionsExt;

    let folder = binary::folder("ssh");
    // As `ssh` does: 255 where the connection is the trouble, else what the command ends with.
    let ssh = "#!/bin/sh\nif [ -e down ]; then echo 'ssh: connect to host paris port 22: Connection refused' >&2; exit 255; fi\n\
               shift; exec \"$@\"\n";
    std::fs::write(folder.join("ssh"), ssh).expect("written");
    std::fs::set_permissions(folder.join("ssh"), std::fs::Permissions::from_mode(0o755)).expect("set");
    let program = r#"import exec
site paris { exec: { via: ["./ssh", "root@paris"] } }
entry paris
resource made: exec.command {
    argv:  ["touch", "made.txt"]
    check: ["test", "-e", "made.txt"]
} scope { paris } with { on_disconnect: queue }
"#;
    std::fs::write(folder.join("main.scope"), program).expect("written");
    std::fs::write(folder.join("down"), "").expect("written");
    let scope = |args: &[&str]| binary::scope(&folder, args, &[]);
    let ran = scope(&["run", "main.scope"]);
    assert_eq!(ran.code, 4, "{}", ran.all());
    assert!(ran.all().contains("`paris` is unreachable: ssh: connect to host paris"), "{}", ran.all());
    std::fs::remove_file(folder.join("down")).expect("removed");
    let ran = scope(&["resume"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(folder.join("made.txt").exists());
}

#[test]
fn a_command_that_cannot_say_unreachable_is_told() {
    let folder = binary::folder("driver-silence");
    let lamps = |rule: &str| {
        format!(
            r#"driver lamps {{
    versions: "1".."2"
    service lamps {{
        probe {{
            argv: ["lampctl", "version"]
            0 -> done(out)
        }}
        answers {{
            {rule}
            any -> invalid(err)
        }}
        type lamp {{
            name: string  identity
            operation read {{
                $ lampctl show ${{name}}
                0 -> found(json(out))
            }}
        }}
    }}
}}
"#
        )
    };
    let check = |rule: &str| {
        std::fs::write(folder.join("lamps.scope"), lamps(rule)).expect("written");
        binary::scope(&folder, &["driver", "check", "lamps.scope", "--format", "short"], &[])
    };
    let ran = check("7 -> unavailable(err)");
    let said = "warning[E0414]: no answer of `lamps` says that its site cannot be reached";
    assert!(ran.stderr.contains(said), "{}", ran.all());
    let ran = check("7 -> unreachable(err)");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.all());
}

#[test]
fn what_is_set_is_used_and_a_type_says_each_thing_once() {
    let folder = binary::folder("driver-once");
    let check = |cross: &str, body: &str| {
        let driver = format!(
            r#"driver lamps {{
    versions: "1".."2"
    site {{ url: string }}
    service lamps {{
        address: site.url
        probe GET "/" {{ 200 -> done(body.version) }}
        answers {{ 400..499 -> invalid(text), 500..599 -> unavailable(text) }}
        type lamp {{
            name:  string  identity immutable
            level: int = 0
            first: string?
            tag:   string?
            {cross}
            operation read   GET    "/lamps/${{name}}" {{ 200 -> found(body), 404 -> not_found }}
            operation create PUT    "/lamps/${{name}}" {{ body: {body}, 200 -> done }}
            operation delete DELETE "/lamps/${{name}}" {{ 204 | 404 -> gone }}
            merge {{ create then create -> take-one, create then delete -> keep-order, delete then delete -> any-order }}
        }}
    }}
}}
"#
        );
        std::fs::write(folder.join("lamps.scope"), driver).expect("written");
        binary::scope(&folder, &["driver", "check", "lamps.scope", "--format", "short"], &[])
    };
    let whole = "{ level: level, first: first, tag: tag }";
    let ran = check("cross by sum(level, link: first)", whole);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.all());
    let ran = check("cross by sum(level, link: first)", "{ level: level, first: first }");
    assert!(ran.stderr.contains("warning[E0414]: no operation of `lamps.lamp` sends `tag`"), "{}", ran.all());
    for (cross, said) in [
        (
            "cross by sum(level, link: first)\ncross by none because \"x\"",
            "error[E0103]: a type says `cross` once",
        ),
        ("cross by sum(level, level, link: first)", "error[E0401]: `level` is divided twice"),
        (
            "cross by sum(level, link: first, link: tag)",
            "error[E0401]: the other parts name the prime in one",
        ),
    ] {
        let ran = check(cross, whole);
        assert_eq!(ran.code, 3, "{}", ran.all());
        assert!(ran.stderr.contains(said), "{said}: {}", ran.all());
    }
}
