//! `scope drift --accept RESOURCE[.ATTRIBUTE] [SITE]`: what a site says is taken into the state, and the program's text that
//! goes with it is printed as a patch.
//!
//! `--accept vm.flavor` → the state has `m1.small` as what was set last; `-    flavor: "m1.tiny"`, `+    flavor: "m1.small"`.
//! Until the text says so, it is the program that differs, and a run would set it back.

use std::collections::BTreeMap;

use scope_compiler::accepting::{self, Rewritten, Said, SaidWhat};
use scope_compiler::{Compilation, Options, World, hir};
use scope_diagnostics::{codes, similar};
use scope_plan::recorded::How;
use scope_runtime::report::ChangedBy;
use scope_runtime::state::{Holder, Place, Record, State, StateStore};

use super::{FAILED, WRONG, now_ms, place};
use crate::args::Drift;
use crate::files;
use crate::output::{note, say_error, say_help};
use crate::show::drift::{Drifted, What};
use crate::show::source;
use crate::world::Disk;

/// What is accepted: a row of the report, and of a change which attributes.
pub struct Accepted<'a> {
    pub row: &'a Drifted,
    pub attributes: Vec<&'a str>,
}

impl Accepted<'_> {
    /// `vm.flavor at nantes`
    pub fn words(&self) -> String {
        let Drifted { name, site, .. } = self.row;
        match self.row.what {
            What::Gone => format!("{name} at {site}: it is gone, and forgotten"),
            What::Taken => format!("{name} at {site}: it is another deployment's, and forgotten"),
            What::Unmarked => format!("{name} at {site}: it is kept as adopted, and never deleted by us"),
            _ => format!("{name} at {site}: {}", self.attributes.join(", ")),
        }
    }
}

/// What the arguments mean: nothing after `--accept` is all that can be; `Err` is the exit code, and why is said.
pub fn chosen<'a>(
    wanted: &[String],
    rows: &'a [Drifted],
    program: &hir::Program,
) -> Result<Vec<Accepted<'a>>, u8> {
    if wanted.is_empty() {
        return Ok(rows.iter().filter(|row| refusal(row).is_none()).map(whole).collect());
    }
    let is_site = |word: &str| program.sites.iter().any(|site| site.name == word);
    let mut chosen = Vec::new();
    let mut words = wanted.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let (word, site) = match word.rsplit_once('@').filter(|(_, site)| is_site(site)) {
            Some((word, site)) => (word, Some(site)),
            None => (word, words.next_if(|next| is_site(next))),
        };
        let found = found(word, site, rows);
        if found.is_empty() {
            return Err(unknown(word, site, rows));
        }
        let mut open: Vec<Accepted> = Vec::new();
        let mut refused = Vec::new();
        for accepted in found {
            match refusal(accepted.row) {
                None => open.push(accepted),
                Some(why) => refused.push(format!("`{}` at {} {why}", accepted.row.name, accepted.row.site)),
            }
        }
        if open.is_empty() {
            say_error(codes::E0964, &refused.join("; "));
            say_help("`--accept` takes what somebody changed at a site, when that is known");
            return Err(WRONG);
        }
        chosen.extend(open);
    }
    Ok(chosen)
}

fn whole(row: &Drifted) -> Accepted<'_> {
    Accepted { row, attributes: row.differences.iter().map(|one| one.attribute.as_str()).collect() }
}

/// The rows of a resource, or of one attribute of it.
fn found<'a>(word: &str, site: Option<&str>, rows: &'a [Drifted]) -> Vec<Accepted<'a>> {
    let here: Vec<&Drifted> = rows.iter().filter(|row| site.is_none_or(|site| row.site == site)).collect();
    let named: Vec<Accepted> = here.iter().filter(|row| is_called(row, word)).map(|row| whole(row)).collect();
    if !named.is_empty() {
        return named;
    }
    let Some((name, attribute)) = word.rsplit_once('.') else { return Vec::new() };
    let of = here.into_iter().filter(|row| is_called(row, name));
    of.filter_map(|row| {
        let attribute = row.differences.iter().find(|one| one.attribute == attribute)?;
        Some(Accepted { row, attributes: vec![&attribute.attribute] })
    })
    .collect()
}

/// Whether a name is the row's, or that of its family or group.
fn is_called(row: &Drifted, name: &str) -> bool {
    row.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn unknown(word: &str, site: Option<&str>, rows: &[Drifted]) -> u8 {
    let at = site.map(|site| format!(" at {site}")).unwrap_or_default();
    say_error(codes::E0963, &format!("nothing called `{word}`{at} is other than it was left"));
    let mut names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    names
        .extend(rows.iter().flat_map(|row| {
            row.differences.iter().map(move |one| format!("{}.{}", row.name, one.attribute))
        }));
    names.sort();
    names.dedup();
    match similar::nearest(word, names.iter().map(String::as_str)) {
        Some(near) => say_help(&format!("did you mean `{near}`?")),
        None if names.is_empty() => say_help("all is as it was left: there is nothing to accept"),
        None => say_help(&format!("what differs: {}", names.join(", "))),
    }
    WRONG
}

/// Why a row cannot be accepted.
fn refusal(row: &Drifted) -> Option<&'static str> {
    match row.what {
        What::Unknown => Some("could not be looked at: what its site says is unknown"),
        What::Stale => Some("is older than its origin: a run sets it right, or tells which copy to delete"),
        What::Unlike => Some("is not as its origin: a run sets it right, or tells which copy to delete"),
        What::Broken => Some("is broken: a run makes it anew"),
        What::Unfinished => Some("was begun by a run that was interrupted: `scope resume` finishes it"),
        _ if row.by == ChangedBy::Program => Some("was changed by the program alone: `scope run` does it"),
        What::Added => Some("was not made yet"),
        What::Doubled => Some("is there twice: a run deletes the second one"),
        What::Gone | What::Taken | What::Unmarked | What::Changed | What::Removed => None,
    }
}

/// Where it is taken over: the state, and the program's text.
pub struct Taking<'a> {
    pub command: &'a Drift,
    pub at: &'a Place,
    pub state: &'a State,
    pub compilation: &'a Compilation,
    pub options: &'a Options,
}

impl Taking<'_> {
    /// Takes it into the state, and with `--write` into the text; the patch that goes with it.
    pub fn accept(&self, accepted: &[Accepted<'_>]) -> Result<String, u8> {
        let Taking { command, at, state, compilation, options } = *self;
        let (mut what, mut of) = (Vec::new(), Vec::new());
        for one in accepted {
            let words = said(one, state, compilation);
            of.extend(words.iter().map(|_| one));
            what.extend(words);
        }
        let file = &command.program.file;
        let Rewritten { texts, by_hand } = accepting::rewritten(&Disk, file, options, compilation, &what);
        let holder = Holder::current("scope drift --accept", now_ms());
        let mut store = StateStore::open_at(at, &holder).map_err(|error| place::refused(&error))?;
        if store.state().serial != state.serial {
            note("the state changed meanwhile: nothing was accepted, look again");
            return Err(FAILED);
        }
        for one in accepted {
            if let Some(fact) = fact(one, state) {
                store.remember(fact).map_err(|error| place::refused(&error))?;
                note(&format!("accepted: {}", one.words()));
            }
        }
        for (index, advice) in by_hand {
            let Drifted { name, site, .. } = of[index].row;
            note(&format!("by hand: {name} at {site}: {advice}"));
        }
        let mut patch = String::new();
        for (path, text) in styled(texts) {
            let before = Disk.read(&path).unwrap_or_default();
            patch += &files::difference(&path, &String::from_utf8_lossy(&before), &text);
            if command.write {
                files::replace(&path, text.as_bytes()).map_err(|error| {
                    say_error(codes::E0981, &format!("`{path}` cannot be written: {}", files::words(&error)));
                    FAILED
                })?;
                note(&format!("written: {path}"));
            }
        }
        if !patch.is_empty() && !command.write {
            note(
                "the text that goes with it (`| patch -p0`; with `--write` beside `--accept` it is written):",
            );
        }
        Ok(patch)
    }
}

/// What was formatted stays so.
fn styled(texts: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let style = |(path, text): (String, String)| {
        let before = String::from_utf8_lossy(&Disk.read(&path).unwrap_or_default()).into_owned();
        let was_formatted = scope_compiler::format(&before).is_some_and(|formatted| formatted == before);
        let formatted = scope_compiler::format(&text).filter(|_| was_formatted);
        (path, formatted.unwrap_or(text))
    };
    texts.into_iter().map(style).collect()
}

/// What the state has to know.
fn fact(accepted: &Accepted<'_>, state: &State) -> Option<Record> {
    let row = accepted.row;
    let (name, known) = state.called_as(&row.name, &row.site)?;
    let (name, site) = (name.to_string(), row.site.clone());
    if matches!(row.what, What::Gone | What::Taken) {
        return Some(Record::Gone { name, site });
    }
    let mut resource = known.clone();
    if row.what == What::Unmarked {
        resource.how = How::Adopted;
    }
    for attribute in &accepted.attributes {
        if let Some(value) = row.values.get(*attribute) {
            resource.set.insert((*attribute).to_string(), value.clone());
        }
    }
    Some(Record::Resource { name, site, resource })
}

/// What the program's text has to say.
fn said(accepted: &Accepted<'_>, state: &State, compilation: &Compilation) -> Vec<Said> {
    let row = accepted.row;
    let said = |what| Said { name: row.name.clone(), site: row.site.clone(), what };
    if matches!(row.what, What::Gone | What::Taken) {
        return vec![said(SaidWhat::Gone)];
    }
    let program = &compilation.program;
    let ty = state
        .called(&row.name, &row.site)
        .and_then(|known| program.drivers.values().find_map(|driver| driver.types.get(&known.resource_type)));
    let named = |target: &str, identity: &str| {
        super::import::program_name(compilation, state, target, &row.site, identity)
    };
    let text = |attribute: &str| {
        let declared = ty.and_then(|ty| ty.attributes.get(attribute));
        let ty = declared.map_or(&hir::Type::Any, |attribute| &attribute.ty);
        row.values.get(attribute).map(|value| source::text(value, ty, &named))
    };
    let attributes = accepted.attributes.iter();
    attributes
        .filter_map(|attribute| Some(said(SaidWhat::Attribute((*attribute).to_string(), text(attribute)?))))
        .collect()
}
