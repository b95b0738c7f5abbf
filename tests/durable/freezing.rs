//! A run that is frozen (`SIGSTOP`), taken over by another machine, and woken again changes nothing more: neither where it waits
//! for an answer nor where a connection was being opened, which is between its last record and the wire.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::depot::Depot;
use super::desk::{DRIVER, Desks, PROGRAM, When};
use super::sharing::{Machine, after_the_lease, answered, wished};
use crate::support::root;

/// Before each of two services, with TLS in front: tells the number of every connection whose first bytes have come, and
/// holds the one of the number asked for back, until it is told to go on with it.
const FRONT: &str = "\
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
held, numbers, lock, go = int(sys.argv[3]), [0], threading.Lock(), threading.Event()
def pipe(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except (ssl.SSLError, OSError, ValueError):
        sink.close()
def serve(client, port):
    client.recv(1, socket.MSG_PEEK)
    with lock:
        numbers[0] += 1
        number = numbers[0]
        print(number, flush=True)
    if number == held:
        go.wait()
    try:
        client = context.wrap_socket(client, server_side=True)
    except (ssl.SSLError, OSError):
        return
    desk = socket.create_connection(('127.0.0.1', port))
    threading.Thread(target=pipe, args=(desk, client), daemon=True).start()
    pipe(client, desk)
def listen(listener, port):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, port), daemon=True).start()
listeners = [socket.create_server(('127.0.0.1', 0)) for _ in sys.argv[4:]]
print(*[listener.getsockname()[1] for listener in listeners], flush=True)
for listener, port in zip(listeners, sys.argv[4:]):
    threading.Thread(target=listen, args=(listener, int(port)), daemon=True).start()
sys.stdin.readline()
go.set()
sys.stdin.read()
";

struct Front {
    process: Child,
    numbers: mpsc::Receiver<usize>,
    go: ChildStdin,
    /// Of Nantes and of Paris.
    urls: [String; 2],
}

impl Front {
    fn start(desks: &Desks, held: usize) -> Front {
        let port = |url: &str| url.rsplit(':').next().expect("it has one").to_string();
        let mut process = Command::new("python3")
            .args(["-c", FRONT])
            .args(["server.pem", "server.key"].map(certificate))
            .args([held.to_string(), port(&desks.nantes.url), port(&desks.paris.url)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python 3 is there");
        let go = process.stdin.take().expect("it is piped");
        let mut lines =
            BufReader::new(process.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let ports = lines.next().expect("it begins");
        let (nantes, paris) = ports.split_once(' ').expect("two ports");
        let urls = [nantes, paris].map(|port| format!("https://localhost:{port}"));
        let (sender, numbers) = mpsc::channel();
        std::thread::spawn(move || {
            lines.map(|line| line.parse().expect("a number")).try_for_each(|number| sender.send(number))
        });
        Front { process, numbers, go, urls }
    }

    /// Waits until a connection of this number is opened; false: the run ends without one.
    fn sees(&self, number: usize, run: &mut Child) -> bool {
        loop {
            match self.numbers.recv_timeout(Duration::from_millis(20)) {
                Ok(seen) if seen == number => return true,
                Err(_) if run.try_wait().expect("ours").is_some() => return false,
                Ok(_) | Err(_) => {}
            }
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn certificate(name: &str) -> PathBuf {
    root().join("runtime/scope-runtime/tests/real_tls").join(name)
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.expect("there is a `kill`").success());
}

/// Another machine takes over and goes on to the end; then the frozen one is woken, and changes nothing.
fn taken_over(
    mut frozen: Child,
    one: &Machine,
    two: &Machine,
    desks: &Desks,
    before_it_wakes: impl FnOnce(),
) {
    let other = after_the_lease(|| two.scope(&["run", "main.scope"]));
    let (other, _) = answered(other, two, desks);
    assert_eq!(other.code, 0, "{}", other.all());
    wished(desks);
    let n_changes = || desks.nantes.n_changes() + desks.paris.n_changes();
    let n_before = n_changes();
    before_it_wakes();
    signal("CONT", frozen.id());
    let end = frozen.wait().expect("it is ours");
    let words = std::fs::read_to_string(one.folder.join("stderr")).expect("kept");
    assert_eq!(end.code(), Some(1), "{words}");
    assert!(words.contains("E0944") && words.contains("took the shared state over"), "{words}");
    assert_eq!(n_changes(), n_before, "sent after it woke: {words}");
    let last = two.ends(&["run", "main.scope"], 0);
    assert!(last.stdout.contains("nothing to do"), "{}", last.all());
    wished(desks);
}

#[test]
fn a_run_that_was_frozen_within_a_request_changes_nothing_more() {
    for number in [4, 8, 12] {
        let (desks, depot) = (Desks::start(), Depot::start());
        let state = depot.url("web.json");
        let one = Machine::new(&desks, "shared-frozen", &state);
        let two = Machine::new(&desks, "shared-waker", &state);
        let process: Arc<Mutex<Option<u32>>> = Arc::default();
        let (victim, frozen) = (process.clone(), Arc::new(AtomicBool::new(false)));
        let is_frozen = frozen.clone();
        let mut starting = process.lock().expect("never poisoned");
        desks.around(move |when, now| {
            if (when, now) == (When::Before, number) {
                signal("STOP", victim.lock().expect("never poisoned").expect("it was started"));
                is_frozen.store(true, Ordering::SeqCst);
            }
            true
        });
        let child = one.start(&["run", "main.scope"], "1");
        *starting = Some(child.id());
        drop(starting);
        while !frozen.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        desks.undisturbed();
        taken_over(child, &one, &two, &desks, || {});
    }
}

#[test]
fn a_run_that_was_frozen_while_it_connects_changes_nothing_more() {
    let (next, n_frozen) = (AtomicUsize::new(1), AtomicUsize::new(0));
    // Most of the time a lease is waited for: several at once.
    std::thread::scope(|threads| {
        for _ in 0..6 {
            threads.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number > TIMES {
                        break;
                    }
                    // The first connections only look; a run has nine of them, or some more.
                    let is_frozen = frozen_while_it_connects(number, 4 + number % 6);
                    n_frozen.fetch_add(usize::from(is_frozen), Ordering::SeqCst);
                }
            });
        }
    });
    let n_frozen = n_frozen.into_inner();
    println!("frozen {n_frozen} times while a connection was opened; nothing was changed after it");
    assert!(n_frozen >= 20, "{n_frozen}");
}

const TIMES: usize = 24;

/// Freezes a run while its connection of this number is opened; false where it has none.
fn frozen_while_it_connects(time: usize, number: usize) -> bool {
    let (desks, depot) = (Desks::start(), Depot::start());
    let mut front = Front::start(&desks, number);
    let state = depot.url("web.json");
    let machines = [format!("shared-connects-{time}"), format!("shared-goes-on-{time}")].map(|name| {
        let machine = Machine::new(&desks, &name, &state);
        let sites: String = ["nantes", "paris"]
            .iter()
            .zip(&front.urls)
            .map(|(site, url)| {
                let ca = certificate("authority.pem");
                format!("site {site} {{ desk: {{ url: \"{url}\", tls: {{ ca: \"{}\" }} }} }}\n", ca.display())
            })
            .collect();
        let driver = DRIVER.replace("site { url: string,", "site { url: string, tls: { ca: string }?,");
        let program = format!("{driver}{sites}entry nantes\n{PROGRAM}");
        std::fs::write(machine.folder.join("main.scope"), program).expect("writable");
        machine
    });
    let [one, two] = &machines;
    let mut child = one.start(&["run", "main.scope"], "1");
    let is_held = front.sees(number, &mut child);
    if is_held {
        signal("STOP", child.id());
        taken_over(child, one, two, &desks, || front.go.write_all(b"go\n").expect("it listens"));
    }
    for machine in &machines {
        let _ = std::fs::remove_dir_all(&machine.folder);
    }
    is_held
}
