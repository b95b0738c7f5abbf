//! The arguments of `scope`, as clap reads them.

mod driver;
mod past;
mod state;
mod watch;

use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub use driver::{Driver, DriverAction, DriverImport};
pub use past::{Attach, Destroy, Drift, History, Hold, Import, Logs, Place, Rebuild, Resume, Status, Why};
pub use state::{State, StateCommand};
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
#[derive(Debug, Clone, ClapArgs)]
pub struct Program {
    /// The `.scope` file.
    pub file: String,
    /// Give a parameter its value.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Take parameters from a YAML or JSON file; `--set` goes before it, a later file before an earlier one.
    #[arg(long = "params", value_name = "FILE")]
    pub params: Vec<String>,
    /// Enter at this site.
    #[arg(long, value_name = "SITE")]
    pub at: Option<String>,
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

/// `scope check`
#[derive(Debug, ClapArgs)]
pub struct Check {
    /// The program.
    #[command(flatten)]
    pub program: Program,
}

/// `scope lint`
#[derive(Debug, ClapArgs)]
pub struct Lint {
    /// Programs, or folders (every `.scope` file below them).
    #[arg(required_unless_present = "list", value_name = "FILE")]
    pub files: Vec<String>,
    /// Name every lint with its code.
    #[arg(long)]
    pub list: bool,
    /// For simulated sites: no configuration files of clients are read.
    #[arg(long)]
    pub simulate: bool,
    /// Keep to the rules of this file too; may be given several times.
    #[arg(long = "policy", value_name = "FILE")]
    pub policies: Vec<String>,
}

/// `scope fix`
#[derive(Debug, ClapArgs)]
pub struct Fix {
    /// Programs, or folders (every `.scope` file below them).
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// Write nothing; print what would change.
    #[arg(long, alias = "dry-run")]
    pub diff: bool,
    /// For simulated sites: no configuration files of clients are read.
    #[arg(long)]
    pub simulate: bool,
}

/// `scope doc`
#[derive(Debug, ClapArgs)]
pub struct Doc {
    /// A program, or a driver of the standard library.
    #[arg(value_name = "FILE|DRIVER")]
    pub of: String,
    /// The folder to write.
    #[arg(long, short, value_name = "FOLDER")]
    pub out: String,
}

/// `scope fmt`
#[derive(Debug, ClapArgs)]
pub struct Fmt {
    /// Files, folders (every `.scope` file below them), or `-` for stdin to stdout.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// Write nothing; name the files that are not formatted and exit with 2 if there are any.
    #[arg(long)]
    pub check: bool,
    /// Write nothing; print what would change and exit with 2 if anything would.
    #[arg(long)]
    pub diff: bool,
}

/// `scope build`
#[derive(Debug, ClapArgs)]
pub struct Build {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// Of the program, only this sequence.
    #[command(flatten)]
    pub of: OfSequence,
    /// Render for an engine instead of writing the plan (`scope build --target list` lists them).
    #[arg(long)]
    pub target: Option<String>,
    /// The file (for a plan) or folder (for a target) to write; a plan goes to stdout without it.
    #[arg(long, short)]
    pub out: Option<String>,
    /// Write the plan as it is before the passes.
    #[arg(long)]
    pub unoptimised: bool,
}

/// `scope plan`
#[derive(Debug, ClapArgs)]
pub struct Plan {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// Of the program, only this sequence.
    #[command(flatten)]
    pub of: OfSequence,
    /// Print every step with its inputs and what it waits for.
    #[arg(long)]
    pub steps: bool,
    /// Print, for each step and each site that may be cut, what happens.
    #[arg(long, conflicts_with = "steps")]
    pub cuts: bool,
    /// Also write the plan as JSON; `scope run plan.json` runs it only if nothing that it relies on has changed.
    #[arg(long)]
    pub out: Option<String>,
    /// Ask no site: what is there is unknown then.
    #[arg(long)]
    pub offline: bool,
    /// As a run that chooses again at every `|`, from the left.
    #[arg(long)]
    pub reconsider: bool,
    /// Exit with 2 where a run would change something, or a site cannot be asked.
    #[arg(long, conflicts_with_all = ["offline", "simulate"])]
    pub check: bool,
    /// Tell every site by itself, also where the same is to be said of many.
    #[arg(long, short)]
    pub verbose: bool,
    /// Where the state is kept: a folder or an address (default: as `scope.toml` says, else `.scope/NAME` beside the program).
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}

/// `scope run`
#[derive(Debug, ClapArgs)]
pub struct Run {
    /// The program, or a plan written by `scope build` (`.json`).
    #[command(flatten)]
    pub program: Program,
    /// How to run.
    #[command(flatten)]
    pub how: How,
    /// Whether it goes on by itself.
    #[command(flatten)]
    pub detaching: Detaching,
}

/// Whether a run goes on by itself.
#[derive(Debug, Clone, Copy, Default, ClapArgs)]
pub struct Detaching {
    /// Go on by itself, in the background: `scope attach` follows it. With `--wait 3d` it stays for days.
    #[arg(long, conflicts_with = "detached")]
    pub detach: bool,
    /// This is the process that goes on.
    #[arg(long, hide = true)]
    pub detached: bool,
}

/// What `run` and `exec` share.
#[derive(Debug, Clone, ClapArgs)]
pub struct How {
    /// In a simulation, something that goes wrong: `cut=paris@1s..30s`.
    #[arg(long, value_name = "FAULT", requires = "simulate")]
    pub fault: Vec<String>,
    /// The seed of a simulation.
    #[arg(long, default_value_t = 0, requires = "simulate")]
    pub seed: u64,
    /// Progress as text or as JSON lines.
    #[arg(long, value_enum, default_value_t = Events::Text)]
    pub events: Events,
    /// Choose again at every `|`, from the left.
    #[arg(long)]
    pub reconsider: bool,
    /// Do this `call` once more; of a sequence or a group, all that are in it.
    #[arg(long, value_name = "NAME")]
    pub again: Vec<String>,
    /// Delete without asking whatever the program no longer names.
    #[arg(long)]
    pub yes: bool,
    /// Delete at most so many without asking.
    #[arg(long, default_value_t = 3)]
    pub max_delete: usize,
    /// Also print identities and unchanged look-ups.
    #[arg(long, short)]
    pub verbose: bool,
    /// Stay when work is parked, and do it when its site answers again; give up after this time: `2h`.
    #[arg(long, value_name = "TIME", value_parser = past::duration, conflicts_with = "simulate")]
    pub wait: Option<Duration>,
    /// Tell of events, comma between several (`*`: all): `run_ended=./notify`, `step_failed=["mail","ana"]`,
    /// `run_ended=https://…`. The event is on the command's standard input, or posted, as JSON.
    #[arg(long = "on", value_name = "EVENT=COMMAND", value_parser = crate::commands::hooks::parse)]
    pub on: Vec<scope_runtime::hooks::Hook>,
    /// Touch only these sites: the others are treated as cut off.
    #[arg(long, value_name = "SITE", conflicts_with = "except")]
    pub site: Vec<String>,
    /// Leave these sites alone: they are treated as cut off.
    #[arg(long, value_name = "SITE")]
    pub except: Vec<String>,
    /// Where it can be seen.
    #[command(flatten)]
    pub watch: Watch,
    /// Where the state is kept: a folder or an address (default: as `scope.toml` says, else `.scope/NAME` beside the program).
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}

/// Forms of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Events {
    /// For people.
    Text,
    /// JSON lines on stdout, `scope-events/1`.
    Json,
}

/// `scope exec`
#[derive(Debug, ClapArgs)]
pub struct Exec {
    /// A sequence of the program, run line by line; with none, and no command, the program's sequences are listed.
    #[arg(value_name = "SEQUENCE", conflicts_with = "words")]
    pub sequence: Option<String>,
    /// The file that declares the sites and imports the drivers.
    #[arg(long, default_value = "sites.scope", value_name = "FILE")]
    pub program: String,
    /// Give a parameter of the program its value.
    #[arg(long = "set", value_name = "NAME=VALUE", requires = "sequence")]
    pub set: Vec<String>,
    /// Take parameters from a YAML or JSON file.
    #[arg(long = "params", value_name = "FILE", requires = "sequence")]
    pub params: Vec<String>,
    /// Keep to the rules of this file too; may be given several times.
    #[arg(long = "policy", value_name = "FILE")]
    pub policies: Vec<String>,
    /// Enter at this site.
    #[arg(long, value_name = "SITE")]
    pub at: Option<String>,
    /// Run at simulated sites: no network, no secrets, no configuration files of clients, no state; time is virtual.
    #[arg(long)]
    pub simulate: bool,
    /// How to run.
    #[command(flatten)]
    pub how: How,
    /// The command, its scope included: `openstack server create vm --scope '{"image": "paris"}'`.
    #[arg(last = true)]
    pub words: Vec<String>,
}

/// `scope test`
#[derive(Debug, ClapArgs)]
pub struct Test {
    /// Programs, or folders (every `.scope` file below them that has a `test`).
    #[arg(default_value = ".", value_name = "FILE")]
    pub files: Vec<String>,
    /// Only tests whose name, or file and name, has this text.
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Name the tests, and play none.
    #[arg(long)]
    pub list: bool,
    /// Write snapshots (`expect snapshot`) anew, and drop those that no test takes any more.
    #[arg(long)]
    pub update: bool,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Play each test under so many seeds, one after the other.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// Also write the results as JUnit XML, for CI.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<String>,
}

/// `scope graph`
#[derive(Debug, ClapArgs)]
pub struct Graph {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// Of the program, only this sequence.
    #[command(flatten)]
    pub of: OfSequence,
    /// The form.
    #[arg(long, value_enum, default_value_t = Drawing::Dot)]
    pub to: Drawing,
    /// The file to write; stdout without it.
    #[arg(long, short)]
    pub out: Option<String>,
}

/// Forms of drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
    /// A picture.
    Svg,
}

/// `scope explain`
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// The code, such as E0203; all of them are listed without one.
    pub code: Option<String>,
}

/// `scope sites`
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Sites {
    /// Instead of reaching sites.
    #[command(subcommand)]
    pub action: Option<SitesAction>,
    /// The file that declares them.
    #[arg(default_value = "sites.scope")]
    pub file: String,
    /// Only this site.
    #[arg(long, value_name = "SITE")]
    pub check: Option<String>,
    /// Ask simulated sites.
    #[arg(long)]
    pub simulate: bool,
    /// Tell every site by itself, also where the same is to be said of many.
    #[arg(long, short)]
    pub verbose: bool,
}

/// `scope sites import`
#[derive(Debug, Subcommand)]
pub enum SitesAction {
    /// Print site declarations made from a client's configuration file, an inventory or a list of regions.
    Import(SitesImport),
}

/// `scope sites import`
#[derive(Debug, ClapArgs)]
pub struct SitesImport {
    /// `clouds.yaml`, a kubeconfig, or YAML or JSON with a list of records.
    pub config: String,
    /// The driver of the sites; by default the one that reads a file of this name.
    #[arg(long)]
    pub driver: Option<String>,
    /// The field of the file that is the list of records, where it has several: `--list contexts`.
    #[arg(long, value_name = "FIELD")]
    pub list: Option<String>,
    /// One site for each record of a list; this setting is its name: `--as region`.
    #[arg(long = "as", value_name = "SETTING")]
    pub names: Option<String>,
    /// A setting of every site: `--with cloud=edge`.
    #[arg(long, value_name = "SETTING=VALUE")]
    pub with: Vec<String>,
    /// The file to write; stdout without it.
    #[arg(long, short)]
    pub out: Option<String>,
}
