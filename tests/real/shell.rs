//! The shell target: the script of a program does at the clouds what `scope run` does, and needs nothing of ours.

use std::process::Command;

use serde_json::{Value, json};

use super::Case;
use super::place::Place;
use crate::support::clouds::Clouds;

pub const CASES: &[Case] = &[
    ("shell: the script does what `scope run` does, and nothing the second time", script),
    ("shell: a script that was changed does not", changed),
];

fn program(prefix: &str) -> String {
    format!(
        "resource vm: openstack.server {{ name: \"{prefix}-vm\", flavor: \"m1.tiny\", image: \"{prefix}-img\" }} \
         scope {{ compute: CloudOne, image: CloudTwo }}\n\
         resource base: openstack.image {{ name: \"{prefix}-base\", disk_format: \"raw\", data: file(\"base.raw\") }} \
         scope {{ image: CloudOne & CloudTwo }}"
    )
}

/// What is at the clouds, without what differs between two of the same program.
fn held(clouds: &Clouds, prefix: &str, origin: &str) -> Value {
    let server = clouds.one.server(&format!("{prefix}-vm"));
    let (here, there) =
        (clouds.one.image(&format!("{prefix}-base")), clouds.two.image(&format!("{prefix}-base")));
    let borrowed = clouds.one.image(&format!("{prefix}-img"));
    json!({
        "server": [server["status"], server["image"]["id"] == origin],
        "borrowed": [borrowed["status"], borrowed["id"] == origin],
        "base": [here["status"], here["checksum"], there["status"], there["checksum"]],
        "visibility": [here["visibility"], there["visibility"], borrowed["visibility"]],
    })
}

/// A place with the script of the program in it.
fn built(clouds: &Clouds, name: &str, prefix: &str) -> Place {
    let place = Place::new(name, clouds).with_image().program(&program(prefix));
    let built = place.scope(&["build", "--target", "shell", "--out", "out", "main.scope"]);
    assert_eq!(built.code, 0, "{}", built.all());
    place
}

/// Whether the script ends well, and what it prints.
fn ran(place: &Place) -> (bool, String) {
    let output = Command::new("sh")
        .args(["out/main.sh", "--files", ".", "--state", "state"])
        .current_dir(&place.folder)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default())
        .output()
        .expect("sh starts");
    let printed =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), format!("{}\n{printed}", output.status))
}

/// The check above can fail: each change of the script is seen in how it ends or in what the clouds hold.
fn changed(clouds: &Clouds) {
    let run_origin = clouds.two.make_image("unchanged-img");
    let run = Place::new("shell-unchanged", clouds).with_image().program(&program("unchanged"));
    run.runs();
    let wanted = held(clouds, "unchanged", &run_origin);
    for (number, (part, other)) in
        [("/v2/images", "/v2/imagez"), ("str(\"private\")", "str(\"community\")")].into_iter().enumerate()
    {
        let prefix = format!("changed-{number}");
        let origin = clouds.two.make_image(&format!("{prefix}-img"));
        let place = built(clouds, &format!("shell-{prefix}"), &prefix);
        let path = place.folder.join("out/main.sh");
        let text = std::fs::read_to_string(&path).expect("the script");
        assert!(text.contains(part), "{part} is not in the script");
        std::fs::write(&path, text.replace(part, other)).expect("written");
        let (is_well, printed) = ran(&place);
        assert!(!is_well || held(clouds, &prefix, &origin) != wanted, "{part} → {other}: {printed}");
    }
}

fn script(clouds: &Clouds) {
    let run_origin = clouds.two.make_image("run-img");
    let run = Place::new("shell-run", clouds).with_image().program(&program("run"));
    run.runs();

    let origin = clouds.two.make_image("sh-img");
    let place = built(clouds, "shell", "sh");
    let script = || {
        let (is_well, printed) = ran(&place);
        assert!(is_well, "{printed}");
        printed
    };
    let first = script();
    assert_eq!(held(clouds, "sh", &origin), held(clouds, "run", &run_origin), "{first}");
    let server = clouds.one.server("sh-vm");
    let images = (clouds.one.image("sh-base"), clouds.two.image("sh-base"));
    let second = script();
    assert!(!second.contains("created"), "{second}");
    assert_eq!(clouds.one.server("sh-vm")["id"], server["id"]);
    assert_eq!((clouds.one.image("sh-base"), clouds.two.image("sh-base")), images);
    for cloud in [&clouds.one, &clouds.two] {
        assert!(!format!("{first}{second}").contains(&cloud.password), "a password is printed");
    }
}
