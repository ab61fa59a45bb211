//! A file is the old one or the new one, whenever its script is killed.

use std::os::unix::process::CommandExt as _;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::*;

/// Runs a script, and kills it and all that it started after a time; gives how long it ran.
pub(super) fn killed(shell: &Shell, folder: &Path, script: &str, stdin: &[u8], after: Duration) -> Duration {
    let mut command = shell.command(folder, script);
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    std::thread::scope(|scope| {
        let mut input = child.stdin.take().unwrap();
        scope.spawn(move || {
            let _ = input.write_all(stdin);
        });
        while child.try_wait().unwrap().is_none() {
            if started.elapsed() >= after {
                let _ = kill_process_group(group, Signal::KILL);
                child.wait().unwrap();
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    // What it started outlives it by a moment.
    for _ in 0..20 {
        if kill_process_group(group, Signal::KILL).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    started.elapsed()
}

#[test]
fn a_killed_script_leaves_the_old_file_or_the_new_one() {
    const TRIES: u32 = 50;
    let contents = |tag: &str, count: usize| format!("{tag} content of a file\n").repeat(count).into_bytes();
    let tools = tempfile::tempdir().unwrap();
    for shell in &shells(tools.path()) {
        for (count, backup) in [(40, true), (60_000, false)] {
            let (old, new) = (contents("old", count), contents("new", count));
            let folder = tempfile::tempdir().unwrap();
            let dest = folder.path().join("f");
            let script = |token: u32| {
                let mut plan = plan(&dest);
                (plan.token, plan.file.backup) = (format!("t{token}"), backup);
                if count < 100 { plan.small_script(&new) } else { plan.upload_script(new.len() as u64) }
            };
            fs::write(&dest, &old).unwrap();
            let whole = (0..3).map(|_| {
                fs::write(&dest, &old).unwrap();
                killed(shell, folder.path(), &script(TRIES), &new, Duration::from_secs(60))
            });
            let whole = whole.max().unwrap();
            // Later and later, until one of them came to its end on a machine that has become slower since.
            let (mut attempt, mut ends) = (0, [0, 0]);
            while attempt < TRIES || ends[1] == 0 {
                fs::write(&dest, &old).unwrap();
                killed(shell, folder.path(), &script(attempt), &new, whole * attempt / TRIES);
                let is = fs::read(&dest).unwrap_or_else(|error| panic!("{:?}: {error}", shell.words));
                assert!(is == old || is == new, "{:?}: {} of {} bytes", shell.words, is.len(), old.len());
                ends[usize::from(is == new)] += 1;
                attempt += 1;
            }
            assert!(ends[0] > 0, "{:?}: {ends:?}: none was killed before its end", shell.words);
            fs::write(&dest, &old).unwrap();
            killed(shell, folder.path(), &script(attempt), &new, Duration::from_secs(60));
            for entry in fs::read_dir(folder.path()).unwrap() {
                let entry = entry.unwrap();
                let left = entry.file_name().to_string_lossy().starts_with(".roundsman-");
                assert!(!left, "{:?}: {:?} is left behind the next that came to its end", shell.words, entry.file_name());
                if entry.file_name().to_string_lossy().starts_with("f.") {
                    assert!(fs::read(entry.path()).unwrap() == old, "{:?}: what is kept is whole", shell.words);
                }
            }
        }
    }
}
