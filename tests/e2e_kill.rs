//! SIGKILL at random moments: the record against what the hosts did.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use common::{Lab, Project, procs, record};
use rustix::process::Signal;

const HOSTS: usize = 4;
const TASKS: usize = 12;
const KILLS: usize = 20;

/// A number of seconds that no other process sleeps for.
fn nap() -> String {
    format!("0.02{}", std::process::id())
}

fn playbook() -> String {
    let mut text = format!("vars: {{ journal: unset, nap: \"{}\" }}\nrounds:\n", nap());
    for round in ["one", "two"] {
        text.push_str(&format!("  - name: {round}\n    hosts: all\n    tasks:\n"));
        for task in 1..=TASKS / 2 {
            text.push_str(&format!(
                "      - name: {round}_{task}\n        run: |\n          printf 'began %s {round}_{task}\\n' {{{{ host.name }}}} >> {{{{ journal }}}}\n          \
                 sleep {{{{ nap }}}}\n          printf 'ended %s {round}_{task}\\n' {{{{ host.name }}}} >> {{{{ journal }}}}\n          echo said {round}_{task}\n"
            ));
        }
    }
    text
}

/// How often a host noted that a task began and ended there.
fn journal(path: &Path) -> BTreeMap<(String, String), (usize, usize)> {
    let mut notes = BTreeMap::new();
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let count: &mut (usize, usize) = notes.entry((words[1].to_owned(), words[2].to_owned())).or_default();
        match words[0] {
            "began" => count.0 += 1,
            _ => count.1 += 1,
        }
    }
    notes
}

#[test]
fn twenty_kills_and_the_record_never_lies() {
    let lab = Lab::start(HOSTS);
    let project = Project::new();
    project.file("site.yml", playbook());
    let inventory = lab.inventory();
    let run = |number: usize| {
        let journal = project.path(&format!("journal{number}"));
        let journal = format!("journal={}", journal.display());
        project.spawn(&["run", "site.yml", "-i", inventory.to_str().unwrap(), "-e", &journal, "--format", "jsonl"])
    };
    let start = Instant::now();
    run(0).wait(Duration::from_secs(120)).expect_code(0);
    let whole = start.elapsed();
    assert_eq!(journal(&project.path("journal0")).len(), HOSTS * TASKS);

    let mut before = record::runs(&project.record()).len();
    assert_eq!(before, 1);
    let mut cut_short = 0;
    for number in 1..=KILLS {
        // Spread over the whole run, each at a random moment of its part.
        let random = f64::from(u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap()) / f64::from(u32::MAX);
        let part = u32::try_from(number - 1).unwrap();
        let moment = whole.mul_f64((f64::from(part) + random) / f64::from(u32::try_from(KILLS).unwrap()));
        let running = run(number);
        std::thread::sleep(moment);
        running.signal(Signal::KILL);
        let shown = running.wait(Duration::from_secs(10));
        cut_short += usize::from(shown.code == 137);
        let journal_path = project.path(&format!("journal{number}"));
        let ended = procs::wait_until(Duration::from_secs(10), || lab.running().is_empty() && lab.clients().is_empty());
        assert!(ended, "left running: {:?}, {:?}", lab.running(), lab.clients());
        assert_eq!(procs::wait_gone(&format!("sleep {}", nap()), Duration::from_secs(10)), [], "left running");

        let runs = record::runs(&project.record());
        assert!(runs.len() <= before + 1, "at most one run more");
        if runs.len() == before {
            assert_eq!(journal(&journal_path).len(), 0, "killed after {moment:?}: hosts worked for a run that is not in the record");
            continue;
        }
        before = runs.len();
        let run = runs.last().unwrap();
        compare(run, &journal(&journal_path), &shown.stdout, moment);
        compare_rows(&project.record(), before, run, moment);
        project.ok(&["show"]);
    }
    assert!(cut_short > KILLS / 2, "only {cut_short} runs were cut short");

    // The record still serves: a further run, and a look back.
    run(KILLS + 1).wait(Duration::from_secs(120)).expect_code(0);
    let history = project.ok(&["history", "-n", "100"]);
    assert!(history.stdout.lines().count() > before, "{}", history.text());
}

/// Compares the rows that were derived from a killed run's events with the events.
fn compare_rows(path: &Path, number: usize, run: &record::RecordedRun, moment: Duration) {
    let record = rusqlite::Connection::open(path).unwrap();
    let count = |states: &str| -> usize {
        let sql = format!("SELECT count(*) FROM step WHERE run = ?1 AND state IN ({states})");
        let count: i64 = record.query_row(&sql, [i64::try_from(number).unwrap()], |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    };
    let ended = run.outcomes();
    let open = run.steps("step_sent").into_iter().filter(|step| !ended.contains_key(step)).count();
    assert_eq!((count("'ended'"), count("'sent', 'began'")), (ended.len(), open), "killed after {moment:?}");
    let end: Option<String> =
        record.query_row("SELECT status FROM run WHERE number = ?1", [i64::try_from(number).unwrap()], |row| row.get(0)).unwrap();
    assert_eq!(end.is_some(), run.of_kind("run_ended").count() == 1, "killed after {moment:?}");
}

/// Compares a killed run's record with the hosts' notes and with what was shown.
fn compare(run: &record::RecordedRun, notes: &BTreeMap<(String, String), (usize, usize)>, shown: &str, moment: Duration) {
    let at = format!("killed after {moment:?}");
    let (sent, ended) = (run.steps("step_sent"), run.outcomes());
    for ((host, task), (began, finished)) in notes {
        let is = |step: &&record::Step| step.0 == *host && step.2 == *task;
        assert_eq!(sent.iter().filter(is).count(), 1, "{at}: {host} ran {task}, and the record does not know that it was sent");
        assert!(*began == 1 && *finished <= 1, "{at}: {task} ran {began} times on {host}");
    }
    for ((host, _, task), outcomes) in &ended {
        assert_eq!(outcomes.len(), 1, "{at}: {host} {task} ended twice");
        if outcomes[0]["status"] == "changed" {
            let note = notes.get(&(host.clone(), task.clone()));
            assert_eq!(note, Some(&(1, 1)), "{at}: the record says that {host} ended {task}");
            assert_eq!(run.stdout(host, task), format!("said {task}\n").as_bytes(), "{at}: output of {host} {task}");
        }
    }
    // Nothing was shown that is not in the record. The last line may be cut.
    for line in shown.lines() {
        let Ok(event) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let seq = usize::try_from(event["seq"].as_u64().expect("a line of events has its number")).unwrap();
        let recorded = run.events.get(seq).unwrap_or_else(|| panic!("{at}: event {seq} was shown and is not in the record"));
        assert_eq!(recorded["event"], event["event"], "{at}: event {seq}");
    }
}

#[test]
fn a_run_whose_keeper_is_killed_ends_and_leaves_nothing() {
    let lab = Lab::start(2);
    let project = Project::new();
    let nap = format!("600.{}", std::process::id());
    project.file("site.yml", format!("rounds: [{{ name: r, hosts: all, tasks: [{{ name: long, run: sleep {nap} }}] }}]\n"));
    let running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    assert!(procs::wait_until(Duration::from_secs(20), || procs::matching(&format!("sleep {nap}")).len() >= 2));
    let keeper = procs::all().into_iter().find(|process| process.parent == running.pid() && process.command.ends_with("roundsman"));
    procs::signal(keeper.expect("a child of the run's").pid, Signal::KILL);
    let shown = running.wait(Duration::from_secs(20)).expect_code(4);
    assert!(shown.both().contains("h001") && shown.both().contains("h002"), "{}", shown.both());
    assert!(procs::wait_until(Duration::from_secs(10), || lab.running().is_empty() && lab.clients().is_empty()));
    assert_eq!(procs::wait_gone(&format!("sleep {nap}"), Duration::from_secs(10)), []);
}
