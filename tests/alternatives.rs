//! What has alternatives, as `scope why` tells it and as a script leaves it: where it may end, and the guards of each alternative.

use crate::support::binary;

/// A ship at one site, in a berth that ends at one of two.
const PROGRAM: &str = r#"
driver harbour {
    versions: "1".."2"
    site { url: string }
    service quay {
        address: site.url
        type berth {
            name: string identity immutable
            guards: list<string>?
            share by place
            guard in guards
            operation read GET "/berths/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/berths/${name}" { body: { name: name }, repeat by always, 200 -> done(body) }
            operation update PATCH "/berths/${name}" { body: { guards: guards }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/berths/${name}" { 204 -> gone }
        }
    }
    service fleet {
        uses: [quay]
        address: site.url
        type ship {
            name: string identity immutable
            home: berth relies
            operation read GET "/ships/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/ships/${name}" { body: { home: home.name }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/ships/${name}" { 204 -> gone }
        }
    }
}
entry nantes
site nantes { harbour: { url: "https://nantes.example" } }
site paris { harbour: { url: "https://paris.example" } }
site lille { harbour: { url: "https://lille.example" } }
resource north: harbour.berth { name: "north" } scope { quay: paris | lille }
resource belem: harbour.ship { name: "belem", home: north } scope { fleet: nantes }
"#;

#[test]
fn guards_of_alternatives_are_listed() {
    let folder = binary::folder("why-alternatives");
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("written");
    let why = |name: &str, format: &str| {
        let ran = binary::scope(
            &folder,
            &["why", name, "--program", "main.scope", "--simulate", "--format", format],
            &[],
        );
        assert_eq!(ran.code, 0, "{}", ran.all());
        ran.stdout
    };
    let user = why("belem", "rich");
    assert!(user.contains("needs      north, wherever it ends: paris, else lille\n"), "{user}");
    for site in ["paris", "lille"] {
        let guard = format!(
            "guard      berth north at {site} is guarded from deletion before this is made, if it is the one taken\n"
        );
        assert!(user.contains(&guard), "{user}");
    }
    let own = why("north", "rich");
    let guard = "guard      guarded from deletion before belem at nantes is made, if this is the one taken\n";
    assert!(own.contains(guard), "{own}");
    assert!(!own.contains("needs"), "a guard needs nothing of its own: {own}");
    let told: serde_json::Value = serde_json::from_str(&why("belem", "json")).expect("JSON");
    let reasons = told["sites"][0]["reasons"].as_array().expect("reasons");
    assert_eq!(reasons.iter().filter(|reason| reason["about"] == "guard").count(), 2, "{told}");
}

#[test]
fn a_copy_names_its_origins_and_a_radius_what_it_is_compared_with() {
    let folder = binary::folder("why-radius");
    let program = r#"import openstack
entry nantes
site nantes { openstack: { cloud: "nantes" }, simulate: { openstack: { image: [{ name: "debian" }], flavor: [{ name: "m1" }] } } }
site paris { openstack: { cloud: "paris" } }
site lille { openstack: { cloud: "lille" } }
link nantes -- paris { rtt: 80ms }
resource near: openstack.network { name: "near" } scope { network: around(nantes, 50ms) }
resource vm: openstack.server { name: "vm", flavor: "m1", image: "debian" } scope { compute: paris, image: nantes }
"#;
    std::fs::write(folder.join("main.scope"), program).expect("written");
    let why = |name: &str| {
        let ran = binary::scope(&folder, &["why", name, "--program", "main.scope", "--simulate"], &[]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        ran.stdout
    };
    let near = why("near");
    let paris =
        "not here   the scope puts it at nantes: `around(nantes, 50ms)`; declared: nantes -- paris 80 ms\n";
    let lille = "`around(nantes, 50ms)`, and no link of lille is declared: it is in no radius\n";
    assert!(near.contains(paris) && near.contains(lille), "{near}");
    let copy = why("image:debian");
    assert!(copy.contains("copy       brought here from nantes\n"), "{copy}");
}

#[test]
fn a_script_says_which_guards_it_leaves_out() {
    let folder = binary::folder("alternatives-script");
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("written");
    let ran = binary::scope(&folder, &["build", "main.scope", "--target", "shell", "--out", "out"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let script = std::fs::read_to_string(folder.join("out/main.sh")).expect("written");
    for site in ["paris", "lille"] {
        let said = format!("no guard is left on north at {site}, for belem at nantes");
        assert!(script.contains(&format!("#   - {said}")), "{script}");
        assert!(ran.stderr.replace('\n', " ").contains(&said), "{}", ran.all());
    }
}
