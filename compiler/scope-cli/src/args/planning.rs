//! The arguments of the commands about a plan that is not run: `scope plan main.scope --cuts`, `scope build --target shell`.

use clap::{Args as ClapArgs, ValueEnum};

use super::{About, Kept, OfSequence, Program};

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
    /// Also write the plan as JSON; `scope run plan.json` runs it only if nothing that it relies on has changed. It is of all
    /// sites: what a run is to leave alone is said to the run.
    #[arg(long, conflicts_with_all = ["site", "except"])]
    pub out: Option<String>,
    /// Ask no site: what is there is unknown then.
    #[arg(long)]
    pub offline: bool,
    /// As a run that chooses again at every `|`, from the left.
    #[arg(long)]
    pub reconsider: bool,
    /// As a run that does this `call` once more, or sends the secrets of this resource once more and makes
    /// a copy of it anew.
    #[arg(long, value_name = "NAME")]
    pub again: Vec<String>,
    /// Which sites the run would be about.
    #[command(flatten)]
    pub about: About,
    /// Exit with 2 where a run would change something, or a site cannot be asked.
    #[arg(long, conflicts_with_all = ["offline", "simulate"])]
    pub check: bool,
    /// Tell every site by itself, also where the same is to be said of many.
    #[arg(long, short)]
    pub verbose: bool,
    /// Where its state is.
    #[command(flatten)]
    pub kept: Kept,
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
