//! What people write out of habit: of another language, of an older draft, of speech.
//!
//! `resource openstack.server vm {` → "the name comes first: `resource vm: openstack.server`", with the fix.

use scope_diagnostics::{Diagnostic, Edit, codes};

use super::Place;
use crate::parse::fault::Label;
use crate::token::{Kind, Token};
use crate::units;

/// Types that people of other languages write before the name.
const TYPES: [&str; 11] =
    ["string", "int", "float", "bool", "bytes", "duration", "size", "rate", "percent", "cidr", "ip"];

/// Items that are written `word name: type`.
const TYPED: [&str; 2] = ["resource", "existing"];

impl Place<'_, '_> {
    /// Whether the item begins with one of these words, and reading stopped so many tokens behind it.
    fn is_behind(&self, words: &[&'static str], n_tokens: usize) -> Option<&'static str> {
        let first = self.before(n_tokens)?;
        words.iter().find(|word| first.is_word(word)).copied()
    }

    /// `resource vm {`, `resource openstack.server vm {`, `resource vm[s] for s in …`
    pub(super) fn untyped(&self) -> Option<Diagnostic> {
        let item = self.is_behind(&TYPED, 2).filter(|_| self.expected.has(Label::Colon))?;
        let name = self.before(1).filter(|name| name.kind == Kind::Word)?;
        match self.kind()? {
            Kind::BraceOpen => Some(
                self.expected_found(&format!("`:` after `{}`", name.text)).label("of which type?").help(
                    format!("the type stands behind the name: `{item} {}: driver.type {{ … }}`", name.text),
                ),
            ),
            Kind::Dot => {
                let (of, meant) = (self.tokens.get(self.at + 1)?, self.tokens.get(self.at + 2)?);
                let is_swapped = of.kind == Kind::Word && meant.kind == Kind::Word;
                is_swapped.then(|| {
                    let right = format!("{}: {}.{}", meant.text, name.text, of.text);
                    self.expected_found("`:`")
                        .label("the name comes first")
                        .help(format!("write `{item} {right}`"))
                        .fix(
                            format!("write `{right}`"),
                            vec![Edit::new(name.span().to(meant.span()), right.clone())],
                        )
                })
            }
            Kind::BracketOpen => Some(self.expected_found(&format!("`:` after `{}`", name.text)).help(format!(
                "a family is written `{item} {name} for x in xs: type`; its elements are `{name}[key]` then",
                name = name.text
            ))),
            _ => None,
        }
    }

    /// `param string name`, `let int count = 3`
    pub(super) fn type_first(&self) -> Option<Diagnostic> {
        let item = self.is_behind(&["let", "param"], 2).filter(|_| self.expected.has(Label::Colon))?;
        let ty = self.before(1).filter(|ty| TYPES.contains(&ty.text))?;
        let name = self.tokens.get(self.at).filter(|name| name.kind == Kind::Word)?;
        let right = format!("{}: {}", name.text, ty.text);
        Some(
            self.expected_found("`:`")
                .label("the name comes first")
                .help(format!("write `{item} {right}`"))
                .fix(format!("write `{right}`"), vec![Edit::new(ty.span().to(name.span()), right.clone())]),
        )
    }

    /// `entry = nantes`, `entry nantes, paris`
    pub(super) fn one_entry(&self) -> Option<Diagnostic> {
        if self.is_behind(&["entry"], 1).is_some() && matches!(self.kind(), Some(Kind::Assign | Kind::Colon))
        {
            return Some(
                self.expected_found("a site")
                    .help("write it behind the word: `entry SITE`")
                    .fix("leave it out", vec![Edit::new(self.span(), "")]),
            );
        }
        self.is_behind(&["entry"], 2).filter(|_| self.kind() == Some(Kind::Comma))?;
        Some(
            self.expected_found("the end of the line")
                .label("a program has one entry site")
                .help("name one; `--at SITE` enters a run at another"),
        )
    }

    /// `{ ..base }`
    pub(super) fn spread_of_two_dots(&self) -> Option<Diagnostic> {
        (self.kind() == Some(Kind::DotDot) && self.expected.has(Label::Key)).then(|| {
            self.expected_found("a key")
                .help("what a record has is spread with three dots: `...base`")
                .fix("write `...`", vec![Edit::new(self.span(), "...")])
        })
    }

    /// `{ web: { around: paris, 5ms } }`: the short form is of a whole scope.
    pub(super) fn around_in_record(&self) -> Option<Diagnostic> {
        let open = self.opener().filter(|_| self.expected.has(Label::Key))?;
        let (word, center) =
            (self.tokens.get(open + 1)?, self.tokens.get(open + 3..self.at.checked_sub(1)?)?);
        let radius = self.found().filter(|radius| radius.kind == Kind::Number)?;
        if !word.is_word("around") || self.kind_before(1) != Some(Kind::Comma) || center.is_empty() {
            return None;
        }
        let center: Vec<&str> = center.iter().map(|token| token.text).collect();
        let meant = format!("around({}, {})", center.join(" "), radius.text);
        let close = self.tokens.get(open + self.tokens[open].partner as usize);
        let whole = self.tokens[open].span().to(close.unwrap_or(radius).span());
        Some(
            self.expected_found("a key")
                .label("a radius")
                .help(format!("behind a service it is written `{meant}`"))
                .fix(format!("write `{meant}`"), vec![Edit::new(whole, meant)]),
        )
    }

    /// `for s of sites`
    pub(super) fn of_for_in(&self) -> Option<Diagnostic> {
        let found = self.found().filter(|found| found.is_word("of") && self.expected.has(Label::In))?;
        Some(
            self.expected_found("`in`")
                .help("write `in`: `for x in xs`")
                .fix("write `in`", vec![Edit::new(found.span(), "in")]),
        )
    }

    /// `[for a in xs for b in ys => …]`, `[a for a in xs]`
    pub(super) fn other_for(&self) -> Option<Diagnostic> {
        let found = self.found().filter(|found| found.is_word("for"))?;
        let open = self.opener()?;
        let is_list = self.tokens[open].kind == Kind::BracketOpen;
        let is_second = self.tokens.get(open + 1).is_some_and(|first| first.is_word("for"));
        is_list.then(|| {
            let report = Diagnostic::new(codes::E0001, found.span(), "unexpected `for`");
            match is_second {
                true => report
                    .label("goes through a second list")
                    .help("one `for` stands in each list: `flatten([for a in xs => [for b in ys => …]])`"),
                false => report
                    .label("behind what it gives")
                    .help("what each element gives stands at the end: `[for a in xs => …]`"),
            }
        })
    }

    /// `link nantes -> paris`, `link nantes - paris`
    pub(super) fn arrow_for_dashes(&self) -> Option<Diagnostic> {
        let is_other = matches!(self.kind(), Some(Kind::Arrow | Kind::FatArrow | Kind::Minus));
        (is_other && self.expected.has(Label::DashDash)).then(|| {
            self.expected_found("`--`")
                .label("a link has no direction")
                .help("write `--` between its two sites")
                .fix("write `--`", vec![Edit::new(self.span(), "--")])
        })
    }

    /// `fn twice(x: int) -> int = x * 2`
    pub(super) fn arrow_for_colon(&self) -> Option<Diagnostic> {
        let is_result = self.before(1).is_some_and(|before| before.kind == Kind::ParenClose);
        (self.kind() == Some(Kind::Arrow) && is_result && self.expected.has(Label::Colon)).then(|| {
            self.expected_found("`:`")
                .help("a result's type is written behind `:`, as any other")
                .fix("write `:`", vec![Edit::new(self.span(), ":")])
        })
    }

    /// `type Size = int where it > 0`
    pub(super) fn where_of_types(&self) -> Option<Diagnostic> {
        self.found().filter(|found| found.is_word("where") && self.expected.has(Label::Modifier))?;
        Some(
            self.expected_found("the end of the type")
                .help("bounds are written `int in 1..4`, the form of a text `string matching r\"[a-z]+\"`")
                .help("any other condition is a `require CONDITION else \"…\"` of its own"),
        )
    }

    /// `resource a: shelf.book { … } when big`, `resource web: openstack.server for i in 1..3 { … }`
    pub(super) fn behind_the_name(&self) -> Option<Diagnostic> {
        let found = self.found().filter(|_| self.expected.has(Label::Clause))?;
        let form = match found.text {
            "when" if found.kind == Kind::Word => "resource NAME when CONDITION: …",
            "for" if found.kind == Kind::Word => "resource NAME for ELEMENT in LIST: …",
            _ => return None,
        };
        Some(
            self.expected_found("`scope`, `at` or `with`")
                .help(format!("`{}` stands behind the name: `{form}`", found.text)),
        )
    }

    /// `above: 10,000`
    pub(super) fn comma_in_number(&self) -> Option<Diagnostic> {
        let (first, rest) = (self.before(2)?, self.found()?);
        let is_number = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
        let is_cut = [first, rest].iter().all(|token| token.kind == Kind::Number && is_number(token.text))
            && self.kind_before(1) == Some(Kind::Comma)
            && rest.text.len() == 3
            && first.text.len() <= 3;
        let whole = format!("{}{}", first.text, rest.text);
        is_cut.then(|| {
            Diagnostic::new(codes::E0001, first.span().to(rest.span()), "a number has no commas")
                .label("two numbers")
                .help(format!("write `{whole}`, or `{}_{}`", first.text, rest.text))
                .fix(format!("write `{whole}`"), vec![Edit::new(first.span().to(rest.span()), whole.clone())])
        })
    }

    /// `0..=4`, `0..<5`, `0...4`, `5..`
    pub(super) fn other_range(&self) -> Option<Diagnostic> {
        let found = self.found()?;
        let report = |span, help: &str| {
            Diagnostic::new(codes::E0001, span, "a range is `FIRST..LAST`, and both belong to it").help(help)
        };
        if found.kind == Kind::Spread {
            let is_after_number = self.kind_before(1) == Some(Kind::Number);
            return is_after_number.then(|| {
                report(found.span(), "write two dots").fix("write `..`", vec![Edit::new(found.span(), "..")])
            });
        }
        let dots = self.before(1).filter(|before| before.kind == Kind::DotDot)?;
        let span = dots.span().to(found.span());
        match found.kind {
            Kind::Assign => Some(
                report(span, "`..` includes the last one").fix("write `..`", vec![Edit::new(span, "..")]),
            ),
            Kind::Less => Some(report(span, "write `..` and the last one, which is one less")),
            Kind::FatArrow | Kind::Word | Kind::BraceOpen | Kind::Colon => {
                Some(report(dots.span(), "it has no end: `1..9`").label("where does it end?"))
            }
            _ => None,
        }
    }

    /// `} depends_on: [range]`
    pub(super) fn depends_on(&self) -> Option<Diagnostic> {
        const WORDS: [&str; 5] = ["depends_on", "dependsOn", "needs", "requires", "after"];
        let word = self.found().filter(|word| word.kind == Kind::Word && WORDS.contains(&word.text))?;
        self.expected.has(Label::Clause).then(|| {
            self.expected_found("`scope`, `at` or `with`")
                .label(format!("`{}` is no clause", word.text))
                .help("what comes first without being named in the body is said in `with { after: NAME }`; what is named there waits by itself")
        })
    }

    /// `output address: vm.id`
    pub(super) fn colon_for_assign(&self) -> Option<Diagnostic> {
        self.is_behind(&["output", "let"], 2).filter(|_| self.expected.has(Label::Assign))?;
        let name = self.before(1)?;
        (self.kind() == Some(Kind::Colon)).then(|| {
            self.expected_found("`=`")
                .help(format!("write `{} = …`", name.text))
                .fix("write `=`", vec![Edit::new(self.span(), " =")])
        })
    }

    /// `let careful: { timeout: 5min }`, `fn set(all: any): { for … }`, where a value is written as if it were a type.
    pub(super) fn record_for_type(&self) -> Option<Diagnostic> {
        let [item, name, ..] = self.tokens else { return None };
        let head = match item.text {
            "let" | "output" => 2,
            // Behind the parameters.
            "fn" => 1 + self.tokens.iter().position(|token| token.kind == Kind::ParenClose)?,
            _ => return None,
        };
        let [before, colon, brace, value @ ..] = self.tokens.get(head - 1..)? else { return None };
        let is_of_value = |pair: &[Token<'_>]| {
            pair[0].kind == Kind::Colon && matches!(pair[1].kind, Kind::Number | Kind::BracketOpen)
                || matches!(pair[0].kind, Kind::FatArrow | Kind::Spread)
        };
        let is_meant = self.expected.has(Label::Assign)
            && self.found().is_none()
            && (name.kind, colon.kind, brace.kind) == (Kind::Word, Kind::Colon, Kind::BraceOpen)
            && value.windows(2).any(is_of_value);
        is_meant.then(|| {
            let (place, blank) = (colon.span(), if before.end() == colon.start { " =" } else { "=" });
            let head = if head == 2 { name.text.to_owned() } else { format!("{}(…)", name.text) };
            Diagnostic::new(codes::E0001, place, "expected `=`, found `:`")
                .label("what is behind this is read as a type")
                .help(format!("write `{} {head} = …`", item.text))
                .fix("write `=`", vec![Edit::new(place, blank)])
        })
    }

    /// `let both = { oslo, rome }`: one report, whichever of the words is read.
    pub(super) fn braced_words(&self) -> Option<Diagnostic> {
        const MOST: usize = 64;
        if !self.expected.has(Label::Colon) || !matches!(self.kind()?, Kind::Comma | Kind::BraceClose) {
            return None;
        }
        let is_word_or_comma = |at: &usize| matches!(self.tokens[*at].kind, Kind::Word | Kind::Comma);
        let open = (0..self.at).rev().take(MOST).find(|at| !is_word_or_comma(at))?;
        let close = (self.at..self.tokens.len()).take(MOST).find(|at| !is_word_or_comma(at))?;
        let (first, last) = (&self.tokens[open], &self.tokens[close]);
        let inner = &self.tokens[open + 1..close];
        let words: Vec<&str> =
            inner.iter().filter(|token| token.kind == Kind::Word).map(|token| token.text).collect();
        let is_it = first.kind == Kind::BraceOpen
            && last.kind == Kind::BraceClose
            && words.len() > 1
            && words.len() * 2 - 1 == inner.len();
        is_it.then(|| {
            Diagnostic::new(
                codes::E0001,
                first.span().to(last.span()),
                "expected entries `key: value`, found words alone",
            )
            .label("a record has keys")
            .help(format!(
                "a list is `[{}]`; sites are `{}` for all of them, `{}` for one of them",
                words.join(", "),
                words.join(" & "),
                words.join(" | ")
            ))
        })
    }

    /// `with on_disconnect: queue`
    pub(super) fn bare_with(&self) -> Option<Diagnostic> {
        let key = self.before(1).filter(|key| key.kind == Kind::Word)?;
        let is_bare = self.kind() == Some(Kind::Colon) && self.before(2)?.is_word("with");
        is_bare.then(|| {
            self.expected_found("`{` after `with`")
                .label("an entry of no record")
                .help(format!("`with` takes a record: `with {{ {}: … }}`", key.text))
        })
    }

    /// `queue 2h`
    pub(super) fn queue_for(&self) -> Option<Diagnostic> {
        let word = self.before(1).filter(|word| word.is_word("queue"))?;
        let found = self.found().filter(|found| found.kind == Kind::Number)?;
        Some(
            self.expected_found("`for` after `queue`")
                .help(format!("write `queue for {}`", found.text))
                .fix("write `for`", vec![Edit::new(word.span().after(), " for")]),
        )
    }

    /// `200 GB`
    pub(super) fn apart_from_its_unit(&self) -> Option<Diagnostic> {
        let number = self.before(1).filter(|number| number.kind == Kind::Number)?;
        let unit = self.found().filter(|unit| unit.kind == Kind::Word && units::find(unit.text).is_some())?;
        let whole = format!("{}{}", number.text, unit.text);
        Some(
            self.expected_found("a unit right behind its number")
                .help(format!("write `{whole}`, without a blank"))
                .fix(
                    format!("write `{whole}`"),
                    vec![Edit::new(number.span().to(unit.span()), whole.clone())],
                ),
        )
    }

    /// `require a > 1, "why"`
    pub(super) fn require_without_else(&self) -> Option<Diagnostic> {
        let is_required = self.tokens.iter().find(|token| token.kind == Kind::Word)?.is_word("require");
        (is_required && self.expected.has(Label::Else) && self.kind() == Some(Kind::Comma)).then(|| {
            self.expected_found("`else`")
                .help("what is told where it does not hold stands behind `else`: `require … else \"…\"`")
                .fix("write `else`", vec![Edit::new(self.span(), " else")])
        })
    }

    /// `if c { … } else { … }`
    pub(super) fn if_in_braces(&self) -> Option<Diagnostic> {
        (self.kind() == Some(Kind::BraceOpen) && self.expected.has(Label::Then)).then(|| {
            self.expected_found("`then`")
                .label("braces are those of a record")
                .help("a choice is written `if c then a else b`")
        })
    }
}
