//! What a closing bracket of the wrong kind was meant to be.
//!
//! Comes in: the open brackets, and the tokens behind the wrong one. Goes out: how many brackets of the item are left without a partner
//! when it is read one way or another. The reading that leaves fewest is what was written.
//!
//! `keep(a: [b, c})⏎}` in a block: `}` for `]` leaves one, a block that ends here leaves four.

use crate::token::{Kind, Token};

/// So many of the innermost brackets are looked at: people nest less deep, and time stays bounded where machines do.
pub(super) const MOST_OPEN: usize = 32;

/// So many tokens behind one wrong bracket are looked at.
pub(super) const MOST_TOKENS: usize = 2_000;

/// How a closing bracket that does not fit is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It was to close the innermost open bracket.
    Innermost,
    /// It closes the nearest open bracket of its kind, and all inside of that is not closed.
    Through,
    /// It is one too many.
    Stray,
}

/// How many brackets have no partner up to the end of the item, where the first of `tokens` is read so. At most `most` tokens are
/// looked at.
///
/// `open` are the brackets that are open before, innermost last.
pub(super) fn unpaired(
    mut open: Vec<Kind>,
    closer: Kind,
    reading: Reading,
    rest: &[Token<'_>],
    most: usize,
) -> usize {
    let mut n_unpaired = match reading {
        Reading::Innermost => {
            open.pop();
            1
        }
        Reading::Through => close(&mut open, closer),
        Reading::Stray => 1,
    };
    // Texts and commands that begin behind it; what ends the one around it ends the item for it.
    let mut n_around: usize = 0;
    for token in rest.iter().take(most) {
        match token.kind {
            Kind::ItemStart => break,
            kind if kind.opens_bracket() => open.push(kind),
            kind if kind.closes_bracket() => n_unpaired += close(&mut open, kind),
            kind if kind.closer().is_some() => n_around += 1,
            kind if super::is_closer(kind) => match n_around.checked_sub(1) {
                Some(below) => n_around = below,
                None => break,
            },
            _ => {}
        }
    }
    n_unpaired + open.len()
}

/// Closes the nearest bracket of this kind; how many are left without a partner by it.
fn close(open: &mut Vec<Kind>, closer: Kind) -> usize {
    let mut innermost = open.iter().rev().take(MOST_OPEN);
    match innermost.position(|kind| kind.closer() == Some(closer)) {
        Some(n_inside) => {
            open.truncate(open.len() - n_inside - 1);
            n_inside
        }
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lex::lex;
    use scope_diagnostics::SourceMap;

    fn n_unpaired(open: &[Kind], reading: Reading, rest: &str) -> usize {
        let file = SourceMap::new().add("a.scope", rest);
        unpaired(open.to_vec(), Kind::BraceClose, reading, &lex(file, rest).tokens, 100)
    }

    #[test]
    fn the_reading_that_is_meant_leaves_fewest() {
        use Reading::{Innermost, Through};
        // `{⏎ keep(a: [b}` and what is behind it.
        let open = [Kind::BraceOpen, Kind::ParenOpen, Kind::BracketOpen];
        assert_eq!(n_unpaired(&open, Innermost, ")\n x: \"${y(1)}\"\n}\nlet z = 1\n"), 1);
        assert_eq!(n_unpaired(&open, Through, ")\n x: \"${y(1)}\"\n}\nlet z = 1\n"), 4);
        assert_eq!(n_unpaired(&open, Through, "\nlet z = 1\n"), 2);
        assert_eq!(n_unpaired(&open, Innermost, "\nlet z = 1\n"), 3);
    }
}
