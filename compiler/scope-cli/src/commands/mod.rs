//! The commands, one file each.

mod accept;
mod again;
mod answers;
mod asked;
mod attach;
mod build;
mod check;
mod destroy;
mod detach;
mod doc;
mod drift;
mod driver;
mod exec;
mod explain;
mod fix;
mod fmt;
mod graph;
mod history;
mod hold;
pub mod hooks;
mod import;
mod lint;
mod logs;
mod place;
mod plan;
pub mod reach;
mod rebuild;
mod resume;
pub mod run;
mod saved;
pub mod sites;
mod sites_import;
mod state;
mod status;
mod survey;
mod test;
pub use test::Result as TestResult;
mod versions;
mod waiting;
mod watched;
mod why;

use scope_compiler::{Compilation, Extent, Options};
use scope_diagnostics::codes;
use scope_plan::recorded::Recorded;
use scope_runtime::state::Wish;

use crate::args::{self, Args, Command, Format, Given, Program};
use crate::output::{Output, note, say_error, say_help};
use crate::world::Disk;

/// As wished.
pub const OK: u8 = 0;
/// Something failed.
pub const FAILED: u8 = 1;
/// Differences.
pub const DIFFERENT: u8 = 2;
/// Program or arguments wrong, nothing sent.
pub const WRONG: u8 = 3;
/// The state is used by another run.
pub const LOCKED: u8 = 5;

/// Interrupted by the user; resumable.
pub const INTERRUPTED: u8 = 130;

/// Carries out a command; gives the exit code.
pub fn run(args: Args) -> u8 {
    // What goes on by itself leaves its document in a file, for whoever follows.
    let is_detached = matches!(&args.command, Command::Run(args::Run { detaching, .. }) | Command::Resume(args::Resume { detaching, .. }) if detaching.detached);
    let format = if is_detached { Format::Rich } else { args.format };
    let output = Output::new(format, args.color);
    let Ok(listening) = crate::trace::listen(&args.log, output.is_colored) else { return WRONG };
    let output = Output { is_live: output.is_live && !listening.is_on_stderr, ..output };
    match args.command {
        Command::Check(command) => check::run(&command, output),
        Command::Build(command) => build::run(&command, output),
        Command::Plan(command) => plan::run(&command, output),
        Command::Run(command) => run::run(&command, output),
        Command::Resume(command) => resume::run(&command, output),
        Command::Attach(command) => attach::run(&command, output),
        Command::Status(command) => status::run(&command),
        Command::History(command) => history::run(&command),
        Command::Logs(command) => logs::run(&command),
        Command::Import(command) => import::run(&command, output),
        Command::Why(command) => why::run(&command, output),
        Command::Drift(command) => drift::run(&command, output),
        Command::Destroy(command) => destroy::run(&command, output),
        Command::Hold(command) => hold::run(&command),
        Command::State(command) => state::run(&command, output),
        Command::Exec(command) => exec::run(&command, output),
        Command::Test(command) => test::run(&command, output),
        Command::Graph(command) => graph::run(&command, output),
        Command::Explain(command) => explain::run(&command),
        Command::Lint(command) => lint::run(&command, output),
        Command::Fix(command) => fix::run(&command, output),
        Command::Driver(command) => driver::run(&command, output),
        Command::Doc(command) => doc::run(&command, output),
        Command::Fmt(command) => fmt::run(&command, output),
        Command::Sites(command) => sites::run(&command, output),
        Command::Lsp => match scope_lsp::serve() {
            Ok(()) => OK,
            Err(error) => {
                note(&format!("scope lsp: {error}"));
                FAILED
            }
        },
    }
}

/// The wall clock, in milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// `--set NAME=VALUE` in two parts; `Err` says what is wrong.
fn options(program: &Program, recorded: Recorded) -> Result<Options, String> {
    Ok(Options {
        policies: program.policies.clone(),
        sequence: program.sequence.clone(),
        simulate: program.simulate,
        recorded,
        only: program.only.clone(),
        destroy: program.wish == Wish::Nothing,
        extent: program.extent.unwrap_or(Extent::Planned),
        ..given(&program.given)?
    })
}

/// What is given to a program, and nothing else said.
fn given(given: &Given) -> Result<Options, String> {
    let mut params = Vec::new();
    for given in &given.set {
        let Some((name, value)) = given.split_once('=') else {
            return Err(format!("`--set {given}` has no `=`: write `--set {given}=VALUE`"));
        };
        params.push((name.trim().to_string(), value.to_string()));
    }
    Ok(Options { params, param_files: given.params.clone(), entry: given.at.clone(), ..Options::default() })
}

/// Compiles and prints what was reported; `Err` is the exit code.
fn compile(program: &Program, recorded: Recorded, output: Output) -> Result<Compilation, u8> {
    shown(compiled(program, recorded, None)?, output)
}

/// What was compiled, if it can be gone on with; what was reported is printed.
fn shown(compilation: Compilation, output: Output) -> Result<Compilation, u8> {
    if output.compiled(&compilation) { Ok(compilation) } else { Err(WRONG) }
}

/// Compiles. With `is_left_alone` the sites are there: those that it is not true of are asked for their version, where the
/// program declares none and it matters.
fn compiled(
    program: &Program,
    recorded: Recorded,
    is_left_alone: Option<&dyn Fn(&str) -> bool>,
) -> Result<Compilation, u8> {
    let mut options = options(program, recorded).map_err(|message| {
        say_error(codes::E0980, &message);
        WRONG
    })?;
    let compile = |options: &Options| match program.wish {
        Wish::Command => scope_compiler::compile_command(&Disk, &program.file, &program.words, options),
        Wish::Program | Wish::Nothing => scope_compiler::compile(&Disk, &program.file, options),
    };
    let compilation = compile(&options);
    let Some(is_left_alone) = is_left_alone.filter(|_| !program.simulate) else { return Ok(compilation) };
    options.reported = versions::reported(&compilation, is_left_alone);
    if options.reported.is_empty() {
        return Ok(compilation);
    }
    Ok(compile(&options))
}

/// The plan of a program without errors.
fn plan_of(compilation: &Compilation) -> &scope_plan::plan::Plan {
    compilation.plan.as_ref().expect("a program without errors has a plan")
}

/// Writes what was made from a program, and never over that.
fn write_beside(compilation: &Compilation, path: &str, contents: &[u8]) -> Result<(), u8> {
    let same = |file: &str| match (std::fs::canonicalize(file), std::fs::canonicalize(path)) {
        (Ok(file), Ok(path)) => file == path,
        _ => false,
    };
    if compilation.sources.iter().any(|file| same(file.path())) {
        say_error(codes::E0981, &format!("`{path}` is a file of the program, and is not overwritten"));
        say_help("give `--out` another name, such as `plan.json`");
        return Err(WRONG);
    }
    write_file(path, contents)
}

/// Writes a file; says what is wrong on stderr.
fn write_file(path: &str, contents: &[u8]) -> Result<(), u8> {
    std::fs::write(path, contents).map_err(|error| {
        say_error(codes::E0981, &format!("`{path}` cannot be written: {error}"));
        FAILED
    })
}
