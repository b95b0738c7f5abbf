//! What is being found out, and the report of what needs itself.
//!
//! `let a = b`, `let b = a` → E0112 at `a`, used in `b`. Which of them is asked for first depends on the order of the items, so the
//! report is about the one whose name comes first in the alphabet.

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::ItemKind;

use crate::context::{Context, ValueKey};
use crate::hir::{GroupId, ResourceId};

/// What somebody waits for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sought {
    /// The value of a `let` or `param`.
    Value(ValueKey),
    /// What an item of a group expands to.
    Item(GroupId, usize),
    /// Where a request is.
    Place(ResourceId),
}

impl Context<'_> {
    /// Finds something out; until that is done, what asks for it needs itself. `used` is where it is asked for.
    pub(crate) fn seek<T>(&self, sought: Sought, used: Span, find: impl FnOnce() -> T) -> T {
        self.sought.borrow_mut().push((sought, used));
        let found = find();
        self.sought.borrow_mut().pop();
        found
    }

    /// Reports that this, which is being found out, is asked for at `used`.
    pub(crate) fn report_circle(&self, sought: &Sought, used: Span) {
        let mut circle: Vec<(Sought, Span)> = self.sought.borrow().clone();
        let start = circle.iter().rposition(|(open, _)| open == sought).unwrap_or(0);
        circle.drain(..start);
        if let Some(first) = circle.first_mut() {
            first.1 = used;
        }
        let named = circle.into_iter().map(|(sought, used)| (self.sought_name(&sought), sought, used));
        let Some(((name, declared), sought, used)) = named.min_by(|left, right| left.0.0.cmp(&right.0.0))
        else {
            return;
        };
        let (message, label, help) = match sought {
            Sought::Value(_) => (
                format!("`{name}` depends on itself"),
                "its value needs itself",
                "give one of them a value of its own",
            ),
            Sought::Item(..) => (
                format!("`{name}` depends on itself"),
                "what it expands to needs itself",
                "iterate over something else",
            ),
            Sought::Place(_) => (
                format!("the place of `{name}` depends on itself"),
                "where it is needs where it is",
                "name the sites of one of them",
            ),
        };
        let report = Diagnostic::new(codes::E0112, declared, message)
            .label(label)
            .help(format!("break the circle: {help}"));
        self.report(if used.is_dummy() { report } else { report.secondary(used, "used here on the way") });
    }

    /// What it is called, and where it is declared.
    fn sought_name(&self, sought: &Sought) -> (String, Span) {
        let (item, requested) = match sought {
            Sought::Value((_, module, index, _)) => (self.item(*module, *index), None),
            Sought::Item(group, index) => (self.item(self.group(*group).module, *index), None),
            Sought::Place(id) => {
                let requested = self.requested.borrow()[id.0 as usize].clone();
                (self.requested_item(&requested), Some(requested.name))
            }
        };
        match &item.kind {
            ItemKind::Let(item) => (item.name.text.clone(), item.name.span),
            ItemKind::Param(param) => (param.name.text.clone(), param.name.span),
            ItemKind::Thing(thing) => (requested.unwrap_or_else(|| thing.name.text.clone()), thing.name.span),
            _ => ("this command".to_owned(), item.span),
        }
    }
}
