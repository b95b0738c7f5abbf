//! Schemas as types: what every kind of document gives, with the input beside it, and what hostile ones do not do.

use scope_diagnostics::render;
use scope_schema::{Extension, Options, Source, import};

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

fn options() -> Options {
    Options { command: "scope driver import FILE".to_owned(), ..Options::default() }
}

/// What importing gives, text and reports; that it can be read again is part of it.
fn imported(files: &[Source], options: &Options) -> String {
    let imported = import(files, options);
    let file = scope_diagnostics::FileId(0);
    let parsed = scope_syntax::parse(file, &imported.text);
    assert!(
        parsed.diagnostics.is_empty(),
        "what is written can be read: {:?}\n{}",
        parsed.diagnostics,
        imported.text
    );
    assert_eq!(scope_syntax::format(&parsed.module, &imported.text), imported.text, "and is formatted");
    let again = import(files, options);
    assert_eq!(again.text, imported.text, "the same again");
    format!("{}\n{}", imported.text, render::short(&imported.diagnostics, &imported.sources))
}

#[test]
fn every_kind_of_document() {
    let extend = Extension {
        driver: "base".to_owned(),
        import: "base".to_owned(),
        service: "api".to_owned(),
        pattern: "object".to_owned(),
        parts: Vec::new(),
    };
    let extended = Options { extend: Some(extend), ..options() };
    for (name, text, options) in [
        ("house.json", include_str!("cases/house.json"), options()),
        ("lamps.yaml", include_str!("cases/lamps.yaml"), options()),
        ("certs.yaml", include_str!("cases/certs.yaml"), options()),
        ("wrong.json", include_str!("cases/wrong.json"), options()),
        ("certs.yaml", include_str!("cases/certs.yaml"), extended),
    ] {
        let suffix = if options.extend.is_some() { "extending" } else { "types" };
        let shown = imported(&[source(name, text)], &options);
        insta::with_settings!({ description => text, omit_expression => true }, {
            insta::assert_snapshot!(format!("{}_{suffix}", name.replace('.', "_")), shown);
        });
    }
}

#[test]
fn parts_are_told_apart() {
    let definition = |group: &str, kind: &str| {
        let plural = kind.to_lowercase();
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{ name: {plural}.{group} }}\n\
             spec:\n  group: {group}\n  scope: Namespaced\n  names: {{ kind: {kind}, plural: {plural} }}\n  versions:\n\
             \x20 - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema: {{ type: object }}\n"
        )
    };
    let all = [
        ("home.example", "Lamp"),
        ("home.other.example", "Door"),
        ("net.example", "Mesh"),
        ("disk.example", "Disk"),
    ];
    let all: Vec<String> = all.iter().map(|(group, kind)| definition(group, kind)).collect();
    let extend = Extension {
        driver: "base".to_owned(),
        import: "base".to_owned(),
        service: "api".to_owned(),
        pattern: "object".to_owned(),
        parts: vec![
            ("net".to_owned(), "driver base.net.v1 { … group: \"net.other\" … }".to_owned()),
            ("disk".to_owned(), "driver base.disk.v1 { … group: \"disk.example\" … }".to_owned()),
        ],
    };
    let text =
        import(&[source("all.yaml", &all.join("---\n"))], &Options { extend: Some(extend), ..options() })
            .text;
    for name in ["base.home.v1", "base.home_other.v1", "base.net_example.v1", "base.disk.v1"] {
        assert!(text.contains(&format!("driver {name} {{")), "{name}\n{text}");
    }
}

#[test]
fn only_what_is_asked_for_and_what_it_uses() {
    let files = [source("lamps.yaml", include_str!("cases/lamps.yaml"))];
    let only =
        |names: &[&str]| Options { only: names.iter().map(|name| (*name).to_owned()).collect(), ..options() };
    let text = import(&files, &only(&["Shape"])).text;
    assert!(
        text.contains("type Ball") && text.contains("type Shape") && !text.contains("type Lamp"),
        "{text}"
    );
    let wrong = import(&files, &only(&["Shpae"]));
    assert_eq!(wrong.diagnostics.len(), 1);
    assert_eq!(wrong.diagnostics[0].help, ["did you mean `Shape`?"]);
    // By its whole name, where the last word is another's too.
    let text = import(&files, &only(&["acme.v2.Event"])).text;
    assert!(text.contains("at: int?") && !text.contains("string"), "{text}");
}

#[test]
fn a_part_of_a_schema_under_a_name_of_ones_own() {
    let text = r##"{"openapi": "3.1.0", "components": {"schemas": {
        "LampCreate": {"properties": {"lamp": {"$ref": "#/components/schemas/Body"}}},
        "Body": {"allOf": [{"$ref": "#/components/schemas/Base"}], "properties": {
            "watts": {"type": ["integer", "string"], "pattern": "^[0-9]+$", "minimum": 1, "maximum": 60},
            "on": {"type": ["boolean", "string"], "enum": [true, "True", "yes", false, "0"]},
            "rooms": {"type": "array", "items": {"properties": {"id": {"type": "string", "format": "uuid"}}}}}},
        "Base": {"properties": {"colour": {"enum": ["red", "blue"], "description": "What it shines in."}}}}}}"##;
    let files = [source("lamps.json", text)];
    let only =
        |names: &[&str]| Options { only: names.iter().map(|name| (*name).to_owned()).collect(), ..options() };
    let wanted = [
        "Watts=LampCreate.lamp.watts",
        "On=Body.on",
        "RoomId=Body.rooms.[].id",
        "Colour=LampCreate.lamp.colour",
    ];
    let imported = imported(&files, &only(&wanted));
    for said in [
        "type Watts = int in 1..60\n",
        "type On = bool\n",
        "type RoomId = string matching r\"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$\"\n",
        "/// What it shines in.\ntype Colour = \"red\" | \"blue\"\n",
    ] {
        assert!(imported.contains(said), "{said}\n{imported}");
    }
    assert_eq!(imported.matches("\ntype ").count(), 4, "and nothing else: {imported}");
    let wrong = import(&files, &only(&["Body.wats"]));
    assert_eq!(wrong.diagnostics.len(), 1, "{:?}", wrong.diagnostics);
    assert!(wrong.diagnostics[0].message.contains("has no part `wats`"), "{:?}", wrong.diagnostics);
    assert_eq!(wrong.diagnostics[0].help, ["did you mean `watts`?"]);
}

#[test]
fn a_part_that_only_some_versions_of_a_schema_have() {
    let text = r##"{"openapi": "3.1.0", "components": {"schemas": {"LampSet": {"oneOf": [
        {"items": {"type": "string"}, "type": "array"},
        {"properties": {"watts": {"type": "integer", "minimum": 1, "maximum": 60}, "rooms": {"properties": {"id": {"type": "string"}}}}},
        {"anyOf": [{"properties": {"watts": {"type": "integer", "minimum": 1, "maximum": 90}}}]}]}}}}"##;
    let files = [source("lamps.json", text)];
    let only =
        |names: &[&str]| Options { only: names.iter().map(|name| (*name).to_owned()).collect(), ..options() };
    let imported = imported(&files, &only(&["Watts=LampSet.watts", "RoomId=LampSet.rooms.id"]));
    assert!(imported.contains("type Watts = int in 1..90\n"), "the last that has it: {imported}");
    assert!(imported.contains("type RoomId = string\n"), "{imported}");
    let wrong = import(&files, &only(&["LampSet.rooms.di"]));
    assert_eq!(wrong.diagnostics.len(), 1, "{:?}", wrong.diagnostics);
    assert!(wrong.diagnostics[0].message.contains("has no part `di`"), "{:?}", wrong.diagnostics);
    assert_eq!(wrong.diagnostics[0].help, ["did you mean `id`?"]);
}

#[test]
fn files_that_refer_to_each_other() {
    let house = source(
        "a/house.json",
        r##"{"type": "object", "properties": {"lamp": {"$ref": "https://x.example/v2/shapes.json#/$defs/Lamp"}}}"##,
    );
    let shapes = source(
        "b/shapes.json",
        r##"{"$defs": {"Lamp": {"type": "object", "properties": {"on": {"type": "boolean"}}}}}"##,
    );
    let both = import(&[house.clone(), shapes], &options());
    assert!(both.diagnostics.is_empty(), "{:?}", both.diagnostics);
    assert!(both.text.contains("lamp: Lamp?"), "{}", both.text);
    let alone = import(&[house], &options());
    assert_eq!(alone.diagnostics[0].code.as_str(), "E0406");
    assert!(alone.text.contains("lamp: any?"), "the rest is there: {}", alone.text);
}

/// A schema of records within records.
fn deep(n_levels: usize) -> String {
    let mut text = String::new();
    for _ in 0..n_levels {
        text.push_str(r#"{"type":"object","properties":{"a":"#);
    }
    text.push_str("{}");
    text.push_str(&"}}".repeat(n_levels));
    text
}

#[test]
fn hostile_schemas_are_bounded() {
    // As the command line does: the reader goes as deep as the text.
    let thread = std::thread::Builder::new().stack_size(512 * 1024 * 1024).spawn(hostile);
    thread.expect("a thread").join().expect("nothing overflows, nothing panics");
}

fn hostile() {
    let code = |text: &str| {
        let imported = import(&[source("hostile.json", text)], &options());
        let parsed = scope_syntax::parse(scope_diagnostics::FileId(0), &imported.text);
        assert!(parsed.diagnostics.is_empty(), "{}", imported.text);
        imported.diagnostics.first().map(|report| report.code.as_str())
    };
    // The reader of the file has a bound of its own, which is met first.
    assert_eq!(code(&deep(60)), Some("E0408"), "too deep to be read");
    assert_eq!(code(&deep(20_000)), Some("E0408"), "far too deep");
    assert_eq!(code("{"), Some("E0405"));
    assert_eq!(code(""), None, "nothing is nothing");
    assert_eq!(code("[1, 2]"), Some("E0405"));
    assert_eq!(code("a: [unclosed"), Some("E0405"));
    // Each level twice the one below: 2^30 layers if nobody counted.
    let mut bomb = String::from(r#"{"definitions":{"x0":{"type":"object","properties":{"a":{}}}"#);
    for level in 1..=30 {
        let below = format!(r##"{{"$ref":"#/definitions/x{}"}}"##, level - 1);
        bomb.push_str(&format!(r#","x{level}":{{"allOf":[{below},{below}]}}"#));
    }
    bomb.push_str("}}");
    assert_eq!(code(&bomb), Some("E0408"), "too much");
    // Names and texts that are no names of the language, or would end a text.
    let odd = r##"{"title":"} evil ${x}","type":"object","properties":{"a\"b":{"enum":["\"}\n","${env(\"X\")}","\\"]},"\u202eabc":{"description":"\u202e*/ }\n\n}"}}}"##;
    let shown = imported(&[source("odd.json", odd)], &options());
    assert!(shown.contains("type EvilX = {"), "{shown}");
    assert!(!shown.contains('\u{202e}') || shown.contains("\"\u{202e}abc\""), "{shown}");
}

#[test]
fn large_descriptions_take_a_time_that_grows_with_them() {
    let schemas = |n: usize| {
        let each: Vec<String> = (0..n)
            .map(|index| format!(r##""T{index}":{{"type":"object","properties":{{"next":{{"$ref":"#/$defs/T{}"}},"name":{{"type":"string"}}}}}}"##, (index + 1) % n))
            .collect();
        format!(r#"{{"$defs":{{{}}}}}"#, each.join(","))
    };
    let imported = import(&[source("many.json", &schemas(5000))], &options());
    assert_eq!(imported.n_types, 5000);
    assert!(imported.diagnostics.is_empty());
    // The reader of the file has a bound of its own, which is met first.
    let too_many = import(&[source("many.json", &schemas(20_001))], &options());
    assert_eq!(too_many.diagnostics.len(), 1, "one cause, one report");
    assert_eq!(too_many.diagnostics[0].code.as_str(), "E0408");
    assert_eq!(too_many.diagnostics[0].message, "this is too much: more than 250000 values");
}

#[test]
fn what_no_type_says_is_told_once() {
    let schema = r#"{ "title": "Lamp", "type": "object", "properties": {
        "watts": { "type": "integer", "multipleOf": 5, "exclusiveMinimum": 0 },
        "volts": { "type": "integer", "multipleOf": 1, "minimum": 3 },
        "amps": { "type": "number", "exclusiveMaximum": 1, "multipleOf": 0.5 },
        "tags": { "type": "array", "uniqueItems": true, "items": { "type": "string" } },
        "login": { "type": "object", "properties": { "key": { "type": "string", "format": "password" } } } } }"#;
    let imported = import(&[source("lamp.json", schema)], &options());
    let words = "1 `exclusiveMaximum`, 1 `format: password`, 2 `multipleOf`, 1 `uniqueItems`";
    assert_eq!(imported.unsaid.as_deref(), Some(words));
    assert!(imported.text.contains("left to the site to check: 1 `exclusiveMaximum`"), "{}", imported.text);
    // Of whole numbers, an excluded bound is the next one.
    assert!(imported.text.contains("watts: int in 1.."), "{}", imported.text);
    let plain = r#"{ "title": "Lamp", "type": "object", "properties": { "watts": { "type": "integer", "minimum": 1 } } }"#;
    let plain = import(&[source("lamp.json", plain)], &options());
    assert_eq!(plain.unsaid, None);
    assert!(!plain.text.contains("left to the site"), "{}", plain.text);
}

#[test]
fn what_the_language_can_say_of_a_value_is_carried() {
    let schema = r#"{ "title": "Lamp", "type": "object", "properties": {
        "port": { "x-kubernetes-int-or-string": true, "pattern": "^[0-9]+%$", "minimum": 1, "maximum": 9 },
        "mode": { "enum": [1, "auto", 3, 2, 7] },
        "flag": { "enum": [true, false, "auto"] },
        "level": { "anyOf": [{ "type": "integer", "maximum": 3, "minimum": 1 }, { "type": "integer", "maximum": 9, "minimum": 7 }] },
        "code": { "anyOf": [{ "type": "string", "pattern": "^a" }, { "type": "string", "pattern": "^b" }, { "const": "c" }] },
        "kind": { "type": "string", "pattern": "^[a-z]+$", "oneOf": [{ "enum": ["a", "B"] }, { "type": "string", "pattern": "z$" }] },
        "size": { "type": "integer", "minimum": 3, "anyOf": [{ "type": "integer", "maximum": 9 }, { "const": 12 }, { "const": 1 }] },
        "word": { "type": "string", "minLength": 2, "enum": ["x", "yes", "no"] },
        "step": { "enum": [1, 2, 3, 40], "maximum": 9 },
        "labels": { "type": "object", "patternProperties": { "^.*$": { "type": "string" } }, "additionalProperties": false } } }"#;
    let shown = imported(&[source("lamp.json", schema)], &options());
    for said in [
        "port:   int in 1..9 | string matching r\"^[0-9]+%$\"?",
        "mode:   int in 1..3 | int in 7..7 | \"auto\"?",
        "flag:   bool | \"auto\"?",
        "level:  int in 1..3 | int in 7..9?",
        "code:   string matching r\"^a\" | string matching r\"^b\" | \"c\"?",
        "kind:   \"a\" | string matching r\"z$\" matching r\"^[a-z]+$\"?",
        "size:   int in 3..9 | int in 12..12?",
        "word:   \"yes\" | \"no\"?",
        "step:   int in 1..3?",
        "labels: map<string>?",
    ] {
        assert!(shown.contains(said), "{said}\n{shown}");
    }
    assert!(!shown.contains("left to the site"), "{shown}");
}

#[test]
fn what_is_said_of_a_parameter_of_a_path_is_said_of_the_identity() {
    let of = |parameter: &str, identity: &str| {
        let lamp = format!(
            r#"{{ "type": "object", "properties": {{ "id": {identity}, "name": {{ "type": "string" }} }} }}"#
        );
        let answer = format!(r#"{{ "content": {{ "application/json": {{ "schema": {lamp} }} }} }}"#);
        let parameters =
            format!(r#"[{{ "in": "path", "name": "id", "required": true, "schema": {parameter} }}]"#);
        let text = format!(
            r#"{{ "openapi": "3.0.3", "info": {{ "title": "House", "version": "1" }}, "paths": {{
                "/lamps": {{ "post": {{ "requestBody": {answer}, "responses": {{ "201": {answer} }} }} }},
                "/lamps/{{id}}": {{ "parameters": {parameters}, "get": {{ "responses": {{ "200": {answer} }} }} }} }} }}"#
        );
        let options = Options { driver: Some("house".to_owned()), ..options() };
        (
            imported(&[source("house.json", &text)], &options),
            import(&[source("house.json", &text)], &options).unsaid,
        )
    };
    let pattern = r#"{ "type": "string", "pattern": "^l-[0-9]+$" }"#;
    let (kept, unsaid) = of(pattern, r#"{ "type": "string" }"#);
    assert!(kept.contains("string matching r\"^l-[0-9]+$\"  identity") && unsaid.is_none(), "{kept}");
    let (both, unsaid) = of(pattern, r#"{ "type": "string", "pattern": "9$" }"#);
    assert!(both.contains("matching r\"9$\" matching r\"^l-[0-9]+$\"") && unsaid.is_none(), "{both}");
    let (number, unsaid) =
        of(r#"{ "type": "integer", "minimum": 1, "maximum": 9 }"#, r#"{ "type": "integer" }"#);
    assert!(number.contains("int in 1..9  identity") && unsaid.is_none(), "{number}");
    // What cannot be said of both is counted.
    let (other, unsaid) = of(pattern, r#"{ "type": "integer" }"#);
    assert!(other.contains("int  identity"), "{other}");
    assert_eq!(unsaid.as_deref(), Some("1 `pattern`"), "{other}");
}

#[test]
fn what_is_lost_on_the_way_to_a_type_is_counted() {
    let words = |schema: &str| {
        let text = format!(r#"{{ "title": "Lamp", "type": "object", "properties": {{ "a": {schema} }} }}"#);
        import(&[source("lamp.json", &text)], &options()).unsaid
    };
    for (schema, counted) in [
        (r#"{ "type": "string", "pattern": "^(?=x)" }"#, "1 `pattern`"),
        (r#"{ "type": "string", "maxLength": 4096 }"#, "1 `maxLength`"),
        (r#"{ "enum": [1.5, "a"] }"#, "1 `enum`"),
        (r#"{ "enum": [true, "auto"] }"#, "1 `enum`"),
        (r#"{ "const": true }"#, "1 `const`"),
        (
            r#"{ "type": "object", "x-kubernetes-validations": [{ "rule": "self.a > 1" }] }"#,
            "1 `x-kubernetes-validations`",
        ),
        (r#"{ "properties": { "b": {} }, "oneOf": [{ "required": ["b"] }, { "not": {} }] }"#, "1 `oneOf`"),
        (r#"{ "properties": { "b": {} }, "anyOf": [{ "required": ["b"] }] }"#, "1 `anyOf`"),
        (r#"{ "type": "string", "anyOf": [{ "format": "ipv4" }, { "enum": ["any"] }] }"#, "1 `anyOf`"),
        (
            r#"{ "type": "object", "patternProperties": { "^x-": { "type": "string" } } }"#,
            "1 `patternProperties`",
        ),
        (r#"{ "type": "object", "dependentRequired": { "a": ["b"] } }"#, "1 `dependentRequired`"),
        (r#"{ "type": "array", "items": [{ "type": "string" }] }"#, "1 `items`"),
        (r##"{ "properties": { "b": { "$ref": "#", "multipleOf": 2 } } }"##, "1 `multipleOf`"),
    ] {
        assert_eq!(words(schema).as_deref(), Some(counted), "{schema}");
    }
    for schema in [
        r#"{ "enum": ["a", "b"] }"#,
        r#"{ "enum": [true, "yes", false] }"#,
        r#"{ "anyOf": [{ "type": "integer" }, { "type": "null" }] }"#,
        r#"{ "properties": { "b": {} }, "anyOf": [{ "required": ["b"] }, {}] }"#,
    ] {
        assert_eq!(words(schema), None, "{schema}");
    }
}

#[test]
fn a_schema_is_read_by_the_rules_of_data_files() {
    let text = "title: Lamp\ntype: object\nproperties:\n  axis: { enum: [x, y] }\n";
    let wrong = import(&[source("lamp.yaml", text)], &options());
    let codes: Vec<&str> = wrong.diagnostics.iter().map(|report| report.code.as_str()).collect();
    assert_eq!(codes, ["E0347"], "{:?}", wrong.diagnostics);
    let shown = text.replace(
        "{ enum: [x, y] }",
        "{ type: string, example: y }\n  example: { enum: [a, b], examples: [no] }",
    );
    let right = imported(&[source("lamp.yaml", &shown)], &options());
    assert!(right.contains("axis:    string?") && right.contains("example: \"a\" | \"b\"?"), "{right}");
    let quoted = text.replace(" y]", " \"y\"]");
    let right = imported(&[source("lamp.yaml", &quoted)], &options());
    assert!(right.contains("axis: \"x\" | \"y\"?"), "{right}");
}

#[test]
fn an_alternative_that_may_be_anything_makes_all_of_them_anything() {
    for (schema, ty) in [
        (r#"{ "anyOf": [{ "type": "string" }, {}] }"#, "any"),
        (r#"{ "type": "string", "anyOf": [{ "enum": ["any"] }, { "format": "ipv4" }] }"#, "string"),
        (r#"{ "oneOf": [{ "type": "integer" }, { "pattern": "^[a-z]+$" }] }"#, "int | string matching"),
        (
            r#"{ "oneOf": [{ "type": "integer" }, { "additionalProperties": { "type": "string" } }] }"#,
            "int | map<string>",
        ),
    ] {
        let text = format!(r#"{{ "title": "Lamp", "properties": {{ "a": {schema} }}, "required": ["a"] }}"#);
        let made = imported(&[source("lamp.json", &text)], &options());
        assert!(made.contains(&format!("a: {ty}")), "{schema}: {made}");
    }
}
