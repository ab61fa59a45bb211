//! R3: servers that let few in, and a jump host that all go through: all work, and nothing fails.

use std::time::Duration;

use crate::common::record;
use crate::common::{Lab, LabOptions, Project};
use crate::net::{self, BlackHole, check, host};
use crate::table::Fault;

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R3", what: "MaxSessions 1, 2 and 10", tries: (1, 20), run: sessions },
        Fault { id: "R3", what: "MaxStartups 10:30:100 and 60 hosts of one server at once", tries: (1, 20), run: startups },
        Fault { id: "R3", what: "a jump host with its usual MaxStartups for 40 hosts", tries: (1, 20), run: jump },
        Fault { id: "R3", what: "ten silent hosts behind the jump host", tries: (1, 5), run: silent_behind_jump },
    ]
}

fn sessions(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    for max_sessions in [1, 2, 10] {
        let lab = Lab::with(&LabOptions { hosts: 2, max_sessions, ..LabOptions::default() });
        for _ in 0..tries {
            let project = net::project(
                "      - { name: first, run: echo first }
      - parallel:
          - { name: a, run: sleep 0.3; echo a }
          - { name: b, run: sleep 0.2; echo b }
          - { name: c, run: sleep 0.1; echo c }
          - { name: file, copy: { src: big, dest: \"{{ to }}/{{ host.name }}\" } }
          - { name: d, run: echo d }
      - { name: guarded, run: echo guarded, unless: \"test -e /nonexistent\" }
      - { name: again, copy: { src: big, dest: \"{{ to }}/{{ host.name }}\" } }
      - { name: back, fetch: { src: \"{{ to }}/{{ host.name }}\", dest: \"{{ to }}/back.{{ host.name }}\" } }
      - { name: last, run: echo last }
",
            );
            let big: Vec<u8> = (0..300_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
            project.file("big", &big);
            project.file("there/none", "");
            let to = format!("to={}", project.path("there").display());
            let shown = project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap(), "-e", &to]);
            check(&mut lost, shown.code == 0, || format!("MaxSessions {max_sessions}: {}", shown.text()));
            if shown.code != 0 {
                continue;
            }
            let run = record::only_run(&project.record());
            for name in ["h001", "h002"] {
                for task in ["first", "a", "b", "c", "d", "guarded", "last"] {
                    let out = run.stdout(name, task);
                    check(&mut lost, out == format!("{task}\n").as_bytes(), || format!("MaxSessions {max_sessions}: {task}: {out:?}"));
                }
                for file in [format!("there/{name}"), format!("there/back.{name}")] {
                    let there = std::fs::read(project.path(&file)).unwrap_or_default();
                    check(&mut lost, there == big, || format!("MaxSessions {max_sessions}: {file} has {} bytes", there.len()));
                }
                let again = run.status(name, "again");
                check(&mut lost, again.as_deref() == Some("ok"), || format!("MaxSessions {max_sessions}: again: {again:?}"));
            }
        }
    }
    lost
}

const TASKS: &str = "      - { name: one, run: echo one }\n      - { name: two, run: echo two }\n";

/// Says what is wrong with a run in which so many hosts do both tasks.
fn all_fine(project: &Project, code: i32, shown: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let run = record::only_run(&project.record());
    let mut lost = Vec::new();
    check(&mut lost, code == 0, || format!("exit code {code}: {shown}"));
    for name in names {
        let right = run.stdout(&name, "one") == b"one\n" && run.stdout(&name, "two") == b"two\n";
        check(&mut lost, right, || format!("{name}: {:?} {:?}", run.status(&name, "two"), net::unreachable(&run, &name)));
    }
    if lost.is_empty() { lost } else { vec![lost.join("; ")] }
}

fn startups(tries: usize) -> Vec<String> {
    let lab = Lab::with(&LabOptions { hosts: 60, max_startups: "10:30:100".to_owned(), ..LabOptions::default() });
    let mut lost = Vec::new();
    for turn in 0..tries {
        let project = net::project(TASKS);
        // By addresses of their own at one time, by one address for all at another.
        let one = |number: usize| host(&Lab::name(number), Lab::address(if turn % 2 == 0 { number } else { 1 }), "");
        project.file("hosts.yml", net::inventory(&lab, "", &(1..=60).map(one).collect::<Vec<_>>()));
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        lost.extend(all_fine(&project, shown.code, &shown.text(), (1..=60).map(Lab::name)));
    }
    lost
}

fn jump(tries: usize) -> Vec<String> {
    let gate = Lab::with(&LabOptions { hosts: 1, max_startups: "10:30:100".to_owned(), ..LabOptions::default() });
    let mut lost = Vec::new();
    for _ in 0..tries {
        let project = net::project(TASKS);
        let mut hosts = vec![host("gate", Lab::address(1), "")];
        hosts.extend((2..=41).map(|number| host(&Lab::name(number), Lab::address(number), "jump: gate")));
        project.file("hosts.yml", net::inventory(&gate, "", &hosts));
        project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all,not gate\n    tasks:\n{TASKS}"));
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        lost.extend(all_fine(&project, shown.code, &shown.text(), (2..=41).map(Lab::name)));
    }
    lost
}

fn silent_behind_jump(tries: usize) -> Vec<String> {
    let gate = Lab::start(1);
    let hole = BlackHole::new();
    let mut lost = Vec::new();
    for _ in 0..tries {
        let project = net::project(TASKS);
        let silent = net::port_that(net::silent);
        let mut hosts = vec![host("gate", Lab::address(1), "")];
        let ports = [silent, hole.address().port()];
        hosts.extend((0..10).map(|number| host(&format!("bad{number}"), "127.0.0.1", &format!("jump: gate, port: {}", ports[number % 2]))));
        hosts.extend((2..=5).map(|number| host(&Lab::name(number), Lab::address(number), "jump: gate")));
        project.file("hosts.yml", net::inventory(&gate, "  connect_timeout: 8s\n  retries: 0\n", &hosts));
        project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all,not gate\n    tasks:\n{TASKS}"));
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        let run = record::only_run(&project.record());
        let took = net::last_of(&run, |name| name.starts_with('h'));
        check(&mut lost, took < Duration::from_secs(7), || format!("the others were done after {took:?}"));
        for name in (2..=5).map(Lab::name) {
            check(&mut lost, run.stdout(&name, "two") == b"two\n", || format!("{name}: {}", shown.text()));
        }
        for bad in (0..10).map(|number| format!("bad{number}")) {
            let seen = net::unreachable(&run, &bad);
            check(&mut lost, seen.as_ref().is_some_and(|(class, _)| class == "timeout"), || format!("{bad} is {seen:?}"));
        }
    }
    lost
}
