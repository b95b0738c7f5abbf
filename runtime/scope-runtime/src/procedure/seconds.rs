//! A second resource with the very same mark: one request took effect twice, or a creation was sent again and the first
//! request took effect after all, late.
//!
//! `first` is recorded as `c1`, a list has `c1` and `c7` with its mark → `c7` is deleted. Nobody was ever told of it; where
//! others rely upon it all the same, it is left, and told.
//!
//! What may be there twice is *doubtful* from its creation on: at the end of the run all of a kind at a site are looked for in
//! one list. It is certain when it is looked at after no request can take effect any more (`settles within`), or by a later
//! run.

use std::collections::{BTreeSet, HashMap, HashSet};

use scope_plan::driver::{OperationKind, Repeat, Request, Type};
use scope_plan::expr::Expr;
use scope_plan::plan::{SiteId, StepId};
use scope_plan::recorded::How;
use serde_json::{Map, Value};

use super::create::create_operation;
use super::delete::remove;
use super::failure::Bad;
use super::guard;
use super::inputs::{Given, inner};
use super::lookup::is_told_whole;
use super::mark;
use super::record::Record;
use super::subject::Subject;
use super::there::{among, look_at, what_is_there};
use crate::events::Difference;
use crate::report::ChangedBy;
use crate::runner::Shared;
use crate::state::{Record as Fact, Resource};

/// What is changed where one is deleted.
pub(super) const SECOND: &str = "a second one with its mark";

/// Whether a creation may have made two of it: the site names what it makes, only the mark tells whose it is, and one was
/// sent.
pub(super) fn is_doubtful(subject: &Subject<'_>, given: &Given) -> bool {
    let memory = subject.step.map(|step| subject.shared.memory(step.id));
    let is_sent = subject.was_sent() || memory.is_some_and(|memory| memory.has_sent());
    memory.is_some_and(|memory| memory.is_doubtful()) || (is_sent && may_be_twice(subject, given))
}

/// Whether one request may make two of it.
pub(super) fn may_be_twice(subject: &Subject<'_>, given: &Given) -> bool {
    let resource_type = subject.resource_type;
    let is_told_by_mark = resource_type.mark.is_some() && subject.find_operation().is_some();
    let is_named_by_site = !given.values.contains_key(&resource_type.identity);
    // By the key, the name, or the very address the application sees that it is the same one.
    let is_refused = create_operation(subject)
        .is_ok_and(|create| matches!(create.repeat, Repeat::Key(_) | Repeat::Name | Repeat::Always));
    is_told_by_mark && is_named_by_site && !is_refused
}

/// What an undo took back, where a second one of it may still come; `recorded` is it, where an answer told of it.
pub(super) fn undone(subject: &Subject<'_>, recorded: Option<&Resource>, given: &Given) -> Option<Resource> {
    let undone = match recorded {
        Some(resource) => resource.is_doubtful.then(|| resource.clone()),
        None => (subject.was_sent() && may_be_twice(subject, given))
            .then(|| subject.resource("", How::Created, false, given)),
    };
    undone.filter(|_| subject.resource_type.mark.is_some() && subject.find_operation().is_some())
}

/// The one that is recorded, and others that bear its mark: one list in place of one look.
pub(super) async fn look_for(
    subject: &Subject<'_>,
    recorded: &Resource,
    given: &Given,
) -> Result<(Option<Record>, Vec<Record>), Bad> {
    let found = what_is_there(subject, given).await?;
    let (own, seconds) = parted(subject, recorded, found);
    let seconds = confirmed(subject, seconds, given).await?;
    match own.filter(|own| is_told_whole(subject, own)) {
        Some(own) => Ok((Some(own), seconds)),
        // It may have another name by now, or a list tells less than it.
        None => Ok((look_at(subject, recorded, given).await?, seconds)),
    }
}

/// The one that is recorded, and those others that bear its mark.
fn parted(subject: &Subject<'_>, recorded: &Resource, found: Vec<Record>) -> (Option<Record>, Vec<Record>) {
    let is_recorded =
        |record: &Record| record.identity(subject.resource_type).as_ref() == Some(&recorded.identity);
    let (own, others): (Vec<Record>, Vec<Record>) = found.into_iter().partition(is_recorded);
    let seconds = others.into_iter().filter(|record| subject.bears_our_mark(record)).collect();
    (own.into_iter().next(), seconds)
}

/// Those of a list that the site also has by their identity. A list may show for ever what no request can reach: Nova killed
/// while it gives up a server that it found no host for lists its build request, and answers 404 to whatever names it.
pub(super) async fn confirmed(
    subject: &Subject<'_>,
    listed: Vec<Record>,
    given: &Given,
) -> Result<Vec<Record>, Bad> {
    if subject.read_operation().is_none() {
        return Ok(listed);
    }
    let mut there = Vec::with_capacity(listed.len());
    for record in listed {
        let Some(identity) = record.identity(subject.resource_type) else { continue };
        if subject.read(&identity, &given.values).await.map_err(|trouble| subject.failed(trouble))?.is_some()
        {
            there.push(record);
        }
    }
    Ok(there)
}

/// Others that bear the mark of this copy, where its creation may have made two, or nobody knows.
pub(super) async fn of_copy(subject: &Subject<'_>, copy: &Record, given: &Given) -> Result<Vec<Record>, Bad> {
    match subject.recorded() {
        Some(recorded) if recorded.is_doubtful => {
            Ok(look_for(subject, &recorded, &as_set(subject, &recorded)).await?.1)
        }
        None if may_be_twice(subject, given) && subject.bears_our_mark(copy) => {
            let mut found = what_is_there(subject, given).await?;
            let own = copy.identity(subject.resource_type);
            found.retain(|record| {
                subject.bears_our_mark(record) && record.identity(subject.resource_type) != own
            });
            confirmed(subject, found, given).await
        }
        _ => Ok(Vec::new()),
    }
}

/// What is recorded as set, as a program gives it: a reference is a record again. Of a copy nothing: what it keeps of its
/// origin is no word of the program, and its identity there may be another one here.
pub(super) fn as_set(subject: &Subject<'_>, recorded: &Resource) -> Given {
    if recorded.how == How::Borrowed {
        return Given::default();
    }
    let given = |(name, value): (&String, &Value)| {
        let ty = subject.resource_type.attribute(name).map(|attribute| inner(&attribute.ty));
        let value = match (ty, value) {
            (Some(Type::Reference(referred)), Value::String(identity)) => {
                let target = subject.shared.resource_type(referred);
                let name = target.map_or("id", |(_, target)| target.identity.as_str());
                Value::Object(Map::from_iter([(name.to_owned(), Value::from(identity.as_str()))]))
            }
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    Given::default().with_values(|values| values.extend(recorded.set.iter().map(given)))
}

/// Deletes them; in words, what became of them. Where there are none, nothing is doubtful any more.
pub(super) async fn remove_all(
    subject: &Subject<'_>,
    seconds: &[Record],
    given: &Map<String, Value>,
) -> Result<Option<String>, Bad> {
    let mut words = Vec::new();
    for record in seconds {
        let Some(identity) = record.identity(subject.resource_type) else { continue };
        words.push(match remove_one(subject, &identity, record, given).await? {
            Removed::Done => format!("{SECOND} ({identity}) is deleted"),
            Removed::Left(why) => format!("{SECOND} ({identity}) is left: {why}"),
        });
    }
    // A run that made it may still be too early.
    let is_old = |recorded: &Resource| recorded.is_complete && recorded.run < subject.shared.run;
    if words.is_empty() && subject.recorded().is_some_and(|recorded| is_old(&recorded)) {
        is_certain(subject)?;
    }
    Ok((!words.is_empty()).then(|| words.join("; ")))
}

/// As a plan tells it.
pub(super) fn to_be_deleted(subject: &Subject<'_>, second: &Record) -> Option<Difference> {
    Some(Difference {
        attribute: SECOND.to_owned(),
        found: Value::from(second.identity(subject.resource_type)?),
        is_untold: false,
        wanted: "deleted".into(),
        last: None,
        by: ChangedBy::Program,
        not_taken_in: None,
        follows: None,
        parts: Vec::new(),
        is_immutable: false,
    })
}

enum Removed {
    Done,
    Left(String),
}

async fn remove_one(
    subject: &Subject<'_>,
    identity: &str,
    record: &Record,
    given: &Map<String, Value>,
) -> Result<Removed, Bad> {
    let users = guard::users(subject, identity, Some(record));
    if !users.is_empty() {
        return Ok(Removed::Left(format!("{} relies upon it", guard::words_for(&users).join(", "))));
    }
    subject.report(|| format!("{SECOND} ({identity}) is deleted"));
    match remove(subject, identity, given).await {
        Ok(()) => Ok(Removed::Done),
        Err(bad) if bad.is_cut_off || bad.is_stopped || bad.is_retryable => Err(bad),
        // The site knows of users that bear no guard.
        Err(bad) => Ok(Removed::Left(match bad.failure.site_words {
            Some(words) => format!("{}: {words}", bad.failure.message),
            None => bad.failure.message,
        })),
    }
}

/// There is one only, and no request can make another one.
fn is_certain(subject: &Subject<'_>) -> Result<(), Bad> {
    if let Some(recorded) = subject.recorded().filter(|recorded| recorded.is_doubtful) {
        let (name, site) = subject.place();
        let resource = Resource { is_doubtful: false, ..recorded };
        subject.shared.ledger.append(Fact::Resource { name, site, resource })?;
    }
    Ok(())
}

/// Something that a run made and that may be there twice.
pub(crate) struct Doubtful {
    pub(crate) name: String,
    /// The step that made it, where the plan has it.
    pub(crate) step: Option<StepId>,
    pub(crate) resource: Resource,
    /// It was taken back: whatever bears its mark is a second one.
    pub(crate) is_undone: bool,
}

/// What a last look at a site found.
#[derive(Default)]
pub(crate) struct Looked {
    /// In words, what was deleted.
    pub(crate) deleted: Vec<String>,
    /// What was left.
    pub(crate) left: Vec<String>,
    /// Why it is not known of some of them.
    pub(crate) not_known: Option<String>,
}

impl Looked {
    /// Nobody can say of so many things at a site.
    pub(crate) fn not_known(site: &str, n_things: usize, why: &str) -> Looked {
        let (what, it) = match n_things {
            1 => ("one thing that was".to_owned(), "it is"),
            several => (format!("{several} things that were"), "they are"),
        };
        let words = format!(
            "{what} made at `{site}`: whether {it} there twice is not known ({why}); the next run looks"
        );
        Looked { not_known: Some(words), ..Looked::default() }
    }
}

/// Looks for second ones of all these at a site: one list for those that one list gives.
pub(crate) async fn look_at_site(shared: &Shared<'_>, site: SiteId, doubtful: &[Doubtful]) -> Looked {
    let mut looked = Looked::default();
    let mut open: Vec<(Subject<'_>, Given, &Doubtful)> = Vec::new();
    for one in doubtful {
        let key = one.step.map_or("", |step| shared.plan.step(step).key.as_str());
        let Some(subject) = Subject::later(shared, &one.resource.resource_type, site, &one.name, key) else {
            continue;
        };
        let given = as_set(&subject, &one.resource);
        open.push((subject, given, one));
    }
    while let Some((first, given, _)) = open.first() {
        let place: Vec<(&str, Option<Value>)> =
            place_of(first).into_iter().map(|name| (name, given.values.get(name).cloned())).collect();
        let kind = first.resource_type.name.as_str();
        let n_open = open.len();
        let is_together = |(subject, given, _): &(Subject<'_>, Given, &Doubtful)| {
            subject.resource_type.name == kind
                && place.iter().all(|(name, value)| given.values.get(*name) == value.as_ref())
        };
        let (together, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut open).into_iter().partition(is_together);
        if let Err(bad) = look_together(&together, &mut looked).await {
            if !bad.is_stopped {
                let name = &shared.plan.site(site).name;
                looked.not_known = Looked::not_known(name, n_open, &bad.failure.message).not_known;
            }
            break;
        }
        open = others;
    }
    looked
}

/// The attributes that are in the address of its list: those alone tell lists apart.
fn place_of<'s>(subject: &Subject<'s>) -> BTreeSet<&'s str> {
    match subject.resource_type.operation_of(OperationKind::Find).map(|find| &find.request) {
        Some(Request::Http { path, .. }) => path.names_used(),
        Some(Request::Exec { argv, .. }) => argv.iter().flat_map(Expr::names_used).collect(),
        None => BTreeSet::new(),
    }
}

/// One list of what they have in common; one of its own for each that this does not show.
async fn look_together(together: &[(Subject<'_>, Given, &Doubtful)], looked: &mut Looked) -> Result<(), Bad> {
    let mut listed = Vec::new();
    if let [(first, given, _), rest @ ..] = together
        && !rest.is_empty()
    {
        let mut common = given.values.clone();
        common.retain(|name, value| rest.iter().all(|(_, other, _)| other.values.get(name) == Some(&*value)));
        // What cannot be listed so is looked for by name.
        listed = match first.find(&common).await.map_err(|trouble| first.failed(trouble)) {
            Err(bad) if bad.is_cut_off || bad.is_stopped => return Err(bad),
            found => found.unwrap_or_default(),
        };
    }
    let listed = Listed::new(together, &listed);
    for (subject, given, one) in together {
        let found = match listed.has(&one.resource.identity) {
            true => among(subject, listed.marked(subject), given).await?,
            false => what_is_there(subject, given).await?,
        };
        let (_, seconds) = parted(subject, &one.resource, found);
        let seconds = confirmed(subject, seconds, given).await?;
        let what = format!("{} `{}` at `{}`", subject.kind(), subject.name, subject.site_name());
        for record in &seconds {
            let Some(identity) = record.identity(subject.resource_type) else { continue };
            let words = |end: &str| format!("{what}: {SECOND} ({identity}) is {end}");
            match remove_one(subject, &identity, record, &given.values).await? {
                Removed::Done => looked.deleted.push(words("deleted")),
                Removed::Left(why) => looked.left.push(words(&format!("left: {why}"))),
            }
        }
        if seconds.is_empty() && has_settled(subject, one) {
            match one.is_undone {
                true => {
                    let (name, site) = subject.place();
                    subject.shared.ledger.append(Fact::Certain { name, site })?;
                }
                false => is_certain(subject)?,
            }
        }
    }
    Ok(())
}

/// A list by what is asked of it for each of what they have in common.
struct Listed<'l> {
    identities: HashSet<String>,
    /// Those that bear a mark, by that.
    by_mark: HashMap<&'l str, Vec<&'l Record>>,
}

impl<'l> Listed<'l> {
    fn new(together: &[(Subject<'_>, Given, &Doubtful)], listed: &'l [Record]) -> Self {
        let resource_type = together.first().map(|(first, ..)| first.resource_type);
        let identities = resource_type
            .into_iter()
            .flat_map(|resource_type| listed.iter().filter_map(|record| record.identity(resource_type)));
        let identities = identities.collect();
        let wanted: HashSet<String> = match listed {
            [] => HashSet::new(),
            _ => together.iter().filter_map(|(subject, ..)| subject.mark()).collect(),
        };
        let longest = wanted.iter().map(String::len).max().unwrap_or(0);
        let mut by_mark: HashMap<&str, Vec<&Record>> = HashMap::new();
        if let Some(place) = resource_type.and_then(|resource_type| resource_type.mark.as_ref()) {
            for record in listed {
                for mark in mark::all_on(place, longest, record).filter(|mark| wanted.contains(*mark)) {
                    let records = by_mark.entry(mark).or_default();
                    // It may bear one twice.
                    if records.last().is_none_or(|last| !std::ptr::eq(*last, record)) {
                        records.push(record);
                    }
                }
            }
        }
        Self { identities, by_mark }
    }

    /// Whether one of this identity is in it.
    fn has(&self, identity: &str) -> bool {
        self.identities.contains(identity)
    }

    /// What of it bears the mark of this one.
    fn marked(&self, subject: &Subject<'_>) -> Vec<Record> {
        let records = subject.mark().and_then(|mark| self.by_mark.get(mark.as_str()));
        records.into_iter().flatten().map(|record| (*record).clone()).collect()
    }
}

/// Whether no request for it can take effect any more, as far as its driver says.
fn has_settled(subject: &Subject<'_>, one: &Doubtful) -> bool {
    let Doubtful { step, resource, is_undone, .. } = one;
    let settles_ms = create_operation(subject).map_or(0, |create| create.settles_ms);
    let memory = step.map(|step| subject.shared.memory(step));
    let is_over = memory.is_some_and(|memory| {
        let since_sent = memory.since_sent().map_or(0, |since| since.as_millis());
        memory.has_sent() && !memory.is_doubtful() && since_sent >= u128::from(settles_ms)
    });
    ((resource.is_complete || *is_undone) && is_over) || resource.run < subject.shared.run
}
