//! Dry runs: what they say of each step, and what they keep to themselves.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::{Project, procs};
use rustix::process::Signal;

/// A project with one playbook on this machine, in which `DIR` is a folder with a file `old`.
fn project(tasks: &str) -> Project {
    let project = Project::new();
    std::fs::create_dir(project.path("there")).unwrap();
    project.file("there/old", "word=before\n");
    let tasks = tasks.replace("DIR", &project.path("there").display().to_string());
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: localhost\n    tasks:\n{tasks}"));
    project
}

#[test]
fn what_is_sensitive_is_not_in_the_differences() {
    let project = project("      - { name: put, copy: { src: wanted, dest: DIR/old }, sensitive: true }\n");
    project.file("wanted", "word=after\n");
    for format in ["text", "json"] {
        let shown = project.ok(&["plan", "site.yml", "--probe", "--diff", "--format", format]);
        assert!(shown.stdout.contains("change"), "{}", shown.text());
        assert!(!shown.stdout.contains("word="), "{}", shown.text());
    }
    let shown = project.ok(&["run", "site.yml", "--check", "--format", "jsonl"]);
    assert!(!shown.stdout.contains("word="), "{}", shown.text());
}

#[test]
fn a_block_is_tried_once() {
    let tasks = "      - name: tried\n        retries: 3\n        delay: 10m\n        block:\n          - copy: { content: x, dest: DIR/none/file }\n";
    let project = project(tasks);
    let began = Instant::now();
    project.run(&["plan", "site.yml", "--probe"]).expect_code(4);
    assert!(began.elapsed() < Duration::from_secs(60), "it waited for another try");
}

#[test]
fn a_block_with_items_is_foretold_over_all_its_passes() {
    let tasks = "      - name: filled
        each: [new, old]
        block:
          - { name: put, copy: { content: \"word=before\\n\", dest: \"DIR/{{ item }}\" } }
          - { name: follow, run: \"true\", when: tasks.put.changed }
      - { name: last, print: x, when: not tasks.put.changed }
      - { name: all, print: x, when: tasks.filled.changed }
";
    let project = project(tasks);
    let shown = project.ok(&["plan", "site.yml", "--probe", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let tasks = plan["rounds"][0]["tasks"].as_array().unwrap();
    let answers: Vec<&str> = tasks.iter().map(|task| task["forecasts"][0]["answer"].as_str().unwrap()).collect();
    // What the second pass finds hangs on the command of the first.
    assert_eq!(answers, ["changes", "runs", "unknown", "reads"], "{}", shown.text());
}

/// A task on a host, its answer, and the status of the step and whether it was executed.
type Told = (String, String, Option<(String, bool)>);

/// What each task of a playbook is answered with, and what a run then makes of it.
fn answered_and_done(playbook: &str) -> Vec<Told> {
    let project = Project::new();
    let folder = project.path("d");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("f"), "hello").unwrap();
    project.file("here", "stale");
    project.file("hosts.yml", "connect: { transport: local }\nhosts: { a: {}, b: {}, c: {} }\n");
    let playbook = playbook.replace("DIR", folder.to_str().unwrap()).replace("HERE", project.path(".").to_str().unwrap());
    project.file("site.yml", playbook);
    let planned = project.run(&["plan", "site.yml", "-i", "hosts.yml", "--probe", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&planned.stdout).unwrap_or_else(|_| panic!("{}", planned.text()));
    project.run(&["run", "site.yml", "-i", "hosts.yml"]);
    let record = rusqlite::Connection::open(project.record()).unwrap();
    let mut told = Vec::new();
    for round in plan["rounds"].as_array().unwrap() {
        for task in round["tasks"].as_array().unwrap() {
            for forecast in task["forecasts"].as_array().into_iter().flatten() {
                for host in forecast["hosts"].as_array().unwrap() {
                    let name = task["id"].as_str().unwrap_or_else(|| task["name"].as_str().unwrap());
                    let sql = "SELECT status, attempts > 0 FROM steps WHERE round = ?1 AND task = ?2 AND host = ?3";
                    let keys = (round["id"].as_str().unwrap(), name, host.as_str().unwrap());
                    let done = record.query_row(sql, keys, |row| Ok((row.get(0)?, row.get(1)?))).ok();
                    told.push((format!("{} on {}", keys.1, keys.2), forecast["answer"].as_str().unwrap().to_owned(), done));
                }
            }
        }
    }
    told
}

#[test]
fn every_answer_is_what_a_run_then_does() {
    let one = |tasks: &str| format!("rounds:\n  - name: q\n    hosts: a\n    tasks:\n{tasks}");
    let playbooks = [
        // What a task itself says of its change and its failure.
        one("      - { name: same, copy: { content: hello, dest: DIR/f }, changed: true, notify: h }\n    handlers: [{ name: h, run: 'true' }]\n"),
        one("      - { name: same, copy: { content: hello, dest: DIR/f }, changed: result.rc == 0 }\n"),
        one("      - { name: same, copy: { content: hello, dest: DIR/f }, failed: not result.changed }\n"),
        one("      - { name: allowed, copy: { content: a, dest: DIR/no/f }, failed: false }\n      - { name: next, run: 'true' }\n"),
        one("      - { name: made, copy: { content: hello, dest: DIR/g } }\n      - { name: rd, read: DIR/g, changed: result.stdout == 'hello', notify: h }\n      - { name: then, run: 'true', when: tasks.rd.changed }\n    handlers: [{ name: h, run: 'true' }]\n"),
        // A folder that is missing, and one that is made.
        one("      - { name: nowhere, run: 'true', cwd: DIR/no, allow_failure: true }\n      - { name: made, directory: DIR/new }\n      - { name: there, run: 'true', cwd: DIR/new }\n"),
        // The results of what fails.
        one("      - { name: c, copy: { content: a, dest: DIR/no/f }, allow_failure: true }\n      - { name: k, run: 'true', when: tasks.c.rc == 0 }\n      - { name: e, run: 'true', when: tasks.c.stderr | length > 0 }\n"),
        one("      - { name: c, copy: { content: a, dest: 'DIR/{{ item }}' }, each: [x, no/x], allow_failure: true }\n      - { name: k, run: 'true', when: tasks.c.status == 'failed' }\n      - { name: l, run: 'true', when: tasks.c.changed }\n"),
        one("      - name: blk\n        block: [{ name: c, copy: { content: a, dest: DIR/x } }, { name: no, fail: no }]\n        rescue: [{ name: r, print: r }]\n      - { name: k, run: 'true', when: tasks.blk.status == 'ok' }\n"),
        // Passes of a block hang on each other, and what several hosts do elsewhere.
        one("      - name: blk\n        each: [1, 2]\n        block: [{ name: a, run: touch DIR/ran, removes: DIR/new }, { name: b, file: DIR/new }]\n"),
        "rounds: [{ name: q, hosts: [a, b], batch: 1, tasks: [{ name: t, run: touch DIR/x, 'on': c, creates: DIR/x }] }]\n".to_owned(),
        // Local files, and folders that are looked at.
        one("      - { name: f, fetch: { src: DIR/f, dest: here } }\n      - { name: c, copy: { src: here, dest: DIR/g } }\n"),
        one("      - { name: s0, stat: DIR }\n      - { name: c, copy: { content: a, dest: DIR/x } }\n      - { name: s, stat: DIR }\n      - { name: k, run: 'true', when: tasks.s.outputs == tasks.s0.outputs }\n"),
        // `finally` runs where something began.
        "rounds:\n  - { name: p, hosts: a, tasks: [{ name: w, run: echo no > DIR/f }, { name: s, read: DIR/f }] }\n  - { name: q, hosts: a, tasks: [{ name: t, run: 'true', when: rounds.p.tasks.s.stdout == 'yes' }], finally: [{ name: e, run: touch DIR/e }] }\n".to_owned(),
        // What is known to be false needs nothing else.
        one("      - { name: w, run: echo x }\n      - name: blk\n        when: tasks.w.stdout == 'x'\n        block: [{ name: never, run: 'true', when: 1 == 2 }]\n"),
    ];
    for playbook in &playbooks {
        for (what, answer, done) in answered_and_done(playbook) {
            let done = done.as_ref().map(|(status, executed)| (status.as_str(), *executed));
            let fits = match (answer.as_str(), done) {
                ("unknown", _) | ("nothing", None | Some(("skipped" | "ok", _))) => true,
                ("reads", Some(("ok" | "changed", true))) | ("runs" | "changes", Some(("changed" | "ok", true))) => true,
                ("fails", Some((status, _))) => status == "failed",
                ("blocked", Some((status, _))) => status == "skipped",
                _ => false,
            };
            assert!(fits, "{what}: {answer}, and then {done:?}\n{playbook}");
        }
    }
    // Unknown is no way out.
    let unknown = |playbook: &str| {
        answered_and_done(playbook).into_iter().filter(|(_, answer, _)| answer == "unknown").map(|(what, ..)| what).collect::<Vec<_>>()
    };
    let told: Vec<Vec<String>> = playbooks.iter().map(|playbook| unknown(playbook)).collect();
    let expected: [&[&str]; 15] = [
        &[],
        &[],
        &[],
        &[],
        &["then on a", "h on a"],
        &[],
        &[],
        &[],
        &[],
        &["a on a"],
        &["t on b"],
        &["c on a"],
        &["k on a"],
        &["t on a", "e on a"],
        &[],
    ];
    assert_eq!(told, expected.map(|list| list.iter().map(|what| (*what).to_owned()).collect::<Vec<_>>()));
}

/// What a plan says of the first round's tasks on its first host.
fn forecasts(shown: &common::cli::Shown) -> Vec<serde_json::Value> {
    let plan: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown.text()));
    forecasts_of(&plan["rounds"][0])
}

fn forecasts_of(round: &serde_json::Value) -> Vec<serde_json::Value> {
    round["tasks"].as_array().unwrap().iter().map(|task| task["forecasts"][0].clone()).collect()
}

#[test]
fn a_guard_that_takes_too_long_is_named() {
    let project = project("      - { name: stuck, run: \"true\", unless: sleep 200, timeout: 1s }\n");
    let words = "its guard `unless sleep 200` took longer than 1s";
    let shown = project.run(&["plan", "site.yml", "--probe", "--format", "json"]).expect_code(4);
    assert_eq!((&forecasts(&shown)[0]["answer"], &forecasts(&shown)[0]["reason"]), (&"fails".into(), &words.into()), "{}", shown.text());
    let shown = project.run(&["run", "site.yml"]).expect_code(4);
    assert!(shown.text().contains(words), "{}", shown.text());
}

#[test]
fn a_guard_that_kills_its_lane_holds_nothing_up() {
    let project = project("      - { name: killer, run: \"true\", unless: \"kill -9 $$\" }\n");
    for args in [&["run", "site.yml"][..], &["plan", "site.yml", "--probe"]] {
        let shown = project.spawn(args).wait(Duration::from_secs(20)).expect_code(4);
        assert!(shown.text().contains("its shell ended with it"), "{}", shown.text());
    }
}

#[test]
fn a_round_that_never_begins_is_blocked() {
    let project = Project::new();
    let second = "hosts: localhost, tasks: [{ name: t, run: 'true', notify: h }], handlers: [{ name: h, run: 'true' }], finally: [{ name: e, run: 'true' }]";
    for (after, words) in [("all", "did not end well on every host"), ("some", "ended well on no host")] {
        project.file(
            "site.yml",
            format!(
                "rounds:\n  - {{ name: one, hosts: localhost, tasks: [{{ fail: no }}] }}\n  - {{ name: two, after: {after}, {second} }}\n"
            ),
        );
        let shown = project.run(&["plan", "site.yml", "--probe", "--format", "json"]).expect_code(4);
        let plan: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
        let told = forecasts_of(&plan["rounds"][1]);
        assert_eq!(told.len(), 3, "{}", shown.text());
        for forecast in told {
            assert_eq!(forecast["answer"], "blocked", "{}", shown.text());
            assert!(forecast["reason"].as_str().unwrap().contains(words), "{}", shown.text());
        }
        assert_eq!(plan["probed"]["answers"]["blocked"], 3, "{}", shown.text());
    }
}

#[test]
fn a_handler_is_foretold_over_all_its_turns() {
    let project = project(
        "      - { name: a, run: echo x, notify: h }
      - { name: between, flush: handlers }
      - { name: b, run: 'true', when: tasks.a.stdout == 'x', notify: h }
    handlers:
      - { name: h, run: 'true' }
",
    );
    let shown = project.ok(&["plan", "site.yml", "--probe", "--format", "json"]);
    let told: Vec<serde_json::Value> = forecasts(&shown).iter().map(|forecast| forecast["answer"].clone()).collect();
    assert_eq!(told[2..], ["unknown", "runs"], "{}", shown.text());
}

#[test]
fn what_was_interrupted_has_no_answer() {
    let long = format!("1000.{}77", std::process::id());
    let sleep = format!("sleep {long}");
    let project = project(&format!(
        "      - {{ name: answered, copy: {{ content: \"word=before\\n\", dest: DIR/old }} }}
      - {{ name: items, each: ['0', '{long}'], run: 'true', unless: 'sleep {{{{ item }}}}' }}
      - {{ name: next, run: 'true', creates: DIR/old, notify: h }}
    handlers:
      - {{ name: h, run: 'true' }}
    finally:
      - {{ name: e, run: 'true', creates: DIR/old }}
"
    ));
    let running = project.spawn(&["plan", "site.yml", "--probe", "--format", "json"]);
    let asleep = procs::wait_until(Duration::from_secs(20), || !procs::matching(&sleep).is_empty());
    assert!(asleep, "{}", running.so_far());
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::INT);
    let shown = running.wait(Duration::from_secs(20)).expect_code(130);
    let told = forecasts(&shown);
    assert_eq!(told[0]["answer"], "nothing", "{}", shown.text());
    for forecast in &told[1..] {
        assert_eq!(forecast["answer"], "blocked", "{}", shown.text());
        assert!(forecast["reason"].as_str().unwrap().contains("the run was interrupted"), "{}", shown.text());
    }
    assert_eq!(procs::wait_gone(&sleep, Duration::from_secs(10)), []);
}

#[test]
fn a_local_file_that_is_sent_must_be_there() {
    let one = |tasks: &str| {
        format!("rounds:\n  - name: q\n    hosts: a\n    tasks:\n      - {{ name: k, run: echo no, read_only: true }}\n{tasks}")
    };
    let no = "'{{ tasks.k.stdout }}.sh'";
    let playbooks = [
        (one(&format!("      - {{ name: s, script: {no} }}\n")), "fails"),
        (one(&format!("      - {{ name: s, script: {no}, read_only: true }}\n")), "fails"),
        (one(&format!("      - {{ name: s, copy: {{ src: {no}, dest: DIR/new }} }}\n")), "fails"),
        (one(&format!("      - {{ name: s, unarchive: {{ src: {no}, dest: DIR }} }}\n")), "fails"),
        // Its guards come before it is read, where it goes by itself.
        (one(&format!("      - {{ name: s, unarchive: {{ src: {no}, dest: DIR }}, creates: DIR/f }}\n")), "nothing"),
        (one(&format!("      - {{ name: s, unarchive: {{ src: {no}, dest: DIR }}, creates: DIR/no }}\n")), "fails"),
        (one("      - { name: s, script: '{{ tasks.k.stdout }}where' }\n"), "fails"),
        (one("      - { name: s, script: '{{ tasks.k.stdout | replace(\"no\", \"here\") }}', failed: false }\n"), "runs"),
        // Something before it makes it on this machine.
        (
            one(&format!(
                "      - {{ name: f, fetch: {{ src: DIR/f, dest: no.sh }} }}\n      - {{ name: s, script: {no}, failed: false }}\n"
            )),
            "unknown",
        ),
        (one(&format!("      - {{ name: f, run: echo true > HERE/no.sh }}\n      - {{ name: s, script: {no} }}\n")), "unknown"),
        (
            one(&format!("      - {{ name: f, file: HERE/no.sh }}\n      - {{ name: s, copy: {{ src: {no}, dest: DIR/new }} }}\n")),
            "unknown",
        ),
        (one(&format!("      - {{ name: f, file: HERE/other.sh }}\n      - {{ name: s, script: {no} }}\n")), "fails"),
    ];
    for (playbook, expected) in &playbooks {
        let told = answered_and_done(playbook);
        let (what, answer, done) = told.last().unwrap();
        assert_eq!((what.as_str(), answer.as_str()), ("s on a", *expected), "{playbook}");
        let done = done.as_ref().unwrap().0.as_str();
        let fits = match *expected {
            "fails" => done == "failed",
            "nothing" => done == "skipped",
            "runs" => done == "changed",
            _ => true,
        };
        assert!(fits, "{expected}, and then {done}\n{playbook}");
    }
}
