//! `scope doc`: pages of programs and drivers whose links lead somewhere, with everything that was declared and no secret.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{binary, root};

/// The pages that `scope doc` writes, by name.
fn pages(of: &str, name: &str) -> BTreeMap<String, String> {
    let folder = binary::folder(name).join("out");
    let ran = binary::scope(&root(), &["doc", of, "--out", &folder.to_string_lossy()], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    std::fs::read_dir(&folder)
        .expect("written")
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("UTF-8"))
        })
        .collect()
}

/// Every `NAME="…"` of a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect()
}

fn check_links(pages: &BTreeMap<String, String>) {
    for (name, page) in pages {
        let ids = attributes(page, "id");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}: an id twice");
        for link in attributes(page, "href") {
            let (file, id) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { name } else { file };
            let target = pages.get(file).unwrap_or_else(|| panic!("{name}: no page {file}"));
            assert!(id.is_empty() || attributes(target, "id").contains(&id), "{name}: {link} leads nowhere");
        }
        for tag in ["table", "tr", "td", "code", "pre", "p", "h2", "ul", "main"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(
                opened,
                page.matches(&format!("</{tag}>")).count(),
                "{name}: <{tag}> is closed as often as opened"
            );
        }
    }
}

#[test]
fn a_program_and_its_drivers() {
    let pages = pages("examples/two-clouds.scope", "doc-program");
    check_links(&pages);
    let index = &pages["index.html"];
    for word in ["CloudOne", "CloudTwo", "Sharing: the server runs at CloudOne"] {
        assert!(index.contains(word), "{word}");
    }
    assert!(index.contains("href=\"driver-openstack.html#openstack.server\""), "{index}");
    assert!(pages.values().all(|page| !page.contains("CLOUDONE_PASSWORD")), "nothing of secrets is shown");
}

/// A family of sites is written once; what each of them has is another value.
#[test]
fn labels_are_told_by_their_values() {
    let index = &pages("examples/cache.scope", "doc-labels")["index.html"];
    for value in ["disk: 200GiB", "disk: 2TiB"] {
        assert!(index.contains(value), "{index}");
    }
    assert!(!index.contains("edge.disk"), "{index}");
}

/// A group is told with its sites, and its module with what it takes, makes and gives.
#[test]
fn groups_and_their_modules() {
    let pages = pages("examples/tenant.scope", "doc-groups");
    check_links(&pages);
    let index = &pages["index.html"];
    assert!(index.contains("<h2 id=\"groups\">Groups</h2>"), "{index}");
    for word in [
        "lab",
        "Module",
        "modules/tenant.scope",
        "list&lt;string&gt;",
        "One port and one server for each name",
    ] {
        assert!(index.contains(word), "{word}: {index}");
    }
}

/// What is declared to be named elsewhere, and links, are told with what is written above them, of an imported file too.
#[test]
fn types_functions_and_links() {
    let folder = binary::folder("doc-named");
    let sites = "\
site a { http: { url: \"https://a\" } }
site b { http: { url: \"https://b\" } }
/// Over the mountain.
link a -- b { rtt: 4ms }
/// A rule of a firewall.
type Rule = { port: int in 1..65535 }
";
    let main = "\
import http
import \"./sites.scope\" { a, b, Rule }
entry a
/// How large.
type Size = \"small\" | \"large\"
/// The flavor for a size.
fn flavor(size: Size): string = if size == \"small\" then \"s\" else \"l\"
/// Near, or there.
operator near(one: site, other: loc): loc = around(one, 5ms) | other
output used = flavor(\"small\")
";
    std::fs::write(folder.join("sites.scope"), format!("import http\n{sites}")).expect("writable");
    std::fs::write(folder.join("main.scope"), main).expect("writable");
    let ran = binary::scope(&folder, &["doc", "main.scope", "--out", "out"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let index = std::fs::read_to_string(folder.join("out/index.html")).expect("written");
    for word in [
        "<h2 id=\"types\">Types</h2>",
        "How large.",
        "&quot;small&quot; | &quot;large&quot;",
        "<h2 id=\"functions\">Functions</h2>",
        "The flavor for a size.",
        "(size: Size): string",
        "Near, or there.",
        "<h3>Links</h3>",
        "a -- b",
        "Over the mountain.",
        "A rule of a firewall.",
    ] {
        assert!(index.contains(word), "{word}: {index}");
    }
}

#[test]
fn every_driver_of_the_standard_library() {
    for name in ["openstack", "http", "exec"] {
        let pages = pages(name, &format!("doc-{name}"));
        check_links(&pages);
        let page = &pages[&format!("driver-{name}.html")];
        let text = std::fs::read_to_string(root().join(format!("stdlib/{name}.scope"))).expect("UTF-8");
        let types = text.lines().filter_map(|line| line.trim().strip_prefix("type ")?.strip_suffix(" {"));
        let mut count = 0;
        for ty in types.filter(|ty| !ty.contains(' ')) {
            count += 1;
            assert!(page.contains(&format!("<h3 id=\"{name}.{ty}\">")), "{name}.{ty} has no section");
        }
        assert!(count > 0, "{name} has types");
    }
}

/// What is in the records that attributes hold is told, too: most of a deployment is in its `spec`.
#[test]
fn the_records_of_a_driver() {
    let pages = pages("kubernetes.apps.v1", "doc-records");
    check_links(&pages);
    let page = &pages["driver-kubernetes.html"];
    assert!(page.contains("<h3><code>DeploymentSpec</code></h3>"), "a record of its own");
    assert!(page.contains("<h3><code>PodSpec</code></h3>"), "and one within it");
    assert!(page.contains("Number of desired pods."), "with its words");
}

/// In which versions something is there, what a declared type is one of, and what is said of a record's fields.
#[test]
fn versions_unions_and_fields() {
    let folder = binary::folder("doc-fields");
    let driver = "\
/// Where traffic goes.
type Endpoint = ip
    | {
        host: string
        /// Where it listens.
        port: int in 1..65535 = 53
    }
type Match = { kind: \"match\", action: \"accept\" | \"drop\" }
type Group = { kind: \"group\", rules: list<Rule> }
/// A match, or a group of rules.
type Rule = Match | Group
driver wall {
    versions: \"1\"..\"9\"
    site { url: string }
    service wall {
        address: site.url
        type policy {
            since \"2\"
            name: string identity immutable
            rules: list<Rule> = []
            to: Endpoint?  since(\"3\") until(\"7\")
            operation read GET \"/p/${name}\" { 200 -> found(body), 404 -> not_found }
            operation create PUT \"/p/${name}\" { body: { rules: rules, to: to }, repeat by always, 200 -> done(body) }
            operation delete DELETE \"/p/${name}\" { 204 -> gone }
        }
    }
}
";
    let main = "\
import \"./wall.scope\"
site a { wall: { url: \"https://a\" } }
entry a
/// How much there is.
type Limits = {
    /// Of all cores.
    cpu: int = 4
    disk: {
        /// At least.
        low: size
    }?
}
";
    std::fs::write(folder.join("wall.scope"), driver).expect("writable");
    std::fs::write(folder.join("main.scope"), main).expect("writable");
    let ran = binary::scope(&folder, &["doc", "main.scope", "--out", "out"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let read = |name: &str| std::fs::read_to_string(folder.join("out").join(name)).expect("written");
    let (page, index) = (read("driver-wall.html"), read("index.html"));
    check_links(&BTreeMap::from([
        ("driver-wall.html".into(), page.clone()),
        ("index.html".into(), index.clone()),
    ]));
    for word in [
        "<p>Only since 2.</p>",
        "since 3, until 7",
        "<h2 id=\"others\">Other types</h2>",
        "<h3><code>Rule</code></h3>\n<p>A match, or a group of rules.</p>",
        "<p><code>Match</code></p>\n<p><code>Group</code></p>",
        "Where traffic goes.",
        "<code>port</code>",
        "<code>53</code>",
        "Where it listens.",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    for word in [
        "<code>Limits.cpu</code>",
        "<code>int</code>, default <code>4</code>",
        "Of all cores.",
        "<code>Limits.disk.low</code>",
        "At least.",
    ] {
        assert!(index.contains(word), "{word}: {index}");
    }
}

#[test]
fn what_is_no_program_is_refused() {
    let folder = binary::folder("doc-none");
    let ran = binary::scope(&folder, &["doc", "nothing", "--out", "out"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(!folder.join("out").exists());
}
