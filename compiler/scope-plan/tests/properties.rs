//! What holds of any plan, and of any expression on any value.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scope_plan::eval::{Bindings, eval, eval_path, eval_request_body};
use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator, SecretSource, UnaryOp};
use scope_plan::graph::{self, Neighbours};
use scope_plan::passes::PASSES;
use scope_plan::pipeline;
use scope_plan::plan::{Action, EdgeReason, Plan, StepId};
use scope_plan::testing::plan_from;
use scope_plan::verify::verify;
use serde_json::{Value, json};

/// Numbers that [`plan_from`] makes a plan of; a failure prints them, not the plan.
fn any_numbers() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..400)
}

/// The lines in which two plans differ; empty if they are equal.
fn difference(left: &Plan, right: &Plan) -> String {
    let lines = |plan: &Plan| -> Vec<String> {
        let steps = plan.steps.iter().map(|step| {
            format!("{} {} {:?} {:?} {}", step.id.0, step.name, step.action, step.when, step.priority)
        });
        let edges =
            plan.edges.iter().map(|edge| format!("{} -> {} {:?}", edge.from.0, edge.to.0, edge.reason));
        let choices =
            plan.choices.iter().map(|choice| format!("{} {:?} {:?}", choice.id.0, choice.when, choice.arms));
        steps.chain(edges).chain(choices).collect()
    };
    let (one, other) = (lines(left), lines(right));
    let missing = one.iter().filter(|line| !other.contains(line)).map(|line| format!("- {line}\n"));
    let more = other.iter().filter(|line| !one.contains(line)).map(|line| format!("+ {line}\n"));
    let text: String = missing.chain(more).collect();
    if text.is_empty() && left != right { "they differ elsewhere".to_owned() } else { text }
}

/// What a plan changes: the keys of everything that is no look-up, `choose`, `gather` or bring.
fn changes(plan: &Plan) -> BTreeSet<&str> {
    let is_change = |action: &Action| {
        matches!(action, Action::Ensure { .. } | Action::Call { .. } | Action::Delete { .. })
    };
    plan.steps.iter().filter(|step| is_change(&step.action)).map(|step| step.key.as_str()).collect()
}

/// For each step that has a name of its own, the named steps it waits for, directly or not; look-ups, which are merged and
/// pruned, have none.
fn waits(plan: &Plan) -> BTreeMap<&str, BTreeSet<&str>> {
    let before = Neighbours::before(plan, |_| true);
    let mut ancestors: Vec<BTreeSet<StepId>> = vec![BTreeSet::new(); plan.steps.len()];
    for step in graph::order(plan) {
        let mut all = BTreeSet::new();
        for earlier in before.of(step) {
            all.insert(*earlier);
            all.extend(&ancestors[earlier.index()]);
        }
        ancestors[step.index()] = all;
    }
    let is_named = |step: StepId| {
        matches!(plan.step(step).action, Action::Ensure { .. } | Action::Call { .. } | Action::Delete { .. })
    };
    plan.steps
        .iter()
        .filter(|step| is_named(step.id))
        .map(|step| {
            let named = ancestors[step.id.index()].iter().filter(|earlier| is_named(**earlier));
            (step.key.as_str(), named.map(|earlier| plan.step(*earlier).key.as_str()).collect())
        })
        .collect()
}

/// What each change is given, with look-ups named by what they ask and where: the same before and after.
fn uses(plan: &Plan) -> BTreeMap<String, BTreeSet<String>> {
    let mut described: BTreeMap<StepId, String> = BTreeMap::new();
    for id in graph::order(plan) {
        let step = plan.step(id);
        let site = &plan.site(step.site).name;
        let name = |used: StepId| described[&used].clone();
        let text = match &step.action {
            Action::Lookup { text: Some(text), .. } => format!("find {} at {site}", text.to_text(&name)),
            Action::Bring { sources, .. } => {
                let is_here = sources.iter().all(|source| plan.location(*source) == Some(step.site));
                let sources: BTreeSet<String> = sources.iter().map(|source| name(*source)).collect();
                // A transfer to where the data is, is the data.
                match sources.first() {
                    Some(source) if is_here && sources.len() == 1 => source.clone(),
                    _ => format!("copy of {sources:?} at {site}"),
                }
            }
            Action::Choose { results, .. } => {
                format!("one of {:?}", results.iter().map(|result| name(*result)).collect::<Vec<_>>())
            }
            Action::Gather { parts, .. } => {
                format!("all of {:?}", parts.iter().map(|(_, part)| name(*part)).collect::<BTreeSet<_>>())
            }
            _ => step.key.clone(),
        };
        described.insert(id, text);
    }
    let used = |expr: &Expr| expr.steps_used().into_iter().map(|step| described[&step].clone());
    let mut all: BTreeMap<String, BTreeSet<String>> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Ensure { .. } | Action::Call { .. }))
        .map(|step| (step.key.clone(), step.action.inputs().flat_map(|(_, expr)| used(expr)).collect()))
        .collect();
    all.extend(
        plan.outputs.iter().map(|output| (format!("output {}", output.name), used(&output.value).collect())),
    );
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_numbers_give_a_well_formed_plan(numbers in any_numbers()) {
        let plan = plan_from(&numbers);
        prop_assert_eq!(verify(&plan), Vec::new());
    }

    #[test]
    fn every_pass_is_verified_idempotent_and_keeps_what_is_done(numbers in any_numbers()) {
        let plan = plan_from(&numbers);
        let mut plan = plan;
        for pass in PASSES {
            let once = (pass.run)(plan.clone());
            prop_assert_eq!(verify(&once), Vec::new(), "{} breaks a rule", pass.name);
            let twice = (pass.run)(once.clone());
            prop_assert_eq!(difference(&twice, &once), "", "{} is not idempotent", pass.name);
            prop_assert_eq!(changes(&once), changes(&plan), "{} changes what is done", pass.name);
            prop_assert_eq!(uses(&once), uses(&plan), "{} changes an input", pass.name);
            let (now, before) = (waits(&once), waits(&plan));
            prop_assert_eq!(now, before, "{} changes the order", pass.name);
            plan = once;
        }
    }

    #[test]
    fn optimising_gives_a_plan_that_does_the_same_in_no_more_steps(numbers in any_numbers()) {
        let plan = plan_from(&numbers);
        let optimised = pipeline::optimise(plan.clone(), &mut |_, _| {}).unwrap();
        prop_assert!(optimised.steps.len() <= plan.steps.len());
        prop_assert_eq!(changes(&optimised), changes(&plan));
        prop_assert_eq!(uses(&optimised), uses(&plan));
        prop_assert_eq!(waits(&optimised), waits(&plan));
        // Byte for byte the same each time.
        let again = pipeline::optimise(plan, &mut |_, _| {}).unwrap();
        prop_assert_eq!(difference(&again, &optimised), "");
    }

    #[test]
    fn order_edges_only_get_fewer_and_data_edges_stay(numbers in any_numbers()) {
        let plan = plan_from(&numbers);
        let reduced = scope_plan::passes::reduce_order::reduce_order(plan.clone());
        let removed: Vec<_> = plan.edges.iter().filter(|edge| !reduced.edges.contains(edge)).collect();
        prop_assert!(reduced.edges.iter().all(|edge| plan.edges.contains(edge)));
        prop_assert!(removed.iter().all(|edge| edge.reason == EdgeReason::After));
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-3_i64..20).prop_map(Value::from),
        any::<f64>().prop_map(|float| json!(float)),
        "[a-c/.%é(]{0,6}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-c]", inner), 0..5).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        any_value().prop_map(Expr::Value),
        "[a-e]".prop_map(Expr::Name),
        (0_u32..3, prop::collection::vec("[a-c]", 0..3))
            .prop_map(|(step, path)| Expr::Step { step: StepId(step), path }),
        Just(Expr::Secret(SecretSource::Env("X".into()))),
    ];
    let builtin = prop::sample::select(Builtin::ALL.to_vec());
    let binary = prop::sample::select(vec![
        BinaryOp::Add,
        BinaryOp::Subtract,
        BinaryOp::Multiply,
        BinaryOp::Divide,
        BinaryOp::Concat,
        BinaryOp::Equal,
        BinaryOp::Less,
        BinaryOp::GreaterEqual,
        BinaryOp::And,
        BinaryOp::Or,
        BinaryOp::Default,
        BinaryOp::In,
        BinaryOp::Matching,
    ]);
    leaf.prop_recursive(6, 48, 4, move |inner| {
        let generator = ("[a-e]", prop::option::of("[a-e]"), inner.clone(), prop::option::of(inner.clone()))
            .prop_map(|(name, second, source, condition)| {
                Box::new(Generator { name, second, source, condition })
            });
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Expr::Concat),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Expr::List),
            prop::collection::vec(("[a-c]", inner.clone()), 0..4).prop_map(Expr::Record),
            (boxed.clone(), "[a-c]").prop_map(|(base, field)| Expr::Field(base, field)),
            (boxed.clone(), boxed.clone()).prop_map(|(base, index)| Expr::Index(base, index)),
            (builtin.clone(), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(builtin, arguments)| Expr::Call(builtin, arguments)),
            boxed.clone().prop_map(|operand| Expr::Unary(UnaryOp::Negate, operand)),
            boxed.clone().prop_map(|operand| Expr::Unary(UnaryOp::Not, operand)),
            (binary.clone(), boxed.clone(), boxed.clone())
                .prop_map(|(op, left, right)| Expr::Binary(op, left, right)),
            (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(c, a, b)| Expr::If(c, a, b)),
            (generator.clone(), boxed.clone()).prop_map(|(generator, value)| Expr::ListFor(generator, value)),
            (generator, boxed.clone(), boxed).prop_map(|(g, key, value)| Expr::MapFor(g, key, value)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evaluating_never_panics_and_is_a_function(expr in any_expr(), value in any_value(), other in any_value()) {
        let environment = Bindings::new()
            .with("a", value.clone())
            .with("b", other.clone())
            .with("c", Value::Null)
            .with_output(StepId(0), value)
            .with_output(StepId(1), other);
        prop_assert_eq!(eval(&expr, &environment), eval(&expr, &environment));
        let _ = eval_request_body(&expr, &environment);
        let _ = eval_path(&expr, &environment);
        let _ = expr.to_string();
        // A text names no value's parts, and a copy is the same.
        prop_assert_eq!(&expr.map(&mut |_| None), &expr);
        let json = serde_json::to_string(&expr).unwrap();
        prop_assert_eq!(serde_json::from_str::<Expr>(&json).unwrap(), expr);
    }

    #[test]
    fn names_that_are_not_used_do_not_matter(expr in any_expr(), value in any_value()) {
        let mut environment = Bindings::new();
        for name in expr.names_used() {
            environment = environment.with(name, value.clone());
        }
        if let Err(error) = eval(&expr, &environment) {
            prop_assert!(!error.to_string().starts_with("nothing is called"), "{error}");
        }
    }
}
