//! R2: hosts that can't be reached and links that break: the right outcome in time, in OpenSSH's own words, and other hosts unaffected.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;

use crate::common::record::{self, RecordedRun};
use crate::common::{Lab, Project, Relay, To, procs};
use crate::net::{self, BlackHole, check, host};
use crate::table::{Fault, note};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R2", what: "hosts that can't be reached, each in its own way", tries: (1, 20), run: unreachable },
        Fault { id: "R2", what: "sshd killed mid-task", tries: (1, 20), run: killed },
        Fault { id: "R2", what: "link cut mid-task", tries: (1, 20), run: cut },
        Fault { id: "R2", what: "link stalls mid-task, both ways", tries: (1, 10), run: stalled },
        Fault { id: "R2", what: "link stalls mid-task, one way", tries: (1, 10), run: stalled_one_way },
        Fault { id: "R2", what: "bytes change on the way mid-task", tries: (1, 20), run: corrupted },
        Fault { id: "R2", what: "a link whose delay jumps about", tries: (1, 10), run: jittery },
        Fault { id: "R2", what: "three bad hosts among fifty: the others within 1.1 of the time", tries: (1, 9), run: among_fifty },
    ]
}

const SECONDS: u64 = 3;

fn unreachable(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(2);
    let folder = lab.folder().display().to_string();
    let other_key = std::fs::read_to_string(lab.folder().join("id.pub")).unwrap();
    std::fs::write(lab.folder().join("other_hosts"), format!("* {other_key}")).unwrap();
    let keys = |file: &str| {
        format!("ssh_options: [UserKnownHostsFile={folder}/{file}, GlobalKnownHostsFile=/dev/null, IdentitiesOnly=yes, IdentityAgent=none]")
    };
    let hole = BlackHole::new();
    let port = |port: u16| format!("port: {port}");
    let cases = [
        ("hole", "127.0.0.1", port(hole.address().port()), "timeout", "imed out"),
        ("silent", "127.0.0.1", port(net::port_that(net::silent)), "timeout", "imed out"),
        ("closed", "127.0.0.1", port(net::closed_port()), "refused", "Connection refused"),
        ("garbage", "127.0.0.1", port(net::port_that(net::garbage)), "banner", "banner line contains invalid characters"),
        ("outdated", "127.0.0.1", port(net::port_that(net::outdated)), "banner", "Protocol major versions differ"),
        ("changed", "127.0.9.1", keys("other_hosts"), "changed_host_key", "Host key verification failed"),
        ("unknown", "127.0.9.2", keys("nothing"), "unknown_host_key", "ost key is known for"),
        ("denied", "127.0.9.3", "user: nobody-of-that-name".to_owned(), "auth", "Permission denied"),
        ("nameless", "no-such-host.invalid", String::new(), "dns", "Could not resolve hostname"),
    ];
    let mut hosts: Vec<String> = cases.iter().map(|(name, address, connect, ..)| host(name, address, connect)).collect();
    hosts.extend([host("h001", Lab::address(1), ""), host("h002", Lab::address(2), "")]);
    let inventory = net::inventory(&lab, &format!("  connect_timeout: {SECONDS}s\n  retries: 0\n"), &hosts);
    for _ in 0..tries {
        let project = net::project("      - { name: one, run: echo one }\n      - { name: two, run: echo two }\n");
        project.file("hosts.yml", &inventory);
        let since = Instant::now();
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        let took = since.elapsed();
        check(&mut lost, took < Duration::from_secs(SECONDS + 6), || format!("it took {took:?}"));
        check(&mut lost, matches!(shown.code, 4 | 5), || format!("exit code {}: {}", shown.code, shown.text()));
        let run = record::only_run(&project.record());
        for (name, _, _, class, words) in &cases {
            let seen = net::unreachable(&run, name);
            let right = seen.as_ref().is_some_and(|(seen, said)| seen == class && said.contains(words));
            check(&mut lost, right, || format!("{name} is to be {class:?} with {words:?}, and is {seen:?}"));
            let status = run.status(name, "one");
            check(&mut lost, status.as_deref() == Some("unreachable"), || format!("{name}: {status:?}"));
        }
        well(&run, &mut lost);
    }
    lost
}

/// Says what is wrong with the hosts that have no fault.
fn well(run: &RecordedRun, lost: &mut Vec<String>) {
    for name in ["h001", "h002"] {
        for task in ["one", "two"] {
            let status = run.status(name, task);
            check(lost, status.as_deref() == Some("changed"), || format!("{task} on {name}: {status:?}"));
        }
    }
}

/// Hosts whose links break, each behind a relay of its own, and what their step is.
const BROKEN: [&str; 4] = ["bad", "plain", "guarded", "reads"];

/// Each host's step counts itself and sleeps at its first time; `bad` is not connected to again, the others are.
fn steps(here: &str, naps: &[String]) -> String {
    let of = |at: usize, more: &str| {
        let (name, nap) = (BROKEN[at], &naps[at]);
        let text = format!("echo begun; echo x >>{here}/{name}; test $(wc -l <{here}/{name}) -gt 1 || {nap}; mkdir {here}/{name}.done");
        format!(
            "  - name: {name}\n    needs: []\n    hosts: {name}\n    tasks:\n      - {{ name: one, run: \"{text}\"{more} }}\n      - {{ name: two, run: echo two }}\n"
        )
    };
    format!(
        "rounds:\n  - name: well\n    hosts: h001,h002\n    tasks:\n      - {{ name: one, run: echo one }}\n      - {{ name: two, run: echo two }}\n{}{}{}{}",
        of(0, ""),
        of(1, ""),
        of(2, &format!(", creates: {here}/guarded.done")),
        of(3, ", read_only: true"),
    )
}

/// Breaks links while tasks run: that of a host which is then given up, and those of hosts which are connected to again. `words` are
/// OpenSSH's, one of them.
fn broken(tries: usize, words: &[&str], within: Duration, how: impl Fn(&Relay, &str), heal: impl Fn(&Relay)) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(2);
    for _ in 0..tries {
        let relays = BROKEN.map(|_| Relay::to_lab(&lab, Duration::ZERO));
        let naps = BROKEN.map(|_| format!("sleep {}", net::nap()));
        let project = Project::new();
        let here = project.path("").display().to_string();
        project.file("site.yml", steps(here.trim_end_matches('/'), &naps));
        let mut hosts = vec![host("h001", Lab::address(1), ""), host("h002", Lab::address(2), "")];
        for (at, name) in BROKEN.iter().enumerate() {
            let retries = if at == 0 { ", retries: 0" } else { "" };
            hosts.push(host(name, Lab::address(3 + at), &format!("port: {}, keepalive: 1s{retries}", relays[at].port())));
        }
        project.file("hosts.yml", net::inventory(&lab, "", &hosts));
        let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml", "--format", "jsonl"]);
        let asleep = || naps.iter().all(|nap| !procs::matching(nap).is_empty());
        assert!(procs::wait_until(Duration::from_secs(20), asleep), "{}", running.so_far());
        // Their begin marks may still be on their way.
        std::thread::sleep(Duration::from_millis(300));
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        relays.iter().zip(&naps).for_each(|(relay, nap)| how(relay, nap));
        procs::wait_until(within, || running.so_far().matches("\"host_lost\"").count() >= BROKEN.len());
        relays.iter().for_each(&heal);
        let shown = running.wait(within + Duration::from_secs(40));
        check(&mut lost, shown.code == 4, || format!("exit code {}: {}", shown.code, shown.text()));
        let run = record::only_run(&project.record());
        for name in BROKEN {
            let Some((at, said)) = net::lost(&run, name) else {
                lost.push(format!("{name} was not lost: {}", shown.text()));
                continue;
            };
            let took = at.saturating_sub(since);
            check(&mut lost, took < within, || format!("{name}: it was noticed after {took:?}"));
            check(&mut lost, words.iter().any(|words| said.contains(words)), || {
                format!("OpenSSH's own words {words:?} are not in {said:?}")
            });
            let again = matches!(name, "guarded" | "reads");
            let count = std::fs::read_to_string(project.path(name)).unwrap_or_default().lines().count();
            check(&mut lost, count == if again { 2 } else { 1 }, || format!("{name} ran {count} times"));
            let (one, two) = (run.status(name, "one"), run.status(name, "two"));
            let wanted = match name {
                "guarded" => "changed",
                "reads" => "ok",
                _ => "unknown",
            };
            check(&mut lost, one.as_deref() == Some(wanted), || format!("{name}: what was in flight is {one:?}"));
            check(&mut lost, (two.as_deref() == Some("changed")) == again, || format!("{name}: what was to come is {two:?}"));
            let begun = run.stdout(name, "one");
            check(&mut lost, begun.starts_with(b"begun\n"), || format!("{name}: what came before is not in the record: {begun:?}"));
        }
        let connected = run.of_kind("host_connected").count();
        check(&mut lost, connected == 6 + 3, || format!("connected {connected} times"));
        well(&run, &mut lost);
        drop(relays);
        for nap in &naps {
            let left = procs::wait_gone(nap, Duration::from_secs(15));
            check(&mut lost, left.is_empty(), || format!("left on the host: {left:?}"));
        }
    }
    lost
}

fn killed(tries: usize) -> Vec<String> {
    let kill = |_: &Relay, nap: &str| {
        let all = procs::all();
        let mut at = all.iter().find(|process| process.command.contains(nap)).cloned();
        while let Some(process) = at {
            if process.command.starts_with("sshd") {
                return procs::signal(process.pid, Signal::KILL);
            }
            at = all.iter().find(|other| other.pid == process.parent).cloned();
        }
        panic!("the task is below no sshd");
    };
    broken(tries, &["closed", "reset"], Duration::from_secs(10), kill, |_| {})
}

fn cut(tries: usize) -> Vec<String> {
    broken(tries, &["closed", "reset", "Broken pipe"], Duration::from_secs(10), |relay, _| relay.cut(), |_| {})
}

fn stalls(tries: usize, ways: &'static [To]) -> Vec<String> {
    let stall = move |relay: &Relay, stalled| ways.iter().for_each(|way| relay.stall(*way, stalled));
    broken(tries, &["not responding"], Duration::from_secs(15), |relay, _| stall(relay, true), |relay| stall(relay, false))
}

fn stalled(tries: usize) -> Vec<String> {
    stalls(tries, &[To::Server, To::Client])
}

fn stalled_one_way(tries: usize) -> Vec<String> {
    [stalls(tries, &[To::Server]), stalls(tries, &[To::Client])].concat()
}

fn corrupted(tries: usize) -> Vec<String> {
    let words = ["message authentication code incorrect", "Corrupted MAC", "Bad packet length", "Packet corrupt", "closed", "reset"];
    // Something must be on its way: the keepalive is.
    let back = broken(tries, &words[..4], Duration::from_secs(15), |relay, _| relay.corrupt(To::Client), |_| {});
    let there = broken(tries, &words, Duration::from_secs(15), |relay, _| relay.corrupt(To::Server), |_| {});
    [back, there].concat()
}

fn jittery(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(4);
    for _ in 0..tries {
        let relay = Relay::to_lab(&lab, Duration::from_millis(10));
        relay.jitter(Duration::from_millis(60));
        let tasks: String = (0..10).map(|task| format!("      - {{ name: t{task}, run: echo {task} }}\n")).collect();
        let project = net::project(&tasks);
        project.file("hosts.yml", lab.inventory_text(relay.port()));
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        check(&mut lost, shown.code == 0, || shown.text());
        let run = record::only_run(&project.record());
        for (host, task) in (1..=4).flat_map(|host| (0..10).map(move |task| (host, task))) {
            let out = run.stdout(&Lab::name(host), &format!("t{task}"));
            check(&mut lost, out == format!("{task}\n").as_bytes(), || format!("t{task} on {host}: {out:?}"));
        }
    }
    lost
}

/// One round on so many hosts of the lab, with three bad ones or without; how long the others took.
fn round(lab: &Lab, bad: Option<&[String; 2]>, sleepy: &Relay) -> Duration {
    let nap = net::nap();
    let tasks: String = (0..6)
        .map(|task| {
            format!("      - {{ name: t{task}, run: \"[ {task} != 3 -o {{{{ host.name }}}} != midway ] || sleep {nap}; echo {task}\" }}\n")
        })
        .collect();
    let project: Project = net::project(&tasks);
    let mut hosts: Vec<String> = (1..=47).map(|number| host(&Lab::name(number), Lab::address(number), "")).collect();
    if let Some(bad) = bad {
        // First in line, where they would be most in the way.
        hosts.insert(0, host("midway", Lab::address(48), &format!("port: {}", sleepy.port())));
        bad.iter().for_each(|bad| hosts.insert(0, bad.clone()));
    }
    project.file("hosts.yml", net::inventory(lab, "  connect_timeout: 6s\n  retries: 0\n  keepalive: 1s\n", &hosts));
    let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml"]);
    if bad.is_some() {
        assert!(procs::wait_until(Duration::from_secs(30), || !procs::matching(&nap).is_empty()), "{}", running.so_far());
        sleepy.stall(To::Server, true);
        sleepy.stall(To::Client, true);
    }
    let shown = running.wait(Duration::from_secs(60));
    sleepy.stall(To::Server, false);
    sleepy.stall(To::Client, false);
    assert_eq!(shown.code == 0, bad.is_none(), "{}", shown.text());
    let run = record::only_run(&project.record());
    let fine = (1..=47).filter(|number| run.status(&Lab::name(*number), "t5").as_deref() == Some("changed")).count();
    assert_eq!(fine, 47, "{}", shown.text());
    net::last_of(&run, |host| host.starts_with('h') && host != "hole")
}

fn among_fifty(tries: usize) -> Vec<String> {
    let lab = Lab::start(50);
    let hole = BlackHole::new();
    let bad = [
        host("hole", "127.0.0.1", &format!("port: {}", hole.address().port())),
        host("silent", "127.0.0.1", &format!("port: {}", net::port_that(net::silent))),
    ];
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..tries {
        let sleepy = Relay::to_lab(&lab, Duration::ZERO);
        without.push(round(&lab, None, &sleepy));
        with.push(round(&lab, Some(&bad), &sleepy));
    }
    // Of few turns the best says most: what else a machine does only ever adds.
    let typical = |times: &mut Vec<Duration>| {
        times.sort();
        times[if times.len() < 5 { 0 } else { times.len() / 2 }].as_secs_f64()
    };
    let (with, without) = (typical(&mut with), typical(&mut without));
    let ratio = with / without;
    note(format!("47 hosts took {without:.2} s alone and {with:.2} s beside the three bad ones: {ratio:.2}"));
    // Three more hosts are work of their own, which a busy machine does not do for nothing; one turn alone says little.
    let most = if tries < 3 { 2.0 } else { 1.1 };
    if ratio <= most { Vec::new() } else { vec![format!("{ratio:.2} times as long")] }
}
