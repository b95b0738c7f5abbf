//! Hooks as they are asked for: `--on run_ended=./notify`, and `[[hooks]]` of `scope.toml` beside the program.

use std::path::Path;
use std::time::Duration;

use scope_diagnostics::{codes, similar};
use scope_runtime::hooks::{Deed, EVENTS, Hook, Hooks};
use scope_runtime::real::secrets::{SecretStore, Secrets};

use super::WRONG;
use crate::output::{note, say_error};
use crate::world::Disk;

/// How long hooks have when a run is over.
const PATIENCE: Duration = Duration::from_secs(15);

/// The hooks of a program and of the command line, at work; `Err` is the exit code.
pub fn start(program: &str, given: &[Hook]) -> Result<Hooks, u8> {
    let configured = scope_compiler::hooks(&Disk, program).and_then(|entries| {
        let secrets = SecretStore::new(Path::new(program).parent().unwrap_or(Path::new("")));
        entries.into_iter().map(|entry| of_entry(entry, &secrets)).collect::<Result<Vec<Hook>, String>>()
    });
    match configured {
        Ok(configured) => Ok(Hooks::start(configured.into_iter().chain(given.iter().cloned()).collect())),
        Err(message) => {
            say_error(codes::E0939, &message);
            Err(WRONG)
        }
    }
}

/// The run is over; what could not be told is said.
pub fn finish(hooks: Hooks) {
    for words in hooks.finish(PATIENCE) {
        note(&words);
    }
}

fn of_entry(entry: scope_compiler::HookEntry, secrets: &dyn Secrets) -> Result<Hook, String> {
    let deed = match (entry.command, entry.webhook, entry.token) {
        (Some(words), None, None) if !words.is_empty() => Deed::Command(words),
        (None, Some(address), None) => address_of(&address)?,
        (None, Some(address), Some(source)) => match address_of(&address)? {
            Deed::Webhook { address, .. } if is_private(&address) => {
                let token =
                    secrets.resolve(&source).map_err(|error| format!("the token of a hook: {error}"))?;
                Deed::Webhook { address, token: Some(token) }
            }
            _ => return Err("a token is shown over `https://` only, or to this machine".into()),
        },
        (Some(_), None, Some(_)) => {
            return Err("a `token` goes with a `webhook`; a command finds its own".into());
        }
        _ => return Err("a hook in `scope.toml` has a `command` (a list of words) or a `webhook`".into()),
    };
    let mut hook = Hook::new(events(&entry.on)?, deed);
    hook.retries = entry.retries.unwrap_or(hook.retries).min(10);
    hook.timeout = entry.timeout_s.map_or(hook.timeout, |seconds| Duration::from_secs(seconds.clamp(1, 300)));
    Ok(hook)
}

/// `run_ended,step_failed=./notify`, `*=["notify-send", "scope"]`, `run_ended=https://…`
pub fn parse(text: &str) -> Result<Hook, String> {
    let (names, deed) = text
        .split_once('=')
        .ok_or("write `EVENT=COMMAND` or `EVENT=https://…`, such as `run_ended=./notify`")?;
    let names: Vec<String> = names.split(',').map(|name| name.trim().to_string()).collect();
    let deed = if deed.starts_with("http://") || deed.starts_with("https://") {
        address_of(deed)?
    } else if deed.starts_with('[') {
        let words: Vec<String> = serde_json::from_str(deed)
            .map_err(|_| "a command with arguments is a list: `[\"notify\", \"-u\"]`")?;
        Deed::Command(words)
    } else {
        Deed::Command(vec![deed.to_string()])
    };
    if matches!(&deed, Deed::Command(words) if words.first().is_none_or(String::is_empty)) {
        return Err("it names no command".into());
    }
    Ok(Hook::new(events(&names)?, deed))
}

/// A hook as [`parse`] reads it; an address without what follows its host, which may be a secret.
pub fn text(hook: &Hook) -> String {
    let events = hook.events.join(",");
    match &hook.deed {
        Deed::Command(words) if words.len() == 1 && !words[0].starts_with('[') => {
            format!("{events}={}", words[0])
        }
        Deed::Command(words) => format!("{events}={}", serde_json::json!(words)),
        Deed::Webhook { address, .. } => {
            let (scheme, rest) = address.split_once("://").unwrap_or(("https", ""));
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{events}={scheme}://{host}/{LEFT_OUT}")
        }
    }
}

/// What stands for the part that is not kept.
pub const LEFT_OUT: &str = "…";

fn address_of(address: &str) -> Result<Deed, String> {
    if address.starts_with("https://") || address.starts_with("http://") {
        Ok(Deed::Webhook { address: address.to_string(), token: None })
    } else {
        Err("a webhook is an address: `https://…`".into())
    }
}

/// Whether nobody else can read what is sent there.
fn is_private(address: &str) -> bool {
    let host = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
    let is_this_machine = |host: String| {
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        !host.contains('@') && matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    };
    address.starts_with("https://")
        || address.strip_prefix("http://").is_some_and(|rest| is_this_machine(host(rest)))
}

fn events(names: &[String]) -> Result<Vec<String>, String> {
    if names.is_empty() {
        return Err(format!("a hook names events: {}", EVENTS.join(", ")));
    }
    let unknown = names.iter().find(|name| *name != "*" && !EVENTS.contains(&name.as_str()));
    if let Some(name) = unknown {
        return Err(match similar::nearest(name, EVENTS) {
            Some(nearest) => format!("no event is called `{name}`: did you mean `{nearest}`?"),
            None => format!("no event is called `{name}`: it is one of {}", EVENTS.join(", ")),
        });
    }
    Ok(names.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_where_nobody_else_reads_it() {
        for (address, is) in [
            ("https://chat.example/hook", true),
            ("http://127.0.0.1:8080/hook", true),
            ("http://localhost/hook", true),
            ("http://chat.example/hook", false),
            ("http://localhost.chat.example/hook", false),
            ("http://localhost:80@chat.example/hook", false),
        ] {
            assert_eq!(is_private(address), is, "{address}");
        }
    }

    #[test]
    fn hooks_are_read_as_they_are_written() {
        let hook = parse("run_ended, step_failed=[\"notify\", \"-u\"]").expect("right");
        assert_eq!(hook.events, ["run_ended", "step_failed"]);
        assert_eq!(hook.deed, Deed::Command(vec!["notify".into(), "-u".into()]));
        assert_eq!(parse("*=./x").expect("right").deed, Deed::Command(vec!["./x".into()]));
        assert_eq!(
            parse("*=https://h/x?a=b").expect("right").deed,
            Deed::Webhook { address: "https://h/x?a=b".into(), token: None }
        );
        for (text, part) in [
            ("run_ended", "write `EVENT=COMMAND`"),
            ("run_endet=./x", "did you mean `run_ended`?"),
            ("run_ended=", "names no command"),
            ("run_ended=[notify]", "a command with arguments is a list"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
