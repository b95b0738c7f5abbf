//! Drawings: complete, escaped, and nothing on top of anything else.

use proptest::prelude::*;
use scope_plan::draw::{to_dot, to_mermaid, to_svg};
use scope_plan::expr::Expr;
use scope_plan::pipeline;
use scope_plan::plan::{Plan, StepId};
use scope_plan::testing::{self, Builder, plan_from};

fn optimised(plan: Plan) -> Plan {
    pipeline::optimise(plan, &mut |_, _| {}).unwrap()
}

fn loan(book: StepId, reader: &str) -> Vec<(&'static str, Expr)> {
    vec![("book", Expr::step(book, &[])), ("reader", Expr::text(reader))]
}

fn book(title: &str) -> Vec<(&'static str, Expr)> {
    vec![("title", Expr::text(title))]
}

/// Three sites, fifteen steps: a choice with brings, a `&`, an `after`, a call and a deletion.
fn three_sites() -> Plan {
    let mut plan = Builder::new();
    let (nantes, paris, lille) = (plan.site("nantes"), plan.site("paris"), plan.site("lille"));
    plan.link(nantes, paris, 12, Some(1_000_000_000));
    let choice = plan.choice("loan.book", &["paris", "lille"]);
    let copies = [(0, paris), (1, lille)].map(|(arm, site)| {
        plan.arm(choice, arm, |plan| {
            let original = plan.lookup(site, "loan.book", "shelf.book", "Emma");
            plan.bring(nantes, "loan.book", "shelf.book", &[original])
        })
    });
    let copy = plan.choose(nantes, "loan.book", choice, &copies);
    let lent = plan.ensure(nantes, "loan", "shelf.loan", loan(copy, "ana"));
    let parts =
        [nantes, paris, lille].map(|site| plan.ensure(site, "catalogue", "shelf.book", book("Catalogue")));
    let all = plan.gather(nantes, "catalogue", &parts);
    plan.after(parts[1], lent);
    let closed =
        plan.call(paris, "close", "shelf.book", "close", vec![("id", Expr::step(parts[1], &["id"]))]);
    plan.after(lent, closed);
    let title = Expr::step(all, &["paris", "title"]);
    let index = plan.ensure(lille, "index", "shelf.book", vec![("title", title)]);
    plan.ensure(nantes, "second-loan", "shelf.loan", loan(index, "ben"));
    plan.delete(lille, "old-catalogue", "shelf.book", "b-old");
    plan.output("all", Expr::step(all, &[]));
    plan.finish()
}

/// About sixty steps over five sites: groups with a look-up, a transfer, two things and an order between the groups.
fn sixty_steps() -> Plan {
    let mut plan = Builder::new();
    let sites = ["nantes", "paris", "lille", "rennes", "New York"].map(|name| plan.site(name));
    let mut last: Option<StepId> = None;
    for (group, title) in ["Emma", "Ulysses", "Walden", "Dune", "Nana", "Kim"].into_iter().enumerate() {
        let (here, there) = (sites[group % 5], sites[(group * 2 + 1) % 5]);
        let name = title.to_lowercase();
        let choice = plan.choice(&format!("{name}.book"), &["near", "far"]);
        let copies = [(0, there), (1, sites[(group + 3) % 5])].map(|(arm, site)| {
            plan.arm(choice, arm, |plan| {
                let original = plan.lookup(site, &format!("{name}.book"), "shelf.book", title);
                plan.bring(here, &format!("{name}.book"), "shelf.book", &[original])
            })
        });
        let copy = plan.choose(here, &format!("{name}.book"), choice, &copies);
        let first = plan.ensure(here, &format!("{name}.loan"), "shelf.loan", loan(copy, "ana"));
        let second =
            plan.ensure(here, &format!("{name}.loan-of-the-evening"), "shelf.loan", loan(copy, "ben"));
        let new = plan.ensure(there, &format!("{name}.sequel"), "shelf.book", book("Sequel"));
        let close = plan.call(
            there,
            &format!("{name}.close"),
            "shelf.book",
            "close",
            vec![("id", Expr::step(new, &["id"]))],
        );
        plan.after(first, close);
        if let Some(last) = last {
            plan.after(last, second);
        }
        last = Some(close);
    }
    for number in 0..6 {
        plan.delete(sites[number % 2], &format!("old{number}"), "shelf.book", "b-old");
    }
    plan.finish()
}

fn hostile() -> Plan {
    let mut plan = Builder::new();
    let site = plan.site("<b>\"nantes\"</b>\n&amp; `x`");
    let name = "]]></style><script>alert('x')</script>\u{0}\u{ffff} --> %% end; \\";
    let first = plan.lookup(site, name, "shelf.book", name);
    let choice = plan.choice("a\"b<c>", &["<i>one</i>", "two|three"]);
    let results =
        [0, 1].map(|arm| plan.arm(choice, arm, |plan| plan.lookup(site, name, "shelf.book", "|\"#")));
    let chosen = plan.choose(site, name, choice, &results);
    plan.ensure(site, name, "shelf.loan", loan(chosen, "ana"));
    plan.after(first, chosen);
    plan.finish()
}

#[test]
fn dot_and_mermaid_of_ready_made_plans() {
    insta::assert_snapshot!("borrowed_dot", to_dot(&optimised(testing::borrowed())));
    insta::assert_snapshot!("borrowed_mermaid", to_mermaid(&optimised(testing::borrowed())));
    insta::assert_snapshot!("hostile_dot", to_dot(&hostile()));
    insta::assert_snapshot!("hostile_mermaid", to_mermaid(&hostile()));
}

#[test]
fn svg_of_ready_made_plans() {
    insta::assert_snapshot!("one_ensure_svg", to_svg(&optimised(testing::one_ensure())));
    for (name, plan) in [
        ("one", testing::one_ensure()),
        ("borrowed", testing::borrowed()),
        ("three", three_sites()),
        ("sixty", sixty_steps()),
        ("hostile", hostile()),
        ("empty", Builder::new().finish()),
        (
            "random",
            plan_from(&(0..500).map(|number: u32| (number * 7919 % 65_521) as u16).collect::<Vec<_>>()),
        ),
    ] {
        let plan = optimised(plan);
        let svg = to_svg(&plan);
        check(&plan, &svg);
        if let Some(folder) = option_env!("SCOPE_DRAW") {
            save(folder, name, &svg);
        }
    }
}

/// For looking at: `SCOPE_DRAW=/tmp/pictures cargo test -p scope-plan --test draw`.
#[allow(clippy::disallowed_methods, reason = "only when asked to")]
fn save(folder: &str, name: &str, svg: &str) {
    std::fs::write(format!("{folder}/{name}.svg"), svg).unwrap();
}

#[test]
fn what_is_written_by_others_is_escaped() {
    let svg = to_svg(&hostile());
    assert!(!svg.contains("<script") && !svg.contains("<b>") && !svg.contains("<i>"));
    assert!(!svg.contains('\u{0}') && !svg.contains('\u{ffff}'));
    assert!(!svg.contains("&amp;amp;x"));
    for text in [to_dot(&hostile()), to_mermaid(&hostile())] {
        assert!(!text.contains("<b>") || text.contains("\\\""), "{text}");
        assert!(!text.contains('\u{0}'));
    }
}

#[derive(Debug, Clone, Copy)]
struct Rectangle {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Rectangle {
    fn overlaps(&self, other: &Rectangle) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

/// The rectangles of a class.
fn rectangles(svg: &str, class: &str) -> Vec<Rectangle> {
    let number = |tag: &str, name: &str| {
        let start = tag.find(&format!(" {name}=\"")).map(|start| start + name.len() + 3).unwrap();
        tag[start..start + tag[start..].find('"').unwrap()].parse::<f64>().unwrap()
    };
    svg.split("<rect ")
        .skip(1)
        .filter(|tag| tag.starts_with(&format!("class=\"{class}")))
        .map(|tag| Rectangle {
            x: number(tag, "x"),
            y: number(tag, "y"),
            width: number(tag, "width"),
            height: number(tag, "height"),
        })
        .collect()
}

/// Every step has a box, boxes do not overlap and stand in one lane each, and no line runs through a box.
fn check(plan: &Plan, svg: &str) {
    let mut boxes = rectangles(svg, "box");
    boxes.pop(); // of the legend
    assert_eq!(boxes.len(), plan.steps.len());
    let lanes = rectangles(svg, "lane");
    for (position, one) in boxes.iter().enumerate() {
        for other in &boxes[position + 1..] {
            assert!(!one.overlaps(other), "{one:?} {other:?}");
        }
        assert_eq!(lanes.iter().filter(|lane| lane.overlaps(one)).count(), 1);
    }
    for line in svg.split("<path class=\"line").skip(1) {
        let d = line.split("d=\"M").nth(1).unwrap().split('"').next().unwrap();
        if d.contains('h') {
            continue; // of the legend
        }
        for point in way(d) {
            let touched = boxes.iter().find(|place| {
                point.0 > place.x + 0.2
                    && point.0 < place.x + place.width - 0.2
                    && point.1 > place.y
                    && point.1 < place.y + place.height
            });
            assert!(touched.is_none(), "{point:?} of {d} runs through {touched:?}");
        }
    }
}

/// Points along a path of `M`, `C` and `L`.
fn way(d: &str) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut at = (0.0, 0.0);
    let spaced = format!("M{d}").replace(['M', 'C', 'L'], " $0 ").replace("$0", "");
    let letters: Vec<char> = format!("M{d}").chars().filter(|letter| letter.is_ascii_alphabetic()).collect();
    let mut numbers = spaced.split_whitespace().map(|number| number.parse::<f64>().unwrap());
    let mut next = || (numbers.next().unwrap(), numbers.next().unwrap());
    for letter in letters {
        match letter {
            'C' => {
                let (one, two, end) = (next(), next(), next());
                for part in 0..=32 {
                    let t = f64::from(part) / 32.0;
                    let mix = |a: f64, b: f64, c: f64, d: f64| {
                        let u = 1.0 - t;
                        a * u * u * u + 3.0 * b * u * u * t + 3.0 * c * u * t * t + d * t * t * t
                    };
                    points.push((mix(at.0, one.0, two.0, end.0), mix(at.1, one.1, two.1, end.1)));
                }
                at = end;
            }
            _ => {
                let end = next();
                if letter == 'L' {
                    points.extend((0..=32).map(|part| {
                        let t = f64::from(part) / 32.0;
                        (at.0 + (end.0 - at.0) * t, at.1 + (end.1 - at.1) * t)
                    }));
                }
                at = end;
            }
        }
    }
    points
}

#[test]
fn a_big_plan_takes_no_square_of_its_size() {
    let mut plan = Builder::new();
    let sites: Vec<_> = (0..20).map(|site| plan.site(&format!("site{site}"))).collect();
    let original = plan.lookup(sites[0], "book", "shelf.book", "Emma");
    for position in 0..10_000 {
        plan.ensure(sites[position % 20], &format!("loan{position}"), "shelf.loan", loan(original, "ana"));
    }
    let plan = optimised(plan.finish());
    // Minutes, if it did.
    assert!(to_svg(&plan).len() > 1_000_000);
    assert!(to_dot(&plan).len() > 500_000);
    assert!(to_mermaid(&plan).len() > 500_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_can_be_drawn(numbers in prop::collection::vec(any::<u16>(), 0..400)) {
        let plan = plan_from(&numbers);
        let svg = to_svg(&plan);
        check(&plan, &svg);
        prop_assert_eq!(to_svg(&plan), svg);
        for step in &plan.steps {
            let dot = format!("    s{} [", step.id.0);
            prop_assert!(to_dot(&plan).contains(&dot));
        }
        prop_assert!(to_mermaid(&plan).starts_with("flowchart LR\n"));
    }
}
