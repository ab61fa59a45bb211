//! `line` and `text` on a host: a file is read, edited here, and written where that changed it.
//!
//! The file is written only if it is still what was read. One that is not there is made where that is wanted.

use super::content::{FileThere, copied, probe};
use super::copy::{CopyPlan, FileTarget};
use super::declared::{Applied, Found, Resource, Touch, Unfit};
use super::diff::content_difference;
use super::edit::{BlockEdit, LineEdit};
use crate::event::Difference;

/// A larger file is not edited.
const LIMIT: usize = 4 * 1024 * 1024;

/// One line of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct LineFile {
    /// The file.
    pub file: FileTarget,
    /// Makes a file that is not there.
    pub create: bool,
    /// What is to be of it.
    pub edit: LineEdit,
}

/// Marked lines of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct TextFile {
    /// The file.
    pub file: FileTarget,
    /// Makes a file that is not there.
    pub create: bool,
    /// What is to be of it.
    pub edit: BlockEdit,
}

/// Compares a file with itself, edited.
fn compare(probed: &[u8], file: &FileTarget, create: bool, edit: impl Fn(&str) -> Result<String, Unfit>) -> Result<Found, Unfit> {
    let there = FileThere::parse(probed).ok_or_else(|| Unfit::unread(&file.dest))?;
    let stat = there.file(file)?;
    let old = match (stat, &there.content) {
        (None, _) => None,
        (Some(_), Some(content)) => Some(content.as_slice()),
        (Some(stat), None) => return Err(Unfit(format!("{} has {} bytes, too many to edit", file.dest, stat.size))),
    };
    let text = std::str::from_utf8(old.unwrap_or_default()).map_err(|_| Unfit(format!("{} is no text in UTF-8", file.dest)))?;
    let new = edit(text)?;
    let mut found = Found::default();
    match stat {
        // What is not to be there is not there.
        None if new.is_empty() => return Ok(found),
        None if !create => return Err(Unfit(format!("there is no file {}; `create: true` makes it", file.dest))),
        None => {
            found.differences = [vec![Difference::new("state", None, Some("file".to_owned()))], file.rights.of_new()].concat();
            found.missing.clone_from(&there.missing);
        }
        Some(stat) => found.differences = file.rights.differences(stat),
    }
    if new != text {
        found.differences.push(content_difference(&file.dest, old, new.as_bytes()));
    }
    if !found.differences.is_empty() {
        let plan = CopyPlan { file: file.clone(), expect: Some(there.mark.clone().unwrap_or_default()), ..CopyPlan::default() };
        found.write = Some(Box::new((plan, new.into_bytes())));
    }
    Ok(found)
}

macro_rules! edited {
    ($type:ty, $edit:expr) => {
        impl Resource for $type {
            fn probe(&self) -> String {
                probe(&self.file.dest, "", LIMIT)
            }

            fn compare(&self, probed: &[u8]) -> Result<Found, Unfit> {
                compare(probed, &self.file, self.create, |text| $edit(&self.edit, text))
            }

            fn apply(&self, _: &str) -> Option<String> {
                None
            }

            fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit> {
                copied(&String::from_utf8_lossy(printed))
            }

            fn touches(&self) -> Vec<Touch> {
                vec![Touch::Path(self.file.dest.clone())]
            }

            fn subject(&self) -> &str {
                &self.file.dest
            }
        }
    };
}

edited!(LineFile, |edit: &LineEdit, text: &str| Ok(edit.edit(text)));
edited!(TextFile, |edit: &BlockEdit, text: &str| edit.edit(text).map_err(|error| Unfit(error.to_string())));
