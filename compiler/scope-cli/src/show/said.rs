//! A command line, written again from what was asked: the one place that does, so that what is printed as the next command
//! does what was done, and not something else. A secret is in none: what is given of a parameter is where it is.
//!
//! `Started { wish: Nothing, program: "lab.scope", only: ["posters"], … }` → `scope destroy lab.scope --only posters`. Consent
//! (`--yes`), waiting, and how it is told are for whoever types it.

use scope_runtime::shell;
use scope_runtime::state::{Started, State, Wish};

/// The command that asks this, of the state at this place.
pub fn command(started: &Started, state: Option<&str>) -> String {
    let program = || shell::word(&started.program);
    let line = match (started.wish, &started.sequence) {
        (Wish::Nothing, _) => format!("scope destroy {}", program()),
        (Wish::Command, _) if started.words.is_empty() => return "scope exec with the same words".into(),
        (Wish::Command, _) => format!("scope exec --program {}", program()),
        (Wish::Program, Some(sequence)) => {
            format!("scope exec {} --program {}", shell::word(sequence), program())
        }
        (Wish::Program, None) => format!("scope run {}", program()),
    };
    line + &options(started, state)
}

/// The command that simulates this, with what goes wrong.
pub fn simulating(started: &Started, faults: &[String], seed: u64) -> String {
    let mut simulation = " --simulate".to_owned();
    faults.iter().for_each(|fault| simulation += &format!(" --fault {}", shell::word(fault)));
    if seed != 0 {
        simulation += &format!(" --seed {seed}");
    }
    let run = command(started, None);
    // What stands behind `--` is the command that is done.
    match run.split_once(" -- ") {
        Some((run, words)) if started.wish == Wish::Command => format!("{run}{simulation} -- {words}"),
        _ => run + &simulation,
    }
}

/// The command that plans this, and saves the plan.
pub fn planning(started: &Started, state: Option<&str>, out: &str) -> String {
    let sequence = started.sequence.iter().map(|name| format!(" --sequence {}", shell::word(name)));
    let (program, sequence) = (shell::word(&started.program), sequence.collect::<String>());
    format!("scope plan {program}{sequence}{} --out {}", options(started, state), shell::word(out))
}

/// Another command about the same program, with what was said of it: `scope plan lab.scope` → `scope plan lab.scope --set pg=3`.
pub fn with_what_was_said(command: &str, started: &Started, state: Option<&str>) -> String {
    command.to_owned() + &options(started, state)
}

/// What is the same for all commands of a program.
fn options(started: &Started, state: Option<&str>) -> String {
    let mut line = String::new();
    let mut option = |name: &str, value: &str| line += &format!(" --{name} {}", shell::word(value));
    started.at.iter().for_each(|site| option("at", site));
    started.set.iter().for_each(|set| option("set", set));
    started.params.iter().for_each(|file| option("params", file));
    started.only.iter().for_each(|name| option("only", name));
    started.policies.iter().for_each(|file| option("policy", file));
    started.site.iter().for_each(|site| option("site", site));
    started.except.iter().for_each(|site| option("except", site));
    started.again.iter().for_each(|name| option("again", name));
    state.iter().for_each(|place| option("state", place));
    if started.reconsider {
        line += " --reconsider";
    }
    if started.wish == Wish::Command {
        let words: Vec<String> = started.words.iter().map(|word| shell::word(word)).collect();
        line += &format!(" -- {}", words.join(" "));
    }
    line
}

/// The command that goes on after a run. What asks for something to be done once more, or was planned beforehand, must not
/// be asked twice: that run is resumed.
pub fn going_on(started: &Started, state: Option<&str>, run: u64, place: &str) -> String {
    let is_resumed = !started.again.is_empty() || started.program.ends_with(".json");
    if !is_resumed {
        return command(started, state);
    }
    format!("scope resume {run}{place}")
}

/// The command that does what a run left out; where it left nothing out, the one that says where all is: what is there by then
/// is as it was asked.
pub fn completing(started: &Started, state: Option<&str>, place: &str) -> String {
    let Started { site, except, only, .. } = started;
    if site.is_empty() && except.is_empty() && only.is_empty() {
        return format!("scope status{place}");
    }
    let whole = Started { site: Vec::new(), except: Vec::new(), only: Vec::new(), ..started.clone() };
    command(&whole, state)
}

/// The command that answers what only a person knows of requests, after this run; nothing where nothing is asked.
pub fn answering(state: &State, run: u64, place: &str) -> Option<String> {
    let answers: Vec<String> = state
        .asked()
        .map(|sent| format!(" --answer {}", shell::word(&format!("{}=…", sent.place()))))
        .collect();
    let answers = (!answers.is_empty()).then(|| answers.concat())?;
    Some(format!("scope resume {run}{place}{answers} (done, failed or retry)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_was_asked_is_said_again() {
        let started = Started {
            program: "my lab.scope".into(),
            set: vec!["pg=3".into(), "who=ana b".into(), "token=env:TOKEN".into()],
            at: Some("turin".into()),
            only: vec!["lab.*".into()],
            except: vec!["milan".into()],
            ..Started::default()
        };
        let said = command(&started, Some("st"));
        assert_eq!(
            said,
            "scope run 'my lab.scope' --at turin --set pg=3 --set 'who=ana b' --set token=env:TOKEN --only 'lab.*' --except milan --state st"
        );
        let destroy = Started { wish: Wish::Nothing, set: Vec::new(), ..started };
        assert_eq!(
            command(&destroy, None),
            "scope destroy 'my lab.scope' --at turin --only 'lab.*' --except milan"
        );
    }

    #[test]
    fn what_is_done_once_more_is_not_asked_twice() {
        let started = Started { program: "a.scope".into(), again: vec!["bell".into()], ..Started::default() };
        assert_eq!(command(&started, None), "scope run a.scope --again bell");
        assert_eq!(going_on(&started, None, 7, " --program a.scope"), "scope resume 7 --program a.scope");
    }

    #[test]
    fn one_command_keeps_its_words() {
        let words = ["lab", "queue", "create", "extra", "--scope", "{\"printing\": \"milan\"}"];
        let started = Started {
            wish: Wish::Command,
            program: "e.scope".into(),
            words: words.map(String::from).into(),
            ..Started::default()
        };
        assert_eq!(
            command(&started, None),
            "scope exec --program e.scope -- lab queue create extra --scope '{\"printing\": \"milan\"}'"
        );
    }
}
