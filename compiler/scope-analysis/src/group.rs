//! Groups: a module as a resource type. `resource lab: tenant { cidr: "10.1.0.0/24" } scope { paris }` makes everything
//! that `tenant.scope` declares, under the path `lab`, at Paris.
//!
//! The program itself is the first group, without a body and a scope. A group's parameters are its attributes, evaluated
//! where it was written; its outputs are read as `lab.server_id`.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, Expr, ExprKind, ItemKind, RecordEntry};

use crate::context::Context;
use crate::eval::{Frame, merge_slot};
use crate::hir::{Deferred, GroupId, LocationKind, ResourceId, SiteCopy, SiteId, Slot, Value};
use crate::modules::{ModuleId, NameKind};
use crate::request::Patch;

/// One use of a module.
pub(crate) struct Group<'a> {
    pub module: ModuleId,
    /// `lab`; empty for the program itself.
    pub name: String,
    pub span: Span,
    /// The attributes as written, and where.
    pub body: Option<&'a Expr>,
    pub patches: Vec<Patch<'a>>,
    pub frame: Frame,
    /// The scopes around its items, the outermost first, with the group that wrote each.
    pub scopes: Vec<Scoped>,
    /// Where it is by these, once asked for; `None` where one is in error.
    pub places: OnceCell<Option<Vec<SiteId>>>,
    /// The `with` clauses around its items, the outermost first.
    pub with: Vec<Carrying<'a>>,
    /// What is requested directly in it.
    pub requested: RefCell<Vec<ResourceId>>,
    /// Groups in it.
    pub groups: RefCell<Vec<GroupId>>,
}

/// A `with` clause, and the item that it is written at.
#[derive(Clone)]
pub(crate) struct Carrying<'a> {
    pub expr: &'a Expr,
    pub frame: Frame,
    /// The item's path: `agent`.
    pub item: String,
    /// With the element of a family: `agent["lille"]`.
    pub element: String,
    /// The group that the item is in: names that are written there are first of all this one's.
    pub within: String,
}

/// A scope that holds for the items of a group.
#[derive(Clone)]
pub(crate) struct Scoped {
    pub scope: Rc<ast::Scope>,
    pub frame: Frame,
    /// The group that is placed by it.
    pub group: String,
}

/// A group's attributes at a site, once asked for; `None` where its body is wrong, so that they are not known.
pub(crate) type Given = BTreeMap<(GroupId, Option<SiteId>), Option<IndexMap<String, Slot>>>;

impl<'a> Context<'a> {
    pub fn group(&self, id: GroupId) -> Rc<Group<'a>> {
        Rc::clone(&self.groups.borrow()[id.0 as usize])
    }

    /// Whether a group is one use of this module.
    pub fn is_of_module(&self, id: GroupId, module: ModuleId) -> bool {
        self.groups.borrow()[id.0 as usize].module == module
    }

    /// The value that a group gives to a parameter of its module; `None` where it gives none.
    pub fn given_to(&self, id: GroupId, name: &str, here: Option<SiteId>) -> Option<Slot> {
        let group = self.group(id);
        // One attribute of a plain record is evaluated by itself: another may need a site that is not known yet.
        if group.patches.is_empty()
            && let Some(ExprKind::Record(entries)) = group.body.map(|body| body.kind.as_ref())
            && !entries.iter().any(|entry| matches!(entry, RecordEntry::Spread(_)))
        {
            return entries.iter().find_map(|entry| match entry {
                RecordEntry::Field { key, value } if key.literal().as_deref() == Some(name) => {
                    let frame = Frame { here: here.or(group.frame.here), ..group.frame.clone() };
                    Some(Slot { value: self.eval(value, &frame), key: key.span, span: value.span })
                }
                _ => None,
            });
        }
        match self.given(id, here) {
            Some(fields) => fields.get(name).cloned(),
            None => Some(Slot { value: Value::Error, key: group.span, span: group.span }),
        }
    }

    /// Everything a group gives to its module at a site.
    fn given(&self, id: GroupId, here: Option<SiteId>) -> Option<IndexMap<String, Slot>> {
        if let Some(known) = self.given.borrow().get(&(id, here)) {
            return known.clone();
        }
        let given = self.evaluated(&self.group(id), here);
        self.given.borrow_mut().insert((id, here), given.clone());
        given
    }

    fn evaluated(&self, group: &Group<'a>, here: Option<SiteId>) -> Option<IndexMap<String, Slot>> {
        let frame = Frame { here: here.or(group.frame.here), ..group.frame.clone() };
        let mut written = match group.body.map(|body| (body, self.eval(body, &frame))) {
            None => IndexMap::new(),
            Some((_, Value::Record(fields))) => fields,
            Some((_, Value::Error)) => return None,
            Some((body, other)) => {
                self.mismatch("a record of attributes", &other, body.span);
                return None;
            }
        };
        for patch in &group.patches {
            let sites = self.patched_sites(patch, &frame);
            if let Some(here) = here
                && self.sites_of(&sites).is_some_and(|sites| sites.contains(&here))
                && let Value::Record(fields) = self.eval(patch.patch, &frame)
            {
                for (key, slot) in fields {
                    merge_slot(&mut written, key, slot);
                }
            }
        }
        Some(written)
    }

    /// Every request of a group and of the groups in it.
    pub fn members(&self, id: GroupId) -> Vec<ResourceId> {
        let mut members = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let group = self.group(id);
            members.extend(group.requested.borrow().iter());
            open.extend(group.groups.borrow().iter());
        }
        members.sort();
        members
    }

    /// Everywhere a group has something.
    pub fn group_sites(&self, id: GroupId) -> Vec<SiteId> {
        let mut sites = Vec::new();
        for member in self.members(id) {
            let Some(head) = self.head_summary(member) else { continue };
            for site in head.location.sites() {
                if !sites.contains(&site) {
                    sites.push(site);
                }
            }
        }
        sites
    }

    /// Whether a group is at several sites at once (`&`), so that what it gives is a map by site.
    fn is_at_several(&self, id: GroupId) -> bool {
        fn has_copies(kind: &LocationKind) -> bool {
            match kind {
                LocationKind::And(parts) => parts.len() > 1,
                LocationKind::Or(parts) => parts.iter().any(|part| has_copies(&part.kind)),
                _ => false,
            }
        }
        let is_copied =
            |member| self.head_summary(member).is_some_and(|head| has_copies(&head.location.kind));
        self.members(id).into_iter().any(is_copied)
    }

    /// Whether only the run tells where a group is (`|`).
    fn has_alternatives(&self, id: GroupId) -> bool {
        fn is_open(kind: &LocationKind) -> bool {
            match kind {
                LocationKind::Or(_) | LocationKind::Around { .. } => true,
                LocationKind::And(parts) | LocationKind::Cross { parts, .. } => {
                    parts.iter().any(|part| is_open(&part.kind))
                }
                LocationKind::Site(_) | LocationKind::Here | LocationKind::Error => false,
            }
        }
        let is_open = |member| self.head_summary(member).is_some_and(|head| is_open(&head.location.kind));
        self.members(id).into_iter().any(is_open)
    }

    /// Whether a group stands in a module whose items go where its own go, and is read in there.
    fn goes_with(&self, id: GroupId, reader: Option<GroupId>) -> bool {
        let Some(reader) = reader.filter(|reader| *reader != GroupId::PROGRAM) else { return false };
        let around = |id: &GroupId| self.group(*id).frame.group;
        std::iter::successors(around(&id), around).any(|outer| outer == reader)
    }

    /// `lab.server_id`: an output of a group's module; by site where the group is at several.
    pub fn group_field(&self, id: GroupId, name: &ast::Ident, reader: &Frame) -> Value {
        let group = self.group(id);
        let items = &self.modules.get(group.module).tree.items;
        let output = items.iter().find_map(|item| match &item.kind {
            ItemKind::Output(output) if output.name.text == name.text => Some((item, output)),
            _ => None,
        });
        let Some((item, output)) = output else {
            if name.text == "sites" {
                return self.site_list(self.group_sites(id).into_iter(), name.span);
            }
            let inside = items.iter().find_map(|item| match &item.kind {
                ItemKind::Thing(thing) if thing.name.text == name.text => Some(thing),
                _ => None,
            });
            if let Some(thing) = inside {
                let report = Diagnostic::new(
                    codes::E0212,
                    name.span,
                    format!("`{}` is inside of `{}`, and no output of it", name.text, group.name),
                )
                .label("not given to the outside")
                .secondary(thing.name.span, "declared here");
                let given_as = items.iter().find_map(|item| match &item.kind {
                    ItemKind::Output(output) if is_name(&output.value, &name.text) => Some(&output.name.text),
                    _ => None,
                });
                self.report(match given_as {
                    Some(output) => report
                        .help(format!(
                            "write `{output}`: so the module's output is called that is `{}`",
                            name.text
                        ))
                        .fix(format!("write `{output}`"), vec![Edit::new(name.span, output.clone())]),
                    None => report
                        .help(format!("add an output to the module, such as `output {0} = {0}`", name.text)),
                });
                return Value::Error;
            }
            let names = items.iter().filter_map(|item| match &item.kind {
                ItemKind::Output(output) => Some(output.name.text.as_str()),
                _ => None,
            });
            let owner = format!("`{}` (module `{}`)", group.name, self.modules.get(group.module).path);
            self.no_field(&name.text, name.span, &owner, names.chain(["sites"]));
            return Value::Error;
        };
        let hover = crate::hover::with_docs(format!("output `{}`", output.name.text), &item.docs);
        self.record_use(NameKind::Attribute, name.span, output.name.span, hover);
        let sites = self.group_sites(id);
        let frame = Frame { group: Some(id), ..Frame::new(group.module) };
        let at = |site: SiteId| self.output_value(output, &Frame { here: Some(site), ..frame.clone() });
        let here = reader.here.filter(|here| sites.contains(here));
        let has_alternatives = self.has_alternatives(id);
        if let Some(here) = here
            && (!has_alternatives || self.goes_with(id, reader.group))
        {
            return self.pinned(at(here), here);
        }
        let mut values: Vec<(SiteId, Value)> = sites.into_iter().map(|site| (site, at(site))).collect();
        // One of several alternatives: the run knows which, unless the value itself depends on the site.
        let is_same = values.windows(2).all(|pair| pair[0].1 == pair[1].1);
        // A resource is one, wherever it is: what is read of it is by site.
        let is_resource = || matches!(values.first(), Some((_, Value::Resource(_))));
        let is_one = here.is_some() || !self.is_at_several(id);
        if is_same && (values.len() == 1 || is_one || is_resource()) {
            return values.pop().map_or(Value::Error, |(_, value)| value);
        }
        if is_one {
            // The reader's own copy, where there is one.
            values.sort_by_key(|(site, _)| Some(*site) != here);
            return self.of_the_alternative(id, values);
        }
        if has_alternatives {
            return Value::Deferred(Box::new(Deferred::BySite(self.copies(id, values))));
        }
        let slot =
            |site, value| Slot { value: self.pinned(value, site), key: name.span, span: output.value.span };
        let by_site = values.into_iter().map(|(site, value)| (self.site_name(site), slot(site, value)));
        Value::Record(by_site.collect())
    }

    /// What a group gives, where its copy at a site is asked for: `lab.id[paris]` is that of paris, also where the reader has one
    /// of its own.
    pub fn by_site_of_group(&self, base: &Expr, index: &Value, frame: &Frame) -> Option<Value> {
        let (Value::Site(_), Some(_)) = (index, frame.here) else { return None };
        let ExprKind::Field { base: of, name, .. } = base.kind.as_ref() else { return None };
        let Some(Value::Group(id)) = self.quietly(|| self.eval(of, frame)) else { return None };
        // Once more, so that the name is used.
        self.eval(of, frame);
        Some(self.group_field(id, name, &Frame { here: None, ..frame.clone() }))
    }

    /// The value at the first of these sites at which the run finds the group.
    fn of_the_alternative(&self, id: GroupId, values: Vec<(SiteId, Value)>) -> Value {
        self.copies(id, values).into_iter().rev().fold(Value::Null, |otherwise, copy| {
            Value::Deferred(Box::new(Deferred::If(copy.is_there, copy.value, otherwise)))
        })
    }

    /// What a group gives at each of its sites, if it is there: something of it is.
    fn copies(&self, id: GroupId, values: Vec<(SiteId, Value)>) -> Vec<SiteCopy> {
        let sites_of = |member| self.head_summary(member).map(|head| head.location.sites());
        let members: Vec<(ResourceId, Vec<SiteId>)> = self
            .members(id)
            .into_iter()
            .map(|member| (member, sites_of(member).unwrap_or_default()))
            .collect();
        let is_everywhere = |sites: &Vec<SiteId>| values.iter().all(|(site, _)| sites.contains(site));
        let everywhere = members.iter().find(|(_, sites)| is_everywhere(sites));
        let copy = |(site, value)| {
            let member = everywhere.or_else(|| members.iter().find(|(_, sites)| sites.contains(&site)));
            let is_there = member.map_or(Value::Bool(false), |(member, _)| {
                let there = Deferred::Output { resource: *member, site: Some(site), path: Vec::new() };
                let there = Value::Deferred(Box::new(there));
                Value::Deferred(Box::new(Deferred::Binary("not_equal", there, Value::Null)))
            });
            SiteCopy { site, is_there, value: self.pinned(value, site) }
        };
        values.iter().cloned().map(copy).collect()
    }

    /// What a group sets is checked at each of its sites, whether an item of the module uses it or not.
    pub fn check_groups(&self) {
        let count = self.groups.borrow().len();
        for index in 1..count {
            let id = GroupId(index as u32);
            let group = self.group(id);
            let sites = self.group_sites(id);
            // Of one that requests nothing, as its scopes say.
            let sites = if sites.is_empty() { self.places(id) } else { sites };
            let places: Vec<Option<SiteId>> =
                if sites.is_empty() { vec![None] } else { sites.into_iter().map(Some).collect() };
            for here in places {
                self.check_given(id, &group, here);
            }
        }
    }

    fn check_given(&self, id: GroupId, group: &Group<'a>, here: Option<SiteId>) {
        let tree = &self.modules.get(group.module).tree;
        let params: Vec<&ast::Param> = tree
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Param(param) => Some(param),
                _ => None,
            })
            .collect();
        for (key, slot) in self.given(id, here).unwrap_or_default() {
            match params.iter().find(|param| param.name.text == key) {
                Some(param) => {
                    self.record_use(
                        NameKind::Parameter,
                        slot.key,
                        param.name.span,
                        format!("parameter `{key}`"),
                    );
                }
                None => self.report(self.unknown_parameter(group.module, &key, slot.key, &params)),
            }
        }
        let frame = Frame { group: Some(id), here, ..Frame::new(group.module) };
        for (index, item) in tree.items.iter().enumerate() {
            match &item.kind {
                ItemKind::Param(param) => {
                    self.item_value(group.module, index, param.name.span, &frame);
                }
                ItemKind::Let(_) => {
                    self.item_value(group.module, index, item.span, &frame);
                }
                ItemKind::Output(output) => {
                    let value = self.output_value(output, &frame);
                    let reason = "an output may be printed";
                    let written = Some((&output.value, &frame));
                    self.check_secret_flow(&value, &output.name.text, reason, output.value.span, written);
                }
                ItemKind::Require(require) => self.check_requirement(require, &frame),
                _ => {}
            }
        }
    }

    pub fn unknown_parameter(
        &self,
        module: ModuleId,
        key: &str,
        span: Span,
        params: &[&ast::Param],
    ) -> Diagnostic {
        let path = &self.modules.get(module).path;
        let report = Diagnostic::new(codes::E0203, span, format!("`{path}` has no parameter `{key}`"))
            .label("a module's attributes are its parameters");
        let names: Vec<&str> = params.iter().map(|param| param.name.text.as_str()).collect();
        match similar::nearest(key, names.iter().copied()) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None if names.is_empty() => report.help(format!("declare it there: `param {key}: string`")),
            None => report.help(format!("it has {}", names.join(", "))),
        }
    }

    /// The report for a parameter of a module that a group does not set; nothing where it is only misspelt, which is
    /// reported where it stands.
    pub fn missing_parameter(&self, id: GroupId, param: &ast::Param) -> Option<Diagnostic> {
        let group = self.group(id);
        let name = &param.name.text;
        let items = &self.modules.get(group.module).tree.items;
        let is_param = |key: &String| {
            items.iter().any(|item| matches!(&item.kind, ItemKind::Param(param) if param.name.text == *key))
        };
        let written = match group.body.map(|body| body.kind.as_ref()) {
            Some(ExprKind::Record(entries)) => entries.as_slice(),
            _ => &[],
        };
        let unknown: Vec<String> = written
            .iter()
            .filter_map(|entry| match entry {
                RecordEntry::Field { key, .. } => key.literal().filter(|key| !is_param(key)),
                RecordEntry::Spread(_) | RecordEntry::Error { .. } => None,
            })
            .collect();
        if similar::nearest(name, unknown.iter().map(String::as_str)).is_some() {
            return None;
        }
        // As many stand there under names that are not known: they may be meant, and it has been said which there are.
        let is_written = |name: &str| {
            written.iter().any(|entry| {
                matches!(entry, RecordEntry::Field { key, .. } if key.literal().as_deref() == Some(name))
            })
        };
        let missing = items.iter().filter(|item| match &item.kind {
            ItemKind::Param(param) => param.default.is_none() && !is_written(&param.name.text),
            _ => false,
        });
        if missing.count() <= unknown.len() {
            return None;
        }
        let report = Diagnostic::new(codes::E0204, group.span, format!("`{}` needs `{name}`", group.name))
            .label(format!("a `{}` without it", self.modules.get(group.module).path))
            .secondary(param.name.span, "a parameter without a default")
            .help(format!("add `{name}: …`"));
        Some(report)
    }
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(expr.kind.as_ref(), ExprKind::Name(own) if own == name)
}
