//! `scope sites import FILE`: declarations of sites, from what is there already.
//!
//! | file | what is written |
//! |---|---|
//! | a client's configuration (`clouds.yaml`, a kubeconfig) | a site for each entry, which names it |
//! | a list of records, with `--as SETTING` (the regions of one cloud, the contexts of a kubeconfig) | a site for each, whose setting is the name |
//! | a list of records (an inventory) | one family over the file, which stays the source |
//!
//! What may be in the file is asked of the driver. No secret is copied.

use std::fmt::Write;

use scope_compiler::hir::{ConfigFile, Driver};
use scope_compiler::{World, data};
use scope_diagnostics::{Code, Diagnostic, Span, codes, similar};
use serde_json::{Map, Value, json};

use super::{OK, WRONG};
use crate::args::SitesImport;
use crate::output::{document, say, verbatim};
use crate::world::{Disk, imported};

/// Names of the field that names a record, in any case, the likeliest first.
const NAMES: [&str; 4] = ["name", "id", "region", "site"];

pub fn run(command: &SitesImport) -> u8 {
    let config = &command.config;
    let text = std::fs::read(config)
        .map_err(|error| wrong(codes::E0603, format!("`{config}` cannot be read: {error}")))
        .and_then(|bytes| {
            data::parse(&bytes).map_err(|_| wrong(codes::E0603, format!("`{config}` is not valid YAML")))
        })
        .and_then(|document| declarations(command, &document));
    let text = match text {
        Ok(text) => text,
        Err(report) => {
            say(&report);
            return WRONG;
        }
    };
    document::tell(
        "scope-sites-import/1",
        json!({ "out": command.out, "text": command.out.is_none().then_some(&text) }),
    );
    match &command.out {
        Some(path) => super::write_file(path, text.as_bytes()).map_or_else(|code| code, |()| OK),
        None => {
            verbatim(text.trim_end());
            OK
        }
    }
}

/// The text of the declarations; `Err` says why there is none.
fn declarations(command: &SitesImport, document: &Value) -> Result<String, Diagnostic> {
    let config = &command.config;
    let by_name = file_name(config);
    // A file of a list is no client's configuration, however it is called.
    let records = match &command.list {
        None => records(document),
        Some(field) => match document.get(field).and_then(list) {
            Some(records) => Some((Some(field.clone()), records)),
            None => return Err(wrong(codes::E0603, format!("`{config}` has no list of records `{field}`"))),
        },
    };
    let known = reader_of(&by_name, command.driver.as_deref());
    if let (Some((driver, Some(layout))), None) = (&known, command.names.as_ref().or(command.list.as_ref())) {
        if let Some(names) = entries(document, layout) {
            return Ok(by_entry(config, driver, &layout.selector, &names, &given(driver, command)?));
        }
        if records.is_none() {
            let keys: Vec<&str> = above(layout).iter().map(|key| key.as_str()).collect();
            return Err(wrong(codes::E0603, format!("`{config}` has no `{}`", keys.join("."))));
        }
    }
    let Some((below, records)) = records else {
        return Err(match (&known, &command.driver) {
            (None, Some(driver)) => wrong(codes::E0104, format!("there is no driver `{driver}`")),
            (Some(_), Some(driver)) => {
                wrong(codes::E0980, format!("the driver `{driver}` reads no such file"))
            }
            (_, None) => wrong(codes::E0980, format!("no driver reads a file called like `{config}`"))
                .help("name one with `--driver`"),
        });
    };
    let Some((driver, _)) = known else {
        return Err(match &command.driver {
            Some(driver) => wrong(codes::E0104, format!("there is no driver `{driver}`")),
            None => wrong(codes::E0980, "whose sites are these?").help("name the driver: `--driver NAME`"),
        });
    };
    let Some(name_key) = name_key(&records) else {
        let words = format!("the records of `{config}` have no field that names each of them");
        return Err(wrong(codes::E0603, words).help(format!("one of {}", NAMES.join(", "))));
    };
    match &command.names {
        Some(setting) => {
            check_setting(&driver, setting)?;
            let names: Vec<String> =
                records.iter().filter_map(|record| Some(record.get(&name_key)?.as_str()?.into())).collect();
            Ok(by_entry(config, &driver, setting, &names, &given(&driver, command)?))
        }
        None => {
            let given = given(&driver, command)?;
            Ok(family(command, &driver, (below.as_deref(), &records), &name_key, &given))
        }
    }
}

/// One site for each name.
fn by_entry(
    config: &str,
    driver: &Driver,
    setting: &str,
    names: &[String],
    given: &[(String, String)],
) -> String {
    let mut text = format!("//! Sites of {config}.\n\nimport {}\n", driver.name);
    let given: String = given.iter().map(|(name, value)| format!(", {name}: {value:?}")).collect();
    for name in names {
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
            && name.starts_with(char::is_alphabetic)
            && !name.ends_with('-');
        let written = if is_plain { name.clone() } else { quoted(name) };
        let _ = write!(
            text,
            "\nsite {written} {{\n    {}: {{ {setting}: {}{given} }}\n}}\n",
            driver.name,
            quoted(name)
        );
    }
    scope_compiler::format(&text).unwrap_or(text)
}

/// A family over the file: fields that are settings are read as such, all else that each record has is a label.
fn family(
    command: &SitesImport,
    driver: &Driver,
    (below, records): (Option<&str>, &[&Map<String, Value>]),
    name_key: &str,
    given: &[(String, String)],
) -> String {
    let in_each = |key: &&String| records.iter().all(|record| record.contains_key(*key));
    let keys: Vec<&String> = records.first().map_or_else(Vec::new, |record| record.keys().collect());
    let keys: Vec<&String> =
        keys.into_iter().filter(in_each).filter(|key| key.as_str() != name_key).collect();
    let settings =
        keys.iter().filter(|key| driver.settings.get(key.as_str()).is_some_and(|known| !known.is_secret));
    let mut set: Vec<String> = settings.map(|key| format!("{key}: {}", field(key))).collect();
    set.extend(given.iter().map(|(name, value)| format!("{name}: {}", quoted(value))));
    let is_text = |key: &&&String| records.iter().all(|record| record[key.as_str()].is_string());
    let is_other = |key: &&&String| !driver.settings.contains_key(key.as_str()) && key.as_str() != "labels";
    let labels: Vec<String> = keys
        .iter()
        .filter(is_other)
        .filter(is_text)
        .map(|key| format!("{}: {}", written_key(key), field(key)))
        .chain(keys.iter().any(|key| key.as_str() == "labels").then(|| "...s.labels".to_string()))
        .collect();
    let config = &command.config;
    let below = below.map_or_else(String::new, |field| {
        if is_word(field) { format!(".{field}") } else { format!("[{}]", quoted(field)) }
    });
    let mut text = format!("//! The sites of {config}, which stays the one place where they are listed.\n\n");
    let _ = write!(text, "import {}\n\n", driver.name);
    let _ = writeln!(
        text,
        "site \"${{{}}}\" for s in yaml({}){below} {{",
        field(name_key),
        quoted(&file_name(config))
    );
    let _ = writeln!(text, "    {}: {{ {} }}", driver.name, set.join(", "));
    if !labels.is_empty() {
        let _ = writeln!(text, "    labels: {{ {} }}", labels.join(", "));
    }
    text.push_str("}\n");
    for (name, setting) in &driver.settings {
        let is_in_file = keys.contains(&name);
        if setting.is_secret && is_in_file {
            let variable = name.to_uppercase();
            let _ = write!(
                text,
                "\n// `{name}` is secret and is not read from the file: add `{name}: secret(\"{variable}\")`.\n"
            );
        }
    }
    scope_compiler::format(&text).unwrap_or(text)
}

/// `s.name`, or `s["Parent Region"]`.
fn field(key: &str) -> String {
    if is_word(key) { format!("s.{key}") } else { format!("s[{}]", quoted(key)) }
}

fn written_key(key: &str) -> String {
    if is_word(key) { key.to_string() } else { quoted(key) }
}

fn is_word(key: &str) -> bool {
    key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A text as the language writes it.
fn quoted(text: &str) -> String {
    format!("{text:?}").replace("${", "\\${")
}

/// `--with SETTING=VALUE`
fn given(driver: &Driver, command: &SitesImport) -> Result<Vec<(String, String)>, Diagnostic> {
    command
        .with
        .iter()
        .map(|given| {
            let Some((name, value)) = given.split_once('=') else {
                let words = format!("`--with {given}` has no `=`: write `--with {given}=VALUE`");
                return Err(wrong(codes::E0980, words));
            };
            check_setting(driver, name)?;
            if driver.settings[name].is_secret {
                let instead = format!("write `{name}: secret(\"{}\")` there yourself", name.to_uppercase());
                let words = format!("`{name}` is secret, and would stand in a file");
                return Err(wrong(codes::E0601, words).help(instead));
            }
            Ok((name.to_string(), value.to_string()))
        })
        .collect()
}

fn check_setting(driver: &Driver, name: &str) -> Result<(), Diagnostic> {
    if driver.settings.contains_key(name) {
        return Ok(());
    }
    let names = driver.settings.keys().map(String::as_str);
    let help = match similar::nearest(name, names.clone()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("it has {}", names.collect::<Vec<_>>().join(", ")),
    };
    Err(wrong(codes::E0212, format!("a site has no setting `{name}` for `{}`", driver.name)).help(help))
}

/// A report that is at no line of a program.
fn wrong(code: Code, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(code, Span::DUMMY, message)
}

/// A list, and the field of the document that it is.
type Listed<'d> = (Option<String>, Vec<&'d Map<String, Value>>);

/// The records of a list: the document itself, or the one field of it that is a list of records.
fn records(document: &Value) -> Option<Listed<'_>> {
    if document.is_array() {
        return Some((None, list(document)?));
    }
    let fields = document.as_object()?.iter();
    let mut lists = fields.filter_map(|(field, value)| Some((Some(field.clone()), list(value)?)));
    let first = lists.next()?;
    lists.next().is_none().then_some(first)
}

/// A list of records.
fn list(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    let records: Option<Vec<_>> = value.as_array()?.iter().map(Value::as_object).collect();
    records.filter(|records| !records.is_empty())
}

/// The field that names each record.
fn name_key(records: &[&Map<String, Value>]) -> Option<String> {
    NAMES.iter().find_map(|name| {
        let key = records.first()?.keys().find(|key| key.eq_ignore_ascii_case(name))?;
        let names_each = records.iter().all(|record| record.get(key).is_some_and(Value::is_string));
        names_each.then(|| key.clone())
    })
}

/// The keys that lead to a configuration's entries.
fn above(layout: &ConfigFile) -> Vec<&String> {
    let hole = format!("${{{}}}", layout.selector);
    layout.path.iter().take_while(|key| **key != hole).collect()
}

/// The names of a configuration's entries: the keys of a record, or the names in a list of records.
fn entries(document: &Value, layout: &ConfigFile) -> Option<Vec<String>> {
    let found = above(layout).iter().try_fold(document, |node, key| node.get(key.as_str()))?;
    match found {
        Value::Object(entries) => Some(entries.keys().cloned().collect()),
        Value::Array(entries) => {
            entries.iter().map(|entry| Some(entry.get("name")?.as_str()?.to_string())).collect()
        }
        _ => None,
    }
}

fn file_name(path: &str) -> String {
    std::path::Path::new(path)
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The driver of sites in a file: the one named, else the one of the library that looks for a file of this name; and how
/// that file is laid out, if it reads any.
fn reader_of(file_name: &str, driver: Option<&str>) -> Option<(Driver, Option<ConfigFile>)> {
    let candidates = driver.map_or_else(|| Disk.library(), |driver| vec![driver.to_string()]);
    candidates.into_iter().find_map(|module| {
        // How the file is laid out is asked of the driver, through a program that imports only it.
        imported(&module).program.drivers.into_values().find_map(|declared| {
            let is_called_so = |layout: &&ConfigFile| {
                layout.search.iter().any(|path| path.rsplit('/').next() == Some(file_name))
            };
            let layout = declared.configs.iter().find(is_called_so);
            let layout = layout.or_else(|| declared.configs.first().filter(|_| driver.is_some())).cloned();
            (layout.is_some() || driver.is_some()).then_some((declared, layout))
        })
    })
}
