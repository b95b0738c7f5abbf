//! The arguments of `scope sites`: `scope sites sites.scope --check paris`, `scope sites import clouds.yaml`.

use clap::{Args as ClapArgs, Subcommand};

use super::Given;

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
    /// What is given to the file.
    #[command(flatten)]
    pub given: Given,
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
