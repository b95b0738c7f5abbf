//! A service that stops in mid-answer (SIGSTOP): the run ends in its time and says what it does not know; when the service
//! goes on, the next run finds what was made and makes nothing twice.

use std::time::Instant;

use serde_json::json;

use super::Case;
use super::place::{Place, expect, site};
use super::proxy::{Moment, Proxy};
use crate::support::clouds::{Clouds, text};

pub const CASES: &[Case] = &[
    ("freezing: the image service, in the middle of an upload", in_an_upload),
    ("freezing: compute, after it took the create", after_a_create),
    ("freezing: identity, before anything", before_anything),
];

/// CloudOne with one service behind a proxy.
fn place(name: &str, clouds: &Clouds, service: &str, proxy: &Proxy, path: &str) -> Place {
    let endpoints = format!("endpoints: {{ {service}: \"{}{path}\" }}", proxy.url);
    let sites = [site("CloudOne", &clouds.one, &endpoints), site("CloudTwo", &clouds.two, "")].concat();
    Place::empty(name).sites(&format!("entry CloudOne\n{sites}")).with_image()
}

fn in_an_upload(clouds: &Clouds) {
    let one = &clouds.one;
    let proxy = Proxy::start(&one.address("glance"), "PUT ", Moment::MidBody, one.freezer("glance"));
    let place = place("frozen-upload", clouds, "image", &proxy, "").program(
        "resource img: openstack.image { name: \"frozen-img\", disk_format: \"raw\", data: file(\"base.raw\") } \
         scope { image: CloudOne } with { timeout: 8s }",
    );
    let start = Instant::now();
    let ran = place.run();
    let took = start.elapsed().as_secs();
    one.thaw("glance");
    assert!(proxy.was_hit(), "{}", ran.all());
    expect(&ran, 1, &["img", "CloudOne", "8 s", "main.scope:4", "scope run main.scope"]);
    assert!(took < 30, "the run took {took} s");
    // Whatever the service made of the half: the next run leaves one image, whole.
    place.runs();
    let image = one.image("frozen-img");
    let content = std::fs::metadata(place.folder.join("base.raw")).expect("it is there").len();
    assert_eq!((&image["status"], &image["size"]), (&json!("active"), &json!(content)));
    place.changes_nothing();
    assert_eq!(one.image("frozen-img")["id"], image["id"]);
}

fn after_a_create(clouds: &Clouds) {
    let one = &clouds.one;
    let proxy =
        Proxy::start(&one.address("nova"), "POST /v2.1/servers ", Moment::BeforeAnswer, one.freezer("nova"));
    let place = place("frozen-create", clouds, "compute", &proxy, "/v2.1").program(
        "resource vm: openstack.server { name: \"frozen-vm\", flavor: \"m1.tiny\", image: \"debian-12\" } \
         scope { compute: CloudOne, image: CloudTwo } with { timeout: 8s }",
    );
    let start = Instant::now();
    let ran = place.run();
    let took = start.elapsed().as_secs();
    one.thaw("nova");
    assert!(proxy.was_hit(), "{}", ran.all());
    expect(&ran, 1, &["vm", "CloudOne", "8 s", "main.scope:4"]);
    assert!(took < 40, "the run took {took} s");
    // The first request took effect: the next run finds its server by the mark, and makes no other.
    place.runs();
    let server = one.server("frozen-vm");
    assert_eq!(server["status"], "ACTIVE");
    place.changes_nothing();
    assert_eq!(text(&one.server("frozen-vm")["id"]), text(&server["id"]));
}

fn before_anything(clouds: &Clouds) {
    let place = Place::new("frozen-identity", clouds).with_image().program(
        "resource img: openstack.image { name: \"frozen-or\", disk_format: \"raw\", data: file(\"base.raw\") } \
         scope { image: CloudOne | CloudTwo } with { timeout: 6s, retry: { times: 1 } }",
    );
    {
        let _frozen = clouds.one.frozen(&["keystone"]);
        expect(&place.runs(), 0, &["chosen img: CloudTwo"]);
    }
    assert!(clouds.one.images("frozen-or").is_empty());
    assert_eq!(clouds.two.image("frozen-or")["status"], "active");
}
