//! What an address means, as far as its text tells: two that mean one place are one text here. No name is looked up.
//!
//! `HTTPS://Cloud.Example:443/v3/` → `https://cloud.example/v3`; `http://127.0.0.1:80` and `http://[::1]` → `http://localhost`.
//! What is no address stays as it is: the name of a cloud in a file is told by its case.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest;

/// Where a driver reaches a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// Of the settings that it is reached by, secrets left out, as they are compared: two with the same are one place.
    pub digest: String,
    /// Those of them that can be told, as they were written: of an address neither who logs in nor what is asked there. Nothing is
    /// known of what an older version recorded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

impl Address {
    /// By settings, none of them secret; nothing where there is none.
    pub(crate) fn of<'s>(settings: impl Iterator<Item = (&'s str, &'s Value)>) -> Option<Address> {
        let said: BTreeMap<&str, &Value> = settings.filter(|(_, value)| !value.is_null()).collect();
        let meant: BTreeMap<&str, Value> =
            said.iter().map(|(name, value)| (*name, meant_of(value))).collect();
        let text = serde_json::to_string(&meant).expect("JSON values are JSON");
        let told = said.iter().filter_map(|(name, value)| Some(((*name).to_owned(), told_of(value)?)));
        (!said.is_empty())
            .then(|| Address { digest: digest::sha256_hex(text.as_bytes()), settings: told.collect() })
    }

    /// Whether both are one place.
    #[must_use]
    pub fn is(&self, other: &Address) -> bool {
        self.digest == other.digest
    }

    /// What of this one is otherwise at another one, as a program writes it: `url: "http://old.example"`.
    #[must_use]
    pub fn unlike(&self, other: &Address) -> Vec<String> {
        let differing =
            self.settings.iter().filter(|(name, value)| other.settings.get(*name) != Some(*value));
        differing.map(|(name, value)| format!("{name}: {}", Value::from(value.as_str()))).collect()
    }
}

/// A setting that can be told: an address. What else a site is reached by may be a word that opens it.
fn told_of(setting: &Value) -> Option<String> {
    setting.as_str().filter(|text| text.contains("://")).and_then(told)
}

/// An address without who logs in there and without what is asked: `http://ops:word@a.example/v3?key=1` →
/// `http://a.example/v3`. What is no address stays as it is; of one that cannot be read nothing is told.
#[must_use]
pub fn told(text: &str) -> Option<String> {
    let text = text.trim();
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        // Who logs in, and with what, is told apart from a name that has an `@`.
        None if text.split_once('@').is_some_and(|(user, _)| user.contains(':')) => (String::new(), text),
        None => return Some(text.to_owned()),
    };
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (_, port) = host_and_port(place);
    port.chars().skip(1).all(|digit| digit.is_ascii_digit()).then(|| format!("{scheme}{place}{path}"))
}

/// The port that is meant where none is written.
const DEFAULT_PORTS: [(&str, &str); 2] = [("http", "80"), ("https", "443")];

/// A setting with every address in it as it is compared.
#[must_use]
pub fn meant_of(setting: &Value) -> Value {
    match setting {
        Value::String(text) => Value::String(meant(text)),
        Value::Array(items) => items.iter().map(meant_of).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), meant_of(field))).collect(),
        other => other.clone(),
    }
}

/// An address as it is compared.
#[must_use]
pub fn meant(text: &str) -> String {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://") else {
        let (host, port) = host_and_port(text);
        // Without a scheme only this machine is known to be one.
        return match is_this_machine(host) {
            true => format!("localhost{port}"),
            false => text.to_owned(),
        };
    };
    let scheme = scheme.to_lowercase();
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (format!("{user}@"), place),
        None => (String::new(), authority),
    };
    let (host, port) = host_and_port(place);
    let is_default = |&(of, number): &(&str, &str)| of == scheme && port.strip_prefix(':') == Some(number);
    let port = if port == ":" || DEFAULT_PORTS.iter().any(is_default) { "" } else { port };
    format!("{scheme}://{user}{}{port}{}", host_meant(host), path.trim_end_matches('/'))
}

/// `[::1]:80` → `[::1]`, `:80`. An address of version 6 without brackets has no port.
fn host_and_port(place: &str) -> (&str, &str) {
    let end = match place.find(']') {
        Some(bracket) => bracket + 1,
        None if place.matches(':').count() > 1 => place.len(),
        None => place.find(':').unwrap_or(place.len()),
    };
    place.split_at(end)
}

fn host_meant(host: &str) -> String {
    if is_this_machine(host) {
        return "localhost".to_owned();
    }
    match version_6(host) {
        Some(address) => format!("[{address}]"),
        None => host.trim_end_matches('.').to_lowercase(),
    }
}

/// The further addresses of the loopback are other places: one machine may have a service at each.
fn is_this_machine(host: &str) -> bool {
    host.trim_end_matches('.').eq_ignore_ascii_case("localhost")
        || host.parse() == Ok(Ipv4Addr::LOCALHOST)
        || version_6(host) == Some(Ipv6Addr::LOCALHOST)
}

fn version_6(host: &str) -> Option<Ipv6Addr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Address, meant, told};
    use serde_json::{Value, json};

    #[test]
    fn one_place_is_one_text() {
        let places: [(&str, &[&str]); 7] = [
            (
                "http://localhost",
                &["http://LocalHost/", "HTTP://127.0.0.1:80", "http://[::1]", "http://[0:0:0:0:0:0:0:1]:80/"],
            ),
            ("http://localhost:5000/v3", &["http://127.0.0.1:5000/v3/", "http://localhost.:5000/v3"]),
            ("https://cloud.example/v3", &["https://Cloud.Example:443/v3/", " https://cloud.example./v3 "]),
            ("https://[fd00::1]:8443", &["https://[FD00:0::1]:8443/"]),
            ("https://ops@cloud.example", &["https://ops@CLOUD.example:443"]),
            ("localhost", &["127.0.0.1", "::1", "[::1]", "LOCALHOST"]),
            ("localhost:5000", &["127.0.0.1:5000", "[::1]:5000"]),
        ];
        for (place, others) in places {
            assert_eq!(meant(place), place);
            for other in others {
                assert_eq!(meant(other), place, "{other}");
            }
        }
    }

    #[test]
    fn another_place_is_another_text() {
        let others = [
            ("http://a.example", "https://a.example"),
            ("http://a.example:443", "http://a.example"),
            ("http://a.example/V3", "http://a.example/v3"),
            ("http://Ops@a.example", "http://ops@a.example"),
            ("http://127.0.0.2", "http://127.0.0.1"),
            ("http://a.example?of=1", "http://a.example"),
            ("RegionOne", "regionone"),
        ];
        for (one, other) in others {
            assert_ne!(meant(one), meant(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_told_of_an_address_has_no_secret() {
        for (address, words) in [
            ("https://ops:word@a.example:5000/v3?key=word#word", "https://a.example:5000/v3"),
            ("https://[fd00::1]:5000/v3", "https://[fd00::1]:5000/v3"),
            ("ops:word@a.example", "a.example"),
            ("ana@a.example", "ana@a.example"),
            ("nantes", "nantes"),
        ] {
            assert_eq!(told(address).as_deref(), Some(words));
        }
        assert_eq!(told("https://ops:w/rd@a.example"), None);
    }

    /// What opens a site may be a setting as any other.
    #[test]
    fn only_addresses_are_told() {
        let settings =
            [("url", json!("http://a.example")), ("token", json!("word")), ("at", json!("a:1?key=word"))];
        let address =
            Address::of(settings.iter().map(|(name, value)| (*name, value))).expect("there are some");
        assert_eq!(address.settings.into_keys().collect::<Vec<_>>(), ["url"]);
    }

    #[test]
    fn the_settings_that_differ_are_told_as_a_program_writes_them() {
        let of = |url: &str, password: &str| {
            let settings = [("url", json!(url)), ("port", json!(80)), ("none", Value::Null)];
            let with_password = format!("{url}?{password}");
            let all: Vec<(&str, Value)> =
                settings.into_iter().chain([("other", json!(with_password))]).collect();
            Address::of(all.iter().map(|(name, value)| (*name, value))).expect("there are some")
        };
        let (one, other) = (of("http://a.example", "p"), of("http://b.example", "p"));
        assert!(!one.is(&other) && one.is(&of("HTTP://a.example", "p")));
        assert_eq!(one.unlike(&other), ["other: \"http://a.example\"", "url: \"http://a.example\""]);
        assert!(one.unlike(&of("http://a.example", "q")).is_empty());
    }
}
