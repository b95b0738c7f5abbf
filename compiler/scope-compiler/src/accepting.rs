//! Accepting what a site says: the program's text with it.
//!
//! Comes in: values that sites have, and what is gone there. Goes out: the texts that change, and what could not be written
//! as a change of the text. A value is written where the program gives it, if that place speaks of these sites alone, else as
//! a patch for the site, in a family for the element; a resource that is gone everywhere is taken out, one that is gone at some
//! of its sites has a narrower scope. What would not compile, or would change anything else, is not written.
//!
//! `flavor: "m1.tiny"` at nantes and paris, `m1.small` at nantes → `at nantes { flavor: "m1.small" }`

mod narrowing;
mod others;

use std::collections::BTreeMap;

use scope_analysis::hir;
use scope_diagnostics::{Edit, Fix, Span};
use scope_syntax::ast::{ItemKind, Thing};

use crate::{Compilation, Options, World, compile, fixing};

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
    // What is merged between steps depends on what they have in common: plans are compared as lowered.
    let options = Options { unoptimised: true, ..options.clone() };
    let before = compile(world, entry, &options);
    let is_nothing_else = |fixes: &[&Fix], after: &Compilation| {
        let of = changes.iter().filter(|change| fixes.iter().any(|fix| std::ptr::eq(*fix, &change.fix)));
        let accepted: Vec<&Said> = of.flat_map(|change| &change.of).map(|index| &said[*index]).collect();
        let plans = before.plan.as_ref().zip(after.plan.as_ref());
        plans.is_some_and(|(before, after)| others::are_untouched(before, after, &accepted))
    };
    let accepted = fixing::safe(world, entry, &options, compilation, &fixes, &is_nothing_else);
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

/// Attribute → what a patch says of it, and which of what was said it is for.
type Values<'s> = BTreeMap<&'s str, (String, Vec<usize>)>;

struct Writer<'a> {
    compilation: &'a Compilation,
    said: &'a [Said],
}

impl Writer<'_> {
    fn changes(&self) -> (Vec<Change>, Vec<(usize, String)>) {
        let mut values: BTreeMap<Span, Change> = BTreeMap::new();
        let mut patches: Vec<(Span, &str, usize)> = Vec::new();
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
                        _ if self.is_share(resource, attribute) => {
                            unwritable.push((index, self.advice(said)));
                        }
                        (Some(slot), _) if self.compilation.sources.snippet(slot.span) == text => {}
                        (Some(slot), _) if self.speaks_only_of(slot.span, attribute, text) => {
                            let edit = Edit { span: slot.span, replacement: text.clone() };
                            values.entry(slot.span).or_insert_with(|| change(edit)).of.push(index);
                        }
                        (_, Some(item)) => {
                            patches.push((item, &said.site, index));
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
        let mut written: BTreeMap<Span, BTreeMap<&str, Values>> = BTreeMap::new();
        for (item, site, index) in patches {
            match self.value_at(item, &self.said[index]) {
                Some((attribute, value)) => {
                    let of_site = written.entry(item).or_default().entry(site).or_default();
                    of_site.entry(attribute).or_insert((value, Vec::new())).1.push(index);
                }
                None => unwritable.push((index, self.advice(&self.said[index]))),
            }
        }
        let patches = written.into_iter().map(|(item, sites)| patch(item, &sites));
        let changes = values.into_values().chain(gone.into_values()).chain(narrower).chain(patches).collect();
        (changes, unwritable)
    }

    fn resource(&self, said: &Said) -> Option<(&hir::Resource, hir::SiteId)> {
        let program = &self.compilation.program;
        let site = program.sites.iter().position(|site| site.name == said.site)?;
        let resource = program.resources.iter().find(|resource| resource.name == said.name)?;
        Some((resource, hir::SiteId(site as u32)))
    }

    /// Whether what a site has of an attribute is a part of the whole that the program gives: no place of the text says it alone.
    fn is_share(&self, resource: &hir::Resource, attribute: &str) -> bool {
        let types =
            self.compilation.program.drivers.values().find_map(|driver| driver.types.get(&resource.ty));
        let Some(hir::Cross::By(division)) = types.map(|ty| &ty.cross) else { return false };
        let is_of_it = |divided: &String| divided.split('.').next() == Some(attribute);
        division.divided.iter().any(is_of_it) && resource.location.is_divided()
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
        self.text_of(&resource.name, self.site(site), attribute) == Some(text)
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

    /// An attribute and what a patch of the item for the site says of it: the value, or, where the item declares more than
    /// that, the value for the elements of the family that are said to have it.
    fn value_at<'s>(&self, item: Span, said: &'s Said) -> Option<(&'s str, String)> {
        let SaidWhat::Attribute(attribute, text) = &said.what else { return None };
        let (resource, site) = self.resource(said)?;
        let others = self.others(resource, site, attribute, text);
        if others.is_empty() {
            return Some((attribute, text.clone()));
        }
        let (_, thing) = self.thing(item)?;
        let family = thing.family.filter(|family| family.second.is_none())?;
        let (of, _) = element(&resource.name)?;
        let mut cases: Vec<(&str, &str)> = Vec::new();
        let mut otherwise = None;
        for element_of in self.of_item(resource) {
            let Some(instance) = element_of.instances.get(&site) else { continue };
            let (prefix, key) = element(&element_of.name)?;
            let slot = || Some(instance.attributes.get(attribute)?.span);
            match self.text_of(&element_of.name, &said.site, attribute) {
                _ if prefix != of => return None,
                Some(text) => cases.push((key, text)),
                None if otherwise.is_none() || otherwise == slot() => otherwise = Some(slot()?),
                None => return None,
            }
        }
        let otherwise = self.compilation.sources.snippet(otherwise?).to_string();
        let name = &family.name.text;
        let value = cases.iter().rev().fold(otherwise, |otherwise, (key, text)| {
            format!("if {name} == {key} then {text} else {otherwise}")
        });
        Some((attribute, value))
    }

    /// What an attribute is said to be.
    fn text_of(&self, name: &str, site: &str, attribute: &str) -> Option<&str> {
        let mut about = self.said.iter().filter(|said| said.name == name && said.site == site);
        about.find_map(|said| match &said.what {
            SaidWhat::Attribute(of, text) if of == attribute => Some(text.as_str()),
            _ => None,
        })
    }

    /// What its item declares for the site besides, of which that is not said.
    fn others<'r>(
        &'r self,
        resource: &'r hir::Resource,
        site: hir::SiteId,
        attribute: &str,
        text: &str,
    ) -> Vec<&'r str> {
        let at_site = self.of_item(resource).filter(|other| other.instances.contains_key(&site));
        let others = at_site.filter(|other| !self.is_said(other, site, attribute, text));
        others.map(|other| other.name.as_str()).collect()
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
            SaidWhat::Attribute(name, value)
                if self.resource(said).is_some_and(|(resource, _)| self.is_share(resource, name)) =>
            {
                format!(
                    "{at}: a part of `{name}` is not written, and a run sets it back to its share of the whole: for it to stay \
                     {value}, say the sum of all parts as `{name}`, and in `with {{ weights: {{ … }} }}` what each of them has"
                )
            }
            SaidWhat::Attribute(name, value) => {
                let others =
                    self.resource(said).map(|(resource, site)| self.others(resource, site, name, value));
                let others: Vec<String> = others.iter().flatten().map(|name| format!("`{name}`")).collect();
                let besides = match others.is_empty() {
                    true => String::new(),
                    false => format!("; what stands there is for {} too", others.join(", ")),
                };
                format!("{at}: `{name}` of `{}` at {} is to be {value}{besides}", said.name, said.site)
            }
            SaidWhat::Gone => format!("{at}: take {} out of the scope of `{}`", said.site, said.name),
        }
    }
}

/// One clause a site, before `with`.
fn patch(item: Span, sites: &BTreeMap<&str, Values<'_>>) -> Change {
    let clause = |(site, values): (&&str, &Values<'_>)| {
        let set = values.iter().map(|(attribute, (value, _))| format!("{attribute}: {value}"));
        format!(" at {} {{ {} }}", word(site), set.collect::<Vec<_>>().join(", "))
    };
    let replacement: String = sites.iter().map(clause).collect();
    let end = Span::new(item.file, item.end, item.end);
    let of = sites.values().flat_map(BTreeMap::values).flat_map(|(_, of)| of).copied().collect();
    Change { of, ..change(Edit { span: end, replacement }) }
}

/// The name of an element's family, and its key: `card["a"]` → `card`, `"a"`.
fn element(name: &str) -> Option<(&str, &str)> {
    name.strip_suffix(']')?.rsplit_once('[')
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
