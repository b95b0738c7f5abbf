//! Target `shell`.

mod expr;
#[cfg(test)]
mod expr_tests;
mod pattern;
mod quote;

use scope_plan::plan::Plan;

use crate::{Options, RenderedFile, TargetError};

pub fn render(_plan: &Plan, _options: &Options) -> Result<Vec<RenderedFile>, TargetError> {
    Ok(Vec::new())
}
