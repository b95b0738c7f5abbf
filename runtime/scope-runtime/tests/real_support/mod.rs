//! For the tests of real sites: a small HTTP server that can misbehave, and drivers and plans made of JSON.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scope_plan::driver::Driver;
use scope_plan::plan::{Origin, Plan, Program, Site as PlanSite, SiteId};
use scope_runtime::real::secrets::SecretStore;
use scope_runtime::real::{Options, RealSites};
use scope_runtime::site::{Answer, Content, OperationCall, Progress, Site, SiteError};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// What a client asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Counted even where `body` is not kept.
    pub n_body: u64,
    /// Which connection it came on, from 1.
    pub connection: usize,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// What the server does then.
pub enum Reaction {
    /// Answers well: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Writes this and closes.
    Raw(Vec<u8>),
    /// Writes this and stays silent.
    RawThenSilent(Vec<u8>),
    /// Answers with so many bytes, with a length or in chunks; `cut` closes after so many.
    Bytes { length: u64, is_chunked: bool, cut: Option<u64> },
}

pub fn ok(body: Value) -> Reaction {
    Reaction::Answer(200, vec![("Content-Type", "application/json".into())], body.to_string().into_bytes())
}

pub fn status(status: u16, body: &str) -> Reaction {
    Reaction::Answer(status, vec![("Content-Type", "text/plain".into())], body.as_bytes().to_vec())
}

/// A server that counts.
#[derive(Clone)]
pub struct Server {
    pub address: String,
    pub n_connections: Arc<AtomicUsize>,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    /// Requests being answered now, and the most at once so far.
    pub at_once: Arc<(AtomicUsize, AtomicUsize)>,
}

type Handler = Arc<dyn Fn(&Asked) -> Reaction + Send + Sync>;

impl Server {
    pub async fn start(handler: impl Fn(&Asked) -> Reaction + Send + Sync + 'static) -> Self {
        Self::start_with(Settings::default(), handler).await
    }

    pub async fn start_with(
        settings: Settings,
        handler: impl Fn(&Asked) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let port = listener.local_addr().expect("an address").port();
        let server = Self {
            address: format!("{scheme}://localhost:{port}"),
            n_connections: Arc::default(),
            asked: Arc::default(),
            at_once: Arc::default(),
        };
        let handler: Handler = Arc::new(handler);
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = accepting.n_connections.fetch_add(1, Ordering::SeqCst) + 1;
                let (server, handler, settings) = (accepting.clone(), handler.clone(), settings.clone());
                tokio::spawn(async move {
                    match &settings.tls {
                        None => server.serve(stream, connection, &settings, &handler).await,
                        Some(tls) => {
                            let acceptor = tokio_rustls::TlsAcceptor::from(tls.clone());
                            if let Ok(stream) = acceptor.accept(stream).await {
                                server.serve(stream, connection, &settings, &handler).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }

    pub fn n_connections(&self) -> usize {
        self.n_connections.load(Ordering::SeqCst)
    }

    async fn serve(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        connection: usize,
        settings: &Settings,
        handler: &Handler,
    ) {
        let mut stream = BufReader::new(stream);
        loop {
            let Some(mut asked) = read_request(&mut stream, settings.keeps_bodies).await else {
                return;
            };
            asked.connection = connection;
            self.asked.lock().expect("not poisoned").push(asked.clone());
            let now = self.at_once.0.fetch_add(1, Ordering::SeqCst) + 1;
            self.at_once.1.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(settings.delay).await;
            let stays = react(&mut stream, handler(&asked), settings).await;
            self.at_once.0.fetch_sub(1, Ordering::SeqCst);
            if !stays {
                return;
            }
        }
    }
}

/// How a server behaves.
#[derive(Clone)]
pub struct Settings {
    pub delay: Duration,
    /// Closes the connection after each answer, without saying so.
    pub closes_silently: bool,
    pub keeps_bodies: bool,
    pub tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { delay: Duration::ZERO, closes_silently: false, keeps_bodies: true, tls: None }
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin), keeps_body: bool) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let mut asked =
        Asked { method: words.next()?.to_owned(), path: words.next()?.to_owned(), ..Asked::default() };
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        asked.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if asked.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.push(stream.read_u8().await.ok()?);
            }
            let size = u64::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).ok()?;
            read_body(stream, size, keeps_body, &mut asked).await?;
            stream.read_u16().await.ok()?;
            if size == 0 {
                return Some(asked);
            }
        }
    }
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    read_body(stream, length, keeps_body, &mut asked).await?;
    Some(asked)
}

async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    length: u64,
    keeps_body: bool,
    asked: &mut Asked,
) -> Option<()> {
    let mut left = length;
    let mut buffer = vec![0; 64 * 1024];
    while left > 0 {
        let wanted = buffer.len().min(left as usize);
        let n_read = stream.read(&mut buffer[..wanted]).await.ok().filter(|n_read| *n_read > 0)?;
        left -= n_read as u64;
        asked.n_body += n_read as u64;
        if keeps_body {
            asked.body.extend_from_slice(&buffer[..n_read]);
        }
    }
    Some(())
}

/// Whether the connection stays.
async fn react(stream: &mut (impl AsyncWrite + Unpin), reaction: Reaction, settings: &Settings) -> bool {
    match reaction {
        Reaction::Answer(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Words\r\n");
            if status != 204 {
                head += &format!("Content-Length: {}\r\n", body.len());
            }
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            head += "\r\n";
            let answer = [head.as_bytes(), &body].concat();
            stream.write_all(&answer).await.is_ok()
                && stream.flush().await.is_ok()
                && !settings.closes_silently
        }
        Reaction::Raw(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            false
        }
        Reaction::RawThenSilent(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            std::future::pending().await
        }
        Reaction::Bytes { length, is_chunked, cut } => {
            let framing = if is_chunked {
                "Transfer-Encoding: chunked".into()
            } else {
                format!("Content-Length: {length}")
            };
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n{framing}\r\n\r\n");
            if stream.write_all(head.as_bytes()).await.is_err() {
                return false;
            }
            let chunk = vec![7; 64 * 1024];
            let mut n_sent = 0;
            while n_sent < length && cut.is_none_or(|cut| n_sent < cut) {
                let size = chunk.len().min((length - n_sent) as usize);
                if is_chunked && stream.write_all(format!("{size:x}\r\n").as_bytes()).await.is_err() {
                    return false;
                }
                if stream.write_all(&chunk[..size]).await.is_err() {
                    return false;
                }
                if is_chunked && stream.write_all(b"\r\n").await.is_err() {
                    return false;
                }
                n_sent += size as u64;
            }
            if cut.is_some() {
                let _ = stream.shutdown().await;
                return false;
            }
            !is_chunked || stream.write_all(b"0\r\n\r\n").await.is_ok()
        }
    }
}

// --- drivers and plans ---

pub fn value(value: impl Into<Value>) -> Value {
    json!({ "value": value.into() })
}

pub fn name(name: &str) -> Value {
    json!({ "name": name })
}

pub fn field(base: Value, field: &str) -> Value {
    json!({ "field": [base, field] })
}

pub fn concat(parts: &[Value]) -> Value {
    json!({ "concat": parts })
}

pub fn rule(code: u16, meaning: Value) -> Value {
    json!({ "codes": [[code, code]], "condition": null, "meaning": meaning })
}

pub fn http(method: &str, path: Value, body: Option<Value>) -> Value {
    json!({ "http": { "method": value(method), "path": path, "query": [], "headers": [], "body": body } })
}

pub fn exec(argv: Vec<Value>) -> Value {
    json!({ "exec": { "argv": argv, "env": [], "files": [], "stdin": null } })
}

/// An operation named after its kind.
pub fn operation(kind: &str, request: Value, answers: Vec<Value>) -> Value {
    json!({
        "name": kind, "kind": kind, "request": request, "inputs": [], "after": null, "when": null, "answers": answers,
        "repeat": "always", "settles_ms": 0, "ready": null, "sets": [], "next_page": null
    })
}

fn attribute(name: &str, ty: Value) -> Value {
    json!({
        "name": name, "ty": ty, "is_computed": false, "is_settable": true, "is_immutable": false, "is_write_only": false,
        "is_secret": name == "password", "is_required": false, "default": null, "read": null
    })
}

/// A driver `app` with one service, one type `app.thing` (`id`, `name`, `status`, `password`, `data`) and these operations.
pub fn driver(address: &str, operations: Vec<Value>) -> Value {
    json!({
        "name": "app", "versions": null, "login": null,
        "settings": [{ "name": "password", "is_secret": true, "default": null }],
        "services": [{
            "name": "things", "aliases": [], "address": value(address), "headers": [], "answers": [], "probe": null
        }],
        "types": [{
            "name": "app.thing", "service": "things", "identity": "id", "name_attribute": "name", "mark": null,
            "ready": null, "broken": null, "share": { "none": { "because": "a test" } }, "create": null,
            "attributes": [
                attribute("id", json!("string")), attribute("name", json!("string")), attribute("status", json!("string")),
                attribute("password", json!("string")), attribute("data", json!({ "optional": "bytes" }))
            ],
            "operations": operations
        }]
    })
}

/// A driver with a site.
pub struct Place {
    pub driver: Driver,
    pub sites: RealSites,
    pub site: Rc<dyn Site>,
    pub plan: Plan,
}

pub fn options() -> Options {
    Options {
        connect_timeout: Duration::from_millis(500),
        answer_timeout: Duration::from_millis(500),
        command_timeout: Duration::from_secs(5),
        ..Options::at(".")
    }
}

pub fn place(driver: Value) -> Place {
    place_with(driver, json!({}), options())
}

/// `settings`: driver → setting → expression.
pub fn place_with(driver: Value, settings: Value, options: Options) -> Place {
    let driver: Driver = serde_json::from_value(driver).expect("a driver");
    let origin = Origin { file: "p.scope".into(), start: 0, end: 0, line: 1, column: 1, scope: None };
    let mut settings: indexmap::IndexMap<_, _> = serde_json::from_value(settings).expect("settings");
    settings.entry("app".to_owned()).or_default();
    let plan = Plan {
        version: scope_plan::plan::VERSION,
        program: Program {
            file: "p.scope".into(),
            entry: None,
            files: Default::default(),
            params: Default::default(),
            units: Default::default(),
        },
        sites: vec![PlanSite {
            name: "nantes".into(),
            settings,
            labels: Default::default(),
            concurrency: 4,
            simulated: Vec::new(),
            capacity: Default::default(),
            lacks: Default::default(),
            origin,
        }],
        links: Vec::new(),
        drivers: vec![driver.clone()],
        steps: Vec::new(),
        edges: Vec::new(),
        choices: Vec::new(),
        crosses: Vec::new(),
        dropped: Vec::new(),
        rollouts: Vec::new(),
        renames: Vec::new(),
        former_names: Default::default(),
        unwanted: Vec::new(),
        outputs: Vec::new(),
    };
    let sites = RealSites::new(&plan, Rc::new(SecretStore::new(options.base.clone())), options);
    Place { driver, site: sites.site(SiteId(0)), sites, plan }
}

impl Place {
    pub async fn operate(&self, operation: &str, inputs: Value) -> Result<Answer, SiteError> {
        self.operate_with(operation, inputs, None, None).await
    }

    pub async fn operate_with(
        &self,
        operation: &str,
        inputs: Value,
        content: Option<Content>,
        progress: Option<Progress>,
    ) -> Result<Answer, SiteError> {
        let resource_type = &self.driver.types[0];
        let operation =
            resource_type.operations.iter().find(|known| known.name == operation).expect("declared");
        let Value::Object(inputs) = inputs else { panic!("inputs are a record") };
        let call = OperationCall {
            driver: &self.driver,
            resource_type,
            operation,
            inputs: &inputs,
            changes: None,
            mark: Some("mark-1".into()),
            idempotency_key: &"key-1",
            content,
            keep_in: &[],
            progress,
        };
        self.site.operate(call).await
    }
}

/// The good answer as JSON: `{"found": …}`.
pub fn shown(answer: Result<Answer, SiteError>) -> Value {
    match answer.unwrap_or_else(|error| panic!("{error:?}")) {
        Answer::Found(value) => json!({ "found": value }),
        Answer::List(values) => json!({ "list": values }),
        Answer::Done(value) => json!({ "done": value }),
        Answer::Exists(value) => json!({ "exists": value }),
        Answer::Gone => json!("gone"),
        Answer::Content(_) => json!("content"),
    }
}

pub fn failure(answer: Result<Answer, SiteError>) -> SiteError {
    match answer {
        Err(error) => error,
        answer => panic!("expected an error, found {}", shown(answer)),
    }
}
