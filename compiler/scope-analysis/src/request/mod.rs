//! What the program asks for: each `resource`, `existing`, `call` and `$` line, in two stages.
//!
//! First the *heads* of all of them (type, operation, scope, place), because any may refer to any; then their *bodies*,
//! once for each site where they are evaluated.

mod body;
mod head;
mod native;

pub(crate) use head::Head;

use indexmap::IndexMap;
use scope_diagnostics::Span;
use scope_syntax::ast::{self, Expr};

use crate::context::Context;
use crate::hir::{Resource, ResourceId};
use crate::names::Requested;

/// Where a request's attributes are written.
#[derive(Clone)]
pub(crate) enum Body<'a> {
    /// In a record, or any expression that gives one.
    Expr(&'a Expr),
    /// In the words of a command.
    Native(Vec<crate::native::Filled>),
    /// Nowhere.
    Empty,
}

/// A typed patch: `at SITES { … }`.
#[derive(Clone, Copy)]
pub(crate) struct Patch<'a> {
    pub sites: &'a Expr,
    pub patch: &'a Expr,
}

impl<'a> Context<'a> {
    /// Everything requested, in order; what was in error is left out.
    pub fn requests(&self, requested: &[Requested]) -> Vec<Resource> {
        let heads: Vec<Option<Head<'a>>> = requested
            .iter()
            .enumerate()
            .map(|(index, requested)| self.head(ResourceId(index as u32), requested.item))
            .collect();
        self.set_heads(&heads);
        let resources: Vec<Option<Resource>> = heads.into_iter().map(|head| self.resource(head?)).collect();
        renumbered(resources)
    }
}

/// Ids are positions; where an erroneous request left a gap, the later ones move up. Only programs without errors are
/// lowered, so references into gaps do not matter.
fn renumbered(resources: Vec<Option<Resource>>) -> Vec<Resource> {
    if resources.iter().all(Option::is_some) {
        return resources.into_iter().flatten().collect();
    }
    resources
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, resource)| Resource { id: ResourceId(index as u32), ..resource })
        .collect()
}

/// What the rest of the analysis knows of a request before its body is evaluated.
#[derive(Clone, Debug)]
pub(crate) struct HeadSummary {
    pub name: String,
    pub ty: String,
    pub location: crate::hir::Location,
    pub span: Span,
}

/// The clauses of an item, sorted.
pub(crate) struct Clauses<'a> {
    pub scope: Option<&'a ast::Scope>,
    pub with: Vec<&'a Expr>,
    pub patches: Vec<Patch<'a>>,
}

/// Heads by resource.
pub(crate) type Heads = IndexMap<ResourceId, HeadSummary>;
