//! A look into the record: the events that it holds, as JSON.
//!
//! Goes by the documented table `event(run, seq, kind, json)` alone, from which everything else in the record is
//! derived; names of hosts, rounds and tasks come from the run's first event.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// One run of the record.
pub(crate) struct RecordedRun {
    /// Its events, in order.
    pub(crate) events: Vec<Value>,
}

/// Every run of a record, oldest first; and fails the test unless SQLite finds the file sound.
pub(crate) fn runs(path: &Path) -> Vec<RecordedRun> {
    let record = rusqlite::Connection::open(path).expect("the record opens");
    let sound: String = record.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an integrity check");
    assert_eq!(sound, "ok", "the record is damaged");
    let mut statement = record.prepare("SELECT run, seq, json FROM event ORDER BY run, seq").expect("the table of events");
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, rusqlite::types::Value>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)));
    let mut runs: Vec<(rusqlite::types::Value, RecordedRun)> = Vec::new();
    for row in rows.expect("rows") {
        let (run, seq, json) = row.expect("a row");
        if runs.last().is_none_or(|(last, _)| *last != run) {
            runs.push((run, RecordedRun { events: Vec::new() }));
        }
        let (_, last) = runs.last_mut().expect("a run was just pushed");
        assert_eq!(seq, i64::try_from(last.events.len()).expect("few events"), "a gap in the order of events");
        last.events.push(serde_json::from_str(&json).expect("an event in JSON"));
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

/// The only run of a record.
pub(crate) fn only_run(path: &Path) -> RecordedRun {
    let mut runs = runs(path);
    assert_eq!(runs.len(), 1, "one run in the record");
    runs.remove(0)
}

impl RecordedRun {
    /// Events of one kind.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["event"] == kind)
    }

    /// How steps ended, by (host, round, task) in names; all outcomes of a step in order.
    pub(crate) fn outcomes(&self) -> BTreeMap<(String, String, String), Vec<Value>> {
        let mut outcomes: BTreeMap<_, Vec<Value>> = BTreeMap::new();
        for event in self.of_kind("step_ended") {
            outcomes.entry(self.step_name(&event["step"])).or_default().push(event["outcome"].clone());
        }
        outcomes
    }

    /// Steps with an event of this kind, by (host, round, task) in names, as often as it is there.
    pub(crate) fn steps(&self, kind: &str) -> Vec<(String, String, String)> {
        self.of_kind(kind).map(|event| self.step_name(&event["step"])).collect()
    }

    /// Everything that one step printed on a stream.
    pub(crate) fn output(&self, host: &str, task: &str, stream: &str) -> Vec<u8> {
        use base64::Engine as _;
        let mut bytes = Vec::new();
        for event in self.of_kind("step_output").filter(|event| event["stream"] == stream) {
            let (step_host, _, step_task) = self.step_name(&event["step"]);
            if step_host == host && step_task == task {
                match (event["text"].as_str(), event["base64"].as_str()) {
                    (Some(text), _) => bytes.extend_from_slice(text.as_bytes()),
                    (_, Some(text)) => bytes.extend(base64::engine::general_purpose::STANDARD.decode(text).expect("sound base64")),
                    _ => panic!("output without data: {event}"),
                }
            }
        }
        bytes
    }

    fn step_name(&self, step: &Value) -> (String, String, String) {
        let index = |name: &str| usize::try_from(step[name].as_u64().expect("an index")).expect("a small index");
        let header = &self.events[0];
        let round = &header["rounds"][index("round")];
        let task = &round["tasks"][index("task")];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let task_name = if task["id"].is_string() { text(&task["id"]) } else { text(&task["name"]) };
        (text(&header["hosts"][index("host")]["name"]), text(&round["id"]), task_name)
    }
}
