//! From a site's bad answer to a step's failure: the code, the outcome, and whether trying again may help.
//!
//! `Refused("Quota exceeded")` of `vm` at `nantes` → `E0904`, *unavailable*, "`nantes` has no room for `vm`".

use scope_plan::plan::OnUnknown;

use crate::events::{Failure, Outcome};
use crate::runner::LedgerFailed;
use crate::shell;
use crate::site::{SiteError, SiteErrorKind};

use super::subject::Subject;

/// A step that did not end well.
#[derive(Debug)]
pub(crate) struct Bad {
    /// Why; few steps have one, and all would have the room for it.
    pub(crate) failure: Box<Failure>,
    /// The site did not answer at all.
    pub(crate) is_cut_off: bool,
    /// Another attempt is safe and may help.
    pub(crate) is_retryable: bool,
    /// It did not fail: it was stopped.
    pub(crate) is_stopped: bool,
}

impl Bad {
    /// Final.
    pub(crate) fn new(failure: Failure) -> Self {
        Self { failure: failure.into(), is_cut_off: false, is_retryable: false, is_stopped: false }
    }

    /// Stopped by the user, or because the journal cannot be written.
    pub(super) fn stopped() -> Self {
        let failure = Failure::new("E0909", Outcome::Unavailable, "the run was interrupted");
        Self { is_stopped: true, ..Self::new(failure) }
    }

    /// Trying again may help.
    pub(super) fn retryable(self) -> Self {
        Self { is_retryable: true, ..self }
    }
}

impl From<LedgerFailed> for Bad {
    fn from(_: LedgerFailed) -> Self {
        // The ledger keeps the error, and the run stops.
        Self::stopped()
    }
}

/// Why there is no good answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The site's answer, or its silence.
    Site(SiteError),
    /// The run is being stopped.
    Stopped,
}

impl Trouble {
    /// Whether the site did not answer at all.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Trouble::Site(error) if is_silence(&error.kind))
    }

    /// Whether the next look may be answered: silence, or a service that cannot answer for a moment.
    pub(super) fn may_pass(&self) -> bool {
        use SiteErrorKind::{Busy, Unavailable};
        self.is_silence() || matches!(self, Trouble::Site(error) if matches!(error.kind, Unavailable | Busy))
    }

    /// Whether the site is as it was: it did not take the request, or never got it.
    pub(super) fn is_refusal(&self) -> bool {
        use SiteErrorKind::{Busy, Lost, Malformed, Unavailable};
        matches!(self, Trouble::Site(error) if !matches!(error.kind, Lost | Malformed | Unavailable | Busy))
    }

    /// Whether what was asked for is not there.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Trouble::Site(SiteError { kind: SiteErrorKind::NotFound(_), .. }))
    }
}

/// A site that an operator holds is asked nothing.
pub(crate) fn left_alone(site: &str, why: &str) -> Failure {
    let failure = Failure::new("E0701", Outcome::Unavailable, format!("`{site}` is left alone"));
    Failure { site_words: Some(why.to_owned()), ..failure }
}

fn is_silence(kind: &SiteErrorKind) -> bool {
    matches!(kind, SiteErrorKind::Unreachable | SiteErrorKind::Held | SiteErrorKind::Lost)
}

impl Subject<'_> {
    /// The failure that this trouble is, where nothing can have been changed at the site by it (or a repeat is safe).
    pub(super) fn failed(&self, trouble: Trouble) -> Bad {
        let Trouble::Site(error) = trouble else { return Bad::stopped() };
        let (name, site) = (self.name, self.site_name());
        let is_late = self.is_out_of_time();
        use Outcome::{Invalid, Unavailable};
        let failure = |code, outcome, message: String| Failure {
            site_words: Some(error.words.clone()).filter(|words| !words.is_empty()),
            request: error.request.clone(),
            status: error.status,
            ..Failure::new(code, outcome, message)
        };
        let check = || shell::check(self.shared.plan.site(self.site_id));
        let failure = match &error.kind {
            SiteErrorKind::Lost if is_late => self.out_of_time(failure, check()),
            SiteErrorKind::Untrusted => {
                // Who answers is not known: as with refused credentials no other place is taken for it.
                failure("E0702", Invalid, format!("no encrypted connection to `{site}` came about"))
                    .with_help(certificate_help(site, &error.words).unwrap_or_else(check))
            }
            SiteErrorKind::Unreachable => {
                failure("E0701", Unavailable, format!("`{site}` is unreachable")).with_help(check())
            }
            SiteErrorKind::Held => left_alone(site, &error.words),
            SiteErrorKind::Lost => {
                failure("E0701", Unavailable, format!("`{site}` does not answer")).with_help(check())
            }
            SiteErrorKind::Unavailable => failure(
                "E0904",
                Unavailable,
                format!("`{}` at `{site}` cannot answer for now", self.resource_type.service),
            ),
            SiteErrorKind::Refused => {
                failure("E0904", Unavailable, format!("`{site}` has no room for `{name}`")).with_help(
                    format!("free some room, raise the quota, or name an alternative: `{site} | …`"),
                )
            }
            SiteErrorKind::NotFound(None) => {
                failure("E0902", Unavailable, format!("`{name}` is not at `{site}`"))
            }
            SiteErrorKind::NotFound(Some(attribute)) => {
                failure("E0902", Unavailable, format!("the `{attribute}` of `{name}` is not at `{site}`"))
            }
            SiteErrorKind::Denied if error.status == Some(401) => {
                failure("E0703", Invalid, format!("`{site}` refuses the credentials (401)"))
                    .with_help(check())
            }
            SiteErrorKind::Denied => {
                failure("E0905", Invalid, format!("`{site}` does not allow this for `{name}`"))
            }
            SiteErrorKind::Invalid => {
                failure("E0905", Invalid, format!("`{site}` refuses `{name}` as invalid"))
            }
            SiteErrorKind::Busy => failure(
                "E0909",
                Unavailable,
                format!("`{name}` at `{site}` stayed busy for {}", self.time_out()),
            )
            .with_help(format!("`with {{ timeout: {} }}`", self.double_time_out())),
            SiteErrorKind::Malformed => failure(
                "E0704",
                Invalid,
                format!("`{site}` answers with something that its driver does not describe"),
            )
            .with_help(check()),
            SiteErrorKind::NoService => failure(
                "E0705",
                Unavailable,
                format!("`{site}` has no service `{}`", self.resource_type.service),
            )
            .with_help(check()),
            SiteErrorKind::Configuration => {
                failure("E0703", Invalid, format!("something that `{site}` needs here is missing"))
                    .with_help(check())
            }
            SiteErrorKind::FileChanged(path) => failure(
                "E0359",
                Invalid,
                format!("`{path}` has changed since `{name}` was planned with it"),
            )
            .with_help(
                "run again: a plan is made of the file as it is then; until the run ends leave it alone",
            ),
        };
        let is_cut_off = is_silence(&error.kind);
        let is_retryable = !is_late && (is_cut_off || error.kind == SiteErrorKind::Unavailable);
        Bad { failure: failure.into(), is_cut_off, is_retryable, is_stopped: false }
    }

    /// It gave no answer: a look tells whether it ever does, or is only slow.
    fn out_of_time(
        &self,
        failure: impl Fn(&'static str, Outcome, String) -> Failure,
        look: String,
    ) -> Failure {
        let message =
            format!("`{}` at `{}` took longer than {}", self.name, self.site_name(), self.time_out());
        failure("E0909", Outcome::Unavailable, message)
            .with_help(look)
            .with_help(format!("`with {{ timeout: {} }}`", self.double_time_out()))
    }

    /// Sent, the answer lost, the site cannot be asked, and a repeat is not safe: what the program says of that.
    pub(super) fn unknown(&self, operation: &str, trouble: Trouble) -> Bad {
        let on_unknown = self.on_unknown();
        if on_unknown == OnUnknown::Retry {
            return self.failed(trouble);
        }
        let Trouble::Site(error) = trouble else { return Bad::stopped() };
        let message =
            format!("it is unknown whether `{}` did `{operation}` of `{}`", self.site_name(), self.name);
        let failure = match on_unknown {
            OnUnknown::Fail => {
                // What can be looked for is, by the next run; of the rest nothing is left to ask.
                if !self.can_be_read()
                    && let Err(bad) = self.settle()
                {
                    return bad;
                }
                Failure::new("E0906", Outcome::Unavailable, format!("{message}; it counts as failed"))
                    .with_help(
                        "`on_unknown: fail` is written at it: the next run does it again, perhaps twice then",
                    )
            }
            OnUnknown::Ask | OnUnknown::Retry => {
                Failure::new("E0906", Outcome::Unknown, message).with_help(self.how_to_know())
            }
        };
        Bad::new(Failure {
            site_words: Some(error.words).filter(|words| !words.is_empty()),
            request: error.request,
            status: error.status,
            ..failure
        })
    }
}

/// What can be done about a certificate, by what is wrong with it; nothing where that does not tell.
fn certificate_help(site: &str, words: &str) -> Option<String> {
    let says = |text: &str| words.to_lowercase().contains(text);
    if says("unknownissuer") || says("unknown issuer") || says("badsignature") {
        Some(format!("name the authority that signed its certificate: `tls: {{ ca: \"FILE\" }}` of `{site}`"))
    } else if says("expired") || says("notvalidyet") || says("not valid before") {
        Some(format!("have its certificate renewed at `{site}`, unless the clock of this machine is wrong"))
    } else if says("not valid for name") || says("notvalidforname") {
        Some("use an address that its certificate names, or have one made for this address".to_owned())
    } else if says("certificaterequired") || says("certificate required") || says("unknownca") {
        Some(format!(
            "show it a certificate that it accepts: `tls: {{ client_cert: \"FILE\", client_key: secret(\"NAME\") }}` of `{site}`"
        ))
    } else {
        None
    }
}

/// A time for people: `30 s`, `10 min`.
pub(crate) fn duration_words(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..120_000 if milliseconds.is_multiple_of(1_000) => format!("{} s", milliseconds / 1_000),
        1_000..120_000 => format!("{:.1} s", milliseconds as f64 / 1_000.0),
        _ => format!("{} min", milliseconds.div_ceil(60_000)),
    }
}

/// A time as a program writes it: `30s`, `10min`.
pub(crate) fn duration_literal(milliseconds: u64) -> String {
    duration_words(milliseconds).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::certificate_help;

    /// The words are those of real handshakes: see `tests/real_tls.rs`.
    #[test]
    fn what_helps_is_said_by_what_is_wrong_with_a_certificate() {
        for (words, help) in [
            ("invalid peer certificate: UnknownIssuer", "tls: { ca: \"FILE\" }` of `paris`"),
            (
                "invalid peer certificate: certificate expired: verification time 1 (UNIX)",
                "renewed at `paris`",
            ),
            ("invalid peer certificate: certificate not valid for name \"localhost\"", "use an address that"),
            ("received fatal alert: CertificateRequired", "client_cert: \"FILE\""),
        ] {
            let said = certificate_help("paris", words).expect("it is known");
            assert!(said.contains(help), "{words}: {said}");
        }
        assert_eq!(certificate_help("paris", "received fatal alert: HandshakeFailure (TLS)"), None);
    }
}
