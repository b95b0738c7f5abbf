//! Programs of a broadcaster that are made up, each a change of the one before.
//!
//! `Program::new(dice)` → a feed at one of four sites, perhaps with a vault, relays, alarms, in families, at several places.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::dice::Dice;

pub const SITES: [&str; 4] = ["oslo", "rome", "lima", "cairo"];

/// What a program may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Vault,
    Feed,
    Relay,
    Alarm,
    Ticket,
    Clip,
    Meter,
}

use Part::{Alarm, Clip, Feed, Meter, Relay, Ticket, Vault};

const PARTS: [Part; 7] = [Vault, Feed, Relay, Alarm, Ticket, Clip, Meter];

/// Where the feed is, and what is about it.
#[derive(Clone, Debug)]
enum Place {
    One(usize),
    Both(Vec<usize>),
    Either(Vec<usize>),
}

/// The feed and what is about it may be several.
#[derive(Clone, Debug)]
enum Family {
    Sites(Vec<usize>),
    Keys(Vec<&'static str>),
}

/// What the texts of a relay are made of.
#[derive(Clone, Copy, Debug)]
enum Told {
    Plain,
    Title,
    Identity,
}

/// What is said.
#[derive(Clone, Debug)]
pub struct Program {
    place: Place,
    family: Option<Family>,
    /// The vault and the clip are used from there.
    store: Option<usize>,
    has: BTreeSet<Part>,
    names: BTreeMap<Part, String>,
    /// What each was called before this change.
    formerly: BTreeMap<Part, String>,
    /// What stays where it is when the program no longer has it.
    kept: BTreeSet<Part>,
    copies: Vec<usize>,
    shares: Vec<usize>,
    title: &'static str,
    codec: &'static str,
    region: &'static str,
    kind: &'static str,
    told: Told,
    about: Told,
    has_vault: bool,
    has_clip: bool,
    numbers: BTreeMap<Part, usize>,
    may_be_made_anew: bool,
}

/// Changes, as they are told of a failure.
const CHANGES: [&str; 20] = [
    "place", "family", "store", "codec", "title", "region", "kind", "told", "about", "rename", "copies",
    "shares", "has", "has", "vault", "clip", "number", "number", "keep", "anew",
];

impl Program {
    pub fn new(dice: &mut Dice) -> Program {
        let mut program = Program {
            place: Place::One(0),
            family: None,
            store: None,
            has: PARTS.into_iter().filter(|_| dice.below(3) > 0).chain([Feed]).collect(),
            names: PARTS.into_iter().map(|part| (part, format!("{part:?}").to_lowercase())).collect(),
            formerly: BTreeMap::new(),
            kept: BTreeSet::new(),
            copies: dice.some_of(4, 3),
            shares: dice.some_of(4, 3),
            title: "news",
            codec: "h264",
            region: "eu",
            kind: "daily",
            told: Told::Plain,
            about: Told::Title,
            has_vault: dice.below(3) > 0,
            has_clip: dice.below(3) == 0,
            numbers: PARTS.into_iter().map(|part| (part, 5)).collect(),
            may_be_made_anew: dice.below(3) > 0,
        };
        program.change(dice, "place");
        program
    }

    /// One to three changes; their names.
    pub fn changed(&self, dice: &mut Dice) -> (Program, Vec<&'static str>) {
        let mut program = Program { formerly: BTreeMap::new(), ..self.clone() };
        let changes: Vec<&str> = (0..=dice.below(3)).map(|_| CHANGES[dice.below(CHANGES.len())]).collect();
        changes.iter().for_each(|change| program.change(dice, change));
        (program, changes)
    }

    /// What cannot be changed in place is made anew.
    pub fn with_anew(&self) -> Program {
        Program { may_be_made_anew: true, ..self.clone() }
    }

    /// Whether anything stays when the program no longer has it.
    pub fn keeps_something(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Nothing stays when the program no longer has it.
    pub fn with_nothing_kept(&self) -> Program {
        Program { kept: BTreeSet::new(), formerly: BTreeMap::new(), ..self.clone() }
    }

    fn change(&mut self, dice: &mut Dice, what: &str) {
        let told = [Told::Plain, Told::Title, Told::Identity];
        match what {
            "place" => {
                let sites = dice.some_of(4, 2);
                self.place = match (sites.len(), dice.below(2)) {
                    (1, _) => Place::One(sites[0]),
                    (_, 0) => Place::Both(sites),
                    _ => Place::Either(sites),
                };
            }
            "family" => {
                let mut keys = vec!["x", "y", "z"];
                keys.drain(..dice.below(3));
                self.family = [None, Some(Family::Sites(dice.some_of(4, 3))), Some(Family::Keys(keys))]
                    [dice.below(3)]
                .clone();
            }
            "store" => self.store = [None, Some(dice.below(4))][dice.below(2)],
            "codec" => self.codec = ["h264", "av1", "vp9"][dice.below(3)],
            "title" => self.title = ["news", "music", "talk"][dice.below(3)],
            "region" => self.region = ["eu", "us"][dice.below(2)],
            "kind" => self.kind = ["daily", "weekly"][dice.below(2)],
            "told" => self.told = told[dice.below(3)],
            "about" => self.about = told[dice.below(3)],
            "rename" => {
                for part in PARTS {
                    let name = format!("{part:?}{}", dice.below(100)).to_lowercase();
                    if dice.below(2) == 0 {
                        continue;
                    }
                    let former = self.names.insert(part, name.clone()).filter(|former| *former != name);
                    // In one change it may be called otherwise twice.
                    if let Some(former) = former {
                        self.formerly.entry(part).or_insert(former);
                    }
                }
            }
            "copies" => self.copies = dice.some_of(4, 3),
            "shares" => self.shares = dice.some_of(4, 3),
            "has" => {
                let part = PARTS[dice.below(PARTS.len())];
                if part != Feed && !self.has.remove(&part) {
                    self.has.insert(part);
                }
            }
            "vault" => self.has_vault = !self.has_vault,
            "clip" => self.has_clip = !self.has_clip,
            "number" => {
                let part = PARTS[dice.below(PARTS.len())];
                self.numbers.insert(part, 1 + dice.below(9));
            }
            "keep" => self.kept = PARTS.into_iter().filter(|_| dice.below(4) == 0).collect(),
            "anew" => self.may_be_made_anew = !self.may_be_made_anew,
            other => unreachable!("`{other}` is no change"),
        }
    }

    /// As it is written.
    pub fn text(&self, url: &str) -> String {
        let mut text = "import \"./radio.scope\"\n".to_string();
        for site in SITES {
            let _ = writeln!(text, "site {site} {{ radio: {{ url: \"{url}/{site}\" }} }}");
        }
        text += "entry oslo\n";
        for part in PARTS.into_iter().filter(|part| self.is_there(*part)) {
            let (of, head) = (self.attributes(part), self.head(part));
            let kind = format!("{part:?}").to_lowercase();
            let _ = write!(
                text,
                "resource {}{head}: radio.{kind} {{ {of} }} scope {{ {} }}",
                self.names[&part],
                self.scope(part)
            );
            text += &self.with(part);
            text += "\n";
        }
        text
    }

    fn is_there(&self, part: Part) -> bool {
        // What refers to something that may be at either of two places would have to be in a group with it.
        let may_refer =
            !matches!(self.place, Place::Either(_)) || matches!(self.family, Some(Family::Sites(_)));
        self.has.contains(&part)
            && match part {
                Relay => may_refer,
                Alarm => may_refer && self.has.contains(&Relay),
                _ => true,
            }
    }

    /// Those that come as often as the feed.
    fn is_of_family(&self, part: Part) -> bool {
        matches!(part, Vault | Feed | Relay | Alarm) && self.family.is_some()
    }

    fn head(&self, part: Part) -> String {
        match &self.family {
            Some(Family::Sites(sites)) if self.is_of_family(part) => {
                format!(" for s in [{}]", words(sites, ", "))
            }
            Some(Family::Keys(keys)) if self.is_of_family(part) => {
                let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
                format!(" for k in [{}]", keys.join(", "))
            }
            _ => String::new(),
        }
    }

    /// Another part, from within one of this family, or from without.
    fn reference(&self, of: Part, is_within: bool) -> String {
        let key = match &self.family {
            Some(Family::Sites(_)) if is_within => "[s.name]".to_string(),
            Some(Family::Keys(_)) if is_within => "[k]".to_string(),
            Some(Family::Sites(sites)) => format!("[\"{}\"]", SITES[sites[0]]),
            Some(Family::Keys(keys)) => format!("[\"{}\"]", keys[0]),
            None => String::new(),
        };
        format!("{}{key}", self.names[&of])
    }

    /// What makes each of a family another one.
    fn suffix(&self) -> &'static str {
        match self.family {
            Some(Family::Sites(_)) => "-${s.name}",
            Some(Family::Keys(_)) => "-${k}",
            None => "",
        }
    }

    fn told(&self, told: Told, is_within: bool) -> String {
        let feed = self.reference(Feed, is_within);
        match told {
            Told::Plain => "all".into(),
            Told::Title => format!("of ${{{feed}.title}}"),
            Told::Identity => format!("of ${{{feed}.id}}"),
        }
    }

    fn attributes(&self, part: Part) -> String {
        let (suffix, number) = (self.suffix(), self.numbers[&part]);
        match part {
            Vault => format!("name: \"va{suffix}\", region: \"{}\", quota: {number}", self.region),
            Feed => {
                let vault = match self.has_vault && self.is_there(Vault) {
                    true => format!(", vault: {}", self.reference(Vault, true)),
                    false => String::new(),
                };
                let (title, codec) = (self.title, self.codec);
                format!("title: \"{title}{suffix}\", codec: \"{codec}\", bitrate: {number}{vault}")
            }
            Relay => {
                let clip = match self.has_clip && self.is_there(Clip) {
                    true => format!(", clip: {}", self.names[&Clip]),
                    false => String::new(),
                };
                let (title, feed) = (self.told(self.told, true), self.reference(Feed, true));
                format!("title: \"{title}{suffix}\", feed: {feed}, volume: {number}{clip}")
            }
            Alarm => {
                format!("name: \"al{suffix}\", level: {number}, relay: {}", self.reference(Relay, true))
            }
            Ticket => format!("subject: \"{}\", kind: \"{}\"", self.told(self.about, false), self.kind),
            Clip => format!("name: \"cl\", words: \"{number} words\""),
            Meter => format!("name: \"me\", count: {number}"),
        }
    }

    fn scope(&self, part: Part) -> String {
        let own = match (&self.family, &self.place) {
            (Some(Family::Sites(_)), _) => "s".to_string(),
            (_, Place::One(site)) => SITES[*site].to_string(),
            (_, Place::Both(sites)) => words(sites, " & "),
            (_, Place::Either(sites)) => words(sites, " | "),
        };
        match (part, self.store) {
            (Vault, Some(site)) => SITES[site].to_string(),
            (Feed | Relay, Some(site)) => format!("play: {own}, store: {}", SITES[site]),
            (Vault | Feed | Relay | Alarm, _) => own,
            (Ticket, _) => SITES[0].to_string(),
            (Clip, Some(site)) => SITES[site].to_string(),
            (Clip, None) => words(&self.copies, " & "),
            (Meter, _) => words(&self.shares, " % "),
        }
    }

    fn with(&self, part: Part) -> String {
        let mut with = Vec::new();
        if self.may_be_made_anew {
            with.push("replace: anew".to_string());
        }
        if self.kept.contains(&part) {
            with.push("on_delete: keep".into());
        }
        with.extend(self.formerly.get(&part).map(|former| format!("moved_from: \"{former}\"")));
        if with.is_empty() { String::new() } else { format!(" with {{ {} }}", with.join(", ")) }
    }
}

/// `oslo & rome`
fn words(sites: &[usize], between: &str) -> String {
    sites.iter().map(|site| SITES[*site]).collect::<Vec<_>>().join(between)
}
