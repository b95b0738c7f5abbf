//! Bytes of a file to text.
//!
//! `b"a\xff"` → `"a\u{FFFD}"` and one report.

use scope_diagnostics::{Diagnostic, FileId, Span, codes};

/// The text of these bytes. What is not UTF-8 becomes U+FFFD, with one report at the first such byte.
#[must_use]
pub fn decode(file: FileId, bytes: &[u8]) -> (String, Vec<Diagnostic>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), vec![]),
        Err(error) => {
            let start = error.valid_up_to() as u32;
            let span = Span::new(file, start, start + '\u{FFFD}'.len_utf8() as u32);
            let byte = bytes[error.valid_up_to()];
            let report = Diagnostic::new(codes::E0006, span, format!("the byte 0x{byte:02X} is not UTF-8"))
                .label("shown as U+FFFD")
                .help("save the file as UTF-8");
            (String::from_utf8_lossy(bytes).into_owned(), vec![report])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_reported_once() {
        assert_eq!(decode(FileId(0), "é".as_bytes()), ("é".to_owned(), vec![]));
        let (text, reports) = decode(FileId(0), b"a\xff\xfe b");
        assert_eq!((text.as_str(), reports.len()), ("a\u{FFFD}\u{FFFD} b", 1));
    }
}
