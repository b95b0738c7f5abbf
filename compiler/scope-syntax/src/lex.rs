//! Text to tokens: a stack of modes, each a logos lexer.
//!
//! Comes in: any text. Goes out: its tokens in order, its comments, its documentation lines and what is wrong with
//! single characters, texts and numbers. Every byte of a token is in the text; tokens that are added are empty.
//!
//! `$ a "b${c}"` is `NativeOpen, WordOpen Chars WordClose, WordOpen TextOpen Chars InterpolationOpen Word
//! InterpolationClose TextClose WordClose, NativeClose`.

mod brackets;
mod line_start;
mod modes;
mod native;
mod stray;
mod text;

use crate::token::{Kind, Token};
use brackets::Brackets;
use line_start::LineStart;
use logos::Logos;
use modes::Plain;
pub(crate) use native::{argv_text, is_shell_word, starts_scope_flag};
use scope_diagnostics::{Diagnostic, FileId, Span, codes};

/// What lexing gives.
pub(crate) struct Lexed<'s> {
    pub tokens: Vec<Token<'s>>,
    /// Plain comments, as (text after the marker, place, own line).
    pub comments: Vec<crate::ast::Comment>,
    pub docs: Vec<DocLine>,
    pub diagnostics: Vec<Diagnostic>,
}

/// One `///` or `//!` line.
pub(crate) struct DocLine {
    /// The text after the marker and one blank.
    pub text: String,
    pub span: Span,
    /// `//!` at the head of the file.
    pub is_module: bool,
    /// Where the token after it starts.
    pub next: u32,
    pub own_line: bool,
}

/// What the reader is in.
enum Frame {
    /// The file.
    Top(Brackets),
    /// `${ … }`, or a stray `${` of the language proper that is read as parentheses.
    Interpolation { brackets: Brackets, is_stray: bool, line_bound: bool },
    /// The scope of a native command, in `quote` or bare.
    Scope { brackets: Brackets, quote: Option<char> },
    /// A text; the index of its opening token.
    Text { style: TextFrame, open: Token<'static>, line_bound: bool },
    /// A native command. `closable` braces were opened before it on its line.
    Native { in_word: bool, closable: usize },
}

#[derive(Clone, Copy, PartialEq)]
enum TextFrame {
    Line,
    Block,
    /// Between `\"` and `\"`.
    Escaped,
}

/// Lexes a text.
pub(crate) fn lex(file: FileId, text: &str) -> Lexed<'_> {
    let mut lexer = Lexer::new(file, text);
    lexer.frames.push(Frame::Top(Brackets::default()));
    if lexer.text.starts_with('\u{FEFF}') {
        lexer.position = '\u{FEFF}'.len_utf8();
    }
    lexer.start_line();
    lexer.run();
    lexer.finish()
}

/// Lexes a text that is part of a line: no items, no bare commands.
pub(crate) fn lex_fragment(file: FileId, text: &str) -> Lexed<'_> {
    let mut lexer = Lexer::new(file, text);
    lexer.is_fragment = true;
    lexer.frames.push(Frame::Top(Brackets::default()));
    lexer.run();
    lexer.finish()
}

/// Lexes the words of a native command that starts at once, without `$`.
pub(crate) fn lex_native(file: FileId, text: &str) -> Lexed<'_> {
    let mut lexer = Lexer::new(file, text);
    lexer.frames.push(Frame::Top(Brackets::default()));
    lexer.open_native(None);
    lexer.run();
    lexer.finish()
}

/// Whether this text is one word of the language.
pub(crate) fn is_word(text: &str) -> bool {
    let mut lexer = Plain::lexer(text);
    lexer.next() == Some(Ok(Plain::Word)) && lexer.span() == (0..text.len())
}

struct Lexer<'s> {
    file: FileId,
    text: &'s str,
    position: usize,
    line: usize,
    frames: Vec<Frame>,
    lexed: Lexed<'s>,
    /// Where the command of `server a = openstack …` starts.
    native_from: Option<usize>,
    /// No `"""` follows any more.
    block_quotes_end: bool,
    /// No `"` with so many `#` follows any more.
    raw_quotes_end: [bool; 16],
    docs_waiting: usize,
    is_fragment: bool,
    /// No token yet.
    is_head: bool,
    /// How many frames are texts or `${}`.
    texts: usize,
}

impl<'s> Lexer<'s> {
    fn new(file: FileId, text: &'s str) -> Self {
        let lexed = Lexed { tokens: vec![], comments: vec![], docs: vec![], diagnostics: vec![] };
        Lexer {
            file,
            text,
            position: 0,
            line: 0,
            frames: vec![],
            lexed,
            native_from: None,
            block_quotes_end: false,
            raw_quotes_end: [false; 16],
            docs_waiting: 0,
            is_fragment: false,
            is_head: true,
            texts: 0,
        }
    }

    fn run(&mut self) {
        while self.position < self.text.len() {
            match self.frames.last().expect("the file's own frame is never popped") {
                Frame::Top(_) | Frame::Interpolation { .. } | Frame::Scope { .. } => self.plain(),
                Frame::Text { style, .. } => self.in_text(*style),
                Frame::Native { in_word, closable } => self.in_native(*in_word, *closable),
            }
        }
    }

    fn finish(mut self) -> Lexed<'s> {
        self.end_line();
        while self.frames.len() > 1 {
            self.pop_frame();
        }
        let end = self.text.len() as u32;
        for doc in &mut self.lexed.docs[self.docs_waiting..] {
            doc.next = end;
        }
        self.lexed
    }

    /// One token of the language proper.
    fn plain(&mut self) {
        if let Some(from) = self.native_from
            && self.text[self.position..from].trim_start().is_empty()
        {
            self.native_from = None;
            self.position = from;
            return self.open_native(None);
        }
        if let Some(Frame::Scope { quote: Some(quote), .. }) = self.frames.last()
            && self.text[self.position..].starts_with(*quote)
        {
            // The quote ends before the scope does: layout reports the open brace.
            self.position += quote.len_utf8();
            self.frames.pop();
            return;
        }
        let mut lexer = Plain::lexer(self.text);
        lexer.bump(self.position);
        let Some(token) = lexer.next() else {
            self.position = self.text.len();
            return;
        };
        let range = lexer.span();
        self.position = range.end;
        let slice = &self.text[range.clone()];
        match token {
            Err(()) => self.unknown(range.start, slice),
            Ok(Plain::Newline) => self.plain_newline(range.start),
            Ok(Plain::Comment) => self.comment(range.start, slice),
            Ok(Plain::ForeignComment) => self.foreign_comment(range.start, slice),
            Ok(Plain::RawOpen) => self.raw(range.start, slice.len() - 2),
            Ok(Plain::TextOpen) => self.open_text(range.start, slice),
            Ok(Plain::BlockOpen) => self.open_block(range.start),
            Ok(Plain::ForeignText) => self.foreign_text(range.start, slice),
            Ok(Plain::Dollar) => self.dollar(range.start),
            Ok(Plain::ParenOpen) => self.open_bracket(Kind::ParenOpen, range.start),
            Ok(Plain::BracketOpen) => self.open_bracket(Kind::BracketOpen, range.start),
            Ok(Plain::BraceOpen) => self.open_bracket(Kind::BraceOpen, range.start),
            Ok(Plain::ParenClose) => self.close_bracket(Kind::ParenClose, range.start),
            Ok(Plain::BracketClose) => self.close_bracket(Kind::BracketClose, range.start),
            Ok(Plain::BraceClose) => self.close_bracket(Kind::BraceClose, range.start),
            Ok(plain) => {
                let kind = plain.simple_kind().expect("all that need more are matched above");
                self.push(kind, range.start, slice);
            }
        }
    }

    fn push(&mut self, kind: Kind, start: usize, text: &'s str) {
        if !matches!(kind, Kind::Newline | Kind::ItemStart) {
            for doc in &mut self.lexed.docs[self.docs_waiting..] {
                doc.next = start as u32;
            }
            self.docs_waiting = self.lexed.docs.len();
            self.is_head = false;
        }
        let token = Token { kind, text, file: self.file, start: start as u32, partner: 0 };
        self.lexed.tokens.push(token);
    }

    fn push_empty(&mut self, kind: Kind, start: usize) {
        self.push(kind, start, "");
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start as u32, end as u32)
    }

    fn brackets(&mut self) -> &mut Brackets {
        match self.frames.last_mut() {
            Some(
                Frame::Top(brackets) | Frame::Interpolation { brackets, .. } | Frame::Scope { brackets, .. },
            ) => brackets,
            _ => unreachable!("only the frames of the language proper read brackets"),
        }
    }

    fn open_bracket(&mut self, kind: Kind, start: usize) {
        self.push(kind, start, &self.text[start..start + 1]);
        self.brackets().open(kind, start);
    }

    fn close_bracket(&mut self, kind: Kind, start: usize) {
        let slice = &self.text[start..start + 1];
        if let Some(Frame::Interpolation { brackets, is_stray, .. }) = self.frames.last()
            && kind == Kind::BraceClose
            && !brackets.has(Kind::BraceOpen)
        {
            let closer = if *is_stray { Kind::ParenClose } else { Kind::InterpolationClose };
            self.leave_frame();
            return self.push(closer, start, slice);
        }
        self.push(kind, start, slice);
        self.brackets().close(kind);
        if let Some(Frame::Scope { brackets, quote }) = self.frames.last()
            && brackets.is_empty()
        {
            let quote = *quote;
            self.frames.pop();
            self.end_scope(quote);
        }
    }

    /// A line end of the language proper, inside a block's `${}` or a scope too.
    fn plain_newline(&mut self, start: usize) {
        if self.frame_is_line_bound() {
            self.position = start;
            self.end_line();
            return;
        }
        self.push(Kind::Newline, start, &self.text[start..self.position]);
        self.start_line();
    }

    /// Looks at the line that starts here: an item in column 0 ends whatever was open, a `$` ends a scope.
    fn start_line(&mut self) {
        self.line = self.position;
        let rest = &self.text[self.position..];
        let in_scope = matches!(self.frames.last(), Some(Frame::Scope { .. }));
        if in_scope && rest.trim_start_matches([' ', '\t']).starts_with('$') {
            self.leave_to_top();
            self.push(Kind::Newline, self.position, "");
        }
        if self.is_fragment || self.texts > 0 {
            return;
        }
        match line_start::classify(rest) {
            LineStart::Item => {
                self.leave_to_top();
                *self.brackets() = Brackets::default();
                self.push_empty(Kind::ItemStart, self.position);
            }
            LineStart::Native { command } if self.may_start_bare_native() => {
                self.push_empty(Kind::ItemStart, self.position);
                self.native_from = Some(self.position + command);
            }
            LineStart::Native { .. } | LineStart::Other => {}
        }
    }

    fn may_start_bare_native(&mut self) -> bool {
        let at_top = self.frames.len() == 1 && self.brackets().is_empty();
        let previous = self.lexed.tokens.iter().rev().find(|token| token.kind != Kind::Newline);
        at_top && previous.is_none_or(|token| !crate::layout::continues_after(token))
    }

    fn leave_to_top(&mut self) {
        while self.frames.len() > 1 {
            self.pop_frame();
        }
    }

    /// `$`: a native command where an item or a bound value may stand, else a mistake.
    fn dollar(&mut self, start: usize) {
        let before = self.lexed.tokens.last().map(|token| token.kind);
        let is_command = matches!(
            before,
            None | Some(Kind::Newline | Kind::ItemStart | Kind::BraceOpen | Kind::Assign | Kind::NativeClose)
        );
        let is_braced = self.text[self.position..].starts_with('{');
        if is_command && !is_braced {
            return self.open_native(Some(start));
        }
        if is_braced {
            self.position += 1;
            self.lexed.diagnostics.push(
                Diagnostic::new(
                    codes::E0006,
                    self.span(start, start + 2),
                    "`${…}` stands only in a text or a native command",
                )
                .help("outside of a text write the expression without `${` and `}`"),
            );
            let line_bound = self.frame_is_line_bound();
            self.push(Kind::ParenOpen, start, &self.text[start..start + 2]);
            self.texts += 1;
            self.frames.push(Frame::Interpolation {
                brackets: Brackets::default(),
                is_stray: true,
                line_bound,
            });
            return;
        }
        self.lexed.diagnostics.push(
            Diagnostic::new(
                codes::E0006,
                self.span(start, start + 1),
                "`$` starts a native command only at the start of a line or after `=`",
            )
            .help("put the command on a line of its own"),
        );
        self.push(Kind::Bad, start, &self.text[start..start + 1]);
    }

    fn comment(&mut self, start: usize, slice: &'s str) {
        let own_line = self.text[self.line.min(start)..start].trim().is_empty();
        let slice = slice.trim_end();
        let span = self.span(start, start + slice.len());
        let module_doc = slice.strip_prefix("//!").filter(|_| self.is_head);
        let item_doc = slice.strip_prefix("///").filter(|rest| !rest.starts_with('/'));
        if let Some(text) = module_doc.or(item_doc) {
            let text = text.strip_prefix(' ').unwrap_or(text).to_owned();
            let is_module = module_doc.is_some();
            self.lexed.docs.push(DocLine { text, span, is_module, next: 0, own_line });
            return;
        }
        let text = slice[2..].to_owned();
        self.lexed.comments.push(crate::ast::Comment { text, span, own_line });
    }
}
