//! Versions: `1.9` is before `1.10`, `2024.2` before `2025.1`, `v1beta2` before `v1`.
//!
//! Comes in: texts as applications call their versions. Goes out: an order: runs of digits are numbers, words are compared
//! as they are, and a version with a word behind its number (`1.0-rc1`, `v1beta2`) is before the one without.

use std::cmp::Ordering;

/// A part of a version, in the order of parts: a word is before the end, the end before a number.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'t> {
    Word(&'t str),
    End,
    Number(u64),
}

/// Which of two versions is earlier.
pub fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (pieces(one), pieces(other));
    let length = one.len().max(other.len());
    let at =
        |pieces: &[Piece<'_>], index: usize| -> Option<usize> { (index < pieces.len()).then_some(index) };
    for index in 0..length {
        let (left, right) = (at(&one, index).map(|i| &one[i]), at(&other, index).map(|i| &other[i]));
        let order = left.unwrap_or(&Piece::End).cmp(right.unwrap_or(&Piece::End));
        // `1.0` is `1`: zeros at the end say nothing.
        let is_zero = |piece: Option<&Piece<'_>>| matches!(piece, None | Some(Piece::Number(0)));
        if order != Ordering::Equal && !(is_zero(left) && is_zero(right)) {
            return order;
        }
    }
    Ordering::Equal
}

fn pieces(version: &str) -> Vec<Piece<'_>> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    let mut pieces = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let is_word = first.is_alphabetic();
        let end = rest
            .find(|c: char| {
                if is_digit {
                    !c.is_ascii_digit()
                } else if is_word {
                    !c.is_alphabetic()
                } else {
                    c.is_alphanumeric()
                }
            })
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        if is_digit {
            pieces.push(Piece::Number(piece.parse().unwrap_or(u64::MAX)));
        } else if is_word {
            pieces.push(Piece::Word(piece));
        }
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use super::compare;

    #[test]
    fn numbers_are_numbers_and_words_come_before_them() {
        for (one, other, expected) in [
            ("1.9", "1.10", Less),
            ("1.29.3", "1.29", Greater),
            ("v1.29", "1.29", Equal),
            ("1.29.0", "1.29", Equal),
            ("2024.2", "2025.1", Less),
            ("v1beta2", "v1", Less),
            ("v1alpha1", "v1beta1", Less),
            ("v1beta1", "v1beta2", Less),
            ("1.0-rc1", "1.0", Less),
            ("v2", "v1beta1", Greater),
            ("", "1", Less),
            ("99999999999999999999999", "1", Greater),
        ] {
            assert_eq!(compare(one, other), expected, "{one} and {other}");
            assert_eq!(compare(other, one), expected.reverse(), "{other} and {one}");
        }
    }
}
