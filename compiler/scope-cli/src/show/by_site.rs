//! What is to be told of resources, by site; sites of which the same is told stand together.
//!
//! ```text
//! edge00, edge01 … edge39 (40 sites)                          rtt 1-30 ms
//!   + network  net[…]
//! ```

use std::fmt::Write;

use scope_plan::fleet::{Folded, fold, listed};
use scope_plan::plan::{Plan, SiteId};

/// One thing told of a site.
pub struct Line {
    /// `+`, `=`.
    pub sign: &'static str,
    /// `server`
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What else there is to say.
    pub why: String,
}

/// Each site of the plan that has lines, in the plan's order, after an empty line. `all` tells every site by itself.
pub fn by_site(plan: &Plan, all: bool, mut lines_of: impl FnMut(SiteId) -> Vec<Line>) -> String {
    let mut told = Vec::new();
    for (index, site) in plan.sites.iter().enumerate() {
        let rows: Vec<Vec<String>> = lines_of(SiteId(index as u32))
            .into_iter()
            .map(|line| vec![line.sign.to_string(), line.kind, line.name, line.why])
            .collect();
        if !rows.is_empty() {
            told.push((site.name.as_str(), rows));
        }
    }
    let groups: Vec<Folded<'_>> = match all {
        true => told.into_iter().map(|(name, rows)| Folded { sites: vec![name], rows }).collect(),
        false => fold(told),
    };
    let width = |column: usize| {
        let cells = groups.iter().flat_map(|group| &group.rows).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).min(32)
    };
    let (signs, kinds, names) = (width(0), width(1), width(2));
    let mut text = String::new();
    for group in &groups {
        let _ = writeln!(text, "\n{}", heading(plan, &group.sites));
        for row in &group.rows {
            let line = format!("  {:<signs$} {:<kinds$}  {:<names$}  {}", row[0], row[1], row[2], row[3]);
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// `CloudOne            rtt 1 ms`
fn heading(plan: &Plan, names: &[&str]) -> String {
    let entry = plan.program.entry;
    let rtts = plan.sites.iter().enumerate().filter(|(_, site)| names.contains(&site.name.as_str()));
    let rtts: Vec<u64> = rtts
        .filter_map(|(index, _)| round_trip(plan, entry?, SiteId(index as u32)))
        .map(|rtt| (rtt as f64 / 1000.0).round() as u64)
        .collect();
    let names = listed(names);
    match (rtts.iter().min(), rtts.iter().max()) {
        (Some(least), Some(most)) if least == most => format!("{names:<58}  rtt {least} ms"),
        (Some(least), Some(most)) => format!("{names:<58}  rtt {least}-{most} ms"),
        _ => names,
    }
}

fn round_trip(plan: &Plan, from: SiteId, to: SiteId) -> Option<u64> {
    plan.links
        .iter()
        .filter(|link| (link.from == from && link.to == to) || (link.from == to && link.to == from))
        .filter_map(|link| link.rtt_us)
        .min()
}
