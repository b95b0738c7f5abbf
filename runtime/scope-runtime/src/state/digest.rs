//! Short names for values: the same value, the same digest, in every version and on every machine.
//!
//! FNV-1a of 128 bits over the canonical text: enough to notice a change; nothing secret may go in, and nothing relies on
//! it against an attacker. `{"a":1}` → 32 hexadecimal digits.

use scope_plan::eval::value::canonical;
use serde_json::Value;

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The digest of a value, by what it means: the order of a record's fields is nothing.
pub fn digest_of_value(value: &Value) -> String {
    let mut digest = Digest::new();
    digest.update(canonical(value).as_bytes());
    digest.to_hex()
}

/// A digest being made.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u128);

impl Digest {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self(OFFSET)
    }

    /// And of these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// 32 digits.
    pub fn to_hex(self) -> String {
        format!("{:032x}", self.0)
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_values() {
        assert_eq!(Digest::new().to_hex(), "6c62272e07bb014262b821756295c58d");
        let mut digest = Digest::new();
        digest.update(b"a");
        assert_eq!(digest.to_hex(), "d228cb696f1a8caf78912b704e4a8964");
    }

    #[test]
    fn order_of_fields_is_nothing() {
        assert_eq!(digest_of_value(&json!({"a": 1, "b": 2})), digest_of_value(&json!({"b": 2.0, "a": 1})));
        assert_ne!(digest_of_value(&json!({"a": 1})), digest_of_value(&json!({"a": 2})));
    }
}
