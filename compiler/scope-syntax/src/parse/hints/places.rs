//! How places are written otherwise: in a patch, in a link, in a scope.
//!
//! `at oslo, rome { … }` → "write `at [oslo, rome] { … }`", with the fix.

use scope_diagnostics::{Diagnostic, Edit, codes};

use super::Place;
use crate::parse::fault::Label;
use crate::token::{Kind, Token};

impl Place<'_, '_> {
    /// `at oslo, rome { … }`
    pub(super) fn sites_without_brackets(&self) -> Option<Diagnostic> {
        if self.kind() != Some(Kind::Comma) || !self.expected.has(Label::Operator) {
            return None;
        }
        let is_listed = |token: &Token<'_>| matches!(token.kind, Kind::Word | Kind::Comma);
        let n_before = self.tokens[..self.at].iter().rev().take_while(|token| is_listed(token)).count();
        let first = self.at - n_before;
        let at = self.tokens[first..self.at].iter().rposition(|token| token.is_word("at"))? + first;
        let n_behind = self.tokens[self.at..].iter().take_while(|token| is_listed(token)).count();
        let end = self.at + n_behind;
        let sites = self.tokens.get(at + 1..end).filter(|sites| sites.len() > 2)?;
        if self.tokens.get(end).is_none_or(|next| next.kind != Kind::BraceOpen) {
            return None;
        }
        let span = sites[0].span().to(sites[sites.len() - 1].span());
        let names: Vec<&str> =
            sites.iter().filter(|token| token.kind == Kind::Word).map(|token| token.text).collect();
        if names.len() * 2 - 1 != sites.len() {
            return None;
        }
        let list = format!("[{}]", names.join(", "));
        Some(
            Diagnostic::new(codes::E0001, span, "expected one place after `at`, found several")
                .label("a patch has one place, or a list of sites")
                .help(format!("write `at {list} {{ … }}`"))
                .fix(format!("write `{list}`"), vec![Edit::new(span, list.clone())]),
        )
    }

    /// `link Paris Nord -- oslo`, `link oslo -- Paris Nord { … }`
    pub(super) fn link_of_two_words(&self) -> Option<Diagnostic> {
        let [item, rest @ ..] = self.tokens else { return None };
        let is_stopped =
            self.kind() == Some(Kind::Word) && self.kind_before(1) == Some(Kind::Word) && self.at > 1;
        if !item.is_word("link") || !is_stopped {
            return None;
        }
        let is_word = |token: &&Token<'_>| token.kind == Kind::Word;
        let first = self.at - self.tokens[1..self.at].iter().rev().take_while(is_word).count();
        let end = self.at + rest[self.at - 1..].iter().take_while(is_word).count();
        let words: Vec<&str> = self.tokens[first..end].iter().map(|token| token.text).collect();
        let name = format!("\"{}\"", words.join(" "));
        let span = self.tokens[first].span().to(self.tokens[end - 1].span());
        Some(
            Diagnostic::new(
                codes::E0001,
                span,
                format!("expected one name of a site, found {} words", words.len()),
            )
            .help(format!("a name with a blank is quoted: `{name}`"))
            .fix(format!("write `{name}`"), vec![Edit::new(span, name.clone())]),
        )
    }

    /// `scope { http = oslo }`
    pub(super) fn assign_in_scope(&self) -> Option<Diagnostic> {
        if self.kind() != Some(Kind::Assign) || !self.expected.has(Label::Operator) {
            return None;
        }
        let service = self.before(1).filter(|service| service.kind == Kind::Word)?;
        // The brace that this stands in: entries of a scope are no braces themselves.
        let open = self.tokens[..self.at].iter().rposition(|token| token.kind == Kind::BraceOpen)?;
        let is_closed = self.tokens[open..self.at].iter().any(|token| token.kind == Kind::BraceClose);
        let is_first = matches!(self.kind_before(2), Some(Kind::BraceOpen | Kind::Comma | Kind::Newline));
        let is_scope = open.checked_sub(1).is_some_and(|word| self.tokens[word].is_word("scope"));
        (is_scope && is_first && !is_closed).then(|| {
            self.expected_found("`:`")
                .help(format!("a service is placed with `:`: `{}: …`", service.text))
                .fix("write `:`", vec![Edit::new(service.span().after().to(self.span()), ":")])
        })
    }
}
