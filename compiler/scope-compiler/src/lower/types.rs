//! Types of attributes, as far as the runner and the simulator need them.
//!
//! Comes in: an [`hir::Type`]. Goes out: a [`plan::Type`]. What was checked is left out: refinements, and of declared types
//! all that does not tell how their values are compared. `{ image: string, limits: map<quantity>? }` under a name →
//! `declared: { Container: { limits: map<quantity>? } }`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use scope_analysis::hir;
use scope_plan::driver as plan;

/// The declared types of one driver that are told of.
#[derive(Default)]
pub(super) struct Types {
    /// Each that was met.
    met: Vec<Arc<hir::NamedType>>,
    /// Where in `met` it is, and so in the lists below.
    positions: HashMap<*const hir::NamedType, usize>,
    /// Whether the one at this position tells something.
    tells: Vec<bool>,
    names: Vec<String>,
    used: BTreeSet<usize>,
}

impl Types {
    /// An attribute's type.
    pub(super) fn of_attribute(&mut self, ty: &hir::Type) -> plan::Type {
        self.meet(ty);
        self.of(ty, false)
    }

    /// What the names stand for that were used so far.
    pub(super) fn declared(mut self) -> BTreeMap<String, plan::Type> {
        let mut declared = BTreeMap::new();
        loop {
            let next = self.used.iter().copied().find(|at| !declared.contains_key(&self.names[*at]));
            let Some(at) = next else { return declared };
            let named = Arc::clone(&self.met[at]);
            let ty = self.of(named.meaning(), true);
            declared.insert(self.names[at].clone(), ty);
        }
    }

    /// `is_declared`: it stands within a declared type, of which only what tells something is kept.
    fn of(&mut self, ty: &hir::Type, is_declared: bool) -> plan::Type {
        match ty {
            hir::Type::Named(named) => match self.position(named) {
                Some(at) if self.tells[at] => {
                    self.used.insert(at);
                    plan::Type::Named(self.names[at].clone())
                }
                _ => plan::Type::Any,
            },
            ty if is_declared && !self.tells(ty) => plan::Type::Any,
            hir::Type::String
            | hir::Type::Cidr
            | hir::Type::Ip
            | hir::Type::Site
            | hir::Type::Location
            | hir::Type::NameOf(_)
            | hir::Type::Matching(..) => plan::Type::String,
            // Measures have become plain numbers: seconds, bytes, bits a second.
            hir::Type::Int | hir::Type::Size | hir::Type::Rate => plan::Type::Int,
            hir::Type::Float | hir::Type::Percent | hir::Type::Duration => plan::Type::Float,
            hir::Type::Quantity => plan::Type::Quantity,
            hir::Type::Bool => plan::Type::Bool,
            hir::Type::Bytes => plan::Type::Bytes,
            hir::Type::Enum(values) => plan::Type::Enum(values.clone()),
            hir::Type::List(inner) if let hir::Type::By(item, by) = &**inner => {
                plan::Type::Keyed { item: Box::new(self.of(item, is_declared)), by: by.clone() }
            }
            hir::Type::List(inner) if is_declared => plan::Type::Sequence(Box::new(self.of(inner, true))),
            hir::Type::List(inner) => plan::Type::List(Box::new(self.of(inner, false))),
            hir::Type::SiteSet => plan::Type::List(Box::new(plan::Type::String)),
            hir::Type::Map(inner) => plan::Type::Map(Box::new(self.of(inner, is_declared))),
            hir::Type::Record(fields) => plan::Type::Record(self.fields(fields, is_declared)),
            hir::Type::Optional(inner) => plan::Type::Optional(Box::new(self.of(inner, is_declared))),
            hir::Type::Reference(name) => plan::Type::Reference(name.clone()),
            hir::Type::Secret(inner) | hir::Type::InRange(inner, ..) | hir::Type::By(inner, _) => {
                self.of(inner, is_declared)
            }
            hir::Type::OneOf(branches) => one_of(branches),
            hir::Type::Any | hir::Type::Error => plan::Type::Any,
        }
    }

    fn fields(&mut self, fields: &[hir::Field], is_declared: bool) -> Vec<(String, plan::Type)> {
        let mut kept = Vec::new();
        for field in fields {
            if is_declared && !self.tells(&field.ty) {
                continue;
            }
            let ty = match (field.is_optional, self.of(&field.ty, is_declared)) {
                (true, ty @ plan::Type::Optional(_)) | (false, ty) => ty,
                (true, ty) => plan::Type::Optional(Box::new(ty)),
            };
            kept.push((field.name.clone(), ty));
        }
        kept
    }

    fn position(&self, named: &Arc<hir::NamedType>) -> Option<usize> {
        self.positions.get(&Arc::as_ptr(named)).copied()
    }

    /// Takes in the declared types of a type that were not met before, and finds out which of them tell something.
    fn meet(&mut self, ty: &hir::Type) {
        let first = self.met.len();
        let mut open: Vec<Arc<hir::NamedType>> = Vec::new();
        named_in(ty, &mut open);
        while let Some(named) = open.pop() {
            if self.position(&named).is_some() {
                continue;
            }
            named_in(named.meaning(), &mut open);
            let n_alike = self.met.iter().filter(|met| met.name == named.name).count();
            self.names.push(match n_alike {
                0 => named.name.clone(),
                n => format!("{}#{}", named.name, n + 1),
            });
            self.positions.insert(Arc::as_ptr(&named), self.met.len());
            self.met.push(named);
            self.tells.push(false);
        }
        // Those that hold one that tells something tell something; what was met last is held by what was met before.
        let mut is_done = self.met.len() == first;
        while !is_done {
            is_done = true;
            for at in (first..self.met.len()).rev() {
                if !self.tells[at] && self.tells(self.met[at].meaning()) {
                    self.tells[at] = true;
                    is_done = false;
                }
            }
        }
    }

    /// Whether values of the type are compared in a way of its own.
    fn tells(&self, ty: &hir::Type) -> bool {
        match ty {
            hir::Type::Quantity | hir::Type::By(..) => true,
            hir::Type::Named(named) => self.position(named).is_some_and(|at| self.tells[at]),
            hir::Type::OneOf(branches) => one_of(branches) != plan::Type::Any,
            hir::Type::Optional(inner)
            | hir::Type::List(inner)
            | hir::Type::Map(inner)
            | hir::Type::Secret(inner) => self.tells(inner),
            hir::Type::Record(fields) => fields.iter().any(|field| self.tells(&field.ty)),
            _ => false,
        }
    }
}

/// One of several: amounts beside texts are amounts, numbers beside texts are either.
fn one_of(branches: &[hir::Type]) -> plan::Type {
    let is = |is_it: fn(&hir::Type) -> bool| branches.iter().any(|branch| is_it(branch.required()));
    let is_scalar = |ty: &hir::Type| {
        let mut ty = ty.required();
        while let hir::Type::InRange(inner, ..) | hir::Type::Matching(inner, _) = ty {
            ty = inner.required();
        }
        matches!(
            ty,
            hir::Type::Quantity | hir::Type::Int | hir::Type::Float | hir::Type::String | hir::Type::Enum(_)
        )
    };
    if !branches.iter().all(is_scalar) {
        plan::Type::Any
    } else if is(|ty| *ty == hir::Type::Quantity) {
        plan::Type::Quantity
    } else {
        plan::Type::NumberOrText
    }
}

/// The declared types that a type names itself.
fn named_in(ty: &hir::Type, into: &mut Vec<Arc<hir::NamedType>>) {
    match ty {
        hir::Type::Named(named) => into.push(Arc::clone(named)),
        hir::Type::Optional(inner)
        | hir::Type::List(inner)
        | hir::Type::Map(inner)
        | hir::Type::By(inner, _)
        | hir::Type::Secret(inner) => named_in(inner, into),
        hir::Type::Record(fields) => fields.iter().for_each(|field| named_in(&field.ty, into)),
        hir::Type::OneOf(branches) => branches.iter().for_each(|branch| named_in(branch, into)),
        _ => {}
    }
}
