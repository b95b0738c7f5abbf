//! A `%` over two runs: shares are recorded, new weights divide anew, a site that is cut changes nobody's share.

use serde_json::json;

use super::desk::{Desks, ends};
use crate::support::binary;

const DRIVER: &str = r#"
driver cellar {
    site { url: string }
    service cellar {
        address: site.url
        answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }
        type jar {
            name: string identity immutable
            text: size = 0B
            share by none because "a jar stays where it is"
            cross by sum(text)
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/notes/${name}" { body: { name: name, text: text }, repeat by always, 200 | 201 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
            create by write
        }
    }
}
"#;

const GIB: u64 = 1 << 30;

fn write(desks: &Desks, folder: &std::path::Path, with: &str) {
    let text = format!(
        "{DRIVER}site nantes {{ cellar: {{ url: \"{}\" }} }}\nsite paris {{ cellar: {{ url: \"{}\" }} }}\nentry nantes\n\
         resource jam: cellar.jar {{ name: \"jam\", text: 3GiB }} scope {{ nantes % paris }} {with}\n",
        desks.nantes.url, desks.paris.url
    );
    std::fs::write(folder.join("main.scope"), text).expect("writable");
}

#[test]
fn new_weights_divide_anew_and_a_cut_does_not() {
    let desks = Desks::start();
    let folder = binary::folder("dividing");
    let shares = |nantes: u64, paris: u64| {
        assert_eq!(desks.nantes.held()["notes"], json!({ "jam": nantes }));
        assert_eq!(desks.paris.held()["notes"], json!({ "jam": paris }));
    };
    write(&desks, &folder, "");
    let first = "divided over sites in whole units, by weight; the prime first\n  jam: nantes (prime) text 1.5 GiB % paris text 1.5 GiB\n";
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains(first), "{plan}");
    ends(&folder, &["run", "main.scope"], 0);
    shares(3 * GIB / 2, 3 * GIB / 2);
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains("nothing to do") && !plan.contains("divided"), "{plan}");
    write(&desks, &folder, "with { weights: { nantes: 2, paris: 1 } }");
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains("text 1.5 GiB -> 2 GiB"), "{plan}");
    let anew = "divided anew\n  jam: nantes (prime, weight 2) text 1.5 GiB -> 2 GiB % paris (weight 1) text 1.5 GiB -> 1 GiB\n";
    assert!(plan.contains(anew), "{plan}");
    // A site that does not answer keeps its share, and so does the other one.
    desks.paris.set_down(true);
    ends(&folder, &["run", "main.scope"], 4);
    shares(2 * GIB, 3 * GIB / 2);
    let plan = ends(&folder, &["plan", "main.scope", "--offline"], 0).stdout;
    assert!(
        plan.contains("nantes (prime, weight 2) text 2 GiB % paris (weight 1) text 1.5 GiB -> 1 GiB"),
        "{plan}"
    );
    desks.paris.set_down(false);
    ends(&folder, &["run", "main.scope"], 0);
    shares(2 * GIB, GIB);
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
}
