//! Every rule of a well-formed plan has a broken plan that exactly this rule refuses.

use std::collections::BTreeSet;

use scope_plan::driver::{Mark, Operation, OperationKind, Repeat, Share, Type};
use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{
    Action, ChoiceId, Cross, CrossPart, Edge, EdgeReason, Guard, Link, OnUnreachable, Plan, SiteId, StepId,
    Undo,
};
use scope_plan::testing::{self, Builder};
use scope_plan::verify::{self, verify};
use serde_json::json;

const ORIGINAL: usize = 0;
const COPY: usize = 1;
const FIRST: usize = 2;
const DEEP: usize = 3;
const DEEPER: usize = 4;
const SECOND: usize = 5;
const CHOSEN: usize = 6;
const LOAN: usize = 7;
const PART: usize = 8;
const GATHERED: usize = 9;
const CLOSED: usize = 10;
const DELETED: usize = 11;
const PRIME: usize = 12;
const OTHER: usize = 13;
const EARLY: usize = 14;
const LATE: usize = 15;
const GATE: usize = 16;
const ENOUGH: usize = 17;
const BEYOND: u32 = 18;

/// A plan with one of everything, well formed.
fn good() -> Plan {
    let mut plan = Builder::new();
    let (nantes, paris, lille) = (plan.site("nantes"), plan.site("paris"), plan.site("lille"));
    plan.link(nantes, paris, 12, Some(1_000_000_000));
    let book = || vec![("title", Expr::text("Emma"))];
    let original = plan.lookup(paris, "loan.book", "shelf.book", "Emma");
    let copy = plan.bring(nantes, "loan.book", "shelf.book", &[original]);
    let outer = plan.choice("emma", &["paris", "lille | nantes"]);
    let first = plan.arm(outer, 0, |plan| plan.ensure(paris, "emma", "shelf.book", book()));
    let second = plan.arm(outer, 1, |plan| {
        let inner = plan.choice("emma.inner", &["lille", "nantes"]);
        let deep = plan.arm(inner, 0, |plan| plan.ensure(lille, "emma", "shelf.book", book()));
        let deeper = plan.arm(inner, 1, |plan| plan.ensure(nantes, "emma", "shelf.book", book()));
        plan.choose(nantes, "emma", inner, &[deep, deeper])
    });
    let chosen = plan.choose(nantes, "emma", outer, &[first, second]);
    let loan = plan.ensure(
        nantes,
        "loan",
        "shelf.loan",
        vec![("book", Expr::step(copy, &[])), ("reader", Expr::step(chosen, &["title"]))],
    );
    let part = plan.ensure(
        paris,
        "second",
        "shelf.book",
        vec![("title", Expr::text("Emma 2")), ("code", Expr::Secret(SecretSource::Env("CODE".into())))],
    );
    let gathered = plan.gather(nantes, "all", &[original, loan]);
    let closed = plan.call(
        paris,
        "close",
        "shelf.book",
        "close",
        vec![("id", Expr::step(part, &["id"])), ("by", Expr::text("ana"))],
    );
    plan.delete(lille, "old", "shelf.book", "b-old");
    plan.after(part, loan);
    let share =
        |pages: i64| vec![("title", Expr::text("Emma, all of it")), ("pages", Expr::Value(json!(pages)))];
    let prime = plan.ensure(nantes, "whole", "shelf.book", share(200));
    let other = plan.ensure(lille, "whole", "shelf.book", share(100));
    plan.after(prime, other);
    let early = plan.ensure(paris, "third", "shelf.book", book());
    let late = plan.ensure(lille, "third", "shelf.book", book());
    plan.rollout("third", &[&[early], &[late]], (1, 600_000));
    plan.quorum(nantes, "third", &[early, late], 1);
    plan.output("loan", Expr::step(gathered, &["nantes", "id"]));
    plan.output("closed", Expr::step(closed, &[]));
    let mut plan = plan.finish();
    let part = |label: &str, step: StepId, pages: i64| CrossPart {
        label: label.into(),
        steps: vec![step],
        weight: 1,
        shares: [("pages".to_owned(), json!(pages))].into_iter().collect(),
        before: Default::default(),
    };
    let parts = vec![part("nantes", prime, 200), part("lille", other, 100)];
    plan.crosses.push(Cross { key: "whole".into(), prime, parts, unlinked: None });
    plan
}

fn attributes(plan: &mut Plan, step: usize) -> &mut Vec<(String, Expr)> {
    match &mut plan.steps[step].action {
        Action::Ensure { attributes: given, .. } | Action::Call { inputs: given, .. } => given,
        other => panic!("step {step} is no ensure: {other:?}"),
    }
}

fn edge(from: usize, to: usize, reason: EdgeReason) -> Edge {
    Edge { from: StepId(from as u32), to: StepId(to as u32), reason }
}

fn without(plan: &mut Plan, from: usize, to: usize) {
    let before = plan.edges.len();
    plan.edges.retain(|edge| (edge.from.index(), edge.to.index()) != (from, to));
    assert!(plan.edges.len() < before, "there is no edge {from} -> {to}");
}

/// Instead of a deletion a guard, of what is one of several alternatives; perhaps with one that waits for it.
fn protect(plan: &mut Plan, among: Option<usize>, of: usize, is_waited_for: bool) {
    let book = &mut plan.drivers[0].types[0];
    book.guard = Some(Mark { path: vec!["title".into()] });
    let amend = Operation { name: "amend".into(), kind: OperationKind::Update, ..book.operations[0].clone() };
    book.operations.push(amend);
    plan.steps[DELETED].action = Action::Protect {
        resource_type: "shelf.book".into(),
        of: Expr::step(StepId(of as u32), &[]),
        users: vec![("loan".into(), "nantes".into())],
        among: among.map(|step| StepId(step as u32)),
    };
    if is_waited_for {
        plan.edges.push(edge(DELETED, GATE, EdgeReason::Guard));
    }
    plan.connect();
}

/// Rule, and what breaks the good plan in its way.
type Case = (&'static str, fn(&mut Plan));

const CASES: &[Case] = &[
    ("version", |plan| plan.version = 2),
    ("step-ids", |plan| plan.steps[LOAN].id = StepId(3)),
    ("choice-ids", |plan| plan.choices[1].id = ChoiceId(0)),
    ("site-range", |plan| plan.steps[LOAN].site = SiteId(9)),
    ("site-range", |plan| plan.program.entry = Some(SiteId(3))),
    ("site-range", |plan| plan.links[0].to = SiteId(3)),
    ("edge-range", |plan| plan.edges.push(edge(0, BEYOND as usize, EdgeReason::After))),
    ("step-range", |plan| attributes(plan, LOAN)[0].1 = Expr::step(StepId(BEYOND), &[])),
    ("step-range", |plan| plan.choices[0].arms[0].members.push(StepId(BEYOND))),
    ("step-range", |plan| plan.outputs[0].value = Expr::step(StepId(BEYOND), &[])),
    ("choice-range", |plan| plan.steps[LOAN].when.push(Guard { choice: ChoiceId(0), arm: 2 })),
    ("choice-range", |plan| plan.choices[0].arms[0].choices.push(ChoiceId(2))),
    ("choice-range", |plan| plan.choices[1].when.push(Guard { choice: ChoiceId(2), arm: 0 })),
    ("cross-range", |plan| plan.crosses[0].prime = StepId(BEYOND)),
    ("cross-range", |plan| plan.crosses[0].parts[1].steps.push(StepId(BEYOND))),
    ("cross-prime", |plan| without(plan, PRIME, OTHER)),
    ("cross-prime", |plan| plan.crosses[0].prime = StepId(PART as u32)),
    ("cross-sites", |plan| plan.steps[OTHER].site = SiteId(0)),
    ("cross-shares", |plan| attributes(plan, OTHER)[1].1 = Expr::Value(json!(101))),
    ("cross-shares", |plan| {
        attributes(plan, OTHER).pop();
    }),
    ("rollout-range", |plan| plan.rollouts[0].waves[0].at_once.push(StepId(BEYOND))),
    ("rollout-range", |plan| {
        let Action::Gate { wave, .. } = &mut plan.steps[GATE].action else { unreachable!() };
        *wave = 2;
    }),
    ("wave-steps", |plan| plan.rollouts[0].waves[1].at_once.push(StepId(EARLY as u32))),
    ("wave-steps", |plan| plan.rollouts[0].waves[1].at_once.push(StepId(CLOSED as u32))),
    ("wave-steps", |plan| plan.rollouts[0].waves[1].at_once.push(StepId(FIRST as u32))),
    ("wave-gate", |plan| plan.rollouts[0].waves[0].steps.push(StepId(PRIME as u32))),
    ("wave-order", |plan| without(plan, GATE, LATE)),
    ("wave-edge", |plan| plan.edges.push(edge(EARLY, PART, EdgeReason::Wave))),
    ("rollout-limits", |plan| plan.rollouts[0].stop_after = 0),
    ("quorum", |plan| {
        let Action::Gather { quorum, .. } = &mut plan.steps[ENOUGH].action else { unreachable!() };
        quorum.as_mut().unwrap().need = 3;
    }),
    ("quorum", |plan| {
        let Action::Gather { quorum, .. } = &mut plan.steps[ENOUGH].action else { unreachable!() };
        quorum.as_mut().unwrap().copies.push(Vec::new());
    }),
    ("depth", |plan| {
        let mut deep = Expr::text("x");
        for _ in 0..300 {
            deep = Expr::List(vec![deep]);
        }
        plan.outputs[0].value = deep;
    }),
    ("edge-self", |plan| plan.edges.push(edge(LOAN, LOAN, EdgeReason::After))),
    ("edge-twice", |plan| plan.edges.push(plan.edges[0].clone())),
    ("edge-cycle", |plan| plan.edges.push(edge(LOAN, PART, EdgeReason::After))),
    ("edge-cycle", |plan| plan.edges.push(edge(GATHERED, ORIGINAL, EdgeReason::Relation))),
    ("reference-edge", |plan| without(plan, COPY, LOAN)),
    ("source-edge", |plan| without(plan, SECOND, CHOSEN)),
    ("source-edge", |plan| without(plan, ORIGINAL, COPY)),
    ("edge-reference", |plan| plan.edges.push(edge(PART, DELETED, EdgeReason::Data))),
    ("edge-reference", |plan| plan.edges.push(edge(PART, GATHERED, EdgeReason::Settled))),
    ("data-available", |plan| {
        attributes(plan, LOAN)[1].1 = Expr::step(StepId(FIRST as u32), &["title"]);
        plan.edges.retain(|edge| edge.to.index() != LOAN || edge.from.index() != CHOSEN);
        plan.edges.push(edge(FIRST, LOAN, EdgeReason::Data));
    }),
    ("data-available", |plan| {
        // Of the first arm, used in the second.
        attributes(plan, DEEPER)[0].1 = Expr::step(StepId(FIRST as u32), &["title"]);
        plan.edges.push(edge(FIRST, DEEPER, EdgeReason::Data));
    }),
    ("guard-members", |plan| plan.steps[LOAN].when.push(Guard { choice: ChoiceId(0), arm: 0 })),
    ("guard-members", |plan| plan.choices[0].arms[0].members.push(StepId(DEEP as u32))),
    ("member-twice", |plan| plan.choices[0].arms[0].members.push(StepId(FIRST as u32))),
    ("member-twice", |plan| plan.steps[FIRST].when.push(Guard { choice: ChoiceId(0), arm: 0 })),
    ("choice-nesting", |plan| plan.choices[0].arms[1].choices.clear()),
    ("choice-nesting", |plan| plan.choices[0].arms[0].choices.push(ChoiceId(1))),
    ("choice-order", |plan| plan.choices[1].arms[0].choices.push(ChoiceId(0))),
    ("choice-arms", |plan| plan.choices[0].recorded = Some(2)),
    ("choice-key", |plan| plan.choices[1].key = "emma".into()),
    ("choose-results", |plan| {
        let Action::Choose { results, .. } = &mut plan.steps[CHOSEN].action else { unreachable!() };
        results.pop();
        without(plan, SECOND, CHOSEN);
    }),
    ("choose-results", |plan| {
        let Action::Choose { results, .. } = &mut plan.steps[CHOSEN].action else { unreachable!() };
        results.swap(0, 1);
    }),
    ("choose-when", |plan| {
        plan.steps[CHOSEN].when.push(Guard { choice: ChoiceId(0), arm: 0 });
        plan.choices[0].arms[0].members.push(StepId(CHOSEN as u32));
        without(plan, CHOSEN, LOAN);
        attributes(plan, LOAN)[1].1 = Expr::text("ana");
    }),
    ("queue-in-arm", |plan| plan.steps[FIRST].on_unreachable = OnUnreachable::Queue { for_ms: None }),
    ("queue-in-arm", |plan| plan.steps[DEEP].on_unreachable = OnUnreachable::Queue { for_ms: Some(1) }),
    ("undo-creates", |plan| plan.steps[GATHERED].undo = Undo::DeleteCreated),
    ("undo-creates", |plan| plan.steps[SECOND].undo = Undo::DeleteCreated),
    ("delete-in-arm", |plan| {
        plan.steps[DELETED].when.push(Guard { choice: ChoiceId(0), arm: 0 });
        plan.choices[0].arms[0].members.push(StepId(DELETED as u32));
    }),
    ("type-exists", |plan| {
        let Action::Delete { resource_type, .. } = &mut plan.steps[DELETED].action else { unreachable!() };
        *resource_type = "shelf.scroll".into();
    }),
    ("operation-exists", |plan| {
        let Action::Call { operation, inputs, .. } = &mut plan.steps[CLOSED].action else { unreachable!() };
        *operation = "burn".into();
        inputs.pop();
    }),
    ("operation-exists", |plan| {
        plan.drivers[0].types[0].operations.retain(|operation| operation.name != "delete");
    }),
    ("operation-exists", |plan| plan.drivers[0].types[1].create = None),
    ("attribute-exists", |plan| attributes(plan, LOAN).push(("titel".into(), Expr::text("x")))),
    ("attribute-exists", |plan| attributes(plan, CLOSED).push(("at".into(), Expr::text("x")))),
    ("attribute-settable", |plan| attributes(plan, PART).push(("status".into(), Expr::text("open")))),
    ("attribute-twice", |plan| attributes(plan, LOAN).push(("reader".into(), Expr::text("x")))),
    ("attribute-required", |plan| {
        attributes(plan, PART).remove(0);
    }),
    ("bring-type", |plan| {
        plan.drivers[0].types[0].share = Share::None { because: "it is chained to the shelf".into() };
    }),
    ("bring-type", |plan| {
        let Action::Bring { sources, .. } = &mut plan.steps[COPY].action else { unreachable!() };
        sources.push(StepId(DELETED as u32));
        plan.connect();
    }),
    ("protect-guarded", |plan| {
        let Action::Delete { resource_type, identity, .. } = plan.steps[DELETED].action.clone() else {
            unreachable!()
        };
        plan.steps[DELETED].action =
            Action::Protect { resource_type, of: identity, users: Vec::new(), among: None };
    }),
    ("protect-among", |plan| plan.edges.push(edge(PRIME, OTHER, EdgeReason::Guard))),
    ("protect-among", |plan| protect(plan, Some(CHOSEN), PART, true)),
    ("protect-among", |plan| protect(plan, Some(CHOSEN), DEEPER, false)),
    ("sources-given", |plan| {
        let Action::Gather { parts, .. } = &mut plan.steps[GATHERED].action else { unreachable!() };
        parts.clear();
        plan.connect();
    }),
    ("sources-given", |plan| {
        let Action::Bring { sources, .. } = &mut plan.steps[COPY].action else { unreachable!() };
        sources.push(StepId(ORIGINAL as u32));
        plan.edges.push(edge(ORIGINAL, COPY, EdgeReason::Settled));
        plan.edges.retain(|edge| edge.to.index() != COPY || edge.reason == EdgeReason::Settled);
    }),
    ("gather-sites", |plan| {
        let Action::Gather { parts, .. } = &mut plan.steps[GATHERED].action else { unreachable!() };
        parts[0].0 = SiteId(2);
    }),
    ("names-closed", |plan| {
        attributes(plan, LOAN)[1].1 = {
            let chosen = Expr::step(StepId(CHOSEN as u32), &["title"]);
            Expr::Concat(vec![Expr::name("reader"), chosen])
        }
    }),
    ("names-closed", |plan| plan.outputs[0].value = Expr::name("loan")),
    ("names-closed", |plan| {
        plan.sites[0].settings["shelf"].insert("url".into(), Expr::name("address"));
    }),
    ("secret-attribute", |plan| {
        attributes(plan, PART)[0].1 = Expr::Secret(SecretSource::File("title.txt".into()));
    }),
    ("secret-attribute", |plan| attributes(plan, CLOSED)[1].1 = Expr::Secret(SecretSource::Env("BY".into()))),
    ("secret-attribute", |plan| plan.outputs[1].value = Expr::Secret(SecretSource::Env("BY".into()))),
    ("secret-setting", |plan| {
        plan.sites[0].settings["shelf"].insert("user".into(), Expr::Secret(SecretSource::Env("USER".into())));
    }),
    ("step-key", |plan| plan.steps[LOAN].key = plan.steps[PART].key.clone()),
    ("step-key", |plan| plan.steps[LOAN].key.clear()),
    ("step-times", |plan| plan.steps[LOAN].timeout_ms = 0),
    ("step-times", |plan| plan.steps[LOAN].ready_within_ms = Some(30_001)),
    ("step-times", |plan| plan.steps[PART].on_unreachable = OnUnreachable::Queue { for_ms: Some(0) }),
    ("step-retry", |plan| plan.steps[LOAN].retry.times = 0),
    ("step-priority", |plan| plan.steps[LOAN].priority = 1),
    ("step-origin", |plan| plan.steps[LOAN].origin.line = 0),
    ("output-resolves", |plan| plan.outputs[0].name = "closed".into()),
    ("output-resolves", |plan| plan.outputs[0].value = Expr::step(StepId(FIRST as u32), &["id"])),
    ("site-name", |plan| plan.sites[2].name = "paris".into()),
    ("site-concurrency", |plan| plan.sites[2].concurrency = 0),
    ("link-ends", |plan| {
        let site = SiteId(1);
        plan.links.push(Link { from: site, to: site, rtt_us: None, bandwidth_bps: None, loss_permille: 0 });
    }),
    ("driver-name", |plan| {
        let mut second = plan.drivers[0].clone();
        second.types.clear();
        plan.drivers.push(second);
    }),
    ("driver-name", |plan| {
        let second = plan.drivers[0].types[0].clone();
        plan.drivers[0].types.push(second);
    }),
    ("driver-service", |plan| plan.drivers[0].types[0].service = "stack".into()),
    ("driver-attribute", |plan| plan.drivers[0].types[0].identity = "isbn".into()),
    ("driver-attribute", |plan| {
        let Share::Copy { keep, .. } = &mut plan.drivers[0].types[0].share else { unreachable!() };
        keep.push("isbn".into());
    }),
    ("driver-operation", |plan| plan.drivers[0].types[0].operations[3].after = Some("make".into())),
    ("driver-declared", |plan| {
        plan.drivers[0].types[0].attributes.last_mut().expect("some").ty = Type::Named("nothing".into());
    }),
    ("driver-pure", |plan| plan.drivers[0].services[0].address = Some(Expr::step(StepId(0), &["url"]))),
];

#[test]
fn the_good_plans_are_good() {
    for plan in [
        good(),
        testing::one_ensure(),
        testing::both(),
        testing::otherwise(),
        testing::borrowed(),
        Builder::with_driver(testing::shelf_with_login()).finish(),
    ] {
        assert_eq!(verify(&plan), Vec::new());
    }
}

#[test]
fn every_rule_refuses_its_broken_plan_and_no_other_rule_does() {
    let mut wrong = Vec::new();
    for (position, (rule, break_it)) in CASES.iter().enumerate() {
        let mut plan = good();
        break_it(&mut plan);
        let refused: BTreeSet<&str> = verify(&plan).iter().map(|violation| violation.rule).collect();
        if refused != [*rule].into() {
            wrong.push(format!("case {position} ({rule}): {:#?}", verify(&plan)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_broken_plan() {
    let mut names = BTreeSet::new();
    for rule in verify::rules() {
        assert!(CASES.iter().any(|(name, _)| *name == rule.name), "`{}` has no broken plan", rule.name);
        assert!(names.insert(rule.name), "two rules are called `{}`", rule.name);
        assert!(!rule.demands.is_empty());
    }
    for (name, _) in CASES {
        assert!(names.contains(name), "there is no rule `{name}`");
    }
}

#[test]
fn a_plan_broken_everywhere_gives_a_bounded_report() {
    let mut plan = Builder::new();
    let site = plan.site("nantes");
    for position in 0..1000 {
        let step = plan.ensure(site, "emma", "shelf.book", vec![("titel", Expr::Value(json!(position)))]);
        plan.step_mut(step).timeout_ms = 0;
        plan.step_mut(step).repeat = Repeat::None;
    }
    let violations = verify(&plan.finish());
    assert_eq!(violations.len(), 3 * verify::MOST);
    assert_eq!(
        violations[0].to_string(),
        "step 0 `emma` [attribute-exists]: `shelf.book` has no attribute `titel`"
    );
}
