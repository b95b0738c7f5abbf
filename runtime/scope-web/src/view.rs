//! What a page needs of a plan: sites, steps, edges and choices, without the drivers' expressions and any setting of a site.
//!
//! `Step { id: 3, name: "vm", site: 0, action: Ensure { … }, … }` → `{"id":3,"name":"vm","site":0,"verb":"ensure",…}`

use scope_plan::estimate::{Links, step_ms};
use scope_plan::plan::{Action, ChoiceId, Edge, Guard, Plan, Step, StepId};
use serde::Serialize;

/// A plan, as the page draws it. Ids are those of the plan and of the events.
#[derive(Serialize)]
pub(crate) struct View<'p> {
    program: &'p str,
    is_simulated: bool,
    sites: Vec<&'p str>,
    steps: Vec<StepView<'p>>,
    /// From, to, why.
    edges: Vec<(u32, u32, serde_json::Value)>,
    choices: Vec<ChoiceView<'p>>,
}

#[derive(Serialize)]
struct StepView<'p> {
    id: StepId,
    name: &'p str,
    site: u32,
    verb: &'p str,
    resource_type: Option<&'p str>,
    /// Of a `choose`.
    choice: Option<ChoiceId>,
    /// Choice and arm, for each alternative that it belongs to.
    when: Vec<(u32, u32)>,
    /// How long it will take, from what is declared.
    estimate_ms: u64,
    file: &'p str,
    line: u32,
    scope: Option<&'p str>,
}

#[derive(Serialize)]
struct ChoiceView<'p> {
    id: ChoiceId,
    label: &'p str,
    arms: Vec<&'p str>,
}

impl<'p> View<'p> {
    pub(crate) fn new(plan: &'p Plan, is_simulated: bool) -> Self {
        let links = Links::new(plan);
        let choices = plan.choices.iter().map(|choice| ChoiceView {
            id: choice.id,
            label: &choice.label,
            arms: choice.arms.iter().map(|arm| arm.label.as_str()).collect(),
        });
        Self {
            program: &plan.program.file,
            is_simulated,
            sites: plan.sites.iter().map(|site| site.name.as_str()).collect(),
            steps: plan.steps.iter().map(|step| step_view(plan, &links, step)).collect(),
            edges: plan.edges.iter().map(edge_view).collect(),
            choices: choices.collect(),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a view has text keys only")
    }
}

fn step_view<'p>(plan: &'p Plan, links: &Links<'p>, step: &'p Step) -> StepView<'p> {
    StepView {
        id: step.id,
        name: &step.name,
        site: step.site.0,
        verb: step.action.verb(),
        resource_type: step.action.resource_type(),
        choice: match step.action {
            Action::Choose { choice, .. } => Some(choice),
            _ => None,
        },
        when: step.when.iter().map(|Guard { choice, arm }| (choice.0, *arm)).collect(),
        estimate_ms: step_ms(plan, links, step),
        file: &step.origin.file,
        line: step.origin.line,
        scope: step.origin.scope.as_deref(),
    }
}

fn edge_view(edge: &Edge) -> (u32, u32, serde_json::Value) {
    let reason = serde_json::to_value(&edge.reason).expect("a reason is a word");
    (edge.from.0, edge.to.0, reason)
}
