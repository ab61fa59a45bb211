//! Arguments of `download`, `archive` and `unarchive`.

use super::written::{BACKUP, GROUP, MODE, OWNER, VALIDATE};
use super::{Form, Key, key};

/// Arguments of `download`.
pub(crate) const DOWNLOAD: &[Key] = &[
    key("url", Form::Template, "Where the bytes are; the host itself asks for them."),
    key("dest", Form::Template, "The file on the host."),
    key("sha256", Form::Template, "Their SHA-256: a file that has it is not asked for again, and other bytes are refused."),
    key("force", Form::Bool, "Asks for it though there is a file; what comes is compared with that."),
    MODE,
    OWNER,
    GROUP,
    BACKUP,
    VALIDATE,
];

/// Arguments of `archive`.
pub(crate) const ARCHIVE: &[Key] = &[
    key("src", Form::Texts, "The paths on the host, one or a list; of a folder all that is in it."),
    key("dest", Form::Template, "The archive on the host; its name tells the format."),
    MODE,
    OWNER,
    GROUP,
    BACKUP,
    VALIDATE,
];

/// Arguments of `unarchive`.
pub(crate) const UNARCHIVE: &[Key] = &[
    key("src", Form::Template, "The archive: a local file, relative to the file that names it, or with `remote` a path on the host."),
    key("dest", Form::Template, "The folder on the host; it is made where there is none."),
    key("remote", Form::Bool, "`src` is a path on the host."),
    key("strip", Form::Attempts, "So many leading parts of the members' names are left out; what has no more is not unpacked."),
    key("mode", Form::Mode, "The mode of the folder, as text: \"0755\"."),
    key("owner", Form::Template, "The owner of the folder and of all that is unpacked."),
    key("group", Form::Template, "The group of the folder and of all that is unpacked."),
];
