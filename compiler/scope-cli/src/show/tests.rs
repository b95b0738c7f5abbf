//! Results of `scope test`: a row a test, misses as compile errors, a last line; the same as JSON and as JUnit XML.
//!
//! `ok      Paris is cut off while the image is being replicated      30.0 s, 2 runs, 2 claims`

use std::fmt::Write;
use std::time::Duration;

use scope_compiler::Compilation;
use scope_diagnostics::{Diagnostic, SourceMap};
use scope_plan::scenario::Scenario;
use scope_runtime::scenario::Miss;
use serde_json::json;

use super::failure::{code, span_of};
use crate::commands::TestResult as Result;

/// `examples/two-clouds.scope:30: Paris is cut off`
pub fn listed(path: &str, scenario: &Scenario) -> String {
    format!("{path}:{}: {}", scenario.origin.line, scenario.name)
}

/// One test in one line. Times are virtual, so that the line is the same everywhere.
pub fn row(result: &Result, seeds: u64) -> String {
    let word = if result.is_passed() { "ok    " } else { "FAILED" };
    let played = &result.played;
    let took = super::seconds(played.millis);
    let of = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let mut row = format!(
        "{word}  {}  ({took}, {}, {})",
        result.name,
        of(played.n_runs, "run"),
        of(played.n_claims, "claim")
    );
    if !result.is_passed() && seeds > 1 {
        let _ = write!(row, "  seed {}", result.seed);
    }
    row
}

/// What did not hold, as reports.
pub fn reports(result: &Result, seeds: u64, sources: &SourceMap) -> Vec<Diagnostic> {
    let misses = result.played.misses.iter().map(|miss| report(miss, sources));
    let mut reports: Vec<Diagnostic> = misses.collect();
    if seeds > 1
        && let Some(last) = reports.last_mut()
    {
        last.notes.push(format!("under seed {}", result.seed));
        last.help.push(format!(
            "play it alone: `scope test {} --filter \"{}\" --seed {}`",
            result.file, result.name, result.seed
        ));
    }
    reports
}

fn report(miss: &Miss, sources: &SourceMap) -> Diagnostic {
    let span = span_of(&miss.origin, sources);
    let mut report = Diagnostic::new(code(miss.code), span, miss.message.clone()).label(miss.label.clone());
    for note in &miss.notes {
        report = report.note(note.clone());
    }
    for help in &miss.help {
        report = report.help(help.clone());
    }
    report
}

/// `5 tests: 4 hold, 1 does not`
pub fn summary(results: &[Result], seed: u64, seeds: u64, n_wrong: usize, wall: Option<Duration>) -> String {
    let failed = results.iter().filter(|result| !result.is_passed()).count();
    let tests = if results.len() == 1 { "1 test".to_string() } else { format!("{} tests", results.len()) };
    let mut text = match (failed, n_wrong) {
        (0, 0) => format!("ok: {tests} passed"),
        (0, _) => format!("{tests} passed"),
        (failed, _) => format!("{failed} of {tests} failed"),
    };
    if n_wrong > 0 {
        let programs =
            if n_wrong == 1 { "1 program has".to_string() } else { format!("{n_wrong} programs have") };
        text = format!("{programs} errors, so its tests were not played; {text}");
    }
    if seeds > 1 {
        let _ = write!(text, ", each under seeds {seed} to {}", seed.wrapping_add(seeds - 1));
    }
    if let Some(wall) = wall {
        let _ = write!(text, " in {:.2} s", wall.as_secs_f64());
    }
    text
}

/// The results for programs.
pub fn json(results: &[Result]) -> serde_json::Value {
    let tests: Vec<_> = results
        .iter()
        .map(|result| {
            let misses: Vec<_> = result
                .played
                .misses
                .iter()
                .map(|miss| {
                    json!({
                        "code": miss.code,
                        "file": miss.origin.file,
                        "line": miss.origin.line,
                        "column": miss.origin.column,
                        "at_us": miss.at_us,
                        "message": miss.message,
                        "notes": miss.notes,
                        "help": miss.help,
                    })
                })
                .collect();
            json!({
                "file": result.file,
                "line": result.line,
                "name": result.name,
                "passed": result.is_passed(),
                "seed": result.seed,
                "virtual_ms": result.played.millis,
                "took_us": result.took_us,
                "runs": result.played.n_runs,
                "claims": result.played.n_claims,
                "misses": misses,
            })
        })
        .collect();
    let failed = results.iter().filter(|result| !result.is_passed()).count();
    json!({ "passed": results.len() - failed, "failed": failed, "tests": tests })
}

/// A program with errors: its tests are not played.
pub struct Wrong {
    /// Its file.
    file: String,
    /// The code of the first error, and what it says.
    first: (String, String),
    /// Every error with its place, a line each.
    errors: Vec<String>,
}

impl Wrong {
    /// Of a program that does not compile.
    pub fn of(file: &str, compilation: &Compilation) -> Wrong {
        let sources = &compilation.sources;
        let line = |report: &Diagnostic| match sources.try_get(report.primary.span.file) {
            Some(source) if !report.primary.span.is_dummy() => {
                let at = sources.line_column(report.primary.span);
                format!("{}:{}:{}: {}: {}", source.path(), at.line, at.column, report.code, report.message)
            }
            _ => format!("{}: {}", report.code, report.message),
        };
        let errors: Vec<&Diagnostic> =
            compilation.diagnostics.iter().filter(|report| report.is_error()).collect();
        let first = errors.first().map(|first| (first.code.to_string(), first.message.clone()));
        Wrong {
            file: file.to_string(),
            first: first.unwrap_or_default(),
            errors: errors.into_iter().map(line).collect(),
        }
    }

    /// A suite of one case that is not played.
    fn suite(&self) -> String {
        let Wrong { file, first: (code, message), errors } = self;
        let (file, message) = (escaped(file), escaped(message));
        format!(
            "  <testsuite name=\"{file}\" tests=\"1\" failures=\"0\" errors=\"1\" time=\"0.000000\">\n    \
             <testcase classname=\"{file}\" name=\"the program compiles\" file=\"{file}\" line=\"1\" time=\"0.000000\">\n      \
             <error type=\"{code}\" message=\"{message}\">{}</error>\n    </testcase>\n  </testsuite>\n",
            escaped(&errors.join("\n"))
        )
    }
}

/// The results as JUnit XML: a suite a file; one of a program with errors has a case that says so.
pub fn junit(results: &[Result], wrong: &[Wrong]) -> String {
    let seconds = |us: u64| us as f64 / 1_000_000.0;
    let failed = results.iter().filter(|result| !result.is_passed()).count();
    let all: u64 = results.iter().map(|result| result.took_us).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"scope test\" tests=\"{}\" failures=\"{failed}\" errors=\"{}\" time=\"{:.6}\">",
        results.len() + wrong.len(),
        wrong.len(),
        seconds(all)
    );
    let mut rest = results;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|result| result.file == first.file).count();
        let (suite, others) = rest.split_at(count);
        rest = others;
        let failed = suite.iter().filter(|result| !result.is_passed()).count();
        let time: u64 = suite.iter().map(|result| result.took_us).sum();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{count}\" failures=\"{failed}\" errors=\"0\" time=\"{:.6}\">",
            escaped(&first.file),
            seconds(time)
        );
        for result in suite {
            let _ = write!(
                xml,
                "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6}\"",
                escaped(&first.file),
                escaped(&result.name),
                escaped(&first.file),
                result.line,
                seconds(result.took_us)
            );
            if result.is_passed() {
                xml.push_str("/>\n");
                continue;
            }
            xml.push_str(">\n");
            for miss in &result.played.misses {
                let _ = writeln!(
                    xml,
                    "      <failure type=\"{}\" message=\"{}\">{}:{}:{} (seed {})\n{}</failure>",
                    miss.code,
                    escaped(&miss.message),
                    escaped(&miss.origin.file),
                    miss.origin.line,
                    miss.origin.column,
                    result.seed,
                    escaped(&miss.notes.join("\n"))
                );
            }
            xml.push_str("    </testcase>\n");
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.extend(wrong.iter().map(Wrong::suite));
    xml.push_str("</testsuites>\n");
    xml
}

/// A text in XML. Signs that XML 1.0 cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'.. => escaped.push(letter),
            _ => {}
        }
    }
    escaped
}
