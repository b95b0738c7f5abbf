//! The table *step × cut site → what happens*, for people: `scope plan --cuts`.
//!
//! ```
//! use scope_plan::{cut_table, testing};
//!
//! let table = cut_table::to_text(&testing::both());
//! assert!(table.contains("nantes"), "{table}");
//! ```
//!
//! A row is a step that the program asks for, at its site, or a `|` with the arm that is taken; a column is a site that
//! cannot be reached for the whole run. `-` is as without the cut.

use std::fmt::Write;

use crate::cuts::{self, Cut, Outcome};
use crate::plan::{Action, Plan, Purpose, SiteId, Step};
use crate::text::short_type;

/// See above. Ends with a newline.
pub fn to_text(plan: &Plan) -> String {
    let usual = cuts::cut(plan, SiteId(u32::MAX));
    let sites: Vec<SiteId> = (0..plan.sites.len())
        .map(|site| SiteId(site as u32))
        .filter(|site| plan.steps.iter().any(|step| step.site == *site))
        .collect();
    let cut: Vec<Cut> = sites.iter().map(|site| cuts::cut(plan, *site)).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let heading = ["step".to_owned(), "at".to_owned()];
    rows.push(heading.into_iter().chain(sites.iter().map(|site| plan.site(*site).name.clone())).collect());
    for step in plan.steps.iter().filter(|step| is_asked_for(step)) {
        let kind = step.action.resource_type().map_or("", short_type);
        let name = format!("{} {kind} {}", step.action.verb(), step.name);
        let before = usual.outcomes[step.id.index()];
        let cells = cut.iter().map(|cut| cell(before, cut.outcomes[step.id.index()]).to_owned());
        rows.push([name, plan.site(step.site).name.clone()].into_iter().chain(cells).collect());
    }
    for choice in &plan.choices {
        let index = choice.id.index();
        let cells = cut.iter().map(|cut| match cut.arms[index] {
            None => "none".to_owned(),
            arm if arm == usual.arms[index] => "-".to_owned(),
            Some(arm) => choice.arms[arm as usize].label.clone(),
        });
        rows.push([format!("choose {}", choice.key), String::new()].into_iter().chain(cells).collect());
    }
    let mut text = String::from("if this site is cut, from the start to the end of the run\n\n");
    table(&rows, &mut text);
    text.push_str(
        "\n-: as without the cut; waits: done when the site is back; left out: as the program says;\n",
    );
    text.push_str("fails: unavailable; tried: in an arm that is come to; a place: the arm that is taken\n");
    text
}

/// Columns as wide as their widest cell.
fn table(rows: &[Vec<String>], text: &mut String) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(&widths) {
            write!(line, "{cell:<width$}  ").expect("a String takes any text");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn cell(usual: Outcome, cut: Outcome) -> &'static str {
    match (usual, cut) {
        (usual, cut) if usual == cut => "-",
        (_, Outcome::Waits) => "waits",
        (_, Outcome::LeftOut) => "left out",
        (_, Outcome::Fails) => "fails",
        (_, Outcome::NotTried) => "not tried",
        (_, Outcome::Done) => "tried",
    }
}

/// What a person named: not the look-ups and transfers made for it.
fn is_asked_for(step: &Step) -> bool {
    match &step.action {
        Action::Ensure { .. } | Action::Call { .. } | Action::Delete { .. } => true,
        Action::Lookup { purpose, .. } => *purpose == Purpose::Existing,
        Action::Bring { .. } | Action::Choose { .. } | Action::Gather { .. } => false,
    }
}
