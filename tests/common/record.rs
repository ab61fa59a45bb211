//! A look into the record: its events and output, by the tables that docs/record.md describes.
//!
//! Events are read in order, as JSON; names of hosts, rounds and tasks come from the run's first event. Nothing of the
//! program's own reading code is used, so that a mistake there does not hide one in the writing.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

/// A step by names: host, round, task.
pub(crate) type Step = (String, String, String);

/// One run of the record.
pub(crate) struct RecordedRun {
    /// Its events, in order.
    pub(crate) events: Vec<Value>,
    /// Its output, by step and stream.
    pub(crate) output: BTreeMap<(Step, String), Vec<u8>>,
}

/// Every run of a record, oldest first; fails the test unless SQLite finds the file sound and events are without a gap. A file
/// whose writer ended before it made any table has none.
pub(crate) fn runs(path: &Path) -> Vec<RecordedRun> {
    let record = Connection::open(path).expect("the record opens");
    let sound: String = record.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an integrity check");
    assert_eq!(sound, "ok", "the record is damaged");
    let tables: i64 = record.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).expect("the schema");
    if tables == 0 {
        return Vec::new();
    }
    let numbers: Vec<i64> = {
        let mut statement = record.prepare("SELECT number FROM run ORDER BY number").expect("the table of runs");
        statement.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a row")).collect()
    };
    numbers.into_iter().map(|number| read_run(&record, number)).collect()
}

/// The only run of a record.
pub(crate) fn only_run(path: &Path) -> RecordedRun {
    let mut runs = runs(path);
    assert_eq!(runs.len(), 1, "one run in the record");
    runs.remove(0)
}

fn read_run(record: &Connection, number: i64) -> RecordedRun {
    let mut run = RecordedRun { events: Vec::new(), output: BTreeMap::new() };
    let mut statement = record.prepare("SELECT seq, json FROM event WHERE run = ?1 ORDER BY seq").expect("the table of events");
    let rows = statement.query_map([number], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).expect("rows");
    for row in rows {
        let (seq, json) = row.expect("a row");
        assert_eq!(usize::try_from(seq).ok(), Some(run.events.len()), "a gap in the order of events");
        run.events.push(serde_json::from_str(&json).expect("an event in JSON"));
    }
    let sql = "SELECT round, task, host, stream, data FROM output WHERE run = ?1 ORDER BY round, task, host, attempt, stream, \"offset\"";
    let mut statement = record.prepare(sql).expect("the table of output");
    let mut rows = statement.query([number]).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        let index = |at: usize| usize::try_from(row.get::<_, i64>(at).expect("an index")).expect("an index");
        let step = run.step_name(index(0), index(1), index(2));
        let data = row.get_ref(4).expect("data").as_bytes().expect("text or bytes").to_vec();
        run.output.entry((step, row.get(3).expect("a stream"))).or_default().extend(data);
    }
    run
}

impl RecordedRun {
    /// Events of one kind.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["event"] == kind)
    }

    /// How steps ended; all outcomes of a step in order, so that a second one shows.
    pub(crate) fn outcomes(&self) -> BTreeMap<Step, Vec<Value>> {
        let mut outcomes: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        for event in self.of_kind("step_ended") {
            outcomes.entry(self.step_of(event)).or_default().push(event["outcome"].clone());
        }
        outcomes
    }

    /// Steps with an event of this kind, each as often as it is there.
    pub(crate) fn steps(&self, kind: &str) -> Vec<Step> {
        self.of_kind(kind).map(|event| self.step_of(event)).collect()
    }

    /// The status of one step; none where it has no end.
    pub(crate) fn status(&self, host: &str, task: &str) -> Option<String> {
        let mut outcomes = self.outcomes().into_iter();
        let (_, outcome) = outcomes.find(|((step_host, _, step_task), _)| step_host == host && step_task == task)?;
        outcome[0]["status"].as_str().map(str::to_owned)
    }

    /// Everything that one step wrote to its standard output.
    pub(crate) fn stdout(&self, host: &str, task: &str) -> Vec<u8> {
        let wanted = |step: &Step, stream: &str| step.0 == host && step.2 == task && stream == "stdout";
        self.output.iter().find(|((step, stream), _)| wanted(step, stream)).map(|(_, bytes)| bytes.clone()).unwrap_or_default()
    }

    fn step_of(&self, event: &Value) -> Step {
        let index = |name: &str| usize::try_from(event["step"][name].as_u64().expect("an index")).expect("a small index");
        self.step_name(index("round"), index("task"), index("host"))
    }

    fn step_name(&self, round: usize, task: usize, host: usize) -> Step {
        let header = &self.events[0];
        let round = &header["rounds"][round];
        let task = &round["tasks"][task];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let task = if task["id"].is_string() { text(&task["id"]) } else { text(&task["name"]) };
        (text(&header["hosts"][host]["name"]), text(&round["id"]), task)
    }
}
