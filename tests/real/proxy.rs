//! A go-between on loopback that lets something happen at an exact moment of one request: in the middle of its body, or
//! after the service took it and before its answer.
//!
//! `Proxy::start("127.0.0.1:9292", "PUT ", Moment::MidBody, freeze)` → `http://127.0.0.1:PORT`; all else passes untouched.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// When the hook is called.
#[derive(Clone, Copy)]
pub enum Moment {
    /// Half of the request's body has been passed on; the rest follows.
    MidBody,
    /// The service has answered, and the answer is lost.
    BeforeAnswer,
}

type Hook = Box<dyn FnOnce() + Send>;
type Slot = Arc<Mutex<Option<Hook>>>;

/// Ends with the test process.
pub struct Proxy {
    pub url: String,
    slot: Slot,
}

impl Proxy {
    /// The hook is for the first request that begins with `start`, such as `POST /v2.1/servers `.
    pub fn start(service: &str, start: &str, moment: Moment, hook: impl FnOnce() + Send + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let slot: Slot = Arc::new(Mutex::new(Some(Box::new(hook))));
        let (service, start, shared) = (service.to_string(), start.to_string(), slot.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (service, start, slot) = (service.clone(), start.clone(), shared.clone());
                thread::spawn(move || serve(client, &service, &start, moment, &slot));
            }
        });
        Proxy { url, slot }
    }

    /// Whether the moment came.
    pub fn was_hit(&self) -> bool {
        self.slot.lock().expect("it is held only to take the hook").is_none()
    }
}

/// One connection. The services close theirs after each answer, so it carries one request.
fn serve(mut client: TcpStream, service: &str, start: &str, moment: Moment, slot: &Slot) -> Option<()> {
    let head = head(&mut client)?;
    let mut upstream = TcpStream::connect(service).ok()?;
    upstream.write_all(&head).ok()?;
    let is_meant = head.starts_with(start.as_bytes());
    let hook = is_meant.then(|| slot.lock().expect("it is held only to take the hook").take()).flatten();
    match (hook, moment) {
        (Some(hook), Moment::MidBody) => {
            let mut half = vec![0; content_length(&head)? / 2];
            client.read_exact(&mut half).ok()?;
            upstream.write_all(&half).ok()?;
            // For the service to read it.
            thread::sleep(Duration::from_millis(500));
            hook();
            relay(client, upstream);
        }
        (Some(hook), Moment::BeforeAnswer) => {
            let request = pass_on(client.try_clone().ok()?, upstream.try_clone().ok()?);
            upstream.read_exact(&mut [0]).ok()?;
            hook();
            // Nothing is said until the client has had enough.
            let _ = request.join();
        }
        (None, _) => relay(client, upstream),
    }
    Some(())
}

fn relay(client: TcpStream, upstream: TcpStream) {
    let (Ok(from), Ok(to)) = (client.try_clone(), upstream.try_clone()) else { return };
    let request = pass_on(from, to);
    let _ = pass_on(upstream, client).join();
    drop(request);
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) -> JoinHandle<()> {
    thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    })
}

/// The request up to the blank line, not a byte more.
fn head(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    Some(head)
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = String::from_utf8_lossy(head).to_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
}
