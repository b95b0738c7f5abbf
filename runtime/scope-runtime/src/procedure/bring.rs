//! Bringing: a copy of another site's resource at this one, with the same content, streamed from there to here.
//!
//! The image `debian-12` of `paris` needed at `nantes` → nothing if it is there with the same checksum; else created with
//! the same id, its content downloaded and uploaded at once, the checksums compared, and recorded as borrowed. What it keeps
//! of its origin and was changed there since, or here, is set as it is there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scope_plan::driver::{Operation, OperationKind, Repeat, Share};
use scope_plan::eval::value::equal;
use scope_plan::plan::{Borrow, Rename, Step, StepId};
use scope_plan::recorded::How;
use serde_json::{Map, Value};

use super::candidates::name_of;
use super::compare::Difference as Differing;
use super::create::{complete, create_operation, known_inputs, make, may_have_acted, seen_again};
use super::delete::remove;
use super::ensure::keep_set;
use super::failure::{Bad, Trouble};
use super::inputs::{Given, is_content};
use super::origin::Origin;
use super::query::unexpected;
use super::record::{Record, identity_text};
use super::subject::{Asked, Memory, Subject};
use super::there::There;
use super::{Good, guard, seconds, stuck, update};
use crate::events::{Change, Difference, Effect, Failure, Outcome};
use crate::report::{ChangedBy, CopyOf};
use crate::schedule::Touched;
use crate::shell;
use crate::site::{Answer, ChunkSource, Content, ContentStream, NextChunk, SiteError};
use crate::state::{Record as Fact, Resource};

pub(super) async fn bring(
    subject: &Subject<'_>,
    step: &Step,
    sources: &[StepId],
    every_source: bool,
    borrow: Borrow,
    memory: &Memory,
) -> Result<Good, Bad> {
    let shared = subject.shared;
    if every_source && let Some(lacking) = sources.iter().find(|source| shared.is_missing(**source)) {
        return Err(Bad::new(not_at_every(subject, *lacking)));
    }
    let known: Vec<(StepId, Value)> =
        sources.iter().filter_map(|source| Some((*source, (*shared.output(*source)?).clone()))).collect();
    if let Some((_, own)) = known.iter().find(|(source, _)| shared.plan.step(*source).site == step.site) {
        return Ok(Good::new(Effect::Found, own.clone()));
    }
    if borrow == Borrow::Never {
        return Err(Bad::new(not_here(subject, step, sources)));
    }
    let Share::Copy { keep, same } = &subject.resource_type.share else {
        let message = format!("`{}` cannot be brought to `{}`", subject.name, subject.site_name());
        return Err(Bad::new(Failure::new("E0801", Outcome::Invalid, message)));
    };
    let mut last = None;
    for (source, record) in known {
        // What is there of it, half made perhaps, is gone on with under the name that it has.
        let sites = || sources.iter().map(|source| shared.plan.step(*source).site);
        let begun = sites().find(|site| subject.copied_from(*site).recorded().is_some());
        let subject = subject.copied_from(begun.unwrap_or(shared.plan.step(source).site));
        let origin = Origin::of(&subject, source, record, keep, same.as_deref());
        match copy(&subject, origin, memory).await {
            Ok(good) => return Ok(good),
            // Nothing was made yet, and the source is to blame: another one may do.
            // Nor is it waited for: this site may well be there (R8).
            Err(NotCopied::Source(bad)) if !bad.is_stopped => last = Some(Bad { is_cut_off: false, ..bad }),
            Err(NotCopied::Source(bad) | NotCopied::Here(bad)) => return Err(bad),
        }
    }
    Err(last.unwrap_or_else(|| Bad::new(nowhere(subject, sources))))
}

/// Whether it stays when nobody needs it any more is as the program says now; and it is a copy of what is at the other site now.
fn keep_staying(subject: &Subject<'_>, origin: &Origin<'_>) -> Result<(), Bad> {
    let Some(known) = subject.recorded() else { return Ok(()) };
    let keep = subject.step.is_some_and(|step| step.action.stays());
    let of = origin.identity().or_else(|| known.of.clone());
    let now = Resource { keep, of, ..known.clone() };
    if now == known { Ok(()) } else { subject.record(now) }
}

fn made_anew_with(subject: &Subject<'_>, from: &str) -> String {
    format!("`{}` at `{from}` is another one", subject.name)
}

/// Who is to blame.
enum NotCopied {
    /// The site that the copy should come from.
    Source(Bad),
    /// This site.
    Here(Bad),
}

impl From<Bad> for NotCopied {
    fn from(bad: Bad) -> Self {
        NotCopied::Here(bad)
    }
}

async fn copy(subject: &Subject<'_>, origin: Origin<'_>, memory: &Memory) -> Result<Good, NotCopied> {
    let from = origin.subject.site_name();
    if subject.shared.options.survey
        && origin.is_made_anew()
        && let Some(copy) = subject.recorded()
    {
        guard::refuse_if_perhaps_relied_upon(subject, &copy.identity, None)?;
        let change = Change::Replace { why: made_anew_with(subject, from), is_whole: true };
        return Ok(Good::new(Effect::Planned { change }, Value::Object(origin.kept().values)));
    }
    let origin = origin.complete().await.map_err(NotCopied::Source)?;
    origin.has_content().map_err(NotCopied::Source)?;
    let given = origin.kept();
    let there = find_copy(subject, &origin, &given).await?;
    if subject.shared.options.survey {
        let is_broken =
            |there: &Copy| there.is_ours && stuck::hopeless_now(subject, &there.record, &given).is_some();
        let is_there =
            there.as_ref().is_some_and(|there| there.is_finished && !there.is_other && !is_broken(there));
        if !is_there {
            if let Some(other) = there.as_ref().filter(|there| there.is_other)
                && let Some(identity) = other.record.identity(subject.resource_type)
            {
                guard::refuse_if_perhaps_relied_upon(subject, &identity, Some(&other.record))?;
            }
            let is_of_another = || subject.recorded().is_some_and(|known| origin.is_another_than(&known));
            let change = match there.as_ref().is_some_and(|there| there.is_other && is_of_another()) {
                true => Change::Replace { why: made_anew_with(subject, from), is_whole: true },
                false => Change::Borrow { from: from.to_owned() },
            };
            // What it keeps is known beforehand; which one it will be only where that is kept, or it is there half made.
            let mut output = given.values.clone();
            let begun = there.as_ref().filter(|there| !there.is_other);
            let begun = begun.and_then(|there| there.record.identity(subject.resource_type));
            output.extend(begun.map(|begun| (subject.resource_type.identity.clone(), Value::from(begun))));
            return Ok(Good::new(Effect::Planned { change }, Value::Object(output)));
        }
        let seconds = there.iter().flat_map(|there| &there.seconds);
        let mut differences: Vec<Difference> =
            seconds.filter_map(|second| seconds::to_be_deleted(subject, second)).collect();
        if let (Some(there), Some(recorded)) = (&there, subject.recorded()) {
            let outdated = there.outdated.iter().filter(|_| update::update_operation(subject).is_some());
            differences.extend(outdated.map(|found| subject.told(&recorded, &given, found.clone())));
        }
        if let (Some(there), false) = (&there, differences.is_empty()) {
            let output = there.record.output(subject.resource_type, &Map::new());
            let change = Change::Update { differences, is_outside: false };
            return Ok(Good::new(Effect::Planned { change }, output));
        }
    }
    let mut there = there;
    let hopeless = match &mut there {
        Some(there) if there.is_other => Some("has another content than its origin".to_owned()),
        Some(there) if there.is_ours => {
            let why = stuck::hopeless(subject, &mut there.record, &given, memory).await?;
            why.map(|why| format!("is broken ({why})"))
        }
        _ => None,
    };
    let copy = match there {
        Some(there) if hopeless.is_some() => {
            subject.report(|| format!("{}: is deleted and made again", hopeless.unwrap_or_default()));
            if let Some(identity) = there.record.identity(subject.resource_type) {
                if there.is_other {
                    guard::refuse_if_perhaps_relied_upon(subject, &identity, Some(&there.record))?;
                }
                remove(subject, &identity, &given.values).await?;
            }
            let (name, site) = subject.place();
            subject.shared.ledger.append(Fact::Gone { name, site }).map_err(Bad::from)?;
            make_copy(subject, &origin, &given, memory).await?
        }
        Some(there) => there,
        None => make_copy(subject, &origin, &given, memory).await?,
    };
    if copy.is_finished {
        keep_staying(subject, &origin)?;
        if copy.is_ours && !copy.outdated.is_empty() && update::update_operation(subject).is_some() {
            return follow(subject, &origin, copy, &given, memory).await;
        }
        let effect = if copy.is_ours { Effect::Unchanged } else { Effect::Found };
        return Ok(Good::new(effect, copy.record.output(subject.resource_type, &Map::new())));
    }
    let mut record = copy.record;
    let bytes = match transfer(subject, &origin, &record, &given).await? {
        Some(bytes) => {
            record = seen_again(subject, record, &given).await?;
            Some(bytes)
        }
        None => None,
    };
    let readiness = create_operation(subject)?.ready.as_ref();
    let record = subject.until_ready(record, &origin.filled(), readiness).await?;
    if let Err(failure) = compare(subject, &origin, &record, Whose::Fresh) {
        // The copy is not what it should be, and ours: it is taken away again.
        if let Some(identity) = record.identity(subject.resource_type) {
            remove(subject, &identity, &given.values).await?;
            let (name, site) = subject.place();
            subject.shared.ledger.append(Fact::Gone { name, site }).map_err(Bad::from)?;
            memory.touch(Touched::Nothing);
        }
        return Err(NotCopied::Here(Bad::new(*failure)));
    }
    complete(subject).await?;
    let effect = Effect::Borrowed { from: from.to_owned(), bytes };
    Ok(Good {
        detail: detail(subject, &origin, &record),
        ..Good::new(effect, record.output(subject.resource_type, &Map::new()))
    })
}

/// Sets what a copy keeps of its origin as it is there.
async fn follow(
    subject: &Subject<'_>,
    origin: &Origin<'_>,
    copy: Copy,
    given: &Given,
    memory: &Memory,
) -> Result<Good, NotCopied> {
    let (Some(step), Some(identity)) = (subject.step, copy.record.identity(subject.resource_type)) else {
        return Ok(Good::new(Effect::Unchanged, copy.record.output(subject.resource_type, &Map::new())));
    };
    let wanted = given.with_values(|values| values.retain(|name, _| origin.is_followed(name)));
    let there = There::copy(identity, copy.record, &wanted);
    let (record, effect) = match update::update(subject, &there, &wanted, step, memory).await? {
        Some((record, attributes)) => (record, Effect::Updated { attributes }),
        None => (there.record, Effect::Unchanged),
    };
    compare(subject, origin, &record, Whose::Ours(&there.identity)).map_err(|failure| Bad::new(*failure))?;
    keep_set(subject, given)?;
    Ok(Good::new(effect, record.output(subject.resource_type, &Map::new())))
}

/// Makes the copy, with its origin's identity if that may be had: some applications never give one away twice, and an
/// earlier copy that was deleted used it up. Then the very same content may be here under another one.
async fn make_copy(
    subject: &Subject<'_>,
    origin: &Origin<'_>,
    given: &Given,
    memory: &Memory,
) -> Result<Copy, NotCopied> {
    let lineage = &origin.lineage;
    let identity = &subject.resource_type.identity;
    let is_used_up = |bad: &Bad| bad.failure.code == "E0907" && bad.failure.candidates.is_empty();
    let record = match make(subject, given, memory, How::Borrowed, lineage).await {
        Err(bad) if is_used_up(&bad) && given.values.contains_key(identity) => {
            let other = given.with_values(|values| {
                values.remove(identity);
            });
            if let Some(record) = find_same(subject, origin, &other).await? {
                return Ok(take_note(subject, origin, record, &other, Vec::new())?);
            }
            make(subject, &other, memory, How::Borrowed, lineage).await?
        }
        made => made?,
    };
    Ok(Copy {
        record,
        is_ours: true,
        is_finished: false,
        is_other: false,
        outdated: Vec::new(),
        seconds: Vec::new(),
    })
}

/// A copy that is here.
struct Copy {
    record: Record,
    is_ours: bool,
    /// It has the same content.
    is_finished: bool,
    /// It has another one, and is to be made anew: its origin was, or it was begun, or somebody asked (`--again`).
    is_other: bool,
    /// What it keeps of its origin, and is not as it is there.
    outdated: Vec<Differing>,
    /// Others with the very same mark, where that is asked: a run looks for them at its end.
    seconds: Vec<Record>,
}

/// The copy, if it is here: recorded, of the same identity, bearing our mark, or the very same by its checksum.
async fn find_copy(
    subject: &Subject<'_>,
    origin: &Origin<'_>,
    given: &Given,
) -> Result<Option<Copy>, NotCopied> {
    let failed = |trouble| NotCopied::Here(subject.failed(trouble));
    let recorded = subject.recorded();
    let identity_is_kept = origin.keep.contains(&subject.resource_type.identity);
    let identity = recorded
        .as_ref()
        .map(|resource| resource.identity.clone())
        .or_else(|| origin.identity().filter(|_| identity_is_kept));
    let found = match identity {
        Some(identity) => subject.read(&identity, &given.values).await.map_err(failed)?,
        None => None,
    };
    if found.is_none() && recorded.is_some() {
        subject.is_gone().map_err(NotCopied::Here)?;
        subject.saw_nothing();
        let (name, site) = subject.place();
        subject.shared.ledger.append(Fact::Gone { name, site }).map_err(Bad::from)?;
    }
    let found = match found {
        None if !identity_is_kept => find_same(subject, origin, given).await?,
        found => found,
    };
    Ok(match found {
        Some(record) => {
            let seconds = match subject.shared.options.survey {
                true => seconds::of_copy(subject, &record, given).await?,
                false => Vec::new(),
            };
            Some(take_note(subject, origin, record, given, seconds)?)
        }
        None => None,
    })
}

/// What is here under any identity: one that bears our mark, else the very same by what proves it.
async fn find_same(
    subject: &Subject<'_>,
    origin: &Origin<'_>,
    given: &Given,
) -> Result<Option<Record>, NotCopied> {
    let all = subject.find(&given.values).await.map_err(|trouble| subject.failed(trouble))?;
    let is_same =
        |record: &Record| match (origin.proof(), origin.same.and_then(|same| record.attribute(same))) {
            (Some(origin), Some(own)) => equal(origin, own),
            _ => false,
        };
    let (marked, others): (Vec<Record>, Vec<Record>) =
        all.into_iter().partition(|record| subject.bears_our_mark(record));
    if let (2.., Some(step)) = (marked.len(), subject.step) {
        subject.shared.memory(step.id).doubts();
    }
    let found = marked.into_iter().next().or_else(|| others.into_iter().find(is_same));
    subject.fitting(&found, &given.values).map_err(|trouble| subject.failed(trouble))?;
    Ok(found)
}

/// Whether what was found is ours and whole; recorded, if it is ours and was not.
fn take_note(
    subject: &Subject<'_>,
    origin: &Origin<'_>,
    record: Record,
    given: &Given,
    seconds: Vec<Record>,
) -> Result<Copy, Bad> {
    let recorded = subject.recorded();
    let outdated =
        subject.differences_of(&given.values, &record, &|attribute| origin.is_followed(&attribute.name));
    if let Some(recorded) = &recorded {
        let pair = origin.proof().zip(origin.same.and_then(|same| record.attribute(same)));
        let is_same = pair.map(|(origin, own)| equal(origin, own));
        let from = origin.subject.site_name().to_owned();
        let differing = outdated.iter().map(|difference| difference.attribute.clone()).collect();
        let is_told = |name: &str| is_same != Some(false) || Some(name) == origin.same;
        let told = outdated.iter().filter(|difference| is_told(&difference.attribute));
        let mut by = told.map(|difference| subject.told(recorded, given, difference.clone()).by);
        let first = by.next().unwrap_or_default();
        let by = if by.all(|by| by == first) { first } else { ChangedBy::Unknown };
        subject.saw_copy(recorded, &record, CopyOf { from, is_same, differing, by }, &seconds);
    } else {
        subject.saw_seconds(&seconds);
    }
    let identity = record.identity(subject.resource_type);
    let leaving = match (&recorded, &identity) {
        (None, Some(identity)) => leaving(subject, identity),
        _ => None,
    };
    let is_known =
        recorded.is_some() || leaving.is_some() || subject.bears_our_mark(&record) || subject.was_sent();
    // One that another deployment has put in its place is used like any other that is there.
    let is_ours = is_known && subject.mark_of_others(&record).is_none();
    let is_whole = subject.is_ready(&record, &origin.filled()) && subject.broken(&record, given).is_none();
    let has_proof =
        origin.same.is_none_or(|same| record.attribute(same).is_some() || origin.proof().is_none());
    let is_finished = is_whole && has_proof;
    let is_set_right = is_ours
        && update::update_operation(subject).is_some()
        && outdated.iter().any(|difference| Some(difference.attribute.as_str()) == origin.same);
    let mut is_other = false;
    if (is_finished || !is_ours) && !is_set_right {
        let identity = identity.as_deref().filter(|_| is_ours);
        let whose = identity.map_or(Whose::Theirs, Whose::Ours);
        let is_asked_for = is_ours && recorded.as_ref().is_some_and(|known| subject.is_wanted_again(known));
        // Of an origin that was made anew the copy is, too; of one whose content was changed that is for somebody to say.
        let is_of_another = is_ours && recorded.as_ref().is_some_and(|known| origin.is_another_than(known));
        // Its content may have been cut off, and taken for the whole.
        let is_begun = is_ours && recorded.as_ref().is_some_and(|known| !known.is_complete);
        match compare(subject, origin, &record, whose) {
            Err(_) if is_asked_for || is_of_another || is_begun => is_other = true,
            compared => compared.map_err(|failure| Bad::new(*failure))?,
        }
    }
    if is_ours
        && recorded.is_none()
        && let Some(identity) = identity
    {
        if let Some(from) = leaving {
            let (to, site) = subject.place();
            subject.shared.ledger.append(Fact::Renamed(Rename { from, to, at: Some(site) }))?;
        }
        let mut resource = subject.resource(&identity, How::Borrowed, is_finished, given);
        origin.lineage.write(&mut resource);
        subject.record(resource)?;
    }
    Ok(Copy { record, is_ours, is_finished: is_finished || !is_ours, is_other, outdated, seconds })
}

/// What this very thing is recorded as at this site, where the program has that no more: it was made here once, and is the copy of
/// what is elsewhere now.
fn leaving(subject: &Subject<'_>, identity: &str) -> Option<String> {
    let shared = subject.shared;
    let (_, site) = subject.place();
    let name = name_of(subject, identity)?;
    let how = shared.ledger.with(|state| state.resource(&name, &site).map(|known| known.how));
    let is_ours = matches!(how, Some(How::Created | How::Borrowed));
    (is_ours && shared.is_to_be_deleted(&name, &site)).then_some(name)
}

/// Streams the content from there to here; how many bytes, or nothing where the type has no content.
async fn transfer(
    subject: &Subject<'_>,
    origin: &Origin<'_>,
    record: &Record,
    given: &Given,
) -> Result<Option<u64>, NotCopied> {
    let of_kind =
        |kind| subject.resource_type.operations.iter().find(|operation: &&Operation| operation.kind == kind);
    let has_content = origin.keep.iter().any(|name| is_content(subject.resource_type, name));
    let (Some(download), Some(upload), true) =
        (of_kind(OperationKind::Download), of_kind(OperationKind::Upload), has_content)
    else {
        return Ok(None);
    };
    let source = &origin.subject;
    let answer = source.ask(download, Asked::with(&origin.record)).await;
    let stream = match answer {
        Ok(Answer::Content(stream)) => stream,
        Ok(_) => return Err(NotCopied::Source(source.failed(unexpected("no content")))),
        Err(trouble) => return Err(NotCopied::Source(source.failed(trouble))),
    };
    let flow = Arc::new(Flow::default());
    let chunks = Box::new(Watched { chunks: stream.chunks, flow: flow.clone() });
    let content = Content::Stream(ContentStream { length: stream.length, chunks });
    let mut inputs = known_inputs(subject, record, given);
    inputs.retain(|name, _| !is_content(subject.resource_type, name));
    let asked = Asked { content: Some(content), reports_progress: true, ..Asked::with(&inputs) };
    match subject.ask(upload, asked).await {
        Ok(_) => Ok(Some(flow.n_bytes.load(Ordering::Relaxed))),
        Err(trouble) if may_have_acted(&trouble) && upload.repeat == Repeat::None => {
            Err(NotCopied::Here(subject.unknown(&upload.name, trouble)))
        }
        // The stream is used up; the next attempt begins a new one.
        Err(trouble) => {
            if let (Trouble::Site(_), Some(error)) = (&trouble, flow.broken()) {
                // It was cut off because nothing came from the other site any more: no news of this one.
                return Err(NotCopied::Source(source.failed(Trouble::Site(error))));
            }
            let bad = subject.failed(trouble);
            let is_late = subject.is_out_of_time();
            Err(NotCopied::Here(if bad.failure.outcome == Outcome::Unavailable && !is_late {
                bad.retryable()
            } else {
                bad
            }))
        }
    }
}

/// Whose a copy is that is not the same as its origin.
enum Whose<'c> {
    /// Made by this step: it is taken away again.
    Fresh,
    /// Made before, with this identity.
    Ours(&'c str),
    /// Another one, which was there.
    Theirs,
}

/// Whether the copy is the same, as far as both sites tell.
fn compare(
    subject: &Subject<'_>,
    origin: &Origin<'_>,
    record: &Record,
    whose: Whose<'_>,
) -> Result<(), Box<Failure>> {
    let (Some(same), Some(there)) = (origin.same, origin.proof()) else { return Ok(()) };
    let Some(here) = record.attribute(same) else { return Ok(()) };
    if equal(here, there) {
        return Ok(());
    }
    let text = |value: &Value| identity_text(value).unwrap_or_else(|| value.to_string());
    let site = subject.site_name();
    let from = origin.subject.site_name();
    let message =
        format!("`{}` at `{site}` has {same} {}, at `{from}` {}", subject.name, text(here), text(there));
    let help = match whose {
        Whose::Fresh => "run again; if it stays so, it was changed at one of the sites".to_owned(),
        Whose::Ours(identity) => format!(
            "it was changed at one of the sites: `scope run {} --again {}` deletes the copy at `{site}` ({} {identity}) and makes it anew",
            shell::word(&subject.shared.plan.program.file),
            shell::word(subject.name),
            subject.resource_type.identity
        ),
        Whose::Theirs => format!(
            "this program did not make the one at `{site}`: have both the same, or give one of them another name"
        ),
    };
    Err(Box::new(Failure::new("E0910", Outcome::Invalid, message).with_help(help)))
}

fn detail(subject: &Subject<'_>, origin: &Origin<'_>, record: &Record) -> Option<String> {
    let named = &subject.resource_type.identity;
    let kept = match (record.identity(subject.resource_type), origin.identity()) {
        (Some(own), Some(origin)) if own == origin => Some(format!("{named} kept: {own}")),
        // It was to be kept, and this site does not give it away again.
        (Some(own), Some(used_up)) if origin.keep.contains(named) => {
            Some(format!("{named} {used_up} is used up here: now {own}"))
        }
        _ => None,
    };
    let same =
        origin.same.filter(|same| record.attribute(same).is_some()).map(|same| format!("{same} equal"));
    let parts: Vec<String> = [kept, same].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn not_at_every(subject: &Subject<'_>, lacking: StepId) -> Failure {
    let site = &subject.shared.plan.site(subject.shared.plan.step(lacking).site).name;
    let message = format!("`{}` is not at `{site}`, and every site that answers must have it", subject.name);
    Failure::new("E0902", Outcome::Unavailable, message)
        .with_help("`|` instead of `&`: one of them is enough")
}

/// Nothing is copied, and there is none here; where that is not known, because this site did not say, why.
fn not_here(subject: &Subject<'_>, step: &Step, sources: &[StepId]) -> Failure {
    let own = sources.iter().find(|source| subject.shared.plan.step(**source).site == step.site);
    if own.is_some_and(|own| !subject.shared.is_missing(*own)) {
        return nowhere(subject, sources);
    }
    let message =
        format!("`{}` is not at `{}`, and nothing is copied there", subject.name, subject.site_name());
    Failure::new("E0902", Outcome::Unavailable, message)
        .with_help("have it there too, or leave `borrow: never` out")
}

fn nowhere(subject: &Subject<'_>, sources: &[StepId]) -> Failure {
    let shared = subject.shared;
    let sites: Vec<String> = sources
        .iter()
        .map(|source| format!("`{}`", shared.plan.site(shared.plan.step(*source).site).name))
        .collect();
    let is_missing_everywhere = sources.iter().all(|source| shared.is_missing(*source));
    let (code, message) = if is_missing_everywhere {
        ("E0903", format!("`{}` is not found anywhere: {}", subject.name, sites.join(", ")))
    } else {
        ("E0902", format!("no site that has `{}` answers: {}", subject.name, sites.join(", ")))
    };
    Failure::new(code, Outcome::Unavailable, message)
}

/// What flows from one site to another.
#[derive(Default)]
struct Flow {
    n_bytes: AtomicU64,
    /// Why nothing comes from its source any more.
    broken: Mutex<Option<SiteError>>,
}

impl Flow {
    fn broken(&self) -> Option<SiteError> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes note of what flows through.
struct Watched {
    chunks: Box<dyn ChunkSource>,
    flow: Arc<Flow>,
}

impl ChunkSource for Watched {
    fn next(&mut self) -> NextChunk<'_> {
        Box::pin(async move {
            let chunk = self.chunks.next().await;
            match &chunk {
                Some(Ok(chunk)) => {
                    self.flow.n_bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                }
                Some(Err(error)) => {
                    *self.flow.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                }
                None => {}
            }
            chunk
        })
    }
}
