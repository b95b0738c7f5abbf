//! `scope check`: every report, nothing else.

use scope_compiler::{Compilation, Extent};
use scope_plan::recorded::Recorded;

use super::OK;
use crate::args::{Check, Format, Program};
use crate::output::{Output, line};
use crate::show::plural;

pub fn run(command: &Check, output: Output) -> u8 {
    let program = Program { extent: Some(Extent::Module), ..command.program.clone() };
    match super::compile(&program, Recorded::default(), output) {
        Ok(compilation) => {
            if output.format == Format::Rich {
                line(&format!("{}: {}", program.file, summary(&compilation)));
            }
            OK
        }
        Err(code) => code,
    }
}

fn summary(compilation: &Compilation) -> String {
    let program = &compilation.program;
    match compilation.is_module {
        true => "a module; what imports it gives its parameters".to_owned(),
        false => {
            format!("{}, {}", plural(program.resources.len(), "request"), plural(program.sites.len(), "site"))
        }
    }
}
