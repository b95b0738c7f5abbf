//! `test` blocks to scenarios: names for ids, microseconds for nanoseconds, what is read as readings.
//!
//! `expect base.status at paris == "active"` → `r0 == "active"`, where `r0` is `status` of `base` at paris.

use std::collections::{BTreeMap, BTreeSet};

use scope_analysis::hir::{
    self, Claim, ClaimSubject, Deferred, Program, ResourceKind, TestStatementKind, Value,
};
use scope_diagnostics::SourceMap;
use scope_plan::expr::{BinaryOp, Builtin, Expr, UnaryOp};
use scope_plan::fault::{Fault, Start, Target, When, Which};
use scope_plan::plan::SimulatedResource;
use scope_plan::scenario::{
    self, Condition, Deed, Expectation, Moment, Outside, Reading, RunAs, Scenario, Statement, StatementKind,
    Subject, Weather,
};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::origin;
use super::value::{by_site, constant};
use super::whole::{Whole, fields};

/// The scenarios of a program's tests.
pub(crate) fn scenarios(program: &Program, sources: &SourceMap) -> Vec<Scenario> {
    let lowering = Lowering { program, sources };
    program
        .tests
        .iter()
        .map(|test| Scenario {
            name: test.name.clone(),
            origin: origin(sources, test.span, None),
            statements: test.statements.iter().flat_map(|statement| lowering.statement(statement)).collect(),
        })
        .collect()
}

/// The types that the program, what its sites hold, and its tests speak of.
pub(crate) fn types_used(program: &Program) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for resource in &program.resources {
        used.insert(resource.ty.clone());
        let references = resource.instances.values().flat_map(|instance| &instance.references);
        used.extend(references.map(|reference| reference.ty.clone()));
    }
    used.extend(program.sites.iter().flat_map(|site| &site.simulated).map(|(ty, _)| ty.clone()));
    let mut open: Vec<&hir::TestStatement> = program.tests.iter().flat_map(|test| &test.statements).collect();
    while let Some(statement) = open.pop() {
        match &statement.kind {
            TestStatementKind::Weather(weather) => used.extend(weather.what.ty.clone()),
            TestStatementKind::Outside(deeds) => used.extend(deeds.iter().map(|deed| deed.ty.clone())),
            TestStatementKind::Concurrently(statements) => open.extend(statements),
            TestStatementKind::Expect(Claim::Presence { subjects, .. }, _) => {
                used.extend(subjects.iter().filter_map(|subject| match subject {
                    ClaimSubject::Called { ty, .. } => Some(ty.clone()),
                    ClaimSubject::Resource(_) => None,
                }));
            }
            TestStatementKind::Expect(..)
            | TestStatementKind::Heal(..)
            | TestStatementKind::Wait(_)
            | TestStatementKind::WaitUntil(_)
            | TestStatementKind::Run(_) => {}
        }
    }
    used
}

struct Lowering<'a> {
    program: &'a Program,
    sources: &'a SourceMap,
}

impl Lowering<'_> {
    /// A statement; a claim of several resources is one of each.
    fn statement(&self, statement: &hir::TestStatement) -> Vec<Statement> {
        let kinds = match &statement.kind {
            TestStatementKind::Weather(weather) => vec![StatementKind::Weather(self.weather(weather))],
            TestStatementKind::Heal(sites, at) => {
                vec![StatementKind::Heal { sites: self.names(sites), at_us: at.map(microseconds) }]
            }
            TestStatementKind::Wait(time) => vec![StatementKind::Wait(Moment::In(microseconds(*time)))],
            TestStatementKind::WaitUntil(at) => vec![StatementKind::Wait(Moment::At(microseconds(*at)))],
            TestStatementKind::Run(run) => vec![StatementKind::Run(RunAs {
                entry: run.entry.map(|site| self.name(site)),
                params: run.params.clone(),
                after_us: run.after.map(microseconds),
                until_us: run.until.map(microseconds),
                is_destroying: run.is_destroying,
            })],
            TestStatementKind::Outside(deeds) => {
                vec![StatementKind::Outside(deeds.iter().map(|deed| self.outside(deed)).collect())]
            }
            TestStatementKind::Concurrently(statements) => vec![StatementKind::Concurrently(
                statements.iter().flat_map(|statement| self.statement(statement)).collect(),
            )],
            TestStatementKind::Expect(claim, after) => {
                let after_us = after.map(microseconds);
                let claims = self.claims(claim).into_iter();
                claims.map(|claim| StatementKind::Expect(Expectation { after_us, claim })).collect()
            }
        };
        let place = origin(self.sources, statement.span, None);
        kinds.into_iter().map(|kind| Statement { origin: place.clone(), kind }).collect()
    }

    fn name(&self, site: hir::SiteId) -> String {
        self.program.sites[site.0 as usize].name.clone()
    }

    fn names(&self, sites: &[hir::SiteId]) -> Vec<String> {
        sites.iter().map(|site| self.name(*site)).collect()
    }

    /// One fault for each site; one for all where none is named.
    fn weather(&self, weather: &hir::Weather) -> Vec<Weather> {
        let mut sites = self.names(&weather.sites);
        if sites.is_empty() {
            sites.push("*".into());
        }
        let until_us = weather.until.map(microseconds);
        let start = match &weather.start {
            hir::WeatherStart::Now => Start::At(0),
            hir::WeatherStart::At(at) => Start::At(microseconds(*at)),
            hir::WeatherStart::AfterRequests(count) => Start::AfterOperations(*count),
            hir::WeatherStart::AfterStep(operation, name) => {
                Start::AfterStep { operation: operation.clone(), name: name.clone() }
            }
        };
        let when = When { start, lasts_us: None };
        let weathers = sites.into_iter().map(|site| Weather {
            fault: self.fault(weather, site, when.clone()),
            is_from_now: weather.start == hir::WeatherStart::Now,
            until_us,
        });
        weathers.collect()
    }

    fn fault(&self, weather: &hir::Weather, site: String, when: When) -> Fault {
        let what = match (&weather.what.ty, &weather.what.operation) {
            (Some(ty), Some(operation)) => Some(format!("{ty}.{operation}")),
            (Some(ty), None) => Some(ty.clone()),
            (None, operation) => operation.clone(),
        };
        let target = Target { what, of: weather.what.of.clone(), site: site.clone() };
        let which = |is_every: bool| if is_every { Which::Every } else { Which::Nth(1) };
        match weather.kind {
            hir::WeatherKind::Cut(other) => {
                Fault::Cut { site, other: other.map(|other| self.name(other)), when }
            }
            hir::WeatherKind::Freeze => Fault::Freeze { site, when },
            hir::WeatherKind::Restart => Fault::Restart { site, when },
            hir::WeatherKind::Slow(by) => Fault::Slow { site, by_us: microseconds(by), when },
            hir::WeatherKind::Unavailable => Fault::Unavailable { target, when },
            hir::WeatherKind::Deny => Fault::Deny { target, when },
            hir::WeatherKind::Limit(capacity) => {
                Fault::Refuse { target: Target { of: None, ..target }, capacity, when }
            }
            hir::WeatherKind::Lose(is_every) => Fault::Lose { target, which: which(is_every) },
            hir::WeatherKind::Loss(permille) => Fault::Loss { site, permille, when },
            hir::WeatherKind::Delay(by, is_every) => {
                Fault::Late { target, which: which(is_every), by_us: microseconds(by) }
            }
            hir::WeatherKind::Duplicate(is_every) => Fault::Duplicate { target, which: which(is_every) },
            hir::WeatherKind::Break(is_every) => Fault::Break { target, which: which(is_every) },
            hir::WeatherKind::Ready(after) => Fault::Ready { target, after_us: microseconds(after) },
        }
    }

    fn outside(&self, deed: &hir::OutsideDeed) -> Outside {
        let known =
            deed.attributes.iter().filter_map(|(name, slot)| Some((name.clone(), self.given(&slot.value)?)));
        let what = if deed.is_create {
            Deed::Create(SimulatedResource { resource_type: deed.ty.clone(), attributes: known.collect() })
        } else {
            Deed::Request {
                resource_type: deed.ty.clone(),
                operation: deed.operation.clone(),
                subject: deed.subject.clone(),
                inputs: known.collect(),
            }
        };
        Outside {
            site: self.name(deed.site),
            words: deed.words.clone(),
            after_us: deed.after.map(microseconds),
            deed: what,
        }
    }

    /// A value that is known, content by its digest.
    fn given(&self, value: &Value) -> Option<Json> {
        match value {
            Value::File { path, size, sha256 } => {
                Some(serde_json::json!({ "path": path, "size": size, "sha256": sha256 }))
            }
            other => constant(other, self.program),
        }
    }

    fn claims(&self, claim: &Claim) -> Vec<scenario::Claim> {
        match claim {
            Claim::Presence { subjects, sites, is_negated } => subjects
                .iter()
                .filter_map(|subject| {
                    let subject = self.subject(subject);
                    let mut places = self.names(sites);
                    // Of several, each is claimed where the program puts it.
                    if !is_negated && subjects.len() > 1 && !places.is_empty() {
                        places.retain(|site| subject.sites.contains(site));
                        if places.is_empty() {
                            return None;
                        }
                    }
                    Some(scenario::Claim::Presence { subject, sites: places, is_negated: *is_negated })
                })
                .collect(),
            Claim::Truth(conditions) => vec![scenario::Claim::Truth {
                conditions: conditions.iter().map(|condition| self.condition(condition)).collect(),
            }],
            Claim::Verdict(verdict) => vec![scenario::Claim::Verdict(verdict.clone())],
            Claim::Error { code, of, sites } => {
                vec![scenario::Claim::Error { code: code.clone(), of: of.clone(), sites: self.names(sites) }]
            }
            Claim::Snapshot(name) => vec![scenario::Claim::Snapshot { name: name.clone() }],
        }
    }

    fn subject(&self, subject: &ClaimSubject) -> Subject {
        match subject {
            ClaimSubject::Resource(id) => self.resource(*id),
            ClaimSubject::Called { ty, text } => Subject {
                name: text.clone(),
                resource_type: ty.clone(),
                is_owned: false,
                sites: Vec::new(),
                is_single: true,
                called: BTreeMap::from([(String::new(), text.clone())]),
            },
        }
    }

    fn resource(&self, id: hir::ResourceId) -> Subject {
        let resource = &self.program.resources[id.0 as usize];
        let driver = resource.ty.split_once('.').map_or(resource.ty.as_str(), |(driver, _)| driver);
        let ty = &self.program.drivers[driver].types[&resource.ty];
        let called = resource.instances.iter().filter_map(|(site, instance)| {
            let by = [Some(&ty.identity), ty.name_attribute.as_ref()];
            let slot = by.into_iter().flatten().find_map(|name| instance.attributes.get(name))?;
            let text = constant(&slot.value, self.program)?.as_str()?.to_string();
            Some((self.name(*site), text))
        });
        Subject {
            name: resource.name.clone(),
            resource_type: resource.ty.clone(),
            is_owned: resource.kind == ResourceKind::Managed,
            sites: self.names(&resource.location.sites()),
            is_single: resource.location.first_and().is_none() && resource.location.crosses().is_empty(),
            called: called.collect(),
        }
    }

    fn condition(&self, condition: &hir::TestCondition) -> Condition {
        let mut readings = Vec::new();
        let left = match &condition.left {
            hir::TestSide::Value(value) => self.expr(value, &mut readings),
            hir::TestSide::Run(fact) => read(Reading::Run(fact.clone()), &mut readings),
            hir::TestSide::Output(name) => read(Reading::Output(name.clone()), &mut readings),
        };
        let right = condition
            .right
            .as_ref()
            .map(|(op, value)| (named::<BinaryOp>(op), self.expr(value, &mut readings)));
        let site = condition.site.map(|site| self.name(site));
        // A condition that is one comparison is shown by its two sides.
        let (left, right) = match (left, right) {
            (Expr::Binary(op, left, right), None) if op.is_comparison() => (*left, Some((op, *right))),
            sides => sides,
        };
        Condition { site, text: condition.text.clone(), left, right, readings }
    }

    /// A value over what is read where it stands.
    fn expr(&self, value: &Value, readings: &mut Vec<Reading>) -> Expr {
        if let Some(known) = constant(value, self.program) {
            return Expr::Value(known);
        }
        match value {
            Value::List(slots) => {
                Expr::List(slots.iter().map(|slot| self.expr(&slot.value, readings)).collect())
            }
            Value::Record(fields) => Expr::Record(
                fields.iter().map(|(key, slot)| (key.clone(), self.expr(&slot.value, readings))).collect(),
            ),
            Value::Resource(id) => {
                let subject = self.resource(*id);
                let driver = subject.resource_type.split_once('.').map_or("", |(driver, _)| driver);
                let path = vec![self.program.drivers[driver].types[&subject.resource_type].identity.clone()];
                read(Reading::Attribute { subject, site: None, path }, readings)
            }
            Value::Location(location) => {
                Expr::Value(Json::Array(self.names(&location.sites()).into_iter().map(Json::from).collect()))
            }
            Value::Deferred(deferred) => self.deferred(deferred, readings),
            _ => Expr::Value(Json::Null),
        }
    }

    fn deferred(&self, deferred: &Deferred, readings: &mut Vec<Reading>) -> Expr {
        let mut go = |value: &Value| self.expr(value, readings);
        match deferred {
            Deferred::Output { resource, site: None, path }
                if let Some(whole) = Whole::of(self.program, *resource, path) =>
            {
                let subject = self.resource(*resource);
                let copies = read(Reading::Attribute { subject, site: None, path: Vec::new() }, readings);
                // Nothing where it is at no site.
                let none = Expr::Record(Vec::new());
                let copies = Expr::Binary(BinaryOp::Default, Box::new(copies), Box::new(none));
                whole.read(path, &|path| fields(copies.clone(), &path))
            }
            Deferred::Output { resource, site, path } => {
                let (subject, site) = (self.resource(*resource), site.map(|site| self.name(site)));
                read(Reading::Attribute { subject, site, path: path.clone() }, readings)
            }
            Deferred::Concat(parts) => Expr::Concat(parts.iter().map(go).collect()),
            Deferred::Call(name, args) => Expr::Call(named::<Builtin>(name), args.iter().map(go).collect()),
            Deferred::Binary(name, left, right) => {
                let left = Box::new(go(left));
                Expr::Binary(named::<BinaryOp>(name), left, Box::new(go(right)))
            }
            Deferred::Unary(name, operand) => Expr::Unary(named::<UnaryOp>(name), Box::new(go(operand))),
            // No simulated site makes a secret that could be told.
            Deferred::Kept(_) => Expr::Value(Json::Null),
            Deferred::Field(base, name) => Expr::Field(Box::new(go(base)), name.clone()),
            Deferred::Index(base, index) => {
                let base = Box::new(go(base));
                Expr::Index(base, Box::new(go(index)))
            }
            Deferred::BySite(copies) => {
                let names = copies.iter().map(|copy| self.name(copy.site)).collect();
                let copies = copies.iter().map(|copy| (go(&copy.is_there), go(&copy.value))).collect();
                by_site(names, copies)
            }
            // What a test reads is compared, not sent.
            Deferred::Bounded(bounded) => go(&bounded.value),
            // Nothing that is lowered holds one.
            Deferred::Supposed(_) => Expr::Value(Json::Null),
            Deferred::If(condition, value, otherwise) => {
                let condition = Box::new(go(condition));
                let value = Box::new(go(value));
                Expr::If(condition, value, Box::new(go(otherwise)))
            }
        }
    }
}

fn read(reading: Reading, readings: &mut Vec<Reading>) -> Expr {
    let index = readings.iter().position(|known| *known == reading).unwrap_or_else(|| {
        readings.push(reading);
        readings.len() - 1
    });
    Expr::Name(format!("r{index}"))
}

/// The variant of a plan's enumeration with this name; analysis uses the plan's own names.
fn named<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_value(Json::from(name)).expect("analysis defers only operations that the plan has")
}

fn microseconds(nanoseconds: i64) -> u64 {
    u64::try_from(nanoseconds / 1_000).unwrap_or(0)
}
