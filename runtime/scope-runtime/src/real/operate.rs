//! One operation at a site: with its session, one new login if the site asks for it, and every page of a list.

use std::rc::Rc;

use scope_plan::driver::{Driver, Operation, OperationKind, Repeat, Service};
use scope_plan::eval::eval;
use serde_json::Value;

use super::answers::{Rules, Verdict};
use super::ask::{Question, Reply, ask};
use super::environment::{Answered, Asked, SiteEnvironment};
use super::failure::{self, configuration, error, malformed};
use super::request::base_address;
use super::session::{LoggedIn, Session, valid_for};
use super::{DriverAtSite, RealSite, typed};
use crate::site::{Answer, Content, OperationCall, SiteError, SiteErrorKind};

impl RealSite {
    /// Performs the operation; the error is not masked yet.
    pub(super) async fn perform(&self, mut call: OperationCall<'_>) -> Result<Answer, SiteError> {
        let at_site = self.at_site(call.driver)?;
        self.learn_secret_inputs(&call);
        let mut content = call.content.take();
        let is_stream = matches!(content, Some(Content::Stream(_)));
        let mut refused: Option<Rc<Session>> = None;
        loop {
            let session = self.session(call.driver, &at_site, refused.as_deref()).await?;
            // A file can be sent again, a stream cannot.
            let mut offered = match &content {
                Some(Content::File(file)) => Some(Content::File(file.clone())),
                _ => content.take(),
            };
            match self.attempt(&call, &at_site, &session, &mut offered).await? {
                Verdict::Good(answer) => return Ok(answer),
                Verdict::Bad(error) => return Err(error),
                Verdict::Content => return Err(malformed("content where none was asked for")),
                Verdict::Reauthenticate(words) if refused.is_some() || call.driver.login.is_none() => {
                    return Err(error(SiteErrorKind::Denied, words));
                }
                Verdict::Reauthenticate(_) if is_stream && offered.is_none() => {
                    self.session(call.driver, &at_site, Some(&session)).await?;
                    let words =
                        "the session ended while content was being sent: it is sent again with a new one";
                    return Err(error(SiteErrorKind::Busy, words));
                }
                Verdict::Reauthenticate(_) => {
                    if is_stream {
                        content = offered;
                    }
                    refused = Some(session);
                }
            }
        }
    }

    /// The session, logging in where there is none.
    ///
    /// # Errors
    /// The login's: [`SiteErrorKind::Denied`] where the site refuses the credentials.
    pub(super) async fn session(
        &self,
        driver: &Driver,
        at_site: &DriverAtSite,
        refused: Option<&Session>,
    ) -> Result<Rc<Session>, SiteError> {
        if driver.login.is_none() {
            return Ok(Session::none());
        }
        at_site.session.session(refused, || self.log_in(driver, at_site)).await
    }

    async fn log_in(&self, driver: &Driver, at_site: &DriverAtSite) -> Result<LoggedIn, SiteError> {
        let Some(login) = &driver.login else {
            return Ok(LoggedIn { record: Value::Null, valid_for: None });
        };
        let service = service(driver, &login.service)?;
        let question = Question {
            service,
            request: &login.request,
            rules: Rules {
                of_operation: &login.answers,
                of_service: &service.answers,
                is_at_most_once: false,
            },
            environment: self.environment(at_site, &Value::Null, Asked::default()),
            repeat: None,
            progress: None,
            page: None,
        };
        let reply = ask(&self.shared, at_site, &self.permits, question, &mut None).await?;
        let date = match &reply.answered {
            Some(Answered::Http { header, .. }) => header.get("date").and_then(Value::as_str),
            _ => None,
        };
        let record = match reply.verdict {
            Verdict::Good(Answer::Done(record)) => record.unwrap_or(Value::Null),
            Verdict::Good(Answer::Found(record)) => record,
            Verdict::Bad(error) => return Err(error),
            Verdict::Reauthenticate(words) => {
                let status = reply.answered.as_ref().map(Answered::code);
                return Err(SiteError {
                    status,
                    request: Some(reply.label),
                    ..error(SiteErrorKind::Denied, words)
                });
            }
            Verdict::Good(_) | Verdict::Content => {
                return Err(malformed("a login must be answered with a session"));
            }
        };
        for field in &login.secret_fields {
            failure::learn(&self.shared.mask, record.get(field).unwrap_or(&Value::Null));
        }
        Ok(LoggedIn { valid_for: valid_for(&record, date), record })
    }

    async fn attempt(
        &self,
        call: &OperationCall<'_>,
        at_site: &DriverAtSite,
        session: &Session,
        content: &mut Option<Content>,
    ) -> Result<Verdict, SiteError> {
        let service = service(call.driver, &call.resource_type.service)?;
        let operation = call.operation;
        let asked = Asked {
            resource_type: Some(call.resource_type),
            operation: Some(operation),
            inputs: Some(call.inputs),
            changes: call.changes,
            mark: call.mark.as_deref(),
            paths: None,
        };
        let environment = self.environment(at_site, &session.record, asked);
        let question = |page| Question {
            service,
            request: &operation.request,
            rules: Rules {
                of_operation: &operation.answers,
                of_service: &service.answers,
                is_at_most_once: operation.repeat == Repeat::None && !operation.kind.is_reading(),
            },
            environment,
            repeat: Some((&operation.repeat, call.idempotency_key)),
            progress: call.progress.clone(),
            page,
        };
        let mut reply = ask(&self.shared, at_site, &self.permits, question(None), content).await?;
        let mut items = Vec::new();
        let mut addresses = Vec::new();
        loop {
            if let Verdict::Good(answer) = &reply.verdict {
                self.keep_secrets(call, answer, &environment)?;
                typed::checked(answer, call.driver, &environment, &self.shared.mask)
                    .map_err(|error| labelled(error, &reply.label))?;
            }
            // Only an answer that was read can have a next page.
            let next = match &reply.answered {
                Some(answered) => {
                    self.next_page(operation, service, &environment, answered, reply.url.as_ref())
                }
                None => Ok(None),
            };
            match reply.verdict {
                Verdict::Good(Answer::List(page)) => items.extend(page),
                other if addresses.is_empty() => return Ok(other),
                Verdict::Reauthenticate(words) => return Ok(Verdict::Reauthenticate(words)),
                Verdict::Bad(error) => return Ok(Verdict::Bad(error)),
                _ => return Err(malformed("a page of the list is no list")),
            }
            let options = &self.shared.options;
            if items.len() > options.most_items || addresses.len() > options.most_pages {
                return Err(labelled(
                    malformed(format!(
                        "the list is too long: {} items on {} pages so far",
                        items.len(),
                        addresses.len() + 1
                    )),
                    &reply.label,
                ));
            }
            let Some(next) = next.map_err(|error| labelled(error, &reply.label))? else {
                return Ok(Verdict::Good(Answer::List(items)));
            };
            if addresses.contains(&next) || reply.url.as_ref() == Some(&next) {
                return Err(labelled(malformed("the pages of the list go in a circle"), &reply.label));
            }
            addresses.push(next.clone());
            reply = ask(&self.shared, at_site, &self.permits, question(Some(next)), &mut None).await?;
        }
    }

    /// The next page's address: a path is one of the service, a whole address must be on the same host (behind a proxy,
    /// sites know their own scheme and port badly: ours are kept).
    fn next_page(
        &self,
        operation: &Operation,
        service: &Service,
        environment: &SiteEnvironment<'_>,
        answered: &Answered,
        url: Option<&reqwest::Url>,
    ) -> Result<Option<reqwest::Url>, SiteError> {
        let (Some(expr), Some(url), OperationKind::Find) = (&operation.next_page, url, operation.kind) else {
            return Ok(None);
        };
        let environment_ = environment.with_answer(answered);
        let next = match eval(expr, &environment_) {
            Ok(Value::String(next)) if !next.is_empty() => next,
            Ok(Value::Null | Value::String(_) | Value::Bool(false)) => return Ok(None),
            Ok(_) => return Err(malformed("the address of the next page is no text")),
            Err(error) if failure::is_of_the_answer(&error) => return Ok(None),
            Err(error) => return Err(configuration(format!("the driver's `next_page`: {error}"))),
        };
        let no_address = |_| malformed("the address of the next page is none");
        if next.starts_with('/') && !next.starts_with("//") {
            let base = base_address(service, environment)?;
            return reqwest::Url::parse(&format!("{}{next}", base.trim_end_matches('/')))
                .map(Some)
                .map_err(no_address);
        }
        let joined = url.join(&next).map_err(no_address)?;
        if joined.host_str() != url.host_str() {
            return Err(malformed(format!(
                "redirected elsewhere: the next page is at {}",
                joined.origin().ascii_serialization()
            )));
        }
        let mut next = url.clone();
        next.set_path(joined.path());
        next.set_query(joined.query());
        Ok(Some(next))
    }

    /// What an answer tells of secrets is known from here on, and what of it is to be kept is, before anybody hears of the answer.
    fn keep_secrets(
        &self,
        call: &OperationCall<'_>,
        answer: &Answer,
        environment: &SiteEnvironment<'_>,
    ) -> Result<(), SiteError> {
        for (attribute, secret) in typed::secrets_told(answer, call.resource_type, environment) {
            self.shared.mask.learn(&secret);
            if let Some(kept) = call.keep_in.iter().find(|kept| kept.attribute == attribute) {
                // It was made: what is lost is the answer.
                self.shared.secrets.keep(&kept.file, &secret).map_err(malformed)?;
            }
        }
        Ok(())
    }

    fn learn_secret_inputs(&self, call: &OperationCall<'_>) {
        for attribute in call.resource_type.attributes.iter().filter(|attribute| attribute.is_secret) {
            let given = [
                call.inputs.get(&attribute.name),
                call.changes.as_ref().and_then(|all| all.get(&attribute.name)),
            ];
            given.into_iter().flatten().for_each(|value| failure::learn(&self.shared.mask, value));
        }
    }
}

/// The driver's service of this name.
pub(super) fn service<'a>(driver: &'a Driver, name: &str) -> Result<&'a Service, SiteError> {
    driver
        .services
        .iter()
        .find(|service| service.name == name)
        .ok_or_else(|| configuration(format!("driver `{}` has no service `{name}`", driver.name)))
}

fn labelled(mut error: SiteError, label: &str) -> SiteError {
    error.request.get_or_insert_with(|| label.to_owned());
    error
}

/// What a reply says of a version: its `Done` or `Found` answer as text.
pub(super) fn version(reply: Reply) -> Result<Option<String>, SiteError> {
    let value = match reply.verdict {
        Verdict::Good(Answer::Done(value)) => value,
        Verdict::Good(Answer::Found(value)) => Some(value),
        Verdict::Good(_) | Verdict::Content => None,
        Verdict::Bad(error) => return Err(error),
        Verdict::Reauthenticate(words) => return Err(error(SiteErrorKind::Denied, words)),
    };
    Ok(value.map(|value| match value {
        Value::String(text) => text,
        value => value.to_string(),
    }))
}
