//! Tokens as lexed to tokens as parsed: brackets balanced, newlines that separate nothing dropped, items cut apart.
//!
//! Comes in: the lexer's tokens. Goes out: the same in order, where every opening bracket has its closing one (added
//! and reported where it is missing) and knows how far away it is, a newline stands only where it separates, and the
//! range of each item. So the parser never sees an open bracket, and no mistake leaves its item.
//!
//! `let a = (1 +⏎ 2⏎let b = 3` are two items: `let a = (1 + 2 )` with one report at `(`, and `let b = 3`.

mod closer;
mod newline;

use crate::{
    MAX_DEPTH,
    token::{Kind, Token},
    yaml,
};
use scope_diagnostics::{Diagnostic, Edit, Span, codes};
use std::cmp::Ordering;
use std::ops::Range;

use closer::Reading;
pub(crate) use newline::{continues_after, looks_like_entry};

/// What layout gives.
pub(crate) struct Laid<'s> {
    pub tokens: Vec<Token<'s>>,
    /// Each item's tokens.
    pub items: Vec<Range<usize>>,
    pub diagnostics: Vec<Diagnostic>,
    /// Places that are reported as a whole: what the parser finds inside is a consequence.
    pub reported: Vec<Span>,
    /// Where nesting got too deep, in order.
    pub too_deep: Vec<Span>,
    /// Places of pasted YAML: what the lexer found inside is a consequence too.
    pub yaml: Vec<Span>,
}

struct Open<'s> {
    token: Token<'s>,
    /// Its index among the tokens given out; none in a group that is nested too deep.
    index: Option<usize>,
    looks_like_yaml: bool,
    /// How many reports there were before it.
    reports: usize,
}

struct Layout<'s> {
    text: &'s str,
    laid: Laid<'s>,
    open: Vec<Open<'s>>,
    /// Open `(`, `[`, `{` since the last token that brackets do not cross, for each such token.
    counts: Vec<[usize; 3]>,
    depth: usize,
    /// While a group is nested too deep: how many are open without it.
    skip_above: Option<usize>,
    is_too_deep: bool,
    item_start: usize,
    /// The indentation of the line being read.
    indentation: u32,
    /// Where that line starts.
    line_start: u32,
    /// How many tokens may still be looked at to find out what wrong closing brackets were meant to be.
    look_ahead: usize,
}

/// Tokens of a file that may be looked at ahead of their turn: a bound, not a rule.
const LOOK_AHEAD: usize = 1 << 17;

/// Lays out the tokens of a text.
pub(crate) fn lay_out<'s>(text: &'s str, tokens: &[Token<'s>]) -> Laid<'s> {
    let laid = Laid {
        tokens: Vec::with_capacity(tokens.len()),
        items: vec![],
        diagnostics: vec![],
        reported: vec![],
        too_deep: vec![],
        yaml: vec![],
    };
    let mut layout = Layout {
        text,
        laid,
        open: vec![],
        counts: vec![[0; 3]],
        depth: 0,
        skip_above: None,
        is_too_deep: false,
        item_start: 0,
        indentation: 0,
        line_start: 0,
        look_ahead: LOOK_AHEAD,
    };
    let mut newline: Option<Token<'s>> = None;
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Newline => newline = Some(*token),
            Kind::ItemStart => {
                layout.close_all(tokens.get(index + 1));
                layout.cut();
                layout.indentation = 0;
                layout.line_start = token.start;
                newline = None;
            }
            _ => {
                if let Some(newline) = newline.take() {
                    layout.newline(&newline, &tokens[index..]);
                }
                layout.token(*token, &tokens[index + 1..]);
            }
        }
    }
    layout.close_all(None);
    layout.cut();
    layout.laid.reported = outermost(layout.laid.reported);
    layout.laid.yaml = outermost(layout.laid.yaml);
    layout.laid
}

/// The ranges that lie in no other, sorted; ranges here nest or lie apart.
fn outermost(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|later, earlier| earlier.contains(*later));
    spans
}

/// Whether one of these sorted ranges holds the place.
pub(crate) fn is_inside(spans: &[Span], place: Span) -> bool {
    let after = spans.partition_point(|span| span.start <= place.start);
    after > 0 && spans[after - 1].contains(place)
}

impl<'s> Layout<'s> {
    fn token(&mut self, token: Token<'s>, rest: &[Token<'s>]) {
        if token.kind.closer().is_some() {
            self.open(token);
        } else if token.kind.closes_bracket() {
            self.close_bracket(token, rest);
        } else if is_closer(token.kind) {
            self.close_through(token);
        } else {
            self.give(token);
        }
    }

    fn give(&mut self, token: Token<'s>) -> Option<usize> {
        if self.skip_above.is_some() {
            return None;
        }
        self.laid.tokens.push(token);
        Some(self.laid.tokens.len() - 1)
    }

    fn open(&mut self, token: Token<'s>) {
        let counts_depth = token.kind.opens_bracket() || token.kind == Kind::InterpolationOpen;
        if counts_depth {
            self.depth += 1;
            if self.depth > MAX_DEPTH && self.skip_above.is_none() {
                self.too_deep(token);
            }
        }
        let index = self.give(token);
        let reports = self.laid.diagnostics.len();
        self.open.push(Open { token, index, looks_like_yaml: false, reports });
        match bracket_index(token.kind) {
            Some(bracket) => self.counts.last_mut().expect("there is always one")[bracket] += 1,
            None => self.counts.push([0; 3]),
        }
    }

    fn too_deep(&mut self, token: Token<'s>) {
        if !self.is_too_deep {
            self.is_too_deep = true;
            self.laid.too_deep.push(token.span());
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            let report = Diagnostic::new(codes::E0007, token.span(), message);
            self.laid
                .diagnostics
                .push(report.help("give the inner part a name with `let` and use the name here"));
        }
        self.give(Token { kind: Kind::Bad, ..token });
        self.skip_above = Some(self.open.len());
    }

    /// Removes the innermost open token; its closing one becomes `closer`.
    fn pop(&mut self, closer: Token<'s>) {
        let Some(open) = self.open.pop() else { return };
        match bracket_index(open.token.kind) {
            Some(bracket) => self.counts.last_mut().expect("there is always one")[bracket] -= 1,
            None => {
                self.counts.pop();
            }
        }
        if open.token.kind.opens_bracket() || open.token.kind == Kind::InterpolationOpen {
            self.depth -= 1;
        }
        if self.skip_above.is_some_and(|level| self.open.len() < level) {
            self.skip_above = None;
        }
        let Some(index) = open.index else { return };
        if open.looks_like_yaml && open.token.kind == Kind::BraceOpen {
            self.replace_yaml(index, open.reports, &closer);
        }
        if let Some(closer_index) = self.give(closer) {
            self.laid.tokens[index].partner = (closer_index - index) as u32;
        }
    }

    /// An added closing token, right after the last token.
    fn added_closer(&self, kind: Kind) -> Token<'s> {
        let last = self.laid.tokens.last().expect("something was opened");
        Token { kind, text: "", start: last.end(), ..*last }
    }

    fn close_bracket(&mut self, token: Token<'s>, rest: &[Token<'s>]) {
        let Some(bracket) = bracket_index(token.kind) else { return };
        let counts = self.counts.last().expect("there is always one");
        let innermost = self.open.last().filter(|open| open.token.kind.opens_bracket());
        let reading = match (counts[bracket] > 0, innermost) {
            (_, None) => Reading::Stray,
            (true, Some(open)) if open.token.kind.closer() == Some(token.kind) => Reading::Through,
            (has_partner, Some(_)) => self.meant(token.kind, has_partner, rest),
        };
        if reading == Reading::Through {
            return self.close_through(token);
        }
        let innermost = self.open.last().filter(|_| reading == Reading::Innermost);
        let Some(innermost) = innermost else {
            let message = format!("`{}` closes nothing", token.text);
            let report = Diagnostic::new(codes::E0003, token.span(), message).label("no open bracket");
            let report = report.help("remove it").fix("remove it", vec![Edit::new(token.span(), "")]);
            self.laid.diagnostics.push(report);
            return;
        };
        let expected = innermost.token.kind.closer().unwrap_or(token.kind);
        if innermost.index.is_some() {
            let message = format!("expected `{}`, found `{}`", expected.bracket(), token.text);
            self.laid.diagnostics.push(
                Diagnostic::new(codes::E0003, token.span(), message)
                    .label(format!("closes `{}` with `{}`", innermost.token.kind.bracket(), token.text))
                    .secondary(innermost.token.span(), "opened here")
                    .help(format!("write `{}`", expected.bracket()))
                    .fix(
                        format!("write `{}`", expected.bracket()),
                        vec![Edit::new(token.span(), expected.bracket())],
                    ),
            );
        }
        self.pop(Token { kind: expected, ..token });
    }

    /// How a closing bracket is read that is not the innermost one's: as what leaves fewest without a partner, of equal readings as
    /// one that does not change what the brackets around it mean.
    fn meant(&mut self, closer: Kind, has_partner: bool, rest: &[Token<'s>]) -> Reading {
        let other = if has_partner { Reading::Through } else { Reading::Stray };
        if self.look_ahead == 0 {
            return other;
        }
        let most = self.look_ahead.min(closer::MOST_TOKENS);
        let brackets =
            self.open.iter().rev().map(|open| open.token.kind).take_while(|kind| kind.opens_bracket());
        let mut open: Vec<Kind> = brackets.take(closer::MOST_OPEN).collect();
        open.reverse();
        let ahead = rest.iter().take(most).take_while(|next| next.kind != Kind::ItemStart).count();
        self.look_ahead -= ahead.clamp(1, most);
        let as_innermost = closer::unpaired(open.clone(), closer, Reading::Innermost, rest, ahead);
        let as_other = closer::unpaired(open, closer, other, rest, ahead);
        let innermost = self.open.last().expect("it is asked where one is open");
        match as_innermost.cmp(&as_other) {
            Ordering::Less => Reading::Innermost,
            Ordering::Equal if !has_partner && !self.is_stray(innermost, rest) => Reading::Innermost,
            Ordering::Equal | Ordering::Greater => other,
        }
    }

    /// Whether a bracket that closes nothing stands where another one is not to be closed: what is open was opened on an
    /// earlier line and this is not the first of its line, or what is open is closed later on the line.
    fn is_stray(&self, open: &Open<'s>, rest: &[Token<'s>]) -> bool {
        let is_first = self.laid.tokens.last().is_none_or(|last| last.start < self.line_start);
        if open.token.start < self.line_start && !is_first {
            return true;
        }
        let mut depth = 0_usize;
        for next in rest.iter().take(MAX_DEPTH).take_while(|next| next.kind != Kind::Newline) {
            if next.kind.opens_bracket() {
                depth += 1;
            } else if next.kind.closes_bracket() {
                match depth.checked_sub(1) {
                    Some(below) => depth = below,
                    None => return open.token.kind.closer() == Some(next.kind),
                }
            }
        }
        false
    }

    /// Closes what this token closes, and before it all that is open inside.
    fn close_through(&mut self, token: Token<'s>) {
        while let Some(open) = self.open.last() {
            if open.token.kind.closer() == Some(token.kind) {
                let below = self.open.len().checked_sub(2).map(|below| self.open[below].token.kind);
                if token.kind == Kind::InterpolationClose
                    && token.text.is_empty()
                    && below == Some(Kind::WordOpen)
                {
                    self.report_unclosed(Some(&token));
                }
                return self.pop(token);
            }
            let is_quiet = token.kind == Kind::InterpolationClose && token.text.is_empty();
            if !is_quiet {
                self.report_unclosed(Some(&token));
            }
            self.close_innermost();
        }
    }

    fn close_innermost(&mut self) {
        let Some(open) = self.open.last() else { return };
        let kind = open.token.kind.closer().unwrap_or(Kind::BraceClose);
        let closer = self.added_closer(kind);
        if open.index.is_some() && open.token.kind.opens_bracket() {
            let place = open.token.span().to(closer.span());
            self.laid.reported.push(place);
        }
        self.pop(closer);
    }

    /// Reports the innermost open bracket as not closed where `before` stands.
    fn report_unclosed(&mut self, before: Option<&Token<'s>>) {
        let Some(Open { token, index: Some(_), .. }) = self.open.last() else { return };
        let is_bracket = token.kind.opens_bracket() || token.kind == Kind::InterpolationOpen;
        if self.is_too_deep || !is_bracket {
            return;
        }
        let closer = token.kind.closer().unwrap_or(Kind::BraceClose).bracket();
        let mut report =
            Diagnostic::new(codes::E0002, token.span(), format!("`{}` is not closed", token.text));
        report = report.label("opened here");
        match before {
            Some(before) if !before.text.is_empty() => {
                report = report.secondary(before.span(), format!("expected `{closer}` before this"));
            }
            _ => report = report.help(format!("add `{closer}`")),
        }
        if let Some(address) = self.address_behind(token) {
            report = report.help(format!("`//` starts a comment: write `\"{address}\"` with quotes"));
        }
        self.laid.diagnostics.push(report);
    }

    /// An address without quotes in what is left of a line: what is behind its `//` was read as a comment.
    fn address_behind(&self, open: &Token<'_>) -> Option<&'s str> {
        let line = self.text.get(open.end() as usize..)?.lines().next()?;
        let sign = line.find("://")?;
        if line[..sign].contains('"') {
            return None;
        }
        let start = line[..sign].trim_end_matches(char::is_alphanumeric).len();
        let ends = |letter: char| letter.is_whitespace() || "\",}])".contains(letter);
        let end = line[sign..].find(ends).map_or(line.len(), |end| sign + end);
        (start < sign && sign + 3 < end).then(|| &line[start..end])
    }

    fn close_all(&mut self, before: Option<&Token<'s>>) {
        while !self.open.is_empty() {
            self.report_unclosed(before);
            self.close_innermost();
        }
    }

    /// Ends the item.
    fn cut(&mut self) {
        self.is_too_deep = false;
        let end = self.laid.tokens.len();
        if end > self.item_start {
            self.laid.items.push(self.item_start..end);
            self.item_start = end;
        }
    }

    fn newline(&mut self, newline: &Token<'s>, next: &[Token<'s>]) {
        let indentation = next[0].start.saturating_sub(newline.end());
        self.line_start = newline.end();
        let before = std::mem::replace(&mut self.indentation, indentation);
        if self.skip_above.is_some() {
            return;
        }
        let innermost = self.open.last().map(|open| open.token.kind);
        let previous = &self.laid.tokens[self.item_start..];
        if let Some(last) = previous.last()
            && last.kind == Kind::Colon
            && innermost == Some(Kind::BraceOpen)
            && (next[0].kind == Kind::Minus || (indentation > before && looks_like_entry(next)))
        {
            self.open.last_mut().expect("a brace is open").looks_like_yaml = true;
        }
        if !newline::separates(previous, next, innermost) {
            return;
        }
        match innermost {
            None => self.cut(),
            Some(_) => {
                self.give(*newline);
            }
        }
    }

    /// If the group that was opened at `index` holds YAML: one report for all of it, and one `Bad` in its place.
    fn replace_yaml(&mut self, index: usize, reports: usize, closer: &Token<'s>) {
        if self.text.is_empty() {
            return;
        }
        let open = self.laid.tokens[index];
        let place = Span::new(open.file, open.end(), closer.start);
        let Some(found) = yaml::recognise(&self.text[place.range()]) else { return };
        self.laid.tokens.truncate(index + 1);
        let text = &self.text[place.range()];
        self.laid.tokens.push(Token { kind: Kind::Bad, text, start: place.start, ..open });
        self.laid.diagnostics.truncate(reports);
        self.laid.yaml.push(place);
        self.laid.diagnostics.push(found.report(place, self.text));
    }
}

fn bracket_index(kind: Kind) -> Option<usize> {
    Some(match kind {
        Kind::ParenOpen | Kind::ParenClose => 0,
        Kind::BracketOpen | Kind::BracketClose => 1,
        Kind::BraceOpen | Kind::BraceClose => 2,
        _ => return None,
    })
}

fn is_closer(kind: Kind) -> bool {
    matches!(kind, Kind::InterpolationClose | Kind::TextClose | Kind::NativeClose | Kind::WordClose)
}
