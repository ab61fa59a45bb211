//! `lock_hosts` and `unlock` on a real sshd: one run at a time at each host.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::lab::LabOptions;
use common::{Lab, Project};
use rustix::process::Signal;

const PLAYBOOK: &str = "
name: Patch
lock_hosts: true
rounds:
  - name: work
    hosts: all
    tasks:
      - { name: slow, run: \"echo began >> {{ marks }}; sleep {{ secs }}\" }
vars: { marks: unset, secs: 0 }
";

/// A lab whose hosts, which are one machine, have locks in a folder of their own.
fn lab(hosts: usize, locks: &Path) -> Lab {
    Lab::with(&LabOptions { hosts, env: vec![format!("ROUNDSMAN_LOCK_DIR={}", locks.display())], ..LabOptions::default() })
}

struct Place {
    project: Project,
    lab: Lab,
    marks: String,
}

impl Place {
    fn new(hosts: usize) -> Place {
        let project = Project::new();
        std::fs::create_dir(project.path("locks")).unwrap();
        let lab = lab(hosts, &project.path("locks"));
        project.file("site.yml", PLAYBOOK);
        let marks = format!("marks={}", project.path("marks").display());
        Place { project, lab, marks }
    }

    fn arguments(&self, secs: &str) -> Vec<String> {
        let inventory = self.lab.inventory().display().to_string();
        ["run", "site.yml", "-i", &inventory, "-e", &self.marks, "-e", &format!("secs={secs}")].map(str::to_owned).to_vec()
    }

    fn unlock(&self, more: &[&str]) -> common::Shown {
        let inventory = self.lab.inventory().display().to_string();
        self.project.run(&[&["unlock", "all", "-i", &inventory], more].concat())
    }

    fn began(&self) -> usize {
        std::fs::read_to_string(self.project.path("marks")).map_or(0, |text| text.lines().count())
    }

    fn locks(&self) -> usize {
        std::fs::read_dir(self.project.path("locks")).unwrap().count()
    }

    fn wait_for(&self, began: usize) {
        let since = Instant::now();
        while self.began() < began {
            assert!(since.elapsed() < Duration::from_secs(30), "it never began");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

#[test]
fn a_second_run_is_refused_with_words_and_the_lock_goes_with_the_first() {
    let place = Place::new(1);
    let first = place.project.spawn(&words(&place.arguments("300")));
    place.wait_for(1);
    let shown = place.project.run(&words(&place.arguments("0"))).expect_code(5);
    assert!(shown.both().contains("locked: locked by ") && shown.both().contains(" of Patch, for "), "{}", shown.text());
    assert!(shown.both().contains("`roundsman unlock h001` removes it"), "{}", shown.text());
    assert_eq!(place.began(), 1, "nothing of it ran");
    // A dry run changes nothing and waits for nobody.
    place.project.ok(&[&words(&place.arguments("0"))[..], &["--check"]].concat());
    let listed = place.unlock(&[]).expect_code(6);
    assert!(listed.stdout.starts_with("h001: locked by ") && !listed.stdout.contains("stale"), "{}", listed.text());
    assert!(listed.stderr.contains("--yes"), "{}", listed.text());
    place.unlock(&["--stale"]).expect_code(0);
    assert_eq!(place.locks(), 1, "it is held, so it stays");
    // Ctrl-C twice ends what runs, and lets go.
    first.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    first.signal(Signal::INT);
    first.wait(Duration::from_secs(30)).expect_code(130);
    assert_eq!(place.locks(), 0, "released");
    place.project.ok(&words(&place.arguments("0")));
    assert_eq!((place.began(), place.locks()), (2, 0));
}

#[test]
fn a_lost_session_comes_back_to_the_lock_of_its_run() {
    let place = Place::new(1);
    let site = PLAYBOOK.replace("sleep {{ secs }}\"", "sleep {{ secs }}\", creates: /nowhere");
    assert_ne!(site, PLAYBOOK);
    place.project.file("site.yml", site);
    let first = place.project.spawn(&words(&place.arguments("4")));
    place.wait_for(1);
    place.lab.cut();
    // Its second execution: the session is there again, and the lock with it.
    place.wait_for(2);
    let listed = place.unlock(&[]).expect_code(6);
    assert!(listed.stdout.starts_with("h001: locked by ") && !listed.stdout.contains("stale"), "{}", listed.text());
    let shown = first.wait(Duration::from_secs(30)).expect_code(0);
    assert!(shown.text().contains("connected again h001"), "{}", shown.text());
    assert_eq!(place.locks(), 0, "released\n{}", shown.text());
}

#[test]
fn a_lock_whose_run_was_killed_is_taken_over() {
    let place = Place::new(1);
    let first = place.project.spawn(&words(&place.arguments("300")));
    place.wait_for(1);
    first.signal(Signal::KILL);
    let _ = first.wait(Duration::from_secs(10));
    let since = Instant::now();
    while !place.unlock(&[]).stdout.contains("stale: nobody holds it") {
        assert!(since.elapsed() < Duration::from_secs(20), "{}", place.unlock(&[]).text());
        std::thread::sleep(Duration::from_millis(100));
    }
    let shown = place.project.ok(&words(&place.arguments("0")));
    assert!(shown.both().contains("was stale and is taken over"), "{}", shown.text());
    assert_eq!((place.began(), place.locks()), (2, 0));
}

#[test]
fn unlock_removes_what_is_held_where_it_is_told_to() {
    let place = Place::new(1);
    let first = place.project.spawn(&words(&place.arguments("300")));
    place.wait_for(1);
    let shown = place.unlock(&["--yes"]).expect_code(0);
    assert!(shown.stdout.contains("h001: locked by ") && shown.stdout.ends_with("h001: removed\n"), "{}", shown.text());
    assert_eq!(place.locks(), 0);
    place.project.ok(&words(&place.arguments("0")));
    assert!(place.unlock(&[]).expect_code(0).stdout.contains("h001: not locked"));
    first.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    first.signal(Signal::TERM);
    drop(first.wait(Duration::from_secs(30)));
}

#[test]
fn two_names_of_one_machine_are_one_run() {
    let place = Place::new(3);
    let shown = place.project.ok(&words(&place.arguments("1")));
    assert_eq!((place.began(), place.locks()), (3, 0), "{}", shown.text());
}

#[test]
fn without_a_folder_for_locks_nothing_runs() {
    let place = Place::new(1);
    std::fs::remove_dir(place.project.path("locks")).unwrap();
    let shown = place.project.run(&words(&place.arguments("0"))).expect_code(5);
    assert!(shown.both().contains("it can't be locked: mkdir: ") && shown.both().contains("No such file"), "{}", shown.text());
    assert_eq!(place.began(), 0);
}

#[test]
fn one_session_is_enough() {
    let project = Project::new();
    std::fs::create_dir(project.path("locks")).unwrap();
    let env = vec![format!("ROUNDSMAN_LOCK_DIR={}", project.path("locks").display())];
    let lab = Lab::with(&LabOptions { max_sessions: 1, env, ..LabOptions::default() });
    project.file("site.yml", PLAYBOOK);
    let inventory =
        format!("{}hosts: {{ h001: {{ address: 127.0.1.1, connect: {{ max_sessions: 1 }} }} }}\n", lab.connect_text(lab.port()));
    project.file("one.yml", inventory);
    project.ok(&["run", "site.yml", "-i", "one.yml", "-e", &format!("marks={}", project.path("marks").display())]);
    assert_eq!(std::fs::read_dir(project.path("locks")).unwrap().count(), 0);
}
