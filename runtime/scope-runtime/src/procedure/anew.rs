//! Making anew what is ours and cannot be changed in place: another one is made, what refers to the old one follows, and the old
//! one is deleted at the end of the run, after its users.
//!
//! `web` was made in `net`, `net` is another one now, and `network` is immutable → a second `web` is made in the new `net`, and
//! the first is owed: deleted as soon as the second is there. Turned back before that, the first takes its place again, and the
//! second is owed. Where no two may be so called, the old one goes first, and only if
//! nobody relies upon it.

use scope_plan::driver::Attribute;
use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Replace, Step};
use scope_plan::recorded::{How, Relied};
use serde_json::Value;

use super::compare::{Difference, is_comparable};
use super::create;
use super::delete::remove;
use super::failure::Bad;
use super::inputs::Given;
use super::record::{Record, identity_text, mentions};
use super::subject::{Memory, Subject};
use super::there::There;
use super::{Good, guard, seconds};
use crate::events::{Change, Effect, Failure, Follows, Outcome};
use crate::report::ChangedBy;
use crate::state::{Owed, Record as Fact, Resource};

/// Why what is there is to be made anew, if it is: all that differs and cannot be changed was changed by the program, or
/// follows what was made anew, and the program lets it. Else it is an error, or nothing.
pub(super) fn why(subject: &Subject<'_>, there: &There, given: &Given) -> Option<String> {
    if there.how != How::Created || !subject.can_be_read() {
        return None;
    }
    let fixed = fixed_differences(subject, there, given);
    let first = fixed.first()?;
    let recorded = subject.recorded()?;
    if !are_of_program(subject, there, given, &recorded, &fixed) {
        return None;
    }
    let followed: Vec<Option<String>> =
        fixed.iter().map(|difference| followed(subject, &recorded, difference)).collect();
    let is_following = followed.iter().all(Option::is_some);
    may_be(subject, is_following).then(|| {
        let attribute = &first.attribute;
        match &followed[0] {
            Some(name) => format!("`{attribute}` is of `{name}`, which was made anew"),
            None => format!("`{attribute}` cannot be changed in place"),
        }
    })
}

/// Whether it is the program that wants all of these otherwise. What a site tells otherwise by itself it would tell again of the
/// next one; of what it does not tell only the program's word can be another one.
fn are_of_program(
    subject: &Subject<'_>,
    there: &There,
    given: &Given,
    recorded: &Resource,
    fixed: &[Difference],
) -> bool {
    fixed.iter().all(|difference| {
        let is_told = there.record.attribute(&difference.attribute).is_some();
        let by = || subject.told(recorded, given, difference.clone()).by;
        !is_told || matches!(by(), ChangedBy::Program | ChangedBy::Both)
    })
}

/// What differs and cannot be changed. Nearly always it is nothing, so no more than that is compared.
fn fixed_differences(subject: &Subject<'_>, there: &There, given: &Given) -> Vec<Difference> {
    let is_fixed = |attribute: &Attribute| is_fixed(subject, attribute);
    let mut differences = subject.differences_of(&given.values, &there.record, &is_fixed);
    let is_untold = |attribute: &&Attribute| {
        let is_said =
            given.values.contains_key(&attribute.name) || given.contents.contains_key(&attribute.name);
        is_fixed(attribute) && is_said && there.record.attribute(&attribute.name).is_none()
    };
    if subject.resource_type.attributes.iter().any(|attribute| is_untold(&attribute)) {
        let unseen = subject.unseen_changes(given, &there.record);
        differences.extend(unseen.into_iter().filter(|difference| difference.is_immutable));
    }
    differences
}

fn is_fixed(subject: &Subject<'_>, attribute: &Attribute) -> bool {
    attribute.is_immutable || attribute.name == subject.resource_type.identity
}

/// Whether the program lets it be made anew: `replace: anew` says so of whatever reason; unsaid it follows what it is made
/// from, unless what is in it would be lost.
fn may_be(subject: &Subject<'_>, is_following: bool) -> bool {
    match subject.replace() {
        Some(Replace::Anew) => true,
        Some(Replace::Never) => false,
        None => is_following && subject.resource_type.stateful.is_none(),
    }
}

/// What a value is of that was made anew since: it was made from it before, mentions it now, and mentioned another one then,
/// which nobody has any more.
pub(super) fn followed(
    subject: &Subject<'_>,
    recorded: &Resource,
    difference: &Difference,
) -> Option<String> {
    let before = recorded.set.get(&difference.attribute)?;
    subject.shared.ledger.with(|state| {
        let mut needed = recorded.needs.iter().filter_map(|(name, site)| {
            let now = state.resource(name, site)?;
            let is_new = mentions(&difference.wanted, &now.identity) && !mentions(before, &now.identity);
            is_new.then_some((name, site, &now.resource_type))
        });
        let (name, site, resource_type) = needed.next()?;
        // Of its own site: others may have called something the same.
        let mut others = state.resources.values().filter_map(|sites| sites.get(site));
        let is_still_there =
            others.any(|other| other.resource_type == *resource_type && mentions(before, &other.identity));
        (!is_still_there).then(|| name.clone())
    })
}

/// What to write for it to be made anew, where that is for the program to say.
pub(super) fn help(subject: &Subject<'_>, difference: &Difference) -> Option<String> {
    let recorded = subject.recorded().filter(|recorded| recorded.how == How::Created)?;
    // Set as the program says it, and told otherwise: the next one would be told so, too.
    let is_as_set = subject.can_be_read()
        && recorded
            .set
            .get(&difference.attribute)
            .is_some_and(|set| subject.has_as_wanted(&difference.attribute, &difference.wanted, set));
    if is_as_set || subject.replace().is_some() || subject.step.is_none() {
        return None;
    }
    let because = subject.resource_type.stateful.as_ref();
    let lost = because.map_or_else(String::new, |because| format!(" ({because})"));
    Some(format!(
        "or `with {{ replace: anew }}`: another one is made, what refers to it follows, and then this one is deleted{lost}"
    ))
}

/// In a survey: the same of what is made from something that is yet to be made, or made anew, so that it is not known yet.
/// `attributes` are those whose values are not known.
///
/// # Errors
/// `E0905` where it is certain that it would have to be, and may not.
pub(super) fn foretold(
    subject: &Subject<'_>,
    there: &There,
    attributes: &[(String, Expr)],
) -> Result<Option<Change>, Bad> {
    let recorded = subject.recorded().filter(|_| there.how == How::Created && subject.can_be_read());
    let Some(recorded) = recorded else { return Ok(None) };
    let is_set = |name: &String| {
        let digests = recorded.digests.as_ref();
        recorded.set.contains_key(name) || digests.is_some_and(|digests| digests.contains_key(name))
    };
    for (name, expr) in attributes.iter().filter(|(name, _)| is_set(name)) {
        if !subject.resource_type.attribute(name).is_some_and(|attribute| attribute.is_immutable) {
            continue;
        }
        let Some(source) = source_to_be(subject, expr, &is_created) else { continue };
        let is_certain = is_of_it(subject, source.step, expr);
        // What it was made from before, by the same name, it follows; another one is the program's own change.
        let is_following = !source.is_new || is_made_from(subject, &recorded, source.step);
        if may_be(subject, is_following) {
            let of = &source.step.name;
            let why = match is_certain {
                true => format!("`{name}` is of `{of}`, which is {}", source.words()),
                false => format!("perhaps: `{name}` is known only when `{of}` is {}", source.end()),
            };
            return Ok(Some(Change::Replace { why, is_whole: true }));
        }
        if is_certain {
            return Err(Bad::new(refused(subject, &recorded, name, source)));
        }
    }
    Ok(None)
}

/// Whether that step's resource is one of those that it was made from.
fn is_made_from(subject: &Subject<'_>, recorded: &Resource, source: &Step) -> bool {
    let site = &subject.shared.plan.site(source.site).name;
    recorded.needs.iter().any(|(name, at)| *name == source.name && at == site)
}

/// In a survey: what is of something that is yet to be made, or made anew, and is changed in place then. `attributes` are those
/// whose values are not known.
pub(super) fn following(
    subject: &Subject<'_>,
    there: &There,
    attributes: &[(String, Expr)],
) -> Vec<(Difference, Follows)> {
    let following = attributes.iter().filter_map(|(name, expr)| {
        let attribute = subject.resource_type.attribute(name).filter(|attribute| !attribute.is_immutable)?;
        let SourceToBe { step, is_new } = source_to_be(subject, expr, &is_new)?;
        let follows = Follows { name: step.name.clone(), is_certain: is_of_it(subject, step, expr), is_new };
        let found = there.record.attribute(name).filter(|_| is_comparable(attribute));
        let difference = Difference {
            attribute: name.clone(),
            is_untold: found.is_none(),
            found: found.cloned().unwrap_or_default(),
            wanted: Value::Null,
            parts: Vec::new(),
            is_immutable: false,
        };
        Some((difference, follows))
    });
    following.collect()
}

/// What a value is of that is not there yet.
struct SourceToBe<'s> {
    step: &'s Step,
    /// It is made the first time: what is there now is of another one, or of none.
    is_new: bool,
}

impl SourceToBe<'_> {
    /// What becomes of it.
    fn end(&self) -> &'static str {
        if self.is_new { "made" } else { "made anew" }
    }

    fn words(&self) -> &'static str {
        if self.is_new { "yet to be made" } else { "made anew" }
    }
}

/// What a value is of that becomes another thing, or is made in this run; a guard gives what it is on.
fn source_to_be<'s>(
    subject: &Subject<'s>,
    expr: &Expr,
    is_new: &dyn Fn(&Change) -> bool,
) -> Option<SourceToBe<'s>> {
    let shared = subject.shared;
    expr.steps_used().into_iter().find_map(|used| {
        let step = shared.plan.step(used);
        if let Action::Protect { of, .. } = &step.action {
            return source_to_be(subject, of, is_new);
        }
        if shared.is_yet_to_be_made(used, &is_anew) {
            return Some(SourceToBe { step, is_new: false });
        }
        shared.is_yet_to_be_made(used, is_new).then_some(SourceToBe { step, is_new: true })
    })
}

/// What becomes another thing.
fn is_anew(change: &Change) -> bool {
    matches!(change, Change::Replace { .. } | Change::Create { is_gone: true })
}

/// What was never there.
fn is_created(change: &Change) -> bool {
    matches!(change, Change::Create { is_gone: false })
}

/// The same, and a copy, which may be another one than was there. What was made from the one before needs no other.
fn is_new(change: &Change) -> bool {
    is_created(change) || matches!(change, Change::Borrow { .. })
}

/// Whether a value is the thing itself, so that it is certain to be another one.
fn is_of_it(subject: &Subject<'_>, source: &Step, expr: &Expr) -> bool {
    matches!(expr, Expr::Step { path, .. } if is_of_identity(subject, source, path))
}

/// Whether a part of its record is the thing itself: what else is told of it may be as it was. Of what the site names.
fn is_of_identity(subject: &Subject<'_>, source: &Step, path: &[String]) -> bool {
    let source = source.action.resource_type().and_then(|name| subject.shared.resource_type(name));
    let Some((_, resource_type)) = source else { return false };
    let is_computed = resource_type
        .attribute(&resource_type.identity)
        .is_some_and(|attribute| attribute.is_computed && !attribute.is_settable);
    is_computed && (path.is_empty() || path == [resource_type.identity.clone()])
}

fn refused(subject: &Subject<'_>, recorded: &Resource, attribute: &str, source: SourceToBe<'_>) -> Failure {
    let message = format!(
        "`{attribute}` of `{}` at `{}` is of `{}`, which is {}, and cannot be changed in place",
        subject.name,
        subject.site_name(),
        source.step.name,
        source.words()
    );
    let failure = Failure::new("E0905", Outcome::Invalid, message);
    let found = recorded.set.get(attribute).cloned().unwrap_or_default();
    let difference = Difference {
        attribute: attribute.to_owned(),
        found: found.clone(),
        is_untold: false,
        wanted: Value::Null,
        parts: Vec::new(),
        is_immutable: true,
    };
    let leave = match source.is_new {
        true => format!("leave `{attribute}` as it is, or make a new resource under another name"),
        false => format!("leave `{}` as it is", source.step.name),
    };
    match help(subject, &difference) {
        Some(help) => failure.with_help(leave).with_help(help),
        None => failure.with_help(leave),
    }
}

/// Refuses to make anew what is broken where the program says so.
///
/// # Errors
/// `E0908`.
pub(super) fn unless_never(subject: &Subject<'_>, why: &str) -> Result<(), Bad> {
    if subject.replace() != Some(Replace::Never) {
        return Ok(());
    }
    let message =
        format!("`{}` is broken at `{}`, and is never made anew", subject.name, subject.site_name());
    let failure =
        Failure { site_words: Some(why.to_owned()), ..Failure::new("E0908", Outcome::Unavailable, message) };
    Err(Bad::new(
        failure.with_help("mend it at its site, or write `with { replace: anew }` in place of `never`"),
    ))
}

/// Makes another one and has the old one deleted later, or before, where no two may be so called.
pub(super) async fn replace(
    subject: &Subject<'_>,
    there: &There,
    given: &Given,
    memory: &Memory,
    why: &str,
) -> Result<Good, Bad> {
    there.is_ours_to_change(subject)?;
    subject.report(|| format!("is made anew: {why}"));
    seconds::remove_all(subject, &there.seconds, &given.values).await?;
    if goes_first(subject, there, given)? {
        remove(subject, &there.identity, &given.values).await?;
        let (name, site) = subject.place();
        subject.shared.ledger.append(Fact::Gone { name, site })?;
    } else {
        subject.shared.ledger.append(Fact::Owed { owed: owed(subject, there) })?;
        subject.shared.ledger.commit().await?;
    }
    let good = create::create(subject, given, memory, Effect::Replaced).await?;
    Ok(Good { detail: Some(why.to_owned()), ..good })
}

/// Whether the old one has to go before there can be another one.
///
/// # Errors
/// `E0930`, `E0931`: it has to, and somebody relies upon it.
pub(super) fn goes_first(subject: &Subject<'_>, there: &There, given: &Given) -> Result<bool, Bad> {
    let is_in_the_way = is_in_the_way(subject, there, given);
    if is_in_the_way {
        guard::refuse_if_perhaps_relied_upon(subject, &there.identity, Some(&there.record))?;
    }
    Ok(is_in_the_way)
}

/// What takes its place again, if something does: as it is there now.
pub(super) async fn taken_back(
    subject: &Subject<'_>,
    there: Option<&There>,
    given: &Given,
) -> Result<Option<There>, Bad> {
    let Some((former, record)) = former(subject, there, given).await? else { return Ok(None) };
    if let Some(there) = there {
        there.is_ours_to_change(subject)?;
        seconds::remove_all(subject, &there.seconds, &given.values).await?;
    }
    take_back(subject, there, former.clone(), given)?;
    subject.shared.ledger.commit().await?;
    subject.report(|| format!("`{}` takes its place again", former.identity));
    Ok(Some(There::recorded(subject, former, record, false)))
}

/// The one whose place it took, or was about to take, as it was recorded and as it is there: where the program wants that one
/// again, and it is not deleted yet. What may be in the one that is there goes only if the program says so.
pub(super) async fn former(
    subject: &Subject<'_>,
    there: Option<&There>,
    given: &Given,
) -> Result<Option<(Resource, Record)>, Bad> {
    let formers: Vec<Resource> = subject.shared.ledger.with(|state| {
        let owed = state.owed.iter().rev().filter(|owed| subject.takes_the_place_of(owed));
        let recorded = owed.filter_map(|owed| owed.recorded.as_deref().cloned());
        recorded.filter(|known| is_set_as_wanted(subject, known, given)).collect()
    });
    if formers.is_empty() || !subject.can_be_read() || !may_go(subject, there, given) {
        return Ok(None);
    }
    for former in formers {
        let seen = subject.read(&former.identity, &given.values).await;
        if let Some(record) = seen.map_err(|trouble| subject.failed(trouble))?
            && is_as_wanted(subject, &former, &record, given)
        {
            return Ok(Some((former, record)));
        }
    }
    Ok(None)
}

/// Whether what is there may go for the one before it. Where nothing is, what was sent may still come to be: that has to be
/// found then.
fn may_go(subject: &Subject<'_>, there: Option<&There>, given: &Given) -> bool {
    let Some(there) = there else {
        return !subject.was_sent() || seconds::may_be_twice(subject, given);
    };
    let fixed = fixed_differences(subject, there, given);
    let is_let = match subject.replace() {
        Some(said) => said == Replace::Anew,
        None => subject.resource_type.stateful.is_none(),
    };
    // What is not recorded was just about to take its place.
    let recorded = subject.recorded();
    let is_of_program =
        || recorded.as_ref().is_none_or(|recorded| are_of_program(subject, there, given, recorded, &fixed));
    is_let && there.how == How::Created && !fixed.is_empty() && is_of_program()
}

/// Whether all that cannot be changed of what is recorded so was set as the program says it now, as far as that is written down:
/// else there is no need to look.
fn is_set_as_wanted(subject: &Subject<'_>, former: &Resource, given: &Given) -> bool {
    let attributes = &subject.resource_type.attributes;
    let mut fixed = attributes.iter().filter(|attribute| is_fixed(subject, attribute));
    let now = subject.kept(given.public());
    let is_same = |attribute: &Attribute| match (now.get(&attribute.name), former.set.get(&attribute.name)) {
        (Some(now), Some(last)) => subject.has_as_wanted(&attribute.name, now, last),
        _ => true,
    };
    former.resource_type == subject.resource_type.name && fixed.all(is_same)
}

/// Whether what was recorded so has all that cannot be changed as the program wants it.
fn is_as_wanted(subject: &Subject<'_>, former: &Resource, record: &Record, given: &Given) -> bool {
    let is_fixed = |attribute: &Attribute| is_fixed(subject, attribute);
    subject.mark_of_others(record).is_none()
        && subject.broken(record, given).is_none()
        && subject.differences_of(&given.values, record, &is_fixed).is_empty()
        && !subject.unseen_since(former, given, record).iter().any(|difference| difference.is_immutable)
}

/// From here on the one before is what is recorded; what is there is owed in its stead.
pub(super) fn take_back(
    subject: &Subject<'_>,
    there: Option<&There>,
    former: Resource,
    given: &Given,
) -> Result<(), Bad> {
    let is_doubtful = former.is_doubtful || seconds::is_doubtful(subject, given);
    if let Some(there) = there {
        subject.shared.ledger.append(Fact::Owed { owed: owed(subject, there) })?;
    }
    subject.record(Resource { is_doubtful, ..former })
}

/// Whether there can be no other one beside it.
fn is_in_the_way(subject: &Subject<'_>, there: &There, given: &Given) -> bool {
    let resource_type = subject.resource_type;
    let form = |name: &String, value: &Value| match resource_type.attribute(name) {
        Some(attribute) => identity_text(&attribute.compared(value)),
        None => identity_text(value),
    };
    let said = |name: &String| given.values.get(name).and_then(|value| form(name, value));
    let is_same = |name: &String| {
        let now = said(name);
        now.is_some() && now == there.record.attribute(name).and_then(|value| form(name, value))
    };
    let identity = &resource_type.identity;
    let its_own = form(identity, &Value::from(there.identity.clone()));
    let has_its_identity = said(identity).is_some_and(|said| Some(said) == its_own);
    has_its_identity
        || (!resource_type.unique.is_empty() && resource_type.name_attribute.as_ref().is_some_and(is_same))
}

/// The old one, from the moment on at which another one is to take its place.
fn owed(subject: &Subject<'_>, there: &There) -> Owed {
    let (name, site) = subject.place();
    let recorded = subject.recorded();
    let needs = recorded.iter().flat_map(|recorded| &recorded.needs);
    // What it was made from, and is owed itself, goes after it, also where the driver says nothing of it.
    let made_from = |(name, site): &(String, String)| -> Option<Relied> {
        subject.shared.ledger.with(|state| {
            let mut replaced = state.owed.iter().filter(|owed| owed.is_replaced);
            replaced.find(|owed| (&owed.name, &owed.site) == (name, site))?.relied()
        })
    };
    let mut relies: Vec<Relied> = needs.filter_map(made_from).collect();
    relies.extend(recorded.iter().flat_map(|recorded| recorded.relies.iter().cloned()));
    relies.sort();
    relies.dedup();
    Owed {
        key: subject.key.to_owned(),
        resource_type: subject.resource_type.name.clone(),
        identity: Some(there.identity.clone()),
        called: None,
        // The one that takes its place bears it, too.
        mark: None,
        relies,
        sent_ms: None,
        is_replaced: true,
        recorded: recorded.clone().map(Box::new),
        kept_in: Vec::new(),
        run: subject.shared.run,
        words: format!(
            "{} `{name}` ({}) is replaced, and still at `{site}`; it is deleted when the new one is there and nobody relies upon \
             this one any more",
            subject.kind(),
            there.identity
        ),
        name,
        site,
    }
}

impl Subject<'_> {
    /// What the program says of making it anew.
    pub(super) fn replace(&self) -> Option<Replace> {
        match self.step.map(|step| &step.action) {
            // What was given its secret would have that of one that is there no more.
            Some(Action::Ensure { keep_in, .. }) if !keep_in.is_empty() => Some(Replace::Never),
            Some(Action::Ensure { replace, .. }) => *replace,
            _ => None,
        }
    }

    /// Of what was found, what is not about to be deleted since another one takes its place: it bears the same mark.
    pub(super) fn without_replaced(&self, found: &mut Vec<Record>) {
        self.shared.ledger.with(|state| {
            for owed in state.owed.iter().filter(|owed| self.takes_the_place_of(owed)) {
                found.retain(|record| record.identity(self.resource_type) != owed.identity);
            }
        });
    }

    fn takes_the_place_of(&self, owed: &Owed) -> bool {
        owed.is_replaced && owed.site == self.site_name() && owed.name == self.recorded_name()
    }

    /// What a creation does here: it takes the place of another one, or there was none.
    pub(super) fn effect_of_creation(&self) -> Effect {
        let is_replacing =
            self.shared.ledger.with(|state| state.owed.iter().any(|owed| self.takes_the_place_of(owed)));
        if is_replacing { Effect::Replaced } else { Effect::Created }
    }
}
