//! A site whose certificate is not accepted: its steps fail at once with a code and what helps, the others go on. It is not
//! silence: nothing is tried again, and nothing is parked for it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::desk::{self, Desks};
use crate::support::{binary, root};

/// Shows a certificate that nobody here trusts, and tells of every connection.
const SERVER: &str = "\
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
while True:
    client, _ = listener.accept()
    print('connection', flush=True)
    try:
        context.wrap_socket(client, server_side=True).close()
    except (ssl.SSLError, OSError):
        client.close()
";

struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

type Lines = std::io::Lines<BufReader<std::process::ChildStdout>>;

/// It, what it tells, and its port.
fn stranger() -> (Stranger, Lines, String) {
    let certificates = root().join("runtime/scope-runtime/tests/real_tls");
    let mut server = Command::new("python3")
        .args(["-c", SERVER])
        .arg(certificates.join("server.pem"))
        .arg(certificates.join("server.key"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python 3 is there");
    let mut told = BufReader::new(server.stdout.take().expect("it is piped")).lines();
    let stranger = Stranger(server);
    let port = told.next().expect("it begins").expect("readable");
    (stranger, told, port)
}

#[test]
fn a_refused_certificate_stops_its_site_at_once() {
    let (stranger, told, port) = stranger();
    let desks = Desks::start();
    let folder = binary::folder("durable-trust");
    let program = format!(
        "{}site nantes {{ desk: {{ url: \"{}\" }} }}\nsite paris {{ desk: {{ url: \"https://127.0.0.1:{port}\" }} }}\nentry nantes\n\
         resource welcome: desk.note {{ name: \"welcome\", text: \"hello\" }} scope {{ nantes & paris }} with {{ on_disconnect: queue, retry: 5 }}\n",
        desk::DRIVER,
        desks.nantes.url,
    );
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    let ran = desk::scope(&folder, &["run", "main.scope"]);
    assert_eq!(ran.code, 1, "it is not parked: {}", ran.all());
    for words in ["error[E0702]", "no encrypted connection to `paris`", "tls: { ca: \"FILE\" }` of `paris`"] {
        assert!(ran.stderr.contains(words), "`{words}`: {}", ran.all());
    }
    assert!(!ran.stderr.contains("again") && !ran.all().contains("parked"), "{}", ran.all());
    assert_eq!(desks.nantes.held()["notes"]["welcome"], "hello", "the other site goes on");
    drop(stranger);
    let n_connections = told.map_while(Result::ok).filter(|line| line == "connection").count();
    assert_eq!(n_connections, 1, "it is tried once");
}

/// As with refused credentials: another place is not taken for one whose certificate is not accepted, nor is a copy waited for.
#[test]
fn no_other_site_is_taken_for_one_that_is_not_trusted() {
    let (_stranger, _told, port) = stranger();
    let desks = Desks::start();
    let folder = binary::folder("durable-trust-either");
    for (scope, with) in
        [("{ paris | nantes }", ""), ("{ nantes & paris }", " with { quorum: 1, on_disconnect: queue }")]
    {
        let program = format!(
            "{}site nantes {{ desk: {{ url: \"{}\" }} }}\nsite paris {{ desk: {{ url: \"https://127.0.0.1:{port}\" }} }}\nentry nantes\n\
             resource single: desk.note {{ name: \"single\", text: \"one\" }} scope {scope}{with}\n",
            desk::DRIVER,
            desks.nantes.url,
        );
        std::fs::write(folder.join("main.scope"), program).expect("writable");
        let is_quorum = !with.is_empty();
        let ran = desk::scope(&folder, &["run", "main.scope"]);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(ran.stderr.contains("error[E0702]") && !ran.all().contains("parked"), "{}", ran.all());
        assert_eq!(desks.nantes.held()["notes"]["single"].is_null(), !is_quorum, "{}", ran.all());
    }
}

/// Told by the site itself which authority is to be trusted, whatever application is asked: it is connected to. What it does
/// not answer then is silence, and is waited for.
#[test]
fn an_authority_of_ones_own_is_trusted_where_its_site_says_so() {
    let (_stranger, _told, port) = stranger();
    let authority = root().join("runtime/scope-runtime/tests/real_tls/authority.pem");
    let folder = binary::folder("durable-trusted");
    for (tls, exit) in [(String::new(), 1), (format!(", tls: {{ ca: \"{}\" }}", authority.display()), 4)] {
        let program = format!(
            "{}site paris {{ desk: {{ url: \"https://localhost:{port}\" }}{tls} }}\nentry paris\n\
             resource welcome: desk.note {{ name: \"welcome\", text: \"hello\" }} scope {{ paris }} with {{ on_disconnect: queue, retry: 1 }}\n",
            desk::DRIVER,
        );
        std::fs::write(folder.join("main.scope"), program).expect("writable");
        let ran = desk::scope(&folder, &["run", "main.scope"]);
        assert_eq!(ran.code, exit, "{}", ran.all());
        assert_eq!(ran.all().contains("E0702"), exit == 1, "{}", ran.all());
    }
}
