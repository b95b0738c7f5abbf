//! The sentence for a fault: what was expected, what was found, and what to do about it.
//!
//! Comes in: an item's tokens, the index at which reading stopped, and the labels of what could have stood there. Goes
//! out: one report. A table of (expected, found) pairs that people write gives the help; the first that fits wins.
//!
//! `{ name = "x" }` → "expected `:`, found `=`", with the fix.

mod habits;
mod places;

use super::fault::{Label, Labels};
use crate::token::{CLAUSE_WORDS, ITEM_WORDS, Kind, RESERVED_WORDS, Token, item_word_elsewhere};
use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};

/// What parts the elements of a list.
const PARTED: &str = "put `,` between the elements of a list, also at the end of a line";

/// The place of the token at this index; after the last one at the end.
pub(crate) fn place(tokens: &[Token<'_>], at: usize) -> Span {
    match (tokens.get(at), tokens.last()) {
        (Some(token), _) => token.span(),
        (None, Some(last)) => last.span().after(),
        (None, None) => Span::DUMMY,
    }
}

/// Explains a fault.
pub(crate) fn explain(tokens: &[Token<'_>], at: usize, expected: Labels) -> Diagnostic {
    let fault = Place { tokens, at, expected };
    let rows: [fn(&Place<'_, '_>) -> Option<Diagnostic>; 42] = [
        |fault| fault.prose(),
        |fault| fault.no_item(),
        |fault| fault.bare_path(),
        |fault| fault.untyped(),
        |fault| fault.type_first(),
        |fault| fault.one_entry(),
        |fault| fault.spread_of_two_dots(),
        |fault| fault.around_in_record(),
        |fault| fault.of_for_in(),
        |fault| fault.other_for(),
        |fault| fault.arrow_for_dashes(),
        |fault| fault.link_of_two_words(),
        |fault| fault.arrow_for_colon(),
        |fault| fault.where_of_types(),
        |fault| fault.sites_without_brackets(),
        |fault| fault.if_in_braces(),
        |fault| fault.behind_the_name(),
        |fault| fault.comma_in_number(),
        |fault| fault.other_range(),
        |fault| fault.depends_on(),
        |fault| fault.colon_for_assign(),
        |fault| fault.record_for_type(),
        |fault| fault.bare_with(),
        |fault| fault.queue_for(),
        |fault| fault.apart_from_its_unit(),
        |fault| fault.require_without_else(),
        |fault| fault.modulo(),
        |fault| fault.closing_at_least(),
        |fault| fault.assign_for_colon(),
        |fault| fault.assign_in_scope(),
        |fault| fault.assign_for_equal(),
        |fault| fault.semicolon(),
        |fault| fault.colon_after_names(),
        |fault| fault.missing_comma(),
        |fault| fault.braced_words(),
        |fault| fault.missing_colon(),
        |fault| fault.ternary(),
        |fault| fault.dashes(),
        |fault| fault.clause(),
        |fault| fault.missing_else(),
        |fault| fault.two_operands(),
        |fault| fault.nothing_after(),
    ];
    rows.iter().find_map(|row| row(&fault)).unwrap_or_else(|| fault.plain())
}

struct Place<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    expected: Labels,
}

impl<'s> Place<'_, 's> {
    fn found(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.at)
    }

    fn kind(&self) -> Option<Kind> {
        self.found().map(|token| token.kind)
    }

    fn before(&self, back: usize) -> Option<&Token<'s>> {
        self.at.checked_sub(back).and_then(|index| self.tokens.get(index))
    }

    fn kind_before(&self, back: usize) -> Option<Kind> {
        self.before(back).map(|token| token.kind)
    }

    fn next(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.at + 1)
    }

    fn span(&self) -> Span {
        place(self.tokens, self.at)
    }

    /// What was found, in words.
    fn found_words(&self) -> String {
        self.found().map_or("the end of the line".to_owned(), described)
    }

    fn expected_found(&self, what: &str) -> Diagnostic {
        Diagnostic::new(codes::E0001, self.span(), format!("expected {what}, found {}", self.found_words()))
    }

    /// Where the bracket stands that this is in, over those that are closed before; of a long one it is not known.
    fn opener(&self) -> Option<usize> {
        const MOST: usize = 1024;
        let mut n_closed = 0;
        (0..self.at).rev().take(MOST).find(|at| match self.tokens[*at].kind {
            Kind::BracketClose | Kind::ParenClose | Kind::BraceClose => {
                n_closed += 1;
                false
            }
            Kind::BracketOpen | Kind::ParenOpen | Kind::BraceOpen if n_closed > 0 => {
                n_closed -= 1;
                false
            }
            kind => matches!(kind, Kind::BracketOpen | Kind::ParenOpen | Kind::BraceOpen),
        })
    }

    /// Whether the innermost bracket that this is in is one of these.
    fn is_in(&self, brackets: &[Kind]) -> bool {
        self.opener().is_some_and(|open| brackets.contains(&self.tokens[open].kind))
    }

    /// Whether the token here can start an operand.
    fn starts_operand(&self) -> bool {
        matches!(
            self.kind(),
            Some(
                Kind::Word
                    | Kind::Number
                    | Kind::TextOpen
                    | Kind::BlockOpen
                    | Kind::Raw
                    | Kind::ParenOpen
                    | Kind::BracketOpen
                    | Kind::BraceOpen
            )
        )
    }

    /// Without a hint.
    fn plain(&self) -> Diagnostic {
        let mut words = self.expected.words();
        // Where a value may end, what else could continue it is noise.
        let ends = self.expected.has(Label::Separator) || self.expected.has(Label::End);
        if ends && self.expected.has(Label::Operator) {
            words.retain(|word| !matches!(*word, "a modifier" | "a link word" | "`{`" | "`:`" | "`=`"));
        }
        if self.is_in(&[Kind::BracketOpen, Kind::ParenOpen]) && self.expected.has(Label::Separator) {
            // There lines do not matter.
            words.retain(|word| !word.contains("a new line"));
            words.push("`,`");
        }
        if words.is_empty() {
            return Diagnostic::new(codes::E0001, self.span(), format!("unexpected {}", self.found_words()));
        }
        self.expected_found(&list(&words))
    }

    /// `…`
    fn prose(&self) -> Option<Diagnostic> {
        (self.kind() == Some(Kind::Prose)).then(|| super::expr::prose(self.span()))
    }

    /// A line that starts nothing.
    fn no_item(&self) -> Option<Diagnostic> {
        if self.at > 0 || !self.expected.has(Label::Item) {
            return None;
        }
        let found = self.found()?;
        let report = |message: String| Diagnostic::new(codes::E0010, found.span(), message);
        if found.kind != Kind::Word {
            let report = report(format!("{} starts no item", self.found_words()));
            return Some(match found.kind {
                Kind::BraceOpen => report.help("a record is a value: `let name = { … }`"),
                Kind::ParenOpen | Kind::BracketOpen => {
                    report.help("it does not continue the line before: put it at the end of that line")
                }
                Kind::TextOpen if self.names_a_file() => report
                    .help("a file is imported by its name: `import \"./sites.scope\"`")
                    .fix("write `import`", vec![Edit::new(found.span().before(), "import ")]),
                _ => report.help(format!("items start with one of {}", list(&quoted(ITEM_WORDS)))),
            });
        }
        let word = found.text;
        if ITEM_WORDS.contains(&word) {
            return None;
        }
        if CLAUSE_WORDS.contains(&word) {
            return Some(report(format!("`{word}` is a clause of an item, and there is none before it")));
        }
        let report = report(format!("`{word}` starts no item"));
        if self.names_a_type() {
            let assign = self.tokens[self.at + 1].span();
            let fix = vec![Edit::new(found.span().to(assign), format!("resource {word}:"))];
            return Some(
                report.help(format!("write `resource {word}: TYPE {{ … }}`")).fix("write `resource`", fix),
            );
        }
        let is_item = self.next().is_some_and(|next| matches!(next.kind, Kind::Word | Kind::TextOpen));
        let near = item_word_elsewhere(word).filter(|_| is_item);
        if let Some(near) = near.or_else(|| similar::nearest(word, ITEM_WORDS.iter().copied())) {
            let fix = vec![Edit::new(found.span(), near)];
            return Some(report.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), fix));
        }
        Some(match self.next().map(|next| next.kind) {
            Some(Kind::Assign) => {
                let fix = vec![Edit::new(found.span().before(), "let ")];
                report.help(format!("write `let {word} = …`")).fix("write `let`", fix)
            }
            Some(Kind::Colon) => report.help("entries stand between `{` and `}` of an item"),
            Some(Kind::Word) => report.help(format!("a native command starts with `$`: `$ {word} …`")),
            _ => report.help(format!("items start with one of {}", list(&quoted(ITEM_WORDS)))),
        })
    }

    /// `import ./sites.scope`
    fn bare_path(&self) -> Option<Diagnostic> {
        let is_import = self.at == 1 && self.before(1).is_some_and(|first| first.text == "import");
        let is_path = matches!(self.kind(), Some(Kind::Dot | Kind::DotDot | Kind::Slash));
        (is_import && is_path).then(|| {
            self.expected_found("a name or a text")
                .label("a path stands in quotes")
                .help("write `import \"./sites.scope\"`; a driver is imported by its name alone")
        })
    }

    /// Whether behind this token stand `=`, the name of a type and a record: `= driver.type {`
    fn names_a_type(&self) -> bool {
        if self.next().is_none_or(|next| next.kind != Kind::Assign) {
            return false;
        }
        let rest = self.tokens.get(self.at + 2..).unwrap_or_default();
        let n_name = rest.iter().take_while(|token| matches!(token.kind, Kind::Word | Kind::Dot)).count();
        n_name >= 3 && rest.get(n_name).is_some_and(|token| token.kind == Kind::BraceOpen)
    }

    /// Whether the text that starts here is the name of a program's file.
    fn names_a_file(&self) -> bool {
        self.next().is_some_and(|next| next.kind == Kind::Chars && next.text.ends_with(".scope"))
    }

    /// `7%2`
    fn modulo(&self) -> Option<Diagnostic> {
        let left = self.before(1).filter(|left| left.kind == Kind::Number && left.text.ends_with('%'))?;
        if !self.starts_operand() || !self.expected.has(Label::Operator) {
            return None;
        }
        let found = self.found()?;
        let number = left.text.trim_end_matches('%');
        let percent = Span::new(left.file, left.end() - 1, left.end());
        let report = Diagnostic::new(codes::E0015, percent, "there is no modulo operator")
            .label(format!("`{}` is a percentage", left.text));
        let right = found.text;
        Some(match found.kind {
            Kind::Number | Kind::Word => report.help(format!("write `mod({number}, {right})`")).fix(
                format!("write `mod({number}, {right})`"),
                vec![Edit::new(left.span().to(found.span()), format!("mod({number}, {right})"))],
            ),
            _ => report.help("write `mod(a, b)`"),
        })
    }

    /// `list<string>=["a"]`: the two signs are read as one.
    fn closing_at_least(&self) -> Option<Diagnostic> {
        let found = self.found().filter(|found| found.kind == Kind::GreaterEqual)?;
        if !self.expected.has(Label::Modifier) {
            return None;
        }
        let assign = Span::new(found.file, found.end() - 1, found.end());
        let is_apart = self.next().is_none_or(|next| next.start > found.end());
        Some(
            Diagnostic::new(codes::E0001, found.span(), "expected `>`, found `>=`")
                .label("read as \"at least\"")
                .help("put a blank between the end of the type and `=`: `> =`")
                .fix("write `> =`", vec![Edit::new(assign, if is_apart { " =" } else { " = " })]),
        )
    }

    /// `name = value` in a record.
    fn assign_for_colon(&self) -> Option<Diagnostic> {
        if self.kind() != Some(Kind::Assign)
            || !self.expected.has(Label::Colon)
            || self.expected.has(Label::Assign)
        {
            return None;
        }
        let key = self.before(1).map_or("key", |key| if key.kind == Kind::Word { key.text } else { "key" });
        Some(
            self.expected_found("`:`")
                .help(format!("an entry is written `{key}: value`"))
                .fix("write `:`", vec![Edit::new(self.with_blank_before(), ":")]),
        )
    }

    /// The token here with the blanks before it.
    fn with_blank_before(&self) -> Span {
        let start = self.before(1).map_or(self.span().start, Token::end);
        Span::new(self.span().file, start, self.span().end)
    }

    /// `a = b` where a comparison was meant.
    fn assign_for_equal(&self) -> Option<Diagnostic> {
        if self.kind() != Some(Kind::Assign)
            || !self.expected.has(Label::Operator)
            || self.expected.has(Label::Assign)
        {
            return None;
        }
        Some(
            self.expected_found("an operator")
                .help("two values are compared with `==`")
                .fix("write `==`", vec![Edit::new(self.span(), "==")]),
        )
    }

    /// `;` between entries, or before the `:` of what was meant as the next entry.
    fn semicolon(&self) -> Option<Diagnostic> {
        if self.kind() == Some(Kind::Semicolon) {
            return Some(
                self.expected_found("`,` or a new line")
                    .help(
                        "entries end with `,` or a new line; `;` stands only in a scope, where it means `|`",
                    )
                    .fix("write `,`", vec![Edit::new(self.span(), ",")]),
            );
        }
        if self.kind() != Some(Kind::Colon) || self.kind_before(2) != Some(Kind::Semicolon) {
            return None;
        }
        let semicolon = self.before(2)?.span();
        Some(
            self.expected_found("an operator, or `,` or a new line")
                .secondary(semicolon, "this means `|`")
                .help("entries end with `,`")
                .fix("write `,`", vec![Edit::new(semicolon, ",")]),
        )
    }

    /// `New York: x`, `[a: b]`, and `compute: nantes image: paris`, where the word before the second `:` is a key of its own.
    fn colon_after_names(&self) -> Option<Diagnostic> {
        if self.kind() != Some(Kind::Colon) || !self.expected.has(Label::Operator) {
            return None;
        }
        let (first, second) = (self.before(2)?, self.before(1)?);
        if first.kind == Kind::Word && second.kind == Kind::Word {
            let words =
                self.tokens[..self.at].iter().rev().take_while(|token| token.kind == Kind::Word).count();
            if self.kind_before(words + 1) == Some(Kind::Colon) {
                return Some(self.comma_between(first, second));
            }
            let key = format!("\"{} {}\"", first.text, second.text);
            let span = first.span().to(second.span());
            return Some(
                self.expected_found("an operator, or `,` or a new line")
                    .help(format!("a key of two words is quoted: `{key}:`"))
                    .fix(format!("write `{key}`"), vec![Edit::new(span, key)]),
            );
        }
        (second.kind == Kind::Word && matches!(first.kind, Kind::BracketOpen)).then(|| {
            self.expected_found("an operator, or `,` or a new line")
                .help("entries with keys stand between `{` and `}`")
        })
    }

    /// `{ a: 1 b: 2 }`
    fn missing_comma(&self) -> Option<Diagnostic> {
        if !self.expected.has(Label::Separator) || !self.starts_operand() {
            return None;
        }
        let is_entry = crate::layout::looks_like_entry(&self.tokens[self.at..]);
        is_entry.then(|| Some(self.comma_between(self.before(1)?, self.found()?)))?
    }

    /// Two entries of one line with nothing between them.
    fn comma_between(&self, previous: &Token<'_>, next: &Token<'_>) -> Diagnostic {
        let found = described(next);
        Diagnostic::new(codes::E0001, next.span(), format!("expected `,` or a new line, found {found}"))
            .label("the next entry")
            .help(format!("put `,` before {found}: entries of one line are parted with it"))
            .fix("write `,`", vec![Edit::new(previous.span().after(), ",")])
    }

    /// `name "x"` in a record, `resource vm openstack.server`.
    fn missing_colon(&self) -> Option<Diagnostic> {
        if !self.expected.has(Label::Colon) || self.expected.has(Label::Operator) || !self.starts_operand() {
            return None;
        }
        let before = self.before(1).filter(|before| matches!(before.kind, Kind::Word | Kind::TextClose))?;
        let key = if before.kind == Kind::Word { format!(" after `{}`", before.text) } else { String::new() };
        if let Some(found) = self.found()
            && found.kind == Kind::Word
            && before.kind == Kind::Word
            && crate::layout::looks_like_entry(&self.tokens[self.at..])
        {
            let quoted = format!("\"{} {}\"", before.text, found.text);
            let span = before.span().to(found.span());
            let report = Diagnostic::new(codes::E0001, span, "expected one key before `:`, found two words");
            return Some(
                report
                    .help(format!("a key of two words is quoted: `{quoted}:`"))
                    .fix(format!("write `{quoted}`"), vec![Edit::new(span, quoted)]),
            );
        }
        let or_assign = if self.expected.has(Label::Assign) { " or `=`" } else { "" };
        let message = format!("expected `:`{or_assign}{key}, found {}", self.found_words());
        let report = Diagnostic::new(codes::E0001, self.span(), message);
        let colon = vec![Edit::new(before.span().after(), ":")];
        Some(match or_assign {
            "" => report.help("put `:` between them").fix("write `:`", colon),
            _ => report.help(format!("write `{} = …`", before.text)),
        })
    }

    /// `c ? a : b`, `x => y`
    fn ternary(&self) -> Option<Diagnostic> {
        if self.kind() == Some(Kind::FatArrow) && self.expected.has(Label::Operator) {
            let report = self.expected_found("an operator");
            return Some(
                report.help("functions are declared with `fn`; a list is made with `[for x in xs => …]`"),
            );
        }
        (self.kind() == Some(Kind::Question) && self.expected.has(Label::Operator))
            .then(|| self.expected_found("an operator").help("a choice is written `if c then a else b`"))
    }

    /// `a--b` outside of `link`.
    fn dashes(&self) -> Option<Diagnostic> {
        if self.kind() != Some(Kind::DashDash) || self.expected.has(Label::DashDash) {
            return None;
        }
        let report = self.expected_found("an operator");
        Some(
            report
                .label("joins two sites, in `link` and `cut` only")
                .help("for a difference write one `-` between blanks"),
        )
    }

    /// A misspelt clause.
    fn clause(&self) -> Option<Diagnostic> {
        let found = self.found().filter(|found| found.kind == Kind::Word)?;
        if !self.expected.has(Label::Clause) {
            return None;
        }
        let near = similar::nearest(found.text, CLAUSE_WORDS.iter().copied())?;
        Some(
            self.expected_found("`scope`, `at` or `with`")
                .help(format!("did you mean `{near}`?"))
                .fix(format!("write `{near}`"), vec![Edit::new(found.span(), near)]),
        )
    }

    /// `if a then b`
    fn missing_else(&self) -> Option<Diagnostic> {
        if !self.expected.has(Label::Else) || self.starts_operand() || self.expected.has(Label::Item) {
            return None;
        }
        let is_if = self.tokens[..self.at].iter().rev().take(64).find(|token| token.is_word("if"));
        let report = self.expected_found("`else`");
        let report = is_if.map_or(report.clone(), |word| report.secondary(word.span(), "this `if`"));
        Some(report.help("an `if` always has an `else`; `else null` leaves the value out"))
    }

    /// Two operands with nothing between.
    fn two_operands(&self) -> Option<Diagnostic> {
        let ends = self.expected.has(Label::Separator) || self.expected.has(Label::End);
        if !self.expected.has(Label::Operator) || !ends || !self.starts_operand() {
            return None;
        }
        let (before, found) = (self.before(1)?, self.found()?);
        let report = self.plain();
        if found.kind == Kind::Word {
            let infix = ["and", "or", "in", "matching", "within", "where", "except"];
            if let Some(near) = similar::nearest(found.text, infix).filter(|near| *near != found.text) {
                let fix = vec![Edit::new(found.span(), near)];
                return Some(
                    report.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), fix),
                );
            }
            if matches!(found.text, "then" | "else") {
                return Some(report.help(format!("`{}` belongs to an `if`", found.text)));
            }
            let opens = |token: &Token<'_>| matches!(token.kind, Kind::BracketOpen | Kind::BraceOpen);
            if before.kind == Kind::Word
                && self.before(2).is_some_and(opens)
                && similar::nearest(before.text, ["for"]).is_some()
            {
                let fix = vec![Edit::new(before.span(), "for")];
                return Some(report.help("did you mean `for`?").fix("write `for`", fix));
            }
            if before.kind == Kind::Word {
                let name = format!("\"{} {}\"", before.text, found.text);
                let report = report.help(format!("a name with a blank is quoted: `{name}`"));
                return Some(match self.is_in(&[Kind::BracketOpen]) {
                    true => report.help(PARTED),
                    false => report,
                });
            }
        }
        let is_text = |kind: Kind| matches!(kind, Kind::TextOpen | Kind::TextClose | Kind::Raw);
        if is_text(before.kind) && is_text(found.kind) {
            return Some(report.help("texts are joined with `++`; elements are separated with `,`"));
        }
        if self.is_in(&[Kind::BracketOpen]) {
            let comma = vec![Edit::new(before.span().after(), ",")];
            return Some(report.label("the next element").help(PARTED).fix("write `,`", comma));
        }
        Some(report)
    }

    /// A value that is missing after `:`, `=` or an operator.
    fn nothing_after(&self) -> Option<Diagnostic> {
        if !self.expected.has(Label::Expression) && !self.expected.has(Label::Type) {
            return None;
        }
        let before = self.before(1)?;
        let what = if self.expected.has(Label::Type) { "a type" } else { "an expression" };
        if let Some(found) = self.found().filter(|found| found.kind == Kind::Word)
            && RESERVED_WORDS.contains(&found.text)
            && self.expected.has(Label::Expression)
        {
            let word = found.text;
            let report = self.expected_found(what).label("a word of the language");
            // In a driver a text would be that text; what it means is a field of what is sent or answered.
            return Some(match self.tokens.first().is_some_and(|first| first.is_word("driver")) {
                true => report.help(format!(
                    "give the attribute another name: `{word}_: string? read(body[\"{word}\"])`, and in a body `\"{word}\": {word}_`"
                )),
                false => report.help(format!("what is called `{word}` is written `\"{word}\"` here")),
            });
        }
        let ended = self.found().is_none_or(|found| {
            found.kind == Kind::Newline || super::basic::ends_entry(found) || found.text.is_empty()
        });
        if !ended {
            return None;
        }
        let message = match before.kind {
            Kind::InterpolationOpen => format!("expected {what} in `${{}}`"),
            Kind::Colon => match self.before(2) {
                Some(key) if key.kind == Kind::Word => format!("expected {what} after `{}:`", key.text),
                _ => format!("expected {what} after `:`"),
            },
            _ => format!("expected {what} after {}", described(before)),
        };
        let report = Diagnostic::new(codes::E0001, before.span(), message);
        Some(match self.kind() {
            Some(Kind::Newline) | None => report.label("the line ends here"),
            Some(_) => report.label(format!("followed by {}", self.found_words())),
        })
    }
}

fn described(token: &Token<'_>) -> String {
    match token.kind {
        Kind::Newline => "the end of the line".to_owned(),
        Kind::TextOpen | Kind::BlockOpen | Kind::Raw | Kind::TextClose => "a text".to_owned(),
        Kind::NativeOpen => "a native command".to_owned(),
        Kind::NativeClose => "the end of the command".to_owned(),
        _ if token.text.is_empty() => format!("`{}`", token.kind.bracket()),
        _ => format!("`{}`", token.text),
    }
}

fn quoted(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("`{word}`")).collect()
}

fn list(words: &[impl AsRef<str>]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first, second] if second.as_ref().contains(" or ") => {
            format!("{}, or {}", first.as_ref(), second.as_ref())
        }
        [first, second] => format!("{} or {}", first.as_ref(), second.as_ref()),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(AsRef::as_ref).collect();
            format!("{}, or {}", init.join(", "), last.as_ref())
        }
    }
}
