//! `auth_url: "http://cloud.example"` beside a password: it crosses the network for everyone to read.

use scope_diagnostics::{Diagnostic, codes};

use super::{Input, reports::Reports};
use crate::hir::Value;

pub(super) fn check(input: &Input<'_>, reports: &mut Reports) {
    for site in &input.program.sites {
        for (driver, settings) in &site.settings {
            let declared = input.program.drivers.get(driver);
            let is_secret = |name: &str| {
                declared.and_then(|driver| driver.settings.get(name)).is_some_and(|setting| setting.is_secret)
            };
            let secret = settings
                .iter()
                .find(|(name, slot)| is_secret(name) && !matches!(slot.value, Value::Null | Value::Error));
            let Some((secret, given)) = secret else { continue };
            for (name, slot) in settings {
                let Value::Text(address) = &slot.value else { continue };
                if !is_plain(address) {
                    continue;
                }
                let report = Diagnostic::new(
                    codes::W0332,
                    if slot.span.is_dummy() { site.span } else { slot.span },
                    format!("`{secret}` of {} crosses the network unencrypted", site.name),
                )
                .label(format!("`{name}` is `http://` and not of this machine"));
                let report = report.secondary(given.span, "given here");
                reports.push_of(
                    &site.name,
                    report.help(
                        "use `https://`; a certificate of your own is named by the site's `tls` setting",
                    ),
                );
            }
        }
    }
}

fn is_plain(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let host = match rest.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => rest.split(['/', ':', '?']).next().unwrap_or_default(),
    };
    !(host == "localhost" || host.ends_with(".localhost") || host == "::1" || host.starts_with("127."))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn loopback_is_no_network() {
        assert!(is_plain("http://cloud.example:5000/v3") && is_plain("http://10.0.0.1"));
        for address in ["https://x", "http://127.0.0.1:5000", "http://localhost/v3", "http://[::1]:80/", "x"]
        {
            assert!(!is_plain(address), "{address}");
        }
    }
}
