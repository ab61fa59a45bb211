//! Roundsman runs playbooks: rounds of tasks on many hosts over persistent OpenSSH sessions, every outcome recorded.
//!
//! A tour in the order in which data flows; each room names only rooms above it in this list, and a test keeps it so.
//!
//! 1. [`text`] quotes, folds and suggests; [`diag`] knows files, places in them, and how a mistake is shown.
//! 2. [`model`] is the vocabulary: playbook, round, task, verb, host, value, every name bound.
//! 3. [`yaml`] reads text into nodes that know their place. [`template`] compiles templates, says what they read, renders
//!    them, and quotes values for the place in a shell text where they stand. [`event`] is what happens in a run, as
//!    plain data. [`transport`] opens sessions to hosts, and on them lanes: long-lived shells that run requests in order.
//! 4. [`inventory`] makes hosts and groups of nodes, and host lists of host expressions. [`resource`] writes the shell
//!    scripts of verbs such as `stat` and `copy`, and reads what they print.
//! 5. [`playbook`] makes the model of nodes, and finds every mistake that can be found without a connection.
//! 6. [`plan`] makes the graph: what waits for what, and why; the ready queue; and each step rendered.
//!
//! Everything up to here is synchronous and pure. Then:
//!
//! 7. [`exec`] runs a plan: one dispatcher that owns the run, one worker a host. [`store`] is the record in SQLite.
//!    [`report`] is what people see. The three know events, and not each other.
//! 8. [`app`] is one use case a file, where they meet; [`cli`] turns words into requests and results into exit codes.
//!
//! # Embedding
//!
//! [`load`] reads a playbook, [`run`] runs it, and an [`EventSink`] hears what happens. `examples/embed.rs` is a whole
//! program. One that connects by ssh calls [`helper_main`] before anything else: its own executable starts ssh's masters
//! and answers their password prompts.

pub mod text;

pub mod diag;

pub mod model;

pub mod event;
pub mod template;
pub mod transport;
pub mod yaml;

pub mod inventory;
pub mod resource;

pub mod playbook;

pub mod plan;

pub mod exec;
pub mod report;
pub mod store;

pub mod app;

pub mod cli;

pub use app::{AppError, Loaded, Ready, RunRequest, Sources, load, run};
pub use event::{Event, EventSink, RunEvent};
pub use transport::helper_main;
