//! A small library over HTTP for the tests: books with content, loans, a login, and faults on demand.
//!
//! `POST /books {"title": "Emma"}` with the token → `201 {"id": "b1", "title": "Emma", "status": "binding"}`, `open` when it is
//! read the second time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

/// What goes wrong.
#[derive(Default)]
pub struct Faults {
    /// Creations are refused with these words (507).
    pub full: Option<&'static str>,
    /// The next so many creations are done, but the connection is closed without an answer.
    pub lose: u32,
    /// The next so many calls are done, but the connection is closed without an answer.
    pub lose_calls: u32,
    /// The next so many requests (the login apart) are answered 401.
    pub expire: u32,
    /// The next so many requests are answered 503.
    pub away: u32,
    /// Books become `torn` in place of `open`.
    pub tear: bool,
    /// Uploads change the content.
    pub garble: bool,
    /// An identity that was used is not given away again.
    pub remembers: bool,
}

#[derive(Default)]
struct Shelf {
    books: BTreeMap<String, Map<String, Value>>,
    contents: BTreeMap<String, Vec<u8>>,
    loans: BTreeMap<String, Map<String, Value>>,
    n_made: u32,
    used_up: BTreeSet<String>,
    log: Vec<String>,
    faults: Faults,
}

/// One running library.
pub struct Library {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    shelf: Arc<Mutex<Shelf>>,
}

impl Library {
    /// Starts one on a free port; it ends with the test's process.
    pub fn start(prefix: &'static str) -> Library {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let served = Arc::clone(&shelf);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shelf = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &shelf, prefix));
            }
        });
        Library { url, shelf }
    }

    /// Puts a book there, past the program.
    pub fn put(&self, book: Value, content: &[u8]) {
        let mut shelf = self.lock();
        let Value::Object(mut book) = book else { panic!("a book is a record") };
        let id = book["id"].as_str().expect("it has an id").to_owned();
        book.insert("checksum".to_owned(), json!(checksum(content)));
        shelf.contents.insert(id.clone(), content.to_vec());
        shelf.books.insert(id, book);
    }

    /// Changes what goes wrong.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.lock().faults);
    }

    /// Changes a book, past the program.
    pub fn change(&self, title: &str, field: &str, value: Value) {
        let mut shelf = self.lock();
        let book = shelf.books.values_mut().find(|book| book["title"] == title).expect("the book is there");
        book.insert(field.to_owned(), value);
    }

    /// The books, in the order of their ids.
    pub fn books(&self) -> Vec<Value> {
        self.lock().books.values().cloned().map(Value::Object).collect()
    }

    /// Takes a book away, past the program.
    pub fn take(&self, id: &str) {
        self.lock().books.remove(id).expect("the book is there");
    }

    /// The loans.
    pub fn loans(&self) -> Vec<Value> {
        self.lock().loans.values().cloned().map(Value::Object).collect()
    }

    /// The requests so far, taken: `POST /books`.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().log)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().expect("no test thread panics with it")
    }
}

/// Eight digits that stand for a content.
pub fn checksum(content: &[u8]) -> String {
    let sum = content.iter().fold(5381_u32, |sum, byte| sum.wrapping_mul(33).wrapping_add(u32::from(*byte)));
    format!("{sum:08x}")
}

struct Asked {
    method: String,
    path: String,
    query: String,
    token: String,
    body: Vec<u8>,
}

fn serve(stream: TcpStream, shelf: &Mutex<Shelf>, prefix: &str) {
    let mut reader = BufReader::new(stream.try_clone().expect("the socket can be shared"));
    let mut stream = stream;
    while let Some(asked) = read_request(&mut reader) {
        let Some((status, body)) = answer(&asked, &mut shelf.lock().expect("it is not poisoned"), prefix)
        else {
            return;
        };
        let kind =
            if body.first().is_some_and(|byte| *byte == b'{') { "application/json" } else { "text/plain" };
        let head =
            format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        let head = if status == 204 { format!("HTTP/1.1 {status} X\r\n\r\n") } else { head };
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (mut length, mut token, mut is_chunked) = (0, String::new(), false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "x-token" => value.trim().clone_into(&mut token),
            "transfer-encoding" => is_chunked = true,
            _ => {}
        }
    }
    assert!(!is_chunked, "content of a known length is sent with it");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path: path.to_owned(), query: query.to_owned(), token, body })
}

/// `None` closes the connection without an answer.
fn answer(asked: &Asked, shelf: &mut Shelf, prefix: &str) -> Option<(u16, Vec<u8>)> {
    shelf.log.push(format!("{} {}", asked.method, asked.path));
    let json = |status: u16, value: Value| Some((status, value.to_string().into_bytes()));
    let words = |status: u16, text: &str| Some((status, text.as_bytes().to_vec()));
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
    if asked.path == "/login" {
        if body["password"] != "s3cret \"ü\\" {
            return words(
                401,
                &format!(
                    "<html><body><h1>No</h1>wrong password {}</body></html>",
                    body["password"].as_str().unwrap_or("")
                ),
            );
        }
        return json(200, json!({ "token": "t-0123456789" }));
    }
    if asked.token != "t-0123456789" || shelf.faults.expire > 0 {
        shelf.faults.expire = shelf.faults.expire.saturating_sub(1);
        return words(401, "no token");
    }
    if shelf.faults.away > 0 {
        shelf.faults.away -= 1;
        return words(503, "tea time");
    }
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    let is_torn = shelf.faults.tear;
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", [kind @ ("books" | "loans")]) => {
            let field = if *kind == "books" { "title" } else { "reader" };
            let wanted =
                asked.query.split('&').find_map(|pair| pair.strip_prefix(&format!("{field}="))).map(decoded);
            let page = asked.query.split('&').find_map(|pair| pair.strip_prefix("page="));
            let table = if *kind == "books" { &shelf.books } else { &shelf.loans };
            let all: Vec<Value> = table
                .values()
                .filter(|entry| wanted.as_ref().is_none_or(|wanted| entry[field] == **wanted))
                .cloned()
                .map(Value::Object)
                .collect();
            // Two on a page.
            let start: usize = page.and_then(|page| page.parse().ok()).unwrap_or(0);
            let rest = all.len().saturating_sub(start + 2);
            let page: Vec<Value> = all.into_iter().skip(start).take(2).collect();
            let query: Vec<&str> = asked.query.split('&').filter(|pair| !pair.starts_with("page=")).collect();
            let next = if rest > 0 {
                json!(format!("/{kind}?{}&page={}", query.join("&"), start + 2))
            } else {
                Value::Null
            };
            json(200, json!({ (*kind): page, "next": next }))
        }
        ("POST", [kind @ ("books" | "loans")]) => {
            if let Some(full) = shelf.faults.full {
                return json(507, json!({ "error": { "code": 507, "message": full } }));
            }
            let Value::Object(mut made) = body else { return words(400, "a record is needed") };
            let is_book = *kind == "books";
            shelf.n_made += 1;
            let id = made
                .get("id")
                .and_then(Value::as_str)
                .map_or(format!("{prefix}{}", shelf.n_made), str::to_owned);
            if shelf.books.contains_key(&id) || shelf.faults.remembers && shelf.used_up.contains(&id) {
                return json(409, json!({ "id": id }));
            }
            if made.values().any(Value::is_null) {
                return words(400, "what is not set must not be sent");
            }
            made.insert("id".to_owned(), json!(id));
            if is_book {
                shelf.used_up.insert(id.clone());
                made.insert("status".to_owned(), json!("binding"));
                shelf.books.insert(id, made.clone());
            } else {
                if !shelf.books.contains_key(made["book"].as_str().unwrap_or_default()) {
                    return words(400, "no such book here");
                }
                shelf.loans.insert(id, made.clone());
            }
            if shelf.faults.lose > 0 {
                shelf.faults.lose -= 1;
                return None;
            }
            json(201, Value::Object(made))
        }
        ("GET", ["books", id, "content"]) => match shelf.contents.get(*id) {
            Some(content) => Some((200, content.clone())),
            None => words(404, "no content"),
        },
        ("PUT", ["books", id, "content"]) => {
            let mut content = asked.body.clone();
            if shelf.faults.garble {
                content.push(b'!');
            }
            let book = shelf.books.get_mut(*id)?;
            book.insert("checksum".to_owned(), json!(checksum(&content)));
            shelf.contents.insert((*id).to_owned(), content);
            Some((204, Vec::new()))
        }
        ("POST", ["books", id, "close"]) => {
            shelf.books.get_mut(*id)?.insert("status".to_owned(), json!("closed"));
            shelf.books.get_mut(*id)?.insert("by".to_owned(), body["by"].clone());
            if shelf.faults.lose_calls > 0 {
                shelf.faults.lose_calls -= 1;
                return None;
            }
            json(202, json!({}))
        }
        (method, [kind @ ("books" | "loans"), id]) => {
            let table = if *kind == "books" { &mut shelf.books } else { &mut shelf.loans };
            let Some(entry) = table.get_mut(*id) else { return words(404, "no such thing") };
            match method {
                "GET" => {
                    let shown = entry.clone();
                    if entry.get("status").is_some_and(|status| status == "binding") {
                        entry.insert("status".to_owned(), json!(if is_torn { "torn" } else { "open" }));
                    }
                    json(200, Value::Object(shown))
                }
                "PATCH" => {
                    let Value::Object(changes) = body else { return words(400, "a record is needed") };
                    entry.extend(changes);
                    json(200, Value::Object(entry.clone()))
                }
                "DELETE" => {
                    table.remove(*id);
                    Some((204, Vec::new()))
                }
                _ => words(405, "no"),
            }
        }
        _ => words(404, "nothing is here"),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
