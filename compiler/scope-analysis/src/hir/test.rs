//! `test` blocks, checked: what is done to simulated sites, and what is expected. Durations are nanoseconds.

use indexmap::IndexMap;
use scope_diagnostics::Span;

use super::{ResourceId, SiteId, Slot, Value};

/// `test "…" { … }`.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// One after the other.
    pub statements: Vec<TestStatement>,
    /// Its head.
    pub span: Span,
}

/// A statement of a test.
#[derive(Clone, Debug)]
pub struct TestStatement {
    /// What it does.
    pub kind: TestStatementKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Clone, Debug)]
pub enum TestStatementKind {
    /// Something goes wrong.
    Weather(Weather),
    /// `heal`, `heal paris at 30s`.
    Heal(Vec<SiteId>, Option<i64>),
    /// `wait 30s`: from now.
    Wait(i64),
    /// `wait until 30s`: since the test began.
    WaitUntil(i64),
    /// `run`, `destroy`.
    Run(TestRun),
    /// `at paris { $ … }`.
    Outside(Vec<OutsideDeed>),
    /// `concurrently { … }`.
    Concurrently(Vec<TestStatement>),
    /// `expect …`.
    Expect(Claim, Option<i64>),
}

/// `run at paris { replicas: 9 } after 5s until 8s`.
#[derive(Clone, Debug, Default)]
pub struct TestRun {
    /// Entered there.
    pub entry: Option<SiteId>,
    /// Parameters, as `--set` takes them.
    pub params: Vec<(String, String)>,
    /// Begun then.
    pub after: Option<i64>,
    /// Interrupted then.
    pub until: Option<i64>,
    /// `destroy`
    pub is_destroying: bool,
}

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub struct Weather {
    /// What.
    pub kind: WeatherKind,
    /// Where; empty: everywhere.
    pub sites: Vec<SiteId>,
    /// Which requests.
    pub what: WeatherTarget,
    /// From when.
    pub start: WeatherStart,
    /// Until when, since the test began.
    pub until: Option<i64>,
}

/// The kinds of weather.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeatherKind {
    /// `cut`; `cut a -- b` with the other end.
    Cut(Option<SiteId>),
    /// `freeze`
    Freeze,
    /// `restart`
    Restart,
    /// `slow paris by 500ms`
    Slow(i64),
    /// `unavailable`
    Unavailable,
    /// `deny`
    Deny,
    /// `limit openstack.server at paris to 2`
    Limit(u64),
    /// `lose create at paris`: the effect takes place, the answer is lost. Every one, or the first.
    Lose(bool),
    /// `lose 10% at paris`, in thousandths.
    Loss(u32),
    /// `delay create at paris by 5s`: the answer is lost, the effect comes later.
    Delay(i64, bool),
    /// `duplicate create at paris`
    Duplicate(bool),
    /// `break base at paris`
    Break(bool),
    /// `ready base at paris after 10min`
    Ready(i64),
}

/// Requests at a site.
#[derive(Clone, Debug, Default)]
pub struct WeatherTarget {
    /// `openstack.image`
    pub ty: Option<String>,
    /// `create`
    pub operation: Option<String>,
    /// The global name of the resource.
    pub of: Option<String>,
}

/// When weather begins.
#[derive(Clone, Debug, PartialEq)]
pub enum WeatherStart {
    /// When the statement is reached.
    Now,
    /// Since the test began.
    At(i64),
    /// When so many requests of the site were answered.
    AfterRequests(u64),
    /// When this resource's request was answered there.
    AfterStep(Option<String>, String),
}

/// What somebody else does at a site.
#[derive(Clone, Debug)]
pub struct OutsideDeed {
    /// Where.
    pub site: SiteId,
    /// As written.
    pub words: String,
    /// When, if that is later.
    pub after: Option<i64>,
    /// `openstack.image`
    pub ty: String,
    /// `create`
    pub operation: String,
    /// It makes a resource.
    pub is_create: bool,
    /// The name or identity of what it is about, where it is about one that is there.
    pub subject: Option<String>,
    /// What the words set.
    pub attributes: IndexMap<String, Slot>,
}

/// What is expected.
#[derive(Clone, Debug)]
pub enum Claim {
    /// `expect base at paris`, `expect no base at paris`.
    Presence {
        /// Of all of these.
        subjects: Vec<ClaimSubject>,
        /// Empty: where the program puts it.
        sites: Vec<SiteId>,
        /// None of them is there.
        is_negated: bool,
    },
    /// `expect base.status == "active"`, once for each site where it is claimed.
    Truth(Vec<TestCondition>),
    /// `expect verdict pending`
    Verdict(String),
    /// `expect error E0901 of base at paris`
    Error {
        /// The code.
        code: String,
        /// The global name.
        of: Option<String>,
        /// Empty: anywhere.
        sites: Vec<SiteId>,
    },
    /// `expect snapshot "name"`
    Snapshot(String),
}

/// What a claim is about.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimSubject {
    /// A resource of the program.
    Resource(ResourceId),
    /// `openstack.image "debian-12"`: whatever is called so.
    Called {
        /// The type.
        ty: String,
        /// The name.
        text: String,
    },
}

/// One truth.
#[derive(Clone, Debug)]
pub struct TestCondition {
    /// The site for which it is claimed.
    pub site: Option<SiteId>,
    /// As written.
    pub text: String,
    /// Its left side.
    pub left: TestSide,
    /// The operator by its name in the plan, and its right side; without, the left is a truth.
    pub right: Option<(&'static str, Value)>,
}

/// The left side of a comparison.
#[derive(Clone, Debug)]
pub enum TestSide {
    /// A value, read where it stands.
    Value(Value),
    /// `run.created`
    Run(String),
    /// `output where`
    Output(String),
}
