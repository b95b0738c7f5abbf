//! A whole text to a module: the stations in order, and the documentation put where it belongs.
//!
//! Comes in: a text. Goes out: [`Parsed`]. Also: one expression, one location, one native command.

use crate::{
    MAX_SIZE,
    ast::{Expr, ExprKind, Item, ItemKind, Line, LineKind, Module, Native, TypeExpr, TypeKind},
    layout::{self, Laid},
    lex::{self, DocLine, Lexed},
    one_cause,
    parse::{Grammar, Rule, deep::Deep, fault::Fault, hints},
    token::{ITEM_WORDS, Kind, Token, span_of},
    yaml,
};
use chumsky::Parser;
use scope_diagnostics::{Diagnostic, Edit, FileId, Span, codes};
use std::collections::{BTreeMap, BTreeSet};

/// What parsing gives: a tree, always, and what is wrong with the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The tree; unreadable parts are error nodes.
    pub module: Module,
    /// What is wrong, in no particular order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a file. Never fails: any text gives a tree. A text over [`MAX_SIZE`] gives an empty one.
#[must_use]
pub fn parse(file: FileId, text: &str) -> Parsed {
    if text.len() > MAX_SIZE {
        return too_large(file, text.len());
    }
    let Lexed { tokens, comments, docs, mut diagnostics } = lex::lex(file, text);
    let laid = layout::lay_out(text, &tokens);
    diagnostics.retain(|report| !layout::is_inside(&laid.yaml, report.primary.span));
    let unread: BTreeSet<u32> = diagnostics.iter().map(|report| report.primary.span.start).collect();
    let grammar = Grammar::new();
    let mut items = Vec::with_capacity(laid.items.len());
    let mut pasted: Vec<Span> = vec![];
    let mut ranges = laid.items.iter().cloned().peekable();
    while let Some(range) = ranges.next() {
        let tokens = &laid.tokens[range.clone()];
        if is_pasted(tokens) {
            let mut end = range.end;
            while let Some(next) = ranges.next_if(|next| is_pasted(&laid.tokens[next.clone()])) {
                end = next.end;
            }
            let span = span_of(&laid.tokens[range.start..end]);
            pasted.push(span);
            items.push(Item { docs: vec![], kind: ItemKind::Error { word: None, name: None }, span });
            continue;
        }
        let (kind, faults) = run(&grammar.item, tokens);
        let kind = kind.unwrap_or(ItemKind::Error { word: None, name: None });
        report(&laid, tokens, faults, &mut diagnostics);
        items.push(Item { docs: vec![], kind, span: span_of(tokens) });
    }
    // What the lexer said of a sign, the parser does not say again.
    diagnostics.retain(|report| report.code != codes::E0001 || !unread.contains(&report.primary.span.start));
    diagnostics.extend(laid.diagnostics);
    diagnostics.retain(|report| !layout::is_inside(&pasted, report.primary.span));
    diagnostics.extend(pasted.into_iter().map(|span| pasted_report(span, text)));
    let starts = items.iter().map(|item| item.span.start);
    let diagnostics = one_cause::told_once(diagnostics, starts, text);
    let span = Span::new(file, 0, text.len() as u32);
    let mut module = Module { docs: vec![], items, comments, span };
    attach_docs(&mut module, docs);
    Parsed { module, diagnostics }
}

fn run<'t, O>(rule: &Rule<'t, O>, tokens: &'t [Token<'t>]) -> (Option<O>, Vec<Fault>) {
    rule.parse(tokens).into_output_errors()
}

/// Whether a line of the file is an entry or the like: what is left of a block that was pasted without one.
fn is_pasted(tokens: &[Token<'_>]) -> bool {
    layout::looks_like_entry(tokens)
        || tokens.first().is_some_and(|first| matches!(first.kind, Kind::Minus | Kind::DashDash))
}

/// Whether a type and a record stand behind a colon: ` driver.type {`
fn names_a_type(text: &str) -> bool {
    let Some((name, _)) = text.split_once('{') else { return false };
    let is_word =
        |part: &str| !part.is_empty() && part.chars().all(|one| one.is_alphanumeric() || one == '_');
    name.contains('.') && name.trim().split('.').all(is_word)
}

/// One report for all such lines.
fn pasted_report(span: Span, text: &str) -> Diagnostic {
    if yaml::recognise(&text[span.range()]).is_some_and(|found| found.is_nested) {
        return Diagnostic::new(codes::E0011, span, "this looks like YAML")
            .label("entries stand in no item")
            .help("save it as a file, for example `web.yaml`, and write `resource web: TYPE = yaml(\"web.yaml\")`");
    }
    let report = Diagnostic::new(codes::E0010, span, "an entry starts no item").label("stands in no item");
    match text[span.range()].split_once(':') {
        Some((word, rest)) if ITEM_WORDS.contains(&word.trim()) && !rest.contains('\n') => {
            let item = format!("{} {}", word.trim(), rest.trim());
            report
                .help(format!("an item has no `:` behind its word: write `{item}`"))
                .fix("take the `:` away", vec![Edit::new(span, item)])
        }
        Some((word, rest)) if names_a_type(rest) => report
            .help(format!("write `resource {}: TYPE {{ … }}`", word.trim()))
            .fix("write `resource`", vec![Edit::new(span.before(), "resource ")]),
        _ => report.help("entries stand between `{` and `}` of an item"),
    }
}

/// Turns an item's faults into reports, without those that only follow from another.
fn report(laid: &Laid<'_>, tokens: &[Token<'_>], faults: Vec<Fault>, diagnostics: &mut Vec<Diagnostic>) {
    let mut places = BTreeSet::new();
    // Once an item, whether layout or the parser finds it.
    let item = span_of(tokens);
    let first = laid.too_deep.partition_point(|span| span.start < item.start);
    let mut is_too_deep = laid.too_deep.get(first).is_some_and(|span| item.contains(*span));
    for fault in faults {
        let follows = fault.report.is_none() && follows_from_another(laid, tokens, fault.at);
        if follows {
            continue;
        }
        let report = match fault.report {
            Some(report) => *report,
            None => hints::explain(tokens, fault.at, fault.expected),
        };
        if report.code == codes::E0007 && std::mem::replace(&mut is_too_deep, true) {
            continue;
        }
        if places.insert(report.primary.span.start) {
            diagnostics.push(report);
        }
    }
}

fn follows_from_another(laid: &Laid<'_>, tokens: &[Token<'_>], at: usize) -> bool {
    let is_bad = |token: Option<&Token<'_>>| token.is_some_and(|token| token.kind == Kind::Bad);
    let found = tokens.get(at);
    if is_bad(found) || at > 0 && is_bad(tokens.get(at - 1)) {
        return true;
    }
    let is_added = |token: &Token<'_>| {
        token.text.is_empty()
            && (token.kind.closes_bracket()
                || matches!(token.kind, Kind::InterpolationClose | Kind::TextClose))
    };
    if found.is_some_and(is_added) {
        return true;
    }
    let place = hints::place(tokens, at);
    layout::is_inside(&laid.reported, place)
}

fn too_large(file: FileId, size: usize) -> Parsed {
    let limit = MAX_SIZE / (1024 * 1024);
    let span = Span::at(file, 0);
    let report =
        Diagnostic::new(codes::E0016, span, format!("the file has {size} bytes; {limit} MiB are the limit"))
            .help("put data in a file of its own and read it with `file(\"…\")` or `yaml(\"…\")`");
    let module = Module { docs: vec![], items: vec![], comments: vec![], span };
    Parsed { module, diagnostics: vec![report] }
}

/// Parses one expression, as that of `--set replicas=2 + 1`. Nothing if it cannot be read.
#[must_use]
pub fn parse_expr(file: FileId, text: &str) -> (Option<Expr>, Vec<Diagnostic>) {
    parse_fragment(file, text, 0, |grammar| &grammar.value)
}

/// Parses the characters of a quoted text in a scope as a location: `CloudOne&CloudTwo`. `base_offset` is where the
/// first of them stands in `file`, so that spans are right. Nothing if it cannot be read.
#[must_use]
pub fn parse_location(file: FileId, text: &str, base_offset: u32) -> (Option<Expr>, Vec<Diagnostic>) {
    parse_fragment(file, text, base_offset, |grammar| &grammar.location)
}

fn parse_fragment(
    file: FileId,
    text: &str,
    base_offset: u32,
    rule: for<'g, 't> fn(&'g Grammar<'t>) -> &'g Rule<'t, Deep<Expr>>,
) -> (Option<Expr>, Vec<Diagnostic>) {
    let Lexed { mut tokens, mut diagnostics, .. } = lex::lex_fragment(file, text);
    tokens.retain(|token| token.kind != Kind::Newline);
    for token in &mut tokens {
        token.start += base_offset;
    }
    for report in &mut diagnostics {
        shift(report, base_offset);
    }
    let laid = layout::lay_out("", &tokens);
    let grammar = Grammar::new();
    let (expr, faults) = run(rule(&grammar), &laid.tokens);
    report(&laid, &laid.tokens, faults, &mut diagnostics);
    if laid.tokens.is_empty() {
        let span = Span::at(file, base_offset);
        diagnostics.clear();
        diagnostics.push(Diagnostic::new(codes::E0001, span, "expected an expression, found nothing"));
    }
    diagnostics.extend(laid.diagnostics.iter().cloned());
    let expr = expr.map(|expr| expr.value).filter(|expr| *expr.kind != ExprKind::Error);
    (expr.filter(|_| diagnostics.is_empty()), diagnostics)
}

fn shift(report: &mut Diagnostic, by: u32) {
    let shift = |span: &mut Span| {
        span.start += by;
        span.end += by;
    };
    shift(&mut report.primary.span);
    report.secondary.iter_mut().for_each(|label| shift(&mut label.span));
    if let Some(fix) = &mut report.fix {
        fix.edits.iter_mut().for_each(|edit| shift(&mut edit.span));
    }
}

/// The text of one native command for words as a shell would pass them: to be added to the source map and given to
/// [`parse_native`]. A scope behind a scope flag stands in it as it is, all other words are quoted where needed.
#[must_use]
pub fn argv_text(words: &[String]) -> String {
    lex::argv_text(words)
}

/// Parses one native command without `$`, as [`argv_text`] makes it.
#[must_use]
pub fn parse_native(file: FileId, text: &str) -> (Native, Vec<Diagnostic>) {
    let Lexed { tokens, mut diagnostics, .. } = lex::lex_native(file, text);
    let laid = layout::lay_out(text, &tokens);
    let grammar = Grammar::new();
    let end = laid.items.first().map_or(0, |range| range.end);
    let (native, faults) = run(&grammar.native, &laid.tokens[..end]);
    report(&laid, &laid.tokens[..end], faults, &mut diagnostics);
    diagnostics.extend(laid.diagnostics.iter().cloned());
    let span = Span::new(file, 0, text.len() as u32);
    let empty = Native { words: vec![], scope: None, bare: true, span };
    (native.map_or(empty, |native| native.value), diagnostics)
}

/// Puts each documentation line at the item or line that follows it; what documents nothing is a comment.
fn attach_docs(module: &mut Module, docs: Vec<DocLine>) {
    let mut before: BTreeMap<u32, Vec<DocLine>> = BTreeMap::new();
    for doc in docs {
        if doc.is_module {
            module.docs.push(doc.text);
        } else {
            before.entry(doc.next).or_default().push(doc);
        }
    }
    if before.is_empty() {
        return;
    }
    let mut take = |start: u32| -> Vec<String> {
        before.remove(&start).map(|docs| docs.into_iter().map(|doc| doc.text).collect()).unwrap_or_default()
    };
    for item in &mut module.items {
        item.docs = take(item.span.start);
        match &mut item.kind {
            ItemKind::Driver(driver) => attach_to_lines(&mut driver.body, &mut take),
            ItemKind::Type(declared) => attach_to_fields(&mut declared.ty, &mut take),
            ItemKind::Sequence(sequence) => {
                for step in &mut sequence.steps {
                    step.docs = take(step.span.start);
                }
            }
            _ => {}
        }
    }
    for doc in before.into_values().flatten() {
        let text = if doc.text.is_empty() { "/".to_owned() } else { format!("/ {}", doc.text) };
        module.comments.push(crate::ast::Comment { text, span: doc.span, own_line: doc.own_line });
    }
    module.comments.sort_by_key(|comment| comment.span.start);
}

/// Bodies nest no deeper than brackets may.
fn attach_to_lines(lines: &mut [Line], take: &mut impl FnMut(u32) -> Vec<String>) {
    for line in lines {
        line.docs = take(line.span.start);
        match &mut line.kind {
            LineKind::Attribute(attribute) => attach_to_fields(&mut attribute.ty, take),
            LineKind::Phrase(phrase) => {
                if let Some(body) = &mut phrase.body {
                    attach_to_lines(body, take);
                }
            }
            _ => {}
        }
    }
}

/// The fields of a record type, also of one within another type.
fn attach_to_fields(ty: &mut TypeExpr, take: &mut impl FnMut(u32) -> Vec<String>) {
    match &mut *ty.kind {
        TypeKind::Record(fields) => {
            for field in fields {
                field.docs = take(field.name.span.start);
                attach_to_fields(&mut field.ty, take);
            }
        }
        TypeKind::Named { args: types, .. } | TypeKind::Union(types) => {
            types.iter_mut().for_each(|ty| attach_to_fields(ty, take));
        }
        TypeKind::Optional(inner)
        | TypeKind::In(inner, _)
        | TypeKind::Matching(inner, _)
        | TypeKind::By(inner, _) => {
            attach_to_fields(inner, take);
        }
        TypeKind::Literal(_) | TypeKind::Error => {}
    }
}
