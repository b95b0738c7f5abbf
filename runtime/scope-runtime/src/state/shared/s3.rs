//! An object of a store that speaks S3, of any maker; conditional writes are needed (`If-Match`, `If-None-Match`).
//!
//! `s3://team/scope/web.json?region=eu-west-3&endpoint=https://minio.example:9000` → `GET` and `PUT` of
//! `https://minio.example:9000/team/scope/web.json`, each signed.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::access::Access;
use super::exchange::{Answer, Client, is_private};
use super::http::{found, header_of};
use super::location::{Condition, Fault, Found, Tag};
use super::signature::{Key, Request, hex_sha256, sign};
use crate::state::time::compact_utc;

const REGION: &str = "us-east-1";

/// Which object, and where the store is if it is not the usual one.
#[derive(Clone, Debug)]
pub(in crate::state) struct Address {
    bucket: String,
    key: String,
    region: Option<String>,
    endpoint: Option<String>,
}

impl Address {
    /// From `bucket/key` and `region=…&endpoint=…`.
    pub(super) fn of(path: &str, query: Option<&str>) -> Result<Self, String> {
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if bucket.is_empty() || !bucket.chars().all(is_name) {
            return Err("there is no bucket in it: `s3://BUCKET/KEY`".into());
        }
        if key.is_empty() {
            return Err("there is no key in it: `s3://BUCKET/KEY`".into());
        }
        let mut address =
            Self { bucket: bucket.to_owned(), key: key.to_owned(), region: None, endpoint: None };
        for setting in query.unwrap_or_default().split('&').filter(|setting| !setting.is_empty()) {
            match setting.split_once('=') {
                Some(("region", region)) => address.region = Some(region.to_owned()),
                Some(("endpoint", endpoint)) => {
                    Url::parse(endpoint).map_err(|_| "its `endpoint` is no address".to_owned())?;
                    address.endpoint = Some(endpoint.trim_end_matches('/').to_owned());
                }
                _ => {
                    let name = setting.split('=').next().unwrap_or_default();
                    return Err(format!("it has no setting `{name}`: region, endpoint"));
                }
            }
        }
        Ok(address)
    }

    pub(super) async fn read(&self, client: &Client, access: &Access) -> Result<Option<Found>, Fault> {
        let answer = self.send(client, access, Method::GET, HeaderMap::new(), Vec::new()).await?;
        match answer.status {
            200 => found(answer).map(Some),
            404 if !is_about_the_bucket(&answer) => Ok(None),
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
        let (name, value) = header_of(condition)?;
        let headers = HeaderMap::from_iter([(name, value)]);
        let answer = self.send(client, access, Method::PUT, headers, bytes.to_vec()).await?;
        match answer.status {
            200 => answer.tag.ok_or_else(|| Fault::Unfit("it gives no ETag".into())),
            // Where a condition is on an object that was deleted, it is not found.
            404 if !is_about_the_bucket(&answer) => Err(Fault::Changed),
            409 | 412 => Err(Fault::Changed),
            501 => Err(Fault::Unfit("it knows no conditional writes".into())),
            _ => Err(answer.fault(access)),
        }
    }

    /// The object's address: in the path where an endpoint is given, in the name of the usual store.
    pub(super) fn url(&self, access: &Access) -> Result<Url, Fault> {
        let path = self.key.split('/').map(crate::real::percent_encode).collect::<Vec<_>>().join("/");
        let text = match self.endpoint.as_ref().or(access.endpoint.as_ref()) {
            Some(endpoint) => format!("{}/{}/{path}", endpoint.trim_end_matches('/'), self.bucket),
            None => format!("https://{}.s3.{}.amazonaws.com/{path}", self.bucket, self.region(access)),
        };
        Url::parse(&text).map_err(|error| Fault::Refused(format!("`{text}` is no address: {error}")))
    }

    fn region<'a>(&'a self, access: &'a Access) -> &'a str {
        self.region.as_deref().or(access.region.as_deref()).unwrap_or(REGION)
    }

    async fn send(
        &self,
        client: &Client,
        access: &Access,
        method: Method,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, Fault> {
        let url = self.url(access)?;
        let (Some(id), Some(secret)) = (&access.key_id, &access.secret_key) else {
            let words = "`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` are not set";
            return Err(Fault::Refused(words.into()));
        };
        if !is_private(&url) {
            let words = "it is reached without TLS, and nothing signed is sent so: write `https`";
            return Err(Fault::Refused(words.into()));
        }
        let payload = hex_sha256(&body);
        let moment = compact_utc(super::keeper::now_ms());
        let host = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let mut signed: Vec<(&str, &str)> =
            vec![("host", &host), ("x-amz-content-sha256", &payload), ("x-amz-date", &moment)];
        if let Some(token) = &access.session_token {
            signed.push(("x-amz-security-token", token));
        }
        let request = Request {
            method: method.as_str(),
            path: url.path(),
            query: "",
            headers: &signed,
            payload: &payload,
        };
        let key = Key { id, secret, region: self.region(access), service: "s3" };
        let authorization = sign(&request, &key, &moment);
        let mut headers = headers;
        let unsendable = |_| Fault::Refused("the credentials hold characters that no header may have".into());
        for (name, value) in signed.iter().skip(1).copied().chain([("authorization", authorization.as_str())])
        {
            let mut value = HeaderValue::from_str(value).map_err(unsendable)?;
            value.set_sensitive(name == AUTHORIZATION.as_str() || name == "x-amz-security-token");
            headers.insert(HeaderName::from_bytes(name.as_bytes()).expect("written above"), value);
        }
        client.send(method, &url, headers, body).await
    }
}

/// A missing bucket is no missing object: nothing can be written there.
fn is_about_the_bucket(answer: &Answer) -> bool {
    String::from_utf8_lossy(&answer.bytes).contains("NoSuchBucket")
}
