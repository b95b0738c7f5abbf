//! A plan survives JSON to the byte; the published schema is the one of the types, and takes what is a plan and nothing
//! that is none.

#![allow(clippy::disallowed_methods, reason = "a test reads and, when asked to, writes the published schema")]

use proptest::prelude::*;
use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator, UnaryOp};
use scope_plan::json::{ReadError, from_json, schema, schema_text, to_json};
use scope_plan::plan::{FormerPath, Plan, Rename};
use scope_plan::testing::{self, Builder, plan_from};
use serde_json::{Value, json};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plan.schema.json");

fn plans() -> Vec<Plan> {
    let numbers: Vec<u16> = (0..400).map(|number: u32| (number * 7919 % 65_521) as u16).collect();
    let with_login = {
        let mut plan = Builder::with_driver(testing::shelf_with_login());
        plan.site("nantes");
        plan.finish()
    };
    vec![
        testing::one_ensure(),
        testing::both(),
        testing::otherwise(),
        testing::borrowed(),
        plan_from(&numbers),
        with_login,
    ]
}

#[test]
fn plans_survive_to_the_byte() {
    for plan in plans() {
        let text = to_json(&plan);
        let read = from_json(&text).unwrap();
        assert_eq!(read, plan);
        assert_eq!(to_json(&read), text);
    }
}

#[test]
fn former_names_of_an_older_version_are_read() {
    let mut plan: Value = serde_json::from_str(&to_json(&testing::one_ensure())).unwrap();
    plan["renames"] = json!([["site", "web"], { "from": "a", "to": "b", "at": "nantes" }]);
    plan["former_names"] = json!({ "web": ["site"], "b": [{ "path": "a", "after_key": ".note" }] });
    let read = from_json(&plan.to_string()).unwrap();
    assert_eq!(read.renames, [rename("site", "web", None), rename("a", "b", Some("nantes"))]);
    assert_eq!(read.former_names["web"], [FormerPath { path: "site".into(), after_key: None }]);
    assert!(read.former_names["b"][0].is("a[\"k\"].note"));
    assert_eq!(from_json(&to_json(&read)).unwrap(), read);
}

fn rename(from: &str, to: &str, at: Option<&str>) -> Rename {
    Rename { from: from.into(), to: to.into(), at: at.map(str::to_owned) }
}

#[test]
fn numbers_and_the_order_of_records_survive() {
    let mut plan = Builder::new();
    let value = json!({"z": 1, "a": 0.1, "m": [1e300, 5e-324, 123_456_789.123_456_79, u64::MAX, i64::MIN, 1.0, -0.0]});
    plan.output("value", Expr::Value(value));
    let text = to_json(&plan.finish());
    let again = to_json(&from_json(&text).unwrap());
    assert_eq!(again, text);
    assert!(text.find("\"z\"") < text.find("\"a\""));
}

#[test]
fn the_deepest_expressions_survive_on_a_small_stack() {
    let wraps: [fn(Expr) -> Expr; 4] = [
        |inner| Expr::Binary(BinaryOp::Default, Box::new(inner), Box::new(Expr::Value(json!(1)))),
        |inner| Expr::Call(Builtin::ConcatLists, vec![Expr::List(vec![inner])]),
        |inner| {
            let generator = Generator { name: "e".into(), second: None, source: inner, condition: None };
            Expr::ListFor(Box::new(generator), Box::new(Expr::name("e")))
        },
        |inner| Expr::Unary(UnaryOp::Not, Box::new(Expr::Record(vec![("a".into(), inner)]))),
    ];
    for wrap in wraps {
        let mut expr = Expr::List(Vec::new());
        while expr.depth() < 255 {
            expr = wrap(expr);
        }
        let mut plan = Builder::new();
        plan.output("deep", expr);
        let plan = plan.finish();
        // The threads of a test have two MiB, a program's first one has eight.
        assert_eq!(from_json(&to_json(&plan)).unwrap(), plan);
    }
}

#[test]
fn what_is_no_plan_is_told_apart() {
    let text = to_json(&testing::both());
    let refused = |text: &str| from_json(text).unwrap_err().to_string();
    assert!(refused("resource vm").starts_with("this is no JSON: expected value at line 1 column 1"));
    assert!(refused(&text[..text.len() / 2]).starts_with("this is no JSON: EOF"));
    assert!(refused(&format!("{text}x")).starts_with("this is no JSON: trailing characters"));
    assert_eq!(refused("{}"), "this is no plan: it has no `format` as `scope-plan/1`");
    assert!(refused("[1]").starts_with("this is no plan"));
    assert_eq!(refused("7"), "this is no plan: it has no `format` as `scope-plan/1`");
    assert_eq!(
        refused("{\"format\": \"scope-events/1\"}"),
        "this is no plan: it has no `format` as `scope-plan/1`"
    );
    assert_eq!(
        refused("{\"format\": \"scope-plan/2\"}"),
        "this is a plan of version 2, and this program reads version 1: build the plan again"
    );
    assert!(
        refused("{\"format\": \"scope-plan/1\"}")
            .starts_with("this is no plan of version 1: missing field `program`")
    );
    let misspelt = text.replacen("\"do\": \"ensure\"", "\"do\": \"insure\"", 1);
    assert!(refused(&misspelt).contains("unknown variant `insure`, expected one of `lookup`, `ensure`"));
    let broken = text.replacen("\"from\": 0", "\"from\": 7", 1);
    assert!(matches!(from_json(&broken), Err(ReadError::Broken(_))));
    let bomb = format!("{{\"format\": \"scope-plan/1\", \"x\": {}", "[".repeat(1_000_000));
    assert_eq!(from_json(&bomb), Err(ReadError::TooDeep));
}

#[test]
fn the_published_schema_is_current() {
    if std::env::var_os("SCOPE_UPDATE").is_some() {
        std::fs::write(SCHEMA, schema_text()).unwrap();
    }
    let published = std::fs::read_to_string(SCHEMA).unwrap();
    assert!(
        published == schema_text(),
        "plan.schema.json is old; SCOPE_UPDATE=1 cargo test -p scope-plan writes it"
    );
}

#[test]
fn the_schema_takes_plans() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for plan in plans() {
        let value: Value = serde_json::from_str(&to_json(&plan)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_is_no_plan() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let good: Value = serde_json::from_str(&to_json(&testing::both())).unwrap();
    let broken: [fn(&mut Value); 6] = [
        |plan| plan["format"] = json!("scope-plan/2"),
        |plan| plan["steps"][0]["action"]["do"] = json!("insure"),
        |plan| plan["steps"][0]["site"] = json!("nantes"),
        |plan| drop(plan.as_object_mut().unwrap().shift_remove("edges")),
        |plan| plan["edges"][0]["reason"] = json!("because"),
        |plan| plan["outputs"][0]["value"] = json!({"step": {"step": -1, "path": []}}),
    ];
    for break_it in broken {
        let mut plan = good.clone();
        break_it(&mut plan);
        assert!(!validator.is_valid(&plan), "{}", plan["format"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_survives_to_the_byte(numbers in prop::collection::vec(any::<u16>(), 0..400)) {
        let plan = plan_from(&numbers);
        let text = to_json(&plan);
        let read = from_json(&text).unwrap();
        prop_assert_eq!(to_json(&read), text);
        prop_assert!(read == plan);
    }
}
