//! Lanes over real shells on this machine.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use crate::model::Connect;
use crate::transport::lane_api::*;
use crate::transport::session::{Backend, Session};

const SHELLS: &[&str] = &["/bin/sh", "dash", "bash --posix", "bash", "busybox sh", "mksh"];

fn shells() -> Vec<&'static str> {
    let there = |shell: &&&str| {
        let program = shell.split(' ').next().unwrap();
        Command::new("sh").args(["-c", &format!("command -v {program} >/dev/null")]).status().unwrap().success()
    };
    SHELLS.iter().filter(there).copied().collect()
}

fn session(shell: &str) -> Session {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    Session::with_shell(Backend::Process(Vec::new()), &target, shell)
}

async fn lane(shell: &str) -> Lane {
    session(shell).open_lane(None).await.unwrap()
}

fn request(id: u64, command: Invocation) -> Request {
    Request {
        id,
        guards: Vec::new(),
        command,
        stdin: None,
        cwd: None,
        env: Vec::new(),
        umask: None,
        on_failure: OnFailure::Stop,
        alone: false,
        timeout: Duration::from_secs(30),
    }
}

fn sh(text: &str) -> Invocation {
    Invocation::Text { text: text.to_owned(), shell: ShellProgram::Sh }
}

fn run(lane: &Lane, request: Request) {
    lane.commands.send(LaneCommand::Run(Box::new(request))).unwrap();
}

/// What is known of a request.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Seen {
    began: bool,
    out: Vec<u8>,
    err: Vec<u8>,
    end: Option<End>,
    skipped: Option<SkipCause>,
}

#[derive(Debug, Default)]
struct All {
    requests: std::collections::BTreeMap<u64, Seen>,
    order: Vec<u64>,
    stray: Vec<u8>,
    ready: bool,
    closed: Option<Option<String>>,
}

impl All {
    fn of(&self, id: u64) -> &Seen {
        &self.requests[&id]
    }
    fn out(&self, id: u64) -> String {
        String::from_utf8_lossy(&self.of(id).out).into_owned()
    }
    fn exited(&self, id: u64) -> i32 {
        match &self.of(id).end {
            Some(End::Exited(code)) => *code,
            other => panic!("{id}: {other:?} {:?}", self.of(id)),
        }
    }
    fn take(&mut self, report: LaneReport) {
        match report {
            LaneReport::Ready => {
                assert!(!self.ready && self.requests.is_empty(), "ready comes first");
                self.ready = true;
            }
            LaneReport::Began { id } => {
                self.requests.entry(id).or_default().began = true;
                self.order.push(id);
            }
            LaneReport::Output { id, stream, data } => {
                assert!(data.len() <= 65536 && !data.is_empty());
                let seen = self.requests.get_mut(&id).unwrap();
                assert!(seen.began && seen.end.is_none());
                if stream == OutputStream::Stdout { seen.out.extend(data) } else { seen.err.extend(data) }
            }
            LaneReport::Ended { id, end, .. } => {
                let seen = self.requests.get_mut(&id).unwrap();
                assert!(seen.end.is_none());
                seen.end = Some(end);
            }
            LaneReport::Skipped { id, cause } => {
                let seen = self.requests.entry(id).or_default();
                assert!(!seen.began && seen.skipped.is_none(), "{id}");
                seen.skipped = Some(cause);
            }
            LaneReport::Stray { data, .. } => self.stray.extend(data),
            LaneReport::Closed { reason } => self.closed = Some(reason),
        }
    }
    fn settled(&self, id: u64) -> bool {
        self.requests.get(&id).is_some_and(|seen| seen.end.is_some() || seen.skipped.is_some())
    }
}

async fn hear(lane: &mut Lane, all: &mut All, until: impl Fn(&All) -> bool) {
    let work = async {
        while !until(all) {
            match lane.reports.recv().await {
                Some(report) => all.take(report),
                None => break,
            }
        }
    };
    timeout(Duration::from_secs(30), work).await.expect("the lane went silent");
    assert!(until(all), "the lane closed: {all:?}");
}

/// Says goodbye and hears everything to the end.
async fn finish(lane: Lane) -> All {
    let Lane { commands, mut reports } = lane;
    drop(commands);
    let mut all = All::default();
    let work = async {
        while let Some(report) = reports.recv().await {
            all.take(report);
        }
    };
    timeout(Duration::from_secs(30), work).await.expect("the lane did not end");
    all
}

async fn run_all(shell: &str, requests: impl IntoIterator<Item = Request>) -> All {
    let lane = lane(shell).await;
    for request in requests {
        run(&lane, request);
    }
    let all = finish(lane).await;
    assert_eq!(all.closed, Some(None), "{shell}: {all:?}");
    all
}

/// Processes whose command line has `marker`.
fn alive(marker: &str) -> bool {
    !pids(marker).is_empty()
}

fn pids(marker: &str) -> Vec<Pid> {
    let found = Command::new("pgrep").args(["-f", "--", marker]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().filter_map(|line| Pid::from_raw(line.parse().unwrap())).collect()
}

async fn gone(marker: &str) {
    let since = Instant::now();
    while alive(marker) {
        assert!(since.elapsed() < Duration::from_secs(8), "{marker} lives on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn there(marker: &str) {
    let since = Instant::now();
    while !alive(marker) {
        assert!(since.elapsed() < Duration::from_secs(8), "{marker} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A number of seconds that no other process sleeps.
fn nap() -> String {
    format!("{}.{}", 7000 + std::process::id() % 1000, crate::transport::random::below(1_000_000_000))
}

#[tokio::test]
async fn twenty_tasks_in_order() {
    for shell in shells() {
        let all = run_all(shell, (0..20).map(|id| request(id, sh(&format!("echo out {id}; echo err {id} >&2"))))).await;
        assert!(all.ready);
        assert_eq!(all.order, (0..20).collect::<Vec<_>>(), "{shell}");
        for id in 0..20 {
            assert_eq!((all.out(id), all.exited(id)), (format!("out {id}\n"), 0), "{shell}");
            assert_eq!(all.of(id).err, format!("err {id}\n").into_bytes(), "{shell}");
        }
        assert_eq!(all.stray, b"");
    }
}

#[tokio::test]
async fn a_failure_stops_what_is_behind_it() {
    for shell in shells() {
        let mut lane = lane(shell).await;
        for id in 0..5 {
            let mut request = request(id, sh(if id == 1 || id == 2 { "sleep 0.1; exit 3" } else { "true" }));
            if id == 1 {
                request.on_failure = OnFailure::Continue;
            }
            run(&lane, request);
        }
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.settled(4)).await;
        run(&lane, request(5, sh("echo again")));
        hear(&mut lane, &mut all, |all| all.settled(5)).await;
        assert_eq!((all.exited(0), all.exited(1), all.exited(2)), (0, 3, 3), "{shell}");
        assert_eq!((all.of(3).skipped, all.of(4).skipped), (Some(SkipCause::Stopped), Some(SkipCause::Stopped)), "{shell}");
        assert_eq!(all.out(5), "again\n", "{shell}");
    }
}

#[tokio::test]
async fn a_held_lane_waits_for_resume() {
    let mut lane = lane("/bin/sh").await;
    run(&lane, Request { on_failure: OnFailure::Hold, ..request(0, sh("false")) });
    let mut all = All::default();
    hear(&mut lane, &mut all, |all| all.settled(0)).await;
    run(&lane, request(1, sh("true")));
    lane.commands.send(LaneCommand::Resume(0)).unwrap();
    run(&lane, request(2, sh("true")));
    hear(&mut lane, &mut all, |all| all.settled(2)).await;
    assert_eq!(all.of(1).skipped, Some(SkipCause::Stopped));
    assert_eq!(all.exited(2), 0);
}

#[tokio::test]
async fn withdrawn_requests_do_not_run() {
    for shell in shells() {
        let mut lane = lane(shell).await;
        run(&lane, request(0, sh("sleep 0.5; echo done")));
        // More than may be written ahead, so that some are in the pipe and some are held here.
        for id in 1..20 {
            run(&lane, request(id, sh(&format!("echo no; : {}", "x".repeat(4000)))));
        }
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.requests.contains_key(&0)).await;
        lane.commands.send(LaneCommand::Withdraw).unwrap();
        run(&lane, request(20, sh("echo after")));
        hear(&mut lane, &mut all, |all| all.settled(20)).await;
        assert_eq!((all.out(0), all.exited(0)), ("done\n".to_owned(), 0), "{shell}");
        for id in 1..20 {
            assert_eq!(all.of(id).skipped, Some(SkipCause::Withdrawn), "{shell} {id}");
        }
        assert_eq!(all.out(20), "after\n", "{shell}");
    }
}

#[tokio::test]
async fn what_others_skip_is_sent_again() {
    for shell in shells() {
        let all =
            run_all(shell, (0..12).map(|id| request(id, sh(if id == 2 { "kill -URG 0; kill -TERM $PPID; :" } else { "echo here" })))).await;
        assert_eq!(all.order, (0..12).collect::<Vec<_>>(), "{shell}");
        for id in 3..12 {
            assert_eq!((all.out(id), all.exited(id)), ("here\n".to_owned(), 0), "{shell}");
        }
    }
}

#[tokio::test]
async fn a_timeout_ends_the_task_and_its_children() {
    for shell in shells() {
        let (first, second) = (nap(), nap());
        let mut lane = lane(shell).await;
        let mut slow = request(0, sh(&format!("sleep {first} & sleep {second}")));
        slow.timeout = Duration::from_millis(300);
        run(&lane, slow);
        run(&lane, request(1, sh("echo never")));
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
        assert_eq!(all.of(0).end, Some(End::TimedOut), "{shell}");
        assert_eq!(all.of(1).skipped, Some(SkipCause::Stopped), "{shell}");
        gone(&first).await;
        gone(&second).await;
    }
}

#[tokio::test]
async fn a_task_that_ignores_term_is_killed() {
    let nap = nap();
    let mut lane = lane("/bin/sh").await;
    run(&lane, request(0, sh(&format!("trap '' TERM; sleep {nap}; sleep {nap}"))));
    there(&nap).await;
    let since = Instant::now();
    lane.commands.send(LaneCommand::Terminate).unwrap();
    let mut all = All::default();
    hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
    assert_eq!(all.of(0).end, Some(End::Terminated));
    assert!(since.elapsed() >= Duration::from_secs(5));
    gone(&nap).await;
}

#[tokio::test]
async fn kill_and_a_dropped_lane_leave_nothing() {
    for shell in shells() {
        for drop_it in [false, true] {
            let nap = nap();
            let mut lane = lane(shell).await;
            run(&lane, request(0, sh(&format!("sleep {nap}"))));
            there(&nap).await;
            if drop_it {
                drop(lane);
            } else {
                lane.commands.send(LaneCommand::Kill).unwrap();
                let mut all = All::default();
                hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
                assert_eq!(all.of(0).end, None, "its end is unknown");
                assert!(matches!(all.closed, Some(Some(_))));
            }
            gone(&nap).await;
        }
    }
}

#[tokio::test]
async fn the_end_of_input_kills_everything() {
    for shell in shells() {
        let nap = nap();
        let boot = super::boot(shell, "");
        let argv: Vec<String> = shell.split(' ').map(str::to_owned).chain(["-c".to_owned(), boot]).collect();
        let mut channel = crate::transport::process::spawn(&argv).unwrap();
        let token = "ab".repeat(16);
        let text = super::boot::preamble(&token) + &format!("( sleep {nap} ) </dev/null\n");
        tokio::io::AsyncWriteExt::write_all(&mut channel.stdin, text.as_bytes()).await.unwrap();
        there(&nap).await;
        drop(channel.stdin);
        gone(&nap).await;
    }
}

#[tokio::test]
async fn bytes_stay_bytes() {
    for shell in shells() {
        let every: Vec<u8> = (1..=255).collect();
        let script = r"printf '\000a\377\376'; printf '\036no newline' >&2";
        let mut fed = request(1, Invocation::Args(vec!["cat".to_owned()]));
        fed.stdin = Some([&every[..], b"\0-%'\\\n"].concat());
        let all = run_all(shell, [request(0, sh(script)), fed, request(2, sh("printf '%s' 'äöü ß €' ")), request(3, sh(""))]).await;
        assert_eq!(all.of(0).out, b"\0a\xff\xfe", "{shell}");
        assert_eq!(all.of(0).err, b"\x1eno newline", "{shell}");
        assert_eq!(all.of(1).out, [&every[..], b"\0-%'\\\n"].concat(), "{shell}");
        assert_eq!(all.out(2), "äöü ß €", "{shell}");
        assert_eq!((all.out(3), all.exited(3)), (String::new(), 0), "{shell}");
    }
}

#[tokio::test]
async fn ten_megabytes() {
    let all = run_all("/bin/sh", [request(0, sh("head -c 10000000 /dev/zero; echo end >&2")), request(1, sh("echo next"))]).await;
    assert_eq!(all.of(0).out.len(), 10_000_000);
    assert!(all.of(0).out.iter().all(|byte| *byte == 0));
    assert_eq!(all.out(1), "next\n");
}

#[tokio::test]
async fn tasks_cannot_take_the_lane_along() {
    let texts = [
        "exit 7",
        "kill 0; sleep 5",
        "kill -TERM 0; sleep 5",
        "kill -HUP 0; kill -INT 0; kill -USR1 0; exit 9",
        "kill $$; exit 4",
        "exec sh -c 'exit 6'",
        "trap 'exit 5' EXIT; false",
        "set -u; echo $nothing_there",
        "if",
        "exec >&- 2>&-; exit 8",
        "printf() { :; }; __m() { :; }; exit 3",
        "cat; read x; exit 2",
        "return 11; exit 12",
    ];
    for shell in shells() {
        let requests = texts.iter().enumerate().map(|(id, text)| {
            let mut request = request(id as u64, sh(text));
            request.on_failure = OnFailure::Continue;
            request
        });
        let all = run_all(shell, requests.chain([request(99, sh("echo alive"))])).await;
        let codes: Vec<i32> = (0..texts.len() as u64).map(|id| all.exited(id)).collect();
        assert_eq!(codes[0], 7, "{shell}");
        assert_eq!(codes[5], 6, "{shell}");
        assert_eq!(codes[6], 5, "{shell}");
        assert_eq!(codes[9..12], [8, 3, 1], "{shell} {codes:?}");
        assert!(codes.iter().all(|code| *code != 0), "{shell} {codes:?}");
        assert_eq!(all.out(99), "alive\n", "{shell}");
    }
}

#[tokio::test]
async fn a_stream_left_non_blocking_loses_no_mark() {
    // Fills the pipe after it was made non-blocking, while the reader is slow.
    let perl = r#"use Fcntl; for my $f (*STDOUT, *STDERR) { fcntl($f, F_SETFL, fcntl($f, F_GETFL, 0) | O_NONBLOCK); }
        for (1..400) { syswrite(STDOUT, "x" x 4096); syswrite(STDERR, "y" x 4096) }"#;
    for shell in shells() {
        let mut lane = lane(shell).await;
        let mut filler = request(0, Invocation::Args(vec!["perl".to_owned(), "-e".to_owned(), perl.to_owned()]));
        filler.on_failure = OnFailure::Continue;
        run(&lane, filler);
        for id in 1..4 {
            run(&lane, request(id, sh("true")));
        }
        tokio::time::sleep(Duration::from_millis(600)).await;
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.settled(3)).await;
        assert!(all.of(0).out.iter().all(|byte| *byte == b'x'), "{shell}");
        assert_eq!((all.exited(0), all.exited(1), all.exited(3)), (0, 0, 0), "{shell}");
    }
}

#[tokio::test]
async fn large_texts_run() {
    let filler = ": äöü 'x'; ".repeat(20_000);
    for shell in shells() {
        let bash = Invocation::Text {
            text: format!("{filler}\nset -- a b; echo \"bash $# ${{BASH_VERSION:+yes}}\"; false | true"),
            shell: ShellProgram::Bash,
        };
        let all = run_all(shell, [request(0, sh(&format!("{filler}\necho end"))), request(1, sh("echo x")), request(2, bash)]).await;
        assert_eq!(all.out(0), "end\n", "{shell}");
        assert_eq!(all.out(1), "x\n", "{shell}");
        assert_eq!((all.out(2), all.exited(2)), ("bash 2 yes\n".to_owned(), 1), "{shell}");
    }
}

#[tokio::test]
async fn large_standard_input_is_uploaded() {
    let bytes: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    let lane = lane("/bin/sh").await;
    run(&lane, Request { stdin: Some(bytes.clone()), ..request(0, sh("cat; ls -l /proc/self/fd/0 >&2")) });
    run(&lane, request(1, sh("echo next")));
    let all = finish(lane).await;
    assert!(all.of(0).out == bytes);
    assert!(String::from_utf8_lossy(&all.of(0).err).contains("(deleted)"), "{:?}", all.of(0).err);
    assert_eq!(all.out(1), "next\n");
}

#[tokio::test]
async fn folder_environment_mask_and_shells() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("it's -odd $x");
    std::fs::create_dir(&odd).unwrap();
    for shell in shells() {
        let mut first =
            request(0, sh("pwd; echo \"$A\"; umask; echo \"$LC_ALL\"; case :$PATH: in *:/usr/sbin:*) echo sbin;; esac; echo \"<$__t>\""));
        first.cwd = Some(odd.to_str().unwrap().to_owned());
        first.env = vec![("A".to_owned(), "it's\n$HOME `x` \\".to_owned())];
        first.umask = Some(0o027);
        let mut lost = request(1, sh("echo no"));
        lost.cwd = Some("/nowhere/at/all".to_owned());
        lost.on_failure = OnFailure::Continue;
        let mut bad = request(2, sh("echo no"));
        bad.env = vec![("a b$(touch /tmp/x)".to_owned(), "1".to_owned())];
        bad.on_failure = OnFailure::Continue;
        let args = request(3, Invocation::Args(["printf", "%s|", "a b", "$HOME", "*", ""].map(str::to_owned).to_vec()));
        let mut lacking = request(4, Invocation::Args(vec!["no-such-program-here".to_owned()]));
        lacking.on_failure = OnFailure::Continue;
        let other = request(5, Invocation::Text { text: "echo \"$0\"".to_owned(), shell: ShellProgram::Other("dash -e".to_owned()) });
        let plain = request(6, Invocation::Script("false; echo on".to_owned()));
        let mut strict = request(7, sh("false; echo on"));
        strict.on_failure = OnFailure::Continue;
        let after = request(8, sh("pwd; umask; echo \"[$A]\""));
        let mut nul = request(9, sh("echo \0"));
        nul.on_failure = OnFailure::Continue;
        let all = run_all(shell, [first, lost, bad, args, lacking, other, plain, strict, after, nul]).await;
        let mask = all.out(0).lines().nth(3).unwrap().to_owned();
        assert!(["0027", "027"].contains(&mask.as_str()), "{shell} {mask}");
        assert!(all.out(0).starts_with(&format!("{}\nit's\n$HOME `x` \\\n", odd.display())), "{shell} {}", all.out(0));
        assert!(all.out(0).ends_with("sbin\n<>\n"), "{shell} {}", all.out(0));
        assert!(all.out(0).contains("UTF-8\n"), "{shell} {}", all.out(0));
        assert_eq!((all.exited(1), all.out(1)), (1, String::new()), "{shell}");
        assert!(!all.of(1).err.is_empty());
        assert_ne!(all.exited(2), 0, "{shell}");
        assert_eq!(all.out(3), "a b|$HOME|*||", "{shell}");
        assert_eq!(all.exited(4), 127, "{shell}");
        assert_eq!(all.out(5), "dash\n", "{shell}");
        assert_eq!(all.out(6), "on\n", "{shell}");
        assert_eq!((all.exited(7), all.out(7)), (1, String::new()), "{shell}");
        assert!(!all.out(8).contains("odd") && all.out(8).ends_with("[]\n"), "{shell} {}", all.out(8));
        assert_eq!(all.exited(9), 126, "{shell}");
    }
}

#[tokio::test]
async fn guards_decide() {
    let guard = |kind, text: &str| GuardCheck { kind, command: sh(text) };
    for shell in shells() {
        let mut unless = request(0, sh("echo no"));
        unless.guards = vec![guard(GuardKind::OnlyIf, "echo noise; true"), guard(GuardKind::Unless, "test -e /")];
        let mut only_if = request(1, sh("echo no"));
        only_if.guards = vec![guard(GuardKind::OnlyIf, "exit 4")];
        let mut runs = request(2, sh("echo yes"));
        runs.guards = vec![guard(GuardKind::Unless, "exec false"), guard(GuardKind::OnlyIf, "echo x >&2")];
        let all = run_all(shell, [unless, only_if, runs]).await;
        assert_eq!(all.of(0).end, Some(End::Guarded { guard: 1, code: 0 }), "{shell}");
        assert_eq!(all.of(1).end, Some(End::Guarded { guard: 0, code: 4 }), "{shell}");
        assert_eq!((all.exited(2), all.out(2), all.of(2).err.len()), (0, "yes\n".to_owned(), 0), "{shell}");
        assert_eq!(all.of(0).out, b"");
    }
}

#[tokio::test]
async fn a_daemon_that_keeps_the_stream_holds_nothing_up() {
    let nap = nap();
    let since = Instant::now();
    let all = run_all("/bin/sh", [request(0, sh(&format!("sleep {nap} & echo started"))), request(1, sh("echo next"))]).await;
    assert_eq!((all.out(0), all.out(1)), ("started\n".to_owned(), "next\n".to_owned()));
    assert!(since.elapsed() < Duration::from_secs(4));
    assert!(alive(&nap), "a goodbye leaves it alone");
    pids(&nap).into_iter().for_each(|pid| kill_process(pid, Signal::TERM).unwrap());
}

#[tokio::test]
async fn a_missing_shell_is_told() {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    let argv = ["sh", "-c", "echo no shell here >&2; exit 1", "x"].map(str::to_owned).to_vec();
    let lane = Session::with_shell(Backend::Process(argv), &target, "/bin/sh").open_lane(None).await.unwrap();
    run(&lane, request(0, sh("true")));
    let all = finish(lane).await;
    assert!(!all.ready);
    assert_eq!(all.of(0).skipped, Some(SkipCause::Withdrawn));
    assert_eq!(all.closed, Some(Some("no shell here".to_owned())));
}

#[tokio::test]
async fn bulk_channels_start_behind_a_noisy_login() {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    let argv = ["sh", "-c", "echo noise; echo noise >&2; exec \"$@\"", "x"].map(str::to_owned).to_vec();
    let session = Session::with_shell(Backend::Process(argv), &target, "/bin/sh");
    let end = session.upload(None, "cat; echo err >&2", &b"\0bytes"[..]).await.unwrap();
    assert_eq!((end.code, end.stdout.as_slice(), end.stderr.as_slice()), (0, b"\0bytes".as_slice(), b"err\n".as_slice()));
    let mut sink = Vec::new();
    let end = session.download(None, "head -c 300000 /dev/zero; exit 9", &mut sink).await.unwrap();
    assert_eq!((end.code, sink.len(), end.stderr.len()), (9, 300_000, 0));
    let end = session.upload(None, "exit 4", tokio::io::repeat(b'x')).await.unwrap();
    assert_eq!(end.code, 4, "a script that reads nothing ends an endless upload");
}
