//! Sites without a network: they answer at once, or 20 ms later and say how long that really was.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use scope_plan::expr::{FileRef, SecretSource};
use scope_plan::plan::SiteId;
use scope_runtime::runner::SiteSet;
use scope_runtime::site::{Answer, LocalFuture, OperationCall, ServiceProbe, Site, SiteError, SiteErrorKind};

const WAIT: Duration = Duration::from_millis(20);

/// When a site answers.
#[derive(Clone, Copy)]
pub enum At {
    Once,
    Later,
}

pub struct Sites(Rc<OneSite>);

struct OneSite {
    at: At,
    /// For each step, by the number in its input, how long it waited in seconds.
    waits: RefCell<Vec<f64>>,
}

impl Sites {
    pub fn new(at: At) -> Sites {
        Sites(Rc::new(OneSite { at, waits: RefCell::default() }))
    }

    pub fn waits(&self) -> Vec<f64> {
        self.0.waits.borrow().clone()
    }
}

impl SiteSet for Sites {
    fn site(&self, _site: SiteId) -> Rc<dyn Site> {
        self.0.clone()
    }

    fn secret<'a>(&'a self, _source: &'a SecretSource) -> LocalFuture<'a, Result<String, SiteError>> {
        Box::pin(async { Err(nothing()) })
    }

    fn file(&self, _file: &FileRef) -> Result<Vec<u8>, SiteError> {
        Err(nothing())
    }
}

impl Site for OneSite {
    fn operate<'a>(&'a self, call: OperationCall<'a>) -> LocalFuture<'a, Result<Answer, SiteError>> {
        Box::pin(async move {
            if let At::Later = self.at {
                let start = Instant::now();
                tokio::time::sleep(WAIT).await;
                let step: usize =
                    call.inputs["id"].as_str().and_then(|id| id.parse().ok()).expect("its number");
                let mut waits = self.waits.borrow_mut();
                let n = waits.len().max(step + 1);
                waits.resize(n, 0.0);
                waits[step] = start.elapsed().as_secs_f64();
            }
            Ok(Answer::Done(None))
        })
    }

    fn probe(&self) -> LocalFuture<'_, Result<Vec<ServiceProbe>, SiteError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn nothing() -> SiteError {
    let words = "there is none".to_owned();
    SiteError { kind: SiteErrorKind::Configuration, words, request: None, status: None }
}
