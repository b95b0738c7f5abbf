//! What opens a shared place: names and secrets, from the environment alone.
//!
//! | place | variables |
//! |---|---|
//! | https | `SCOPE_STATE_TOKEN`, or `SCOPE_STATE_USER` and `SCOPE_STATE_PASSWORD` |
//! | s3 | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL` |
//! | a cluster | `SCOPE_STATE_TOKEN`, else the pod's own token and authority |
//! | all | `SCOPE_STATE_CA_FILE`, `SCOPE_STATE_CLIENT_CERT` and `SCOPE_STATE_CLIENT_KEY` (files), `SCOPE_STATE_LEASE` (seconds) |

use std::time::Duration;

use zeroize::Zeroizing;

use super::location::Fault;

/// How long a lock lasts after its holder died, if nothing else is said.
const LEASE: Duration = Duration::from_secs(60);
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// What the environment says.
#[derive(Default)]
pub(super) struct Access {
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) user: Option<String>,
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) key_id: Option<String>,
    pub(super) secret_key: Option<Zeroizing<String>>,
    pub(super) session_token: Option<Zeroizing<String>>,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) client_cert: Option<String>,
    pub(super) client_key: Option<String>,
    lease: Option<Duration>,
}

impl Access {
    /// From variables; empty ones are not set.
    pub(super) fn of(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Fault> {
        let plain = |name: &str| variable(name).filter(|value| !value.is_empty());
        let secret = |name: &str| plain(name).map(Zeroizing::new);
        let lease = match plain("SCOPE_STATE_LEASE").map(|text| text.parse::<u32>()) {
            None => None,
            Some(Ok(seconds)) => Some(Duration::from_secs(seconds.into()).max(SHORTEST_LEASE)),
            Some(Err(_)) => {
                return Err(Fault::Refused("`SCOPE_STATE_LEASE` is not a number of seconds".into()));
            }
        };
        Ok(Self {
            token: secret("SCOPE_STATE_TOKEN"),
            user: plain("SCOPE_STATE_USER"),
            password: secret("SCOPE_STATE_PASSWORD"),
            key_id: plain("AWS_ACCESS_KEY_ID"),
            secret_key: secret("AWS_SECRET_ACCESS_KEY"),
            session_token: secret("AWS_SESSION_TOKEN"),
            region: plain("AWS_REGION").or_else(|| plain("AWS_DEFAULT_REGION")),
            endpoint: plain("AWS_ENDPOINT_URL_S3").or_else(|| plain("AWS_ENDPOINT_URL")),
            ca_file: plain("SCOPE_STATE_CA_FILE"),
            client_cert: plain("SCOPE_STATE_CLIENT_CERT"),
            client_key: plain("SCOPE_STATE_CLIENT_KEY"),
            lease,
        })
    }

    /// From the environment of this process.
    pub(super) fn from_environment() -> Result<Self, Fault> {
        Self::of(&|name| std::env::var(name).ok())
    }

    /// How long a lock lasts after its holder died.
    pub(super) fn lease(&self) -> Duration {
        self.lease.unwrap_or(LEASE)
    }

    /// Hides what is secret in words that came from elsewhere.
    pub(super) fn hide(&self, words: &str) -> String {
        let secrets = [&self.token, &self.password, &self.secret_key, &self.session_token];
        let known = secrets.into_iter().flatten().filter(|secret| secret.len() >= 4);
        known.fold(words.to_owned(), |words, secret| words.replace(secret.as_str(), "***"))
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Access(***)")
    }
}
