//! Who may read the page: whoever has the token, by this machine's own name for itself, from the page itself or by hand.
//!
//! Another site's page in the same browser may try the port; a name it made point to loopback comes with that name in
//! `Host` (DNS rebinding), a request of its scripts with its `Origin`. Both are refused before the token is looked at.

use std::fmt::Write;
use std::io;

use axum::http::{HeaderMap, StatusCode, header};

/// Token and port of one page.
pub(crate) struct Guard {
    token: String,
    hosts: [String; 2],
}

/// Why a request is refused, in words for whoever sees them.
pub(crate) type Refusal = (StatusCode, &'static str);

impl Guard {
    /// With a new random token of 128 bits.
    pub(crate) fn new(port: u16) -> io::Result<Self> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let mut token = String::new();
        for byte in bytes {
            let _ = write!(token, "{byte:02x}");
        }
        Ok(Self { token, hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")] })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Whether this request may be answered.
    pub(crate) fn check(&self, headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
        let is_ours = |host: &str| self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        if hosts.next().is_some() || !host.is_some_and(is_ours) {
            return Err((
                StatusCode::MISDIRECTED_REQUEST,
                "this page is read by 127.0.0.1 or localhost only\n",
            ));
        }
        for origin in headers.get_all(header::ORIGIN) {
            let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            if !origin.is_some_and(is_ours) {
                return Err((StatusCode::FORBIDDEN, "another site's page may not read this one\n"));
            }
        }
        let is_foreign = |value: &str| !matches!(value, "same-origin" | "none");
        if headers.get("sec-fetch-site").is_some_and(|value| value.to_str().map_or(true, is_foreign)) {
            return Err((StatusCode::FORBIDDEN, "another site's page may not read this one\n"));
        }
        if !is_equal(token.as_bytes(), self.token.as_bytes()) {
            return Err((StatusCode::FORBIDDEN, "take the address that `scope` printed: it holds a token\n"));
        }
        Ok(())
    }
}

/// In a time that does not depend on where the first difference is.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
