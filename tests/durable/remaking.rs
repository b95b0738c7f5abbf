//! What is made anew because what it is made from was: around every request of the run there is one, and in the end only the
//! new one, by the program of the reference.

use serde_json::{Value, json};

use super::desk::{self, Desks, When, ends};
use super::town::Town;
use crate::support::markdown::sections;
use crate::support::{binary, root};

/// The program of the reference, its net to be made anew.
fn program(range: &str) -> String {
    let page = std::fs::read_to_string(root().join("tests/spec/86-made-anew.md")).expect("it is there");
    let sections = sections(&page);
    let mut fences = sections.iter().flat_map(|section| &section.fences);
    let main = fences.find(|fence| fence.path.as_deref() == Some("main.scope")).expect("it has a program");
    let net = r#"title: "lan" } scope { nantes }"#;
    assert!(main.text.contains(net), "its net is another one");
    main.text.replace(
        net,
        &format!(r#"title: "lan", range: "{range}" }} scope {{ nantes }} with {{ replace: anew }}"#),
    )
}

/// How many cards there are of a title.
fn n_of(held: &Value, title: &str) -> usize {
    let cards = held["nantes"]["cards"].as_array().expect("a list");
    cards.iter().filter(|card| *card == title).count()
}

#[test]
fn killed_around_any_request_there_is_always_one_and_then_only_the_new_one() {
    let mut n_killed = 0;
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = binary::folder(&format!("remade-{moment:?}-{number}"));
            let write = |range: &str| {
                std::fs::write(folder.join("main.scope"), desks.local(&program(range))).expect("writable");
            };
            write("10.0.0.0/24");
            ends(&folder, &["run", "main.scope"], 0);
            write("10.1.0.0/24");
            if !super::killing::killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            let what = format!("{moment:?} {number}");
            let held = desks.held();
            assert!(n_of(&held, "lan") > 0 && n_of(&held, "web") > 0, "{what}: {held}");
            let resumed = desk::scope(&folder, &["resume"]);
            assert_eq!(resumed.code, 0, "{what}: {}", resumed.all());
            let again = desk::scope(&folder, &["run", "main.scope"]);
            assert!(again.stdout.contains("nothing to do"), "{what}: {}", again.all());
            assert_eq!(desks.held()["nantes"]["cards"], json!(["lan", "web"]), "{what}");
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    println!("killed {n_killed} times; always one, and in the end only the new one");
    assert!(n_killed > 30, "{n_killed}");
}

#[test]
fn turned_back_wherever_it_was_killed_the_old_one_is_taken_back() {
    let (mut n_killed, mut n_back) = (0, 0);
    for moment in [When::Before, When::After] {
        for number in 1.. {
            let desks = Desks::start();
            let folder = binary::folder(&format!("turned-back-{moment:?}-{number}"));
            let write = |text: &str| {
                std::fs::write(folder.join("main.scope"), desks.local(text)).expect("writable");
            };
            let first = program("10.0.0.0/24");
            write(&first);
            ends(&folder, &["run", "main.scope"], 0);
            write(&program("10.1.0.0/24"));
            if !super::killing::killed(&desks, &folder, moment, number) {
                break;
            }
            n_killed += 1;
            let what = format!("{moment:?} {number}");
            // As a person turns it back: what was written for the change goes, too.
            write(&first.replace(" with { replace: anew }", ""));
            let has_first = || {
                let mut is_there = false;
                desks.nantes.change(|_, cards| is_there = cards.contains_key("c1"));
                is_there
            };
            let is_there = has_first();
            let planned = desk::scope(&folder, &["plan", "main.scope"]).all();
            let turned = desk::scope(&folder, &["run", "main.scope"]);
            if is_there {
                assert_eq!(turned.code, 0, "{what}: {}", turned.all());
                let is_back = turned.all().contains("`c1` takes its place again");
                let is_told = planned.contains("c1, whose place it took, takes its place again");
                assert_eq!(is_back, is_told, "{what}: {planned}{}", turned.all());
                n_back += usize::from(is_back);
                assert!(has_first(), "{what}: {}", turned.all());
            } else {
                // It is gone, so that another one has to be made: the program has to say so once more.
                assert!(turned.code == 1 && turned.stderr.contains("E0905"), "{what}: {}", turned.all());
                write(&first);
                ends(&folder, &["run", "main.scope"], 0);
            }
            let again = desk::scope(&folder, &["run", "main.scope"]);
            assert!(again.stdout.contains("nothing to do"), "{what}: {}", again.all());
            assert_eq!(desks.held()["nantes"]["cards"], json!(["lan", "web"]), "{what}");
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    println!("killed {n_killed} times, and turned back; the net was taken back {n_back} times");
    assert!(n_killed > 30 && n_back > 10, "{n_killed} {n_back}");
}

/// A service that keeps posters, each with its content, and frames that show one.
const POSTERS: &str = r#"
driver shop {
    site { url: string }
    service shop {
        address: site.url
        probe GET "/" { 200..499 -> done("answers") }
        answers { 404 -> not_found, 400..499 -> invalid(text), 500..599 -> unavailable(text) }
        type poster {
            id: string identity computed
            name: string
            picture: bytes write_only immutable
            remark: string = ""
            checksum: string? computed
            status: string computed
            named by name
            mark in remark
            share by copy(keep: [name, picture], same: checksum)
            cross by none because "a poster has no parts"
            ready when status == "active" within 10s every 50ms
            operation find GET "/image/v2/images" { query: { name: name }, 200 -> list(body.images) }
            operation read GET "/image/v2/images/${id}" { 200 -> found(body), 404 -> not_found }
            operation create POST "/image/v2/images" { body: { name: name, remark: remark }, repeat by mark, 201 -> done(body) }
            operation upload PUT "/image/v2/images/${id}/file" after create { body: picture, 204 -> done }
            operation download GET "/image/v2/images/${id}/file" { 200 -> content }
            operation delete DELETE "/image/v2/images/${id}" { 204 | 404 -> gone }
        }
    }
    service wall {
        uses: [shop]
        address: site.url
        probe GET "/" { 200..499 -> done("answers") }
        answers { 404 -> not_found, 400..499 -> invalid(text), 500..599 -> unavailable(text) }
        type frame {
            name: string identity immutable
            poster: shop.poster requires
            share by none because "a frame stays"
            cross by none because "a frame has no parts"
            operation read GET "/frames/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/frames/${name}" { body: { name: name, poster: poster.id }, repeat by name, 200 | 201 -> done(body) }
            operation update PUT "/frames/${name}" { body: { name: name, poster: poster.id }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/frames/${name}" { 204 | 404 -> gone }
        }
    }
}
"#;

#[test]
fn a_copy_is_made_anew_with_its_origin_and_what_shows_it_follows() {
    let (town, folder) = (Town::start(), binary::folder("copies-anew"));
    std::fs::write(folder.join("shop.scope"), POSTERS).expect("writable");
    let url = &town.url;
    let text = format!(
        r#"import "./shop.scope"
site alba {{ shop: {{ url: "{url}/alba" }} }}
site cove {{ shop: {{ url: "{url}/cove" }} }}
entry alba
resource show: shop.poster {{ name: "show", picture: file("show.png") }} scope {{ cove }} with {{ replace: anew }}
resource near: shop.frame {{ name: "near", poster: show }} scope {{ cove }}
resource far: shop.frame {{ name: "far", poster: show }} scope {{ wall: alba, shop: cove }}
"#
    );
    std::fs::write(folder.join("main.scope"), text).expect("writable");
    let shown = || {
        let mut shown = Vec::new();
        town.change(|things| {
            for (site, frame) in [("alba", "far"), ("cove", "near")] {
                let poster =
                    things[&format!("/{site}/frames/{frame}")]["poster"].as_str().unwrap_or_default();
                let poster = &things[&format!("/{site}/image/v2/images/{poster}")];
                shown.push(poster["size"].as_u64().expect("it shows one that is there"));
            }
            assert_eq!(things.keys().filter(|path| path.contains("/images/")).count(), 2, "{things:?}");
        });
        shown
    };
    for (picture, n_changes) in [("a picture", 0), ("a new picture", 4), ("the last picture of all", 4)] {
        std::fs::write(folder.join("show.png"), picture).expect("writable");
        let planned = desk::scope(&folder, &["plan", "main.scope"]);
        assert!(
            n_changes == 0 || planned.stdout.contains(&format!("{n_changes} to change")),
            "{}",
            planned.all()
        );
        ends(&folder, &["run", "main.scope"], 0);
        assert_eq!(shown(), [picture.len() as u64; 2], "{picture}");
        let again = desk::scope(&folder, &["run", "main.scope"]);
        assert!(again.stdout.contains("nothing to do"), "{}", again.all());
    }
}
