//! A deletion that is still to be done: of what an alternative made that was given up, of what the program no longer has.
//!
//! `card c7 at paris`, left by run 3, since paris did not answer → the next run that reaches paris deletes it.

use scope_plan::recorded::Relied;
use serde::{Deserialize, Serialize};

use super::Resource;

/// A deletion that is still to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owed {
    /// The step's key.
    pub key: String,
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// `openstack.image`
    pub resource_type: String,
    /// Its identity; `None` where the answer was lost, so that it is not known whether there is one.
    pub identity: Option<String>,
    /// Its name at the site, to look for it by.
    pub called: Option<String>,
    /// The owner mark it would bear.
    pub mark: Option<String>,
    /// What it relies upon, if it is there: guarded meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relies: Vec<Relied>,
    /// When its creation was sent, in milliseconds since 1970, where its end is not known: it may still take effect for a
    /// while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_ms: Option<u64>,
    /// Another one takes its place: it goes when that is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_replaced: bool,
    /// What was recorded of it then: it may be wanted again before it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Box<Resource>>,
    /// The files in which the secrets are that its site told: another one of its name may have the place, and with what is owed
    /// they go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_in: Vec<String>,
    /// The run that left it.
    pub run: u64,
    /// Why.
    pub words: String,
}

impl Owed {
    /// What others rely upon where they rely upon this one, once it is known which it is.
    pub fn relied(&self) -> Option<Relied> {
        let Owed { resource_type, site, identity, .. } = self;
        let identity = identity.clone()?;
        Some(Relied { resource_type: resource_type.clone(), site: site.clone(), identity })
    }

    /// Whether it is this very resource, recorded under its name and at its site.
    pub(crate) fn is_about(&self, recorded: &Resource) -> bool {
        self.identity.as_ref().is_none_or(|identity| *identity == recorded.identity)
    }
}
