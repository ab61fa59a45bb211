//! Arguments of `download`, `archive` and `unarchive`.

use std::path::PathBuf;

use super::{FileRights, Template, WrittenFile};

/// `download`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Where the bytes are.
    pub url: Template,
    /// Their SHA-256, 64 hex digits.
    pub sha256: Option<Template>,
    /// Asks for it though there is a file.
    pub force: bool,
    /// Where they go, and how.
    pub file: WrittenFile,
}

/// `archive`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Paths on the host, of context [`super::Context::Native`]; one that gives a list gives one path per entry.
    pub src: Vec<Template>,
    /// The archive, whose name tells the format, and how it is written.
    pub file: WrittenFile,
}

/// `unarchive`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unarchive {
    /// The archive.
    pub src: ArchiveSource,
    /// The folder on the host.
    pub dest: Template,
    /// So many leading parts of the members' names are left out.
    pub strip: u32,
    /// Owner and group of the folder and of all in it that is unpacked; the mode is the folder's alone.
    pub rights: FileRights,
}

/// Where an archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveSource {
    /// On the controller.
    Local {
        /// The path as written.
        path: Template,
        /// What a relative path is relative to: the folder of the playbook file that names it.
        base: PathBuf,
    },
    /// On the host.
    Remote(Template),
}

impl Download {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        each(&self.url);
        self.sha256.iter().for_each(&mut *each);
        self.file.for_each_template(each);
    }
}

impl Archive {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        self.src.iter().for_each(&mut *each);
        self.file.for_each_template(each);
    }
}

impl Unarchive {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        match &self.src {
            ArchiveSource::Local { path, .. } | ArchiveSource::Remote(path) => each(path),
        }
        each(&self.dest);
        self.rights.for_each_template(each);
    }
}
