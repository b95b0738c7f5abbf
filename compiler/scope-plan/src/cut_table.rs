//! The table *step × cut site → what happens*, for people: `scope plan --cuts`.
//!
//! ```
//! use scope_plan::cuts::Cuts;
//! use scope_plan::{cut_table, testing};
//!
//! let table = cut_table::to_text(&Cuts::new(&testing::both()), &Default::default());
//! assert!(table.contains("nantes"), "{table}");
//! ```
//!
//! A row is a step that the program asks for, at its site, or a `|` with the arm that is taken; a column is a site that
//! cannot be reached for the whole run. `-` is as without the cut. Of more sites than fit beside each other there is a
//! paragraph each, with what differs from a run without the cut; sites of which the same is to be said share one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;

use crate::cuts::{self, Cut, Cuts, Outcome};
use crate::fleet::{self, Rows};
use crate::plan::{Choice, Plan, SiteId, Step, StepId};
use crate::text::{duration, short_type};

/// So many columns are read beside each other.
const MOST_COLUMNS: usize = 8;

/// As without the cut.
const SAME: &str = "-";

/// See above, of a plan and a run that leaves these sites out. Ends with a newline.
pub fn to_text(cuts: &Cuts<'_>, left_out: &BTreeSet<SiteId>) -> String {
    let plan = cuts.plan();
    let usual = cuts.usual();
    let told = Told::of(plan, left_out);
    let Told { sites, .. } = &told;
    let rows = told.heads(plan);
    let mut text = String::from("if this site is cut, from the start to the end of the run\n\n");
    if sites.len() <= MOST_COLUMNS {
        let columns: Vec<Vec<Cow<'_, str>>> =
            sites.iter().map(|site| told.column(&usual, &cuts.cut(*site))).collect();
        let names = sites.iter().map(|site| plan.site(*site).name.clone());
        let mut shown: Rows = vec![["step".to_owned(), "at".to_owned()].into_iter().chain(names).collect()];
        shown.extend(rows.into_iter().enumerate().map(|(index, [name, site])| {
            let cells = columns.iter().map(|column| column[index].clone().into_owned());
            [name, site].into_iter().chain(cells).collect()
        }));
        table(&shown, &mut text);
    } else {
        let said = sites.iter().map(|site| {
            let column = told.column(&usual, &cuts.cut(*site));
            let differing = rows.iter().zip(column).filter(|(_, cell)| cell != SAME);
            let cells = differing.map(|([name, at], cell)| vec![name.clone(), at.clone(), cell.into_owned()]);
            (plan.site(*site).name.as_str(), cells.collect())
        });
        for group in fleet::fold(said.collect()) {
            writeln!(text, "{}", fleet::listed(&group.sites)).expect("a String takes any text");
            match group.rows.is_empty() {
                true => writeln!(text, "  {SAME}").expect("a String takes any text"),
                false => table(&group.rows, &mut text),
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len() + 1);
    }
    text.push_str(
        "\n-: as without the cut; waits: done when the site is back; left out: as the program says;\n",
    );
    if text.contains("held back") {
        text.push_str("held back: too much of the waves before it fails;\n");
    }
    if text.contains("undone") {
        text.push_str(
            "undone: what this run makes is deleted again, as its alternative or its resource fails;\n",
        );
    }
    text.push_str("fails: unavailable; tried: in an arm that is come to; a place: the arm that is taken\n");
    text
}

/// A row of the table, for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CutRow {
    /// `ensure server vm`, `choose nantes | paris of back`
    pub step: String,
    /// Its site; of a choice none.
    pub site: Option<String>,
    /// What becomes of it, by the site that is cut: the same words.
    pub cut: BTreeMap<String, String>,
}

/// The same as data: every step and choice, and what becomes of it for each site.
pub fn rows(cuts: &Cuts<'_>, left_out: &BTreeSet<SiteId>) -> Vec<CutRow> {
    let plan = cuts.plan();
    let usual = cuts.usual();
    let told = Told::of(plan, left_out);
    let columns: Vec<(&str, Vec<String>)> = told
        .sites
        .iter()
        .map(|site| {
            let cut = cuts.cut(*site);
            let cells = told.column(&usual, &cut).into_iter().map(Cow::into_owned).collect();
            (plan.site(*site).name.as_str(), cells)
        })
        .collect();
    let heads = told.heads(plan).into_iter().enumerate();
    heads
        .map(|(index, [step, site])| CutRow {
            step,
            site: (!site.is_empty()).then_some(site),
            cut: columns.iter().map(|(name, cells)| ((*name).to_owned(), cells[index].clone())).collect(),
        })
        .collect()
}

/// What the table tells of.
struct Told<'p> {
    steps: Vec<&'p Step>,
    choices: Vec<&'p Choice>,
    /// The columns.
    sites: BTreeSet<SiteId>,
}

impl<'p> Told<'p> {
    /// What these sites would have to do is not, nor what is made from it, nor a choice that begins with it.
    fn of(plan: &'p Plan, left_out: &BTreeSet<SiteId>) -> Self {
        let not_asked = cuts::left_out(plan, left_out);
        let is_asked = |step: &StepId| !not_asked.contains(step);
        let steps = plan.steps.iter().filter(|step| cuts::is_of_interest(step) && is_asked(&step.id));
        let begins_here = |choice: &&Choice| {
            let first = &choice.arms[choice.recorded.unwrap_or(0) as usize];
            first.members.iter().all(is_asked)
        };
        let sites = plan.steps.iter().map(|step| step.site).filter(|site| !left_out.contains(site));
        Self {
            steps: steps.collect(),
            choices: plan.choices.iter().filter(begins_here).collect(),
            sites: sites.collect(),
        }
    }

    /// Of each row, a step and its site, or a choice.
    fn heads(&self, plan: &Plan) -> Vec<[String; 2]> {
        let steps = self.steps.iter().map(|step| {
            let kind = step.action.resource_type().map_or("", short_type);
            [format!("{} {kind} {}", step.action.verb(), step.name), plan.site(step.site).name.clone()]
        });
        // As it is written, not as it is recorded: of `back`, `back` itself and `nantes | paris of back`.
        let choices = self
            .choices
            .iter()
            .map(|choice| [format!("choose {}", choice.label.replace('`', "")), String::new()]);
        steps.chain(choices).collect()
    }

    /// A cell for each row.
    fn column(&self, usual: &Cut, cut: &Cut) -> Vec<Cow<'p, str>> {
        let arm = |choice: &&'p Choice| match cut.arms[choice.id.index()] {
            None => "none".into(),
            arm if arm == usual.arms[choice.id.index()] => SAME.into(),
            Some(arm) => choice.arms[arm as usize].label.as_str().into(),
        };
        let steps = self.steps.iter().map(|step| cell(usual, cut, step));
        steps.chain(self.choices.iter().map(arm)).collect()
    }
}

/// Columns as wide as their widest cell.
fn table(rows: &Rows, text: &mut String) {
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

fn cell(usual: &Cut, cut: &Cut, step: &Step) -> Cow<'static, str> {
    let word = match (usual.outcomes[step.id.index()], cut.outcomes[step.id.index()]) {
        (usual, cut) if usual == cut => SAME,
        (_, Outcome::Waits) => match cut.at_most_ms.get(&step.id) {
            Some(time) => return format!("waits {}, then fails", duration(*time)).into(),
            None => "waits",
        },
        (_, Outcome::LeftOut) => "left out",
        (_, Outcome::HeldBack) => "held back",
        (_, Outcome::Fails) => "fails",
        (_, Outcome::NotTried) => "not tried",
        (_, Outcome::Undone) => "undone",
        (_, Outcome::Done) => "tried",
    };
    word.into()
}
