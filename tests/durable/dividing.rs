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

/// Parts that name their prime, of a type that `UPDATE` changes, or nothing does.
const LINKED: &str = r#"
driver cellar {
    site { url: string }
    service cellar {
        address: site.url
        answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }
        type jar {
            name: string identity immutable
            size: int = 0 read(body.text.size)
            head: string? read(body.text.head)
            share by none because "a jar stays where it is"
            cross by sum(size, link: head)
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/notes/${name}" { body: { name: name, text: { size: size, head: head } }, repeat by name, 200 | 201 -> done }
            UPDATE
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
            create by write
        }
    }
}
"#;

fn write_linked(desks: &Desks, folder: &std::path::Path, update: &str, scope: &str) {
    let text = format!(
        "{}site nantes {{ cellar: {{ url: \"{}\" }} }}\nsite paris {{ cellar: {{ url: \"{}\" }} }}\nentry nantes\n\
         resource jam: cellar.jar {{ name: \"jam\", size: 6 }} scope {scope}\n",
        LINKED.replace("UPDATE", update),
        desks.nantes.url,
        desks.paris.url
    );
    std::fs::write(folder.join("main.scope"), text).expect("writable");
}

#[test]
fn a_new_prime_names_no_other_one_any_more() {
    let desks = Desks::start();
    let folder = binary::folder("dividing-prime");
    let update = "operation update PUT \"/notes/${name}\" { body: { name: name, text: { size: size, head: head } }, 200 -> done }";
    let head = |desk: &super::desk::Desk| desk.held()["notes"]["jam"]["head"].clone();
    write_linked(&desks, &folder, update, "{ nantes % paris, prime: paris }");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!((head(&desks.nantes), head(&desks.paris)), (json!("jam"), json!(null)));
    write_linked(&desks, &folder, update, "{ nantes % paris, prime: nantes }");
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains("head \"jam\" -> null") && plan.contains("2 to change"), "{plan}");
    ends(&folder, &["run", "main.scope"], 0);
    assert_eq!((head(&desks.nantes), head(&desks.paris)), (json!(null), json!("jam")));
    assert!(ends(&folder, &["run", "main.scope"], 0).stdout.contains("nothing to do"));
}

#[test]
fn what_nothing_changes_is_not_divided_anew_in_part() {
    let desks = Desks::start();
    let folder = binary::folder("dividing-fixed");
    write_linked(&desks, &folder, "", "{ nantes % paris }");
    ends(&folder, &["run", "main.scope"], 0);
    let held = desks.held();
    write_linked(&desks, &folder, "", "{ nantes % paris } with { weights: { nantes: 2, paris: 1 } }");
    for command in ["plan", "run"] {
        let refused = ends(&folder, &[command, "main.scope"], 3);
        assert!(refused.stderr.contains("error[E0891]: `jam` would be divided anew"), "{}", refused.all());
    }
    assert_eq!(desks.held(), held);
    // What else cannot be changed is said before it is tried.
    desks.paris.change(|notes, _| notes.get_mut("jam").expect("it is there")["text"]["size"] = json!(7));
    write_linked(&desks, &folder, "", "{ nantes % paris }");
    let plan = ends(&folder, &["plan", "main.scope"], 0).stdout;
    assert!(plan.contains("1 would fail") && plan.contains("the driver has no way to change it"), "{plan}");
    let checked = ends(&folder, &["driver", "check", "main.scope"], 0);
    assert!(
        checked.stderr.contains("no operation of `cellar.jar` changes `size`, `head`")
            && checked.stderr.contains("note: `write` creates, and would update as well"),
        "{}",
        checked.all()
    );
    // What is drift of one part is no text that could be written.
    let by_hand = ends(&folder, &["drift", "main.scope", "--accept", "jam.size", "paris"], 0).all();
    assert!(
        by_hand.contains("main.scope:") && by_hand.contains("a part of `size` is not written"),
        "{by_hand}"
    );
}
