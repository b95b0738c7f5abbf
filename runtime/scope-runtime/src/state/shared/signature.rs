//! Signature version 4: a request's canonical text, hashed, and signed with a key that is good for a day, a region, a service.
//!
//! In: method, path, headers, the digest of the body. Out: `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

const BLOCK: usize = 64;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is signed. Headers are sorted, their names in lower case; the path is encoded.
pub(super) struct Request<'r> {
    pub(super) method: &'r str,
    pub(super) path: &'r str,
    pub(super) query: &'r str,
    pub(super) headers: &'r [(&'r str, &'r str)],
    /// The body's SHA-256, in hexadecimal.
    pub(super) payload: &'r str,
}

/// What it is signed with.
pub(super) struct Key<'k> {
    pub(super) id: &'k str,
    pub(super) secret: &'k str,
    pub(super) region: &'k str,
    pub(super) service: &'k str,
}

/// The header `Authorization`; `moment` is `20130524T000000Z`.
pub(super) fn sign(request: &Request<'_>, key: &Key<'_>, moment: &str) -> String {
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let Request { method, path, query, payload, .. } = request;
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}");
    let day = &moment[..8];
    let scope = format!("{day}/{}/{}/aws4_request", key.region, key.service);
    let to_sign = format!("{ALGORITHM}\n{moment}\n{scope}\n{}", hex_sha256(canonical.as_bytes()));
    let secret = zeroize::Zeroizing::new(format!("AWS4{}", key.secret));
    let parts = [day, key.region, key.service, "aws4_request"];
    let of_the_day = parts.iter().fold(secret.as_bytes().to_vec(), |key, part| hmac(&key, part.as_bytes()));
    let signature = hex(&hmac(&of_the_day, to_sign.as_bytes()));
    format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", key.id)
}

/// SHA-256 in hexadecimal.
pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_of_the_rfc() {
        // RFC 4231, cases 1, 2 and 6 (a key longer than a block).
        let known = [
            (vec![0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, expected) in known {
            assert_eq!(hex(&hmac(&key, message.as_bytes())), expected);
        }
    }

    #[test]
    fn the_published_example() {
        // From the documentation of signature version 4 for objects: GET of `test.txt` with a range.
        let empty = hex_sha256(b"");
        let headers = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", empty.as_str()),
            ("x-amz-date", "20130524T000000Z"),
        ];
        let request =
            Request { method: "GET", path: "/test.txt", query: "", headers: &headers, payload: &empty };
        let key = Key {
            id: "AKIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "s3",
        };
        let signed = sign(&request, &key, "20130524T000000Z");
        let expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert!(signed.ends_with(&format!("Signature={expected}")), "{signed}");
    }
}
