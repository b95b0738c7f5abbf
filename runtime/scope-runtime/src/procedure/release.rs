//! Letting go of a resource that the program no longer has, and says is to stay: it is left as it is, nobody's any more.
//!
//! `base` with `on_delete: keep`, left out of the program → its owner mark is taken off, and the state forgets it. With the
//! mark on it, a rebuilt state would take it for ours again, and delete it.

use super::Good;
use super::delete::seen_before;
use super::failure::Bad;
use super::mark::{self, Rewritten};
use super::subject::Subject;
use crate::events::Effect;
use crate::state::Record as Fact;

pub(super) async fn release(subject: &Subject<'_>, identity: &str) -> Result<Good, Bad> {
    let seen = seen_before(subject, identity).await?;
    // Its mark may have the name that it had before this run, of which there is nothing to be changed any more.
    let former = seen.and_then(|record| subject.former_mark(&record));
    let detail = match former.or_else(|| subject.mark()) {
        None => "left at the site".to_owned(),
        Some(own) => match mark::rewrite(subject, identity, &own, None).await? {
            Rewritten::Gone => "is not there any more".to_owned(),
            Rewritten::Done => "left at the site, its owner mark taken off".to_owned(),
            Rewritten::NotOn => "left at the site".to_owned(),
            Rewritten::Refused(why) => format!("left at the site; its owner mark stays: {why}"),
        },
    };
    let (name, site) = subject.place();
    subject.shared.ledger.append(Fact::Gone { name, site })?;
    subject.shared.ledger.commit().await?;
    Ok(Good { detail: Some(detail), ..Good::new(Effect::Released, serde_json::Value::Null) })
}
