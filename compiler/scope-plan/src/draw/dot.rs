//! DOT: a cluster for each site.
//!
//! `digraph plan { subgraph cluster_0 { label="nantes"; s0 [label="ensure book\nemma"]; } s0 -> s1 [style=solid]; }`

use std::fmt::Write;

use super::{arms, deed, object};
use crate::plan::{Action, EdgeReason, Plan, SiteId};

/// See above. Ends with a newline.
pub fn to_dot(plan: &Plan) -> String {
    let mut text = String::from(
        "digraph plan {\n  rankdir=LR;\n  fontname=\"Helvetica\";\n  node [fontname=\"Helvetica\", fontsize=11, \
         shape=box, style=rounded];\n  edge [fontname=\"Helvetica\", fontsize=9];\n",
    );
    let mut write = |line: String| writeln!(text, "{line}").expect("a String takes any text");
    for position in 0..plan.sites.len() {
        let site = SiteId(position as u32);
        let mut steps = plan.steps.iter().filter(|step| step.site == site).peekable();
        if steps.peek().is_none() {
            continue;
        }
        write(format!("  subgraph cluster_{position} {{"));
        write(format!("    label={}; color=gray;", quoted(&plan.site(site).name)));
        for step in steps {
            let lines = [Some(deed(step)), Some(step.name.clone()), object(step), arms(plan, step)];
            let label = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
            let shape = match step.action {
                Action::Choose { .. } => ", shape=diamond, style=solid",
                Action::Gather { .. } => ", shape=hexagon, style=solid",
                Action::Gate { .. } => ", shape=octagon, style=solid",
                _ if !step.when.is_empty() => ", style=\"rounded,dashed\"",
                _ => "",
            };
            write(format!("    s{} [label={}{shape}];", step.id.0, quoted(&label)));
        }
        write("  }".to_owned());
    }
    for edge in &plan.edges {
        let style = match edge.reason {
            EdgeReason::Data => "solid",
            EdgeReason::After | EdgeReason::Wave => "dashed",
            EdgeReason::Relation | EdgeReason::Move | EdgeReason::Guard => "dashed, color=gray",
            EdgeReason::Settled => "dotted",
        };
        let label = match &plan.step(edge.to).action {
            Action::Choose { choice, results } if edge.reason == EdgeReason::Settled => {
                let labels = results.iter().zip(&plan.choice(*choice).arms);
                let labels: Vec<&str> = labels
                    .filter(|(result, _)| **result == edge.from)
                    .map(|(_, arm)| arm.label.as_str())
                    .collect();
                format!(", label={}", quoted(&labels.join(", ")))
            }
            _ => String::new(),
        };
        write(format!("  s{} -> s{} [style={style}{label}];", edge.from.0, edge.to.0));
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            other if other.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
