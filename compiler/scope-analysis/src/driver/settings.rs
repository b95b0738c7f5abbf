//! A driver's outer blocks: a site's settings, client configuration files, native clients.
//!
//! Comes in: `site { password: secret<string> }`, `config "clouds.yaml" { … }`, `client openstack { … }`. Goes out:
//! settings, files and clients; settings that are named and not declared are E0402.

use indexmap::IndexMap;
use scope_diagnostics::{Diagnostic, Span, codes, similar};
use scope_syntax::ast::{self, ExprKind, LineKind, NumberValue};

use super::{
    attributes::without_secret,
    defaults,
    names::Names,
    phrases::{self, Block, malformed},
    read, types,
};
use crate::hir::{Client, ConfigFile, Field, Setting, Type};

/// The settings of `site { … }`.
pub(super) fn site(
    body: &[ast::Line],
    names: &Names<'_>,
    settings: &mut IndexMap<String, Setting>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for line in body {
        if !phrases::is_allowed(Block::Site, line, diagnostics) {
            continue;
        }
        let LineKind::Attribute(written) = &line.kind else { continue };
        let mut resolve = |path: &ast::Path| Err(types::unknown_type(path, []));
        let (ty, mut is_secret) = without_secret(types::type_of(&written.ty, &mut resolve, diagnostics));
        for modifier in &written.modifiers {
            match modifier.word.text.as_str() {
                "secret" => is_secret = true,
                word => diagnostics.push(
                    Diagnostic::new(codes::E0401, modifier.word.span, format!("a setting has no `{word}`"))
                        .help("a setting may be `secret`"),
                ),
            }
        }
        if let Some(default) = &written.default {
            // It may be made of the settings above it.
            names.with([("site", site_type(settings))]).check(default, diagnostics);
            diagnostics.extend(defaults::misfit(&written.name.text, &ty, default));
        }
        let setting = Setting {
            name: written.name.text.clone(),
            default: written.default.clone().map(|default| defaults::filled(default, &ty)),
            ty,
            is_secret,
            docs: line.docs.clone(),
            span: written.name.span,
        };
        if let Some(first) = settings.get(&setting.name) {
            diagnostics.push(declared_twice("setting", &setting.name, setting.span, first.span));
        } else {
            settings.insert(setting.name.clone(), setting);
        }
    }
}

/// What `site` is in a driver's expressions.
pub(super) fn site_type(settings: &IndexMap<String, Setting>) -> Type {
    let mut fields: Vec<Field> = settings
        .values()
        .map(|setting| Field {
            name: setting.name.clone(),
            ty: setting.ty.clone(),
            is_optional: false,
            default: None,
            docs: Vec::new(),
            span: setting.span,
        })
        .collect();
    for (name, ty) in [("name", Type::String), ("labels", Type::Map(Box::new(Type::Any)))] {
        if !settings.contains_key(name) {
            let name = name.to_owned();
            fields.push(Field {
                name,
                ty,
                is_optional: false,
                default: None,
                docs: Vec::new(),
                span: Span::DUMMY,
            });
        }
    }
    Type::Record(fields)
}

/// `config "clouds.yaml" { search: […], select: cloud, path: […], map: { … } }`
pub(super) fn config(
    phrase: &ast::Phrase,
    settings: &IndexMap<String, Setting>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ConfigFile> {
    const WRITTEN: &str = "config \"FILE\" { search: [\"FILE\"], select: SETTING, path: [\"KEY\"], map: { SETTING: [\"KEY\"] } }";
    let mut file = ConfigFile {
        selector: String::new(),
        search: Vec::new(),
        path: Vec::new(),
        map: IndexMap::new(),
        span: phrase.span,
    };
    for line in phrase.body.iter().flatten() {
        if !phrases::is_allowed(Block::Config, line, diagnostics) {
            continue;
        }
        let LineKind::Entry { key, value } = &line.kind else { continue };
        match key.text.as_str() {
            "search" => {
                let search = read::list(value, read::template);
                file.search = read::expect(search, value, "a list of paths", diagnostics).unwrap_or_default();
            }
            "select" => {
                let selector = read::expect(read::name(value), value, "the name of a setting", diagnostics);
                file.selector = selector.unwrap_or_default().to_owned();
                known_setting(&file.selector, value.span, settings, diagnostics);
            }
            "path" => {
                let path = read::list(value, read::template);
                file.path = read::expect(path, value, "a list of keys", diagnostics).unwrap_or_default();
            }
            _ => {
                let fields = read::expect(read::fields(value), value, "a record", diagnostics);
                for (setting, keys) in fields.unwrap_or_default() {
                    known_setting(&setting, keys.span, settings, diagnostics);
                    let alternatives = read::list(&keys, read::text)
                        .map(|keys| vec![keys])
                        .or_else(|| read::list(&keys, |keys| read::list(keys, read::text)));
                    let keys = read::expect(alternatives, &keys, "a list of keys", diagnostics);
                    file.map.insert(setting, keys.unwrap_or_default());
                }
            }
        }
    }
    if file.selector.is_empty() || file.search.is_empty() || file.map.is_empty() {
        diagnostics.push(malformed(phrase.word.span, "`config` needs `search`, `select` and `map`", WRITTEN));
        return None;
    }
    Some(file)
}

/// `client openstack { ignore: { "--debug": 0, "--format": 1 } }`
pub(super) fn client(phrase: &ast::Phrase, diagnostics: &mut Vec<Diagnostic>) -> Option<Client> {
    const WRITTEN: &str = "client PROGRAM { ignore: { \"--flag\": 0, \"--with-a-value\": 1 } }";
    let Some(program) = phrase.values.first().and_then(read::word) else {
        diagnostics.push(malformed(phrase.word.span, "`client` needs the name of a program", WRITTEN));
        return None;
    };
    let mut ignored = IndexMap::new();
    for line in phrase.body.iter().flatten() {
        if !phrases::is_allowed(Block::Client, line, diagnostics) {
            continue;
        }
        let LineKind::Entry { value, .. } = &line.kind else { continue };
        let fields = read::expect(read::fields(value), value, "a record of flags", diagnostics);
        for (flag, count) in fields.unwrap_or_default() {
            let words = match &*count.kind {
                ExprKind::Number(ast::Number { value: NumberValue::Int(words), .. }) => {
                    usize::try_from(*words).ok()
                }
                _ => None,
            };
            let words = read::expect(words, &count, "how many words follow the flag", diagnostics);
            ignored.insert(flag, words.unwrap_or_default());
        }
    }
    Some(Client { program, ignored, span: phrase.span })
}

/// The report for a second declaration of a name.
pub(super) fn declared_twice(what: &str, name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(codes::E0103, span, format!("the {what} `{name}` is declared twice"))
        .label("again")
        .secondary(first, "first here")
}

fn known_setting(
    name: &str,
    span: Span,
    settings: &IndexMap<String, Setting>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if name.is_empty() || settings.contains_key(name) {
        return;
    }
    let report = Diagnostic::new(codes::E0402, span, format!("the driver's `site` has no setting `{name}`"));
    diagnostics.push(match similar::nearest(name, settings.keys().map(String::as_str)) {
        Some(near) => report.help(format!("did you mean `{near}`?")),
        None => report,
    });
}
