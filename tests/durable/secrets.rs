//! Planted secrets, one from each source, in everything that a deployment leaves or prints, and in every process's arguments
//! while it runs: nowhere.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::depot::Depot;
use super::desk::{Desks, PROGRAM};
use crate::support::binary;

const FROM_ENVIRONMENT: &str = "planted-in-the-environment-5d0c";
const FROM_FILE: &str = "planted in a file/ä+9e41";
const FROM_COMMAND: &str = "planted\"by\\a command-77aa";
const OF_THE_STATE: &str = "planted-for-the-state-b3f2";
const ALL: [&str; 4] = [FROM_ENVIRONMENT, FROM_FILE, FROM_COMMAND, OF_THE_STATE];

/// As it stands in JSON, in an address, and as it is.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let json = serde_json::to_string(secret).expect("a text is JSON");
    let encoded: String = secret
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => (byte as char).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    vec![secret.into(), json.trim_matches('"').into(), encoded.into()]
}

fn is_in(bytes: &[u8]) -> Option<&'static str> {
    let has = |form: &Vec<u8>| bytes.windows(form.len()).any(|window| window == form.as_slice());
    ALL.into_iter().find(|secret| forms(secret).iter().any(has))
}

#[test]
fn planted_secrets_are_found_nowhere() {
    assert_eq!(
        is_in(format!("{{\"x\":{}}}", serde_json::json!(FROM_COMMAND)).as_bytes()),
        Some(FROM_COMMAND)
    );
    let (desks, depot) = (Desks::start(), Depot::start());
    depot.wants(OF_THE_STATE);
    let folder = desks.place("secrets", "");
    std::fs::write(folder.join("word"), FROM_FILE).expect("writable");
    // The script has it in two parts, so that what is found is an output.
    let (head, tail) = FROM_COMMAND.split_at(9);
    std::fs::write(folder.join("word.sh"), format!("printf '%s%s' '{head}' '{tail}'\n")).expect("writable");
    let text = std::fs::read_to_string(folder.join("main.scope")).expect("there");
    let text = text
        .replacen(", concurrency: 8 }", ", token: secret(\"WORD\") }, concurrency: 8 }", 1)
        .replacen(" }, token:", ", token:", 1);
    let paris = format!("url: \"{}\"", desks.paris.url);
    let text = text.replacen(&paris, &format!("{paris}, token: secret(file: \"word\")"), 1);
    let lille = format!(
        "site lille {{ desk: {{ url: \"{}\", token: secret(command: [\"sh\", \"word.sh\"]) }} }}\n",
        desks.paris.url
    );
    let more = "resource third: desk.note { name: \"third\", text: \"x\" } scope { lille & nantes }\n";
    std::fs::write(folder.join("main.scope"), format!("{text}{lille}{PROGRAM}{more}")).expect("writable");
    let state = depot.url("main.json");
    let env = [
        ("WORD", FROM_ENVIRONMENT),
        ("SCOPE_STATE_TOKEN", OF_THE_STATE),
        ("SCOPE_LOG", "trace"),
        ("RUST_LOG", "trace"),
    ];
    let n_processes = Arc::new(Mutex::new(0));
    let seen = n_processes.clone();
    desks.around(move |_, _| {
        *seen.lock().expect("never poisoned") += arguments_are_clean();
        true
    });
    let mut said = Vec::new();
    let mut run = |args: &[&str], code: i32| {
        let ran = binary::scope(&folder, args, &env);
        assert_eq!(ran.code, code, "scope {args:?}: {}", ran.all());
        said.push((format!("scope {args:?}"), ran.all()));
    };
    let at = ["--state", state.as_str()];
    run(&["build", "main.scope", "--out", "plan.json"], 0);
    run(&["build", "main.scope", "--target", "shell", "--out", "shell"], 0);
    run(&["plan", "main.scope", "--steps", at[0], at[1]], 0);
    run(&["plan", "main.scope", "--out", "saved.json", at[0], at[1]], 0);
    run(&["run", "main.scope", "--events", "json", "--verbose", at[0], at[1]], 0);
    run(&["run", "main.scope", at[0], at[1]], 0);
    // What a site answers may hold what it was given: each has its own secret in a text that is a difference.
    desks
        .nantes
        .change(|notes, _| notes.entry("welcome".into()).or_default()["text"] = FROM_ENVIRONMENT.into());
    desks.paris.change(|notes, _| {
        notes.entry("welcome".into()).or_default()["text"] = FROM_FILE.into();
        notes.entry("third".into()).or_default()["text"] = FROM_COMMAND.into();
    });
    run(&["plan", "main.scope", at[0], at[1]], 0);
    run(&["drift", "main.scope", at[0], at[1]], 2);
    run(&["--format", "json", "drift", "main.scope", at[0], at[1]], 2);
    run(&["run", "main.scope", "--events", "json", at[0], at[1]], 0);
    run(&["logs", "--program", "main.scope", at[0], at[1]], 0);
    run(&["--format", "json", "status", "--program", "main.scope", at[0], at[1]], 0);
    run(&["--format", "json", "history", "--program", "main.scope", at[0], at[1]], 0);
    run(&["state", "show", "--program", "main.scope", at[0], at[1]], 0);
    run(&["state", "copy", "--program", "main.scope", "--to", "copied", at[0], at[1]], 0);
    desks.paris.set_down(true);
    run(&["run", "main.scope", "--again", "once", at[0], at[1]], 4);
    desks.undisturbed();
    let n_hidden = said.iter().filter(|(_, out)| out.contains("***")).count();
    assert!(n_hidden >= 3, "what the sites told of their secrets is hidden: {n_hidden}");
    for (what, out) in &said {
        assert_eq!(is_in(out.as_bytes()), None, "{what}: {out}");
    }
    assert_eq!(is_in(depot.document("main.json").to_string().as_bytes()), None, "the shared state");
    let mut n_files = 0;
    for path in files(&folder) {
        let planted = path.ends_with("word");
        let found = is_in(&std::fs::read(&path).expect("readable"));
        assert_eq!(found, planted.then_some(FROM_FILE), "{}", path.display());
        n_files += 1;
    }
    let n_processes = *n_processes.lock().expect("never poisoned");
    println!(
        "{} outputs, {n_files} files, {n_processes} arguments of processes: none has a secret",
        said.len()
    );
    assert!(n_files > 8 && (n_processes > 20 || !cfg!(target_os = "linux")), "{n_files} {n_processes}");
}

#[test]
fn a_secret_that_no_header_can_have_is_told_before_anything_is_sent() {
    let desks = Desks::start();
    let folder = desks.place("secrets-unfit", "");
    let text = std::fs::read_to_string(folder.join("main.scope")).expect("there");
    let paris = format!("url: \"{}\"", desks.paris.url);
    let text = text.replacen(&paris, &format!("{paris}, token: secret(file: \"word\")"), 1);
    std::fs::write(folder.join("main.scope"), format!("{text}{PROGRAM}")).expect("writable");
    for (word, what) in [("planted\nthere\n", "a line break"), ("planted\u{7}there", "a control character")] {
        std::fs::write(folder.join("word"), word).expect("writable");
        let ran = binary::scope(&folder, &["run", "main.scope"], &[]);
        assert_eq!(ran.code, 3, "{}", ran.all());
        let message = format!("file `word` has {what} in it, which a header cannot have");
        for words in ["E0604", &message, "`desk.token`", "site paris", "nothing was sent"] {
            assert!(ran.stderr.contains(words), "`{words}`: {}", ran.all());
        }
        assert!(!ran.all().contains("planted"), "{}", ran.all());
        assert_eq!((desks.nantes.n_requests(), desks.paris.n_requests()), (0, 0));
    }
    // The last line break is no part of it.
    std::fs::write(folder.join("word"), "planted there\n").expect("writable");
    assert_eq!(binary::scope(&folder, &["run", "main.scope"], &[]).code, 0);
}

/// A box whose pin is sent, and never compared.
const VAULT: &str = r#"
driver vault {
    site { url: string }
    service vault {
        address: site.url
        answers { 400..499 -> invalid(text), 500..599 -> unavailable(text) }
        type box {
            name: string identity immutable
            text: string
            pin: secret<string>? write_only
            share by none because "a box stays where it is"
            cross by none because "a box has no parts"
            operation read GET "/notes/${name}" { 200 -> found(body), 404 -> not_found }
            operation write PUT "/notes/${name}" {
                body: { name: name, text: text, pin: pin }
                repeat by name
                200 | 201 -> done
            }
            operation update PUT "/notes/${name}" { body: { name: name, text: text, pin: pin }, 200 -> done }
            operation delete DELETE "/notes/${name}" { 204 | 404 -> gone }
            create by write
        }
    }
}
entry nantes
"#;

/// A new value at the same place is not seen, since nothing is kept of the old one: it is sent when that is said.
#[test]
fn a_rotated_secret_is_sent_again_when_it_is_said() {
    let desks = Desks::start();
    let folder = binary::folder("secrets-rotated");
    let program = format!(
        "{VAULT}site nantes {{ vault: {{ url: \"{}\" }} }}\n\
        resource safe: vault.box {{ name: \"safe\", text: \"t\", pin: secret(\"PIN\") }} scope {{ nantes }}\n\
        resource open: vault.box {{ name: \"open\", text: \"t\" }} scope {{ nantes }}\n",
        desks.nantes.url
    );
    std::fs::write(folder.join("main.scope"), program).expect("writable");
    let run = |args: &[&str], pin: &str, code: i32| {
        let ran = binary::scope(&folder, args, &[("PIN", pin)]);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.all());
        ran.all()
    };
    let pin = || {
        let mut pin = String::new();
        desks.nantes.change(|notes, _| {
            notes["safe"]["pin"].as_str().unwrap_or_default().clone_into(&mut pin);
        });
        pin
    };
    run(&["run", "main.scope"], "old-pin-4711", 0);
    assert_eq!(pin(), "old-pin-4711");
    assert!(run(&["run", "main.scope"], "new-pin-1234", 0).contains("nothing to do"));
    assert_eq!(pin(), "old-pin-4711");
    // What a run would send once more is planned, and a saved plan has it sent.
    let planned = run(&["plan", "main.scope", "--again", "safe", "--out", "plan.json"], "new-pin-1234", 0);
    assert!(planned.contains("1 to change") && planned.contains("safe  pin"), "{planned}");
    let again = run(&["run", "plan.json"], "new-pin-1234", 0);
    assert!(again.contains("updated") && again.contains("1 changed, 1 unchanged"), "{again}");
    assert_eq!(pin(), "new-pin-1234");
    let again = run(&["run", "main.scope", "--again", "safe"], "new-pin-1234", 0);
    assert!(again.contains("updated") && again.contains("1 changed, 1 unchanged"), "{again}");
    assert_eq!(pin(), "new-pin-1234");
    assert!(run(&["run", "main.scope"], "new-pin-1234", 0).contains("nothing to do"));
    // Of what is given no secret there is nothing to send once more.
    let refused = run(&["run", "main.scope", "--again", "open"], "new-pin-1234", 3);
    assert!(refused.contains("E0922") && refused.contains("is given no secret"), "{refused}");
    for path in files(&folder) {
        let bytes = std::fs::read(&path).expect("readable");
        let has = |pin: &str| bytes.windows(pin.len()).any(|part| part == pin.as_bytes());
        assert!(!has("old-pin-4711") && !has("new-pin-1234"), "{}", path.display());
    }
}

/// The arguments of every process of this machine that can be read; how many.
fn arguments_are_clean() -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let lines = processes.flatten().filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| assert_eq!(is_in(&line), None, "a secret is in an argument")).count()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        match path.is_dir() {
            true => {
                open.extend(std::fs::read_dir(&path).expect("readable").flatten().map(|entry| entry.path()))
            }
            false => files.push(path),
        }
    }
    files
}
