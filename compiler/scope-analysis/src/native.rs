//! A native command line as what it asks for: the driver says which operation of which type its words stand for.
//!
//! Comes in: the drivers and `$ openstack server create my-vm --flavor m1.tiny --property role=db`. Goes out: the type
//! `openstack.server`, the operation `create`, and the attributes as if they stood in a body: `name: "my-vm"`,
//! `flavor: "m1.tiny"`, `metadata: { role: "db" }`. Words keep their order, flags may stand anywhere behind the program.
//! What no driver declares is reported, never passed on. [`command_line`] goes the other way.

mod render;
mod report;
mod value;

use std::iter::Peekable;

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span};
use scope_syntax::ast::{Expr, Native, NativeItem, Text, TextPart};

use crate::hir::{Client, Command, Driver, Hole, Operation, ResourceType, Type};

pub use render::command_line;

/// What a command line asks for.
#[derive(Debug)]
pub struct NativeMatch<'d> {
    /// The driver that knows it.
    pub driver: &'d Driver,
    /// The type it is about.
    pub ty: &'d ResourceType,
    /// The operation it stands for.
    pub operation: &'d Operation,
    /// Attributes and inputs that it sets, in order of first appearance.
    pub filled: Vec<Filled>,
    /// The word that names the resource, if it has one.
    pub name: Option<Text>,
}

/// An attribute or input, set by words of a command.
#[derive(Clone, Debug)]
pub struct Filled {
    /// Which.
    pub name: String,
    /// Its value, as it would be written in a body: a text, a number where one is wanted, `file("…")`, a list, a record.
    pub value: Expr,
    /// The flag or the word.
    pub key: Span,
}

/// Finds what a command line stands for among the commands of `drivers`.
///
/// # Errors
/// E0213 if no driver has a command of these words, E0214 if the words behind it do not fit.
pub fn match_native<'d>(
    drivers: impl IntoIterator<Item = &'d Driver>,
    native: &Native,
) -> Result<NativeMatch<'d>, Box<Diagnostic>> {
    let drivers: Vec<&'d Driver> = drivers.into_iter().collect();
    let mut best: Option<(usize, Diagnostic)> = None;
    for command in commands(&drivers) {
        match fit(command, native) {
            Fit::Yes(found) => return Ok(found),
            Fit::No => {}
            Fit::Almost(report) => {
                let n_words = command.2.words.len();
                if best.as_ref().is_none_or(|(most, _)| n_words > *most) {
                    best = Some((n_words, report));
                }
            }
        }
    }
    let report = best.map_or_else(|| report::unknown_command(&drivers, native), |(_, report)| report);
    Err(Box::new(report))
}

/// [`match_native`] for a whole item. `lett x = 3` reads as a command `3` that makes a `lett` called `x`: what is wrong
/// there is the first word.
///
/// # Errors
/// As [`match_native`].
pub fn match_item<'d>(
    drivers: impl IntoIterator<Item = &'d Driver>,
    item: &NativeItem,
) -> Result<NativeMatch<'d>, Box<Diagnostic>> {
    match_native(drivers, &item.native).map_err(|report| report::misspelt_item(item).map_or(report, Box::new))
}

/// A command with its owners.
type Owned<'d> = (&'d Driver, &'d ResourceType, &'d Command);

fn commands<'d>(drivers: &[&'d Driver]) -> impl Iterator<Item = Owned<'d>> {
    drivers.iter().copied().flat_map(|driver| {
        driver.types.values().flat_map(move |ty| ty.commands.iter().map(move |command| (driver, ty, command)))
    })
}

enum Fit<'d> {
    Yes(NativeMatch<'d>),
    /// The words are others.
    No,
    /// The words are these, but something behind them does not fit.
    Almost(Diagnostic),
}

/// What has been read of a line.
struct Reading<'d> {
    command: &'d Command,
    client: Option<&'d Client>,
    ty: &'d ResourceType,
    operation: &'d Operation,
    /// How many words of the command were seen.
    n_words: usize,
    n_positional: usize,
    filled: IndexMap<String, Filled>,
    name: Option<Text>,
    report: Option<Diagnostic>,
}

fn fit<'d>((driver, ty, command): Owned<'d>, native: &Native) -> Fit<'d> {
    let Some(operation) = ty.operations.get(&command.operation) else { return Fit::No };
    let client = command.words.first().and_then(|program| driver.clients.get(program));
    let mut reading = Reading {
        command,
        client,
        ty,
        operation,
        n_words: 0,
        n_positional: 0,
        filled: IndexMap::new(),
        name: None,
        report: None,
    };
    let mut words = native.words.iter().peekable();
    let mut only_words = false;
    while let Some(word) = words.next() {
        let head = leading_text(word);
        if !only_words && word.literal().as_deref() == Some("--") {
            only_words = true;
        } else if !only_words && head.len() > 1 && head.starts_with('-') {
            reading.flag(word, &mut words);
        } else if !reading.word(word) {
            return Fit::No;
        }
    }
    if reading.n_words < command.words.len() {
        return Fit::No;
    }
    if reading.report.is_none() {
        reading.report = report::missing_word(&reading, native.span);
    }
    match reading.report {
        Some(report) => Fit::Almost(report),
        None => {
            let filled = reading.filled.into_values().collect();
            Fit::Yes(NativeMatch { driver, ty, operation, filled, name: reading.name })
        }
    }
}

impl Reading<'_> {
    /// A word that is no flag; false if the command has another one here.
    fn word(&mut self, word: &Text) -> bool {
        if let Some(expected) = self.command.words.get(self.n_words) {
            self.n_words += 1;
            return word.literal().as_deref() == Some(expected);
        }
        match self.command.positional.get(self.n_positional) {
            Some(hole) => {
                self.n_positional += 1;
                self.fill(hole, word.clone(), word.span);
            }
            None => self.fail(report::extra_word(self.command, word)),
        }
        true
    }

    fn flag<'t>(&mut self, word: &'t Text, rest: &mut Peekable<impl Iterator<Item = &'t Text>>) {
        let (flag, joined) = split_flag(word);
        if let Some(hole) = self.command.flags.get(&flag) {
            // A flag is no value of another: with both on the line, the first one has none.
            let value = joined.or_else(|| rest.next_if(|next| !self.is_flag(next)).cloned());
            return match value {
                Some(value) => self.fill(hole, value, word.span),
                None => {
                    self.fail(report::flag_without_value(&flag, hole, word.span, rest.peek().copied()));
                }
            };
        }
        if let Some(constants) = self.command.constants.get(&flag) {
            for (name, value) in constants {
                let filled = Filled { name: name.clone(), value: value.clone(), key: word.span };
                self.filled.insert(name.clone(), filled);
            }
            return;
        }
        match self.client.and_then(|client| client.ignored.get(&flag)) {
            Some(count) => {
                let count = if joined.is_some() { 0 } else { *count };
                rest.take(count).for_each(drop);
            }
            None => self.fail(report::unknown_flag(self.command, self.client, &flag, word.span)),
        }
    }

    /// Whether a word is a flag that may stand here.
    fn is_flag(&self, word: &Text) -> bool {
        let head = leading_text(word);
        let flag = head.split_once('=').map_or(head, |(flag, _)| flag);
        self.command.flags.contains_key(flag)
            || self.command.constants.contains_key(flag)
            || self.client.is_some_and(|client| client.ignored.contains_key(flag))
            || flag
                .strip_prefix("--")
                .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_alphabetic()))
    }

    fn fill(&mut self, hole: &Hole, word: Text, key: Span) {
        let Some((first, below)) = hole.path.split_first() else { return };
        let is_name = self.ty.name_attribute.as_ref() == Some(first) || self.ty.identity == *first;
        if is_name && self.name.is_none() {
            self.name = Some(word.clone());
        }
        let of_attribute = self.ty.attributes.get(first).map(|attribute| &attribute.ty);
        let of_input = || self.operation.inputs.get(first).map(|(ty, _)| ty);
        let ty = of_attribute.or_else(of_input).unwrap_or(&Type::Any);
        let before = self.filled.get(first).map(|filled| filled.value.clone());
        match value::filled(before, below, word, hole.is_file, ty) {
            Ok(value) => {
                let filled = Filled { name: first.clone(), value, key };
                self.filled.insert(first.clone(), filled);
            }
            Err(problem) => self.fail(report::bad_value(problem, first, key)),
        }
    }

    /// The first problem is the one reported.
    fn fail(&mut self, report: Diagnostic) {
        self.report.get_or_insert(report);
    }
}

/// The characters that a word surely starts with.
fn leading_text(word: &Text) -> &str {
    match word.parts.first() {
        Some(TextPart::Chars(chars)) => chars,
        _ => "",
    }
}

/// `--flavor=m1.${size}` → `--flavor` and `m1.${size}`.
fn split_flag(word: &Text) -> (String, Option<Text>) {
    let head = leading_text(word);
    let Some((flag, rest)) = head.split_once('=') else { return (word.literal().unwrap_or_default(), None) };
    let mut value = word.clone();
    if rest.is_empty() {
        value.parts.remove(0);
    } else {
        value.parts[0] = TextPart::Chars(rest.to_owned());
    }
    (flag.to_owned(), Some(value))
}
