//! What goes wrong on the first day: each a clear error, and nothing lost.

use serde_json::json;

use super::Case;
use super::place::{Place, site, site_of};
use crate::support::clouds::Clouds;

pub const CASES: &[Case] = &[
    ("failure: wrong password, told before anything is sent", wrong_password),
    ("failure: a secret that is not set, told before anything is sent", unset_secret),
    ("failure: unknown flavor", unknown_flavor),
    ("failure: quota exceeded; raised, the run completes", quota_exceeded),
    ("failure: two images of one name, both told with their ids", two_of_one_name),
    ("failure: a wrong address", wrong_address),
];

fn image_on_both(name: &str) -> String {
    format!(
        "resource img: openstack.image {{ name: \"{name}\", disk_format: \"raw\", data: file(\"base.raw\") }} \
         scope {{ image: CloudOne & CloudTwo }}"
    )
}

fn server(name: &str, flavor: &str, image: &str) -> String {
    format!(
        "resource vm: openstack.server {{ name: \"{name}\", flavor: \"{flavor}\", image: \"{image}\" }} \
         scope {{ compute: CloudOne, image: CloudTwo }}"
    )
}

fn wrong_password(clouds: &Clouds) {
    let wrong = site_of("CloudTwo", &clouds.two.auth_url, "admin", "secret(\"WRONG\")", "");
    let place = Place::empty("wrong-password")
        .sites(&format!("entry CloudOne\n{}{wrong}", site("CloudOne", &clouds.one, "")))
        .with_image()
        .env("WRONG", "not the password")
        .program(&image_on_both("never-made"));
    let words = [
        "error[E0703]: `CloudTwo` refuses the credentials (401)",
        "user admin",
        "secret(\"WRONG\")",
        "the other site accepts its credentials",
        "scope sites --check CloudTwo",
        "nothing was sent",
    ];
    let ran = place.fails(3, &words);
    assert!(!ran.all().contains("not the password"), "{}", ran.all());
    assert!(clouds.one.images("never-made").is_empty(), "CloudOne was not touched");
    assert_eq!(place.scope(&["sites", "--check", "CloudTwo"]).code, 1);
    assert_eq!(place.scope(&["sites", "--check", "CloudOne"]).code, 0);
}

fn unset_secret(clouds: &Clouds) {
    let of = |name, cloud: &crate::support::clouds::Cloud, variable: &str| {
        site_of(name, &cloud.auth_url, "admin", &format!("secret(\"{variable}\")"), "")
    };
    let sites =
        [of("CloudOne", &clouds.one, "FIRST_UNSET"), of("CloudTwo", &clouds.two, "SECOND_UNSET")].concat();
    let place = Place::empty("unset-secret")
        .sites(&format!("entry CloudOne\n{sites}"))
        .with_image()
        .program(&image_on_both("never-made-2"));
    // All of them in one list.
    place.fails(3, &["E0602", "`FIRST_UNSET` is not set", "`SECOND_UNSET` is not set", "nothing was sent"]);
}

fn unknown_flavor(clouds: &Clouds) {
    let place = Place::new("unknown-flavor", clouds).program(&server("flavorless", "m1.tinny", "debian-12"));
    place.fails(1, &["error[E0902]: no flavor is called `m1.tinny` at `CloudOne`", "main.scope:4"]);
    assert!(clouds.one.servers("flavorless").is_empty());
    place.write_program(&server("flavorless", "m1.tiny", "debian-12"));
    place.runs();
    assert_eq!(clouds.one.server("flavorless")["status"], "ACTIVE");
}

fn quota_exceeded(clouds: &Clouds) {
    let place = Place::new("quota", clouds).program(&server("quota-vm", "m1.tiny", "debian-12"));
    clouds.one.allow_servers(0);
    let ran = place.run();
    clouds.one.allow_servers(100);
    super::place::expect(&ran, 1, &["error[E0904]", "Quota exceeded for instances", "POST /v2.1/servers"]);
    assert!(clouds.one.servers("quota-vm").is_empty());
    place.runs();
    assert_eq!(clouds.one.server("quota-vm")["status"], "ACTIVE");
    place.changes_nothing();
}

fn two_of_one_name(clouds: &Clouds) {
    let ids = [clouds.two.make_image("double"), clouds.two.make_image("double")];
    let place = Place::new("double", clouds).program(&server("doubtful", "m1.tiny", "double"));
    place
        .fails(1, &["error[E0901]: 2 images are called `double` at `CloudTwo`", &ids[0], &ids[1], "no mark"]);
    assert!(clouds.one.servers("doubtful").is_empty());
    // The help, taken.
    place.write_program(&format!(
        "existing double: openstack.image {{ id: \"{}\" }} scope {{ image: CloudTwo }}\n\
         resource vm: openstack.server {{ name: \"doubtful\", flavor: \"m1.tiny\", image: double }} scope {{ compute: CloudOne }}",
        ids[1]
    ));
    place.runs();
    assert_eq!(clouds.one.server("doubtful")["image"]["id"], json!(ids[1]));
}

fn wrong_address(clouds: &Clouds) {
    // Nobody listens there.
    let password = format!("secret(file: \"{}\")", clouds.two.password_file.display());
    let gone = site_of("CloudTwo", "http://127.0.0.1:9/v3", "admin", &password, "");
    let place = Place::empty("wrong-address")
        .sites(&format!("entry CloudOne\n{}{gone}", site("CloudOne", &clouds.one, "")))
        .with_image()
        .program(&format!("{} with {{ timeout: 5s }}", image_on_both("half-made")));
    // Parked: the part at CloudOne is done, the other waits for its site.
    place.fails(4, &["parked", "CloudTwo", "unreachable", "pending: 1 created"]);
    assert_eq!(clouds.one.image("half-made")["status"], "active");
    let sites = [site("CloudOne", &clouds.one, ""), site("CloudTwo", &clouds.two, "")].concat();
    let place = place.sites(&format!("entry CloudOne\n{sites}"));
    place.runs();
    assert_eq!(clouds.two.image("half-made")["checksum"], clouds.one.image("half-made")["checksum"]);
    place.changes_nothing();
}
