//! The language server alone, without the rest of `scope`: comes in on standard input, goes out on standard output.
//! Arguments are not looked at, so that it can stand for `scope lsp`.

fn main() -> Result<(), scope_lsp::ServeError> {
    scope_lsp::serve()
}
