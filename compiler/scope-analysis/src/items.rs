//! The values of `let` and `param` items.
//!
//! A value is computed when first asked for and kept; asked for while being computed, it depends on itself.

use scope_diagnostics::Span;
use scope_syntax::ast::{self, ItemKind};

use crate::circles::Sought;
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
                    self.report_circle(&Sought::Value(key), used);
                    Value::Error
                }
            };
        }
        self.values.borrow_mut().insert(key, None);
        let find = || match &self.item(module, index).kind {
            ItemKind::Let(item) => self.let_value(item, frame),
            ItemKind::Param(param) => self.param_value(param, &frame),
            _ => Value::Error,
        };
        let value = self.deeper(used, || self.seek(Sought::Value(key), used, find));
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
}
