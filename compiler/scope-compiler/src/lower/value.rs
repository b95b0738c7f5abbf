//! Values to the plan's expressions: known ones to constants, deferred ones to expressions over other steps.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use scope_analysis::hir::{self, Bounded, Deferred, Program, ResourceId, Value};
use scope_plan::bound as plan;
use scope_plan::expr::{BinaryOp, Builtin, Expr, FileRef, Generator, SecretSource, UnaryOp};
use scope_plan::plan::{Action, Edge, EdgeReason, Guard, SiteId, StepId};
use scope_plan::quantity::Unit;
use scope_plan::verify::widened;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::Lowering;
use super::bounds::bound;
use super::choice::{At, Lowered, Names, Position};
use super::whole::Whole;

impl Lowering<'_> {
    /// A value as it is used at `here`; `references` are the expressions of the instance's references.
    pub(super) fn value(&mut self, value: &Value, here: Option<hir::SiteId>, references: &[Expr]) -> Expr {
        if let Some(known) = constant(value, self.program) {
            return Expr::Value(known);
        }
        match value {
            Value::Secret(source) => Expr::Secret(secret(source)),
            Value::File { path, size, sha256 } => {
                Expr::File(FileRef { path: path.clone(), sha256: sha256.clone(), size: *size })
            }
            Value::List(slots) => {
                Expr::List(slots.iter().map(|slot| self.value(&slot.value, here, references)).collect())
            }
            Value::Record(fields) => Expr::Record(
                fields
                    .iter()
                    .map(|(key, slot)| (key.clone(), self.value(&slot.value, here, references)))
                    .collect(),
            ),
            Value::Reference(index) => references.get(*index).cloned().unwrap_or(Expr::Value(Json::Null)),
            Value::Resource(resource) => self.output(*resource, None, &[], here),
            Value::Deferred(deferred) => self.deferred(deferred, here, references),
            Value::Location(location) => {
                let names = location
                    .sites()
                    .into_iter()
                    .map(|site| Json::from(self.program.sites[site.0 as usize].name.clone()));
                Expr::Value(Json::Array(names.collect()))
            }
            _ => Expr::Value(Json::Null),
        }
    }

    fn deferred(&mut self, deferred: &Deferred, here: Option<hir::SiteId>, references: &[Expr]) -> Expr {
        let mut go = |value: &Value| self.value(value, here, references);
        match deferred {
            Deferred::Output { resource, site, path } => self.output(*resource, *site, path, here),
            Deferred::Concat(parts) => Expr::Concat(parts.iter().map(go).collect()),
            Deferred::Call(name, args) => Expr::Call(named::<Builtin>(name), args.iter().map(go).collect()),
            Deferred::Binary(name, left, right) => {
                let left = go(left);
                Expr::Binary(named::<BinaryOp>(name), Box::new(left), Box::new(go(right)))
            }
            Deferred::Unary(name, operand) => Expr::Unary(named::<UnaryOp>(name), Box::new(go(operand))),
            Deferred::Field(base, name) => Expr::Field(Box::new(go(base)), name.clone()),
            Deferred::Index(base, index) => {
                let base = go(base);
                Expr::Index(Box::new(base), Box::new(go(index)))
            }
            Deferred::BySite(copies) => {
                let sites = &self.program.sites;
                let names = copies.iter().map(|copy| sites[copy.site.0 as usize].name.clone()).collect();
                let copies = copies
                    .iter()
                    .map(|copy| {
                        let is_there = self.value(&copy.is_there, here, references);
                        (is_there, self.value(&copy.value, here, references))
                    })
                    .collect();
                by_site(names, copies)
            }
            Deferred::Bounded(bounded) => self.bounded(bounded, here, references),
            Deferred::Kept(of) => self.kept(of, here),
            // Nothing that is lowered holds one.
            Deferred::Supposed(_) => Expr::Value(Json::Null),
            Deferred::If(condition, value, otherwise) => {
                let condition = go(condition);
                let value = go(value);
                Expr::If(Box::new(condition), Box::new(value), Box::new(go(otherwise)))
            }
        }
    }

    /// A value, held to what bounds its type.
    fn bounded(&mut self, bounded: &Bounded, here: Option<hir::SiteId>, references: &[Expr]) -> Expr {
        let value = self.value(&bounded.value, here, references);
        let Some(bound) = bound(&bounded.ty) else { return value };
        let is_by_site = here.is_none() && self.is_by_site(&bounded.value);
        Expr::Bounded(Box::new(plan::Bounded {
            bound: if is_by_site { plan::Bound::BySite(Box::new(bound)) } else { bound },
            name: bounded.what.clone(),
            is_secret: bounded.is_secret || !value.secrets_used().is_empty(),
            origin: self.origin(bounded.span, None),
            rule: bounded.rule.as_ref().map(|(name, span)| (name.clone(), self.origin(*span, None))),
            value,
        }))
    }

    /// Whether a value is a record by site, where it is used at none.
    fn is_by_site(&self, value: &Value) -> bool {
        let Value::Deferred(deferred) = value else { return false };
        match &**deferred {
            Deferred::Output { resource, site: None, .. } => {
                self.done.get(resource).is_some_and(|lowered| !lowered.is_single)
            }
            Deferred::BySite(_) => true,
            Deferred::Bounded(bounded) => self.is_by_site(&bounded.value),
            Deferred::If(_, value, otherwise) | Deferred::Binary("default", value, otherwise) => {
                self.is_by_site(value) || self.is_by_site(otherwise)
            }
            _ => false,
        }
    }

    /// A secret that a site made: out of the file in which it is kept, once it was made.
    fn kept(&mut self, of: &Value, here: Option<hir::SiteId>) -> Expr {
        let Value::Deferred(output) = of else { return Expr::Value(Json::Null) };
        let Deferred::Output { resource, site, path } = &**output else { return Expr::Value(Json::Null) };
        let declared = self.program.resources.get(resource.0 as usize);
        let mut kept = declared.into_iter().flat_map(|declared| &declared.with.keep_in);
        let kept = kept.find(|kept| path.first() == Some(&kept.attribute));
        match (kept, self.output(*resource, *site, &[], here)) {
            (Some(kept), Expr::Step { step, .. }) => {
                Expr::Secret(SecretSource::Kept { step, file: kept.file.clone() })
            }
            _ => Expr::Value(Json::Null),
        }
    }

    /// An output of a resource: at a given site, of the whole, at the user's own, the only one, or by site.
    fn output(
        &mut self,
        resource: ResourceId,
        site: Option<hir::SiteId>,
        path: &[String],
        here: Option<hir::SiteId>,
    ) -> Expr {
        let path = path.to_vec();
        if site.is_none()
            && let Some(whole) = self.of_the_whole(resource, &path, here)
        {
            return whole;
        }
        let own = site.or(here).and_then(|site| self.instances.get(&(resource, site)).copied());
        let own = own.filter(|step| self.is_done_here(*step));
        if let Some(step) = own {
            return Expr::Step { step, path };
        }
        let Some(lowered) = self.done.get(&resource).cloned() else { return Expr::Value(Json::Null) };
        if let Some(site) = site {
            if !self.instances.contains_key(&(resource, site)) {
                return Expr::Value(Json::Null); // A site where it never is: known to be nothing.
            }
            // One of several alternatives: nothing, unless it is the one.
            let (gathered, site) = (self.gathered(resource, &lowered), self.site(site));
            return self.first_there(gathered, &[site], &path);
        }
        if lowered.is_single {
            return Expr::Step { step: lowered.result, path };
        }
        if let Some(here) = here {
            let (_, first) = lowered.leaves[0];
            let may_be_here = self.instances.contains_key(&(resource, here));
            if !may_be_here && self.is_done_here(first) {
                return Expr::Step { step: first, path };
            }
            // Which of them are there turns out only when running.
            let here = self.site(here);
            let mut sites: Vec<SiteId> = lowered.leaves.iter().map(|(site, _)| *site).collect();
            sites.sort_by_key(|site| *site != here);
            let gathered = self.gathered(resource, &lowered);
            return self.first_there(gathered, &sites, &path);
        }
        let gathered = self.gathered(resource, &lowered);
        if path.is_empty() {
            return Expr::Step { step: gathered, path };
        }
        let generator = Generator {
            name: "site".into(),
            second: Some("record".into()),
            source: Expr::Step { step: gathered, path: Vec::new() },
            condition: None,
        };
        let value = path
            .iter()
            .fold(Expr::Name("record".into()), |base, field| Expr::Field(Box::new(base), field.clone()));
        Expr::MapFor(Box::new(generator), Box::new(Expr::Name("site".into())), Box::new(value))
    }

    /// What is read of a resource that is divided over sites (R6): of a number that is divided, where it stands as a value at
    /// a site its sum, else the sum, the shares and what was not reached. Nothing where it is of one site.
    fn of_the_whole(
        &mut self,
        resource: ResourceId,
        path: &[String],
        here: Option<hir::SiteId>,
    ) -> Option<Expr> {
        let whole = Whole::of(self.program, resource, path)?;
        let lowered = self.done.get(&resource).cloned()?;
        let gathered = self.gathered(resource, &lowered);
        let copies = |path: Vec<String>| Expr::Step { step: gathered, path };
        let is_all = whole.path.len() == path.len();
        Some(if here.is_some() && is_all { whole.sum(&copies) } else { whole.read(path, &copies) })
    }

    /// Whether a step is done wherever what is being lowered is: it stands in no arm, in every arm, or in one around it.
    fn is_done_here(&self, step: StepId) -> bool {
        let when = widened(&self.plan, &self.plan.steps[step.index()].when);
        let mut open: Vec<Guard> = self.guard.into_iter().collect();
        while let Some(guard) = open.pop() {
            if when.contains(&guard) {
                return true;
            }
            open.extend(&self.plan.choices[guard.choice.index()].when);
        }
        when.is_empty()
    }

    /// Of what is gathered, that of the first of these sites that has it; nothing where none has.
    fn first_there(&self, gathered: StepId, sites: &[SiteId], path: &[String]) -> Expr {
        let all = || Expr::Step { step: gathered, path: Vec::new() };
        sites.iter().rev().fold(Expr::Value(Json::Null), |otherwise, site| {
            let key = Expr::Value(self.name_of(*site).into());
            let is_there = Expr::Call(Builtin::Has, vec![all(), key.clone()]);
            let there = Expr::Index(Box::new(all()), Box::new(key));
            let value = path.iter().fold(there, |base, field| Expr::Field(Box::new(base), field.clone()));
            Expr::If(Box::new(is_there), Box::new(value), Box::new(otherwise))
        })
    }

    /// The step that gathers every site's result of a resource.
    fn gathered(&mut self, resource: ResourceId, lowered: &Lowered) -> StepId {
        if matches!(self.plan.steps[lowered.result.index()].action, Action::Gather { .. }) {
            return lowered.result;
        }
        if let Some(step) = self.gathers.get(&resource) {
            return *step;
        }
        let place = self.plan.steps[lowered.result.index()].site;
        let location = self.program.resources[resource.0 as usize].location.clone();
        let key = format!("{}.all", self.program.resources[resource.0 as usize].name);
        let name = Names { step: &key, label: &key };
        let at = At { name, key: &key, place, position: Position::TOP };
        let step = self.gather(&at, lowered.leaves.clone(), &location);
        // Which alternative holds is known once the choice is made, not when the first one has ended.
        if matches!(self.plan.steps[lowered.result.index()].action, Action::Choose { .. }) {
            self.plan.edges.push(Edge { from: lowered.result, to: step, reason: EdgeReason::After });
        }
        self.gathers.insert(resource, step);
        step
    }
}

/// A record by site of those copies that are there, each with whether it is.
pub(super) fn by_site(sites: Vec<String>, copies: Vec<(Expr, Expr)>) -> Expr {
    let null = || Box::new(Expr::Value(Json::Null));
    // In a record of its own, so that a copy without a value is told from none.
    let kept = |value| Box::new(Expr::Record(vec![("value".into(), value)]));
    let each = copies.into_iter().map(|(is_there, value)| Expr::If(Box::new(is_there), kept(value), null()));
    let copy = || Box::new(Expr::Name("copy".into()));
    let generator = Generator {
        name: "site".into(),
        second: Some("copy".into()),
        source: Expr::Record(sites.into_iter().zip(each).collect()),
        condition: Some(Expr::Binary(BinaryOp::NotEqual, copy(), null())),
    };
    let value = Expr::Field(copy(), "value".into());
    Expr::MapFor(Box::new(generator), Box::new(Expr::Name("site".into())), Box::new(value))
}

/// The variant of a plan's enumeration with this name; analysis uses the plan's own names.
fn named<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_value(Json::from(name)).expect("analysis defers only operations that the plan has")
}

/// A value that is known, as JSON: a duration in seconds, a size in bytes, a rate in bits per second.
pub(super) fn constant(value: &Value, program: &Program) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) | Value::Percent(value) => serde_json::Number::from_f64(*value)?.into(),
        Value::Text(text) => text.clone().into(),
        Value::Duration(nanoseconds) if nanoseconds % 1_000_000_000 == 0 => {
            (nanoseconds / 1_000_000_000).into()
        }
        Value::Duration(nanoseconds) => serde_json::Number::from_f64(*nanoseconds as f64 / 1e9)?.into(),
        Value::Size(bytes) => (*bytes).into(),
        Value::Rate(bits) => (*bits).into(),
        Value::Site(site) => program.sites[site.0 as usize].name.clone().into(),
        Value::List(slots) => {
            Json::Array(slots.iter().map(|slot| constant(&slot.value, program)).collect::<Option<_>>()?)
        }
        Value::Record(fields) => {
            let mut object = serde_json::Map::new();
            for (key, slot) in fields {
                object.insert(key.clone(), constant(&slot.value, program)?);
            }
            Json::Object(object)
        }
        _ => return None,
    })
}

pub(super) fn secret(source: &hir::SecretSource) -> SecretSource {
    match source {
        hir::SecretSource::Env(name) => SecretSource::Env(name.clone()),
        hir::SecretSource::File(path) => SecretSource::File(path.clone()),
        hir::SecretSource::Command(words) => SecretSource::Command(words.clone()),
        hir::SecretSource::Config { file, keys } => {
            SecretSource::Config { file: file.clone(), keys: keys.clone() }
        }
    }
}

/// What the numbers of parameters count.
pub(super) fn units(program: &Program) -> BTreeMap<String, Unit> {
    let unit = |value: &Value| match value {
        Value::Size(_) => Some(Unit::Bytes),
        Value::Rate(_) => Some(Unit::BitsPerSecond),
        Value::Duration(_) => Some(Unit::Seconds),
        Value::Percent(_) => Some(Unit::Percent),
        _ => None,
    };
    program.params.iter().filter_map(|(name, value)| Some((name.clone(), unit(value)?))).collect()
}

/// The parameters whose values are known.
pub(super) fn params(program: &Program) -> IndexMap<String, Json> {
    program
        .params
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), constant(value, program)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use scope_analysis::hir::{Type, amount_text};
    use scope_plan::eval::{Bindings, eval};
    use scope_plan::expr::{Builtin, Expr};
    use scope_syntax::units::{self, Dimension};

    /// The plan stands by itself, and so has its units: what a run writes is what the compiler writes of the same amount.
    #[test]
    fn amounts_are_written_alike_when_compiling_and_in_the_run() {
        let mut n_units = 0;
        for unit in units::all() {
            let Some((dimension, factor)) = units::find(unit) else { panic!("`{unit}` is a unit") };
            let (ty, builtin, counts) = match dimension {
                Dimension::Duration => (Type::Duration, Builtin::DurationText, 1e9),
                Dimension::Size => (Type::Size, Builtin::SizeText, 1.0),
                Dimension::Rate => (Type::Rate, Builtin::RateText, 1.0),
                Dimension::Percent => continue,
            };
            n_units += 1;
            for number in [1.0, 3.0, 7.0] {
                let amount = number * factor;
                let written = amount_text(&ty, (amount * counts).round());
                let call = Expr::Call(builtin, vec![Expr::Value(amount.into())]);
                assert_eq!(eval(&call, &Bindings::default()), Ok(written.into()), "{number} {unit}");
                assert!(!unit.is_ascii() || written_with(&ty, number, unit), "{number} {unit}");
            }
        }
        assert!(n_units >= 20, "{n_units}");
    }

    /// Whether so many of a unit are told in it.
    fn written_with(ty: &Type, number: f64, unit: &str) -> bool {
        let Some((_, factor)) = units::find(unit) else { return false };
        let counts = if *ty == Type::Duration { 1e9 } else { 1.0 };
        amount_text(ty, (number * factor * counts).round()) == format!("{number}{unit}")
    }
}
