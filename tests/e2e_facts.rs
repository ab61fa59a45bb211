//! Facts, scripts and waiting, on this machine by its own lanes.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::Project;

fn said(program: &str, args: &[&str]) -> String {
    String::from_utf8(std::process::Command::new(program).args(args).output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn facts_are_gathered_once_where_a_template_mentions_them() {
    let project = Project::new();
    project.file(
        "site.yml",
        "rounds:\n  - name: one\n    hosts: localhost\n    vars: { kernel: \"{{ facts.kernel }}\" }\n    tasks:\n      - print: 'kernel {{ kernel }}'\n      - print: 'arch {{ facts.arch }}'\n        needs: []\n  - name: two\n    hosts: localhost\n    when: facts.cpus > 0\n    tasks:\n      - print: 'cpus {{ facts.cpus }}'\n",
    );
    let shown = project.run(&["run", "site.yml", "-v"]).expect_code(0);
    for line in [
        format!("kernel {}", said("uname", &["-r"])),
        format!("arch {}", said("uname", &["-m"])),
        format!("cpus {}", said("getconf", &["_NPROCESSORS_ONLN"])),
    ] {
        assert!(shown.both().contains(&line), "{line}\n{}", shown.text());
    }
    let plan = project.run(&["plan", "site.yml"]).expect_code(0);
    assert_eq!(plan.stdout.matches("facts kernel, arch, cpus").count(), 1, "{}", plan.text());
    assert!(plan.stdout.contains("‹after one/"), "{}", plan.text());
}

#[test]
fn a_condition_of_a_round_needs_facts_of_a_round_before() {
    let project = Project::new();
    let round = "hosts: localhost, when: facts.os.id == 'debian', tasks: [{ print: a }]";
    project.file("early.yml", format!("rounds:\n  - {{ name: one, {round} }}\n"));
    let shown = project.run(&["check", "early.yml"]).expect_code(3);
    assert!(shown.both().contains("no facts are known when the round is asked for"), "{}", shown.text());
    project
        .file("late.yml", format!("rounds:\n  - {{ name: zero, hosts: localhost, tasks: [facts: os] }}\n  - {{ name: one, {round} }}\n"));
    project.ok(&["check", "late.yml"]);
    project.file("wrong.yml", "rounds: [{ hosts: localhost, tasks: [print: '{{ facts.kernal }} {{ facts.os.nme }}'] }]\n");
    let shown = project.run(&["check", "wrong.yml"]).expect_code(3);
    for hint in ["`kernel`", "`name`"] {
        assert!(shown.both().contains(hint), "{}", shown.text());
    }
}

#[test]
fn files_of_variables_stand_between_the_playbook_and_the_inventory() {
    let project = Project::new();
    project.file("vars/one.yml", "b: one\nc: one\nd: one\nunread: 1\n");
    project.file("vars/two.yml", "c: two\nd: two\n");
    project.file("hosts.yml", "hosts: { h: { connect: { transport: local } } }\nvars: { d: inventory }\n");
    project.file(
        "site.yml",
        "vars: { a: own, b: own, c: own, d: own }\nvars_files: [vars/one.yml, vars/two.yml]\nrounds:\n  - hosts: h\n    tasks: [print: '{{ a }} {{ b }} {{ c }} {{ d }}']\n",
    );
    let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]).expect_code(0);
    assert!(shown.both().contains("own one two inventory"), "{}", shown.text());
    assert!(!shown.both().contains("warning"), "{}", shown.text());
    project.file("vars/two.yml", "c: '{{ nosuch }}'\nhost: 1\n");
    let shown = project.run(&["check", "site.yml", "-i", "hosts.yml"]).expect_code(3);
    assert!(shown.both().contains("vars/two.yml:2:1") && shown.both().contains("vars/two.yml:1:"), "{}", shown.text());
    project.file("site.yml", "vars_files: [vars/three.yml, '{{ x }}']\nrounds: [{ hosts: localhost, tasks: [print: a] }]\n");
    let shown = project.run(&["check", "site.yml"]).expect_code(3);
    assert!(shown.both().contains("three.yml") && shown.both().contains("can't be a template"), "{}", shown.text());
}

#[test]
fn a_script_is_sent_run_and_removed() {
    let project = Project::new();
    project.file("tool.pl", "#!/usr/bin/env perl\nprint \"args: @ARGV\\n\"; print STDERR \"$0\\n\"; exit 3 if $ARGV[0] eq 'bad';\n");
    // Larger than what travels within a request, and with input of its own.
    project.file("large.sh", format!("# {}\ncat\n", "x".repeat(90_000)));
    project.file(
        "site.yml",
        "rounds:\n  - hosts: localhost\n    tasks:\n      - name: good\n        script: { src: tool.pl, args: [\"{{ 'a b' }}\", c] }\n      - name: large\n        script: large.sh\n        stdin: it reads this\n      - name: empty\n        script: large.sh\n      - name: told\n        print: 'good {{ tasks.good.stdout }} at {{ tasks.good.stderr }}; large {{ tasks.large.stdout }}'\n      - name: bad\n        script: { src: tool.pl, args: [bad] }\n",
    );
    let shown = project.run(&["run", "site.yml", "-v"]).expect_code(4);
    assert!(shown.both().contains("good args: a b c at "), "{}", shown.text());
    assert!(shown.both().contains("large it reads this"), "{}", shown.text());
    assert!(shown.both().contains("exit code 3"), "{}", shown.text());
    let path = shown.both().lines().find_map(|line| line.split(" at ").nth(1)?.split('\n').next().map(str::to_owned)).unwrap();
    let path = path.split(';').next().unwrap().trim().to_owned();
    assert!(path.ends_with("/tool.pl") && !std::path::Path::new(&path).exists(), "{path}");
}

#[test]
fn waiting_ends_with_what_was_seen_last() {
    let project = Project::new();
    let path = project.path("comes");
    project.file(
        "site.yml",
        "rounds:\n  - hosts: localhost\n    tasks:\n      - wait_for: { path: \"{{ path }}\", interval: 200ms }\n        timeout: 20s\n      - wait_for: { command: 'echo still busy; false', interval: 200ms }\n        timeout: 2s\nvars: { path: unset }\n",
    );
    let since = Instant::now();
    let (file, waiting) = (path.clone(), std::thread::spawn(|| std::thread::sleep(Duration::from_secs(1))));
    let late = std::thread::spawn(move || {
        waiting.join().unwrap();
        std::fs::write(file, "").unwrap();
    });
    let shown = project.run(&["run", "site.yml", "-e", &format!("path={}", path.display())]).expect_code(4);
    late.join().unwrap();
    assert!(since.elapsed() > Duration::from_secs(3));
    assert!(shown.both().contains("timed out after 2s; last seen: the command exits 1: still busy"), "{}", shown.text());
}
