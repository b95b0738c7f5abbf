//! Telling others what happens in a run: a command that gets the event on its standard input, or an address it is posted to.
//!
//! `Hook { events: ["run_ended"], deed: Command(["notify-send", "scope"]) }` → at the end of a run the command is started,
//! without a shell, with `{"event":"run_ended","verdict":"pending",…}` to read.
//!
//! A hook never holds up a run: each has a queue of [`QUEUE`] events and a thread of its own. What does not fit is counted
//! and dropped, except the end of the run. A delivery takes at most the hook's time and is tried again after a pause that
//! doubles; a run whose state another one took over tells nobody anything more ([`Hooks::pass`]). At the end of a run hooks have a last while, then they are given up and their commands ended. Events are masked before they come here,
//! and a command sees of the environment only where programs and the home folder are.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use scope_plan::plan::StepId;
use serde_json::{Map, Value};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

use crate::events::{RunEvent, RunEventKind, StepInfo};
use crate::real::fenced;
use crate::real::secrets::Secret;
use crate::state::Fence;

/// At most so many events wait for one hook.
pub const QUEUE: usize = 256;

/// What can happen: the kinds of events of a run, and of waiting for sites.
pub const EVENTS: [&str; 16] = [
    "run_started",
    "step_started",
    "step_progress",
    "step_retrying",
    "step_parked",
    "step_done",
    "step_failed",
    "step_skipped",
    "choice_tried",
    "choice_made",
    "undo_done",
    "undo_owed",
    "output_failed",
    "run_ended",
    "site_silent",
    "site_answers",
];

/// One that is given up has so long to end.
const LAST: Duration = Duration::from_secs(1);

/// Variables that a hook's command keeps.
const KEPT_VARIABLES: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SYSTEMROOT"];

/// Who is told, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Of [`EVENTS`]; `*`: all but `step_progress`.
    pub events: Vec<String>,
    /// How.
    pub deed: Deed,
    /// How often a delivery is tried again.
    pub retries: u32,
    /// How long one try may take.
    pub timeout: Duration,
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A program and its arguments.
    Command(Vec<String>),
    /// An address to post to.
    Webhook {
        /// Where.
        address: String,
        /// Shown there as `Authorization: Bearer`.
        token: Option<Secret>,
    },
}

impl Hook {
    /// With the usual three retries of ten seconds.
    pub fn new(events: Vec<String>, deed: Deed) -> Hook {
        Hook { events, deed, retries: 3, timeout: Duration::from_secs(10) }
    }

    fn hears(&self, event: &str) -> bool {
        self.events.iter().any(|own| own == event || (own == "*" && event != "step_progress"))
    }

    /// For messages; an address without what may be a secret in it.
    fn words(&self) -> String {
        match &self.deed {
            Deed::Command(words) => words.first().cloned().unwrap_or_default(),
            Deed::Webhook { address, .. } => address.split(['?', '#']).next().unwrap_or_default().to_owned(),
        }
    }
}

/// Hooks at work.
pub struct Hooks {
    runners: Vec<Running>,
    /// What the steps of the run are called.
    steps: BTreeMap<StepId, StepInfo>,
    about: Map<String, Value>,
    fence: Arc<Mutex<Fence>>,
}

struct Running {
    hook: Hook,
    queue: Option<SyncSender<String>>,
    /// The end of the run, where the queue was full.
    last: Arc<Mutex<Option<String>>>,
    n_dropped: u64,
    /// Ends the delivery that is under way, and with it the thread.
    given_up: Arc<Notify>,
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Hooks {
    /// Starts a thread for each; none for none.
    pub fn start(hooks: Vec<Hook>) -> Hooks {
        let fence: Arc<Mutex<Fence>> = Arc::default();
        let runners = hooks.into_iter().map(|hook| {
            let (queue, events) = sync_channel(QUEUE);
            let last = Arc::new(Mutex::new(None));
            let given_up = Arc::new(Notify::new());
            let (own, rest, fence) = (hook.clone(), Arc::clone(&last), Arc::clone(&fence));
            let end = Arc::clone(&given_up);
            let thread = std::thread::Builder::new().name("hook".into());
            let thread = thread.spawn(move || deliver(&own, &events, &rest, &fence, &end));
            Running { hook, queue: Some(queue), last, n_dropped: 0, given_up, thread: thread.ok() }
        });
        Hooks { runners: runners.collect(), steps: BTreeMap::new(), about: Map::new(), fence }
    }

    /// Nothing is told from now on but while this fence is open: a run whose state another one took over is not the one
    /// whose news count.
    pub fn pass(&self, fence: Fence) {
        *self.fence.lock().expect("no code panics while it holds the lock") = fence;
    }

    /// Tells an event of a run to whoever wants it; takes no time.
    pub fn tell(&mut self, event: &RunEvent) {
        if self.runners.is_empty() {
            return;
        }
        if let RunEventKind::RunStarted { run, program, steps, .. } = &event.kind {
            self.steps = steps.iter().map(|step| (step.id, step.clone())).collect();
            self.about = Map::from_iter([
                ("run".to_owned(), Value::from(*run)),
                ("program".to_owned(), Value::from(program.clone())),
            ]);
        }
        let Ok(Value::Object(mut fields)) = serde_json::to_value(event) else { return };
        let step = fields.get("step").and_then(Value::as_u64).and_then(|step| u32::try_from(step).ok());
        if let Some(info) = step.and_then(|step| self.steps.get(&StepId(step))) {
            fields.insert("name".into(), info.name.clone().into());
            fields.insert("site".into(), (*info.site).into());
        }
        self.say(fields);
    }

    /// Tells something else, such as that a site answers again: `event` is one of [`EVENTS`].
    pub fn tell_of_site(&mut self, event: &str, site: &str, words: Option<&str>) {
        let mut fields = Map::from_iter([
            ("event".to_owned(), Value::from(event)),
            ("site".to_owned(), Value::from(site)),
        ]);
        if let Some(words) = words {
            fields.insert("words".into(), words.into());
        }
        self.say(fields);
    }

    fn say(&mut self, mut fields: Map<String, Value>) {
        for (name, value) in &self.about {
            fields.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let event = fields.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
        let text = Value::Object(fields).to_string();
        for running in self.runners.iter_mut().filter(|running| running.hook.hears(&event)) {
            let Some(queue) = &running.queue else { continue };
            if queue.try_send(text.clone()).is_ok() {
                continue;
            }
            running.n_dropped += 1;
            if event == "run_ended" {
                *running.last.lock().expect("no code panics while it holds the lock") = Some(text.clone());
                running.n_dropped -= 1;
            }
        }
    }

    /// The run is over: hooks have so long to end. Gives what could not be told, in words.
    pub fn finish(mut self, patience: Duration) -> Vec<String> {
        let until = Instant::now() + patience;
        for running in &mut self.runners {
            running.queue = None;
        }
        let mut said = Vec::new();
        for running in &mut self.runners {
            let Some(thread) = running.thread.take() else {
                said.push(format!("hook `{}` could not be started", running.hook.words()));
                continue;
            };
            wait_for(&thread, until);
            if running.n_dropped > 0 {
                let (words, count) = (running.hook.words(), running.n_dropped);
                said.push(format!("hook `{words}` was too slow: {count} events were not told"));
            }
            if thread.is_finished() {
                said.extend(thread.join().unwrap_or_default());
            } else {
                said.push(format!("hook `{}` did not end, and was given up", running.hook.words()));
                // A command that nobody waits for any more is ended, too.
                running.given_up.notify_one();
                wait_for(&thread, Instant::now() + LAST);
            }
        }
        said
    }
}

/// Until a thread has ended, or the time is over.
fn wait_for<T>(thread: &JoinHandle<T>, until: Instant) {
    while !thread.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The thread of one hook: one event after the other, so that they come in order.
fn deliver(
    hook: &Hook,
    events: &Receiver<String>,
    last: &Mutex<Option<String>>,
    fence: &Mutex<Fence>,
    given_up: &Notify,
) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return vec![format!("hook `{}` could not be started", hook.words())] };
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(hook.timeout).build();
    let (mut n_failed, mut why) = (0, String::new());
    let mut one = |text: String| {
        let delivered = runtime.block_on(async {
            tokio::select! {
                result = with_retries(hook, client.as_ref().ok(), fence, &text) => Some(result),
                () = given_up.notified() => None,
            }
        });
        if let Some(Err(words)) = &delivered {
            n_failed += 1;
            why.clone_from(words);
        }
        delivered.is_some()
    };
    let rest = || last.lock().expect("no code panics while it holds the lock").take();
    let mut waiting = std::iter::from_fn(|| events.recv().ok().or_else(rest));
    while waiting.next().is_some_and(&mut one) {}
    match n_failed {
        0 => Vec::new(),
        1 => vec![format!("hook `{}` failed: {why}", hook.words())],
        several => vec![format!("hook `{}` failed {several} times: {why}", hook.words())],
    }
}

async fn with_retries(
    hook: &Hook,
    client: Option<&reqwest::Client>,
    fence: &Mutex<Fence>,
    text: &str,
) -> Result<(), String> {
    let mut pause = Duration::from_millis(500);
    let mut result = Ok(());
    for attempt in 0..=hook.retries {
        if attempt > 0 {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let fence = fence.lock().expect("no code panics while it holds the lock").clone();
        let once = async {
            fence.pass().await.map_err(|closed| closed.to_string())?;
            match &hook.deed {
                Deed::Command(words) => command(words, text).await,
                Deed::Webhook { address, token } => {
                    let body = fenced(text.to_owned().into(), &fence);
                    post(client, address, token.as_ref(), body).await
                }
            }
        };
        result = match tokio::time::timeout(hook.timeout, once).await {
            Ok(result) => result,
            Err(_) => Err(format!("it took longer than {} s", hook.timeout.as_secs())),
        };
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Starts a program, without a shell, with the event on its standard input.
async fn command(words: &[String], text: &str) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else { return Err("it names no program".into()) };
    let kept = KEPT_VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(kept)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read its input is told all the same.
        let _ = input.write_all(text.as_bytes()).await;
        let _ = input.write_all(b"\n").await;
    }
    match child.wait().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("it ended with {status}")),
        Err(error) => Err(error.to_string()),
    }
}

async fn post(
    client: Option<&reqwest::Client>,
    address: &str,
    token: Option<&Secret>,
    body: reqwest::Body,
) -> Result<(), String> {
    let client = client.ok_or("no connection can be made")?;
    let mut request = client.post(address).header("content-type", "application/json").body(body);
    if let Some(token) = token {
        request = request.bearer_auth(token.expose());
    }
    // Not the library's own words: they quote the address, which may hold a token.
    let response = request.send().await.map_err(|error| {
        if error.is_timeout() { "no answer came" } else { "it cannot be reached" }.to_owned()
    })?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("it answered {}", status.as_u16())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Awaited;
    use crate::report::{Counts, Verdict};

    fn ended() -> RunEvent {
        let kind = RunEventKind::RunEnded { verdict: Verdict::Pending, counts: Counts::default(), millis: 7 };
        RunEvent { at_ms: 7, kind }
    }

    fn started() -> RunEvent {
        let step = StepInfo {
            id: StepId(0),
            name: "base".into(),
            site: "paris".into(),
            verb: "ensure".into(),
            resource_type: None,
        };
        let kind = RunEventKind::RunStarted {
            format: "scope-events/1".into(),
            run: 9,
            program: "web.scope".into(),
            plan: None,
            steps: vec![step],
        };
        RunEvent { at_ms: 0, kind }
    }

    fn words(list: &[&str]) -> Deed {
        Deed::Command(list.iter().map(|word| (*word).to_owned()).collect())
    }

    fn quick(events: &[&str], deed: Deed) -> Hook {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        Hook { retries: 1, timeout: Duration::from_millis(700), ..Hook::new(events, deed) }
    }

    #[test]
    #[cfg(unix)]
    fn a_command_reads_the_event_with_the_names_of_its_step() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("told");
        let target = format!("of={}", path.display());
        let mut hooks = Hooks::start(vec![quick(&["step_parked"], words(&["dd", &target, "status=none"]))]);
        hooks.tell(&started());
        let parked = RunEventKind::StepParked {
            step: StepId(0),
            words: "cut; $(touch x) `y`".into(),
            is_spare: false,
            awaits: Awaited::Answer,
        };
        hooks.tell(&RunEvent { at_ms: 5, kind: parked });
        hooks.tell(&ended());
        assert_eq!(hooks.finish(Duration::from_secs(10)), Vec::<String>::new());
        let told: Value = serde_json::from_slice(&std::fs::read(&path).expect("written")).expect("JSON");
        assert_eq!(
            (&told["event"], &told["name"], &told["site"], &told["run"], &told["program"]),
            (&"step_parked".into(), &"base".into(), &"paris".into(), &9.into(), &"web.scope".into())
        );
        assert_eq!(told["words"], "cut; $(touch x) `y`", "no shell reads it");
    }

    #[test]
    #[cfg(unix)]
    fn one_that_hangs_holds_up_nobody_and_is_given_up() {
        // It has an hour, so whoever waits for it does not get to the end of this.
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("process");
        let says_who = format!("echo $$ > {}; exec sleep 3600", path.display());
        let deed = words(&["sh", "-c", &says_who]);
        let hangs = Hook { timeout: Duration::from_secs(3600), ..quick(&["*"], deed) };
        let mut hooks = Hooks::start(vec![hangs]);
        for _ in 0..10_000 {
            hooks.tell(&ended());
        }
        let began = Instant::now();
        while std::fs::read(&path).map_or(0, |text| text.len()) == 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "the command begins");
            std::thread::sleep(Duration::from_millis(5));
        }
        let said = hooks.finish(Duration::from_millis(300)).join("; ");
        assert!(said.contains("was given up"), "{said}");
        // What it started is left to nobody. Of one that has ended, and is not forgotten yet, the words are gone.
        let process = std::fs::read_to_string(&path).expect("it has begun");
        let words = || std::fs::read(format!("/proc/{}/cmdline", process.trim())).unwrap_or_default();
        let began = Instant::now();
        while !words().is_empty() {
            let is_new = began.elapsed() < Duration::from_secs(60);
            assert!(is_new, "{} is still there", String::from_utf8_lossy(&words()));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn what_cannot_be_told_is_said_without_the_token_in_the_address() {
        let address = "http://127.0.0.1:9/hook?token=hunter2".into();
        let deed = Deed::Webhook { address, token: Some(Secret::new("hunter2".into())) };
        let mut hooks = Hooks::start(vec![
            quick(&["run_ended"], deed),
            quick(&["run_ended"], words(&["/no/such/program"])),
        ]);
        hooks.tell(&ended());
        let said = hooks.finish(Duration::from_secs(10)).join("; ");
        assert!(said.contains("/hook` failed: it cannot be reached"), "{said}");
        assert!(said.contains("/no/such/program` failed: it cannot be started"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[test]
    fn a_webhook_is_posted_to_and_tried_again() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/", listener.local_addr().expect("bound"));
        let server = std::thread::spawn(move || {
            let mut bodies = Vec::new();
            for answer in ["500 Oops", "200 OK"] {
                let (mut stream, _) = listener.accept().expect("asked");
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while !text.contains("\r\n\r\n") || !text.trim_end().ends_with('}') {
                    let count = stream.read(&mut buffer).expect("readable");
                    text.push_str(&String::from_utf8_lossy(&buffer[..count]));
                }
                write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .expect("written");
                bodies.push(text);
            }
            bodies
        });
        let mut hooks = Hooks::start(vec![Hook {
            timeout: Duration::from_secs(5),
            ..quick(&["run_ended"], Deed::Webhook { address, token: Some(Secret::new("of-the-chat".into())) })
        }]);
        hooks.tell(&started());
        hooks.tell(&ended());
        assert_eq!(hooks.finish(Duration::from_secs(20)), Vec::<String>::new());
        let bodies = server.join().expect("no panic");
        assert!(
            bodies[1].contains("\"verdict\":\"pending\"") && bodies[1].contains("\"run\":9"),
            "{bodies:?}"
        );
        assert!(bodies.iter().all(|text| text.contains("authorization: Bearer of-the-chat")), "{bodies:?}");
    }

    #[test]
    fn a_run_that_was_taken_over_tells_nobody_anything() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it can be");
        let address = format!("http://{}/", listener.local_addr().expect("bound"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("told");
        let target = format!("of={}", path.display());
        let mut hooks = Hooks::start(vec![
            quick(&["run_ended"], Deed::Webhook { address, token: None }),
            quick(&["run_ended"], words(&["dd", &target, "status=none"])),
        ]);
        hooks.pass(Fence::closed());
        hooks.tell(&ended());
        let said = hooks.finish(Duration::from_secs(10)).join("; ");
        assert_eq!(said.matches("another run may have taken the state over").count(), 2, "{said}");
        assert!(listener.accept().is_err(), "nobody asked for a connection");
        assert!(!path.exists(), "no command was started");
    }

    #[test]
    fn the_kinds_are_those_of_events() {
        let kind = |event: RunEvent| serde_json::to_value(event).expect("plain")["event"].clone();
        for event in [started(), ended()] {
            let name = kind(event);
            assert!(EVENTS.contains(&name.as_str().expect("a text")), "{name}");
        }
    }
}
