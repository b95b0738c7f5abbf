//! One bounded HTTP exchange with a shared place: a request out, status, ETag and body back.
//!
//! A redirect is never followed: credentials go where the address says, and nowhere else. Without TLS they go to this very
//! machine only.

use std::time::Duration;

use reqwest::header::{ETAG, HeaderMap};
use reqwest::{Certificate, Identity, Method, Url, redirect};

use super::access::Access;
use super::location::{Fault, Tag};
use crate::real::root_cause;

/// A state of more bytes is none.
const LONGEST: usize = 64 << 20;
const CONNECT: Duration = Duration::from_secs(10);
/// The longest silence, before and in an answer.
const SILENCE: Duration = Duration::from_secs(15);
/// For all of it.
const WHOLE: Duration = Duration::from_secs(60);
/// How much of what a place says about a refusal is told.
const WORDS: usize = 200;

/// A client for one place.
pub(super) struct Client(reqwest::Client);

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) tag: Option<Tag>,
    pub(super) bytes: Vec<u8>,
}

impl Client {
    /// With this access's authority and certificate; on this very machine, no proxy is asked.
    pub(super) fn new(access: &Access, other_ca: Option<Vec<u8>>, url: &Url) -> Result<Self, Fault> {
        let refused = |words: String| Fault::Refused(words);
        let file = |name: &str, path: &str| {
            std::fs::read(path)
                .map_err(|error| refused(format!("`{name}`: `{path}` cannot be read: {error}")))
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("scope/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .timeout(WHOLE)
            .redirect(redirect::Policy::none())
            .referer(false);
        if is_loopback(url) {
            builder = builder.no_proxy();
        }
        if url.scheme() == "http" {
            // No certificates are read that nobody needs.
            return built(builder.tls_certs_only([]));
        }
        let ca = match &access.ca_file {
            Some(path) => Some(file("SCOPE_STATE_CA_FILE", path)?),
            None => other_ca,
        };
        if let Some(ca) = ca {
            let certificates = Certificate::from_pem_bundle(&ca).ok().filter(|all| !all.is_empty());
            let none = || refused("`SCOPE_STATE_CA_FILE` has no certificate in PEM form in it".into());
            builder = builder.tls_certs_only(certificates.ok_or_else(none)?);
        }
        if let Some(path) = &access.client_cert {
            let mut both = file("SCOPE_STATE_CLIENT_CERT", path)?;
            if let Some(path) = &access.client_key {
                both.push(b'\n');
                both.extend(file("SCOPE_STATE_CLIENT_KEY", path)?);
            }
            let identity = Identity::from_pem(&both);
            let wrong =
                |_| refused("`SCOPE_STATE_CLIENT_CERT` is no certificate with its key in PEM form".into());
            builder = builder.identity(identity.map_err(wrong)?);
        }
        built(builder)
    }

    /// Sends it; the whole answer.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, Fault> {
        let request = self.0.request(method, url.clone()).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| {
            let words = root_cause(&error);
            if error.is_builder() { Fault::Refused(words) } else { Fault::Passing(words) }
        })?;
        let status = response.status().as_u16();
        let tag =
            response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(|tag| Tag(tag.to_owned()));
        let too_long = || Fault::Refused(format!("it gives more than {} MiB", LONGEST >> 20));
        if response.content_length().is_some_and(|length| length > LONGEST as u64) {
            return Err(too_long());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Fault::Passing(root_cause(&error)))? {
            if bytes.len() + chunk.len() > LONGEST {
                return Err(too_long());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, tag, bytes })
    }
}

impl Answer {
    /// What an answer that is neither good nor expected means.
    pub(super) fn fault(&self, access: &Access) -> Fault {
        let words = format!("it answers {}{}", self.status, self.words(access));
        match self.status {
            408 | 425 | 429 | 500..=599 => Fault::Passing(words),
            300..=399 => Fault::Refused(format!(
                "it answers {}: it sends us elsewhere, which is not followed",
                self.status
            )),
            401 | 403 => {
                Fault::Refused(format!("it refuses the credentials ({}){}", self.status, self.words(access)))
            }
            _ => Fault::Refused(words),
        }
    }

    fn words(&self, access: &Access) -> String {
        let start = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(4 * WORDS)]).into_owned();
        let plain: String = start.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let words: Vec<&str> = plain.split_whitespace().collect();
        let words: String = access.hide(&words.join(" ")).chars().take(WORDS).collect();
        if words.is_empty() { String::new() } else { format!(": {words}") }
    }
}

fn built(builder: reqwest::ClientBuilder) -> Result<Client, Fault> {
    let no = |error: reqwest::Error| {
        Fault::Refused(format!("no connection can be set up: {}", root_cause(&error)))
    };
    builder.build().map(Client).map_err(no)
}

/// Whether secrets may be sent there: over TLS, or to this very machine.
pub(super) fn is_private(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
