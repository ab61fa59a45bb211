//! The author's mistakes: where text comes from, what is wrong with it, and how that is shown.
//!
//! Knows files as text and byte spans, nothing of YAML, templates or hosts. Rooms push [`Diagnostic`]s into
//! [`Diagnostics`] and go on; `app` decides at the end of a stage whether there were errors; `cli` renders.
//!
//! Codes: `E0xx` YAML, `E1xx` playbook, `E2xx` inventory and host expressions, `E3xx` templates and quoting,
//! `E4xx` plan; `W…` are warnings in the same hundreds. [`explanation`] says at length what each means.

mod catalogue;
mod diagnostic;
mod render;
mod source;

pub use catalogue::{EXAMPLE_INVENTORY, Example, Explanation, File, explanation, explanations, near_codes};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use render::{Colors, render_json, render_text};
pub use source::{FileId, Location, SourceFile, SourceMap, SourceText, Span};
