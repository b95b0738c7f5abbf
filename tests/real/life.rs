//! A program over time: what is deleted outside comes back, what it changes is changed, what it leaves out goes.

use serde_json::json;

use super::Case;
use super::place::{Place, expect};
use crate::support::clouds::{Clouds, text};

pub const CASES: &[Case] = &[
    ("life: deleted outside, made again", made_again),
    ("life: changed in the program, changed at the site", changed),
    ("life: left out, deleted, and the borrowed copy with its last user", left_out),
    ("life: a copy that was deleted is borrowed again, under a new id", borrowed_again),
    ("life: a copy deleted under a server is borrowed again, and the server stays", lost_copy),
    ("life: an image without content is not copied", nothing_to_copy),
    ("life: adopted, kept in order, never deleted", adopted),
];

fn server(name: &str, image: &str) -> String {
    format!(
        "resource {name}: openstack.server {{ name: \"{name}\", flavor: \"m1.tiny\", image: \"{image}\" }} \
         scope {{ compute: CloudOne, image: CloudTwo }}\n"
    )
}

fn made_again(clouds: &Clouds) {
    let place = Place::new("made-again", clouds).with_image().program(&format!(
        "{}resource img: openstack.image {{ name: \"again-img\", disk_format: \"raw\", data: file(\"base.raw\") }} \
         scope {{ image: CloudOne & CloudTwo }}",
        server("again", "debian-12")
    ));
    place.runs();
    let (server, image) = (clouds.one.server("again"), clouds.two.image("again-img"));
    clouds.one.ask("DELETE", "compute", &format!("/v2.1/servers/{}", text(&server["id"])), None);
    clouds.two.ask("DELETE", "image", &format!("/v2/images/{}", text(&image["id"])), None);
    expect(&place.runs(), 0, &["2 created"]);
    let again = clouds.one.server("again");
    assert_eq!(again["status"], "ACTIVE");
    assert_ne!(again["id"], server["id"]);
    assert_eq!(clouds.two.image("again-img")["checksum"], image["checksum"]);
    place.changes_nothing();
}

fn changed(clouds: &Clouds) {
    let program = |name: &str, description: &str, role: &str| {
        format!(
            "resource vm: openstack.server {{\n    name: \"{name}\", flavor: \"m1.tiny\", image: \"debian-12\"\n    \
             description: \"{description}\", metadata: {{ role: \"{role}\" }}\n}} scope {{ compute: CloudOne, image: CloudTwo }}\n\
             resource net: openstack.network {{ name: \"changed-net\", description: \"{description}\" }} scope {{ network: CloudTwo }}"
        )
    };
    let place = Place::new("changed", clouds).program(&program("changed-1", "first", "web"));
    place.runs();
    let before = clouds.one.server("changed-1");
    place.write_program(&program("changed-2", "second", "db"));
    expect(&place.runs(), 0, &["2 changed"]);
    let after = clouds.one.server("changed-2");
    assert_eq!(after["id"], before["id"]);
    assert_eq!((&after["description"], &after["metadata"]["role"]), (&json!("second"), &json!("db")));
    assert_eq!(after["metadata"]["scope_mark"], before["metadata"]["scope_mark"]);
    let networks = clouds.two.ask("GET", "network", "/v2.0/networks?name=changed-net", None);
    let description = text(&networks["networks"][0]["description"]);
    assert!(description.starts_with("second ["), "{description}");
    // What somebody else changed is set back.
    let path = format!("/v2.1/servers/{}", text(&after["id"]));
    clouds.one.ask("PUT", "compute", &path, Some(json!({ "server": { "name": "somebody-else" } })));
    expect(&place.runs(), 0, &["1 changed"]);
    assert_eq!(clouds.one.server("changed-2")["id"], before["id"]);
    place.changes_nothing();
}

fn left_out(clouds: &Clouds) {
    let origin = clouds.two.make_image("left-img");
    let (first, second) = (server("left-1", "left-img"), server("left-2", "left-img"));
    let place = Place::new("left-out", clouds).program(&format!("{first}{second}"));
    expect(&place.runs(), 0, &["2 created, 1 borrowed"]);
    assert_eq!(clouds.one.image("left-img")["id"], json!(origin), "one copy for both");
    place.write_program(&second);
    expect(&place.runs(), 0, &["1 deleted"]);
    assert!(clouds.one.servers("left-1").is_empty());
    assert_eq!(clouds.one.image("left-img")["id"], json!(origin), "it has a user yet");
    place.write_program("");
    expect(&place.runs(), 0, &["2 deleted"]);
    assert!(clouds.one.servers("left-2").is_empty());
    assert!(clouds.one.images("left-img").is_empty(), "its last user is gone");
    assert_eq!(clouds.two.image("left-img")["id"], json!(origin), "what was only read is left alone");
}

fn borrowed_again(clouds: &Clouds) {
    let origin = clouds.two.make_image("twice-borrowed");
    let program = server("borrower", "twice-borrowed");
    let place = Place::new("borrowed-again", clouds).program(&program);
    place.runs();
    assert_eq!(clouds.one.image("twice-borrowed")["id"], json!(origin));
    place.write_program("");
    place.runs();
    assert!(clouds.one.images("twice-borrowed").is_empty());
    // Glance never gives an id away again: the copy has another one, and the same content.
    place.write_program(&program);
    expect(&place.runs(), 0, &["1 created, 1 borrowed"]);
    let copy = clouds.one.image("twice-borrowed");
    assert_ne!(copy["id"], json!(origin));
    assert_eq!(copy["checksum"], clouds.two.image("twice-borrowed")["checksum"]);
    place.changes_nothing();
    // Another program needs it too: what is there is used, not doubled.
    let other = Place::new("borrowed-by-another", clouds).program(&server("borrower-2", "twice-borrowed"));
    other.runs();
    assert_eq!(clouds.one.image("twice-borrowed")["id"], copy["id"]);
    assert_eq!(clouds.one.server("borrower-2")["image"]["id"], copy["id"]);
}

fn lost_copy(clouds: &Clouds) {
    let origin = clouds.two.make_image("lost-copy");
    let place = Place::new("lost-copy", clouds).program(&server("keeper", "lost-copy"));
    place.runs();
    let keeper = clouds.one.server("keeper");
    for _ in 0..2 {
        let lost = clouds.one.image("lost-copy");
        clouds.one.ask("DELETE", "image", &format!("/v2/images/{}", text(&lost["id"])), None);
        expect(&place.runs(), 0, &["1 borrowed", &format!("id {origin} is used up here")]);
        let copy = clouds.one.image("lost-copy");
        assert_ne!(copy["id"], lost["id"]);
        assert_eq!((&copy["checksum"], &copy["status"]), (&lost["checksum"], &json!("active")));
        assert_eq!(clouds.one.server("keeper")["id"], keeper["id"]);
        place.changes_nothing();
    }
}

fn nothing_to_copy(clouds: &Clouds) {
    let image = json!({ "name": "empty-img", "disk_format": "raw", "container_format": "bare" });
    clouds.two.ask("POST", "image", "/v2/images", Some(image));
    let place = Place::new("nothing-to-copy", clouds).program(&server("eager", "empty-img"));
    place.fails(1, &["error[E0902]", "has no data at `CloudTwo`", "status queued"]);
    assert!(clouds.one.images("empty-img").is_empty(), "no empty copy is left");
    assert!(clouds.one.servers("eager").is_empty());
}

fn adopted(clouds: &Clouds) {
    let network = json!({ "network": { "name": "found-net", "description": "theirs" } });
    let made = clouds.two.ask("POST", "network", "/v2.0/networks", Some(network));
    let id = text(&made["network"]["id"]);
    let program = |with: &str| {
        format!(
            "resource net: openstack.network {{ name: \"found-net\", description: \"theirs\" }} scope {{ network: CloudTwo }} {with}"
        )
    };
    let place = Place::new("adopted", clouds).program(&program(""));
    place.fails(1, &["error[E0907]", &id, "no mark of ours", "adopt: true"]);
    place.write_program(&program("with { adopt: true }"));
    expect(&place.runs(), 0, &["1 adopted"]);
    place.changes_nothing();
    place.write_program("");
    place.runs();
    let left = clouds.two.ask("GET", "network", &format!("/v2.0/networks/{id}"), None);
    assert_eq!(left["network"]["description"], "theirs", "what was adopted is never deleted");
}
