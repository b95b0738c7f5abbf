//! Each pass on a plan small enough to see what it must do, and all of them on one too big to be slow with.

#![allow(clippy::disallowed_methods, reason = "one test measures time")]

use std::time::{Duration, Instant};

use scope_plan::driver::Repeat;
use scope_plan::expr::{Expr, FileRef};
use scope_plan::passes::merge_lookups::merge_lookups;
use scope_plan::passes::nearest_source::nearest_source;
use scope_plan::passes::priority::priority;
use scope_plan::passes::prune::prune;
use scope_plan::passes::reduce_order::reduce_order;
use scope_plan::plan::{Action, EdgeReason, OnUnreachable, Plan, Purpose, StepId};
use scope_plan::testing::{self, Builder};
use scope_plan::verify::verify;
use scope_plan::{estimate, pipeline};

fn book(title: &str) -> Vec<(&'static str, Expr)> {
    vec![("title", Expr::text(title))]
}

fn loan(book: StepId) -> Vec<(&'static str, Expr)> {
    vec![("book", Expr::step(book, &[])), ("reader", Expr::text("ana"))]
}

fn names(plan: &Plan) -> Vec<String> {
    assert_eq!(verify(plan), Vec::new());
    plan.steps.iter().map(|step| format!("{} {}", step.action.verb(), step.name)).collect()
}

fn after_edges(plan: &Plan) -> Vec<(u32, u32)> {
    let after = plan.edges.iter().filter(|edge| edge.reason == EdgeReason::After);
    after.map(|edge| (edge.from.0, edge.to.0)).collect()
}

#[test]
fn equal_lookups_become_one_with_the_arms_of_all() {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    let choice = plan.choice("c", &["nantes", "paris"]);
    let in_arm = plan.arm(choice, 0, |plan| plan.lookup(nantes, "a.book", "shelf.book", "Emma"));
    let other = plan.arm(choice, 1, |plan| plan.lookup(paris, "a.book", "shelf.book", "Emma"));
    let chosen = plan.choose(nantes, "a.book", choice, &[in_arm, other]);
    plan.ensure(nantes, "a", "shelf.loan", loan(chosen));
    let always = plan.lookup(nantes, "b.book", "shelf.book", "Emma");
    plan.ensure(nantes, "b", "shelf.loan", loan(always));
    let ulysses = plan.lookup(nantes, "c.book", "shelf.book", "Ulysses");
    plan.ensure(nantes, "c", "shelf.loan", loan(ulysses));
    let plan = merge_lookups(plan.finish());
    assert_eq!(
        names(&plan),
        [
            "look up a.book",
            "look up a.book",
            "choose a.book",
            "ensure a",
            "ensure b",
            "look up c.book",
            "ensure c"
        ]
    );
    // Unguarded, as one of them was, and a member of the arm all the same.
    assert!(plan.steps[0].when.is_empty());
    assert_eq!(plan.choices[0].arms[0].members, [StepId(0)]);
    assert_eq!(plan.steps[1].when.len(), 1);
    assert_eq!(plan.steps[4].steps_used(), [StepId(0)].into());
}

#[test]
fn lookups_by_equal_lookups_are_merged_too_and_an_item_keeps_its_name() {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    for (name, purpose) in [("a", Purpose::Reference), ("b", Purpose::Existing)] {
        let first = plan.lookup(nantes, &format!("{name}.first"), "shelf.book", "Emma");
        let second = plan.step(
            nantes,
            name,
            Action::Lookup {
                resource_type: "shelf.book".into(),
                text: Some(Expr::step(first, &["title"])),
                filter: Vec::new(),
                purpose,
            },
        );
        plan.ensure(nantes, &format!("loan.{name}"), "shelf.loan", loan(second));
    }
    let plan = merge_lookups(plan.finish());
    assert_eq!(names(&plan), ["look up a.first", "look up b", "ensure loan.a", "ensure loan.b"]);
    assert!(matches!(plan.steps[1].action, Action::Lookup { purpose: Purpose::Existing, .. }));
}

#[test]
fn equal_transfers_become_one_with_the_users_and_arms_of_all() {
    let mut plan = Builder::new();
    let (nantes, paris, lille) = (plan.site("nantes"), plan.site("paris"), plan.site("lille"));
    let choice = plan.choice("c", &["nantes", "lille"]);
    let borrow = |plan: &mut Builder, name: &str| {
        let original = plan.lookup(paris, &format!("{name}.book"), "shelf.book", "Emma");
        plan.bring(nantes, &format!("{name}.book"), "shelf.book", &[original])
    };
    let first = plan.arm(choice, 0, |plan| {
        let copy = borrow(plan, "a");
        plan.ensure(nantes, "a", "shelf.loan", loan(copy))
    });
    let other = plan.arm(choice, 1, |plan| plan.lookup(lille, "a", "shelf.book", "Ulysses"));
    plan.choose(nantes, "a", choice, &[first, other]);
    for name in ["b", "c"] {
        let copy = borrow(&mut plan, name);
        plan.ensure(nantes, name, "shelf.loan", loan(copy));
    }
    let elsewhere = plan.lookup(lille, "d.book", "shelf.book", "Emma");
    let elsewhere = plan.bring(nantes, "d.book", "shelf.book", &[elsewhere]);
    plan.ensure(nantes, "d", "shelf.loan", loan(elsewhere));
    let plan = merge_lookups(plan.finish());
    let of_books: Vec<String> = names(&plan).into_iter().filter(|name| name.ends_with(".book")).collect();
    assert_eq!(of_books, ["look up a.book", "bring a.book", "look up d.book", "bring d.book"]);
    // Always done, as two of its users are; a member of the arm of the third all the same.
    let bring = plan.steps.iter().find(|step| step.name == "a.book" && step.action.verb() == "bring");
    let bring = bring.expect("it stays");
    assert!(bring.when.is_empty());
    assert!(plan.choices[0].arms[0].members.contains(&bring.id));
    let users: Vec<&str> = plan
        .steps
        .iter()
        .filter(|step| step.steps_used().contains(&bring.id))
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(users, ["a", "b", "c"]);
    assert_eq!(merge_lookups(plan.clone()), plan);
}

#[test]
fn lookups_that_differ_in_anything_are_not_merged() {
    let differ: [fn(&mut Builder, StepId, StepId); 5] = [
        |plan, _, second| plan.step_mut(second).timeout_ms += 1,
        |plan, _, second| plan.step_mut(second).retry.times += 1,
        |plan, _, second| plan.step_mut(second).on_unreachable = OnUnreachable::Skip,
        |plan, first, second| plan.after(first, second),
        |plan, _, second| plan.step_mut(second).site = scope_plan::plan::SiteId(1),
    ];
    for differ in differ {
        let mut plan = Builder::new();
        let nantes = plan.site("nantes");
        plan.site("paris");
        let first = plan.lookup(nantes, "a.book", "shelf.book", "Emma");
        let second = plan.lookup(nantes, "b.book", "shelf.book", "Emma");
        differ(&mut plan, first, second);
        let plan = plan.finish();
        assert_eq!(merge_lookups(plan.clone()), plan);
    }
}

#[test]
fn what_nothing_uses_goes_and_a_transfer_to_where_the_data_is() {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    plan.lookup(paris, "unused", "shelf.book", "Emma");
    let here = plan.lookup(nantes, "a.book", "shelf.book", "Emma");
    let idle = plan.bring(nantes, "a.book", "shelf.book", &[here]);
    let there = plan.lookup(paris, "b.book", "shelf.book", "Emma");
    let needed = plan.bring(nantes, "b.book", "shelf.book", &[there, here]);
    let (a, b) = (
        plan.ensure(nantes, "a", "shelf.loan", loan(idle)),
        plan.ensure(nantes, "b", "shelf.loan", loan(needed)),
    );
    plan.gather(nantes, "both", &[a]);
    plan.step(
        nantes,
        "item",
        Action::Lookup {
            resource_type: "shelf.book".into(),
            text: Some(Expr::text("kept")),
            filter: Vec::new(),
            purpose: Purpose::Existing,
        },
    );
    let printed = plan.lookup(nantes, "printed", "shelf.book", "Emma");
    plan.output("printed", Expr::step(printed, &["id"]));
    let waited_for = plan.lookup(nantes, "first", "shelf.book", "First");
    plan.after(waited_for, b);
    let plan = prune(plan.finish());
    assert_eq!(
        names(&plan),
        [
            "look up a.book",
            "look up b.book",
            "bring b.book",
            "ensure a",
            "ensure b",
            "look up item",
            "look up printed",
            "look up first"
        ]
    );
    assert_eq!(plan.steps[3].steps_used(), [StepId(0)].into());
}

#[test]
fn a_choice_goes_only_as_a_whole() {
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    // Nothing uses the first choice; the second decides whether `kept` is made.
    let dead = plan.choice("dead", &["x", "y"]);
    let results =
        [0, 1].map(|arm| plan.arm(dead, arm, |plan| plan.lookup(nantes, "dead", "shelf.book", "Emma")));
    plan.choose(nantes, "dead", dead, &results);
    let alive = plan.choice("alive", &["x", "y"]);
    plan.arm(alive, 0, |plan| plan.lookup(nantes, "decides", "shelf.book", "Emma"));
    plan.arm(alive, 1, |plan| plan.ensure(nantes, "kept", "shelf.book", book("Emma")));
    let plan = prune(plan.finish());
    assert_eq!(names(&plan), ["look up decides", "ensure kept"]);
    assert_eq!(plan.choices.len(), 1);
    assert_eq!(plan.choices[0].key, "alive");
    assert_eq!(plan.steps[1].when[0].choice.0, 0);
}

#[test]
fn the_result_of_a_choice_is_where_its_arms_are_and_not_where_it_is_used() {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    let choice = plan.choice("c", &["paris", "paris again"]);
    let results =
        [0, 1].map(|arm| plan.arm(choice, arm, |plan| plan.lookup(paris, "book", "shelf.book", "Emma")));
    let chosen = plan.choose(nantes, "book", choice, &results);
    let copy = plan.bring(nantes, "book", "shelf.book", &[chosen]);
    plan.ensure(nantes, "loan", "shelf.loan", loan(copy));
    let plan = prune(plan.finish());
    assert!(names(&plan).contains(&"bring book".to_owned()));
}

#[test]
fn sources_stand_in_the_order_of_their_distance() {
    let mut plan = Builder::new();
    let sites = ["nantes", "paris", "lille", "rennes", "brest"].map(|name| plan.site(name));
    let nantes = sites[0];
    plan.link(nantes, sites[1], 12, None);
    plan.link(sites[2], nantes, 5, Some(1_000));
    plan.link(nantes, sites[3], 5, Some(2_000));
    let originals = sites.map(|site| plan.lookup(site, "book", "shelf.book", "Emma"));
    let [here, paris, lille, rennes, brest] = originals;
    let copy = plan.bring(nantes, "book", "shelf.book", &[brest, paris, lille, rennes, here]);
    plan.ensure(nantes, "loan", "shelf.loan", loan(copy));
    let plan = nearest_source(plan.finish());
    let Action::Bring { sources, .. } = &plan.step(copy).action else { unreachable!() };
    assert_eq!(*sources, [here, rennes, lille, paris, brest]);
}

#[test]
fn an_after_goes_only_where_another_way_says_as_much() {
    let chain = |change: fn(&mut Builder, [StepId; 3])| {
        let mut plan = Builder::new();
        let nantes = plan.site("nantes");
        let steps = ["a", "b", "c"].map(|name| plan.ensure(nantes, name, "shelf.book", book(name)));
        plan.after(steps[0], steps[1]);
        plan.after(steps[1], steps[2]);
        plan.after(steps[0], steps[2]);
        change(&mut plan, steps);
        let plan = reduce_order(plan.finish());
        assert_eq!(verify(&plan), Vec::new());
        after_edges(&plan)
    };
    assert_eq!(chain(|_, _| {}), [(0, 1), (1, 2)]);
    // What is skipped lets pass what waits for it, so the first must be waited for itself.
    assert_eq!(chain(|plan, [_, b, _]| plan.step_mut(b).on_unreachable = OnUnreachable::Skip).len(), 3);
    // A data edge says it already.
    let data = chain(|plan, [a, _, c]| match &mut plan.step_mut(c).action {
        Action::Ensure { attributes, .. } => attributes[0].1 = Expr::step(a, &["title"]),
        _ => unreachable!(),
    });
    assert_eq!(data, [(0, 1), (1, 2)]);

    // Only settled, and only in an arm: neither says that `a` ended well.
    let mut plan = Builder::new();
    let nantes = plan.site("nantes");
    let a = plan.ensure(nantes, "a", "shelf.book", book("a"));
    let gathered = plan.gather(nantes, "g", &[a]);
    let b =
        plan.ensure(nantes, "b", "shelf.book", vec![("title", Expr::step(gathered, &["nantes", "title"]))]);
    plan.after(a, b);
    let choice = plan.choice("c", &["x", "y"]);
    let in_arm = plan.arm(choice, 0, |plan| plan.ensure(nantes, "m", "shelf.book", book("m")));
    plan.arm(choice, 1, |plan| plan.lookup(nantes, "n", "shelf.book", "n"));
    let c = plan.ensure(nantes, "c", "shelf.book", book("c"));
    plan.after(a, in_arm);
    plan.after(in_arm, c);
    plan.after(a, c);
    let plan = plan.finish();
    assert_eq!(reduce_order(plan.clone()), plan);
}

#[test]
fn priorities_are_the_critical_path_below() {
    let mut plan = Builder::new();
    let (nantes, paris) = (plan.site("nantes"), plan.site("paris"));
    plan.link(nantes, paris, 100, Some(100_000_000));
    let content = Expr::File(FileRef { path: "emma.txt".into(), sha256: "0".repeat(64), size: 21 << 20 });
    let original =
        plan.ensure(paris, "emma", "shelf.book", vec![("title", Expr::text("Emma")), ("content", content)]);
    let copy = plan.bring(nantes, "loan.book", "shelf.book", &[original]);
    let loaned = plan.ensure(nantes, "loan", "shelf.loan", loan(copy));
    let plan = priority(plan.finish());
    assert_eq!(verify(&plan), Vec::new());
    let transfer = estimate::transfer_ms(21 << 20, 100_000_000);
    assert_eq!(transfer, 1762);
    // A loan is ready at once; a book is waited for; both sites are reached from nantes.
    assert_eq!(plan.step(loaned).priority, 3_000);
    assert_eq!(plan.step(copy).priority, 3_000 + 2_000 + 5_000 + transfer);
    assert_eq!(plan.step(original).priority, plan.step(copy).priority + 3_000 + 300 + 5_000 + transfer);
    assert_eq!(estimate::plan_ms(&plan), plan.step(original).priority);
}

#[test]
fn a_broken_plan_is_told_with_its_maker() {
    let mut plan = testing::both();
    plan.edges.clear();
    let broken = pipeline::optimise(plan, &mut |_, _| {}).unwrap_err();
    assert_eq!(broken.station, "lowered");
    assert!(
        broken
            .to_string()
            .starts_with("the plan breaks 2 rules after `lowered`\n  step 2 `emma` [source-edge]")
    );
}

/// Layers of steps, each looking up, bringing and ordered after some of the layer before.
fn layered(layers: usize, width: usize) -> Plan {
    let mut plan = Builder::new();
    let sites: Vec<_> = (0..40).map(|site| plan.site(&format!("site{site}"))).collect();
    for pair in sites.windows(2) {
        plan.link(pair[0], pair[1], 3, Some(1_000_000_000));
    }
    let mut before: Vec<StepId> = Vec::new();
    for layer in 0..layers {
        let mut now = Vec::new();
        for position in 0..width / 4 {
            let site = sites[(layer * 7 + position) % sites.len()];
            let other = sites[(layer * 5 + position * 3 + 1) % sites.len()];
            let name = format!("n{layer}.{position}");
            let original = plan.lookup(other, &name, "shelf.book", &format!("t{}", position % 50));
            plan.lookup(site, &name, "shelf.book", "unused");
            let copy = plan.bring(site, &name, "shelf.book", &[original]);
            let step = plan.ensure(site, &name, "shelf.loan", loan(copy));
            plan.step_mut(step).repeat = Repeat::Name;
            for near in [0, 1, 2] {
                if let Some(earlier) = before.get((position + near) % before.len().max(1)) {
                    plan.after(*earlier, step);
                }
            }
            now.push(step);
        }
        before = now;
    }
    plan.finish()
}

#[test]
fn thirty_thousand_steps_are_no_trouble() {
    let plan = layered(30, 1000);
    assert_eq!(plan.steps.len(), 30_000);
    let start = Instant::now();
    let optimised = pipeline::optimise(plan, &mut |_, _| {}).unwrap();
    assert!(optimised.steps.len() < 18_000, "{}", optimised.steps.len());
    // A debug build on a loaded machine; a quadratic pass would take many minutes. (100,000 take three times as long.)
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
}
