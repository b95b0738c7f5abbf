//! Source positions, the one Diagnostic, and its renderers.
