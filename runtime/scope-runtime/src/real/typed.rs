//! Whether a record that a site answers is of the types that its driver declares.
//!
//! `{"name": "n", "text": 77.5}` for `text: string` → "`text` must be a text, found a number: 77.5". What an answer does not tell,
//! or tells as `null`, is unknown and no error; what the driver does not declare is not looked at; a value that an enumeration
//! does not list may be one of a newer version.

use scope_plan::driver::{Attribute, Driver, OperationKind, ResourceType};
use scope_plan::eval::Environment;
use scope_plan::expr::{FileRef, SecretSource};
use serde_json::Value;
use zeroize::Zeroizing;

use super::environment::SiteEnvironment;
use super::failure::malformed;
use super::mask::Mask;
use super::words;
use crate::fit::fit;
use crate::procedure::told;
use crate::site::{Answer, SiteError};

/// How much of a value is shown, in bytes.
const MOST_SHOWN: usize = 60;

/// Checks what is used of an answer: nothing of a deletion's, nor of a call's.
///
/// # Errors
/// [`crate::site::SiteErrorKind::Malformed`], which names the attribute, what it must be and what came.
pub(super) fn checked(
    answer: &Answer,
    driver: &Driver,
    environment: &SiteEnvironment<'_>,
    mask: &Mask,
) -> Result<(), SiteError> {
    let (Some(resource_type), Some(operation)) =
        (environment.asked.resource_type, environment.asked.operation)
    else {
        return Ok(());
    };
    let of = Of { driver, resource_type, environment, mask };
    match (answer, operation.kind) {
        (_, OperationKind::Delete) => Ok(()),
        // What a call of an operation of its own tells is a result, and no record: what is read of it is looked at there. What belongs
        // to another one tells of the resource.
        (_, OperationKind::Action) if operation.after.is_none() => Ok(()),
        // A record of which nothing is known says neither how the resource is nor that there is none. One that is a part of
        // another reading tells a part.
        (Answer::Found(record), _) if operation.after.is_none() => of.known_record(record),
        // Those of a list are looked at where they are used: somebody else's may be anything.
        (Answer::List(_), _) => Ok(()),
        (Answer::Found(record) | Answer::Done(Some(record)) | Answer::Exists(Some(record)), _)
            if record.is_object() =>
        {
            of.record(record)
        }
        _ => Ok(()),
    }
}

/// Checks one record of a list.
///
/// # Errors
/// As [`checked`].
pub(super) fn fits(
    record: &Value,
    driver: &Driver,
    resource_type: &ResourceType,
    environment: &SiteEnvironment<'_>,
    mask: &Mask,
) -> Result<(), SiteError> {
    Of { driver, resource_type, environment, mask }.known_record(record)
}

/// The secrets that an answer tells of a resource, by attribute.
pub(super) fn secrets_told(
    answer: &Answer,
    resource_type: &ResourceType,
    environment: &SiteEnvironment<'_>,
) -> Vec<(String, Zeroizing<String>)> {
    let (Answer::Found(record) | Answer::Done(Some(record)) | Answer::Exists(Some(record))) = answer else {
        return Vec::new();
    };
    let names = OfRecord { record, environment };
    let secret = resource_type.attributes.iter().filter(|attribute| attribute.is_secret);
    let told = secret.filter_map(|attribute| match told(attribute, record, &names)? {
        Value::String(text) if !text.is_empty() => Some((attribute.name.clone(), Zeroizing::new(text))),
        _ => None,
    });
    told.collect()
}

/// Whose records are looked at.
struct Of<'a> {
    driver: &'a Driver,
    resource_type: &'a ResourceType,
    environment: &'a SiteEnvironment<'a>,
    mask: &'a Mask,
}

impl Of<'_> {
    fn known_record(&self, record: &Value) -> Result<(), SiteError> {
        self.record(record)?;
        let mut attributes = self.resource_type.attributes.iter();
        if attributes.any(|attribute| self.told(attribute, record).is_some()) {
            return Ok(());
        }
        let shown = shown(record, self.mask);
        Err(malformed(format!("expected one of `{}`, found {shown}", self.resource_type.name)))
    }

    fn record(&self, record: &Value) -> Result<(), SiteError> {
        for attribute in self.resource_type.attributes.iter().filter(|attribute| !attribute.is_write_only) {
            let Some(value) = self.told(attribute, record) else { continue };
            // A number is some applications' identity.
            let is_called = attribute.name == self.resource_type.identity
                || self.resource_type.name_attribute.as_ref() == Some(&attribute.name);
            if is_called && value.is_number() {
                continue;
            }
            if let Err(misfit) = fit(self.driver, &attribute.ty, &value) {
                return Err(malformed(misfit.words(attribute, &|value| shown(value, self.mask))));
            }
        }
        Ok(())
    }

    fn told(&self, attribute: &Attribute, record: &Value) -> Option<Value> {
        let names = OfRecord { record, environment: self.environment };
        told(attribute, record, &names).filter(|value| !value.is_null())
    }
}

/// Masked before it is cut, else half a secret could stand at the end.
fn shown(value: &Value, mask: &Mask) -> String {
    words::shortened(&mask.hide(&value.to_string()), MOST_SHOWN)
}

/// The names that reading an attribute of a record is evaluated with: `body` is the record.
struct OfRecord<'a> {
    record: &'a Value,
    environment: &'a SiteEnvironment<'a>,
}

impl Environment for OfRecord<'_> {
    fn name(&self, name: &str) -> Option<Value> {
        match name {
            "body" => Some(self.record.clone()),
            _ => SiteEnvironment { answered: None, ..*self.environment }.name(name),
        }
    }

    fn secret(&self, source: &SecretSource) -> Option<String> {
        self.environment.secret(source)
    }

    fn file_bytes(&self, file: &FileRef) -> Option<Vec<u8>> {
        self.environment.file_bytes(file)
    }
}
