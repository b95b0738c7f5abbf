//! The explicit operations of a plan that are done already, as far as that is known without asking a site.
//!
//! `call ring: desk.ring { note: paper.name }`, recorded with the digest of `{ note: "paper" }` → done, and not done again.

use std::collections::{BTreeMap, BTreeSet};

use scope_plan::driver::{ResourceType, Type};
use scope_plan::eval::{Environment, eval};
use scope_plan::expr::{Expr, SecretSource};
use scope_plan::plan::{Action, Plan, Step, StepId};
use serde_json::{Map, Value};

use super::{Call, State};
use crate::procedure::Given;

impl State {
    /// Those whose recorded inputs are what the program gives them now. What they take from other steps is taken to be as it
    /// is recorded, or as the program gives it to them, and else as it was told when it was last taken; an operation that takes
    /// something else is not known to be done.
    pub fn calls_done(&self, plan: &Plan) -> BTreeSet<StepId> {
        let mut done = BTreeSet::new();
        if self.calls.is_empty() {
            return done;
        }
        let mut outputs = Outputs::default();
        for step in scope_plan::graph::order(plan) {
            let step = plan.step(step);
            let output = match &step.action {
                Action::Ensure { attributes, .. } => self.made(plan, step, attributes, &outputs),
                Action::Call { inputs, once: true, .. } => {
                    let result = self.result(plan, step, inputs, &outputs);
                    done.extend(result.is_some().then_some(step.id));
                    result
                }
                Action::Choose { choice, results, .. } => {
                    let arm = plan.choice(*choice).recorded;
                    arm.and_then(|arm| outputs.0.get(&results[arm as usize]).cloned())
                }
                Action::Gather { parts, .. } => {
                    let parts = parts.iter().filter_map(|(site, part)| {
                        Some((plan.site(*site).name.clone(), outputs.0.get(part)?.clone()))
                    });
                    Some(Value::Object(parts.collect()))
                }
                _ => None,
            };
            outputs.0.extend(output.map(|output| (step.id, output)));
        }
        done
    }

    /// What is known of a resource that is there.
    fn made(
        &self,
        plan: &Plan,
        step: &Step,
        attributes: &[(String, Expr)],
        outputs: &Outputs,
    ) -> Option<Value> {
        let there = self.resource(&step.name, &plan.site(step.site).name)?;
        let (_, resource_type) = plan.resource_type_of(step)?;
        // What the driver calls secret, no other step sees.
        let is_seen = |name: &str| resource_type.attribute(name).is_some_and(|known| !known.is_secret);
        let seen = attributes.iter().filter(|(name, _)| is_seen(name));
        let mut known: Map<String, Value> =
            seen.filter_map(|(name, expr)| Some((name.clone(), outputs.value(expr)?))).collect();
        known.insert(resource_type.identity.clone(), identity(resource_type, &there.identity));
        Some(Value::Object(known))
    }

    /// The result of an operation that is done with these inputs.
    fn result(
        &self,
        plan: &Plan,
        step: &Step,
        inputs: &[(String, Expr)],
        outputs: &Outputs,
    ) -> Option<Value> {
        // Of what was sent since, the end is not known.
        let call = self.calls.get(&step.key).filter(|_| !self.sent.contains_key(&step.key))?;
        let (_, resource_type) = plan.resource_type_of(step)?;
        let outputs = outputs.with(plan, inputs, call);
        let values = inputs.iter().map(|(name, expr)| Some((name.clone(), outputs.shown(expr)?)));
        let given = Given::shown(resource_type, values.collect::<Option<_>>()?);
        (call.inputs.is_empty() || given.is_as_digested(&call.inputs)).then(|| call.result.clone())
    }
}

/// What is known of the steps' outputs.
#[derive(Default)]
struct Outputs(BTreeMap<StepId, Value>);

impl Outputs {
    /// What is known of the outputs that these inputs are made of; what is not, as an operation was given it last.
    fn with(&self, plan: &Plan, inputs: &[(String, Expr)], call: &Call) -> Outputs {
        let mut known = Outputs::default();
        for (_, expr) in inputs {
            expr.visit(&mut |part| {
                let Expr::Step { step, path } = part else { return };
                let output = known.0.entry(*step);
                let output = output.or_insert_with(|| self.0.get(step).cloned().unwrap_or(Value::Null));
                let taken =
                    call.taken.get(&plan.step(*step).key).and_then(|taken| taken.get(&path.join(".")));
                if let (None, Some(taken)) = (at(output, path), taken) {
                    put(output, path, taken.clone());
                }
            });
        }
        known.0.retain(|_, output| !output.is_null());
        known
    }

    /// A value, if all of it is known; none that is secret.
    fn value(&self, expr: &Expr) -> Option<Value> {
        self.shown(expr).filter(|_| expr.secrets_used().is_empty())
    }

    /// The same, with secrets replaced by where they come from.
    fn shown(&self, expr: &Expr) -> Option<Value> {
        let mut is_known = true;
        expr.visit(&mut |part| match part {
            Expr::Step { step, path } => {
                let output = self.0.get(step).filter(|_| !path.is_empty());
                is_known &= output.is_some_and(|output| at(output, path).is_some());
            }
            Expr::File(_) => is_known = false,
            _ => {}
        });
        is_known.then(|| eval(expr, self).ok()).flatten()
    }
}

impl Environment for Outputs {
    fn step(&self, step: StepId) -> Option<&Value> {
        self.0.get(&step)
    }

    fn secret(&self, source: &SecretSource) -> Option<String> {
        Some(source.to_string())
    }
}

fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, field| value.get(field)).filter(|value| !value.is_null())
}

/// Puts a value where a part of an output is not known, unless something else stands there.
fn put(output: &mut Value, path: &[String], value: Value) {
    let Some((field, rest)) = path.split_first() else {
        *output = value;
        return;
    };
    if output.is_null() {
        *output = Value::Object(Map::new());
    }
    if let Value::Object(fields) = output {
        put(fields.entry(field.clone()).or_insert(Value::Null), rest, value);
    }
}

/// An identity as its site tells it: it is recorded as text.
fn identity(resource_type: &ResourceType, text: &str) -> Value {
    let is_number = resource_type.attribute(&resource_type.identity).is_some_and(|it| it.ty == Type::Int);
    let number = is_number.then(|| text.parse::<i64>().ok()).flatten();
    number.map_or_else(|| Value::from(text), Value::from)
}
