//! Where events go when the record can't take them: JSON lines in a file beside it, else in the temporary folder.
//!
//! The file is new, only its owner may read it, and it is synced before anybody is told of it.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::path;
use crate::event::Event;

/// The file of a run whose record failed.
#[derive(Debug)]
pub(super) struct Spill {
    folders: Vec<PathBuf>,
    name: String,
    open: Option<(File, PathBuf)>,
}

impl Spill {
    /// Prepares a run's file; nothing is made before the first event.
    pub(super) fn new(record: &Path, run: &str) -> Spill {
        Spill::into_folders(vec![path::folder_of(record).to_owned(), std::env::temp_dir()], run)
    }

    pub(super) fn into_folders(folders: Vec<PathBuf>, run: &str) -> Spill {
        Spill { folders, name: path::spill_name(run), open: None }
    }

    /// Writes events as whole lines, and names the file that holds them; none where no folder takes them.
    pub(super) fn write(&mut self, events: &[Event]) -> Option<PathBuf> {
        let mut lines = Vec::new();
        for event in events {
            // An event without a JSON form is one that the record refused for the same reason.
            let length = lines.len();
            if serde_json::to_writer(&mut lines, event).is_err() {
                lines.truncate(length);
                continue;
            }
            lines.push(b'\n');
        }
        if let Some((file, path)) = &mut self.open
            && put(file, &lines).is_ok()
        {
            return Some(path.clone());
        }
        // What an earlier file holds stays there; later events go to the next folder.
        while !self.folders.is_empty() {
            let path = self.folders.remove(0).join(&self.name);
            let Ok(mut file) = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) else { continue };
            if put(&mut file, &lines).is_ok() {
                self.open = Some((file, path.clone()));
                return Some(path);
            }
            // Ours, made a moment ago, and empty.
            let _ = std::fs::remove_file(&path);
        }
        self.open = None;
        None
    }
}

/// Writes all lines or none.
fn put(file: &mut File, lines: &[u8]) -> std::io::Result<()> {
    let start = file.stream_position()?;
    file.write_all(lines).and_then(|()| file.sync_data()).inspect_err(|_| {
        let _ = file.set_len(start);
        let _ = file.seek(std::io::SeekFrom::Start(start));
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::RunEvent;
    use crate::model::HostIx;

    fn event(seq: u64) -> Event {
        Event { seq, at: 5, kind: RunEvent::HostConnecting { host: HostIx(1) } }
    }

    #[test]
    fn events_are_whole_lines_in_the_first_folder_that_takes_them() {
        let good = tempfile::tempdir().unwrap();
        let gone = good.path().join("gone");
        let mut spill = Spill::into_folders(vec![gone, good.path().to_owned()], "7");
        let path = spill.write(&[event(3), event(4)]).unwrap();
        assert_eq!(spill.write(&[event(5)]), Some(path.clone()));
        assert_eq!(path, good.path().join("run-7.events.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap();
        let back: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(back, [event(3), event(4), event(5)]);
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_there_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("run-7.events.jsonl"), "theirs").unwrap();
        let mut spill = Spill::into_folders(vec![folder.path().to_owned()], "7");
        assert_eq!(spill.write(&[event(0)]), None);
        assert_eq!(std::fs::read_to_string(folder.path().join("run-7.events.jsonl")).unwrap(), "theirs");
    }

    #[test]
    fn a_full_disk_goes_on_to_the_next_folder() {
        // Every write to it says that no space is left.
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert!(full.write_all(b"x").is_err());
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::into_folders(vec![folder.path().to_owned()], "7");
        spill.open = Some((full, PathBuf::from("/dev/full")));
        assert_eq!(spill.write(&[event(1)]), Some(folder.path().join("run-7.events.jsonl")));
    }
}
