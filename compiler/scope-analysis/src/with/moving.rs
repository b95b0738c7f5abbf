//! `quorum` and `moved_from` of a `with` record.
//!
//! `quorum: 2` → at least two of the copies; `moved_from: "web"` → what was recorded as `web`.

use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use scope_syntax::ast::{Expr, ExprKind, RecordEntry};

use crate::context::Context;
use crate::eval::describe;
use crate::hir::{MovedFrom, Quorum, Slot, Value};
use crate::with::Written;

impl Context<'_> {
    pub(super) fn quorum(&self, slot: &Slot, is_inherited: bool) -> Option<Quorum> {
        match slot.value {
            Value::Int(need @ 1..=100_000) => {
                let need = u32::try_from(need).expect("bounded by the pattern");
                Some(Quorum { need, span: slot.span, is_inherited })
            }
            Value::Int(_) => {
                self.report(
                    Diagnostic::new(codes::E0318, slot.span, "a quorum is at least one copy")
                        .label("nothing would have to be done")
                        .help("write how many copies are enough: `quorum: 2`"),
                );
                None
            }
            ref other => {
                let message = format!("`quorum` is a number of copies, not {}", describe(other));
                self.wrong(&message, slot.span, "write how many copies are enough: `quorum: 2`");
                None
            }
        }
    }

    pub(super) fn moved_from(
        &self,
        slot: &Slot,
        Written { item, element, within, is_copied, around }: &Written,
        name: &str,
    ) -> Option<MovedFrom> {
        let help = "write the path that it had: `moved_from: \"lab.server\"`";
        match &slot.value {
            Value::Text(path) if !path.trim().is_empty() => {
                let moved = MovedFrom {
                    path: path.clone(),
                    within: within.clone(),
                    item: item.clone(),
                    element: element.clone(),
                    span: slot.span,
                    around: around.as_ref().filter(|(slot, _)| slot.value != Value::Error).and_then(
                        |(slot, written)| self.moved_from(slot, written, &written.element).map(Box::new),
                    ),
                };
                // What is a family now was perhaps none by the same name, and what is at several sites a family.
                let may_have_been = element != item || *is_copied;
                let is_now = |path: &str| match path == item {
                    true => !may_have_been,
                    false => path == element || path == name,
                };
                if is_now(path) || is_now(&moved.path_within()) {
                    self.wrong(&format!("`{path}` is what it is called now"), slot.span, help);
                    return None;
                }
                Some(moved)
            }
            Value::Resource(_) | Value::Group(_) => {
                self.report(self.path_without_quotes(slot.span));
                None
            }
            other => {
                let message =
                    format!("`moved_from` is the path of a resource, in quotes, not {}", describe(other));
                self.wrong(&message, slot.span, help);
                None
            }
        }
    }

    /// `moved_from: web`: a name means what the program has now, and this one is about what it had.
    pub(super) fn path_without_quotes(&self, span: Span) -> Diagnostic {
        let path = self.sources.borrow().snippet(span).to_owned();
        let quoted = format!("\"{}\"", path.replace('"', "\\\""));
        Diagnostic::new(codes::E0209, span, "`moved_from` is the path that it had, as a text")
            .label("a name means what the program has now")
            .help(format!("write it in quotes: `moved_from: {quoted}`"))
            .fix(format!("write `{quoted}`"), vec![Edit::new(span, quoted)])
    }
}

/// What `moved_from` of a record is, where that is a name, or a field or an element of one.
pub(super) fn bare_path(clause: &Expr) -> Option<&Expr> {
    let ExprKind::Record(entries) = clause.kind.as_ref() else { return None };
    let mut fields = entries.iter().filter_map(|entry| match entry {
        RecordEntry::Field { key, value } if key.literal().as_deref() == Some("moved_from") => Some(value),
        _ => None,
    });
    fields.find(|value| is_path(value))
}

fn is_path(value: &Expr) -> bool {
    match value.kind.as_ref() {
        ExprKind::Name(_) => true,
        ExprKind::Field { base, .. } | ExprKind::Index { base, .. } => is_path(base),
        _ => false,
    }
}
