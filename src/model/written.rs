//! Arguments of the verbs that say what a file, a folder or a link is to be.

use std::path::PathBuf;

use super::Template;

/// Mode and owner of something; without them what is there stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileRights {
    /// In octal digits (`0644`); what is made without it obeys the umask.
    pub mode: Option<Template>,
    /// A name or a number.
    pub owner: Option<Template>,
    /// A name or a number.
    pub group: Option<Template>,
}

/// A file that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// The file on the host.
    pub dest: Template,
    /// Its mode and owner.
    pub rights: FileRights,
    /// Keeps what was there under another name.
    pub backup: bool,
    /// Shell text that must exit 0 before the file takes its place; `%s` outside of quotes is the path of the bytes to be.
    pub validate: Option<Template>,
}

/// `copy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFile {
    /// What is written.
    pub from: CopyFrom,
    /// Where, and how.
    pub file: WrittenFile,
}

/// Where the bytes of a copy come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFrom {
    /// A text.
    Content(Template),
    /// A file of the controller.
    Src {
        /// The path as written.
        path: Template,
        /// What a relative path is relative to: the folder of the playbook file that names it.
        base: PathBuf,
    },
}

/// `template`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// The local file, joined to the folder of the playbook file that names it.
    pub src: PathBuf,
    /// Its text.
    pub text: Template,
    /// Where the rendered text goes, and how.
    pub file: WrittenFile,
}

/// `file`, `directory` and `link`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathState {
    /// The path on the host.
    pub dest: Template,
    /// What is to be there.
    pub wanted: WantedState,
}

/// What a path is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedState {
    /// Nothing.
    Absent {
        /// Removes a folder that is not empty.
        force: bool,
    },
    /// A regular file.
    File(FileRights),
    /// A folder.
    Directory(FileRights),
    /// A symbolic link.
    Link {
        /// What it points to.
        src: Template,
        /// Replaces a file.
        force: bool,
    },
}

/// A file that `line` and `text` change a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedFile {
    /// The file, and how it is written.
    pub file: WrittenFile,
    /// Makes a file that is not there.
    pub create: bool,
    /// True where the part is not to be there.
    pub absent: bool,
    /// Where it goes where it is not there yet.
    pub place: PlaceInFile,
}

/// Where in a file something new goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceInFile {
    /// Behind the last line.
    End,
    /// Before the first.
    Begin,
    /// Behind the last line that matches this regular expression.
    After(Template),
    /// Before the first line that matches this regular expression.
    Before(Template),
}

/// `line`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineInFile {
    /// The file.
    pub edited: EditedFile,
    /// The line; always there unless it is to be absent.
    pub line: Option<Template>,
    /// A regular expression that finds the line that it takes the place of, or those that are not to be.
    pub matching: Option<Template>,
}

/// `text`: lines between two marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextInFile {
    /// The file.
    pub edited: EditedFile,
    /// The lines; always there unless they are to be absent.
    pub text: Option<Template>,
    /// What the marks call it; none: by the task's id.
    pub name: Option<Template>,
    /// The sign before the marks; none is `#`.
    pub comment: Option<Template>,
}

impl FileRights {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        self.mode.iter().chain(&self.owner).chain(&self.group).for_each(each);
    }
}

impl WrittenFile {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        each(&self.dest);
        self.rights.for_each_template(each);
        self.validate.iter().for_each(each);
    }
}

impl PathState {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        each(&self.dest);
        match &self.wanted {
            WantedState::Absent { .. } => {}
            WantedState::File(rights) | WantedState::Directory(rights) => rights.for_each_template(each),
            WantedState::Link { src, .. } => each(src),
        }
    }

    /// The mode and owner that it asks for.
    #[must_use]
    pub fn rights(&self) -> Option<&FileRights> {
        match &self.wanted {
            WantedState::File(rights) | WantedState::Directory(rights) => Some(rights),
            WantedState::Absent { .. } | WantedState::Link { .. } => None,
        }
    }
}

impl EditedFile {
    /// Calls `each` for every template of it.
    pub fn for_each_template<'a>(&'a self, each: &mut dyn FnMut(&'a Template)) {
        self.file.for_each_template(each);
        match &self.place {
            PlaceInFile::After(pattern) | PlaceInFile::Before(pattern) => each(pattern),
            PlaceInFile::End | PlaceInFile::Begin => {}
        }
    }
}
