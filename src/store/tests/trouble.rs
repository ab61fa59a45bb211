//! What can be wrong with a record: told in our words, with nothing deleted or overwritten.

use std::time::Duration;

use super::*;
use crate::store::{RunState, StoreError, VERSION};

const SHORT: Duration = Duration::from_millis(50);

fn refused(path: &Path, mode: OpenMode) -> StoreError {
    let error = Store::open_within(path, mode, SHORT).map(drop).unwrap_err();
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
    error
}

/// A record with one run, all of it in the one file.
fn filled(outputs: u64) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = record();
    let header = header("0192-a");
    let mut kinds = vec![RunEvent::RunStarted(Box::new(header.clone()))];
    kinds.extend((0..outputs).map(|number| output(step(0, 0), Stream::Stdout, 1000 * number, &[b'x'; 1000])));
    kinds.push(run_ended("ok", 0));
    put(&path, &header, numbered(1, kinds));
    (folder, path)
}

#[test]
fn opening_makes_a_folder_that_hides_from_git_and_others() {
    let (folder, path) = record();
    let store = write(&path);
    let ours = folder.path().join(".roundsman");
    assert_eq!(std::fs::read_to_string(ours.join(".gitignore")).unwrap(), "*\n");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&ours.metadata().unwrap().permissions()) & 0o777, 0o700);
    let pragma = |name: &str| store.connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
    assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    assert_eq!((pragma("synchronous"), pragma("foreign_keys"), pragma("user_version")), (2.into(), 1.into(), VERSION.into()));
}

#[test]
fn another_folder_gets_no_ignore_file() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("runs.db"));
    assert!(!folder.path().join(".gitignore").exists());
}

#[test]
fn missing_things() {
    let (folder, path) = record();
    assert!(matches!(refused(&path, OpenMode::Read), StoreError::Missing { .. }));
    assert!(!path.parent().unwrap().exists(), "a look makes nothing");
    let deep = folder.path().join("no/such/record.db");
    assert!(matches!(refused(&deep, OpenMode::Write), StoreError::NoFolder { folder, .. } if folder.ends_with("no/such")));
    let ours = folder.path().join("no/.roundsman/record.db");
    assert!(matches!(refused(&ours, OpenMode::Write), StoreError::NoFolder { folder, .. } if folder.ends_with("no")));
    for mode in [OpenMode::Read, OpenMode::Write] {
        assert!(matches!(refused(folder.path(), mode), StoreError::IsFolder { .. }));
    }
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(refused(&empty, OpenMode::Read), StoreError::Missing { .. }));
    write(&empty);
}

#[test]
fn what_is_no_record_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "Not a database, and longer than the header of one. ".repeat(40)).unwrap();
    let foreign = folder.path().join("other.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs(x); INSERT INTO theirs VALUES (1)").unwrap();
    for (path, wanted) in [(&text, "not an SQLite database"), (&foreign, "another program")] {
        let before = std::fs::read(path).unwrap();
        for mode in [OpenMode::Read, OpenMode::Write] {
            let error = refused(path, mode).to_string();
            assert!(error.contains(wanted), "{error}");
        }
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
}

#[test]
fn a_newer_record_stays_as_it_is() {
    let (_folder, path) = filled(1);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", VERSION + 6).unwrap();
    let before = std::fs::read(&path).unwrap();
    for mode in [OpenMode::Read, OpenMode::Write] {
        let error = refused(&path, mode);
        let wanted = format!("was written by a newer roundsman: version {}; this one knows {VERSION}", VERSION + 6);
        assert!(error.to_string().ends_with(&wanted), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn damage_is_told_and_left_alone() {
    let (_folder, path) = filled(200);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 9000].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    let store = read(&path);
    let error = store.check().unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }) && error.hint().unwrap().contains(".recover"), "{error}");
    assert!(matches!(store.events(1).unwrap_err(), StoreError::Corrupt { .. }));
    drop(store);
    // The page with the list of tables.
    bytes[100..4000].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    for mode in [OpenMode::Read, OpenMode::Write] {
        assert!(matches!(refused(&path, mode), StoreError::Corrupt { .. }));
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn an_event_that_nobody_knows_is_named() {
    let (_folder, path) = filled(0);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE event SET json = '{\"seq\":1,\"at\":1,\"event\":\"of_tomorrow\"}' WHERE seq = 1", []).unwrap();
    let error = read(&path).events(1).unwrap_err().to_string();
    assert!(error.contains("event 1 of run 1") && error.contains("of_tomorrow"), "{error}");
}

#[test]
fn a_lock_is_waited_for_and_then_told() {
    let (_folder, path) = filled(0);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let store = Store::open_within(&path, OpenMode::Write, SHORT).unwrap();
    let error = store.writer(&header("0192-b")).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }) && error.hint().is_some(), "{error}");
    assert!(!path.with_file_name("run-0192-b.lock").exists());
    assert_eq!(only(&read(&path)).number, 1, "readers are not held up");

    // A new file that someone is making.
    let (_folder, path) = record();
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let maker = rusqlite::Connection::open(&path).unwrap();
    maker.execute_batch("BEGIN EXCLUSIVE; CREATE TABLE x(y)").unwrap();
    assert!(matches!(refused(&path, OpenMode::Write), StoreError::Locked { .. }));
}

/// What a run's dispatcher hears of each batch, and what is where, after `break_it` has been done to the open record.
fn broken_run(path: &Path, break_it: impl FnOnce(&Store)) -> (String, PathBuf) {
    let store = Store::open_within(path, OpenMode::Write, SHORT).unwrap();
    break_it(&store);
    let header = header("0192-a");
    let writer = store.writer(&header).unwrap();
    let mut kinds = vec![RunEvent::RunStarted(Box::new(header.clone()))];
    kinds.extend((0..40).map(|number| output(step(0, 0), Stream::Stdout, 50_000 * number, &[b'x'; 50_000])));
    kinds.push(run_ended("ok", 0));
    let events = numbered(1, kinds);
    let mut failures = Vec::new();
    let mut recorded = 0;
    for event in &events {
        match append(&writer, vec![event.clone()]).recv().unwrap() {
            Ok(()) => {
                assert!(failures.is_empty(), "once failed, it stays so");
                recorded += 1;
            }
            Err(JournalError::Failed { reason, spilled_to }) => failures.push((reason, spilled_to.unwrap())),
        }
    }
    let JournalError::Failed { reason, .. } = writer.finish().unwrap_err();
    let spilled = failures[0].1.clone();
    assert!(failures.iter().all(|failure| *failure == (reason.clone(), spilled.clone())), "{failures:?}");
    assert!(recorded > 1 && !failures.is_empty());

    let store = read(path);
    let run = only(&store);
    assert_eq!(run.state, RunState::Abandoned);
    let mut all = store.events(run.number).unwrap();
    assert_eq!(all.len(), recorded);
    let text = std::fs::read_to_string(&spilled).unwrap();
    all.extend(text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap()));
    assert_eq!(all, events, "the record and the file together are the whole run");
    (reason, spilled)
}

#[test]
fn a_full_disk_in_the_middle_of_a_run() {
    let (_folder, path) = record();
    let (reason, spilled) = broken_run(&path, |store| {
        store.connection.pragma_update_and_check(None, "max_page_count", 300, |_| Ok(())).unwrap();
    });
    assert_eq!(reason, "the disk is full");
    assert_eq!(spilled, path.with_file_name("run-0192-a.events.jsonl"));
}

#[test]
fn an_event_out_of_order_fails_the_record() {
    let (_folder, path) = record();
    let header = header("0192-a");
    let writer = write(&path).writer(&header).unwrap();
    let JournalError::Failed { reason, spilled_to } = append(&writer, numbered(1, [run_ended("ok", 0)])).recv().unwrap().unwrap_err();
    assert_eq!(reason, "event 0 came before the run's start");
    assert!(spilled_to.unwrap().exists());
}

/// Runs `check` in a thread without root's rights, which would make permissions mean nothing.
#[cfg(target_os = "linux")]
fn as_nobody<T: Send>(check: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(65534)).unwrap();
            }
            check()
        });
        thread.join().unwrap()
    })
}

#[cfg(target_os = "linux")]
fn permit(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn permissions_are_told() {
    let (folder, path) = filled(3);
    let ours = path.parent().unwrap();
    permit(folder.path(), 0o555);
    permit(ours, 0o555);

    // A file that may be read but not written, in a folder that takes no other: it is read all the same.
    permit(&path, 0o444);
    let before = std::fs::read(&path).unwrap();
    as_nobody(|| {
        let store = read(&path);
        assert_eq!(store.events(only(&store).number).unwrap().len(), 5);
        assert!(matches!(refused(&path, OpenMode::Write), StoreError::ReadOnly { .. } | StoreError::Permission { .. }));
        assert!(matches!(refused(&ours.join("new.db"), OpenMode::Write), StoreError::Permission { .. }));
        assert!(matches!(refused(&folder.path().join("sub/.roundsman/record.db"), OpenMode::Write), StoreError::NoFolder { .. }));
    });

    permit(&path, 0o000);
    as_nobody(|| {
        for mode in [OpenMode::Read, OpenMode::Write] {
            assert!(matches!(refused(&path, mode), StoreError::Permission { .. }));
        }
    });

    // The folder is closed.
    permit(ours, 0o000);
    as_nobody(|| {
        for mode in [OpenMode::Read, OpenMode::Write] {
            assert!(matches!(refused(&path, mode), StoreError::Permission { .. }));
        }
    });
    permit(ours, 0o755);
    permit(folder.path(), 0o755);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_project_that_takes_no_folder() {
    let (folder, path) = record();
    permit(folder.path(), 0o555);
    as_nobody(|| assert!(matches!(refused(&path, OpenMode::Write), StoreError::Permission { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn what_stands_in_the_write_ahead_file_is_never_passed_over() {
    let (folder, path) = record();
    let ours = path.parent().unwrap();
    let header = header("0192-a");
    let writer = write(&path).writer(&header).unwrap();
    append(&writer, numbered(1, [RunEvent::RunStarted(Box::new(header.clone()))])).recv().unwrap().unwrap();
    // A copy taken in the middle of a run, without the shared memory.
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in ["record.db", "record.db-wal"] {
        std::fs::copy(ours.join(name), copy.join(name)).unwrap();
        permit(&copy.join(name), 0o444);
    }
    writer.finish().unwrap();
    permit(folder.path(), 0o755);
    permit(&copy, 0o555);
    as_nobody(|| assert!(matches!(refused(&copy.join("record.db"), OpenMode::Read), StoreError::Unsettled { .. })));
    permit(&copy, 0o755);
    // Where SQLite may make its file it reads the run.
    assert_eq!(only(&read(&copy.join("record.db"))).number, 1);
}
