//! The examples of `docs/record.md` are run, and answer what stands there.

use super::*;

/// The answer as `sqlite3 -header` prints it.
pub(super) fn answer(store: &Store, sql: &str) -> String {
    let mut statement = store.connection.prepare(sql).unwrap();
    let mut lines = vec![statement.column_names().collect::<Vec<_>>().join("|")];
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let cell = |column| match row.get_ref(column).unwrap() {
            rusqlite::types::ValueRef::Null => String::new(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            rusqlite::types::ValueRef::Real(number) => number.to_string(),
            rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        };
        lines.push((0..columns).map(cell).collect::<Vec<_>>().join("|"));
    }
    lines.join("\n")
}

/// Three runs: all well; one failure on `web2`; one whose process is gone in the middle of a step.
fn examples(path: &Path) {
    let start = 1_700_000_000_123;
    let with = |header: &RunHeader, rest: Vec<RunEvent>| {
        let started = RunEvent::RunStarted(Box::new(header.clone()));
        let connected = (0..2).map(|host| RunEvent::HostConnected { host: HostIx(host), duration_ms: 105 });
        std::iter::once(started).chain(connected).chain(rest).collect::<Vec<_>>()
    };
    let began = |step| RunEvent::StepBegan { step, attempt: 1 };
    let first = header("019a1c00-aaaa-7000-8000-000000000001");
    let mut well = Vec::new();
    for (task, host, command, took) in
        [(0, 0, "make", 1200), (0, 1, "make", 900), (1, 0, "systemctl restart site", 80), (1, 1, "systemctl restart site", 70)]
    {
        let step = step(task, host);
        well.extend([sent(step, command), began(step), ended(step, if task == 0 { Status::Ok } else { Status::Changed }, 0, took)]);
    }
    well.push(run_ended("ok", 0));
    put(path, &first, numbered(start, with(&first, well)));

    let second = header("019a1c00-bbbb-7000-8000-000000000002");
    let failing = vec![
        sent(step(0, 0), "make"),
        sent(step(0, 1), "make"),
        began(step(0, 0)),
        began(step(0, 1)),
        output(step(0, 1), Stream::Stderr, 0, "make: *** [site] Error 1\n".as_bytes()),
        output(step(0, 0), Stream::Stdout, 0, b"build\xc3"),
        output(step(0, 0), Stream::Stdout, 6, b"\xa9 done\n"),
        ended(step(0, 0), Status::Ok, 0, 1100),
        ended(step(0, 1), Status::Failed, 2, 300),
        sent(step(1, 0), "systemctl restart site"),
        began(step(1, 0)),
        ended(step(1, 0), Status::Changed, 0, 75),
        RunEvent::StepEnded {
            step: step(1, 1),
            attempt: 0,
            outcome: Outcome { blocked: true, ..Outcome::without_run(Status::Skipped, "`build` failed") },
        },
        run_ended("failed", 4),
    ];
    put(path, &second, numbered(start + 86_400_000, with(&second, failing)));

    let third = header("019a1c00-cccc-7000-8000-000000000003");
    put(path, &third, numbered(start + 90_000_000, with(&third, vec![sent(step(0, 0), "make"), began(step(0, 0))])));
}

#[test]
fn the_examples_in_the_documentation() {
    let text = include_str!("../../../docs/record.md");
    let (_folder, path) = record();
    examples(&path);
    let store = read(&path);
    let mut count = 0;
    let mut blocks = text.split("```sql\n").skip(1);
    for block in blocks.by_ref() {
        let (sql, rest) = block.split_once("\n```").unwrap();
        let told = rest.split_once("```text\n").expect("an answer behind every example").1.split_once("\n```").unwrap().0;
        let found = answer(&store, sql).trim_end().to_owned();
        assert_eq!(found, told, "{sql}\n\nanswers\n{found}\n");
        count += 1;
    }
    assert!(count >= 8, "{count} examples");
}

#[test]
fn every_table_and_view_is_documented() {
    let text = include_str!("../../../docs/record.md");
    let (_folder, path) = record();
    let store = write(&path);
    let mut names =
        store.connection.prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'").unwrap();
    for name in names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
        assert!(text.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_view_answers_with_any_order_of_pieces() {
    let (_folder, path) = record();
    let header = header("0192-a");
    let kinds = vec![
        RunEvent::RunStarted(Box::new(header.clone())),
        output(step(0, 0), Stream::Stdout, 4, b"last"),
        output(step(0, 0), Stream::Stdout, 0, b"fir"),
        output(step(0, 0), Stream::Stderr, 0, b"other"),
        output(step(0, 0), Stream::Stdout, 3, b"-"),
        output(step(5, 7), Stream::Stdout, 0, b"nobody"),
    ];
    put(&path, &header, numbered(1, kinds));
    let store = read(&path);
    assert_eq!(
        answer(&store, "SELECT host, stream, text FROM outputs ORDER BY host_ix, stream"),
        "host|stream|text\nweb1|stderr|other\nweb1|stdout|fir-last\n|stdout|nobody"
    );
    let mut views = store.connection.prepare("SELECT name FROM sqlite_master WHERE type = 'view'").unwrap();
    for name in views.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
        answer(&store, &format!("SELECT * FROM {name}"));
    }
}
