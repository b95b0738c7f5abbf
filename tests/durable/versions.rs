//! Sites of two versions: a default of what a site does not know is not sent to it.

use serde_json::json;

use super::desk::{Desks, ends};

const DRIVER: &str = r#"
driver pads {
    versions: "1".."2"
    site { url: string, version: string? }
    service pads {
        address: site.url
        type pad {
            name: string identity
            text: string = "lined" since("2")
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/notes/${name}" { body: { name: name, text: text }, repeat by id, 200 | 201 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
        }
    }
}
entry nantes
resource a: pads.pad { name: "a" } scope { nantes & paris }
"#;

#[test]
fn a_default_goes_only_to_a_site_that_knows_it() {
    let desks = Desks::start();
    let folder = desks.place("versions", "");
    let site = |name: &str, url: &str, version: u8| {
        format!("site {name} {{ pads: {{ url: \"{url}\", version: \"{version}\" }} }}\n")
    };
    let sites = [site("nantes", &desks.nantes.url, 1), site("paris", &desks.paris.url, 2)].concat();
    std::fs::write(folder.join("main.scope"), format!("{DRIVER}{sites}")).expect("writable");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!(desks.nantes.held()["notes"], json!({ "a": null }));
    assert_eq!(desks.paris.held()["notes"], json!({ "a": "lined" }));
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
}
