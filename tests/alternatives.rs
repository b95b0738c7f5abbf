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

/// A group has one scope and one choice; a part of a `%` its share.
#[test]
fn a_group_and_a_part_are_told_of() {
    let folder = binary::folder("why-group");
    let meter = r#"
        type meter {
            name: string identity immutable
            count: int = 0
            head: string?
            cross by sum(count, link: head)
            operation read GET "/meters/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/meters/${name}" { body: { count: count, head: head }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/meters/${name}" { 204 -> gone }
        }
        type berth {"#;
    let program = PROGRAM.replacen("\n        type berth {", meter, 1);
    let (driver, rest) = program.split_once("entry nantes").expect("it has an entry");
    let main = format!(
        "import \"./harbour.scope\"\nimport \"./pier.scope\" as pier\nentry nantes{rest}\
         resource east: pier scope {{ paris | lille }}\n\
         resource west for n in [\"a\", \"b\"]: pier {{ name: n }} scope {{ nantes }}\n\
         resource hits: harbour.meter {{ name: \"hits\", count: 9 }} scope {{ nantes % paris, prime: paris }}\n"
    );
    let pier = "import \"./harbour.scope\"\nparam name: string = \"east\"\n\
        resource dock: harbour.berth { name: name }\nresource boat: harbour.ship { name: name, home: dock }\n";
    for (name, text) in [("main.scope", main.as_str()), ("pier.scope", pier), ("harbour.scope", driver)] {
        std::fs::write(folder.join(name), text).expect("written");
    }
    let why = |words: &[&str], code: i32| {
        let ran = binary::scope(
            &folder,
            &[&["why"], words, &["--program", "main.scope", "--simulate"]].concat(),
            &[],
        );
        assert_eq!(ran.code, code, "{}", ran.all());
        ran.stdout + &ran.stderr
    };
    let group = why(&["east"], 0);
    assert!(group.starts_with("east   group   main.scope:9   { paris | lille }\n"), "{group}");
    assert!(
        group.contains("choice     alternative 2 of 2 for `east`: `lille`; nothing is recorded, so the first that can is taken\n  members    east.dock, east.boat\n"),
        "{group}"
    );
    assert!(group.contains("nantes\n  not here   the scope puts it at paris | lille\n"), "{group}");
    let at_site = why(&["east", "paris"], 0);
    assert!(at_site.contains("alternative 1 of 2") && !at_site.contains("\nlille\n"), "{at_site}");
    assert!(why(&["west[\"a\"]"], 0).contains("members    west[\"a\"].dock, west[\"a\"].boat\n"));
    assert!(why(&["west"], 3).contains("is a family: each of its elements has its own reasons"));
    let part = why(&["hits"], 0);
    for words in [
        "part       the prime: made first, it has the identity of the whole; nantes count 5 % paris (prime) count 4",
        "part       made after the prime, at paris; nantes count 5 % paris (prime) count 4",
    ] {
        assert!(part.contains(words), "{part}");
    }
}
