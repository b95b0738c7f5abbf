//! Accepting what a site says: the program's text with it.
//!
//! Comes in: values that sites have, and what is gone there. Goes out: the texts that change, and what could not be written
//! as a change of the text. A value is written where the program gives it, if that place speaks of these sites alone, else as
//! a patch for the site; a resource that is gone everywhere is taken out, one that is gone at some of its sites has a narrower
//! scope. What would not compile is not written.
//!
//! `flavor: "m1.tiny"` at nantes and paris, `m1.small` at nantes → `at nantes { flavor: "m1.small" }`

mod narrowing;

use std::collections::BTreeMap;

use scope_analysis::hir;
use scope_diagnostics::{Edit, Fix, Span};
use scope_syntax::ast::{ItemKind, Thing};

use crate::{Compilation, Options, World, fixing};

/// What a site says of a resource.
#[derive(Clone, Debug)]
pub struct Said {
    /// The resource's global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// What it says.
    pub what: SaidWhat,
}

/// What a site says of a resource.
#[derive(Clone, Debug)]
pub enum SaidWhat {
    /// An attribute, and its value as the language writes it.
    Attribute(String, String),
    /// It is not there.
    Gone,
}

/// The program with what was said.
#[derive(Debug, Default)]
pub struct Rewritten {
    /// Path → new text.
    pub texts: BTreeMap<String, String>,
    /// What could not be written, by its position, and what a person has to do.
    pub by_hand: Vec<(usize, String)>,
}

/// A change of a text, and which of what was said it is for.
struct Change {
    fix: Fix,
    of: Vec<usize>,
}

/// The texts of a program, compiled without errors, with what sites say.
pub fn rewritten(
    world: &dyn World,
    entry: &str,
    options: &Options,
    compilation: &Compilation,
    said: &[Said],
) -> Rewritten {
    let writer = Writer { compilation, said };
    let mut rewritten = Rewritten::default();
    let (changes, unwritable) = writer.changes();
    rewritten.by_hand.extend(unwritable);
    let fixes: Vec<&Fix> = changes.iter().map(|change| &change.fix).collect();
    let accepted = fixing::safe(world, entry, options, compilation, &fixes);
    let is_accepted = |fix: &Fix| accepted.iter().any(|accepted| std::ptr::eq(*accepted, fix));
    for change in changes.iter().filter(|change| !is_accepted(&change.fix)) {
        for index in &change.of {
            rewritten.by_hand.push((*index, writer.advice(&said[*index])));
        }
    }
    rewritten.texts = fixing::applied(&compilation.sources, &accepted);
    rewritten.by_hand.sort();
    rewritten
}

struct Writer<'a> {
    compilation: &'a Compilation,
    said: &'a [Said],
}

impl Writer<'_> {
    fn changes(&self) -> (Vec<Change>, Vec<(usize, String)>) {
        let mut values: BTreeMap<Span, Change> = BTreeMap::new();
        let mut patches: BTreeMap<Span, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        let mut gone: BTreeMap<Span, Change> = BTreeMap::new();
        let mut gone_at: BTreeMap<Span, Vec<usize>> = BTreeMap::new();
        let mut unwritable = Vec::new();
        for (index, said) in self.said.iter().enumerate() {
            let Some((resource, site)) = self.resource(said) else {
                unwritable.push((index, "the program does not declare it any more".to_string()));
                continue;
            };
            let item = self.item(resource.span);
            match &said.what {
                SaidWhat::Attribute(attribute, text) => {
                    let instance = resource.instances.get(&site);
                    let slot = instance.and_then(|instance| instance.attributes.get(attribute));
                    match (slot, item) {
                        (Some(slot), _) if self.speaks_only_of(slot.span, attribute, text) => {
                            let edit = Edit { span: slot.span, replacement: text.clone() };
                            values.entry(slot.span).or_insert_with(|| change(edit)).of.push(index);
                        }
                        (_, Some(item)) => {
                            patches.entry(item).or_default().entry(&said.site).or_default().push(index);
                        }
                        (_, None) => unwritable.push((index, self.advice(said))),
                    }
                }
                SaidWhat::Gone => match item {
                    Some(item) if self.is_gone_everywhere(resource) => {
                        let edit = Edit { span: self.with_docs(item), replacement: String::new() };
                        gone.entry(item).or_insert_with(|| change(edit)).of.push(index);
                    }
                    Some(item) if self.is_gone_of_all(resource, &said.site) => {
                        gone_at.entry(item).or_default().push(index);
                    }
                    _ => unwritable.push((index, self.advice(said))),
                },
            }
        }
        let mut narrower = Vec::new();
        for (item, of) in gone_at {
            match self.narrower(item, &of) {
                Some(edit) => narrower.push(Change { of, ..change(edit) }),
                None => unwritable.extend(of.iter().map(|index| (*index, self.advice(&self.said[*index])))),
            }
        }
        let patches = patches.into_iter().map(|(item, sites)| self.patch(item, &sites));
        let changes = values.into_values().chain(gone.into_values()).chain(narrower).chain(patches).collect();
        (changes, unwritable)
    }

    fn resource(&self, said: &Said) -> Option<(&hir::Resource, hir::SiteId)> {
        let program = &self.compilation.program;
        let site = program.sites.iter().position(|site| site.name == said.site)?;
        let resource = program.resources.iter().find(|resource| resource.name == said.name)?;
        Some((resource, hir::SiteId(site as u32)))
    }

    /// The whole item around a place, in a file of the program.
    fn item(&self, head: Span) -> Option<Span> {
        self.thing(head).map(|(span, _)| span)
    }

    fn thing(&self, head: Span) -> Option<(Span, Thing)> {
        let file = self.compilation.sources.try_get(head.file)?;
        if !fixing::is_of_program(file.path()) {
            return None;
        }
        let items = scope_syntax::parse(head.file, file.text()).module.items;
        let item =
            items.into_iter().find(|item| item.span.start <= head.start && head.end <= item.span.end)?;
        match item.kind {
            ItemKind::Thing(thing) => Some((item.span, thing)),
            _ => None,
        }
    }

    /// The scope of an item without the sites at which what it declares is gone.
    fn narrower(&self, item: Span, of: &[usize]) -> Option<Edit> {
        let (_, thing) = self.thing(item)?;
        let mut sites: Vec<&str> = of.iter().map(|index| self.said[*index].site.as_str()).collect();
        sites.sort_unstable();
        sites.dedup();
        narrowing::without(&thing, &sites, |span| self.compilation.sources.snippet(span).to_string())
    }

    /// Whether every resource at every site that takes its value from this place is said to have it so.
    fn speaks_only_of(&self, place: Span, attribute: &str, text: &str) -> bool {
        let program = &self.compilation.program;
        let path = self.compilation.sources.try_get(place.file).map(|file| file.path());
        path.is_some_and(fixing::is_of_program)
            && program.resources.iter().all(|resource| {
                resource.instances.iter().all(|(site, instance)| {
                    let is_from_here = instance.attributes.values().any(|slot| slot.span == place);
                    !is_from_here || self.is_said(resource, *site, attribute, text)
                })
            })
    }

    fn is_said(&self, resource: &hir::Resource, site: hir::SiteId, attribute: &str, text: &str) -> bool {
        let site = &self.compilation.program.sites[site.0 as usize].name;
        self.said.iter().any(|said| {
            said.name == resource.name
                && said.site == *site
                && matches!(&said.what, SaidWhat::Attribute(name, value) if name == attribute && value == text)
        })
    }

    /// Every resource that this item declares is gone at every site.
    fn is_gone_everywhere(&self, resource: &hir::Resource) -> bool {
        let mut of_item = self.of_item(resource);
        of_item.all(|resource| resource.instances.keys().all(|site| self.is_gone(resource, self.site(*site))))
    }

    /// Every resource that this item declares for the site is gone there.
    fn is_gone_of_all(&self, resource: &hir::Resource, at: &str) -> bool {
        let mut of_item = self.of_item(resource);
        of_item.all(|resource| {
            let is_there = resource.instances.keys().any(|site| self.site(*site) == at);
            !is_there || self.is_gone(resource, at)
        })
    }

    fn of_item<'r>(&'r self, resource: &'r hir::Resource) -> impl Iterator<Item = &'r hir::Resource> {
        self.compilation.program.resources.iter().filter(|other| other.span == resource.span)
    }

    fn site(&self, site: hir::SiteId) -> &str {
        &self.compilation.program.sites[site.0 as usize].name
    }

    fn is_gone(&self, resource: &hir::Resource, at: &str) -> bool {
        let mut said = self.said.iter();
        said.any(|said| said.name == resource.name && said.site == at && matches!(said.what, SaidWhat::Gone))
    }

    /// One clause a site, before `with`.
    fn patch(&self, item: Span, sites: &BTreeMap<&str, Vec<usize>>) -> Change {
        let clause = |(site, said): (&&str, &Vec<usize>)| {
            let set = said.iter().filter_map(|index| match &self.said[*index].what {
                SaidWhat::Attribute(name, value) => Some(format!("{name}: {value}")),
                SaidWhat::Gone => None,
            });
            format!(" at {} {{ {} }}", word(site), set.collect::<Vec<_>>().join(", "))
        };
        let replacement: String = sites.iter().map(clause).collect();
        let end = Span::new(item.file, item.end, item.end);
        let of = sites.values().flatten().copied().collect();
        Change { of, ..change(Edit { span: end, replacement }) }
    }

    /// An item with its `///` lines and the empty line after it.
    fn with_docs(&self, item: Span) -> Span {
        let text = self.compilation.sources.get(item.file).text();
        let mut start = item.start as usize;
        while let Some(before) = text[..start].strip_suffix('\n') {
            let line = before.rfind('\n').map_or(0, |end| end + 1);
            if !text[line..start].trim_start().starts_with("///") {
                break;
            }
            start = line;
        }
        let rest = &text[item.end as usize..];
        let blank = rest.len() - rest.trim_start_matches(['\n', ' ']).len();
        Span::new(item.file, start as u32, item.end + blank as u32)
    }

    /// What a person has to do.
    fn advice(&self, said: &Said) -> String {
        let at = self.resource(said).map(|(resource, _)| {
            let file = self.compilation.sources.get(resource.span.file);
            format!("{}:{}", file.path(), self.compilation.sources.line_column(resource.span).line)
        });
        let at = at.unwrap_or_default();
        match &said.what {
            SaidWhat::Attribute(name, value) => {
                format!("{at}: `{name}` of `{}` at {} is to be {value}", said.name, said.site)
            }
            SaidWhat::Gone => format!("{at}: take {} out of the scope of `{}`", said.site, said.name),
        }
    }
}

fn change(edit: Edit) -> Change {
    Change { fix: Fix { title: "accept".into(), edits: vec![edit] }, of: Vec::new() }
}

/// A site's name as a location.
fn word(site: &str) -> String {
    let is_word = site.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && site.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && !site.ends_with('-');
    if is_word { site.to_string() } else { format!("{site:?}") }
}
