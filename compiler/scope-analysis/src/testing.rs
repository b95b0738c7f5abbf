//! `test` blocks: each statement is read by its first word, checked, and kept for `scope test`.
//!
//! `cut paris at 1s until 30s` → [`WeatherKind::Cut`] at paris from 1 s on; `expect bse at paris` → E0102, did you mean
//! `base`? What is wrong with a test is found by `scope check`, without anything being played. A plan is made without its tests:
//! what they say of other parameters is no reason to refuse a run.

mod claims;
mod elsewhere;
mod links;
mod outside;
mod reader;
mod truth;
mod weather;

use std::collections::BTreeMap;

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};
use scope_syntax::ast::{self, ItemKind, Line, LineKind, Phrase, Statement};

use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{Test, TestRun, TestStatement, TestStatementKind, Value};
use crate::modules::Modules;
use crate::names::Definition;
use reader::Reader;

/// The first words of statements, each with its form.
const FORMS: [(&str, &str); 18] = [
    ("at", "at paris { $ … }"),
    ("break", "break base at paris"),
    ("concurrently", "concurrently { run, at paris { $ … } }"),
    ("cut", "cut paris at 1s until 30s, cut paris after create of base, cut nantes -- paris"),
    ("delay", "delay create of base at paris by 5s"),
    ("deny", "deny create at paris until 30s"),
    ("destroy", "destroy"),
    ("duplicate", "duplicate create at paris"),
    ("expect", "expect base at paris after 30s, expect base.status == \"active\", expect verdict pending"),
    ("freeze", "freeze paris at 1s until 30s"),
    ("heal", "heal, heal paris at 30s"),
    ("limit", "limit base at paris to 2"),
    ("lose", "lose create at paris, lose 10% at paris"),
    ("ready", "ready base at paris after 10min"),
    ("restart", "restart paris at 1s until 9s, restart paris after create of base"),
    ("run", "run, run at paris, run { replicas: 9 }"),
    ("slow", "slow paris by 500ms"),
    ("unavailable", "unavailable paris until 30s"),
];

/// One more: `wait` is kept apart so that the table stays in order.
const WAIT: (&str, &str) = ("wait", "wait 30s, wait until 1min");

/// The form of a statement.
fn form(word: &str) -> &'static str {
    let known = FORMS.iter().chain([&WAIT]).find(|(name, _)| *name == word);
    known.map_or("", |(_, form)| form)
}

/// Where a statement stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Test,
    /// In `concurrently { … }`.
    Beside,
}

/// A statement of a test or of a block in one.
enum Written<'s> {
    Command(&'s ast::Native),
    Phrase(&'s Phrase),
}

/// What a test did so far, for what may follow.
struct Progress {
    has_run: bool,
    n_snapshots: usize,
    /// One of its runs has other parameters or another entry.
    has_given: bool,
}

impl Context<'_> {
    /// The tests of the program; those of imported files are their own.
    pub fn tests(&self) -> Vec<Test> {
        let (tests, reports) = self.overheard(|| self.tests_of_program());
        self.report_all(elsewhere::once(reports, self.modules));
        tests
    }

    fn tests_of_program(&self) -> Vec<Test> {
        let mut tests: Vec<Test> = Vec::new();
        let mut names: BTreeMap<String, Span> = BTreeMap::new();
        for item in &self.modules.get(Modules::ROOT).tree.items {
            let ItemKind::Test(test) = &item.kind else { continue };
            let name = match self.text(&test.name, &Frame::program()) {
                Value::Text(name) => name,
                _ => test.name.literal().unwrap_or_default(),
            };
            if let Some(first) = names.get(&name) {
                self.report(crate::names::declared_twice(&name, test.name.span, *first));
            }
            names.entry(name.clone()).or_insert(test.name.span);
            let has_given = test.statements.iter().any(|statement| self.is_given(statement));
            let mut progress = Progress { has_run: false, n_snapshots: 0, has_given };
            let mut statements = Vec::new();
            for statement in &test.statements {
                let written = match statement {
                    Statement::Native(native) => Written::Command(native),
                    Statement::Phrase(phrase) => Written::Phrase(phrase),
                    Statement::Error(_) => continue,
                };
                statements.extend(self.test_statement(&written, Place::Test, &mut progress));
            }
            self.check_link_cuts(&statements);
            tests.push(Test { name, statements, span: test.name.span });
        }
        tests
    }

    /// Whether a statement, or one that it holds, is a run of the program with other parameters, or entered elsewhere.
    fn is_given(&self, statement: &Statement) -> bool {
        let is_param = |line: &Line| match &line.kind {
            LineKind::Entry { key, .. } => self.names.get(Modules::ROOT, &key.text).is_some(),
            _ => false,
        };
        let is_given = |phrase: &Phrase| {
            let mut given = phrase.body.iter().flatten();
            phrase.word.text == "run"
                && (given.any(is_param) || phrase.links.iter().any(|link| link.word.text == "at"))
        };
        let Statement::Phrase(phrase) = statement else { return false };
        let mut within = phrase.body.iter().flatten().filter_map(|line| match &line.kind {
            LineKind::Phrase(phrase) => Some(phrase),
            _ => None,
        });
        is_given(phrase) || within.any(is_given)
    }

    fn test_statement(
        &self,
        written: &Written<'_>,
        place: Place,
        progress: &mut Progress,
    ) -> Option<TestStatement> {
        let phrase = match written {
            Written::Command(native) => {
                let deeds = self.deeds(&[native], None, None)?;
                return Some(TestStatement { kind: TestStatementKind::Outside(deeds), span: native.span });
            }
            Written::Phrase(phrase) => *phrase,
        };
        let word = phrase.word.text.as_str();
        let mut reader = Reader::new(self, phrase, progress.has_given);
        let kind = match word {
            "cut" | "freeze" | "restart" | "slow" | "unavailable" | "deny" | "limit" | "lose" | "delay"
            | "duplicate" | "break" | "ready" => self.weather(&mut reader).map(TestStatementKind::Weather),
            "heal" => self.healing(&mut reader),
            "wait" => self.waiting(&mut reader),
            "run" | "destroy" => {
                progress.has_run = true;
                self.test_run(&mut reader).map(TestStatementKind::Run)
            }
            "at" => self.at_site(&mut reader),
            "concurrently" if place == Place::Test => self.concurrently(&mut reader, progress),
            "expect" if place == Place::Test => self
                .claim(&mut reader, progress)
                .map(|(claim, after)| TestStatementKind::Expect(claim, after)),
            "expect" | "concurrently" => {
                self.report(
                    Diagnostic::new(
                        codes::E0851,
                        phrase.word.span,
                        format!("`{word}` stands in a test itself"),
                    )
                    .label("not in `concurrently`")
                    .help("move it behind the block: it is looked at when all of it has ended"),
                );
                return None;
            }
            _ => {
                self.report(unknown_statement(phrase));
                return None;
            }
        };
        let kind = kind?;
        reader.finish();
        Some(TestStatement { kind, span: phrase.span })
    }

    /// `heal`, `heal paris at 30s`.
    fn healing(&self, reader: &mut Reader<'_, '_, '_>) -> Option<TestStatementKind> {
        let sites = match reader.value() {
            None => Vec::new(),
            Some(expr) => self.test_sites(expr)?,
        };
        let at = reader.moment("at")?;
        Some(TestStatementKind::Heal(sites, at))
    }

    /// `wait 30s`, `wait until 1min`.
    fn waiting(&self, reader: &mut Reader<'_, '_, '_>) -> Option<TestStatementKind> {
        if let Some(until) = reader.moment("until")? {
            return Some(TestStatementKind::WaitUntil(until));
        }
        let Some(expr) = reader.value() else {
            reader.wrong("`wait` says how long", "no time");
            return None;
        };
        self.test_duration(expr).map(TestStatementKind::Wait)
    }

    /// `run`, `run at paris { replicas: 9 } until 3s`, `destroy`.
    fn test_run(&self, reader: &mut Reader<'_, '_, '_>) -> Option<TestRun> {
        let mut run = TestRun { is_destroying: reader.word() == "destroy", ..TestRun::default() };
        for expr in reader.links("at") {
            let sites = self.test_sites(expr)?;
            let [site] = sites.as_slice() else {
                reader.wrong_at(expr.span, "a run is entered at one site", "several");
                return None;
            };
            run.entry = Some(*site);
        }
        run.after = reader.moment("after")?;
        run.until = reader.moment("until")?;
        for line in reader.body().unwrap_or_default() {
            let LineKind::Entry { key, value } = &line.kind else {
                if !matches!(line.kind, LineKind::Error) {
                    reader.wrong_at(line.span, "behind `run` stand parameters", "no parameter");
                }
                continue;
            };
            self.check_run_param(key, value);
            run.params.push((key.text.clone(), self.as_written(value.span)));
        }
        Some(run)
    }

    fn check_run_param(&self, key: &ast::Ident, value: &ast::Expr) {
        let frame = Frame::program();
        let found = self.names.get(Modules::ROOT, &key.text).map(|named| named.definition.clone());
        if let Some(Definition::Value(module, item)) = found
            && let ItemKind::Param(param) = &self.item(module, item).kind
        {
            let given = self.eval(value, &frame);
            if let Some(ty) = &param.ty {
                let ty = self.declared_type(ty, module);
                self.check_value(given, &ty, value.span, &key.text);
            }
            return;
        }
        let items = self.modules.get(Modules::ROOT).tree.items.iter();
        let params: Vec<&str> = items
            .filter_map(|item| match &item.kind {
                ItemKind::Param(param) => Some(param.name.text.as_str()),
                _ => None,
            })
            .collect();
        let report =
            Diagnostic::new(codes::E0110, key.span, format!("the program has no parameter `{}`", key.text))
                .label("set here");
        self.report(match similar::nearest(&key.text, params.iter().copied()) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(key.span, nearest)]),
            None if params.is_empty() => report.help(format!("declare it: `param {}: string`", key.text)),
            None => report.help(format!("it has {}", params.join(", "))),
        });
    }

    /// `at paris { $ … }`.
    fn at_site(&self, reader: &mut Reader<'_, '_, '_>) -> Option<TestStatementKind> {
        let Some(expr) = reader.value() else {
            reader.wrong("`at` names a site", "no site");
            return None;
        };
        let sites = self.test_sites(expr)?;
        let after = reader.moment("after")?;
        let Some(body) = reader.body() else {
            reader.wrong("`at` says what is done there", "nothing is done");
            return None;
        };
        let mut commands = Vec::new();
        for line in body {
            match &line.kind {
                LineKind::Native(native) => commands.push(native),
                LineKind::Error => {}
                _ => reader.wrong_at(line.span, "at a site stand commands of its application", "no command"),
            }
        }
        self.deeds(&commands, Some(&sites), after).map(TestStatementKind::Outside)
    }

    /// `concurrently { … }`.
    fn concurrently(
        &self,
        reader: &mut Reader<'_, '_, '_>,
        progress: &mut Progress,
    ) -> Option<TestStatementKind> {
        let Some(body) = reader.body() else {
            reader.wrong("`concurrently` says what happens at once", "nothing happens");
            return None;
        };
        let mut statements = Vec::new();
        let mut runs: Option<Span> = None;
        for line in body {
            let written = match &line.kind {
                LineKind::Native(native) => Written::Command(native),
                LineKind::Phrase(phrase) => Written::Phrase(phrase),
                LineKind::Error => continue,
                _ => {
                    self.report(not_a_statement(line));
                    continue;
                }
            };
            let Some(statement) = self.test_statement(&written, Place::Beside, progress) else { continue };
            if matches!(statement.kind, TestStatementKind::Run(_)) {
                if let Some(first) = runs {
                    self.report(
                        Diagnostic::new(codes::E0852, statement.span, "one run at a time")
                            .label("a second run of this program")
                            .secondary(first, "the first")
                            .note(
                                "runs on one state exclude each other: the second would be refused the lock",
                            )
                            .help("run it behind the block"),
                    );
                    continue;
                }
                runs = Some(statement.span);
            }
            statements.push(statement);
        }
        Some(TestStatementKind::Concurrently(statements))
    }

    /// A part of the text, blanks as they are.
    fn as_written(&self, span: Span) -> String {
        self.sources.borrow().snippet(span).to_string()
    }
}

fn unknown_statement(phrase: &Phrase) -> Diagnostic {
    let word = &phrase.word;
    let report = Diagnostic::new(
        codes::E0851,
        word.span,
        format!("no statement of a test begins with `{}`", word.text),
    )
    .label("not a statement");
    let words = FORMS.iter().chain([&WAIT]).map(|(word, _)| *word);
    match similar::nearest(&word.text, words.clone()) {
        Some(nearest) => report
            .help(format!("did you mean `{nearest}`? as in `{}`", form(nearest)))
            .fix(format!("write `{nearest}`"), vec![Edit::new(word.span, nearest)]),
        None => report.help(format!("statements begin with {}", words.collect::<Vec<_>>().join(", "))),
    }
}

fn not_a_statement(line: &Line) -> Diagnostic {
    Diagnostic::new(codes::E0851, line.span, "expected a statement or a command")
        .label("neither")
        .help("a statement is a phrase such as `cut paris at 1s`, a command begins with `$`")
}
