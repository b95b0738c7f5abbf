//! What evaluating does not reach is checked too: names and types in a function that nobody calls, in the arm of an `if` that is
//! not taken, in an item whose `when` is false, in a module that nobody uses.
//!
//! Comes in: what was evaluated. Goes out: reports about the rest, and about nothing else, so that none is told twice. Each item
//! of which a part is left is read through once ([`crate::eval`]'s `supposed`), however often it was evaluated.
//! `let a = if true then 1 else nope` → `nope` is not declared.

mod regions;

use scope_diagnostics::Span;
use scope_syntax::ast::{self, ItemKind, TextPart};

use crate::context::Context;
use crate::eval::{Frame, any_of};
use crate::hir::Type;
use crate::modules::ModuleId;

impl Context<'_> {
    /// Checks what was not evaluated. The standard library is checked where it is made.
    pub fn check_unreached(&self) {
        for (index, module) in self.modules.modules.iter().enumerate() {
            if module.is_library() {
                continue;
            }
            let id = ModuleId(index as u32);
            let has_driver = module.tree.items.iter().any(|item| matches!(item.kind, ItemKind::Driver(_)));
            for (index, item) in module.tree.items.iter().enumerate() {
                if let ItemKind::Type(_) = &item.kind {
                    self.type_of_item(id, index);
                }
                // Beside a driver a function is the driver's, and is checked where that uses it.
                if has_driver && matches!(item.kind, ItemKind::Function(_)) {
                    continue;
                }
                // What a function is given in one call says nothing of the next: each is read for whatever its types allow.
                let is_function = matches!(item.kind, ItemKind::Function(_));
                let regions = match is_function {
                    true => vec![item.span],
                    false => regions::unreached(item, &|span| self.is_reached(span)),
                };
                if regions.is_empty() {
                    continue;
                }
                // What an error kept from being expanded may be wrong for the same reason.
                if self.is_hole(id, index) {
                    continue;
                }
                let found = self.supposing(|| self.read_through(item, (id, index)));
                // In an item that is not evaluated some of it may be: its `when`.
                let is_unreached = |span: Span| {
                    let is_new = if is_function { !self.is_reported(span) } else { !self.is_reached(span) };
                    is_new && regions.iter().any(|region| holds(*region, span))
                };
                let found: Vec<_> =
                    found.into_iter().filter(|report| is_unreached(report.primary.span)).collect();
                self.report_all(found);
            }
        }
    }

    fn read_through(&self, item: &ast::Item, (module, index): (ModuleId, usize)) {
        let frame = Frame::new(module);
        match &item.kind {
            ItemKind::Param(ast::Param { name, ty, default }) => {
                let ty = ty.as_ref().map(|ty| self.declared_type(ty, module));
                if let Some(default) = default {
                    let value = self.eval(default, &frame);
                    self.check_value(value, &ty.unwrap_or(Type::Any), default.span, &name.text);
                }
            }
            ItemKind::Let(item) => drop(self.let_value(item, frame)),
            ItemKind::Function(function) => self.read_function(function, index, frame),
            ItemKind::Thing(thing) => self.suppose_thing(thing, module),
            ItemKind::Output(output) => {
                self.eval(&output.value, &self.supposed_frame(output.family.as_ref(), frame));
            }
            ItemKind::Require(require) => {
                let frame = self.supposed_frame(require.family.as_ref(), frame);
                self.suppose_truth(&require.condition, &frame);
                if let Some(message) = &require.message {
                    self.eval(message, &frame);
                }
            }
            ItemKind::Site(site) => {
                let frame = self.supposed_frame(site.family.as_ref(), frame);
                self.text(&site.name, &frame);
                self.eval(&site.body, &frame);
            }
            ItemKind::Native(item) => {
                let parts = item.native.words.iter().flat_map(|word| &word.parts);
                for part in parts {
                    if let TextPart::Interpolation(value) = part {
                        self.eval(value, &frame);
                    }
                }
            }
            _ => unreachable!("of other items `regions` has no part to be left"),
        }
    }

    /// With the names of any element of a family.
    pub(crate) fn supposed_frame(&self, family: Option<&ast::Generator>, frame: Frame) -> Frame {
        family.and_then(|family| self.iterate(family, &frame)?.pop()).unwrap_or(frame)
    }

    fn read_function(&self, function: &ast::Function, index: usize, mut frame: Frame) {
        let module = frame.module;
        frame.calls.push((module, index));
        let outside = frame.clone();
        for param in &function.params {
            let ty = param.ty.as_ref().map_or(Type::Any, |ty| self.declared_type(ty, module));
            if let Some(default) = &param.default {
                let value = self.eval(default, &outside);
                self.check_value(value, &ty, default.span, &param.name.text);
            }
            frame.locals.push((param.name.text.clone(), any_of(ty)));
        }
        let value = self.eval(&function.body, &frame);
        if let Some(result) = &function.result {
            let ty = self.declared_type(result, module);
            self.check_value(value, &ty, function.body.span, "the result");
        }
    }
}

fn holds(region: Span, span: Span) -> bool {
    region.file == span.file && region.start <= span.start && span.end <= region.end
}
