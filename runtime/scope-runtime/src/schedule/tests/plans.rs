//! Plans from a few lines of text, for tests.
//!
//! ```text
//! site paris 2                                    a site and how many at once (else 8; sites need not be named before)
//! a @paris queue undo tries=3 prio=5 needs=x,y after=v settled=z in=X.0,Y.1 of=base
//! b @paris undo=all                                also when its resource fails
//! g @paris gather=a,b                              a gather, with its settled edges
//! q @paris quorum=2:a,b,c                          a gather of which so many are enough
//! c @paris choose=X:a,b                            a choose, with its settled edges
//! rollout 1                                        a rollout that stops after one failure
//! w @paris gate=a,b                                a gate of the last rollout, with its settled edges
//! d @paris wave=w                                  what waits for a gate
//! choice X in=Y.1 recorded=1: a b | #Z c           arms with their members; `#Z` is a choice inside
//! ```

use std::collections::BTreeMap;

use scope_plan::plan::{
    Action, Arm, Choice, ChoiceId, Edge, EdgeReason, Guard, OnUnreachable, Origin, Plan, Program, Purpose,
    Quorum, Retry, Rollout, RolloutId, Site, SiteId, Step, StepId, Undo, VERSION,
};

pub(super) fn origin() -> Origin {
    Origin { file: "test.scope".into(), start: 0, end: 0, line: 1, column: 1, scope: None }
}

pub(super) fn site(name: &str, concurrency: u32) -> Site {
    Site {
        name: name.into(),
        settings: Default::default(),
        labels: Default::default(),
        concurrency,
        simulated: Vec::new(),
        capacity: Default::default(),
        lacks: Default::default(),
        origin: origin(),
    }
}

pub(super) fn step(id: StepId, name: &str, site: SiteId) -> Step {
    Step {
        id,
        name: name.into(),
        site,
        action: Action::Lookup {
            resource_type: "toy.thing".into(),
            text: None,
            filter: Vec::new(),
            purpose: Purpose::Existing,
        },
        when: Vec::new(),
        on_unreachable: OnUnreachable::Fail,
        undo: Undo::Keep,
        retry: Retry { times: 1, backoff_ms: 500 },
        timeout_ms: 30_000,
        ready_within_ms: None,
        repeat: scope_plan::driver::Repeat::Always,
        on_unknown: scope_plan::plan::OnUnknown::Ask,
        key: format!("{}/{name}", site.0),
        priority: 0,
        origin: origin(),
    }
}

pub(super) fn empty_plan() -> Plan {
    Plan {
        version: VERSION,
        program: Program {
            file: "test.scope".into(),
            entry: None,
            files: Default::default(),
            params: Default::default(),
            units: Default::default(),
        },
        sites: Vec::new(),
        links: Vec::new(),
        drivers: Vec::new(),
        steps: Vec::new(),
        edges: Vec::new(),
        choices: Vec::new(),
        crosses: Vec::new(),
        dropped: Vec::new(),
        rollouts: Vec::new(),
        renames: Vec::new(),
        former_names: Default::default(),
        unwanted: Vec::new(),
        outputs: Vec::new(),
    }
}

/// A plan and the names of its parts.
pub(super) struct Named {
    pub(super) plan: Plan,
    pub(super) steps: BTreeMap<String, StepId>,
    pub(super) sites: BTreeMap<String, SiteId>,
    pub(super) choices: BTreeMap<String, ChoiceId>,
}

impl Named {
    pub(super) fn name(&self, step: StepId) -> &str {
        self.steps.iter().find(|(_, id)| **id == step).map_or("?", |(name, _)| name)
    }

    pub(super) fn choice_name(&self, choice: ChoiceId) -> &str {
        self.choices.iter().find(|(_, id)| **id == choice).map_or("?", |(name, _)| name)
    }

    fn site(&mut self, name: &str, concurrency: u32) -> SiteId {
        if let Some(id) = self.sites.get(name) {
            return *id;
        }
        let id = SiteId(self.plan.sites.len() as u32);
        self.plan.sites.push(site(name, concurrency));
        self.sites.insert(name.into(), id);
        id
    }

    fn list(&self, text: &str) -> Vec<StepId> {
        text.split(',').map(|name| self.steps[name]).collect()
    }

    fn guards(&self, text: &str) -> Vec<Guard> {
        let guard = |text: &str| {
            let (choice, arm) = text.split_once('.').expect("X.0");
            Guard { choice: self.choices[choice], arm: arm.parse().expect("a number") }
        };
        text.split(',').map(guard).collect()
    }

    fn edges(&mut self, to: StepId, from: &[StepId], reason: &EdgeReason) {
        self.plan.edges.extend(from.iter().map(|from| Edge { from: *from, to, reason: reason.clone() }));
    }
}

pub(super) fn parse(text: &str) -> Named {
    let mut named = Named {
        plan: empty_plan(),
        steps: BTreeMap::new(),
        sites: BTreeMap::new(),
        choices: BTreeMap::new(),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    // Names first: a line may speak of a later one.
    for line in &lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "site" => {
                named.site(words[1], words[2].parse().expect("a number"));
            }
            "rollout" => named.plan.rollouts.push(Rollout {
                key: "rolled".into(),
                soak_ms: 0,
                stop_after: words[1].parse().expect("a number"),
                waves: Vec::new(),
                origin: origin(),
            }),
            "choice" => {
                let id = ChoiceId(named.choices.len() as u32);
                named.choices.insert(words[1].trim_end_matches(':').into(), id);
            }
            name => {
                let site = named.site(words[1].strip_prefix('@').expect("@site"), 8);
                let id = StepId(named.plan.steps.len() as u32);
                named.steps.insert(name.into(), id);
                named.plan.steps.push(step(id, name, site));
            }
        }
    }
    for line in lines {
        let mut words = line.split_whitespace();
        match words.next().expect("not empty") {
            "site" | "rollout" => {}
            "choice" => parse_choice(&mut named, line),
            name => {
                let id = named.steps[name];
                words.skip(1).for_each(|word| parse_word(&mut named, id, word));
            }
        }
    }
    named.plan.choices.sort_by_key(|choice| choice.id);
    named
}

fn parse_word(named: &mut Named, id: StepId, word: &str) {
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    let number = || value.parse().expect("a number");
    match key {
        "queue" => named.plan.steps[id.index()].on_unreachable = OnUnreachable::Queue { for_ms: None },
        "skip" => named.plan.steps[id.index()].on_unreachable = OnUnreachable::Skip,
        "reference" => {
            let action = &mut named.plan.steps[id.index()].action;
            let Action::Lookup { purpose, .. } = action else { panic!("a look-up") };
            *purpose = Purpose::Reference;
        }
        "undo" if value == "all" => named.plan.steps[id.index()].undo = Undo::DeleteWithResource,
        "undo" => named.plan.steps[id.index()].undo = Undo::DeleteCreated,
        "tries" => named.plan.steps[id.index()].retry.times = number(),
        "prio" => named.plan.steps[id.index()].priority = u64::from(number()),
        "of" => named.plan.steps[id.index()].name = value.into(),
        "in" => named.plan.steps[id.index()].when = named.guards(value),
        "needs" => named.edges(id, &named.list(value), &EdgeReason::Data),
        "after" => named.edges(id, &named.list(value), &EdgeReason::After),
        "settled" => named.edges(id, &named.list(value), &EdgeReason::Settled),
        "gather" => {
            let parts = named.list(value);
            named.edges(id, &parts, &EdgeReason::Settled);
            let parts = parts.into_iter().map(|part| (named.plan.steps[part.index()].site, part)).collect();
            named.plan.steps[id.index()].action = Action::Gather { parts, quorum: None };
        }
        "quorum" => {
            let (need, parts) = value.split_once(':').expect("2:a,b");
            let parts = named.list(parts);
            named.edges(id, &parts, &EdgeReason::Settled);
            let copies = parts.iter().map(|part| vec![*part]).collect();
            let quorum = Some(Quorum { need: need.parse().expect("a number"), copies });
            let parts = parts.into_iter().map(|part| (named.plan.steps[part.index()].site, part)).collect();
            named.plan.steps[id.index()].action = Action::Gather { parts, quorum };
        }
        "gate" => {
            let steps = named.list(value);
            named.edges(id, &steps, &EdgeReason::Settled);
            let rollout = RolloutId(named.plan.rollouts.len() as u32 - 1);
            named.plan.steps[id.index()].action = Action::Gate { rollout, wave: 0, steps };
        }
        "wave" => named.edges(id, &named.list(value), &EdgeReason::Wave),
        "choose" => {
            let (choice, results) = value.split_once(':').expect("X:a,b");
            let results = named.list(results);
            named.edges(id, &results, &EdgeReason::Settled);
            named.plan.steps[id.index()].action = Action::Choose { choice: named.choices[choice], results };
        }
        other => panic!("what is `{other}`?"),
    }
}

fn parse_choice(named: &mut Named, line: &str) {
    let (head, arms) = line.split_once(':').expect("choice X: …");
    let mut head = head.split_whitespace().skip(1);
    let key = head.next().expect("a name").to_owned();
    let mut choice = Choice {
        id: named.choices[&key],
        label: format!("`{key}`"),
        key,
        when: Vec::new(),
        arms: Vec::new(),
        recorded: None,
        origin: origin(),
    };
    for word in head {
        match word.split_once('=').expect("key=value") {
            ("in", value) => choice.when = named.guards(value),
            ("recorded", value) => choice.recorded = Some(value.parse().expect("a number")),
            (other, _) => panic!("what is `{other}`?"),
        }
    }
    for arm in arms.split('|') {
        let (nested, members): (Vec<&str>, Vec<&str>) =
            arm.split_whitespace().partition(|word| word.starts_with('#'));
        choice.arms.push(Arm {
            label: arm.trim().to_owned(),
            members: members.into_iter().map(|name| named.steps[name]).collect(),
            choices: nested.into_iter().map(|name| named.choices[&name[1..]]).collect(),
        });
    }
    named.plan.choices.push(choice);
}
