//! The fuzzers of `fuzz/`, bounded: mutated examples, programs of the reference and plans through the same functions.
//!
//! A fixed number of inputs from a fixed seed, so that a run is the same everywhere; `SCOPE_FUZZ=50` takes fifty times as
//! many, `SCOPE_SEED=7` others. An input that fails is written into the test's folder and named.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::markdown::sections;
use crate::support::{binary, root};

#[path = "../fuzz/bodies.rs"]
mod bodies;

/// Pieces that lexers stumble over.
const PIECES: [&str; 34] = [
    "\"",
    "'",
    "\"\"\"",
    "r#\"",
    "${",
    "$ ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\r\n",
    "\\",
    ",",
    ":",
    ";",
    "->",
    "=>",
    "..",
    "...",
    "--",
    "%",
    "//",
    "///",
    "é",
    "🦀",
    "\u{0}",
    "\u{FEFF}",
    " scope { ",
    " for x in ",
    " if ",
    "999999999999999999999",
];

/// A small generator of our own: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// One seed with up to four things done to it.
fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let bits = numbers.below(9);
        let length = numbers.below(1 << bits).min(bytes.len() - at);
        match numbers.below(6) {
            0 => drop(bytes.drain(at..at + length)),
            1 => {
                let copied = bytes[at..at + length].to_vec();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
            2 => {
                let piece = PIECES[numbers.below(PIECES.len())].as_bytes().to_vec();
                bytes.splice(at..at, piece);
            }
            3 => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len() + 1);
                let taken = numbers.below(200).min(other.len() - from);
                bytes.splice(at..at + length, other[from..from + taken].to_vec());
            }
            4 if at < bytes.len() => bytes[at] = numbers.next() as u8,
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a body over so many inputs.
fn fuzz(name: &str, seeds: &[Vec<u8>], count: u64, body: impl Fn(&[u8])) {
    let count = count * number("SCOPE_FUZZ").unwrap_or(1);
    let first = number("SCOPE_SEED").unwrap_or(1);
    for seed in seeds {
        body(seed);
    }
    for index in 0..count {
        let seed =
            first.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(index.wrapping_mul(0xd1b5_4a32_d192_ed03))
                | 1;
        let input = mutated(seeds, &mut Numbers(seed));
        if catch_unwind(AssertUnwindSafe(|| body(&input))).is_err() {
            let folder = binary::folder(&format!("fuzz-{name}"));
            let path = folder.join(format!("{index}"));
            std::fs::write(&path, &input).expect("writable");
            panic!("{name}: input {index} of seed {first} fails: {}", path.display());
        }
    }
    println!("{name}: {count} inputs from {} seeds", seeds.len());
}

/// The programs of the examples and of the reference.
fn programs() -> Vec<Vec<u8>> {
    let mut programs: BTreeMap<String, Vec<u8>> = beside();
    programs.retain(|name, _| name.ends_with(".scope"));
    for entry in std::fs::read_dir(root().join("tests/spec")).expect("the reference is there") {
        let path = entry.expect("readable").path();
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        for section in sections(&text) {
            for fence in section.fences.into_iter().filter(|fence| fence.info == "scope") {
                programs.insert(format!("{} {}", path.display(), fence.line), fence.text.into_bytes());
            }
        }
    }
    programs.into_values().collect()
}

/// The files of the examples.
fn beside() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("examples")).expect("the examples are there") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
    files
}

#[test]
fn lexer() {
    fuzz("lexer", &programs(), 3_000, bodies::lexer);
}

#[test]
fn parser() {
    fuzz("parser", &programs(), 3_000, bodies::parser);
}

#[test]
fn formatter() {
    fuzz("formatter", &programs(), 3_000, bodies::formatter);
}

#[test]
fn checker() {
    let beside = beside();
    // The seeds themselves are checked by the reference and the examples.
    let small: Vec<Vec<u8>> = programs().into_iter().filter(|text| text.len() < 4_000).step_by(9).collect();
    fuzz("checker", &small, 60, |data| bodies::checker(data, &beside));
}

#[test]
fn plan_json() {
    let plans: Vec<Vec<u8>> = [scope_plan::testing::borrowed()]
        .iter()
        .map(|plan| scope_plan::json::to_json(plan).into_bytes())
        .collect();
    fuzz("plan_json", &plans, 2_000, bodies::plan_json);
}
