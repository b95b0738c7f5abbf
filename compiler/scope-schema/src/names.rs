//! Short names for types: `io.k8s.api.core.v1.Pod` → `Pod`, as long as only one is called so.
//!
//! Comes in: the words of each type. Goes out: a name for each, in `PascalCase`, all different, the same for the same
//! input. Types that would share a name take one more of their words in front, `CoreV1Event` and `EventsV1Event`.

use std::collections::{BTreeMap, BTreeSet};

use crate::convert::Importer;
use crate::types::TypeId;

/// The names of an import.
pub(crate) struct Names {
    /// By [`TypeId`].
    pub names: Vec<String>,
    /// How many are declared.
    pub n_written: usize,
}

impl Names {
    pub fn of(&self, id: TypeId) -> &str {
        &self.names[id.0]
    }
}

/// Names every type.
pub(crate) fn assign(importer: &Importer<'_>) -> Names {
    let words: Vec<Vec<String>> = importer
        .types
        .iter()
        .map(|named| named.words.iter().map(|word| pascal(word)).filter(|word| !word.is_empty()).collect())
        .collect();
    let mut n_words = vec![1_usize; words.len()];
    let name = |index: usize, n_words: usize| {
        let own: &Vec<String> = &words[index];
        let joined = own[own.len().saturating_sub(n_words)..].concat();
        if joined.is_empty() || joined.starts_with(|c: char| !c.is_alphabetic()) {
            format!("T{joined}")
        } else {
            joined
        }
    };
    // Each round gives those that still share a name one word more; there are no more rounds than words.
    let most_words = words.iter().map(Vec::len).max().unwrap_or(0);
    for _ in 0..most_words {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, n) in n_words.iter().enumerate() {
            by_name.entry(name(index, *n)).or_default().push(index);
        }
        let shared: Vec<usize> = by_name.into_values().filter(|all| all.len() > 1).flatten().collect();
        let mut has_grown = false;
        for index in shared {
            if n_words[index] < words[index].len() {
                n_words[index] += 1;
                has_grown = true;
            }
        }
        if !has_grown {
            break;
        }
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::with_capacity(words.len());
    for (index, n_words) in n_words.iter().enumerate() {
        let base = name(index, *n_words);
        let mut unique = base.clone();
        let mut number = 2;
        while !taken.insert(unique.clone()) {
            unique = format!("{base}{number}");
            number += 1;
        }
        names.push(unique);
    }
    Names { n_written: names.len(), names }
}

/// `cert-manager` → `CertManager`; what no name may hold is left out.
fn pascal(word: &str) -> String {
    let mut out = String::new();
    let mut starts = true;
    for character in word.chars().take(100) {
        if !character.is_ascii_alphanumeric() {
            starts = true;
        } else if starts {
            out.push(character.to_ascii_uppercase());
            starts = false;
        } else {
            out.push(character);
        }
    }
    out
}
