//! Where sites and steps are, by the names that a state knows: a plan of many sites has many, and each guard asks.
//!
//! `steps("vm", "nantes")` → the step that ensures it, the one that deletes it; `named_guards("net", "nantes")` → those that
//! guard it; `guards_on(net n1 at nantes)` → the same, once the step that gives the network has ended.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use scope_plan::expr::Expr;
use scope_plan::plan::{Action, Plan, SiteId, StepId};
use scope_plan::recorded::Relied;

pub(crate) struct Index<'r> {
    sites: HashMap<&'r str, SiteId>,
    /// By resource, then by site.
    by_resource: ByNames<'r>,
    by_guarded: ByNames<'r>,
    /// Call → what the program reads of its result: the fields of the result itself.
    read_of_calls: HashMap<StepId, BTreeSet<&'r str>>,
    /// Step → the guards on what it gives.
    guards_of: HashMap<StepId, Vec<StepId>>,
    /// Guards by what they are on, as far as that is known by now.
    on: RefCell<BTreeMap<Relied, Vec<StepId>>>,
}

type ByNames<'r> = HashMap<&'r str, HashMap<&'r str, Vec<StepId>>>;

impl<'r> Index<'r> {
    pub(super) fn new(plan: &'r Plan) -> Self {
        let sites = plan.sites.iter().enumerate();
        let mut index = Self {
            sites: sites.map(|(index, site)| (site.name.as_str(), SiteId(index as u32))).collect(),
            by_resource: HashMap::new(),
            by_guarded: HashMap::new(),
            read_of_calls: read_of_calls(plan),
            guards_of: HashMap::new(),
            on: RefCell::default(),
        };
        for step in &plan.steps {
            let site = plan.site(step.site).name.as_str();
            let steps = match &step.action {
                Action::Protect { of, .. } => {
                    if let Expr::Step { step: given, .. } = of {
                        index.guards_of.entry(*given).or_default().push(step.id);
                    }
                    &mut index.by_guarded
                }
                Action::Ensure { .. } | Action::Delete { .. } => &mut index.by_resource,
                _ => continue,
            };
            steps.entry(&step.name).or_default().entry(site).or_default().push(step.id);
        }
        index
    }

    /// A site that the plan has.
    pub(super) fn site(&self, name: &str) -> Option<SiteId> {
        self.sites.get(name).copied()
    }

    /// What is done with a resource, its name and its site's, in the plan's order.
    pub(super) fn steps(&self, name: &str, site: &str) -> &[StepId] {
        of(&self.by_resource, name, site)
    }

    /// The guards on what is called so, of whatever type, in the plan's order.
    pub(super) fn named_guards(&self, name: &str, site: &str) -> &[StepId] {
        of(&self.by_guarded, name, site)
    }

    /// What the program reads of a call's result, by name.
    pub(crate) fn read_of_call(&self, call: StepId) -> impl Iterator<Item = &'r str> {
        self.read_of_calls.get(&call).into_iter().flatten().copied()
    }

    /// The guards on what a step gives.
    pub(super) fn guards_of(&self, given: StepId) -> &[StepId] {
        self.guards_of.get(&given).map_or(&[], Vec::as_slice)
    }

    /// The guards on this, as far as it is known that they are: they may be on another one since.
    pub(super) fn guards_on(&self, relied: &Relied) -> Vec<StepId> {
        self.on.borrow().get(relied).cloned().unwrap_or_default()
    }

    /// Takes note of what a guard is on.
    pub(super) fn note(&self, guard: StepId, relied: Relied) {
        let mut on = self.on.borrow_mut();
        let guards = on.entry(relied).or_default();
        if !guards.contains(&guard) {
            guards.push(guard);
        }
    }
}

fn read_of_calls(plan: &Plan) -> HashMap<StepId, BTreeSet<&str>> {
    let mut read: HashMap<StepId, BTreeSet<&str>> = HashMap::new();
    let inputs = plan.steps.iter().flat_map(|step| step.action.inputs()).map(|(_, expr)| expr);
    for expr in inputs.chain(plan.outputs.iter().map(|output| &output.value)) {
        expr.visit(&mut |part| {
            if let Expr::Step { step, path } = part
                && let Some(field) = path.first()
                && matches!(plan.step(*step).action, Action::Call { .. })
            {
                read.entry(*step).or_default().insert(field);
            }
        });
    }
    read
}

fn of<'i>(steps: &'i ByNames<'_>, name: &str, site: &str) -> &'i [StepId] {
    steps.get(name).and_then(|sites| sites.get(site)).map_or(&[], Vec::as_slice)
}
