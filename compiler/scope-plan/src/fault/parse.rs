//! The text form of a fault: `cut=paris@1s..30s` → [`Fault::Cut`].
//!
//! Names are not looked up here: whether a site or a type exists is known only with a plan.

use std::str::FromStr;

use super::{Fault, Start, Target, When, Which};

/// The kinds of faults, as written before the `=`.
const KINDS: [&str; 13] = [
    "cut",
    "freeze",
    "restart",
    "slow",
    "loss",
    "unavailable",
    "deny",
    "refuse",
    "lose",
    "late",
    "duplicate",
    "break",
    "ready",
];

/// Units of time and their microseconds, the smallest first.
pub(super) const UNITS: [(&str, u64); 6] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

/// Why a fault's text or one of its names is wrong, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("in `{text}`: {message}")]
pub struct FaultError {
    /// The text, or the fault written out.
    pub text: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Fault, FaultError> {
        parse(text.trim()).map_err(|message| FaultError { text: text.trim().to_string(), message })
    }
}

fn parse(text: &str) -> Result<Fault, String> {
    let (kind, rest) = text
        .split_once('=')
        .ok_or_else(|| format!("expected `kind=site`, such as `cut=paris@1s..30s`; kinds are {}", kinds()))?;
    if !KINDS.contains(&kind) {
        return Err(format!("no fault is called `{kind}`; kinds are {}", kinds()));
    }
    let mut parts = split_outside_quotes(rest, '@');
    let when = match parts.last().and_then(|last| parse_when(last).transpose()) {
        Some(when) if parts.len() > 1 => {
            parts.pop();
            Some(when?)
        }
        _ => None,
    };
    let (what, of, place) = match parts.as_slice() {
        [place] => (None, None, *place),
        [what, place] => match split_outside_quotes(what, '/').as_slice() {
            [what] => (Some(unquoted(what)?), None, *place),
            ["", of] => (None, Some(unquoted(of)?), *place),
            [what, of] => (Some(unquoted(what)?), Some(unquoted(of)?), *place),
            _ => return Err("expected `what/step@site`".to_string()),
        },
        _ => return Err("expected at most `what@site@when`".to_string()),
    };
    let mut settings = split_outside_quotes(place, ':');
    let place = settings.remove(0);
    let settings = Settings::read(&settings)?;
    if when.is_some() && matches!(kind, "lose" | "late" | "duplicate" | "break" | "ready") {
        return Err(format!("`{kind}` counts requests and takes no time; write `{kind}=what@site:2`"));
    }
    if (what.is_some() || of.is_some()) && matches!(kind, "cut" | "freeze" | "restart" | "slow" | "loss") {
        return Err(format!("`{kind}` is about a whole site; write `{kind}=site@when`"));
    }
    let when = when.unwrap_or(When::ALWAYS);
    if kind == "cut"
        && let Some((site, other)) = place.split_once("--")
    {
        settings.refuse_all()?;
        return Ok(Fault::Cut { site: unquoted(site)?, other: Some(unquoted(other)?), when });
    }
    let site = unquoted(place)?;
    let target = Target { what, of, site: site.clone() };
    Ok(match kind {
        "cut" => {
            settings.refuse_all()?;
            Fault::Cut { site, other: None, when }
        }
        "freeze" => {
            settings.refuse_all()?;
            Fault::Freeze { site, when }
        }
        "restart" => {
            settings.refuse_all()?;
            Fault::Restart { site, when }
        }
        "loss" => Fault::Loss { site, permille: settings.permille()?, when },
        "slow" => Fault::Slow { site, by_us: settings.time("slow=paris:500ms")?, when },
        "unavailable" | "deny" => {
            settings.refuse_all()?;
            if kind == "deny" { Fault::Deny { target, when } } else { Fault::Unavailable { target, when } }
        }
        "refuse" => Fault::Refuse { target: with_what(target, kind)?, capacity: settings.count()?, when },
        "lose" => Fault::Lose { target, which: settings.which_only()? },
        "late" => {
            Fault::Late { target, which: settings.which, by_us: settings.time("late=create@paris:5s")? }
        }
        "duplicate" => Fault::Duplicate { target, which: settings.which_only()? },
        "break" => Fault::Break { target, which: settings.which_only()? },
        _ => Fault::Ready {
            target: with_what(target, kind)?,
            after_us: settings.time("ready=shelf.book@paris:10min")?,
        },
    })
}

/// What stands behind the site: a number or `*`, and a time.
struct Settings {
    which: Which,
    is_counted: bool,
    time_us: Option<u64>,
    permille: Option<u32>,
}

impl Settings {
    fn read(parts: &[&str]) -> Result<Settings, String> {
        let mut settings =
            Settings { which: Which::Nth(1), is_counted: false, time_us: None, permille: None };
        for part in parts {
            if *part == "*" {
                (settings.which, settings.is_counted) = (Which::Every, true);
            } else if let Ok(count) = part.parse::<u32>() {
                (settings.which, settings.is_counted) = (Which::Nth(count), true);
            } else if let Some(percent) = part.strip_suffix('%') {
                let percent = percent.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent));
                let percent = percent.ok_or("expected a percentage from 0% to 100%")?;
                settings.permille = Some((percent * 10.0).round() as u32);
            } else {
                settings.time_us = Some(parse_time(part)?);
            }
        }
        Ok(settings)
    }

    fn permille(&self) -> Result<u32, String> {
        self.permille.ok_or_else(|| "expected how probable, as in `loss=paris:10%`".to_string())
    }

    fn refuse_all(&self) -> Result<(), String> {
        if self.is_counted || self.time_us.is_some() || self.permille.is_some() {
            return Err("nothing is expected behind `:` here; a time is written `@1s..30s`".to_string());
        }
        Ok(())
    }

    fn time(&self, example: &str) -> Result<u64, String> {
        self.time_us.ok_or_else(|| format!("expected a time, as in `{example}`"))
    }

    fn which_only(&self) -> Result<Which, String> {
        if self.time_us.is_some() {
            return Err("expected a count or `*` behind `:`, found a time".to_string());
        }
        if self.which == Which::Nth(0) {
            return Err("requests are counted from 1".to_string());
        }
        Ok(self.which)
    }

    fn count(&self) -> Result<u64, String> {
        match (self.is_counted, self.which) {
            (false, _) if self.time_us.is_none() => Ok(0),
            (true, Which::Nth(count)) if self.time_us.is_none() => Ok(u64::from(count)),
            _ => Err("expected how many there is room for, as in `refuse=shelf.book@paris:2`".to_string()),
        }
    }
}

fn with_what(target: Target, kind: &str) -> Result<Target, String> {
    if target.what.is_none() && target.of.is_none() {
        return Err(format!("expected a type, as in `{kind}=shelf.book@{}`", target.site));
    }
    Ok(target)
}

/// `None` where the text is no time at all (it is a site's name then).
fn parse_when(text: &str) -> Result<Option<When>, String> {
    let (start, end) = match text.split_once("..") {
        Some((start, end)) => (start, Some(end).filter(|end| !end.is_empty())),
        None => (text, None),
    };
    let event = if let Some(name) = start.strip_prefix("after:") {
        let parts = split_outside_quotes(name, ':');
        Some(match parts.as_slice() {
            [name] => Start::AfterStep { operation: None, name: unquoted(name)? },
            [operation, name] => {
                Start::AfterStep { operation: Some((*operation).to_string()), name: unquoted(name)? }
            }
            _ => return Err("expected `after:step` or `after:operation:step`".to_string()),
        })
    } else {
        start.strip_prefix("op").and_then(|count| count.parse().ok()).map(Start::AfterOperations)
    };
    if let Some(start) = event {
        let lasts_us = match end {
            None => None,
            Some(end) => Some(parse_time(
                end.strip_prefix('+')
                    .ok_or_else(|| "expected how long after that, as in `@op5..+30s`".to_string())?,
            )?),
        };
        return Ok(Some(When { start, lasts_us }));
    }
    let is_time =
        start.starts_with(|char: char| char.is_ascii_digit()) || (start.is_empty() && end.is_some());
    if !is_time {
        return Ok(None);
    }
    let from = if start.is_empty() { 0 } else { parse_time(start)? };
    let lasts_us = match end {
        None => None,
        Some(end) => {
            let until = match end.strip_prefix('+') {
                Some(lasts) => from.saturating_add(parse_time(lasts)?),
                None => parse_time(end)?,
            };
            Some(until.checked_sub(from).filter(|lasts| *lasts > 0).ok_or("the end comes before the start")?)
        }
    };
    Ok(Some(When { start: Start::At(from), lasts_us }))
}

/// `1.5s` → 1,500,000 microseconds.
fn parse_time(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a time such as `500ms`, `30s` or `10min`, found `{text}`");
    let unit_at = text.find(|char: char| char.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let (_, in_us) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let mut result = whole.checked_mul(*in_us).ok_or_else(wrong)?;
    let mut digit_us = *in_us;
    for digit in fraction.chars() {
        digit_us /= 10;
        result += u64::from(digit.to_digit(10).ok_or_else(wrong)?) * digit_us;
    }
    Ok(result)
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, char) in text.char_indices() {
        if char == '"' {
            is_quoted = !is_quoted;
        } else if char == separator && !is_quoted {
            parts.push(&text[start..at]);
            start = at + char.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unquoted(text: &str) -> Result<String, String> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if inner.is_empty() { Err("expected a name".to_string()) } else { Ok(inner.to_string()) }
}

fn kinds() -> String {
    KINDS.map(|kind| format!("`{kind}`")).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_it_was_read() {
        for text in [
            "cut=paris@1s..30s",
            "cut=paris",
            "cut=nantes--paris@500ms",
            "cut=\"New York\"--paris@op5..+30s",
            "cut=paris@after:base",
            "cut=paris@after:create:lab.base..+10min",
            "freeze=paris@1s..90s",
            "restart=paris@after:create:base..+9s",
            "slow=paris:500ms@1h",
            "unavailable=paris@0s..2s",
            "deny=shelf.book.create@paris",
            "refuse=shelf.book@nantes",
            "refuse=shelf.book@nantes:2@10s",
            "lose=create@paris",
            "lose=create@paris:2",
            "late=create@paris:*:5s",
            "duplicate=create@*:*",
            "break=shelf.book@nantes",
            "ready=shelf.book@nantes:10min",
            "loss=paris:12.5%@0s..30s",
            "lose=create/base@paris",
            "deny=/base@paris",
        ] {
            let fault: Fault = text.parse().expect(text);
            assert_eq!(fault.to_string(), text);
            let json = serde_json::to_string(&fault).expect("faults are plain data");
            assert_eq!(serde_json::from_str::<Fault>(&json).expect("and read back"), fault);
        }
        let (short, long): (Fault, Fault) =
            ("cut=paris@..30s".parse().expect("short"), "cut=paris@0s..30s".parse().expect("long"));
        assert_eq!(short, long);
    }

    #[test]
    fn a_wrong_text_says_what_would_be_right() {
        for (text, part) in [
            ("cut", "expected `kind=site`"),
            ("cot=paris", "no fault is called `cot`"),
            ("cut=", "expected a name"),
            ("cut=paris@30s..1s", "the end comes before the start"),
            ("cut=paris@1x", "expected a time such as"),
            ("cut=create@paris", "about a whole site"),
            ("slow=paris", "expected a time, as in `slow=paris:500ms`"),
            ("lose=create@paris@3s", "counts requests"),
            ("lose=create@paris:0", "counted from 1"),
            ("refuse=paris", "expected a type"),
            ("cut=a@b@c@d", "at most"),
            ("freeze=paris:2", "nothing is expected behind `:`"),
            ("cut=paris@op5..30s", "how long after that"),
            ("loss=paris", "how probable"),
            ("loss=paris:120%", "from 0% to 100%"),
        ] {
            let error = text.parse::<Fault>().expect_err(text);
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }
}
