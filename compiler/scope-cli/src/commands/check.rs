//! `scope check`: every report, nothing else.

use scope_plan::recorded::Recorded;

use super::OK;
use crate::args::{Check, Format};
use crate::output::{Output, line};
use crate::show::plural;

pub fn run(command: &Check, output: Output) -> u8 {
    match super::compile(&command.program, Recorded::default(), output) {
        Ok(compilation) => {
            if output.format == Format::Rich {
                let program = &compilation.program;
                line(&format!(
                    "{}: {}, {}",
                    command.program.file,
                    plural(program.resources.len(), "request"),
                    plural(program.sites.len(), "site")
                ));
            }
            OK
        }
        Err(code) => code,
    }
}
