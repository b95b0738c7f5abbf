//! Regular expressions of `matching` and `capture`, compiled once and kept: a driver asks the same few of every answer.
//!
//! The crate's engine takes time linear in the text; pattern length and compiled size are bounded here.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

const LONGEST_PATTERN: usize = 4096;
const LARGEST_COMPILED: usize = 1 << 20;
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

/// The compiled pattern, or why there is none.
pub fn compiled(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(format!("the pattern is longer than {LONGEST_PATTERN} bytes"));
    }
    COMPILED.with_borrow_mut(|kept| {
        if let Some(regex) = kept.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(LARGEST_COMPILED)
            .dfa_size_limit(LARGEST_COMPILED)
            .nest_limit(100)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => "the pattern compiles to too big a program".to_owned(),
                _ => "the pattern is no regular expression".to_owned(),
            })?;
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    })
}
