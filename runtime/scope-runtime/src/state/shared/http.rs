//! A place that takes `GET` and `PUT` and gives ETags: a WebDAV folder, an artifact store, a small service of one's own.
//!
//! `GET` → 200 with an ETag, or 404. `PUT` with `If-Match: "17"` or `If-None-Match: *` → 200, 201 or 204, or 412.

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH,
};
use reqwest::{Method, Url};

use super::access::Access;
use super::exchange::{Answer, Client, is_private};
use super::location::{Condition, Fault, Found, Tag};
use crate::real::base64_padded;

/// Where.
#[derive(Clone, Debug)]
pub(in crate::state) struct Address(Url);

impl Address {
    pub(super) fn of(text: &str) -> Result<Self, String> {
        Url::parse(text).map(Self).map_err(|error| error.to_string())
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    pub(super) async fn read(&self, client: &Client, access: &Access) -> Result<Option<Found>, Fault> {
        let answer = client.send(Method::GET, &self.0, self.headers(access)?, Vec::new()).await?;
        match answer.status {
            200 => found(answer).map(Some),
            404 | 410 => Ok(None),
            _ => Err(answer.fault(access)),
        }
    }

    pub(super) async fn write(
        &self,
        client: &Client,
        access: &Access,
        bytes: &[u8],
        condition: Condition<'_>,
    ) -> Result<Tag, Fault> {
        let mut headers = self.headers(access)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (name, value) = header_of(condition)?;
        headers.insert(name, value);
        let answer = client.send(Method::PUT, &self.0, headers, bytes.to_vec()).await?;
        match (answer.status, answer.tag.clone()) {
            (200 | 201 | 204, Some(tag)) => Ok(tag),
            // It says only when asked: whoever wrote in between is seen at the next write.
            (200 | 201 | 204, None) => {
                let found = self.read(client, access).await?;
                let is_ours = |found: &Found| found.bytes == bytes;
                found.filter(is_ours).map(|found| found.tag).ok_or(Fault::Changed)
            }
            (409 | 412, _) => Err(Fault::Changed),
            _ => Err(answer.fault(access)),
        }
    }

    fn headers(&self, access: &Access) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        let words = match (&access.token, &access.user, &access.password) {
            (Some(token), _, _) => format!("Bearer {}", token.as_str()),
            (None, Some(user), Some(password)) => {
                format!("Basic {}", base64_padded(format!("{user}:{}", password.as_str()).as_bytes()))
            }
            (None, None, None) => return Ok(headers),
            (None, _, _) => {
                let words = "`SCOPE_STATE_USER` and `SCOPE_STATE_PASSWORD` go together";
                return Err(Fault::Refused(words.into()));
            }
        };
        if !is_private(&self.0) {
            let words = "it is reached without TLS, and no credentials are sent so: write `https`";
            return Err(Fault::Refused(words.into()));
        }
        let mut value = HeaderValue::from_str(&words)
            .map_err(|_| Fault::Refused("the credentials hold characters that no header may have".into()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(headers)
    }
}

/// A document with its ETag; without one, two writers cannot be kept apart.
pub(super) fn found(answer: Answer) -> Result<Found, Fault> {
    let tag = answer.tag.ok_or_else(|| Fault::Unfit("it gives no ETag".into()))?;
    if tag.0.starts_with("W/") {
        return Err(Fault::Unfit("its ETags are weak: two documents may have the same one".into()));
    }
    Ok(Found { bytes: answer.bytes, tag })
}

/// A condition as HTTP has it.
pub(super) fn header_of(condition: Condition<'_>) -> Result<(HeaderName, HeaderValue), Fault> {
    match condition {
        Condition::Absent => Ok((IF_NONE_MATCH, HeaderValue::from_static("*"))),
        Condition::Is(tag) => {
            let value = HeaderValue::from_str(&tag.0);
            Ok((IF_MATCH, value.map_err(|_| Fault::Unfit("its ETag cannot be sent back".into()))?))
        }
    }
}
