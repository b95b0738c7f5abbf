//! What is to be placed: a box for each step with its lines of text, and how wide text gets.
//!
//! `look up book` / `loan.book` / `“Emma”` → a box of 3 lines, as wide as the widest.

use super::super::{arms, deed, object, shortened};
use crate::plan::{Action, Plan, Step};

/// The longest line of a box, in characters; the whole is in its tooltip.
const LONGEST: usize = 34;
/// Around the text.
pub const PADDING: f64 = 12.0;
/// The heights of the first line, of the name, of each line below.
pub const DEED_HEIGHT: f64 = 16.0;
pub const NAME_HEIGHT: f64 = 20.0;
pub const ROW_HEIGHT: f64 = 17.0;

/// A step's box.
pub struct Shape {
    /// `ensure book`
    pub deed: String,
    /// Its number: `#4`.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Below the name: what it looks for, the arms it stands in.
    pub notes: Vec<String>,
    /// Of a `choose` and a `gather`: one row for each incoming edge, in its order.
    pub rows: Vec<String>,
    pub width: f64,
    pub height: f64,
}

/// The box of a step.
pub fn shape(plan: &Plan, step: &Step) -> Shape {
    let deed = shortened(&deed(step), LONGEST);
    let number = format!("#{}", step.id.0);
    let name = shortened(&step.name, LONGEST);
    let in_arms = arms(plan, step).map(|arms| format!("in {arms}"));
    let notes: Vec<String> =
        [object(step), in_arms].into_iter().flatten().map(|note| shortened(&note, LONGEST + 4)).collect();
    let rows: Vec<String> = match &step.action {
        Action::Choose { choice, .. } => {
            plan.choice(*choice).arms.iter().map(|arm| arm.label.clone()).collect()
        }
        Action::Gather { parts, .. } => {
            let parts = parts.iter().map(|(site, part)| (plan.site(*site).name.clone(), *part));
            let (mut rows, known): (Vec<String>, Vec<_>) = parts.unzip();
            let others = step.action.sources().into_iter().filter(|source| !known.contains(source));
            rows.extend(others.map(|other| plan.step(other).name.clone()));
            rows
        }
        _ => Vec::new(),
    };
    let rows: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(position, row)| match step.action {
            Action::Choose { .. } => shortened(&format!("{}. {row}", position + 1), LONGEST),
            _ => shortened(row, LONGEST),
        })
        .collect();
    let head = text_width(&deed, 11.0) + 14.0 + text_width(&number, 10.0);
    let lines = notes.iter().chain(&rows).map(|line| text_width(line, 11.0));
    let widest = lines.fold(head.max(text_width(&name, 13.5) * 1.06), f64::max);
    let below = (notes.len() + rows.len()) as f64 * ROW_HEIGHT;
    let width = (widest + 2.0 * PADDING).max(120.0).ceil();
    Shape { deed, number, name, notes, rows, width, height: 12.0 + DEED_HEIGHT + NAME_HEIGHT + below }
}

/// How wide a text gets at most at a size, in any of the fonts asked for: by classes of letters of a wide one.
pub fn text_width(text: &str, size: f64) -> f64 {
    let em: f64 = text
        .chars()
        .map(|character| match character {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '·' => 0.33,
            'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | ' ' | '-' | '“' | '”' | '"' => 0.43,
            'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.98,
            'a'..='z' | '0'..='9' | '_' => 0.63,
            '\u{1100}'.. => 1.05,
            _ => 0.74,
        })
        .sum();
    em * size
}

impl Shape {
    /// Where the middle of a row is, from the top of the box.
    pub fn row_middle(&self, row: usize) -> f64 {
        6.0 + DEED_HEIGHT + NAME_HEIGHT + (self.notes.len() + row) as f64 * ROW_HEIGHT + ROW_HEIGHT / 2.0
    }
}
