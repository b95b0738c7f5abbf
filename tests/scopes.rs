//! Guarantee 4, over what people may write in scopes: whatever operators stand in whatever order around whatever sites, a
//! program without errors has a plan that verifies.
//!
//! In come a few shapes of programs, each with holes for locations: `ship at A, its paint looked for at B` → nested `&` and
//! `|` of sites, `here` and the element of a family in A and B, the same site often twice. The same programs in every run;
//! `SCOPE_FUZZ=50` takes fifty times as many. What fails is made smaller, and printed.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use scope_compiler::Options;
use scope_plan::verify::verify;

use crate::support::world::Memory;

/// Programs of each shape.
const PROGRAMS: u32 = 30;

/// A berth and a light are used in place, and only a berth keeps guards; paint is copied, a rope stays where it is.
const HARBOUR: &str = r#"
driver harbour {
    site { url: string }
    service quay {
        address: site.url
        type berth {
            name: string identity immutable
            notes: string = ""
            share by place
            guard in notes
            operation read GET "/berths/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/berths/${name}" { body: { notes: notes }, repeat by always, 200 -> done(body) }
            operation update PUT "/berths/${name}" { body: { notes: notes }, repeat by always, 200 -> done(body) }
            operation delete DELETE "/berths/${name}" { 204 | 404 -> gone }
        }
        type paint {
            name: string identity immutable
            share by copy(keep: [name])
            operation read GET "/paints/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/paints/${name}" { repeat by always, 200 -> done(body) }
            operation delete DELETE "/paints/${name}" { 204 | 404 -> gone }
        }
        type light {
            name: string identity immutable
            share by place
            operation read GET "/lights/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/lights/${name}" { repeat by always, 200 -> done(body) }
            operation delete DELETE "/lights/${name}" { 204 | 404 -> gone }
        }
        type rope {
            name: string identity immutable
            share by none because "a rope is tied at its own harbour"
            operation read GET "/ropes/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/ropes/${name}" { repeat by always, 200 -> done(body) }
            operation delete DELETE "/ropes/${name}" { 204 | 404 -> gone }
        }
    }
    service fleet {
        uses: [quay]
        address: site.url
        type ship {
            name: string identity immutable
            motto: string = ""
            paint: paint? requires
            home: berth? relies
            light: light? relies
            rope: rope? relies
            operation read GET "/ships/${name}" { 200 -> found(body), 404 -> not_found }
            operation create PUT "/ships/${name}" {
                body: { motto: motto, paint: paint.name, home: home.name }
                repeat by always
                200 -> done(body)
            }
            operation delete DELETE "/ships/${name}" { 204 | 404 -> gone }
        }
    }
}
"#;

const SITES: &str = r#"
import "./harbour.scope" { harbour }
import "./crew.scope" as crew
site nantes { harbour: { url: "https://nantes.example" } }
site paris { harbour: { url: "https://paris.example" } }
site lille { harbour: { url: "https://lille.example" } }
entry nantes
"#;

/// Items with holes: `<A>` and `<B>` for locations, `<S>` and `<T>` for those in which the element of a family may stand.
const SHAPES: [(&str, &str); 16] = [
    ("looked up", r#"resource s: harbour.ship { name: "s", paint: "red" } scope { fleet: <A>, quay: <B> }"#),
    (
        "looked up in place",
        r#"resource s: harbour.ship { name: "s", light: "green", home: "main" } scope { fleet: <A>, quay: <B> }"#,
    ),
    (
        "looked up for a family",
        r#"resource s for e in sites: harbour.ship { name: "${e.name}", paint: "red" } scope { fleet: <S>, quay: <T> }"#,
    ),
    (
        "copied",
        "resource p: harbour.paint { name: \"p\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", paint: p } scope { fleet: <B> }",
    ),
    (
        "copied from where the scope says",
        "resource p: harbour.paint { name: \"p\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", paint: p } scope { fleet: nantes & paris, quay: <B> }",
    ),
    (
        "relied upon",
        "resource b: harbour.berth { name: \"b\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", home: b } scope { fleet: <B> }",
    ),
    (
        "given its record",
        "resource l: harbour.light { name: \"l\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", light: l } scope { fleet: <B> }",
    ),
    (
        "beside it",
        "resource r: harbour.rope { name: \"r\" } scope { (<A> & lille) | lille & <B> }\nresource s: harbour.ship { name: \"s\", rope: r } scope { fleet: lille }",
    ),
    (
        "an existing family",
        "existing p for e in sites: harbour.paint { name: \"p\" } scope { <S> }\nresource s for e in sites: harbour.ship { name: \"${e.name}\", paint: p[e.name] } scope { fleet: <T> }",
    ),
    (
        "a family in place",
        "resource b for e in sites: harbour.berth { name: \"${e.name}\" } scope { <S> }\nresource s for e in sites: harbour.ship { name: \"${e.name}\", home: b[e.name] } scope { fleet: <T> }",
    ),
    (
        "its words",
        "resource r: harbour.rope { name: \"r\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", motto: r.name } scope { fleet: <B> }",
    ),
    (
        "its words at a site",
        "resource r: harbour.rope { name: \"r\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", motto: \"${r.name[paris]}\" } scope { fleet: <B> }\noutput o = r.name",
    ),
    (
        "its words and it",
        "resource l: harbour.light { name: \"l\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", motto: l.name, light: l, paint: \"red\" } scope { fleet: <B>, quay: paris }",
    ),
    (
        "made after",
        "resource p: harbour.paint { name: \"p\" } scope { <A> }\nresource s: harbour.ship { name: \"s\", paint: \"red\" } scope { fleet: <B>, quay: here | lille } with { after: p, on_failure: undo }",
    ),
    ("a group", "resource f: crew {} scope { <A> }"),
    (
        "a group that is used",
        "resource f: crew {} scope { <A> }\nresource s: harbour.ship { name: \"s\", motto: f.name } scope { fleet: <B> }",
    ),
];

/// A group whose members use each other.
const CREW: &str = r#"
import "./harbour.scope" { harbour }
resource p: harbour.paint { name: "p" }
resource b: harbour.berth { name: "b" }
resource c: harbour.ship { name: "c", motto: b.name, paint: p, home: b, light: "green" }
output name = c.name
"#;

/// A location, of sites, `here` and what else may be named.
fn location(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let name = prop::sample::select(names).prop_map(String::from);
    name.prop_recursive(3, 9, 3, |part| {
        let parts = prop::collection::vec(part, 2..=3);
        (parts, prop::sample::select(&[" & ", " | "][..]))
            .prop_map(|(parts, operator)| format!("({})", parts.join(operator)))
    })
}

/// Whether it has a plan; an error is what is wrong with that.
fn planned(items: &str) -> Result<bool, TestCaseError> {
    let world = Memory::default().with("harbour.scope", HARBOUR).with("crew.scope", CREW);
    let world = world.with("main.scope", &format!("{SITES}{items}"));
    for unoptimised in [true, false] {
        let options = Options { simulate: true, unoptimised, ..Options::default() };
        let compilation = scope_compiler::compile(&world, "main.scope", &options);
        let Some(plan) = &compilation.plan else {
            prop_assert!(compilation.has_errors(), "no plan, and no error");
            return Ok(false);
        };
        let wrong: Vec<String> = verify(plan).iter().map(ToString::to_string).collect();
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    Ok(true)
}

#[test]
fn what_stands_in_scopes_has_a_plan() {
    let times = std::env::var("SCOPE_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let cases = PROGRAMS * times;
    let mut wrong = String::new();
    for (name, shape) in SHAPES {
        let n_planned = Cell::new(0);
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let sites = &["nantes", "paris", "lille", "here"];
        let with_element = &["nantes", "paris", "lille", "e", "e"];
        let holes = (location(sites), location(sites), location(with_element), location(with_element));
        let ended = runner.run(&holes, |(a, b, s, t)| {
            let holes = [("<A>", a), ("<B>", b), ("<S>", s), ("<T>", t)];
            let items = holes.iter().fold(shape.to_owned(), |text, (hole, place)| text.replace(hole, place));
            n_planned.set(n_planned.get() + u32::from(planned(&items)?));
            Ok(())
        });
        if let Err(TestError::Fail(why, holes)) = &ended {
            wrong += &format!("{name}: {why}\n  {shape}\n  {holes:?}\n");
        }
        println!("{name}: {} of {cases} programs have a plan", n_planned.get());
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
