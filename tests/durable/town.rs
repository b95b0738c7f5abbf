//! Stand-ins on loopback for all that the examples ask over HTTP: clouds with the shapes of OpenStack's answers, and services
//! that keep what is put at a path.
//!
//! The first part of a path is the site: `http://127.0.0.1:PORT/nantes/compute/servers`. What is at a site is known by its
//! path; one request is carried out at a time over all sites, so that between two of them only the runner does something.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Map, Value, json};

use super::desk::When;
use super::wire;

/// Where things of a kind are, the words around one and around many, and what the service adds to what it is sent.
const KINDS: [(&str, &str, &str, &str); 16] = [
    ("identity/v3/users", "user", "users", ""),
    ("image/v2/images", "", "images", r#"{ "status": "queued" }"#),
    ("compute/flavors", "flavor", "flavors", ""),
    ("compute/servers", "server", "servers", r#"{ "status": "ACTIVE" }"#),
    ("network/v2.0/networks", "network", "networks", r#"{ "status": "ACTIVE" }"#),
    ("network/v2.0/subnets", "subnet", "subnets", ""),
    ("network/v2.0/security-groups", "security_group", "security_groups", ""),
    ("network/v2.0/security-group-rules", "security_group_rule", "security_group_rules", ""),
    ("network/v2.0/ports", "port", "ports", r#"{ "status": "DOWN" }"#),
    ("counters", "", "", r#"{ "state": "open" }"#),
    ("stores", "", "", r#"{ "state": "ready" }"#),
    ("rules", "", "", ""),
    ("feeds", "feed", "feeds", ""),
    ("relays", "relay", "relays", ""),
    ("tickets", "ticket", "tickets", ""),
    ("clips", "clip", "clips", ""),
];

/// Told before and after each request; says how it goes on.
type Hook = Box<dyn Fn(When) -> Then + Send + Sync>;

/// How it goes on around a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    GoesOn,
    /// This request is lost there; others that are on their way arrive.
    Lost,
    /// So are all others.
    AllLost,
}

/// All sites.
#[derive(Clone, Default)]
pub struct Town {
    pub url: String,
    inside: Arc<Mutex<Inside>>,
    hook: Arc<Mutex<Option<Hook>>>,
}

#[derive(Default)]
struct Inside {
    /// Path → what is there.
    things: BTreeMap<String, Value>,
    contents: BTreeMap<String, Vec<u8>>,
    n_made: u64,
    /// Requests are dropped unread: whoever sent them is dead.
    is_deaf: bool,
    /// Clients so far.
    n_clients: usize,
    /// Clients before this one are not heard any more, whatever of theirs is still on its way.
    heard_from: usize,
}

struct Answered {
    status: u16,
    token: bool,
    body: Vec<u8>,
}

impl Town {
    pub fn start() -> Town {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let town = Town { url, ..Town::default() };
        let serving = town.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = {
                    let mut inside = serving.inside.lock().expect("never poisoned");
                    inside.n_clients += 1;
                    inside.n_clients - 1
                };
                let town = serving.clone();
                thread::spawn(move || town.serve(client, number));
            }
        });
        town
    }

    /// From here on this is told of every request.
    pub fn around(&self, hook: impl Fn(When) -> Then + Send + Sync + 'static) {
        *self.hook.lock().expect("never poisoned") = Some(Box::new(hook));
    }

    /// Nothing is told any more, and all is heard; but where it was deaf, nothing of those that it was deaf to: what they had
    /// sent may still be on its way when they are dead.
    pub fn undisturbed(&self) {
        *self.hook.lock().expect("never poisoned") = None;
        if !self.inside.lock().expect("never poisoned").is_deaf {
            return;
        }
        // Clients are let in one after another: when this one is answered by a closed door, all before it have their number.
        let mut last = TcpStream::connect(self.url.trim_start_matches("http://")).expect("it listens");
        let _ = last.write_all(b"GET / HTTP/1.1\r\n\r\n");
        let _ = last.read(&mut [0]);
        let mut inside = self.inside.lock().expect("never poisoned");
        inside.heard_from = inside.n_clients;
        inside.is_deaf = false;
    }

    /// Does something while no request is carried out.
    pub fn between_requests(&self, act: impl FnOnce() -> Then) {
        let mut inside = self.inside.lock().expect("never poisoned");
        inside.is_deaf |= act() == Then::AllLost;
    }

    /// Puts a resource of OpenStack at a site, as it is declared for a simulation.
    pub fn put(&self, site: &str, resource_type: &str, attributes: &Value) {
        let place = match resource_type {
            "openstack.flavor" => "compute/flavors",
            "openstack.image" => "image/v2/images",
            other => panic!("no stand-in for a declared `{other}`"),
        };
        let mut inside = self.inside.lock().expect("never poisoned");
        let path = inside.create(&format!("/{site}/{place}"), attributes.clone());
        if place.starts_with("image") {
            inside.fill(&path, format!("what {} starts from", attributes["name"]).into_bytes());
        }
    }

    /// Somebody else's change: of all things by their paths.
    pub fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Value>)) {
        change(&mut self.inside.lock().expect("never poisoned").things);
    }

    /// What all sites hold, each without what differs from run to run, sorted: the end state.
    pub fn held(&self) -> Vec<String> {
        let inside = self.inside.lock().expect("never poisoned");
        let things = inside.things.iter();
        let mut held: Vec<String> =
            things.map(|(path, thing)| format!("{path} {}", without_null(thing))).collect();
        held.iter_mut().for_each(|text| *text = steady(&text.replace(&self.url, "http://town")));
        held.sort();
        held
    }

    fn serve(&self, mut client: TcpStream, number: usize) -> Option<()> {
        loop {
            let (head, body) = wire::request(&mut client)?;
            let (method, target) = wire::first_line(&head)?;
            let mut inside = self.inside.lock().expect("never poisoned");
            if inside.is_deaf || number < inside.heard_from {
                return None;
            }
            let goes_on = |when, inside: &mut Inside| {
                let hook = self.hook.lock().expect("never poisoned");
                let then = hook.as_ref().map_or(Then::GoesOn, |hook| hook(when));
                inside.is_deaf |= then == Then::AllLost;
                then == Then::GoesOn
            };
            if !goes_on(When::Before, &mut inside) {
                return None;
            }
            let answered = inside.answer(&self.url, method, target, body);
            if !goes_on(When::After, &mut inside) {
                return None;
            }
            drop(inside);
            let Answered { status, token, body } = answered;
            let token = if token { "X-Subject-Token: t-1\r\n" } else { "" };
            let head = format!("HTTP/1.1 {status} So\r\n{token}Content-Length: {}\r\n\r\n", body.len());
            client.write_all(&[head.into_bytes(), body].concat()).ok()?;
        }
    }
}

impl Inside {
    fn answer(&mut self, url: &str, method: &str, target: &str, sent: Vec<u8>) -> Answered {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_end_matches('/').trim_end_matches("/detail");
        if path.ends_with("/auth/tokens") {
            let site = path.split('/').nth(1).unwrap_or_default();
            return Answered { token: true, ..json_answer(201, &session(url, site)) };
        }
        if let Some(image) = path.strip_suffix("/file") {
            return match (method, self.contents.get(image)) {
                ("PUT", None) if self.things.contains_key(image) => {
                    self.fill(image, sent);
                    nothing(204)
                }
                ("PUT", Some(_)) => nothing(409),
                (_, Some(content)) => Answered { status: 200, token: false, body: content.clone() },
                _ => nothing(404),
            };
        }
        let is_collection = kind(path).is_some_and(|(place, ..)| path.ends_with(place));
        let sent: Value = serde_json::from_slice(&sent).unwrap_or_default();
        match method {
            "GET" if is_collection => json_answer(200, &self.list(path, query)),
            "POST" if is_collection => self.post(path, sent),
            "GET" => match self.things.get(path) {
                Some(thing) => json_answer(200, &wrapped(path, thing)),
                None if path.split('/').count() <= 4 && kind(path).is_none() && is_root(path) => {
                    let version = json!({ "id": "v3.14", "version": "2.96", "status": "CURRENT" });
                    json_answer(200, &json!({ "version": version, "versions": [version] }))
                }
                None => nothing(404),
            },
            "PUT" | "PATCH" => self.write(path, sent),
            "DELETE" => {
                self.contents.remove(path);
                nothing(if self.things.remove(path).is_some() { 204 } else { 404 })
            }
            _ => nothing(404),
        }
    }

    /// What matches the query; what a thing does not have is not asked of it.
    fn list(&self, path: &str, query: &str) -> Value {
        let asked: Vec<(&str, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key, decoded(value).replace('\\', "")))
            .collect();
        let is_meant = |thing: &Value| {
            asked.iter().all(|(key, value)| match &thing[*key] {
                Value::Null => true,
                Value::String(own) => own == value,
                own => own.to_string().as_str() == *value,
            })
        };
        let inside = format!("{path}/");
        let of_it = self.things.iter().filter(|(own, _)| own.starts_with(&inside));
        let list: Vec<Value> =
            of_it.map(|(_, thing)| thing.clone()).filter(|thing| is_meant(thing)).collect();
        match kind(path) {
            Some((_, _, many, _)) if !many.is_empty() => json!({ many: list }),
            _ => json!(list),
        }
    }

    fn post(&mut self, path: &str, sent: Value) -> Answered {
        let thing = unwrapped(path, sent);
        if let Some(id) = thing["id"].as_str()
            && self.things.contains_key(&format!("{path}/{id}"))
        {
            return nothing(409);
        }
        let made = self.create(path, thing);
        let status = if path.ends_with("/servers") { 202 } else { 201 };
        json_answer(status, &wrapped(&made, &self.things[&made]))
    }

    /// The path of what was made.
    fn create(&mut self, collection: &str, thing: Value) -> String {
        self.n_made += 1;
        let mut thing = thing.as_object().cloned().unwrap_or_default();
        let made_up = format!("00000000-0000-4000-8000-{:012}", self.n_made);
        let id = thing.entry("id").or_insert(json!(made_up)).as_str().unwrap_or(&made_up).to_string();
        thing.insert("id".into(), json!(id));
        // Compute is told references by one name and tells them by another.
        for (sent, told) in [("flavorRef", "flavor"), ("imageRef", "image")] {
            if let Some(reference) = thing.remove(sent) {
                thing.insert(told.into(), json!({ "id": reference }));
            }
        }
        let path = format!("{collection}/{id}");
        self.keep(&path, thing);
        path
    }

    fn keep(&mut self, path: &str, mut thing: Map<String, Value>) {
        let added: Option<Map<String, Value>> =
            kind(path).and_then(|(_, _, _, added)| serde_json::from_str(added).ok());
        thing.extend(added.unwrap_or_default());
        self.things.insert(path.into(), Value::Object(thing));
    }

    fn write(&mut self, path: &str, sent: Value) -> Answered {
        let is_new = !self.things.contains_key(path);
        let is_of_openstack = kind(path).is_some_and(|(_, _, many, _)| !many.is_empty());
        if is_new && is_of_openstack {
            return nothing(404);
        }
        let mut thing = self.things.get(path).and_then(Value::as_object).cloned().unwrap_or_default();
        match sent {
            // A JSON patch.
            Value::Array(changes) => {
                for change in changes {
                    let key = change["path"].as_str().unwrap_or_default().trim_start_matches('/');
                    thing.insert(key.into(), change["value"].clone());
                }
                self.things.insert(path.into(), Value::Object(thing));
            }
            sent if is_of_openstack => {
                thing.extend(unwrapped(path, sent).as_object().cloned().unwrap_or_default());
                self.things.insert(path.into(), Value::Object(thing));
            }
            sent => self.keep(path, sent.as_object().cloned().unwrap_or_default()),
        }
        json_answer(if is_new { 201 } else { 200 }, &wrapped(path, &self.things[path]))
    }

    /// An image's content has come.
    fn fill(&mut self, path: &str, content: Vec<u8>) {
        let image = self.things.get_mut(path).expect("its record is there");
        image["status"] = json!("active");
        image["size"] = json!(content.len());
        image["checksum"] = json!(scope_plan::digest::sha256_hex(&content));
        self.contents.insert(path.into(), content);
    }
}

/// The kind of what is at a path, or of a collection.
fn kind(path: &str) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
    let within = path.trim_start_matches('/').split_once('/')?.1;
    KINDS.into_iter().find(|(place, ..)| {
        within.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn wrapped(path: &str, thing: &Value) -> Value {
    match kind(path) {
        Some((_, one, ..)) if !one.is_empty() => json!({ one: thing }),
        _ => thing.clone(),
    }
}

fn unwrapped(path: &str, mut sent: Value) -> Value {
    match kind(path) {
        Some((_, one, ..)) if !one.is_empty() => sent[one].take(),
        _ => sent,
    }
}

/// Is it where a service says which versions it has?
fn is_root(path: &str) -> bool {
    ["identity/v3", "image", "compute", "network"].iter().any(|service| path.ends_with(service))
}

/// A login's answer: who it is, and where the services are.
fn session(url: &str, site: &str) -> Value {
    let service = |kind: &str| {
        let at = format!("{url}/{site}/{kind}");
        json!({ "type": kind, "endpoints": [{ "interface": "public", "region_id": "r", "url": at }] })
    };
    let catalog: Vec<Value> = ["identity", "image", "compute", "network"].map(service).into();
    json!({ "token": {
        "expires_at": "2099-01-01T00:00:00.000000Z", "catalog": catalog, "user": { "id": "u" }, "project": { "id": "p" }
    } })
}

fn json_answer(status: u16, body: &Value) -> Answered {
    Answered { status, token: false, body: body.to_string().into_bytes() }
}

fn nothing(status: u16) -> Answered {
    Answered { status, token: false, body: Vec::new() }
}

/// `a%2Fb` → `a/b`
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (code, rest) = part.split_at(2.min(part.len()));
        decoded.push(u8::from_str_radix(code, 16).map_or('%', char::from));
        decoded.push_str(rest);
    }
    decoded
}

fn without_null(thing: &Value) -> Value {
    match thing {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), without_null(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// The text without identities that are made up and without the deployment's part of owner marks, both of which differ from
/// run to run.
pub fn steady(text: &str) -> String {
    let is_of_id = |char: char| char.is_ascii_hexdigit() || char == '-';
    let mut steady = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_id) {
        let length = rest[start..].find(|char| !is_of_id(char)).unwrap_or(rest.len() - start);
        let word = &rest[start..start + length];
        steady.push_str(&rest[..start]);
        let is_id = word.len() == 36 && word.matches('-').count() == 4;
        steady.push_str(if is_id { "ID" } else { word });
        rest = &rest[start + length..];
    }
    steady.push_str(rest);
    for word in ["scope:", "scope-used:"] {
        let mut parts = steady.split(word);
        let mut without = parts.next().unwrap_or_default().to_string();
        for part in parts {
            without.push_str(word);
            without.push_str(part.find('/').map_or(part, |slash| &part[slash..]));
        }
        steady = without;
    }
    steady
}
