//! `scope check`: every report, nothing else.

use scope_plan::recorded::Recorded;

use super::OK;
use crate::args::{Check, Format};
use crate::output::{Output, line};

pub fn run(command: &Check, output: Output) -> u8 {
    match super::compile(&command.program, Recorded::default(), output) {
        Ok(compilation) => {
            if output.format == Format::Rich {
                let program = &compilation.program;
                let plural =
                    |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
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
