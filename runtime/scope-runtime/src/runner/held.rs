//! Sites that a run leaves alone: every request to one is answered here as if the site were cut off.
//!
//! `held by ana: rack move` → `E0701: lille is left alone: held by ana: rack move`; what may be queued is parked, `|` goes on.

use std::rc::Rc;

use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::{Plan, SiteId};

use super::{RunOptions, SiteSet};
use crate::site::{Answer, LocalFuture, OperationCall, ServiceProbe, Site, SiteError, SiteErrorKind};

/// All sites but those that are held.
pub(super) struct Without<'r> {
    pub(super) sites: &'r dyn SiteSet,
    pub(super) plan: &'r Plan,
    pub(super) options: &'r RunOptions,
}

impl SiteSet for Without<'_> {
    fn site(&self, site: SiteId) -> Rc<dyn Site> {
        let name = &self.plan.site(site).name;
        let refusing = |kind, why: &str| -> Rc<dyn Site> { Rc::new(HeldSite { kind, why: why.to_owned() }) };
        if self.options.left_out.contains(name) {
            // No step is begun there; what was left there by earlier runs stays.
            return refusing(SiteErrorKind::Held, "left out of this run");
        }
        match (self.options.held.get(name), self.options.silent.get(name)) {
            (Some(held), _) => refusing(SiteErrorKind::Held, &held.why),
            (None, Some(why)) => refusing(SiteErrorKind::Unreachable, why),
            (None, None) => self.sites.site(site),
        }
    }

    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        self.sites.secret(source)
    }

    fn has_secrets(&self) -> bool {
        self.sites.has_secrets()
    }

    fn is_taken(&self, file: &str) -> bool {
        self.sites.is_taken(file)
    }

    fn has_room(&self, file: &str) -> Result<(), String> {
        self.sites.has_room(file)
    }

    fn prepare(&self, file: &str) -> Result<(), String> {
        self.sites.prepare(file)
    }

    fn forget(&self, file: &str) -> Result<(), String> {
        self.sites.forget(file)
    }

    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError> {
        self.sites.file(file)
    }
}

struct HeldSite {
    kind: SiteErrorKind,
    why: String,
}

impl HeldSite {
    fn refusal(&self) -> SiteError {
        SiteError { kind: self.kind.clone(), words: self.why.clone(), request: None, status: None }
    }
}

impl Site for HeldSite {
    fn operate<'a>(&'a self, _call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
        Box::pin(async { Err(self.refusal()) })
    }

    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
        Box::pin(async { Err(self.refusal()) })
    }
}
