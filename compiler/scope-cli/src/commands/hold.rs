//! `scope hold SITE --until 2h --reason "rack move"`: every run leaves the site alone, as if it were cut off.

use scope_runtime::state::{Hold as Held, Holder, Record, StateStore};
use serde_json::json;

use super::{OK, WRONG, now_ms, place};
use crate::args::{Format, Hold};
use crate::output::{Output, line, note};
use crate::show::past;

pub fn run(command: &Hold, output: Output) -> u8 {
    let found = match place::find(&command.place) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let now = now_ms();
    let Some(site) = &command.site else {
        return match place::peek(&found.place) {
            Ok(state) => list(&state, now, output),
            Err(code) => code,
        };
    };
    let holder = Holder::current(&format!("scope hold {site}"), now);
    let mut state = match StateStore::open_at(&found.place, &holder) {
        Ok(state) => state,
        Err(error) => return place::refused(&error),
    };
    let hold = (!command.release).then(|| Held {
        by: holder.user.clone(),
        since_ms: now,
        until_ms: command.until.map(|time| now.saturating_add(time.as_millis() as u64)),
        reason: command.reason.clone(),
    });
    if hold.is_none() && !state.state().holds.contains_key(site) {
        note(&format!("error[E0922]: `{site}` is not held"));
        return WRONG;
    }
    let words = hold.as_ref().map(|hold| past::hold_words(hold, now));
    if let Err(error) = state.remember(Record::Hold { site: site.clone(), hold }) {
        return place::refused(&error);
    }
    match words {
        Some(words) => line(&format!("held: {site} {words}\n  end it: scope hold {site} --release")),
        None => line(&format!("released: {site}")),
    }
    OK
}

fn list(state: &scope_runtime::state::State, now: u64, output: Output) -> u8 {
    let holds = state.holds.iter().filter(|(_, hold)| hold.is_in_force(now));
    if output.format == Format::Json {
        let holds: std::collections::BTreeMap<_, _> = holds.collect();
        line(&json!({ "format": "scope-holds/1", "holds": holds }).to_string());
        return OK;
    }
    let lines: Vec<String> =
        holds.map(|(site, hold)| format!("{site} {}", past::hold_words(hold, now))).collect();
    line(&if lines.is_empty() { "no site is held".to_string() } else { lines.join("\n") });
    OK
}
