//! What an address means, as far as its text tells: two that mean one place are one text here. No name is looked up.
//!
//! `HTTPS://Cloud.Example:443/v3/` → `https://cloud.example/v3`; `http://127.0.0.1:80` and `http://[::1]` → `http://localhost`.
//! What is no address stays as it is: the name of a cloud in a file is told by its case.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

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
    use super::meant;

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
}
