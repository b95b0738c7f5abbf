//! Drawings of a plan, grouped by site: DOT for Graphviz, Mermaid for Markdown, and an SVG laid out here that needs nothing.
//!
//! A solid line is data, a dashed one an `after`, a dash-dotted one a relation, a dotted one waits until the other has
//! settled, well or not.

mod dot;
mod mermaid;
mod svg;

use crate::expr::Expr;
use crate::plan::{Action, Plan, Step};
use crate::text::short_type;

pub use dot::to_dot;
pub use mermaid::to_mermaid;
pub use svg::to_svg;

/// What a step does: `ensure book`, `choose`.
fn deed(step: &Step) -> String {
    match step.action.resource_type() {
        Some(resource_type) => format!("{} {}", step.action.verb(), short_type(resource_type)),
        None => step.action.verb().to_owned(),
    }
}

/// The arms it stands in: `loan.book: paris`.
fn arms(plan: &Plan, step: &Step) -> Option<String> {
    let arms: Vec<String> = step
        .when
        .iter()
        .map(|guard| {
            let choice = plan.choice(guard.choice);
            format!("{}: {}", choice.label.replace('`', ""), choice.arms[guard.arm as usize].label)
        })
        .collect();
    (!arms.is_empty()).then(|| arms.join(", "))
}

/// What tells it from others of its name: what a look-up looks for.
fn object(step: &Step) -> Option<String> {
    match &step.action {
        Action::Lookup { text: Some(Expr::Value(serde_json::Value::String(text))), .. } => {
            Some(format!("“{text}”"))
        }
        _ => None,
    }
}

/// At most so many characters, the last `…` where some are left out.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}
