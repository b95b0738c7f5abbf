//! A driver looked at as its reviewer would: what its text shows, and the laws of what it computes.
//!
//! `mac: string canonical(replace(mac, "a", "aa"))` → E0881: the form of `a` is `aa`, and that of `aa` is `aaaa`.

use scope_analysis::hir;
use scope_diagnostics::{Diagnostic, codes};
use scope_plan::driver::{Attribute, Type};
use serde_json::{Map, Value, json};

use crate::lower::driver::lower_driver;

/// Texts as applications have them: spellings, addresses, names, amounts, documents.
const TEXTS: [&str; 18] = [
    "a",
    "A",
    "",
    " a ",
    "a/b//c/",
    "b,a",
    "www.Example.org.",
    "example.org",
    "FA-16-3E-00-AB-01",
    "fa:16:3e:0:ab:1",
    "10.0.0.1/8",
    "10.0.0.0/8",
    "2001:DB8::1/64",
    "{\"b\":1,\"a\":[2,1]}",
    "1024Mi",
    "007",
    "Ünï",
    "true",
];

/// Everything that is to be said of a driver without errors.
pub fn review(driver: &hir::Driver) -> Vec<Diagnostic> {
    let mut diagnostics = scope_analysis::driver::review(driver);
    let has_canonical = |ty: &&hir::ResourceType| ty.attributes.values().any(|one| one.canonical.is_some());
    if !driver.types.values().any(|ty| has_canonical(&ty)) {
        return diagnostics;
    }
    let lowered = lower_driver(driver, &driver.types.values().map(|ty| ty.name.clone()).collect());
    for ty in driver.types.values().filter(has_canonical) {
        let Some(known) = lowered.types.iter().find(|known| known.name == ty.name) else { continue };
        for attribute in &known.attributes {
            diagnostics.extend(ty.attributes.get(&attribute.name).and_then(|of| unstable(of, attribute)));
        }
    }
    diagnostics
}

/// The form of a form is the form itself: else a value that a site tells in its canonical form would differ from itself.
fn unstable(of: &hir::Attribute, attribute: &Attribute) -> Option<Diagnostic> {
    let canonical = of.canonical.as_ref()?;
    let (value, once, twice) = samples(&attribute.ty, 0).into_iter().find_map(|value| {
        let once = attribute.compared(&value).into_owned();
        let twice = attribute.compared(&once).into_owned();
        (once != twice).then_some((value, once, twice))
    })?;
    let message = format!(
        "the canonical form of `{}` has another one: {value} becomes {once}, and that becomes {twice}",
        of.name
    );
    Some(
        Diagnostic::new(codes::E0881, canonical.span, message)
            .label("applied twice it is not what it is applied once")
            .note("a site that tells the form itself would be told to differ from what it was set to")
            .help("have it leave alone what has the form already"),
    )
}

/// Values of a type, the simplest first.
fn samples(ty: &Type, depth: usize) -> Vec<Value> {
    let texts = || TEXTS.iter().map(|text| Value::from(*text)).collect::<Vec<Value>>();
    match ty {
        Type::Optional(inner) => samples(inner, depth),
        Type::String | Type::Quantity => texts(),
        Type::Int => vec![json!(0), json!(1), json!(-1), json!(42)],
        Type::Float => vec![json!(0.0), json!(1.5), json!(-2)],
        Type::Bool => vec![json!(true), json!(false)],
        Type::Enum(words) => words.iter().map(|word| Value::from(word.as_str())).collect(),
        Type::NumberOrText => [json!(80), json!("80")].into_iter().chain(texts()).collect(),
        Type::Any | Type::Named(_) => {
            let more = [json!(1), json!(["b", "a", "a"]), json!({ "b": 1, "a": null })];
            texts().into_iter().chain(more).collect()
        }
        Type::List(item) | Type::Sequence(item) | Type::Keyed { item, .. } if depth < 3 => {
            let items = samples(item, depth + 1);
            let mut lists = vec![json!([])];
            lists.extend(items.iter().map(|item| json!([item])));
            lists.extend(items.windows(2).map(|pair| json!([pair[1], pair[0], pair[1]])));
            lists
        }
        Type::Map(of) if depth < 3 => {
            let values = samples(of, depth + 1);
            let mut maps = vec![json!({})];
            maps.extend(values.iter().map(|value| json!({ "b": value, "A": value })));
            maps
        }
        // One record for each sample of its richest field; of the others each its first ones, over and over.
        Type::Record(fields) if depth < 3 => {
            let of_fields: Vec<(&String, Vec<Value>)> =
                fields.iter().map(|(name, ty)| (name, samples(ty, depth + 1))).collect();
            let most = of_fields.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
            let record = |number: usize| {
                let filled = of_fields.iter().filter(|(_, values)| !values.is_empty());
                filled
                    .map(|(name, values)| ((*name).clone(), values[number % values.len()].clone()))
                    .collect()
            };
            (0..most).map(|number| Value::Object(record(number))).collect::<Vec<Value>>()
        }
        Type::List(_) | Type::Sequence(_) | Type::Keyed { .. } => vec![json!([])],
        Type::Map(_) | Type::Record(_) => vec![Value::Object(Map::new())],
        Type::Bytes | Type::Reference(_) => Vec::new(),
    }
}
