//! The scripts under real shells, in a folder of the test's own.

use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

fn owner(run: &str) -> LockOwner {
    LockOwner { run: run.to_owned(), also: Vec::new(), who: "ann@ctl1".to_owned(), playbook: "It's \"patch\" \\n".to_owned() }
}

fn run(shell: &[&str], folder: &Path, script: &str) -> Vec<u8> {
    let output = Command::new(shell[0]).args(&shell[1..]).args(["-c", script]).env("ROUNDSMAN_LOCK_DIR", folder).output().unwrap();
    assert!(output.status.success(), "{shell:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn shells() -> Vec<Vec<&'static str>> {
    let all = [vec!["dash"], vec!["bash", "--posix"], vec!["busybox", "sh"], vec!["mksh"]];
    let there =
        |shell: &Vec<&str>| Command::new(shell[0]).arg("-c").arg("true").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    all.into_iter().filter(there).collect()
}

fn take(shell: &[&str], folder: &Path, who: &LockOwner) -> Locked {
    locked(&run(shell, folder, &take_script(who)))
}

#[test]
fn one_run_has_it_until_it_lets_go() {
    for shell in shells() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        assert_eq!(take(&shell, place, &owner("one")), Locked::Taken, "{shell:?}");
        let Locked::Held(found) = take(&shell, place, &owner("two")) else { panic!("{shell:?}: held") };
        assert_eq!((found.run.as_str(), found.who.as_str(), found.playbook.as_str()), ("one", "ann@ctl1", "It's \"patch\" \\n"));
        assert!(!found.stale && found.words().starts_with("by ann@ctl1, run one of It's"), "{}", found.words());
        assert_eq!(take(&shell, place, &owner("one")), Locked::Taken, "the same run by another name");
        let after = LockOwner { also: vec!["one".to_owned()], ..owner("three") };
        assert_eq!(take(&shell, place, &after), Locked::Taken, "a run that goes on with it");
        run(&shell, place, &release_script(&owner("one")));
        assert_eq!(lock_there(&run(&shell, place, &look_script())).unwrap().unwrap().run, "three", "not its lock");
        run(&shell, place, &release_script(&after));
        assert_eq!(lock_there(&run(&shell, place, &look_script())), Ok(None));
        assert_eq!(std::fs::read_dir(place).unwrap().count(), 0);
    }
}

#[test]
fn a_lock_that_nobody_holds_is_taken_over() {
    for shell in shells() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        // Whoever starts it is gone when it is asked for.
        let text = format!("{} -c {} 2>/dev/null; :", shell.join(" "), quote(&take_script(&owner("one"))));
        let mut gone = Command::new("sh");
        let ended = gone.args(["-c", &text]).env("ROUNDSMAN_LOCK_DIR", place).output().unwrap();
        assert_eq!(locked(&ended.stdout), Locked::Taken);
        let held = std::fs::read_dir(place.join("roundsman.lock")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let held: Vec<String> = held.filter(|name| name.starts_with("h.")).collect();
        let [held] = &held[..] else { panic!("{held:?}") };
        // A process of that number which was born at another time is not it.
        let other = std::process::id();
        let stamp = std::fs::read_to_string(place.join("roundsman.lock").join(held)).unwrap();
        std::fs::remove_file(place.join("roundsman.lock").join(held)).unwrap();
        let stamp = stamp.trim_end().rsplit_once(' ').unwrap().0;
        std::fs::write(place.join("roundsman.lock").join(format!("h.{other}")), format!("{stamp} 1\n")).unwrap();
        let there = lock_there(&run(&shell, place, &look_script())).unwrap().unwrap();
        assert!(there.stale, "{shell:?}");
        let Locked::TakenOver(found) = take(&shell, place, &owner("two")) else { panic!("{shell:?}: taken over") };
        assert_eq!((found.run.as_str(), found.stale), ("one", true));
        assert!(matches!(take(&shell, place, &owner("three")), Locked::Held(_)));
        run(&shell, place, &remove_script("two"));
        assert_eq!(std::fs::read_dir(place).unwrap().count(), 0);
    }
}

#[test]
fn one_of_many_at_once_takes_it_over() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let lock = folder.path().join("roundsman.lock");
        let _ = std::fs::remove_dir_all(&lock);
        std::fs::create_dir(&lock).unwrap();
        std::fs::write(lock.join("owner"), "old\nann\nx\n1\n").unwrap();
        std::fs::write(lock.join("h.999999999"), "another-boot - 1\n").unwrap();
        let started: Vec<_> = (0..8)
            .map(|number| {
                let script = take_script(&owner(&format!("run{number}")));
                Command::new("sh").args(["-c", &script]).env("ROUNDSMAN_LOCK_DIR", folder.path()).stdout(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        let said: Vec<Locked> = started.into_iter().map(|child| locked(&child.wait_with_output().unwrap().stdout)).collect();
        let ours = said.iter().filter(|said| matches!(said, Locked::Taken | Locked::TakenOver(_))).count();
        let held = said.iter().filter(|said| matches!(said, Locked::Held(_))).count();
        assert_eq!((ours, held), (1, 7), "{round}: {said:?}");
    }
}

#[test]
fn what_stands_there_is_neither_followed_nor_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (place, shell) = (folder.path(), &["sh"]);
    let lock = place.join("roundsman.lock");
    std::fs::create_dir(place.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.join("elsewhere"), &lock).unwrap();
    assert!(matches!(take(shell, place, &owner("one")), Locked::Impossible(_)));
    assert_eq!(std::fs::read_dir(place.join("elsewhere")).unwrap().count(), 0);
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    std::fs::write(
        lock.join("owner"),
        format!("$(touch {p}/x)\n`touch {p}/x`\n\u{1b}[2J{}\n1; touch {p}/x\n", "z".repeat(9000), p = place.display()),
    )
    .unwrap();
    std::fs::write(lock.join("h.0"), "- - -\n").unwrap();
    let Locked::Held(found) = take(shell, place, &owner("one")) else { panic!("held") };
    assert!(found.playbook.chars().count() <= FIELD && !found.playbook.contains('\u{1b}'), "{found:?}");
    assert!(!place.join("x").exists());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let Locked::Impossible(why) = take(&["sh"], &folder.path().join("none"), &owner("one")) else { panic!("impossible") };
    assert!(why.contains("No such file"), "{why}");
}
