//! A small service on loopback, one for each site, and a program over two of them.
//!
//! `Desk::start()` → `http://127.0.0.1:PORT`; a `note` has a name of its own (a `PUT`), a `card` gets its identity there and
//! is found by its mark, a `bell`, which may need a note, is rung by a `POST` that must not be repeated.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::wire;
use crate::support::binary::{self, Ran};

/// The driver of the service.
pub const DRIVER: &str = r#"
driver desk {
    site { url: string, token: secret<string>? }

    service desk {
        address: site.url
        headers: { Authorization: if site.token != null then "Bearer ${site.token}" else null }
        probe GET "/" { 200..499 -> done("answers") }
        answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }

        type note {
            name: string identity immutable
            text: string
            share by copy(keep: [name, text])
            cross by none because "a note has no parts"
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/notes/${name}" {
                body: { name: name, text: text }
                repeat by name
                200 | 201 -> done
            }
            operation update PUT "/notes/${name}" { body: { name: name, text: text }, 200 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
            create by write
            cli write = $ desk note create ${name} --text ${text}
            cli delete = $ desk note delete ${name}
        }

        type card {
            id: string identity computed
            title: string
            remark: string = ""
            named by title
            mark in remark
            share by none because "a card stays where it is"
            cross by none because "a card has no parts"
            operation find GET "/cards" { query: { title: title }, 200 -> list(body) }
            operation read GET "/cards/${id}" { 200 -> found(body), 404 -> not_found }
            operation create POST "/cards" {
                body: { title: title, remark: remark }
                repeat by mark
                201 -> done(body)
            }
            operation update PUT "/cards/${id}" { body: { title: title, remark: remark }, 200 -> done }
            operation delete DELETE "/cards/${id}" { 204 | 404 -> gone }
        }

        type bell {
            name: string identity
            about: note?
            share by none because "a bell stays where it is"
            cross by none because "a bell has no parts"
            stateful because "how often it was rung is known only there"
            operation read GET "/bells/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/bells/${name}" { body: { name: name }, repeat by name, 201 -> done }
            operation delete DELETE "/bells/${name}" { 204 | 404 -> gone }
            operation ring POST "/bells/${name}/ring" { 200 -> done }
        }
    }
}
"#;

/// What is asked of every end: two notes, two cards at each site, a card that an alternative got, a bell rung once.
pub const PROGRAM: &str = r#"
resource welcome: desk.note { name: "welcome", text: "hello from ${here.name}" } scope { nantes & paris }
resource first: desk.card { title: "first" } scope { nantes & paris }
resource second: desk.card { title: "second" } scope { nantes & paris }
resource either: desk.card { title: "either" } scope { paris | nantes }
resource door: desk.bell { name: "door" } scope { nantes }
call once: desk.bell.ring { name: door.name } scope { nantes }
output who = welcome.text
"#;

/// Told before and after each request: the moment and its number, from 1. False: the request is lost there.
type Hook = Box<dyn Fn(When, usize) -> bool + Send + Sync>;

/// Around a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It has come, and nothing is done.
    Before,
    /// It is done, and not answered.
    After,
}

#[derive(Clone, Default)]
pub struct Shelf {
    notes: BTreeMap<String, Value>,
    cards: BTreeMap<String, Value>,
    bells: BTreeMap<String, u64>,
    n_made: u64,
    n_ever: usize,
    n_changes: usize,
    changed_at: Option<Instant>,
    is_doubling: bool,
}

/// One site.
pub struct Desk {
    pub url: String,
    shelf: Arc<Mutex<Shelf>>,
    is_down: Arc<AtomicBool>,
}

/// Both sites, and what is done around their requests.
pub struct Desks {
    pub nantes: Desk,
    pub paris: Desk,
    around: Arc<Around>,
}

/// What is done around the requests of both sites.
#[derive(Default)]
struct Around {
    hook: Mutex<Option<Hook>>,
    ringing: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    /// How many came; held while one is carried out.
    n_requests: Mutex<usize>,
    /// Connections that have not ended.
    n_open: AtomicUsize,
}

/// A connection, counted as long as it is there.
struct Open(Arc<Around>);

impl Open {
    fn new(around: &Arc<Around>) -> Open {
        around.n_open.fetch_add(1, Ordering::SeqCst);
        Open(around.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.n_open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Desks {
    pub fn start() -> Desks {
        let around: Arc<Around> = Arc::default();
        let (nantes, paris) = (Desk::start(&around), Desk::start(&around));
        Desks { nantes, paris, around }
    }

    /// From here on this is told of every request; they are counted anew.
    pub fn around(&self, hook: impl Fn(When, usize) -> bool + Send + Sync + 'static) {
        *self.around.n_requests.lock().expect("never poisoned") = 0;
        *self.around.hook.lock().expect("never poisoned") = Some(Box::new(hook));
    }

    /// From here on this is done before a bell rings; other requests go on meanwhile.
    pub fn on_ring(&self, hook: impl Fn() + Send + Sync + 'static) {
        *self.around.ringing.lock().expect("never poisoned") = Some(Arc::new(hook));
    }

    /// Nothing is told any more.
    pub fn undisturbed(&self) {
        *self.around.hook.lock().expect("never poisoned") = None;
    }

    /// Waits until what a process sent before its death has been carried out or lost: its connections have ended. Nobody else
    /// may have one.
    pub fn all_has_arrived(&self) {
        for desk in [&self.nantes, &self.paris] {
            // Who has connected before this has been let in by now.
            let address = desk.url.trim_start_matches("http://");
            let mut last = TcpStream::connect(address).expect("it listens");
            last.shutdown(Shutdown::Write).expect("it is open");
            let _ = last.read(&mut [0]);
        }
        let began = Instant::now();
        while self.around.n_open.load(Ordering::SeqCst) > 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "a connection of the dead is still open");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// What both hold, without identities: the end state.
    pub fn held(&self) -> Value {
        json!({ "nantes": self.nantes.held(), "paris": self.paris.held() })
    }

    /// A folder with the driver, both sites and a program.
    pub fn place(&self, name: &str, program: &str) -> PathBuf {
        self.place_with(name, program, 8)
    }

    /// The same; each site takes so many requests at once.
    pub fn place_with(&self, name: &str, program: &str, concurrency: u32) -> PathBuf {
        let folder = binary::folder(&format!("durable-{name}"));
        let sites = format!(
            "site nantes {{ desk: {{ url: \"{}\" }}, concurrency: {concurrency} }}\nsite paris {{ desk: {{ url: \"{}\" }} }}\nentry nantes\n",
            self.nantes.url, self.paris.url
        );
        std::fs::write(folder.join("main.scope"), format!("{DRIVER}{sites}{program}")).expect("writable");
        folder
    }
}

impl Desk {
    fn start(around: &Arc<Around>) -> Desk {
        let around = around.clone();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (shelf, is_down): (Arc<Mutex<Shelf>>, Arc<AtomicBool>) = Default::default();
        let desk = Desk { url, shelf: shelf.clone(), is_down: is_down.clone() };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (shelf, is_down) = (shelf.clone(), is_down.clone());
                let open = Open::new(&around);
                thread::spawn(move || serve(client, &shelf, &is_down, &open.0));
            }
        });
        desk
    }

    /// Connections are closed without a word, or served again.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// What silences it when it is set, also around a request.
    pub fn silence(&self) -> Arc<AtomicBool> {
        self.is_down.clone()
    }

    /// Names and texts of what is there, and how often each bell was rung.
    pub fn held(&self) -> Value {
        let shelf = self.shelf.lock().expect("never poisoned");
        let mut titles: Vec<&Value> = shelf.cards.values().map(|card| &card["title"]).collect();
        titles.sort_by_key(|title| title.to_string());
        let texts: BTreeMap<_, _> = shelf.notes.iter().map(|(name, note)| (name, &note["text"])).collect();
        json!({ "notes": texts, "cards": titles, "bells": shelf.bells })
    }

    /// All that it holds, to be put back.
    pub fn copy(&self) -> Shelf {
        self.shelf.lock().expect("never poisoned").clone()
    }

    /// Holds this again.
    pub fn put_back(&self, shelf: &Shelf) {
        *self.shelf.lock().expect("never poisoned") = shelf.clone();
    }

    /// Changes something behind the product's back: notes, then cards.
    pub fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Value>, &mut BTreeMap<String, Value>)) {
        let mut shelf = self.shelf.lock().expect("never poisoned");
        let Shelf { notes, cards, .. } = &mut *shelf;
        change(notes, cards);
    }

    /// From here on the network delivers each creation of a card twice; the first one is answered.
    pub fn doubles(&self, is_doubling: bool) {
        self.shelf.lock().expect("never poisoned").is_doubling = is_doubling;
    }

    /// Requests that came to change something, ever.
    pub fn n_changes(&self) -> usize {
        self.shelf.lock().expect("never poisoned").n_changes
    }

    /// When the last of them came.
    pub fn changed_at(&self) -> Instant {
        self.shelf.lock().expect("never poisoned").changed_at.expect("something was changed")
    }

    /// Requests that came, ever.
    pub fn n_requests(&self) -> usize {
        self.shelf.lock().expect("never poisoned").n_ever
    }
}

fn serve(mut client: TcpStream, shelf: &Mutex<Shelf>, is_down: &AtomicBool, around: &Around) -> Option<()> {
    loop {
        let (method, path, body) = request(&mut client)?;
        if is_down.load(Ordering::SeqCst) {
            return None;
        }
        if path.ends_with("/ring") {
            let ringing = around.ringing.lock().expect("never poisoned").clone();
            ringing.iter().for_each(|hook| hook());
        }
        // One request at a time over all sites, so that the n-th one is one moment.
        let mut number = around.n_requests.lock().expect("never poisoned");
        *number += 1;
        let goes_on = |when| {
            let hook = around.hook.lock().expect("never poisoned");
            hook.as_ref().is_none_or(|hook| hook(when, *number))
        };
        if !goes_on(When::Before) {
            return None;
        }
        let (status, answer) = shelf.lock().expect("never poisoned").answer(&method, &path, &body);
        if !goes_on(When::After) {
            return None;
        }
        drop(number);
        let text = if answer.is_null() { String::new() } else { answer.to_string() };
        let length = text.len();
        let head = format!(
            "HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        client.write_all(format!("{head}{text}").as_bytes()).ok()?;
    }
}

impl Shelf {
    fn answer(&mut self, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.n_ever += 1;
        if method != "GET" {
            self.n_changes += 1;
            self.changed_at = Some(Instant::now());
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["notes", name]) => found(self.notes.get(*name)),
            ("PUT", ["notes", name]) => {
                let is_new = self.notes.insert((*name).to_string(), body).is_none();
                (if is_new { 201 } else { 200 }, Value::Null)
            }
            ("DELETE", ["notes", name]) => gone(self.notes.remove(*name).is_some()),
            ("GET", ["cards"]) => {
                let title = query.strip_prefix("title=");
                let cards =
                    self.cards.values().filter(|card| title.is_none_or(|title| card["title"] == title));
                (200, cards.cloned().collect())
            }
            ("POST", ["cards"]) => {
                let card = self.make(body.clone());
                if self.is_doubling {
                    self.make(body);
                }
                (201, card)
            }
            ("GET", ["cards", id]) => found(self.cards.get(*id)),
            ("PUT", ["cards", id]) => match self.cards.get_mut(*id) {
                Some(card) => {
                    *card = body;
                    card["id"] = json!(id);
                    (200, Value::Null)
                }
                None => (404, Value::Null),
            },
            ("DELETE", ["cards", id]) => gone(self.cards.remove(*id).is_some()),
            ("GET", ["bells", name]) => {
                let bell = self.bells.get(*name).map(|_| json!({ "name": name }));
                found(bell.as_ref())
            }
            ("PUT", ["bells", name]) => {
                self.bells.entry((*name).to_string()).or_insert(0);
                (201, Value::Null)
            }
            ("POST", ["bells", name, "ring"]) => {
                *self.bells.entry((*name).to_string()).or_insert(0) += 1;
                (200, Value::Null)
            }
            ("DELETE", ["bells", name]) => gone(self.bells.remove(*name).is_some()),
            _ => (404, Value::Null),
        }
    }
}

impl Shelf {
    fn make(&mut self, mut card: Value) -> Value {
        self.n_made += 1;
        let id = format!("c{}", self.n_made);
        card["id"] = json!(id);
        self.cards.insert(id, card.clone());
        card
    }
}

fn found(thing: Option<&Value>) -> (u16, Value) {
    thing.map_or((404, Value::Null), |thing| (200, thing.clone()))
}

fn gone(was_there: bool) -> (u16, Value) {
    (if was_there { 204 } else { 404 }, Value::Null)
}

/// Method, path, body.
fn request(client: &mut TcpStream) -> Option<(String, String, String)> {
    let (head, body) = wire::request(client)?;
    let (method, path) = wire::first_line(&head)?;
    Some((method.to_string(), path.to_string(), String::from_utf8(body).ok()?))
}

/// Starts `scope` without waiting for it.
pub fn start(folder: &Path, args: &[&str]) -> Child {
    started(folder, args, Stdio::null())
}

fn started(folder: &Path, args: &[&str], stderr: impl Into<Stdio>) -> Child {
    Command::new(binary::path())
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("USER", "tester")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .expect("the binary starts")
}

/// Starts `scope` and comes back when it has said this on its standard error, which the second one gives, so far.
pub fn start_until(folder: &Path, args: &[&str], said: &str) -> (Child, impl Fn() -> String + use<>) {
    let path = folder.join("stderr");
    let child = started(folder, args, std::fs::File::create(&path).expect("writable"));
    let text = move || std::fs::read_to_string(&path).expect("readable");
    let began = Instant::now();
    while !text().contains(said) {
        assert!(began.elapsed() < Duration::from_secs(60), "it never says `{said}`: {}", text());
        thread::sleep(Duration::from_millis(20));
    }
    (child, text)
}

/// Runs `scope` to its end.
pub fn scope(folder: &Path, args: &[&str]) -> Ran {
    binary::scope(folder, args, &[])
}

/// The same, which must end so.
pub fn ends(folder: &Path, args: &[&str], code: i32) -> Ran {
    let ran = scope(folder, args);
    assert_eq!(ran.code, code, "scope {args:?}: {}", ran.all());
    ran
}

/// The journal of a run.
pub fn journal(folder: &Path, run: u64) -> PathBuf {
    folder.join(format!(".scope/main/runs/{run:08}.journal"))
}

/// Says beside a journal how much of it is durable, as after a crash that came before the rest was synced.
pub fn say_synced(journal: &Path, length: usize) {
    let said = format!("scope-synced/1 format 4 length {length:020}");
    let line = format!("{said} crc {:08x}\n", scope_runtime::journal::crc32(said.as_bytes()));
    let path = journal.with_extension("synced");
    // The same line as is there, if the length is.
    assert!(std::fs::read(&path).is_ok_and(|there| there.len() == line.len()), "{}", path.display());
    std::fs::write(path, line).expect("writable");
}

/// How much of a journal is said to be durable.
pub fn said_synced(journal: &Path) -> usize {
    let line = std::fs::read_to_string(journal.with_extension("synced")).expect("it is beside it");
    line.split(' ').nth(4).and_then(|length| length.parse().ok()).expect("a length")
}

/// Where each record of a journal ends, and how much was durable when it was made: after its header, `length (4) · CRC (4) · durable (8) · JSON`.
pub fn records(bytes: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize, n: usize| {
        bytes[at..at + n].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let mut ends = Vec::new();
    let mut at = 16;
    while at + 16 <= bytes.len() {
        let durable = number(at + 8, 8);
        at += 16 + number(at, 4);
        ends.push((at, durable));
    }
    ends
}
