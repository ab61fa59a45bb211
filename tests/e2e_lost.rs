//! Links that are lost while tasks run: which of them run again, which don't, and that none ever runs beside itself.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Lab, LabOptions, Project, procs, record};
use rustix::process::Signal;

/// A lab whose hosts keep their temporary files in a folder of the project, and that folder.
fn lab_of(project: &Project, hosts: usize) -> (Lab, PathBuf) {
    let folder = project.path("tmp");
    std::fs::create_dir(&folder).unwrap();
    let env = vec![format!("TMPDIR={}", folder.display())];
    (Lab::with(&LabOptions { hosts, env, ..LabOptions::default() }), folder)
}

fn count(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[track_caller]
fn until_there(paths: &[PathBuf], running: &common::cli::Running) {
    let there = procs::wait_until(Duration::from_secs(30), || paths.iter().all(|path| count(path) > 0));
    assert!(there, "{:?}\n{}", paths.iter().map(|path| count(path)).collect::<Vec<_>>(), running.so_far());
}

#[track_caller]
fn nothing_left(folder: &Path) {
    let left: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).map(|path| (std::fs::read_to_string(&path), path)).collect();
    assert!(left.is_empty(), "left on the hosts: {left:?}");
}

#[test]
fn what_each_kind_of_step_becomes_when_the_link_is_cut() {
    let project = Project::new();
    let (lab, folder) = lab_of(&project, 4);
    let at = |name: &str| project.path(name);
    let d = project.path("").display().to_string();
    let playbook = format!(
        "rounds:
  - {{ name: plain, needs: [], hosts: h001, tasks: [{{ name: plain, run: echo x >>{d}/plain; sleep 4 }}, {{ name: behind, run: echo x >>{d}/behind }}] }}
  - name: guarded
    needs: []
    hosts: h002
    tasks:
      - {{ name: guarded, run: echo x >>{d}/guarded; sleep 4; touch {d}/done, creates: {d}/done }}
      - {{ name: ahead, run: echo x >>{d}/ahead }}
  - {{ name: reads, needs: [], hosts: h003, tasks: [{{ name: reads, run: echo x >>{d}/reads; sleep 4; echo read, read_only: true }}] }}
  - name: bulk
    needs: []
    hosts: h004
    tasks:
      - {{ name: first, run: echo x >>{d}/first; sleep 4, unless: test -e {d}/never }}
      - {{ name: large, copy: {{ src: large, dest: {d}/copied }} }}
"
    );
    project.file("site.yml", playbook);
    project.file("large", vec![b'x'; 3_000_000]);
    let running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    until_there(&[at("plain"), at("guarded"), at("reads"), at("first")], &running);
    lab.cut();
    let shown = running.wait(Duration::from_secs(90)).expect_code(4);
    let run = record::only_run(&project.record());
    assert_eq!(run.status("h001", "plain").as_deref(), Some("unknown"), "{}", shown.text());
    assert_eq!(run.status("h001", "behind").as_deref(), Some("skipped"), "{}", shown.text());
    assert_eq!((count(&at("plain")), count(&at("behind"))), (1, 0));
    assert_eq!(run.status("h002", "guarded").as_deref(), Some("changed"), "{}", shown.text());
    assert_eq!((count(&at("guarded")), count(&at("ahead"))), (2, 1), "again, and what was written behind it once");
    assert_eq!(run.status("h003", "reads").as_deref(), Some("ok"), "{}", shown.text());
    assert_eq!((count(&at("reads")), count(&at("first"))), (2, 2));
    assert_eq!(std::fs::metadata(at("copied")).unwrap().len(), 3_000_000);
    assert_eq!((run.of_kind("host_lost").count(), run.of_kind("host_connected").count()), (4, 8), "{}", shown.text());
    nothing_left(&folder);
}

#[test]
fn an_undisturbed_run_leaves_nothing_on_its_hosts() {
    let project = Project::new();
    let (lab, folder) = lab_of(&project, 2);
    project.file("site.yml", "rounds:\n  - hosts: all\n    tasks:\n      - { name: files, run: ls -A $TMPDIR }\n      - { run: sleep 9, timeout: 1s, allow_failure: true }\n      - run: echo b\n");
    project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    let files = record::only_run(&project.record()).stdout("h001", "files");
    assert!(files.starts_with(b".roundsman-"), "one is there meanwhile: {}", String::from_utf8_lossy(&files));
    nothing_left(&folder);
}

#[test]
fn a_playbook_that_says_rerun_runs_an_unguarded_step_again() {
    let project = Project::new();
    let (lab, folder) = lab_of(&project, 1);
    let counter = project.path("count");
    let tasks = format!("[{{ name: plain, run: echo x >>{0}; sleep 3 }}, {{ name: last, run: echo last }}]", counter.display());
    project.file("site.yml", format!("on_disconnect: rerun\nrounds: [{{ name: r, hosts: all, tasks: {tasks} }}]\n"));
    let running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    until_there(std::slice::from_ref(&counter), &running);
    lab.cut();
    let shown = running.wait(Duration::from_secs(60)).expect_code(0);
    assert_eq!(count(&counter), 2);
    assert!(shown.text().contains("lost: ") && shown.text().contains("connected again h001"), "{}", shown.text());
    let run = record::only_run(&project.record());
    assert_eq!(run.of_kind("attempt_ended").map(|event| event["outcome"]["status"].clone()).collect::<Vec<_>>(), ["unknown"]);
    assert_eq!(run.stdout("h001", "last"), b"last\n", "{}", shown.text());
    nothing_left(&folder);
}

/// The link is silent, and on the host all goes on: what still runs is ended before it is begun again, what ended meanwhile has ended.
#[test]
fn behind_a_silent_link_nothing_runs_beside_itself() {
    let project = Project::new();
    let (lab, folder) = lab_of(&project, 2);
    let d = project.path("").display().to_string();
    let step = format!(
        "for p in $(cat {d}/pids 2>/dev/null); do case $(cat /proc/$p/stat) in ''|*') Z '*) ;; *) echo beside $p >>{d}/beside;; esac; done; echo $$ >>{d}/pids; \
         test $(wc -l <{d}/pids) -gt 1 || {{ while :; do echo tick >>{d}/ticks; sleep 0.05; done; }}"
    );
    project.file(
        "site.yml",
        format!(
            "connect: {{ keepalive: 1s }}\nrounds:\n  - {{ name: goes on, needs: [], hosts: h001, tasks: [{{ name: ticking, creates: {d}/never, run: [sh, -c, \"{step}\"] }}] }}\n  \
             - {{ name: ends, needs: [], hosts: h002, tasks: [{{ name: ended, run: echo x >>{d}/ended; until test -e {d}/silent; do sleep 0.05; done; sleep 0.3; echo y >>{d}/ended }}, {{ name: last, run: echo z >>{d}/ended }}] }}\n"
        ),
    );
    let running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    until_there(&[project.path("ticks"), project.path("ended")], &running);
    lab.stall();
    project.file("silent", "");
    let shown = running.wait(Duration::from_secs(90)).expect_code(0);
    assert_eq!(count(&project.path("pids")), 2, "{}", shown.text());
    assert!(!project.path("beside").exists(), "the old one was gone");
    let ticks = count(&project.path("ticks"));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(count(&project.path("ticks")), ticks);
    assert_eq!(count(&project.path("ended")), 3, "they ran once, and the second had been written behind the first");
    let run = record::only_run(&project.record());
    let ended = &run.outcomes()[&("h002".to_owned(), "ends".to_owned(), "ended".to_owned())][0];
    assert_eq!(ended["status"], "changed");
    assert!(ended["reason"].as_str().unwrap().contains("the session was lost while it ran"), "{ended}");
    assert_eq!(run.status("h002", "last").as_deref(), Some("changed"));
    nothing_left(&folder);
}

/// A run of `plain` and `last` whose host went away under `plain`, which counts itself.
fn on_a_host_that_went_away(retries: u32) -> (Project, PathBuf, common::cli::Running) {
    let project = Project::new();
    let (lab, _) = lab_of(&project, 1);
    let counter = project.path("count");
    let tasks = format!("[{{ name: plain, run: echo x >>{0}; sleep 60 }}, {{ name: last, run: echo last }}]", counter.display());
    project.file("site.yml", format!("connect: {{ retries: {retries} }}\nrounds: [{{ name: r, hosts: all, tasks: {tasks} }}]\n"));
    project.file("inventory.yml", std::fs::read_to_string(lab.inventory()).unwrap());
    let running = project.spawn(&["run", "site.yml", "-i", "inventory.yml"]);
    until_there(std::slice::from_ref(&counter), &running);
    (project, counter, running)
}

#[test]
fn a_host_that_never_comes_back_is_unreachable_and_its_step_unknown() {
    let (project, counter, running) = on_a_host_that_went_away(2);
    let shown = running.wait(Duration::from_secs(60));
    assert!(shown.code == 4 || shown.code == 5, "{}", shown.text());
    let run = record::only_run(&project.record());
    assert_eq!(run.status("h001", "plain").as_deref(), Some("unknown"), "{}", shown.text());
    assert_eq!(run.of_kind("host_unreachable").count(), 1);
    assert_eq!(run.of_kind("host_retrying").count(), 1, "two tries");
    assert_eq!(count(&counter), 1);
}

#[test]
fn ctrl_c_twice_ends_the_waiting_for_a_lost_host() {
    let (project, _, mut running) = on_a_host_that_went_away(20);
    let lost = procs::wait_until(Duration::from_secs(30), || running.so_far().contains("lost: "));
    assert!(lost, "{}", running.so_far());
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(700));
    assert!(running.is_running(), "the first waits for what became of what runs\n{}", running.so_far());
    running.signal(Signal::INT);
    let shown = running.wait(Duration::from_secs(10)).expect_code(130);
    let run = record::only_run(&project.record());
    assert_eq!(run.status("h001", "plain").as_deref(), Some("unknown"), "{}", shown.text());
    assert_eq!(run.status("h001", "last").as_deref(), Some("unknown"), "it was written ahead\n{}", shown.text());
    assert_eq!(run.events.last().unwrap()["exit_code"], 130);
}
