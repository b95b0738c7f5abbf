//! `--events json`: every event of every example's run, as the published schema says, undisturbed and with each site cut.

use std::collections::BTreeSet;

use scope_runtime::events::{FORMAT, SCHEMA};
use serde_json::Value;

use crate::support::{binary, root};

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    jsonschema::draft202012::new(&schema).expect("a JSON Schema")
}

/// The events of a run, in their order.
fn events(entry: &str, fault: Option<&str>) -> Vec<Value> {
    let mut words = vec!["run", entry, "--simulate", "--events", "json"];
    words.extend(fault.iter().flat_map(|fault| ["--fault", *fault]));
    let ran = binary::scope(&root(), &words, &[]);
    let events: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{entry}: {error}: {line}")))
        .collect();
    assert!(!events.is_empty(), "{entry} {fault:?}: {}", ran.all());
    events
}

#[test]
fn every_event_of_every_example_is_as_the_schema_says() {
    let validator = validator();
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    let (mut n_runs, mut n_events) = (0, 0);
    let mut entries: Vec<String> = std::fs::read_dir(root().join("examples"))
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".scope"))
        .collect();
    entries.sort();
    for name in entries {
        let entry = format!("examples/{name}");
        let undisturbed = events(&entry, None);
        let sites: BTreeSet<String> = undisturbed[0]["steps"]
            .as_array()
            .expect("the first event names the steps")
            .iter()
            .map(|step| step["site"].as_str().expect("a name").to_string())
            .collect();
        let cuts = sites.iter().map(|site| format!("cut={site}@0s..1h"));
        let faults = cuts.filter(|fault| !fault.contains(' '));
        for run in std::iter::once(undisturbed).chain(faults.map(|fault| events(&entry, Some(&fault)))) {
            n_runs += 1;
            assert_eq!(run[0]["event"], "run_started", "{entry}");
            assert_eq!(run[0]["format"], FORMAT, "{entry}");
            assert_eq!(run[run.len() - 1]["event"], "run_ended", "{entry}");
            let mut last_ms = 0;
            for event in &run {
                n_events += 1;
                let errors: Vec<String> =
                    validator.iter_errors(event).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{entry}: {event}: {errors:#?}");
                let at_ms = event["at_ms"].as_u64().expect("a time");
                assert!(at_ms >= last_ms, "{entry}: time goes on: {event}");
                last_ms = at_ms;
                kinds.insert(event["event"].as_str().expect("a kind").to_string());
            }
        }
    }
    println!("{n_events} events of {n_runs} runs, of the kinds {kinds:?}");
    for kind in [
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
        "run_ended",
    ] {
        assert!(kinds.contains(kind), "no run of an example has a {kind}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_event() {
    let validator = validator();
    let event = serde_json::json!({ "at_ms": 1, "event": "step_started", "step": 3, "attempt": 1 });
    assert!(validator.is_valid(&event));
    for (field, wrong) in [
        ("event", Value::from("step_begun")),
        ("step", Value::from("three")),
        ("attempt", Value::Null),
        ("at_ms", Value::from(-1)),
    ] {
        let mut mutated = event.clone();
        mutated[field] = wrong;
        assert!(!validator.is_valid(&mutated), "{mutated}");
        mutated.as_object_mut().expect("a record").shift_remove(field);
        assert!(!validator.is_valid(&mutated), "without {field}: {mutated}");
    }
}
