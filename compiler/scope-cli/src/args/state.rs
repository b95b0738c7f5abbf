//! The arguments of `scope state`: about a state as a whole, and where it is kept.
//!
//! `scope state unlock --program web.scope`, `scope state copy --to s3://team/scope/`

use clap::{Args as ClapArgs, Subcommand};

use super::{Place, Rebuild};

/// `scope state`
#[derive(Debug, ClapArgs)]
pub struct State {
    /// What to do.
    #[command(subcommand)]
    pub command: StateCommand,
}

/// What can be done with a state.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Where it is, what it holds in numbers, and who has its lock.
    Show {
        /// Which deployment.
        #[command(flatten)]
        place: Place,
    },
    /// Free the lock that a dead run left. One that is alive keeps it.
    Unlock {
        /// Which deployment.
        #[command(flatten)]
        place: Place,
        /// Take it away though its lease lasts: a run that is alive after all stops at its next record.
        #[arg(long)]
        force: bool,
    },
    /// Make a lost one anew from the marks at the sites; changes nothing there.
    Rebuild(Rebuild),
    /// Know nothing more of a resource, and leave it where it is: for what is out of the program's reach.
    Forget {
        /// Its name: `vm`, `lab.server`, `agent["nantes"]`.
        #[arg(required_unless_present = "all_at")]
        name: Option<String>,
        /// Where it is; at every site without it.
        site: Option<String>,
        /// All that is recorded at a site, of a site that is another one by now.
        #[arg(long, value_name = "SITE", conflicts_with_all = ["name", "site"])]
        all_at: Option<String>,
        /// Which deployment.
        #[command(flatten)]
        place: Place,
    },
    /// A site got another name in the program: what is recorded at the one is at the other.
    RenameSite {
        /// The name that it had.
        from: String,
        /// The name that it has.
        to: String,
        /// Which deployment.
        #[command(flatten)]
        place: Place,
    },
    /// Copy it to another place, where there is none yet.
    Copy {
        /// Which deployment.
        #[command(flatten)]
        place: Place,
        /// The other place: a folder or an address.
        #[arg(long, value_name = "PLACE")]
        to: String,
    },
}
