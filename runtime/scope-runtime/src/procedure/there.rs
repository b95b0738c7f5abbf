//! What is at a site of a resource, before anything is done about it: ours, somebody else's, or nothing.
//!
//! Recorded → read by its identity. Else found by identity or name: what bears our mark is ours; what merely matches is refused (E0907), unless it is to
//! be adopted or is the effect of a request of ours.

use std::collections::BTreeSet;

use scope_plan::recorded::How;
use scope_plan::renaming;
use serde_json::{Map, Value};

use super::candidates::{candidates, created_s};
use super::compare::is_comparable;
use super::failure::Bad;
use super::inputs::Given;
use super::record::{Record, identity_text};
use super::subject::Subject;
use super::{create, guard, mark, seconds};
use crate::events::{Failure, Outcome};
use crate::schedule::mutants::{self, Mutant};
use crate::state::{Record as Fact, Resource};

/// A resource that is at the site and ours to look after.
pub(super) struct There {
    pub(super) identity: String,
    pub(super) record: Record,
    pub(super) how: How,
    /// Made, filled and seen ready.
    pub(super) is_complete: bool,
    /// In the state already.
    pub(super) is_recorded: bool,
    pub(super) is_adopted_now: bool,
    /// The owner mark that it bears, of the name that it had (`moved_from`). Its record is as if it bore the new one.
    pub(super) former_mark: Option<String>,
    /// The mark of another deployment that it bears by now.
    taken: Option<String>,
    /// Others that bear the very same mark.
    pub(super) seconds: Vec<Record>,
    /// The digest of what it was made from, where it cannot be read.
    pub(super) inputs: Option<String>,
}

impl There {
    /// A copy, whole and recorded, that is to be as `given` says.
    pub(super) fn copy(identity: String, record: Record, given: &Given) -> Self {
        Self {
            identity,
            record,
            how: How::Borrowed,
            is_complete: true,
            is_recorded: true,
            is_adopted_now: false,
            former_mark: None,
            taken: None,
            seconds: Vec::new(),
            inputs: Some(given.digest()),
        }
    }

    /// What is recorded, as its site told it.
    pub(super) fn recorded(subject: &Subject<'_>, resource: Resource, record: Record, adopt: bool) -> There {
        let mut record = record;
        let former_mark = subject.former_mark(&record).filter(|_| resource.how == How::Created);
        if let Some(former) = &former_mark {
            mark::renew(subject, former, &mut record);
        }
        let taken = subject.mark_of_others(&record).filter(|_| resource.how == How::Created);
        // What was made for us and is another's now is adopted like anything that is another's.
        let is_adopted_now = adopt && taken.is_some();
        let Resource { identity, how, is_complete, inputs, .. } = resource;
        There {
            identity,
            record,
            how: if is_adopted_now { How::Adopted } else { how },
            is_complete: is_complete || is_adopted_now,
            is_recorded: !is_adopted_now,
            is_adopted_now,
            former_mark,
            taken: taken.filter(|_| !is_adopted_now),
            seconds: Vec::new(),
            inputs,
        }
    }

    /// Whose mark it bears decides, and not what is recorded: where names are identities, somebody may have made another one
    /// in its place.
    ///
    /// # Errors
    /// `E0867`.
    pub(super) fn is_ours_to_change(&self, subject: &Subject<'_>) -> Result<(), Bad> {
        match &self.taken {
            Some(mark) => Err(Bad::new(taken(subject, mark))),
            None => Ok(()),
        }
    }
}

pub(super) async fn find_out(
    subject: &Subject<'_>,
    given: &Given,
    adopt: bool,
) -> Result<Option<There>, Bad> {
    // Of what somebody else has done nothing is known but that; for something else it is looked for anew.
    let is_of_another = |known: &Resource| {
        known.how == How::Adopted && is_deed(subject) && known.inputs.as_deref() != Some(&given.digest())
    };
    if let Some(resource) = subject.recorded().filter(|known| !is_of_another(known)) {
        let (seen, seconds) = match resource.is_doubtful {
            true => seconds::look_for(subject, &resource, given).await?,
            false => (look_at(subject, &resource, given).await?, Vec::new()),
        };
        if let Some(record) = seen {
            return Ok(Some(There { seconds, ..There::recorded(subject, resource, record, adopt) }));
        }
        subject.is_gone()?;
        if !resource.is_complete {
            create::clear_places(subject, &resource);
        }
        let (name, site) = subject.place();
        subject.shared.ledger.append(Fact::Gone { name, site })?;
    }
    let found = match subject.was_sent() && mutants::is(Mutant::SecondCopyLeft) {
        true => Vec::new(),
        false => what_is_there(subject, given).await?,
    };
    let (ours, others): (Vec<Record>, Vec<Record>) =
        found.into_iter().partition(|record| subject.bears_our_mark(record));
    // Nothing bears our own mark: what bears that of a name it had is it.
    let (ours, others) = match ours.as_slice() {
        [] => others.into_iter().partition(|record| subject.mark_of_former_name(record).is_some()),
        _ => (ours, others),
    };
    // Of several elements of the family that it was one of, each may be it: none of them is a second one.
    let former: BTreeSet<String> =
        ours.iter().filter_map(|record| subject.mark_of_former_name(record)).collect();
    let (ours, others) = match former.len() {
        0 | 1 => (ours, others),
        _ => (Vec::new(), [ours, others].concat()),
    };
    let there = |mut record: Record, how, is_complete, is_adopted_now| {
        let identity = record.identity(subject.resource_type)?;
        let former_mark = subject.mark_of_former_name(&record).filter(|_| how == How::Created);
        if let Some(former) = &former_mark {
            mark::renew(subject, former, &mut record);
        }
        Some(There {
            identity,
            record,
            how,
            is_complete,
            is_recorded: false,
            is_adopted_now,
            former_mark,
            taken: None,
            seconds: Vec::new(),
            inputs: None,
        })
    };
    let ours = match ours.as_slice() {
        [] | [_] => ours,
        _ => seconds::confirmed(subject, ours, given).await?,
    };
    if let (2.., Some(step)) = (ours.len(), subject.step) {
        subject.shared.memory(step.id).doubts();
    }
    if let Some((record, seconds)) = best(subject, ours, given) {
        // The state was lost, or the run that made it was: whether all of it was done is not known.
        let one = there(record, How::Created, false, false);
        return Ok(one.map(|one| There { seconds, ..one }));
    }
    // What bears the mark of another name of this program is that one's. It is in the way only where no two may be so called. Of a
    // name that nothing has it is perhaps this one, made before it was called so.
    let is_alone = !subject.resource_type.unique.is_empty()
        || given.values.contains_key(&subject.resource_type.identity);
    let is_in_the_way = |record: &Record| {
        let of_another = || subject.former_mark(record).filter(|mark| subject.is_of_another(mark, record));
        is_alone || of_another().is_none()
    };
    let others: Vec<Record> = others.into_iter().filter(is_in_the_way).collect();
    if others.is_empty() {
        return Ok(None);
    }
    // Before a request that was sent, none was there: where there is no room for a mark, this one is its effect, however
    // late. So is what an undo should have deleted, which now is wanted again.
    let has_sent = subject.step.is_some_and(|step| subject.shared.memory(step.id).has_sent());
    let is_effect = subject.was_sent() || has_sent || subject.is_owed(&others);
    let was_sent = subject.resource_type.mark.is_none() && is_effect;
    match (was_sent || adopt, others.len()) {
        (true, 1) => {
            let how = if was_sent { How::Created } else { How::Adopted };
            Ok(others.into_iter().next().and_then(|record| there(record, how, !was_sent, !was_sent)))
        }
        (true, _) => Err(Bad::new(too_many(subject, &others))),
        // A deed that was done already, by whomever.
        (false, _) if is_deed(subject) => {
            Ok(others.into_iter().next().and_then(|record| there(record, How::Adopted, true, false)))
        }
        (false, _) => Err(Bad::new(not_ours(subject, &others))),
    }
}

pub(super) async fn look_at(
    subject: &Subject<'_>,
    resource: &Resource,
    given: &Given,
) -> Result<Option<Record>, Bad> {
    if !subject.can_be_read() {
        // What the application cannot tell is as it was recorded.
        let identity = Value::from(resource.identity.as_str());
        let attributes = Map::from_iter([(subject.resource_type.identity.clone(), identity)]);
        return Ok(Some(Record::known(attributes)));
    }
    subject.read(&resource.identity, &given.values).await.map_err(|trouble| subject.failed(trouble))
}

/// What is at the site under the identity or name that the program gives; of a type without names, what is as the program
/// says.
pub(super) async fn what_is_there(subject: &Subject<'_>, given: &Given) -> Result<Vec<Record>, Bad> {
    let resource_type = subject.resource_type;
    let failed = |trouble| subject.failed(trouble);
    if let Some(identity) = given.values.get(&resource_type.identity).and_then(identity_text) {
        let mut found = subject.read(&identity, &given.values).await.map_err(failed)?.into_iter().collect();
        subject.without_replaced(&mut found);
        return Ok(found);
    }
    if subject.find_operation().is_none() {
        return Ok(Vec::new());
    }
    let found = subject.find(&given.values).await.map_err(failed)?;
    among(subject, found, given).await
}

/// Of what a list gave, what is under the name that the program gives; of a type without names, what is as it says.
pub(super) async fn among(
    subject: &Subject<'_>,
    mut found: Vec<Record>,
    given: &Given,
) -> Result<Vec<Record>, Bad> {
    subject.without_replaced(&mut found);
    let name = subject.resource_type.name_attribute.as_ref();
    let name = name.and_then(|name| Some((name, given.values.get(name)?)));
    let bears_mark =
        |record: &Record| subject.bears_our_mark(record) || subject.mark_of_former_name(record).is_some();
    found.retain(|record| match name {
        Some((attribute, name)) => {
            let called = |value: &Value| name_text(subject, attribute, value);
            record.attribute(attribute).and_then(called) == called(name)
                // A name that bears the mark is no longer the name alone.
                || (is_marked_in(subject, attribute) && bears_mark(record))
        }
        None => {
            bears_mark(record)
                || (has_no_mark(subject) && subject.differences(&given.values, record).is_empty())
        }
    });
    subject.fitting(&found, &given.values).map_err(|trouble| subject.failed(trouble))?;
    subject.whole(found, &given.values).await.map_err(|trouble| subject.failed(trouble))
}

/// A name as it is compared.
fn name_text(subject: &Subject<'_>, attribute: &str, name: &Value) -> Option<String> {
    match subject.resource_type.attribute(attribute) {
        Some(attribute) => identity_text(&attribute.compared(name)),
        None => identity_text(name),
    }
}

fn is_marked_in(subject: &Subject<'_>, attribute: &str) -> bool {
    subject
        .resource_type
        .mark
        .as_ref()
        .is_some_and(|mark| mark.path.first().is_some_and(|first| first == attribute))
}

fn has_no_mark(subject: &Subject<'_>) -> bool {
    subject.resource_type.mark.is_none()
}

/// Of several that bear our mark (a request may take effect twice) the one that is in use as far as that can be told, and
/// the others: one that others rely upon, then the one that is furthest, then the oldest.
fn best(subject: &Subject<'_>, ours: Vec<Record>, given: &Given) -> Option<(Record, Vec<Record>)> {
    let rank = |record: &Record| {
        let identity = record.identity(subject.resource_type);
        let users = identity.as_ref().map(|identity| guard::users(subject, identity, Some(record)));
        let is_whole = subject.broken(record, given).is_none();
        // Of equals the first by identity, whatever order the site gives.
        let age = (created_s(&record.body), identity);
        let is_used = !record.guards.is_empty() || users.is_some_and(|users| !users.is_empty());
        (is_used, is_whole, subject.is_ready(record, given), std::cmp::Reverse(age))
    };
    let mut ours = ours;
    let (position, _) = ours.iter().enumerate().max_by_key(|(_, record)| rank(record))?;
    let one = ours.remove(position);
    Some((one, ours))
}

/// A type of which the site tells nothing that could be compared, that has no name and no room for a mark: a command, say.
fn is_deed(subject: &Subject<'_>) -> bool {
    let resource_type = subject.resource_type;
    resource_type.mark.is_none()
        && resource_type.name_attribute.is_none()
        && !resource_type.attributes.iter().any(is_comparable)
}

fn too_many(subject: &Subject<'_>, found: &[Record]) -> Failure {
    let message = format!(
        "{} {}s at `{}` could be `{}`",
        found.len(),
        subject.kind(),
        subject.site_name(),
        subject.name
    );
    let failure = Failure::new("E0901", Outcome::Invalid, message)
        .with_help(format!("say which one: `{}: \"…\"`", subject.resource_type.identity));
    Failure { candidates: candidates(subject, found), ..failure }
}

fn not_ours(subject: &Subject<'_>, found: &[Record]) -> Failure {
    let (site, kind) = (subject.site_name(), subject.kind());
    let message = match found {
        [_] => {
            let one = subject.one_of_its_kind();
            format!("`{site}` has {one} like `{}` that this program did not make", subject.name)
        }
        several => {
            format!(
                "`{site}` has {} {kind}s like `{}` that this program did not make",
                several.len(),
                subject.name
            )
        }
    };
    not_made_by_us(subject, message, found)
}

/// E0907. What bears the mark of this very resource of another deployment was made by this program before its state was lost,
/// perhaps.
pub(super) fn not_made_by_us(subject: &Subject<'_>, message: String, found: &[Record]) -> Failure {
    let candidates = candidates(subject, found);
    if let Some(name) = candidates.iter().find_map(|candidate| candidate.name.clone()) {
        let one = subject.one_of_its_kind();
        let message = format!(
            "`{}` has {one} like `{}` already: `{name}` of this program",
            subject.site_name(),
            subject.name
        );
        let is_in_the_program =
            subject.shared.plan.steps.iter().any(|step| {
                step.name == name && matches!(step.action, scope_plan::plan::Action::Ensure { .. })
            });
        let help = match is_in_the_program {
            true => format!("give one of them another name, or use `{name}` for both"),
            false => format!(
                "if it is the same by another name: {}; if not, take `{}` out for one run, so that the other goes first",
                moved_from(subject, &name),
                subject.name
            ),
        };
        let failure = Failure::new("E0907", Outcome::Invalid, message).with_help(help);
        return Failure { candidates, ..failure };
    }
    if let Some(name) = found.iter().find_map(|record| mark::lost_name(subject, record)) {
        let (site, one) = (subject.site_name(), subject.one_of_its_kind());
        let message = format!(
            "`{site}` has {one} like `{}` already, with the owner mark of `{name}`, and nothing is called so any more",
            subject.name
        );
        let failure = Failure::new("E0907", Outcome::Invalid, message)
            .with_help(format!("if it is the same by another name: {}", moved_from(subject, &name)))
            .with_help("`with { adopt: true }`, or delete it there");
        return Failure { candidates, ..failure };
    }
    let mut failure =
        Failure::new("E0907", Outcome::Invalid, message).with_help("`with { adopt: true }`, or another name");
    let former = found.iter().filter_map(|record| subject.mark_on(record)).find_map(|mark| {
        let deployment = mark::deployment_of(&mark)?;
        (mark == mark::mark_text(deployment, subject.name, subject.site_name()))
            .then(|| deployment.to_owned())
    });
    if let Some(deployment) = former {
        failure = failure.with_help(format!(
            "it bears this very name's mark, of the deployment {deployment}: if the state of that was lost, move the folder of the \
             one that is here away and `scope state rebuild FILE`"
        ));
    }
    Failure { candidates, ..failure }
}

/// How the program says that it was called so.
fn moved_from(subject: &Subject<'_>, old: &str) -> String {
    renaming::said(old, subject.name, subject.shared.plan.steps.iter().map(|step| step.name.as_str()))
}

fn taken(subject: &Subject<'_>, mark: &str) -> Failure {
    let (name, site) = (subject.name, subject.site_name());
    let whose = match mark::deployment_of(mark).filter(|deployment| !deployment.is_empty()) {
        Some(deployment) => format!("is another deployment's by now ({deployment})"),
        // Written by hand, or cut short: it is no deployment's that could be named.
        None => format!("bears a mark that is not ours by now (`{mark}`)"),
    };
    let message = format!("`{name}` at `{site}` {whose}, and is not changed");
    Failure::new("E0867", Outcome::Invalid, message).with_help(format!(
        "take `{name}` out of the program (it is left at `{site}`), or take it over: `with {{ adopt: true }}`"
    ))
}

impl Subject<'_> {
    /// What is recorded of this resource here, if it is of this type.
    pub(super) fn recorded(&self) -> Option<Resource> {
        self.shared.ledger.with(|state| {
            let resource = state.resource(&self.recorded_name(), self.site_name())?;
            (resource.resource_type == self.resource_type.name).then(|| resource.clone())
        })
    }

    /// Whether what is known of it was found out when a lost state was rebuilt.
    pub(super) fn is_of_no_run(&self) -> bool {
        let of_request = self.shared.ledger.with(|state| state.sent.get(self.key).map(|sent| sent.run));
        self.recorded().map(|known| known.run).or(of_request) == Some(0)
    }

    /// Whether a creation was sent whose end is not recorded.
    pub(super) fn was_sent(&self) -> bool {
        self.shared.ledger.with(|state| state.sent.contains_key(self.key))
    }

    /// Whether one of these is what an undo should have deleted.
    fn is_owed(&self, found: &[Record]) -> bool {
        let identity = |record: &Record| record.identity(self.resource_type);
        let found: Vec<String> = found.iter().filter_map(identity).collect();
        self.shared.ledger.with(|state| {
            let mut owed = state.owed.iter().filter(|owed| owed.key == self.key);
            owed.any(|owed| owed.identity.as_ref().is_some_and(|identity| found.contains(identity)))
        })
    }
}
