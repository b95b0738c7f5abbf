//! What the awk that is written gives is what `scope_plan::eval` gives, over random expressions and hand-picked ones.

use proptest::prelude::*;
use scope_plan::bound::{Bound, Bounded, Test};
use scope_plan::eval::{Bindings, eval, eval_path, eval_request_body, value};
use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator, UnaryOp};
use scope_plan::plan::Origin;
use serde_json::{Value, json};

use super::AWK_LIBRARY;
use super::expr::{Expressions, Names};

fn inputs() -> Value {
    json!({
        "id": "a/b c&é",
        "n": 7,
        "list": [3, "x", null, {"k": "v"}, 1.5],
        "numbers": [5, 3, 9, 1, 3],
        "record": {"image": {"id": "45da", "sizes": [1, 2]}, "ünï": "ö", "z": null},
        "nothing": null,
        "quotes": "a\"b\\c\n\t\u{1}ü😀",
        "yes": true,
    })
}

/// Runs the awk made of an expression: its JSON, or the words of its failure.
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the test runs the awk that is written"
)]
fn run(expressions: &mut Expressions, statement: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let library = AWK_LIBRARY.join("\n");
    let functions = expressions.take_functions().join("\n");
    let program = format!(
        "{library}\nfunction masked(text) {{ return text }}\nfunction normal(h) {{ return h }}\nfunction describe(type) {{ return 1 }}\nfunction output_names(type) {{ return 1 }}\n{functions}\nfunction path_0(  p) {{ p = \"\"\n{statement}\nreturn p }}\nBEGIN {{ start(); print path_0() }}\n"
    );
    std::fs::write(path("program"), program).expect("written");
    std::fs::write(path("inputs"), inputs().to_string()).expect("written");
    let awk = std::env::var("SCOPE_TEST_AWK").unwrap_or_else(|_| "awk".to_owned());
    let output = std::process::Command::new(awk)
        .env("LC_ALL", "C")
        .env("SCOPE_INPUTS", path("inputs"))
        .env("SCOPE_WORDS", path("words"))
        .arg("-f")
        .arg(path("program"))
        .output()
        .expect("awk is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{errors}\n{statement}\n{functions}");
    match std::fs::read_to_string(path("words")) {
        Ok(words) => Err(words),
        Err(_) => Ok(String::from_utf8(output.stdout)
            .expect("bytes of texts stay UTF-8")
            .trim_end_matches('\n')
            .to_owned()),
    }
}

fn bindings() -> Bindings {
    let Value::Object(fields) = inputs() else { unreachable!("it is a record") };
    fields.into_iter().fold(Bindings::new(), |bindings, (name, value)| bindings.with(name, value))
}

fn by_awk(expr: &Expr) -> Result<Value, String> {
    let mut expressions = Expressions::default();
    let handle = expressions.value(expr, Names::Request).map_err(|error| format!("refused: {error}"))?;
    let text = run(&mut expressions, &format!("p = json({handle})"))?;
    Ok(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{expr}")))
}

fn agree(expr: &Expr) {
    let ours = eval(expr, &bindings());
    let theirs = by_awk(expr);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(value::canonical(ours), value::canonical(theirs), "{expr}");
        }
        (Err(_), Err(_)) => {}
        _ => panic!("{expr}\nours: {ours:?}\nawk: {theirs:?}"),
    }
}

fn name(text: &str) -> Expr {
    Expr::name(text)
}

fn text(words: &str) -> Expr {
    Expr::text(words)
}

fn call(builtin: Builtin, arguments: Vec<Expr>) -> Expr {
    Expr::Call(builtin, arguments)
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary(op, Box::new(left), Box::new(right))
}

fn number(n: i64) -> Expr {
    Expr::Value(json!(n))
}

fn generator(name: &str, second: Option<&str>, source: Expr, condition: Option<Expr>) -> Box<Generator> {
    Box::new(Generator { name: name.to_owned(), second: second.map(str::to_owned), source, condition })
}

#[test]
fn every_function_and_operator() {
    use BinaryOp::*;
    use Builtin::*;
    let words = || text(" Ab é-b,c,,d ");
    for expr in [
        call(Json, vec![text("{\"a\": [1, 2.50, {\"b\": \"\\u00e9\\ud83d\\ude00\\n\"}], \"a\": 3}")]),
        call(Json, vec![text("[1, 2")]),
        call(Json, vec![text("nul")]),
        call(Json, vec![text("01")]),
        call(ToJson, vec![name("record")]),
        call(ToJson, vec![name("quotes")]),
        call(First, vec![name("list")]),
        call(First, vec![name("nothing")]),
        call(First, vec![name("id")]),
        call(Length, vec![name("list")]),
        call(Length, vec![name("record")]),
        call(Length, vec![name("quotes")]),
        call(Length, vec![number(3)]),
        call(DurationText, vec![number(90)]),
        call(SizeText, vec![number(3 << 30)]),
        call(SizeText, vec![number(1500)]),
        call(SizeText, vec![number(0)]),
        call(RateText, vec![number(2_500_000)]),
        call(RateText, vec![text("fast")]),
        call(Lower, vec![text("AbC")]),
        call(Upper, vec![text("AbC")]),
        call(Trim, vec![words()]),
        call(Join, vec![Expr::List(vec![text("a"), number(1), name("yes")]), text("-")]),
        call(Join, vec![name("list"), text("-")]),
        call(Split, vec![words(), text(",")]),
        call(Split, vec![words(), text("")]),
        call(Keys, vec![name("record")]),
        call(Values, vec![name("record")]),
        call(Has, vec![name("record"), text("ünï")]),
        call(Has, vec![name("record"), text("none")]),
        call(Has, vec![name("nothing"), text("none")]),
        call(Text, vec![name("n")]),
        call(Text, vec![name("record")]),
        call(Int, vec![text(" 42 ")]),
        call(Int, vec![text("4x")]),
        call(Int, vec![text("-7")]),
        call(Base64, vec![name("quotes")]),
        call(Base64, vec![text("Ma")]),
        call(Base64, vec![text("")]),
        call(Url, vec![name("id")]),
        call(Merge, vec![name("record"), Expr::Value(json!({"image": {"id": 1, "new": [1]}, "a": null}))]),
        call(Merge, vec![name("nothing"), name("record")]),
        call(Merge, vec![name("list"), name("record")]),
        call(Without, vec![name("record"), Expr::Value(json!(["image", "x"]))]),
        call(ConcatLists, vec![name("list"), name("numbers"), Expr::List(vec![])]),
        call(ConcatLists, vec![]),
        call(
            Distinct,
            vec![Expr::Value(json!([1, 1.0, "1", {"a": 1, "b": 2}, {"b": 2, "a": 1}, null, null]))],
        ),
        call(Sort, vec![name("numbers")]),
        call(Sort, vec![Expr::Value(json!(["b", "a", "é", "B"]))]),
        call(Sort, vec![name("list")]),
        call(Range, vec![number(3)]),
        call(Range, vec![number(-1)]),
        call(Sum, vec![name("numbers")]),
        call(Sum, vec![Expr::Value(json!([1.5, 2]))]),
        call(Sum, vec![Expr::Value(json!([]))]),
        call(Sum, vec![Expr::Value(json!([1, "a"]))]),
        call(Min, vec![name("numbers")]),
        call(Min, vec![Expr::Value(json!([]))]),
        call(Max, vec![name("numbers")]),
        call(Max, vec![text("a")]),
        call(Mod, vec![number(-7), number(3)]),
        call(Mod, vec![number(7), number(0)]),
        call(Replace, vec![words(), text("b"), text("\\&")]),
        call(Capture, vec![text("rel/v12.3-x"), text(r"v(\d+)\.(\d+)")]),
        call(Capture, vec![text("rel/v12.3-x"), text(r"[0-9]+")]),
        call(Capture, vec![text("rel"), text(r"v(\d+)")]),
        call(Capture, vec![text("http://h/x//"), text(r"^(.*?)/*$")]),
        call(Capture, vec![text("http://h/x"), text(r"^(.*?)/*$")]),
        call(Capture, vec![text("/a/b/"), text(r"([^/]+)/*$")]),
        call(Capture, vec![text("80:443"), text(r"([0-9]+)$")]),
        call(Capture, vec![text("a<b>c<d>"), text(r"<(.+?)>")]),
        call(
            Capture,
            vec![
                text("Rule id is 0a1b2c3d-0000-1111-2222-333344445555."),
                text(r"Rule id is ([0-9a-f-]{36})"),
            ],
        ),
        call(Capture, vec![name("list"), text("x")]),
        binary(Add, number(2), number(3)),
        binary(Subtract, number(2), number(3)),
        binary(Multiply, name("n"), Expr::Value(json!(1.5))),
        binary(Divide, number(7), number(2)),
        binary(Divide, number(8), number(2)),
        binary(Divide, number(1), number(3)),
        binary(Divide, number(1), number(0)),
        binary(Add, text("a"), number(1)),
        binary(Concat, text("a"), name("quotes")),
        binary(Concat, name("list"), name("numbers")),
        binary(Concat, name("list"), text("a")),
        binary(Equal, number(1), Expr::Value(json!(1.0))),
        binary(Equal, text("1"), number(1)),
        binary(Equal, text("10"), text("1e1")),
        binary(NotEqual, name("record"), name("record")),
        binary(Less, text("a"), text("é")),
        binary(Less, text("10"), text("9")),
        binary(LessEqual, number(10), number(9)),
        binary(Greater, name("n"), number(3)),
        binary(GreaterEqual, name("nothing"), number(3)),
        binary(And, Expr::Value(json!(false)), name("nothing")),
        binary(Or, name("yes"), name("nothing")),
        binary(And, name("yes"), name("nothing")),
        binary(Default, name("nothing"), name("n")),
        binary(Default, name("id"), call(Range, vec![number(-1)])),
        binary(In, number(3), name("list")),
        binary(In, text("image"), name("record")),
        binary(In, text("b c"), name("id")),
        binary(In, text(""), name("id")),
        binary(In, text("x"), name("nothing")),
        binary(In, number(1), name("id")),
        binary(Matching, name("id"), text("^a/")),
        binary(Matching, name("nothing"), text("x")),
        binary(Matching, text("Quota exceeded"), text("(?i)quota|limit")),
        binary(Matching, text("a.b"), text(r"^a\.b$")),
        binary(Matching, text("axb"), text(r"^a\.b$")),
        Expr::Unary(UnaryOp::Negate, Box::new(name("n"))),
        Expr::Unary(UnaryOp::Not, Box::new(name("yes"))),
        Expr::Unary(UnaryOp::Not, Box::new(name("n"))),
        Expr::If(Box::new(name("yes")), Box::new(number(1)), Box::new(call(Range, vec![number(-1)]))),
        Expr::Index(Box::new(name("list")), Box::new(number(3))),
        Expr::Index(Box::new(name("list")), Box::new(number(30))),
        Expr::Index(Box::new(name("list")), Box::new(number(-1))),
        Expr::Index(Box::new(name("record")), Box::new(text("ünï"))),
        Expr::Index(Box::new(name("record")), Box::new(name("yes"))),
        name("record").field("image").field("sizes"),
        name("id").field("image").field("sizes"),
        Expr::Concat(vec![text("x"), name("n"), name("yes"), name("quotes")]),
        Expr::Concat(vec![text("x"), name("list")]),
        Expr::Value(inputs()),
    ] {
        agree(&expr);
    }
}

#[test]
fn what_is_out_of_its_bounds_is_no_value() {
    let rule = |test: Test| Bound::Rule { test, expected: "as said".into() };
    let range = || rule(Test::Range { low: Some(1.0), high: Some(9.5), unit: None });
    let words = || rule(Test::Word(vec!["up".into(), "a \"b\"".into()]));
    let bounds = [
        range(),
        rule(Test::Range { low: None, high: Some(-1.0), unit: None }),
        rule(Test::Matching("^[a-z]+$".into())),
        words(),
        rule(Test::Address),
        rule(Test::Network),
        rule(Test::Amount),
        rule(Test::Text),
        rule(Test::Number),
        rule(Test::Whole),
        rule(Test::Truth),
        rule(Test::List),
        rule(Test::Record),
        Bound::Each(Box::new(range())),
        Bound::BySite(Box::new(range())),
        Bound::Fields(vec![("a".into(), range()), ("b".into(), Bound::Each(Box::new(words())))]),
        Bound::All(vec![rule(Test::Whole), range()]),
        Bound::Any { of: vec![range(), words()], expected: "either".into() },
        Bound::Recursive {
            id: 3,
            of: Box::new(Bound::Fields(vec![
                ("a".into(), range()),
                ("next".into(), Bound::Each(Box::new(Bound::Again(3)))),
            ])),
        },
    ];
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(9.5),
        json!(-7),
        json!(""),
        json!("up"),
        json!("UP"),
        json!("a \"b\""),
        json!("10.0.0.7"),
        json!("2001:db8::1"),
        json!("10.0.0.0/24"),
        json!("500m"),
        json!("1Gi"),
        json!("a lot of it"),
        json!([]),
        json!([1, null, 9]),
        json!([1, 0]),
        json!({}),
        json!({ "a": 1, "b": ["up"] }),
        json!({ "a": 1, "next": [{ "a": 2, "next": [{ "a": 3 }] }, { "next": [] }] }),
        json!({ "a": 1, "next": [{ "a": 2, "next": [{ "a": 3 }, { "a": 0 }] }] }),
        json!({ "a": 1, "b": ["on"] }),
        json!({ "a": 0 }),
        json!({ "nantes": 1, "paris": 2 }),
    ];
    let origin = Origin { file: String::new(), start: 0, end: 0, line: 1, column: 1, scope: None };
    for bound in bounds {
        for value in &values {
            agree(&Expr::Bounded(Box::new(Bounded {
                value: Expr::Value(value.clone()),
                bound: bound.clone(),
                name: "it".into(),
                is_secret: false,
                origin: origin.clone(),
                rule: None,
            })));
        }
    }
}

#[test]
fn comprehensions_see_the_names_around_them() {
    let inner = Expr::ListFor(
        generator("y", None, name("numbers"), Some(binary(BinaryOp::Greater, name("y"), name("x")))),
        Box::new(Expr::Record(vec![
            ("x".to_owned(), name("x")),
            ("y".to_owned(), name("y")),
            ("d".to_owned(), binary(BinaryOp::Default, name("nothing"), name("x"))),
        ])),
    );
    agree(&Expr::ListFor(generator("x", None, name("numbers"), None), Box::new(inner)));
    agree(&Expr::ListFor(
        generator("k", Some("v"), name("record"), None),
        Box::new(Expr::List(vec![name("k"), name("v"), name("n")])),
    ));
    agree(&Expr::ListFor(
        generator("i", Some("v"), name("list"), None),
        Box::new(Expr::List(vec![name("i"), name("v")])),
    ));
    agree(&Expr::ListFor(generator("k", None, name("record"), None), Box::new(name("k"))));
    agree(&Expr::MapFor(
        generator(
            "k",
            Some("v"),
            name("record"),
            Some(Expr::Unary(
                UnaryOp::Not,
                Box::new(binary(BinaryOp::Equal, name("v"), Expr::Value(Value::Null))),
            )),
        ),
        Box::new(Expr::Concat(vec![text("x-"), name("k")])),
        Box::new(name("v")),
    ));
    agree(&Expr::ListFor(generator("x", None, name("n"), None), Box::new(name("x"))));
}

#[test]
fn bodies_leave_out_what_turns_out_null() {
    let body = Expr::Record(vec![
        (
            "server".to_owned(),
            Expr::Record(vec![
                ("name".to_owned(), name("id")),
                ("none".to_owned(), name("nothing")),
                ("of".to_owned(), name("record").field("none").field("id")),
            ]),
        ),
        ("os-stop".to_owned(), Expr::Value(Value::Null)),
        ("given".to_owned(), name("record")),
    ]);
    let mut expressions = Expressions::default();
    let handle = expressions.body(&body, Names::Request).expect("it can be written");
    let text = run(&mut expressions, &format!("p = json({handle})")).expect("it has a value");
    assert_eq!(text, eval_request_body(&body, &bindings()).expect("it has a value").to_string());
}

#[test]
fn paths_are_encoded_and_lead_nowhere_else() {
    let page = |next: Expr| binary(BinaryOp::Default, next, Expr::Concat(vec![text("/v2/a?"), name("n")]));
    for expr in [
        Expr::Concat(vec![text("/v2/images/"), name("id"), text("/file?by="), name("id")]),
        Expr::Concat(vec![text("/x/"), call(Builtin::Url, vec![name("id")])]),
        Expr::Concat(vec![
            Expr::If(Box::new(name("yes")), Box::new(text("https://h/")), Box::new(name("n"))),
            name("n"),
        ]),
        Expr::Concat(vec![text("/x/"), text(""), name("nothing")]),
        Expr::Concat(vec![text("/x/"), call(Builtin::Trim, vec![text(" .. ")])]),
        Expr::Concat(vec![text("/x?a="), call(Builtin::Trim, vec![text(" ")])]),
        page(name("nothing")),
        page(call(Builtin::Trim, vec![text(" https://next/x?y=1&z ")])),
        binary(BinaryOp::Concat, text("/a/"), name("id")),
    ] {
        let mut expressions = Expressions::default();
        let lines = expressions.path(&expr, Names::Request).expect("it can be written");
        let theirs = run(&mut expressions, &lines.join("\n"));
        match (eval_path(&expr, &bindings()), theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{expr}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{expr}: {ours:?} {theirs:?}"),
        }
    }
}

#[test]
fn what_awk_cannot_do_is_refused_by_name() {
    let mut expressions = Expressions::default();
    let bad = binary(BinaryOp::Matching, name("text"), text(r"\bword\b"));
    let error =
        expressions.value(&bad, Names::HttpAnswer).expect_err("awk has no word boundaries").to_string();
    assert!(
        error.contains(r#"`text matching "\\bword\\b"`"#) && error.contains("word boundaries"),
        "{error}"
    );
    let dynamic = binary(BinaryOp::Matching, name("text"), name("id"));
    assert!(expressions.value(&dynamic, Names::HttpAnswer).is_err());
    assert!(expressions.value(&name("id"), Names::Steps).is_err());
}

#[test]
fn deep_expressions_are_cut_into_functions() {
    let mut expr = name("n");
    for n in 0..100 {
        expr = binary(if n % 2 == 0 { BinaryOp::Add } else { BinaryOp::Subtract }, number(n), expr);
    }
    agree(&expr);
}

fn expressions() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        proptest::sample::select(vec!["id", "n", "list", "numbers", "record", "nothing", "quotes", "yes"])
            .prop_map(Expr::name),
        proptest::sample::select(vec![
            json!(null),
            json!(true),
            json!(0),
            json!(-3),
            json!(2.5),
            json!(""),
            json!("image"),
            json!("k"),
            json!("é\n"),
            json!([1, "a"]),
            json!({"k": 1})
        ])
        .prop_map(Expr::Value),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        use BinaryOp::*;
        use Builtin::*;
        let ops =
            vec![Add, Subtract, Multiply, Concat, Equal, NotEqual, Less, GreaterEqual, And, Or, Default, In];
        let ones = vec![ToJson, First, Length, Trim, Keys, Values, Text, Int, Base64, Url, Distinct, Sort];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Expr::List),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Expr::Concat),
            proptest::collection::vec((proptest::sample::select(vec!["a", "b", "ü"]), inner.clone()), 0..4)
                .prop_map(|fields| Expr::Record(
                    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                )),
            (inner.clone(), proptest::sample::select(vec!["image", "a", "id"]))
                .prop_map(|(base, key)| base.field(key)),
            (inner.clone(), inner.clone())
                .prop_map(|(base, index)| Expr::Index(Box::new(base), Box::new(index))),
            (proptest::sample::select(ones), inner.clone())
                .prop_map(|(builtin, argument)| Expr::Call(builtin, vec![argument])),
            (proptest::sample::select(ops), inner.clone(), inner.clone())
                .prop_map(|(op, left, right)| binary(op, left, right)),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| Expr::If(
                Box::new(a),
                Box::new(b),
                Box::new(c)
            )),
            (inner.clone(), inner.clone()).prop_map(|(source, body)| Expr::ListFor(
                generator("n", Some("id"), source, None),
                Box::new(body)
            )),
            (inner.clone(), inner)
                .prop_map(|(source, body)| Expr::ListFor(generator("n", None, source, None), Box::new(body))),
        ]
    })
}

proptest! {
    // Each case starts awk once.
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_expressions_agree(expr in expressions()) {
        agree(&expr);
    }
}
