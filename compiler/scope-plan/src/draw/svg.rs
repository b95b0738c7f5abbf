//! SVG, whole in itself: sites are lanes, time goes from left to right, colours follow the reader's light or dark setting.
//!
//! [`shapes`] says what is drawn, [`layout`] where, this file how.

mod layout;
mod lines;
mod shapes;

use std::fmt::Write;

use self::layout::{LANE_PADDING, layout};
use self::lines::Line;
use self::shapes::{DEED_HEIGHT, NAME_HEIGHT, PADDING, ROW_HEIGHT, Shape, shape, text_width};
use super::shortened;
use crate::estimate;
use crate::plan::{Action, EdgeReason, Plan, Step};
use crate::text::{details, duration};

const TOP: f64 = 66.0;
const MARGIN: f64 = 16.0;
const LEGEND: f64 = 44.0;

const STYLE: &str = "
text { font-family: Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif; fill: #1f2933 }
.page { fill: #ffffff } .lane { fill: #f4f6f8 } .site { font-size: 15px; font-weight: 600 }
.title { font-size: 17px; font-weight: 600 } .quiet { font-size: 12px; fill: #5f6c7b }
.box { fill: #ffffff; stroke: #b6c2cf; stroke-width: 1 } .fallback { stroke-dasharray: 4 3 }
.deed { font-size: 11px; fill: #5f6c7b } .number { font-size: 10px; fill: #8494a5 }
.name { font-size: 13.5px; font-weight: 600 } .note { font-size: 11px; fill: #5f6c7b }
.rule { stroke: #d9e0e7; stroke-width: 1 }
.lookup { fill: #7b8794 } .ensure { fill: #2f855a } .bring { fill: #6b46c1 } .call { fill: #b7791f }
.delete { fill: #c53030 } .join { fill: #2b6cb0 }
.line { fill: none; stroke: #52606d; stroke-width: 1.4 } .head { fill: #52606d }
.after { stroke-dasharray: 6 4 } .relation { stroke-dasharray: 8 3 1.5 3 } .settled { stroke-dasharray: 1.5 3.5 }
@media (prefers-color-scheme: dark) {
text { fill: #e4e9ee } .page { fill: #14181d } .lane { fill: #1c2229 } .quiet, .deed, .note { fill: #9fb0c0 }
.number { fill: #7d8d9c } .box { fill: #252c35; stroke: #465362 } .rule { stroke: #384552 }
.lookup { fill: #94a3b3 } .ensure { fill: #48bb78 } .bring { fill: #a78bfa } .call { fill: #ecc04b }
.delete { fill: #f56565 } .join { fill: #63b3ed } .line { stroke: #9fb0c0 } .head { fill: #9fb0c0 }
}
";

/// See above. Ends with a newline.
pub fn to_svg(plan: &Plan) -> String {
    let shapes: Vec<Shape> = plan.steps.iter().map(|step| shape(plan, step)).collect();
    let sites = plan.sites.iter().map(|site| text_width(&shortened(&site.name, 24), 15.0) * 1.08);
    let label = sites.fold(60.0, f64::max).ceil();
    let left = MARGIN + LANE_PADDING + label + 24.0;
    let layout = layout(plan, &shapes, left, TOP);
    let title = shortened(if plan.program.file.is_empty() { "plan" } else { &plan.program.file }, 60);
    let facts = facts(plan);
    let least = [text_width(&title, 17.0) * 1.08, text_width(&facts, 12.0), 620.0];
    let width = least.into_iter().fold(layout.width, |width, text| width.max(text + MARGIN)) + MARGIN;
    let height = layout.height + LEGEND;

    let mut svg = String::new();
    let mut write = |line: &str| {
        svg.push_str(line);
        svg.push('\n');
    };
    write(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} \
         {height:.0}\" role=\"img\">"
    ));
    write(&format!("<title>{}</title>", escaped(&title)));
    write(&format!("<style>{STYLE}</style>"));
    write(&format!("<rect class=\"page\" width=\"{width:.0}\" height=\"{height:.0}\"/>"));
    write(&text("title", MARGIN, 28.0, &title));
    write(&text("quiet", MARGIN, 48.0, &facts));
    for lane in &layout.lanes {
        write(&format!(
            "<rect class=\"lane\" x=\"{MARGIN}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"8\"/>",
            lane.top,
            width - 2.0 * MARGIN,
            lane.height
        ));
        let site = plan.site(lane.site);
        let middle = lane.top + lane.height / 2.0;
        write(&text("site", MARGIN + LANE_PADDING, middle + 5.0, &shortened(&site.name, 24)));
        if plan.program.entry == Some(lane.site) {
            write(&text("quiet", MARGIN + LANE_PADDING, middle + 22.0, "entry"));
        }
    }
    layout.lines.iter().for_each(|line| write(&path(line)));
    for (step, (shape, corner)) in plan.steps.iter().zip(shapes.iter().zip(&layout.boxes)) {
        let column =
            layout.layers.iter().find(|(x, _)| x == &corner.0).map_or(shape.width, |(_, width)| *width);
        write(&step_box(plan, step, shape, *corner, column));
    }
    write(&legend(layout.height + 28.0));
    write("</svg>");
    svg
}

fn facts(plan: &Plan) -> String {
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let time = duration(estimate::plan_ms(plan));
    format!("{}, {}, about {time}", counted(plan.sites.len(), "site"), counted(plan.steps.len(), "step"))
}

fn step_box(plan: &Plan, step: &Step, shape: &Shape, (x, y): (f64, f64), width: f64) -> String {
    let class = match &step.action {
        Action::Lookup { .. } => "lookup",
        Action::Ensure { .. } => "ensure",
        Action::Bring { .. } => "bring",
        Action::Call { .. } => "call",
        Action::Delete { .. } => "delete",
        Action::Protect { .. } => "lookup",
        Action::Choose { .. } | Action::Gather { .. } | Action::Gate { .. } => "join",
    };
    let is_fallback = !step.when.is_empty() && step.when.iter().all(|guard| guard.arm > 0);
    let frame = if is_fallback { "box fallback" } else { "box" };
    let tooltip =
        format!("{} {} {}, line {}", shape.number, step.name, details(plan, step), step.origin.line);
    let mut svg = String::from("<g>");
    let mut write = |part: String| svg.push_str(&part);
    write(format!("<title>{}</title>", escaped(tooltip.trim())));
    write(format!(
        "<rect class=\"{frame}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"6\"/>",
        shape.height
    ));
    write(format!(
        "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"3\" height=\"{:.1}\" rx=\"1.5\"/>",
        x + 4.0,
        y + 6.0,
        shape.height - 12.0
    ));
    let inner = x + PADDING + 2.0;
    write(text("deed", inner, y + 18.0, &shape.deed));
    write(format!(
        "<text class=\"number\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        x + width - PADDING + 2.0,
        y + 18.0,
        shape.number
    ));
    write(text("name", inner, y + 6.0 + DEED_HEIGHT + 14.0, &shape.name));
    let mut below = y + 6.0 + DEED_HEIGHT + NAME_HEIGHT;
    for note in &shape.notes {
        write(text("note", inner, below + 12.5, note));
        below += ROW_HEIGHT;
    }
    for row in &shape.rows {
        write(format!(
            "<line class=\"rule\" x1=\"{:.1}\" y1=\"{below:.1}\" x2=\"{:.1}\" y2=\"{below:.1}\"/>",
            inner,
            x + width - PADDING + 2.0
        ));
        write(text("note", inner, below + 12.5, row));
        below += ROW_HEIGHT;
    }
    svg.push_str("</g>");
    svg
}

fn path(line: &Line) -> String {
    let class = match line.reason {
        EdgeReason::Data => "line",
        EdgeReason::After | EdgeReason::Wave => "line after",
        EdgeReason::Relation | EdgeReason::Move | EdgeReason::Guard => "line relation",
        EdgeReason::Settled => "line settled",
    };
    let (first, rest) = line.points.split_first().expect("a line has ends");
    let mut d = format!("M{:.1} {:.1}", first.0, first.1);
    let mut at = *first;
    // Points come in pairs: a bend to where a layer begins, then level to where it ends.
    for (position, point) in rest.iter().enumerate() {
        let is_last = position + 1 == rest.len();
        let end = if is_last { (point.0 - 6.0, point.1) } else { *point };
        if position % 2 == 0 {
            let half = (end.0 - at.0) / 2.0;
            write!(
                d,
                " C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                at.0 + half,
                at.1,
                end.0 - half,
                end.1,
                end.0,
                end.1
            )
            .expect("a String takes any text");
        } else {
            write!(d, " L{:.1} {:.1}", end.0, end.1).expect("a String takes any text");
        }
        at = end;
    }
    let (tip, y) = line.points[line.points.len() - 1];
    format!(
        "<path class=\"{class}\" d=\"{d}\"/><path class=\"head\" d=\"M{tip:.1} {y:.1} l-8 -3.6 v7.2 z\"/>"
    )
}

fn legend(y: f64) -> String {
    let entries = [
        ("line", "its output is used"),
        ("line after", "after"),
        ("line relation", "relies on"),
        ("line settled", "waits until settled"),
    ];
    let mut svg = String::from("<g>");
    let mut x = MARGIN;
    for (class, label) in entries {
        write!(svg, "<path class=\"{class}\" d=\"M{x:.1} {:.1} h34\"/>", y - 4.0)
            .expect("a String takes any text");
        svg.push_str(&text("quiet", x + 42.0, y, label));
        x += 42.0 + text_width(label, 12.0) + 24.0;
    }
    svg.push_str("<rect class=\"box fallback\" ");
    write!(svg, "x=\"{x:.1}\" y=\"{:.1}\" width=\"26\" height=\"14\" rx=\"4\"/>", y - 11.0)
        .expect("a String takes any text");
    svg.push_str(&text("quiet", x + 34.0, y, "not the first arm"));
    svg.push_str("</g>");
    svg
}

fn text(class: &str, x: f64, y: f64, content: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(content))
}

/// Text as XML takes it: no markup, no characters that XML 1.0 has none of.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
