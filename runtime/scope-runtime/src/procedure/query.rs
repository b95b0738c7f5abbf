//! The two questions asked of a site: which are there, and how is this one?
//!
//! `find(title: "Emma")` → records, empty where there are none; `read("b1")` → a record, or nothing where it is not there.

use scope_plan::driver::Operation;
use serde_json::{Map, Value};

use super::failure::Trouble;
use super::record::Record;
use super::subject::{Asked, Subject};
use crate::site::{Answer, SiteError, SiteErrorKind};

impl Subject<'_> {
    /// The resources that match what is wanted; the site may give more than those.
    ///
    /// # Errors
    /// The site's.
    pub(super) async fn find(&self, wanted: &Map<String, Value>) -> Result<Vec<Record>, Trouble> {
        let Some(operation) = self.find_operation() else { return Ok(Vec::new()) };
        let bodies = match self.ask(operation, Asked::with(wanted)).await {
            Ok(Answer::List(bodies)) => bodies,
            Ok(Answer::Found(body) | Answer::Done(Some(body)) | Answer::Exists(Some(body))) => vec![body],
            Ok(Answer::Gone | Answer::Done(None) | Answer::Exists(None)) => Vec::new(),
            Ok(Answer::Content(_)) => return Err(unexpected("content")),
            Err(trouble) if trouble.is_not_found() => Vec::new(),
            Err(trouble) => return Err(trouble),
        };
        let records: Vec<Record> = bodies.into_iter().map(|body| Record::read(self, body, wanted)).collect();
        // One that cannot be named is not taken for none: the next request would make a second one.
        let identity = &self.resource_type.identity;
        let is_nameless = |record: &Record| record.identity(self.resource_type).is_none();
        match records.iter().any(is_nameless) && !wanted.contains_key(identity) {
            true => Err(unexpected(&format!("a list of which one has no `{identity}`"))),
            false => Ok(records),
        }
    }

    /// Those that are used of a list are of their type: what somebody else has in it is no matter of ours.
    ///
    /// # Errors
    /// [`SiteErrorKind::Malformed`].
    pub(super) fn fitting<'r>(
        &self,
        records: impl IntoIterator<Item = &'r Record>,
        inputs: &Map<String, Value>,
    ) -> Result<(), Trouble> {
        let mut records = records.into_iter();
        let fits = |record: &Record| self.site.fits(self.driver, self.resource_type, &record.body, inputs);
        records.try_for_each(fits).map_err(Trouble::Site)
    }

    /// The resource of this identity, if it is there. Where the application cannot read one, it is looked for among all.
    ///
    /// # Errors
    /// The site's; what is of another identity is no answer.
    pub(super) async fn read(
        &self,
        identity: &str,
        given: &Map<String, Value>,
    ) -> Result<Option<Record>, Trouble> {
        let found = self.read_under(identity, given).await?;
        let told = found.as_ref().and_then(|record| record.identity(self.resource_type));
        match told.filter(|told| !is_same_identity(told, identity)) {
            Some(told) => Err(of_another(&told, identity)),
            None => Ok(found),
        }
    }

    /// The same by a word that need not be its identity: some applications take a name for it, too.
    ///
    /// # Errors
    /// The site's.
    pub(super) async fn read_under(
        &self,
        identity: &str,
        given: &Map<String, Value>,
    ) -> Result<Option<Record>, Trouble> {
        let mut inputs = given.clone();
        inputs.insert(self.resource_type.identity.clone(), Value::from(identity));
        let Some(operation) = self.read_operation() else {
            let all = self.find(&inputs).await?;
            let is_it = |record: &Record| record.identity(self.resource_type).as_deref() == Some(identity);
            let found = all.into_iter().find(is_it);
            self.fitting(&found, &inputs)?;
            return Ok(found);
        };
        match self.ask(operation, Asked::with(&inputs)).await {
            Ok(Answer::Found(body) | Answer::Done(Some(body)) | Answer::Exists(Some(body))) => {
                let body = match self.read_on(operation, body, &inputs).await {
                    Err(trouble) if trouble.is_not_found() => return Ok(None),
                    body => body?,
                };
                let mut record = Record::read(self, body, &inputs);
                // Not every answer repeats what was asked for.
                if record.identity(self.resource_type).is_none() {
                    record.attributes.insert(self.resource_type.identity.clone(), Value::from(identity));
                }
                Ok(Some(record))
            }
            Ok(Answer::List(mut bodies)) if bodies.len() == 1 => {
                let found = bodies.pop().map(|body| Record::read(self, body, &inputs));
                self.fitting(&found, &inputs)?;
                Ok(found)
            }
            Ok(Answer::List(bodies)) if bodies.is_empty() => Ok(None),
            Ok(Answer::Gone) => Ok(None),
            Ok(_) => Err(unexpected("no resource")),
            Err(trouble) if trouble.is_not_found() => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What is told of one by the operations that are a part of reading it, over what the first one told.
    async fn read_on(
        &self,
        operation: &Operation,
        mut body: Value,
        inputs: &Map<String, Value>,
    ) -> Result<Value, Trouble> {
        for later in self.resource_type.operations_after(&operation.name) {
            let more = match self.ask(later, Asked::with(inputs)).await {
                Ok(Answer::Found(more) | Answer::Done(Some(more))) => more,
                Ok(_) => return Err(unexpected("no part of a resource")),
                Err(trouble) => return Err(trouble),
            };
            match (&mut body, more) {
                (Value::Object(body), Value::Object(more)) => body.extend(more),
                _ => return Err(unexpected("no part of a resource")),
            }
        }
        Ok(body)
    }

    /// These as reading each gives them, where a list tells only a part; without those that are gone by now.
    ///
    /// # Errors
    /// The site's.
    pub(super) async fn whole(
        &self,
        found: Vec<Record>,
        given: &Map<String, Value>,
    ) -> Result<Vec<Record>, Trouble> {
        if !self.resource_type.is_read_in_parts() {
            return Ok(found);
        }
        let mut whole = Vec::with_capacity(found.len());
        for record in found {
            match record.identity(self.resource_type) {
                Some(identity) => whole.extend(self.read(&identity, given).await?),
                None => whole.push(record),
            }
        }
        Ok(whole)
    }

    /// Whether the application can tell how a resource is.
    pub(super) fn can_be_read(&self) -> bool {
        self.read_operation().is_some() || self.find_operation().is_some()
    }
}

/// An answer that the driver's rules give no meaning to.
pub(super) fn unexpected(what: &str) -> Trouble {
    malformed(format!("the answer is {what}, where a resource was asked for"))
}

fn of_another(told: &str, asked: &str) -> Trouble {
    malformed(format!("the answer is about `{told}`, where `{asked}` was asked for"))
}

fn malformed(words: String) -> Trouble {
    Trouble::Site(SiteError { kind: SiteErrorKind::Malformed, words, request: None, status: None })
}

/// Identities as texts; of one in hexadecimal digits dashes and case are a matter of taste.
fn is_same_identity(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    one == other || (is_hexadecimal(one) && is_hexadecimal(other) && plain(one) == plain(other))
}
