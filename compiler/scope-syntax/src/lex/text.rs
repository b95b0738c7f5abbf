//! Texts: `"…"`, `"""…"""`, `r#"…"#`, `${…}` in them, and where they end when nobody closed them.
//!
//! `"a` at the end of a line is a text `a` and one report; the next line is read as if it were closed.

use super::modes::InText;
use super::{Brackets, Frame, Lexer, TextFrame};
use crate::token::{Kind, Token};
use logos::Logos;
use scope_diagnostics::{Diagnostic, Edit, codes};

impl<'s> Lexer<'s> {
    pub(super) fn open_text(&mut self, start: usize, slice: &'s str) {
        let is_escaped = slice.len() == 2;
        let in_double = matches!(self.frames.last(), Some(Frame::Scope { quote: Some('"'), .. }));
        if is_escaped && !in_double {
            let span = self.span(start, start + 1);
            let report = Diagnostic::new(codes::E0006, span, "`\\` starts nothing");
            self.lexed.diagnostics.push(report.help("outside of a text a quote needs no `\\`"));
            self.push(Kind::Bad, start, &slice[..1]);
            self.position = start + 1;
            return;
        }
        let style = if is_escaped { TextFrame::Escaped } else { TextFrame::Line };
        self.push_text(style, start, slice, true);
    }

    pub(super) fn open_block(&mut self, start: usize) {
        let closes = !self.block_quotes_end && self.text[self.position..].contains("\"\"\"");
        self.block_quotes_end = !closes;
        let line_bound = self.frame_is_line_bound() || !closes;
        self.push_text(TextFrame::Block, start, &self.text[start..self.position], line_bound);
    }

    pub(super) fn push_text(&mut self, style: TextFrame, start: usize, slice: &'s str, line_bound: bool) {
        let kind = if style == TextFrame::Block { Kind::BlockOpen } else { Kind::TextOpen };
        self.push(kind, start, slice);
        let open =
            Token { kind, text: "", file: self.file, start: start as u32, partner: slice.len() as u32 };
        self.texts += 1;
        self.frames.push(Frame::Text { style, open, line_bound });
    }

    pub(super) fn open_interpolation(&mut self, start: usize, slice: &'s str) {
        let line_bound = self.frame_is_line_bound();
        self.push(Kind::InterpolationOpen, start, slice);
        self.texts += 1;
        self.frames.push(Frame::Interpolation { brackets: Brackets::default(), is_stray: false, line_bound });
    }

    /// One token of a text.
    pub(super) fn in_text(&mut self, style: TextFrame) {
        let mut lexer = InText::lexer(self.text);
        lexer.bump(self.position);
        let Some(Ok(token)) = lexer.next() else {
            self.position = self.text.len();
            return;
        };
        let range = lexer.span();
        let slice = lexer.slice();
        self.position = range.end;
        match (token, style) {
            (InText::Newline, _) if self.frame_is_line_bound() => {
                self.position = range.start;
                self.end_line();
            }
            (InText::Quote, TextFrame::Line) | (InText::BlockQuote, TextFrame::Block) => {
                self.leave_frame();
                self.push(Kind::TextClose, range.start, slice);
            }
            (InText::Escape, TextFrame::Escaped) if slice == "\\\"" => {
                self.leave_frame();
                self.push(Kind::TextClose, range.start, slice);
            }
            (InText::BlockQuote, TextFrame::Line) => {
                self.position = range.start + 1;
                self.leave_frame();
                self.push(Kind::TextClose, range.start, &slice[..1]);
            }
            (InText::Quote | InText::BlockQuote, TextFrame::Escaped) => {
                // The quote of the whole scope: the text inside was not closed.
                self.position = range.start;
                self.report_unclosed_text();
                self.pop_frame();
            }
            (InText::Quote, TextFrame::Block) => self.push(Kind::Chars, range.start, slice),
            (InText::Escape, _) => self.escape(range.start, slice),
            (InText::InterpolationOpen, _) => self.open_interpolation(range.start, slice),
            (InText::Chars | InText::LoneBackslash | InText::Newline, _) => {
                self.push(Kind::Chars, range.start, slice);
            }
        }
    }

    fn escape(&mut self, start: usize, slice: &'s str) {
        if crate::escape::unescape(slice).is_none() {
            let span = self.span(start, start + slice.len());
            self.lexed.diagnostics.push(
                Diagnostic::new(codes::E0008, span, format!("unknown escape `{slice}`"))
                    .label("not an escape")
                    .help(r#"for a backslash write `\\`, or a raw text `r"…"`"#)
                    .note(r#"escapes are \n \t \r \0 \\ \" \$ and \u{e9}"#),
            );
        }
        self.push(Kind::Escape, start, slice);
    }

    /// `r"…"` or `r#"…"#`, over lines too; without an end, up to the end of the line.
    pub(super) fn raw(&mut self, start: usize, hashes: usize) {
        let body = self.position;
        if hashes == 0 && self.text[body..].starts_with("\"\"") && self.raw_block(start, body + 2) {
            return;
        }
        let closer = format!("\"{}", "#".repeat(hashes));
        let may_close = hashes < self.raw_quotes_end.len() && !self.raw_quotes_end[hashes];
        let end = if may_close { self.text[body..].find(&closer) } else { None };
        let Some(length) = end else {
            if may_close {
                self.raw_quotes_end[hashes] = true;
            }
            let line_end = self.text[body..].find('\n').map_or(self.text.len(), |length| body + length);
            self.lexed.diagnostics.push(
                Diagnostic::new(codes::E0004, self.span(start, body), "text is not closed")
                    .label("opened here")
                    .help(format!("it ends with `{closer}`")),
            );
            self.position = line_end;
            return self.push(Kind::Raw, start, self.text[start..line_end].trim_end());
        };
        self.position = body + length + closer.len();
        self.push(Kind::Raw, start, &self.text[start..self.position]);
    }

    /// `r"""…"""`, as another language writes a raw text of several lines; false where nothing closes it.
    fn raw_block(&mut self, start: usize, body: usize) -> bool {
        let Some(length) = self.text[body..].find("\"\"\"") else { return false };
        let (close, end) = (body + length, body + length + 3);
        let inside = &self.text[body..close];
        let hashes =
            "#".repeat((1..).find(|n| !inside.contains(&format!("\"{}", "#".repeat(*n)))).unwrap_or(1));
        let (opens, closes) = (format!("r{hashes}\""), format!("\"{hashes}"));
        self.lexed.diagnostics.push(
            Diagnostic::new(codes::E0004, self.span(start, body), "a raw text ends at its first quote")
                .label("this one is empty")
                .help(format!("a raw text of several lines is written `{opens}…{closes}`"))
                .fix(
                    format!("write `{opens}` and `{closes}`"),
                    vec![Edit::new(self.span(start, body), opens), Edit::new(self.span(close, end), closes)],
                ),
        );
        self.position = end;
        self.push(Kind::Raw, start, &self.text[start..end]);
        true
    }

    /// Whether the innermost frame ends with its line.
    pub(super) fn frame_is_line_bound(&self) -> bool {
        match self.frames.last() {
            Some(Frame::Interpolation { line_bound, .. } | Frame::Text { line_bound, .. }) => *line_bound,
            Some(Frame::Native { .. }) => true,
            _ => false,
        }
    }

    /// Ends all that ends with the line, with one report if a text is among it.
    pub(super) fn end_line(&mut self) {
        if self.position >= self.text.len() {
            while self.frames.len() > 1 && !self.frame_is_line_bound() {
                self.end_unbound();
            }
        }
        self.report_unclosed_text();
        while self.frame_is_line_bound() {
            self.pop_frame();
        }
    }

    /// At the end of the file: a block, its `${}` or a scope.
    fn end_unbound(&mut self) {
        self.report_unclosed_text();
        self.pop_frame();
    }

    /// One report for the outermost of the texts (and `${`) that end here unclosed.
    fn report_unclosed_text(&mut self) {
        let at_end = self.position >= self.text.len();
        let ending = self.frames.iter().rev().take_while(|frame| match frame {
            Frame::Interpolation { line_bound, is_stray: false, .. } | Frame::Text { line_bound, .. } => {
                *line_bound || at_end
            }
            _ => false,
        });
        let outermost = ending.filter_map(|frame| match frame {
            Frame::Text { open, style, .. } => Some((*open, *style)),
            _ => None,
        });
        let Some((open, style)) = outermost.last() else { return };
        let span = self.span(open.start as usize, (open.start + open.partner) as usize);
        if self.lexed.diagnostics.iter().rev().take(4).any(|report| report.primary.span == span) {
            return;
        }
        let quote = match style {
            TextFrame::Line => "\"",
            TextFrame::Block => "\"\"\"",
            TextFrame::Escaped => "\\\"",
        };
        let help = match style {
            TextFrame::Block => "close it with `\"\"\"`".to_owned(),
            _ => format!(
                "a text ends on its line: add `{quote}`, or write `\"\"\"` around a text of several lines"
            ),
        };
        self.lexed
            .diagnostics
            .push(Diagnostic::new(codes::E0004, span, "text is not closed").label("opened here").help(help));
    }

    /// Leaves the innermost frame, with an empty closing token where the parser needs one.
    pub(super) fn pop_frame(&mut self) {
        let end = self.trimmed_end();
        match self.leave_frame() {
            Some(Frame::Text { .. }) => self.push_empty(Kind::TextClose, self.position.min(self.text.len())),
            Some(Frame::Interpolation { is_stray, .. }) => {
                let kind = if is_stray { Kind::ParenClose } else { Kind::InterpolationClose };
                self.push_empty(kind, end);
            }
            Some(Frame::Native { in_word, .. }) => {
                if in_word {
                    self.push_empty(Kind::WordClose, end);
                }
                self.push_empty(Kind::NativeClose, end);
            }
            Some(Frame::Scope { .. } | Frame::Top(_)) | None => {}
        }
    }

    pub(super) fn leave_frame(&mut self) -> Option<Frame> {
        let frame = self.frames.pop();
        let is_text = matches!(frame, Some(Frame::Text { .. } | Frame::Interpolation { .. }));
        self.texts -= usize::from(is_text);
        frame
    }

    /// The end of the last token: where an added closing token stands.
    fn trimmed_end(&self) -> usize {
        self.lexed.tokens.last().map_or(0, |token| token.end() as usize)
    }
}
