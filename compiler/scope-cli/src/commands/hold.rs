//! `scope hold SITE --until 18:00 --reason "rack move"`: every run leaves the site alone, as if it were cut off.

use std::collections::BTreeMap;

use scope_diagnostics::codes;
use scope_runtime::state::{Hold as Held, Holder, Record, StateStore};
use serde_json::json;

use super::{OK, WRONG, now_ms, place};
use crate::args::Hold;
use crate::output::{document, line, say_error};
use crate::show::past;

pub fn run(command: &Hold) -> u8 {
    let found = match &command.site {
        Some(site) if !command.release => place::find_with_site(&command.place, site),
        _ => place::find(&command.place),
    };
    let found = match found {
        Ok(found) => found,
        Err(code) => return code,
    };
    let now = now_ms();
    let Some(site) = &command.site else {
        return match place::peek(&found.place) {
            Ok(state) => list(&state, now),
            Err(code) => code,
        };
    };
    if let (false, Some(program)) = (command.release, &found.program)
        // One on a site that the program does not have would hold nothing.
        && let Err(code) = place::is_declared(site, program)
    {
        return code;
    }
    let holder = Holder::current(&format!("scope hold {site}"), now);
    let mut state = match StateStore::open_at(&found.place, &holder) {
        Ok(state) => state,
        Err(error) => return place::refused(&error),
    };
    let hold = (!command.release).then(|| Held {
        by: holder.user.clone(),
        since_ms: now,
        until_ms: command.until.map(|until| until.after(now)),
        reason: command.reason.clone(),
    });
    if hold.is_none() && !state.state().holds.contains_key(site) {
        say_error(codes::E0922, &format!("`{site}` is not held"));
        return WRONG;
    }
    let words = hold.as_ref().map(|hold| past::hold_words(hold, now));
    if let Err(error) = state.remember(Record::Hold { site: site.clone(), hold }) {
        return place::refused(&error);
    }
    // For a program: the holds as they are now.
    let now_held: BTreeMap<_, _> =
        state.state().holds.iter().filter(|(_, hold)| hold.is_in_force(now)).collect();
    document::tell("scope-holds/1", json!({ "holds": now_held }));
    match words {
        Some(words) => {
            let program = command.place.program.as_deref().or(found.program.as_deref());
            let at = place::words(program.unwrap_or_default(), command.place.state.as_deref());
            line(&format!("held: {site} {words}\n  end it: scope hold {site} --release{at}"));
        }
        None => line(&format!("released: {site}")),
    }
    OK
}

fn list(state: &scope_runtime::state::State, now: u64) -> u8 {
    let holds = state.holds.iter().filter(|(_, hold)| hold.is_in_force(now));
    let twin: BTreeMap<_, _> = holds.clone().collect();
    document::tell("scope-holds/1", json!({ "holds": twin }));
    let lines: Vec<String> =
        holds.map(|(site, hold)| format!("{site} {}", past::hold_words(hold, now))).collect();
    line(&if lines.is_empty() { "no site is held".to_string() } else { lines.join("\n") });
    OK
}
