//! `scope state show`, `unlock`, `forget`, `rename-site`, `copy`: where a state is kept and who has it; `rebuild` is next door.

use std::collections::BTreeSet;
use std::path::Path;

use scope_diagnostics::{codes, similar};
use scope_plan::fleet::listed;
use scope_runtime::shell;
use scope_runtime::state::{Holder, Known, Place, StateStore, utc};
use serde_json::json;

use super::place::{self, Found};
use super::{OK, WRONG, now_ms};
use crate::args::{State, StateCommand};
use crate::output::{Output, document, line, say_error, say_help};
use crate::show::plural;

pub fn run(command: &State, output: Output) -> u8 {
    let done = match &command.command {
        StateCommand::Show { place } => place::find(place).and_then(|found| show(&found)),
        StateCommand::Unlock { place, force } => place::find(place).and_then(|found| unlock(&found, *force)),
        StateCommand::Rebuild(command) => return super::rebuild::run(command, output),
        StateCommand::Forget { name, site, all_at, place } => {
            place::find(place).and_then(|found| match (name, all_at) {
                (Some(name), _) => forget(&found, name, site.as_deref()),
                (None, at) => forget_all_at(&found, at.as_deref().unwrap_or_default()),
            })
        }
        StateCommand::RenameSite { from, to, place } => {
            place::find(place).and_then(|found| rename_site(&found, from, to))
        }
        StateCommand::Copy { place, to } => place::find(place).and_then(|found| copy(&found, to)),
    };
    done.err().unwrap_or(OK)
}

fn show(found: &Found) -> Result<(), u8> {
    let state = place::peek(&found.place)?;
    let lease = StateStore::lease(&found.place).map_err(|error| place::refused(&error))?;
    let n_resources: usize = state.resources.values().map(|sites| sites.len()).sum();
    let holder = StateStore::holder(&found.place).map_err(|error| place::refused(&error))?;
    let waiter = StateStore::waiter(&found.place);
    let lock = match (&lease, &holder) {
        (Some(lease), _) => Some(json!({ "holder": lease.holder, "for_ms": lease.for_ms })),
        (None, Some(holder)) => Some(json!({ "holder": holder })),
        (None, None) => None,
    };
    document::tell(
        "scope-state/1",
        json!({
            "place": found.place.text(),
            "deployment": state.deployment,
            "serial": state.serial,
            "resources": n_resources,
            "last_run": state.last_run,
            "lock": lock,
            "waits": waiter,
        }),
    );
    line(&format!("place       {}", found.place.text()));
    line(&format!("deployment  {}", state.deployment));
    line(&format!(
        "serial      {}   {}, {}",
        state.serial,
        plural(n_resources, "resource"),
        plural(state.last_run as usize, "run")
    ));
    match lease {
        Some(lease) if lease.for_ms > 0 && lease.holder.is_gone() => {
            line(&format!(
                "lock        {}, which is gone: `scope state unlock` frees it",
                words(&lease.holder)
            ));
        }
        Some(lease) if lease.for_ms > 0 => {
            let for_s = lease.for_ms.div_ceil(1000);
            line(&format!(
                "lock        {}; it lasts {for_s} s more if it is not renewed",
                words(&lease.holder)
            ));
        }
        Some(lease) => {
            line(&format!("lock        left by {}; the next run takes it over", words(&lease.holder)))
        }
        None => match &holder {
            Some(holder) => line(&format!("lock        {}", words(holder))),
            None => line("lock        free"),
        },
    }
    if let Some(waiter) = waiter {
        line(&format!("waits       {}", words(&waiter)));
    }
    Ok(())
}

fn unlock(found: &Found, is_forced: bool) -> Result<(), u8> {
    let holder = StateStore::unlock(&found.place, is_forced).map_err(|error| place::refused(&error))?;
    document::tell("scope-unlock/1", json!({ "place": found.place.text(), "holder": holder }));
    match holder {
        Some(holder) => {
            let gone = if holder.is_gone() { ", and is gone" } else { "" };
            line(&format!("unlocked: {} had it{gone}", words(&holder)));
        }
        None => line("nothing to unlock: nobody has it"),
    }
    Ok(())
}

/// What is at the sites is not touched; a request whose end is not known, and a deletion that is owed, are given up.
fn forget(found: &Found, name: &str, site: Option<&str>) -> Result<(), u8> {
    let holder = Holder::current("scope state forget", now_ms());
    let mut store = StateStore::open_at(&found.place, &holder).map_err(|error| place::refused(&error))?;
    let forgotten = store.state().known_of(name, site);
    if forgotten.is_empty() {
        let at = site.map(|site| format!(" at {site}")).unwrap_or_default();
        say_error(codes::E0922, &format!("nothing called `{name}`{at} is recorded"));
        let elsewhere = store.state().known_of(name, None);
        let sites: BTreeSet<&str> = elsewhere.iter().map(|known| known.site.as_str()).collect();
        let names = store.state().resources.keys().map(String::as_str);
        let is_site = !sites.is_empty();
        let near = match is_site {
            true => similar::nearest(site.unwrap_or_default(), sites.iter().copied()),
            false => similar::nearest(name, names),
        };
        match near {
            Some(near) => say_help(&format!("did you mean `{near}`?")),
            None if is_site => {
                let sites: Vec<&str> = sites.into_iter().collect();
                say_help(&format!("it is recorded at {}", listed(&sites)));
            }
            None => say_help("`scope plan FILE` tells what is recorded and out of the program's reach"),
        }
        return Err(WRONG);
    }
    let_go(&mut store, &forgotten)
}

/// The same of all that is recorded at a site.
fn forget_all_at(found: &Found, site: &str) -> Result<(), u8> {
    let holder = Holder::current("scope state forget", now_ms());
    let mut store = StateStore::open_at(&found.place, &holder).map_err(|error| place::refused(&error))?;
    let forgotten = store.state().known_at(site);
    if forgotten.is_empty() {
        nothing_at(store.state(), site);
        return Err(WRONG);
    }
    let_go(&mut store, &forgotten)
}

fn let_go(store: &mut StateStore, forgotten: &[Known]) -> Result<(), u8> {
    for known in forgotten {
        store.remember(known.forgetting.clone()).map_err(|error| place::refused(&error))?;
    }
    let twin =
        forgotten.iter().map(|known| json!({ "name": known.name, "site": known.site, "what": known.what }));
    document::tell("scope-forgotten/1", json!({ "forgotten": twin.collect::<Vec<_>>() }));
    for Known { name, site, what, .. } in forgotten {
        line(&format!("forgotten: {name} at {site}   {what}; what is there stays there"));
    }
    Ok(())
}

fn nothing_at(state: &scope_runtime::state::State, site: &str) {
    say_error(codes::E0922, &format!("nothing is recorded at a site `{site}`"));
    let sites: BTreeSet<&str> =
        state.resources.values().flat_map(|sites| sites.keys()).map(String::as_str).collect();
    match similar::nearest(site, sites.iter().copied()) {
        Some(near) => say_help(&format!("did you mean `{near}`?")),
        None => say_help("`scope status` names the sites that have something"),
    }
}

/// What is at the site is not touched: the next run has its marks and guards say the new name.
fn rename_site(found: &Found, from: &str, to: &str) -> Result<(), u8> {
    let holder = Holder::current("scope state rename-site", now_ms());
    let mut store = StateStore::open_at(&found.place, &holder).map_err(|error| place::refused(&error))?;
    let state = store.state();
    if !state.has_site(from) {
        nothing_at(state, from);
        return Err(WRONG);
    }
    if state.has_site(to) {
        say_error(
            codes::E0892,
            &format!("something is recorded at `{to}` already: `{from}` is another site"),
        );
        say_help("two sites cannot become one: what one of them has is deleted, or forgotten, first");
        return Err(WRONG);
    }
    if let Some(program) = &found.program {
        place::is_declared(to, program)?;
        if place::sites_of(program).is_some_and(|names| names.iter().any(|name| name == from)) {
            say_error(codes::E0892, &format!("{program} has both `{from}` and `{to}`: they are two sites"));
            say_help(&format!("take `{from}` out of the program first, if it is called `{to}` now"));
            return Err(WRONG);
        }
    }
    if state.is_open_at(from) {
        say_error(
            codes::E0892,
            &format!("something is open at `{from}`, which is looked for by its name there"),
        );
        say_help(&format!("call the site `{from}` once more, and `scope resume`; then this again"));
        return Err(WRONG);
    }
    let renamed = state.with_site_renamed(from, to);
    let n_resources = renamed.resources.values().filter(|sites| sites.contains_key(to)).count();
    store.replace(renamed).map_err(|error| place::refused(&error))?;
    document::tell("scope-site-renamed/1", json!({ "from": from, "to": to, "resources": n_resources }));
    line(&format!("renamed: what was recorded at {from} is at {to}   {}", plural(n_resources, "resource")));
    line("the next run has the marks there say so");
    Ok(())
}

fn copy(found: &Found, to: &str) -> Result<(), u8> {
    let program = found.program.as_deref().map(Path::new);
    let to = Place::of(to, program).map_err(|error| place::refused(&error))?;
    if to.text() == found.place.text() {
        say_error(codes::E0949, &format!("the state of this program is at {} already", to.text()));
        let before = program.map(Place::beside).filter(|before| StateStore::is_at(before).unwrap_or(false));
        say_help(&match before {
            Some(before) => format!(
                "to copy what was kept before that: `scope state copy --state {} --to {}`",
                shell::word(&before.text()),
                shell::word(&to.text())
            ),
            None => "`--state PLACE` says which state is copied".to_owned(),
        });
        return Err(WRONG);
    }
    let holder = Holder::current("scope state copy", now_ms());
    let store = StateStore::open_at(&found.place, &holder).map_err(|error| place::refused(&error))?;
    store.copy_to(&to, &holder).map_err(|error| place::refused(&error))?;
    let from = found.place.text();
    document::tell("scope-copy/1", json!({ "from": from, "to": to.text() }));
    line(&format!("copied: {from} -> {}", to.text()));
    let given = shell::word(&to.text());
    line(&format!("use it: `--state {given}`, or `[state] place = \"{}\"` in scope.toml", to.text()));
    Ok(())
}

pub(super) fn words(holder: &Holder) -> String {
    let Holder { user, host, pid, since_ms, command } = holder;
    format!("{user} at {host} (process {pid}, since {}, `{command}`)", utc(*since_ms))
}
