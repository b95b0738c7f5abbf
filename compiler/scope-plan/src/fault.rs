//! What may go wrong in a simulation, as data with a small text form.
//!
//! In goes a text as the command line and the fences of specs write it, out comes a [`Fault`], and back:
//!
//! | text | what happens |
//! |---|---|
//! | `cut=paris@1s..30s` | nothing reaches the site; `cut=nantes--paris` cuts one link |
//! | `freeze=paris@1s..30s` | the site takes requests and answers when it thaws |
//! | `restart=paris@1s..9s` | the site is down, and what it was making then stays half made |
//! | `slow=paris:500ms` | each answer takes so much longer |
//! | `unavailable=create@paris` | the service says it cannot answer now |
//! | `deny=paris`, `deny=shelf.book@paris` | not allowed |
//! | `refuse=shelf.book@nantes:2` | room for two; `refuse=shelf.book@nantes` for none |
//! | `lose=create@paris`, `lose=create@paris:2` | the effect takes place, the (second) answer is lost |
//! | `late=create@paris:5s` | the answer is lost and the effect takes place five seconds later |
//! | `duplicate=create@paris:*` | every such request is delivered twice |
//! | `break=shelf.book@nantes` | the resource becomes broken instead of ready |
//! | `ready=shelf.book@nantes:10min` | how long it takes to become ready |
//! | `loss=paris:10%@0s..30s` | each request or its answer is lost with that probability, drawn from the seed |
//!
//! `@` says when: `@1s..30s`, `@30s` (from then on), `@..30s`, `@op5` (after the fifth request of that site was
//! answered), `@after:base` or `@after:create:base` (after a step was answered), the last two also with an end:
//! `@op5..+30s`. `*` stands for every site. A name with blanks or signs is quoted: `cut="New York"`. `create/base` are the
//! requests of the step `base`: `lose=create/base@paris`.

mod parse;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use parse::FaultError;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum Fault {
    /// Nothing passes between the runner and the site, or between two sites.
    Cut {
        /// The site.
        site: String,
        /// The other end, where only that link is cut.
        other: Option<String>,
        /// How long.
        when: When,
    },
    /// Requests are taken, and carried out and answered when the site thaws.
    Freeze {
        /// The site.
        site: String,
        /// How long.
        when: When,
    },
    /// Down, and what was being made when it went down stays as it was.
    Restart {
        /// The site.
        site: String,
        /// How long.
        when: When,
    },
    /// Answers take longer.
    Slow {
        /// The site.
        site: String,
        /// By so many microseconds.
        by_us: u64,
        /// How long.
        when: When,
    },
    /// The service says it cannot answer now.
    Unavailable {
        /// Which requests.
        target: Target,
        /// How long.
        when: When,
    },
    /// Not allowed.
    Deny {
        /// Which requests.
        target: Target,
        /// How long.
        when: When,
    },
    /// No more than so many of a type.
    Refuse {
        /// The type, as the `what` of the target.
        target: Target,
        /// How many there is room for.
        capacity: u64,
        /// How long.
        when: When,
    },
    /// The effect takes place, the answer is lost.
    Lose {
        /// Which requests.
        target: Target,
        /// Which of them.
        which: Which,
    },
    /// The answer is lost, and the effect takes place later.
    Late {
        /// Which requests.
        target: Target,
        /// Which of them.
        which: Which,
        /// By so many microseconds.
        by_us: u64,
    },
    /// The request is delivered twice; the first answer is the one that comes back.
    Duplicate {
        /// Which requests.
        target: Target,
        /// Which of them.
        which: Which,
    },
    /// What is created becomes broken instead of ready.
    Break {
        /// Which creations.
        target: Target,
        /// Which of them.
        which: Which,
    },
    /// How long a resource takes until it is ready.
    Ready {
        /// The type, as the `what` of the target.
        target: Target,
        /// In microseconds.
        after_us: u64,
    },
    /// Requests or their answers are lost on the way, by chance.
    Loss {
        /// The site.
        site: String,
        /// How probable, in thousandths.
        permille: u32,
        /// How long.
        when: When,
    },
}

/// Requests at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// An operation (`create`), a type (`shelf.book`, `book`) or both (`shelf.book.create`); `None`: all.
    pub what: Option<String>,
    /// Only those that this step makes, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The site; `*` for all.
    pub site: String,
}

/// Which of the requests that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Counted from 1.
    Nth(u32),
    /// All.
    Every,
}

/// From when, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// The beginning.
    pub start: Start,
    /// In microseconds; `None`: for good.
    pub lasts_us: Option<u64>,
}

/// When a fault begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// So many microseconds after the simulation begins.
    At(u64),
    /// When the site (either end of a link) has answered so many requests.
    AfterOperations(u64),
    /// When a step has been answered: one that changes something, of this name, and of this operation if given.
    AfterStep {
        /// `create`
        operation: Option<String>,
        /// `base`
        name: String,
    },
}

impl When {
    /// From the beginning, for good.
    pub const ALWAYS: When = When { start: Start::At(0), lasts_us: None };
}

impl Fault {
    /// The site, and the other end where only one link is meant; `*` for all.
    pub fn sites(&self) -> (&str, Option<&str>) {
        match self {
            Fault::Cut { site, other, .. } => (site, other.as_deref()),
            Fault::Freeze { site, .. }
            | Fault::Restart { site, .. }
            | Fault::Slow { site, .. }
            | Fault::Loss { site, .. } => (site, None),
            other => (other.target().map_or("*", |target| target.site.as_str()), None),
        }
    }

    /// Which requests it is about; `None` where it is about all of a site.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Fault::Cut { .. }
            | Fault::Freeze { .. }
            | Fault::Restart { .. }
            | Fault::Slow { .. }
            | Fault::Loss { .. } => None,
            Fault::Unavailable { target, .. }
            | Fault::Deny { target, .. }
            | Fault::Refuse { target, .. }
            | Fault::Lose { target, .. }
            | Fault::Late { target, .. }
            | Fault::Duplicate { target, .. }
            | Fault::Break { target, .. }
            | Fault::Ready { target, .. } => Some(target),
        }
    }

    /// When it is in force; `None` for what counts requests.
    pub fn when(&self) -> Option<&When> {
        match self {
            Fault::Cut { when, .. }
            | Fault::Freeze { when, .. }
            | Fault::Restart { when, .. }
            | Fault::Slow { when, .. }
            | Fault::Unavailable { when, .. }
            | Fault::Deny { when, .. }
            | Fault::Refuse { when, .. }
            | Fault::Loss { when, .. } => Some(when),
            Fault::Lose { .. }
            | Fault::Late { .. }
            | Fault::Duplicate { .. }
            | Fault::Break { .. }
            | Fault::Ready { .. } => None,
        }
    }

    /// The same, beginning at that moment.
    pub fn starting_at(mut self, at_us: u64) -> Fault {
        match &mut self {
            Fault::Cut { when, .. }
            | Fault::Freeze { when, .. }
            | Fault::Restart { when, .. }
            | Fault::Slow { when, .. }
            | Fault::Unavailable { when, .. }
            | Fault::Deny { when, .. }
            | Fault::Refuse { when, .. }
            | Fault::Loss { when, .. } => when.start = Start::At(at_us),
            Fault::Lose { .. }
            | Fault::Late { .. }
            | Fault::Duplicate { .. }
            | Fault::Break { .. }
            | Fault::Ready { .. } => {}
        }
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Cut { site, other, when } => {
                write!(out, "cut={}", Quoted(site))?;
                if let Some(other) = other {
                    write!(out, "--{}", Quoted(other))?;
                }
                write!(out, "{when}")
            }
            Fault::Freeze { site, when } => write!(out, "freeze={}{when}", Quoted(site)),
            Fault::Restart { site, when } => write!(out, "restart={}{when}", Quoted(site)),
            Fault::Slow { site, by_us, when } => {
                write!(out, "slow={}:{}{when}", Quoted(site), Time(*by_us))
            }
            Fault::Unavailable { target, when } => write!(out, "unavailable={target}{when}"),
            Fault::Deny { target, when } => write!(out, "deny={target}{when}"),
            Fault::Refuse { target, capacity, when } => {
                write!(out, "refuse={target}")?;
                if *capacity > 0 {
                    write!(out, ":{capacity}")?;
                }
                write!(out, "{when}")
            }
            Fault::Lose { target, which } => write!(out, "lose={target}{which}"),
            Fault::Late { target, which, by_us } => write!(out, "late={target}{which}:{}", Time(*by_us)),
            Fault::Duplicate { target, which } => write!(out, "duplicate={target}{which}"),
            Fault::Break { target, which } => write!(out, "break={target}{which}"),
            Fault::Ready { target, after_us } => write!(out, "ready={target}:{}", Time(*after_us)),
            Fault::Loss { site, permille, when } => {
                write!(out, "loss={}:{}%{when}", Quoted(site), f64::from(*permille) / 10.0)
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.what, &self.of) {
            (Some(what), Some(of)) => write!(out, "{}/{}@", Quoted(what), Quoted(of))?,
            (None, Some(of)) => write!(out, "/{}@", Quoted(of))?,
            (Some(what), None) => write!(out, "{}@", Quoted(what))?,
            (None, None) => {}
        }
        write!(out, "{}", Quoted(&self.site))
    }
}

impl fmt::Display for Which {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::Nth(1) => Ok(()),
            Which::Nth(count) => write!(out, ":{count}"),
            Which::Every => write!(out, ":*"),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.start, self.lasts_us) {
            (Start::At(0), None) => return Ok(()),
            (Start::At(from), None) => return write!(out, "@{}", Time(*from)),
            (Start::At(from), Some(lasts)) => {
                return write!(out, "@{}..{}", Time(*from), Time(from.saturating_add(lasts)));
            }
            (Start::AfterOperations(count), _) => write!(out, "@op{count}")?,
            (Start::AfterStep { operation: None, name }, _) => write!(out, "@after:{}", Quoted(name))?,
            (Start::AfterStep { operation: Some(operation), name }, _) => {
                write!(out, "@after:{operation}:{}", Quoted(name))?;
            }
        }
        match self.lasts_us {
            Some(lasts) => write!(out, "..+{}", Time(lasts)),
            None => Ok(()),
        }
    }
}

/// A name, in quotes where the text form needs them.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = self.0 == "*"
            || (!self.0.is_empty()
                && !self.0.contains("--")
                && !self.0.contains("..")
                && self.0.chars().all(|char| char.is_alphanumeric() || "-_./[]".contains(char)));
        if is_plain { out.write_str(self.0) } else { write!(out, "\"{}\"", self.0) }
    }
}

/// Microseconds, in the greatest unit that gives a whole number.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, in_us) in parse::UNITS.iter().rev() {
            if self.0 > 0 && self.0.is_multiple_of(*in_us) {
                return write!(out, "{}{unit}", self.0 / in_us);
            }
        }
        write!(out, "{}s", self.0)
    }
}
