//! How long the tasks of a playbook took in its earlier runs.
//!
//! SQL picks the steps and sums up their attempts, through the primary key of each table; the middle is found here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Row, params};

use super::error::StoreError;
use super::open::Store;

/// What earlier runs of a playbook tell of its durations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations {
    /// Runs that tell something.
    pub runs: usize,
    /// Tasks, in the order in which they stand in the latest run that has them.
    pub tasks: Vec<TaskDurations>,
    /// By host's name: the median of the time that it took to connect, in ms.
    pub connects: BTreeMap<String, u64>,
}

/// How long a task took, over runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDurations {
    /// The round's id.
    pub round: String,
    /// The task's id, or name, without one.
    pub task: String,
    /// Its place, from 0, among the tasks of the round that are called so.
    pub nth: usize,
    /// Times it was done, over runs and hosts; 0 where every run skipped it.
    pub times: usize,
    /// The median of those times, in ms.
    pub median_ms: u64,
    /// By host's name: the median there; 0 where every run skipped it there.
    pub hosts: BTreeMap<String, u64>,
}

/// The runs of a playbook that are looked at: what was typed at `exec` is of none.
const CHOSEN: &str = "WITH chosen AS (SELECT number FROM run WHERE playbook_id = ?1 AND command = 'run' ORDER BY number DESC LIMIT ?2)";

/// Steps that were done, or failed as they may: the run went on after them. Those that were skipped for a reason of their
/// own are told without a duration. The time of several attempts is that of all and the waits between them, and no longer
/// than from the first to the last, for they may run side by side, and other tasks of their block between them.
const STEPS: &str = "
SELECT step.run, step.round, step.task, step.host,
       CASE WHEN step.status = 'skipped' THEN NULL
            WHEN step.attempts < 2 THEN coalesce(step.duration_ms, 0)
            ELSE (SELECT coalesce(min(sum(coalesce(duration_ms, 0) + coalesce(retry_ms, 0)), step.ended_at - min(began_at)),
                                  sum(coalesce(duration_ms, 0) + coalesce(retry_ms, 0)), step.duration_ms, 0)
                  FROM attempt WHERE attempt.run = step.run AND attempt.round = step.round AND attempt.task = step.task
                                 AND attempt.host = step.host) END
FROM chosen CROSS JOIN step ON step.run = chosen.number
WHERE step.carried IS NULL
  AND (step.status IN ('ok', 'changed') OR (step.status = 'failed' AND step.allowed = 1) OR (step.status = 'skipped' AND step.blocked = 0))";

const TASKS: &str = "
SELECT task.run, task.round, task.task, round.id, coalesce(task.id, task.name)
FROM chosen CROSS JOIN task ON task.run = chosen.number JOIN round ON round.run = task.run AND round.round = task.round
ORDER BY task.run DESC, task.round, task.task";

const HOSTS: &str = "SELECT run_host.run, run_host.host, run_host.name, run_host.connect_ms
FROM chosen CROSS JOIN run_host ON run_host.run = chosen.number";

/// A task of any run, by its place in what is found.
type TaskAt = usize;

impl Store {
    /// Says how long each task of a playbook took in its last runs, at most so many.
    ///
    /// # Errors
    /// Where the record can't be read.
    pub fn durations(&self, playbook_id: &str, most_runs: usize) -> Result<Durations, StoreError> {
        self.read_durations(playbook_id, i64::try_from(most_runs).unwrap_or(i64::MAX)).map_err(|error| self.error(error))
    }

    fn read_durations(&self, playbook_id: &str, most_runs: i64) -> rusqlite::Result<Durations> {
        // A run may write meanwhile: all questions are put to one state of the record.
        let transaction = self.connection.unchecked_transaction()?;
        let each = |sql: &str, row: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<()>| {
            let mut statement = transaction.prepare(&format!("{CHOSEN}{sql}"))?;
            let mut rows = statement.query(params![playbook_id, most_runs])?;
            while let Some(found) = rows.next()? {
                row(found)?;
            }
            Ok::<(), rusqlite::Error>(())
        };
        let mut tasks = Tasks::default();
        each(TASKS, &mut |row| tasks.add((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?, row.get(4)?))?;
        let mut hosts: HashMap<(i64, i64), String> = HashMap::new();
        let mut connects: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        each(HOSTS, &mut |row| {
            let name: String = row.get(2)?;
            if let Some(took) = row.get::<_, Option<i64>>(3)? {
                connects.entry(name.clone()).or_default().push(u64::try_from(took).unwrap_or(0));
            }
            hosts.insert((row.get(0)?, row.get(1)?), name);
            Ok(())
        })?;
        let mut runs = BTreeSet::new();
        let mut times: Vec<BTreeMap<&str, Vec<u64>>> = vec![BTreeMap::new(); tasks.found.len()];
        each(STEPS, &mut |row| {
            let run: i64 = row.get(0)?;
            // A row of a record that somebody edited may be of nothing.
            let task = tasks.places.get(&(run, row.get(1)?, row.get(2)?));
            if let (Some(task), Some(host)) = (task, hosts.get(&(run, row.get(3)?))) {
                runs.insert(run);
                let took = row.get::<_, Option<i64>>(4)?;
                times[*task].entry(host).or_default().extend(took.map(|took| u64::try_from(took).unwrap_or(0)));
            }
            Ok(())
        })?;
        let told = tasks.found.into_iter().zip(times).filter(|(_, times)| !times.is_empty());
        let tasks = told
            .map(|((round, task, nth), times)| {
                let mut all: Vec<u64> = times.values().flatten().copied().collect();
                let hosts = times.into_iter().map(|(host, mut took)| (host.to_owned(), median(&mut took))).collect();
                TaskDurations { round, task, nth, times: all.len(), median_ms: median(&mut all), hosts }
            })
            .collect();
        let connects = connects.into_iter().map(|(host, mut took)| (host, median(&mut took))).collect();
        Ok(Durations { runs: runs.len(), tasks, connects })
    }
}

/// The tasks of all runs: the same of several runs once.
#[derive(Default)]
struct Tasks {
    found: Vec<(String, String, usize)>,
    by_name: HashMap<(String, String, usize), TaskAt>,
    places: HashMap<(i64, i64, i64), TaskAt>,
    /// In the run that is being read: how many tasks of a round are called so.
    called: HashMap<(String, String), usize>,
    run: Option<i64>,
}

impl Tasks {
    fn add(&mut self, place: (i64, i64, i64), round: String, task: String) -> rusqlite::Result<()> {
        if self.run.replace(place.0) != Some(place.0) {
            self.called.clear();
        }
        let called = self.called.entry((round.clone(), task.clone())).or_default();
        let name = (round, task, *called);
        *called += 1;
        let at = *self.by_name.entry(name.clone()).or_insert(self.found.len());
        if at == self.found.len() {
            self.found.push(name);
        }
        self.places.insert(place, at);
        Ok(())
    }
}

/// The middle one; of an even number the lower of the two, which is a time that was taken.
fn median(times: &mut [u64]) -> u64 {
    times.sort_unstable();
    times.len().checked_sub(1).and_then(|last| times.get(last / 2)).copied().unwrap_or(0)
}

/// Every question, for a look at how SQLite answers it.
#[cfg(test)]
pub(super) fn queries() -> [String; 3] {
    [TASKS, HOSTS, STEPS].map(|sql| format!("{CHOSEN}{sql}"))
}
