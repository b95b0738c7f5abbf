//! `scope explain E0203`: the page of a code.

use scope_diagnostics::codes;

use super::{OK, WRONG};
use crate::args::Explain;
use crate::output::{line, note};

pub fn run(command: &Explain) -> u8 {
    let Some(name) = &command.code else {
        for code in codes::all() {
            line(&format!("{code}  {}", code.title()));
        }
        return OK;
    };
    match codes::find(name) {
        Some(code) => {
            line(code.markdown().trim_end());
            OK
        }
        None => {
            note(&format!("error: there is no code `{name}`"));
            match codes::nearest(name) {
                Some(nearest) => note(&format!("help: did you mean {nearest}?")),
                None => note("help: `scope explain` lists all of them"),
            }
            WRONG
        }
    }
}
