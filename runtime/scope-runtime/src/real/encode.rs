//! Two encodings of bytes as text: percent-encoding of one path segment or query value, and base64.
//!
//! `"a b/c"` → `"a%20b%2Fc"`.

use std::fmt::Write as _;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Everything but letters, digits and `-._~` as `%XX`.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte as char);
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    encoded
}

/// What is constant of the base64 of any text that holds `bytes`, for each of the three places modulo 3.
pub(super) fn base64_parts(bytes: &[u8]) -> Vec<String> {
    (0..3)
        .map(|n_before| {
            let mut padded = vec![0; n_before];
            padded.extend_from_slice(bytes);
            let encoded = base64(&padded);
            // Characters that also depend on the bytes before or after are not constant.
            let start = [0, 2, 3][n_before];
            let end = encoded.len() - usize::from(!padded.len().is_multiple_of(3));
            encoded[start..end].to_owned()
        })
        .collect()
}

/// Base64 as most have it.
pub(crate) fn base64_padded(bytes: &[u8]) -> String {
    let mut encoded = base64(bytes);
    encoded.extend(std::iter::repeat_n('=', (4 - encoded.len() % 4) % 4));
    encoded
}

/// The bytes of such a text; nothing where it is none.
pub(crate) fn base64_decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let mut joined = 0_u32;
        for digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            joined = joined << 6 | u32::from(value);
        }
        joined <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&joined.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

/// Base64 without padding.
fn base64(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let joined =
            group.iter().fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
        for index in 0..=group.len() {
            encoded.push(BASE64[(joined >> (18 - 6 * index)) as usize & 63] as char);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes() {
        assert_eq!(base64(b"Man"), "TWFu");
        assert_eq!(base64(b"Ma"), "TWE");
        assert_eq!(base64(b"M"), "TQ");
        for text in ["", "a", "ab", "abc", "abcd", "\u{fe}\u{ff}?>~"] {
            assert_eq!(base64_decoded(&base64_padded(text.as_bytes())).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(base64_padded(b"M"), "TQ==");
        assert_eq!(base64_decoded("T"), None);
        assert_eq!(base64_decoded("T Q="), None);
        assert_eq!(percent_encode("a b/c€~"), "a%20b%2Fc%E2%82%AC~");
    }
}
