//! `max_wait` on a real sshd: hosts that hang are given up, and nothing of them stays.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use common::{Lab, Project};

const PLAYBOOK: &str = "
rounds:
  - name: work
    hosts: all
    max_wait: 4s
    tasks:
      - { name: upgrade, run: \"case {{ host.name }} in h002) sleep 3217;; esac\" }
    finally:
      - { name: tidy, run: \"echo {{ host.name }} >> {{ marks }}\" }
  - { name: after, hosts: all, tasks: [{ name: done, run: \"true\" }] }
vars: { marks: unset }
";

#[test]
fn hosts_that_hang_are_given_up_and_the_others_go_on() {
    let (project, lab) = (Project::new(), Lab::start(3));
    // The kernel takes the connections, and nobody ever says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let inventory =
        format!("{}  mute: {{ address: 127.0.0.1, connect: {{ port: {port}, connect_timeout: 5m }} }}\n", lab.inventory_text(lab.port()));
    project.file("inventory.yml", inventory);
    project.file("site.yml", PLAYBOOK);
    let marks = format!("marks={}", project.path("marks").display());
    let started = Instant::now();
    let shown = project.run_within(Duration::from_secs(60), &["run", "site.yml", "-i", "inventory.yml", "-e", &marks]).expect_code(4);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(14), "{took:?}\n{}", shown.text());
    assert!(shown.both().contains("max_wait of 4s is over: it was ended"), "{}", shown.text());
    assert!(shown.both().contains("mute") && shown.both().contains("max_wait: max_wait of 4s is over"), "{}", shown.text());
    let marks = std::fs::read_to_string(project.path("marks")).unwrap();
    let mut tidied: Vec<&str> = marks.lines().collect();
    tidied.sort_unstable();
    assert_eq!(tidied, ["h001", "h002", "h003"], "`finally` runs where something began");
    let left: Vec<_> = lab.running().into_iter().filter(|process| format!("{process:?}").contains("3217")).collect();
    assert!(left.is_empty(), "{left:?}");
    let told = project.ok(&["show", "--format", "jsonl"]).stdout;
    let done = told.lines().filter(|line| line.contains("step_ended") && line.contains("\"round\":1") && line.contains("changed")).count();
    assert_eq!(done, 2, "the two that were in time go on\n{told}");
}
