//! Drivers as text, and what elaborating says about them: the standard library's and the smallest whole one without a
//! word, and one broken in each way with the code for it.

use scope_analysis::{driver::elaborate, hir};
use scope_diagnostics::{Diagnostic, SourceMap};
use scope_syntax::ast::ItemKind;

const COUNTER: &str = include_str!("drivers/counter.scope");

/// The drivers of a text and every report, those of the parser included.
fn drivers(text: &str) -> (Vec<hir::Driver>, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let file = sources.add("test.scope", text);
    let parsed = scope_syntax::parse(file, text);
    let mut diagnostics = parsed.diagnostics;
    let mut drivers = Vec::new();
    for item in &parsed.module.items {
        if let ItemKind::Driver(driver) = &item.kind {
            let (driver, reports) = elaborate(&parsed.module, driver);
            drivers.push(driver);
            diagnostics.extend(reports);
        }
    }
    (drivers, diagnostics)
}

fn shown(text: &str, diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics.iter().map(|report| {
        let line = text[..report.primary.span.range().start.min(text.len())].lines().count();
        format!("{line}: [{}] {} {:?}\n", report.code, report.message, report.help)
    });
    lines.collect()
}

#[test]
fn the_standard_library_is_without_a_report() {
    // Parts of drivers, and drivers with patterns, need their imports: the whole command looks at those.
    let is_alone = |name: &&str| {
        !scope_stdlib::modules().any(|part| part.starts_with(&format!("{name}."))) && !name.contains('.')
    };
    for name in scope_stdlib::modules().filter(is_alone) {
        let text = scope_stdlib::module(name).expect("it is one of the modules");
        let (drivers, diagnostics) = drivers(text);
        assert!(diagnostics.is_empty(), "{name}\n{}", shown(text, &diagnostics));
        if name == "placement" {
            assert!(drivers.is_empty(), "operators, for every driver");
            continue;
        }
        assert_eq!(drivers.len(), 1, "{name}");
        assert_eq!(drivers[0].name, name, "a module is called as its driver");
    }
}

#[test]
fn everything_in_the_standard_library_is_documented() {
    for name in scope_stdlib::modules() {
        let text = scope_stdlib::module(name).expect("it is one of the modules");
        for driver in drivers(text).0 {
            for setting in driver.settings.values() {
                assert!(!setting.docs.is_empty(), "{name}: setting {}", setting.name);
            }
            for ty in driver.types.values() {
                assert!(!ty.docs.is_empty(), "{}", ty.name);
                for attribute in ty.attributes.values() {
                    assert!(!attribute.docs.is_empty(), "{}.{}", ty.name, attribute.name);
                }
            }
        }
    }
}

#[test]
fn the_counter_is_whole() {
    let (drivers, diagnostics) = drivers(COUNTER);
    assert!(diagnostics.is_empty(), "{}", shown(COUNTER, &diagnostics));
    let ty = &drivers[0].types["counter.counter"];
    assert_eq!(ty.identity, "name");
    assert_eq!(ty.create.as_deref(), Some("set"));
    assert_eq!(ty.operations["set"].kind, hir::OperationKind::Create);
    assert_eq!(ty.operations["inc"].inputs["by"].0, hir::Type::Int);
    // A PUT that creates also updates.
    assert_eq!(ty.operations["update"].kind, hir::OperationKind::Update);
    assert!(matches!(ty.cross, hir::Cross::By(_)));
    assert_eq!(ty.merge.len(), 3);
}

#[test]
fn the_image_type_is_read_as_written() {
    let (drivers, _) = drivers(scope_stdlib::module("openstack").expect("it is one of the modules"));
    let driver = &drivers[0];
    let image = &driver.types["openstack.image"];
    assert_eq!(image.service, "image");
    assert_eq!(image.mark.as_deref(), Some(&["properties".to_owned(), "scope_mark".to_owned()][..]));
    assert_eq!(image.operations["create"].repeat, hir::Repeat::Id);
    assert_eq!(image.operations["upload"].after.as_deref(), Some("create"));
    assert!(image.attributes["id"].is_computed && image.attributes["id"].is_settable);
    let server = &driver.types["openstack.server"];
    let reference = server.attributes["image"].reference.as_ref().expect("an image is a reference");
    assert_eq!(reference.target, "openstack.image");
    // `shared(copy)` takes the rule of the type that is copied.
    assert_eq!(reference.shared.as_ref(), Some(&image.share));
    assert!(driver.services["identity"].authenticates);
    assert_eq!(driver.login.as_ref().expect("it has a login").secret_fields, ["token"]);
    assert!(driver.settings["password"].is_secret);
}

/// The counter with one line replaced; the code and a part of the report's message.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    // Phrases.
    ("service counter {\n", "servise counter {\n", "E0401", "a driver has no `servise`"),
    ("type counter {\n", "tpye counter {\n", "E0401", "a service has no `tpye`"),
    ("address: site.url", "adress: site.url", "E0401", "a service has no `adress:`"),
    ("cross by sum(value)", "cross sum(value)", "E0401", "`cross` says how"),
    ("cross by sum(value)", "ready within 5s", "E0401", "`ready` needs a condition"),
    ("cross by sum(value)", "ready when value > 0 within 5GiB", "E0401", "expected a time"),
    ("cross by sum(value)", "broken because \"x\"", "E0401", "`broken` needs a condition"),
    ("cross by sum(value)", "stuck", "E0401", "`stuck` needs a condition"),
    ("cross by sum(value)", "stuck when value < 0", "E0401", "nothing says for how long"),
    ("cross by sum(value)", "share by none", "E0401", "`share` says how"),
    ("cross by sum(value)", "mark at value", "E0401", "`mark` names an attribute"),
    ("create by set", "create set", "E0401", "`create` names the operation"),
    ("identity immutable", "identity imutable", "E0401", "an attribute has no `imutable`"),
    ("identity immutable", "immutable", "E0401", "has no identity"),
    ("value: int = 0", "value: int = 0 identity", "E0401", "has two identities"),
    ("value: int = 0", "value: int = 0 relies", "E0401", "refers to nothing"),
    ("value: int = 0", "value: int = 0 read", "E0401", "`read` needs the place"),
    (
        "operation read   GET    \"/counters/${name}\"",
        "operation read",
        "E0401",
        "does not say how it is asked for",
    ),
    ("operation read   GET ", "operation read at ", "E0401", "an operation has no `at`"),
    ("{ body: { value: value },", "{ bdy: { value: value },", "E0401", "an operation has no `bdy:`"),
    ("{ body: { value: value },", "{ repeat by luck, body: { value: value },", "E0401", "`repeat` says what"),
    (
        "{ body: { value: value },",
        "{ settles 60s, body: { value: value },",
        "E0401",
        "`settles` says how long",
    ),
    ("{ body: { value: value },", "{ headers: 7, body: { value: value },", "E0401", "expected a record"),
    ("inc then inc -> any-order", "inc then inc -> any-odrer", "E0401", "no relation of two operations"),
    ("inc then inc -> any-order", "inc -> any-order", "E0401", "a merge rule has two operations"),
    (
        "cli set = $ counter set ${name} ${value}",
        "cli set = $ counter set ${name} --force",
        "E0401",
        "sets nothing",
    ),
    ("versions: \"1\"..\"2\"", "versions: 1", "E0401", "expected a range of versions"),
    ("versions: \"1\"..\"2\"", "versions: \"2\"..\"1\"", "E0201", "no version is in \"2\"..\"1\""),
    // Defaults.
    (
        "value: int = 0",
        "value: int = \"none\"",
        "E0201",
        "expected the default of `value` to be `int`, found `string`",
    ),
    ("value: int = 0", "value: int = null", "E0201", "found null"),
    ("value: int = 0", "value: int in 1..9 = 0", "E0201", "found one outside of it"),
    (
        "value: int = 0",
        "value: int = 0\nkind: \"a\" | \"b\" = \"c\"",
        "E0205",
        "`kind` is one of \"a\", \"b\", not \"c\"",
    ),
    // Names.
    ("address: site.url", "address: site.ulr", "E0402", "has no setting `ulr`"),
    ("address: site.url", "address: sight.url", "E0402", "nothing is called `sight`"),
    ("{ body: { value: value },", "{ body: { value: valeu },", "E0402", "nothing is called `valeu`"),
    ("200 -> found(body), 404", "200 -> found(bdoy), 404", "E0402", "nothing is called `bdoy`"),
    ("200 -> found(body), 404", "200 -> found(firts(body)), 404", "E0402", "no function is called `firts`"),
    ("200 -> found(body), 404", "200 -> found(body & text), 404", "E0402", "locations have no meaning"),
    ("inc then inc -> any-order", "inc then dec -> any-order", "E0402", "has no operation `dec`"),
    (
        "cli set = $ counter set ${name} ${value}",
        "cli ste = $ counter set ${name}",
        "E0402",
        "has no operation `ste`",
    ),
    (
        "cli set = $ counter set ${name} ${value}",
        "cli set = $ counter set ${nmae}",
        "E0402",
        "no attribute or input `nmae`",
    ),
    ("create by set", "create by ste", "E0402", "has no operation `ste`"),
    ("200 -> found(body), 404", "200 -> found(join(body)), 404", "E0210", "takes 2 arguments, not 1"),
    // Answers.
    ("200 -> found(body), 404", "200 -> fond(body), 404", "E0403", "`fond` is no outcome"),
    ("200 -> found(body), 404", "200 -> found, 404", "E0403", "`found` with 0 values"),
    ("200 -> found(body), 404", "200 -> 7, 404", "E0403", "expected an outcome"),
    ("200 -> found(body), 404", "\"ok\" -> found(body), 404", "E0403", "expected a status"),
    ("200 -> found(body), 404", "200 | 999 -> found(body), 404", "E0403", "expected a status"),
    ("200 -> found(body), 404", "299..200 -> found(body), 404", "E0403", "expected a status"),
    ("{ 204 | 404 -> gone }", "{ 404 -> not_found }", "E0403", "no answer that says it worked"),
    // Promises.
    (
        "operation delete DELETE \"/counters/${name}\"     { 204 | 404 -> gone }",
        "",
        "E0404",
        "no operation `delete`",
    ),
    (
        "operation read   GET    \"/counters/${name}\"     { 200 -> found(body), 404 -> not_found }",
        "",
        "E0404",
        "no operation `read`",
    ),
    (
        "name:  string    identity immutable",
        "name: string\nid: string computed identity",
        "E0404",
        "no operation `find`",
    ),
    (
        "cross by sum(value)",
        "data: bytes? write_only\nshare by copy(keep: [name, data])",
        "E0404",
        "no operation `download`",
    ),
    // Twice.
    ("value: int = 0", "value: int = 0\nvalue: int = 1", "E0103", "the attribute `value` is declared twice"),
    (
        "create by set",
        "operation read GET \"/x\" { 200 -> found(body) }\ncreate by set",
        "E0103",
        "the operation `read`",
    ),
    ("inc then inc -> any-order", "set then inc -> any-order", "E0103", "`set then inc` is written twice"),
    (
        "site { url: string }",
        "site { url: string, url: string }",
        "E0103",
        "the setting `url` is declared twice",
    ),
    // Types.
    ("value: int = 0", "value: itn = 0", "E0207", "no type is called `itn`"),
    ("value: int = 0", "value: list = 0", "E0207", "`list` takes one type"),
    ("value: int = 0", "value: int in \"a\" = 0", "E0201", "expected a range such as"),
    ("value: int = 0", "value: \"a\" | nothing", "E0207", "no type is called `nothing`"),
    // Functions.
    (
        "//! A tiny",
        "fn a(x: any) = b(x)\nfn b(x: any) = a(x)\n// A tiny",
        "E0112",
        "calls itself in a circle",
    ),
];

#[test]
fn each_mistake_has_its_code() {
    let mut missing = String::new();
    for (line, replacement, code, message) in BROKEN {
        assert!(COUNTER.contains(line), "the counter has no `{line}`");
        let text = COUNTER.replace(line, replacement);
        let (_, diagnostics) = drivers(&text);
        let found = diagnostics
            .iter()
            .any(|report| report.code.to_string() == *code && report.message.contains(message));
        if !found {
            missing +=
                &format!("`{replacement}` should be [{code}] {message}\n{}\n", shown(&text, &diagnostics));
        }
        for report in &diagnostics {
            let span = report.primary.span;
            assert!(!span.is_dummy() && (span.end as usize) <= text.len(), "{}", report.message);
        }
    }
    assert!(missing.is_empty(), "{missing}");
}

#[test]
fn a_mistake_does_not_hide_the_next_one() {
    let text = COUNTER
        .replace("address: site.url", "address: site.ulr")
        .replace("200 -> found(body), 404", "200 -> fond(body), 404")
        .replace("{ body: { value: value },", "{ body: { value: valeu },");
    let codes: Vec<String> = drivers(&text).1.iter().map(|report| report.code.to_string()).collect();
    for code in ["E0402", "E0403"] {
        assert!(codes.iter().any(|other| other == code), "{codes:?}");
    }
    assert_eq!(codes.iter().filter(|code| *code == "E0402").count(), 2, "{codes:?}");
}

#[test]
fn a_function_that_explodes_is_refused() {
    let nested = (0..40).fold("value".to_owned(), |inner, _| format!("double({inner})"));
    let text = format!("fn double(x: any) = x + x\n{COUNTER}")
        .replace("value: value }", &format!("value: {nested} }}"));
    let (_, diagnostics) = drivers(&text);
    let codes: Vec<String> = diagnostics.iter().map(|report| report.code.to_string()).collect();
    assert_eq!(codes, ["E0210"], "{}", shown(&text, &diagnostics));
    let chain: String = (0..80).map(|n| format!("fn f{n}(x: any) = f{}(x)\n", n + 1)).collect();
    let text =
        format!("{chain}fn f80(x: any) = x\n{COUNTER}").replace("value: value }", "value: f0(value) }");
    assert!(drivers(&text).1.iter().any(|report| report.code.to_string() == "E0210"));
}

#[test]
fn an_unreadable_driver_is_still_a_driver() {
    let (drivers, diagnostics) =
        drivers("driver x { service a { type t { id: string identity, operation } } }\n");
    assert_eq!(drivers.len(), 1);
    assert!(!diagnostics.is_empty());
    assert!(drivers[0].types.contains_key("x.t"));
}
