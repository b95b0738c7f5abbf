//! The Plan: steps, edges, verification, passes, JSON and text forms.
