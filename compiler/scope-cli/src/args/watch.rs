//! The arguments for who watches a run: the page, the log of the inside.
//!
//! `--web` takes a free port, `--web=8080` that one; `--web-linger 10min` ends the page by itself.

use std::time::Duration;

use clap::Args as ClapArgs;

use super::past::duration;

/// Where a run can be seen while it goes on.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Watch {
    /// Serve a page on loopback that shows the run; a free port, or this one.
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub web: Option<u16>,
    /// How long the page stays after the run: `10min`, `0s`. Until Ctrl-C without it.
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "web")]
    pub web_linger: Option<Duration>,
}

/// What the product does inside.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Log {
    /// Say what is done inside: `error`, `warn`, `info`, `debug` or `trace` (also by the variable `SCOPE_LOG`).
    #[arg(long, value_name = "LEVEL", global = true)]
    pub log: Option<String>,
    /// Say it in this file instead of on stderr; `info` without a level.
    #[arg(long, value_name = "FILE", global = true)]
    pub log_file: Option<String>,
}
