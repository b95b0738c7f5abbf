//! A secret of a cluster: its resource version is the condition of every write.
//!
//! `kubernetes://api.example:6443/team/web` → the secret `web` in the namespace `team`; `kubernetes:///team/` → inside of a
//! pod, the cluster that it runs in, and a secret named for the program. A secret holds one MiB at most.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::access::Access;
use super::exchange::{Answer, Client, is_private};
use super::location::{Condition, Fault, Found, Tag};
use crate::real::{base64_decoded, base64_padded};

/// How such addresses begin.
pub(super) const SCHEME: &str = "kubernetes";
/// The same without TLS: through a proxy on this very machine.
const PLAIN: &str = "kubernetes+http";
/// What the API takes for all of a secret's data.
const LONGEST: usize = 1 << 20;
const FIELD: &str = "state.json";
const TYPE: &str = "scope-lang/state";
/// Where a pod finds its own credentials.
const OWN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Which secret, and of which cluster.
#[derive(Clone, Debug)]
pub(in crate::state) struct Address {
    /// `https://api.example:6443`; nothing: the one around this pod.
    server: Option<String>,
    namespace: String,
    name: String,
}

impl Address {
    /// `None` where it is no such address.
    pub(super) fn of(scheme: &str, path: &str, query: Option<&str>) -> Option<Result<Self, String>> {
        let protocol = match scheme {
            SCHEME => "https",
            PLAIN => "http",
            _ => return None,
        };
        Some(Self::parts(protocol, path, query))
    }

    fn parts(protocol: &str, path: &str, query: Option<&str>) -> Result<Self, String> {
        if query.is_some() {
            return Err("it has no settings after `?`".into());
        }
        let parts: Vec<&str> = path.split('/').collect();
        let [server, namespace, name] = parts.as_slice() else {
            return Err(format!("write `{SCHEME}://SERVER:PORT/NAMESPACE/NAME`"));
        };
        if let Some(wrong) = [namespace, name].into_iter().find(|name| !is_name(name)) {
            return Err(format!("`{wrong}` is no name there: small letters, digits, `-` and `.`"));
        }
        let server = (!server.is_empty()).then(|| format!("{protocol}://{server}"));
        if let Some(server) = &server {
            Url::parse(server).map_err(|error| error.to_string())?;
        }
        Ok(Self { server, namespace: (*namespace).to_owned(), name: (*name).to_owned() })
    }

    /// The authority of the cluster around this pod.
    pub(super) fn own_ca(&self) -> Option<Vec<u8>> {
        if self.server.is_some() { None } else { std::fs::read(format!("{OWN}/ca.crt")).ok() }
    }

    pub(super) async fn read(&self, client: &Client, access: &Access) -> Result<Option<Found>, Fault> {
        let url = self.url(Some(&self.name))?;
        let answer = client.send(Method::GET, &url, headers(&url, access)?, Vec::new()).await?;
        match answer.status {
            200 => {}
            404 if is_about(&answer, &self.name) => return Ok(None),
            _ => return Err(answer.fault(access)),
        }
        let secret = parsed(&answer)?;
        let tag = version(&secret)?;
        let Some(text) = secret["data"][FIELD].as_str() else {
            return Err(Fault::Refused(format!("the secret has no `{FIELD}`: it is somebody else's")));
        };
        let bytes =
            base64_decoded(text).ok_or_else(|| Fault::Refused(format!("its `{FIELD}` is no base64")))?;
        Ok(Some(Found { bytes, tag }))
    }

    pub(super) async fn write(
        &self,
        client: &Client,
        access: &Access,
        bytes: &[u8],
        condition: Condition<'_>,
    ) -> Result<Tag, Fault> {
        if bytes.len() > LONGEST {
            let words = "the state is longer than the one MiB that a secret holds: keep it elsewhere";
            return Err(Fault::Refused(words.into()));
        }
        let mut secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": self.name, "namespace": self.namespace },
            "type": TYPE,
            "data": { FIELD: base64_padded(bytes) },
        });
        let (method, url) = match condition {
            Condition::Absent => (Method::POST, self.url(None)?),
            Condition::Is(tag) => {
                secret["metadata"]["resourceVersion"] = Value::from(tag.0.as_str());
                (Method::PUT, self.url(Some(&self.name))?)
            }
        };
        let mut headers = headers(&url, access)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = client.send(method, &url, headers, secret.to_string().into_bytes()).await?;
        match answer.status {
            200 | 201 => version(&parsed(&answer)?),
            409 => Err(Fault::Changed),
            404 if is_about(&answer, &self.name) => Err(Fault::Changed),
            _ => Err(answer.fault(access)),
        }
    }

    /// The server, for the client that is made for it.
    pub(super) fn server(&self) -> Result<Url, Fault> {
        self.url(None)
    }

    fn url(&self, name: Option<&str>) -> Result<Url, Fault> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let own = || {
            let (host, port) = (
                variable("KUBERNETES_SERVICE_HOST")?,
                variable("KUBERNETES_SERVICE_PORT").unwrap_or("443".into()),
            );
            Some(if host.contains(':') {
                format!("https://[{host}]:{port}")
            } else {
                format!("https://{host}:{port}")
            })
        };
        let Some(server) = self.server.clone().or_else(own) else {
            let words = format!("this is no pod of a cluster: write `{SCHEME}://SERVER:PORT/NAMESPACE/NAME`");
            return Err(Fault::Refused(words));
        };
        let name = name.map(|name| format!("/{name}")).unwrap_or_default();
        let text = format!("{server}/api/v1/namespaces/{}/secrets{name}", self.namespace);
        Url::parse(&text).map_err(|error| Fault::Refused(error.to_string()))
    }
}

/// The secret's name for a program, where an address ends with `/`; nothing for other kinds of addresses.
pub(super) fn document_name(scheme: &str, stem: &str) -> Option<String> {
    let lower = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = stem.chars().map(lower).collect();
    matches!(scheme, SCHEME | PLAIN).then(|| format!("scope-{}", name.trim_matches('-')))
}

fn headers(url: &Url, access: &Access) -> Result<HeaderMap, Fault> {
    let own = || std::fs::read_to_string(format!("{OWN}/token")).ok().map(zeroize::Zeroizing::new);
    let mut headers = HeaderMap::new();
    // A certificate of ours, or a proxy on this machine, may do without.
    let Some(token) = access.token.clone().or_else(own) else { return Ok(headers) };
    if !is_private(url) {
        let words = format!("it is reached without TLS, and no credentials are sent so: write `{SCHEME}://`");
        return Err(Fault::Refused(words));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|_| Fault::Refused("the token holds characters that no header may have".into()))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(headers)
}

fn parsed(answer: &Answer) -> Result<Value, Fault> {
    serde_json::from_slice(&answer.bytes).map_err(|_| Fault::Refused("its answer is no JSON".into()))
}

fn version(secret: &Value) -> Result<Tag, Fault> {
    let version = secret["metadata"]["resourceVersion"].as_str();
    version
        .map(|version| Tag(version.to_owned()))
        .ok_or_else(|| Fault::Unfit("it gives no resource version".into()))
}

/// Whether it is this secret that is not found, and not its namespace or the whole API.
fn is_about(answer: &Answer, name: &str) -> bool {
    parsed(answer)
        .is_ok_and(|status| status["details"]["name"] == name && status["details"]["kind"] == "secrets")
}

fn is_name(name: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !name.is_empty() && name.len() <= 253 && name.chars().all(is_fit)
}
