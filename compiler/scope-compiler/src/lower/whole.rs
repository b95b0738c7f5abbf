//! What is read of a resource that is divided over sites (R6): the sum over the parts that could be read, each part's share, and
//! the parts that could not be read.
//!
//! `hits.value.sum` of `nantes % paris` → `(copies.nantes.value ?? 0) + (copies.paris.value ?? 0)`, where `copies` has what each site
//! has of it: what a step gathered, or what a test reads.

use indexmap::IndexSet;
use scope_analysis::hir::{self, Program, ResourceId};
use scope_plan::expr::{BinaryOp, Builtin, Expr, Generator};
use serde_json::Value as Json;

/// An attribute of a whole.
pub(super) struct Whole<'p, 'a> {
    program: &'p Program,
    /// Where it is divided, or copied.
    alternatives: Vec<&'p hir::Location>,
    /// The attribute that is divided.
    pub path: &'a [String],
}

/// What there is at a path in the record by site of what each site has: `["paris", "value"]`; all of it without a path.
pub(super) type Copies<'c> = dyn Fn(Vec<String>) -> Expr + 'c;

impl<'p, 'a> Whole<'p, 'a> {
    /// The divided attribute in a path; `None` where nothing in it is divided, or the resource is not.
    pub(super) fn of(program: &'p Program, resource: ResourceId, path: &'a [String]) -> Option<Self> {
        let resource = &program.resources[resource.0 as usize];
        let alternatives = resource.location.divided()?;
        let (driver, _) = resource.ty.split_once('.')?;
        let hir::Cross::By(division) = &program.drivers[driver].types[&resource.ty].cross else {
            return None;
        };
        let end = (1..=path.len()).find(|end| division.divided.contains(&path[..*end].join(".")))?;
        Some(Whole { program, alternatives, path: &path[..end] })
    }

    /// What is read of it: all of it, or what the path leads to behind the divided attribute.
    pub(super) fn read(&self, path: &[String], copies: &Copies<'_>) -> Expr {
        let whole = Expr::Record(vec![
            ("sum".into(), self.sum(copies)),
            ("of".into(), self.shares(copies)),
            ("not_reached".into(), self.not_reached(copies)),
        ]);
        fields(whole, &path[self.path.len()..])
    }

    /// The sum of what is divided, over the parts that could be read: those of the chosen alternative, as others have none.
    /// Each copy of a `&` is the whole, so that one of them counts.
    pub(super) fn sum(&self, copies: &Copies<'_>) -> Expr {
        let or = |value, otherwise| Expr::Binary(BinaryOp::Default, Box::new(value), Box::new(otherwise));
        let zero = || Expr::Value(0.into());
        let share = |site: hir::SiteId| {
            copies(std::iter::once(self.name_of(site)).chain(self.path.iter().cloned()).collect())
        };
        let (copied, divided): (Vec<&hir::Location>, Vec<&hir::Location>) = self
            .alternatives
            .iter()
            .partition(|alternative| matches!(alternative.kind, hir::LocationKind::And(_)));
        let parts: IndexSet<hir::SiteId> = divided.iter().flat_map(|location| location.sites()).collect();
        let whole: IndexSet<hir::SiteId> = copied.iter().flat_map(|location| location.sites()).collect();
        let one_copy = whole.into_iter().filter(|site| !parts.contains(site)).map(share).reduce(or);
        parts
            .iter()
            .map(|site| share(*site))
            .chain(one_copy)
            .map(|term| or(term, zero()))
            .reduce(|sum, next| Expr::Binary(BinaryOp::Add, Box::new(sum), Box::new(next)))
            .unwrap_or_else(zero)
    }

    fn shares(&self, copies: &Copies<'_>) -> Expr {
        let by_site = Generator {
            name: "site".into(),
            second: Some("record".into()),
            source: copies(Vec::new()),
            condition: None,
        };
        let of_record = fields(Expr::Name("record".into()), self.path);
        Expr::MapFor(Box::new(by_site), Box::new(Expr::Name("site".into())), Box::new(of_record))
    }

    fn not_reached(&self, copies: &Copies<'_>) -> Expr {
        let has = |site: hir::SiteId| {
            Expr::Call(Builtin::Has, vec![copies(Vec::new()), Expr::Value(self.name_of(site).into())])
        };
        let is_read = |location: &hir::Location| {
            let parts = location.sites().into_iter().map(has);
            parts
                .reduce(|left, right| Expr::Binary(BinaryOp::Or, Box::new(left), Box::new(right)))
                .unwrap_or(Expr::Value(false.into()))
        };
        let none = || Expr::Value(Json::Array(Vec::new()));
        let missing_of = |location: &hir::Location| {
            let hir::LocationKind::Cross { parts, .. } = &location.kind else { return none() };
            let missing = parts.iter().map(|part| {
                let label = Expr::Value(Json::Array(vec![part.text(&|site| self.name_of(site)).into()]));
                Expr::If(Box::new(is_read(part)), Box::new(none()), Box::new(label))
            });
            Expr::Call(Builtin::ConcatLists, missing.collect())
        };
        // That of the alternative of which something was read; of the first one where nothing was.
        let first = missing_of(self.alternatives[0]);
        self.alternatives[1..].iter().rev().fold(first, |missing, alternative| {
            Expr::If(Box::new(is_read(alternative)), Box::new(missing_of(alternative)), Box::new(missing))
        })
    }

    fn name_of(&self, site: hir::SiteId) -> String {
        self.program.sites[site.0 as usize].name.clone()
    }
}

/// What is at a path of fields in a value.
pub(super) fn fields(base: Expr, path: &[String]) -> Expr {
    path.iter().fold(base, |base, field| Expr::Field(Box::new(base), field.clone()))
}
