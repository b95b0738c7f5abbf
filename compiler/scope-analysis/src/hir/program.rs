//! A whole program: its sites, links, resources with their instances by site, outputs.

use indexmap::IndexMap;
use scope_diagnostics::Span;
use serde::Serialize;

use super::{
    Borrow, Driver, Location, MovedFrom, OnDelete, OnUnknown, Quorum, Replace, Rollout, Share, Slot, Test,
    Value,
};

/// A position in [`Program::sites`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SiteId(pub u32);

/// A position in [`Program::resources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ResourceId(pub u32);

/// A use of a module as a resource type; the program itself is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct GroupId(pub u32);

impl GroupId {
    /// The program itself.
    pub const PROGRAM: GroupId = GroupId(0);
}

/// What a program means.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its sites.
    pub sites: Vec<Site>,
    /// Links between them.
    pub links: Vec<Link>,
    /// The drivers it imports, by name.
    pub drivers: IndexMap<String, Driver>,
    /// The entry site.
    pub entry: Option<SiteId>,
    /// Parameters and their values; secrets left out.
    pub params: IndexMap<String, Value>,
    /// Everything that is requested, in order of appearance.
    pub resources: Vec<Resource>,
    /// The items, and elements of families, that are not requested.
    pub absent: Vec<Absent>,
    /// What `scope exec NAME` runs, and no run of the program.
    pub sequences: Vec<Sequence>,
    /// Named results.
    pub outputs: Vec<Output>,
    /// Its `test` blocks.
    pub tests: Vec<Test>,
}

/// An item, or an element of a family, whose `when` is false.
#[derive(Clone, Debug)]
pub struct Absent {
    /// The name that it would have: `desk`, `shelf["paris"]`.
    pub name: String,
    /// The condition.
    pub condition: Span,
}

impl Program {
    /// Whether one of its drivers has the type: `openstack.image`.
    pub fn has_type(&self, name: &str) -> bool {
        let driver = name.split_once('.').and_then(|(driver, _)| self.drivers.get(driver));
        driver.is_some_and(|driver| driver.types.contains_key(name))
    }
}

/// A `sequence`: commands and calls, one after the other.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The global name: the item's path.
    pub name: String,
    /// Its declaration.
    pub span: Span,
    /// `///` text.
    pub docs: Vec<String>,
    /// Its steps, in order; ids go on behind those of [`Program::resources`]. Each comes after those of the line before.
    pub steps: Vec<Resource>,
}

/// A site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// Driver → setting → value, client configuration files read, defaults not filled in.
    pub settings: IndexMap<String, IndexMap<String, Slot>>,
    /// How it is connected to, whatever the driver: setting → value.
    pub tls: IndexMap<String, Slot>,
    /// Its labels.
    pub labels: IndexMap<String, Slot>,
    /// At most this many requests at once.
    pub concurrency: u32,
    /// What a simulated one holds: full type name, attributes.
    pub simulated: Vec<(String, IndexMap<String, Slot>)>,
    /// Full type name → for how many a simulated one has room.
    pub capacity: IndexMap<String, u64>,
    /// Full type name → those of its attributes that the site's version does not know.
    pub lacks: IndexMap<String, Vec<String>>,
    /// Its declaration.
    pub span: Span,
}

/// A link, both ways.
#[derive(Clone, Debug)]
pub struct Link {
    /// One end.
    pub from: SiteId,
    /// The other.
    pub to: SiteId,
    /// Round trip in nanoseconds.
    pub rtt: Option<i64>,
    /// In bits per second.
    pub bandwidth: Option<u64>,
    /// Of a thousand requests over a simulated one, so many are lost.
    pub loss_permille: u32,
    /// Its declaration.
    pub span: Span,
}

/// What one item (or `$` line) asks for.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its position.
    pub id: ResourceId,
    /// The global name: the item's path, or `openstack.server.my-vm2` of a `$` line.
    pub name: String,
    /// What is asked.
    pub kind: ResourceKind,
    /// `openstack.server`
    pub ty: String,
    /// Its declaration: the head of the item or the `$` line.
    pub span: Span,
    /// Where its own service puts it (R3–R5), every name resolved, `here` replaced.
    pub location: Location,
    /// The scope as written, canonical, for people.
    pub scope: Option<String>,
    /// For each service that it uses, its own first: where it answers (R1).
    pub services: Vec<ServicePlace>,
    /// For each site of `location`: what is asked there.
    pub instances: IndexMap<SiteId, Instance>,
    /// `with`.
    pub with: With,
    /// The group whose alternatives it shares: `lab` falls back as one.
    pub group: Option<String>,
    /// `///` text.
    pub docs: Vec<String>,
}

/// Where a service answers for a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServicePlace {
    /// `image`
    pub service: String,
    /// As people write it: `paris`, `nantes & lille`, `here`.
    pub place: String,
    /// Why there.
    pub why: Placing,
}

/// Why a service is where it is (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Placing {
    /// The scope names it.
    Named,
    /// The scope places the whole request: each service where the request is.
    Whole,
    /// The scope says nothing of it: at the entry site.
    Entry,
    /// It authenticates the others: each site is entered with its own credentials.
    Authenticates,
}

/// What an item asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceKind {
    /// `resource`: owned.
    Managed,
    /// `existing`: read.
    Existing,
    /// `call`, and a `$` line that is no create and no read: done once per inputs.
    Call {
        /// The operation.
        operation: String,
    },
    /// A `$` line that finds or reads: done in every run, printed.
    Print {
        /// The operation.
        operation: String,
    },
}

/// A request at one site.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// What the program sets there, checked; references replaced by [`Value::Reference`].
    pub attributes: IndexMap<String, Slot>,
    /// The references in it.
    pub references: Vec<Reference>,
    /// The lists of its body that patches replace, where something is dropped by it.
    pub replaced: Vec<ReplacedList>,
}

impl Instance {
    /// What the program sets at a path of its attributes; `None` where it sets nothing there, or the whole only.
    pub fn value_at(&self, path: &[String]) -> Option<&Value> {
        let (attribute, fields) = path.split_first()?;
        let mut slot = self.attributes.get(attribute)?;
        for field in fields {
            let Value::Record(entries) = &slot.value else { return None };
            slot = entries.get(field)?;
        }
        Some(&slot.value)
    }
}

impl Resource {
    /// What it was called before, as it says itself, and what the groups around it say of themselves.
    pub fn moved_from(&self) -> impl Iterator<Item = &MovedFrom> {
        self.with.moved_from.iter().flat_map(MovedFrom::with_around)
    }
}

/// A list of a body that a patch replaces.
#[derive(Clone, Debug)]
pub struct ReplacedList {
    /// The field or the attribute that it is of.
    pub name: String,
    /// Where it stands in the body.
    pub body: Span,
    /// Where it stands in the patch.
    pub patch: Span,
    /// What is there no more: `` `log` ``, `` `args` of `web` ``, `2 of 3`; never empty.
    pub dropped: Vec<String>,
}

/// A reference to another resource.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The attribute it stands in.
    pub attribute: String,
    /// The type referred to, full name.
    pub ty: String,
    /// What is referred to.
    pub target: ReferenceTarget,
    /// Where it is looked up (R8), `here` replaced.
    pub location: Location,
    /// How it gets from there to the instance's site.
    pub share: Share,
    /// Whether it may be copied from there, where that is how it gets here.
    pub borrow: Borrow,
    /// It may not be deleted as long as what refers to it lives (R9).
    pub is_guarded: bool,
    /// Where it was written.
    pub span: Span,
}

/// What a reference names.
#[derive(Clone, Debug)]
pub enum ReferenceTarget {
    /// A resource of the program.
    Resource(ResourceId),
    /// A name or an identity.
    Text(Value),
}

/// `with { … }`, defaults not filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct With {
    /// What the program says, key by key: its own clause over those of its groups.
    pub said: IndexMap<String, Slot>,
    /// Nanoseconds.
    pub timeout: Option<i64>,
    /// Nanoseconds.
    pub ready_within: Option<i64>,
    /// Attempts in all.
    pub retry_times: Option<u32>,
    /// Nanoseconds.
    pub retry_backoff: Option<i64>,
    /// When a site is cut.
    pub on_disconnect: Option<OnDisconnect>,
    /// `keep` or `undo`.
    pub on_failure: Option<OnFailure>,
    /// Resources that come first.
    pub after: Vec<ResourceId>,
    /// Take over what matches.
    pub adopt: bool,
    /// How much of a `%` the part at each site gets, and where that is written.
    pub weights: Vec<(SiteId, u64, Span)>,
    /// In waves.
    pub rollout: Option<Rollout>,
    /// So many copies are enough.
    pub quorum: Option<Quorum>,
    /// What its state was recorded as.
    pub moved_from: Option<MovedFrom>,
    /// Whether it may be made anew elsewhere.
    pub replace: Option<Replace>,
    /// Where it is not known whether something that must not be repeated was done.
    pub on_unknown: Option<OnUnknown>,
    /// What becomes of it where the program no longer has it.
    pub on_delete: Option<OnDelete>,
    /// Whether what it needs of other sites is copied, and where that is written.
    pub borrow: Option<(Borrow, Span)>,
    /// Where secrets are kept that its site makes.
    pub keep_in: Vec<KeepIn>,
}

/// Where a secret is kept that a site makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepIn {
    /// The attribute.
    pub attribute: String,
    /// The file, as the runner opens it.
    pub file: String,
    /// Where that is written: the attribute's name.
    pub span: Span,
    /// And the file's.
    pub place: Span,
}

/// `on_disconnect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnDisconnect {
    /// `queue`, `queue for d` (nanoseconds).
    Queue(Option<i64>),
    /// `skip`
    Skip,
    /// `fail`
    Fail,
    /// `local_only`
    LocalOnly,
}

/// `on_failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// What was created stays.
    Keep,
    /// It is deleted.
    Undo,
}

/// A named result.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Its declaration.
    pub span: Span,
}
