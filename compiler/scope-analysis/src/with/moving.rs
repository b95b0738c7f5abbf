//! `quorum` and `moved_from` of a `with` record.
//!
//! `quorum: 2` → at least two of the copies; `moved_from: "web"` → what was recorded as `web`.

use scope_diagnostics::{Diagnostic, codes};

use crate::context::Context;
use crate::eval::describe;
use crate::hir::{MovedFrom, Quorum, Slot, Value};

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
        (item, element): &(String, String),
        name: &str,
    ) -> Option<MovedFrom> {
        let help = "write the path that it had: `moved_from: \"lab.server\"`";
        match &slot.value {
            Value::Text(path) if path == item || path == element || path == name => {
                self.wrong(&format!("`{path}` is what it is called now"), slot.span, help);
                None
            }
            Value::Text(path) if !path.trim().is_empty() => Some(MovedFrom {
                path: path.clone(),
                item: item.clone(),
                element: element.clone(),
                span: slot.span,
            }),
            other => {
                let message = format!("`moved_from` is the path of a resource, not {}", describe(other));
                self.wrong(&message, slot.span, help);
                None
            }
        }
    }
}
