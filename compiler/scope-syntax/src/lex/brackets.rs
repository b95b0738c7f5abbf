//! The open brackets of one frame, as the lexer needs them: is anything open, and what does a closing one close?
//!
//! `( [ }` with a `{` outside: the `}` closes all three, as layout will decide too.

use crate::token::Kind;

/// Open brackets, innermost last, with their places.
#[derive(Default)]
pub(super) struct Brackets {
    open: Vec<(Kind, usize)>,
    counts: [usize; 3],
}

fn index(kind: Kind) -> usize {
    match kind {
        Kind::ParenOpen | Kind::ParenClose => 0,
        Kind::BracketOpen | Kind::BracketClose => 1,
        _ => 2,
    }
}

impl Brackets {
    pub fn open(&mut self, kind: Kind, place: usize) {
        self.counts[index(kind)] += 1;
        self.open.push((kind, place));
    }

    /// A closing bracket closes the nearest opening one of its kind with all inside, or else the innermost.
    pub fn close(&mut self, kind: Kind) {
        let matches = self.counts[index(kind)] > 0;
        while let Some((open, _)) = self.open.pop() {
            self.counts[index(open)] -= 1;
            if !matches || open.closer() == Some(kind) {
                return;
            }
        }
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.counts[index(kind)] > 0
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How many braces were opened at or after this place and are still open, innermost first without a gap.
    pub fn braces_since(&self, place: usize) -> usize {
        self.open.iter().rev().take_while(|(kind, at)| *kind == Kind::BraceOpen && *at >= place).count()
    }
}
