//! The failure of a value that is not as a rule of the program or of a driver says.
//!
//! In: `m.count` is 70000, where `port: int in 1..65535` takes it. Out: E0352 at the place where `m.count` is given, with the rule;
//! nothing was sent. A secret is not shown.

use scope_plan::eval::OutOfBounds;
use serde_json::Value;

use crate::events::{Failure, Outcome, ProgramPlace};
use crate::redact::hide_in_value;
use crate::runner::Shared;

/// How much of a value is shown, in characters.
const MOST_SHOWN: usize = 60;

/// The failure.
pub(super) fn out_of_bounds(shared: &Shared<'_>, outside: OutOfBounds) -> Failure {
    let OutOfBounds { name, expected, found, unit, from, steps, origin, rule } = outside;
    let is_secret = found.is_none();
    let found = match found {
        Some(mut value) => {
            // Masked before it is cut, else half a secret could stand at the end.
            hide_in_value(&*shared.options.redact, &mut value);
            match unit.zip(value.as_f64()) {
                Some((unit, amount)) => unit.text(amount, ""),
                None => shown(&value),
            }
        }
        None => "what is secret, and not shown".to_owned(),
    };
    let mut text = from;
    let mut sites: Vec<&str> = Vec::new();
    // `#12` before `#1`, which it begins with.
    for step in steps.into_iter().rev() {
        let of = shared.plan.step(step);
        text = text.replace(&format!("#{}", step.0), &of.name);
        let site = shared.plan.site(of.site).name.as_str();
        if !sites.contains(&site) {
            sites.insert(0, site);
        }
    }
    let sites = sites.join(", ");
    let label = match (sites.is_empty(), text.starts_with("{ for ")) {
        (true, _) => format!("this is `{text}`"),
        // Of each of its sites.
        (false, true) => format!("as told by {sites}"),
        (false, false) => format!("this is `{text}`, as told by {sites}"),
    };
    let value = ProgramPlace { origin, label };
    let rule =
        rule.map(|(name, origin)| ProgramPlace { origin, label: format!("`{name}` is declared here") });
    let message = format!("expected {name} {expected}, found {found}");
    let help = match is_secret {
        true => "keep one there that fits, and run again: nothing was sent",
        false => {
            "give another value, or say what is taken instead where it does not fit: `if … then … else …`"
        }
    };
    Failure {
        places: std::iter::once(value).chain(rule).collect(),
        ..Failure::new("E0352", Outcome::Invalid, message)
    }
    .with_help(help)
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
