//! The kinds of places, and what each can do: give the document and its version, and replace it on a condition.
//!
//! `Location::of("s3://team/web.json?region=eu-west-3")` → an object; `read` → bytes and ETag; `write(bytes, If(etag))` →
//! the new ETag, or [`Fault::Changed`].

use super::access::Access;
use super::exchange::Client;
use super::{cluster, http, s3};
use crate::state::store::StateError;

/// Where a document is.
#[derive(Clone, Debug)]
pub(in crate::state) enum Location {
    /// `GET` and `PUT` with an ETag.
    Http(http::Address),
    /// An object of a store that speaks S3.
    S3(s3::Address),
    /// A secret of a cluster.
    Secret(cluster::Address),
}

/// The version of a document: an ETag, a resource version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag(pub(super) String);

/// A document as read.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) tag: Tag,
}

/// What must be so for a write to be done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition<'t> {
    /// Nothing is there.
    Absent,
    /// It is still of this version.
    Is(&'t Tag),
}

/// Why a read or write was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The condition does not hold.
    Changed,
    /// It may pass; a write may have been done all the same.
    Passing(String),
    /// It will not pass by itself.
    Refused(String),
    /// The place cannot do what is needed.
    Unfit(String),
}

impl Location {
    /// Reads an address; `stem` names the document where the address ends with `/`. Also the address in full.
    pub(in crate::state) fn of(text: &str, stem: Option<&str>) -> Result<(Self, String), StateError> {
        let wrong = |words: String| StateError::Address { text: without_user(text), words };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no `://`".into()))?;
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        if path.split('/').next().is_some_and(|host| host.contains('@')) {
            return Err(wrong(
                "no name and no password may stand in it: give them by the environment".into(),
            ));
        }
        if path.is_empty() || (path.starts_with('/') && scheme.starts_with("http")) {
            return Err(wrong("there is no address in it".into()));
        }
        let mut path = path.to_owned();
        if path.ends_with('/') {
            let Some(stem) = stem else {
                return Err(wrong("it ends with `/`: say which program is meant with `--program`".into()));
            };
            path.push_str(&cluster::document_name(scheme, stem).unwrap_or_else(|| format!("{stem}.json")));
        }
        let address = match query {
            Some(query) => format!("{scheme}://{path}?{query}"),
            None => format!("{scheme}://{path}"),
        };
        let location = match scheme {
            "http" | "https" => Location::Http(http::Address::of(&address).map_err(wrong)?),
            "s3" => Location::S3(s3::Address::of(&path, query).map_err(wrong)?),
            other => match cluster::Address::of(other, &path, query) {
                Some(address) => Location::Secret(address.map_err(wrong)?),
                None => {
                    let words = format!("there is no `{other}`: https, s3, {}", cluster::SCHEME);
                    return Err(wrong(words));
                }
            },
        };
        Ok((location, address))
    }

    /// The document, if there is one.
    pub(super) async fn read(&self, client: &Client, access: &Access) -> Result<Option<Found>, Fault> {
        match self {
            Location::Http(address) => address.read(client, access).await,
            Location::S3(address) => address.read(client, access).await,
            Location::Secret(address) => address.read(client, access).await,
        }
    }

    /// Replaces it; gives its version now.
    pub(super) async fn write(
        &self,
        client: &Client,
        access: &Access,
        bytes: &[u8],
        condition: Condition<'_>,
    ) -> Result<Tag, Fault> {
        match self {
            Location::Http(address) => address.write(client, access, bytes, condition).await,
            Location::S3(address) => address.write(client, access, bytes, condition).await,
            Location::Secret(address) => address.write(client, access, bytes, condition).await,
        }
    }
}

/// An address for a message: what stands before an `@` may be a password.
fn without_user(text: &str) -> String {
    match (text.split_once("://"), text.split_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    }
}
