//! A site that answers anything: each time the run ends in its time with a code that says what was wrong, in bounded memory,
//! and what is secret stays where it belongs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::desk::DRIVER;
use crate::support::binary;

/// The bearer token of the site.
const TOKEN: &str = "planted-bearer-31f7";
/// How much memory a run may take: an answer is bounded by 16 MiB, and is held as text and as a value.
const MOST_KIB: u64 = 400 * 1024;

/// What a site does with the `n`-th connection, once a request has come.
type Deed = fn(&mut TcpStream, &str) -> std::io::Result<()>;

struct Villain {
    url: String,
    /// Heads of all requests.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Villain {
    fn start(deed: Deed) -> Villain {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = heads.clone();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let seen = seen.clone();
                thread::spawn(move || {
                    while let Some(head) = head(&mut client) {
                        seen.lock().expect("never poisoned").push(head.clone());
                        // The other side hung up: that is its right.
                        if deed(&mut client, &head).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Villain { url, heads }
    }
}

fn head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    String::from_utf8(head).ok()
}

fn json(client: &mut TcpStream, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 So\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(format!("{head}{body}").as_bytes())
}

fn endless(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(
        b"HTTP/1.1 200 So\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    )?;
    loop {
        client.write_all(format!("10000\r\n{}\r\n", "[".repeat(0x10000)).as_bytes())?;
    }
}

fn says_too_long(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(
        b"HTTP/1.1 200 So\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{}",
    )
}

fn shorter_than_said(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(
        b"HTTP/1.1 200 So\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"name\":",
    )?;
    Err(std::io::ErrorKind::ConnectionReset.into())
}

fn two_lengths(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(b"HTTP/1.1 200 So\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}")?;
    Err(std::io::ErrorKind::ConnectionReset.into())
}

fn drips(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(
        b"HTTP/1.1 200 So\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    )?;
    loop {
        client.write_all(b"1\r\n \r\n")?;
        thread::sleep(Duration::from_millis(200));
    }
}

fn drips_its_head(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(b"HTTP/1.1 200 So\r\n")?;
    for number in 0.. {
        client.write_all(format!("X-{number}: y\r\n").as_bytes())?;
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn endless_head(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(b"HTTP/1.1 200 So\r\nX: ")?;
    loop {
        client.write_all(&[b'y'; 0x10000])?;
    }
}

fn broken_json(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, "{\"name\": \"n\", \"text\": ")
}

fn other_type(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, "[1, 2, 3]")
}

fn wrong_type(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, "{\"name\": \"n\", \"text\": 77.5}")
}

fn tells_of_another(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, "{\"name\": 17, \"text\": \"t\"}")
}

fn tells_nothing(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, "{}")
}

fn lists_wrong_type(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, "[{\"id\": 7, \"title\": \"n\", \"remark\": [\"x\"]}]")
}

/// Somebody else's is in the list, and is of no type; what is made is as it should be.
fn lists_what_is_not_ours(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    match head.starts_with("POST") {
        true => made(client, head, "{\"id\": \"8\", \"title\": \"n\"}"),
        false => json(client, "[{\"id\": 7.5, \"title\": [1]}]"),
    }
}

/// A bell that was rung, and what it says of that: no bell.
fn rings(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, "{\"name\": [1], \"about\": 5}")
}

fn made_wrong_type(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    made(client, head, "{\"id\": \"7\", \"remark\": {}}")
}

fn made_with_a_page(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    made(client, head, "<html><body>Please sign in</body></html>")
}

/// There is nothing, and this is the answer to making something.
fn made(client: &mut TcpStream, head: &str, body: &str) -> std::io::Result<()> {
    if !head.starts_with("POST") {
        return json(client, "[]");
    }
    let length = body.len();
    client.write_all(format!("HTTP/1.1 201 So\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes())
}

fn a_page(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    let body = "<html><body>Please sign in</body></html>";
    let length = body.len();
    let head = format!("HTTP/1.1 200 So\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(format!("{head}{body}").as_bytes())
}

fn deep_json(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(client, &format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)))
}

fn no_http(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    client.write_all(b"220 mail.example ESMTP ready\r\n")?;
    Err(std::io::ErrorKind::ConnectionReset.into())
}

fn gzipped(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    assert!(!head.to_lowercase().contains("accept-encoding"), "none was offered, so none can be a bomb");
    let head = "HTTP/1.1 200 So\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n";
    client.write_all(head.as_bytes())?;
    client.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

fn round_and_round(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    client.write_all(format!("HTTP/1.1 302 So\r\nLocation: {path}x\r\nContent-Length: 0\r\n\r\n").as_bytes())
}

/// What answers for the reader of a file's credentials elsewhere; its port is told by the first path.
fn elsewhere(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    let port = ELSEWHERE.lock().expect("never poisoned").clone();
    let _ = head;
    client.write_all(
        format!("HTTP/1.1 307 So\r\nLocation: {port}/notes/n\r\nContent-Length: 0\r\n\r\n").as_bytes(),
    )
}

static ELSEWHERE: Mutex<String> = Mutex::new(String::new());

fn terminal_codes(client: &mut TcpStream, _: &str) -> std::io::Result<()> {
    let body = "\u{1b}[2J\u{1b}]0;owned\u{7}you are \r\n  done   nantes  note  n  created\u{202e}";
    let length = body.len();
    let head = format!("HTTP/1.1 422 So\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(format!("{head}{body}").as_bytes())
}

fn tells_the_secret(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    let line = head.lines().find(|line| line.to_lowercase().starts_with("authorization")).unwrap_or_default();
    let body = format!("{{\"error\": \"I do not like {line}\"}}");
    let length = body.len();
    let head =
        format!("HTTP/1.1 403 So\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(format!("{head}{body}").as_bytes())
}

#[test]
fn whatever_a_site_answers_is_a_clear_error_in_time() {
    let honest = Villain::start(|client, _| json(client, "{}"));
    honest.url.clone_into(&mut ELSEWHERE.lock().expect("never poisoned"));
    let cases: [(&str, Deed, &str, &str); 20] = [
        ("endless", endless, "E0704", "longer than 16777216 bytes"),
        ("says too long", says_too_long, "E0704", "longer than"),
        ("shorter than said", shorter_than_said, "E0701", "broke off"),
        ("two lengths", two_lengths, "E0704", "not HTTP"),
        ("drips", drips, "E0909", "longer than 3 s"),
        ("drips its head", drips_its_head, "E0909", "longer than 3 s"),
        ("endless head", endless_head, "E0704", "not HTTP"),
        ("broken JSON", broken_json, "E0704", "not JSON"),
        ("other type", other_type, "E0704", "found a list"),
        ("wrong type", wrong_type, "E0704", "`text` must be a text, found a number: 77.5"),
        ("tells of another", tells_of_another, "E0704", "is about `17`, where `n` was asked for"),
        ("tells nothing", tells_nothing, "E0704", "expected one of `desk.note`, found {}"),
        ("a page", a_page, "E0704", "the answer is not JSON: Please sign in"),
        ("deep JSON", deep_json, "E0704", "not JSON"),
        ("no HTTP", no_http, "E0704", "not HTTP"),
        ("gzipped", gzipped, "E0704", "not JSON"),
        ("round and round", round_and_round, "E0704", "redirected more than 3 times"),
        ("elsewhere", elsewhere, "E0704", "redirected elsewhere"),
        ("terminal codes", terminal_codes, "E0905", "you are"),
        ("tells the secret", tells_the_secret, "E0905", "***"),
    ];
    let of_cards: [(&str, Deed, &str, &str); 3] = [
        ("lists wrong type", lists_wrong_type, "E0704", "`remark` must be a text, found a list"),
        ("made wrong type", made_wrong_type, "E0704", "`remark` must be a text, found a record"),
        ("made with a page", made_with_a_page, "E0704", "the answer is not JSON: Please sign in"),
    ];
    let note = cases.map(|case| (case, "desk.note { name: \"n\", text: \"t\" }"));
    let card = of_cards.map(|case| (case, "desk.card { title: \"n\" }"));
    for ((name, deed, code, words), resource) in note.into_iter().chain(card) {
        let villain = Villain::start(deed);
        let folder = binary::folder(&format!("hostile-{name}"));
        let site = format!(
            "site nantes {{ desk: {{ url: \"{}\", token: secret(\"TOKEN\") }} }}\nentry nantes\n",
            villain.url
        );
        let program = format!("resource n: {resource} with {{ timeout: 3s, retry: {{ times: 1 }} }}\n");
        std::fs::write(folder.join("main.scope"), format!("{DRIVER}{site}{program}")).expect("writable");
        let began = Instant::now();
        let (code_there, out, peak_kib) = watched(&folder);
        let took = began.elapsed();
        assert_eq!(code_there, 1, "{name}: {out}");
        assert!(out.contains(code) && out.contains(words), "{name}: expected {code} and `{words}`: {out}");
        assert!(took < Duration::from_secs(20), "{name} took {took:?}");
        assert!(peak_kib < MOST_KIB, "{name} took {peak_kib} KiB");
        assert!(!out.contains(TOKEN), "{name}: {out}");
        assert!(
            out.chars().all(|c| !c.is_control() || c == '\n') && !out.contains('\u{202e}'),
            "{name}: {out:?}"
        );
        assert!(!villain.heads.lock().expect("never poisoned").is_empty());
        println!("{name}: {code} in {} ms, {peak_kib} KiB at most", took.as_millis());
    }
    // Credentials do not follow to another origin; nor does the request.
    assert!(honest.heads.lock().expect("never poisoned").is_empty(), "elsewhere was asked nothing");
}

#[test]
fn what_is_not_of_the_type_and_not_used_stops_nothing() {
    let card = "resource n: desk.card { title: \"n\" }";
    let bell = "call n: desk.bell.tell { name: \"n\" } scope { nantes }";
    let cases: [(&str, Deed, &str); 2] =
        [("lists what is not ours", lists_what_is_not_ours, card), ("rings", rings, bell)];
    for (name, deed, thing) in cases {
        let villain = Villain::start(deed);
        let folder = binary::folder(&format!("hostile-{name}"));
        let driver = DRIVER.replace(
            "operation ring POST",
            "operation tell POST \"/bells/${name}/tell\" { repeat by none, 200 -> done(body) }\n            operation ring POST",
        );
        let site = format!(
            "site nantes {{ desk: {{ url: \"{}\", token: secret(\"TOKEN\") }} }}\nentry nantes\n",
            villain.url
        );
        let program = format!("{thing} with {{ timeout: 3s, retry: {{ times: 1 }} }}\n");
        std::fs::write(folder.join("main.scope"), format!("{driver}{site}{program}")).expect("writable");
        let (code, out, _) = watched(&folder);
        assert_eq!(code, 0, "{name}: {out}");
        let heads = villain.heads.lock().expect("never poisoned");
        assert_eq!(heads.iter().filter(|head| head.starts_with("POST")).count(), 1, "{name}: {heads:?}");
    }
}

/// Runs it; its exit code, all that it printed, and the most memory it took.
fn watched(folder: &Path) -> (i32, String, u64) {
    let out = std::fs::File::create(folder.join("out")).expect("writable");
    let mut child = Command::new(binary::path())
        .args(["run", "main.scope"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("TOKEN", TOKEN)
        .stdin(Stdio::null())
        .stdout(out.try_clone().expect("a file"))
        .stderr(out)
        .spawn()
        .expect("the binary starts");
    let mut peak_kib = 0;
    let status = loop {
        if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", child.id())) {
            let peak = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok());
            peak_kib = peak_kib.max(peak.unwrap_or(0));
        }
        if let Some(status) = child.try_wait().expect("it is ours") {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let out = std::fs::read_to_string(folder.join("out")).expect("UTF-8");
    (status.code().unwrap_or(-1), out, peak_kib)
}
