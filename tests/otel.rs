//! Spans of a run as a collector receives them: only in a build with the feature `otel`, see `.ci/run`.
//!
//! The collector is a stand-in on loopback that keeps what is posted; the sites are simulated.

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "support/binary.rs"]
mod binary;

mod world {
    pub const CLOUDS: &str = include_str!("support/clouds.yaml");
}

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

type Posts = Arc<Mutex<Vec<(String, Value)>>>;

/// Answers each post with 200 and keeps it; its address.
fn collector() -> (String, Posts) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    let posts = Posts::default();
    let kept = posts.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let kept = kept.clone();
            std::thread::spawn(move || serve(stream, &kept));
        }
    });
    (address, posts)
}

fn serve(stream: TcpStream, posts: &Posts) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).ok()? == 0 {
            return None;
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body = serde_json::from_slice(&body).ok()?;
        posts.lock().expect("never poisoned").push((request, body));
        (&stream)
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
            .ok()?;
    }
}

/// A span: its name, its attributes as texts.
struct Span {
    name: String,
    parent: String,
    trace: String,
    attributes: BTreeMap<String, String>,
}

fn spans(posts: &Posts) -> BTreeMap<String, Span> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let posts = posts.lock().expect("never poisoned");
    let mut spans = BTreeMap::new();
    for (request, body) in &*posts {
        assert!(request.starts_with("POST /v1/traces "), "{request}");
        let groups = body["resourceSpans"].as_array().expect("spans by resource").iter();
        let groups = groups.flat_map(|group| group["scopeSpans"].as_array().expect("spans by scope"));
        for span in groups.flat_map(|group| group["spans"].as_array().expect("spans")) {
            let attributes = span["attributes"].as_array().expect("attributes").iter().map(|attribute| {
                let value = attribute["value"].as_object().and_then(|value| value.values().next());
                let value =
                    value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                (text(&attribute["key"]), value.unwrap_or_default())
            });
            let known = Span {
                name: text(&span["name"]),
                parent: text(&span["parentSpanId"]),
                trace: text(&span["traceId"]),
                attributes: attributes.collect(),
            };
            spans.insert(text(&span["spanId"]), known);
        }
    }
    spans
}

#[test]
fn a_collector_receives_the_tree_of_a_run() {
    let folder = binary::folder("otel");
    std::fs::write(
        folder.join("main.scope"),
        "import openstack\nentry nantes\nsite nantes { openstack: { cloud: \"nantes\" } }\n\
         site paris { openstack: { cloud: \"paris\" } }\n\
         resource base: openstack.image { name: \"base\" } scope { image: nantes & paris }\n",
    )
    .expect("writable");
    let (address, posts) = collector();
    let env =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    let ran = binary::scope(&folder, &["run", "main.scope", "--simulate"], &env);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let spans = spans(&posts);
    let of = |name: &'static str| spans.iter().filter(move |(_, span)| span.name == name);
    let runs: Vec<_> = of("run").collect();
    assert_eq!(runs.len(), 1, "one run");
    let (run_id, run) = runs[0];
    assert!(run.parent.is_empty() && run.attributes["program"] == "main.scope");
    let mut sites: Vec<&str> = Vec::new();
    for (step_id, step) in of("step") {
        assert_eq!((&step.parent, &step.trace), (run_id, &run.trace));
        assert_eq!(step.attributes["name"], "base");
        sites.push(&step.attributes["site"]);
        let attempts: Vec<_> = of("attempt").filter(|(_, span)| span.parent == **step_id).collect();
        assert_eq!(attempts.len(), 1);
        let requests: Vec<&str> = of("request")
            .filter(|(_, span)| span.parent == *attempts[0].0)
            .map(|(_, span)| span.attributes["request"].as_str())
            .collect();
        assert!(requests.iter().any(|request| request.contains("create")), "{requests:?}");
    }
    sites.sort_unstable();
    assert_eq!(sites, ["nantes", "paris"]);
    assert_eq!(of("attempt").count(), 2);
    assert!(
        of("request").all(|(_, span)| spans.contains_key(&span.parent)),
        "no request is without its attempt"
    );
}

#[test]
fn without_a_collector_nothing_is_sent_and_a_run_is_as_ever() {
    let folder = binary::folder("otel-none");
    std::fs::write(folder.join("main.scope"), "entry nantes\nsite nantes {}\n").expect("writable");
    let (address, posts) = collector();
    let ran = binary::scope(&folder, &["run", "main.scope", "--simulate"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(posts.lock().expect("never poisoned").is_empty(), "{address}");
    // A collector that is not there holds nobody up for long, and changes nothing.
    let start = std::time::Instant::now();
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")];
    let ran = binary::scope(&folder, &["run", "main.scope", "--simulate"], &env);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(start.elapsed().as_secs() < 20);
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", "no address at all")];
    let ran = binary::scope(&folder, &["run", "main.scope", "--simulate"], &env);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("error[E0950]"), "{}", ran.all());
}
