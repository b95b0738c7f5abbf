//! Where a secret comes from when the script runs.
//!
//! `secret("PARIS_PASSWORD")` → `secret_variable("PARIS_PASSWORD")`; one of clouds.yaml → a variable that takes its place.

use scope_plan::expr::SecretSource;

use crate::shell::quote;

/// Where a secret comes from when the script runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// Its source.
    pub source: SecretSource,
    /// The awk expression that gives it.
    pub awk: String,
    /// The environment variable, if that is where the script takes it from.
    pub variable: Option<String>,
}

impl Secret {
    /// How the script gets it. Of a client's configuration file a shell cannot read YAML: a variable takes its place.
    pub(super) fn new(source: &SecretSource) -> Secret {
        let (awk, variable) = match source {
            SecretSource::Env(variable) => {
                (format!("secret_variable({})", quote::awk(variable)), Some(variable.clone()))
            }
            SecretSource::File(path) | SecretSource::Kept { file: path, .. } => {
                (format!("secret_file({})", quote::awk(path)), None)
            }
            SecretSource::Command(words) => {
                let words: Vec<String> = words.iter().map(|word| quote::shell(word)).collect();
                (format!("secret_command({})", quote::awk(&words.join(" "))), None)
            }
            SecretSource::Config { keys, .. } => {
                let variable = variable_of(keys);
                (format!("secret_variable({})", quote::awk(&variable)), Some(variable))
            }
        };
        Secret { source: source.clone(), awk, variable }
    }
}

/// `["clouds", "nantes", "auth", "password"]` → `CLOUDS_NANTES_AUTH_PASSWORD`.
fn variable_of(keys: &[String]) -> String {
    let joined = keys.join("_").to_uppercase();
    let name: String =
        joined.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}
