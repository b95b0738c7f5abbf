//! Real sites as the runner takes them: [`RealSites`] is its [`SiteSet`], the [`Mask`] is its [`Redact`].

use std::borrow::Cow;
use std::rc::Rc;

use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::SiteId;

use super::RealSites;
use super::failure::configuration;
use super::mask::Mask;
use crate::redact::Redact;
use crate::runner::SiteSet;
use crate::site::{LocalFuture, Site, SiteError};

impl SiteSet for RealSites {
    fn site(&self, site: SiteId) -> Rc<dyn Site> {
        RealSites::site(self, site)
    }

    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        Box::pin(async move {
            match self.secrets.resolve(source) {
                Ok(secret) => Ok(secret.expose().to_owned()),
                Err(missing) => Err(configuration(missing.why)),
            }
        })
    }

    fn is_taken(&self, file: &str) -> bool {
        self.secrets.is_taken(file)
    }

    fn has_room(&self, file: &str) -> Result<(), String> {
        self.secrets.has_room(file)
    }

    fn prepare(&self, file: &str) -> Result<(), String> {
        self.secrets.prepare(file)
    }

    fn forget(&self, file: &str) -> Result<(), String> {
        self.secrets.forget(file)
    }

    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError> {
        let unreadable = |error| configuration(format!("file `{}` cannot be read: {error}", file.path));
        std::fs::read(self.base.join(&file.path)).map_err(unreadable)
    }
}

impl Redact for Mask {
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Mask::hide(self, text)
    }
}
