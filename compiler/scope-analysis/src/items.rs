//! The values of `let` and `param` items.
//!
//! A value is computed when first asked for and kept; asked for while being computed, it depends on itself.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{self, ItemKind};

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{GroupId, Value};
use crate::modules::ModuleId;

impl Context<'_> {
    /// The value of a `let` or `param`.
    pub fn item_value(&self, module: ModuleId, index: usize, used: Span, frame: &Frame) -> Value {
        let group = frame.group.filter(|group| self.is_of_module(*group, module));
        // In a group, `here` is the group's place: what depends on it has a value for each site.
        let here = frame.here.filter(|_| group.is_some_and(|group| group != GroupId::PROGRAM));
        let key = (group, module, index, here);
        let frame = Frame { group, here, ..Frame::new(module) };
        if let Some(known) = self.values.borrow().get(&key) {
            return match known {
                Some(value) => value.clone(),
                None => {
                    self.report(self.cycle(module, index, used));
                    Value::Error
                }
            };
        }
        self.values.borrow_mut().insert(key, None);
        let value = self.deeper(used, || match &self.item(module, index).kind {
            ItemKind::Let(item) => self.let_value(item, frame),
            ItemKind::Param(param) => self.param_value(param, &frame),
            _ => Value::Error,
        });
        let value = value.unwrap_or(Value::Error);
        self.values.borrow_mut().insert(key, Some(value.clone()));
        value
    }

    pub(crate) fn let_value(&self, item: &ast::Let, mut frame: Frame) -> Value {
        if crate::with::is_with_record(&item.value) {
            self.add_with_words(&mut frame);
        }
        let value = self.eval(&item.value, &frame);
        match &item.ty {
            Some(ty) => {
                let ty = self.declared_type(ty, frame.module);
                self.check_value(value, &ty, item.value.span, &item.name.text)
            }
            None => value,
        }
    }

    fn cycle(&self, module: ModuleId, index: usize, used: Span) -> Diagnostic {
        let (name, declared) = match &self.item(module, index).kind {
            ItemKind::Let(item) => (item.name.text.clone(), item.name.span),
            ItemKind::Param(param) => (param.name.text.clone(), param.name.span),
            _ => (String::new(), used),
        };
        Diagnostic::new(codes::E0112, declared, format!("`{name}` depends on itself"))
            .label("its value needs itself")
            .secondary(used, "used here on the way")
            .help("break the circle: give one of them a value of its own")
    }
}
