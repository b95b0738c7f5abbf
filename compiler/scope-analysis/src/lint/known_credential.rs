//! A token of a well-known service, or a private key, anywhere in a program or in the data it reads: whoever reads the file has it.
//!
//! `// deployed with ghp_…` → W0325. The report shows where, and nothing of it.

use scope_diagnostics::{Code, Diagnostic, Span, codes, credentials};

use super::{Input, reports::Reports};

/// What says of the same words that they are secret.
const SAID: [Code; 2] = [codes::W0324, codes::W0325];

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for file in input.sources.iter().filter(|file| !file.path().starts_with("std:")) {
        for found in credentials::find(file.text()) {
            let span = Span::new(file.id(), found.range.start as u32, found.range.end as u32);
            if reports.covers(&SAID, span) {
                continue;
            }
            reports.push(
                Diagnostic::new(codes::W0325, span, format!("this looks like {}", found.kind))
                    .label("readable by everyone who reads this file, now or in its history")
                    .help("have it revoked, and read another one with `secret(\"NAME\")`"),
            );
        }
    }
}
