//! What a person says became of requests whose end is not known.
//!
//! `--answer zap@paris=done` → `paris/zap/call` was done. Either the run that goes on with it says so, or, where it does not
//! come to that step, it is recorded as it was said.

use std::collections::BTreeMap;

use scope_diagnostics::codes;
use scope_runtime::runner::Known;
use scope_runtime::state::{Call, Record, Sent, State, StateStore};
use serde_json::Value;

use super::{WRONG, place};
use crate::output::{note, say_error};

/// A step that may be meant: its key, name and site.
pub type Step<'a> = (&'a str, &'a str, &'a str);

/// The answers by the keys of steps. `Err` says which one is about none of these, or about several.
pub fn by_key<'a>(
    answers: &[(String, Known)],
    open: impl Iterator<Item = Step<'a>> + Clone,
) -> Result<BTreeMap<String, Known>, String> {
    let mut by_key = BTreeMap::new();
    for (word, known) in answers {
        let is_exact = |(key, name, site): &Step<'_>| key == word || format!("{name}@{site}") == *word;
        let mut meant: Vec<Step<'_>> = open.clone().filter(is_exact).collect();
        if meant.is_empty() {
            meant = open.clone().filter(|(_, name, _)| name == word).collect();
        }
        match meant.as_slice() {
            [] => {
                let all = listed(open.clone());
                let all = if all.is_empty() { "there is none".to_string() } else { all };
                return Err(format!("no request of `{word}` has an unknown end: {all}"));
            }
            [(key, ..)] => by_key.insert((*key).to_string(), *known),
            several => {
                let all = listed(several.iter().copied());
                return Err(format!("`{word}` has several requests whose end is not known: {all}"));
            }
        };
    }
    Ok(by_key)
}

fn listed<'a>(steps: impl Iterator<Item = Step<'a>>) -> String {
    steps.map(|(_, name, site)| format!("`{name}@{site}`")).collect::<Vec<_>>().join(", ")
}

/// The requests of a state whose end is not known.
pub fn open(state: &State) -> impl Iterator<Item = Step<'_>> + Clone {
    state.sent.iter().map(|(key, sent)| (key.as_str(), sent.name.as_str(), sent.site.as_str()))
}

/// Records the answers about requests that a run did not come to: they are as before it. `Err` is the exit code.
pub fn record_unused(
    answers: &BTreeMap<String, Known>,
    before: &BTreeMap<String, Sent>,
    store: &mut StateStore,
) -> Result<(), u8> {
    for (key, known) in answers {
        let Some(sent) = before.get(key).filter(|sent| store.state().sent.get(key) == Some(sent)) else {
            continue;
        };
        let is_call = key.ends_with("/call");
        let record = match known {
            Known::Done if !is_call => {
                let place = sent.place();
                say_error(codes::E0922, &format!("`{place}=done` was not heard: the run did not come to it"));
                return Err(WRONG);
            }
            Known::Done => {
                let call = Call::new(sent.inputs.clone(), Value::Null, sent.run);
                Record::Call { key: key.clone(), call }
            }
            Known::Failed | Known::Retry => Record::Settled { key: key.clone() },
        };
        store.remember(record).map_err(|error| place::refused(&error))?;
        let what = match known {
            Known::Done => "done",
            Known::Failed | Known::Retry => "not done: the next run that comes to it does it",
        };
        note(&format!("`{}` of {} is recorded as {what}", sent.operation, sent.place()));
    }
    Ok(())
}
