//! What is wrong with a command line: no driver has it, or its words do not fit.
//!
//! `$ openstack sever list` → "no imported driver has a command `openstack sever list`", "did you mean `openstack server
//! list`?"; `lett x = 3`, which reads as a command, → "did you mean `let`?".

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{Native, NativeItem, Text};
use scope_syntax::item_word_elsewhere;

use super::{Reading, commands, value::Problem};
use crate::hir::{Client, Command, Driver, Hole};

/// So many words are listed.
const MOST_WORDS: usize = 12;

/// No command of any driver has these words.
pub(super) fn unknown_command(drivers: &[&Driver], native: &Native) -> Diagnostic {
    let plain: Vec<(String, Span)> =
        native.words.iter().map_while(|word| word.literal().map(|text| (text, word.span))).collect();
    let Some((program, program_span)) = plain.first() else {
        let message = "the program of a command is a plain word";
        return Diagnostic::new(codes::E0213, native.span, message);
    };
    let known = |program: &str| {
        commands(drivers).any(|(_, _, command)| command.words.first().is_some_and(|w| w == program))
    };
    if known(program) {
        return unknown_words(drivers, program, &plain);
    }
    let report =
        Diagnostic::new(codes::E0213, *program_span, format!("no imported driver has a command `{program}`"))
            .label("unknown command");
    // A line without `$` may be an item whose first word is misspelt.
    let items = scope_syntax::ITEM_WORDS.iter().copied().filter(|_| native.bare);
    let programs = commands(drivers).filter_map(|(_, _, command)| command.words.first()).map(String::as_str);
    let near = item_word_elsewhere(program).filter(|_| native.bare);
    match near.or_else(|| similar::nearest(program, items.chain(programs))) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(*program_span, near)]),
        None if drivers.iter().any(|driver| driver.name == *program) => {
            report.note(format!("the driver `{program}` declares no command lines"))
        }
        None => report
            .help(format!("import the driver that has it, or write it as a resource: `import {program}`")),
    }
}

/// A bare line that is no command, and whose first word is nearly an item's.
pub(super) fn misspelt_item(item: &NativeItem) -> Option<Diagnostic> {
    let word = match item.ty.as_ref()?.names.as_slice() {
        [word] if item.native.bare => word,
        _ => return None,
    };
    let items = scope_syntax::ITEM_WORDS.iter().copied();
    let near = item_word_elsewhere(&word.text).or_else(|| similar::nearest(&word.text, items))?;
    Some(
        Diagnostic::new(codes::E0213, word.span, format!("no imported driver has a command `{}`", word.text))
            .label("unknown command")
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(word.span, near)]),
    )
}

/// The program is known, what follows is not.
fn unknown_words(drivers: &[&Driver], program: &str, plain: &[(String, Span)]) -> Diagnostic {
    let words: Vec<&(String, Span)> =
        plain.iter().skip(1).take_while(|(word, _)| !word.starts_with('-')).collect();
    let span = words.iter().fold(plain[0].1, |span, (_, word)| span.to(*word));
    let mut candidates: Vec<&Command> = commands(drivers)
        .map(|(_, _, command)| command)
        .filter(|command| command.words.first().is_some_and(|word| word == program))
        .collect();
    // Those that share the most leading words are compared first, so that `server creat` is not `server group`.
    let shared = |command: &Command| {
        command.words.iter().skip(1).zip(&words).take_while(|(word, (given, _))| *word == given).count()
    };
    candidates.sort_by_key(|command| std::cmp::Reverse(shared(command)));
    let given = |n_words: usize| -> String {
        words.iter().take(n_words).map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ")
    };
    let mut lengths: Vec<usize> = candidates.iter().map(|command| command.words.len() - 1).collect();
    lengths.sort_unstable_by_key(|length| std::cmp::Reverse(*length));
    lengths.dedup();
    let near = lengths.into_iter().find_map(|length| {
        let of_length = candidates.iter().filter(|command| command.words.len() - 1 == length);
        let texts: Vec<String> = of_length.map(|command| command.words[1..].join(" ")).collect();
        similar::nearest(&given(length), texts.iter().map(String::as_str)).map(str::to_owned)
    });
    let written = plain
        .iter()
        .take_while(|(word, _)| !word.starts_with('-'))
        .take(4)
        .map(|(word, _)| word.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let report = Diagnostic::new(codes::E0213, span, format!("no imported driver has a command `{written}`"))
        .label("unknown command");
    let instead = words.first().and_then(|(word, _)| instead_of(word));
    let report = instead.filter(|_| near.is_none()).into_iter().fold(report, Diagnostic::help);
    match near {
        Some(near) => report.help(format!("did you mean `{program} {near}`?")),
        None => {
            let mut same: Vec<String> = candidates
                .iter()
                .filter(|command| shared(command) > 0)
                .map(|command| format!("`{}`", command.words.join(" ")))
                .collect();
            same.dedup();
            if same.is_empty() {
                let mut first: Vec<&str> = candidates
                    .iter()
                    .filter_map(|command| command.words.get(1))
                    .map(String::as_str)
                    .collect();
                first.sort_unstable();
                first.dedup();
                let n_more = first.len().saturating_sub(MOST_WORDS);
                first.truncate(MOST_WORDS);
                let more = if n_more > 0 { format!(", and {n_more} more") } else { String::new() };
                report.note(format!("behind `{program}` comes {}{more}", first.join(", ")))
            } else {
                report.note(format!("there are {}", same.join(", ")))
            }
        }
    }
}

/// What the language has for what the clients of many applications call so.
fn instead_of(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "get" | "list" | "show" | "describe" => "what is there is read with `existing NAME: TYPE { … }`",
        "delete" | "remove" | "rm" => {
            "what the program no longer has is deleted by the next run: leave its resource out"
        }
        "edit" | "patch" | "scale" | "set" | "update" => {
            "a change is written where the resource is: set its attributes, and run"
        }
        _ => return None,
    })
}

/// A flag that the command does not have.
pub(super) fn unknown_flag(command: &Command, client: Option<&Client>, flag: &str, span: Span) -> Diagnostic {
    let known = || command.flags.keys().chain(command.constants.keys()).map(String::as_str);
    let ignored = client.into_iter().flat_map(|client| client.ignored.keys()).map(String::as_str);
    let words = command.words.join(" ");
    let report =
        Diagnostic::new(codes::E0214, span, format!("`{words}` has no flag `{flag}`")).label("unknown flag");
    if flag == "--scope" {
        return report.help(format!("a scope stands in braces: `{words} … --scope {{ nantes & paris }}`"));
    }
    match similar::nearest(flag, known().chain(ignored)) {
        Some(near) => report
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![Edit::new(span, near)]),
        None => {
            let flags: Vec<String> = known().map(|flag| format!("`{flag}`")).collect();
            match flags.is_empty() {
                true => report.note("it takes no flags"),
                false => report.note(format!("it takes {}", flags.join(", "))),
            }
        }
    }
}

pub(super) fn flag_without_value(flag: &str, hole: &Hole, span: Span, next: Option<&Text>) -> Diagnostic {
    let report = Diagnostic::new(codes::E0214, span, format!("`{flag}` needs a value"));
    let report = match next {
        Some(next) => report.label("its value is missing").secondary(next.span, "this is the next flag"),
        None => report.label("nothing follows"),
    };
    let value = placeholder(hole);
    let report = report.help(format!("write `{flag} {value}`"));
    match next.and_then(Text::literal) {
        Some(next) => report.help(format!("if the value is to be `{next}` itself: `{flag}={next}`")),
        None => report,
    }
}

pub(super) fn extra_word(command: &Command, word: &Text) -> Diagnostic {
    let takes = match command.positional.as_slice() {
        [] => "no word".to_owned(),
        holes => holes.iter().map(|hole| format!("`{}`", hole.path.join("."))).collect::<Vec<_>>().join(", "),
    };
    Diagnostic::new(codes::E0214, word.span, "the command has a word too many")
        .label("not expected")
        .note(format!("behind `{}` comes {takes}", command.words.join(" ")))
}

/// The first word that the command needs and the line does not have.
pub(super) fn missing_word(reading: &Reading<'_>, span: Span) -> Option<Diagnostic> {
    let hole = reading.command.positional.get(reading.n_positional).filter(|hole| !hole.is_optional)?;
    let words = reading.command.words.join(" ");
    let missing = hole.path.join(".");
    Some(
        Diagnostic::new(codes::E0214, span.after(), format!("`{words}` needs a `{missing}`"))
            .label("missing here")
            .help(format!("it is written `{}`", written(reading.command))),
    )
}

pub(super) fn bad_value(problem: Problem, name: &str, span: Span) -> Diagnostic {
    match problem {
        Problem::Twice => {
            Diagnostic::new(codes::E0214, span, format!("`{name}` is given twice")).label("again")
        }
        Problem::NoKey => Diagnostic::new(codes::E0214, span, format!("`{name}` is given as `key=value`"))
            .label("no `=` in its value"),
    }
}

/// `openstack image create NAME [--id ID]`
fn written(command: &Command) -> String {
    let mut text = command.words.join(" ");
    for hole in &command.positional {
        text.push_str(&format!(" {}", placeholder(hole)));
    }
    text
}

/// `server.name` → `SERVER_NAME`
fn placeholder(hole: &Hole) -> String {
    hole.path.join("_").to_uppercase()
}
