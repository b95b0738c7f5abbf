//! The story of the first paper, `examples/two-clouds.scope` as it stands in the checkout.

use super::Case;
use super::place::run_checked_in;
use crate::support::clouds::{Clouds, text};

pub const CASES: &[Case] =
    &[("examples/two-clouds.scope: sharing, replication, and nothing the second time", story)];

fn story(clouds: &Clouds) {
    let (one, two) = (&clouds.one, &clouds.two);
    assert!(one.images("debian-12").is_empty(), "only CloudTwo has it");
    let ran = run_checked_in("examples/two-clouds.scope", clouds);
    assert_eq!(ran.code, 0, "{}", ran.all());

    // The server is at CloudOne, with the image of CloudTwo: the same identity, the same content.
    let origin = two.image("debian-12");
    let borrowed = one.image("debian-12");
    for same in ["id", "checksum", "size", "os_hash_value", "status"] {
        assert_eq!(borrowed[same], origin[same], "{same}");
    }
    let server = one.server("vm");
    assert_eq!((&server["status"], &server["image"]["id"]), (&"ACTIVE".into(), &origin["id"]));
    assert!(two.servers("vm").is_empty());

    // The image is at both.
    let (here, there) = (one.image("base"), two.image("base"));
    assert_eq!(here["status"], "active");
    assert_eq!(there["status"], "active");
    assert_eq!(here["checksum"], there["checksum"]);
    assert_eq!(text(&here["checksum"]).len(), 32);
    assert!(ran.stdout.contains(&text(&server["id"])), "{}", ran.all());

    let again = run_checked_in("examples/two-clouds.scope", clouds);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(again.stdout.contains("nothing to do"), "{}", again.all());
    assert_eq!(one.server("vm")["id"], server["id"]);
    assert_eq!(one.image("debian-12")["updated_at"], borrowed["updated_at"]);
    assert_eq!((one.image("base"), two.image("base")), (here, there));
}
