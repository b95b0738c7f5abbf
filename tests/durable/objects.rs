//! A state in a real store that speaks S3: `moto`'s server from PyPI, on loopback, installed once below `target/`.
//!
//! `SCOPE_REAL=0` leaves it out, as the real clouds.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::desk::{Desks, PROGRAM};
use crate::support::binary::{self, Ran};
use crate::support::python;

const PACKAGE: &str = "moto[server]==5.2.5";

/// The server, ended with the test.
struct Store {
    server: Child,
    port: u16,
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Store {
    fn start() -> Store {
        let python = python::with("object-store", PACKAGE);
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let server = Command::new(python)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let store = Store { server, port };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "it does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        store
    }
}

#[test]
fn a_state_is_an_object_of_a_real_store() {
    if std::env::var("SCOPE_REAL").is_ok_and(|chosen| chosen == "0") || !python::is_possible() {
        println!("object store: left out (SCOPE_REAL=0, or there is no python3)");
        return;
    }
    let (store, desks) = (Store::start(), Desks::start());
    let one = desks.place("objects-one", PROGRAM);
    let two = desks.place("objects-two", PROGRAM);
    let state = format!("s3://states/team/?region=eu-west-3&endpoint=http://127.0.0.1:{}", store.port);
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "planted-key-90ab"),
        ("SCOPE_STATE_LEASE", "2"),
    ];
    let scope = |folder: &Path, args: &[&str]| -> Ran {
        let args: Vec<&str> = args.iter().copied().chain(["--state", &state]).collect();
        binary::scope(folder, &args, &keys)
    };
    let missing = scope(&one, &["run", "main.scope"]);
    assert!(missing.code == 1 && missing.stderr.contains("NoSuchBucket"), "{}", missing.all());
    let unset = binary::scope(&one, &["run", "main.scope", "--state", &state], &[]);
    assert!(unset.code == 1 && unset.stderr.contains("`AWS_ACCESS_KEY_ID` and"), "{}", unset.all());
    make_bucket(store.port);
    let ran = scope(&one, &["run", "main.scope"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let again = scope(&two, &["run", "main.scope"]);
    assert!(again.code == 0 && again.stdout.contains("nothing to do"), "{}", again.all());
    // While one has it, the other is told so.
    let (other, there) = (std::sync::Arc::new(std::sync::Mutex::new(None)), two.clone());
    let (seen, at) = (other.clone(), state.clone());
    desks.around(move |_, number| {
        if number == 2 {
            let ran = binary::scope(&there, &["run", "main.scope", "--state", &at], &keys);
            *seen.lock().expect("never poisoned") = Some(ran);
        }
        true
    });
    let third = scope(&one, &["run", "main.scope", "--again", "once"]);
    assert_eq!(third.code, 0, "{}", third.all());
    desks.undisturbed();
    let refused = other.lock().expect("never poisoned").take().expect("it was started");
    assert!(refused.code == 5 && refused.stderr.contains("E0911"), "{}", refused.all());
    assert_eq!(desks.nantes.held()["bells"]["door"], 2);
    let shown = scope(&two, &["state", "show", "--program", "main.scope"]);
    assert!(shown.stdout.contains("3 runs") && shown.stdout.contains("lock        free"), "{}", shown.all());
    assert!(shown.stdout.contains("s3://states/team/main.json?region=eu-west-3"), "{}", shown.all());
    for ran in [&ran, &again, &third, &shown] {
        assert!(!ran.all().contains("planted-key-90ab"));
    }
}

fn make_bucket(port: u16) {
    use std::io::{Read, Write};
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let body = "<CreateBucketConfiguration><LocationConstraint>eu-west-3</LocationConstraint></CreateBucketConfiguration>";
    let head = format!(
        "PUT /states HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-west-3/s3/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    client.write_all(head.as_bytes()).expect("taken");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
