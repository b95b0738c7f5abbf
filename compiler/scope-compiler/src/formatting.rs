//! Formatting through the façade: for the command line and for editors.
//!
//! `resource a:t{x:1}` → `resource a: t { x: 1 }`; a text that cannot be read as a whole is not touched: nothing may
//! reorder what is half written.

use scope_diagnostics::{Diagnostic, Diagnostics, FileId, SourceMap};

/// What formatting one file gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Formatted {
    /// The text was read; this is it in the one style of the language.
    Text(String),
    /// It was not: these are the reports.
    Unreadable(Vec<Diagnostic>),
}

/// A program in the one style of the language; `None` where it cannot be read as a whole.
pub fn format(text: &str) -> Option<String> {
    let parsed = scope_syntax::parse(FileId(0), text);
    let is_whole = !parsed.diagnostics.iter().any(Diagnostic::is_error);
    is_whole.then(|| scope_syntax::format(&parsed.module, text))
}

/// The bytes of a file in the one style of the language. The text is added to `sources` under `path`, so that the
/// reports can be shown.
pub fn format_file(path: &str, bytes: &[u8], sources: &mut SourceMap) -> Formatted {
    let file = sources.add(path, String::from_utf8_lossy(bytes));
    let (text, mut reports) = scope_syntax::decode(file, bytes);
    let parsed = scope_syntax::parse(file, &text);
    reports.extend(parsed.diagnostics);
    if reports.iter().any(Diagnostic::is_error) {
        return Formatted::Unreadable(reports.into_iter().collect::<Diagnostics>().finish(sources));
    }
    Formatted::Text(scope_syntax::format(&parsed.module, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_formatted() {
        let mut sources = SourceMap::new();
        assert_eq!(format("let a = ("), None);
        let Formatted::Unreadable(reports) = format_file("a.scope", b"let a = (", &mut sources) else {
            panic!("it is not readable")
        };
        assert_eq!(sources.location(reports[0].primary.span).to_string(), "a.scope:1:9");
        assert!(matches!(
            format_file("b.scope", b"let a = \"\xff\"", &mut sources),
            Formatted::Unreadable(_)
        ));
        let formatted = format_file("c.scope", b"\xEF\xBB\xBFlet a=1\r\n", &mut sources);
        assert_eq!(formatted, Formatted::Text("let a = 1\n".into()));
    }
}
