//! Ensuring: after it, a resource as the program says is at the site and ours; a second time nothing is done.
//!
//! ```text
//! recorded?  read it ──────────────────────► there        there and broken or stuck, ours → delete, create
//!                                                         there, cannot be changed, ours  → create, delete at the end (`anew`);
//!                                                                                           the one before it, if it still is there
//! else       find by identity or name                     there, unfinished      → finish
//!            bears our mark ───────────────► there        there, differs         → update
//!            merely matches: error, unless `adopt`        there                  → nothing
//!            bears another deployment's mark by now: as it is, and an error where something is to be changed
//!            none ─────────────────────────► create
//! ```

use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{KeptSecret, Step};
use scope_plan::recorded::{How, RecordedWave};
use serde_json::{Map, Value};

use super::create::at_file;
use super::delete::remove;
use super::failure::Bad;
use super::inputs::{Given, evaluate};
use super::mark::Rewritten;
use super::record::Record;
use super::seconds::SECOND;
use super::subject::{Memory, Subject};
use super::there::find_out;
use super::{Good, anew, create, mark, seconds, stuck, update};
use crate::events::Effect;
use crate::schedule::Touched;
use crate::shell;
use crate::state::{Record as Fact, Resource};

/// What is changed of a resource that got another name.
pub(super) const OWNER_MARK: &str = "owner mark";

pub(super) async fn ensure(
    subject: &Subject<'_>,
    step: &Step,
    attributes: &[(String, Expr)],
    adopt: bool,
    memory: &Memory,
) -> Result<Good, Bad> {
    let good = as_said(subject, step, attributes, adopt, memory).await?;
    is_kept(subject, step, good.effect == Effect::Adopted).await?;
    Ok(good)
}

/// It is at the site as the program says.
async fn as_said(
    subject: &Subject<'_>,
    step: &Step,
    attributes: &[(String, Expr)],
    adopt: bool,
    memory: &Memory,
) -> Result<Good, Bad> {
    let given = evaluate(subject, attributes).await?;
    let found = find_out(subject, &given, adopt).await?;
    let back = anew::taken_back(subject, found.as_ref(), &given).await?;
    let again = back.as_ref().map(|back| format!("`{}` takes its place again", back.identity));
    let Some(mut there) = back.or(found) else {
        return create::create(subject, &given, memory, subject.effect_of_creation()).await;
    };
    let is_ours = there.how == How::Created;
    let hopeless = match is_ours {
        true => stuck::hopeless(subject, &mut there.record, &given, memory).await?,
        false => None,
    };
    if let Some(why) = hopeless {
        there.is_ours_to_change(subject)?;
        anew::unless_never(subject, &why)?;
        subject.report(|| format!("is broken ({why}): is deleted and made again"));
        seconds::remove_all(subject, &there.seconds, &given.values).await?;
        remove(subject, &there.identity, &given.values).await?;
        let (name, site) = subject.place();
        subject.shared.ledger.append(Fact::Gone { name, site })?;
        return create::create(subject, &given, memory, Effect::Replaced).await;
    }
    if let Some(why) = anew::why(subject, &there, &given) {
        return Box::pin(anew::replace(subject, &there, &given, memory, &why)).await;
    }
    if there.is_adopted_now {
        is_kept(subject, step, true).await?;
    }
    // Of a lost state that was rebuilt: no run of this state made it.
    let mut is_found_again = subject.is_of_no_run();
    if !there.is_recorded {
        let mut resource = subject.resource(&there.identity, there.how, there.is_complete, &given);
        if there.is_adopted_now {
            // What it was given before nobody knows.
            (resource.set, resource.digests) = (Map::new(), None);
        }
        subject.record(resource)?;
        subject.shared.ledger.commit().await?;
    }
    let is_renamed = match (&there.former_mark, subject.mark()) {
        (Some(former), Some(own)) => {
            let rewritten = mark::rewrite(subject, &there.identity, former, Some(&own)).await?;
            matches!(rewritten, Rewritten::Done)
        }
        _ => false,
    };
    let seconds = seconds::remove_all(subject, &there.seconds, &given.values).await?;
    let was_created = memory.touched() == Touched::Created;
    let is_finished_now = !there.is_complete;
    if is_finished_now {
        there.is_ours_to_change(subject)?;
        // What was interrupted belongs to this evaluation, as if nothing had happened in between.
        if is_ours {
            memory.touch(Touched::Created);
        }
        let finished = create::finish(subject, there.record, &given).await?;
        there.record = finished.record;
        is_found_again &= !finished.is_sent;
    }
    let changed = update::update(subject, &there, &given, step, memory).await?;
    keep_relations(subject, step, &changed.as_ref().map_or(&there.record, |(record, _)| record).attributes)?;
    keep_set(subject, &given)?;
    let effect = match changed {
        Some((record, mut attributes)) => {
            there.record = record;
            attributes.extend(is_renamed.then(|| OWNER_MARK.to_owned()));
            attributes.extend(seconds.is_some().then(|| SECOND.to_owned()));
            Effect::Updated { attributes }
        }
        None if again.is_some() => {
            Effect::Updated { attributes: vec![subject.resource_type.identity.clone()] }
        }
        None if there.is_adopted_now => Effect::Adopted,
        None if is_renamed => Effect::Updated { attributes: vec![OWNER_MARK.to_owned()] },
        None if seconds.is_some() => Effect::Updated { attributes: vec![SECOND.to_owned()] },
        None if is_ours && (is_finished_now && !is_found_again || was_created) => Effect::Created,
        None => Effect::Unchanged,
    };
    subject.keep_wave()?;
    let output = there.record.output(subject.resource_type, &given.values);
    let found_again = (is_finished_now && is_found_again).then(|| "found again".to_owned());
    let detail = again.or(seconds).or(found_again).or_else(|| subject.status_of(&there.record));
    Ok(Good { detail, ..Good::new(effect, output) })
}

/// What it relies upon now, and no longer, as its site tells it in `told`; its share of a whole, whether it stays when the program no longer has it and what
/// becomes of its deletion where its site is cut: recorded, for the runs that do not see this program any more.
fn keep_relations(subject: &Subject<'_>, step: &Step, told: &Map<String, Value>) -> Result<(), Bad> {
    let Some(known) = subject.recorded() else { return Ok(()) };
    let now = Resource {
        needs: subject.shared.needs(step.id),
        relies: subject.shared.relied_as_told(step, &known.relies, told),
        keep: step.action.stays(),
        when_cut: step.action.when_cut().cloned(),
        shares: subject.shared.shares(step.id),
        kept_in: kept_in(step),
        ..known.clone()
    };
    if now == known { Ok(()) } else { subject.record(now) }
}

/// The files in which secrets are kept that its site made.
pub(super) fn kept_in(step: &Step) -> Vec<String> {
    step.action.keep_in().iter().map(|kept| kept.file.clone()).collect()
}

/// Whether the secrets are there that its site told when it was made: it tells them once. What is adopted was told to
/// somebody else, and stays where it is.
pub(super) async fn is_kept(subject: &Subject<'_>, step: &Step, is_adopted: bool) -> Result<(), Bad> {
    for kept in step.action.keep_in() {
        let KeptSecret { attribute, file, .. } = kept;
        let source = SecretSource::Kept { step: step.id, file: file.clone() };
        if subject.shared.sites.secret(&source).await.is_err() {
            let (name, site) = subject.place();
            let message = format!(
                "`{name}` is at {site}, and its `{attribute}`, which its site told once, is not in `{file}`"
            );
            let is_adopted = is_adopted || subject.recorded().is_some_and(|known| known.how == How::Adopted);
            let help = match is_adopted {
                true => format!(
                    "write it there, if you have it; else delete what is at {site} there, and take `adopt` out: then another one is made"
                ),
                false => format!(
                    "write it there, or let `{name}` go and have it made anew: `scope destroy {} --only {}`, then once more",
                    shell::word(&subject.shared.plan.program.file),
                    shell::word(&name)
                ),
            };
            let (label, help) = match subject.shared.sites.has_room(file) {
                Ok(()) => ("nothing is in it".to_owned(), help),
                Err(why) => (why, format!("move away what stands there; then {help}")),
            };
            return Err(Bad::new(at_file("E0898", message, &label, kept).with_help(help)));
        }
    }
    Ok(())
}

/// What the program sets now: recorded also where the site had it so already, so that it can be told later who changed it.
pub(super) fn keep_set(subject: &Subject<'_>, given: &Given) -> Result<(), Bad> {
    let (set, digests) = (subject.kept(given.public()), Some(subject.digests(given)));
    match subject.recorded() {
        Some(known) if (&known.set, &known.digests) != (&set, &digests) && subject.can_be_read() => {
            subject.record(Resource { set, digests, inputs: Some(given.digest()), ..known })
        }
        _ => Ok(()),
    }
}

impl Subject<'_> {
    /// The global name and the site's, as the state has them.
    pub(super) fn place(&self) -> (String, String) {
        (self.recorded_name().into_owned(), self.site_name().to_owned())
    }

    /// A fact about this resource.
    pub(super) fn resource(&self, identity: &str, how: How, is_complete: bool, given: &Given) -> Resource {
        Resource {
            resource_type: self.resource_type.name.clone(),
            identity: identity.to_owned(),
            how,
            is_complete,
            begun_ms: (!is_complete).then(|| self.begun_ms()),
            inputs: Some(given.digest()),
            set: self.kept(given.public()),
            digests: Some(self.digests(given)),
            not_taken: Default::default(),
            run: self.shared.run,
            seen: None,
            from: None,
            of: None,
            formerly: Vec::new(),
            needs: self.step.map(|step| self.shared.needs(step.id)).unwrap_or_default(),
            rollout: self.wave(),
            relies: self.step.map(|step| self.shared.relied(step)).unwrap_or_default(),
            keep: self.step.is_some_and(|step| step.action.stays()),
            when_cut: self.step.and_then(|step| step.action.when_cut().cloned()),
            shares: self.step.map(|step| self.shared.shares(step.id)).unwrap_or_default(),
            is_doubtful: seconds::is_doubtful(self, given),
            kept_in: self.step.map(kept_in).unwrap_or_default(),
        }
    }

    /// Where its step stands in a rollout.
    fn wave(&self) -> Option<RecordedWave> {
        self.step.and_then(|step| self.shared.waves.recorded(self.shared.plan, step.id))
    }

    /// Waves change with the program, and are followed when it does not name the resource any more.
    fn keep_wave(&self) -> Result<(), Bad> {
        if let Some(recorded) = self.recorded().filter(|recorded| recorded.rollout != self.wave()) {
            let (name, site) = self.place();
            let resource = Resource { rollout: self.wave(), ..recorded };
            self.shared.ledger.append(Fact::Resource { name, site, resource })?;
        }
        Ok(())
    }

    /// Records that this resource is here, and that nothing about it is on its way any more.
    pub(super) fn record(&self, resource: Resource) -> Result<(), Bad> {
        let (name, site) = self.place();
        self.shared.ledger.append(Fact::Resource { name, site, resource })?;
        self.settle()
    }

    /// Records that the end of what was sent is known.
    pub(super) fn settle(&self) -> Result<(), Bad> {
        if self.was_sent() {
            self.shared.ledger.append(Fact::Settled { key: self.key.to_owned() })?;
        }
        Ok(())
    }

    /// `ACTIVE`, for people: what the type's readiness is about.
    pub(super) fn status_of(&self, record: &Record) -> Option<String> {
        let ready = self.resource_type.ready.as_ref()?;
        ready.condition.names_used().into_iter().find_map(|name| match record.attribute(name)? {
            Value::String(text) if text.len() <= 40 => Some(text.clone()),
            _ => None,
        })
    }
}
