//! The codes, one constant for each page in `codes/`, and the pages themselves.
//!
//! Comes in: `codes/E0203.md`, made into constants by the build script. Goes out: `codes::E0203`, and its [`Page`] for
//! `scope explain` and for the test that runs every example.
//!
//! ```
//! use scope_diagnostics::codes;
//!
//! assert_eq!(codes::find("e0203"), Some(codes::E0203));
//! assert_eq!(codes::E0203.page().title, "unknown attribute");
//! ```

mod page;

use crate::{Severity, similar};
use serde::{Serialize, Serializer};

pub use page::{Example, ExampleFile, Expectation, Page};

include!(concat!(env!("OUT_DIR"), "/codes.rs"));

/// The name of a kind of report, such as `E0203`. Only codes that have a page exist. Ordered as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    const fn of_page(code: &'static str) -> Code {
        Code(code)
    }

    /// The text, such as `E0203`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The weight its letter says: `E` an error, `W` a warning.
    #[must_use]
    pub const fn severity(self) -> Severity {
        if self.0.as_bytes()[0] == b'W' { Severity::Warning } else { Severity::Error }
    }

    /// What it is about, in a few words: the first line of its page after the code.
    #[must_use]
    pub fn title(self) -> &'static str {
        page::title(self.markdown())
    }

    /// Its page, parsed.
    #[must_use]
    pub fn page(self) -> Page {
        Page::parse(self, self.markdown())
    }

    /// Its page as it is written.
    #[must_use]
    pub fn markdown(self) -> &'static str {
        let index = PAGES.binary_search_by_key(&self, |&(code, _)| code);
        PAGES[index.expect("a code is only made from a page, and pages are sorted")].1
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// Every code, sorted.
pub fn all() -> impl ExactSizeIterator<Item = Code> {
    PAGES.iter().map(|&(code, _)| code)
}

/// The code of this name, in any case.
#[must_use]
pub fn find(name: &str) -> Option<Code> {
    all().find(|code| code.0.eq_ignore_ascii_case(name))
}

/// The code a misspelt name most likely stands for; the digits alone are enough (`203`, `0203`). A code as codes are written,
/// which there is not, stands for none: one of which a digit differs is about something else.
#[must_use]
pub fn nearest(name: &str) -> Option<Code> {
    let name = name.trim();
    let digits = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    if !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let padded = format!("{digits:0>4}");
        if let Some(code) = all().find(|code| code.0[1..] == padded) {
            return Some(code);
        }
        if digits.len() == 4 {
            return None;
        }
    }
    similar::nearest(name, all().map(Code::as_str)).and_then(find)
}
