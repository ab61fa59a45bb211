//! The verbs that say what a file, a folder or a link is to be, as written.

use crate::diag::SourceText;

/// Mode and owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rights {
    pub(crate) mode: Option<SourceText>,
    pub(crate) owner: Option<SourceText>,
    pub(crate) group: Option<SourceText>,
}

/// A file that is written.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) dest: SourceText,
    pub(crate) rights: Rights,
    pub(crate) backup: bool,
    pub(crate) validate: Option<SourceText>,
}

/// `copy`.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    pub(crate) from: CopyFrom,
    pub(crate) file: Written,
}

/// Where the bytes of a copy come from.
#[derive(Debug, Clone)]
pub(crate) enum CopyFrom {
    Content(SourceText),
    Src(SourceText),
}

/// `template`.
#[derive(Debug, Clone)]
pub(crate) struct TemplateFile {
    pub(crate) src: SourceText,
    pub(crate) file: Written,
}

/// `file`, `directory` and `link`.
#[derive(Debug, Clone)]
pub(crate) struct PathState {
    pub(crate) dest: SourceText,
    pub(crate) wanted: WantedState,
}

/// What a path is to be.
#[derive(Debug, Clone)]
pub(crate) enum WantedState {
    Absent { force: bool },
    File(Rights),
    Directory(Rights),
    Link { src: SourceText, force: bool },
}

/// What `line` and `text` have in common.
#[derive(Debug, Clone)]
pub(crate) struct Edited {
    pub(crate) file: Written,
    pub(crate) create: bool,
    pub(crate) absent: bool,
    pub(crate) place: PlaceInFile,
}

/// Where something new goes.
#[derive(Debug, Clone)]
pub(crate) enum PlaceInFile {
    End,
    Begin,
    After(SourceText),
    Before(SourceText),
}

/// `line`.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) edited: Edited,
    pub(crate) line: Option<SourceText>,
    pub(crate) matching: Option<SourceText>,
}

/// `text`.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) edited: Edited,
    pub(crate) text: Option<SourceText>,
    pub(crate) name: Option<SourceText>,
    pub(crate) comment: Option<SourceText>,
}
