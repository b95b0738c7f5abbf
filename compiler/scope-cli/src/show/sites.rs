//! What sites answered, a line a service.

use std::fmt::Write;

use crate::commands::sites::Probed;

/// Whether a site and all its services answer.
pub fn answers(probed: &Probed) -> bool {
    probed.result.as_ref().is_ok_and(|services| services.iter().all(|service| service.error.is_none()))
}

/// The table.
pub fn table(all: &[Probed]) -> String {
    let mut text = String::new();
    for probed in all {
        match &probed.result {
            Err(error) => {
                let _ = writeln!(text, "{:<16} does not answer: {}", probed.site, error.words);
            }
            Ok(services) => {
                let _ = writeln!(text, "{}", probed.site);
                for service in services {
                    let state = match (&service.error, &service.version) {
                        (Some(error), _) => format!("does not answer: {error}"),
                        (None, Some(version)) => version.clone(),
                        (None, None) => "answers".into(),
                    };
                    let _ = writeln!(
                        text,
                        "  {:<12} {:<14} {:<24} {:>7.1} ms  {}",
                        service.driver,
                        service.service,
                        state,
                        service.rtt_us as f64 / 1000.0,
                        service.address.as_deref().unwrap_or("")
                    );
                }
            }
        }
    }
    let good = all.iter().filter(|probed| answers(probed)).count();
    let _ = writeln!(text, "{good} of {} sites answer", all.len());
    text
}
