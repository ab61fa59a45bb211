//! Durable requests: they run once, outlive their lane, and are found again.

use std::path::{Path, PathBuf};

use super::super::tidy;
use super::*;

/// A home folder of its own, with lanes that have it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }
    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }
    async fn lane(&self, shell: &str) -> Lane {
        self.lane_with(shell, &[]).await
    }
    async fn lane_with(&self, shell: &str, env: &[String]) -> Lane {
        let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
        let home = format!("HOME={}", self.0.path().display());
        let words = [vec!["env".to_owned(), home], env.to_vec()].concat();
        Session::with_shell(Backend::Process(words), &target, None, shell, None).open_lane(None).await.unwrap()
    }
    async fn all(&self, shell: &str, requests: impl IntoIterator<Item = Request>) -> All {
        let lane = self.lane(shell).await;
        requests.into_iter().for_each(|request| run(&lane, request));
        finish(lane).await
    }
    fn folder(&self, name: &str) -> PathBuf {
        self.file(".roundsman").join(name)
    }
}

fn durable(id: u64, name: &str, text: &str) -> Request {
    Request { durable: Some(Durable { name: name.to_owned(), begun: false }), ..request(id, sh(text)) }
}

fn begun(id: u64, name: &str, text: &str) -> Request {
    Request { durable: Some(Durable { name: name.to_owned(), begun: true }), ..request(id, sh(text)) }
}

fn entries(path: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(path).map(|all| all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()).unwrap_or_default();
    names.sort();
    names
}

#[tokio::test]
async fn it_is_as_any_other_task() {
    // As in the program: what is listened for is not ignored in what is started, though a shell's background had it so.
    let _heard = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap();
    for shell in shells() {
        let home = Home::new();
        let text = "pwd; umask; echo \"$A\" $# \"$(cat)\"; echo err >&2; printf 'no end \\000\\377'; false; echo never";
        let like = |id| Request {
            env: vec![("A".to_owned(), "it's\n$HOME `x` \\".to_owned()), ("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
            cwd: Some("/usr".to_owned()),
            umask: Some(0o777),
            stdin: Some(b"input %s\n".to_vec()),
            on_failure: OnFailure::Continue,
            ..request(id, sh(text))
        };
        let mut requests = vec![like(0), Request { durable: durable(0, "a.1", "").durable, ..like(1) }];
        let large: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut stdin = durable(2, "a.2", "cat; exit 3");
        (stdin.stdin, stdin.on_failure) = (Some(large.clone()), OnFailure::Continue);
        let mut args = durable(3, "a.3", "");
        args.command = Invocation::Args(["printf", "%s|", "a b", "$HOME"].map(str::to_owned).to_vec());
        let mut bash = durable(4, "a.4", "");
        bash.command = Invocation::Text { text: "[[ a == a ]] && false | true; echo never".to_owned(), shell: ShellProgram::Bash };
        bash.on_failure = OnFailure::Continue;
        let mut lost = durable(5, "a.5", "echo never");
        (lost.cwd, lost.on_failure) = (Some("/not/there".to_owned()), OnFailure::Continue);
        let mut signals = durable(6, "a.6", "sh -c 'kill -INT $$'; echo never");
        signals.on_failure = OnFailure::Continue;
        let long = durable(7, "a.7", &format!("echo {} | wc -c", "x".repeat(150_000)));
        requests.extend([stdin, args, bash, lost, signals, long]);
        let all = home.all(shell, requests).await;
        assert_eq!(all.closed, Some(None), "{shell}: {all:?}");
        assert_eq!(all.of(0), all.of(1), "{shell}");
        assert!(all.of(0).out.ends_with(b"no end \0\xff"), "{shell} {:?}", all.of(0));
        assert_eq!((all.exited(2), all.of(2).out == large), (3, true), "{shell}");
        assert_eq!((all.exited(3), all.out(3)), (0, "a b|$HOME|".to_owned()), "{shell}");
        assert_eq!((all.exited(4), all.out(4)), (1, String::new()), "{shell} {:?}", all.of(4));
        assert_eq!((all.exited(5), all.out(5)), (1, String::new()), "{shell}");
        assert_eq!((all.exited(6), all.out(6)), (130, String::new()), "{shell}");
        assert_eq!((all.exited(7), all.out(7)), (0, "150001\n".to_owned()), "{shell}");
        let left = home.all(shell, (1..8).map(|n| request(n, Invocation::Script(tidy(&format!("a.{n}")))))).await;
        assert_eq!((left.closed, left.stray.len()), (Some(None), 0), "{shell}");
        assert_eq!(entries(home.0.path()), Vec::<String>::new(), "{shell}");
    }
}

#[tokio::test]
async fn it_outlives_its_lane_and_runs_once() {
    for shell in shells() {
        let home = Home::new();
        let text = "echo run >>$HOME/count; echo one; sleep 1; echo two >&2; exit 7";
        let mut first = home.lane(shell).await;
        run(&first, durable(0, "r.1", text));
        let mut all = All::default();
        hear(&mut first, &mut all, |all| all.requests.get(&0).is_some_and(|seen| seen.out == b"one\n")).await;
        first.commands.send(LaneCommand::Kill).unwrap();
        let all = finish(first).await;
        assert_eq!(all.requests.get(&0).and_then(|seen| seen.end.clone()), None, "{shell}");
        // While it runs, when it has ended, and once more; guards that it would fail by now are not asked.
        for round in 0..3 {
            let mut again = if round == 1 { begun(0, "r.1", text) } else { durable(0, "r.1", text) };
            again.guards =
                vec![GuardCheck { kind: GuardKind::Unless, command: sh("test -e $HOME/count"), timeout: Duration::from_secs(9) }];
            let all = home.all(shell, [again]).await;
            assert_eq!((all.exited(0), all.out(0).as_str(), &all.of(0).err[..]), (7, "one\n", &b"two\n"[..]), "{shell} {round}");
        }
        assert_eq!(home.text("count"), "run\n", "{shell}");
    }
}

#[tokio::test]
async fn two_lanes_that_race_start_it_once() {
    for shell in shells() {
        let home = Home::new();
        let lanes = [home.lane(shell).await, home.lane(shell).await, home.lane(shell).await];
        for name in 0..5 {
            lanes.iter().for_each(|lane| run(lane, durable(name, &format!("r.{name}"), "echo run >>$HOME/count; echo out")));
        }
        for lane in lanes {
            let all = finish(lane).await;
            for name in 0..5 {
                assert_eq!((all.exited(name), all.out(name).as_str()), (0, "out\n"), "{shell}");
            }
        }
        assert_eq!(home.text("count"), "run\n".repeat(5), "{shell}");
    }
}

#[tokio::test]
async fn time_and_term_end_all_of_it() {
    for shell in shells() {
        let home = Home::new();
        let (stubborn, plain) = (nap(), nap());
        let mut late = durable(0, "r.1", &format!("echo last words; trap '' TERM; sleep {stubborn} & wait; sleep {stubborn}"));
        late.timeout = Duration::from_millis(700);
        let since = Instant::now();
        let all = home.all(shell, [late]).await;
        assert_eq!((all.of(0).end.clone(), all.out(0).as_str()), (Some(End::TimedOut { guard: None }), "last words\n"), "{shell}");
        let took = since.elapsed();
        assert!(took < Duration::from_secs(7), "{shell} {took:?}");
        gone(&stubborn).await;
        let mut lane = home.lane(shell).await;
        run(&lane, durable(0, "r.2", &format!("sleep {plain}; echo never")));
        there(&plain).await;
        lane.commands.send(LaneCommand::Terminate).unwrap();
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.settled(0)).await;
        assert_eq!((all.of(0).end.clone(), all.out(0).as_str()), (Some(End::Terminated), ""), "{shell}");
        gone(&plain).await;
    }
}

#[tokio::test]
async fn what_is_gone_is_not_started_again() {
    for shell in shells() {
        let home = Home::new();
        let nap = nap();
        let lane = home.lane(shell).await;
        run(&lane, durable(0, "r.1", &format!("echo run >>$HOME/count; echo part; sleep {nap}")));
        there(&nap).await;
        let pid = home.text(".roundsman/r.1/pid");
        let pid = pid.split(' ').next().unwrap();
        assert!(Command::new("kill").args(["-KILL", "--", &format!("-{pid}")]).status().unwrap().success());
        let all = finish(lane).await;
        assert_eq!((all.of(0).end.clone(), all.out(0).as_str()), (Some(End::Vanished(Vanished::Process)), "part\n"), "{shell}");
        let mut stops = begun(1, "r.2", "echo run >>$HOME/count");
        stops.on_failure = OnFailure::Stop;
        let all = home.all(shell, [durable(0, "r.1", "echo run >>$HOME/count"), begun(1, "r.2", "false")]).await;
        assert_eq!(all.of(0).end, Some(End::Vanished(Vanished::Process)), "{shell}");
        assert_eq!(all.of(1).skipped, Some(SkipCause::Stopped), "{shell}");
        let all = home.all(shell, [stops]).await;
        assert_eq!(all.of(1).end, Some(End::Vanished(Vanished::Folder)), "{shell}");
        assert_eq!(home.text("count"), "run\n", "{shell}");
    }
}

#[tokio::test]
async fn a_number_that_another_process_has_now_is_not_taken_for_it() {
    for shell in shells() {
        let home = Home::new();
        let folder = home.folder("r.1");
        for name in ["own", "go"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        for name in ["out", "err", "run"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let mut other = Command::new("sleep").arg("100").spawn().unwrap();
        std::fs::write(folder.join("pid"), format!("{} 1.of-another-boot\n", other.id())).unwrap();
        let mut ends = durable(0, "r.1", "echo never");
        ends.timeout = Duration::from_secs(5);
        let all = home.all(shell, [ends]).await;
        assert_eq!(all.of(0).end, Some(End::Vanished(Vanished::Process)), "{shell}");
        assert_eq!(other.try_wait().unwrap(), None, "{shell}");
        other.kill().unwrap();
        other.wait().unwrap();
    }
}

#[tokio::test]
async fn one_whose_watcher_died_at_once_is_neither_started_nor_waited_for() {
    for shell in shells() {
        let home = Home::new();
        std::fs::create_dir_all(home.folder("r.1").join("own")).unwrap();
        let mut first = durable(0, "r.1", "echo run >>$HOME/count");
        first.on_failure = OnFailure::Continue;
        let again = Request { id: 1, ..first.clone() };
        let all = home.all(shell, [first, again]).await;
        assert_eq!((all.exited(0), all.exited(1)), (126, 126), "{shell}");
        assert!(String::from_utf8_lossy(&all.of(1).err).contains("could not be started"), "{shell}");
        assert_eq!(home.text("count"), "", "{shell}");
    }
}

#[tokio::test]
async fn kills_at_random_moments_leave_one_run() {
    let home = Home::new();
    let mut lost = 0;
    for turn in 0..40 {
        let shell = shells()[turn % shells().len()];
        let name = format!("r.{turn}");
        let text = format!("echo run >>$HOME/count.{turn}; echo out");
        let lane = home.lane(shell).await;
        run(&lane, durable(0, &name, &text));
        tokio::time::sleep(Duration::from_micros(1500 * turn as u64)).await;
        let _ = lane.commands.send(LaneCommand::Kill);
        let all = finish(lane).await;
        lost += usize::from(!all.settled(0));
        let all = home.all(shell, [durable(0, &name, &text)]).await;
        assert_eq!((all.exited(0), all.out(0).as_str()), (0, "out\n"), "{shell} {turn}");
        assert_eq!(home.text(&format!("count.{turn}")), "run\n", "{shell} {turn}");
    }
    assert!(lost > 0, "no kill came in time");
}

#[tokio::test]
async fn much_output_comes_whole() {
    for shell in shells() {
        let home = Home::new();
        let text = "head -c 10000000 /dev/zero | tr '\\0' '\\036'; head -c 3000000 /dev/zero >&2";
        let all = home.all(shell, [durable(0, "r.1", text)]).await;
        assert_eq!((all.exited(0), all.of(0).out.len(), all.of(0).err.len()), (0, 10_000_000, 3_000_000), "{shell}");
        assert!(all.of(0).out.iter().all(|byte| *byte == 0x1e), "{shell}");
    }
}

#[tokio::test]
async fn guards_are_asked_before_it_begins() {
    let guard = |kind, text: &str| GuardCheck { kind, command: sh(text), timeout: Duration::from_secs(30) };
    for shell in shells() {
        let home = Home::new();
        let mut left = durable(0, "r.1", "echo never");
        left.guards = vec![guard(GuardKind::OnlyIf, "true"), guard(GuardKind::Unless, "test $A = b")];
        left.env = vec![("A".to_owned(), "b".to_owned())];
        let mut runs = durable(1, "r.2", "echo yes");
        runs.guards = vec![guard(GuardKind::OnlyIf, "echo noise"), guard(GuardKind::Unless, "exit 77")];
        let all = home.all(shell, [left, runs]).await;
        assert_eq!(all.of(0).end, Some(End::Guarded { guard: 1, code: 0 }), "{shell}");
        assert_eq!((all.exited(1), all.out(1).as_str()), (0, "yes\n"), "{shell}");
        assert_eq!(entries(&home.file(".roundsman")), ["r.2"], "{shell}");
    }
}

#[tokio::test]
async fn other_ways_to_a_session_of_its_own_do() {
    let programs = ["perl", "python3", "busybox"];
    let basics = "sh env dd head sleep mkdir rm rmdir mv cat id printf kill ps test true echo";
    for only in programs.iter().map(Some).chain([None]) {
        let home = Home::new();
        let bin = home.file("bin");
        std::fs::create_dir(&bin).unwrap();
        for name in basics.split(' ').chain(only.copied()) {
            if let Ok(found) = Command::new("sh").args(["-c", &format!("PATH=/usr/bin:/bin command -v {name}")]).output()
                && let Some(path) = String::from_utf8(found.stdout).unwrap().lines().next().filter(|path| path.starts_with('/'))
            {
                std::os::unix::fs::symlink(path, bin.join(name)).unwrap();
            }
        }
        let lane = home.lane_with("/bin/sh", &[format!("PATH={}", bin.display())]).await;
        let mut one = durable(0, "r.1", "echo out; exit 3");
        one.on_failure = OnFailure::Continue;
        run(&lane, one);
        let all = finish(lane).await;
        if only.is_some() {
            assert_eq!((all.exited(0), all.out(0).as_str()), (3, "out\n"), "{only:?} {all:?}");
        } else {
            assert_eq!(all.exited(0), 1);
            assert!(String::from_utf8_lossy(&all.of(0).err).contains("needs setsid"), "{all:?}");
        }
    }
}
