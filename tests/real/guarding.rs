//! What another program relies upon is not deleted; a lost state comes back from the marks; what is there is imported.

use serde_json::Value;

use super::Case;
use super::place::{Place, expect};
use crate::support::clouds::{Cloud, Clouds, text};

pub const CASES: &[Case] = &[
    ("guard: a network that a port of another program is on", relied_upon),
    ("guard: a state from the marks, and a network imported", lost_and_found),
];

const NET: &str =
    "resource net: openstack.network { name: \"guard-net\", description: \"mine\" } scope { CloudTwo }";

fn networks(cloud: &Cloud, name: &str) -> Vec<Value> {
    let found = cloud.ask("GET", "network", &format!("/v2.0/networks?name={name}"), None);
    found["networks"].as_array().expect("a list").clone()
}

fn relied_upon(clouds: &Clouds) {
    let owner = Place::new("guard-owner", clouds).program(NET);
    owner.runs();
    let user = Place::new("guard-user", clouds).program(
        "resource p: openstack.port { name: \"guard-port\", network: \"guard-net\" } scope { CloudTwo }\n\
         resource s: openstack.subnet { name: \"guard-subnet\", network: \"guard-net\", cidr: \"10.9.0.0/24\" } scope { CloudTwo }",
    );
    expect(&user.run(), 0, &["guarded", "for p at CloudTwo, s at CloudTwo", "2 created, 1 guarded"]);
    let description = text(&networks(&clouds.two, "guard-net")[0]["description"]);
    assert!(description.starts_with("mine [scope:") && description.contains("[scope-used:"), "{description}");
    owner.changes_nothing();
    user.changes_nothing();
    // Changed by its owner, the guard stays; left out or destroyed, the network stays.
    owner.write_program(&NET.replace("mine", "still mine"));
    expect(&owner.run(), 0, &["1 changed"]);
    assert_eq!(
        text(&networks(&clouds.two, "guard-net")[0]["description"]),
        description.replace("mine", "still mine")
    );
    owner.write_program("");
    expect(
        &owner.scope(&["plan", "main.scope"]),
        0,
        &["- network net still relied upon by p at CloudTwo, s at CloudTwo"],
    );
    owner.fails(1, &["error[E0931]", "network `net` at `CloudTwo` is still relied upon by `p` at CloudTwo"]);
    assert_eq!(networks(&clouds.two, "guard-net").len(), 1);
    // The last user takes its guard along.
    expect(&user.scope(&["destroy", "main.scope", "--yes"]), 0, &["2 deleted"]);
    let description = text(&networks(&clouds.two, "guard-net")[0]["description"]);
    assert!(!description.contains("scope-used"), "{description}");
    expect(&owner.run(), 0, &["1 deleted"]);
    assert!(networks(&clouds.two, "guard-net").is_empty());
}

fn lost_and_found(clouds: &Clouds) {
    let program = "resource net: openstack.network { name: \"lost-net\" } scope { CloudOne & CloudTwo }\n\
                   resource p: openstack.port { name: \"lost-port\", network: net } scope { CloudOne & CloudTwo }";
    let place = Place::new("guard-found", clouds).program(program);
    place.runs();
    let before = (networks(&clouds.one, "lost-net"), networks(&clouds.two, "lost-net"));
    std::fs::remove_dir_all(place.folder.join(".scope")).expect("there was a state");
    let rebuilt = place.scope(&["state", "rebuild", "main.scope"]);
    expect(&rebuilt, 0, &["4 found, 0 not there, 0 without the mark, 0 unknown"]);
    place.changes_nothing();
    assert_eq!((networks(&clouds.one, "lost-net"), networks(&clouds.two, "lost-net")), before);
    expect(&place.scope(&["destroy", "main.scope", "--yes"]), 0, &["4 deleted"]);
    // Made by hand: taken over, never deleted.
    let body = serde_json::json!({ "network": { "name": "hand-net", "description": "by hand" } });
    let made = clouds.one.ask("POST", "network", "/v2.0/networks", Some(body));
    let id = text(&made["network"]["id"]);
    let place = Place::new("guard-import", clouds).program("");
    let import = ["import", "main.scope", "hand:openstack.network", "CloudOne", id.as_str(), "--write"];
    expect(&place.scope(&import), 0, &["written to main.scope: hand"]);
    let program = std::fs::read_to_string(place.folder.join("main.scope")).expect("readable");
    assert!(program.contains("\"by hand\"") && program.contains("adopt: true"), "{program}");
    expect(
        &place.scope(&["plan", "main.scope"]),
        0,
        &["= network hand", "0 to create, 0 to change, 0 to delete"],
    );
    place.write_program("");
    place.runs();
    assert_eq!(networks(&clouds.one, "hand-net").len(), 1);
    clouds.one.ask("DELETE", "network", &format!("/v2.0/networks/{id}"), None);
}
