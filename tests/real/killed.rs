//! `kill -9` of the runner in the middle of a run over two real clouds, after a service did what it was asked and before the
//! answer: `scope resume` finds what was made, and makes nothing twice.

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use super::Case;
use super::place::{Place, expect, site};
use super::proxy::{Moment, Proxy};
use crate::support::binary;
use crate::support::clouds::Clouds;

pub const CASES: &[Case] = &[("killed: the runner, after compute took the create", after_a_create)];

fn after_a_create(clouds: &Clouds) {
    let one = &clouds.one;
    let process: Arc<Mutex<u32>> = Arc::default();
    let victim = process.clone();
    let kill = move || {
        let pid = victim.lock().expect("never poisoned").to_string();
        assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill is there").success());
    };
    let proxy = Proxy::start(&one.address("nova"), "POST /v2.1/servers ", Moment::BeforeAnswer, kill);
    let endpoints = format!("endpoints: {{ compute: \"{}/v2.1\" }}", proxy.url);
    let sites = [site("CloudOne", one, &endpoints), site("CloudTwo", &clouds.two, "")].concat();
    let place = Place::empty("killed").sites(&format!("entry CloudOne\n{sites}")).with_image().program(
        "resource vm: openstack.server { name: \"killed-vm\", flavor: \"m1.tiny\", image: \"debian-12\" } \
         scope { compute: CloudOne, image: CloudTwo }\n\
         resource img: openstack.image { name: \"killed-img\", disk_format: \"raw\", data: file(\"base.raw\") } \
         scope { image: CloudOne & CloudTwo }",
    );
    let mut starting = process.lock().expect("never poisoned");
    let mut child = Command::new(binary::path())
        .args(["run", "main.scope"])
        .current_dir(&place.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    *starting = child.id();
    drop(starting);
    let end = child.wait().expect("it is ours");
    assert!(proxy.was_hit() && end.code().is_none(), "it was killed: {end}");
    expect(&place.scope(&["status", "--offline"]), 0, &["stopped before its end", "open: `create` of vm"]);
    expect(&place.scope(&["resume"]), 0, &["exit 0"]);
    assert_eq!(one.server("killed-vm")["status"], "ACTIVE");
    let checksum = one.image("killed-img")["checksum"].clone();
    assert_eq!(clouds.two.image("killed-img")["checksum"], checksum);
    place.changes_nothing();
}
