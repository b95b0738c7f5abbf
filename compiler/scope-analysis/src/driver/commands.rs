//! Native command lines of a driver: what is a word of the command, what a place for an attribute, what a flag.
//!
//! Comes in: `cli create = $ openstack image create ${name} --disk-format ${disk_format}` and
//! `flags create { "--public": { visibility: "public" } }`. Goes out: [`Command`]s: words `openstack image create`, one
//! place, one flag with a value, one without.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{self, ExprKind, LineKind, TextPart};

use super::{
    defaults,
    names::Names,
    phrases::{self, Block, malformed},
    read,
    settings::declared_twice,
};
use crate::hir::{Command, Hole, Operation, ResourceType, Type};

const WRITTEN: &str = "cli OPERATION = $ program words ${attribute} --flag ${attribute}";

/// Reads the `cli` and `flags` lines of a type's body; every operation of the type is known by now.
pub(super) fn commands(
    body: &[ast::Line],
    ty: &ResourceType,
    names: &Names<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Command> {
    let mut commands = Vec::new();
    for line in body {
        if let LineKind::Cli { name, native } = &line.kind
            && let Some(operation) = known_operation(&name.text, name.span, ty, diagnostics)
        {
            commands.extend(command(operation, native, ty, diagnostics));
        }
    }
    for line in body {
        if let LineKind::Phrase(phrase) = &line.kind
            && phrase.word.text == "flags"
        {
            flags(phrase, ty, names, &mut commands, diagnostics);
        }
    }
    commands
}

/// The operation of a name, reported where the type has none.
pub(super) fn known_operation<'t>(
    name: &str,
    span: Span,
    ty: &'t ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'t Operation> {
    let operation = ty.operations.get(name);
    if operation.is_none() {
        let report = Diagnostic::new(codes::E0402, span, format!("`{}` has no operation `{name}`", ty.name))
            .label("unknown");
        diagnostics.push(match similar::nearest(name, ty.operations.keys().map(String::as_str)) {
            Some(near) => report.help(format!("did you mean `{near}`?")),
            None => report,
        });
    }
    operation
}

fn command(
    operation: &Operation,
    native: &ast::Native,
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Command> {
    let mut command = Command {
        operation: operation.name.clone(),
        words: Vec::new(),
        positional: Vec::new(),
        flags: IndexMap::new(),
        constants: IndexMap::new(),
        span: native.span,
    };
    let mut open_flag: Option<(String, Span)> = None;
    for word in &native.words {
        let (head, hole) = match word.parts.as_slice() {
            [TextPart::Interpolation(hole)] => (String::new(), Some(hole)),
            [TextPart::Chars(head)] => (head.clone(), None),
            [TextPart::Chars(head), TextPart::Interpolation(hole)] if head.ends_with('=') => {
                (head.trim_end_matches('=').to_owned(), Some(hole))
            }
            _ => {
                diagnostics.push(malformed(word.span, "a word is plain or one `${attribute}`", WRITTEN));
                return None;
            }
        };
        if head.starts_with('-') {
            report_lone(open_flag.take(), diagnostics);
            open_flag = Some((head, word.span));
        } else if !head.is_empty() {
            if !command.positional.is_empty() || !command.flags.is_empty() || open_flag.is_some() {
                diagnostics.push(malformed(word.span, "the words of a command come first", WRITTEN));
                return None;
            }
            command.words.push(head);
        }
        let Some(hole) = hole else { continue };
        let hole = self::hole(hole, operation, ty, diagnostics)?;
        match open_flag.take() {
            None => command.positional.push(hole),
            Some((flag, span)) => {
                if let Some(first) = command.flags.insert(flag.clone(), hole) {
                    diagnostics.push(declared_twice("flag", &flag, span, first.span));
                }
            }
        }
    }
    report_lone(open_flag, diagnostics);
    if command.words.is_empty() {
        diagnostics.push(malformed(native.span, "a command starts with its program", WRITTEN));
        return None;
    }
    Some(command)
}

fn report_lone(flag: Option<(String, Span)>, diagnostics: &mut Vec<Diagnostic>) {
    if let Some((flag, span)) = flag {
        diagnostics.push(
            Diagnostic::new(codes::E0401, span, format!("the flag `{flag}` sets nothing")).help(format!(
                "a flag without a value is written `flags OPERATION {{ \"{flag}\": {{ attribute: value }} }}`"
            )),
        );
    }
}

/// `${name}`, `${metadata.role}`, `${file(data)}`
fn hole(
    expr: &ast::Expr,
    operation: &Operation,
    ty: &ResourceType,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Hole> {
    let (inner, is_file) = match &*expr.kind {
        ExprKind::Call { callee, args } if read::name(callee) == Some("file") => match args.as_slice() {
            [argument] => (&argument.value, true),
            _ => (expr, true),
        },
        _ => (expr, false),
    };
    let path = read::path(inner);
    let path = read::expect(path, inner, "the name of an attribute or input", diagnostics)?;
    let first = path[0].as_str();
    let known = ty.attributes.get(first).map(|attribute| &attribute.ty);
    let Some(of_first) = known.or_else(|| operation.inputs.get(first).map(|(ty, _)| ty)) else {
        let candidates = ty.attributes.keys().chain(operation.inputs.keys()).map(String::as_str);
        let message = format!("`{}` has no attribute or input `{first}`", operation.name);
        let report = Diagnostic::new(codes::E0402, inner.span, message).label("unknown");
        diagnostics.push(match similar::nearest(first, candidates) {
            Some(near) => report.help(format!("did you mean `{near}`?")),
            None => report,
        });
        return None;
    };
    let is_optional = matches!(of_first, Type::Optional(_))
        || ty.attributes.get(first).is_some_and(|attribute| attribute.default.is_some());
    Some(Hole { path, is_file, is_optional, span: expr.span })
}

/// `flags create { "--public": { visibility: "public" } }`: for every command of the operation.
fn flags(
    phrase: &ast::Phrase,
    ty: &ResourceType,
    names: &Names<'_>,
    commands: &mut [Command],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(operation) = phrase.values.first().and_then(read::name) else {
        let written = "flags OPERATION { \"--flag\": { attribute: value } }";
        diagnostics.push(malformed(phrase.word.span, "`flags` names an operation", written));
        return;
    };
    if known_operation(operation, phrase.values[0].span, ty, diagnostics).is_none() {
        return;
    }
    for line in phrase.body.iter().flatten() {
        if !phrases::is_allowed(Block::Flags, line, diagnostics) {
            continue;
        }
        let LineKind::Entry { key, value } = &line.kind else { continue };
        let fields = read::expect(read::fields(value), value, "a record of attributes", diagnostics);
        let fields = fields.unwrap_or_default();
        for (attribute, value) in &fields {
            names.check(value, diagnostics);
            let inputs = &ty.operations[operation].inputs;
            let declared = ty.attributes.get(attribute).map(|attribute| &attribute.ty);
            if let Some(of) = declared.or_else(|| inputs.get(attribute).map(|(of, _)| of)) {
                diagnostics.extend(defaults::misfit(attribute, of, value));
            } else {
                diagnostics.push(
                    Diagnostic::new(
                        codes::E0402,
                        value.span,
                        format!("`{}` has no attribute `{attribute}`", ty.name),
                    )
                    .label("set here"),
                );
            }
        }
        for command in commands.iter_mut().filter(|command| command.operation == operation) {
            command.constants.insert(key.text.clone(), fields.clone());
        }
    }
}
