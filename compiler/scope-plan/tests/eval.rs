//! What every kind of expression gives, and that nothing a site answers can blow it up.

use scope_plan::eval::{Bindings, Environment, EvalError, MAXIMUM_SIZE, eval, eval_path, eval_request_body};
use scope_plan::expr::{BinaryOp, Builtin, Expr, FileRef, Generator, SecretSource, UnaryOp};
use scope_plan::plan::StepId;
use serde_json::{Value, json};

fn value(value: Value) -> Expr {
    Expr::Value(value)
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary(op, Box::new(left), Box::new(right))
}

fn call(builtin: Builtin, arguments: &[Value]) -> Expr {
    Expr::Call(builtin, arguments.iter().cloned().map(Expr::Value).collect())
}

fn of(expr: &Expr) -> Result<Value, String> {
    let environment = Bindings::new()
        .with("id", json!("45da"))
        .with("unset", json!(null))
        .with("status", json!(403))
        .with(
            "body",
            json!({"images": [{"id": "a", "size": 3}, {"id": "b", "size": 9}], "m": {"x": 1, "y": 2}}),
        )
        .with_output(StepId(2), json!({"id": "deb", "links": [{"href": "h"}]}));
    eval(expr, &environment).map_err(|error| error.to_string())
}

struct Rim;

impl Environment for Rim {
    fn secret(&self, source: &SecretSource) -> Option<String> {
        (*source == SecretSource::Env("PASSWORD".into())).then(|| "hunter2".to_owned())
    }
    fn file_bytes(&self, file: &FileRef) -> Option<Vec<u8>> {
        match file.path.as_str() {
            "text" => Some(b"hello".to_vec()),
            "bytes" => Some(vec![0xff, 0xfe, 0xfd, 0xfc]),
            _ => None,
        }
    }
}

#[test]
fn texts_are_put_together_and_null_is_named() {
    let template = |part: Expr| Expr::Concat(vec![Expr::text("<"), part, Expr::text(">")]);
    assert_eq!(of(&template(Expr::name("id"))), Ok(json!("<45da>")));
    assert_eq!(of(&template(value(json!(7)))), Ok(json!("<7>")));
    assert_eq!(of(&template(value(json!(1.5)))), Ok(json!("<1.5>")));
    assert_eq!(of(&template(value(json!(true)))), Ok(json!("<true>")));
    assert_eq!(
        of(&template(Expr::name("unset").field("id"))),
        Err("`unset.id` is null where a value is needed".into())
    );
    assert_eq!(
        of(&template(Expr::step(StepId(2), &["links"]))),
        Err("`#2.links`: expected a text, a number or a truth value, found a list".into())
    );
    assert_eq!(of(&Expr::name("nope")), Err("nothing is called `nope` here".into()));
    assert_eq!(of(&Expr::step(StepId(9), &[])), Err("step 9 has no output yet".into()));
}

#[test]
fn fields_and_indices_end_in_null() {
    let image = |index| Expr::Index(Box::new(Expr::name("body").field("images")), Box::new(value(index)));
    assert_eq!(of(&image(json!(1)).field("id")), Ok(json!("b")));
    assert_eq!(of(&image(json!(7)).field("id")), Ok(json!(null)));
    assert_eq!(of(&image(json!(-1))), Ok(json!(null)));
    assert_eq!(of(&Expr::name("body").field("m").field("x").field("deeper")), Ok(json!(null)));
    assert_eq!(of(&Expr::step(StepId(2), &["id"])), Ok(json!("deb")));
    assert_eq!(of(&Expr::step(StepId(2), &["no", "such"])), Ok(json!(null)));
    let by_key = Expr::Index(Box::new(Expr::name("body").field("m")), Box::new(value(json!("y"))));
    assert_eq!(of(&by_key), Ok(json!(2)));
}

#[test]
fn only_the_side_that_is_needed_is_evaluated() {
    let trap = || Expr::name("nope");
    assert_eq!(of(&binary(BinaryOp::And, value(json!(false)), trap())), Ok(json!(false)));
    assert_eq!(of(&binary(BinaryOp::Or, value(json!(true)), trap())), Ok(json!(true)));
    assert_eq!(of(&binary(BinaryOp::Default, Expr::name("id"), trap())), Ok(json!("45da")));
    assert_eq!(of(&binary(BinaryOp::Default, Expr::name("unset"), Expr::name("id"))), Ok(json!("45da")));
    let choice =
        |condition| Expr::If(Box::new(value(json!(condition))), Box::new(value(json!(1))), Box::new(trap()));
    assert_eq!(of(&choice(true)), Ok(json!(1)));
    assert!(of(&choice(false)).is_err());
    assert_eq!(
        of(&binary(BinaryOp::And, Expr::name("unset"), trap())),
        Err("`unset` is null where a value is needed".into())
    );
}

#[test]
fn arithmetic_is_exact_and_never_wraps() {
    let of = |op, left: Value, right: Value| of(&binary(op, value(left), value(right)));
    assert_eq!(of(BinaryOp::Add, json!(2), json!(3)), Ok(json!(5)));
    assert_eq!(of(BinaryOp::Divide, json!(8), json!(2)), Ok(json!(4)));
    assert_eq!(of(BinaryOp::Divide, json!(7), json!(2)), Ok(json!(3.5)));
    assert_eq!(of(BinaryOp::Multiply, json!(1.5), json!(2)), Ok(json!(3.0)));
    assert_eq!(of(BinaryOp::Add, json!(i64::MAX), json!(1)), Ok(json!(9_223_372_036_854_775_808_u64)));
    assert!(of(BinaryOp::Add, json!(u64::MAX), json!(1)).is_err());
    assert!(of(BinaryOp::Multiply, json!(f64::MAX), json!(2)).is_err());
    assert_eq!(of(BinaryOp::Divide, json!(1), json!(0)), Err("`1 / 0`: division by zero".into()));
    assert!(of(BinaryOp::Add, json!("a"), json!(1)).is_err());
    let negated = Expr::Unary(UnaryOp::Negate, Box::new(value(json!(i64::MIN))));
    assert_eq!(super_of(&negated), Ok(json!(9_223_372_036_854_775_808_u64)));
    let negated = Expr::Unary(UnaryOp::Negate, Box::new(value(json!(u64::MAX))));
    assert!(super_of(&negated).is_err());
}

fn super_of(expr: &Expr) -> Result<Value, String> {
    of(expr)
}

#[test]
fn comparisons_are_by_value() {
    let of = |op, left: Value, right: Value| of(&binary(op, value(left), value(right)));
    assert_eq!(of(BinaryOp::Equal, json!(1), json!(1.0)), Ok(json!(true)));
    assert_eq!(of(BinaryOp::Equal, json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1.0})), Ok(json!(true)));
    assert_eq!(of(BinaryOp::NotEqual, json!("1"), json!(1)), Ok(json!(true)));
    assert_eq!(of(BinaryOp::Less, json!(2), json!(10)), Ok(json!(true)));
    assert_eq!(of(BinaryOp::Less, json!("2"), json!("10")), Ok(json!(false)));
    assert_eq!(of(BinaryOp::GreaterEqual, json!(2.5), json!(2)), Ok(json!(true)));
    assert!(of(BinaryOp::Less, json!(null), json!(1)).is_err());
    assert_eq!(of(BinaryOp::In, json!("a"), json!(["b", "a"])), Ok(json!(true)));
    assert_eq!(of(BinaryOp::In, json!("a"), json!({"a": null})), Ok(json!(true)));
    assert_eq!(of(BinaryOp::In, json!("bc"), json!("abcd")), Ok(json!(true)));
    assert_eq!(of(BinaryOp::In, json!("a"), json!(null)), Ok(json!(false)));
    assert_eq!(of(BinaryOp::Matching, json!("Quota exceeded for"), json!("[Qq]uota")), Ok(json!(true)));
    assert_eq!(of(BinaryOp::Matching, json!(null), json!("x")), Ok(json!(false)));
    assert_eq!(of(BinaryOp::Matching, json!({"a": 1}), json!("x")), Ok(json!(false)));
    assert!(of(BinaryOp::Matching, json!("x"), json!("(")).unwrap_err().contains("no regular expression"));
    assert_eq!(of(BinaryOp::Concat, json!([1]), json!([2])), Ok(json!([1, 2])));
    assert_eq!(of(BinaryOp::Concat, json!("a"), json!("b")), Ok(json!("ab")));
}

#[test]
fn comprehensions_shadow_and_filter() {
    let generator = |name: &str, second: Option<&str>, source: Expr, condition: Option<Expr>| {
        Box::new(Generator { name: name.into(), second: second.map(str::to_owned), source, condition })
    };
    let big = binary(BinaryOp::Greater, Expr::name("id").field("size"), value(json!(5)));
    let ids = Expr::ListFor(
        generator("id", None, Expr::name("body").field("images"), Some(big)),
        Box::new(Expr::name("id").field("id")),
    );
    assert_eq!(of(&ids), Ok(json!(["b"])));
    assert_eq!(ids.names_used(), ["body"].into());
    // After the comprehension, `id` is the attribute again.
    assert_eq!(of(&Expr::List(vec![ids, Expr::name("id")])), Ok(json!([["b"], "45da"])));
    let pairs = Expr::ListFor(
        generator("key", Some("v"), Expr::name("body").field("m"), None),
        Box::new(Expr::Concat(vec![Expr::name("key"), Expr::text("="), Expr::name("v")])),
    );
    assert_eq!(of(&pairs), Ok(json!(["x=1", "y=2"])));
    let keys =
        Expr::ListFor(generator("k", None, Expr::name("body").field("m"), None), Box::new(Expr::name("k")));
    assert_eq!(of(&keys), Ok(json!(["x", "y"])));
    let numbered = Expr::ListFor(
        generator("i", Some("e"), value(json!(["a", "b"])), None),
        Box::new(Expr::List(vec![Expr::name("i"), Expr::name("e")])),
    );
    assert_eq!(of(&numbered), Ok(json!([[0, "a"], [1, "b"]])));
    let map = Expr::MapFor(
        generator("i", None, Expr::name("body").field("images"), None),
        Box::new(Expr::name("i").field("id")),
        Box::new(Expr::name("i").field("size")),
    );
    assert_eq!(of(&map), Ok(json!({"a": 3, "b": 9})));
    let none = Expr::ListFor(generator("i", None, Expr::name("unset"), None), Box::new(Expr::name("i")));
    assert_eq!(of(&none), Err("`unset` is null where a value is needed".into()));
}

#[test]
fn every_builtin_has_a_value_and_refuses_what_it_cannot_take() {
    let cases: &[(Builtin, &[Value], Value, &[Value])] = &[
        (Builtin::Json, &[json!("{\"a\": [1]}")], json!({"a": [1]}), &[json!("{")]),
        (Builtin::ToJson, &[json!({"b": 1, "a": null})], json!("{\"b\":1,\"a\":null}"), &[]),
        (Builtin::First, &[json!([4, 5])], json!(4), &[json!("a")]),
        (Builtin::First, &[json!([])], json!(null), &[json!(3)]),
        (Builtin::Length, &[json!("añb")], json!(3), &[json!(null)]),
        (Builtin::Length, &[json!({"a": 1})], json!(1), &[json!(3)]),
        (Builtin::Lower, &[json!("AÉ")], json!("aé"), &[json!([])]),
        (Builtin::Upper, &[json!("aé")], json!("AÉ"), &[json!(null)]),
        (Builtin::Trim, &[json!(" a\n")], json!("a"), &[json!({})]),
        (
            Builtin::Join,
            &[json!(["a", 1, true]), json!("-")],
            json!("a-1-true"),
            &[json!([null]), json!("-")],
        ),
        (Builtin::Split, &[json!("a,b,"), json!(",")], json!(["a", "b", ""]), &[json!("a"), json!("")]),
        (Builtin::Keys, &[json!({"b": 1, "a": 2})], json!(["b", "a"]), &[json!([])]),
        (Builtin::Values, &[json!({"b": 1, "a": 2})], json!([1, 2]), &[json!("x")]),
        (Builtin::Has, &[json!({"b": null}), json!("b")], json!(true), &[json!([]), json!("b")]),
        (Builtin::Has, &[json!(null), json!("b")], json!(false), &[json!(3), json!("b")]),
        (Builtin::Text, &[json!(2.5)], json!("2.5"), &[json!(null)]),
        (Builtin::Int, &[json!(" 42 ")], json!(42), &[json!("4.2")]),
        (Builtin::Int, &[json!(3.0)], json!(3), &[json!(3.5)]),
        (Builtin::Base64, &[json!("Ma")], json!("TWE="), &[json!(null)]),
        (Builtin::Base64, &[json!("Man, M")], json!("TWFuLCBN"), &[json!([])]),
        (Builtin::Base64, &[json!("")], json!(""), &[json!({})]),
        (Builtin::Url, &[json!("a/b c?é-._~")], json!("a%2Fb%20c%3F%C3%A9-._~"), &[json!(null)]),
        (
            Builtin::Merge,
            &[json!({"a": {"x": 1, "y": 2}, "b": 1}), json!({"a": {"y": 3}, "b": null})],
            json!({"a": {"x": 1, "y": 3}, "b": null}),
            &[json!({}), json!([])],
        ),
        (Builtin::Merge, &[json!({"a": 1}), json!(null)], json!({"a": 1}), &[json!(1), json!({})]),
        (
            Builtin::Without,
            &[json!({"a": 1, "b": 2}), json!(["a"])],
            json!({"b": 2}),
            &[json!({}), json!("a")],
        ),
        (Builtin::ConcatLists, &[json!([1]), json!([]), json!([2])], json!([1, 2]), &[json!([1]), json!(2)]),
        (Builtin::Distinct, &[json!([1, 1.0, "1", 1])], json!([1, "1"]), &[json!("aa")]),
        (Builtin::Sort, &[json!([10, 9, 1.5])], json!([1.5, 9, 10]), &[json!([1, "a"])]),
        (Builtin::Sort, &[json!(["b", "a"])], json!(["a", "b"]), &[json!([[], []])]),
        (Builtin::Range, &[json!(3)], json!([0, 1, 2]), &[json!(-1)]),
        (Builtin::Sum, &[json!([1, 2, -4])], json!(-1), &[json!([1, "a"])]),
        (Builtin::Sum, &[json!([1.5, 2])], json!(3.5), &[json!(1)]),
        (Builtin::Sum, &[json!([])], json!(0), &[json!([i64::MAX, u64::MAX, u64::MAX])]),
        (Builtin::Min, &[json!([3, 1.5, 2])], json!(1.5), &[json!([])]),
        (Builtin::Max, &[json!([3, 1.5, 3.0])], json!(3), &[json!(["a"])]),
        (Builtin::Div, &[json!(-1), json!(3)], json!(-1), &[json!(1), json!(0)]),
        (Builtin::Div, &[json!(7), json!(-2)], json!(-3), &[json!(1.5), json!(1)]),
        (Builtin::Mod, &[json!(-1), json!(3)], json!(2), &[json!(1), json!(0)]),
        (Builtin::Size, &[json!(10.5)], json!(11), &[json!(-1)]),
        (Builtin::Rate, &[json!(10.4)], json!(10), &[json!("a")]),
        (Builtin::Duration, &[json!(0.1 + 0.2)], json!(0.3), &[json!(1e30)]),
        (Builtin::Duration, &[json!(-2.0)], json!(-2), &[json!("a")]),
        (Builtin::Round, &[json!(-2.5)], json!(-3), &[json!(1e30)]),
        (Builtin::DurationText, &[json!(90)], json!("90s"), &[json!("a")]),
        (Builtin::DurationText, &[json!(0.3)], json!("300ms"), &[json!(null)]),
        (Builtin::SizeText, &[json!(10_737_418_240_u64)], json!("10GiB"), &[json!("a")]),
        (Builtin::SizeText, &[json!(0)], json!("0B"), &[json!(null)]),
        (Builtin::RateText, &[json!(2_500_000_000_u64)], json!("2500Mbps"), &[json!("a")]),
        (
            Builtin::Replace,
            &[json!("aXbX"), json!("X"), json!("--")],
            json!("a--b--"),
            &[json!("a"), json!(""), json!("b")],
        ),
        (
            Builtin::Capture,
            &[json!("id=45da;"), json!("id=([0-9a-f]+)")],
            json!("45da"),
            &[json!("a"), json!("(")],
        ),
        (Builtin::Capture, &[json!("none"), json!("x+")], json!(null), &[json!("a"), json!("[")]),
    ];
    for (builtin, good, expected, refused) in cases {
        assert_eq!(of(&call(*builtin, good)).as_ref(), Ok(expected), "{builtin:?} {good:?}");
        if !refused.is_empty() {
            assert!(of(&call(*builtin, refused)).is_err(), "{builtin:?} {refused:?}");
        }
    }
    for builtin in Builtin::ALL {
        assert!(cases.iter().any(|case| case.0 == builtin), "{builtin:?} has no case");
        if builtin != Builtin::ConcatLists {
            assert!(of(&call(builtin, &[])).is_err(), "{builtin:?} without arguments");
            assert!(of(&call(builtin, &vec![json!("a"); 9])).is_err(), "{builtin:?} with nine arguments");
        }
    }
}

#[test]
fn a_body_leaves_out_what_is_not_set_and_keeps_what_is_written() {
    let body = Expr::Record(vec![
        ("os-start".into(), value(json!(null))),
        ("name".into(), Expr::name("unset")),
        (
            "server".into(),
            Expr::Record(vec![
                ("image".into(), Expr::name("unset").field("id")),
                ("id".into(), Expr::name("id")),
            ]),
        ),
        ("given".into(), value(json!({"kept": null}))),
        ("list".into(), Expr::List(vec![Expr::name("unset")])),
    ]);
    let environment = Bindings::new().with("unset", json!(null)).with("id", json!("x"));
    assert_eq!(
        eval_request_body(&body, &environment).unwrap(),
        json!({"os-start": null, "server": {"id": "x"}, "given": {"kept": null}, "list": [null]})
    );
    assert_eq!(eval(&body, &environment).unwrap()["name"], json!(null));
    assert!(eval(&body, &environment).unwrap().as_object().unwrap().contains_key("name"));
}

#[test]
fn addresses_encode_what_is_filled_in() {
    let environment = Bindings::new()
        .with("id", json!("a/b"))
        .with("who", json!("x&y=z"))
        .with("next", json!("http://h/p?q=1"))
        .with("path", json!("/counters/hits?x=1"))
        .with("up", json!(".."))
        .with("nothing", json!(""))
        .with("unset", json!(null));
    let path =
        |parts: Vec<Expr>| eval_path(&Expr::Concat(parts), &environment).map_err(|error| error.to_string());
    assert_eq!(
        path(vec![Expr::text("/s/"), Expr::name("id"), Expr::text("?by="), Expr::name("who")]),
        Ok("/s/a%2Fb?by=x%26y%3Dz".into())
    );
    assert_eq!(path(vec![Expr::name("next"), Expr::text("&x=1")]), Ok("http://h/p?q=1&x=1".into()));
    assert_eq!(path(vec![Expr::name("path")]), Ok("/counters/hits?x=1".into()));
    assert_eq!(
        path(vec![Expr::text("/s/"), Expr::Call(Builtin::Url, vec![Expr::name("id")])]),
        Ok("/s/a%2Fb".into())
    );
    let question =
        Expr::If(Box::new(value(json!(true))), Box::new(Expr::text("?all=1&x=")), Box::new(Expr::text("")));
    assert_eq!(path(vec![Expr::text("/s"), question, Expr::name("nothing")]), Ok("/s?all=1&x=".into()));
    assert_eq!(
        path(vec![Expr::text("/s/"), Expr::name("up")]),
        Err("`up` is `..` and would change the address it stands in".into())
    );
    assert_eq!(
        path(vec![Expr::text("/s/"), Expr::name("nothing")]),
        Err("`nothing` is empty and would change the address it stands in".into())
    );
    assert_eq!(
        path(vec![Expr::text("/s/"), Expr::name("unset")]),
        Err("`unset` is null where a value is needed".into())
    );
    assert_eq!(path(vec![Expr::text("/s/"), Expr::name("next")]), Ok("/s/http%3A%2F%2Fh%2Fp%3Fq%3D1".into()));
}

#[test]
fn secrets_and_files_come_from_the_environment() {
    let file = |path: &str| Expr::File(FileRef { path: path.into(), sha256: String::new(), size: 5 });
    let eval = |expr: &Expr| eval(expr, &Rim).map_err(|error| error.to_string());
    assert_eq!(eval(&Expr::Secret(SecretSource::Env("PASSWORD".into()))), Ok(json!("hunter2")));
    assert_eq!(
        eval(&Expr::Secret(SecretSource::Env("OTHER".into()))),
        Err("secret(\"OTHER\") is not set or cannot be read".into())
    );
    assert_eq!(eval(&file("text")), Ok(json!("hello")));
    assert!(eval(&file("bytes")).unwrap_err().contains("is not text"));
    assert_eq!(eval(&Expr::Call(Builtin::Base64, vec![file("bytes")])), Ok(json!("//79/A==")));
    assert_eq!(eval(&file("gone")), Err("the file `gone` cannot be read".into()));
}

#[test]
fn everything_is_bounded() {
    // Doubling a text at every level would give 2^40 bytes.
    let mut text = value(json!("xxxxxxxxxxxxxxxx"));
    for _ in 0..14 {
        text = Expr::Call(
            Builtin::Replace,
            vec![text, value(json!("x")), value(json!("xxxxxxxxxxxxxxxxxxxxxxxx"))],
        );
    }
    assert_eq!(eval(&text, &Bindings::new()), Err(EvalError::TooBig));
    let range = Expr::Call(Builtin::Range, vec![value(json!(1_000_000_000))]);
    assert_eq!(eval(&range, &Bindings::new()), Err(EvalError::TooBig));
    let each = |source: Expr, value: Expr| {
        Expr::ListFor(
            Box::new(Generator { name: "e".into(), second: None, source, condition: None }),
            Box::new(value),
        )
    };
    // Nested loops over what a site answered.
    let many = || Expr::name("many");
    let loops = each(
        many(),
        Expr::Call(Builtin::Length, vec![each(many(), Expr::Call(Builtin::Length, vec![many()]))]),
    );
    let environment = Bindings::new().with("many", json!(vec![0; 10_000]));
    assert_eq!(eval(&loops, &environment), Err(EvalError::TooLong));
    let copies = each(many(), many());
    assert_eq!(eval(&copies, &environment), Err(EvalError::TooBig));
    let big = Bindings::new().with("big", Value::from("x".repeat(MAXIMUM_SIZE + 1)));
    assert_eq!(eval(&Expr::name("big"), &big), Err(EvalError::TooBig));
    let regex = binary(BinaryOp::Matching, value(json!("a")), value(json!("(a{1000}){1000}")));
    assert!(eval(&regex, &Bindings::new()).unwrap_err().to_string().contains("too big"));
    let mut deep = value(json!(true));
    for _ in 0..255 {
        deep = Expr::Unary(UnaryOp::Not, Box::new(deep));
    }
    assert_eq!(eval(&deep, &Bindings::new()), Ok(json!(false)));
    assert_eq!(eval(&Expr::Unary(UnaryOp::Not, Box::new(deep)), &Bindings::new()), Err(EvalError::TooDeep));
    let mut nested = Expr::Value(json!({}));
    for _ in 0..80 {
        nested = Expr::Call(
            Builtin::Merge,
            vec![
                Expr::Record(vec![("a".into(), nested)]),
                Expr::If(
                    Box::new(value(json!(true))),
                    Box::new(value(json!({"b": 1}))),
                    Box::new(value(json!(null))),
                ),
            ],
        );
    }
    assert!(eval(&nested, &Bindings::new()).is_ok());
}

#[test]
fn expressions_have_a_text_for_people() {
    let expr = Expr::If(
        Box::new(binary(
            BinaryOp::And,
            binary(BinaryOp::Equal, Expr::name("a").field("b c"), value(json!(1))),
            Expr::Unary(UnaryOp::Not, Box::new(Expr::name("c"))),
        )),
        Box::new(Expr::Concat(vec![Expr::text("/x\n"), Expr::step(StepId(3), &["id"])])),
        Box::new(Expr::Record(vec![("k".into(), Expr::Call(Builtin::First, vec![Expr::name("l")]))])),
    );
    assert_eq!(
        expr.to_string(),
        r##"if (a."b c" == 1) and (not c) then "/x\n${#3.id}" else { k: first(l) }"##
    );
}
