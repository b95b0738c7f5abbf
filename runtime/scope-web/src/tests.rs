//! The page over HTTP, as a browser and as others ask for it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use scope_plan::plan::{Plan, StepId};
use scope_runtime::events::{Effect, FORMAT, Progress, RunEvent, RunEventKind};
use scope_runtime::report::{Counts, Verdict};

use crate::Page;

/// Asks and reads until this stands in the answer, or the connection ends.
fn ask(page: &Page, path: &str, headers: &str, until: &str) -> String {
    let address =
        page.address().strip_prefix("http://").expect("an address").split('/').next().expect("a host");
    let mut stream = TcpStream::connect(address).expect("it is served");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\n").expect("it is read");
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(n) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..n]);
        if n == 0 || String::from_utf8_lossy(&answer).contains(until) {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn parts(page: &Page) -> (String, String) {
    let rest = page.address().strip_prefix("http://").expect("an address");
    let (host, path) = rest.split_once('/').expect("a path");
    (format!("Host: {host}\r\nConnection: close\r\n"), format!("/{path}"))
}

fn empty_plan() -> Plan {
    serde_json::from_value(serde_json::json!({
        "format": format!("scope-plan/{}", scope_plan::plan::VERSION),
        "program": { "file": "main.scope", "entry": null, "files": {}, "params": {} },
        "sites": [], "links": [], "drivers": [], "steps": [], "edges": [], "choices": [], "crosses": [], "outputs": []
    }))
    .expect("an empty plan")
}

fn event(at_ms: u64, kind: RunEventKind) -> RunEvent {
    RunEvent { at_ms, kind }
}

fn started() -> RunEventKind {
    let (format, program) = (FORMAT.to_owned(), "main.scope".to_owned());
    RunEventKind::RunStarted { format, run: 7, program, plan: None, steps: Vec::new() }
}

fn progress(done: u64) -> RunEventKind {
    RunEventKind::StepProgress { step: StepId(0), progress: Progress::Bytes { done, total: Some(9) } }
}

fn ended() -> RunEventKind {
    RunEventKind::RunEnded { verdict: Verdict::Done, counts: Counts::default(), millis: 5 }
}

#[test]
fn the_page_and_its_files_are_given_to_who_has_the_token() {
    let page = Page::open(0).expect("a free port");
    let (host, path) = parts(&page);
    let answer = ask(&page, &path, &host, "</html>");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = answer.to_lowercase();
    for header in [
        "content-security-policy: default-src 'none'",
        "no-store",
        "nosniff",
        "no-referrer",
        "x-frame-options: deny",
    ] {
        assert!(answer.contains(header), "{header}\n{answer}");
    }
    // Whatever the page names is served, and nothing is named that lies elsewhere.
    let text = include_str!("../page/index.html");
    let mut n_files = 0;
    for attribute in ["href=\"", "src=\""] {
        for name in text.split(attribute).skip(1).map(|rest| rest.split('"').next().expect("a quote")) {
            assert!(!name.contains("//"), "{name}");
            if !name.starts_with('#') {
                let answer = ask(&page, &format!("{path}{name}"), &host, "\u{0}");
                assert!(answer.starts_with("HTTP/1.1 200"), "{name}: {answer}");
                n_files += 1;
            }
        }
    }
    assert!(n_files >= 3);
    assert!(ask(&page, &format!("{path}other.js"), &host, "\u{0}").starts_with("HTTP/1.1 404"));
}

#[test]
fn who_has_no_token_or_comes_from_elsewhere_is_refused() {
    let page = Page::open(0).expect("a free port");
    let (host, path) = parts(&page);
    let wrong = format!("/{}/", "0".repeat(32));
    let port = host.split(':').nth(2).expect("a port").split('\r').next().expect("a number").to_owned();
    let cases = [
        (wrong.as_str(), host.clone(), "403"),
        (&path[..path.len() - 2], host.clone(), "403"),
        ("/", host.clone(), "403"),
        ("/favicon.ico", host.clone(), "403"),
        // A name that somebody else made point to loopback.
        (path.as_str(), format!("Host: evil.example:{port}\r\nConnection: close\r\n"), "421"),
        (path.as_str(), "Host: 127.0.0.1\r\nConnection: close\r\n".to_owned(), "421"),
        (path.as_str(), format!("{host}Origin: https://evil.example\r\n"), "403"),
        (path.as_str(), format!("{host}Origin: null\r\n"), "403"),
        (path.as_str(), format!("{host}Sec-Fetch-Site: cross-site\r\n"), "403"),
    ];
    for (path, headers, code) in cases {
        for path in [path.to_owned(), format!("{path}events")] {
            let answer = ask(&page, &path, &headers, "\u{0}");
            assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{path} {headers}: {answer}");
            assert!(!answer.contains("<html") && !answer.contains("event:"), "{answer}");
        }
    }
    // The same with what a browser sends from the page itself.
    let own = format!("{host}Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n");
    assert!(ask(&page, &path, &own, "</html>").starts_with("HTTP/1.1 200"));
    let other = Page::open(0).expect("a free port");
    assert_ne!(parts(&other).1, path, "a token is new each time");
}

#[test]
fn a_taken_port_is_an_error() {
    let page = Page::open(0).expect("a free port");
    let port = page.address().split(':').nth(2).expect("a port").split('/').next().expect("a number");
    assert!(Page::open(port.parse().expect("a number")).is_err());
}

#[test]
fn a_reader_gets_all_from_the_beginning_and_goes_on_where_it_was() {
    let page = Page::open(0).expect("a free port");
    let (host, path) = parts(&page);
    assert!(!page.has_begun());
    page.begin(&empty_plan(), true);
    page.event(&event(0, started()));
    page.event(&event(1, progress(1)));
    page.event(&event(2, progress(2)));
    let events = format!("{path}events");
    let answer = ask(&page, &events, &host, "\"done\":2");
    for part in
        ["event: plan\ndata: {\"run\":1,", "event: clock", "id: 1.0\nevent: run", "\"run\":7", "\"done\":2"]
    {
        assert!(answer.contains(part), "{part}\n{answer}");
    }
    assert!(!answer.contains("\"done\":1"), "only the newest progress is told: {answer}");
    let step = StepId(0);
    page.event(&event(
        3,
        RunEventKind::StepDone { step, effect: Effect::Created, millis: 3, detail: None, identity: None },
    ));
    page.event(&event(4, ended()));
    let answer = ask(&page, &events, &format!("{host}Last-Event-ID: 1.0\r\n"), "run_ended");
    assert!(answer.contains("step_done") && answer.contains("id: 1.2"), "{answer}");
    for part in ["event: plan", "run_started", "event: clock", "step_progress"] {
        assert!(!answer.contains(part), "{part}\n{answer}");
    }
    // Another run of the same command is shown from its beginning.
    page.begin(&empty_plan(), true);
    page.event(&event(0, started()));
    let answer = ask(&page, &events, &format!("{host}Last-Event-ID: 1.2\r\n"), "id: 2.0");
    assert!(answer.contains("event: plan\ndata: {\"run\":2,"), "{answer}");
    // What an event says exactly is what `--events json` prints.
    assert!(answer.contains(&format!("data: {}\n", event(0, started()).to_json_line())), "{answer}");
}

#[test]
fn closing_tells_readers_what_is_left_and_ends() {
    let page = Page::open(0).expect("a free port");
    let (host, path) = parts(&page);
    page.begin(&empty_plan(), false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| ask(&page, &format!("{path}events"), &host, "\u{0}"));
        std::thread::sleep(Duration::from_millis(100));
        page.event(&event(0, started()));
        page.event(&event(4, ended()));
        page.close();
        let answer = reader.join().expect("it reads");
        assert!(answer.contains("run_ended"), "{answer}");
    });
    assert!(page.server.is_finished(), "the thread is over");
}
