//! A tree as one compact line an item, for tests and for looking at what was read.
//!
//! `let a = 1 + 2 * 3` → `(let a (+ 1 (* 2 3)))`. Spans and comments are left out.

use crate::{
    ast::*,
    parse::operators::{Infix, symbol},
};

/// The module, one item a line.
#[must_use]
pub fn dump(module: &Module) -> String {
    let mut out = String::new();
    for doc in &module.docs {
        out.push_str(&format!("(module-doc {doc:?})\n"));
    }
    for entry in &module.items {
        for doc in &entry.docs {
            out.push_str(&format!("(doc {doc:?}) "));
        }
        out.push_str(&item(&entry.kind));
        out.push('\n');
    }
    out
}

/// One expression.
#[must_use]
pub fn dump_expr(value: &Expr) -> String {
    expr(value)
}

/// `(a b c)` of the parts that are not empty.
fn group(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("({})", parts.join(" "))
}

fn list<T>(open: &str, items: &[T], write: impl Fn(&T) -> String, close: &str) -> String {
    let items: Vec<String> = items.iter().map(write).collect();
    format!("{open}{}{close}", items.join(" "))
}

fn optional<T>(prefix: &str, value: Option<&T>, write: impl Fn(&T) -> String) -> String {
    value.map(|value| format!("{prefix}{}", write(value))).unwrap_or_default()
}

fn name(ident: &Ident) -> String {
    ident.text.clone()
}

fn path(path: &Path) -> String {
    let names: Vec<&str> = path.names.iter().map(|name| name.text.as_str()).collect();
    names.join(".")
}

fn item(kind: &ItemKind) -> String {
    match kind {
        ItemKind::Import(import) => group([
            "import".to_owned(),
            match &import.source {
                ImportSource::File(file) => format!("{:?}", file.text),
                ImportSource::Library(library) => path(library),
            },
            optional("", import.names.as_ref(), |names| list("{", names, name, "}")),
            optional("as ", import.alias.as_ref(), name),
        ]),
        ItemKind::Entry(value) => group(["entry".to_owned(), expr(value)]),
        ItemKind::Param(value) => group(["param".to_owned(), param(value)]),
        ItemKind::Let(value) => group([
            "let".to_owned(),
            value.name.text.clone(),
            optional(": ", value.ty.as_ref(), ty),
            expr(&value.value),
        ]),
        ItemKind::Function(function) => group([
            if function.is_operator { "operator" } else { "fn" }.to_owned(),
            function.name.text.clone(),
            list("(", &function.params, param, ")"),
            function.laws.iter().map(|law| format!("law {}", law.text)).collect::<Vec<_>>().join(" "),
            optional(": ", function.result.as_ref(), ty),
            expr(&function.body),
        ]),
        ItemKind::Type(alias) => group(["type".to_owned(), alias.name.text.clone(), ty(&alias.ty)]),
        ItemKind::Site(site) => group([
            "site".to_owned(),
            text(&site.name),
            optional("as ", site.alias.as_ref(), name),
            optional("", site.family.as_ref(), generator),
            expr(&site.body),
        ]),
        ItemKind::Link(link) => {
            group(["link".to_owned(), expr(&link.from), expr(&link.to), expr(&link.body)])
        }
        ItemKind::Thing(thing) => group(
            [
                match thing.kind {
                    ThingKind::Resource => "resource",
                    ThingKind::Existing => "existing",
                    ThingKind::Call => "call",
                }
                .to_owned(),
                thing.name.text.clone(),
                optional("", thing.family.as_ref(), generator),
                optional("when ", thing.condition.as_ref(), expr),
                path(&thing.ty),
                optional("", thing.body.as_ref(), expr),
            ]
            .into_iter()
            .chain(thing.clauses.iter().map(clause)),
        ),
        ItemKind::Native(command) => match (&command.name, &command.ty) {
            (None, _) => native(&command.native),
            (Some(bound), ty) => group([
                "bind".to_owned(),
                bound.text.clone(),
                optional("", ty.as_ref(), path),
                native(&command.native),
            ]),
        },
        ItemKind::Sequence(sequence) => group(
            ["sequence".to_owned(), sequence.name.text.clone()]
                .into_iter()
                .chain(sequence.steps.iter().map(|step| item(&step.kind))),
        ),
        ItemKind::Output(output) => group([
            "output".to_owned(),
            output.name.text.clone(),
            optional("", output.family.as_ref(), generator),
            expr(&output.value),
        ]),
        ItemKind::Require(require) => group([
            "require".to_owned(),
            optional("", require.family.as_ref(), generator),
            expr(&require.condition),
            optional("else ", require.message.as_ref(), expr),
        ]),
        ItemKind::Test(test) => group(
            ["test".to_owned(), text(&test.name)].into_iter().chain(test.statements.iter().map(statement)),
        ),
        ItemKind::Driver(driver) => group(
            ["driver".to_owned(), driver.name.text.clone()].into_iter().chain(driver.body.iter().map(line)),
        ),
        ItemKind::Error { word, name: bound } => {
            group(["error".to_owned(), optional("", word.as_ref(), name), optional("", bound.as_ref(), name)])
        }
    }
}

fn clause(clause: &Clause) -> String {
    match clause {
        Clause::Scope(value) => match value.kind.as_ref() {
            ExprKind::Scope(literal) => scope(literal),
            _ => group(["scope".to_owned(), expr(value)]),
        },
        Clause::With(value) => group(["with".to_owned(), expr(value)]),
        Clause::At { sites, patch } => group(["at".to_owned(), expr(sites), expr(patch)]),
    }
}

fn param(param: &Param) -> String {
    let ty = optional(": ", param.ty.as_ref(), ty);
    let default = optional(" = ", param.default.as_ref(), expr);
    format!("{}{ty}{default}", param.name.text)
}

fn generator(generator: &Generator) -> String {
    group([
        "for".to_owned(),
        generator.name.text.clone(),
        optional("", generator.second.as_ref(), name),
        expr(&generator.source),
        optional("if ", generator.condition.as_ref(), expr),
    ])
}

fn statement(statement: &Statement) -> String {
    match statement {
        Statement::Native(command) => native(command),
        Statement::Phrase(value) => phrase(value),
        Statement::Error(_) => "(error)".to_owned(),
    }
}

fn phrase(phrase: &Phrase) -> String {
    let links = phrase.links.iter().map(|link| format!("{} {}", link.word.text, expr(&link.value)));
    let body = phrase.body.as_ref().map(|body| list("{", body, line, "}"));
    group(
        std::iter::once(phrase.word.text.clone())
            .chain(phrase.values.iter().map(expr))
            .chain(links)
            .chain(body),
    )
}

fn line(line: &Line) -> String {
    let docs: String = line.docs.iter().map(|doc| format!("(doc {doc:?}) ")).collect();
    let shown = match &line.kind {
        LineKind::Attribute(value) => group(["attribute".to_owned(), attribute(value)]),
        LineKind::Entry { key, value } => format!("{}: {}", shown_key(&key.text), expr(value)),
        LineKind::Rule(rule) => group([
            "->".to_owned(),
            expr(&rule.pattern),
            optional("if ", rule.condition.as_ref(), expr),
            optional("then ", rule.then.as_ref(), expr),
            expr(&rule.result),
        ]),
        LineKind::Phrase(value) => phrase(value),
        LineKind::Cli { name, native: command } => {
            group(["cli".to_owned(), name.text.clone(), native(command)])
        }
        LineKind::Native(command) => native(command),
        LineKind::Error => "(error)".to_owned(),
    };
    format!("{docs}{shown}")
}

fn attribute(attribute: &Attribute) -> String {
    let modifiers = attribute.modifiers.iter().map(|modifier| match modifier.args.as_slice() {
        [] => modifier.word.text.clone(),
        args => format!("{}{}", modifier.word.text, list("(", args, argument, ")")),
    });
    let head = [
        format!("{}: {}", shown_key(&attribute.name.text), ty(&attribute.ty)),
        optional("= ", attribute.default.as_ref(), expr),
    ];
    let parts: Vec<String> = head.into_iter().chain(modifiers).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

fn native(native: &Native) -> String {
    let sign = if native.bare { "bare" } else { "$" };
    let words = native.words.iter().map(text);
    group(std::iter::once(sign.to_owned()).chain(words).chain(native.scope.as_ref().map(scope)))
}

fn scope(scope: &Scope) -> String {
    let entries = scope.entries.iter().map(|entry| {
        let key = entry.key.as_ref().map(|key| format!("{}: ", shown_key(&key.text))).unwrap_or_default();
        format!("{key}{}", expr(&entry.location))
    });
    group(std::iter::once("scope".to_owned()).chain(entries))
}

fn shown_key(key: &str) -> String {
    let is_plain = !key.is_empty()
        && key.chars().all(|character| character.is_alphanumeric() || "_-".contains(character));
    if is_plain { key.to_owned() } else { format!("{key:?}") }
}

fn text(text: &Text) -> String {
    if text.style == TextStyle::Word
        && let [TextPart::Chars(chars)] = text.parts.as_slice()
    {
        return shown_word(chars);
    }
    let mut out = String::from("\"");
    for part in &text.parts {
        match part {
            TextPart::Chars(chars) => crate::escape::escape_into(&mut out, chars),
            TextPart::Interpolation(value) => out.push_str(&format!("${{{}}}", expr(value))),
        }
    }
    out.push('"');
    out
}

fn shown_word(chars: &str) -> String {
    if chars.contains([' ', '(', ')', '"']) || chars.is_empty() {
        format!("{chars:?}")
    } else {
        chars.to_owned()
    }
}

fn argument(argument: &Argument) -> String {
    format!(
        "{}{}",
        optional("", argument.name.as_ref(), |name| format!("{}: ", name.text)),
        expr(&argument.value)
    )
}

fn expr(value: &Expr) -> String {
    match value.kind.as_ref() {
        ExprKind::Error => "(error)".to_owned(),
        ExprKind::Null => "null".to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Number(number) => number.text.clone(),
        ExprKind::Text(value) => text(value),
        ExprKind::Name(name) if name.contains(' ') => format!("`{name}`"),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Record(entries) => list("{", entries, record_entry, "}"),
        ExprKind::List(elements) => list(
            "[",
            elements,
            |element| match element {
                Element::Value(value) => expr(value),
                Element::Spread(value) => format!("...{}", expr(value)),
            },
            "]",
        ),
        ExprKind::ListFor { generator: source, value } => format!("[{} {}]", generator(source), expr(value)),
        ExprKind::MapFor { generator: source, key, value } => {
            format!("{{{} {}: {}}}", generator(source), expr(key), expr(value))
        }
        ExprKind::Field { base, name, optional } => {
            group([if *optional { "?." } else { "." }.to_owned(), expr(base), shown_word(&name.text)])
        }
        ExprKind::Index { base, index } => group(["index".to_owned(), expr(base), expr(index)]),
        ExprKind::Call { callee, args } => {
            group(["call".to_owned(), expr(callee)].into_iter().chain(args.iter().map(argument)))
        }
        ExprKind::Unary { op, operand } => {
            group([if *op == UnaryOp::Not { "not" } else { "-" }.to_owned(), expr(operand)])
        }
        ExprKind::Binary { op, left, right } => {
            group([symbol(Infix::Binary(*op)).to_owned(), expr(left), expr(right)])
        }
        ExprKind::Chain { op, operands } => {
            group(std::iter::once(symbol(Infix::Chain(*op)).to_owned()).chain(operands.iter().map(expr)))
        }
        ExprKind::If { branches, otherwise } => group(
            std::iter::once("if".to_owned())
                .chain(branches.iter().flat_map(|(condition, value)| [expr(condition), expr(value)]))
                .chain([expr(otherwise)]),
        ),
        ExprKind::Scope(value) => scope(value),
    }
}

fn record_entry(entry: &RecordEntry) -> String {
    match entry {
        RecordEntry::Field { key, value } => {
            let key = key.literal().map_or_else(|| text(key), |key| shown_key(&key));
            format!("{key}: {}", expr(value))
        }
        RecordEntry::Spread(value) => format!("...{}", expr(value)),
        RecordEntry::Error { key, .. } => format!("(error{})", optional(" ", key.as_ref(), name)),
    }
}

fn ty(value: &TypeExpr) -> String {
    match value.kind.as_ref() {
        TypeKind::Error => "(error)".to_owned(),
        TypeKind::Named { path: named, args } if args.is_empty() => path(named),
        TypeKind::Named { path: named, args } => format!("{}{}", path(named), list("<", args, ty, ">")),
        TypeKind::Literal(literal) => format!("{literal:?}"),
        TypeKind::Union(types) => group(std::iter::once("|".to_owned()).chain(types.iter().map(ty))),
        TypeKind::Optional(inner) => format!("{}?", ty(inner)),
        TypeKind::Record(attributes) => list("{", attributes, attribute, "}"),
        TypeKind::In(inner, range) => group(["in".to_owned(), ty(inner), expr(range)]),
        TypeKind::Matching(inner, pattern) => group(["matching".to_owned(), ty(inner), text(pattern)]),
        TypeKind::By(inner, keys) => group(["by".to_owned(), ty(inner), list("[", keys, name, "]")]),
    }
}
