//! Whether the draft of a driver is still as it was drafted: a draft is for a person to add to, and what was added is not to be lost.
//!
//! `//! As drafted: 3f09…` at its head is the digest of all other lines.

use scope_plan::digest::sha256_hex;

/// What stands before the digest.
const SEAL: &str = "//! As drafted: ";

/// So much of a digest tells one text from another that a person made of it.
const DIGITS: usize = 16;

/// A draft with the digest of its text, behind the lines at its head.
pub fn sealed(text: &str) -> String {
    let head = text.lines().take_while(|line| line.starts_with("//!")).count();
    let seal = format!("{SEAL}{}", digest(text));
    let lines = text.lines().take(head).chain(["//!", seal.as_str()]).chain(text.lines().skip(head));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Whether a file is a draft that nobody changed.
pub fn is_as_drafted(text: &str) -> bool {
    let Some(at) = text.lines().position(|line| line.starts_with(SEAL)) else { return false };
    let rest: Vec<&str> =
        text.lines().enumerate().filter(|(n, _)| *n != at && n + 1 != at).map(|(_, line)| line).collect();
    text.lines().nth(at).and_then(|line| line.strip_prefix(SEAL)) == Some(digest(&rest.join("\n")).as_str())
}

fn digest(text: &str) -> String {
    let mut digest = sha256_hex(text.trim_end().as_bytes());
    digest.truncate(DIGITS);
    digest
}

#[cfg(test)]
mod tests {
    use super::{is_as_drafted, sealed};

    #[test]
    fn a_draft_is_as_drafted_until_a_line_of_it_changes() {
        let draft = sealed("//! A driver.\n//!\n//! `scope driver import a.yaml`\n\ndriver a {\n}\n");
        assert!(is_as_drafted(&draft), "{draft}");
        assert!(!is_as_drafted(&draft.replace("driver a {", "driver a {\n    site { url: string }")));
        assert!(!is_as_drafted("driver a {\n}\n"));
    }
}
