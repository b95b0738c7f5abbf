//! `scope graph`: the plan as a drawing.

use scope_plan::draw::{to_dot, to_mermaid, to_svg};
use scope_plan::recorded::Recorded;

use serde_json::json;

use super::OK;
use crate::args::{Drawing, Graph};
use crate::output::{Output, document, verbatim};

pub fn run(command: &Graph, output: Output) -> u8 {
    let compilation = match super::compile(&command.program.with(&command.of), Recorded::default(), output) {
        Ok(compilation) => compilation,
        Err(code) => return code,
    };
    let plan = super::plan_of(&compilation);
    let (form, text) = match command.to {
        Drawing::Dot => ("dot", to_dot(plan)),
        Drawing::Mermaid => ("mermaid", to_mermaid(plan)),
        Drawing::Svg => ("svg", to_svg(plan)),
    };
    document::tell(
        "scope-graph/1",
        json!({ "to": form, "out": command.out, "text": command.out.is_none().then_some(&text) }),
    );
    match &command.out {
        Some(path) => match super::write_beside(&compilation, path, text.as_bytes()) {
            Ok(()) => OK,
            Err(code) => code,
        },
        None => {
            verbatim(text.trim_end());
            OK
        }
    }
}
