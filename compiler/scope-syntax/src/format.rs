//! A tree to canonical text.
//!
//! Comes in: a module without error nodes, and the text it was read from (for blank lines, and for which records were
//! written over several lines). Goes out: the same program in one style: four blanks, lines of at most 120 characters,
//! values of neighbours in one column, entries separated by `,` on one line and by line ends else, `|` for `||` and `;`, `$` before every command. Comments
//! are kept. Reading the result gives the same tree, and formatting it the same text.
//!
//! `resource a:t{x:1}scope{b:c||d}` → `resource a: t { x: 1 } scope { b: c | d }`

mod align;
mod body;
mod doc;
mod expr;
mod pieces;
mod text;

use crate::{ast::*, token::ITEM_WORDS};
use doc::{Doc, WIDTH, concat, group, hard_line, line, nest, text};
use pieces::{Separation, joined};
use scope_diagnostics::{Span, similar};

/// The canonical text of a module that was read from `source`. Error nodes are written as they stand in `source`.
#[must_use]
pub fn format(module: &Module, source: &str) -> String {
    let mut formatter = Formatter { source, comments: &module.comments, next_comment: 0, is_flat: false };
    let items = &module.items;
    let has_head = !module.docs.is_empty();
    let start = if has_head { head_end(source) } else { 0 };
    let head = formatter.head(&module.docs, start);
    let place = |index: usize| items[index].span;
    let pieces =
        formatter.pieces((start, u32::MAX), items.len(), &place, &mut |out, index| out.item(&items[index]));
    let has_items = !pieces.is_empty();
    let gap =
        if has_head && has_items && starts_after_blank(source, start) { hard_line() } else { doc::nil() };
    let mut out = concat([head, gap, joined(pieces, Separation::Items)]).print();
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Where the last of the `//!` lines ends.
fn head_end(source: &str) -> u32 {
    let mut end = 0;
    let mut position = 0;
    for line in source.split_inclusive('\n') {
        position += line.len();
        let line = line.trim_start_matches('\u{FEFF}').trim();
        if line.starts_with("//!") {
            end = position;
        } else if !line.is_empty() && !line.starts_with("//") {
            break;
        }
    }
    end as u32
}

fn starts_after_blank(source: &str, start: u32) -> bool {
    source
        .get(start as usize..)
        .is_none_or(|rest| rest.split('\n').next().is_some_and(|line| line.trim().is_empty()))
}

struct Formatter<'m> {
    source: &'m str,
    comments: &'m [Comment],
    next_comment: usize,
    /// Inside `${…}`: one line, and no comments.
    is_flat: bool,
}

impl Formatter<'_> {
    /// The lines up to `end`, where the program's documentation ends: each comment among them stays where it is.
    fn head(&mut self, docs: &[String], end: u32) -> Doc {
        let mut docs = docs.iter();
        let mut lines = Vec::new();
        let mut place = 0;
        let (mut is_behind_comment, mut is_behind_blank) = (false, false);
        for line in self.source[..end as usize].split_inclusive('\n') {
            let written = line.trim_start_matches('\u{FEFF}').trim();
            place += line.len() as u32;
            let doc = if written.starts_with("//!") { docs.next() } else { None };
            let comment = if doc.is_none() { self.comment_before(place) } else { None };
            if written.is_empty() {
                is_behind_blank = true;
                continue;
            }
            if is_behind_blank && !lines.is_empty() && (is_behind_comment || comment.is_some()) {
                lines.push(hard_line());
            }
            (is_behind_comment, is_behind_blank) = (comment.is_some(), false);
            let doc = doc.map(|doc| text(format!("//! {doc}").trim_end()));
            lines.extend(doc.or_else(|| comment.map(|comment| text(self.comment_text(comment)))));
            lines.push(hard_line());
        }
        // A tree that was not read from a text has its documentation all the same.
        lines.extend(docs.flat_map(|doc| [text(format!("//! {doc}").trim_end()), hard_line()]));
        concat(lines)
    }

    pub(super) fn item(&mut self, item: &Item) -> Doc {
        let docs = self.docs(&item.docs);
        let end = item.span.end;
        let doc = match &item.kind {
            ItemKind::Import(import) => self.import(import, end),
            ItemKind::Entry(value) => concat([text("entry "), self.expr(value)]),
            ItemKind::Param(param) => concat([text("param "), self.param(param)]),
            ItemKind::Let(value) => {
                let ty = value.ty.as_ref().map(|ty| concat([text(": "), self.ty(ty)]));
                let head = concat([text(format!("let {}", value.name.text))].into_iter().chain(ty));
                concat([head, text(" = "), self.expr(&value.value)])
            }
            ItemKind::Function(function) => self.function(function),
            ItemKind::Type(alias) => {
                concat([text(format!("type {} = ", alias.name.text)), self.ty(&alias.ty)])
            }
            ItemKind::Site(site) => {
                let alias = site.alias.as_ref().map(|alias| text(format!(" as {}", alias.text)));
                let mut docs = vec![text("site "), self.text(&site.name)];
                docs.extend(alias);
                if let Some(family) = &site.family {
                    docs.push(text(" "));
                    docs.push(self.generator(family));
                }
                docs.push(text(" "));
                docs.push(self.expr(&site.body));
                concat(docs)
            }
            ItemKind::Link(link) => {
                let ends =
                    [text("link "), self.expr(&link.from), text(" -- "), self.expr(&link.to), text(" ")];
                concat(ends.into_iter().chain([self.expr(&link.body)]))
            }
            ItemKind::Thing(thing) => self.thing(thing, item.span),
            ItemKind::Native(native) => self.native_item(native, native_span(item, native)),
            ItemKind::Sequence(sequence) => {
                let body = self.steps(&sequence.steps, (sequence.name.span.end, end));
                concat([text(format!("sequence {} ", sequence.name.text)), body])
            }
            ItemKind::Output(output) => {
                let mut docs = vec![text(format!("output {}", output.name.text))];
                if let Some(family) = &output.family {
                    docs.push(text(" "));
                    docs.push(self.generator(family));
                }
                docs.push(text(" = "));
                docs.push(self.expr(&output.value));
                concat(docs)
            }
            ItemKind::Require(require) => {
                let mut docs = vec![text("require ")];
                if let Some(family) = &require.family {
                    docs.push(self.generator(family));
                    docs.push(text(":"));
                    docs.push(nest(concat([line(), self.expr(&require.condition)])));
                } else {
                    docs.push(self.expr(&require.condition));
                }
                if let Some(message) = &require.message {
                    docs.push(nest(concat([line(), text("else "), self.expr(message)])));
                }
                group(concat(docs))
            }
            ItemKind::Test(test) => {
                let name = self.text(&test.name);
                let body = self.statements(&test.statements, (test.name.span.end, end));
                concat([text("test "), name, text(" "), body])
            }
            ItemKind::Driver(driver) => {
                let body = self.body(&driver.body, (driver.name.span.end, end));
                concat([text(format!("driver {} ", driver.name.text)), body])
            }
            ItemKind::Error { .. } => doc::verbatim(self.source.get(item.span.range()).unwrap_or_default()),
        };
        concat([docs, doc])
    }

    /// `$ …`, `let a: server = $ …`. What only looks like a command because an item's word is misspelt (`lett x = 3`)
    /// is kept as it is written: a `$` would hide the mistake, and other quotes might make it another line.
    fn native_item(&mut self, item: &NativeItem, span: Span) -> Doc {
        let first = match &item.ty {
            Some(ty) => ty.names.first().map(|name| name.text.clone()),
            None => item.native.words.first().and_then(Text::literal),
        };
        let is_misspelt = item.native.bare && first.is_some_and(|first| is_near_item_word(&first));
        let holds_comment =
            self.comments.get(self.next_comment).is_some_and(|next| next.span.start < span.end);
        if let Some(written) = self.source.get(span.range())
            && is_misspelt
            && !holds_comment
            // A last `\` would take the end of the line with it.
            && !written.ends_with('\\')
        {
            return doc::verbatim(written);
        }
        let ty = item.ty.as_ref().map(path);
        match (&item.name, ty) {
            (None, _) => self.native(&item.native),
            (Some(name), ty) => {
                let ty = ty.map(|ty| format!(": {ty}")).unwrap_or_default();
                concat([text(format!("let {}{ty} = ", name.text)), self.native(&item.native)])
            }
        }
    }

    fn import(&mut self, import: &Import, end: u32) -> Doc {
        let (source, after) = match &import.source {
            ImportSource::File(file) => (format!("\"{}\"", file.text), file.span.end),
            ImportSource::Library(library) => (path(library), library.span.end),
        };
        let mut docs = vec![text(format!("import {source}"))];
        if let Some(names) = &import.names {
            let place = |index: usize| names[index].span;
            let end = import.alias.as_ref().map_or(end, |alias| alias.span.start);
            docs.push(text(" "));
            let write = &mut |_: &mut Self, index: usize| text(&*names[index].text);
            docs.push(self.bracketed(
                ("{", "}"),
                Separation::Lines,
                (after, end),
                names.len(),
                &place,
                write,
            ));
        }
        docs.extend(import.alias.as_ref().map(|alias| text(format!(" as {}", alias.text))));
        concat(docs)
    }

    fn param(&mut self, param: &Param) -> Doc {
        let mut docs = vec![text(&*param.name.text)];
        if let Some(ty) = &param.ty {
            docs.push(text(": "));
            docs.push(self.ty(ty));
        }
        if let Some(default) = &param.default {
            docs.push(text(" = "));
            docs.push(self.expr(default));
        }
        concat(docs)
    }

    fn function(&mut self, function: &Function) -> Doc {
        let keyword = if function.is_operator { "operator" } else { "fn" };
        let params = &function.params;
        let start = function.name.span.end;
        let end = function.result.as_ref().map_or(function.body.span.start, |result| result.span.start);
        let end = function.laws.first().map_or(end, |law| law.span.start);
        let place = |index: usize| {
            let param = &params[index];
            let end = param.default.as_ref().map(|value| value.span).or(param.ty.as_ref().map(|ty| ty.span));
            param.name.span.to(end.unwrap_or(param.name.span))
        };
        let write = &mut |out: &mut Self, index: usize| out.param(&params[index]);
        let params =
            self.bracketed(("(", ")"), Separation::Commas, (start, end), params.len(), &place, write);
        let result = function.result.as_ref().map(|ty| concat([text(": "), self.ty(ty)]));
        let laws: Vec<&str> = function.laws.iter().map(|law| law.text.as_str()).collect();
        let laws = if laws.is_empty() { String::new() } else { format!(" laws({})", laws.join(", ")) };
        let head = [text(format!("{keyword} {}", function.name.text)), params, text(laws)];
        concat(head.into_iter().chain(result).chain([text(" = "), self.expr(&function.body)]))
    }

    /// `resource vm: t { … } scope { … }`: clauses follow a record over several lines on its last one, else they stand
    /// on lines of their own if all does not fit on one. A patch that begins a line does so still, and what is behind it.
    fn thing(&mut self, thing: &Thing, span: scope_diagnostics::Span) -> Doc {
        let keyword = match thing.kind {
            ThingKind::Resource => "resource",
            ThingKind::Existing => "existing",
            ThingKind::Call => "call",
        };
        let mut head = vec![text(format!("{keyword} {}", thing.name.text))];
        if let Some(family) = &thing.family {
            head.push(text(" "));
            head.push(self.generator(family));
        }
        if let Some(condition) = &thing.condition {
            head.push(text(" when "));
            head.push(self.expr(condition));
        }
        head.push(text(format!(": {}", path(&thing.ty))));
        let head = concat(head);

        let clause_span = |clause: &Clause| match clause {
            Clause::Scope(value) | Clause::With(value) => value.span,
            Clause::At { sites, patch } => sites.span.to(patch.span),
        };
        let body_span = thing.body.as_ref().map_or(thing.ty.span, |body| body.span);
        let mut joins_lines = false;
        let place = |index: usize| match index {
            // The whole head, so that a comment in it goes behind it.
            0 => thing.name.span.to(body_span),
            _ => clause_span(&thing.clauses[index - 1]),
        };
        let mut write = |out: &mut Self, index: usize| match index {
            0 => match &thing.body {
                None => head.clone(),
                Some(body) if matches!(body.kind.as_ref(), ExprKind::Record(_)) => {
                    let record = out.expr(body);
                    let is_long = head.flat_width(WIDTH) + 1 + record.flat_width(WIDTH) > WIDTH;
                    let record = if is_long && !record.is_hard() { record.broken() } else { record };
                    joins_lines = record.is_hard();
                    concat([head.clone(), text(" "), record])
                }
                Some(body) => concat([head.clone(), text(" = "), out.expr(body)]),
            },
            _ => out.clause(&thing.clauses[index - 1]),
        };
        let pieces =
            self.pieces((thing.name.span.start, span.end), thing.clauses.len() + 1, &place, &mut write);
        let last = pieces.len() - 1;
        // Behind the last clause it is the item's own comment.
        let has_inner = pieces[..last].iter().any(|piece| piece.is_comment || piece.trailing.is_some());
        let first_patch = thing.clauses.iter().position(|clause| matches!(clause, Clause::At { .. }));
        // Piece 0 is the head.
        let is_below = |index: usize| first_patch.is_some_and(|patch| index > patch);
        let begins_line = first_patch.is_some_and(|patch| match &thing.clauses[patch] {
            Clause::At { sites, .. } => self.begins_line(sites.span.start, "at"),
            Clause::Scope(_) | Clause::With(_) => false,
        });
        let mut docs = vec![];
        let mut below = vec![];
        for (index, piece) in pieces.into_iter().enumerate() {
            let is_below = begins_line && is_below(index);
            let docs = if is_below { &mut below } else { &mut docs };
            if index > 0 {
                docs.push(match (has_inner || is_below, joins_lines) {
                    (true, _) => hard_line(),
                    (false, true) => text(" "),
                    (false, false) => line(),
                });
            }
            docs.push(piece.doc);
            docs.extend(piece.trailing.map(|comment| text(format!(" {comment}"))));
        }
        let (first, below) = (docs.remove(0), nest(concat(below)));
        if joins_lines && !has_inner {
            return concat([first, concat(docs), below]);
        }
        group(concat([first, nest(concat(docs)), below]))
    }

    /// Whether a word, which stands right before this byte, is the first of its line.
    fn begins_line(&self, behind: u32, word: &str) -> bool {
        if self.is_flat {
            return false;
        }
        let before =
            self.source.get(..behind as usize).and_then(|before| before.trim_end().strip_suffix(word));
        before.is_some_and(|before| before.trim_end_matches([' ', '\t']).ends_with('\n'))
    }

    fn clause(&mut self, clause: &Clause) -> Doc {
        match clause {
            Clause::Scope(value) => match value.kind.as_ref() {
                ExprKind::Scope(_) => self.expr(value),
                _ => concat([text("scope "), self.expr(value)]),
            },
            Clause::With(value) => concat([text("with "), self.expr(value)]),
            Clause::At { sites, patch } => {
                concat([text("at "), self.expr(sites), text(" "), self.expr(patch)])
            }
        }
    }
}

/// The command's line, without the documentation above it.
fn native_span(item: &Item, native: &NativeItem) -> Span {
    let name = native.name.as_ref().map(|name| name.span);
    let ty = native.ty.as_ref().map(|ty| ty.span);
    let starts = [name, ty].into_iter().flatten().map(|span| span.start);
    let start = starts.chain([native.native.span.start]).min().unwrap_or(item.span.start);
    Span { start, ..item.span }
}

/// One letter too many, too few, wrong or exchanged.
fn is_near_item_word(word: &str) -> bool {
    let near = similar::nearest(word, ITEM_WORDS.iter().copied());
    near.is_some_and(|near| near != word && near.len().abs_diff(word.len()) <= 1)
}

fn path(path: &Path) -> String {
    let names: Vec<&str> = path.names.iter().map(|name| name.text.as_str()).collect();
    names.join(".")
}
