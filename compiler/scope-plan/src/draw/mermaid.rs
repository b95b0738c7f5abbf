//! Mermaid: a flow chart with a subgraph for each site, as forges show it in Markdown.
//!
//! `flowchart LR` / `subgraph site0 ["nantes"]` / `s0["ensure book<br/>emma"]` / `end` / `s0 --> s1`

use std::fmt::Write;

use super::{arms, deed, object};
use crate::plan::{Action, EdgeReason, Plan, SiteId};

/// See above. Ends with a newline.
pub fn to_mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    let mut write = |line: String| writeln!(text, "{line}").expect("a String takes any text");
    for position in 0..plan.sites.len() {
        let site = SiteId(position as u32);
        let mut steps = plan.steps.iter().filter(|step| step.site == site).peekable();
        if steps.peek().is_none() {
            continue;
        }
        write(format!("  subgraph site{position} [\"{}\"]", escaped(&plan.site(site).name)));
        for step in steps {
            let lines = [Some(deed(step)), Some(step.name.clone()), object(step), arms(plan, step)];
            let lines: Vec<String> = lines.into_iter().flatten().map(|line| escaped(&line)).collect();
            let (open, close) = match step.action {
                Action::Choose { .. } => ("{\"", "\"}"),
                Action::Gather { .. } | Action::Gate { .. } => ("{{\"", "\"}}"),
                _ => ("[\"", "\"]"),
            };
            write(format!("    s{}{open}{}{close}", step.id.0, lines.join("<br/>")));
        }
        write("  end".to_owned());
    }
    let mut order_edges = Vec::new();
    for (position, edge) in plan.edges.iter().enumerate() {
        let arrow = match edge.reason {
            EdgeReason::Data => "-->",
            EdgeReason::After
            | EdgeReason::Relation
            | EdgeReason::Wave
            | EdgeReason::Move
            | EdgeReason::Guard => {
                order_edges.push(position.to_string());
                "-->"
            }
            EdgeReason::Settled => "-.->",
        };
        let label = match &plan.step(edge.to).action {
            Action::Choose { choice, results } if edge.reason == EdgeReason::Settled => {
                let labels = results.iter().zip(&plan.choice(*choice).arms);
                let labels: Vec<String> = labels
                    .filter(|(result, _)| **result == edge.from)
                    .map(|(_, arm)| escaped(&arm.label))
                    .collect();
                format!("|\"{}\"|", labels.join(", "))
            }
            _ => String::new(),
        };
        write(format!("  s{} {arrow}{label} s{}", edge.from.0, edge.to.0));
    }
    if !order_edges.is_empty() {
        write(format!("  linkStyle {} stroke-dasharray:6 4", order_edges.join(",")));
    }
    text
}

/// Entities for what Mermaid or HTML would read: `"` is `#quot;`.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("#quot;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '&' => escaped.push_str("#amp;"),
            '#' => escaped.push_str("#35;"),
            '`' => escaped.push_str("#96;"),
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
