//! Support for tests that run the real binary against real shells and a real sshd.
//!
//! [`lab`] gives hosts, [`relay`] distance, [`cli`] a project folder with the command line, [`procs`] a look at what is
//! left running, [`record`] a look into the record, [`book`] the pages of docs/, [`drawn`] plans to draw, [`hostile`] hosts that lie. They know nothing of Roundsman's insides: they go by its command
//! line, its files and the system.
//!
//! Every test file compiles its own copy and uses a part of it.
#![allow(dead_code, unused_imports, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "test support: a panic is a failed test")]

pub(crate) mod book;
pub(crate) mod cli;
pub(crate) mod drawn;
pub(crate) mod hostile;
pub(crate) mod lab;
pub(crate) mod procs;
pub(crate) mod record;
pub(crate) mod relay;

pub(crate) use cli::{Project, Shown};
pub(crate) use lab::{Lab, LabOptions};
pub(crate) use relay::Relay;
pub(crate) use relay::{To, random};
