//! `scope.toml` beside a program: how much lints weigh there, the policies that it keeps to, where states are kept, and who is
//! told of events.
//!
//! ```toml
//! policies = ["../org.scope"]  # rules from outside, relative to this file
//!
//! [lints]
//! unused_let = "deny"          # by name or code: "allow", "warn", "deny"
//! failure_domains = ["room"]   # labels of sites that say what fails together, the closest first
//! large_file = 10485760        # in bytes
//!
//! [[hooks]]                    # who is told of events of a run
//! on = ["run_ended"]
//! command = ["notify-send", "scope"]     # or: webhook = "https://…"
//! [state]
//! place = "s3://team/scope/?region=eu-west-3"   # what ends with `/` is for each program of the folder
//! ```

use scope_analysis::lint::{self, Level, Levels, levels};
use scope_diagnostics::{Diagnostic, SourceMap, Span, codes, similar};
use scope_plan::expr::SecretSource;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{MOST_MIB, ReadError, World};

/// The file's name.
pub(crate) const FILE: &str = "scope.toml";
/// The section about states.
const STATE: &str = "state";

/// What a configuration says.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// How much each lint weighs.
    pub levels: Levels,
    /// Files of rules that the program keeps to, as the [`World`] reads them.
    pub policies: Vec<String>,
    /// What is wrong with it.
    pub reports: Vec<Diagnostic>,
}

impl Configuration {
    /// What holds for the program `entry`.
    pub(crate) fn read(world: &dyn World, entry: &str, sources: &mut SourceMap) -> Configuration {
        let mut read = Configuration::default();
        let path = scope_analysis::join_path(entry, FILE);
        let bytes = match world.read(&path) {
            Ok(bytes) => bytes,
            Err(ReadError::NotFound) => return read,
            Err(error) => {
                let report = Diagnostic::new(codes::E0850, Span::DUMMY, format!("`{path}` cannot be read"));
                read.reports.push(match error {
                    ReadError::Other(words) => report.note(words),
                    _ => report.note(format!("it is larger than {MOST_MIB} MiB")),
                });
                return read;
            }
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let file = sources.add(path.as_str(), text.as_str());
        let span = |range: std::ops::Range<usize>| Span::new(file, range.start as u32, range.end as u32);
        let table = match DeTable::parse(&text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let at = error.span().map_or(Span::at(file, 0), span);
                read.reports.push(wrong(at, error.message(), "see https://toml.io for how it is written"));
                return read;
            }
        };
        for (key, value) in table {
            let at = span(key.span());
            match (key.get_ref().as_ref(), value) {
                ("lints", value) => read.lints(at, value, &span),
                // For runs: see `hooks`.
                ("hooks", _) => {}
                ("policies", value) => read.policies(&path, value, &span),
                (STATE, value) => read.reports.extend(place_of(value, at, &span).err()),
                (other, _) => {
                    let help = match similar::nearest(other, ["lints", "policies", "hooks", STATE]) {
                        Some(nearest) => format!("did you mean `{nearest}`?"),
                        None => {
                            "write `policies = [\"org.scope\"]`, `[lints]`, `[state]` or `[[hooks]]`".into()
                        }
                    };
                    read.reports.push(wrong(at, &format!("there is no section `{other}`"), &help));
                }
            }
        }
        read
    }

    fn lints(
        &mut self,
        at: Span,
        value: Spanned<DeValue<'_>>,
        span: &dyn Fn(std::ops::Range<usize>) -> Span,
    ) {
        let DeValue::Table(entries) = value.into_inner() else {
            let help = "write `[lints]` and one lint a line below it";
            self.reports.push(wrong(at, "`lints` is a table", help));
            return;
        };
        for (key, value) in entries {
            entry_of(&mut self.levels, key.get_ref(), span(key.span()), value, span, &mut self.reports);
        }
    }

    /// `policies = ["org.scope"]`, relative to the configuration.
    fn policies(
        &mut self,
        path: &str,
        value: Spanned<DeValue<'_>>,
        span: &dyn Fn(std::ops::Range<usize>) -> Span,
    ) {
        let at = span(value.span());
        let value = Spanned::new(0..0, value.into_inner());
        match Vec::<String>::deserialize(toml::de::ValueDeserializer::from(value)) {
            Ok(files) => {
                self.policies.extend(files.iter().map(|file| scope_analysis::join_path(path, file)));
            }
            Err(_) => {
                let help = "write `policies = [\"org.scope\"]`";
                self.reports.push(wrong(at, "`policies` is a list of files", help));
            }
        }
    }
}

/// A hook as the configuration has it: for the command line, which knows what can be done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookEntry {
    /// Kinds of events.
    pub on: Vec<String>,
    /// A program and its arguments.
    pub command: Option<Vec<String>>,
    /// An address to post to.
    pub webhook: Option<String>,
    /// Where the token comes from that is shown there.
    pub token: Option<SecretSource>,
    /// How often it is tried again.
    pub retries: Option<u32>,
    /// How many seconds one try may take.
    pub timeout_s: Option<u64>,
}

/// The hooks of the configuration beside the program `entry`.
///
/// # Errors
/// What is wrong with them, in a sentence.
pub fn hooks(world: &dyn World, entry: &str) -> Result<Vec<HookEntry>, String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        hooks: Vec<HookEntry>,
    }
    let path = scope_analysis::join_path(entry, FILE);
    let Ok(bytes) = world.read(&path) else { return Ok(Vec::new()) };
    let file: File = toml::from_str(&String::from_utf8_lossy(&bytes))
        .map_err(|error| format!("a hook in `{path}` is wrong: {}", error.message()))?;
    Ok(file.hooks)
}

/// Where the states of the programs beside this one are kept, if `scope.toml` says so: an address, or a folder as seen from
/// the working folder. A file that cannot be read says nothing; `scope lint` reports what is wrong with it.
///
/// # Errors
/// What is wrong with `[state]`, in one line.
pub fn state_place(world: &dyn World, entry: &str) -> Result<Option<String>, String> {
    let path = scope_analysis::join_path(entry, FILE);
    let Ok(bytes) = world.read(&path) else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let broken = |words: &str| format!("`{path}`: {words}");
    let table = DeTable::parse(&text).map_err(|error| broken(error.message()))?.into_inner();
    let Some((_, value)) = table.into_iter().find(|(key, _)| key.get_ref() == STATE) else { return Ok(None) };
    let place = place_of(value, Span::DUMMY, &|_| Span::DUMMY).map_err(|report| broken(&report.message))?;
    Ok(place.map(|place| match place.strip_suffix('/') {
        _ if place.contains("://") => place,
        // What ends with `/` is for each program of the folder.
        Some(folder) if !folder.is_empty() => match scope_analysis::join_path(entry, folder) {
            here if here.is_empty() => "./".to_owned(),
            folder => folder + "/",
        },
        _ => scope_analysis::join_path(entry, &place),
    }))
}

/// `place = "…"`, the only entry that there is.
fn place_of(
    value: Spanned<DeValue<'_>>,
    at: Span,
    span: &dyn Fn(std::ops::Range<usize>) -> Span,
) -> Result<Option<String>, Diagnostic> {
    let help = "write `place = \"https://host/states/\"` below `[state]`";
    let DeValue::Table(entries) = value.into_inner() else {
        return Err(wrong(at, "`state` is a table", help));
    };
    let mut place = None;
    for (key, value) in entries {
        let at = span(key.span());
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("place", DeValue::String(text)) => place = Some(text.to_string()),
            ("place", _) => return Err(wrong(at, "`place` is a text", help)),
            (other, _) => return Err(wrong(at, &format!("`state` has no `{other}`"), help)),
        }
    }
    Ok(place)
}

fn entry_of(
    levels: &mut Levels,
    key: &str,
    at: Span,
    value: Spanned<DeValue<'_>>,
    span: &dyn Fn(std::ops::Range<usize>) -> Span,
    reports: &mut Vec<Diagnostic>,
) {
    let value_at = span(value.span());
    let value = value.into_inner();
    match key {
        "failure_domains" => {
            match Vec::<String>::deserialize(toml::de::ValueDeserializer::from(Spanned::new(0..0, value))) {
                Ok(labels) => levels.failure_domains = labels,
                Err(_) => reports.push(wrong(
                    value_at,
                    "`failure_domains` is a list of labels",
                    "write `[\"zone\"]`",
                )),
            }
        }
        "large_file" => match &value {
            DeValue::Integer(number) if u64::from_str_radix(number.as_str(), number.radix()).is_ok() => {
                levels.large_file = u64::from_str_radix(number.as_str(), number.radix()).expect("just read");
            }
            _ => reports.push(wrong(value_at, "`large_file` is a number of bytes", "write `67108864`")),
        },
        name => {
            let Some(found) = lint::find(name) else {
                reports.push(levels::unknown(name, at));
                return;
            };
            let level = match &value {
                DeValue::String(word) => Level::parse(word),
                _ => None,
            };
            match level {
                Some(level) => {
                    levels.levels.insert(found.code, level);
                }
                None => {
                    let near = match &value {
                        DeValue::String(word) => similar::nearest(word, ["allow", "warn", "deny"]),
                        _ => None,
                    };
                    let help = near.map_or("write \"allow\", \"warn\" or \"deny\"".into(), |near| {
                        format!("did you mean \"{near}\"?")
                    });
                    reports.push(wrong(
                        value_at,
                        &format!("`{name}` is \"allow\", \"warn\" or \"deny\""),
                        &help,
                    ));
                }
            }
        }
    }
}

fn wrong(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(codes::E0850, span, message).label("in the configuration").help(help)
}
