//! Values that a site would give and nobody has written: ids, times, counts, first words of enums.
//!
//! In go a seed and what the value is for, out comes always the same value: `id` of the first book at Nantes →
//! `"3f0c1a52-9b1e-4d77-8a04-5e1c9f2b7d60"`. Nothing here knows an application, only names and types.

use scope_plan::driver::Type;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::clock::{Moment, timestamp};

/// What a value is made up for; all of it goes into the value.
pub(super) struct Occasion<'a> {
    /// The simulation's seed.
    pub(super) seed: u64,
    /// The site's name.
    pub(super) site: &'a str,
    /// `shelf.book`
    pub(super) resource_type: &'a str,
    /// What tells this resource from others: its identity, or the key of the step that creates it.
    pub(super) subject: &'a str,
    /// The virtual time.
    pub(super) at: Moment,
}

impl Occasion<'_> {
    /// 32 bytes that depend on the occasion and the name.
    pub(super) fn bytes(&self, name: &str) -> [u8; 32] {
        digest(&[&self.seed.to_string(), self.site, self.resource_type, self.subject, name])
    }

    /// An identity of the type: a UUID for texts, a number for numbers.
    pub(super) fn identity(&self, ty: &Type, ordinal: u64) -> Value {
        match super::types::inner(ty) {
            Type::Int | Type::Float => Value::from(ordinal + 1),
            _ => Value::String(uuid(&self.bytes(&format!("identity {ordinal}")))),
        }
    }

    /// A value of the type for the attribute or field called `name`.
    ///
    /// Optional ones stay `null` unless their name says what they are: a site that has nothing to tell tells nothing.
    pub(super) fn value(&self, ty: &Type, name: &str) -> Value {
        match ty {
            Type::Any | Type::Named(_) | Type::Bytes | Type::Reference(_) => Value::Null,
            Type::Optional(inner) if matches!(**inner, Type::String) => {
                self.telling_text(name).map_or(Value::Null, Value::String)
            }
            Type::Optional(_) => Value::Null,
            Type::String => Value::String(
                self.telling_text(name).unwrap_or_else(|| format!("{name}-{}", &hex(&self.bytes(name))[..8])),
            ),
            Type::Int | Type::Quantity | Type::NumberOrText => Value::from(1 + self.bytes(name)[0] % 16),
            Type::Float => Value::from(f64::from(1 + self.bytes(name)[0] % 16)),
            Type::Bool => Value::Bool(false),
            Type::Enum(words) => words.first().cloned().map_or(Value::Null, Value::String),
            Type::List(_) | Type::Sequence(_) | Type::Keyed { .. } => Value::Array(Vec::new()),
            Type::Map(_) => Value::Object(Map::new()),
            Type::Record(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(field, ty)| (field.clone(), self.value(ty, &format!("{name}.{field}"))))
                    .collect(),
            ),
        }
    }

    /// A text where the name says what kind of text it is.
    fn telling_text(&self, name: &str) -> Option<String> {
        let word = name.rsplit('.').next().unwrap_or(name).to_lowercase();
        let bytes = self.bytes(name);
        let is = |endings: &[&str]| {
            endings.iter().any(|ending| word == *ending || word.ends_with(&format!("_{ending}")))
        };
        if is(&["at", "created", "updated", "timestamp", "time", "date"]) || word.ends_with("timestamp") {
            return Some(timestamp(self.at));
        }
        if is(&["id", "uuid", "uid"]) || word.ends_with("uid") {
            return Some(uuid(&bytes));
        }
        if is(&["fingerprint"]) {
            return Some(bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"));
        }
        if is(&["checksum", "digest", "hash", "etag", "sha256", "md5"]) {
            return Some(hex(&bytes));
        }
        if is(&["ip", "ip_address", "cluster_ip"]) {
            return Some(format!("198.18.{}.{}", bytes[0], 1 + bytes[1] % 254));
        }
        if is(&["mac", "mac_address"]) {
            return Some(format!(
                "02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]
            ));
        }
        if is(&["url", "link", "href", "uri"]) {
            return Some(format!("simulated://{}/{}/{}", self.site, self.resource_type, self.subject));
        }
        None
    }
}

/// SHA-256 over parts, each with its length before it, so that no two lists of parts run together.
pub(super) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// A UUID of version 4 (random) made of the first 16 bytes.
pub(super) fn uuid(bytes: &[u8; 32]) -> String {
    let mut bytes = *bytes;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex(&bytes[..16]);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// A checksum of the shape that the attribute's name asks for, a function of the content's SHA-256 alone.
pub(super) fn checksum(name: &str, sha256: &str) -> String {
    let name = name.to_lowercase();
    if name.contains("md5") || name.contains("etag") {
        return sha256[..32].to_string();
    }
    if name.contains("sha1") {
        return sha256[..40].to_string();
    }
    if name.contains("512") {
        return format!("{sha256}{}", hex(&digest(&["512", sha256])));
    }
    sha256.to_string()
}

/// Does the attribute's name say that it proves what the content is?
pub(super) fn is_checksum(name: &str) -> bool {
    let name = name.to_lowercase();
    ["checksum", "digest", "hash", "md5", "sha1", "sha256", "sha512", "etag"]
        .iter()
        .any(|word| name.contains(word))
        && !name.contains("algo")
}

/// Does the attribute's name say that it is the length of the content?
pub(super) fn is_length(name: &str) -> bool {
    let name = name.to_lowercase();
    ["size", "length", "bytes"].iter().any(|word| name == *word || name.ends_with(&format!("_{word}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occasion(seed: u64) -> Occasion<'static> {
        Occasion { seed, site: "nantes", resource_type: "shelf.book", subject: "dune", at: 0 }
    }

    #[test]
    fn the_same_occasion_gives_the_same_value() {
        let optional = Type::Optional(Box::new(Type::String));
        let one = occasion(1);
        assert_eq!(one.identity(&Type::String, 0), occasion(1).identity(&Type::String, 0));
        assert_ne!(one.identity(&Type::String, 0), occasion(2).identity(&Type::String, 0));
        assert_ne!(one.identity(&Type::String, 0), one.identity(&Type::String, 1));
        assert_eq!(one.identity(&Type::Int, 6), Value::from(7));
        assert_eq!(one.value(&optional, "created_at"), Value::from("2026-01-01T00:00:00Z"));
        assert_eq!(one.value(&optional, "remark"), Value::Null);
        assert_eq!(one.value(&Type::String, "url"), Value::from("simulated://nantes/shelf.book/dune"));
        assert_eq!(one.value(&Type::Enum(vec!["a".into(), "b".into()]), "state"), Value::from("a"));
        let id = one.identity(&Type::String, 0);
        let id = id.as_str().expect("a text");
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
    }

    #[test]
    fn a_checksum_has_the_length_its_name_asks_for() {
        let sha256 = hex(&digest(&["x"]));
        for (name, length) in [("checksum", 64), ("md5", 32), ("etag", 32), ("os_sha512", 128), ("sha1", 40)]
        {
            assert_eq!(checksum(name, &sha256).len(), length, "{name}");
            assert!(is_checksum(name), "{name}");
        }
        assert!(!is_checksum("hash_algo"));
        assert!(is_length("size") && is_length("content_length") && !is_length("sizes"));
    }
}
