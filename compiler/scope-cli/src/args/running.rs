//! The arguments of the commands that run something: `scope run main.scope --wait 2h --on run_ended=./notify`.

use std::time::Duration;

use clap::{Args as ClapArgs, ValueEnum};

use super::{Given, Kept, Program, Watch, past};

/// So many deletions are not asked about, where nothing else is said.
pub const MAX_DELETE: usize = 3;

/// `scope run`
#[derive(Debug, Clone, ClapArgs)]
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

/// What `run`, `exec` and `destroy` share.
#[derive(Debug, Clone, ClapArgs)]
pub struct How {
    /// In a simulation, something that goes wrong: `cut=paris@1s..30s`.
    #[arg(long, value_name = "FAULT", requires = "simulate")]
    pub fault: Vec<String>,
    /// The seed of a simulation.
    #[arg(long, default_value_t = 0, requires = "simulate")]
    pub seed: u64,
    /// How it is told.
    #[command(flatten)]
    pub telling: Telling,
    /// Choose again at every `|`, from the left.
    #[arg(long)]
    pub reconsider: bool,
    /// Do this `call` once more; of a sequence or a group, all that are in it. Of a resource: send its secrets once
    /// more, and make a copy of it anew whose content is another.
    #[arg(long, value_name = "NAME")]
    pub again: Vec<String>,
    /// Delete without asking whatever the program no longer names.
    #[arg(long)]
    pub yes: bool,
    /// Delete at most so many without asking.
    #[arg(long, default_value_t = MAX_DELETE)]
    pub max_delete: usize,
    /// Stay when work is parked or owed, and do it when its site answers again; give up after this time: `2h`.
    #[arg(long, value_name = "TIME", value_parser = past::duration, conflicts_with = "simulate")]
    pub wait: Option<Duration>,
    /// Which sites it is about.
    #[command(flatten)]
    pub about: About,
    /// Where its state is.
    #[command(flatten)]
    pub kept: Kept,
}

/// Which sites a run is about.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct About {
    /// Only these sites: nothing is asked of the others, and they are no failure. Several: `a,b`, or the option again.
    #[arg(long, value_name = "SITE", value_delimiter = ',', conflicts_with = "except")]
    pub site: Vec<String>,
    /// All sites but these: nothing is asked of them, and they are no failure. Several: `a,b`, or the option again.
    #[arg(long, value_name = "SITE", value_delimiter = ',')]
    pub except: Vec<String>,
}

impl About {
    /// Whether the command leaves a site out.
    pub fn leaves_out(&self, site: &str) -> bool {
        let is_named = |names: &[String]| names.iter().any(|name| name == site);
        (!self.site.is_empty() && !is_named(&self.site)) || is_named(&self.except)
    }
}

/// How a run is told, while it goes on.
#[derive(Debug, Clone, ClapArgs)]
pub struct Telling {
    /// Progress as text or as JSON lines.
    #[arg(long, value_enum, default_value_t = Events::Text)]
    pub events: Events,
    /// Also print identities and unchanged look-ups.
    #[arg(long, short)]
    pub verbose: bool,
    /// Tell of events, comma between several (`*`: all): `run_ended=./notify`, `step_failed=["mail","ana"]`,
    /// `run_ended=https://…`. The event is on the command's standard input, or posted, as JSON.
    #[arg(long = "on", value_name = "EVENT=COMMAND", value_parser = crate::commands::hooks::parse)]
    pub on: Vec<scope_runtime::hooks::Hook>,
    /// Where it can be seen.
    #[command(flatten)]
    pub watch: Watch,
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
    /// What is given to them; what a run of a test gives goes before it.
    #[command(flatten)]
    pub given: Given,
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
