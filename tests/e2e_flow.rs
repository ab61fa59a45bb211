//! The flow of a round on real hosts: batches, blocks, repetition, handlers, and what the record says of it all.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use common::cli::Shown;
use common::{Lab, Project, procs};
use roundsman::event::{Journal as _, RunEvent};
use roundsman::store::{OpenMode, Store};
use rustix::process::Signal;

/// Answers a question to the record, a row a line, its cells joined by `|`.
fn ask(record: &Path, sql: &str) -> Vec<String> {
    let record = rusqlite::Connection::open(record).unwrap();
    let mut statement = record.prepare(sql).unwrap();
    let cells = statement.column_count();
    let cell = |value: rusqlite::types::ValueRef<'_>| match value {
        rusqlite::types::ValueRef::Null => String::new(),
        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
        other => other.as_str().unwrap().to_owned(),
    };
    let rows = statement.query_map([], |row| (0..cells).map(|at| Ok(cell(row.get_ref(at)?))).collect::<Result<Vec<_>, _>>()).unwrap();
    rows.map(|row| row.unwrap().join("|")).collect()
}

fn files(folder: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// A project with one playbook, in which `DIR` is the folder where its hosts leave their files.
fn project(playbook: &str) -> Project {
    let project = Project::new();
    std::fs::create_dir(project.path("left")).unwrap();
    let playbook = playbook.replace("DIR", &project.path("left").display().to_string());
    project.file("site.yml", playbook);
    project
}

fn run(project: &Project, lab: &Lab) -> Shown {
    project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()])
}

/// The lines that a host has written to its file, in order.
fn lines(project: &Project, host: usize) -> Vec<String> {
    let text = std::fs::read_to_string(project.path("left").join(Lab::name(host))).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_rolling_change_stops_at_the_batch_that_fails() {
    let lab = Lab::start(40);
    let playbook = "
rounds:
  - name: patch
    hosts: all
    batch: [1, 25%, 100%]
    tasks:
      - { name: upgrade, run: \"touch DIR/{{ host.name }}\", notify: reload }
      - { name: verify, run: \"test {{ host.name }} != h005\" }
    handlers:
      - { name: reload, run: \"touch DIR/{{ host.name }}.reloaded\" }
    finally:
      - { name: undrain, run: \"touch DIR/{{ host.name }}.undrained\" }
  - { name: next, hosts: all, tasks: [{ name: more, run: \"touch DIR/{{ host.name }}.more\" }] }
";
    let project = project(playbook);
    let shown = run(&project, &lab).expect_code(6);
    let touched: BTreeSet<String> =
        (1..=11).map(Lab::name).flat_map(|host| [format!("{host}.reloaded"), format!("{host}.undrained"), host]).collect();
    assert_eq!(files(&project.path("left")), touched, "{}", shown.text());
    assert_eq!(lab.connections(), 11, "nobody else was even asked");
    let record = project.record();
    assert_eq!(ask(&record, "SELECT batch, batches, hosts FROM batch ORDER BY batch"), ["1|3|1", "2|3|10"]);
    assert_eq!(ask(&record, "SELECT DISTINCT host FROM steps ORDER BY host"), (1..=11).map(Lab::name).collect::<Vec<_>>());
    assert_eq!(ask(&record, "SELECT host, task FROM failures"), ["h005|verify"]);
    assert_eq!(ask(&record, "SELECT status, exit_code FROM runs"), ["stopped|6"]);
    assert_eq!(ask(&record, "SELECT count(*) FROM notification WHERE state = 'done'"), ["11"]);
    assert_eq!(ask(&record, "SELECT host FROM pending_notifications"), [] as [&str; 0]);
    let by_state = "SELECT state, count(*) FROM round_host WHERE round = 0 GROUP BY state ORDER BY state";
    assert_eq!(ask(&record, by_state), ["in|11", "left out|29"]);
    replays(&project);
}

const SAY: &str = "echo {} >> DIR/{{ host.name }}";

/// A task that writes a word to its host's file.
fn say(name: &str, word: &str, more: &str) -> String {
    format!("{{ name: {name}, run: \"{}\"{more} }}", SAY.replace("{}", word))
}

#[test]
fn blocks_items_tries_handlers_and_finally_in_their_order() {
    let lab = Lab::start(2);
    let mut playbook = String::from("rounds:\n  - name: r\n    hosts: all\n    tasks:\n");
    let tasks = [
        say("change", "change", ", notify: [reload, restart]"),
        format!(
            "{{ name: deploy, block: [{}, {}], rescue: [{}], always: [{}] }}",
            say("swap", "swap", ""),
            "{ name: breaks, run: \"test {{ host.name }} = h002\" }",
            say("back", "back {{ error.task }} {{ error.rc }}", ""),
            say("tidy", "tidy", "")
        ),
        say("users", "user {{ item }}", ", each: [ann, bob]"),
        "{ name: grows, run: \"echo x >> DIR/{{ host.name }}.count; wc -l < DIR/{{ host.name }}.count\", each: [one, two], retries: 5, delay: 50ms, \
         until: \"result.stdout | int > 2\" }"
            .to_owned(),
        "{ flush: handlers }".to_owned(),
        say("again", "again", ", notify: reload"),
    ];
    tasks.iter().for_each(|task| writeln!(playbook, "      - {task}").unwrap());
    let _ = writeln!(playbook, "    handlers:\n      - {}\n      - {}", say("restart", "restart", ""), say("reload", "reload", ""));
    let _ = writeln!(playbook, "    finally:\n      - {}", say("undrain", "undrain", ""));
    let project = project(&playbook);
    let shown = run(&project, &lab).expect_code(0);
    let end = ["user ann", "user bob", "restart", "reload", "again", "reload", "undrain"];
    let first = ["change", "swap", "back breaks 1", "tidy"].iter().chain(&end).copied().collect::<Vec<_>>();
    let second = ["change", "swap", "tidy"].iter().chain(&end).copied().collect::<Vec<_>>();
    assert_eq!(lines(&project, 1), first, "{}", shown.text());
    assert_eq!(lines(&project, 2), second);
    let record = project.record();
    assert_eq!(ask(&record, "SELECT host, status FROM blocks ORDER BY host"), ["h001|rescued", "h002|changed"]);
    let tries = "SELECT attempt, label, status, retry_ms FROM attempts WHERE host = 'h001' AND task = 'grows' ORDER BY attempt";
    assert_eq!(ask(&record, tries), ["1|one|failed|50", "2|one|failed|50", "3|one|changed|", "4|two|changed|"]);
    let handled = "SELECT attempt, status FROM attempts WHERE host = 'h001' AND task = 'reload' ORDER BY attempt";
    assert_eq!(ask(&record, handled), ["1|changed", "2|changed"]);
    assert_eq!(lab.connections(), 2);
    replays(&project);
}

#[test]
fn an_interrupted_block_is_cleaned_up_and_its_handlers_stay_pending() {
    let lab = Lab::start(1);
    let sleep = format!("sleep 4.{}7", std::process::id());
    let playbook = format!(
        "rounds:\n  - name: r\n    hosts: all\n    tasks:\n      - {}\n      - name: deploy\n        block: [{}, {}]\n        \
         rescue: [{}]\n        always: [{}]\n      - {}\n    handlers: [{}]\n    finally: [{}]\n",
        say("change", "change", ", notify: reload"),
        format_args!("{{ name: asleep, run: {sleep} }}"),
        say("second", "second", ""),
        say("back", "back {{ error.task }}", ""),
        say("tidy", "tidy", ""),
        say("after", "after", ""),
        say("reload", "reload", ""),
        say("undrain", "undrain", "")
    );
    let project = project(&playbook);
    let running = project.spawn(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    let asleep = procs::wait_until(Duration::from_secs(30), || procs::matching(&sleep).iter().any(|process| process.command == sleep));
    assert!(asleep, "{}", running.so_far());
    running.signal(Signal::INT);
    let shown = running.wait(Duration::from_secs(30)).expect_code(130);
    assert_eq!(lines(&project, 1), ["change", "back second", "tidy", "undrain"], "{}", shown.text());
    let record = project.record();
    assert_eq!(
        ask(&record, "SELECT host, handler, notified_by, run_status FROM pending_notifications"),
        ["h001|reload|change|interrupted"]
    );
    let ends = "SELECT task, status FROM steps WHERE task IN ('asleep', 'second', 'after') ORDER BY task";
    assert_eq!(ask(&record, ends), ["after|cancelled", "asleep|changed", "second|cancelled"]);
    replays(&project);
}

#[test]
fn a_round_that_connects_otherwise_a_script_a_port_and_facts() {
    let (lab, other) = (Lab::start(2), Lab::start(2));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let playbook = format!(
        "rounds:
  - name: usual
    hosts: all
    tasks:
      - {{ name: linux, run: \"echo usual >> DIR/{{{{ host.name }}}}\", when: \"facts.kernel | length > 0\" }}
      - {{ name: never, run: \"echo never >> DIR/{{{{ host.name }}}}\", when: \"facts.cpus == 0\" }}
      - {{ name: sent, script: hello.sh }}
  - name: otherwise
    hosts: all
    connect: {{ port: {}, identity: {}/id, ssh_options: [\"UserKnownHostsFile={}/known_hosts\", GlobalKnownHostsFile=/dev/null, IdentitiesOnly=yes] }}
    tasks:
      - {{ name: there, run: \"echo ${{SSH_CONNECTION##* }} >> DIR/{{{{ host.name }}}}\" }}
  - name: wait
    hosts: h001
    tasks:
      - parallel:
          - {{ name: opens, wait_for: {{ port: {port} }}, timeout: 30s }}
          - {{ name: later, run: \"sleep 1; touch DIR/open\" }}
      - {{ name: opened, run: \"echo opened >> DIR/{{{{ host.name }}}}\" }}
",
        other.port(),
        other.folder().display(),
        other.folder().display()
    );
    let project = project(&playbook);
    project.file("hello.sh", "#!/bin/sh\necho hello from a script\n");
    let open = project.path("left").join("open");
    let listener = std::thread::spawn(move || {
        procs::wait_until(Duration::from_secs(60), || open.exists());
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.incoming().next().is_some_and(|stream| stream.is_ok())
    });
    let shown = run(&project, &lab).expect_code(0);
    assert!(listener.join().unwrap());
    let port = other.port().to_string();
    assert_eq!(lines(&project, 1), ["usual", port.as_str(), "opened"], "{}", shown.text());
    assert_eq!(lines(&project, 2), ["usual", port.as_str()]);
    let said = "SELECT DISTINCT text FROM outputs WHERE task = 'sent' AND stream = 'stdout'";
    assert_eq!(ask(&project.record(), said), ["hello from a script\n"]);
    assert_eq!((lab.connections(), other.connections()), (2, 2));
    replays(&project);
}

/// The log of a record alone gives all its tables back, row by row.
#[track_caller]
fn replays(project: &Project) {
    let record = project.record();
    let log = Store::open(&record, OpenMode::Read).unwrap();
    let events = log.events(1).unwrap();
    let RunEvent::RunStarted(header) = &events[0].kind else { panic!("{:?}", events[0]) };
    let again = project.path("again.db");
    let writer = Store::open(&again, OpenMode::Write).unwrap().writer(header).unwrap();
    let (done, answer) = std::sync::mpsc::channel();
    writer.append(events.clone(), Box::new(move |result| done.send(result).unwrap()));
    answer.recv().unwrap().unwrap();
    writer.finish().unwrap();
    let tables = ask(&record, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name");
    assert!(tables.len() > 15, "{tables:?}");
    for table in tables {
        let (rows, replayed) = (dump(&record, &table), dump(&again, &table));
        assert_eq!(rows, replayed, "{table}");
    }
}

fn dump(record: &Path, table: &str) -> Vec<String> {
    let record = rusqlite::Connection::open(record).unwrap();
    let mut statement = record.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let cells = statement.column_count();
    let rows =
        statement.query_map([], |row| (0..cells).map(|at| row.get_ref(at).map(|cell| format!("{cell:?}"))).collect::<Result<Vec<_>, _>>());
    let mut rows: Vec<String> = rows.unwrap().map(|row| row.unwrap().join("|")).collect();
    rows.sort_unstable();
    rows
}
