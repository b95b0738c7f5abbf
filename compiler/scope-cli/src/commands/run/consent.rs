//! Whether what a plan deletes may be deleted: more than a few are asked about, and of `scope destroy` all.

use std::io::{BufRead, IsTerminal};

use scope_diagnostics::codes;
use scope_plan::plan::{Action, Plan, Step};

use super::super::WRONG;
use crate::args::How;
use crate::output::{note, say_error};
use crate::show::{plural, short_name};

/// Asks, at a terminal; elsewhere it takes `--yes`, or a `--max-delete` that is high enough. Whether it was said so; `Err` is
/// the exit code.
pub fn to_delete(plan: &Plan, how: &How, is_destroying: bool) -> Result<bool, u8> {
    let is_deletion = |step: &&Step| matches!(&step.action, Action::Delete { unless, keep: false, .. } if unless.is_empty());
    let deletions = plan.steps.iter().filter(is_deletion);
    let deletions: Vec<String> = deletions
        .map(|step| format!("{} at {}", short_name(&step.name), plan.site(step.site).name))
        .collect();
    if how.yes {
        return Ok(true);
    }
    let (is_few, is_terminal) = (deletions.len() <= how.max_delete, std::io::stdin().is_terminal());
    if is_few && !is_destroying {
        return Ok(false);
    }
    note(&format!("{} would be deleted: {}", plural(deletions.len(), "resource"), deletions.join(", ")));
    if !is_terminal {
        if is_few {
            return Ok(true);
        }
        say_error(
            codes::E0982,
            &format!(
                "that is more than {}: add `--yes`, or `--max-delete {}`",
                how.max_delete,
                deletions.len()
            ),
        );
        return Err(WRONG);
    }
    note("delete them? [y/N]");
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if answer.trim().eq_ignore_ascii_case("y") { Ok(true) } else { Err(WRONG) }
}
