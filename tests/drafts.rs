//! `scope driver import --driver`: a description of a REST service becomes the draft of a driver, which is checked, and run
//! against a server that keeps to the description.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use crate::support::binary;

const DESCRIPTION: &str = r##"openapi: 3.0.3
info: { title: House, version: "2.1" }
servers: [{ url: "https://house.example/api" }]
paths:
  /lamps:
    get:
      parameters: [{ in: query, name: name, schema: { type: string } }]
      responses:
        "200": { content: { application/json: { schema: { type: object, properties: { lamps: { type: array, items: { $ref: "#/components/schemas/Lamp" } }, total: { type: integer }, next: { type: string, nullable: true } } } } } }
    post:
      requestBody: { $ref: "#/components/requestBodies/NewLamp" }
      responses:
        "201": { content: { application/json: { schema: { $ref: "#/components/schemas/Lamp" } } } }
  /lamps/{lampId}:
    get:
      summary: A lamp of the house.
      responses:
        "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Lamp" } } } }
    patch:
      requestBody: { content: { application/json: { schema: { type: object, properties: { colour: { $ref: "#/components/schemas/Colour" }, level: { type: integer }, in: { type: string } } } } } }
      responses: { "200": { description: changed } }
    delete: { responses: { "204": { description: gone } } }
  /lamps/{lampId}/blink:
    post:
      summary: Lets it blink.
      requestBody: { content: { application/json: { schema: { type: object, required: [times], properties: { times: { type: integer, minimum: 1, maximum: 9 } } } } } }
      responses: { "202": { description: it blinks } }
  /rooms/{name}:
    get:
      responses:
        "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Room" } } } }
    put:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Room" } } } }
      responses: { "200": { description: changed }, "201": { description: made } }
    delete: { responses: { "204": { description: gone } } }
  /rooms/{name}/chairs:
    get:
      responses:
        "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Chair" } } } } }
    post:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Chair" } } } }
      responses:
        "201": { content: { application/json: { schema: { $ref: "#/components/schemas/Chair" } } } }
  /rooms/{name}/chairs/{id}:
    get:
      responses:
        "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Chair" } } } }
    delete: { responses: { "204": { description: gone } } }
  /net/pools/{pool-name}:
    parameters:
      - { name: pool-name, in: path, required: true, schema: { type: string, pattern: "^[a-z]" }, description: What it is called. }
    get:
      responses:
        "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Pool" } } } }
    put:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Pool" } } } }
      responses: { "200": { description: changed }, "201": { description: made } }
    delete: { responses: { "204": { description: gone } } }
components:
  requestBodies:
    NewLamp: { content: { application/json: { schema: { $ref: "#/components/schemas/Lamp" } } } }
  securitySchemes:
    key: { type: http, scheme: bearer }
  schemas:
    Colour: { type: string, enum: [red, blue] }
    Lamp:
      type: object
      required: [name]
      properties:
        id: { type: string, readOnly: true }
        name: { type: string, description: What it is called. }
        colour: { $ref: "#/components/schemas/Colour" }
        level: { type: integer, minimum: 0, maximum: 100 }
        in: { type: string, description: Where it hangs. }
        pin: { type: string, format: password, writeOnly: true }
        hours: { type: integer, readOnly: true, description: How long it was lit. }
    Chair:
      type: object
      required: [legs]
      properties:
        id: { type: string, readOnly: true }
        legs: { type: integer }
    Pool:
      type: object
      properties:
        bits: { type: integer, minimum: 0, maximum: 18446744073709551615 }
        owner: { type: string, format: email }
    Room:
      type: object
      properties:
        name: { type: string }
        size: { type: number }
        for: { type: string }
        door-no: { type: integer }
        door_no: { type: integer }
        no-1: { type: integer }
"##;

const PROGRAM: &str = r#"import "./house.scope"
site nantes { house: { url: env("HOUSE"), token: secret("HOUSE_TOKEN") } }
entry nantes
resource door: house.lamp { name: "door", colour: "red", level: 40, in_: "hall" } scope { nantes }
resource hall: house.room { name: "hall", size: 12.5, for_: "guests", no_1: 3 } scope { nantes }
resource seat: house.chair { room: hall, legs: 4 } scope { nantes }
resource pool: house.pool { pool_name: "p1", bits: 4, owner: "a@b.example" } scope { nantes }
output door = door.id
"#;

#[derive(Default)]
struct House {
    things: BTreeMap<String, Map<String, Value>>,
    log: Vec<String>,
}

/// What the description says, for lamps and rooms.
fn serve(stream: TcpStream, house: &Mutex<House>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (mut length, mut is_known) = (0, false);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let header = header.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            is_known |= header == "authorization: bearer planted-token";
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let (status, answer) = if is_known {
            answer(&mut *house.lock().ok()?, &method, &target, body)
        } else {
            (401, Value::Null)
        };
        let text = if answer.is_null() { String::new() } else { answer.to_string() };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        let head = if status == 204 { "HTTP/1.1 204 X\r\n\r\n".to_owned() } else { head };
        stream.write_all(format!("{head}{text}").as_bytes()).ok()?;
    }
}

fn answer(house: &mut House, method: &str, target: &str, body: Value) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    house.log.push(format!("{method} {target} {body}"));
    match (method, path.trim_start_matches("/api/").split('/').collect::<Vec<_>>().as_slice()) {
        ("GET", ["lamps"]) => {
            let wanted = query.strip_prefix("name=");
            let lamps = house.things.iter().filter(|(path, _)| path.starts_with("lamps/"));
            let lamps = lamps.filter(|(_, lamp)| wanted.is_none_or(|wanted| lamp["name"] == *wanted));
            let lamps: Vec<Value> = lamps.map(|(_, lamp)| Value::Object(lamp.clone())).collect();
            // The first page has none of them.
            (
                200,
                json!({ "total": lamps.len(), "lamps": [], "next": format!("/pages/2?{query}"), "after": lamps }),
            )
        }
        ("GET", ["pages", "2"]) => {
            let (_, Value::Object(mut page)) =
                answer(house, "GET", &target.replace("pages/2", "lamps"), Value::Null)
            else {
                return (500, Value::Null);
            };
            let lamps = page.remove("after");
            (200, json!({ "lamps": lamps, "next": null }))
        }
        ("GET", ["rooms", room, "chairs"]) => {
            let below = format!("chairs/{room}/");
            let chairs = house.things.iter().filter(|(path, _)| path.starts_with(&below));
            (200, chairs.map(|(_, chair)| Value::Object(chair.clone())).collect())
        }
        ("POST", ["rooms", room, "chairs"]) if house.things.contains_key(&format!("rooms/{room}")) => {
            let Value::Object(mut chair) = body else { return (400, Value::Null) };
            chair.insert("id".into(), json!("c-1"));
            house.things.insert(format!("chairs/{room}/c-1"), chair.clone());
            (201, Value::Object(chair))
        }
        (method, ["rooms", room, "chairs", chair]) => {
            let path = format!("chairs/{room}/{chair}");
            match (method, house.things.get(&path).cloned()) {
                (_, None) => (404, Value::Null),
                ("DELETE", Some(_)) => {
                    house.things.remove(&path);
                    (204, Value::Null)
                }
                (_, Some(chair)) => (200, Value::Object(chair)),
            }
        }
        ("POST", ["lamps", name, "blink"]) if house.things.contains_key(&format!("lamps/{name}")) => {
            (202, Value::Null)
        }
        ("POST", ["lamps"]) => {
            let Value::Object(mut lamp) = body else { return (400, Value::Null) };
            if lamp.contains_key("id") || lamp.contains_key("hours") {
                return (400, json!("read only"));
            }
            lamp.insert("id".into(), json!("l-1"));
            lamp.insert("hours".into(), json!(0));
            house.things.insert("lamps/l-1".into(), lamp.clone());
            (201, Value::Object(lamp))
        }
        (method, ["net", "pools", name]) => {
            let path = format!("pools/{name}");
            match (method, house.things.get(&path).cloned(), body) {
                ("PUT", before, Value::Object(pool)) => {
                    house.things.insert(path, pool);
                    (if before.is_some() { 200 } else { 201 }, Value::Null)
                }
                ("GET", Some(pool), _) => (200, Value::Object(pool)),
                ("DELETE", Some(_), _) => {
                    house.things.remove(&path);
                    (204, Value::Null)
                }
                _ => (404, Value::Null),
            }
        }
        ("PUT", ["rooms", name]) => {
            let Value::Object(mut room) = body else { return (400, Value::Null) };
            room.insert("name".into(), json!(name));
            let before = house.things.insert(format!("rooms/{name}"), room);
            (if before.is_some() { 200 } else { 201 }, Value::Null)
        }
        (method, [kind, name]) => {
            let path = format!("{kind}/{name}");
            let Some(thing) = house.things.get_mut(&path) else { return (404, Value::Null) };
            match (method, body) {
                ("GET", _) => (200, Value::Object(thing.clone())),
                ("PATCH", Value::Object(changes)) if !changes.contains_key("name") => {
                    thing.extend(changes);
                    (200, Value::Null)
                }
                ("DELETE", _) => {
                    house.things.remove(&path);
                    (204, Value::Null)
                }
                _ => (405, Value::Null),
            }
        }
        _ => (404, Value::Null),
    }
}

#[test]
fn a_description_becomes_a_driver_that_runs() {
    let house = Arc::new(Mutex::new(House::default()));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/api", listener.local_addr().expect("bound"));
    let served = Arc::clone(&house);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let house = Arc::clone(&served);
            std::thread::spawn(move || serve(stream, &house));
        }
    });
    let folder = binary::folder("drafts");
    std::fs::write(folder.join("house.yaml"), DESCRIPTION).expect("written");
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("written");
    let env = [("HOUSE", url.as_str()), ("HOUSE_TOKEN", "planted-token")];
    let scope = |args: &[&str]| binary::scope(&folder, args, &env);
    let run = |words: &str| {
        let ran = scope(&["run", "main.scope"]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert!(ran.all().contains(words), "{words}: {}", ran.all());
    };

    let ran = scope(&["driver", "import", "house.yaml", "--driver", "house", "--out", "house.scope"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    // One whose name another field has already is left to a person.
    assert!(ran.stderr.contains("of `room`, left out: `door-no`"), "{}", ran.all());
    let draft = std::fs::read_to_string(folder.join("house.scope")).expect("written");
    assert!(draft.contains("secret<string>?"), "a password is a secret: {draft}");
    insta::with_settings!({ description => DESCRIPTION, omit_expression => true }, {
        insta::assert_snapshot!("draft", draft);
    });
    let ran = scope(&["driver", "check", "house.scope", "--format", "short"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.all().contains("4 merge matrices: no error, but warnings"), "{}", ran.all());

    run("4 created");
    run("nothing to do: 4 of 4 as the program says");
    let thing = |path: &str| house.lock().expect("not poisoned").things.get(path).cloned().map(Value::Object);
    assert_eq!(
        thing("lamps/l-1"),
        Some(json!({ "id": "l-1", "name": "door", "colour": "red", "level": 40, "in": "hall", "hours": 0 }))
    );
    assert_eq!(
        thing("rooms/hall"),
        Some(json!({ "name": "hall", "size": 12.5, "for": "guests", "no-1": 3 }))
    );
    assert_eq!(thing("chairs/hall/c-1"), Some(json!({ "id": "c-1", "legs": 4 })));
    // Its name stands in its path only.
    assert_eq!(thing("pools/p1"), Some(json!({ "bits": 4, "owner": "a@b.example" })));

    let changed = PROGRAM
        .replace("level: 40", "level: 60")
        .replace("size: 12.5", "size: 13")
        .replace("bits: 4", "bits: 5");
    std::fs::write(folder.join("main.scope"), changed).expect("written");
    run("3 changed");
    assert_eq!(thing("pools/p1").expect("there")["bits"], 5);
    assert_eq!(thing("lamps/l-1").expect("there")["level"], 60);
    assert_eq!(thing("lamps/l-1").expect("there")["in"], "hall");
    assert_eq!(thing("rooms/hall").expect("there")["size"], json!(13.0));
    // On the second page of the list, and told what to do.
    let found = PROGRAM
        .replace("resource door", "existing door")
        .replace(r#", colour: "red", level: 40, in_: "hall""#, "")
        + "call blink: house.lamp.blink { id: door.id, times: 3 } scope { nantes }\n";
    std::fs::write(folder.join("found.scope"), found).expect("written");
    let ran = scope(&["run", "found.scope", "--only", "blink", "--state", "found"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let log = house.lock().expect("not poisoned").log.clone();
    assert!(log.iter().any(|line| line == r#"POST /api/lamps/l-1/blink {"times":3}"#), "{log:?}");
    // What the description bounds is checked before anything is sent.
    std::fs::write(folder.join("main.scope"), PROGRAM.replace("level: 40", "level: 140")).expect("written");
    let ran = scope(&["run", "main.scope"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    std::fs::write(folder.join("main.scope"), PROGRAM).expect("written");
    let ran = scope(&["destroy", "main.scope", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(house.lock().expect("not poisoned").things.is_empty(), "all is gone");
}

#[test]
fn a_description_of_no_resource_is_refused() {
    let folder = binary::folder("drafts-none");
    let description = "openapi: 3.0.3\ninfo: { title: Weather, version: \"1\" }\npaths:\n  /weather:\n    get: { responses: { \"200\": { description: ok } } }\n";
    std::fs::write(folder.join("weather.yaml"), description).expect("written");
    let ran = binary::scope(
        &folder,
        &["driver", "import", "weather.yaml", "--driver", "weather", "--format", "short"],
        &[],
    );
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(
        ran.stderr.contains("weather.yaml:3:1: error[E0418]: no path of this description is a resource"),
        "{}",
        ran.all()
    );
    let ran = binary::scope(&folder, &["driver", "import", "weather.yaml", "--driver", "7up"], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
}

/// What a service says of itself that a draft is not to lose: media types, keys in the body, headers, what 409 means.
const PLACES: &str = r##"openapi: 3.0.3
info: { title: Places, version: "1" }
components:
  schemas:
    Place: { type: object, required: [name], properties: { name: { type: string }, size: { type: integer } } }
    Sensor: { type: object, required: [serial], properties: { serial: { type: string }, unit: { type: string } } }
    Guest: { type: object, required: [name], properties: { id: { type: string, readOnly: true }, name: { type: string } } }
paths:
  /places/{name}:
    get: { responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Place" } } } } } }
    put:
      parameters: [{ in: header, name: X-Tenant, required: true, schema: { type: string } }]
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Place" } } } }
      responses: { "200": { description: made } }
    delete: { responses: { "204": { description: gone } } }
  /places/{name}/sensors:
    get: { responses: { "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Sensor" } } } } } } }
  /places/{name}/sensors/{serial}:
    get: { responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Sensor" } } } } } }
    put:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Sensor" } } } }
      responses: { "200": { description: made } }
    delete: { responses: { "204": { description: gone } } }
  /places/{name}/lamps/{id}:
    get: { responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Guest" } } } } } }
    put:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Guest" } } } }
      responses: { "200": { description: made } }
  /guests:
    get: { responses: { "200": { content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Guest" } } } } } } }
    post:
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Guest" } } } }
      responses:
        "201": { content: { application/json: { schema: { $ref: "#/components/schemas/Guest" } } } }
        "409": { description: A guest of this name exists. }
  /guests/{id}:
    get: { responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Guest" } } } } } }
    patch:
      requestBody: { content: { application/merge-patch+json: { schema: { $ref: "#/components/schemas/Guest" } } } }
      responses: { "200": { description: changed } }
    delete: { responses: { "204": { description: gone } } }
"##;

#[test]
fn a_draft_says_what_the_service_asks_for_and_is_not_written_over() {
    let folder = binary::folder("drafts-places");
    std::fs::write(folder.join("places.yaml"), PLACES).expect("written");
    let scope = |args: &[&str]| binary::scope(&folder, args, &[]);
    let import = ["driver", "import", "places.yaml", "--driver", "places", "--out", "places.scope"];
    let ran = scope(&import);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(
        ran.stderr.contains("`PUT /places/{name}` has to be sent with the header `X-Tenant`"),
        "{}",
        ran.all()
    );
    let file = folder.join("places.scope");
    let draft = std::fs::read_to_string(&file).expect("written");
    for line in [
        r#""Content-Type": "application/merge-patch+json""#,
        "body: { name: name, size: size }",
        "body: { serial: serial, unit: unit }",
        "409 -> exists",
        r#"operation find GET "/places/${place.name}/sensors""#,
        "Left out: GET /places/{name}/lamps/{id}, PUT /places/{name}/lamps/{id}",
    ] {
        assert!(draft.contains(line), "{line}: {draft}");
    }
    let ran = scope(&["driver", "check", "places.scope", "--format", "short"]);
    assert_eq!(ran.code, 0, "{}", ran.all());

    let ran = scope(&import);
    assert_eq!(ran.code, 0, "nobody changed it: {}", ran.all());
    let changed = draft.replace("site {", "/// Whose it is.\nsite {");
    std::fs::write(&file, &changed).expect("written");
    let ran = scope(&import);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("error[E0422]"), "{}", ran.all());
    assert_eq!(std::fs::read_to_string(&file).expect("there"), changed);

    // Types are made anew, over types that were made and over nothing else.
    let types = ["driver", "import", "places.yaml", "--out", "places.scope"];
    let ran = scope(&types);
    assert!(ran.code == 3 && ran.stderr.contains("error[E0422]"), "{}", ran.all());
    assert_eq!(std::fs::read_to_string(&file).expect("there"), changed);
    std::fs::remove_file(&file).expect("there");
    for _ in 0..2 {
        let ran = scope(&types);
        assert_eq!(ran.code, 0, "{}", ran.all());
    }
}
