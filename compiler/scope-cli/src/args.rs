//! The arguments of `scope`, as clap reads them.

mod driver;
mod past;
mod planning;
mod running;
mod sites;
mod state;
mod texts;
mod watch;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use scope_compiler::Extent;
use scope_runtime::state::Wish;

pub use driver::{Driver, DriverAction, DriverImport};
pub use past::{Attach, Destroy, Drift, History, Hold, Import, Logs, Place, Rebuild, Resume, Status, Why};
pub use planning::{Build, Drawing, Graph, Plan};
pub use running::{About, Detaching, Events, Exec, How, MAX_DELETE, Run, Telling, Test};
pub use sites::{Sites, SitesAction, SitesImport};
pub use state::{State, StateCommand};
pub use texts::{Check, Doc, Explain, Fix, Fmt, Lint};
pub use watch::{Log, Watch};

/// One program for services on many sites.
#[derive(Debug, Parser)]
#[command(
    name = "scope",
    version,
    about = "Checks, plans and runs Scope-Lang programs: one request, several autonomous sites",
    after_help = "Exit codes: 0 as wished, 1 failed, 2 differences, 3 program or arguments wrong (nothing sent), \
                  4 ended with parked work, 5 state locked, 130 interrupted"
)]
pub struct Args {
    /// How diagnostics are printed.
    #[arg(long, value_enum, default_value_t = Format::Rich, global = true)]
    pub format: Format,
    /// Colour: by default where stderr is a terminal.
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,
    /// What is said of the inside.
    #[command(flatten)]
    pub log: Log,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Forms of diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With the source, for people.
    Rich,
    /// One line each, for editors and CI.
    Short,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a program; touches no site and no network.
    Check(Check),
    /// Compile a program to a plan (JSON), or to files of a target.
    Build(Build),
    /// Show what a run would do, by site.
    Plan(Plan),
    /// Run a program.
    Run(Run),
    /// Go on with a run that did not end as wished.
    Resume(Resume),
    /// Follow a run that was detached.
    Attach(Attach),
    /// Where a deployment is: by site, and what to do next.
    Status(Status),
    /// The runs of a deployment.
    History(History),
    /// What happened to a step in a run.
    Logs(Logs),
    /// Why a resource is at a site, or is not.
    Why(Why),
    /// What is not as the program says, because somebody else changed it; changes nothing.
    Drift(Drift),
    /// Take over a resource that is at a site already, and write the program's text for it.
    Import(Import),
    /// Delete what a program made, users before what they use.
    Destroy(Destroy),
    /// Let every run leave a site alone for a while.
    Hold(Hold),
    /// The state as a whole: look where it is, free its lock, copy it elsewhere, make a lost one anew.
    State(State),
    /// Run one native command with its scope, or a sequence of the program.
    Exec(Exec),
    /// Play the tests of programs on simulated sites, in virtual time.
    Test(Test),
    /// Draw the plan.
    Graph(Graph),
    /// Explain an error code.
    Explain(Explain),
    /// Reach every site and print what answers.
    Sites(Sites),
    /// Check programs, and what is allowed in them and probably not meant.
    Lint(Lint),
    /// Apply the fixes of reports that a machine can apply safely.
    Fix(Fix),
    /// Check drivers, and make types for them from published schemas.
    Driver(Driver),
    /// Write HTML pages of a program or a driver.
    Doc(Doc),
    /// Format programs in the one style of the language.
    Fmt(Fmt),
    /// Start the language server on stdin and stdout.
    Lsp,
}

/// A program and what is given to it.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Program {
    /// The `.scope` file.
    pub file: String,
    /// What is given to it.
    #[command(flatten)]
    pub given: Given,
    /// Only this resource, group or family, and what it needs; `*` stands for any part: `lab.*`. The others stay as they are.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// For simulated sites: no network, no secrets, no configuration files of clients, no state; time is virtual.
    #[arg(long)]
    pub simulate: bool,
    /// Keep to the rules of this file too; may be given several times.
    #[arg(long = "policy", value_name = "FILE")]
    pub policies: Vec<String>,
    /// Of the program, only this sequence: said by the commands that can.
    #[arg(skip)]
    pub sequence: Option<String>,
    /// What is asked for: said by the commands that ask for something else than the program.
    #[arg(skip)]
    pub wish: Wish,
    /// How much of its files is checked: said by the commands that only check; others need what a plan is made of.
    #[arg(skip)]
    pub extent: Option<Extent>,
    /// The words of one native command, where that is asked for.
    #[arg(skip)]
    pub words: Vec<String>,
}

/// What a program does not say itself.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Given {
    /// Give a parameter its value.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Take parameters from a YAML or JSON file; `--set` goes before it, a later file before an earlier one.
    #[arg(long = "params", value_name = "FILE")]
    pub params: Vec<String>,
    /// Enter at this site.
    #[arg(long, value_name = "SITE")]
    pub at: Option<String>,
}

/// Where a state is.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Kept {
    /// Where the state is kept: a folder or an address (default: as `scope.toml` says, else `.scope/NAME` beside the program).
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}

/// Commands that can be about one sequence of a program.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct OfSequence {
    /// Of the program, only this sequence.
    #[arg(long, value_name = "NAME")]
    pub sequence: Option<String>,
}

impl Program {
    /// The same, about a sequence.
    pub fn with(&self, of: &OfSequence) -> Program {
        Program { sequence: of.sequence.clone(), ..self.clone() }
    }
}
