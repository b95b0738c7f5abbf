//! `with { … }`: how a request is carried out, one typed record.

mod moving;
mod rollout;
mod words;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{Expr, ExprKind, RecordEntry};

use crate::context::Context;
use crate::eval::number::duration_text;
use crate::eval::{Frame, describe, merge_slot};
use crate::hir::{KeepIn, OnDisconnect, SecretSource, Slot, Value, With};

/// The keys that a request may have.
pub const KEYS: [&str; 16] = [
    "timeout",
    "retry",
    "on_disconnect",
    "on_failure",
    "after",
    "adopt",
    "ready_within",
    "weights",
    "quorum",
    "rollout",
    "moved_from",
    "replace",
    "on_unknown",
    "on_delete",
    "borrow",
    "keep_in",
];

/// Words that stand as names where `with` is read: `on_disconnect: queue`.
pub(crate) const WORDS: [&str; 13] = [
    "queue",
    "skip",
    "fail",
    "local_only",
    "keep",
    "undo",
    "retry",
    "move",
    "anew",
    "never",
    "ask",
    "delete",
    "copy",
];

/// By key of `with`, where it is written.
pub(crate) type WrittenAt = BTreeMap<String, Written>;

/// The item that something is written at.
pub(crate) struct Written {
    /// Its path.
    pub item: String,
    /// The same with the element of a family.
    pub element: String,
    /// The group that it is in.
    pub within: String,
    /// Whether it is at several sites.
    pub is_copied: bool,
    /// What a group around it says there for itself, and is not said of what is inside.
    pub around: Option<(Slot, Box<Written>)>,
}

/// Whether an expression is a record of nothing but keys of `with`: `let careful = { on_disconnect: queue }` may use its
/// words too, so that it can be shared.
pub(crate) fn is_with_record(expr: &Expr) -> bool {
    let ExprKind::Record(entries) = expr.kind.as_ref() else { return false };
    let mut is_any = false;
    for entry in entries {
        if let RecordEntry::Field { key, .. } = entry {
            if !key.literal().is_some_and(|key| is_key(&key)) {
                return false;
            }
            is_any = true;
        }
    }
    is_any
}

/// Whether a word is a key of `with`.
pub(crate) fn is_key(word: &str) -> bool {
    KEYS.contains(&word)
}

impl Context<'_> {
    /// The fields of several `with` clauses merged, the later one winning.
    pub fn with_record(&self, clauses: &[&Expr], frame: &Frame) -> IndexMap<String, Slot> {
        let mut frame = frame.clone();
        self.add_with_words(&mut frame);
        let mut record = IndexMap::new();
        for clause in clauses {
            let value = self.with_clause(clause, &frame);
            match value {
                Value::Record(fields) => {
                    for (key, slot) in fields {
                        merge_slot(&mut record, key, slot);
                    }
                }
                Value::Error => {}
                other => self.mismatch("a record such as `{ timeout: 30s }`", &other, clause.span),
            }
        }
        record
    }

    /// The value of a clause. `moved_from: web` is told as a path without quotes: what it names is mostly called otherwise by now.
    fn with_clause(&self, clause: &Expr, frame: &Frame) -> Value {
        let Some(path) = moving::bare_path(clause) else { return self.eval(clause, frame) };
        let (value, reports) = self.overheard(|| self.eval(clause, frame));
        for report in reports {
            let is_of_path = report.code == codes::E0102 && path.span.contains(report.primary.span);
            self.report(if is_of_path { self.path_without_quotes(path.span) } else { report });
        }
        value
    }

    /// Makes the words of `with` names of a frame, where nothing else is called so.
    pub fn add_with_words(&self, frame: &mut Frame) {
        for word in WORDS {
            if self.names.get(frame.module, word).is_none() {
                frame.locals.push((word.into(), Value::Text(word.into())));
            }
        }
    }

    /// Checks the record's keys and values.
    pub fn check_with(&self, record: IndexMap<String, Slot>, name: &str, written: &WrittenAt) -> With {
        let mut with = With { said: record.clone(), ..With::default() };
        let ready_at = record.get("ready_within").map(|slot| slot.span);
        for (key, slot) in record {
            let span = slot.span;
            if is_told(&slot.value) {
                continue;
            }
            match key.as_str() {
                "timeout" => with.timeout = self.positive_duration("timeout", &slot),
                "ready_within" => with.ready_within = self.positive_duration("ready_within", &slot),
                "retry" => self.retry(&mut with, slot),
                "on_disconnect" => with.on_disconnect = self.on_disconnect(&slot),
                "on_failure" => with.on_failure = self.on_failure(&slot),
                "on_unknown" => with.on_unknown = self.on_unknown(&slot),
                "on_delete" => with.on_delete = self.on_delete(&slot),
                "borrow" => with.borrow = self.borrow(&slot).map(|borrow| (borrow, span)),
                "after" => self.after(&mut with, slot),
                "adopt" => match slot.value {
                    Value::Bool(value) => with.adopt = value,
                    other => self.wrong(
                        &format!("`adopt` is true or false, not {}", describe(&other)),
                        span,
                        "write `adopt: true`",
                    ),
                },
                "weights" => self.weights(&mut with, slot),
                "rollout" => with.rollout = self.rollout(slot, &written["rollout"].item),
                "quorum" => with.quorum = self.quorum(&slot, written["quorum"].element != name),
                "moved_from" => with.moved_from = self.moved_from(&slot, &written["moved_from"], name),
                "replace" => with.replace = self.replace(&slot),
                "keep_in" => with.keep_in = self.keep_in(slot),
                other => {
                    let mut report =
                        Diagnostic::new(codes::E0209, slot.key, format!("`with` has no `{other}`"))
                            .label("not a key of `with`");
                    report = match similar::nearest(other, KEYS) {
                        Some(nearest) => report
                            .help(format!("did you mean `{nearest}`?"))
                            .fix(format!("write `{nearest}`"), vec![Edit::new(slot.key, nearest)]),
                        None => report.help(format!("it has {}", KEYS.join(", "))),
                    };
                    self.report(report);
                }
            }
        }
        if let (Some(timeout), Some(ready), Some(at)) = (with.timeout, with.ready_within, ready_at)
            && ready >= timeout
        {
            let message = "`ready_within` is a part of `timeout`, and is not shorter";
            self.wrong(
                message,
                at,
                "give a longer `timeout`, or leave it out: it is 30 s more than `ready_within`",
            );
        }
        with
    }

    /// `keep_in: { secret: secret(file: "keys/lyon") }`.
    fn keep_in(&self, slot: Slot) -> Vec<KeepIn> {
        const WRITTEN: &str = "write `keep_in: { ATTRIBUTE: secret(file: \"…\") }`";
        let Value::Record(fields) = slot.value else {
            self.wrong("`keep_in` says of each attribute in which file it is kept", slot.span, WRITTEN);
            return Vec::new();
        };
        let mut kept = Vec::with_capacity(fields.len());
        for (attribute, slot) in fields {
            match slot.value {
                Value::Secret(SecretSource::File(file)) => {
                    kept.push(KeepIn { attribute, file, span: slot.key, place: slot.span })
                }
                Value::Error => {}
                _ => self.wrong("a secret that a site makes is kept in a file", slot.span, WRITTEN),
            }
        }
        kept
    }

    fn wrong(&self, message: &str, span: Span, help: &str) {
        self.report(Diagnostic::new(codes::E0209, span, message).label("does not fit").help(help));
    }

    fn positive_duration(&self, key: &str, slot: &Slot) -> Option<i64> {
        match slot.value {
            Value::Duration(nanoseconds) if nanoseconds > 0 => Some(nanoseconds),
            Value::Duration(nanoseconds) => {
                let message = format!("`{key}` is a duration above zero, not {}", duration_text(nanoseconds));
                self.wrong(
                    &message,
                    slot.span,
                    &format!("write `{key}: 30s`, or leave it out for what is usual"),
                );
                None
            }
            // A number alone is mostly meant as seconds, as other tools take it.
            Value::Int(seconds) if seconds > 0 => {
                let message = format!("`{key}` is a duration, not the number {seconds}");
                let report = Diagnostic::new(codes::E0209, slot.span, message).label("without a unit");
                let meant = format!("{seconds}s");
                self.report(
                    report
                        .help(format!("write `{key}: {meant}` if seconds are meant"))
                        .fix(format!("write `{meant}`"), vec![Edit::new(slot.span, meant)]),
                );
                None
            }
            ref other => {
                let message = format!("`{key}` is a duration, not {}", describe(other));
                self.wrong(&message, slot.span, &format!("write `{key}: 30s`"));
                None
            }
        }
    }

    fn retry(&self, with: &mut With, slot: Slot) {
        let help = "write `retry: 5` or `retry: { times: 5, backoff: 2s }`";
        match slot.value {
            Value::Int(times) => with.retry_times = self.times(times, slot.span),
            Value::Record(fields) => {
                for (key, inner) in fields {
                    match (key.as_str(), &inner.value) {
                        ("times", Value::Int(times)) => with.retry_times = self.times(*times, inner.span),
                        ("backoff", Value::Duration(_)) => {
                            with.retry_backoff = self.positive_duration("backoff", &inner);
                        }
                        ("times", other) => self.wrong(
                            &format!("`times` is a whole number, not {}", describe(other)),
                            inner.span,
                            help,
                        ),
                        ("backoff", other) => self.wrong(
                            &format!("`backoff` is a duration, not {}", describe(other)),
                            inner.span,
                            help,
                        ),
                        _ => self.wrong(&format!("`retry` has no `{key}`"), inner.key, help),
                    }
                }
            }
            other => {
                self.wrong(
                    &format!("`retry` is a number or a record, not {}", describe(&other)),
                    slot.span,
                    help,
                );
            }
        }
    }

    /// `{ nantes: 2, paris: 1 }`
    fn weights(&self, with: &mut With, slot: Slot) {
        let Value::Record(fields) = slot.value else {
            self.wrong(
                &format!("`weights` is a record of sites and whole numbers, not {}", describe(&slot.value)),
                slot.span,
                "write `weights: { nantes: 2, paris: 1 }`",
            );
            return;
        };
        let mut is_reported = false;
        let mut is_wrong = false;
        for (name, inner) in fields {
            let Some((site, _)) = self.names.sites.get(&name) else {
                is_wrong = true;
                self.report_undeclared(self.unknown_site(&name, inner.key));
                continue;
            };
            match inner.value {
                Value::Int(weight @ 0..=1_000_000_000) => {
                    with.weights.push((*site, weight.unsigned_abs(), inner.key));
                }
                Value::Error => is_wrong = true,
                // One mistake, made for every site.
                _ if is_reported => {}
                other => {
                    (is_reported, is_wrong) = (true, true);
                    let help = match other {
                        Value::Percent(_) => {
                            "weights are compared with each other: `2`, `1` and `1` are 50%, 25% and 25%"
                        }
                        _ => "write `1` for an equal share",
                    };
                    let message = format!("a weight is a whole number from 0, not {}", describe(&other));
                    self.wrong(&message, inner.span, help);
                }
            }
        }
        if is_wrong {
            // Of weights of which one is wrong nobody knows what the others are compared with.
            with.weights.clear();
        }
    }

    fn times(&self, times: i64, span: Span) -> Option<u32> {
        match u32::try_from(times) {
            Ok(times @ 1..=1000) => Some(times),
            _ => {
                self.wrong("attempts are 1 to 1000, the first included", span, "write `retry: 3`");
                None
            }
        }
    }

    fn on_disconnect(&self, slot: &Slot) -> Option<OnDisconnect> {
        let help =
            "write `queue`, `skip`, `fail`, `local_only`, or `queue for 2h` to wait no longer than that";
        match &slot.value {
            Value::Text(word) => match word.as_str() {
                "queue" => return Some(OnDisconnect::Queue(None)),
                "skip" => return Some(OnDisconnect::Skip),
                "fail" => return Some(OnDisconnect::Fail),
                "local_only" => return Some(OnDisconnect::LocalOnly),
                _ => {}
            },
            Value::Record(fields) if fields.len() == 1 => match fields.get("queue").map(|slot| &slot.value) {
                Some(Value::Duration(nanoseconds)) => {
                    return Some(OnDisconnect::Queue(Some(*nanoseconds)));
                }
                Some(Value::Error) => return None,
                _ => {}
            },
            _ => {}
        }
        self.wrong(&format!("`on_disconnect` is not {}", describe(&slot.value)), slot.span, help);
        None
    }

    /// A family is all of its elements, a group all that is in it.
    fn after(&self, with: &mut With, slot: Slot) {
        match slot.value {
            Value::Resource(resource) if with.after.contains(&resource) => {}
            Value::Resource(resource) => with.after.push(resource),
            Value::Group(group) => with.after.extend(self.members(group)),
            Value::List(slots) => slots.into_iter().for_each(|slot| self.after(with, slot)),
            Value::Record(elements) if is_family(&elements) => {
                elements.into_values().for_each(|slot| self.after(with, slot));
            }
            Value::Error => {}
            other => match self.named_absent(codes::E0209, &other, slot.span) {
                Some(report) => {
                    let named = self.sources.borrow().snippet(slot.span).to_string();
                    self.report(report.help(format!("`{named} ?? []` waits for it where it is there")));
                }
                None => self.wrong(
                    &format!("`after` names resources, not {}", describe(&other)),
                    slot.span,
                    "write the name of a resource, of a family or of a group, or a list of names",
                ),
            },
        }
    }
}

/// Whether a record is a family of resources or groups; of an empty one nothing is to be waited for.
fn is_family(elements: &IndexMap<String, Slot>) -> bool {
    elements.values().all(|slot| matches!(slot.value, Value::Resource(_) | Value::Group(_)))
}

/// Whether it, or a part of it, was told as wrong where it stands.
fn is_told(value: &Value) -> bool {
    match value {
        Value::Error => true,
        Value::List(slots) => slots.iter().any(|slot| is_told(&slot.value)),
        Value::Record(fields) => fields.values().any(|slot| is_told(&slot.value)),
        _ => false,
    }
}
