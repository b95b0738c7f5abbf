//! The arguments of the commands about a deployment that is there already: its runs, its sites.
//!
//! `scope resume 9 --wait 2h --answer vm=done`, `scope logs vm --run 9`, `scope hold lille --until 2h --reason "rack move"`

use std::time::Duration;

use clap::Args as ClapArgs;
use scope_runtime::runner::Known;

use super::{Detaching, Events, Given, How, Kept, Program, Telling};

/// Which deployment is meant.
#[derive(Debug, Clone, ClapArgs)]
pub struct Place {
    /// The program whose state is meant; needed only where several have one here.
    #[arg(long, value_name = "FILE")]
    pub program: Option<String>,
    /// Where the state is: a folder or an address.
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}

/// Which deployment is meant, where the program may be said first: `scope status main.scope`.
#[derive(Debug, Clone, ClapArgs)]
pub struct Whose {
    /// The program whose state is meant; needed only where several have one here.
    #[arg(conflicts_with = "program")]
    file: Option<String>,
    /// The same, and where it is.
    #[command(flatten)]
    place: Place,
}

impl Whose {
    /// Whichever way it was said.
    pub fn place(&self) -> Place {
        let program = self.file.clone().or_else(|| self.place.program.clone());
        Place { program, state: self.place.state.clone() }
    }
}

/// `scope resume`
#[derive(Debug, ClapArgs)]
pub struct Resume {
    /// The number of the run; the last one without it.
    pub run: Option<u64>,
    /// Which deployment.
    #[command(flatten)]
    pub place: Place,
    /// What became of a request whose end is not known: `STEP=done`, `STEP=failed`, or `STEP=retry` to send it again.
    #[arg(long, value_name = "STEP=WHAT", value_parser = answer)]
    pub answer: Vec<(String, Known)>,
    /// Give a parameter its value anew.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Stay when work is parked, and do it when its site answers again; give up after this time: `2h`.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub wait: Option<Duration>,
    /// Delete without asking whatever the program no longer names.
    #[arg(long)]
    pub yes: bool,
    /// Delete at most so many without asking, instead of what the run was given.
    #[arg(long, value_name = "COUNT")]
    pub max_delete: Option<usize>,
    /// Touch only these sites, instead of those that the run was given.
    #[arg(long, value_name = "SITE", conflicts_with = "except")]
    pub site: Vec<String>,
    /// Leave these sites alone, instead of those that the run was given.
    #[arg(long, value_name = "SITE")]
    pub except: Vec<String>,
    /// Whether it goes on by itself.
    #[command(flatten)]
    pub detaching: Detaching,
    /// How it is told.
    #[command(flatten)]
    pub telling: Telling,
}

/// `scope attach`
#[derive(Debug, ClapArgs)]
pub struct Attach {
    /// Which deployment.
    #[command(flatten)]
    pub whose: Whose,
    /// Progress as text or as JSON lines.
    #[arg(long, value_enum, default_value_t = Events::Text)]
    pub events: Events,
    /// Also print identities and unchanged look-ups.
    #[arg(long, short)]
    pub verbose: bool,
}

/// `scope status`
#[derive(Debug, ClapArgs)]
pub struct Status {
    /// Which deployment.
    #[command(flatten)]
    pub whose: Whose,
    /// Tell every site by itself, also where the same is to be said of many.
    #[arg(long, short)]
    pub verbose: bool,
    /// Do not ask the sites whether they answer.
    #[arg(long)]
    pub offline: bool,
}

/// `scope history`
#[derive(Debug, ClapArgs)]
pub struct History {
    /// Which deployment.
    #[command(flatten)]
    pub whose: Whose,
}

/// `scope logs`
#[derive(Debug, ClapArgs)]
pub struct Logs {
    /// The step: a resource's name, `name@site`, or a step's key; all steps without it.
    pub step: Option<String>,
    /// The run; the last one without it.
    #[arg(long)]
    pub run: Option<u64>,
    /// Which deployment.
    #[command(flatten)]
    pub place: Place,
}

/// `scope state rebuild`
#[derive(Debug, ClapArgs)]
pub struct Rebuild {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// The deployment whose marks are meant, where several bear the names of this program.
    #[arg(long, value_name = "ID")]
    pub deployment: Option<String>,
    /// Whether an operation that must not be repeated was done: `NAME=done` or `NAME=failed`.
    #[arg(long, value_name = "NAME=WHAT", value_parser = answer)]
    pub answer: Vec<(String, Known)>,
    /// Where its state is.
    #[command(flatten)]
    pub kept: Kept,
}

/// `scope import`
#[derive(Debug, ClapArgs)]
pub struct Import {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// What it is called in the program; `NAME:TYPE` where the program does not declare it yet.
    pub resource: String,
    /// The site where it is.
    #[arg(value_name = "AT_SITE")]
    pub site: String,
    /// Its identity there.
    pub id: String,
    /// This program made it: it is not adopted, and is deleted when the program no longer has it.
    #[arg(long)]
    pub ours: bool,
    /// Append the text to the program, instead of printing it.
    #[arg(long)]
    pub write: bool,
    /// Where its state is.
    #[command(flatten)]
    pub kept: Kept,
}

/// `scope why`
#[derive(Debug, ClapArgs)]
pub struct Why {
    /// The resource: its name, as in the program or in a plan.
    pub resource: String,
    /// The site; all of them without it.
    pub site: Option<String>,
    /// Which deployment.
    #[command(flatten)]
    pub place: Place,
    /// What is given to its program.
    #[command(flatten)]
    pub given: Given,
    /// For simulated sites: no configuration files of clients, no state.
    #[arg(long)]
    pub simulate: bool,
}

/// `scope hold`
#[derive(Debug, ClapArgs)]
pub struct Hold {
    /// The site; the holds there are without it.
    pub site: Option<String>,
    /// Which deployment.
    #[command(flatten)]
    pub place: Place,
    /// For how long from now (`2h`), or until when (`18:00`, the next time that it is so in UTC). For good, until released,
    /// without it.
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub until: Option<Until>,
    /// Why, for those who meet it.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// End the hold.
    #[arg(long, requires = "site", conflicts_with_all = ["until", "reason"])]
    pub release: bool,
}

/// `scope drift`
#[derive(Debug, ClapArgs)]
pub struct Drift {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// Tell every site by itself, also where the same is to be said of many.
    #[arg(long, short)]
    pub verbose: bool,
    /// Where its state is.
    #[command(flatten)]
    pub kept: Kept,
    /// Take into the state what a site says, and print the program's text that goes with it: a resource or one attribute of
    /// it, at one site where one follows (`--accept vm.flavor nantes --accept base`); all of it with none.
    #[arg(long, value_name = "RESOURCE[.ATTRIBUTE] [SITE]", num_args = 0..)]
    pub accept: Option<Vec<String>>,
    /// Write that text into the program, instead of printing it.
    #[arg(long, requires = "accept")]
    pub write: bool,
}

/// `scope destroy`
#[derive(Debug, ClapArgs)]
pub struct Destroy {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// How to run.
    #[command(flatten)]
    pub how: How,
}

/// The end of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// So long from now.
    In(Duration),
    /// The next time that it is so late in UTC: milliseconds from midnight.
    At(u64),
}

impl Until {
    /// As a moment, in milliseconds since 1970.
    pub fn after(self, now_ms: u64) -> u64 {
        const DAY_MS: u64 = 86_400_000;
        match self {
            Until::In(time) => now_ms.saturating_add(time.as_millis() as u64),
            Until::At(of_day_ms) => {
                let today = now_ms - now_ms % DAY_MS + of_day_ms;
                if today > now_ms { today } else { today + DAY_MS }
            }
        }
    }
}

/// `2h`, `18:00`.
fn until(text: &str) -> Result<Until, String> {
    let Some((hours, minutes)) = text.split_once(':') else { return duration(text).map(Until::In) };
    let number = |text: &str, below: u64| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|number| is_number && *number < below)
    };
    match (number(hours, 24), number(minutes, 60)) {
        (Some(hours), Some(minutes)) => Ok(Until::At((hours * 60 + minutes) * 60_000)),
        _ => Err("write a time of day in UTC, `18:00`, or how long, `2h`".into()),
    }
}

/// `90s`, `10min`, `2h`, `1d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit_s = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write a number and a unit: `90s`, `10min`, `2h`, `1d`".into()),
    };
    let number: u64 = number.parse().map_err(|_| "it begins with a number: `2h`".to_string())?;
    number.checked_mul(unit_s).map(Duration::from_secs).ok_or_else(|| "that is too long".into())
}

fn answer(text: &str) -> Result<(String, Known), String> {
    let known = |word: &str| match word {
        "done" => Some(Known::Done),
        "failed" => Some(Known::Failed),
        "retry" => Some(Known::Retry),
        _ => None,
    };
    let parts = text.rsplit_once('=').and_then(|(step, word)| Some((step.to_string(), known(word)?)));
    parts.ok_or_else(|| "write `STEP=done`, `STEP=failed` or `STEP=retry`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_answers_are_read() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in ["", "2", "h", "2 weeks", "-1s", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        let (noon, day) = (12 * 3_600_000, 24 * 3_600_000);
        assert_eq!(until("2h").expect("a time").after(noon), noon + 7_200_000);
        assert_eq!(until("18:30").expect("a time").after(noon), noon + 23_400_000);
        assert_eq!(until("9:00").expect("a time").after(noon), day + 32_400_000, "that is tomorrow");
        assert_eq!(until("12:00").expect("a time").after(noon), day + noon);
        for wrong in ["24:00", "12:60", "12:+1", ":", "1:2:3", "soon"] {
            assert!(until(wrong).is_err(), "{wrong}");
        }
        assert_eq!(answer("a=b=done"), Ok(("a=b".into(), Known::Done)));
        assert!(answer("vm=perhaps").is_err());
    }
}
