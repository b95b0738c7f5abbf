//! `scope exec -- openstack server create vm --scope '{"image": "paris"}'`: one native command, with the sites and
//! drivers of a file. Its state is that file's.
//!
//! `scope exec restart --program shop.scope`: a sequence of a program, which is a run as any other. `scope exec --program
//! shop.scope`: which there are.

use scope_diagnostics::{Span, codes};
use scope_plan::recorded::Recorded;
use scope_runtime::state::Wish;

use serde_json::json;

use super::{OK, WRONG};
use crate::args::{Exec, Given, Program, Run};
use crate::output::{Output, document, line, say_error, say_help};

pub fn run(command: &Exec, output: Output) -> u8 {
    if let Some(sequence) = &command.sequence {
        return run_sequence(command, sequence, output);
    }
    if command.words.is_empty() {
        return list_sequences(command, output);
    }
    let program = Program { wish: Wish::Command, words: command.words.clone(), ..program_of(command, None) };
    super::run::run(&Run { program, how: command.how.clone(), detaching: Default::default() }, output)
}

/// Every sequence with what is written about it and what it does, line by line; no site is asked.
fn list_sequences(command: &Exec, output: Output) -> u8 {
    let program = program_of(command, None);
    let compilation = match super::compile(&program, Recorded::default(), output) {
        Ok(compilation) => compilation,
        Err(code) => return code,
    };
    let sources = &compilation.sources;
    let line_of = |span: Span| {
        let text = sources.get(span.file).text();
        let start = text[..span.start as usize].rfind('\n').map_or(0, |end| end + 1);
        text[start..].lines().next().unwrap_or_default().trim().to_string()
    };
    let sequences: Vec<(&str, String, Vec<String>)> = compilation
        .program
        .sequences
        .iter()
        .map(|sequence| {
            // The elements of a family stand in one line.
            let mut lines: Vec<String> = sequence.steps.iter().map(|step| line_of(step.span)).collect();
            lines.dedup();
            (sequence.name.as_str(), sequence.docs.join(" "), lines)
        })
        .collect();
    let listed: Vec<serde_json::Value> = sequences
        .iter()
        .map(|(name, docs, steps)| json!({ "name": name, "docs": docs, "steps": steps }))
        .collect();
    document::tell("scope-sequences/1", json!({ "program": command.program, "sequences": listed }));
    // A program that reads takes an empty list for what it is.
    if sequences.is_empty() && !document::is_wanted() {
        say_error(codes::E0980, &format!("`{}` has no sequence, and no command is given", command.program));
        say_help("write one, `sequence NAME { … }`, or a command behind `--`");
        return WRONG;
    }
    for (name, docs, steps) in &sequences {
        line(if docs.is_empty() { (*name).to_string() } else { format!("{name}   {docs}") }.trim_end());
        steps.iter().for_each(|step| line(&format!("  {step}")));
    }
    line(&format!("\nrun one:  scope exec NAME --program {}", command.program));
    OK
}

fn run_sequence(command: &Exec, sequence: &str, output: Output) -> u8 {
    let program = program_of(command, Some(sequence));
    super::run::run(&Run { program, how: command.how.clone(), detaching: Default::default() }, output)
}

fn program_of(command: &Exec, sequence: Option<&str>) -> Program {
    Program {
        file: command.program.clone(),
        given: Given { set: command.set.clone(), params: command.params.clone(), at: command.at.clone() },
        simulate: command.simulate,
        policies: command.policies.clone(),
        sequence: sequence.map(str::to_string),
        ..Program::default()
    }
}
