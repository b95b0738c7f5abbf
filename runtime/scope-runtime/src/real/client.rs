//! Connections: one HTTP client for all sites with the same TLS settings (its pool is by address anyway), made when first
//! needed.
//!
//! In: `{ ca: "ca.pem", client_cert: "me.pem", client_key: secret("KEY"), verify: true }` of a site. Out: [`Clients`]: one that
//! keeps connections, and one that opens a new one each time, for requests whose repeat is not safe: a kept connection
//! that the server is just closing would leave their outcome unknown.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Identity, Url, redirect};
use serde_json::{Map, Value};
use tower::BoxError;
use tower::util::AndThenLayer;

use super::failure::configuration;
use super::secrets::{path_from, reason};
use crate::site::SiteError;
use crate::state::Fence;

/// Idle connections are closed after so long: servers do so sooner or later, and then a request may be lost.
const IDLE: Duration = Duration::from_secs(20);
const KEEPALIVE: Duration = Duration::from_secs(15);
const LONGEST_HTTP2_HEADERS: u32 = 256 * 1024;
const SETTINGS: [&str; 4] = ["ca", "client_cert", "client_key", "verify"];

/// The clients of one kind of connection.
#[derive(Clone)]
pub(super) struct Clients {
    /// Keeps connections.
    pub pooled: Client,
    /// A new connection each time.
    pub fresh: Client,
    /// What a request passes last; a new connection has passed it.
    pub fence: Fence,
}

/// Makes clients and keeps them.
pub(super) struct ClientPool {
    base: PathBuf,
    connect_timeout: Duration,
    fence: Fence,
    made: RefCell<Vec<(Kind, Clients)>>,
}

#[derive(Clone, PartialEq)]
struct Kind {
    tls: Map<String, Value>,
    /// On this machine, without TLS: no proxy, and no certificates to read.
    is_local: bool,
}

impl ClientPool {
    pub(super) fn new(base: &Path, connect_timeout: Duration, fence: Fence) -> Self {
        Self { base: base.to_owned(), connect_timeout, fence, made: RefCell::default() }
    }

    /// The clients for this address under these TLS settings.
    ///
    /// # Errors
    /// [`crate::site::SiteErrorKind::Configuration`]: a certificate cannot be read, a setting is unknown.
    pub(super) fn clients(&self, tls: &Map<String, Value>, url: &Url) -> Result<Clients, SiteError> {
        let kind = Kind { tls: tls.clone(), is_local: url.scheme() == "http" && is_loopback(url) };
        if let Some((_, clients)) = self.made.borrow().iter().find(|(made, _)| *made == kind) {
            return Ok(clients.clone());
        }
        let pooled = self.client(&kind, url, |builder| builder.pool_idle_timeout(IDLE))?;
        let fresh = self.client(&kind, url, |builder| builder.pool_max_idle_per_host(0))?;
        let clients = Clients { pooled, fresh, fence: self.fence.clone() };
        self.made.borrow_mut().push((kind, clients.clone()));
        Ok(clients)
    }

    fn client(
        &self,
        kind: &Kind,
        url: &Url,
        pooling: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<Client, SiteError> {
        let common = || {
            // Connecting takes time, and the state may be taken over meanwhile: the last look is when the connection is there.
            let fence = self.fence.clone();
            let fenced = AndThenLayer::new(move |connection| {
                let fence = fence.clone();
                async move { fence.pass().await.map(|()| connection).map_err(BoxError::from) }
            });
            let builder = Client::builder()
                .connector_layer(fenced)
                .user_agent(concat!("scope/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(self.connect_timeout)
                // Followed, or not, in `http.rs`: where a site sends us is not trusted blindly.
                .redirect(redirect::Policy::none())
                .referer(false)
                .tcp_keepalive(KEEPALIVE)
                .http2_max_header_list_size(LONGEST_HTTP2_HEADERS);
            // The environment's proxies are used as curl does, but never to reach this very machine.
            pooling(if is_loopback(url) { builder.no_proxy() } else { builder })
        };
        if kind.is_local {
            return built(common().tls_certs_only([]));
        }
        let client = built(self.with_tls(common(), &kind.tls)?);
        match client {
            // A machine without root certificates can still talk to a site without TLS.
            Err(_) if url.scheme() == "http" => built(common().tls_certs_only([])),
            client => client,
        }
    }

    fn with_tls(
        &self,
        mut builder: ClientBuilder,
        tls: &Map<String, Value>,
    ) -> Result<ClientBuilder, SiteError> {
        if let Some(unknown) = tls.keys().find(|name| !SETTINGS.contains(&name.as_str())) {
            return Err(configuration(format!(
                "tls has no setting `{unknown}`: it has {}",
                SETTINGS.join(", ")
            )));
        }
        match tls.get("verify") {
            None | Some(Value::Null | Value::Bool(true)) => {}
            Some(Value::Bool(false)) => builder = builder.tls_danger_accept_invalid_certs(true),
            Some(_) => return Err(configuration("tls setting `verify`: expected true or false")),
        }
        if let Some(ca) = self.pem(tls, "ca")? {
            let certificates = Certificate::from_pem_bundle(&ca)
                .map_err(|_| configuration("tls setting `ca`: expected certificates in PEM form"))?;
            if certificates.is_empty() {
                return Err(configuration("tls setting `ca`: no certificate in it"));
            }
            // Only this authority: who names one does not want the public ones to vouch for the site.
            builder = builder.tls_certs_only(certificates);
        }
        match (self.pem(tls, "client_cert")?, self.pem(tls, "client_key")?) {
            (None, None) => Ok(builder),
            (None, Some(_)) => Err(configuration("tls setting `client_key` without `client_cert`")),
            (Some(mut both), key) => {
                both.push(b'\n');
                both.extend(key.unwrap_or_default());
                let identity = Identity::from_pem(&both).map_err(|_| {
                    configuration("tls settings `client_cert`, `client_key`: expected a certificate and its private key in PEM form")
                })?;
                Ok(builder.identity(identity))
            }
        }
    }

    /// The setting is PEM text itself or the path of a file.
    fn pem(&self, tls: &Map<String, Value>, name: &str) -> Result<Option<Vec<u8>>, SiteError> {
        match tls.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.contains("-----BEGIN") => Ok(Some(text.clone().into_bytes())),
            Some(Value::String(path)) => {
                std::fs::read(path_from(&self.base, path)).map(Some).map_err(|error| {
                    configuration(format!(
                        "tls setting `{name}`: `{path}` cannot be read: {}",
                        reason(&error)
                    ))
                })
            }
            Some(_) => Err(configuration(format!("tls setting `{name}`: expected a path or PEM text"))),
        }
    }
}

fn built(builder: ClientBuilder) -> Result<Client, SiteError> {
    builder.build().map_err(|error| {
        configuration(format!("no connection can be set up: {}", super::http::root_cause(&error)))
    })
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
