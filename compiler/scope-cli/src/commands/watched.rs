//! `--web`: a page that shows the run, and stays when the run is over.
//!
//! ```text
//! watch it: http://127.0.0.1:40123/5f0c…/
//! …
//! the page stays at http://127.0.0.1:40123/5f0c…/ (Ctrl-C ends it)
//! ```

use scope_diagnostics::codes;
use scope_runtime::runner;
use scope_web::Page;

use super::waiting::stopped;
use super::{INTERRUPTED, WRONG};
use crate::args::Watch;
use crate::output::{Output, note, say_error, say_help};
use crate::show::seconds;

/// Carries out a command, with the page if one is asked for. The page stays after it, the command's code is given then.
/// By then the state is free again, for the next run.
pub fn watched(watch: &Watch, output: Output, command: impl FnOnce(Output) -> u8) -> u8 {
    let Some(port) = watch.web else { return command(output) };
    let page: &'static Page = match Page::open(port) {
        // It is there until the process ends.
        Ok(page) => Box::leak(Box::new(page)),
        Err(error) => {
            say_error(
                codes::E0960,
                &format!("the page cannot be served at port {port} of 127.0.0.1: {error}"),
            );
            say_help("`--web` takes a port that is free; nothing was sent");
            return WRONG;
        }
    };
    note(&format!("watch it: {}", page.address()));
    let code = command(Output { page: Some(page), ..output });
    stay(page, watch, code);
    page.close();
    code
}

/// Waits until nobody wants to look any more. Who stopped the run does not want to wait for its page.
fn stay(page: &Page, watch: &Watch, code: u8) {
    if !page.has_begun() || code == INTERRUPTED {
        return;
    }
    let address = page.address();
    match watch.web_linger {
        Some(time) if time.is_zero() => {}
        Some(time) => {
            let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            note(&format!("the page stays for {} at {address} (Ctrl-C ends it)", seconds(millis)));
            runner::block_on(false, async {
                tokio::select! { _ = stopped() => {}, () = tokio::time::sleep(time) => {} }
            });
        }
        None => {
            note(&format!("the page stays at {address} (Ctrl-C ends it)"));
            runner::block_on(false, stopped());
        }
    }
}
