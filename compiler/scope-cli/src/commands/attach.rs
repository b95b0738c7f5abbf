//! `scope attach`: follows a detached run from its first event; leaving (Ctrl-C) does not stop it.
//!
//! What it prints is what the run would have printed here, and the exit code is the run's.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use scope_diagnostics::codes;
use scope_plan::plan::Plan;
use scope_runtime::events::{RunEvent, RunEventKind};
use scope_runtime::state::{Place, StateStore};

use super::detach::Detached;
use super::waiting::Later;
use super::{WRONG, place};
use crate::args::Attach;
use crate::output::{Output, document, line, note, say_error, say_help};
use crate::show::progress::Shower;

/// How often there is a look at what is new.
const LOOK_EVERY: Duration = Duration::from_millis(60);
/// Interrupted, resumable: its process is gone and said no code.
const GONE: u8 = 130;

pub fn run(command: &Attach, output: Output) -> u8 {
    let found = match place::find(&command.whose.place()) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let detached = Detached::of(found.place.logs());
    let Some(process) = detached.process() else {
        let program = found.program.as_deref().unwrap_or("this program");
        say_error(codes::E0938, &format!("no run of `{program}` was detached"));
        say_help(&format!(
            "`scope run {program} --detach` starts one; `scope status` says where the deployment is"
        ));
        return WRONG;
    };
    if detached.is_alive() {
        let (run, number) = (process.run, process.process);
        note(&format!("run {run} of {}, process {number} (Ctrl-C leaves it; it goes on)", process.program));
    }
    let mut follower = Follower {
        events: Tail::new(detached.path("events.jsonl")),
        log: Tail::new(detached.path("log")),
        said: Vec::new(),
        place: found.place,
        detached,
        command,
        output,
    };
    follower.follow()
}

struct Follower<'c> {
    events: Tail,
    log: Tail,
    /// What the log said.
    said: Vec<String>,
    /// Where the state is.
    place: Place,
    detached: Detached,
    command: &'c Attach,
    output: Output,
}

impl Follower<'_> {
    /// Until the process is over; its exit code.
    fn follow(&mut self) -> u8 {
        loop {
            // Looked at before what is new is read: nothing is written after.
            let is_over = !self.detached.is_alive();
            while let Some(text) = self.events.next() {
                match serde_json::from_str::<RunEvent>(&text) {
                    Ok(event) if matches!(event.kind, RunEventKind::RunStarted { .. }) => {
                        self.one_run(&event)
                    }
                    Ok(_) => {}
                    // The report, after the last event.
                    Err(_) => line(&text),
                }
            }
            self.say_log();
            if is_over {
                if let Some(report) = self.detached.report() {
                    document::tell("scope-run/1", report);
                }
                return match self.detached.ended() {
                    Some(code) => {
                        self.say_later();
                        code
                    }
                    None => {
                        note("its process is gone without an end: `scope resume` goes on");
                        GONE
                    }
                };
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The events of one run, up to its last one.
    fn one_run(&mut self, first: &RunEvent) {
        let Some(plan) = self.plan() else { return };
        let mut shower = Shower::new(&plan, self.command.events, self.output, self.command.verbose);
        shower.show(first);
        loop {
            let is_over = !self.detached.is_alive();
            while let Some(text) = self.events.next() {
                let Ok(event) = serde_json::from_str::<RunEvent>(&text) else {
                    line(&text);
                    continue;
                };
                shower.show(&event);
                if matches!(event.kind, RunEventKind::RunEnded { .. }) {
                    return;
                }
            }
            if is_over {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn plan(&self) -> Option<Plan> {
        let text = std::fs::read_to_string(self.detached.path("plan.json")).ok()?;
        scope_plan::json::from_json(&text).ok()
    }

    fn say_log(&mut self) {
        while let Some(text) = self.log.next() {
            note(&text);
            self.said.push(text);
        }
    }

    /// What was said at the end of a run is nothing to do any more where another one came later.
    fn say_later(&self) {
        // A look that fails says nothing.
        let Ok(state) = StateStore::peek_at(&self.place) else { return };
        let Some(run) = self.detached.process().map(|process| process.run) else { return };
        let given = self.command.whose.place().state;
        let later = Later::than(&state, run, given.as_deref());
        if let Some(later) = later.filter(|later| !self.said.iter().any(|said| later.is_told_by(said))) {
            later.tell_after();
        }
    }
}

/// The lines of a file that grows.
struct Tail {
    path: PathBuf,
    read: u64,
    /// What was read and not given yet; the last line may not be whole.
    rest: Vec<u8>,
}

impl Tail {
    fn new(path: PathBuf) -> Tail {
        Tail { path, read: 0, rest: Vec::new() }
    }

    /// The next whole line, if there is one.
    fn next(&mut self) -> Option<String> {
        let end_of = |bytes: &[u8]| bytes.iter().position(|byte| *byte == b'\n');
        let mut end = end_of(&self.rest);
        if end.is_none() {
            let mut file = File::open(&self.path).ok()?;
            file.seek(SeekFrom::Start(self.read)).ok()?;
            self.read += file.take(1 << 20).read_to_end(&mut self.rest).ok()? as u64;
            end = end_of(&self.rest);
        }
        let line: Vec<u8> = self.rest.drain(..=end?).collect();
        Some(String::from_utf8_lossy(&line[..line.len() - 1]).into_owned())
    }
}
