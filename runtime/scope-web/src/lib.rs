//! A page on loopback that shows a run while it goes on, and its timeline afterwards.
//!
//! In come a plan and the events of its run, out goes a page for whoever has the address, which holds a random token:
//!
//! ```no_run
//! # fn example(plan: &scope_plan::plan::Plan, event: &scope_runtime::events::RunEvent) -> std::io::Result<()> {
//! let page = scope_web::Page::open(0)?;         // any free port
//! eprintln!("watch it: {}", page.address());    // http://127.0.0.1:40123/5f0c…/
//! page.begin(plan, false);
//! page.event(event);                            // the same event that `--events json` prints
//! page.close();
//! # Ok(())
//! # }
//! ```
//!
//! The page only reads: there is nothing on it that changes a run. It is one thread beside the run's, which never waits
//! for a reader. Read in the order of the modules below.

mod view;

mod book;
mod guard;
mod server;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use scope_plan::plan::Plan;
use scope_runtime::events::RunEvent;

use book::Book;
use guard::Guard;

/// Readers get so long to take what is left when the page is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// A page that is being served.
pub struct Page {
    address: String,
    book: Arc<Book>,
    server: thread::JoinHandle<()>,
}

impl Page {
    /// Serves at this port of loopback; 0 takes one that is free.
    ///
    /// # Errors
    /// The port is taken, or the machine gives no random bytes.
    pub fn open(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let port = listener.local_addr()?.port();
        let guard = Guard::new(port)?;
        let address = format!("http://127.0.0.1:{port}/{}/", guard.token());
        let book = Arc::new(Book::default());
        let server = server::start(listener, guard, Arc::clone(&book))?;
        Ok(Self { address, book, server })
    }

    /// Where it is; who has this address may look.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether a run was shown yet.
    pub fn has_begun(&self) -> bool {
        self.book.has_begun()
    }

    /// A run begins, perhaps after another one of the same command: the page shows the new one. Simulated time does not
    /// go on by itself.
    pub fn begin(&self, plan: &Plan, is_simulated: bool) {
        self.book.begin(&view::View::new(plan, is_simulated).to_json());
    }

    /// Something happened.
    pub fn event(&self, event: &RunEvent) {
        self.book.event(event);
    }

    /// Ends it: readers are told what is left, and no longer waited for than a second.
    pub fn close(&self) {
        self.book.close();
        let until = Instant::now() + FAREWELL;
        while !self.server.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
        }
    }
}
