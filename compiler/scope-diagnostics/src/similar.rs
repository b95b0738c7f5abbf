//! "Did you mean": the candidate that a misspelt word most likely stands for.
//!
//! Comes in: a word and the names that would be right there. Goes out: one of them, or nothing rather than a wild guess.
//!
//! ```
//! use scope_diagnostics::similar::nearest;
//!
//! assert_eq!(nearest("imgae", ["compute", "image", "network"]), Some("image"));
//! assert_eq!(nearest("banana", ["compute", "image", "network"]), None);
//! ```

/// The nearest candidate, or nothing if none is near.
///
/// First one equal but for case; then the smallest distance in insertions, deletions, replacements and swaps of
/// neighbours (case ignored), at most a third of the longer word and at least one. Of equals the one named first wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    ranked(word, candidates).into_iter().next()
}

/// Every near candidate, best first; equals in the order they were named.
#[must_use]
pub fn ranked<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = letters(word);
    let mut near: Vec<(usize, &'a str)> = Vec::new();
    for candidate in candidates {
        let other = letters(candidate);
        let limit = (word.len().max(other.len()) / 3).max(1);
        if word.len().abs_diff(other.len()) > limit {
            continue;
        }
        let distance = distance(&word, &other);
        // A distance as long as the word itself shares no letter with it.
        if distance <= limit && distance < word.len().max(other.len()) {
            near.push((distance, candidate));
        }
    }
    near.sort_by_key(|&(distance, _)| distance);
    near.dedup_by(|later, earlier| later.1 == earlier.1);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The longest word that is compared; what is longer is cut, so that a pasted page costs nothing.
const LONGEST: usize = 64;

fn letters(word: &str) -> Vec<char> {
    word.chars().take(LONGEST).flat_map(char::to_lowercase).collect()
}

/// The optimal string alignment distance (Damerau-Levenshtein without editing a swapped pair again).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &left_letter) in left.iter().enumerate() {
        let mut current = Vec::with_capacity(right.len() + 1);
        current.push(row + 1);
        for (column, &right_letter) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(left_letter != right_letter);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            let is_swap =
                row > 0 && column > 0 && left_letter == right[column - 1] && left[row - 1] == right_letter;
            if is_swap {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_what_is_meant_and_no_more() {
        let sites = ["nantes", "paris", "lille", "Nantes2"];
        for (word, expected) in [
            ("nante", Some("nantes")),
            ("PARIS", Some("paris")),
            ("pairs", Some("paris")),
            ("nantes2", Some("Nantes2")),
            ("berlin", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, sites), expected, "{word}");
        }
        assert_eq!(nearest("a", ["b", "A"]), Some("A"));
        assert_eq!(nearest("CloudTow", ["CloudOne", "CloudTwo"]), Some("CloudTwo"));
        assert_eq!(nearest("ab", ["ac", "ad"]), Some("ac"), "the first named of equals");
    }

    #[test]
    fn counts_a_swap_of_neighbours_once() {
        assert_eq!(distance(&letters("imgae"), &letters("image")), 1);
        assert_eq!(distance(&letters("kitten"), &letters("sitting")), 3);
        assert_eq!(distance(&letters(""), &letters("abc")), 3);
    }

    proptest! {
        #[test]
        fn is_a_symmetric_distance(left in "[a-d]{0,8}", right in "[a-d]{0,8}") {
            let (left, right) = (letters(&left), letters(&right));
            prop_assert_eq!(distance(&left, &right), distance(&right, &left));
            prop_assert_eq!(distance(&left, &right) == 0, left == right);
        }

        #[test]
        fn any_text_is_harmless(word in ".{0,90}", other in ".{0,90}") {
            let _ = nearest(&word, [other.as_str()]);
        }
    }
}
