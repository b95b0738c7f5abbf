//! What the state has where the program cannot reach it any more: at a site, or of a type, that it no longer has. It is told
//! and left as it is, until the site is back for a run that deletes it or `scope state forget` lets it go.

use std::collections::BTreeSet;

use scope_compiler::hir::Program;
use scope_plan::recorded::{How, Recorded, RecordedResource};
use scope_runtime::shell;
use serde::Serialize;

use super::place;
use crate::args;
use crate::output::note;
use crate::show::{short_name, short_type};

/// Something recorded that no run can ask about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Lost {
    /// The site's name.
    pub site: String,
    /// The global name.
    pub name: String,
    /// `openstack.image`
    pub resource_type: String,
    /// What the program has no more.
    pub because: Because,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    NoSite,
    NoType,
}

impl Lost {
    /// Why nothing can be asked about it.
    pub fn why(&self) -> String {
        match self.because {
            Because::NoSite => format!("the program has no site `{}` any more", self.site),
            Because::NoType => format!("the program has no type `{}` any more", self.resource_type),
        }
    }
}

/// All of it, by site, where the whole program is meant. What was adopted is not ours to delete and needs no site.
pub fn of(asked: &args::Program, program: &Program, recorded: &Recorded) -> Vec<Lost> {
    among(asked, program, recorded, |known| known.how != How::Adopted)
}

/// The same with what was adopted: how it is now nobody can see either.
pub fn unseen(asked: &args::Program, program: &Program, recorded: &Recorded) -> Vec<Lost> {
    among(asked, program, recorded, |_| true)
}

fn among(
    asked: &args::Program,
    program: &Program,
    recorded: &Recorded,
    is_meant: impl Fn(&RecordedResource) -> bool,
) -> Vec<Lost> {
    if !asked.only.is_empty() || asked.sequence.is_some() {
        return Vec::new();
    }
    let sites: BTreeSet<&str> = program.sites.iter().map(|site| site.name.as_str()).collect();
    let is_apart =
        |known: &RecordedResource| recorded.apart.contains(&(known.name.clone(), known.site.clone()));
    let ours = recorded.resources.iter().filter(|known| is_meant(known) && !is_apart(known));
    let resources = ours.map(|resource| (&resource.site, &resource.name, &resource.resource_type));
    let open = recorded.open.iter().map(|open| (&open.site, &open.name, &open.resource_type));
    let lost = resources.chain(open).filter_map(|(site, name, resource_type)| {
        let because = match sites.contains(site.as_str()) {
            false => Because::NoSite,
            true if !program.has_type(resource_type) => Because::NoType,
            true => return None,
        };
        let (site, name, resource_type) = (site.clone(), name.clone(), resource_type.clone());
        Some(Lost { site, name, resource_type, because })
    });
    lost.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Says it.
pub fn tell(asked: &args::Program, state: Option<&str>, program: &Program, recorded: &Recorded) {
    let lost = of(asked, program, recorded);
    if !lost.is_empty() {
        note(&words(&lost, &place::words(&asked.file, state)));
    }
}

/// A few lines for people; `at` is what a command is told of where the state is, behind a blank.
pub fn words(lost: &[Lost], at: &str) -> String {
    const SHOWN: usize = 10;
    let Some(first) = lost.first() else { return String::new() };
    let mut lines: Vec<String> = lost.iter().take(SHOWN).map(line_of).collect();
    if lost.len() > SHOWN {
        lines.push(format!("  ? and {} more", lost.len() - SHOWN));
    }
    let back = match first.because {
        Because::NoSite => "the site",
        Because::NoType => "the driver",
    };
    format!(
        "recorded, and out of the program's reach: left as it is\n{}\n  delete it: put {back} back for one run      let it go: scope state forget {} {}{at}",
        lines.join("\n"),
        shell::word(&first.name),
        shell::word(&first.site),
    )
}

fn line_of(lost: &Lost) -> String {
    let (kind, name) = (short_type(&lost.resource_type), short_name(&lost.name));
    format!("  ? {}  {kind}  {name}   {}", lost.site, lost.why())
}
