//! Sessions: one login for each site and driver, whoever needs it first, shared by all.
//!
//! Callers that come while a login is under way wait for its outcome. Refused credentials are not tried again: forty steps
//! with a wrong password must not lock the account. A session that is about to expire is replaced before it is used.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::clock;
use crate::site::{SiteError, SiteErrorKind};

/// A session is not used any more when it has less than this left.
const MARGIN: Duration = Duration::from_secs(30);

/// What a login gave.
#[derive(Debug)]
pub(super) struct Session {
    /// The record; `null` where the driver has no login.
    pub record: Value,
    /// When it is to be replaced.
    pub until: Option<Instant>,
    number: u64,
}

impl Session {
    /// A driver without a login.
    pub(super) fn none() -> Rc<Self> {
        Rc::new(Self { record: Value::Null, until: None, number: 0 })
    }
}

/// The session of one driver at one site.
#[derive(Default)]
pub(super) struct SessionSlot {
    last: RefCell<Option<Result<Rc<Session>, SiteError>>>,
    n_logins: Cell<u64>,
    login: Mutex<()>,
}

/// What the login's answer gave: the session record and how long it is valid.
pub(super) struct LoggedIn {
    pub record: Value,
    pub valid_for: Option<Duration>,
}

impl SessionSlot {
    /// The session, logging in if there is none, if it is over, or if it is `refused`: the one the site just refused.
    ///
    /// # Errors
    /// The login's.
    pub(super) async fn session<F>(
        &self,
        refused: Option<&Session>,
        log_in: impl FnOnce() -> F,
    ) -> Result<Rc<Session>, SiteError>
    where
        F: Future<Output = Result<LoggedIn, SiteError>>,
    {
        if let Some(outcome) = self.usable(refused) {
            return outcome;
        }
        let n_before = self.n_logins.get();
        let _only_one = self.login.lock().await;
        if self.n_logins.get() != n_before {
            // Somebody logged in while we waited: that outcome is ours, good or bad.
            if let Some(outcome) = self.last.borrow().as_ref() {
                return outcome.clone();
            }
        }
        let outcome = log_in().await;
        self.n_logins.set(self.n_logins.get() + 1);
        let outcome = outcome.map(|logged_in| {
            let until =
                logged_in.valid_for.map(|valid_for| Instant::now() + valid_for.saturating_sub(MARGIN));
            Rc::new(Session { record: logged_in.record, until, number: self.n_logins.get() })
        });
        *self.last.borrow_mut() = Some(outcome.clone());
        outcome
    }

    fn usable(&self, refused: Option<&Session>) -> Option<Result<Rc<Session>, SiteError>> {
        match self.last.borrow().as_ref()? {
            Ok(session) => {
                let is_refused = refused.is_some_and(|refused| refused.number == session.number);
                let is_over = session.until.is_some_and(|until| until <= Instant::now());
                (!is_refused && !is_over).then(|| Ok(session.clone()))
            }
            Err(denied) if denied.kind == SiteErrorKind::Denied => Some(Err(denied.clone())),
            Err(_) => None,
        }
    }
}

/// How long a session with this record is valid: its field `expires` (or `expires_at`, `expires_in`) as a time of the
/// site's own clock, which its `Date` header tells (ours may be wrong), or as a number of seconds.
pub(super) fn valid_for(record: &Value, date_header: Option<&str>) -> Option<Duration> {
    let expires = ["expires", "expires_at", "expires_in"].iter().find_map(|name| record.get(name))?;
    let seconds = match expires {
        Value::Number(seconds) => seconds.as_f64()?,
        Value::String(text) => {
            let now = date_header.and_then(clock::http_date).or_else(clock::now)?;
            (clock::rfc3339(text)? - now) as f64
        }
        _ => return None,
    };
    // Over already: either clock is wrong, and the site will say so itself.
    (seconds > MARGIN.as_secs_f64()).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::failure::error;
    use serde_json::json;

    fn logged_in(n: u64) -> Result<LoggedIn, SiteError> {
        Ok(LoggedIn { record: json!(n), valid_for: Some(Duration::from_secs(60)) })
    }

    #[tokio::test(start_paused = true)]
    async fn one_login_for_all_and_a_new_one_when_it_is_over() {
        let slot = SessionSlot::default();
        let n_logins = Cell::new(0);
        let log_in = || async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            n_logins.set(n_logins.get() + 1);
            logged_in(n_logins.get())
        };
        let (first, second) = tokio::join!(slot.session(None, log_in), slot.session(None, log_in));
        let (first, second) = (first.expect("a session"), second.expect("a session"));
        assert_eq!((n_logins.get(), &first.record, &second.record), (1, &json!(1), &json!(1)));
        // Both are refused: one new login.
        let (third, fourth) =
            tokio::join!(slot.session(Some(&first), log_in), slot.session(Some(&second), log_in));
        assert_eq!(
            (third.expect("one").record.clone(), fourth.expect("one").record.clone()),
            (json!(2), json!(2))
        );
        // The old one is refused once more, late: the new one serves.
        assert_eq!(slot.session(Some(&first), log_in).await.expect("one").record, json!(2));
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!(slot.session(None, log_in).await.expect("one").record, json!(3));
    }

    #[tokio::test(start_paused = true)]
    async fn refused_credentials_are_not_tried_again_but_an_absent_site_is() {
        let slot = SessionSlot::default();
        let unreachable =
            slot.session(None, || async { Err(error(SiteErrorKind::Unreachable, "gone")) }).await;
        assert_eq!(unreachable.expect_err("unreachable").kind, SiteErrorKind::Unreachable);
        for _ in 0..2 {
            let n_asked = Cell::new(0);
            let denied = slot.session(None, || async {
                n_asked.set(1);
                Err(error(SiteErrorKind::Denied, "wrong password"))
            });
            assert_eq!(denied.await.expect_err("denied").kind, SiteErrorKind::Denied);
            if n_asked.get() == 0 {
                return;
            }
        }
        panic!("asked twice");
    }

    #[test]
    fn validity_is_by_the_clock_of_the_site() {
        let record = json!({ "expires": "2026-11-24T18:00:00.000000Z" });
        let at = |date| valid_for(&record, Some(date));
        assert_eq!(at("Tue, 24 Nov 2026 17:00:00 GMT"), Some(Duration::from_secs(3600)));
        assert_eq!(at("Tue, 24 Nov 2026 19:00:00 GMT"), None);
        assert_eq!(valid_for(&json!({ "expires_in": 300 }), None), Some(Duration::from_secs(300)));
        assert_eq!(valid_for(&json!({ "token": "x" }), None), None);
    }
}
