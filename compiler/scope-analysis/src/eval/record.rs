//! Records and lists as written: `{ a: 1, ...base }` merges deeply, `[1, ...xs]` joins.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::{Element, RecordEntry};

use super::Frame;
use crate::context::Context;
use crate::hir::{Slot, Value};

impl Context<'_> {
    /// What it has; a hole where it has what another one that is a hole has.
    pub fn record(&self, entries: &[RecordEntry], frame: &Frame) -> Value {
        let mut is_hole = false;
        let mut record: IndexMap<String, Slot> = IndexMap::new();
        // Keys written in this record: a second one is a mistake, one over a spread is the point of spreading.
        let mut written: IndexMap<String, Span> = IndexMap::new();
        let mut repeated: Option<usize> = None;
        for entry in entries {
            match entry {
                RecordEntry::Field { key, value } => {
                    let key_text = match self.text(key, frame) {
                        Value::Text(text) => text,
                        Value::Error => continue,
                        Value::Deferred(_) if self.is_supposing() => {
                            self.eval(value, frame);
                            is_hole = true;
                            continue;
                        }
                        _ => {
                            self.report(
                                Diagnostic::new(codes::E0201, key.span, "a key must be known when compiling")
                                    .label("depends on the run")
                                    .help("use a name that is known"),
                            );
                            continue;
                        }
                    };
                    let slot = Slot { value: self.eval(value, frame), key: key.span, span: value.span };
                    let (place, first) = written.insert_full(key_text.clone(), key.span);
                    if let Some(first) = first {
                        // Entries that stand there again in their order were pasted twice: one mistake.
                        let is_next = repeated.replace(place).is_some_and(|before| before + 1 == place);
                        if !is_next {
                            self.report(
                                Diagnostic::new(codes::E0103, key.span, format!("`{key_text}` is set twice"))
                                    .label("again here")
                                    .secondary(first, "first set here")
                                    .help("remove one of them"),
                            );
                        }
                        continue;
                    }
                    repeated = None;
                    merge_slot(&mut record, key_text, slot);
                }
                RecordEntry::Spread(base) => match self.eval(base, frame) {
                    Value::Record(fields) => {
                        for (key, slot) in fields {
                            merge_slot(&mut record, key, slot);
                        }
                    }
                    Value::Error => is_hole = true,
                    other => {
                        is_hole = true;
                        self.mismatch("a record to spread", &other, base.span);
                    }
                },
                RecordEntry::Error { key: Some(key), .. } => {
                    let slot = Slot { value: Value::Error, key: key.span, span: key.span };
                    record.insert(key.text.clone(), slot);
                }
                RecordEntry::Error { key: None, .. } => {}
            }
        }
        if is_hole { Value::Error } else { Value::Record(record) }
    }

    pub(super) fn list(&self, elements: &[Element], frame: &Frame) -> Value {
        let mut list = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Element::Value(expr) => {
                    list.push(Slot { value: self.eval(expr, frame), key: expr.span, span: expr.span });
                }
                Element::Spread(expr) => match self.eval(expr, frame) {
                    Value::List(inner) => list.extend(inner),
                    Value::Error => {}
                    other => self.mismatch("a list to spread", &other, expr.span),
                },
            }
        }
        Value::List(list)
    }
}

/// Puts a slot under a key; records on both sides are merged deeply, the later one wins.
pub(crate) fn merge_slot(record: &mut IndexMap<String, Slot>, key: String, slot: Slot) {
    if let Some(existing) = record.get_mut(&key)
        && let Value::Record(before) = &mut existing.value
        && let Value::Record(after) = slot.value
    {
        for (inner_key, inner) in after {
            merge_slot(before, inner_key, inner);
        }
        return;
    }
    record.insert(key, slot);
}
