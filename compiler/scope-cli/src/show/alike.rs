//! What failed alike at many sites, or for many elements of a family, is told once.
//!
//! Sixty reports `edge-7 is unreachable` of one line → the first one, with `the same at edge-1, edge-2 … edge-59 (59 sites)`.

use std::collections::HashMap;

use scope_diagnostics::{Code, Diagnostic, Span};
use scope_plan::expr::Expr;
use scope_plan::fleet;
use scope_plan::plan::Site;
use serde_json::Value;

/// At most so many are named that are not told apart by their sites.
const MOST: usize = 4;

/// A report, and what is its own in it.
pub struct Failed<'a> {
    /// What is told.
    pub report: Diagnostic,
    /// Where it failed.
    pub site: &'a Site,
    /// What failed, as it is told; empty where it is the site itself.
    pub name: &'a str,
}

/// What reports have in common that differ by site and name only.
#[derive(PartialEq, Eq, Hash)]
struct Likeness {
    code: Code,
    span: Span,
    words: Vec<String>,
}

/// The reports in their order, those that are alike with the first of them where they are no fewer than [`fleet::FEW`].
pub fn told_once(failed: Vec<Failed<'_>>) -> Vec<Diagnostic> {
    let mut alike: HashMap<Likeness, Vec<usize>> = HashMap::new();
    for (position, one) in failed.iter().enumerate() {
        alike.entry(likeness(one)).or_default().push(position);
    }
    let mut told: Vec<Option<Diagnostic>> = failed.iter().map(|one| Some(one.report.clone())).collect();
    for group in alike.into_values().filter(|group| group.len() >= fleet::FEW) {
        let (first, others) = group.split_first().expect("it is no fewer than some");
        let others: Vec<&Failed<'_>> = others.iter().map(|other| &failed[*other]).collect();
        let words = elsewhere(&failed[*first], &others);
        for position in &group {
            let report = told[*position].take().filter(|_| position == first);
            told[*position] = report.map(|report| report.note(words.clone()));
        }
    }
    told.into_iter().flatten().collect()
}

/// Where else it is the same: by site, and by name where several are at one site.
fn elsewhere(first: &Failed<'_>, others: &[&Failed<'_>]) -> String {
    let mut sites: Vec<&str> = others.iter().map(|one| one.site.name.as_str()).collect();
    sites.dedup();
    if sites.len() == others.len() && sites[0] != first.site.name {
        return format!("the same at {}", fleet::listed(&sites));
    }
    let named = others.iter().take(MOST).map(|one| format!("`{}` at {}", one.name, one.site.name));
    let named = named.collect::<Vec<_>>().join(", ");
    match others.len().saturating_sub(MOST) {
        0 => format!("the same of {named}"),
        more => format!("the same of {named} and {more} more"),
    }
}

/// A report without the names and addresses of its site, and without its own name.
fn likeness(failed: &Failed<'_>) -> Likeness {
    let report = &failed.report;
    let addresses: Vec<&str> = failed
        .site
        .settings
        .values()
        .flat_map(|settings| settings.values())
        .filter_map(|setting| match setting {
            Expr::Value(Value::String(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let hidden = |text: &String| {
        let named = fleet::hide(text, failed.name);
        let named = addresses.iter().fold(named, |text, address| fleet::hide(&text, address));
        fleet::hide(&named, &failed.site.name)
    };
    let texts = [&report.message, &report.primary.text];
    let texts = texts.into_iter().chain(&report.notes).chain(&report.help);
    Likeness { code: report.code, span: report.primary.span, words: texts.map(hidden).collect() }
}
