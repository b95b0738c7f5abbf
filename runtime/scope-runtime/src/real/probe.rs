//! `scope sites`: logs in at a site and asks each service for its version, with the measured round trip.
//!
//! One answer a service of each driver that the site has settings for, or that steps use there. A service without a probe
//! of its own is asked for its address: any answer is one. Nothing is changed.

use std::time::{Duration, Instant};

use scope_plan::driver::{self, Driver, Meaning, Request, Service};
use scope_plan::expr::Expr;
use serde_json::Value;

use super::answers::Rules;
use super::ask::{Question, ask};
use super::environment::Asked;
use super::failure::masked;
use super::operate::version;
use super::request::base_address;
use super::session::Session;
use super::{DriverAtSite, RealSite};
use crate::site::{ServiceProbe, SiteError, SiteErrorKind};

impl RealSite {
    /// Asks every service.
    ///
    /// # Errors
    /// Where no driver's login succeeds: the first one's error.
    pub(super) async fn probed(&self) -> Result<Vec<ServiceProbe>, SiteError> {
        let mut probes = Vec::new();
        let mut first_error = None;
        let mut is_any_in = self.drivers.is_empty();
        for driver in self.drivers.iter() {
            match self.entered(driver).await {
                Ok((at_site, session)) => {
                    is_any_in = true;
                    for service in &driver.services {
                        probes.push(self.service_probe(driver, service, &at_site, &session).await);
                    }
                }
                Err(error) => {
                    let error = masked(error, &self.shared.mask);
                    probes.push(ServiceProbe {
                        driver: driver.name.clone(),
                        service: driver.login.as_ref().map(|login| login.service.clone()).unwrap_or_default(),
                        address: None,
                        version: None,
                        rtt_us: 0,
                        error: Some(error.words.clone()),
                        is_absent: false,
                    });
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if !is_any_in => Err(error),
            _ => Ok(probes),
        }
    }

    /// The driver's settings here and its session, logging in where there is none.
    pub(super) async fn entered(
        &self,
        driver: &Driver,
    ) -> Result<(std::rc::Rc<DriverAtSite>, std::rc::Rc<Session>), SiteError> {
        let at_site = self.at_site(driver)?;
        let session = self.session(driver, &at_site, None).await?;
        Ok((at_site, session))
    }

    async fn service_probe(
        &self,
        driver: &Driver,
        service: &Service,
        at_site: &DriverAtSite,
        session: &Session,
    ) -> ServiceProbe {
        let environment = self.environment(at_site, &session.record, Asked::default());
        let address = service.address.as_ref().map(|_| base_address(service, &environment));
        let mut probe = ServiceProbe {
            driver: driver.name.clone(),
            service: service.name.clone(),
            address: address
                .as_ref()
                .and_then(|address| address.as_ref().ok())
                .map(|address| self.shared.mask.hide(address).into_owned()),
            version: None,
            rtt_us: 0,
            error: None,
            is_absent: false,
        };
        let mut measured = match address {
            Some(Err(error)) => Err(error),
            _ => self.measured(service, at_site, session).await,
        };
        if measured.is_ok() {
            // The first one also set up the connection.
            measured = match (measured, self.measured(service, at_site, session).await) {
                (Ok((version, first)), Ok((_, second))) => Ok((version, first.min(second))),
                (first, _) => first,
            };
        }
        match measured {
            Ok((version, rtt)) => {
                probe.version = version.map(|version| self.shared.mask.hide(&version).into_owned());
                probe.rtt_us = u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX);
            }
            Err(error) => {
                probe.is_absent = error.kind == SiteErrorKind::NoService;
                probe.error = Some(masked(error, &self.shared.mask).words);
            }
        }
        probe
    }

    async fn measured(
        &self,
        service: &Service,
        at_site: &DriverAtSite,
        session: &Session,
    ) -> Result<(Option<String>, Duration), SiteError> {
        let any_answer = Request::Http {
            method: Expr::Value(Value::from("GET")),
            path: Expr::Value(Value::from("")),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        };
        let answers = [driver::Answer { codes: Vec::new(), condition: None, meaning: Meaning::Done(None) }];
        let (request, rules) = match &service.probe {
            Some(probe) => (
                &probe.request,
                Rules { of_operation: &probe.answers, of_service: &service.answers, is_at_most_once: false },
            ),
            None if service.address.is_none() => return Ok((None, Duration::ZERO)),
            None => (&any_answer, Rules { of_operation: &answers, of_service: &[], is_at_most_once: false }),
        };
        let question = Question {
            service,
            request,
            rules,
            environment: self.environment(at_site, &session.record, Asked::default()),
            repeat: None,
            progress: None,
            page: None,
        };
        let start = Instant::now();
        let reply = ask(&self.shared, at_site, &self.permits, question, &mut None).await?;
        let rtt = start.elapsed();
        Ok((version(reply)?, rtt))
    }
}
