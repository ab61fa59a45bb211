//! What a lane notes on its host, and how it is found and ended by a later session.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::transport::{HostJournal, LaneNames, Noted};

/// A session of a run whose temporary files are in a folder.
fn session_in(shell: &str, folder: &Path, run: &str) -> Session {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    let argv = vec!["env".to_owned(), format!("TMPDIR={}", folder.display())];
    Session::with_shell(Backend::Process(argv), &target, None, shell, Some(run))
}

fn a_run() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn tagged(id: u64, command: Invocation) -> Request {
    Request { tag: Some(format!("0.{id}.0.1")), on_failure: OnFailure::Continue, ..request(id, command) }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn heard(lane: &mut Lane, id: u64) {
    loop {
        let report = timeout(Duration::from_secs(20), lane.reports.recv()).await.unwrap().unwrap();
        if matches!(report, LaneReport::Ended { id: ended, .. } if ended == id) {
            return;
        }
    }
}

#[tokio::test]
async fn what_begins_and_ends_is_noted_in_a_private_file() {
    for shell in shells() {
        let folder = tempfile::tempdir().unwrap();
        let session = session_in(shell, folder.path(), &a_run());
        let mut lane = session.open_lane(None).await.unwrap();
        run(&lane, request(0, sh("echo untagged; umask; set -C; echo \"<$1$__f$__j>\"")));
        heard(&mut lane, 0).await;
        assert!(files(folder.path()).is_empty(), "{shell}: one that has nothing to note makes no file");
        run(&lane, tagged(1, sh("ls /proc/$$/fd /proc/self/fd; umask")));
        run(&lane, tagged(2, sh("exit 7")));
        let mut guarded = tagged(3, sh("echo never"));
        let guard = |kind, text| GuardCheck { kind, command: sh(text), timeout: Duration::from_secs(9) };
        guarded.guards = vec![guard(GuardKind::Unless, "false"), guard(GuardKind::OnlyIf, "exit 5")];
        run(&lane, guarded);
        run(&lane, request(4, sh("echo a > \"$TMPDIR/other\"; echo b > \"$TMPDIR/other\"; rm \"$TMPDIR/other\"")));
        heard(&mut lane, 4).await;
        let made = files(folder.path());
        let [file] = &made[..] else { panic!("{shell}: {made:?}") };
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{shell}");
        let text = std::fs::read_to_string(file).unwrap();
        let noted: Vec<&str> = text.lines().skip(1).collect();
        let expected = ["B 0.1.0.1 .", "E 0.1.0.1 0 .", "B 0.2.0.1 .", "E 0.2.0.1 7 .", "B 0.3.0.1 .", "P 0.3.0.1 1 5 .", "E 0.3.0.1 0 ."];
        assert_eq!(noted, expected, "{shell}");

        let Lane { commands, mut reports } = lane;
        commands.send(LaneCommand::Forget).unwrap();
        drop(commands);
        while let Some(report) = timeout(Duration::from_secs(20), reports.recv()).await.unwrap() {
            assert!(!matches!(report, LaneReport::Closed { reason: Some(_), .. }), "{shell}: {report:?}");
        }
        assert!(files(folder.path()).is_empty(), "{shell}: it is removed at the goodbye");
    }
}

#[tokio::test]
async fn a_goodbye_without_a_word_keeps_the_file_and_a_sweep_removes_it() {
    let (folder, run_id) = (tempfile::tempdir().unwrap(), a_run());
    let session = session_in("/bin/sh", folder.path(), &run_id);
    let mut lane = session.open_lane(None).await.unwrap();
    run(&lane, tagged(1, sh("true")));
    heard(&mut lane, 1).await;
    drop(lane.commands);
    while lane.reports.recv().await.is_some() {}
    assert_eq!(files(folder.path()).len(), 1);
    let names = LaneNames::of_run(&run_id, "here");
    let journal = session.settle(None, &names).await.unwrap();
    assert_eq!(journal.noted.get("0.1.0.1"), Some(&Noted::Ended(0)));
    session.sweep(None, &LaneNames::of_run(&run_id, "there")).await.unwrap();
    assert_eq!(files(folder.path()).len(), 1, "another host's");
    session.sweep(None, &names).await.unwrap();
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn settling_ends_the_lanes_of_another_session_and_nobody_else() {
    for shell in shells() {
        let (folder, run_id) = (tempfile::tempdir().unwrap(), a_run());
        let (old, other) = (session_in(shell, folder.path(), &run_id), session_in(shell, folder.path(), &run_id));
        let count = |name: &str| std::fs::read_to_string(folder.path().join(name)).map_or(0, |text| text.lines().count());
        let ticks = |name: &str| sh(&format!("sh -c 'while :; do echo x >>\"$TMPDIR/{name}\"; sleep 0.02; done' & wait"));
        let mut lanes = Vec::new();
        for (session, name, tag) in [(&old, "tagged", true), (&old, "untagged", false), (&other, "other", true)] {
            let lane = session.open_lane(None).await.unwrap();
            run(&lane, if tag { tagged(1, ticks(name)) } else { request(1, ticks(name)) });
            until(name, || count(name) > 0).await;
            lanes.push(lane);
        }
        // What is noted of a process that has the number of another by now.
        let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
        let stale = folder.path().join(format!(".{}", old.lane_names().unwrap().lane(9).whole()));
        std::fs::write(&stale, format!("J {} .\nB 0.9.0.1 .\n", stranger.id())).unwrap();

        let fresh = session_in(shell, folder.path(), &run_id);
        let since = Instant::now();
        let journal: HostJournal = fresh.settle(None, old.lane_names().unwrap()).await.unwrap();
        let now = (count("tagged"), count("untagged"), count("other"));
        println!("{shell}: settled in {:?}", since.elapsed());
        assert!(journal.complete && !journal.alive, "{shell}: {journal:?}");
        assert_eq!(journal.noted.get("0.1.0.1"), Some(&Noted::Began), "{shell}");
        assert_eq!(journal.noted.get("0.9.0.1"), Some(&Noted::Began), "{shell}");
        until("the other goes on", || count("other") > now.2).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!((count("tagged"), count("untagged")), (now.0, now.1), "{shell}: nothing of the old lanes is left");
        assert!(stranger.try_wait().unwrap().is_none(), "{shell}: the stranger lives");
        let _ = stranger.kill();
        let _ = stranger.wait();
    }
}

#[tokio::test]
async fn what_fails_when_nobody_takes_its_output_any_more_has_no_known_end() {
    for shell in shells() {
        let (folder, run_id) = (tempfile::tempdir().unwrap(), a_run());
        for (id, (end, noted)) in (1..).zip([("echo lost", Noted::Began), ("exit 7", Noted::Began), ("exit 0", Noted::Ended(0))]) {
            // The output's way to us goes through a process that the task can end.
            let way = format!(r#""$@" | sh -c 'echo $$ >"$TMPDIR/taker{id}"; exec cat'"#);
            let argv = ["env", &format!("TMPDIR={}", folder.path().display()), "sh", "-c", &way, "way"].map(str::to_owned).to_vec();
            let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
            let session = Session::with_shell(Backend::Process(argv), &target, None, shell, Some(&run_id));
            let lane = session.open_lane(None).await.unwrap();
            until("the way is open", || folder.path().join(format!("taker{id}")).exists()).await;
            let tag = format!("0.{id}.0.1");
            run(&lane, tagged(id, sh(&format!("kill $(cat \"$TMPDIR/taker{id}\"); sleep 0.3; echo x >>\"$TMPDIR/done{id}\"; {end}"))));
            until("it is done", || folder.path().join(format!("done{id}")).exists()).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            let fresh = session_in(shell, folder.path(), &run_id);
            let journal = fresh.settle(None, session.lane_names().unwrap()).await.unwrap();
            assert_eq!(journal.noted.get(&tag), Some(&noted), "{shell}: {end}");
        }
    }
}

#[tokio::test]
async fn what_was_written_ahead_does_not_begin_when_its_lane_is_settled() {
    for shell in shells() {
        let (folder, run_id, nap) = (tempfile::tempdir().unwrap(), a_run(), nap());
        let session = session_in(shell, folder.path(), &run_id);
        let lane = session.open_lane(None).await.unwrap();
        run(&lane, tagged(1, sh(&format!("sleep {nap}"))));
        for id in 2..20 {
            run(&lane, tagged(id, sh("true")));
        }
        there(&nap).await;
        let journal = session_in(shell, folder.path(), &run_id).settle(None, session.lane_names().unwrap()).await.unwrap();
        let noted: Vec<_> = journal.noted.into_iter().collect();
        assert_eq!(noted, [("0.1.0.1".to_owned(), Noted::Began)], "{shell}");
        gone(&nap).await;
    }
}

#[tokio::test]
async fn a_failure_that_cannot_be_noted_is_no_end_of_the_lane() {
    for shell in shells() {
        let (folder, nap) = (tempfile::tempdir().unwrap(), nap());
        let session = session_in(shell, folder.path(), &a_run());
        let mut lane = session.open_lane(None).await.unwrap();
        run(&lane, tagged(1, sh(&format!("sleep {nap} >/dev/null 2>&1 &"))));
        run(&lane, tagged(2, sh("rm -rf \"$TMPDIR\"; exit 7")));
        heard(&mut lane, 2).await;
        let Lane { commands, mut reports } = lane;
        drop(commands);
        while reports.recv().await.is_some() {}
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(alive(&nap), "{shell}: a goodbye leaves alone what a task left behind");
        pids(&nap).into_iter().for_each(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap());
    }
}

#[tokio::test]
async fn a_lane_that_can_note_nothing_works_and_that_is_told() {
    let run_id = a_run();
    for folder in ["/nowhere/at/all", "/proc"] {
        let session = session_in("/bin/sh", Path::new(folder), &run_id);
        let mut lane = session.open_lane(None).await.unwrap();
        for id in 1..3 {
            run(&lane, tagged(id, sh("echo fine")));
            heard(&mut lane, id).await;
        }
        drop(lane);
        let journal = session.settle(None, session.lane_names().unwrap()).await.unwrap();
        assert!(!journal.complete && journal.noted.is_empty(), "{journal:?}");
    }
}
