//! All sites of a plan together, and what the runner needs from outside besides: secrets and files.
//!
//! Two kinds: [`crate::real::RealSites`] reach over the network and resolve secrets; a [`Simulator`]'s sites are in process, and its
//! secrets are a placeholder.

use std::rc::Rc;

use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::SiteId;

use crate::simulator::Simulator;
use crate::site::{LocalFuture, Site, SiteError, SiteErrorKind};

/// What stands for a secret in a simulation.
const SIMULATED_SECRET: &str = "(secret)";

/// The sites of a plan.
pub trait SiteSet {
    /// One of the plan's sites.
    fn site(&self, site: SiteId) -> Rc<dyn Site>;

    /// The content of a secret that an attribute uses. Whoever resolves it also makes the run's
    /// [`crate::redact::Redact`] know it.
    fn secret<'a>(&'a self, source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>>;

    /// Whether what it gives for secrets are the secrets, and not what stands for them.
    fn has_secrets(&self) -> bool {
        true
    }

    /// Whether something is already in a file in which a secret that a site makes is to be kept. Of sites that are not real nothing
    /// is kept.
    fn is_taken(&self, file: &str) -> bool {
        let _ = file;
        false
    }

    /// Whether such a file can be there, as far as that is seen without writing it.
    ///
    /// # Errors
    /// Why not, in one sentence.
    fn has_room(&self, file: &str) -> Result<(), String> {
        let _ = file;
        Ok(())
    }

    /// Makes such a file ready: from here on it can be written.
    ///
    /// # Errors
    /// Why not, in one sentence.
    fn prepare(&self, file: &str) -> Result<(), String> {
        let _ = file;
        Ok(())
    }

    /// Takes away what is in such a file: what it was told for is taken back.
    ///
    /// # Errors
    /// Why not, in one sentence.
    fn forget(&self, file: &str) -> Result<(), String> {
        let _ = file;
        Ok(())
    }

    /// The bytes of a file that an attribute uses as a value (content is streamed by the sites themselves).
    ///
    /// # Errors
    /// [`SiteErrorKind::Configuration`] where it cannot be read.
    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError>;
}

impl SiteSet for Simulator {
    fn site(&self, site: SiteId) -> Rc<dyn Site> {
        Simulator::site(self, site)
    }

    fn secret<'a>(&'a self, _source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        Box::pin(async { Ok(SIMULATED_SECRET.to_owned()) })
    }

    fn has_secrets(&self) -> bool {
        false
    }

    fn file(&self, file: &FileRef) -> Result<Vec<u8>, SiteError> {
        // Where nobody gives the files, what is known of one stands for it.
        let known = || {
            format!("(content of {}, {} bytes, sha256 {})", file.path, file.size, file.sha256).into_bytes()
        };
        match self.read_file(file) {
            None => Ok(known()),
            Some(read) => {
                read.map_err(|error| configuration(format!("file `{}` cannot be read: {error}", file.path)))
            }
        }
    }
}

fn configuration(words: String) -> SiteError {
    SiteError { kind: SiteErrorKind::Configuration, words, request: None, status: None }
}
