//! Runs `scripts.md`: each heading is a test, with a plan and a script of events and the commands expected for each.

use super::super::*;
use super::plans::{Named, parse};

const SCRIPTS: &str = include_str!("scripts.md");

#[test]
fn scripts_hold_and_cover_every_transition() {
    let mut n_scripts = 0;
    let mut failures = String::new();
    for section in SCRIPTS.split("\n## ").skip(1) {
        let (title, body) = section.split_once('\n').expect("a title");
        let plan = fence(body, "plan").expect("a plan");
        let script = fence(body, "script").expect("a script");
        let actual = play(&parse(plan), script);
        if one_blank(&actual) != one_blank(script) {
            failures.push_str(&format!("## {title}\n{actual}\n"));
        }
        n_scripts += 1;
    }
    assert!(failures.is_empty(), "these go otherwise, namely so:\n\n{failures}");
    assert!(n_scripts > 20, "{n_scripts}");
    let allowed = [
        ("waiting", "ready done failed skipped"),
        ("ready", "running parked skipped"),
        ("running", "done failed unknown retrying parked skipped"),
        ("retrying", "ready skipped"),
        ("parked", "ready failed skipped"),
    ];
    super::SEEN.with_borrow(|seen| {
        for (from, tos) in allowed {
            for to in tos.split(' ') {
                assert!(seen.contains(&(from, to)), "no script goes from {from} to {to}");
            }
        }
        assert_eq!(seen.len(), allowed.iter().map(|(_, tos)| tos.split(' ').count()).sum::<usize>());
    });
}

fn fence<'t>(text: &'t str, kind: &str) -> Option<&'t str> {
    let start = text.find(&format!("```{kind}\n"))? + kind.len() + 4;
    Some(&text[start..start + text[start..].find("```")?])
}

/// The arrows of a script may stand under each other or not.
fn one_blank(script: &str) -> Vec<String> {
    script.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The script again, with the commands that really came.
fn play(named: &Named, script: &str) -> String {
    let mut options = ScheduleOptions::default();
    let mut schedule = None;
    let mut actual = String::new();
    for line in script.lines() {
        let event = line.split("=>").next().expect("always one").trim();
        if let Some(site) = event.strip_prefix("without ") {
            options.left_out.insert(named.sites[site]);
            actual.push_str(&format!("{event}\n"));
            continue;
        }
        if let Some(step) = event.strip_prefix("before ") {
            options.done.insert(named.steps[step]);
            actual.push_str(&format!("{event}\n"));
            continue;
        }
        let schedule = schedule.get_or_insert_with(|| Schedule::new(&named.plan, options.clone()));
        let commands = schedule.on(read_event(named, schedule, event));
        let commands: Vec<String> = commands.iter().map(|command| write_command(named, command)).collect();
        let line = format!("{event:<28} => {}", commands.join(", "));
        actual.push_str(line.trim_end());
        actual.push('\n');
    }
    actual
}

fn read_event(named: &Named, schedule: &Schedule, text: &str) -> Event {
    let words: Vec<&str> = text.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    let touched = match (has("created"), has("maybe"), has("changed")) {
        (true, ..) => Touched::Created,
        (_, true, _) => Touched::Maybe,
        (.., true) => Touched::Changed,
        _ => Touched::Nothing,
    };
    let subject = || {
        let (name, attempt) = words[1].split_once('#').unwrap_or((words[1], ""));
        let step = *named.steps.get(name).unwrap_or_else(|| panic!("no step `{name}`"));
        (step, attempt.parse().unwrap_or_else(|_| schedule.attempts(step)))
    };
    match words[0] {
        "start" => Event::Started,
        "interrupt" => Event::Interrupted,
        "down" => Event::SiteDown { site: named.sites[words[1]] },
        "up" => Event::SiteUp { site: named.sites[words[1]] },
        "ok" => {
            let (step, attempt) = subject();
            Event::Succeeded { step, attempt, touched }
        }
        "stop" => {
            let (step, attempt) = subject();
            Event::Stopped { step, attempt, touched }
        }
        "timer" => {
            let (step, attempt) = subject();
            Event::TimerFired { step, attempt }
        }
        "fail" => {
            let (step, attempt) = subject();
            let outcome = match (has("invalid"), has("unknown")) {
                (true, _) => Outcome::Invalid,
                (_, true) => Outcome::Unknown,
                _ => Outcome::Unavailable,
            };
            Event::Failed {
                step,
                attempt,
                outcome,
                is_cut_off: has("cut") || has("held"),
                is_held: has("held"),
                is_overdue: has("overdue"),
                is_retryable: has("retry"),
                touched,
            }
        }
        "undone" => Event::UndoDone { step: subject().0 },
        "owed" => Event::UndoFailed { step: subject().0 },
        other => panic!("what is `{other}`?"),
    }
}

fn write_command(named: &Named, command: &Command) -> String {
    let outcome = |outcome: Outcome| format!("{outcome:?}").to_lowercase();
    match command {
        Command::Start { step, attempt } => format!("start {}#{attempt}", named.name(*step)),
        Command::SetTimer { step, attempt, after_ms } => {
            format!("timer {}#{attempt} {after_ms}", named.name(*step))
        }
        Command::Undo { step } => format!("undo {}", named.name(*step)),
        Command::TryArm { choice, arm } => format!("try {}.{arm}", named.choice_name(*choice)),
        Command::RecordChoice { choice, arm } => format!("record {}.{arm}", named.choice_name(*choice)),
        Command::Finish { verdict } => format!("finish {verdict:?}").to_lowercase(),
        Command::Settled { step, state } => {
            let name = named.name(*step);
            match state {
                StepState::Failed { outcome: how } => format!("{} {name}", outcome(*how)),
                StepState::Skipped { because } => match because {
                    SkipReason::NotChosen => format!("skip {name} (not chosen)"),
                    SkipReason::Unreachable => format!("skip {name} (unreachable)"),
                    SkipReason::LeftOut => format!("leave {name}"),
                    SkipReason::Interrupted => format!("skip {name} (interrupted)"),
                    SkipReason::Dependency { step, outcome: how } => {
                        format!("skip {name} ({} {})", named.name(*step), outcome(*how))
                    }
                },
                other => format!("{} {name}", super::name(*other)),
            }
        }
    }
}
