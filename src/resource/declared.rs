//! What every declared state has in common: a probe, a comparison, a way to make it so, and what that said.
//!
//! A probe is read-only. The comparison is pure: what the probe printed goes in, what is not as it is to be comes out. Most states are made
//! in one trip, by a script that looks, acts and looks again; an edit must know the text first, so that it is a probe and a write.

use std::fmt;

use indexmap::IndexMap;

use super::archive::ArchivePlan;
use super::copy::CopyPlan;
use super::download::DownloadPlan;
use super::edited::{LineFile, TextFile};
use super::path::PathPlan;
use super::unarchive::UnarchivePlan;
use crate::event::Difference;
use crate::model::Value;

/// A state that something on a host is to have.
pub trait Resource: fmt::Debug {
    /// Shell text that prints what is there, and changes nothing.
    fn probe(&self) -> String;

    /// Compares what [`Resource::probe`] printed with what is wanted.
    ///
    /// # Errors
    /// Where it can't be made so: something is in the way, or the host said what can't be understood.
    fn compare(&self, probed: &[u8]) -> Result<Found, Unfit>;

    /// Shell text that makes it so whatever is there, in one trip; none where [`Found::write`] says how. `token` is a part of a temporary
    /// file's name that nobody can guess; letters and digits.
    fn apply(&self, token: &str) -> Option<String>;

    /// Reads what the script of [`Resource::apply`] printed.
    ///
    /// # Errors
    /// Where it is not as wanted after all, or the host said what can't be understood.
    fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit>;

    /// What it may change on its host.
    fn touches(&self) -> Vec<Touch>;

    /// What the answer of its probe hangs on.
    fn asks(&self) -> Vec<Touch> {
        self.touches()
    }

    /// The words that name what it is about: a path, mostly.
    fn subject(&self) -> &str;
}

/// What was found, compared with what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// What is not as it is to be; empty where there is nothing to do.
    pub differences: Vec<Difference>,
    /// A folder that must be there and is not.
    pub missing: Option<String>,
    /// Why more may differ than is known, where it can't be told without making it so.
    pub unsure: Option<String>,
    /// The file that is to be written, where [`Resource::apply`] gives none and there are differences.
    pub write: Option<Box<(CopyPlan, Vec<u8>)>>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// Whether anything was.
    pub changed: bool,
    /// What was not as it is now, as far as the script tells.
    pub differences: Vec<Difference>,
    /// What the resource knows beyond text, by name.
    pub outputs: IndexMap<String, Value>,
}

/// What a change reaches, as paths are written; what a link leads to is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touch {
    /// A path itself, not what is below it.
    Path(String),
    /// A path and all below it.
    Tree(String),
}

impl Touch {
    /// The same of another path.
    #[must_use]
    pub fn map(&self, path: impl Fn(&str) -> String) -> Touch {
        match self {
            Touch::Path(own) => Touch::Path(path(own)),
            Touch::Tree(own) => Touch::Tree(path(own)),
        }
    }
}

/// Why what is wanted can't be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl Unfit {
    /// For an answer that nobody can read.
    #[must_use]
    pub fn unread(subject: &str) -> Unfit {
        Unfit(format!("the host said of {subject} what can't be understood"))
    }
}

/// Any declared state but a file with known bytes, which may be large and travels by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Declared {
    /// `file`, `directory`, `link`.
    Path(PathPlan),
    /// `line`.
    Line(LineFile),
    /// `text`.
    Text(TextFile),
    /// `download`.
    Download(DownloadPlan),
    /// `archive`.
    Archive(ArchivePlan),
    /// `unarchive`, of an archive on the host.
    Unarchive(UnarchivePlan),
}

impl Declared {
    /// Says whether what is there must be known before anything can be made of it: [`Resource::apply`] gives none.
    #[must_use]
    pub fn is_edit(&self) -> bool {
        matches!(self, Declared::Line(_) | Declared::Text(_))
    }

    /// Itself, as what all of them can do.
    #[must_use]
    pub fn into_resource(self) -> Box<dyn Resource> {
        match self {
            Declared::Path(path) => Box::new(path),
            Declared::Line(line) => Box::new(line),
            Declared::Text(text) => Box::new(text),
            Declared::Download(download) => Box::new(download),
            Declared::Archive(archive) => Box::new(archive),
            Declared::Unarchive(unarchive) => Box::new(unarchive),
        }
    }

    /// What all of them can do.
    #[must_use]
    pub fn resource(&self) -> &dyn Resource {
        match self {
            Declared::Path(path) => path,
            Declared::Line(line) => line,
            Declared::Text(text) => text,
            Declared::Download(download) => download,
            Declared::Archive(archive) => archive,
            Declared::Unarchive(unarchive) => unarchive,
        }
    }
}
