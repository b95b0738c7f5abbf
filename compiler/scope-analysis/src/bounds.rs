//! What keeps an analysis finite: how much is evaluated and how large it gets, how deep names lead to names, and how often
//! a likely spelling is looked for.
//!
//! `let r1 = { a: r0, b: r0 }`, two dozen times over, is a value of millions of parts: it is counted as it grows.

use std::cell::Cell;

use scope_diagnostics::{Diagnostic, Span, codes};

use crate::context::Context;
use crate::hir::Value;

/// At most this many evaluation steps a program: a bound, not a target.
const MAX_STEPS: u64 = 20_000_000;
/// What a part of a value costs each time that its name is used, in steps.
const PART: u64 = 8;
/// What a call of a declared function costs, in steps.
pub(crate) const CALL: u64 = 16;
/// Values and functions that lead to each other, one inside of the other: each takes room on the stack.
pub(crate) const MAX_CHAIN: u32 = 128;
/// Of so many unknown names the likeliest spelling is looked for.
const MAX_GUESSES: u32 = 100;

/// What was used up so far.
#[derive(Default)]
pub(crate) struct Bounds {
    steps: Cell<u64>,
    is_told: Cell<bool>,
    chain: Cell<u32>,
    is_chain_told: Cell<bool>,
    guesses: Cell<u32>,
}

impl Context<'_> {
    /// Counts steps of evaluation; false once the bound is passed.
    pub fn spend(&self, steps: u64) -> bool {
        let spent = self.bounds.steps.get().saturating_add(steps);
        self.bounds.steps.set(spent);
        spent <= MAX_STEPS
    }

    /// Counts what a value that is used by its name takes.
    pub fn spend_on(&self, value: &Value) {
        self.spend(weight(value) * PART);
    }

    /// True once, when the bound was passed: the moment to report it.
    pub fn just_passed_bound(&self) -> bool {
        !self.bounds.is_told.replace(true)
    }

    /// One name inside of another: `let a = b`, `let b = c`, …; nothing beyond the bound, which is reported once.
    pub fn deeper<T>(&self, span: Span, go: impl FnOnce() -> T) -> Option<T> {
        let chain = self.bounds.chain.get();
        if chain >= MAX_CHAIN {
            self.chain_too_long(span);
            return None;
        }
        self.bounds.chain.set(chain + 1);
        let value = go();
        self.bounds.chain.set(chain);
        Some(value)
    }

    /// Reports, once, that too many names lead from one to the next.
    pub fn chain_too_long(&self, span: Span) {
        if self.bounds.is_chain_told.replace(true) {
            return;
        }
        self.report(
            Diagnostic::new(codes::E0351, span, format!("over {MAX_CHAIN} names lead from one to the next"))
                .label("the chain is too long to follow to here")
                .help("declare each of them after those that it uses, or make a list of them"),
        );
    }

    /// Whether it is worth looking for what an unknown name was meant to be: not for thousands of them.
    pub fn may_guess(&self) -> bool {
        let guesses = self.bounds.guesses.get();
        self.bounds.guesses.set(guesses.saturating_add(1));
        guesses < MAX_GUESSES
    }
}

/// How many parts a value has; eight characters of a text are one.
fn weight(value: &Value) -> u64 {
    let mut parts = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        parts += 1;
        match value {
            Value::Text(text) => parts += text.len() as u64 / 8,
            Value::List(slots) => open.extend(slots.iter().map(|slot| &slot.value)),
            Value::Record(fields) => open.extend(fields.values().map(|slot| &slot.value)),
            Value::Deferred(deferred) => open.extend(deferred.parts()),
            _ => {}
        }
    }
    parts - 1
}
