//! How long tasks took, from recorded runs.

use std::time::Instant;

use super::*;
use crate::event::ItemLabel;
use crate::store::{Durations, TaskDurations};

fn task<'a>(found: &'a Durations, name: &str, nth: usize) -> Option<&'a TaskDurations> {
    found.tasks.iter().find(|task| task.task == name && task.nth == nth)
}

fn hosts(task: &TaskDurations) -> Vec<(&str, u64)> {
    task.hosts.iter().map(|(host, took)| (host.as_str(), *took)).collect()
}

/// Writes a run whose first task took so long on each host; `rest` comes behind.
fn run_with(path: &Path, header: &RunHeader, took: [u64; 2], rest: Vec<RunEvent>) {
    let connected = |host, duration_ms| RunEvent::HostConnected { host: HostIx(host), duration_ms };
    let mut kinds = vec![RunEvent::RunStarted(Box::new(header.clone())), connected(0, took[0] / 10), connected(1, 7)];
    for (host, took) in (0..2).zip(took) {
        let step = step(0, host);
        kinds.extend([sent(step, "make"), RunEvent::StepBegan { step, attempt: 1 }, ended(step, Status::Changed, 0, took)]);
    }
    kinds.extend(rest);
    put(path, header, numbered(1_000, kinds));
}

#[test]
fn the_median_of_the_last_runs_of_the_playbook() {
    let (_folder, path) = record();
    for (number, took) in [[90_000, 90_000], [100, 1000], [300, 3000], [200, 2000]].into_iter().enumerate() {
        run_with(&path, &header(&format!("0192-{number}")), took, vec![run_ended("ok", 0)]);
    }
    let other = RunHeader { playbook_id: "other".to_owned(), ..header("0192-other") };
    run_with(&path, &other, [7, 7], vec![]);
    let exec = RunHeader { command: "exec".to_owned(), ..header("0192-exec") };
    run_with(&path, &exec, [7, 7], vec![]);
    let store = read(&path);
    let found = store.durations("site", 3).unwrap();
    assert_eq!(found.runs, 3, "the newest three");
    let build = task(&found, "build", 0).unwrap();
    assert_eq!((build.round.as_str(), build.times, build.median_ms), ("deploy", 6, 300));
    assert_eq!(hosts(build), [("web1", 200), ("web2", 2000)]);
    assert_eq!(found.connects.clone().into_iter().collect::<Vec<_>>(), [("web1".to_owned(), 20), ("web2".to_owned(), 7)]);
    assert!(task(&found, "Restart", 0).is_none(), "never done");
    assert_eq!(store.durations("nobody", 3).unwrap(), Durations::default());
}

#[test]
fn what_failed_or_never_ran_tells_nothing_and_what_was_skipped_takes_no_time() {
    let (_folder, path) = record();
    let without = |task, host, outcome| RunEvent::StepEnded { step: step(task, host), attempt: 0, outcome };
    let blocked = Outcome { blocked: true, ..Outcome::without_run(Status::Skipped, "`build` failed") };
    let mut header = header("0192-a");
    let mut more = header.rounds[0].tasks[1].clone();
    more.name = "Migrate".to_owned();
    header.rounds[0].tasks.push(more);
    let rest = vec![
        without(1, 0, Outcome::without_run(Status::Skipped, "when")),
        ended(step(1, 1), Status::Changed, 0, 40),
        without(2, 0, blocked),
        ended(step(2, 1), Status::Failed, 1, 50),
    ];
    run_with(&path, &header, [5, 5], rest);
    let found = read(&path).durations("site", 10).unwrap();
    let restart = task(&found, "Restart", 0).unwrap();
    assert_eq!((restart.times, restart.median_ms), (1, 40), "a skip is no time that was taken");
    assert_eq!(hosts(restart), [("web1", 0), ("web2", 40)]);
    assert!(task(&found, "Migrate", 0).is_none());
    let allowed = Outcome { allowed: true, duration_ms: 60, ..Outcome::new(Status::Failed) };
    let mut header = header;
    header.run = "0192-b".to_owned();
    run_with(&path, &header, [5, 5], vec![RunEvent::StepEnded { step: step(2, 1), attempt: 1, outcome: allowed }]);
    let found = read(&path).durations("site", 10).unwrap();
    assert_eq!(task(&found, "Migrate", 0).map(|task| task.median_ms), Some(60), "the run went on after it");
}

#[test]
fn attempts_are_summed_up_with_the_waits_between_them() {
    let (_folder, path) = record();
    let began = |task, attempt, at| (at, RunEvent::StepBegan { step: step(task, 0), attempt });
    let tried = |task, attempt, at, item, retry_ms| {
        let outcome = Outcome { duration_ms: 200, ..Outcome::new(Status::Changed) };
        (at, RunEvent::AttemptEnded { step: step(task, 0), attempt, item, outcome, retry_ms })
    };
    let over = |task, attempt, at| {
        let outcome = Outcome { duration_ms: 1, ..Outcome::new(Status::Changed) };
        (at, RunEvent::StepEnded { step: step(task, 0), attempt, outcome })
    };
    let item = |index| Some(ItemLabel { index, of: 2, label: String::new() });
    let header = header("0192-a");
    let kinds = [
        (0, RunEvent::RunStarted(Box::new(header.clone()))),
        // One after the other, with 500 ms between them, and 3 s of other work.
        began(0, 1, 1000),
        tried(0, 1, 1200, None, Some(500)),
        began(0, 2, 4700),
        tried(0, 2, 4900, None, None),
        over(0, 2, 4900),
        // Side by side.
        began(1, 1, 5000),
        began(1, 2, 5010),
        tried(1, 1, 5200, item(0), None),
        tried(1, 2, 5210, item(1), None),
        over(1, 2, 5210),
    ];
    let events = kinds.into_iter().enumerate().map(|(seq, (at, kind))| Event { seq: seq as u64, at, kind });
    put(&path, &header, events.collect());
    let found = read(&path).durations("site", 10).unwrap();
    assert_eq!(task(&found, "build", 0).map(|task| task.median_ms), Some(900));
    assert_eq!(task(&found, "Restart", 0).map(|task| task.median_ms), Some(210));
}

#[test]
fn tasks_of_one_name_are_told_apart_by_their_order() {
    let (_folder, path) = record();
    let mut header = header("0192-a");
    header.rounds[0].tasks[1].id = Some("build".to_owned());
    run_with(&path, &header, [10, 10], vec![ended(step(1, 0), Status::Ok, 0, 70)]);
    let found = read(&path).durations("site", 10).unwrap();
    let medians = [0, 1].map(|nth| task(&found, "build", nth).map(|task| task.median_ms));
    assert_eq!(medians, [Some(10), Some(70)]);
}

#[test]
fn a_large_record_is_not_read_through() {
    let (_folder, path) = record();
    let mut header = header("0192-a");
    header.hosts = (0..1000).map(|number| HostEntry { name: format!("web{number}"), address: "local".to_owned() }).collect();
    put(&path, &header, numbered(0, [RunEvent::RunStarted(Box::new(header.clone()))]));
    let store = write(&path);
    let fill = "INSERT INTO task SELECT 1, 0, 1 + value, 'task' || value, 'task', 'run', 'a:1:1', NULL, NULL, NULL FROM generate;
        INSERT INTO step(run, round, task, host, state, status, attempts, duration_ms)
            SELECT 1, 0, 1 + generate.value, host.host, 'ended', 'ok', 1, host.host FROM generate, run_host AS host;";
    let numbers =
        "CREATE TEMP TABLE generate AS WITH RECURSIVE up(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM up WHERE value < 100)
        SELECT value FROM up;";
    store.connection.execute_batch(&format!("BEGIN; {numbers} {fill} COMMIT;")).unwrap();
    let started = Instant::now();
    let found = store.durations("site", 10).unwrap();
    println!("100,000 steps: {:.0?}", started.elapsed());
    assert_eq!(found.tasks.len(), 100);
    assert!(found.tasks.iter().all(|task| task.times == 1000 && task.median_ms == 499 && task.hosts["web7"] == 7));
    for sql in super::super::durations::queries() {
        let plan = views::answer(&store, &format!("EXPLAIN QUERY PLAN {}", sql.replace("?1", "'site'").replace("?2", "10")));
        let scans: Vec<&str> = plan.lines().filter(|line| line.contains("SCAN") && !line.contains("chosen")).collect();
        assert!(scans.is_empty() && plan.contains("SEARCH"), "{plan}");
    }
}
