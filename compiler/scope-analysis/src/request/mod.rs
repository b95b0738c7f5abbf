//! What the program asks for: each `resource`, `existing`, `call` and `$` line, in two stages.
//!
//! First the *heads* of all of them (type, operation, scope, place), because any may refer to any; then their *bodies*,
//! once for each site where they are evaluated.

mod another_type;
mod body;
mod completion;
mod expand;
mod head;
mod native;
mod place;
mod replaced;
mod sequence;
mod supposed;

pub(crate) use body::value_expr;
pub(crate) use expand::Declared;
pub(crate) use head::Head;
pub(crate) use place::keeps_alternatives;
pub(crate) use sequence::Steps;

use std::rc::Rc;

use scope_diagnostics::Span;
use scope_syntax::ast::{self, Expr};

use crate::circles::Sought;
use crate::context::Context;
use crate::eval::Frame;
use crate::hir::{GroupId, Resource, ResourceId};

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

/// One request that an item of a group stands for.
#[derive(Clone)]
pub(crate) struct Requested {
    pub group: GroupId,
    /// The item of the group's module.
    pub item: usize,
    /// The step of that item, which is a sequence.
    pub step: Option<usize>,
    /// With the names of the family's element.
    pub frame: Frame,
    /// `lab.server["a"]`; empty for a `$` line, whose words name it.
    pub name: String,
}

impl<'a> Context<'a> {
    /// Everything requested, in order, the steps of sequences last; what was in error is left out, and leaves a gap in
    /// the ids, until they are [`renumbered`].
    pub fn requests(&self) -> Vec<Resource> {
        self.expand_program();
        self.n_own.set(self.requested.borrow().len());
        self.expand_sequences();
        self.is_expanded.set(true);
        let count = self.requested.borrow().len();
        let ids = (0..count).map(|index| ResourceId(index as u32));
        let heads: Vec<Option<Rc<Head<'a>>>> = ids.map(|id| self.head(id)).collect();
        self.check_patches(&heads);
        heads.into_iter().filter_map(|head| self.resource(head?.as_ref())).collect()
    }

    /// The head of a request, made when first asked for.
    pub fn head(&self, id: ResourceId) -> Option<Rc<Head<'a>>> {
        if let Some(known) = self.heads.borrow().get(&id) {
            // One that is being made has no place yet: what asks for it depends on itself.
            return known.clone().unwrap_or_else(|| {
                self.report_circle(&Sought::Place(id), Span::DUMMY);
                None
            });
        }
        self.heads.borrow_mut().insert(id, None);
        let requested = self.requested.borrow()[id.0 as usize].clone();
        let head = self.seek(Sought::Place(id), Span::DUMMY, || self.make_head(id, &requested)).map(Rc::new);
        self.heads.borrow_mut().insert(id, Some(head.clone()));
        head
    }

    /// What others may know of a request.
    pub fn head_summary(&self, id: ResourceId) -> Option<HeadSummary> {
        let head = self.head(id)?;
        Some(HeadSummary {
            name: head.name.clone(),
            ty: head.ty.clone(),
            location: head.location.clone(),
            group: head.group.clone(),
            span: head.span,
        })
    }

    /// The item that a request stands for, or the step of a sequence.
    pub fn requested_item(&self, requested: &Requested) -> &'a ast::Item {
        let item = self.item(requested.frame.module, requested.item);
        match (&item.kind, requested.step) {
            (ast::ItemKind::Sequence(sequence), Some(step)) => &sequence.steps[step],
            _ => item,
        }
    }
}

/// Ids are positions; where an erroneous request left a gap, the later ones move up. Only programs without errors are
/// lowered, so references into gaps do not matter.
pub(crate) fn renumbered(resources: &mut [Resource]) {
    for (index, resource) in resources.iter_mut().enumerate() {
        resource.id = ResourceId(index as u32);
    }
}

/// What the rest of the analysis knows of a request before its body is evaluated.
#[derive(Clone, Debug)]
pub(crate) struct HeadSummary {
    pub name: String,
    pub ty: String,
    pub location: crate::hir::Location,
    pub group: Option<String>,
    pub span: Span,
}

/// The clauses of an item, sorted.
pub(crate) struct Clauses<'a> {
    pub scope: Option<(Rc<ast::Scope>, Frame)>,
    pub with: Vec<&'a Expr>,
    pub patches: Vec<Patch<'a>>,
}
