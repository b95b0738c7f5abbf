//! A place for shared states, on loopback: documents with ETags over plain HTTP, and a cluster's API for secrets.
//!
//! `GET` and `PUT /any/path` with `If-Match`, `If-None-Match: *`; `/api/v1/namespaces/NS/secrets/…` with resource versions. It
//! can misbehave: ignore conditions, give no ETag, swallow answers, be down, send elsewhere.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::wire;

/// How it misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vice {
    #[default]
    None,
    /// Every write is done.
    IgnoresConditions,
    /// Answers have no ETag.
    NoEtag,
    /// ETags that say only what is alike.
    WeakEtag,
    /// Writes of this number and after are done, and not answered; twice, then all is well.
    SwallowsAnswer(usize),
    /// 503.
    Down,
    /// Answers nothing at all.
    Silent,
    /// 302 to elsewhere.
    SendsElsewhere,
    /// An endless document.
    Endless,
}

#[derive(Default)]
struct Shelf {
    documents: BTreeMap<String, (Vec<u8>, u64)>,
    n_versions: u64,
    vice: Vice,
    n_writes: usize,
    n_swallowed: usize,
    token: Option<String>,
    /// Every request's head, as it came.
    heads: Vec<String>,
}

/// A place for shared states.
#[derive(Clone)]
pub struct Depot {
    pub port: u16,
    shelf: Arc<Mutex<Shelf>>,
}

impl Depot {
    pub fn start() -> Depot {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shelf: Arc<Mutex<Shelf>> = Arc::default();
        let depot = Depot { port, shelf: shelf.clone() };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shelf = shelf.clone();
                thread::spawn(move || serve(client, &shelf));
            }
        });
        depot
    }

    /// An address of the plain kind.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub fn set(&self, vice: Vice) {
        self.shelf.lock().expect("never poisoned").vice = vice;
    }

    /// From here on only requests with this bearer token are answered.
    pub fn wants(&self, token: &str) {
        self.shelf.lock().expect("never poisoned").token = Some(token.to_string());
    }

    /// Writes that were done so far.
    pub fn n_writes(&self) -> usize {
        self.shelf.lock().expect("never poisoned").n_writes
    }

    /// The heads of all requests.
    pub fn heads(&self) -> Vec<String> {
        self.shelf.lock().expect("never poisoned").heads.clone()
    }

    /// A document, parsed.
    pub fn document(&self, path: &str) -> Value {
        let shelf = self.shelf.lock().expect("never poisoned");
        serde_json::from_slice(&shelf.documents[path].0).expect("JSON")
    }

    /// Puts a document there, past everything.
    pub fn put(&self, path: &str, text: &str) {
        let mut shelf = self.shelf.lock().expect("never poisoned");
        shelf.n_versions += 1;
        let version = shelf.n_versions;
        shelf.documents.insert(path.to_string(), (text.into(), version));
    }
}

fn serve(mut client: TcpStream, shelf: &Mutex<Shelf>) -> Option<()> {
    loop {
        let (head, body) = wire::request(&mut client)?;
        let mut words = head.split_whitespace();
        let (method, path) = (words.next()?.to_string(), words.next()?.to_string());
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            lines
                .into_iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_string())
        };
        let mut shelf = shelf.lock().expect("never poisoned");
        shelf.heads.push(head.clone());
        let vice = shelf.vice;
        let is_refused = shelf
            .token
            .as_ref()
            .is_some_and(|token| header("authorization") != Some(format!("Bearer {token}")));
        let (status, tag, answer) = match vice {
            Vice::Silent => return None,
            Vice::Down => (503, None, b"<h1>out of order</h1>".to_vec()),
            Vice::SendsElsewhere => (302, None, Vec::new()),
            Vice::Endless => {
                drop(shelf);
                let head = "HTTP/1.1 200 So\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
                client.write_all(head.as_bytes()).ok()?;
                loop {
                    client.write_all(format!("10000\r\n{}\r\n", " ".repeat(0x10000)).as_bytes()).ok()?;
                }
            }
            _ if is_refused => (401, None, b"who are you?".to_vec()),
            _ => {
                let before = shelf.n_writes;
                let answer = match path.strip_prefix("/api/v1/namespaces/") {
                    Some(rest) => shelf.secret(&method, rest, &body),
                    None => shelf.document(&method, path.trim_start_matches('/'), &body, &header),
                };
                if let Vice::SwallowsAnswer(number) = vice
                    && shelf.n_writes > before
                    && shelf.n_writes >= number
                    && shelf.n_swallowed < 2
                {
                    shelf.n_swallowed += 1;
                    return None;
                }
                answer
            }
        };
        drop(shelf);
        let tag = match (vice, tag) {
            (Vice::NoEtag, _) | (_, None) => String::new(),
            (Vice::WeakEtag, Some(tag)) => format!("ETag: W/\"{tag}\"\r\n"),
            (_, Some(tag)) => format!("ETag: \"{tag}\"\r\n"),
        };
        let elsewhere = if status == 302 { "Location: http://127.0.0.2:9/\r\n" } else { "" };
        let length = answer.len();
        let head = format!("HTTP/1.1 {status} So\r\n{tag}{elsewhere}Content-Length: {length}\r\n\r\n");
        client.write_all(head.as_bytes()).ok()?;
        client.write_all(&answer).ok()?;
    }
}

type Answer = (u16, Option<u64>, Vec<u8>);

impl Shelf {
    fn document(
        &mut self,
        method: &str,
        path: &str,
        body: &[u8],
        header: &dyn Fn(&str) -> Option<String>,
    ) -> Answer {
        let there = self.documents.get(path).cloned();
        let version = there.as_ref().map(|(_, version)| *version);
        match (method, there) {
            ("GET", Some((bytes, version))) => (200, Some(version), bytes),
            ("PUT", there) => {
                let is_absent = header("if-none-match").is_none_or(|wanted| wanted != "*" || there.is_none());
                let wanted = header("if-match").map(|wanted| wanted.trim_matches('"').to_string());
                let is_same =
                    wanted.is_none_or(|wanted| version.is_some_and(|version| version.to_string() == wanted));
                if self.vice != Vice::IgnoresConditions && !(is_absent && is_same) {
                    return (412, version, Vec::new());
                }
                (if there.is_some() { 204 } else { 201 }, Some(self.keep(path, body.to_vec())), Vec::new())
            }
            _ => (404, None, Vec::new()),
        }
    }

    fn keep(&mut self, path: &str, bytes: Vec<u8>) -> u64 {
        self.n_writes += 1;
        self.n_versions += 1;
        self.documents.insert(path.to_string(), (bytes, self.n_versions));
        self.n_versions
    }

    /// `NAMESPACE/secrets[/NAME]`, as the API of a cluster answers.
    fn secret(&mut self, method: &str, rest: &str, body: &[u8]) -> Answer {
        let parts: Vec<&str> = rest.split('/').collect();
        let status = |code: u16, name: &str| {
            let status =
                json!({ "kind": "Status", "code": code, "details": { "name": name, "kind": "secrets" } });
            (code, None, status.to_string().into_bytes())
        };
        let given: Value = serde_json::from_slice(body).unwrap_or_default();
        match (method, parts.as_slice()) {
            ("GET", [_, "secrets", name]) => match self.documents.get(rest) {
                Some((bytes, _)) => (200, None, bytes.clone()),
                None => status(404, name),
            },
            ("POST", [namespace, "secrets"]) => {
                let name = given["metadata"]["name"].as_str().expect("a name").to_string();
                let path = format!("{namespace}/secrets/{name}");
                if self.documents.contains_key(&path) || given["metadata"]["resourceVersion"].is_string() {
                    return status(409, &name);
                }
                (201, None, self.keep_secret(&path, given))
            }
            ("PUT", [_, "secrets", name]) => {
                let Some((bytes, _)) = self.documents.get(rest) else { return status(404, name) };
                let there: Value = serde_json::from_slice(bytes).expect("JSON");
                // Without a version the API would overwrite what is there.
                let wanted = &given["metadata"]["resourceVersion"];
                if wanted.is_string() && *wanted != there["metadata"]["resourceVersion"] {
                    return status(409, name);
                }
                (200, None, self.keep_secret(rest, given))
            }
            _ => (404, None, json!({ "kind": "Status", "code": 404 }).to_string().into_bytes()),
        }
    }

    fn keep_secret(&mut self, path: &str, mut secret: Value) -> Vec<u8> {
        assert_eq!(secret["kind"], "Secret");
        secret["metadata"]["resourceVersion"] = json!((self.n_versions + 1).to_string());
        let bytes = secret.to_string().into_bytes();
        self.keep(path, bytes.clone());
        bytes
    }
}
