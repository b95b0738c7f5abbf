//! `A | B` with A down ends at B, however it is nested; when A is back, nothing is left there and nothing moves.

use super::Case;
use super::place::{Place, expect};
use crate::support::clouds::Clouds;

pub const CASES: &[Case] = &[
    ("otherwise: A is down, so B; nested and parenthesised alike; A back, nothing there", at_the_second),
    ("otherwise: no room at A is a reason to go to B", no_room),
    ("otherwise: neither", neither),
];

fn at_the_second(clouds: &Clouds) {
    let image = |name: &str, scope: &str| {
        format!(
            "resource {name}: openstack.image {{ name: \"{name}\", disk_format: \"raw\", data: file(\"base.raw\") }} \
             scope {{ image: {scope} }} with {{ timeout: 20s }}\n"
        )
    };
    let scopes = [
        ("or-plain", "CloudOne | CloudTwo"),
        ("or-left", "(CloudOne | CloudOne) | CloudTwo"),
        ("or-right", "CloudOne | (CloudTwo | CloudTwo)"),
        // What the left side made at CloudTwo before it failed is undone, and made again.
        ("or-both", "CloudOne & CloudTwo | CloudTwo"),
        ("or-inner", "(CloudOne | CloudTwo) & CloudTwo"),
    ];
    let program: String = scopes.iter().map(|(name, scope)| image(name, scope)).collect();
    let place = Place::new("otherwise", clouds).with_image().program(&program);
    {
        let _down = clouds.one.stopped(&["keystone", "glance"]);
        let ran = place.runs();
        expect(&ran, 0, &["chosen", "CloudTwo"]);
    }
    let made: Vec<_> = scopes
        .iter()
        .map(|(name, _)| {
            assert!(clouds.one.images(name).is_empty(), "{name} is left at CloudOne");
            clouds.two.image(name)
        })
        .collect();
    assert!(made.iter().all(|image| image["status"] == "active"), "{made:#?}");
    // It was chosen: it stays, though CloudOne answers again.
    place.changes_nothing();
    for ((name, _), image) in scopes.iter().zip(made) {
        assert!(clouds.one.images(name).is_empty(), "{name} moved");
        assert_eq!(clouds.two.image(name)["id"], image["id"]);
    }
}

fn no_room(clouds: &Clouds) {
    let place = Place::new("no-room", clouds).program(
        "resource vm: openstack.server { name: \"roomless\", flavor: \"m1.tiny\", image: \"debian-12\" } \
         scope { compute: CloudOne | CloudTwo, image: CloudTwo }",
    );
    clouds.one.allow_servers(0);
    let ran = place.run();
    clouds.one.allow_servers(100);
    expect(&ran, 0, &["tried", "E0904", "chosen vm: CloudTwo"]);
    assert!(clouds.one.servers("roomless").is_empty());
    assert_eq!(clouds.two.server("roomless")["status"], "ACTIVE");
}

fn neither(clouds: &Clouds) {
    let place = Place::new("neither", clouds).program(
        "resource vm: openstack.server { name: \"neither\", flavor: \"m1.tiny\", image: \"no-such-image\" } \
         scope { compute: CloudOne, image: CloudOne | CloudTwo }",
    );
    place.fails(1, &["E0903", "not found anywhere", "CloudOne", "CloudTwo"]);
    assert!(clouds.one.servers("neither").is_empty());
}
