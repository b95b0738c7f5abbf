//! One meaning of an expression, whether its values are written in the program or known only when it runs: random expressions,
//! each over literals and over the attributes of a resource that has the same values, give the same value or the same mistake.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::binary::{folder, scope};

const HEAD: &str = r#"driver k {
    versions: "1".."2"
    site { url: string }
    service k {
        address: site.url
        type v {
            name: string identity immutable
            i: int
            j: int
            f: float
            d: duration
            e: duration
            s: size
            r: rate
            p: percent
            t: string
            b: bool
            l: list<int>
            operation read   GET    "/v/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT    "/v/${name}" {
                body: { i: i, j: j, f: f, d: d, e: e, s: s, r: r, p: p, t: t, b: b, l: l }
                200 | 201 -> done
            }
            operation delete DELETE "/v/${name}" { 204 | 404 -> gone }
            merge {
                create then create -> take-one
                create then delete -> keep-order
                delete then delete -> any-order
            }
        }
    }
}
entry a
site a { k: { url: "https://a.example" } }
resource v: k.v {
    name: "v", i: 7, j: 2, f: 1.5, d: 90s, e: 300ms, s: 1000003B, r: 1Mbps, p: 25%, t: "ab", b: true, l: [3, 1, 2]
} scope { a }
"#;

#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Int,
    Float,
    Duration,
    Size,
    Rate,
    Percent,
    Text,
    Bool,
    List,
}

/// The same expression over literals and over attributes.
#[derive(Clone)]
struct Pair(String, String);

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn leaf(&mut self, sort: Sort) -> Pair {
        let attributes: &[(&str, &str)] = match sort {
            Sort::Int => &[("7", "v.i"), ("2", "v.j"), ("3", "3")],
            Sort::Float => &[("1.5", "v.f"), ("0.1", "0.1")],
            Sort::Duration => &[("90s", "v.d"), ("300ms", "v.e"), ("100ms", "100ms")],
            Sort::Size => &[("1000003B", "v.s"), ("1MiB", "1MiB")],
            Sort::Rate => &[("1Mbps", "v.r"), ("10Mbps", "10Mbps")],
            Sort::Percent => &[("25%", "v.p"), ("50%", "50%")],
            Sort::Text => &[("\"ab\"", "v.t"), ("\"b\"", "\"b\"")],
            Sort::Bool => &[("true", "v.b"), ("false", "false")],
            Sort::List => &[("[3, 1, 2]", "v.l"), ("[1]", "[1]")],
        };
        let (known, waiting) = attributes[self.below(attributes.len())];
        Pair(known.into(), waiting.into())
    }

    fn of(&mut self, sort: Sort, depth: usize) -> Pair {
        use Sort::{Bool, Duration, Float, Int, List, Percent, Rate, Size, Text};
        if depth == 0 || self.below(5) == 0 {
            return self.leaf(sort);
        }
        // Now and then one of another kind, to see the same mistake.
        if self.below(25) == 0 {
            let sorts = [Int, Float, Duration, Size, Rate, Percent, Text, Bool, List];
            let other = sorts[self.below(sorts.len())];
            return self.of(other, depth - 1);
        }
        let forms: &[(&str, &[Sort])] = match sort {
            Int => &[
                ("({0} + {1})", &[Int, Int]),
                ("({0} - {1})", &[Int, Int]),
                ("({0} * {1})", &[Int, Int]),
                ("div({0}, {1})", &[Int, Int]),
                ("mod({0}, {1})", &[Int, Int]),
                ("length({0})", &[Text]),
                ("length({0})", &[List]),
                ("int(text({0}))", &[Int]),
                ("max([{0}, {1}])", &[Int, Int]),
                ("sum({0})", &[List]),
                ("min({0})", &[List]),
                ("(if {0} then {1} else {2})", &[Bool, Int, Int]),
                ("-{0}", &[Int]),
                ("({0} ?? {1})", &[Int, Int]),
                ("first({0})", &[List]),
                ("[{0}, {1}][1]", &[Int, Int]),
            ],
            Float => &[
                ("({0} * {1})", &[Float, Int]),
                ("({0} / {1})", &[Int, Int]),
                ("({0} / {1})", &[Duration, Duration]),
                ("({0} / {1})", &[Size, Size]),
                ("({0} * {1})", &[Int, Percent]),
                ("({0} - {1})", &[Float, Float]),
                ("min([{0}, {1}])", &[Float, Int]),
            ],
            Duration => &[
                ("({0} + {1})", &[Duration, Duration]),
                ("({0} - {1})", &[Duration, Duration]),
                ("({0} * {1})", &[Duration, Int]),
                ("({0} * {1})", &[Float, Duration]),
                ("({0} * {1})", &[Percent, Duration]),
                ("({0} / {1})", &[Duration, Int]),
                ("({0} / {1})", &[Size, Rate]),
                ("sum([{0}, {1}])", &[Duration, Duration]),
                ("(if {0} then {1} else {2})", &[Bool, Duration, Duration]),
            ],
            Size => &[
                ("({0} + {1})", &[Size, Size]),
                ("({0} - {1})", &[Size, Size]),
                ("({0} * {1})", &[Size, Percent]),
                ("({0} * {1})", &[Float, Size]),
                ("({0} / {1})", &[Size, Int]),
                ("({0} * {1})", &[Rate, Duration]),
                ("max([{0}, {1}])", &[Size, Size]),
            ],
            Rate => &[
                ("({0} + {1})", &[Rate, Rate]),
                ("({0} / {1})", &[Size, Duration]),
                ("({0} * {1})", &[Rate, Float]),
            ],
            Percent => &[("({0} + {1})", &[Percent, Percent]), ("({0} - {1})", &[Percent, Percent])],
            Text => &[
                ("({0} ++ {1})", &[Text, Text]),
                ("\"<${{0}}>\"", &[Int]),
                ("\"<${{0}}>\"", &[Float]),
                ("\"<${{0}}>\"", &[Duration]),
                ("\"<${{0}}>\"", &[Size]),
                ("\"<${{0}}>\"", &[Percent]),
                ("text({0})", &[Bool]),
                ("text({0})", &[Duration]),
                ("upper({0})", &[Text]),
                ("replace({0}, {1}, \"x\")", &[Text, Text]),
                ("join([{0}, {1}], \"-\")", &[Text, Text]),
                ("join({0}, \"-\")", &[List]),
                ("(if {0} then {1} else {2})", &[Bool, Text, Text]),
            ],
            Bool => &[
                ("({0} == {1})", &[Int, Int]),
                ("({0} == {1})", &[Duration, Duration]),
                ("({0} != {1})", &[Size, Size]),
                ("([{0}] == [{1}])", &[Text, Text]),
                ("({ a: {0} } == { a: {1} })", &[Int, Float]),
                ("({0} < {1})", &[Int, Float]),
                ("({0} <= {1})", &[Duration, Duration]),
                ("({0} > {1})", &[Size, Size]),
                ("({0} >= {1})", &[Percent, Float]),
                ("({0} < {1})", &[Text, Text]),
                ("({0} in {1})", &[Int, List]),
                ("({0} not in {1})", &[Int, List]),
                ("({0} in [{1}, {2}])", &[Text, Text, Text]),
                ("({0} in {1})", &[Text, Text]),
                ("({0} and {1})", &[Bool, Bool]),
                ("({0} or {1})", &[Bool, Bool]),
                ("(not {0})", &[Bool]),
                ("has({ ab: 1 }, {0})", &[Text]),
                ("(without({ ab: 1, b: 2 }, [{0}]) == { b: 2 })", &[Text]),
                ("({0} matching r\"^a\")", &[Text]),
            ],
            List => &[
                ("({0} ++ {1})", &[List, List]),
                ("[{0}, {1}]", &[Int, Int]),
                ("distinct({0})", &[List]),
                ("sort({0})", &[List]),
            ],
        };
        let (form, sorts) = forms[self.below(forms.len())];
        let parts: Vec<Pair> = sorts.iter().map(|sort| self.of(*sort, depth - 1)).collect();
        let fill = |of: fn(&Pair) -> &String| {
            parts.iter().enumerate().fold(form.to_owned(), |text, (index, part)| {
                text.replace(&format!("{{{index}}}"), &of(part).replace('{', "\u{1}").replace('}', "\u{2}"))
            })
        };
        let plain = |text: String| text.replace('\u{1}', "{").replace('\u{2}', "}");
        Pair(plain(fill(|pair| &pair.0)), plain(fill(|pair| &pair.1)))
    }
}

/// Line of the outputs (from 0) → what is wrong there.
fn mistakes(folder: &std::path::Path, lines: &[String]) -> BTreeMap<usize, String> {
    let text = format!("{HEAD}{}\n", lines.join("\n"));
    std::fs::write(folder.join("main.scope"), &text).expect("written");
    let ran = scope(folder, &["check", "main.scope", "--format", "short"], &[]);
    let first = HEAD.lines().count() + 1;
    ran.all()
        .lines()
        .filter_map(|line| {
            let (place, message) = line.strip_prefix("main.scope:")?.split_once(": error")?;
            let line: usize = place.split(':').next()?.parse().ok()?;
            Some((line.checked_sub(first)?, message.to_owned()))
        })
        .collect()
}

#[test]
fn what_is_written_and_what_is_known_in_the_run_mean_the_same() {
    let folder = &folder("values");
    let mut random = Random(20_261_129);
    let sorts = [
        Sort::Int,
        Sort::Float,
        Sort::Duration,
        Sort::Size,
        Sort::Rate,
        Sort::Percent,
        Sort::Text,
        Sort::Bool,
        Sort::List,
    ];
    let pairs: Vec<Pair> = (0..900).map(|n| random.of(sorts[n % sorts.len()], 3)).collect();
    let outputs = |name: char, of: fn(&Pair) -> &String| -> Vec<String> {
        pairs.iter().enumerate().map(|(n, pair)| format!("output {name}{n} = {}", of(pair))).collect()
    };
    let (known, waiting) = (outputs('a', |pair| &pair.0), outputs('b', |pair| &pair.1));
    let (of_known, of_waiting) = (mistakes(folder, &known), mistakes(folder, &waiting));
    let mut compared = BTreeSet::new();
    for (n, Pair(literal, deferred)) in pairs.iter().enumerate() {
        match (of_known.get(&n), of_waiting.get(&n)) {
            (None, None) => drop(compared.insert(n)),
            // How large a result is only the run knows.
            (Some(why), _) if why.contains("out of range") || why.contains("division by zero") => {}
            (Some(why), None) => {
                // What is of the right kind, and not what the function takes of it.
                let words = ["of one kind, found a list", "a text that is one", "not empty", "that is JSON"];
                let is_of_values = words.iter().any(|word| why.contains(word)) && deferred.contains("v.");
                assert!(is_of_values, "{literal}: {why}; over attributes it is accepted: {deferred}");
            }
            // That a quotient is whole only the run knows, and which side is asked for.
            (None, Some(why)) => {
                let words = ["/", "if ", " and ", " or ", "??"];
                let is_of_values = words.iter().any(|word| literal.contains(word));
                assert!(is_of_values, "{deferred}: {why}; over literals it is right");
            }
            (Some(_), Some(_)) => {}
        }
    }
    assert!(compared.len() > 500, "{} to compare", compared.len());
    let lines: Vec<&String> = compared.iter().flat_map(|n| [&known[*n], &waiting[*n]]).collect();
    let text = format!("{HEAD}{}\n", lines.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n"));
    std::fs::write(folder.join("main.scope"), text).expect("written");
    let ran = scope(folder, &["run", "main.scope", "--simulate"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let values: BTreeMap<&str, Value> = ran
        .stdout
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(" = ")?;
            Some((name, serde_json::from_str(value).ok()?))
        })
        .collect();
    for n in compared {
        let (Some(left), Some(right)) = (values.get(&*format!("a{n}")), values.get(&*format!("b{n}"))) else {
            panic!("{} and {} have no value\n{}", known[n], waiting[n], ran.stderr);
        };
        assert!(
            scope_plan::eval::value::equal(left, right),
            "{} is {left}\n{} is {right}",
            known[n],
            waiting[n]
        );
    }
}
