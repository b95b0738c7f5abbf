//! The published catalogue, each case under its number: the commands as they were printed, run by `scope exec`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Case;
use super::place::{Place, expect, site, site_of};
use crate::support::binary::Ran;
use crate::support::clouds::{Cloud, Clouds, text};

pub const CASES: &[Case] = &[
    ("catalogue 1: endpoint list, identity at the other cloud", endpoints_of_the_other),
    ("catalogue 2 and 3: image list, here and there", images_here_and_there),
    ("catalogue 4: network list, network at the other cloud", networks_of_the_other),
    ("catalogue 5 and 6: server create with the other's image; the default may be written", sharing),
    ("catalogue 14: network at the other cloud is refused", network_is_not_shared),
    ("catalogue 15: placement at the other cloud is warned about", placement_is_warned_about),
    ("catalogue 16: identity of another cloud is refused", identity_is_not_mixed),
    ("catalogue 17: image list on both, rows joined", images_of_both),
    ("catalogue 18: server create on both", servers_on_both),
    ("catalogue 19: New York and Paris, whichever is entered", names_with_blanks),
    ("catalogue 20: Andy and Bo", andy_and_bo),
    ("catalogue 21: Nova at Berlin & Paris", service_by_its_project),
    ("catalogue 23: otherwise over three sites, nested (simulated)", three_sites),
];

/// Which site said which identity, in the order printed.
fn rows(ran: &Ran) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for line in ran.stdout.lines().filter(|line| line.starts_with("  Cloud")) {
        let mut cells = line.split_whitespace().map(str::to_string);
        rows.extend(cells.next().zip(cells.next()));
    }
    rows
}

fn of_site(site: &str, ids: BTreeSet<String>) -> BTreeSet<(String, String)> {
    ids.into_iter().map(|id| (site.to_string(), id)).collect()
}

fn ids(cloud: &Cloud, service: &str, path: &str, list: &str) -> BTreeSet<String> {
    let found = cloud.ask("GET", service, path, None);
    found[list].as_array().expect("a list").iter().map(|item| text(&item["id"])).collect()
}

fn images(cloud: &Cloud) -> BTreeSet<String> {
    ids(cloud, "image", "/v2/images", "images")
}

fn endpoints_of_the_other(clouds: &Clouds) {
    let place = Place::new("catalogue-1", clouds);
    let ran = place.execs(r#"openstack endpoint list --scope '{"identity": "CloudTwo"}'"#);
    let expected = ids(&clouds.two, "identity", "/v3/endpoints", "endpoints");
    assert_eq!(expected.len(), 15);
    assert_eq!(rows(&ran).into_iter().collect::<BTreeSet<_>>(), of_site("CloudTwo", expected));
}

fn images_here_and_there(clouds: &Clouds) {
    clouds.one.make_image("only-one");
    let place = Place::new("catalogue-2", clouds);
    let here = rows(&place.execs("openstack image list"));
    let there = rows(&place.execs(r#"openstack image list --os-scope '{"image": "CloudTwo"}'"#));
    assert_eq!(here.into_iter().collect::<BTreeSet<_>>(), of_site("CloudOne", images(&clouds.one)));
    assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), of_site("CloudTwo", images(&clouds.two)));
}

fn networks_of_the_other(clouds: &Clouds) {
    for (cloud, name) in [(&clouds.one, "net-one"), (&clouds.two, "net-two")] {
        cloud.ask("POST", "network", "/v2.0/networks", Some(json!({ "network": { "name": name } })));
    }
    let place = Place::new("catalogue-4", clouds);
    let ran = place.execs(r#"openstack network list --oid-scope '{"network": "CloudTwo"}'"#);
    let expected = ids(&clouds.two, "network", "/v2.0/networks", "networks");
    assert_eq!(rows(&ran).into_iter().collect::<BTreeSet<_>>(), of_site("CloudTwo", expected));
    assert!(!ran.stdout.contains("net-one"), "{}", ran.all());
}

fn sharing(clouds: &Clouds) {
    let id = clouds.two.make_image("cirros");
    let before = images(&clouds.two);
    let place = Place::new("catalogue-5", clouds);
    let command = "openstack server create my-vm --flavor m1.tiny --image cirros";
    place.execs(&format!(r#"{command} --scope '{{"image": "CloudTwo"}}'"#));
    let server = clouds.one.server("my-vm");
    assert_eq!((&server["status"], &server["image"]["id"]), (&json!("ACTIVE"), &json!(id)));
    assert_eq!(clouds.one.image("cirros")["checksum"], clouds.two.image("cirros")["checksum"]);
    assert_eq!(images(&clouds.two), before, "CloudTwo is as it was");
    assert!(clouds.two.servers("my-vm").is_empty());
    // 6: the same request, the default written.
    let ran = place.execs(&format!(r#"{command} --scope '{{"compute": "CloudOne", "image": "CloudTwo"}}'"#));
    assert!(ran.stdout.contains("nothing to do"), "{}", ran.all());
    assert_eq!(clouds.one.server("my-vm")["id"], server["id"]);
}

fn network_is_not_shared(clouds: &Clouds) {
    let place = Place::new("catalogue-14", clouds);
    let ran = place.exec(
        r#"openstack server create my-vm14 --flavor m1.tiny --image cirros --network net-two --scope '{"image": "CloudTwo", "network": "CloudTwo"}'"#,
    );
    expect(&ran, 3, &["error[E0302]", "a network of one cloud does not reach into another"]);
    assert!(clouds.one.servers("my-vm14").is_empty());
}

fn placement_is_warned_about(clouds: &Clouds) {
    let place = Place::new("catalogue-15", clouds);
    let ran = place.exec(
        r#"openstack server create my-vm15 --flavor m1.tiny --image cirros --scope '{"image": "CloudTwo", "placement": "CloudTwo"}'"#,
    );
    expect(&ran, 0, &["warning[W0308]", "placement"]);
    assert_eq!(clouds.one.server("my-vm15")["status"], "ACTIVE");
}

fn identity_is_not_mixed(clouds: &Clouds) {
    let place = Place::new("catalogue-16", clouds);
    let ran = place.exec(r#"openstack image list --scope '{"identity": "CloudTwo", "image": "CloudOne"}'"#);
    expect(&ran, 3, &["error[E0303]", "authenticated at CloudTwo"]);
}

fn images_of_both(clouds: &Clouds) {
    let place = Place::new("catalogue-17", clouds);
    let rows = rows(&place.execs(r#"openstack image list --scope '{"image": "CloudOne&CloudTwo"}'"#));
    let (here, there) = (images(&clouds.one), images(&clouds.two));
    assert_eq!(rows.len(), here.len() + there.len());
    // Joined: those of the first site, then those of the second.
    let (first, second) = rows.split_at(here.len());
    assert_eq!(first.iter().cloned().collect::<BTreeSet<_>>(), of_site("CloudOne", here));
    assert_eq!(second.iter().cloned().collect::<BTreeSet<_>>(), of_site("CloudTwo", there));
}

fn servers_on_both(clouds: &Clouds) {
    let id = clouds.one.make_image("local");
    let place = Place::new("catalogue-18", clouds);
    let ran = place.execs(
        r#"openstack server create twin --flavor m1.tiny --image local --scope '{"compute": "CloudOne & CloudTwo"}'"#,
    );
    assert!(ran.stdout.contains("2 created"), "{}", ran.all());
    for cloud in [&clouds.one, &clouds.two] {
        let server = cloud.server("twin");
        assert_eq!((&server["status"], &server["image"]["id"]), (&json!("ACTIVE"), &json!(id)));
    }
}

fn names_with_blanks(clouds: &Clouds) {
    let id = clouds.two.make_image("debian");
    let sites = [site("New York", &clouds.two, ""), site("Paris", &clouds.one, "")].concat();
    let place = Place::empty("catalogue-19").sites(&sites);
    let command = "openstack server create ny-vm --flavor m1.tiny --image debian --scope '{ compute: Paris, image: New York }'";
    let from_new_york = place.exec_at(Some("New York"), command);
    expect(&from_new_york, 0, &["1 created"]);
    let server = clouds.one.server("ny-vm");
    assert_eq!((&server["status"], &server["image"]["id"]), (&json!("ACTIVE"), &json!(id)));
    let from_paris = place.exec_at(Some("Paris"), command);
    expect(&from_paris, 0, &["nothing to do"]);
    assert_eq!(clouds.one.server("ny-vm")["id"], server["id"]);
    assert!(clouds.two.servers("ny-vm").is_empty());
}

/// A user with a project of the same name, made behind the product's back.
fn make_user(cloud: &Cloud, name: &str, password: &str) -> String {
    let project = cloud.ask("POST", "identity", "/v3/projects", Some(json!({ "project": { "name": name } })));
    let user = json!({ "user": { "name": name, "password": password } });
    let user = cloud.ask("POST", "identity", "/v3/users", Some(user));
    let roles = cloud.ask("GET", "identity", "/v3/roles?name=member", None);
    let (project, user) = (text(&project["project"]["id"]), text(&user["user"]["id"]));
    let role = text(&roles["roles"][0]["id"]);
    cloud.ask("PUT", "identity", &format!("/v3/projects/{project}/users/{user}/roles/{role}"), None);
    project
}

fn andy_and_bo(clouds: &Clouds) {
    make_user(&clouds.one, "andy", "andy's own words");
    let project_of_bo = make_user(&clouds.two, "bo", "bo's own words");
    let sites = [
        site_of("S1", &clouds.one.auth_url, "andy", "secret(\"ANDYS\")", ""),
        site_of("S2", &clouds.two.auth_url, "bo", "secret(\"BOS\")", ""),
    ];
    let place = Place::empty("catalogue-20")
        .sites(&sites.concat())
        .with_image()
        .env("ANDYS", "andy's own words")
        .env("BOS", "bo's own words")
        .program(
            "resource debian: openstack.image { name: \"debian-andy\", disk_format: \"raw\", data: file(\"base.raw\") } scope { image: S1 }\n\
             resource ubuntu: openstack.image { name: \"ubuntu-bo\", disk_format: \"raw\", data: file(\"base.raw\") } scope { image: S2 }",
        );
    let ran = place.scope(&["run", "main.scope", "--at", "S2"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    // Bo, at his own site, with Andy's image.
    let command =
        "openstack server create bo-vm --flavor m1.tiny --image debian-andy --scope '{\"image\": \"S1\"}'";
    expect(&place.exec_at(Some("S2"), command), 0, &["1 created", "1 borrowed"]);
    let server = clouds.two.server("bo-vm");
    assert_eq!((&server["status"], &server["tenant_id"]), (&json!("ACTIVE"), &json!(project_of_bo)));
    let (andys, copy) = (clouds.one.image("debian-andy"), clouds.two.image("debian-andy"));
    assert_eq!(server["image"]["id"], andys["id"]);
    assert_eq!(copy["checksum"], andys["checksum"]);
    assert_eq!(copy["owner"], json!(project_of_bo));
    // And with his own, where nothing is borrowed.
    let command = "openstack server create bo-vm2 --flavor m1.tiny --image ubuntu-bo";
    let ran = place.exec_at(Some("S2"), command);
    expect(&ran, 0, &["1 created"]);
    assert!(!ran.stdout.contains("borrowed"), "{}", ran.all());
}

fn service_by_its_project(clouds: &Clouds) {
    let id = clouds.one.make_image("berlin");
    let sites = [site("Berlin", &clouds.one, ""), site("Paris", &clouds.two, "")].concat();
    let place = Place::empty("catalogue-21").sites(&format!("entry Berlin\n{sites}"));
    // In a program this time, as it was printed.
    let place = place.program(
        "$ openstack server create berlin-vm --flavor m1.tiny --image berlin --scope {Nova: Berlin & Paris}",
    );
    place.runs();
    for cloud in [&clouds.one, &clouds.two] {
        let server: Value = cloud.server("berlin-vm");
        assert_eq!((&server["status"], &server["image"]["id"]), (&json!("ACTIVE"), &json!(id)));
    }
    place.changes_nothing();
}

fn three_sites(_: &Clouds) {
    let declared: String = ["A", "B", "C"]
        .iter()
        .map(|name| {
            format!("site {name} {{ openstack: {{ auth_url: \"http://{name}.invalid/v3\", user: \"u\", project: \"p\", password: secret(\"NONE\") }} }}\n")
        })
        .collect();
    let cases: &[(&str, &[&str], &str)] = &[
        ("A | B", &["A"], "B"),
        ("A || B | C", &["A", "B"], "C"),
        ("A | (B | C)", &["A", "B"], "C"),
        ("(A | B) | C", &["A", "B"], "C"),
        ("(A | B) | C", &["A"], "B"),
        ("((A)) ; (B)", &["A"], "B"),
        ("A & B | C", &["B"], "C"),
    ];
    for (number, (scope, cut, expected)) in cases.iter().enumerate() {
        let place = Place::empty(&format!("catalogue-23-{number}"))
            .sites(&format!("entry A\n{declared}"))
            .with_image()
            .program(&format!(
                "resource img: openstack.image {{ name: \"img\", disk_format: \"raw\", data: file(\"base.raw\") }} scope {{ image: {scope} }}"
            ));
        let faults: Vec<String> = cut.iter().map(|site| format!("cut={site}")).collect();
        let mut args = vec!["run", "main.scope", "--simulate"];
        args.extend(faults.iter().flat_map(|fault| ["--fault", fault.as_str()]));
        let ran = place.scope(&args);
        assert_eq!(ran.code, 0, "{scope}: {}", ran.all());
        let chosen = ran.stderr.lines().rfind(|line| line.contains("chosen")).unwrap_or_default();
        assert!(chosen.ends_with(expected), "{scope} without {cut:?}: {}", ran.all());
    }
}
