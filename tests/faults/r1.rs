//! R1: the controller is killed at random moments, and each run is resumed: the hosts end as after an undisturbed run.
//!
//! Guarded tasks count themselves behind an effect that can't be had twice (`mkdir`), so that a second time would fail or
//! show; plain ones count each time that they are done, and may be done twice only where the record says that they were
//! allowed to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Lab, Project, procs, record};
use crate::table::{Fault, note, progress};

const HOSTS: usize = 20;

pub(crate) fn faults() -> Vec<Fault> {
    vec![Fault { id: "R1", what: "the controller is killed, the run resumed (20 hosts x 30 tasks)", tries: (4, 200), run: kills }]
}

fn playbook() -> String {
    let mut text = String::from(
        r#"name: Resume me
vars: { base: unset }
rounds:
  - name: work
    hosts: all
    vars: { d: "{{ base }}/h/{{ host.name }}", c: "{{ base }}/c/{{ host.name }}" }
    tasks:
      - { name: folder, directory: "{{ d }}" }
      - { name: counts, directory: "{{ c }}" }
      - { name: who, run: "echo me-{{ host.name }}", read_only: true }
"#,
    );
    for n in 1..=6 {
        let notify = if n == 2 { ", notify: reload" } else { "" };
        let _ = writeln!(
            text,
            "      - {{ name: g{n}, run: \"mkdir {{{{ d }}}}/g{n} && echo x >> {{{{ c }}}}/g{n}\", creates: \"{{{{ d }}}}/g{n}\"{notify} }}"
        );
    }
    for n in 1..=8 {
        let _ = writeln!(
            text,
            "      - {{ name: u{n}, run: \"sleep 0.02; echo x >> {{{{ c }}}}/u{n}; echo {{{{ tasks.who.stdout }}}} > {{{{ d }}}}/u{n}\" }}"
        );
    }
    for n in 1..=2 {
        let _ = writeln!(
            text,
            "      - {{ name: d{n}, durable: true, run: \"sleep 0.1; echo x >> {{{{ c }}}}/d{n}; echo {{{{ tasks.who.stdout }}}} > {{{{ d }}}}/d{n}\" }}"
        );
    }
    text.push_str(
        r#"      - { name: copied, copy: { content: "{{ tasks.who.stdout }}\n", dest: "{{ d }}/copied" } }
      - { name: large, copy: { content: "{{ 'x' * 40000 }}\n", dest: "{{ d }}/large" } }
      - { name: templated, template: { src: page.j2, dest: "{{ d }}/page" } }
      - { name: lined, line: { dest: "{{ d }}/copied", line: "a line more" } }
      - { name: items, each: [a, b, c], run: "echo x >> {{ c }}/items-{{ item }}; touch {{ d }}/items-{{ item }}" }
      - name: try
        block:
          - { name: bad, run: "echo x >> {{ c }}/bad; exit 3" }
        rescue:
          - { name: rescued, run: "touch {{ d }}/rescued-{{ error.rc }}" }
      - parallel:
          - { name: p1, run: "echo x >> {{ c }}/p1; touch {{ d }}/p1" }
          - { name: p2, run: "sleep 0.05; touch {{ d }}/p2" }
          - { name: p3, read: /etc/hostname }
      - { name: remember, set: { stamp: "{{ run.id }}" } }
      - { name: stamped, run: "echo {{ stamp }} > {{ d }}/stamp" }
      - { name: single, once: true, run: "echo x >> {{ base }}/c/single" }
    handlers:
      - { name: reload, run: "echo x >> {{ c }}/reload; touch {{ d }}/reloaded" }
    finally:
      - { name: last, run: "touch {{ d }}/finally" }
  - name: after
    hosts: all
    tasks:
      - { name: told, run: "echo {{ rounds.work.tasks.u3.status }} {{ rounds.work.tasks.bad.rc }} > {{ base }}/h/{{ host.name }}/after" }
"#,
    );
    text
}

/// What is on the hosts, by path; what a run gave its own id to is left out.
fn state(base: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut look = vec![base.join("h")];
    while let Some(folder) = look.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(base).unwrap().display().to_string();
            if path.is_dir() {
                files.insert(name, Vec::new());
                look.push(path);
            } else if !name.ends_with("/stamp") {
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// How often each task counted itself, by host (none: `once`) and task.
fn counts(base: &Path) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for host in std::fs::read_dir(base.join("c")).into_iter().flatten().flatten() {
        let name = host.file_name().to_string_lossy().into_owned();
        let mut add = |host: &str, path: &Path| {
            let task = path.file_name().unwrap().to_string_lossy().into_owned();
            counts.insert((host.to_owned(), task), std::fs::read_to_string(path).unwrap().lines().count());
        };
        if host.path().is_dir() {
            std::fs::read_dir(host.path()).unwrap().flatten().for_each(|entry| add(&name, &entry.path()));
        } else {
            add("", &host.path());
        }
    }
    counts
}

/// Steps that the record says were done again because nobody knew how they ended, and it was allowed: host, task.
fn allowed_again(record: &Path) -> BTreeSet<(String, String)> {
    let runs = record::runs(record);
    let headers: BTreeMap<String, &Value> =
        runs.iter().map(|run| (run.events[0]["run"].as_str().unwrap().to_owned(), &run.events[0])).collect();
    let mut again = BTreeSet::new();
    for run in &runs {
        for settled in run.events[0]["resumes"]["settled"].as_array().into_iter().flatten() {
            let header = headers[settled["run"].as_str().unwrap()];
            let at = |key: &str| usize::try_from(settled["step"][key].as_u64().unwrap()).unwrap();
            let host = header["hosts"][at("host")]["name"].as_str().unwrap().to_owned();
            let task = &header["rounds"][at("round")]["tasks"][at("task")];
            let task = task["id"].as_str().or(task["name"].as_str()).unwrap().to_owned();
            if settled["end"] == "again" && settled["by"] == "--assume" {
                again.insert((host, task));
            }
        }
    }
    again
}

fn random(below: f64) -> f64 {
    let bits = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap();
    f64::from(bits) / f64::from(u32::MAX) * below
}

fn kills(tries: usize) -> Vec<String> {
    let lab = Lab::start(HOSTS);
    let inventory = lab.inventory();
    let prepare = || {
        let project = Project::new();
        project.file("site.yml", playbook());
        project.file("page.j2", "{% for n in range(5) %}line {{ n }} of {{ host.name }}\n{% endfor %}");
        std::fs::create_dir_all(project.path("base/c")).unwrap();
        project
    };
    let base = |project: &Project| format!("base={}", project.path("base").display());
    let calm = prepare();
    let since = Instant::now();
    calm.ok(&["run", "site.yml", "-i", inventory.to_str().unwrap(), "-e", &base(&calm)]);
    let whole = since.elapsed();
    let wanted = state(&calm.path("base"));
    assert!(wanted.len() > HOSTS * 25, "{} files", wanted.len());
    assert!(counts(&calm.path("base")).values().all(|count| *count == 1), "{:?}", counts(&calm.path("base")));

    let mut lost = Vec::new();
    let (mut cut_short, mut again) = (0, 0);
    for number in 0..tries {
        let project = prepare();
        let part = |number: usize| f64::from(u32::try_from(number).unwrap());
        let moment = whole.mul_f64((part(number) + random(1.0)) / part(tries));
        let running = project.spawn(&["run", "site.yml", "-i", inventory.to_str().unwrap(), "-e", &base(&project)]);
        std::thread::sleep(moment);
        running.signal(Signal::KILL);
        let killed = running.wait(Duration::from_secs(60)).code == 137;
        cut_short += usize::from(killed);
        // What has no run in the record has done nothing.
        let recorded = project.record().exists() && !record::runs(&project.record()).is_empty();
        let mut told = String::new();
        if !recorded {
            project.ok(&["run", "site.yml", "-i", inventory.to_str().unwrap(), "-e", &base(&project)]);
        } else if killed {
            // Some are killed once more while they are resumed.
            if number % 3 == 0 {
                let running = project.spawn(&["run", "--resume", "--assume", "rerun"]);
                std::thread::sleep(whole.mul_f64(random(0.7)));
                running.signal(Signal::KILL);
                running.wait(Duration::from_secs(60));
            }
            let shown = project.run(&["run", "--resume", "--assume", "rerun"]);
            told = shown.text();
            if shown.code != 0 {
                lost.push(format!("killed after {moment:?}: the resumed run ended with {}\n{told}", shown.code));
                continue;
            }
        }
        let found = judge(&project, &wanted, &lab);
        again += allowed_again(&project.record()).len();
        if let Err(why) = found {
            lost.push(format!("killed after {moment:?}: {why}\n{told}"));
        }
        if (number + 1) % 20 == 0 {
            progress(&format!("{} of {tries} tried, {} not survived", number + 1, lost.len()));
        }
    }
    note(format!("{cut_short} of {tries} runs were cut short; {again} steps were unknown and allowed to be done again"));
    lost
}

/// Says what is not as it must be after a run that was resumed.
fn judge(project: &Project, wanted: &BTreeMap<String, Vec<u8>>, lab: &Lab) -> Result<(), String> {
    let base = project.path("base");
    let found = state(&base);
    for (path, content) in wanted {
        match found.get(path) {
            None => return Err(format!("{path} is missing")),
            Some(other) if other != content => {
                return Err(format!("{path} holds {:?}", String::from_utf8_lossy(&other[..other.len().min(80)])));
            }
            Some(_) => {}
        }
    }
    if let Some(more) = found.keys().find(|path| !wanted.contains_key(*path)) {
        return Err(format!("{more} should not be there"));
    }
    let allowed = allowed_again(&project.record());
    for ((host, task), count) in counts(&base) {
        let named = task.split('-').next().unwrap_or(&task).to_owned();
        let may =
            if host.is_empty() { allowed.iter().any(|(_, task)| *task == named) } else { allowed.contains(&(host.clone(), named.clone())) };
        let once = task.starts_with('g') || task.starts_with('d');
        if count > 1 && (once || !may) {
            return Err(format!("{task} was done {count} times on {host}, and nobody allowed it"));
        }
    }
    let stamps: BTreeSet<String> = std::fs::read_dir(base.join("h"))
        .unwrap()
        .flatten()
        .map(|host| std::fs::read_to_string(host.path().join("stamp")).unwrap_or_default())
        .collect();
    if stamps.len() != 1 {
        return Err(format!("`run.id` is not one: {stamps:?}"));
    }
    let quiet = procs::wait_until(Duration::from_secs(10), || lab.running().is_empty() && lab.clients().is_empty());
    if quiet { Ok(()) } else { Err(format!("left running: {:?}, {:?}", lab.running(), lab.clients())) }
}
