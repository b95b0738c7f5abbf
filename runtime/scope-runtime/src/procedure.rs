//! How a step is done at a site: look up, ensure, bring, call, delete, undo; written once, over [`crate::site::Site`].
//!
//! In comes a step whose inputs are there, out comes what it did and its output, or why it failed and what it may have
//! left. Each is safe to begin again after any of its requests: it looks before it acts, and what is sent is recorded
//! before it leaves. `ensure(base at nantes)` → find by name → create → upload → wait until ready → `Created`.

mod aftermath;
mod amend;
mod anew;
mod bounds;
mod bring;
mod call;
mod candidates;
mod compare;
mod create;
mod delete;
mod ensure;
mod failure;
mod gate;
mod guard;
mod inputs;
mod lookup;
mod lost;
mod mark;
mod origin;
mod parts;
mod query;
mod readiness;
mod record;
mod release;
mod seconds;
mod seen;
mod stuck;
mod subject;
mod survey;
mod there;
mod undo;
mod unseen;
mod update;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use scope_plan::plan::{Action, Step};
use serde_json::Value;

use crate::events::Effect;
use crate::runner::{Shared, waves};
use crate::schedule::Touched;

pub(crate) use aftermath::is_open;
pub(crate) use failure::{Bad, Trouble, duration_literal, duration_words, left_alone};
pub(crate) use guard::settle as settle_guard;
pub(crate) use inputs::{Given, output_value};
pub(crate) use lost::open as open_what_was_lost;
pub(crate) use record::{identity_text, mentions, told};
pub(crate) use seconds::{Doubtful, Looked, look_at_site};
pub(crate) use subject::{Memory, Subject};
pub(crate) use survey::look_at_recorded;
pub(crate) use undo::{Unpaid, pay, sent_debt, set_back_later, undo};

/// A step that ended well.
#[derive(Debug)]
pub(crate) struct Good {
    /// What it did.
    pub(crate) effect: Effect,
    /// What other steps see of it. Never holds what the driver calls secret.
    pub(crate) output: Rc<Value>,
    /// For people.
    pub(crate) detail: Option<String>,
}

impl Good {
    fn new(effect: Effect, output: Value) -> Self {
        Self { effect, output: Rc::new(output), detail: None }
    }
}

/// One attempt of a step, and what all its attempts so far left at the site. What is done is boxed by its kind, so that a
/// look-up under way does not take the room that the greatest of them would need.
pub(crate) async fn perform(shared: &Shared<'_>, step: &Step) -> (Result<Good, Bad>, Touched) {
    let memory = shared.memory(step.id);
    if let Action::Gate { .. } = step.action {
        return (Box::pin(gate::wait(shared, step)).await, Touched::Nothing);
    }
    // A run that died had changed something: with its alternative given up, that is set back as this run's own.
    shared.ledger.with(|state| state.changed.get(&step.key).map(|changed| memory.remember(changed)));
    let result = match Subject::of_step(shared, step) {
        Ok(subject) => {
            attempt(&subject, step, memory).await.map_err(|bad| aftermath::unless_open(&subject, step, bad))
        }
        Err(bad) => Err(bad),
    };
    let result = result.map(|good| match memory.is_repeated() {
        true => Good { detail: Some(and_twice(good.detail)), ..good },
        false => good,
    });
    (result, memory.touched())
}

/// What may have been done twice, because the program says that it is sent again, is said.
fn and_twice(detail: Option<String>) -> String {
    let words = "sent again after a lost answer: perhaps done twice";
    detail.map_or_else(|| words.to_owned(), |detail| format!("{detail}; {words}"))
}

async fn attempt(subject: &Subject<'_>, step: &Step, memory: &Memory) -> Result<Good, Bad> {
    if subject.shared.options.survey {
        return Box::pin(survey::survey(subject, step, memory)).await;
    }
    if subject.shared.waves.has_gate(step.id) {
        Box::pin(waves::begin(subject.shared, step.id)).await?;
    }
    match &step.action {
        Action::Lookup { text, filter, purpose, .. } => {
            Box::pin(lookup::look_up(subject, text.as_ref(), filter, *purpose)).await
        }
        Action::Ensure { attributes, adopt, .. } => {
            Box::pin(ensure::ensure(subject, step, attributes, *adopt, memory)).await
        }
        Action::Bring { sources, every_source, borrow, .. } => {
            Box::pin(bring::bring(subject, step, sources, *every_source, *borrow, memory)).await
        }
        Action::Call { operation, inputs, once, prints, .. } => {
            Box::pin(call::call(subject, operation, inputs, *once, *prints, memory)).await
        }
        Action::Delete { identity, unless, keep, .. } => {
            Box::pin(delete::delete(subject, identity, unless, *keep)).await
        }
        Action::Protect { of, users, .. } => Box::pin(guard::protect(subject, of, users, memory)).await,
        Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => {
            unreachable!("choices and gatherings are resolved by the scheduler")
        }
    }
}
