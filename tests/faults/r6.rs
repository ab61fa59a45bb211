//! R6: however a step or a run is ended, nothing of the lane's group is left on the host, and nothing there changes after its end.

use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{Lab, Project, Relay, procs, random, record};
use crate::net::{self, check, host};
use crate::table::{Fault, note};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R6", what: "timeout of tasks that won't end", tries: (1, 100), run: |tries| ended(tries, How::Timeout) },
        Fault { id: "R6", what: "Ctrl-C twice at a random moment", tries: (1, 100), run: |tries| ended(tries, How::Twice) },
        Fault { id: "R6", what: "Ctrl-C three times at a random moment", tries: (2, 100), run: |tries| ended(tries, How::Thrice) },
        Fault { id: "R6", what: "SIGKILL at a random moment", tries: (3, 200), run: |tries| ended(tries, How::Kill) },
        Fault { id: "R6", what: "lost link at a random moment", tries: (2, 100), run: |tries| ended(tries, How::Cut) },
        Fault { id: "R6", what: "a large file's timeout on a slow link: in place by then or never", tries: (6, 300), run: late_files },
        Fault { id: "R6", what: "Ctrl-C twice under a large file: in place by then or never", tries: (2, 100), run: interrupted_files },
        Fault { id: "R6", what: "validate of a large file that hangs, by timeout and SIGKILL", tries: (2, 40), run: hanging_validate },
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Timeout,
    Twice,
    Thrice,
    Kill,
    Cut,
}

/// Tasks that leave in no good way: deaf to TERM and HUP, with grandchildren, pipelines, and `nohup`.
fn stubborn(nap: &str, timeout: &str) -> String {
    let texts = [
        format!("trap \"\" TERM HUP INT; sh -c 'trap \"\" TERM; sleep {nap}; :' & sleep {nap}; sleep {nap}"),
        format!("( ( sleep {nap}; : ) & sleep {nap} | cat | sort ) & sleep {nap} | wc -l"),
        format!("nohup sleep {nap} >/dev/null 2>&1 & trap : TERM; while :; do sleep {nap} & wait; done"),
        format!("exec sh -c 'sleep {nap} & exec sleep {nap}'"),
    ];
    let mut tasks = "      - { name: ahead, run: echo ahead }\n      - parallel:\n".to_owned();
    for (index, text) in texts.iter().enumerate() {
        tasks.push_str(&format!("          - name: t{index}\n            timeout: {timeout}\n            allow_failure: true\n            run: |\n              sleep 0.0{index}\n              {text}\n"));
    }
    tasks
}

fn ended(tries: usize, how: How) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(2);
    for turn in 0..tries {
        let nap = net::nap();
        let timeout = if how == How::Timeout { format!("{}ms", 100 + random() % 900) } else { "1h".to_owned() };
        let project = net::project(&stubborn(&nap, &timeout));
        // A lost link comes back at one time, and does not at another.
        let again = how == How::Cut && turn % 2 == 0;
        let retries = if how == How::Cut && !again { "  retries: 0\n" } else { "" };
        project.file("hosts.yml", net::inventory(&lab, retries, &[1, 2].map(|number| host(&Lab::name(number), Lab::address(number), ""))));
        let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml", "--format", "jsonl"]);
        let moment = Duration::from_millis(random() % 3000);
        if how != How::Timeout && how != How::Cut {
            std::thread::sleep(moment);
        }
        match how {
            How::Timeout => {}
            How::Twice => interrupt(&running, 2),
            How::Thrice => interrupt(&running, 3),
            How::Kill => running.signal(Signal::KILL),
            How::Cut => {
                // Before there is a connection there is nothing to cut. What had not begun is sent again, and would sleep for ever.
                let begun = if again { 2 * 5 } else { 2 };
                let under_way = procs::wait_until(Duration::from_secs(40), || running.so_far().matches("\"step_began\"").count() >= begun);
                assert!(under_way, "{}", running.so_far());
                std::thread::sleep(moment / 3);
                lab.cut();
            }
        }
        let shown = running.wait(Duration::from_secs(60));
        let right = match how {
            How::Timeout => shown.code == 0 || shown.code == 4,
            How::Twice | How::Thrice => shown.code == 130,
            How::Kill => shown.code == 137,
            How::Cut => shown.code == 4 || shown.code == 5,
        };
        check(&mut lost, right, || format!("after {moment:?}: {}", shown.text()));
        let left = procs::wait_gone(&nap, Duration::from_secs(15));
        check(&mut lost, left.is_empty(), || format!("after {moment:?}: left {left:?}"));
        left.iter().for_each(|process| procs::signal(process.pid, Signal::KILL));
        if let Some(left) = net::left(&lab) {
            lost.push(format!("after {moment:?}: {left}"));
        }
    }
    lost
}

fn interrupt(running: &crate::common::cli::Running, times: usize) {
    for time in 0..times {
        if time > 0 {
            std::thread::sleep(Duration::from_millis(150));
        }
        running.signal(Signal::INT);
    }
}

const OLD: &[u8] = b"as it was\n";

/// A project with a file that is too large for a lane, and places for it that hold something else.
fn files(count: usize) -> Project {
    let project = Project::new();
    project.file("big", "x".repeat(200_000));
    (0..count).for_each(|number| drop(project.file(&format!("there/{number}"), OLD)));
    project
}

/// Compares what the record says of a copy with the file; `later` is a good while after the run.
fn honest(project: &Project, run: &record::RecordedRun, number: usize, lost: &mut Vec<String>) {
    let path = project.path(&format!("there/{number}"));
    let now = std::fs::read(&path).unwrap();
    let placed = now != OLD;
    let whole = !placed || now.len() == 200_000;
    check(lost, whole, || format!("{number} has {} bytes", now.len()));
    let metadata = std::fs::metadata(&path).unwrap();
    // The rename is the last that happens to it.
    let changed_at = metadata.ctime() * 1000 + metadata.ctime_nsec() / 1_000_000;
    let task = format!("t{number}");
    let Some(ended) = run.of_kind("step_ended").zip(run.steps("step_ended")).find(|(_, step)| step.2 == task).map(|(event, _)| event)
    else {
        return check(lost, !placed, || format!("{number} is in place, and its step never ended"));
    };
    let (at, status) = (ended["at"].as_i64().unwrap(), ended["outcome"]["status"].as_str().unwrap().to_owned());
    check(lost, !placed || changed_at <= at + 5, || {
        format!("{number} was put in place {} ms after its step ended {status}", changed_at - at)
    });
    check(lost, placed == (status == "changed"), || format!("{number} is {status}, and in place: {placed}"));
}

fn late_files(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(1);
    let mut left = tries;
    let (mut placed, mut not) = (0, 0);
    while left > 0 {
        let count = left.min(8);
        left -= count;
        let relay = Relay::to_lab(&lab, Duration::from_millis(30));
        let project = files(count);
        let mut tasks = "      - { name: ahead, run: echo ahead }\n".to_owned();
        for number in 0..count {
            let timeout = 600 + random() % 2000;
            let dest = project.path(&format!("there/{number}"));
            tasks.push_str(&format!(
                "      - {{ name: t{number}, timeout: {timeout}ms, allow_failure: true, copy: {{ src: big, dest: {}, validate: \"sleep 0.4; test -s %s\" }} }}\n",
                dest.display()
            ));
        }
        project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}"));
        project.file("hosts.yml", lab.inventory_text(relay.port()));
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        std::thread::sleep(Duration::from_secs(1));
        let run = record::only_run(&project.record());
        let before = lost.len();
        (0..count).for_each(|number| honest(&project, &run, number, &mut lost));
        if lost.len() > before {
            lost.push(shown.text());
        }
        let done = (0..count).filter(|number| run.status("h001", &format!("t{number}")).as_deref() == Some("changed")).count();
        (placed, not) = (placed + done, not + count - done);
        let tidy = std::fs::read_dir(project.path("there")).unwrap().count();
        check(&mut lost, tidy == count, || format!("temporary files are left: {tidy} files for {count}"));
    }
    note(format!("{placed} files were in time, {not} were not"));
    lost
}

fn interrupted_files(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(1);
    for _ in 0..tries {
        let relay = Relay::to_lab(&lab, Duration::from_millis(30));
        let project = files(1);
        let dest = project.path("there/0");
        let tasks = format!(
            "      - {{ name: ahead, run: echo ahead }}\n      - {{ name: t0, copy: {{ src: big, dest: {}, validate: \"sleep 0.4; test -s %s\" }} }}\n      - {{ name: behind, run: sleep 30 }}\n",
            dest.display()
        );
        project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}"));
        project.file("hosts.yml", lab.inventory_text(relay.port()));
        let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml", "--format", "jsonl"]);
        let under_way = procs::wait_until(Duration::from_secs(30), || {
            let said = running.so_far();
            said.lines().filter(|line| line.contains("\"step_began\"")).count() >= 2
        });
        assert!(under_way, "{}", running.so_far());
        std::thread::sleep(Duration::from_millis(300 + random() % 1400));
        interrupt(&running, 2);
        let shown = running.wait(Duration::from_secs(60));
        check(&mut lost, shown.code == 130, || shown.text());
        std::thread::sleep(Duration::from_secs(1));
        honest(&project, &record::only_run(&project.record()), 0, &mut lost);
        if let Some(left) = net::left(&lab) {
            lost.push(left);
        }
    }
    lost
}

fn hanging_validate(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(1);
    for turn in 0..tries {
        let kill = turn % 2 == 1;
        let (project, nap) = (files(1), net::nap());
        let dest = project.path("there/0");
        let timeout = if kill { "1h" } else { "4s" };
        project.file(
            "site.yml",
            format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - {{ name: t0, timeout: {timeout}, copy: {{ src: big, dest: {}, validate: \"sleep {nap} | cat; test -s %s\" }} }}\n", dest.display()),
        );
        let since = Instant::now();
        let running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
        assert!(
            procs::wait_until(Duration::from_secs(20), || !procs::matching(&format!("sleep {nap}")).is_empty()),
            "{}",
            running.so_far()
        );
        if kill {
            running.signal(Signal::KILL);
        }
        let shown = running.wait(Duration::from_secs(30));
        check(&mut lost, shown.code == if kill { 137 } else { 4 }, || format!("{:?} {}", since.elapsed(), shown.text()));
        let left = procs::wait_gone(&nap, Duration::from_secs(10));
        check(&mut lost, left.is_empty(), || format!("left: {left:?}"));
        left.iter().for_each(|process| procs::signal(process.pid, Signal::KILL));
        honest(&project, &record::only_run(&project.record()), 0, &mut lost);
        let names = || -> Vec<_> { std::fs::read_dir(project.path("there")).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
        let tidy = procs::wait_until(Duration::from_secs(5), || names().len() == 1);
        check(&mut lost, tidy, || format!("temporary files are left: {:?}", names()));
    }
    lost
}
