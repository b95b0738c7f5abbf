//! The arguments of the commands about programs as texts: nothing is planned, no site is asked.
//!
//! `scope check main.scope`, `scope fmt --check .`, `scope explain E0203`

use clap::Args as ClapArgs;

use super::{Given, Program};

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
    /// What is given to them.
    #[command(flatten)]
    pub given: Given,
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
    /// What is given to them.
    #[command(flatten)]
    pub given: Given,
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

/// `scope explain`
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// The code, such as E0203; all of them are listed without one.
    pub code: Option<String>,
}
