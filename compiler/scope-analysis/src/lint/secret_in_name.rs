//! `name: "backup-token=abc"`: names are shown in lists, logs and plans.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};
use crate::hir::Value;

/// What stands before a credential in addresses and settings.
const BEFORE: [&str; 5] = ["password", "passwd", "token", "secret", "api_key"];

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for resource in &input.program.resources {
        for instance in resource.instances.values() {
            for name in ["name", "description", "tags", "labels"] {
                let Some(slot) = instance.attributes.get(name) else { continue };
                let mut texts = Vec::new();
                gather(&slot.value, &mut texts);
                if let Some(word) = texts.iter().find_map(|text| credential(text)) {
                    reports.push_of(
                        &resource.name,
                        Diagnostic::new(codes::W0325, slot.span, format!("`{name}` seems to hold a {word}"))
                            .label("shown in lists, logs and plans")
                            .help("keep it in an attribute that the driver calls secret, and read it with `secret(\"NAME\")`"),
                    );
                }
            }
        }
    }
}

fn gather<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::Text(text) => texts.push(text),
        Value::List(slots) => slots.iter().for_each(|slot| gather(&slot.value, texts)),
        Value::Record(fields) => fields.values().for_each(|slot| gather(&slot.value, texts)),
        _ => {}
    }
}

/// `password=x`, `token: x`, or user and password in an address.
fn credential(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let named = BEFORE.into_iter().find(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let rest = &lower[at + word.len()..];
            let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": ")).unwrap_or_default();
            value.starts_with(|letter: char| !letter.is_whitespace())
        })
    });
    let in_address = || {
        let (_, rest) = lower.split_once("://")?;
        let authority = rest.split('/').next()?;
        let (user, _) = authority.rsplit_once('@')?;
        user.split_once(':').filter(|(_, password)| !password.is_empty()).map(|_| "password")
    };
    named.or_else(in_address)
}

#[cfg(test)]
mod tests {
    use super::credential;

    #[test]
    fn only_what_has_a_value_is_a_credential() {
        assert_eq!(credential("db password=hunter2"), Some("password"));
        assert_eq!(credential("https://ana:x1@db.example/a"), Some("password"));
        for text in ["token server", "password: ", "https://db.example/a:b@c", "a"] {
            assert_eq!(credential(text), None, "{text}");
        }
    }
}
