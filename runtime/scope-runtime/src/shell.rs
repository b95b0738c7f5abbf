//! Words of a command line that is printed to be typed.
//!
//! `web` → `web`; `boot["x y"]@nantes` → `'boot["x y"]@nantes'`

use scope_plan::plan::Site;

/// The file that `scope sites` reads where none is named.
const SITES: &str = "sites.scope";

/// The command that asks whether a site answers, by the file that declares it: `scope sites main.scope --check paris`.
pub fn check(site: &Site) -> String {
    let file = match site.origin.file.as_str() {
        SITES => String::new(),
        other => format!(" {}", word(other)),
    };
    format!("scope sites{file} --check {}", word(&site.name))
}

/// A word as a shell takes it.
pub fn word(word: &str) -> String {
    let is_plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/' | '=' | '@' | ',' | '+' | '…')
    };
    let is_plain = !word.is_empty() && word.chars().all(is_plain);
    if is_plain { word.to_string() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
