//! Arguments of the verbs that say what a file, a folder or a link is to be.

use super::{Form, Key, key};

pub(super) const BACKUP: Key = key("backup", Form::Bool, "Keeps what was there under another name, in `outputs.backup`.");
pub(super) const VALIDATE: Key =
    key("validate", Form::Template, "Shell text that must exit 0 before the file takes its place; `%s` in it is the new file's path.");

pub(super) const MODE: Key = key("mode", Form::Mode, "Its mode, as text: \"0644\".");
pub(super) const OWNER: Key = key("owner", Form::Template, "Its owner.");
pub(super) const GROUP: Key = key("group", Form::Template, "Its group.");
const AFTER: Key = key("after", Form::Template, "Where it is new it goes behind the last line that matches this regular expression.");
const BEFORE: Key = key("before", Form::Template, "Where it is new it goes before the first line that matches this regular expression.");
const AT: Key = key("at", Form::Edge, "Where it is new it goes here.");
const CREATE: Key = key("create", Form::Bool, "Makes a file that is not there.");
const EDITED: Key = key("dest", Form::Template, "The file on the host.");

/// Arguments of `template`.
pub(crate) const TEMPLATE: &[Key] = &[
    key("src", Form::Text, "The local template file, relative to the file that names it."),
    key("dest", Form::Template, "The file on the host."),
    MODE,
    OWNER,
    GROUP,
    BACKUP,
    VALIDATE,
];

/// Arguments of `file`.
pub(crate) const FILE: &[Key] = &[
    key("dest", Form::Template, "The file on the host."),
    key("state", Form::State, "Whether it is to be there."),
    MODE,
    OWNER,
    GROUP,
    key("force", Form::Bool, "With `state: absent`: removes a folder with all that is in it."),
];

/// Arguments of `directory`.
pub(crate) const DIRECTORY: &[Key] = &[
    key("dest", Form::Template, "The folder on the host; those above it are made as well."),
    key("state", Form::State, "Whether it is to be there."),
    MODE,
    OWNER,
    GROUP,
    key("force", Form::Bool, "With `state: absent`: removes it with all that is in it."),
];

/// Arguments of `link`.
pub(crate) const LINK: &[Key] = &[
    key("dest", Form::Template, "The link."),
    key("src", Form::Template, "What it points to, as written into it."),
    key("state", Form::State, "Whether it is to be there."),
    key("force", Form::Bool, "Replaces a file by the link; with `state: absent` removes a folder with all that is in it."),
];

/// Arguments of `line`.
pub(crate) const LINE: &[Key] = &[
    EDITED,
    key("line", Form::Template, "The line."),
    key("match", Form::Template, "A regular expression: the line takes the place of the last that matches."),
    key("state", Form::State, "Whether it is to be there; absent takes all out that match."),
    AFTER,
    BEFORE,
    AT,
    CREATE,
    MODE,
    OWNER,
    GROUP,
    BACKUP,
    VALIDATE,
];

/// Arguments of `text`.
pub(crate) const TEXT: &[Key] = &[
    EDITED,
    key("text", Form::Template, "The lines between the marks."),
    key("name", Form::Template, "What the marks call it: several texts in one file need several names."),
    key("comment", Form::Template, "The sign that begins a comment in this file."),
    key("state", Form::State, "Whether it is to be there; absent takes it out, marks and all."),
    AFTER,
    BEFORE,
    AT,
    CREATE,
    MODE,
    OWNER,
    GROUP,
    BACKUP,
    VALIDATE,
];
