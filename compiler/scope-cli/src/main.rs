//! `scope`: the command line, the rim of the system.
//!
//! Comes in: arguments, files, environment variables. Goes out: reports on stdout, progress and diagnostics on stderr,
//! files, and an exit code: 0 as wished, 1 something failed, 2 differences, 3 program or arguments wrong (nothing was
//! sent), 4 ended with parked work, 5 state locked, 130 interrupted.

mod args;
mod commands;
mod doc;
mod files;
mod output;
mod show;
mod trace;
mod world;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { commands::WRONG } else { 0 };
            // A closed pipe is no reason to panic.
            let _ = error.print();
            if code == commands::WRONG {
                output::document::refused(std::env::args(), &error.to_string());
            }
            return ExitCode::from(code);
        }
    };
    let code = commands::run(args);
    output::document::end();
    ExitCode::from(code)
}
