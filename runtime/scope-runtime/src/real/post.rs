//! One message posted to an address that is no site (a collector of traces), by a thread that may wait for the answer.
//!
//! `post("http://localhost:4318/v1/traces", headers, body, 5 s)` → 200 and the answer, of at most 64 KiB. No redirect is
//! followed, and an error never quotes the address, which may hold a token.

use std::time::Duration;

use reqwest::redirect;

use super::http::root_cause;
use crate::runner::block_on;

const LONGEST_ANSWER: usize = 64 << 10;

/// Posts the body; the status and the beginning of the answer.
///
/// # Errors
/// In words, where no answer came.
pub fn post<'h>(
    address: &str,
    headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    body: Vec<u8>,
    timeout: Duration,
) -> Result<(u16, Vec<u8>), String> {
    let said = |error: reqwest::Error| root_cause(&error);
    block_on(false, async {
        let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).timeout(timeout);
        // Without TLS, no certificates are read that nobody needs.
        let is_plain = address.starts_with("http://");
        let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
        let client = builder.build().map_err(said)?;
        let request =
            headers.fold(client.post(address), |request, (name, value)| request.header(name, value));
        let mut response = request.body(body).send().await.map_err(said)?;
        let status = response.status().as_u16();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(said)? {
            answer.extend_from_slice(&chunk);
            if answer.len() > LONGEST_ANSWER {
                answer.truncate(LONGEST_ANSWER);
                break;
            }
        }
        Ok((status, answer))
    })
}
