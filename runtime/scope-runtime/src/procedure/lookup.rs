//! Looking up: exactly one resource, by its name or identity and by attributes that it must have.
//!
//! `"debian-12"` at `CloudTwo` → the one image of that name; two of them are `E0901`, none is `E0902`. What is not found
//! under a name is looked for under that identity, unless it looks like one: then first.

use scope_plan::driver::Type;
use scope_plan::expr::Expr;
use scope_plan::plan::Purpose;
use serde_json::{Map, Value};

use super::Good;
use super::candidates::candidates;
use super::failure::{Bad, Trouble};
use super::inputs::{evaluate, evaluate_one, inner};
use super::record::{Record, identity_text};
use super::subject::Subject;
use crate::events::{Effect, Failure, Outcome};
use crate::site::SiteErrorKind;

pub(super) async fn look_up(
    subject: &Subject<'_>,
    text: Option<&Expr>,
    filter: &[(String, Expr)],
    purpose: Purpose,
) -> Result<Good, Bad> {
    let text = match text {
        Some(text) => Some(text_of(subject, text).await?),
        None => None,
    };
    let filter = evaluate(subject, filter).await?.values;
    let found =
        matching(subject, text.as_deref(), &filter).await.map_err(|trouble| subject.failed(trouble))?;
    let mut found = found;
    let record = match (found.pop(), found.is_empty()) {
        (Some(record), true) => record,
        (None, _) => return Err(Bad::new(not_found(subject, text.as_deref(), purpose))),
        (Some(last), false) => {
            found.push(last);
            return Err(Bad::new(several(subject, text.as_deref(), &found)));
        }
    };
    let record = whole(subject, record).await.map_err(|trouble| subject.failed(trouble))?;
    Ok(Good::new(Effect::Found, record.output(subject.resource_type, &Map::new())))
}

async fn text_of(subject: &Subject<'_>, text: &Expr) -> Result<String, Bad> {
    match evaluate_one(subject, "text", text).await? {
        // A reference to a resource of the program gives its record.
        Value::Object(record) => {
            let identity = record.get(&subject.resource_type.identity).and_then(identity_text);
            identity.ok_or_else(|| nothing_to_look_for(subject))
        }
        other => identity_text(&other).ok_or_else(|| nothing_to_look_for(subject)),
    }
}

fn nothing_to_look_for(subject: &Subject<'_>) -> Bad {
    let message = format!("`{}` has neither name nor identity to look for", subject.name);
    Bad::new(Failure::new("E0905", Outcome::Invalid, message))
}

/// Everything at the site that is meant: by name, by identity, or by attributes alone.
async fn matching(
    subject: &Subject<'_>,
    text: Option<&str>,
    filter: &Map<String, Value>,
) -> Result<Vec<Record>, Trouble> {
    let Some(text) = text else {
        let mut all = subject.find(filter).await?;
        all.retain(|record| has_all(subject, filter, record));
        subject.fitting(&all, filter)?;
        return Ok(all);
    };
    let looks_like_identity = looks_like_identity(text);
    if looks_like_identity {
        let one = by_identity(subject, text, filter).await?;
        if !one.is_empty() {
            return Ok(one);
        }
    }
    let named = by_name(subject, text, filter).await?;
    if named.is_empty() && !looks_like_identity {
        by_identity(subject, text, filter).await
    } else {
        Ok(named)
    }
}

async fn by_name(
    subject: &Subject<'_>,
    name: &str,
    filter: &Map<String, Value>,
) -> Result<Vec<Record>, Trouble> {
    let Some(attribute) = &subject.resource_type.name_attribute else { return Ok(Vec::new()) };
    if subject.find_operation().is_none() {
        return Ok(Vec::new());
    }
    let mut wanted = filter.clone();
    wanted.insert(attribute.clone(), Value::from(name));
    let mut found = subject.find(&wanted).await?;
    found.retain(|record| has_all(subject, &wanted, record));
    subject.fitting(&found, &wanted)?;
    Ok(found)
}

async fn by_identity(
    subject: &Subject<'_>,
    identity: &str,
    filter: &Map<String, Value>,
) -> Result<Vec<Record>, Trouble> {
    match subject.read_under(identity, filter).await {
        Ok(found) => Ok(found.into_iter().filter(|record| has_all(subject, filter, record)).collect()),
        // A name need not have the form of an identity.
        Err(Trouble::Site(error)) if error.kind == SiteErrorKind::Invalid => Ok(Vec::new()),
        Err(trouble) => Err(trouble),
    }
}

/// Whether a record has these attributes; one that it does not tell counts as had, since the site was asked for it.
fn has_all(subject: &Subject<'_>, wanted: &Map<String, Value>, record: &Record) -> bool {
    wanted.iter().all(|(name, wanted)| {
        record.attribute(name).is_none_or(|found| subject.has_as_wanted(name, wanted, found))
    })
}

/// The whole record, where a list gave only a part of it.
async fn whole(subject: &Subject<'_>, record: Record) -> Result<Record, Trouble> {
    match record.identity(subject.resource_type) {
        Some(identity) if !is_told_whole(subject, &record) && subject.read_operation().is_some() => {
            Ok(subject.read(&identity, &Map::new()).await?.unwrap_or(record))
        }
        _ => Ok(record),
    }
}

/// Whether a record tells all that every one of its type has.
pub(super) fn is_told_whole(subject: &Subject<'_>, record: &Record) -> bool {
    let mut expected = subject.resource_type.attributes.iter().filter(|attribute| {
        let is_optional = matches!(attribute.ty, Type::Optional(_));
        !is_optional
            && !attribute.is_write_only
            && !attribute.is_secret
            && *inner(&attribute.ty) != Type::Bytes
    });
    expected.all(|attribute| record.attributes.contains_key(&attribute.name))
}

/// `45da7b62-6f5c-4e5e-9c55-0d5d1a0a2b11`, with or without dashes: no one calls anything so.
fn looks_like_identity(text: &str) -> bool {
    let is_hexadecimal = |text: &str| text.chars().all(|character| character.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    (lengths == [8, 4, 4, 4, 12] || lengths == [32]) && parts.iter().all(|part| is_hexadecimal(part))
}

fn not_found(subject: &Subject<'_>, text: Option<&str>, purpose: Purpose) -> Failure {
    let (kind, site) = (subject.kind(), subject.site_name());
    let message = match text {
        Some(text) => format!("no {kind} is called `{text}` at `{site}`"),
        None => format!("no {kind} at `{site}` has the attributes of `{}`", subject.name),
    };
    let failure = Failure::new("E0902", Outcome::Unavailable, message);
    let failure = match subject.site.declared_by(subject.resource_type, text) {
        Some(declared) => failure
            .with_help(format!("a simulated site has what is declared: in `site {site}`, `{declared}`")),
        None => failure,
    };
    match purpose {
        Purpose::Reference => {
            failure.with_help(format!("name a site that has it in the scope, or make one at `{site}`"))
        }
        Purpose::Existing => failure,
    }
}

fn several(subject: &Subject<'_>, text: Option<&str>, found: &[Record]) -> Failure {
    let (kind, site, n_found) = (subject.kind(), subject.site_name(), found.len());
    let message = match text {
        Some(text) => format!("{n_found} {kind}s are called `{text}` at `{site}`"),
        None => format!("{n_found} {kind}s at `{site}` have the attributes of `{}`", subject.name),
    };
    let candidates = candidates(subject, found);
    let first = candidates.first().map(|candidate| candidate.identity.clone()).unwrap_or_default();
    // `image:debian-12` of a look-up is named by what it looks for.
    let item = subject.name.rsplit(['.', ':']).next().unwrap_or(subject.name);
    let help = format!(
        "`existing {item}: {} {{ {}: \"{first}\" }}`, or another name",
        subject.resource_type.name, subject.resource_type.identity
    );
    Failure { candidates, ..Failure::new("E0901", Outcome::Invalid, message).with_help(help) }
}

impl Subject<'_> {
    /// The type for people: `image`.
    pub(super) fn kind(&self) -> &str {
        self.resource_type.name.rsplit('.').next().unwrap_or(&self.resource_type.name)
    }

    /// `an image`, `a server`: by the first letter; `u` is mostly spoken as in `user`.
    pub(super) fn one_of_its_kind(&self) -> String {
        let kind = self.kind();
        let has_vowel = kind.starts_with(['a', 'e', 'i', 'o']);
        format!("{} {kind}", if has_vowel { "an" } else { "a" })
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_identity;

    #[test]
    fn identities_are_told_from_names() {
        assert!(looks_like_identity("45da7b62-6f5c-4e5e-9c55-0d5d1a0a2b11"));
        assert!(looks_like_identity("45da7b626f5c4e5e9c550d5d1a0a2b11"));
        for name in ["debian-12", "m1.tiny", "", "45da7b62", "zzda7b62-6f5c-4e5e-9c55-0d5d1a0a2b11"] {
            assert!(!looks_like_identity(name), "{name}");
        }
    }
}
