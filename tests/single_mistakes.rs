//! One mistake, one report: each rule of `rules` makes its mistake, one at a time, in the examples and in the programs of the
//! reference, and what `scope check` says is counted. It never panics, says of every mistake one thing but for those of
//! [`TWO`], and says it on the line of the mistake.
//!
//! A fixed sample, the same in every run; `SCOPE_MISTAKES=20` takes twenty mistakes of each rule and program, and prints what is
//! told more than once or elsewhere; nothing is demanded of that one but that it does not panic.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use scope_compiler::Compilation;
use scope_diagnostics::{Label, Span};

use programs::Program;
use rules::{Mistake, RULES};
use words::Text;

#[path = "single_mistakes/programs.rs"]
pub(crate) mod programs;
#[path = "single_mistakes/rules.rs"]
mod rules;
#[path = "single_mistakes/words.rs"]
mod words;

/// What is really two things to a reader: the rule, the program, what is told, and why.
const TWO: &[(&str, &str, &str, &str)] = &[
    (
        "another operator in a scope",
        "two-clouds.scope",
        "E0212 E0854 W0344",
        "where the scope puts `base` now is allowed, and not where a test reads and expects it",
    ),
    (
        "an import left out",
        "25-waves-and-quorum A first run makes all of it at once",
        "E0102",
        "two names, and nothing says any more that they were imported together",
    ),
];

/// What was counted of the mistakes in some programs.
#[derive(Default)]
struct Counted {
    tried: usize,
    /// Right all the same: a word of a text, a trailing comma.
    silent: usize,
    /// On whose line the first report points.
    placed: usize,
    /// By rule, program and codes, what was said in several reports.
    several: BTreeMap<(&'static str, String, String), Vec<String>>,
    /// By rule, what was said elsewhere.
    elsewhere: BTreeMap<&'static str, Vec<String>>,
    panics: Vec<String>,
}

impl Counted {
    /// Makes some mistakes of each rule that `takes`.
    fn of(programs: &[Program], n_each: usize, takes: impl Fn(&Program, usize) -> bool) -> Counted {
        let n_each = asked().unwrap_or(n_each);
        let mut counted = Counted::default();
        for program in programs {
            let right = program.compile(program.text());
            if !right.diagnostics.is_empty() {
                continue;
            }
            let text = Text::new(program.text(), &program.entry, &right);
            for (index, (name, rule)) in RULES.iter().enumerate() {
                if !takes(program, index) && asked().is_none() {
                    continue;
                }
                let mistakes = rule(&text);
                let n_taken = n_each.min(mistakes.len());
                let first = program.number() + index;
                for taken in 0..n_taken {
                    let place = (taken * mistakes.len() / n_taken + first) % mistakes.len();
                    counted.make(program, name, &mistakes[place]);
                }
            }
        }
        counted
    }

    fn make(&mut self, program: &Program, rule: &'static str, mistake: &Mistake) {
        let right = program.text();
        let mut wrong = right.to_string();
        wrong.replace_range(mistake.at.clone(), &mistake.written);
        let first_line = line(&wrong, mistake.at.start);
        let last_line = line(&wrong, mistake.at.start + mistake.written.len());
        let what = format!(
            "{rule}: {:?} as {:?} in {}:{first_line}",
            &right[mistake.at.clone()],
            mistake.written,
            program.title
        );
        self.tried += 1;
        let Ok(compilation) = catch_unwind(AssertUnwindSafe(|| program.compile(&wrong))) else {
            self.panics.push(what);
            return;
        };
        let Some(first) = compilation.diagnostics.first() else {
            self.silent += 1;
            return;
        };
        let is_on_line = |span: Span| {
            compilation.sources.try_get(span.file).is_some_and(|file| file.path() == program.entry)
                && line(&wrong, span.start as usize) <= last_line
                && line(&wrong, span.end as usize) >= first_line
        };
        let said = format!("{what}\n{}", said(&compilation));
        let mut labels = std::iter::once(&first.primary).chain(&first.secondary);
        if labels.any(|label: &Label| is_on_line(label.span)) {
            self.placed += 1;
        } else {
            self.elsewhere.entry(rule).or_default().push(said.clone());
        }
        if compilation.diagnostics.len() > 1 {
            let mut codes: Vec<&str> =
                compilation.diagnostics.iter().map(|report| report.code.as_str()).collect();
            codes.sort_unstable();
            codes.dedup();
            self.several.entry((rule, program.title.clone(), codes.join(" "))).or_default().push(said);
        }
    }

    fn n_several(&self) -> usize {
        self.several.values().map(Vec::len).sum()
    }

    /// Prints the figures, and what is behind them where it was asked for.
    fn print(&self, name: &str) {
        let n_told = self.tried - self.silent;
        println!(
            "{name}: {} mistakes, {} of them silent; of {n_told}, {} in several reports, {} on their line",
            self.tried,
            self.silent,
            self.n_several(),
            self.placed
        );
        if asked().is_some() {
            for ((rule, title, codes), said) in &self.several {
                println!("── several, {rule}, {title}, {codes}: {}\n{}", said.len(), said.join("\n"));
            }
            for (rule, said) in &self.elsewhere {
                println!("── elsewhere, {rule}: {}\n{}", said.len(), said.join("\n"));
            }
        }
    }
}

fn said(compilation: &Compilation) -> String {
    scope_diagnostics::render::short(&compilation.diagnostics, &compilation.sources)
}

fn asked() -> Option<usize> {
    std::env::var("SCOPE_MISTAKES").ok().and_then(|text| text.parse().ok())
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Nothing ends in a panic; nothing is told in several reports but what is listed, and all that is listed is; of a hundred mistakes
/// at least so many are told on their line.
fn check(counted: &Counted, is_of: fn(&str) -> bool, n_placed: usize) {
    assert!(counted.panics.is_empty(), "\n{}", counted.panics.join("\n"));
    if asked().is_some() {
        return;
    }
    let is_told = |listed: &(&str, &str, &str, &str)| {
        counted.several.contains_key(&(listed.0, listed.1.to_owned(), listed.2.to_owned()))
    };
    let idle: Vec<_> = TWO.iter().filter(|listed| is_of(listed.1) && !is_told(listed)).collect();
    assert!(idle.is_empty(), "told once by now, and to be taken off the list: {idle:#?}");
    let listed = |rule: &str, title: &str, codes: &str| {
        TWO.iter().any(|listed| (listed.0, listed.1, listed.2) == (rule, title, codes))
    };
    let left = counted.several.iter().filter(|((rule, title, codes), _)| !listed(rule, title, codes));
    let left: Vec<String> = left.flat_map(|(_, said)| said.clone()).collect();
    assert!(left.is_empty(), "{} told in several reports:\n{}", left.len(), left.join("\n"));
    let n_told = counted.tried - counted.silent;
    assert!(
        counted.placed * 100 >= n_told * n_placed,
        "only {} of {n_told} are on their line",
        counted.placed
    );
}

#[test]
fn of_the_examples() {
    let counted = Counted::of(&programs::of_the_examples(), 2, |_, _| true);
    counted.print("examples");
    assert!(counted.tried >= 900, "the rules find too few places: {}", counted.tried);
    check(&counted, |title| title.ends_with(".scope"), 90);
}

/// Each program with every ninth rule, another one for the next program.
#[test]
fn of_the_reference() {
    let programs = programs::of_the_reference();
    let counted = Counted::of(&programs, 1, |program, rule| (program.number() + rule).is_multiple_of(9));
    counted.print("reference");
    assert!(counted.tried >= 400, "the rules find too few places: {}", counted.tried);
    check(&counted, |title| !title.ends_with(".scope"), 90);
}
