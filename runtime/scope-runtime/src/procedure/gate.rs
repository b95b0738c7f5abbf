//! A gate between two waves: it waits until the soak time is over, and is gone before it where the user stops.
//!
//! `wave 1 ended 4 min ago, soak: 10min` → 6 min → `Opened`.

use std::time::Duration;

use scope_plan::plan::Step;
use serde_json::Value;

use super::Good;
use super::failure::Bad;
use crate::events::{Effect, Progress};
use crate::runner::{Shared, waves};

pub(super) async fn wait(shared: &Shared<'_>, gate: &Step) -> Result<Good, Bad> {
    let left_ms = waves::soak_left(shared, gate).await?;
    if left_ms > 0 {
        let words = scope_plan::text::duration(left_ms);
        shared.progress(gate.id, Progress::Status(words));
        tokio::select! {
            biased;
            () = shared.options.interrupt.reached(1) => return Err(Bad::stopped()),
            () = tokio::time::sleep(Duration::from_millis(left_ms)) => {}
        }
    }
    waves::end(shared, gate)?;
    let detail = (left_ms > 0).then(|| format!("after {}", scope_plan::text::duration(left_ms)));
    Ok(Good { detail, ..Good::new(Effect::Opened, Value::Null) })
}
