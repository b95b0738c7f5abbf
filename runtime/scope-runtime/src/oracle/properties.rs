//! Guarantees 2, 3 and 4 over generated programs: formatting loses nothing, the order of declarations says nothing, and
//! what is checked without errors has a plan.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scope_plan::plan::{Origin, Plan};

use super::play;
use super::program::Program;
use super::random::{self, Dice};

/// A plan without what says where in the text something stands.
fn without_places(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    let nowhere = Origin { file: String::new(), start: 0, end: 0, line: 1, column: 1, scope: None };
    plan.program.files.clear();
    plan.sites.iter_mut().for_each(|site| site.origin = nowhere.clone());
    plan.choices.iter_mut().for_each(|choice| choice.origin = nowhere.clone());
    plan.rollouts.iter_mut().for_each(|rollout| rollout.origin = nowhere.clone());
    plan.outputs.iter_mut().for_each(|output| output.origin = None);
    for step in &mut plan.steps {
        step.origin = Origin { scope: step.origin.scope.clone(), ..nowhere.clone() };
    }
    plan
}

/// What a plan does, without the numbers of its steps.
fn effects(plan: &Plan) -> BTreeSet<String> {
    let edges = plan.edges.iter().map(|edge| {
        format!("{} before {} {:?}", plan.step(edge.from).key, plan.step(edge.to).key, edge.reason)
    });
    let steps = plan.steps.iter().map(|step| {
        let what = (step.action.verb(), &step.on_unreachable, step.undo, step.repeat.clone());
        format!("{} {what:?}", step.key)
    });
    let arms = plan.choices.iter().flat_map(|choice| {
        choice.arms.iter().enumerate().map(|(number, arm)| {
            let members: BTreeSet<&str> =
                arm.members.iter().map(|member| plan.step(*member).key.as_str()).collect();
            format!("{} {number} {members:?}", choice.key)
        })
    });
    steps.chain(edges).chain(arms).collect()
}

fn plan_of(text: &str) -> Result<Plan, TestCaseError> {
    let compilation = play::compile(text);
    let reports: Vec<String> = compilation.diagnostics.iter().map(|report| report.message.clone()).collect();
    compilation.plan.ok_or_else(|| TestCaseError::fail(format!("{reports:#?}\n{text}")))
}

fn shuffled(program: &Program, keys: &[u32]) -> String {
    let mut items: Vec<(u32, String)> = program
        .items()
        .into_iter()
        .chain(program.outputs())
        .enumerate()
        .map(|(index, item)| (keys[index % keys.len()], item))
        .collect();
    items.sort();
    let mut text: String = items.iter().map(|(_, item)| format!("{item}\n")).collect();
    text.push_str(&program.frame());
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_programs_check_format_and_lower(
        numbers in prop::collection::vec(any::<u16>(), 0..120),
        keys in prop::collection::vec(any::<u32>(), 8),
    ) {
        let program = random::program(&mut Dice::new(&numbers));
        let text = program.text();
        let plan = plan_of(&text)?;
        prop_assert!(scope_plan::verify::verify(&plan).is_empty());
        let optimised = play::optimised(&plan);
        prop_assert_eq!(&play::optimised(&optimised), &optimised);

        let formatted = scope_compiler::format(&text).expect("it can be read");
        prop_assert_eq!(scope_compiler::format(&formatted).expect("it can be read"), formatted.clone());
        prop_assert_eq!(without_places(&plan_of(&formatted)?), without_places(&plan), "{}", formatted);

        let other = shuffled(&program, &keys);
        prop_assert_eq!(effects(&plan_of(&other)?), effects(&plan), "{}", other);
    }
}
