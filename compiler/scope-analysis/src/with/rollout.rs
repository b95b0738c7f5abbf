//! `rollout: { first: lille, then: 25%, soak: 10min, stop_after: 1 }` of a `with` record.

use scope_diagnostics::{Diagnostic, Edit, Span, codes, similar};

use crate::context::Context;
use crate::eval::describe;
use crate::hir::{Rollout, Slot, Value, WaveSize};

/// What a rollout says.
const KEYS: [&str; 5] = ["first", "then", "soak", "stop_after", "create"];

/// How a rollout is written.
const EXAMPLE: &str = "write `rollout: { first: lille, then: 25%, soak: 10min, stop_after: 1 }`";

impl Context<'_> {
    pub(super) fn rollout(&self, slot: Slot, owner: &str) -> Option<Rollout> {
        let fields = match slot.value {
            Value::Record(fields) => fields,
            other => {
                let message = format!("`rollout` is a record of waves, not {}", describe(&other));
                self.wrong(&message, slot.span, EXAMPLE);
                return None;
            }
        };
        let mut rollout = Rollout {
            owner: owner.to_string(),
            first: Vec::new(),
            then: WaveSize::Rest,
            soak: 0,
            stop_after: 1,
            creates: false,
            span: slot.key,
            first_span: None,
            stop_span: None,
        };
        let mut is_whole = true;
        let has_waves = fields.contains_key("first") || fields.contains_key("then");
        for (key, field) in fields {
            if field.value == Value::Error {
                is_whole = false;
                continue;
            }
            is_whole &= match key.as_str() {
                "first" => self.first_wave(&mut rollout, &field),
                "then" => self.later_waves(&mut rollout, &field),
                "soak" => self.soak(&mut rollout, &field),
                "stop_after" => self.stop_after(&mut rollout, &field),
                "create" => self.creates(&mut rollout, &field),
                other => self.unknown_of_rollout(other, field.key),
            };
        }
        if is_whole && !has_waves {
            self.report(
                Diagnostic::new(codes::E0316, slot.key, "this rollout has no waves")
                    .label("all sites at once")
                    .help("say which sites go first, or how many go together: `first: lille`, `then: 25%`"),
            );
            return None;
        }
        is_whole.then_some(rollout)
    }

    fn first_wave(&self, rollout: &mut Rollout, field: &Slot) -> bool {
        match self.sites_of(&field.value) {
            Some(sites) if !sites.is_empty() => {
                rollout.first = sites;
                rollout.first_span = Some(field.span);
                true
            }
            Some(_) => {
                self.wrong(
                    "`first` names no site",
                    field.span,
                    "name the sites that go first, or leave it out",
                );
                false
            }
            None => {
                let message = format!("`first` is a site or a list of sites, not {}", describe(&field.value));
                self.wrong(&message, field.span, &self.first_help(&field.value));
                false
            }
        }
    }

    /// How `first` is written, with sites of the program.
    fn first_help(&self, found: &Value) -> String {
        let sites = self.sites.borrow();
        let is_plain = |name: &&str| !name.contains(' ');
        let names: Vec<&str> = sites.iter().map(|site| site.name.as_str()).filter(is_plain).collect();
        match (found, names.as_slice()) {
            (Value::Text(text), names) if names.contains(&text.as_str()) => {
                format!("write it without quotes: `first: {text}`")
            }
            (_, [one, other, ..]) => format!("write `first: {one}` or `first: [{one}, {other}]`"),
            _ => "write the site that goes first, or a list of sites".to_owned(),
        }
    }

    fn later_waves(&self, rollout: &mut Rollout, field: &Slot) -> bool {
        let help = "write how many sites go together: `then: 3`, or which part of them: `then: 25%`";
        rollout.then = match field.value {
            Value::Int(count @ 1..=1_000_000) => WaveSize::Sites(count as u32),
            Value::Percent(percent) if percent > 0.0 && percent <= 100.0 => WaveSize::Percent(percent),
            Value::Int(_) | Value::Percent(_) => {
                self.wrong("a wave has at least one site, and at most all of them", field.span, help);
                return false;
            }
            ref other => {
                let message = format!("`then` is a number of sites or a percentage, not {}", describe(other));
                self.wrong(&message, field.span, help);
                return false;
            }
        };
        true
    }

    fn soak(&self, rollout: &mut Rollout, field: &Slot) -> bool {
        match field.value {
            Value::Duration(nanoseconds) if nanoseconds >= 0 => {
                rollout.soak = nanoseconds;
                true
            }
            ref other => {
                let message = format!("`soak` is how long a wave is watched, not {}", describe(other));
                self.wrong(&message, field.span, "write `soak: 10min`");
                false
            }
        }
    }

    fn stop_after(&self, rollout: &mut Rollout, field: &Slot) -> bool {
        rollout.stop_span = Some(field.span);
        match field.value {
            Value::Int(count @ 1..=1_000_000) => {
                rollout.stop_after = count as u32;
                true
            }
            Value::Int(_) => {
                self.wrong(
                    "a rollout stops after at least one failure",
                    field.span,
                    "write `stop_after: 1`: the first failure holds back the rest",
                );
                false
            }
            ref other => {
                let message = format!("`stop_after` is a number of failures, not {}", describe(other));
                self.wrong(&message, field.span, "write `stop_after: 1`");
                false
            }
        }
    }

    fn creates(&self, rollout: &mut Rollout, field: &Slot) -> bool {
        match field.value {
            Value::Bool(creates) => {
                rollout.creates = creates;
                true
            }
            ref other => {
                let message = format!("`create` is true or false, not {}", describe(other));
                self.wrong(&message, field.span, "`create: true`: what is new waits for its wave, too");
                false
            }
        }
    }

    fn unknown_of_rollout(&self, key: &str, span: Span) -> bool {
        let report = Diagnostic::new(codes::E0209, span, format!("`rollout` has no `{key}`"))
            .label("not a key of `rollout`");
        self.report(match similar::nearest(key, KEYS) {
            Some(nearest) => report
                .help(format!("did you mean `{nearest}`?"))
                .fix(format!("write `{nearest}`"), vec![Edit::new(span, nearest)]),
            None => report.help(format!("it has {}", KEYS.join(", "))),
        });
        false
    }
}
