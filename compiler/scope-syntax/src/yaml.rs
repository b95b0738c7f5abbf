//! Pasted YAML.

use scope_diagnostics::{Diagnostic, Span, codes};

pub(crate) struct Found;

pub(crate) fn recognise(_text: &str) -> Option<Found> {
    None
}

impl Found {
    pub fn report(&self, place: Span, _text: &str) -> Diagnostic {
        Diagnostic::new(codes::E0011, place, "this looks like YAML")
    }
}
