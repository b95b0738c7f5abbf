//! `bodies::checker` under libFuzzer, beside the files of the examples.
#![no_main]

use std::collections::BTreeMap;
use std::sync::OnceLock;

#[path = "../bodies.rs"]
#[allow(dead_code, reason = "each target uses one of them")]
mod bodies;

static BESIDE: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();

fn beside() -> BTreeMap<String, Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let files = std::fs::read_dir(folder).expect("the examples are there").filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, std::fs::read(path).ok()?))
    });
    files.collect()
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::checker(data, BESIDE.get_or_init(beside)));
