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
