//! Expansion: what each item of a group stands for. A family (`for`) is several of it, an item whose `when` is false is
//! nothing, and a resource whose type is a module is a group with items of its own.
//!
//! `resource vm for s in edge: …` → `vm["nantes"]`, `vm["paris"]`. An item is expanded when first needed, so that one
//! family may be made from another.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{self, ItemKind, ThingKind};

use super::Requested;
use crate::circles::Sought;
use crate::context::Context;
use crate::eval::{Frame, describe, has_hole};
use crate::group::{Carrying, Group, Scoped};
use crate::hir::{self, GroupId, ResourceId, Slot, Value};
use crate::modules::{ModuleId, Modules, NameKind};
use crate::names::Definition;

/// At most so many requests and groups a program.
const MAX_REQUESTS: usize = 100_000;

/// What an item stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Declared {
    One(ResourceId),
    /// By key, in order, also those whose `when` is false; shared, since every use of the name asks for it.
    Family(Rc<IndexMap<String, Declared>>),
    /// Its `when` is false.
    Absent,
    Group(GroupId),
    /// In error, reported.
    Hole,
}

impl<'a> Context<'a> {
    /// Expands the whole program.
    pub(super) fn expand_program(&self) {
        self.groups.borrow_mut().push(Rc::new(Group {
            module: Modules::ROOT,
            name: String::new(),
            span: Span::DUMMY,
            body: None,
            patches: Vec::new(),
            frame: Frame::new(Modules::ROOT),
            scopes: Vec::new(),
            places: OnceCell::new(),
            with: Vec::new(),
            requested: RefCell::default(),
            groups: RefCell::default(),
        }));
        self.expand_group(GroupId::PROGRAM);
    }

    fn expand_group(&self, id: GroupId) {
        let module = self.group(id).module;
        for (index, item) in self.modules.get(module).tree.items.iter().enumerate() {
            if matches!(item.kind, ItemKind::Thing(_) | ItemKind::Native(_)) {
                self.declared(id, index, item.span);
            }
        }
    }

    /// What an item of a group stands for.
    fn declared(&self, id: GroupId, index: usize, used: Span) -> Declared {
        let key = (id, index);
        if let Some(known) = self.declared.borrow().get(&key) {
            return match known {
                Some(declared) => declared.clone(),
                None => {
                    self.report_circle(&Sought::Item(id, index), used);
                    Declared::Hole
                }
            };
        }
        self.declared.borrow_mut().insert(key, None);
        let group = self.group(id);
        let frame = Frame { group: Some(id), ..Frame::new(group.module) };
        let declared =
            self.seek(Sought::Item(id, index), used, || match &self.item(group.module, index).kind {
                ItemKind::Thing(thing) => self.thing(id, &group, index, thing, frame),
                ItemKind::Native(_) => self.request(id, &group, index, frame, String::new()),
                _ => Declared::Hole,
            });
        self.declared.borrow_mut().insert(key, Some(declared.clone()));
        declared
    }

    fn thing(
        &self,
        id: GroupId,
        group: &Group<'a>,
        index: usize,
        thing: &'a ast::Thing,
        frame: Frame,
    ) -> Declared {
        let name = path(group, &thing.name.text);
        let Some(generator) = &thing.family else {
            return self.element(id, group, index, thing, frame, name);
        };
        let Some(elements) = self.family(generator, &frame) else { return Declared::Hole };
        if !self.has_distinct_keys(&elements, generator, &name, thing.name.span) {
            return Declared::Hole;
        }
        let mut family = IndexMap::with_capacity(elements.len());
        for (key, frame) in elements {
            let element_name = format!("{name}[{key:?}]");
            family.insert(key, self.element(id, group, index, thing, frame, element_name));
        }
        Declared::Family(Rc::new(family))
    }

    /// Whether no two elements of a family have the same key; reported otherwise.
    pub(crate) fn has_distinct_keys(
        &self,
        elements: &[(String, Frame)],
        generator: &ast::Generator,
        name: &str,
        declared: Span,
    ) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        let Some((key, _)) = elements.iter().find(|(key, _)| !seen.insert(key.as_str())) else { return true };
        self.report(
            Diagnostic::new(
                codes::E0103,
                generator.source.span,
                format!("`{name}` has two elements `{key}`"),
            )
            .label("gives the same key twice")
            .secondary(declared, "the family")
            .help("iterate over `distinct(…)`, or over a map whose keys differ"),
        );
        false
    }

    /// The elements of a family: each with its key and its frame.
    pub(crate) fn family(&self, generator: &ast::Generator, frame: &Frame) -> Option<Vec<(String, Frame)>> {
        let frames = self.decided(
            generator.source.span,
            frame,
            |frame| self.iterate(generator, frame),
            |left, right| {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| self.is_same_element(left, right))
            },
        )?;
        let mut elements = Vec::with_capacity(frames.len());
        for mut inner in frames {
            inner.here = frame.here; // The element is what there is at each place of the group.
            let value = inner.locals[frame.locals.len()].1.clone();
            // Over a list with two names, the first is the number and the second the element.
            let named = match (&generator.second, &value) {
                (Some(_), Value::Int(_)) => inner.locals[frame.locals.len() + 1].1.clone(),
                _ => value,
            };
            let Some(key) = self.family_key(&named) else {
                if !has_hole(&named) {
                    self.report(no_key(&named, generator.source.span));
                }
                return None;
            };
            elements.push((key, inner));
        }
        Some(elements)
    }

    /// The key of a family's element: a site's name, a text, a number, or the `name` of a record.
    fn family_key(&self, value: &Value) -> Option<String> {
        match value {
            Value::Record(fields) => match fields.get("name").or_else(|| fields.get("id")) {
                Some(Slot { value: Value::Text(name), .. }) => Some(name.clone()),
                _ => None,
            },
            Value::Text(_) | Value::Int(_) | Value::Site(_) => self.as_text(value),
            _ => None,
        }
    }

    fn element(
        &self,
        id: GroupId,
        group: &Group<'a>,
        index: usize,
        thing: &'a ast::Thing,
        frame: Frame,
        name: String,
    ) -> Declared {
        match self.is_wanted(thing, &frame) {
            Some(true) => {}
            Some(false) => {
                let condition = thing.condition.as_ref().map_or(thing.name.span, |condition| condition.span);
                self.absent.borrow_mut().push(hir::Absent { name, condition });
                return Declared::Absent;
            }
            None => return Declared::Hole,
        }
        match self.module_type(&thing.ty, group.module) {
            Some(module) => self.new_group(id, group, thing, frame, name, module),
            None => self.request(id, group, index, frame, name),
        }
    }

    /// Whether an item's `when` holds; `None` where it is in error.
    pub(super) fn is_wanted(&self, thing: &ast::Thing, frame: &Frame) -> Option<bool> {
        let Some(condition) = &thing.condition else { return Some(true) };
        let holds = |frame: &Frame| match self.eval(condition, frame) {
            Value::Bool(holds) => Some(holds),
            Value::Error => None,
            other => {
                self.undecided("when", &other, condition, frame);
                None
            }
        };
        self.decided(condition.span, frame, holds, bool::eq)
    }

    fn new_group(
        &self,
        parent: GroupId,
        group: &Group<'a>,
        thing: &'a ast::Thing,
        frame: Frame,
        name: String,
        module: ModuleId,
    ) -> Declared {
        if thing.kind != ThingKind::Resource {
            self.report(
                Diagnostic::new(codes::E0207, thing.ty.span, "a module is made by `resource`")
                    .label("this is a module")
                    .help("write `resource`, or the type of an application's resource"),
            );
            return Declared::Hole;
        }
        let Some(clauses) = self.clauses(&thing.clauses, &frame) else { return Declared::Hole };
        let mut scopes = group.scopes.clone();
        if let Some((scope, frame)) = clauses.scope {
            let group = scopes.first().map_or_else(|| name.clone(), |outer| outer.group.clone());
            scopes.push(Scoped { scope, frame, group });
        }
        let mut with = group.with.clone();
        with.extend(clauses.with.iter().map(|expr| Carrying {
            expr,
            frame: frame.clone(),
            item: path(group, &thing.name.text),
            element: name.clone(),
            within: group.name.clone(),
        }));
        let span = thing.name.span;
        let hover = format!("`{}`: module `{}`", name, self.modules.get(module).path);
        self.record_use(NameKind::Resource, span, span, hover);
        let id = {
            let mut groups = self.groups.borrow_mut();
            let id = GroupId(u32::try_from(groups.len()).expect("bounded"));
            groups.push(Rc::new(Group {
                module,
                name,
                span,
                body: thing.body.as_ref(),
                patches: clauses.patches,
                frame,
                scopes,
                places: OnceCell::new(),
                with,
                requested: RefCell::default(),
                groups: RefCell::default(),
            }));
            groups[parent.0 as usize].groups.borrow_mut().push(id);
            id
        };
        if !self.is_within_bound(span) {
            return Declared::Hole;
        }
        self.expand_group(id);
        Declared::Group(id)
    }

    fn request(&self, id: GroupId, group: &Group<'a>, index: usize, frame: Frame, name: String) -> Declared {
        if !self.is_within_bound(self.item(group.module, index).span) {
            return Declared::Hole;
        }
        let resource = {
            let mut requested = self.requested.borrow_mut();
            let resource = ResourceId(u32::try_from(requested.len()).expect("bounded"));
            requested.push(Requested { group: id, item: index, step: None, frame, name });
            resource
        };
        self.groups.borrow()[id.0 as usize].requested.borrow_mut().push(resource);
        Declared::One(resource)
    }

    /// False once a program asks for more than it may; reported once.
    pub(super) fn is_within_bound(&self, span: Span) -> bool {
        let count = self.requested.borrow().len() + self.groups.borrow().len();
        if count == MAX_REQUESTS + 1 && !self.is_over_bound.replace(true) {
            self.report(
                Diagnostic::new(
                    codes::E0505,
                    span,
                    format!("the program expands to more than {MAX_REQUESTS} requests"),
                )
                .label("stopped here")
                .note("every program expands to a bounded set of requests")
                .help("make the lists that its families iterate smaller"),
            );
        }
        count <= MAX_REQUESTS
    }

    /// The module a type's path names; `None` where it names none.
    pub(crate) fn module_type(&self, path: &ast::Path, module: ModuleId) -> Option<ModuleId> {
        let mut module = module;
        for name in &path.names {
            let named = self.names.get(module, &name.text)?;
            let Definition::Module(target) = named.definition else { return None };
            module = target;
        }
        let first = &path.names[0];
        let last = &path.names[path.names.len() - 1];
        let hover = format!("module `{}`", self.modules.get(module).path);
        let start = Span::at(self.modules.get(module).file, 0);
        self.record_use(NameKind::Module, first.span.to(last.span), start, hover);
        Some(module)
    }

    /// The value of the name of an item.
    pub fn declared_value(&self, id: GroupId, index: usize, span: Span) -> Value {
        value_of(&self.declared(id, index, span), span)
    }

    /// The value of one element of a family, without making those of all; nothing where there is no such element, or the
    /// family is not expanded yet.
    pub fn declared_element(&self, id: GroupId, index: usize, key: &str, span: Span) -> Option<Value> {
        match self.declared.borrow().get(&(id, index)) {
            Some(Some(Declared::Family(family))) => family.get(key).map(|element| value_of(element, span)),
            _ => None,
        }
    }

    /// Whether an item of a module could not be expanded, in any use of the module.
    pub fn is_hole(&self, module: ModuleId, index: usize) -> bool {
        let (groups, declared) = (self.groups.borrow(), self.declared.borrow());
        let of_module = (0..groups.len()).filter(|group| groups[*group].module == module);
        let mut uses = of_module.map(|group| declared.get(&(GroupId(group as u32), index)));
        uses.any(|declared| matches!(declared, Some(Some(Declared::Hole))))
    }
}

fn value_of(declared: &Declared, span: Span) -> Value {
    match declared {
        Declared::One(resource) => Value::Resource(*resource),
        Declared::Group(group) => Value::Group(*group),
        Declared::Absent => Value::Null,
        Declared::Hole => Value::Error,
        Declared::Family(family) => {
            let slot = |element| Slot { value: value_of(element, span), key: span, span };
            let there = family.iter().filter(|(_, element)| **element != Declared::Absent);
            Value::Record(there.map(|(key, element)| (key.clone(), slot(element))).collect())
        }
    }
}

/// `lab.server`; of the program itself only the name.
pub(super) fn path(group: &Group<'_>, name: &str) -> String {
    if group.name.is_empty() { name.to_string() } else { format!("{}.{name}", group.name) }
}

/// The report for an element without a key: at its name, if that is none, else where it is written, however many families go
/// over it.
fn no_key(element: &Value, source: Span) -> Diagnostic {
    let name = match element {
        Value::Record(fields) => fields.get("name").or_else(|| fields.get("id")),
        _ => None,
    };
    match name {
        Some(name) => Diagnostic::new(
            codes::E0201,
            name.span,
            format!("expected a text that is the key of an element, found {}", describe(&name.value)),
        )
        .label("not a text")
        .secondary(source, "a family goes over it")
        .help("the elements of a family are called by their `name`, a text"),
        None => {
            let written = match element {
                Value::Record(fields) => fields.values().next().map(|field| field.key),
                _ => None,
            };
            let words = format!("expected elements with a key, found {}", describe(element));
            let report = match written.filter(|written| !written.is_dummy()) {
                Some(written) => Diagnostic::new(codes::E0201, written, words)
                    .label("no `name` here")
                    .secondary(source, "a family goes over it"),
                None => {
                    Diagnostic::new(codes::E0201, source, words).label("no key for the elements of a family")
                }
            };
            report.help("iterate over sites, texts, numbers, a map, or records with a `name`")
        }
    }
}
