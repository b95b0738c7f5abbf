//! Keys of a `with` record whose value is one of a few words.
//!
//! `on_unknown: retry` → [`OnUnknown::Retry`]; `on_unknown: maybe` → E0209, with what each word means.

use crate::context::Context;
use crate::eval::describe;
use crate::hir::{Borrow, OnDelete, OnFailure, OnUnknown, Replace, Slot, Value};

impl Context<'_> {
    pub(super) fn on_failure(&self, slot: &Slot) -> Option<OnFailure> {
        let words = [("keep", OnFailure::Keep), ("undo", OnFailure::Undo)];
        self.one_of("on_failure", slot, &words, "write `keep` or `undo`")
    }

    pub(super) fn on_unknown(&self, slot: &Slot) -> Option<OnUnknown> {
        let words = [("ask", OnUnknown::Ask), ("fail", OnUnknown::Fail), ("retry", OnUnknown::Retry)];
        let help = "`ask`: a person is asked; `fail`: it counts as failed, so that a `|` goes on; `retry`: it is sent again, and may be done twice";
        self.one_of("on_unknown", slot, &words, help)
    }

    pub(super) fn on_delete(&self, slot: &Slot) -> Option<OnDelete> {
        let words = [("delete", OnDelete::Delete), ("keep", OnDelete::Keep)];
        let help = "`keep`: where the program no longer has it, it is left at its site and forgotten; `delete`: it is deleted";
        self.one_of("on_delete", slot, &words, help)
    }

    pub(super) fn borrow(&self, slot: &Slot) -> Option<Borrow> {
        let words = [("copy", Borrow::Copy), ("keep", Borrow::Keep), ("never", Borrow::Never)];
        let help = "`copy`: what it needs of other sites is copied, and goes with its last user; `keep`: the copies stay; `never`: nothing is copied";
        self.one_of("borrow", slot, &words, help)
    }

    pub(super) fn replace(&self, slot: &Slot) -> Option<Replace> {
        let words = [("move", Replace::Move), ("anew", Replace::Anew), ("never", Replace::Never)];
        let help = "`move`: it may be made anew at another site, what is in it stays behind; `anew`: so it may, and where it is, if what the program changes cannot be changed in place; `never`: it is neither moved nor made anew";
        self.one_of("replace", slot, &words, help)
    }

    /// What the word means, or a report that lists the words.
    fn one_of<T: Copy>(&self, key: &str, slot: &Slot, words: &[(&str, T)], help: &str) -> Option<T> {
        let meant = match &slot.value {
            Value::Text(text) => words.iter().find(|(word, _)| text == word),
            _ => None,
        };
        if meant.is_none() {
            let names: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let (last, others) = names.split_last().expect("every key has words");
            let message =
                format!("`{key}` is {} or {last}, not {}", others.join(", "), describe(&slot.value));
            self.wrong(&message, slot.span, help);
        }
        meant.map(|(_, meaning)| *meaning)
    }
}
