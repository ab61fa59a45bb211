//! Against a private sshd on loopback, as the user who runs the tests.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::model::{Connect, HostKey, Jump};
use crate::transport::{
    End, Hub, HubOptions, Invocation, Lane, LaneCommand, LaneReport, OnFailure, Progress, Refusal, RefusalClass, Request, Session,
    ShellProgram, Target,
};

const SSHD: &str = "/usr/sbin/sshd";

struct Sshd {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Sshd {
    /// None where there is no sshd to test with.
    fn start(extra: &str) -> Option<Sshd> {
        if !Path::new(SSHD).exists() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        for name in ["host", "user", "stranger"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(name)]).status().unwrap();
            assert!(made.success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "ListenAddress 127.0.0.1\nListenAddress 127.0.0.9\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPidFile none\n{extra}\n",
            at("host"),
            at("user.pub")
        );
        fs::write(at("sshd.conf"), config).unwrap();
        let host_key = fs::read_to_string(at("host.pub")).unwrap();
        fs::write(at("known"), format!("[127.0.0.1]:{port} {host_key}[127.0.0.9]:{port} {host_key}")).unwrap();
        let child = Command::new(SSHD)
            .args(["-D", "-e", "-f", &at("sshd.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(at("sshd.log")).unwrap())
            .spawn()
            .unwrap();
        let sshd = Sshd { folder, port, child };
        let since = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(5), "{}", fs::read_to_string(sshd.at("sshd.log")).unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(sshd)
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn target(&self, edit: impl FnOnce(&mut Connect)) -> Target {
        let mut connect = Connect::new("127.0.0.1");
        connect.port = Some(self.port);
        connect.identity = Some(self.at("user").into());
        connect.ssh_config = Some("/dev/null".into());
        connect.ssh_options = vec![format!("UserKnownHostsFile={}", self.at("known")), "IdentitiesOnly=yes".to_owned()];
        edit(&mut connect);
        Target { name: "here".to_owned(), connect, jump: None }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hub() -> Hub {
    Hub::new(HubOptions::default()).unwrap()
}

async fn connect(hub: &Hub, target: &Target) -> Result<Session, Refusal> {
    timeout(Duration::from_secs(40), hub.connect(target, |_| {})).await.unwrap()
}

fn run(lane: &Lane, id: u64, text: &str) {
    lane.commands
        .send(LaneCommand::Run(Box::new(Request {
            on_failure: OnFailure::Stop,
            ..Request::new(id, Invocation::Text { text: text.to_owned(), shell: ShellProgram::Sh }, Duration::from_secs(30))
        })))
        .unwrap();
}

/// Everything to the lane's end: output of all requests, ends, the reason of the end.
async fn finish(lane: Lane) -> (String, Vec<End>, Option<String>) {
    let Lane { commands, reports } = lane;
    drop(commands);
    hear(reports).await
}

async fn hear(mut reports: tokio::sync::mpsc::Receiver<LaneReport>) -> (String, Vec<End>, Option<String>) {
    let (mut out, mut ends, mut reason) = (Vec::new(), Vec::new(), None);
    let work = async {
        while let Some(report) = reports.recv().await {
            match report {
                LaneReport::Output { data, .. } => out.extend(data),
                LaneReport::Ended { end, .. } => ends.push(end),
                LaneReport::Closed { reason: why, .. } => reason = why,
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(30), work).await.expect("the lane did not end");
    (String::from_utf8_lossy(&out).into_owned(), ends, reason)
}

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

#[tokio::test]
async fn twenty_tasks_and_nothing_left_behind() {
    let Some(sshd) = Sshd::start("") else { return };
    let runtime = tempfile::tempdir().unwrap();
    let options = HubOptions { runtime_dir: Some(runtime.path().to_owned()), ..HubOptions::default() };
    let hub = Hub::new(options).unwrap();
    let session = connect(&hub, &sshd.target(|_| {})).await.unwrap();
    let lane = session.open_lane(None).await.unwrap();
    for id in 0..20 {
        run(&lane, id, &format!("echo {id}"));
    }
    let (out, ends, reason) = finish(lane).await;
    assert_eq!(out, (0..20).map(|id| format!("{id}\n")).collect::<String>());
    assert_eq!((ends.len(), reason), (20, None));
    let folder = fs::read_dir(runtime.path()).unwrap().next().unwrap().unwrap().path();
    let marker = folder.display().to_string();
    assert!(alive(&marker), "the master runs");
    hub.close().await;
    assert!(!folder.exists());
    gone(&marker).await;
    drop(session);
}

#[tokio::test]
async fn dropping_everything_ends_the_master() {
    let Some(sshd) = Sshd::start("") else { return };
    let runtime = tempfile::tempdir().unwrap();
    let hub = Hub::new(HubOptions { runtime_dir: Some(runtime.path().to_owned()), ..HubOptions::default() }).unwrap();
    let session = connect(&hub, &sshd.target(|_| {})).await.unwrap();
    drop((hub, session));
    gone(&runtime.path().display().to_string()).await;
    assert_eq!(fs::read_dir(runtime.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn refusals_have_their_class_and_words() {
    let Some(sshd) = Sshd::start("") else { return };
    let hub = hub();
    let unknown = sshd.target(|connect| connect.ssh_options[0] = "UserKnownHostsFile=/dev/null".to_owned());
    let stranger = fs::read_to_string(sshd.at("stranger.pub")).unwrap();
    fs::write(sshd.at("wrong"), format!("[127.0.0.1]:{} {stranger}", sshd.port)).unwrap();
    let changed = sshd.target(|connect| connect.ssh_options[0] = format!("UserKnownHostsFile={}", sshd.at("wrong")));
    let auth = sshd.target(|connect| connect.identity = Some(sshd.at("stranger").into()));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = sshd.target(|connect| connect.port = Some(free));
    let dns = sshd.target(|connect| connect.address = "no-such-host.invalid".to_owned());
    let option = sshd.target(|connect| connect.ssh_options.push("NoSuchOption=yes".to_owned()));
    for (target, class, words) in [
        (unknown, RefusalClass::UnknownHostKey, "host key"),
        (changed, RefusalClass::ChangedHostKey, "has changed"),
        (auth, RefusalClass::Auth, "Permission denied"),
        (refused, RefusalClass::Refused, "Connection refused"),
        (dns, RefusalClass::Dns, "no-such-host.invalid"),
        (option, RefusalClass::Local, "Bad configuration option"),
    ] {
        let refusal = connect(&hub, &target).await.unwrap_err();
        assert_eq!(refusal.class, class, "{refusal:?}");
        assert!(refusal.message.contains(words), "{refusal:?}");
    }
    hub.close().await;
}

#[tokio::test]
async fn an_unknown_key_is_accepted_when_told_so() {
    let Some(sshd) = Sshd::start("") else { return };
    let hub = hub();
    let target = sshd.target(|connect| {
        connect.ssh_options[0] = format!("UserKnownHostsFile={}", sshd.at("fresh"));
        connect.host_key = HostKey::AcceptNew;
    });
    connect(&hub, &target).await.unwrap();
    assert!(fs::read_to_string(sshd.at("fresh")).unwrap().contains("ssh-ed25519"));
    hub.close().await;
}

#[tokio::test]
async fn a_silent_host_costs_its_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hub = hub();
    let mut connect_to = Connect::new("127.0.0.1");
    connect_to.port = Some(listener.local_addr().unwrap().port());
    connect_to.ssh_config = Some("/dev/null".into());
    connect_to.connect_timeout = Duration::from_secs(1);
    let target = Target { name: "silent".to_owned(), connect: connect_to, jump: None };
    let since = Instant::now();
    let heard = Mutex::new(Vec::new());
    let refusal = hub.connect(&target, |progress| heard.lock().unwrap().push(progress)).await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Timeout, "{refusal:?}");
    assert!(since.elapsed() < Duration::from_secs(6));
    let heard = heard.into_inner().unwrap();
    assert!(matches!(heard[..], [Progress::Connecting, Progress::Retrying { attempt: 2, .. }, Progress::Connecting]), "{heard:?}");
    hub.close().await;
}

#[tokio::test]
async fn one_session_slot_is_enough() {
    let Some(sshd) = Sshd::start("MaxSessions 1") else { return };
    let hub = hub();
    let session = connect(&hub, &sshd.target(|connect| connect.max_sessions = 1)).await.unwrap();
    for round in 0..5 {
        let lane = session.open_lane(None).await.unwrap();
        run(&lane, 0, &format!("echo {round}"));
        assert_eq!(finish(lane).await.0, format!("{round}\n"));
    }
    let first = session.open_lane(None).await.unwrap();
    assert!(timeout(Duration::from_millis(300), session.open_lane(None)).await.is_err(), "the second waits");
    drop(first);
    timeout(Duration::from_secs(5), session.open_lane(None)).await.unwrap().unwrap();
    hub.close().await;
}

#[tokio::test]
async fn a_lost_session_is_told_and_leaves_nothing() {
    let Some(sshd) = Sshd::start("") else { return };
    let runtime = tempfile::tempdir().unwrap();
    let hub = Hub::new(HubOptions { runtime_dir: Some(runtime.path().to_owned()), ..HubOptions::default() }).unwrap();
    let session = connect(&hub, &sshd.target(|_| {})).await.unwrap();
    let lane = session.open_lane(None).await.unwrap();
    let nap = format!("6{}.{}", std::process::id(), crate::transport::random::below(1_000_000_000));
    run(&lane, 0, &format!("sleep {nap}"));
    while !alive(&nap) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let lost = session.lost();
    let master = runtime.path().display().to_string();
    let masters = pids(&master);
    assert!(!masters.is_empty());
    for pid in masters {
        // One may have gone with the other.
        let _ = kill_process(pid, Signal::KILL);
    }
    let words = timeout(Duration::from_secs(5), lost).await.unwrap();
    assert!(!words.is_empty());
    let Lane { commands: _commands, reports } = lane;
    let (_, ends, reason) = hear(reports).await;
    assert_eq!((ends, reason), (Vec::new(), Some(words)));
    gone(&nap).await;
    hub.close().await;
}

#[tokio::test]
async fn many_go_through_one_jump_host() {
    let Some(sshd) = Sshd::start("MaxStartups 3:100:5") else { return };
    let hub = hub();
    let gate = Target { name: "gate".to_owned(), ..sshd.target(|_| {}) };
    let behind = Target {
        jump: Some(Box::new(gate)),
        ..sshd.target(|connect| {
            connect.address = "127.0.0.9".to_owned();
            connect.jump = Some(Jump::Host("gate".to_owned()));
            connect.retries = 8;
        })
    };
    let all: Vec<_> = (0..6)
        .map(|at| {
            let (hub, behind) = (hub.clone(), behind.clone());
            tokio::spawn(async move {
                let session = connect(&hub, &behind).await.unwrap();
                let lane = session.open_lane(None).await.unwrap();
                run(&lane, 0, &format!("echo {at} $SSH_CONNECTION"));
                finish(lane).await.0
            })
        })
        .collect();
    for (at, one) in all.into_iter().enumerate() {
        let out = one.await.unwrap();
        assert!(out.starts_with(&format!("{at} ")) && out.contains("127.0.0.9"), "{out}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dead = Target { jump: Some(Box::new(sshd.target(|connect| connect.port = Some(closed)))), ..behind };
    let refusal = connect(&hub, &dead).await.unwrap_err();
    assert_eq!(refusal.class, RefusalClass::Jump, "{refusal:?}");
    hub.close().await;
}

#[tokio::test]
async fn files_go_both_ways() {
    let Some(sshd) = Sshd::start("") else { return };
    let hub = hub();
    let session = connect(&hub, &sshd.target(|_| {})).await.unwrap();
    let bytes: Vec<u8> = (0..3_000_001u32).map(|at| (at % 253) as u8).collect();
    let file = sshd.at("it's a file");
    let quoted = crate::text::quote(&file);
    let script = format!(
        "cat >{quoted}.tmp && test $(wc -c <{quoted}.tmp) -eq {} && mv {quoted}.tmp {quoted}; echo 'don'\\''t'\necho !two",
        bytes.len()
    );
    let end = session.upload(None, &script, crate::transport::Bytes::of(&bytes), std::future::pending()).await.unwrap();
    assert_eq!((end.code, String::from_utf8_lossy(&end.stdout).as_ref()), (0, "don't\n!two\n"), "{:?}", end.stderr);
    let mut back = Vec::new();
    let end = session.download(None, &format!("cat {quoted}; echo done >&2; exit 5"), &mut back).await.unwrap();
    assert_eq!((end.code, end.stderr.as_slice()), (5, b"done\n".as_slice()));
    assert!(back == bytes);
    hub.close().await;
}
