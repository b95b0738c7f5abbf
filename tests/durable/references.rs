//! References as services tell them: by an identity alone, within a record, or as nothing.

use serde_json::{Value, json};

use super::desk::{self, ends};
use super::town::Town;
use crate::support::binary;

/// A hotel's rooms, each with a plan of its rates, and the keys to them. What is not said in a `PUT` is no more.
const DRIVER: &str = r#"
fn given(fields: any) = { for name, value in fields if value != null => name: value }

driver hotel {
    site { url: string }
    service desk {
        address: site.url
        probe GET "/" { 200..499 -> done("answers") }
        answers { 404 -> not_found, 400..499 -> invalid(text), 500..599 -> unavailable(text) }

        type tariff {
            name: string identity immutable
            note: string = ""
            mark in note
            guard in note
            share by none because "a tariff stays"
            cross by none because "a tariff has no parts"
            operation read GET "/tariffs/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/tariffs/${name}" { body: { name: name, note: note }, repeat by name, 200 | 201 -> done(body) }
            operation update PUT "/tariffs/${name}" { body: { name: name, note: note }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/tariffs/${name}" { 204 | 404 -> gone }
        }
        type room {
            name: string identity immutable
            rate: tariff? relies
            spare: tariff? relies read(if body.spare == null or body.spare == "" then null else { name: body.spare })
            main: { tariff: tariff?, beds: int }?
            note: string = ""
            mark in note
            guard in note
            share by none because "a room stays"
            cross by none because "a room has no parts"
            operation read GET "/rooms/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/rooms/${name}" {
                body: given({ name: name, rate: rate.name, spare: spare.name, main: if main == null then null else given({ tariff: main.tariff.name, beds: main.beds }), note: note })
                repeat by name
                200 | 201 -> done(body)
            }
            operation update PUT "/rooms/${name}" {
                body: given({ name: name, rate: rate.name, spare: spare.name, main: if main == null then null else given({ tariff: main.tariff.name, beds: main.beds }), note: note })
                repeat by always
                200 -> done(body)
            }
            operation delete DELETE "/rooms/${name}" { 204 | 404 -> gone }
        }
        type key {
            name: string identity immutable
            room: room relies
            share by none because "a key stays"
            cross by none because "a key has no parts"
            operation read GET "/keys/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/keys/${name}" { body: { name: name, room: room.name }, repeat by name, 200 | 201 -> done(body) }
            operation update PUT "/keys/${name}" { body: { name: name, room: room.name }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/keys/${name}" { 204 | 404 -> gone }
        }
    }
}
"#;

struct Hotel {
    town: Town,
    folder: std::path::PathBuf,
}

impl Hotel {
    fn new(name: &str) -> Hotel {
        let (town, folder) = (Town::start(), binary::folder(name));
        std::fs::write(folder.join("hotel.scope"), DRIVER).expect("writable");
        Hotel { town, folder }
    }

    fn write(&self, resources: &str) {
        let url = &self.town.url;
        let head = "import \"./hotel.scope\"\n";
        let text =
            format!("{head}site bern {{ hotel: {{ url: \"{url}/bern\" }} }}\nentry bern\n{resources}\n");
        std::fs::write(self.folder.join("main.scope"), text).expect("writable");
    }

    fn room(&self) -> Value {
        let mut room = Value::Null;
        self.town.change(|things| room = things["/bern/rooms/12"].clone());
        room
    }

    /// Somebody else sets an attribute of the room.
    fn set(&self, attribute: &str, value: Value) {
        self.town.change(|things| things.get_mut("/bern/rooms/12").expect("it is there")[attribute] = value);
    }

    fn runs(&self) {
        ends(&self.folder, &["run", "main.scope"], 0);
        let again = desk::scope(&self.folder, &["run", "main.scope"]);
        assert!(again.stdout.contains("nothing to do"), "{}", again.all());
    }
}

const TARIFF: &str = r#"resource low: hotel.tariff { name: "low" } scope { bern }"#;

#[test]
fn one_that_is_told_to_be_nothing_is_set_and_its_loss_is_drift() {
    for (attribute, nothing) in [("rate", Value::Null), ("spare", Value::Null), ("spare", json!(""))] {
        let hotel = Hotel::new(&format!("nothing-{attribute}-{}", nothing.is_null()));
        let room =
            |of: &str| format!("{TARIFF}\nresource room: hotel.room {{ name: \"12\"{of} }} scope {{ bern }}");
        hotel.write(&room(""));
        hotel.runs();
        hotel.set(attribute, nothing.clone());
        hotel.write(&room(&format!(", {attribute}: low")));
        let planned = ends(&hotel.folder, &["plan", "main.scope"], 0).stdout;
        let words: Vec<&str> = planned.split_whitespace().collect();
        let is_told = words.windows(2).any(|words| words == ["room", attribute]);
        assert!(is_told && planned.contains("-> \"low\""), "{planned}");
        hotel.runs();
        assert_eq!(hotel.room()[attribute], "low", "it is set");
        hotel.set(attribute, nothing);
        let drift = ends(&hotel.folder, &["drift", "main.scope"], 2).stdout;
        assert!(drift.contains(attribute), "{drift}");
        hotel.runs();
        assert_eq!(hotel.room()[attribute], "low", "it is set back");
    }
}

/// The one that a record is silent about may be there all the same.
#[test]
fn one_that_is_not_told_is_left_as_it_was_set() {
    let hotel = Hotel::new("not-told");
    hotel.write(&format!(
        "{TARIFF}\nresource room: hotel.room {{ name: \"12\", rate: low, spare: low }} scope {{ bern }}"
    ));
    hotel.runs();
    hotel.town.change(|things| {
        let room = things.get_mut("/bern/rooms/12").and_then(Value::as_object_mut).expect("it is there");
        room.retain(|name, _| name != "rate" && name != "spare");
    });
    let drift = ends(&hotel.folder, &["drift", "main.scope"], 0).stdout;
    assert!(drift.contains("no drift"), "{drift}");
}

#[test]
fn one_that_is_told_as_a_text_stays_where_a_guard_is_written() {
    let hotel = Hotel::new("told-as-a-text");
    let all = format!(
        "{TARIFF}\nresource room: hotel.room {{ name: \"12\", rate: low }} scope {{ bern }}\nresource key: hotel.key {{ name: \"k\", room: room }} scope {{ bern }}"
    );
    hotel.write(&all);
    hotel.runs();
    let room = hotel.room();
    assert_eq!(room["rate"], "low", "the guard leaves it: {room}");
    assert!(room["note"].as_str().is_some_and(|note| note.contains("scope-used")), "{room}");
}

#[test]
fn one_in_a_record_stays_where_a_guard_is_written() {
    let hotel = Hotel::new("told-in-a-record");
    let room = format!("{TARIFF}\nresource room: hotel.room {{ name: \"12\" }} scope {{ bern }}");
    hotel.write(&room);
    hotel.runs();
    hotel.set("main", json!({ "tariff": "low", "beds": 2 }));
    hotel.write(&format!("{room}\nresource key: hotel.key {{ name: \"k\", room: room }} scope {{ bern }}"));
    hotel.runs();
    assert_eq!(hotel.room()["main"], json!({ "tariff": "low", "beds": 2 }));
}

/// Left out of the program it is left as it is, and relied upon; `null` takes it off, and only then what it was may go.
#[test]
fn one_that_was_left_out_is_taken_off_by_null() {
    let hotel = Hotel::new("left-out");
    let room = |of: &str| format!("resource room: hotel.room {{ name: \"12\"{of} }} scope {{ bern }}");
    hotel.write(&format!("{TARIFF}\n{}", room(", rate: low")));
    hotel.runs();
    hotel.write(&room(""));
    let refused = ends(&hotel.folder, &["run", "main.scope"], 1);
    assert!(refused.all().contains("E0930"), "{}", refused.all());
    hotel.write(&room(", rate: null"));
    hotel.runs();
    assert!(hotel.room()["rate"].is_null(), "{}", hotel.room());
    hotel.town.change(|things| assert!(!things.contains_key("/bern/tariffs/low"), "{things:?}"));
}
