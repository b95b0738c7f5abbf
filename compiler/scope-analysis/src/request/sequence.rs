//! `sequence NAME { … }`: commands and calls that no run of the program does, only `scope exec NAME`, one after the other.
//!
//! Each line is a request as any other; it comes after all of those of the line before. What a `call` is named, the
//! lines below may use.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{self, ItemKind, ThingKind};

use super::Requested;
use super::expand::path;
use crate::context::Context;
use crate::eval::Frame;
use crate::group::Group;
use crate::hir::{self, GroupId, Resource, ResourceId, Slot, Value};

/// A sequence, expanded: which requests each of its lines stands for.
pub(crate) struct Steps {
    pub name: String,
    pub span: Span,
    pub docs: Vec<String>,
    /// Line by line.
    pub lines: Vec<Vec<ResourceId>>,
}

impl<'a> Context<'a> {
    /// Expands the sequences of the program and of its groups.
    pub(super) fn expand_sequences(&self) {
        let count = self.groups.borrow().len();
        for index in 0..count {
            let id = GroupId(index as u32);
            let group = self.group(id);
            for (item_index, item) in self.modules.get(group.module).tree.items.iter().enumerate() {
                if let ItemKind::Sequence(sequence) = &item.kind {
                    let steps = self.sequence(id, &group, item_index, item, sequence);
                    self.sequences.borrow_mut().push(steps);
                }
            }
        }
    }

    fn sequence(
        &self,
        id: GroupId,
        group: &Group<'a>,
        item: usize,
        declared: &'a ast::Item,
        sequence: &'a ast::Sequence,
    ) -> Steps {
        let name = path(group, &sequence.name.text);
        let mut frame = Frame { group: Some(id), ..Frame::new(group.module) };
        let mut lines = Vec::with_capacity(sequence.steps.len());
        let mut named: Vec<&ast::Ident> = Vec::new();
        for (index, step) in sequence.steps.iter().enumerate() {
            let requested =
                |name: String, frame: Frame| Requested { group: id, item, step: Some(index), frame, name };
            match &step.kind {
                ItemKind::Native(native) => {
                    let line = self.new_step(requested(name.clone(), frame.clone()), step.span);
                    if let (Some(bound), Some(resource)) = (&native.name, line.first()) {
                        frame.locals.push((bound.text.clone(), Value::Resource(*resource)));
                    }
                    lines.push(line);
                }
                ItemKind::Thing(thing) if thing.kind == ThingKind::Call => {
                    if let Some(first) = named.iter().find(|first| first.text == thing.name.text) {
                        self.report(
                            Diagnostic::new(
                                codes::E0103,
                                thing.name.span,
                                format!("`{}` is declared twice", thing.name.text),
                            )
                            .label("again here")
                            .secondary(first.span, "first here")
                            .help("choose another name"),
                        );
                    }
                    named.push(&thing.name);
                    let call = format!("{name}.{}", thing.name.text);
                    let (value, line) = self.call_step(thing, &frame, &call, &requested);
                    frame.locals.push((thing.name.text.clone(), value));
                    lines.push(line);
                }
                ItemKind::Thing(thing) => self.report(not_a_step(thing, sequence)),
                _ => {}
            }
        }
        Steps { name, span: sequence.name.span, docs: declared.docs.clone(), lines }
    }

    /// A `call` of a sequence: one request, or one for each element of its family; and what its name stands for.
    fn call_step(
        &self,
        thing: &'a ast::Thing,
        frame: &Frame,
        name: &str,
        requested: &dyn Fn(String, Frame) -> Requested,
    ) -> (Value, Vec<ResourceId>) {
        let span = thing.name.span;
        let Some(generator) = &thing.family else {
            let line = match self.is_wanted(thing, frame) {
                Some(true) => self.new_step(requested(name.to_string(), frame.clone()), span),
                Some(false) => return (Value::Null, Vec::new()),
                None => Vec::new(),
            };
            return (line.first().map_or(Value::Error, |id| Value::Resource(*id)), line);
        };
        let Some(elements) = self.family(generator, frame) else { return (Value::Error, Vec::new()) };
        if !self.has_distinct_keys(&elements, generator, name, span) {
            return (Value::Error, Vec::new());
        }
        let mut line = Vec::new();
        let mut family = indexmap::IndexMap::new();
        for (key, frame) in elements {
            if self.is_wanted(thing, &frame) == Some(true) {
                let element = self.new_step(requested(format!("{name}[{key:?}]"), frame), span);
                if let Some(id) = element.first() {
                    family.insert(key, Slot { value: Value::Resource(*id), key: span, span });
                }
                line.extend(element);
            }
        }
        (Value::Record(family), line)
    }

    fn new_step(&self, step: Requested, span: Span) -> Vec<ResourceId> {
        if !self.is_within_bound(span) {
            return Vec::new();
        }
        let mut requested = self.requested.borrow_mut();
        let id = ResourceId(u32::try_from(requested.len()).expect("bounded"));
        requested.push(step);
        vec![id]
    }

    /// The sequences with their steps, which are taken out of `resources`: each step after those of the line before.
    pub fn take_sequences(&self, resources: &mut Vec<Resource>) -> Vec<hir::Sequence> {
        let n_own = self.n_own.get();
        let steps = resources.split_off(resources.partition_point(|own| (own.id.0 as usize) < n_own));
        let position = |id: ResourceId| steps.binary_search_by_key(&id, |step| step.id).ok();
        self.sequences
            .take()
            .into_iter()
            .map(|sequence| {
                let mut ordered = Vec::new();
                let mut before: Vec<ResourceId> = Vec::new();
                for line in sequence.lines.into_iter().filter(|line| !line.is_empty()) {
                    for index in line.iter().filter_map(|id| position(*id)) {
                        let mut step = steps[index].clone();
                        step.with.after.extend(before.iter().copied());
                        ordered.push(step);
                    }
                    before = line;
                }
                hir::Sequence {
                    name: sequence.name,
                    span: sequence.span,
                    docs: sequence.docs,
                    steps: ordered,
                }
            })
            .collect()
    }
}

fn not_a_step(thing: &ast::Thing, sequence: &ast::Sequence) -> Diagnostic {
    let word = if thing.kind == ThingKind::Resource { "resource" } else { "existing" };
    let report = Diagnostic::new(
        codes::E0217,
        thing.name.span,
        format!("a sequence does things one after the other, and holds no `{word}`"),
    )
    .label("not a step")
    .secondary(sequence.name.span, "the sequence");
    if thing.kind == ThingKind::Resource {
        report.help("declare it outside: a run keeps it as declared; here, `$` lines and `call`s act on it")
    } else {
        report.help("declare it outside, and name it here")
    }
}
