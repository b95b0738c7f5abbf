//! The language server: what `scope check` says, while one types.
//!
//! In come an editor's messages, out go diagnostics (pushed, for every file of the programs that are open), hovers,
//! definitions, quick fixes and formatted texts, all from the compiler's façade over the unsaved texts. One loop, one message after the other: what is
//! answered was compiled from everything received before. The option `initializationOptions.cache` names the folder to
//! which texts inside the binary (the standard library, the codes' pages) are written, so that an editor can open them.
//!
//! ```no_run
//! scope_lsp::serve()?;
//! # Ok::<(), scope_lsp::ServeError>(())
//! ```

mod actions;
mod documents;
mod formatting;
mod library;
mod names;
mod paths;
mod positions;
mod publish;
mod server;
mod tokens;
mod world;

use lsp_server::Connection;

/// Why serving ended otherwise than by the editor's wish.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The first messages were not the protocol's.
    #[error("the editor does not speak the language server protocol: {0}")]
    Protocol(String),
    /// The editor went away, or said `exit` without `shutdown`.
    #[error("the editor went away")]
    Gone,
    /// Standard input or output broke.
    #[error("the connection to the editor broke: {0}")]
    Io(#[from] std::io::Error),
}

/// Serves one editor on standard input and output, until it says `exit`.
///
/// # Errors
/// The connection broke, or ended without `shutdown`.
pub fn serve() -> Result<(), ServeError> {
    let (connection, threads) = Connection::stdio();
    let served = serve_connection(connection);
    // The writing thread ends when the connection is dropped, the reading one with `exit` or the end of input.
    if served.is_ok() {
        threads.join()?;
    }
    served
}

/// Serves one editor on any connection.
///
/// # Errors
/// As [`serve`].
pub fn serve_connection(connection: Connection) -> Result<(), ServeError> {
    server::run(&connection)
}
