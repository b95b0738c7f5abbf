//! What a deployment remembers between runs: names and identities, choices, calls done once, what is owed and parked.
//!
//! In come journal [`Record`]s, out comes the [`State`] they add up to: it changes only through [`State::apply`], so the
//! journal *is* the state, and `state.json` a shorter way of writing it.
//! `apply(Resource(base at nantes is 45da…))` → `state.resource("base", "nantes").identity == "45da…"`

mod apply;
mod digest;
mod done;
mod folder;
mod forget;
mod guards;
mod lock;
mod moved;
mod owed;
mod place;
mod record;
mod resource;
mod runs;
mod shared;
mod store;
mod time;
mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use scope_plan::address::Address;
use scope_plan::plan::{OnUnreachable, Step};
use scope_plan::recorded::{OpenRequest, Recorded, RecordedResource, Relied, borrowed_parts};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use digest::digest_of_value;
pub use folder::state_folder;
pub use forget::Known;
pub use guards::Guards;
pub use lock::Holder;
pub use owed::Owed;
pub use place::Place;
pub use record::{Record, RunEnd};
pub use resource::{NotTaken, Resource};
pub use runs::{Run, Started, Wish};
pub use shared::{Fence, FenceClosed, Lease, SharedFault, SharedPlace};
pub use store::{StateError, StateStore, Waiting};
pub(crate) use time::civil_date;
pub use time::utc;

/// The version of `state.json`, and of the records in a journal; older ones are read, newer ones are refused.
pub const VERSION: u32 = 4;

/// The program that writes it, told to those that cannot read it.
pub const WRITTEN_BY: &str = concat!("scope ", env!("CARGO_PKG_VERSION"));

/// At most so many runs are kept in the history.
pub const KEPT_RUNS: usize = 50;

/// The state of one deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`VERSION`].
    pub version: u32,
    /// Random, made with the state; part of every owner mark.
    pub deployment: String,
    /// Grows with every change written: a saved plan names the one it was made from.
    pub serial: u64,
    /// Global name → site's name → what is there.
    pub resources: BTreeMap<String, BTreeMap<String, Resource>>,
    /// Step key → the explicit operation done once.
    pub calls: BTreeMap<String, Call>,
    /// Choice key → arm.
    pub choices: BTreeMap<String, u32>,
    /// Choice key → the names of that arm's sites.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub chosen_sites: BTreeMap<String, BTreeSet<String>>,
    /// Guards that this deployment left on what it relies upon.
    #[serde(default, skip_serializing_if = "Guards::is_empty")]
    pub guards: Guards,
    /// What an abandoned alternative left, perhaps, at a site that did not answer.
    pub owed: Vec<Owed>,
    /// What was taken back and of which a second one may still come, by name and site.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub undone: BTreeMap<String, BTreeMap<String, Resource>>,
    /// Site → why it is not known whether something is there twice: the next run looks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub looks: BTreeMap<String, String>,
    /// Step key → what waits for its site.
    pub parked: BTreeMap<String, Parked>,
    /// Step key → a request that was sent and whose end is not recorded: looked up before anything is repeated.
    pub sent: BTreeMap<String, Sent>,
    /// Step key → what was changed of something older, and may have to be set back.
    #[serde(default)]
    pub changed: BTreeMap<String, Changed>,
    /// What one command of `scope exec` made, name and site: no part of the program, until a program names it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub apart: BTreeSet<(String, String)>,
    /// Site's name → why every run leaves it alone.
    #[serde(default)]
    pub holds: BTreeMap<String, Hold>,
    /// A gate's key → the wave before it, while that is open.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waves: BTreeMap<String, OpenWave>,
    /// Site's name → driver → its address there, when a run was last about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sites: BTreeMap<String, BTreeMap<String, Address>>,
    /// Site's name → what it was called before (`scope state rename-site`): the next run has the keys of families over sites go
    /// along, and forgets it at its end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub former_sites: BTreeMap<String, Vec<String>>,
    /// The number of the last run.
    pub last_run: u64,
    /// The last [`KEPT_RUNS`] runs, oldest first.
    pub runs: Vec<Run>,
}

/// A wave that was begun and is not yet followed by the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWave {
    /// The run that begins it, or goes on with it.
    pub run: u64,
    /// An earlier run was stopped in it: whether that run changed anything is not known.
    pub was_interrupted: bool,
    /// When all of it had ended, in milliseconds since 1970: the soak time is counted from there.
    pub ended_ms: Option<u64>,
}

/// An explicit operation that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The digest of its inputs: it is done again when they change. Empty where a lost state was rebuilt, and what it was given
    /// nobody recorded: then it is what it is given next.
    pub inputs: String,
    /// Its result, for the steps that use it; masked and bounded.
    pub result: Value,
    /// The run that did it.
    pub run: u64,
    /// What it was given last of what other steps' sites tell: the step's key → the part of its output → its value. None that is
    /// secret, or large.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub taken: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Call {
    /// One of which nothing more is known.
    pub fn new(inputs: String, result: Value, run: u64) -> Self {
        Self { inputs, result, run, taken: BTreeMap::new() }
    }
}

/// A step that waits for its site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// The run that parked it first.
    pub run: u64,
    /// When, in milliseconds since 1970.
    pub since_ms: u64,
    /// Why.
    pub words: String,
    /// It has waited as long as it may (`queue for d`): it waits no more, and fails until its site answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_over: bool,
}

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// `openstack.image`
    pub resource_type: String,
    /// `create`
    pub operation: String,
    /// The digest of its inputs; empty where nobody recorded them.
    pub inputs: String,
    /// Its name at the site, to look for what it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// What it relies upon, once it is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relies: Vec<Relied>,
    /// The run that sent it first; part of its idempotency key.
    pub run: u64,
    /// When it was last sent, in milliseconds since 1970: it may still take effect for a while.
    pub at_ms: u64,
    /// Looking tells nothing of its end, and sending it again is not safe: a person is asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
}

impl Sent {
    /// `reboot@nantes`, as it is answered.
    pub fn place(&self) -> String {
        format!("{}@{}", self.name, self.site)
    }
}

/// A change of something that was there before, by a step that takes back what it did if its alternative is given up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// `openstack.image`
    pub resource_type: String,
    /// Its identity at the site.
    pub identity: String,
    /// The run that changed it.
    pub run: u64,
    /// What, and how.
    pub attributes: Vec<ChangedAttribute>,
}

/// One attribute of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangedAttribute {
    /// Its name.
    pub attribute: String,
    /// Before and afterwards; nothing where either is secret: such a one is set back by hand.
    pub values: Option<(Value, Value)>,
}

/// A site that every run leaves alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who said so.
    pub by: String,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// Until when; `None`: until it is released.
    pub until_ms: Option<u64>,
    /// Why; may be empty.
    pub reason: String,
}

impl Hold {
    /// Whether it holds at this moment.
    pub fn is_in_force(&self, now_ms: u64) -> bool {
        self.until_ms.is_none_or(|until_ms| now_ms < until_ms)
    }
}

/// What happened to a step: a line of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Milliseconds since the run began.
    pub at_ms: u64,
    /// The step's key; empty for what is not about one step of this run.
    pub key: String,
    /// The global name.
    pub name: String,
    /// The site's name.
    pub site: String,
    /// `started again parked done failed skipped undone owed left`
    pub word: String,
    /// For people; masked.
    pub words: String,
}

impl State {
    /// The state of a new deployment.
    pub fn new(deployment: String) -> Self {
        Self {
            version: VERSION,
            deployment,
            serial: 0,
            resources: BTreeMap::new(),
            calls: BTreeMap::new(),
            choices: BTreeMap::new(),
            chosen_sites: BTreeMap::new(),
            guards: Guards::default(),
            owed: Vec::new(),
            undone: BTreeMap::new(),
            looks: BTreeMap::new(),
            parked: BTreeMap::new(),
            sent: BTreeMap::new(),
            changed: BTreeMap::new(),
            apart: BTreeSet::new(),
            holds: BTreeMap::new(),
            waves: BTreeMap::new(),
            sites: BTreeMap::new(),
            former_sites: BTreeMap::new(),
            last_run: 0,
            runs: Vec::new(),
        }
    }

    /// What is recorded of a resource at a site.
    pub fn resource(&self, name: &str, site: &str) -> Option<&Resource> {
        self.resources.get(name)?.get(site)
    }

    /// What is recorded at a site of what a program calls so: the resource, or a copy of one, from wherever.
    pub fn called(&self, name: &str, site: &str) -> Option<&Resource> {
        self.called_as(name, site).map(|(_, resource)| resource)
    }

    /// The same with the name that it is recorded under: a copy's says where it is from.
    pub fn called_as(&self, name: &str, site: &str) -> Option<(&str, &Resource)> {
        let is_copy = |known: &str| borrowed_parts(known).is_some_and(|(name_there, _)| name_there == name);
        let copies = || {
            let after = self.resources.range::<str, _>((Bound::Excluded(name), Bound::Unbounded));
            let mut after = after.take_while(|(known, _)| known.starts_with(name));
            after.find_map(|(known, sites)| {
                Some((known.as_str(), sites.get(site).filter(|_| is_copy(known))?))
            })
        };
        let own = self
            .resources
            .get_key_value(name)
            .and_then(|(known, sites)| Some((known.as_str(), sites.get(site)?)));
        own.or_else(copies)
    }

    /// Whether what is at the site under one identity replaces what was there under the other.
    pub fn replaces(&self, site: &str, resource_type: &str, identity: &str, former: &str) -> bool {
        let here = self.resources.values().filter_map(|sites| sites.get(site));
        let mut known =
            here.filter(|known| known.resource_type == resource_type && known.identity == identity);
        known.any(|known| known.formerly.iter().any(|known| known == former))
    }

    /// What compiling needs to know of it.
    pub fn recorded(&self) -> Recorded {
        let resources = self.resources.iter().flat_map(|(name, sites)| {
            sites.iter().map(|(site, resource)| RecordedResource {
                name: name.clone(),
                site: site.clone(),
                resource_type: resource.resource_type.clone(),
                identity: resource.identity.clone(),
                how: resource.how,
                needs: resource.needs.clone(),
                rollout: resource.rollout.clone(),
                relies: resource.relies.clone(),
                keep: resource.keep,
                when_cut: resource.when_cut.clone(),
                shares: resource.shares.clone(),
                set: resource.set.clone(),
            })
        });
        let sent = self.sent.iter().map(|(key, sent)| (key, &sent.name, &sent.site, &sent.resource_type));
        let owed = self.owed.iter().map(|owed| (&owed.key, &owed.name, &owed.site, &owed.resource_type));
        let is_of_program =
            |open: &OpenRequest| !self.apart.contains(&(open.name.clone(), open.site.clone()));
        let open = sent.chain(owed).map(|(key, name, site, resource_type)| OpenRequest {
            key: key.clone(),
            name: name.clone(),
            site: site.clone(),
            resource_type: resource_type.clone(),
        });
        let undone = self.undone.iter().flat_map(|(name, sites)| {
            sites.iter().map(move |(site, resource)| OpenRequest {
                key: format!("{site}/{name}/ensure"),
                name: name.clone(),
                site: site.clone(),
                resource_type: resource.resource_type.clone(),
            })
        });
        let open = open.chain(undone).filter(is_of_program);
        let is_of_command = |parked: &Parked| {
            self.runs.iter().any(|run| run.run == parked.run && run.started.wish == Wish::Command)
        };
        let parked = self.parked.iter().filter(|(_, parked)| !is_of_command(parked));
        Recorded {
            open: open.collect(),
            parked: parked.map(|(key, parked)| (key.clone(), parked.name.clone())).collect(),
            resources: resources.collect(),
            choices: self.choices.clone(),
            chosen_sites: self.chosen_sites.clone(),
            reconsider: false,
            guards: self.guards.iter().cloned().collect(),
            apart: self.apart.clone(),
            sites: self.sites.clone(),
            former_sites: self.former_sites.clone(),
            told: String::new(),
        }
    }

    /// What is owed at which site: the keys of deletions, and sites that are to be looked at.
    pub fn debts(&self) -> BTreeSet<(String, String)> {
        let owed = self.owed.iter().map(|owed| (owed.site.clone(), owed.key.clone()));
        let looks = self.looks.keys().map(|site| (site.clone(), String::new()));
        owed.chain(looks).collect()
    }

    /// What waits for its site.
    pub fn waiting(&self) -> impl Iterator<Item = &Parked> {
        self.parked.values().filter(|parked| !parked.is_over)
    }

    /// Whether a step has waited for its site as long as `queue for d` allows, counted from the run that parked it first.
    pub fn has_waited_enough(&self, step: &Step, now_ms: u64) -> bool {
        let OnUnreachable::Queue { for_ms: Some(for_ms) } = step.on_unreachable else { return false };
        let parked = self.parked.get(&step.key);
        parked.is_some_and(|parked| now_ms.saturating_sub(parked.since_ms) >= for_ms)
    }

    /// Whether something waits for a site, is owed, or is not known to have ended.
    pub fn is_open(&self) -> bool {
        self.waiting().next().is_some()
            || !self.sent.is_empty()
            || !self.owed.is_empty()
            || !self.looks.is_empty()
    }

    /// The requests of which only a person knows the end.
    pub fn asked(&self) -> impl Iterator<Item = &Sent> {
        self.sent.values().filter(|sent| sent.asks)
    }

    /// The resources that rely upon another one, name and site.
    pub fn users_of(&self, relied: &Relied) -> Vec<(&str, &str)> {
        let resources = self.resources.iter().flat_map(|(name, sites)| {
            sites.iter().map(move |(site, resource)| (name.as_str(), site.as_str(), resource))
        });
        resources
            .filter(|(.., resource)| resource.relies.contains(relied))
            .map(|(name, site, _)| (name, site))
            .collect()
    }
}
