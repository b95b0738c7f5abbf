//! A whole cloud, all of its services at once, in the middle of a run over two: frozen and thawed, or killed (`kill -9`) and
//! started again. However the run ends, the next one ends as an undisturbed run does: nothing is there twice, nothing is
//! lost. A killed cloud leaves its half for good (an image `saving`, a server `BUILD`): what is ours is made again.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::place::{Place, expect, site};
use super::proxy::{Moment, Proxy};
use super::{Case, say};
use crate::support::binary::Ran;
use crate::support::clouds::{Cloud, Clouds, text};

pub const CASES: &[Case] = &[
    ("restarted: a whole cloud frozen in an upload, and thawed", frozen),
    ("restarted: a whole cloud killed in an upload, and started again", killed_in_an_upload),
    (
        "restarted: a whole cloud killed after compute took the create, and started again",
        killed_after_a_create,
    ),
];

/// How long the cloud stays frozen.
const FROZEN: Duration = Duration::from_secs(5);

/// Both clouds with one service of the first behind a proxy, and something of everything.
fn place(name: &str, clouds: &Clouds, endpoint: &str) -> Place {
    let endpoints = format!("endpoints: {{ {endpoint} }}");
    let sites = [site("CloudOne", &clouds.one, &endpoints), site("CloudTwo", &clouds.two, "")].concat();
    Place::empty(name).sites(&format!("entry CloudOne\n{sites}")).with_image().program(&format!(
        "resource img: openstack.image {{ name: \"{name}\", disk_format: \"raw\", data: file(\"base.raw\") }} \
         scope {{ image: CloudOne & CloudTwo }} with {{ ready_within: 20s }}\n\
         resource one: openstack.server {{ name: \"{name}-one\", flavor: \"m1.tiny\", image: img }} \
         scope {{ compute: CloudOne }} with {{ ready_within: 20s }}\n\
         resource two: openstack.server {{ name: \"{name}-two\", flavor: \"m1.tiny\", image: img }} \
         scope {{ compute: CloudTwo }} with {{ ready_within: 20s }}"
    ))
}

/// Runs while the first cloud is away from the moment that the proxy tells, and back when `return_it` is done.
fn disturbed(place: &Place, moment: &mpsc::Receiver<()>, return_it: impl FnOnce()) -> Ran {
    std::thread::scope(|threads| {
        let running = threads.spawn(|| place.run());
        moment.recv_timeout(Duration::from_secs(120)).expect("the moment comes");
        return_it();
        running.join().expect("the run ends")
    })
}

/// The next run ends well, and then all is there, once, and as it should be.
fn ends_well(name: &str, place: &Place, clouds: &Clouds, first: &Ran) {
    let mut ran = format!("run: exit {}", first.code);
    let mut told = first.all();
    if first.code != 0 {
        let start = Instant::now();
        let resumed = place.scope(&["resume"]);
        expect(&resumed, 0, &["exit 0"]);
        told += &resumed.all();
        ran += &format!(", resume: exit 0 in {:.1} s", start.elapsed().as_secs_f64());
    }
    let content = std::fs::metadata(place.folder.join("base.raw")).expect("it is there").len();
    let images = [clouds.one.image(name), clouds.two.image(name)];
    assert_eq!(images[0]["checksum"], images[1]["checksum"]);
    for (cloud, image, server) in [(&clouds.one, &images[0], "one"), (&clouds.two, &images[1], "two")] {
        assert_eq!((text(&image["status"]).as_str(), image["size"].as_u64()), ("active", Some(content)));
        let servers = cloud.servers(&format!("{name}-{server}"));
        assert_eq!(servers.len(), 1, "{told}\n{servers:#?}");
        let server = &servers[0];
        assert_eq!((&server["status"], &server["image"]["id"]), (&"ACTIVE".into(), &image["id"]));
    }
    place.changes_nothing();
    say(&format!("         {ran}; 2 images and 2 servers, each once and whole; then nothing to do"));
}

fn frozen(clouds: &Clouds) {
    let one = &clouds.one;
    let (tell, moment) = mpsc::channel();
    let freeze = one.all("freeze", &[]);
    let proxy = Proxy::start(&one.address("glance"), "PUT ", Moment::MidBody, move || {
        freeze();
        let _ = tell.send(());
    });
    let place = place("all-frozen", clouds, &format!("image: \"{}\"", proxy.url));
    let ran = disturbed(&place, &moment, || {
        std::thread::sleep(FROZEN);
        one.all("thaw", &[])();
    });
    assert_eq!(ran.code, 0, "{}", ran.all());
    ends_well("all-frozen", &place, clouds, &ran);
}

fn killed_in_an_upload(clouds: &Clouds) {
    let one = &clouds.one;
    let (tell, moment) = mpsc::channel();
    let kill = killer(one);
    let proxy = Proxy::start(&one.address("glance"), "PUT ", Moment::MidBody, move || {
        kill();
        let _ = tell.send(());
    });
    let place = place("killed-upload", clouds, &format!("image: \"{}\"", proxy.url));
    let ran = disturbed(&place, &moment, one.all("start-service", &[]));
    assert_ne!(ran.code, 3, "{}", ran.all());
    ends_well("killed-upload", &place, clouds, &ran);
}

fn killed_after_a_create(clouds: &Clouds) {
    let one = &clouds.one;
    let (tell, moment) = mpsc::channel();
    let kill = killer(one);
    let proxy = Proxy::start(&one.address("nova"), "POST /v2.1/servers ", Moment::BeforeAnswer, move || {
        kill();
        let _ = tell.send(());
    });
    let place = place("killed-create", clouds, &format!("compute: \"{}/v2.1\"", proxy.url));
    let ran = disturbed(&place, &moment, one.all("start-service", &[]));
    assert_ne!(ran.code, 3, "{}", ran.all());
    ends_well("killed-create", &place, clouds, &ran);
}

fn killer(cloud: &Cloud) -> impl Fn() + Send + use<> {
    cloud.all("stop-service", &["--kill"])
}
