//! `scope graph`: the plan as a drawing.

use scope_plan::draw::{to_dot, to_mermaid, to_svg};
use scope_plan::recorded::Recorded;

use super::OK;
use crate::args::{Drawing, Graph};
use crate::output::{Output, line};

pub fn run(command: &Graph, output: Output) -> u8 {
    let compilation = match super::compile(&command.program.with(&command.of), Recorded::default(), output) {
        Ok(compilation) => compilation,
        Err(code) => return code,
    };
    let plan = super::plan_of(&compilation);
    let text = match command.to {
        Drawing::Dot => to_dot(plan),
        Drawing::Mermaid => to_mermaid(plan),
        Drawing::Svg => to_svg(plan),
    };
    match &command.out {
        Some(path) => match super::write_file(path, text.as_bytes()) {
            Ok(()) => OK,
            Err(code) => code,
        },
        None => {
            line(text.trim_end());
            OK
        }
    }
}
