//! The published schema is the one of the code; events are read back as they were written.

use super::*;

#[test]
fn the_committed_schema_is_the_one_of_the_code() {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<RunEvent>().to_value();
    schema["title"] = FORMAT.into();
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var("SCOPE_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/events.schema.json"), &text).expect("writable");
    }
    assert!(text == SCHEMA, "the schema has changed: run the test with SCOPE_UPDATE=1");
}

#[test]
fn an_event_is_one_line_that_is_read_back() {
    let failure = Failure::new("E0901", Outcome::Invalid, "two\nlines").with_help("so");
    let event = RunEvent { at_ms: 7, kind: RunEventKind::StepFailed { step: StepId(3), failure, millis: 2 } };
    let line = event.to_json_line();
    assert!(!line.contains('\n'));
    assert!(line.starts_with(r#"{"at_ms":7,"event":"step_failed","step":3,"#), "{line}");
    assert_eq!(serde_json::from_str::<RunEvent>(&line).expect("it is ours"), event);
}
