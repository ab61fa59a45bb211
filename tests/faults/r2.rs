//! R2: hosts that can't be reached and links that break: the right outcome in time, in OpenSSH's own words, and other hosts unaffected.

use std::time::{Duration, Instant};

use crate::common::record::{self, RecordedRun};
use crate::common::{Lab, Project, Relay, To, procs};
use crate::net::{self, BlackHole, check, host};
use crate::table::Fault;

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

/// Breaks the link to `bad` while its task runs; `words` are OpenSSH's, one of them.
fn broken(tries: usize, words: &[&str], within: Duration, how: impl Fn(&Lab, &Relay, &str)) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(2);
    for _ in 0..tries {
        let relay = Relay::to_lab(&lab, Duration::ZERO);
        let nap = format!("sleep {}", net::nap());
        let long = format!(
            "      - {{ name: one, run: \"echo begun; [ {{{{ host.name }}}} != bad ] || {nap}\" }}\n      - {{ name: two, run: echo two }}\n"
        );
        let project = net::project(&long);
        let bad = host("bad", Lab::address(3), &format!("port: {}, keepalive: 1s, retries: 0", relay.port()));
        project.file("hosts.yml", net::inventory(&lab, "", &[bad, host("h001", Lab::address(1), ""), host("h002", Lab::address(2), "")]));
        let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml"]);
        assert!(procs::wait_until(Duration::from_secs(20), || !procs::matching(&nap).is_empty()), "{}", running.so_far());
        // Its begin mark may still be on its way.
        std::thread::sleep(Duration::from_millis(300));
        let since = Instant::now();
        how(&lab, &relay, &nap);
        let shown = running.wait(within + Duration::from_secs(30));
        let took = since.elapsed();
        check(&mut lost, took < within, || format!("it was noticed after {took:?}"));
        check(&mut lost, matches!(shown.code, 4 | 5), || format!("exit code {}: {}", shown.code, shown.text()));
        let run = record::only_run(&project.record());
        let status = run.status("bad", "one");
        check(&mut lost, status.as_deref() == Some("unknown"), || format!("what was in flight is {status:?}"));
        let status = run.status("bad", "two");
        check(&mut lost, !matches!(status.as_deref(), Some("changed" | "ok")), || format!("what was to come is {status:?}"));
        let said = net::lost(&run, "bad");
        let right = said.as_ref().is_some_and(|said| words.iter().any(|words| said.contains(words)));
        check(&mut lost, right, || format!("OpenSSH's own words {words:?} are not in {said:?}"));
        check(&mut lost, run.stdout("bad", "one") == b"begun\n", || "what came before is not in the record".to_owned());
        well(&run, &mut lost);
        drop(relay);
        let left = procs::wait_gone(&nap, Duration::from_secs(15));
        check(&mut lost, left.is_empty(), || format!("left on the host: {left:?}"));
    }
    lost
}

fn killed(tries: usize) -> Vec<String> {
    broken(tries, &["closed", "reset"], Duration::from_secs(10), |_, _, nap| {
        let all = procs::all();
        let mut at = all.iter().find(|process| process.command.contains(nap)).cloned();
        while let Some(process) = at {
            if process.command.starts_with("sshd") {
                return procs::signal(process.pid, rustix::process::Signal::KILL);
            }
            at = all.iter().find(|other| other.pid == process.parent).cloned();
        }
        panic!("the task is below no sshd");
    })
}

fn cut(tries: usize) -> Vec<String> {
    broken(tries, &["closed", "reset", "Broken pipe"], Duration::from_secs(10), |_, relay, _| relay.cut())
}

fn stalled(tries: usize) -> Vec<String> {
    broken(tries, &["not responding"], Duration::from_secs(15), |_, relay, _| {
        relay.stall(To::Server, true);
        relay.stall(To::Client, true);
    })
}

fn stalled_one_way(tries: usize) -> Vec<String> {
    let there = broken(tries, &["not responding"], Duration::from_secs(15), |_, relay, _| relay.stall(To::Server, true));
    let back = broken(tries, &["not responding"], Duration::from_secs(15), |_, relay, _| relay.stall(To::Client, true));
    [there, back].concat()
}

fn corrupted(tries: usize) -> Vec<String> {
    let words = ["message authentication code incorrect", "Corrupted MAC", "Bad packet length", "Packet corrupt", "closed", "reset"];
    // Something must be on its way: the keepalive is.
    let back = broken(tries, &words[..4], Duration::from_secs(15), |_, relay, _| relay.corrupt(To::Client));
    let there = broken(tries, &words, Duration::from_secs(15), |_, relay, _| relay.corrupt(To::Server));
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
    println!("     47 hosts took {without:.2} s alone and {with:.2} s beside the three bad ones: {ratio:.2}");
    // Three more hosts are work of their own, which a busy machine does not do for nothing; one turn alone says little.
    let most = if tries < 3 { 1.5 } else { 1.1 + 0.1 };
    if ratio <= most { Vec::new() } else { vec![format!("{ratio:.2} times as long")] }
}
